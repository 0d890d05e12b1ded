//! Rows of policies, their versions, and what apps, levels and groups have chosen.

use guildhall_domain::ids::{CompanyId, LevelId, PolicyId, UserId};
use guildhall_domain::name::fold;
use guildhall_domain::policy::{Approvers, Policy, RequestKind, Step, Timeout};
use guildhall_domain::request::approvers_word;
use guildhall_domain::{Error, Result, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Conn, Row, Value, sql, val};

macro_rules! columns {
    () => {
        "p.policy_id, p.name, p.description, p.kind, p.is_default, p.number, p.steps, p.autoprovision, p.created_at, p.updated_at, p.version"
    };
}

sql! {
    GET = concat!("select ", columns!(), " from policies p where p.company_id = $1 and p.policy_id = $2 and p.archived_at is null");
    OF_KIND = concat!("select ", columns!(), " from policies p where p.company_id = $1 and p.kind = $2 and p.archived_at is null order by p.policy_id limit 1000");
    DEFAULT_OF = concat!("select ", columns!(), " from policies p where p.company_id = $1 and p.kind = $2 and p.is_default and p.archived_at is null");
    COUNT = "select count(*) from policies p where p.company_id = $1 and p.kind = $2 and p.archived_at is null";
    INSERT = "insert into policies (company_id, policy_id, name, name_key, description, kind, is_default, number, steps, autoprovision, created_at, updated_at, version)
              values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing";
    UPDATE = "update policies set name = $3, name_key = $4, description = $5, kind = $6, is_default = $7, number = $8, steps = $9, autoprovision = $10,
              created_at = $11, updated_at = $12, version = $13 where company_id = $1 and policy_id = $2";
    ARCHIVE = "update policies set archived_at = $3, is_default = false where company_id = $1 and policy_id = $2";
    VERSION = "insert into policy_versions (company_id, policy_id, number, steps, autoprovision, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    VERSIONS = "select number, steps, autoprovision, created_at, created_by from policy_versions where company_id = $1 and policy_id = $2 order by number";
    CHOOSE = "insert into policy_choices (company_id, of_id, level_id, kind, policy_id) values ($1, $2, $3, $4, $5)
              on conflict (company_id, of_id, level_id, kind) do update set policy_id = excluded.policy_id";
    UNCHOOSE = "delete from policy_choices where company_id = $1 and of_id = $2 and level_id = $3 and kind = $4";
    UNCHOOSE_POLICY = "delete from policy_choices where company_id = $1 and policy_id = $2";
    CHOSEN = "select policy_id from policy_choices where company_id = $1 and of_id = $2 and level_id = $3 and kind = $4";
    CHOICES = "select level_id, kind, policy_id from policy_choices where company_id = $1 and of_id = $2 order by level_id, kind";
    ALL_OF = concat!("select ", columns!(), " from policies p where p.company_id = $1 and p.policy_id > $2 and p.archived_at is null order by p.policy_id limit $3");
    FORGET = "delete from policies where company_id = $1 and policy_id in (select p.policy_id from policies p where p.company_id = $1 order by p.policy_id limit 5000)";
    FORGET_VERSIONS = "delete from policy_versions where company_id = $1 and (policy_id, number) in (select v.policy_id, v.number from policy_versions v
                       where v.company_id = $1 order by v.policy_id, v.number limit 5000)";
}

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct PolicyVersion {
    /// Its number.
    pub number: u32,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Is the change carried out by itself?
    pub autoprovision: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom; none for the platform and the system.
    pub created_by: Option<UserId>,
}

/// A policy that an app, one of its levels or a group has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The level; none for the whole of it.
    pub level: Option<LevelId>,
    /// For requests of this kind.
    pub kind: RequestKind,
    /// The policy.
    pub policy: PolicyId,
}

/// Steps as JSON.
pub(crate) fn steps_json(steps: &[Step]) -> Json {
    let approvers = |approvers: &Approvers| match approvers {
        Approvers::Users(users) => json!({"users": users.iter().map(ToString::to_string).collect::<Vec<_>>()}),
        Approvers::Group(group) => json!({"group": group.to_string()}),
        word => approvers_word(word).into(),
    };
    let one = |step: &Step| {
        json!({"approvers": approvers(&step.approvers), "all": step.all, "timeoutHours": step.timeout_hours,
               "onTimeout": step.on_timeout.word()})
    };
    steps.iter().map(one).collect()
}

