//! The threads of the server: which there are, that they come back, that a crash of one is survived in place, and what they do.

use std::fs;
use testkit::Cluster;
use testkit::cluster::wait_until;

/// The names of the server's threads.
fn threads(cluster: &Cluster) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", cluster.pid())).expect("the server runs");
    let name = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

/// Has a role fail on purpose.
fn strike(cluster: &Cluster, role: &str, how: &str) {
    fs::write(cluster.data().join("faults"), format!("{role} {how}\n")).expect("it can be written");
    cluster.signal("USR1");
}

#[test]
fn everything_is_a_thread_of_one_process() {
    let mut cluster = Cluster::new();
    cluster.set("archive_mode", "on").set("archive_command", "true").set("logging_collector", "on");
    cluster.set("enable_thread_pool", "off").start();
    let wanted = ["checkpointer", "bgwriter", "walwriter", "scheduler", "stats", "archiver", "avlauncher", "syslogger"];
    wait_until("all roles run", || wanted.iter().all(|role| threads(&cluster).iter().any(|name| name == role)));
    let serving = |cluster: &Cluster| threads(cluster).iter().filter(|name| *name == "session").count();
    let sessions: Vec<_> = (0..5).map(|_| cluster.connect()).collect();
    wait_until("there is a thread for each session", || serving(&cluster) == sessions.len());
    let children = std::process::Command::new("pgrep").args(["-P", &cluster.pid().to_string()]).output();
    assert!(children.expect("pgrep runs").stdout.is_empty());
    let mut watcher = cluster.connect();
    let types = watcher.run("select count(distinct backend_type) from pg_stat_activity").value().to_owned();
    // The syslogger belongs to no instance and so is not in the list; the watcher itself is.
    assert_eq!(types, wanted.len().to_string());
}

/// A server that stands still in the middle of redo, of a table of 300,000 rows.
fn stopped_in_redo() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").start();
    cluster.connect().run("create table t(a int primary key); insert into t select generate_series(1, 300000)");
    cluster.kill();
    cluster.launch();
    cluster.wait_for_log("redo starts at");
    cluster.signal("STOP");
    cluster
}

#[test]
fn a_crash_in_redo_begins_it_again() {
    let cluster = stopped_in_redo();
    strike(&cluster, "bgwriter", "panic");
    cluster.signal("CONT");
    wait_until("redo begins again", || cluster.log().matches("redo starts at").count() == 2);
    wait_until("clients are served", || cluster.try_connect("postgres", "postgres").is_ok_and(|c| c.is_ok()));
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "300000");
}

#[test]
fn pages_are_written_while_the_log_is_redone_and_redo_can_be_stopped() {
    let mut cluster = stopped_in_redo();
    let during = threads(&cluster);
    cluster.signal("INT");
    cluster.signal("CONT");
    for role in ["startup", "checkpointer", "bgwriter"] {
        assert!(during.iter().any(|name| name == role), "no {role} among {during:?}");
    }
    assert_eq!(cluster.wait(), Some(0), "{}", cluster.log());
    assert!(!cluster.log().contains("redo done at"), "{}", cluster.log());
    cluster.start();
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "300000");
}

#[test]
fn a_role_that_fails_comes_back_and_nobody_notices() {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").start();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    session.run("begin; insert into t values (1)");
    for role in ["bgwriter", "walwriter", "avlauncher", "stats"] {
        for how in ["fatal", "rust_panic"] {
            let before = cluster.log().matches(role).count();
            strike(&cluster, role, how);
            wait_until("the log tells of it", || cluster.log().matches(role).count() > before);
            wait_until("the role is back", || threads(&cluster).iter().any(|name| name == role));
        }
    }
    session.run("insert into t values (2)");
    session.run("commit");
    assert_eq!(cluster.connect().run("select sum(a) from t").value(), "3");
}

#[test]
fn a_crash_is_survived_in_the_same_process() {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").start();
    let pid = cluster.pid();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    session.run("insert into t select generate_series(1, 1000)");
    session.run("begin; insert into t values (0)");
    strike(&cluster, "bgwriter", "panic");
    let farewell = session.receive().expect("the server says why");
    assert_eq!(farewell.code(), "57P02", "{farewell:?}");
    cluster.wait_for_log("database system was not properly shut down; automatic recovery in progress");
    wait_until("clients are served again", || cluster.try_connect("postgres", "postgres").is_ok_and(|c| c.is_ok()));
    assert!(cluster.is_running() && cluster.pid() == pid);
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "1000");
}

