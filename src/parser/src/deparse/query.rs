//! Queries and data changes as SQL.

use super::Printer;
use crate::ast::*;

impl Printer {
    pub(super) fn select(&mut self, query: &SelectStmt) {
        self.with(query.with.as_deref());
        match &query.body {
            SelectBody::Simple(select) => self.simple_select(select),
            SelectBody::Values(rows) => {
                self.put("VALUES");
                self.list(rows, |p, row| p.parens(row, Self::expr));
            }
            SelectBody::SetOperation(set) => {
                self.in_parens(|p| p.select(&set.left));
                self.put(match set.op {
                    SetOp::Union => "UNION",
                    SetOp::Intersect => "INTERSECT",
                    SetOp::Except => "EXCEPT",
                });
                self.put_if(set.all, "ALL");
                self.in_parens(|p| p.select(&set.right));
            }
        }
        self.order_by(&query.order_by);
        self.limit(query);
        self.list_of_locks(&query.locking);
    }

    fn limit(&mut self, query: &SelectStmt) {
        if let Some(offset) = &query.offset {
            self.put("OFFSET");
            self.expr(offset);
        }
        let Some(limit) = &query.limit else {
            return;
        };
        if query.with_ties {
            self.put("FETCH FIRST");
            self.in_parens(|p| p.expr(limit));
            self.put("ROWS WITH TIES");
        } else {
            self.put("LIMIT");
            self.expr(limit);
        }
    }

    fn list_of_locks(&mut self, locks: &[LockingClause]) {
        for lock in locks {
            self.put(match lock.strength {
                LockStrength::KeyShare => "FOR KEY SHARE",
                LockStrength::Share => "FOR SHARE",
                LockStrength::NoKeyUpdate => "FOR NO KEY UPDATE",
                LockStrength::Update => "FOR UPDATE",
            });
            if !lock.relations.is_empty() {
                self.put("OF");
                self.relations(&lock.relations);
            }
            match lock.wait {
                LockWait::Block => {}
                LockWait::Skip => self.put("SKIP LOCKED"),
                LockWait::Error => self.put("NOWAIT"),
            }
        }
    }

    fn simple_select(&mut self, select: &SimpleSelect) {
        self.put("SELECT");
        match &select.distinct {
            Distinct::All => {}
            Distinct::Rows => self.put("DISTINCT"),
            Distinct::On(exprs) => {
                self.put("DISTINCT ON");
                self.parens(exprs, Self::expr);
            }
        }
        self.targets(&select.targets);
        if let Some(into) = &select.into {
            self.put("INTO");
            self.persistence(into.relation.persistence);
            self.put("TABLE");
            self.relation(&into.relation);
        }
        self.from("FROM", &select.from);
        self.opt_expr("WHERE", select.filter.as_ref());
        if !select.group_by.is_empty() {
            self.put("GROUP BY");
            self.put_if(select.group_distinct, "DISTINCT");
            self.list(&select.group_by, Self::group_item);
        }
        self.opt_expr("HAVING", select.having.as_ref());
        if !select.windows.is_empty() {
            self.put("WINDOW");
            self.list(&select.windows, |p, window| {
                p.name(window.name.as_deref().unwrap_or_default());
                p.put("AS");
                p.window(window);
            });
        }
    }

    fn targets(&mut self, targets: &[Target]) {
        self.list(targets, |p, target| {
            p.expr(&target.expr);
            p.opt_name("AS", target.name.as_ref());
        });
    }

    fn group_item(&mut self, item: &GroupItem) {
        match item {
            GroupItem::Expr(expr) => self.expr(expr),
            GroupItem::Empty(_) => self.put("()"),
            GroupItem::Rollup(exprs, _) => {
                self.put("ROLLUP");
                self.parens(exprs, Self::expr);
            }
            GroupItem::Cube(exprs, _) => {
                self.put("CUBE");
                self.parens(exprs, Self::expr);
            }
            GroupItem::Sets(items, _) => {
                self.put("GROUPING SETS");
                self.parens(items, Self::group_item);
            }
        }
    }

    pub(super) fn order_by(&mut self, order: &[SortBy]) {
        if order.is_empty() {
            return;
        }
        self.put("ORDER BY");
        self.list(order, |p, sort| {
            p.expr(&sort.expr);
            p.direction(&sort.direction);
            p.nulls(sort.nulls);
        });
    }

    pub(super) fn direction(&mut self, direction: &SortDirection) {
        match direction {
            SortDirection::Default => {}
            SortDirection::Asc => self.put("ASC"),
            SortDirection::Desc => self.put("DESC"),
            SortDirection::Using(operator) => {
                self.put("USING");
                self.operator(operator);
            }
        }
    }

    pub(super) fn nulls(&mut self, nulls: NullsOrder) {
        match nulls {
            NullsOrder::Default => {}
            NullsOrder::First => self.put("NULLS FIRST"),
            NullsOrder::Last => self.put("NULLS LAST"),
        }
    }

