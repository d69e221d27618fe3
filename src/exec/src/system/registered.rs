//! The types regclass, regtype, regproc and their kin: object ids that read and print as names.

use super::functions;
use base::Oid;
use builtins::{FnCtx, quote_identifier};
use instance::{Ctx, split_names};
use report::{Error, Result, bail, error};
use tuple::Datum;

functions! {
    regclassin, regclassout, text_regclass, to_regclass, regtypein, regtypeout, to_regtype, regprocin,
    regprocout, to_regproc, regprocedurein, regprocedureout, to_regprocedure, regnamespacein, regnamespaceout,
    to_regnamespace, regrolein, regroleout, to_regrole, regoperout, regoperatorout, regcollationin, regcollationout,
    to_regcollation, regoperin, to_regoper, regoperatorin, to_regoperator,
}

/// `-` is zero; digits are the number itself. Anything else is a name.
fn number(text: &str) -> Option<Oid> {
    match text {
        "-" => Some(Oid::INVALID),
        _ if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok().map(Oid),
        _ => None,
    }
}

/// Splits `a.b` into schema and name, unquoted. Errors: 42602.
fn parts(text: &str) -> Result<(Option<String>, String)> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let end = end_of_name(rest);
        names.extend(split_names(&rest[..end]));
        rest = rest[end..].trim_start();
        match rest.strip_prefix('.') {
            Some(more) => rest = more.trim_start(),
            None => break,
        }
    }
    let mut names = names.into_iter().rev();
    match (names.next(), rest.is_empty()) {
        (Some(name), true) if !name.is_empty() => Ok((names.next(), name)),
        _ => bail!(INVALID_NAME, "invalid name syntax"),
    }
}

