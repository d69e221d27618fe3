//! `woolly check` on stopped clusters, and `woolly_check()` on running ones.

use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::Cluster;

/// Exit code and output.
fn check(cluster: &Cluster) -> (Option<i32>, String) {
    let mut command = Command::new(testkit::cluster::programs().join("woolly"));
    let output = command.arg("check").arg("-D").arg(cluster.data()).output().expect("it starts");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

/// A stopped cluster with a table that has two indexes, long values and dead rows, and the table's file.
fn cluster_with_table() -> (Cluster, std::path::PathBuf) {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run(
        "create table t(id int primary key, kind int, filler text); \
         insert into t select n, n % 7, repeat('x', 100) from generate_series(1, 2000) n; \
         create index on t(kind) where kind > 2; create index on t((id + kind)); \
         update t set kind = kind + 1 where id % 3 = 0; delete from t where id % 5 = 0",
    );
    let file = session.run("select pg_relation_filepath('t')").value().to_owned();
    cluster.stop();
    let path = cluster.data().join(file);
    (cluster, path)
}

/// Every file with its contents.
fn contents(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).expect("it is a folder").flatten().map(|entry| entry.path());
    for path in entries {
        match path.is_dir() {
            true => found.extend(contents(&path)),
            false => found.push((path.clone(), fs::read(&path).expect("it can be read"))),
        }
    }
    found.sort();
    found
}

#[test]
fn a_sound_cluster_is_found_sound_and_left_as_it_is() {
    let (cluster, _) = cluster_with_table();
    let before = contents(&cluster.data());
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no problem found"), "{said}");
    assert!(contents(&cluster.data()) == before, "a check changes nothing");
}

#[test]
fn every_damaged_page_is_named() {
    let (cluster, path) = cluster_with_table();
    let mut bytes = fs::read(&path).expect("the table has a file");
    (bytes[100], bytes[8192 * 3 + 5000]) = (!bytes[100], !bytes[8192 * 3 + 5000]);
    fs::write(&path, bytes).expect("it can be written");
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(1), "{said}");
    for block in ["block 0: invalid page", "block 3: invalid page"] {
        assert!(said.lines().any(|line| line.starts_with("postgres: public.t (") && line.contains(block)), "{said}");
    }
}

#[test]
fn a_table_that_lost_pages_differs_from_its_indexes() {
    let (cluster, path) = cluster_with_table();
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(8192 * 4)).expect("it is cut");
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("index entry"), "{said}");
}

#[test]
fn a_file_that_nobody_knows_is_named() {
    let (cluster, path) = cluster_with_table();
    fs::write(path.with_file_name("99999"), "").expect("it can be written");
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/99999: no row of pg_class has this file"), "{said}");
}

#[test]
fn a_cluster_that_needs_recovery_is_said_to() {
    let mut cluster = Cluster::started();
    cluster.connect().run("create table t as select generate_series(1, 1000) a");
    cluster.kill();
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("needs recovery"), "{said}");
    fs::remove_file(cluster.data().join("global/pg_control")).expect("it can be removed");
    assert_eq!(check(&cluster).0, Some(1), "without a control file");
}

#[test]
fn a_running_server_checks_itself() {
    let cluster = Cluster::started();
    let (code, said) = check(&cluster);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("select * from woolly_check()") || said.contains("SELECT * FROM woolly_check()"), "{said}");
    let mut session = cluster.connect();
    session
        .run("create role joe login; create table t(a int primary key); insert into t select generate_series(1, 500)");
    let mut writer = cluster.connect();
    writer.run("begin; insert into t values (-1); create table in_motion(a int)");
    writer.send("select pg_sleep(0.3); commit").expect("it is sent");
    assert_eq!(session.run("select * from woolly_check()").rows().len(), 0);
    writer.receive().expect("it commits").ok();
    assert_eq!(cluster.connect_as("joe", "postgres").query("select * from woolly_check()").unwrap().code(), "42501");
}
