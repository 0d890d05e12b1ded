//! Policies and their steps on the wire.

use guildhall_domain::ids::{CompanyId, LevelId, PolicyId};
use guildhall_domain::policy::{self as domain, Approvers as Domain, EditPolicy as Edit, RequestKind, Timeout};
use guildhall_domain::request::approvers_word;
use guildhall_domain::{Error, Result};
use guildhall_engine::{Choice, ChoiceOf, PolicyVersion};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::super::extract::Place;
use super::{Id, at, patch};
use crate::http::patch::Field;

/// Who decides a step: `manager`, `appOwner`, `groupOwner`, `admins`, `{"users": […]}` or `{"group": id}`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Approvers {
    /// `manager`, `appOwner`, `groupOwner` or `admins`.
    Word(&'static str),
    /// These people.
    Users {
        /// By id.
        users: Vec<Uuid>,
    },
    /// The members of this group.
    Group {
        /// By id.
        group: Uuid,
    },
}

/// One step of a policy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// Who decides.
    approvers: Approvers,
    /// `any`: one of them is enough; `all`: every one of them must approve.
    require: &'static str,
    /// Hours after which it times out; null for never.
    timeout_hours: Option<u32>,
    /// `expire` ends the request; `escalate` hands the step to the next manager, else to an administrator, and then expires.
    on_timeout: &'static str,
}

impl From<&domain::Step> for Step {
    fn from(step: &domain::Step) -> Self {
        let approvers = match &step.approvers {
            Domain::Users(users) => Approvers::Users { users: users.iter().map(|id| id.uuid()).collect() },
            Domain::Group(group) => Approvers::Group { group: group.uuid() },
            word => Approvers::Word(approvers_word(word)),
        };
        Self {
            approvers,
            require: if step.all { "all" } else { "any" },
            timeout_hours: step.timeout_hours,
            on_timeout: step.on_timeout.word(),
        }
    }
}

/// A policy in its present version.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Policy {
    /// The id, unique in the server.
    id: Uuid,
    /// The name.
    name: String,
    /// The description.
    description: Option<String>,
    /// What requests it decides, such as `GrantAccessRequest`.
    request_type: &'static str,
    /// Is it the company's choice where neither level nor app has one?
    default: bool,
    /// The number of the present version.
    version: u32,
    /// Its steps, in order; without any a request is approved at once.
    steps: Vec<Step>,
    /// Is what is approved carried out by itself, instead of by somebody's task?
    autoprovision: bool,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&domain::Policy> for Policy {
    fn from(policy: &domain::Policy) -> Self {
        Self {
            id: policy.id.uuid(),
            name: policy.name.clone(),
            description: policy.description.clone(),
            request_type: policy.kind.word(),
            default: policy.is_default,
            version: policy.number,
            steps: policy.steps.iter().map(Step::from).collect(),
            autoprovision: policy.autoprovision,
            updated_at: at(policy.updated_at),
        }
    }
}

/// One version of a policy; it never changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    /// Its number.
    version: u32,
    /// Its steps.
    steps: Vec<Step>,
    /// Is what is approved carried out by itself?
    autoprovision: bool,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// By whom; null for the platform and the system.
    created_by: Option<Uuid>,
}

impl From<&PolicyVersion> for Version {
    fn from(version: &PolicyVersion) -> Self {
        Self {
            version: version.number,
            steps: version.steps.iter().map(Step::from).collect(),
            autoprovision: version.autoprovision,
            created_at: at(version.created_at),
            created_by: version.created_by.map(|id| id.uuid()),
        }
    }
}

/// Who decides a step, as a request gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum GiveApprovers {
    /// `manager`, `appOwner`, `groupOwner` or `admins`.
    Word(String),
    /// These people, 1 to 100.
    Users(GiveUsers),
    /// The members of this group.
    Group(GiveGroup),
}

/// People by id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveUsers {
    #[schema(value_type = Vec<Uuid>)]
    users: Vec<Id>,
}

/// A group by id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiveGroup {
    #[schema(value_type = Uuid)]
    group: Id,
}

/// A step as a request gives it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GiveStep {
    /// Who decides.
    approvers: GiveApprovers,
    /// `any` (when absent) or `all`.
    require: Option<String>,
    /// Hours after which it times out, 1 to 8,784.
    timeout_hours: Option<u32>,
    /// `expire` (when absent) or `escalate`.
    on_timeout: Option<String>,
}

fn step(i: usize, given: GiveStep) -> Result<domain::Step> {
    let at = |member: &str| format!("steps[{i}].{member}");
    let approvers = match given.approvers {
        GiveApprovers::Users(GiveUsers { users }) => Domain::Users(users.into_iter().map(|id| id.0.into()).collect()),
        GiveApprovers::Group(GiveGroup { group }) => Domain::Group(group.0.into()),
        GiveApprovers::Word(word) => match word.as_str() {
            "manager" => Domain::Manager,
            "appOwner" => Domain::AppOwner,
            "groupOwner" => Domain::GroupOwner,
            "admins" => Domain::Admins,
            _ => {
                let why = "must be `manager`, `appOwner`, `groupOwner`, `admins`, or an object with `users` or `group`";
                return Err(Error::invalid(at("approvers"), why));
            }
        },
    };
    let all = match given.require.as_deref() {
        None | Some("any") => false,
        Some("all") => true,
        Some(_) => return Err(Error::invalid(at("require"), "must be one of `any`, `all`")),
    };
    let on_timeout = given.on_timeout.map(|raw| Timeout::parse(&at("onTimeout"), &raw)).transpose()?;
    Ok(domain::Step {
        approvers,
        all,
        timeout_hours: given.timeout_hours,
        on_timeout: on_timeout.unwrap_or(Timeout::Expire),
    })
}

