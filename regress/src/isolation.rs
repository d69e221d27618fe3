//! Isolation specs: sessions whose steps run in given orders, so that each anomaly is tried on purpose.
//!
//! The spec format and the printed form are those of PostgreSQL's isolation tester, so that its specs run here and ours there.
//!
//! 1. [`spec`] reads a file into sessions, steps and permutations.
//! 2. [`run`] plays each permutation: a step that blocks is printed as `<waiting ...>`, and as `<... completed>` later.
//! 3. [`mod@print`] writes result tables.

mod print;
mod run;
mod spec;

use crate::compare::{self, Tally};
use crate::options::Options;
use crate::{Server, schedule};
use std::fs;

/// Runs the specs of the schedule, or those named.
pub fn run_all(options: &Options, server: &mut Server, tally: &mut Tally) -> Result<(), String> {
    fs::create_dir_all(&options.output).map_err(|error| format!("{}: {error}", options.output.display()))?;
    run::make_database(server)?;
    for name in names(options)? {
        let path = options.suite.join("specs").join(format!("{name}.spec"));
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let output = match spec::parse(&text) {
            Ok(spec) => run::run(&name, &spec, server),
            Err(message) => format!("{name}.spec: {message}\n"),
        };
        let result = options.output.join(format!("{name}.out"));
        fs::write(&result, output).map_err(|error| format!("{}: {error}", result.display()))?;
        compare::judge(options, &name, &result, tally)?;
        server.ensure_running();
    }
    Ok(())
}

fn names(options: &Options) -> Result<Vec<String>, String> {
    if !options.names.is_empty() {
        return Ok(options.names.clone());
    }
    let file = options.suite.join("isolation_schedule");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(schedule::parse(&text).concat())
}
