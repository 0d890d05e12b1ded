//! Webhooks: who is told of what, in which form, and how long the server goes on trying.

use crate::caller::words;
use crate::event::Event;
use crate::ids::{DeliveryId, UserId, WebhookId};
use crate::patch::Patch;
use crate::{Error, Result, Timestamp, name};

words! {
    /// How a message is written and signed.
    Form {
        /// Standard Webhooks, signed with HMAC-SHA-256 (`v1`).
        Standard = "standard",
        /// Standard Webhooks, signed with Ed25519 (`v1a`).
        StandardEd25519 = "standard-ed25519",
        /// Cakewalk's array of events, signed with the company's RSA key, and as `standard` beside it.
        Cakewalk = "cakewalk",
    }
    /// Where a webhook stands.
    WebhookState {
        /// What happens is sent.
        Active = "active",
        /// Paused by hand: what happens waits.
        Paused = "paused",
        /// Switched off by the server, because the receiver stayed dead: what happens waits.
        Disabled = "disabled",
        /// Deleted; the row stays until its log is pruned.
        Deleted = "deleted",
    }
    /// Where a delivery stands.
    DeliveryState {
        /// Asked for by hand and not yet tried.
        Queued = "queued",
        /// Failed, and will be tried again; what came later waits behind it.
        Retrying = "retrying",
        /// Accepted by the receiver.
        Delivered = "delivered",
        /// Failed, and not tried again by itself.
        Failed = "failed",
    }
}

/// The most webhooks of a company.
pub const MOST: u32 = 100;
/// The most event patterns of a webhook.
const PATTERNS: usize = 100;
/// Seconds after the first failure from which a further one switches the webhook off.
pub const PATIENCE: i64 = 72 * 3600;
/// Seconds between the tries of one message; the last goes on until [`PATIENCE`] ends.
const PAUSES: [i64; 9] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600];

/// An endpoint that events are sent to, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The id.
    pub id: WebhookId,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Where messages go.
    pub url: String,
    /// How they are written and signed.
    pub form: Form,
    /// The kinds of events it hears: exact, `noun.*` or `*`.
    pub events: Vec<String>,
    /// Where it stands.
    pub state: WebhookState,
    /// Who made it, and is told when it is switched off.
    pub owner: Option<UserId>,
    /// The public half of its Ed25519 key, where it has one.
    pub public_key: Option<Vec<u8>>,
    /// Until when the secret before the last rotation signs as well.
    pub previous_until: Option<Timestamp>,
    /// The revision up to which everything is delivered.
    pub cursor: u64,
    /// Failed tries of the message that is next.
    pub tries: u32,
    /// When that message failed first.
    pub failing_since: Option<Timestamp>,
    /// When it is tried again.
    pub next_try_at: Option<Timestamp>,
    /// Why the server switched it off.
    pub disabled_why: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its record last changed; deliveries do not move it.
    pub updated_at: Timestamp,
    /// The revision that last changed its record.
    pub version: u64,
}

/// A webhook to be made.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// What its owner calls it.
    pub name: Option<String>,
    /// Where messages go.
    pub url: String,
    /// How they are written and signed.
    pub form: Form,
    /// The kinds of events it hears.
    pub events: Vec<String>,
    /// The secret, where the receiver has one already (`whsec_…`).
    pub secret: Option<String>,
}

/// An edit of a webhook.
#[derive(Clone, Debug, Default)]
pub struct EditWebhook {
    /// What its owner calls it.
    pub name: Patch<String>,
    /// Where messages go.
    pub url: Patch<String>,
    /// The kinds of events it hears.
    pub events: Patch<Vec<String>>,
}

/// One message to one webhook, as the log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The id of this line of the log.
    pub id: DeliveryId,
    /// The message's own id, the same at every try and redelivery: `webhook-id` on the wire.
    pub message: String,
    /// The kind of event, or `test`.
    pub kind: String,
    /// The revision of the event; none for a test.
    pub revision: Option<u64>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Tries so far.
    pub tries: u32,
    /// When it was first tried, or asked for.
    pub created_at: Timestamp,
    /// The last try.
    pub last: Option<Try>,
}

/// How one try ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Try {
    /// When it ended.
    pub at: Option<Timestamp>,
    /// The status that the receiver answered.
    pub status: Option<u16>,
    /// Why there was none, in words.
    pub error: Option<String>,
    /// The beginning of what the receiver answered.
    pub response: Option<String>,
    /// How long it took.
    pub millis: u32,
    /// The seconds that the receiver asked to be left alone (`Retry-After`).
    pub retry_after: Option<u32>,
}

