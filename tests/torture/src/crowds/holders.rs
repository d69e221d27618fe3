//! Sessions that hold something and do nothing, and sessions that wait: neither may keep others from being served, nor the holder from letting go.
//!
//! 1. Many sessions rest within transactions: another client is served as before.
//! 2. All of them wait for one row: its holder commits, and each in turn goes on.
//! 3. Cancel and terminate reach a session that runs, one that waits for a lock, one that waits for its turn behind many that run, one that rests and one that rests within
//!    a transaction; a cancel of one that rests hits nothing later.

use super::arena::{Arena, PATIENCE};
use crate::load::ask;
use crate::{Plan, Summary};
use std::time::{Duration, Instant};
use testkit::{Client, Crowd, Latencies, Reply, wire};

/// Sessions that hold and wait unless the command line says otherwise.
const HOLDERS: usize = 64;
/// Runs for a long time, on a processor.
const LONG: &str = "select count(*) from generate_series(1, 1000000000)";
/// Runs for some tenths of a second.
const WORK: &str = "select count(*) from generate_series(1, 1000000)";

/// Plays so many rounds.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let holders = plan.clients.unwrap_or(HOLDERS);
    Arena::run(plan, ("holders", trials), holders, &[], |arena| {
        let mut counts = Counts::default();
        for _ in 0..trials {
            arena.wait_for_sessions(0)?;
            ask(&mut arena.client()?, "drop table if exists held")?;
            ask(&mut arena.client()?, "create table held as select 0 as n")?;
            // Each step needs the places of the one before, and who has left may still be on its way out.
            rest_in_transactions(arena, holders, &mut counts)?;
            arena.wait_for_sessions(0)?;
            wait_for_a_row(arena, holders, &mut counts)?;
            for state in STATES {
                arena.wait_for_sessions(0)?;
                state.end(arena, holders, &mut counts).map_err(|why| format!("{state:?}: {why}"))?;
            }
        }
        println!(
            "\na newcomer beside transactions at rest: {}\nall have had the row after: {}",
            counts.newcomers, counts.turns
        );
        println!("cancel: {}\nterminate: {}\n", counts.cancels, counts.terminations);
        let us = |times: &Latencies| times.worst().as_micros() as u64;
        Ok(Summary {
            trials,
            counts: vec![
                ("sessions", holders as u64),
                ("us at worst for a newcomer and its first answer", us(&counts.newcomers)),
                ("us at worst until all waiters have had the row", us(&counts.turns)),
                ("us at worst from cancel to error", us(&counts.cancels)),
                ("us at worst from terminate to error", us(&counts.terminations)),
            ],
        })
    })
}

#[derive(Default)]
struct Counts {
    newcomers: Latencies,
    turns: Latencies,
    cancels: Latencies,
    terminations: Latencies,
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}

/// Errors: one of the replies is one.
fn all_fine(replies: &[Reply]) -> Result<(), String> {
    match replies.iter().find(|reply| reply.code() != "") {
        Some(reply) => Err(format!("{:?}", reply.error)),
        None => Ok(()),
    }
}

fn rest_in_transactions(arena: &Arena, holders: usize, counts: &mut Counts) -> Result<(), String> {
    let mut crowd = Crowd::new().map_err(told)?;
    let numbers = crowd.gather(&arena.address, holders, PATIENCE)?;
    all_fine(&crowd.chorus(&numbers, |_| "begin; select n from held".to_owned(), PATIENCE)?)?;
    let begin = Instant::now();
    ask(&mut arena.client()?, "select 1")?;
    counts.newcomers.add(begin.elapsed());
    all_fine(&crowd.chorus(&numbers, |_| "commit".to_owned(), PATIENCE)?)
}

fn wait_for_a_row(arena: &Arena, holders: usize, counts: &mut Counts) -> Result<(), String> {
    let mut crowd = Crowd::new().map_err(told)?;
    let numbers = crowd.gather(&arena.address, holders + 1, PATIENCE)?;
    let (holder, waiters) = numbers.split_last().expect("there is one");
    all_fine(&crowd.chorus(&[*holder], |_| "begin; update held set n = 1".to_owned(), PATIENCE)?)?;
    waiters.iter().try_for_each(|&link| crowd.query(link, "update held set n = n + 1")).map_err(told)?;
    wait_for_locks(arena, holders)?;
    let begin = Instant::now();
    crowd.query(*holder, "commit").map_err(told)?;
    let (mut missing, mut news) = (numbers.len(), Vec::new());
    while missing > 0 {
        crowd.wait(&mut news, PATIENCE).map_err(told)?;
        if news.is_empty() {
            return Err(format!("{missing} of those who wait for a row still do"));
        }
        for &link in &news {
            if let Some(reply) = crowd[link].reply() {
                all_fine(&[reply])?;
                missing -= 1;
            }
        }
    }
    counts.turns.add(begin.elapsed());
    let (wanted, got) = (holders as u64 + 1, super::arena::value(&mut arena.client()?, "select n from held")?);
    if got != wanted.to_string() {
        return Err(format!("the row was changed {got} times and not {wanted}"));
    }
    Ok(())
}

