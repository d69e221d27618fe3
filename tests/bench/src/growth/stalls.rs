//! How long requests of a steady load take while the server is at its housework.
//!
//! Sessions send TPC-B and selects at fixed times, far fewer than the server could answer; a request's time counts from when it was due. Only those count that
//! were under way while the work was done. The work is on a table of its own, so that what is felt is what the two share: processors, pages, the log, the
//! disk, the pool's workers.

use super::{Plan, execute, print_head, print_line, start_both};
use crate::server::{Server, run_pgbench};
use base::Prng;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use testkit::{Client, Latencies, pump, wire};

/// pgbench's scale: what the load works on.
const SCALE: u64 = 5;
/// The log is not to fill the disk.
const SETTINGS: [&str; 1] = ["max_wal_size=2GB"];
/// Rows of the table of the work, for each of the plan's.
const BULK_ROWS: u64 = 2;
/// The pause between the beginning of the load and that of the work.
const MARGIN: Duration = Duration::from_millis(500);
/// The name of the statement that a session of selects has prepared.
const STATEMENT: &str = "s";

/// A steady load.
struct Load {
    title: &'static str,
    /// Requests a second.
    rate: u32,
    sessions: u32,
    /// Puts a request into the buffer.
    request: fn(&mut Prng, &mut Vec<u8>),
}

const LOADS: [Load; 2] = [
    Load { title: "TPC-B, each transaction one message", rate: 500, sessions: 8, request: transaction },
    Load { title: "select, prepared", rate: 2000, sessions: 8, request: select },
];

fn transaction(prng: &mut Prng, out: &mut Vec<u8>) {
    let mut below = |count: u64| 1 + prng.below(count * SCALE);
    let (account, teller, branch, delta) = (below(100_000), below(10), below(1), below(1000));
    let sql = format!(
        "begin; update pgbench_accounts set abalance = abalance + {delta} where aid = {account}; \
         select abalance from pgbench_accounts where aid = {account}; \
         update pgbench_tellers set tbalance = tbalance + {delta} where tid = {teller}; \
         update pgbench_branches set bbalance = bbalance + {delta} where bid = {branch}; \
         insert into pgbench_history values ({teller}, {branch}, {account}, {delta}, current_timestamp); end"
    );
    wire::query(out, &sql);
}

fn select(prng: &mut Prng, out: &mut Vec<u8>) {
    wire::run_prepared(out, STATEMENT, &[&(1 + prng.below(100_000 * SCALE)).to_string()]);
}

/// Housework: its name, what is done before, without the load, and what is done with it.
struct Work {
    title: &'static str,
    before: &'static [&'static str],
    sql: Option<&'static str>,
}

const WORKS: [Work; 4] = [
    Work { title: "at rest", before: &["checkpoint"], sql: None },
    Work {
        title: "VACUUM, a third dead",
        before: &["update bulk set value = value + 1 where key % 3 = 0", "checkpoint"],
        sql: Some("vacuum bulk"),
    },
    Work {
        title: "CHECKPOINT, a third dirty",
        before: &["vacuum bulk", "checkpoint", "update bulk set value = value + 1 where key % 3 = 0"],
        sql: Some("checkpoint"),
    },
    Work {
        title: "CREATE INDEX",
        before: &["vacuum bulk", "drop index if exists bulk_value", "checkpoint"],
        sql: Some("create index concurrently bulk_value on bulk (value)"),
    },
];

/// What was felt during a work, of each load, by all rounds; and how long the work took.
#[derive(Clone, Default)]
struct Felt {
    times: [Latencies; LOADS.len()],
    seconds: Vec<f64>,
}

/// Measures and prints.
pub(super) fn run(plan: &Plan) -> Result<(), String> {
    let servers = start_both(plan, &SETTINGS)?;
    servers.iter().try_for_each(|server| load(server, plan.rows * BULK_ROWS))?;
    let mut felt: [[Felt; 2]; WORKS.len()] = Default::default();
    for _ in 0..plan.rounds {
        for (work, felt) in WORKS.iter().zip(&mut felt) {
            for (server, felt) in servers.iter().zip(felt) {
                measure(server, work, plan, felt)?;
            }
        }
    }
    for (at, load) in LOADS.iter().enumerate() {
        print_load(at, load, &felt);
    }
    servers.into_iter().try_for_each(|mut server| server.stop())
}

