//! What the server reads: the bootstrap script with its words filled in, and the SQL that follows.

use crate::features;
use crate::locale::{Encoding, Locales};

/// Statements end at a semicolon followed by an empty line (`-j`).
const SYSTEM_VIEWS: &str = include_str!("../sql/system_views.sql");
const PRIVILEGES: &str = include_str!("../sql/privileges.sql");
const INFORMATION_TABLES: &str = include_str!("../sql/information_schema_tables.sql");
const INFORMATION_SCHEMA: &str = include_str!("../sql/information_schema.sql");
/// What template1 is copied with: statistics of its catalogs for the planner, and maps that say which pages everybody sees.
/// ANALYZE comes first, so that VACUUM sees the statistics too.
const STATISTICS: &str = "ANALYZE;\n\nVACUUM FREEZE;\n\n";

/// What the bootstrap script leaves open.
pub struct Words<'a> {
    /// The superuser's name.
    pub superuser: &'a str,
    /// The encoding of the databases.
    pub encoding: Encoding,
    /// Their locales.
    pub locales: &'a Locales,
}

/// The bootstrap script. Capital words stand alone between blanks.
pub fn bootstrap(words: &Words<'_>) -> String {
    let mut script = catalog::BOOTSTRAP_SCRIPT.to_owned();
    let values = [
        ("POSTGRES", quoted(words.superuser)),
        ("ENCODING", words.encoding.id.to_string()),
        ("LC_COLLATE", quoted(&words.locales.collate)),
        ("LC_CTYPE", quoted(&words.locales.ctype)),
    ];
    for (word, value) in values {
        script = script.replace(&format!(" {word} "), &format!(" {value} "));
    }
    script
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The statements after bootstrap, in order, each with what it is for (shown under `-d`).
pub fn after_bootstrap(superuser: &str, password: Option<&str>) -> Vec<(&'static str, String)> {
    let mut parts = Vec::new();
    if let Some(password) = password {
        let role = superuser.replace('"', "\"\"");
        parts.push(("password", format!("ALTER ROLE \"{role}\" WITH PASSWORD E'{}';\n\n", escaped(password))));
    }
    parts.push(("system views", terminated(SYSTEM_VIEWS)));
    parts.push(("information schema", terminated(INFORMATION_SCHEMA)));
    parts.push(("tables of the information schema", terminated(INFORMATION_TABLES)));
    parts.push(("features of SQL", features::insert()));
    parts.push(("version of the information schema", information_version()));
    parts.push(("privileges", terminated(PRIVILEGES)));
    parts.push(("statistics", STATISTICS.to_owned()));
    parts
}

fn terminated(script: &str) -> String {
    format!("{}\n\n", script.trim_end())
}

/// For a string constant with E in front.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
}

/// The version in the form that the SQL standard wants: two, two and four digits.
fn information_version() -> String {
    "UPDATE information_schema.sql_implementation_info SET character_value = '15.18.0000'\n    \
     WHERE implementation_info_name = 'DBMS VERSION';\n\n"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::UTF8;
    use crate::options::LocaleOptions;

    #[test]
    fn words_are_filled_in_and_quoted() {
        let c = LocaleOptions { all: Some("C".to_owned()), ..LocaleOptions::default() };
        let locales = Locales::choose(&c).unwrap();
        let script = bootstrap(&Words { superuser: "o'neil POSTGRES", encoding: UTF8, locales: &locales });
        assert!(script.contains("insert ( 10 'o''neil POSTGRES' t t "));
        assert!(script.contains("insert ( 1 template1 10 6 c t t "));
        assert!(!script.contains(" LC_CTYPE ") && !script.contains(" ENCODING "));
    }

    #[test]
    fn every_statement_ends_as_single_user_mode_needs_it() {
        for (part, text) in after_bootstrap("me", Some("a'b\\c")) {
            assert!(text.ends_with(";\n\n"), "{part}");
        }
        assert!(after_bootstrap("me", Some("a'b\\c"))[0].1.contains("PASSWORD E'a''b\\\\c'"));
    }
}
