//! Statements about many keys at once: a round trip for each of 100,000 ids would cost PostgreSQL half a minute.
//!
//! A text is spelled twice from one template: for one key, and for [`MANY`]. Questions are parted by `union all`, not
//! put into one `in (…)`: each part is then planned as the question about one key is, also where PostgreSQL has no
//! statistics yet and would read a whole company for a list. Where fewer keys are left the last is named again.
//! SQLite, which is asked without a round trip, gets the text for one key, as often as there are keys.

use guildhall_domain::Result;

use super::{Conn, Row, Statement, Value};

/// Keys that one statement has room for.
pub(crate) const MANY: usize = 64;
/// So many keys are still asked about one by one.
const FEW: usize = 8;

/// A text in which one part is repeated, each `#` of it numbered on from `first`.
pub(crate) struct Template {
    pub times: usize,
    pub head: &'static str,
    pub part: &'static str,
    pub between: &'static str,
    pub first: usize,
    pub tail: &'static str,
}

impl Template {
    /// The bytes it is spelled in.
    pub(crate) const fn length(&self) -> usize {
        self.write(&mut [])
    }

    /// The text itself.
    pub(crate) const fn spell<const N: usize>(&self) -> [u8; N] {
        let mut text = [0; N];
        self.write(&mut text);
        text
    }

    /// Writes as far as `to` goes, and tells how far it would.
    const fn write(&self, to: &mut [u8]) -> usize {
        let mut at = copy(self.head.as_bytes(), to, 0);
        let (mut number, mut time) = (self.first, 0);
        while time < self.times {
            if time > 0 {
                at = copy(self.between.as_bytes(), to, at);
            }
            let (part, mut i) = (self.part.as_bytes(), 0);
            while i < part.len() {
                if part[i] == b'#' {
                    at = copy(b"$", to, at);
                    at = digits(number, to, at);
                    number += 1;
                } else {
                    at = copy(&[part[i]], to, at);
                }
                i += 1;
            }
            time += 1;
        }
        copy(self.tail.as_bytes(), to, at)
    }
}

const fn copy(from: &[u8], to: &mut [u8], at: usize) -> usize {
    let mut i = 0;
    while i < from.len() {
        if at + i < to.len() {
            to[at + i] = from[i];
        }
        i += 1;
    }
    at + from.len()
}

const fn digits(number: usize, to: &mut [u8], at: usize) -> usize {
    let at = if number >= 10 { digits(number / 10, to, at) } else { at };
    copy(&[b'0' + (number % 10) as u8], to, at)
}

/// Spells a text: `repeated!(MANY, "… values ", "($1, #)", ", ", 2, " …")` numbers its rows from `$2` to `$65`.
macro_rules! repeated {
    ($times:expr, $head:expr, $part:expr, $between:expr, $first:expr, $tail:expr) => {{
        const TEMPLATE: $crate::store::many::Template = $crate::store::many::Template {
            times: $times,
            head: $head,
            part: $part,
            between: $between,
            first: $first,
            tail: $tail,
        };
        const TEXT: [u8; TEMPLATE.length()] = TEMPLATE.spell();
        match std::str::from_utf8(&TEXT) {
            Ok(text) => text,
            Err(_) => panic!("not UTF-8"),
        }
    }};
}
pub(crate) use repeated;

/// The pieces of `all` that fill a statement for many, each filled up to [`MANY`] by its last, and the few that are
/// better asked about one by one.
fn pieces<T: Clone>(all: &[T]) -> (Vec<Vec<T>>, &[T]) {
    let rest = all.len() % MANY;
    let few = if rest <= FEW { rest } else { 0 };
    let (many, few) = all.split_at(all.len() - few);
    let full =
        |piece: &[T]| piece.iter().chain(std::iter::repeat(&piece[piece.len() - 1])).take(MANY).cloned().collect();
    (many.chunks(MANY).map(full).collect(), few)
}

impl Conn {
    /// Asks about all `keys`, each the values of one repeated part: `one` has room for one of them, `many` for
    /// [`MANY`], both behind the `fixed` values. The rows that come back, in no order; some of them twice.
    pub(crate) async fn rows_of_many<'v, T>(
        &mut self,
        (one, many): (&Statement, &Statement),
        fixed: &[Value<'v>],
        keys: &[Vec<Value<'v>>],
        mut read: impl FnMut(Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let (full, few) = if matches!(self, Self::Sqlite(_)) { (Vec::new(), keys) } else { pieces(keys) };
        let bound = |keys: &[Vec<Value<'v>>]| -> Vec<Value<'v>> {
            fixed.iter().chain(keys.iter().flatten()).cloned().collect()
        };
        let full: Vec<_> = full.iter().map(|piece| bound(piece)).collect();
        let few: Vec<_> = few.iter().map(|key| bound(std::slice::from_ref(key))).collect();
        let mut rows = self.rows_each(many, &full, &mut read).await?;
        rows.extend(self.rows_each(one, &few, &mut read).await?);
        Ok(rows.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{MANY, pieces};

    #[test]
    fn spells_and_numbers_each_part() {
        const ROWS: &str = repeated!(11, "values ", "($1, #, #)", ", ", 2, " end");
        assert!(ROWS.starts_with("values ($1, $2, $3), ($1, $4, $5), "), "{ROWS}");
        assert!(ROWS.ends_with(", ($1, $20, $21), ($1, $22, $23) end"), "{ROWS}");
        assert_eq!(repeated!(1, "", "select #", " union all ", 2, ""), "select $2");
    }

    #[test]
    fn cuts_into_full_pieces_and_a_few() {
        let cut = |n: usize| {
            let all: Vec<usize> = (0..n).collect();
            let (full, few) = pieces(&all);
            assert!(full.iter().all(|piece| piece.len() == MANY));
            let mut told: Vec<usize> = full.iter().flatten().chain(few).copied().collect();
            told.dedup();
            assert_eq!(told, all);
            (full.len(), few.len())
        };
        assert_eq!(
            [0, 1, 8, 9, 64, 65, 73, 128].map(cut),
            [(0, 0), (0, 1), (0, 8), (1, 0), (1, 0), (1, 1), (2, 0), (2, 0)]
        );
    }
}
