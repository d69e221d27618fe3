//! Constant folding and simplification of conditions, as PostgreSQL's `eval_const_expressions`.

use crate::lookup::{ConstantCall, Lookup};
use crate::tree;
use analyze::expr::{
    BoolExpr, BoolExprType, BoolTestType, Const, Expr, FuncExpr, Location, NullTest, OpExpr, ParamKind, RelabelType,
};
use analyze::query::Query;
use analyze::walk::Mutator;
use base::Oid;
use report::Result;
use tuple::Datum;

/// Folds constants in expressions.
pub struct Simplifier<'a> {
    /// The catalogs.
    pub lookup: &'a dyn Lookup,
    /// Values of the client's parameters, if the plan is for these values only.
    pub params: Option<&'a [Datum]>,
    /// Stable functions are called too: for estimates only.
    pub estimate: bool,
}

const BOOL: Oid = Oid(16);

impl Mutator for Simplifier<'_> {
    fn expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::CaseExpr(_) => return self.case(expr),
            Expr::CoalesceExpr(_) => return self.coalesce(expr),
            Expr::BoolExpr(_) => return self.boolean(expr),
            _ => {}
        }
        self.children(expr)?;
        if let Some(new) = self.folded(expr)? {
            *expr = new;
        }
        Ok(())
    }

    // A sub-select is simplified when it is planned.
    fn query(&mut self, _: &mut Query) -> Result<()> {
        Ok(())
    }
}

fn constant(expr: &Expr) -> Option<&Const> {
    match expr {
        Expr::Const(node) => Some(node),
        _ => None,
    }
}

fn is_constant(expr: &Expr) -> bool {
    constant(expr).is_some()
}

fn is_const_bool(expr: &Expr, value: bool) -> bool {
    matches!(expr, Expr::Const(c) if matches!(c.value, Datum::Bool(b) if b == value))
}

fn is_const_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Const(c) if c.value.is_null())
}

fn null_bool() -> Expr {
    Const::null(BOOL, -1, Oid::INVALID).into()
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null_bool())
}

