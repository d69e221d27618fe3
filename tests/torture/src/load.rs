//! Clients at work while the server is killed, and what must be true afterwards.
//!
//! 1. A [`Load`] knows which transactions were tried and which were acknowledged: each has a number of its own, which it writes into a table.
//! 2. [`Load::run`] has clients work until the server goes away or something else ends it.
//! 3. [`Load::check`] compares: what was acknowledged is there, what is there was tried, and no transaction is there by half: what it wrote into several tables adds up.
//!
//! A transaction that was sent and not acknowledged may be kept or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use testkit::{Client, Cluster, Reply};

/// Clients that work at once.
const CLIENTS: u64 = 8;
/// Transactions of a client in a round stay below it: what is above in a transaction's number says whose it is.
const STEPS_MAX: u64 = 1_000_000;
/// A statement that takes longer is taken for hanging: generous, as it only bounds a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// What clients do, and how to see that it is whole.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Makes its tables.
    pub tables: &'static str,
    /// A transaction by its number.
    pub transaction: fn(u64) -> String,
    /// Looks whether all transactions that are there are there whole. Errors: what is not.
    pub check: fn(&mut Client) -> Result<(), String>,
    /// Gives the numbers of the transactions that are there, one a row.
    pub numbers: &'static str,
}

/// What clients have come to, round after round.
#[derive(Debug, Default)]
pub struct Load {
    record: Mutex<Record>,
    rounds: u64,
}

/// Which transactions were tried, and what became of them.
#[derive(Debug, Default)]
struct Record {
    tried: BTreeSet<u64>,
    /// With the time of the reply.
    acknowledged: BTreeMap<u64, Instant>,
    /// How many failed with an error that was expected.
    failed: u64,
}

/// What a round of work is to take of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// There are none while the server lives.
    AreFailures,
    /// These SQLSTATEs are expected: they are counted, and the client goes on. A PANIC ends its session.
    AreCounted(&'static [&'static str]),
}

