//! Expressions.
//!
//! Source: PostgreSQL 15 ruleutils.c (get_rule_expr and what it calls).

use super::Deparser;
use super::layout::{INDENT, INDENT_ITEM};
use crate::clause::strip_implicit;
use crate::expr::{
    AggSplit, Aggref, BoolExpr, BoolExprType, BoolTestType, CaseExpr, CoercionForm, Const, Expr, FuncExpr,
    InferenceElem, NullTest, OpExpr, Param, ParamKind, RowExpr, SqlValueFunction, SqlValueFunctionOp, SubLink,
    SubLinkType, SubPlan, SubscriptingRef, Var, WindowFunc,
};
use crate::func::NamedCall;
use crate::oids;
use crate::query::{Query, RangeTblEntry, RteKind, TargetEntry};
use crate::relation::system_column_name;
use crate::state::Analyzer;
use crate::types::quote_identifier;
use base::Oid;
use report::{Error, Result};

/// How a constant's type is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ShowType {
    /// Not: a cast follows.
    Never,
    /// If the text alone would be taken for another.
    IfNeeded,
    Always,
}

impl<'q> Deparser<'_, '_, 'q> {
    /// An expression; `implicit` shows an implicit cast on top of it.
    pub fn expr(&mut self, expr: &'q Expr, implicit: bool) -> Result<()> {
        match expr {
            Expr::Var(var) => self.variable(var, 0, false).map(drop),
            Expr::Const(constant) => self.constant(constant, ShowType::IfNeeded),
            Expr::Param(param) => self.parameter(param),
            Expr::Aggref(node) => self.aggregate(node),
            Expr::GroupingFunc(node) => {
                self.push("GROUPING(");
                self.list(&node.args, true)?;
                self.push(")");
                Ok(())
            }
            Expr::WindowFunc(node) => self.window_func(node),
            Expr::SubscriptingRef(node) => self.subscripting(node, expr, implicit),
            Expr::FuncExpr(node) => self.func_call(node, expr, implicit),
            Expr::NamedArgExpr(node) => {
                self.push(&format!("{} => ", quote_identifier(&node.name)));
                self.expr(&node.arg, implicit)
            }
            Expr::OpExpr(node) => self.operator(node, expr),
            Expr::DistinctExpr(node) => {
                self.open();
                self.expr_within(&node.args[0], true, expr)?;
                self.push(" IS DISTINCT FROM ");
                self.expr_within(&node.args[1], true, expr)?;
                self.close();
                Ok(())
            }
            Expr::NullIfExpr(node) => self.call_like("NULLIF", &node.args),
            Expr::ScalarArrayOpExpr(node) => {
                let [scalar, array] = &node.args;
                let element = self.cx.base_element_type(array.type_of())?;
                let operator = self.cx.operator_to_write(node.operator, scalar.type_of(), element)?;
                self.open();
                self.expr_within(scalar, true, expr)?;
                self.push(&format!(" {operator} {} (", if node.use_or { "ANY" } else { "ALL" }));
                self.expr_within(array, true, expr)?;
                if matches!(array, Expr::SubLink(link) if link.kind == SubLinkType::Expr) {
                    // A bare sub-select would be taken for its rows.
                    self.cast_to(array.type_of(), array.typmod_of());
                }
                self.push(")");
                self.close();
                Ok(())
            }
            Expr::BoolExpr(node) => self.bool_expr(node, expr),
            Expr::SubLink(node) => self.sublink(node),
            Expr::SubPlan(node) => {
                self.push(&format!("({})", subplan_name(node)));
                Ok(())
            }
            Expr::AlternativeSubPlan(plans) => {
                let names: Vec<String> = plans.iter().map(subplan_name).collect();
                self.push(&format!("(alternatives: {})", names.join(" or ")));
                Ok(())
            }
            Expr::FieldSelect(node) => {
                let parens = !matches!(node.arg, Expr::SubscriptingRef(_) | Expr::FieldSelect(_));
                self.in_parens(parens, |this| this.expr(&node.arg, true))?;
                let name = self.field_name(&node.arg, node.field, 0)?;
                self.push(&format!(".{}", quote_identifier(&name)));
                Ok(())
            }
            Expr::FieldStore(node) => {
                let row = node.values.len() != 1;
                if row {
                    self.push("ROW");
                }
                self.in_parens(row, |this| this.list(&node.values, implicit))
            }
            Expr::RelabelType(n) => self.coercion(expr, &n.arg, (n.result_type, n.typmod), n.format.0, implicit),
            Expr::CoerceViaIo(n) => self.coercion(expr, &n.arg, (n.result_type, -1), n.format.0, implicit),
            Expr::ArrayCoerceExpr(n) => self.coercion(expr, &n.arg, (n.result_type, n.typmod), n.format.0, implicit),
            Expr::ConvertRowtypeExpr(n) => self.coercion(expr, &n.arg, (n.result_type, -1), n.format.0, implicit),
            Expr::CoerceToDomain(n) => match n.format.0 == CoercionForm::ImplicitCast && !implicit {
                true => self.expr(&n.arg, false),
                false => self.cast(expr, &n.arg, n.result_type, n.typmod),
            },
            Expr::CollateExpr(node) => {
                self.open();
                self.expr_within(&node.arg, implicit, expr)?;
                let name = self.cx.collation_to_write(node.collation)?;
                self.push(&format!(" COLLATE {name}"));
                self.close();
                Ok(())
            }
            Expr::CaseExpr(node) => self.case(node),
            Expr::CaseTestExpr(_) => {
                self.push("CASE_TEST_EXPR");
                Ok(())
            }
            Expr::ArrayExpr(node) => {
                self.push("ARRAY[");
                self.list(&node.elements, true)?;
                self.push("]");
                if node.elements.is_empty() {
                    self.cast_to(node.array_type, -1);
                }
                Ok(())
            }
            Expr::RowExpr(node) => self.row(node),
            Expr::RowCompareExpr(node) => {
                let (left, right) = (node.left[0].type_of(), node.right[0].type_of());
                let operator = self.cx.operator_to_write(node.operators[0], left, right)?;
                self.push("(ROW(");
                self.top_list(&node.left, true)?;
                self.push(&format!(") {operator} ROW("));
                self.top_list(&node.right, true)?;
                self.push("))");
                Ok(())
            }
            Expr::CoalesceExpr(node) => self.call_like("COALESCE", &node.args),
            Expr::MinMaxExpr(node) => self.call_like(if node.greatest { "GREATEST" } else { "LEAST" }, &node.args),
            Expr::SqlValueFunction(node) => {
                self.push(&value_function(node));
                Ok(())
            }
            Expr::XmlExpr(_) => Err(Error::internal("XML constructs cannot be displayed")),
            Expr::NullTest(node) => self.null_test(node, expr),
            Expr::BooleanTest(node) => {
                self.open();
                self.expr_within(&node.arg, false, expr)?;
                self.push(match node.test {
                    BoolTestType::IsTrue => " IS TRUE",
                    BoolTestType::IsNotTrue => " IS NOT TRUE",
                    BoolTestType::IsFalse => " IS FALSE",
                    BoolTestType::IsNotFalse => " IS NOT FALSE",
                    BoolTestType::IsUnknown => " IS UNKNOWN",
                    BoolTestType::IsNotUnknown => " IS NOT UNKNOWN",
                });
                self.close();
                Ok(())
            }
            Expr::CoerceToDomainValue(_) => {
                self.push("VALUE");
                Ok(())
            }
            Expr::SetToDefault(_) => {
                self.push("DEFAULT");
                Ok(())
            }
            Expr::CurrentOfExpr(node) => {
                let cursor = match &node.cursor_name {
                    Some(name) => quote_identifier(name),
                    None => format!("${}", node.cursor_param),
                };
                self.push(&format!("CURRENT OF {cursor}"));
                Ok(())
            }
            Expr::NextValueExpr(node) => {
                let name = self.cx.relation_to_write(node.sequence)?;
                self.push(&format!("nextval({})", quote_literal(&name)));
                Ok(())
            }
            Expr::InferenceElem(node) => self.inference(node),
            Expr::PlaceHolderVar(node) => self.expr(&node.expr, implicit),
        }
    }

