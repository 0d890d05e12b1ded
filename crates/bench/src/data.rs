//! The data sets, made alike on every machine, written in the directory format that `guildhall import` reads.

use std::collections::HashSet;
use std::io::{self, Write};

use serde_json::json;
use uuid::Uuid;

use crate::given::Given;

/// A generator of numbers that look random and are the same every time (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Starts the sequence that belongs to `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// One of these.
    pub(crate) fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// An id.
    pub(crate) fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes((u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes())
            .into_uuid()
    }
}

/// How large a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Its letter.
    pub(crate) name: &'static str,
    users: usize,
    groups: usize,
    memberships: usize,
    largest: usize,
    /// The most groups on a way from one without a parent to one without a child.
    depth: u8,
}

/// The sizes there are.
pub(crate) const SIZES: [Size; 3] = [
    Size { name: "S", users: 1_000, groups: 100, memberships: 2_000, largest: 20, depth: 6 },
    Size { name: "M", users: 50_000, groups: 2_000, memberships: 100_000, largest: 5_000, depth: 6 },
    Size { name: "L", users: 100_000, groups: 10_000, memberships: 1_000_000, largest: 50_000, depth: 10 },
];

const WORDS: [&str; 64] = [
    "amber", "anchor", "autumn", "basin", "birch", "bridge", "canyon", "cedar", "cinder", "cobalt", "copper", "coral",
    "crest", "delta", "drift", "ember", "falcon", "fern", "field", "flint", "forest", "garnet", "glacier", "granite",
    "grove", "harbor", "hazel", "heron", "hollow", "indigo", "island", "ivory", "jasper", "juniper", "lagoon",
    "lantern", "larch", "laurel", "linden", "maple", "marble", "meadow", "mesa", "mirror", "moss", "nickel", "oasis",
    "ochre", "orchid", "osprey", "pebble", "pine", "prairie", "quartz", "raven", "reef", "ridge", "river", "saffron",
    "slate", "spruce", "summit", "timber", "willow",
];

/// Where the numbers begin that make the sets.
const SEED: u64 = 0x6011_d4a1;
/// Companies of the smallest set that stand beside the largest.
const BESIDE: u64 = 9;

/// About this many groups have a topic in common: what a search by text finds.
const PER_TOPIC: usize = 50;

/// A group of a set.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Its id.
    pub(crate) id: Uuid,
    /// Places of its members among the users.
    pub(crate) members: Vec<u32>,
    name: String,
    description: String,
}

/// A set.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// How large it is.
    pub(crate) size: Size,
    /// The company it is in.
    pub(crate) company: Uuid,
    /// Its users; the first is an administrator.
    pub(crate) users: Vec<Uuid>,
    /// Its groups, the largest first.
    pub(crate) groups: Vec<Group>,
    /// Words that about fifty groups each have in their description.
    pub(crate) topics: Vec<String>,
    /// Group and user of each membership, by place.
    pub(crate) pairs: HashSet<(u32, u32)>,
    /// What groups give and people have, in the smallest set.
    pub(crate) given: Option<Given>,
    /// The parent of each group that has one, by place; a parent stands before its children.
    parents: Vec<Option<u32>>,
}

impl Set {
    /// Makes the set of this size.
    pub(crate) fn make(size: Size) -> Self {
        Self::seeded(size, SEED)
    }

    fn seeded(size: Size, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let company = random.id();
        let users: Vec<Uuid> = (0..size.users).map(|_| random.id()).collect();
        let topics: Vec<String> = (0..size.groups.div_ceil(PER_TOPIC)).map(|_| syllables(&mut random)).collect();
        let mut pairs = HashSet::with_capacity(size.memberships);
        let groups = group_sizes(size)
            .into_iter()
            .enumerate()
            .map(|(n, members)| {
                let mut chosen = Vec::with_capacity(members);
                while chosen.len() < members {
                    let user = random.below(size.users) as u32;
                    if pairs.insert((n as u32, user)) {
                        chosen.push(user);
                    }
                }
                let topic = random.one(&topics).clone();
                Group {
                    id: random.id(),
                    members: chosen,
                    name: name(&mut random, n),
                    description: describe(&mut random, &topic),
                }
            })
            .collect();
        let parents = parents(size, &mut random);
        let given = (size == SIZES[0]).then(|| Given::make(size.groups, size.users, seed + 1000));
        Self { size, company, users, groups, topics, pairs, given, parents }
    }

