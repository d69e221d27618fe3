//! SELECT and its clauses.
//!
//! Source: PostgreSQL 15 ruleutils.c (get_query_def, get_select_query_def and what they call).

use super::Deparser;
use super::expr::ShowType;
use super::layout::INDENT;
use crate::expr::Expr;
use crate::oids;
use crate::query::{
    CmdType, CommonTableExpr, CteMaterialize, Frame, FrameBound, FrameExclusion, FrameUnit, GroupingSet, LimitOption,
    LockStrength, LockWaitPolicy, Query, RteKind, SetOperand, SetOperation, SortGroupClause, TargetEntry, WindowClause,
};
use crate::state::Analyzer;
use crate::types::quote_identifier;
use report::{Error, Result};

impl<'q> Deparser<'_, '_, 'q> {
    /// A query. `columns` are names for its output columns; they are only shown if `visible` or if they are wanted.
    pub fn query(&mut self, query: &'q Query, columns: Option<&[String]>, visible: bool) -> Result<()> {
        let is_alone = self.namespaces.is_empty() && query.rtable.len() == 1;
        let prefix = std::mem::replace(&mut self.prefix, !is_alone);
        let windows = (std::mem::take(&mut self.windows), std::mem::take(&mut self.window_targets));
        let in_group_by = std::mem::replace(&mut self.in_group_by, false);
        let indent = self.indent;
        let result = self.within(query, 0, |this| match query.command {
            CmdType::Select => this.select(query, columns, visible),
            CmdType::Insert => this.insert(query, visible),
            CmdType::Update => this.update(query, visible),
            CmdType::Delete => this.delete(query, visible),
            CmdType::Merge => Err(Error::internal("MERGE cannot be displayed")),
            CmdType::Nothing => {
                this.push("NOTHING");
                Ok(())
            }
        });
        self.prefix = prefix;
        (self.windows, self.window_targets) = windows;
        self.in_group_by = in_group_by;
        self.indent = indent;
        result
    }

    /// The first word of a statement follows a space, as PostgreSQL indents it.
    pub fn begin(&mut self) {
        if self.layout.lines {
            self.indent += INDENT;
            self.push(" ");
        }
    }

    pub fn with_clause(&mut self, query: &'q Query) -> Result<()> {
        if query.ctes.is_empty() {
            return Ok(());
        }
        self.begin();
        self.push(if query.has_recursive { "WITH RECURSIVE " } else { "WITH " });
        self.separated(&query.ctes, Self::cte)?;
        match self.layout.lines {
            true => {
                self.indent -= INDENT;
                self.keyword("", 0, 0, 0);
            }
            false => self.push(" "),
        }
        Ok(())
    }

    fn cte(&mut self, cte: &'q CommonTableExpr) -> Result<()> {
        self.push(&quote_identifier(&cte.name));
        if !cte.alias_columns.is_empty() {
            self.push(&format!("({})", name_list(&cte.alias_columns)));
        }
        self.push(match cte.materialized {
            CteMaterialize::Default => " AS (",
            CteMaterialize::Always => " AS MATERIALIZED (",
            CteMaterialize::Never => " AS NOT MATERIALIZED (",
        });
        if self.layout.lines {
            self.keyword("", 0, 0, 0);
        }
        self.query(&cte.query, None, true)?;
        if self.layout.lines {
            self.keyword("", 0, 0, 0);
        }
        self.push(")");
        if let Some(search) = &cte.search {
            let order = if search.breadth_first { "BREADTH" } else { "DEPTH" };
            let sequence = quote_identifier(&search.sequence_column);
            self.push(&format!(" SEARCH {order} FIRST BY {} SET {sequence}", name_list(&search.columns)));
        }
        if let Some(cycle) = &cte.cycle {
            self.push(&format!(" CYCLE {} SET {}", name_list(&cycle.columns), quote_identifier(&cycle.mark_column)));
            let is_bool = |expr: &Expr, wanted: bool| matches!(expr, Expr::Const(c) if c.type_oid == oids::BOOL && !c.value.is_null() && c.value.is_true() == wanted);
            if !is_bool(&cycle.mark_value, true) || !is_bool(&cycle.mark_default, false) {
                self.push(" TO ");
                self.expr(&cycle.mark_value, false)?;
                self.push(" DEFAULT ");
                self.expr(&cycle.mark_default, false)?;
            }
            self.push(&format!(" USING {}", quote_identifier(&cycle.path_column)));
        }
        Ok(())
    }

