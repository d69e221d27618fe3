//! The server's log: its forms and files, what every line says of its session, and what is worth a line.

use std::fs;
use std::path::PathBuf;
use testkit::Cluster;
use testkit::cluster::wait_until;

/// The log files with this extension, oldest first.
fn files(cluster: &Cluster, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(cluster.data().join("log")).expect("the log's directory is made");
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    found.sort();
    found
}

fn text(cluster: &Cluster, extension: &str) -> String {
    files(cluster, extension).iter().map(|path| fs::read_to_string(path).expect("it can be read")).collect()
}

fn collecting(settings: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.set("logging_collector", "on").set("log_destination", "stderr,csvlog,jsonlog");
    for (name, value) in settings {
        cluster.set(name, value);
    }
    cluster.start();
    cluster
}

#[test]
fn three_forms_are_written_side_by_side() {
    let cluster = collecting(&[("log_filename", "server.log"), ("log_file_mode", "0640")]);
    cluster.connect().query("select 'odd \"text\",' / 0").expect("the connection holds");
    let message = r#"invalid input syntax for type integer: \"odd \"text\",\"""#;
    wait_until("the error is in the JSON log", || text(&cluster, "json").contains(message));
    let message = r#""invalid input syntax for type integer: ""odd ""text"",""""#;
    wait_until("the error is in the CSV log", || text(&cluster, "csv").contains(message));
    wait_until("the error is in the text log", || text(&cluster, "log").contains("STATEMENT:  select 'odd"));
    let list = fs::read_to_string(cluster.data().join("current_logfiles")).expect("the syslogger keeps a list");
    assert_eq!(list, "stderr log/server.log\ncsvlog log/server.csv\njsonlog log/server.json\n");
    let mut session = cluster.connect();
    assert_eq!(session.run("select pg_current_logfile()").value(), "log/server.log");
    assert_eq!(session.run("select pg_current_logfile('jsonlog')").value(), "log/server.json");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&files(&cluster, "log")[0]).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o640);
    // The rest of the log went to standard error before there was a collector.
    assert!(cluster.log().contains("redirecting log output to logging collector process"), "{}", cluster.log());
}

#[test]
fn files_are_rotated_on_request_and_by_size() {
    let cluster = collecting(&[("log_filename", "%s.log"), ("log_rotation_size", "64kB"), ("log_statement", "all")]);
    wait_until("there is a first file", || files(&cluster, "log").len() == 1);
    let mut session = cluster.connect();
    session.run("select 'before'");
    wait_until("the next second has begun", || {
        session.run("select pg_rotate_logfile()");
        files(&cluster, "log").len() >= 2
    });
    let count = files(&cluster, "log").len();
    let long = format!("select length('{}')", "x".repeat(10_000));
    wait_until("size makes a new file", || {
        session.run(&long);
        files(&cluster, "log").len() > count
    });
    assert!(text(&cluster, "log").contains("select 'before'"));
}

#[test]
fn the_last_words_are_written() {
    let mut cluster = collecting(&[("log_filename", "server.log")]);
    cluster.stop();
    let text = text(&cluster, "log");
    assert!(text.trim_end().ends_with("LOG:  database system is shut down"), "{text}");
}

#[test]
fn lines_of_many_sessions_stay_whole() {
    let cluster = collecting(&[("log_filename", "server.log")]);
    let long = "y".repeat(100_000);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut session = cluster.connect();
                for _ in 0..3 {
                    session.query(&format!("select nothing /* {long} */")).expect("the connection holds");
                }
            });
        }
    });
    let whole = format!("STATEMENT:  select nothing /* {long} */\n");
    wait_until("all lines are there", || text(&cluster, "log").matches(&whole).count() == 24);
    assert_eq!(text(&cluster, "csv").matches(&format!("\"select nothing /* {long} */\"")).count(), 24);
}

