//! WITH (...) of tables and indexes: checked, and in the form in which pg_class.reloptions keeps them.

use parser::ast::{DefArg, DefElem};
use report::{Result, bail, error};

/// What a storage option takes.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Int(i64, i64),
    Real(f64, f64),
    Word(&'static [&'static str], &'static str),
}

/// Options of tables, besides those with the prefix `toast.`.
const TABLE: [(&str, Kind); 24] = [
    ("fillfactor", Kind::Int(10, 100)),
    ("autovacuum_enabled", Kind::Bool),
    ("autovacuum_vacuum_threshold", Kind::Int(0, i32::MAX as i64)),
    ("autovacuum_vacuum_insert_threshold", Kind::Int(-1, i32::MAX as i64)),
    ("autovacuum_analyze_threshold", Kind::Int(0, i32::MAX as i64)),
    ("autovacuum_vacuum_cost_limit", Kind::Int(1, 10_000)),
    ("autovacuum_vacuum_cost_delay", Kind::Real(0.0, 100.0)),
    ("autovacuum_freeze_min_age", Kind::Int(0, 1_000_000_000)),
    ("autovacuum_freeze_max_age", Kind::Int(100_000, 2_000_000_000)),
    ("autovacuum_freeze_table_age", Kind::Int(0, 2_000_000_000)),
    ("autovacuum_multixact_freeze_min_age", Kind::Int(0, 1_000_000_000)),
    ("autovacuum_multixact_freeze_max_age", Kind::Int(10_000, 2_000_000_000)),
    ("autovacuum_multixact_freeze_table_age", Kind::Int(0, 2_000_000_000)),
    ("autovacuum_vacuum_scale_factor", Kind::Real(0.0, 100.0)),
    ("autovacuum_vacuum_insert_scale_factor", Kind::Real(0.0, 100.0)),
    ("autovacuum_analyze_scale_factor", Kind::Real(0.0, 100.0)),
    ("log_autovacuum_min_duration", Kind::Int(-1, i32::MAX as i64)),
    ("parallel_workers", Kind::Int(0, 1024)),
    ("toast_tuple_target", Kind::Int(128, 8160)),
    ("user_catalog_table", Kind::Bool),
    ("vacuum_index_cleanup", Kind::Word(&["auto", "on", "off", "true", "false", "yes", "no", "1", "0"], VACUUM_WORDS)),
    ("vacuum_truncate", Kind::Bool),
    ("toast.autovacuum_enabled", Kind::Bool),
    ("oids", Kind::Bool),
];

const VACUUM_WORDS: &str = "Valid values are \"on\", \"off\", and \"auto\".";

/// Options of B-tree indexes.
const BTREE: [(&str, Kind); 2] = [("fillfactor", Kind::Int(10, 100)), ("deduplicate_items", Kind::Bool)];

/// The options of a table. Errors: 22023.
pub(crate) fn table_options(given: &[DefElem]) -> Result<Option<Vec<String>>> {
    read(given, &TABLE)
}

/// The options of a B-tree index. Errors: 22023.
pub(crate) fn index_options(given: &[DefElem]) -> Result<Option<Vec<String>>> {
    read(given, &BTREE)
}

/// Options of views.
const VIEW: [(&str, Kind); 3] = [
    ("security_barrier", Kind::Bool),
    ("security_invoker", Kind::Bool),
    ("check_option", Kind::Word(&["local", "cascaded"], "Valid values are \"local\" and \"cascaded\".")),
];

/// The options of a view. Errors: 22023.
pub(crate) fn view_options(given: &[DefElem]) -> Result<Option<Vec<String>>> {
    read(given, &VIEW)
}

/// A list of options with those that a statement names replaced by `new`, or left out.
pub(crate) fn merged(old: Option<&[String]>, named: &[DefElem], new: Option<Vec<String>>) -> Option<Vec<String>> {
    let is_named = |known: &String| named.iter().any(|option| known.split('=').next() == Some(&full_name(option)));
    let mut options: Vec<String> = old.unwrap_or_default().iter().filter(|known| !is_named(known)).cloned().collect();
    options.extend(new.unwrap_or_default());
    (!options.is_empty()).then_some(options)
}

