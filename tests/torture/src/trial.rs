//! What campaigns with real servers share: trials by cluster; one that goes wrong keeps its cluster and says how to see it again.

use base::Prng;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testkit::Cluster;

/// The pause between two looks at a server.
const LOOK: Duration = Duration::from_millis(20);

/// The seeds of a campaign, so many to a cluster.
pub fn by_cluster(trials: u64, seed: u64, most: u64) -> impl Iterator<Item = Range<u64>> {
    let end = seed + trials;
    (seed..end).step_by(most as usize).map(move |first| first..end.min(first + most))
}

/// Runs the trials with these seeds on a cluster; a panic counts as a failure. Errors: what went wrong, where the cluster is, how to repeat it.
pub fn on<T>(
    cluster: &mut Cluster,
    campaign: &str,
    seeds: &Range<u64>,
    body: impl FnOnce(&mut Cluster) -> Result<T, String>,
) -> Result<T, String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| body(cluster)));
    let why = match outcome {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(why)) => why,
        Err(panic) => panic_text(&*panic),
    };
    let kept = cluster.keep();
    Err(format!(
        "{why}\nthe cluster is kept: {}, its log is {}\nrepeat with: cargo torture --trials {} --seed {} {campaign}",
        cluster.data().display(),
        kept.join("server.log").display(),
        seeds.end - seeds.start,
        seeds.start
    ))
}

/// What a Rust panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic").to_owned()
}

/// Plays tasks that wait more than they compute, so many at the same time, the last ones first. Errors: what went wrong in which of them.
pub fn at_once<T: Sync, R: Send>(
    tasks: &[T],
    limit: usize,
    play: impl Fn(&T) -> Result<R, String> + Sync,
) -> Result<Vec<R>, String> {
    let (left, outcomes) = (AtomicUsize::new(tasks.len()), Mutex::new(Vec::new()));
    let work = || {
        while let Ok(count) = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1)) {
            let outcome = play(&tasks[count - 1]);
            outcomes.lock().expect("nobody panics with it").push((count, outcome));
        }
    };
    std::thread::scope(|scope| (0..limit.min(tasks.len())).for_each(|_| drop(scope.spawn(work))));
    let mut outcomes = outcomes.into_inner().expect("nobody panics with it");
    outcomes.sort_by_key(|(index, _)| *index);
    let wrong: Vec<&str> = outcomes.iter().filter_map(|(_, outcome)| Some(outcome.as_ref().err()?.as_str())).collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n\n"));
    }
    Ok(outcomes.into_iter().filter_map(|(_, outcome)| outcome.ok()).collect())
}

/// Waits for the end of a server that ends by itself, so long since a moment; its exit code. Errors: it does not end.
pub fn end_within(cluster: &mut Cluster, start: Instant, limit: Duration) -> Result<Option<i32>, String> {
    while cluster.is_running() {
        if start.elapsed() > limit {
            return Err(format!("the server has not ended after {} s", limit.as_secs()));
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(cluster.wait())
}

/// Watches a server that must not end yet. Errors: it does.
pub fn runs_for(cluster: &mut Cluster, time: Duration) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < time {
        if !cluster.is_running() {
            return Err(format!("the server ended after {:.1} s", start.elapsed().as_secs_f64()));
        }
        std::thread::park_timeout(LOOK);
    }
    Ok(())
}

/// Errors: something is not what it should be.
pub fn expect(what: &str, got: &str, wanted: &str) -> Result<(), String> {
    if got == wanted { Ok(()) } else { Err(format!("{what}: expected {wanted:?}, got {got:?}")) }
}

/// What `woolly check` says of a stopped cluster: exit code and output.
pub fn woolly_check(cluster: &Cluster) -> Result<(Option<i32>, String), String> {
    let mut command = std::process::Command::new(testkit::cluster::programs().join("woolly"));
    let output = command.arg("check").arg("-D").arg(cluster.data()).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((output.status.code(), said))
}

/// Has a stopped cluster checked. Errors: something is found.
pub fn check_stopped(cluster: &Cluster) -> Result<(), String> {
    match woolly_check(cluster)? {
        (Some(0), _) => Ok(()),
        (code, said) => Err(format!("woolly check ended with {code:?}: {said}")),
    }
}

/// The generator of a trial: neighbouring seeds have nothing in common.
pub fn chance(seed: u64) -> Prng {
    let mut prng = Prng::new(seed);
    prng.next_u64();
    prng
}

/// A time up to this many milliseconds.
pub fn some_ms(prng: &mut Prng, bound: u64) -> Duration {
    Duration::from_micros(prng.below(bound * 1000))
}

/// True if this process may mount file systems.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}

/// Runs a program to its end. Errors: it fails, with what it said.
pub fn program(name: &str, arguments: &[&str]) -> Result<String, String> {
    let output = std::process::Command::new(name).args(arguments).output().map_err(|e| format!("{name}: {e}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(format!("{name} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim_end())),
    }
}
