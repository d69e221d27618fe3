//! Schedules: lines of `test: name name ...`; what stands on one line runs side by side.

/// The groups of a schedule file, in order. Lines that start with `#` and empty ones are skipped.
pub fn parse(text: &str) -> Vec<Vec<String>> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("test:"))
        .map(|names| names.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn groups_are_lines() {
        let groups = super::parse("# why\ntest: a b\n\ntest: c\nignore: d\n");
        assert_eq!(groups, [vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]]);
    }
}
