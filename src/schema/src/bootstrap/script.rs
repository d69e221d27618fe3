//! The grammar of bootstrap scripts: one command a line, words separated by blanks. A line ends outside of quotes.
//!
//! ```text
//! # Woolly 15
//! create <name> <oid> [bootstrap] [shared] [described] [rowtype_oid <oid>] [array_oid <oid>] [acl '<aclitem[]>'] ( <column> , ... )
//!     where <column> is <name> = <type> [FORCE NOT NULL | FORCE NULL] [COLLATE default]
//! open <name>
//! insert ( <value> ... )          a value is a word, 'quoted text' (quotes doubled), or _null_
//! close <name>
//! declare toast <table oid> <index oid> on <name>
//! declare [primary | unique] index <name> <oid> on <name> using btree ( <column> <operator class> , ... )
//! build indices                   from here on all tables are described
//! ```

use base::Oid;
use catalog::BOOTSTRAP_HEADER;
use report::{Result, bail, error};
use std::borrow::Cow;

/// A command of a script.
#[derive(Debug, PartialEq)]
pub enum Command<'a> {
    /// Makes a table and opens it.
    Create(Create),
    /// Opens a table that was made before.
    Open(String),
    /// Adds a row to the open table, with the values that [`Values`] reads.
    Insert(&'a str),
    /// Closes the open table.
    Close(String),
    /// Makes the TOAST table of a table.
    Toast {
        /// The TOAST table's object id.
        table: Oid,
        /// Its index's.
        index: Oid,
        /// The table it is for.
        on: String,
    },
    /// Makes an index.
    Index(DeclareIndex),
    /// All that is not described has been declared.
    BuildIndices,
}

/// `create`.
#[derive(Debug, PartialEq, Default)]
pub struct Create {
    /// The table's name.
    pub name: String,
    /// Its object id.
    pub oid: Oid,
    /// It is one of the four that describe the others.
    pub bootstrap: bool,
    /// One for all databases.
    pub shared: bool,
    /// The script itself has the catalog rows that describe it, its TOAST table and its indexes.
    pub described: bool,
    /// Its row type's object id, zero for none.
    pub rowtype_oid: Oid,
    /// The object id of the array over it, zero for none.
    pub array_oid: Oid,
    /// Its privileges, roles by number.
    pub acl: Option<String>,
    /// In order.
    pub columns: Vec<Column>,
}

/// A column of `create`.
#[derive(Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type's name; arrays start with an underscore.
    pub type_name: String,
    /// `FORCE NOT NULL`, `FORCE NULL`, or neither.
    pub not_null: Option<bool>,
    /// `COLLATE default`.
    pub default_collation: bool,
}

/// `declare index`.
#[derive(Debug, PartialEq)]
pub struct DeclareIndex {
    /// Its name.
    pub name: String,
    /// Its object id.
    pub oid: Oid,
    /// It is unique.
    pub unique: bool,
    /// It is the primary key.
    pub primary: bool,
    /// The table.
    pub on: String,
    /// Column and operator class each.
    pub columns: Vec<(String, String)>,
}

/// Refuses a script of another version. Errors: FATAL 22023.
pub fn check_header(line: &str) -> Result<()> {
    if line.trim_end() == BOOTSTRAP_HEADER {
        return Ok(());
    }
    bail!(INVALID_PARAMETER_VALUE, "input does not belong to this server: its first line is not \"{BOOTSTRAP_HEADER}\"")
}

/// Reads the command at the beginning of `script` and moves on behind its line; `None` if the line is empty or a comment.
///
/// Errors: 42601. The script stands somewhere in that line then.
pub fn take_command<'a>(script: &mut &'a str) -> Result<Option<Command<'a>>> {
    let mut words = Words { rest: skip_blanks(script) };
    let command = match words.rest.starts_with('#') {
        true => {
            words.rest = &words.rest[words.rest.find('\n').unwrap_or(words.rest.len())..];
            None
        }
        false => match words.take()? {
            Some(first) => Some(words.command(&first)?),
            None => None,
        },
    };
    let extra = words.take()?;
    *script = words.rest.strip_prefix('\n').unwrap_or(words.rest);
    extra.map_or(Ok(command), |extra| Err(near(&extra)))
}

/// What follows blanks within a line.
fn skip_blanks(text: &str) -> &str {
    let blanks = text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    &text[blanks..]
}

/// A word of a line. Quoted words are never key words.
#[derive(Debug, PartialEq)]
enum Word<'a> {
    Plain(&'a str),
    Quoted(Cow<'a, str>),
}

#[cold]
fn near(word: &Word<'_>) -> report::Error {
    let text = match word {
        Word::Plain(text) => text,
        Word::Quoted(text) => &**text,
    };
    error!(SYNTAX_ERROR, "syntax error at or near \"{text}\"")
}

impl<'a> Word<'a> {
    fn into_text(self) -> Cow<'a, str> {
        match self {
            Word::Plain(text) => Cow::Borrowed(text),
            Word::Quoted(text) => text,
        }
    }
}

