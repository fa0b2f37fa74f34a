//! `countersign totp list`: which secrets a user has, read from the store beside the server; the secrets themselves stay sealed.

use serde_json::{Value, json};
use time::{OffsetDateTime, macros::format_description};

use super::{
    answer::{Answer, Failure},
    site::Target,
};
use crate::{
    clock::UnixMillis,
    config::Config,
    directory::dn::DnKey,
    factors::record::{Factor, Record},
    server::site_data::SiteData,
    store::{Store, Target as StoreTarget},
};

pub(crate) fn run(user: &str, target: &Target) -> Result<Answer, Failure> {
    let config = Config::load(target.configuration()?)?;
    let dn = target.with(async |site| site.dn_of(user).await)?;
    let (store, schema, _) = SiteData::open_beside(&config)?.serve()?;
    let key = DnKey::parse(&dn, &schema).map_err(|error| Failure::refused(error.reason))?;
    let mut record = None;
    let mut take =
        |found: crate::store::Found<'_>| record = found.factors.map(|factors| Record::decode(factors.record));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(store.read(StoreTarget::Key(&key), true, &mut take))?;
    let factors = match record {
        None => Vec::new(),
        Some(record) => {
            record.map_err(|_| Failure::refused(format!("the factor record of {dn} cannot be read")))?.factors
        }
    };
    Ok(shown(&dn, &factors))
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
    let rows: Vec<Value> = factors
        .iter()
        .map(|factor| {
            json!({
                "id": factor.id,
                "label": factor.label,
                "pending": factor.pending,
                "addedMillis": factor.added.0,
                "lastUsedMillis": factor.last_used.map(|moment| moment.0),
            })
        })
        .collect();
    Answer::new(text, json!({ "dn": dn, "factors": rows }))
}

/// Year to minute in UTC, or `never`.
pub(super) fn day(moment: Option<UnixMillis>) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]Z");
    let Some(moment) = moment else { return "never".to_owned() };
    OffsetDateTime::from_unix_timestamp(i64::try_from(moment.seconds()).unwrap_or(i64::MAX))
        .ok()
        .and_then(|moment| moment.format(format).ok())
        .unwrap_or_else(|| "unknown".to_owned())
}
