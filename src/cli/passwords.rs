//! Passwords come from a prompt, a file or standard input; never from an argument, which everybody on the machine can read.

use std::{
    ffi::OsString,
    io::{IsTerminal, Read},
    path::Path,
};

use zeroize::Zeroizing;

use super::answer::Failure;
use crate::config::{SecretText, section::read_secret};

/// Refuses arguments that look like a password on the command line.
pub(crate) fn refuse_on_command_line(arguments: &[OsString]) -> Result<(), Failure> {
    let is_password = |argument: &OsString| {
        let text = argument.to_string_lossy().to_ascii_lowercase();
        let name = text.split('=').next().unwrap_or_default();
        let asks = [
            "--password",
            "--bind-password",
            "--root-password",
            "--new-password",
            "--passwd",
            "--pass",
            "--pin",
            "--secret",
        ];
        asks.contains(&name) || text.starts_with("-w")
    };
    match arguments.iter().skip(1).take_while(|argument| *argument != "--").find(|argument| is_password(argument)) {
        None => Ok(()),
        Some(_) => Err(Failure::usage(
            "a password is never an argument: every user of this machine can read arguments. Leave it out to be asked, \
             name a file with --password-file FILE, or write it to standard input with --password-file -",
        )),
    }
}

/// A new password: from the file (`-` is standard input), else asked for twice.
pub(crate) fn new_password(file: Option<&Path>, whose: &str) -> Result<SecretText, Failure> {
    if let Some(file) = file {
        return from_file(file);
    }
    let first = ask(&format!("New password of {whose}: "))?;
    if ask("The same again: ")? != first {
        return Err(Failure::refused("the two passwords differ; nothing was changed"));
    }
    Ok(first)
}

/// A known password: from the file (`-` is standard input), else asked for.
pub(crate) fn known_password(file: Option<&Path>, whose: &str) -> Result<SecretText, Failure> {
    match file {
        Some(file) => from_file(file),
        None => ask(&format!("Password of {whose}: ")),
    }
}

/// The first line of a file, or of standard input for `-`.
pub(crate) fn from_file(file: &Path) -> Result<SecretText, Failure> {
    if file != Path::new("-") {
        return read_secret(file).map_err(|error| Failure::refused(format!("{}: {error}", file.display())));
    }
    let mut content = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut content)?;
    match content.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretText::new(line.to_owned())),
        _ => Err(Failure::refused("standard input has no password on its first line")),
    }
}

/// Asks on the terminal, without showing what is typed.
pub(crate) fn ask(question: &str) -> Result<SecretText, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "a password is needed and there is no terminal to ask on: name a file with --password-file FILE, or write the \
             password to standard input with --password-file -",
        ));
    }
    let typed = rpassword::prompt_password(question)?;
    if typed.is_empty() {
        return Err(Failure::refused("the password is empty; nothing was changed"));
    }
    Ok(SecretText::new(typed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_password_as_an_argument_is_refused_and_a_file_is_not() {
        let refused =
            |text: &str| refuse_on_command_line(&text.split(' ').map(OsString::from).collect::<Vec<_>>()).is_err();
        assert!(refused("countersign user password alice --password hunter2"));
        assert!(refused("countersign user password alice --password=hunter2"));
        assert!(refused("countersign user password alice -w hunter2"));
        assert!(!refused("countersign user password alice --password-file secret"));
        assert!(!refused("countersign user password alice"));
    }
}
