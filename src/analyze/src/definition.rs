//! Expressions and queries of definitions: defaults, checks, indexes, views, and what other commands need resolved.
//!
//! Source: PostgreSQL 15 heap.c (cookDefault, cookConstraint), parse_utilcmd.c, view.c, prepare.c.

use crate::coerce::{Coercion, returns_set};
use crate::context::{AnalyzeContext, Parameters};
use crate::expr::{CoerceToDomainValue, Expr, Location};
use crate::query::{Query, lock_mode};
use crate::state::{Analyzer, ColumnHook, ExprKind};
use crate::types::TypeAndMod;
use base::Oid;
use parser::ast::{self, Statement, ViewStmt};
use report::{Result, error};
use schema::RelationEntry;

/// A column that a default is for.
#[derive(Clone, Copy, Debug)]
pub struct DefaultFor<'d> {
    /// Its name.
    pub column: &'d str,
    /// Its type.
    pub column_type: TypeAndMod,
}

/// What an expression over the columns of one relation is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelationExpr {
    /// CHECK of a table.
    Check,
    /// A column of an index.
    IndexColumn,
    /// The predicate of an index.
    IndexPredicate,
    /// USING of ALTER COLUMN TYPE.
    AlterColumnType,
    /// WHERE of COPY FROM.
    CopyWhere,
    /// A partition key.
    PartitionKey,
    /// Extended statistics.
    Statistics,
}

