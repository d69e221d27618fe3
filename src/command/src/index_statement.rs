//! CREATE INDEX, and the indexes of PRIMARY KEY and UNIQUE.

use crate::index::{INDEX_COLUMNS_MAX, IndexColumn, NewIndex, create_index, default_opclass};
use crate::relation::BTREE;
use crate::sequence::{choose_name, make_object_name};
use crate::{Execution, Tag, mentioned, names, options, with_analyze_context};
use analyze::expr::{Expr, Location};
use analyze::{RelationExpr, stored};
use base::Oid;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ast::{IndexElem, IndexKey, IndexStmt, NullsOrder, QualifiedName, SortDirection};
use report::{Error, Result, Severity, SqlState, bail, error, unsupported};
use schema::RelationEntry;
use std::sync::Arc;

/// CREATE INDEX.
pub(crate) fn create(ex: &mut Execution<'_, '_>, statement: &IndexStmt) -> Result<Tag> {
    let cx = ex.cx;
    if statement.concurrently && ex.in_block {
        bail!(ACTIVE_SQL_TRANSACTION, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block");
    }
    check_method(statement)?;
    // CONCURRENTLY is granted by an ordinary build: it blocks writers, which is allowed, only not hoped for.
    let table = names::open_relation_checked(cx, &statement.relation, LockMode::Share, |table| check_table(ex, table))?;
    let namespace = table.class.relnamespace;
    let columns = read_columns(ex, &table, statement)?;
    let name = match &statement.name {
        Some(name) => name.clone(),
        None => choose_name(cx, table.name(), &name_of_columns(&columns.names), "idx", namespace)?,
    };
    if cx.catalog().relation_oid(namespace, &name)?.is_some() {
        let error = error!(DUPLICATE_TABLE, "relation \"{name}\" already exists");
        if !statement.if_not_exists {
            return Err(error);
        }
        let message = format!("{}, skipping", error.message());
        cx.session.notice(Error::with_severity(Severity::Notice, SqlState::DUPLICATE_TABLE, message));
        return Ok(Tag::Plain("CREATE INDEX"));
    }
    let mut new = columns.new;
    add_predicate(ex, &table, statement, &mut new)?;
    new.name = name;
    new.is_unique = statement.unique;
    new.nulls_not_distinct = statement.nulls_not_distinct;
    new.is_immediate = true;
    new.options = options::index_options(&statement.options)?;
    create_index(cx, &table, &new)?;
    Ok(Tag::Plain("CREATE INDEX"))
}

fn check_method(statement: &IndexStmt) -> Result<()> {
    match statement.access_method.as_deref() {
        None | Some("btree") => Ok(()),
        Some(method @ ("hash" | "gin" | "gist" | "spgist" | "brin" | "rtree")) => {
            unsupported!("access method \"{method}\"")
        }
        Some(method) => Err(error!(UNDEFINED_OBJECT, "access method \"{method}\" does not exist")),
    }
}

fn check_table(ex: &Execution<'_, '_>, table: &RelationEntry) -> Result<()> {
    let name = table.name();
    match table.kind() {
        b'r' | b'm' => {}
        _ => {
            let error = error!(WRONG_OBJECT_TYPE, "cannot create index on relation \"{name}\"");
            let word = match table.kind() {
                b'v' => "views",
                b'S' => "sequences",
                b'i' => "indexes",
                b'c' => "composite types",
                _ => "this kind of relation",
            };
            return Err(error.detail(format!("This operation is not supported for {word}.")));
        }
    }
    ex.cx.check_owner(table.class.relowner, ObjectKind::of_relkind(table.kind()), name)?;
    if table.oid < Oid::FIRST_UNPINNED && !ex.cx.setting(|s| s.bool(config::Setting::AllowSystemTableMods)) {
        bail!(INSUFFICIENT_PRIVILEGE, "permission denied: \"{name}\" is a system catalog");
    }
    Ok(())
}

/// The columns of an index, and what they are called in its name.
struct Columns {
    new: NewIndex,
    names: Vec<String>,
}

fn read_columns(ex: &Execution<'_, '_>, table: &Arc<RelationEntry>, statement: &IndexStmt) -> Result<Columns> {
    if statement.elements.len() + statement.including.len() > INDEX_COLUMNS_MAX {
        bail!(TOO_MANY_COLUMNS, "cannot use more than {INDEX_COLUMNS_MAX} columns in an index");
    }
    let mut columns = Columns { new: NewIndex::default(), names: Vec::new() };
    let mut expressions: Vec<Expr> = Vec::new();
    for element in &statement.elements {
        let mut column = match &element.key {
            IndexKey::Column(name) => table_column(table, name)?,
            IndexKey::Expr(expression) => {
                let made = with_analyze_context(ex.cx, ex.text, |context| {
                    context.analyze_relation_expr(table, expression, RelationExpr::IndexColumn)
                })?;
                require_immutable(ex, &made, "functions in index expression must be marked IMMUTABLE")?;
                columns.new.mentioned.extend(mentioned::by_expr(ex.cx, &made, Some(table.oid))?);
                let column = expression_column(&made);
                expressions.push(made);
                column
            }
        };
        complete_key(ex, element, &mut column)?;
        columns.names.push(column.name.clone());
        column.name = unique_name(&columns.new.columns, &column.name);
        columns.new.columns.push(column);
    }
    columns.new.key_count = columns.new.columns.len();
    for element in &statement.including {
        let IndexKey::Column(name) = &element.key else {
            unsupported!("an expression in INCLUDE");
        };
        let column = table_column(table, name)?;
        columns.names.push(column.name.clone());
        columns.new.columns.push(IndexColumn { name: unique_name(&columns.new.columns, &column.name), ..column });
    }
    columns.new.expressions = (!expressions.is_empty()).then(|| stored::to_text(&expressions));
    Ok(columns)
}

/// A table's column as an index column, without order. Errors: 42703.
pub(crate) fn table_column(table: &RelationEntry, name: &str) -> Result<IndexColumn> {
    let Some(number) = table.column(name) else {
        bail!(UNDEFINED_COLUMN, "column \"{name}\" does not exist");
    };
    let attribute = &table.desc.attributes[number as usize - 1];
    Ok(IndexColumn {
        name: name.to_owned(),
        table_column: number,
        type_oid: attribute.type_oid,
        type_mod: attribute.type_mod,
        collation: attribute.collation,
        opclass: Oid::INVALID,
        descending: false,
        nulls_first: false,
    })
}

fn expression_column(expression: &Expr) -> IndexColumn {
    IndexColumn {
        name: expression_name(expression),
        table_column: 0,
        type_oid: expression.type_of(),
        type_mod: expression.typmod_of(),
        collation: expression.collation_of(),
        opclass: Oid::INVALID,
        descending: false,
        nulls_first: false,
    }
}

/// PostgreSQL calls the column of an expression after its function, else `expr`.
fn expression_name(expression: &Expr) -> String {
    match expression {
        Expr::FuncExpr(call) => format!("func_{}", call.function),
        _ => "expr".to_owned(),
    }
}

fn complete_key(ex: &Execution<'_, '_>, element: &IndexElem, column: &mut IndexColumn) -> Result<()> {
    if column.table_column == 0
        && let IndexKey::Expr(parser::ast::Expr::Func(call)) = &element.key
    {
        column.name = call.name.parts.last().cloned().unwrap_or_default();
    } else if column.table_column == 0 {
        column.name = "expr".to_owned();
    }
    if let Some(name) = &element.collation {
        column.collation =
            with_analyze_context(ex.cx, ex.text, |context| context.resolve_collation(name, Location::UNKNOWN))?;
    }
    column.opclass = match &element.opclass {
        Some(name) => named_opclass(ex, name)?,
        None => default_opclass(ex.cx, column.type_oid)?,
    };
    column.descending = element.direction == SortDirection::Desc;
    column.nulls_first = match element.nulls {
        NullsOrder::First => true,
        NullsOrder::Last => false,
        NullsOrder::Default => column.descending,
    };
    Ok(())
}

fn named_opclass(ex: &Execution<'_, '_>, name: &QualifiedName) -> Result<Oid> {
    with_analyze_context(ex.cx, ex.text, |context| context.resolve_opclass(BTREE, name))
}

/// Two columns of an index may come from the same column: the second gets a number.
fn unique_name(columns: &[IndexColumn], name: &str) -> String {
    let is_free = |name: &str| columns.iter().all(|column| column.name != name);
    let numbered = (1..).map(|n| format!("{name}{n}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates.find(|name| is_free(name)).expect("there is always another number")
}

fn name_of_columns(columns: &[String]) -> String {
    let joined = columns.join("_");
    joined[..joined.floor_char_boundary(base::NAME_BYTES_MAX)].to_owned()
}

fn add_predicate(
    ex: &Execution<'_, '_>,
    table: &Arc<RelationEntry>,
    statement: &IndexStmt,
    new: &mut NewIndex,
) -> Result<()> {
    let Some(filter) = &statement.filter else { return Ok(()) };
    let made = with_analyze_context(ex.cx, ex.text, |context| {
        context.analyze_relation_expr(table, filter, RelationExpr::IndexPredicate)
    })?;
    require_immutable(ex, &made, "functions in index predicate must be marked IMMUTABLE")?;
    new.mentioned.extend(mentioned::by_expr(ex.cx, &made, Some(table.oid))?);
    new.predicate = Some(stored::to_text(&made));
    Ok(())
}

/// 42P17 with this message if an expression holds a function whose result may change.
fn require_immutable(ex: &Execution<'_, '_>, expression: &Expr, message: &str) -> Result<()> {
    if exec::volatility(ex.cx, expression)? != b'i' {
        bail!(INVALID_OBJECT_DEFINITION, "{message}");
    }
    Ok(())
}

/// The index of a PRIMARY KEY or UNIQUE constraint.
pub(crate) fn of_constraint(
    ex: &Execution<'_, '_>,
    table: &Arc<RelationEntry>,
    key: &parser::ast::IndexConstraint,
    is_primary: bool,
) -> Result<NewIndex> {
    let cx = ex.cx;
    let mut new = NewIndex { is_unique: true, is_primary, of_constraint: true, ..NewIndex::default() };
    for (n, name) in key.columns.iter().chain(&key.including).enumerate() {
        let is_key = n < key.columns.len();
        let mut column = table_column(table, name)
            .map_err(|_| error!(UNDEFINED_COLUMN, "column \"{name}\" named in key does not exist"))?;
        if is_key && key.columns[..n].contains(name) {
            let word = if is_primary { "primary key" } else { "unique" };
            bail!(DUPLICATE_COLUMN, "column \"{name}\" appears twice in {word} constraint");
        }
        if is_key {
            column.opclass = default_opclass(cx, column.type_oid)?;
        }
        column.name = unique_name(&new.columns, &column.name);
        new.columns.push(column);
    }
    new.key_count = key.columns.len();
    new.nulls_not_distinct = key.nulls_not_distinct;
    new.options = options::index_options(&key.options)?;
    Ok(new)
}

/// The name of a constraint's index, if the statement gives none: `t_pkey`, `t_a_b_key`.
pub(crate) fn constraint_name(
    ex: &Execution<'_, '_>,
    table: &RelationEntry,
    columns: &[String],
    is_primary: bool,
) -> Result<String> {
    let namespace = table.class.relnamespace;
    match is_primary {
        true => {
            let first = make_object_name(table.name(), "", "pkey");
            match ex.cx.catalog().relation_oid(namespace, &first)? {
                None => Ok(first),
                Some(_) => choose_name(ex.cx, table.name(), "", "pkey", namespace),
            }
        }
        false => choose_name(ex.cx, table.name(), &name_of_columns(columns), "key", namespace),
    }
}
