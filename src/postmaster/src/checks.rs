//! The checks of settings that the crates below have.

use config::Hooks;

/// Registers all of them.
pub fn hooks(hooks: Hooks) -> Hooks {
    hooks
}
