//! Random histories on SQLite and on PostgreSQL against the model: no difference in any answer, refusal or list.

use guildhall_domain::Error;
use guildhall_domain::caller::Caller;
use guildhall_domain::group::{EditGroup, NewGroup};
use guildhall_domain::ids::{CompanyId, GroupId, UserId};
use guildhall_domain::page::{Ask, Order};
use guildhall_domain::patch::Patch;
use guildhall_domain::time::Window;
use guildhall_domain::user::EditUser;
use guildhall_engine::{ChangeMembers, Clock, Engine, GroupFilter, GroupSort, MemberRef, NewCompany, Question};
use guildhall_testkit::model::{Model, Step};
use guildhall_testkit::seed::person;
use guildhall_testkit::{Place, operator, standing};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;

pub(crate) const PEOPLE: u8 = 8;
pub(crate) const GROUPS: u8 = 6;
const HISTORIES: usize = 20;
const LENGTH: usize = 50;

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let user = 0..PEOPLE;
    let group = 0..GROUPS;
    let users = prop::collection::vec(0..PEOPLE, 0..4);
    prop_oneof![
        3 => (user.clone(), user.clone()).prop_map(|(u, a)| Step::CreateUser(u, a)),
        1 => (user.clone(), user.clone()).prop_map(|(u, a)| Step::Readdress(u, a)),
        2 => user.clone().prop_map(Step::Deactivate),
        2 => user.prop_map(Step::Reactivate),
        1 => (0..PEOPLE * 2).prop_map(Step::Erase),
        3 => (group.clone(), group.clone()).prop_map(|(g, n)| Step::CreateGroup(g, n)),
        1 => (group.clone(), group.clone()).prop_map(|(g, n)| Step::Rename(g, n)),
        1 => group.clone().prop_map(Step::Archive),
        2 => group.clone().prop_map(Step::Restore),
        5 => (group.clone(), users.clone()).prop_map(|(g, u)| Step::Add(g, u)),
        3 => (group.clone(), users.clone()).prop_map(|(g, u)| Step::Remove(g, u)),
        4 => (group.clone(), users.clone(), 0..6_u8, 1..20_u8).prop_map(|(g, u, from, days)| Step::Lend(g, u, from, days)),
        3 => (group.clone(), users).prop_map(|(g, u)| Step::SetMembers(g, u)),
        6 => (group.clone(), group.clone()).prop_map(|(p, c)| Step::Nest(p, c)),
        2 => (group.clone(), group).prop_map(|(p, c)| Step::Unnest(p, c)),
        3 => (1..12_u8).prop_map(Step::Wait),
        1 => (12..40_u8).prop_map(Step::Wait),
    ]
}

/// One company on one database, driven by the same steps as the model.
pub(crate) struct Real {
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) hand: Caller,
    history: u64,
}

impl Real {
    pub(crate) async fn new(engine: Engine, clock: Clock, history: u64) -> Self {
        let company = CompanyId::new(Uuid::from_u64_pair(history, 1));
        let hand = operator(&engine, company);
        let new = NewCompany { id: Some(company), name: "Model".into(), settings: None, admin: None };
        engine.create_company(&hand, new).await.unwrap();
        Self { engine, clock, hand, history }
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

    pub(crate) async fn take(&self, step: &Step) -> Result<(), Error> {
        let (engine, hand) = (&self.engine, &self.hand);
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
                let day = |n: u8| self.clock.now().plus_seconds(i64::from(n) * 86_400);
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
            Step::Wait(days) => {
                self.clock.set(self.clock.now().plus_seconds(i64::from(*days) * 86_400));
                engine.housekeep().await
            }
        }
    }

    /// What every read says, from memory or from the rows.
    pub(crate) async fn told(&self, engine: &Engine) -> Told {
        let hand = &self.hand;
        let ask = || Ask { total: true, ..Ask::first(100) };
        let by_id = Ask { total: true, ..Ask::first(100) };
        let filter = GroupFilter::default();
        let page = engine.groups(hand, &filter, GroupSort::Name, Order::Ascending, &ask()).await.unwrap();
        assert_eq!(page.total, Some(page.items.len() as u64));
        let mut groups = Vec::new();
        for group in page.items {
            let mut lists = [Vec::new(), Vec::new()];
            for (list, effective) in lists.iter_mut().zip([false, true]) {
                let members = engine.members(hand, group.id, effective, &by_id).await.unwrap();
                assert_eq!(members.total, Some(members.items.len() as u64));
                *list = members.items.iter().map(|m| Self::number(m.person.id.uuid())).collect();
            }
            let count = engine.count_members(hand, group.id).await.unwrap();
            assert_eq!([count.direct, count.effective], lists.each_ref().map(|list| list.len() as u64));
            let [direct, effective] = lists;
            groups.push((Self::number(group.id.uuid()), direct, effective));
        }
        let mut joined = Vec::new();
        for u in 0..PEOPLE {
            let user = self.user(u);
            let (direct, effective) =
                (engine.groups_of(hand, user, false, &ask()).await, engine.groups_of(hand, user, true, &ask()).await);
            let (Ok(direct), Ok(effective)) = (direct, effective) else {
                joined.push(None);
                continue;
            };
            let told: Vec<(u8, bool)> =
                effective.items.iter().map(|(g, direct)| (Self::number(g.id.uuid()), *direct)).collect();
            let direct: Vec<u8> = direct.items.iter().map(|(g, _)| Self::number(g.id.uuid())).collect();
            assert!(direct.iter().eq(told.iter().filter(|(_, direct)| *direct).map(|(g, _)| g)), "{direct:?} {told:?}");
            joined.push(Some(told));
        }
        let asked: Vec<(u8, u8)> = (0..PEOPLE).flat_map(|u| (0..GROUPS).map(move |g| (u, g))).collect();
        let question =
            |(u, g): &(u8, u8), effective| Question { user: self.user(*u), group: self.group(*g), effective };
        let mut checks = Vec::new();
        for effective in [false, true] {
            let questions: Vec<Question> = asked.iter().map(|pair| question(pair, effective)).collect();
            checks.extend(engine.check(hand, &questions).await.unwrap());
        }
        Told { groups, joined, checks }
    }
}

