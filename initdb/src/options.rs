//! The command line, as PostgreSQL's initdb takes it.

use crate::failure::Failure;
use crate::output::{complain, say};
use std::path::PathBuf;

/// What `--version` prints.
pub const VERSION: &str = concat!("initdb (PostgreSQL) 15.18 (Woolly ", env!("CARGO_PKG_VERSION"), ")");

/// What `--help` prints.
pub const HELP: &str = "initdb initializes a Woolly database cluster.

Usage:
  initdb [OPTION]... [DATADIR]

Options:
  -A, --auth=METHOD         default authentication method for local connections
      --auth-host=METHOD    default authentication method for local TCP/IP connections
      --auth-local=METHOD   default authentication method for local-socket connections
 [-D, --pgdata=]DATADIR     location for this database cluster
  -E, --encoding=ENCODING   set default encoding for new databases
  -g, --allow-group-access  allow group read/execute on data directory
  -k, --data-checksums      use data page checksums (they are always used)
      --locale=LOCALE       set default locale for new databases
      --lc-collate=, --lc-ctype=, --lc-messages=LOCALE
      --lc-monetary=, --lc-numeric=, --lc-time=LOCALE
                            set default locale in the respective category for
                            new databases (default taken from environment)
      --no-locale           equivalent to --locale=C
      --locale-provider=libc
                            set default locale provider for new databases
      --pwfile=FILE         read password for the new superuser from file
  -T, --text-search-config=CFG
                            default text search configuration
  -U, --username=NAME       database superuser name
  -W, --pwprompt            prompt for a password for the new superuser
  -X, --waldir=WALDIR       location for the write-ahead log directory
      --wal-segsize=SIZE    size of WAL segments, in megabytes

Less commonly used options:
      --allow-root          run as the system's superuser all the same
  -d, --debug               generate lots of debugging output
      --discard-caches      set debug_discard_caches=1
  -L DIRECTORY              accepted and ignored: the input files are built in
  -n, --no-clean            do not clean up after errors
  -N, --no-sync             do not wait for changes to be written safely to disk
      --no-instructions     do not print instructions for next steps
  -s, --show                show internal settings
  -S, --sync-only           only sync database files to disk, then exit

Other options:
  -V, --version             output version information, then exit
  -?, --help                show this help, then exit

If the data directory is not specified, the environment variable PGDATA
is used.
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Wanted {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `--sync-only`.
    Sync(Option<PathBuf>),
    /// A cluster.
    Cluster(Box<Options>),
}

/// How the cluster is to be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `-D` or the argument without a name.
    pub data: Option<PathBuf>,
    /// Method for Unix-domain sockets.
    pub auth_local: Option<String>,
    /// Method for TCP/IP.
    pub auth_host: Option<String>,
    /// `-E`.
    pub encoding: Option<String>,
    /// Locale names.
    pub locale: LocaleOptions,
    /// `-T`.
    pub text_search: Option<String>,
    /// `-U`.
    pub username: Option<String>,
    /// `-W`.
    pub prompt_password: bool,
    /// `--pwfile`.
    pub password_file: Option<PathBuf>,
    /// `-X`.
    pub wal_directory: Option<PathBuf>,
    /// `--wal-segsize`, in MB.
    pub wal_segment_mb: u32,
    /// `-g`.
    pub group_access: bool,
    /// `-d`.
    pub debug: bool,
    /// `--discard-caches`.
    pub discard_caches: bool,
    /// `-n`.
    pub no_clean: bool,
    /// `-N`.
    pub no_sync: bool,
    /// `--no-instructions`.
    pub no_instructions: bool,
    /// `-s`.
    pub show: bool,
    /// `--allow-root`.
    pub allow_root: bool,
}

/// `--locale` and the categories.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LocaleOptions {
    /// All categories that are not given.
    pub all: Option<String>,
    /// `--lc-collate`.
    pub collate: Option<String>,
    /// `--lc-ctype`.
    pub ctype: Option<String>,
    /// `--lc-messages`.
    pub messages: Option<String>,
    /// `--lc-monetary`.
    pub monetary: Option<String>,
    /// `--lc-numeric`.
    pub numeric: Option<String>,
    /// `--lc-time`.
    pub time: Option<String>,
}