impl Simplifier<'_> {
    /// Simplifies an expression.
    pub fn simplify(&mut self, expr: &mut Expr) -> Result<()> {
        self.expr(expr)
    }

    /// What an expression whose parts are simplified comes down to, if anything simpler.
    fn folded(&mut self, expr: &mut Expr) -> Result<Option<Expr>> {
        match expr {
            Expr::Param(param) if param.kind == ParamKind::Extern => {
                let value = self.params.and_then(|values| values.get(param.id as usize - 1));
                Ok(value.map(|value| {
                    Const {
                        type_oid: param.type_oid,
                        typmod: param.typmod,
                        collation: param.collation,
                        value: value.clone(),
                        location: param.location,
                    }
                    .into()
                }))
            }
            Expr::FuncExpr(node) => {
                order_named_args(node);
                if node.returns_set {
                    return Ok(None);
                }
                self.call(
                    node.function,
                    &node.args,
                    node.result_type,
                    node.collation,
                    node.input_collation,
                    node.variadic,
                )
            }
            Expr::OpExpr(node) => self.operator(node),
            Expr::DistinctExpr(node) => self.distinct(node),
            Expr::NullIfExpr(node) => self.null_if(node),
            Expr::RelabelType(node) => Ok(relabel(node)),
            Expr::CollateExpr(node) => {
                if node.arg.collation_of() == node.collation {
                    return Ok(Some(take(&mut node.arg)));
                }
                let mut new = RelabelType {
                    result_type: node.arg.type_of(),
                    typmod: node.arg.typmod_of(),
                    collation: node.collation,
                    format: analyze::expr::Cosmetic(analyze::expr::CoercionForm::ImplicitCast),
                    location: node.location,
                    arg: take(&mut node.arg),
                };
                Ok(Some(relabel(&mut new).unwrap_or_else(|| new.into())))
            }
            Expr::NullTest(node) => Ok(null_test(node)),
            Expr::BooleanTest(node) => {
                Ok(constant(&node.arg).map(|c| Const::bool(bool_test(node.test, &c.value)).into()))
            }
            Expr::ArrayExpr(node) if !node.multidims => {
                let values: Option<Vec<Datum>> =
                    node.elements.iter().map(|e| constant(e).map(|c| c.value.clone())).collect();
                let Some(values) = values else { return Ok(None) };
                let Some(value) = self.lookup.make_array(node.element_type, &values)? else { return Ok(None) };
                let folded = Const { collation: node.collation, ..Const::new(node.array_type, value) };
                Ok(Some(folded.into()))
            }
            Expr::FieldSelect(node) => match &mut node.arg {
                Expr::RowExpr(row) if (1..=row.args.len()).contains(&(node.field as usize)) => {
                    let field = &mut row.args[node.field as usize - 1];
                    let same = field.type_of() == node.result_type && field.typmod_of() == node.typmod;
                    Ok(same.then(|| take(field)))
                }
                _ => Ok(None),
            },
            Expr::ScalarArrayOpExpr(node) if is_const_null(&node.args[1]) => Ok(Some(null_bool())),
            expr if self.is_computed_now(expr)? => Ok(Some(self.computed(expr)?)),
            _ => Ok(None),
        }
    }

    /// Whether it has constant parts and is one of those kinds of expression, other than calls, that are computed while planning
    /// if they give the same value at any time.
    fn is_computed_now(&self, expr: &Expr) -> Result<bool> {
        let volatility = match expr {
            Expr::ArrayExpr(node) if node.elements.iter().all(is_constant) => b'i',
            Expr::MinMaxExpr(node) if node.args.iter().all(is_constant) => b'i',
            Expr::SubscriptingRef(node) => {
                let subscripts = node.upper.iter().chain(&node.lower).flatten();
                let all = subscripts.chain(&node.assign).all(is_constant) && is_constant(&node.container);
                return Ok(all);
            }
            Expr::ScalarArrayOpExpr(node) if node.args.iter().all(is_constant) => {
                self.lookup.function(node.function)?.volatility
            }
            Expr::CoerceViaIo(node) if is_constant(&node.arg) => {
                self.lookup.conversion_volatility(node.arg.type_of(), node.result_type)?
            }
            // A domain's constraints are looked at when the statement runs.
            Expr::ArrayCoerceExpr(node) if matches!(node.element, Expr::CoerceToDomain(_)) => b'v',
            Expr::ArrayCoerceExpr(node) if is_constant(&node.arg) => {
                match tree::is_volatile(&node.element, if self.estimate { b'v' } else { b's' }, self.lookup) {
                    true => b'v',
                    false => b'i',
                }
            }
            _ => return Ok(false),
        };
        Ok(volatility == b'i' || (self.estimate && volatility == b's'))
    }

    fn computed(&self, expr: &Expr) -> Result<Expr> {
        let (type_oid, typmod, collation) = (expr.type_of(), expr.typmod_of(), expr.collation_of());
        let value = self.lookup.evaluate(expr)?;
        Ok(Const { typmod, collation, ..Const::new(type_oid, value) }.into())
    }

    /// Calls a function of constants, if that is allowed now.
    fn call(
        &self,
        function: Oid,
        args: &[Expr],
        result_type: Oid,
        collation: Oid,
        input_collation: Oid,
        variadic: bool,
    ) -> Result<Option<Expr>> {
        if !args.iter().any(is_const_null) && !args.iter().all(|arg| constant(arg).is_some()) {
            return Ok(None);
        }
        let info = self.lookup.function(function)?;
        let null = Const::null(result_type, -1, collation);
        if info.strict && args.iter().any(is_const_null) {
            return Ok(Some(null.into()));
        }
        let allowed = info.volatility == b'i' || (self.estimate && info.volatility == b's');
        // Results of type record have columns that only a call knows; they are left to the executor.
        if !allowed || !info.foldable || result_type == Oid(2249) {
            return Ok(None);
        }
        let Some(consts) = args.iter().map(constant).collect::<Option<Vec<_>>>() else { return Ok(None) };
        let values: Vec<Datum> = consts.iter().map(|c| c.value.clone()).collect();
        let types: Vec<Oid> = consts.iter().map(|c| c.type_oid).collect();
        let call = ConstantCall {
            function,
            args: &values,
            arg_types: &types,
            result_type,
            collation: input_collation,
            variadic,
        };
        let value = self.lookup.call(&call)?;
        Ok(Some(Const { value, ..null }.into()))
    }

    fn operator(&self, node: &mut OpExpr) -> Result<Option<Expr>> {
        if node.returns_set {
            return Ok(None);
        }
        let folded =
            self.call(node.function, &node.args, node.result_type, node.collation, node.input_collation, false)?;
        if folded.is_some() {
            return Ok(folded);
        }
        Ok(boolean_equality(node))
    }

    fn distinct(&self, node: &mut OpExpr) -> Result<Option<Expr>> {
        match (is_const_null(&node.args[0]), is_const_null(&node.args[1])) {
            (true, true) => return Ok(Some(Const::bool(false).into())),
            (true, false) if constant(&node.args[1]).is_some() => return Ok(Some(Const::bool(true).into())),
            (false, true) if constant(&node.args[0]).is_some() => return Ok(Some(Const::bool(true).into())),
            (false, false) => {}
            _ => return Ok(None),
        }
        let equal = self.call(node.function, &node.args, BOOL, Oid::INVALID, node.input_collation, false)?;
        Ok(equal.and_then(|e| constant(&e).map(|c| Const::bool(!c.value.is_true()).into())))
    }

    fn null_if(&self, node: &mut OpExpr) -> Result<Option<Expr>> {
        if is_const_null(&node.args[0]) || is_const_null(&node.args[1]) {
            return Ok(Some(take(&mut node.args[0])));
        }
        let equal = self.call(node.function, &node.args, BOOL, Oid::INVALID, node.input_collation, false)?;
        Ok(equal.map(|e| match is_const_bool(&e, true) {
            true => Const::null(node.result_type, -1, node.collation).into(),
            false => take(&mut node.args[0]),
        }))
    }

    fn coalesce(&mut self, expr: &mut Expr) -> Result<()> {
        let Expr::CoalesceExpr(node) = expr else { return Ok(()) };
        let mut kept = Vec::new();
        for mut arg in std::mem::take(&mut node.args) {
            self.expr(&mut arg)?;
            if is_const_null(&arg) {
                continue;
            }
            let ends = constant(&arg).is_some();
            kept.push(arg);
            if ends {
                break;
            }
        }
        match kept.len() {
            0 => *expr = Const::null(node.result_type, -1, node.collation).into(),
            1 => *expr = kept.remove(0),
            _ => node.args = kept,
        }
        Ok(())
    }

    /// Branches that cannot be reached are dropped before their results are folded: `CASE WHEN true THEN 1 ELSE 1/0 END`.
    fn case(&mut self, expr: &mut Expr) -> Result<()> {
        let Expr::CaseExpr(node) = expr else { return Ok(()) };
        if let Some(arg) = &mut node.arg {
            self.expr(arg)?;
        }
        // With a constant argument each comparison can be folded.
        let known = node.arg.as_ref().and_then(constant).cloned();
        let mut kept = Vec::new();
        for mut when in std::mem::take(&mut node.whens) {
            if let Some(value) = &known {
                put_case_value(&mut when.condition, value)?;
            }
            self.expr(&mut when.condition)?;
            if is_const_bool(&when.condition, false) || is_const_null(&when.condition) {
                continue;
            }
            self.expr(&mut when.result)?;
            if is_const_bool(&when.condition, true) {
                node.default = Some(when.result);
                finish_case(expr, kept);
                return Ok(());
            }
            kept.push(when);
        }
        if let Some(default) = &mut node.default {
            self.expr(default)?;
        }
        finish_case(expr, kept);
        Ok(())
    }

    fn boolean(&mut self, expr: &mut Expr) -> Result<()> {
        let Expr::BoolExpr(node) = expr else { return Ok(()) };
        let op = node.op;
        let mut args = std::mem::take(&mut node.args);
        if op == BoolExprType::Not {
            let mut arg = args.remove(0);
            self.expr(&mut arg)?;
            *expr = negate(arg, self.lookup)?;
            return Ok(());
        }
        let decided_by = op == BoolExprType::Or;
        let mut kept = Vec::new();
        let mut saw_null = false;
        let mut stack: Vec<Expr> = args.into_iter().rev().collect();
        while let Some(mut arg) = stack.pop() {
            // Nested ANDs of an AND are flattened, and ORs of an OR.
            if let Expr::BoolExpr(inner) = &mut arg
                && inner.op == op
            {
                stack.extend(std::mem::take(&mut inner.args).into_iter().rev());
                continue;
            }
            self.expr(&mut arg)?;
            if is_const_bool(&arg, decided_by) {
                *expr = arg;
                return Ok(());
            }
            if is_const_bool(&arg, !decided_by) {
                continue;
            }
            if is_const_null(&arg) {
                saw_null = true;
                continue;
            }
            match arg {
                Expr::BoolExpr(inner) if inner.op == op => kept.extend(inner.args),
                other => kept.push(other),
            }
        }
        if saw_null {
            kept.push(null_bool());
        }
        *expr = match kept.len() {
            0 => Const::bool(!decided_by).into(),
            1 => kept.remove(0),
            _ => BoolExpr { op, args: kept, location: Location::UNKNOWN }.into(),
        };
        Ok(())
    }
}

