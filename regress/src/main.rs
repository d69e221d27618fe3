//! The regression suite: SQL scripts through real psql, and isolation specs through sessions of our own.
//!
//! 1. A temporary cluster is made and started ([`testkit::Cluster`]), or an existing server is named by `--server HOST:PORT` (a
//!    socket folder and a port): that is how expected output is checked against PostgreSQL.
//! 2. [`schedule`] says which scripts run side by side; each group's scripts are given to psql at once ([`script`]).
//! 3. Isolation specs run one after the other ([`isolation`]).
//! 4. Output is compared with `expected/` line by line; differences go to the output folder ([`compare`]).
//! 5. What is known not to work yet stands in the file `skip` with its reason ([`skip`]): it runs, and must fail.
//!
//! `--suite DIR` runs another folder of the same shape: PostgreSQL's own `src/test/regress` or `src/test/isolation`.
#![forbid(unsafe_code)]

mod compare;
mod isolation;
mod options;
mod schedule;
mod script;
mod skip;

use options::Options;
use std::process::ExitCode;
use testkit::Cluster;

/// Where the scripts run.
pub struct Server {
    folder: std::path::PathBuf,
    port: u16,
    /// The database that scripts run in.
    database: &'static str,
    /// The temporary cluster, if it is ours.
    cluster: Option<Cluster>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("regress: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what was asked for; the number of tests that failed.
fn run(options: &Options) -> Result<usize, String> {
    let mut server = start(options);
    let mut tally = compare::Tally::new(skip::read(&options.suite)?);
    let is_isolation = options.suite.join("specs").is_dir();
    if options.suite.join("sql").is_dir() {
        script::run_all(options, &mut server, &mut tally)?;
    }
    if is_isolation {
        isolation::run_all(options, &mut server, &mut tally)?;
    }
    if let Some(cluster) = &mut server.cluster
        && cluster.is_running()
    {
        cluster.stop();
    }
    println!("{} passed, {} failed, {} skipped", tally.passed, tally.failed, tally.skipped);
    Ok(tally.failed)
}

fn start(options: &Options) -> Server {
    if let Some((folder, port)) = &options.server {
        return Server { folder: folder.clone(), port: *port, database: "postgres", cluster: None };
    }
    let mut cluster = Cluster::new();
    // What the scripts count is theirs: autovacuum does not come in between.
    let settings =
        [("max_connections", "40"), ("max_prepared_transactions", "2"), ("fsync", "off"), ("autovacuum_naptime", "1d")];
    for (name, value) in settings {
        cluster.set(name, value);
    }
    cluster.start();
    Server {
        folder: cluster.folder().to_path_buf(),
        port: cluster.port(),
        database: "postgres",
        cluster: Some(cluster),
    }
}

impl Server {
    /// Starts a server that a script brought down, so that the other scripts get their turn; false if it could not be.
    fn ensure_running(&mut self) {
        let Some(cluster) = &mut self.cluster else { return };
        if !cluster.is_running() {
            println!("# the server ended; starting it again");
            cluster.wait();
            cluster.start();
        }
    }
}
