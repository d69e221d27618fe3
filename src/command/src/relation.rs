//! Making a relation: its catalog rows, its row type and array type, its file, its TOAST table.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::{acl, default_privileges};
use base::{DEFAULT_TABLESPACE, Fork, Oid, RelFile, RelFork};
use catalog::rows::{PgAttribute, PgClass, PgType};
use catalog::{columns as c, oids};
use instance::Ctx;
use instance::privileges::ObjectKind;
use report::{Error, Result, error};
use schema::Key;
use tuple::Datum;

/// The table access method `heap`.
const HEAP: Oid = Oid(2);
/// The index access method `btree`.
pub(crate) const BTREE: Oid = Oid(403);
/// The schema of TOAST tables.
const PG_TOAST: Oid = Oid(99);
/// Columns that a table may have.
pub(crate) const COLUMNS_MAX: usize = 1600;

/// A column of a relation to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewColumn {
    pub(crate) name: String,
    pub(crate) type_oid: Oid,
    pub(crate) type_mod: i32,
    pub(crate) collation: Oid,
    /// Dimensions written behind the type.
    pub(crate) dimensions: i32,
    pub(crate) not_null: bool,
    /// 0, `a` or `d`.
    pub(crate) identity: u8,
    /// 0 or `s`.
    pub(crate) generated: u8,
    /// A default expression will follow.
    pub(crate) has_default: bool,
    /// attstorage, if not the type's.
    pub(crate) storage: Option<u8>,
}

impl NewColumn {
    /// A nullable column of a type, with the type's collation.
    pub(crate) fn new(name: &str, type_oid: Oid, type_mod: i32, collation: Oid) -> NewColumn {
        NewColumn {
            name: name.to_owned(),
            type_oid,
            type_mod,
            collation,
            dimensions: 0,
            not_null: false,
            identity: 0,
            generated: 0,
            has_default: false,
            storage: None,
        }
    }
}

/// A relation to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewRelation {
    pub(crate) name: String,
    pub(crate) namespace: Oid,
    pub(crate) owner: Oid,
    /// pg_class.relkind.
    pub(crate) kind: u8,
    /// pg_class.relpersistence.
    pub(crate) persistence: u8,
    pub(crate) columns: Vec<NewColumn>,
    /// pg_class.reloptions.
    pub(crate) options: Option<Vec<String>>,
    /// Zero for the database's.
    pub(crate) tablespace: Oid,
    /// False for a materialized view that was not filled.
    pub(crate) is_populated: bool,
}

impl NewRelation {
    /// The session's user's, without options.
    pub(crate) fn new(cx: Ctx<'_>, name: &str, (namespace, persistence): (Oid, u8), kind: u8) -> NewRelation {
        NewRelation {
            name: name.to_owned(),
            namespace,
            owner: cx.session.current_user(),
            kind,
            persistence,
            columns: Vec::new(),
            options: None,
            tablespace: Oid::INVALID,
            is_populated: true,
        }
    }

    fn has_storage(&self) -> bool {
        matches!(self.kind, b'r' | b'i' | b'S' | b't' | b'm')
    }

    fn has_row_type(&self) -> bool {
        matches!(self.kind, b'r' | b'v' | b'm' | b'c' | b'p' | b'f')
    }
}

/// Makes a relation: rows in pg_class, pg_attribute and pg_type, dependencies, and its empty file. Visible to the statement's
/// next look-up.
pub(crate) fn create_relation(cx: Ctx<'_>, new: &NewRelation) -> Result<Oid> {
    check_columns(cx, new)?;
    let catalog = cx.catalog();
    let oid = match new.has_storage() {
        true => new_number(cx, new.tablespace)?,
        false => catalog.new_oid::<PgClass>()?,
    };
    let row_type = if new.has_row_type() { create_row_type(cx, new, oid)? } else { Oid::INVALID };
    let relacl = match new.kind {
        b'r' | b'v' | b'm' | b'S' => {
            let kind = ObjectKind::of_relkind(new.kind);
            default_privileges::for_new(cx, kind, new.owner, new.namespace)?
        }
        _ => None,
    };
    let mentioned = relacl.clone().unwrap_or_default();
    catalog.insert(&PgClass { relacl, ..class_row(new, oid, row_type) })?;
    insert_attributes(cx, new, oid)?;
    record_dependencies(cx, new, oid)?;
    acl::record_mentioned(cx, ObjectAddress::relation(oid), new.owner, &mentioned)?;
    if new.has_storage() {
        create_file(cx, new, oid)?;
        let key = cx.statistics_key(oid);
        cx.with_tx(|tx| tx.changes().made(key));
    }
    cx.next_command()?;
    Ok(oid)
}

