//! `cargo up`: builds the release programs and hands over to `woolly up`.

use crate::command::{Outcome, cargo, root};
use std::path::PathBuf;
use std::process::Command;

/// Builds and comes up. `arguments` are those of `woolly up`: --data, --port, --foreground.
pub fn run(arguments: &[String]) -> Outcome {
    cargo(&["build", "--release", "--quiet", "-p", "postmaster", "-p", "initdb", "-p", "woolly"])?;
    let program = target_directory().join("release/woolly");
    // `cargo up` is called from anywhere in the clone; relative paths are meant from there.
    let status = Command::new(&program)
        .arg("up")
        .args(arguments)
        .status()
        .map_err(|error| format!("could not run {}: {error}", program.display()))?;
    match status.success() {
        true => Ok(()),
        false => Err("the server did not come up".to_owned()),
    }
}

fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
