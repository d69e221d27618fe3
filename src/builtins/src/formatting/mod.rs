//! to_char and its kin: values by format pictures.

pub(crate) mod dates;
pub(crate) mod numbers;
mod pattern;
pub(crate) mod scan;
