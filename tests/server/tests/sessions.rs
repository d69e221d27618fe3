//! Who gets in, how many, for how long: authentication, limits, timeouts, clients that go away.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixStream;
use testkit::Cluster;
use testkit::cluster::wait_until;

/// Replaces pg_hba.conf, and waits until the server has read it.
fn set_rules(cluster: &Cluster, rules: &str) {
    fs::write(cluster.data().join("pg_hba.conf"), rules).expect("it can be written");
    let before = cluster.log().matches("received SIGHUP").count();
    cluster.signal("HUP");
    wait_until("the files are read again", || cluster.log().matches("received SIGHUP").count() > before);
}

/// What psql prints as this user, with this password.
fn psql(cluster: &Cluster, user: &str, password: &str) -> String {
    let mut command = cluster.tool("psql");
    command.args(["-X", "-w", "-U", user, "-Atc", "select current_user"]).env("PGPASSWORD", password);
    let output = command.output().expect("psql is installed");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn passwords_open_as_the_rules_say() {
    let cluster = Cluster::started();
    cluster.connect().run(
        "set password_encryption = 'scram-sha-256'; create role s login password 'secret'; \
         set password_encryption = 'md5'; create role m login password 'secret'; create role r login",
    );
    set_rules(&cluster, "local all s scram-sha-256\nlocal all m md5\nlocal all r reject\nlocal all all trust\n");
    wait_until("the new rules are in force", || psql(&cluster, "r", "").contains("rejects connection"));
    for user in ["s", "m"] {
        assert_eq!(psql(&cluster, user, "secret"), format!("{user}\n"));
        let refusal = psql(&cluster, user, "wrong");
        assert!(refusal.contains(&format!("password authentication failed for user \"{user}\"")), "{refusal}");
    }
    set_rules(&cluster, "local all nobody trust\nlocal all all scram-sha-256\n");
    wait_until("the new rules are in force", || !psql(&cluster, "r", "").contains("rejects connection"));
    // Who asks for a role that does not exist learns no more than who has a wrong password.
    let refusal = psql(&cluster, "nowhere", "wrong");
    assert!(refusal.contains("password authentication failed for user \"nowhere\""), "{refusal}");
}

#[test]
fn the_systems_user_may_be_a_role_by_a_map() {
    let cluster = Cluster::started();
    let name = String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let name = name.trim();
    cluster.connect().run("create role other login; create role mapped login");
    fs::write(cluster.data().join("pg_ident.conf"), format!("m /^({name})$ mapped\n")).unwrap();
    set_rules(&cluster, "local all mapped peer map=m\nlocal all other peer\nlocal all all trust\n");
    wait_until("the new rules are in force", || !psql(&cluster, "other", "").starts_with("other"));
    assert_eq!(psql(&cluster, "mapped", ""), "mapped\n");
    assert!(psql(&cluster, "other", "").contains("Peer authentication failed for user \"other\""));
    cluster.wait_for_log("provided user name (other) and authenticated user name");
}

#[test]
fn bad_rules_leave_the_old_ones_in_force() {
    let cluster = Cluster::started();
    set_rules(&cluster, "local all all trust\nlocal all all no-such-method\n");
    cluster.wait_for_log("LOG:  invalid authentication method \"no-such-method\"");
    cluster.wait_for_log("CONTEXT:  line 2 of configuration file \"");
    cluster.wait_for_log("LOG:  pg_hba.conf was not reloaded");
    let mut session = cluster.connect();
    let bad = session.run("select line_number, error from pg_hba_file_rules where error is not null");
    assert_eq!(bad.rows().len(), 1, "{bad:?}");
    fs::write(cluster.data().join("pg_ident.conf"), "m /( x\n").unwrap();
    set_rules(&cluster, "local all all trust\n");
    cluster.wait_for_log("LOG:  pg_ident.conf was not reloaded");
}

#[test]
fn places_are_limited_and_the_last_ones_are_the_superusers() {
    let mut cluster = Cluster::new();
    cluster.set("max_connections", "6").set("superuser_reserved_connections", "2").start();
    let mut admin = cluster.connect();
    admin.run("create role one login connection limit 1; create role plain login; create role n nologin");
    admin.run("create database closed allow_connections false");
    admin.run("create database none connection limit 0");
    let code = |user: &str, database: &str| match cluster.try_connect(user, database).expect("it answers") {
        Ok(_) => String::new(),
        Err(error) => format!("{} {}", error.code, error.message),
    };
    assert_eq!(code("n", "postgres"), "28000 role \"n\" is not permitted to log in");
    assert_eq!(code("postgres", "closed"), "55000 database \"closed\" is not currently accepting connections");
    assert_eq!(code("plain", "none"), "53300 too many connections for database \"none\"");
    let first = cluster.connect_as("one", "postgres");
    assert_eq!(code("one", "postgres"), "53300 too many connections for role \"one\"");
    drop(first);
    // Sessions that have just left may still count for a moment.
    let mut sessions = Vec::new();
    wait_until("plain roles have taken all but the reserved places", || {
        match cluster.try_connect("plain", "postgres").expect("it answers") {
            Ok(session) => sessions.push(session),
            Err(_) => return sessions.len() == 3,
        }
        false
    });
    assert_eq!(
        code("plain", "postgres"),
        "53300 remaining connection slots are reserved for non-replication superuser connections"
    );
    wait_until("superusers have taken the rest", || match cluster.try_connect("postgres", "postgres") {
        Ok(Ok(session)) => {
            sessions.push(session);
            false
        }
        refusal => {
            refusal.is_ok_and(|outcome| outcome.is_err_and(|error| error.code == "53300")) && sessions.len() >= 5
        }
    });
    sessions.clear();
    wait_until("places are free again", || code("plain", "postgres").is_empty());
}

#[test]
fn others_see_what_a_session_calls_itself() {
    let cluster = Cluster::started();
    let (mut session, mut other) = (cluster.connect(), cluster.connect());
    let sql = format!("select application_name from pg_stat_activity where pid = {}", session.key.0);
    let mut seen_after = |statement: &str| {
        session.query(statement).expect("the connection holds");
        other.run(&sql).value().to_owned()
    };
    assert_eq!(seen_after("set application_name = 'one'"), "one");
    assert_eq!(seen_after("begin; set local application_name = 'two'"), "two");
    assert_eq!(seen_after("select 1 / 0"), "one");
    assert_eq!(seen_after("rollback"), "one");
    assert_eq!(seen_after("discard all"), "testkit");
}

#[test]
fn what_came_while_a_transaction_was_open_is_told_if_the_session_still_listens() {
    let cluster = Cluster::started();
    let (mut session, mut other) = (cluster.connect(), cluster.connect());
    let mut told_after = |statements: &[&str]| {
        ["listen a", "listen b", "begin"].iter().for_each(|statement| drop(session.run(statement)));
        other.run("notify a, '1'; notify b, '2'");
        statements.iter().for_each(|statement| drop(session.run(statement)));
        // What is to come comes before the next answer.
        session.run("select 1");
        let told: Vec<String> = session.notifications.drain(..).map(|(_, _, payload)| payload).collect();
        told.join(" ")
    };
    assert_eq!(told_after(&["commit"]), "1 2");
    assert_eq!(told_after(&["unlisten a", "commit"]), "2");
    assert_eq!(told_after(&["unlisten a", "rollback"]), "1 2");
    assert_eq!(told_after(&["unlisten *", "listen a", "commit"]), "1");
    assert_eq!(told_after(&["unlisten *", "commit"]), "");
}

#[test]
fn who_does_not_log_in_is_shown_the_door() {
    let mut cluster = Cluster::new();
    cluster.set("authentication_timeout", "1s").start();
    let path = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
    let mut silent = UnixStream::connect(path).expect("the server listens");
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).expect("the server closes the connection");
    assert!(answer.is_empty());
}

