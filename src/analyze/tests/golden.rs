//! Statements against a small schema: the output columns and parameters that they have, or the error that they raise,
//! position included. What is expected is what PostgreSQL 15 answers to Parse and Describe.

mod common;

use analyze::query::Query;
use analyze::ruleutils::Layout;
use common::Fixture;

fn run(name: &str, text: &str) {
    let fixture = Fixture::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for block in text.split("\n\n") {
        let is_answer =
            |line: &&str| ["OK", "ERROR ", "DETAIL ", "HINT ", "PARAMS "].iter().any(|p| line.starts_with(p));
        let lines = || block.trim_matches('\n').lines().filter(|line| !line.starts_with("--"));
        let query: Vec<&str> = lines().filter(|line| !is_answer(line)).collect();
        let expected: Vec<&str> = lines().filter(is_answer).collect();
        if query.is_empty() {
            continue;
        }
        count += 1;
        let (query, expected) = (query.join("\n"), expected.join("\n"));
        let found = fixture.describe(&query);
        if found != expected {
            failures.push(format!("{query}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(failures.is_empty(), "{name}: {} of {count} differ:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn queries_have_postgres_columns() {
    run("select", include_str!("golden/select.txt"));
}

#[test]
fn mistakes_are_reported_as_postgres_does() {
    run("errors", include_str!("golden/errors.txt"));
}

/// Queries displayed as `pg_get_viewdef` displays a view of them, without and with `pretty`. Columns are named c1, c2, ...
/// if their own names are not unique.
#[test]
fn views_are_displayed_as_postgres_does() {
    let fixture = Fixture::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for block in include_str!("golden/views.txt").split("\n====\n") {
        let (source, rest) = block.split_once("\n--- plain\n").expect("a block has an answer");
        let (plain, pretty) = rest.trim_end_matches('\n').split_once("\n--- pretty\n").expect("and one that is pretty");
        for (expected, layout) in [(plain, Layout::STANDARD), (pretty, Layout::PRETTY)] {
            count += 1;
            let found = fixture.display(source, names_of, layout);
            if found != expected {
                failures.push(format!("{source}\n  expected {expected}\n  found    {found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} differ:\n{}", failures.len(), failures.join("\n\n"));
}

fn names_of(query: &Query) -> Vec<String> {
    let names: Vec<String> = query.targets.iter().filter(|t| !t.junk).map(|t| t.name.clone().unwrap()).collect();
    let mut distinct = names.clone();
    distinct.sort();
    distinct.dedup();
    match distinct.len() == names.len() {
        true => names,
        false => (1..=names.len()).map(|number| format!("c{number}")).collect(),
    }
}

/// Statements after their rewriting: `rw` has defaults, identity and generated columns, the others are views. The errors
/// are PostgreSQL's; what is rewritten to is our own.
#[test]
fn rewriting_fills_in_defaults_and_expands_views() {
    let fixture = Fixture::new();
    let mut failures = Vec::new();
    for block in include_str!("golden/rewrite.txt").trim_end().split("\n\n") {
        let (source, expected) = block.split_once('\n').unwrap_or((block, ""));
        let found = fixture.rewritten(source);
        if found != expected {
            failures.push(format!("{source}\n{found}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n\n{}", failures.len(), failures.join("\n\n"));
}
