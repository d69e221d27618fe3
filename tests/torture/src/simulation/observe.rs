//! What a server shows after its start: the world as SQL sees it, and whether storage agrees with itself.

use super::DATABASES;
use super::client::Client;
use super::life::{last_drawn, select};
use super::machine::Machine;
use super::model::{Column, Kind, Row, Share, Table, World};
use base::{DEFAULT_TABLESPACE, GLOBAL_TABLESPACE, Oid, Prng, RelFile};
use host::SimHost;
use report::Result;
use schema::RelationEntry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use tuple::Datum;

/// Tables with their persistence, columns and indexes.
const TABLES: &str = "select c.relname, c.relpersistence, \
    (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped), \
    (select string_agg(i.relname, ',' order by i.relname) from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid) \
    from pg_class c where c.relkind = 'r' and c.relnamespace = 2200 order by 1";

/// The world as it is found.
pub fn world(machine: &Machine) -> std::result::Result<World, String> {
    let mut shares = Vec::new();
    for (session, database) in DATABASES.into_iter().enumerate() {
        let mut client = machine.connect(database).map_err(|error| error.to_string())?;
        let share = share(&mut client, session).map_err(|error| format!("reading what there is: {error:?}"))??;
        client.end();
        shares.push(Arc::new(share));
    }
    Ok(World(shares))
}

/// The sessions with a prepared transaction.
pub fn prepared(machine: &Machine) -> Result<Vec<usize>> {
    let mut client = machine.connect(DATABASES[0])?;
    let rows = client.query("select gid from pg_prepared_xacts order by 1")?;
    client.end();
    Ok(rows.iter().filter_map(|row| row[0].as_ref()?.strip_prefix('s')?.parse().ok()).collect())
}

fn share(client: &mut Client<'_>, session: usize) -> Result<std::result::Result<Share, String>> {
    let mut found = Share { drawn: last_drawn(client, session)?, ..Share::default() };
    for row in client.query(TABLES)? {
        let [name, persistence, columns, indexes] = <[_; 4]>::try_from(row).expect("four columns");
        let name = name.expect("a table has a name");
        if name != super::actions::COMMON && !name.starts_with(&format!("s{session}_")) {
            continue;
        }
        let rows = match by_key(client.query(&select(session, &name))?) {
            Ok(rows) => rows,
            Err(why) => return Ok(Err(format!("{name}: {why}"))),
        };
        let list = |text: Option<String>| text.unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>();
        let column = |name| Column { name, kind: Kind::Number, default: None };
        let table = Table {
            columns: list(columns).into_iter().map(column).collect(),
            rows,
            indexes: list(indexes).into_iter().map(|index| (index, Vec::new())).collect(),
            is_unlogged: persistence.as_deref() == Some("u"),
        };
        found.tables.insert(name, Arc::new(table));
    }
    if session == 0 {
        let names = client.query("select datname from pg_database where datname like 'd%'")?;
        found.databases = names.into_iter().filter_map(|mut row| row.pop()?).collect();
    }
    Ok(Ok(found))
}

/// Rows by their first column. Errors: a key is there twice.
pub fn by_key(rows: Vec<Row>) -> std::result::Result<BTreeMap<i64, Row>, String> {
    let mut found = BTreeMap::new();
    for row in rows {
        let key = row[0].as_ref().and_then(|text| text.parse().ok()).expect("the key is a number");
        if found.insert(key, row).is_some() {
            return Err(format!("there are two rows with key {key}"));
        }
    }
    Ok(found)
}

/// What the check of a database came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Tables and indexes that were read.
    pub relations: u64,
}

/// Of catalogs one in so many is checked: they are large, and there are many seeds.
const CATALOGS: u64 = 5;

/// Checks pages, chains, maps and indexes of all tables and, by chance, of catalogs whose files are not as the cluster was made; and that every
/// relation has its file.
pub fn check(
    machine: &Machine,
    (sim, made): (&SimHost, &SimHost),
    prng: &mut Prng,
) -> std::result::Result<Checked, String> {
    let mut checked = Checked::default();
    let mut databases = DATABASES.to_vec();
    databases.dedup();
    for database in databases {
        let mut client = machine.connect(database).map_err(|error| error.to_string())?;
        let outcome = check_database(&mut client, database, (sim, made), (prng, &mut checked));
        outcome.map_err(|error| format!("database {database}: {error:?}, {}", error.fields().context.join(", ")))??;
        client.end();
    }
    Ok(checked)
}