impl Try {
    /// Did the receiver accept the message?
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Does the receiver say that it is gone for good?
    pub fn gone(&self) -> bool {
        self.status == Some(410)
    }

    /// What went wrong, in words.
    pub fn why(&self) -> String {
        match (&self.error, self.status) {
            (Some(error), _) => error.clone(),
            (None, Some(status)) => format!("the receiver answered {status}"),
            (None, None) => "there was no answer".into(),
        }
    }
}

/// The seconds to wait after the `tries`th failed try: growing, and spread by `seed` so that many do not come at once.
pub fn pause(tries: u32, seed: u128, retry_after: Option<u32>) -> i64 {
    let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX).min(PAUSES.len() - 1);
    let plain = PAUSES[step];
    let spread = plain * i64::try_from((seed ^ u128::from(tries)) % 101).unwrap_or(0) / 1000;
    (plain + spread).max(i64::from(retry_after.unwrap_or(0)).min(PAUSES[PAUSES.len() - 1]))
}

/// A message's own id: the same at every try, redelivery and webhook.
pub fn message_id(company: crate::ids::CompanyId, revision: u64) -> String {
    format!("evt_{}_{revision}", company.uuid().simple())
}

/// An address that messages may be sent to, as far as its form tells.
///
/// # Errors
/// [`Error::Invalid`] on `url`.
pub fn url(raw: &str) -> Result<String> {
    let wrong = |why: &str| Error::invalid("url", why);
    if raw.len() > 2000 {
        return Err(wrong("may have at most 2,000 characters"));
    }
    if !raw.bytes().all(|byte| byte.is_ascii_graphic()) || raw.contains(['#', '\\', '"', '<', '>']) {
        return Err(wrong(
            "must be plain ASCII without spaces or a fragment; write other letters in punycode or percent-encoded",
        ));
    }
    let rest = raw.strip_prefix("https://").or_else(|| raw.strip_prefix("http://"));
    let rest =
        rest.ok_or_else(|| wrong("must begin with https:// (or http:// for a network that the operator allows)"))?;
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(wrong("must not hold a user name or password; the signature says who calls"));
    }
    if host.is_empty() || host.starts_with(':') {
        return Err(wrong("must name a host"));
    }
    Ok(raw.to_owned())
}

/// The host of a checked [`url`], with its scheme: all of it that is told outside the webhook's own record.
pub fn host(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/").split('?').next().unwrap_or_default().to_owned()
}

fn events(raw: Vec<String>) -> Result<Vec<String>> {
    if raw.is_empty() {
        return Err(Error::invalid("events", "must name at least one kind of event, such as `group.*`"));
    }
    if raw.len() > PATTERNS {
        return Err(Error::TooMany { field: "events".into(), limit: PATTERNS as u64 });
    }
    let mut kept = Vec::with_capacity(raw.len());
    for (i, pattern) in raw.into_iter().enumerate() {
        if !Event::KINDS.iter().any(|kind| fits(&pattern, kind)) {
            let why = "is no kind of event; write one such as `group.members_added`, or `group.*`, or `*`";
            return Err(Error::invalid(format!("events[{i}]"), why));
        }
        if !kept.contains(&pattern) {
            kept.push(pattern);
        }
    }
    Ok(kept)
}

/// Does `pattern` name this kind of event?
fn fits(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(noun) => noun.ends_with('.') && kind.starts_with(noun),
        None => pattern == kind,
    }
}

impl Webhook {
    /// A webhook that hears what happens after `revision`.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooMany`].
    pub fn birth(id: WebhookId, new: NewWebhook, owner: Option<UserId>, now: Timestamp, revision: u64) -> Result<Self> {
        Ok(Self {
            id,
            name: new.name.map(|raw| name::name("name", &raw)).transpose()?,
            url: url(&new.url)?,
            form: new.form,
            events: events(new.events)?,
            state: WebhookState::Active,
            owner,
            public_key: None,
            previous_until: None,
            cursor: revision,
            tries: 0,
            failing_since: None,
            next_try_at: None,
            disabled_why: None,
            created_at: now,
            updated_at: now,
            version: revision,
        })
    }

