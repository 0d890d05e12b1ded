//! What Cakewalk's receivers are told of tasks to carry out (`reference/cakewalk-v1.md` §5): people and things by name,
//! as they are called when the message is sent. The journal holds only their ids.

use guildhall_domain::Result;
use guildhall_domain::app::App;
use guildhall_domain::group::Group;
use guildhall_domain::ids::{AccessRequestId, CompanyId, GroupId, TaskId, UserId, parse_uuid};
use guildhall_domain::request::{AccessRequest, TaskKind, TaskStatus};
use guildhall_domain::user::User;
use serde_json::Value;

use crate::Entry;
use crate::store::{self, Conn, requests, tasks};

/// A task that can be carried out, with all that it is about.
#[derive(Clone, Debug)]
pub struct ActionTask {
    /// The task.
    pub id: TaskId,
    /// In whose hands it is.
    pub assigned: Vec<User>,
    /// The request; none where it is not there any more.
    pub request: Option<AccessRequest>,
    /// Who approved it.
    pub reviewed_by: Vec<User>,
    /// Who asked.
    pub requested_by: Option<User>,
    /// For whom.
    pub target: Option<User>,
    /// The app.
    pub app: Option<App>,
    /// The group that raised it.
    pub group: Option<Group>,
}

/// The tasks that an event tells to be carried out.
pub(super) async fn of(conn: &mut Conn, company: CompanyId, entry: &Entry) -> Result<Vec<ActionTask>> {
    let data: Value = serde_json::from_str(&entry.data).map_err(guildhall_domain::Error::internal)?;
    let id = |value: &Value| value.as_str().and_then(parse_uuid);
    let mut all = Vec::new();
    for line in data["tasks"].as_array().into_iter().flatten() {
        let (Some(task), Some(request)) = (id(&line["task"]), id(&line["request"])) else { continue };
        let people: Vec<UserId> =
            line["users"].as_array().into_iter().flatten().filter_map(id).map(UserId::new).collect();
        all.push(one(conn, company, TaskId::new(task), AccessRequestId::new(request), people).await?);
    }
    Ok(all)
}

async fn users(conn: &mut Conn, company: CompanyId, ids: &[UserId]) -> Result<Vec<User>> {
    Ok(store::users::get_each(conn, company, ids).await?.into_iter().flatten().collect())
}

async fn one(
    conn: &mut Conn,
    company: CompanyId,
    id: TaskId,
    of: AccessRequestId,
    people: Vec<UserId>,
) -> Result<ActionTask> {
    let request = requests::get(conn, company, of).await?;
    let reviews = tasks::of_request(conn, company, of.uuid()).await?;
    let approved = reviews.iter().filter(|t| t.kind == TaskKind::Review && t.status == TaskStatus::Approved);
    let mut reviewers: Vec<UserId> = approved.filter_map(|task| task.executed_by).collect();
    reviewers.dedup();
    let (mut requested_by, mut target, mut app, mut group) = (None, None, None, None);
    if let Some(request) = &request {
        if let Some(by) = request.requester {
            requested_by = store::users::get(conn, company, by).await?;
        }
        if let Some(user) = request.target {
            target = store::users::get(conn, company, user).await?;
        }
        if let Some(id) = request.app {
            app = store::apps::get(conn, company, id).await?;
        }
        if let Some(source) = request.source {
            group = store::groups::get(conn, company, GroupId::new(source)).await?;
        }
    }
    let assigned = users(conn, company, &people).await?;
    let reviewed_by = users(conn, company, &reviewers).await?;
    Ok(ActionTask { id, assigned, request, reviewed_by, requested_by, target, app, group })
}
