//! The journal: events, revisions and the hash chain.
//!
//! An entry's hash covers every stored member of it and the hash before. What persons are called stands outside,
//! in a text of its own that the chain knows only by a salted hash: erasing it leaves the chain whole.

use guildhall_domain::caller::Caller;
use guildhall_domain::company::CompanyState;
use guildhall_domain::event::{Event, Fields};
use guildhall_domain::group::Owner;
use guildhall_domain::ids::{CompanyId, RoleId};
use guildhall_domain::role::Scope;
use guildhall_domain::{Error, Result};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::authz::{self, Action};
use crate::secrets::{hash_parts, random};
use crate::store::roles::scope_json;
use crate::store::{companies, events, refusals};
use crate::writer::Tx;
use crate::{Engine, Entry, notices};

/// Members of a user's record that say who the person is; they stand outside the chain.
const PERSONAL: &[&str] = &["name", "givenName", "familyName", "email", "userName", "externalId", "attributes"];

/// Writes `event` as the company's next revision.
pub(crate) async fn append(tx: &mut Tx, event: &Event) -> Result<()> {
    append_all(tx, std::slice::from_ref(event)).await
}

/// Writes `events` as the company's next revisions, sent together.
pub(crate) async fn append_all(tx: &mut Tx, events: &[Event]) -> Result<()> {
    if tx.caller().preview {
        tx.told.extend_from_slice(events);
    }
    let mut entries = Vec::with_capacity(events.len());
    for event in events {
        let entry = entry(tx, event)?;
        tx.touched_mut().add(event, entry.recorded_at);
        let head = tx.head_mut();
        head.revision = entry.revision;
        head.hash.clone_from(&entry.hash);
        head.recorded_at = entry.recorded_at;
        let ruled = head.rules.is_some();
        let conflicts = head.conflicts > 0;
        tx.unsettled.note(event, entry.revision, ruled);
        if conflicts {
            tx.joined.note(event);
        }
        entries.push(entry);
    }
    let company = tx.company();
    events::append(tx, company, &entries).await?;
    for event in events {
        notices::of(tx, event).await?;
    }
    Ok(())
}

/// The event as the line behind the last one.
fn entry(tx: &Tx, event: &Event) -> Result<Entry> {
    let (data, personal) = encode(event);
    let personal = match personal {
        Some(body) => Some((random::<16>()?.to_vec(), body.to_string())),
        None => None,
    };
    let (company, now) = (tx.company(), tx.now());
    let caller: &Caller = tx.caller();
    let mut entry = Entry {
        revision: tx.revision(),
        at: event.at().unwrap_or(now),
        recorded_at: now,
        kind: event.kind().into(),
        subject: event.subject(),
        actor: caller.actor.to_string(),
        key: caller.key,
        dialect: caller.dialect.word().into(),
        request: caller.request,
        cause: None,
        data: data.to_string(),
        personal_hash: personal.as_ref().map(|(salt, body)| hash_parts([&salt[..], body.as_bytes()]).to_vec()),
        hash: Vec::new(),
        personal,
    };
    entry.hash = link(company, &tx.head().hash, &entry).to_vec();
    Ok(entry)
}

/// The hash over an entry and the one before it.
fn link(company: CompanyId, before: &[u8], e: &Entry) -> [u8; 32] {
    hash_parts([
        before,
        company.bytes(),
        &e.revision.to_be_bytes(),
        &e.at.micros().to_be_bytes(),
        &e.recorded_at.micros().to_be_bytes(),
        e.kind.as_bytes(),
        e.subject.as_bytes(),
        e.actor.as_bytes(),
        e.key.as_ref().map_or(&[][..], |key| key.bytes()),
        e.dialect.as_bytes(),
        e.request.bytes(),
        e.cause.as_deref().unwrap_or("").as_bytes(),
        e.data.as_bytes(),
        e.personal_hash.as_deref().unwrap_or(&[]),
    ])
}

pub(crate) fn ids<T: ToString>(list: &[T]) -> Value {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().into()
}

pub(crate) fn owners(list: &[Owner]) -> Value {
    list.iter()
        .map(|owner| match owner {
            Owner::User(id) => json!({"user": id.to_string()}),
            Owner::Group(id) => json!({"group": id.to_string()}),
        })
        .collect()
}