    /// Expressions with commas between.
    pub fn list(&mut self, exprs: &'q [Expr], implicit: bool) -> Result<()> {
        self.separated(exprs, |this, expr| this.expr(expr, implicit))
    }

    /// Items of a row: `tab.*` is marked not to be expanded.
    pub fn top_list(&mut self, exprs: &'q [Expr], implicit: bool) -> Result<()> {
        self.separated(exprs, |this, expr| this.top_expr(expr, implicit))
    }

    /// An item of a row.
    pub fn top_expr(&mut self, expr: &'q Expr, implicit: bool) -> Result<()> {
        match expr {
            Expr::Var(var) => self.variable(var, 0, true).map(drop),
            _ => self.expr(expr, implicit),
        }
    }

    pub fn in_parens(&mut self, parens: bool, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        if parens {
            self.push("(");
        }
        write(self)?;
        if parens {
            self.push(")");
        }
        Ok(())
    }

    fn call_like(&mut self, name: &str, args: &'q [Expr]) -> Result<()> {
        self.push(name);
        self.in_parens(true, |this| this.list(args, true))
    }

    fn cast_to(&mut self, type_oid: Oid, typmod: i32) {
        let name = self.cx.format_type_with_typmod(type_oid, typmod);
        self.push(&format!("::{name}"));
    }

