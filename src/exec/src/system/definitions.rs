//! Definitions of objects, written back as SQL.

use super::{functions, or_null};
use crate::with_analysis;
use analyze::expr::Expr;
use analyze::ruleutils::Layout;
use analyze::stored;
use base::Oid;
use builtins::{FnCtx, quote_identifier};
use catalog::rows::{PgConstraint, PgIndex, PgProc};
use instance::Ctx;
use report::Result;
use schema::RelationEntry;
use tuple::Datum;

functions! {
    pg_get_expr, pg_get_expr_ext, pg_get_viewdef, pg_get_viewdef_ext, pg_get_viewdef_wrap, pg_get_viewdef_name,
    pg_get_viewdef_name_ext, pg_get_indexdef, pg_get_indexdef_ext, pg_get_constraintdef, pg_get_constraintdef_ext,
    pg_get_partkeydef = always_null, pg_get_statisticsobjdef = always_null,
    pg_get_statisticsobjdef_columns = always_null, pg_get_partition_constraintdef = always_null,
    pg_get_function_sqlbody = always_null, pg_get_function_result, pg_get_function_arguments,
    pg_get_function_identity_arguments, pg_get_functiondef, pg_get_serial_sequence, pg_get_ruledef, pg_get_ruledef_ext,
    pg_get_triggerdef = always_null, pg_get_triggerdef_ext = always_null, pg_get_function_arg_default = always_null,
}

fn always_null(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Null)
}

fn expression(cx: Ctx<'_>, text: &str, relation: Oid, pretty: bool) -> Result<Datum> {
    // An index keeps a list of expressions, everything else a single one.
    let layout = Layout::pretty(pretty);
    with_analysis(cx, "", |context| {
        let shown = match stored::from_text::<Vec<Expr>>(text) {
            Ok(list) => {
                let texts =
                    list.iter().map(|e| context.stored_expr_sql(e, relation, layout)).collect::<Result<Vec<_>>>()?;
                texts.into_iter().collect::<Option<Vec<_>>>().map(|texts| texts.join(", "))
            }
            Err(_) => context.stored_expr_sql(&stored::from_text::<Expr>(text)?, relation, layout)?,
        };
        Ok(or_null(shown))
    })
}

fn pg_get_expr(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    expression(cx, args[0].as_str(), args[1].as_oid(), false)
}

fn pg_get_expr_ext(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    expression(cx, args[0].as_str(), args[1].as_oid(), args[2].as_bool())
}

fn view(cx: Ctx<'_>, oid: Oid, pretty: bool) -> Result<Datum> {
    with_analysis(cx, "", |context| Ok(or_null(context.view_sql(oid, Layout::pretty(pretty))?)))
}

fn pg_get_viewdef(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    view(cx, args[0].as_oid(), false)
}

fn pg_get_viewdef_ext(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    view(cx, args[0].as_oid(), args[1].as_bool())
}

fn pg_get_viewdef_wrap(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    view(cx, args[0].as_oid(), true)
}

fn named_view(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum], pretty: bool) -> Result<Datum> {
    let found = super::registered::class_of_text(cx, fx, &args[0])?;
    view(cx, found, pretty)
}

fn pg_get_viewdef_name(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    named_view(cx, fx, args, false)
}

fn pg_get_viewdef_name_ext(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    named_view(cx, fx, args, args[1].as_bool())
}

fn pg_get_ruledef(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    report::unsupported!("pg_get_ruledef")
}

fn pg_get_ruledef_ext(_: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    report::unsupported!("pg_get_ruledef")
}

fn pg_get_indexdef(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    match cx.catalog().relation(args[0].as_oid())? {
        Some(entry) if entry.index.is_some() => Ok(Datum::from(index_definition(cx, &entry, false)?)),
        _ => Ok(Datum::Null),
    }
}

fn pg_get_indexdef_ext(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(entry) = cx.catalog().relation(args[0].as_oid())? else { return Ok(Datum::Null) };
    let Some(index) = &entry.index else { return Ok(Datum::Null) };
    match args[1].as_i32() {
        0 => Ok(Datum::from(index_definition(cx, &entry, args[2].as_bool())?)),
        column => match column_text(cx, index, column as usize - 1, args[2].as_bool())? {
            Some(text) => Ok(Datum::from(text)),
            None => Ok(Datum::text("")),
        },
    }
}