/// Waits until so many sessions wait for locks.
fn wait_for_locks(arena: &Arena, count: usize) -> Result<(), String> {
    wait_until(arena, "select count(*) from pg_stat_activity where wait_event_type = 'Lock'", count)
}

/// Waits until a query gives at least this number.
fn wait_until(arena: &Arena, sql: &str, count: usize) -> Result<(), String> {
    let (mut client, begin) = (arena.client()?, Instant::now());
    loop {
        let there: usize = super::arena::value(&mut client, sql)?.parse().map_err(|_| "no number")?;
        if there >= count {
            return Ok(());
        }
        if begin.elapsed() > PATIENCE {
            return Err(format!("{there} and not {count}: {sql}"));
        }
        crate::load::pause(Duration::from_millis(2));
    }
}

/// What a session is at when it is cancelled or terminated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Running,
    Sleeping,
    WaitingForLock,
    /// Behind as many that run as there are sessions.
    Queued,
    Resting,
    RestingInTransaction,
}

const STATES: [State; 6] = [
    State::Running,
    State::Sleeping,
    State::WaitingForLock,
    State::Queued,
    State::Resting,
    State::RestingInTransaction,
];

impl State {
    /// What the victim is asked before.
    fn statement(self) -> &'static str {
        match self {
            State::Running | State::Queued => LONG,
            State::Sleeping => "select pg_sleep(600)",
            State::WaitingForLock => "update held set n = 0",
            State::Resting => "select 1",
            State::RestingInTransaction => "begin; lock table held",
        }
    }

    fn is_at_rest(self) -> bool {
        matches!(self, State::Resting | State::RestingInTransaction)
    }

    /// Cancels one session in this state, and terminates another.
    fn end(self, arena: &Arena, holders: usize, counts: &mut Counts) -> Result<(), String> {
        let mut holder = arena.client()?;
        if self == State::WaitingForLock {
            ask(&mut holder, "begin; update held set n = 0")?;
        }
        let mut others = Crowd::new().map_err(told)?;
        if self == State::Queued {
            let numbers = others.gather(&arena.address, holders, PATIENCE)?;
            numbers.iter().try_for_each(|&link| others.query(link, WORK)).map_err(told)?;
        }
        let time = self.cancel(arena)?;
        counts.cancels.add(time);
        let time = self.terminate(arena)?;
        counts.terminations.add(time);
        // Nothing that it held is held.
        drop((holder, others));
        ask(&mut arena.client()?, "update held set n = 0").map(drop)
    }

    /// A session that is in this state.
    fn victim(self, arena: &Arena) -> Result<Client, String> {
        let mut victim = arena.client()?;
        let process = victim.key.0;
        victim.send(self.statement()).map_err(told)?;
        let count =
            |condition: &str| format!("select count(*) from pg_stat_activity where pid = {process} and {condition}");
        match self {
            State::Resting | State::RestingInTransaction => {
                victim.receive_within(PATIENCE).map_err(told)?.ok_or("no answer")?;
            }
            State::WaitingForLock => wait_until(arena, &count("wait_event_type = 'Lock'"), 1)?,
            State::Running | State::Sleeping => wait_until(arena, &count("state = 'active'"), 1)?,
            // It is not known when it runs.
            State::Queued => {}
        }
        Ok(victim)
    }

    /// The time from the request to the error; of one at rest, to the end of the request.
    fn cancel(self, arena: &Arena) -> Result<Duration, String> {
        let mut victim = self.victim(arena)?;
        let begin = Instant::now();
        loop {
            let mut crowd = Crowd::new().map_err(told)?;
            let link = crowd.open(&arena.address).map_err(told)?;
            crowd.send(link, &wire::cancel(victim.key)).map_err(told)?;
            let mut news = Vec::new();
            while !crowd[link].is_closed() {
                crowd.wait(&mut news, PATIENCE).map_err(told)?;
                if news.is_empty() {
                    return Err("a cancel request is not taken".to_owned());
                }
            }
            if self.is_at_rest() {
                let time = begin.elapsed();
                ask(&mut victim, "select 2")?;
                return Ok(time);
            }
            // A request that comes before the statement hits nothing.
            let wait = if self == State::Queued { Duration::from_millis(500) } else { PATIENCE };
            match victim.receive_within(wait).map_err(told)? {
                Some(reply) if reply.code() == "57014" => return Ok(begin.elapsed()),
                Some(reply) => return Err(format!("cancelled, and it said {reply:?}")),
                None if begin.elapsed() > PATIENCE => return Err("a cancel request has no effect".to_owned()),
                None => {}
            }
        }
    }

    fn terminate(self, arena: &Arena) -> Result<Duration, String> {
        let mut victim = self.victim(arena)?;
        let (begin, process) = (Instant::now(), victim.key.0);
        ask(&mut arena.client()?, &format!("select pg_terminate_backend({process})"))?;
        match victim.receive_within(PATIENCE).map_err(told)? {
            Some(reply) if reply.code() == "57P01" => Ok(begin.elapsed()),
            reply => Err(format!("terminated, and it said {reply:?}")),
        }
    }
}