fn print_load(at: usize, load: &Load, felt: &[[Felt; 2]; WORKS.len()]) {
    println!("\n{}, {} a second:", load.title, load.rate);
    print_head(&[
        "meanwhile",
        "PostgreSQL 15",
        "p99 to rest",
        "Woolly",
        "p99 to rest",
        "the work took PostgreSQL, s",
        "Woolly, s",
    ]);
    let p99 = |felt: &Felt| felt.times[at].quantile(0.99).as_secs_f64();
    for (work, both) in WORKS.iter().zip(felt) {
        let [ours, theirs] = both;
        let to_rest = |felt: &Felt, rest: &Felt| format!("{:.1}", p99(felt) / p99(rest));
        let [took, took_theirs] = [ours, theirs].map(|felt| crate::median(&mut felt.seconds.clone()));
        print_line(&[
            &work.title,
            &theirs.times[at],
            &to_rest(theirs, &felt[0][1]),
            &ours.times[at],
            &to_rest(ours, &felt[0][0]),
            &format!("{took_theirs:.2}"),
            &format!("{took:.2}"),
        ]);
    }
}

fn load(server: &Server, rows: u64) -> Result<(), String> {
    run_pgbench(&server.folder(), &["-i", "-q", "-s", &SCALE.to_string()])?;
    let mut client = server.connect()?;
    execute(&mut client, "create table bulk (key int primary key, value int not null, filler text not null)")?;
    execute(
        &mut client,
        &format!("insert into bulk select n, n, 'filler that fills' from generate_series(1, {rows}) n"),
    )
}

/// When something began and ended.
type Window = (Instant, Instant);

/// One round of one work on one server.
fn measure(server: &Server, work: &Work, plan: &Plan, felt: &mut Felt) -> Result<(), String> {
    let mut client = server.connect()?;
    work.before.iter().try_for_each(|sql| execute(&mut client, sql))?;
    let is_over = AtomicBool::new(false);
    let window = std::thread::scope(|scope| {
        let (is_over, begin) = (&is_over, Instant::now());
        let run = |load| scope.spawn(move || run_load(load, server, begin, is_over));
        let loads = LOADS.each_ref().map(run);
        let window = do_work(&mut client, work, plan);
        is_over.store(true, Ordering::Relaxed);
        let requests = loads.map(|load| load.join().expect("it does not panic"));
        let window = window?;
        for (requests, times) in requests.into_iter().zip(&mut felt.times) {
            let is_meant = |request: &Window| request.1 >= window.0 && request.0 <= window.1;
            requests?.into_iter().filter(is_meant).for_each(|(due, answered)| times.add(answered - due));
        }
        Ok::<_, String>(window)
    })?;
    felt.seconds.push((window.1 - window.0).as_secs_f64());
    Ok(())
}

/// Does the work while the load runs. Without work the window is the plan's time.
fn do_work(client: &mut Client, work: &Work, plan: &Plan) -> Result<Window, String> {
    pump::pause(MARGIN);
    let begin = Instant::now();
    match work.sql {
        Some(sql) => execute(client, sql)?,
        None => pump::pause(Duration::from_secs(plan.seconds.into())),
    }
    Ok((begin, Instant::now()))
}

/// All sessions of a load, until it is over: when each request was due, and when it was answered.
fn run_load(load: &Load, server: &Server, begin: Instant, is_over: &AtomicBool) -> Result<Vec<Window>, String> {
    let period = Duration::from_secs(1) * load.sessions / load.rate;
    std::thread::scope(|scope| {
        let run = |number| {
            let first = begin + period * number / load.sessions;
            scope.spawn(move || run_session(load, server, (first, period), is_over))
        };
        let sessions: Vec<_> = (0..load.sessions).map(run).collect();
        let answers = sessions.into_iter().map(|session| session.join().expect("it does not panic"));
        answers.collect::<Result<Vec<_>, _>>().map(|answers| answers.concat())
    })
}

fn run_session(
    load: &Load,
    server: &Server,
    (first, period): (Instant, Duration),
    is_over: &AtomicBool,
) -> Result<Vec<Window>, String> {
    let mut client = server.connect()?;
    let (mut due, mut answers, mut prng) = (first, Vec::new(), Prng::new(first.elapsed().as_nanos() as u64));
    let mut bytes = Vec::new();
    wire::parse(&mut bytes, STATEMENT, pump::SELECT_ACCOUNT);
    wire::sync(&mut bytes);
    ask(&mut client, &bytes)?;
    while !is_over.load(Ordering::Relaxed) {
        pump::pause(due.saturating_duration_since(Instant::now()));
        bytes.clear();
        (load.request)(&mut prng, &mut bytes);
        ask(&mut client, &bytes)?;
        answers.push((due, Instant::now()));
        due += period;
    }
    Ok(answers)
}

/// Sends messages and waits for the answer. Errors: the server's.
fn ask(client: &mut Client, bytes: &[u8]) -> Result<(), String> {
    client.send_raw(bytes).map_err(|error| error.to_string())?;
    let reply = client.receive().map_err(|error| error.to_string())?;
    reply.error.map_or(Ok(()), |error| Err(error.message))
}
