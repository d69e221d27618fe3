//! CREATE DOMAIN, ALTER DOMAIN. What a domain's constraints mean for values is the executor's business; here the values that are
//! stored already are checked when a constraint is added.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency, drop_objects};
use crate::table::resolve_type;
use crate::type_statement::{insert_type, plain_type, type_place};
use crate::validate::for_each_row;
use crate::{Execution, Tag, mentioned, names, with_analyze_context};
use analyze::expr::{CoerceToDomain, CoercionForm, Cosmetic, Expr, Location, Var};
use analyze::{DefaultFor, TypeAndMod, stored};
use base::Oid;
use catalog::oids;
use catalog::rows::{PgConstraint, PgDepend, PgType};
use exec::RowProgram;
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{self, AlterDomainAction, AlterDomainStmt, Constraint, ConstraintKind, CreateDomainStmt};
use report::{Error, Result, bail, error, unsupported};
use schema::{Key, RelationEntry};
use std::ops::ControlFlow;

/// CREATE DOMAIN.
pub(crate) fn create(ex: &mut Execution<'_, '_>, statement: &CreateDomainStmt) -> Result<Tag> {
    let cx = ex.cx;
    let (namespace, name) = type_place(cx, &statement.name)?;
    let (base, collation, dimensions) = resolve_type(ex, statement.collation.as_ref(), &statement.type_name)?;
    let base_row = cx.catalog().type_by_oid(base.oid)?.expect("a type that was resolved exists");
    if !matches!(base_row.typtype, b'b' | b'c' | b'd' | b'e' | b'r' | b'm') {
        let shown = analyze::quote_identifier(&base_row.typname);
        bail!(DATATYPE_MISMATCH, "\"{shown}\" is not a valid base type for a domain");
    }
    let mut row = PgType {
        typlen: base_row.typlen,
        typbyval: base_row.typbyval,
        typtype: b'd',
        typcategory: base_row.typcategory,
        typdelim: base_row.typdelim,
        typinput: Oid(2597),
        typoutput: base_row.typoutput,
        typreceive: Oid(2598),
        typsend: base_row.typsend,
        typanalyze: base_row.typanalyze,
        typalign: base_row.typalign,
        typstorage: base_row.typstorage,
        typbasetype: base.oid,
        typtypmod: base.typmod,
        typndims: dimensions,
        typcollation: collation,
        ..plain_type(cx, cx.catalog().new_oid::<PgType>()?, &name, namespace)
    };
    let checks = read_constraints(ex, statement, &mut row, base)?;
    let domain = row.oid;
    let default = row.typdefaultbin.clone();
    insert_type(cx, row)?;
    record_dependencies(cx, domain, base.oid, collation)?;
    if let Some(default) = default {
        record_default(cx, domain, &stored::from_text(&default)?)?;
    }
    for check in checks {
        add_check(ex, domain, check)?;
    }
    Ok(Tag::Plain("CREATE DOMAIN"))
}

/// Takes defaults and nullability from the constraints; what is left are checks.
fn read_constraints<'s>(
    ex: &Execution<'_, '_>,
    statement: &'s CreateDomainStmt,
    row: &mut PgType,
    base: TypeAndMod,
) -> Result<Vec<&'s Constraint>> {
    let mut checks = Vec::new();
    let (mut said_null, mut said_default) = (None, false);
    for constraint in &statement.constraints {
        match &constraint.kind {
            ConstraintKind::Default(expression) => {
                if said_default {
                    bail!(SYNTAX_ERROR, "multiple default expressions");
                }
                said_default = true;
                set_default(ex, row, expression, base)?;
            }
            ConstraintKind::NotNull | ConstraintKind::Null => {
                let not_null = constraint.kind == ConstraintKind::NotNull;
                if said_null.is_some_and(|said| said != not_null) {
                    bail!(SYNTAX_ERROR, "conflicting NULL/NOT NULL constraints");
                }
                said_null = Some(not_null);
                row.typnotnull = not_null;
            }
            ConstraintKind::Check(_) => {
                if constraint.attributes.no_inherit {
                    bail!(INVALID_OBJECT_DEFINITION, "check constraints for domains cannot be marked NO INHERIT");
                }
                checks.push(constraint);
            }
            other => return Err(not_for_domains(other)),
        }
    }
    Ok(checks)
}

