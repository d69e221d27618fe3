//! The programs that control a server: `woolly`, and Debian's pg_ctl and pg_isready through postmaster.pid; what the server
//! program says of itself, and what it does not start with.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use testkit::Cluster;
use testkit::cluster::programs;

/// Exit code, and standard output and error together.
fn run(command: &mut Command) -> (i32, String) {
    let output = command.stdin(Stdio::null()).output().expect("it can be run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().expect("no signal ends it"), text)
}

fn woolly(cluster: &Cluster, arguments: &[&str]) -> (i32, String) {
    run(Command::new(programs().join("woolly")).args(arguments).arg("-D").arg(cluster.data()).env_remove("PGDATA"))
}

/// Starts through `woolly`, as a user does.
fn start(cluster: &Cluster) -> (i32, String) {
    let options = format!("-k {} -c listen_addresses=", cluster.folder().display());
    let log = cluster.folder().join("server.log");
    woolly(cluster, &["start", "--allow-root", "-o", &options, "-l", log.to_str().expect("UTF-8")])
}

#[test]
fn woolly_starts_asks_restarts_and_stops() {
    let cluster = Cluster::new();
    assert_eq!(woolly(&cluster, &["status"]).0, 3);
    assert_eq!(woolly(&cluster, &["stop"]).0, 1);
    let (code, text) = start(&cluster);
    assert_eq!(code, 0, "{text}\n{}", cluster.log());
    assert!(text.contains("server started"), "{text}");
    assert_eq!(cluster.connect().run("select 1").value(), "1");
    let (code, text) = start(&cluster);
    assert_eq!(code, 1, "a second one is refused: {text}");
    let (code, text) = woolly(&cluster, &["status"]);
    assert!(code == 0 && text.contains("server is running (PID: "), "{text}");
    let (code, text) = woolly(&cluster, &["status", "--json"]);
    assert!(code == 0 && text.contains("\"status\":\"ready\"") && text.contains("\"running\":true"), "{text}");
    assert_eq!(woolly(&cluster, &["reload"]), (0, "server signaled\n".to_owned()));
    assert_eq!(woolly(&cluster, &["logrotate"]).0, 0);
    let (code, text) = woolly(&cluster, &["promote"]);
    assert!(code == 1 && text.contains("not in standby mode"), "{text}");
    // The arguments of the first start are kept.
    let (code, text) = woolly(&cluster, &["restart", "--allow-root", "-l", "/dev/null"]);
    assert_eq!(code, 0, "{text}");
    let session = cluster.connect();
    let (code, text) = woolly(&cluster, &["stop", "-m", "smart", "-t", "1"]);
    assert!(code == 1 && text.contains("server does not shut down"), "{text}");
    assert_eq!(woolly(&cluster, &["stop", "-m", "fast"]).0, 0);
    drop(session);
    assert_eq!(woolly(&cluster, &["status"]).0, 3);
    assert_eq!(start(&cluster).0, 0);
    assert_eq!(woolly(&cluster, &["stop", "-m", "immediate"]).0, 0);
    let missing = run(Command::new(programs().join("woolly")).args(["status", "-D", "/nonexistent"]));
    assert_eq!(missing.0, 4, "{}", missing.1);
}

#[test]
fn nothing_is_left_after_the_end() {
    let mut cluster = Cluster::new();
    let outside = cluster.folder().join("outside.pid");
    cluster.set("external_pid_file", outside.to_str().expect("UTF-8")).start();
    let pid = cluster.pid();
    assert_eq!(fs::read_to_string(&outside).expect("it is written").trim(), pid.to_string());
    assert_eq!(fs::metadata(&outside).expect("it is there").permissions().mode() & 0o777, 0o644);
    let socket = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
    let lock = cluster.folder().join(format!(".s.PGSQL.{}.lock", cluster.port()));
    let file = cluster.data().join("postmaster.pid");
    let all = [&socket, &lock, &file, &outside];
    assert!(all.iter().all(|path| path.exists()));
    assert_eq!(fs::metadata(&socket).expect("it is there").permissions().mode() & 0o777, 0o777);
    let opts = fs::read_to_string(cluster.data().join("postmaster.opts")).expect("it is written");
    assert!(opts.contains("postmaster \"-D\" \""), "{opts}");
    cluster.stop();
    let left: Vec<_> = all.iter().filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Debian keeps the programs of a server elsewhere than those of clients.
const PG_CTL: &str = "/usr/lib/postgresql/15/bin/pg_ctl";

#[test]
fn the_reference_pg_ctl_controls_a_server() {
    // It refuses to run as root, and is there only where PostgreSQL's server is installed.
    let is_root = run(Command::new("id").arg("-u")).1.trim() == "0";
    if is_root || !std::path::Path::new(PG_CTL).exists() {
        assert_eq!(run(Command::new(programs().join("woolly")).arg("--version")).0, 0);
        return;
    }
    let mut cluster = Cluster::started();
    let pg_ctl = |action: &str| run(Command::new(PG_CTL).arg(action).arg("-D").arg(cluster.data()));
    assert!(pg_ctl("status").1.contains(&format!("server is running (PID: {})", cluster.pid())));
    assert_eq!(pg_ctl("reload").0, 0);
    assert_eq!(pg_ctl("stop").0, 0);
    assert_eq!(pg_ctl("status").0, 3);
    assert_eq!(cluster.wait(), Some(0));
}

#[test]
fn pg_isready_tells_the_phases_apart() {
    let mut cluster = Cluster::new();
    let ready = |cluster: &Cluster| run(&mut cluster.tool("pg_isready")).0;
    assert_eq!(ready(&cluster), 2, "nobody listens");
    cluster.start();
    assert_eq!(ready(&cluster), 0);
    let session = cluster.connect();
    cluster.signal("TERM");
    testkit::cluster::wait_until("new clients are refused", || ready(&cluster) == 1);
    drop(session);
    assert_eq!(cluster.wait(), Some(0));
}

fn refused(cluster: &Cluster, arguments: &[&str], code: i32, message: &str) {
    let (found, text) = run(cluster.postmaster().args(arguments));
    assert_eq!(found, code, "{arguments:?}: {text}");
    assert!(text.contains(message), "{arguments:?}: {text}");
}

#[test]
fn what_cannot_work_is_not_started() {
    let cluster = Cluster::new();
    for (arguments, message) in [
        (&["-y"][..], "invalid option -- 'y'"),
        (&["extra"], "invalid argument: \"extra\""),
        (&["-c", "name"], "-c name requires a value"),
        (&["--name"], "--name requires a value"),
        (&["-f", "q"], "invalid argument for option -f: \"q\""),
        (&["-c", "no_such=1"], "FATAL:  unrecognized configuration parameter \"no_such\""),
        (&["-c", "work_mem=lots"], "FATAL:  invalid value for parameter \"work_mem\": \"lots\""),
        (&["-N", "3"], "superuser_reserved_connections (3) must be less than max_connections (3)"),
        (&["-c", "wal_level=minimal"], "WAL streaming (max_wal_senders > 0) requires wal_level"),
        (
            &["-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "archive_mode=on"],
            "WAL archival cannot be enabled",
        ),
        (&["-h", "name.invalid"], "FATAL:  could not create any TCP/IP sockets"),
        (&["-k", "/nonexistent"], "FATAL:  could not create lock file \"/nonexistent/.s.PGSQL.5432.lock\""),
        (&["-c", "unix_socket_group=no-such-group"], "LOG:  group \"no-such-group\" does not exist"),
        (&["-k", ""], "FATAL:  no socket created for listening"),
        (&["-c", "hba_file=/nonexistent"], "FATAL:  could not load pg_hba.conf"),
        (&["-c", "ssl=on"], "SSL is not supported by this build"),
    ] {
        refused(&cluster, arguments, 1, message);
    }
    assert!(!cluster.data().join("postmaster.pid").exists());
}

#[test]
fn a_data_directory_must_be_one() {
    let cluster = Cluster::new();
    let data = cluster.data();
    let mode = |bits| fs::set_permissions(&data, fs::Permissions::from_mode(bits)).expect("it is ours");
    mode(0o755);
    refused(&cluster, &[], 1, "DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).");
    mode(0o700);
    let (version, control) = (data.join("PG_VERSION"), data.join("global/pg_control"));
    for (text, message) in
        [("9.6\n", "database files are incompatible with server"), ("x\n", "does not contain valid data.")]
    {
        fs::write(&version, text).expect("it can be written");
        refused(&cluster, &[], 1, message);
    }
    fs::write(&version, "15\n").expect("it can be written");
    let bytes = fs::read(&control).expect("it is there");
    fs::remove_file(&control).expect("it can be removed");
    refused(&cluster, &[], 2, "could not find the database system");
    let mut bad = bytes.clone();
    bad[20] ^= 1;
    fs::write(&control, bad).expect("it can be written");
    refused(&cluster, &[], 1, "FATAL:  incorrect checksum in control file");
    fs::write(&control, bytes).expect("it can be written");
    fs::write(data.join("recovery.signal"), "").expect("it can be written");
    refused(&cluster, &[], 1, "targeted recovery (\"recovery.signal\") is not supported yet");
}

#[test]
fn bad_lines_of_the_settings_are_named_with_their_place() {
    let cluster = Cluster::new();
    cluster.append("postgresql.toml", "no_such = 1\nwork_mem = \"lots\"");
    let (code, text) = run(&mut cluster.postmaster());
    assert_eq!(code, 1, "{text}");
    let lines = fs::read_to_string(cluster.data().join("postgresql.toml")).expect("it is there").lines().count();
    assert!(text.contains(&format!(
        "\"no_such\" in file \"{}/postgresql.toml\" line {}",
        cluster.data().display(),
        lines - 1
    )));
    assert!(text.contains("FATAL:  configuration file \""), "{text}");
    assert_eq!(run(cluster.postmaster().arg("--check-config")).0, 1);
}

#[test]
fn a_socket_has_one_server() {
    let first = Cluster::started();
    let second = Cluster::new();
    let folder = first.folder().to_str().expect("UTF-8");
    let (code, text) = run(second.postmaster().args(["-k", folder]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(&format!("Is another postmaster (PID {}) using socket file", first.pid())), "{text}");
}

#[test]
fn programs_tell_about_themselves() {
    let cluster = Cluster::new();
    let postmaster = programs().join("postmaster");
    let (code, text) = run(Command::new(&postmaster).arg("--describe-config"));
    assert_eq!(code, 0);
    let row = text.lines().find(|line| line.starts_with("work_mem\t")).expect("each setting has a line");
    assert!(row.starts_with("work_mem\tuser\tResource Usage / Memory\tINTEGER\t4096\t64\t2147483647\t"), "{row}");
    for first in ["-V", "--version"] {
        assert!(run(Command::new(&postmaster).arg(first)).1.starts_with("postgres (PostgreSQL) 15"));
    }
    assert!(run(Command::new(&postmaster).arg("--help")).1.contains("--describe-config"));
    for (name, value) in [("shared_buffers", "16384"), ("wal_segment_size", "16777216"), ("data_checksums", "on")] {
        assert_eq!(run(cluster.postmaster().args(["-C", name])), (0, format!("{value}\n")));
    }
    assert_eq!(run(cluster.postmaster().args(["-C", "nothing"])).0, 1);
    assert_eq!(run(cluster.postmaster().arg("--check-config")), (0, String::new()));
}

#[test]
fn root_is_refused_with_a_way_out() {
    let is_root = run(Command::new("id").arg("-u")).1.trim() == "0";
    let cluster = Cluster::new();
    let other = cluster.folder().join("other");
    let (code, text) = run(Command::new(programs().join("initdb")).args(["-N", "-U", "postgres"]).arg(&other));
    assert_eq!((code, text.contains("--allow-root")), (i32::from(is_root), is_root), "{text}");
    if is_root {
        for (program, arguments) in [("woolly", &["start", "-D"][..]), ("postmaster", &["-D"])] {
            let (code, text) = run(Command::new(programs().join(program)).args(arguments).arg(cluster.data()));
            assert!(code == 1 && text.contains("--allow-root"), "{program}: {text}");
        }
    }
}

/// Runs single-user mode on this input; exit code and output.
fn single(cluster: &Cluster, arguments: &[&str], input: &str) -> (i32, String) {
    use std::io::Write;
    let mut command = Command::new(programs().join("postmaster"));
    command.args(["--single", "--allow-root", "-D"]).arg(cluster.data()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().expect("no signal ends it"), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn single_user_mode_runs_statements_and_prints_rows() {
    let cluster = Cluster::new();
    let (code, text) = single(&cluster, &["postgres"], "select 1 / 0\nselect 40 \\\n+ 2 as x\n");
    assert_eq!(code, 0);
    assert!(text.contains("PostgreSQL stand-alone backend 15"), "{text}");
    assert!(text.contains("\t 1: x = \"42\"\t(typeid = 23, len = 4, typmod = -1, byval = t)\n\t----\n"), "{text}");
    let script = "create table t(a int)\n;\n\ninsert into t\nvalues (1);\n\nselect count(*) from t;\n\n";
    let (code, text) = single(&cluster, &["-j", "postgres"], script);
    assert!(code == 0 && text.contains("count = \"1\""), "{text}");
    let (code, text) = single(&cluster, &["-c", "exit_on_error=true", "postgres"], "select 1 / 0\nselect 7\n");
    assert!(code == 1 && !text.contains("= \"7\""), "{text}");
    assert_eq!(single(&cluster, &["nowhere"], "").0, 1);
}
