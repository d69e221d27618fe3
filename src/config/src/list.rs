//! Lists in text settings: names or words with commas between.

/// Splits a list such as `stderr, csvlog` or `"$user", public`: white space around parts is dropped, double quotes
/// protect what is between them (two stand for one). An empty text is an empty list; none if a part is empty or a quote
/// is not closed.
pub fn split_list(text: &str) -> Option<Vec<String>> {
    split(text, str::to_owned)
}

/// As `split_list`, with parts outside quotes in lower case: lists of identifiers, such as `search_path`.
pub fn split_identifiers(text: &str) -> Option<Vec<String>> {
    split(text, str::to_lowercase)
}

fn split(text: &str, bare: impl Fn(&str) -> String) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(parts);
    }
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let word = rest[..end].trim_end();
                (Some(word).filter(|w| !w.is_empty()).map(&bare)?, &rest[end..])
            }
        };
        parts.push(part);
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if after.is_empty() => return Some(parts),
            None => return None,
        }
    }
}

/// What stands up to the closing quote, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        part.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_and_unquotes() {
        assert_eq!(split_list(" a , B,\"c,\"\"d\" "), Some(vec!["a".into(), "B".into(), "c,\"d".into()]));
        assert_eq!(split_identifiers("\"$User\", Public"), Some(vec!["$User".into(), "public".into()]));
        assert_eq!(split_list("  "), Some(vec![]));
        for bad in ["a,", ",a", "\"a", "\"a\" b", "a,,b"] {
            assert_eq!(split_list(bad), None, "{bad}");
        }
    }
}
