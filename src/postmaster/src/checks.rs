//! Checks of settings that need to know what a value means, and forms in which values are kept.
//!
//! What this server does not have is refused here, with 0A000, rather than accepted and not done.

use config::{Hooks, Proposal, Refusal, Setting, Value, split_identifiers, split_list};
use report::SqlState;

/// What a check comes to.
type Checked = Result<Option<Value>, Refusal>;

/// Deepest stack that a session's thread has room for, in kB: its stack less what one deep call may need.
pub const STACK_DEPTH_KB_MAX: i32 = (8 << 10) - 512;

/// Registers all of them.
pub fn hooks(hooks: Hooks) -> Hooks {
    let hooks = hooks
        .on(Setting::DateStyle, date_style)
        .on(Setting::TimeZone, time_zone)
        .on(Setting::LogTimezone, time_zone)
        .on(Setting::ClientEncoding, client_encoding)
        .on(Setting::SearchPath, identifiers)
        .on(Setting::TempTablespaces, identifiers)
        .on(Setting::LogDestination, log_destination)
        .on(Setting::ApplicationName, ascii)
        .on(Setting::ClusterName, ascii)
        .on(Setting::MaxStackDepth, stack_depth)
        .on(Setting::ThreadPoolAttr, thread_pool_attr)
        .on(Setting::DefaultTableAccessMethod, table_access_method);
    unsupported(hooks)
}

/// Settings that name features which this server does not have yet.
fn unsupported(hooks: Hooks) -> Hooks {
    hooks
        .on(Setting::Ssl, |p| off_only(p, "SSL is not supported by this build"))
        .on(Setting::Bonjour, |p| off_only(p, "Bonjour is not supported by this build"))
        .on(Setting::DefaultWithOids, |p| off_only(p, "tables declared WITH OIDS are not supported"))
        .on(Setting::ArchiveLibrary, |p| empty_only(p, "archive_library is not supported yet"))
        .on(Setting::SynchronousStandbyNames, |p| empty_only(p, "synchronous replication is not supported yet"))
        .on(Setting::SharedPreloadLibraries, no_library)
        .on(Setting::SessionPreloadLibraries, no_library)
        .on(Setting::LocalPreloadLibraries, no_library)
}

fn text<'a>(proposal: &'a Proposal<'_>) -> &'a str {
    match proposal.value {
        Value::Text(text) => text,
        _ => "",
    }
}

fn thread_pool_attr(proposal: &Proposal<'_>) -> Checked {
    match pool::Attributes::parse(text(proposal)) {
        Ok(_) => Ok(None),
        Err(error) => {
            let report::Fields { detail, hint, .. } = error.fields();
            Err(Refusal { code: Some(error.code()), detail: detail.clone(), hint: hint.clone(), ..Refusal::default() })
        }
    }
}

fn not_supported(message: &str) -> Refusal {
    Refusal { code: Some(SqlState::FEATURE_NOT_SUPPORTED), ..Refusal::message(message) }
}

fn off_only(proposal: &Proposal<'_>, message: &str) -> Checked {
    if *proposal.value == Value::Bool(true) { Err(not_supported(message)) } else { Ok(None) }
}

fn empty_only(proposal: &Proposal<'_>, message: &str) -> Checked {
    if text(proposal).trim().is_empty() { Ok(None) } else { Err(not_supported(message)) }
}

fn no_library(proposal: &Proposal<'_>) -> Checked {
    match split_list(text(proposal)).and_then(|names| names.into_iter().next()) {
        None if text(proposal).trim().is_empty() => Ok(None),
        None => Err(Refusal::detail("List syntax is invalid.")),
        Some(name) => Err(Refusal {
            code: Some(SqlState::UNDEFINED_FILE),
            ..Refusal::message(format!("could not access file \"{name}\": No such file or directory"))
        }),
    }
}

