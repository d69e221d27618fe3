//! Expressions: from the parser's tree to typed ones.
//!
//! Source: PostgreSQL 15 parse_expr.c and parse_node.c.

use crate::coerce::{Coercion, returns_set};
use crate::context::Parameters;
use crate::expr::{
    ArrayExpr, BoolExpr, BoolExprType, BoolTestType, BooleanTest, CaseExpr, CaseTestExpr, CaseWhen, CoalesceExpr,
    CoercionForm, CollateExpr, Const, Cosmetic, CurrentOfExpr, Expr, Location, MinMaxExpr, NamedArgExpr, NullTest,
    Param, ParamKind, RowExpr, SetToDefault, SqlValueFunction, SqlValueFunctionOp, SubLink, SubLinkType, Var,
};
use crate::oids;
use crate::state::{Analyzer, ColumnHook, ExprKind, NsItem};
use base::Oid;
use parser::ast::{self, Field, Literal, OpKind, OperatorName, QualifiedName};
use report::{Error, Result, SqlState, error, unsupported};
use tuple::Datum;

/// Parameters that a statement may have.
const PARAMS_MAX: i32 = 65535;

impl Analyzer<'_, '_> {
    /// An expression of a clause.
    pub fn transform_expr(&mut self, expr: &ast::Expr, kind: ExprKind) -> Result<Expr> {
        let saved = self.state().kind.replace(kind);
        let result = self.transform_recursive(expr);
        self.state().kind = saved;
        result
    }

    /// An expression of the clause being analysed.
    pub fn transform_recursive(&mut self, expr: &ast::Expr) -> Result<Expr> {
        match expr {
            ast::Expr::Column(node) => self.transform_column(node),
            ast::Expr::Param(node) => self.transform_param(node),
            ast::Expr::Const(node) => self.transform_const(node),
            ast::Expr::Cast(node) => self.transform_cast(node),
            ast::Expr::Collate(node) => self.transform_collate(node),
            ast::Expr::Op(node) => self.transform_op(node),
            ast::Expr::In(node) => self.transform_in(node),
            ast::Expr::Between(node) => self.transform_between(node),
            ast::Expr::Bool(node) => self.transform_bool(node),
            ast::Expr::NullTest(node) => self.transform_null_test(node),
            ast::Expr::BooleanTest(node) => self.transform_boolean_test(node),
            ast::Expr::Func(node) => self.transform_func_call(node),
            ast::Expr::SubLink(node) => self.transform_sublink(node),
            ast::Expr::Case(node) => self.transform_case(node),
            ast::Expr::Coalesce(node) => self.transform_coalesce(node),
            ast::Expr::MinMax(node) => self.transform_min_max(node),
            ast::Expr::Array(node) => self.transform_array(node, None),
            ast::Expr::Row(node) => self.transform_row(node, false),
            ast::Expr::Indirection(node) => self.transform_indirection(node),
            ast::Expr::NamedArg(node) => {
                let arg = self.transform_recursive(&node.arg)?;
                Ok(NamedArgExpr { arg, name: node.name.clone(), number: -1, location: node.pos.into() }.into())
            }
            ast::Expr::Grouping(node) => self.transform_grouping(node),
            ast::Expr::SqlValue(node) => self.transform_sql_value(node),
            ast::Expr::Xml(_) | ast::Expr::XmlSerialize(_) => unsupported!("XML"),
            ast::Expr::Default(pos) => {
                Err(self.at(error!(SYNTAX_ERROR, "DEFAULT is not allowed in this context"), *pos))
            }
            ast::Expr::CurrentOf(node) => {
                let varno = self.top().target.as_ref().map_or(0, |item| item.data.rtindex);
                let cursor_name = Some(node.cursor.clone());
                Ok(CurrentOfExpr { varno, cursor_name, cursor_param: 0 }.into())
            }
        }
    }

    /// A condition; `construct` names it in messages.
    pub fn transform_where(
        &mut self,
        clause: Option<&ast::Expr>,
        kind: ExprKind,
        construct: &str,
    ) -> Result<Option<Expr>> {
        let Some(clause) = clause else { return Ok(None) };
        let expr = self.transform_expr(clause, kind)?;
        self.coerce_to_boolean(expr, construct).map(Some)
    }

    // --- columns ---

