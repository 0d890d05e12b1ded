//! All that can be asked about a directory: of the model, of memory, of the rows, and of an instant.

use guildhall_domain::Timestamp;
use guildhall_domain::membership::ReasonKind;
use guildhall_domain::page::{Ask, From, Order};
use guildhall_engine::{Engine, GroupFilter, GroupSort, Question};
use guildhall_testkit::model::{Model, Why};

use super::{GROUPS, PEOPLE, Real};

/// All that can be asked about a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Live groups by name: direct members, effective members.
    pub(crate) groups: Vec<(u8, Vec<u8>, Vec<u8>)>,
    /// Of each user the groups by name, and whether directly; none for who is not there.
    pub(crate) joined: Vec<Option<Vec<(u8, bool)>>>,
    /// Is each user directly, then effectively, in each group?
    pub(crate) checks: Vec<bool>,
}

impl Told {
    /// What the model says.
    pub(crate) fn of(model: &Model) -> Self {
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

    /// What came between this and `after`: by group and user, who was gained and who was lost, and whether directly.
    pub(crate) fn until(&self, after: &Self) -> [Vec<(u8, u8, bool)>; 2] {
        let missing = |of: &Self, from: &Self| {
            let mut all = Vec::new();
            for (group, direct, effective) in &of.groups {
                let there = from.groups.iter().find(|(other, ..)| other == group);
                let gone = |user: &&u8| there.is_none_or(|(.., effective)| !effective.contains(user));
                all.extend(effective.iter().filter(gone).map(|user| (*group, *user, direct.contains(user))));
            }
            all.sort_unstable();
            all
        };
        [missing(after, self), missing(self, after)]
    }
}

impl Real {
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

/// What every read says of an instant.
pub(crate) async fn told_of(real: &Real, at: Timestamp) -> Told {
    let (past, hand) = (real.engine.as_of(at).unwrap(), &real.hand);
    let ask = || Ask { total: true, ..Ask::first(100) };
    let filter = GroupFilter::default();
    let page = past.groups(hand, &filter, GroupSort::Name, Order::Ascending, &ask()).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as u64));
    let mut groups = Vec::new();
    for group in page.items {
        let mut lists = [Vec::new(), Vec::new()];
        for (list, effective) in lists.iter_mut().zip([false, true]) {
            // Two at a time, so that pages meet.
            let mut ask = Ask { total: true, ..Ask::first(2) };
            loop {
                let members = past.members(hand, group.id, effective, &ask).await.unwrap();
                list.extend(members.items.iter().map(|m| Real::number(m.person.id.uuid())));
                let Some(next) = members.next else {
                    assert_eq!(members.total, Some(list.len() as u64));
                    break;
                };
                ask.from = From::After(next);
            }
        }
        let count = past.count_members(hand, group.id).await.unwrap();
        assert_eq!([count.direct, count.effective], lists.each_ref().map(|list| list.len() as u64));
        let [direct, effective] = lists;
        groups.push((Real::number(group.id.uuid()), direct, effective));
    }
    let mut joined = Vec::new();
    for u in 0..PEOPLE {
        let user = real.user(u);
        let direct = past.groups_of(hand, user, false, &ask()).await;
        let (Ok(direct), Ok(effective)) = (direct, past.groups_of(hand, user, true, &ask()).await) else {
            joined.push(None);
            continue;
        };
        let told: Vec<(u8, bool)> =
            effective.items.iter().map(|(g, direct)| (Real::number(g.id.uuid()), *direct)).collect();
        let direct: Vec<u8> = direct.items.iter().map(|(g, _)| Real::number(g.id.uuid())).collect();
        assert!(direct.iter().eq(told.iter().filter(|(_, direct)| *direct).map(|(g, _)| g)), "{direct:?} {told:?}");
        joined.push(Some(told));
    }
    let mut checks = Vec::new();
    for effective in [false, true] {
        let pairs = (0..PEOPLE).flat_map(|u| (0..GROUPS).map(move |g| (u, g)));
        let questions: Vec<Question> =
            pairs.map(|(u, g)| Question { user: real.user(u), group: real.group(g), effective }).collect();
        checks.extend(past.check(hand, &questions).await.unwrap());
    }
    Told { groups, joined, checks }
}

/// Why a user is in a group, or not, as the server tells it.
pub(crate) async fn why(real: &Real, (u, g): (u8, u8), at: Option<Timestamp>) -> Option<Why> {
    let told = real.engine.explain(&real.hand, real.user(u), real.group(g), at).await.ok()?;
    // Each way leads from the reason's group by its nestings to the group that was asked about.
    for way in &told.paths {
        let mut place = way.reason.reason.group;
        for step in &way.steps {
            assert_eq!(step.nesting.child, place);
            place = step.nesting.parent;
        }
        assert_eq!(place, real.group(g));
    }
    assert!(told.paths.is_sorted_by_key(|way| way.steps.len()) && told.paths.len() as u128 == told.total.min(100));
    let missing = told.missing.unwrap_or_default();
    let mut groups: Vec<u8> = missing.groups.iter().map(|group| Real::number(group.uuid())).collect();
    assert_eq!(groups.len(), missing.total);
    groups.sort_unstable();
    let by_hand = missing.scheduled.iter().filter(|given| given.reason.kind == ReasonKind::Direct);
    Some(Why {
        member: told.member,
        direct: told.direct,
        ways: told.total,
        shortest: told.paths.first().map(|way| way.steps.len()),
        groups,
        inactive: missing.inactive.is_some(),
        idle: missing.idle.len(),
        scheduled: by_hand.count(),
    })
}
