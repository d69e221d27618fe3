//! ORDER BY, GROUP BY, DISTINCT, WINDOW and LIMIT.
//!
//! Source: PostgreSQL 15 parse_clause.c.

use crate::coerce::Coercion;
use crate::expr::{CoercionForm, Const, Expr, Location};
use crate::oids;
use crate::query::{
    Frame, FrameBound, FrameExclusion, FrameUnit, GroupingSet, SortGroupClause, TargetEntry, WindowClause,
};
use crate::state::{Analyzer, ExprKind};
use crate::vars::{any_at_depth, find_aggregate, find_window_function};
use base::Oid;
use parser::ast::{self, Field, GroupItem, Literal, NullsOrder, SortBy, SortDirection};
use report::{Error, Result, SqlState, error};

/// What sorting a type needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Less,
    Equal,
    Greater,
}

/// The operators of a sort item: sort operator, equality, hashable, descending.
type SortOperators = (Oid, Oid, bool, bool);

impl Analyzer<'_, '_> {
    /// ORDER BY. `strictly_sql99`: names and numbers of the select list mean nothing special.
    pub fn transform_sort_clause(
        &mut self,
        order: &[SortBy],
        targets: &mut Vec<TargetEntry>,
        kind: ExprKind,
        strictly_sql99: bool,
    ) -> Result<Vec<SortGroupClause>> {
        let mut list = Vec::with_capacity(order.len());
        for item in order {
            let at = match strictly_sql99 {
                true => self.find_target_sql99(&item.expr, targets, kind)?,
                false => self.find_target_sql92(&item.expr, targets, kind)?,
            };
            self.add_to_sort_list(at, targets, &mut list, item)?;
        }
        Ok(list)
    }

    // --- finding target entries ---

    /// The target entry that an item of ORDER BY, GROUP BY or DISTINCT ON means: by output name, by position, or by
    /// expression.
    fn find_target_sql92(&mut self, expr: &ast::Expr, targets: &mut Vec<TargetEntry>, kind: ExprKind) -> Result<usize> {
        match expr {
            ast::Expr::Column(column) => {
                if let [Field::Name(name)] = column.fields.as_slice()
                    && let Some(at) = self.find_target_by_name(name, targets, kind, column.pos.into())?
                {
                    self.check_sql92_target(&targets[at], kind)?;
                    return Ok(at);
                }
            }
            ast::Expr::Const(constant) => {
                let Literal::Int(position) = constant.value else {
                    let err = error!(SYNTAX_ERROR, "non-integer constant in {}", kind.name());
                    return Err(self.at(err, constant.pos));
                };
                let mut shown = (0..targets.len()).filter(|&at| !targets[at].junk);
                let found = usize::try_from(position - 1).ok().and_then(|nth| shown.nth(nth));
                let Some(at) = found else {
                    let err =
                        error!(INVALID_COLUMN_REFERENCE, "{} position {position} is not in select list", kind.name());
                    return Err(self.at(err, constant.pos));
                };
                self.check_sql92_target(&targets[at], kind)?;
                return Ok(at);
            }
            _ => {}
        }
        self.find_target_sql99(expr, targets, kind)
    }

    fn find_target_by_name(
        &mut self,
        name: &str,
        targets: &[TargetEntry],
        kind: ExprKind,
        location: Location,
    ) -> Result<Option<usize>> {
        // For GROUP BY a column of FROM comes before an output name.
        if kind == ExprKind::GroupBy && self.column_by_name(name, true, location)?.is_some() {
            return Ok(None);
        }
        let mut found: Option<usize> = None;
        for (at, target) in targets.iter().enumerate() {
            if target.junk || target.name.as_deref() != Some(name) {
                continue;
            }
            match found {
                Some(first) if targets[first].expr != target.expr => {
                    let err = error!(AMBIGUOUS_COLUMN, "{} \"{name}\" is ambiguous", kind.name());
                    return Err(self.at(err, location));
                }
                Some(_) => {}
                None => found = Some(at),
            }
        }
        Ok(found)
    }