/// The text of an index's column (from 1), as EXPLAIN and `\d` show it.
pub(super) fn index_column(cx: Ctx<'_>, index: Oid, column: i32) -> Result<String> {
    let entry = cx.catalog().open_relation(index)?;
    let row = entry.index.as_ref().ok_or_else(|| report::Error::internal(format!("{index} is not an index")))?;
    Ok(column_text(cx, row, column as usize - 1, true)?.unwrap_or_default())
}

/// A column of an index, without its order: a name, or an expression in parentheses unless it is a call.
fn column_text(cx: Ctx<'_>, index: &PgIndex, place: usize, pretty: bool) -> Result<Option<String>> {
    let Some(number) = index.indkey.get(place) else { return Ok(None) };
    if *number > 0 {
        let row = cx.catalog().attribute(index.indrelid, *number)?;
        return Ok(row.map(|row| quote_identifier(&row.attname)));
    }
    let expressions: Vec<Expr> = stored::from_text(index.indexprs.as_deref().unwrap_or("[]"))?;
    let nth = index.indkey[..place].iter().filter(|number| **number == 0).count();
    let Some(expression) = expressions.get(nth) else { return Ok(None) };
    let text =
        with_analysis(cx, "", |context| context.stored_expr_sql(expression, index.indrelid, Layout::pretty(pretty)))?;
    let is_call = matches!(expression, Expr::FuncExpr(_));
    Ok(text.map(|text| if is_call { text } else { format!("({text})") }))
}

/// CREATE INDEX ...
fn index_definition(cx: Ctx<'_>, entry: &RelationEntry, pretty: bool) -> Result<String> {
    let index = entry.index.as_ref().expect("the caller looked");
    let keys = index.indnkeyatts as usize;
    let mut columns = Vec::new();
    for place in 0..keys {
        columns.push(key_text(cx, index, place, pretty)?);
    }
    let mut text = format!(
        "CREATE {}INDEX {} ON {} USING btree ({})",
        if index.indisunique { "UNIQUE " } else { "" },
        quote_identifier(entry.name()),
        table_name(cx, index.indrelid, pretty)?,
        columns.join(", ")
    );
    let mut included = Vec::new();
    for place in keys..index.indkey.len() {
        included.extend(column_text(cx, index, place, pretty)?);
    }
    if !included.is_empty() {
        text += &format!(" INCLUDE ({})", included.join(", "));
    }
    if index.indisunique && index.indnullsnotdistinct {
        text += " NULLS NOT DISTINCT";
    }
    if let Some(options) = entry.class.reloptions.as_ref().filter(|options| !options.is_empty()) {
        let shown: Vec<String> = options.iter().map(|option| quote_option(option)).collect();
        text += &format!(" WITH ({})", shown.join(", "));
    }
    if let Some(predicate) = &index.indpred {
        let shown = expression(cx, predicate, index.indrelid, pretty)?;
        text += &format!(" WHERE {}", shown.as_str());
    }
    Ok(text)
}

fn quote_option(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) => format!("{name}='{value}'"),
        None => option.to_owned(),
    }
}

/// A table's name: with its schema always, or, pretty, only where it must be.
fn table_name(cx: Ctx<'_>, table: Oid, pretty: bool) -> Result<String> {
    let catalog = cx.catalog();
    let Some(row) = catalog.class(table)? else { return Ok(table.to_string()) };
    let name = quote_identifier(&row.relname);
    if pretty && catalog.relation_in_path(&cx.search_path()?.namespaces, &row.relname)? == Some(table) {
        return Ok(name);
    }
    let schema = catalog.namespace(row.relnamespace)?;
    Ok(schema.map_or(name.clone(), |schema| format!("{}.{name}", quote_identifier(&schema.nspname))))
}

/// A key column with what of collation, operator class and order is not the default.
fn key_text(cx: Ctx<'_>, index: &PgIndex, place: usize, pretty: bool) -> Result<String> {
    let catalog = cx.catalog();
    let mut text = column_text(cx, index, place, pretty)?.unwrap_or_default();
    let (own_type, own_collation) = key_type(cx, index, place)?;
    let collation = index.indcollation[place];
    if collation.is_valid() && collation != own_collation {
        let row = catalog.collation(collation)?;
        text += &row.map_or_else(String::new, |row| format!(" COLLATE {}", quote_identifier(&row.collname)));
    }
    if let Some(class) = catalog.opclass(index.indclass[place])?
        && !(class.opcdefault && is_default_for(cx, class.oid, own_type)?)
    {
        text += &format!(" {}", quote_identifier(&class.opcname));
    }
    let (descending, nulls_first) = (index.indoption[place] & 1 != 0, index.indoption[place] & 2 != 0);
    text += match (descending, nulls_first) {
        (false, false) => "",
        (false, true) => " NULLS FIRST",
        (true, true) => " DESC",
        (true, false) => " DESC NULLS LAST",
    };
    Ok(text)
}

