//! Rows of `pg_settings`, `pg_file_settings` and SHOW ALL.

use crate::definition::{Definition, Kind, Source, flag};
use crate::number::format_g;
use crate::server::ServerValues;
use crate::session::SessionSettings;
use crate::table::Setting;

/// A row of `pg_settings`.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the fields are the view's columns")]
pub struct SettingRow {
    pub name: String,
    pub setting: String,
    pub unit: Option<&'static str>,
    pub category: String,
    pub short_desc: &'static str,
    pub extra_desc: Option<&'static str>,
    pub context: &'static str,
    pub vartype: &'static str,
    pub source: &'static str,
    pub min_val: Option<String>,
    pub max_val: Option<String>,
    pub enumvals: Option<Vec<&'static str>>,
    pub boot_val: Option<String>,
    pub reset_val: Option<String>,
    pub sourcefile: Option<String>,
    pub sourceline: Option<i32>,
    pub pending_restart: bool,
}

/// A row of `pg_file_settings`.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the fields are the view's columns")]
pub struct FileRow {
    pub sourcefile: String,
    pub sourceline: i32,
    pub seqno: i32,
    pub name: Option<String>,
    pub setting: Option<String>,
    pub applied: bool,
    pub error: Option<String>,
}

impl SessionSettings {
    /// The rows of `pg_settings`. Where a value came from is shown to those who may read all settings.
    pub fn rows(&self, sees_all: bool) -> Vec<SettingRow> {
        let shown = Setting::ALL.iter().filter(|s| is_shown(s.definition(), sees_all));
        let mut rows: Vec<SettingRow> = shown.map(|&setting| self.row(setting, sees_all)).collect();
        rows.extend(self.custom_names().into_iter().filter_map(|name| self.custom_row(&name)));
        rows
    }

    /// Name, value and description of each setting, for SHOW ALL.
    pub fn show_all(&self, sees_all: bool) -> Vec<(&'static str, String, &'static str)> {
        let shown = Setting::ALL.iter().filter(|s| is_shown(s.definition(), sees_all));
        shown.map(|&s| (s.name(), self.show(s), s.definition().about)).collect()
    }

    fn row(&self, setting: Setting, sees_all: bool) -> SettingRow {
        let definition = setting.definition();
        let (min_val, max_val) = range(definition);
        let source = self.source(setting);
        let place = self.base().origin(setting).place.as_ref().filter(|_| sees_all && source == Source::File);
        SettingRow {
            name: definition.name.to_owned(),
            setting: match setting {
                Setting::ArchiveCommand => self.show(setting),
                _ => match self.in_force(setting) {
                    Some(number) => number.to_string(),
                    None => definition.show_bare(self.value(setting)),
                },
            },
            unit: definition.unit().name(),
            category: definition.category.to_string(),
            short_desc: definition.about,
            extra_desc: None,
            context: definition.context.name(),
            vartype: definition.kind.name(),
            source: source.name(),
            min_val,
            max_val,
            enumvals: matches!(definition.kind, Kind::Choice { .. }).then(|| definition.choices()),
            boot_val: Some(plain(definition, &definition.boot_value())),
            reset_val: Some(plain(definition, self.reset_value(setting))),
            sourcefile: place.map(|(file, _)| file.to_string()),
            sourceline: place.map(|(_, line)| i32::try_from(*line).unwrap_or(i32::MAX)),
            pending_restart: self.base().is_pending_restart(setting),
        }
    }

    fn custom_row(&self, name: &str) -> Option<SettingRow> {
        let value = self.custom(name)?;
        Some(SettingRow {
            name: name.to_owned(),
            setting: value.clone(),
            unit: None,
            category: "Customized Options".to_owned(),
            short_desc: "",
            extra_desc: None,
            context: "user",
            vartype: "string",
            source: "session",
            min_val: None,
            max_val: None,
            enumvals: None,
            boot_val: None,
            reset_val: Some(value),
            sourcefile: None,
            sourceline: None,
            pending_restart: false,
        })
    }
}

impl ServerValues {
    /// The rows of `pg_file_settings`.
    pub fn file_rows(&self) -> Vec<FileRow> {
        let row = |(i, entry): (usize, &crate::file::FileEntry)| FileRow {
            sourcefile: entry.file.to_string(),
            sourceline: i32::try_from(entry.line).unwrap_or(i32::MAX),
            seqno: i32::try_from(i + 1).unwrap_or(i32::MAX),
            name: (!entry.name.is_empty()).then(|| entry.name.clone()),
            setting: (!entry.name.is_empty()).then(|| entry.value.clone()),
            applied: entry.applied,
            error: entry.error.clone(),
        };
        self.file_entries().iter().enumerate().map(row).collect()
    }
}

/// Boot and reset values are in decimal even where the value itself is shown in octal.
fn plain(definition: &Definition, value: &crate::value::Value) -> String {
    match value {
        crate::value::Value::Int(number) => number.to_string(),
        other => definition.show_bare(other),
    }
}

fn is_shown(definition: &Definition, sees_all: bool) -> bool {
    !definition.has(flag::NO_SHOW_ALL) && (sees_all || !definition.has(flag::SUPERUSER_ONLY))
}

fn range(definition: &Definition) -> (Option<String>, Option<String>) {
    match definition.kind {
        Kind::Int { min, max, .. } => (Some(min.to_string()), Some(max.to_string())),
        Kind::Real { min, max, .. } => (Some(format_g(min)), Some(format_g(max))),
        _ => (None, None),
    }
}
