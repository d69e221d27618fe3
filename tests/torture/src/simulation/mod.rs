//! `cargo torture simulation`: whole servers with SQL on a simulated disk.
//!
//! 1. [`machine`] makes a cluster once, as initdb does, and starts servers on copies of its disk. They have no threads.
//! 2. [`life`] lets sessions and roles of such a server take turns, a statement or a round at a time; [`actions`] makes the statements; [`model`]
//!    knows what each leads to, and so what may be found after a crash.
//! 3. [`trial`] lets a disk fail in one of many ways, life after life, and has [`observe`] look at what is there after each start.
//!
//! Everything that chance decides follows from the seed: there is no second thread that runs, and no clock but the simulated one.

pub mod actions;
pub mod client;
pub mod life;
pub mod machine;
pub mod model;
pub mod observe;
mod redo;
pub mod trial;

use crate::Summary;
use base::Oid;
use host::SimHost;
use std::sync::atomic::{AtomicU64, Ordering};
use trial::Style;

/// Sessions of a server.
pub const SESSIONS: usize = 3;
/// The database of each session.
pub const DATABASES: [Oid; SESSIONS] = [Oid(5), Oid(5), machine::SECOND_DATABASE];

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Turns of sessions and roles.
    pub steps: u64,
    /// Statements.
    pub statements: u64,
    /// Blocks that were committed and changed something.
    pub commits: u64,
    /// Blocks that were prepared.
    pub prepared: u64,
    /// Checkpoints.
    pub checkpoints: u64,
    /// Starts that came to serve.
    pub lives: u64,
    /// Ends of lives or of recoveries by a crash.
    pub crashes: u64,
    /// Of these by the server itself.
    pub panics: u64,
    /// Statements and rounds that failed because the disk did.
    pub errors: u64,
    /// Tables and catalogs that were read whole with their indexes.
    pub checked: u64,
    /// Each step is told on standard error.
    pub speaks: bool,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        let pairs = [
            (&mut self.steps, other.steps),
            (&mut self.statements, other.statements),
            (&mut self.commits, other.commits),
            (&mut self.prepared, other.prepared),
            (&mut self.checkpoints, other.checkpoints),
            (&mut self.lives, other.lives),
            (&mut self.crashes, other.crashes),
            (&mut self.panics, other.panics),
            (&mut self.errors, other.errors),
            (&mut self.checked, other.checked),
        ];
        pairs.into_iter().for_each(|(sum, count)| *sum += count);
    }
}

/// The campaign: seed after seed, on as many threads as there are processors. A seed's run does not depend on them.
///
/// Errors: the first seed that failed, and how to see it again.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let cluster = machine::make_cluster().map_err(|error| format!("making the cluster: {error:?}"))?;
    let counts = run_seeds(&cluster, (seed, trials), Style::Usual)?;
    let counts = vec![
        ("starts", counts.lives),
        ("crashes", counts.crashes),
        ("statements", counts.statements),
        ("blocks committed", counts.commits),
        ("blocks prepared", counts.prepared),
        ("checkpoints", counts.checkpoints),
        ("PANICs", counts.panics),
        ("clear errors", counts.errors),
        ("tables checked", counts.checked),
    ];
    Ok(Summary { trials, counts })
}

fn run_seeds(cluster: &SimHost, (first, trials): (u64, u64), style: Style) -> Result<Counts, String> {
    let next = AtomicU64::new(first);
    let workers = std::thread::available_parallelism().map_or(1, |count| count.get() as u64).min(trials);
    let outcomes = std::thread::scope(|scope| {
        let work = || work(cluster, style, (&next, first + trials, trials == 1));
        let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().expect("trials catch panics")).collect::<Vec<_>>()
    });
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for (part, failure) in outcomes {
        counts.add(&part);
        failures.extend(failure);
    }
    failures.sort();
    match failures.into_iter().next() {
        None => Ok(counts),
        Some((seed, why)) => {
            Err(format!("seed {seed}: {why}\n  again: cargo torture --trials 1 --seed {seed} simulation"))
        }
    }
}

/// One thread's part: takes seeds until there are none or one fails.
fn work(
    cluster: &SimHost,
    style: Style,
    (next, end, speaks): (&AtomicU64, u64, bool),
) -> (Counts, Option<(u64, String)>) {
    let mut counts = Counts::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return (counts, None);
        }
        // One that is run for itself is run to be looked at.
        let mut own = Counts { speaks, ..Counts::default() };
        let outcome = trial::run(cluster, seed, style, &mut own);
        counts.add(&own);
        if let Err(why) = outcome {
            next.store(end, Ordering::Relaxed);
            return (counts, Some((seed, why)));
        }
    }
}

#[cfg(test)]
mod tests;
