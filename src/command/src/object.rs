//! Any object that a statement names, found: for COMMENT and for privileges.

use crate::address::{ObjectAddress, relation_word};
use crate::drop_statement::range_of;
use crate::statement_name::object_words;
use crate::{Execution, names, with_analyze_context};
use base::Oid;
use catalog::columns as c;
use catalog::oids;
use catalog::rows::*;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{ObjectName, ObjectType, ObjectWithArgs, QualifiedName, RangeVar, TypeName};
use report::{Error, Result, bail, error, unsupported};
use schema::{CatalogRow, Key, RelationEntry};
use std::sync::Arc;

/// A type's row, shared with the caches.
pub(crate) type TypeRow = Arc<CatalogRow<PgType>>;

/// An object that was found, and who may change it.
pub(crate) struct Found {
    /// What it is.
    pub address: ObjectAddress,
    /// Who may change it.
    pub guard: Guard,
}

/// Whose an object is.
pub(crate) enum Guard {
    /// Its owner's; kind and name are for the message.
    Owner(Oid, ObjectKind, String),
    /// It has no owner: only superusers may change it.
    Superuser,
    /// It is a role.
    Role,
    /// It is a cast: the owner of either type may change it.
    Either((Oid, String), (Oid, String)),
}

impl Found {
    fn owned(class: Oid, object: Oid, owner: Oid, (kind, name): (ObjectKind, &str)) -> Found {
        Found { address: ObjectAddress::new(class, object), guard: Guard::Owner(owner, kind, name.to_owned()) }
    }

    /// 42501 unless the current user may change the object.
    pub(crate) fn check_owner(&self, cx: Ctx<'_>) -> Result<()> {
        let user = cx.session.current_user();
        match &self.guard {
            Guard::Owner(owner, kind, name) => cx.check_owner(*owner, *kind, name),
            Guard::Superuser if cx.session.is_superuser() => Ok(()),
            Guard::Superuser => bail!(INSUFFICIENT_PRIVILEGE, "must be superuser"),
            Guard::Role => {
                let is_superuser = cx.catalog().role(self.address.object)?.is_some_and(|role| role.rolsuper);
                match is_superuser {
                    true if !cx.session.is_superuser() => bail!(INSUFFICIENT_PRIVILEGE, "must be superuser"),
                    false if !crate::role_statement::may_create_roles(cx)? => {
                        bail!(INSUFFICIENT_PRIVILEGE, "must have CREATEROLE privilege")
                    }
                    _ => Ok(()),
                }
            }
            Guard::Either((first, first_name), (second, second_name)) => {
                match cx.has_privileges_of(user, *first)? || cx.has_privileges_of(user, *second)? {
                    true => Ok(()),
                    false => {
                        bail!(INSUFFICIENT_PRIVILEGE, "must be owner of type {first_name} or type {second_name}")
                    }
                }
            }
        }
    }
}

/// Finds the object. Relations are locked against change. Errors: those of names that mean nothing.
pub(crate) fn find(ex: &Execution<'_, '_>, object_type: ObjectType, object: &ObjectName) -> Result<Found> {
    match object {
        ObjectName::Name(name) => find_named(ex.cx, object_type, name),
        ObjectName::Qualified(name) if object_type == ObjectType::Column => find_column(ex.cx, name),
        ObjectName::Qualified(name) => find_qualified(ex.cx, object_type, name),
        ObjectName::Relation(range) => find_relation(ex.cx, object_type, range),
        ObjectName::Type(name) => find_type(ex, object_type, name),
        ObjectName::Callable(callable) if object_type == ObjectType::Operator => find_operator(ex, callable),
        ObjectName::Callable(callable) => {
            let row = find_routine(ex, object_type, callable)?;
            let name = callable.name.dotted();
            Ok(Found::owned(oids::PG_PROC, row.oid, row.proowner, (ObjectKind::Function, &name)))
        }
        ObjectName::OnRelation(name, relation) => find_on_relation(ex.cx, object_type, name, relation),
        ObjectName::OnDomain(name, domain) => find_on_domain(ex, name, domain),
        ObjectName::ByMethod(name, method) => find_by_method(ex.cx, object_type, name, method),
        ObjectName::Cast(source, target) => find_cast(ex, source, target),
        ObjectName::LargeObject(number) => bail!(UNDEFINED_OBJECT, "large object {number} does not exist"),
        ObjectName::Transform(..) | ObjectName::UserMapping(..) => unsupported!("{}", object_words(object_type)),
    }
}

fn missing(kind: &str, name: &str) -> Error {
    error!(UNDEFINED_OBJECT, "{kind} \"{name}\" does not exist")
}

