//! `cargo verify`: everything the gate runs, in the order in which mistakes are cheapest to find.

use crate::command::{Outcome, cargo, cargo_with, execute, is_installed};
use crate::{models, tidy};

/// Debian packages that the tests need, each with a program that tells whether it is there.
const PACKAGES: [(&str, &str); 3] =
    [("psql", "postgresql-client-15"), ("pg_isready", "postgresql-client-15"), ("diff", "diffutils")];

/// Where Debian keeps PostgreSQL's own programs; pgbench comes with the server's package.
const PGBENCH: &str = "/usr/lib/postgresql/15/bin/pgbench";

/// Runs all checks. `--quick` leaves out the whole-server tests.
pub fn run(arguments: &[String]) -> Outcome {
    let is_quick = arguments.iter().any(|a| a == "--quick");
    cargo(&["fmt", "--all", "--check"])?;
    tidy::run()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    document()?;
    cargo(&["test", "--workspace", "--exclude", "server_tests"])?;
    models::run(&[])?;
    if is_quick {
        return Ok(());
    }
    install_packages()?;
    cargo(&["build", "--profile", "fast", "-p", "postmaster", "-p", "initdb", "-p", "woolly"])?;
    whole_server()?;
    println!("verify: all checks passed");
    Ok(())
}

/// Tests that start real servers, and the regression suite. The programs they run are those just built.
fn whole_server() -> Outcome {
    let programs = crate::command::target_directory().join("fast");
    let programs = programs.to_str().ok_or("the target directory's name is not UTF-8")?;
    let environment = [("WOOLLY_BIN", programs)];
    cargo_with(&["test", "-p", "server_tests"], &environment)?;
    cargo_with(&["run", "--quiet", "-p", "regress"], &environment)
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
    let mut missing: Vec<&str> =
        PACKAGES.iter().filter(|(program, _)| !is_installed(program)).map(|(_, p)| *p).collect();
    if !std::path::Path::new(PGBENCH).exists() && !is_installed("pgbench") {
        missing.push("postgresql-15");
    }
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
