//! Values of settings: read from text, shown as text.

use crate::definition::{Choice, Definition, Kind};
use crate::number::{parse_int, parse_real, show_int, show_real};
use crate::table::Setting;
use crate::{definition::flag, format_g};
use report::{Error, Result, error};
use std::sync::Arc;

/// A setting's value; its variant is the setting's type.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A whole number, in the setting's unit.
    Int(i32),
    /// A number, in the setting's unit.
    Real(f64),
    /// Text.
    Text(Arc<str>),
    /// The code of one of the setting's words.
    Choice(u8),
}

impl Value {
    /// Text as a value.
    pub fn text(text: &str) -> Value {
        Value::Text(text.into())
    }
}

impl Definition {
    /// The value before anything is read.
    pub fn boot_value(&self) -> Value {
        match self.kind {
            Kind::Bool { boot } => Value::Bool(boot),
            Kind::Int { boot, .. } => Value::Int(boot),
            Kind::Real { boot, .. } => Value::Real(boot),
            Kind::Text { boot } => Value::text(boot),
            Kind::Choice { choices, boot } => {
                Value::Choice(code_of(choices, boot).expect("the table's boot value is one of its words"))
            }
        }
    }

    /// Reads a value. Errors: 22023 with PostgreSQL's words.
    pub fn parse(&self, text: &str) -> Result<Value> {
        match self.kind {
            Kind::Bool { .. } => match parse_bool(text) {
                Some(value) => Ok(Value::Bool(value)),
                None => Err(error!(INVALID_PARAMETER_VALUE, "parameter \"{}\" requires a Boolean value", self.name)),
            },
            Kind::Int { min, max, unit, .. } => {
                let value = parse_int(text, unit).map_err(|hint| self.invalid(text, hint.map(str::to_owned)))?;
                if !(min..=max).contains(&value) {
                    return Err(self.out_of_range(value.to_string(), min.to_string(), max.to_string()));
                }
                Ok(Value::Int(value))
            }
            Kind::Real { min, max, unit, .. } => {
                let value = parse_real(text, unit).map_err(|hint| self.invalid(text, hint.map(str::to_owned)))?;
                if !(min..=max).contains(&value) {
                    return Err(self.out_of_range(format_g(value), format_g(min), format_g(max)));
                }
                Ok(Value::Real(value))
            }
            Kind::Text { .. } if self.has(flag::NAME) => Ok(Value::text(cut_to_name(text))),
            Kind::Text { .. } => Ok(Value::text(text)),
            Kind::Choice { choices, .. } => code_of(choices, text)
                .map(Value::Choice)
                .ok_or_else(|| self.invalid(text, Some(format!("Available values: {}.", offered(choices).join(", "))))),
        }
    }

    /// 22023: `invalid value for parameter "name": "text"`.
    pub(crate) fn invalid(&self, text: &str, hint: Option<String>) -> Error {
        let error = error!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{}\": \"{text}\"", self.name);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    fn out_of_range(&self, value: String, min: String, max: String) -> Error {
        let unit = self.unit().name().map(|unit| format!(" {unit}")).unwrap_or_default();
        error!(
            INVALID_PARAMETER_VALUE,
            "{value}{unit} is outside the valid range for parameter \"{}\" ({min} .. {max})", self.name
        )
    }

    /// The value as SHOW prints it: numbers with the greatest fitting unit.
    pub fn show(&self, value: &Value) -> String {
        match value {
            Value::Bool(on) => on_off(*on).to_owned(),
            Value::Int(number) if self.is_octal() => format!("{number:04o}"),
            Value::Int(number) => show_int(*number, self.unit()),
            Value::Real(number) => show_real(*number, self.unit()),
            Value::Text(text) => text.to_string(),
            Value::Choice(code) => self.label(*code).to_owned(),
        }
    }

