//! The command line.

use crate::failure::Failure;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// woolly is a utility to initialize, start, stop, or control a Woolly server.
#[derive(Parser, Debug)]
#[command(name = "woolly", version, about)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Make a cluster if there is none, start its server, and say how to connect
    Up(Up),
    /// Start a server
    Start(Start),
    /// Stop a server
    Stop(Stop),
    /// Stop a server and start it with the same arguments
    Restart(Restart),
    /// Have a server read its settings again
    Reload(Server),
    /// Say whether a server is running
    Status(Status),
    /// Read a stopped cluster and say what is wrong with it
    Check(Server),
    /// Have a server begin new log files
    Logrotate(Server),
    /// Have a standby server end recovery
    Promote(Server),
}

/// Which server.
#[derive(Args, Debug, Clone, Default)]
pub struct Server {
    /// Location of the database storage area
    #[arg(short = 'D', long = "pgdata", env = "PGDATA", value_name = "DATADIR")]
    pub data: Option<PathBuf>,
    /// Print errors only
    #[arg(short, long)]
    pub silent: bool,
}

impl Server {
    /// The data directory. Errors: none is named.
    pub fn directory(&self) -> Result<PathBuf, Failure> {
        self.data.clone().filter(|d| !d.as_os_str().is_empty()).ok_or_else(|| {
            let hint = "Try \"woolly --help\" for more information.";
            Failure::new(format!("no database directory specified and environment variable PGDATA unset\n{hint}"))
        })
    }

    /// Prints, unless told to be silent.
    pub fn say(&self, text: &str) {
        if !self.silent {
            println!("{text}");
        }
    }
}

/// Whether and how long to wait.
#[derive(Args, Debug, Clone)]
pub struct Waiting {
    /// Wait until the operation completes (default)
    #[arg(short = 'w', long = "wait", overrides_with = "no_wait")]
    pub wait: bool,
    /// Do not wait until the operation completes
    #[arg(short = 'W', long = "no-wait")]
    pub no_wait: bool,
    /// Seconds to wait
    #[arg(short = 't', long = "timeout", env = "PGCTLTIMEOUT", default_value_t = 60, value_name = "SECS")]
    pub timeout_s: u64,
}

impl Waiting {
    /// How long to wait; none if not at all.
    pub fn limit(&self) -> Option<Duration> {
        (!self.no_wait).then(|| Duration::from_secs(self.timeout_s))
    }
}

/// How to start.
#[derive(Args, Debug, Clone)]
pub struct Start {
    /// Which server.
    #[command(flatten)]
    pub server: Server,
    /// Whether to wait.
    #[command(flatten)]
    pub waiting: Waiting,
    /// Write (or append) server log to FILENAME
    #[arg(short = 'l', long = "log", value_name = "FILENAME")]
    pub log: Option<PathBuf>,
    /// Command line options to pass to the server
    #[arg(short = 'o', long = "options", value_name = "OPTIONS", allow_hyphen_values = true)]
    pub options: Vec<String>,
    /// Run as the system's superuser all the same
    #[arg(long)]
    pub allow_root: bool,
}

/// How to stop.
#[derive(Args, Debug, Clone)]
pub struct Stop {
    /// Which server.
    #[command(flatten)]
    pub server: Server,
    /// Whether to wait.
    #[command(flatten)]
    pub waiting: Waiting,
    /// MODE can be "smart", "fast", or "immediate"
    #[arg(short, long, value_enum, default_value = "fast")]
    pub mode: Mode,
}

/// How to stop and start.
#[derive(Args, Debug, Clone)]
pub struct Restart {
    /// How to start.
    #[command(flatten)]
    pub start: Start,
    /// MODE can be "smart", "fast", or "immediate"
    #[arg(short, long, value_enum, default_value = "fast")]
    pub mode: Mode,
}

/// How to say whether a server is running.
#[derive(Args, Debug, Clone)]
pub struct Status {
    /// Which server.
    #[command(flatten)]
    pub server: Server,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// How to come up.
#[derive(Args, Debug, Clone)]
pub struct Up {
    /// Location of the database storage area
    #[arg(long = "data", short = 'D', default_value = "data", value_name = "DATADIR")]
    pub data: PathBuf,
    /// Port to listen on
    #[arg(long, short, default_value_t = 5432)]
    pub port: u16,
    /// Keep the server in the foreground; it ends with the terminal
    #[arg(long)]
    pub foreground: bool,
}

/// Shutdown modes.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Quit after all clients have disconnected
    #[value(alias = "s")]
    Smart,
    /// Quit directly, with proper shutdown
    #[value(alias = "f")]
    Fast,
    /// Quit without complete shutdown; leads to recovery on restart
    #[value(alias = "i")]
    Immediate,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Verb, clap::Error> {
        Options::try_parse_from(line.split_whitespace()).map(|options| options.verb)
    }

    #[test]
    fn takes_pg_ctls_switches() {
        let Ok(Verb::Stop(stop)) = parse("woolly stop -D /d -m immediate -t 5") else { panic!("it is a stop") };
        assert_eq!((stop.mode, stop.waiting.limit()), (Mode::Immediate, Some(Duration::from_secs(5))));
        let Ok(Verb::Start(start)) = parse("woolly start -D /d -W -l log -o -p5433") else { panic!("it is a start") };
        assert_eq!((start.waiting.limit(), start.options), (None, vec!["-p5433".to_owned()]));
        assert!(parse("woolly stop -m slow").is_err());
    }
}
