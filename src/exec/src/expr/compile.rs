//! From expression trees to step programs.

use super::fast::{Fast, fast};
use super::program::{CallInfo, Callee, DomainCheck, Operand, Program, ScalarArray, Source, Step, Subscript};
use super::subplan::SubPlanStep;
use crate::types::Types;
use analyze::expr::{
    BoolExprType, BoolTestType, Expr, FieldStore, INDEX_VAR, INNER_VAR, OUTER_VAR, OpExpr, ParamKind, RowCompareExpr,
    SubscriptingRef, Var, WindowFunc,
};
use base::Oid;
use builtins::TypeLookup;
use instance::Ctx;
use report::{Error, Result, error, unsupported};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// Arrays longer than this are searched by hash.
const HASHED_ARRAY_MIN: usize = 9;

/// Compiles expressions into one program.
pub struct Compiler<'a> {
    cx: Ctx<'a>,
    steps: Vec<Step>,
    registers: Vec<Datum>,
    results: Vec<Operand>,
    /// What a CaseTestExpr stands for.
    case_value: Option<Operand>,
    /// What a CoerceToDomainValue stands for.
    domain_value: Option<Operand>,
    /// Window functions whose results are `Aggregates` operands, by place.
    window_functions: &'a [WindowFunc],
    /// Columns of the scanned relation, for whole-row references.
    scan_desc: Option<(Arc<TupleDesc>, Oid)>,
}

/// Compiles one expression.
pub fn compile_expr(cx: Ctx<'_>, expr: &Expr) -> Result<Program> {
    Compiler::new(cx).finish_one(expr)
}

/// Compiles several expressions into one program, with a result for each.
pub fn compile_exprs<'e>(cx: Ctx<'_>, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Program> {
    Compiler::new(cx).finish_all(exprs)
}

/// Compiles conditions that are ANDed; `None` if there is none.
pub fn compile_condition(cx: Ctx<'_>, quals: &[Expr]) -> Result<Option<Program>> {
    Compiler::new(cx).finish_condition(quals)
}

impl<'a> Compiler<'a> {
    /// An empty program.
    pub fn new(cx: Ctx<'a>) -> Compiler<'a> {
        Compiler {
            cx,
            steps: Vec::new(),
            registers: Vec::new(),
            results: Vec::new(),
            case_value: None,
            domain_value: None,
            window_functions: &[],
            scan_desc: None,
        }
    }

    /// Window functions found in expressions are results of the node itself.
    pub fn with_window_functions(mut self, functions: &'a [WindowFunc]) -> Compiler<'a> {
        self.window_functions = functions;
        self
    }

    /// Whole-row references are to a relation with these columns.
    pub fn with_scan_desc(mut self, desc: Arc<TupleDesc>, row_type: Oid) -> Compiler<'a> {
        self.scan_desc = Some((desc, row_type));
        self
    }

    /// A domain's VALUE is column `index` of the scan row.
    pub fn domain_value_is_scan(&mut self, index: u16) {
        self.domain_value = Some(Operand { source: Source::Scan, index });
    }

    /// Compiles one expression and ends.
    pub fn finish_one(self, expr: &Expr) -> Result<Program> {
        self.finish_all([expr])
    }

    /// Compiles expressions, a result for each, and ends.
    pub fn finish_all<'e>(mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Result<Program> {
        let exprs: Vec<&Expr> = exprs.into_iter().collect();
        // Sub-selects of multi-column assignments come first: they set parameters that other columns read.
        let is_first = |e: &Expr| matches!(e, Expr::SubPlan(s) if s.kind == analyze::expr::SubLinkType::Multiexpr);
        let mut results = vec![Operand::register(0); exprs.len()];
        for first in [true, false] {
            for (place, expr) in exprs.iter().enumerate() {
                if is_first(expr) == first {
                    results[place] = self.operand(expr)?;
                }
            }
        }
        self.results.extend(results);
        Ok(self.program())
    }

