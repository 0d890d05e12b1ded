//! Page tokens: where a search goes on, and which search it was.
//!
//! Opaque to clients. A token carries a sum of what was searched for, so that it cannot be taken to another search, and
//! the page's size, so that it need not be told again.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guildhall_domain::page::{Ask, From, Page};
use guildhall_domain::{Error, Result, Timestamp};

use super::wire::{PageRequest, PageResponse};
use crate::http::cursor::Cursor;

/// Results of a page when nothing is said.
const USUAL: u32 = 100;
/// Results of a page at most.
const MOST: u32 = 1000;
/// The longest token that is looked at.
const LONGEST: usize = 16 * 1024;

/// One search and the page of it that is wanted.
pub(super) struct Paging {
    sum: String,
    limit: u32,
    total: bool,
}

fn wrong() -> Error {
    Error::invalid("page.token", "is not one that this search gave")
}

/// What tells searches apart: the instant and every text that decides what is found.
fn sum(at: Option<Timestamp>, parts: &[&str]) -> String {
    let mut sum = digest::Context::new(&digest::SHA256);
    sum.update(&at.map_or([0; 8], |at| at.micros().to_be_bytes()));
    for part in parts {
        sum.update(&(part.len() as u64).to_be_bytes());
        sum.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(&sum.finish().as_ref()[..12])
}

impl Paging {
    /// What `page` asks of the search that `parts` make up.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `page.token` when it is of another search; on `page.limit` when it changed on the way.
    pub(super) fn read<K: Cursor>(
        page: Option<&PageRequest>,
        at: Option<Timestamp>,
        parts: &[&str],
    ) -> Result<(Self, Ask<K>)> {
        let sum = sum(at, parts);
        let asked = page.and_then(|page| page.limit).map(|limit| limit.min(MOST.into()) as u32);
        let total = page.and_then(|page| page.properties.as_ref()?.0.total).unwrap_or(false);
        // The first page has no token, or an empty one: what the last page gave.
        let Some(token) = page.and_then(|page| page.token.as_deref()).filter(|token| !token.is_empty()) else {
            let limit = asked.unwrap_or(USUAL);
            return Ok((Self { sum, limit, total }, Ask { from: From::Start, limit: limit.max(1), total }));
        };
        let bytes = (token.len() <= LONGEST).then(|| URL_SAFE_NO_PAD.decode(token).ok()).flatten().ok_or_else(wrong)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        let mut fields = text.splitn(3, ' ');
        let (Some(of), Some(limit), Some(cursor)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(wrong());
        };
        let limit: u32 = limit.parse().map_err(|_| wrong())?;
        if of != sum || limit > MOST {
            return Err(wrong());
        }
        if asked.is_some_and(|asked| asked != limit) {
            return Err(Error::invalid("page.limit", "must be what it was for the page before"));
        }
        let from = if cursor.is_empty() { From::Start } else { From::After(K::parse(cursor).map_err(|_| wrong())?) };
        Ok((Self { sum, limit, total }, Ask { from, limit: limit.max(1), total }))
    }

    /// The page's results and where it stands. A page of no results at all says whether there would be any.
    pub(super) fn told<T, K: Cursor>(self, page: Page<T, K>) -> (PageResponse, Vec<T>) {
        let Page { mut items, next, total } = page;
        let next = if self.limit == 0 {
            let more = !items.is_empty();
            items.clear();
            more.then(String::new)
        } else {
            next.map(|key| key.write())
        };
        let token = |cursor: String| URL_SAFE_NO_PAD.encode(format!("{} {} {cursor}", self.sum, self.limit));
        let next_token = next.map(token).unwrap_or_default();
        (PageResponse { next_token, count: items.len(), total: total.filter(|_| self.total) }, items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_on_in_its_own_search_alone() {
        let (paging, _) =
            Paging::read::<u64>(Some(&PageRequest { limit: Some(2), ..Default::default() }), None, &["a", "b"])
                .unwrap();
        let (page, items) = paging.told(Page { items: vec![1, 2], next: Some(7_u64), total: None });
        assert_eq!((items, page.count), (vec![1, 2], 2));
        let next = |token: &str, limit, parts: &[&str]| {
            let page = PageRequest { token: Some(token.into()), limit, properties: None };
            Paging::read::<u64>(Some(&page), None, parts).map(|(_, ask)| (ask.from, ask.limit))
        };
        let token = page.next_token;
        assert_eq!(next(&token, None, &["a", "b"]).unwrap(), (From::After(7), 2));
        assert_eq!(next(&token, Some(2), &["a", "b"]).unwrap(), (From::After(7), 2));
        assert!(next(&token, Some(3), &["a", "b"]).is_err());
        assert!(next(&token, None, &["ab", ""]).is_err());
        assert!(next("!", None, &["a", "b"]).is_err() && next(&token[1..], None, &["a", "b"]).is_err());
        assert_eq!(next("", None, &["a", "b"]).unwrap(), (From::Start, 100));
    }

    #[test]
    fn no_results_at_all_may_be_asked_for() {
        let (paging, ask) =
            Paging::read::<u64>(Some(&PageRequest { limit: Some(0), ..Default::default() }), None, &[]).unwrap();
        assert_eq!(ask.limit, 1);
        let (page, items) = paging.told(Page { items: vec![1], next: None::<u64>, total: None });
        assert!(items.is_empty() && page.count == 0 && !page.next_token.is_empty());
    }
}
