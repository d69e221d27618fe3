//! Merge joins: two inputs sorted by the join's columns, read side by side.
//!
//! Inner rows with the present key are kept, beyond work_mem in a file, so that the inner side never has to go back.

use super::{Builder, NodeState, Output};
use crate::env::Env;
use crate::expr::{Program, Rows, compile_condition, compile_exprs};
use crate::store::Tuplestore;
use crate::types::Types;
use analyze::query::JoinType;
use plan::node::{MergeJoin, Plan};
use report::Result;
use std::cmp::Ordering;
use tuple::{Comparator, Datum};

struct KeyOrder {
    comparator: Comparator,
    descending: bool,
    nulls_first: bool,
}

impl KeyOrder {
    fn compare(&self, a: &Datum, b: &Datum) -> Ordering {
        match (a.is_null(), b.is_null()) {
            (false, false) => {
                let order = self.comparator.compare(a, b);
                if self.descending { order.reverse() } else { order }
            }
            (true, true) => Ordering::Equal,
            (true, false) => {
                if self.nulls_first {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if self.nulls_first {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
        }
    }
}

/// A MergeJoin at work.
pub struct MergeJoinState {
    join_type: JoinType,
    outer: NodeState,
    inner: NodeState,
    single: bool,
    join_qual: Option<Program>,
    output: Output,
    outer_keys: Program,
    inner_keys: Program,
    orders: Vec<KeyOrder>,
    outer_key: Vec<Datum>,
    /// The inner row read ahead, with its key.
    ahead: Option<(Vec<Datum>, Vec<Datum>)>,
    inner_ended: bool,
    /// Inner rows with `group_key`.
    group: Tuplestore,
    group_matched: Vec<bool>,
    group_key: Option<Vec<Datum>>,
    at: u64,
    has_outer: bool,
    outer_ended: bool,
    matched: bool,
    /// Inner rows without partner that are to be given: of the group, or a single one.
    orphans: Vec<Vec<Datum>>,
    outer_nulls: Vec<Datum>,
    inner_nulls: Vec<Datum>,
    started: bool,
    /// Pairs that failed the join's condition.
    pub filtered: u64,
}

impl MergeJoinState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &MergeJoin) -> Result<MergeJoinState> {
        let types = Types(builder.cx);
        let mut orders = Vec::new();
        for clause in &node.clauses {
            let (left, right) = match &clause.expr {
                analyze::expr::Expr::OpExpr(op) => crate::lookup::operator_types(builder.cx, op.operator)?,
                _ => return Err(report::Error::internal("merge clause is no operator")),
            };
            let actual = clause.outer.type_of();
            let polymorphic = matches!(left.0, 2277 | 2283 | 2249 | 3500 | 3831 | 4537);
            let compared = if polymorphic { actual } else { left };
            let comparator = match left == right {
                true => builtins::comparator(compared, clause.collation, &types)?,
                false => cross_comparator(builder, clause.comparison, left, right)?,
            };
            orders.push(KeyOrder { comparator, descending: clause.descending, nulls_first: clause.nulls_first });
        }
        let outer_exprs: Vec<_> = node.clauses.iter().map(|c| c.outer.clone()).collect();
        // Inner keys are computed over the inner row alone.
        let inner_exprs: Vec<_> = node.clauses.iter().map(|c| c.inner.clone()).collect();
        let outer = builder.build(&node.outer)?;
        let inner = builder.build(&node.inner)?;
        Ok(MergeJoinState {
            join_type: node.join_type,
            single: node.inner_unique || node.join_type == JoinType::Semi,
            join_qual: compile_condition(builder.cx, &node.join_qual)?,
            output: builder.output(plan)?,
            outer_keys: compile_exprs(builder.cx, &outer_exprs)?,
            inner_keys: compile_exprs(builder.cx, &inner_exprs)?,
            orders,
            outer_key: Vec::new(),
            ahead: None,
            inner_ended: false,
            group: Tuplestore::new(inner.width(), builder.work_mem),
            group_matched: Vec::new(),
            group_key: None,
            at: 0,
            has_outer: false,
            outer_ended: false,
            matched: false,
            orphans: Vec::new(),
            outer_nulls: vec![Datum::Null; outer.width()],
            inner_nulls: vec![Datum::Null; inner.width()],
            started: false,
            filtered: 0,
            outer,
            inner,
        })
    }

    fn compare(&self, a: &[Datum], b: &[Datum]) -> Ordering {
        for (i, order) in self.orders.iter().enumerate() {
            match order.compare(&a[i], &b[i]) {
                Ordering::Equal => {}
                decided => return decided,
            }
        }
        Ordering::Equal
    }

    fn keeps_inner(&self) -> bool {
        matches!(self.join_type, JoinType::Right | JoinType::Full)
    }

    fn keeps_outer(&self) -> bool {
        matches!(self.join_type, JoinType::Left | JoinType::Full | JoinType::Anti)
    }

    fn read_inner(&mut self, env: &mut Env<'_>) -> Result<()> {
        if self.inner_ended || !self.inner.next(env)? {
            self.inner_ended = true;
            self.ahead = None;
            return Ok(());
        }
        let row = self.inner.row().to_vec();
        let mut key = Vec::with_capacity(self.orders.len());
        self.inner_keys.project(&Rows { inner: &row, ..Rows::default() }, env, &mut key)?;
        self.ahead = Some((row, key));
        Ok(())
    }

    /// Gives up the group: rows of it that found no partner become orphans.
    fn drop_group(&mut self) -> Result<()> {
        if self.keeps_inner() {
            for (at, _) in self.group_matched.iter().enumerate().filter(|(_, matched)| !**matched) {
                self.orphans.extend(self.group.row(at as u64)?.map(<[Datum]>::to_vec));
            }
        }
        self.group.clear();
        self.group_matched.clear();
        self.group_key = None;
        Ok(())
    }

    /// Brings the inner side to the outer row's key: afterwards the group holds the inner rows with it, if any.
    fn align(&mut self, env: &mut Env<'_>) -> Result<()> {
        self.at = 0;
        let has_null = self.outer_key.iter().any(Datum::is_null);
        if let Some(key) = &self.group_key {
            if !has_null && self.compare(&self.outer_key, key).is_eq() {
                return Ok(());
            }
            // A null never matches, but rows may still come for the group only if the key has not passed it.
            if self.compare(&self.outer_key, key).is_lt() {
                self.at = self.group.len();
                return Ok(());
            }
            self.drop_group()?;
        }
        if has_null {
            return Ok(());
        }
        loop {
            let Some((_, key)) = &self.ahead else { return Ok(()) };
            let order =
                if key.iter().any(Datum::is_null) { Ordering::Greater } else { self.compare(&self.outer_key, key) };
            // An inner row with a null in its key matches nothing.
            let inner_null = key.iter().any(Datum::is_null);
            if inner_null {
                let passed = self.compare(&self.outer_key, key).is_lt();
                if passed {
                    return Ok(());
                }
                self.orphan_ahead(env)?;
                continue;
            }
            match order {
                Ordering::Less => return Ok(()),
                Ordering::Greater => self.orphan_ahead(env)?,
                Ordering::Equal => break,
            }
        }
        let (_, key) = self.ahead.as_ref().expect("found above");
        let key = key.clone();
        while let Some((row, next)) = &self.ahead {
            if !self.compare(&key, next).is_eq() {
                break;
            }
            self.group.push(row, &mut env.temp_space())?;
            self.group_matched.push(false);
            self.read_inner(env)?;
        }
        self.group_key = Some(key);
        Ok(())
    }

    fn orphan_ahead(&mut self, env: &mut Env<'_>) -> Result<()> {
        if self.keeps_inner()
            && let Some((row, _)) = self.ahead.take()
        {
            self.orphans.push(row);
        }
        self.read_inner(env)
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if !self.started {
            self.started = true;
            self.read_inner(env)?;
        }
        loop {
            while let Some(orphan) = self.orphans.pop() {
                let rows = Rows { outer: &self.outer_nulls, inner: &orphan, ..Rows::default() };
                if self.output.emit(&rows, env)? {
                    return Ok(true);
                }
            }
            if !self.has_outer {
                if self.outer_ended {
                    return Ok(false);
                }
                if !self.advance(env)? {
                    continue;
                }
            }
            if self.scan(env)? {
                return Ok(true);
            }
        }
    }

    /// Takes the next outer row. False if there is none: the rest of the inner side has become orphans.
    fn advance(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let useless = self.inner_ended && self.ahead.is_none() && self.group_key.is_none() && !self.keeps_outer();
        if useless || !self.outer.next(env)? {
            self.outer_ended = true;
            self.drop_group()?;
            if self.keeps_inner() {
                while self.ahead.is_some() {
                    self.orphan_ahead(env)?;
                }
                self.orphans.reverse();
            }
            return Ok(false);
        }
        self.outer_keys.project(&Rows::outer(self.outer.row()), env, &mut self.outer_key)?;
        self.has_outer = true;
        self.matched = false;
        self.align(env)?;
        // Orphans come in order.
        self.orphans.reverse();
        Ok(self.orphans.is_empty())
    }

    fn scan(&mut self, env: &mut Env<'_>) -> Result<bool> {
        while let Some(inner) = self.group.row(self.at)? {
            let at = self.at as usize;
            self.at += 1;
            let rows = Rows { outer: self.outer.row(), inner, ..Rows::default() };
            if let Some(qual) = &mut self.join_qual
                && !qual.holds(&rows, env)?
            {
                self.filtered += 1;
                continue;
            }
            self.matched = true;
            self.group_matched[at] = true;
            if self.join_type == JoinType::Anti {
                self.has_outer = false;
                return Ok(false);
            }
            if self.single {
                self.has_outer = false;
            }
            if self.output.emit(&rows, env)? {
                return Ok(true);
            }
            if self.single {
                return Ok(false);
            }
        }
        self.has_outer = false;
        if !self.matched && self.keeps_outer() {
            let rows = Rows { outer: self.outer.row(), inner: &self.inner_nulls, ..Rows::default() };
            return self.output.emit(&rows, env);
        }
        Ok(false)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.output.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.group.clear();
        self.group_matched.clear();
        self.group_key = None;
        self.ahead = None;
        self.inner_ended = false;
        self.outer_ended = false;
        self.has_outer = false;
        self.started = false;
        self.orphans.clear();
        self.outer.rescan(env, changed)?;
        self.inner.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.outer, &mut self.inner]
    }