fn find_named(cx: Ctx<'_>, object_type: ObjectType, name: &str) -> Result<Found> {
    let catalog = cx.catalog();
    Ok(match object_type {
        ObjectType::Database => {
            let row = catalog.database_by_name(name)?;
            let row = row.ok_or_else(|| error!(UNDEFINED_DATABASE, "database \"{name}\" does not exist"))?;
            Found::owned(oids::PG_DATABASE, row.oid, row.datdba, (ObjectKind::Database, name))
        }
        ObjectType::Role => {
            let row = crate::role::find(cx, name)?;
            Found { address: ObjectAddress::new(oids::PG_AUTHID, row.oid), guard: Guard::Role }
        }
        ObjectType::Schema => {
            let row = catalog.namespace_by_name(name)?;
            let row = row.ok_or_else(|| error!(INVALID_SCHEMA_NAME, "schema \"{name}\" does not exist"))?;
            Found::owned(oids::PG_NAMESPACE, row.oid, row.nspowner, (ObjectKind::Schema, name))
        }
        ObjectType::Language => {
            let row = catalog.language_by_name(name)?.ok_or_else(|| missing("language", name))?;
            Found::owned(oids::PG_LANGUAGE, row.oid, row.lanowner, (ObjectKind::Language, name))
        }
        ObjectType::Tablespace => {
            let row = catalog.tablespace_by_name(name)?.ok_or_else(|| missing("tablespace", name))?;
            Found::owned(oids::PG_TABLESPACE, row.oid, row.spcowner, (ObjectKind::Tablespace, name))
        }
        ObjectType::AccessMethod => {
            let row = catalog.access_method_by_name(name)?.ok_or_else(|| missing("access method", name))?;
            Found { address: ObjectAddress::new(oids::PG_AM, row.oid), guard: Guard::Superuser }
        }
        ObjectType::ForeignServer => return Err(missing("server", name)),
        other => {
            return Err(missing(&object_words(other).to_lowercase().replace("foreign data", "foreign-data"), name));
        }
    })
}

/// A relation of the kind that was named.
pub(crate) fn open(cx: Ctx<'_>, object_type: ObjectType, range: &RangeVar) -> Result<Arc<RelationEntry>> {
    let entry = names::open_relation(cx, range, LockMode::ShareUpdateExclusive)?;
    let kind = entry.kind();
    let (fits, word) = match object_type {
        ObjectType::Index => (matches!(kind, b'i' | b'I'), "an index"),
        ObjectType::Sequence => (kind == b'S', "a sequence"),
        ObjectType::Table => (matches!(kind, b'r' | b'p'), "a table"),
        ObjectType::View => (kind == b'v', "a view"),
        ObjectType::MaterializedView => (kind == b'm', "a materialized view"),
        ObjectType::ForeignTable => (kind == b'f', "a foreign table"),
        _ => (true, ""),
    };
    match fits {
        true => Ok(entry),
        false => Err(error!(WRONG_OBJECT_TYPE, "\"{}\" is not {word}", entry.name())),
    }
}

fn find_relation(cx: Ctx<'_>, object_type: ObjectType, range: &RangeVar) -> Result<Found> {
    let entry = open(cx, object_type, range)?;
    let kind = ObjectKind::of_relkind(entry.kind());
    Ok(Found::owned(oids::PG_CLASS, entry.oid, entry.class.relowner, (kind, entry.name())))
}

fn find_column(cx: Ctx<'_>, name: &QualifiedName) -> Result<Found> {
    let relation = QualifiedName { parts: name.qualifiers().to_vec(), pos: name.pos };
    if relation.parts.is_empty() {
        bail!(SYNTAX_ERROR, "column name must be qualified");
    }
    let entry = open(cx, ObjectType::Column, &range_of(&relation))?;
    let column = name.last();
    let Some(number) = entry.column(column) else {
        bail!(UNDEFINED_COLUMN, "column \"{column}\" of relation \"{}\" does not exist", entry.name());
    };
    let kind = ObjectKind::of_relkind(entry.kind());
    let guard = Guard::Owner(entry.class.relowner, kind, entry.name().to_owned());
    Ok(Found { address: ObjectAddress::column(entry.oid, number), guard })
}

/// The schemas in which a name is looked for, and its last part. Errors: 3F000, 0A000 for another database.
pub(crate) fn places<'n>(cx: Ctx<'_>, name: &'n QualifiedName) -> Result<(Vec<Oid>, &'n str)> {
    match &name.parts[..] {
        [only] => Ok((cx.search_path()?.namespaces.to_vec(), only)),
        [schema, last] => Ok((vec![names::open_schema(cx, schema)?], last)),
        [database, schema, last] if *database == cx.session.database_name => {
            Ok((vec![names::open_schema(cx, schema)?], last))
        }
        _ => bail!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}", name.dotted()),
    }
}

