//! Who may serve a data directory: two postmasters at once, and lock files of every kind of wrong.

use crate::{Summary, faults, trial};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use testkit::Cluster;

/// Runs so many races, and each wrong lock file once.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let seeds = seed..seed + trials;
    trial::on(&mut Cluster::new(), "lock-files", &seeds, |cluster| {
        seeds.clone().try_for_each(|seed| race(cluster, seed))?;
        wrong_files(cluster)?;
        unreadable_file(cluster)?;
        lost_file(cluster)?;
        recycled_numbers(cluster)?;
        socket_files(cluster)?;
        nothing_is_held(cluster)?;
        copied_directory(cluster)
    })?;
    Ok(Summary { trials, counts: vec![("wrong lock files", WRONG.len() as u64)] })
}

/// One of two starters may have a lead of so many milliseconds: about as long as a start takes.
const HEAD_START_MS: u64 = 10;
/// A server looks at its lock file so often.
const LOOK_S: u64 = 60;
/// What a busy machine may add.
const SLACK_S: u64 = 30;

/// What becomes of postmaster.pid under a running server.
#[derive(Clone, Copy, Debug)]
enum Loss {
    /// It is removed.
    Removed,
    /// It is replaced by a file with this text.
    Replaced(&'static str),
    /// It is replaced by one with the same text.
    Copied,
    /// A directory takes its place: that may be a passing failure.
    Unreadable,
}

/// Losses, and what the server says; none if it goes on.
const LOSSES: &[(Loss, Option<&str>)] = &[
    (Loss::Removed, Some("could not open file \"{path}\": No such file or directory")),
    (Loss::Replaced("1\n"), Some("lock file \"{path}\" contains wrong PID: 1 instead of {pid}")),
    (Loss::Replaced(""), Some("lock file \"{path}\" contains wrong PID:  instead of {pid}")),
    (Loss::Replaced("garbage"), Some("lock file \"{path}\" contains wrong PID: garbage instead of {pid}")),
    (Loss::Copied, None),
    (Loss::Unreadable, None),
];

/// Takes running servers' lock files away. They stop at once, as immediate shutdowns do, or go on if nothing is wrong.
pub fn lose(trials: u64, _: u64) -> Result<Summary, String> {
    for _ in 0..trials {
        trial::at_once(LOSSES, LOSSES.len(), |(loss, words)| {
            let mut cluster = Cluster::started();
            trial::on(&mut cluster, "lost-lock-file", &(0..1), |cluster| lose_one(cluster, *loss, *words))
                .map_err(|why| format!("{loss:?}: {why}"))
        })?;
    }
    Ok(Summary { trials: trials * LOSSES.len() as u64, counts: vec![("rounds", trials)] })
}

fn lose_one(cluster: &mut Cluster, loss: Loss, words: Option<&str>) -> Result<(), String> {
    cluster.connect().run("create table kept(n int); insert into kept values (1)");
    let (path, start, pid) = (lock_file(cluster), Instant::now(), cluster.pid());
    let left = take_away(&path, loss).map_err(|error| error.to_string())?;
    let limit = Duration::from_secs(LOOK_S + SLACK_S);
    match words {
        None => {
            trial::runs_for(cluster, Duration::from_secs(LOOK_S + 5))?;
            cluster.stop();
        }
        Some(words) => {
            let code = trial::end_within(cluster, start, limit)?;
            trial::expect("the exit code", &format!("{code:?}"), "Some(0)")?;
            let words = words.replace("{path}", text(&path)).replace("{pid}", &pid.to_string());
            let end = "performing immediate shutdown because data directory lock file is invalid";
            if let Some(missing) = [words.as_str(), end].iter().find(|words| !cluster.log().contains(**words)) {
                return Err(format!("the log does not say {missing:?}"));
            }
        }
    }
    // What is not the server's it leaves alone.
    trial::expect("a file that is left", &path.exists().to_string(), &left.to_string())?;
    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    cluster.start();
    trial::expect("what was committed", cluster.connect().run("select n from kept").value(), "1")?;
    cluster.stop();
    Ok(())
}

/// True if the server is to leave what is there in the end.
fn take_away(path: &Path, loss: Loss) -> std::io::Result<bool> {
    let old = fs::read(path)?;
    fs::remove_file(path)?;
    match loss {
        Loss::Removed => Ok(false),
        Loss::Replaced(text) => fs::write(path, text).map(|()| true),
        Loss::Copied => fs::write(path, old).map(|()| false),
        Loss::Unreadable => fs::create_dir(path).map(|()| true),
    }
}

fn lock_file(cluster: &Cluster) -> PathBuf {
    cluster.data().join("postmaster.pid")
}

fn first_line(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// Starts two at the same instant, or within a few milliseconds: one serves, the other ends and names it. By the seed, the file of a dead server is in the way.
fn race(cluster: &mut Cluster, seed: u64) -> Result<(), String> {
    let mut prng = trial::chance(seed);
    let mut start = || {
        let mut command = cluster.postmaster();
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        if seed % 4 > 1 {
            std::thread::park_timeout(trial::some_ms(&mut prng, HEAD_START_MS));
        }
        started
    };
    let mut starters: Vec<Child> =
        (0..2).map(|_| start()).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let outcome = watch_race(cluster, &mut starters);
    for starter in &mut starters {
        // By the seed, the next two find a dead server's file or none.
        let signal = if seed.is_multiple_of(2) { "-KILL" } else { "-QUIT" };
        let _ = trial::program("kill", &[signal, &starter.id().to_string()]);
        starter.wait().map_err(|error| error.to_string())?;
    }
    outcome.map_err(|why| format!("race {seed}: {why}"))
}

fn watch_race(cluster: &Cluster, starters: &mut [Child]) -> Result<(), String> {
    let mut ended = None;
    testkit::cluster::wait_until("one starter ends", || {
        ended = starters.iter_mut().position(|starter| matches!(starter.try_wait(), Ok(Some(_))));
        ended.is_some()
    });
    let loser = ended.expect("one has ended");
    let (mut said, winner) = (String::new(), starters[1 - loser].id());
    let stream = starters[loser].stderr.as_mut().expect("it is piped");
    stream.read_to_string(&mut said).map_err(|error| error.to_string())?;
    let code = starters[loser].wait().map_err(|error| error.to_string())?.code();
    let hint = format!("Is another postmaster (PID {winner}) running in data directory");
    if code != Some(1) || !said.contains("FATAL:  lock file \"postmaster.pid\" already exists") || !said.contains(&hint)
    {
        return Err(format!("the loser ended with {code:?}, the winner is {winner}: {said}"));
    }
    testkit::cluster::wait_until("the winner serves", || {
        matches!(cluster.try_connect("postgres", "postgres"), Ok(Ok(_)))
    });
    match matches!(starters[1 - loser].try_wait(), Ok(None)) && first_line(&lock_file(cluster)) == winner.to_string() {
        true => Ok(()),
        false => Err("the winner does not own the lock file".to_owned()),
    }
}

/// What is in the file, and what is said about it. `None`: the server starts.
const WRONG: &[(&str, Option<&str>)] = &[
    ("", Some("FATAL:  lock file \"postmaster.pid\" is empty")),
    ("garbage\n", Some("FATAL:  bogus data in lock file \"postmaster.pid\": \"garbage")),
    ("0\n", Some("FATAL:  bogus data in lock file \"postmaster.pid\": \"0")),
    // Cut off: a dead server's file all the same.
    ("4194304", None),
    ("1\n", None),
    ("-1\n/elsewhere\n", None),
    ("4194304\n/elsewhere\n1\n5432\n/tmp\n*\n 5432001 32768\nready   \n", None),
];

fn wrong_files(cluster: &mut Cluster) -> Result<(), String> {
    let path = lock_file(cluster);
    for (text, message) in WRONG {
        fs::write(&path, text).map_err(|error| error.to_string())?;
        match message {
            None => serves(cluster).map_err(|why| format!("{text:?}: {why}"))?,
            Some(message) => refused(cluster, message)?,
        }
        let _ = fs::remove_file(&path);
    }
    // Not to be read, whoever asks.
    fs::create_dir(&path).map_err(|error| error.to_string())?;
    refused(cluster, "FATAL:  could not read lock file \"postmaster.pid\": Is a directory")?;
    fs::remove_dir(&path).map_err(|error| error.to_string())
}

/// The user that a test of permissions runs as, where it has the choice.
const NOBODY: u32 = 65534;

/// A file that the server's user may not read. For root there is none: the server is another user's then.
fn unreadable_file(cluster: &mut Cluster) -> Result<(), String> {
    let path = lock_file(cluster);
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| error.to_string())
    };
    fs::write(&path, "4194304\n").map_err(|error| error.to_string())?;
    set_mode(&path, 0)?;
    let data = cluster.data();
    let mut command = cluster.postmaster();
    if trial::is_root() {
        set_mode(cluster.folder(), 0o755)?;
        trial::program("chown", &["-R", &format!("{NOBODY}:{NOBODY}"), text(&data)])?;
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    let output = command.output();
    if trial::is_root() {
        trial::program("chown", &["-R", "0:0", text(&data)])?;
    }
    // Who may read it, if not write, finds that its owner is dead.
    set_mode(&path, 0o400)?;
    serves(cluster)?;
    match output {
        Err(error) => {
            println!("lock-files: an unreadable file is left out, as the program is not for everybody: {error}")
        }
        Ok(output) => {
            let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
            let message = "FATAL:  could not open lock file \"postmaster.pid\": Permission denied";
            if code != Some(1) || !said.contains(message) {
                return Err(format!("an unreadable lock file: {code:?}: {said}"));
            }
        }
    }
    Ok(())
}

/// A server that has lost its file still keeps others out, whatever their port and socket, and over a crash of its process.
fn lost_file(cluster: &mut Cluster) -> Result<(), String> {
    cluster.set("fault_hooks", "on").start();
    for crashes in [false, true] {
        if crashes {
            faults::fault(cluster, "bgwriter", "segv");
            cluster.wait_for_log("was terminated by signal 11");
            faults::connect(cluster).run("select 1");
        }
        fs::remove_file(lock_file(cluster)).map_err(|error| error.to_string())?;
        let sockets = cluster.folder().join("sockets");
        fs::create_dir_all(&sockets).map_err(|error| error.to_string())?;
        let mut command = cluster.postmaster();
        let output =
            command.arg("-k").arg(&sockets).args(["-p", "5433"]).output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.code() != Some(1) || !said.contains("is still in use by a server without a lock file") {
            return Err(format!(
                "a second server (after a crash: {crashes}) ended with {:?}: {said}",
                output.status.code()
            ));
        }
        cluster.connect().run("select 1");
        restore(cluster)?;
    }
    cluster.kill();
    serves(cluster)
}

/// Gives a server its lock file back, as far as it looks at it.
fn restore(cluster: &Cluster) -> Result<(), String> {
    fs::write(lock_file(cluster), format!("{}\n", cluster.pid())).map_err(|error| error.to_string())
}

/// The number of a living process that is no server is not in the way: its own, its parent's, any other.
fn recycled_numbers(cluster: &mut Cluster) -> Result<(), String> {
    for number in [std::process::id(), std::os::unix::process::parent_id(), 1] {
        fs::write(lock_file(cluster), format!("{number}\n{}\n", cluster.data().display()))
            .map_err(|e| e.to_string())?;
        serves(cluster).map_err(|why| format!("recycled number {number}: {why}"))?;
    }
    Ok(())
}

fn serves(cluster: &mut Cluster) -> Result<(), String> {
    cluster.launch();
    cluster.becomes_ready()?;
    cluster.stop();
    Ok(())
}

fn refused(cluster: &Cluster, message: &str) -> Result<(), String> {
    let output = cluster.postmaster().output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() == Some(1) && said.contains(message) {
        true => Ok(()),
        false => Err(format!("expected {message:?}, got {:?}: {said}", output.status.code())),
    }
}

/// A second server on the same socket is refused; a dead server's socket is not in the way.
fn socket_files(cluster: &mut Cluster) -> Result<(), String> {
    cluster.start();
    let other = Cluster::new();
    let mut command = other.postmaster();
    let output = command.arg("-k").arg(cluster.folder()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let socket = cluster.folder().join(format!(".s.PGSQL.{}", cluster.port()));
    for text in [
        format!("FATAL:  lock file \"{}.lock\" already exists", socket.display()),
        format!("Is another postmaster (PID {}) using socket file \"{}\"?", cluster.pid(), socket.display()),
    ] {
        if !said.contains(&text) {
            return Err(format!("expected {text:?}, got: {said}"));
        }
    }
    cluster.kill();
    let lock = cluster.folder().join(format!(".s.PGSQL.{}.lock", cluster.port()));
    if !socket.exists() || !lock.exists() {
        return Err("a killed server leaves its socket and the lock file beside it".to_owned());
    }
    serves(cluster)
}

/// After kill -9 no process has a file of the directory open, and the next start works at once.
fn nothing_is_held(cluster: &mut Cluster) -> Result<(), String> {
    cluster.start();
    cluster.connect().run("create table held as select generate_series(1, 1000) a");
    let holders = holders(&cluster.data());
    if holders != [cluster.pid()] {
        return Err(format!("the server is {}, the directory is held by {holders:?}", cluster.pid()));
    }
    cluster.kill();
    let holders = self::holders(&cluster.data());
    if !holders.is_empty() {
        return Err(format!("a killed server's directory is held by {holders:?}"));
    }
    serves(cluster)
}

/// Processes that have a file of a directory open, or are in it.
fn holders(directory: &Path) -> Vec<u32> {
    let Ok(device) = fs::metadata(directory).map(|m| m.dev()) else { return Vec::new() };
    let is_inside = |link: PathBuf| {
        fs::read_link(&link).is_ok_and(|target| target.starts_with(directory))
            && fs::metadata(&link).is_ok_and(|m| m.dev() == device)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            files.map(|file| file.path()).chain([PathBuf::from(format!("/proc/{pid}/cwd"))]).any(is_inside)
        })
        .collect()
}

/// The copy of a running server's directory is a directory of its own: its lock file names a living server, but of another one.
fn copied_directory(cluster: &mut Cluster) -> Result<(), String> {
    cluster.start();
    let copy = cluster.folder().join("copy");
    trial::program("cp", &["-a", text(&cluster.data()), text(&copy)])?;
    let sockets = cluster.folder().join("copy_sockets");
    fs::create_dir(&sockets).map_err(|error| error.to_string())?;
    let mut command = cluster.postmaster();
    command.arg("-D").arg(&copy).arg("-k").arg(&sockets).stdin(Stdio::null()).stderr(Stdio::null());
    let mut other = command.spawn().map_err(|error| error.to_string())?;
    let connect = || testkit::Client::connect_unix(&sockets, cluster.port(), "postgres", "postgres");
    testkit::cluster::wait_until("the copy serves", || {
        matches!(connect(), Ok(Ok(_))) || !matches!(other.try_wait(), Ok(None))
    });
    let served = matches!(connect(), Ok(Ok(_)));
    let _ = other.kill();
    other.wait().map_err(|error| error.to_string())?;
    cluster.connect().run("create table still_served(a int)");
    cluster.stop();
    if served { Ok(()) } else { Err("the copy of a directory is not served".to_owned()) }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("tests have ASCII paths")
}