fn identifiers(proposal: &Proposal<'_>) -> Checked {
    match split_identifiers(text(proposal)) {
        Some(_) => Ok(None),
        None => Err(Refusal::detail("List syntax is invalid.")),
    }
}

fn log_destination(proposal: &Proposal<'_>) -> Checked {
    let Some(words) = split_list(text(proposal)) else { return Err(Refusal::detail("List syntax is invalid.")) };
    let known = ["stderr", "csvlog", "jsonlog", "syslog"];
    match words.iter().find(|word| !known.iter().any(|k| k.eq_ignore_ascii_case(word))) {
        Some(word) => Err(Refusal::detail(format!("Unrecognized key word: \"{word}\"."))),
        None => Ok(None),
    }
}

/// Names that end up in logs and titles: what is not printable ASCII becomes a question mark.
fn ascii(proposal: &Proposal<'_>) -> Checked {
    let given = text(proposal);
    if given.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Ok(None);
    }
    let clean: String = given.bytes().map(|b| if (b' '..=b'~').contains(&b) { char::from(b) } else { '?' }).collect();
    Ok(Some(Value::text(&clean)))
}

fn stack_depth(proposal: &Proposal<'_>) -> Checked {
    match proposal.value {
        Value::Int(kilobytes) if *kilobytes > STACK_DEPTH_KB_MAX => {
            Err(Refusal::detail(format!("\"max_stack_depth\" must not exceed {STACK_DEPTH_KB_MAX}kB.")))
        }
        _ => Ok(None),
    }
}

fn table_access_method(proposal: &Proposal<'_>) -> Checked {
    match text(proposal) {
        "" => Err(Refusal::detail("default_table_access_method cannot be empty.")),
        "heap" => Ok(None),
        other => Err(Refusal::detail(format!("Table access method \"{other}\" does not exist."))),
    }
}

fn time_zone(proposal: &Proposal<'_>) -> Checked {
    let name = text(proposal);
    if let Ok(hours) = name.trim().parse::<f64>() {
        if hours.is_nan() || hours.abs() >= 168.0 {
            return Err(Refusal::detail("UTC timezone offset is out of range."));
        }
        return Ok(Some(Value::text(&instance::hours_east(hours))));
    }
    match instance::find_time_zone(name) {
        Some(_) if name.eq_ignore_ascii_case("gmt") => Ok(Some(Value::text("GMT"))),
        // A zone is known by its own spelling, whatever case it was named in.
        Some(zone) => {
            let own = zone.iana_name().filter(|own| own.eq_ignore_ascii_case(name));
            Ok(own.map(Value::text))
        }
        None => Err(Refusal::default()),
    }
}