    fn transform_column(&mut self, node: &ast::ColumnRef) -> Result<Expr> {
        let location = node.pos.into();
        let refused = match self.kind() {
            ExprKind::ColumnDefault => "cannot use column reference in DEFAULT expression",
            _ => "",
        };
        if !refused.is_empty() {
            return Err(self.at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, refused), location));
        }
        match node.fields.as_slice() {
            [Field::Name(name)] => self.transform_bare_name(name, location),
            [Field::Name(table), last] => self.transform_qualified(None, table, last, location),
            [Field::Name(schema), Field::Name(table), last] => {
                self.transform_qualified(Some(schema), table, last, location)
            }
            [Field::Name(database), Field::Name(schema), Field::Name(table), last] => {
                if database != self.cx.database {
                    let name = dotted(&node.fields);
                    let err = error!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {name}");
                    return Err(self.at(err, location));
                }
                self.transform_qualified(Some(schema), table, last, location)
            }
            fields => {
                let name = dotted(fields);
                let err = error!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {name}");
                Err(self.at(err, location))
            }
        }
    }

    fn transform_bare_name(&mut self, name: &str, location: Location) -> Result<Expr> {
        if let Some(ColumnHook::DomainValue(value)) = &self.column_hook
            && name == "value"
        {
            return Ok(value.clone());
        }
        if let Some(column) = self.column_by_name(name, false, location)? {
            return Ok(column);
        }
        if let Some((item, levels_up)) = self.refname_item(None, name, location)? {
            return self.whole_row(&item, levels_up, location);
        }
        Err(self.missing_column(None, name, location))
    }

    fn transform_qualified(
        &mut self,
        schema: Option<&str>,
        table: &str,
        last: &Field,
        location: Location,
    ) -> Result<Expr> {
        let Some((item, levels_up)) = self.refname_item(schema, table, location)? else {
            return Err(self.missing_table(schema, table, location));
        };
        let Field::Name(column) = last else { return self.whole_row(&item, levels_up, location) };
        if let Some(found) = self.scan_item_for_column(&item.data, levels_up, column, location)? {
            return Ok(found);
        }
        // It may be a function of the whole row.
        let row = self.whole_row(&item, levels_up, location)?;
        let last_srf = self.top().last_srf.0;
        let name = QualifiedName::single(column, ast::Pos::NONE);
        match self.resolve_call(&name, vec![row], None, last_srf, location)? {
            Some(call) => Ok(call),
            None => Err(self.missing_column(Some(table), column, location)),
        }
    }

    /// All columns of an item as one value.
    pub fn whole_row(&mut self, item: &NsItem, levels_up: u32, location: Location) -> Result<Expr> {
        let rte = &self.level(levels_up).rtable[item.data.rtindex as usize - 1];
        if rte.join().is_some_and(|join| join.using_alias.as_ref() == Some(&item.data.names)) {
            let columns = self.expand_item(&item.data, levels_up, location);
            let column_names = item.data.names.columns.clone();
            let args = columns.into_iter().map(|(_, var)| var.into()).collect();
            let format = Cosmetic(CoercionForm::ImplicitCast);
            return Ok(RowExpr { args, row_type: oids::RECORD, format, column_names, location }.into());
        }
        let type_oid = self.whole_row_type(rte)?;
        let (attno, type_oid) = match type_oid {
            // A function that returns a scalar: its one column.
            Some((1, scalar)) => (1, scalar),
            Some((_, row)) => (0, row),
            None => (0, oids::RECORD),
        };
        let collation = if attno == 1 { item.data.columns[0].collation } else { Oid::INVALID };
        let mut var = Var::new(item.data.rtindex, attno, type_oid, -1, collation);
        var.levels_up = levels_up;
        var.location = location;
        self.mark_for_select(&var);
        Ok(var.into())
    }

    /// The type of a whole-row reference and its column (1 if the entry is a scalar function).
    fn whole_row_type(&self, rte: &crate::query::RangeTblEntry) -> Result<Option<(i16, Oid)>> {
        use crate::query::RteKind;
        match &rte.kind {
            RteKind::Relation(relation) => {
                let row_type = self.cx.relation_row(relation.relid)?.class.reltype;
                if !row_type.is_valid() {
                    let err =
                        error!(WRONG_OBJECT_TYPE, "relation \"{}\" does not have a composite type", rte.eref.name);
                    return Err(err);
                }
                Ok(Some((0, row_type)))
            }
            RteKind::Function(function) if !function.ordinality && function.functions.len() == 1 => {
                let type_oid = function.functions[0].call.type_of();
                let is_row = type_oid == oids::RECORD || self.cx.is_complex(type_oid)?;
                Ok(if is_row { Some((0, type_oid)) } else { Some((1, type_oid)) })
            }
            RteKind::Subquery(subquery) if subquery.view.is_valid() => {
                Ok(Some((0, self.cx.relation_row(subquery.view)?.class.reltype)))
            }
            _ => Ok(None),
        }
    }

    fn transform_indirection(&mut self, node: &ast::IndirectionExpr) -> Result<Expr> {
        let last_srf = self.top().last_srf.0;
        let mut result = self.transform_recursive(&node.arg)?;
        let location = result.location();
        let mut subscripts: Vec<&ast::Indirection> = Vec::new();
        for step in &node.steps {
            match step {
                ast::Indirection::Index(_) | ast::Indirection::Slice(..) => subscripts.push(step),
                ast::Indirection::Star => {
                    let err = error!(FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here");
                    return Err(self.at(err, location));
                }
                ast::Indirection::Field(field) => {
                    result = self.apply_subscripts(result, &std::mem::take(&mut subscripts))?;
                    let name = QualifiedName::single(field, ast::Pos::NONE);
                    result = match self.resolve_call(&name, vec![result.clone()], None, last_srf, location)? {
                        Some(found) => found,
                        None => return Err(self.unknown_field(&result, field, location)?),
                    };
                }
            }
        }
        self.apply_subscripts(result, &subscripts)
    }

    fn apply_subscripts(&mut self, container: Expr, subscripts: &[&ast::Indirection]) -> Result<Expr> {
        match subscripts.is_empty() {
            true => Ok(container),
            false => self.transform_subscripts(container, subscripts, None),
        }
    }

    fn unknown_field(&self, row: &Expr, field: &str, location: Location) -> Result<Error> {
        if let Expr::Var(var) = row
            && var.attno == 0
        {
            let name = &self.level(var.levels_up).rtable[var.varno as usize - 1].eref.name;
            return Ok(self.at(error!(UNDEFINED_COLUMN, "column {name}.{field} does not exist"), location));
        }
        let type_oid = row.type_of();
        let type_name = self.cx.format_type(type_oid);
        let err = if type_oid == oids::RECORD {
            error!(UNDEFINED_COLUMN, "could not identify column \"{field}\" in record data type")
        } else if self.cx.is_complex(type_oid)? {
            error!(UNDEFINED_COLUMN, "column \"{field}\" not found in data type {type_name}")
        } else {
            error!(
                WRONG_OBJECT_TYPE,
                "column notation .{field} applied to type {type_name}, which is not a composite type"
            )
        };
        Ok(self.at(err, location))
    }

    // --- leaves ---

    fn transform_param(&mut self, node: &ast::ParamRef) -> Result<Expr> {
        let location = node.pos.into();
        let missing =
            |this: &Self| this.at(error!(UNDEFINED_PARAMETER, "there is no parameter ${}", node.number), location);
        let at = usize::try_from(node.number - 1).map_err(|_| missing(self))?;
        let type_oid = match &mut self.params {
            Parameters::Fixed(types) => types.get(at).copied().filter(|oid| oid.is_valid()),
            Parameters::Variable(types) if node.number <= PARAMS_MAX => {
                if types.len() <= at {
                    types.resize(at + 1, Oid::INVALID);
                }
                if !types[at].is_valid() {
                    types[at] = oids::UNKNOWN;
                }
                Some(types[at])
            }
            _ => None,
        };
        let type_oid = type_oid.ok_or_else(|| missing(self))?;
        let collation = self.cx.type_collation(type_oid)?;
        Ok(Param { kind: ParamKind::Extern, id: node.number, type_oid, typmod: -1, collation, location }.into())
    }

    fn transform_const(&mut self, node: &ast::Const) -> Result<Expr> {
        let location: Location = node.pos.into();
        let read = |oid: Oid, text: &str| -> Result<Datum> {
            let row = self.cx.type_row(oid)?;
            self.cx.catalog.input(&row, text, -1).map_err(|err| self.at(err, location))
        };
        if matches!(node.value, Literal::BitString(_)) && self.cx.catalog.type_by_oid(oids::BIT)?.is_none() {
            unsupported!("type bit");
        }
        let (type_oid, value) = match &node.value {
            Literal::Null => (oids::UNKNOWN, Datum::Null),
            Literal::Bool(value) => (oids::BOOL, Datum::Bool(*value)),
            Literal::Int(value) => (oids::INT4, Datum::Int4(*value)),
            Literal::Float(text) => match text.parse::<i64>() {
                // Only a negated literal comes here and fits: -2147483648.
                Ok(value) => match i32::try_from(value) {
                    Ok(value) => (oids::INT4, Datum::Int4(value)),
                    Err(_) => (oids::INT8, Datum::Int8(value)),
                },
                Err(_) => (oids::NUMERIC, read(oids::NUMERIC, text)?),
            },
            Literal::String(text) => (oids::UNKNOWN, Datum::text(text)),
            Literal::BitString(text) => (oids::BIT, read(oids::BIT, text)?),
        };
        Ok(Const { type_oid, typmod: -1, collation: Oid::INVALID, value, location }.into())
    }

    fn transform_sql_value(&mut self, node: &ast::SqlValueFunction) -> Result<Expr> {
        use SqlValueFunctionOp as Op;
        use ast::SqlValueOp as A;
        let has_precision = node.precision.is_some();
        let pick = |plain: Op, precise: Op| if has_precision { precise } else { plain };
        let (op, type_oid, name) = match node.op {
            A::CurrentDate => (Op::CurrentDate, oids::DATE, ""),
            A::CurrentTime => (pick(Op::CurrentTime, Op::CurrentTimeN), oids::TIMETZ, "TIME"),
            A::CurrentTimestamp => (pick(Op::CurrentTimestamp, Op::CurrentTimestampN), oids::TIMESTAMPTZ, "TIMESTAMP"),
            A::LocalTime => (pick(Op::LocalTime, Op::LocalTimeN), oids::TIME, "TIME"),
            A::LocalTimestamp => (pick(Op::LocalTimestamp, Op::LocalTimestampN), oids::TIMESTAMP, "TIMESTAMP"),
            A::CurrentRole => (Op::CurrentRole, oids::NAME, ""),
            A::CurrentUser => (Op::CurrentUser, oids::NAME, ""),
            A::User => (Op::User, oids::NAME, ""),
            A::SessionUser => (Op::SessionUser, oids::NAME, ""),
            A::CurrentCatalog => (Op::CurrentCatalog, oids::NAME, ""),
            A::CurrentSchema => (Op::CurrentSchema, oids::NAME, ""),
        };
        let typmod = match node.precision {
            None => -1,
            Some(precision) if precision < 0 => {
                let zone = if matches!(type_oid, oids::TIMETZ | oids::TIMESTAMPTZ) { " WITH TIME ZONE" } else { "" };
                return Err(error!(
                    INVALID_PARAMETER_VALUE,
                    "{name}({precision}){zone} precision must not be negative"
                ));
            }
            // Beyond six digits the precision is reduced, with a warning that has no channel here.
            Some(precision) => precision.min(6),
        };
        Ok(SqlValueFunction { op, type_oid, typmod, location: node.pos.into() }.into())
    }

    // --- casts ---

    fn transform_cast(&mut self, node: &ast::TypeCast) -> Result<Expr> {
        let target = self.cx.resolve_type_name(&node.target)?;
        let expr = match &node.arg {
            ast::Expr::Array(array) => {
                let base = self.cx.base_type_and_typmod(target.oid, target.typmod)?;
                let element = self.cx.element_type(base.oid)?;
                let wanted = element.is_valid().then_some((base.oid, element, base.typmod));
                self.transform_array(array, wanted)?
            }
            arg => self.transform_recursive(arg)?,
        };
        let location: Location = if node.pos.is_some() { node.pos.into() } else { node.target.pos.into() };
        let (source, own_location) = (expr.type_of(), expr.location());
        match self.coerce_to_target(expr, target.oid, target.typmod, Coercion::cast(location))? {
            Some(cast) => Ok(cast),
            None => {
                let (from, to) = (self.cx.format_type(source), self.cx.format_type(target.oid));
                let err = error!(CANNOT_COERCE, "cannot cast type {from} to {to}");
                Err(self.at(err, if location.is_known() { location } else { own_location }))
            }
        }
    }

    fn transform_collate(&mut self, node: &ast::CollateExpr) -> Result<Expr> {
        let arg = self.transform_recursive(&node.arg)?;
        let type_oid = arg.type_of();
        if type_oid != oids::UNKNOWN && !self.cx.is_collatable(type_oid)? {
            let name = self.cx.format_type(type_oid);
            let err = error!(DATATYPE_MISMATCH, "collations are not supported by type {name}");
            return Err(self.at(err, node.pos));
        }
        let collation = self.cx.resolve_collation(&node.collation, node.pos.into())?;
        Ok(CollateExpr { arg, collation, location: node.pos.into() }.into())
    }

    // --- operators ---

    fn transform_op(&mut self, node: &ast::OpExpr) -> Result<Expr> {
        let location = node.pos.into();
        match (node.kind, &node.left) {
            (OpKind::Any | OpKind::All, Some(left)) => {
                let left = self.transform_recursive(left)?;
                let right = self.transform_recursive(&node.right)?;
                self.make_scalar_array_op(&node.name, node.kind == OpKind::Any, left, right, location)
            }
            (OpKind::Distinct | OpKind::NotDistinct, Some(left)) => self.transform_distinct_from(node, left),
            (OpKind::NullIf, Some(left)) => self.transform_null_if(node, left),
            _ => self.transform_plain_op(node),
        }
    }

    fn transform_plain_op(&mut self, node: &ast::OpExpr) -> Result<Expr> {
        let location: Location = node.pos.into();
        let last_srf = self.top().last_srf.0;
        let Some(left) = &node.left else {
            let right = self.transform_recursive(&node.right)?;
            return self.make_op(&node.name, None, right, last_srf, location);
        };
        if self.cx.transform_null_equals && node.name == OperatorName::bare("=") {
            let tested = match (is_null(left), is_null(&node.right)) {
                (true, _) => Some(&node.right),
                (_, true) => Some(left),
                _ => None,
            };
            if let Some(tested) = tested {
                let arg = self.transform_recursive(tested)?;
                return self.null_test(arg, true, location);
            }
        }
        match (left, &node.right) {
            (ast::Expr::Row(_), ast::Expr::SubLink(link)) if link.kind == ast::SubLinkKind::Scalar => self
                .transform_comparing_sublink(
                    SubLinkType::RowCompare,
                    Some(left),
                    Some(&node.name),
                    &link.query,
                    location,
                ),
            (ast::Expr::Row(_), ast::Expr::Row(_)) => {
                let (left, right) = (self.transform_recursive(left)?, self.transform_recursive(&node.right)?);
                match (left, right) {
                    (Expr::RowExpr(left), Expr::RowExpr(right)) => {
                        self.make_row_comparison(&node.name, left.args, right.args, location)
                    }
                    (left, right) => self.make_op(&node.name, Some(left), right, last_srf, location),
                }
            }
            _ => {
                let left = self.transform_recursive(left)?;
                let right = self.transform_recursive(&node.right)?;
                self.make_op(&node.name, Some(left), right, last_srf, location)
            }
        }
    }

    fn transform_distinct_from(&mut self, node: &ast::OpExpr, left: &ast::Expr) -> Result<Expr> {
        let location: Location = node.pos.into();
        let negated = node.kind == OpKind::NotDistinct;
        let tested = match (is_null(&node.right), is_null(left)) {
            (true, _) => Some(left),
            (_, true) => Some(&node.right),
            _ => None,
        };
        if let Some(tested) = tested {
            let arg = self.transform_recursive(tested)?;
            return self.null_test(arg, negated, location);
        }
        let (left, right) = (self.transform_recursive(left)?, self.transform_recursive(&node.right)?);
        let result = match (left, right) {
            (Expr::RowExpr(left), Expr::RowExpr(right)) => {
                self.make_row_distinct(&node.name, left.args, right.args, location)?
            }
            (left, right) => self.make_distinct(&node.name, left, right, location)?,
        };
        Ok(match negated {
            true => BoolExpr { op: BoolExprType::Not, args: vec![result], location }.into(),
            false => result,
        })
    }

    fn transform_null_if(&mut self, node: &ast::OpExpr, left: &ast::Expr) -> Result<Expr> {
        let location: Location = node.pos.into();
        let (left, right) = (self.transform_recursive(left)?, self.transform_recursive(&node.right)?);
        let last_srf = self.top().last_srf.0;
        let made = self.make_op(&node.name, Some(left), right, last_srf, location)?;
        let Expr::OpExpr(mut op) = made else { return Ok(made) };
        let refuse = |message: &str| Err(self.at(Error::new(SqlState::DATATYPE_MISMATCH, message), location));
        if op.result_type != oids::BOOL {
            return refuse("NULLIF requires = operator to yield boolean");
        }
        if op.returns_set {
            return refuse("NULLIF must not return a set");
        }
        op.result_type = op.args[0].type_of();
        Ok(Expr::NullIfExpr(op))
    }

    fn transform_in(&mut self, node: &ast::InExpr) -> Result<Expr> {
        let location: Location = node.pos.into();
        let name = OperatorName::bare(if node.negated { "<>" } else { "=" });
        let use_or = !node.negated;
        let left = self.transform_recursive(&node.arg)?;
        let mut items = Vec::with_capacity(node.list.len());
        for item in &node.list {
            items.push(self.transform_recursive(item)?);
        }
        let (with_vars, mut without): (Vec<Expr>, Vec<Expr>) =
            items.iter().cloned().partition(crate::vars::contains_own_var);
        let mut result = None;
        if without.len() > 1
            && let Some((scalar, array_type)) = self.in_array_type(&left, &without)?
        {
            for item in &mut without {
                let taken = std::mem::replace(item, Const::bool(true).into());
                *item = self.coerce_to_common(taken, scalar, "IN")?;
            }
            let array = ArrayExpr {
                array_type,
                collation: Oid::INVALID,
                element_type: scalar,
                elements: without,
                multidims: false,
                location: Location::UNKNOWN,
            };
            result = Some(self.make_scalar_array_op(&name, use_or, left.clone(), array.into(), location)?);
            items = with_vars;
        }
        for item in items {
            let compared = match (&left, item) {
                (Expr::RowExpr(left), Expr::RowExpr(right)) => {
                    self.make_row_comparison(&name, left.args.clone(), right.args, location)?
                }
                (left, right) => {
                    let last_srf = self.top().last_srf.0;
                    self.make_op(&name, Some(left.clone()), right, last_srf, location)?
                }
            };
            let compared = self.coerce_to_boolean(compared, "IN")?;
            let op = if use_or { BoolExprType::Or } else { BoolExprType::And };
            result = Some(match result {
                None => compared,
                Some(before) => BoolExpr { op, args: vec![before, compared], location }.into(),
            });
        }
        result.ok_or_else(|| Error::internal("IN without a list"))
    }

    /// The common type of a list of IN and its array type, if the list can be an array.
    fn in_array_type(&self, left: &Expr, items: &[Expr]) -> Result<Option<(Oid, Oid)>> {
        let all: Vec<&Expr> = std::iter::once(left).chain(items).collect();
        let Some(scalar) = self.common_type_if_any(&all)? else { return Ok(None) };
        let types: Vec<Oid> = all.iter().map(|expr| expr.type_of()).collect();
        if scalar == oids::RECORD || !self.verify_common_type(scalar, &types)? {
            return Ok(None);
        }
        let array = self.cx.array_type(scalar)?;
        Ok(array.is_valid().then_some((scalar, array)))
    }

    fn transform_between(&mut self, node: &ast::BetweenExpr) -> Result<Expr> {
        let (low_op, high_op, inner, outer) = match node.negated {
            false => (">=", "<=", BoolExprType::And, BoolExprType::Or),
            true => ("<", ">", BoolExprType::Or, BoolExprType::And),
        };
        let location: Location = node.pos.into();
        let pair = |this: &mut Self, low: &ast::Expr, high: &ast::Expr, construct: &str| -> Result<Expr> {
            let mut args = Vec::with_capacity(2);
            for (op, bound) in [(low_op, low), (high_op, high)] {
                let compared = ast::OpExpr {
                    kind: OpKind::Op,
                    name: OperatorName::bare(op),
                    left: Some(node.arg.clone()),
                    right: bound.clone(),
                    pos: node.pos,
                };
                let compared = this.transform_plain_op(&compared)?;
                args.push(this.coerce_to_boolean(compared, construct)?);
            }
            Ok(BoolExpr { op: inner, args, location }.into())
        };
        let construct = if node.negated { "OR" } else { "AND" };
        let first = pair(self, &node.low, &node.high, construct)?;
        if !node.symmetric {
            return Ok(first);
        }
        let second = pair(self, &node.high, &node.low, construct)?;
        Ok(BoolExpr { op: outer, args: vec![first, second], location }.into())
    }

    fn transform_bool(&mut self, node: &ast::BoolExpr) -> Result<Expr> {
        let (op, name) = match node.op {
            ast::BoolOp::And => (BoolExprType::And, "AND"),
            ast::BoolOp::Or => (BoolExprType::Or, "OR"),
            ast::BoolOp::Not => (BoolExprType::Not, "NOT"),
        };
        let mut args = Vec::with_capacity(node.args.len());
        for arg in &node.args {
            let arg = self.transform_recursive(arg)?;
            args.push(self.coerce_to_boolean(arg, name)?);
        }
        Ok(BoolExpr { op, args, location: node.pos.into() }.into())
    }

    fn transform_null_test(&mut self, node: &ast::NullTest) -> Result<Expr> {
        let arg = self.transform_recursive(&node.arg)?;
        self.null_test(arg, !node.negated, node.pos.into())
    }

    fn null_test(&self, arg: Expr, is_null: bool, location: Location) -> Result<Expr> {
        let arg_is_row = self.cx.is_row_type(arg.type_of())?;
        Ok(NullTest { arg, is_null, arg_is_row, location }.into())
    }

    fn transform_boolean_test(&mut self, node: &ast::BooleanTest) -> Result<Expr> {
        let (test, name) = match node.test {
            ast::BoolTest::True => (BoolTestType::IsTrue, "IS TRUE"),
            ast::BoolTest::NotTrue => (BoolTestType::IsNotTrue, "IS NOT TRUE"),
            ast::BoolTest::False => (BoolTestType::IsFalse, "IS FALSE"),
            ast::BoolTest::NotFalse => (BoolTestType::IsNotFalse, "IS NOT FALSE"),
            ast::BoolTest::Unknown => (BoolTestType::IsUnknown, "IS UNKNOWN"),
            ast::BoolTest::NotUnknown => (BoolTestType::IsNotUnknown, "IS NOT UNKNOWN"),
        };
        let arg = self.transform_recursive(&node.arg)?;
        let arg = self.coerce_to_boolean(arg, name)?;
        Ok(BooleanTest { arg, test, location: node.pos.into() }.into())
    }

    /// `left IS DISTINCT FROM right`.
    pub fn make_distinct(&mut self, name: &OperatorName, left: Expr, right: Expr, location: Location) -> Result<Expr> {
        let last_srf = self.top().last_srf.0;
        let made = self.make_op(name, Some(left), right, last_srf, location)?;
        let Expr::OpExpr(op) = made else { return Ok(made) };
        let refuse = |message: &str| Err(self.at(Error::new(SqlState::DATATYPE_MISMATCH, message), location));
        if op.result_type != oids::BOOL {
            return refuse("IS DISTINCT FROM requires = operator to yield boolean");
        }
        if op.returns_set {
            return refuse("IS DISTINCT FROM must not return a set");
        }
        Ok(Expr::DistinctExpr(op))
    }

    fn make_row_distinct(
        &mut self,
        name: &OperatorName,
        left: Vec<Expr>,
        right: Vec<Expr>,
        location: Location,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(self.at(error!(SYNTAX_ERROR, "unequal number of entries in row expressions"), location));
        }
        let mut args = Vec::with_capacity(left.len());
        for (left, right) in left.into_iter().zip(right) {
            args.push(self.make_distinct(name, left, right, location)?);
        }
        Ok(match args.len() {
            0 => Const::bool(false).into(),
            1 => args.remove(0),
            _ => BoolExpr { op: BoolExprType::Or, args, location }.into(),
        })
    }

    // --- CASE and the like ---

    fn transform_case(&mut self, node: &ast::CaseExpr) -> Result<Expr> {
        let last_srf = self.top().last_srf.0;
        let mut arg = None;
        if let Some(written) = &node.arg {
            let mut tested = self.transform_recursive(written)?;
            if tested.type_of() == oids::UNKNOWN {
                tested = self.coerce_to_common(tested, oids::TEXT, "CASE")?;
            }
            self.assign_collations(&mut tested)?;
            arg = Some(tested);
        }
        let placeholder = arg.as_ref().map(|arg| CaseTestExpr {
            type_oid: arg.type_of(),
            typmod: arg.typmod_of(),
            collation: arg.collation_of(),
        });
        let mut whens = Vec::with_capacity(node.whens.len());
        for when in &node.whens {
            let location: Location = when.pos.into();
            let mut condition = self.transform_recursive(&when.condition)?;
            if let Some(placeholder) = &placeholder {
                let left = Some(Expr::from(placeholder.clone()));
                let inner_srf = self.top().last_srf.0;
                condition = self.make_op(&OperatorName::bare("="), left, condition, inner_srf, location)?;
            }
            let condition = self.coerce_to_boolean(condition, "CASE/WHEN")?;
            let result = self.transform_recursive(&when.result)?;
            whens.push(CaseWhen { condition, result, location });
        }
        let default = match &node.default {
            Some(default) => self.transform_recursive(default)?,
            None => Const::null(oids::UNKNOWN, -1, Oid::INVALID).into(),
        };
        let results: Vec<&Expr> = std::iter::once(&default).chain(whens.iter().map(|when| &when.result)).collect();
        let result_type = self.common_type(&results, "CASE")?;
        let default = Some(self.coerce_to_common(default, result_type, "CASE/ELSE")?);
        for when in &mut whens {
            let result = std::mem::replace(&mut when.result, Const::bool(true).into());
            when.result = self.coerce_to_common(result, result_type, "CASE/WHEN")?;
        }
        self.refuse_srf_since(last_srf, "CASE")?;
        Ok(CaseExpr { result_type, collation: Oid::INVALID, arg, whens, default, location: node.pos.into() }.into())
    }

    fn refuse_srf_since(&self, last_srf: u32, construct: &str) -> Result<()> {
        let (count, location) = self.top().last_srf;
        if count == last_srf {
            return Ok(());
        }
        let err = error!(FEATURE_NOT_SUPPORTED, "set-returning functions are not allowed in {construct}");
        let hint = "You might be able to move the set-returning function into a LATERAL FROM item.";
        Err(self.at(err.hint(hint), location))
    }

    fn common_list(&mut self, written: &[ast::Expr], construct: &str) -> Result<(Oid, Vec<Expr>)> {
        let mut args = Vec::with_capacity(written.len());
        for arg in written {
            args.push(self.transform_recursive(arg)?);
        }
        let common = self.common_type(&args.iter().collect::<Vec<_>>(), construct)?;
        let args = args.into_iter().map(|arg| self.coerce_to_common(arg, common, construct));
        Ok((common, args.collect::<Result<_>>()?))
    }

    fn transform_coalesce(&mut self, node: &ast::CoalesceExpr) -> Result<Expr> {
        let last_srf = self.top().last_srf.0;
        let (result_type, args) = self.common_list(&node.args, "COALESCE")?;
        self.refuse_srf_since(last_srf, "COALESCE")?;
        Ok(CoalesceExpr { result_type, collation: Oid::INVALID, args, location: node.pos.into() }.into())
    }

    fn transform_min_max(&mut self, node: &ast::MinMaxExpr) -> Result<Expr> {
        let name = if node.greatest { "GREATEST" } else { "LEAST" };
        let (result_type, args) = self.common_list(&node.args, name)?;
        Ok(MinMaxExpr {
            result_type,
            collation: Oid::INVALID,
            input_collation: Oid::INVALID,
            greatest: node.greatest,
            args,
            location: node.pos.into(),
        }
        .into())
    }

    /// ARRAY[...]; `wanted` is the array type, element type and modifier that a cast around it asks for.
    fn transform_array(&mut self, node: &ast::ArrayExpr, wanted: Option<(Oid, Oid, i32)>) -> Result<Expr> {
        let location: Location = node.pos.into();
        let mut multidims = false;
        let mut elements = Vec::with_capacity(node.elements.len());
        for element in &node.elements {
            let element = match element {
                ast::Expr::Array(inner) => {
                    multidims = true;
                    self.transform_array(inner, wanted)?
                }
                other => {
                    let element = self.transform_recursive(other)?;
                    let type_oid = element.type_of();
                    let is_vector = matches!(type_oid, oids::INT2VECTOR | oids::OIDVECTOR);
                    multidims |= !is_vector && self.cx.element_type(type_oid)?.is_valid();
                    element
                }
            };
            elements.push(element);
        }
        let (array_type, element_type) = match wanted {
            Some((array, element, _)) => (array, element),
            None => self.array_types_of(&elements, multidims, location)?,
        };
        let common = if multidims { array_type } else { element_type };
        let mut coerced = Vec::with_capacity(elements.len());
        for element in elements {
            coerced.push(match wanted {
                None => self.coerce_to_common(element, common, "ARRAY")?,
                Some((_, _, typmod)) => {
                    let (source, at) = (element.type_of(), element.location());
                    let how = Coercion::cast(Location::UNKNOWN);
                    self.coerce_to_target(element, common, typmod, how)?.ok_or_else(|| {
                        let (from, to) = (self.cx.format_type(source), self.cx.format_type(common));
                        self.at(error!(CANNOT_COERCE, "cannot cast type {from} to {to}"), at)
                    })?
                }
            });
        }
        let collation = Oid::INVALID;
        Ok(ArrayExpr { array_type, collation, element_type, elements: coerced, multidims, location }.into())
    }

    fn array_types_of(&self, elements: &[Expr], multidims: bool, location: Location) -> Result<(Oid, Oid)> {
        if elements.is_empty() {
            let err = error!(INDETERMINATE_DATATYPE, "cannot determine type of empty array");
            let hint = "Explicitly cast to the desired type, for example ARRAY[]::integer[].";
            return Err(self.at(err.hint(hint), location));
        }
        let common = self.common_type(&elements.iter().collect::<Vec<_>>(), "ARRAY")?;
        if multidims {
            let element = self.cx.element_type(common)?;
            if !element.is_valid() {
                let name = self.cx.format_type(common);
                let err = error!(UNDEFINED_OBJECT, "could not find element type for data type {name}");
                return Err(self.at(err, location));
            }
            return Ok((common, element));
        }
        let array = self.cx.array_type(common)?;
        match array.is_valid() {
            true => Ok((array, common)),
            false => Err(self.cx.no_array_type(common, location)),
        }
    }

    /// ROW(...); DEFAULT may be a field in an assignment.
    pub fn transform_row(&mut self, node: &ast::RowExpr, allow_default: bool) -> Result<Expr> {
        let kind = self.kind();
        let args = self.transform_list(&node.args, kind, allow_default)?;
        if args.len() > 1664 {
            let err = error!(TOO_MANY_COLUMNS, "ROW expressions can have at most 1664 entries");
            return Err(self.at(err, node.pos));
        }
        let column_names = (1..=args.len()).map(|n| format!("f{n}")).collect();
        let format = Cosmetic(CoercionForm::ImplicitCast);
        Ok(RowExpr { args, row_type: oids::RECORD, format, column_names, location: node.pos.into() }.into())
    }

    /// A list of expressions where `t.*` stands for many, and DEFAULT may be allowed.
    pub fn transform_list(&mut self, list: &[ast::Expr], kind: ExprKind, allow_default: bool) -> Result<Vec<Expr>> {
        let mut out = Vec::with_capacity(list.len());
        for item in list {
            match item {
                ast::Expr::Column(column) if column.fields.last() == Some(&Field::Star) => {
                    out.extend(self.expand_star_exprs(column)?);
                }
                ast::Expr::Indirection(node) if node.steps.last() == Some(&ast::Indirection::Star) => {
                    out.extend(self.expand_row_star(node, kind)?.into_iter().map(|(_, expr)| expr));
                }
                ast::Expr::Default(pos) if allow_default => {
                    let location = (*pos).into();
                    let default =
                        SetToDefault { type_oid: oids::UNKNOWN, typmod: -1, collation: Oid::INVALID, location };
                    out.push(default.into());
                }
                other => out.push(self.transform_expr(other, kind)?),
            }
        }
        Ok(out)
    }

    // --- sub-selects ---

    fn transform_sublink(&mut self, node: &ast::SubLink) -> Result<Expr> {
        let location = node.pos.into();
        match node.kind {
            ast::SubLinkKind::Exists => self.simple_sublink(SubLinkType::Exists, &node.query, location),
            ast::SubLinkKind::Scalar => self.simple_sublink(SubLinkType::Expr, &node.query, location),
            ast::SubLinkKind::Array => self.simple_sublink(SubLinkType::Array, &node.query, location),
            ast::SubLinkKind::Any => {
                let kind = SubLinkType::Any;
                self.transform_comparing_sublink(
                    kind,
                    node.test.as_ref(),
                    node.operator.as_ref(),
                    &node.query,
                    location,
                )
            }
            ast::SubLinkKind::All => {
                let kind = SubLinkType::All;
                self.transform_comparing_sublink(
                    kind,
                    node.test.as_ref(),
                    node.operator.as_ref(),
                    &node.query,
                    location,
                )
            }
        }
    }

    fn check_sublink_allowed(&self, location: Location) -> Result<()> {
        use ExprKind as K;
        let words = match self.kind() {
            K::CheckConstraint | K::DomainCheck => "check constraint",
            K::ColumnDefault | K::FunctionDefault => "DEFAULT expression",
            K::IndexExpression => "index expression",
            K::IndexPredicate => "index predicate",
            K::StatsExpression => "statistics expression",
            K::AlterColTransform => "transform expression",
            K::ExecuteParameter => "EXECUTE parameter",
            K::PartitionExpression => "partition key expression",
            K::CallArgument => "CALL argument",
            K::CopyWhere => "COPY FROM WHERE condition",
            K::GeneratedColumn => "column generation expression",
            _ => return Ok(()),
        };
        Err(self.at(error!(FEATURE_NOT_SUPPORTED, "cannot use subquery in {words}"), location))
    }

    fn sublink_query(&mut self, query: &ast::SelectStmt, location: Location) -> Result<crate::query::Query> {
        self.check_sublink_allowed(location)?;
        self.state().has_sublinks = true;
        self.transform_subselect(query, None, false, true)
    }

    /// A sub-select whose own columns are the value: EXISTS, scalar, ARRAY, or the source of a multi-column assignment.
    pub fn simple_sublink(&mut self, kind: SubLinkType, query: &ast::SelectStmt, location: Location) -> Result<Expr> {
        let query = self.sublink_query(query, location)?;
        let mut array_type = Oid::INVALID;
        if matches!(kind, SubLinkType::Expr | SubLinkType::Array) {
            let mut columns = query.targets.iter().filter(|target| !target.junk);
            let (Some(first), None) = (columns.next(), columns.next()) else {
                return Err(self.at(error!(SYNTAX_ERROR, "subquery must return only one column"), location));
            };
            if kind == SubLinkType::Array {
                let element = first.expr.type_of();
                array_type = self.cx.promoted_array_type(element)?;
                if !array_type.is_valid() {
                    return Err(self.cx.no_array_type(element, Location::UNKNOWN));
                }
            }
        }
        let query = Box::new(query);
        Ok(SubLink { kind, id: 0, test: None, operator_name: Vec::new(), query, array_type, location }.into())
    }

    fn transform_comparing_sublink(
        &mut self,
        kind: SubLinkType,
        test: Option<&ast::Expr>,
        operator: Option<&OperatorName>,
        query: &ast::SelectStmt,
        location: Location,
    ) -> Result<Expr> {
        let query = self.sublink_query(query, location)?;
        let test = test.ok_or_else(|| Error::internal("a comparison with a sub-select has a left side"))?;
        let left = match self.transform_recursive(test)? {
            Expr::RowExpr(row) => row.args,
            other => vec![other],
        };
        let right: Vec<Expr> = query
            .targets
            .iter()
            .filter(|target| !target.junk)
            .map(|target| {
                Expr::from(Param {
                    kind: ParamKind::Sublink,
                    id: i32::from(target.resno),
                    type_oid: target.expr.type_of(),
                    typmod: target.expr.typmod_of(),
                    collation: target.expr.collation_of(),
                    location: Location::UNKNOWN,
                })
            })
            .collect();
        match left.len().cmp(&right.len()) {
            std::cmp::Ordering::Less => {
                return Err(self.at(error!(SYNTAX_ERROR, "subquery has too many columns"), location));
            }
            std::cmp::Ordering::Greater => {
                return Err(self.at(error!(SYNTAX_ERROR, "subquery has too few columns"), location));
            }
            std::cmp::Ordering::Equal => {}
        }
        let operator_name =
            operator.map_or_else(Vec::new, |name| name.schema.iter().cloned().chain([name.name.clone()]).collect());
        let equals = OperatorName::bare("=");
        let test = self.make_row_comparison(operator.unwrap_or(&equals), left, right, location)?;
        let query = Box::new(query);
        Ok(SubLink { kind, id: 0, test: Some(test), operator_name, query, array_type: Oid::INVALID, location }.into())
    }

    /// Checks that an operator of a row comparison answers one truth value.
    pub fn check_row_comparison_operator(&self, compared: &Expr, location: Location) -> Result<()> {
        if compared.type_of() != oids::BOOL {
            let name = self.cx.format_type(compared.type_of());
            let err = error!(DATATYPE_MISMATCH, "row comparison operator must yield type boolean, not type {name}");
            return Err(self.at(err, location));
        }
        if returns_set(compared) {
            let err = error!(DATATYPE_MISMATCH, "row comparison operator must not return a set");
            return Err(self.at(err, location));
        }
        Ok(())
    }
}

fn is_null(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::Const(ast::Const { value: Literal::Null, .. }))
}

fn dotted(fields: &[Field]) -> String {
    let names = fields.iter().map(|field| match field {
        Field::Name(name) => name.as_str(),
        Field::Star => "*",
    });
    names.collect::<Vec<_>>().join(".")
}