    /// The value as `pg_settings` prints it: numbers bare, in the unit of its column.
    pub fn show_bare(&self, value: &Value) -> String {
        match value {
            Value::Int(number) if self.is_octal() => format!("{number:04o}"),
            Value::Int(number) => number.to_string(),
            Value::Real(number) => format_g(*number),
            other => self.show(other),
        }
    }

    /// The word shown for a code.
    pub fn label(&self, code: u8) -> &'static str {
        let Kind::Choice { choices, .. } = self.kind else { panic!("{} has no words", self.name) };
        let shown = |hidden: bool| choices.iter().find(|c| c.code == code && c.hidden == hidden);
        shown(false).or_else(|| shown(true)).expect("a stored code is one of the words").label
    }

    /// The words that are offered, for `pg_settings.enumvals`.
    pub fn choices(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Choice { choices, .. } => offered(choices),
            _ => Vec::new(),
        }
    }

    fn is_octal(&self) -> bool {
        matches!(self.name, "unix_socket_permissions" | "log_file_mode" | "data_directory_mode")
    }
}

fn offered(choices: &'static [Choice]) -> Vec<&'static str> {
    choices.iter().filter(|c| !c.hidden).map(|c| c.label).collect()
}

fn code_of(choices: &[Choice], text: &str) -> Option<u8> {
    choices.iter().find(|c| c.label.eq_ignore_ascii_case(text)).map(|c| c.code)
}

pub(crate) const fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Reads a Boolean as settings do: `on off true false yes no 1 0` and unambiguous beginnings of the words.
pub fn parse_bool(text: &str) -> Option<bool> {
    let begins = |word: &str, least: usize| {
        text.len() >= least
            && text.len() <= word.len()
            && word.as_bytes()[..text.len()].eq_ignore_ascii_case(text.as_bytes())
    };
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// The first 63 bytes, without cutting a character.
fn cut_to_name(text: &str) -> &str {
    if text.len() <= base::NAME_BYTES_MAX {
        return text;
    }
    let end = (0..=base::NAME_BYTES_MAX).rev().find(|&i| text.is_char_boundary(i)).expect("0 is a boundary");
    &text[..end]
}

impl Setting {
    /// What is known of it.
    pub fn definition(self) -> &'static Definition {
        &crate::table::TABLE[self as usize]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.definition().name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(setting: Setting, text: &str) -> Result<String, String> {
        let definition = setting.definition();
        match definition.parse(text) {
            Ok(value) => Ok(definition.show(&value)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn shows_what_was_read() {
        assert_eq!(parse(Setting::WorkMem, "65536"), Ok("64MB".into()));
        assert_eq!(parse(Setting::UnixSocketPermissions, "0770"), Ok("0770".into()));
        assert_eq!(parse(Setting::SynchronousCommit, "TRUE"), Ok("on".into()));
        assert_eq!(parse(Setting::WalCompression, "on"), Ok("pglz".into()));
        assert_eq!(parse(Setting::Fsync, "of"), Ok("off".into()));
        assert_eq!(parse(Setting::RandomPageCost, "1.1"), Ok("1.1".into()));
        assert_eq!(parse(Setting::VacuumCostDelay, "2ms"), Ok("2ms".into()));
        assert_eq!(parse(Setting::ApplicationName, &"x".repeat(70)), Ok("x".repeat(63)));
    }

    #[test]
    fn refuses_as_postgres_does() {
        for (setting, text, message) in [
            (
                Setting::WorkMem,
                "1",
                "ERROR:  1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)",
            ),
            (Setting::Fsync, "o", "ERROR:  parameter \"fsync\" requires a Boolean value"),
            (
                Setting::RandomPageCost,
                "-1",
                "ERROR:  -1 is outside the valid range for parameter \"random_page_cost\" (0 .. 1.79769e+308)",
            ),
            (
                Setting::ByteaOutput,
                "x",
                "ERROR:  invalid value for parameter \"bytea_output\": \"x\"\nHINT:  Available values: escape, hex.",
            ),
        ] {
            assert_eq!(parse(setting, text), Err(message.to_owned()));
        }
    }
}