/// All that can be asked about a directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Live groups by name: direct members, effective members.
    pub(crate) groups: Vec<(u8, Vec<u8>, Vec<u8>)>,
    /// Of each user the groups by name, and whether directly; none for who is not there.
    pub(crate) joined: Vec<Option<Vec<(u8, bool)>>>,
    /// Is each user directly, then effectively, in each group?
    pub(crate) checks: Vec<bool>,
}

impl Told {
    fn of(model: &Model) -> Self {
        let told = |g: u8| (g, model.members(g), model.effective(g));
        let groups: Vec<_> = model.listing().into_iter().map(told).collect();
        let of_user = |u: u8| {
            let mine = groups.iter().filter(|(.., effective)| effective.contains(&u));
            mine.map(|(g, direct, _)| (*g, direct.contains(&u))).collect()
        };
        let joined = (0..PEOPLE).map(|u| model.people.contains_key(&u).then(|| of_user(u))).collect();
        let within = |u: u8, g: u8, effective: bool| {
            let lists = groups.iter().find(|(other, ..)| *other == g);
            lists.is_some_and(|(_, direct, all)| if effective { all.contains(&u) } else { direct.contains(&u) })
        };
        let asked = |effective: bool| (0..PEOPLE).flat_map(move |u| (0..GROUPS).map(move |g| (u, g, effective)));
        let checks = asked(false).chain(asked(true)).map(|(u, g, effective)| within(u, g, effective)).collect();
        Self { groups, joined, checks }
    }
}

#[tokio::test]
async fn random_histories_end_alike_everywhere() {
    let places = [Place::sqlite(), Place::postgres().await];
    let mut engines = Vec::new();
    for place in &places {
        let clock = standing();
        engines.push((place.engine(clock.clone()).await, clock));
    }
    // A fixed seed: a failure is the same failure tomorrow.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let histories = prop::collection::vec(step(), LENGTH);
    let mut taken = 0;
    for history in 1..=HISTORIES as u64 {
        // Most of the people and groups are there from the beginning: else nearly every step would be refused.
        let mut steps: Vec<Step> = (0..PEOPLE - 2).map(|u| Step::CreateUser(u, u)).collect();
        steps.extend((0..GROUPS - 1).map(|g| Step::CreateGroup(g, g % 2)));
        steps.extend(histories.new_tree(&mut runner).unwrap().current());
        let mut model = Model::default();
        let mut reals = Vec::new();
        for (engine, clock) in &engines {
            reals.push(Real::new(engine.clone(), clock.clone(), history).await);
        }
        for (i, step) in steps.iter().enumerate() {
            let expected = model.apply(step);
            let told = Told::of(&model);
            for (real, place) in reals.iter().zip(&places) {
                let at = format!("history {history}, step {i} {step:?} on {}: {:?}", place.kind(), &steps[..=i]);
                let before = real.engine.revision(real.hand.company).await.unwrap();
                let outcome = real.take(step).await;
                assert_eq!(outcome.as_ref().map_err(Error::cause).copied(), expected, "{at}\n{outcome:?}");
                if outcome.is_err() {
                    let after = real.engine.revision(real.hand.company).await.unwrap();
                    assert_eq!(before, after, "a refusal moved the journal: {at}");
                }
                assert_eq!(real.told(&real.engine).await, told, "memory: {at}");
                // Asking the rows takes hundreds of statements, so they are not asked at every step.
                if i % 16 == 0 || i + 1 == steps.len() {
                    assert_eq!(real.told(&real.engine.from_rows()).await, told, "rows: {at}");
                }
            }
            taken += usize::from(expected.is_ok());
        }
    }
    assert!(taken > HISTORIES * LENGTH / 2, "only {taken} steps were taken: the histories say too little");
    for (engine, _) in &engines {
        for chain in engine.verify().await.unwrap() {
            assert_eq!(chain.broken, None, "{}", chain.company);
        }
    }
}