/// An option: long name, short letter, and whether it takes an argument.
struct Known(&'static str, char, bool);

/// `~` stands for "no letter".
const KNOWN: &[Known] = &[
    Known("pgdata", 'D', true),
    Known("encoding", 'E', true),
    Known("locale", '~', true),
    Known("lc-collate", '~', true),
    Known("lc-ctype", '~', true),
    Known("lc-monetary", '~', true),
    Known("lc-numeric", '~', true),
    Known("lc-time", '~', true),
    Known("lc-messages", '~', true),
    Known("no-locale", '~', false),
    Known("text-search-config", 'T', true),
    Known("auth", 'A', true),
    Known("auth-local", '~', true),
    Known("auth-host", '~', true),
    Known("pwprompt", 'W', false),
    Known("pwfile", '~', true),
    Known("username", 'U', true),
    Known("help", '?', false),
    Known("version", 'V', false),
    Known("debug", 'd', false),
    Known("show", 's', false),
    Known("noclean", '~', false),
    Known("no-clean", 'n', false),
    Known("nosync", '~', false),
    Known("no-sync", 'N', false),
    Known("no-instructions", '~', false),
    Known("sync-only", 'S', false),
    Known("waldir", 'X', true),
    Known("wal-segsize", '~', true),
    Known("data-checksums", 'k', false),
    Known("allow-group-access", 'g', false),
    Known("discard-caches", '~', false),
    Known("locale-provider", '~', true),
    Known("icu-locale", '~', true),
    Known("allow-root", '~', false),
    Known("input-directory", 'L', true),
];

/// Reads the arguments after the program's name, as getopt_long does: short options in bundles, long ones abbreviated,
/// arguments and options in any order.
pub fn parse(arguments: &[String]) -> Result<Wanted, Failure> {
    match arguments.first().map(String::as_str) {
        Some("--help" | "-?") => return Ok(Wanted::Help),
        Some("--version" | "-V") => return Ok(Wanted::Version),
        _ => {}
    }
    let mut reader = Reader { options: Options::default(), sync_only: false, segment: None, provider_icu: false };
    let mut positional = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            positional.extend(rest.by_ref().cloned());
        } else if let Some(long) = argument.strip_prefix("--") {
            reader.long(long, &mut rest)?;
        } else if argument.len() > 1 && argument.starts_with('-') {
            reader.short(&argument[1..], &mut rest)?;
        } else {
            positional.push(argument.clone());
        }
    }
    reader.finish(positional)
}

struct Reader {
    options: Options,
    sync_only: bool,
    segment: Option<String>,
    provider_icu: bool,
}

