//! One query level, from the query tree to its best paths.
//!
//! 1. WITH queries are planned or put in where they are used; sub-selects and sub-queries merge where they can.
//! 2. Expressions are simplified; what sub-selects remain get plans of their own.
//! 3. The join tree is taken apart, base relations get their paths, joins are searched (`scan`, `index`, `join`).
//! 4. Grouping, windows, DISTINCT, ORDER BY, row locks, LIMIT and the change of a table come on top (`upper`).

use crate::lookup::{Lookup, Settings};
use crate::node::PlannedStmt;
use crate::pathset::cheapest_fractional;
use crate::prep;
use crate::relids::Relids;
use crate::root::{Path, PathKind, PathRc, Planner, Root};
use crate::simplify::{Simplifier, factor_or};
use crate::tree;
use analyze::expr::Expr;
use analyze::query::{Alias, CmdType, FromExpr, FromItem, Query, RangeTblEntry, RteKind};
use report::{Error, Result, unsupported};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use tuple::Datum;

/// Plans a query that is analysed and rewritten.
///
/// `params` are values of the client's parameters, for a plan that is good for these values only. With `cursor` the
/// first rows count more than the last.
pub fn plan(
    query: Query,
    lookup: &dyn Lookup,
    settings: &Settings,
    params: Option<&[Datum]>,
    cursor: bool,
) -> Result<PlannedStmt> {
    let mut planner = Planner {
        lookup,
        settings,
        params,
        subplans: Vec::new(),
        subroots: Vec::new(),
        param_types: Vec::new(),
        levels: Vec::new(),
        relation_oids: Vec::new(),
        function_oids: Vec::new(),
        rewind: Default::default(),
        outer_rels: Relids::EMPTY,
        outer_params: Vec::new(),
        next_node: 0,
        depends_on_values: false,
        waits_for_index: false,
    };
    let fraction = match cursor {
        true if settings.cursor_tuple_fraction < 1.0 => settings.cursor_tuple_fraction.max(1e-10),
        _ => 0.0,
    };
    let (root, paths) = planner.plan_level(query, fraction)?;
    let best =
        cheapest_fractional(&paths, root.tuple_fraction).cloned().ok_or_else(|| Error::internal("no path found"))?;
    let root = Rc::new(root);
    let top = planner.create_top_plan(&root, &best)?;
    planner.finish(&root, top)
}

const REGCLASS: base::Oid = base::Oid(2205);

fn add_oid(known: &mut Vec<base::Oid>, oid: base::Oid) {
    if !known.contains(&oid) {
        known.push(oid);
    }
}

