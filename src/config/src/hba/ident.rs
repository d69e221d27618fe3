//! `pg_ident.conf`: which role a user of the system may be.

use super::problem;
use super::tokens::{Line, lines};
use crate::file::Files;
use regex::Regex;
use report::{Error, Severity, SqlState};
use std::path::Path;

/// A line of the file, as `pg_ident_file_mappings` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentEntry {
    /// Its line.
    pub line: u32,
    /// The map it belongs to.
    pub map: String,
    /// The system's user, or a regular expression after a slash.
    pub system_user: String,
    /// The role; `\1` stands for what the first parenthesis matched.
    pub role: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// All maps.
#[derive(Clone, Debug, Default)]
pub struct IdentMap {
    entries: Vec<(IdentEntry, Option<Regex>)>,
}

/// Whether a system's user may be a role.
#[derive(Debug)]
pub enum MapOutcome {
    /// It may.
    Yes,
    /// It may not; the message is for the log.
    No(Error),
}

impl IdentMap {
    /// Reads the file. Errors: it cannot be read, or every bad line.
    pub fn read(files: &dyn Files, path: &Path) -> Result<IdentMap, Vec<Error>> {
        match files.read(path) {
            Ok(text) => IdentMap::parse(files, path, &text),
            Err(error) => {
                let what = format!("open usermap file \"{}\"", path.display());
                Err(vec![Error::io(what, &error).severity(Severity::Log)])
            }
        }
    }

    /// Reads the file's text.
    pub fn parse(files: &dyn Files, path: &Path, text: &str) -> Result<IdentMap, Vec<Error>> {
        let (mut entries, mut problems) = (Vec::new(), Vec::new());
        for line in lines(files, path, text) {
            match parse_line(&line, path) {
                Ok(entry) => entries.push(entry),
                Err(message) => problems.push(problem(message, path, line.number)),
            }
        }
        if problems.is_empty() { Ok(IdentMap { entries }) } else { Err(problems) }
    }

    /// May this user of the system be this role? Without a map the names must be the same.
    pub fn check(&self, map: Option<&str>, role: &str, system_user: &str, ignore_case: bool) -> MapOutcome {
        let same = |a: &str, b: &str| if ignore_case { a.eq_ignore_ascii_case(b) } else { a == b };
        let Some(map) = map.filter(|map| !map.is_empty()) else {
            if same(role, system_user) {
                return MapOutcome::Yes;
            }
            return MapOutcome::No(log(format!(
                "provided user name ({role}) and authenticated user name ({system_user}) do not match"
            )));
        };
        for (entry, regex) in self.entries.iter().filter(|(entry, _)| entry.map == map) {
            let mapped = match regex {
                None if same(&entry.system_user, system_user) => entry.role.clone(),
                None => continue,
                Some(regex) => match regex.captures(system_user) {
                    Some(captures) => entry.role.replace("\\1", captures.get(1).map_or("", |m| m.as_str())),
                    None => continue,
                },
            };
            if same(&mapped, role) {
                return MapOutcome::Yes;
            }
        }
        MapOutcome::No(log(format!(
            "no match in usermap \"{map}\" for user \"{role}\" authenticated as \"{system_user}\""
        )))
    }
}

fn log(text: String) -> Error {
    Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text)
}

fn parse_line(line: &Line, path: &Path) -> Result<(IdentEntry, Option<Regex>), String> {
    if let Some(error) = &line.error {
        return Err(error.clone());
    }
    let mut fields = line.fields.iter();
    let mut next = || match fields.next().map(Vec::as_slice) {
        Some([token]) => Ok(token.text.clone()),
        Some(_) => Err("multiple values in ident field".to_owned()),
        None => Err(format!("missing entry in file \"{}\" at end of line {}", path.display(), line.number)),
    };
    let (map, system_user, role) = (next()?, next()?, next()?);
    let regex = match system_user.strip_prefix('/') {
        Some(pattern) => Some(compile(pattern, &role)?),
        None => None,
    };
    Ok((IdentEntry { line: line.number, map, system_user, role, error: None }, regex))
}

fn compile(pattern: &str, role: &str) -> Result<Regex, String> {
    let regex = Regex::new(pattern).map_err(|error| {
        let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
        format!("invalid regular expression \"{pattern}\": {reason}")
    })?;
    if role.contains("\\1") && regex.captures_len() < 2 {
        return Err(format!(
            "regular expression \"{pattern}\" has no subexpressions as requested by backreference in \"{role}\""
        ));
    }
    Ok(regex)
}

/// The rows of the view, for the file as it is now.
pub(super) fn rows(files: &dyn Files, path: &Path) -> Vec<IdentEntry> {
    let Ok(text) = files.read(path) else { return Vec::new() };
    lines(files, path, &text)
        .iter()
        .map(|line| match parse_line(line, path) {
            Ok((entry, _)) => entry,
            Err(error) => IdentEntry {
                line: line.number,
                map: String::new(),
                system_user: String::new(),
                role: String::new(),
                error: Some(error),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::FakeFiles;

    fn parse(text: &str) -> Result<IdentMap, Vec<Error>> {
        IdentMap::parse(&*FakeFiles::with(&[]), Path::new("/d/pg_ident.conf"), text)
    }

    fn may(map: &IdentMap, name: Option<&str>, role: &str, user: &str) -> bool {
        matches!(map.check(name, role, user, false), MapOutcome::Yes)
    }

    #[test]
    fn maps_names_and_patterns() {
        let map = parse("m root postgres\nm /^(.*)@example\\.com$ \\1\nn /^x guest\n").unwrap();
        assert!(may(&map, Some("m"), "postgres", "root") && may(&map, Some("m"), "bob", "bob@example.com"));
        assert!(may(&map, Some("n"), "guest", "xavier"));
        assert!(!may(&map, Some("m"), "guest", "xavier") && !may(&map, Some("m"), "eve", "bob@example.com"));
        assert!(may(&map, None, "bob", "bob") && !may(&map, None, "bob", "root"));
    }

    #[test]
    fn says_what_is_wrong() {
        let message = |text: &str| parse(text).unwrap_err()[0].message().to_owned();
        assert_eq!(message("m root"), "missing entry in file \"/d/pg_ident.conf\" at end of line 1");
        assert_eq!(message("m a,b c"), "multiple values in ident field");
        assert!(message("m /( c").starts_with("invalid regular expression \"(\": "));
        assert!(message("m /a \\1").contains("has no subexpressions"));
    }
}
