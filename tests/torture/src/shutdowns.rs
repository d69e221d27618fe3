//! Shutdowns with somebody who hangs: each mode, each role, in each state of the server.
//!
//! A cell of the matrix is a [`Moment`], who hangs or is there, and the modes that are asked for, one after the other. Before it a row is committed; then
//! the signals are sent. Judged are: the exit code; how long it took, as a state that makes no progress for a minute becomes an immediate
//! shutdown, and a thread that was told to leave at once has five seconds; what newcomers, waiting clients and idle sessions are told; what the lock file says
//! meanwhile, and that it is gone afterwards with the socket; that a start works, recovers if and only if it has to, and finds the row.
//!
//! Cells wait and do not compute: many run at once.

use crate::trial::{self, end_within, expect, runs_for};
use crate::{Summary, faults};
use std::fs;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use testkit::cluster::wait_until;
use testkit::{Client, Cluster};

/// Servers that run at the same time.
const AT_ONCE: usize = 28;
/// A state that lasts so long becomes an immediate shutdown.
const STALL_S: u64 = 60;
/// Who is told to leave at once has so long; so has the logger, at the very end.
const KILL_S: u64 = 5;
/// The pause between two signals.
const NEXT_S: u64 = 2;
/// How long a smart shutdown is watched while it waits for a client: longer than any state of a shutdown may last.
const WATCH_S: u64 = STALL_S + KILL_S + 5;
/// What a busy machine may add. It only bounds a failure: what is expected differs by more.
const SLACK_S: u64 = 40;

/// How a shutdown is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// When all clients have left.
    Smart,
    /// At once, in order.
    Fast,
    /// At once; the next start recovers.
    Immediate,
}

use Mode::{Fast, Immediate, Smart};

impl Mode {
    fn signal(self) -> &'static str {
        match self {
            Smart => "TERM",
            Fast => "INT",
            Immediate => "QUIT",
        }
    }
}

/// Where the server is in its life when it is to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// It serves.
    Running,
    /// It redoes what kill -9 left.
    Recovering,
    /// It redoes what a crash left, in the same process; clients wait, idle sessions are parked.
    Rebuilding,
    /// It redoes what a crash left, in a fresh process under the same number; clients wait.
    Reborn,
    /// It waits for its threads to leave after a crash.
    Leaving,
}

use Moment::{Leaving, Reborn, Rebuilding, Recovering, Running};

/// What is asked for, one after the other.
type Modes = &'static [Mode];

/// All columns of the table.
const COLUMNS: &[Modes] = &[&[Smart], &[Fast], &[Immediate], &[Smart, Fast], &[Smart, Immediate], &[Fast, Immediate]];
const EACH: &[Modes] = &[&[Smart], &[Fast], &[Immediate]];
/// Of a session that hangs: a smart shutdown waits for it for ever.
const NOT_SMART: &[Modes] = &[&[Fast], &[Immediate], &[Smart, Fast], &[Smart, Immediate], &[Fast, Immediate]];

/// Rows of the table: the moment, who hangs or is there, what is tried.
const ROWS: &[(Moment, &str, &[Modes])] = &[
    (Running, "nobody", EACH),
    (Running, "idle session", EACH),
    (Running, "open transaction", EACH),
    (Running, "session", NOT_SMART),
    (Running, "syslogger", EACH),
    (Running, "checkpointer", COLUMNS),
    (Running, "bgwriter", EACH),
    (Running, "walwriter", COLUMNS),
    (Running, "scheduler", EACH),
    (Running, "stats", COLUMNS),
    (Running, "archiver", EACH),
    (Running, "avlauncher", EACH),
    (Running, "avworker", EACH),
    (Recovering, "startup", COLUMNS),
    (Recovering, "startup, checkpointer", EACH),
    (Recovering, "startup, bgwriter", EACH),
    (Recovering, "startup, syslogger", EACH),
    (Rebuilding, "startup", COLUMNS),
    (Reborn, "startup", COLUMNS),
    (Leaving, "session", EACH),
    (Leaving, "checkpointer", EACH),
    (Leaving, "walwriter", EACH),
    (Leaving, "stats", EACH),
];

