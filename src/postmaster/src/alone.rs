//! `--boot` and `--single`: one session, no clients.

use crate::arguments::Arguments;
use config::Settings;
use std::path::Path;
use std::sync::Arc;

/// Runs the mode. Returns the exit code.
pub fn run(_: &Arguments, _: Arc<Settings>, _: &Path) -> i32 {
    eprintln!("postmaster: bootstrap and single-user mode are not supported yet");
    1
}
