//! CREATE FUNCTION in language sql, as far as the executor runs such functions; and functions found by name and argument types,
//! for DROP, RENAME, OWNER TO and the like.
//!
//! What a function written in SQL may be for now: one SELECT, one value returned, parameters used by number.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::options::text_of;
use crate::{Execution, Tag, acl, default_privileges, names, with_analyze_context};
use analyze::{AnalyzedStatement, Parameters};
use base::Oid;
use catalog::oids;
use catalog::rows::PgProc;
use instance::Ctx;
use instance::privileges::ObjectKind;
use parser::ParseOptions;
use parser::ast::{CreateFunctionStmt, DefArg, DefElem, ObjectType, ObjectWithArgs, ParameterMode};
use report::{Error, Result, bail, error, unsupported};

/// The language sql.
const SQL: Oid = Oid(14);

/// A function's properties besides its parameters.
struct Properties {
    body: String,
    volatility: u8,
    is_strict: bool,
    is_security_definer: bool,
    is_leakproof: bool,
    parallel: u8,
    cost: f32,
}

/// CREATE FUNCTION.
pub(crate) fn create(ex: &mut Execution<'_, '_>, statement: &CreateFunctionStmt) -> Result<Tag> {
    let cx = ex.cx;
    let (namespace, name) = names::creation_place(cx, &statement.name)?;
    require_sql(statement)?;
    refuse_unsupported(statement)?;
    let properties = read_properties(&statement.options)?;
    let mut types = Vec::new();
    for parameter in &statement.parameters {
        let resolved = with_analyze_context(cx, ex.text, |context| context.resolve_type_name(&parameter.type_name))?;
        cx.check_type(resolved.oid)?;
        types.push(resolved.oid);
    }
    let Some(returns) = &statement.returns else {
        bail!(INVALID_FUNCTION_DEFINITION, "function result type must be specified");
    };
    let result = with_analyze_context(cx, ex.text, |context| context.resolve_type_name(returns))?.oid;
    cx.check_type(result)?;
    let argument_names: Vec<String> =
        statement.parameters.iter().map(|parameter| parameter.name.clone().unwrap_or_default()).collect();
    let has_names = argument_names.iter().any(|name| !name.is_empty());
    let is_checked = cx.setting(|s| s.bool(config::Setting::CheckFunctionBodies));
    let row = PgProc {
        oid: Oid::INVALID,
        proname: name,
        pronamespace: namespace,
        proowner: cx.session.current_user(),
        prolang: SQL,
        procost: properties.cost,
        prorows: 0.0,
        provariadic: Oid::INVALID,
        prosupport: Oid::INVALID,
        prokind: b'f',
        prosecdef: properties.is_security_definer,
        proleakproof: properties.is_leakproof,
        proisstrict: properties.is_strict,
        proretset: false,
        provolatile: properties.volatility,
        proparallel: properties.parallel,
        pronargs: types.len() as i16,
        pronargdefaults: 0,
        prorettype: result,
        proargtypes: types,
        proallargtypes: None,
        proargmodes: None,
        proargnames: has_names.then_some(argument_names),
        proargdefaults: None,
        protrftypes: None,
        prosrc: properties.body,
        probin: None,
        prosqlbody: None,
        proconfig: None,
        proacl: None,
    };
    let (body, types, name) = (row.prosrc.clone(), row.proargtypes.clone(), row.proname.clone());
    store(cx, row, statement.or_replace)?;
    if is_checked {
        check_body(cx, &body, (&types, has_names), result)
            .map_err(|error| error.context(format!("SQL function \"{name}\"")))?;
    }
    Ok(Tag::Plain("CREATE FUNCTION"))
}

