//! What campaigns with real servers share: trials by cluster; one that goes wrong keeps its cluster and says how to see it again.

use base::Prng;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use testkit::Cluster;

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