fn find_qualified(cx: Ctx<'_>, object_type: ObjectType, name: &QualifiedName) -> Result<Found> {
    match object_type {
        ObjectType::Collation => find_collation(cx, name),
        ObjectType::Conversion => find_conversion(cx, name),
        ObjectType::Statistics => Err(missing("statistics object", &name.dotted())),
        ObjectType::TextSearchConfiguration => find_text_search(cx, oids::PG_TS_CONFIG, name),
        ObjectType::TextSearchDictionary => find_text_search(cx, oids::PG_TS_DICT, name),
        ObjectType::TextSearchParser => find_text_search(cx, oids::PG_TS_PARSER, name),
        ObjectType::TextSearchTemplate => find_text_search(cx, oids::PG_TS_TEMPLATE, name),
        _ => find_relation(cx, object_type, &range_of(name)),
    }
}

fn find_collation(cx: Ctx<'_>, name: &QualifiedName) -> Result<Found> {
    let (schemas, last) = places(cx, name)?;
    for schema in schemas {
        for encoding in [6, -1] {
            if let Some(row) = cx.catalog().collation_by_name(schema, last, encoding)? {
                let named = (ObjectKind::Other("collation"), &*name.dotted());
                return Ok(Found::owned(oids::PG_COLLATION, row.oid, row.collowner, named));
            }
        }
    }
    bail!(UNDEFINED_OBJECT, "collation \"{}\" for encoding \"UTF8\" does not exist", name.dotted())
}

fn find_conversion(cx: Ctx<'_>, name: &QualifiedName) -> Result<Found> {
    let (schemas, last) = places(cx, name)?;
    for row in cx.catalog().scan::<PgConversion>(&[Key::text(c::pg_conversion::CONNAME, last)])? {
        if schemas.contains(&row.connamespace) {
            let named = (ObjectKind::Other("conversion"), &*name.dotted());
            return Ok(Found::owned(oids::PG_CONVERSION, row.oid, row.conowner, named));
        }
    }
    Err(missing("conversion", &name.dotted()))
}

fn find_text_search(cx: Ctx<'_>, class: Oid, name: &QualifiedName) -> Result<Found> {
    let (schemas, last) = places(cx, name)?;
    let catalog = cx.catalog();
    let superuser = |oid| Found { address: ObjectAddress::new(class, oid), guard: Guard::Superuser };
    let dotted = name.dotted();
    let found = match class {
        oids::PG_TS_CONFIG => {
            let rows = catalog.scan::<PgTsConfig>(&[Key::text(c::pg_ts_config::CFGNAME, last)])?;
            let row = rows.iter().find(|row| schemas.contains(&row.cfgnamespace));
            let kind = ObjectKind::Other("text search configuration");
            row.map(|row| Found::owned(class, row.oid, row.cfgowner, (kind, &dotted)))
        }
        oids::PG_TS_DICT => {
            let rows = catalog.scan::<PgTsDict>(&[Key::text(c::pg_ts_dict::DICTNAME, last)])?;
            let row = rows.iter().find(|row| schemas.contains(&row.dictnamespace));
            let kind = ObjectKind::Other("text search dictionary");
            row.map(|row| Found::owned(class, row.oid, row.dictowner, (kind, &dotted)))
        }
        oids::PG_TS_PARSER => {
            let rows = catalog.scan::<PgTsParser>(&[Key::text(c::pg_ts_parser::PRSNAME, last)])?;
            rows.iter().find(|row| schemas.contains(&row.prsnamespace)).map(|row| superuser(row.oid))
        }
        _ => {
            let rows = catalog.scan::<PgTsTemplate>(&[Key::text(c::pg_ts_template::TMPLNAME, last)])?;
            rows.iter().find(|row| schemas.contains(&row.tmplnamespace)).map(|row| superuser(row.oid))
        }
    };
    let kind = match class {
        oids::PG_TS_CONFIG => "text search configuration",
        oids::PG_TS_DICT => "text search dictionary",
        oids::PG_TS_PARSER => "text search parser",
        _ => "text search template",
    };
    found.ok_or_else(|| missing(kind, &dotted))
}

/// The type that a name means. Errors: 42704.
pub(crate) fn type_row(ex: &Execution<'_, '_>, name: &TypeName) -> Result<TypeRow> {
    let found = with_analyze_context(ex.cx, ex.text, |context| context.find_type_of_name(name))?;
    found.ok_or_else(|| error!(UNDEFINED_OBJECT, "type \"{}\" does not exist", name.name.dotted()))
}

