//! Many measured times in little memory.

use std::fmt;
use std::time::Duration;

/// Times are told apart to one part in so many.
const STEPS: u64 = 32;
/// Powers of two of a microsecond that are told apart: more than an hour.
const POWERS: usize = 33;

/// How often each time was measured, to about 3 in 100.
#[derive(Clone)]
pub struct Latencies {
    counts: Vec<u64>,
    total: u64,
    worst: Duration,
}

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies { counts: vec![0; POWERS * STEPS as usize], total: 0, worst: Duration::ZERO }
    }
}

impl Latencies {
    /// Takes one more.
    pub fn add(&mut self, time: Duration) {
        let last = self.counts.len() - 1;
        self.counts[place(time.as_micros() as u64).min(last)] += 1;
        self.total += 1;
        self.worst = self.worst.max(time);
    }

    /// Takes all of another.
    pub fn merge(&mut self, other: &Latencies) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(ours, theirs)| *ours += theirs);
        self.total += other.total;
        self.worst = self.worst.max(other.worst);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The greatest.
    pub fn worst(&self) -> Duration {
        self.worst
    }

    /// The time that this share (0 to 1) of them does not exceed; zero if there are none.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let at = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted && seen > 0
        });
        at.map_or(Duration::ZERO, |at| Duration::from_micros(upper_bound(at as u64)).min(self.worst))
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most] = [0.5, 0.99].map(|share| ms(self.quantile(share)));
        write!(f, "p50 {half} ms, p99 {most} ms, worst {} ms", ms(self.worst))
    }
}

/// Milliseconds, with as many digits as are worth reading.
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    let digits = if ms >= 100.0 { 0 } else { 2 };
    format!("{ms:.digits$}")
}

/// The counter of so many microseconds: exact below `2 * STEPS`, then `STEPS` to each power of two.
fn place(micros: u64) -> usize {
    let power = (micros / STEPS).checked_ilog2().unwrap_or(0);
    (u64::from(power) * STEPS + (micros >> power)) as usize
}

/// The greatest number of microseconds that is counted here.
fn upper_bound(place: u64) -> u64 {
    let power = (place / STEPS).saturating_sub(1);
    ((place - power * STEPS + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_again_to_three_in_a_hundred() {
        for micros in (0..3_000_000).step_by(7) {
            let bound = upper_bound(place(micros) as u64);
            assert!(bound >= micros && bound - micros <= micros / STEPS, "{micros}: {bound}");
        }
    }

    #[test]
    fn quantiles_are_those_of_what_was_added() {
        let mut times = Latencies::default();
        assert_eq!(times.quantile(0.99), Duration::ZERO);
        (1..=100).for_each(|n| times.add(Duration::from_micros(n * 10)));
        assert!(times.quantile(0.5).as_micros().abs_diff(500) <= 15, "{times}");
        assert_eq!(times.worst(), Duration::from_millis(1));
        assert_eq!(times.quantile(1.0), times.worst());
        assert_eq!(times.count(), 100);
    }
}
