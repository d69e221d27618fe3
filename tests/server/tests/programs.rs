//! PostgreSQL's own programs against the server: pgbench in every mode; and what initdb makes of its options.

use std::fs;
use std::process::Command;
use testkit::Cluster;

/// Debian keeps pgbench with the server's programs as well.
fn pgbench(cluster: &Cluster, arguments: &[&str]) -> String {
    let output = cluster.tool("pgbench").args(arguments).arg("postgres").output().expect("pgbench is installed");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "pgbench {arguments:?}: {text}\n{}", cluster.log());
    text
}

#[test]
fn pgbench_runs_in_every_mode() {
    let cluster = Cluster::started();
    pgbench(&cluster, &["-i", "-s", "1", "-q"]);
    for mode in ["simple", "extended", "prepared"] {
        let text = pgbench(&cluster, &["-n", "-M", mode, "-c", "2", "-t", "25"]);
        assert!(text.contains("number of transactions actually processed: 50/50"), "{text}");
        assert!(text.contains("number of failed transactions: 0"), "{text}");
    }
    let mut session = cluster.connect();
    let sums = session.run(
        "select (select sum(abalance) from pgbench_accounts), (select sum(bbalance) from pgbench_branches), \
         (select sum(tbalance) from pgbench_tellers), (select sum(delta) from pgbench_history)",
    );
    let sums = &sums.rows()[0];
    assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
    for script in ["-S", "-N"] {
        let text = pgbench(&cluster, &["-n", script, "-c", "2", "-t", "25"]);
        assert!(text.contains("number of transactions actually processed: 50/50"), "{text}");
    }
    pgbench(&cluster, &["-n", "-C", "-S", "-c", "2", "-t", "5"]);
    pgbench(&cluster, &["-i", "-s", "1", "-q", "-I", "dtGvpf", "--foreign-keys"]);
    assert_eq!(session.run("select count(*) from pgbench_accounts").value(), "100000");
    assert!(!cluster.log().contains("ERROR"), "{}", cluster.log());
}

fn initdb(arguments: &[&str]) -> (Option<i32>, String) {
    let program = testkit::cluster::programs().join("initdb");
    let output = Command::new(program).args(arguments).arg("--allow-root").output().expect("initdb starts");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn initdb_refuses_what_it_must_not_touch() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("it can be made");
    fs::write(data.join("mine"), "x").expect("it can be written");
    let (code, text) = initdb(&["-N", "-D", data.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("exists but is not empty"), "{text}");
    assert_eq!(fs::read_to_string(data.join("mine")).expect("it is still there"), "x");
    let (code, text) = initdb(&["-N", "--no-such-option"]);
    assert_eq!(code, Some(1), "{text}");
    let (code, text) = initdb(&["-V"]);
    assert_eq!((code, text.contains("(PostgreSQL) 15")), (Some(0), true), "{text}");
}

#[test]
fn initdb_takes_its_options() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (data, wal) = (folder.path().join("data"), folder.path().join("wal"));
    let password = folder.path().join("password");
    fs::write(&password, "secret\n").expect("it can be written");
    let (code, text) = initdb(&[
        "-N",
        "-U",
        "owner",
        "-A",
        "scram-sha-256",
        "--pwfile",
        password.to_str().expect("UTF-8"),
        "-X",
        wal.to_str().expect("UTF-8"),
        "-E",
        "UTF8",
        "--locale",
        "C",
        data.to_str().expect("UTF-8"),
    ]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(fs::read_to_string(data.join("PG_VERSION")).expect("it is made").trim(), "15");
    assert_eq!(fs::read_link(data.join("pg_wal")).expect("a link"), wal);
    let rules = fs::read_to_string(data.join("pg_hba.conf")).expect("it is made");
    assert!(
        rules.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).all(|l| l.ends_with("scram-sha-256"))
    );
}