fn id<T: std::convert::From<Uuid>>(json: &Json) -> Result<T> {
    Uuid::parse_str(json.as_str().unwrap_or_default()).map(T::from).map_err(Error::internal)
}

fn step(json: &Json) -> Result<Step> {
    let named = &json["approvers"];
    let approvers = match named.as_str() {
        Some("manager") => Approvers::Manager,
        Some("appOwner") => Approvers::AppOwner,
        Some("groupOwner") => Approvers::GroupOwner,
        Some("admins") => Approvers::Admins,
        Some(other) => return Err(Error::internal(format!("approvers {other}"))),
        None if named["users"].is_array() => {
            Approvers::Users(named["users"].as_array().into_iter().flatten().map(id).collect::<Result<_>>()?)
        }
        None => Approvers::Group(id(&named["group"])?),
    };
    let word = json["onTimeout"].as_str().unwrap_or_default();
    Ok(Step {
        approvers,
        all: json["all"].as_bool().unwrap_or(false),
        timeout_hours: json["timeoutHours"].as_u64().and_then(|n| u32::try_from(n).ok()),
        on_timeout: Timeout::parse("onTimeout", word).map_err(Error::internal)?,
    })
}

/// The steps that a stored text tells.
pub(crate) fn read_steps(text: &str) -> Result<Vec<Step>> {
    let stored: Json = serde_json::from_str(text).map_err(Error::internal)?;
    stored.as_array().into_iter().flatten().map(step).collect()
}

pub(crate) fn read_kind(word: &str) -> Result<RequestKind> {
    RequestKind::parse("kind", word).map_err(Error::internal)
}

fn small(row: Row<'_>, i: usize) -> Result<u32> {
    row.int(i).map(|n| u32::try_from(n).unwrap_or(0))
}

fn read(row: Row<'_>) -> Result<Policy> {
    Ok(Policy {
        id: row.id(0)?,
        name: row.text(1)?,
        description: row.opt_text(2)?,
        kind: row.look(3, read_kind)?,
        is_default: row.flag(4)?,
        number: small(row, 5)?,
        steps: row.look(6, read_steps)?,
        autoprovision: row.flag(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
        version: row.count(10)?,
    })
}

fn written<'a>(company: CompanyId, p: &'a Policy) -> Vec<Value<'a>> {
    vec![
        val(company),
        val(p.id),
        val(&p.name),
        val(fold(&p.name)),
        val(&p.description),
        val(p.kind.word()),
        val(p.is_default),
        val(p.number),
        val(steps_json(&p.steps).to_string()),
        val(p.autoprovision),
        val(p.created_at),
        val(p.updated_at),
        val(p.version),
    ]
}

/// The policy, unless it is archived.
pub(crate) async fn get(conn: &mut Conn, company: CompanyId, id: PolicyId) -> Result<Option<Policy>> {
    conn.row(&GET, &[val(company), val(id)], read).await
}

/// All policies of a kind, by id.
pub(crate) async fn of_kind(conn: &mut Conn, company: CompanyId, kind: RequestKind) -> Result<Vec<Policy>> {
    conn.rows(&OF_KIND, &[val(company), val(kind.word())], read).await
}

/// How many policies of a kind there are.
pub(crate) async fn count(conn: &mut Conn, company: CompanyId, kind: RequestKind) -> Result<u64> {
    Ok(conn.row(&COUNT, &[val(company), val(kind.word())], |row| row.count(0)).await?.unwrap_or(0))
}

/// The policy that the company has chosen for a kind.
pub(crate) async fn default_of(conn: &mut Conn, company: CompanyId, kind: RequestKind) -> Result<Option<Policy>> {
    conn.row(&DEFAULT_OF, &[val(company), val(kind.word())], read).await
}

/// Makes the row of a policy; false when the id is taken.
pub(crate) async fn insert(conn: &mut Conn, company: CompanyId, policy: &Policy) -> Result<bool> {
    Ok(conn.run(&INSERT, &written(company, policy)).await? == 1)
}