impl Planner<'_> {
    /// Plans a query level; its paths.
    pub fn plan_level(&mut self, query: Query, fraction: f64) -> Result<(Root, Vec<PathRc>)> {
        self.plan_level_with(query, fraction, None)
    }

    /// The same within a recursive query: the name, parameter and rows of the work table.
    pub fn plan_level_with(
        &mut self,
        query: Query,
        fraction: f64,
        work_table: Option<(String, i32, f64, i32)>,
    ) -> Result<(Root, Vec<PathRc>)> {
        self.levels.push(crate::root::Level { work_table, ..Default::default() });
        let result = self.plan_pushed_level(query, fraction);
        let level = self.levels.pop().expect("pushed above");
        let (mut root, paths) = result?;
        root.init_plans = level.init_plans;
        Ok((root, paths))
    }

    fn plan_pushed_level(&mut self, query: Query, fraction: f64) -> Result<(Root, Vec<PathRc>)> {
        let mut root = self.prepare_level(query)?;
        root.tuple_fraction = fraction;
        let paths = self.plan_upper(&mut root)?;
        self.depends_on_values = self.depends_on_values || self.values_matter(&root)?;
        Ok((root, paths))
    }

    /// An empty level over a query.
    pub fn new_root(&self, query: Query) -> Root {
        Root {
            query,
            targets: Vec::new(),
            rels: Vec::new(),
            rel_index: HashMap::new(),
            all_rels: Relids::EMPTY,
            special_joins: Vec::new(),
            classes: Vec::new(),
            nullable_rels: Relids::EMPTY,
            needed: BTreeMap::new(),
            needed_vars: BTreeMap::new(),
            query_keys: Rc::default(),
            tuple_fraction: 0.0,
            limit_tuples: -1.0,
            init_plans: Vec::new(),
            row_marks: Vec::new(),
            has_lateral: false,
            has_pseudoconstant: false,
            minmax_query: None,
            next_serial: 0,
            work_table_param: None,
        }
    }

    /// Steps 1 and 2: the query in the form that paths are made for.
    fn prepare_level(&mut self, mut query: Query) -> Result<Root> {
        if query.command == CmdType::Merge {
            unsupported!("MERGE");
        }
        self.process_ctes(&mut query)?;
        if query.set_operations.is_none() {
            add_result_if_empty(&mut query);
        }
        prep::flatten_join_aliases(&mut query)?;
        prep::pull_up_sublinks(&mut query, self.lookup)?;
        prep::pull_up_subqueries(&mut query, self.lookup)?;
        drop_empty_items(&mut query);
        self.note_relations(&query);
        self.preprocess_expressions(&mut query)?;
        self.split_having(&mut query)?;
        prep::reduce_outer_joins(&mut query, self.lookup);
        if query.rtable.len() as i32 >= Relids::LIMIT {
            unsupported!("a query over more than {} relations", Relids::LIMIT - 1);
        }
        Ok(self.new_root(query))
    }

    fn note_relations(&mut self, query: &Query) {
        for rte in &query.rtable {
            match &rte.kind {
                RteKind::Relation(relation) => add_oid(&mut self.relation_oids, relation.relid),
                RteKind::Subquery(sub) if sub.view.is_valid() => add_oid(&mut self.relation_oids, sub.view),
                _ => {}
            }
        }
    }

    /// A plan with `'name'::regclass` is good as long as this is what the name means.
    fn note_named_relations(&mut self, expr: &Expr) {
        let known = &mut self.relation_oids;
        analyze::walk::for_each(expr, &mut |e| {
            if let Expr::Const(constant) = e
                && constant.type_oid == REGCLASS
                && let tuple::Datum::Oid(oid) = constant.value
            {
                add_oid(known, oid);
            }
        });
    }

    /// The functions of users may be replaced, or go.
    fn note_functions(&mut self, expr: &Expr) {
        let known = &mut self.function_oids;
        analyze::walk::for_each(expr, &mut |e| {
            if let Expr::FuncExpr(call) = e
                && call.function >= base::Oid::FIRST_UNPINNED
            {
                add_oid(known, call.function);
            }
        });
    }

    /// Simplifies an expression and makes plans of its sub-selects.
    pub fn preprocess(&mut self, expr: &mut Expr, is_condition: bool) -> Result<()> {
        self.note_functions(expr);
        Simplifier { lookup: self.lookup, params: self.params, estimate: false }.simplify(expr)?;
        self.note_named_relations(expr);
        if is_condition {
            let taken = std::mem::replace(expr, analyze::expr::Const::bool(true).into());
            *expr = factor_or(taken);
        }
        if tree::has_subselect(expr) {
            self.process_sublinks(expr, is_condition)?;
        }
        self.replace_correlation(expr)
    }

    /// Columns of a multi-column assignment's sub-select become the parameters that its plan sets.
    fn put_multiexpr_params(&mut self, expr: &mut Expr) -> Result<()> {
        if self.level().multiexpr_params.is_empty() {
            return Ok(());
        }
        let params = self.level().multiexpr_params.clone();
        analyze::walk::rewrite(expr, &mut |e| {
            if let Expr::Param(param) = e
                && param.kind == analyze::expr::ParamKind::Multiexpr
            {
                let (query, column) = ((param.id >> 16) as usize, (param.id & 0xFFFF) as usize);
                let id = params.get(query - 1).and_then(|list| list.get(column - 1));
                param.id = *id.ok_or_else(|| Error::internal("unexpected PARAM_MULTIEXPR ID"))?;
                param.kind = analyze::expr::ParamKind::Exec;
            }
            Ok(())
        })
    }

    fn preprocess_option(&mut self, expr: &mut Option<Expr>, is_condition: bool) -> Result<()> {
        match expr {
            Some(expr) => self.preprocess(expr, is_condition),
            None => Ok(()),
        }
    }

    fn preprocess_expressions(&mut self, query: &mut Query) -> Result<()> {
        for target in query.targets.iter_mut().chain(&mut query.returning) {
            self.preprocess(&mut target.expr, false)?;
        }
        for target in &mut query.targets {
            self.put_multiexpr_params(&mut target.expr)?;
        }
        for check in &mut query.with_check_options {
            self.preprocess(&mut check.qual, true)?;
        }
        let mut from = std::mem::take(&mut query.jointree);
        self.preprocess_from(&mut from)?;
        query.jointree = from;
        self.preprocess_option(&mut query.having, true)?;
        for window in &mut query.windows {
            self.preprocess_option(&mut window.start_offset, false)?;
            self.preprocess_option(&mut window.end_offset, false)?;
        }
        self.preprocess_option(&mut query.limit_offset, false)?;
        self.preprocess_option(&mut query.limit_count, false)?;
        if let Some(conflict) = &mut query.on_conflict {
            for target in &mut conflict.set {
                self.preprocess(&mut target.expr, false)?;
            }
            for target in &mut conflict.set {
                self.put_multiexpr_params(&mut target.expr)?;
            }
            self.preprocess_option(&mut conflict.quals, true)?;
        }
        for place in 0..query.rtable.len() {
            let mut rte = std::mem::replace(
                &mut query.rtable[place],
                RangeTblEntry::new(RteKind::Result, None, Alias::default()),
            );
            let result = self.preprocess_rte(&mut rte);
            query.rtable[place] = rte;
            result?;
        }
        Ok(())
    }

    fn preprocess_rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        if !rte.security_quals.is_empty() {
            unsupported!("row-level security");
        }
        match &mut rte.kind {
            RteKind::Relation(relation) if relation.tablesample.is_some() => unsupported!("TABLESAMPLE"),
            RteKind::Function(function) => {
                function.functions.iter_mut().try_for_each(|f| self.preprocess(&mut f.call, false))
            }
            RteKind::Values(values) => values.rows.iter_mut().flatten().try_for_each(|e| self.preprocess(e, false)),
            _ => Ok(()),
        }
    }

    fn preprocess_from(&mut self, from: &mut FromExpr) -> Result<()> {
        from.items.iter_mut().try_for_each(|item| self.preprocess_item(item))?;
        self.preprocess_option(&mut from.quals, true)
    }

    fn preprocess_item(&mut self, item: &mut FromItem) -> Result<()> {
        match item {
            FromItem::Rel(_) => Ok(()),
            FromItem::From(from) => self.preprocess_from(from),
            FromItem::Join(join) => {
                self.preprocess_item(&mut join.left)?;
                self.preprocess_item(&mut join.right)?;
                self.preprocess_option(&mut join.quals, true)
            }
        }
    }

    /// Conditions of HAVING that look only at groups' columns are tested before grouping.
    fn split_having(&mut self, query: &mut Query) -> Result<()> {
        if query.having.is_some() && query.group.is_empty() && query.grouping_sets.is_empty() && !query.has_aggs {
            // One group whatever rows there are, and nothing looks at them. The condition may have become a constant.
            query.jointree.quals = Some(analyze::expr::Const::bool(false).into());
            return Ok(());
        }
        let mut kept = Vec::new();
        for clause in tree::conjuncts(query.having.take()) {
            let must_stay = (!query.group.is_empty() && !query.grouping_sets.is_empty())
                || !query.grouping_sets.is_empty()
                || tree::has_aggregate(&clause)
                || tree::is_volatile(&clause, b'v', self.lookup)
                || tree::has_subselect(&clause);
            if must_stay || query.group.is_empty() {
                // Without GROUP BY the one group must be tested, even if there is no row.
                kept.push(clause.clone());
                if !must_stay {
                    let quals = tree::conjuncts(query.jointree.quals.take());
                    query.jointree.quals = Some(Expr::and(quals.into_iter().chain([clause]).collect()));
                }
                continue;
            }
            let quals = tree::conjuncts(query.jointree.quals.take());
            query.jointree.quals = Some(Expr::and(quals.into_iter().chain([clause]).collect()));
        }
        query.having = (!kept.is_empty()).then(|| Expr::and(kept));
        Ok(())
    }

    /// Step 3: the scan and join paths of the level.
    pub fn plan_joins(&mut self, root: &mut Root) -> Result<usize> {
        let rels = relations_of(&root.query.jointree);
        for rti in rels.iter() {
            self.make_base_rel(root, rti)?;
            root.has_lateral |= !root.base_rel(rti).expect("just made").lateral.is_empty();
        }
        self.need_lateral_vars(root);
        let items = self.deconstruct_jointree(root)?;
        self.generate_base_equalities(root)?;
        let keys = self.query_keys(root)?;
        root.query_keys = keys;
        for rti in rels.iter() {
            let at = root.find_rel(Relids::single(rti)).expect("just made");
            self.set_base_size(root, at)?;
        }
        for rti in rels.iter() {
            let at = root.find_rel(Relids::single(rti)).expect("just made");
            self.set_base_target(root, at);
        }
        for rti in rels.iter() {
            let at = root.find_rel(Relids::single(rti)).expect("just made");
            self.set_base_paths(root, at)?;
        }
        self.join_list(root, &items)
    }

    /// Columns that are referred to laterally must come out of their relations.
    fn need_lateral_vars(&self, root: &mut Root) {
        if !root.has_lateral {
            return;
        }
        for place in 0..root.query.rtable.len() {
            let at = Relids::single(place as i32 + 1);
            let mut exprs = Vec::new();
            let rte = &root.query.rtable[place];
            if !rte.lateral {
                continue;
            }
            match &rte.kind {
                RteKind::Function(function) => exprs.extend(function.functions.iter().map(|f| f.call.clone())),
                RteKind::Values(values) => exprs.extend(values.rows.iter().flatten().cloned()),
                RteKind::Subquery(sub) => outer_vars(&sub.query, &mut exprs),
                _ => {}
            }
            for expr in exprs {
                self.need_vars(root, &expr, at);
            }
        }
    }

    /// A path that outputs something else of the same rows.
    pub fn project(&self, child: &PathRc, target: Rc<crate::root::Target>) -> PathRc {
        if child.target.exprs == target.exprs && child.target.refs == target.refs {
            return Rc::clone(child);
        }
        let startup = child.startup + target.cost.startup - child.target.cost.startup.min(0.0);
        let total = child.total + target.cost.startup + target.cost.per_tuple * child.rows;
        Rc::new(Path {
            relids: child.relids,
            target,
            rows: child.rows,
            startup,
            total,
            keys: Rc::clone(&child.keys),
            param: child.param.clone(),
            kind: PathKind::Projection { child: Rc::clone(child) },
        })
    }
}