    /// Compiles conditions that are ANDed and ends; `None` if there is none.
    pub fn finish_condition(mut self, quals: &[Expr]) -> Result<Option<Program>> {
        match quals {
            [] => Ok(None),
            [one] => self.finish_one(one).map(Some),
            many => {
                let dst = self.register(Datum::Null);
                self.steps.push(Step::SetBool { dst, value: false });
                let mut jumps = Vec::new();
                for qual in many {
                    let src = self.operand(qual)?;
                    jumps.push(self.steps.len());
                    self.steps.push(Step::JumpUnlessTrue { src, to: 0 });
                }
                self.steps.push(Step::SetBool { dst, value: true });
                self.land(&jumps);
                self.results.push(Operand::register(dst));
                Ok(Some(self.program()))
            }
        }
    }

    fn program(self) -> Program {
        Program { steps: self.steps, registers: self.registers, results: self.results }
    }

    fn register(&mut self, initial: Datum) -> u16 {
        self.registers.push(initial);
        u16::try_from(self.registers.len() - 1).expect("checked by `operand`")
    }

    fn block(&mut self, count: usize) -> u16 {
        let first = self.registers.len() as u16;
        self.registers.resize(self.registers.len() + count, Datum::Null);
        first
    }

    /// Lets jumps go to the next step.
    fn land(&mut self, jumps: &[usize]) {
        let here = self.steps.len() as u32;
        for at in jumps {
            match &mut self.steps[*at] {
                Step::Jump { to }
                | Step::AndArg { to, .. }
                | Step::OrArg { to, .. }
                | Step::JumpUnlessTrue { to, .. }
                | Step::JumpIfNotNull { to, .. }
                | Step::JumpUnlessZero { to, .. } => *to = here,
                _ => unreachable!("only jumps are landed"),
            }
        }
    }

    /// Where the value of an expression is found after the steps so far.
    fn operand(&mut self, expr: &Expr) -> Result<Operand> {
        if self.registers.len() > 60_000 {
            return Err(error!(STATEMENT_TOO_COMPLEX, "expression is too complex"));
        }
        match expr {
            Expr::Const(c) => Ok(Operand::register(self.register(c.value.clone()))),
            Expr::Var(var) if var.attno > 0 => Ok(Operand { source: source_of(var)?, index: var.attno as u16 - 1 }),
            Expr::Aggref(agg) => Ok(Operand { source: Source::Aggregates, index: agg.agg_no.max(0) as u16 }),
            Expr::WindowFunc(node) => {
                let at = self.window_functions.iter().position(|w| *w == **node);
                let index = at.ok_or_else(|| Error::internal("window function is not in its node"))? as u16;
                Ok(Operand { source: Source::Aggregates, index })
            }
            Expr::RelabelType(node) if !changes_variant(node) => self.operand(&node.arg),
            Expr::CollateExpr(node) => self.operand(&node.arg),
            Expr::NamedArgExpr(node) => self.operand(&node.arg),
            Expr::PlaceHolderVar(node) => self.operand(&node.expr),
            Expr::CaseTestExpr(_) => self.case_value.ok_or_else(|| Error::internal("CaseTestExpr outside CASE")),
            Expr::CoerceToDomainValue(_) => {
                self.domain_value.ok_or_else(|| Error::internal("CoerceToDomainValue outside a domain check"))
            }
            other => {
                let dst = self.register(Datum::Null);
                self.compute(other, dst)?;
                Ok(Operand::register(dst))
            }
        }
    }

