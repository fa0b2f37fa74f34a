//! `countersign yubikey list`: the devices that the server knows, read from the store beside it; the keys themselves stay sealed.

use countersign_proto::{
    ber::Writer,
    ldap::filter::{Filter, FilterError},
};
use serde_json::{Value, json};

use super::{OWNED, Target};
use crate::{
    cli::{
        answer::{Answer, Failure},
        moment::day,
    },
    clock::UnixMillis,
    config::Config,
    directory::{device_tree, dn::DnKey, filter::CompiledFilter, schema::Schema},
    factors::record::Record,
    server::site_data::SiteData,
    store::{EntryId, Found, Query, Scope, Step, Store, Target as StoreTarget, embedded::Embedded},
};

/// One device, as it is shown.
struct Row {
    public_id: String,
    serial: Option<String>,
    has_key: bool,
    last_used: Option<UnixMillis>,
    owners: Vec<String>,
}

pub(super) fn run(target: &Target) -> Result<Answer, Failure> {
    let config = Config::load(target.configuration()?)?;
    let (store, schema, _) = SiteData::open_beside(&config)?.serve()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let rows = runtime.block_on(rows(&store, &schema, &config))?;
    Ok(shown(&rows))
}

async fn rows(store: &Embedded, schema: &Schema, config: &Config) -> Result<Vec<Row>, Failure> {
    let mut ids = Vec::new();
    visit(store, schema, &device_tree::top_key(schema), Scope::One, None, &mut |found| ids.push(found.id)).await?;
    let mut rows = Vec::new();
    for id in ids {
        let Some(mut row) = row(store, schema, id).await? else { continue };
        for base in &config.directory.base_dns {
            let base = DnKey::parse(base, schema).map_err(|error| Failure::refused(error.reason))?;
            let mut owner = |found: Found<'_>| row.owners.push(found.entry.dn().to_owned());
            visit(store, schema, &base, Scope::Subtree, Some(&row.public_id), &mut owner).await?;
        }
        rows.push(row);
    }
    rows.sort_by(|one, other| one.public_id.cmp(&other.public_id));
    Ok(rows)
}

/// Shows `visitor` the entries in scope; those that name the device with this public ID, if one is given.
async fn visit(
    store: &Embedded,
    schema: &Schema,
    base: &DnKey,
    scope: Scope,
    public_id: Option<&str>,
    visitor: &mut (dyn FnMut(Found<'_>) + Send),
) -> Result<(), Failure> {
    let mut encoded = Vec::new();
    let mut writer = Writer::new(&mut encoded);
    match public_id {
        None => writer.tagged(0x87, b"objectClass"),
        Some(public_id) => writer.constructed(0xA3, |equality| {
            equality.octet_string(OWNED.as_bytes());
            equality.octet_string(public_id.as_bytes());
        }),
    }
    let mut filter = CompiledFilter::default();
    filter.compile(Filter::decode(&encoded).map_err(|error: FilterError| Failure::refused(error))?, schema);
    let query = Query { base, scope, filter: &filter };
    let surroundings = crate::directory::computed::Surroundings::default();
    let matches = |found: &Found<'_>| {
        filter.matches(found.entry, surroundings, schema, &|_| true) == crate::directory::filter::Truth::True
    };
    store
        .search(&query, None, &mut |found| {
            if matches(&found) {
                visitor(found);
            }
            Step::Continue
        })
        .await?;
    Ok(())
}

/// The device of an entry; `None` if it is gone meanwhile.
async fn row(store: &Embedded, schema: &Schema, id: EntryId) -> Result<Option<Row>, Failure> {
    let mut row = None;
    let mut reader = |found: Found<'_>| {
        let first = |name: &str| {
            let attribute = schema.attribute_type(name).and_then(|known| found.entry.attribute(known.id));
            attribute.and_then(|found| found.values().next().map(|value| String::from_utf8_lossy(value).into_owned()))
        };
        let record = found.factors.map_or_else(|| Ok(Record::default()), |factors| Record::decode(factors.record));
        row = Some(record.map(|record| Row {
            public_id: first("cn").unwrap_or_default(),
            serial: first("serialNumber"),
            has_key: record.yubikey().is_some_and(|factor| !factor.secret.is_empty()),
            last_used: record.yubikey().and_then(|factor| factor.last_used),
            owners: Vec::new(),
        }));
    };
    store.read(StoreTarget::Id(id), true, &mut reader).await?;
    Ok(row.transpose()?)
}

fn shown(rows: &[Row]) -> Answer {
    let mut text = "no YubiKey is known".to_owned();
    if !rows.is_empty() {
        text = "public ID         serial      judged     last used            registered to".to_owned();
    }
    for row in rows {
        let (judged, serial) = (if row.has_key { "here" } else { "elsewhere" }, row.serial.as_deref().unwrap_or("-"));
        let (used, owners) = (day(row.last_used), row.owners.join(" and "));
        let line = format!("\n{:<16}  {serial:<10}  {judged:<9}  {used:<19}  {owners}", row.public_id);
        text.push_str(line.trim_end_matches(' '));
    }
    let json: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "publicID": row.public_id,
                "serial": row.serial,
                "hasKey": row.has_key,
                "lastUsedMillis": row.last_used.map(|moment| moment.0),
                "owners": row.owners,
            })
        })
        .collect();
    Answer::new(text, json!({ "devices": json }))
}
