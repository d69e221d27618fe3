//! The two lock-free protocols in small, over every order of events: `cargo models xact`.
//!
//! The code that runs is in `csn`, `manager::give_csn` and `snapshot::Registry`; here are its atomics and orders alone.

use std::sync::Arc;
use sync::atomic::{AtomicU64, Ordering, fence};
use sync::check::check;
use sync::thread;

const COMMITTING: u64 = 1;
const FIRST: u64 = 3;

/// A transaction's word once it is settled: whether a snapshot of this number sees it.
fn sees(snapshot: u64, word: &AtomicU64) -> bool {
    loop {
        match word.load(Ordering::SeqCst) {
            COMMITTING => thread::yield_now(),
            csn => return csn >= FIRST && csn < snapshot,
        }
    }
}

/// A snapshot's answer about a transaction and its subtransaction is the same for both, and stays the same.
#[test]
fn a_snapshot_is_one_moment() {
    check("xact commit and snapshot", 0, || {
        let shared = Arc::new((AtomicU64::new(FIRST), AtomicU64::new(0), AtomicU64::new(0)));
        let committer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(COMMITTING, Ordering::SeqCst);
                shared.2.store(COMMITTING, Ordering::SeqCst);
                let csn = shared.0.fetch_add(1, Ordering::SeqCst);
                shared.1.store(csn, Ordering::SeqCst);
                shared.2.store(csn, Ordering::SeqCst);
            })
        };
        let snapshot = shared.0.load(Ordering::SeqCst);
        let first = sees(snapshot, &shared.1);
        assert_eq!(first, sees(snapshot, &shared.2));
        assert_eq!(first, sees(snapshot, &shared.1));
        committer.join().expect("it ends");
        assert_eq!(first, sees(snapshot, &shared.1));
    });
}

/// Whoever computes the horizon while a snapshot is taken and others commit stays at or below that snapshot.
#[test]
fn the_horizon_never_passes_a_snapshot() {
    check("xact horizon", 0, || {
        let shared = Arc::new((AtomicU64::new(FIRST), AtomicU64::new(u64::MAX)));
        let committer = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.0.fetch_add(1, Ordering::SeqCst);
            })
        };
        let taker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(FIRST, Ordering::Relaxed);
                fence(Ordering::SeqCst);
                let csn = shared.0.load(Ordering::SeqCst);
                shared.1.store(csn, Ordering::Release);
                csn
            })
        };
        let next = shared.0.load(Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let horizon = next.min(shared.1.load(Ordering::SeqCst));
        committer.join().expect("it ends");
        let csn = taker.join().expect("it ends");
        assert!(horizon <= csn, "horizon {horizon}, snapshot {csn}");
    });
}
