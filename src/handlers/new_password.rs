//! New passwords, by whichever operation they come: whether one may be set, what the record keeps of a change, and how the server
//! makes one. What a password must be like is `factors::password::rules`; how it is hashed, `hashing`.

mod requirements;

use countersign_proto::{result_code::ResultCode, text::Secret};
use zeroize::Zeroizing;

pub(super) use self::requirements::{begin_report, requirements};
use crate::{
    caller::{Caller, Retirement},
    clock::UnixMillis,
    config::Config,
    directory::entry::EntryRef,
    error::{Error, PolicyError, Result},
    factors::{
        account::State,
        password::{
            MAX_LENGTH,
            rules::{About, Rule},
            verify,
        },
        record::Record,
        retired_password::Retired,
    },
    handlers::{account_policy, context::Context},
    random,
    store::{EntryId, Target},
    telemetry::reason,
};

/// How often a password is made until one keeps the rules.
const MAX_MADE: usize = 100;

/// The account whose password it is to be, as far as its rules want to know.
#[derive(Default)]
pub(super) struct Standing {
    /// Values of the attributes that the rules name.
    pub(super) values: Vec<String>,
    /// The values of userPassword as they are.
    pub(super) stored: Vec<Vec<u8>>,
    /// The factor record.
    pub(super) record: Record,
    /// The present password, where the requester gave it and it was right.
    pub(super) current: Option<Zeroizing<Vec<u8>>>,
}

/// Who sets a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setter {
    /// The user, for themselves.
    User,
    /// Somebody else.
    Administrator,
    /// Somebody else, who adds the entry with it.
    Creator,
}

impl Standing {
    /// The account of an entry.
    pub(super) fn of(context: &Context, entry: EntryRef<'_>, record: Record) -> Self {
        let stored = entry.attribute(context.schema.well_known().user_password);
        Self {
            values: values(context, entry),
            stored: stored.iter().flat_map(|stored| stored.values()).map(<[u8]>::to_vec).collect(),
            record,
            current: None,
        }
    }

    /// An account that is only about to be, with these attributes.
    pub(super) fn of_attributes(context: &Context, attributes: &[(String, Vec<Vec<u8>>)]) -> Self {
        let rules = context.password_rules.load();
        let named = |description: &str| {
            let kind = |name: &str| context.schema.attribute_type(name).map(|kind| kind.id);
            let own = kind(description.split(';').next().unwrap_or_default());
            own.is_some() && rules.attributes().any(|name| kind(name) == own)
        };
        let values = attributes.iter().filter(|(description, _)| named(description)).flat_map(|(_, values)| values);
        Self { values: values.map(|value| String::from_utf8_lossy(value).into_owned()).collect(), ..Self::default() }
    }

    /// The values that the rules want to know of an entry.
    pub(super) async fn values_of(context: &Context, id: EntryId) -> Result<Vec<String>> {
        if context.password_rules.load().attributes().next().is_none() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        context.store.read(Target::Id(id), false, &mut |entry| found = values(context, entry.entry)).await?;
        Ok(found)
    }

    fn about(&self) -> About<'_> {
        About { values: &self.values, current: self.current.as_ref().map(|current| current.as_slice()) }
    }

    /// The sentences of the rules that `password` breaks.
    pub(super) fn broken(&self, context: &Context, password: &[u8]) -> Vec<String> {
        let rules = context.password_rules.load();
        rules.broken_by(password, self.about()).into_iter().map(Rule::sentence).collect()
    }

    /// Refuses a password that must not be set.
    ///
    /// # Errors
    /// `constraintViolation`, with every rule that it breaks; `insufficientAccessRights` where users change no passwords; `busy`.
    pub(super) async fn judge(
        &self,
        context: &Context,
        caller: &Caller,
        password: &[u8],
        setter: Setter,
    ) -> Result<()> {
        report_policy(context, caller, setter);
        let refused = |sentence: String, policy| Error::new(ResultCode::CONSTRAINT_VIOLATION, sentence).policy(policy);
        if password.is_empty() {
            return Err(refused("A password must not be empty".to_owned(), PolicyError::PasswordTooShort));
        }
        if password.len() > MAX_LENGTH {
            let sentence = format!("A password has at most {MAX_LENGTH} octets");
            return Err(refused(sentence, PolicyError::InsufficientPasswordQuality));
        }
        self.may_change(context, setter)?;
        self.old_enough(context, setter)?;
        let rules = context.password_rules.load_full();
        let judged = rules.judge(password, self.about());
        let broken: Vec<&Rule> = judged.iter().filter(|(_, is_kept)| !is_kept).map(|(rule, _)| *rule).collect();
        // Former passwords take hashes: they are not asked for a password that is refused anyway.
        let may_ask = broken.is_empty() || caller.password_report.is_wanted();
        let was_used = may_ask && self.was_used(context, password).await?;
        requirements::report(context, caller, &judged, !was_used);
        if !broken.is_empty() {
            let minimum = |rule: &&Rule| matches!(rule, Rule::Length { minimum, .. } if password.len() < *minimum);
            let policy = match broken.iter().any(minimum) {
                true => PolicyError::PasswordTooShort,
                false => PolicyError::InsufficientPasswordQuality,
            };
            let sentences: Vec<String> = broken.into_iter().map(Rule::sentence).collect();
            return Err(Error::of_sentences(ResultCode::CONSTRAINT_VIOLATION, sentences).policy(policy));
        }
        match was_used {
            true => Err(refused("The password was used before".to_owned(), PolicyError::PasswordInHistory)),
            false => Ok(()),
        }
    }

    fn may_change(&self, context: &Context, setter: Setter) -> Result<()> {
        let user_changes = context.config.load().password.user_changes;
        if user_changes || setter != Setter::User || self.record.state.must_change {
            return Ok(());
        }
        let error = Error::insufficient_access("Users do not change their passwords here").reason(reason::NOT_ALLOWED);
        Err(error.policy(PolicyError::PasswordModNotAllowed))
    }

    /// Users change a password again only once they have used it for a while; else the history would be worth nothing.
    fn old_enough(&self, context: &Context, setter: Setter) -> Result<()> {
        let min_age = context.config.load().password.min_age;
        // A password that somebody else set may be changed at once.
        let changed = self.record.password_changed.filter(|_| !self.record.state.must_change);
        let age = changed.map(|changed| context.clock.now().since(changed));
        if setter != Setter::User || age.is_none_or(|age| age >= min_age) {
            return Ok(());
        }
        let sentence = "The password was changed too recently to be changed again";
        Err(Error::new(ResultCode::CONSTRAINT_VIOLATION, sentence).policy(PolicyError::PasswordTooYoung))
    }

    /// Whether it is the present password, or one of the former ones that the history keeps.
    async fn was_used(&self, context: &Context, password: &[u8]) -> Result<bool> {
        let count = history_length(context);
        if count == 0 {
            return Ok(false);
        }
        let former = self.record.history.iter().take(count).map(|hash| hash.as_bytes().to_vec());
        let values: Vec<Vec<u8>> = self.stored.iter().cloned().chain(former).collect();
        let password = Zeroizing::new(password.to_vec());
        let judge = move |workspace: &mut _| verify(values.iter().map(Vec::as_slice), &password, workspace);
        context.hashing.run(judge).await
    }

    /// A password of the server's own making that keeps the rules.
    ///
    /// # Errors
    /// `constraintViolation` if none of many does; `unavailable` without random octets.
    pub(super) fn make(&self, context: &Context) -> Result<Secret> {
        for _ in 0..MAX_MADE {
            let made = draw(context)?;
            if self.broken(context, made.expose()).is_empty() {
                return Ok(made);
            }
        }
        let sentence = "The password generator makes none that keeps the password rules";
        Err(Error::new(ResultCode::CONSTRAINT_VIOLATION, sentence))
    }
}