fn class_row(new: &NewRelation, oid: Oid, row_type: Oid) -> PgClass {
    let has_rows = matches!(new.kind, b'r' | b't' | b'm');
    PgClass {
        oid,
        relname: new.name.clone(),
        relnamespace: new.namespace,
        reltype: row_type,
        reloftype: Oid::INVALID,
        relowner: new.owner,
        relam: match new.kind {
            b'i' => BTREE,
            _ if has_rows => HEAP,
            _ => Oid::INVALID,
        },
        relfilenode: if new.has_storage() { oid } else { Oid::INVALID },
        reltablespace: new.tablespace,
        relpages: if new.kind == b'S' { 1 } else { 0 },
        reltuples: match new.kind {
            b'S' => 1.0,
            b'i' => 0.0,
            _ => -1.0,
        },
        relallvisible: 0,
        reltoastrelid: Oid::INVALID,
        relhasindex: false,
        relisshared: false,
        relpersistence: new.persistence,
        relkind: new.kind,
        relnatts: new.columns.len() as i16,
        relchecks: 0,
        relhasrules: false,
        relhastriggers: false,
        relhassubclass: false,
        relrowsecurity: false,
        relforcerowsecurity: false,
        relispopulated: new.is_populated,
        relreplident: if matches!(new.kind, b'r' | b'm' | b'p') { b'd' } else { b'n' },
        relispartition: false,
        relrewrite: Oid::INVALID,
        relfrozenxid: if has_rows { Oid(3) } else { Oid::INVALID },
        relminmxid: if has_rows { Oid(1) } else { Oid::INVALID },
        relacl: None,
        reloptions: new.options.clone(),
        relpartbound: None,
    }
}

fn check_columns(cx: Ctx<'_>, new: &NewRelation) -> Result<()> {
    if new.columns.len() > COLUMNS_MAX {
        return Err(error!(TOO_MANY_COLUMNS, "tables can have at most {COLUMNS_MAX} columns"));
    }
    let is_relation = !matches!(new.kind, b'v' | b'c' | b'i');
    for (n, column) in new.columns.iter().enumerate() {
        if is_relation && is_system_column(&column.name) {
            let name = &column.name;
            return Err(error!(DUPLICATE_COLUMN, "column name \"{name}\" conflicts with a system column name"));
        }
        if new.columns[..n].iter().any(|earlier| earlier.name == column.name) {
            return Err(error!(DUPLICATE_COLUMN, "column \"{}\" specified more than once", column.name));
        }
        check_column_type(cx, new.kind, column)?;
        if matches!(new.kind, b'r' | b'v' | b'm' | b'c') {
            cx.check_type(column.type_oid)?;
        }
    }
    Ok(())
}

/// Pseudo-types cannot be stored; views may have columns of type unknown no more than tables. Catalogs and views over them
/// have columns of type anyarray (statistics).
pub(crate) fn check_column_type(cx: Ctx<'_>, kind: u8, column: &NewColumn) -> Result<()> {
    let Some(row) = cx.catalog().type_by_oid(column.type_oid)? else {
        return Err(Error::internal(format!("type {} does not exist", column.type_oid)));
    };
    let is_system = cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods));
    let may_be_pseudo = (kind == b'i' || is_system) && column.type_oid == Oid(2277);
    if row.typtype == b'p' && !may_be_pseudo {
        let path = cx.search_path()?;
        let type_name = cx.catalog().format_type(column.type_oid, None, &path.namespaces)?;
        let name = &column.name;
        return Err(error!(INVALID_TABLE_DEFINITION, "column \"{name}\" has pseudo-type {type_name}"));
    }
    Ok(())
}

/// A row type may not hold itself: neither at once nor in an element, a domain or a column of what it holds.
///
/// Errors: 42P16.
pub(crate) fn check_not_within_itself(cx: Ctx<'_>, row_type: Oid, held: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let mut to_look_at = vec![held];
    let mut seen = Vec::new();
    while let Some(oid) = to_look_at.pop() {
        if oid == row_type {
            let path = cx.search_path()?;
            let name = catalog.format_type(oid, None, &path.namespaces)?;
            let what = format!("composite type {name} cannot be made a member of itself");
            return Err(error!(INVALID_TABLE_DEFINITION, "{what}"));
        }
        if seen.contains(&oid) {
            continue;
        }
        seen.push(oid);
        let Some(row) = catalog.type_by_oid(oid)? else { continue };
        match row.typtype {
            b'd' => to_look_at.push(row.typbasetype),
            b'c' => {
                let relation = catalog.open_relation(row.typrelid)?;
                let columns = relation.desc.attributes.iter().filter(|column| !column.is_dropped);
                to_look_at.extend(columns.map(|column| column.type_oid));
            }
            _ if row.typelem.is_valid() => to_look_at.push(row.typelem),
            _ => {}
        }
    }
    Ok(())
}

