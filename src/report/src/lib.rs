//! What the server says when something is wrong, or worth telling.
//!
//! One type, [`Error`], carries everything that PostgreSQL's ErrorResponse and NoticeResponse carry: severity, SQLSTATE,
//! message, detail, hint, position, and the names of the objects involved. It is one word wide (a box), so that
//! `Result<T>` stays cheap on the path where nothing fails.
//!
//! Four kinds of error are kept apart (docs/STYLE.md): the user's mistake, the environment's failure and corruption are
//! values of this type; a bug of ours is a panic, caught at the session's edge.
//!
//! This crate knows neither the wire format (`proto`) nor the log's (`logging`).
#![forbid(unsafe_code)]

mod error;
mod sqlstate;

pub use error::{Context, Error, Fields, Location, Result, Severity};
pub use sqlstate::SqlState;

/// The path of an item in the function around.
#[doc(hidden)]
#[macro_export]
macro_rules! here {
    () => {{
        fn here() {}
        std::any::type_name_of_val(&here)
    }};
}

/// Builds an [`Error`] of severity ERROR: `error!(UNDEFINED_TABLE, "relation \"{name}\" does not exist")`.
#[macro_export]
macro_rules! error {
    ($code:ident, $($message:tt)+) => {
        $crate::Error::new($crate::SqlState::$code, format!($($message)+)).made_in($crate::here!())
    };
}

/// Returns early with an [`error!`].
#[macro_export]
macro_rules! bail {
    ($code:ident, $($message:tt)+) => {
        return Err($crate::error!($code, $($message)+))
    };
}

/// Returns early with 0A000, for what PostgreSQL does and this server does not do yet. The text names the feature.
#[macro_export]
macro_rules! unsupported {
    ($($feature:tt)+) => {
        return Err($crate::Error::unsupported(format!($($feature)+)).made_in($crate::here!()))
    };
}
