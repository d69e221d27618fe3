//! The command line, as PostgreSQL's server takes it.

use base::Oid;
use config::switches::{setting_of_flag, settings_of_switch};
use std::path::PathBuf;

/// What the program is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Serve.
    Serve,
    /// Read the bootstrap script from standard input (initdb).
    Boot {
        /// Databases that get the same files as template1.
        copies: Vec<Oid>,
    },
    /// Run statements from standard input. `newline_ends`: `-j`, a statement ends with a semicolon and two newlines.
    Single {
        /// Statements end only at a semicolon followed by an empty line.
        semicolon_newline_newline: bool,
        /// The database; the user's name if none is given.
        database: Option<String>,
    },
    /// Read everything and say what is wrong with it.
    Check,
    /// Print a setting's value (`-C`).
    Show(String),
    /// Print all settings.
    Describe,
    /// Read all settings files and say what is wrong.
    CheckConfig,
    /// Print the version.
    Version,
    /// Print how to use the program.
    Help,
}

/// A read command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arguments {
    /// What to do.
    pub mode: Mode,
    /// `-D`.
    pub data_directory: Option<PathBuf>,
    /// Settings, in order.
    pub settings: Vec<(String, String)>,
    /// `-X`: bytes of a WAL segment of the cluster to be made.
    pub segment_bytes: Option<u32>,
    /// Run as root all the same.
    pub allow_root: bool,
    /// All arguments as given, for postmaster.opts.
    pub given: Vec<String>,
}

/// Why a command line was not taken: a line for standard error. The program ends with 1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadUsage(pub String);

/// Short switches that take an argument.
const WITH_ARGUMENT: &str = "BCDcdfhkNprStvWXz";

impl Arguments {
    /// Reads the arguments after the program's name.
    pub fn parse(given: Vec<String>) -> Result<Arguments, BadUsage> {
        let mut parsed = Arguments {
            mode: Mode::Serve,
            data_directory: None,
            settings: Vec::new(),
            segment_bytes: None,
            allow_root: false,
            given: given.clone(),
        };
        let mut rest = given.into_iter().peekable();
        // These count in the first place only, as in PostgreSQL.
        if let Some(mode) = rest.peek().and_then(|first| first_mode(first)) {
            parsed.mode = mode;
            rest.next();
        }
        while let Some(argument) = rest.next() {
            parsed.one(&argument, &mut rest)?;
        }
        Ok(parsed)
    }

    fn one(&mut self, argument: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), BadUsage> {
        if let Some(long) = argument.strip_prefix("--") {
            return self.long(long);
        }
        let Some(switches) = argument.strip_prefix('-').filter(|s| !s.is_empty()) else {
            return self.positional(argument);
        };
        for (at, switch) in switches.char_indices() {
            if !WITH_ARGUMENT.contains(switch) || switch == 'k' && matches!(self.mode, Mode::Boot { .. }) {
                self.flag(switch)?;
                continue;
            }
            let attached = &switches[at + switch.len_utf8()..];
            let value = match attached {
                "" => rest.next().ok_or_else(|| BadUsage(format!("option requires an argument -- '{switch}'")))?,
                attached => attached.to_owned(),
            };
            return self.valued(switch, value);
        }
        Ok(())
    }

    fn positional(&mut self, argument: &str) -> Result<(), BadUsage> {
        match (&mut self.mode, argument.parse()) {
            (Mode::Single { database: database @ None, .. }, _) => *database = Some(argument.to_owned()),
            (Mode::Boot { copies }, Ok(number)) => copies.push(Oid(number)),
            _ => return Err(BadUsage(format!("invalid argument: \"{argument}\""))),
        }
        Ok(())
    }

    fn long(&mut self, long: &str) -> Result<(), BadUsage> {
        match (long, long.split_once('=')) {
            ("allow-root", _) => self.allow_root = true,
            ("help", _) => self.mode = Mode::Help,
            ("version", _) => self.mode = Mode::Version,
            ("describe-config", _) => self.mode = Mode::Describe,
            ("check-config", _) => self.mode = Mode::CheckConfig,
            (_, Some((name, value))) => self.set(&name.replace('-', "_"), value),
            (name, None) => return Err(BadUsage(format!("--{name} requires a value"))),
        }
        Ok(())
    }

    fn valued(&mut self, switch: char, value: String) -> Result<(), BadUsage> {
        match switch {
            'D' => self.data_directory = Some(value.into()),
            'C' => self.mode = Mode::Show(value),
            'c' => match value.split_once('=') {
                Some((name, value)) => self.set(&name.replace('-', "_"), value),
                None => return Err(BadUsage(format!("-c {value} requires a value"))),
            },
            'X' => self.segment_bytes = Some(segment_bytes(&value)?),
            // Output file and page protocol: for old scripts.
            'r' | 'z' | 'v' => {}
            _ => {
                let settings = settings_of_switch(switch, &value);
                let bad = || BadUsage(format!("invalid argument for option -{switch}: \"{value}\""));
                self.settings.extend(settings.ok_or_else(bad)?);
            }
        }
        Ok(())
    }

