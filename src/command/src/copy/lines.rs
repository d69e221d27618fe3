//! COPY's data as lines, and lines as fields: text and CSV.
//!
//! Source: PostgreSQL 15 copyfromparse.c.

use super::options::{CopyOptions, Layout};
use memchr::{memchr2, memchr3};
use report::{Error, Result, error};
use std::ops::Range;

/// Where data comes from: appends the next piece; false at the end.
pub(crate) type Refill<'a> = dyn FnMut(&mut Vec<u8>) -> Result<bool> + 'a;

/// How lines end, once the first has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LineEnd {
    Unknown,
    Newline,
    Return,
    ReturnNewline,
}

/// Data received and not yet used.
pub(crate) struct Input {
    data: Vec<u8>,
    at: usize,
    is_end: bool,
}

impl Input {
    pub(crate) fn new() -> Input {
        Input { data: Vec::new(), at: 0, is_end: false }
    }

    /// Fetches more; false if there is none.
    fn more(&mut self, refill: &mut Refill<'_>) -> Result<bool> {
        if self.at > 0 {
            self.data.drain(..self.at);
            self.at = 0;
        }
        let before = self.data.len();
        while !self.is_end && self.data.len() == before {
            self.is_end = !refill(&mut self.data)?;
        }
        Ok(self.data.len() > before)
    }

    /// The next `len` bytes; `None` if there are fewer.
    pub(crate) fn take(&mut self, len: usize, refill: &mut Refill<'_>) -> Result<Option<&[u8]>> {
        while self.data.len() - self.at < len {
            if !self.more(refill)? {
                return Ok(None);
            }
        }
        let start = self.at;
        self.at += len;
        Ok(Some(&self.data[start..self.at]))
    }
}

/// Cuts data into lines.
pub(crate) struct Lines {
    input: Input,
    ends: LineEnd,
    is_csv: bool,
    quote: u8,
    /// The escape character, if it is not the quote itself.
    escape: Option<u8>,
    /// The line last cut off, within the input.
    line: Range<usize>,
    is_done: bool,
}

enum Found {
    /// A line of so many bytes, and so many with its end.
    Line(usize, usize),
    /// `\.` alone on a line.
    Stop,
    More,
}

impl Lines {
    pub(crate) fn new(options: &CopyOptions) -> Lines {
        Lines {
            input: Input::new(),
            ends: LineEnd::Unknown,
            is_csv: options.layout == Layout::Csv,
            quote: options.quote,
            escape: (options.escape != options.quote).then_some(options.escape),
            line: 0..0,
            is_done: false,
        }
    }

    /// Cuts the next line off; false after the last.
    pub(crate) fn next(&mut self, refill: &mut Refill<'_>) -> Result<bool> {
        self.line = 0..0;
        if self.is_done {
            return Ok(false);
        }
        loop {
            match self.find()? {
                Found::Line(len, whole) => {
                    self.line = self.input.at..self.input.at + len;
                    self.input.at += whole;
                    return Ok(true);
                }
                Found::Stop => {
                    self.is_done = true;
                    return Ok(false);
                }
                Found::More => {
                    if !self.input.more(refill)? {
                        return Ok(self.last());
                    }
                }
            }
        }
    }

