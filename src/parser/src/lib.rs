//! SQL text to a typed tree: the whole grammar of PostgreSQL 15, by recursive descent with precedence climbing.
//!
//! The crate knows no catalog, and no setting but those in [`ParseOptions`]: it can parse in an aborted transaction.
//!
//! 1. [`lexer`] cuts the text into tokens: kinds and ranges of bytes, nothing copied. The keywords are in [`keywords`].
//! 2. The parser makes the tree of [`ast`]; [`literal`] gives the values of names and constants.
//!
//! 3. [`deparse`] prints a tree as SQL again.
//!
//! Errors carry PostgreSQL's text and code, and point at the token that PostgreSQL points at.
//!
//! Invariants:
//! - I1. No input overflows a stack of 2 MB: what recurses is counted, and trees have a greatest depth ([`limits`]).
//! - I2. Equality of trees ignores positions ([`ast::Pos`]).
#![forbid(unsafe_code)]

pub mod ast;
pub mod deparse;
pub mod keywords;
pub mod lexer;
pub mod limits;
pub mod literal;
pub mod options;
mod parser;
pub mod shape;
pub mod template;

pub use options::{BackslashQuote, ParseOptions};

use ast::{Expr, RawStatement, TypeName};
use report::{Error, Result};

/// The statements of a text, which semicolons separate.
///
/// Errors: 42601 for what is no SQL, with its position; 54001 for too deep a nesting; and those few that PostgreSQL's
/// grammar itself raises.
pub fn parse(text: &str, options: &ParseOptions) -> Result<Vec<RawStatement>> {
    parse_with_notices(text, options, &mut Vec::new())
}

/// As [`parse`]; notices and warnings (truncated identifiers, escapes in plain strings) are appended to `notices`,
/// before an error too.
pub fn parse_with_notices(text: &str, options: &ParseOptions, notices: &mut Vec<Error>) -> Result<Vec<RawStatement>> {
    let mut parser = parser::Parser::new(text, options);
    let result = parser.statements();
    notices.append(&mut parser.notices);
    result
}

/// A text that is one expression.
pub fn parse_expr(text: &str, options: &ParseOptions) -> Result<Expr> {
    parser::Parser::new(text, options).whole_expr()
}

/// A text that is one type name.
pub fn parse_type_name(text: &str, options: &ParseOptions) -> Result<TypeName> {
    parser::Parser::new(text, options).whole_type_name()
}
