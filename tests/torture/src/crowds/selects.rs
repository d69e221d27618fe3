//! Throughput and fairness as sessions grow: pgbench's select-only statement, prepared, on 10 to 10,000 sessions at once. More sessions than threads must not
//! cost throughput, and nobody must be forgotten. Beside each figure stands that of a server that knows nothing: so much the sessions cost the client and the
//! system alone.

use super::arena::Arena;
use crate::{Plan, Summary};
use std::cell::Cell;
use std::time::Duration;
use testkit::ceiling::Ceiling;
use testkit::latencies::ms;
use testkit::pump::{self, Flow};
use testkit::usage::{self, Usage};

/// The numbers of sessions; the greatest can be set.
const SESSIONS: [usize; 5] = [10, 100, 1000, 5000, 10_000];
/// Threads of the client: as many as pgbench has in `cargo versus`.
const THREADS: usize = 2;
/// The ceiling is measured for so long at most.
const CEILING_TIME: Duration = Duration::from_secs(10);
/// Where it listens, in a folder of its own.
const CEILING_PORT: u16 = 5432;
/// Descriptors that the campaign has open besides those of sessions.
const SPARE_DESCRIPTORS: u64 = 100;
/// Accounts, in units of 100,000.
const SCALE: u32 = 10;

/// Runs each number of sessions for so many seconds.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let most = plan.clients.unwrap_or(SESSIONS[SESSIONS.len() - 1]);
    let counts: Vec<usize> = SESSIONS.into_iter().filter(|count| *count < most).chain([most]).collect();
    let settings = [("shared_buffers", "512MB")];
    Arena::run(plan, ("crowd-select", trials), most, &settings, |arena| {
        arena.fill_accounts(SCALE)?;
        println!(
            "\n| sessions | tps | ceiling | p50 | p99 | worst | answers of a session | resident MB | threads | descriptors |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        let mut rates = Vec::new();
        for &count in &counts {
            let time = Duration::from_secs(trials);
            let (flow, usage) = measure(arena, count, time)?;
            let ceiling = ceiling(count, time.min(CEILING_TIME))?;
            print(count, &flow, ceiling, usage);
            rates.push((flow.rate() as u64, flow.latencies.count()));
        }
        println!();
        Ok(summary(&counts, &rates))
    })
}

fn measure(arena: &Arena, count: usize, time: Duration) -> Result<(Flow, Usage), String> {
    let usage = Cell::new(Usage::default());
    let look = || usage.set(arena.usage());
    let flow = pump::run_in_threads(&arena.address, (count, THREADS), SCALE, time, look)
        .map_err(|why| format!("{count} sessions: {why}"))?;
    arena.wait_for_sessions(0)?;
    Ok((flow, usage.get()))
}

/// The rate of a server that knows nothing, with as many threads as there are processors. `None` if this process may not open the descriptors of both ends.
fn ceiling(count: usize, time: Duration) -> Result<Option<f64>, String> {
    if 2 * count as u64 + SPARE_DESCRIPTORS > usage::raise_descriptor_limit() {
        return Ok(None);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let ceiling = Ceiling::start(threads, CEILING_PORT).map_err(|error| error.to_string())?;
    let flow = pump::run_in_threads(&ceiling.address(), (count, THREADS), SCALE, time, || {});
    flow.map(|flow| Some(flow.rate())).map_err(|why| format!("the ceiling, {count} sessions: {why}"))
}

fn print(count: usize, flow: &Flow, ceiling: Option<f64>, usage: Usage) {
    let ceiling = ceiling.map_or("-".to_owned(), |rate| format!("{rate:.0}"));
    let Flow { latencies, extremes: (least, greatest), .. } = flow;
    let [half, most] = [0.5, 0.99].map(|share| ms(latencies.quantile(share)));
    println!(
        "| {count} | {:.0} | {ceiling} | {half} ms | {most} ms | {} ms | {least} to {greatest} | {} | {} | {} |",
        flow.rate(),
        ms(latencies.worst()),
        usage.proportional_kb / 1024,
        usage.threads,
        usage.descriptors
    );
}

fn summary(counts: &[usize], rates: &[(u64, u64)]) -> Summary {
    let best = rates.iter().map(|(rate, _)| *rate).max().unwrap_or(0).max(1);
    let (rate, _) = rates[rates.len() - 1];
    let answers = rates.iter().map(|(_, answers)| answers).sum();
    let counts = vec![
        ("sessions at most", counts[counts.len() - 1] as u64),
        ("answers a second of them", rate),
        ("per cent of the best number of sessions", rate * 100 / best),
    ];
    Summary { trials: answers, counts }
}