    fn select(&mut self, query: &'q Query, columns: Option<&[String]>, visible: bool) -> Result<()> {
        self.with_clause(query)?;
        (self.windows, self.window_targets) = (&query.windows, &query.targets);
        match &query.set_operations {
            Some(tree) => {
                let tree = SetTree::Op(tree);
                self.set_operation(tree, query, columns, visible)?;
            }
            None => self.basic_select(query, columns, visible)?,
        }
        if !query.sort.is_empty() {
            self.clause(" ORDER BY ", 1);
            self.order_by(&query.sort, &query.targets, query.set_operations.is_some())?;
        }
        if let Some(offset) = &query.limit_offset {
            self.clause(" OFFSET ", 0);
            self.expr(offset, false)?;
        }
        match (&query.limit_count, query.limit_option) {
            (None, _) => {}
            (Some(count), LimitOption::WithTies) => {
                self.clause(" FETCH FIRST ", 0);
                self.in_parens(true, |this| this.expr(count, false))?;
                self.push(" ROWS WITH TIES");
            }
            (Some(count), LimitOption::Count) => {
                self.clause(" LIMIT ", 0);
                match count {
                    Expr::Const(constant) if constant.value.is_null() => self.push("ALL"),
                    _ => self.expr(count, false)?,
                }
            }
        }
        for mark in query.row_marks.iter().filter(|mark| query.has_for_update && !mark.pushed_down) {
            let clause = match mark.strength {
                LockStrength::ForKeyShare => " FOR KEY SHARE",
                LockStrength::ForShare => " FOR SHARE",
                LockStrength::ForNoKeyUpdate => " FOR NO KEY UPDATE",
                LockStrength::ForUpdate => " FOR UPDATE",
            };
            self.clause(clause, 0);
            let name = self.relation_alias(mark.rti)?;
            self.push(&format!(" OF {}", quote_identifier(&name)));
            self.push(match mark.wait_policy {
                LockWaitPolicy::Block => "",
                LockWaitPolicy::Skip => " SKIP LOCKED",
                LockWaitPolicy::Error => " NOWAIT",
            });
        }
        Ok(())
    }

    /// The name of a relation of the current level.
    pub fn relation_alias(&self, rtindex: i32) -> Result<String> {
        let space = self.level(0)?;
        let name = space.names.get(rtindex as usize - 1).cloned().flatten();
        name.ok_or_else(|| Error::internal("a relation of the query has no name"))
    }

    fn basic_select(&mut self, query: &'q Query, columns: Option<&[String]>, visible: bool) -> Result<()> {
        self.begin();
        if let Some(rows) = plain_values(query, columns) {
            return self.values(rows);
        }
        self.push("SELECT");
        if query.has_distinct_on {
            self.push(" DISTINCT ON (");
            self.separated(&query.distinct, |this, item| {
                this.sort_group(item.target_ref, &query.targets, false).map(drop)
            })?;
            self.push(")");
        } else if !query.distinct.is_empty() {
            self.push(" DISTINCT");
        }
        self.target_list(&query.targets, columns, visible)?;
        self.write_from(query, " FROM ")?;
        self.where_clause(query)?;
        if !query.group.is_empty() || !query.grouping_sets.is_empty() {
            self.clause(" GROUP BY ", 1);
            if query.group_distinct {
                self.push("DISTINCT ");
            }
            let outer = std::mem::replace(&mut self.in_group_by, true);
            match query.grouping_sets.is_empty() {
                true => self.separated(&query.group, |this, item| {
                    this.sort_group(item.target_ref, &query.targets, false).map(drop)
                })?,
                false => {
                    self.separated(&query.grouping_sets, |this, set| this.grouping_set(set, &query.targets, true))?;
                }
            }
            self.in_group_by = outer;
        }
        if let Some(having) = &query.having {
            self.clause(" HAVING ", 0);
            self.expr(having, false)?;
        }
        let mut first = true;
        for window in &query.windows {
            let Some(name) = &window.name else { continue };
            match std::mem::replace(&mut first, false) {
                true => self.clause(" WINDOW ", 1),
                false => self.push(", "),
            }
            self.push(&format!("{} AS ", quote_identifier(name)));
            self.window(window, &query.targets)?;
        }
        Ok(())
    }

