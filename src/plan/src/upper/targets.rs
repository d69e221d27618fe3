//! What each step reads and gives: the junk columns of changes and row locks, and the columns below sorts, windows and groups.

use crate::node::{PlanRowMark, RowMarkKind};
use crate::root::{Planner, Root, Target};
use crate::tree;
use analyze::expr::Expr;
use analyze::query::{CmdType, LockWaitPolicy, Query, RteKind, TargetEntry, WindowClause};
use base::Oid;
use report::Result;
use std::rc::Rc;

impl Planner<'_> {
    pub(super) fn target_of(&self, root: &Root, targets: &[TargetEntry]) -> Rc<Target> {
        let (exprs, refs) = targets.iter().map(|t| (t.expr.clone(), t.sort_group_ref)).unzip();
        self.make_target(root, exprs, refs)
    }

    /// The junk columns that changes and row locks need, and the full column list of INSERT.
    pub(super) fn preprocess_targets(&mut self, root: &mut Root) -> Result<()> {
        let mut targets = root.query.targets.clone();
        match root.query.command {
            CmdType::Insert => targets = self.expand_insert(&root.query, targets)?,
            CmdType::Update | CmdType::Delete => {
                let rti = root.query.result_relation;
                if root.query.command == CmdType::Delete {
                    targets.clear();
                }
                let ctid = analyze::expr::Var::new(rti, -1, Oid(27), -1, Oid::INVALID);
                let resno = targets.len() as i16 + 1;
                for (place, target) in targets.iter_mut().enumerate() {
                    // The plan numbers its columns; which column of the table each is for is kept in the query.
                    target.resno = place as i16 + 1;
                }
                targets.push(TargetEntry::junk(ctid.into(), resno, Some("ctid".to_owned())));
            }
            _ => {}
        }
        self.add_row_marks(root, &mut targets)?;
        // Columns of other relations in RETURNING travel as junk.
        let result = root.query.result_relation;
        if !root.query.returning.is_empty() {
            let mut vars = Vec::new();
            for target in &root.query.returning {
                tree::for_each_var(&target.expr, &mut |var| {
                    if var.varno != result && var.varno > 0 {
                        vars.push(Expr::Var(var.clone()));
                    }
                });
            }
            for var in vars {
                if !targets.iter().any(|t| t.expr == var) {
                    let resno = targets.len() as i16 + 1;
                    targets.push(TargetEntry::junk(var, resno, None));
                }
            }
        }
        root.targets = targets;
        Ok(())
    }

    fn expand_insert(&self, query: &Query, targets: Vec<TargetEntry>) -> Result<Vec<TargetEntry>> {
        let RteKind::Relation(relation) = &query.rte(query.result_relation).kind else { return Ok(targets) };
        let info = self.lookup.relation(relation.relid)?;
        let mut out = Vec::new();
        for (place, attribute) in info.desc.attributes.iter().enumerate() {
            let attno = place as i16 + 1;
            if let Some(given) = targets.iter().find(|t| !t.junk && t.resno == attno) {
                out.push(given.clone());
                continue;
            }
            let null = match attribute.is_dropped {
                true => analyze::expr::Const::null(Oid(23), -1, Oid::INVALID).into(),
                false => self.null_for(attribute)?,
            };
            out.push(TargetEntry::new(null, attno, Some(attribute.name.clone())));
        }
        Ok(out)
    }

    /// What a column that is left out gets. A domain may refuse it, but not for a generated column, whose value is still to
    /// come.
    fn null_for(&self, attribute: &tuple::Attribute) -> Result<Expr> {
        let base = self.lookup.base_type(attribute.type_oid)?;
        if base == attribute.type_oid || attribute.generated != 0 {
            return Ok(analyze::expr::Const::null(base, attribute.type_mod, attribute.collation).into());
        }
        Ok(analyze::expr::null_in_domain(base, attribute.type_oid, attribute.collation))
    }

    fn add_row_marks(&mut self, root: &mut Root, targets: &mut Vec<TargetEntry>) -> Result<()> {
        let changes = root.query.command != CmdType::Select;
        if root.query.row_marks.is_empty() && !matches!(root.query.command, CmdType::Update | CmdType::Delete) {
            return Ok(());
        }
        let rels = root
            .query
            .jointree
            .items
            .iter()
            .map(crate::prep::relids_of_item)
            .fold(Default::default(), crate::relids::Relids::union);
        let mut marks = Vec::new();
        for rti in rels.iter() {
            if changes && rti == root.query.result_relation {
                continue;
            }
            let asked = root.query.row_marks.iter().find(|m| m.rti == rti);
            let is_table = matches!(&root.query.rte(rti).kind, RteKind::Relation(_));
            let kind = match (asked, is_table) {
                (Some(mark), true) => RowMarkKind::Lock(mark.strength),
                (None, true) => RowMarkKind::Reference,
                (_, false) if matches!(root.query.rte(rti).kind, RteKind::Result) => continue,
                (_, false) => RowMarkKind::Copy,
            };
            let mut mark = PlanRowMark {
                relation: rti,
                id: rti as u32,
                kind,
                wait_policy: asked.map_or(LockWaitPolicy::Block, |m| m.wait_policy),
                ctid_column: 0,
                tableoid_column: 0,
                wholerow_column: 0,
            };
            let resno = targets.len() as i16 + 1;
            if kind == RowMarkKind::Copy {
                let var = analyze::expr::Var::new(rti, 0, Oid(2249), -1, Oid::INVALID);
                targets.push(TargetEntry::junk(var.into(), resno, Some(format!("wholerow{rti}"))));
                mark.wholerow_column = resno;
            } else {
                let var = analyze::expr::Var::new(rti, -1, Oid(27), -1, Oid::INVALID);
                targets.push(TargetEntry::junk(var.into(), resno, Some(format!("ctid{rti}"))));
                mark.ctid_column = resno;
            }
            marks.push(mark);
        }
        root.row_marks = marks;
        Ok(())
    }

    /// Expressions of the target list and HAVING: what columns are needed at the top.
    pub(super) fn top_needs(&self, root: &Root) -> Vec<Expr> {
        let mut out: Vec<Expr> = root.targets.iter().map(|t| t.expr.clone()).collect();
        out.extend(root.query.having.clone());
        out
    }

    /// What a sort reads: set-returning and volatile columns that are not sorted by are computed after it.
    pub(super) fn sort_input_target(&self, root: &Root, final_target: &Rc<Target>) -> Rc<Target> {
        let query = &root.query;
        let has_sets = final_target.exprs.iter().any(tree::returns_set);
        let is_grouped = |place: usize| query.group.iter().any(|c| c.target_ref == final_target.refs[place]);
        let postpone = |expr: &Expr, place: usize| {
            // Sets that the sort or DISTINCT needs are spread right before it.
            (tree::returns_set(expr) && !is_grouped(place))
                || final_target.refs[place] == 0
                    && ((!query.sort.is_empty() && tree::is_volatile(expr, b'v', self.lookup))
                        || (!query.sort.is_empty() && query.limit_count.is_some() && crate::cost::has_subplan(expr)))
        };
        let any = final_target.exprs.iter().enumerate().any(|(place, e)| postpone(e, place));
        if !any && !has_sets {
            return Rc::clone(final_target);
        }
        let mut columns = Columns::default();
        let mut vars = Vec::new();
        let group = self.group_exprs(root, &query.group);
        for (place, expr) in final_target.exprs.iter().enumerate() {
            if postpone(expr, place) {
                pull_parts(expr, Stop::AtWindowFunctions, &group, &mut vars);
            } else {
                columns.add(expr.clone(), final_target.refs[place]);
            }
        }
        columns.add_missing(vars);
        self.make_target(root, columns.exprs, columns.refs)
    }

    pub(super) fn window_input_target(&self, root: &Root, target: &Rc<Target>, windows: &[WindowClause]) -> Rc<Target> {
        let used: Vec<u32> = windows
            .iter()
            .flat_map(|w| w.partition.iter().chain(&w.order))
            .chain(&root.query.group)
            .map(|c| c.target_ref)
            .collect();
        let mut columns = Columns::default();
        let mut rest = Vec::new();
        for (place, expr) in target.exprs.iter().enumerate() {
            let reference = target.refs[place];
            if reference != 0 && used.contains(&reference) {
                columns.add(expr.clone(), reference);
            } else {
                pull_vars(expr, Stop::AtAggregates, &mut rest);
            }
        }
        // Columns sorted by windows that the sort's input left out.
        for t in &root.targets {
            if t.sort_group_ref != 0 && used.contains(&t.sort_group_ref) && !columns.refs.contains(&t.sort_group_ref) {
                columns.add(t.expr.clone(), t.sort_group_ref);
            }
        }
        columns.add_missing(rest);
        self.make_target(root, columns.exprs, columns.refs)
    }

    pub(super) fn group_input_target(&self, root: &Root, target: &Rc<Target>) -> Rc<Target> {
        let mut columns = Columns::default();
        let mut rest = Vec::new();
        let is_group = |reference: u32| reference != 0 && root.query.group.iter().any(|c| c.target_ref == reference);
        for (place, expr) in target.exprs.iter().enumerate() {
            if is_group(target.refs[place]) {
                columns.add(expr.clone(), target.refs[place]);
            } else {
                pull_vars(expr, Stop::Nowhere, &mut rest);
            }
        }
        for t in &root.targets {
            if is_group(t.sort_group_ref) && !columns.refs.contains(&t.sort_group_ref) {
                columns.add(t.expr.clone(), t.sort_group_ref);
            }
        }
        if let Some(having) = &root.query.having {
            pull_vars(having, Stop::Nowhere, &mut rest);
        }
        columns.add_missing(rest);
        self.make_target(root, columns.exprs, columns.refs)
    }
}

