//! Runs a model in the arm that was built, and says how much of it was explored.
//!
//! A model is a closure that makes its objects anew, starts threads of [`crate::thread`] and asserts. It fails if an assertion does, or if
//! all its threads wait: so "nobody waits for ever" needs no assertion.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Checks a model: by loom every order of events, by shuttle `schedules` orders by chance, half of them with few preemptions (PCT), which finds
/// what needs one thread to be late for long. `MODEL_SEED` and `MODEL_FACTOR` in the environment choose other orders, and more.
///
/// Panics: the model failed; the schedule to replay is printed.
pub fn check(name: &str, schedules: usize, model: impl Fn() + Send + Sync + 'static) {
    let (start, runs) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let counted = {
        let runs = Arc::clone(&runs);
        move || {
            runs.fetch_add(1, Ordering::Relaxed);
            model();
        }
    };
    explore(schedules, counted);
    println!("model {name}: {} {WHAT}, {:.1} s", runs.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
}

#[cfg(loom)]
const WHAT: &str = "executions (all)";

#[cfg(loom)]
fn explore(_: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Four preemptions find what more would; without a bound the models with three threads take minutes.
    builder.preemption_bound = builder.preemption_bound.or(Some(4));
    builder.check(model);
}

#[cfg(shuttle)]
const WHAT: &str = "schedules";

#[cfg(shuttle)]
fn explore(schedules: usize, model: impl Fn() + Send + Sync + 'static) {
    use shuttle::Runner;
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seed, factor) = (number("MODEL_SEED").unwrap_or(1), number("MODEL_FACTOR").unwrap_or(1) as usize);
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 18;
    let (model, half) = (Arc::new(model), (schedules * factor).div_ceil(2));
    let again = Arc::clone(&model);
    Runner::new(RandomScheduler::new_from_seed(seed, half), config.clone()).run(move || again());
    Runner::new(PctScheduler::new_from_seed(seed, 3, half), config).run(move || model());
}
