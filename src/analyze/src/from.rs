//! FROM: tables, sub-queries, functions and joins.
//!
//! Source: PostgreSQL 15 parse_clause.c.

use crate::coerce::{Coercion, common_typmod, relabel};
use crate::expr::{BoolExpr, BoolExprType, CoalesceExpr, Expr, Location, Var};
use crate::query::{Alias, FromItem, JoinExpr, JoinType, RangeTblEntry, RteJoin, RteKind, lock_mode};
use crate::relation::column_var;
use crate::state::{Analyzer, ExprKind, NsColumn, NsData, NsItem};
use crate::target::figure_column_name;
use base::Oid;
use parser::ast::{self, JoinQual, OperatorName, QualifiedName, RangeVar, TableRef};
use report::{Result, error, unsupported};
use std::rc::Rc;

/// An analysed FROM item: its node, what it means as a whole, and the names that it brings.
struct Item {
    node: FromItem,
    top: NsItem,
    namespace: Vec<NsItem>,
}

impl Analyzer<'_, '_> {
    /// FROM: the items join the namespace and are answered.
    pub fn transform_from(&mut self, from: &[TableRef]) -> Result<Vec<FromItem>> {
        let mut nodes = Vec::with_capacity(from.len());
        for item in from {
            let mut item = self.transform_from_item(item)?;
            self.check_namespace_conflicts(&self.top().namespace, &item.namespace)?;
            set_lateral(&mut item.namespace, true, true);
            nodes.push(item.node);
            self.state().namespace.append(&mut item.namespace);
        }
        set_lateral(&mut self.state().namespace, false, true);
        Ok(nodes)
    }

    fn transform_from_item(&mut self, item: &TableRef) -> Result<Item> {
        let top = match item {
            TableRef::Join(join) => return self.transform_join(join),
            TableRef::Relation(relation) => self.transform_relation(relation)?,
            TableRef::Subselect(subselect) => self.transform_range_subselect(subselect)?,
            TableRef::Function(function) => self.transform_range_function(function)?,
            TableRef::TableFunc(_) => unsupported!("XMLTABLE"),
            TableRef::Sample(_) => unsupported!("TABLESAMPLE"),
        };
        let node = FromItem::Rel(top.data.rtindex);
        Ok(Item { node, namespace: vec![top.clone()], top })
    }

    /// A table, or a reference to WITH.
    fn transform_relation(&mut self, relation: &RangeVar) -> Result<NsItem> {
        if relation.schema.is_none()
            && let Some((levels_up, at)) = self.find_cte(&relation.name)
        {
            return self.add_cte_reference(levels_up, at, relation);
        }
        let entry = self.open_table(relation)?;
        let alias = relation.alias.as_deref().map(Self::alias_of);
        let locked = self.is_locked(alias.as_ref().map_or(&relation.name, |alias| &alias.name));
        let mode = if locked { lock_mode::ROW_SHARE } else { lock_mode::ACCESS_SHARE };
        self.add_relation(&entry, alias, mode, relation.inherit)
    }

    /// The level and place of the WITH query with this name.
    pub fn find_cte(&self, name: &str) -> Option<(u32, usize)> {
        (0..self.states.len() as u32).find_map(|levels_up| {
            let at = self.level(levels_up).ctes.iter().position(|entry| entry.cte.name == name)?;
            Some((levels_up, at))
        })
    }

    /// True if FOR UPDATE and the like apply to a table of this name.
    pub fn is_locked(&self, name: &str) -> bool {
        let state = self.top();
        state.locked_from_parent
            || state.locking.iter().any(|clause| {
                clause.relations.is_empty() || clause.relations.iter().any(|relation| relation.name == name)
            })
    }

    fn transform_range_subselect(&mut self, subselect: &ast::RangeSubselect) -> Result<NsItem> {
        let Some(alias) = &subselect.alias else {
            return Err(self.at(error!(SYNTAX_ERROR, "subquery in FROM must have an alias"), subselect.pos));
        };
        let alias = Self::alias_of(alias);
        let saved = self.state().kind.replace(ExprKind::FromSubselect);
        self.state().lateral_active = subselect.lateral;
        let locked = self.is_locked(&alias.name);
        let query = self.transform_subselect(&subselect.query, None, locked, true);
        self.state().lateral_active = false;
        self.state().kind = saved;
        self.add_subquery(query?, alias, subselect.lateral, true)
    }

