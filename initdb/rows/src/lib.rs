//! Computes the rows that SQL adds to the catalogs of a new cluster: system views, information_schema, privileges, statistics.
//!
//! initdb does not run that SQL: it loads its outcome, which depends on nothing that initdb is told. This crate makes a cluster on a
//! simulated disk and runs it there.
//!
//! 1. [`sql::statements`] are run in a cluster that has what the catalogs' own script says.
//! 2. Every row that the script does not have is printed as a line of a script (`rows::added`).
//! 3. A second cluster is made of both, so that rows lie where they will lie, and ANALYZE tells what the statistics are.
//!
//! The outcome is in the repository (`initdb/rows.bki`): initdb cannot be built by the server that it is to make clusters for. A test
//! compares; `cargo xtask rows` writes the file anew.
#![forbid(unsafe_code)]

mod cluster;
mod features;
mod rows;
pub mod sql;

use catalog::Relation;
use catalog::relations::{ALL, PG_STATISTIC};
use cluster::Cluster;
use initdb::script::{self, Words};
use report::Result;
use std::path::PathBuf;

/// Where the outcome is kept.
pub fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).with_file_name("rows.bki")
}

/// The lines that follow the catalogs' own script. Errors: those of a statement; a row of the script was changed by one.
pub fn compute() -> Result<String> {
    let catalogs = script::catalogs(&words(&initdb::Locales::c()));
    let (statistics, others): (Vec<&Relation>, Vec<&Relation>) = ALL.iter().partition(|of| of.oid == PG_STATISTIC.oid);
    let rows = after(&catalogs, &sql::statements(), &others)?;
    let statistics = after(&(catalogs + &rows), &[sql::STATISTICS.to_owned()], &statistics)?;
    Ok(rows + &statistics)
}

/// What a script makes is changed by statements: the rows that these catalogs have then and the script has not.
fn after(script: &str, statements: &[String], catalogs: &[&'static Relation]) -> Result<String> {
    let cluster = Cluster::make(script)?;
    cluster.run(statements)?;
    cluster.look(|cx| rows::added(&cx.catalog(), script, catalogs))
}

/// Words for a cluster whose rows do not tell of them.
fn words(locales: &initdb::Locales) -> Words<'_> {
    Words { superuser: "postgres", encoding: initdb::UTF8, locales }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_has_what_the_sql_makes() {
        let computed = super::compute().unwrap();
        let kept = std::fs::read_to_string(super::file()).unwrap();
        let difference = computed.lines().zip(kept.lines()).enumerate().find(|(_, (computed, kept))| computed != kept);
        let start = |line: &str| line.chars().take(200).collect::<String>();
        if let Some((at, (computed, kept))) = difference {
            panic!(
                "initdb/rows.bki is out of date: run `cargo xtask rows`. Line {}:\nis      {}\nwould be {}",
                at + 1,
                start(kept),
                start(computed)
            );
        }
        assert_eq!(
            computed.lines().count(),
            kept.lines().count(),
            "initdb/rows.bki is out of date: run `cargo xtask rows`"
        );
    }
}
