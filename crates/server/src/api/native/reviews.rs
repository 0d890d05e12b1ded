//! Reviews of accesses and memberships.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use guildhall_domain::caller::Caller;
use guildhall_domain::ids::{ReviewId, ReviewRowId, UserId};
use guildhall_domain::page::{self, Ask, Page};
use guildhall_engine::{Closing, DecidedRow, RowFilter, ShownReview, ShownRow};
use http::{StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Change, Json, Maybe, NoBody, Read, ask};
use super::once::{Answer, carry_out};
use super::{Reply, list, shown, wire};
use crate::app::App;
use crate::http::csv;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(find, create))
        .routes(routes!(get, edit))
        .routes(routes!(rows))
        .routes(routes!(decide_one))
        .routes(routes!(decide))
        .routes(routes!(remind))
        .routes(routes!(close))
        .routes(routes!(evidence))
}

fn answer(status: StatusCode, shown: &ShownReview) -> Answer {
    Answer::json(status, &wire::Review::from(shown)).tagged(tag(shown))
}

/// The version, and what is shown beside the record and moves without it.
fn tag(shown: &ShownReview) -> String {
    let counts = &shown.counts;
    format!("{}.{}.{}.{}", shown.review.version, counts.keep, counts.change, counts.remove)
}

/// Lists reviews, in the order in which they began. A guest sees those with rows in their hands.
#[utoipa::path(get, path = "/v1/companies/{company}/reviews", operation_id = "listReviews", tag = "Reviews",
    params(wire::OfCompany, wire::ListReviews), responses((status = 200, description = "One page of reviews.", body = wire::List<wire::Review>)))]
async fn find(State(app): State<App>, read: Read<wire::OfCompany, wire::ListReviews>) -> Reply {
    let filter = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let page = app.engine().reviews(&read.caller, filter, &ask).await?;
    list(&read.uri, page.map(|shown| wire::Review::from(&shown)))
}

/// Begins a review: a row for each access or membership that stands, in the hands of its reviewer.
#[utoipa::path(post, path = "/v1/companies/{company}/reviews", operation_id = "createReview", tag = "Reviews",
    params(wire::OfCompany), request_body = wire::NewReview, responses((status = 201, description = "The review.", body = wire::Review)))]
async fn create(State(app): State<App>, ask: Change<wire::OfCompany, Json<wire::NewReview>>) -> Reply {
    ask.if_match.none_here()?;
    let (company, new) = (ask.path.company_id(), ask.body.0.command()?);
    let render = move |made: &ShownReview, _: u64, _| {
        let place = format!("/v1/companies/{company}/reviews/{}", made.review.id);
        answer(StatusCode::CREATED, made).with(&header::LOCATION, place)
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().create_review(&caller, new).await).await
}

/// Tells one review, with how its rows stand.
#[utoipa::path(get, path = "/v1/companies/{company}/reviews/{review}", operation_id = "getReview", tag = "Reviews",
    params(wire::OfReview), responses((status = 200, description = "The review.", body = wire::Review)))]
async fn get(State(app): State<App>, read: Read<wire::OfReview>) -> Reply {
    let told = app.engine().review(&read.caller, read.path.review_id()).await?;
    shown(&read.headers, &tag(&told), || answer(StatusCode::OK, &told))
}

/// Edits a review by a merge patch (RFC 7396).
#[utoipa::path(patch, path = "/v1/companies/{company}/reviews/{review}", operation_id = "editReview", tag = "Reviews",
    params(wire::OfReview), request_body(content((wire::EditReview = "application/merge-patch+json"), (wire::EditReview = "application/json"))),
    responses((status = 200, description = "The review as it is now.", body = wire::Review)))]