fn type_text(ex: &Execution<'_, '_>, oid: Oid) -> Result<String> {
    ex.cx.catalog().format_type(oid, None, &ex.cx.search_path()?.namespaces)
}

fn find_type(ex: &Execution<'_, '_>, object_type: ObjectType, name: &TypeName) -> Result<Found> {
    let row = type_row(ex, name)?;
    if object_type == ObjectType::Domain && row.typtype != b'd' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a domain", name.name.dotted());
    }
    let text = type_text(ex, row.oid)?;
    Ok(Found::owned(oids::PG_TYPE, row.oid, row.typowner, (ObjectKind::Type, &text)))
}

fn argument_types(ex: &Execution<'_, '_>, args: &[Option<TypeName>]) -> Result<Vec<Oid>> {
    args.iter().map(|arg| arg.as_ref().map_or(Ok(Oid::INVALID), |name| Ok(type_row(ex, name)?.oid))).collect()
}

fn find_operator(ex: &Execution<'_, '_>, operator: &ObjectWithArgs) -> Result<Found> {
    let (schemas, symbol) = places(ex.cx, &operator.name)?;
    let types = argument_types(ex, &operator.args)?;
    let [left, right] = types[..] else { bail!(SYNTAX_ERROR, "missing argument") };
    for schema in schemas {
        if let Some(row) = ex.cx.catalog().operator_exact(symbol, left, right, schema)? {
            let name = operator.name.dotted();
            let named = (ObjectKind::Other("operator"), &*name);
            return Ok(Found::owned(oids::PG_OPERATOR, row.oid, row.oprowner, named));
        }
    }
    let mut text = String::new();
    if left.is_valid() {
        text = type_text(ex, left)? + " ";
    }
    text += &operator.name.dotted();
    if right.is_valid() {
        text = text + " " + &type_text(ex, right)?;
    }
    bail!(UNDEFINED_FUNCTION, "operator does not exist: {text}")
}

/// The function, procedure or aggregate that a name with or without argument types means.
///
/// Errors: 42883, 42725 if no types were written and several have the name, 42809 if it is of another kind.
pub(crate) fn find_routine(
    ex: &Execution<'_, '_>,
    object_type: ObjectType,
    routine: &ObjectWithArgs,
) -> Result<Arc<CatalogRow<PgProc>>> {
    let cx = ex.cx;
    let (schemas, last) = places(cx, &routine.name)?;
    let all = cx.catalog().functions_by_name(last)?;
    let (word, article) = routine_word(object_type);
    let name = routine.name.dotted();
    if routine.args_unspecified {
        let mut found: Vec<_> = Vec::new();
        for schema in schemas {
            for row in all.iter().filter(|row| row.pronamespace == schema && is_of(object_type, row.prokind)) {
                // One with the same arguments in an earlier schema hides it.
                if !found.iter().any(|known: &Arc<CatalogRow<PgProc>>| known.proargtypes == row.proargtypes) {
                    found.push(Arc::clone(row));
                }
            }
        }
        return match &found[..] {
            [only] => Ok(Arc::clone(only)),
            [] => bail!(UNDEFINED_FUNCTION, "could not find {article} {word} named \"{name}\""),
            _ => {
                let error = error!(AMBIGUOUS_FUNCTION, "{word} name \"{name}\" is not unique");
                Err(error.hint(format!("Specify the argument list to select the {word} unambiguously.")))
            }
        };
    }
    let types = argument_types(ex, &routine.args)?;
    let found = schemas
        .iter()
        .find_map(|schema| all.iter().find(|row| row.pronamespace == *schema && row.proargtypes == types));
    let texts = types.iter().map(|oid| type_text(ex, *oid)).collect::<Result<Vec<_>>>()?.join(", ");
    let Some(row) = found else {
        match object_type {
            ObjectType::Aggregate if types.is_empty() => {
                bail!(UNDEFINED_FUNCTION, "aggregate {name}(*) does not exist")
            }
            _ => bail!(UNDEFINED_FUNCTION, "{word} {name}({texts}) does not exist"),
        }
    };
    match is_of(object_type, row.prokind) {
        true => Ok(Arc::clone(row)),
        false if object_type == ObjectType::Aggregate => {
            bail!(WRONG_OBJECT_TYPE, "function {name}({texts}) is not an aggregate")
        }
        false => bail!(WRONG_OBJECT_TYPE, "{name}({texts}) is not {article} {word}"),
    }
}

