//! The address of an object: which catalog, which row, which part.

use base::Oid;
use catalog::oids;
use instance::Ctx;
use report::Result;

/// An object, as pg_depend names it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectAddress {
    /// The oid of its catalog.
    pub class: Oid,
    /// Its oid.
    pub object: Oid,
    /// A column of a relation, else 0.
    pub part: i32,
}

impl ObjectAddress {
    /// A whole object.
    pub const fn new(class: Oid, object: Oid) -> ObjectAddress {
        ObjectAddress { class, object, part: 0 }
    }

    /// A table, index, sequence, view.
    pub const fn relation(oid: Oid) -> ObjectAddress {
        ObjectAddress::new(oids::PG_CLASS, oid)
    }

    /// A column of a relation.
    pub const fn column(relation: Oid, column: i16) -> ObjectAddress {
        ObjectAddress { class: oids::PG_CLASS, object: relation, part: column as i32 }
    }
}

/// What an object is called in messages: `table t`, `column a of table t`, `function f(integer)`.
pub fn describe(cx: Ctx<'_>, address: ObjectAddress) -> Result<String> {
    let catalog = cx.catalog();
    let oid = address.object;
    let unknown = |kind: &str| format!("{kind} {oid}");
    Ok(match address.class {
        oids::PG_CLASS => return describe_relation(cx, address),
        oids::PG_TYPE => format!("type {}", catalog.format_type(oid, None, &cx.search_path()?.namespaces)?),
        oids::PG_PROC => match catalog.function(oid)? {
            Some(row) => format!("function {}", function_signature(cx, &row.proname, &row.proargtypes)?),
            None => unknown("function"),
        },
        oids::PG_NAMESPACE => match catalog.namespace(oid)? {
            Some(row) => format!("schema {}", row.nspname),
            None => unknown("schema"),
        },
        oids::PG_CONSTRAINT => return describe_constraint(cx, oid),
        oids::PG_ATTRDEF => return describe_default(cx, oid),
        oids::PG_REWRITE => return describe_rule(cx, oid),
        oids::PG_AUTHID => format!("role {}", cx.role_name(oid)?),
        oids::PG_DATABASE => match catalog.database(oid)? {
            Some(row) => format!("database {}", row.datname),
            None => unknown("database"),
        },
        oids::PG_TRIGGER => return describe_trigger(cx, oid),
        _ => return describe_other(cx, address),
    })
}

/// Objects that messages name rarely.
fn describe_other(cx: Ctx<'_>, address: ObjectAddress) -> Result<String> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let named = |kind: &str, name: Option<&str>| match name {
        Some(name) => format!("{kind} {name}"),
        None => format!("{kind} {oid}"),
    };
    Ok(match address.class {
        oids::PG_LANGUAGE => named("language", catalog.language(oid)?.as_deref().map(|row| &*row.lanname)),
        oids::PG_TABLESPACE => named("tablespace", catalog.tablespace(oid)?.as_deref().map(|row| &*row.spcname)),
        oids::PG_AM => named("access method", catalog.access_method(oid)?.as_deref().map(|row| &*row.amname)),
        oids::PG_COLLATION => named("collation", catalog.collation(oid)?.as_deref().map(|row| &*row.collname)),
        oids::PG_DEFAULT_ACL => return describe_default_privileges(cx, oid),
        oids::PG_CAST => {
            use catalog::columns::pg_cast as c;
            let row = catalog.scan::<catalog::rows::PgCast>(&[schema::Key::oid(c::OID, oid)])?.pop();
            let path = cx.search_path()?;
            let name = |oid| catalog.format_type(oid, None, &path.namespaces);
            match row {
                Some(row) => format!("cast from {} to {}", name(row.castsource)?, name(row.casttarget)?),
                None => named("cast", None),
            }
        }
        class => format!("object {oid} of catalog {class}"),
    })
}

fn describe_default_privileges(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    use catalog::columns::pg_default_acl as c;
    let row = cx.catalog().scan::<catalog::rows::PgDefaultAcl>(&[schema::Key::oid(c::OID, oid)])?.pop();
    let Some(row) = row else { return Ok(format!("default ACL {oid}")) };
    let objects = match row.defaclobjtype {
        b'r' => "relations",
        b'S' => "sequences",
        b'f' => "functions",
        b'T' => "types",
        _ => "schemas",
    };
    let whole = format!("default privileges on new {objects} belonging to role {}", cx.role_name(row.defaclrole)?);
    match cx.catalog().namespace(row.defaclnamespace)? {
        Some(schema) => Ok(format!("{whole} in schema {}", schema.nspname)),
        None => Ok(whole),
    }
}

