//! Locales and the encodings that they imply.
//!
//! A locale is looked for where the system's library would find it: `C` and `POSIX` always exist, `C.UTF-8` is built in,
//! others are directories or entries of the archive, as `locale -a` lists them.

use crate::failure::Failure;
use crate::options::LocaleOptions;
use crate::output::say;
use std::process::{Command, Stdio};

/// A locale name for each category.
#[derive(Debug, Clone, PartialEq)]
pub struct Locales {
    /// Order of text.
    pub collate: String,
    /// Kinds of characters.
    pub ctype: String,
    /// Language of messages.
    pub messages: String,
    /// Money.
    pub monetary: String,
    /// Numbers.
    pub numeric: String,
    /// Dates.
    pub time: String,
}

/// An encoding of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// PostgreSQL's number.
    pub id: i32,
    /// PostgreSQL's name.
    pub name: &'static str,
}

/// Any bytes.
pub const SQL_ASCII: Encoding = Encoding { id: 0, name: "SQL_ASCII" };
/// Unicode.
pub const UTF8: Encoding = Encoding { id: 6, name: "UTF8" };

impl Locales {
    /// The C locale for everything.
    pub fn c() -> Locales {
        let c = || "C".to_owned();
        Locales { collate: c(), ctype: c(), messages: c(), monetary: c(), numeric: c(), time: c() }
    }

    /// The locales to use: as the options say, else as the environment says.
    pub fn choose(options: &LocaleOptions) -> Result<Locales, Failure> {
        let known = SystemLocales::default();
        let choose = |given: &Option<String>, category: &str| {
            let given = given.as_deref().or(options.all.as_deref()).filter(|name| !name.is_empty());
            match given {
                Some(name) if known.has(name) => Ok(name.to_owned()),
                Some(name) => Err(Failure::new(format!("invalid locale name \"{name}\""))),
                None => from_environment(category, &known),
            }
        };
        Ok(Locales {
            ctype: choose(&options.ctype, "LC_CTYPE")?,
            collate: choose(&options.collate, "LC_COLLATE")?,
            numeric: choose(&options.numeric, "LC_NUMERIC")?,
            time: choose(&options.time, "LC_TIME")?,
            monetary: choose(&options.monetary, "LC_MONETARY")?,
            messages: choose(&options.messages, "LC_MESSAGES")?,
        })
    }

    /// True if all categories have one locale.
    pub fn are_one(&self) -> bool {
        let others = [&self.collate, &self.messages, &self.monetary, &self.numeric, &self.time];
        others.iter().all(|name| **name == self.ctype)
    }

    /// Prints the choice.
    pub fn print(&self) {
        if self.are_one() {
            say!("The database cluster will be initialized with locale \"{}\".", self.ctype);
            return;
        }
        say!("The database cluster will be initialized with this locale configuration:");
        say!("  provider:    libc");
        say!("  LC_COLLATE:  {}", self.collate);
        say!("  LC_CTYPE:    {}", self.ctype);
        say!("  LC_MESSAGES: {}", self.messages);
        say!("  LC_MONETARY: {}", self.monetary);
        say!("  LC_NUMERIC:  {}", self.numeric);
        say!("  LC_TIME:     {}", self.time);
    }

    /// `mdy`, `dmy` or `ymd`: how the locale of dates writes them.
    pub fn date_order(&self) -> &'static str {
        let language = self.time.split(['.', '@']).next().unwrap_or("");
        match language {
            "C" | "POSIX" | "en_US" | "en_PH" => "mdy",
            other if ["zh", "ja", "ko", "hu", "lt", "sv", "fa"].contains(&other.split('_').next().unwrap_or("")) => {
                "ymd"
            }
            "en_CA" | "fr_CA" => "ymd",
            _ => "dmy",
        }
    }

    /// The text search configuration of the language of LC_CTYPE.
    pub fn text_search(&self) -> Option<&'static str> {
        if matches!(self.ctype.as_str(), "C" | "POSIX") || self.ctype.starts_with("C.") {
            return Some("english");
        }
        let language = self.ctype.split(['_', '.', '@', '-']).next().unwrap_or("").to_ascii_lowercase();
        let by_code = LANGUAGES.iter().find(|(code, name)| *code == language || *name == language);
        by_code.map(|(_, name)| *name)
    }
}

const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "arabic"),
    ("hy", "armenian"),
    ("eu", "basque"),
    ("ca", "catalan"),
    ("da", "danish"),
    ("nl", "dutch"),
    ("en", "english"),
    ("fi", "finnish"),
    ("fr", "french"),
    ("de", "german"),
    ("el", "greek"),
    ("hi", "hindi"),
    ("hu", "hungarian"),
    ("id", "indonesian"),
    ("ga", "irish"),
    ("it", "italian"),
    ("lt", "lithuanian"),
    ("ne", "nepali"),
    ("no", "norwegian"),
    ("nb", "norwegian"),
    ("pt", "portuguese"),
    ("ro", "romanian"),
    ("ru", "russian"),
    ("sr", "serbian"),
    ("es", "spanish"),
    ("sv", "swedish"),
    ("ta", "tamil"),
    ("tr", "turkish"),
    ("yi", "yiddish"),
];

fn from_environment(category: &str, known: &SystemLocales) -> Result<String, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let name = set("LC_ALL").or_else(|| set(category)).or_else(|| set("LANG")).unwrap_or_else(|| "C".to_owned());
    match known.has(&name) {
        true => Ok(name),
        false => Err(Failure::new("invalid locale settings; check LANG and LC_* environment variables")),
    }
}

/// The locales of this system. The list is asked for only if a name is not built in.
#[derive(Default)]
struct SystemLocales {
    names: std::cell::OnceCell<Vec<String>>,
}

