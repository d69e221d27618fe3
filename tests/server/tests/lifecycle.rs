//! Starting, being refused, stopping: lock files, shutdown modes, settings.

use std::fs;
use std::process::Command;
use testkit::Cluster;

/// The first line of postmaster.pid.
fn pid_in_file(cluster: &Cluster) -> u32 {
    let text = fs::read_to_string(cluster.data().join("postmaster.pid")).expect("the server runs");
    text.lines().next().and_then(|line| line.parse().ok()).expect("line 1 is a process id")
}

#[test]
fn a_second_postmaster_is_refused_and_told_the_pid() {
    let cluster = Cluster::started();
    let output = cluster.postmaster().output().expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains("lock file \"postmaster.pid\" already exists"), "{message}");
    assert!(message.contains(&cluster.pid().to_string()), "{message}");
    assert_eq!(cluster.connect().run("select 1").value(), "1");
}

#[test]
fn a_stale_lock_file_is_not_in_the_way() {
    let mut cluster = Cluster::started();
    cluster.kill();
    assert!(cluster.data().join("postmaster.pid").exists());
    cluster.start();
    assert_eq!(pid_in_file(&cluster), cluster.pid());
}

#[test]
fn fast_shutdown_leaves_nothing_to_recover() {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("create table t(a int); insert into t select generate_series(1, 1000)");
    session.send("begin; insert into t values (0); select pg_sleep(600)").expect("it is sent");
    cluster.stop();
    let reply = session.receive().expect("the farewell is read");
    assert_eq!(reply.code(), "57P01");
    assert!(!cluster.data().join("postmaster.pid").exists());
    cluster.start();
    assert!(!cluster.log().contains("not properly shut down"), "{}", cluster.log());
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "1000");
}

#[test]
fn immediate_shutdown_is_followed_by_recovery() {
    let mut cluster = Cluster::started();
    cluster.connect().run("create table t(a int primary key); insert into t select generate_series(1, 1000)");
    cluster.signal("QUIT");
    cluster.wait();
    cluster.start();
    assert!(cluster.log().contains("database system was not properly shut down; automatic recovery in progress"));
    assert_eq!(cluster.connect().run("select sum(a) from t").value(), "500500");
}

#[test]
fn smart_shutdown_waits_for_sessions() {
    let mut cluster = Cluster::started();
    let mut session = cluster.connect();
    cluster.signal("TERM");
    let refusal = loop {
        match cluster.try_connect("postgres", "postgres") {
            Ok(Err(error)) => break error,
            other => assert!(other.is_ok(), "the listener is open"),
        }
    };
    assert_eq!(refusal.code, "57P03");
    assert_eq!(session.run("select 1").value(), "1");
    drop(session);
    assert_eq!(cluster.wait(), Some(0), "{}", cluster.log());
}

#[test]
fn reload_takes_new_values_and_reports_bad_ones() {
    let cluster = Cluster::started();
    let file = cluster.data().join("postgresql.toml");
    let mut session = cluster.connect();
    assert_eq!(session.run("show work_mem").value(), "4MB");
    let text = fs::read_to_string(&file).expect("initdb wrote it");
    fs::write(&file, format!("{text}\nwork_mem = \"7MB\"\n")).expect("it can be written");
    session.run("select pg_reload_conf()");
    let mut value = String::new();
    while value != "7MB" {
        value = cluster.connect().run("show work_mem").value().to_owned();
    }
    fs::write(&file, format!("{text}\nwork_memory = 1\n")).expect("it can be written");
    cluster.signal("HUP");
    while !cluster.log().contains("work_memory") {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    assert_eq!(cluster.connect().run("select 1").value(), "1");
}

#[test]
fn the_reference_tools_understand_the_lock_file() {
    let cluster = Cluster::started();
    let ready = cluster.tool("pg_isready").status().expect("pg_isready is installed");
    assert_eq!(ready.code(), Some(0));
    let lines = fs::read_to_string(cluster.data().join("postmaster.pid")).expect("the server runs");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 8, "{lines:?}");
    assert_eq!((lines[1], lines[7]), (cluster.data().to_str().expect("UTF-8"), "ready   "));
    assert_eq!(lines[4], cluster.folder().to_str().expect("UTF-8"));
}

#[test]
fn unknown_options_and_settings_are_refused() {
    let cluster = Cluster::new();
    let run = |arguments: &[&str]| {
        let output = cluster.postmaster().args(arguments).output().expect("it starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, message) = run(&["-c", "no_such=1"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("unrecognized configuration parameter \"no_such\""), "{message}");
    let (code, message) = run(&["-c", "work_mem=lots"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("invalid value for parameter \"work_mem\": \"lots\""), "{message}");
}

#[test]
fn version_and_one_setting_are_printed() {
    let cluster = Cluster::new();
    let programs = testkit::cluster::programs();
    let output = Command::new(programs.join("postmaster")).arg("-V").output().expect("it starts");
    assert!(String::from_utf8_lossy(&output.stdout).contains("(PostgreSQL) 15"), "{output:?}");
    let output = cluster.postmaster().args(["-C", "port"]).output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), cluster.port().to_string());
}
