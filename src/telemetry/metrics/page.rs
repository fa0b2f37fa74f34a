//! Prometheus' text format (exposition 0.0.4), as far as it is needed here. What stands on the page is for others to say.

use std::fmt::{Display, Write};

use crate::histogram::Distribution;

/// A page that grows family by family.
#[derive(Debug, Default)]
pub struct Page(String);

/// The media type of a page.
pub const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

const MICROSECONDS_PER_SECOND: f64 = 1e6;

impl Page {
    /// Begins a family: `kind` is `counter`, `gauge` or `histogram`.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// One value of the family that was begun last.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            self.0.push(if place == 0 { '{' } else { ',' });
            self.0.push_str(label);
            self.0.push_str("=\"");
            for letter in text.chars() {
                match letter {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    letter => self.0.push(letter),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        self.line(format_args!("{end} {value}"));
    }

    /// A family of one count.
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// A family of one value that rises and falls.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A histogram of times that were counted in microseconds.
    pub fn seconds(&mut self, name: &str, help: &str, seen: &Distribution) {
        #[expect(clippy::cast_precision_loss, reason = "53 bits of microseconds are 285 years")]
        self.histogram(name, help, seen, |micros| micros as f64 / MICROSECONDS_PER_SECOND);
    }

    /// A histogram of numbers.
    pub fn numbers(&mut self, name: &str, help: &str, seen: &Distribution) {
        self.histogram(name, help, seen, |number| number);
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.0
    }

    fn histogram<V: Display>(&mut self, name: &str, help: &str, seen: &Distribution, unit: impl Fn(u64) -> V) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        for (bound, count) in seen.bounds.iter().zip(&seen.counts) {
            so_far += count;
            self.sample(&bucket, &[("le", &unit(*bound).to_string())], so_far);
        }
        self.sample(&bucket, &[("le", "+Inf")], seen.total());
        self.sample(&format!("{name}_sum"), &[], unit(seen.sum));
        self.sample(&format!("{name}_count"), &[], seen.total());
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    #[test]
    fn a_label_cannot_break_out_of_its_place() {
        let mut page = Page::default();
        page.sample("x_total", &[("name", "a\"} 9\nb\\")], 1);
        assert_eq!(page.into_text(), "x_total{name=\"a\\\"} 9\\nb\\\\\"} 1\n");
    }

    #[test]
    fn a_histogram_counts_upwards_in_seconds() {
        let histogram = Histogram::new(&[100, 2_500_000]);
        for micros in [50, 100, 1_000_000, 3_000_000] {
            histogram.observe(micros);
        }
        let mut page = Page::default();
        page.seconds("t_seconds", "Time.", &histogram.so_far());
        assert_eq!(
            page.into_text(),
            "# HELP t_seconds Time.\n# TYPE t_seconds histogram\nt_seconds_bucket{le=\"0.0001\"} 2\n\
             t_seconds_bucket{le=\"2.5\"} 3\nt_seconds_bucket{le=\"+Inf\"} 4\nt_seconds_sum 4.00015\nt_seconds_count 4\n"
        );
    }
}