fn steps(given: Vec<GiveStep>) -> Result<Vec<domain::Step>> {
    given.into_iter().enumerate().map(|(i, one)| step(i, one)).collect()
}

/// A policy to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPolicy {
    /// The id, where the caller chooses it.
    #[schema(value_type = Option<Uuid>)]
    id: Option<Id>,
    /// The name.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// The description.
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// What requests it decides, for good.
    request_type: String,
    /// Make it the company's choice, in the place of another?
    #[schema(default = false)]
    default: Option<bool>,
    /// Its steps, 20 at most.
    steps: Vec<GiveStep>,
    /// Carry out by itself what is approved?
    autoprovision: Option<bool>,
}

impl NewPolicy {
    /// The policy that it asks for, and its id where it is chosen.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<(Option<PolicyId>, RequestKind, Edit)> {
        use guildhall_domain::patch::Patch;
        let edit = Edit {
            name: Patch::Set(self.name),
            description: Patch::set_or_keep(self.description),
            is_default: Patch::set_or_keep(self.default),
            steps: Patch::Set(steps(self.steps)?),
            autoprovision: Patch::set_or_keep(self.autoprovision),
        };
        Ok((self.id.map(|id| id.0.into()), RequestKind::parse("requestType", &self.request_type)?, edit))
    }
}

/// An edit of a policy: a merge patch (RFC 7396). Other steps are another version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EditPolicy {
    /// The name; cannot be null.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    name: Field<String>,
    /// The description.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 1000)]
    description: Field<String>,
    /// Make it the company's choice?
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    default: Field<bool>,
    /// All its steps.
    #[serde(default)]
    #[schema(value_type = Option<Vec<GiveStep>>)]
    steps: Field<Vec<GiveStep>>,
    /// Carry out by itself what is approved?
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    autoprovision: Field<bool>,
}

impl EditPolicy {
    /// The edit that it asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn command(self) -> Result<Edit> {
        Ok(Edit {
            name: patch(self.name),
            description: patch(self.description),
            is_default: patch(self.default),
            steps: patch(self.steps).try_map(steps)?,
            autoprovision: patch(self.autoprovision),
        })
    }
}

/// Which policies.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ListPolicies {
    /// Only those for requests of this type.
    request_type: Option<String>,
}

impl ListPolicies {
    /// The kind that is asked for.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    pub(crate) fn kind(&self) -> Result<Option<RequestKind>> {
        self.request_type.as_deref().map(|raw| RequestKind::parse("requestType", raw)).transpose()
    }
}

/// The policy to be chosen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoosePolicy {
    /// The policy, for requests of the type in the path.
    #[schema(value_type = Uuid)]
    policy: Id,
}

impl ChoosePolicy {
    /// Its id.
    pub(crate) fn id(&self) -> PolicyId {
        self.policy.0.into()
    }
}

/// A policy that an app or one of its levels has chosen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Chosen {
    /// The level; null for the app as a whole.
    permission_level: Option<Uuid>,
    /// For requests of this type.
    request_type: &'static str,
    /// The policy.
    policy: Uuid,
}

impl From<&Choice> for Chosen {
    fn from(choice: &Choice) -> Self {
        Self {
            permission_level: choice.level.map(LevelId::uuid),
            request_type: choice.kind.word(),
            policy: choice.policy.uuid(),
        }
    }
}

/// A path that ends in a type of requests: the choice of a policy for them.
pub(crate) trait Chooses {
    /// For what it is chosen.
    fn of(&self) -> ChoiceOf;
    /// For requests of this kind.
    ///
    /// # Errors
    /// [`Error::Invalid`] on a word that is none.
    fn kind(&self) -> Result<RequestKind>;
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident),+ } => $of:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            /// The company's id.
            #[param(value_type = Uuid)]
            company: Id,
            $($(#[$fdoc])* #[param(value_type = Uuid)] $field: Id,)+
            /// The type of requests, such as `GrantAccessRequest`.
            request_type: String,
        }

        impl Place for $name {
            fn company(&self) -> Option<CompanyId> { Some(self.company.0.into()) }
        }

        impl Chooses for $name {
            fn of(&self) -> ChoiceOf {
                let choice: fn(&Self) -> ChoiceOf = $of;
                choice(self)
            }
            fn kind(&self) -> Result<RequestKind> { RequestKind::parse("requestType", &self.request_type) }
        }
    )+};
}

choices! {
    /// A path of an app's choice.
    OfAppPolicy {
        /// The app's id.
        app
    } => |path| ChoiceOf::App(path.app.0.into());
    /// A path of a level's choice.
    OfLevelPolicy {
        /// The app's id.
        app,
        /// The level's id.
        level
    } => |path| ChoiceOf::Level(path.app.0.into(), path.level.0.into());
    /// A path of a group's choice.
    OfGroupPolicy {
        /// The group's id.
        group
    } => |path| ChoiceOf::Group(path.group.0.into());
}
