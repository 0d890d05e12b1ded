//! The database, whichever of the two it is, and one connection to it.

use std::ops::{Deref, DerefMut};

use guildhall_domain::{Error, Result};

use super::{Row, Statement, Value, postgres, sqlite};

/// Where the rows are.
pub(crate) enum Db {
    /// One file; reads run inline on the caller's thread.
    Sqlite(sqlite::File),
    /// A server; connections are proved alive and writable when taken.
    Postgres(postgres::Server),
}

/// One connection.
pub(crate) enum Conn {
    Sqlite(sqlite::Client),
    Postgres(postgres::Client),
}

/// A connection lent for reading; it goes home by itself.
pub(crate) struct Reader<'d> {
    conn: Option<Conn>,
    db: &'d Db,
    _permit: Option<tokio::sync::SemaphorePermit<'d>>,
}

impl Db {
    /// A connection for reading. Waits while all are lent; reads never queue behind the writer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub(crate) async fn reader(&self) -> Result<Reader<'_>> {
        Ok(match self {
            Self::Sqlite(file) => {
                let (conn, permit) = file.reader().await?;
                Reader { conn: Some(Conn::Sqlite(conn)), db: self, _permit: Some(permit) }
            }
            Self::Postgres(server) => {
                Reader { conn: Some(Conn::Postgres(server.connection().await?)), db: self, _permit: None }
            }
        })
    }

    /// The connection that the writer writes with.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database does not answer.
    pub(crate) async fn writer(&self) -> Result<Conn> {
        Ok(match self {
            Self::Sqlite(file) => Conn::Sqlite(file.writer()?),
            Self::Postgres(server) => Conn::Postgres(server.connection().await?),
        })
    }

    /// Counts what there is, after much has come in: until PostgreSQL has, it plans as if every table were nearly empty,
    /// and its own counting comes a minute later. SQLite has been told once and for all what to expect.
    pub(crate) async fn count(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(server) => {
                let mut conn = server.connection().await?;
                for words in ["begin", "set local statement_timeout = 60000", "analyze", "commit"] {
                    conn.words(words).await?;
                }
                Ok(())
            }
        }
    }

    /// `SQLite` or `PostgreSQL`.
    pub(crate) fn kind(&self) -> &'static str {
        if self.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    /// Is it the one-file database, which one process writes at a time?
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

impl Deref for Reader<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        // Taken only in `drop`, after which nobody can ask.
        self.conn.as_ref().unwrap_or_else(|| unreachable!("a reader outlived its connection"))
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn.as_mut().unwrap_or_else(|| unreachable!("a reader outlived its connection"))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let (Some(Conn::Sqlite(conn)), Db::Sqlite(file)) = (self.conn.take(), self.db) {
            file.give_back(conn);
        }
    }
}

impl Conn {
    /// Every row that `statement` answers, each read by `read`.
    pub(crate) async fn rows<T>(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match self {
            Self::Sqlite(conn) => sqlite::rows(conn, statement, values, read),
            Self::Postgres(client) => {
                let rows = postgres::query(client, statement, values).await?;
                rows.iter().map(|row| read(Row::Postgres(row))).collect()
            }
        }
    }

    /// The first row that `statement` answers, if any.
    pub(crate) async fn row<T>(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
        read: impl FnOnce(Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        match self {
            Self::Sqlite(conn) => sqlite::row(conn, statement, values, read),
            Self::Postgres(client) => {
                let rows = postgres::query(client, statement, values).await?;
                rows.first().map(|row| read(Row::Postgres(row))).transpose()
            }
        }
    }

    /// Runs a statement that answers no rows; how many rows it changed.
    pub(crate) async fn run(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64> {
        match self {
            Self::Sqlite(conn) => sqlite::run(conn, statement, values),
            Self::Postgres(client) => postgres::execute(client, statement, values).await,
        }
    }

    /// Runs one statement for each of many sets of values, in order and sent together; how many rows each changed.
    pub(crate) async fn run_each(&mut self, statement: &Statement, sets: &[Vec<Value<'_>>]) -> Result<Vec<u64>> {
        match self {
            Self::Sqlite(conn) => sets.iter().map(|values| sqlite::run(conn, statement, values)).collect(),
            Self::Postgres(client) => postgres::execute_each(client, statement, sets).await,
        }
    }

    /// Asks one question for each of many sets of values, in order and sent together; the rows of each.
    pub(crate) async fn rows_each<T>(
        &mut self,
        statement: &Statement,
        sets: &[Vec<Value<'_>>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<Vec<T>>> {
        match self {
            Self::Sqlite(conn) => sets.iter().map(|values| sqlite::rows(conn, statement, values, &mut read)).collect(),
            Self::Postgres(client) => postgres::query_each(client, statement, sets)
                .await?
                .iter()
                .map(|rows| rows.iter().map(|row| read(Row::Postgres(row))).collect())
                .collect(),
        }
    }

    /// Runs bare words such as `savepoint`, which take no values.
    pub(crate) async fn words(&mut self, words: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::words(conn, words),
            Self::Postgres(client) => client.words(words).await,
        }
    }

    /// Tells that a load of many rows begins, or has ended.
    pub(crate) fn loading(&mut self, begins: bool) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::loading(conn, begins),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Tells that nearly all there is will be read, once, or that this has ended.
    pub(crate) fn reading_all(&mut self, begins: bool) -> Result<()> {
        match self {
            Self::Sqlite(conn) => sqlite::mapped(conn, !begins),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Makes the reads that follow see one state, until [`Self::end_snapshot`] or the connection goes home.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<()> {
        let words = match self {
            Self::Sqlite(_) => "begin",
            Self::Postgres(_) => "begin isolation level repeatable read read only",
        };
        self.words(words).await
    }

    /// Ends what [`Self::begin_snapshot`] began.
    pub(crate) async fn end_snapshot(&mut self) -> Result<()> {
        self.words("commit").await
    }
}

/// A text made safe to stand inside a `like` pattern with `escape '\'`.
pub(crate) fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// A fault of the database that passes by itself, told to the caller without our insides.
pub(crate) fn away(cause: impl std::fmt::Display) -> Error {
    tracing::warn!(%cause, "the database cannot be used");
    Error::Unavailable { why: "the database cannot be used at the moment".into(), retry_after: 2 }
}
