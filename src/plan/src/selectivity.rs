//! Which part of the rows meets a condition, after PostgreSQL's `clausesel.c` and `selfuncs.c`.

use crate::lookup::{ColumnStats, OperatorInfo};
use crate::node::JoinType;
use crate::relids::Relids;
use crate::root::{ClauseRc, Planner, Root, SpecialJoin};
use crate::simplify::Simplifier;
use crate::tree;
use analyze::expr::{BoolExprType, BoolTestType, Expr, OpExpr, ScalarArrayOpExpr, Var};
use analyze::query::RteKind;
use base::Oid;
use report::Result;
use std::cmp::Ordering;
use std::sync::Arc;
use tuple::{Comparator, Datum};

const DEFAULT_EQ_SEL: f64 = 0.005;
const DEFAULT_INEQ_SEL: f64 = 0.333_333_333_333_333_3;
const DEFAULT_RANGE_INEQ_SEL: f64 = 0.005;
const DEFAULT_MATCH_SEL: f64 = 0.005;
const DEFAULT_MATCHING_SEL: f64 = 0.010;
const DEFAULT_NUM_DISTINCT: f64 = 200.0;
const DEFAULT_UNK_SEL: f64 = 0.005;

/// What is known of one side of a comparison.
pub struct VarData {
    /// Its statistics.
    pub(crate) stats: Option<Arc<ColumnStats>>,
    /// It is unique by an index or a DISTINCT.
    unique: bool,
    /// Rows of its relation before conditions.
    tuples: f64,
    /// Rows of its relation after conditions.
    pub(crate) rows: f64,
    /// It is a plain column.
    var: Option<Var>,
    /// Type as compared.
    type_oid: Oid,
    collation: Oid,
}

fn clamp(selectivity: f64) -> f64 {
    if selectivity.is_nan() { 0.5 } else { selectivity.clamp(0.0, 1.0) }
}

/// How a join's condition is looked at: as a filter over one relation, or between two sides.
#[derive(Clone, Copy)]
pub enum Between<'a> {
    /// As a filter.
    Filter,
    /// At a join of this kind.
    Join(&'a SpecialJoin),
}

impl Between<'_> {
    fn join_type(&self) -> JoinType {
        match self {
            Between::Filter => JoinType::Inner,
            Between::Join(special) => special.join_type,
        }
    }
}

/// A plain join of two sides, where no outer join is.
pub fn inner_join(left: Relids, right: Relids) -> SpecialJoin {
    SpecialJoin {
        min_left: left,
        min_right: right,
        syn_left: left,
        syn_right: right,
        join_type: JoinType::Inner,
        lhs_strict: false,
        delay_upper_joins: false,
        semi_exprs: Vec::new(),
    }
}

