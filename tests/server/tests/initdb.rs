//! initdb: what it makes, what it says, and that it leaves nothing behind when it does not get to the end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn command() -> Command {
    let mut command = Command::new(testkit::cluster::programs().join("initdb"));
    command.args(["--allow-root", "-N", "-U", "postgres"]).env("LC_ALL", "C.UTF-8").env_remove("PGDATA");
    command
}

/// Exit code, standard output, standard error.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().expect("initdb starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn refused(arguments: &[&str]) -> String {
    let (code, _, errors) = run(command().args(arguments));
    assert_eq!(code, Some(1), "{arguments:?}: {errors}");
    errors
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[test]
fn bad_arguments_are_named() {
    for (arguments, message) in [
        (&["--bogus"][..], "unrecognized option '--bogus'"),
        (&["-q"], "invalid option -- 'q'"),
        (&["-D"], "option requires an argument -- 'D'"),
        (&["a", "b"], "too many command-line arguments (first is \"b\")"),
        (&["-W", "--pwfile=x", "d"], "password prompt and password file cannot be specified together"),
        (&["-U", "pg_x", "d"], "superuser name \"pg_x\" is disallowed; role names cannot begin with \"pg_\""),
        (&["--wal-segsize=3", "d"], "argument of --wal-segsize must be a power of 2 between 1 and 1024"),
        (&["-A", "bogus", "d"], "invalid authentication method \"bogus\" for \"local\" connections"),
        (&["-A", "md5", "d"], "must specify a password for the superuser to enable password authentication"),
        (&["--locale=xx_YY", "d"], "invalid locale name \"xx_YY\""),
        (&["-E", "FOO", "d"], "\"FOO\" is not a valid server encoding name"),
        (&["--locale-provider=foo", "d"], "unrecognized locale provider: foo"),
        (&[], "no data directory specified"),
    ] {
        let errors = refused(arguments);
        assert!(errors.contains(message), "{arguments:?}: {errors}");
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it can be written");
    let path = file.join("a/b");
    let errors = refused(&[path.to_str().expect("UTF-8")]);
    assert!(errors.contains("could not access directory"), "{errors}");
    let hidden = folder.path().join("hidden");
    fs::create_dir(&hidden).expect("it can be made");
    fs::write(hidden.join(".x"), "").expect("it can be written");
    let errors = refused(&[hidden.to_str().expect("UTF-8")]);
    assert!(errors.contains("It contains a dot-prefixed/invisible file"), "{errors}");
}

#[test]
fn a_relative_wal_directory_is_refused_and_everything_removed() {
    let folder = folder();
    let data = folder.path().join("data");
    let errors = refused(&["-X", "relative", data.to_str().expect("UTF-8")]);
    assert!(errors.contains("WAL directory location must be an absolute path"), "{errors}");
    assert!(errors.contains("removing data directory"), "{errors}");
    assert!(!data.exists());
    let errors = refused(&["-n", "-X", "relative", data.to_str().expect("UTF-8")]);
    assert!(errors.contains("not removed at user's request"), "{errors}");
    assert!(data.exists());
}

#[test]
fn the_password_file_must_hold_something() {
    let folder = folder();
    let (data, empty) = (folder.path().join("data"), folder.path().join("empty"));
    fs::write(&empty, "").expect("it can be written");
    let file = format!("--pwfile={}", empty.display());
    let errors = refused(&[&file, data.to_str().expect("UTF-8")]);
    assert!(errors.contains("is empty"), "{errors}");
}

#[test]
fn the_steps_and_the_way_on_are_printed() {
    let folder = folder();
    let data = folder.path().join("data");
    let (code, output, errors) = run(command().arg(&data));
    assert_eq!(code, Some(0), "{errors}");
    for line in [
        "The files belonging to this database system will be owned by user \"",
        "The database cluster will be initialized with locale \"C.UTF-8\".",
        "The default database encoding has accordingly been set to \"UTF8\".",
        "creating subdirectories ... ok",
        "selecting default max_connections ... ",
        "running bootstrap script ... ok",
        "performing post-bootstrap initialization ... ok",
        "Success. You can now start the database server using:",
        "woolly start -D ",
    ] {
        assert!(output.contains(line), "{line}: {output}");
    }
    assert!(errors.contains("enabling \"trust\" authentication for local connections"), "{errors}");
    let (code, output, _) = run(command().arg("--no-instructions").arg(folder.path().join("other")));
    assert_eq!(code, Some(0));
    assert!(!output.contains("Success."), "{output}");
    let (code, output, _) = run(command().arg("-S").arg(&data));
    assert_eq!((code, output.as_str()), (Some(0), "syncing data to disk ... ok\n"));
}

#[test]
fn files_are_the_owners_or_the_groups() {
    let folder = folder();
    let (own, shared) = (folder.path().join("own"), folder.path().join("shared"));
    assert_eq!(run(command().arg(&own)).0, Some(0));
    assert_eq!(run(command().arg("-g").arg(&shared)).0, Some(0));
    for (data, directories, files) in [(&own, 0o700, 0o600), (&shared, 0o750, 0o640)] {
        for name in ["", "base", "base/1", "base/5", "pg_wal"] {
            assert_eq!(mode(&data.join(name)), directories, "{name}");
        }
        for name in ["PG_VERSION", "postgresql.toml", "pg_hba.conf", "global/pg_control", "base/1/1259", "base/5/1259"]
        {
            assert_eq!(mode(&data.join(name)), files, "{name}");
        }
    }
}

/// Files and their bytes.
fn content(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory).expect("it is there").map(|entry| entry.expect("it can be read").path());
    let name = |path: &Path| path.file_name().expect("it has a name").to_string_lossy().into_owned();
    entries.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect()
}

