//! The token test: queries that carry unique values, in every form that the protocol has, while statements are cancelled, connections dropped at every moment
//! and sessions terminated. Each answer must be to the question of the session that it comes to (`ledger`); `game` has who does what.
//!
//! When all have left, the server must be as before: no session, no descriptor, no memory but for `GROWTH_KB_MAX`, and all places free.

mod game;
mod ledger;

use super::arena::{Arena, PATIENCE};
use crate::load::pause;
use crate::{Plan, Summary};
use game::Game;
use std::cmp::min;
use std::time::{Duration, Instant};
use testkit::Crowd;
use testkit::usage::Usage;

/// Clients unless the command line says otherwise.
const CLIENTS: usize = 200;
/// The part of the queries after which memory is looked at for the first time: one in so many.
const WARM_UP: u64 = 10;
/// What a server may use more after all those queries than after the first tenth of them: caches and the allocator's heaps settle.
const GROWTH_KB_MAX: u64 = 16 * 1024;
/// The pause between two looks at what a server uses.
const LOOK: Duration = Duration::from_millis(100);

/// Descriptors that the server may keep for the next waits, however many clients there were.
const SPARE_DESCRIPTORS: u64 = 4;

/// Runs so many queries.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let clients = plan.clients.unwrap_or(CLIENTS);
    Arena::run(plan, ("tokens", trials), 2 * clients, &[], |arena| {
        let mut game = Game::new(arena, clients, plan.seed)?;
        game.play(trials / WARM_UP)?;
        let before = arena.usage_at_rest()?;
        game.play(trials - trials / WARM_UP)?;
        let after = settle(arena, before)?;
        let mut summary = game.summary();
        summary.counts.push(("KB resident before", before.resident_kb));
        summary.counts.push(("KB after", after.resident_kb));
        summary.counts.push(("places taken at the end", fill(arena, 2 * clients)?));
        Ok(summary)
    })
}

/// Waits until the server is as before: it may still find out that somebody has gone. What it uses. Errors: it uses more for a long time.
fn settle(arena: &Arena, before: Usage) -> Result<Usage, String> {
    let begin = Instant::now();
    loop {
        let after = arena.usage_at_rest()?;
        match is_as_before(before, after) {
            Ok(()) => return Ok(after),
            Err(why) if begin.elapsed() > PATIENCE => return Err(why),
            Err(_) => pause(LOOK),
        }
    }
}

fn is_as_before(before: Usage, after: Usage) -> Result<(), String> {
    if after.descriptors > before.descriptors + SPARE_DESCRIPTORS {
        return Err(format!("{} descriptors were open and {} are", before.descriptors, after.descriptors));
    }
    if after.resident_kb > before.resident_kb + GROWTH_KB_MAX {
        return Err(format!("{} KB were resident and {} are", before.resident_kb, after.resident_kb));
    }
    Ok(())
}

/// Takes as many places as there are: none is lost. How many.
fn fill(arena: &Arena, most: usize) -> Result<u64, String> {
    let places: usize = arena.setting("max_connections")?.parse().map_err(|_| "no number")?;
    let count = min(most, places - 1);
    let mut crowd = Crowd::new().map_err(|error| error.to_string())?;
    let numbers = crowd.gather(&arena.address, count, PATIENCE)?;
    let replies = crowd.chorus(&numbers, |at| format!("select {at}"), PATIENCE)?;
    match replies.iter().enumerate().find(|(at, reply)| reply.code() != "" || reply.value() != at.to_string()) {
        Some((at, reply)) => Err(format!("the new session {at} was answered {reply:?}")),
        None => Ok(count as u64),
    }
}
