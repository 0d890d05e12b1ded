//! What every listing becomes, whichever dialect asked.

/// Ascending or descending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum From<K> {
    /// At the first row.
    #[default]
    Start,
    /// Behind the row with this key: neither skips nor repeats rows when others come and go.
    After(K),
    /// Behind this many rows.
    Offset(u64),
}

/// One page asked for.
#[derive(Clone, Debug)]
pub struct Ask<K> {
    /// Where it begins.
    pub from: From<K>,
    /// The most rows it may hold.
    pub limit: u32,
    /// Should the number of all rows be counted as well?
    pub total: bool,
}

impl<K> Ask<K> {
    /// The first `limit` rows, uncounted.
    pub fn first(limit: u32) -> Self {
        Self { from: From::Start, limit, total: false }
    }
}

/// One page given.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// The rows, in order.
    pub items: Vec<T>,
    /// The key of the last row, when more rows follow it.
    pub next: Option<K>,
    /// The number of all rows, when asked for.
    pub total: Option<u64>,
}

impl<T, K> Page<T, K> {
    /// The page made of `rows`, of which one more than `limit` was read where more follow.
    pub fn cut(mut rows: Vec<T>, limit: u32, total: Option<u64>, key: impl FnOnce(&T) -> K) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next, total }
    }

    /// The same page with each row changed by `f`.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next, total: self.total }
    }

    /// As [`Self::map`], where `f` may fail.
    ///
    /// # Errors
    /// The first failure.
    pub fn try_map<U, E>(self, f: impl FnMut(T) -> Result<U, E>) -> Result<Page<U, K>, E> {
        let items = self.items.into_iter().map(f).collect::<Result<_, E>>()?;
        Ok(Page { items, next: self.next, total: self.total })
    }
}
