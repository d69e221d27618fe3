//! Query trees displayed as SQL, in PostgreSQL's style: what `pg_get_viewdef`, `pg_get_expr` and EXPLAIN show.
//!
//! Source: PostgreSQL 15 ruleutils.c.

mod change;
mod expr;
mod from;
mod layout;
mod names;
mod object;
mod paren;
mod query;
mod syntax;

pub use layout::Layout;
pub use names::Namespace;
pub use object::qualified;

use crate::context::AnalyzeContext;
use crate::expr::{Expr, Param, Var};
use crate::query::{Alias, Query, RangeTblEntry, RteKind, RteRelation, TargetEntry, WindowClause, lock_mode};
use crate::vars;
use base::Oid;
use report::{Error, Result, error};
use std::rc::Rc;

/// What a plan's variables stand for: EXPLAIN's knowledge of the plan tree around an expression.
pub trait PlanScope<'q> {
    /// The expression of the subplan's target list that a variable with a special number (`OUTER_VAR` and the like)
    /// stands for, and the scope in which that one is to be read.
    fn referent(&self, var: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)>;

    /// The expression from which an executor parameter is computed, and its scope; `None` for a subplan's output.
    fn parameter(&self, param: &Param) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)>;

    /// The expression of the child plan's target list that a junk column of a sub-query stands for, and its scope.
    fn sub_output(&self, var: &Var) -> Option<(&'q Expr, Rc<dyn PlanScope<'q> + 'q>)>;
}

/// Writes a tree as SQL.
struct Deparser<'d, 'a, 'q> {
    cx: &'d AnalyzeContext<'a>,
    out: String,
    layout: Layout,
    /// Query levels, the innermost last.
    namespaces: Vec<Rc<Namespace<'q>>>,
    /// Windows of the query, and the target list that they refer to.
    windows: &'q [WindowClause],
    window_targets: &'q [TargetEntry],
    /// Columns are qualified by their relation.
    prefix: bool,
    indent: i32,
    in_group_by: bool,
    /// Set while an expression of a plan is written.
    plan: Option<Rc<dyn PlanScope<'q> + 'q>>,
}

impl AnalyzeContext<'_> {
    /// A query as SQL, without semicolon. `columns` are the names of its output columns if those of its target list do
    /// not count: a view's.
    pub fn query_sql(&self, query: &Query, columns: Option<&[String]>, layout: Layout) -> Result<String> {
        let mut deparser = Deparser::new(self, layout);
        // PostgreSQL's views have two more relations, which make it qualify columns and take these names.
        let view = Namespace::reserved(&["old", "new"]);
        if columns.is_some() {
            deparser.namespaces.push(Rc::new(view));
        }
        deparser.query(query, columns, true)?;
        Ok(deparser.out)
    }

    /// A view's definition with its semicolon, `None` if the relation has none.
    ///
    /// Source: pg_get_viewdef.
    pub fn view_sql(&self, view: Oid, layout: Layout) -> Result<Option<String>> {
        let Some(relation) = self.catalog.relation(view)? else { return Ok(None) };
        let Some(text) = &relation.view_query else { return Ok(None) };
        let query: Query = crate::stored::from_text(text)?;
        let columns: Vec<String> = relation.desc.attributes.iter().map(|a| a.name.clone()).collect();
        Ok(Some(self.query_sql(&query, Some(&columns), layout)? + ";"))
    }

    /// An expression as SQL. Its variables, if any, are columns of `relation`.
    pub fn expr_sql(&self, expr: &Expr, relation: Option<Oid>, layout: Layout) -> Result<String> {
        let rtable = match relation {
            Some(relation) => vec![self.lone_relation(relation)?],
            None => Vec::new(),
        };
        let mut deparser = Deparser::new(self, layout);
        deparser.namespaces.push(Rc::new(Namespace::of_relations(self, &rtable, None)?));
        deparser.expr(expr, false)?;
        Ok(deparser.out)
    }

    /// What `pg_get_expr` answers: as [`AnalyzeContext::expr_sql`], with errors for variables that cannot be shown, and
    /// `None` if the relation is gone.
    pub fn stored_expr_sql(&self, expr: &Expr, relation: Oid, layout: Layout) -> Result<Option<String>> {
        let mut is_foreign = |expr: &Expr, depth: u32| match expr {
            Expr::Var(var) => var.levels_up == depth && (var.varno != 1 || !relation.is_valid()),
            _ => false,
        };
        if vars::any_at_depth(expr, &mut is_foreign) {
            return Err(match relation.is_valid() {
                true => {
                    error!(INVALID_PARAMETER_VALUE, "expression contains variables of more than one relation")
                }
                false => error!(INVALID_PARAMETER_VALUE, "expression contains variables"),
            });
        }
        match relation.is_valid() {
            true if self.catalog.relation(relation)?.is_none() => Ok(None),
            true => self.expr_sql(expr, Some(relation), layout).map(Some),
            false => self.expr_sql(expr, None, layout).map(Some),
        }
    }

    /// An expression of a plan as SQL on one line. `prefix` qualifies columns; `show_implicit` shows an implicit cast
    /// on top.
    pub fn plan_expr_sql<'q>(
        &self,
        expr: &'q Expr,
        names: &Rc<Namespace<'q>>,
        scope: Rc<dyn PlanScope<'q> + 'q>,
        prefix: bool,
        show_implicit: bool,
    ) -> Result<String> {
        let mut deparser = Deparser::new(self, Layout::ONE_LINE);
        deparser.namespaces.push(Rc::clone(names));
        deparser.plan = Some(scope);
        deparser.prefix = prefix;
        deparser.expr(expr, show_implicit)?;
        Ok(deparser.out)
    }

    fn lone_relation(&self, relation: Oid) -> Result<RangeTblEntry> {
        let name = self.relation_row(relation)?.name().to_owned();
        let kind =
            RteRelation { relid: relation, relkind: b'r', lock_mode: lock_mode::ACCESS_SHARE, tablesample: None };
        let alias = Alias { name, columns: Vec::new() };
        Ok(RangeTblEntry::new(RteKind::Relation(kind), Some(alias.clone()), alias))
    }
}

