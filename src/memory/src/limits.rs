//! Sizes that nobody chooses.

/// A session that has grown by this much looks at its account: then others see it too. Unit: bytes.
pub const STEP_BYTES: i64 = 1 << 20;

/// The least limit: below it nobody could even log in and raise it. Unit: bytes.
pub const LIMIT_BYTES_MIN: i64 = 1 << 20;

/// What a large single piece is: smaller ones are taken without asking for room. Unit: bytes.
pub const LARGE_BYTES: usize = 256 << 10;