impl AnalyzeContext<'_> {
    /// DEFAULT of a column.
    pub fn analyze_default(&self, expr: &ast::Expr, target: DefaultFor<'_>) -> Result<Expr> {
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let value = analyzer.transform_expr(expr, ExprKind::ColumnDefault)?;
        fit_default(analyzer, value, target)
    }

    /// GENERATED ALWAYS AS of a column of a table.
    pub fn analyze_generated(&self, entry: &RelationEntry, expr: &ast::Expr, target: DefaultFor<'_>) -> Result<Expr> {
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        add_columns(analyzer, entry)?;
        let value = analyzer.transform_expr(expr, ExprKind::GeneratedColumn)?;
        check_generated_references(analyzer, entry, &value)?;
        fit_default(analyzer, value, target)
    }

    /// An expression over the columns of a relation, which is relation 1 in it.
    pub fn analyze_relation_expr(&self, entry: &RelationEntry, expr: &ast::Expr, what: RelationExpr) -> Result<Expr> {
        let (kind, condition) = match what {
            RelationExpr::Check => (ExprKind::CheckConstraint, Some("CHECK")),
            RelationExpr::IndexColumn => (ExprKind::IndexExpression, None),
            RelationExpr::IndexPredicate => (ExprKind::IndexPredicate, Some("WHERE")),
            RelationExpr::AlterColumnType => (ExprKind::AlterColTransform, None),
            RelationExpr::CopyWhere => (ExprKind::CopyWhere, Some("WHERE")),
            RelationExpr::PartitionKey => (ExprKind::PartitionExpression, None),
            RelationExpr::Statistics => (ExprKind::StatsExpression, None),
        };
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        add_columns(analyzer, entry)?;
        let mut made = analyzer.transform_expr(expr, kind)?;
        if let Some(construct) = condition {
            made = analyzer.coerce_to_boolean(made, construct)?;
        }
        analyzer.assign_collations(&mut made)?;
        if what == RelationExpr::IndexColumn && returns_set(&made) {
            let err = error!(DATATYPE_MISMATCH, "index expression cannot return a set");
            return Err(self.at(err, made.location()));
        }
        Ok(made)
    }

    /// CHECK of a domain over a type; VALUE in it is a [`CoerceToDomainValue`].
    pub fn analyze_domain_check(&self, expr: &ast::Expr, base: TypeAndMod, collation: Oid) -> Result<Expr> {
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let value =
            CoerceToDomainValue { type_oid: base.oid, typmod: base.typmod, collation, location: Location::UNKNOWN };
        analyzer.column_hook = Some(ColumnHook::DomainValue(value.into()));
        let made = analyzer.transform_expr(expr, ExprKind::DomainCheck)?;
        let mut made = analyzer.coerce_to_boolean(made, "CHECK")?;
        analyzer.assign_collations(&mut made)?;
        Ok(made)
    }

    /// An expression that refers to no table, of a type that `construct` needs.
    pub fn analyze_constant(&self, expr: &ast::Expr, target: TypeAndMod, construct: &str) -> Result<Expr> {
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let made = analyzer.transform_expr(expr, ExprKind::Other)?;
        let mut made = analyzer.coerce_to_specific(made, target.oid, construct)?;
        analyzer.assign_collations(&mut made)?;
        Ok(made)
    }

    /// The arguments of EXECUTE for parameters of these types.
    pub fn analyze_execute_params(&self, args: &[ast::Expr], types: &[Oid], name: &str) -> Result<Vec<Expr>> {
        if args.len() != types.len() {
            let detail = format!("Expected {} parameters but got {}.", types.len(), args.len());
            let err = error!(SYNTAX_ERROR, "wrong number of parameters for prepared statement \"{name}\"");
            return Err(err.detail(detail));
        }
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let mut made = Vec::with_capacity(args.len());
        for (at, (arg, &target)) in args.iter().zip(types).enumerate() {
            let value = analyzer.transform_expr(arg, ExprKind::ExecuteParameter)?;
            let (source, location) = (value.type_of(), value.location());
            let Some(mut value) = analyzer.coerce_to_target(value, target, -1, Coercion::ASSIGNMENT)? else {
                let (from, to) = (self.format_type(source), self.format_type(target));
                let err = error!(
                    DATATYPE_MISMATCH,
                    "parameter ${} of type {from} cannot be coerced to the expected type {to}",
                    at + 1
                );
                return Err(self.at(err.hint("You will need to rewrite or cast the expression."), location));
            };
            analyzer.assign_collations(&mut value)?;
            made.push(value);
        }
        Ok(made)
    }

    /// A value made fit to be stored in a column, `None` if it cannot be: assignment rules.
    pub fn coerce_for_assignment(&self, value: Expr, target: TypeAndMod) -> Result<Option<Expr>> {
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let Some(mut coerced) = analyzer.coerce_to_target(value, target.oid, target.typmod, Coercion::ASSIGNMENT)?
        else {
            return Ok(None);
        };
        analyzer.assign_collations(&mut coerced)?;
        Ok(Some(coerced))
    }

    /// The query of CREATE VIEW, its columns named as the view's are.
    pub fn analyze_view(&self, view: &ViewStmt) -> Result<Query> {
        if let Some(into) = crate::select::leftmost_into(&view.query) {
            let _ = into;
            return Err(error!(FEATURE_NOT_SUPPORTED, "views must not contain SELECT INTO"));
        }
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        let mut query = analyzer.transform_select(&view.query)?;
        if query.has_modifying_cte {
            return Err(error!(FEATURE_NOT_SUPPORTED, "views must not contain data-modifying statements in WITH"));
        }
        let mut names = view.columns.iter();
        for target in query.targets.iter_mut().filter(|target| !target.junk) {
            if let Some(name) = names.next() {
                target.name = Some(name.clone());
            }
        }
        match names.next() {
            Some(_) => Err(error!(SYNTAX_ERROR, "CREATE VIEW specifies more column names than columns")),
            None => Ok(query),
        }
    }

    /// The default expressions of a function's last arguments, of the arguments' types.
    pub fn argument_defaults(&self, function: &catalog::rows::PgProc) -> Result<Vec<Expr>> {
        Analyzer::new(self, Parameters::None).argument_defaults(function)
    }

    /// The operators that sort and group values of a type, zero where there is none: `<`, `=`, `>`, and whether `=` can
    /// be hashed.
    pub fn sort_group_operators(&self, type_oid: Oid) -> Result<(Oid, Oid, Oid, bool)> {
        let found = Analyzer::new(self, Parameters::None).sort_group_operators(type_oid)?;
        Ok((found.lt, found.eq, found.gt, found.hashable))
    }

    /// The default operator class of a type for an access method, `None` if there is none.
    pub fn default_opclass(
        &self,
        type_oid: Oid,
        method: Oid,
    ) -> Result<Option<crate::Shared<catalog::rows::PgOpclass>>> {
        Analyzer::new(self, Parameters::None).default_opclass_row(type_oid, method)
    }

    /// The operator of this name for these argument types; `left` is zero for a prefix operator. Errors as in queries.
    pub fn find_operator(
        &self,
        name: &ast::OperatorName,
        left: Oid,
        right: Oid,
    ) -> Result<crate::Shared<catalog::rows::PgOperator>> {
        Analyzer::new(self, Parameters::None).resolve_operator(name, left, right, Location::UNKNOWN)
    }

    /// True if values of all these types can be given where these others are wanted, without a cast being written.
    pub fn can_coerce_implicitly(&self, sources: &[Oid], targets: &[Oid]) -> Result<bool> {
        let context = crate::expr::CoercionContext::Implicit;
        Analyzer::new(self, Parameters::None).can_coerce(sources, targets, context)
    }

    /// True if values of one type can be taken as another without any function.
    pub fn is_binary_coercible(&self, source: Oid, target: Oid) -> Result<bool> {
        Analyzer::new(self, Parameters::None).is_binary_coercible(source, target)
    }
}

