//! Fields of a line, and the tokens of a field.

use crate::file::Files;
use std::path::Path;

/// How deep files may name files.
const FILE_DEPTH_MAX: u32 = 10;

/// A word. In quotes a keyword loses its meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// Its text, without quotes.
    pub text: String,
    /// It began with a quote.
    pub quoted: bool,
}

impl Token {
    /// True if it is this keyword.
    pub fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text == keyword
    }
}

/// A line that holds something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    pub(super) number: u32,
    pub(super) raw: String,
    /// Each field is a list of tokens that had commas between.
    pub(super) fields: Vec<Vec<Token>>,
    pub(super) error: Option<String>,
}

/// All lines of a file that hold something. A backslash at a line's end continues it on the next.
pub(super) fn lines(files: &dyn Files, path: &Path, text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut numbered = text.lines().zip(1u32..);
    while let Some((first, number)) = numbered.next() {
        let mut raw = first.trim_end().to_owned();
        while let Some(stem) = raw.strip_suffix('\\') {
            let next = numbered.next().map_or("", |(line, _)| line.trim_end());
            raw = format!("{stem}{next}");
            if next.is_empty() {
                break;
            }
        }
        let (fields, error) = fields(files, path, &raw, 0);
        if !fields.is_empty() || error.is_some() {
            found.push(Line { number, raw, fields, error });
        }
    }
    found
}

fn fields(files: &dyn Files, path: &Path, line: &str, depth: u32) -> (Vec<Vec<Token>>, Option<String>) {
    let mut fields = Vec::new();
    let mut error = None;
    let mut rest = line;
    loop {
        let mut field = Vec::new();
        // A comma at a token's end says that the field goes on.
        while let Some((token, after, comma)) = next_token(rest) {
            rest = after;
            match token.text.strip_prefix('@').filter(|name| !token.quoted && !name.is_empty()) {
                Some(name) => match file_tokens(files, path, name, depth) {
                    Ok(tokens) => field.extend(tokens),
                    Err(problem) => error = Some(problem),
                },
                None => field.push(token),
            }
            if !comma {
                break;
            }
        }
        if field.is_empty() {
            return (fields, error);
        }
        fields.push(field);
    }
}

/// The next token, what follows it, and whether a comma ended it.
fn next_token(line: &str) -> Option<(Token, &str, bool)> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r');
    let start = line.trim_start_matches(|c| is_blank(c) || c == ',');
    let mut text = String::new();
    let (mut in_quote, mut was_quote, mut saw_quote, mut quoted) = (false, false, false, false);
    for (at, c) in start.char_indices() {
        if !in_quote && (is_blank(c) || c == ',' || c == '#') {
            let after = if c == '#' { "" } else { &start[at..] };
            let comma = c == ',';
            return (saw_quote || !text.is_empty()).then_some((Token { text, quoted }, after, comma));
        }
        if c == '"' {
            quoted |= text.is_empty() && !saw_quote;
            // A quote right after one that closed is a quote that is meant.
            if was_quote {
                text.push('"');
            }
            was_quote = in_quote;
            in_quote = !in_quote;
            saw_quote = true;
        } else {
            text.push(c);
            was_quote = false;
        }
    }
    (saw_quote || !text.is_empty()).then_some((Token { text, quoted }, "", false))
}

/// The tokens of a file that a list names by `@`.
fn file_tokens(files: &dyn Files, outer: &Path, name: &str, depth: u32) -> Result<Vec<Token>, String> {
    let path = outer.parent().unwrap_or(Path::new("")).join(name);
    if depth >= FILE_DEPTH_MAX {
        return Err(format!(
            "could not open secondary authentication file \"@{name}\": maximum nesting depth exceeded"
        ));
    }
    let text = files.read(&path).map_err(|error| {
        let reason = report::Error::io("", &error);
        let reason = reason.message().trim_start_matches("could not : ").to_owned();
        format!("could not open secondary authentication file \"@{name}\" as \"{}\": {reason}", path.display())
    })?;
    let mut tokens = Vec::new();
    for line in text.lines() {
        let (fields, error) = fields(files, &path, line, depth + 1);
        if let Some(error) = error {
            return Err(error);
        }
        tokens.extend(fields.into_iter().flatten());
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::tests::FakeFiles;

    fn shown(text: &str) -> Vec<String> {
        let files = FakeFiles::with(&[("/d/admins", "bob, alice\n# nobody\ncarol")]);
        let token = |t: &Token| if t.quoted { format!("'{}'", t.text) } else { t.text.clone() };
        let field = |f: &Vec<Token>| f.iter().map(token).collect::<Vec<_>>().join("|");
        let line = |l: Line| format!("{}: {}", l.number, l.fields.iter().map(field).collect::<Vec<_>>().join(" "));
        lines(&*files, Path::new("/d/pg_hba.conf"), text).into_iter().map(line).collect()
    }

    #[test]
    fn takes_lines_apart() {
        assert_eq!(
            shown("# c\n\nlocal  all,\"all\" @admins trust # end\nhost a, b c\\\n d\n"),
            ["3: local all|'all' bob|alice|carol trust", "4: host a|b c d"]
        );
    }

    #[test]
    fn quotes_protect() {
        assert_eq!(shown("\"a b\" \"c,d\" e\"f g\" \"h\"\"i\" \"\""), ["1: 'a b' 'c,d' ef g 'h\"i' ''"]);
    }
}
