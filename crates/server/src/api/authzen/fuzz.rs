//! For fuzzing: everything of this dialect that reads what a client wrote.

use guildhall_domain::ids::{RoleId, UserId};
use guildhall_domain::page::{From as Place, Page};
use guildhall_domain::{Result, Timestamp};
use guildhall_engine::GroupKey;
use http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;

use super::error::Failure;
use super::question::{People, Whole, instant};
use super::token::Paging;
use super::wire::{ActionSearch, Evaluation, Evaluations, PageRequest, ResourceSearch, SubjectSearch};
use crate::fuzz::settled;
use crate::http::body;
use crate::http::cursor::Cursor;

fn json<T: DeserializeOwned>(bytes: &[u8], then: impl FnOnce(T) -> Result<()>) {
    let typed = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if let Some(ask) = settled(body::parse::<T>(&typed, bytes).map_err(Failure::from)) {
        settled(then(ask).map_err(Failure::from));
    }
}

/// A token that is read is written as one that leads to the same place.
fn token<K: Cursor + Clone + PartialEq + std::fmt::Debug>(text: &str) {
    let page = |token: &str| PageRequest { token: Some(token.into()), ..PageRequest::default() };
    let Ok((paging, ask)) = Paging::read::<K>(Some(&page(text)), None, &[]) else { return };
    let Place::After(place) = ask.from else { return };
    let (told, _) = paging.told(Page { items: vec![()], next: Some(place.clone()), total: None });
    // A page of no results begins anew; every other goes on where it was.
    if let Ok((_, again)) = Paging::read::<K>(Some(&page(&told.next_token)), None, &[])
        && let Place::After(again) = again.from
    {
        assert_eq!(again, place);
    }
}

/// Tries bodies and tokens on the same bytes.
pub(crate) fn read(bytes: &[u8]) {
    let (now, nobody) = (Timestamp::MAX, People::default());
    json(bytes, |one: Evaluation| {
        Whole::of(&one, &one, now, "")?.question(&nobody);
        Ok(())
    });
    json(bytes, |many: Evaluations| {
        let (defaults, list, _) = many.split();
        for (i, one) in list.iter().enumerate() {
            let at = format!("evaluations[{i}].");
            if let Some(whole) = settled(Whole::of(one, &defaults, now, &at).map_err(Failure::from)) {
                whole.question(&nobody);
            }
        }
        Ok(())
    });
    json(bytes, |ask: SubjectSearch| {
        let at = instant(ask.context.as_ref().map(|context| &context.0), now, "context")?;
        let parts = [ask.subject.0.checked("subject")?, ask.action.0.checked("action")?.name];
        Paging::read::<UserId>(ask.page.as_ref().map(|page| &page.0), at, &parts).map(drop)
    });
    json(bytes, |ask: ResourceSearch| {
        let at = instant(ask.context.as_ref().map(|context| &context.0), now, "context")?;
        let parts = [ask.subject.0.checked("subject")?.id, ask.resource.0.checked("resource")?];
        let page = ask.page.as_ref().map(|page| &page.0);
        drop(Paging::read::<RoleId>(page, at, &parts));
        Paging::read::<GroupKey>(page, at, &parts).map(drop)
    });
    json(bytes, |ask: ActionSearch| {
        let at = instant(ask.context.as_ref().map(|context| &context.0), now, "context")?;
        let parts = [ask.subject.0.checked("subject")?.id, ask.resource.0.checked("resource")?.id];
        Paging::read::<u64>(ask.page.as_ref().map(|page| &page.0), at, &parts).map(drop)
    });
    if let Ok(text) = std::str::from_utf8(bytes) {
        token::<UserId>(text);
        token::<GroupKey>(text);
        token::<u64>(text);
    }
}
