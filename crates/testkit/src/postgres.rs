//! A private PostgreSQL for tests: one server a test run, one database a test.
//!
//! `with-postgres` starts the server once and hands its address to the tests in [`VARIABLE`]. A test process that
//! finds no address there starts a server of its own at its first question. Either way a keeper process outlives its
//! owner by as long as it takes to stop the server and remove its files, however the owner ended.

use std::{
    env, fs,
    net::TcpListener,
    os::unix::{
        fs::chown,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// The environment variable that holds the address of the server to use: a `postgres://…` URL of a database to connect
/// to while others are made and dropped, as a user who may do so.
pub const VARIABLE: &str = "GUILDHALL_TEST_POSTGRES";

const USER: &str = "guildhall";

/// Waits for its standard input to close, which it does however the owner ends, then clears up.
const KEEPER: &str = r#"
trap '' HUP INT TERM
directory=$1; shift
"$@" </dev/null >"$directory/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
rm -rf -- "$directory"
"#;

/// An empty database, or a copy of a template, for one test. It is dropped with the guard.
#[derive(Debug)]
pub struct TestDatabase {
    maintenance: String,
    name: String,
    url: String,
}

/// A new database without a single table in it.
///
/// # Panics
/// When there is no PostgreSQL to be had; the message says what to install or set.
pub async fn database() -> TestDatabase {
    clone_of("template0").await.expect("make an empty database")
}

/// A new database with what `build` put into the template of this name. The first caller on a server builds it, in
/// whichever process that is; the others wait and copy. Put a hash of what `build` does into the name where a server
/// outlives a change of it. A `build` that panics leaves no template behind.
///
/// # Panics
/// When there is no PostgreSQL to be had; the message says what to install or set.
pub async fn database_from(template: &str, build: impl AsyncFnOnce(&str)) -> TestDatabase {
    let template = template_of(template, build).await.expect("build the template database");
    clone_of(&template).await.expect("copy the template database")
}

impl TestDatabase {
    /// Where the database is: `postgres://user:password@127.0.0.1:port/name`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let maintenance = self.maintenance.clone();
        let sql = format!("drop database if exists {} with (force)", self.name);
        // The test's own runtime may be on its way out, and cannot be waited for from here.
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async { anyhow::Ok(connect(&maintenance).await?.batch_execute(&sql).await?) })
        });
        if let Ok(Err(why)) = dropped.join() {
            eprintln!("the test database {} was not dropped: {why:#}", self.name);
        }
    }
}

/// A running PostgreSQL with its files below the system's temporary directory. Both go when this is dropped.
#[derive(Debug)]
pub struct Server {
    url: String,
    keeper: Child,
    directory: PathBuf,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and waits until it takes connections.
    ///
    /// # Errors
    /// When no PostgreSQL is found or it does not start; the message says why and what to do.
    pub fn start() -> Result<Self> {
        Self::start_with(&["fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off"])
    }

    /// Starts a server that keeps what it has acknowledged, as one in earnest does; for measurements.
    ///
    /// # Errors
    /// When no PostgreSQL is found or it does not start; the message says why and what to do.
    pub fn start_durable() -> Result<Self> {
        Self::start_with(&[])
    }

    fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = programs()?;
        let account = account()?;
        // Between finding a port free and listening on it somebody else may have taken it.
        Self::attempt(&programs, account, settings).or_else(|_| Self::attempt(&programs, account, settings))
    }

    /// The process from which all others of this server come.
    ///
    /// # Errors
    /// When the server is gone.
    pub fn process(&self) -> Result<u32> {
        let state = fs::read_to_string(self.directory.join("data/postmaster.pid")).context("PostgreSQL is gone")?;
        state.lines().next().and_then(|line| line.trim().parse().ok()).context("PostgreSQL has no process id")
    }

    /// A program that came with this PostgreSQL, such as `psql`, if it is there.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let programs = programs().ok()?;
        // What is found by way of a link lies among its like.
        let home = fs::canonicalize(programs.join("initdb")).ok()?;
        [programs.join(name), home.with_file_name(name)].into_iter().find(|path| path.is_file())
    }

    /// A superuser's URL of the database `postgres`, fit for [`VARIABLE`].
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn attempt(programs: &Path, account: Option<Account>, settings: &[&str]) -> Result<Self> {
        let directory =
            tempfile::Builder::new().prefix("guildhall-pg-").tempdir().context("make a directory for PostgreSQL")?;
        let (path, data) = (directory.path(), directory.path().join("data"));
        // Not for the tests: on a shared machine a superuser without a password is everybody's.
        let password = Uuid::new_v4().simple().to_string();
        let password_file = path.join("password");
        fs::write(&password_file, &password)?;
        if let Some(account) = account {
            chown(path, Some(account.user), Some(account.group))?;
            chown(&password_file, Some(account.user), Some(account.group))?;
        }

        // A default collation that sorts as people do finds every `order by` that forgot to ask for the byte order.
        let collations: [&[&str]; 2] = [&["--locale=C", "--locale-provider=icu", "--icu-locale=en"], &["--locale=C"]];
        let initdb = |collation: &[&str]| {
            let mut initdb = Command::new(programs.join("initdb"));
            initdb.args([
                "--encoding=UTF8",
                "--no-sync",
                "--auth-local=trust",
                "--auth-host=password",
                "--username",
                USER,
            ]);
            initdb.args(collation).arg("--pwfile").arg(&password_file).arg("--pgdata").arg(&data);
            run(as_account(&mut initdb, account).current_dir(path))
        };
        initdb(collations[0]).or_else(|_| initdb(collations[1]))?;

        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(path).arg(programs.join("postgres")).arg("-D").arg(&data);
        for setting in [
            &format!("port={port}"),
            "listen_addresses=127.0.0.1",
            &format!("unix_socket_directories={}", path.display()),
            "max_connections=200",
            "jit=off",
            "timezone=UTC",
        ]
        .iter()
        .chain(settings)
        {
            keeper.args(["-c", setting]);
        }
        // A group of its own, so that Ctrl-C at the terminal reaches the owner and not the keeper.
        as_account(&mut keeper, account).process_group(0).current_dir(path).env("LC_ALL", "C");
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self {
            url: format!("postgres://{USER}:{password}@127.0.0.1:{port}/postgres"),
            keeper: keeper.spawn().context("start PostgreSQL")?,
            directory: directory.keep(),
        };
        server.wait_until_ready(&data)?;
        Ok(server)
    }

    fn wait_until_ready(&self, data: &Path) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            if log.contains("FATAL:") || Instant::now() > patience {
                bail!("PostgreSQL did not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        // The keeper may lack the right to remove the directory itself, when it runs as another user.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// How a shell would put it: the exit code, or 128 and the number of the signal.
#[must_use]
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Whom PostgreSQL runs as when we are root, which it refuses to be.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

fn account() -> Result<Option<Account>> {
    let id = |flag: &str, user: &[&str]| -> Option<u32> {
        let output = Command::new("id").arg(flag).args(user).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id("-u", &[]).context("ask `id` who we are")? != 0 {
        return Ok(None);
    }
    let known = ["postgres", "nobody"].into_iter();
    let mut accounts = known.filter_map(|name| Some(Account { user: id("-u", &[name])?, group: id("-g", &[name])? }));
    Ok(Some(accounts.next().context("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")?))
}

/// The standard library clears root's supplementary groups along with setting the user.
fn as_account(command: &mut Command, account: Option<Account>) -> &mut Command {
    match account {
        Some(account) => command.uid(account.user).gid(account.group),
        None => command,
    }
}

/// The directory that holds `initdb` and `postgres`.
fn programs() -> Result<PathBuf> {
    let chosen = env::var_os("PG_BIN").map(PathBuf::from);
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let mut installed = Vec::new();
    for version in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        let number = version.file_name().to_string_lossy().parse::<u32>().unwrap_or_default();
        installed.push((number, version.path().join("bin")));
    }
    installed.sort();
    let newest_first = installed.into_iter().rev().map(|(_, path)| path);
    let complete = |path: &PathBuf| path.join("initdb").is_file() && path.join("postgres").is_file();
    match chosen {
        Some(path) => {
            ensure!(complete(&path), "PG_BIN is {}, which lacks initdb or postgres", path.display());
            Ok(path)
        }
        None => on_path.into_iter().chain(newest_first).find(complete).context(
            "these tests need PostgreSQL: install it (Debian: apt-get install postgresql), set PG_BIN to the directory \
             of its initdb, or set GUILDHALL_TEST_POSTGRES to the URL of a server to make databases on",
        ),
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("run {:?}", command.get_program()))?;
    ensure!(
        output.status.success(),
        "{:?} failed:\n{}{}",
        command.get_program(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Ok(())
}

/// The URL of the database to connect to while making others.
fn maintenance() -> Result<String> {
    static OWN: OnceLock<Result<Server, String>> = OnceLock::new();
    match env::var(VARIABLE) {
        Ok(url) => Ok(url),
        // Never dropped, but its keeper sees the process end. A failure is kept: the next try would fail alike.
        Err(_) => match OWN.get_or_init(|| Server::start().map_err(|why| format!("{why:#}"))) {
            Ok(server) => Ok(server.url().to_owned()),
            Err(why) => bail!("{why}"),
        },
    }
}

/// The same server, user and options, another database.
fn with_name(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, None), |(address, options)| (address, Some(options)));
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{}/{name}{options}", &address[..end])
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connect to the test server")?;
    tokio::spawn(connection);
    Ok(client)
}

async fn clone_of(template: &str) -> Result<TestDatabase> {
    let maintenance = maintenance()?;
    let name = format!("test_{}", Uuid::new_v4().simple());
    let client = connect(&maintenance).await?;
    client.batch_execute(&format!("create database {name} template {template}")).await?;
    let url = with_name(&maintenance, &name);
    Ok(TestDatabase { maintenance, name, url })
}

async fn template_of(key: &str, build: impl AsyncFnOnce(&str)) -> Result<String> {
    let maintenance = maintenance()?;
    let key = fnv1a(key);
    let name = format!("template_{key:016x}");
    let client = connect(&maintenance).await?;
    let exists = async || client.query_opt("select 1 from pg_database where datname = $1", &[&name]).await;
    if exists().await?.is_some() {
        return Ok(name);
    }
    // Held until the connection ends, so also when `build` panics.
    client.execute("select pg_advisory_lock($1)", &[&key.cast_signed()]).await?;
    if exists().await?.is_none() {
        let draft = format!("draft_{}", Uuid::new_v4().simple());
        client.batch_execute(&format!("create database {draft} template template0")).await?;
        build(&with_name(&maintenance, &draft)).await;
        // It takes the template's name only when complete, and nobody may be connected to it then or when it is copied.
        client.batch_execute(&format!("alter database {draft} allow_connections false")).await?;
        let end = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1";
        client.query(end, &[&draft]).await?;
        client.batch_execute(&format!("alter database {draft} rename to {name}")).await?;
    }
    Ok(name)
}

/// Any text as the same number in every process: the standard library promises that of no hasher.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn count(database: &TestDatabase) -> Result<i64> {
        Ok(connect(database.url()).await?.query_one("select count(*) from people", &[]).await?.get(0))
    }

    #[tokio::test]
    async fn clones_of_one_template_do_not_see_each_others_rows() -> Result<()> {
        let built = AtomicUsize::new(0);
        let key = Uuid::new_v4().to_string();
        let build = async |url: &str| {
            built.fetch_add(1, Ordering::Relaxed);
            let sql = "create table people (name text); insert into people values ('Ada')";
            connect(url).await.unwrap().batch_execute(sql).await.unwrap();
        };
        let (one, other) = tokio::join!(database_from(&key, &build), database_from(&key, &build));
        connect(one.url()).await?.batch_execute("insert into people values ('Émile'), ('Zoë')").await?;
        assert_eq!((count(&one).await?, count(&other).await?), (3, 1));
        assert_eq!(built.load(Ordering::Relaxed), 1, "the second caller waits for the first one's template");
        Ok(())
    }

    #[tokio::test]
    async fn a_new_database_is_empty_and_goes_with_its_guard() -> Result<()> {
        let database = database().await;
        let client = connect(database.url()).await?;
        let tables = "select count(*) from pg_tables where schemaname = 'public'";
        assert_eq!(client.query_one(tables, &[]).await?.get::<_, i64>(0), 0);
        let url = database.url().to_owned();
        drop(database);
        assert!(connect(&url).await.is_err(), "dropped although somebody was connected");
        Ok(())
    }

    #[test]
    fn another_name_keeps_the_rest_of_the_url() {
        assert_eq!(with_name("postgres://u:p@127.0.0.1:5/postgres", "x"), "postgres://u:p@127.0.0.1:5/x");
        assert_eq!(with_name("postgres://u@h/a?sslmode=disable", "x"), "postgres://u@h/x?sslmode=disable");
        assert_eq!(with_name("postgres://u@h", "x"), "postgres://u@h/x");
    }
}
