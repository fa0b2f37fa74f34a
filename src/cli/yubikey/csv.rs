//! The files in which the programs that write YubiKeys note the keys they wrote. No message about such a file shows a key.
//!
//! ```text
//! Yubico, ykman, ykksm      serial,public ID,private ID,AES key,access code,date,
//! personalization tool's    Yubico OTP,date,slot,public ID,private ID,AES key,access code,new access code,flags...
//! own log                   the date may hold commas; other lines are of other modes
//! ```

use std::fmt;

use zeroize::Zeroizing;

use crate::factors::yubikey::{Key, KeyError, public_id};

/// One key of a file.
#[derive(Clone)]
pub(super) struct Row {
    /// The line, from 1.
    pub(super) line: usize,
    /// The number on the device, where the file has it.
    pub(super) serial: Option<String>,
    /// Its public ID in lower case.
    pub(super) public_id: String,
    /// AES key and private ID as the server takes them.
    pub(super) key: Zeroizing<String>,
}

/// What a file holds.
pub(super) struct Rows {
    /// Its keys; of those that were written more than once the last.
    pub(super) keys: Vec<Row>,
    /// How many lines are about other modes of a device: static passwords, HOTP, challenge-response.
    pub(super) other_modes: usize,
}

/// What is wrong with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    line: usize,
    problem: Problem,
}

#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Form,
    PublicId,
    Key(KeyError),
}

/// The keys in the text of a file.
pub(super) fn read(text: &str) -> Result<Rows, BadLine> {
    let mut rows = Rows { keys: Vec::new(), other_modes: 0 };
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line_number = index + 1;
        let fields: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let row = match fields.as_slice() {
            [first, ..] if first.is_empty() && fields.iter().all(|field| field.is_empty()) => continue,
            [first, ..] if first.starts_with('#') || *first == "LOGGING START" => continue,
            ["Yubico OTP", rest @ ..] => logged(rest),
            [first, ..] if is_event(first) => {
                rows.other_modes += 1;
                continue;
            }
            [serial, public_id, private_id, aes, ..] => row(Some(serial), public_id, private_id, aes),
            _ => Err(Problem::Form),
        };
        let row = row.map_err(|problem| BadLine { line: line_number, problem })?;
        rows.keys.retain(|earlier| earlier.public_id != row.public_id);
        rows.keys.push(Row { line: line_number, ..row });
    }
    Ok(rows)
}

/// The personalization tool names the mode first, in words; the other form begins with a serial number, or with `None`.
fn is_event(first: &str) -> bool {
    first != "None" && first.starts_with(|letter: char| letter.is_alphabetic()) && first.contains([' ', '-'])
}

/// A line of the log after its first word: the slot, a digit, stands before the public ID.
fn logged(rest: &[&str]) -> Result<Row, Problem> {
    let is_slot = |window: &[&str]| matches!(window, ["1" | "2", _, private_id, _] if private_id.len() >= 12);
    match rest.windows(4).find(|window| is_slot(window)) {
        Some([_, public_id, private_id, aes]) => row(None, public_id, private_id, aes),
        _ => Err(Problem::Form),
    }
}

