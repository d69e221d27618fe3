//! Errors that many functions raise.

use report::{Error, error};

#[cold]
pub(crate) fn too_few_arguments(name: &str) -> ! {
    panic!("{name} was called with too few arguments")
}

/// 22003 for a type by its SQL name.
#[cold]
#[track_caller]
pub(crate) fn out_of_range(type_name: &str) -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "{type_name} out of range")
}

/// 22012.
#[cold]
#[track_caller]
pub(crate) fn division_by_zero() -> Error {
    error!(DIVISION_BY_ZERO, "division by zero")
}

/// 22P02 of a type's input function.
#[cold]
#[track_caller]
pub(crate) fn invalid_syntax(type_name: &str, text: &str) -> Error {
    error!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {type_name}: \"{text}\"")
}

/// 22003 of a type's input function.
#[cold]
#[track_caller]
pub(crate) fn value_out_of_range(type_name: &str, text: &str) -> Error {
    error!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type {type_name}")
}

/// 08P01: a binary value is shorter than its type.
#[cold]
#[track_caller]
pub(crate) fn short_message() -> Error {
    error!(PROTOCOL_VIOLATION, "insufficient data left in message")
}
