//! Checks of values that the table cannot express. Crates that know what a value means register them.

use crate::definition::{Definition, Source};
use crate::sparse::Sparse;
use crate::table::Setting;
use crate::value::Value;
use report::{Error, Result, SqlState};
use std::fmt;

/// A value that someone wants a setting to have.
#[derive(Debug)]
pub struct Proposal<'a> {
    /// The setting.
    pub setting: Setting,
    /// The value: of the setting's type and in its range.
    pub value: &'a Value,
    /// The value it has now.
    pub current: &'a Value,
    /// Where the value comes from.
    pub source: Source,
}

/// Why a value is refused.
#[derive(Debug, Default)]
pub struct Refusal {
    /// The SQLSTATE, 22023 if none is given.
    pub code: Option<SqlState>,
    /// The message; `invalid value for parameter "name": "value"` if none is given.
    pub message: Option<String>,
    /// More about it, a sentence.
    pub detail: Option<String>,
    /// What to do about it, a sentence.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal with a detail.
    pub fn detail(detail: impl Into<String>) -> Refusal {
        Refusal { detail: Some(detail.into()), ..Refusal::default() }
    }

    /// A refusal with a message of its own.
    pub fn message(message: impl Into<String>) -> Refusal {
        Refusal { message: Some(message.into()), ..Refusal::default() }
    }
}

/// A check: `Ok(None)` takes the value as it is, `Ok(Some(v))` puts `v` in its place.
pub type CheckHook = Box<dyn Fn(&Proposal<'_>) -> Result<Option<Value>, Refusal> + Send + Sync>;

/// The checks, at most one for a setting.
#[derive(Default)]
pub struct Hooks {
    checks: Sparse<CheckHook>,
}

impl Hooks {
    /// No checks.
    pub fn new() -> Hooks {
        Hooks::default()
    }

    /// Registers a check. The last one registered for a setting counts.
    pub fn on(
        mut self,
        setting: Setting,
        check: impl Fn(&Proposal<'_>) -> Result<Option<Value>, Refusal> + Send + Sync + 'static,
    ) -> Hooks {
        self.checks.insert(setting, Box::new(check));
        self
    }

    /// Reads a text as a value of the setting and checks it.
    pub(crate) fn parse(&self, setting: Setting, text: &str, current: &Value, source: Source) -> Result<Value> {
        let value = setting.definition().parse(text)?;
        let Some(check) = self.checks.get(setting) else { return Ok(value) };
        match check(&Proposal { setting, value: &value, current, source }) {
            Ok(None) => Ok(value),
            Ok(Some(canonical)) => Ok(canonical),
            Err(refusal) => Err(refused(setting.definition(), &value, refusal)),
        }
    }
}

fn refused(definition: &Definition, value: &Value, refusal: Refusal) -> Error {
    let message = refusal.message.unwrap_or_else(|| {
        let shown = definition.show_bare(value);
        let quoted = if matches!(value, Value::Int(_) | Value::Real(_)) { shown } else { format!("\"{shown}\"") };
        format!("invalid value for parameter \"{}\": {quoted}", definition.name)
    });
    let mut error = Error::new(refusal.code.unwrap_or(SqlState::INVALID_PARAMETER_VALUE), message);
    error.fields_mut().detail = refusal.detail;
    error.fields_mut().hint = refusal.hint;
    error
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.checks.settings()).finish()
    }
}