fn finish_case(expr: &mut Expr, kept: Vec<analyze::expr::CaseWhen>) {
    let Expr::CaseExpr(node) = expr else { return };
    if kept.is_empty() {
        let null = Const::null(node.result_type, -1, node.collation);
        *expr = node.default.take().unwrap_or_else(|| null.into());
    } else {
        node.whens = kept;
    }
}

/// Puts the value of CASE's argument where the conditions test it (not in CASEs within them).
fn put_case_value(expr: &mut Expr, value: &Const) -> Result<()> {
    struct Put<'a>(&'a Const);
    impl Mutator for Put<'_> {
        fn expr(&mut self, expr: &mut Expr) -> Result<()> {
            match expr {
                Expr::CaseTestExpr(_) => *expr = self.0.clone().into(),
                Expr::CaseExpr(inner) => {
                    if let Some(arg) = &mut inner.arg {
                        self.expr(arg)?;
                    }
                }
                Expr::ArrayCoerceExpr(inner) => self.expr(&mut inner.arg)?,
                _ => self.children(expr)?,
            }
            Ok(())
        }
    }
    Put(value).expr(expr)
}

fn order_named_args(node: &mut FuncExpr) {
    node.default_count = 0;
    if !node.args.iter().any(|arg| matches!(arg, Expr::NamedArgExpr(_))) {
        return;
    }
    let args = std::mem::take(&mut node.args);
    let mut placed: Vec<(i32, Expr)> = args
        .into_iter()
        .enumerate()
        .map(|(place, arg)| match arg {
            Expr::NamedArgExpr(named) => (named.number, named.arg),
            other => (place as i32, other),
        })
        .collect();
    placed.sort_by_key(|(number, _)| *number);
    node.args = placed.into_iter().map(|(_, arg)| arg).collect();
}

