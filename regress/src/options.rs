//! The command line.

use std::path::{Path, PathBuf};

/// What to run, and where.
pub struct Options {
    /// The folder with `sql/`, `expected/` and a schedule, or `specs/`.
    pub suite: PathBuf,
    /// Where results and differences are written.
    pub output: PathBuf,
    /// Only these tests, in this order; all of the schedule if empty.
    pub names: Vec<String>,
    /// An existing server instead of a temporary cluster: socket folder and port.
    pub server: Option<(PathBuf, u16)>,
    /// Write what came out as the expected output.
    pub accept: bool,
    /// How many scripts run at once at most.
    pub jobs: usize,
}

const USAGE: &str = "\
usage: regress [--suite DIR] [--output DIR] [--server FOLDER:PORT] [--accept] [--jobs N] [NAME ...]";

impl Options {
    /// Reads the arguments.
    pub fn parse(arguments: &[String]) -> Result<Options, String> {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut options = Options {
            suite: home.to_path_buf(),
            output: home.parent().expect("regress/ is in the root").join("target/regress"),
            names: Vec::new(),
            server: None,
            accept: false,
            jobs: 20,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            match word.as_str() {
                "--suite" => options.suite = value()?.into(),
                "--output" => options.output = value()?.into(),
                "--server" => options.server = Some(parse_server(&value()?)?),
                "--jobs" => options.jobs = value()?.parse().map_err(|_| USAGE.to_owned())?,
                "--accept" => options.accept = true,
                _ if word.starts_with('-') => return Err(format!("unknown option {word}\n{USAGE}")),
                _ => options.names.push(word.clone()),
            }
        }
        Ok(options)
    }
}

fn parse_server(text: &str) -> Result<(PathBuf, u16), String> {
    let (folder, port) = text.rsplit_once(':').ok_or(USAGE)?;
    Ok((folder.into(), port.parse().map_err(|_| USAGE.to_owned())?))
}
