//! The control program's exit codes and words, without a server: scripts rely on them.

use std::path::Path;
use std::process::{Command, Output};

fn woolly(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_woolly")).args(arguments).arg("-D").arg(data).output().unwrap()
}

fn cluster() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("PG_VERSION"), "15\n").unwrap();
    folder
}

#[test]
fn status_is_3_without_a_server_and_4_without_a_cluster() {
    let folder = cluster();
    let output = woolly(&["status"], folder.path());
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "woolly: no server running\n");
    assert_eq!(woolly(&["status"], Path::new("/nonexistent")).status.code(), Some(4));
    let json = woolly(&["status", "--json"], folder.path());
    assert_eq!(json.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&json.stdout).contains("\"running\":false"));
}

#[test]
fn a_dead_servers_file_is_no_server() {
    let folder = cluster();
    std::fs::write(folder.path().join("postmaster.pid"), "99999999\n/d\n1\n5432\n\n\n\nready   \n").unwrap();
    assert_eq!(woolly(&["status"], folder.path()).status.code(), Some(3));
    let stop = woolly(&["stop"], folder.path());
    assert_eq!(stop.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stop.stderr).contains("could not send signal"));
}

#[test]
fn what_needs_a_server_fails_with_1_without_one() {
    let folder = cluster();
    for verb in ["stop", "reload", "logrotate"] {
        let output = woolly(&[verb], folder.path());
        assert_eq!(output.status.code(), Some(1), "{verb}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("Is server running?"), "{verb}");
    }
}
