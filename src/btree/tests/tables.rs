//! Tables and indexes together: what each statement does to them, and what each snapshot sees.

mod common;

use access::{
    Changed, Direction, Fetched, KeyOp, NewVersion, Relation, RelationKind, Row, RowLock, RowWait, ScanKey,
    VacuumOptions,
};
use base::{Prng, Tid};
use common::{Engine, Session, n_key, print, row};
use std::collections::BTreeMap;
use std::sync::Arc;
use tuple::{ColumnSet, Datum};

fn values(rows: &[Row]) -> Vec<i32> {
    rows.iter().map(|row| row.values[0].as_i32()).collect()
}

#[test]
fn rows_come_back_by_scan_and_by_index() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    for id in 0..300 {
        a.insert(&row(id, &format!("value {id}"), i64::from(id % 7))).unwrap().unwrap();
    }
    let mut b = engine.session(2);
    assert!(b.rows().is_empty(), "not committed");
    assert_eq!(a.rows().len(), 300);
    a.commit();
    assert_eq!(values(&b.rows()), (0..300).collect::<Vec<_>>());
    assert_eq!(print(&[b.find(77).unwrap()]), ["[77, \"value 77\", 0::int8]"]);
    assert!(b.find(300).is_none());
    a.check();
}

#[test]
fn searches_find_what_a_growing_tree_holds() {
    let engine = Engine::new(3, 800);
    let mut a = engine.session(1);
    let (mut random, mut model) = (Prng::new(3), BTreeMap::new());
    let (by_n, mut bound) = (Arc::clone(&a.by_n), 0);
    for round in 0..6000 {
        // Anywhere at first, then rising: the copy of the upper levels grows old in both ways.
        let id = if round < 3000 { random.below(1 << 30) as i32 - (1 << 29) } else { (1 << 29) + round };
        let n = i64::from(id.rem_euclid(40));
        if model.insert(id, n).is_none() {
            a.insert(&row(id, "x", n)).unwrap().unwrap();
        }
        let known = *model.range(bound..).next().or_else(|| model.iter().next()).expect("one was inserted").0;
        assert_eq!(a.find(known).map(|row| row.values[0].as_i32()), Some(known));
        bound = random.below(1 << 31) as i32 - (1 << 30);
        assert_eq!(a.find(bound).is_some(), model.contains_key(&bound));
        if round % 500 == 0 {
            let found = a.index_rows(&by_n, &[ScanKey::equal(0, Datum::Int8(n))], Direction::Forward);
            assert_eq!(found.len(), model.values().filter(|value| **value == n).count());
        }
    }
    a.check();
}

#[test]
fn scans_go_both_ways() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    (0..500).for_each(|id| assert!(a.insert(&row(id, "x", 1)).unwrap().is_ok()));
    a.commit();
    let by_id = Arc::clone(&a.by_id);
    let mut backward = values(&a.index_rows(&by_id, &[], Direction::Backward));
    backward.reverse();
    assert_eq!(backward, (0..500).collect::<Vec<_>>());
    let mut scan = by_id.am.scan(&a.store, &by_id, Arc::clone(a.owner.interrupts()));
    scan.rescan(&[ScanKey { column: 0, op: KeyOp::GreaterEqual, value: Datum::Int4(490) }]).unwrap();
    let mut walk = |direction, count: usize| -> Vec<i32> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let Some(_) = scan.next(direction).unwrap() else { break };
            let mut entry = Vec::new();
            scan.entry(&mut entry).unwrap();
            ids.push(entry[0].as_i32());
        }
        ids
    };
    assert_eq!(walk(Direction::Forward, 3), [490, 491, 492]);
    assert_eq!(walk(Direction::Backward, 5), [491, 490]);
    assert_eq!(walk(Direction::Forward, 20), (490..500).collect::<Vec<_>>());
    assert_eq!(walk(Direction::Backward, 2), [499, 498]);
}