/// A default class is the default for the types that it was made for, and for those stored like them.
fn is_default_for(cx: Ctx<'_>, class: Oid, key_type: Oid) -> Result<bool> {
    match cx.catalog().default_opclass(Oid(403), key_type)? {
        Some(default) => Ok(default.oid == class),
        None => Ok(true),
    }
}

fn key_type(cx: Ctx<'_>, index: &PgIndex, place: usize) -> Result<(Oid, Oid)> {
    let number = index.indkey[place];
    if number > 0 {
        let row = cx.catalog().attribute(index.indrelid, number)?;
        return Ok(row.map_or((Oid::INVALID, Oid::INVALID), |row| (row.atttypid, row.attcollation)));
    }
    let row = cx.catalog().attribute(index.indexrelid, place as i16 + 1)?;
    Ok(row.map_or((Oid::INVALID, Oid::INVALID), |row| (row.atttypid, row.attcollation)))
}

fn pg_get_constraintdef(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    constraint(cx, args[0].as_oid(), false)
}

fn pg_get_constraintdef_ext(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    constraint(cx, args[0].as_oid(), args[1].as_bool())
}

fn constraint(cx: Ctx<'_>, oid: Oid, pretty: bool) -> Result<Datum> {
    let Some(row) = cx.catalog().constraint(oid)? else { return Ok(Datum::Null) };
    let mut text = match row.contype {
        b'p' | b'u' => key_constraint(cx, &row)?,
        b'c' => check_constraint(cx, &row, pretty)?,
        b'f' => foreign_key(cx, &row)?,
        kind => report::unsupported!("pg_get_constraintdef of a constraint of type {}", char::from(kind)),
    };
    if row.condeferrable {
        text += " DEFERRABLE";
    }
    if row.condeferred {
        text += " INITIALLY DEFERRED";
    }
    if !row.convalidated {
        text += " NOT VALID";
    }
    Ok(Datum::from(text))
}

fn column_list(cx: Ctx<'_>, relation: Oid, columns: &[i16]) -> Result<String> {
    let mut names = Vec::new();
    for column in columns {
        let row = cx.catalog().attribute(relation, *column)?;
        names.push(row.map_or_else(|| column.to_string(), |row| quote_identifier(&row.attname)));
    }
    Ok(names.join(", "))
}

fn key_constraint(cx: Ctx<'_>, row: &PgConstraint) -> Result<String> {
    let word = if row.contype == b'p' { "PRIMARY KEY" } else { "UNIQUE" };
    let index = cx.catalog().index_row(row.conindid)?;
    let distinct = if index.as_ref().is_some_and(|i| i.indnullsnotdistinct) { " NULLS NOT DISTINCT" } else { "" };
    let columns = column_list(cx, row.conrelid, row.conkey.as_deref().unwrap_or_default())?;
    let mut text = format!("{word}{distinct} ({columns})");
    if let Some(index) = index
        && index.indkey.len() > index.indnkeyatts as usize
    {
        let included = column_list(cx, row.conrelid, &index.indkey[index.indnkeyatts as usize..])?;
        text += &format!(" INCLUDE ({included})");
    }
    if let Some(options) = cx.catalog().class(row.conindid)?.and_then(|class| class.reloptions.clone()) {
        let shown: Vec<String> = options.iter().map(|option| quote_option(option)).collect();
        text += &format!(" WITH ({})", shown.join(", "));
    }
    Ok(text)
}

fn check_constraint(cx: Ctx<'_>, row: &PgConstraint, pretty: bool) -> Result<String> {
    let Some(stored) = &row.conbin else { return Ok("CHECK ()".to_owned()) };
    let shown = expression(cx, stored, row.conrelid, pretty)?;
    let text = if shown.is_null() { "" } else { shown.as_str() };
    let inherit = if row.connoinherit { " NO INHERIT" } else { "" };
    Ok(format!("CHECK ({text}){inherit}"))
}

