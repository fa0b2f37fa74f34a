//! The handlers against the embedded store: a small directory in a temporary folder, a clock that is moved by hand.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod bind;
mod owed;
mod password;
mod replay;
mod timing;
mod totp;
mod yubikey;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use countersign_proto::{
    result_code::ResultCode,
    text::{Secret, Text},
    totp::GenerateTotpSharedSecretRequest,
};
use uuid::Uuid;

use super::{
    Operation,
    context::{Context, Served},
    hashing::{Hashing, configured_scheme},
};
use crate::{
    access::Access,
    caller::{Caller, Channel, Identity, Strength},
    clock::{Clock, FixedClock, UnixMillis},
    config::{Config, LogSettings, PasswordScheme},
    directory::{
        attribute_ids::AttributeIds,
        device_tree,
        dn::{Dn, DnKey},
        entry::Entry,
        index_terms::{Indexes, Kind},
        schema::Schema,
    },
    error::{AUTHENTICATION_FAILED, Result},
    factors::{
        hotp::Hotp,
        password::{Scheme, Workspace},
        record::Record,
        totp::secret_from_base32,
    },
    random::{SeededRandom, SystemRandom, octets},
    seal::Sealer,
    store::{
        Answer, Applied, Change, EntryId, Found, Position, Progress, Query, Statistics, Step, Store, StoreError,
        Target,
        embedded::{Embedded, Opened, Settings},
    },
    telemetry::audit::Audit,
};

const BASE: &str = "dc=example,dc=com";
const KIM: &str = "uid=kim,ou=people,dc=example,dc=com";
const ADMIN: &str = "uid=admin,ou=people,dc=example,dc=com";
const SERVICE: &str = "uid=wiki,ou=services,dc=example,dc=com";
const ROOT: &str = "cn=Directory Manager";
const PASSWORD: &[u8] = b"correct horse";
/// The middle of a time step.
const NOON: UnixMillis = UnixMillis::from_seconds(1_800_000_015);