fn row(serial: Option<&str>, id: &str, private_id: &str, aes: &str) -> Result<Row, Problem> {
    let public_id = public_id(&id.replace(' ', "")).ok_or(Problem::PublicId)?;
    Key::from_hex(aes, private_id).map_err(Problem::Key)?;
    let digits = |text: &str| text.chars().filter(|digit| !digit.is_whitespace()).collect::<String>();
    let (aes, private_id) = (Zeroizing::new(digits(aes)), Zeroizing::new(digits(private_id)));
    let serial = serial.filter(|serial| !serial.is_empty() && serial.bytes().all(|digit| digit.is_ascii_digit()));
    let key = Zeroizing::new(format!("{} {}", *aes, *private_id));
    Ok(Row { line: 0, serial: serial.map(str::to_owned), public_id, key })
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            Problem::Form => f.write_str(
                "neither \"serial,public ID,private ID,AES key,...\" nor a line of the personalization tool's log",
            ),
            Problem::PublicId => f.write_str("the public ID is not 1 to 16 modhex characters"),
            Problem::Key(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BadLine {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    const AES: &str = "ecde18dbe76fbd0c33330f1c354871db";
    const PRIVATE: &str = "8792ebfe26cc";

    fn keys(text: &str) -> Vec<(String, Option<String>, String)> {
        let rows = read(text).unwrap();
        rows.keys.into_iter().map(|row| (row.public_id, row.serial, row.key.to_string())).collect()
    }

    fn key(id: &str, serial: Option<&str>) -> (String, Option<String>, String) {
        (id.to_owned(), serial.map(str::to_owned), format!("{AES} {PRIVATE}"))
    }

    #[test]
    fn the_form_of_yubico_and_ykman_is_read() {
        let text = format!(
            "# ykksm 1\n4711,vvccccbbcdef,{PRIVATE},{AES},000000000000,2026-11-22T12:00:00,\r\n\n\
             None,VVCCCCBBCDEG,{},{},,2026-11-22T12:00:00,\n",
            PRIVATE.to_uppercase(),
            AES.to_uppercase()
        );
        let read = keys(&text);
        assert_eq!(read[0], key("vvccccbbcdef", Some("4711")));
        assert_eq!((read[1].0.as_str(), read[1].1.as_deref()), ("vvccccbbcdeg", None));
        assert_eq!(read[1].2.to_lowercase(), key("", None).2);
    }

    #[test]
    fn the_log_of_the_personalization_tool_is_read_whatever_its_dates() {
        let rest = "000000000000,000000000000,0,0,0,0,0,0,0,0,0,0";
        let text = format!(
            "LOGGING START,11/22/26 12:00 PM\nYubico OTP,11/22/26 12:00 PM,1,vvccccbbcdef,{PRIVATE},{AES},{rest}\n\
             Yubico OTP,Nov 22, 2026, 12:01,2,vvccccbbcdeg,{PRIVATE},{AES},{rest}\n\
             Static Password: Short,11/22/26 12:00 PM,2,,,{AES},{rest}\nOATH-HOTP,11/22/26,1,cccc,,{AES},{rest}\n\
             Challenge-Response: HMAC-SHA1,11/22/26 12:00 PM,2,,,{AES}{AES},{rest}\n"
        );
        let rows = read(&text).unwrap();
        assert_eq!(rows.other_modes, 3);
        assert_eq!(
            rows.keys.iter().map(|row| row.public_id.as_str()).collect::<Vec<_>>(),
            ["vvccccbbcdef", "vvccccbbcdeg"]
        );
        assert_eq!(rows.keys.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
    }

    #[test]
    fn a_device_that_was_written_again_has_its_last_key() {
        let other = "00112233445566778899aabbccddeeff";
        let text = format!("1,vvcc,{PRIVATE},{other},,,\n1,VVCC,{PRIVATE},{AES},,,\n");
        assert_eq!(keys(&text), [key("vvcc", Some("1"))]);
    }

    #[test]
    fn a_bad_line_is_named_and_no_key_is_shown() {
        let good = format!("1,vvcc,{PRIVATE},{AES},,,\n");
        for (line, problem) in [
            (format!("1,aaaa,{PRIVATE},{AES},,,"), "public ID"),
            (format!("1,,{PRIVATE},{AES},,,"), "public ID"),
            (format!("1,vvcc,{PRIVATE}0,{AES},,,"), "private ID"),
            (format!("1,vvcc,{PRIVATE},{AES}00,,,"), "AES key"),
            (format!("1,vvcc,{AES}"), "neither"),
            (format!("Yubico OTP,today,3,vvcc,{PRIVATE},{AES}"), "neither"),
            (AES.to_owned(), "neither"),
        ] {
            let refused = read(&format!("{good}{line}\n")).err().unwrap().to_string();
            assert!(refused.starts_with("line 2: ") && refused.contains(problem), "{line}: {refused}");
            assert!(!refused.contains(&AES[..8]) && !refused.contains(&PRIVATE[..6]), "{refused}");
        }
    }
}