#[test]
fn databases_begin_with_the_same_files() {
    let folder = folder();
    // Forced, and on the disk when the operating system likes: files take the same way.
    for (name, options) in [("forced", &["-U", "postgres"][..]), ("not", &["-N"])] {
        let data = folder.path().join(name);
        let mut command = Command::new(command().get_program());
        let (code, _, errors) = run(command.arg("--allow-root").args(options).arg(&data));
        assert_eq!(code, Some(0), "{errors}");
        let template = content(&data.join("base/1"));
        assert!(template.len() > 200 && template["1259"].len() > 8192 && template["PG_VERSION"] == b"15\n");
        for copy in ["base/4", "base/5"] {
            let copy = content(&data.join(copy));
            assert!(copy.keys().eq(template.keys()), "{:?}", copy.keys());
            template.iter().for_each(|(file, bytes)| assert!(copy[file] == *bytes, "{file}"));
        }
    }
}

#[test]
fn internal_settings_are_shown_without_making_anything() {
    let folder = folder();
    let data = folder.path().join("data");
    let (code, _, errors) = run(command().arg("-s").arg(&data));
    assert_eq!(code, Some(0));
    assert!(errors.contains(&format!("PGDATA={}", data.display())), "{errors}");
    assert!(!data.exists());
}

/// Starts initdb and waits until it is at the bootstrap script.
fn started(data: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command().arg(data).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("initdb starts");
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("creating configuration files") {
        line.clear();
        output.read_line(&mut line).expect("initdb prints its steps");
    }
    (child, output)
}

#[test]
fn a_signal_leaves_nothing_behind() {
    for signal in ["INT", "TERM", "HUP", "QUIT", "PIPE"] {
        let folder = folder();
        let data = folder.path().join("data");
        let existed = signal == "TERM";
        if existed {
            fs::create_dir(&data).expect("it can be made");
        }
        let (mut child, mut output) = started(&data);
        let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let mut rest = String::new();
        output.read_to_string(&mut rest).expect("it ends");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(1), "{signal}: {rest}");
        assert!(rest.contains("caught signal"), "{signal}: {rest}");
        assert_eq!(data.exists(), existed, "{signal}");
        if existed {
            assert_eq!(fs::read_dir(&data).expect("it stays").count(), 0);
        }
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_in_good_order() {
    let folder = folder();
    let data = folder.path().join("data");
    let (mut child, output) = started(&data);
    drop(output);
    let mut errors = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut errors).expect("it ends");
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(!data.exists());
}

#[test]
fn the_programs_need_nothing_beside_them() {
    let folder = folder();
    for program in ["initdb", "postmaster"] {
        let from = testkit::cluster::programs().join(program);
        std::os::unix::fs::symlink(&from, folder.path().join(program)).expect("it can be linked");
    }
    let data = folder.path().join("data");
    // No share directory, no time zone files, no environment.
    let mut command = Command::new(folder.path().join("initdb"));
    command.env_clear().env("TZDIR", "/nonexistent").args(["--allow-root", "-N", "-U", "postgres"]).arg(&data);
    let (code, output, errors) = run(&mut command);
    assert_eq!(code, Some(0), "{output}{errors}");
    assert!(output.contains("will be initialized with locale \"C\""), "{output}");
}