fn read(given: &[DefElem], known: &[(&str, Kind)]) -> Result<Option<Vec<String>>> {
    let mut options: Vec<String> = Vec::new();
    for option in given {
        let name = full_name(option);
        let Some((_, kind)) = known.iter().find(|(known, _)| *known == name) else {
            bail!(INVALID_PARAMETER_VALUE, "unrecognized parameter \"{name}\"");
        };
        let value = text_of(option);
        check(&name, &value, *kind)?;
        if options.iter().any(|earlier| earlier.split('=').next() == Some(&name)) {
            bail!(INVALID_PARAMETER_VALUE, "parameter \"{name}\" specified more than once");
        }
        if name == "oids" {
            match config::parse_bool(&value) {
                Some(false) => continue,
                _ => bail!(FEATURE_NOT_SUPPORTED, "tables declared WITH OIDS are not supported"),
            }
        }
        options.push(format!("{name}={value}"));
    }
    Ok((!options.is_empty()).then_some(options))
}

fn full_name(option: &DefElem) -> String {
    match &option.namespace {
        Some(namespace) => format!("{namespace}.{}", option.name),
        None => option.name.clone(),
    }
}

/// An option's value as text; `true` if none was written.
pub(crate) fn text_of(option: &DefElem) -> String {
    match &option.arg {
        None => "true".to_owned(),
        Some(DefArg::String(text) | DefArg::Float(text)) => text.clone(),
        Some(DefArg::Integer(number)) => number.to_string(),
        Some(DefArg::Boolean(flag)) => flag.to_string(),
        Some(DefArg::Star) => "*".to_owned(),
        Some(DefArg::List(list)) => list.join(","),
        Some(DefArg::Name(name)) => name.parts.join("."),
        Some(DefArg::Type(name)) => name.name.parts.join("."),
        Some(other) => format!("{other:?}"),
    }
}

fn check(name: &str, value: &str, kind: Kind) -> Result<()> {
    match kind {
        Kind::Bool if config::parse_bool(value).is_none() => {
            bail!(INVALID_PARAMETER_VALUE, "invalid value for boolean option \"{name}\": {value}")
        }
        Kind::Int(least, most) => match value.parse::<i64>() {
            Err(_) => bail!(INVALID_PARAMETER_VALUE, "invalid value for integer option \"{name}\": {value}"),
            Ok(number) if !(least..=most).contains(&number) => {
                Err(out_of_bounds(name, value, &least.to_string(), &most.to_string()))
            }
            Ok(_) => Ok(()),
        },
        Kind::Real(least, most) => match value.parse::<f64>() {
            Err(_) => bail!(INVALID_PARAMETER_VALUE, "invalid value for floating point option \"{name}\": {value}"),
            Ok(number) if !(least..=most).contains(&number) => {
                Err(out_of_bounds(name, value, &format!("{least:.6}"), &format!("{most:.6}")))
            }
            Ok(_) => Ok(()),
        },
        Kind::Word(words, valid) if !words.contains(&value.to_ascii_lowercase().as_str()) => {
            Err(error!(INVALID_PARAMETER_VALUE, "invalid value for enum option \"{name}\": {value}").detail(valid))
        }
        Kind::Bool | Kind::Word(..) => Ok(()),
    }
}

fn out_of_bounds(name: &str, value: &str, least: &str, most: &str) -> report::Error {
    let error = error!(INVALID_PARAMETER_VALUE, "value {value} out of bounds for option \"{name}\"");
    error.detail(format!("Valid values are between \"{least}\" and \"{most}\"."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parser::ast::{DefAction, Pos};

    fn option(name: &str, arg: DefArg) -> DefElem {
        DefElem { namespace: None, name: name.to_owned(), arg: Some(arg), action: DefAction::default(), pos: Pos::NONE }
    }

    #[test]
    fn values_are_checked_and_kept_as_text() {
        let kept = table_options(&[option("fillfactor", DefArg::Integer(90))]).unwrap();
        assert_eq!(kept, Some(vec!["fillfactor=90".to_owned()]));
        let error = table_options(&[option("fillfactor", DefArg::Integer(5))]).unwrap_err();
        assert_eq!(error.fields().detail.as_deref(), Some("Valid values are between \"10\" and \"100\"."));
        let error = table_options(&[option("fill", DefArg::Integer(5))]).unwrap_err();
        assert_eq!(error.message(), "unrecognized parameter \"fill\"");
    }
}
