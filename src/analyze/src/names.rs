//! The table names that a statement mentions and that could be queries of WITH.

use parser::ast::{
    self, Expr, FrameBound, FuncCall, GroupItem, Indirection, JoinQual, JoinType, Pos, SelectBody, SelectStmt, SetOp,
    SortBy, Statement, TableRef, WindowDef, WithClause,
};

/// Where in a recursive query a name stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ReferenceContext {
    Plain,
    NonRecursive,
    SubLink,
    OuterJoin,
    Intersect,
    Except,
}

/// Called with each name, its context and position.
type Visit<'v> = dyn FnMut(&str, (ReferenceContext, Pos)) + 'v;

/// A walk over the names of a statement.
pub struct References<'v, 'f> {
    visit: &'v mut Visit<'f>,
    context: ReferenceContext,
    /// Names that an inner WITH defines.
    hidden: Vec<String>,
}

impl<'v, 'f> References<'v, 'f> {
    /// Visits all names of a statement.
    pub fn visit_statement(stmt: &Statement, visit: &'v mut Visit<'f>) {
        References { visit, context: ReferenceContext::Plain, hidden: Vec::new() }.statement(stmt);
    }

    /// Visits all names of a SELECT that stands in this context.
    pub fn visit_select(stmt: &SelectStmt, context: ReferenceContext, visit: &'v mut Visit<'f>) {
        References { visit, context, hidden: Vec::new() }.select(stmt);
    }

    fn within(&mut self, context: ReferenceContext, work: impl FnOnce(&mut Self)) {
        let saved = std::mem::replace(&mut self.context, context);
        work(self);
        self.context = saved;
    }

    fn with(&mut self, with: Option<&WithClause>, work: impl FnOnce(&mut Self)) {
        let depth = self.hidden.len();
        for cte in with.iter().flat_map(|with| &with.ctes) {
            if with.is_some_and(|with| with.recursive) {
                break;
            }
            self.statement(&cte.query);
            self.hidden.push(cte.name.clone());
        }
        if let Some(with) = with.filter(|with| with.recursive) {
            self.hidden.extend(with.ctes.iter().map(|cte| cte.name.clone()));
            with.ctes.iter().for_each(|cte| self.statement(&cte.query));
        }
        work(self);
        self.hidden.truncate(depth);
    }

    fn statement(&mut self, stmt: &Statement) {
        match stmt {
            Statement::Select(select) => self.select(select),
            Statement::Insert(insert) => self.with(insert.with.as_deref(), |this| {
                insert.source.iter().for_each(|source| this.select(source));
                this.targets(&insert.returning);
                if let Some(ast::OnConflict { action: ast::OnConflictAction::Update(set, filter), .. }) =
                    insert.on_conflict.as_deref()
                {
                    this.assignments(set);
                    this.exprs(filter);
                }
            }),
            Statement::Update(update) => self.with(update.with.as_deref(), |this| {
                this.assignments(&update.assignments);
                update.from.iter().for_each(|item| this.table(item));
                this.exprs(&update.filter);
                this.targets(&update.returning);
            }),
            Statement::Delete(delete) => self.with(delete.with.as_deref(), |this| {
                delete.using.iter().for_each(|item| this.table(item));
                this.exprs(&delete.filter);
                this.targets(&delete.returning);
            }),
            _ => {}
        }
    }

    fn select(&mut self, stmt: &SelectStmt) {
        self.with(stmt.with.as_deref(), |this| {
            match &stmt.body {
                SelectBody::Simple(select) => this.simple(select),
                SelectBody::Values(rows) => this.exprs(rows.iter().flatten()),
                SelectBody::SetOperation(operation) => this.set_operation(operation),
            }
            this.order(&stmt.order_by);
            this.exprs(stmt.offset.iter().chain(&stmt.limit));
        });
    }

    fn set_operation(&mut self, operation: &ast::SetOperation) {
        let outer = self.context;
        let (left, right) = match (operation.op, operation.all) {
            (SetOp::Intersect, true) => (ReferenceContext::Intersect, ReferenceContext::Intersect),
            (SetOp::Except, true) => (ReferenceContext::Except, ReferenceContext::Except),
            (SetOp::Except, false) => (outer, ReferenceContext::Except),
            _ => (outer, outer),
        };
        self.within(left, |this| this.select(&operation.left));
        self.within(right, |this| this.select(&operation.right));
    }

    fn simple(&mut self, select: &ast::SimpleSelect) {
        self.targets(&select.targets);
        select.from.iter().for_each(|item| self.table(item));
        self.exprs(select.filter.iter().chain(&select.having));
        select.group_by.iter().for_each(|item| self.group(item));
        select.windows.iter().for_each(|window| self.window(window));
        if let ast::Distinct::On(exprs) = &select.distinct {
            self.exprs(exprs);
        }
    }

