//! Limits of the wire, each with its unit and what happens beyond it.

/// Bytes in a startup packet's body. Beyond: `invalid length of startup packet` in the log, connection closed.
pub const STARTUP_BYTES_MAX: usize = 10_000;
/// Bytes in a message that carries data (Query, Parse, Bind, CopyData, FunctionCall): PostgreSQL's limit for one allocation.
/// Beyond: 08P01, session closed.
pub const LARGE_MESSAGE_BYTES_MAX: usize = 0x3FFF_FFFE;
/// Bytes in any other message. Beyond: 08P01, session closed.
pub const SMALL_MESSAGE_BYTES_MAX: usize = 10_000;
/// Bytes in an authentication answer (password, SCRAM). Beyond: 08P01, session closed.
pub const AUTH_MESSAGE_BYTES_MAX: usize = 65_535;

const _: () = assert!(SMALL_MESSAGE_BYTES_MAX < AUTH_MESSAGE_BYTES_MAX);
const _: () = assert!(AUTH_MESSAGE_BYTES_MAX < LARGE_MESSAGE_BYTES_MAX);
