//! The string functions.

pub(crate) mod basic;
pub(crate) mod case;
pub(crate) mod concat;
pub(crate) mod encode;
pub(crate) mod like;
pub(crate) mod quote;
pub(crate) mod split;
pub(crate) mod unicode;
