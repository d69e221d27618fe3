//! Collations: each expression gets that of its inputs, and conflicts are found.
//!
//! It runs over finished expressions, since only then it is known which coercions there are.
//!
//! Source: PostgreSQL 15 parse_collate.c.

use crate::coerce::{Coercion, relabel};
use crate::expr::{Aggref, Expr, Location};
use crate::oids;
use crate::query::{Query, TargetEntry};
use crate::state::Analyzer;
use crate::walk::{ChildMut, each_child_mut, each_query_expr_mut};
use base::Oid;
use report::{Error, Result, error};

/// How binding a collation is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
enum Strength {
    /// There is none.
    #[default]
    None,
    /// From a column or type.
    Implicit,
    /// Two implicit ones that differ.
    Conflict,
    /// From COLLATE.
    Explicit,
}

/// The collation that an expression, or several together, pass up.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    collation: Oid,
    strength: Strength,
    location: Location,
    /// The other one of a conflict.
    other: Oid,
    other_location: Location,
}

impl State {
    fn implicit(collation: Oid, location: Location) -> State {
        let strength = if collation.is_valid() { Strength::Implicit } else { Strength::None };
        State { collation, strength, location, ..State::default() }
    }
}

impl Analyzer<'_, '_> {
    /// Assigns collations throughout a query, sub-queries aside: those have them already.
    pub fn assign_query_collations(&mut self, query: &mut Query) -> Result<()> {
        let mut result = Ok(());
        each_query_expr_mut(query, &mut |expr| {
            if result.is_ok() {
                result = self.collate(expr).map(|_| ());
            }
        });
        result?;
        // A second look at target lists: a conflict matters if the column is sorted or grouped by.
        for target in query.targets.iter_mut().chain(&mut query.returning) {
            if target.sort_group_ref != 0 {
                self.collate_target(target)?;
            }
        }
        Ok(())
    }

    /// Assigns collations within an expression.
    pub fn assign_collations(&mut self, expr: &mut Expr) -> Result<()> {
        self.collate(expr).map(|_| ())
    }

    /// The collation that some expressions share.
    ///
    /// Errors: 42P22 if they conflict, unless `none_ok`: then it is zero.
    pub fn common_collation(&mut self, exprs: &mut [&mut Expr], none_ok: bool) -> Result<Oid> {
        let mut state = State::default();
        for expr in exprs {
            let child = self.collate(expr)?;
            self.merge(&mut state, child)?;
        }
        match state.strength {
            Strength::Conflict if none_ok => Ok(Oid::INVALID),
            Strength::Conflict => Err(self.implicit_mismatch(&state)),
            _ => Ok(state.collation),
        }
    }

    fn collation_name(&self, oid: Oid) -> String {
        self.cx.catalog.collation(oid).ok().flatten().map_or_else(String::new, |row| row.collname.clone())
    }

    fn implicit_mismatch(&self, state: &State) -> Error {
        let (one, two) = (self.collation_name(state.collation), self.collation_name(state.other));
        let err = error!(COLLATION_MISMATCH, "collation mismatch between implicit collations \"{one}\" and \"{two}\"");
        let hint = "You can choose the collation by applying the COLLATE clause to one or both expressions.";
        self.at(err.hint(hint), state.other_location)
    }

    fn merge(&self, into: &mut State, child: State) -> Result<()> {
        if child.strength > into.strength {
            let kept = *into;
            *into = child;
            if child.strength != Strength::Conflict {
                (into.other, into.other_location) = (kept.other, kept.other_location);
            }
            return Ok(());
        }
        if child.strength < into.strength || child.collation == into.collation {
            return Ok(());
        }
        match child.strength {
            Strength::Implicit if into.collation == oids::DEFAULT_COLLATION => {
                (into.collation, into.location) = (child.collation, child.location);
            }
            Strength::Implicit if child.collation != oids::DEFAULT_COLLATION => {
                into.strength = Strength::Conflict;
                (into.other, into.other_location) = (child.collation, child.location);
            }
            Strength::Explicit => {
                let (one, two) = (self.collation_name(into.collation), self.collation_name(child.collation));
                let err = error!(
                    COLLATION_MISMATCH,
                    "collation mismatch between explicit collations \"{one}\" and \"{two}\""
                );
                return Err(self.at(err, child.location));
            }
            _ => {}
        }
        Ok(())
    }

