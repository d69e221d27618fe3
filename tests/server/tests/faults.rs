//! Faults on purpose: what survives which of them. The long form is `cargo torture faults`.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use testkit::Cluster;
use testkit::cluster::wait_until;
use torture::faults;

/// A server that can be made to fail.
fn started() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").start();
    cluster
}

/// Strikes roles of a server of its own, one after the other. Panics if something is not as expected.
fn strike(cells: &[(&str, &str)]) {
    let mut cluster = Cluster::new();
    let outcome = faults::start(&mut cluster)
        .and_then(|()| cells.iter().try_for_each(|(role, kind)| faults::strike(&mut cluster, role, kind).map(drop)));
    outcome.unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn each_kind_has_its_outcome() {
    strike(&[
        ("bgwriter", "fatal"),
        ("checkpointer", "panic"),
        ("walwriter", "rust_panic"),
        ("stats", "rust_panic_locked"),
        ("avlauncher", "leak"),
        ("archiver", "segv"),
        ("scheduler", "abort"),
        ("syslogger", "stack_overflow"),
        ("session", "rust_panic"),
        ("session", "rust_panic_locked"),
        ("session", "segv"),
        ("postmaster", "rust_panic"),
    ]);
}

#[test]
fn a_thread_that_hangs_holds_up_a_crash_for_five_seconds() {
    strike(&[("walwriter", "hang")]);
}

#[test]
fn a_failure_of_recovery_ends_the_server() {
    strike(&[("startup", "panic"), ("startup", "segv")]);
}

#[test]
fn a_session_at_rest_outlives_a_crash_with_all_that_it_has() {
    let cluster = started();
    cluster.connect().run("create table t(n serial, text text); create sequence s cache 10");
    let mut session = cluster.connect();
    session.run("set work_mem = '7MB'; set role none; listen news; prepare twice(int) as select 2 * $1");
    session.run("prepare counted as select count(*) from t; insert into t(text) values ('a'); select nextval('s')");
    session.run("execute counted");
    let id = session.run("select pg_backend_pid()").value().to_owned();
    let mut others = Vec::new();
    for held in [
        "begin; insert into t(text) values ('lost')",
        "create temp table gone(a int)",
        "select pg_advisory_lock(1)",
        "begin; declare held cursor with hold for select 1; commit",
    ] {
        let mut other = cluster.connect();
        other.run(held);
        others.push((held, other));
    }
    // The answer to this may be lost in the crash.
    let _ = cluster.connect().query("select woolly_fault('bgwriter', 'panic')");
    cluster.wait_for_log("all server processes terminated; reinitializing");
    session.send("select count(*) from t").expect("it can be sent");
    for (held, mut other) in others {
        let farewell = other.receive().expect("the server says why");
        assert_eq!(farewell.code(), "57P02", "{held}: {farewell:?}");
    }
    assert_eq!(session.receive().expect("the connection holds").ok().value(), "1");
    assert_eq!(session.run("select pg_backend_pid()").value(), id);
    assert_eq!(session.run("show work_mem").value(), "7MB");
    assert_eq!(session.run("execute twice(21)").value(), "42");
    assert_eq!(session.run("execute counted").value(), "1");
    assert_eq!(session.run("select currval('s')").value(), "1");
    assert_eq!(session.run("select pg_listening_channels()").value(), "news");
    cluster.connect().run("notify news, 'hello'");
    wait_until("the session is told", || {
        session.run("select 1");
        session.notifications.iter().any(|(_, channel, text)| channel == "news" && text == "hello")
    });
    // It can be cancelled by the key it was given at first.
    let (number, key) = session.key;
    session.send("select pg_sleep(600)").expect("it can be sent");
    let request = [16u32, 80_877_102, number.cast_unsigned(), key.cast_unsigned()].map(u32::to_be_bytes).concat();
    wait_until("it is cancelled", || {
        use std::io::Write;
        let path = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
        let mut stream = std::os::unix::net::UnixStream::connect(path).expect("the server listens");
        stream.write_all(&request).expect("it can be sent");
        let answer = session.receive_within(std::time::Duration::from_millis(50)).expect("the connection holds");
        answer.is_some_and(|answer| answer.code() == "57014")
    });
}

#[test]
fn a_psql_at_rest_outlives_a_crash() {
    let cluster = started();
    let mut psql = cluster.tool("psql");
    psql.args(["-X", "-q", "-A", "-t"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut psql = psql.spawn().expect("psql is installed");
    let mut input = psql.stdin.take().expect("a pipe");
    let mut output = BufReader::new(psql.stdout.take().expect("a pipe"));
    let mut ask = |sql: &str| {
        writeln!(input, "{sql}").expect("psql reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("psql writes");
        line
    };
    let before = ask("prepare kept as select pg_backend_pid(); execute kept;");
    assert!(before.trim_end().parse::<i32>().is_ok(), "{before:?}");
    // The answer to this may be lost in the crash.
    let _ = cluster.connect().query("select woolly_fault('bgwriter', 'panic')");
    cluster.wait_for_log("all server processes terminated; reinitializing");
    assert_eq!(ask("execute kept;"), before);
    drop(input);
    let rest = psql.wait_with_output().expect("psql ends");
    assert_eq!((rest.status.code(), String::from_utf8_lossy(&rest.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn clients_that_come_during_a_recovery_wait_and_are_served() {
    let cluster = started();
    cluster.connect().run("create table t(a int primary key); insert into t select generate_series(1, 200000)");
    let mut striker = cluster.connect();
    striker.send("select woolly_fault('bgwriter', 'panic')").expect("it can be sent");
    cluster.wait_for_log("all server processes terminated; reinitializing");
    let served = cluster.try_connect("postgres", "postgres").expect("the socket is open");
    assert!(served.is_ok(), "{:?}", served.err());
    assert_eq!(served.expect("a session").run("select count(*) from t").value(), "200000");
}

#[test]
fn too_many_crashes_in_a_minute_end_the_server() {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").set("crash_restarts_per_minute", "2").start();
    for (crashes, kind) in ["segv", "panic", "abort"].into_iter().enumerate() {
        // A session of before the crash would be struck with its server.
        wait_until("the crash before is over", || cluster.log().matches("system was interrupted").count() >= crashes);
        let mut session = None;
        wait_until("a client is served", || {
            session = cluster.try_connect("postgres", "postgres").ok().and_then(Result::ok);
            session.is_some()
        });
        // Its answer may be lost in the crash.
        let _ = session.expect("it is there").query(&format!("select woolly_fault('walwriter', '{kind}')"));
    }
    assert_eq!(cluster.wait(), Some(1), "{}", cluster.log());
    assert!(
        cluster.log().contains("server crashed 3 times within a minute, not starting it again"),
        "{}",
        cluster.log()
    );
    assert!(!cluster.data().join("postmaster.pid").exists());
    cluster.start();
}

#[test]
fn faults_are_for_superusers_of_servers_that_were_started_for_them() {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    let code = |session: &mut testkit::Client, sql: &str| session.query(sql).expect("it holds").code().to_owned();
    assert_eq!(code(&mut session, "select woolly_fault('bgwriter', 'fatal')"), "42501");
    assert_eq!(code(&mut session, "select woolly_disarm_faults()"), "42501");
    cluster.stop();
    cluster.set("fault_hooks", "on").start();
    let mut session = cluster.connect();
    assert_eq!(code(&mut session, "select woolly_fault('nobody', 'fatal')"), "22023");
    assert_eq!(code(&mut session, "select woolly_fault('bgwriter', 'flood')"), "22023");
    assert_eq!(code(&mut session, "select woolly_arm_fault('bgwriter', 'fatal', 0)"), "22023");
    session.run("select woolly_arm_fault('startup', 'segv', 1000)");
    let armed = session.run("select * from woolly_faults");
    assert_eq!(armed.rows()[0], ["startup", "segv", "1000"].map(|text| Some(text.to_owned())));
    assert_eq!(session.run("select woolly_disarm_faults()").value(), "1");
    session.run("create role plain login");
    let mut plain = cluster.connect_as("plain", "postgres");
    for sql in ["select woolly_fault('bgwriter', 'fatal')", "select * from woolly_faults"] {
        assert_eq!(code(&mut plain, sql), "42501", "{sql}");
    }
}
