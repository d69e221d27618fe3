//! What clients do while the server is hurt.

use crate::load::{Workload, ask, row};
use testkit::Client;

/// One workload after the other, for clusters that are counted.
pub fn in_turn(cluster: u64) -> Workload {
    [TRANSFERS, CHURN][(cluster % 2) as usize]
}

/// The part of TPC-B that can be checked: a balance moved, and a history row with a number of its own. Now and then a table is made, filled, or
/// removed, which goes into the history too.
pub const TRANSFERS: Workload = Workload {
    tables: "create table accounts(id int primary key, balance bigint not null, filler text) with (fillfactor = 90); \
             create table tellers(id int primary key, balance bigint not null); \
             create table branches(id int primary key, balance bigint not null); \
             create table history(number bigint primary key, delta bigint not null); \
             create table made(number bigint primary key); \
             insert into accounts select n, 0, repeat('x', 80) from generate_series(1, 10000) n; \
             insert into tellers select n, 0 from generate_series(1, 10) n; \
             insert into branches values (1, 0)",
    transaction: transfer_or_table,
    check: check_transfers,
    numbers: "select number from history",
};

/// One in so many transactions makes a table, another removes one.
const TABLE_EVERY: u64 = 97;
/// Rows of a table that is made.
const MADE_ROWS: u64 = 60;

fn transfer_or_table(number: u64) -> String {
    match number % TABLE_EVERY {
        0 => format!(
            "begin; create table made_{number}(a int primary key, b text); \
             insert into made_{number} select n, repeat('y', n) from generate_series(1, {MADE_ROWS}) n; \
             insert into made values ({number}); insert into history values ({number}, 0); commit"
        ),
        // The one that the same client made before its last.
        1 => format!(
            "begin; drop table if exists made_{gone}; delete from made where number = {gone}; \
             insert into history values ({number}, 0); commit",
            gone = number - TABLE_EVERY - 1
        ),
        _ => transfer(number),
    }
}

fn transfer(number: u64) -> String {
    let (account, teller, branch) = (1 + (number * 7919) % 10_000, 1 + number % 10, 1);
    let delta = (number % 2001) as i64 - 1000;
    format!(
        "begin; update accounts set balance = balance + {delta} where id = {account}; \
         update tellers set balance = balance + {delta} where id = {teller}; \
         update branches set balance = balance + {delta} where id = {branch}; \
         insert into history values ({number}, {delta}); commit"
    )
}

fn check_transfers(session: &mut Client) -> Result<(), String> {
    let sums = row(
        session,
        "select (select sum(balance) from accounts), (select sum(balance) from tellers), \
         (select sum(balance) from branches), (select coalesce(sum(delta), 0) from history)",
    )?;
    if sums.iter().any(|sum| *sum != sums[0]) {
        return Err(format!("the sums of accounts, tellers, branches and history differ: {sums:?}"));
    }
    let listed = "select coalesce(string_agg('made_' || number, ' ' order by number), '') from made";
    let there = "select coalesce(string_agg(relname, ' ' order by substr(relname, 6)::bigint), '') from pg_class \
                 where relname ~ '^made_\\d+$'";
    let (listed, there) = (row(session, listed)?.remove(0), row(session, there)?.remove(0));
    if listed != there {
        return Err(format!("tables made: {listed}; tables there: {there}"));
    }
    for table in listed.split_whitespace() {
        let found = row(session, &format!("select count(*), count(b), sum(length(b)) from {table}"))?;
        if found != [MADE_ROWS.to_string(), MADE_ROWS.to_string(), (MADE_ROWS * (MADE_ROWS + 1) / 2).to_string()] {
            return Err(format!("table {table} has {found:?}"));
        }
    }
    Ok(())
}

/// Inserts, updates of an indexed column and of another, and deletes. What each does to the number of rows and their sum goes into a ledger.
pub const CHURN: Workload = Workload {
    tables: "create table churned(id bigserial primary key, kind int, value bigint, filler text); \
             create index on churned(kind); \
             create table ledger(number bigint, rows int, delta bigint)",
    transaction: churn,
    check: check_ledger,
    numbers: "select number from ledger",
};

fn churn(number: u64) -> String {
    let (id, delta) = ((number * 7919) % 2_000, (number % 101) as i64 - 50);
    let nearest = format!("(select id from churned where id >= {id} order by id limit 1)");
    let change = match number % 10 {
        0..4 => format!(
            "insert into churned(kind, value, filler) values ({id}, {delta}, repeat('x', {id} % 300)); \
             insert into ledger values ({number}, 1, {delta})"
        ),
        4..7 => format!(
            "with u as (update churned set value = value + {delta} where id = {nearest} returning 1) \
             insert into ledger select {number}, 0, {delta} * count(*) from u"
        ),
        7 => format!(
            "update churned set kind = kind + 1 where id = {nearest}; insert into ledger values ({number}, 0, 0)"
        ),
        _ => format!(
            "with d as (delete from churned where id = {nearest} returning value) \
             insert into ledger select {number}, -count(*), -coalesce(sum(value), 0) from d"
        ),
    };
    format!("begin; {change}; commit")
}

fn check_ledger(session: &mut Client) -> Result<(), String> {
    let ledger = row(session, "select coalesce(sum(rows), 0), coalesce(sum(delta), 0) from ledger")?;
    let found = row(session, "select count(*), coalesce(sum(value), 0) from churned")?;
    if found != ledger {
        return Err(format!("rows and sum: the ledger says {ledger:?}, the table has {found:?}"));
    }
    let twice = row(session, "select count(*) from (select id from churned group by id having count(*) > 1) x")?;
    if twice != ["0"] {
        return Err(format!("{twice:?} ids are there twice"));
    }
    ask(session, "set enable_seqscan = off; set enable_bitmapscan = off")?;
    for condition in ["id > 0", "kind > -1"] {
        let by_index = row(session, &format!("select count(*) from churned where {condition}"))?;
        if by_index[0] != ledger[0] {
            return Err(format!("by the index, {condition}: {by_index:?} rows of {}", ledger[0]));
        }
    }
    ask(session, "reset enable_seqscan; reset enable_bitmapscan").map(drop)
}