/// The row of a user column.
pub(crate) fn attribute_row(cx: Ctx<'_>, relation: Oid, number: i16, column: &NewColumn) -> Result<PgAttribute> {
    let Some(row) = cx.catalog().type_by_oid(column.type_oid)? else {
        return Err(Error::internal(format!("type {} does not exist", column.type_oid)));
    };
    Ok(PgAttribute {
        attrelid: relation,
        attname: column.name.clone(),
        atttypid: column.type_oid,
        attstattarget: -1,
        attlen: row.typlen,
        attnum: number,
        attndims: column.dimensions,
        attcacheoff: -1,
        atttypmod: column.type_mod,
        attbyval: row.typbyval,
        attalign: row.typalign,
        attstorage: column.storage.unwrap_or(row.typstorage),
        attcompression: 0,
        attnotnull: column.not_null,
        atthasdef: column.has_default,
        atthasmissing: false,
        attidentity: column.identity,
        attgenerated: column.generated,
        attisdropped: false,
        attislocal: true,
        attinhcount: 0,
        attcollation: column.collation,
        attacl: None,
        attoptions: None,
        attfdwoptions: None,
        attmissingval: Datum::Null,
    })
}

/// Number, name, type, length, alignment of the columns that every table has.
const SYSTEM_COLUMNS: [(i16, &str, Oid, i16, u8); 6] = [
    (-1, "ctid", Oid(27), 6, b's'),
    (-2, "xmin", Oid(28), 4, b'i'),
    (-3, "cmin", Oid(29), 4, b'i'),
    (-4, "xmax", Oid(28), 4, b'i'),
    (-5, "cmax", Oid(29), 4, b'i'),
    (-6, "tableoid", Oid(26), 4, b'i'),
];

/// True for the name of a column that every table has.
pub(crate) fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.iter().any(|(_, system, ..)| *system == name)
}

fn insert_attributes(cx: Ctx<'_>, new: &NewRelation, oid: Oid) -> Result<()> {
    let catalog = cx.catalog();
    for (n, column) in new.columns.iter().enumerate() {
        let number = n as i16 + 1;
        catalog.insert(&attribute_row(cx, oid, number, column)?)?;
        record_column_dependencies(cx, ObjectAddress::column(oid, number), column)?;
    }
    if matches!(new.kind, b'v' | b'c' | b'i') {
        return Ok(());
    }
    for (number, name, type_oid, length, align) in SYSTEM_COLUMNS {
        let column = NewColumn { not_null: true, ..NewColumn::new(name, type_oid, -1, Oid::INVALID) };
        let mut row = attribute_row(cx, oid, number, &column)?;
        (row.attlen, row.attalign, row.attstorage, row.attstattarget) = (length, align, b'p', 0);
        catalog.insert(&row)?;
    }
    Ok(())
}

/// What a column depends on: its type and its collation.
pub(crate) fn record_column_dependencies(cx: Ctx<'_>, column: ObjectAddress, new: &NewColumn) -> Result<()> {
    dependency::record(cx, column, ObjectAddress::new(oids::PG_TYPE, new.type_oid), Dependency::Normal)?;
    if new.collation.is_valid() {
        let collation = ObjectAddress::new(oids::PG_COLLATION, new.collation);
        dependency::record(cx, column, collation, Dependency::Normal)?;
    }
    Ok(())
}

fn record_dependencies(cx: Ctx<'_>, new: &NewRelation, oid: Oid) -> Result<()> {
    let relation = ObjectAddress::relation(oid);
    // An index belongs to its table, a TOAST table to its owner: they have neither schema nor owner of their own.
    if matches!(new.kind, b'i' | b't') {
        return Ok(());
    }
    if new.kind != b'c' {
        dependency::record(cx, relation, ObjectAddress::new(oids::PG_NAMESPACE, new.namespace), Dependency::Normal)?;
        dependency::record_owner(cx, relation, new.owner)?;
    }
    Ok(())
}