    /// Puts the value of an expression into a register.
    fn put_in_register(&mut self, expr: &Expr, dst: u16) -> Result<()> {
        match expr {
            Expr::Const(c) if matches!(self.registers[usize::from(dst)], Datum::Null) && self.never_written(dst) => {
                self.registers[usize::from(dst)] = c.value.clone();
                Ok(())
            }
            Expr::Const(_)
            | Expr::Var(_)
            | Expr::Aggref(_)
            | Expr::WindowFunc(_)
            | Expr::RelabelType(_)
            | Expr::CaseTestExpr(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::CollateExpr(_)
            | Expr::PlaceHolderVar(_) => {
                let src = self.operand(expr)?;
                self.steps.push(Step::Copy { dst, src });
                Ok(())
            }
            other => self.compute(other, dst),
        }
    }

    /// True for argument registers, which nothing but their own expression writes.
    fn never_written(&self, _dst: u16) -> bool {
        self.steps.iter().all(|step| !matches!(step, Step::Copy { dst, .. } if *dst == _dst))
    }

    fn args(&mut self, args: &[Expr]) -> Result<u16> {
        let first = self.block(args.len());
        for (place, arg) in args.iter().enumerate() {
            self.put_in_register(arg, first + place as u16)?;
        }
        Ok(first)
    }

    /// The new values of a row's fields. One that changes a part of the field finds the old value as its CaseTestExpr.
    fn field_values(&mut self, node: &FieldStore, row: Operand) -> Result<u16> {
        let first = self.block(node.values.len());
        for (place, value) in node.values.iter().enumerate() {
            let outer = self.case_value;
            if changes_part(value) {
                // A field that several assignments change is built up from one to the next.
                let earlier = node.fields[..place].iter().rposition(|field| *field == node.fields[place]);
                let old = match earlier {
                    Some(earlier) => first + earlier as u16,
                    None => self.register(Datum::Null),
                };
                if earlier.is_none() {
                    self.steps.push(Step::FieldSelect { dst: old, src: row, field: node.fields[place] });
                }
                self.case_value = Some(Operand::register(old));
            }
            self.put_in_register(value, first + place as u16)?;
            self.case_value = outer;
        }
        Ok(first)
    }

    fn call_info(
        &self,
        function: Oid,
        args: &[Expr],
        result_type: Oid,
        collation: Oid,
        variadic: bool,
    ) -> Result<CallInfo> {
        self.cx.check_execute(function)?;
        let (callee, strict) = resolve(self.cx, function)?;
        Ok(CallInfo {
            callee,
            function,
            strict,
            arg_types: args.iter().map(Expr::type_of).collect(),
            result_type,
            collation,
            variadic,
        })
    }

    fn compute(&mut self, expr: &Expr, dst: u16) -> Result<()> {
        match expr {
            Expr::RelabelType(node) => {
                let src = self.operand(&node.arg)?;
                self.steps.push(Step::Relabel { dst, src, target: node.result_type });
                Ok(())
            }
            Expr::Var(var) => self.var(var, dst),
            Expr::Param(param) => {
                let id = param.id as u32;
                self.steps.push(match param.kind {
                    ParamKind::Extern => Step::ParamExtern { dst, id },
                    ParamKind::Exec => Step::ParamExec { dst, id },
                    _ => return Err(Error::internal("unplanned parameter")),
                });
                Ok(())
            }
            Expr::FuncExpr(node) => {
                if node.returns_set {
                    return Err(error!(
                        FEATURE_NOT_SUPPORTED,
                        "set-valued function called in context that cannot accept a set"
                    ));
                }
                self.function(node.function, &node.args, node.result_type, node.input_collation, node.variadic, dst)
            }
            Expr::OpExpr(node) => {
                self.function(node.function, &node.args, node.result_type, node.input_collation, false, dst)
            }
            Expr::DistinctExpr(node) => self.pair(node, dst, true),
            Expr::NullIfExpr(node) => self.pair(node, dst, false),
            Expr::ScalarArrayOpExpr(node) => {
                let args = self.args(&node.args)?;
                let element = Types(self.cx).type_info(node.args[1].type_of()).map(|t| t.element)?;
                let mut call = self.call_info(node.function, &node.args, Oid(16), node.input_collation, false)?;
                call.arg_types[1] = element;
                let is_equal = builtins_equal(self.cx, node.operator)?;
                let long = match &node.args[1] {
                    Expr::Const(c) if !c.value.is_null() => crate::values::array_len(&c.value) >= HASHED_ARRAY_MIN,
                    _ => false,
                };
                let info = ScalarArray {
                    call,
                    use_or: node.use_or,
                    set: None,
                    hashable: long && is_equal && node.use_or,
                    elements: Vec::new(),
                };
                self.steps.push(Step::ScalarArray { dst, args, info: Box::new(info) });
                Ok(())
            }
            Expr::BoolExpr(node) => {
                if node.op == BoolExprType::Not {
                    let src = self.operand(&node.args[0])?;
                    self.steps.push(Step::Not { dst, src });
                    return Ok(());
                }
                let is_and = node.op == BoolExprType::And;
                self.steps.push(Step::SetBool { dst, value: is_and });
                let mut jumps = Vec::new();
                for arg in &node.args {
                    let src = self.operand(arg)?;
                    jumps.push(self.steps.len());
                    self.steps.push(if is_and {
                        Step::AndArg { dst, src, to: 0 }
                    } else {
                        Step::OrArg { dst, src, to: 0 }
                    });
                }
                self.land(&jumps);
                Ok(())
            }
            Expr::CaseExpr(node) => {
                let outer = self.case_value;
                if let Some(arg) = &node.arg {
                    // The value is kept: the tests refer to it more than once.
                    let kept = self.register(Datum::Null);
                    self.put_in_register(arg, kept)?;
                    self.case_value = Some(Operand::register(kept));
                }
                let mut ends = Vec::new();
                for when in &node.whens {
                    let src = self.operand(&when.condition)?;
                    let skip = self.steps.len();
                    self.steps.push(Step::JumpUnlessTrue { src, to: 0 });
                    self.branch(&when.result, dst)?;
                    ends.push(self.steps.len());
                    self.steps.push(Step::Jump { to: 0 });
                    self.land(&[skip]);
                }
                match &node.default {
                    Some(default) => self.branch(default, dst)?,
                    None => self.steps.push(Step::SetNull { dst }),
                }
                self.land(&ends);
                self.case_value = outer;
                Ok(())
            }
            Expr::CoalesceExpr(node) => {
                let mut ends = Vec::new();
                for arg in &node.args {
                    self.branch(arg, dst)?;
                    ends.push(self.steps.len());
                    self.steps.push(Step::JumpIfNotNull { src: Operand::register(dst), to: 0 });
                }
                self.land(&ends);
                Ok(())
            }
            Expr::MinMaxExpr(node) => {
                let args = self.args(&node.args)?;
                let comparator = builtins::comparator(node.result_type, node.input_collation, &Types(self.cx))?;
                self.steps.push(Step::MinMax {
                    dst,
                    args,
                    nargs: node.args.len() as u16,
                    greatest: node.greatest,
                    comparator,
                });
                Ok(())
            }
            Expr::NullTest(node) => {
                let src = self.operand(&node.arg)?;
                let negate = !node.is_null;
                self.steps.push(match node.arg_is_row {
                    true => Step::RowIsNull { dst, src, negate },
                    false => Step::IsNull { dst, src, negate },
                });
                Ok(())
            }
            Expr::BooleanTest(node) => {
                let src = self.operand(&node.arg)?;
                let (of, negate) = match node.test {
                    BoolTestType::IsTrue => (Some(true), false),
                    BoolTestType::IsNotTrue => (Some(true), true),
                    BoolTestType::IsFalse => (Some(false), false),
                    BoolTestType::IsNotFalse => (Some(false), true),
                    BoolTestType::IsUnknown => (None, false),
                    BoolTestType::IsNotUnknown => (None, true),
                };
                self.steps.push(Step::BoolTest { dst, src, of, negate });
                Ok(())
            }
            Expr::ArrayExpr(node) => {
                let args = self.args(&node.elements)?;
                let (nargs, element, multidims) = (node.elements.len() as u16, node.element_type, node.multidims);
                self.steps.push(Step::MakeArray { dst, args, nargs, element, multidims });
                Ok(())
            }
            Expr::RowExpr(node) => {
                let args = self.args(&node.args)?;
                let mut field_types: Vec<Oid> = node.args.iter().map(Expr::type_of).collect();
                let mut type_mod = -1;
                if node.row_type.0 != 2249 {
                    let desc = Types(self.cx).row_desc(node.row_type, -1)?;
                    field_types = desc.attributes.iter().map(|a| a.type_oid).collect();
                } else if !node.column_names.is_empty() {
                    type_mod = self.register_row(&node.column_names, &node.args)?;
                }
                self.steps.push(Step::MakeRow {
                    dst,
                    args,
                    nargs: node.args.len() as u16,
                    row_type: node.row_type,
                    type_mod,
                    field_types,
                });
                Ok(())
            }
            Expr::RowCompareExpr(node) => self.row_compare(node, dst),
            Expr::FieldSelect(node) => {
                let src = self.operand(&node.arg)?;
                self.steps.push(Step::FieldSelect { dst, src, field: node.field });
                Ok(())
            }
            Expr::FieldStore(node) => {
                let src = self.operand(&node.arg)?;
                let args = self.field_values(node, src)?;
                let desc = Types(self.cx).row_desc(node.result_type, -1)?;
                let field_types = desc.attributes.iter().map(|a| a.type_oid).collect();
                self.steps.push(Step::FieldStore {
                    dst,
                    src,
                    args,
                    fields: node.fields.clone(),
                    row_type: node.result_type,
                    field_types,
                });
                Ok(())
            }
            Expr::SubscriptingRef(node) => self.subscript(node, dst),
            Expr::ArrayCoerceExpr(node) => {
                let src = self.operand(&node.arg)?;
                let element = Types(self.cx).type_info(node.result_type)?.element;
                let mut inner = Compiler::new(self.cx);
                inner.case_value = Some(Operand { source: Source::Scan, index: 0 });
                let program = Box::new(inner.finish_one(&node.element)?);
                self.steps.push(Step::ArrayCoerce { dst, src, program, element });
                Ok(())
            }
            Expr::ConvertRowtypeExpr(node) => {
                let src = self.operand(&node.arg)?;
                let from = Types(self.cx).row_desc(node.arg.type_of(), -1)?;
                let to = Types(self.cx).row_desc(node.result_type, -1)?;
                let place = |name: &str| from.attributes.iter().position(|a| !a.is_dropped && a.name == name);
                let map = to.attributes.iter().map(|a| place(&a.name).map_or(0, |p| p as i16 + 1)).collect();
                let field_types = to.attributes.iter().map(|a| a.type_oid).collect();
                self.steps.push(Step::ConvertRow { dst, src, map, row_type: node.result_type, field_types });
                Ok(())
            }
            Expr::CoerceViaIo(node) => {
                let src = self.operand(&node.arg)?;
                self.steps.push(Step::ViaIo {
                    dst,
                    src,
                    source: node.arg.type_of(),
                    target: node.result_type,
                    typmod: -1,
                });
                Ok(())
            }
            Expr::CoerceToDomain(node) => self.domain(&node.arg, node.result_type, dst),
            Expr::SqlValueFunction(node) => {
                self.steps.push(Step::SqlValue { dst, op: node.op, typmod: node.typmod });
                Ok(())
            }
            Expr::NextValueExpr(node) => {
                self.steps.push(Step::NextValue { dst, sequence: node.sequence, type_oid: node.type_oid });
                Ok(())
            }
            Expr::GroupingFunc(node) => {
                self.steps.push(Step::Grouping { dst, columns: node.cols.clone() });
                Ok(())
            }
            Expr::SubPlan(node) => {
                for (id, arg) in node.par_params.iter().zip(&node.args) {
                    let src = self.operand(arg)?;
                    self.steps.push(Step::SetParam { id: *id as u32, src });
                }
                let step = SubPlanStep::compile(self.cx, node, |exprs| self.sub_program(exprs))?;
                self.steps.push(Step::SubPlan { dst, info: Box::new(step) });
                Ok(())
            }
            Expr::AlternativeSubPlan(plans) => self.compute(&plans[0].clone().into(), dst),
            Expr::XmlExpr(_) => unsupported!("XML"),
            Expr::SetToDefault(_) => Err(error!(SYNTAX_ERROR, "DEFAULT is not allowed in this context")),
            Expr::CurrentOfExpr(_) => unsupported!("WHERE CURRENT OF"),
            Expr::SubLink(_) => Err(Error::internal("unplanned sub-select")),
            Expr::InferenceElem(node) => self.compute(&node.expr, dst),
            other => self.put_in_register(other, dst),
        }
    }

    /// A program of its own over the same rows (the test of a sub-plan).
    fn sub_program(&self, exprs: &[Expr]) -> Result<Program> {
        let mut inner = Compiler::new(self.cx);
        inner.window_functions = self.window_functions;
        inner.scan_desc = self.scan_desc.clone();
        inner.finish_all(exprs)
    }

    /// A value that is written by one of several branches.
    fn branch(&mut self, expr: &Expr, dst: u16) -> Result<()> {
        match expr {
            Expr::Const(_) => {
                let src = self.operand(expr)?;
                self.steps.push(Step::Copy { dst, src });
                Ok(())
            }
            other => self.put_in_register(other, dst),
        }
    }

    fn register_row(&self, names: &[String], args: &[Expr]) -> Result<i32> {
        let types = Types(self.cx);
        let mut desc = TupleDesc::default();
        for (name, arg) in names.iter().zip(args) {
            let mut attribute = types.attribute(name.clone(), arg.type_of())?;
            attribute.type_mod = arg.typmod_of();
            attribute.collation = arg.collation_of();
            desc.attributes.push(attribute);
        }
        Ok(self.cx.session.register_record_type(&Arc::new(desc)))
    }

    fn var(&mut self, var: &Var, dst: u16) -> Result<()> {
        if var.attno < 0 {
            self.steps.push(Step::SystemColumn { dst, attno: var.attno });
            return Ok(());
        }
        let source = source_of(var)?;
        let (desc, row_type) = match (&self.scan_desc, var.type_oid.0) {
            (Some((desc, row_type)), _) => (Arc::clone(desc), *row_type),
            (None, 2249) => unsupported!("a whole-row reference of this kind"),
            (None, _) => (Types(self.cx).row_desc(var.type_oid, -1)?, var.type_oid),
        };
        let type_mod = match row_type.0 {
            2249 => self.cx.session.register_record_type(&desc),
            _ => -1,
        };
        self.steps.push(Step::WholeRow { dst, source, desc, row_type, type_mod });
        Ok(())
    }

    fn function(
        &mut self,
        function: Oid,
        args: &[Expr],
        result_type: Oid,
        collation: Oid,
        variadic: bool,
        dst: u16,
    ) -> Result<()> {
        if let ([a, b], Some(fast)) = (args, fast(function)) {
            let (a, b) = (self.operand(a)?, self.operand(b)?);
            self.steps.push(match fast {
                Fast::IntCompare(op) => Step::IntCompare { dst, op, a, b },
                Fast::BytesEqual(negate) => Step::BytesEqual { dst, negate, a, b },
                Fast::IntArithmetic(op) => Step::IntArithmetic { dst, op, a, b },
            });
            return Ok(());
        }
        let info = Box::new(self.call_info(function, args, result_type, collation, variadic)?);
        let nargs = args.len() as u16;
        let args = self.args(args)?;
        self.steps.push(Step::Call { dst, args, nargs, info });
        Ok(())
    }

    fn pair(&mut self, node: &OpExpr, dst: u16, distinct: bool) -> Result<()> {
        let info = Box::new(self.call_info(node.function, &node.args, Oid(16), node.input_collation, false)?);
        let args = self.args(&node.args)?;
        self.steps.push(if distinct { Step::Distinct { dst, args, info } } else { Step::NullIf { dst, args, info } });
        Ok(())
    }

    /// Column by column: the first pair that differs decides; a null makes it unknown.
    fn row_compare(&mut self, node: &RowCompareExpr, dst: u16) -> Result<()> {
        let comparison = self.register(Datum::Null);
        let mut ends = Vec::new();
        for place in 0..node.left.len() {
            let args = [node.left[place].clone(), node.right[place].clone()];
            let (left, right) = crate::lookup::operator_types(self.cx, node.operators[place])?;
            let function = self.cx.catalog().opfamily_proc(node.families[place], left, right, 1)?;
            self.function(function, &args, Oid(23), node.input_collations[place], false, comparison)?;
            ends.push(self.steps.len());
            // A null ends it as well: it is not zero.
            self.steps.push(Step::JumpUnlessZero { src: Operand::register(comparison), to: 0 });
        }
        self.land(&ends);
        self.steps.push(Step::RowCompareResult { dst, comparison: Operand::register(comparison), kind: node.kind });
        Ok(())
    }

    fn subscript(&mut self, node: &SubscriptingRef, dst: u16) -> Result<()> {
        let src = self.operand(&node.container)?;
        let bounds: Vec<Option<Expr>> = node.upper.iter().chain(&node.lower).cloned().collect();
        let upper = self.block(bounds.len());
        for (place, bound) in bounds.iter().enumerate() {
            if let Some(bound) = bound {
                self.put_in_register(bound, upper + place as u16)?;
            }
        }
        let first_type = node.upper.first().and_then(|bound| bound.as_ref().map(Expr::type_of));
        let info = Subscript {
            container: node.container_type,
            element: node.element_type,
            upper,
            upper_given: node.upper.iter().map(Option::is_some).collect(),
            lower_given: node.lower.iter().map(Option::is_some).collect(),
            starts_as_array: first_type == Some(catalog::oids::types::INT4),
            assign: None,
        };
        let assign = match &node.assign {
            Some(value) => {
                let outer = self.case_value;
                if changes_part(value) {
                    let old = self.register(Datum::Null);
                    self.steps.push(Step::Subscript { dst: old, src, info: Box::new(info.clone()) });
                    self.case_value = Some(Operand::register(old));
                }
                let register = self.register(Datum::Null);
                self.put_in_register(value, register)?;
                self.case_value = outer;
                Some(register)
            }
            None => None,
        };
        let info = Subscript { assign, ..info };
        self.steps.push(Step::Subscript { dst, src, info: Box::new(info) });
        Ok(())
    }

    fn domain(&mut self, arg: &Expr, domain: Oid, dst: u16) -> Result<()> {
        self.put_in_register(arg, dst)?;
        let name = crate::domains::name(self.cx, domain);
        let outer = self.domain_value.replace(Operand::register(dst));
        for constraint in crate::domains::constraints(self.cx, domain)?.0 {
            let (src, named) = match &constraint.condition {
                None => (Operand::register(dst), None),
                Some(condition) => (self.operand(condition)?, Some(constraint.name.clone())),
            };
            let info = DomainCheck { domain: name.clone(), constraint: named };
            self.steps.push(Step::DomainTest { src, info: Box::new(info) });
        }
        self.domain_value = outer;
        Ok(())
    }
}

/// True for an assignment to a part of what is itself a part that is assigned to: `a[1].b = ...`, `a.b[1] = ...`.
fn changes_part(value: &Expr) -> bool {
    match value {
        Expr::FieldStore(node) => matches!(node.arg, Expr::CaseTestExpr(_)),
        Expr::SubscriptingRef(node) => matches!(node.container, Expr::CaseTestExpr(_)),
        Expr::CoerceToDomain(node) => changes_part(&node.arg),
        _ => false,
    }
}

fn source_of(var: &Var) -> Result<Source> {
    match var.varno {
        OUTER_VAR => Ok(Source::Outer),
        INNER_VAR => Ok(Source::Inner),
        INDEX_VAR => Ok(Source::Scan),
        n if n > 0 && var.levels_up == 0 => Ok(Source::Scan),
        n => Err(Error::internal(format!("unexpected variable of relation {n}"))),
    }
}

fn builtins_equal(cx: Ctx<'_>, operator: Oid) -> Result<bool> {
    Ok(cx.catalog().operator(operator)?.is_some_and(|row| row.oprcanhash))
}

/// What implements a function, and whether it is strict.
pub fn resolve(cx: Ctx<'_>, function: Oid) -> Result<(Callee, bool)> {
    if let Some(found) = builtins::function(function) {
        return Ok((Callee::Builtin(found.function), found.strict));
    }
    if let Some(found) = crate::system::function(function) {
        let strict = cx.catalog().function(function)?.is_some_and(|row| row.proisstrict);
        return Ok((Callee::System(found.function), strict));
    }
    match cx.catalog().function(function)? {
        None => Err(Error::internal(format!("cache lookup failed for function {function}"))),
        // A function made by CREATE FUNCTION ... LANGUAGE internal names the symbol.
        Some(row) if row.prolang.0 == 12 => match builtins::by_symbol(&row.prosrc) {
            Some(found) => Ok((Callee::Builtin(found), row.proisstrict)),
            None => unsupported!("function {}", row.proname),
        },
        Some(row) if row.prolang.0 == 14 && !row.proretset && row.prosqlbody.is_none() => {
            let function = super::program::SqlFunction {
                oid: function,
                body: row.prosrc.clone(),
                types: row.proargtypes.clone(),
                result: row.prorettype,
                owner: row.prosecdef.then_some(row.proowner),
                sees_snapshot: row.provolatile != b'v',
            };
            Ok((Callee::Sql(Arc::new(function)), row.proisstrict))
        }
        Some(row) => unsupported!("function {}", row.proname),
    }
}

/// True if the value must be changed although the cast costs nothing in PostgreSQL.
fn changes_variant(node: &analyze::expr::RelabelType) -> bool {
    builtins::relabel_changes_variant(node.arg.type_of(), node.result_type)
}
