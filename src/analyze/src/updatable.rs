//! Changes of simple views, made changes of the table below.
//!
//! Source: PostgreSQL 15 rewriteHandler.c, rewriteTargetView.

use crate::expr::{CoercionForm, Const, Cosmetic, Expr, RowExpr, Var};
use crate::modify::excluded_targets;
use crate::query::{
    CmdType, ColumnSet, FromItem, OnConflictAction, OnConflictExpr, Query, RangeTblEntry, RteKind, TargetEntry,
    WithCheckKind, WithCheckOption, lock_mode,
};
use crate::rewrite::has_option;
use crate::state::Analyzer;
use crate::vars::{increment_levels, renumber_expr, renumber_relations};
use crate::walk::Mutator;
use base::Oid;
use report::{Error, Result, error};
use schema::RelationEntry;

/// Why a view's query does not allow changes, `None` if it does. `check_columns`: some column must be updatable too.
pub fn why_not_updatable(query: &Query, check_columns: bool) -> Option<&'static str> {
    if !query.distinct.is_empty() {
        return Some("Views containing DISTINCT are not automatically updatable.");
    }
    if !query.group.is_empty() || !query.grouping_sets.is_empty() {
        return Some("Views containing GROUP BY are not automatically updatable.");
    }
    if query.having.is_some() {
        return Some("Views containing HAVING are not automatically updatable.");
    }
    if query.set_operations.is_some() {
        return Some("Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.");
    }
    if !query.ctes.is_empty() {
        return Some("Views containing WITH are not automatically updatable.");
    }
    if query.limit_offset.is_some() || query.limit_count.is_some() {
        return Some("Views containing LIMIT or OFFSET are not automatically updatable.");
    }
    if query.has_aggs {
        return Some("Views that return aggregate functions are not automatically updatable.");
    }
    if query.has_window_funcs {
        return Some("Views that return window functions are not automatically updatable.");
    }
    if query.has_target_srfs {
        return Some("Views that return set-returning functions are not automatically updatable.");
    }
    let Some(base) = base_relation(query) else {
        return Some("Views that do not select from a single table or view are not automatically updatable.");
    };
    let sampled = query.rte(base).relation().is_some_and(|relation| relation.tablesample.is_some());
    if sampled {
        return Some("Views containing TABLESAMPLE are not automatically updatable.");
    }
    if check_columns && !query.targets.iter().any(|target| why_not_column(target, base).is_none()) {
        return Some("Views that have no updatable columns are not automatically updatable.");
    }
    None
}

/// The one table or view that a view selects from.
fn base_relation(query: &Query) -> Option<i32> {
    let [FromItem::Rel(rtindex)] = query.jointree.items.as_slice() else { return None };
    let relation = query.rte(*rtindex).relation()?;
    matches!(relation.relkind, b'r' | b'f' | b'v' | b'p').then_some(*rtindex)
}

fn why_not_column(target: &TargetEntry, base: i32) -> Option<&'static str> {
    if target.junk {
        return Some("Junk view columns are not updatable.");
    }
    match &target.expr {
        Expr::Var(var) if var.varno == base && var.levels_up == 0 => match var.attno {
            0 => Some("View columns that return whole-row references are not updatable."),
            1.. => None,
            _ => Some("View columns that refer to system columns are not updatable."),
        },
        _ => Some("View columns that are not columns of their base relation are not updatable."),
    }
}

fn not_updatable(command: CmdType, view: &str, detail: &str) -> Error {
    let (verb, doing, event) = match command {
        CmdType::Insert => ("insert into", "inserting into", "INSERT"),
        CmdType::Update => ("update", "updating", "UPDATE"),
        _ => ("delete from", "deleting from", "DELETE"),
    };
    error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cannot {verb} view \"{view}\"").detail(detail).hint(format!(
        "To enable {doing} the view, provide an INSTEAD OF {event} trigger or an unconditional ON {event} DO INSTEAD rule."
    ))
}

