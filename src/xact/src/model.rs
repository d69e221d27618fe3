//! Commits, snapshots and the horizon over many orders of events: `cargo models xact`.
//!
//! The threads run the server's own functions: [`Visibility`], the csn table and the registry of snapshots below it. Chunks of the csn table and the
//! registry are small here (`limits`), so that a chunk is forgotten within two transactions. loom takes SeqCst loads and stores for no more than
//! acquire and release, and does not know what the slots of the csn table's chunks (crate arc_swap) hand from thread to thread; so where one order
//! of all is needed (`advance_oldest`), or a chunk goes away under a reader, shuttle looks alone. By hand: let `give_csn` leave out COMMITTING,
//! `Registry::take` the fence or the lower bound, or read the number before `xmin`; let `compute_horizon` look at the pins first, or `abort` advance first.

use crate::csn::FIRST_CSN;
use crate::snapshot::Seen;
use crate::visibility::Visibility;
use base::{Csn, Xid};
use std::sync::Arc;
use sync::check::check;
use sync::thread;

const SCHEDULES: usize = 4000;
/// A transaction and another one, or its subtransaction. They fill a chunk.
const XIDS: [Xid; 2] = [Xid(4), Xid(5)];

/// Two transactions run, and nobody has a snapshot.
fn two_running() -> Arc<Visibility> {
    let visibility = Visibility::new(FIRST_CSN, XIDS[0]);
    XIDS.iter().for_each(|xid| visibility.csns.extend(*xid).expect("there is room"));
    visibility.set_next_xid(Xid(6));
    Arc::new(visibility)
}

fn commit(visibility: &Visibility, xid: Xid, subs: &[Xid]) {
    visibility.give_csn(xid, subs);
    visibility.note_commit();
}

/// Whether a snapshot sees a transaction of which the commit log says that it committed.
fn sees(visibility: &Visibility, snapshot: Csn, xid: Xid) -> bool {
    Seen::of(visibility.settled_state(xid), snapshot).is_none_or(|seen| seen == Seen::Yes)
}

/// A snapshot's answer about a transaction and its subtransaction is the same for both and stays the same.
fn one_moment(name: &'static str, commit: fn(&Visibility)) {
    check(name, SCHEDULES, move || {
        let visibility = two_running();
        let committer = {
            let visibility = Arc::clone(&visibility);
            thread::spawn(move || commit(&visibility))
        };
        let pin = visibility.registry.borrow(0);
        let (_in_use, snapshot, xmin) = visibility.registry.take(&pin);
        let first = sees(&visibility, snapshot, XIDS[0]);
        assert_eq!(first, sees(&visibility, snapshot, XIDS[1]), "one moment");
        assert!(first || xmin <= XIDS[0], "all before xmin is seen");
        committer.join().expect("it ends");
        assert_eq!(XIDS.map(|xid| sees(&visibility, snapshot, xid)), [first; 2], "one moment");
    });
}

#[test]
fn a_snapshot_is_one_moment() {
    one_moment("xact commit and snapshot", |visibility| commit(visibility, XIDS[0], &XIDS[1..]));
}

/// So also while others find that the numbers can be forgotten.
#[cfg(shuttle)]
#[test]
fn what_is_forgotten_was_seen() {
    one_moment("xact commit, snapshot and horizon", |visibility| {
        commit(visibility, XIDS[0], &XIDS[1..]);
        visibility.oldest_visible();
    });
}

/// Canary: a number that is given without announcing it.
#[test]
#[should_panic(expected = "one moment")]
fn canary_a_number_without_a_word() {
    one_moment("xact canary", |visibility| {
        let csn = Csn(visibility.registry.next_csn.fetch_add(1, sync::atomic::Ordering::SeqCst));
        XIDS.iter().for_each(|xid| visibility.csns.set_committed(*xid, csn));
        visibility.note_commit();
    });
}

/// Whoever computes the horizon while a snapshot is taken and others commit stays at or below that snapshot.
#[test]
fn the_horizon_never_passes_a_snapshot() {
    check("xact horizon", SCHEDULES, || {
        let visibility = two_running();
        let committer = {
            let visibility = Arc::clone(&visibility);
            thread::spawn(move || commit(&visibility, XIDS[0], &[]))
        };
        let taker = {
            let visibility = Arc::clone(&visibility);
            let pin = visibility.registry.borrow(0);
            thread::spawn(move || visibility.registry.take(&pin))
        };
        let horizon = visibility.registry.compute_horizon();
        committer.join().expect("it ends");
        let (_in_use, csn, xmin) = taker.join().expect("it ends");
        assert!(horizon.csn <= csn && horizon.xmin <= xmin, "{horizon:?}, snapshot {csn} {xmin}");
    });
}

/// Of two transactions that end at once, one moves the oldest running one over both.
#[cfg(shuttle)]
#[test]
fn nobody_stays_behind_the_oldest() {
    check("xact oldest active", SCHEDULES, || {
        let visibility = two_running();
        let aborter = {
            let visibility = Arc::clone(&visibility);
            thread::spawn(move || visibility.abort([XIDS[1]].into_iter()))
        };
        commit(&visibility, XIDS[0], &[]);
        aborter.join().expect("it ends");
        visibility.oldest_visible();
        assert_eq!(visibility.registry.last_horizon().xmin, visibility.next_xid());
    });
}