    /// The line last cut off, without its end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.input.data[self.line.clone()]
    }

    /// What is left when the data ends without a line end.
    fn last(&mut self) -> bool {
        self.is_done = true;
        let rest = &self.input.data[self.input.at..];
        let rest = rest.strip_suffix(b"\r").filter(|_| self.ends == LineEnd::ReturnNewline).unwrap_or(rest);
        if rest == b"\\." {
            return false;
        }
        self.line = self.input.at..self.input.at + rest.len();
        self.input.at = self.input.data.len();
        !self.line.is_empty()
    }

    fn find(&mut self) -> Result<Found> {
        if self.is_csv { self.find_csv() } else { self.find_text() }
    }

    fn find_text(&mut self) -> Result<Found> {
        let mut at = 0;
        loop {
            let rest = self.input.data.get(self.input.at + at..).unwrap_or_default();
            let Some(found) = memchr3(b'\n', b'\r', b'\\', rest) else { return Ok(Found::More) };
            let byte = rest[found];
            at += found;
            match byte {
                b'\n' => return self.at_newline(at),
                b'\r' => match self.at_return(at)? {
                    Some(found) => return Ok(found),
                    None => at += 1,
                },
                _ => match self.at_backslash(at) {
                    Some(found) => return Ok(found),
                    // The next byte is taken as it is.
                    None => at += 2,
                },
            }
        }
    }

    fn find_csv(&mut self) -> Result<Found> {
        let (start, len) = (self.input.at, self.input.data.len() - self.input.at);
        let (mut at, mut quoted, mut escaped) = (0, false, false);
        while at < len {
            let byte = self.input.data[start + at];
            // A quote toggles, unless it is escaped; a doubled quote toggles twice.
            if quoted && Some(byte) == self.escape {
                escaped = !escaped;
            }
            if byte == self.quote && !escaped {
                quoted = !quoted;
            }
            if Some(byte) != self.escape {
                escaped = false;
            }
            match byte {
                b'\n' if !quoted => return self.at_newline(at),
                b'\r' if !quoted => match self.at_return(at)? {
                    Some(found) => return Ok(found),
                    None => at += 1,
                },
                b'\\' if at == 0 => match self.at_backslash(at) {
                    Some(found) => return Ok(found),
                    None => at += 1,
                },
                _ => at += 1,
            }
        }
        Ok(Found::More)
    }

    fn at_newline(&mut self, at: usize) -> Result<Found> {
        match self.ends {
            LineEnd::Unknown => self.ends = LineEnd::Newline,
            LineEnd::Newline => {}
            LineEnd::Return | LineEnd::ReturnNewline => return Err(self.stray("newline", "\\n")),
        }
        Ok(Found::Line(at, at + 1))
    }

    fn at_return(&mut self, at: usize) -> Result<Option<Found>> {
        let next = self.input.data.get(self.input.at + at + 1).copied();
        match (self.ends, next) {
            (LineEnd::Newline, _) => Err(self.stray("carriage return", "\\r")),
            (LineEnd::Return, _) => Ok(Some(Found::Line(at, at + 1))),
            (_, None) if !self.input.is_end => Ok(Some(Found::More)),
            (_, Some(b'\n')) => {
                self.ends = LineEnd::ReturnNewline;
                Ok(Some(Found::Line(at, at + 2)))
            }
            (LineEnd::Unknown, _) => {
                self.ends = LineEnd::Return;
                Ok(Some(Found::Line(at, at + 1)))
            }
            (LineEnd::ReturnNewline, _) => Err(self.stray("carriage return", "\\r")),
        }
    }

    /// `\.` alone on its line ends the data.
    fn at_backslash(&self, at: usize) -> Option<Found> {
        let rest = &self.input.data[self.input.at + at..];
        if rest.len() < 2 || (rest[1] == b'.' && rest.len() < 3 && !self.input.is_end) {
            return (!self.input.is_end).then_some(Found::More);
        }
        let is_alone = at == 0 && rest[1] == b'.' && matches!(rest.get(2), None | Some(b'\n' | b'\r'));
        is_alone.then_some(Found::Stop)
    }

    #[cold]
    fn stray(&self, what: &str, written: &str) -> Error {
        if self.is_csv {
            return error!(BAD_COPY_FILE_FORMAT, "unquoted {what} found in data")
                .hint(format!("Use quoted CSV field to represent {what}."));
        }
        error!(BAD_COPY_FILE_FORMAT, "literal {what} found in data")
            .hint(format!("Use \"{written}\" to represent {what}."))
    }
}

/// The fields of one line.
#[derive(Default)]
pub(crate) struct Fields {
    /// The bytes of fields that stand otherwise in the line: without escapes and quotes.
    text: Vec<u8>,
    fields: Vec<Field>,
}

