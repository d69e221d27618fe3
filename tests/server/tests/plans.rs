//! Prepared statements whose plans sessions have in common.

use testkit::{Client, Cluster};

/// Executions after which a statement has a generic plan, has run it, and shares it.
const UNTIL_SHARED: usize = 8;

fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    // One worker: what one session has left there the next one finds.
    cluster.set("thread_pool_attr", "1,1");
    cluster.start();
    cluster
}

fn prepare(client: &mut Client, statement: &str) {
    client.run(&format!("prepare s (int) as {statement}"));
    (0..UNTIL_SHARED).for_each(|_| drop(client.run("execute s(1)")));
}

fn value(client: &mut Client) -> String {
    client.run("execute s(1)").value().to_owned()
}

#[test]
fn nobody_sees_what_another_has_changed_and_not_committed() {
    let cluster = cluster();
    let (mut a, mut b) = (cluster.connect(), cluster.connect());
    // Each has changed as much as the other.
    a.run("create domain d as int constraint c check (value > 0)");
    b.run("create domain e as int constraint c check (value > 0)");
    for client in [&mut a, &mut b] {
        prepare(client, "select $1::d");
    }
    a.run("begin; alter domain d drop constraint c");
    b.run("begin; alter domain e drop constraint c");
    assert_eq!(a.run("execute s(-1)").value(), "-1");
    let refused = b.query("execute s(-1)").expect("the session lives").error.expect("the constraint holds for it");
    assert_eq!(refused.message, "value for domain d violates check constraint \"c\"");
    a.run("rollback");
    b.run("rollback");
    for client in [&mut a, &mut b] {
        assert_eq!(value(client), "1");
        assert!(client.query("execute s(-1)").expect("the session lives").error.is_some());
    }
    a.run("alter domain d drop constraint c");
    assert_eq!((b.run("execute s(-1)").value(), a.run("execute s(-1)").value()), ("-1", "-1"));
}

#[test]
fn each_session_reads_by_its_own_rights_settings_and_snapshot() {
    let cluster = cluster();
    let (mut a, mut b) = (cluster.connect(), cluster.connect());
    a.run("create table t (a int primary key, b timestamptz); insert into t values (1, '2020-01-02 03:04+00'); create role r");
    for client in [&mut a, &mut b] {
        client.run("set timezone = 'UTC'");
        prepare(client, "select b from t where a = $1");
    }
    b.run("set timezone = '+05'; set datestyle = german");
    assert_eq!(value(&mut a), "2020-01-02 03:04:00+00");
    assert_eq!(value(&mut b), "02.01.2020 08:04:00 +05");
    b.run("begin isolation level repeatable read; select 1 from t");
    a.run("update t set b = '2021-01-02 03:04+00'");
    assert_eq!(value(&mut a), "2021-01-02 03:04:00+00");
    assert_eq!(value(&mut b), "02.01.2020 08:04:00 +05");
    b.run("commit; set role r");
    let denied = b.query("execute s(1)").expect("the session lives").error.expect("it has no rights");
    assert_eq!((denied.code.as_str(), denied.message.as_str()), ("42501", "permission denied for table t"));
    assert_eq!(value(&mut a), "2021-01-02 03:04:00+00");
}

#[test]
fn a_session_that_runs_anothers_plan_can_be_cancelled() {
    let cluster = cluster();
    let (mut a, mut b) = (cluster.connect(), cluster.connect());
    a.run("create table t (a int primary key); insert into t select generate_series(1, 1000)");
    let slow = "select count(*) from t x, t y, t z where x.a >= $1 and y.a + z.a > 0";
    a.run("set enable_seqscan = off; set enable_bitmapscan = off");
    b.run("set enable_seqscan = off; set enable_bitmapscan = off");
    for client in [&mut a, &mut b] {
        client.run(&format!("prepare s (int) as {slow}"));
        (0..UNTIL_SHARED).for_each(|_| drop(client.run("execute s(1001)")));
    }
    b.run("set statement_timeout = '200ms'");
    let ended = b.query("execute s(1)").expect("the session lives").error.expect("it takes longer");
    assert_eq!(ended.code, "57014");
    assert_eq!(a.run("execute s(1001)").value(), "0");
}
