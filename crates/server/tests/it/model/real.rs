//! One company on one database, driven by the same steps as the model.

use std::collections::HashMap;
use std::sync::Mutex;

use guildhall_domain::caller::Caller;
use guildhall_domain::conflict::NewConflict;
use guildhall_domain::group::{EditGroup, NewGroup};
use guildhall_domain::ids::{CompanyId, ConflictId, GroupId, UserId};
use guildhall_domain::patch::Patch;
use guildhall_domain::preview::Preview;
use guildhall_domain::time::Window;
use guildhall_domain::user::EditUser;
use guildhall_domain::{Error, Timestamp};
use guildhall_engine::{ChangeMembers, Clock, Engine, MemberRef, NewCompany, PutBack};
use guildhall_testkit::model::Step;
use guildhall_testkit::operator;
use guildhall_testkit::seed::person;
use uuid::Uuid;

/// One company on one database, driven by the same steps as the model.
pub(crate) struct Real {
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) hand: Caller,
    history: u64,
    /// The instant of each step so far.
    instants: Mutex<Vec<Timestamp>>,
    /// The conflicts that were made, by number.
    conflicts: Mutex<HashMap<u8, ConflictId>>,
}

impl Real {
    pub(crate) async fn new(engine: Engine, clock: Clock, history: u64) -> Self {
        let company = CompanyId::new(Uuid::from_u64_pair(history, 1));
        let hand = operator(&engine, company);
        let new = NewCompany { id: Some(company), name: "Model".into(), settings: None, admin: None };
        engine.create_company(&hand, new).await.unwrap();
        Self { engine, clock, hand, history, instants: Mutex::default(), conflicts: Mutex::default() }
    }

    pub(crate) fn user(&self, n: u8) -> UserId {
        UserId::new(Uuid::from_u64_pair(self.history, 0x100 + u64::from(n)))
    }
    pub(crate) fn group(&self, n: u8) -> GroupId {
        GroupId::new(Uuid::from_u64_pair(self.history, 0x200 + u64::from(n)))
    }
    pub(crate) fn number(id: Uuid) -> u8 {
        id.as_bytes()[15]
    }
    fn names(&self, users: &[u8]) -> Vec<MemberRef> {
        users.iter().map(|u| MemberRef::Id(self.user(*u))).collect()
    }

    /// Takes a step.
    pub(crate) async fn take(&self, step: &Step) -> Result<(), Error> {
        let outcome = self.take_as(&self.hand, step).await;
        self.instants.lock().unwrap().push(self.clock.now());
        outcome
    }

    /// What the step would do, or why it would be refused.
    pub(crate) async fn preview(&self, step: &Step) -> Result<Preview, Error> {
        let hand = Caller { preview: true, ..self.hand.clone() };
        match self.take_as(&hand, step).await {
            Err(Error::Preview(told)) => Ok(*told),
            Err(error) => Err(error),
            Ok(()) => panic!("a preview was carried out: {step:?}"),
        }
    }

    /// The instant of the step so many steps ago; one before them all, where there are fewer.
    fn before(&self, ago: u8) -> Timestamp {
        let instants = self.instants.lock().unwrap();
        let place = instants.len().checked_sub(1 + usize::from(ago));
        place.map_or(Timestamp::from_micros(0), |place| instants[place])
    }