#[test]
fn time_runs_out() {
    let cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("set statement_timeout = '20ms'");
    assert_eq!(session.query("select pg_sleep(600)").unwrap().code(), "57014");
    session.run("set statement_timeout = 0; create table t(a int); insert into t values (1)");
    let mut holder = cluster.connect();
    holder.run("begin; update t set a = 2");
    // It counts from the next statement on, in the same query string too.
    assert_eq!(session.query("set lock_timeout = '20ms'; update t set a = 3").unwrap().code(), "55P03");
    holder.run("set idle_in_transaction_session_timeout = '20ms'");
    let farewell = holder.receive().expect("the server says why");
    assert_eq!(farewell.code(), "25P03");
    session.run("set idle_session_timeout = '20ms'");
    assert_eq!(session.receive().expect("the server says why").code(), "57P05");
}

#[test]
fn a_statement_ends_when_its_client_has_gone() {
    let mut cluster = Cluster::new();
    cluster.set("client_connection_check_interval", "20ms").start();
    let mut session = cluster.connect();
    session.send("select pg_sleep(600)").expect("it is sent");
    let mut watcher = cluster.connect();
    let running = "select count(*) from pg_stat_activity where query like '%sleep(600)%' and pid <> pg_backend_pid()";
    wait_until("the statement runs", || watcher.run(running).value() == "1");
    drop(session);
    wait_until("the session has ended", || watcher.run(running).value() == "0");
    cluster.wait_for_log("FATAL:  connection to client lost");
}

#[test]
fn the_keepalive_of_a_connection_is_its_own() {
    let mut cluster = Cluster::new();
    let port = free_port();
    cluster.listen_on(port).start();
    let mut local = cluster.connect();
    assert_eq!(local.run("set tcp_keepalives_idle = 7; show tcp_keepalives_idle").value(), "0");
    let mut remote = testkit::Client::connect_tcp(port, "postgres", "postgres").expect("it listens").expect("trust");
    let usual = remote.run("show tcp_keepalives_idle").value().to_owned();
    assert_ne!(usual, "0");
    remote.run("set tcp_keepalives_idle = 7");
    assert_eq!(remote.run("show tcp_keepalives_idle").value(), "7");
    assert_eq!(remote.run("select setting from pg_settings where name = 'tcp_keepalives_idle'").value(), "7");
    remote.run("reset tcp_keepalives_idle");
    assert_eq!(remote.run("show tcp_keepalives_idle").value(), usual);
}