fn require_sql(statement: &CreateFunctionStmt) -> Result<()> {
    let language = statement.options.iter().find(|option| option.name == "language");
    let language = match language {
        Some(option) => text_of(option).to_ascii_lowercase(),
        None if statement.body.is_some() => "sql".to_owned(),
        None => bail!(INVALID_FUNCTION_DEFINITION, "no language specified"),
    };
    match language.as_str() {
        "sql" => Ok(()),
        "c" | "internal" => unsupported!("language {language} functions"),
        "plpgsql" => {
            let error = error!(UNDEFINED_OBJECT, "language \"{language}\" does not exist");
            Err(error.hint("Use CREATE EXTENSION to load the language into the database."))
        }
        _ => Err(error!(UNDEFINED_OBJECT, "language \"{language}\" does not exist")),
    }
}

fn refuse_unsupported(statement: &CreateFunctionStmt) -> Result<()> {
    if statement.procedure {
        unsupported!("CREATE PROCEDURE");
    }
    if statement.body.is_some() {
        unsupported!("language sql functions with a body in SQL syntax");
    }
    if statement.returns.as_ref().is_some_and(|returns| returns.setof) {
        unsupported!("language sql functions that return sets");
    }
    for parameter in &statement.parameters {
        if !matches!(parameter.mode, ParameterMode::Default | ParameterMode::In) {
            unsupported!("language sql functions with OUT or VARIADIC parameters");
        }
        if parameter.default.is_some() {
            unsupported!("language sql functions with parameter defaults");
        }
    }
    Ok(())
}

fn read_properties(options: &[DefElem]) -> Result<Properties> {
    let mut found = Properties {
        body: String::new(),
        volatility: b'v',
        is_strict: false,
        is_security_definer: false,
        is_leakproof: false,
        parallel: b'u',
        cost: 100.0,
    };
    let mut has_body = false;
    for (n, option) in options.iter().enumerate() {
        if options[..n].iter().any(|earlier| earlier.name == option.name) {
            bail!(SYNTAX_ERROR, "conflicting or redundant options");
        }
        let flag = || matches!(option.arg, Some(DefArg::Boolean(true) | DefArg::Integer(1)));
        match option.name.as_str() {
            "as" => {
                has_body = true;
                found.body = body_of(option)?;
            }
            "language" => {}
            "volatility" => {
                found.volatility = match text_of(option).as_str() {
                    "immutable" => b'i',
                    "stable" => b's',
                    _ => b'v',
                }
            }
            "strict" => found.is_strict = flag(),
            "security" => found.is_security_definer = flag(),
            "leakproof" => found.is_leakproof = flag(),
            "parallel" => {
                found.parallel = match text_of(option).as_str() {
                    "safe" => b's',
                    "restricted" => b'r',
                    "unsafe" => b'u',
                    _ => bail!(SYNTAX_ERROR, "parameter \"parallel\" must be SAFE, RESTRICTED, or UNSAFE"),
                }
            }
            "cost" => match text_of(option).parse::<f32>() {
                Ok(cost) if cost > 0.0 => found.cost = cost,
                _ => bail!(INVALID_PARAMETER_VALUE, "COST must be positive"),
            },
            "rows" => bail!(INVALID_PARAMETER_VALUE, "ROWS is not applicable when function does not return a set"),
            "set" => unsupported!("language sql functions with SET"),
            other => unsupported!("CREATE FUNCTION with {}", other.to_ascii_uppercase()),
        }
    }
    match has_body {
        true => Ok(found),
        false => Err(error!(INVALID_FUNCTION_DEFINITION, "no function body specified")),
    }
}

fn body_of(option: &DefElem) -> Result<String> {
    match &option.arg {
        Some(DefArg::List(parts)) => match &parts[..] {
            [body] => Ok(body.clone()),
            _ => Err(error!(INVALID_FUNCTION_DEFINITION, "only one AS item needed for language \"sql\"")),
        },
        _ => Ok(text_of(option)),
    }
}

