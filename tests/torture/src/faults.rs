//! Faults on purpose in every role: what is expected of each kind, and what is seen.
//!
//! A cell of the matrix is a role and a kind; a trial strikes one. Before it a row is committed, and an idle session is there to watch; after it the row must
//! still be there, the process must be the same, the role must be back, and the watcher must have lived or not as the kind says.

use crate::Summary;
use crate::load::{ask, row};
use crate::trial;
use std::fmt;
use std::fs;
use std::ops::Range;
use testkit::cluster::wait_until;
use testkit::{Client, Cluster};

/// Roles that run all the time, in the order of the role entry table.
const STANDING: [&str; 8] =
    ["syslogger", "checkpointer", "bgwriter", "walwriter", "scheduler", "stats", "archiver", "avlauncher"];
/// All kinds, so that no two that make a role pause follow each other.
const KINDS: [&str; 9] =
    ["fatal", "panic", "rust_panic", "rust_panic_locked", "leak", "segv", "abort", "stack_overflow", "hang"];
/// Roles, and the kinds that they are struck with.
const MATRIX: [(&[&str], &[&str]); 4] = [
    (&STANDING, &KINDS),
    (&["session", "avworker"], &KINDS),
    (&["postmaster"], &["panic", "rust_panic", "rust_panic_locked", "segv", "abort", "stack_overflow", "fatal"]),
    (&["startup"], &["fatal", "panic", "rust_panic", "rust_panic_locked", "leak", "segv", "abort", "stack_overflow"]),
];
/// Trials after which a new cluster is made.
const TRIALS_PER_CLUSTER: u64 = 36;

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
    /// Nobody notices but a shutdown, which does not wait for it for ever.
    Unnoticed,
    /// The server ends with exit code 1.
    Ended,
}

impl Outcome {
    const ALL: [Outcome; 6] = [
        Outcome::Restarted,
        Outcome::Recovered,
        Outcome::Reborn,
        Outcome::RebornLater,
        Outcome::Unnoticed,
        Outcome::Ended,
    ];

    fn of(role: &str, kind: &str) -> Outcome {
        match (role, kind) {
            ("startup", _) | ("postmaster", "fatal") => Outcome::Ended,
            ("postmaster", _) => Outcome::Reborn,
            // It outlives every instance: nobody tells it to end but the server's own end.
            ("syslogger", "hang") => Outcome::Unnoticed,
            (_, "fatal" | "rust_panic") => Outcome::Restarted,
            (_, "panic" | "rust_panic_locked" | "leak") => Outcome::Recovered,
            (_, "hang") => Outcome::RebornLater,
            _ => Outcome::Reborn,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Outcome::Restarted => "the role alone is back, sessions live",
            Outcome::Recovered => "instance rebuilt, same process, idle sessions live",
            Outcome::Reborn => "process starts over, same number and sockets",
            Outcome::RebornLater => "service goes on; at the next crash the process starts over after 5 s",
            Outcome::Unnoticed => "service goes on; a shutdown ends in order, 5 s later",
            Outcome::Ended => "the server ends, exit code 1",
        }
    }

    /// What the campaign calls it when it counts.
    fn count_name(self) -> &'static str {
        match self {
            Outcome::Restarted => "restarted alone",
            Outcome::Recovered => "instances rebuilt",
            Outcome::Reborn => "processes started over",
            Outcome::RebornLater => "started over at the next crash",
            Outcome::Unnoticed => "noticed by a shutdown only",
            Outcome::Ended => "ends of the server",
        }
    }

    /// How many instances are built anew, and how many processes start over.
    fn rebuilt_and_reborn(self) -> (usize, usize) {
        match self {
            Outcome::Restarted | Outcome::Unnoticed => (0, 0),
            Outcome::Recovered => (1, 0),
            Outcome::Reborn | Outcome::RebornLater | Outcome::Ended => (0, 1),
        }
    }

    fn keeps_sessions(self) -> bool {
        self.rebuilt_and_reborn().1 == 0
    }
}

/// A cell in which everything was as expected: a row of the table.
#[derive(Clone, Debug)]
pub struct Struck {
    role: String,
    kind: String,
    outcome: Outcome,
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} | {} |", self.role, self.kind, self.outcome.words())
    }
}

/// All cells of the matrix.
fn cells() -> Vec<(&'static str, &'static str)> {
    let of_roles = |(roles, kinds): (&'static [&'static str], &'static [&'static str])| {
        roles.iter().flat_map(move |role| kinds.iter().map(move |kind| (*role, *kind)))
    };
    MATRIX.into_iter().flat_map(of_roles).collect()
}