    // --- variables ---

    /// A variable; answers the column's name, `None` for a whole row. `top` is true for an output column.
    pub fn variable(&mut self, var: &'q Var, levels_up: u32, top: bool) -> Result<Option<String>> {
        let space = self.level(var.levels_up + levels_up)?;
        let (varno, attno) = match (var.syntactic.0, &self.plan) {
            ((1.., _), None) => var.syntactic.0,
            _ => (var.varno, var.attno),
        };
        if varno < 1 || varno as usize > space.rtable.len() {
            self.special_variable(var)?;
            return Ok(None);
        }
        let at = varno as usize - 1;
        let rte = &space.rtable[at];
        let columns = &space.columns[at];
        if matches!(rte.kind, RteKind::Subquery(_) | RteKind::Cte(_))
            && attno > 0
            && attno as usize > rte.eref.columns.len()
            && let Some((referent, scope)) = self.plan.as_ref().and_then(|plan| plan.sub_output(var))
        {
            self.in_scope(scope, |this| {
                this.in_parens(!matches!(referent, Expr::Var(_)), |this| this.expr(referent, true))
            })?;
            return Ok(None);
        }
        if let RteKind::Join(join) = &rte.kind
            && rte.alias.is_none()
            && attno > 0
            && let Some(Some(Expr::Var(input))) = join.alias_vars.get(attno as usize - 1)
        {
            return self.variable(input, var.levels_up + levels_up, top);
        }
        let name = match attno {
            0 => None,
            1.. => {
                let name = columns.names.get(attno as usize - 1).cloned().flatten();
                Some(name.unwrap_or_else(|| "?dropped?column?".to_owned()))
            }
            _ => Some(system_column_name(attno).to_owned()),
        };
        if let Some(relation) = &space.names[at]
            && (self.prefix || name.is_none())
        {
            self.push(&format!("{}.", quote_identifier(relation)));
        }
        match &name {
            Some(name) => self.push(&quote_identifier(name)),
            None => {
                self.push("*");
                if top {
                    self.cast_to(var.type_oid, var.typmod);
                }
            }
        }
        Ok(name)
    }

    /// A variable of a plan that stands for a subplan's output.
    fn special_variable(&mut self, var: &Var) -> Result<()> {
        let found = self.plan.as_ref().and_then(|plan| plan.referent(var));
        let (referent, scope) = found.ok_or_else(|| Error::internal(format!("bogus varno: {}", var.varno)))?;
        // A variable that is special itself is followed further, and parenthesized where it ends.
        self.in_scope(scope, |this| this.in_parens(!matches!(referent, Expr::Var(_)), |this| this.expr(referent, true)))
    }

    fn in_scope(
        &mut self,
        scope: std::rc::Rc<dyn super::PlanScope<'q> + 'q>,
        write: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let outer = self.plan.replace(scope);
        let result = write(self);
        self.plan = outer;
        result
    }

    fn parameter(&mut self, param: &Param) -> Result<()> {
        let found = match param.kind {
            ParamKind::Exec => self.plan.as_ref().and_then(|plan| plan.parameter(param)),
            _ => None,
        };
        let Some((referent, scope)) = found else {
            self.push(&format!("${}", param.id));
            return Ok(());
        };
        let prefix = std::mem::replace(&mut self.prefix, true);
        let atomic = matches!(referent, Expr::Var(_) | Expr::Aggref(_) | Expr::GroupingFunc(_) | Expr::Param(_));
        self.in_scope(scope, |this| this.in_parens(!atomic, |this| this.expr(referent, false)))?;
        self.prefix = prefix;
        Ok(())
    }