    pub fn where_clause(&mut self, query: &'q Query) -> Result<()> {
        if let Some(quals) = &query.jointree.quals {
            self.clause(" WHERE ", 1);
            self.expr(quals, false)?;
        }
        Ok(())
    }

    pub fn values(&mut self, rows: &'q [Vec<Expr>]) -> Result<()> {
        self.push("VALUES ");
        self.separated(rows, |this, row| {
            this.push("(");
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    this.push(",");
                }
                this.top_expr(value, false)?;
            }
            this.push(")");
            Ok(())
        })
    }

    /// Output columns, of SELECT or RETURNING, with their names.
    pub fn target_list(&mut self, targets: &'q [TargetEntry], columns: Option<&[String]>, visible: bool) -> Result<()> {
        let mut separator = " ";
        let mut last_has_lines = false;
        for (number, target) in targets.iter().filter(|target| !target.junk).enumerate() {
            self.push(separator);
            separator = ", ";
            let given = columns.and_then(|columns| columns.get(number));
            let name = given.or(target.name.as_ref());
            let (text, ()) = self.apart(|this| {
                let own = match &target.expr {
                    Expr::Var(var) => this.variable(var, 0, true)?,
                    expr => {
                        this.expr(expr, true)?;
                        (!visible).then(|| "?column?".to_owned())
                    }
                };
                if let Some(name) = name
                    && own.as_ref() != Some(name)
                {
                    this.push(&format!(" AS {}", quote_identifier(name)));
                }
                Ok(())
            })?;
            if self.layout.lines {
                self.place(&text, number > 0, last_has_lines);
                last_has_lines = text.strip_prefix('\n').unwrap_or(&text).contains('\n');
            }
            self.push(&text);
        }
        Ok(())
    }

    /// Makes room for an item of a list: starts a new line if it does not fit.
    pub fn place(&mut self, text: &str, may_break: bool, must_break: bool) {
        let Some(wrap) = self.layout.wrap else { return };
        if text.starts_with('\n') {
            return self.trim_spaces();
        }
        let line = self.out.len() - self.out.rfind('\n').map_or(0, |at| at + 1);
        if may_break && (line + text.len() > wrap || must_break) {
            self.wrap_item();
        }
    }

    fn set_operation(
        &mut self,
        tree: SetTree<'q>,
        query: &'q Query,
        columns: Option<&[String]>,
        visible: bool,
    ) -> Result<()> {
        let stmt = match tree {
            SetTree::Rel(rtindex) => {
                let missing = || Error::internal("an operand of a set operation is no sub-query");
                let leaf = query.rte(rtindex).subquery().ok_or_else(missing)?;
                let parens = !leaf.ctes.is_empty()
                    || !leaf.sort.is_empty()
                    || !leaf.row_marks.is_empty()
                    || leaf.limit_offset.is_some()
                    || leaf.limit_count.is_some()
                    || leaf.set_operations.is_some();
                return self.in_parens(parens, |this| this.query(leaf, columns, visible));
            }
            SetTree::Op(stmt) => stmt,
        };
        let left = SetTree::from(&stmt.left);
        let left_parens = matches!(left, SetTree::Op(inner) if inner.op != stmt.op || inner.all != stmt.all);
        let indent = if left_parens { INDENT } else { 0 };
        if left_parens {
            self.push("(");
            self.keyword("", indent, 0, 0);
        }
        self.set_operation(left, query, columns, visible)?;
        if left_parens {
            self.keyword(") ", -indent, 0, 0);
        } else if self.layout.lines {
            self.keyword("", -indent, 0, 0);
        } else {
            self.push(" ");
        }
        self.push(match stmt.op {
            SetOperation::Union => "UNION ",
            SetOperation::Intersect => "INTERSECT ",
            SetOperation::Except => "EXCEPT ",
        });
        if stmt.all {
            self.push("ALL ");
        }
        let right = SetTree::from(&stmt.right);
        let right_parens = matches!(right, SetTree::Op(_));
        let indent = if right_parens { INDENT } else { 0 };
        if right_parens {
            self.push("(");
        }
        self.keyword("", indent, 0, 0);
        self.set_operation(right, query, columns, false)?;
        if self.layout.lines {
            self.indent -= indent;
        }
        if right_parens {
            self.keyword(")", 0, 0, 0);
        }
        Ok(())
    }

    // --- sorting and grouping ---

    /// The expression of a sort or group clause, or its column number.
    fn sort_group(&mut self, target_ref: u32, targets: &'q [TargetEntry], by_number: bool) -> Result<&'q Expr> {
        let found = targets.iter().find(|target| target.sort_group_ref == target_ref);
        let target = found.ok_or_else(|| Error::internal("ORDER/GROUP BY expression not found in targetlist"))?;
        match &target.expr {
            _ if by_number => self.push(&target.resno.to_string()),
            Expr::Const(constant) => self.constant(constant, ShowType::Always)?,
            Expr::Var(_) => self.expr(&target.expr, true)?,
            expr => {
                let parens =
                    self.layout.few_parens || matches!(expr, Expr::FuncExpr(_) | Expr::Aggref(_) | Expr::WindowFunc(_));
                self.in_parens(parens, |this| this.expr(expr, true))?;
            }
        }
        Ok(&target.expr)
    }

    fn grouping_set(&mut self, set: &'q GroupingSet, targets: &'q [TargetEntry], bare: bool) -> Result<()> {
        let (word, sets, bare_children) = match set {
            GroupingSet::Empty => {
                self.push("()");
                return Ok(());
            }
            GroupingSet::Simple(refs) => {
                return self.in_parens(!bare || refs.len() != 1, |this| {
                    this.separated(refs, |this, &item| this.sort_group(item, targets, false).map(drop))
                });
            }
            GroupingSet::Rollup(sets) => ("ROLLUP(", sets, true),
            GroupingSet::Cube(sets) => ("CUBE(", sets, true),
            GroupingSet::Sets(sets) => ("GROUPING SETS (", sets, false),
        };
        self.push(word);
        self.separated(sets, |this, set| this.grouping_set(set, targets, bare_children))?;
        self.push(")");
        Ok(())
    }

    pub fn order_by(
        &mut self,
        order: &'q [SortGroupClause],
        targets: &'q [TargetEntry],
        by_number: bool,
    ) -> Result<()> {
        self.separated(order, |this, item| {
            let expr = this.sort_group(item.target_ref, targets, by_number)?;
            let type_oid = expr.type_of();
            let operators = Analyzer::new(this.cx, crate::Parameters::None).sort_group_operators(type_oid)?;
            if item.sort_operator == operators.lt {
                this.push(if item.nulls_first { " NULLS FIRST" } else { "" });
            } else if item.sort_operator == operators.gt {
                this.push(if item.nulls_first { " DESC" } else { " DESC NULLS LAST" });
            } else {
                let name = this.cx.operator_to_write(item.sort_operator, type_oid, type_oid)?;
                let nulls = if item.nulls_first { "FIRST" } else { "LAST" };
                this.push(&format!(" USING {name} NULLS {nulls}"));
            }
            Ok(())
        })
    }

    /// A window's definition in parentheses.
    pub fn window(&mut self, window: &'q WindowClause, targets: &'q [TargetEntry]) -> Result<()> {
        let (text, ()) = self.apart(|this| {
            if let Some(name) = &window.refname {
                this.push(&format!("{} ", quote_identifier(name)));
            } else if !window.partition.is_empty() {
                this.push("PARTITION BY ");
                this.separated(&window.partition, |this, item| {
                    this.sort_group(item.target_ref, targets, false).map(drop)
                })?;
                this.push(" ");
            }
            if !window.order.is_empty() && !window.copied_order {
                this.push("ORDER BY ");
                this.order_by(&window.order, targets, false)?;
                this.push(" ");
            }
            if window.frame.is_explicit {
                this.frame(&window.frame, window)?;
            }
            Ok(())
        })?;
        self.push(&format!("({})", text.trim_end_matches(' ')));
        Ok(())
    }

    fn frame(&mut self, frame: &Frame, window: &'q WindowClause) -> Result<()> {
        self.push(match frame.unit {
            FrameUnit::Range => "RANGE ",
            FrameUnit::Rows => "ROWS ",
            FrameUnit::Groups => "GROUPS ",
        });
        if frame.is_between {
            self.push("BETWEEN ");
        }
        self.frame_bound(frame.start, &window.start_offset)?;
        if frame.is_between {
            self.push("AND ");
            self.frame_bound(frame.end, &window.end_offset)?;
        }
        self.push(match frame.exclusion {
            FrameExclusion::NoOthers => "",
            FrameExclusion::CurrentRow => "EXCLUDE CURRENT ROW ",
            FrameExclusion::Group => "EXCLUDE GROUP ",
            FrameExclusion::Ties => "EXCLUDE TIES ",
        });
        Ok(())
    }

    fn frame_bound(&mut self, bound: FrameBound, offset: &'q Option<Expr>) -> Result<()> {
        if let (FrameBound::OffsetPreceding | FrameBound::OffsetFollowing, Some(offset)) = (bound, offset) {
            self.expr(offset, false)?;
        }
        self.push(match bound {
            FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING ",
            FrameBound::OffsetPreceding => " PRECEDING ",
            FrameBound::CurrentRow => "CURRENT ROW ",
            FrameBound::OffsetFollowing => " FOLLOWING ",
            FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING ",
        });
        Ok(())
    }
}

