//! Cuts psql scripts into statements: meta commands and COPY data are dropped, statements with psql variables too.

/// The statements of a script.
pub fn statements(script: &str) -> Vec<String> {
    let mut splitter = Splitter { text: script.as_bytes(), at: 0, current: String::new(), found: Vec::new() };
    splitter.run();
    splitter.found
}

struct Splitter<'a> {
    text: &'a [u8],
    at: usize,
    current: String,
    found: Vec<String>,
}

impl Splitter<'_> {
    fn run(&mut self) {
        let mut parens = 0i32;
        let mut begin = 0i32;
        while self.at < self.text.len() {
            let start = self.at;
            match self.text[start] {
                b'\'' => self.quoted(b'\'', is_escape_prefix(self.text, start)),
                b'"' => self.quoted(b'"', false),
                b'$' => self.dollar(),
                b'-' if self.next_is(b"--") => self.skip_line(),
                b'/' if self.next_is(b"/*") => self.comment(),
                b'\\' if self.next_is(b"\\;") => {
                    self.current.push(';');
                    self.at += 2;
                    continue;
                }
                b'\\' => {
                    self.meta_command();
                    continue;
                }
                b'(' => {
                    parens += 1;
                    self.at += 1;
                }
                b')' => {
                    parens -= 1;
                    self.at += 1;
                }
                b';' if parens <= 0 && begin <= 0 => {
                    self.at += 1;
                    parens = 0;
                    self.finish(true);
                    continue;
                }
                c if c.is_ascii_alphabetic() || c == b'_' || c >= 0x80 => {
                    self.word();
                    begin += atomic_change(&self.current, &self.text[start..self.at]);
                }
                _ => self.at += 1,
            }
            self.current.push_str(&String::from_utf8_lossy(&self.text[start..self.at]));
        }
        self.finish(false);
    }

    fn next_is(&self, what: &[u8]) -> bool {
        self.text[self.at..].starts_with(what)
    }

    fn word(&mut self) {
        while self.at < self.text.len()
            && (self.text[self.at].is_ascii_alphanumeric() || matches!(self.text[self.at], b'_' | b'$' | 0x80..))
        {
            self.at += 1;
        }
    }

    fn quoted(&mut self, quote: u8, escapes: bool) {
        self.at += 1;
        while self.at < self.text.len() {
            if escapes && self.text[self.at] == b'\\' {
                self.at += 2;
                continue;
            }
            self.at += 1;
            if self.text[self.at - 1] == quote {
                return;
            }
        }
        self.at = self.at.min(self.text.len());
    }

    fn dollar(&mut self) {
        let rest = &self.text[self.at..];
        let tag_len =
            rest[1..].iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_')).map_or(rest.len(), |n| n + 1);
        if rest.get(tag_len) != Some(&b'$') || rest[1].is_ascii_digit() {
            self.at += 1;
            return;
        }
        let tag = &rest[..=tag_len];
        let body = &rest[tag.len()..];
        let end = body.windows(tag.len()).position(|w| w == tag).unwrap_or(body.len());
        self.at = (self.at + tag.len() + end + tag.len()).min(self.text.len());
    }

    fn skip_line(&mut self) {
        while self.at < self.text.len() && self.text[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn comment(&mut self) {
        let mut depth = 0;
        while self.at < self.text.len() {
            if self.next_is(b"/*") {
                depth += 1;
                self.at += 2;
            } else if self.next_is(b"*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += 1;
            }
        }
    }

    /// A meta command ends the line; those that send the query end the statement.
    fn meta_command(&mut self) {
        let start = self.at;
        self.skip_line();
        let line = &self.text[start..self.at];
        if [&b"\\g"[..], b"\\crosstab", b"\\watch"].iter().any(|c| line.starts_with(c)) {
            self.finish(true);
        }
    }

    fn finish(&mut self, complete: bool) {
        let statement = std::mem::take(&mut self.current);
        let plain = strip_comments(&statement);
        if complete && is_copy_from_stdin(&plain) {
            self.skip_copy_data();
        }
        if !plain.trim().is_empty() && !has_variable(&plain) {
            self.found.push(statement);
        }
    }

    fn skip_copy_data(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.windows(3).position(|w| w == b"\n\\.").map_or(rest.len(), |n| n + 3);
        self.at += end;
    }
}

/// BEGIN ATOMIC opens, CASE within opens, END closes.
fn atomic_change(before: &str, word: &[u8]) -> i32 {
    let lower = before.trim_start().to_ascii_lowercase();
    if !lower.starts_with("create") {
        return 0;
    }
    let word = word.to_ascii_lowercase();
    let open = lower.contains("begin atomic") || lower.trim_end().ends_with("begin") && word == b"atomic";
    match word.as_slice() {
        b"atomic" if open => 1,
        b"case" if open => 1,
        b"end" if open => -1,
        _ => 0,
    }
}

fn is_escape_prefix(text: &[u8], at: usize) -> bool {
    at > 0
        && matches!(text[at - 1], b'e' | b'E')
        && (at < 2 || !(text[at - 2].is_ascii_alphanumeric() || text[at - 2] == b'_'))
}

fn strip_comments(text: &str) -> String {
    text.lines().map(|l| l.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn is_copy_from_stdin(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.trim_start().starts_with("copy") && lower.contains("from stdin")
}

/// `:name`, `:'name'` or `:"name"`, not part of `::` or a slice.
fn has_variable(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|i| {
        bytes[i] == b':'
            && (i == 0 || !matches!(bytes[i - 1], b':' | b'[' | b'0'..=b'9'))
            && bytes.get(i + 1).is_some_and(|c| c.is_ascii_lowercase() || matches!(c, b'\'' | b'"'))
            && !text[..i].ends_with(['\'', '"'])
            && text[..i].matches('\'').count() % 2 == 0
    })
}
