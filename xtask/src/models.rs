//! `cargo models`: model-checks the concurrency protocols. `docs/internals/durability.md` has the table of what is proved.

use crate::command::{Outcome, root, target_directory};
use std::process::Command;

/// A model checker: the `--cfg` that chooses it, and the crates that have models for it, in modules called `model`.
struct Arm {
    name: &'static str,
    crates: &'static [&'static str],
}

const ARMS: [Arm; 2] = [
    Arm { name: "loom", crates: &["sync", "wal", "buffer", "xact", "pool"] },
    Arm { name: "shuttle", crates: &["sync", "wal", "lock", "buffer", "xact", "pool"] },
];

/// Runs the models of the crates named, or all. `--factor N` goes through N times as many schedules, `--seed N` through others.
pub fn run(arguments: &[String]) -> Outcome {
    let mut wanted = Vec::new();
    let mut environment = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().cloned().ok_or(format!("{argument} wants a number"));
        match argument.as_str() {
            "--factor" => environment.push(("MODEL_FACTOR", number()?)),
            "--seed" => environment.push(("MODEL_SEED", number()?)),
            name if ARMS.iter().any(|arm| arm.crates.contains(&name)) => wanted.push(name),
            other => return Err(format!("no models of {other}")),
        }
    }
    ARMS.iter().try_for_each(|arm| run_arm(arm, &wanted, &environment))
}

/// Builds and runs one arm in a target directory of its own: its flags would have everything else built anew.
fn run_arm(arm: &Arm, wanted: &[&str], environment: &[(&str, String)]) -> Outcome {
    let crates: Vec<&str> =
        arm.crates.iter().copied().filter(|name| wanted.is_empty() || wanted.contains(name)).collect();
    if crates.is_empty() {
        return Ok(());
    }
    println!("+ {} models of {}", arm.name, crates.join(", "));
    let outcome = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["test", "--quiet", "--lib", "--no-fail-fast", "--target-dir"])
        .arg(target_directory().join("models").join(arm.name))
        .args(crates.iter().flat_map(|name| ["-p", name]))
        .args(["model", "--", "--nocapture"])
        .env("RUSTFLAGS", format!("--cfg {}", arm.name))
        .envs(environment.iter().map(|(name, value)| (*name, value.as_str())))
        .current_dir(root())
        .output()
        .map_err(|error| format!("could not run cargo: {error}"))?;
    let printed = String::from_utf8_lossy(&outcome.stdout);
    printed.lines().filter_map(|line| line.find("model ").map(|at| &line[at..])).for_each(|line| println!("{line}"));
    if outcome.status.success() {
        return Ok(());
    }
    // The canaries among the tests fail on purpose, so their messages are shown only when something else failed too.
    Err(format!("{printed}\n{}\nmodels: a protocol failed", String::from_utf8_lossy(&outcome.stderr)))
}
