//! The skip list: tests that are known to fail, each with its reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Names of tests and why they fail.
#[derive(Default)]
pub struct Skips(BTreeMap<String, String>);

impl Skips {
    /// Why a test is expected to fail, if it is.
    pub fn reason(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Reads the file `skip` of a suite; a suite without one skips nothing.
///
/// Errors: a line without a reason.
pub fn read(suite: &Path) -> Result<Skips, String> {
    fs::read_to_string(suite.join("skip")).map_or_else(|_| Ok(Skips::default()), |text| parse(&text))
}

/// Lines of `name: reason`; those that start with `#` and empty ones do not count.
fn parse(text: &str) -> Result<Skips, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(parse_line).collect::<Result<_, _>>().map(Skips)
}

fn parse_line(line: &str) -> Result<(String, String), String> {
    match line.split_once(": ") {
        Some((name, reason)) => Ok((name.to_owned(), reason.trim().to_owned())),
        None => Err(format!("skip: no reason in \"{line}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn each_skip_has_a_reason() {
        let skips = parse("# why\n\ncopy: COPY answers 0A000\n").unwrap();
        assert_eq!(skips.reason("copy"), Some("COPY answers 0A000"));
        assert_eq!(skips.reason("select"), None);
        assert!(parse("copy").is_err());
    }
}
