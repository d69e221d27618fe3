//! `cargo versus`: builds the release programs and runs the comparison with PostgreSQL (tests/bench).

use crate::command::{Outcome, cargo, cargo_with, target_directory};

/// Runs it with the arguments given.
pub fn run(arguments: &[String]) -> Outcome {
    cargo(&["build", "--release", "-p", "postmaster", "-p", "initdb", "-p", "bench"])?;
    let programs = target_directory().join("release");
    let programs = programs.to_str().ok_or("the target directory's name is not UTF-8")?;
    let mut command = vec!["run", "--quiet", "--release", "-p", "bench", "--"];
    command.extend(arguments.iter().map(String::as_str));
    cargo_with(&command, &[("WOOLLY_BIN", programs)])
}