/// Writes a policy's row.
pub(crate) async fn update(conn: &mut Conn, company: CompanyId, policy: &Policy) -> Result<()> {
    conn.run(&UPDATE, &written(company, policy)).await.map(drop)
}

/// Archives a policy, which nobody has chosen any more.
pub(crate) async fn archive(conn: &mut Conn, company: CompanyId, id: PolicyId, now: Timestamp) -> Result<()> {
    conn.run(&UNCHOOSE_POLICY, &[val(company), val(id)]).await?;
    conn.run(&ARCHIVE, &[val(company), val(id), val(now)]).await.map(drop)
}

/// Keeps the present version of a policy; one that is kept already stays as it is.
pub(crate) async fn keep_version(conn: &mut Conn, company: CompanyId, p: &Policy, by: Option<UserId>) -> Result<()> {
    let steps = steps_json(&p.steps).to_string();
    let values = [val(company), val(p.id), val(p.number), val(steps), val(p.autoprovision), val(p.updated_at), val(by)];
    conn.run(&VERSION, &values).await.map(drop)
}

/// Every version of a policy, oldest first.
pub(crate) async fn versions(conn: &mut Conn, company: CompanyId, id: PolicyId) -> Result<Vec<PolicyVersion>> {
    conn.rows(&VERSIONS, &[val(company), val(id)], |row| {
        Ok(PolicyVersion {
            number: small(row, 0)?,
            steps: row.look(1, read_steps)?,
            autoprovision: row.flag(2)?,
            created_at: row.time(3)?,
            created_by: row.opt_id(4)?,
        })
    })
    .await
}

/// What a level, or none of them, of an app or group stands under in the rows.
fn whole(level: Option<LevelId>) -> LevelId {
    level.unwrap_or(LevelId::NIL)
}

/// Chooses a policy.
pub(crate) async fn choose(conn: &mut Conn, company: CompanyId, of: Uuid, choice: Choice) -> Result<()> {
    let values = [val(company), val(of), val(whole(choice.level)), val(choice.kind.word()), val(choice.policy)];
    conn.run(&CHOOSE, &values).await.map(drop)
}

/// Takes a choice back; false when there was none.
pub(crate) async fn unchoose(
    conn: &mut Conn,
    company: CompanyId,
    of: Uuid,
    level: Option<LevelId>,
    kind: RequestKind,
) -> Result<bool> {
    let values = [val(company), val(of), val(whole(level)), val(kind.word())];
    Ok(conn.run(&UNCHOOSE, &values).await? == 1)
}

/// What is chosen.
pub(crate) async fn chosen(
    conn: &mut Conn,
    company: CompanyId,
    of: Uuid,
    level: Option<LevelId>,
    kind: RequestKind,
) -> Result<Option<PolicyId>> {
    let values = [val(company), val(of), val(whole(level)), val(kind.word())];
    conn.row(&CHOSEN, &values, |row| row.id(0)).await
}

/// All that an app and its levels, or a group, have chosen.
pub(crate) async fn choices(conn: &mut Conn, company: CompanyId, of: Uuid) -> Result<Vec<Choice>> {
    conn.rows(&CHOICES, &[val(company), val(of)], |row| {
        let level: LevelId = row.id(0)?;
        Ok(Choice {
            level: Some(level).filter(|level| *level != LevelId::NIL),
            kind: row.look(1, read_kind)?,
            policy: row.id(2)?,
        })
    })
    .await
}

/// The `limit` policies behind `after`, by id, for an export.
pub(crate) async fn all_of(conn: &mut Conn, company: CompanyId, after: PolicyId, limit: u32) -> Result<Vec<Policy>> {
    conn.rows(&ALL_OF, &[val(company), val(after), val(limit)], read).await
}

/// Removes some policies of a company whose import failed; how many rows, 0 when none was left.
pub(crate) async fn forget(conn: &mut Conn, company: CompanyId) -> Result<u64> {
    Ok(conn.run(&FORGET, &[val(company)]).await? + conn.run(&FORGET_VERSIONS, &[val(company)]).await?)
}
