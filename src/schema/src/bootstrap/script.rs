//! The grammar of bootstrap scripts: one command a line, words separated by blanks.
//!
//! ```text
//! # Woolly 15
//! create <name> <oid> [bootstrap] [shared] [rowtype_oid <oid>] [array_oid <oid>] [acl '<aclitem[]>'] ( <column> , ... )
//!     where <column> is <name> = <type> [FORCE NOT NULL | FORCE NULL] [COLLATE default]
//! open <name>
//! insert ( <value> ... )          a value is a word, 'quoted text' (quotes doubled), or _null_
//! close <name>
//! declare toast <table oid> <index oid> on <name>
//! declare [primary | unique] index <name> <oid> on <name> using btree ( <column> <operator class> , ... )
//! build indices
//! ```

use base::Oid;
use catalog::BOOTSTRAP_HEADER;
use report::{Result, bail, error};

/// A command of a script.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Makes a table and opens it.
    Create(Create),
    /// Opens a table that was made before.
    Open(String),
    /// Adds a row to the open table; `None` is null.
    Insert(Vec<Option<String>>),
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
    /// Makes an index, to be filled by `build indices`.
    Index(DeclareIndex),
    /// Fills all indexes.
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

/// Reads a line; `None` if it is empty or a comment. Errors: 42601.
pub fn parse_line(line: &str) -> Result<Option<Command>> {
    let words = split(line)?;
    let mut words = Words { words: &words, at: 0 };
    match words.peek() {
        None => Ok(None),
        Some(first) => {
            words.at += 1;
            let command = words.command(first)?;
            if let Some(extra) = words.peek() {
                return Err(near(extra));
            }
            Ok(Some(command))
        }
    }
}

/// A word of a line. Quoted words are never key words.
#[derive(Debug, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
}

fn near(word: &Word) -> report::Error {
    let (Word::Plain(text) | Word::Quoted(text)) = word;
    error!(SYNTAX_ERROR, "syntax error at or near \"{text}\"")
}

fn split(line: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    if rest.starts_with('#') {
        return Ok(words);
    }
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' => quoted(&rest[1..])?,
            '(' | ')' | ',' | '=' => (Word::Plain(first.to_string()), &rest[1..]),
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "(),=".contains(c)).unwrap_or(rest.len());
                (Word::Plain(rest[..end].to_owned()), &rest[end..])
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn quoted(text: &str) -> Result<(Word, &str)> {
    let mut content = String::new();
    let mut rest = text;
    loop {
        let Some(end) = rest.find('\'') else { bail!(SYNTAX_ERROR, "unterminated quoted string") };
        content += &rest[..end];
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(after) => {
                content.push('\'');
                rest = after;
            }
            None => return Ok((Word::Quoted(content), rest)),
        }
    }
}

struct Words<'a> {
    words: &'a [Word],
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.at)
    }

    fn next(&mut self) -> Result<&'a Word> {
        let word = self.peek().ok_or_else(|| error!(SYNTAX_ERROR, "syntax error at end of input"))?;
        self.at += 1;
        Ok(word)
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Word::Plain(text)) if text == wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<()> {
        match self.accept(wanted) {
            true => Ok(()),
            false => Err(near(self.next()?)),
        }
    }

    fn name(&mut self) -> Result<String> {
        let (Word::Plain(text) | Word::Quoted(text)) = self.next()?;
        Ok(text.clone())
    }

    fn oid(&mut self) -> Result<Oid> {
        let word = self.next()?;
        match word {
            Word::Plain(text) => text.parse().map(Oid).map_err(|_| near(word)),
            Word::Quoted(_) => Err(near(word)),
        }
    }

    fn command(&mut self, first: &Word) -> Result<Command> {
        let Word::Plain(verb) = first else { return Err(near(first)) };
        match verb.as_str() {
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

    fn insert(&mut self) -> Result<Vec<Option<String>>> {
        self.expect("(")?;
        let mut values = Vec::with_capacity(self.words.len());
        while !self.accept(")") {
            match self.next()? {
                Word::Plain(text) if text == "_null_" => values.push(None),
                Word::Plain(text) | Word::Quoted(text) => values.push(Some(text.clone())),
            }
        }
        Ok(values)
    }

    fn declare(&mut self) -> Result<Command> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_catalogs_script_is_read() {
        let mut lines = catalog::BOOTSTRAP_SCRIPT.lines();
        check_header(lines.next().unwrap()).unwrap();
        let commands: Vec<Command> = lines.map(|line| parse_line(line).unwrap().unwrap()).collect();
        let creates = commands.iter().filter(|c| matches!(c, Command::Create(_))).count();
        assert_eq!(creates, catalog::relations::ALL.len());
        assert_eq!(commands.last(), Some(&Command::BuildIndices));
    }

    #[test]
    fn words_and_quotes() {
        let insert = parse_line("insert ( 1 'it''s' _null_ '_null_' '' )").unwrap();
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(insert, Some(Command::Insert(vec![text("1"), text("it's"), None, text("_null_"), text("")])));
        assert_eq!(parse_line("  # comment").unwrap(), None);
        assert_eq!(parse_line("").unwrap(), None);
    }

    #[test]
    fn mistakes_are_named() {
        let message = |line: &str| parse_line(line).unwrap_err().message().to_owned();
        assert_eq!(message("frobnicate x"), "syntax error at or near \"frobnicate\"");
        assert_eq!(message("create t x ( a = int4 )"), "syntax error at or near \"x\"");
        assert_eq!(message("create t 1 ("), "syntax error at end of input");
        assert_eq!(message("insert ( 'a )"), "unterminated quoted string");
        assert_eq!(message("close t u"), "syntax error at or near \"u\"");
        assert!(check_header("# PostgreSQL 15\n").is_err());
    }
}