impl Load {
    /// How many transactions were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.record().acknowledged.len() as u64
    }

    /// Their numbers.
    pub fn acknowledged_numbers(&self) -> Vec<u64> {
        self.record().acknowledged.keys().copied().collect()
    }

    /// How many transactions failed with an error that was expected.
    pub fn failed(&self) -> u64 {
        self.record().failed
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no client panicked")
    }

    /// Has clients work while `fault` does its part; they stop when it is done. Errors: its own, and those of statements that must not fail.
    pub fn run<T>(
        &mut self,
        cluster: &mut Cluster,
        workload: &Workload,
        errors: Errors,
        fault: impl FnOnce(&mut Cluster, &Load) -> Result<T, String>,
    ) -> Result<T, String> {
        self.rounds += 1;
        let (stop, load) = (AtomicBool::new(false), &*self);
        let sessions: Vec<Client> = (0..CLIENTS).map(|_| cluster.connect()).collect();
        std::thread::scope(|scope| {
            let stop = &stop;
            let clients: Vec<_> = sessions
                .into_iter()
                .zip(0..)
                .map(|(session, client)| scope.spawn(move || load.work(session, client, workload, errors, stop)))
                .collect();
            let done = fault(cluster, load);
            stop.store(true, Ordering::Relaxed);
            for client in clients {
                client.join().map_err(|_| "a client panicked".to_owned())??;
            }
            done
        })
    }

    fn work(
        &self,
        mut session: Client,
        client: u64,
        workload: &Workload,
        errors: Errors,
        stop: &AtomicBool,
    ) -> Result<(), String> {
        for step in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let number = (self.rounds * CLIENTS + client) * STEPS_MAX + step;
            self.record().tried.insert(number);
            // The server has gone away if there is no reply.
            let Some(reply) = ask_or_lose(&mut session, &(workload.transaction)(number))? else { break };
            match &reply.error {
                None => drop(self.record().acknowledged.insert(number, Instant::now())),
                Some(error) if is_farewell(&error.code) => break,
                Some(error) if error.severity == "PANIC" && errors != Errors::AreFailures => break,
                Some(error) => {
                    let text = format!("transaction {number}: {} ({})", error.message, error.code);
                    match errors {
                        Errors::AreCounted(codes) if codes.contains(&error.code.as_str()) => {}
                        _ => return Err(text),
                    }
                    self.record().failed += 1;
                    if ask_or_lose(&mut session, "rollback")?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits until so many more transactions were acknowledged, or the server has gone. Errors: nothing moves.
    pub fn wait_for(&self, cluster: &mut Cluster, more: u64) -> Result<(), String> {
        let wanted = self.acknowledged() + more;
        let deadline = Instant::now() + PATIENCE;
        while self.acknowledged() < wanted && cluster.is_running() {
            if Instant::now() > deadline {
                return Err(format!("the clients came to {} of {wanted} transactions", self.acknowledged()));
            }
            pause(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Looks at what the server has. Errors: what was lost, what appeared, what is there by half.
    pub fn check(&self, cluster: &Cluster, workload: &Workload) -> Result<(), String> {
        match self.check_losses(cluster, workload)?.len() {
            0 => Ok(()),
            count => Err(format!("{count} acknowledged transactions are lost")),
        }
    }

    /// As `check`, but acknowledged transactions may be lost: their numbers and when they were acknowledged. They count no longer.
    pub fn check_losses(&self, cluster: &Cluster, workload: &Workload) -> Result<Vec<(u64, Instant)>, String> {
        let mut session = cluster.connect();
        (workload.check)(&mut session)?;
        let reply = ask(&mut session, workload.numbers)?;
        let there: BTreeSet<u64> =
            reply.rows().iter().filter_map(|row| row[0].as_ref().and_then(|text| text.parse().ok())).collect();
        let mut record = self.record();
        if let Some(number) = there.difference(&record.tried).next() {
            return Err(format!("transaction {number} is there and was never sent"));
        }
        let log = cluster.log();
        if let Some(line) = log.lines().find(|line| line.contains("invalid page")) {
            return Err(format!("a damaged page: {line}"));
        }
        Ok(record.acknowledged.extract_if(.., |number, _| !there.contains(number)).collect())
    }
}

/// The client that a transaction is of.
pub fn client_of(number: u64) -> u64 {
    number / STEPS_MAX % CLIENTS
}

/// A session's end that the server announced: it goes down, or starts over.
fn is_farewell(code: &str) -> bool {
    ["57P01", "57P02", "57P03"].contains(&code)
}

/// The reply, if there is one before the server goes away. Errors: there is none in a minute.
fn ask_or_lose(session: &mut Client, sql: &str) -> Result<Option<Reply>, String> {
    if session.send(sql).is_err() {
        return Ok(None);
    }
    match session.receive_within(PATIENCE) {
        Ok(Some(reply)) => Ok(Some(reply)),
        Ok(None) => Err(format!("no reply within {PATIENCE:?}: {sql}")),
        Err(_) => Ok(None),
    }
}

/// The reply of a statement that must succeed. Errors: its own, and no reply.
pub fn ask(session: &mut Client, sql: &str) -> Result<Reply, String> {
    let reply = ask_or_lose(session, sql)?.ok_or_else(|| format!("the connection was lost: {sql}"))?;
    match &reply.error {
        None => Ok(reply),
        Some(error) => Err(format!("{sql}: {} ({})", error.message, error.code)),
    }
}

/// True if a new session gets an answer now.
pub fn serves(cluster: &Cluster) -> bool {
    let session = cluster.try_connect("postgres", "postgres");
    session.is_ok_and(|login| login.is_ok_and(|mut session| ask(&mut session, "select 1").is_ok()))
}

/// The texts of the only row that a query gives.
pub fn row(session: &mut Client, sql: &str) -> Result<Vec<String>, String> {
    let reply = ask(session, sql)?;
    match reply.rows() {
        [row] => Ok(row.iter().map(|value| value.clone().unwrap_or_default()).collect()),
        rows => Err(format!("{sql}: {} rows", rows.len())),
    }
}

/// Lets some time go by: the moment of a fault is a moment, not an event.
pub fn pause(time: Duration) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}