/// Parent's columns that a lateral sub-query refers to, as Vars of the parent.
fn outer_vars(query: &Query, out: &mut Vec<Expr>) {
    use analyze::walk::Walker;
    struct Find<'a> {
        level: u32,
        out: &'a mut Vec<Expr>,
    }
    impl Walker for Find<'_> {
        fn expr(&mut self, expr: &Expr) -> bool {
            if let Expr::Var(var) = expr
                && var.levels_up == self.level
            {
                let mut var = var.clone();
                var.levels_up = 0;
                self.out.push(var.into());
            }
            self.children(expr)
        }
        fn query(&mut self, query: &Query) -> bool {
            self.level += 1;
            self.query_parts(query);
            self.level -= 1;
            false
        }
    }
    Find { level: 1, out }.query_parts(query);
}

fn relations_of(from: &FromExpr) -> Relids {
    from.items.iter().map(prep::relids_of_item).fold(Relids::EMPTY, Relids::union)
}

/// A query without FROM reads one row without columns.
fn add_result_if_empty(query: &mut Query) {
    if query.jointree.items.is_empty() {
        query.rtable.push(RangeTblEntry::new(
            RteKind::Result,
            None,
            Alias { name: "*RESULT*".to_owned(), columns: Vec::new() },
        ));
        query.jointree.items.push(FromItem::Rel(query.rtable.len() as i32));
    }
}

