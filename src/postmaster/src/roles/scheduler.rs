//! The scheduler: lets timers go off (`statement_timeout`).

use crate::shared::RoleContext;
use report::Result;
use std::sync::Arc;

/// Serves the timers until told to end.
pub fn run(role: RoleContext) -> Result<()> {
    let timers = Arc::clone(&role.running()?.instance.timers);
    let poked = Arc::clone(&timers);
    role.interrupts.set_wake_hook(Box::new(move || poked.poke()));
    while !role.is_told_to_end() {
        role.heed_reload();
        timers.serve();
        role.pass_fault_point()?;
    }
    Ok(())
}