    fn check_sql92_target(&self, target: &TargetEntry, kind: ExprKind) -> Result<()> {
        if kind != ExprKind::GroupBy {
            return Ok(());
        }
        if let Some(location) = find_aggregate(&target.expr, 0) {
            let err = error!(GROUPING_ERROR, "aggregate functions are not allowed in {}", kind.name());
            return Err(self.at(err, location));
        }
        if let Some(location) = find_window_function(&target.expr) {
            let err = error!(WINDOWING_ERROR, "window functions are not allowed in {}", kind.name());
            return Err(self.at(err, location));
        }
        Ok(())
    }

    fn find_target_sql99(&mut self, expr: &ast::Expr, targets: &mut Vec<TargetEntry>, kind: ExprKind) -> Result<usize> {
        let value = self.transform_expr(expr, kind)?;
        if let Some(at) = targets.iter().position(|target| *strip_implicit(&target.expr) == value) {
            return Ok(at);
        }
        let resno = self.take_resno();
        targets.push(TargetEntry::junk(value, resno, None));
        Ok(targets.len() - 1)
    }

    // --- sort and group lists ---

    fn type_operators(
        &self,
        type_oid: Oid,
        needs: &[Need],
        location: Location,
    ) -> Result<crate::oper::SortGroupOperators> {
        let found = self.sort_group_operators(type_oid)?;
        let name = || self.cx.format_type(type_oid);
        let lacks = |need: Need, oid: Oid| needs.contains(&need) && !oid.is_valid();
        if lacks(Need::Less, found.lt) || lacks(Need::Greater, found.gt) {
            let err = error!(UNDEFINED_FUNCTION, "could not identify an ordering operator for type {}", name());
            let hint = "Use an explicit ordering operator or modify the query.";
            return Err(self.at(err.hint(hint), location));
        }
        if lacks(Need::Equal, found.eq) {
            let err = error!(UNDEFINED_FUNCTION, "could not identify an equality operator for type {}", name());
            return Err(self.at(err, location));
        }
        Ok(found)
    }

    fn target_becomes_known(&mut self, target: &mut TargetEntry) -> Result<Oid> {
        let type_oid = target.expr.type_of();
        if type_oid != oids::UNKNOWN {
            return Ok(type_oid);
        }
        let taken = std::mem::replace(&mut target.expr, Const::bool(true).into());
        target.expr = self.coerce(taken, oids::UNKNOWN, oids::TEXT, -1, Coercion::IMPLICIT)?;
        Ok(oids::TEXT)
    }

    /// Adds target `at` to a sort list as `item` says, unless it is there.
    pub fn add_to_sort_list(
        &mut self,
        at: usize,
        targets: &mut [TargetEntry],
        list: &mut Vec<SortGroupClause>,
        item: &SortBy,
    ) -> Result<()> {
        let type_oid = self.target_becomes_known(&mut targets[at])?;
        let location: Location = if item.pos.is_some() { item.pos.into() } else { item.expr.pos().into() };
        let (sort_operator, eq_operator, hashable, reverse) = self.sort_operators(type_oid, item, location)?;
        if self.is_in_sort_list(&targets[at], sort_operator, list)? {
            return Ok(());
        }
        let target_ref = assign_sort_group_ref(at, targets);
        let nulls_first = match item.nulls {
            NullsOrder::Default => reverse,
            NullsOrder::First => true,
            NullsOrder::Last => false,
        };
        list.push(SortGroupClause { target_ref, eq_operator, sort_operator, nulls_first, hashable });
        Ok(())
    }