impl Reader {
    fn long<'a>(&mut self, text: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), Failure> {
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let exact = KNOWN.iter().find(|known| known.0 == name);
        let mut abbreviated = KNOWN.iter().filter(|known| known.0.starts_with(name));
        let known = match (exact, abbreviated.next(), abbreviated.next()) {
            (Some(known), _, _) | (None, Some(known), None) => known,
            (None, None, _) => return Err(usage(&format!("unrecognized option '--{name}'"))),
            _ => return Err(usage(&format!("option '--{name}' is ambiguous"))),
        };
        let value = match (known.2, attached) {
            (false, Some(_)) => return Err(usage(&format!("option '--{}' doesn't allow an argument", known.0))),
            (false, None) => String::new(),
            (true, Some(value)) => value,
            (true, None) => {
                rest.next().cloned().ok_or_else(|| usage(&format!("option '--{}' requires an argument", known.0)))?
            }
        };
        self.apply(known.0, value)
    }

    fn short<'a>(&mut self, bundle: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), Failure> {
        for (at, letter) in bundle.char_indices() {
            let known = KNOWN.iter().find(|known| known.1 == letter && letter != '~' && letter != '?' && letter != 'V');
            let known = known.ok_or_else(|| usage(&format!("invalid option -- '{letter}'")))?;
            if !known.2 {
                self.apply(known.0, String::new())?;
                continue;
            }
            let attached = &bundle[at + letter.len_utf8()..];
            let value = match attached {
                "" => rest.next().cloned(),
                text => Some(text.to_owned()),
            };
            let value = value.ok_or_else(|| usage(&format!("option requires an argument -- '{letter}'")))?;
            return self.apply(known.0, value);
        }
        Ok(())
    }

    fn apply(&mut self, name: &str, value: String) -> Result<(), Failure> {
        let o = &mut self.options;
        match name {
            "pgdata" => o.data = Some(value.into()),
            "encoding" => o.encoding = Some(value),
            "locale" => o.locale.all = Some(value),
            "no-locale" => o.locale.all = Some("C".to_owned()),
            "lc-collate" => o.locale.collate = Some(value),
            "lc-ctype" => o.locale.ctype = Some(value),
            "lc-monetary" => o.locale.monetary = Some(value),
            "lc-numeric" => o.locale.numeric = Some(value),
            "lc-time" => o.locale.time = Some(value),
            "lc-messages" => o.locale.messages = Some(value),
            "text-search-config" => o.text_search = Some(value),
            "auth" => set_both_methods(o, value),
            "auth-local" => o.auth_local = Some(value),
            "auth-host" => o.auth_host = Some(value),
            "pwfile" => o.password_file = Some(value.into()),
            "username" => o.username = Some(value),
            "waldir" => o.wal_directory = Some(value.into()),
            "wal-segsize" => self.segment = Some(value),
            "locale-provider" => return self.provider(&value),
            "icu-locale" => return self.icu_locale(),
            "input-directory" | "data-checksums" => {}
            flag => self.flag(flag),
        }
        Ok(())
    }

    fn flag(&mut self, name: &str) {
        let o = &mut self.options;
        match name {
            "pwprompt" => o.prompt_password = true,
            "debug" => {
                o.debug = true;
                say!("Running in debug mode.");
            }
            "show" => o.show = true,
            "noclean" | "no-clean" => {
                o.no_clean = true;
                say!("Running in no-clean mode.  Mistakes will not be cleaned up.");
            }
            "nosync" | "no-sync" => o.no_sync = true,
            "no-instructions" => o.no_instructions = true,
            "sync-only" => self.sync_only = true,
            "allow-group-access" => o.group_access = true,
            "discard-caches" => o.discard_caches = true,
            "allow-root" => o.allow_root = true,
            other => unreachable!("{other} is in the table but not handled"),
        }
    }

    fn provider(&mut self, value: &str) -> Result<(), Failure> {
        match value {
            "libc" => self.provider_icu = false,
            "icu" => self.provider_icu = true,
            other => return Err(Failure::new(format!("unrecognized locale provider: {other}"))),
        }
        Ok(())
    }

    fn icu_locale(&self) -> Result<(), Failure> {
        Err(Failure::new("--icu-locale cannot be specified unless locale provider \"icu\" is chosen"))
    }

    fn finish(mut self, mut positional: Vec<String>) -> Result<Wanted, Failure> {
        if self.options.data.is_none() && !positional.is_empty() {
            self.options.data = Some(positional.remove(0).into());
        }
        if let Some(extra) = positional.first() {
            let message = format!("too many command-line arguments (first is \"{extra}\")");
            return Err(Failure::new(message).try_help());
        }
        if self.sync_only {
            return Ok(Wanted::Sync(self.options.data));
        }
        if self.provider_icu {
            return Err(Failure::new("ICU is not supported in this build"));
        }
        self.options.wal_segment_mb = segment_size(self.segment.as_deref())?;
        check_methods(&self.options)?;
        Ok(Wanted::Cluster(Box::new(self.options)))
    }
}

/// What getopt says itself, before the hint.
fn usage(message: &str) -> Failure {
    complain!("initdb: {message}");
    Failure::said().try_help()
}

