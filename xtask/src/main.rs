//! The project's own commands: `cargo up`, `cargo verify`, `cargo tidy`, `cargo models`, `cargo versus`.
#![forbid(unsafe_code)]

mod command;
mod models;
mod tidy;
mod up;
mod verify;
mod versus;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  up        build, make a cluster in ./data if there is none, start its server: --data, --port, --foreground
  verify    format, lints, docs, tidy, all tests, the regression suite: what the gate runs
  tidy      the style rules that a program can check
  rows      initdb/rows.bki anew, from the SQL of initdb/rows/sql
  models    the concurrency protocols under loom and shuttle: --factor N, --seed N, names of crates
  versus    each workload against PostgreSQL on this machine: --scale N, --seconds N, --rounds N, names of workloads";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("", &[][..]),
    };
    let outcome = match name {
        "up" => up::run(rest),
        "verify" => verify::run(rest),
        "tidy" => tidy::run(),
        "rows" => command::cargo(&["run", "--quiet", "--profile", "fast", "-p", "initdb_rows"]),
        "models" => models::run(rest),
        "versus" => versus::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