fn grants(list: &[(RoleId, Scope)]) -> Value {
    list.iter().map(|(role, scope)| json!({"role": role.to_string(), "scope": scope_json(scope)})).collect()
}

pub(crate) fn object(fields: &Fields) -> Map<String, Value> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect()
}

/// The event as two JSON objects: what it changed, and what is personal in that.
fn encode(event: &Event) -> (Value, Option<Value>) {
    let data = match event {
        Event::UserCreated { user, fields } | Event::UserUpdated { user, fields } => {
            let (personal, plain): (Map<_, _>, Map<_, _>) =
                object(fields).into_iter().partition(|(name, _)| PERSONAL.contains(&name.as_str()));
            let data = json!({"user": user.to_string(), "fields": plain});
            return (data, (!personal.is_empty()).then(|| personal.into()));
        }
        Event::CompanyCreated { company, fields } | Event::CompanyUpdated { company, fields } => {
            json!({"company": company.to_string(), "fields": object(fields)})
        }
        Event::CompanyArchived { company } => json!({"company": company.to_string()}),
        Event::CompanyImported { company, users, groups, memberships } => {
            json!({"company": company.to_string(), "users": users, "groups": groups, "memberships": memberships})
        }
        Event::UserDeactivated { user } | Event::UserReactivated { user } | Event::UserErased { user } => {
            json!({"user": user.to_string()})
        }
        Event::GroupCreated { group, fields } | Event::GroupUpdated { group, fields } => {
            json!({"group": group.to_string(), "fields": object(fields)})
        }
        Event::GroupArchived { group, purge_at } => {
            json!({"group": group.to_string(), "purgeAt": purge_at.to_string()})
        }
        Event::GroupRestored { group } | Event::GroupPurged { group } => json!({"group": group.to_string()}),
        Event::OwnersChanged { group, added, removed } => {
            json!({"group": group.to_string(), "added": owners(added), "removed": owners(removed)})
        }
        Event::MembersAdded { group, users, kind, window, note }
        | Event::MembersChanged { group, users, kind, window, note } => {
            let mut data = json!({"group": group.to_string(), "users": ids(users), "reason": kind.word()});
            for (name, value) in [("startsAt", window.starts), ("endsAt", window.ends)] {
                if let Some(at) = value {
                    data[name] = at.to_string().into();
                }
            }
            if let Some(note) = note {
                data["note"] = note.as_str().into();
            }
            data
        }
        Event::BrakeReleased { group, key, removals, until } => json!({
            "group": group.to_string(), "key": key.to_string(), "removals": removals, "until": until.to_string(),
        }),
        Event::GroupNested { parent, child } | Event::GroupUnnested { parent, child } => {
            json!({"group": parent.to_string(), "child": child.to_string()})
        }
        Event::MembersStarted { group, users, .. } | Event::MembersEnded { group, users, .. } => {
            json!({"group": group.to_string(), "users": ids(users)})
        }
        Event::MembersRemoved { group, users } => json!({"group": group.to_string(), "users": ids(users)}),
        Event::WebhookCreated { webhook, fields } | Event::WebhookUpdated { webhook, fields } => {
            json!({"webhook": webhook.to_string(), "fields": object(fields)})
        }
        Event::WebhookDeleted { webhook } | Event::WebhookPaused { webhook } | Event::WebhookTested { webhook } => {
            json!({"webhook": webhook.to_string()})
        }
        Event::WebhookRotated { webhook, previous_until } => {
            json!({"webhook": webhook.to_string(), "previousUntil": previous_until.to_string()})
        }
        Event::WebhookResumed { webhook, skipped } => json!({"webhook": webhook.to_string(), "skipped": skipped}),
        Event::WebhookDisabled { webhook, owner, why } => {
            json!({"webhook": webhook.to_string(), "owner": owner.map(|id| id.to_string()), "why": why})
        }
        Event::WebhookRedelivered { webhook, delivery } => {
            json!({"webhook": webhook.to_string(), "delivery": delivery.to_string()})
        }
        Event::SigningKeyCreated { key, signs_from } => {
            json!({"key": key.to_string(), "signsFrom": signs_from.to_string()})
        }
        Event::RoleCreated { role, fields } | Event::RoleUpdated { role, fields } => {
            json!({"role": role.to_string(), "fields": object(fields)})
        }
        Event::RoleDeleted { role } => json!({"role": role.to_string()}),
        Event::RolesChanged { group, added, removed } => {
            json!({"group": group.to_string(), "added": grants(added), "removed": grants(removed)})
        }
        Event::KeyCreated { key, user, access, connection, expires_at } => {
            let mut data = json!({
                "key": key.to_string(),
                "user": user.map(|id| id.to_string()),
                "access": access.word(),
                "expiresAt": expires_at.map(|at| at.to_string()),
            });
            if let Some(connection) = connection {
                data["connection"] = connection.to_string().into();
            }
            data
        }
        Event::KeyRotated { key, previous_until } => {
            json!({"key": key.to_string(), "previousUntil": previous_until.to_string()})
        }
        Event::KeyRevoked { key } => json!({"key": key.to_string()}),
        Event::SessionStarted { session, user, key, expires_at } => json!({
            "session": session.to_string(),
            "user": user.to_string(),
            "key": key.map(|id| id.to_string()),
            "expiresAt": expires_at.to_string(),
        }),
        Event::SessionEnded { session } => json!({"session": session.to_string()}),
        Event::ConnectionCreated { connection, fields } | Event::ConnectionUpdated { connection, fields } => {
            json!({"connection": connection.to_string(), "fields": object(fields)})
        }
        Event::ConflictCreated { conflict, fields } | Event::ConflictUpdated { conflict, fields } => {
            json!({"conflict": conflict.to_string(), "fields": object(fields)})
        }
        Event::ConflictDeleted { conflict } => json!({"conflict": conflict.to_string()}),
        Event::ConnectionDeleted { connection } => json!({"connection": connection.to_string()}),
        Event::Linked { connection, noun, object, external_id, made } => {
            let (id, to) = (connection.to_string(), object.to_string());
            let data = json!({"connection": id, noun.word(): to, "made": made, "fields": {}});
            return (data, external_id.as_ref().map(|id| json!({"externalId": id})));
        }
        Event::Unlinked { connection, noun, object } => {
            json!({"connection": connection.to_string(), noun.word(): object.to_string()})
        }
        Event::App(event) => crate::app_events::encode(event),
        Event::Request(event) => crate::request_events::encode(event),
        Event::Review(event) => crate::review_events::encode(event),
        Event::Team(event) => crate::teams::encode(event),
    };
    (data, None)
}

