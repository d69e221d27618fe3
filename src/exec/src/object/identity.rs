//! Names of objects that do not depend on the search path, and the lists of names from which an object can be found.

use super::head::{Place, head, row_of};
use super::members::{Style, operator_parts, routine_parts};
use super::{ObjectAddress, relation_word, schema_name};
use base::Oid;
use builtins::quote_identifier;
use catalog::columns as c;
use catalog::oids;
use catalog::rows::*;
use instance::Ctx;
use report::Result;

/// A name that means one object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    /// As one text.
    pub text: String,
    /// The parts of the name.
    pub names: Vec<String>,
    /// What else is needed: types of arguments, a method.
    pub arguments: Vec<String>,
}

impl Identity {
    fn named(text: String, names: Vec<String>) -> Identity {
        Identity { text, names, arguments: Vec::new() }
    }

    /// `name on relation`, found as relation, name.
    fn on(cx: Ctx<'_>, name: &str, relation: Oid) -> Result<Option<Identity>> {
        let Some(of) = relation_identity(cx, ObjectAddress::relation(relation))? else { return Ok(None) };
        let text = format!("{} on {}", quote_identifier(name), of.text);
        Ok(Some(Identity::named(text, [of.names, vec![name.to_owned()]].concat())))
    }
}

/// The word for an object's kind: `table`, `table column`, `function of access method`. Objects need not exist.
pub fn type_word(cx: Ctx<'_>, address: ObjectAddress) -> Result<String> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let word = match address.class {
        oids::PG_CLASS => {
            let word = catalog.class(oid)?.map_or("relation", |row| relation_word(row.relkind));
            return Ok(if address.part == 0 { word.to_owned() } else { format!("{word} column") });
        }
        oids::PG_PROC => match catalog.function(oid)?.map(|row| row.prokind) {
            None => "routine",
            Some(b'a') => "aggregate",
            Some(b'p') => "procedure",
            Some(_) => "function",
        },
        oids::PG_CONSTRAINT => match catalog.constraint(oid)?.map(|row| row.conrelid.is_valid()) {
            None => "constraint",
            Some(true) => "table constraint",
            Some(false) => "domain constraint",
        },
        oids::PG_TYPE => "type",
        oids::PG_CAST => "cast",
        oids::PG_COLLATION => "collation",
        oids::PG_CONVERSION => "conversion",
        oids::PG_ATTRDEF => "default value",
        oids::PG_LANGUAGE => "language",
        oids::PG_LARGEOBJECT => "large object",
        oids::PG_OPERATOR => "operator",
        oids::PG_OPCLASS => "operator class",
        oids::PG_OPFAMILY => "operator family",
        oids::PG_AM => "access method",
        oids::PG_AMOP => "operator of access method",
        oids::PG_AMPROC => "function of access method",
        oids::PG_REWRITE => "rule",
        oids::PG_TRIGGER => "trigger",
        oids::PG_NAMESPACE => "schema",
        oids::PG_STATISTIC_EXT => "statistics object",
        oids::PG_TS_PARSER => "text search parser",
        oids::PG_TS_DICT => "text search dictionary",
        oids::PG_TS_TEMPLATE => "text search template",
        oids::PG_TS_CONFIG => "text search configuration",
        oids::PG_AUTHID => "role",
        oids::PG_DATABASE => "database",
        oids::PG_TABLESPACE => "tablespace",
        oids::PG_FOREIGN_DATA_WRAPPER => "foreign-data wrapper",
        oids::PG_FOREIGN_SERVER => "server",
        oids::PG_USER_MAPPING => "user mapping",
        oids::PG_DEFAULT_ACL => "default acl",
        oids::PG_EXTENSION => "extension",
        oids::PG_EVENT_TRIGGER => "event trigger",
        oids::PG_PARAMETER_ACL => "parameter ACL",
        oids::PG_POLICY => "policy",
        oids::PG_PUBLICATION => "publication",
        oids::PG_PUBLICATION_NAMESPACE => "publication namespace",
        oids::PG_PUBLICATION_REL => "publication relation",
        oids::PG_SUBSCRIPTION => "subscription",
        oids::PG_TRANSFORM => "transform",
        class => report::bail!(INTERNAL_ERROR, "unrecognized object class: {class}"),
    };
    Ok(word.to_owned())
}