#[test]
fn conditions_on_two_columns_descending_and_nulls() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    for id in 0..200 {
        let n = if id % 10 == 0 { Datum::Null } else { Datum::Int8(i64::from(id % 10)) };
        let val = if id % 3 == 0 { Datum::Null } else { Datum::text(&format!("{:03}", id)) };
        a.insert(&[Datum::Int4(id), val, n]).unwrap().unwrap();
    }
    a.commit();
    let by_n = Arc::clone(&a.by_n);
    let all: Vec<Row> = a.rows();
    let key = |column, op, value| ScanKey { column, op, value };
    let cases: Vec<Vec<ScanKey>> = vec![
        vec![],
        vec![key(0, KeyOp::Greater, Datum::Int8(4))],
        vec![key(0, KeyOp::GreaterEqual, Datum::Int8(4)), key(0, KeyOp::Less, Datum::Int8(7))],
        vec![key(0, KeyOp::LessEqual, Datum::Int8(2))],
        vec![key(0, KeyOp::IsNull, Datum::Null)],
        vec![key(0, KeyOp::IsNotNull, Datum::Null)],
        vec![key(0, KeyOp::Equal, Datum::Int8(3)), key(1, KeyOp::Greater, Datum::text("100"))],
        vec![key(0, KeyOp::Equal, Datum::Int8(3)), key(1, KeyOp::IsNull, Datum::Null)],
        vec![key(0, KeyOp::IsNull, Datum::Null), key(1, KeyOp::IsNotNull, Datum::Null)],
        vec![key(1, KeyOp::Less, Datum::text("050"))],
        vec![key(0, KeyOp::Equal, Datum::Null)],
        vec![key(0, KeyOp::Equal, Datum::Int8(99))],
    ];
    for keys in cases {
        let holds = |row: &Row| {
            let columns = n_key(&row.values);
            keys.iter().all(|key| {
                let column = &columns[key.column];
                if column.is_null() || key.op == KeyOp::IsNull {
                    return column.is_null() && key.op == KeyOp::IsNull;
                }
                if key.op == KeyOp::IsNotNull {
                    return true;
                }
                if key.value.is_null() {
                    return false;
                }
                let order = by_n.comparator(key.column).compare(column, &key.value);
                match key.op {
                    KeyOp::Equal => order.is_eq(),
                    KeyOp::Less => order.is_lt(),
                    KeyOp::LessEqual => order.is_le(),
                    KeyOp::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }
            })
        };
        let mut expected: Vec<Row> = all.iter().filter(|row| holds(row)).cloned().collect();
        expected.sort_by(|a, b| {
            let (a, b) = (n_key(&a.values), n_key(&b.values));
            let first = by_n.orders[0].compare(&a[0], &b[0]);
            first.then_with(|| by_n.orders[1].compare(&a[1], &b[1])).then_with(|| a[2].as_i32().cmp(&b[2].as_i32()))
        });
        assert_eq!(values(&a.index_rows(&by_n, &keys, Direction::Forward)), values(&expected), "{keys:?}");
        expected.reverse();
        assert_eq!(values(&a.index_rows(&by_n, &keys, Direction::Backward)), values(&expected), "{keys:?}");
    }
}

#[test]
fn updates_on_the_page_need_no_index_entries() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    let mut tid = a.insert(&row(1, "x", 0)).unwrap().unwrap();
    a.commit();
    let table = Arc::clone(&a.table);
    let (indexed, keys) = (ColumnSet::of([0]), ColumnSet::of([0]));
    let options = access::UpdateOptions { indexed: &indexed, keys: &keys, wait: RowWait::Block };
    for n in 1..2000 {
        let new = row(1, "x", n);
        match a.access(|cx| table.am.update(cx, &table, tid, &new, &options)).unwrap() {
            Changed::Done(NewVersion { tid: next, is_hot }) => {
                assert!(is_hot, "update {n}");
                tid = next;
            }
            other => panic!("{other:?}"),
        }
        a.commit();
    }
    assert_eq!(a.find(1).unwrap().values[2].as_i64(), 1999);
    assert_eq!(a.store.smgr.blocks(table.main_fork()).unwrap(), 1, "pruned in passing");
    a.check();
}

#[test]
fn duplicates_are_found_and_inserters_waited_for() {
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let first = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    a.commit();
    assert_eq!(b.insert(&row(1, "b", 0)).unwrap(), Err(first));
    b.abort();
    let second = a.insert(&row(2, "a", 0)).unwrap().unwrap();
    let waiter = std::thread::spawn(move || {
        let outcome = b.insert(&row(2, "b", 0)).unwrap();
        b.abort();
        (b, outcome)
    });
    wait_for_waiters(&engine, 1);
    a.commit();
    let (mut b, outcome) = waiter.join().unwrap();
    assert_eq!(outcome, Err(second));
    a.insert(&row(3, "a", 0)).unwrap().unwrap();
    let waiter = std::thread::spawn(move || {
        b.insert(&row(3, "b", 0)).unwrap().unwrap();
        b.commit();
        b
    });
    wait_for_waiters(&engine, 1);
    a.abort();
    let mut b = waiter.join().unwrap();
    assert_eq!(print(&[b.find(3).unwrap()]), ["[3, \"b\", 0::int8]"]);
    let table = Arc::clone(&b.table);
    let by_id = Arc::clone(&b.by_id);
    let found = b.access(|cx| by_id.am.find_duplicate(cx, (&by_id, &table), &[Datum::Int4(1)], Tid::INVALID)).unwrap();
    assert_eq!(found, Some(first));
    b.abort();
    let mut c = engine.session(3);
    assert!(c.delete(first).unwrap() == Changed::Done(()));
    c.insert(&row(1, "again", 0)).unwrap().unwrap();
    c.commit();
    assert_eq!(print(&[c.find(1).unwrap()]), ["[1, \"again\", 0::int8]"]);
    c.check();
}