#[test]
fn the_prefix_says_who_speaks() {
    let mut cluster = Cluster::new();
    cluster.set("log_line_prefix", "<%p|%l|%u|%d|%a|%h|%b|%e|%i|%v|%x|%q%c> ");
    cluster.set("log_connections", "on").set("log_disconnections", "on").set("log_statement", "all");
    cluster.start();
    let mut session = cluster.connect();
    let pid = session.key.0;
    session.query("select 1 / 0").expect("the connection holds");
    session.run("begin; create table t(a int); insert into t values (1)");
    session.query("select nothing").expect("the connection holds");
    session.query("create unique index on t(a)").expect("the connection holds");
    session.query("selec 1").expect("the connection holds");
    drop(session);
    cluster.wait_for_log("LOG:  disconnection: session time: ");
    let log = cluster.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with(&format!("<{pid}|"))).collect();
    let numbers: Vec<String> = lines.iter().map(|line| line.split('|').nth(1).expect("a number").to_owned()).collect();
    let expected: Vec<String> = (1..=numbers.len()).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected, "a session counts its lines\n{log}");
    let find = |what: &str| *lines.iter().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}\n{log}"));
    assert!(
        find("connection received: host=[local]").contains("|[unknown]|[unknown]|[unknown]|[local]|client backend|")
    );
    let authorized = find("connection authorized: user=postgres database=postgres application_name=testkit");
    assert!(authorized.contains("|postgres|postgres|testkit|[local]|client backend|00000|authentication|"));
    assert!(find("ERROR:  division by zero").contains("|22012|SELECT|"));
    assert!(find("ERROR:  current transaction is aborted").contains("|25P02|CREATE INDEX|"));
    assert!(find("ERROR:  syntax error").contains("|42601|idle|"));
    let xid = find("ERROR:  column \"nothing\"").split('|').nth(10).expect("a transaction id");
    assert_ne!(xid, "0", "{log}");
    // What is no session ends at %q.
    assert!(log.contains("|postmaster|00000|||0|LOG:  database system is ready"), "{log}");
}

#[test]
fn what_authentication_came_to_is_told() {
    let mut cluster = Cluster::new();
    cluster.set("log_connections", "on");
    cluster.start();
    cluster.connect().run("set password_encryption = 'scram-sha-256'; create role s login password 'secret'");
    fs::write(cluster.data().join("pg_hba.conf"), "local all s scram-sha-256\nlocal all all trust\n").unwrap();
    cluster.connect().run("select pg_reload_conf()");
    cluster.wait_for_log("received SIGHUP");
    let psql = |password: &str| {
        let mut command = cluster.tool("psql");
        let output = command.args(["-X", "-U", "s", "-Atc", "select 7"]).env("PGPASSWORD", password).output();
        String::from_utf8_lossy(&output.expect("psql is installed").stdout).into_owned()
    };
    wait_until("the new rules are in force", || psql("wrong").is_empty());
    assert_eq!(psql("secret"), "7\n");
    cluster.wait_for_log("connection authenticated: identity=\"s\" method=scram-sha-256");
    cluster.wait_for_log("DETAIL:  Connection matched pg_hba.conf line 1: \"local all s scram-sha-256\"");
}

#[test]
fn slow_things_are_told_as_asked() {
    let mut cluster = Cluster::new();
    cluster.set("log_lock_waits", "on").set("deadlock_timeout", "20ms").set("log_temp_files", "0");
    cluster.start();
    let (mut holder, mut waiter) = (cluster.connect(), cluster.connect());
    holder.run("create table t(a int); insert into t values (1)");
    holder.run("begin; update t set a = 2");
    waiter.send("update t set a = 3").expect("it is sent");
    cluster.wait_for_log(&format!("process {} still waiting for ShareLock on transaction", waiter.key.0));
    cluster
        .wait_for_log(&format!("DETAIL:  Process holding the lock: {}. Wait queue: {}.", holder.key.0, waiter.key.0));
    holder.run("commit");
    waiter.receive().expect("the connection holds").ok();
    cluster.wait_for_log(&format!("process {} acquired ShareLock on transaction", waiter.key.0));
    waiter.run(
        "set work_mem = '64kB'; select count(*) from (select * from generate_series(1, 50000) g order by g desc) x",
    );
    cluster.wait_for_log("LOG:  temporary file: path \"base/pgsql_tmp/pgsql_tmp");
    waiter.run("set log_min_duration_statement = 0");
    waiter.run("select 'slow'");
    cluster.wait_for_log("ms  statement: select 'slow'");
    waiter.run("set log_min_duration_statement = -1");
    waiter.run("set log_min_duration_sample = 0");
    waiter.run("select 'sampled'");
    cluster.wait_for_log("ms  statement: select 'sampled'");
    waiter.run("set log_statement_sample_rate = 0");
    waiter.run("select 'not in the sample'");
    waiter.run("set log_statement = 'ddl'");
    waiter.run("select 'no definition'; create table told(a int)");
    cluster.wait_for_log("create table told");
    waiter.run("set log_duration = on; select 'its time only'");
    assert!(!cluster.log().contains("not in the sample"), "{}", cluster.log());
    waiter.run("checkpoint");
    cluster.wait_for_log("LOG:  checkpoint complete: wrote ");
}
