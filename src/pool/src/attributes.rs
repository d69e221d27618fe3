//! `thread_pool_attr`: "workers, groups, (binding)".

use crate::limits::{GROUPS_MAX, WORKERS_MAX};
use report::{Error, Result, SqlState};

/// How many workers in how many groups, and where they run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attributes {
    /// Workers in all; 0 for as many as there are cores.
    pub workers: usize,
    /// Groups; 0 for one.
    pub groups: usize,
    /// Where workers run.
    pub binding: Binding,
}

/// Where workers run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binding {
    /// Where the system puts them.
    None,
}

impl Attributes {
    /// What an empty setting means.
    pub const DEFAULT: Attributes = Attributes { workers: 0, groups: 0, binding: Binding::None };

    /// Reads the setting. Errors: 22023 with the position, counted in characters from 1; 0A000, a binding that is not supported.
    pub fn parse(text: &str) -> Result<Attributes> {
        if text.trim().is_empty() {
            return Ok(Attributes::DEFAULT);
        }
        let mut parts = Parts { text, at: 0 };
        let (workers, _) = parts.number("number of workers", WORKERS_MAX)?;
        let groups = if parts.is_over() { 0 } else { parts.number("number of groups", GROUPS_MAX)?.0 };
        let binding = if parts.is_over() { Binding::None } else { parts.binding()? };
        if !parts.is_over() {
            return Err(parts.invalid("too many parts", parts.at));
        }
        Ok(Attributes { workers, groups, binding })
    }

    /// The workers of each group, with this many cores and so many clients at most. A group has one at least.
    pub fn sizes(&self, cores: usize, clients_max: usize) -> Vec<usize> {
        let workers = if self.workers == 0 { cores } else { self.workers };
        let workers = workers.clamp(1, clients_max.max(1));
        let groups = self.groups.clamp(1, workers);
        (0..groups).map(|group| workers / groups + usize::from(group < workers % groups)).collect()
    }
}

/// The setting's parts, from left to right.
struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parts<'a> {
    fn is_over(&self) -> bool {
        self.at > self.text.len()
    }

    /// The next part and where it begins.
    fn next(&mut self) -> (&'a str, usize) {
        let rest = &self.text[self.at..];
        let end = rest.find(',').unwrap_or(rest.len());
        let part = &rest[..end];
        let begin = self.at + (part.len() - part.trim_start().len());
        self.at += end + 1;
        (part.trim(), begin)
    }

    fn number(&mut self, what: &str, most: usize) -> Result<(usize, usize)> {
        let (part, at) = self.next();
        match part.parse() {
            Ok(number) if number <= most => Ok((number, at)),
            Ok(_) => Err(self.invalid(&format!("the {what} must be between 0 and {most}"), at)),
            Err(_) => Err(self.invalid(&format!("the {what} must be a number"), at)),
        }
    }

    fn binding(&mut self) -> Result<Binding> {
        let (part, at) = self.next();
        let Some(name) = part.strip_prefix('(').and_then(|part| part.strip_suffix(')')) else {
            return Err(self.invalid("the binding must stand in parentheses", at));
        };
        let kind = name.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "nobind" => Ok(Binding::None),
            "allbind" | "nodebind" | "cpubind" | "numabind" => {
                Err(Error::unsupported(format!("thread pool binding \"{kind}\"")))
            }
            _ => Err(self.invalid("the binding must be one of nobind, allbind, nodebind, cpubind, numabind", at)),
        }
    }

    fn invalid(&self, why: &str, at: usize) -> Error {
        let position = self.text[..at.min(self.text.len())].chars().count() + 1;
        let text = format!("invalid value for parameter \"thread_pool_attr\": \"{}\"", self.text);
        let error = Error::with_severity(report::Severity::Error, SqlState::INVALID_PARAMETER_VALUE, text);
        error
            .detail(format!("At character {position}: {why}."))
            .hint("The value has the form \"workers, groups, (binding)\", for example \"16, 2, (nobind)\".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_left_out() {
        let parsed = |text| Attributes::parse(text).unwrap();
        assert_eq!(parsed(""), Attributes::DEFAULT);
        assert_eq!(parsed("16"), Attributes { workers: 16, ..Attributes::DEFAULT });
        assert_eq!(parsed(" 16 , 2,(nobind)"), Attributes { workers: 16, groups: 2, binding: Binding::None });
    }

    #[test]
    fn a_bad_value_is_named_with_its_place() {
        let detail = |text| Attributes::parse(text).unwrap_err().fields().detail.clone().unwrap_or_default();
        assert_eq!(detail("x"), "At character 1: the number of workers must be a number.");
        assert_eq!(detail("4, 65"), "At character 4: the number of groups must be between 0 and 64.");
        assert_eq!(detail("4, 1, nobind"), "At character 7: the binding must stand in parentheses.");
        assert_eq!(detail("4,1,(nobind),"), "At character 14: too many parts.");
        assert_eq!(Attributes::parse("4,1,(cpubind: 0-3)").unwrap_err().code(), SqlState::FEATURE_NOT_SUPPORTED);
    }

    #[test]
    fn workers_are_spread_over_groups() {
        let sizes = |text| Attributes::parse(text).unwrap().sizes(2, 100);
        assert_eq!(sizes(""), [2]);
        assert_eq!(sizes("5,2"), [3, 2]);
        assert_eq!(sizes("1,8"), [1]);
        assert_eq!(sizes("4000"), [100]);
    }
}
