//! Listings and searches (RFC 7644 §3.4.2, §3.4.3; cursors of RFC 9865).

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{GroupId, UserId, parse_uuid};
use guildhall_domain::page::{Ask, From};
use guildhall_engine::{Crew, FindCrews, FindPeople, Person};
use scim_v2::filter::{AttrPath, Filter};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Base;
use super::error::{Failure, Kind};
use super::filter::{self, Related};
use super::path::{LONGEST, attribute, resolve};
use super::query::Query;
use super::schema::{Attr, Found, Kind as Takes, Type};
use super::show;
use super::value::{self, Document};
use crate::app::App;

/// How many are read at a time where all must be looked at.
const CHUNK: u32 = 1000;

/// A place in a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// What is sorted by; those that have none come last.
    key: Option<String>,
    id: Uuid,
}

fn write_cursor(query: &Query, place: &Place) -> String {
    let sort = query.sort_by.as_deref().unwrap_or_default().to_ascii_lowercase();
    URL_SAFE_NO_PAD.encode(json!([sort, query.descending, place.key, place.id.to_string()]).to_string())
}

/// The place that a cursor of this listing names; none for the first page.
///
/// # Errors
/// `invalidCursor`.
pub(super) fn read_cursor(query: &Query, text: &str) -> Result<Option<Place>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Failure::bad(Kind::InvalidCursor, "cursor: is not one that this listing gave".to_owned());
    let bytes = (text.len() <= 2 * LONGEST).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten().ok_or_else(wrong)?;
    let (sort, descending, key, id): (String, bool, Option<String>, String) =
        serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let same = sort == query.sort_by.as_deref().unwrap_or_default().to_ascii_lowercase();
    let id = parse_uuid(&id).filter(|_| same && descending == query.descending).ok_or_else(wrong)?;
    Ok(Some(Place { key, id }))
}

/// What a listing is sorted by.
#[derive(Clone, Copy)]
pub(super) struct Sort {
    found: Found,
    part: Option<&'static Attr>,
}

impl Sort {
    /// None for a type that does not know the attribute.
    pub(super) fn read(of: Type, raw: &str) -> Option<Self> {
        let raw = raw.get(..LONGEST).unwrap_or(raw).trim();
        let (found, part) = resolve(of, &attribute(raw)?)?;
        // Of a complex attribute its value; a list that is not read has no order.
        let part = part.or_else(|| found.attr.part("value"));
        let relation = matches!(found.attr.name, "members" | "groups" | "schemas");
        (!relation && (part.is_some() || found.attr.parts().is_empty())).then_some(Self { found, part })
    }

    /// What the document is sorted by; none where it has no such value.
    pub(super) fn key(&self, document: &Document) -> Option<String> {
        let value = value::get(document, self.found)?;
        let one = match value {
            Value::Array(items) => items.iter().find(|item| item["primary"] == true).or_else(|| items.first())?,
            one => one,
        };
        let (by, value) = match self.part {
            Some(part) => (part, one.get(part.name)?),
            None => (self.found.attr, one),
        };
        Some(match value {
            Value::String(text) if by.exact || matches!(by.kind, Takes::Moment) => text.clone(),
            Value::String(text) => guildhall_domain::name::fold(text),
            other => other.to_string(),
        })
    }
}

/// A record before it is shown.
enum Row {
    User(Person),
    Group(Crew),
}

impl Row {
    fn id(&self) -> Uuid {
        match self {
            Self::User(person) => person.user.id.uuid(),
            Self::Group(crew) => crew.group.id.uuid(),
        }
    }

    fn document(&self, base: &Base) -> Document {
        match self {
            Self::User(person) => super::user::document(base, person),
            Self::Group(crew) => super::group::document(base, crew),
        }
    }
}

/// One search, as its parts need it.
struct Search<'a> {
    app: &'a App,
    caller: &'a Caller,
    base: &'a Base,
    query: &'a Query,
}

/// Answers a listing of one type, or of several together.
///
/// # Errors
/// `invalidFilter`, `invalidCursor`, and whatever the engine refuses.
pub(super) async fn answer(
    app: &App,
    caller: &Caller,
    base: &Base,
    of: &[Type],
    query: &Query,
) -> Result<Value, Failure> {
    let search = Search { app, caller, base, query };
    let filter = query.filter.as_deref().map(|raw| filter::read(of, raw)).transpose()?;
    let position = query.cursor.as_deref().map(|text| read_cursor(query, text)).transpose()?;
    let (rows, total, next) = match (of, &filter, &query.sort_by) {
        ([of], None, None) => search.plain(*of, position.as_ref().map(Option::as_ref)).await?,
        _ => search.sifted(of, filter.as_ref(), position.as_ref().map(Option::as_ref)).await?,
    };
    let resources = search.show(rows).await?;
    let mut list = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    });
    match position {
        None => list["startIndex"] = query.start.into(),
        Some(_) => {
            if let Some(next) = next {
                list["nextCursor"] = write_cursor(query, &next).into();
            }
        }
    }
    Ok(list)
}