#[test]
fn without_restart_after_crash_the_server_ends() {
    for kind in ["panic", "segv"] {
        let mut cluster = Cluster::new();
        cluster.set("fault_hooks", "on").set("restart_after_crash", "off").start();
        strike(&cluster, "walwriter", kind);
        assert_eq!(cluster.wait(), Some(1), "{}", cluster.log());
    }
}

#[test]
fn segments_are_archived_and_the_command_is_tried_again() {
    let mut cluster = Cluster::new();
    let archive = cluster.folder().join("archive");
    let command = format!("test -d {0} && cp %p {0}/%f", archive.display());
    cluster.set("archive_mode", "on").set("archive_command", &command).start();
    let mut session = cluster.connect();
    session.run("create table t as select generate_series(1, 1000) a");
    session.run("select pg_switch_wal()");
    cluster.wait_for_log("archive command failed with exit code 1");
    cluster.wait_for_log("DETAIL:  The failed archive command was: ");
    fs::create_dir(&archive).expect("it can be made");
    session.run("insert into t values (0)");
    session.run("select pg_switch_wal()");
    let count = || fs::read_dir(&archive).map_or(0, Iterator::count);
    wait_until("the segments are archived", || count() >= 2);
    let status = cluster.data().join("pg_wal/archive_status");
    wait_until("they are marked as done", || {
        let names =
            fs::read_dir(&status).expect("it is there").filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.ends_with(".done")).count() >= 2
    });
}

#[test]
fn statistics_outlive_a_clean_end_and_not_a_crash() {
    let mut cluster = Cluster::new();
    cluster.start();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    session.run("insert into t select generate_series(1, 100)");
    drop(session);
    let inserted = |cluster: &Cluster| -> String {
        let mut session = cluster.connect();
        session
            .run("select coalesce(sum(n_tup_ins), 0) from pg_stat_user_tables where relname = 't'")
            .value()
            .to_owned()
    };
    wait_until("the rows are counted", || inserted(&cluster) == "100");
    cluster.stop();
    cluster.start();
    assert_eq!(inserted(&cluster), "100");
    cluster.kill();
    cluster.start();
    assert_eq!(inserted(&cluster), "0");
}

#[test]
fn asynchronous_commits_reach_the_disk_soon() {
    let mut cluster = Cluster::new();
    cluster.set("synchronous_commit", "off").start();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    session.run("insert into t values (1)");
    let end = session.run("select pg_current_wal_insert_lsn()").value().to_owned();
    wait_until("the walwriter has flushed it", || {
        session.run(&format!("select pg_current_wal_flush_lsn() >= '{end}'::pg_lsn")).value() == "t"
    });
    cluster.kill();
    cluster.start();
    assert_eq!(cluster.connect().run("select count(*) from t").value(), "1");
}

#[test]
fn tables_that_change_are_vacuumed_and_analyzed() {
    let mut cluster = Cluster::new();
    cluster.set("autovacuum_naptime", "1s").start();
    let mut session = cluster.connect();
    session.run("create table t(a int)");
    session.run("insert into t select generate_series(1, 2000)");
    session.run("update t set a = a + 1");
    wait_until("a worker has been there", || {
        let done = "select autovacuum_count > 0 and autoanalyze_count > 0 from pg_stat_user_tables where relname = 't'";
        session.run(done).value() == "t"
    });
}

#[test]
fn a_vacuum_that_pauses_leaves_its_worker_to_others() {
    let mut cluster = Cluster::new();
    cluster.set("thread_pool_attr", "1").set("autovacuum", "off").start();
    let (mut worker, mut other) = (cluster.connect(), cluster.connect());
    worker.run("create table t as select generate_series(1, 20000) a");
    worker.run("delete from t");
    // Each page is worth more than the limit: it would take a minute.
    worker.run("set vacuum_cost_delay = 100; set vacuum_cost_limit = 1");
    worker.send("vacuum t").expect("it is sent");
    let cancel = "select pg_cancel_backend(pid) from pg_stat_activity where (wait_event_type, wait_event) = ('Timeout', 'VacuumDelay')";
    wait_until("it pauses, and is cancelled", || other.run(cancel).rows().len() == 1);
    let reply = worker.receive().expect("it answers");
    assert_eq!(reply.error.map(|error| error.code).as_deref(), Some("57014"));
}