    fn transform_range_function(&mut self, function: &ast::RangeFunction) -> Result<NsItem> {
        self.state().lateral_active = true;
        let calls = self.transform_range_calls(function);
        self.state().lateral_active = false;
        let mut calls = calls?;
        for (_, call, _) in &mut calls {
            self.assign_collations(call)?;
        }
        if let Some(first) = function.column_defs.first() {
            let refuse = |message: &str, hint: &str| {
                let err = report::Error::new(report::SqlState::SYNTAX_ERROR, message).hint(hint);
                Err(self.at(err, first.pos))
            };
            if calls.len() != 1 {
                return match function.rows_from {
                    true => refuse(
                        "ROWS FROM() with multiple functions cannot have a column definition list",
                        "Put a separate column definition list for each function inside ROWS FROM().",
                    ),
                    false => refuse(
                        "UNNEST() with multiple arguments cannot have a column definition list",
                        "Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to each one.",
                    ),
                };
            }
            if function.ordinality {
                return refuse(
                    "WITH ORDINALITY cannot be used with a column definition list",
                    "Put the column definition list inside ROWS FROM().",
                );
            }
            if !calls[0].2.is_empty() {
                let err =
                    error!(SYNTAX_ERROR, "multiple column definition lists are not allowed for the same function");
                return Err(self.at(err, first.pos));
            }
            calls[0].2 = &function.column_defs;
        }
        let lateral = function.lateral || calls.iter().any(|(_, call, _)| crate::vars::contains_own_var(call));
        self.add_functions(calls, function, lateral)
    }