const fn routine_word(object_type: ObjectType) -> (&'static str, &'static str) {
    match object_type {
        ObjectType::Procedure => ("procedure", "a"),
        ObjectType::Aggregate => ("aggregate", "an"),
        ObjectType::Routine => ("routine", "a"),
        _ => ("function", "a"),
    }
}

const fn is_of(object_type: ObjectType, prokind: u8) -> bool {
    match object_type {
        ObjectType::Procedure => prokind == b'p',
        ObjectType::Aggregate => prokind == b'a',
        ObjectType::Routine => true,
        _ => prokind != b'p',
    }
}

fn find_on_relation(cx: Ctx<'_>, object_type: ObjectType, name: &str, relation: &QualifiedName) -> Result<Found> {
    let entry = open(cx, ObjectType::Column, &range_of(relation))?;
    let catalog = cx.catalog();
    let found = match object_type {
        ObjectType::Trigger => {
            let trigger = entry.triggers.iter().find(|trigger| trigger.tgname == name);
            trigger.map(|row| (oids::PG_TRIGGER, row.oid))
        }
        ObjectType::Rule => {
            let keys = [Key::oid(c::pg_rewrite::EV_CLASS, entry.oid), Key::text(c::pg_rewrite::RULENAME, name)];
            catalog.scan::<PgRewrite>(&keys)?.first().map(|row| (oids::PG_REWRITE, row.oid))
        }
        ObjectType::TableConstraint => {
            let rows = catalog.constraints(entry.oid)?;
            rows.iter().find(|row| row.conname == name).map(|row| (oids::PG_CONSTRAINT, row.oid))
        }
        _ => None,
    };
    let Some((class, oid)) = found else {
        let word = object_words(object_type).to_lowercase();
        let of = if object_type == ObjectType::Rule { "relation" } else { "table" };
        bail!(UNDEFINED_OBJECT, "{word} \"{name}\" for {of} \"{}\" does not exist", entry.name());
    };
    let kind = match relation_word(entry.kind()) {
        "view" => ObjectKind::View,
        _ => ObjectKind::of_relkind(entry.kind()),
    };
    Ok(Found::owned(class, oid, entry.class.relowner, (kind, entry.name())))
}

fn find_on_domain(ex: &Execution<'_, '_>, name: &str, domain: &TypeName) -> Result<Found> {
    let row = type_row(ex, domain)?;
    let text = type_text(ex, row.oid)?;
    let rows = ex.cx.catalog().domain_constraints(row.oid)?;
    let Some(constraint) = rows.iter().find(|row| row.conname == name) else {
        bail!(UNDEFINED_OBJECT, "constraint \"{name}\" for domain {text} does not exist");
    };
    Ok(Found::owned(oids::PG_CONSTRAINT, constraint.oid, row.typowner, (ObjectKind::Type, &text)))
}

fn find_by_method(cx: Ctx<'_>, object_type: ObjectType, name: &QualifiedName, method: &str) -> Result<Found> {
    let catalog = cx.catalog();
    let method_row = catalog.access_method_by_name(method)?.ok_or_else(|| missing("access method", method))?;
    let (schemas, last) = places(cx, name)?;
    let (word, dotted) =
        (if object_type == ObjectType::OperatorClass { "operator class" } else { "operator family" }, name.dotted());
    for schema in schemas {
        let named = (ObjectKind::Other(word), &*dotted);
        let found = match object_type {
            ObjectType::OperatorClass => catalog
                .opclass_by_name(method_row.oid, last, schema)?
                .map(|row| Found::owned(oids::PG_OPCLASS, row.oid, row.opcowner, named)),
            _ => catalog
                .opfamily_by_name(method_row.oid, last, schema)?
                .map(|row| Found::owned(oids::PG_OPFAMILY, row.oid, row.opfowner, named)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    bail!(UNDEFINED_OBJECT, "{word} \"{dotted}\" does not exist for access method \"{method}\"")
}

fn find_cast(ex: &Execution<'_, '_>, source: &TypeName, target: &TypeName) -> Result<Found> {
    let (from, to) = (type_row(ex, source)?, type_row(ex, target)?);
    let (from_text, to_text) = (type_text(ex, from.oid)?, type_text(ex, to.oid)?);
    let Some(row) = ex.cx.catalog().cast(from.oid, to.oid)? else {
        bail!(UNDEFINED_OBJECT, "cast from type {from_text} to type {to_text} does not exist");
    };
    let guard = Guard::Either((from.typowner, from_text), (to.typowner, to_text));
    Ok(Found { address: ObjectAddress::new(oids::PG_CAST, row.oid), guard })
}