/// Makes a change of a view a change of the relation that it selects from. `view` is the view's query.
pub fn rewrite_target_view(
    analyzer: &mut Analyzer<'_, '_>,
    query: &mut Query,
    entry: &RelationEntry,
    mut view: Query,
) -> Result<()> {
    if let Some(detail) = why_not_updatable(&view, query.command != CmdType::Delete) {
        return Err(not_updatable(query.command, entry.name(), detail));
    }
    let is_current_of = |e: &Expr| matches!(e, Expr::CurrentOfExpr(_));
    if query.jointree.quals.as_ref().is_some_and(|quals| crate::walk::any(quals, &mut |e| is_current_of(e))) {
        return Err(error!(FEATURE_NOT_SUPPORTED, "WHERE CURRENT OF on a view is not implemented"));
    }
    let base = base_relation(&view).expect("an updatable view has one relation");
    check_columns(query, entry, &view, base)?;
    let old = query.result_relation;
    let new = query.rtable.len() as i32 + 1;
    let to_new = |rtindex: i32| if rtindex == base { new } else { rtindex };
    view.targets.iter_mut().for_each(|target| renumber_expr(&mut target.expr, &to_new));
    if let Some(quals) = &mut view.jointree.quals {
        renumber_expr(quals, &to_new);
    }
    add_base(analyzer, query, entry, &view, base)?;

    let row_type = entry.class.reltype;
    let mut replace = ReplaceVars { varno: old, targets: &view.targets, row_type, depth: 0 };
    replace.query_parts(query)?;
    renumber_relations(query, &|rtindex| if rtindex == old { new } else { rtindex });
    for target in query.targets.iter_mut().filter(|target| !target.junk) {
        target.resno = base_column(&view, target.resno)?;
    }
    if let Some(conflict) = query.on_conflict.take() {
        query.on_conflict = Some(retarget_conflict(analyzer, query, conflict, (&view, new, row_type))?);
    }
    add_view_quals(query, entry, &view, new);
    Ok(())
}

/// ON CONFLICT DO UPDATE: columns that are set are those of the relation below, and so is EXCLUDED, whose columns go by the names
/// that they have in the view.
fn retarget_conflict(
    analyzer: &mut Analyzer<'_, '_>,
    query: &mut Query,
    mut conflict: Box<OnConflictExpr>,
    (view, new, row_type): (&Query, i32, Oid),
) -> Result<Box<OnConflictExpr>> {
    if conflict.action != OnConflictAction::Update {
        return Ok(conflict);
    }
    for target in conflict.set.iter_mut().filter(|target| !target.junk) {
        target.resno = base_column(view, target.resno)?;
    }
    let relation = query.rte(new).relation().expect("the relation below a view");
    let entry = analyzer.cx.relation_row(relation.relid)?;
    analyzer.add_excluded(&entry)?;
    query.rtable.extend(analyzer.state().rtable.pop());
    let excluded = query.rtable.len() as i32;
    let old = std::mem::replace(&mut conflict.excluded_index, excluded);
    conflict.excluded_targets = excluded_targets(&entry, excluded);
    let mut targets = view.targets.clone();
    let to_excluded = |rtindex: i32| if rtindex == new { excluded } else { rtindex };
    targets.iter_mut().for_each(|target| renumber_expr(&mut target.expr, &to_excluded));
    let mut replace = ReplaceVars { varno: old, targets: &targets, row_type, depth: 0 };
    conflict.set.iter_mut().try_for_each(|target| replace.expr(&mut target.expr))?;
    conflict.quals.iter_mut().try_for_each(|quals| replace.expr(quals))?;
    Ok(conflict)
}

fn check_columns(query: &Query, entry: &RelationEntry, view: &Query, base: i32) -> Result<()> {
    if query.command == CmdType::Delete {
        return Ok(());
    }
    let rte = query.rte(query.result_relation);
    let mut modified: ColumnSet = rte.inserted_cols.union(&rte.updated_cols).copied().collect();
    let set = query.on_conflict.iter().flat_map(|conflict| &conflict.set);
    modified.extend(query.targets.iter().chain(set).filter(|target| !target.junk).map(|target| target.resno));
    for (at, target) in view.targets.iter().enumerate() {
        let Some(detail) = why_not_column(target, base) else { continue };
        if !modified.contains(&(at as i16 + 1)) {
            continue;
        }
        let (column, name) = (target.name.as_deref().unwrap_or_default(), entry.name());
        let err = match query.command {
            CmdType::Insert => {
                error!(FEATURE_NOT_SUPPORTED, "cannot insert into column \"{column}\" of view \"{name}\"")
            }
            _ => error!(FEATURE_NOT_SUPPORTED, "cannot update column \"{column}\" of view \"{name}\""),
        };
        return Err(err.detail(detail));
    }
    Ok(())
}

