//! Memory of a session: what it holds is counted, and a limit ends the statement that goes over it, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use testkit::{Client, Cluster};

/// What the limit is in these tests.
const LIMIT: &str = "set session_memory_limit = '24MB'";

/// Statements that would each hold far more than that, with settings that keep nothing on disk.
const GREEDY: &[&str] = &[
    "select length(repeat('x', 500000000))",
    "select length(lpad('x', 500000000))",
    "select length(replace(repeat('x', 10000000), 'x', 'yyyyyyyyyy'))",
    "select length(format('%500000000s', 'x'))",
    "select cardinality(array_fill(1, array[100000000]))",
    "select cardinality(string_to_array(repeat('a,', 5000000), ','))",
    "select count(*) from string_to_table(repeat('a,', 5000000), ',')",
    "select cardinality(array_agg(n)) from generate_series(1, 20000000) n",
    "select length(string_agg('some words', ' and ')) from generate_series(1, 20000000)",
    "select count(*) from (select json_agg(n) from generate_series(1, 20000000) n) j",
    "with recursive r(n, t) as (select 1, 'x' union all select n + 1, t || t from r where n < 40) select max(length(t)) from r",
    "select n, count(*) from generate_series(1, 5000000) n group by n order by 2 limit 1",
    "select count(distinct n::text) from generate_series(1, 5000000) n",
    "select count(*) from (select n from generate_series(1, 5000000) n order by n::text desc) s",
    "select count(*) from generate_series(1, 3000000) a(n) join generate_series(1, 3000000) b(n) using (n)",
    "select count(*) from (select lag(n, 2) over (order by n) from generate_series(1, 5000000) n) w",
    "create temp table t as select repeat('y', 100000000) as t",
];

fn is_over(client: &mut Client, sql: &str) {
    let reply = client.query(sql).expect("the session lives");
    assert_eq!(reply.code(), "53200", "{sql}: {reply:?}");
}

/// What the client's session holds.
fn held(client: &mut Client) -> i64 {
    let sql = "select memory_bytes from pg_stat_pool_session where pid = pg_backend_pid()";
    client.run(sql).value().parse().expect("it is a number")
}

/// Runs short statements in sessions of its own until it is told to stop; how many.
fn neighbour(cluster: &Cluster, stop: &Arc<AtomicBool>) -> thread::JoinHandle<u64> {
    let (mut client, stop) = (cluster.connect(), Arc::clone(stop));
    client.run("create table n (a int primary key, b int); insert into n select g, 0 from generate_series(1, 100) g");
    thread::spawn(move || {
        let mut rounds = 0;
        while !stop.load(Ordering::Relaxed) {
            client.run("update n set b = b + 1 where a = 7");
            assert_eq!(client.run("select count(*) from n").value(), "100");
            rounds += 1;
        }
        rounds
    })
}

#[test]
fn a_session_over_its_limit_loses_its_statement_and_nobody_else_does() {
    let cluster = Cluster::started();
    let stop = Arc::new(AtomicBool::new(false));
    let rounds = neighbour(&cluster, &stop);
    let mut client = cluster.connect();
    client.run("set work_mem = '1GB'");
    client.run(LIMIT);
    let before = held(&mut client);
    for sql in GREEDY {
        is_over(&mut client, sql);
        assert_eq!(client.run("select 1").value(), "1");
        let after = held(&mut client);
        assert!(after < before + 200_000, "{sql}: {before} before, {after} after");
    }
    stop.store(true, Ordering::Relaxed);
    assert!(rounds.join().expect("the neighbour is well") > 0);
}

#[test]
fn the_error_says_what_is_held_and_a_transaction_is_undone() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    client.run(LIMIT);
    client.run("create table t (a int)");
    client.run("begin");
    client.run("insert into t values (1)");
    let reply = client.query("select repeat('x', 100000000)").unwrap();
    let error = reply.error.as_ref().expect("it is refused");
    assert_eq!((error.field(b'C'), error.field(b'M')), (Some("53200"), Some("out of memory")));
    let detail = error.field(b'D').unwrap();
    assert!(detail.contains("asked for 97656 kB at once, and its limit is 24576 kB."), "{detail}");
    assert!(error.field(b'H').unwrap().contains("session_memory_limit"));
    assert_eq!(client.query("select 1").unwrap().code(), "25P02");
    client.run("rollback");
    assert_eq!(client.run("select count(*) from t").value(), "0");
    client.run("begin; savepoint s");
    is_over(&mut client, "select array_agg(n) from generate_series(1, 20000000) n");
    client.run("rollback to s; insert into t values (2); commit");
    assert_eq!(client.run("select a from t").value(), "2");
}

#[test]
fn a_message_that_is_too_large_is_passed_over() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    client.run(LIMIT);
    let literal = "x".repeat(40_000_000);
    is_over(&mut client, &format!("select length('{literal}')"));
    assert_eq!(client.run("select 1").value(), "1");
    assert_eq!(client.run(&format!("select length('{}')", &literal[..1_000_000])).value(), "1000000");
}

