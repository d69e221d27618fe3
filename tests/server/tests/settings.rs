//! Settings: where values come from, what a reload makes of the files, what waits for a restart.

use testkit::Cluster;
use testkit::cluster::wait_until;

/// Has the files read again, and waits until that is done.
fn reload(cluster: &Cluster) {
    let before = cluster.log().matches("received SIGHUP").count();
    cluster.signal("HUP");
    wait_until("the files are read again", || cluster.log().matches("received SIGHUP").count() > before);
    // A session that comes now has the new values.
    wait_until("sessions come in", || cluster.try_connect("postgres", "postgres").is_ok_and(|outcome| outcome.is_ok()));
}

fn show(cluster: &Cluster, name: &str) -> String {
    cluster.connect().run(&format!("show {name}")).value().to_owned()
}

#[test]
fn alter_system_is_written_read_and_taken_back() {
    let cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("alter system set work_mem = '8MB'");
    session.run("alter system set shared_buffers = '64MB'");
    assert_eq!(show(&cluster, "work_mem"), "4MB", "nothing changes before a reload");
    reload(&cluster);
    wait_until("the value is in force", || show(&cluster, "work_mem") == "8MB");
    let row = session.run("select setting, source, sourcefile, sourceline from pg_settings where name = 'work_mem'");
    let auto = cluster.data().join("postgresql.auto.toml").display().to_string();
    let row: Vec<&str> = row.rows()[0].iter().map(|value| value.as_deref().unwrap_or_default()).collect();
    assert_eq!(row, ["8192", "configuration file", &auto, "2"]);
    let waiting = session.run("select name, setting from pg_settings where pending_restart");
    assert_eq!(waiting.rows()[0][0].as_deref(), Some("shared_buffers"));
    assert_eq!(waiting.rows()[0][1].as_deref(), Some("16384"), "the old value is in force");
    cluster.wait_for_log("parameter \"shared_buffers\" cannot be changed without restarting the server");
    session.run("alter system reset all");
    reload(&cluster);
    wait_until("the default is back", || show(&cluster, "work_mem") == "4MB");
    assert_eq!(session.run("select count(*) from pg_settings where pending_restart").value(), "0");
    for (statement, code) in [
        ("alter system set no_such = 1", "42704"),
        ("alter system set work_mem = 'lots'", "22023"),
        ("alter system set data_directory = 'x'", "55P02"),
        ("begin; alter system set work_mem = '1MB'", "25001"),
    ] {
        assert_eq!(session.query(statement).unwrap().code(), code, "{statement}");
        session.run("rollback");
    }
}

#[test]
fn bad_lines_are_named_and_change_nothing() {
    let cluster = Cluster::started();
    cluster.append("postgresql.toml", "work_mem = \"9MB\"\nno_such = 3");
    reload(&cluster);
    cluster.wait_for_log("unrecognized configuration parameter \"no_such\" in file \"");
    cluster.wait_for_log("contains errors; no changes were applied");
    assert_eq!(show(&cluster, "work_mem"), "4MB");
    let bad = cluster.connect().run("select name, applied, error from pg_file_settings where error is not null");
    assert_eq!(bad.rows().len(), 1, "{bad:?}");
    assert_eq!(bad.rows()[0][0].as_deref(), Some("no_such"));
}

#[test]
fn a_good_line_beside_a_bad_value_is_applied() {
    let cluster = Cluster::started();
    cluster.append("postgresql.toml", "work_mem = \"9MB\"\nmaintenance_work_mem = \"lots\"\nlog_statement = \"ddl\"");
    reload(&cluster);
    cluster.wait_for_log("invalid value for parameter \"maintenance_work_mem\": \"lots\"");
    cluster.wait_for_log("contains errors; unaffected changes were applied");
    wait_until("the good line counts", || show(&cluster, "work_mem") == "9MB");
}

#[test]
fn roles_and_databases_have_values_of_their_own() {
    let cluster = Cluster::started();
    let mut admin = cluster.connect();
    admin.run("create role r login");
    admin.run("alter database postgres set work_mem = '5MB'");
    admin.run("alter role r set work_mem = '3MB'");
    admin.run("alter role r in database postgres set maintenance_work_mem = '77MB'");
    let mut session = cluster.connect_as("r", "postgres");
    assert_eq!(session.run("show work_mem").value(), "3MB");
    let sources = session.run("select source from pg_settings where name like '%work_mem' order by name");
    let sources: Vec<_> = sources.rows().iter().map(|row| row[0].clone().unwrap_or_default()).collect();
    assert_eq!(sources[2..], ["database user", "user"], "{sources:?}");
    session.run("set work_mem = '1MB'");
    session.run("reset work_mem");
    assert_eq!(session.run("show work_mem").value(), "3MB");
    assert_eq!(cluster.connect().run("show work_mem").value(), "5MB");
    let error = session.query("alter system set work_mem = '9MB'").unwrap().error.expect("it is refused");
    assert_eq!(error.message, "permission denied to set parameter \"work_mem\"");
    assert_eq!(session.query("set log_statement = 'all'").unwrap().code(), "42501");
}

#[test]
fn set_local_ends_with_its_transaction() {
    let cluster = Cluster::started();
    let mut session = cluster.connect();
    session.run("begin");
    session.run("set local work_mem = '1MB'");
    session.run("set maintenance_work_mem = '2MB'");
    assert_eq!(session.run("show work_mem").value(), "1MB");
    session.run("rollback");
    assert_eq!(session.run("show work_mem").value(), "4MB");
    assert_eq!(session.run("show maintenance_work_mem").value(), "64MB");
}

#[test]
fn the_command_line_wins_over_the_files() {
    let mut cluster = Cluster::new();
    cluster.append("postgresql.toml", "work_mem = \"9MB\"\ndeadlock_timeout = \"2s\"");
    cluster.set("work_mem", "7MB").start();
    assert_eq!(show(&cluster, "work_mem"), "7MB");
    assert_eq!(show(&cluster, "deadlock_timeout"), "2s");
    reload(&cluster);
    assert_eq!(show(&cluster, "work_mem"), "7MB");
}