/// A password of the server's own making, whatever the rules say.
///
/// # Errors
/// `unavailable` without random octets.
pub(super) fn draw(context: &Context) -> Result<Secret> {
    let config = context.config.load();
    let generator = &config.password_generator;
    let length = usize::try_from(generator.length).unwrap_or(usize::MAX);
    let text = random::text(&*context.random, generator.characters.as_bytes(), length).map_err(Error::unavailable)?;
    Ok(Secret::new(text))
}

/// Reports what follows from the change.
fn report_policy(context: &Context, caller: &Caller, setter: Setter) {
    let config = context.config.load();
    let max_age = config.password.max_age;
    caller.password_report.tell(|details| {
        details.must_change_password = must_change(&config, setter);
        let seconds = i32::try_from(max_age.as_secs()).unwrap_or(i32::MAX);
        details.seconds_until_expiration = Some(seconds).filter(|seconds| *seconds > 0);
    });
}

/// What the record keeps of a change of password; `former`: the values of userPassword that it had.
pub(super) fn remember(
    context: &Context,
    caller: &Caller,
    record: &mut Record,
    (former, setter): (&[Vec<u8>], Setter),
    now: UnixMillis,
) {
    let must_change = must_change(&context.config.load(), setter);
    record.state = State {
        must_change,
        reset: must_change.then_some(now),
        changed_by: account_policy::configured(&context.config.load()).change_by.or(record.state.changed_by),
        last_address: record.state.last_address.take(),
        failure_times: std::mem::take(&mut record.state.failure_times),
        logins: std::mem::take(&mut record.state.logins),
        retired: retired(context, caller, former, now),
        tokens_ended: record.state.tokens_ended,
        ..State::default()
    };
    record.end_tokens();
    // A token for setting a password has done its work, or has been overtaken.
    if let Some(tokens) = &mut record.tokens {
        tokens.reset = None;
    }
    record.password_changed = Some(now);
    let former = former.iter().filter_map(|hash| String::from_utf8(hash.clone()).ok());
    record.history.splice(0..0, former);
    record.history.truncate(history_length(context));
}

/// The password that is replaced, if it stays good for a while.
fn retired(context: &Context, caller: &Caller, former: &[Vec<u8>], now: UnixMillis) -> Option<Retired> {
    match caller.retirement {
        Retirement::Ended => None,
        Retirement::Retired { .. } => Retired::new(former, now, context.config.load().password.retired_for),
    }
}

/// Refuses a request that relies on the former password being good for a while longer, where it is not.
///
/// # Errors
/// `unwillingToPerform`.
pub(super) fn check_retirement(context: &Context, caller: &Caller) -> Result<()> {
    let is_off = context.config.load().password.retired_for.is_zero();
    match caller.retirement {
        Retirement::Retired { critical: true } if is_off => Err(Error::unwilling("Passwords are not retired here")),
        _ => Ok(()),
    }
}

/// Whether a password that `setter` sets must be changed by its user before anything else.
pub(super) fn must_change(config: &Config, setter: Setter) -> bool {
    match setter {
        Setter::User => false,
        Setter::Administrator => config.password.change_after_reset,
        Setter::Creator => config.password.change_after_add,
    }
}

fn history_length(context: &Context) -> usize {
    usize::try_from(context.config.load().password.history).unwrap_or(usize::MAX)
}

fn values(context: &Context, entry: EntryRef<'_>) -> Vec<String> {
    let rules = context.password_rules.load();
    let kinds = rules.attributes().filter_map(|name| context.schema.attribute_type(name));
    let values = kinds.flat_map(|kind| entry.of_type(kind.id)).flat_map(|attribute| attribute.values());
    values.map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}