fn end_of_name(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn display(schema: Option<&str>, name: &str) -> String {
    schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"))
}

/// The schema of this name. `None` if there is none.
fn namespace(cx: Ctx<'_>, name: &str) -> Result<Option<Oid>> {
    Ok(cx.catalog().namespace_by_name(name)?.map(|row| row.oid))
}

/// What is wrong with a name that was not found: its schema, or what the caller says.
fn not_found(cx: Ctx<'_>, text: &str, error: impl FnOnce() -> Error) -> Result<Error> {
    let (schema, _) = parts(text)?;
    match schema {
        Some(schema) if namespace(cx, &schema)?.is_none() => {
            Ok(error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"))
        }
        _ => Ok(error()),
    }
}

fn find_class(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    let (schema, name) = parts(text)?;
    match &schema {
        Some(schema) => match namespace(cx, schema)? {
            Some(namespace) => cx.catalog().relation_oid(namespace, &name),
            None => Ok(None),
        },
        None => cx.catalog().relation_in_path(&cx.search_path()?.namespaces, &name),
    }
}

fn regclassin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    match number(text) {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => named_class(cx, text).map(Datum::Oid),
    }
}

/// To a cast of text a number is a name as any other.
fn text_regclass(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    named_class(cx, args[0].as_str()).map(Datum::Oid)
}

fn named_class(cx: Ctx<'_>, text: &str) -> Result<Oid> {
    let Some(oid) = find_class(cx, text)? else {
        let (schema, name) = parts(text)?;
        let shown = display(schema.as_deref(), &name);
        return Err(not_found(cx, text, || error!(UNDEFINED_TABLE, "relation \"{shown}\" does not exist"))?);
    };
    Ok(oid)
}

/// The relation that a text names.
pub(super) fn class_of_text(cx: Ctx<'_>, fx: &mut FnCtx<'_>, text: &Datum) -> Result<Oid> {
    regclassin(cx, fx, std::slice::from_ref(text)).map(|datum| datum.as_oid())
}

/// The function that a text with argument types names. Errors: 42883.
pub(super) fn procedure_of_text(cx: Ctx<'_>, text: &str) -> Result<Oid> {
    match find_procedure(cx, text)? {
        Some(oid) => Ok(oid),
        None => Err(error!(UNDEFINED_FUNCTION, "function \"{text}\" does not exist")),
    }
}

/// The type that a text names. Errors: 42704.
pub(super) fn type_of_text(cx: Ctx<'_>, text: &str) -> Result<Oid> {
    match find_type(cx, text) {
        Err(error) if error.code() == report::SqlState::UNDEFINED_OBJECT => {
            Err(error!(UNDEFINED_OBJECT, "type \"{text}\" does not exist"))
        }
        found => found,
    }
}

fn to_regclass(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_class(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

/// A name, with its schema unless it is found without.
fn qualified(cx: Ctx<'_>, schema: Oid, name: &str, is_visible: bool) -> Result<String> {
    if is_visible {
        return Ok(quote_identifier(name));
    }
    let row = cx.catalog().namespace(schema)?;
    Ok(match row {
        Some(row) => format!("{}.{}", quote_identifier(&row.nspname), quote_identifier(name)),
        None => quote_identifier(name),
    })
}

fn unnamed(oid: Oid) -> Datum {
    if oid.is_valid() { Datum::from(oid.to_string()) } else { Datum::text("-") }
}

fn regclassout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let catalog = cx.catalog();
    let Some(row) = catalog.class(oid)? else { return Ok(unnamed(oid)) };
    let is_visible = catalog.relation_in_path(&cx.search_path()?.namespaces, &row.relname)? == Some(oid);
    Ok(Datum::from(qualified(cx, row.relnamespace, &row.relname, is_visible)?))
}

fn find_type(cx: Ctx<'_>, text: &str) -> Result<Oid> {
    let parsed = parser::parse_type_name(text, &parser::ParseOptions::default())?;
    crate::with_analysis(cx, text, |context| Ok(context.resolve_type_name(&parsed)?.oid))
}

fn regtypein(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    match number(text) {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => find_type(cx, text).map(Datum::Oid),
    }
}

fn to_regtype(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match find_type(cx, args[0].as_str()) {
        Ok(oid) => Ok(Datum::Oid(oid)),
        Err(error) if error.code() == report::SqlState::UNDEFINED_OBJECT => Ok(Datum::Null),
        Err(error) => Err(error),
    }
}

fn regtypeout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    match oid.is_valid() && cx.catalog().type_by_oid(oid)?.is_some() {
        true => Ok(Datum::from(cx.catalog().format_type(oid, None, &cx.search_path()?.namespaces)?)),
        false => Ok(unnamed(oid)),
    }
}

/// The functions of this name that can be found.
fn find_functions(cx: Ctx<'_>, schema: Option<&str>, name: &str) -> Result<Vec<Oid>> {
    let all = cx.catalog().functions_by_name(name)?;
    let namespaces = match schema {
        Some(schema) => namespace(cx, schema)?.into_iter().collect(),
        None => cx.search_path()?.namespaces.to_vec(),
    };
    Ok(all.iter().filter(|row| namespaces.contains(&row.pronamespace)).map(|row| row.oid).collect())
}

fn regprocin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    let (schema, name) = parts(text)?;
    match find_functions(cx, schema.as_deref(), &name)?[..] {
        [only] => Ok(Datum::Oid(only)),
        [] => Err(not_found(cx, text, || error!(UNDEFINED_FUNCTION, "function \"{text}\" does not exist"))?),
        _ => Err(error!(AMBIGUOUS_FUNCTION, "more than one function named \"{text}\"")),
    }
}

fn to_regproc(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (schema, name) = parts(args[0].as_str())?;
    match find_functions(cx, schema.as_deref(), &name)?[..] {
        [only] => Ok(Datum::Oid(only)),
        _ => Ok(Datum::Null),
    }
}

fn regprocout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let Some(row) = cx.catalog().function(oid)? else { return Ok(unnamed(oid)) };
    let is_visible = find_functions(cx, None, &row.proname)? == [oid];
    Ok(Datum::from(qualified(cx, row.pronamespace, &row.proname, is_visible)?))
}

