//! Crashes on the simulated disk: what was committed is there afterwards, nothing else is, and the indexes agree with the table.

mod common;

use access::{Changed, VacuumOptions};
use base::{Lsn, Prng, Tid};
use common::{Engine, Session, row};
use host::FaultPlan;
use std::collections::BTreeMap;
use std::sync::Arc;
use xact::NextIds;

type Model = BTreeMap<i32, (Tid, i64)>;

/// Works on the table; answers an error of the disk. `model` is changed as the transaction is.
fn work(a: &mut Session, model: &mut Model, random: &mut Prng) -> report::Result<()> {
    for _ in 0..1 + random.below(12) {
        let id = random.below(300) as i32;
        let n = random.below(1000) as i64;
        let longest = if random.one_in(30) { 6000 } else { 150 };
        let text = "t".repeat(random.below(longest) as usize);
        match model.get(&id).copied() {
            None => {
                let tid = a.insert(&row(id, &text, n))?.expect("the model knows the rows");
                model.insert(id, (tid, n));
            }
            Some((tid, _)) if random.one_in(3) => {
                assert_eq!(a.delete(tid)?, Changed::Done(()));
                model.remove(&id);
            }
            Some((tid, _)) => {
                let Changed::Done(new) = a.update(tid, &row(id, &text, n))? else { panic!("not updated") };
                model.insert(id, (new.tid, n));
            }
        }
    }
    Ok(())
}

fn contents(a: &mut Session) -> BTreeMap<i32, i64> {
    a.rows().iter().map(|row| (row.values[0].as_i32(), row.values[2].as_i64())).collect()
}

fn plain(model: &Model) -> BTreeMap<i32, i64> {
    model.iter().map(|(id, (_, n))| (*id, *n)).collect()
}

/// A checkpoint without the checkpointer's pacing: everything dirty is written. Answers the redo point and
/// what the control file would remember.
fn checkpoint(engine: &Engine) -> report::Result<(Lsn, NextIds)> {
    let store = &engine.store;
    let redo = store.wal.begin_checkpoint();
    let next = store.xacts.checkpoint_ids();
    store.xacts.checkpoint(redo)?;
    store.buffers.write_dirty(&mut |_| Ok(())).map(drop)?;
    store.smgr.sync_pending()?;
    Ok((redo, next))
}

fn run(seed: u64) {
    let mut random = Prng::new(seed);
    let mut engine = Engine::new(seed, 48);
    let mut committed = Model::new();
    let mut redo = None;
    for _ in 0..3 {
        let mut in_doubt: Option<Model> = None;
        let mut a = engine.session(1);
        if random.one_in(2) {
            let after = engine.sim.ios() + 200 + random.below(1500);
            engine.sim.set_faults(FaultPlan { crash_at_io: Some(after), ..FaultPlan::default() });
        }
        for _ in 0..random.below(60) {
            let mut model = committed.clone();
            if work(&mut a, &mut model, &mut random).is_err() {
                break;
            }
            if random.one_in(5) {
                a.abort();
                continue;
            }
            if a.try_commit().is_err() {
                in_doubt = Some(model);
                break;
            }
            committed = model;
            if random.one_in(15) {
                let (table, indexes) = (Arc::clone(&a.table), vec![Arc::clone(&a.by_id), Arc::clone(&a.by_n)]);
                let done = a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default()));
                if done.is_err() || a.try_commit().is_err() {
                    break;
                }
            }
            if random.one_in(12) {
                match checkpoint(&engine) {
                    Ok(done) => redo = Some(done),
                    Err(_) => break,
                }
            }
        }
        a.abort();
        drop(a);
        engine = engine.crash(48, redo);
        let mut a = engine.session(1);
        let found = contents(&mut a);
        let is_expected = found == plain(&committed);
        if !is_expected {
            let doubtful = in_doubt.as_ref().map(plain);
            assert_eq!(Some(&found), doubtful.as_ref(), "seed {seed}: not what was committed");
        }
        let live = a.check().live.len();
        assert_eq!(live, found.len(), "seed {seed}");
        committed = a.rows().iter().map(|row| (row.values[0].as_i32(), (row.tid, row.values[2].as_i64()))).collect();
        for (id, (_, n)) in &committed {
            assert_eq!(a.find(*id).map(|row| row.values[2].as_i64()), Some(*n), "seed {seed} id {id}");
        }
    }
}