/// A directory with a few users whose password is [`PASSWORD`].
struct Site {
    context: Arc<Context>,
    clock: Arc<FixedClock>,
    store: Arc<FailingStore>,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With this configuration; hashes are light unless it says otherwise.
    async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.directory.base_dns = vec![BASE.to_owned()];
        config.password.scheme = PasswordScheme::Ssha512;
        config.factors.service_accounts = vec!["ou=Services, dc=example, dc=com".to_owned()];
        configure(&mut config);
        let hash = configured_scheme(&config).hash(PASSWORD, &[9; 16], &mut Workspace::default()).unwrap();
        config.root.password_hash = Some(crate::config::SecretText::new(hash.clone()));
        let folder = tempfile::tempdir().unwrap();
        let site = Self::open(folder, config);
        for (dn, attributes) in PEOPLE {
            let hash = dn.starts_with("uid=").then_some(("userPassword", hash.as_str()));
            site.add(dn, attributes.iter().copied().chain(hash)).await;
        }
        site
    }

    fn open(folder: tempfile::TempDir, config: Config) -> Self {
        let clock = Arc::new(FixedClock::at(NOON));
        let (store, schema) = open_store(folder.path());
        let store = Arc::new(FailingStore::new(store));
        let key_file = Sealer::new_key_file(&SeededRandom::new(1)).unwrap();
        let context = Context {
            store: Arc::clone(&store) as Arc<dyn Store>,
            root_key: DnKey::parse(ROOT, &schema).unwrap(),
            access: ArcSwap::from_pointee(Access::compile(&[], &schema).unwrap()),
            password_rules: ArcSwap::default(),
            schema,
            hashing: Hashing::start(2, 64).unwrap(),
            config: ArcSwap::from_pointee(config),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
            sealer: Arc::new(Sealer::parse(&key_file).unwrap()),
            audit: Audit::new(&LogSettings::default(), Arc::clone(&clock) as Arc<dyn Clock>, Box::new(std::io::sink())),
            mechanisms: ArcSwap::default(),
            recipients: Default::default(),
            metrics: Default::default(),
            served: Served::default(),
            virtual_entries: Default::default(),
            validators: Default::default(),
            token_issuer: Default::default(),
            connections: AtomicU64::new(1),
        };
        Self { context: Arc::new(context), clock, store, _folder: folder }
    }

    async fn add(&self, dn: &str, attributes: impl Iterator<Item = (&str, &str)>) {
        let schema = &self.context.schema;
        let dn = Dn::parse(dn).unwrap();
        let uuid = Uuid::from_bytes(octets::<16>(&SystemRandom).unwrap());
        let mut entry = Entry::new(dn.clone(), uuid);
        for (name, value) in attributes {
            entry.set(schema, name, vec![value.as_bytes().to_vec()]);
        }
        let change = Change::Add { key: dn.key(schema), entry: entry.encode(schema), factors: None };
        self.context.store.apply(vec![change]).await.unwrap();
    }

    async fn set(&self, dn: &str, name: &str, value: &str) {
        let key = DnKey::parse(dn, &self.context.schema).unwrap();
        let mut change = None;
        let mut reader = |found: Found<'_>| {
            let mut entry = found.entry.to_entry();
            entry.set(&self.context.schema, name, vec![value.as_bytes().to_vec()]);
            let entry = entry.encode(&self.context.schema);
            change = Some(Change::Replace { id: found.id, expected: found.version, entry });
        };
        self.context.store.read(Target::Key(&key), false, &mut reader).await.unwrap();
        self.context.store.apply(vec![change.unwrap()]).await.unwrap();
    }

    fn anonymous(&self) -> Caller {
        Caller::anonymous(Arc::new(Channel {
            connection: 1,
            tls: true,
            peer: Some(SocketAddr::from(([127, 0, 0, 1], 5000))),
            listener: "ldap",
            trusted_peer: false,
        }))
    }

    async fn caller(&self, dn: &str, strength: Strength) -> Caller {
        let identity = if dn == ROOT {
            Identity::Root(ROOT.into())
        } else {
            let key = DnKey::parse(dn, &self.context.schema).unwrap();
            Identity::User(Arc::new(self.context.user_by(Target::Key(&key)).await.unwrap().unwrap()))
        };
        self.anonymous().become_identity(identity, strength)
    }

    async fn bind(&self, dn: &str, password: impl AsRef<[u8]>) -> Result<Caller> {
        super::bind::simple(&self.context, &self.anonymous(), dn, password.as_ref()).await
    }

    /// Why a bind failed, for the log; it panics if it did not fail as every failure must.
    async fn refusal(&self, dn: &str, password: impl AsRef<[u8]>) -> String {
        refused(self.bind(dn, password).await)
    }

    /// A new secret for `dn`, by root.
    async fn enrol(&self, dn: &str) -> Vec<u8> {
        let request = GenerateTotpSharedSecretRequest {
            authentication_id: Some(Text(format!("dn:{dn}"))),
            static_password: None,
        };
        let root = self.caller(ROOT, Strength::One).await;
        let outcome = request.perform(&self.context, &root).await.unwrap();
        secret_from_base32(outcome.totp_shared_secret.expose_text().unwrap()).unwrap()
    }

    /// The code of the step `offset` steps from now.
    fn code(&self, secret: &[u8], offset: i64) -> String {
        let step = self.clock.now().seconds() / 30;
        Hotp::new(secret, 6).code(step.strict_add_signed(offset)).as_str().to_owned()
    }

    /// [`PASSWORD`] with that code after it.
    fn field(&self, secret: &[u8], offset: i64) -> Vec<u8> {
        [PASSWORD, self.code(secret, offset).as_bytes()].concat()
    }

    async fn record(&self, dn: &str) -> Record {
        let key = DnKey::parse(dn, &self.context.schema).unwrap();
        let mut record = Record::default();
        let mut reader = |found: Found<'_>| {
            if let Some(factors) = found.factors {
                record = Record::decode(factors.record).unwrap();
            }
        };
        self.context.store.read(Target::Key(&key), true, &mut reader).await.unwrap();
        record
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(std::time::Duration::from_secs(seconds));
    }
}

/// The reason of a failed authentication.
fn refused<T>(result: Result<T>) -> String {
    let Err(error) = result else { panic!("accepted") };
    assert_eq!((error.code, &*error.diagnostic), (ResultCode::INVALID_CREDENTIALS, AUTHENTICATION_FAILED), "{error:?}");
    error.reason.unwrap().into_owned()
}

/// The code of any other refusal.
fn code<T>(result: Result<T>) -> ResultCode {
    let Err(error) = result else { panic!("accepted") };
    error.code
}

fn secret(octets: impl AsRef<[u8]>) -> Option<Secret> {
    Some(Secret::new(octets.as_ref()))
}

fn id(text: &str) -> Option<Text> {
    Some(Text(text.to_owned()))
}