impl Planner<'_> {
    /// Selectivity of a list of clauses, ANDed. `varno` 0 takes each as at its join, else as a filter of that relation.
    pub fn clauselist_selectivity(
        &self,
        root: &Root,
        clauses: &[ClauseRc],
        varno: i32,
        between: Between<'_>,
    ) -> Result<f64> {
        let mut product = 1.0;
        let mut ranges: Vec<Range> = Vec::new();
        for clause in clauses {
            let selectivity = self.clause_selectivity(root, clause, varno, between)?;
            if clauses.len() > 1 && self.note_range(&clause.expr, selectivity, &mut ranges)? {
                continue;
            }
            product *= selectivity;
        }
        for range in ranges {
            product *= self.range_selectivity(root, &range);
        }
        Ok(product)
    }

    /// The same over bare conditions.
    pub fn exprs_selectivity(&self, root: &Root, exprs: &[Expr], varno: i32, between: Between<'_>) -> Result<f64> {
        let mut product = 1.0;
        let mut ranges: Vec<Range> = Vec::new();
        for expr in exprs {
            let selectivity = self.expr_selectivity(root, expr, varno, between)?;
            if exprs.len() > 1 && self.note_range(expr, selectivity, &mut ranges)? {
                continue;
            }
            product *= selectivity;
        }
        for range in ranges {
            product *= self.range_selectivity(root, &range);
        }
        Ok(product)
    }

    fn range_selectivity(&self, root: &Root, range: &Range) -> f64 {
        let (Some(low), Some(high)) = (range.low, range.high) else {
            return range.low.or(range.high).unwrap_or(1.0);
        };
        if low == DEFAULT_INEQ_SEL || high == DEFAULT_INEQ_SEL {
            return DEFAULT_RANGE_INEQ_SEL;
        }
        let mut both = high + low - 1.0;
        both += self.null_fraction(root, &range.var);
        if both <= 0.0 {
            return if both < -0.01 { DEFAULT_RANGE_INEQ_SEL } else { 1.0e-10 };
        }
        both
    }

    fn null_fraction(&self, root: &Root, expr: &Expr) -> f64 {
        self.examine(root, expr, 0).ok().and_then(|data| data.stats).map_or(0.0, |stats| stats.null_fraction)
    }

    /// Remembers `x < c` and `x > c` to be combined. False if it is no such condition.
    fn note_range(&self, expr: &Expr, selectivity: f64, ranges: &mut Vec<Range>) -> Result<bool> {
        let Expr::OpExpr(op) = expr else { return Ok(false) };
        if op.args.len() != 2 {
            return Ok(false);
        }
        let (var, on_left) = match (tree::varnos(&op.args[0]).is_empty(), tree::varnos(&op.args[1]).is_empty()) {
            (false, true) => (&op.args[0], true),
            (true, false) => (&op.args[1], false),
            _ => return Ok(false),
        };
        let less = match self.lookup.operator(op.operator)?.restriction.0 {
            103 | 336 => true,
            104 | 337 => false,
            _ => return Ok(false),
        };
        let is_high = less == on_left;
        let range = match ranges.iter_mut().find(|r| r.var == *var) {
            Some(range) => range,
            None => {
                ranges.push(Range { var: var.clone(), low: None, high: None });
                ranges.last_mut().expect("just pushed")
            }
        };
        let side = if is_high { &mut range.high } else { &mut range.low };
        *side = Some(side.map_or(selectivity, |s: f64| s.min(selectivity)));
        Ok(true)
    }

    /// Selectivity of one clause.
    pub fn clause_selectivity(&self, root: &Root, clause: &ClauseRc, varno: i32, between: Between<'_>) -> Result<f64> {
        if clause.pseudoconstant {
            let always = matches!(&clause.expr, Expr::Const(c) if !c.value.is_true());
            return Ok(if always { 0.0 } else { 1.0 });
        }
        let single = clause.relids.len() <= 1;
        let cacheable = varno == 0 || single;
        let outer = !matches!(between.join_type(), JoinType::Inner);
        let cache = if outer { &clause.outer_selectivity } else { &clause.selectivity };
        if cacheable && let Some(known) = cache.get() {
            return Ok(known);
        }
        let selectivity = self.expr_selectivity(root, &clause.expr, varno, between)?;
        if cacheable {
            cache.set(Some(selectivity));
        }
        Ok(selectivity)
    }

    /// Selectivity of a condition.
    pub fn expr_selectivity(&self, root: &Root, expr: &Expr, varno: i32, between: Between<'_>) -> Result<f64> {
        let of = |e: &Expr| self.expr_selectivity(root, e, varno, between);
        let selectivity = match expr {
            Expr::Var(var) => self.boolean_selectivity(root, var, true)?,
            Expr::Const(c) => f64::from(u8::from(c.value.is_true())),
            Expr::BoolExpr(node) => match node.op {
                BoolExprType::Not => 1.0 - of(&node.args[0])?,
                BoolExprType::And => self.exprs_selectivity(root, &node.args, varno, between)?,
                BoolExprType::Or => {
                    let mut sum = 0.0;
                    for arg in &node.args {
                        let s = of(arg)?;
                        sum = sum + s - sum * s;
                    }
                    sum
                }
            },
            Expr::OpExpr(op) => self.operator_selectivity(root, op, varno, between)?,
            Expr::DistinctExpr(op) => 1.0 - self.operator_selectivity(root, op, varno, between)?,
            Expr::ScalarArrayOpExpr(node) => self.array_selectivity(root, node, varno, between)?,
            Expr::NullTest(test) => self.null_selectivity(root, &test.arg, test.is_null, varno)?,
            Expr::BooleanTest(test) => self.bool_test_selectivity(root, &test.arg, test.test, varno)?,
            Expr::RelabelType(node) => of(&node.arg)?,
            Expr::CoerceToDomain(node) => of(&node.arg)?,
            Expr::FuncExpr(_) => 0.333_333_3,
            Expr::CurrentOfExpr(_) => {
                1.0 / root
                    .base_rel(varno.max(1))
                    .map_or(1.0, |rel| rel.base.as_ref().map_or(1.0, |b| b.tuples.max(1.0)))
            }
            _ => 0.5,
        };
        Ok(clamp(selectivity))
    }

    fn boolean_selectivity(&self, root: &Root, var: &Var, value: bool) -> Result<f64> {
        let data = self.examine(root, &var.clone().into(), 0)?;
        let part = self.var_eq_const(&data, &Datum::Bool(value), None);
        Ok(if data.stats.is_some() { part } else { 0.5 })
    }

    fn null_selectivity(&self, root: &Root, arg: &Expr, is_null: bool, varno: i32) -> Result<f64> {
        let data = self.examine(root, arg, varno)?;
        let null = match (&data.stats, &data.var) {
            (Some(stats), _) => stats.null_fraction,
            (None, Some(var)) if var.attno < 0 => 0.0,
            _ => return Ok(if is_null { DEFAULT_UNK_SEL } else { 1.0 - DEFAULT_UNK_SEL }),
        };
        Ok(if is_null { null } else { 1.0 - null })
    }

    fn bool_test_selectivity(&self, root: &Root, arg: &Expr, test: BoolTestType, varno: i32) -> Result<f64> {
        let data = self.examine(root, arg, varno)?;
        if let Some(stats) = &data.stats {
            let null = stats.null_fraction;
            let is_true = match stats.common_values.first() {
                Some(Datum::Bool(true)) => stats.common_frequencies[0],
                Some(_) => 1.0 - stats.common_frequencies[0] - null,
                None => (1.0 - null) / 2.0,
            };
            let is_false = 1.0 - is_true - null;
            return Ok(match test {
                BoolTestType::IsTrue => is_true,
                BoolTestType::IsNotTrue => 1.0 - is_true,
                BoolTestType::IsFalse => is_false,
                BoolTestType::IsNotFalse => 1.0 - is_false,
                BoolTestType::IsUnknown => null,
                BoolTestType::IsNotUnknown => 1.0 - null,
            });
        }
        Ok(match test {
            BoolTestType::IsUnknown => DEFAULT_UNK_SEL,
            BoolTestType::IsNotUnknown => 1.0 - DEFAULT_UNK_SEL,
            BoolTestType::IsTrue | BoolTestType::IsNotFalse => {
                self.expr_selectivity(root, arg, varno, Between::Filter)?
            }
            BoolTestType::IsFalse | BoolTestType::IsNotTrue => {
                1.0 - self.expr_selectivity(root, arg, varno, Between::Filter)?
            }
        })
    }

    fn operator_selectivity(&self, root: &Root, op: &OpExpr, varno: i32, between: Between<'_>) -> Result<f64> {
        let info = self.lookup.operator(op.operator)?;
        if op.args.len() == 2
            && varno == 0
            && !matches!(between, Between::Filter)
            && tree::varnos(&op.args[0]).union(tree::varnos(&op.args[1])).len() > 1
        {
            return self.join_operator_selectivity(root, op, &info, between);
        }
        self.restriction_selectivity(root, op, &info, varno)
    }

    fn restriction_selectivity(&self, root: &Root, op: &OpExpr, info: &OperatorInfo, varno: i32) -> Result<f64> {
        if op.args.len() != 2 {
            return Ok(if info.restriction.is_valid() { DEFAULT_EQ_SEL } else { 0.5 });
        }
        let Some((data, other, on_left)) = self.split(root, op, varno)? else {
            return Ok(match info.restriction.0 {
                101 => DEFAULT_EQ_SEL,
                102 => 1.0 - DEFAULT_EQ_SEL,
                103 | 104 | 336 | 337 => DEFAULT_INEQ_SEL,
                5040 => DEFAULT_MATCHING_SEL,
                0 => 0.5,
                _ => DEFAULT_MATCH_SEL,
            });
        };
        let constant = match &other {
            Expr::Const(c) => Some(&c.value),
            _ => None,
        };
        if constant.is_some_and(Datum::is_null) {
            return Ok(0.0);
        }
        Ok(match info.restriction.0 {
            101 => self.equal_selectivity(&data, constant, Some(info)),
            102 => {
                let null = data.stats.as_ref().map_or(0.0, |s| s.null_fraction);
                1.0 - self.equal_selectivity(&data, constant, Some(info)) - null
            }
            103 | 336 => self.inequality(&data, constant, on_left, info.restriction.0 == 336, info)?,
            104 | 337 => self.inequality(&data, constant, !on_left, info.restriction.0 == 337, info)?,
            1818..=1822 | 1814..=1817 | 3437 => self.pattern_selectivity(&data, constant, info),
            5040 => DEFAULT_MATCHING_SEL,
            3560 => clamp(self.network_selectivity(op.operator, &data, constant, on_left)),
            0 => 0.5,
            _ => DEFAULT_MATCH_SEL,
        })
    }

    fn equal_selectivity(&self, data: &VarData, constant: Option<&Datum>, info: Option<&OperatorInfo>) -> f64 {
        match constant {
            Some(value) => self.var_eq_const(data, value, info),
            None => self.var_eq_other(data),
        }
    }

    fn compare_of(&self, data: &VarData) -> Option<Comparator> {
        self.lookup.comparator(data.type_oid, data.collation).ok().flatten()
    }

    fn var_eq_const(&self, data: &VarData, value: &Datum, _info: Option<&OperatorInfo>) -> f64 {
        if data.unique && data.tuples >= 1.0 {
            return 1.0 / data.tuples;
        }
        let Some(stats) = &data.stats else { return clamp(1.0 / self.distinct_of(data).0) };
        if let Some(comparator) = self.compare_of(data) {
            for (common, frequency) in stats.common_values.iter().zip(&stats.common_frequencies) {
                if same_kind(common, value) && comparator.compare(common, value) == Ordering::Equal {
                    return *frequency;
                }
            }
        }
        let common: f64 = stats.common_frequencies.iter().sum();
        let mut rest = clamp(1.0 - common - stats.null_fraction);
        let others = self.distinct_of(data).0 - stats.common_values.len() as f64;
        if others > 1.0 {
            rest /= others;
        }
        match stats.common_frequencies.last() {
            Some(least) => rest.min(*least),
            None => rest,
        }
    }

    fn var_eq_other(&self, data: &VarData) -> f64 {
        if data.unique && data.tuples >= 1.0 {
            return 1.0 / data.tuples;
        }
        let distinct = self.distinct_of(data).0;
        let Some(stats) = &data.stats else { return clamp(1.0 / distinct) };
        let mut selectivity = 1.0 - stats.null_fraction;
        if distinct > 1.0 {
            selectivity /= distinct;
        }
        match stats.common_frequencies.first() {
            Some(most) => selectivity.min(*most),
            None => selectivity,
        }
    }

    /// Part with the column less than (or greater than) a value.
    fn inequality(
        &self,
        data: &VarData,
        constant: Option<&Datum>,
        less: bool,
        or_equal: bool,
        info: &OperatorInfo,
    ) -> Result<f64> {
        let Some(value) = constant else { return Ok(DEFAULT_INEQ_SEL) };
        let Some(stats) = &data.stats else { return Ok(DEFAULT_INEQ_SEL) };
        let Some(comparator) = self.compare_of(data) else { return Ok(DEFAULT_INEQ_SEL) };
        let Some(value) = self.converted(value, data, info) else { return Ok(DEFAULT_INEQ_SEL) };
        let holds = |v: &Datum| match comparator.compare(v, &value) {
            Ordering::Less => less,
            Ordering::Greater => !less,
            Ordering::Equal => or_equal,
        };
        let common: f64 = stats.common_frequencies.iter().sum();
        let hit: f64 =
            stats.common_values.iter().zip(&stats.common_frequencies).filter(|(v, _)| holds(v)).map(|(_, f)| f).sum();
        let part = histogram_part(&stats.histogram, &value, &comparator, less, or_equal, self.distinct_of(data).0);
        let rest = 1.0 - stats.null_fraction - common;
        Ok(match part {
            Some(part) => rest * part + hit,
            None => rest * 0.5 + hit,
        })
    }

    /// The constant as a value that compares with the column's statistics: cross-type integers are widened.
    fn converted(&self, value: &Datum, data: &VarData, _info: &OperatorInfo) -> Option<Datum> {
        let sample = data.stats.as_ref().and_then(|s| s.histogram.first().or(s.common_values.first()))?;
        if same_kind(sample, value) {
            return Some(value.clone());
        }
        let number = match value {
            Datum::Int2(v) => i64::from(*v),
            Datum::Int4(v) => i64::from(*v),
            Datum::Int8(v) => *v,
            _ => return None,
        };
        match sample {
            Datum::Int2(_) => Some(Datum::Int2(number.clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16)),
            Datum::Int4(_) => Some(Datum::Int4(number.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)),
            Datum::Int8(_) => Some(Datum::Int8(number)),
            _ => None,
        }
    }

    /// LIKE and regular expressions: a fixed prefix is a range, the rest costs a factor for each character.
    fn pattern_selectivity(&self, data: &VarData, constant: Option<&Datum>, info: &OperatorInfo) -> f64 {
        let negated = matches!(info.restriction.0, 1814 | 1815 | 1817 | 1821 | 1822 | 3438);
        let Some(Datum::Bytes(pattern)) = constant else {
            return if negated { 1.0 - DEFAULT_MATCH_SEL } else { DEFAULT_MATCH_SEL };
        };
        let is_like = matches!(info.restriction.0, 1819..=1822);
        let (prefix, rest) = if is_like { like_parts(pattern) } else { regex_parts(pattern) };
        let selectivity = match (&prefix, rest) {
            (prefix, None) => self.equal_selectivity(data, Some(&Datum::bytes(prefix)), Some(info)),
            (prefix, Some(rest)) => {
                let start = if prefix.is_empty() { 1.0 } else { self.prefix_selectivity(data, prefix) };
                (start * rest).clamp(0.0001, 0.9999)
            }
        };
        let null = data.stats.as_ref().map_or(0.0, |s| s.null_fraction);
        if negated { clamp(1.0 - selectivity - null) } else { selectivity }
    }

    fn prefix_selectivity(&self, data: &VarData, prefix: &[u8]) -> f64 {
        let fallback = || 0.2f64.powi(prefix.len().min(3) as i32).max(DEFAULT_MATCH_SEL);
        let Some(stats) = &data.stats else { return fallback() };
        let all: Vec<&Datum> = stats.histogram.iter().collect();
        if all.len() < 10 && stats.common_values.is_empty() {
            return fallback();
        }
        let starts = |d: &Datum| matches!(d, Datum::Bytes(b) if b.starts_with(prefix));
        let common: f64 = stats.common_frequencies.iter().sum();
        let hit: f64 =
            stats.common_values.iter().zip(&stats.common_frequencies).filter(|(v, _)| starts(v)).map(|(_, f)| f).sum();
        let part =
            if all.is_empty() { 0.0 } else { all.iter().filter(|d| starts(d)).count() as f64 / all.len() as f64 };
        let part = part.max(if all.is_empty() { 0.0 } else { 0.5 / all.len() as f64 });
        part * (1.0 - common - stats.null_fraction) + hit
    }

    fn array_selectivity(
        &self,
        root: &Root,
        node: &ScalarArrayOpExpr,
        varno: i32,
        between: Between<'_>,
    ) -> Result<f64> {
        let info = self.lookup.operator(node.operator)?;
        let elements: Vec<Expr> = match &node.args[1] {
            Expr::Const(c) if c.value.is_null() => return Ok(0.0),
            Expr::Const(c) => {
                let element = self.lookup.array_element(c.type_oid)?;
                let values = self.lookup.array_values(&c.value)?;
                values
                    .into_iter()
                    .map(|v| {
                        analyze::expr::Const { collation: c.collation, ..analyze::expr::Const::new(element, v) }.into()
                    })
                    .collect()
            }
            Expr::ArrayExpr(array) if !array.multidims => array.elements.clone(),
            other => {
                // As if it had ten elements of unknown value.
                let probe = analyze::expr::Param {
                    kind: analyze::expr::ParamKind::Exec,
                    id: -1,
                    type_oid: self.lookup.array_element(other.type_of())?,
                    typmod: -1,
                    collation: other.collation_of(),
                    location: analyze::expr::Location::UNKNOWN,
                };
                vec![probe.into(); 10]
            }
        };
        let (is_equal, is_unequal) = (info.restriction.0 == 101, info.restriction.0 == 102);
        let mut disjoint = if node.use_or { 0.0 } else { 1.0 };
        let mut result: f64 = if node.use_or { 0.0 } else { 1.0 };
        for element in elements {
            let op = OpExpr {
                operator: node.operator,
                function: node.function,
                result_type: Oid(16),
                returns_set: false,
                collation: Oid::INVALID,
                input_collation: node.input_collation,
                args: vec![node.args[0].clone(), element],
                location: analyze::expr::Location::UNKNOWN,
            };
            let s = self.operator_selectivity(root, &op, varno, between)?;
            if node.use_or {
                result = result + s - result * s;
                disjoint += s;
            } else {
                result *= s;
                disjoint += s - 1.0;
            }
        }
        let use_disjoint = (if node.use_or { is_equal } else { is_unequal }) && (0.0..=1.0).contains(&disjoint);
        Ok(if use_disjoint { disjoint } else { result })
    }

    fn join_operator_selectivity(
        &self,
        root: &Root,
        op: &OpExpr,
        info: &OperatorInfo,
        between: Between<'_>,
    ) -> Result<f64> {
        match info.join.0 {
            105 => self.equal_join_selectivity(root, op, info, between),
            106 => {
                if matches!(between.join_type(), JoinType::Semi | JoinType::Anti) {
                    let left = self.examine(root, &op.args[0], 0)?;
                    return Ok(1.0 - left.stats.map_or(0.0, |s| s.null_fraction));
                }
                Ok(1.0 - self.equal_join_selectivity(root, op, info, between)?)
            }
            107 | 108 | 386 | 398 => Ok(DEFAULT_INEQ_SEL),
            5041 => Ok(DEFAULT_MATCHING_SEL),
            3561 => self.network_join_selectivity(root, op, between).map(clamp),
            0 => Ok(0.5),
            _ => Ok(DEFAULT_MATCH_SEL),
        }
    }

    fn equal_join_selectivity(
        &self,
        root: &Root,
        op: &OpExpr,
        _info: &OperatorInfo,
        between: Between<'_>,
    ) -> Result<f64> {
        let (mut a, mut b) = (self.examine(root, &op.args[0], 0)?, self.examine(root, &op.args[1], 0)?);
        let special = match between {
            Between::Join(special) => special,
            Between::Filter => return Ok(self.equal_join_inner(&a, &b)),
        };
        let inner = self.equal_join_inner(&a, &b);
        if !matches!(special.join_type, JoinType::Semi | JoinType::Anti) {
            return Ok(inner);
        }
        // The left side of a semi join is what is counted.
        if tree::varnos(&op.args[0]).is_subset(special.syn_right)
            && tree::varnos(&op.args[1]).is_subset(special.syn_left)
        {
            std::mem::swap(&mut a, &mut b);
        }
        let rows = root.find_rel(special.min_right).map_or(b.rows, |at| root.rels[at].rows);
        let semi = self.equal_join_semi(&a, &b, rows);
        Ok(semi.min(rows * inner).max(if rows * inner > 0.0 { 0.0 } else { semi }))
    }

    fn equal_join_inner(&self, a: &VarData, b: &VarData) -> f64 {
        let (distinct_a, _) = self.distinct_of(a);
        let (distinct_b, _) = self.distinct_of(b);
        if let (Some(sa), Some(sb)) = (&a.stats, &b.stats)
            && !sa.common_values.is_empty()
            && !sb.common_values.is_empty()
            && let Some(comparator) = self.compare_of(a)
            && same_kind(&sa.common_values[0], &sb.common_values[0])
        {
            return common_join(sa, sb, distinct_a, distinct_b, &comparator);
        }
        let null = |d: &VarData| d.stats.as_ref().map_or(0.0, |s| s.null_fraction);
        (1.0 - null(a)) * (1.0 - null(b)) / distinct_a.max(distinct_b).max(1.0)
    }

    fn equal_join_semi(&self, a: &VarData, b: &VarData, right_rows: f64) -> f64 {
        let (distinct_a, default_a) = self.distinct_of(a);
        let (mut distinct_b, default_b) = self.distinct_of(b);
        if distinct_b >= b.rows {
            distinct_b = b.rows;
        }
        if distinct_b >= right_rows {
            distinct_b = right_rows;
        }
        let null = a.stats.as_ref().map_or(0.0, |s| s.null_fraction);
        if default_a || default_b {
            return 0.5 * (1.0 - null);
        }
        if distinct_a <= distinct_b || distinct_b < 0.0 { 1.0 - null } else { distinct_b / distinct_a * (1.0 - null) }
    }

    /// Number of distinct values, and whether that is a mere default.
    fn distinct_of(&self, data: &VarData) -> (f64, bool) {
        let mut distinct = 0.0;
        let mut null = 0.0;
        let mut known = false;
        if let Some(stats) = &data.stats {
            distinct = stats.distinct;
            null = stats.null_fraction;
            known = true;
        } else if data.type_oid == Oid(16) {
            distinct = 2.0;
        } else if let Some(var) = &data.var
            && var.attno < 0
        {
            distinct = if matches!(var.attno, -1) {
                -1.0
            } else if var.attno == -6 {
                1.0
            } else {
                0.0
            };
        }
        if data.unique {
            distinct = -(1.0 - null);
        }
        if distinct > 0.0 {
            return (distinct.round().max(1.0), false);
        }
        if data.tuples <= 0.0 {
            return (DEFAULT_NUM_DISTINCT, true);
        }
        if distinct < 0.0 {
            return ((-distinct * data.tuples).round().max(1.0), false);
        }
        let _ = known;
        if data.tuples < DEFAULT_NUM_DISTINCT {
            return (data.tuples.round().max(1.0), false);
        }
        (DEFAULT_NUM_DISTINCT, true)
    }

    /// One side a column (or an expression of one relation), the other a value: which, and whether it is on the left.
    fn split(&self, root: &Root, op: &OpExpr, varno: i32) -> Result<Option<(VarData, Expr, bool)>> {
        let rels = |e: &Expr| {
            let set = tree::varnos(e);
            if varno == 0 { set } else { set.intersection(Relids::single(varno)) }
        };
        let (left, right) = (rels(&op.args[0]), rels(&op.args[1]));
        let (at, on_left) = match (left.is_empty(), right.is_empty()) {
            (false, true) => (0, true),
            (true, false) => (1, false),
            _ => return Ok(None),
        };
        let data = self.examine(root, &op.args[at], varno)?;
        let mut other = op.args[1 - at].clone();
        Simplifier { lookup: self.lookup, params: self.params, estimate: true }.simplify(&mut other).ok();
        Ok(Some((data, other, on_left)))
    }

    /// Statistics of an expression.
    pub fn examine(&self, root: &Root, expr: &Expr, varno: i32) -> Result<VarData> {
        let mut inner = expr;
        while let Expr::RelabelType(node) = inner {
            inner = &node.arg;
        }
        let mut data = VarData {
            stats: None,
            unique: false,
            tuples: 0.0,
            rows: 0.0,
            var: None,
            type_oid: inner.type_of(),
            collation: expr.collation_of(),
        };
        let rels = tree::varnos(inner);
        let rti = match inner {
            Expr::Var(var) if var.levels_up == 0 => var.varno,
            _ => rels.singleton().unwrap_or(varno),
        };
        if let Some(rel) = (rti > 0).then(|| root.base_rel(rti)).flatten() {
            data.rows = rel.rows;
            data.tuples = rel.base.as_ref().map_or(rel.rows, |base| base.tuples);
        }
        match inner {
            Expr::Var(var) if var.levels_up == 0 && var.varno > 0 => {
                data.var = Some(var.clone());
                self.examine_var(root, var, &mut data)?;
            }
            _ => self.examine_expression(root, inner, rti, &mut data)?,
        }
        Ok(data)
    }

    fn examine_var(&self, root: &Root, var: &Var, data: &mut VarData) -> Result<()> {
        if var.varno as usize > root.query.rtable.len() {
            return Ok(());
        }
        match &root.query.rte(var.varno).kind {
            RteKind::Relation(relation) => {
                data.stats = if var.attno > 0 { self.lookup.column_stats(relation.relid, var.attno)? } else { None };
                data.unique = self.is_unique(root, var.varno, &var.clone().into());
            }
            RteKind::Subquery(_) => {
                let base = root.base_rel(var.varno).and_then(|rel| rel.base.as_ref());
                let Some(sub) = base.and_then(|base| base.subquery.as_ref()) else { return Ok(()) };
                let Some(info) = self.subroots.get(sub.subroot) else { return Ok(()) };
                let target = info.targets.iter().find(|t| t.resno == var.attno);
                // The statistics of the column that the sub-query passes through, if it is one of a table.
                if let Some(Expr::Var(inner)) = target.map(|t| &t.expr)
                    && inner.levels_up == 0
                    && inner.varno > 0
                    && let Some(rte) = info.query.rtable.get(inner.varno as usize - 1)
                    && let RteKind::Relation(relation) = &rte.kind
                    && inner.attno > 0
                {
                    data.stats = self.lookup.column_stats(relation.relid, inner.attno)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn examine_expression(&self, root: &Root, expr: &Expr, rti: i32, data: &mut VarData) -> Result<()> {
        let Some(base) = (rti > 0).then(|| root.base_rel(rti)).flatten().and_then(|rel| rel.base.as_ref()) else {
            return Ok(());
        };
        for index in &base.indexes {
            for (place, column) in index.columns.iter().enumerate() {
                if index.info.columns[place].attno == 0 && column == expr {
                    data.unique |= index.info.unique && index.info.key_columns == 1 && index.predicate_ok;
                    data.stats = self.lookup.column_stats(index.info.oid, place as i16 + 1)?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn is_unique(&self, root: &Root, rti: i32, expr: &Expr) -> bool {
        root.base_rel(rti).and_then(|rel| rel.base.as_ref()).is_some_and(|base| {
            base.indexes.iter().any(|index| {
                index.info.unique
                    && index.info.key_columns == 1
                    && (index.predicate.is_empty() || index.predicate_ok)
                    && same_column(&index.columns[0], expr)
            })
        })
    }

    /// Number of distinct values of an expression over its relation.
    pub fn distinct_values(&self, root: &Root, expr: &Expr) -> Result<f64> {
        let data = self.examine(root, expr, 0)?;
        Ok(self.distinct_of(&data).0)
    }

    /// Part of the values of a hash key that share a bucket at worst, for a given number of buckets.
    pub fn bucket_fraction(&self, root: &Root, expr: &Expr, buckets: f64) -> Result<(f64, f64)> {
        let data = self.examine(root, expr, 0)?;
        let most = data.stats.as_ref().and_then(|s| s.common_frequencies.first().copied()).unwrap_or(0.0);
        let (mut distinct, default) = self.distinct_of(&data);
        if default {
            return Ok((most, most.max(0.1)));
        }
        let null = data.stats.as_ref().map_or(0.0, |s| s.null_fraction);
        let average = (1.0 - null) / distinct;
        if data.tuples > 0.0 {
            distinct = (distinct * data.rows / data.tuples).round().max(1.0);
        }
        let mut estimate = if distinct > buckets { 1.0 / buckets } else { 1.0 / distinct };
        if average > 0.0 && most > average {
            estimate *= most / average;
        }
        Ok((most, estimate.clamp(1.0e-6, 1.0)))
    }

    /// Which part of each side of an equality a merge reads before the other side's values end.
    pub fn merge_ends(&self, root: &Root, outer: &Expr, inner: &Expr) -> Result<(f64, f64)> {
        let (a, b) = (self.examine(root, outer, 0)?, self.examine(root, inner, 0)?);
        let (Some(sa), Some(sb)) = (&a.stats, &b.stats) else { return Ok((1.0, 1.0)) };
        let (Some(last_a), Some(last_b)) = (sa.histogram.last(), sb.histogram.last()) else { return Ok((1.0, 1.0)) };
        let Some(comparator) = self.compare_of(&a) else { return Ok((1.0, 1.0)) };
        if !same_kind(last_a, last_b) {
            return Ok((1.0, 1.0));
        }
        let end_a = histogram_part(&sa.histogram, last_b, &comparator, true, true, 0.0).unwrap_or(1.0);
        let end_b = histogram_part(&sb.histogram, last_a, &comparator, true, true, 0.0).unwrap_or(1.0);
        // Only one side ends early.
        Ok(if end_a < end_b {
            (end_a, 1.0)
        } else if end_b < end_a {
            (1.0, end_b)
        } else {
            (1.0, 1.0)
        })
    }

    /// Number of groups by some expressions among so many rows.
    pub fn group_count(&self, root: &Root, exprs: &[Expr], rows: f64) -> Result<f64> {
        let rows = rows.max(1.0);
        if exprs.is_empty() {
            return Ok(1.0);
        }
        let mut vars: Vec<Expr> = Vec::new();
        let mut distinct = 1.0;
        for expr in exprs {
            if expr.type_of() == Oid(16) {
                distinct *= 2.0;
                continue;
            }
            let data = self.examine(root, expr, 0)?;
            if data.stats.is_some() || data.unique || matches!(expr, Expr::Var(_)) {
                if !vars.contains(expr) {
                    vars.push(expr.clone());
                }
                continue;
            }
            if tree::is_volatile(expr, b'v', self.lookup) {
                return Ok(rows);
            }
            tree::for_each_var(expr, &mut |var| {
                let var: Expr = var.clone().into();
                if !vars.contains(&var) {
                    vars.push(var);
                }
            });
        }
        while let Some(first) = vars.first() {
            let rel = tree::varnos(first);
            let (here, rest): (Vec<Expr>, Vec<Expr>) = vars.drain(..).partition(|v| tree::varnos(v) == rel);
            vars = rest;
            distinct *= self.groups_of_relation(root, &here, rel)?;
        }
        Ok(distinct.ceil().clamp(1.0, rows))
    }

    fn groups_of_relation(&self, root: &Root, vars: &[Expr], rel: Relids) -> Result<f64> {
        let (mut product, mut most): (f64, f64) = (1.0, 1.0);
        for var in vars {
            let distinct = self.distinct_values(root, var)?;
            product *= distinct;
            most = most.max(distinct);
        }
        let Some(info) = rel.singleton().and_then(|rti| root.base_rel(rti)) else { return Ok(product) };
        let tuples = info.base.as_ref().map_or(info.rows, |b| b.tuples);
        if tuples > 0.0 {
            let mut limit = tuples;
            if vars.len() > 1 {
                limit *= 0.1;
                if limit < most {
                    limit = most.min(tuples);
                }
            }
            product = product.min(limit);
            if info.rows < tuples {
                product *= 1.0 - ((tuples - info.rows) / tuples).powf(tuples / product);
            }
        }
        Ok(product.round().max(1.0))
    }
}

struct Range {
    var: Expr,
    low: Option<f64>,
    high: Option<f64>,
}

/// True if two expressions are the same column, whatever binary-compatible type it is taken as.
pub fn same_column(a: &Expr, b: &Expr) -> bool {
    match (a, b) {
        (Expr::Var(a), Expr::Var(b)) => a.varno == b.varno && a.attno == b.attno && a.levels_up == b.levels_up,
        _ => a == b,
    }
}

fn same_kind(a: &Datum, b: &Datum) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Part of the histogram's values on the wanted side of a value.
fn histogram_part(
    bounds: &[Datum],
    value: &Datum,
    comparator: &Comparator,
    less: bool,
    or_equal: bool,
    distinct: f64,
) -> Option<f64> {
    if bounds.len() < 2 {
        return None;
    }
    let bins = (bounds.len() - 1) as f64;
    // The first bound that is not below the value.
    let at = bounds.partition_point(|b| comparator.compare(b, value) == Ordering::Less);
    let mut part = if at == 0 {
        0.0
    } else if at == bounds.len() {
        1.0
    } else {
        let within = interpolate(&bounds[at - 1], &bounds[at], value);
        (at as f64 - 1.0 + within) / bins
    };
    // `<` and `<=` differ by the value's own share.
    if less == or_equal && distinct > 1.0 && at > 0 && at < bounds.len() {
        part = (part + if less { 1.0 / distinct } else { 0.0 }).min(1.0);
    }
    let part = if less { part } else { 1.0 - part };
    let cutoff = 0.01 / bins;
    Some(part.clamp(cutoff, 1.0 - cutoff))
}

fn interpolate(low: &Datum, high: &Datum, value: &Datum) -> f64 {
    let (Some(l), Some(h), Some(v)) = (scalar(low), scalar(high), scalar(value)) else { return 0.5 };
    if h <= l { 0.5 } else { clamp((v - l) / (h - l)) }
}

fn scalar(datum: &Datum) -> Option<f64> {
    match datum {
        Datum::Int2(v) => Some(f64::from(*v)),
        Datum::Int4(v) => Some(f64::from(*v)),
        Datum::Int8(v) => Some(*v as f64),
        Datum::Float4(v) => Some(f64::from(*v)),
        Datum::Float8(v) => Some(*v),
        Datum::Oid(v) => Some(f64::from(v.0)),
        Datum::Bool(v) => Some(f64::from(u8::from(*v))),
        Datum::Bytes(v) => Some(
            v.iter()
                .take(12)
                .fold((0.0, 1.0), |(sum, unit), b| {
                    let unit = unit / 256.0;
                    (sum + f64::from(*b) * unit, unit)
                })
                .0,
        ),
        _ => None,
    }
}

fn common_join(a: &ColumnStats, b: &ColumnStats, distinct_a: f64, distinct_b: f64, comparator: &Comparator) -> f64 {
    let mut matched_b = vec![false; b.common_values.len()];
    let (mut product, mut hit_a, mut hit_b) = (0.0, 0.0, 0.0);
    let mut matches = 0;
    let mut miss_a = 0.0;
    for (value, frequency) in a.common_values.iter().zip(&a.common_frequencies) {
        let found = (0..b.common_values.len())
            .find(|&i| !matched_b[i] && comparator.compare(value, &b.common_values[i]) == Ordering::Equal);
        match found {
            Some(i) => {
                matched_b[i] = true;
                product += frequency * b.common_frequencies[i];
                hit_a += frequency;
                hit_b += b.common_frequencies[i];
                matches += 1;
            }
            None => miss_a += frequency,
        }
    }
    let miss_b: f64 = (0..matched_b.len()).filter(|&i| !matched_b[i]).map(|i| b.common_frequencies[i]).sum();
    let other_a = clamp(1.0 - a.null_fraction - hit_a - miss_a);
    let other_b = clamp(1.0 - b.null_fraction - hit_b - miss_b);
    let (count_a, count_b) = (a.common_values.len() as f64, b.common_values.len() as f64);
    let mut total_a = product;
    if distinct_b > count_b {
        total_a += miss_a * other_b / (distinct_b - count_b);
    }
    if distinct_b > f64::from(matches) {
        total_a += other_a * (other_b + miss_b) / (distinct_b - f64::from(matches));
    }
    let mut total_b = product;
    if distinct_a > count_a {
        total_b += miss_b * other_a / (distinct_a - count_a);
    }
    if distinct_a > f64::from(matches) {
        total_b += other_b * (other_a + miss_a) / (distinct_a - f64::from(matches));
    }
    clamp(total_a.min(total_b))
}

/// The fixed start of a LIKE pattern, and the selectivity of what follows; `None` if nothing is variable.
pub fn like_parts(pattern: &[u8]) -> (Vec<u8>, Option<f64>) {
    let mut prefix = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        match pattern[at] {
            b'%' | b'_' => break,
            b'\\' if at + 1 < pattern.len() => {
                at += 1;
                prefix.push(pattern[at]);
            }
            c => prefix.push(c),
        }
        at += 1;
    }
    if at == pattern.len() {
        return (prefix, None);
    }
    let mut rest: f64 = 1.0;
    let mut tail = pattern[at..].iter();
    // Leading wildcards do not add to what the prefix says.
    let mut leading = true;
    while let Some(c) = tail.next() {
        match c {
            b'%' => rest = if leading { rest } else { (rest * 5.0).min(1.0) },
            b'_' => rest *= 0.9,
            b'\\' => {
                tail.next();
                leading = false;
                rest *= 0.2;
            }
            _ => {
                leading = false;
                rest *= 0.2;
            }
        }
    }
    (prefix, Some(rest.min(1.0)))
}

/// The same of a regular expression: only `^` followed by plain characters fixes a start.
pub fn regex_parts(pattern: &[u8]) -> (Vec<u8>, Option<f64>) {
    let special = |c: u8| b"\\.[](){}*+?|^$".contains(&c);
    let Some(body) = pattern.strip_prefix(b"^") else { return (Vec::new(), Some(regex_rest(pattern))) };
    // psql's patterns have the form ^(name)$.
    let (body, exact) = match body.strip_prefix(b"(").and_then(|b| b.strip_suffix(b")$")) {
        Some(inner) if !inner.iter().any(|c| special(*c)) => (inner, true),
        _ => (body, false),
    };
    if exact {
        return (body.to_vec(), None);
    }
    if body.contains(&b'|') {
        return (Vec::new(), Some(regex_rest(body)));
    }
    let end = body.iter().position(|c| special(*c)).unwrap_or(body.len());
    let rest = &body[end..];
    if rest == b"$" {
        return (body[..end].to_vec(), None);
    }
    // A quantifier makes the character before it variable.
    let end = if rest.first().is_some_and(|c| b"*+?{".contains(c)) { end.saturating_sub(1) } else { end };
    (body[..end].to_vec(), Some(regex_rest(rest)))
}

fn regex_rest(rest: &[u8]) -> f64 {
    let literal = rest.iter().filter(|c| c.is_ascii_alphanumeric()).count().min(20);
    let mut s = 0.2f64.powi(literal as i32);
    if !rest.ends_with(b"$") {
        s *= 5.0;
    }
    s.clamp(0.0, 1.0)
}