/// A shutdown to be tried.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// When.
    pub moment: Moment,
    /// Who hangs (roles, or `session`), or is there and does not hang (`nobody`, `idle session`, `open transaction`).
    pub who: &'static str,
    /// What is asked for.
    pub modes: Modes,
}

/// What a cell came to.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    code: Option<i32>,
    took: Duration,
}

/// Round after round of the whole matrix.
pub fn run(trials: u64, _: u64) -> Result<Summary, String> {
    let of = |&(moment, who, tried): &(Moment, &'static str, &'static [Modes])| {
        tried.iter().map(move |modes| Cell { moment, who, modes })
    };
    let mut cells: Vec<Cell> = ROWS.iter().flat_map(of).collect();
    cells.sort_by_key(|cell| cell.expected().least_s);
    for _ in 0..trials {
        let seen = play_all(&cells)?;
        print(&cells, &seen);
        fail_while_somebody_hangs()?;
    }
    Ok(Summary { trials: trials * (cells.len() as u64 + 1), counts: vec![("rounds", trials)] })
}

/// Plays cells at the same time, the last ones first. Errors: what was not as expected in which of them.
pub fn play_all(cells: &[Cell]) -> Result<Vec<Seen>, String> {
    trial::at_once(cells, AT_ONCE, Cell::play)
}

fn print(cells: &[Cell], seen: &[Seen]) {
    println!(
        "\n| state | hangs or is there | smart | fast | immediate | smart, fast | smart, immediate | fast, immediate |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for &(moment, who, _) in ROWS {
        let of = |modes: &Modes| {
            let at = cells.iter().position(|c| c.moment == moment && c.who == who && c.modes == *modes);
            at.map_or_else(String::new, |at| {
                format!("{}: {:.1} s", seen[at].code.unwrap_or(-1), seen[at].took.as_secs_f64())
            })
        };
        println!("| {moment:?} | {who} | {} |", COLUMNS.iter().map(of).collect::<Vec<_>>().join(" | "));
    }
    println!();
}

/// What a cell must come to.
struct Expected {
    code: i32,
    least_s: u64,
    most_s: u64,
    /// The next start finds that the server did not write its last checkpoint.
    recovers: bool,
}

/// Who is there besides the server.
#[derive(Default)]
struct Cast {
    /// Hangs, or has an open transaction, or does nothing.
    client: Option<Client>,
    /// Came while a crash is recovered from, and waits.
    waits: Option<Newcomer>,
}

/// A client that comes when it is not welcome, and what it is told.
struct Newcomer(JoinHandle<String>);

impl Newcomer {
    fn comes(cluster: &Cluster) -> Newcomer {
        let (folder, port) = (cluster.folder().to_path_buf(), cluster.port());
        Newcomer(std::thread::spawn(move || match Client::connect_unix(&folder, port, "postgres", "postgres") {
            Ok(Ok(_)) => "served".to_owned(),
            Ok(Err(error)) => format!("{}: {}", error.code, error.message),
            Err(_) => "gone".to_owned(),
        }))
    }

    /// What it was told. Waits for it.
    fn told(self) -> String {
        self.0.join().expect("it does not panic")
    }
}

/// What the log says when the instance is about to be rebuilt.
const REINITIALISED: &str = "all server processes terminated; reinitializing";
const STOPPING: &str = "57P03: the database system is shutting down";
const STARTING: &str = "57P03: the database system is starting up";

impl Cell {
    /// Tries it. Errors: what was not as expected, and where the cluster is.
    fn play(&self) -> Result<Seen, String> {
        let mut cluster = Cluster::new();
        cluster.set("shared_buffers", "1MB").set("max_connections", "10");
        trial::on(&mut cluster, "shutdowns", &(0..1), |cluster| self.play_on(cluster))
            .map_err(|why| format!("{self:?}: {why}"))
    }