fn foreign_key(cx: Ctx<'_>, row: &PgConstraint) -> Result<String> {
    let columns = column_list(cx, row.conrelid, row.conkey.as_deref().unwrap_or_default())?;
    let referenced = column_list(cx, row.confrelid, row.confkey.as_deref().unwrap_or_default())?;
    let table = table_name(cx, row.confrelid, true)?;
    let mut text = format!("FOREIGN KEY ({columns}) REFERENCES {table}({referenced})");
    if row.confmatchtype == b'f' {
        text += " MATCH FULL";
    }
    for (event, action) in [("UPDATE", row.confupdtype), ("DELETE", row.confdeltype)] {
        let word = match action {
            b'r' => "RESTRICT",
            b'c' => "CASCADE",
            b'n' => "SET NULL",
            b'd' => "SET DEFAULT",
            _ => continue,
        };
        text += &format!(" ON {event} {word}");
    }
    if let Some(columns) = &row.confdelsetcols {
        text += &format!(" ({})", column_list(cx, row.conrelid, columns)?);
    }
    Ok(text)
}

fn pg_get_function_result(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(row) = cx.catalog().function(args[0].as_oid())? else { return Ok(Datum::Null) };
    result_text(cx, &row).map(or_null)
}

/// What a function returns; procedures return nothing.
fn result_text(cx: Ctx<'_>, row: &PgProc) -> Result<Option<String>> {
    if row.prokind == b'p' {
        return Ok(None);
    }
    let columns = table_columns(cx, row)?;
    if !columns.is_empty() {
        return Ok(Some(format!("TABLE({})", columns.join(", "))));
    }
    let path = cx.search_path()?;
    let name = cx.catalog().format_type(row.prorettype, None, &path.namespaces)?;
    Ok(Some(if row.proretset { format!("SETOF {name}") } else { name }))
}

/// The columns of RETURNS TABLE.
fn table_columns(cx: Ctx<'_>, row: &PgProc) -> Result<Vec<String>> {
    let modes = row.proargmodes.clone().unwrap_or_default();
    let types = row.proallargtypes.clone().unwrap_or_default();
    let names = row.proargnames.clone().unwrap_or_default();
    let path = cx.search_path()?;
    let is_column = |n: &usize| modes[*n] == b't';
    let shown = (0..modes.len()).filter(is_column).map(|n| {
        let type_name = cx.catalog().format_type(types[n], None, &path.namespaces)?;
        Ok(format!("{} {type_name}", quote_identifier(&names[n])))
    });
    shown.collect()
}

/// The arguments as CREATE FUNCTION has them.
fn arguments(cx: Ctx<'_>, row: &PgProc, with_defaults: bool) -> Result<String> {
    let defaults = if with_defaults { defaults(cx, row)? } else { Vec::new() };
    let mut inputs = 0;
    let types = row.proallargtypes.clone().unwrap_or_else(|| row.proargtypes.clone());
    let names = row.proargnames.clone().unwrap_or_default();
    let modes = row.proargmodes.clone().unwrap_or_default();
    let path = cx.search_path()?;
    let mut shown = Vec::new();
    for (n, type_oid) in types.iter().enumerate() {
        let word = match modes.get(n) {
            Some(b'o') => "OUT ",
            Some(b'b') => "INOUT ",
            Some(b'v') => "VARIADIC ",
            Some(b't') => continue,
            _ => "",
        };
        let name = names.get(n).filter(|name| !name.is_empty()).map(|name| quote_identifier(name) + " ");
        let type_name = cx.catalog().format_type(*type_oid, None, &path.namespaces)?;
        inputs += usize::from(word != "OUT ");
        // The last arguments have the defaults.
        let place = (inputs + defaults.len()).checked_sub(row.proargtypes.len() + 1).filter(|_| word != "OUT ");
        let default = place.and_then(|place| defaults.get(place)).map(|text| format!(" DEFAULT {text}"));
        shown.push(format!("{word}{}{type_name}{}", name.unwrap_or_default(), default.unwrap_or_default()));
    }
    Ok(shown.join(", "))
}