    fn collate_children(&mut self, expr: &mut Expr) -> Result<State> {
        let mut state = State::default();
        let mut result = Ok(());
        each_child_mut(expr, &mut |child| {
            if result.is_err() {
                return;
            }
            result = match child {
                ChildMut::Expr(child) => self.collate(child),
                ChildMut::Query(query) => Ok(query_state(query)),
            }
            .and_then(|child| self.merge(&mut state, child));
        });
        result.map(|()| state)
    }

    fn collate_target(&mut self, target: &mut TargetEntry) -> Result<State> {
        let state = self.collate(&mut target.expr)?;
        match state.strength == Strength::Conflict && target.sort_group_ref != 0 {
            true => Err(self.implicit_mismatch(&state)),
            false => Ok(state),
        }
    }

    fn collate(&mut self, expr: &mut Expr) -> Result<State> {
        match expr {
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Param(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::CaseTestExpr(_)
            | Expr::SetToDefault(_)
            | Expr::CurrentOfExpr(_) => Ok(State::implicit(expr.collation_of(), expr.location())),
            Expr::CollateExpr(node) => {
                let (collation, location) = (node.collation, node.location);
                let mut state = self.collate(&mut node.arg)?;
                (state.collation, state.strength, state.location) = (collation, Strength::Explicit, location);
                Ok(state)
            }
            Expr::FieldSelect(node) => {
                self.collate(&mut node.arg)?;
                Ok(State::implicit(expr.collation_of(), expr.location()))
            }
            Expr::RowExpr(node) => {
                node.args.iter_mut().try_for_each(|arg| self.collate(arg).map(|_| ()))?;
                Ok(State::default())
            }
            Expr::RowCompareExpr(node) => {
                node.input_collations.clear();
                for (left, right) in node.left.iter_mut().zip(&mut node.right) {
                    let collation = self.common_collation(&mut [left, right], true)?;
                    node.input_collations.push(collation);
                }
                Ok(State::default())
            }
            Expr::InferenceElem(node) => {
                self.collate(&mut node.expr)?;
                Ok(State::default())
            }
            Expr::CoerceToDomain(_) => self.collate_domain(expr),
            _ => self.collate_general(expr),
        }
    }

    fn collate_domain(&mut self, expr: &mut Expr) -> Result<State> {
        let children = self.collate_children(expr)?;
        let declared = self.cx.type_collation(expr.type_of())?;
        let state = match declared {
            Oid::INVALID => State::default(),
            oids::DEFAULT_COLLATION => children,
            other => State::implicit(other, expr.location()),
        };
        let collation = if state.strength == Strength::Conflict { Oid::INVALID } else { state.collation };
        if let Expr::CoerceToDomain(node) = expr {
            node.collation = collation;
        }
        Ok(state)
    }

    fn collate_general(&mut self, expr: &mut Expr) -> Result<State> {
        let children = match expr {
            Expr::Aggref(node) => self.collate_aggregate(node)?,
            Expr::WindowFunc(node) => {
                let mut state = State::default();
                for arg in &mut node.args {
                    let child = self.collate(arg)?;
                    self.merge(&mut state, child)?;
                }
                node.filter.iter_mut().try_for_each(|filter| self.collate(filter).map(|_| ()))?;
                state
            }
            Expr::CaseExpr(node) => {
                // What is compared has its collation already, and does not bear on the result.
                let mut state = State::default();
                let parts = node.whens.iter_mut().flat_map(|when| [&mut when.condition, &mut when.result]);
                for part in parts.chain(&mut node.default) {
                    let child = self.collate(part)?;
                    self.merge(&mut state, child)?;
                }
                state
            }
            Expr::SubscriptingRef(node) => {
                for bound in node.upper.iter_mut().chain(&mut node.lower).flatten() {
                    self.collate(bound)?;
                }
                let mut state = self.collate(&mut node.container)?;
                if let Some(assign) = &mut node.assign {
                    let child = self.collate(assign)?;
                    self.merge(&mut state, child)?;
                }
                state
            }
            _ => self.collate_children(expr)?,
        };
        let declared = self.cx.type_collation(expr.type_of())?;
        let state = match (declared.is_valid(), children.strength) {
            (false, _) => State::default(),
            (true, Strength::None) => State::implicit(declared, expr.location()),
            (true, _) => children,
        };
        let known = |state: &State| if state.strength == Strength::Conflict { Oid::INVALID } else { state.collation };
        set_collation(expr, known(&state));
        set_input_collation(expr, known(&children));
        Ok(state)
    }

    fn collate_aggregate(&mut self, node: &mut Aggref) -> Result<State> {
        let mut state = State::default();
        let is_ordered_set = node.kind != b'n';
        let merge_sort = is_ordered_set
            && node.args.len() == 1
            && self.cx.catalog.function(node.function)?.is_some_and(|row| !row.provariadic.is_valid());
        if node.kind == b'h' {
            self.collate_hypothetical(node, merge_sort, &mut state)?;
        } else {
            for arg in &mut node.direct_args {
                let child = self.collate(arg)?;
                self.merge(&mut state, child)?;
            }
            for target in &mut node.args {
                let counts = if is_ordered_set { merge_sort } else { !target.junk };
                let child = self.collate_target(target)?;
                if counts {
                    self.merge(&mut state, child)?;
                }
            }
        }
        node.filter.iter_mut().try_for_each(|filter| self.collate(filter).map(|_| ()))?;
        Ok(state)
    }

    fn collate_hypothetical(&mut self, node: &mut Aggref, merge_sort: bool, state: &mut State) -> Result<()> {
        let plain = node.direct_args.len() - node.args.len();
        for arg in &mut node.direct_args[..plain] {
            let child = self.collate(arg)?;
            self.merge(state, child)?;
        }
        for (direct, target) in node.direct_args[plain..].iter_mut().zip(&mut node.args) {
            let mut pair = self.collate(direct)?;
            let sorted = self.collate(&mut target.expr)?;
            self.merge(&mut pair, sorted)?;
            if pair.strength == Strength::Conflict {
                return Err(self.implicit_mismatch(&pair));
            }
            if pair.collation.is_valid() && pair.collation != target.expr.collation_of() {
                let (type_oid, typmod) = (target.expr.type_of(), target.expr.typmod_of());
                let taken = std::mem::replace(&mut target.expr, crate::expr::Const::bool(true).into());
                target.expr = relabel(taken, type_oid, typmod, pair.collation, Coercion::IMPLICIT);
            }
            if merge_sort {
                self.merge(state, pair)?;
            }
        }
        Ok(())
    }
}

/// What a sub-select passes up: the collation of its first column.
fn query_state(query: &Query) -> State {
    match query.targets.first().filter(|target| !target.junk) {
        Some(target) => {
            let collation = target.expr.collation_of();
            // Even a column without a collation counts as implicit here.
            let strength = Strength::Implicit;
            State { collation, strength, location: target.expr.location(), ..State::default() }
        }
        None => State::default(),
    }
}

fn set_collation(expr: &mut Expr, collation: Oid) {
    match expr {
        Expr::Aggref(node) => node.collation = collation,
        Expr::WindowFunc(node) => node.collation = collation,
        Expr::SubscriptingRef(node) => node.collation = collation,
        Expr::FuncExpr(node) => node.collation = collation,
        Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => node.collation = collation,
        Expr::RelabelType(node) => node.collation = collation,
        Expr::CoerceViaIo(node) => node.collation = collation,
        Expr::ArrayCoerceExpr(node) => node.collation = collation,
        Expr::CaseExpr(node) => node.collation = collation,
        Expr::ArrayExpr(node) => node.collation = collation,
        Expr::CoalesceExpr(node) => node.collation = collation,
        Expr::MinMaxExpr(node) => node.collation = collation,
        _ => {}
    }
}

fn set_input_collation(expr: &mut Expr, collation: Oid) {
    match expr {
        Expr::Aggref(node) => node.input_collation = collation,
        Expr::WindowFunc(node) => node.input_collation = collation,
        Expr::FuncExpr(node) => node.input_collation = collation,
        Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => node.input_collation = collation,
        Expr::ScalarArrayOpExpr(node) => node.input_collation = collation,
        Expr::MinMaxExpr(node) => node.input_collation = collation,
        _ => {}
    }
}