fn not_for_domains(kind: &ConstraintKind) -> Error {
    match kind {
        ConstraintKind::Unique(_) => error!(SYNTAX_ERROR, "unique constraints not possible for domains"),
        ConstraintKind::Primary(_) => error!(SYNTAX_ERROR, "primary key constraints not possible for domains"),
        ConstraintKind::Exclude(_) => error!(SYNTAX_ERROR, "exclusion constraints not possible for domains"),
        ConstraintKind::Foreign(_) => error!(SYNTAX_ERROR, "foreign key constraints not possible for domains"),
        ConstraintKind::Generated(_) | ConstraintKind::Identity(..) => {
            error!(FEATURE_NOT_SUPPORTED, "specifying GENERATED not supported for domains")
        }
        _ => error!(FEATURE_NOT_SUPPORTED, "specifying constraint deferrability not supported for domains"),
    }
}

/// The default as expression and as text; DEFAULT NULL means none.
fn set_default(ex: &Execution<'_, '_>, row: &mut PgType, expression: &ast::Expr, base: TypeAndMod) -> Result<()> {
    let target = DefaultFor { column: &row.typname, column_type: base };
    let made = with_analyze_context(ex.cx, ex.text, |context| context.analyze_default(expression, target))?;
    if matches!(&made, Expr::Const(constant) if constant.value.is_null()) {
        (row.typdefaultbin, row.typdefault) = (None, None);
        return Ok(());
    }
    row.typdefaultbin = Some(stored::to_text(&made));
    row.typdefault = Some(parser::deparse::expr(expression));
    Ok(())
}

fn record_dependencies(cx: Ctx<'_>, domain: Oid, base: Oid, collation: Oid) -> Result<()> {
    let own = ObjectAddress::new(oids::PG_TYPE, domain);
    dependency::record(cx, own, ObjectAddress::new(oids::PG_TYPE, base), Dependency::Normal)?;
    match collation.is_valid() {
        true => dependency::record(cx, own, ObjectAddress::new(oids::PG_COLLATION, collation), Dependency::Normal),
        false => Ok(()),
    }
}

fn record_default(cx: Ctx<'_>, domain: Oid, default: &Expr) -> Result<()> {
    let own = ObjectAddress::new(oids::PG_TYPE, domain);
    dependency::record_all(cx, own, mentioned::by_expr(cx, default, None)?, Dependency::Normal)
}