/// Encodings that PostgreSQL knows and this server does not convert.
const OTHER_ENCODINGS: [&str; 40] = [
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

fn client_encoding(proposal: &Proposal<'_>) -> Checked {
    let simple = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let wanted = simple(text(proposal));
    match wanted.as_str() {
        "utf8" | "unicode" => Ok(Some(Value::text("UTF8"))),
        "sqlascii" => Ok(Some(Value::text("SQL_ASCII"))),
        _ => match OTHER_ENCODINGS.iter().find(|name| simple(name) == wanted) {
            Some(name) => Err(not_supported(&format!("conversion between {name} and UTF8 is not supported"))),
            None => Err(Refusal::default()),
        },
    }
}

/// `DateStyle`: an output style and an order of fields; what is not named stays as it is.
fn date_style(proposal: &Proposal<'_>) -> Checked {
    let Some(words) = split_identifiers(text(proposal)) else {
        return Err(Refusal::detail("List syntax is invalid."));
    };
    let (mut style, mut order) = (None, None);
    let mut conflicts = false;
    let mut set = |slot: &mut Option<&'static str>, value: &'static str| {
        conflicts |= slot.is_some_and(|old| old != value);
        *slot = Some(value);
    };
    for word in &words {
        match word.as_str() {
            "iso" => set(&mut style, "ISO"),
            "sql" => set(&mut style, "SQL"),
            "german" => set(&mut style, "German"),
            "ymd" => set(&mut order, "YMD"),
            "dmy" => set(&mut order, "DMY"),
            "mdy" | "us" => set(&mut order, "MDY"),
            "default" => {
                style = style.or(Some("ISO"));
                order = order.or(Some("MDY"));
            }
            word if word.starts_with("postgres") => set(&mut style, "Postgres"),
            word if word.starts_with("euro") => set(&mut order, "DMY"),
            word if word.starts_with("noneuro") => set(&mut order, "MDY"),
            word => return Err(Refusal::detail(format!("Unrecognized key word: \"{word}\"."))),
        }
    }
    if conflicts {
        return Err(Refusal::detail("Conflicting \"datestyle\" specifications."));
    }
    // German dates begin with the day unless told otherwise.
    let order = order.or((style == Some("German")).then_some("DMY"));
    let (old_style, old_order) = old_date_style(proposal);
    Ok(Some(Value::text(&format!("{}, {}", style.unwrap_or(old_style), order.unwrap_or(old_order)))))
}

fn old_date_style<'a>(proposal: &'a Proposal<'_>) -> (&'a str, &'a str) {
    match proposal.current {
        Value::Text(current) => current.split_once(", ").unwrap_or(("ISO", "MDY")),
        _ => ("ISO", "MDY"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Change, SessionSettings, Settings};

    fn set(name: &str, values: &[&str]) -> Result<String, String> {
        let mut session = SessionSettings::new(&Settings::boot(hooks(Hooks::new())));
        for value in values {
            session.set(name, Some(value), Change::set(true)).map_err(|error| error.to_string())?;
        }
        session.show_name(name).map_err(|error| error.to_string())
    }

    #[test]
    fn date_style_is_kept_in_one_form() {
        assert_eq!(set("datestyle", &["iso"]), Ok("ISO, MDY".into()));
        assert_eq!(set("datestyle", &["german"]), Ok("German, DMY".into()));
        assert_eq!(set("datestyle", &["sql, dmy", "ymd"]), Ok("SQL, YMD".into()));
        assert_eq!(set("datestyle", &["european, postgresql"]), Ok("Postgres, DMY".into()));
        let error = set("datestyle", &["iso, sql"]).unwrap_err();
        assert!(error.ends_with("DETAIL:  Conflicting \"datestyle\" specifications."), "{error}");
        let error = set("datestyle", &["funny"]).unwrap_err();
        assert_eq!(
            error,
            "ERROR:  invalid value for parameter \"DateStyle\": \"funny\"\nDETAIL:  Unrecognized key word: \"funny\"."
        );
    }

    #[test]
    fn zones_and_encodings_get_their_own_spelling() {
        assert_eq!(set("timezone", &["europe/berlin"]), Ok("Europe/Berlin".into()));
        assert_eq!(set("timezone", &["utc"]), Ok("UTC".into()));
        assert_eq!(set("timezone", &["GMT"]), Ok("GMT".into()));
        assert!(set("timezone", &["nowhere"]).is_err());
        assert_eq!(set("client_encoding", &["utf-8"]), Ok("UTF8".into()));
        assert!(set("client_encoding", &["latin1"]).unwrap_err().contains("not supported"));
    }

    #[test]
    fn names_are_made_printable() {
        assert_eq!(set("application_name", &["a\tb\u{e9}"]), Ok("a?b??".into()));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let settings = Settings::boot(hooks(Hooks::new()));
        let code = |name: &str, value: &str| settings.alter_system(name, Some(value)).unwrap_err().code().to_string();
        assert_eq!(code("ssl", "on"), "0A000");
        assert_eq!(code("shared_preload_libraries", "x"), "58P01");
        assert_eq!(code("log_destination", "paper"), "22023");
        assert_eq!(code("max_stack_depth", "8MB"), "22023");
    }
}