/// A field of a line.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Where it is in the line, or in the text of its own.
    range: Range<usize>,
    /// It differs from what stands in the line.
    pub(crate) is_changed: bool,
    pub(crate) is_null: bool,
    pub(crate) is_quoted: bool,
}

impl Field {
    /// Its part of the line, if it stands there as it is.
    pub(crate) fn within<'a>(&self, line: &'a str) -> Option<&'a str> {
        if self.is_changed { None } else { line.get(self.range.clone()) }
    }
}

impl Fields {
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(crate) fn get(&self, index: usize) -> &Field {
        &self.fields[index]
    }

    /// A field's bytes; `line` is the line that was cut.
    pub(crate) fn bytes<'a>(&'a self, line: &'a [u8], field: &Field) -> &'a [u8] {
        let whole = if field.is_changed { &self.text } else { line };
        &whole[field.range.clone()]
    }

    /// Cuts a line in text form.
    pub(crate) fn split_text(&mut self, line: &[u8], options: &CopyOptions) {
        self.text.clear();
        self.fields.clear();
        let mut start = 0;
        loop {
            let rest = &line[start..];
            let found = memchr2(options.delimiter, b'\\', rest).unwrap_or(rest.len());
            let is_changed = rest.get(found) == Some(&b'\\');
            let (end, range) = match is_changed {
                true => self.unescape_field(line, start, options.delimiter),
                false => (start + found, start..start + found),
            };
            // What stands for null is compared as it is written.
            let is_null = line[start..end] == *options.null.as_bytes();
            self.fields.push(Field { range, is_changed, is_null, is_quoted: false });
            if end >= line.len() {
                return;
            }
            start = end + 1;
        }
    }

    /// Copies a field with escapes; where it ends in the line, and where it is in `text`.
    fn unescape_field(&mut self, line: &[u8], mut at: usize, delimiter: u8) -> (usize, Range<usize>) {
        let start = self.text.len();
        while at < line.len() && line[at] != delimiter {
            if line[at] == b'\\' && at + 1 < line.len() {
                at = self.unescape(line, at + 1);
                continue;
            }
            self.text.push(line[at]);
            at += 1;
        }
        (at, start..self.text.len())
    }

    /// The character after a backslash; returns what follows.
    fn unescape(&mut self, line: &[u8], at: usize) -> usize {
        let digits = |from: usize, most: usize, radix: u32| {
            line[from..].iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count()
        };
        let number = |from: usize, count: usize, radix: u32| {
            line[from..from + count].iter().fold(0u32, |n, b| n * radix + char::from(*b).to_digit(radix).unwrap_or(0))
        };
        match line[at] {
            b'0'..=b'7' => {
                let count = digits(at, 3, 8);
                self.text.push(number(at, count, 8) as u8);
                return at + count;
            }
            b'x' => {
                let count = digits(at + 1, 2, 16);
                if count > 0 {
                    self.text.push(number(at + 1, count, 16) as u8);
                    return at + 1 + count;
                }
                self.text.push(b'x');
            }
            b'b' => self.text.push(8),
            b'f' => self.text.push(12),
            b'n' => self.text.push(b'\n'),
            b'r' => self.text.push(b'\r'),
            b't' => self.text.push(b'\t'),
            b'v' => self.text.push(11),
            other => self.text.push(other),
        }
        at + 1
    }

