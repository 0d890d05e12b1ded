//! For fuzzing: everything of this dialect that reads what a client wrote.

use axum::response::IntoResponse;
use guildhall_domain::Timestamp;
use guildhall_domain::ids::{CompanyId, GroupId, KeyId, RequestId, UserId};
use guildhall_engine::{EndingKey, GroupKey, UserKey};
use http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;

use super::error::{self, Failure};
use super::etag::IfMatch;
use super::extract::{FromBody, Json, Maybe, NoBody, ask};
use super::{once, wire};
use crate::fuzz::{self, uri};
use crate::http::cursor::Cursor;
use crate::http::query::query;

fn settled<T>(outcome: Result<T, Failure>) -> Option<T> {
    fuzz::settled(outcome.map_err(|failure| error::settled(failure.into_response(), RequestId::NIL)))
}

fn json<T: DeserializeOwned + Send, U>(bytes: &[u8], then: impl FnOnce(T) -> guildhall_domain::Result<U>) {
    if let Some(Json(body)) = settled(Json::<T>::read(&typed(), bytes)) {
        settled(then(body).map_err(Failure::from));
    }
}

fn typed() -> HeaderMap {
    HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/merge-patch+json"))])
}

fn asked<T: DeserializeOwned, U>(bytes: &[u8], then: impl FnOnce(T) -> guildhall_domain::Result<U>) {
    if let Some(query) = uri(bytes).and_then(|uri| settled(query::<T>(&uri).map_err(Failure::from))) {
        settled(then(query).map_err(Failure::from));
    }
}

fn page<K: Cursor>(query: wire::ListPlain) -> guildhall_domain::Result<()> {
    ask::<K>(query.limit, query.cursor.as_deref(), query.total).map(drop)
}

/// Tries bodies, queries and headers on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    json(bytes, |new: wire::NewCompany| new.command(None));
    json(bytes, |edit: wire::EditCompany| Ok(edit.command()));
    json(bytes, wire::NewUser::command);
    json(bytes, |mut edit: wire::EditUser| {
        if let Some(patch) = edit.take_attributes() {
            drop(wire::merged("{\"a\":{\"b\":1}}", &patch));
        }
        edit.command()
    });
    json(bytes, wire::NewGroup::command);
    json(bytes, |edit: wire::EditGroup| Ok(edit.command()));
    json(bytes, |change: wire::ChangeMembers| change.command(GroupId::NIL, false));
    json(bytes, wire::SetOwners::command);
    json(bytes, wire::NewKey::command);
    json(bytes, |checks: wire::Checks| checks.questions(|_, at| Ok(at)));
    json(bytes, |back: wire::PutBack| back.command());
    json(bytes, wire::EditReason::command);
    json(bytes, |_: wire::TryRule| Ok(()));
    json(bytes, |_: wire::PreviewRule| Ok(()));
    if let Some(Maybe(terms)) = settled(Maybe::<wire::AddTerms>::read(&typed(), bytes)) {
        settled(terms.window().map_err(Failure::from));
    }
    json(bytes, |new: wire::NewConflict| Ok(new.command()));
    json(bytes, |edit: wire::EditConflict| Ok(edit.command()));
    json(bytes, wire::NewReview::command);
    json(bytes, wire::EditReview::command);
    json(bytes, |decide: wire::DecideRow| decide.command(None));
    json(bytes, wire::DecideManyRows::command);
    json(bytes, |close: wire::CloseReviewBody| close.command());
    json(bytes, wire::EditTeam::command);
    settled(Maybe::<wire::Rotation>::read(&typed(), bytes));
    settled(NoBody::read(&typed(), bytes));
    asked(bytes, |list: wire::ListGroups| {
        ask::<GroupKey>(list.limit, list.cursor.as_deref(), list.total)?;
        list.filter()
    });
    asked(bytes, |list: wire::ListUsers| {
        ask::<UserKey>(list.limit, list.cursor.as_deref(), list.total)?;
        list.filter()
    });
    asked(bytes, |list: wire::ListMembers| {
        ask::<UserId>(list.limit, list.cursor.as_deref(), list.total)?;
        wire::instant("at", list.at.as_deref())
    });
    asked(bytes, |explain: wire::Explain| wire::instant("at", explain.at.as_deref()));
    asked(bytes, |nested: wire::ListNested| wire::instant("at", nested.at.as_deref()));
    asked(bytes, |at: wire::At| at.instant());
    asked(bytes, |between: wire::Between| between.instants());
    asked(bytes, |list: wire::ListEndings| {
        ask::<EndingKey>(list.limit, list.cursor.as_deref(), None)?;
        list.before(Timestamp::from_micros(0))
    });
    asked(bytes, |list: wire::ListReviews| list.filter());
    asked(bytes, |list: wire::ListReviewRows| list.filter());
    asked(bytes, |explain: wire::Explain| explain.about());
    asked(bytes, page::<UserId>);
    asked(bytes, page::<KeyId>);
    asked(bytes, page::<CompanyId>);
    asked(bytes, |_: wire::ListEvents| Ok(()));
    asked(bytes, |_: wire::Erase| Ok(()));
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers: HeaderMap = [(header::IF_MATCH, value.clone())].into_iter().collect();
        settled(IfMatch::read(&headers).map_err(Failure::from));
        let headers: HeaderMap = [(http::HeaderName::from_static("idempotency-key"), value)].into_iter().collect();
        settled(once::key(&headers).map_err(Failure::from));
    }
}
