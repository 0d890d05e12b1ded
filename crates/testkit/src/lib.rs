//! For tests only: both databases by turns, a server to call, a clock that stands still.

pub mod active_directory;
pub mod client;
pub mod ldap;
pub mod mailbox;
pub mod model;
pub mod postgres;
pub mod receiver;
pub mod seed;

use std::path::PathBuf;
use std::sync::Arc;

use guildhall_domain::Timestamp;
use guildhall_domain::caller::{Access, Caller, Dialect};
use guildhall_domain::connection::{Adopt, NewConnection};
use guildhall_domain::ids::{CompanyId, ConnectionId};
use guildhall_engine::{Clock, Engine, Options, Secret};
use guildhall_server::app::App as Server;
use guildhall_server::config::{Http, Limits};
use guildhall_server::http::listen;
use guildhall_server::http::reach::Reach;
use guildhall_server::http::stop::CancellationToken;
use uuid::Uuid;

pub use client::{Client, Reply};
pub use mailbox::Mailbox;
pub use receiver::Receiver;
pub use seed::Who;

/// The master key of every test, in the form of `GUILDHALL_MASTER_KEY`.
pub const MASTER_KEY: &str = "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q";

/// Where the standing clock stands at first.
pub const START: &str = "2026-11-20T09:00:00Z";

/// Where a test's rows are; gone with it.
#[derive(Debug)]
pub enum Place {
    /// A file in a directory of its own.
    Sqlite(tempfile::TempDir),
    /// A database of its own on the test run's server.
    Postgres(postgres::TestDatabase),
}

impl Place {
    /// An empty SQLite file.
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary directory"))
    }

    /// An empty PostgreSQL database.
    pub async fn postgres() -> Self {
        Self::Postgres(postgres::database().await)
    }

    /// The address, as `--database` takes it.
    pub fn database(&self) -> String {
        match self {
            Self::Sqlite(directory) => format!("sqlite:{}", directory.path().join("test.db").display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(directory) => Some(directory.path().join("test.db")),
            Self::Postgres(_) => None,
        }
    }

    /// An engine on these rows with this clock.
    pub async fn engine(&self, clock: Clock) -> Engine {
        let options =
            Options { master_key: Some(MASTER_KEY.into()), connections: 8, clock, ..Options::new(self.database()) };
        Engine::open(options).await.expect("an engine")
    }
}

/// One server on one database, filled with what [`seed`] tells.
pub struct App {
    /// Where its rows are.
    pub place: Arc<Place>,
    /// Its engine, for what no dialect can do.
    pub engine: Engine,
    /// Its clock, which stands still.
    pub clock: Clock,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    pub(crate) seed: seed::Seed,
    pub(crate) names: client::Names,
    http: reqwest::Client,
    server: Server,
    stop: CancellationToken,
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Runs the same story on SQLite and on PostgreSQL.
pub async fn on_both(story: impl AsyncFn(App)) {
    for place in [Place::sqlite(), Place::postgres().await] {
        eprintln!("-- on {}", place.kind());
        story(App::start(place).await).await;
    }
}

/// Runs the same story on an empty engine of each database.
pub async fn on_both_engines(story: impl AsyncFn(Engine, Clock)) {
    for place in [Place::sqlite(), Place::postgres().await] {
        eprintln!("-- on {}", place.kind());
        let clock = standing();
        story(place.engine(clock.clone()).await, clock).await;
    }
}

/// A reach that may call receivers of this machine as well.
pub fn loopback() -> Reach {
    Reach::new(["127.0.0.0/8".parse().expect("a network")])
}

/// A clock that stands at [`START`].
pub fn standing() -> Clock {
    Clock::standing(Timestamp::parse("start", START).expect("a time"))
}

/// The server's own hand in a company.
pub fn operator(engine: &Engine, company: CompanyId) -> Caller {
    Caller::operator(company, Dialect::Cli, engine.clock().id())
}

impl App {
    /// A seeded server on `place`.
    pub async fn start(place: Place) -> Self {
        Self::with(place, Limits::default()).await
    }

    /// A seeded server on `place` with limits of its own.
    pub async fn with(place: Place, limits: Limits) -> Self {
        Self::reaching(place, limits, loopback()).await
    }