    /// The name of a field of a row value.
    fn field_name(&mut self, expr: &'q Expr, field: i16, levels_up: u32) -> Result<String> {
        let at = field as usize - 1;
        if let Expr::RowExpr(row) = expr
            && let Some(name) = row.column_names.get(at)
        {
            return Ok(name.clone());
        }
        if let Expr::Param(param) = expr
            && let Some((referent, _)) = self.plan.as_ref().and_then(|plan| plan.parameter(param))
        {
            return self.field_name(referent, field, 0);
        }
        if let Expr::Var(var) = expr
            && var.type_oid == oids::RECORD
            && let Some(name) = self.record_field_name(var, field, levels_up)?
        {
            return Ok(name);
        }
        let analyzer = Analyzer::new(self.cx, crate::Parameters::None);
        let desc = analyzer.result_desc(expr)?;
        let name = desc.and_then(|desc| desc.attributes.get(at).map(|a| a.name.clone()));
        Ok(name.unwrap_or_else(|| format!("f{field}")))
    }

    /// The name of a field of a `record` variable: that of what it refers to.
    fn record_field_name(&mut self, var: &'q Var, field: i16, levels_up: u32) -> Result<Option<String>> {
        let net = var.levels_up + levels_up;
        let space = self.level(net)?;
        let (varno, attno) = match (var.syntactic.0, &self.plan) {
            ((1.., _), None) => var.syntactic.0,
            _ => (var.varno, var.attno),
        };
        let rtable: &'q [RangeTblEntry] = space.rtable;
        let Some(rte) = usize::try_from(varno - 1).ok().and_then(|at| rtable.get(at)) else {
            return match self.plan.as_ref().and_then(|plan| plan.referent(var)) {
                Some((referent, _)) => self.field_name(referent, field, levels_up).map(Some),
                None => Ok(None),
            };
        };
        if attno == 0 {
            return Ok(Some(match rte.relation() {
                Some(relation) => self.cx.attribute_name(relation.relid, field)?,
                None => crate::relation::column_name(rte, field),
            }));
        }
        let at = attno as usize - 1;
        let (target, query, level): (&'q Expr, &'q Query, u32) = match &rte.kind {
            RteKind::Subquery(subquery) => match subquery.query.output().get(at) {
                Some(target) => (&target.expr, &*subquery.query, net),
                None => return Ok(None),
            },
            RteKind::Cte(cte) => {
                let level = net + cte.levels_up;
                let ctes = self.level(level)?.ctes;
                let Some(found) = ctes.iter().find(|c| c.name == cte.name) else { return Ok(None) };
                match found.query.output().get(at) {
                    Some(target) => (&target.expr, &*found.query, level),
                    None => return Ok(None),
                }
            }
            RteKind::Join(join) => {
                let Some(Some(expr)) = join.alias_vars.get(at) else { return Ok(None) };
                return self.field_name(expr, field, net).map(Some);
            }
            _ => return Ok(None),
        };
        match target {
            Expr::Var(_) => self.within(query, level, |this| this.field_name(target, field, 0)).map(Some),
            _ => self.field_name(target, field, 0).map(Some),
        }
    }

    // --- constants ---

    pub fn constant(&mut self, constant: &Const, show: ShowType) -> Result<()> {
        let type_name = || self.cx.format_type_with_typmod(constant.type_oid, constant.typmod);
        if constant.value.is_null() {
            let label = if show == ShowType::Never { String::new() } else { format!("::{}", type_name()) };
            self.push(&format!("NULL{label}"));
            return if show == ShowType::Never { Ok(()) } else { self.constant_collation(constant) };
        }
        let text = self.cx.catalog.output(constant.type_oid, &constant.value)?;
        let (shown, mut label) = match constant.type_oid {
            oids::INT4 if !text.starts_with('-') => (text, false),
            oids::NUMERIC if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(['e', 'E', '.']) => {
                (text, constant.typmod >= 0)
            }
            oids::INT4 | oids::NUMERIC => (format!("'{text}'"), true),
            oids::BOOL => ((if text == "t" { "true" } else { "false" }).to_owned(), false),
            oids::UNKNOWN => (quote_literal(&text), false),
            _ => (quote_literal(&text), true),
        };
        label = match show {
            ShowType::Never => false,
            ShowType::IfNeeded => label,
            ShowType::Always => true,
        };
        let label = if label { format!("::{}", type_name()) } else { String::new() };
        self.push(&format!("{shown}{label}"));
        if show == ShowType::Never { Ok(()) } else { self.constant_collation(constant) }
    }

