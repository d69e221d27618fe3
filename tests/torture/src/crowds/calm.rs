//! What a few quiet clients feel while something else goes on.

use super::arena::Arena;
use crate::load::pause;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::pump::{Flow, Pump, STATEMENT};
use testkit::wire;
use testkit::{Address, processors};

/// Has so many sessions of a role ask one small question after the other, as long as `body` runs, and gives what they felt with what it came to. They have
/// a processor whenever they want it: it is the server's doings that they are to feel.
/// Errors: those of `body`, and any that the quiet clients see.
pub fn beside<T>(
    address: &Address,
    sessions: usize,
    body: impl FnOnce() -> Result<T, String>,
) -> Result<(Flow, T), String> {
    let mut pump = Pump::new(address, sessions, "select $1::int8")?;
    let is_over = AtomicBool::new(false);
    let ask = |out: &mut Vec<u8>| wire::run_prepared(out, STATEMENT, &["42"]);
    std::thread::scope(|scope| {
        let quiet = scope.spawn(|| {
            if let Err(why) = processors::go_first() {
                println!("the quiet clients wait for a processor like others: {why}");
            }
            pump.run(ask, || is_over.load(Ordering::Relaxed))
        });
        let outcome = body();
        is_over.store(true, Ordering::Relaxed);
        let flow = quiet.join().map_err(|_| "a client panicked".to_owned())?;
        Ok((flow.map_err(|why| format!("a quiet client: {why}"))?, outcome?))
    })
}

/// What they feel when nothing else goes on.
pub fn alone(address: &Address, sessions: usize, time: Duration) -> Result<Flow, String> {
    beside(address, sessions, || {
        pause(time);
        Ok(())
    })
    .map(|(flow, ())| flow)
}

/// Makes a role that may log in.
pub fn create_role(arena: &Arena, name: &str) -> Result<(), String> {
    let mut client = arena.client()?;
    crate::load::ask(&mut client, &format!("drop role if exists {name}"))?;
    crate::load::ask(&mut client, &format!("create role {name} login")).map(drop)
}