/// Runs so many trials: the cell of a trial follows from its seed. What was seen in each is told on standard error.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let mut seen = Vec::new();
    eprintln!("| role | kind | expected and seen |\n|---|---|---|");
    for seeds in trial::by_cluster(trials, seed, TRIALS_PER_CLUSTER) {
        let rows = trial::on(&mut Cluster::new(), "faults", &seeds, |cluster| trials_on(cluster, &seeds))?;
        rows.iter().for_each(|row| eprintln!("{row}"));
        seen.extend(rows);
    }
    let count = |outcome| seen.iter().filter(|row| row.outcome == outcome).count() as u64;
    Ok(Summary { trials, counts: Outcome::ALL.map(|outcome| (outcome.count_name(), count(outcome))).to_vec() })
}

fn trials_on(cluster: &mut Cluster, seeds: &Range<u64>) -> Result<Vec<Struck>, String> {
    start(cluster)?;
    let cells = cells();
    let cell = |seed: u64| cells[(seed % cells.len() as u64) as usize];
    seeds.clone().map(cell).map(|(role, kind)| strike(cluster, role, kind)).collect()
}

/// Starts a cluster whose roles can be made to fail, with all of them running.
pub fn start(cluster: &mut Cluster) -> Result<(), String> {
    cluster.set("fault_hooks", "on").set("crash_restarts_per_minute", "-1");
    cluster.set("archive_mode", "on").set("archive_command", "true");
    cluster.set("logging_collector", "on").set("autovacuum_naptime", "1s");
    cluster.start();
    ask(&mut cluster.connect(), "create table kept(n int primary key)").map(drop)
}

/// Strikes a role of a cluster that was started for it. Errors: something is not as expected.
pub fn strike(cluster: &mut Cluster, role: &str, kind: &str) -> Result<Struck, String> {
    let outcome = Outcome::of(role, kind);
    strike_for(cluster, (role, kind), outcome).map_err(|why| format!("{role}, {kind}: {why}"))?;
    Ok(Struck { role: role.to_owned(), kind: kind.to_owned(), outcome })
}

fn strike_for(cluster: &mut Cluster, (role, kind): (&str, &str), outcome: Outcome) -> Result<(), String> {
    wait_until_runs(cluster, role);
    let before = Before::look(cluster)?;
    // A session that was struck stays open.
    let mut victim = None;
    match role {
        "session" => strike_session(cluster, victim.insert(connect(cluster)), (kind, outcome))?,
        "avworker" => strike_worker(cluster, kind)?,
        "startup" => {
            ask(&mut connect(cluster), &format!("select woolly_arm_fault('startup', '{kind}', 1)"))?;
            fault(cluster, "bgwriter", "panic");
        }
        _ => fault(cluster, role, kind),
    }
    if matches!(outcome, Outcome::RebornLater | Outcome::Unnoticed) {
        wait_until(&format!("{role} is struck by {kind}"), || none_is_armed(cluster));
    }
    if outcome == Outcome::RebornLater {
        // It serves on, and only when everybody is to leave it is found out.
        fault(cluster, if role == "bgwriter" { "walwriter" } else { "bgwriter" }, "panic");
    }
    before.check(cluster, outcome)?;
    if role == "session" && matches!(outcome, Outcome::Recovered | Outcome::Reborn) {
        wait_until("the log names the statement", || {
            whole_log(cluster).contains("process was running: select woolly_fault")
        });
    }
    if outcome == Outcome::Unnoticed {
        cluster.stop();
        cluster.start();
    }
    wait_until_runs(cluster, role);
    Ok(())
}

/// Strikes a session. It is lost in any case.
fn strike_session(cluster: &Cluster, victim: &mut Client, (kind, outcome): (&str, Outcome)) -> Result<(), String> {
    let text = format!("select woolly_fault('session', '{kind}') -- struck");
    if outcome == Outcome::RebornLater {
        victim.send(&text).map_err(|error| error.to_string())?;
        let active = format!("select count(*) from pg_stat_activity where pid = {} and state = 'active'", victim.key.0);
        wait_until("the session works", || connect(cluster).run(&active).value() == "1");
        return Ok(());
    }
    match victim.query(&text) {
        Ok(reply) if reply.code() != "XX000" => Err(format!("the session goes on: {reply:?}")),
        _ => Ok(()),
    }
}

/// Has the next autovacuum worker struck.
pub fn strike_worker(cluster: &Cluster, kind: &str) -> Result<(), String> {
    let mut session = connect(cluster);
    ask(&mut session, &format!("select woolly_arm_fault('avworker', '{kind}', 1)"))?;
    let work = "drop table if exists churned; create table churned(n int); \
                insert into churned select generate_series(1, 10000); delete from churned";
    ask(&mut session, work).map(drop)
}

/// Calls `woolly_fault`.
pub fn fault(cluster: &Cluster, role: &str, kind: &str) {
    // Whoever strikes may be struck.
    let _ = connect(cluster).query(&format!("select woolly_fault('{role}', '{kind}')"));
}