    fn constant_collation(&mut self, constant: &Const) -> Result<()> {
        if constant.collation.is_valid() && constant.collation != self.cx.type_collation(constant.type_oid)? {
            let name = self.cx.collation_to_write(constant.collation)?;
            self.push(&format!(" COLLATE {name}"));
        }
        Ok(())
    }

    // --- casts ---

    fn coercion(
        &mut self,
        whole: &Expr,
        arg: &'q Expr,
        target: (Oid, i32),
        form: CoercionForm,
        implicit: bool,
    ) -> Result<()> {
        match form == CoercionForm::ImplicitCast && !implicit {
            true => self.expr_within(arg, false, whole),
            false => self.cast(whole, arg, target.0, target.1),
        }
    }

    fn cast(&mut self, whole: &Expr, arg: &'q Expr, type_oid: Oid, typmod: i32) -> Result<()> {
        match arg {
            // The length coercion of a constant shows its type already.
            Expr::Const(constant) if constant.type_oid == type_oid && constant.typmod == -1 => {
                self.constant(constant, ShowType::Never)?;
            }
            _ => {
                self.open();
                self.expr_within(arg, false, whole)?;
                self.close();
            }
        }
        self.cast_to(type_oid, typmod);
        Ok(())
    }

    // --- operators and calls ---

    fn operator(&mut self, node: &'q OpExpr, whole: &Expr) -> Result<()> {
        self.open();
        match node.args.as_slice() {
            [left, right] => {
                let name = self.cx.operator_to_write(node.operator, left.type_of(), right.type_of())?;
                self.expr_within(left, true, whole)?;
                self.push(&format!(" {name} "));
                self.expr_within(right, true, whole)?;
            }
            args => {
                let name = self.cx.operator_to_write(node.operator, Oid::INVALID, args[0].type_of())?;
                self.push(&format!("{name} "));
                self.expr_within(&args[0], true, whole)?;
            }
        }
        self.close();
        Ok(())
    }

    fn bool_expr(&mut self, node: &'q BoolExpr, whole: &Expr) -> Result<()> {
        self.open();
        let between = match node.op {
            BoolExprType::And => " AND ",
            BoolExprType::Or => " OR ",
            BoolExprType::Not => {
                self.push("NOT ");
                ""
            }
        };
        for (number, arg) in node.args.iter().enumerate() {
            if number > 0 {
                self.push(between);
            }
            self.expr_within(arg, false, whole)?;
        }
        self.close();
        Ok(())
    }

    fn function_name(&self, function: Oid, args: &[Expr], variadic: bool) -> Result<String> {
        let types: Vec<Oid> = args.iter().map(Expr::type_of).collect();
        let arg_names = args.iter().filter_map(|arg| match arg {
            Expr::NamedArgExpr(named) => Some(named.name.clone()),
            _ => None,
        });
        let arg_names: Vec<String> = arg_names.collect();
        let call = NamedCall { types: &types, arg_names: &arg_names, variadic };
        self.cx.function_to_write(function, &call, self.in_group_by)
    }

    fn func_call(&mut self, node: &'q FuncExpr, whole: &Expr, implicit: bool) -> Result<()> {
        match node.format.0 {
            CoercionForm::ImplicitCast if !implicit => return self.expr_within(&node.args[0], false, whole),
            CoercionForm::ExplicitCast | CoercionForm::ImplicitCast => {
                let typmod = whole.length_coercion_typmod().unwrap_or(-1);
                return self.cast(whole, &node.args[0], node.result_type, typmod);
            }
            CoercionForm::SqlSyntax => {
                if self.special_syntax(node, whole)? {
                    return Ok(());
                }
            }
            CoercionForm::ExplicitCall => {}
        }
        let written = &node.args[..node.args.len() - node.default_count];
        let name = self.function_name(node.function, written, node.variadic)?;
        self.push(&name);
        self.push("(");
        let last = written.len().wrapping_sub(1);
        self.separated(written.iter().enumerate(), |this, (at, arg)| {
            if node.variadic && at == last {
                this.push("VARIADIC ");
            }
            this.expr(arg, true)
        })?;
        self.push(")");
        Ok(())
    }