    fn sort_operators(&self, type_oid: Oid, item: &SortBy, location: Location) -> Result<SortOperators> {
        match &item.direction {
            SortDirection::Default | SortDirection::Asc => {
                let found = self.type_operators(type_oid, &[Need::Less, Need::Equal], location)?;
                Ok((found.lt, found.eq, found.hashable, false))
            }
            SortDirection::Desc => {
                let found = self.type_operators(type_oid, &[Need::Equal, Need::Greater], location)?;
                Ok((found.gt, found.eq, found.hashable, true))
            }
            SortDirection::Using(name) => {
                let row = self.resolve_operator(name, type_oid, type_oid, location)?;
                if !self.is_binary_coercible(type_oid, row.oprleft)?
                    || !self.is_binary_coercible(type_oid, row.oprright)?
                {
                    let signature = self.operator_signature(name, type_oid, type_oid);
                    let err = error!(UNDEFINED_FUNCTION, "operator requires run-time type coercion: {signature}");
                    return Err(self.at(err, location));
                }
                let Some((eq, reverse)) = self.equality_for_ordering(row.oid)? else {
                    let err = error!(WRONG_OBJECT_TYPE, "operator {} is not a valid ordering operator", name.name);
                    let hint = "Ordering operators must be \"<\" or \">\" members of btree operator families.";
                    return Err(self.at(err.hint(hint), location));
                };
                let hashable = self.cx.catalog.operator(eq)?.is_some_and(|row| row.oprcanhash);
                Ok((row.oid, eq, hashable, reverse))
            }
        }
    }

    /// The operator family, input type and strategy of a `<` or `>` operator.
    fn ordering_properties(&self, operator: Oid) -> Result<Option<(Oid, Oid, i16)>> {
        let rows = self.cx.catalog.amops_of_operator(operator)?;
        let row = rows.iter().find(|row| {
            row.amopmethod == oids::BTREE_AM
                && matches!(row.amopstrategy, 1 | 5)
                && row.amoplefttype == row.amoprighttype
        });
        Ok(row.map(|row| (row.amopfamily, row.amoplefttype, row.amopstrategy)))
    }

    /// The equality that goes with a `<` or `>` operator, and whether that is a `>`.
    pub fn equality_for_ordering(&self, operator: Oid) -> Result<Option<(Oid, bool)>> {
        let Some((family, input, strategy)) = self.ordering_properties(operator)? else { return Ok(None) };
        let eq = self.cx.catalog.amop(family, input, input, 3)?;
        Ok(eq.map(|eq| (eq, strategy == 5)))
    }

