//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The outcome of a task: nothing, or what to print before failing.
pub type Outcome<T = ()> = Result<T, String>;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is in the root").to_path_buf()
}

/// Where cargo puts what it builds.
pub fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs a program in the root; its output is ours. Fails if it does.
pub fn execute(program: &str, arguments: &[&str]) -> Outcome {
    execute_with(program, arguments, &[])
}

/// As `execute`, with additions to the environment.
pub fn execute_with(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    println!("+ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("could not run {program}: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} {} failed: {status}", arguments.join(" "))),
    }
}

/// Runs cargo, the same one that runs us.
pub fn cargo(arguments: &[&str]) -> Outcome {
    cargo_with(arguments, &[])
}

/// As `cargo`, with additions to the environment.
pub fn cargo_with(arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    execute_with(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments, environment)
}

/// True if a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
