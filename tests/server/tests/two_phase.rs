//! Prepared transactions through the end of their session, of the server, and through kill -9.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use testkit::{Client, Cluster};

fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.set("max_prepared_transactions", "100");
    cluster.start();
    cluster
}

fn prepared(session: &mut Client) -> Vec<String> {
    let reply = session.run("select gid from pg_prepared_xacts order by gid");
    reply.rows().iter().map(|row| row[0].clone().expect("it has a name")).collect()
}

fn code(session: &mut Client, sql: &str) -> String {
    session.query(sql).expect("the session goes on").code().to_owned()
}

/// How the server goes down, or does not, between PREPARE TRANSACTION and the end.
const INTERLUDES: [fn(&mut Cluster); 4] = [
    |_| (),
    |cluster| {
        cluster.stop();
        cluster.start();
    },
    |cluster| {
        cluster.kill();
        cluster.start();
    },
    |cluster| {
        cluster.connect().run("checkpoint");
        cluster.connect().run("update parents set note = note || '!' where id = 2");
        cluster.kill();
        cluster.start();
        cluster.kill();
        cluster.start();
    },
];

#[test]
fn a_prepared_transaction_waits_whatever_happens() {
    for (n, interlude) in INTERLUDES.iter().enumerate() {
        let mut cluster = cluster();
        let mut session = cluster.connect();
        session.run(
            "create table parents(id int primary key, note text); insert into parents values (1, 'a'), (2, 'b'), (3, 'c'); \
             create table children(id int primary key, parent int references parents); create table dropped(a int)",
        );
        session.run(
            "begin; insert into children values (1, 1), (2, 2); create table made(a int primary key, b text); \
             insert into made select n, repeat('x', n) from generate_series(1, 100) n; drop table dropped; \
             alter table parents add column extra int default 5; prepare transaction 'definitions'",
        );
        assert_eq!(prepared(&mut session), ["definitions"], "{n}");
        session.run("commit prepared 'definitions'");
        session.run(
            "begin; insert into children values (3, 3); savepoint s; insert into children values (4, 2); release s; \
             delete from parents where id = 1 and false; create table unmade(a int); truncate made; prepare transaction 'rows'",
        );
        // The key stays: no conflict with the row lock that the foreign key took. The new version is locked too.
        session.run("update parents set note = 'new' where id = 3");
        drop(session);
        interlude(&mut cluster);
        let mut session = cluster.connect();
        assert_eq!(prepared(&mut session), ["rows"], "{n}");
        session.run("set lock_timeout = '20ms'");
        for locked in ["delete from parents where id = 3", "delete from parents where id = 2", "select * from made"] {
            assert_eq!(code(&mut session, locked), "55P03", "{n}: {locked}");
        }
        assert_eq!(session.run("select count(*) from children").value(), "2");
        assert_eq!(session.run("select extra from parents where id = 1").value(), "5");
        session.run("vacuum children");
        session.run("rollback prepared 'rows'");
        assert_eq!(session.run("select count(*) from made").value(), "100");
        session.run("delete from parents where id = 3; drop table made");
        let files = cluster.data().join("base/5");
        let stored =
            session.run("select pg_relation_filenode(oid) from pg_class where pg_relation_filenode(oid) is not null");
        let stored: BTreeSet<String> = stored.rows().iter().map(|row| row[0].clone().unwrap()).collect();
        let found = std::fs::read_dir(files).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let orphans: Vec<_> = found.filter(|name| name.parse::<u32>().is_ok() && !stored.contains(name)).collect();
        assert!(orphans.is_empty(), "{n}: {orphans:?}");
    }
}

#[test]
fn a_database_with_prepared_transactions_is_not_dropped() {
    let mut cluster = cluster();
    let mut session = cluster.connect();
    session.run("create database held");
    let mut other = cluster.connect_as("postgres", "held");
    other.run("create table t(a int); begin; insert into t values (1); prepare transaction 'one'");
    drop(other);
    cluster.kill();
    cluster.start();
    let mut session = cluster.connect();
    let error = session.query("drop database held").unwrap().error.expect("it is in use");
    assert_eq!(error.field(b'C'), Some("55006"));
    assert_eq!(error.field(b'D'), Some("There is 1 prepared transaction using the database."));
    let error = session.query("commit prepared 'one'").unwrap().error.expect("it belongs to another database");
    assert_eq!(
        (error.field(b'C'), error.field(b'M')),
        (Some("0A000"), Some("prepared transaction belongs to another database"))
    );
    let mut other = cluster.connect_as("postgres", "held");
    other.run("commit prepared 'one'");
    assert_eq!(other.run("select count(*) from t").value(), "1");
    drop(other);
    session.run("drop database held");
}

