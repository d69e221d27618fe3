//! The address of an object: which catalog, which row, which part.

use base::Oid;
use instance::Ctx;
use report::Result;

pub use exec::object::{ObjectAddress, relation_display_name, relation_word};

/// What an object is called in messages: `table t`, `column a of table t`, `function f(integer)`.
pub fn describe(cx: Ctx<'_>, address: ObjectAddress) -> Result<String> {
    match exec::object::describe(cx, address)? {
        Some(text) => Ok(text),
        None => Ok(format!("{} {}", exec::object::type_word(cx, address)?, address.object)),
    }
}

/// A function's name with its argument types.
pub fn function_signature(cx: Ctx<'_>, name: &str, arguments: &[Oid]) -> Result<String> {
    let (catalog, path) = (cx.catalog(), cx.search_path()?);
    let types = arguments.iter().map(|oid| catalog.format_type(*oid, None, &path.namespaces));
    let types = types.collect::<Result<Vec<_>>>()?;
    Ok(format!("{}({})", builtins::quote_identifier(name), types.join(",")))
}

/// The detail of an error about a relation of a kind that a statement does not take.
pub(crate) fn not_supported_for(relkind: u8) -> String {
    let words = match relkind {
        b'r' => "tables",
        b'i' => "indexes",
        b'S' => "sequences",
        b't' => "TOAST tables",
        b'v' => "views",
        b'm' => "materialized views",
        b'c' => "composite types",
        b'f' => "foreign tables",
        b'p' => "partitioned tables",
        _ => "partitioned indexes",
    };
    format!("This operation is not supported for {words}.")
}

/// The detail of an error about a relation of the wrong kind.
pub(crate) fn unsupported_kind(relkind: u8) -> String {
    let kinds = match relkind {
        b'i' => "indexes",
        b'S' => "sequences",
        b't' => "TOAST tables",
        b'v' => "views",
        b'm' => "materialized views",
        b'c' => "composite types",
        b'f' => "foreign tables",
        b'p' => "partitioned tables",
        b'I' => "partitioned indexes",
        _ => "tables",
    };
    format!("This operation is not supported for {kinds}.")
}