impl SystemLocales {
    fn has(&self, name: &str) -> bool {
        let name = normal(name);
        matches!(name.as_str(), "c" | "posix" | "c.utf8") || self.names.get_or_init(system_locales).contains(&name)
    }
}

/// As the library compares names: case and dashes of the code set do not count.
fn normal(name: &str) -> String {
    match name.split_once('.') {
        Some((language, codeset)) => format!("{}.{}", language, codeset.replace('-', "")).to_ascii_lowercase(),
        None => name.to_ascii_lowercase(),
    }
}

fn system_locales() -> Vec<String> {
    let output = Command::new("locale").arg("-a").stderr(Stdio::null()).output();
    let list = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    list.lines().map(normal).collect()
}

/// The encoding that a locale's text is in; `None` if it is not known.
fn encoding_of(locale: &str) -> Option<Encoding> {
    match normal(locale).split_once('.') {
        Some((_, codeset)) if codeset.starts_with("utf8") => Some(UTF8),
        None if matches!(locale, "C" | "POSIX") => Some(SQL_ASCII),
        _ => None,
    }
}

/// The encoding of new databases: as the option says, else as LC_CTYPE implies.
///
/// Errors: a mismatch with the locales, an encoding that this server does not have.
pub fn choose_encoding(given: Option<&str>, locales: &Locales) -> Result<Encoding, Failure> {
    let encoding = match given {
        Some(name) => encoding_by_name(name)?,
        None => implied_encoding(&locales.ctype)?,
    };
    for locale in [&locales.ctype, &locales.collate] {
        check_locale_encoding(locale, encoding)?;
    }
    Ok(encoding)
}

fn implied_encoding(ctype: &str) -> Result<Encoding, Failure> {
    let encoding = encoding_of(ctype).ok_or_else(|| {
        Failure::new(format!("could not find suitable encoding for locale \"{ctype}\""))
            .hint("Rerun initdb with the -E option.")
            .try_help()
    })?;
    say!("The default database encoding has accordingly been set to \"{}\".", encoding.name);
    Ok(encoding)
}

fn encoding_by_name(name: &str) -> Result<Encoding, Failure> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "utf8" | "unicode" => Ok(UTF8),
        "sqlascii" => Ok(SQL_ASCII),
        _ if SERVER_ENCODINGS.contains(&plain.as_str()) => {
            Err(Failure::new(format!("server encoding \"{name}\" is not supported yet"))
                .hint("Use UTF8: clients may still use other encodings."))
        }
        _ => Err(Failure::new(format!("\"{name}\" is not a valid server encoding name"))),
    }
}

/// PostgreSQL's other server encodings.
const SERVER_ENCODINGS: &[&str] = &[
    "eucjp",
    "euccn",
    "euckr",
    "euctw",
    "eucjis2004",
    "muleinternal",
    "latin1",
    "latin2",
    "latin3",
    "latin4",
    "latin5",
    "latin6",
    "latin7",
    "latin8",
    "latin9",
    "latin10",
    "iso88591",
    "iso88592",
    "iso88595",
    "iso88596",
    "iso88597",
    "iso88598",
    "iso885915",
    "koi8r",
    "koi8u",
    "win866",
    "win874",
    "win1250",
    "win1251",
    "win1252",
    "win1253",
    "win1254",
    "win1255",
    "win1256",
    "win1257",
    "win1258",
];

fn check_locale_encoding(locale: &str, encoding: Encoding) -> Result<(), Failure> {
    match encoding_of(locale) {
        Some(own) if own != encoding && own != SQL_ASCII && encoding != SQL_ASCII => Err(mismatch(encoding, own.name)),
        None if encoding != SQL_ASCII => Err(mismatch(encoding, "another one")),
        _ => Ok(()),
    }
}

fn mismatch(encoding: Encoding, own: &str) -> Failure {
    Failure::new("encoding mismatch")
        .detail(format!(
            "The encoding you selected ({}) and the encoding that the selected locale uses ({own}) do not match. This \
             would lead to misbehavior in various character string processing functions.",
            encoding.name
        ))
        .hint("Rerun initdb and either do not specify an encoding explicitly, or choose a matching combination.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str) -> LocaleOptions {
        LocaleOptions { all: Some(name.to_owned()), ..LocaleOptions::default() }
    }

    #[test]
    fn c_is_always_there() {
        let locales = Locales::choose(&all("C")).unwrap();
        assert!(locales.are_one());
        assert_eq!(choose_encoding(None, &locales).unwrap(), SQL_ASCII);
        assert_eq!(choose_encoding(Some("utf-8"), &locales).unwrap(), UTF8);
        assert_eq!((locales.date_order(), locales.text_search()), ("mdy", Some("english")));
    }

    #[test]
    fn categories_override() {
        let options = LocaleOptions { time: Some("C.UTF-8".to_owned()), ..all("POSIX") };
        let locales = Locales::choose(&options).unwrap();
        assert_eq!((locales.time.as_str(), locales.ctype.as_str()), ("C.UTF-8", "POSIX"));
        assert!(!locales.are_one());
    }

    #[test]
    fn mistakes() {
        assert_eq!(Locales::choose(&all("xx_YY")).unwrap_err().message, "invalid locale name \"xx_YY\"");
        let locales = Locales::choose(&all("C.UTF-8")).unwrap();
        assert_eq!(choose_encoding(None, &locales).unwrap(), UTF8);
        assert!(choose_encoding(Some("LATIN1"), &locales).unwrap_err().message.contains("not supported yet"));
        let message = choose_encoding(Some("klingon"), &locales).unwrap_err().message;
        assert_eq!(message, "\"klingon\" is not a valid server encoding name");
    }
}
