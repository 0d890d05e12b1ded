//! Expressions: what they say of a user, what is refused and where, and what hostile ones cost.

use guildhall_domain::Timestamp;
use guildhall_domain::ids::UserId;
use guildhall_domain::user::{NewUser, User};
use serde_json::{Map, Value as Json, json};

use super::*;

const ENG: &str = "018f0000-0000-7000-8000-000000000001";

fn ada() -> User {
    let new = NewUser {
        id: None,
        name: Some("Ada Lovelace".into()),
        given_name: None,
        family_name: None,
        email: "Ada@Example.com".into(),
        user_name: None,
        status: None,
        role: None,
        manager: None,
        external_id: None,
        attributes: None,
        created_at: None,
        groups: Vec::new(),
    };
    User::birth(UserId::NIL, new, Timestamp::from_micros(0), 1).unwrap()
}

fn attributes() -> Map<String, Json> {
    let all = json!({
        "department": "Engineering", "level": 5, "rate": 2.5, "text": "7", "remote": true, "none": null,
        "skills": ["rust", "sql", 3], "site": {"city": "London", "floor": 3}, "cost-center": "C7",
    });
    all.as_object().cloned().unwrap()
}

fn explain(text: &str) -> Vec<Clause> {
    let (user, attributes) = (ada(), attributes());
    let member_of = |group: GroupId| group.to_string() == ENG;
    let subject = Subject { user: &user, attributes: &attributes, member_of: &member_of };
    let rule = Rule::parse("rule", text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let told = rule.explain(&subject);
    assert_eq!(rule.holds(&subject), rule.shape.holds(&mut |i| told[i].holds), "{text}");
    told
}

fn holds(text: &str) -> bool {
    let (user, attributes) = (ada(), attributes());
    let member_of = |group: GroupId| group.to_string() == ENG;
    let subject = Subject { user: &user, attributes: &attributes, member_of: &member_of };
    Rule::parse("rule", text).unwrap_or_else(|error| panic!("{text}: {error}")).holds(&subject)
}

fn refused(text: &str) -> String {
    match Rule::parse("rule", text) {
        Ok(_) => panic!("{text} is taken"),
        Err(error) => error.to_string().replace("rule: is refused at ", ""),
    }
}

#[test]
fn what_is_true_of_ada() {
    for text in [
        "true",
        "user.name == 'Ada Lovelace' && user.givenName == \"Ada\" && user.familyName == r'Lovelace'",
        "user.email.lowerAscii().endsWith('@example.com')",
        "user.userName == user.email && user.status == 'active' && user.role in ['viewer', 'editor']",
        "!has(user.manager) && !has(user.externalId)",
        "user.attributes.department.startsWith('Eng') && user.attributes.department.contains('gin')",
        "user.attributes.level >= 5 && user.attributes.level < 5.5 && user.attributes.rate * 2 == 5",
        "int(user.attributes.text) + 1 == 8 && double(user.attributes.text) == 7.0 && string(user.attributes.level) == '5'",
        "user.attributes.level % 2 == 1 && -user.attributes.level == -5 && user.attributes.level / 2 - 2 == 0",
        "user.attributes.remote && user.attributes.none == null",
        "'rust' in user.attributes.skills && 3 in user.attributes.skills && user.attributes.skills[0] == 'rust'",
        "'site' in user.attributes && user.attributes.site.city == 'London' && has(user.attributes.site.floor)",
        "user.attributes['cost-center'].matches('^C[0-9]$')",
        "user.attributes.skills.exists(s, s == 'sql') && !user.attributes.skills.all(s, s == 'sql')",
        "user.attributes.skills.exists_one(s, s == 'sql') && user.attributes.skills.filter(s, s != 3).size() == 2",
        "user.attributes.skills.filter(s, s != 3).map(s, s + '!') == ['rust!', 'sql!'] && size('äö') == 2",
        "user.memberOf('018f0000-0000-7000-8000-000000000001') && !user.memberOf('018F0000-0000-7000-8000-000000000002')",
        "user.attributes.level > 3 ? user.attributes.remote : false",
        "user.attributes.skills == ['rust', 'sql', 3] && user.attributes.skills != [1]",
        "user.attributes.department == 'Sales' || // others\n user.attributes.level == 5",
    ] {
        assert!(holds(text), "{text}: {:?}", explain(text));
    }
}

#[test]
fn what_has_no_value_makes_its_clause_false() {
    let why = |text: &str| explain(text).into_iter().next().and_then(|clause| clause.why).unwrap_or_default();
    assert_eq!(why("user.attributes.team == 'x'"), "the user has no `team`");
    assert_eq!(why("!(user.attributes.team == 'x')"), "the user has no `team`");
    assert_eq!(why("user.attributes.team != 'x'"), "the user has no `team`");
    assert_eq!(why("user.manager == 'x'"), "the user has no `manager`");
    assert_eq!(why("user.attributes.site.lift"), "the user has no `lift`");
    assert_eq!(why("user.attributes.department.lift"), "`.lift` does not fit a text");
    assert_eq!(why("user.attributes.department > 3"), "a text and a number do not compare");
    assert_eq!(why("user.attributes.level / 0 == 1"), "a number becomes too large, or a divisor is zero");
    assert_eq!(
        why("user.attributes.level + 9223372036854775807 > 0"),
        "a number becomes too large, or a divisor is zero"
    );
    assert_eq!(why("user.attributes.skills[7] == 1"), "there is no item 7 in a list of 3");
    assert_eq!(why("user.attributes.level"), "a condition does not fit a number");
    assert_eq!(why("int(user.attributes.department) == 1"), "a text is no whole number");
    assert_eq!(why("user.attributes.skills.all(s, s.startsWith('r'))"), "");
    // Trouble stays in its clause, and inside one `&&` and `||` decide in spite of it.
    assert!(holds("user.attributes.team == 'x' || user.attributes.remote"));
    assert!(!holds("user.attributes.team == 'x' && user.attributes.remote"));
    assert!(holds("!(user.attributes.team == 'x' && false)"));
    assert!(holds("(user.attributes.team == 'x' || true) == true"));
    assert!(holds("user.attributes.skills.exists(s, s.startsWith('s'))"));
}

#[test]
fn the_explanation_names_the_clauses() {
    let told = explain(
        "user.attributes.level > 3 && (user.memberOf('018f0000-0000-7000-8000-000000000002') || user.attributes.team == 'ä')",
    );
    let lines: Vec<_> = told.iter().map(|c| (c.text.as_str(), c.holds, c.why.as_deref())).collect();
    assert_eq!(
        lines,
        [
            ("user.attributes.level > 3", true, None),
            ("user.memberOf('018f0000-0000-7000-8000-000000000002')", false, None),
            ("user.attributes.team == 'ä'", false, Some("the user has no `team`")),
        ]
    );
}

#[test]
fn the_groups_it_reads_are_known() {
    let rule = Rule::parse("rule", &format!("user.memberOf('{ENG}') && !(true && user.memberOf(\"{ENG}\"))")).unwrap();
    assert_eq!(rule.reads().iter().map(ToString::to_string).collect::<Vec<_>>(), [ENG]);
    assert!(Rule::parse("rule", "user.role == 'admin'").unwrap().reads().is_empty());
}

#[test]
fn what_is_refused_says_where_and_why() {
    let table: Vec<String> = [
        "user.shoe == 1",
        "'ä' == user.shoe",
        "user",
        "users.name == 'x'",
        "true &&\n user.name",
        "user.name && true",
        "!user.email",
        "user.memberOf(user.name)",
        "user.memberOf('engineering')",
        "user.memberOf",
        "user.leave()",
        "now() > 3",
        "size(1, 2) == 1",
        "timestamp('2026-01-01T00:00:00Z') == 1",
        "user.attributes.a.exists(x, x.exists(y, y == 1))",
        "user.attributes.a.exists(user, true)",
        "user.attributes.a.exists(1, true)",
        "has(1)",
        "user.name.matches(user.email)",
        "user.name.matches('(')",
        "user.name.matches('((a{100}){100}){100}')",
        "{'a': 1} == user.attributes",
        "A{b: 1} == 1",
        "b'x' == 'x'",
        "1u == 1",
        "user.attributes.?x == 1",
        "user.attributes.`x` == 1",
        "true true",
        "true &&",
        "== 1",
        "user..name == 1",
        "99999999999999999999 == 1",
    ]
    .into_iter()
    .map(|text| format!("{text:?} → {}", refused(text)))
    .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn hostile_expressions_are_refused_or_bounded() {
    for text in [
        "(".repeat(1024) + &")".repeat(1024),
        "[".repeat(1024) + &"]".repeat(1024),
        "!".repeat(2000) + "true",
        "-".repeat(2000) + "1",
        format!("true{}", " && true".repeat(250)),
        format!("1{}", "+1".repeat(1000)),
        format!("user{}", ".a".repeat(1000)),
        format!("{}true{}", "true ? ".repeat(100), " : true".repeat(100)),
        format!("user.name.matches('{}')", "a".repeat(257)),
        format!("user.name.matches('{}')", "(".repeat(100) + &")".repeat(100)),
        "user.attributes.".to_owned(),
        "\u{0}".to_owned(),
        "'".repeat(2048),
        "\\".repeat(2048),
        ",".repeat(2048),
        "[".repeat(16) + &",".repeat(2000) + &"]".repeat(16),
        "a?".repeat(64),
        "in in in in".to_owned(),
        "ä".repeat(1024),
    ] {
        assert!(Rule::parse("rule", &text).is_err(), "{text}");
    }
    // The most that the bounds let through, to the full depth of each.
    let widest = format!("1{} > 0", "+1".repeat(63));
    assert!(holds(&widest));
    assert!(holds(&format!("{}true{}", "(".repeat(16), ")".repeat(16))));
    assert!(holds(&format!("{}true", "!".repeat(64))));
    assert!(holds(&format!("{}true", "true ? true : ".repeat(32))));
    assert!(holds(&format!("{}1{} == {}1{}", "[".repeat(16), "]".repeat(16), "[".repeat(16), "]".repeat(16))));
}

#[test]
fn evaluating_is_paid_for() {
    let user = ada();
    let many: Vec<Json> = (0..9000).map(Json::from).collect();
    let attributes = json!({"many": many, "long": "a".repeat(40_000)}).as_object().cloned().unwrap();
    let subject = Subject { user: &user, attributes: &attributes, member_of: &|_| false };
    let spent = "evaluating it for this user takes more work than a rule may";
    for text in [
        "user.attributes.many.exists(x, user.attributes.long.contains('b'))",
        "user.attributes.many.map(x, user.attributes.many).size() > 0",
        "user.attributes.many.all(x, x in user.attributes.many)",
        "user.attributes.long.matches('(a|a)*b')",
        "user.attributes.many.filter(x, x >= 0).filter(x, x >= 0).filter(x, x >= 0).size() == 9000",
        "user.attributes.many == user.attributes.many && user.attributes.many == user.attributes.many && false",
    ] {
        let told = Rule::parse("rule", text).unwrap().explain(&subject);
        assert!(told.iter().any(|clause| clause.why.as_deref() == Some(spent) || !clause.holds), "{text}: {told:?}");
        assert!(!Rule::parse("rule", text).unwrap().holds(&subject), "{text}");
    }
    assert!(Rule::parse("rule", "user.attributes.many.size() == 9000").unwrap().holds(&subject));
}