    async fn take_as(&self, hand: &Caller, step: &Step) -> Result<(), Error> {
        let engine = &self.engine;
        // Even numbers are written in capitals, so that every comparison has to fold.
        let address = |a: u8| if a.is_multiple_of(2) { format!("P{a}@X.EXAMPLE") } else { format!("p{a}@x.example") };
        match step {
            Step::CreateUser(u, a) => {
                let mut new = person(&format!("Person {u}"), Some(self.user(*u).uuid()));
                new.email = address(*a);
                engine.create_user(hand, new).await.map(drop)
            }
            Step::Readdress(u, a) => {
                let edit = EditUser { email: Patch::Set(address(*a).to_lowercase()), ..Default::default() };
                engine.edit_user(hand, self.user(*u), edit, None).await.map(drop)
            }
            Step::Deactivate(u) => engine.deactivate_user(hand, self.user(*u)).await.map(drop),
            Step::Reactivate(u) => engine.reactivate_user(hand, self.user(*u)).await.map(drop),
            Step::Erase(u) => engine.erase_user(hand, self.user(*u), None).await.map(drop),
            Step::CreateGroup(g, n) => {
                let new = NewGroup { id: Some(self.group(*g)), name: format!("Group {n}"), ..Default::default() };
                engine.create_group(hand, new).await.map(drop)
            }
            Step::Rename(g, n) => {
                let edit = EditGroup { name: Patch::Set(format!("GROUP {n}")), ..Default::default() };
                engine.edit_group(hand, self.group(*g), edit, None).await.map(drop)
            }
            Step::Archive(g) => engine.archive_group(hand, self.group(*g), None).await.map(drop),
            Step::Restore(g) => engine.restore_group(hand, self.group(*g)).await.map(drop),
            Step::Add(g, u) => {
                let ask = ChangeMembers { add: self.names(u), ..ChangeMembers::of(self.group(*g)) };
                engine.change_members(hand, ask).await.map(drop)
            }
            Step::Lend(g, u, after, days) => {
                // From midnight to midnight, as the model counts: windows of two steps meet exactly or not at all.
                let now = self.clock.now();
                let midnight = Timestamp::from_micros(now.micros() - now.micros().rem_euclid(86_400_000_000));
                let day = |n: u8| midnight.plus_seconds(i64::from(n) * 86_400);
                let window = Window { starts: (*after > 0).then(|| day(*after)), ends: Some(day(*after + *days)) };
                let ask = ChangeMembers { add: self.names(u), window, ..ChangeMembers::of(self.group(*g)) };
                engine.change_members(hand, ask).await.map(drop)
            }
            Step::Remove(g, u) => {
                let ask = ChangeMembers { remove: self.names(u), ..ChangeMembers::of(self.group(*g)) };
                engine.change_members(hand, ask).await.map(drop)
            }
            Step::SetMembers(g, u) => {
                let members = Some(u.iter().map(|u| self.user(*u)).collect());
                let edit = EditGroup { members, ..Default::default() };
                engine.edit_group(hand, self.group(*g), edit, None).await.map(drop)
            }
            Step::Nest(p, c) => engine.nest(hand, self.group(*p), self.group(*c)).await.map(drop),
            Step::Unnest(p, c) => engine.unnest(hand, self.group(*p), self.group(*c)).await.map(drop),
            Step::Level(u, level) => {
                let text = level.map_or("{}".to_owned(), |level| format!("{{\"level\":{level}}}"));
                let edit = EditUser { attributes: Patch::Set(text), ..Default::default() };
                engine.edit_user(hand, self.user(*u), edit, None).await.map(drop)
            }
            Step::Rule(g, rule) => {
                let rule = rule.as_ref().map_or(Patch::Clear, |rule| Patch::Set(rule.text(&|g| self.group(g))));
                let edit = EditGroup { rule, ..Default::default() };
                engine.edit_group(hand, self.group(*g), edit, None).await.map(drop)
            }
            Step::PutBack(g, ago, what) => {
                let [members, children, record] = [1, 2, 4].map(|part| what & part != 0);
                let ask = PutBack { at: self.before(*ago), members, children, record };
                engine.put_group_back(hand, self.group(*g), ask).await.map(drop)
            }
            Step::Conflict(n, groups, most) => {
                let new = NewConflict {
                    id: None,
                    name: format!("Conflict {n}"),
                    description: None,
                    groups: groups.iter().map(|g| self.group(*g)).collect(),
                    at_most: Some(u32::from(*most)),
                };
                let made = engine.create_conflict(hand, new).await?.value;
                self.conflicts.lock().unwrap().insert(*n, made.conflict.id);
                Ok(())
            }
            Step::EndConflict(n) => {
                let id = self.conflicts.lock().unwrap().get(n).copied().unwrap_or(ConflictId::NIL);
                engine.delete_conflict(hand, id, None).await.map(drop)
            }
            Step::Wait(days) => {
                self.pass(*days);
                engine.housekeep().await
            }
            Step::Pass(days) => {
                self.pass(*days);
                Ok(())
            }
        }
    }

    fn pass(&self, days: u8) {
        self.clock.set(self.clock.now().plus_seconds(i64::from(days) * 86_400));
    }
}