/// Items that merged sub-queries left empty go; their conditions move up.
fn drop_empty_items(query: &mut Query) {
    if query.set_operations.is_some() {
        return;
    }
    let mut quals = Vec::new();
    drop_empty(&mut query.jointree.items, &mut quals);
    if !quals.is_empty() {
        let own = tree::conjuncts(query.jointree.quals.take());
        query.jointree.quals = Some(Expr::and(own.into_iter().chain(quals).collect()));
    }
    // One row from nowhere matters only if nothing else is there.
    if query.jointree.items.len() > 1 {
        let is_result = |item: &FromItem| matches!(item, FromItem::Rel(rti) if matches!(query.rtable[*rti as usize - 1].kind, RteKind::Result));
        let real = query.jointree.items.iter().any(|item| !is_result(item));
        let kept: Vec<FromItem> =
            query.jointree.items.iter().filter(|item| !real || !is_result(item)).cloned().collect();
        query.jointree.items = kept;
    }
    add_result_if_empty(query);
}

fn drop_empty(items: &mut Vec<FromItem>, quals: &mut Vec<Expr>) {
    let mut kept = Vec::new();
    for mut item in items.drain(..) {
        match &mut item {
            FromItem::From(from) => {
                drop_empty(&mut from.items, quals);
                if from.items.is_empty() {
                    quals.extend(tree::conjuncts(from.quals.take()));
                } else {
                    kept.push(item);
                }
            }
            FromItem::Join(join) if join.join_type == analyze::query::JoinType::Inner => {
                let mut sides = vec![join.left.clone(), join.right.clone()];
                drop_empty(&mut sides, quals);
                if sides.len() == 2 {
                    kept.push(item);
                } else {
                    let from = FromExpr { items: sides, quals: join.quals.take() };
                    if from.items.is_empty() {
                        quals.extend(tree::conjuncts(from.quals));
                    } else {
                        kept.push(FromItem::From(Box::new(from)));
                    }
                }
            }
            _ => kept.push(item),
        }
    }
    *items = kept;
}