type Found3 = (Vec<Row>, u64, Option<Place>);

impl Search<'_> {
    /// A listing in the order of ids, as the tables have it.
    async fn plain(&self, of: Type, position: Option<Option<&Place>>) -> Result<Found3, Failure> {
        fn from<T: std::convert::From<Uuid>>(query: &Query, position: Option<Option<&Place>>) -> From<T> {
            match position {
                None => From::Offset(query.start.saturating_sub(1).min(i64::MAX as u64)),
                Some(None) => From::Start,
                Some(Some(place)) => From::After(place.id.into()),
            }
        }
        let (engine, limit) = (self.app.engine(), self.query.count);
        let place = |id: Uuid| Place { key: None, id };
        Ok(match of {
            Type::User => {
                let ask = Ask { from: from::<UserId>(self.query, position), limit, total: true };
                let page = engine.seen_people(self.caller, &ask, true).await?;
                let next = page.next.map(|id| place(id.uuid()));
                (page.items.into_iter().map(Row::User).collect(), page.total.unwrap_or(0), next)
            }
            Type::Group => {
                let ask = Ask { from: from::<GroupId>(self.query, position), limit, total: true };
                let page = engine.seen_crews(self.caller, &ask, true).await?;
                let next = page.next.map(|id| place(id.uuid()));
                (page.items.into_iter().map(Row::Group).collect(), page.total.unwrap_or(0), next)
            }
        })
    }

    /// A listing of what fits a filter, in any order.
    async fn sifted(
        &self,
        of: &[Type],
        filter: Option<&Filter>,
        position: Option<Option<&Place>>,
    ) -> Result<Found3, Failure> {
        let mut hits: Vec<(Place, Type)> = Vec::new();
        let mut known = HashMap::new();
        let by = self.query.sort_by.as_deref();
        for of in of {
            let sort = by.and_then(|raw| Sort::read(*of, raw));
            let related = self.related(*of, filter).await?;
            let mut take = |row: Row, keep: bool| {
                let document = row.document(self.base);
                let id = row.id();
                if filter.is_none_or(|filter| filter::holds(*of, filter, &document, id, &related)) {
                    hits.push((Place { key: sort.as_ref().and_then(|sort| sort.key(&document)), id }, *of));
                    if keep {
                        known.insert(id, row);
                    }
                }
            };
            match filter.and_then(|filter| candidates(*of, filter)) {
                Some(wanted) => {
                    let mut ids = self.candidates(wanted).await?;
                    ids.retain(|id| filter.and_then(|filter| filter::told(*of, filter, *id, &related)) != Some(false));
                    for row in self.rows(*of, &ids).await? {
                        take(row, true);
                    }
                }
                None => self.every(*of, |row| take(row, false)).await?,
            }
        }
        // Those without a key come last, whichever way the others go.
        let descending = self.query.descending;
        let order = |one: &Place, other: &Place| {
            let keys = match (&one.key, &other.key) {
                (Some(one), Some(other)) if descending => other.cmp(one),
                (Some(one), Some(other)) => one.cmp(other),
                (one, other) => other.is_some().cmp(&one.is_some()),
            };
            keys.then_with(|| if descending { other.id.cmp(&one.id) } else { one.id.cmp(&other.id) })
        };
        hits.sort_unstable_by(|(one, _), (other, _)| order(one, other));
        let (total, limit) = (hits.len() as u64, self.query.count as usize);
        let first = match position {
            None => usize::try_from(self.query.start.saturating_sub(1)).unwrap_or(usize::MAX).min(hits.len()),
            Some(None) => 0,
            Some(Some(place)) => hits.partition_point(|(hit, _)| order(hit, place).is_le()),
        };
        let page = &hits[first..hits.len().min(first.saturating_add(limit))];
        let more = first + page.len() < hits.len();
        let next = page.last().filter(|_| more).map(|(place, _)| place.clone());
        let mut missing: HashMap<Type, Vec<Uuid>> = HashMap::new();
        for (place, of) in page.iter().filter(|(place, _)| !known.contains_key(&place.id)) {
            missing.entry(*of).or_default().push(place.id);
        }
        for (of, ids) in missing {
            for row in self.rows(of, &ids).await? {
                known.insert(row.id(), row);
            }
        }
        // Who went away in between is not shown, and still counted.
        let rows = page.iter().filter_map(|(place, _)| known.remove(&place.id)).collect();
        Ok((rows, total, next))
    }

    async fn rows(&self, of: Type, ids: &[Uuid]) -> Result<Vec<Row>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let engine = self.app.engine();
        Ok(match of {
            Type::User => {
                let ids: Vec<UserId> = ids.iter().copied().map(UserId::new).collect();
                engine.people_by_id(self.caller, &ids).await?.into_iter().map(Row::User).collect()
            }
            Type::Group => {
                let ids: Vec<GroupId> = ids.iter().copied().map(GroupId::new).collect();
                engine.crews_by_id(self.caller, &ids).await?.into_iter().map(Row::Group).collect()
            }
        })
    }

    /// The ids that an index finds, each once, in their order.
    async fn candidates(&self, wanted: Wanted) -> Result<Vec<Uuid>, Failure> {
        let (engine, mut ids) = (self.app.engine(), Vec::new());
        match wanted {
            Wanted::People(probes) => {
                for probe in &probes {
                    ids.extend(engine.find_people(self.caller, probe).await?.into_iter().map(UserId::uuid));
                }
            }
            Wanted::Crews(probes) => {
                for probe in &probes {
                    ids.extend(engine.find_crews(self.caller, probe).await?.into_iter().map(GroupId::uuid));
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    /// Shows every row to `take`, some at a time.
    async fn every(&self, of: Type, mut take: impl FnMut(Row)) -> Result<(), Failure> {
        let engine = self.app.engine();
        match of {
            Type::User => {
                let mut ask = Ask::first(CHUNK);
                loop {
                    let page = engine.seen_people(self.caller, &ask, false).await?;
                    page.items.into_iter().for_each(|person| take(Row::User(person)));
                    let Some(next) = page.next else { return Ok(()) };
                    ask.from = From::After(next);
                    // Others get a turn: a large company is looked at for a while.
                    tokio::task::yield_now().await;
                }
            }
            Type::Group => {
                let mut ask = Ask::first(CHUNK);
                loop {
                    let page = engine.seen_crews(self.caller, &ask, false).await?;
                    page.items.into_iter().for_each(|crew| take(Row::Group(crew)));
                    let Some(next) = page.next else { return Ok(()) };
                    ask.from = From::After(next);
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Whom comparisons of `members` or `groups` hold for.
    async fn related(&self, of: Type, filter: Option<&Filter>) -> Result<Related, Failure> {
        let mut values = Vec::new();
        if let Some(filter) = filter {
            filter::relations(filter, &mut values);
        }
        let (mut related, engine) = (Related::new(), self.app.engine());
        for value in values {
            if related.contains_key(&value) {
                continue;
            }
            let ids: HashSet<Uuid> = match (parse_uuid(&value), of) {
                (None, _) => HashSet::new(),
                (Some(id), Type::User) => {
                    let found = engine.find_people(self.caller, &FindPeople::Group(id.into())).await?;
                    found.into_iter().map(UserId::uuid).collect()
                }
                (Some(id), Type::Group) => {
                    let found = engine.find_crews(self.caller, &FindCrews::Member(id)).await?;
                    found.into_iter().map(GroupId::uuid).collect()
                }
            };
            related.insert(value, ids);
        }
        Ok(related)
    }

    async fn show(&self, rows: Vec<Row>) -> Result<Vec<Value>, Failure> {
        let (mut people, mut crews, mut order) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match row {
                Row::User(person) => {
                    order.push(Type::User);
                    people.push(person);
                }
                Row::Group(crew) => {
                    order.push(Type::Group);
                    crews.push(crew);
                }
            }
        }
        let shown = &self.query.shown;
        let mut people = show::people(self.app, self.caller, self.base, &people, shown).await?.into_iter();
        let mut crews = show::crews(self.app, self.caller, self.base, &crews, shown).await?.into_iter();
        let next = |of| if of == Type::User { people.next() } else { crews.next() };
        Ok(order.into_iter().filter_map(next).collect())
    }
}

/// What an index is asked for.
pub(super) enum Wanted {
    People(Vec<FindPeople>),
    Crews(Vec<FindCrews>),
}

/// What an index can find of those that a filter holds for; none where all must be looked at.
pub(super) fn candidates(of: Type, filter: &Filter) -> Option<Wanted> {
    let place = |path: &AttrPath| {
        let (found, part) = resolve(of, path)?;
        let part = part.map(|part| part.name).filter(|part| *part != "value");
        part.is_none().then_some(found.attr.name)
    };
    match of {
        Type::User => {
            let probe = |path: &AttrPath, value: &str| {
                let id = || parse_uuid(value).unwrap_or_default();
                Some(match place(path)? {
                    "id" => FindPeople::Id(id().into()),
                    "userName" => FindPeople::UserName(value.into()),
                    "displayName" => FindPeople::Name(value.into()),
                    "externalId" => FindPeople::ExternalId(value.into()),
                    "groups" => FindPeople::Group(id().into()),
                    _ => return None,
                })
            };
            filter::wanted(filter, &probe).map(Wanted::People)
        }
        Type::Group => {
            let probe = |path: &AttrPath, value: &str| {
                let id = || parse_uuid(value).unwrap_or_default();
                Some(match place(path)? {
                    "id" => FindCrews::Id(id().into()),
                    "displayName" => FindCrews::Name(value.into()),
                    "externalId" => FindCrews::ExternalId(value.into()),
                    "members" => FindCrews::Member(id()),
                    _ => return None,
                })
            };
            filter::wanted(filter, &probe).map(Wanted::Crews)
        }
    }
}