    /// A seeded server on `place` that may call what `reach` says.
    pub async fn reaching(place: Place, limits: Limits, reach: Reach) -> Self {
        let clock = standing();
        let engine = place.engine(clock.clone()).await;
        let seed = seed::plant(&engine).await;
        Self::on(Arc::new(place), engine, clock, seed, limits, reach).await
    }

    /// A second node on the same PostgreSQL database, with the same seed and clock.
    pub async fn twin(&self) -> Self {
        let engine = self.place.engine(self.clock.clone()).await;
        Self::on(
            Arc::clone(&self.place),
            engine,
            self.clock.clone(),
            self.seed.clone(),
            Limits::default(),
            self.server.reach().clone(),
        )
        .await
    }

    async fn on(
        place: Arc<Place>,
        engine: Engine,
        clock: Clock,
        seed: seed::Seed,
        limits: Limits,
        reach: Reach,
    ) -> Self {
        // The second of two tests in one process finds the provider installed already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let settings = Http {
            listen: String::new(),
            tls_cert: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
            limits: limits.clone(),
        };
        let door = listen::tcp("127.0.0.1:0", None, &limits).await.expect("a port");
        let url = door.url().to_owned();
        let server = Server::reaching(engine.clone(), limits, reach);
        let stop = CancellationToken::new();
        tokio::spawn(door.serve(guildhall_server::api::service(&server, &settings), stop.clone()));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let names = client::Names::new(&seed);
        Self { place, engine, clock, url, seed, names, http, server, stop }
    }

    /// What every handler and job of this node shares.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The id of a seeded user, group or company: `ada`, `eng`, `northwind` …
    ///
    /// # Panics
    /// When nothing of that name is seeded.
    pub fn id(&self, name: &str) -> Uuid {
        self.seed.ids.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("nothing seeded is called {name}")).1
    }

    /// The company that all but [`Who::Foreign`] and [`Who::Platform`] belong to.
    pub fn company(&self) -> CompanyId {
        CompanyId::new(self.id("northwind"))
    }

    /// Who's key, with its secret.
    pub fn key(&self, who: Who) -> &Secret {
        self.seed.key(who)
    }

    /// A new key of a seeded user.
    pub async fn new_key(&self, user: &str, access: Access) -> Secret {
        let new = guildhall_engine::NewKey {
            user: Some(self.id(user).into()),
            name: None,
            access,
            connection: None,
            expires_at: None,
        };
        self.engine.create_key(&operator(&self.engine, self.company()), new).await.expect("a key").value
    }

    /// A new connection of kind `scim`, with a key of the administrator's that stands for it: its id and
    /// the key's token.
    pub async fn connect(&self, name: &str, one_way: bool, adopt: Adopt) -> (ConnectionId, String) {
        let hand = operator(&self.engine, self.company());
        let new = NewConnection {
            id: None,
            name: name.into(),
            kind: "scim".into(),
            owner: None,
            one_way: Some(one_way),
            adopt: Some(adopt),
            settings: None,
            secret: None,
            brake_members: None,
            brake_percent: None,
        };
        let id = self.engine.create_connection(&hand, new).await.expect("a connection").value.id;
        let new = guildhall_engine::NewKey {
            user: Some(self.id("ada").into()),
            name: None,
            access: Access::Write,
            connection: Some(id),
            expires_at: None,
        };
        (id, self.engine.create_key(&hand, new).await.expect("a key").value.token())
    }

    /// A client that presents this bearer token.
    pub fn token(&self, token: &str) -> Client<'_> {
        self.bearer().by(Who::Nobody).with("authorization", format!("Bearer {token}"))
    }

    /// A client that presents the administrator's key in two headers, as Cakewalk's do.
    pub fn cakewalk(&self) -> Client<'_> {
        Client::new(self, client::Manner::TwoHeaders)
    }

    /// A client that presents the administrator's key as a bearer token, as every other dialect's do.
    pub fn bearer(&self) -> Client<'_> {
        Client::new(self, client::Manner::Bearer)
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Every event of the company so far: kind and actor, in order.
    pub async fn events(&self) -> Vec<guildhall_engine::Entry> {
        self.engine.events(&operator(&self.engine, self.company()), 0, None, 1000).await.expect("events")
    }
}