/// `-A`: ident over TCP/IP goes with peer over sockets.
fn set_both_methods(options: &mut Options, method: String) {
    let (local, host) = match method.as_str() {
        "ident" | "peer" => ("peer", "ident"),
        other => (other, other),
    };
    options.auth_local = Some(local.to_owned());
    options.auth_host = Some(host.to_owned());
}

fn segment_size(text: Option<&str>) -> Result<u32, Failure> {
    let Some(text) = text else { return Ok(16) };
    let size: i64 =
        text.trim_start().parse().map_err(|_| Failure::new("argument of --wal-segsize must be a number"))?;
    match u32::try_from(size) {
        Ok(size) if size.is_power_of_two() && size <= 1024 => Ok(size),
        _ => Err(Failure::new("argument of --wal-segsize must be a power of 2 between 1 and 1024")),
    }
}

const METHODS_HOST: &[&str] = &["trust", "reject", "scram-sha-256", "md5", "password", "ident", "radius", "cert"];
const METHODS_LOCAL: &[&str] = &["trust", "reject", "scram-sha-256", "md5", "password", "peer", "radius"];
const METHODS_WITH_PASSWORD: &[&str] = &["md5", "password", "scram-sha-256"];

fn check_methods(options: &Options) -> Result<(), Failure> {
    if options.prompt_password && options.password_file.is_some() {
        return Err(Failure::new("password prompt and password file cannot be specified together"));
    }
    let local = options.auth_local.as_deref().unwrap_or("trust");
    let host = options.auth_host.as_deref().unwrap_or("trust");
    for (method, known, connections) in [(local, METHODS_LOCAL, "local"), (host, METHODS_HOST, "host")] {
        if !known.contains(&method.split(' ').next().unwrap_or(method)) {
            let message = format!("invalid authentication method \"{method}\" for \"{connections}\" connections");
            return Err(Failure::new(message));
        }
    }
    let has_password = options.prompt_password || options.password_file.is_some();
    if !has_password && [local, host].iter().all(|method| METHODS_WITH_PASSWORD.contains(method)) {
        let message = "must specify a password for the superuser to enable password authentication";
        return Err(Failure::new(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Wanted, Failure> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn options(line: &str) -> Options {
        match read(line).unwrap() {
            Wanted::Cluster(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    fn message(line: &str) -> String {
        read(line).unwrap_err().message
    }

    #[test]
    fn directory_by_option_or_position() {
        assert_eq!(options("-D /d").data, Some("/d".into()));
        assert_eq!(options("--pgdata=/d -N").data, Some("/d".into()));
        assert_eq!(options("-N /d").data, Some("/d".into()));
        assert_eq!(message("-D /d e"), "too many command-line arguments (first is \"e\")");
        assert_eq!(message("d e f"), "too many command-line arguments (first is \"e\")");
    }

    #[test]
    fn bundles_and_abbreviations() {
        let o = options("-kNnU me /d");
        assert!(o.no_sync && o.no_clean && o.username.as_deref() == Some("me"));
        assert!(options("--no-ins /d").no_instructions);
        assert_eq!(options("-D/d -Epg").encoding.as_deref(), Some("pg"));
        assert!(read("--no-s --no-").is_err());
        assert!(read("--bogus").is_err());
        assert!(read("-y").is_err());
        assert!(read("-D").is_err());
    }

    #[test]
    fn rules() {
        assert_eq!(message("-W --pwfile=x d"), "password prompt and password file cannot be specified together");
        assert_eq!(message("--wal-segsize=a d"), "argument of --wal-segsize must be a number");
        assert_eq!(message("--wal-segsize=3 d"), "argument of --wal-segsize must be a power of 2 between 1 and 1024");
        assert_eq!(options("--wal-segsize=64 d").wal_segment_mb, 64);
        assert_eq!(message("-A nope d"), "invalid authentication method \"nope\" for \"local\" connections");
        assert!(message("-A scram-sha-256 d").starts_with("must specify a password"));
        let o = options("-A ident d");
        assert_eq!((o.auth_local.as_deref(), o.auth_host.as_deref()), (Some("peer"), Some("ident")));
    }
}