/// True for statements that return rows or change them: those that analysis makes a query of.
pub fn is_optimizable(stmt: &Statement) -> bool {
    matches!(
        stmt,
        Statement::Select(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_)
    )
}

fn add_columns(analyzer: &mut Analyzer<'_, '_>, entry: &RelationEntry) -> Result<()> {
    let item = analyzer.add_relation(entry, None, lock_mode::ACCESS_SHARE, false)?;
    analyzer.add_to_namespace(&item, true, true);
    Ok(())
}

fn fit_default(analyzer: &mut Analyzer<'_, '_>, value: Expr, target: DefaultFor<'_>) -> Result<Expr> {
    let (source, location) = (value.type_of(), value.location());
    let TypeAndMod { oid, typmod } = target.column_type;
    let Some(mut coerced) = analyzer.coerce_to_target(value, oid, typmod, Coercion::ASSIGNMENT)? else {
        let (to, from) = (analyzer.cx.format_type(oid), analyzer.cx.format_type(source));
        let err = error!(
            DATATYPE_MISMATCH,
            "column \"{}\" is of type {to} but default expression is of type {from}", target.column
        );
        let _ = location;
        return Err(err.hint("You will need to rewrite or cast the expression."));
    };
    analyzer.assign_collations(&mut coerced)?;
    Ok(coerced)
}

/// A generated column is computed from columns that are stored as given.
fn check_generated_references(analyzer: &Analyzer<'_, '_>, entry: &RelationEntry, value: &Expr) -> Result<()> {
    let mut failure = None;
    crate::walk::for_each(value, &mut |node| {
        let Expr::Var(var) = node else { return };
        if var.attno == 0 {
            let err =
                error!(INVALID_OBJECT_DEFINITION, "cannot use whole-row variable in column generation expression");
            let err = err.detail("This would cause the generated column to depend on its own value.");
            failure.get_or_insert(analyzer.at(err, var.location));
        } else if var.attno > 0 && entry.desc.attributes[var.attno as usize - 1].generated != 0 {
            let name = &entry.desc.attributes[var.attno as usize - 1].name;
            let err = error!(
                INVALID_OBJECT_DEFINITION,
                "cannot use generated column \"{name}\" in column generation expression"
            );
            let err = err.detail("A generated column cannot reference another generated column.");
            failure.get_or_insert(analyzer.at(err, var.location));
        }
    });
    failure.map_or(Ok(()), Err)
}