/// A set operation, or a sub-query of one.
#[derive(Clone, Copy)]
enum SetTree<'q> {
    Rel(i32),
    Op(&'q crate::query::SetOperationStmt),
}

impl<'q> From<&'q SetOperand> for SetTree<'q> {
    fn from(operand: &'q SetOperand) -> SetTree<'q> {
        match operand {
            SetOperand::Rel(rtindex) => SetTree::Rel(*rtindex),
            SetOperand::Op(stmt) => SetTree::Op(stmt),
        }
    }
}

/// The rows of a query that is VALUES only, with the columns' own names.
fn plain_values<'q>(query: &'q Query, columns: Option<&[String]>) -> Option<&'q [Vec<Expr>]> {
    let mut found = None;
    for rte in &query.rtable {
        match &rte.kind {
            RteKind::Values(values) if rte.in_from_clause && found.is_none() => found = Some((rte, values)),
            RteKind::Relation(_) if !rte.in_from_clause => {}
            _ => return None,
        }
    }
    let (rte, values) = found?;
    if query.targets.len() != rte.eref.columns.len() {
        return None;
    }
    let unchanged = query.targets.iter().zip(&rte.eref.columns).enumerate().all(|(at, (target, own))| {
        let name = columns.and_then(|columns| columns.get(at)).or(target.name.as_ref());
        !target.junk && name == Some(own)
    });
    unchanged.then_some(values.rows.as_slice())
}

/// Names with commas between.
pub fn name_list(names: &[String]) -> String {
    names.iter().map(|name| quote_identifier(name)).collect::<Vec<_>>().join(", ")
}
