//! Prepared statements, as far as those who list them need to know.

use base::Oid;
use std::any::Any;
use std::sync::Arc;

/// A prepared statement of a session, made by PREPARE or by the protocol's Parse.
pub struct Prepared {
    /// Its name; empty for the protocol's unnamed one.
    pub name: String,
    /// The text that made it.
    pub text: String,
    /// Types of its parameters.
    pub parameter_types: Vec<Oid>,
    /// Made by PREPARE, not by Parse.
    pub from_sql: bool,
    /// When it was made: microseconds since 2000-01-01 UTC.
    pub made_us: i64,
    /// The analysed statement and its plans, in the form of the layer that runs it.
    pub payload: Arc<dyn Any + Send + Sync>,
}