/// A function's name with its argument types.
pub fn function_signature(cx: Ctx<'_>, name: &str, arguments: &[Oid]) -> Result<String> {
    let (catalog, path) = (cx.catalog(), cx.search_path()?);
    let types = arguments.iter().map(|oid| catalog.format_type(*oid, None, &path.namespaces));
    let types = types.collect::<Result<Vec<_>>>()?;
    Ok(format!("{}({})", builtins::quote_identifier(name), types.join(",")))
}

/// `table`, `index`, ...: the word for a relation of this kind.
pub const fn relation_word(relkind: u8) -> &'static str {
    match relkind {
        b'r' | b'p' => "table",
        b'i' | b'I' => "index",
        b'S' => "sequence",
        b't' => "toast table",
        b'v' => "view",
        b'm' => "materialized view",
        b'c' => "composite type",
        b'f' => "foreign table",
        _ => "relation",
    }
}

/// The detail of an error about a relation of a kind that a statement does not take.
pub(crate) fn not_supported_for(relkind: u8) -> String {
    let words = match relkind {
        b'r' => "tables",
        b'i' => "indexes",
        b'S' => "sequences",
        b't' => "TOAST tables",
        b'v' => "views",
        b'm' => "materialized views",
        b'c' => "composite types",
        b'f' => "foreign tables",
        b'p' => "partitioned tables",
        _ => "partitioned indexes",
    };
    format!("This operation is not supported for {words}.")
}

/// The detail of an error about a relation of the wrong kind.
pub(crate) fn unsupported_kind(relkind: u8) -> String {
    let kinds = match relkind {
        b'i' => "indexes",
        b'S' => "sequences",
        b't' => "TOAST tables",
        b'v' => "views",
        b'm' => "materialized views",
        b'c' => "composite types",
        b'f' => "foreign tables",
        b'p' => "partitioned tables",
        b'I' => "partitioned indexes",
        _ => "tables",
    };
    format!("This operation is not supported for {kinds}.")
}

/// A relation's name, with its schema unless it is found without.
pub fn relation_display_name(cx: Ctx<'_>, relation: Oid) -> Result<String> {
    let catalog = cx.catalog();
    let Some(class) = catalog.class(relation)? else { return Ok(relation.to_string()) };
    let name = builtins::quote_identifier(&class.relname);
    if catalog.relation_in_path(&cx.search_path()?.namespaces, &class.relname)? == Some(relation) {
        return Ok(name);
    }
    let schema = catalog.namespace(class.relnamespace)?;
    Ok(schema.map_or(name.clone(), |row| format!("{}.{name}", builtins::quote_identifier(&row.nspname))))
}

fn describe_relation(cx: Ctx<'_>, address: ObjectAddress) -> Result<String> {
    let catalog = cx.catalog();
    let Some(class) = catalog.class(address.object)? else { return Ok(format!("relation {}", address.object)) };
    let whole = format!("{} {}", relation_word(class.relkind), relation_display_name(cx, address.object)?);
    match address.part {
        0 => Ok(whole),
        part => {
            let column = catalog.attribute(address.object, part as i16)?;
            let name = column.map_or_else(|| part.to_string(), |row| row.attname.clone());
            Ok(format!("column {name} of {whole}"))
        }
    }
}

fn describe_constraint(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    let Some(row) = cx.catalog().constraint(oid)? else { return Ok(format!("constraint {oid}")) };
    let name = &row.conname;
    match row.conrelid.is_valid() {
        true => Ok(format!("constraint {name} on {}", describe(cx, ObjectAddress::relation(row.conrelid))?)),
        false => Ok(format!("constraint {name}")),
    }
}

fn describe_default(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    use catalog::columns::pg_attrdef as c;
    let rows = cx.catalog().scan::<catalog::rows::PgAttrdef>(&[schema::Key::oid(c::OID, oid)])?;
    match rows.first() {
        Some(row) => {
            let column = describe(cx, ObjectAddress::column(row.adrelid, row.adnum))?;
            Ok(format!("default value for {column}"))
        }
        None => Ok(format!("default value {oid}")),
    }
}

fn describe_rule(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    use catalog::columns::pg_rewrite as c;
    let rows = cx.catalog().scan::<catalog::rows::PgRewrite>(&[schema::Key::oid(c::OID, oid)])?;
    match rows.first() {
        Some(row) => {
            let relation = describe(cx, ObjectAddress::relation(row.ev_class))?;
            Ok(format!("rule {} on {relation}", row.rulename))
        }
        None => Ok(format!("rule {oid}")),
    }
}

fn describe_trigger(cx: Ctx<'_>, oid: Oid) -> Result<String> {
    use catalog::columns::pg_trigger as c;
    let rows = cx.catalog().scan::<catalog::rows::PgTrigger>(&[schema::Key::oid(c::OID, oid)])?;
    match rows.first() {
        Some(row) => {
            let relation = describe(cx, ObjectAddress::relation(row.tgrelid))?;
            Ok(format!("trigger {} on {relation}", row.tgname))
        }
        None => Ok(format!("trigger {oid}")),
    }
}