fn relabel(node: &mut RelabelType) -> Option<Expr> {
    match &mut node.arg {
        Expr::Const(inner) => {
            inner.value = builtins::relabel_to_type(std::mem::take(&mut inner.value), node.result_type);
            inner.type_oid = node.result_type;
            inner.typmod = node.typmod;
            inner.collation = node.collation;
            Some(take(&mut node.arg))
        }
        Expr::RelabelType(inner) => {
            node.arg = take(&mut inner.arg);
            None
        }
        _ => None,
    }
}

fn null_test(node: &mut NullTest) -> Option<Expr> {
    if let Expr::RowExpr(row) = &mut node.arg
        && node.arg_is_row
    {
        let tests = std::mem::take(&mut row.args).into_iter().filter_map(|arg| match constant(&arg) {
            Some(c) if c.value.is_null() == node.is_null => None,
            Some(_) => Some(Const::bool(false).into()),
            None => {
                Some(NullTest { arg, is_null: node.is_null, arg_is_row: false, location: Location::UNKNOWN }.into())
            }
        });
        return Some(Expr::and(tests.collect()));
    }
    match &node.arg {
        Expr::Const(c) if !node.arg_is_row || c.value.is_null() => {
            Some(Const::bool(c.value.is_null() == node.is_null).into())
        }
        _ => None,
    }
}

fn bool_test(test: BoolTestType, value: &Datum) -> bool {
    match test {
        BoolTestType::IsTrue => value.is_true(),
        BoolTestType::IsNotTrue => !value.is_true(),
        BoolTestType::IsFalse => matches!(value, Datum::Bool(false)),
        BoolTestType::IsNotFalse => !matches!(value, Datum::Bool(false)),
        BoolTestType::IsUnknown => value.is_null(),
        BoolTestType::IsNotUnknown => !value.is_null(),
    }
}

/// `x = true` is `x`, `x = false` is `NOT x`; likewise `<>`.
fn boolean_equality(node: &mut OpExpr) -> Option<Expr> {
    let (equal, other) = match node.operator.0 {
        91 => (true, 1),
        85 => (false, 1),
        _ => return None,
    };
    let at = (0..2).find(|at| is_const_bool(&node.args[*at], true) || is_const_bool(&node.args[*at], false))?;
    let positive = is_const_bool(&node.args[at], true) == equal;
    let arg = take(&mut node.args[other - at]);
    Some(match positive {
        true => arg,
        false => BoolExpr { op: BoolExprType::Not, args: vec![arg], location: Location::UNKNOWN }.into(),
    })
}

