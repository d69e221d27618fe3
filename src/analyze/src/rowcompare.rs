//! Comparison of rows, and subscripts.
//!
//! Source: PostgreSQL 15 parse_expr.c (make_row_comparison_op), parse_node.c and arraysubs.c.

use crate::coerce::Coercion;
use crate::expr::{BoolExpr, BoolExprType, Const, Expr, Location, RowCompareExpr, RowCompareType, SubscriptingRef};
use crate::oids;
use crate::state::Analyzer;
use base::Oid;
use parser::ast::{Indirection, OperatorName};
use report::{Result, error};
use tuple::Datum;

/// Dimensions of an array.
const MAX_DIMENSIONS: usize = 6;

impl Analyzer<'_, '_> {
    /// `(left, ...) op (right, ...)`.
    pub fn make_row_comparison(
        &mut self,
        name: &OperatorName,
        left: Vec<Expr>,
        right: Vec<Expr>,
        location: Location,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            return Err(self.at(error!(SYNTAX_ERROR, "unequal number of entries in row expressions"), location));
        }
        if left.is_empty() {
            return Err(self.at(error!(FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length"), location));
        }
        let mut compared = Vec::with_capacity(left.len());
        for (left, right) in left.into_iter().zip(right) {
            let last_srf = self.top().last_srf.0;
            let op = self.make_op(name, Some(left), right, last_srf, location)?;
            self.check_row_comparison_operator(&op, location)?;
            compared.push(op);
        }
        if compared.len() == 1 {
            return Ok(compared.remove(0));
        }
        let mut meanings = Vec::with_capacity(compared.len());
        for op in &compared {
            let Expr::OpExpr(op) = op else { continue };
            meanings.push(self.btree_meanings(op.operator)?);
        }
        let common = (1..=6).find(|strategy| meanings.iter().all(|all| all.iter().any(|(s, _)| s == strategy)));
        match common {
            Some(3) => Ok(BoolExpr { op: BoolExprType::And, args: compared, location }.into()),
            Some(6) => Ok(BoolExpr { op: BoolExprType::Or, args: compared, location }.into()),
            Some(strategy) => Ok(ordered_comparison(strategy, compared, &meanings)),
            None => {
                let err = error!(
                    FEATURE_NOT_SUPPORTED,
                    "could not determine interpretation of row comparison operator {}", name.name
                );
                let hint = "Row comparison operators must be associated with btree operator families.";
                Err(self.at(err.hint(hint), location))
            }
        }
    }

    /// What an operator means in B-tree operator families: strategy (6 for the negation of equality) and family.
    fn btree_meanings(&self, operator: Oid) -> Result<Vec<(i16, Oid)>> {
        let btree = |oid: Oid| -> Result<Vec<(i16, Oid)>> {
            let rows = self.cx.catalog.amops_of_operator(oid)?;
            let rows = rows.iter().filter(|row| row.amopmethod == oids::BTREE_AM && row.amoppurpose == b's');
            Ok(rows.map(|row| (row.amopstrategy, row.amopfamily)).collect())
        };
        let mut found = btree(operator)?;
        if found.is_empty()
            && let Some(row) = self.cx.catalog.operator(operator)?
            && row.oprnegate.is_valid()
        {
            let equal = btree(row.oprnegate)?.into_iter().filter(|(strategy, _)| *strategy == 3);
            found.extend(equal.map(|(_, family)| (6, family)));
        }
        Ok(found)
    }

    // --- subscripts ---

    /// `container[...]`; with `assign`, the new value of that part, to be coerced by the caller before.
    pub fn transform_subscripts(
        &mut self,
        container: Expr,
        subscripts: &[&Indirection],
        assign: Option<Expr>,
    ) -> Result<Expr> {
        let location = container.location();
        let declared = container.type_of();
        let (container_type, typmod) = self.container_type(declared, container.typmod_of())?;
        let row = self.cx.type_row(container_type)?;
        if !row.typsubscript.is_valid() {
            let name = self.cx.format_type(container_type);
            let err =
                error!(DATATYPE_MISMATCH, "cannot subscript type {name} because it does not support subscripting");
            return Err(self.at(err, location));
        }
        let is_slice = subscripts.iter().any(|step| matches!(step, Indirection::Slice(..)));
        let mut made = SubscriptingRef {
            container_type,
            element_type: row.typelem,
            result_type: if is_slice { container_type } else { row.typelem },
            typmod,
            collation: Oid::INVALID,
            upper: Vec::new(),
            lower: Vec::new(),
            container,
            assign,
        };
        if container_type == oids::JSONB {
            self.jsonb_subscripts(&mut made, subscripts, is_slice)?;
        } else {
            self.array_subscripts(&mut made, subscripts, is_slice)?;
        }
        Ok(made.into())
    }

    /// The type under a domain, and int2vector and oidvector taken as arrays.
    pub fn container_type(&self, oid: Oid, typmod: i32) -> Result<(Oid, i32)> {
        let base = self.cx.base_type_and_typmod(oid, typmod)?;
        Ok(match base.oid {
            oids::INT2VECTOR => (Oid(1005), base.typmod),
            oids::OIDVECTOR => (Oid(1028), base.typmod),
            other => (other, base.typmod),
        })
    }

    fn array_subscripts(&mut self, made: &mut SubscriptingRef, steps: &[&Indirection], is_slice: bool) -> Result<()> {
        for step in steps {
            match step {
                Indirection::Index(index) => {
                    if is_slice {
                        made.lower.push(Some(Const::new(oids::INT4, Datum::Int4(1)).into()));
                    }
                    made.upper.push(Some(self.integer_subscript(index)?));
                }
                Indirection::Slice(lower, upper) => {
                    made.lower.push(lower.as_ref().map(|bound| self.integer_subscript(bound)).transpose()?);
                    made.upper.push(upper.as_ref().map(|bound| self.integer_subscript(bound)).transpose()?);
                }
                _ => {}
            }
        }
        if made.upper.len() > MAX_DIMENSIONS {
            let count = made.upper.len();
            return Err(error!(
                PROGRAM_LIMIT_EXCEEDED,
                "number of array dimensions ({count}) exceeds the maximum allowed ({MAX_DIMENSIONS})"
            ));
        }
        Ok(())
    }

    fn integer_subscript(&mut self, written: &parser::ast::Expr) -> Result<Expr> {
        let index = self.transform_recursive(written)?;
        let location = index.location();
        self.coerce_to_target(index, oids::INT4, -1, Coercion::ASSIGNMENT)?
            .ok_or_else(|| self.at(error!(DATATYPE_MISMATCH, "array subscript must have type integer"), location))
    }

    fn jsonb_subscripts(&mut self, made: &mut SubscriptingRef, steps: &[&Indirection], is_slice: bool) -> Result<()> {
        if is_slice {
            let bound = steps.iter().find_map(|step| match step {
                Indirection::Slice(lower, upper) => upper.as_ref().or(lower.as_ref()),
                _ => None,
            });
            let location = bound.map_or(Location::UNKNOWN, |bound| bound.pos().into());
            return Err(self.at(error!(DATATYPE_MISMATCH, "jsonb subscript does not support slices"), location));
        }
        made.result_type = oids::JSONB;
        made.typmod = -1;
        for step in steps {
            let Indirection::Index(written) = step else { continue };
            let index = self.transform_recursive(written)?;
            let (source, location) = (index.type_of(), index.location());
            let mut target = oids::TEXT;
            if source != oids::UNKNOWN {
                let implicit = crate::expr::CoercionContext::Implicit;
                let fits = |oid: Oid| self.can_coerce(&[source], &[oid], implicit);
                target = match (fits(oids::INT4)?, fits(oids::TEXT)?) {
                    (true, false) => oids::INT4,
                    (false, true) => oids::TEXT,
                    _ => {
                        let name = self.cx.format_type(source);
                        let err = error!(DATATYPE_MISMATCH, "subscript type {name} is not supported");
                        let hint = "jsonb subscript must be coercible to either integer or text.";
                        return Err(self.at(err.hint(hint), location));
                    }
                };
            }
            made.upper.push(Some(self.coerce(index, source, target, -1, Coercion::IMPLICIT)?));
        }
        Ok(())
    }
}

fn ordered_comparison(strategy: i16, compared: Vec<Expr>, meanings: &[Vec<(i16, Oid)>]) -> Expr {
    let kind = match strategy {
        1 => RowCompareType::Lt,
        2 => RowCompareType::Le,
        4 => RowCompareType::Ge,
        _ => RowCompareType::Gt,
    };
    let family = |all: &Vec<(i16, Oid)>| all.iter().find(|(s, _)| *s == strategy).map_or(Oid::INVALID, |(_, f)| *f);
    let mut made = RowCompareExpr {
        kind,
        operators: Vec::new(),
        families: meanings.iter().map(family).collect(),
        input_collations: Vec::new(),
        left: Vec::new(),
        right: Vec::new(),
    };
    for op in compared {
        let Expr::OpExpr(op) = op else { continue };
        made.operators.push(op.operator);
        made.input_collations.push(Oid::INVALID);
        let mut args = op.args.into_iter();
        made.left.extend(args.next());
        made.right.extend(args.next());
    }
    made.into()
}