/// True if the server serves, and each fault that was ordered has struck.
pub fn none_is_armed(cluster: &Cluster) -> bool {
    let armed = connect(cluster).query("select count(*) from woolly_faults");
    armed.is_ok_and(|reply| reply.error.is_none() && reply.value() == "0")
}

/// Waits for a role that runs all the time; others come and go.
fn wait_until_runs(cluster: &Cluster, role: &str) {
    if STANDING.contains(&role) {
        wait_until(&format!("{role} runs"), || threads(cluster).iter().any(|name| name == role));
    }
}

/// Names of the server's threads.
fn threads(cluster: &Cluster) -> Vec<String> {
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

/// A session; during a recovery it waits.
pub fn connect(cluster: &Cluster) -> Client {
    let mut client = None;
    wait_until("a client is served", || {
        client = cluster.try_connect("postgres", "postgres").ok().and_then(Result::ok);
        client.is_some()
    });
    client.expect("it is there")
}

/// How often the log tells of each.
struct Told {
    struck: usize,
    rebuilt: usize,
    started: usize,
}

impl Told {
    fn by(cluster: &Cluster) -> Told {
        let log = whole_log(cluster);
        let count = |words| log.matches(words).count();
        Told {
            struck: count("fault on purpose at"),
            rebuilt: count("all server processes terminated; reinitializing"),
            started: count("starting PostgreSQL"),
        }
    }
}

/// What was so before a fault.
struct Before {
    pid: u32,
    kept: String,
    watcher: Client,
    told: Told,
}

impl Before {
    fn look(cluster: &Cluster) -> Result<Before, String> {
        let mut watcher = connect(cluster);
        ask(&mut watcher, "set application_name = 'watcher'; prepare watched as select count(*) from kept")?;
        ask(&mut watcher, "insert into kept select count(*) from kept")?;
        let kept = row(&mut watcher, "select count(*) from kept")?.remove(0);
        Ok(Before { pid: cluster.pid(), kept, watcher, told: Told::by(cluster) })
    }

    /// Waits for what is expected, and looks whether it is all that happened. A server that ended is started. Errors: it is not as expected.
    fn check(mut self, cluster: &mut Cluster, outcome: Outcome) -> Result<(), String> {
        self.wait_for(cluster, outcome)?;
        let answer = self.watcher.query("execute watched");
        let lives = answer.is_ok_and(|reply| reply.error.is_none());
        if lives != outcome.keeps_sessions() {
            return Err(format!("{outcome:?}, and the watcher lives: {lives}"));
        }
        let found = row(&mut connect(cluster), "select count(*) from kept")?.remove(0);
        if found != self.kept {
            return Err(format!("{found} rows of {} are there", self.kept));
        }
        if outcome != Outcome::Ended { self.check_process(cluster, outcome) } else { Ok(()) }
    }

    fn wait_for(&self, cluster: &mut Cluster, outcome: Outcome) -> Result<(), String> {
        let wait = |what: &str, has_come: fn(&Told, &Told) -> bool| {
            wait_until(what, || has_come(&Told::by(cluster), &self.told));
        };
        match outcome {
            Outcome::Unnoticed => {}
            Outcome::Restarted => wait("the log tells of the fault", |now, before| now.struck > before.struck),
            Outcome::Recovered => wait("the instance is rebuilt", |now, before| now.rebuilt > before.rebuilt),
            Outcome::Reborn | Outcome::RebornLater => {
                wait("the process starts over", |now, before| now.started > before.started);
            }
            Outcome::Ended => {
                let code = cluster.wait();
                if code != Some(1) {
                    return Err(format!("the server ended with {code:?}: {}", whole_log(cluster)));
                }
                cluster.start();
            }
        }
        Ok(())
    }

    /// The process is the same, its lock file too, and no more than expected was built anew.
    fn check_process(&self, cluster: &Cluster, outcome: Outcome) -> Result<(), String> {
        let lock_file = fs::read_to_string(cluster.data().join("postmaster.pid")).map_err(|error| error.to_string())?;
        if cluster.pid() != self.pid || !lock_file.starts_with(&format!("{}\n", self.pid)) {
            return Err(format!("process {} is {} now, its lock file says {lock_file}", self.pid, cluster.pid()));
        }
        let now = Told::by(cluster);
        let rebuilt_and_reborn = (now.rebuilt - self.told.rebuilt, now.started - self.told.started);
        match rebuilt_and_reborn == outcome.rebuilt_and_reborn() {
            true => Ok(()),
            false => Err(format!("{outcome:?}, and instances rebuilt and processes over are {rebuilt_and_reborn:?}")),
        }
    }
}
