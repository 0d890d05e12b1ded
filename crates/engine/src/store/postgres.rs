//! PostgreSQL: a pool whose connections are proved alive and writable when taken.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::future::try_join_all;
use guildhall_domain::{Error, Result};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use super::db::away;
use super::{Statement, Value};

/// Sets sent together before their answers are awaited: bounds the memory of a bulk change.
const TOGETHER: usize = 500;

/// The longest wait for a connection that works.
const PATIENCE: Duration = Duration::from_secs(4);

/// One connection of the pool. One that is given up inside a transaction does not go back: what it held is rolled
/// back as it closes.
pub(crate) struct Client {
    object: Option<Object>,
    open: bool,
}

impl std::ops::Deref for Client {
    type Target = Object;
    fn deref(&self) -> &Object {
        // Taken only in `drop`, after which nobody can ask.
        self.object.as_ref().unwrap_or_else(|| unreachable!("a connection was used after it was given back"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(object) = self.object.take().filter(|_| self.open) {
            let _closes = Object::take(object);
        }
    }
}

impl Client {
    /// Runs bare words, and notes whether they leave a transaction open.
    pub(crate) async fn words(&mut self, words: &str) -> Result<()> {
        self.open |= words.starts_with("begin");
        self.batch_execute(words).await.map_err(|e| error(&e))?;
        self.open &= !matches!(words, "commit" | "rollback");
        Ok(())
    }
}

/// The server and its pool.
pub(crate) struct Server {
    pool: Pool,
}

impl Server {
    /// A pool for `url` (`postgres://…`), of at most `size` connections. Connects when first asked.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `url` is not a connection string.
    pub(crate) fn new(url: &str, size: usize) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|e| Error::invalid("database", format!("is not a PostgreSQL address: {e}")))?;
        config.application_name("guildhall");
        config.connect_timeout(Duration::from_secs(3));
        config.keepalives_idle(Duration::from_secs(30));
        // A statement or an idle transaction that outlives its caller must not hold locks.
        let options = config.get_options().map_or_else(String::new, |given| format!("{given} "));
        config.options(format!(
            "{options}-c statement_timeout=5000 -c idle_in_transaction_session_timeout=60000 -c lock_timeout=4000"
        ));
        // `prefer`, the default of the address form, would encrypt without knowing to whom: either plain, on a
        // network that is trusted, or `sslmode=require`, verified against the system's roots.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Disable);
        }
        let mut roots = rustls::RootCertStore::empty();
        if config.get_ssl_mode() == SslMode::Require {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let manager = Manager::from_config(
            config,
            tokio_postgres_rustls::MakeRustlsConnect::new(tls),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let short = Some(Duration::from_secs(5));
        let pool = Pool::builder(manager)
            .max_size(size)
            .timeouts(Timeouts { wait: short, create: short, recycle: short })
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(Error::internal)?;
        Ok(Self { pool })
    }

    /// A connection that answers and may write. After a failover pooled connections stay on the read-only side:
    /// such a one is thrown away, as is one that is dead, and another is taken.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none can be had within [`PATIENCE`].
    pub(crate) async fn connection(&self) -> Result<Client> {
        tokio::time::timeout(PATIENCE, self.proved()).await.unwrap_or_else(|_| Err(away("no connection in time")))
    }

    async fn proved(&self) -> Result<Client> {
        let mut last = None;
        for _ in 0..=self.pool.status().size.min(16) {
            let client = self.pool.get().await.map_err(away)?;
            let proof = client.simple_query("show transaction_read_only");
            match tokio::time::timeout(Duration::from_secs(1), proof).await {
                Ok(Ok(answer)) if writable(&answer) => return Ok(Client { object: Some(client), open: false }),
                Ok(Ok(_)) => last = Some("the server is read-only".to_owned()),
                Ok(Err(e)) => last = Some(e.to_string()),
                Err(_) => last = Some("the server does not answer".to_owned()),
            }
            let _dead = Object::take(client);
        }
        Err(away(last.unwrap_or_else(|| "no connection".into())))
    }

    /// Measures how far the database's clock is ahead of `local`, in microseconds.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub(crate) async fn measure_offset(&self, local: impl Fn() -> i64) -> Result<i64> {
        let client = self.connection().await?;
        let before = local();
        let row = client
            .query_one("select (extract(epoch from clock_timestamp()) * 1000000)::bigint", &[])
            .await
            .map_err(|e| error(&e))?;
        let theirs: i64 = row.get(0);
        let offset = theirs - (before + local()) / 2;
        Ok(offset)
    }

