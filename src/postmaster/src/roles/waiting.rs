//! A role that only waits to be told to end.

use crate::shared::RoleContext;
use report::Result;

/// Waits until the role is told to end or to finish.
pub fn wait(role: &RoleContext) -> Result<()> {
    while !role.is_told_to_end() && !role.is_told_to_finish() {
        role.heed_reload();
        role.sleep(None)?;
    }
    Ok(())
}