    fn hangs(&self) -> bool {
        !matches!(self.who, "nobody" | "idle session" | "open transaction")
    }

    /// A smart shutdown waits for this client, however long.
    fn is_waited_for(&self) -> bool {
        let is_client = matches!(self.who, "idle session" | "open transaction" | "session");
        is_client && self.moment == Running && matches!(self.modes, [Smart] | [Smart, Fast])
    }

    fn pause_s(&self) -> u64 {
        if self.is_waited_for() { WATCH_S } else { NEXT_S }
    }

    fn expected(&self) -> Expected {
        let last = *self.modes.last().expect("something is asked for");
        let hangs = self.hangs() && self.who != "syslogger";
        let logger_s = if self.who.contains("syslogger") { KILL_S } else { 0 };
        let wait_s = match (self.moment, last) {
            _ if !hangs => 0,
            // They had been told to leave before.
            (Leaving, _) => 0,
            (_, Immediate) => KILL_S,
            _ => STALL_S + KILL_S,
        };
        let signals_s = self.pause_s() * (self.modes.len() as u64 - 1);
        let client_s = if self.is_waited_for() && !self.hangs() { WATCH_S } else { 0 };
        let least_s = wait_s + signals_s + logger_s + client_s;
        let most_s = if self.moment == Leaving { KILL_S } else { least_s } + SLACK_S;
        let code = i32::from(matches!(self.moment, Rebuilding | Reborn | Leaving));
        // The last checkpoint is written before those have their last cycle.
        let is_late = matches!(self.who, "stats" | "archiver" | "syslogger");
        let recovers = self.moment != Running || last == Immediate && !self.is_after_checkpoint() || hangs && !is_late;
        Expected { code, least_s, most_s, recovers }
    }

    /// The immediate shutdown comes when a fast one has written its checkpoint.
    fn is_after_checkpoint(&self) -> bool {
        self.who == "stats" && self.modes.len() > 1
    }

    fn play_on(&self, cluster: &mut Cluster) -> Result<Seen, String> {
        let expected = self.expected();
        faults::start(cluster)?;
        faults::connect(cluster).run("insert into kept values (1)");
        let recoveries = recoveries(cluster);
        let mut cast = self.set_up(cluster)?;
        let start = Instant::now();
        self.ask(cluster, &mut cast)?;
        let code = end_within(cluster, start, Duration::from_secs(expected.most_s))?;
        let seen = Seen { code, took: start.elapsed() };
        self.judge(cluster, &expected, &seen)?;
        self.judge_farewell(cast)?;
        self.start_again(cluster, recoveries, &expected)?;
        Ok(seen)
    }

    /// Brings the server to where the cell begins.
    fn set_up(&self, cluster: &mut Cluster) -> Result<Cast, String> {
        let mut cast = Cast::default();
        match self.moment {
            Running => cast.client = self.bring(cluster)?,
            Recovering => {
                cluster.kill();
                self.arm_next_start(cluster)?;
                cluster.launch();
                let mut told = String::new();
                wait_until("the server listens", || {
                    told = Newcomer::comes(cluster).told();
                    told != "gone"
                });
                expect("a client that comes during the start", &told, STARTING)?;
            }
            Rebuilding => {
                let mut session = faults::connect(cluster);
                session.run("select woolly_arm_fault('startup', 'hang', 1)");
                cast.client = Some(session);
                let mut striker = strike(cluster, "bgwriter", "panic")?;
                wait_for_log(cluster, REINITIALISED);
                // Whether it is parked or ended: it is not left without an answer for as long as the recovery lasts.
                if let Ok(None) = striker.receive_within(Duration::from_secs(SLACK_S)) {
                    return Err("a statement that was done when the instance crashed has no answer".to_owned());
                }
                cast.waits = Some(Newcomer::comes(cluster));
            }
            Reborn => {
                self.arm_next_start(cluster)?;
                strike(cluster, "bgwriter", "segv")?;
                wait_for_log(cluster, "bgwriter (PID");
                wait_until("the fresh process takes its faults", || !cluster.data().join("faults").exists());
                cast.waits = Some(Newcomer::comes(cluster));
            }
            Leaving => {
                cast.client = self.bring(cluster)?;
                cast.client.get_or_insert_with(|| faults::connect(cluster));
                let other = if self.who == "bgwriter" { "walwriter" } else { "bgwriter" };
                strike(cluster, other, "panic")?;
                wait_for_log(cluster, "terminating any other active server processes");
            }
        }
        Ok(cast)
    }

