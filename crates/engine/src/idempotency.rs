//! The same `Idempotency-Key` with the same request has one effect and one answer, also across a crash: the answer
//! is kept in the transaction of the change.

use std::any::Any;

use guildhall_domain::{Error, Result};

use crate::secrets::same;
use crate::store::answers;
use crate::writer::Tx;

/// Seconds for which answers are kept.
pub(crate) const KEPT_SECONDS: i64 = 48 * 3600;

/// Answers the call from what is kept, where the key was used before.
///
/// # Errors
/// [`Error::Replay`] with the answer, or [`Error::KeyReused`] when the request was another one.
pub(crate) async fn ask(tx: &mut Tx) -> Result<()> {
    let Some((once, key)) = tx.caller().once.clone().zip(tx.caller().key) else { return Ok(()) };
    let company = tx.company();
    match answers::get(tx, company, key, &once.key).await? {
        None => Ok(()),
        Some((request, answer)) if same(&request, &once.request) => Err(Error::Replay(answer)),
        Some(_) => Err(Error::KeyReused),
    }
}

/// Keeps the answer to the call, where it carried a key.
pub(crate) async fn keep(tx: &mut Tx, value: &dyn Any, revision: u64) -> Result<()> {
    let Some((once, key)) = tx.caller().once.clone().zip(tx.caller().key) else { return Ok(()) };
    let answer = (once.seal)(value, revision).ok_or_else(|| Error::internal("an answer that cannot be kept"))?;
    let (company, now) = (tx.company(), tx.now());
    answers::insert(tx, company, key, &once.key, &once.request, &answer, now).await
}
