//! `cargo verify`: everything the gate runs, in the order in which mistakes are cheapest to find.

use crate::command::{Outcome, cargo, execute, is_installed};
use crate::tidy;

/// Debian packages that the tests need, each with a program that tells whether it is there.
const PACKAGES: [(&str, &str); 2] = [("psql", "postgresql-client-15"), ("pg_isready", "postgresql-client-15")];

/// Runs all checks. `--quick` leaves out the whole-server tests.
pub fn run(arguments: &[String]) -> Outcome {
    let is_quick = arguments.iter().any(|a| a == "--quick");
    cargo(&["fmt", "--all", "--check"])?;
    tidy::run()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    document()?;
    cargo(&["test", "--workspace", "--quiet"])?;
    if is_quick {
        return Ok(());
    }
    install_packages()?;
    println!("verify: all checks passed");
    Ok(())
}

fn document() -> Outcome {
    let status = std::process::Command::new("cargo")
        .args(["doc", "--workspace", "--no-deps", "--quiet", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .current_dir(crate::command::root())
        .status()
        .map_err(|error| format!("could not run cargo doc: {error}"))?;
    if status.success() { Ok(()) } else { Err("cargo doc failed".to_owned()) }
}

/// Installs what is missing: by apt-get as root, through sudo if there is one, else says what to type.
fn install_packages() -> Outcome {
    let missing: Vec<&str> = PACKAGES.iter().filter(|(program, _)| !is_installed(program)).map(|(_, p)| *p).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut install = vec!["apt-get", "install", "-y", "--no-install-recommends"];
    install.extend(missing);
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    match (is_root, is_installed("sudo")) {
        (true, _) => {
            execute("apt-get", &["update", "-q"])?;
            execute(install[0], &install[1..])
        }
        (false, true) => execute("sudo", &install),
        (false, false) => Err(format!("the tests need programs that are not installed; run: {}", install.join(" "))),
    }
}