fn wait_for_waiters(engine: &Engine, count: usize) {
    while engine.store.locks.status().iter().filter(|s| !s.granted).count() < count {
        std::thread::yield_now();
    }
}

#[test]
fn updaters_wait_and_learn_what_happened() {
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    a.commit();
    let Changed::Done(new) = a.update(tid, &row(1, "a", 1)).unwrap() else { panic!("not updated") };
    let waiter = std::thread::spawn(move || {
        let outcome = b.update(tid, &row(1, "b", 2)).unwrap();
        (b, outcome)
    });
    wait_for_waiters(&engine, 1);
    let xid = a.txn().top_xid().unwrap();
    a.commit();
    let (mut b, outcome) = waiter.join().unwrap();
    assert_eq!(outcome, Changed::Updated { next: new.tid, xmax: xid });
    assert!(matches!(b.update(new.tid, &row(1, "b", 2)).unwrap(), Changed::Done(_)));
    b.abort();
    assert!(matches!(a.delete(new.tid).unwrap(), Changed::Done(())));
    let xid = a.txn().top_xid().unwrap();
    a.commit();
    assert_eq!(b.update(new.tid, &row(1, "b", 2)).unwrap(), Changed::Deleted { xmax: xid });
    assert_eq!(b.rows().len(), 0);
    b.check();
}

#[test]
fn a_command_does_not_change_what_it_changed() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    let table = Arc::clone(&a.table);
    let outcome = a.access(|cx| {
        table.am.delete(cx, &table, tid, RowWait::Block).unwrap();
        table.am.delete(cx, &table, tid, RowWait::Block).unwrap()
    });
    assert!(matches!(outcome, Changed::BySelf { .. }), "{outcome:?}");
}

fn lock(session: &mut Session, tid: Tid, how: RowLock) -> Changed<()> {
    let table = Arc::clone(&session.table);
    session.access(|cx| table.am.lock_row(cx, &table, tid, (how, RowWait::Skip), &mut Row::default())).unwrap()
}

#[test]
fn row_locks_exclude_as_postgres_table_says() {
    use RowLock::{KeyShare, NoKeyUpdate, Share, Update};
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    a.commit();
    let all = [KeyShare, Share, NoKeyUpdate, Update];
    let table = ["yyyn", "yynn", "ynnn", "nnnn"];
    for (first, cells) in all.into_iter().zip(table) {
        for (second, cell) in all.into_iter().zip(cells.chars()) {
            assert_eq!(lock(&mut a, tid, first), Changed::Done(()));
            let expected = if cell == 'y' { Changed::Done(()) } else { Changed::WouldBlock };
            assert_eq!(lock(&mut b, tid, second), expected, "{first:?} {second:?}");
            assert_eq!(lock(&mut a, tid, first), Changed::Done(()), "its own lock is not in the way");
            a.abort();
            b.abort();
            assert_eq!(lock(&mut b, tid, Update), Changed::Done(()));
            b.abort();
        }
    }
}

#[test]
fn key_share_lets_other_columns_change_and_goes_with_the_row() {
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    a.commit();
    assert_eq!(lock(&mut a, tid, RowLock::KeyShare), Changed::Done(()));
    let Changed::Done(new) = b.update(tid, &row(1, "a", 5)).unwrap() else { panic!("it was blocked") };
    b.commit();
    assert_eq!(lock(&mut b, new.tid, RowLock::Update), Changed::WouldBlock, "the key share went along");
    assert_eq!(lock(&mut b, new.tid, RowLock::NoKeyUpdate), Changed::Done(()));
    b.abort();
    // And while an update runs: the new version is locked too.
    a.abort();
    let Changed::Done(newer) = b.update(new.tid, &row(1, "a", 6)).unwrap() else { panic!("it was blocked") };
    assert_eq!(lock(&mut a, new.tid, RowLock::KeyShare), Changed::Done(()));
    b.commit();
    assert_eq!(lock(&mut b, newer.tid, RowLock::Update), Changed::WouldBlock);
    a.abort();
    assert_eq!(lock(&mut b, newer.tid, RowLock::Update), Changed::Done(()));
}