    fn aggregate(&mut self, node: &'q Aggref) -> Result<()> {
        if node.split == AggSplit::FinalDeserial
            && let [TargetEntry { expr: Expr::Var(var), .. }] = node.args.as_slice()
        {
            // It combines what the partial aggregate below it outputs.
            let found = self.plan.as_ref().and_then(|plan| plan.referent(var));
            if let Some((referent, scope)) = found {
                return self.in_scope(scope, |this| match referent {
                    Expr::Aggref(partial) => this.aggregate_call(partial),
                    other => this.expr(other, true),
                });
            }
        }
        if node.split == AggSplit::InitialSerial {
            self.push("PARTIAL ");
        }
        self.aggregate_call(node)
    }

    fn aggregate_call(&mut self, node: &'q Aggref) -> Result<()> {
        let call = NamedCall { types: &node.arg_types, arg_names: &[], variadic: node.variadic };
        let name = self.cx.function_to_write(node.function, &call, self.in_group_by)?;
        self.push(&format!("{name}({}", if node.distinct.is_empty() { "" } else { "DISTINCT " }));
        if node.kind != b'n' {
            self.list(&node.direct_args, true)?;
            self.push(") WITHIN GROUP (ORDER BY ");
            self.order_by(&node.order, &node.args, false)?;
        } else {
            if node.star {
                self.push("*");
            }
            let count = node.arg_types.len();
            let shown = node.args.iter().filter(|arg| !arg.junk).enumerate();
            self.separated(shown, |this, (at, arg)| {
                if node.variadic && at + 1 == count {
                    this.push("VARIADIC ");
                }
                this.expr(&arg.expr, true)
            })?;
            if !node.order.is_empty() {
                self.push(" ORDER BY ");
                self.order_by(&node.order, &node.args, false)?;
            }
        }
        self.filter(&node.filter)?;
        self.push(")");
        Ok(())
    }

    fn filter(&mut self, filter: &'q Option<Expr>) -> Result<()> {
        if let Some(filter) = filter {
            self.push(") FILTER (WHERE ");
            self.expr(filter, false)?;
        }
        Ok(())
    }

    fn window_func(&mut self, node: &'q WindowFunc) -> Result<()> {
        let name = self.function_name(node.function, &node.args, false)?;
        self.push(&format!("{name}("));
        match node.star {
            true => self.push("*"),
            false => self.list(&node.args, true)?,
        }
        self.filter(&node.filter)?;
        self.push(") OVER ");
        match self.windows.iter().find(|window| window.winref == node.winref) {
            Some(window) => match &window.name {
                Some(name) => self.push(&quote_identifier(name)),
                None => self.window(window, self.window_targets)?,
            },
            None => self.push("(?)"),
        }
        Ok(())
    }

    /// A call in FROM, which must look like one.
    pub fn call_in_from(&mut self, expr: &'q Expr) -> Result<()> {
        let is_call = match expr {
            Expr::FuncExpr(call) => matches!(call.format.0, CoercionForm::ExplicitCall | CoercionForm::SqlSyntax),
            Expr::NullIfExpr(_) | Expr::CoalesceExpr(_) | Expr::MinMaxExpr(_) | Expr::SqlValueFunction(_) => true,
            _ => false,
        };
        if is_call {
            return self.expr(expr, true);
        }
        self.push("CAST(");
        self.expr(expr, false)?;
        let name = self.cx.format_type_with_typmod(expr.type_of(), expr.typmod_of());
        self.push(&format!(" AS {name})"));
        Ok(())
    }

    // --- the rest ---

