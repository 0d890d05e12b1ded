//! Pages of lists: what is asked, and how many there are.

use guildhall_domain::page::Order;
use guildhall_domain::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::scalars::{Object, Whole, missing, wire_words};

/// C3-7: the most rows of one answer.
pub(crate) const MOST: u32 = 10_000;
/// The most filter objects of one call: each costs a look at every row.
pub(crate) const FILTERS: usize = 100;
/// The most ids in all filters of one call.
pub(crate) const IDS: usize = 10_000;

wire_words! {
    /// Smallest or largest first, in lists of groups and members.
    SortOrder {
        /// Smallest first.
        Asc = "ASC",
        /// Largest first.
        Desc = "DESC",
    }
}

impl From<SortOrder> for Order {
    fn from(order: SortOrder) -> Self {
        match order {
            SortOrder::Asc => Self::Ascending,
            SortOrder::Desc => Self::Descending,
        }
    }
}

/// Which page is asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
pub(crate) struct PaginationRequest {
    /// Rows to skip.
    #[serde(default)]
    #[schema(value_type = Option<u64>, default = 0)]
    offset: Option<Whole>,
    /// Rows to answer, 1 to 10,000.
    #[serde(default)]
    #[schema(value_type = Option<u32>, default = 100, minimum = 1, maximum = 10000)]
    limit: Option<Whole>,
}

/// How many rows there are before paging.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaginationResponse {
    pub(crate) total_num_results: u64,
}

/// A checked page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Rows to skip.
    pub(crate) offset: u64,
    /// Rows to answer.
    pub(crate) limit: u32,
}

impl Slice {
    /// The page asked for where `pagination` must be sent.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it was not, or its limit is out of range.
    pub(crate) fn required(asked: Option<Object<PaginationRequest>>) -> Result<Self> {
        Self::of(asked.ok_or_else(|| missing("pagination"))?.0)
    }

    /// The page asked for where `pagination` may be left out.
    ///
    /// # Errors
    /// [`Error::Invalid`] where its limit is out of range.
    pub(crate) fn optional(asked: Option<Object<PaginationRequest>>) -> Result<Self> {
        Self::of(asked.unwrap_or_default().0)
    }

    fn of(asked: PaginationRequest) -> Result<Self> {
        let limit = asked.limit.map_or(100, |limit| limit.0);
        let limit = u32::try_from(limit).ok().filter(|limit| (1..=MOST).contains(limit));
        let limit = limit.ok_or_else(|| Error::invalid("pagination.limit", "must be 1 to 10000"))?;
        Ok(Self { offset: asked.offset.map_or(0, |offset| offset.0), limit })
    }

    /// The rows of this page, and how many there are of all.
    pub(crate) fn cut<T>(self, rows: Vec<T>) -> (Vec<T>, u64) {
        let total = rows.len() as u64;
        let skip = usize::try_from(self.offset).unwrap_or(usize::MAX);
        (rows.into_iter().skip(skip).take(self.limit as usize).collect(), total)
    }
}

/// Refuses more filters than a call may have.
///
/// # Errors
/// [`Error::TooMany`] on `filters`.
pub(crate) fn few(filters: usize, ids: usize) -> Result<()> {
    for (n, limit) in [(filters, FILTERS), (ids, IDS)] {
        if n > limit {
            return Err(Error::TooMany { field: "filters".into(), limit: limit as u64 });
        }
    }
    Ok(())
}