    fn transform_range_calls<'f>(
        &mut self,
        function: &'f ast::RangeFunction,
    ) -> Result<Vec<(String, Expr, &'f [ast::ColumnDefinition])>> {
        let mut calls = Vec::with_capacity(function.functions.len());
        for item in &function.functions {
            let definitions = item.column_defs.as_slice();
            // unnest(a, b) is short for ROWS FROM (unnest(a), unnest(b)).
            if let ast::Expr::Func(call) = &item.call
                && definitions.is_empty()
                && is_plain_unnest(call)
            {
                for arg in &call.args {
                    let mut one = (**call).clone();
                    one.name = QualifiedName::system("unnest", call.name.pos);
                    one.args = vec![arg.clone()];
                    let made = self.transform_top_call(&ast::Expr::Func(Box::new(one)))?;
                    calls.push(("unnest".to_owned(), made, definitions));
                }
                continue;
            }
            let made = self.transform_top_call(&item.call)?;
            calls.push((figure_column_name(&item.call), made, definitions));
        }
        Ok(calls)
    }

    /// A function of FROM: sets may be returned at its top only.
    fn transform_top_call(&mut self, call: &ast::Expr) -> Result<Expr> {
        let before = self.top().last_srf.0;
        let made = self.transform_expr(call, ExprKind::FromFunction)?;
        let (count, location) = self.top().last_srf;
        if count != before && !made.is_set_returning() {
            let err = error!(FEATURE_NOT_SUPPORTED, "set-returning functions must appear at top level of FROM");
            return Err(self.at(err, location));
        }
        Ok(made)
    }

    // --- joins ---

    fn transform_join(&mut self, join: &ast::JoinExpr) -> Result<Item> {
        let join_type = match join.kind {
            ast::JoinType::Inner => JoinType::Inner,
            ast::JoinType::Left => JoinType::Left,
            ast::JoinType::Full => JoinType::Full,
            ast::JoinType::Right => JoinType::Right,
        };
        let mut left = self.transform_from_item(&join.left)?;
        // The right side may refer to the left if it is LATERAL.
        let lateral_ok = matches!(join_type, JoinType::Inner | JoinType::Left);
        set_lateral(&mut left.namespace, true, lateral_ok);
        let depth = self.top().namespace.len();
        let visible = left.namespace.clone();
        self.state().namespace.extend(visible);
        let right = self.transform_from_item(&join.right);
        self.state().namespace.truncate(depth);
        let right = right?;
        self.check_namespace_conflicts(&left.namespace, &right.namespace)?;
        let mut namespace = left.namespace;
        namespace.extend(right.namespace);
        let (l, r) = (Rc::clone(&left.top.data), Rc::clone(&right.top.data));

        let (using, using_alias) = match &join.qual {
            JoinQual::Using(columns, alias) => (columns.clone(), alias.clone()),
            _ if join.natural => (common_names(&l.names, &r.names), None),
            _ => (Vec::new(), None),
        };
        let using_alias = using_alias.map(|name| Alias { name, columns: using.clone() });
        let mut shape = Shape::default();
        let mut quals = None;
        if !using.is_empty() {
            quals = Some(self.transform_using(&using, join_type, (&l, &r), &mut shape)?);
        } else if let JoinQual::On(condition) = &join.qual {
            quals = Some(self.transform_on(condition, &mut namespace)?);
        }
        shape.add_rest(&l, true);
        shape.add_rest(&r, false);
        let alias = join.alias.as_ref().map(Self::alias_of);
        let top = self.add_join(join_type, shape, using.len(), using_alias.clone(), alias.clone())?;
        if let Some(names) = &using_alias {
            let data = NsData { names: names.clone(), rtindex: top.data.rtindex, columns: top.data.columns.clone() };
            let item = NsItem::new(data);
            self.check_namespace_conflicts(std::slice::from_ref(&item), &namespace)?;
            namespace.push(item);
        }
        match alias {
            Some(_) => namespace.clear(),
            None => namespace.iter_mut().for_each(|item| item.cols_visible = false),
        }
        let top = NsItem { rel_visible: alias.is_some(), ..top };
        namespace.push(top.clone());
        let node = JoinExpr {
            join_type,
            natural: join.natural,
            left: left.node,
            right: right.node,
            using,
            using_alias,
            quals,
            alias,
            rtindex: top.data.rtindex,
        };
        Ok(Item { node: FromItem::Join(Box::new(node)), top, namespace })
    }

    /// ON: sees the two sides only (and outer queries).
    fn transform_on(&mut self, condition: &ast::Expr, namespace: &mut [NsItem]) -> Result<Expr> {
        set_lateral(namespace, false, true);
        let saved = std::mem::replace(&mut self.state().namespace, namespace.to_vec());
        let result = self.transform_where(Some(condition), ExprKind::JoinOn, "JOIN/ON");
        self.state().namespace = saved;
        Ok(result?.expect("a condition was given"))
    }

    fn transform_using(
        &mut self,
        using: &[String],
        join_type: JoinType,
        (left, right): (&Rc<NsData>, &Rc<NsData>),
        shape: &mut Shape,
    ) -> Result<Expr> {
        let mut conditions = Vec::with_capacity(using.len());
        for name in using {
            if shape.names.contains(name) {
                return Err(error!(DUPLICATE_COLUMN, "column name \"{name}\" appears more than once in USING clause"));
            }
            let at_left = using_column(&left.names, name, "left")?;
            let at_right = using_column(&right.names, name, "right")?;
            let l = column_var(&left.columns[at_left], 0, Location::UNKNOWN);
            let r = column_var(&right.columns[at_right], 0, Location::UNKNOWN);
            shape.left.push(at_left as i16 + 1);
            shape.right.push(at_right as i16 + 1);
            shape.names.push(name.clone());
            let merged = self.merge_columns(join_type, &l, &r)?;
            let number = shape.names.len() as i16;
            shape.columns.push(match &merged {
                Expr::Var(var) if same_var(var, &l) => left.columns[at_left].clone(),
                Expr::Var(var) if same_var(var, &r) => right.columns[at_right].clone(),
                // A column of the join itself; its number is filled in once the join has one.
                other => NsColumn {
                    varno: 0,
                    attno: number,
                    type_oid: other.type_of(),
                    typmod: other.typmod_of(),
                    collation: other.collation_of(),
                    syntactic: (0, number),
                    dont_expand: false,
                },
            });
            shape.vars.push(Some(merged));
            conditions.push((l, r));
        }
        self.using_condition(conditions)
    }

    fn using_condition(&mut self, pairs: Vec<(Var, Var)>) -> Result<Expr> {
        let saved = self.state().kind.replace(ExprKind::JoinUsing);
        let mut args = Vec::with_capacity(pairs.len());
        for (left, right) in pairs {
            self.mark_for_select(&left);
            self.mark_for_select(&right);
            let last_srf = self.top().last_srf.0;
            let equal = OperatorName::bare("=");
            let condition = self.make_op(&equal, Some(left.into()), right.into(), last_srf, Location::UNKNOWN)?;
            args.push(condition);
        }
        let condition = match args.len() {
            1 => args.remove(0),
            _ => {
                let coerced = args.into_iter().map(|arg| self.coerce_to_boolean(arg, "AND")).collect::<Result<_>>()?;
                BoolExpr { op: BoolExprType::And, args: coerced, location: Location::UNKNOWN }.into()
            }
        };
        self.state().kind = saved;
        self.coerce_to_boolean(condition, "JOIN/USING")
    }

    /// The column that USING makes of two.
    fn merge_columns(&mut self, join_type: JoinType, left: &Var, right: &Var) -> Result<Expr> {
        let (l, r) = (Expr::from(left.clone()), Expr::from(right.clone()));
        let common = self.common_type(&[&l, &r], "JOIN/USING")?;
        let typmod = common_typmod(&[&l, &r], common);
        let mut fit = |expr: Expr, var: &Var| -> Result<Expr> {
            if var.type_oid != common {
                return self.coerce(expr, var.type_oid, common, typmod, Coercion::IMPLICIT);
            }
            Ok(match var.typmod == typmod {
                true => expr,
                false => relabel(expr, common, typmod, Oid::INVALID, Coercion::IMPLICIT),
            })
        };
        let (l, r) = (fit(l, left)?, fit(r, right)?);
        let mut merged = match join_type {
            JoinType::Right => r,
            JoinType::Full => CoalesceExpr {
                result_type: common,
                collation: Oid::INVALID,
                args: vec![l, r],
                location: Location::UNKNOWN,
            }
            .into(),
            JoinType::Inner if !matches!(l, Expr::Var(_)) && matches!(r, Expr::Var(_)) => r,
            _ => l,
        };
        self.assign_collations(&mut merged)?;
        Ok(merged)
    }

    fn add_join(
        &mut self,
        join_type: JoinType,
        shape: Shape,
        merged_columns: usize,
        using_alias: Option<Alias>,
        alias: Option<Alias>,
    ) -> Result<NsItem> {
        let mut eref = alias.clone().unwrap_or_else(|| Alias { name: "unnamed_join".to_owned(), columns: Vec::new() });
        let (given, available) = (eref.columns.len(), shape.names.len());
        if given > available {
            return Err(error!(
                INVALID_COLUMN_REFERENCE,
                "join expression \"{}\" has {available} columns available but {given} columns specified", eref.name
            ));
        }
        eref.columns.extend_from_slice(&shape.names[given..]);
        let rtindex = self.next_rtindex();
        let mut columns = shape.columns;
        for (at, column) in columns.iter_mut().enumerate() {
            if column.varno == 0 {
                column.varno = rtindex;
            }
            if alias.is_some() {
                column.syntactic = (rtindex, at as i16 + 1);
            } else if column.syntactic.0 == 0 {
                column.syntactic.0 = rtindex;
            }
        }
        let kind = RteKind::Join(RteJoin {
            join_type,
            merged_columns,
            alias_vars: shape.vars,
            left_columns: shape.left,
            right_columns: shape.right,
            using_alias,
        });
        Ok(self.add_rte(RangeTblEntry::new(kind, alias, eref), columns))
    }
}