    fn subscripting(&mut self, node: &'q SubscriptingRef, whole: &'q Expr, implicit: bool) -> Result<()> {
        if let (Expr::CaseTestExpr(_), Some(value)) = (&node.container, &node.assign) {
            return self.expr(value, implicit);
        }
        let parens = !matches!(node.container, Expr::Var(_) | Expr::FieldSelect(_));
        self.in_parens(parens, |this| this.expr(&node.container, implicit))?;
        if node.assign.is_none() {
            return self.subscripts(node);
        }
        let value = self.indirection(whole)?;
        self.push(" := ");
        self.expr(value, implicit)
    }

    pub fn subscripts(&mut self, node: &'q SubscriptingRef) -> Result<()> {
        for (at, upper) in node.upper.iter().enumerate() {
            self.push("[");
            if let Some(lower) = node.lower.get(at) {
                if let Some(lower) = lower {
                    self.expr(lower, false)?;
                }
                self.push(":");
            }
            if let Some(upper) = upper {
                self.expr(upper, false)?;
            }
            self.push("]");
        }
        Ok(())
    }

    fn sublink(&mut self, node: &'q SubLink) -> Result<()> {
        self.push(if node.kind == SubLinkType::Array { "ARRAY(" } else { "(" });
        let mut operator = String::new();
        let name_of = |this: &Self, node: &OpExpr| {
            this.cx.operator_to_write(node.operator, node.args[0].type_of(), node.args[1].type_of())
        };
        match &node.test {
            None => {}
            Some(Expr::OpExpr(test)) => {
                self.expr(&test.args[0], true)?;
                operator = name_of(self, test)?;
            }
            Some(Expr::BoolExpr(tests)) => {
                let tests = tests.args.iter().filter_map(|arg| match arg {
                    Expr::OpExpr(test) => Some(&**test),
                    _ => None,
                });
                let tests: Vec<&'q OpExpr> = tests.collect();
                operator = tests.first().map_or(Ok(String::new()), |test| name_of(self, test))?;
                self.in_parens(true, |this| this.separated(tests, |this, test| this.expr(&test.args[0], true)))?;
            }
            Some(Expr::RowCompareExpr(test)) => {
                self.in_parens(true, |this| this.list(&test.left, true))?;
                let (left, right) = (test.left[0].type_of(), test.right[0].type_of());
                operator = self.cx.operator_to_write(test.operators[0], left, right)?;
            }
            Some(_) => return Err(Error::internal("unrecognized comparison with a sub-select")),
        }
        let parens = match node.kind {
            SubLinkType::Exists => {
                self.push("EXISTS ");
                true
            }
            SubLinkType::Any if operator == "=" => {
                self.push(" IN ");
                true
            }
            SubLinkType::Any => {
                self.push(&format!(" {operator} ANY "));
                true
            }
            SubLinkType::All => {
                self.push(&format!(" {operator} ALL "));
                true
            }
            SubLinkType::RowCompare => {
                self.push(&format!(" {operator} "));
                true
            }
            SubLinkType::Expr | SubLinkType::Multiexpr | SubLinkType::Array | SubLinkType::Cte => false,
        };
        self.in_parens(parens, |this| this.query(&node.query, None, false))?;
        self.push(")");
        Ok(())
    }

    fn case(&mut self, node: &'q CaseExpr) -> Result<()> {
        let lines = self.layout.lines;
        self.keyword("CASE", 0, INDENT_ITEM, 0);
        if let Some(arg) = &node.arg {
            self.push(" ");
            self.expr(arg, true)?;
        }
        for when in &node.whens {
            let mut condition = &when.condition;
            if node.arg.is_some()
                && let Expr::OpExpr(test) = condition
                && let [left, right] = test.args.as_slice()
                && matches!(strip_implicit(left), Expr::CaseTestExpr(_))
            {
                condition = right;
            }
            if !lines {
                self.push(" ");
            }
            self.keyword("WHEN ", 0, 0, 0);
            self.expr(condition, false)?;
            self.push(" THEN ");
            self.expr(&when.result, true)?;
        }
        if !lines {
            self.push(" ");
        }
        self.keyword("ELSE ", 0, 0, 0);
        if let Some(default) = &node.default {
            self.expr(default, true)?;
        }
        if !lines {
            self.push(" ");
        }
        self.keyword("END", -INDENT_ITEM, 0, 0);
        Ok(())
    }