    fn with(&mut self, with: Option<&WithClause>) {
        let Some(with) = with else {
            return;
        };
        self.put("WITH");
        self.put_if(with.recursive, "RECURSIVE");
        self.list(&with.ctes, Self::cte);
    }

    fn cte(&mut self, cte: &CommonTableExpr) {
        self.name(&cte.name);
        self.opt_names(&cte.columns);
        self.put("AS");
        match cte.materialized {
            None => {}
            Some(true) => self.put("MATERIALIZED"),
            Some(false) => self.put("NOT MATERIALIZED"),
        }
        self.in_parens(|p| p.statement(&cte.query));
        if let Some(search) = &cte.search {
            self.put(if search.breadth_first { "SEARCH BREADTH FIRST BY" } else { "SEARCH DEPTH FIRST BY" });
            self.names(&search.columns);
            self.opt_name("SET", Some(&search.sequence_column));
        }
        if let Some(cycle) = &cte.cycle {
            self.put("CYCLE");
            self.names(&cycle.columns);
            self.opt_name("SET", Some(&cycle.mark_column));
            self.put("TO");
            self.constant(&cycle.mark_value);
            self.put("DEFAULT");
            self.constant(&cycle.mark_default);
            self.opt_name("USING", Some(&cycle.path_column));
        }
    }

    // FROM

    fn from(&mut self, keyword: &str, items: &[TableRef]) {
        if !items.is_empty() {
            self.put(keyword);
            self.list(items, Self::table_ref);
        }
    }

    pub(super) fn table_ref(&mut self, item: &TableRef) {
        match item {
            TableRef::Relation(relation) => self.relation(relation),
            TableRef::Subselect(sub) => {
                self.put_if(sub.lateral, "LATERAL");
                self.in_parens(|p| p.select(&sub.query));
                if let Some(alias) = &sub.alias {
                    self.alias(alias);
                }
            }
            TableRef::Function(function) => self.range_function(function),
            TableRef::TableFunc(table) => self.xml_table(table),
            TableRef::Sample(sample) => {
                self.relation(&sample.relation);
                self.put("TABLESAMPLE");
                self.qualified(&sample.method);
                self.parens(&sample.args, Self::expr);
                if let Some(seed) = &sample.repeatable {
                    self.put("REPEATABLE");
                    self.in_parens(|p| p.expr(seed));
                }
            }
            TableRef::Join(join) => self.join(join),
        }
    }

    fn join(&mut self, join: &JoinExpr) {
        self.put_if(join.alias.is_some(), "(");
        self.join_side(&join.left);
        self.put_if(join.natural, "NATURAL");
        self.put(match (join.kind, &join.qual) {
            (JoinType::Inner, JoinQual::None) if !join.natural => "CROSS JOIN",
            (JoinType::Inner, _) => "JOIN",
            (JoinType::Left, _) => "LEFT JOIN",
            (JoinType::Full, _) => "FULL JOIN",
            (JoinType::Right, _) => "RIGHT JOIN",
        });
        self.join_side(&join.right);
        match &join.qual {
            JoinQual::None => {}
            JoinQual::On(condition) => {
                self.put("ON");
                self.expr(condition);
            }
            JoinQual::Using(columns, alias) => {
                self.put("USING");
                self.names_in_parens(columns);
                self.opt_name("AS", alias.as_ref());
            }
        }
        if let Some(alias) = &join.alias {
            self.put(")");
            self.alias(alias);
        }
    }

    fn join_side(&mut self, side: &TableRef) {
        match side {
            TableRef::Join(join) if join.alias.is_none() => self.in_parens(|p| p.join(join)),
            other => self.table_ref(other),
        }
    }

    fn range_function(&mut self, function: &RangeFunction) {
        self.put_if(function.lateral, "LATERAL");
        if function.rows_from {
            self.put("ROWS FROM");
            self.parens(&function.functions, |p, item| {
                p.expr(&item.call);
                if !item.column_defs.is_empty() {
                    p.put("AS");
                    p.parens(&item.column_defs, Self::column_definition);
                }
            });
        } else {
            self.list(&function.functions, |p, item| p.expr(&item.call));
        }
        self.put_if(function.ordinality, "WITH ORDINALITY");
        match &function.alias {
            Some(alias) => self.alias(alias),
            None => self.put_if(!function.column_defs.is_empty(), "AS"),
        }
        self.opt_parens(&function.column_defs, Self::column_definition);
    }

    pub(super) fn column_definition(&mut self, column: &ColumnDefinition) {
        self.name(&column.name);
        self.type_name(&column.type_name);
        if let Some(collation) = &column.collation {
            self.put("COLLATE");
            self.qualified(collation);
        }
    }

    fn xml_table(&mut self, table: &RangeTableFunc) {
        self.put_if(table.lateral, "LATERAL");
        self.put("XMLTABLE(");
        if !table.namespaces.is_empty() {
            self.put("XMLNAMESPACES");
            self.parens(&table.namespaces, |p, ns| {
                p.put_if(ns.name.is_none(), "DEFAULT");
                p.operand(&ns.uri);
                p.opt_name("AS", ns.name.as_ref());
            });
            self.put(",");
        }
        self.operand(&table.row_path);
        self.put("PASSING");
        self.operand(&table.document);
        self.put("COLUMNS");
        self.list(&table.columns, Self::table_func_column);
        self.put(")");
        if let Some(alias) = &table.alias {
            self.alias(alias);
        }
    }

