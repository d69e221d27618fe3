//! kill -9 under load: what was acknowledged is there, what was not is there whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use testkit::{Client, Cluster};

/// Kills in the short form of the test; the long form is a campaign.
const KILLS: usize = 20;
const CLIENTS: usize = 8;
/// Acknowledged transactions after which the server is killed.
const ACKNOWLEDGED_BEFORE_KILL: usize = 150;

/// The part of TPC-B that can be checked: a balance moved, and a history row with a number of its own.
fn transfer(number: u64) -> String {
    let (account, teller, branch) = (1 + (number * 7919) % 10_000, 1 + number % 10, 1);
    let delta = (number % 2001) as i64 - 1000;
    format!(
        "begin; update accounts set balance = balance + {delta} where id = {account}; \
         update tellers set balance = balance + {delta} where id = {teller}; \
         update branches set balance = balance + {delta} where id = {branch}; \
         insert into history values ({number}, {delta}); commit"
    )
}

fn set_up(cluster: &Cluster) {
    let mut session = cluster.connect();
    session.run(
        "create table accounts(id int primary key, balance bigint not null, filler text) with (fillfactor = 90); \
         create table tellers(id int primary key, balance bigint not null); \
         create table branches(id int primary key, balance bigint not null); \
         create table history(number bigint primary key, delta bigint not null); \
         insert into accounts select n, 0, repeat('x', 80) from generate_series(1, 10000) n; \
         insert into tellers select n, 0 from generate_series(1, 10) n; \
         insert into branches values (1, 0)",
    );
}

/// Runs transactions until the server goes away; the numbers that were acknowledged are added to the log.
fn work(
    mut session: Client,
    (client, round): (u64, u64),
    transaction: fn(u64) -> String,
    log: &Mutex<BTreeSet<u64>>,
    stop: &AtomicBool,
) {
    let mut step = 0;
    while !stop.load(Ordering::Relaxed) {
        step += 1;
        let number = (round * CLIENTS as u64 + client) * 1_000_000 + step;
        match session.query(&transaction(number)) {
            Ok(reply) => {
                reply.ok();
                log.lock().expect("no client panicked").insert(number);
            }
            Err(_) => return,
        }
    }
}

fn check_sums(cluster: &Cluster, log: &BTreeSet<u64>) {
    let mut session = cluster.connect();
    let sums = session.run(
        "select (select sum(balance) from accounts), (select sum(balance) from tellers), \
         (select sum(balance) from branches), (select coalesce(sum(delta), 0) from history)",
    );
    let sums: BTreeSet<_> = sums.rows()[0].iter().cloned().collect();
    assert_eq!(sums.len(), 1, "the sums agree: {sums:?}");
    let kept = session.run("select number from history");
    let kept: BTreeSet<u64> = kept.rows().iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
    let lost: Vec<_> = log.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(!cluster.log().contains("invalid page"), "{}", cluster.log());
}

/// Runs clients against a server, kills it in the midst of their work, starts it again and has a look; so many times over.
/// `transaction` makes one from its number.
fn through_kills(
    cluster: &mut Cluster,
    (kills, acknowledged): (usize, usize),
    transaction: fn(u64) -> String,
    check: fn(&Cluster, &BTreeSet<u64>),
) {
    let log = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..kills as u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let before = log.lock().unwrap().len();
        let clients: Vec<_> = (0..CLIENTS as u64)
            .map(|client| {
                let (session, log, stop) = (cluster.connect(), Arc::clone(&log), Arc::clone(&stop));
                std::thread::spawn(move || work(session, (client, round), transaction, &log, &stop))
            })
            .collect();
        while log.lock().unwrap().len() < before + acknowledged {
            assert!(!clients.iter().all(std::thread::JoinHandle::is_finished), "the clients ended\n{}", cluster.log());
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        cluster.kill();
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().expect("a client's transaction failed"));
        cluster.start();
        check(cluster, &log.lock().unwrap());
    }
}

#[test]
fn no_acknowledged_commit_is_lost() {
    let mut cluster = Cluster::started();
    set_up(&cluster);
    through_kills(&mut cluster, (KILLS, ACKNOWLEDGED_BEFORE_KILL), transfer, check_sums);
}

/// Inserts, updates of an indexed column and of another, and deletes. What each does to the number of rows and their sum goes into a ledger.
fn churn(number: u64) -> String {
    let (id, delta) = ((number * 7919) % 2_000, (number % 101) as i64 - 50);
    let nearest = format!("(select id from churned where id >= {id} order by id limit 1)");
    let change = match number % 10 {
        0..4 => format!(
            "insert into churned(kind, value, filler) values ({id}, {delta}, repeat('x', {id} % 300)); \
             insert into ledger values ({number}, 1, {delta})"
        ),
        4..7 => format!(
            "with u as (update churned set value = value + {delta} where id = {nearest} returning 1) \
             insert into ledger select {number}, 0, {delta} from u"
        ),
        7 => format!("update churned set kind = kind + 1 where id = {nearest}"),
        _ => format!(
            "with d as (delete from churned where id = {nearest} returning value) \
             insert into ledger select {number}, -1, -value from d"
        ),
    };
    format!("begin; {change}; commit")
}

fn check_ledger(cluster: &Cluster, _: &BTreeSet<u64>) {
    let mut session = cluster.connect();
    let mut ask = |sql: &str| session.run(sql).rows()[0].clone();
    let ledger = ask("select coalesce(sum(rows), 0), coalesce(sum(delta), 0) from ledger");
    assert_eq!(ask("select count(*), coalesce(sum(value), 0) from churned"), ledger);
    assert_eq!(
        ask("select count(*) from (select id from churned group by id having count(*) > 1) x")[0],
        ask("select 0")[0]
    );
    ask("select set_config('enable_seqscan', 'off', false), set_config('enable_bitmapscan', 'off', false)");
    for condition in ["id > 0", "kind > -1"] {
        assert_eq!(ask(&format!("select count(*) from churned where {condition}"))[0], ledger[0], "{condition}");
    }
}

/// Few frames, and vacuum all the time.
#[test]
fn a_table_and_its_indexes_agree_through_vacuum_and_kills() {
    let mut cluster = Cluster::new();
    for (name, value) in [
        ("shared_buffers", "1MB"),
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_threshold", "10"),
        ("autovacuum_vacuum_insert_threshold", "20"),
        ("autovacuum_vacuum_scale_factor", "0"),
    ] {
        cluster.set(name, value);
    }
    cluster.start();
    cluster.connect().run(
        "create table churned(id bigserial primary key, kind int, value bigint, filler text); \
         create index on churned(kind); \
         create table ledger(number bigint, rows int, delta bigint)",
    );
    through_kills(&mut cluster, (5, 4000), churn, check_ledger);
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