    /// Has roles hang from the next start on.
    fn arm_next_start(&self, cluster: &Cluster) -> Result<(), String> {
        let lines: String = self.who.split(", ").map(|role| format!("{role} hang\n")).collect();
        fs::write(cluster.data().join("faults"), lines).map_err(|error| error.to_string())
    }

    /// Has somebody hang, or just be there.
    fn bring(&self, cluster: &Cluster) -> Result<Option<Client>, String> {
        let mut client = match self.who {
            "idle session" | "open transaction" | "session" => Some(faults::connect(cluster)),
            _ => None,
        };
        match (self.who, &mut client) {
            ("nobody" | "idle session", _) => {}
            ("open transaction", Some(client)) => drop(client.run("begin; insert into kept values (2)")),
            ("session", Some(client)) => hang_session(cluster, client)?,
            ("avworker", _) => faults::strike_worker(cluster, "hang")?,
            (role, _) => faults::fault(cluster, role, "hang"),
        }
        wait_until(&format!("{} hangs", self.who), || faults::none_is_armed(cluster));
        Ok(client)
    }

    /// Sends the signals, and looks at the server while it stops.
    fn ask(&self, cluster: &mut Cluster, cast: &mut Cast) -> Result<(), String> {
        let ends_soon = !self.hangs() && !self.is_waited_for() || self.who == "syslogger" || self.moment == Leaving;
        if let Some(waits) = &cast.waits {
            runs_for(cluster, Duration::from_millis(500))?;
            expect("a client that comes during a recovery is done", &waits.0.is_finished().to_string(), "false")?;
        }
        for (index, mode) in self.modes.iter().enumerate() {
            cluster.signal(mode.signal());
            if index == 0 && !ends_soon {
                self.look(cluster)?;
            }
            if index + 1 < self.modes.len() || self.is_waited_for() && !self.hangs() {
                runs_for(cluster, Duration::from_secs(self.pause_s()))?;
            }
        }
        if self.is_waited_for() && !self.hangs() {
            if let Some(client) = &mut cast.client {
                client.run("select 1");
            }
            cast.client = None;
        }
        if let Some(waits) = cast.waits.take() {
            expect("a client that waits for the recovery", &waits.told(), STOPPING)?;
        }
        Ok(())
    }

    /// A server that stops says so, in its lock file and to newcomers.
    fn look(&self, cluster: &Cluster) -> Result<(), String> {
        wait_until("the lock file tells of the shutdown", || lock_file_line(cluster, 8) == "stopping");
        expect("the lock file's first line", &lock_file_line(cluster, 1), &cluster.pid().to_string())?;
        let told = Newcomer::comes(cluster).told();
        // Where only those are left, nobody listens any more.
        let may_be_late = self.modes[0] == Immediate && matches!(self.who, "stats" | "archiver");
        if may_be_late && told == "gone" { Ok(()) } else { expect("a newcomer", &told, STOPPING) }
    }

