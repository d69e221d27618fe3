//! Faults on purpose in every role: what is expected of each kind, and what is seen.
//!
//! A cell of the matrix is a role and a kind. Before it a row is committed, and an idle session is there to watch; after it the row must still be there, the
//! process must be the same, the role must be back, and the watcher must have lived or not as the kind says.

use crate::Summary;
use std::fs;
use testkit::cluster::wait_until;
use testkit::{Client, Cluster};

/// Roles that run all the time, in the order of the role entry table.
pub const STANDING: [&str; 8] =
    ["syslogger", "checkpointer", "bgwriter", "walwriter", "scheduler", "stats", "archiver", "avlauncher"];
/// All kinds, so that no two that make a role pause follow each other.
pub const KINDS: [&str; 9] =
    ["fatal", "panic", "rust_panic", "rust_panic_locked", "leak", "segv", "abort", "stack_overflow", "hang"];

/// What a fault comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// The role alone is started again.
    Restarted,
    /// The instance is built anew, in the same process; idle sessions live.
    Recovered,
    /// The process starts over under its number; no session lives.
    Reborn,
    /// Nobody notices until everybody is told to end; then the process starts over.
    RebornLater,
    /// The server ends with exit code 1.
    Ended,
}

impl Outcome {
    fn of(kind: &str) -> Outcome {
        match kind {
            "fatal" | "rust_panic" => Outcome::Restarted,
            "panic" | "rust_panic_locked" | "leak" => Outcome::Recovered,
            "hang" => Outcome::RebornLater,
            _ => Outcome::Reborn,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Outcome::Restarted => "the role alone is back, sessions live",
            Outcome::Recovered => "instance rebuilt, same process, idle sessions live",
            Outcome::Reborn => "process starts over, same number and sockets",
            Outcome::RebornLater => "service goes on; at the next crash the process starts over after 5 s",
            Outcome::Ended => "the server ends, exit code 1",
        }
    }
}

/// A cluster whose roles can be made to fail, with all of them running.
pub fn cluster() -> Cluster {
    let mut cluster = Cluster::new();
    cluster.set("fault_hooks", "on").set("crash_restarts_per_minute", "-1");
    cluster.set("archive_mode", "on").set("archive_command", "true");
    cluster.set("logging_collector", "on").set("autovacuum_naptime", "1s");
    cluster.start();
    cluster.connect().run("create table kept(n int primary key)");
    cluster
}

/// Round after round of the whole matrix.
pub fn run(trials: u64, _: u64) -> Result<Summary, String> {
    println!("\n| role | kind | expected and seen |\n|---|---|---|");
    let mut cells = 0;
    for _ in 0..trials {
        let mut cluster = cluster();
        for role in STANDING {
            for kind in KINDS {
                match (role, kind) {
                    ("syslogger", "hang") => hang_syslogger(&mut cluster),
                    _ => strike_role(&cluster, role, kind),
                }
                cells += 1;
            }
        }
        for kind in KINDS {
            strike_session(&cluster, kind);
            strike_worker(&cluster, kind);
            cells += 2;
        }
        for kind in ["panic", "rust_panic", "rust_panic_locked", "segv", "abort", "stack_overflow"] {
            strike_postmaster(&cluster, kind);
            cells += 1;
        }
        drop(cluster);
        for kind in ["fatal", "panic", "rust_panic", "rust_panic_locked", "leak", "segv", "abort", "stack_overflow"] {
            strike_startup(kind);
            cells += 1;
        }
        end_postmaster();
        cells += 1;
    }
    println!();
    Ok(Summary { trials: cells, counts: vec![("rounds", trials)] })
}

fn tell(role: &str, kind: &str, outcome: Outcome) {
    println!("| {role} | {kind} | {} |", outcome.words());
}

/// Names of the server's threads.
pub fn threads(cluster: &Cluster) -> Vec<String> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{}/task", cluster.pid())) else { return Vec::new() };
    let name = |task: std::io::Result<fs::DirEntry>| fs::read_to_string(task.ok()?.path().join("comm")).ok();
    tasks.filter_map(name).map(|name| name.trim().to_owned()).collect()
}

/// All that the server said, into whatever file.
pub fn whole_log(cluster: &Cluster) -> String {
    let mut text = cluster.log();
    for entry in fs::read_dir(cluster.data().join("log")).into_iter().flatten().flatten() {
        text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
    }
    text
}

