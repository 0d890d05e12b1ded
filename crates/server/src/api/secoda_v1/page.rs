//! Pages by number and the envelope around them (`reference/secoda-v1.md` §6).

use axum::extract::FromRequestParts;
use guildhall_domain::page::{Ask, From, Page};
use http::request::Parts;
use http::uri::Authority;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::Failure;
use crate::http::peer::Origin;
use crate::http::query;

/// How many items a page holds unless `page_size` says so.
const USUAL: u32 = 50;
/// The most that `page_size` can ask for.
const MOST: u32 = 100;

#[derive(Deserialize)]
struct Query {
    page: Option<String>,
    page_size: Option<String>,
}

/// The page asked for, and where it was asked.
#[derive(Clone, Debug)]
pub(super) struct Paged {
    number: u32,
    size: u32,
    /// Did `page_size` count? Then the links repeat it.
    sized: bool,
    /// The listing's own address, without a query.
    address: String,
}

impl<S: Sync> FromRequestParts<S> for Paged {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let asked: Query = query::query(&parts.uri).map_err(Failure::Query)?;
        let (number, size) = (number(asked.page.as_deref())?, asked.page_size.as_deref().and_then(size));
        let address = address(parts.extensions.get::<Origin>(), parts.uri.path());
        Ok(Self { number, size: size.unwrap_or(USUAL), sized: size.is_some(), address })
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The first page is 1. No listing has as many pages as the largest number there is, so a larger one is as good as it.
fn number(text: Option<&str>) -> Result<u32, Failure> {
    match text {
        None => Ok(1),
        Some(text) if digits(text) => match text.parse().unwrap_or(u32::MAX) {
            0 => Err(Failure::Page),
            number => Ok(number),
        },
        Some(_) => Err(Failure::Page),
    }
}

/// SE-5: a size beyond 1 to 100 counts as not given.
fn size(text: &str) -> Option<u32> {
    digits(text).then(|| text.parse().ok()).flatten().filter(|size| (1..=MOST).contains(size))
}

/// SE-6: the scheme and host of the request. Without a usable host the path has to do.
fn address(origin: Option<&Origin>, path: &str) -> String {
    let host = origin.and_then(|origin| origin.host.as_deref().filter(|host| host.parse::<Authority>().is_ok()));
    match (origin, host) {
        (Some(origin), Some(host)) => format!("{}://{host}{path}", origin.scheme),
        _ => path.to_owned(),
    }
}

impl Paged {
    /// The rows to ask the engine for.
    pub(super) fn ask<K>(&self) -> Ask<K> {
        let before = u64::from(self.number - 1) * u64::from(self.size);
        Ask { from: From::Offset(before), limit: self.size, total: true }
    }

    fn link(&self, number: u64) -> String {
        let size = if self.sized { format!("&page_size={}", self.size) } else { String::new() };
        format!("{}?page={number}{size}", self.address)
    }
}

/// Where the neighbouring pages are.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Links {
    /// The address of the next page; null on the last.
    #[schema(required = true, example = "https://groups.example.test/api/v1/auth/group?page=3")]
    next: Option<String>,
    /// The address of the page before; null on the first.
    #[schema(required = true, example = "https://groups.example.test/api/v1/auth/group?page=1")]
    previous: Option<String>,
}

/// The numbers of this page and its neighbours.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Meta {
    /// This page; the first is 1.
    #[schema(example = 2)]
    page: u64,
    #[schema(required = true, example = 1)]
    previous_page: Option<u64>,
    #[schema(required = true, example = 3)]
    next_page: Option<u64>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed<T> {
    links: Links,
    meta: Meta,
    /// All items, not only those of this page.
    #[schema(example = 121)]
    count: u64,
    #[schema(example = 3)]
    total_pages: u64,
    results: Vec<T>,
}

impl<T> Listed<T> {
    /// The envelope around the items of a page, which were made of `page`'s rows.
    ///
    /// # Errors
    /// [`Failure::Page`] when there is no such page.
    pub(super) fn of<R, K>(paged: &Paged, page: &Page<R, K>, results: Vec<T>) -> Result<Self, Failure> {
        let (number, size) = (u64::from(paged.number), u64::from(paged.size));
        // Rows and their number are read one after the other: what was seen is never counted out.
        let seen = (number - 1) * size + results.len() as u64 + u64::from(page.next.is_some());
        let count = match page.total {
            Some(total) if results.is_empty() => total,
            total => total.unwrap_or(0).max(seen),
        };
        let total_pages = count.div_ceil(size).max(1);
        if number > total_pages {
            return Err(Failure::Page);
        }
        let (next, previous) = ((number < total_pages).then_some(number + 1), number.checked_sub(1).filter(|n| *n > 0));
        Ok(Self {
            links: Links { next: next.map(|n| paged.link(n)), previous: previous.map(|n| paged.link(n)) },
            meta: Meta { page: number, previous_page: previous, next_page: next },
            count,
            total_pages,
            results,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paged(number: u32, size: u32) -> Paged {
        Paged { number, size, sized: size != USUAL, address: "http://h/x".into() }
    }

    fn told(number: u32, size: u32, total: u64, rows: usize) -> Option<(Option<String>, Option<String>, u64)> {
        let page = Page { items: vec![(); rows], next: None::<()>, total: Some(total) };
        let listed = Listed::of(&paged(number, size), &page, vec![(); rows]).ok()?;
        Some((listed.links.previous, listed.links.next, listed.total_pages))
    }

    #[test]
    fn pages_end_where_the_rows_do() {
        let link = |n: u32| Some(format!("http://h/x?page={n}"));
        assert_eq!(told(1, 50, 0, 0), Some((None, None, 1)));
        assert_eq!(told(2, 50, 0, 0), None);
        assert_eq!(told(1, 50, 50, 50), Some((None, None, 1)));
        assert_eq!(told(1, 50, 51, 50), Some((None, link(2), 2)));
        assert_eq!(told(2, 50, 121, 50), Some((link(1), link(3), 3)));
        assert_eq!(told(3, 50, 121, 21), Some((link(2), None, 3)));
        assert_eq!(told(4, 50, 121, 0), None);
        assert_eq!(told(u32::MAX, 100, 121, 0), None);
        assert_eq!(told(2, 7, 15, 7).unwrap().1.unwrap(), "http://h/x?page=3&page_size=7");
        assert_eq!(paged(u32::MAX, 100).ask::<()>().from, From::Offset(429_496_729_400));
    }

    #[test]
    fn numbers_are_digits_and_sizes_have_bounds() {
        for wrong in ["", "0", "00", "-1", "+1", " 1", "1.0", "last", "٣", "0x1"] {
            assert!(number(Some(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(number(None).ok(), Some(1));
        assert_eq!(number(Some("007")).ok(), Some(7));
        assert_eq!(number(Some("99999999999999999999999999")).ok(), Some(u32::MAX));
        assert_eq!(
            ["1", "100", "0", "101", "-5", "", "9999999999"].map(size),
            [Some(1), Some(100), None, None, None, None, None]
        );
    }

    #[test]
    fn links_name_the_host_that_was_asked() {
        let origin = |host: Option<&str>| Origin {
            client: std::net::Ipv4Addr::LOCALHOST.into(),
            scheme: "https",
            host: host.map(str::to_owned),
        };
        assert_eq!(address(Some(&origin(Some("h:8443"))), "/a"), "https://h:8443/a");
        assert_eq!(address(Some(&origin(Some("not a host"))), "/a"), "/a");
        assert_eq!(address(Some(&origin(None)), "/a"), "/a");
    }
}
