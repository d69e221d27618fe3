//! What the initdb program does: makes a database cluster.
//!
//! 1. Reads the command line (`options`) and looks around: user, locale and encoding (`locale`), time zone and limits
//!    of the machine (`probe`).
//! 2. Makes the directory tree (`directory`) and the settings files (`settings`).
//! 3. Starts the `postmaster` next to itself (`server`) with `--boot`, which reads the bootstrap script from its
//!    standard input and makes template1's catalogs, system views, information_schema and statistics included: their rows
//!    are computed by crate `initdb_rows` when the project changes and are part of the script (`script`). A password is set by a
//!    second run, with `--single`. template0 and postgres get the same files.
//! 4. Forces everything to disk (`sync`).
//!
//! Whatever goes wrong on the way, signals included, the directories that were made are removed again (`cleanup`).
//! Everything it needs is inside the two programs: there is no share directory.
#![forbid(unsafe_code)]

mod cleanup;
mod directory;
mod failure;
mod locale;
mod options;
mod output;
mod password;
mod probe;
pub mod script;
mod server;
mod settings;
mod steps;
mod sync;
mod user;

pub use directory::{COPIES, SUBDIRECTORIES, VERSION_FILE};
pub use locale::{Encoding, Locales, UTF8};

use output::{announce, say};
use std::process::ExitCode;

/// The program: the command line with the program's own name in front.
pub fn main(arguments: &[String]) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), failure::Failure> {
    match options::parse(&arguments[1..])? {
        options::Wanted::Help => {
            announce(options::HELP);
            Ok(())
        }
        options::Wanted::Version => {
            say!("{}", options::VERSION);
            Ok(())
        }
        options::Wanted::Sync(directory) => steps::sync_only(directory),
        options::Wanted::Cluster(options) => steps::make_cluster(&options, &arguments[0]),
    }
}
