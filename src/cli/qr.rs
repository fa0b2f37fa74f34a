//! A QR code for a terminal: two modules in each character, by half blocks, dark on light whatever the terminal's colours.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of empty border that scanners want.
const QUIET: i32 = 2;

/// Black on white, whatever the terminal's theme.
const COLOURS: &str = "\u{1b}[30;107m";
const PLAIN: &str = "\u{1b}[0m";

/// The lines of the code; `None` if the text is too long for one.
pub(crate) fn lines(text: &str, coloured: bool) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = i32::try_from(code.width()).ok()?;
    let dark = |x: i32, y: i32| {
        (0..width).contains(&x)
            && (0..width).contains(&y)
            && code[(usize::try_from(x).unwrap_or(0), usize::try_from(y).unwrap_or(0))] == Color::Dark
    };
    let row = |y: i32| {
        let blocks: String = (-QUIET..width + QUIET).map(|x| block(dark(x, y), dark(x, y + 1), coloured)).collect();
        if coloured { format!("{COLOURS}{blocks}{PLAIN}") } else { blocks }
    };
    Some((-QUIET..width + QUIET).step_by(2).map(row).collect())
}

/// Without colours light is what is drawn: most terminals are dark.
fn block(upper: bool, lower: bool, coloured: bool) -> char {
    match (upper == coloured, lower == coloured) {
        (true, true) => '\u{2588}',
        (true, false) => '\u{2580}',
        (false, true) => '\u{2584}',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::lines;

    #[test]
    fn a_code_is_as_wide_as_twice_its_lines() {
        let lines = lines("otpauth://totp/x:alice?secret=JBSWY3DPEHPK3PXP&issuer=x", false).unwrap();
        let width = lines.first().unwrap().chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(super::lines(&"x".repeat(10_000), true).is_none());
    }
}