/// The characters that no plain word goes over, by number.
const ENDS_WORD: [bool; 256] = {
    let (mut ends, of) = ([false; 256], b" \t\n\x0c\r(),=");
    let mut at = 0;
    while at < of.len() {
        ends[of[at] as usize] = true;
        at += 1;
    }
    ends
};

/// The end of a word that begins here: one character if that is a word by itself.
fn plain_end(text: &str) -> usize {
    let end = text.bytes().position(|byte| ENDS_WORD[usize::from(byte)]);
    end.unwrap_or(text.len()).max(usize::from(!text.is_empty()))
}

/// The end of the line that begins here, outside of quotes.
fn line_end(text: &str) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'\'', b'\n', &text.as_bytes()[at..]) {
        at += found;
        if text.as_bytes()[at] == b'\n' {
            return at;
        }
        // A quote that is doubled ends one piece and begins the next.
        match memchr::memchr(b'\'', &text.as_bytes()[at + 1..]) {
            Some(length) => at += 1 + length + 1,
            None => break,
        }
    }
    text.len()
}

/// The content of a quoted word, and what follows it. `text` begins behind the first quote.
fn quoted(text: &str) -> Result<(Cow<'_, str>, &str)> {
    let mut content = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let Some(end) = memchr::memchr(b'\'', rest.as_bytes()) else {
            bail!(SYNTAX_ERROR, "unterminated quoted string")
        };
        let after = &rest[end + 1..];
        let is_doubled = after.starts_with('\'');
        let piece = &rest[..end + usize::from(is_doubled)];
        match content.is_empty() {
            true => content = Cow::Borrowed(piece),
            false => content.to_mut().push_str(piece),
        }
        if !is_doubled {
            return Ok((content, after));
        }
        rest = &after[1..];
    }
}

/// The words of a line that are still to be read.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The next word, if there is one.
    fn take(&mut self) -> Result<Option<Word<'a>>> {
        let (word, rest) = match self.rest.bytes().next() {
            None | Some(b'\n') => return Ok(None),
            Some(b'\'') => {
                let (content, rest) = quoted(&self.rest[1..])?;
                (Word::Quoted(content), rest)
            }
            Some(_) => {
                let (word, rest) = self.rest.split_at(plain_end(self.rest));
                (Word::Plain(word), rest)
            }
        };
        self.rest = skip_blanks(rest);
        Ok(Some(word))
    }

    fn next(&mut self) -> Result<Word<'a>> {
        self.take()?.ok_or_else(|| error!(SYNTAX_ERROR, "syntax error at end of input"))
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let (word, rest) = self.rest.split_at(plain_end(self.rest));
        let found = word == wanted;
        if found {
            self.rest = skip_blanks(rest);
        }
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<()> {
        match self.accept(wanted) {
            true => Ok(()),
            false => Err(near(&self.next()?)),
        }
    }

    fn name(&mut self) -> Result<String> {
        Ok(self.next()?.into_text().into_owned())
    }

    fn oid(&mut self) -> Result<Oid> {
        let word = self.next()?;
        match word {
            Word::Plain(text) => text.parse().map(Oid).map_err(|_| near(&word)),
            Word::Quoted(_) => Err(near(&word)),
        }
    }

    fn command(&mut self, first: &Word<'_>) -> Result<Command<'a>> {
        let Word::Plain(verb) = first else { return Err(near(first)) };
        match *verb {
            "create" => self.create().map(Command::Create),
            "open" => self.name().map(Command::Open),
            "insert" => self.insert().map(Command::Insert),
            "close" => self.name().map(Command::Close),
            "declare" => self.declare(),
            "build" => self.expect("indices").map(|()| Command::BuildIndices),
            _ => Err(near(first)),
        }
    }

    fn create(&mut self) -> Result<Create> {
        let mut create = Create { name: self.name()?, oid: self.oid()?, ..Create::default() };
        create.bootstrap = self.accept("bootstrap");
        create.shared = self.accept("shared");
        create.described = self.accept("described");
        if self.accept("rowtype_oid") {
            create.rowtype_oid = self.oid()?;
        }
        if self.accept("array_oid") {
            create.array_oid = self.oid()?;
        }
        if self.accept("acl") {
            create.acl = Some(self.name()?);
        }
        self.expect("(")?;
        loop {
            create.columns.push(self.column()?);
            if !self.accept(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(create)
    }

    fn column(&mut self) -> Result<Column> {
        let name = self.name()?;
        self.expect("=")?;
        let type_name = self.name()?;
        let not_null = match self.accept("FORCE") {
            true => {
                let not = self.accept("NOT");
                self.expect("NULL")?;
                Some(not)
            }
            false => None,
        };
        let default_collation = self.accept("COLLATE");
        if default_collation {
            self.expect("default")?;
        }
        Ok(Column { name, type_name, not_null, default_collation })
    }

    /// The values are read when they are needed.
    fn insert(&mut self) -> Result<&'a str> {
        self.expect("(")?;
        let (values, rest) = self.rest.split_at(line_end(self.rest));
        self.rest = rest;
        Ok(values)
    }

    fn declare(&mut self) -> Result<Command<'a>> {
        if self.accept("toast") {
            let (table, index) = (self.oid()?, self.oid()?);
            self.expect("on")?;
            return Ok(Command::Toast { table, index, on: self.name()? });
        }
        let primary = self.accept("primary");
        let unique = self.accept("unique") || primary;
        self.expect("index")?;
        let (name, oid) = (self.name()?, self.oid()?);
        self.expect("on")?;
        let on = self.name()?;
        self.expect("using")?;
        self.expect("btree")?;
        Ok(Command::Index(DeclareIndex { name, oid, unique, primary, on, columns: self.index_columns()? }))
    }

    fn index_columns(&mut self) -> Result<Vec<(String, String)>> {
        self.expect("(")?;
        let mut columns = vec![(self.name()?, self.name()?)];
        while self.accept(",") {
            columns.push((self.name()?, self.name()?));
        }
        self.expect(")")?;
        Ok(columns)
    }
}

