//! What four running sessions feel while many clients log in at once, while others say nothing or half a startup packet, and while others ask for much and do
//! not read it. Silent and half-open clients are shown the door after `authentication_timeout`; none of all these may cost a thread of its own in a pool.

use super::arena::{Arena, PATIENCE};
use super::calm;
use crate::load::pause;
use crate::{Plan, Summary};
use std::time::{Duration, Instant};
use testkit::crowd::Address;
use testkit::latencies::Latencies;
use testkit::usage::Usage;
use testkit::{Crowd, wire};

/// Clients that log in at once unless the command line says otherwise.
const CLIENTS: usize = 2000;
/// Sessions that measure.
const MEASURERS: usize = 4;
/// Clients that say nothing, and as many that say half of a startup packet: one in so many of those that log in.
const SILENT_PART: usize = 4;
/// Clients that do not read: one in so many.
const DEAF_PART: usize = 10;
/// What they ask for: 50 MB.
const MUCH: &str = "select repeat('x', 1000) from generate_series(1, 50000)";
/// How long a client may take to log in.
const AUTHENTICATION_TIMEOUT: (&str, &str) = ("authentication_timeout", "5s");

/// Measures for so many seconds each.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let (clients, time) = (plan.clients.unwrap_or(CLIENTS), Duration::from_secs(trials));
    // Who has left may still be there while the same client logs in again.
    Arena::run(plan, ("storm", trials), 4 * clients, &[AUTHENTICATION_TIMEOUT], |arena| {
        let before = arena.usage();
        let idle = calm::alone(&arena.address, MEASURERS, time)?;
        let (in_storm, logins) = calm::beside(&arena.address, MEASURERS, || log_in(&arena.address, clients, time))?;
        arena.wait_for_sessions(0)?;
        let (beside_silent, silent) = calm::beside(&arena.address, MEASURERS, || keep_silent(arena, clients, time))?;
        let (beside_deaf, deaf) = calm::beside(&arena.address, MEASURERS, || be_deaf(arena, clients, time))?;
        let after = arena.usage_at_rest()?;
        println!("\n| beside | four sessions feel | threads | resident MB |\n|---|---|---|---|");
        println!("| nobody | {} | {} | {} |", idle.latencies, before.threads, before.proportional_kb / 1024);
        println!("| log-ins: {:.0} a second, {} | {} | | |", logins.1, logins.0, in_storm.latencies);
        print("silent and half-open clients", &beside_silent.latencies, silent);
        print("clients that do not read", &beside_deaf.latencies, deaf);
        println!("| nobody, afterwards | | {} | {} |\n", after.threads, after.proportional_kb / 1024);
        let p99 = |latencies: &Latencies| latencies.quantile(0.99).as_micros() as u64;
        let counts = vec![
            ("us p99 of a session on an idle server", p99(&idle.latencies)),
            ("us beside log-ins", p99(&in_storm.latencies)),
            ("us beside silent clients", p99(&beside_silent.latencies)),
            ("us beside clients that do not read", p99(&beside_deaf.latencies)),
            ("threads beside silent clients", silent.threads),
            ("threads beside clients that do not read", deaf.threads),
        ];
        Ok(Summary { trials: logins.0.count(), counts })
    })
}

fn print(beside: &str, latencies: &Latencies, usage: Usage) {
    println!("| {beside} | {latencies} | {} | {} |", usage.threads, usage.proportional_kb / 1024);
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}

/// Has all clients log in, leave and log in again. How long it took them, and how many did in a second.
fn log_in(address: &Address, clients: usize, time: Duration) -> Result<(Latencies, f64), String> {
    let (mut crowd, mut times, startup) = (Crowd::new().map_err(told)?, Latencies::default(), address.startup());
    let (begin, mut started, mut news) = (Instant::now(), Vec::new(), Vec::new());
    let enter = |crowd: &mut Crowd, started: &mut Vec<Instant>| {
        let now = Instant::now();
        let link = crowd.open(address)?;
        started.resize(started.len().max(link + 1), now);
        started[link] = now;
        crowd.send(link, &startup)
    };
    (0..clients).try_for_each(|_| enter(&mut crowd, &mut started)).map_err(told)?;
    let mut inside = 0;
    while begin.elapsed() < time || inside < clients as u64 {
        crowd.wait(&mut news, PATIENCE).map_err(told)?;
        if news.is_empty() {
            return Err(format!("nobody has logged in for {PATIENCE:?}"));
        }
        for &link in &news {
            match crowd[link].reply() {
                Some(reply) if reply.error.is_none() => {}
                Some(reply) => return Err(format!("a log-in: {:?}", reply.error)),
                None if crowd[link].is_closed() => return Err("a log-in was broken off".to_owned()),
                None => continue,
            }
            times.add(started[link].elapsed());
            inside += 1;
            crowd.send_with(link, wire::terminate).map_err(told)?;
            crowd.close(link);
            enter(&mut crowd, &mut started).map_err(told)?;
        }
    }
    let rate = times.count() as f64 / begin.elapsed().as_secs_f64();
    Ok((times, rate))
}

/// Has clients connect and say nothing or half of what they should. What the server uses meanwhile. Errors: they are not shown the door.
fn keep_silent(arena: &Arena, clients: usize, time: Duration) -> Result<Usage, String> {
    let (mut crowd, startup, count) = (Crowd::new().map_err(told)?, arena.address.startup(), clients / SILENT_PART);
    for _ in 0..count {
        crowd.open(&arena.address).map_err(told)?;
        let half = crowd.open(&arena.address).map_err(told)?;
        crowd.send(half, &startup[..startup.len() / 2]).map_err(told)?;
    }
    let (begin, mut closed, mut news) = (Instant::now(), 0, Vec::new());
    pause(Duration::from_secs(1));
    let usage = arena.usage();
    while closed < 2 * count {
        crowd.wait(&mut news, Duration::from_secs(1)).map_err(told)?;
        for &link in &news {
            if crowd[link].is_closed() {
                crowd.close(link);
                closed += 1;
            }
        }
        if begin.elapsed() > PATIENCE {
            return Err(format!("{} silent clients are still there after {PATIENCE:?}", 2 * count - closed));
        }
    }
    pause(time.saturating_sub(begin.elapsed()));
    Ok(usage)
}

/// Has clients ask for much and read none of it; then they go away. What the server uses meanwhile.
fn be_deaf(arena: &Arena, clients: usize, time: Duration) -> Result<Usage, String> {
    let mut crowd = Crowd::new().map_err(told)?;
    for link in crowd.gather(&arena.address, clients / DEAF_PART, PATIENCE)? {
        crowd.set_reading(link, false).map_err(told)?;
        crowd.query(link, MUCH).map_err(told)?;
    }
    pause(time);
    Ok(arena.usage())
}