    fn is_in_sort_list(&self, target: &TargetEntry, sort_operator: Oid, list: &[SortGroupClause]) -> Result<bool> {
        if target.sort_group_ref == 0 {
            return Ok(false);
        }
        for clause in list.iter().filter(|clause| clause.target_ref == target.sort_group_ref) {
            if !sort_operator.is_valid() || sort_operator == clause.sort_operator {
                return Ok(true);
            }
            let row = self.cx.catalog.operator(clause.sort_operator)?;
            if row.is_some_and(|row| row.oprcom == sort_operator) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds target `at` to a group list, unless it is there.
    fn add_to_group_list(
        &mut self,
        at: usize,
        targets: &mut [TargetEntry],
        list: &mut Vec<SortGroupClause>,
        location: Location,
    ) -> Result<()> {
        let type_oid = self.target_becomes_known(&mut targets[at])?;
        if self.is_in_sort_list(&targets[at], Oid::INVALID, list)? {
            return Ok(());
        }
        let found = self.type_operators(type_oid, &[Need::Equal], location)?;
        let target_ref = assign_sort_group_ref(at, targets);
        list.push(SortGroupClause {
            target_ref,
            eq_operator: found.eq,
            sort_operator: found.lt,
            nulls_first: false,
            hashable: found.hashable,
        });
        Ok(())
    }

    // --- DISTINCT ---

    /// DISTINCT of a select list or of an aggregate's arguments.
    pub fn transform_distinct(
        &mut self,
        targets: &mut [TargetEntry],
        sort: &[SortGroupClause],
        is_aggregate: bool,
    ) -> Result<Vec<SortGroupClause>> {
        let mut list = Vec::new();
        for clause in sort {
            let Some(target) = targets.iter().find(|t| t.sort_group_ref == clause.target_ref) else { continue };
            if target.junk {
                let message = match is_aggregate {
                    true => "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list",
                    false => "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
                };
                let err = Error::new(SqlState::INVALID_COLUMN_REFERENCE, message);
                return Err(self.at(err, target.expr.location()));
            }
            list.push(clause.clone());
        }
        for at in 0..targets.len() {
            if !targets[at].junk {
                let location = targets[at].expr.location();
                self.add_to_group_list(at, targets, &mut list, location)?;
            }
        }
        if list.is_empty() {
            return Err(match is_aggregate {
                true => error!(SYNTAX_ERROR, "an aggregate with DISTINCT must have at least one argument"),
                false => error!(SYNTAX_ERROR, "SELECT DISTINCT must have at least one column"),
            });
        }
        Ok(list)
    }

    /// DISTINCT ON.
    pub fn transform_distinct_on(
        &mut self,
        exprs: &[ast::Expr],
        targets: &mut Vec<TargetEntry>,
        sort: &[SortGroupClause],
    ) -> Result<Vec<SortGroupClause>> {
        let mut refs = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let at = self.find_target_sql92(expr, targets, ExprKind::DistinctOn)?;
            refs.push((assign_sort_group_ref(at, targets), at));
        }
        let mismatch = |this: &Self, expr: &ast::Expr| {
            let err = error!(
                INVALID_COLUMN_REFERENCE,
                "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
            );
            this.at(err, expr.pos())
        };
        let mut list: Vec<SortGroupClause> = Vec::new();
        let mut skipped = false;
        for clause in sort {
            match refs.iter().position(|(target_ref, _)| *target_ref == clause.target_ref) {
                Some(at) if skipped => return Err(mismatch(self, &exprs[at])),
                Some(_) => list.push(clause.clone()),
                None => skipped = true,
            }
        }
        for (expr, (_, at)) in exprs.iter().zip(refs) {
            if self.is_in_sort_list(&targets[at], Oid::INVALID, &list)? {
                continue;
            }
            if skipped {
                return Err(mismatch(self, expr));
            }
            self.add_to_group_list(at, targets, &mut list, expr.pos().into())?;
        }
        Ok(list)
    }

    // --- GROUP BY ---

    /// GROUP BY: the flat list of expressions, and the grouping sets if any were written.
    pub fn transform_group_clause(
        &mut self,
        items: &[GroupItem],
        targets: &mut Vec<TargetEntry>,
        sort: &[SortGroupClause],
    ) -> Result<(Vec<SortGroupClause>, Vec<GroupingSet>)> {
        let has_sets = items.iter().any(|item| !matches!(item, GroupItem::Expr(_)));
        let mut grouping = Grouping { targets, sort, list: Vec::new() };
        let mut sets = Vec::new();
        let mut seen = Vec::new();
        for item in items {
            match item {
                GroupItem::Expr(expr) => {
                    for part in flatten_row(expr) {
                        let target_ref = self.group_expr(part, &mut grouping, true)?;
                        if !seen.contains(&target_ref) {
                            seen.push(target_ref);
                            if has_sets {
                                sets.push(GroupingSet::Simple(vec![target_ref]));
                            }
                        }
                    }
                }
                // () at the top says nothing beside others.
                GroupItem::Empty(_) => {}
                other => {
                    let set = self.grouping_set(other, &mut grouping)?;
                    sets.push(set);
                }
            }
        }
        if has_sets && sets.is_empty() {
            sets.push(GroupingSet::Empty);
        }
        Ok((grouping.list, sets))
    }

    fn grouping_set(&mut self, item: &GroupItem, grouping: &mut Grouping<'_>) -> Result<GroupingSet> {
        match item {
            GroupItem::Empty(_) => Ok(GroupingSet::Empty),
            GroupItem::Expr(expr) => self.simple_set(expr, grouping),
            GroupItem::Rollup(exprs, _) => {
                let sets = exprs.iter().map(|expr| self.simple_set(expr, grouping)).collect::<Result<_>>()?;
                Ok(GroupingSet::Rollup(sets))
            }
            GroupItem::Cube(exprs, pos) => {
                if exprs.len() > 12 {
                    return Err(self.at(error!(TOO_MANY_COLUMNS, "CUBE is limited to 12 elements"), *pos));
                }
                let sets = exprs.iter().map(|expr| self.simple_set(expr, grouping)).collect::<Result<_>>()?;
                Ok(GroupingSet::Cube(sets))
            }
            GroupItem::Sets(items, _) => {
                let mut sets = Vec::with_capacity(items.len());
                for item in items {
                    // Sets within sets are the same as their members.
                    match self.grouping_set(item, grouping)? {
                        GroupingSet::Sets(inner) => sets.extend(inner),
                        other => sets.push(other),
                    }
                }
                Ok(GroupingSet::Sets(sets))
            }
        }
    }

    fn simple_set(&mut self, expr: &ast::Expr, grouping: &mut Grouping<'_>) -> Result<GroupingSet> {
        let mut refs = Vec::new();
        for part in flatten_row(expr) {
            let target_ref = self.group_expr(part, grouping, false)?;
            if !refs.contains(&target_ref) {
                refs.push(target_ref);
            }
        }
        Ok(GroupingSet::Simple(refs))
    }

    fn group_expr(&mut self, expr: &ast::Expr, grouping: &mut Grouping<'_>, top_level: bool) -> Result<u32> {
        let at = self.find_target_sql92(expr, grouping.targets, ExprKind::GroupBy)?;
        let target_ref = grouping.targets[at].sort_group_ref;
        if target_ref > 0 {
            if self.is_in_sort_list(&grouping.targets[at], Oid::INVALID, &grouping.list)? {
                return Ok(target_ref);
            }
            // Grouping like ORDER BY lets one sort serve both.
            if let Some(clause) = grouping.sort.iter().find(|clause| clause.target_ref == target_ref) {
                let nulls_first = clause.nulls_first && top_level;
                grouping.list.push(SortGroupClause { nulls_first, ..clause.clone() });
                return Ok(target_ref);
            }
        }
        self.add_to_group_list(at, grouping.targets, &mut grouping.list, expr.pos().into())?;
        Ok(grouping.targets[at].sort_group_ref)
    }

    // --- windows ---

    /// The windows of WINDOW and OVER.
    pub fn transform_windows(&mut self, targets: &mut Vec<TargetEntry>) -> Result<Vec<WindowClause>> {
        let mut result: Vec<WindowClause> = Vec::new();
        let mut at = 0;
        // A window's own expressions cannot add windows, but the list is read anew to be safe.
        while let Some(def) = self.top().window_defs.get(at).cloned() {
            at += 1;
            let window = self.transform_window(&def, at as u32, &result, targets)?;
            result.push(window);
        }
        Ok(result)
    }

    fn transform_window(
        &mut self,
        def: &ast::WindowDef,
        winref: u32,
        before: &[WindowClause],
        targets: &mut Vec<TargetEntry>,
    ) -> Result<WindowClause> {
        let refuse = |this: &Self, message: String| this.at(error!(WINDOWING_ERROR, "{message}"), def.pos);
        let find = |name: &str| before.iter().find(|window| window.name.as_deref() == Some(name));
        if let Some(name) = &def.name
            && find(name).is_some()
        {
            return Err(refuse(self, format!("window \"{name}\" is already defined")));
        }
        let base = match &def.base {
            Some(name) => match find(name) {
                Some(base) => Some(base),
                None => {
                    let err = error!(UNDEFINED_OBJECT, "window \"{name}\" does not exist");
                    return Err(self.at(err, def.pos));
                }
            },
            None => None,
        };
        let order = self.transform_sort_clause(&def.order_by, targets, ExprKind::WindowOrder, true)?;
        let partition = self.transform_partition(&def.partition_by, targets, &order)?;
        let mut window = WindowClause {
            name: def.name.clone(),
            refname: def.base.clone(),
            partition,
            order,
            frame: frame_of(def.frame.as_ref()),
            winref,
            ..WindowClause::default()
        };
        if let Some(base) = base {
            let name = def.base.as_deref().unwrap_or_default();
            if !window.partition.is_empty() {
                return Err(refuse(self, format!("cannot override PARTITION BY clause of window \"{name}\"")));
            }
            if !window.order.is_empty() && !base.order.is_empty() {
                return Err(refuse(self, format!("cannot override ORDER BY clause of window \"{name}\"")));
            }
            if base.frame.is_explicit {
                let err = refuse(self, format!("cannot copy window \"{name}\" because it has a frame clause"));
                let own = def.name.is_some() || !window.order.is_empty() || window.frame.is_explicit;
                return Err(if own { err } else { err.hint("Omit the parentheses in this OVER clause.") });
            }
            window.partition = base.partition.clone();
            if window.order.is_empty() {
                window.order = base.order.clone();
                window.copied_order = true;
            }
        }
        self.transform_frame(def, &mut window, targets)?;
        Ok(window)
    }

    fn transform_partition(
        &mut self,
        exprs: &[ast::Expr],
        targets: &mut Vec<TargetEntry>,
        order: &[SortGroupClause],
    ) -> Result<Vec<SortGroupClause>> {
        let mut list: Vec<SortGroupClause> = Vec::new();
        for expr in exprs.iter().flat_map(flatten_row) {
            let at = self.find_target_sql99(expr, targets, ExprKind::WindowPartition)?;
            let target_ref = targets[at].sort_group_ref;
            if target_ref > 0 && self.is_in_sort_list(&targets[at], Oid::INVALID, &list)? {
                continue;
            }
            match order.iter().find(|clause| target_ref > 0 && clause.target_ref == target_ref) {
                Some(clause) => list.push(clause.clone()),
                None => self.add_to_group_list(at, targets, &mut list, expr.pos().into())?,
            }
        }
        Ok(list)
    }

    fn transform_frame(
        &mut self,
        def: &ast::WindowDef,
        window: &mut WindowClause,
        targets: &[TargetEntry],
    ) -> Result<()> {
        let Some(written) = &def.frame else { return Ok(()) };
        let offset = |bound: &ast::FrameBound| match bound {
            ast::FrameBound::Preceding(expr) | ast::FrameBound::Following(expr) => Some(expr.clone()),
            _ => None,
        };
        let start = offset(&written.start);
        let end = written.end.as_ref().and_then(offset);
        let mut range = None;
        if window.frame.unit == FrameUnit::Range && (start.is_some() || end.is_some()) {
            let [clause] = window.order.as_slice() else {
                let err = error!(
                    WINDOWING_ERROR,
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column"
                );
                return Err(self.at(err, def.pos));
            };
            let Some((family, input, strategy)) = self.ordering_properties(clause.sort_operator)? else {
                let operator = clause.sort_operator;
                return Err(Error::internal(format!("operator {operator} is not a valid ordering operator")));
            };
            let key = targets.iter().find(|target| target.sort_group_ref == clause.target_ref);
            window.in_range_collation = key.map_or(Oid::INVALID, |target| target.expr.collation_of());
            window.in_range_asc = strategy == 1;
            window.in_range_nulls_first = clause.nulls_first;
            range = Some((family, input));
        }
        if window.frame.unit == FrameUnit::Groups && window.order.is_empty() {
            return Err(self.at(error!(WINDOWING_ERROR, "GROUPS mode requires an ORDER BY clause"), def.pos));
        }
        let unit = window.frame.unit;
        if let Some(start) = &start {
            let (expr, function) = self.frame_offset(start, unit, range)?;
            (window.start_offset, window.start_in_range_func) = (Some(expr), function);
        }
        if let Some(end) = &end {
            let (expr, function) = self.frame_offset(end, unit, range)?;
            (window.end_offset, window.end_in_range_func) = (Some(expr), function);
        }
        Ok(())
    }

    fn frame_offset(&mut self, written: &ast::Expr, unit: FrameUnit, range: Option<(Oid, Oid)>) -> Result<(Expr, Oid)> {
        let (kind, name) = match unit {
            FrameUnit::Rows => (ExprKind::WindowFrameRows, "ROWS"),
            FrameUnit::Range => (ExprKind::WindowFrameRange, "RANGE"),
            FrameUnit::Groups => (ExprKind::WindowFrameGroups, "GROUPS"),
        };
        let expr = self.transform_expr(written, kind)?;
        let (expr, function) = match range {
            Some((family, input)) => self.range_offset(expr, family, input)?,
            None => (self.coerce_to_specific(expr, oids::INT8, name)?, Oid::INVALID),
        };
        self.check_var_free(&expr, name)?;
        Ok((expr, function))
    }

    /// An offset of RANGE coerced to what an in_range function of the order's operator family takes.
    fn range_offset(&mut self, expr: Expr, family: Oid, input: Oid) -> Result<(Expr, Oid)> {
        const IN_RANGE: i16 = 3;
        let given = expr.type_of();
        let preferred = if given == oids::UNKNOWN { input } else { given };
        let rows = self.cx.catalog.catalog.rows::<catalog::rows::PgAmproc>(
            catalog::CacheId::Amprocnum,
            &[tuple::Datum::Oid(family), tuple::Datum::Oid(input)],
        )?;
        let mut chosen = None;
        let (mut functions, mut fitting) = (0, 0);
        for row in rows.iter().filter(|row| row.amprocnum == IN_RANGE) {
            functions += 1;
            let right = row.amprocrighttype;
            if !self.can_coerce(&[given], &[right], crate::expr::CoercionContext::Implicit)? {
                continue;
            }
            fitting += 1;
            chosen = Some((right, row.amproc));
            if right == preferred {
                fitting = 1;
                break;
            }
        }
        let (column, offset) = (self.cx.format_type(input), self.cx.format_type(given));
        let refuse = |message: String, hint: Option<&str>| {
            let err = error!(FEATURE_NOT_SUPPORTED, "{message}");
            let err = hint.into_iter().fold(err, |err, hint| err.hint(hint));
            Err(self.at(err, expr.location()))
        };
        match (functions, fitting, chosen) {
            (0, ..) => {
                refuse(format!("RANGE with offset PRECEDING/FOLLOWING is not supported for column type {column}"), None)
            }
            (_, 0, _) => refuse(
                format!(
                    "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {column} and offset type {offset}"
                ),
                Some("Cast the offset value to an appropriate type."),
            ),
            (_, 1, Some((target, function))) => Ok((self.coerce_to_specific(expr, target, "RANGE")?, function)),
            _ => refuse(
                format!(
                    "RANGE with offset PRECEDING/FOLLOWING has multiple interpretations for column type {column} and offset type {offset}"
                ),
                Some("Cast the offset value to the exact intended type."),
            ),
        }
    }

    // --- LIMIT ---

    /// LIMIT or OFFSET.
    pub fn transform_limit(
        &mut self,
        clause: Option<&ast::Expr>,
        kind: ExprKind,
        with_ties: bool,
    ) -> Result<Option<Expr>> {
        let Some(clause) = clause else { return Ok(None) };
        let is_null = matches!(clause, ast::Expr::Const(ast::Const { value: Literal::Null, .. }));
        let expr = self.transform_expr(clause, kind)?;
        let expr = self.coerce_to_specific(expr, oids::INT8, kind.name())?;
        self.check_var_free(&expr, kind.name())?;
        if with_ties && is_null && kind == ExprKind::Limit {
            return Err(error!(
                INVALID_ROW_COUNT_IN_LIMIT_CLAUSE,
                "row count cannot be null in FETCH FIRST ... WITH TIES clause"
            ));
        }
        Ok(Some(expr))
    }

    fn check_var_free(&self, expr: &Expr, construct: &str) -> Result<()> {
        let mut found = None;
        any_at_depth(expr, &mut |node, depth| {
            if let Expr::Var(var) = node
                && var.levels_up == depth
            {
                found = Some(var.location);
            }
            found.is_some()
        });
        match found {
            None => Ok(()),
            Some(location) => {
                let err = error!(INVALID_COLUMN_REFERENCE, "argument of {construct} must not contain variables");
                Err(self.at(err, location))
            }
        }
    }
}

/// GROUP BY in progress.
struct Grouping<'a> {
    targets: &'a mut Vec<TargetEntry>,
    sort: &'a [SortGroupClause],
    list: Vec<SortGroupClause>,
}