/// Adds a check, without a look at values.
fn add_check(ex: &mut Execution<'_, '_>, domain: Oid, said: &Constraint) -> Result<()> {
    let cx = ex.cx;
    let ConstraintKind::Check(condition) = &said.kind else { return Err(not_for_domains(&said.kind)) };
    let row = cx.catalog().type_by_oid(domain)?.expect("the domain exists");
    let taken = cx.catalog().domain_constraints(domain)?;
    let name = match &said.name {
        Some(name) if taken.iter().any(|row| row.conname == *name) => {
            bail!(DUPLICATE_OBJECT, "constraint \"{name}\" for domain \"{}\" already exists", row.typname)
        }
        Some(name) => name.clone(),
        None => {
            let first = crate::sequence::make_object_name(&row.typname, "", "check");
            let label = |n: usize| crate::sequence::make_object_name(&row.typname, "", &format!("check{n}"));
            let mut names = std::iter::once(first).chain((1..).map(label));
            names.find(|name| taken.iter().all(|row| row.conname != *name)).expect("there is always another")
        }
    };
    let base = TypeAndMod { oid: row.typbasetype, typmod: row.typtypmod };
    let made =
        with_analyze_context(cx, ex.text, |context| context.analyze_domain_check(condition, base, row.typcollation))?;
    let oid = cx.catalog().new_oid::<PgConstraint>()?;
    cx.catalog().insert(&PgConstraint {
        oid,
        conname: name,
        connamespace: row.typnamespace,
        contype: b'c',
        condeferrable: false,
        condeferred: false,
        convalidated: !said.attributes.not_valid,
        conrelid: Oid::INVALID,
        contypid: domain,
        conindid: Oid::INVALID,
        conparentid: Oid::INVALID,
        confrelid: Oid::INVALID,
        confupdtype: b' ',
        confdeltype: b' ',
        confmatchtype: b' ',
        conislocal: true,
        coninhcount: 0,
        connoinherit: false,
        conkey: None,
        confkey: None,
        conpfeqop: None,
        conppeqop: None,
        conffeqop: None,
        confdelsetcols: None,
        conexclop: None,
        conbin: Some(stored::to_text(&made)),
    })?;
    let own = ObjectAddress::new(oids::PG_CONSTRAINT, oid);
    dependency::record(cx, own, ObjectAddress::new(oids::PG_TYPE, domain), Dependency::Auto)?;
    let others = mentioned::by_expr(cx, &made, None)?.into_iter().filter(|m| m.object != domain);
    dependency::record_all(cx, own, others, Dependency::Normal)?;
    touch(cx, domain)?;
    cx.next_command()
}

/// Whoever keeps the domain's row or its constraints looks anew.
fn touch(cx: Ctx<'_>, domain: Oid) -> Result<()> {
    let row = cx.catalog().type_by_oid(domain)?.expect("the domain exists");
    cx.catalog().update(&row, &row.row.clone()).map(drop)
}

/// ALTER DOMAIN.
pub(crate) fn alter(ex: &mut Execution<'_, '_>, statement: &AlterDomainStmt) -> Result<Tag> {
    let cx = ex.cx;
    let found = with_analyze_context(cx, ex.text, |context| context.find_type(&statement.name))?;
    let Some(row) = found else { bail!(UNDEFINED_OBJECT, "type \"{}\" does not exist", statement.name.dotted()) };
    let shown = cx.catalog().format_type(row.oid, None, &cx.search_path()?.namespaces)?;
    if row.typtype != b'd' {
        bail!(WRONG_OBJECT_TYPE, "{shown} is not a domain");
    }
    cx.check_owner(row.typowner, ObjectKind::Type, &shown)?;
    let domain = row.oid;
    match &statement.action {
        AlterDomainAction::Default(default) => {
            let base = TypeAndMod { oid: row.typbasetype, typmod: row.typtypmod };
            let mut new = PgType { typdefault: None, typdefaultbin: None, ..row.row.clone() };
            if let Some(expression) = default {
                set_default(ex, &mut new, expression, base)?;
            }
            cx.catalog().update(&row, &new)?;
            if let Some(default) = &new.typdefaultbin {
                record_default(cx, domain, &stored::from_text(default)?)?;
            }
        }
        AlterDomainAction::DropNotNull => {
            cx.catalog().update(&row, &PgType { typnotnull: false, ..row.row.clone() })?;
        }
        AlterDomainAction::SetNotNull if row.typnotnull => {}
        AlterDomainAction::SetNotNull => {
            for_each_user(cx, domain, |table, column| check_not_null(cx, table, column))?;
            cx.catalog().update(&row, &PgType { typnotnull: true, ..row.row.clone() })?;
        }
        AlterDomainAction::AddConstraint(said) => {
            add_check(ex, domain, said)?;
            if !said.attributes.not_valid {
                check_users(cx, domain)?;
            }
        }
        AlterDomainAction::DropConstraint { name, if_exists, behavior } => {
            let rows = cx.catalog().domain_constraints(domain)?;
            match rows.iter().find(|row| row.conname == *name) {
                Some(row) => {
                    drop_objects(cx, &[ObjectAddress::new(oids::PG_CONSTRAINT, row.oid)], *behavior)?;
                    touch(cx, domain)?;
                }
                None => {
                    let message = format!("constraint \"{name}\" of domain \"{}\" does not exist", row.typname);
                    if !*if_exists {
                        bail!(UNDEFINED_OBJECT, "{message}");
                    }
                    crate::rename::skip_notice(cx, &message);
                }
            }
        }
        AlterDomainAction::ValidateConstraint(name) => validate(cx, &row.row, name)?,
    }
    cx.next_command()?;
    Ok(Tag::Plain("ALTER DOMAIN"))
}