/// NOT of a simplified condition, pushed down as far as it goes.
pub fn negate(expr: Expr, lookup: &dyn Lookup) -> Result<Expr> {
    Ok(match expr {
        Expr::Const(c) => match c.value {
            Datum::Bool(value) => Const::bool(!value).into(),
            _ => null_bool(),
        },
        Expr::OpExpr(mut node) if lookup.operator(node.operator)?.negator.is_valid() => {
            let negator = lookup.operator(lookup.operator(node.operator)?.negator)?;
            node.operator = negator.oid;
            node.function = negator.function;
            Expr::OpExpr(node)
        }
        Expr::ScalarArrayOpExpr(mut node) if lookup.operator(node.operator)?.negator.is_valid() => {
            let negator = lookup.operator(lookup.operator(node.operator)?.negator)?;
            node.operator = negator.oid;
            node.function = negator.function;
            node.use_or = !node.use_or;
            Expr::ScalarArrayOpExpr(node)
        }
        Expr::BoolExpr(mut node) => match node.op {
            BoolExprType::Not => node.args.remove(0),
            op => {
                let args = node.args.into_iter().map(|arg| negate(arg, lookup)).collect::<Result<Vec<_>>>()?;
                let op = if op == BoolExprType::And { BoolExprType::Or } else { BoolExprType::And };
                BoolExpr { op, args, location: Location::UNKNOWN }.into()
            }
        },
        Expr::NullTest(mut node) if !node.arg_is_row => {
            node.is_null = !node.is_null;
            Expr::NullTest(node)
        }
        Expr::BooleanTest(mut node) => {
            node.test = match node.test {
                BoolTestType::IsTrue => BoolTestType::IsNotTrue,
                BoolTestType::IsNotTrue => BoolTestType::IsTrue,
                BoolTestType::IsFalse => BoolTestType::IsNotFalse,
                BoolTestType::IsNotFalse => BoolTestType::IsFalse,
                BoolTestType::IsUnknown => BoolTestType::IsNotUnknown,
                BoolTestType::IsNotUnknown => BoolTestType::IsUnknown,
            };
            Expr::BooleanTest(node)
        }
        other => BoolExpr { op: BoolExprType::Not, args: vec![other], location: Location::UNKNOWN }.into(),
    })
}

/// Pulls conditions common to all arms out of ORs: `(a AND b) OR (a AND c)` is `a AND (b OR c)`.
pub fn factor_or(expr: Expr) -> Expr {
    match expr {
        Expr::BoolExpr(mut node) if node.op == BoolExprType::And => {
            let args = node.args.into_iter().map(factor_or).collect();
            node.args = flatten(args, BoolExprType::And);
            Expr::BoolExpr(node)
        }
        Expr::BoolExpr(mut node) if node.op == BoolExprType::Or => {
            let args = node.args.into_iter().map(factor_or).collect();
            node.args = flatten(args, BoolExprType::Or);
            factor_arms(node.args)
        }
        other => other,
    }
}

fn flatten(args: Vec<Expr>, op: BoolExprType) -> Vec<Expr> {
    let mut out = Vec::with_capacity(args.len());
    for arg in args {
        match arg {
            Expr::BoolExpr(inner) if inner.op == op => out.extend(inner.args),
            other => out.push(other),
        }
    }
    out
}

fn arm_terms(arm: &Expr) -> &[Expr] {
    match arm {
        Expr::BoolExpr(inner) if inner.op == BoolExprType::And => &inner.args,
        other => std::slice::from_ref(other),
    }
}

fn factor_arms(arms: Vec<Expr>) -> Expr {
    let or = |args: Vec<Expr>| -> Expr { BoolExpr { op: BoolExprType::Or, args, location: Location::UNKNOWN }.into() };
    let Some(shortest) = arms.iter().min_by_key(|arm| arm_terms(arm).len()) else { return or(arms) };
    let mut common: Vec<Expr> = Vec::new();
    for term in arm_terms(shortest) {
        if !common.contains(term) && arms.iter().all(|arm| arm_terms(arm).contains(term)) {
            common.push(term.clone());
        }
    }
    if common.is_empty() {
        return or(arms);
    }
    let mut rest = Vec::new();
    for arm in &arms {
        let left: Vec<Expr> = arm_terms(arm).iter().filter(|term| !common.contains(term)).cloned().collect();
        // One arm is the common part alone, so it decides.
        if left.is_empty() {
            return Expr::and(common);
        }
        rest.push(Expr::and(left));
    }
    common.push(or(rest));
    Expr::and(common)
}