/// Looks whether the body is one SELECT that gives a value of the result's type.
fn check_body(cx: Ctx<'_>, body: &str, (types, has_names): (&[Oid], bool), result: Oid) -> Result<()> {
    let parsed = parser::parse(body, &ParseOptions::default())?;
    let [statement] = &parsed[..] else { unsupported!("language sql functions of several statements") };
    let analyzed = with_analyze_context(cx, body, |context| {
        analyze::analyze(context, &statement.stmt, Parameters::Fixed(types.to_vec()))
    });
    let analyzed = match analyzed {
        // The name may be a parameter's.
        Err(error) if has_names && error.code() == report::SqlState::UNDEFINED_COLUMN => {
            unsupported!("language sql functions that use parameters by name")
        }
        other => other?,
    };
    let AnalyzedStatement::Query(query) = analyzed.statement else {
        unsupported!("language sql functions with utility statements");
    };
    if query.command != analyze::query::CmdType::Select || result == Oid(2278) {
        unsupported!("language sql functions that are not a SELECT of one value");
    }
    with_analyze_context(cx, body, |context| context.coerce_function_result(*query, result)).map(drop)
}

fn store(cx: Ctx<'_>, mut row: PgProc, or_replace: bool) -> Result<()> {
    let catalog = cx.catalog();
    let same = catalog.functions_by_name(&row.proname)?;
    let known = same.iter().find(|f| f.pronamespace == row.pronamespace && f.proargtypes == row.proargtypes);
    let Some(known) = known else {
        row.oid = catalog.new_oid::<PgProc>()?;
        row.proacl = default_privileges::for_new(cx, ObjectKind::Function, row.proowner, row.pronamespace)?;
        catalog.insert(&row)?;
        record_dependencies(cx, &row)?;
        let own = ObjectAddress::new(oids::PG_PROC, row.oid);
        dependency::record_owner(cx, own, row.proowner)?;
        acl::record_mentioned(cx, own, row.proowner, row.proacl.as_deref().unwrap_or_default())?;
        return cx.next_command();
    };
    if !or_replace {
        bail!(DUPLICATE_FUNCTION, "function \"{}\" already exists with same argument types", row.proname);
    }
    cx.check_owner(known.proowner, ObjectKind::Function, &row.proname)?;
    if known.prokind != row.prokind {
        bail!(WRONG_OBJECT_TYPE, "cannot change routine kind");
    }
    if known.prorettype != row.prorettype {
        let signature = crate::address::function_signature(cx, &row.proname, &row.proargtypes)?;
        let error = error!(INVALID_FUNCTION_DEFINITION, "cannot change return type of existing function");
        return Err(error.hint(format!("Use DROP FUNCTION {signature} first.")));
    }
    let new = PgProc { oid: known.oid, proowner: known.proowner, proacl: known.proacl.clone(), ..row };
    catalog.update(known, &new)?;
    let own = ObjectAddress::new(oids::PG_PROC, new.oid);
    dependency::forget_objects(cx, own)?;
    record_dependencies(cx, &new)?;
    cx.next_command()
}

/// A function depends on its schema and on the types that it takes and gives.
fn record_dependencies(cx: Ctx<'_>, row: &PgProc) -> Result<()> {
    let own = ObjectAddress::new(oids::PG_PROC, row.oid);
    let schema = ObjectAddress::new(oids::PG_NAMESPACE, row.pronamespace);
    let types = row.proargtypes.iter().chain([&row.prorettype]);
    let types = types.map(|oid| ObjectAddress::new(oids::PG_TYPE, *oid));
    dependency::record_all(cx, own, types.chain([schema]), Dependency::Normal)
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
    let by_path = namespaces
        .iter()
        .find_map(|namespace| rows.iter().find(|row| row.pronamespace == *namespace && row.proargtypes == types));
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
    if kind == ObjectType::Aggregate && names.is_empty() {
        return Ok(error!(UNDEFINED_FUNCTION, "aggregate {name}(*) does not exist"));
    }
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