/// The fields of a row without the word ROW, which in GROUP BY is but a list.
fn flatten_row(expr: &ast::Expr) -> Vec<&ast::Expr> {
    match expr {
        ast::Expr::Row(row) if !row.explicit => row.args.iter().flat_map(flatten_row).collect(),
        other => vec![other],
    }
}

fn assign_sort_group_ref(at: usize, targets: &mut [TargetEntry]) -> u32 {
    if targets[at].sort_group_ref == 0 {
        let highest = targets.iter().map(|target| target.sort_group_ref).max().unwrap_or(0);
        targets[at].sort_group_ref = highest + 1;
    }
    targets[at].sort_group_ref
}

/// An expression without the implicit coercions at its top.
pub fn strip_implicit(expr: &Expr) -> &Expr {
    let is_implicit = |form: CoercionForm| form == CoercionForm::ImplicitCast;
    match expr {
        Expr::FuncExpr(node) if is_implicit(node.format.0) && !node.args.is_empty() => strip_implicit(&node.args[0]),
        Expr::RelabelType(node) if is_implicit(node.format.0) => strip_implicit(&node.arg),
        Expr::CoerceViaIo(node) if is_implicit(node.format.0) => strip_implicit(&node.arg),
        Expr::ArrayCoerceExpr(node) if is_implicit(node.format.0) => strip_implicit(&node.arg),
        Expr::ConvertRowtypeExpr(node) if is_implicit(node.format.0) => strip_implicit(&node.arg),
        Expr::CoerceToDomain(node) if is_implicit(node.format.0) => strip_implicit(&node.arg),
        other => other,
    }
}