    fn table_func_column(&mut self, column: &TableFuncColumn) {
        self.name(&column.name);
        match &column.type_name {
            None => self.put("FOR ORDINALITY"),
            Some(name) => self.type_name(name),
        }
        if let Some(path) = &column.path {
            self.put("PATH");
            self.operand(path);
        }
        if let Some(default) = &column.default {
            self.put("DEFAULT");
            self.operand(default);
        }
        self.put_if(column.not_null, "NOT NULL");
    }

    // Data changes

    pub(super) fn insert(&mut self, insert: &InsertStmt) {
        self.with(insert.with.as_deref());
        self.put("INSERT INTO");
        self.relation(&insert.relation);
        self.opt_parens(&insert.columns, Self::assigned_column);
        self.overriding(insert.overriding);
        match &insert.source {
            Some(source) => self.select(source),
            None => self.put("DEFAULT VALUES"),
        }
        if let Some(conflict) = &insert.on_conflict {
            self.on_conflict(conflict);
        }
        self.returning(&insert.returning);
    }

    fn assigned_column(&mut self, column: &InsertColumn) {
        self.name(&column.name);
        self.indirection(&column.indirection);
    }

    fn overriding(&mut self, overriding: Overriding) {
        match overriding {
            Overriding::None => {}
            Overriding::User => self.put("OVERRIDING USER VALUE"),
            Overriding::System => self.put("OVERRIDING SYSTEM VALUE"),
        }
    }

    fn on_conflict(&mut self, conflict: &OnConflict) {
        self.put("ON CONFLICT");
        match &conflict.infer {
            None => {}
            Some(InferClause::Constraint(name, _)) => self.opt_name("ON CONSTRAINT", Some(name)),
            Some(InferClause::Index(elements, filter, _)) => {
                self.parens(elements, Self::index_elem);
                self.opt_expr("WHERE", filter.as_ref());
            }
        }
        match &conflict.action {
            OnConflictAction::Nothing => self.put("DO NOTHING"),
            OnConflictAction::Update(assignments, filter) => {
                self.put("DO UPDATE SET");
                self.assignments(assignments);
                self.opt_expr("WHERE", filter.as_ref());
            }
        }
    }

    fn returning(&mut self, targets: &[Target]) {
        if !targets.is_empty() {
            self.put("RETURNING");
            self.targets(targets);
        }
    }

    fn assignments(&mut self, assignments: &[Assignment]) {
        self.list(assignments, |p, assignment| match assignment {
            Assignment::Single(column, value) => {
                p.assigned_column(column);
                p.put("=");
                p.expr(value);
            }
            Assignment::Multiple(columns, value) => {
                p.parens(columns, Self::assigned_column);
                p.put("=");
                p.expr(value);
            }
        });
    }

    pub(super) fn update(&mut self, update: &UpdateStmt) {
        self.with(update.with.as_deref());
        self.put("UPDATE");
        self.relation(&update.relation);
        self.put("SET");
        self.assignments(&update.assignments);
        self.from("FROM", &update.from);
        self.opt_expr("WHERE", update.filter.as_ref());
        self.returning(&update.returning);
    }

    pub(super) fn delete(&mut self, delete: &DeleteStmt) {
        self.with(delete.with.as_deref());
        self.put("DELETE FROM");
        self.relation(&delete.relation);
        self.from("USING", &delete.using);
        self.opt_expr("WHERE", delete.filter.as_ref());
        self.returning(&delete.returning);
    }

    pub(super) fn merge(&mut self, merge: &MergeStmt) {
        self.with(merge.with.as_deref());
        self.put("MERGE INTO");
        self.relation(&merge.relation);
        self.put("USING");
        self.table_ref(&merge.source);
        self.put("ON");
        self.expr(&merge.condition);
        for when in &merge.whens {
            self.put(if when.matched { "WHEN MATCHED" } else { "WHEN NOT MATCHED" });
            self.opt_expr("AND", when.condition.as_ref());
            self.put("THEN");
            self.merge_action(&when.action);
        }
    }

    fn merge_action(&mut self, action: &MergeAction) {
        match action {
            MergeAction::Nothing => self.put("DO NOTHING"),
            MergeAction::Delete => self.put("DELETE"),
            MergeAction::Update(assignments) => {
                self.put("UPDATE SET");
                self.assignments(assignments);
            }
            MergeAction::Insert { columns, overriding, values } => {
                self.put("INSERT");
                self.opt_parens(columns, Self::assigned_column);
                self.overriding(*overriding);
                match values {
                    None => self.put("DEFAULT VALUES"),
                    Some(values) => {
                        self.put("VALUES");
                        self.parens(values, Self::expr);
                    }
                }
            }
        }
    }
}