fn defaults(cx: Ctx<'_>, row: &PgProc) -> Result<Vec<String>> {
    let Some(text) = &row.proargdefaults else { return Ok(Vec::new()) };
    // Those of built-in functions are stored as SQL.
    if let Ok(written) = stored::from_text::<Vec<String>>(text) {
        return Ok(written);
    }
    let list = stored::from_text::<Vec<Expr>>(text)?;
    let shown =
        |e: &Expr| with_analysis(cx, "", |context| context.stored_expr_sql(e, Oid::INVALID, Layout::pretty(false)));
    list.iter().map(|e| Ok(shown(e)?.unwrap_or_default())).collect()
}

fn pg_get_function_arguments(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(row) = cx.catalog().function(args[0].as_oid())? else { return Ok(Datum::Null) };
    arguments(cx, &row, true).map(Datum::from)
}

fn pg_get_function_identity_arguments(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let Some(row) = cx.catalog().function(args[0].as_oid())? else { return Ok(Datum::Null) };
    arguments(cx, &row, false).map(Datum::from)
}

/// CREATE OR REPLACE FUNCTION ..., as `\sf` and `\ef` show it.
fn pg_get_functiondef(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let catalog = cx.catalog();
    let Some(row) = catalog.function(args[0].as_oid())? else { return Ok(Datum::Null) };
    if row.prokind == b'a' {
        report::bail!(WRONG_OBJECT_TYPE, "\"{}\" is an aggregate function", row.proname);
    }
    let word = if row.prokind == b'p' { "PROCEDURE" } else { "FUNCTION" };
    let schema = catalog.namespace(row.pronamespace)?.map(|row| quote_identifier(&row.nspname)).unwrap_or_default();
    let name = quote_identifier(&row.proname);
    let mut text = format!("CREATE OR REPLACE {word} {schema}.{name}({})\n", arguments(cx, &row, true)?);
    let result = result_text(cx, &row)?;
    if let Some(result) = result {
        text += &format!(" RETURNS {result}\n");
    }
    text += &format!(" LANGUAGE {}\n", quote_identifier(language_name(row.prolang)));
    let options = function_options(&row);
    if !options.is_empty() {
        text += &format!("{options}\n");
    }
    let mut quote = word.to_lowercase();
    while row.prosrc.contains(&format!("${quote}")) {
        quote.push('x');
    }
    text += &format!("AS ${quote}${}${quote}$\n", row.prosrc);
    Ok(Datum::from(text))
}

fn language_name(language: Oid) -> &'static str {
    match language.0 {
        12 => "internal",
        13 => "c",
        _ => "sql",
    }
}

/// What CREATE FUNCTION says of a function beyond the defaults, with a space before each.
fn function_options(row: &PgProc) -> String {
    let mut text = String::new();
    let mut say = |is_so: bool, word: &str| {
        if is_so {
            text += word;
        }
    };
    say(row.prokind == b'w', " WINDOW");
    say(row.provolatile == b'i', " IMMUTABLE");
    say(row.provolatile == b's', " STABLE");
    say(row.proparallel == b's', " PARALLEL SAFE");
    say(row.proparallel == b'r', " PARALLEL RESTRICTED");
    say(row.proisstrict, " STRICT");
    say(row.prosecdef, " SECURITY DEFINER");
    say(row.proleakproof, " LEAKPROOF");
    let usual_cost = if matches!(row.prolang.0, 12 | 13) { 1.0 } else { 100.0 };
    say(row.procost != usual_cost, &format!(" COST {}", row.procost));
    say(row.prorows > 0.0 && row.prorows != 1000.0, &format!(" ROWS {}", row.prorows));
    text
}

/// The sequence that a column owns.
fn pg_get_serial_sequence(cx: Ctx<'_>, fx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    use catalog::columns::pg_depend as d;
    use schema::Key;
    let table = super::registered::class_of_text(cx, fx, &args[0])?;
    let entry = cx.catalog().open_relation(table)?;
    let name = args[1].as_str();
    let Some(column) = entry.column(name) else {
        report::bail!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", entry.name());
    };
    let keys = [Key::oid(d::REFCLASSID, catalog::oids::PG_CLASS), Key::oid(d::REFOBJID, table)];
    for row in cx.catalog().scan::<catalog::rows::PgDepend>(&keys)? {
        let is_own = row.refobjsubid == i32::from(column) && matches!(row.deptype, b'a' | b'i');
        if is_own && row.classid == catalog::oids::PG_CLASS && cx.catalog().sequence(row.objid)?.is_some() {
            return Ok(Datum::from(table_name(cx, row.objid, false)?));
        }
    }
    Ok(Datum::Null)
}