fn validate(cx: Ctx<'_>, domain: &PgType, name: &str) -> Result<()> {
    let rows = cx.catalog().domain_constraints(domain.oid)?;
    let Some(row) = rows.iter().find(|row| row.conname == name) else {
        bail!(UNDEFINED_OBJECT, "constraint \"{name}\" of domain \"{}\" does not exist", domain.typname);
    };
    check_users(cx, domain.oid)?;
    cx.catalog().update(row, &PgConstraint { convalidated: true, ..row.row.clone() }).map(drop)
}

/// Calls `check` with every stored column of the domain, its table locked.
fn for_each_user(cx: Ctx<'_>, domain: Oid, mut check: impl FnMut(&RelationEntry, i16) -> Result<()>) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::REFCLASSID, oids::PG_TYPE), Key::oid(d::REFOBJID, domain)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if row.classid == oids::PG_TYPE && cx.catalog().type_by_oid(row.objid)?.is_some_and(|user| user.typtype == b'd')
        {
            unsupported!("a constraint on a domain that other domains are made of");
        }
        if row.classid != oids::PG_CLASS || row.objsubid <= 0 {
            continue;
        }
        names::lock_relation(cx, row.objid, LockMode::Share)?;
        let Some(table) = cx.catalog().relation(row.objid)? else { continue };
        if matches!(table.kind(), b'r' | b'm') {
            check(&table, row.objsubid as i16)?;
        }
    }
    Ok(())
}

fn check_not_null(cx: Ctx<'_>, table: &RelationEntry, column: i16) -> Result<()> {
    for_each_row(cx, table, |row| match row.values[column as usize - 1].is_null() {
        false => Ok(ControlFlow::Continue(())),
        true => {
            let name = &table.desc.attributes[column as usize - 1].name;
            let error =
                error!(NOT_NULL_VIOLATION, "column \"{name}\" of table \"{}\" contains null values", table.name());
            Err(crate::validate::in_table(cx, table, error).column(name))
        }
    })
}

/// 23514 if a stored value does not meet the new condition. The constraint is in the catalogs by now: the cast to the domain
/// checks it with all others.
fn check_users(cx: Ctx<'_>, domain: Oid) -> Result<()> {
    for_each_user(cx, domain, |table, column| {
        let attribute = &table.desc.attributes[column as usize - 1];
        let row = cx.catalog().type_by_oid(domain)?.expect("the domain exists");
        let value = Var::new(1, column, row.typbasetype, row.typtypmod, attribute.collation);
        let cast = Expr::from(CoerceToDomain {
            arg: Expr::from(value),
            result_type: domain,
            typmod: -1,
            collation: attribute.collation,
            format: Cosmetic(CoercionForm::ImplicitCast),
            location: Location::UNKNOWN,
        });
        let mut program = RowProgram::new(cx, &[cast])?;
        let mut out = Vec::new();
        for_each_row(cx, table, |row| {
            out.clear();
            let outcome = program.evaluate(cx, &row.values, &mut out);
            match outcome {
                Ok(()) => Ok(ControlFlow::Continue(())),
                Err(error) if error.code() == report::SqlState::CHECK_VIOLATION => {
                    let (name, table_name) = (&attribute.name, table.name());
                    let message = format!(
                        "column \"{name}\" of table \"{table_name}\" contains values that violate the new constraint"
                    );
                    let error = error!(CHECK_VIOLATION, "{message}");
                    Err(crate::validate::in_table(cx, table, error).column(name))
                }
                Err(other) => Err(other),
            }
        })
    })
}