fn frame_of(written: Option<&ast::WindowFrame>) -> Frame {
    let Some(written) = written else { return Frame::default() };
    let bound = |bound: &ast::FrameBound| match bound {
        ast::FrameBound::UnboundedPreceding => FrameBound::UnboundedPreceding,
        ast::FrameBound::Preceding(_) => FrameBound::OffsetPreceding,
        ast::FrameBound::CurrentRow => FrameBound::CurrentRow,
        ast::FrameBound::Following(_) => FrameBound::OffsetFollowing,
        ast::FrameBound::UnboundedFollowing => FrameBound::UnboundedFollowing,
    };
    Frame {
        is_explicit: true,
        is_between: written.end.is_some(),
        unit: match written.mode {
            ast::FrameMode::Range => FrameUnit::Range,
            ast::FrameMode::Rows => FrameUnit::Rows,
            ast::FrameMode::Groups => FrameUnit::Groups,
        },
        start: bound(&written.start),
        end: written.end.as_ref().map_or(FrameBound::CurrentRow, bound),
        exclusion: match written.exclude {
            ast::FrameExclusion::NoOthers => FrameExclusion::NoOthers,
            ast::FrameExclusion::CurrentRow => FrameExclusion::CurrentRow,
            ast::FrameExclusion::Group => FrameExclusion::Group,
            ast::FrameExclusion::Ties => FrameExclusion::Ties,
        },
    }
}