/// The outcome of checking one company's two chains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The company.
    pub company: CompanyId,
    /// Its name.
    pub name: String,
    /// Events that were checked.
    pub events: u64,
    /// Refusals that were checked.
    pub refusals: u64,
    /// What is wrong, where the chain breaks first; none when it is whole.
    pub broken: Option<String>,
}

impl Engine {
    /// The `limit` entries behind `revision`, of one subject where given.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right to administer.
    pub async fn events(
        &self,
        caller: &Caller,
        revision: u64,
        subject: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadJournal, self.clock().now()).await?;
        events::after(&mut conn, caller.company, revision, subject, limit).await
    }

    /// The `limit` entries before `revision`, the newest first, of one subject where given.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right to administer.
    pub async fn events_before(
        &self,
        caller: &Caller,
        revision: u64,
        subject: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadJournal, self.clock().now()).await?;
        events::before(&mut conn, caller.company, revision, subject, limit).await
    }

    /// Checks the chains of the caller's company, without trusting anything but the hashes.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the right to administer.
    pub async fn verify_own(&self, caller: &Caller) -> Result<Verified> {
        let mut conn = self.db().reader().await?;
        authz::may(&mut conn, caller, Action::ReadJournal, self.clock().now()).await?;
        conn.begin_snapshot().await?;
        let company = companies::get(&mut conn, caller.company).await?;
        let gone = Error::NotFound { noun: CompanyId::NOUN };
        let found = match company {
            Some(found) => verified(&mut conn, found.id, found.name).await?,
            None => None,
        };
        conn.end_snapshot().await?;
        found.ok_or(gone)
    }

    /// A receiver of the company's revisions as this node commits them; other nodes' show only when asked for.
    pub fn listen(&self, company: CompanyId) -> tokio::sync::watch::Receiver<u64> {
        self.news().listen(company)
    }

    /// Checks the chains of every company, in one state of the database, without trusting anything but the hashes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be read.
    pub async fn verify(&self) -> Result<Vec<Verified>> {
        let mut conn = self.db().reader().await?;
        conn.begin_snapshot().await?;
        let mut all = Vec::new();
        for (company, name, state) in companies::every(&mut conn).await? {
            // Not there yet, or on its way out again: an import writes and removes it in steps.
            if state == CompanyState::Loading {
                continue;
            }
            all.extend(verified(&mut conn, company, name).await?);
        }
        conn.end_snapshot().await?;
        Ok(all)
    }
}

