//! The body of a session's thread.

use crate::refusal;
use crate::shared::Shared;
use host::net::Stream;
use instance::Instance;
use report::{Result, Severity};
use std::sync::Arc;

/// Serves one client.
pub fn serve(_: &Shared, _: &Arc<Instance>, stream: Stream) -> Result<()> {
    refusal::tell(&stream, &report::error!(FEATURE_NOT_SUPPORTED, "no session yet").severity(Severity::Fatal));
    Ok(())
}
