//! One role floods the server with clients that never pause; another role's only client asks small questions. Its 99th percentile beside that of an idle server
//! says whether the pool shares between roles or between sessions.
//!
//! It is to say what the pool does, not who gets a processor: the server has one half of them and the clients have the other, as if they were on two
//! machines.

use super::arena::Arena;
use super::calm;
use crate::load::pause;
use crate::{Plan, Summary};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use testkit::Address;
use testkit::latencies::ms;
use testkit::processors::Halves;
use testkit::pump::{Flow, Pump, SELECT_ACCOUNT, select_account};

/// Clients of the role that floods unless the command line says otherwise.
const FLOOD: usize = 1000;

/// Measures for so many seconds on an idle server, and for as many under the flood.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    // In a thread of its own, which is bound to processors and takes that with it.
    std::thread::scope(|scope| scope.spawn(|| measure(trials, plan)).join())
        .unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn measure(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let (clients, time) = (plan.clients.unwrap_or(FLOOD), Duration::from_secs(trials));
    let halves = Halves::new();
    // The server that is started from here runs where this thread does.
    halves.iter().for_each(Halves::go_to_server);
    Arena::run(plan, ("fairness", trials), clients, &[], |arena| {
        halves.iter().for_each(Halves::go_to_clients);
        arena.fill_accounts(1)?;
        calm::create_role(arena, "flood")?;
        calm::create_role(arena, "quiet")?;
        crate::load::ask(&mut arena.client()?, "grant select on pgbench_accounts to flood")?;
        let quiet = arena.address.of_role("quiet");
        let idle = calm::alone(&quiet, 1, time)?;
        let flood = Pump::new(&arena.address.of_role("flood"), clients, SELECT_ACCOUNT)?;
        let (felt, flooded) = under(flood, &quiet, time)?;
        println!("\nquiet client on an idle server: {}\nbeside {clients} clients: {}", idle.latencies, felt.latencies);
        println!("flood: {:.0} answers a second, {}\n", flooded.rate(), flooded.latencies);
        Ok(summary(clients, &idle, &felt, &flooded))
    })
}

/// What a quiet client feels while the others do what they can, and what these do.
fn under(mut flood: Pump, quiet: &Address, time: Duration) -> Result<(Flow, Flow), String> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let flooding = scope.spawn(|| flood.run(select_account(1, 0), || is_over.load(Ordering::Relaxed)));
        let felt = calm::beside(quiet, 1, || {
            pause(time);
            Ok(())
        });
        is_over.store(true, Ordering::Relaxed);
        let flooded = flooding.join().map_err(|_| "a client panicked".to_owned())?;
        Ok((felt?.0, flooded.map_err(|why| format!("the flood: {why}"))?))
    })
}

fn summary(clients: usize, idle: &Flow, felt: &Flow, flooded: &Flow) -> Summary {
    let [before, beside] = [idle, felt].map(|flow| flow.latencies.quantile(0.99));
    println!("p99 {} ms and {} ms", ms(before), ms(beside));
    let counts = vec![
        ("clients in the flood", clients as u64),
        ("answers a second of the flood", flooded.rate() as u64),
        ("us p99 of the quiet client on an idle server", before.as_micros() as u64),
        ("us under the flood", beside.as_micros() as u64),
    ];
    Summary { trials: felt.latencies.count(), counts }
}
