//! Use cases on rules that change nothing: try one on a user, see what one would change, prepare one to be saved.

use std::sync::Arc;

use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::time::Window;
use guildhall_domain::{Error, Result};

use super::outcome::{Sources, Spans, Who, evaluate, explain};
use super::{Clause, Prepared, Rule};
use crate::authz::{self, Action};
use crate::groups::{self, Shown};
use crate::store::{self, companies};
use crate::{Engine, users};

/// What an expression says of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedRule {
    /// Is it true now?
    pub holds: bool,
    /// Its clauses, in the order of the text.
    pub clauses: Vec<Clause>,
    /// When it is true, from now on.
    pub windows: Vec<Window>,
}

/// What saving an expression would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedRule {
    /// The revision of the company that this was found at.
    pub revision: u64,
    /// How many users it is true of now.
    pub members: u64,
    /// Users to whom it would give a membership, now or later, by id.
    pub gains: Vec<UserId>,
    /// Users whose membership by the group's present rule would end, by id.
    pub loses: Vec<UserId>,
}

impl Engine {
    /// Evaluates an expression for one user.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `rule`; [`Error::Unknown`] on `user`; [`Error::Forbidden`].
    pub async fn try_rule(&self, caller: &Caller, text: &str, user: UserId) -> Result<TriedRule> {
        let (mut conn, now, company) = (self.db().reader().await?, self.clock().now(), caller.company);
        authz::may(&mut conn, caller, Action::ReadUser(user), now).await?;
        let rule = Rule::parse("rule", text)?;
        conn.begin_snapshot().await?;
        let user = users::get(&mut conn, company, user)
            .await
            .map_err(|_| Error::unknown("user", UserId::NOUN, user.uuid()))?;
        let (clauses, windows) = explain(&mut conn, company, &rule, &user, now).await?;
        conn.end_snapshot().await?;
        Ok(TriedRule { holds: windows.iter().any(|window| window.holds(now)), clauses, windows })
    }

    /// What a group's members would be if this were its rule; without a group, those of a new one.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `rule`; [`Error::Unknown`] on `group`; [`Error::Forbidden`] and [`Error::ReadOnlyKey`]
    /// as for saving it.
    pub async fn preview_rule(&self, caller: &Caller, text: &str, group: Option<GroupId>) -> Result<PreviewedRule> {
        authz::may_write(caller)?;
        let company = caller.company;
        let kept = {
            let (mut conn, now) = (self.db().reader().await?, self.clock().now());
            authz::may(&mut conn, caller, Action::ManageDirectory, now).await?;
            match group {
                Some(id) => {
                    let found = groups::get(&mut conn, company, id, Shown::Live).await;
                    found.map_err(|_| Error::unknown("group", GroupId::NOUN, id.uuid()))?;
                    let mut kept = store::rules::kept(&mut conn, company, id, None).await?;
                    kept.retain(|k| k.window.ends.is_none_or(|until| until > now));
                    kept
                }
                None => Vec::new(),
            }
        };
        let rule = Arc::new(Rule::parse("rule", text)?);
        let prepared = self.prepare(company, &rule).await?;
        let (revision, spans) = prepared.told();
        let now = self.clock().now();
        let had: std::collections::BTreeSet<UserId> = kept.iter().map(|k| k.user).collect();
        let has: std::collections::BTreeSet<UserId> = spans.keys().copied().collect();
        Ok(PreviewedRule {
            revision,
            members: spans.values().filter(|spans| spans.iter().any(|w| w.holds(now))).count() as u64,
            gains: has.difference(&had).copied().collect(),
            loses: had.difference(&has).copied().collect(),
        })
    }

    /// Evaluates a rule that is about to be saved for everyone, so that the writer need not; nothing where it would be
    /// refused anyway.
    pub(crate) async fn prepare_rule(
        &self,
        caller: &Caller,
        group: Option<GroupId>,
        text: Option<&str>,
    ) -> Result<Option<Prepared>> {
        let Some(rule) = text.and_then(|text| Rule::parse("rule", text).ok()) else { return Ok(None) };
        {
            let mut conn = self.db().reader().await?;
            if authz::may(&mut conn, caller, Action::ManageDirectory, self.clock().now()).await.is_err() {
                return Ok(None);
            }
            if let Some(group) = group {
                let found = groups::get(&mut conn, caller.company, group, Shown::Live).await;
                if found.map_or(true, |group| group.rule.as_deref() == Some(rule.text())) {
                    return Ok(None);
                }
            }
        }
        self.prepare(caller.company, &Arc::new(rule)).await.map(Some)
    }

    /// Evaluates a rule for everyone in the present state of the company, on a thread where nobody waits for it.
    async fn prepare(&self, company: CompanyId, rule: &Arc<Rule>) -> Result<Prepared> {
        let (engine, rule, runtime) = (self.clone(), Arc::clone(rule), tokio::runtime::Handle::current());
        let work = async move {
            let mut conn = engine.db().reader().await?;
            conn.begin_snapshot().await?;
            let now = engine.clock().now();
            let revision = companies::revision(&mut conn, company).await?.unwrap_or_default();
            let sources = Sources::of(&mut conn, company, rule.reads()).await?;
            let spans: Spans = evaluate(&mut conn, company, &rule, &sources, &Who::All, now).await?;
            conn.end_snapshot().await?;
            Ok(Prepared::new(&rule, revision, sources, spans))
        };
        tokio::task::spawn_blocking(move || runtime.block_on(work)).await.map_err(Error::internal)?
    }
}
