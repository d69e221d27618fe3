//! Objects as pg_depend names them: their addresses, what messages call them, and names that mean them wherever they are read.
//!
//! An address is a catalog, a row of it and perhaps a column. [`describe()`] says what it is in words, for messages: names are
//! qualified only where they must be. [`identity()`] gives the same object a name that does not depend on the search path, as one
//! text and as the lists from which the object can be found again.

mod describe;
mod head;
mod identity;
mod members;

use head::{Place, head};

pub use describe::{describe, relation_display_name, relation_word};
pub use identity::{Identity, identity, type_word};

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

/// True if a name finds the object of schema `own`: no schema before it in the search path has one like it.
pub(crate) fn is_first_on_path(cx: Ctx<'_>, own: Oid, is_in: impl Fn(Oid) -> Result<bool>) -> Result<bool> {
    for namespace in cx.search_path()?.namespaces.iter() {
        if *namespace == own {
            return Ok(true);
        }
        if is_in(*namespace)? {
            return Ok(false);
        }
    }
    Ok(false)
}

/// The schema that an object is in, and its name if the two mean no other object.
pub fn schema_and_name(cx: Ctx<'_>, address: ObjectAddress) -> Result<(Option<String>, Option<String>)> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let in_schema =
        |schema: Oid| -> Result<Option<String>> { Ok(catalog.namespace(schema)?.map(|row| row.nspname.clone())) };
    match address.class {
        oids::PG_CLASS => match catalog.class(oid)? {
            Some(row) => Ok((in_schema(row.relnamespace)?, Some(row.relname.clone()))),
            None => Ok((None, None)),
        },
        oids::PG_TYPE => match catalog.type_by_oid(oid)? {
            Some(row) => Ok((in_schema(row.typnamespace)?, Some(row.typname.clone()))),
            None => Ok((None, None)),
        },
        oids::PG_PROC => match catalog.function(oid)? {
            Some(row) => Ok((in_schema(row.pronamespace)?, None)),
            None => Ok((None, None)),
        },
        oids::PG_OPERATOR => match catalog.operator(oid)? {
            Some(row) => Ok((in_schema(row.oprnamespace)?, None)),
            None => Ok((None, None)),
        },
        oids::PG_CONSTRAINT => match catalog.constraint(oid)? {
            Some(row) => Ok((in_schema(row.connamespace)?, None)),
            None => Ok((None, None)),
        },
        class => match head(cx, class, oid)? {
            Some(head) => match head.place {
                Place::Nowhere => Ok((None, Some(head.name))),
                Place::Schema(schema) => Ok((in_schema(schema)?, Some(head.name))),
                Place::Method(schema, _) => {
                    // Classes and families of one name may be there for each access method: PostgreSQL names them all the same.
                    Ok((in_schema(schema)?, Some(head.name)))
                }
                Place::Relation(_) => Ok((None, None)),
            },
            None => Ok((None, None)),
        },
    }
}

/// A schema's name; the session's own temporary schema is called `pg_temp`.
fn schema_name(cx: Ctx<'_>, schema: Oid) -> Result<String> {
    if schema.is_valid() && schema == cx.session.temp_namespace.get() {
        return Ok("pg_temp".to_owned());
    }
    Ok(cx.catalog().namespace(schema)?.map_or_else(|| schema.to_string(), |row| row.nspname.clone()))
}