/// The values of an `insert`, up to the parenthesis that closes them.
pub struct Values<'a>(Words<'a>);

impl<'a> Values<'a> {
    /// Those of this text.
    pub fn of(text: &'a str) -> Values<'a> {
        Values(Words { rest: skip_blanks(text) })
    }

    /// The next value, null being `None`, or `None` behind the last. Errors: 42601.
    pub fn next(&mut self) -> Result<Option<Option<Cow<'a, str>>>> {
        if self.0.rest.starts_with(')') {
            self.0.rest = skip_blanks(&self.0.rest[1..]);
            return self.0.take()?.map_or(Ok(None), |extra| Err(near(&extra)));
        }
        Ok(Some(match self.0.next()? {
            Word::Plain("_null_") => None,
            word => Some(word.into_text()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(mut script: &str) -> Vec<Option<Command<'_>>> {
        let mut commands = Vec::new();
        while !script.is_empty() {
            commands.push(take_command(&mut script).unwrap());
        }
        commands
    }

    #[test]
    fn every_line_of_the_catalogs_script_is_read() {
        let (header, rest) = catalog::BOOTSTRAP_SCRIPT.split_once('\n').unwrap();
        check_header(header).unwrap();
        let commands: Vec<Command<'_>> = commands(rest).into_iter().map(Option::unwrap).collect();
        let creates = commands.iter().filter(|c| matches!(c, Command::Create(_))).count();
        assert_eq!(creates, catalog::relations::ALL.len());
        assert_eq!(commands.last(), Some(&Command::BuildIndices));
    }

    fn values(text: &str) -> Result<Vec<Option<Cow<'_, str>>>> {
        let (mut values, mut all) = (Values::of(text), Vec::new());
        while let Some(value) = values.next()? {
            all.push(value);
        }
        Ok(all)
    }

    fn inserted(line: &str) -> Vec<Option<Cow<'_, str>>> {
        let [Some(Command::Insert(text))] = commands(line)[..] else { panic!("no row: {line}") };
        values(text).unwrap()
    }

    #[test]
    fn words_and_quotes() {
        let text = |t: &'static str| Some(Cow::Borrowed(t));
        let expected = [text("1"), text("it's"), None, text("_null_"), text("")];
        assert_eq!(inserted("insert ( 1 'it''s' _null_ '_null_' '' )"), expected);
        assert_eq!(inserted("insert ( '''' 'a''''b' ''',''' )"), [text("'"), text("a''b"), text("','")]);
        assert_eq!(
            commands("  # it's a comment\n\n \nclose t"),
            [None, None, None, Some(Command::Close("t".to_owned()))]
        );
    }

    #[test]
    fn a_line_ends_outside_of_quotes() {
        let expected = [Some(Command::Insert("'a\n''b' )")), Some(Command::Open("t".to_owned()))];
        assert_eq!(commands("insert ( 'a\n''b' )\nopen t\n"), expected);
        assert_eq!(inserted("insert ( 'a\n''b' )"), [Some(Cow::Borrowed("a\n'b"))]);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |mut line: &str| take_command(&mut line).unwrap_err().message().to_owned();
        assert_eq!(message("frobnicate x"), "syntax error at or near \"frobnicate\"");
        assert_eq!(message("create t x ( a = int4 )"), "syntax error at or near \"x\"");
        assert_eq!(message("create t 1 ("), "syntax error at end of input");
        let message_of = |text| values(text).unwrap_err().message().to_owned();
        assert_eq!(message_of("'a )"), "unterminated quoted string");
        assert_eq!(message_of("1"), "syntax error at end of input");
        assert_eq!(message_of("1 ) 2"), "syntax error at or near \"2\"");
        assert_eq!(message("close t u"), "syntax error at or near \"u\"");
        assert!(check_header("# PostgreSQL 15\n").is_err());
    }
}
