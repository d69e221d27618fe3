//! Limits of this crate.

/// Bytes that may wait for the syslogger. Beyond it those who log wait, but the postmaster, which must never.
pub(crate) const CHANNEL_BYTES_MAX: usize = 16 << 20;
/// Bytes of one message to syslog, as its oldest daemons take them.
pub(crate) const SYSLOG_BYTES_MAX: usize = 900;
