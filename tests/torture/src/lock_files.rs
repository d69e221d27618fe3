//! Who may serve a data directory: two postmasters at once, and lock files of every kind of wrong.

use crate::Summary;
use crate::trial;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use testkit::Cluster;

/// Runs so many races, and each wrong lock file once.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let seeds = seed..seed + trials;
    trial::on(&mut Cluster::new(), "lock-files", &seeds, |cluster| {
        seeds.clone().try_for_each(|seed| race(cluster, seed))?;
        wrong_files(cluster)?;
        recycled_numbers(cluster)?;
        socket_files(cluster)?;
        nothing_is_held(cluster)?;
        copied_directory(cluster)
    })?;
    Ok(Summary { trials, counts: vec![("wrong lock files", WRONG.len() as u64)] })
}

fn lock_file(cluster: &Cluster) -> PathBuf {
    cluster.data().join("postmaster.pid")
}

fn first_line(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default().lines().next().unwrap_or_default().to_owned()
}

/// Starts two at the same instant: one serves, the other ends and names it. By the seed, the file of a dead server is in the way.
fn race(cluster: &mut Cluster, seed: u64) -> Result<(), String> {
    let mut starters: Vec<Child> = (0..2)
        .map(|_| cluster.postmaster().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn())
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
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
    refused(cluster, "FATAL:  could not open lock file \"postmaster.pid\": Is a directory")?;
    fs::remove_dir(&path).map_err(|error| error.to_string())
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
