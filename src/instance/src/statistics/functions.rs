//! Calls of functions: how many, and how long they took, with and without what they called themselves.

use super::FunctionCounter;
use hashbrown::HashMap;
use xact::StatisticsKey;

/// The counts of one function.
pub type FunctionCounts = [i64; FunctionCounter::COUNT];

/// The calls that a session has counted and not yet added to what all share.
#[derive(Default, Debug)]
pub struct FunctionCalls {
    counts: HashMap<StatisticsKey, FunctionCounts>,
    /// Microseconds that calls of whatever function took, each moment counted once.
    charged_us: i64,
}

/// A call that goes on.
#[derive(Clone, Copy, Debug)]
pub struct OpenCall {
    key: StatisticsKey,
    /// The function's total when the call began: calls of itself within it count no time twice.
    total_before_us: i64,
    charged_before_us: i64,
}

impl FunctionCalls {
    /// A call begins.
    pub fn begin(&mut self, key: StatisticsKey) -> OpenCall {
        let counts = self.counts.entry(key).or_default();
        let total_before_us = counts[FunctionCounter::TotalUs as usize];
        OpenCall { key, total_before_us, charged_before_us: self.charged_us }
    }

    /// A call has ended well, after so many microseconds.
    pub fn end(&mut self, call: OpenCall, elapsed_us: i64) {
        let own_us = elapsed_us - (self.charged_us - call.charged_before_us);
        self.charged_us += own_us;
        let counts = self.counts.entry(call.key).or_default();
        counts[FunctionCounter::Calls as usize] += 1;
        counts[FunctionCounter::TotalUs as usize] = call.total_before_us + elapsed_us;
        counts[FunctionCounter::SelfUs as usize] += own_us;
    }

    /// What was counted of a function, if anything was.
    pub fn of(&self, key: StatisticsKey) -> Option<FunctionCounts> {
        self.counts.get(&key).copied()
    }

    /// Hands over what was counted, and begins anew.
    pub(super) fn take_each(&mut self, mut take: impl FnMut(StatisticsKey, &FunctionCounts)) {
        self.counts.drain().for_each(|(key, counts)| take(key, &counts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Oid;

    const OUTER: StatisticsKey = (Oid(5), Oid(16_384));
    const INNER: StatisticsKey = (Oid(5), Oid(16_385));

    #[test]
    fn time_is_charged_once() {
        let mut calls = FunctionCalls::default();
        let outer = calls.begin(OUTER);
        for _ in 0..2 {
            let inner = calls.begin(INNER);
            calls.end(inner, 10);
        }
        calls.end(outer, 50);
        assert_eq!(calls.of(OUTER), Some([1, 50, 30]));
        assert_eq!(calls.of(INNER), Some([2, 20, 20]));
    }

    #[test]
    fn a_function_that_calls_itself_takes_its_time_once() {
        let mut calls = FunctionCalls::default();
        let (outer, inner) = (calls.begin(OUTER), calls.begin(OUTER));
        calls.end(inner, 30);
        calls.end(outer, 40);
        assert_eq!(calls.of(OUTER), Some([2, 40, 40]));
        let mut taken = 0;
        calls.take_each(|key, counts| {
            assert_eq!((key, counts[0]), (OUTER, 2));
            taken += 1;
        });
        assert_eq!((taken, calls.of(OUTER)), (1, None));
    }
}