    fn group(&mut self, item: &GroupItem) {
        match item {
            GroupItem::Expr(expr) => self.expr(expr),
            GroupItem::Empty(_) => {}
            GroupItem::Rollup(exprs, _) | GroupItem::Cube(exprs, _) => self.exprs(exprs),
            GroupItem::Sets(items, _) => items.iter().for_each(|item| self.group(item)),
        }
    }

    fn targets(&mut self, targets: &[ast::Target]) {
        self.exprs(targets.iter().map(|target| &target.expr));
    }

    fn assignments(&mut self, assignments: &[ast::Assignment]) {
        for assignment in assignments {
            match assignment {
                ast::Assignment::Single(_, value) | ast::Assignment::Multiple(_, value) => self.expr(value),
            }
        }
    }

    fn order(&mut self, order: &[SortBy]) {
        self.exprs(order.iter().map(|item| &item.expr));
    }

    fn window(&mut self, window: &WindowDef) {
        self.exprs(&window.partition_by);
        self.order(&window.order_by);
        if let Some(frame) = &window.frame {
            for bound in std::iter::once(&frame.start).chain(&frame.end) {
                if let FrameBound::Preceding(expr) | FrameBound::Following(expr) = bound {
                    self.expr(expr);
                }
            }
        }
    }

    fn table(&mut self, item: &TableRef) {
        match item {
            TableRef::Relation(relation) => {
                if relation.schema.is_none() && !self.hidden.contains(&relation.name) {
                    (self.visit)(&relation.name, (self.context, relation.pos));
                }
            }
            TableRef::Subselect(subselect) => self.select(&subselect.query),
            TableRef::Function(function) => self.exprs(function.functions.iter().map(|item| &item.call)),
            TableRef::TableFunc(table) => {
                self.expr(&table.document);
                self.expr(&table.row_path);
            }
            TableRef::Sample(sample) => self.exprs(sample.args.iter().chain(&sample.repeatable)),
            TableRef::Join(join) => self.join(join),
        }
    }

    fn join(&mut self, join: &ast::JoinExpr) {
        let (outer, null_side) = (self.context, ReferenceContext::OuterJoin);
        let (left, right) = match join.kind {
            JoinType::Inner => (outer, outer),
            JoinType::Left => (outer, null_side),
            JoinType::Right => (null_side, outer),
            JoinType::Full => (null_side, null_side),
        };
        self.within(left, |this| this.table(&join.left));
        self.within(right, |this| this.table(&join.right));
        if let JoinQual::On(condition) = &join.qual {
            self.expr(condition);
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn call(&mut self, call: &FuncCall) {
        self.exprs(call.args.iter().chain(&call.filter));
        self.order(&call.order_by);
        call.over.iter().for_each(|window| self.window(window));
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Column(_)
            | Expr::Param(_)
            | Expr::Const(_)
            | Expr::SqlValue(_)
            | Expr::Default(_)
            | Expr::CurrentOf(_) => {}
            Expr::Cast(node) => self.expr(&node.arg),
            Expr::Collate(node) => self.expr(&node.arg),
            Expr::Op(node) => self.exprs(node.left.iter().chain([&node.right])),
            Expr::In(node) => self.exprs(std::iter::once(&node.arg).chain(&node.list)),
            Expr::Between(node) => self.exprs([&node.arg, &node.low, &node.high]),
            Expr::Bool(node) => self.exprs(&node.args),
            Expr::NullTest(node) => self.expr(&node.arg),
            Expr::BooleanTest(node) => self.expr(&node.arg),
            Expr::Func(node) => self.call(node),
            Expr::SubLink(node) => {
                self.exprs(&node.test);
                self.within(ReferenceContext::SubLink, |this| this.select(&node.query));
            }
            Expr::Case(node) => {
                self.exprs(node.arg.iter().chain(&node.default));
                self.exprs(node.whens.iter().flat_map(|when| [&when.condition, &when.result]));
            }
            Expr::Coalesce(node) => self.exprs(&node.args),
            Expr::MinMax(node) => self.exprs(&node.args),
            Expr::Array(node) => self.exprs(&node.elements),
            Expr::Row(node) => self.exprs(&node.args),
            Expr::Indirection(node) => {
                self.expr(&node.arg);
                for step in &node.steps {
                    match step {
                        Indirection::Index(index) => self.expr(index),
                        Indirection::Slice(low, high) => self.exprs(low.iter().chain(high)),
                        Indirection::Field(_) | Indirection::Star => {}
                    }
                }
            }
            Expr::NamedArg(node) => self.expr(&node.arg),
            Expr::Grouping(node) => self.exprs(&node.args),
            Expr::Xml(node) => self.exprs(node.args.iter().chain(node.named_args.iter().map(|arg| &arg.value))),
            Expr::XmlSerialize(node) => self.expr(&node.arg),
        }
    }
}
