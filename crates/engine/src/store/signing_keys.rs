//! Rows of the RSA keys that sign for Cakewalk receivers.

use guildhall_domain::ids::{CompanyId, KeyId};
use guildhall_domain::{Result, Timestamp};

use super::{Conn, sql, val};

sql! {
    LIST = "select key_id, secret, public_key, created_at, signs_from from signing_keys where company_id = $1 and key_id > $2 order by key_id";
    INSERT = "insert into signing_keys (company_id, key_id, secret, public_key, created_at, signs_from) values ($1, $2, $3, $4, $5, $6)";
    DELETE = "delete from signing_keys where company_id = $1 and key_id = $2";
}

/// A key pair, its private half sealed.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub id: KeyId,
    pub secret: Vec<u8>,
    /// The public half: X.509 SubjectPublicKeyInfo, DER.
    pub public: Vec<u8>,
    pub created_at: Timestamp,
    pub signs_from: Timestamp,
}

/// The keys of a company, oldest first. There are two or three at most.
pub(crate) async fn list(conn: &mut Conn, company: CompanyId) -> Result<Vec<Pair>> {
    conn.rows(&LIST, &[val(company), val(KeyId::NIL)], |row| {
        Ok(Pair {
            id: row.id(0)?,
            secret: row.bytes(1)?,
            public: row.bytes(2)?,
            created_at: row.time(3)?,
            signs_from: row.time(4)?,
        })
    })
    .await
}

/// Makes the row of a key.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, pair: &Pair) -> Result<()> {
    let values = [
        val(company),
        val(pair.id),
        val(&pair.secret[..]),
        val(&pair.public[..]),
        val(pair.created_at),
        val(pair.signs_from),
    ];
    conn.run(&INSERT, &values).await.map(drop)
}

/// Removes a key that signs no more.
pub(crate) async fn delete(conn: &mut Conn, company: CompanyId, id: KeyId) -> Result<()> {
    conn.run(&DELETE, &[val(company), val(id)]).await.map(drop)
}
