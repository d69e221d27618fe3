//! What happens to a server that is hurt under load, counted.

use crate::load::{Load, serves};
use testkit::Cluster;
use testkit::cluster::wait_until;

/// What the server says when it starts over in place after a PANIC.
const RECOVERS: &str = "all server processes terminated; reinitializing";

/// Counts of a campaign whose faults may fail statements, have the server recover in place, or end it.
#[derive(Debug, Default)]
pub struct Tally {
    acknowledged: u64,
    failed: u64,
    recoveries: u64,
    ends: u64,
}

impl Tally {
    /// Counts what a load has come to.
    pub fn add(&mut self, load: &Load) {
        self.acknowledged += load.acknowledged();
        self.failed += load.failed();
    }

    /// Waits until the server serves again, and starts it if it has ended. Counts that, and the recoveries that its log tells of from byte `since` on.
    ///
    /// Errors: a signal ended it, which would be a crash that nobody saw coming; it does not start.
    pub fn comes_back(&mut self, cluster: &mut Cluster, since: usize) -> Result<(), String> {
        wait_until("the server serves or has ended", || !cluster.is_running() || serves(cluster));
        if !cluster.is_running() {
            self.ends += 1;
            cluster.wait().ok_or("the server was ended by a signal")?;
            cluster.launch();
            cluster.becomes_ready()?;
        }
        self.recoveries += cluster.log()[since..].matches(RECOVERS).count() as u64;
        Ok(())
    }

    /// The counts of its [`Summary`](crate::Summary).
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("acknowledged commits", self.acknowledged),
            ("statements failed", self.failed),
            ("recoveries in place", self.recoveries),
            ("ends of the server", self.ends),
        ]
    }
}