    /// Rows thrown away by the filter.
    pub fn output_filtered(&self) -> u64 {
        self.output.filtered
    }
}

/// The order of values of two types, by the family's support function.
fn cross_comparator(
    builder: &Builder<'_>,
    function: base::Oid,
    left: base::Oid,
    right: base::Oid,
) -> Result<Comparator> {
    let integers = |t: base::Oid| matches!(t.0, 20 | 21 | 23);
    if integers(left) && integers(right) {
        return Ok(Comparator::Custom(std::sync::Arc::new(|a, b| int(a).cmp(&int(b)))));
    }
    let Some(found) = builtins::function(function) else { report::unsupported!("this cross-type comparison") };
    let call = found.function;
    let format = std::sync::Arc::clone(&builder.cx.session.format.borrow());
    Ok(Comparator::Custom(std::sync::Arc::new(move |a, b| {
        let mut memo = builtins::Memo::new(0, Box::new(|| 0));
        let mut fx = builtins::FnCtx::new(&format, &builtins::BuiltinTypes, &mut memo);
        match call(&mut fx, &[a.clone(), b.clone()]) {
            Ok(Datum::Int4(order)) => order.cmp(&0),
            _ => Ordering::Equal,
        }
    })))
}

fn int(value: &Datum) -> i64 {
    match value {
        Datum::Int2(v) => i64::from(*v),
        Datum::Int4(v) => i64::from(*v),
        Datum::Int8(v) => *v,
        _ => 0,
    }
}
