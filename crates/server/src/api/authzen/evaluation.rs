//! Decisions: one (§6), or many in a call (§7).

use axum::Json;
use axum::extract::State;
use guildhall_domain::caller::Caller;
use guildhall_domain::{Error, Result};

use super::error::{Failure, Refusals};
use super::extract::Asked;
use super::question::{Asked as About, People, Whole};
use super::wire::{Decided, Decision, Decisions, Evaluation, Evaluations, Semantic};
use crate::app::App;

/// The most evaluations in one call.
const MOST: usize = 1000;

async fn decide(app: &App, caller: &Caller, all: &[Whole<'_>]) -> Result<Vec<Decision>> {
    let people = People::of(app, caller, all.iter().map(|one| one.subject)).await?;
    let questions: Vec<_> = all.iter().map(|one| one.question(&people)).collect();
    let (mut of_groups, mut of_roles) = (Vec::new(), Vec::new());
    for asked in questions.iter().flatten() {
        match asked {
            About::Member(question) => of_groups.push(*question),
            About::Holder(user, role) => of_roles.push((*user, *role)),
        }
    }
    let mut of_groups = app.engine().check(caller, &of_groups).await?.into_iter();
    let mut of_roles = app.engine().hold(caller, &of_roles).await?.into_iter();
    let mut decision = |about: Option<About>| match about {
        Some(About::Member(_)) => of_groups.next().unwrap_or(false),
        Some(About::Holder(..)) => of_roles.next().unwrap_or(false),
        None => false,
    };
    Ok(questions.into_iter().map(|about| Decision { decision: decision(about) }).collect())
}

async fn decide_one(app: &App, caller: &Caller, evaluation: &Evaluation) -> Result<Decision> {
    let one = Whole::of(evaluation, evaluation, "")?;
    let decisions = decide(app, caller, &[one]).await?;
    decisions.into_iter().next().ok_or_else(|| Error::internal("a question without an answer"))
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
    let whole = |(i, one)| Whole::of(one, &defaults, &format!("evaluations[{i}]."));
    let all = list.iter().enumerate().map(whole).collect::<Result<Vec<_>>>()?;
    let mut evaluations = decide(&app, &caller, &all).await?;
    let last = evaluations.iter().position(|one| match semantic {
        Semantic::ExecuteAll => false,
        Semantic::DenyOnFirstDeny => !one.decision,
        Semantic::PermitOnFirstPermit => one.decision,
    });
    evaluations.truncate(last.map_or(usize::MAX, |last| last + 1));
    Ok(Json(Decided::Many(Decisions { evaluations })))
}