/// A target list in the making.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) exprs: Vec<Expr>,
    pub(super) refs: Vec<u32>,
}

impl Columns {
    pub(super) fn add(&mut self, expr: Expr, reference: u32) {
        self.exprs.push(expr);
        self.refs.push(reference);
    }

    /// Adds those that are not there yet; nothing sorts or groups by them.
    pub(super) fn add_missing(&mut self, exprs: Vec<Expr>) {
        for expr in exprs {
            if !self.exprs.contains(&expr) {
                self.add(expr, 0);
            }
        }
    }
}

/// Where collecting of columns stops.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Aggregates and window functions are entered.
    Nowhere,
    /// Aggregates are taken whole, window functions entered.
    AtAggregates,
    /// Aggregates and window functions are taken whole.
    AtWindowFunctions,
}

/// Adds the columns in an expression.
pub(super) fn pull_vars(expr: &Expr, stop: Stop, out: &mut Vec<Expr>) {
    pull_parts(expr, stop, &[], out);
}

/// Adds what an expression is computed from: those of `wholes` that it contains, and columns.
fn pull_parts(expr: &Expr, stop: Stop, wholes: &[Expr], out: &mut Vec<Expr>) {
    use analyze::walk::Walker;
    struct Pull<'a> {
        stop: Stop,
        wholes: &'a [Expr],
        out: &'a mut Vec<Expr>,
    }
    impl Walker for Pull<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            let whole = match expr {
                Expr::Var(var) => var.levels_up == 0,
                Expr::Aggref(agg) => agg.levels_up == 0 && self.stop != Stop::Nowhere,
                Expr::WindowFunc(_) => self.stop == Stop::AtWindowFunctions,
                Expr::GroupingFunc(_) => {
                    if self.stop != Stop::Nowhere && !self.out.contains(expr) {
                        self.out.push(expr.clone());
                    }
                    return false;
                }
                _ => self.wholes.contains(expr),
            };
            if !whole {
                return self.children(expr);
            }
            if !self.out.contains(expr) {
                self.out.push(expr.clone());
            }
            false
        }
        fn query(&mut self, _: &Query) -> bool {
            false
        }
    }
    Pull { stop, wholes, out }.expr(expr);
}
