//! Decisions: one (§6), or many in a call (§7).

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::{Error, Result};

use super::error::{Failure, Refusals};
use super::extract::Asked;
use super::question::{Asked as About, People, Whole};
use super::reasons::{MOST as MOST_REASONS, Told};
use super::wire::{Decided, Decision, Decisions, Evaluation, Evaluations, Semantic};
use crate::app::App;

/// The most evaluations in one call.
const MOST: usize = 1000;

/// Yes or no to each evaluation, and what was asked; no to what is wrong with itself.
async fn decide(app: &App, caller: &Caller, all: &[Result<Whole<'_>>]) -> Result<Vec<(bool, Option<About>)>> {
    let people = People::of(app, caller, all.iter().flatten().map(|one| one.subject)).await?;
    let (mut of_groups, mut of_roles, mut of_apps) = (Vec::new(), Vec::new(), Vec::new());
    let mut ask = |one: &Whole<'_>| {
        let about = one.question(&people)?;
        match &about {
            About::Member(question) => of_groups.push((*question, one.at)),
            About::Holder(user, role) => of_roles.push(((*user, *role), one.at)),
            About::Access(had) => of_apps.push(had.clone()),
        }
        Some(about)
    };
    let asked: Vec<Option<About>> = all.iter().map(|one| one.as_ref().ok().and_then(&mut ask)).collect();
    let mut of_groups = app.engine().check_each(caller, &of_groups).await?.into_iter();
    let mut of_roles = app.engine().hold_each(caller, &of_roles).await?.into_iter();
    let mut of_apps = app.engine().have_each(caller, &of_apps).await?.into_iter();
    let mut decision = |about: &Option<About>| match about {
        Some(About::Member(_)) => of_groups.next().unwrap_or(false),
        Some(About::Holder(..)) => of_roles.next().unwrap_or(false),
        Some(About::Access(..)) => of_apps.next().unwrap_or(false),
        None => false,
    };
    Ok(asked.into_iter().map(|about| (decision(&about), about)).collect())
}

/// What a decision says beside yes or no.
async fn context(app: &App, caller: &Caller, one: &Result<Whole<'_>>, about: Option<About>) -> Result<Option<Told>> {
    let one = match one {
        Err(wrong) => return Ok(Some(Told::wrong(wrong))),
        Ok(one) if !one.reasons => return Ok(None),
        Ok(one) => one,
    };
    match about {
        Some(About::Member(question)) => Told::of(app, caller, &question, one.at).await.map(Some),
        Some(About::Holder(user, role)) => Told::of_role(app, caller, user, role, one.at).await.map(Some),
        Some(About::Access(had)) => Told::of_app(app, caller, &had).await.map(Some),
        None => Ok(Some(Told::never("nothing here gives that"))),
    }
}

async fn decide_one(app: &App, caller: &Caller, evaluation: &Evaluation) -> Result<Decision> {
    let one = [Ok(Whole::of(evaluation, evaluation, app.engine().clock().now(), "")?)];
    let decisions = decide(app, caller, &one).await?;
    let (decision, about) = decisions.into_iter().next().ok_or_else(|| Error::internal("no answer"))?;
    Ok(Decision { decision, context: context(app, caller, &one[0], about).await?.map(Box::new) })
}

/// Decides one evaluation
#[utoipa::path(
    post, path = "/access/v1/evaluation", operation_id = "evaluate", tag = "Evaluation",
    request_body = Evaluation, responses((status = 200, description = "The decision", body = Decision), Refusals)
)]
pub(super) async fn one(
    State(app): State<App>,
    Asked(caller, evaluation): Asked<Evaluation>,
) -> Result<Json<Decision>, Failure> {
    Ok(Json(decide_one(&app, &caller, &evaluation).await?))
}

/// Decides many evaluations
#[utoipa::path(
    post, path = "/access/v1/evaluations", operation_id = "evaluateMany", tag = "Evaluation",
    request_body = Evaluations, responses((status = 200, description = "The decisions", body = Decided), Refusals)
)]
pub(super) async fn many(
    State(app): State<App>,
    Asked(caller, ask): Asked<Evaluations>,
) -> Result<Json<Decided>, Failure> {
    let (defaults, list, semantic) = ask.split();
    if list.is_empty() {
        return Ok(Json(Decided::One(decide_one(&app, &caller, &defaults).await?)));
    }
    if list.len() > MOST {
        return Err(Error::TooMany { field: "evaluations".into(), limit: MOST as u64 }.into());
    }
    let now = app.engine().clock().now();
    let whole = |(i, one)| Whole::of(one, &defaults, now, &format!("evaluations[{i}]."));
    let all: Vec<Result<Whole<'_>>> = list.iter().enumerate().map(whole).collect();
    if all.iter().flatten().filter(|one| one.reasons).count() > MOST_REASONS {
        let why = format!("at most {MOST_REASONS} of a call may ask for reasons");
        return Err(Error::invalid("evaluations", why).into());
    }
    let mut decided = decide(&app, &caller, &all).await?;
    let last = decided.iter().position(|(permitted, _)| match semantic {
        Semantic::ExecuteAll => false,
        Semantic::DenyOnFirstDeny => !permitted,
        Semantic::PermitOnFirstPermit => *permitted,
    });
    decided.truncate(last.map_or(usize::MAX, |last| last + 1));
    let mut evaluations = Vec::with_capacity(decided.len());
    for ((decision, about), one) in decided.into_iter().zip(&all) {
        evaluations.push(Decision { decision, context: context(&app, &caller, one, about).await?.map(Box::new) });
    }
    Ok(Json(Decided::Many(Decisions { evaluations })))
}