    /// Writes it as JSON Lines; the largest with small companies beside it.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.size == SIZES[2] {
            for n in 1..=BESIDE {
                Self::seeded(SIZES[0], SEED + n).write_company(out)?;
            }
        }
        self.write_company(out)?;
        out.flush()
    }

    fn write_company(&self, out: &mut impl Write) -> io::Result<()> {
        let company = self.company;
        let mut random = Random::new(7);
        writeln!(out, "{}", json!({"type": "company", "id": company, "name": format!("Set {}", self.size.name)}))?;
        for (n, id) in self.users.iter().enumerate() {
            let (name, role) = (name(&mut random, n), if n == 0 { "admin" } else { "viewer" });
            let email = format!("{name}@example.com");
            writeln!(
                out,
                "{}",
                json!({"type": "user", "id": id, "company": company, "name": name, "email": email, "role": role})
            )?;
        }
        for Group { id, name, description, .. } in &self.groups {
            let line = json!({"type": "group", "id": id, "company": company, "name": name, "description": description});
            writeln!(out, "{line}")?;
        }
        for (child, parent) in self.nestings() {
            let (parent, child) = (self.groups[parent].id, self.groups[child].id);
            writeln!(out, "{}", json!({"type": "nesting", "company": company, "parent": parent, "child": child}))?;
        }
        for group in &self.groups {
            for user in &group.members {
                let user = self.users[*user as usize];
                writeln!(
                    out,
                    "{}",
                    json!({"type": "membership", "company": company, "group": group.id, "user": user})
                )?;
            }
        }
        self.given.as_ref().map_or(Ok(()), |given| given.write(self, out))
    }

    /// The places of each child and its parent.
    fn nestings(&self) -> impl Iterator<Item = (usize, usize)> {
        self.parents.iter().enumerate().filter_map(|(child, parent)| Some((child, (*parent)? as usize)))
    }

    /// The numbers that tell what it is like.
    pub(crate) fn tell(&self) -> String {
        let mut sizes: Vec<usize> = self.groups.iter().map(|group| group.members.len()).collect();
        sizes.sort_unstable();
        format!(
            "{} users, {} groups, {} of them in another, {} memberships; a group has {} members at most, {} in the middle",
            self.users.len(),
            sizes.len(),
            self.nestings().count(),
            self.pairs.len(),
            sizes.last().unwrap_or(&0),
            sizes.get(sizes.len() / 2).unwrap_or(&0),
        )
    }
}

/// Zipf: the k-th group has largest/k^s members, with the s that gives as many memberships as wanted.
fn group_sizes(size: Size) -> Vec<usize> {
    let sizes = |s: f64| -> Vec<usize> {
        (1..=size.groups).map(|k| ((size.largest as f64 / (k as f64).powf(s)).round() as usize).max(1)).collect()
    };
    let (mut low, mut high) = (0.0, 2.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if sizes(middle).iter().sum::<usize>() > size.memberships { low = middle } else { high = middle }
    }
    let mut found = sizes(high);
    // What rounding left over goes to the groups in the middle.
    let missing = size.memberships.saturating_sub(found.iter().sum());
    let middle = found.len() / 2;
    for n in 0..missing {
        let place = (middle + n) % size.groups;
        found[place] += 1;
    }
    found
}

/// Every second group has a parent: half of the time the last one that has one too, so that chains grow as long as they
/// may, else any larger one.
fn parents(size: Size, random: &mut Random) -> Vec<Option<u32>> {
    let mut depths: Vec<u8> = vec![1; size.groups];
    let mut parents = vec![None; size.groups];
    for child in (1..size.groups).step_by(2) {
        let last = child.checked_sub(2).filter(|last| random.below(2) == 0 && depths[*last] < size.depth);
        let mut parent = last.unwrap_or_else(|| random.below(child));
        while depths[parent] >= size.depth {
            parent = random.below(child);
        }
        depths[child] = depths[parent] + 1;
        parents[child] = Some(parent as u32);
    }
    parents
}

fn name(random: &mut Random, n: usize) -> String {
    format!("{}-{}-{n:04}", random.one(&WORDS), random.one(&WORDS))
}

/// A word that no language has, so that nothing but the topic is found by it.
fn syllables(random: &mut Random) -> String {
    let one = |random: &mut Random| [*random.one(b"bdfgklmnprstvz"), *random.one(b"aeiou")].map(char::from);
    (0..3).flat_map(|_| one(random)).collect()
}

/// About 170 bytes, the topic somewhere in it.
fn describe(random: &mut Random, topic: &str) -> String {
    let mut words: Vec<&str> = (0..26).map(|_| *random.one(&WORDS)).collect();
    let place = random.below(words.len());
    words[place] = topic;
    let mut text = words.join(" ");
    text.truncate(170);
    if !text.contains(topic) {
        text = format!("{topic} {text}");
    }
    text
}
