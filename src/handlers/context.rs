//! What a handler may use: the store, the schema, the rules in force, the clock, the pool for hashing, the audit log. Built once
//! by `server.rs`; shared by every connection.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::{ArcSwap, ArcSwapOption};
use countersign_proto::{ber::Writer, ldap::filter::Filter};
use uuid::Uuid;

use crate::{
    access::Access,
    caller::{Caller, Identity, Privileges, User},
    clock::{Clock, UnixMillis},
    config::Config,
    delivery::mechanism::Mechanism,
    directory::{
        computed::Surroundings,
        dn::DnKey,
        filter::{CompiledFilter, Truth},
        schema::Schema,
    },
    error::{Error, Result},
    factors::password::rules::Rules,
    handlers::{hashing::Hashing, sending::recipients::Recipients, virtual_entries::VirtualEntries},
    jwt::Issuer,
    random::Random,
    seal::Sealer,
    store::{Found, Query, Scope, Step, Store, Target},
    telemetry::{audit::Audit, metrics::Metrics},
    validation::Validators,
};

/// Everything a handler may use.
pub struct Context {
    /// Entries and factor records.
    pub store: Arc<dyn Store>,
    /// Attribute types and object classes.
    pub schema: Arc<Schema>,
    /// The configuration in force; replaced as a whole on reload.
    pub config: ArcSwap<Config>,
    /// The root user's normalized DN.
    pub root_key: DnKey,
    /// The access rules in force.
    pub access: ArcSwap<Access>,
    /// What new passwords must be like.
    pub password_rules: ArcSwap<Rules>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Secrets and codes are drawn here.
    pub random: Arc<dyn Random>,
    /// Secrets at rest.
    pub sealer: Arc<Sealer>,
    /// How codes and tokens reach people; replaced as a whole on reload.
    pub mechanisms: ArcSwap<Vec<Mechanism>>,
    /// How often each address was written to.
    pub recipients: Recipients,
    /// Where passwords are hashed.
    pub hashing: Hashing,
    /// The entries that no store holds.
    pub virtual_entries: VirtualEntries,
    /// Who judges OTPs of YubiKeys whose keys are elsewhere; `None` where this server judges all. Replaced on reload.
    pub validators: ArcSwapOption<Validators>,
    /// Whose tokens are taken beside our own; `None` where nobody else's are. Replaced on reload.
    pub token_issuer: ArcSwapOption<Issuer>,
    /// What happened.
    pub audit: Audit,
    /// How often.
    pub metrics: Metrics,
    /// What the doors serve, for the root DSE.
    pub served: Served,
    /// The number of the next connection, for the log; shared by the doors.
    pub connections: AtomicU64,
}

/// The names that the root DSE publishes, handed down from the tables that serve.
#[derive(Clone, Debug, Default)]
pub struct Served {
    /// OIDs of extended operations.
    pub extensions: Vec<&'static str>,
    /// OIDs of controls.
    pub controls: Vec<&'static str>,
    /// SASL mechanisms.
    pub mechanisms: Vec<&'static str>,
    /// Unique to this run of the process.
    pub startup_uuid: Uuid,
    /// When the process started.
    pub started: UnixMillis,
}

impl Context {
    /// A number for a new connection.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Brings what `caller` knows of its own entry up to date; costs one comparison where the store has not changed, and one look
    /// at the entry where something else in it has. A user whose entry is gone becomes anonymous.
    ///
    /// # Errors
    /// `unavailable` where the store cannot be read.
    pub async fn refresh(&self, caller: &mut Caller) -> Result<()> {
        let Identity::User(user) = &mut caller.identity else { return Ok(()) };
        let now = self.store.last_change();
        if user.as_of == now {
            return Ok(());
        }
        if self.is_unchanged(user).await? {
            Arc::make_mut(user).as_of = now;
            return Ok(());
        }
        match self.user_by(Target::Id(user.id)).await? {
            Some(fresh) if fresh.uuid == user.uuid => caller.identity = Identity::User(Arc::new(fresh)),
            _ => *caller = Caller::anonymous(caller.channel.clone()),
        }
        Ok(())
    }

    /// Whether all that is known of `user` was read from the entry as it is now; groups are other entries.
    async fn is_unchanged(&self, user: &User) -> Result<bool> {
        if self.access.load().names_groups() {
            return Ok(false);
        }
        let mut is_same = false;
        let mut reader = |found: Found<'_>| is_same = (found.version, found.entry.uuid()) == (user.version, user.uuid);
        self.store.read(Target::Id(user.id), false, &mut reader).await?;
        Ok(is_same)
    }

    /// The user of an entry; `None` if there is no such entry.
    ///
    /// # Errors
    /// `unavailable` where the store cannot be read.
    pub async fn user_by(&self, target: Target<'_>) -> Result<Option<User>> {
        let as_of = self.store.last_change();
        let mut user = None;
        self.store.read(target, false, &mut |found| user = Some(self.user_of(&found, as_of))).await?;
        let Some(mut user): Option<User> = user else { return Ok(None) };
        if self.access.load().names_groups() {
            user.groups = self.groups_of(&user.dn).await?;
        }
        Ok(Some(user))
    }

    /// The user of an entry, without its groups.
    pub(super) fn user_of(&self, found: &Found<'_>, as_of: u64) -> User {
        let privileges = found
            .entry
            .attribute(self.schema.well_known().privilege_name)
            .map(|attribute| Privileges::from_values(attribute.values()))
            .unwrap_or_default();
        User {
            id: found.id,
            uuid: found.entry.uuid(),
            dn: found.entry.dn().to_owned(),
            key: DnKey::from_bytes(found.entry.key()),
            privileges,
            groups: Vec::new(),
            version: found.version,
            as_of,
        }
    }

    /// The keys of all groups that name `dn` as `member` or `uniqueMember`.
    async fn groups_of(&self, dn: &str) -> Result<Vec<DnKey>> {
        let mut encoded = Vec::new();
        Writer::new(&mut encoded).constructed(0xA1, |either| {
            for attribute in [b"member".as_slice(), b"uniqueMember"] {
                either.constructed(0xA3, |equality| {
                    equality.octet_string(attribute);
                    equality.octet_string(dn.as_bytes());
                });
            }
        });
        let mut filter = CompiledFilter::default();
        filter.compile(
            Filter::decode(&encoded).map_err(|_| Error::other("a group filter of our own does not decode"))?,
            &self.schema,
        );
        let base = DnKey::default();
        let query = Query { base: &base, scope: Scope::Subtree, filter: &filter };
        let mut groups = Vec::new();
        self.store
            .search(&query, None, &mut |found| {
                if filter.matches(found.entry, Surroundings::default(), &self.schema, &|_| true) == Truth::True {
                    groups.push(DnKey::from_bytes(found.entry.key()));
                }
                Step::Continue
            })
            .await?;
        Ok(groups)
    }
}
