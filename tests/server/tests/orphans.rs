//! kill -9 in the midst of statements that make and remove files: afterwards the directories hold what the catalogs name, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use testkit::{Client, Cluster};

const CLIENTS: usize = 4;
/// Kills in the short form of the test.
const KILLS: usize = 6;
/// Statements that ran before the first kill, and how many more before each further one.
const STATEMENTS: usize = 40;
const STATEMENTS_MORE: usize = 7;

/// What a client runs over and over. `{}` is its number. A statement that fails changes nothing: an earlier one, cut off, is in its way.
const STORM: &[&str] = &[
    "create table t{}(id serial primary key, big text)",
    "insert into t{}(big) select string_agg(md5(random()::text), '') from generate_series(1, 300)",
    "begin; create table gone{}(a int primary key, b text); insert into gone{} values (1, 'x'); rollback",
    "create index on t{}(md5(big))",
    "begin; savepoint s; create table gone{}(a text); truncate t{}; rollback to s; create table kept{}(a text); commit",
    "create unlogged table u{}(a int primary key, b text); insert into u{} select n, n from generate_series(1, 500) n",
    "create temp table if not exists temporary{}(a int primary key, b text); insert into temporary{} values (1, 'x')",
    "begin; truncate t{}; insert into t{}(big) values ('y'); commit",
    "alter table t{} alter id type bigint",
    "begin; create table prepared{}(a int primary key, b text); drop table kept{}; prepare transaction 'p{}'",
    "reindex table t{}",
    "vacuum t{}",
    "commit prepared 'p{}'",
    "drop table if exists prepared{}",
    "begin; create table prepared{}(a int primary key); prepare transaction 'p{}'",
    "rollback prepared 'p{}'",
    "create database d{}",
    "drop table if exists u{}, kept{}; drop table if exists temporary{}",
    "drop database if exists d{}",
    "checkpoint",
    "drop table t{}",
];

fn storm(mut session: Client, client: usize, done: &AtomicUsize) {
    for step in client * 5.. {
        let statement = STORM[step % STORM.len()].replace("{}", &client.to_string());
        if session.query(&statement).is_err() || session.query("rollback").is_err() {
            return;
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}

/// The relations that have files in a directory, and how many.
fn numbers_in(directory: &Path) -> BTreeMap<u32, usize> {
    let mut numbers = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let name = entry.expect("it can be read").file_name().into_string().expect("names are ASCII");
        let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
        if let Ok(number) = name[..digits].parse() {
            *numbers.entry(number).or_default() += 1;
        }
    }
    numbers
}

/// The first column's numbers.
fn oids(session: &mut Client, sql: &str) -> BTreeSet<u32> {
    let reply = session.run(sql);
    reply.rows().iter().map(|row| row[0].as_ref().expect("no nulls").parse().expect("a number")).collect()
}

/// Compares each database's directory with its pg_class, and `base` with pg_database. Prepared transactions are ended before.
fn check_directories(cluster: &Cluster) {
    let mut session = cluster.connect();
    for row in session.run("select gid from pg_prepared_xacts").rows() {
        session.run(&format!("rollback prepared '{}'", row[0].as_ref().expect("it has a name")));
    }
    let base = cluster.data().join("base");
    let databases = oids(&mut session, "select oid from pg_database");
    let directories: BTreeSet<u32> = numbers_in(&base).into_keys().collect();
    assert_eq!(directories, databases, "databases");
    for row in session.run("select oid, datname from pg_database where datallowconn").rows() {
        let (oid, name) = (row[0].as_ref().expect("an oid"), row[1].as_ref().expect("a name"));
        let mut session = cluster.connect_as("postgres", name);
        let stored = "select pg_relation_filenode(oid) from pg_class where pg_relation_filenode(oid) is not null and reltablespace = 0";
        let named = oids(&mut session, stored);
        let found: BTreeSet<u32> = numbers_in(&base.join(oid)).into_keys().collect();
        let orphans: Vec<_> = found.difference(&named).collect();
        let missing: Vec<_> = named.difference(&found).collect();
        assert!(orphans.is_empty() && missing.is_empty(), "in {name}: orphans {orphans:?}, missing {missing:?}");
    }
}

#[test]
fn a_kill_leaves_no_file_that_no_catalog_names() {
    let mut cluster = Cluster::new();
    cluster.set("max_prepared_transactions", "20").set("checkpoint_timeout", "30s");
    cluster.start();
    for round in 0..KILLS {
        let done = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (session, done) = (cluster.connect(), Arc::clone(&done));
                std::thread::spawn(move || storm(session, client, &done))
            })
            .collect();
        while done.load(Ordering::Relaxed) < STATEMENTS + round * STATEMENTS_MORE {
            assert!(!clients.iter().all(std::thread::JoinHandle::is_finished), "the clients ended\n{}", cluster.log());
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        cluster.kill();
        clients.into_iter().for_each(|client| client.join().expect("a client panicked"));
        cluster.start();
        check_directories(&cluster);
    }
}

/// Files that a crash leaves and the log does not know.
#[test]
fn files_that_only_the_directory_knows_go_at_the_next_recovery() {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("create table t as select generate_series(1, 10) a");
    let file = cluster.data().join(session.run("select pg_relation_filepath('t')").value());
    let directory = file.parent().expect("a relation is in a directory").to_owned();
    cluster.kill();
    let orphans = ["99000", "99000_fsm", "99000.3", "99001_init", "99002.1"].map(|name| directory.join(name));
    let others = ["notes.txt", "98765x"].map(|name| directory.join(name));
    for path in orphans.iter().chain(&others) {
        fs::write(path, "").expect("it can be written");
    }
    let database = cluster.data().join("base/98000");
    fs::create_dir(&database).expect("it can be made");
    fs::write(database.join("1259"), "").expect("it can be written");
    cluster.start();
    assert!(orphans.iter().chain([&database]).all(|path| !path.exists()));
    assert!(others.iter().chain([&file]).all(|path| path.exists()));
    cluster.wait_for_log("removed files of 3 relations and 1 databases that no catalog knows");
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "10");
}