/// The file of a relation that is made now, in its database's tablespace unless it has its own.
pub(crate) fn file_of(cx: Ctx<'_>, tablespace: Oid, number: u32) -> RelFile {
    let tablespace = if tablespace.is_valid() { tablespace } else { DEFAULT_TABLESPACE };
    RelFile { tablespace, database: cx.session.database, number }
}

/// An object id that neither a row nor a file has: a crash may have left a file of a transaction that the log forgot, whose numbers
/// are given out again.
pub(crate) fn new_number(cx: Ctx<'_>, tablespace: Oid) -> Result<Oid> {
    loop {
        let number = cx.catalog().new_oid::<PgClass>()?;
        let file = file_of(cx, tablespace, number.0);
        let mut is_free = true;
        for fork in Fork::ALL {
            is_free &= !cx.session.store.smgr.exists(RelFork { file, fork })?;
        }
        if is_free {
            return Ok(number);
        }
    }
}

fn create_file(cx: Ctx<'_>, new: &NewRelation, oid: Oid) -> Result<()> {
    let file = file_of(cx, new.tablespace, oid.0);
    create_main_fork(cx, file, new.persistence)
}

/// Makes an empty file that goes away if the transaction aborts.
pub(crate) fn create_main_fork(cx: Ctx<'_>, file: RelFile, persistence: u8) -> Result<()> {
    let buffers = &cx.session.store.buffers;
    let xid = cx.with_tx(|tx| {
        tx.file_created(file)?;
        tx.xid()
    })?;
    buffers.create_fork(RelFork { file, fork: Fork::Main }, xid)?;
    if persistence == b'u' {
        buffers.create_fork(RelFork { file, fork: Fork::Init }, xid)?;
    }
    Ok(())
}

/// Adds the composite type of a relation's rows, and the type of arrays of it.
fn create_row_type(cx: Ctx<'_>, new: &NewRelation, relation: Oid) -> Result<Oid> {
    let catalog = cx.catalog();
    if catalog.type_by_name(new.namespace, &new.name)?.is_some() {
        let error = error!(DUPLICATE_OBJECT, "type \"{}\" already exists", new.name);
        let hint = "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.";
        return Err(error.hint(hint));
    }
    let oid = catalog.new_oid::<PgType>()?;
    let array = if new.kind == b'c' || new.kind != b't' { Some(catalog.new_oid::<PgType>()?) } else { None };
    let mut row = composite_type(new, oid, relation);
    row.typarray = array.unwrap_or_default();
    // The row type of a table is the table's.
    if new.kind == b'c' {
        row.typacl = default_privileges::for_new(cx, ObjectKind::Type, new.owner, new.namespace)?;
    }
    catalog.insert(&row)?;
    let (own, of) = (ObjectAddress::new(oids::PG_TYPE, oid), ObjectAddress::relation(relation));
    match new.kind {
        // A type made by CREATE TYPE is what the user sees; its relation is the part.
        b'c' => {
            dependency::record(cx, of, own, Dependency::Internal)?;
            let namespace = ObjectAddress::new(oids::PG_NAMESPACE, new.namespace);
            dependency::record(cx, own, namespace, Dependency::Normal)?;
            dependency::record_owner(cx, own, new.owner)?;
            acl::record_mentioned(cx, own, new.owner, row.typacl.as_deref().unwrap_or_default())?;
        }
        _ => dependency::record(cx, own, of, Dependency::Internal)?,
    }
    if let Some(array) = array {
        let name = array_type_name(cx, new.namespace, &new.name)?;
        catalog.insert(&array_type(&row, array, name))?;
        dependency::record(cx, ObjectAddress::new(oids::PG_TYPE, array), own, Dependency::Internal)?;
    }
    Ok(oid)
}

fn composite_type(new: &NewRelation, oid: Oid, relation: Oid) -> PgType {
    PgType {
        oid,
        typname: new.name.clone(),
        typnamespace: new.namespace,
        typowner: new.owner,
        typlen: -1,
        typbyval: false,
        typtype: b'c',
        typcategory: b'C',
        typispreferred: false,
        typisdefined: true,
        typdelim: b',',
        typrelid: relation,
        typsubscript: Oid::INVALID,
        typelem: Oid::INVALID,
        typarray: Oid::INVALID,
        typinput: Oid(2290),
        typoutput: Oid(2291),
        typreceive: Oid(2402),
        typsend: Oid(2403),
        typmodin: Oid::INVALID,
        typmodout: Oid::INVALID,
        typanalyze: Oid::INVALID,
        typalign: b'd',
        typstorage: b'x',
        typnotnull: false,
        typbasetype: Oid::INVALID,
        typtypmod: -1,
        typndims: 0,
        typcollation: Oid::INVALID,
        typdefaultbin: None,
        typdefault: None,
        typacl: None,
    }
}

