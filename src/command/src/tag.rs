//! Command tags: what CommandComplete says a statement did.

use std::fmt;

/// A statement's tag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tag {
    /// A name alone: `CREATE TABLE`.
    Plain(&'static str),
    /// A name and a number of rows: `SELECT 3`, `UPDATE 1`, `COPY 5`.
    Rows(&'static str, u64),
    /// `INSERT 0 n`.
    Insert(u64),
}

impl Tag {
    /// Its words, and the number behind them if there is one.
    pub const fn parts(&self) -> (&'static str, Option<u64>) {
        match self {
            Tag::Plain(name) => (name, None),
            Tag::Rows(name, count) => (name, Some(*count)),
            Tag::Insert(count) => ("INSERT 0", Some(*count)),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (words, None) => f.write_str(words),
            (words, Some(count)) => write!(f, "{words} {count}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_read_as_in_postgres() {
        let all = [Tag::Plain("BEGIN"), Tag::Rows("SELECT", 3), Tag::Insert(2)].map(|tag| tag.to_string());
        assert_eq!(all, ["BEGIN", "SELECT 3", "INSERT 0 2"]);
    }
}