async fn edit(State(app): State<App>, ask: Change<wire::OfReview, Json<wire::EditReview>>) -> Reply {
    let Change { caller, path, body, if_match, once, .. } = ask;
    let id = path.review_id();
    let version = if_match.version(async { Ok(app.engine().review(&caller, id).await?.review.version) }).await;
    let edit = body.0.command()?;
    let render = |edited: &ShownReview, _: u64, _| answer(StatusCode::OK, edited);
    carry_out(caller, once, render, async |caller| app.engine().edit_review(&caller, id, edit, version).await).await
}

/// Lists the rows of a review, by app or group. A guest sees those in their hands.
#[utoipa::path(get, path = "/v1/companies/{company}/reviews/{review}/rows", operation_id = "listReviewRows", tag = "Reviews",
    params(wire::OfReview, wire::ListReviewRows), responses((status = 200, description = "One page of rows.", body = wire::List<wire::ReviewRow>)))]
async fn rows(State(app): State<App>, read: Read<wire::OfReview, wire::ListReviewRows>) -> Reply {
    let filter = read.query.filter()?;
    let ask = ask(read.query.limit, read.query.cursor.as_deref(), None)?;
    let page = app.engine().review_rows(&read.caller, read.path.review_id(), filter, &ask).await?;
    list(&read.uri, page.map(wire::ReviewRow::from))
}

/// Decides one row. It can be decided anew until the review is closed, which is when it takes effect.
#[utoipa::path(post, path = "/v1/companies/{company}/reviews/{review}/rows/{row}/decide", operation_id = "decideReviewRow", tag = "Reviews",
    params(wire::OfReviewRow), request_body = wire::DecideRow, responses((status = 204, description = "It is decided.")))]
async fn decide_one(State(app): State<App>, ask: Change<wire::OfReviewRow, Json<wire::DecideRow>>) -> Reply {
    ask.if_match.none_here()?;
    let (review, row) = (ask.path.review_id(), ask.path.row_id());
    let decision = ask.body.0.command(Some(vec![row]))?;
    let render = |_: &Vec<DecidedRow>, _: u64, _| Answer::empty(StatusCode::NO_CONTENT);
    carry_out(ask.caller, ask.once, render, async |caller| {
        app.engine().decide_rows(&caller, review, decision).await.map_err(|error| match error {
            guildhall_domain::Error::Unknown { noun: ReviewRowId::NOUN, .. } => {
                guildhall_domain::Error::NotFound { noun: ReviewRowId::NOUN }
            }
            other => other,
        })
    })
    .await
}

/// Decides many rows alike: those named, all or none, or every undecided one that the caller may decide.
#[utoipa::path(post, path = "/v1/companies/{company}/reviews/{review}/rows/decide", operation_id = "decideReviewRows", tag = "Reviews",
    params(wire::OfReview), request_body = wire::DecideManyRows, responses((status = 200, description = "Each row.", body = wire::DecidedReviewRows)))]
async fn decide(State(app): State<App>, ask: Change<wire::OfReview, Json<wire::DecideManyRows>>) -> Reply {
    ask.if_match.none_here()?;
    let (review, decision) = (ask.path.review_id(), ask.body.0.command()?);
    let render = |all: &Vec<DecidedRow>, _: u64, _| Answer::json(StatusCode::OK, &wire::DecidedReviewRows::from(all));
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().decide_rows(&caller, review, decision).await)
        .await
}

/// Reminds those who have rows to decide.
#[utoipa::path(post, path = "/v1/companies/{company}/reviews/{review}/remind", operation_id = "remindReviewers", tag = "Reviews",
    params(wire::OfReview), responses((status = 200, description = "Who they are.", body = wire::Reminded)))]
async fn remind(State(app): State<App>, ask: Change<wire::OfReview, NoBody>) -> Reply {
    ask.if_match.none_here()?;
    let id = ask.path.review_id();
    let render = |told: &Vec<UserId>, _: u64, _| {
        let reviewers = told.iter().map(|user| user.uuid()).collect();
        Answer::json(StatusCode::OK, &wire::Reminded { reviewers })
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().remind_reviewers(&caller, id).await).await
}

