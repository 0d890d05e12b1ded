//! `import --csv` and `export --csv` as commands.

use super::{Bench, northwind};

#[test]
fn sheets_come_and_go() {
    let bench = Bench::new();
    bench.write("a.jsonl", northwind());
    bench.run(&["import", "a.jsonl"]).good();
    let users = bench.run(&["export", "--csv", "users"]).good();
    assert_eq!(users.lines().count(), 25);
    let told = bench.run_with(&["import", "--csv", "users", "-"], &users).good();
    assert_eq!(told, "added 0, changed 0, removed 0, left 24 as they were (UTF-8)\n");
    for kind in ["groups", "members"] {
        let sheet = bench.run(&["export", "--csv", kind]).good();
        let told = bench.run_with(&["import", "--csv", kind, "-"], &sheet).good();
        let rows = sheet.lines().count() - 1;
        assert_eq!(told, format!("added 0, changed 0, removed 0, left {rows} as they were (UTF-8)\n"), "{kind}");
    }
    let before = bench.run(&["export"]).good();
    bench.write("bad.csv", "email,status\nnew@northwind.example,active\nbroken,active\nx@northwind.example,away\n");
    let ran = bench.run(&["import", "--csv", "users", "bad.csv"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 2), "{ran:?}");
    assert!(ran.out.starts_with("bad.csv:3: email: "), "{ran:?}");
    assert_eq!(ran.err, "guildhall: 2 rows are wrong, so nothing was changed; mend them and import again\n");
    assert_eq!(bench.run(&["export"]).good(), before);
    // A running server carries it out as well.
    let server = bench.serve(&[]);
    let good = "email,name\nnew@northwind.example,New One\n";
    let ahead = bench.run_with(&["import", "--csv", "users", "--preview", "-"], good).good();
    assert_eq!(ahead, "nothing was changed: 0 memberships would be gained, 0 lost\n");
    let told = bench.run_with(&["import", "--csv", "users", "-"], good).good();
    assert_eq!(told, "added 1, changed 0, removed 0, left 0 as they were (UTF-8)\n");
    assert_eq!(server.stop().0, Some(0));
    assert!(bench.run(&["export", "--csv", "users"]).good().contains(",new@northwind.example,New One,"));
    bench.run(&["import", "--csv", "users", "--update", "bad.csv"]).misused();
    bench.run(&["import", "--whole", "bad.csv"]).misused();
    bench.run(&["import", "--csv", "users", "bad.csv", "bad.csv"]).misused();
}
