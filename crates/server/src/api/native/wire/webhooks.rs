//! Webhooks, their log and their messages on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guildhall_domain::Result;
use guildhall_domain::ids::UserId;
use guildhall_domain::webhook::{self as domain, Form};
use guildhall_engine::WebhookSecret;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{at, patch};
use crate::http::patch::Field;

/// The words of a webhook's form.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "kebab-case", as = WebhookForm)]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum WebhookForm {
    /// Standard Webhooks, signed with HMAC-SHA-256 (`v1`).
    Standard,
    /// Standard Webhooks, signed with Ed25519 (`v1a`).
    StandardEd25519,
    /// Cakewalk's array of events, signed with the company's RSA key.
    Cakewalk,
}

/// The words of a webhook's state.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum WebhookState {
    /// What happens is sent.
    Active,
    /// Paused by hand: what happens waits.
    Paused,
    /// Switched off by the server, because the receiver stayed dead: what happens waits.
    Disabled,
}

/// The words of a delivery's state.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "told in the document; values are written by the domain\'s own words")]
pub(crate) enum DeliveryState {
    /// Asked for by hand and not yet tried.
    Queued,
    /// Failed, and will be tried again; what came later waits behind it.
    Retrying,
    /// Accepted by the receiver.
    Delivered,
    /// Failed, and not tried again by itself.
    Failed,
}

/// An endpoint that events are sent to, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhook {
    /// Its id.
    pub(crate) id: Uuid,
    /// What its owner calls it.
    pub(crate) name: Option<String>,
    /// Where messages go.
    pub(crate) url: String,
    /// How they are written and signed.
    #[schema(value_type = WebhookForm)]
    pub(crate) form: &'static str,
    /// The kinds of events it hears: exact, `noun.*` or `*`.
    pub(crate) events: Vec<String>,
    /// Where it stands.
    #[schema(value_type = WebhookState)]
    pub(crate) state: &'static str,
    /// The user who made it, and is told when it is switched off; null for the platform.
    pub(crate) owner: Option<Uuid>,
    /// `whpk_` and the public half of its Ed25519 key in base64, where it has one.
    pub(crate) public_key: Option<String>,
    /// Until when the secret before the last rotation signs as well.
    #[schema(format = DateTime)]
    pub(crate) previous_until: Option<String>,
    /// The revision up to which everything is delivered or was of no interest.
    pub(crate) delivered_revision: u64,
    /// Failed tries of the message that is next.
    pub(crate) tries: u32,
    /// When that message failed first.
    #[schema(format = DateTime)]
    pub(crate) failing_since: Option<String>,
    /// When it is tried again.
    #[schema(format = DateTime)]
    pub(crate) next_try_at: Option<String>,
    /// Why the server switched it off.
    pub(crate) disabled_why: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When its record last changed; deliveries do not move it.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
}

impl From<&domain::Webhook> for Webhook {
    fn from(hook: &domain::Webhook) -> Self {
        Self {
            id: hook.id.uuid(),
            name: hook.name.clone(),
            url: hook.url.clone(),
            form: hook.form.word(),
            events: hook.events.clone(),
            state: hook.state.word(),
            owner: hook.owner.map(UserId::uuid),
            public_key: hook.public_key.as_ref().map(|key| format!("whpk_{}", STANDARD.encode(key))),
            previous_until: hook.previous_until.map(at),
            delivered_revision: hook.cursor,
            tries: hook.tries,
            failing_since: hook.failing_since.map(at),
            next_try_at: hook.next_try_at.map(at),
            disabled_why: hook.disabled_why.clone(),
            created_at: at(hook.created_at),
            updated_at: at(hook.updated_at),
        }
    }
}

/// A webhook with its secret, which is shown this once. A repeat of the call shows null in its place.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// `whsec_` and the key in base64; null where the form signs with Ed25519, whose public key is in the record.
    pub(crate) secret: Option<String>,
}

impl WebhookWithSecret {
    /// What was made, with its secret where it is shown.
    pub(crate) fn of(made: &WebhookSecret, shown: bool) -> Self {
        Self { webhook: (&made.webhook).into(), secret: made.secret.clone().filter(|_| shown) }
    }
}

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// What its owner calls it.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// Where messages go: `https://…`, or `http://…` into a network that the operator allows.
    #[schema(max_length = 2000)]
    pub(crate) url: String,
    /// How they are written and signed; `standard` when absent. It cannot be changed later.
    #[schema(value_type = Option<WebhookForm>)]
    form: Option<String>,
    /// The kinds of events it hears: exact, `noun.*` or `*`.
    #[schema(min_items = 1, max_items = 100)]
    events: Vec<String>,
    /// The secret, where the receiver has one already: `whsec_` and 24 to 64 bytes in base64.
    secret: Option<String>,
}

