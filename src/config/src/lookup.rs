//! From a name to a setting.

use crate::definition::flag;
use crate::table::{Setting, TABLE};
use report::{Error, Result, error};
use std::cmp::Ordering;
use std::sync::Arc;

/// What a name names: a setting of the table, or a custom one (`myapp.user`), which holds text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Name {
    /// A setting of the table.
    Known(Setting),
    /// A name of two or more parts; extensions and applications use them as they like.
    Custom(Arc<str>),
}

impl Name {
    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        match self {
            Name::Known(setting) => setting.name(),
            Name::Custom(name) => name,
        }
    }
}

/// Names that PostgreSQL still takes for others.
const OLD_NAMES: [(&str, Setting); 2] = [("sort_mem", Setting::WorkMem), ("vacuum_mem", Setting::MaintenanceWorkMem)];

impl Setting {
    /// The setting of this name, in any case.
    pub fn by_name(name: &str) -> Option<Setting> {
        let old = || OLD_NAMES.iter().find(|(old, _)| old.eq_ignore_ascii_case(name)).map(|(_, setting)| *setting);
        match TABLE.binary_search_by(|row| compare_names(row.name, name)) {
            Ok(index) => Some(Setting::ALL[index]),
            Err(_) => old(),
        }
    }

    /// True if superusers and members of pg_read_all_settings alone may see it.
    pub fn is_secret(self) -> bool {
        self.definition().has(flag::SUPERUSER_ONLY)
    }

    /// True if it depends on it what a statement means or how it is planned.
    pub fn shapes_statements(self) -> bool {
        use Setting as S;
        self.definition().has(flag::EXPLAIN)
            || matches!(
                self,
                S::StandardConformingStrings
                    | S::EscapeStringWarning
                    | S::BackslashQuote
                    | S::TransformNullEquals
                    | S::ArrayNulls
                    | S::RowSecurity
                    | S::Role
                    | S::SessionAuthorization
                    | S::PlanCacheMode
                    | S::Xmloption
                    | S::Xmlbinary
            )
    }
}

/// Resolves a name that may be custom. Errors: 42704 unrecognized, 42602 malformed custom name.
pub fn resolve(name: &str) -> Result<Name> {
    if let Some(setting) = Setting::by_name(name) {
        return Ok(Name::Known(setting));
    }
    if !name.contains('.') {
        return Err(unrecognized(name));
    }
    if !is_custom_name(name) {
        return Err(error!(INVALID_NAME, "invalid configuration parameter name \"{name}\"")
            .detail("Custom parameter names must be two or more simple identifiers separated by dots."));
    }
    Ok(Name::Custom(name.into()))
}

/// 42704: `unrecognized configuration parameter "name"`.
pub(crate) fn unrecognized(name: &str) -> Error {
    error!(UNDEFINED_OBJECT, "unrecognized configuration parameter \"{name}\"")
}

/// True for two or more identifiers with dots between.
pub fn is_custom_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b >= 0x80)
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80)
    };
    name.contains('.') && name.split('.').all(is_part)
}

/// Order of names without ASCII case, as the table is sorted.
pub(crate) fn compare_names(a: &str, b: &str) -> Ordering {
    a.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_setting_in_any_case() {
        for &setting in Setting::ALL {
            assert_eq!(Setting::by_name(&setting.name().to_uppercase()), Some(setting));
        }
        assert_eq!(Setting::by_name("sort_mem"), Some(Setting::WorkMem));
    }

    #[test]
    fn tells_custom_from_unknown() {
        assert_eq!(resolve("myapp.user").unwrap(), Name::Custom("myapp.user".into()));
        assert_eq!(resolve("work_men").unwrap_err().code().as_str(), "42704");
        assert_eq!(resolve("a.1").unwrap_err().code().as_str(), "42602");
    }
}