/// Both chains of one company.
async fn verified(conn: &mut crate::store::Conn, company: CompanyId, name: String) -> Result<Option<Verified>> {
    let Some((revision, last, seq, refused)) = companies::chains(conn, company).await? else { return Ok(None) };
    let (events, broken) = verify_events(conn, company, revision, &last).await?;
    let (refusals, second) = verify_refusals(conn, company, seq, &refused).await?;
    Ok(Some(Verified { company, name, events, refusals, broken: broken.or(second) }))
}

const CHUNK: u32 = 1000;

async fn verify_events(
    conn: &mut crate::store::Conn,
    company: CompanyId,
    revision: u64,
    last: &[u8],
) -> Result<(u64, Option<String>)> {
    let (mut at, mut hash) = (0, vec![0; 32]);
    loop {
        let chunk = events::after(conn, company, at, None, CHUNK).await?;
        let full = chunk.len() == CHUNK as usize;
        for entry in chunk {
            if entry.revision != at + 1 {
                return Ok((at, Some(format!("revision {} is missing", at + 1))));
            }
            if entry.hash != link(company, &hash, &entry) {
                return Ok((at, Some(format!("revision {} was changed after it was written", entry.revision))));
            }
            if let Some((salt, body)) = &entry.personal
                && entry.personal_hash.as_deref() != Some(&hash_parts([&salt[..], body.as_bytes()])[..])
            {
                return Ok((at, Some(format!("the personal part of revision {} was changed", entry.revision))));
            }
            (at, hash) = (entry.revision, entry.hash);
        }
        if !full {
            break;
        }
    }
    let whole = at == revision && hash == last;
    Ok((at, (!whole).then(|| format!("the journal ends at revision {at}, the company is at {revision}"))))
}

pub(crate) fn link_refusal(company: CompanyId, before: &[u8], r: &refusals::Refusal) -> [u8; 32] {
    hash_parts([
        before,
        company.bytes(),
        &r.seq.to_be_bytes(),
        r.key.bytes(),
        r.cause.as_bytes(),
        r.dialect.as_bytes(),
        &r.count.to_be_bytes(),
        &r.first_at.micros().to_be_bytes(),
        &r.last_at.micros().to_be_bytes(),
    ])
}

async fn verify_refusals(
    conn: &mut crate::store::Conn,
    company: CompanyId,
    end: u64,
    last: &[u8],
) -> Result<(u64, Option<String>)> {
    let (mut at, mut hash) = (0, vec![0; 32]);
    loop {
        let chunk = refusals::after(conn, company, at, CHUNK).await?;
        let full = chunk.len() == CHUNK as usize;
        for refusal in chunk {
            if refusal.seq != at + 1 || refusal.hash != link_refusal(company, &hash, &refusal) {
                return Ok((at, Some(format!("refusal {} is missing or was changed", at + 1))));
            }
            (at, hash) = (refusal.seq, refusal.hash);
        }
        if !full {
            break;
        }
    }
    let whole = at == end && hash == last;
    Ok((at, (!whole).then(|| format!("the refusals end at {at}, the company counts {end}"))))
}

/// The entry's data with what is personal merged in: the JSON object that a reader of the journal gets.
///
/// # Errors
/// [`Error::Internal`] when the stored text is not JSON.
pub fn whole_data(entry: &Entry) -> Result<Value> {
    let mut data: Value = serde_json::from_str(&entry.data).map_err(Error::internal)?;
    if let Some((_, body)) = &entry.personal
        && let Value::Object(personal) = serde_json::from_str(body).map_err(Error::internal)?
    {
        if let Some(fields) = data.get_mut("fields").and_then(Value::as_object_mut) {
            fields.extend(personal);
        }
    } else if entry.personal_hash.is_some() {
        data["erased"] = true.into();
    }
    Ok(data)
}
