//! The access tokens that the server hands out itself, after a proof that was good (rest-api.md section 13): sealed, so that they tell
//! nobody anything, and kept nowhere. A token names the account and the state of its password, factors and validity when they were proven;
//! it is good as long as that state is, for as long as `[rest] access_tokens` says, on every node and after a restart.
//!
//! Nothing is written when one is handed out or used, and there is nothing to clean up: a change of password, of a factor or of the
//! account makes another state, so that the next request with an old token is refused. Renaming an entry leaves its user's tokens good,
//! deleting it ends them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    caller::{Basis, Caller, Strength},
    clock::UnixMillis,
    error::{Error, Result},
    factors::record::Kind,
    handlers::{context::Context, subject::Account},
    seal::Place,
    store::{EntryId, Target},
    telemetry::reason,
};

/// Tokens belong to no entry's attribute: what is sealed here opens nowhere else, and nothing else opens here.
const PLACE: Place<'static> = Place { entry: Uuid::nil(), attribute: "access token" };
/// The form of what is sealed.
const VERSION: u8 = 1;
/// The longest text that may be one.
const MAX_TOKEN: usize = 256;

/// An access token, and until when it is good at most.
pub struct Granted {
    /// What the client sends as its Bearer token.
    pub token: String,
    /// The end.
    pub expires: UnixMillis,
}

/// What is sealed: version, entry (8 octets), its UUID (16), when it was handed out (8, milliseconds), strength (1), state (32).
struct Sealed {
    entry: EntryId,
    uuid: Uuid,
    since: UnixMillis,
    strength: Strength,
    state: [u8; 32],
}

/// A token for `caller`, who was just proven; `None` where none is handed out, or for whoever is no entry's user: the root user
/// proves itself anew each time.
///
/// # Errors
/// `unavailable` without random octets.
pub fn grant(context: &Context, caller: &Caller) -> Result<Option<Granted>> {
    let validity = context.config.load().rest.access_tokens;
    let (Basis::Proven(state), Some(user)) = (caller.basis, caller.user()) else { return Ok(None) };
    if validity.is_zero() {
        return Ok(None);
    }
    let since = context.clock.now();
    let plain = Sealed { entry: user.id, uuid: user.uuid, since, strength: caller.strength, state }.encode();
    let sealed = context.sealer.seal(&*context.random, PLACE, &plain).map_err(Error::unavailable)?;
    Ok(Some(Granted { token: URL_SAFE_NO_PAD.encode(sealed), expires: since.plus(validity) }))
}

/// The account that a token names and how it was proven; `None` if the text is no such token at all.
///
/// # Errors
/// `invalidCredentials` for a token that is not good any more; `unavailable` where the store cannot be read.
pub(super) async fn account_of(context: &Context, token: &str) -> Result<Option<(Box<Account>, Strength)>> {
    let Some(Sealed { entry, uuid, since, strength, state }) = Sealed::open(context, token) else { return Ok(None) };
    let validity = context.config.load().rest.access_tokens;
    if context.clock.now() >= since.plus(validity) {
        return Err(Error::invalid_credentials(reason::TOKEN_EXPIRED));
    }
    let account = Account::read(context, Target::Id(entry)).await?.filter(|account| account.user.uuid == uuid);
    let account = account.ok_or_else(|| Error::invalid_credentials(reason::NO_SUCH_USER))?;
    if !bool::from(digest(&account).ct_eq(&state)) {
        return Err(Error::invalid_credentials(reason::TOKEN_REVOKED));
    }
    Ok(Some((account, strength)))
}

/// The state on which a token for this account rests.
pub(super) fn digest(account: &Account) -> [u8; 32] {
    let mut state = State(Sha256::new());
    state.list(account.passwords.iter());
    let factors = account.record.factors.iter();
    state.list(
        factors.map(|factor| [&factor.id.to_be_bytes()[..], &[u8::from(factor.pending)], &kind(factor.kind)].concat()),
    );
    state.list(account.yubikeys.iter());
    let recovery = account.record.recovery.iter().flat_map(|recovery| &recovery.codes);
    state.list(recovery.map(|code| &code.hash).collect::<Vec<_>>().iter());
    let times = [account.activation, account.expiration, account.record.password_changed];
    state.list(times.iter().map(|time| time.map_or_else(Vec::new, |time| time.0.to_be_bytes().to_vec())));
    // These two are only ever counted up: a factor or a state that comes back is not the one that was.
    let counts = [account.record.next_id, account.record.state.tokens_ended, u32::from(account.disabled)];
    state.list(counts.map(u32::to_be_bytes).iter());
    state.0.finalize().into()
}

/// Lists of octets on their way into a hash, so that no two different ones look alike.
struct State(Sha256);

impl State {
    fn list<T: AsRef<[u8]>>(&mut self, items: impl ExactSizeIterator<Item = T>) {
        self.number(items.len());
        for item in items {
            self.number(item.as_ref().len());
            self.0.update(item.as_ref());
        }
    }

    fn number(&mut self, number: usize) {
        self.0.update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
    }
}

const fn kind(kind: Kind) -> [u8; 4] {
    match kind {
        Kind::Totp => [0, 0, 0, 1],
        Kind::Yubikey => [0, 0, 0, 2],
        Kind::Unknown(number) => number.to_be_bytes(),
    }
}

impl Sealed {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let strength = match self.strength {
            Strength::None => 0,
            Strength::One => 1,
            Strength::TwoFactors => 2,
        };
        let (entry, since) = (self.entry.0.to_be_bytes(), self.since.0.to_be_bytes());
        Zeroizing::new([&[VERSION][..], &entry, self.uuid.as_bytes(), &since, &[strength], &self.state].concat())
    }

    /// What this server sealed; `None` for everything else.
    fn open(context: &Context, token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        Self::decode(&context.sealer.open(PLACE, &sealed).ok()?)
    }

    fn decode(octets: &[u8]) -> Option<Self> {
        let (version, rest) = octets.split_first()?;
        let (entry, rest) = rest.split_first_chunk::<8>()?;
        let (uuid, rest) = rest.split_first_chunk::<16>()?;
        let (since, rest) = rest.split_first_chunk::<8>()?;
        let (strength, state) = rest.split_first()?;
        let strength = match strength {
            1 => Strength::One,
            2 => Strength::TwoFactors,
            _ => return None,
        };
        (*version == VERSION).then_some(())?;
        Some(Self {
            entry: EntryId(u64::from_be_bytes(*entry)),
            uuid: Uuid::from_bytes(*uuid),
            since: UnixMillis(u64::from_be_bytes(*since)),
            strength,
            state: state.try_into().ok()?,
        })
    }
}