    fn flag(&mut self, switch: char) -> Result<(), BadUsage> {
        match switch {
            'k' => {}
            'j' => match &mut self.mode {
                Mode::Single { semicolon_newline_newline, .. } => *semicolon_newline_newline = true,
                _ => return Err(BadUsage("invalid option -- 'j'".to_owned())),
            },
            'V' => self.mode = Mode::Version,
            '?' => self.mode = Mode::Help,
            // Kept by PostgreSQL for old scripts: they do nothing there either.
            'n' | 'T' | 'b' | 'E' | 'o' => {}
            other => match setting_of_flag(other) {
                Some(setting) => self.settings.push(setting),
                None => return Err(BadUsage(format!("invalid option -- '{other}'"))),
            },
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }
}

/// A power of two between 1 MB and 1 GB.
fn segment_bytes(text: &str) -> Result<u32, BadUsage> {
    let bytes = text.parse().ok().filter(|b: &u32| b.is_power_of_two() && (1 << 20..=1 << 30).contains(b));
    bytes.ok_or_else(|| BadUsage("-X requires a power of two value between 1 MB and 1 GB".to_owned()))
}

fn first_mode(first: &str) -> Option<Mode> {
    match first {
        "--boot" => Some(Mode::Boot { copies: Vec::new() }),
        "--check" => Some(Mode::Check),
        "--single" => Some(Mode::Single { semicolon_newline_newline: false, database: None }),
        "--describe-config" => Some(Mode::Describe),
        "--version" | "-V" => Some(Mode::Version),
        "--help" | "-?" => Some(Mode::Help),
        _ => None,
    }
}

/// What `--help` prints.
pub const HELP: &str = "postmaster is the Woolly database server.

Usage:
  postmaster [OPTION]...

Options:
  -B NBUFFERS        number of shared buffers
  -c NAME=VALUE      set run-time parameter
  -C NAME            print value of run-time parameter, then exit
  -d 1-5             debugging level
  -D DATADIR         database directory
  -h HOSTNAME        host name or IP address to listen on
  -i                 listen on all addresses
  -k DIRECTORY       Unix-domain socket location
  -N MAX-CONNECT     maximum number of allowed connections
  -p PORT            port number to listen on
  -V, --version      output version information, then exit
  --NAME=VALUE       set run-time parameter
  --describe-config  describe configuration parameters, then exit
  --check-config     read the settings files and say what is wrong, then exit
  --allow-root       run as the system's superuser all the same
  -?, --help         show this help, then exit

Modes without clients (first argument):
  --boot [OID]...    read the bootstrap script from standard input; databases that get the same files as template1
  --single [DBNAME]  run statements from standard input
  --check            read everything, change nothing, say what is wrong; exit code 1 if something is
  -j                 a statement ends with a semicolon and an empty line
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, BadUsage> {
        Arguments::parse(line.split_whitespace().map(str::to_owned).collect())
    }

    fn settings(line: &str) -> Vec<String> {
        parse(line).unwrap().settings.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn reads_switches_attached_and_apart() {
        let parsed = parse("-D /d -p 5433 -k/tmp -c work-mem=1MB --listen-addresses=* --allow-root").unwrap();
        assert_eq!(parsed.data_directory, Some("/d".into()));
        assert!(parsed.allow_root && parsed.mode == Mode::Serve);
        assert_eq!(
            settings("-D /d -p 5433 -k/tmp -c work-mem=1MB --listen-addresses=*"),
            ["port=5433", "unix_socket_directories=/tmp", "work_mem=1MB", "listen_addresses=*"]
        );
        assert_eq!(settings("-Fi -N5"), ["fsync=false", "listen_addresses=*", "max_connections=5"]);
        assert_eq!(settings("-fs -tpl"), ["enable_seqscan=false", "log_planner_stats=true"]);
    }

    #[test]
    fn the_first_argument_may_name_a_mode() {
        let single = Mode::Single { semicolon_newline_newline: true, database: Some("template1".into()) };
        assert_eq!(parse("--single -j -D /d template1").unwrap().mode, single);
        assert_eq!(parse("--boot -k -X 16777216 -D /d").unwrap().mode, Mode::Boot { copies: Vec::new() });
        assert_eq!(parse("--boot -F 4 5").unwrap().mode, Mode::Boot { copies: vec![Oid(4), Oid(5)] });
        assert_eq!(parse("-V").unwrap().mode, Mode::Version);
        assert_eq!(parse("-D /d -C port").unwrap().mode, Mode::Show("port".into()));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in ["-y", "extra", "-c x", "--nothing", "-D", "-j", "-f q", "--boot x"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
