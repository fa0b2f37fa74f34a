//! `countersign totp list`: which secrets a user has, read from the store beside the server; the secrets themselves stay sealed.

use serde_json::{Value, json};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    answer::{Answer, Failure},
    moment::day,
    site::Target,
};
use crate::{
    config::Config,
    directory::dn::DnKey,
    factors::{
        record::{Factor, Kind, Record},
        totp::secret_to_base32,
    },
    seal::Place,
    server::site_data::{SiteData, sealer},
    store::{Found, Store, Target as StoreTarget},
};

/// Which secrets a user has.
pub(crate) fn run(user: &str, target: &Target) -> Result<Answer, Failure> {
    let config = Config::load(target.configuration()?)?;
    let dn = target.with(async |site| site.dn_of(user).await)?;
    Ok(shown(&dn, &of(&config, &dn)?))
}

/// The factors in the record of an entry.
pub(super) fn of(config: &Config, dn: &str) -> Result<Vec<Factor>, Failure> {
    read(config, dn).map(|(factors, _)| factors)
}

/// The secret of one factor, opened with the server's own key: as the server must be told which one to revoke.
pub(super) fn secret(config: &Config, dn: &str, id: u32) -> Result<Zeroizing<String>, Failure> {
    let (factors, uuid) = read(config, dn)?;
    let factor = factors.iter().find(|factor| factor.id == id && factor.kind == Kind::Totp);
    let factor = factor.ok_or_else(|| Failure::refused(format!("{dn} has no TOTP secret {id}")))?;
    let place = Place { entry: uuid, attribute: "ds-auth-totp-shared-secret" };
    let secret = sealer(&config.server.seal_key_file)?.open(place, &factor.secret)?;
    Ok(Zeroizing::new(secret_to_base32(&secret)))
}

/// The factors in the record of an entry, and the entry's UUID.
fn read(config: &Config, dn: &str) -> Result<(Vec<Factor>, Uuid), Failure> {
    let (store, schema, _) = SiteData::open_beside(config)?.serve()?;
    let key = DnKey::parse(dn, &schema).map_err(|error| Failure::refused(error.reason))?;
    let mut found = None;
    let mut take = |entry: Found<'_>| {
        let record = entry.factors.map_or_else(|| Ok(Record::default()), |factors| Record::decode(factors.record));
        found = Some((record, entry.entry.uuid()));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(store.read(StoreTarget::Key(&key), true, &mut take))?;
    let (record, uuid) = found.ok_or_else(|| Failure::refused(format!("there is no user {dn}")))?;
    let record = record.map_err(|_| Failure::refused(format!("the factor record of {dn} cannot be read")))?;
    Ok((record.factors, uuid))
}

fn shown(dn: &str, factors: &[Factor]) -> Answer {
    let mut text = format!("{dn} has no TOTP secret");
    if !factors.is_empty() {
        text = format!("{dn}\n  id  added                last used            state");
    }
    for factor in factors {
        let state = if factor.pending { "pending" } else { "active" };
        let (added, used) = (day(Some(factor.added)), day(factor.last_used));
        text.push_str(&format!("\n  {:<3} {added:<20} {used:<20} {state} {}", factor.id, factor.label));
    }
    Answer::new(text, json!({ "dn": dn, "factors": rows(factors) }))
}

/// Factors for scripts.
pub(super) fn rows(factors: &[Factor]) -> Value {
    let row = |factor: &Factor| {
        json!({
            "id": factor.id,
            "label": factor.label,
            "pending": factor.pending,
            "addedMillis": factor.added.0,
            "lastUsedMillis": factor.last_used.map(|moment| moment.0),
        })
    };
    factors.iter().map(row).collect()
}
