//! Whole servers with SQL on a simulated disk.
//!
//! 1. [`machine`] makes a cluster once, as initdb does, and starts servers on copies of its disk. They have no threads.
//! 2. [`client`] is a session whose answers are read.

pub mod client;
pub mod machine;

use base::Oid;

/// The database postgres.
pub const POSTGRES: Oid = Oid(5);

#[cfg(test)]
mod tests {
    use super::*;
    use machine::{Knobs, Machine};

    #[test]
    fn what_was_committed_is_there_after_a_power_cut() {
        let cluster = machine::make_cluster().expect("a cluster");
        for seed in 0..3 {
            let sim = cluster.copy(seed);
            let machine = Machine::start(&sim, Knobs::default()).expect("it starts");
            let mut client = machine.connect(POSTGRES).expect("a session");
            client.query("create table t (k int8 primary key, a int4, b text)").expect("create");
            client.query("insert into t select g, 1, 'x' from generate_series(1, 100) g").expect("insert");
            sim.crash();
            drop(client);
            let machine = Machine::start(&sim, Knobs::default()).expect("it starts");
            let mut client = machine.connect(POSTGRES).expect("a session");
            assert_eq!(client.query("select k from t").expect("select").len(), 100);
            client.end();
            machine.shut_down().expect("it ends");
        }
    }
}