#[test]
fn a_savepoint_gives_back_its_lock_and_not_the_outer_one() {
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    a.commit();
    assert_eq!(lock(&mut a, tid, RowLock::NoKeyUpdate), Changed::Done(()));
    a.txn().begin_savepoint().unwrap();
    assert!(matches!(a.update(tid, &row(1, "b", 0)).unwrap(), Changed::Done(_)));
    a.txn().rollback_savepoint().unwrap();
    assert_eq!(lock(&mut b, tid, RowLock::Share), Changed::WouldBlock);
    assert_eq!(lock(&mut b, tid, RowLock::KeyShare), Changed::Done(()));
    b.abort();
    assert_eq!(print(&a.rows()), ["[1, \"a\", 0::int8]"]);
    a.commit();
    assert_eq!(lock(&mut b, tid, RowLock::Update), Changed::Done(()));
}

#[test]
fn long_values_are_moved_out_come_back_and_go_away() {
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    let mut random = Prng::new(3);
    let noise: String = (0..20_000).map(|_| char::from(b'a' + random.below(26) as u8)).collect();
    let repeats = "abc ".repeat(5000);
    let first = a.insert(&row(1, &noise, 0)).unwrap().unwrap();
    a.insert(&row(2, &repeats, 0)).unwrap().unwrap();
    a.commit();
    let rows = a.rows();
    assert_eq!((rows[0].values[1].as_str(), rows[1].values[1].as_str()), (&noise[..], &repeats[..]));
    let toast = a.table.toast.clone().unwrap();
    let chunks = |session: &Session| heap::check(&session.store, &toast.table).unwrap().live.len();
    let before = chunks(&a);
    assert!(before >= 11, "{before} chunks");
    // The value stays the same: its chunks are kept.
    let Changed::Done(new) = a.update(first, &row(1, &noise, 9)).unwrap() else { panic!("not updated") };
    a.commit();
    assert_eq!(chunks(&a), before);
    assert_eq!(a.find(1).unwrap().values[1].as_str(), noise);
    let Changed::Done(new) = a.update(new.tid, &row(1, &format!("{noise}!"), 9)).unwrap() else {
        panic!("not updated")
    };
    a.commit();
    assert_eq!(a.find(1).unwrap().values[1].as_str(), format!("{noise}!"));
    assert_eq!(chunks(&a), before);
    a.delete(new.tid).unwrap();
    a.commit();
    assert!(chunks(&a) <= 1, "{} chunks are left", chunks(&a));
    a.check();
}

#[test]
fn vacuum_frees_room_and_index_entries() {
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    let tids: Vec<Tid> = (0..2000).map(|id| a.insert(&row(id, "some text", 1)).unwrap().unwrap()).collect();
    a.commit();
    let (table, indexes) = (Arc::clone(&a.table), vec![Arc::clone(&a.by_id), Arc::clone(&a.by_n)]);
    for (id, tid) in tids.iter().enumerate() {
        if id % 4 != 0 {
            a.delete(*tid).unwrap();
        }
    }
    a.commit();
    let mut old = engine.session(2);
    let blocks = a.store.smgr.blocks(table.main_fork()).unwrap();
    let stats = a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default())).unwrap();
    a.commit();
    assert_eq!((stats.removed, stats.recently_dead, stats.live), (1500, 0, 500.0));
    assert_eq!(stats.indexes.iter().map(|i| (i.removed, i.entries)).collect::<Vec<_>>(), [(1500, 500); 2]);
    assert_eq!(stats.all_visible_blocks, blocks);
    assert_eq!(a.check().live.len(), 500);
    let ids: Vec<i32> = values(&old.rows());
    assert_eq!(ids, (0..2000).step_by(4).collect::<Vec<_>>());
    // Index-only: all visible, nothing to fetch.
    let snapshot = old.snapshot();
    let by_id = Arc::clone(&old.by_id);
    let mut scan = by_id.am.scan(&old.store, &by_id, Arc::clone(old.owner.interrupts()));
    scan.check_visibility(table.am.fetcher(&old.store, &table, snapshot, ColumnSet::ALL));
    scan.rescan(&[]).unwrap();
    let mut count = 0;
    while scan.next(Direction::Forward).unwrap().is_some() {
        assert!(scan.is_all_visible());
        count += 1;
    }
    assert_eq!(count, 500);
    // The room is used again.
    for id in 2000..3000 {
        a.insert(&row(id, "some text", 1)).unwrap().unwrap();
    }
    a.commit();
    assert_eq!(a.store.smgr.blocks(table.main_fork()).unwrap(), blocks);
    assert_eq!(a.check().live.len(), 1500);
}