fn count(cluster: &Cluster, words: &str) -> usize {
    whole_log(cluster).matches(words).count()
}

/// What was so before a fault.
struct Before {
    pid: u32,
    kept: i64,
    watcher: Client,
    reinitialised: usize,
    started: usize,
    failed: usize,
}

const REINITIALISED: &str = "all server processes terminated; reinitializing";
const STARTED: &str = "starting PostgreSQL";

impl Before {
    fn look(cluster: &Cluster) -> Before {
        let mut watcher = connect(cluster);
        watcher.run("set application_name = 'watcher'; prepare watched as select count(*) from kept");
        watcher.run("insert into kept select count(*) from kept");
        let kept = watcher.run("select count(*) from kept").value().parse().expect("a number");
        Before {
            pid: cluster.pid(),
            kept,
            watcher,
            reinitialised: count(cluster, REINITIALISED),
            started: count(cluster, STARTED),
            failed: count(cluster, "fault on purpose at"),
        }
    }

    /// Looks whether it came as expected. Panics if not.
    fn check(mut self, cluster: &Cluster, what: &str, outcome: Outcome) {
        match outcome {
            Outcome::Restarted => {}
            Outcome::Recovered => {
                wait_until(&format!("{what}: the instance is rebuilt"), || {
                    count(cluster, REINITIALISED) > self.reinitialised
                });
            }
            _ => wait_until(&format!("{what}: the process starts over"), || count(cluster, STARTED) > self.started),
        }
        let lives = matches!(outcome, Outcome::Restarted | Outcome::Recovered);
        let answer = self.watcher.query("execute watched");
        assert_eq!(answer.is_ok_and(|reply| reply.error.is_none()), lives, "{what}: the watcher lives: {lives}");
        let mut session = connect(cluster);
        assert_eq!(session.run("select count(*) from kept").value(), self.kept.to_string(), "{what}: nothing is lost");
        assert_eq!(cluster.pid(), self.pid, "{what}: the process is the same");
        let is_same_process = fs::read_to_string(cluster.data().join("postmaster.pid")).expect("the lock file");
        assert!(is_same_process.starts_with(&format!("{}\n", self.pid)), "{what}: {is_same_process}");
        let rebuilt = count(cluster, REINITIALISED) - self.reinitialised;
        let restarted = count(cluster, STARTED) - self.started;
        let expected = match outcome {
            Outcome::Restarted => (0, 0),
            Outcome::Recovered => (1, 0),
            _ => (0, 1),
        };
        assert_eq!((rebuilt, restarted), expected, "{what}");
    }
}

/// A session; during a recovery it waits.
fn connect(cluster: &Cluster) -> Client {
    let mut client = None;
    wait_until("a client is served", || {
        client = cluster.try_connect("postgres", "postgres").ok().and_then(Result::ok);
        client.is_some()
    });
    client.expect("it is there")
}

fn fault(cluster: &Cluster, arguments: &str) {
    // Whoever strikes may be struck.
    let _ = connect(cluster).query(&format!("select woolly_fault({arguments})"));
}

/// Strikes a role that stands by all the time.
pub fn strike_role(cluster: &Cluster, role: &str, kind: &str) {
    wait_until(&format!("{role} runs"), || threads(cluster).iter().any(|name| name == role));
    let before = Before::look(cluster);
    let (what, outcome) = (format!("{role}, {kind}"), Outcome::of(kind));
    fault(cluster, &format!("'{role}', '{kind}'"));
    match outcome {
        Outcome::Restarted => {
            wait_until(&format!("{what}: the log tells of it"), || {
                count(cluster, "fault on purpose at") > before.failed
            });
        }
        Outcome::RebornLater => {
            // It serves on, and only when everybody is to leave it is found out.
            wait_until(&format!("{what}: it was struck"), || {
                connect(cluster).run("select count(*) from woolly_faults").value() == "0"
            });
            let other = if role == "bgwriter" { "walwriter" } else { "bgwriter" };
            fault(cluster, &format!("'{other}', 'panic'"));
        }
        _ => {}
    }
    before.check(cluster, &what, outcome);
    wait_until(&format!("{what}: it is back"), || threads(cluster).iter().any(|name| name == role));
    tell(role, kind, outcome);
}

