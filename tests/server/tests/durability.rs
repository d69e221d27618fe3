//! kill -9 under load: what was acknowledged is there, what was not is there whole or not at all.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use testkit::{Client, Cluster};

/// Kills in the short form of the test; the long form is a campaign.
const KILLS: usize = 20;
const CLIENTS: usize = 8;
/// Acknowledged transactions after which the server is killed.
const ACKNOWLEDGED_BEFORE_KILL: usize = 150;

/// The part of TPC-B that can be checked: a balance moved, and a history row with a number of its own.
fn transaction(account: u64, teller: u64, branch: u64, number: u64) -> String {
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
fn work(mut session: Client, client: u64, round: u64, log: &Mutex<BTreeSet<u64>>, stop: &AtomicBool) {
    let mut step = 0;
    while !stop.load(Ordering::Relaxed) {
        step += 1;
        let number = (round * CLIENTS as u64 + client) * 1_000_000 + step;
        let sql = transaction(1 + (number * 7919) % 10_000, 1 + number % 10, 1, number);
        match session.query(&sql) {
            Ok(reply) => {
                reply.ok();
                log.lock().expect("no client panicked").insert(number);
            }
            Err(_) => return,
        }
    }
}

fn check(cluster: &Cluster, log: &BTreeSet<u64>) {
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

#[test]
fn no_acknowledged_commit_is_lost() {
    let mut cluster = Cluster::started();
    set_up(&cluster);
    let log = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..KILLS as u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let before = log.lock().unwrap().len();
        let clients: Vec<_> = (0..CLIENTS as u64)
            .map(|client| {
                let (session, log, stop) = (cluster.connect(), Arc::clone(&log), Arc::clone(&stop));
                std::thread::spawn(move || work(session, client, round, &log, &stop))
            })
            .collect();
        while log.lock().unwrap().len() < before + ACKNOWLEDGED_BEFORE_KILL {
            assert!(!clients.iter().all(std::thread::JoinHandle::is_finished), "the clients ended\n{}", cluster.log());
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        cluster.kill();
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().for_each(|client| client.join().expect("a client's transaction failed"));
        cluster.start();
        check(&cluster, &log.lock().unwrap());
    }
}