#[test]
fn autovacuum_tells_the_log_what_it_did() {
    let mut cluster = Cluster::new();
    cluster.set("autovacuum_naptime", "1s").set("log_autovacuum_min_duration", "0").start();
    let mut session = cluster.connect();
    session.run("create table quiet(a int) with (log_autovacuum_min_duration = -1)");
    session.run("create table told(a int primary key)");
    for table in ["quiet", "told"] {
        session.run(&format!("insert into {table} select generate_series(1, 2000)"));
        session.run(&format!("delete from {table} where a % 2 = 0"));
    }
    let done = "select count(*) from pg_stat_user_tables where autovacuum_count = 1 and autoanalyze_count = 1 \
                and vacuum_count = 0 and analyze_count = 0 and last_autovacuum is not null and last_analyze is null";
    wait_until("both were vacuumed and analyzed", || session.run(done).value() == "2");
    let log = cluster.log();
    assert!(!log.contains("public.quiet"), "{log}");
    assert!(log.contains("LOG:  automatic analyze of table \"postgres.public.told\"\n\tavg read rate: "), "{log}");
    let vacuum = log.split("LOG:  ").find(|message| message.starts_with("automatic vacuum of table"));
    let vacuum = vacuum.expect("it is told").to_owned();
    for line in [
        "automatic vacuum of table \"postgres.public.told\": index scans: 1\n",
        "\ttuples: 1000 removed, 1000 remain, 0 are dead but not yet removable\n",
        "\tindex scan needed: ",
        " had 1000 dead item identifiers removed\n\tindex \"told_pkey\": pages: ",
        "\tbuffer usage: ",
        "\tWAL usage: ",
        "\tsystem usage: CPU: user: ",
    ] {
        assert!(vacuum.contains(line), "{line:?} is missing in {vacuum}");
    }
}

#[test]
fn autovacuum_gives_way_to_who_waits_for_its_table() {
    let mut cluster = Cluster::new();
    cluster.set("autovacuum_naptime", "1s").set("deadlock_timeout", "50ms").start();
    // The worker can not note the table's size while its row of pg_class is being changed, and keeps its lock meanwhile.
    let mut changer = cluster.connect();
    changer.run("create table t(a int)");
    changer.run("begin");
    changer.run("grant select on t to public");
    let mut session = cluster.connect();
    session.run("insert into t select generate_series(1, 2000)");
    session.run("delete from t");
    let works = "select count(*) from pg_locks where relation = 't'::regclass and mode = 'ShareUpdateExclusiveLock'";
    wait_until("the worker has the table", || session.run(works).value() == "1");
    session.run("begin");
    session.run("lock table t in exclusive mode");
    session.run("commit");
    cluster.wait_for_log("ERROR:  canceling autovacuum task\n");
    cluster.wait_for_log("CONTEXT:  automatic vacuum of table \"postgres.public.t\"");
    changer.run("commit");
    wait_until("the worker has come again", || {
        session.run("select autovacuum_count from pg_stat_user_tables where relname = 't'").value() == "1"
    });
}

#[test]
fn what_an_earlier_run_left_is_removed() {
    let mut cluster = Cluster::new();
    cluster.start();
    // A file that asks for nothing that can be done now is taken away at the next start.
    for name in ["promote", "logrotate"] {
        fs::write(cluster.data().join(name), "").expect("it can be written");
    }
    fs::create_dir_all(cluster.data().join("base/pgsql_tmp")).expect("it can be made");
    fs::write(cluster.data().join("base/pgsql_tmp/pgsql_tmp1.0"), "x").expect("it can be written");
    cluster.kill();
    cluster.start();
    for name in ["promote", "logrotate", "base/pgsql_tmp/pgsql_tmp1.0", "current_logfiles"] {
        assert!(!cluster.data().join(name).exists(), "{name}");
    }
}
