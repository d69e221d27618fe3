//! What objects are called in messages: `table t`, `column a of table t`, `function f(integer)`.

use super::head::{Place, head, is_visible, row_of};
use super::members::Style;
use super::{ObjectAddress, schema_name};
use base::Oid;
use builtins::quote_identifier;
use catalog::columns as c;
use catalog::oids;
use catalog::rows::*;
use instance::Ctx;
use report::Result;

/// What an object is called in messages. `None` if it does not exist.
pub fn describe(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<String>> {
    let (catalog, oid) = (cx.catalog(), address.object);
    match address.class {
        oids::PG_CLASS => describe_relation(cx, address),
        oids::PG_TYPE => match catalog.type_by_oid(oid)? {
            Some(_) => Ok(Some(format!("type {}", Style::Short.type_name(cx, oid)?))),
            None => Ok(None),
        },
        oids::PG_PROC => Ok(Style::Short.routine(cx, oid)?.map(|text| format!("function {text}"))),
        oids::PG_OPERATOR => Ok(Style::Short.operator(cx, oid)?.map(|text| format!("operator {text}"))),
        oids::PG_CONSTRAINT => describe_constraint(cx, oid),
        oids::PG_ATTRDEF => match row_of::<PgAttrdef>(cx, c::pg_attrdef::OID, oid)? {
            Some(row) => {
                let column = describe_relation(cx, ObjectAddress::column(row.adrelid, row.adnum))?;
                Ok(column.map(|column| format!("default value for {column}")))
            }
            None => Ok(None),
        },
        oids::PG_CAST => describe_cast(cx, oid),
        oids::PG_AMOP | oids::PG_AMPROC => describe_member(cx, address),
        oids::PG_DEFAULT_ACL => describe_default_privileges(cx, oid),
        oids::PG_LARGEOBJECT => Ok(None),
        oids::PG_USER_MAPPING | oids::PG_TRANSFORM | oids::PG_PUBLICATION_REL | oids::PG_PUBLICATION_NAMESPACE => {
            describe_link(cx, address)
        }
        _ => describe_named(cx, address),
    }
}

/// An object that has a name and, perhaps, a place.
fn describe_named(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<String>> {
    let Some(head) = head(cx, address.class, address.object)? else { return Ok(None) };
    let word = super::type_word(cx, address)?;
    let name = |schema| qualified(cx, schema, &head.name, is_visible(cx, address.class, &head, schema)?);
    Ok(Some(match head.place {
        Place::Nowhere if address.class == oids::PG_PARAMETER_ACL => format!("parameter {}", head.name),
        Place::Nowhere => format!("{word} {}", head.name),
        Place::Schema(schema) => format!("{word} {}", name(schema)?),
        Place::Method(schema, method) => {
            let method = cx.catalog().access_method(method)?.map(|row| row.amname.clone()).unwrap_or_default();
            format!("{word} {} for access method {method}", name(schema)?)
        }
        Place::Relation(relation) => {
            let relation = describe_relation(cx, ObjectAddress::relation(relation))?.unwrap_or_default();
            format!("{word} {} on {relation}", head.name)
        }
    }))
}

/// A name, with its schema unless it is found without.
fn qualified(cx: Ctx<'_>, schema: Oid, name: &str, is_visible: bool) -> Result<String> {
    let name = quote_identifier(name);
    match cx.catalog().namespace(schema)? {
        Some(row) if !is_visible => Ok(format!("{}.{name}", quote_identifier(&row.nspname))),
        _ => Ok(name),
    }
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

/// A relation's name, with its schema unless it is found without.
pub fn relation_display_name(cx: Ctx<'_>, relation: Oid) -> Result<String> {
    let catalog = cx.catalog();
    let Some(class) = catalog.class(relation)? else { return Ok(relation.to_string()) };
    let found = catalog.relation_in_path(&cx.search_path()?.namespaces, &class.relname)?;
    qualified(cx, class.relnamespace, &class.relname, found == Some(relation))
}

fn describe_relation(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<String>> {
    let catalog = cx.catalog();
    let Some(class) = catalog.class(address.object)? else { return Ok(None) };
    let whole = format!("{} {}", relation_word(class.relkind), relation_display_name(cx, address.object)?);
    if address.part == 0 {
        return Ok(Some(whole));
    }
    let column = catalog.attribute(address.object, address.part as i16)?;
    let column = column.filter(|column| !column.attisdropped);
    Ok(column.map(|column| format!("column {} of {whole}", column.attname)))
}

fn describe_constraint(cx: Ctx<'_>, oid: Oid) -> Result<Option<String>> {
    let Some(row) = cx.catalog().constraint(oid)? else { return Ok(None) };
    let text = format!("constraint {}", row.conname);
    match row.conrelid.is_valid() {
        true => {
            let relation = describe_relation(cx, ObjectAddress::relation(row.conrelid))?.unwrap_or_default();
            Ok(Some(format!("{text} on {relation}")))
        }
        false => Ok(Some(text)),
    }
}

fn describe_cast(cx: Ctx<'_>, oid: Oid) -> Result<Option<String>> {
    let Some(row) = row_of::<PgCast>(cx, c::pg_cast::OID, oid)? else { return Ok(None) };
    let name = |oid| Style::Short.type_name(cx, oid);
    Ok(Some(format!("cast from {} to {}", name(row.castsource)?, name(row.casttarget)?)))
}

/// An operator or a function of an operator family.
fn describe_member(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<String>> {
    let name = |oid| Style::Short.type_name(cx, oid);
    let family = |oid| Ok::<_, report::Error>(describe_named(cx, family_address(oid))?.unwrap_or_default());
    Ok(match address.class {
        oids::PG_AMOP => match row_of::<PgAmop>(cx, c::pg_amop::OID, address.object)? {
            Some(row) => {
                let operator = Style::Short.operator(cx, row.amopopr)?.unwrap_or_default();
                let types = format!("{}, {}", name(row.amoplefttype)?, name(row.amoprighttype)?);
                let family = family(row.amopfamily)?;
                Some(format!("operator {} ({types}) of {family}: {operator}", row.amopstrategy))
            }
            None => None,
        },
        _ => match row_of::<PgAmproc>(cx, c::pg_amproc::OID, address.object)? {
            Some(row) => {
                let routine = Style::Short.routine(cx, row.amproc)?.unwrap_or_default();
                let types = format!("{}, {}", name(row.amproclefttype)?, name(row.amprocrighttype)?);
                let family = family(row.amprocfamily)?;
                Some(format!("function {} ({types}) of {family}: {routine}", row.amprocnum))
            }
            None => None,
        },
    })
}

const fn family_address(oid: Oid) -> ObjectAddress {
    ObjectAddress::new(oids::PG_OPFAMILY, oid)
}

fn describe_default_privileges(cx: Ctx<'_>, oid: Oid) -> Result<Option<String>> {
    let Some(row) = row_of::<PgDefaultAcl>(cx, c::pg_default_acl::OID, oid)? else { return Ok(None) };
    let objects = match row.defaclobjtype {
        b'r' => "relations",
        b'S' => "sequences",
        b'f' => "functions",
        b'T' => "types",
        _ => "schemas",
    };
    let whole = format!("default privileges on new {objects} belonging to role {}", cx.role_name(row.defaclrole)?);
    Ok(Some(match row.defaclnamespace.is_valid() {
        true => format!("{whole} in schema {}", schema_name(cx, row.defaclnamespace)?),
        false => whole,
    }))
}

/// An object that connects two others and has no name of its own.
fn describe_link(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<String>> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let name = |class, oid| Ok::<_, report::Error>(head(cx, class, oid)?.map(|head| head.name).unwrap_or_default());
    Ok(match address.class {
        oids::PG_USER_MAPPING => match row_of::<PgUserMapping>(cx, c::pg_user_mapping::OID, oid)? {
            Some(row) => {
                let user = if row.umuser.is_valid() { cx.role_name(row.umuser)? } else { "public".to_owned() };
                Some(format!("user mapping for {user} on server {}", name(oids::PG_FOREIGN_SERVER, row.umserver)?))
            }
            None => None,
        },
        oids::PG_TRANSFORM => match row_of::<PgTransform>(cx, c::pg_transform::OID, oid)? {
            Some(row) => {
                let language = catalog.language(row.trflang)?.map(|row| row.lanname.clone()).unwrap_or_default();
                Some(format!("transform for {} language {language}", Style::Short.type_name(cx, row.trftype)?))
            }
            None => None,
        },
        oids::PG_PUBLICATION_REL => match row_of::<PgPublicationRel>(cx, c::pg_publication_rel::OID, oid)? {
            Some(row) => {
                let relation = describe_relation(cx, ObjectAddress::relation(row.prrelid))?.unwrap_or_default();
                let publication = name(oids::PG_PUBLICATION, row.prpubid)?;
                Some(format!("publication of {relation} in publication {publication}"))
            }
            None => None,
        },
        _ => match row_of::<PgPublicationNamespace>(cx, c::pg_publication_namespace::OID, oid)? {
            Some(row) => {
                let publication = name(oids::PG_PUBLICATION, row.pnpubid)?;
                let schema = schema_name(cx, row.pnnspid)?;
                Some(format!("publication of schema {schema} in publication {publication}"))
            }
            None => None,
        },
    })
}
