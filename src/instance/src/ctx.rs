//! What executing a statement takes: the instance and the session.

use crate::zone::time_zone;
use crate::{Instance, SessionState};
use builtins::{DateOrder, DateStyle, FormatSettings, IntervalStyle};
use config::{SessionSettings, Setting};
use report::{Result, error};
use schema::{Catalog, Tables};
use std::sync::Arc;
use xact::StatisticsKey;

/// The instance and the session, together. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// What all sessions share.
    pub instance: &'a Instance,
    /// The session that the statement runs for.
    pub session: &'a SessionState,
}

impl<'a> Ctx<'a> {
    /// Pairs them.
    pub fn new(instance: &'a Instance, session: &'a SessionState) -> Ctx<'a> {
        Ctx { instance, session }
    }

    /// The catalogs, as the session's transaction sees them. Used only within a transaction.
    pub fn catalog(self) -> Catalog<'a> {
        self.catalog_of(self.session.database)
    }

    /// The catalogs of another database; zero for the shared ones alone.
    pub fn catalog_of(self, database: base::Oid) -> Catalog<'a> {
        let tables = Tables::of_session(&self.session.store, &self.session.transaction);
        Catalog::new(&self.instance.caches, &self.session.overlay, tables, database)
    }

    /// What the statistics know a relation by.
    pub fn statistics_key(self, relation: base::Oid) -> StatisticsKey {
        (if catalog::is_shared_relation(relation) { base::Oid::INVALID } else { self.session.database }, relation)
    }

    /// The wall clock: microseconds since 2000-01-01 UTC.
    pub fn now_us(self) -> i64 {
        self.instance.now_us()
    }

    /// Ends a statement that calls itself too deeply. What recurses through user-defined objects asks at each level.
    ///
    /// Errors: 54001.
    pub fn check_stack_depth(self) -> Result<()> {
        let limit_kb = self.setting(|s| s.int(Setting::MaxStackDepth));
        let used = self.session.stack_base.get().abs_diff(stack_address());
        if used <= limit_kb as usize * 1024 {
            return Ok(());
        }
        Err(error!(STATEMENT_TOO_COMPLEX, "stack depth limit exceeded").hint(format!(
            "Increase the configuration parameter \"max_stack_depth\" (currently {limit_kb}kB), after ensuring the \
             platform's stack depth limit is adequate."
        )))
    }

    /// The text of a setting, for checks that are not worth a typed accessor.
    pub fn setting<T>(self, read: impl FnOnce(&SessionSettings) -> T) -> T {
        read(&self.session.settings.borrow())
    }

    /// Times reads and writes of files from now on if `track_io_timing` says so.
    pub fn follow_io_timing(self) {
        let on = self.setting(|settings| settings.bool(Setting::TrackIoTiming));
        self.session.store.buffers.usage().set_timed(on);
    }

    /// Lets what is made of settings follow those that changed: how values are displayed, who the session acts as, what others see it called.
    pub fn refresh_settings(self) {
        let changed = self.session.settings.borrow_mut().take_changed();
        if changed.iter().any(|setting| matches!(setting, Setting::Role | Setting::SessionAuthorization)) {
            self.refresh_users();
        }
        if changed.contains(&Setting::TrackIoTiming) {
            self.follow_io_timing();
        }
        if changed.contains(&Setting::ApplicationName) {
            let name = self.setting(|settings| settings.text(Setting::ApplicationName).to_string());
            self.session.entry.update(|activity| activity.application_name = name);
        }
        if changed.iter().any(|setting| FORMAT_SETTINGS.contains(setting)) {
            let format = format_settings(&self.session.settings.borrow());
            *self.session.format.borrow_mut() = Arc::new(format);
        }
    }
}

/// The settings that [`FormatSettings`] is made of.
const FORMAT_SETTINGS: [Setting; 8] = [
    Setting::DateStyle,
    Setting::IntervalStyle,
    Setting::TimeZone,
    Setting::ExtraFloatDigits,
    Setting::ByteaOutput,
    Setting::ArrayNulls,
    Setting::ClientEncoding,
    Setting::QuoteAllIdentifiers,
];

/// What of a session's settings text input and output depend on.
pub fn format_settings(settings: &SessionSettings) -> FormatSettings {
    let style = settings.text(Setting::DateStyle).to_ascii_uppercase();
    let zone = settings.text(Setting::TimeZone);
    FormatSettings {
        date_style: date_style(&style),
        date_order: date_order(&style),
        interval_style: interval_style(settings.choice(Setting::IntervalStyle)),
        time_zone: time_zone(zone),
        time_zone_name: zone.to_string(),
        extra_float_digits: settings.int(Setting::ExtraFloatDigits),
        bytea_hex: settings.choice(Setting::ByteaOutput) == "hex",
        array_nulls: settings.bool(Setting::ArrayNulls),
        client_encoding: settings.text(Setting::ClientEncoding).to_string(),
        quote_all_identifiers: settings.bool(Setting::QuoteAllIdentifiers),
        ascii_case: settings.text(Setting::LcCtype).as_ref() == "C",
    }
}

fn date_style(style: &str) -> DateStyle {
    match style {
        _ if style.contains("GERMAN") => DateStyle::German,
        _ if style.contains("SQL") => DateStyle::Sql,
        _ if style.contains("POSTGRES") => DateStyle::Postgres,
        _ => DateStyle::Iso,
    }
}

fn date_order(style: &str) -> DateOrder {
    match style {
        _ if style.contains("YMD") => DateOrder::Ymd,
        _ if style.contains("DMY") => DateOrder::Dmy,
        _ => DateOrder::Mdy,
    }
}

fn interval_style(choice: &str) -> IntervalStyle {
    match choice {
        "postgres_verbose" => IntervalStyle::PostgresVerbose,
        "sql_standard" => IntervalStyle::SqlStandard,
        "iso_8601" => IntervalStyle::Iso8601,
        _ => IntervalStyle::Postgres,
    }
}

/// About where the calling function's frame is.
#[inline(never)]
pub fn stack_address() -> usize {
    let here = 0u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}