/// Splits `name(type, type)`; `NONE` is no type where an operator has no operand.
fn signature<'t>(cx: Ctx<'_>, text: &'t str, takes_none: bool) -> Result<(&'t str, Vec<Oid>)> {
    let Some((name, rest)) = text.split_once('(') else {
        bail!(INVALID_TEXT_REPRESENTATION, "expected a left parenthesis");
    };
    let Some(list) = rest.trim_end().strip_suffix(')') else {
        bail!(INVALID_TEXT_REPRESENTATION, "expected a right parenthesis");
    };
    let types = list.split(',').map(str::trim).filter(|t| !t.is_empty());
    let find = |t: &str| match takes_none && t.eq_ignore_ascii_case("none") {
        true => Ok(Oid::INVALID),
        false => find_type(cx, t),
    };
    Ok((name, types.map(find).collect::<Result<Vec<_>>>()?))
}

fn find_procedure(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    let (name, types) = signature(cx, text, false)?;
    let (schema, name) = parts(name)?;
    for oid in find_functions(cx, schema.as_deref(), &name)? {
        if cx.catalog().function(oid)?.is_some_and(|row| row.proargtypes == types) {
            return Ok(Some(oid));
        }
    }
    Ok(None)
}

fn regprocedurein(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    match number(text) {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => match find_procedure(cx, text)? {
            Some(oid) => Ok(Datum::Oid(oid)),
            None => {
                let name = text.split('(').next().unwrap_or_default();
                Err(not_found(cx, name, || error!(UNDEFINED_FUNCTION, "function \"{text}\" does not exist"))?)
            }
        },
    }
}

