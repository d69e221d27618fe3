//! Functions: found by name and argument types, for DROP, RENAME, OWNER TO and the like. Making them is not supported yet.

use crate::{Execution, with_analyze_context};
use base::Oid;
use catalog::rows::PgProc;
use parser::ast::{CreateFunctionStmt, DefArg, ObjectType, ObjectWithArgs};
use report::{Error, Result, error, unsupported};

/// CREATE FUNCTION, CREATE PROCEDURE.
pub(crate) fn create(statement: &CreateFunctionStmt) -> Result<crate::Tag> {
    let language = statement.options.iter().find(|option| option.name == "language").and_then(|o| o.arg.as_ref());
    let language = match language {
        Some(DefArg::String(name)) => name.to_ascii_lowercase(),
        Some(DefArg::Name(name)) => name.dotted(),
        _ if statement.body.is_some() => "sql".to_owned(),
        _ => return Err(error!(INVALID_FUNCTION_DEFINITION, "no language specified")),
    };
    match language.as_str() {
        "sql" | "c" | "internal" => unsupported!("language {language} functions"),
        _ => {
            let error = error!(UNDEFINED_OBJECT, "language \"{language}\" does not exist");
            Err(if language == "plpgsql" {
                error.hint("Use CREATE EXTENSION to load the language into the database.")
            } else {
                error
            })
        }
    }
}

/// The function that a statement names. Errors: 42883, 42725, 42809.
pub(crate) fn find(ex: &Execution<'_, '_>, kind: ObjectType, named: &ObjectWithArgs) -> Result<PgProc> {
    match look_up(ex, kind, named)? {
        Some(row) => Ok(row),
        None => Err(missing(ex, kind, named)?),
    }
}

/// As `find`; `None` if there is none.
pub(crate) fn look_up(ex: &Execution<'_, '_>, kind: ObjectType, named: &ObjectWithArgs) -> Result<Option<PgProc>> {
    let catalog = ex.cx.catalog();
    let path = ex.cx.search_path()?;
    let namespaces: Vec<Oid> = match named.name.qualifiers().last() {
        Some(schema) => crate::names::find_schema(ex.cx, schema)?.into_iter().collect(),
        None => path.namespaces.to_vec(),
    };
    let rows = catalog.functions_by_name(named.name.last())?;
    let fits_kind = |row: &PgProc| match kind {
        ObjectType::Aggregate => row.prokind == b'a',
        ObjectType::Procedure => row.prokind == b'p',
        ObjectType::Function => matches!(row.prokind, b'f' | b'w'),
        _ => true,
    };
    if named.args_unspecified {
        for namespace in namespaces {
            let mut found = rows.iter().filter(|row| row.pronamespace == namespace && fits_kind(row));
            let Some(first) = found.next() else { continue };
            if found.next().is_some() {
                let (word, name) = (word_of(kind), named.name.dotted());
                let error = error!(AMBIGUOUS_FUNCTION, "{word} name \"{name}\" is not unique");
                return Err(error.hint(format!("Specify the argument list to select the {word} unambiguously.")));
            }
            return Ok(Some(first.row.clone()));
        }
        return Ok(None);
    }
    let types = argument_types(ex, named)?;
    let by_path = namespaces.iter().find_map(|namespace| {
        rows.iter().find(|row| row.pronamespace == *namespace && row.proargtypes == types)
    });
    let Some(row) = by_path else { return Ok(None) };
    if !fits_kind(row) {
        let signature = crate::address::function_signature(ex.cx, &named.name.dotted(), &types)?;
        let article = if kind == ObjectType::Aggregate { "an" } else { "a" };
        return Err(error!(WRONG_OBJECT_TYPE, "{signature} is not {article} {}", word_of(kind)));
    }
    Ok(Some(row.row.clone()))
}

fn argument_types(ex: &Execution<'_, '_>, named: &ObjectWithArgs) -> Result<Vec<Oid>> {
    let resolve = |name: &Option<parser::ast::TypeName>| match name {
        Some(name) => Ok(with_analyze_context(ex.cx, ex.text, |context| context.resolve_type_name(name))?.oid),
        None => Ok(Oid::INVALID),
    };
    named.args.iter().map(resolve).collect()
}

/// 42883.
pub(crate) fn missing(ex: &Execution<'_, '_>, kind: ObjectType, named: &ObjectWithArgs) -> Result<Error> {
    let (word, name) = (word_of(kind), named.name.dotted());
    if named.args_unspecified {
        return Ok(error!(UNDEFINED_FUNCTION, "could not find a {word} named \"{name}\""));
    }
    let types = argument_types(ex, named)?;
    let catalog = ex.cx.catalog();
    let path = ex.cx.search_path()?;
    let names = types.iter().map(|oid| catalog.format_type(*oid, None, &path.namespaces));
    let names = names.collect::<Result<Vec<_>>>()?;
    Ok(error!(UNDEFINED_FUNCTION, "{word} {name}({}) does not exist", names.join(", ")))
}

fn word_of(kind: ObjectType) -> &'static str {
    match kind {
        ObjectType::Aggregate => "aggregate",
        ObjectType::Procedure => "procedure",
        ObjectType::Routine => "routine",
        _ => "function",
    }
}