fn check_database(
    client: &mut Client<'_>,
    database: Oid,
    (sim, made): (&SimHost, &SimHost),
    (prng, checked): (&mut Prng, &mut Checked),
) -> Result<std::result::Result<(), String>> {
    let relations =
        client.query("select oid, relkind, relname from pg_class where relkind in ('r', 'i', 'S', 't', 'm')")?;
    let mut named = BTreeSet::new();
    for row in relations {
        let [oid, kind, name] = <[_; 3]>::try_from(row).expect("three columns");
        let oid = Oid(oid.and_then(|text| text.parse().ok()).expect("an oid"));
        let name = name.expect("a relation has a name");
        let is_due = oid >= Oid::FIRST_UNPINNED || prng.one_in(CATALOGS);
        let is_table = is_due && kind.is_some_and(|kind| matches!(&*kind, "r" | "t" | "m"));
        let file = client.look(|cx| {
            let catalog = cx.catalog();
            let entry = catalog.relation(oid)?.expect("it was just listed");
            let file = entry.file.expect("it has files");
            if is_table && has_changed(file, sim, made) {
                checked.relations += 1;
                let indexes =
                    entry.indexes.iter().map(|index| Ok(catalog.relation(*index)?.expect("the table names it")));
                check_table(cx, &entry, &indexes.collect::<Result<Vec<_>>>()?)
                    .map_err(|error| error.context(format!("checking \"{name}\"")))?;
            }
            Ok(file)
        })?;
        if !sim.host().disk.exists(&path(file)).unwrap_or(false) {
            return Ok(Err(format!("\"{name}\" has no file {}", path(file).display())));
        }
        named.insert(file);
    }
    let there = client.look(|cx| cx.instance.store.smgr.relation_numbers(database))?;
    let named: BTreeSet<u32> = named.iter().map(|file| file.number).collect();
    let orphans: Vec<&u32> = there.difference(&named).collect();
    if !orphans.is_empty() {
        return Ok(Err(format!("files that no relation has: {orphans:?}")));
    }
    Ok(Ok(()))
}

fn check_table(cx: instance::Ctx<'_>, entry: &RelationEntry, indexes: &[Arc<RelationEntry>]) -> Result<()> {
    let store = &cx.instance.store;
    let table = entry.table.as_ref().expect("a table is stored as one");
    let census = heap::check(store, table)?;
    for index in indexes {
        let stored = index.stored_index.as_ref().expect("an index is stored as one");
        let entries = btree::check(store, stored)?;
        let is_partial = index.index.as_ref().is_some_and(|row| row.indpred.is_some());
        let columns: Option<Vec<usize>> = stored.table_columns.iter().copied().collect();
        let Some(columns) = columns.filter(|_| !is_partial) else { continue };
        let key = |row: &[Datum]| columns.iter().map(|column| row[*column].clone()).collect();
        heap::check_index(&census, &entries, key)
            .map_err(|error| error.context(format!("index \"{}\"", index.name())))?;
    }
    Ok(())
}

/// True if a file of the relation differs from when the cluster was made.
fn has_changed(file: RelFile, sim: &SimHost, made: &SimHost) -> bool {
    let first = path(file);
    let segment = |number: u32| match number {
        0 => first.clone(),
        number => PathBuf::from(format!("{}.{number}", first.display())),
    };
    (0..16).any(|number| sim.differs(made, &segment(number)))
}

fn path(file: RelFile) -> PathBuf {
    match file.tablespace {
        GLOBAL_TABLESPACE => format!("global/{}", file.number).into(),
        DEFAULT_TABLESPACE => format!("base/{}/{}", file.database.0, file.number).into(),
        other => panic!("nothing is in tablespace {other}"),
    }
}
