//! Limits of this crate, each with its unit and what happens beyond it.

/// Bytes that one read of the socket asks for at least.
pub const READ_BYTES: usize = 8 * 1024;
/// Room that a message gets ahead of its coming, beyond as much as has come: its length is only what the client says. Unit: bytes.
pub const RECEIVE_AHEAD_BYTES: usize = 64 * 1024;
/// Bytes of receive buffer kept between messages; a larger one, left by a large message, is given back.
pub const RECEIVE_KEEP_BYTES: usize = 16 * 1024;
/// Bytes of send buffer at which rows are sent although the reply is not complete.
pub const SEND_FLUSH_BYTES: usize = 32 * 1024;
/// Bytes of send buffer kept between replies.
pub const SEND_KEEP_BYTES: usize = 16 * 1024;
/// Longer texts of Parse are not kept for the next one with the same text, and their plans not shared. Unit: bytes.
pub const PARSED_BYTES_MAX: usize = 8192;
/// Messages that a client's turn takes at most if it has sent more; then others have theirs. A pipeline is not cut.
pub const TURN_MESSAGES_MAX: usize = 128;

const _: () = assert!(READ_BYTES <= RECEIVE_KEEP_BYTES);
