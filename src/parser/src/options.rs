//! The few settings that the grammar depends on, and the limits.

/// How a string is to be read; the session copies its settings here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseOptions {
    /// `standard_conforming_strings`: whether a backslash in `'...'` is an ordinary character.
    pub standard_conforming_strings: bool,
    /// `escape_string_warning`: whether a backslash in `'...'` is warned of when it is not.
    pub escape_string_warning: bool,
    /// `backslash_quote`: whether `\'` may stand for a quote in an escape string.
    pub backslash_quote: BackslashQuote,
    /// How deep the parser may recurse: subqueries, function arguments, CASE, ...
    pub max_recursion: u32,
    /// How deep the tree may be, chains of operators included: what walks it, and what drops it, recurses that deep.
    pub max_tree_depth: u32,
    /// `max_stack_depth`, for the hint of the error that says so.
    pub max_stack_depth_kb: u32,
}

/// Values of `backslash_quote`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BackslashQuote {
    /// Never.
    Off,
    /// Always.
    On,
    /// If the client's encoding cannot hide a quote in a character; the caller has already looked at the encoding
    /// and says `Off` if it can.
    #[default]
    SafeEncoding,
}

impl Default for ParseOptions {
    fn default() -> ParseOptions {
        ParseOptions {
            standard_conforming_strings: true,
            escape_string_warning: true,
            backslash_quote: BackslashQuote::SafeEncoding,
            max_recursion: crate::limits::RECURSION_MAX,
            max_tree_depth: crate::limits::TREE_DEPTH_MAX,
            max_stack_depth_kb: 2048,
        }
    }
}