#[test]
fn what_a_session_keeps_counts_and_can_be_given_back() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    client.run(LIMIT);
    let words = "a || ".repeat(300);
    let mut kept = 0;
    let refused = loop {
        let sql = format!("prepare p{kept} as select {words} 'x{kept}' from (select 'y'::text as a) s");
        let reply = client.query(&sql).unwrap();
        if reply.error.is_some() {
            break reply;
        }
        kept += 1;
        assert!(kept < 10_000, "prepared statements take memory: {}", held(&mut client));
    };
    assert_eq!(refused.code(), "53200");
    client.run("show session_memory_limit");
    client.run("deallocate p1");
    client.run("deallocate all");
    assert_eq!(client.run("select 1").value(), "1");
    client.run("prepare p as select 1");
    // A limit below what is held already: only what gives back may run, and what changes the limit.
    client.run("set session_memory_limit = -1; create temp table big as select repeat('z', 3000000) as z");
    client.run("begin; declare c cursor for select array_agg(n) from generate_series(1, 300000) n; fetch c");
    client.run("set local session_memory_limit = '1MB'");
    is_over(&mut client, "select 1");
    client.run("rollback");
    assert_eq!(client.run("select length(z) from big").value(), "3000000");
}

#[test]
fn rows_that_wait_for_a_cursor_are_on_disk() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    client.run(LIMIT);
    let sql = "declare c cursor with hold for select n, repeat('x', 100) from generate_series(1, 500000) n";
    client.run(&format!("begin; {sql}; commit"));
    assert_eq!(client.run("move forward 400000 from c; fetch c").rows()[0][0].as_deref(), Some("400001"));
}

#[test]
fn roles_and_databases_have_limits_that_users_cannot_change() {
    let cluster = Cluster::started();
    let mut admin = cluster.connect();
    admin.run("create role small login; alter role small set session_memory_limit = '16MB'");
    let mut small = cluster.connect_as("small", "postgres");
    assert_eq!(small.run("show session_memory_limit").value(), "16MB");
    assert_eq!(small.query("set session_memory_limit = -1").unwrap().code(), "42501");
    is_over(&mut small, "select array_agg(n) from generate_series(1, 20000000) n");
    assert_eq!(admin.run("show session_memory_limit").value(), "-1");
}

#[test]
fn others_see_what_a_session_holds() {
    let cluster = Cluster::started();
    let (mut client, mut admin) = (cluster.connect(), cluster.connect());
    client.run("begin; declare c cursor for select array_agg(n) from generate_series(1, 1000000) n; fetch c");
    let pid = client.run("select pg_backend_pid()").value().to_owned();
    let sql = format!(
        "select memory_bytes > 4000000, memory_bytes_max >= memory_bytes from pg_stat_pool_session where pid = {pid}"
    );
    let row = [Some("t".to_owned()), Some("t".to_owned())];
    assert_eq!(admin.run(&sql).rows(), [row]);
    assert_eq!(admin.run("select memory_bytes > 4000000 from pg_stat_pool").value(), "t");
    client.run("rollback");
    client.run("discard all");
    let sql = format!(
        "select memory_bytes < 1000000, memory_bytes_max > 4000000 from pg_stat_pool_session where pid = {pid}"
    );
    assert_eq!(admin.run(&sql).rows(), [[Some("t".to_owned()), Some("t".to_owned())]]);
}

/// Statements of all kinds, many times. Whatever a statement leaves behind that the session does not hold would add up.
const LASTING: &[(&str, usize)] = &[
    ("select abalance from a where aid = {}", 10_000),
    ("update a set abalance = abalance + 1 where aid = {}", 10_000),
    ("select no_such_column_{} from a", 2_000),
    ("select count(*), {} as x from a group by aid % 7 order by 1", 500),
    ("begin; savepoint s; insert into a values ({} + 1000); rollback to s; commit", 1_000),
    ("create temp table tt{} (a int primary key, b text); drop table tt{}", 100),
    ("prepare p{} as select 1; deallocate p{}", 1_000),
    ("notify c, '{}'", 1_000),
    ("listen c{}; unlisten c{}", 500),
    ("select pg_advisory_lock({}); select pg_advisory_unlock({})", 1_000),
    ("set application_name = 'n{}'; reset application_name", 1_000),
    ("begin; declare c cursor with hold for select * from a; commit; fetch 10 from c; close c", 200),
];

#[test]
fn an_account_does_not_drift() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    client.run(
        "create table a (aid int primary key, abalance int); insert into a select g, 0 from generate_series(0, 99) g",
    );
    client.run("listen c");
    for (sql, times) in LASTING {
        let mut run = |times: usize| {
            for n in 0..times {
                let statement = sql.replace("{}", &(n % 100).to_string());
                client.query(&statement).expect("the session lives");
            }
            held(&mut client)
        };
        let before = run(100);
        let after = run(*times);
        assert!(after < before + 20_000, "{before} before, {after} after {times} times: {sql}");
    }
}

#[test]
fn a_session_at_rest_keeps_no_large_values() {
    let cluster = Cluster::started();
    let mut client = cluster.connect();
    let before = held(&mut client);
    for sql in [
        "select length(repeat('x', 5000000))",
        "select repeat('x', 5000000)",
        "select array_agg(n) from generate_series(1, 300000) n",
    ] {
        for _ in 0..5 {
            client.run(sql);
        }
        let after = held(&mut client);
        assert!(after < before + 300_000, "{before} before, {after} after: {sql}");
    }
    let literal = "y".repeat(3_000_000);
    for _ in 0..5 {
        assert_eq!(client.run(&format!("select length('{literal}')")).value(), "3000000");
    }
    let after = held(&mut client);
    assert!(after < before + 300_000, "{before} before, {after} after a long literal");
}