/// The row of the type of arrays of an element type.
pub(crate) fn array_type(element: &PgType, oid: Oid, name: String) -> PgType {
    PgType {
        oid,
        typname: name,
        typlen: -1,
        typbyval: false,
        typtype: b'b',
        typcategory: b'A',
        typispreferred: false,
        typisdefined: true,
        typdelim: element.typdelim,
        typrelid: Oid::INVALID,
        typsubscript: Oid(6179),
        typelem: element.oid,
        typarray: Oid::INVALID,
        typinput: Oid(750),
        typoutput: Oid(751),
        typreceive: Oid(2400),
        typsend: Oid(2401),
        typmodin: element.typmodin,
        typmodout: element.typmodout,
        typanalyze: Oid(3816),
        typalign: if element.typalign == b'd' { b'd' } else { b'i' },
        typstorage: b'x',
        typnotnull: false,
        typbasetype: Oid::INVALID,
        typtypmod: -1,
        typndims: 0,
        typdefaultbin: None,
        typdefault: None,
        typacl: None,
        ..element.clone()
    }
}

/// `_name`, shortened to fit and with further underscores while a type of that name exists.
pub(crate) fn array_type_name(cx: Ctx<'_>, namespace: Oid, element: &str) -> Result<String> {
    let mut name = format!("_{element}");
    loop {
        name.truncate(name.floor_char_boundary(base::NAME_BYTES_MAX));
        if cx.catalog().type_by_name(namespace, &name)?.is_none() {
            return Ok(name);
        }
        name.insert(0, '_');
    }
}

/// Gives a table a TOAST table if one of its columns may hold long values. Nothing happens if it has one.
pub(crate) fn create_toast_table(cx: Ctx<'_>, table: Oid) -> Result<()> {
    let catalog = cx.catalog();
    let entry = catalog.open_relation(table)?;
    let may_be_long = |a: &tuple::Attribute| !a.is_dropped && a.storage != b'p' && a.type_len == -1;
    if entry.class.reltoastrelid.is_valid() || !entry.desc.attributes.iter().any(may_be_long) {
        return Ok(());
    }
    let namespace = match entry.class.relpersistence {
        b't' => toast_namespace_of_session(cx)?,
        _ => PG_TOAST,
    };
    let name = format!("pg_toast_{table}");
    let column = |name, type_oid| NewColumn { storage: Some(b'p'), ..NewColumn::new(name, type_oid, -1, Oid::INVALID) };
    let toast = NewRelation {
        columns: vec![column("chunk_id", Oid(26)), column("chunk_seq", Oid(23)), column("chunk_data", Oid(17))],
        owner: entry.class.relowner,
        tablespace: entry.class.reltablespace,
        ..NewRelation::new(cx, &name, (namespace, entry.class.relpersistence), b't')
    };
    let toast_oid = create_relation(cx, &toast)?;
    crate::index::create_toast_index(cx, toast_oid, &toast)?;
    let row = catalog.class(table)?.expect("the table was just opened");
    catalog.update(&row, &PgClass { reltoastrelid: toast_oid, ..row.row.clone() })?;
    let (toast, of) = (ObjectAddress::relation(toast_oid), ObjectAddress::relation(table));
    dependency::record(cx, toast, of, Dependency::Internal)?;
    cx.next_command()
}

/// The schema of TOAST tables of temporary tables: the temporary schema's twin.
fn toast_namespace_of_session(cx: Ctx<'_>) -> Result<Oid> {
    let name = format!("pg_toast_temp_{}", cx.session.locks.number());
    match cx.catalog().namespace_by_name(&name)? {
        Some(row) => Ok(row.oid),
        None => crate::schema_statement::insert_schema(cx, &name, Oid(10)),
    }
}

/// Notes a relation's size in pg_class, in place: nobody else's change of the row is in the way.
pub(crate) fn note_sizes(
    cx: Ctx<'_>,
    relation: Oid,
    blocks: u32,
    rows: f64,
    all_visible_blocks: Option<u32>,
) -> Result<()> {
    cx.catalog().overwrite::<PgClass>(&[Key::oid(c::pg_class::OID, relation)], |class| {
        class.relpages = blocks as i32;
        class.reltuples = rows as f32;
        class.relallvisible = all_visible_blocks.map_or(class.relallvisible, |blocks| blocks as i32);
    })
}
