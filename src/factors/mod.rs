//! The pure rules of each factor: secrets, codes and the present moment come in, a verdict goes out.
//! No I/O, no clock, no LDAP, no randomness; what a verdict means to a client is decided in `handlers`.

pub mod account;
pub mod appended;
pub mod hotp;
pub mod lockout;
pub mod login_history;
pub mod one_time_password;
pub mod password;
pub mod rate;
pub mod record;
pub mod recovery;
pub mod retired_password;
pub mod totp;
pub mod yubikey;

#[cfg(test)]
mod tests;
