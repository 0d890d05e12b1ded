//! A new rule is evaluated for everyone before its use case is queued, off the writer, in one state of the company; the
//! transaction then evaluates it only for those whom something changed since.

use std::collections::BTreeSet;

use guildhall_domain::ids::{GroupId, UserId};
use guildhall_domain::{Error, Result};
use uuid::Uuid;

use super::Rule;
use super::outcome::{Sources, Spans, Who, evaluate};
use crate::store::events;
use crate::writer::Tx;

/// The most events that are looked through for what changed since; beyond them everyone is evaluated again.
const EVENTS: u32 = 1_000;

/// What a rule makes of everyone, as of one revision.
#[derive(Debug)]
pub(crate) struct Prepared {
    text: String,
    revision: u64,
    sources: Sources,
    spans: Spans,
}

impl Prepared {
    pub(super) fn new(rule: &Rule, revision: u64, sources: Sources, spans: Spans) -> Self {
        Self { text: rule.text().to_owned(), revision, sources, spans }
    }

    /// The revision it is as of, and what it says.
    pub(super) fn told(self) -> (u64, Spans) {
        (self.revision, self.spans)
    }

    /// What was prepared for this very rule, brought up to date; none when there is nothing or too much has changed.
    pub(super) async fn take(
        tx: &mut Tx,
        group: GroupId,
        rule: &Rule,
        who: &Who,
        sources: &Sources,
    ) -> Result<Option<Spans>> {
        let Some(mut prepared) = tx.prepared.take_if(|p| matches!(who, Who::All) && p.text == rule.text()) else {
            return Ok(None);
        };
        if prepared.sources != *sources || sources.has(group) {
            return Ok(None);
        }
        let (company, now) = (tx.company(), tx.now());
        let since = events::after(tx, company, prepared.revision, None, EVENTS).await?;
        if since.len() == EVENTS as usize {
            return Ok(None);
        }
        let mut changed = BTreeSet::new();
        for event in &since {
            let data: serde_json::Value = serde_json::from_str(&event.data).map_err(Error::internal)?;
            let users = match event.kind.split_once('.') {
                Some(("user", _)) => vec![event.subject],
                Some(("group", kind)) if kind.starts_with("members_") && sources.has(GroupId::new(event.subject)) => {
                    let ids = data["users"].as_array().into_iter().flatten();
                    ids.filter_map(|id| id.as_str().and_then(|id| Uuid::parse_str(id).ok())).collect()
                }
                // Whose memberships these ended or brought back is not told.
                Some(("group", "archived" | "restored")) | Some(("company", _)) => return Ok(None),
                _ => Vec::new(),
            };
            changed.extend(users.into_iter().map(UserId::new));
        }
        let again = evaluate(tx, company, rule, sources, &Who::Some(changed.clone()), now).await?;
        prepared.spans.retain(|user, _| !changed.contains(user));
        prepared.spans.extend(again);
        // Time has passed since: what ended is over, and what began has begun.
        for spans in prepared.spans.values_mut() {
            spans.retain(|window| window.ends.is_none_or(|until| until > now));
            for window in spans {
                window.starts = window.starts.filter(|from| *from > now);
            }
        }
        prepared.spans.retain(|_, spans| !spans.is_empty());
        Ok(Some(prepared.spans))
    }
}
