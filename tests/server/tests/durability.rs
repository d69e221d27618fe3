//! The short forms of the campaigns that hurt real servers (`cargo torture`): what was acknowledged is there, what was not is there whole or not at all.

use std::fs;
use testkit::Cluster;
use torture::short;

#[test]
fn no_acknowledged_commit_is_lost_by_kills() {
    short("kill", 20, 0);
}

#[test]
fn a_table_and_its_indexes_agree_through_vacuum_and_kills() {
    short("kill", 5, 50);
}

#[test]
fn no_acknowledged_commit_is_lost_by_power_cuts() {
    short("power", 5, 0);
}

#[test]
fn a_data_directory_has_one_server() {
    short("lock-files", 10, 0);
}

#[test]
fn errors_of_the_disk_lose_nothing() {
    short("io-errors", 4, 0);
}

#[test]
fn a_full_disk_loses_nothing() {
    short("full-disk", 3, 0);
}

#[test]
fn damage_is_told_and_contained() {
    short("damage", 9, 0);
}

#[test]
fn asynchronous_commits_are_lost_only_if_young() {
    short("async", 2, 0);
}

#[test]
fn settings_of_the_log_do_what_they_say() {
    short("settings", 6, 0);
}

#[test]
fn a_damaged_page_is_told_and_counted() {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("create table t as select generate_series(1, 10) a");
    let file = session.run("select pg_relation_filepath('t')").value().to_owned();
    cluster.stop();
    let path = cluster.data().join(&file);
    let mut bytes = fs::read(&path).expect("the table has a file");
    bytes[8000] ^= 1;
    fs::write(&path, bytes).expect("it can be written");
    cluster.start();
    let mut session = cluster.connect();
    let error = session.query("select * from t").expect("the session goes on").error.expect("the page is damaged");
    assert_eq!(error.field(b'C'), Some("XX001"));
    assert_eq!(error.field(b'M'), Some(format!("invalid page in block 0 of relation {file}").as_str()));
    session.run("select pg_stat_force_next_flush()");
    let counted = "select checksum_failures || ' ' || (checksum_last_failure > now() - interval '1 hour') \
                   from pg_stat_database where datname = current_database()";
    assert_eq!(session.run(counted).value(), "1 true");
}
