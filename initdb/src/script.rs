//! What the server reads: the bootstrap script with its words filled in, and the SQL that sets the password.

use crate::locale::{Encoding, Locales};

/// The end of the bootstrap script: the rows of system views, information_schema, privileges and statistics, none of which depends on
/// what initdb is told.
pub const ROWS: &str = include_str!("../rows.bki");

/// What the bootstrap script leaves open.
pub struct Words<'a> {
    /// The superuser's name.
    pub superuser: &'a str,
    /// The encoding of the databases.
    pub encoding: Encoding,
    /// Their locales.
    pub locales: &'a Locales,
}

/// The whole bootstrap script.
pub fn bootstrap(words: &Words<'_>) -> String {
    catalogs(words) + ROWS
}

/// The bootstrap script without its end. Capital words stand alone between blanks.
pub fn catalogs(words: &Words<'_>) -> String {
    let values = [
        ("POSTGRES", quoted(words.superuser)),
        ("ENCODING", words.encoding.id.to_string()),
        ("LC_COLLATE", quoted(&words.locales.collate)),
        ("LC_CTYPE", quoted(&words.locales.ctype)),
    ];
    let values = values.map(|(word, value)| (format!(" {word} "), format!(" {value} ")));
    let mut script = String::with_capacity(catalog::BOOTSTRAP_SCRIPT.len() + 1024);
    for line in catalog::BOOTSTRAP_SCRIPT.split_inclusive('\n') {
        // Few lines have any.
        match values.iter().any(|(word, _)| line.contains(word)) {
            true => script += &values.iter().fold(line.to_owned(), |line, (word, value)| line.replace(word, value)),
            false => script += line,
        }
    }
    script
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The statement that gives the superuser a password. It ends at a semicolon followed by an empty line (`-j`).
pub fn set_password(superuser: &str, password: &str) -> String {
    let role = superuser.replace('"', "\"\"");
    format!("ALTER ROLE \"{role}\" WITH PASSWORD E'{}';\n\n", escaped(password))
}

/// For a string constant with E in front.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "''")
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
        let script = catalogs(&Words { superuser: "o'neil POSTGRES", encoding: UTF8, locales: &locales });
        assert!(script.contains("insert ( 10 'o''neil POSTGRES' t t "));
        assert!(script.contains("insert ( 1 template1 10 6 c t t "));
        assert!(!script.contains(" LC_CTYPE ") && !script.contains(" ENCODING "));
    }

    #[test]
    fn the_password_is_quoted() {
        assert_eq!(set_password("m\"e", "a'b\\c"), "ALTER ROLE \"m\"\"e\" WITH PASSWORD E'a''b\\\\c';\n\n");
    }
}
