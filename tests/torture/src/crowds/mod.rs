//! Campaigns about many sessions: a client that drives thousands of them, and what must hold whatever the number of threads that serve them.
//!
//! They talk the wire protocol and nothing else, to a server of their own or to one that runs already (`--server`), so that each can be tried against
//! PostgreSQL: a checker that PostgreSQL fails is wrong. docs/internals/pool-checks.md has the figures.

mod arena;
mod calm;
pub mod fairness;
pub mod holders;
pub mod notify;
pub mod selects;
pub mod states;
pub mod storm;
pub mod tokens;
