//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The outcome of a task: nothing, or what to print before failing.
pub type Outcome<T = ()> = Result<T, String>;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is in the root").to_path_buf()
}

/// Runs a program in the root; its output is ours. Fails if it does.
pub fn execute(program: &str, arguments: &[&str]) -> Outcome {
    println!("+ {program} {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
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
    execute(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()), arguments)
}

/// True if a program of this name can be started.
pub fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
