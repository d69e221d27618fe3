//! What a session may do next: statements with what they lead to.

use super::model::{Column, Kind, Row, Share, Table};
use base::Prng;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// The table that all sessions share; each has its own keys there.
pub const COMMON: &str = "common";
/// How many keys of the common table belong to a session.
pub const COMMON_KEYS: i64 = 1_000_000;
/// Keys from the sequence begin here.
const DRAWN_KEYS: i64 = 500_000;
/// Small keys are below this.
const KEYS: u64 = 300;
/// Rows of a table beyond which none are added in bulk.
const ROWS_MAX: usize = 500;
/// Tables that a session has at most.
const TABLES_MAX: usize = 4;

/// A statement with what it leads to.
#[derive(Debug)]
pub struct Action {
    /// The statement.
    pub sql: String,
    /// What the session has after it.
    pub after: Share,
    /// The error that it must end with.
    pub fails_with: Option<&'static str>,
    /// It cannot run in a transaction block.
    pub runs_alone: bool,
}

/// What a session's actions are made from.
pub struct Maker<'a> {
    /// Which session it is.
    pub session: usize,
    /// What it has now.
    pub now: &'a Share,
    /// The last number that its sequence gave, to whomever.
    pub drawn: i64,
    /// For names.
    pub counter: u64,
    /// What decides.
    pub prng: &'a mut Prng,
}

