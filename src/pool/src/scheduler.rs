//! The scheduler: one thread that sees to what those who work do not see. It ticks while the pool is at work, and sleeps while it is not.

use crate::limits::{LONG_TURN_US, QUIET_TICKS};
use crate::pool::Pool;
use crate::{Client, Group, Orders};
use report::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use sync::Interrupts;

/// The time between two ticks.
const TICK: Duration = Duration::from_micros(LONG_TURN_US);
/// Ticks between two looks at the queues' times.
const QUEUE_EVERY: u32 = 10;
/// The longest sleep while there are workers that may have to go.
const SHRINK_EVERY: Duration = Duration::from_secs(10);

/// Whether the scheduler sleeps, and how it is woken.
#[derive(Debug, Default)]
pub(crate) struct Doze {
    is_on: AtomicBool,
    interrupts: std::sync::OnceLock<Arc<Interrupts>>,
}

impl Doze {
    /// There is work: whoever begins it calls this, and it costs a look at a flag.
    #[inline]
    pub(crate) fn end(&self) {
        if self.is_on.load(Ordering::Relaxed)
            && self.is_on.swap(false, Ordering::AcqRel)
            && let Some(interrupts) = self.interrupts.get()
        {
            interrupts.latch().set();
        }
    }
}

/// Serves as the scheduler until told to end, and no client is left.
pub(crate) fn run<C: Client>(pool: &Pool<C>, orders: &dyn Orders) -> Result<()> {
    let interrupts = orders.interrupts();
    let doze = &pool.shared.doze;
    let _ = doze.interrupts.set(Arc::clone(interrupts));
    let (mut ticks, mut quiet) = (0u32, 0u32);
    loop {
        let is_told = interrupts.pending() && orders.obey()?;
        if pool.shared.is_over() || is_told && pool.clients() == 0 {
            return Ok(());
        }
        let is_busy = any_of_all(pool, |group| group.tick());
        ticks = ticks.wrapping_add(1);
        if ticks.is_multiple_of(QUEUE_EVERY) {
            pool.groups.iter().for_each(|group| group.see_to_queue());
        }
        quiet = if is_busy { 0 } else { quiet + 1 };
        if quiet < QUIET_TICKS {
            interrupts.latch().wait(Some(TICK));
            continue;
        }
        let idle = pool.shared.worker_idle();
        let has_more = any_of_all(pool, |group| group.shrink(idle));
        doze.is_on.store(true, Ordering::SeqCst);
        // Work that began before the flag was seen has woken nobody.
        if pool.groups.iter().any(|group| group.tick()) {
            doze.is_on.store(false, Ordering::SeqCst);
        } else {
            interrupts.latch().wait(has_more.then_some(SHRINK_EVERY));
        }
        quiet = 0;
    }
}

/// Goes to every group; true if it is true of any.
fn any_of_all<C: Client>(pool: &Pool<C>, visit: impl Fn(&Group<C>) -> bool) -> bool {
    pool.groups.iter().map(|group| visit(group)).fold(false, std::ops::BitOr::bitor)
}
