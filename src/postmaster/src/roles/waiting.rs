//! A role that only waits to be told to end.

use crate::shared::RoleContext;
use report::Result;
use sync::Interrupt;

/// Waits.
pub fn run(role: RoleContext) -> Result<()> {
    loop {
        role.interrupts.latch().wait(None);
        let told = [Interrupt::Terminate, Interrupt::Quit, Interrupt::Work].map(|i| role.interrupts.take(i));
        if told.contains(&true) {
            return Ok(());
        }
    }
}