/// The columns of a join as they are gathered: merged ones first.
#[derive(Default)]
struct Shape {
    names: Vec<String>,
    vars: Vec<Option<Expr>>,
    columns: Vec<NsColumn>,
    left: Vec<i16>,
    right: Vec<i16>,
}

impl Shape {
    /// Adds a side's columns that were not merged.
    fn add_rest(&mut self, side: &NsData, is_left: bool) {
        let merged = if is_left { self.left.clone() } else { self.right.clone() };
        for (at, name) in side.names.columns.iter().enumerate() {
            let number = at as i16 + 1;
            if name.is_empty() || merged.contains(&number) {
                continue;
            }
            if is_left {
                self.left.push(number);
            } else {
                self.right.push(number);
            }
            self.names.push(name.clone());
            self.vars.push(Some(column_var(&side.columns[at], 0, Location::UNKNOWN).into()));
            self.columns.push(side.columns[at].clone());
        }
    }
}

fn same_var(a: &Var, b: &Var) -> bool {
    a.varno == b.varno && a.attno == b.attno && a.type_oid == b.type_oid && a.typmod == b.typmod
}

fn common_names(left: &Alias, right: &Alias) -> Vec<String> {
    let shared = |name: &&String| !name.is_empty() && right.columns.contains(name);
    left.columns.iter().filter(shared).cloned().collect()
}

fn using_column(names: &Alias, name: &str, side: &str) -> Result<usize> {
    let mut found = names.columns.iter().enumerate().filter(|(_, column)| *column == name);
    let Some((at, _)) = found.next() else {
        return Err(error!(
            UNDEFINED_COLUMN,
            "column \"{name}\" specified in USING clause does not exist in {side} table"
        ));
    };
    match found.next() {
        None => Ok(at),
        Some(_) => {
            Err(error!(AMBIGUOUS_COLUMN, "common column name \"{name}\" appears more than once in {side} table"))
        }
    }
}

fn set_lateral(namespace: &mut [NsItem], lateral_only: bool, lateral_ok: bool) {
    for item in namespace {
        (item.lateral_only, item.lateral_ok) = (lateral_only, lateral_ok);
    }
}

fn is_plain_unnest(call: &ast::FuncCall) -> bool {
    call.name.parts.len() == 1
        && call.name.last() == "unnest"
        && call.args.len() > 1
        && call.order_by.is_empty()
        && call.filter.is_none()
        && call.over.is_none()
        && !call.star
        && !call.distinct
        && !call.variadic
}
