//! How displayed SQL is laid out.

/// Indentation of clauses.
pub const INDENT: i32 = 8;
/// Indentation of joins, more than that.
pub const INDENT_JOIN: i32 = 4;
/// Indentation of wrapped items and CASE branches.
pub const INDENT_ITEM: i32 = 4;
/// Beyond this, indentation grows slower.
const INDENT_LIMIT: i32 = 40;

/// How SQL is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Only parentheses that are needed; else around everything.
    pub few_parens: bool,
    /// Clauses start new lines.
    pub lines: bool,
    /// Items of lists are wrapped beyond this many bytes of a line.
    pub wrap: Option<usize>,
}

impl Layout {
    /// On one line: EXPLAIN, column defaults in psql.
    pub const ONE_LINE: Layout = Layout { few_parens: false, lines: false, wrap: Some(0) };
    /// What pg_get_viewdef and its relatives give without `pretty`.
    pub const STANDARD: Layout = Layout { few_parens: false, lines: true, wrap: Some(0) };
    /// With `pretty`.
    pub const PRETTY: Layout = Layout { few_parens: true, lines: true, wrap: Some(0) };

    /// [`Layout::PRETTY`] or [`Layout::STANDARD`].
    pub fn pretty(pretty: bool) -> Layout {
        if pretty { Layout::PRETTY } else { Layout::STANDARD }
    }
}

/// Spaces at the start of a line.
pub fn spaces(level: i32, plus: i32) -> usize {
    let base = match level < INDENT_LIMIT {
        true => level.max(0),
        false => (INDENT_LIMIT + (level - INDENT_LIMIT) / (INDENT / 2)) % INDENT_LIMIT,
    };
    usize::try_from(base + plus).unwrap_or(0)
}
