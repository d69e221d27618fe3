//! The rows that describe the tables of a bootstrap script, but for what the script says of them.

use super::script::Create;
use base::Oid;
use catalog::Type;
use catalog::oids::{self, access_methods, namespaces, types};
use catalog::rows::{PgAttribute, PgClass, PgType};

/// The owner of everything that bootstrap makes.
const OWNER: Oid = oids::roles::POSTGRES;

/// The row of pg_class of a relation.
pub(super) fn class_of(name: &str, oid: Oid, kind: u8, columns: usize) -> PgClass {
    PgClass {
        oid,
        relname: name.to_owned(),
        relnamespace: namespaces::PG_CATALOG,
        relowner: OWNER,
        relam: access_methods::HEAP,
        relfilenode: oid,
        reltuples: -1.0,
        relpersistence: b'p',
        relkind: kind,
        relnatts: columns as i16,
        relispopulated: true,
        relreplident: b'n',
        relfrozenxid: Oid(3),
        relminmxid: Oid(1),
        ..PgClass::default()
    }
}

/// The row of pg_attribute of a column.
pub(super) fn attribute_of(relation: Oid, index: usize, name: &str, of: &Type) -> PgAttribute {
    PgAttribute {
        attrelid: relation,
        attname: name.to_owned(),
        atttypid: of.oid,
        attstattarget: -1,
        attlen: of.len,
        attnum: index as i16 + 1,
        attndims: i32::from(of.element.is_valid() || matches!(of.oid, types::OIDVECTOR | types::INT2VECTOR)),
        attcacheoff: -1,
        atttypmod: -1,
        attbyval: of.by_value,
        attalign: of.align,
        attstorage: of.storage,
        attislocal: true,
        attcollation: of.collation,
        ..PgAttribute::default()
    }
}

/// A name is a cstring in an index (pg_opclass.opckeytype of name_ops).
pub(super) fn as_key(attribute: PgAttribute) -> PgAttribute {
    match attribute.atttypid {
        types::NAME => PgAttribute { atttypid: types::CSTRING, attlen: -2, attndims: 0, ..attribute },
        _ => attribute,
    }
}

/// Name, number, type of the columns that every table has.
pub(super) const SYSTEM_COLUMNS: [(&str, i16, &str); 6] = [
    ("ctid", -1, "tid"),
    ("xmin", -2, "xid"),
    ("cmin", -3, "cid"),
    ("xmax", -4, "xid"),
    ("cmax", -5, "cid"),
    ("tableoid", -6, "oid"),
];

/// The row of pg_attribute of a system column.
pub(super) fn system_attribute(relation: Oid, column: &(&str, i16, &str)) -> PgAttribute {
    let of = Type::by_name(column.2).expect("the types of system columns are built in");
    PgAttribute { attnum: column.1, attnotnull: true, attstattarget: 0, ..attribute_of(relation, 0, column.0, of) }
}

/// The row of pg_type of a table's rows.
pub(super) fn row_type(create: &Create) -> PgType {
    PgType {
        oid: create.rowtype_oid,
        typname: create.name.clone(),
        typtype: b'c',
        typcategory: b'C',
        typrelid: create.oid,
        typarray: create.array_oid,
        typinput: oids::functions::RECORD_IN,
        typoutput: oids::functions::RECORD_OUT,
        typreceive: oids::functions::RECORD_RECV,
        typsend: oids::functions::RECORD_SEND,
        ..composite()
    }
}

/// That of their arrays.
pub(super) fn array_type(create: &Create) -> PgType {
    PgType {
        oid: create.array_oid,
        typname: format!("_{}", create.name),
        typtype: b'b',
        typcategory: b'A',
        typelem: create.rowtype_oid,
        typsubscript: oids::functions::ARRAY_SUBSCRIPT_HANDLER,
        typinput: oids::functions::ARRAY_IN,
        typoutput: oids::functions::ARRAY_OUT,
        typreceive: oids::functions::ARRAY_RECV,
        typsend: oids::functions::ARRAY_SEND,
        ..composite()
    }
}

fn composite() -> PgType {
    PgType {
        typnamespace: namespaces::PG_CATALOG,
        typowner: OWNER,
        typlen: -1,
        typisdefined: true,
        typdelim: b',',
        typalign: b'd',
        typstorage: b'x',
        typtypmod: -1,
        ..PgType::default()
    }
}