#[test]
fn vacuum_spares_what_a_snapshot_sees_and_cuts_the_tail() {
    let engine = Engine::new(1, 400);
    let (mut a, mut old) = (engine.session(1), engine.session(2));
    let tids: Vec<Tid> = (0..2000).map(|id| a.insert(&row(id, "some text", 1)).unwrap().unwrap()).collect();
    a.commit();
    let snapshot = old.txn().latest_snapshot();
    tids.iter().skip(10).for_each(|tid| assert_eq!(a.delete(*tid).unwrap(), Changed::Done(())));
    a.commit();
    let (table, indexes) = (Arc::clone(&a.table), vec![Arc::clone(&a.by_id), Arc::clone(&a.by_n)]);
    let vacuum = |a: &mut Session| {
        let stats = a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default())).unwrap();
        a.commit();
        stats
    };
    let stats = vacuum(&mut a);
    assert_eq!((stats.removed, stats.recently_dead, stats.truncated_blocks), (0, 1990, 0));
    assert_eq!(old.rows_of(snapshot.clone()).len(), 2000);
    drop(snapshot);
    old.commit();
    let stats = vacuum(&mut a);
    assert_eq!((stats.removed, stats.blocks), (1990, 1));
    assert_eq!(a.check().live.len(), 10);
}

/// Who writes there holds a lock on something else: nothing keeps a writer away from the pages that would go.
#[test]
fn vacuum_leaves_the_tail_of_catalogs_and_toast_tables() {
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    let tids: Vec<Tid> = (0..2000).map(|id| a.insert(&row(id, "some text", 1)).unwrap().unwrap()).collect();
    a.commit();
    tids.iter().for_each(|tid| assert_eq!(a.delete(*tid).unwrap(), Changed::Done(())));
    a.commit();
    let plain = Relation::clone(&a.table);
    let toast = Relation { kind: RelationKind::Toast, ..plain.clone() };
    let catalog = Relation { is_catalog: true, ..plain.clone() };
    let indexes = [Arc::clone(&a.by_id), Arc::clone(&a.by_n)];
    for (table, keeps) in [(toast, true), (catalog, true), (plain, false)] {
        let table = Arc::new(table);
        let stats = a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default())).unwrap();
        a.commit();
        assert_eq!(stats.blocks > 0, keeps);
    }
}

#[test]
fn a_version_that_dies_while_vacuum_cleans_the_indexes_keeps_its_page_out_of_the_map() {
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    let tids: Vec<Tid> = (0..20).map(|id| a.insert(&row(id, "some text", 1)).unwrap().unwrap()).collect();
    a.commit();
    a.delete(tids[0]).unwrap();
    a.commit();
    let mut b = engine.session(2);
    let tid = tids[1];
    let meanwhile = move || {
        let changed = b.update(tid, &row(1, "some text", 1));
        assert!(matches!(changed, Ok(Changed::Done(NewVersion { is_hot: true, .. }))));
        b.commit();
        // No snapshot is in use, so the old version is dead to all.
        b.store.xacts.oldest_visible();
    };
    let (table, by_n) = (Arc::clone(&a.table), Arc::clone(&a.by_n));
    let indexes = vec![common::busy_at_vacuum(&a.by_id, meanwhile), by_n];
    let stats = a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default())).unwrap();
    a.commit();
    assert_eq!((stats.removed, stats.all_visible_blocks), (1, 0));
    assert_eq!(a.check().live.len(), 19);
    assert_eq!(values(&a.rows()), (2..20).chain([1]).collect::<Vec<_>>());
}