type Attributes = &'static [(&'static str, &'static str)];

const PEOPLE: &[(&str, Attributes)] = &[
    (BASE, &[("objectClass", "domain"), ("dc", "example")]),
    ("ou=people,dc=example,dc=com", &[("objectClass", "organizationalUnit"), ("ou", "people")]),
    ("ou=services,dc=example,dc=com", &[("objectClass", "organizationalUnit"), ("ou", "services")]),
    (KIM, &[("objectClass", "inetOrgPerson"), ("uid", "kim"), ("cn", "Kim"), ("sn", "Kim")]),
    (
        ADMIN,
        &[
            ("objectClass", "inetOrgPerson"),
            ("uid", "admin"),
            ("cn", "Admin"),
            ("sn", "Admin"),
            ("ds-privilege-name", "password-reset"),
        ],
    ),
    (SERVICE, &[("objectClass", "account"), ("uid", "wiki")]),
];

fn open_store(folder: &Path) -> (Embedded, Arc<Schema>) {
    let settings = Settings { map_size: 64 << 20, ..Settings::default() };
    let opened = Opened::open(folder, &settings).unwrap();
    let ids: Arc<AttributeIds> = opened.attribute_ids();
    let schema = Arc::new(Schema::standard(ids));
    let indexes = Indexes::build(&schema, [("uid", [Kind::Equality].as_slice())]).unwrap();
    let suffixes = vec![DnKey::parse(BASE, &schema).unwrap(), device_tree::top_key(&schema)];
    (opened.start(Arc::clone(&schema), indexes, suffixes).unwrap(), schema)
}

/// Waits until nothing runs that somebody left behind.
async fn quiet() {
    let left_behind = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    while left_behind() > 0 {
        tokio::task::yield_now().await;
    }
}

/// The embedded store, which counts the writes it took, and can be told to refuse them, to say that somebody else was faster, and to
/// let everybody wait.
struct FailingStore {
    store: Arc<Embedded>,
    broken: AtomicBool,
    applied: AtomicU64,
    /// So many writes find that somebody else was faster.
    conflicts: AtomicU64,
    /// Every answer is one to be waited for, as over a network.
    slow: AtomicBool,
}

impl FailingStore {
    fn new(store: Embedded) -> Self {
        let (broken, slow) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { store: Arc::new(store), broken, slow, applied: AtomicU64::new(0), conflicts: AtomicU64::new(0) }
    }
}

impl Store for FailingStore {
    fn find<'a>(&'a self, key: &'a DnKey) -> Answer<'a, Result<Option<EntryId>, StoreError>> {
        self.store.find(key)
    }

    fn read<'a>(
        &'a self,
        target: Target<'a>,
        with_factors: bool,
        reader: &'a mut (dyn FnMut(Found<'_>) + Send),
    ) -> Answer<'a, Result<bool, StoreError>> {
        if self.slow.load(Ordering::SeqCst) {
            return Answer::later(async move {
                tokio::task::yield_now().await;
                self.store.read(target, with_factors, reader).await
            });
        }
        self.store.read(target, with_factors, reader)
    }

    fn search<'a>(
        &'a self,
        query: &'a Query<'a>,
        from: Option<&'a Position>,
        visitor: &'a mut (dyn FnMut(Found<'_>) -> Step + Send),
    ) -> Answer<'a, Result<Progress, StoreError>> {
        self.store.search(query, from, visitor)
    }

    fn apply(&self, changes: Vec<Change>) -> Answer<'static, Result<Applied, StoreError>> {
        if self.broken.load(Ordering::SeqCst) {
            return Answer::Ready(Some(Err(StoreError::Full)));
        }
        self.applied.fetch_add(1, Ordering::SeqCst);
        let fewer = |left: u64| left.checked_sub(1);
        if self.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok() {
            let store = Arc::clone(&self.store);
            return Answer::later(async move {
                store.apply(vec![Change::Stranger { record: vec![0] }]).await.map(drop)?;
                Err(StoreError::Conflict)
            });
        }
        self.store.apply(changes)
    }

    fn last_change(&self) -> u64 {
        self.store.last_change()
    }

    fn fence(&self) -> u64 {
        self.store.fence()
    }

    fn statistics(&self) -> Answer<'_, Result<Statistics, StoreError>> {
        self.store.statistics()
    }

    fn backup<'a>(&'a self, to: &'a Path) -> Answer<'a, Result<(), StoreError>> {
        self.store.backup(to)
    }
}
