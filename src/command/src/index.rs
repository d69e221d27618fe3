//! Making an index: its rows in pg_class, pg_attribute, pg_index, its dependencies, its file, and its entries.

use crate::address::ObjectAddress;
use crate::analysis::with_analyze_context;
use crate::dependency::{self, Dependency};
use crate::index_build::{self, Completeness};
use crate::relation::{BTREE, NewColumn, NewRelation, create_relation};
use base::Oid;
use catalog::rows::{PgClass, PgIndex};
use catalog::{columns as c, oids};
use instance::Ctx;
use report::{Error, Result, error};
use schema::{Key, RelationEntry};
use std::sync::Arc;

/// Columns that an index may have.
pub(crate) const INDEX_COLUMNS_MAX: usize = 32;

/// indoption: descending.
const DESCENDING: i16 = 1;
/// indoption: nulls first.
const NULLS_FIRST: i16 = 2;

/// What one column of an index holds.
#[derive(Clone, Debug)]
pub(crate) struct IndexColumn {
    /// The index column's own name.
    pub(crate) name: String,
    /// The table's column, from 1; 0 for an expression.
    pub(crate) table_column: i16,
    pub(crate) type_oid: Oid,
    pub(crate) type_mod: i32,
    pub(crate) collation: Oid,
    /// The operator class; zero for a column of INCLUDE.
    pub(crate) opclass: Oid,
    pub(crate) descending: bool,
    pub(crate) nulls_first: bool,
}

/// An index to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewIndex {
    pub(crate) name: String,
    pub(crate) columns: Vec<IndexColumn>,
    /// Leading columns that are keys; the others are included.
    pub(crate) key_count: usize,
    pub(crate) is_unique: bool,
    pub(crate) nulls_not_distinct: bool,
    pub(crate) is_primary: bool,
    /// Uniqueness is checked at once, not at the transaction's end.
    pub(crate) is_immediate: bool,
    /// Stored expressions of the columns without a table column, as a list.
    pub(crate) expressions: Option<String>,
    /// The stored condition of a partial index.
    pub(crate) predicate: Option<String>,
    /// What the expressions and the condition mention.
    pub(crate) mentioned: Vec<ObjectAddress>,
    pub(crate) options: Option<Vec<String>>,
    pub(crate) tablespace: Oid,
    /// A constraint will own it: then the table's columns are the constraint's business.
    pub(crate) of_constraint: bool,
}

/// Makes an index and fills it. The table is locked by the caller.
pub(crate) fn create_index(cx: Ctx<'_>, table: &Arc<RelationEntry>, new: &NewIndex) -> Result<Oid> {
    let relation = NewRelation {
        name: new.name.clone(),
        namespace: table.class.relnamespace,
        owner: table.class.relowner,
        kind: b'i',
        persistence: table.class.relpersistence,
        columns: new.columns.iter().map(|column| index_attribute(cx, column)).collect::<Result<_>>()?,
        options: new.options.clone(),
        tablespace: new.tablespace,
        is_populated: true,
    };
    let index = create_relation(cx, &relation)?;
    cx.catalog().insert(&index_row(table.oid, index, new))?;
    record_dependencies(cx, table, index, new)?;
    mark_table(cx, table.oid)?;
    cx.next_command()?;
    if index_build::build(cx, table.oid, index)? == Completeness::NewSnapshots {
        hide_from_older(cx, index)?;
    }
    Ok(index)
}

/// indcheckxmin: snapshots from before this transaction's end must do without the index.
fn hide_from_older(cx: Ctx<'_>, index: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let row = catalog.index_row(index)?.expect("the index was made just now");
    catalog.update(&row, &PgIndex { indcheckxmin: true, ..row.row.clone() })?;
    cx.next_command()
}

/// An index stores names as cstring-like values of the type itself; its key type is the operator class's, if it has one.
fn index_attribute(cx: Ctx<'_>, column: &IndexColumn) -> Result<NewColumn> {
    let mut attribute = NewColumn::new(&column.name, column.type_oid, column.type_mod, column.collation);
    if column.opclass.is_valid() {
        let class = cx.catalog().opclass(column.opclass)?;
        let class =
            class.ok_or_else(|| Error::internal(format!("operator class {} does not exist", column.opclass)))?;
        // name_ops keeps cstring in PostgreSQL to save room; here a stored name takes no more than its bytes.
        if class.opckeytype.is_valid() && class.opckeytype != Oid(2275) {
            attribute.type_oid = class.opckeytype;
        }
    }
    Ok(attribute)
}