#[test]
fn many_rows_at_once() {
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    let rows: Vec<Vec<Datum>> = (0..5000).map(|id| row(id, "bulk", i64::from(id))).collect();
    let table = Arc::clone(&a.table);
    let mut tids = Vec::new();
    a.access(|cx| table.am.multi_insert(cx, &table, &rows, Default::default(), &mut tids)).unwrap();
    assert_eq!(tids.len(), 5000);
    a.commit();
    assert_eq!(values(&a.rows()), (0..5000).collect::<Vec<_>>());
    let sample = a.access(|cx| table.am.sample(cx, &table, 300, &mut Prng::new(7))).unwrap();
    assert_eq!((sample.rows.len(), sample.live), (300, 5000.0));
    assert!(sample.rows.windows(2).all(|pair| pair[0].tid < pair[1].tid));
    // An index built from sorted entries is as one that was inserted into.
    let by_id = Arc::clone(&a.by_id);
    let fresh = common::index(
        access::Relation { file: base::RelFile { number: 16999, ..by_id.relation.file }, ..by_id.relation.clone() },
        by_id.orders.clone(),
        &[0],
        true,
    );
    a.store.smgr.create(fresh.relation.main_fork(), smgr::IfExists::Fail).unwrap();
    struct Sorted(std::vec::IntoIter<(i32, Tid)>);
    impl access::SortedEntries for Sorted {
        fn next(&mut self, values: &mut Vec<Datum>) -> report::Result<Option<Tid>> {
            values.clear();
            Ok(self.0.next().map(|(id, tid)| {
                values.push(Datum::Int4(id));
                tid
            }))
        }
    }
    let entries: Vec<(i32, Tid)> = (0..5000).zip(tids).collect();
    let count = a.access(|cx| fresh.am.build(cx, &fresh, &mut Sorted(entries.clone().into_iter()))).unwrap();
    assert_eq!(count, 5000);
    let census = heap::check(&a.store, &table).unwrap();
    let found = btree::check(&a.store, &fresh).unwrap();
    heap::check_index(&census, &found, |row| vec![row[0].clone()]).unwrap();
    let mut scan = fresh.am.scan(&a.store, &fresh, Arc::clone(a.owner.interrupts()));
    scan.rescan(&[ScanKey::equal(0, Datum::Int4(4321))]).unwrap();
    assert_eq!(scan.next(Direction::Forward).unwrap(), Some(entries[4321].1));
    assert_eq!(scan.next(Direction::Forward).unwrap(), None);
}

/// Random inserts, updates, deletes, aborts, savepoints and vacuums against a map.
#[test]
fn behaves_as_a_map() {
    for seed in 0..12 {
        let engine = Engine::new(seed, 300);
        let mut a = engine.session(1);
        let mut random = Prng::new(seed);
        let mut committed: BTreeMap<i32, (Tid, i64)> = BTreeMap::new();
        for _ in 0..60 {
            let mut model = committed.clone();
            for _ in 0..random.below(30) {
                step(&mut a, &mut model, &mut random);
            }
            if random.one_in(4) {
                a.abort();
            } else {
                a.commit();
                committed = model;
            }
            if random.one_in(10) {
                let (table, indexes) = (Arc::clone(&a.table), vec![Arc::clone(&a.by_id), Arc::clone(&a.by_n)]);
                a.access(|cx| table.am.vacuum(cx, &table, &indexes, VacuumOptions::default())).unwrap();
                a.commit();
            }
        }
        let expected: Vec<(i32, i64)> = committed.iter().map(|(id, (_, n))| (*id, *n)).collect();
        let mut found: Vec<(i32, i64)> =
            a.rows().iter().map(|row| (row.values[0].as_i32(), row.values[2].as_i64())).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "seed {seed}");
        for (id, (_, n)) in &committed {
            assert_eq!(a.find(*id).map(|row| row.values[2].as_i64()), Some(*n), "seed {seed} id {id}");
        }
        assert_eq!(a.check().live.len(), committed.len(), "seed {seed}");
    }
}

fn step(a: &mut Session, model: &mut BTreeMap<i32, (Tid, i64)>, random: &mut Prng) {
    let id = random.below(400) as i32;
    let n = random.below(20) as i64;
    let text = "t".repeat(random.below(120) as usize);
    match (model.get(&id).copied(), random.below(10)) {
        (None, _) => {
            let tid = a.insert(&row(id, &text, n)).unwrap().unwrap();
            model.insert(id, (tid, n));
        }
        (Some((tid, _)), 0..3) => {
            assert_eq!(a.delete(tid).unwrap(), Changed::Done(()));
            model.remove(&id);
        }
        (Some((tid, _)), 3..9) => {
            let Changed::Done(new) = a.update(tid, &row(id, &text, n)).unwrap() else { panic!("not updated") };
            model.insert(id, (new.tid, n));
        }
        (Some((tid, _)), _) => {
            a.txn().begin_savepoint().unwrap();
            assert!(matches!(a.update(tid, &row(id, "lost", n)).unwrap(), Changed::Done(_)));
            a.txn().rollback_savepoint().unwrap();
        }
    }
}