impl Maker<'_> {
    fn action(&self, sql: impl Into<String>, after: Share) -> Action {
        Action { sql: sql.into(), after, fails_with: None, runs_alone: false }
    }

    fn alone(&self, sql: impl Into<String>, after: Share) -> Action {
        Action { runs_alone: true, ..self.action(sql, after) }
    }

    fn nothing(&self, sql: impl Into<String>) -> Action {
        self.action(sql, self.now.clone())
    }

    /// Any table; the common one now and then.
    fn pick_table(&mut self) -> String {
        let place = self.prng.below(self.now.tables.len() as u64) as usize;
        self.now.tables.keys().nth(place).expect("it is among them").clone()
    }

    /// A table of its own, if it has one.
    fn pick_own(&mut self) -> Option<String> {
        Some(self.pick_table()).filter(|name| name != COMMON)
    }

    /// The first key of this session in a table.
    fn first_key(&self, table: &str) -> i64 {
        if table == COMMON { self.session as i64 * COMMON_KEYS } else { 0 }
    }

    fn small_key(&mut self, table: &str) -> i64 {
        self.first_key(table) + self.prng.below(KEYS) as i64
    }

    /// A statement that reads or changes rows.
    pub fn rows(&mut self) -> Action {
        let name = self.pick_table();
        let table = Arc::clone(&self.now.tables[&name]);
        match self.prng.below(20) {
            0..5 => self.insert_some(&name, &table),
            5 | 6 if table.rows.len() < ROWS_MAX => self.insert_many(&name, &table),
            7 => self.insert_drawn(&name, &table),
            8 => self.insert_twice(&name, &table),
            9..12 => self.add_to_column(&name, &table),
            12..15 => self.set_column(&name, &table),
            15 => self.move_key(&name, &table),
            16 if table.rows.len() > ROWS_MAX / 2 => self.delete_range(&name, &table, 200),
            _ => self.delete_range(&name, &table, 12),
        }
    }

    fn value(&mut self, column: &Column) -> Option<String> {
        match column.kind {
            _ if self.prng.one_in(10) => None,
            Kind::Number => Some(self.prng.below(1000).to_string()),
            Kind::Short => Some(self.letters(1, 30)),
            Kind::Long if self.prng.one_in(6) => Some(self.letters(2500, 6000)),
            Kind::Long if self.prng.one_in(6) => Some(self.letters(5, 5).repeat(self.prng.below(2000) as usize + 100)),
            Kind::Long => Some(self.letters(0, 200)),
        }
    }

    fn letters(&mut self, least: u64, more: u64) -> String {
        let count = least + self.prng.below(more + 1);
        (0..count)
            .map(|_| char::from(b'0' + (self.prng.below(75)) as u8))
            .filter(|c| *c != '\'' && *c != '\\')
            .collect()
    }

    fn row(&mut self, table: &Table, key: i64) -> Row {
        let values = table.columns[1..].iter().map(|column| self.value(column));
        std::iter::once(Some(key.to_string())).chain(values).collect()
    }

    fn insert_some(&mut self, name: &str, table: &Table) -> Action {
        let mut after = self.now.clone();
        let mut sql = format!("insert into {name} values ");
        let wanted = 1 + self.prng.below(4);
        let mut count = 0;
        for _ in 0..wanted {
            let key = self.small_key(name);
            if after.tables[name].rows.contains_key(&key) {
                continue;
            }
            let row = self.row(table, key);
            let _ = write!(sql, "{}({})", if count == 0 { "" } else { ", " }, literals(&row));
            after.table(name).rows.insert(key, row);
            count += 1;
        }
        if count == 0 { self.nothing(format!("select count(*) from {name}")) } else { self.action(sql, after) }
    }

    /// Many small rows: pages and index pages split.
    fn insert_many(&mut self, name: &str, table: &Table) -> Action {
        let mut after = self.now.clone();
        let own = table.rows.range(..self.first_key(name) + DRAWN_KEYS);
        let first = own.last().map_or(self.first_key(name), |(key, _)| *key) + 1;
        let last = first + self.prng.below(200) as i64;
        let rows = &mut after.table(name).rows;
        for key in first..=last {
            let values = table.columns.iter().skip(3).map(|column| column.default.clone());
            let fixed = [Some(key.to_string()), Some((key % 7).to_string()), Some(format!("r{key}"))];
            rows.insert(key, fixed.into_iter().chain(values).collect());
        }
        let source = format!("select g, g % 7, 'r' || g from generate_series({first}, {last}) g");
        self.action(format!("insert into {name} (k, a, b) {source}"), after)
    }

    fn insert_drawn(&mut self, name: &str, table: &Table) -> Action {
        let mut after = self.now.clone();
        let (drawn, base) = (self.drawn + 1, self.first_key(name) + DRAWN_KEYS);
        let mut row = self.row(table, base + drawn);
        let values = literals(&row[1..]);
        let sql = format!("insert into {name} values ({base} + nextval('s{}_seq'), {values})", self.session);
        row[0] = Some((base + drawn).to_string());
        after.table(name).rows.insert(base + drawn, row);
        after.drawn = drawn;
        self.action(sql, after)
    }

    fn insert_twice(&mut self, name: &str, table: &Table) -> Action {
        let Some(key) = self.some_key(table) else { return self.nothing(format!("select count(*) from {name}")) };
        let row = self.row(table, key);
        let action = self.nothing(format!("insert into {name} values ({})", literals(&row)));
        Action { fails_with: Some("23505"), ..action }
    }

    fn some_key(&mut self, table: &Table) -> Option<i64> {
        let count = table.rows.len() as u64;
        (count > 0).then(|| *table.rows.keys().nth(self.prng.below(count) as usize).expect("it was counted"))
    }

    fn range(&mut self, table: &Table, keys: u64) -> Option<(i64, i64)> {
        let first = self.some_key(table)?;
        Some((first, first + self.prng.below(keys) as i64))
    }

    fn add_to_column(&mut self, name: &str, table: &Table) -> Action {
        let Some((first, last)) = self.range(table, 40) else { return self.insert_some(name, table) };
        let mut after = self.now.clone();
        let changed = after.table(name).rows.range_mut(first..=last);
        for (_, row) in changed {
            row[1] = row[1].as_ref().map(|value| (value.parse::<i64>().expect("a number") + 1).to_string());
        }
        self.action(format!("update {name} set a = a + 1 where k between {first} and {last}"), after)
    }

    fn set_column(&mut self, name: &str, table: &Table) -> Action {
        let Some((first, last)) = self.range(table, 4) else { return self.insert_some(name, table) };
        let place = 1 + self.prng.below(table.columns.len() as u64 - 1) as usize;
        let column = &table.columns[place];
        let value = self.value(column);
        let mut after = self.now.clone();
        after.table(name).rows.range_mut(first..=last).for_each(|(_, row)| row[place].clone_from(&value));
        let value = literals(std::slice::from_ref(&value));
        self.action(format!("update {name} set {} = {value} where k between {first} and {last}", column.name), after)
    }

    fn move_key(&mut self, name: &str, table: &Table) -> Action {
        let (Some(from), to) = (self.some_key(table), self.small_key(name)) else {
            return self.insert_some(name, table);
        };
        if table.rows.contains_key(&to) {
            return self.delete_range(name, table, 1);
        }
        let mut after = self.now.clone();
        let rows = &mut after.table(name).rows;
        let mut row = rows.remove(&from).expect("it is there");
        row[0] = Some(to.to_string());
        rows.insert(to, row);
        self.action(format!("update {name} set k = {to} where k = {from}"), after)
    }

    fn delete_range(&mut self, name: &str, table: &Table, keys: u64) -> Action {
        let Some((first, last)) = self.range(table, keys) else { return self.insert_some(name, table) };
        let mut after = self.now.clone();
        after.table(name).rows.retain(|key, _| !(first..=last).contains(key));
        self.action(format!("delete from {name} where k between {first} and {last}"), after)
    }

    /// A statement that changes what tables there are and how they are made.
    pub fn definition(&mut self) -> Action {
        let (choice, own) = (self.prng.below(16), self.pick_own());
        match (choice, own) {
            (0..4, _) | (_, None) if self.now.tables.len() <= TABLES_MAX => self.create_table(),
            (_, None) => self.rows(),
            (4 | 5, Some(name)) => self.truncate(&name),
            (6, Some(name)) => self.drop_table(&name),
            (7 | 8, Some(name)) => self.create_index(&name),
            (9, Some(name)) => self.drop_index(&name),
            (10 | 11, Some(name)) => self.add_column(&name),
            (12, Some(name)) => self.drop_column(&name),
            (13, Some(name)) => self.retype(&name),
            (14, Some(name)) => self.rename(&name),
            (_, Some(name)) => self.reindex(&name),
        }
    }

    fn create_table(&mut self) -> Action {
        let name = format!("s{}_t{}", self.session, self.counter);
        let is_unlogged = self.prng.one_in(4);
        let mut after = self.now.clone();
        after.tables.insert(name.clone(), Arc::new(new_table(&name, is_unlogged)));
        let unlogged = if is_unlogged { "unlogged " } else { "" };
        self.action(format!("create {unlogged}table {name} (k int8 primary key, a int4, b text)"), after)
    }

    fn truncate(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        after.table(name).rows.clear();
        self.action(format!("truncate {name}"), after)
    }

    fn drop_table(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        after.tables.remove(name);
        self.action(format!("drop table {name}"), after)
    }

    fn create_index(&mut self, name: &str) -> Action {
        let index = format!("s{}_i{}", self.session, self.counter);
        let mut after = self.now.clone();
        let table = after.table(name);
        let usable = table.columns.iter().filter(|column| column.kind != Kind::Long);
        let mut columns: Vec<String> = usable.map(|column| column.name.clone()).collect();
        let turn = self.prng.below(columns.len() as u64) as usize;
        columns.rotate_left(turn);
        columns.truncate(1 + self.prng.below(3) as usize);
        // Only the key makes rows different.
        let is_unique = columns.iter().any(|column| column == "k") && self.prng.one_in(2);
        let (unique, list) = (if is_unique { "unique " } else { "" }, columns.join(", "));
        table.indexes.insert(index.clone(), columns);
        self.action(format!("create {unique}index {index} on {name} ({list})"), after)
    }

    fn drop_index(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        let indexes = &mut after.table(name).indexes;
        match indexes.keys().find(|index| index.contains("_i")).cloned() {
            Some(index) => {
                indexes.remove(&index);
                self.action(format!("drop index {index}"), after)
            }
            None => self.create_index(name),
        }
    }

    fn add_column(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        let table = after.table(name);
        let column_name = format!("c{}", self.counter);
        let kind = if self.prng.one_in(2) { Kind::Number } else { Kind::Short };
        let (sql_type, value) = if kind == Kind::Number { ("int4", "7") } else { ("text", "'seven'") };
        let (default, clause) = match self.prng.one_in(2) {
            true => (Some(value.trim_matches('\'').to_owned()), format!(" default {value}")),
            false => (None, String::new()),
        };
        table.rows.values_mut().for_each(|row| row.push(default.clone()));
        let sql = format!("alter table {name} add column {column_name} {sql_type}{clause}");
        table.columns.push(Column { name: column_name, kind, default });
        self.action(sql, after)
    }

    fn drop_column(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        let table = after.table(name);
        if table.columns.len() == 3 {
            return self.add_column(name);
        }
        let column = table.columns.remove(3).name;
        table.rows.values_mut().for_each(|row| drop(row.remove(3)));
        table.indexes.retain(|_, columns| !columns.contains(&column));
        self.action(format!("alter table {name} drop column {column}"), after)
    }

    /// The table is written anew.
    fn retype(&mut self, name: &str) -> Action {
        let to = if self.prng.one_in(2) { "int8" } else { "int4" };
        self.nothing(format!("alter table {name} alter column a type {to}"))
    }

    fn rename(&mut self, name: &str) -> Action {
        let mut after = self.now.clone();
        let to = format!("s{}_t{}", self.session, self.counter);
        let table = after.tables.remove(name).expect("it is there");
        after.tables.insert(to.clone(), table);
        self.action(format!("alter table {name} rename to {to}"), after)
    }

    fn reindex(&mut self, name: &str) -> Action {
        self.nothing(format!("reindex table {name}"))
    }

    /// A statement that keeps the house, and cannot run in a block.
    pub fn upkeep(&mut self) -> Action {
        let name = self.pick_table();
        let now = self.now.clone();
        match self.prng.below(5) {
            0 => self.alone(format!("analyze {name}"), now),
            1 => self.alone(format!("vacuum (analyze) {name}"), now),
            _ => self.alone(format!("vacuum {name}"), now),
        }
    }

    /// A database is made or goes.
    pub fn database(&mut self) -> Action {
        let mut after = self.now.clone();
        let old = after.databases.pop_first();
        let sql = match old {
            Some(name) => format!("drop database {name}"),
            None => {
                let name = format!("d{}", self.counter);
                after.databases.insert(name.clone());
                format!("create database {name}")
            }
        };
        self.alone(sql, after)
    }
}

/// A table as CREATE TABLE makes it here.
pub fn new_table(name: &str, is_unlogged: bool) -> Table {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind, default: None };
    Table {
        columns: vec![column("k", Kind::Number), column("a", Kind::Number), column("b", Kind::Long)],
        rows: BTreeMap::new(),
        indexes: BTreeMap::from([(format!("{name}_pkey"), vec!["k".to_owned()])]),
        is_unlogged,
    }
}

fn literals(values: &[Option<String>]) -> String {
    let literal = |value: &Option<String>| value.as_ref().map_or("null".to_owned(), |text| format!("'{text}'"));
    values.iter().map(literal).collect::<Vec<_>>().join(", ")
}