    /// Connections in use and open, for metrics.
    pub(crate) fn usage(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size.saturating_sub(status.available), status.size)
    }
}

fn writable(answer: &[tokio_postgres::SimpleQueryMessage]) -> bool {
    answer
        .iter()
        .any(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(row) if row.get(0) == Some("off")))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(n) => n.to_sql(ty, out),
            Self::Bool(b) => b.to_sql(ty, out),
            Self::Text(s) => s.as_ref().to_sql(ty, out),
            Self::Bytes(b) => b.as_ref().to_sql(ty, out),
            Self::Id(id) => id.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::BOOL | Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

fn bound<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|v| v as _).collect()
}

pub(crate) async fn query(
    client: &Client,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Vec<tokio_postgres::Row>> {
    let prepared = client.prepare_cached(statement.postgres).await.map_err(|e| error(&e))?;
    client.query(&prepared, &bound(values)).await.map_err(|e| error(&e))
}

pub(crate) async fn execute(client: &Client, statement: &Statement, values: &[Value<'_>]) -> Result<u64> {
    let prepared = client.prepare_cached(statement.postgres).await.map_err(|e| error(&e))?;
    client.execute(&prepared, &bound(values)).await.map_err(|e| error(&e))
}

pub(crate) async fn execute_each(client: &Client, statement: &Statement, sets: &[Vec<Value<'_>>]) -> Result<Vec<u64>> {
    let prepared = client.prepare_cached(statement.postgres).await.map_err(|e| error(&e))?;
    let mut changed = Vec::with_capacity(sets.len());
    for some in sets.chunks(TOGETHER) {
        let sent = some.iter().map(|values| {
            let prepared = &prepared;
            async move { client.execute(prepared, &bound(values)).await }
        });
        changed.extend(try_join_all(sent).await.map_err(|e| error(&e))?);
    }
    Ok(changed)
}

pub(crate) async fn query_each(
    client: &Client,
    statement: &Statement,
    sets: &[Vec<Value<'_>>],
) -> Result<Vec<Vec<tokio_postgres::Row>>> {
    let prepared = client.prepare_cached(statement.postgres).await.map_err(|e| error(&e))?;
    let mut answers = Vec::with_capacity(sets.len());
    for some in sets.chunks(TOGETHER) {
        let sent = some.iter().map(|values| {
            let prepared = &prepared;
            async move { client.query(prepared, &bound(values)).await }
        });
        answers.extend(try_join_all(sent).await.map_err(|e| error(&e))?);
    }
    Ok(answers)
}

/// What a fault of PostgreSQL means to the caller.
pub(crate) fn error(e: &tokio_postgres::Error) -> Error {
    let Some(code) = e.code() else {
        // No code: the connection itself failed, or a value did not fit its statement.
        return if e.is_closed() || std::error::Error::source(e).is_some_and(|s| s.is::<std::io::Error>()) {
            away(e)
        } else {
            Error::internal(detail(e))
        };
    };
    let passing =
        matches!(&code.code()[..2], "08" | "53" | "57" | "25" | "58" | "40") || *code == SqlState::LOCK_NOT_AVAILABLE;
    if passing { away(detail(e)) } else { Error::internal(detail(e)) }
}

fn detail(e: &tokio_postgres::Error) -> String {
    e.as_db_error().map_or_else(
        || format!("{e}: {:?}", std::error::Error::source(e)),
        |db| format!("{} ({})", db.message(), db.code().code()),
    )
}
