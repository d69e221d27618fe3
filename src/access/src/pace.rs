//! Pauses of work that others are not to feel: `vacuum_cost_delay`.
//!
//! Pages that are asked for and changed have a cost. When so much has been spent the worker sleeps for a moment, without a page, at the next point
//! where it can.
//!
//! Source: PostgreSQL 15 commands/vacuum.c, `vacuum_delay_point`. There the workers of autovacuum share one limit; here each has its own.

use buffer::{UsageCounts, Used};
use std::time::Duration;

/// The pause is at most so many times the one that was asked for, however much was spent between two points.
const DELAYS_MAX: u64 = 4;

/// What pages cost, and what may be spent between two pauses: the settings `vacuum_cost_*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CostLimits {
    /// A page that was in memory.
    pub hit: u64,
    /// A page that was read.
    pub miss: u64,
    /// A page that was changed, and had not been.
    pub dirty: u64,
    /// What may be spent.
    pub limit: u64,
    /// The pause.
    pub delay: Duration,
}

/// How much was spent since the last pause.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    costs: CostLimits,
    /// What all pages that the session had used had cost at the last pause.
    spent_before: u64,
}

impl Pace {
    /// Begins now.
    pub(crate) fn begin(costs: CostLimits, counts: &UsageCounts) -> Pace {
        Pace { costs, spent_before: costs.of(counts) }
    }

    /// How long to pause, if it is time to.
    pub(crate) fn take_pause(&mut self, counts: &UsageCounts) -> Option<Duration> {
        let spent = self.costs.of(counts);
        let balance = spent.saturating_sub(self.spent_before);
        let limit = self.costs.limit.max(1);
        if balance < limit {
            return None;
        }
        self.spent_before = spent;
        let nanos = (self.costs.delay.as_nanos() as u64).saturating_mul(balance.min(limit * DELAYS_MAX)) / limit;
        Some(Duration::from_nanos(nanos))
    }
}

impl CostLimits {
    /// What all of this cost.
    fn of(&self, counts: &UsageCounts) -> u64 {
        counts.get(Used::SharedHit) * self.hit
            + counts.get(Used::SharedRead) * self.miss
            + counts.get(Used::SharedDirtied) * self.dirty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use buffer::{PageEvent, PageOwner, Usage};

    #[test]
    fn a_pause_is_due_when_the_limit_is_spent() {
        let (usage, delay) = (Usage::default(), Duration::from_millis(2));
        usage.add(Used::SharedHit, 1000);
        let mut pace = Pace::begin(CostLimits { hit: 1, miss: 2, dirty: 20, limit: 200, delay }, &usage.counts());
        usage.add(Used::SharedHit, 177);
        usage.add_page(PageOwner::Shared, PageEvent::Read);
        assert_eq!(pace.take_pause(&usage.counts()), None);
        usage.add_page(PageOwner::Shared, PageEvent::Dirtied);
        usage.add_page(PageOwner::Shared, PageEvent::Hit);
        assert_eq!(pace.take_pause(&usage.counts()), Some(delay));
        assert_eq!(pace.take_pause(&usage.counts()), None);
        usage.add(Used::SharedDirtied, 15);
        assert_eq!(pace.take_pause(&usage.counts()), Some(delay * 3 / 2));
        usage.add(Used::SharedDirtied, 1000);
        assert_eq!(pace.take_pause(&usage.counts()), Some(delay * 4));
    }
}