fn to_regprocedure(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_procedure(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

fn regprocedureout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let catalog = cx.catalog();
    let Some(row) = catalog.function(oid)? else { return Ok(unnamed(oid)) };
    let path = cx.search_path()?;
    let is_visible = path.namespaces.contains(&row.pronamespace);
    let types = row.proargtypes.iter().map(|oid| catalog.format_type(*oid, None, &path.namespaces));
    let types = types.collect::<Result<Vec<_>>>()?.join(",");
    Ok(Datum::from(format!("{}({types})", qualified(cx, row.pronamespace, &row.proname, is_visible)?)))
}

fn find_namespace(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    namespace(cx, &parts(text)?.1)
}

fn regnamespacein(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    match find_namespace(cx, text)? {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => Err(error!(INVALID_SCHEMA_NAME, "schema \"{}\" does not exist", parts(text)?.1)),
    }
}

fn to_regnamespace(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_namespace(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

fn regnamespaceout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let row = cx.catalog().namespace(oid)?;
    Ok(row.map_or_else(|| unnamed(oid), |row| Datum::from(quote_identifier(&row.nspname))))
}

fn find_role(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    Ok(cx.catalog().role_by_name(&parts(text)?.1)?.map(|row| row.oid))
}

fn regrolein(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    match find_role(cx, text)? {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => Err(error!(UNDEFINED_OBJECT, "role \"{}\" does not exist", parts(text)?.1)),
    }
}

fn to_regrole(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_role(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

fn regroleout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let row = cx.catalog().role(oid)?;
    Ok(row.map_or_else(|| unnamed(oid), |row| Datum::from(quote_identifier(&row.rolname))))
}

fn regoperin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if text == "0" {
        return Ok(Datum::Oid(Oid::INVALID));
    }
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    match find_operators(cx, text)?[..] {
        [(only, ..)] => Ok(Datum::Oid(only)),
        [] => Err(not_found(cx, text, || error!(UNDEFINED_FUNCTION, "operator does not exist: {text}"))?),
        _ => Err(error!(AMBIGUOUS_FUNCTION, "more than one operator named {text}")),
    }
}

/// The operators of this name that can be found, each with its operands' types.
fn find_operators(cx: Ctx<'_>, text: &str) -> Result<Vec<(Oid, Oid, Oid)>> {
    let (schema, name) = parts(text)?;
    let namespaces = match schema {
        Some(schema) => namespace(cx, &schema)?.into_iter().collect(),
        None => cx.search_path()?.namespaces.to_vec(),
    };
    let all = cx.catalog().operators_by_name(&name)?;
    let visible = all.iter().filter(|row| namespaces.contains(&row.oprnamespace));
    Ok(visible.map(|row| (row.oid, row.oprleft, row.oprright)).collect())
}

fn to_regoper(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match find_operators(cx, args[0].as_str())?[..] {
        [(only, ..)] => Ok(Datum::Oid(only)),
        _ => Ok(Datum::Null),
    }
}

/// The operator that `name(left, right)` means.
fn find_operator(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    let (name, types) = signature(cx, text, true)?;
    let [left, right] = types[..] else {
        let error = match types.len() {
            1 => error!(UNDEFINED_PARAMETER, "missing argument")
                .hint("Use NONE to denote the missing argument of a unary operator."),
            _ => error!(TOO_MANY_ARGUMENTS, "too many arguments").hint("Provide two argument types for operator."),
        };
        return Err(error);
    };
    let found = find_operators(cx, name)?;
    Ok(found.iter().find(|(_, l, r)| (*l, *r) == (left, right)).map(|(oid, ..)| *oid))
}

fn regoperatorin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if text == "0" {
        return Ok(Datum::Oid(Oid::INVALID));
    }
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    match find_operator(cx, text)? {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => Err(error!(UNDEFINED_FUNCTION, "operator does not exist: {text}")),
    }
}

fn to_regoperator(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_operator(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

fn regoperout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    if !oid.is_valid() {
        return Ok(Datum::text("0"));
    }
    let Some(row) = cx.catalog().operator(oid)? else { return Ok(unnamed(oid)) };
    let is_only = cx.catalog().operators_by_name(&row.oprname)?.len() == 1;
    let name = row.oprname.clone();
    Ok(Datum::from(if is_only { name } else { format!("pg_catalog.{name}") }))
}

fn regoperatorout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    if !oid.is_valid() {
        return Ok(Datum::text("0"));
    }
    let catalog = cx.catalog();
    let Some(row) = catalog.operator(oid)? else { return Ok(unnamed(oid)) };
    let path = cx.search_path()?;
    let side = |oid: Oid| match oid.is_valid() {
        true => catalog.format_type(oid, None, &path.namespaces),
        false => Ok("NONE".to_owned()),
    };
    Ok(Datum::from(format!("{}({},{})", row.oprname, side(row.oprleft)?, side(row.oprright)?)))
}

fn find_collation(cx: Ctx<'_>, text: &str) -> Result<Option<Oid>> {
    let (schema, name) = parts(text)?;
    let namespaces = match &schema {
        Some(schema) => namespace(cx, schema)?.into_iter().collect(),
        None => cx.search_path()?.namespaces.to_vec(),
    };
    for namespace in namespaces {
        for encoding in [6, -1] {
            if let Some(row) = cx.catalog().collation_by_name(namespace, &name, encoding)? {
                return Ok(Some(row.oid));
            }
        }
    }
    Ok(None)
}

fn regcollationin(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let text = args[0].as_str();
    if let Some(oid) = number(text) {
        return Ok(Datum::Oid(oid));
    }
    match find_collation(cx, text)? {
        Some(oid) => Ok(Datum::Oid(oid)),
        None => {
            let (schema, name) = parts(text)?;
            let shown = display(schema.as_deref(), &name);
            let missing = || error!(UNDEFINED_OBJECT, "collation \"{shown}\" for encoding \"UTF8\" does not exist");
            Err(not_found(cx, text, missing)?)
        }
    }
}

fn to_regcollation(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    Ok(find_collation(cx, args[0].as_str())?.map_or(Datum::Null, Datum::Oid))
}

pub(super) fn regcollationout(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let oid = args[0].as_oid();
    let Some(row) = cx.catalog().collation(oid)? else { return Ok(unnamed(oid)) };
    let is_visible = cx.search_path()?.namespaces.contains(&row.collnamespace);
    Ok(Datum::from(qualified(cx, row.collnamespace, &row.collname, is_visible)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_points_outside_quotes() {
        assert_eq!(parts("a").unwrap(), (None, "a".to_owned()));
        assert_eq!(parts("S.\"T.u\"").unwrap(), (Some("s".to_owned()), "T.u".to_owned()));
        assert!(parts("").is_err());
        assert_eq!((number("-"), number("12"), number("x1")), (Some(Oid::INVALID), Some(Oid(12)), None));
    }
}
