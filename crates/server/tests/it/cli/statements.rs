//! Every statement there is: prepared on both databases, and on SQLite never by way of a whole table.

use guildhall_testkit as testkit;

#[tokio::test]
async fn each_prepares() {
    testkit::on_both_engines(async |engine, _| {
        let checks = engine.doctor().await;
        assert!(checks.iter().all(|check| check.outcome.is_ok()), "{checks:?}");
        assert!(checks.iter().any(|check| check.name == "statements"));
    })
    .await;
}

/// Statements that may read a whole table, and why.
const WHOLE: &[(&str, &str)] = &[];

#[tokio::test]
async fn none_reads_a_whole_table() {
    let place = testkit::Place::sqlite();
    let engine = place.engine(testkit::standing()).await;
    let plans = engine.plans().await.expect("plans");
    assert!(plans.len() > 80, "{}", plans.len());
    let whole: Vec<_> = plans
        .iter()
        .filter(|(name, lines)| {
            // `SCAN t` alone reads the table; `SCAN t USING INDEX` is an index in its order, bounded by its limit.
            let scans = |line: &String| {
                let no_table = ["CONSTANT ROW", "VALUES CLAUSE"].iter().any(|words| line.contains(words));
                line.starts_with("SCAN ") && !no_table && !line.starts_with("SCAN m")
            };
            lines.iter().any(scans) && !WHOLE.iter().any(|(allowed, _)| name.ends_with(allowed))
        })
        .collect();
    assert!(whole.is_empty(), "{whole:#?}");
}

/// Statements that read all of a company's rows in a large table, and why.
const COMPANY: &[(&str, &str)] = &[
    ("::ALL_OF", "pages of an export, in the order of the key"),
    ("::FORGET", "takes away a company whose import failed"),
    ("::COUNT", "a total, where the caller asks for one, counts what fits"),
    ("roles::POWERS", "the few groups whose roles give rights here, from an index of those alone"),
    ("group_apps::ANY", "one row at most, to know whether there is any"),
    ("runs::OPEN", "the one open run of each connection, from an index of those alone"),
    ("teams::DEFAULT", "the one default team of a company, from an index of that alone"),
    ("reasons::CLOSE_MANY", "SQLite is never given it: there each row is closed by itself"),
    ("keys::NAMED", "the few keys of a company, when the demo replaces its own"),
];

#[tokio::test]
async fn none_reads_a_whole_company() {
    let place = testkit::Place::sqlite();
    let engine = place.engine(testkit::standing()).await;
    let plans = engine.plans().await.expect("plans");
    let whole: Vec<_> = plans
        .iter()
        .filter(|(name, lines)| {
            // A listing walks an index in its order and ends after its page; anything else must know more than the company.
            let walks = |line: &String| {
                let by_company = line.starts_with("SEARCH") && line.ends_with("(company_id=?)");
                // Of a company's own row there is one.
                by_company && !line.starts_with("SEARCH companies ") && !line.starts_with("SEARCH c ")
            };
            lines.iter().any(walks) && !COMPANY.iter().any(|(allowed, _)| name.contains(allowed))
        })
        .collect();
    assert!(whole.is_empty(), "{whole:#?}");
}