impl NewWebhook {
    /// The webhook that it asks for.
    ///
    /// # Errors
    /// [`guildhall_domain::Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<domain::NewWebhook> {
        let form = self.form.map(|word| Form::parse("form", &word)).transpose()?.unwrap_or(Form::Standard);
        Ok(domain::NewWebhook { name: self.name, url: self.url, form, events: self.events, secret: self.secret })
    }
}

/// An edit of a webhook: a merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditWebhook {
    /// What its owner calls it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    name: Field<String>,
    /// Where messages go; cannot be null. A new address is tried at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 2000)]
    pub(crate) url: Field<String>,
    /// The kinds of events it hears; cannot be null.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100)]
    events: Field<Vec<String>>,
}

impl EditWebhook {
    /// The edit that it asks for.
    pub(crate) fn command(self) -> domain::EditWebhook {
        domain::EditWebhook { name: patch(self.name), url: patch(self.url), events: patch(self.events) }
    }
}

/// How a webhook gets a new secret.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct WebhookRotation {
    /// Seconds for which the old secret signs as well: 0 to 2,592,000 (30 days).
    #[schema(maximum = 2592000, default = 86400)]
    overlap_seconds: Option<u32>,
    /// The new secret, where the receiver has one already: `whsec_` and 24 to 64 bytes in base64.
    pub(crate) secret: Option<String>,
}

impl WebhookRotation {
    /// Seconds for which the old secret signs as well.
    pub(crate) fn overlap(&self) -> u32 {
        self.overlap_seconds.unwrap_or(86_400)
    }
}

/// How a webhook goes on.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Resumption {
    /// Leave out what waits, and go on with what comes?
    #[serde(default)]
    #[schema(default = false)]
    pub(crate) skip: bool,
}

/// One message to one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Its id.
    pub(crate) id: Uuid,
    /// The message's own id, the same at every try and redelivery: `webhook-id` in its headers.
    pub(crate) message: String,
    /// The kind of event, or `test`.
    pub(crate) kind: String,
    /// The revision of the event; null for a test.
    pub(crate) revision: Option<u64>,
    /// Where it stands.
    #[schema(value_type = DeliveryState)]
    pub(crate) state: &'static str,
    /// Tries so far.
    pub(crate) tries: u32,
    /// When it was first tried, or asked for.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it was last tried.
    #[schema(format = DateTime)]
    pub(crate) tried_at: Option<String>,
    /// The status that the receiver answered then.
    pub(crate) status: Option<u16>,
    /// What was wrong with that try.
    pub(crate) error: Option<String>,
    /// The beginning of what the receiver answered.
    pub(crate) response: Option<String>,
    /// How long that try took, in milliseconds.
    pub(crate) millis: Option<u32>,
}

impl From<&domain::Delivery> for Delivery {
    fn from(line: &domain::Delivery) -> Self {
        let last = line.last.as_ref();
        Self {
            id: line.id.uuid(),
            message: line.message.clone(),
            kind: line.kind.clone(),
            revision: line.revision,
            state: line.state.word(),
            tries: line.tries,
            created_at: at(line.created_at),
            tried_at: last.and_then(|last| last.at).map(at),
            status: last.and_then(|last| last.status),
            error: last.and_then(|last| last.error.clone()),
            response: last.and_then(|last| last.response.clone()),
            millis: last.map(|last| last.millis),
        }
    }
}

/// How much of a webhook's log, and from where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListDeliveries {
    /// Only what is not delivered?
    #[param(default = false)]
    pub(crate) undelivered: Option<bool>,
    /// The most rows of this page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) cursor: Option<String>,
}

/// The public half of a key that signs for Cakewalk receivers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningKey {
    /// Its id.
    pub(crate) id: Uuid,
    /// The public key in PEM.
    pub(crate) pem: String,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// From when it signs.
    #[schema(format = DateTime)]
    pub(crate) signs_from: String,
}

impl From<&guildhall_engine::SigningKey> for SigningKey {
    fn from(key: &guildhall_engine::SigningKey) -> Self {
        Self { id: key.id.uuid(), pem: key.pem.clone(), created_at: at(key.created_at), signs_from: at(key.signs_from) }
    }
}

/// The keys of a company: the one that signs now, then the one that will.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningKeys {
    /// The keys.
    pub(crate) items: Vec<SigningKey>,
    /// Always null: the list is whole.
    pub(crate) next: Option<String>,
}

impl From<&Vec<guildhall_engine::SigningKey>> for SigningKeys {
    fn from(keys: &Vec<guildhall_engine::SigningKey>) -> Self {
        Self { items: keys.iter().map(SigningKey::from).collect(), next: None }
    }
}

/// A message of the Standard Webhooks forms.
#[derive(Debug, Serialize)]
pub(crate) struct Hook<T> {
    /// The kind of event, or `test`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// The instant that it is true from.
    pub(crate) timestamp: String,
    /// The event, as the journal tells it.
    pub(crate) data: T,
}