/// A name that means the object. `None` if it does not exist.
pub fn identity(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<Identity>> {
    let oid = address.object;
    match address.class {
        oids::PG_CLASS => relation_identity(cx, address),
        oids::PG_TYPE => match cx.catalog().type_by_oid(oid)? {
            Some(_) => {
                let text = Style::Full.type_name(cx, oid)?;
                Ok(Some(Identity::named(text.clone(), vec![text])))
            }
            None => Ok(None),
        },
        oids::PG_PROC => {
            let text = Style::Full.routine(cx, oid)?;
            let (names, arguments) = routine_parts(cx, oid)?;
            Ok(text.map(|text| Identity { text, names, arguments }))
        }
        oids::PG_OPERATOR => {
            let text = Style::Full.operator(cx, oid)?;
            let (names, arguments) = operator_parts(cx, oid)?;
            Ok(text.map(|text| Identity { text, names, arguments }))
        }
        oids::PG_CONSTRAINT => constraint_identity(cx, oid),
        oids::PG_ATTRDEF => {
            let Some(row) = row_of::<PgAttrdef>(cx, c::pg_attrdef::OID, oid)? else { return Ok(None) };
            let column = relation_identity(cx, ObjectAddress::column(row.adrelid, row.adnum))?;
            Ok(column.map(|column| Identity { text: format!("for {}", column.text), ..column }))
        }
        oids::PG_CAST => {
            let Some(row) = row_of::<PgCast>(cx, c::pg_cast::OID, oid)? else { return Ok(None) };
            let name = |oid| Style::Full.type_name(cx, oid);
            let (source, target) = (name(row.castsource)?, name(row.casttarget)?);
            let text = format!("({source} AS {target})");
            Ok(Some(Identity { text, names: vec![source], arguments: vec![target] }))
        }
        oids::PG_AMOP | oids::PG_AMPROC => member_identity(cx, address),
        oids::PG_DEFAULT_ACL => default_privileges_identity(cx, oid),
        oids::PG_USER_MAPPING | oids::PG_TRANSFORM | oids::PG_PUBLICATION_REL | oids::PG_PUBLICATION_NAMESPACE => {
            link_identity(cx, address)
        }
        _ => named_identity(cx, address),
    }
}

fn relation_identity(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<Identity>> {
    let catalog = cx.catalog();
    let Some(class) = catalog.class(address.object)? else { return Ok(None) };
    let mut found = qualified(cx, class.relnamespace, &class.relname)?;
    if address.part != 0 {
        let column = catalog.attribute(address.object, address.part as i16)?.filter(|row| !row.attisdropped);
        let Some(column) = column else { return Ok(None) };
        found.text = format!("{}.{}", found.text, quote_identifier(&column.attname));
        found.names.push(column.attname.clone());
    }
    Ok(Some(found))
}

fn qualified(cx: Ctx<'_>, schema: Oid, name: &str) -> Result<Identity> {
    let schema = schema_name(cx, schema)?;
    let text = format!("{}.{}", quote_identifier(&schema), quote_identifier(name));
    Ok(Identity::named(text, vec![schema, name.to_owned()]))
}

fn named_identity(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<Identity>> {
    let Some(head) = head(cx, address.class, address.object)? else { return Ok(None) };
    Ok(Some(match head.place {
        Place::Nowhere => {
            let name = match address.class {
                oids::PG_NAMESPACE => schema_name(cx, address.object)?,
                _ => head.name,
            };
            let is_bare = address.class == oids::PG_PARAMETER_ACL;
            Identity::named(if is_bare { name.clone() } else { quote_identifier(&name) }, vec![name])
        }
        Place::Schema(schema) => qualified(cx, schema, &head.name)?,
        Place::Method(schema, method) => {
            let method = cx.catalog().access_method(method)?.map(|row| row.amname.clone()).unwrap_or_default();
            let found = qualified(cx, schema, &head.name)?;
            let text = format!("{} USING {}", found.text, quote_identifier(&method));
            Identity::named(text, [vec![method], found.names].concat())
        }
        Place::Relation(relation) => return Identity::on(cx, &head.name, relation),
    }))
}

fn constraint_identity(cx: Ctx<'_>, oid: Oid) -> Result<Option<Identity>> {
    let Some(row) = cx.catalog().constraint(oid)? else { return Ok(None) };
    if row.conrelid.is_valid() {
        return Identity::on(cx, &row.conname, row.conrelid);
    }
    let domain = Style::Full.type_name(cx, row.contypid)?;
    let text = format!("{} on {domain}", quote_identifier(&row.conname));
    Ok(Some(Identity { text, names: vec![domain], arguments: vec![row.conname.clone()] }))
}

/// An operator or a function of an operator family.
fn member_identity(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<Identity>> {
    let (word, number, left, right, family) = match address.class {
        oids::PG_AMOP => {
            let Some(row) = row_of::<PgAmop>(cx, c::pg_amop::OID, address.object)? else { return Ok(None) };
            ("operator", row.amopstrategy, row.amoplefttype, row.amoprighttype, row.amopfamily)
        }
        _ => {
            let Some(row) = row_of::<PgAmproc>(cx, c::pg_amproc::OID, address.object)? else { return Ok(None) };
            ("function", row.amprocnum, row.amproclefttype, row.amprocrighttype, row.amprocfamily)
        }
    };
    let family = named_identity(cx, ObjectAddress::new(oids::PG_OPFAMILY, family))?.unwrap_or_default();
    let (left, right) = (Style::Full.type_name(cx, left)?, Style::Full.type_name(cx, right)?);
    let text = format!("{word} {number} ({left}, {right}) of {}", family.text);
    let names = [family.names, vec![number.to_string()]].concat();
    Ok(Some(Identity { text, names, arguments: vec![left, right] }))
}

fn default_privileges_identity(cx: Ctx<'_>, oid: Oid) -> Result<Option<Identity>> {
    let Some(row) = row_of::<PgDefaultAcl>(cx, c::pg_default_acl::OID, oid)? else { return Ok(None) };
    let role = cx.role_name(row.defaclrole)?;
    let mut text = format!("for role {}", quote_identifier(&role));
    let mut names = vec![role];
    if row.defaclnamespace.is_valid() {
        let schema = schema_name(cx, row.defaclnamespace)?;
        text = format!("{text} in schema {}", quote_identifier(&schema));
        names.push(schema);
    }
    let objects = match row.defaclobjtype {
        b'r' => "tables",
        b'S' => "sequences",
        b'f' => "functions",
        b'T' => "types",
        _ => "schemas",
    };
    let text = format!("{text} on {objects}");
    Ok(Some(Identity { text, names, arguments: vec![char::from(row.defaclobjtype).to_string()] }))
}

/// An object that connects two others and has no name of its own.
fn link_identity(cx: Ctx<'_>, address: ObjectAddress) -> Result<Option<Identity>> {
    let (catalog, oid) = (cx.catalog(), address.object);
    let name = |class, oid| Ok::<_, report::Error>(head(cx, class, oid)?.map(|head| head.name).unwrap_or_default());
    Ok(match address.class {
        oids::PG_USER_MAPPING => match row_of::<PgUserMapping>(cx, c::pg_user_mapping::OID, oid)? {
            Some(row) => {
                let user = if row.umuser.is_valid() { cx.role_name(row.umuser)? } else { "public".to_owned() };
                let server = name(oids::PG_FOREIGN_SERVER, row.umserver)?;
                let text = format!("{} on server {server}", quote_identifier(&user));
                Some(Identity { text, names: vec![user], arguments: vec![server] })
            }
            None => None,
        },
        oids::PG_TRANSFORM => match row_of::<PgTransform>(cx, c::pg_transform::OID, oid)? {
            Some(row) => {
                let language = catalog.language(row.trflang)?.map(|row| row.lanname.clone()).unwrap_or_default();
                let of = Style::Full.type_name(cx, row.trftype)?;
                let text = format!("for {of} on language {language}");
                Some(Identity { text, names: vec![of], arguments: vec![language] })
            }
            None => None,
        },
        oids::PG_PUBLICATION_REL => match row_of::<PgPublicationRel>(cx, c::pg_publication_rel::OID, oid)? {
            Some(row) => {
                let publication = name(oids::PG_PUBLICATION, row.prpubid)?;
                let relation = relation_identity(cx, ObjectAddress::relation(row.prrelid))?.unwrap_or_default();
                let text = format!("{} in publication {publication}", relation.text);
                Some(Identity { text, names: relation.names, arguments: vec![publication] })
            }
            None => None,
        },
        _ => match row_of::<PgPublicationNamespace>(cx, c::pg_publication_namespace::OID, oid)? {
            Some(row) => {
                let (publication, schema) = (name(oids::PG_PUBLICATION, row.pnpubid)?, schema_name(cx, row.pnnspid)?);
                let text = format!("{schema} in publication {publication}");
                Some(Identity { text, names: vec![schema], arguments: vec![publication] })
            }
            None => None,
        },
    })
}