    fn judge(&self, cluster: &Cluster, expected: &Expected, seen: &Seen) -> Result<(), String> {
        let seconds = seen.took.as_secs_f64();
        if seen.code != Some(expected.code) {
            return Err(format!("expected exit code {}, got {:?} after {seconds:.1} s", expected.code, seen.code));
        }
        if seen.took < Duration::from_secs(expected.least_s) {
            return Err(format!("expected at least {} s, it took {seconds:.1} s", expected.least_s));
        }
        let socket = format!(".s.PGSQL.{}", cluster.port());
        let files = [
            cluster.data().join("postmaster.pid"),
            cluster.folder().join(format!("{socket}.lock")),
            cluster.folder().join(socket),
        ];
        if let Some(file) = files.iter().find(|file| file.exists()) {
            return Err(format!("{} is still there", file.display()));
        }
        let log = faults::whole_log(cluster);
        let abnormal = log.contains("abnormal database system shutdown");
        match log.contains("database system is shut down") && abnormal == (expected.code == 1) {
            true => Ok(()),
            false => Err("the log does not tell of the end".to_owned()),
        }
    }

    /// A session that does not hang is told why it ends.
    fn judge_farewell(&self, cast: Cast) -> Result<(), String> {
        let Some(mut client) = cast.client.filter(|_| self.who != "session") else { return Ok(()) };
        let farewell = client.receive().map_err(|error| format!("no farewell: {error}"))?;
        expect("an idle session", farewell.code(), "57P01")
    }

    fn start_again(&self, cluster: &mut Cluster, before: usize, expected: &Expected) -> Result<(), String> {
        cluster.start();
        let kept = faults::connect(cluster).run("select string_agg(n::text, ',') from kept").value().to_owned();
        expect("what was committed", &kept, "1")?;
        cluster.stop();
        let recovered = recoveries(cluster) > before;
        expect("a recovery by the next start", &recovered.to_string(), &expected.recovers.to_string())
    }
}

/// Makes a session hang in a statement.
fn hang_session(cluster: &Cluster, victim: &mut Client) -> Result<(), String> {
    victim.send("select woolly_fault('session', 'hang')").map_err(|error| error.to_string())?;
    let active = format!("select count(*) from pg_stat_activity where pid = {} and state = 'active'", victim.key.0);
    wait_until("the session works", || faults::connect(cluster).run(&active).value() == "1");
    Ok(())
}

/// Asks for a fault and does not wait for an answer.
fn strike(cluster: &Cluster, role: &str, kind: &str) -> Result<Client, String> {
    let mut striker = faults::connect(cluster);
    striker.send(&format!("select woolly_fault('{role}', '{kind}')")).map_err(|error| error.to_string())?;
    Ok(striker)
}

/// How often a start found that the server had not been shut down.
fn recoveries(cluster: &Cluster) -> usize {
    faults::whole_log(cluster).matches("database system was not properly shut down").count()
}

fn lock_file_line(cluster: &Cluster, number: usize) -> String {
    let text = fs::read_to_string(cluster.data().join("postmaster.pid")).unwrap_or_default();
    text.lines().nth(number - 1).unwrap_or_default().trim().to_owned()
}

fn wait_for_log(cluster: &Cluster, words: &str) {
    wait_until(words, || faults::whole_log(cluster).contains(words));
}

/// A recovery that fails ends the server, and not in a loop, even if another role does not leave.
pub fn fail_while_somebody_hangs() -> Result<(), String> {
    trial::on(&mut Cluster::new(), "shutdowns", &(0..1), |cluster| {
        faults::start(cluster)?;
        let mut session = faults::connect(cluster);
        session.run("insert into kept values (1)");
        // The one that leaves passes its point once more, the next one hangs.
        session.run("select woolly_arm_fault('checkpointer', 'hang', 2), woolly_arm_fault('startup', 'fatal', 1)");
        faults::fault(cluster, "bgwriter", "panic");
        let start = Instant::now();
        let code = end_within(cluster, start, Duration::from_secs(KILL_S + SLACK_S))?;
        expect("the exit code", &format!("{code:?}"), "Some(1)")?;
        let log = faults::whole_log(cluster);
        if !log.contains("recalcitrant children: checkpointer")
            || !log.contains("shutting down due to startup process failure")
        {
            return Err("the log does not tell why the server ended".to_owned());
        }
        cluster.start();
        expect("what was committed", faults::connect(cluster).run("select n from kept").value(), "1")
    })
}