/// Closes a review: what was decided is done, in one change. With `?preview=true` it is only told.
#[utoipa::path(post, path = "/v1/companies/{company}/reviews/{review}/close", operation_id = "closeReview", tag = "Reviews",
    params(wire::OfReview), request_body = Option<wire::CloseReviewBody>, responses((status = 200, description = "The review, and what its rows came to.", body = wire::ClosedReview)))]
async fn close(State(app): State<App>, ask: Change<wire::OfReview, Maybe<wire::CloseReviewBody>>) -> Reply {
    ask.if_match.none_here()?;
    let (id, how) = (ask.path.review_id(), ask.body.0.command()?);
    let render = |closed: &Closing, _: u64, _| {
        Answer::json(StatusCode::OK, &wire::ClosedReview::from(closed)).tagged(tag(&closed.shown))
    };
    carry_out(ask.caller, ask.once, render, async |caller| app.engine().close_review(&caller, id, how).await).await
}

/// Exports the evidence of a review: its record, and every row with who decided what, when, and what became of it.
#[utoipa::path(get, path = "/v1/companies/{company}/reviews/{review}/evidence", operation_id = "exportReview", tag = "Reviews",
    params(wire::OfReview, wire::EvidenceForm),
    responses((status = 200, description = "The evidence, as JSON or as CSV (RFC 4180).", content((wire::Evidence = "application/json"), (String = "text/csv")))))]
async fn evidence(State(app): State<App>, read: Read<wire::OfReview, wire::EvidenceForm>) -> Reply {
    let (as_csv, id) = (read.query.is_csv()?, read.path.review_id());
    let told = app.engine().review_evidence(&read.caller, id).await?;
    let (head, kind, ending) = if as_csv {
        (csv::line(wire::COLUMNS), "text/csv; charset=utf-8; header=present", "csv")
    } else {
        let mut head =
            serde_json::to_string(&wire::Evidence::from(&told)).map_err(guildhall_domain::Error::internal)?;
        head.truncate(head.len() - 2); // the list of rows stays open
        (head, "application/json", "json")
    };
    let first = app.engine().review_rows(&read.caller, id, RowFilter::default(), &Ask::first(1_000)).await?;
    let rest = Rest { app, caller: read.caller, id, page: Some(first), as_csv, begun: false, head: Some(head) };
    let stream =
        futures_util::stream::unfold(rest, |mut rest| async move { Some((rest.next().await.transpose()?, rest)) });
    let name = format!("attachment; filename=\"review-{id}.{ending}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// What is still to be sent of an export: page by page, so that its size is no matter.
struct Rest {
    app: App,
    caller: Caller,
    id: ReviewId,
    page: Option<Page<ShownRow, ReviewRowId>>,
    as_csv: bool,
    begun: bool,
    head: Option<String>,
}

impl Rest {
    /// The next piece; none at the end. An error breaks the answer off, so that nobody takes a part for the whole.
    async fn next(&mut self) -> guildhall_domain::Result<Option<String>> {
        let Some(page) = self.page.take() else { return Ok(None) };
        let mut out = self.head.take().unwrap_or_default();
        for row in page.items {
            let row = wire::ReviewRow::from(row);
            if self.as_csv {
                out.push_str(&csv::line(row.cells()));
            } else {
                if std::mem::replace(&mut self.begun, true) {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(&row).map_err(guildhall_domain::Error::internal)?);
            }
        }
        match page.next {
            Some(next) => {
                let ask = Ask { from: page::From::After(next), ..Ask::first(1_000) };
                let filter = RowFilter::default();
                self.page = Some(self.app.engine().review_rows(&self.caller, self.id, filter, &ask).await?);
            }
            None if !self.as_csv => out.push_str("]}"),
            None => {}
        }
        Ok(Some(out))
    }
}