#[test]
fn fetching_tells_dead_from_invisible() {
    let engine = Engine::new(1, 200);
    let (mut a, mut b) = (engine.session(1), engine.session(2));
    let tid = a.insert(&row(1, "a", 0)).unwrap().unwrap();
    let table = Arc::clone(&a.table);
    let snapshot = b.txn().latest_snapshot();
    let mut fetcher = table.am.fetcher(&engine.store, &table, snapshot, ColumnSet::ALL);
    let mut found = Row::default();
    assert_eq!(fetcher.fetch(tid, &mut found).unwrap(), Fetched::Invisible);
    a.commit();
    assert_eq!(fetcher.fetch(tid, &mut found).unwrap(), Fetched::Invisible);
    fetcher.set_snapshot(b.txn().latest_snapshot());
    assert_eq!(fetcher.fetch(tid, &mut found).unwrap(), Fetched::Visible);
    assert_eq!(fetcher.fetch(Tid::new(0, 7), &mut found).unwrap(), Fetched::Dead);
    let lost = fetcher.fetch(Tid::new(9, 1), &mut found).unwrap_err();
    assert_eq!(lost.code(), report::SqlState::DATA_CORRUPTED, "no entry leads to a page that is not there");
}

/// Transfers between accounts by several threads: every snapshot sees the same sum, and nothing is lost.
#[test]
fn concurrent_transfers_keep_the_sum() {
    const ACCOUNTS: i32 = 20;
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    (0..ACCOUNTS).for_each(|id| assert!(a.insert(&row(id, "account", 100)).unwrap().is_ok()));
    a.commit();
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let mut session = engine.session(10 + worker);
            std::thread::spawn(move || {
                let mut random = Prng::new(worker as u64);
                for _ in 0..150 {
                    let (from, to) = (random.below(ACCOUNTS as u64) as i32, random.below(ACCOUNTS as u64) as i32);
                    // In one order, so that there is no deadlock.
                    if from < to {
                        add(&mut session, from, -1);
                        add(&mut session, to, 1);
                        if random.one_in(5) { session.abort() } else { session.commit() }
                    }
                    let sum: i64 = session.rows().iter().map(|row| row.values[2].as_i64()).sum();
                    assert_eq!(sum, i64::from(ACCOUNTS) * 100);
                    session.commit();
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let sum: i64 = a.rows().iter().map(|row| row.values[2].as_i64()).sum();
    assert_eq!(sum, i64::from(ACCOUNTS) * 100);
    assert_eq!(a.check().live.len(), ACCOUNTS as usize);
}

/// `update t set n = n + amount where id = ...` at read committed: follows the row to its latest version.
fn add(session: &mut Session, id: i32, amount: i64) {
    // As long as the statement's snapshot lives, no version that came after it is pruned.
    let _snapshot = session.snapshot();
    let mut current = session.find(id).unwrap();
    loop {
        let n = current.values[2].as_i64() + amount;
        match session.update(current.tid, &row(id, "account", n)).unwrap() {
            Changed::Done(_) => return,
            Changed::Updated { next, .. } => {
                let table = Arc::clone(&session.table);
                assert!(table.am.fetch_version(&session.store, &table, next, &mut current).unwrap());
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn concurrent_inserts_build_a_sound_tree() {
    let engine = Engine::new(1, 800);
    let workers: Vec<_> = (0..4i32)
        .map(|worker| {
            let mut session = engine.session(10 + worker);
            std::thread::spawn(move || {
                let mut random = Prng::new(worker as u64);
                for n in 0..1500 {
                    let id = if worker % 2 == 0 { n * 4 + worker } else { random.below(1 << 20) as i32 * 4 + worker };
                    match session.insert(&row(id, "x", random.below(50) as i64)).unwrap() {
                        Ok(_) => session.commit(),
                        Err(_) => session.abort(),
                    }
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let mut a = engine.session(1);
    assert!(a.check().live.len() > 5900);
}

/// Writers, vacuum and readers at once: each reader finds every row of its snapshot by the index, forward and backward, exactly once.
#[test]
fn scans_are_right_while_others_write_and_vacuum() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    const IDS: i32 = 600;
    let engine = Engine::new(1, 400);
    let mut a = engine.session(1);
    (0..IDS).for_each(|id| assert!(a.insert(&row(id, "first", 0)).unwrap().is_ok()));
    a.commit();
    let running = Arc::new(AtomicUsize::new(2));
    let writers: Vec<_> = (0..2)
        .map(|worker| {
            let (mut session, running) = (engine.session(10 + worker), Arc::clone(&running));
            std::thread::spawn(move || {
                let mut random = Prng::new(worker as u64);
                for n in 0..1200 {
                    // Each writer has its own rows; it moves them within both indexes.
                    let id = random.below(IDS as u64 / 2) as i32 * 2 + worker;
                    let found = session.find(id).unwrap();
                    let text = "x".repeat(random.below(300) as usize);
                    assert!(matches!(session.update(found.tid, &row(id, &text, n)).unwrap(), Changed::Done(_)));
                    if random.one_in(8) { session.abort() } else { session.commit() }
                }
                running.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    let vacuum = {
        let (mut session, running) = (engine.session(20), Arc::clone(&running));
        std::thread::spawn(move || {
            let (table, indexes) =
                (Arc::clone(&session.table), vec![Arc::clone(&session.by_id), Arc::clone(&session.by_n)]);
            while running.load(Ordering::SeqCst) > 0 {
                // The readers here hold no lock of the table, which alone keeps its end where it is.
                let options = VacuumOptions { truncate: false, ..VacuumOptions::default() };
                session.access(|cx| table.am.vacuum(cx, &table, &indexes, options)).unwrap();
                session.commit();
            }
        })
    };
    let by_id = Arc::clone(&a.by_id);
    let mut rounds = 0;
    while running.load(Ordering::SeqCst) > 0 || rounds == 0 {
        rounds += 1;
        let snapshot = a.snapshot();
        let by_table: BTreeMap<i32, String> =
            a.rows_of(snapshot.clone()).iter().map(|r| (r.values[0].as_i32(), format!("{:?}", r.values))).collect();
        assert_eq!(by_table.len(), IDS as usize);
        for direction in [Direction::Forward, Direction::Backward] {
            let mut fetcher = a.table.am.fetcher(&a.store, &a.table, snapshot.clone(), ColumnSet::ALL);
            let mut scan = by_id.am.scan(&a.store, &by_id, Arc::clone(a.owner.interrupts()));
            scan.rescan(&[]).unwrap();
            let (mut found, mut one) = (Vec::new(), Row::default());
            while let Some(tid) = scan.next(direction).unwrap() {
                match fetcher.fetch(tid, &mut one).unwrap() {
                    Fetched::Visible => found.push((one.values[0].as_i32(), format!("{:?}", one.values))),
                    Fetched::Invisible => {}
                    Fetched::Dead => scan.kill_entry(),
                }
            }
            if direction == Direction::Backward {
                found.reverse();
            }
            assert_eq!(found, by_table.clone().into_iter().collect::<Vec<_>>(), "{direction:?}");
        }
        a.commit();
    }
    writers.into_iter().for_each(|worker| worker.join().unwrap());
    vacuum.join().unwrap();
    assert_eq!(a.check().live.len(), IDS as usize);
}

#[test]
fn unlogged_tables_write_no_log() {
    let engine = Engine::new(1, 200);
    let mut a = engine.session(1);
    let unlogged = |relation: &access::Relation, number: u32| access::Relation {
        persistence: access::Persistence::Unlogged,
        file: base::RelFile { number, ..relation.file },
        toast: None,
        ..relation.clone()
    };
    let table = Arc::new(unlogged(&a.table, 17000));
    let by_id = common::index(unlogged(&a.by_id.relation, 17001), a.by_id.orders.clone(), &[0], true);
    for relation in [&*table, &by_id.relation] {
        a.store.smgr.create(relation.main_fork(), smgr::IfExists::Fail).unwrap();
        a.store.smgr.create(relation.fork(base::Fork::Init), smgr::IfExists::Fail).unwrap();
    }
    by_id.am.create(&a.store, &by_id).unwrap();
    by_id.am.create_init_fork(&a.store, &by_id).unwrap();
    let before = a.txn().xid().map(|_| engine.store.wal.inserted()).unwrap();
    a.access(|cx| {
        for id in 0..2000 {
            let tid = table.am.insert(cx, &table, &row(id, "x", 0), Default::default()).unwrap();
            let check = access::UniqueCheck::Yes;
            by_id.am.insert(cx, (&by_id, &table), &[Datum::Int4(id)], tid, check).unwrap();
        }
    });
    assert_eq!(engine.store.wal.inserted(), before);
    a.commit();
    let census = heap::check(&a.store, &table).unwrap();
    let entries = btree::check(&a.store, &by_id).unwrap();
    heap::check_index(&census, &entries, |row| vec![row[0].clone()]).unwrap();
    assert_eq!(census.live.len(), 2000);
}
