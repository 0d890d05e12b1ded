//! The JSON of policies, as it is read and written.

use guildhall_domain::ids::{CompanyId, GroupId, PolicyId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::policy::{self, Approvers, EditPolicy, RequestKind, Step, Timeout};
use guildhall_domain::request::approvers_word;
use guildhall_engine::directory::PolicyRecord;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::wire::{Id, Outcome, patch, told};
use crate::http::patch::Field;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Policy {
    #[serde(rename = "type")]
    _type: IgnoredAny,
    id: Id,
    company: Id,
    name: String,
    #[serde(default)]
    description: Field<String>,
    request_type: String,
    steps: Vec<StepPart>,
    #[serde(default)]
    default: Field<bool>,
    #[serde(default)]
    autoprovision: Field<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StepPart {
    approvers: ApproversPart,
    #[serde(default)]
    require: Option<String>,
    #[serde(default)]
    timeout_hours: Option<u32>,
    #[serde(default)]
    on_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ApproversPart {
    Word(String),
    Users(UsersPart),
    Group(GroupPart),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsersPart {
    users: Vec<Id>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupPart {
    group: Id,
}

impl StepPart {
    fn step(self) -> Outcome<Step> {
        let approvers = match self.approvers {
            ApproversPart::Users(part) => Approvers::Users(part.users.into_iter().map(|id| UserId::new(id.0)).collect()),
            ApproversPart::Group(part) => Approvers::Group(GroupId::new(part.group.0)),
            ApproversPart::Word(word) => match word.as_str() {
                "manager" => Approvers::Manager,
                "appOwner" => Approvers::AppOwner,
                "groupOwner" => Approvers::GroupOwner,
                "admins" => Approvers::Admins,
                _ => return Err("steps.approvers: must be `manager`, `appOwner`, `groupOwner`, `admins`, or an object with `users` or `group`".into()),
            },
        };
        let all = match self.require.as_deref() {
            None | Some("any") => false,
            Some("all") => true,
            Some(_) => return Err("steps.require: must be one of `any`, `all`".into()),
        };
        let on_timeout = self.on_timeout.map_or(Ok(Timeout::Expire), |raw| Timeout::parse("steps.onTimeout", &raw));
        Ok(Step { approvers, all, timeout_hours: self.timeout_hours, on_timeout: on_timeout.map_err(told)? })
    }
}

impl Policy {
    pub(super) fn record(self) -> Outcome<PolicyRecord> {
        Ok(PolicyRecord {
            company: CompanyId::new(self.company.0),
            id: PolicyId::new(self.id.0),
            kind: RequestKind::parse("requestType", &self.request_type).map_err(told)?,
            edit: EditPolicy {
                name: Patch::Set(self.name),
                description: patch(self.description),
                is_default: patch(self.default),
                steps: Patch::Set(self.steps.into_iter().map(StepPart::step).collect::<Outcome<_>>()?),
                autoprovision: patch(self.autoprovision),
            },
        })
    }
}

fn step(step: &Step) -> Value {
    let approvers = match &step.approvers {
        Approvers::Users(users) => json!({"users": users.iter().map(|id| id.uuid()).collect::<Vec<_>>()}),
        Approvers::Group(group) => json!({"group": group.uuid()}),
        word => approvers_word(word).into(),
    };
    let mut told = json!({"approvers": approvers});
    if step.all {
        told["require"] = "all".into();
    }
    if let Some(hours) = step.timeout_hours {
        told["timeoutHours"] = hours.into();
    }
    if step.on_timeout != Timeout::Expire {
        told["onTimeout"] = step.on_timeout.word().into();
    }
    told
}

/// The line of a policy.
pub(super) fn line(company: CompanyId, policy: &policy::Policy) -> Value {
    let steps: Vec<Value> = policy.steps.iter().map(step).collect();
    let mut told = json!({"type": "policy", "id": policy.id.uuid(), "company": company.uuid(), "name": policy.name});
    if let Some(description) = &policy.description {
        told["description"] = description.as_str().into();
    }
    told["requestType"] = policy.kind.word().into();
    told["steps"] = steps.into();
    told["default"] = policy.is_default.into();
    told["autoprovision"] = policy.autoprovision.into();
    told
}