impl<'d, 'a, 'q> Deparser<'d, 'a, 'q> {
    fn new(cx: &'d AnalyzeContext<'a>, layout: Layout) -> Deparser<'d, 'a, 'q> {
        Deparser {
            cx,
            out: String::new(),
            layout,
            namespaces: Vec::new(),
            windows: &[],
            window_targets: &[],
            prefix: false,
            indent: 0,
            in_group_by: false,
            plan: None,
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A parenthesis around something that has none of its own, unless only needed ones are written.
    fn open(&mut self) {
        if !self.layout.few_parens {
            self.out.push('(');
        }
    }

    fn close(&mut self) {
        if !self.layout.few_parens {
            self.out.push(')');
        }
    }

    /// Items with commas between.
    fn separated<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T) -> Result<()>,
    ) -> Result<()> {
        for (number, item) in items.into_iter().enumerate() {
            if number > 0 {
                self.push(", ");
            }
            write(self, item)?;
        }
        Ok(())
    }

    /// Starts a new line with a keyword, if lines are wanted.
    fn keyword(&mut self, text: &str, before: i32, after: i32, plus: i32) {
        if !self.layout.lines {
            return self.push(text);
        }
        self.indent += before;
        self.trim_spaces();
        self.out.push('\n');
        let spaces = layout::spaces(self.indent, plus);
        self.out.extend(std::iter::repeat_n(' ', spaces));
        self.push(text);
        self.indent = (self.indent + after).max(0);
    }

    /// A keyword that begins a clause: one level out, and back in.
    fn clause(&mut self, text: &str, plus: i32) {
        self.keyword(text, -layout::INDENT, layout::INDENT, plus);
    }

    fn trim_spaces(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
    }

    /// What `write` writes, not yet written.
    fn apart<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> Result<(String, T)> {
        let before = std::mem::take(&mut self.out);
        let result = write(self);
        let written = std::mem::replace(&mut self.out, before);
        Ok((written, result?))
    }

    /// The names of the query level that is so many levels out.
    fn level(&self, levels_up: u32) -> Result<Rc<Namespace<'q>>> {
        let at = self.namespaces.len().checked_sub(levels_up as usize + 1);
        at.map(|at| Rc::clone(&self.namespaces[at]))
            .ok_or_else(|| Error::internal(format!("bogus varlevelsup: {levels_up}")))
    }

    /// Runs `work` with the levels from `levels_up` outwards and one more query within.
    fn within<T>(&mut self, query: &'q Query, levels_up: u32, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let kept = self.namespaces.len().saturating_sub(levels_up as usize);
        let mut spaces = self.namespaces[..kept].to_vec();
        let parents: Vec<&Namespace<'q>> = spaces.iter().map(Rc::as_ref).collect();
        let inner = Rc::new(Namespace::of_query(self.cx, query, &parents)?);
        spaces.push(inner);
        let outer = std::mem::replace(&mut self.namespaces, spaces);
        let result = work(self);
        self.namespaces = outer;
        result
    }
}