#[test]
fn the_addresses_of_both_ends_are_known() {
    let mut cluster = Cluster::new();
    let port = free_port();
    cluster.listen_on(port).start();
    let ends = "select concat_ws(' ', host(inet_client_addr()), host(inet_server_addr()), inet_server_port(), \
         a.client_addr = inet_client_addr(), a.client_port = inet_client_port(), \
         pg_stat_get_backend_client_addr(n) = a.client_addr) \
         from pg_stat_activity a, pg_stat_get_backend_idset() n \
         where a.pid = pg_backend_pid() and pg_stat_get_backend_pid(n) = a.pid";
    let mut remote = testkit::Client::connect_tcp(port, "postgres", "postgres").expect("it listens").expect("trust");
    assert_eq!(remote.run(ends).value(), format!("127.0.0.1 127.0.0.1 {port} t t t"));
    assert_eq!(cluster.connect().run(ends).value(), "");
}

/// A port that nobody listens on at the moment.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn activity_shows_who_waits_for_what() {
    let cluster = Cluster::started();
    let (mut holder, mut waiter, mut watcher) = (cluster.connect(), cluster.connect(), cluster.connect());
    holder.run("create table t(a int)");
    holder.run("begin; lock table t");
    waiter.send("select * from t").expect("it is sent");
    let events = |watcher: &mut testkit::Client| -> String {
        let rows = watcher.run(
            "select string_agg(backend_type || ' ' || wait_event_type || ' ' || wait_event, ',' order by backend_type) \
             from pg_stat_activity where wait_event is not null",
        );
        rows.value().to_owned()
    };
    wait_until("the wait is shown", || events(&mut watcher).contains("client backend Lock relation"));
    wait_until("idle roles are shown", || events(&mut watcher).contains("checkpointer Activity CheckpointerMain"));
    assert!(events(&mut watcher).contains("client backend Client ClientRead"));
    let types = watcher.run("select count(*) from pg_stat_activity where backend_start is null").value().to_owned();
    assert_eq!(types, "0");
    holder.run("rollback");
    waiter.receive().expect("the connection holds").ok();
}

#[test]
fn a_program_ends_with_its_statement() {
    let cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("create table t(a int); set statement_timeout = 200");
    let marker = format!("sleep 6{}", cluster.pid());
    let runs = || {
        let found = std::process::Command::new("pgrep").args(["-f", &format!("^{marker}")]).output();
        !found.expect("pgrep runs").stdout.is_empty()
    };
    for copy in [format!("copy t from program '{marker}; true'"), format!("copy t to program '{marker}; true'")] {
        assert_eq!(session.query(&copy).expect("it answers").code(), "57014");
        assert!(!runs(), "the program outlived {copy}");
    }
    assert_eq!(session.run("select 1").value(), "1");
}

#[test]
fn explain_tells_what_was_logged_and_spilled() {
    let mut cluster = Cluster::new();
    cluster.set("track_io_timing", "on").start();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    let mut explain = |statement: &str| -> String {
        let reply = session.run(&format!("explain (analyze, wal, buffers, costs off, timing off) {statement}"));
        let lines = reply.rows().iter().map(|row| row[0].clone().expect("a line is no null"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let insert = explain("insert into t select generate_series(1, 10)");
    let (first, _) = insert.split_once("  ->").expect("there is a node below");
    assert!(first.contains("\n  Buffers: shared hit=") && first.contains("\n  WAL: records=10 "), "{insert}");
    assert_eq!(insert.matches("WAL:").count(), 1, "only the insertion logs: {insert}");
    let sort = explain("select g from generate_series(1, 300000) g order by g % 1000, g");
    assert!(sort.contains("Buffers: temp read=") && sort.contains(" written="), "{sort}");
    assert!(sort.contains("I/O Timings: temp read="), "{sort}");
}

#[test]
fn reading_from_files_is_counted_and_timed() {
    let mut cluster = Cluster::new();
    cluster.set("track_io_timing", "on").start();
    cluster.connect().run("create table t as select generate_series(1, 10000) a");
    cluster.stop();
    cluster.start();
    let mut session = cluster.connect();
    let plan = session.run("explain (analyze, buffers) select * from t");
    let lines = plan.rows().iter().filter_map(|row| row[0].clone()).collect::<Vec<_>>().join("\n");
    assert!(lines.contains("Buffers: shared read=") && lines.contains("I/O Timings: shared read="), "{lines}");
    session.run("select pg_stat_force_next_flush()");
    let counted = "select blks_read > 40 and blk_read_time > 0 and heap_blks_read > 40 \
                   from pg_stat_database, pg_statio_user_tables where datname = current_database() and relname = 't'";
    assert_eq!(session.run(counted).value(), "t");
}