fn index_row(table: Oid, index: Oid, new: &NewIndex) -> PgIndex {
    let keys = &new.columns[..new.key_count];
    let option = |c: &IndexColumn| i16::from(c.descending) * DESCENDING + i16::from(c.nulls_first) * NULLS_FIRST;
    PgIndex {
        indexrelid: index,
        indrelid: table,
        indnatts: new.columns.len() as i16,
        indnkeyatts: new.key_count as i16,
        indisunique: new.is_unique,
        indnullsnotdistinct: new.nulls_not_distinct,
        indisprimary: new.is_primary,
        indisexclusion: false,
        indimmediate: new.is_immediate,
        indisclustered: false,
        indisvalid: true,
        indcheckxmin: false,
        indisready: true,
        indislive: true,
        indisreplident: false,
        indkey: new.columns.iter().map(|column| column.table_column).collect(),
        indcollation: keys.iter().map(|column| column.collation).collect(),
        indclass: keys.iter().map(|column| column.opclass).collect(),
        indoption: keys.iter().map(option).collect(),
        indexprs: new.expressions.clone(),
        indpred: new.predicate.clone(),
    }
}

fn record_dependencies(cx: Ctx<'_>, table: &RelationEntry, index: Oid, new: &NewIndex) -> Result<()> {
    let own = ObjectAddress::relation(index);
    let columns = new.columns.iter().filter(|column| column.table_column > 0);
    let columns: Vec<_> = columns.map(|column| ObjectAddress::column(table.oid, column.table_column)).collect();
    if !new.of_constraint {
        let on = if columns.is_empty() { vec![ObjectAddress::relation(table.oid)] } else { columns };
        dependency::record_all(cx, own, on, Dependency::Auto)?;
    }
    let keys = &new.columns[..new.key_count];
    let classes = keys.iter().map(|column| ObjectAddress::new(oids::PG_OPCLASS, column.opclass));
    dependency::record_all(cx, own, classes, Dependency::Normal)?;
    let collations = keys.iter().map(|c| c.collation).filter(|c| c.is_valid());
    let collations = collations.map(|collation| ObjectAddress::new(oids::PG_COLLATION, collation));
    dependency::record_all(cx, own, collations, Dependency::Normal)?;
    let (of_table, others): (Vec<_>, Vec<_>) =
        new.mentioned.iter().copied().partition(|a| a.class == oids::PG_CLASS && a.object == table.oid);
    dependency::record_all(cx, own, of_table, Dependency::Auto)?;
    dependency::record_all(cx, own, others, Dependency::Normal)
}

/// relhasindex.
fn mark_table(cx: Ctx<'_>, table: Oid) -> Result<()> {
    let catalog = cx.catalog();
    catalog.overwrite::<PgClass>(&[Key::oid(c::pg_class::OID, table)], |class| class.relhasindex = true)?;
    catalog.touch_relation(table)
}

/// The unique index of a TOAST table, on chunk_id and chunk_seq.
pub(crate) fn create_toast_index(cx: Ctx<'_>, toast: Oid, table: &NewRelation) -> Result<Oid> {
    let entry = cx.catalog().open_relation(toast)?;
    let key = |n: usize| {
        let column = &table.columns[n];
        Ok(IndexColumn {
            name: column.name.clone(),
            table_column: n as i16 + 1,
            type_oid: column.type_oid,
            type_mod: -1,
            collation: Oid::INVALID,
            opclass: default_opclass(cx, column.type_oid)?,
            descending: false,
            nulls_first: false,
        })
    };
    let new = NewIndex {
        name: format!("{}_index", table.name),
        columns: vec![key(0)?, key(1)?],
        key_count: 2,
        is_unique: true,
        is_primary: true,
        is_immediate: true,
        ..NewIndex::default()
    };
    create_index(cx, &entry, &new)
}

/// The default B-tree operator class of a type. Errors: 42704 with PostgreSQL's hint.
pub(crate) fn default_opclass(cx: Ctx<'_>, type_oid: Oid) -> Result<Oid> {
    match with_analyze_context(cx, "", |context| context.default_opclass(type_oid, BTREE))? {
        Some(class) => Ok(class.oid),
        None => {
            let name = cx.catalog().format_type(type_oid, None, &cx.search_path()?.namespaces)?;
            let message = format!("data type {name} has no default operator class for access method \"btree\"");
            let error = error!(UNDEFINED_OBJECT, "{message}");
            Err(error.hint(
                "You must specify an operator class for the index or define a default operator class for the data type.",
            ))
        }
    }
}
