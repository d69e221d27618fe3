//! Settings files: `postgresql.toml`, what it includes, and `postgresql.auto.toml`.
//!
//! A file is TOML. A key is a setting's name; a dotted key or a table makes a custom name. A value is a string, number,
//! Boolean, or an array for settings that are lists. `include`, `include_if_exists` (files) and `include_dir` (all
//! `*.toml` of a directory, by name) take a string or an array of strings and count at the place where they stand.
//! Of two values for one name the later one counts.

use crate::definition::flag;
use crate::table::Setting;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How deep files may include files.
const INCLUDE_DEPTH_MAX: u32 = 10;

/// What reading settings needs of a file system.
pub trait Files: fmt::Debug + Send + Sync {
    /// The text of a file.
    fn read(&self, path: &Path) -> io::Result<String>;
    /// The files of a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>>;
    /// Puts a text in a file's place so that a crash leaves the old or the new one.
    fn replace(&self, path: &Path, text: &str) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Debug)]
pub struct StdFiles;

impl Files for StdFiles {
    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        std::fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let temporary = path.with_extension("toml.tmp");
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// One line of a settings file.
#[derive(Clone, Debug)]
pub struct FileEntry {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The setting's name as written; empty for a line that could not be read.
    pub name: String,
    /// The value as text.
    pub value: String,
    /// True if the setting has this value now.
    pub applied: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// What is in a settings file and the files it includes, in order. A file that cannot be read is an entry with an error.
pub(crate) fn read_file(files: &dyn Files, path: &Path) -> Vec<FileEntry> {
    let mut entries = Vec::new();
    Reader { files, entries: &mut entries }.file(path, 0);
    entries
}

/// As `read_file`, but nothing if there is no such file.
pub(crate) fn read_file_if_exists(files: &dyn Files, path: &Path) -> Vec<FileEntry> {
    match files.read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        _ => read_file(files, path),
    }
}

struct Reader<'a> {
    files: &'a dyn Files,
    entries: &'a mut Vec<FileEntry>,
}

/// Where in which file.
struct Place<'a> {
    file: &'a Arc<str>,
    text: &'a str,
}

impl Place<'_> {
    fn line(&self, offset: usize) -> u32 {
        1 + self.text.as_bytes()[..offset.min(self.text.len())].iter().filter(|&&b| b == b'\n').count() as u32
    }
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, depth: u32) {
        let file: Arc<str> = path.to_string_lossy().into();
        let text = match self.files.read(path) {
            Ok(text) => text,
            Err(error) => {
                let reason = report::Error::io(format!("open configuration file \"{file}\""), &error);
                return self.wrong(&file, 0, reason.message().to_owned());
            }
        };
        let place = Place { file: &file, text: &text };
        match DeTable::parse(&text) {
            Ok(table) => self.table(&place, "", table.get_ref(), depth),
            Err(error) => {
                let line = error.span().map_or(1, |span| place.line(span.start));
                let what = error.message().lines().next().unwrap_or("bad TOML").to_owned();
                self.wrong(&file, line, format!("syntax error: {what}"));
            }
        }
    }

    fn wrong(&mut self, file: &Arc<str>, line: u32, error: String) {
        let (name, value) = (String::new(), String::new());
        self.entries.push(FileEntry { file: file.clone(), line, name, value, applied: false, error: Some(error) });
    }

    fn table(&mut self, place: &Place<'_>, prefix: &str, table: &DeTable<'_>, depth: u32) {
        let mut rows: Vec<_> = table.iter().collect();
        rows.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in rows {
            let name =
                if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
            let line = place.line(key.span().start);
            match (name.as_str(), value.get_ref()) {
                ("include" | "include_if_exists" | "include_dir", _) => self.include(place, &name, value, line, depth),
                (_, DeValue::Table(inner)) => self.table(place, &name, inner, depth),
                _ => self.value(place, name, value, line),
            }
        }
    }

    fn value(&mut self, place: &Place<'_>, name: String, value: &Spanned<DeValue<'_>>, line: u32) {
        let file = place.file.clone();
        let (value, error) = match value_text(place.text, &name, value) {
            Ok(text) => (text, None),
            Err(problem) => (String::new(), Some(problem)),
        };
        self.entries.push(FileEntry { file, line, name, value, applied: false, error });
    }

    fn include(&mut self, place: &Place<'_>, how: &str, value: &Spanned<DeValue<'_>>, line: u32, depth: u32) {
        if depth >= INCLUDE_DEPTH_MAX {
            let what = format!("could not open configuration file \"{}\": maximum nesting depth exceeded", place.file);
            return self.wrong(place.file, line, what);
        }
        let Some(targets) = strings(value.get_ref()) else {
            return self.wrong(place.file, line, format!("\"{how}\" takes a string or an array of strings"));
        };
        let base = Path::new(place.file.as_ref()).parent().unwrap_or(Path::new("")).to_path_buf();
        for target in targets {
            let path = base.join(&target);
            match how {
                "include_dir" => self.directory(place, &path, line, depth),
                "include_if_exists" if self.files.read(&path).is_err() => {}
                _ => self.file(&path, depth + 1),
            }
        }
    }

    fn directory(&mut self, place: &Place<'_>, path: &Path, line: u32, depth: u32) {
        let mut found = match self.files.list(path) {
            Ok(found) => found,
            Err(error) => {
                let what = format!("open configuration directory \"{}\"", path.display());
                return self.wrong(place.file, line, report::Error::io(what, &error).message().to_owned());
            }
        };
        let hidden = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        found.retain(|p| p.extension().is_some_and(|e| e == "toml") && !hidden(p));
        found.sort();
        for file in found {
            self.file(&file, depth + 1);
        }
    }
}

fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(one) => Some(vec![one.to_string()]),
        DeValue::Array(many) => many
            .iter()
            .map(|v| match v.get_ref() {
                DeValue::String(s) => Some(s.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// The value as the text that SET would take.
fn value_text(text: &str, name: &str, value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(string) => Ok(string.to_string()),
        DeValue::Boolean(on) => Ok(crate::value::on_off(*on).to_owned()),
        DeValue::Integer(_) | DeValue::Float(_) => Ok(plain_number(&text[value.span()])),
        DeValue::Array(items) => {
            let quote = Setting::by_name(name).is_some_and(|s| s.definition().has(flag::LIST_QUOTE));
            let parts: Result<Vec<String>, String> = items
                .iter()
                .map(|item| {
                    let part = value_text(text, name, item)?;
                    Ok(if quote { quote_identifier(&part) } else { part })
                })
                .collect();
            Ok(parts?.join(", "))
        }
        DeValue::Datetime(_) => Err("a date is not a setting's value; write it as a string".to_owned()),
        DeValue::Table(_) => Err("a table is not a setting's value".to_owned()),
    }
}

/// TOML's `1_000`, `0o770` and `0b11` in the form that settings take.
fn plain_number(written: &str) -> String {
    let bare: String = written.chars().filter(|c| *c != '_').collect();
    if let Some(octal) = bare.strip_prefix("0o") {
        return format!("0{octal}");
    }
    match bare.strip_prefix("0b").and_then(|binary| i64::from_str_radix(binary, 2).ok()) {
        Some(number) => number.to_string(),
        None => bare,
    }
}

/// The name in double quotes unless it is a plain lower-case identifier.
fn quote_identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The text of `postgresql.auto.toml` with these entries.
pub(crate) fn auto_file_text(entries: &[(String, String)]) -> String {
    let mut text = String::from("# Written by ALTER SYSTEM: it is overwritten, do not edit it.\n");
    for (name, value) in entries {
        let key = toml::Value::String(name.clone());
        let bare = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if bare { name.clone() } else { key.to_string() };
        text.push_str(&format!("{key} = {}\n", toml::Value::String(value.clone())));
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Files in memory.
    #[derive(Debug, Default)]
    pub(crate) struct FakeFiles(pub(crate) parking_lot::Mutex<BTreeMap<PathBuf, String>>);

    impl FakeFiles {
        pub(crate) fn with(files: &[(&str, &str)]) -> Arc<FakeFiles> {
            let map = files.iter().map(|(p, t)| (PathBuf::from(p), (*t).to_owned())).collect();
            Arc::new(FakeFiles(parking_lot::Mutex::new(map)))
        }
    }

    impl Files for FakeFiles {
        fn read(&self, path: &Path) -> io::Result<String> {
            self.0.lock().get(path).cloned().ok_or(io::ErrorKind::NotFound.into())
        }

        fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
            Ok(self.0.lock().keys().filter(|p| p.parent() == Some(directory)).cloned().collect())
        }

        fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
            self.0.lock().insert(path.to_owned(), text.to_owned());
            Ok(())
        }
    }

    fn read(files: &[(&str, &str)]) -> Vec<String> {
        let entries = read_file(&*FakeFiles::with(files), Path::new("/d/postgresql.toml"));
        let show = |e: FileEntry| {
            let file = e.file.rsplit('/').next().unwrap().to_owned();
            match e.error {
                Some(error) => format!("{file}:{}: {error}", e.line),
                None => format!("{file}:{}: {}={}", e.line, e.name, e.value),
            }
        };
        entries.into_iter().map(show).collect()
    }

    #[test]
    fn reads_values_in_order_with_their_lines() {
        let text = "port = 5433\nwork_mem = \"64MB\"\n\nfsync = false\nunix_socket_permissions = 0o770\n\
                    search_path = [\"$user\", \"public\"]\nmyapp.user = \"x\"\n[other]\nkey = 1_000\n";
        assert_eq!(
            read(&[("/d/postgresql.toml", text)]),
            [
                "postgresql.toml:1: port=5433",
                "postgresql.toml:2: work_mem=64MB",
                "postgresql.toml:4: fsync=off",
                "postgresql.toml:5: unix_socket_permissions=0770",
                "postgresql.toml:6: search_path=\"$user\", public",
                "postgresql.toml:7: myapp.user=x",
                "postgresql.toml:9: other.key=1000",
            ]
        );
    }

    #[test]
    fn follows_includes_where_they_stand() {
        let found = read(&[
            ("/d/postgresql.toml", "port = 1\ninclude_dir = \"conf\"\ninclude_if_exists = \"no.toml\"\nfsync = true\n"),
            ("/d/conf/b.toml", "geqo = false\n"),
            ("/d/conf/a.toml", "jit = false\n"),
            ("/d/conf/.c.toml", "bad"),
            ("/d/conf/readme", "bad"),
        ]);
        assert_eq!(
            found,
            ["postgresql.toml:1: port=1", "a.toml:1: jit=off", "b.toml:1: geqo=off", "postgresql.toml:4: fsync=on"]
        );
    }

    #[test]
    fn names_the_line_of_an_error() {
        let found = read(&[("/d/postgresql.toml", "port = 1\nfsync = maybe\n")]);
        assert!(found[0].starts_with("postgresql.toml:2: syntax error: "), "{found:?}");
        let found = read(&[("/d/postgresql.toml", "include = \"gone.toml\"\n")]);
        assert!(found[0].starts_with("gone.toml:0: could not open configuration file \"/d/gone.toml\""), "{found:?}");
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let found = read(&[("/d/postgresql.toml", "include = \"postgresql.toml\"\n")]);
        assert!(found[0].contains("maximum nesting depth exceeded"), "{found:?}");
    }

    #[test]
    fn what_alter_system_writes_is_read_back() {
        let entries = [("work_mem".to_owned(), "1\"2\\3".to_owned()), ("a.b".to_owned(), "x'y".to_owned())];
        let text = auto_file_text(&entries);
        assert_eq!(
            read(&[("/d/postgresql.toml", &text)]),
            ["postgresql.toml:2: work_mem=1\"2\\3", "postgresql.toml:3: a.b=x'y"]
        );
    }
}