    /// Cuts a line in CSV form. Errors: 22P04 for a quote that does not end.
    pub(crate) fn split_csv(&mut self, line: &[u8], options: &CopyOptions) -> Result<()> {
        self.text.clear();
        self.fields.clear();
        let (quote, escape) = (options.quote, options.escape);
        let mut at = 0;
        loop {
            let (start, text_start) = (at, self.text.len());
            let (mut quoted, mut saw_quote) = (false, false);
            loop {
                let Some(&byte) = line.get(at) else {
                    if quoted {
                        return Err(error!(BAD_COPY_FILE_FORMAT, "unterminated CSV quoted field"));
                    }
                    break;
                };
                if !quoted && byte == options.delimiter {
                    break;
                }
                at += 1;
                if !quoted && byte == quote {
                    (quoted, saw_quote) = (true, true);
                } else if quoted && byte == escape && line.get(at).is_some_and(|n| *n == escape || *n == quote) {
                    self.text.push(line[at]);
                    at += 1;
                } else if quoted && byte == quote {
                    quoted = false;
                } else {
                    self.text.push(byte);
                }
            }
            let is_null = !saw_quote && line[start..at] == *options.null.as_bytes();
            let range = text_start..self.text.len();
            self.fields.push(Field { range, is_changed: true, is_null, is_quoted: saw_quote });
            if at >= line.len() {
                return Ok(());
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;
    use parser::ast::{DefAction, DefArg, DefElem, Pos};

    fn csv() -> CopyOptions {
        let format = DefElem {
            namespace: None,
            name: "format".to_owned(),
            arg: Some(DefArg::String("csv".to_owned())),
            action: DefAction::default(),
            pos: Pos::NONE,
        };
        options::read(&[format], true).unwrap()
    }

    /// All lines of `data`, which arrives in pieces of `piece` bytes.
    fn lines(data: &[u8], piece: usize, options: &CopyOptions) -> Result<Vec<String>> {
        let mut rest = data;
        let mut refill = |out: &mut Vec<u8>| {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            out.extend_from_slice(now);
            rest = later;
            Ok(!now.is_empty())
        };
        let (mut lines, mut all) = (Lines::new(options), Vec::new());
        while lines.next(&mut refill)? {
            all.push(String::from_utf8(lines.line().to_vec()).unwrap());
        }
        Ok(all)
    }

    #[test]
    fn lines_do_not_depend_on_how_the_data_arrives() {
        let text = options::read(&[], true).unwrap();
        for piece in 1..12 {
            assert_eq!(lines(b"a\tb\n\\\\x\n\\.\nignored\n", piece, &text).unwrap(), ["a\tb", "\\\\x"]);
            assert_eq!(lines(b"a\r\nb\r\n", piece, &text).unwrap(), ["a", "b"]);
            assert_eq!(lines(b"a\\\nb\nc", piece, &text).unwrap(), ["a\\\nb", "c"]);
            assert_eq!(lines(b"1,\"x\n\"\"y\"\n2,z\n", piece, &csv()).unwrap(), ["1,\"x\n\"\"y\"", "2,z"]);
        }
        assert_eq!(lines(b"a\nb\rc\n", 99, &text).unwrap_err().message(), "literal carriage return found in data");
    }

    /// The fields that were cut from a line, and which of them are null.
    fn cut(fields: &Fields, line: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let field = |index| (fields.bytes(line, fields.get(index)).to_vec(), fields.get(index).is_null);
        (0..fields.len()).map(field).collect()
    }

    #[test]
    fn fields_are_unescaped() {
        let text = options::read(&[], true).unwrap();
        let mut fields = Fields::default();
        let line = b"a\\tb\tplain\t\\N\t\\x41\\101\t";
        fields.split_text(line, &text);
        let expected: [(&[u8], bool); 5] =
            [(b"a\tb", false), (b"plain", false), (b"N", true), (b"AA", false), (b"", false)];
        assert_eq!(cut(&fields, line), expected.map(|(text, null)| (text.to_vec(), null)));
        let of_line = |index| fields.get(index).within(std::str::from_utf8(line).unwrap());
        assert_eq!((of_line(0), of_line(1), of_line(4)), (None, Some("plain"), Some("")));
        let line = b"\"a\"\"b\",,\"\"";
        fields.split_csv(line, &csv()).unwrap();
        let expected: [(&[u8], bool); 3] = [(b"a\"b", false), (b"", true), (b"", false)];
        assert_eq!(cut(&fields, line), expected.map(|(text, null)| (text.to_vec(), null)));
    }
}