/// The syslogger outlives every instance: nobody tells it to end but the server's own end, which does not wait for it for ever.
pub fn hang_syslogger(cluster: &mut Cluster) {
    let before = Before::look(cluster);
    fault(cluster, "'syslogger', 'hang'");
    wait_until("syslogger, hang: it was struck", || {
        connect(cluster).run("select count(*) from woolly_faults").value() == "0"
    });
    before.check(cluster, "syslogger, hang", Outcome::Restarted);
    cluster.stop();
    cluster.start();
    println!("| syslogger | hang | service goes on; a shutdown ends in order, 5 s later |");
}

/// Strikes a session. It is lost in any case.
pub fn strike_session(cluster: &Cluster, kind: &str) {
    let before = Before::look(cluster);
    let what = format!("session, {kind}");
    let outcome = Outcome::of(kind);
    let mut victim = connect(cluster);
    let (id, text) = (victim.key.0, format!("select woolly_fault('session', '{kind}') -- struck"));
    if outcome == Outcome::RebornLater {
        victim.send(&text).expect("it can be sent");
        wait_until(&format!("{what}: it was struck"), || {
            let found = connect(cluster).run("select count(*) from woolly_faults").value() == "0";
            let active = format!("select count(*) from pg_stat_activity where pid = {id} and state = 'active'");
            found && connect(cluster).run(&active).value() == "1"
        });
        fault(cluster, "'bgwriter', 'panic'");
    } else {
        let answer = victim.query(&text);
        assert!(answer.is_err() || answer.is_ok_and(|reply| reply.code() == "XX000"), "{what}: it is lost");
    }
    before.check(cluster, &what, outcome);
    if !matches!(outcome, Outcome::Restarted | Outcome::RebornLater) {
        wait_until(&format!("{what}: the log names the statement"), || {
            whole_log(cluster).contains("process was running: select woolly_fault")
        });
    }
    tell("session", kind, outcome);
}

/// Strikes the next autovacuum worker.
pub fn strike_worker(cluster: &Cluster, kind: &str) {
    let before = Before::look(cluster);
    let (what, outcome) = (format!("avworker, {kind}"), Outcome::of(kind));
    let mut session = connect(cluster);
    session.run(&format!("select woolly_arm_fault('avworker', '{kind}', 1)"));
    session.run(
        "drop table if exists churned; create table churned(n int); \
         insert into churned select generate_series(1, 10000); delete from churned",
    );
    drop(session);
    let struck = || {
        let armed = connect(cluster).query("select count(*) from woolly_faults");
        armed.is_ok_and(|reply| reply.error.is_none() && reply.value() == "0")
    };
    wait_until(&format!("{what}: it was struck"), struck);
    if outcome == Outcome::RebornLater {
        fault(cluster, "'bgwriter', 'panic'");
    }
    before.check(cluster, &what, outcome);
    tell("avworker", kind, outcome);
}

/// Strikes the postmaster: the process starts over, however it fails.
pub fn strike_postmaster(cluster: &Cluster, kind: &str) {
    let before = Before::look(cluster);
    fault(cluster, &format!("'postmaster', '{kind}'"));
    before.check(cluster, &format!("postmaster, {kind}"), Outcome::Reborn);
    tell("postmaster", kind, Outcome::Reborn);
}

/// A FATAL of the postmaster ends the server.
pub fn end_postmaster() {
    let mut cluster = cluster();
    fault(&cluster, "'postmaster', 'fatal'");
    assert_eq!(cluster.wait(), Some(1), "postmaster, fatal: {}", whole_log(&cluster));
    cluster.start();
    tell("postmaster", "fatal", Outcome::Ended);
}

/// Strikes the startup role while it recovers from a crash: the server ends, and another start finds everything.
pub fn strike_startup(kind: &str) {
    let mut cluster = cluster();
    cluster.connect().run("insert into kept values (7)");
    cluster.connect().run(&format!("select woolly_arm_fault('startup', '{kind}', 1)"));
    fault(&cluster, "'bgwriter', 'panic'");
    assert_eq!(cluster.wait(), Some(1), "startup, {kind}: {}", whole_log(&cluster));
    cluster.start();
    assert_eq!(cluster.connect().run("select n from kept").value(), "7", "startup, {kind}");
    tell("startup", kind, Outcome::Ended);
}