    fn row(&mut self, node: &'q RowExpr) -> Result<()> {
        let mut shown: Vec<Option<&'q Expr>> = node.args.iter().map(Some).collect();
        if node.row_type != oids::RECORD {
            // Columns that were dropped since have no value, and new ones are null.
            let relation = self.cx.relation_row(self.cx.type_relation(node.row_type)?)?;
            let attributes = relation.desc.attributes.iter().enumerate();
            shown = attributes.filter(|(_, a)| !a.is_dropped).map(|(at, _)| node.args.get(at)).collect();
        }
        self.push("ROW(");
        self.separated(shown, |this, value| match value {
            Some(value) => this.top_expr(value, true),
            None => {
                this.push("NULL");
                Ok(())
            }
        })?;
        self.push(")");
        if node.format.0 == CoercionForm::ExplicitCast {
            self.cast_to(node.row_type, -1);
        }
        Ok(())
    }

    fn null_test(&mut self, node: &'q NullTest, whole: &Expr) -> Result<()> {
        self.open();
        self.expr_within(&node.arg, true, whole)?;
        let plain = node.arg_is_row || !self.cx.is_row_type(node.arg.type_of())?;
        self.push(match (plain, node.is_null) {
            (true, true) => " IS NULL",
            (true, false) => " IS NOT NULL",
            (false, true) => " IS NOT DISTINCT FROM NULL",
            (false, false) => " IS DISTINCT FROM NULL",
        });
        self.close();
        Ok(())
    }

    pub fn inference(&mut self, node: &'q InferenceElem) -> Result<()> {
        let prefix = std::mem::replace(&mut self.prefix, false);
        let bare = match &node.expr {
            Expr::Var(_) => true,
            Expr::FuncExpr(call) => call.format.0 == CoercionForm::ExplicitCall,
            _ => false,
        };
        self.in_parens(!bare, |this| this.expr(&node.expr, false))?;
        self.prefix = prefix;
        if node.collation.is_valid() {
            let name = self.cx.collation_to_write(node.collation)?;
            self.push(&format!(" COLLATE {name}"));
        }
        if node.opclass.is_valid() {
            let input = self.cx.catalog.opclass(node.opclass)?.map_or(Oid::INVALID, |row| row.opcintype);
            let name = self.cx.opclass_to_write(node.opclass, Some(input))?;
            self.push(&name);
        }
        Ok(())
    }

    /// Where an item of a list would go over the line: starts a new one.
    pub fn wrap_item(&mut self) {
        self.keyword("", -INDENT, INDENT, INDENT_ITEM);
    }
}

/// A string as a literal.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn subplan_name(plan: &SubPlan) -> String {
    match plan.use_hash_table {
        true => format!("hashed {}", plan.plan_name),
        false => plan.plan_name.clone(),
    }
}

fn value_function(node: &SqlValueFunction) -> String {
    let typmod = node.typmod;
    match node.op {
        SqlValueFunctionOp::CurrentDate => "CURRENT_DATE".to_owned(),
        SqlValueFunctionOp::CurrentTime => "CURRENT_TIME".to_owned(),
        SqlValueFunctionOp::CurrentTimeN => format!("CURRENT_TIME({typmod})"),
        SqlValueFunctionOp::CurrentTimestamp => "CURRENT_TIMESTAMP".to_owned(),
        SqlValueFunctionOp::CurrentTimestampN => format!("CURRENT_TIMESTAMP({typmod})"),
        SqlValueFunctionOp::LocalTime => "LOCALTIME".to_owned(),
        SqlValueFunctionOp::LocalTimeN => format!("LOCALTIME({typmod})"),
        SqlValueFunctionOp::LocalTimestamp => "LOCALTIMESTAMP".to_owned(),
        SqlValueFunctionOp::LocalTimestampN => format!("LOCALTIMESTAMP({typmod})"),
        SqlValueFunctionOp::CurrentRole => "CURRENT_ROLE".to_owned(),
        SqlValueFunctionOp::CurrentUser => "CURRENT_USER".to_owned(),
        SqlValueFunctionOp::User => "USER".to_owned(),
        SqlValueFunctionOp::SessionUser => "SESSION_USER".to_owned(),
        SqlValueFunctionOp::CurrentCatalog => "CURRENT_CATALOG".to_owned(),
        SqlValueFunctionOp::CurrentSchema => "CURRENT_SCHEMA".to_owned(),
    }
}