#[test]
fn commits_survive_crashes_and_indexes_agree() {
    for seed in 0..40 {
        run(seed);
    }
}

/// Inserts and updates that split pages of both indexes on more than one level.
fn fill(engine: &Engine, seed: u64) {
    let mut random = Prng::new(seed);
    let mut a = engine.session(1);
    for step in 0..900 {
        let id = if seed == 0 { step } else { random.below(1 << 30) as i32 };
        let text = "x".repeat(20 + random.below(200) as usize);
        let row = row(id, &text, random.below(1 << 40) as i64);
        let tid = a.insert(&row).unwrap().expect("ids differ");
        if random.one_in(5) {
            assert!(matches!(a.update(tid, &common::row(id, "y", 7)).unwrap(), Changed::Done(_)));
        }
        if random.one_in(10) {
            if random.one_in(8) { a.abort() } else { a.commit() }
        }
    }
    a.commit();
}

/// Wherever the log ends, what it has built up to there is sound, and work can go on: splits that were cut off are completed.
#[test]
fn every_prefix_of_the_log_is_sound() {
    for seed in 0..2 {
        let engine = Engine::new(seed, 4000);
        fill(&engine, seed);
        let records = engine.records();
        let mut random = Prng::new(seed);
        // The most delicate places are right behind a split, where the parent does not know of it yet.
        let splits: Vec<usize> = (0..records.len()).filter(|at| records[*at] == (wal::RmgrId::BTREE, 0x10)).collect();
        for round in 0..12 {
            let cut = match round % 2 {
                0 => 20 + random.below(records.len() as u64 - 20) as usize,
                _ => splits[random.below(splits.len() as u64) as usize] + 1,
            };
            let engine = Engine::new(seed, 4000);
            fill(&engine, seed);
            assert_eq!(engine.records(), records, "the same work writes the same log");
            let engine = engine.crash_after(4000, None, cut);
            let mut a = engine.session(1);
            let before = a.check().live.len();
            for n in 0..300 {
                let id = -1 - n - (random.below(1000) as i32) * 1000;
                assert!(a.insert(&row(id, "after", random.below(1 << 40) as i64)).unwrap().is_ok());
            }
            a.commit();
            assert_eq!(a.check().live.len(), before + 300, "seed {seed}, cut {cut}");
        }
    }
}

/// `nextval`: PostgreSQL's rule, a promise of 32 values in each record.
fn next_value(a: &mut Session, sequence: &access::Relation) -> i64 {
    use heap::{Change, LOG_AHEAD, SequenceState};
    a.access(|cx| {
        heap::change_sequence(cx, sequence, |old, must_log| {
            let value = if old.is_called { old.last_value + 1 } else { old.last_value };
            let state = |last_value, log_count| SequenceState { last_value, log_count, is_called: true };
            let change = if must_log.0 || old.log_count == 0 {
                Change::Logged { now: state(value, LOG_AHEAD), logged: state(value + LOG_AHEAD, 0) }
            } else {
                Change::Promised(state(value, old.log_count - 1))
            };
            Ok((change, value))
        })
        .unwrap()
    })
}

#[test]
fn a_sequence_gives_no_value_twice_over_crashes() {
    let sequence = common::relation(16400, "s", &[]);
    let mut engine = Engine::new(3, 64);
    engine.store.buffers.create_fork(sequence.main_fork(), base::Xid::INVALID).unwrap();
    let mut a = engine.session(1);
    let first = heap::SequenceState { last_value: 1, log_count: 0, is_called: false };
    a.access(|cx| heap::create_sequence(cx, &sequence, first)).unwrap();
    a.commit();
    let mut random = Prng::new(3);
    let (mut last, mut redo) = (0, None);
    for _ in 0..12 {
        for _ in 0..random.below(80) {
            let value = next_value(&mut a, &sequence);
            assert!(value > last, "{value} after {last}");
            last = value;
            if random.one_in(20) {
                redo = Some(checkpoint(&engine).unwrap());
            }
        }
        // What a client saw is what a commit flushed.
        engine.store.wal.flush(engine.store.wal.inserted()).unwrap();
        drop(a);
        engine = engine.crash(64, redo);
        a = engine.session(1);
        let state = heap::read_sequence(&engine.store, &sequence).unwrap();
        assert!(state.last_value >= last && state.last_value <= last + heap::LOG_AHEAD + 1, "{state:?} after {last}");
    }
}