/// What a client was told, by the number of the transaction.
#[derive(Default)]
struct Acknowledged {
    prepared: BTreeSet<u64>,
    committed: BTreeSet<u64>,
    rolled_back: BTreeSet<u64>,
    /// Found prepared after a kill, and committed then.
    waited: BTreeSet<u64>,
}

/// Moves money between two accounts in two phases, until the server goes away.
fn transfer(mut session: Client, first: u64, told: &Mutex<Acknowledged>, stop: &AtomicBool) {
    for number in first.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let (from, to) = (1 + number % 50, 1 + (number / 7) % 50);
        let sql = format!(
            "begin; insert into transfers values ({number}); update accounts set balance = balance - 1 where id = {}; \
             update accounts set balance = balance + 1 where id = {}; prepare transaction 't{number}'",
            from.min(to),
            from.max(to)
        );
        match session.query(&sql) {
            Ok(reply) if reply.error.is_none() => told.lock().unwrap().prepared.insert(number),
            // A deadlock through a prepared transaction of another client's.
            Ok(_) => continue,
            Err(_) => return,
        };
        let commits = number % 3 != 0;
        let end = if commits { "commit" } else { "rollback" };
        if session.query(&format!("{end} prepared 't{number}'")).map(testkit::Reply::ok).is_err() {
            return;
        }
        let mut told = told.lock().unwrap();
        if commits {
            told.committed.insert(number)
        } else {
            told.rolled_back.insert(number)
        };
    }
}

#[test]
fn no_prepared_transaction_is_lost_or_halved_by_kills() {
    let mut cluster = cluster();
    cluster.connect().run(
        "create table accounts(id int primary key, balance bigint); insert into accounts select n, 0 from generate_series(1, 50) n; \
         create table transfers(number bigint primary key)",
    );
    let told = Arc::new(Mutex::new(Acknowledged::default()));
    for round in 1..=6u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let before = told.lock().unwrap().prepared.len();
        let clients: Vec<_> = (0..4)
            .map(|client| {
                let (session, told, stop) = (cluster.connect(), Arc::clone(&told), Arc::clone(&stop));
                std::thread::spawn(move || transfer(session, (round * 10 + client) * 1_000_000, &told, &stop))
            })
            .collect();
        while told.lock().unwrap().prepared.len() < before + 60 {
            assert!(!clients.iter().all(std::thread::JoinHandle::is_finished), "the clients ended\n{}", cluster.log());
            std::thread::park_timeout(std::time::Duration::from_millis(1));
            if round % 2 == 0 {
                cluster.connect().run("checkpoint");
            }
        }
        cluster.kill();
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().expect("a client panicked"));
        cluster.start();
        check_transfers(&cluster, &mut told.lock().unwrap());
    }
}

fn check_transfers(cluster: &Cluster, told: &mut Acknowledged) {
    let mut session = cluster.connect();
    let left = prepared(&mut session);
    for name in &left {
        session.run(&format!("commit prepared '{name}'"));
    }
    let there = session.run("select number from transfers");
    let there: BTreeSet<u64> = there.rows().iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
    told.waited.extend(left.iter().map(|name| name[1..].parse::<u64>().unwrap()));
    let lost: Vec<_> = told.committed.difference(&there).collect();
    assert!(lost.is_empty(), "committed and lost: {lost:?}");
    let back: Vec<_> = told.rolled_back.intersection(&there).collect();
    assert!(back.is_empty(), "rolled back and there: {back:?}");
    let open = told.prepared.difference(&told.committed).filter(|number| !told.rolled_back.contains(number));
    // The end of those may have been logged or not.
    let is_wrong = |number: &&u64| match **number % 3 {
        0 => there.contains(number) != told.waited.contains(number),
        _ => !there.contains(number),
    };
    let vanished: Vec<_> = open.filter(is_wrong).collect();
    assert!(vanished.is_empty(), "prepared and gone: {vanished:?}");
    assert_eq!(session.run("select sum(balance) from accounts").value(), "0");
    assert_eq!(prepared(&mut session), [""; 0]);
}
