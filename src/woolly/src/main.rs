//! `woolly`: the control program. It starts, stops and asks after a server, through the files in its data directory.
//!
//! What it does not do: it speaks no protocol and reads no settings. What it knows of a server is in `postmaster.pid`
//! ([`pid_file`]); what it tells one is a signal. Messages and exit codes are those of pg_ctl: 0 done, 1 failed, and for
//! `status` 3 not running, 4 no data directory.
#![forbid(unsafe_code)]

mod commands;
mod failure;
mod launch;
mod options;
mod pid_file;
mod up;
mod wait;

use clap::Parser;
use options::{Options, Verb};
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.verb {
        Verb::Up(up) => up::run(up),
        Verb::Start(start) => commands::start(start),
        Verb::Stop(stop) => commands::stop(stop),
        Verb::Restart(restart) => commands::restart(restart),
        Verb::Reload(server) => commands::reload(server),
        Verb::Status(status) => commands::status(status),
        Verb::Check(server) => commands::check(server),
        Verb::Logrotate(server) => commands::logrotate(server),
        Verb::Promote(_) => Err(failure::Failure::new("cannot promote server; server is not in standby mode")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("woolly: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}