/// The relation below, as the new target.
fn add_base(
    analyzer: &Analyzer<'_, '_>,
    query: &mut Query,
    entry: &RelationEntry,
    view: &Query,
    base: i32,
) -> Result<()> {
    let mut rte = view.rte(base).clone();
    let view_rte = query.rte_mut(query.result_relation);
    rte.check_as_user = if has_option(entry, "security_invoker") { Oid::INVALID } else { entry.class.relowner };
    rte.required_perms = view_rte.required_perms;
    rte.inserted_cols = map_columns(&view_rte.inserted_cols, view);
    rte.updated_cols = map_columns(&view_rte.updated_cols, view);
    rte.security_quals = std::mem::take(&mut view_rte.security_quals);
    if let RteKind::Relation(relation) = &mut rte.kind {
        relation.relkind = analyzer.cx.relation_row(relation.relid)?.kind();
        relation.lock_mode = lock_mode::ROW_EXCLUSIVE;
    }
    rte.inh &= query.command != CmdType::Insert;
    query.rtable.push(rte);
    Ok(())
}

fn map_columns(columns: &ColumnSet, view: &Query) -> ColumnSet {
    let mut mapped = ColumnSet::new();
    for &column in columns {
        match column {
            0 => mapped.extend(view.targets.iter().filter_map(base_attno)),
            _ => mapped.extend(view.targets.get(column as usize - 1).and_then(base_attno)),
        }
    }
    mapped
}

fn base_attno(target: &TargetEntry) -> Option<i16> {
    match &target.expr {
        Expr::Var(var) if !target.junk => Some(var.attno),
        _ => None,
    }
}

fn base_column(view: &Query, resno: i16) -> Result<i16> {
    let found = view.targets.get(resno as usize - 1).and_then(base_attno);
    found.ok_or_else(|| Error::internal(format!("attribute number {resno} not found in view targetlist")))
}

/// The view's WHERE limits what is changed, and with CHECK OPTION what may be written.
fn add_view_quals(query: &mut Query, entry: &RelationEntry, view: &Query, new: i32) {
    let quals = &view.jointree.quals;
    if let (Some(quals), true) = (quals, query.command != CmdType::Insert) {
        query.has_sublinks |= view.has_sublinks;
        if has_option(entry, "security_barrier") {
            query.rte_mut(new).security_quals.insert(0, quals.clone());
        } else {
            let own = query.jointree.quals.take();
            query.jointree.quals = Some(Expr::and(own.into_iter().chain([quals.clone()]).collect()));
        }
    }
    if query.command == CmdType::Delete {
        return;
    }
    let option = entry.class.reloptions.iter().flatten().find_map(|option| option.strip_prefix("check_option="));
    let parent_cascades = query.with_check_options.first().is_some_and(|parent| parent.cascaded);
    let cascaded = parent_cascades || option == Some("cascaded");
    if (option.is_some() || parent_cascades) && (cascaded || quals.is_some()) {
        query.has_sublinks |= view.has_sublinks;
        let check = WithCheckOption {
            kind: WithCheckKind::View,
            relation_name: entry.name().to_owned(),
            policy_name: None,
            qual: quals.clone().unwrap_or_else(|| Const::bool(true).into()),
            cascaded,
        };
        query.with_check_options.insert(0, check);
    }
}

/// Replaces references to a relation by the expressions of a target list.
struct ReplaceVars<'t> {
    varno: i32,
    targets: &'t [TargetEntry],
    row_type: Oid,
    depth: u32,
}

impl ReplaceVars<'_> {
    fn replacement(&self, var: &Var) -> Result<Expr> {
        let mut expr = match var.attno {
            0 => {
                let shown = || self.targets.iter().filter(|target| !target.junk);
                RowExpr {
                    args: shown().map(|target| target.expr.clone()).collect(),
                    row_type: self.row_type,
                    format: Cosmetic(CoercionForm::ImplicitCast),
                    column_names: shown().filter_map(|target| target.name.clone()).collect(),
                    location: var.location,
                }
                .into()
            }
            attno => match self.targets.iter().find(|target| target.resno == attno && !target.junk) {
                Some(target) => target.expr.clone(),
                None => {
                    return Err(Error::internal(format!(
                        "could not find replacement targetlist entry for attno {attno}"
                    )));
                }
            },
        };
        increment_levels(&mut expr, self.depth as i32);
        Ok(expr)
    }
}

impl Mutator for ReplaceVars<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        if let Expr::Var(var) = expr
            && var.varno == self.varno
            && var.levels_up == self.depth
        {
            *expr = self.replacement(var)?;
            return Ok(());
        }
        self.children(expr)
    }

    fn query(&mut self, query: &mut Query) -> Result<()> {
        self.depth += 1;
        self.query_parts(query)?;
        self.depth -= 1;
        Ok(())
    }

    fn rte(&mut self, rte: &mut RangeTblEntry) -> Result<()> {
        self.rte_parts(rte)
    }
}
