//! How passwords are hashed: by which scheme, and where. The pool of threads is `hashing/pool.rs`; what a hash means is
//! `factors::password` and `bind`.

mod pool;

use countersign_proto::result_code::ResultCode;
use zeroize::Zeroizing;

pub use self::pool::Hashing;
use crate::{
    config::{Config, PasswordScheme},
    error::{Error, Result},
    factors::password::{MAX_LENGTH, Scheme},
    handlers::context::Context,
    random::octets,
};

/// The scheme that the configuration wants new passwords hashed by.
pub fn configured_scheme(config: &Config) -> Scheme {
    match config.password.scheme {
        PasswordScheme::Argon2id => Scheme::default(),
        PasswordScheme::Pbkdf2Sha256 => Scheme::Pbkdf2Sha256 { rounds: 600_000 },
        PasswordScheme::Pbkdf2Sha512 => Scheme::Pbkdf2Sha512 { rounds: 210_000 },
        PasswordScheme::Ssha512 => Scheme::Ssha512,
        PasswordScheme::Ssha256 => Scheme::Ssha256,
        PasswordScheme::Ssha => Scheme::Ssha,
    }
}

/// `password` as a value of userPassword, hashed by the configured scheme.
///
/// # Errors
/// `constraintViolation` if it is longer than any password may be; `busy`; `unavailable` without random octets.
pub async fn hash_password(context: &Context, password: &[u8]) -> Result<String> {
    let scheme = configured_scheme(&context.config.load());
    let salt = octets::<16>(&*context.random).map_err(Error::unavailable)?;
    let password = Zeroizing::new(password.to_vec());
    let hashed = context.hashing.run(move |workspace| scheme.hash(&password, &salt, workspace)).await?;
    hashed.ok_or_else(|| {
        Error::new(ResultCode::CONSTRAINT_VIOLATION, format!("A password has at most {MAX_LENGTH} octets"))
    })
}
