//! The background writer: keeps clean frames ahead of the clock's hand, so that who needs one seldom has to write first.
//!
//! It learns how many frames are wanted from how many were, and sleeps long while nothing happens.

use crate::shared::RoleContext;
use config::Setting;
use report::Result;

/// Rounds over which the need is averaged.
const SMOOTHING: f64 = 16.0;
/// The sleep of an idle writer, in rounds.
const HIBERNATION: u32 = 50;

/// Writes ahead until told to end.
pub fn run(role: RoleContext) -> Result<()> {
    let running = role.running()?;
    let pool = &running.engine.store().buffers;
    let mut need = Need { smoothed: 0.0, last: pool.allocations() };
    while !role.is_told_to_end() {
        role.heed_reload();
        let settings = &role.shared.settings;
        let delay = settings.duration(Setting::BgwriterDelay);
        let max = usize::try_from(settings.int(Setting::BgwriterLruMaxpages)).unwrap_or(0);
        let allocations = pool.allocations();
        let recent = allocations - need.last;
        let wanted = need.learn(allocations, settings.real(Setting::BgwriterLruMultiplier));
        let written = if max > 0 && wanted > 0 { pool.sweep_ahead(wanted, max)? } else { 0 };
        let is_idle = recent == 0 && written == 0;
        role.sleep(Some(if is_idle { delay * HIBERNATION } else { delay }))?;
    }
    Ok(())
}

/// How many frames will be wanted before the next round.
struct Need {
    smoothed: f64,
    last: u64,
}

impl Need {
    /// A rise is believed at once, a fall slowly.
    fn learn(&mut self, allocations: u64, multiplier: f64) -> usize {
        let recent = (allocations - self.last) as f64;
        self.last = allocations;
        if self.smoothed <= recent {
            self.smoothed = recent;
        } else {
            self.smoothed += (recent - self.smoothed) / SMOOTHING;
        }
        (self.smoothed * multiplier) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_need_rises_at_once_and_falls_slowly() {
        let mut need = Need { smoothed: 0.0, last: 0 };
        assert_eq!(need.learn(100, 2.0), 200);
        assert_eq!(need.learn(100, 2.0), 187);
        assert_eq!(need.learn(200, 2.0), 200);
    }
}