    /// Carries an edit out; the names of the members that it changed.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooMany`].
    pub fn apply(&mut self, edit: EditWebhook) -> Result<Vec<&'static str>> {
        let mut changed = Vec::new();
        if edit.name.try_map(|raw| name::name("name", &raw))?.apply(&mut self.name) {
            changed.push("name");
        }
        match edit.url {
            Patch::Keep => {}
            Patch::Clear => return Err(Error::invalid("url", "must not be null")),
            Patch::Set(raw) => {
                let next = url(&raw)?;
                if next != self.url {
                    self.url = next;
                    changed.push("url");
                }
            }
        }
        match edit.events {
            Patch::Keep => {}
            Patch::Clear => return Err(Error::invalid("events", "must not be null")),
            Patch::Set(raw) => {
                let next = events(raw)?;
                if next != self.events {
                    self.events = next;
                    changed.push("events");
                }
            }
        }
        Ok(changed)
    }

    /// Does it hear this kind of event?
    pub fn hears(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| fits(pattern, kind))
    }

    /// The message that is next has failed at `now`: counts it and says when it is tried again. True when the receiver
    /// has been dead for so long, or says that it is gone, that the webhook is switched off.
    pub fn failed(&mut self, tried: &Try, now: Timestamp) -> bool {
        let since = *self.failing_since.get_or_insert(now);
        self.tries = self.tries.saturating_add(1);
        if tried.gone() || now >= since.plus_seconds(PATIENCE) {
            self.state = WebhookState::Disabled;
            self.next_try_at = None;
            self.disabled_why = Some(tried.why());
            return true;
        }
        self.next_try_at = Some(now.plus_seconds(pause(self.tries, self.id.uuid().as_u128(), tried.retry_after)));
        false
    }

    /// The message that is next has been accepted, or is left out: nothing is counted against the one after it.
    pub fn recovered(&mut self) {
        (self.tries, self.failing_since, self.next_try_at) = (0, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> Webhook {
        let new = NewWebhook {
            name: None,
            url: "https://example.com/hook?token=s3cret".into(),
            form: Form::Standard,
            events: vec!["group.*".into(), "user.created".into()],
            secret: None,
        };
        Webhook::birth(WebhookId::NIL, new, None, Timestamp::from_micros(0), 1).unwrap()
    }

    #[test]
    fn hears_what_it_asked_for() {
        let hook = webhook();
        assert!(hook.hears("group.members_added") && hook.hears("user.created"));
        assert!(!hook.hears("user.updated") && !hook.hears("groupx.created"));
        let of = |patterns: &[&str]| events(patterns.iter().map(|p| (*p).to_owned()).collect());
        assert!(of(&["*"]).is_ok() && of(&["key.revoked", "key.revoked"]).unwrap().len() == 1);
        for wrong in [&[][..], &["grup.*"], &["group"], &["group*"], &[""], &["*.created"], &["group.created "]] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
        assert!(matches!(events(vec!["*".into(); 101]), Err(Error::TooMany { .. })));
    }

    #[test]
    fn takes_addresses_of_the_right_form() {
        for right in ["https://a.example", "http://127.0.0.1:80/x?y=z", "https://[2001:db8::1]/"] {
            assert!(url(right).is_ok(), "{right}");
        }
        let long = format!("https://{}", "x".repeat(2000));
        for wrong in [
            "",
            "ftp://a",
            "https://",
            "https:///x",
            "https://:80",
            "https://u:p@a.example",
            "https://a.example/#x",
            "https://a b",
            "https://é.example",
            "//a.example",
            "javascript:alert(1)",
            &long,
        ] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        assert_eq!(host("https://a.example:8443/in?token=s"), "https://a.example:8443");
        assert_eq!(host("https://a.example?token=s"), "https://a.example");
    }

    #[test]
    fn tries_for_three_days_with_growing_pauses_and_then_gives_up() {
        let mut hook = webhook();
        let (mut now, mut pauses) = (Timestamp::from_micros(0), Vec::new());
        let refused = Try { status: Some(500), ..Try::default() };
        while !hook.failed(&refused, now) {
            let next = hook.next_try_at.unwrap();
            pauses.push((next.micros() - now.micros()) / 1_000_000);
            now = next;
        }
        assert!(pauses.is_sorted_by(|a, b| a <= b || *a >= 21_600), "{pauses:?}");
        assert!(now.micros() / 1_000_000 >= PATIENCE && pauses.len() < 30, "{} tries", pauses.len());
        assert_eq!(hook.state, WebhookState::Disabled);
        assert_eq!(hook.disabled_why.as_deref(), Some("the receiver answered 500"));
        assert!(webhook().failed(&Try { status: Some(410), ..Try::default() }, now), "gone is gone at once");
        let mut hook = webhook();
        assert!(!hook.failed(&Try { status: Some(429), retry_after: Some(600), ..Try::default() }, now));
        assert_eq!(hook.next_try_at, Some(now.plus_seconds(600)));
        assert!(pause(1, 7, Some(u32::MAX)) <= 21_600);
    }
}
