//! Which expressions need no parentheses within others.
//!
//! Source: PostgreSQL 15 ruleutils.c (isSimpleNode).

use super::Deparser;
use crate::expr::{BoolExprType, CoercionForm, Expr, OpExpr};
use report::Result;

impl<'q> Deparser<'_, '_, 'q> {
    /// An expression within another, in parentheses if it needs them.
    pub fn expr_within(&mut self, expr: &'q Expr, implicit: bool, parent: &Expr) -> Result<()> {
        let parens = self.layout.few_parens && !self.is_simple(expr, parent)?;
        if parens {
            self.push("(");
        }
        self.expr(expr, implicit)?;
        if parens {
            self.push(")");
        }
        Ok(())
    }

    fn is_simple(&self, expr: &Expr, parent: &Expr) -> Result<bool> {
        Ok(match expr {
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::Param(_)
            | Expr::CoerceToDomainValue(_)
            | Expr::SetToDefault(_)
            | Expr::CurrentOfExpr(_)
            | Expr::SubscriptingRef(_)
            | Expr::ArrayExpr(_)
            | Expr::RowExpr(_)
            | Expr::CoalesceExpr(_)
            | Expr::MinMaxExpr(_)
            | Expr::SqlValueFunction(_)
            | Expr::XmlExpr(_)
            | Expr::NextValueExpr(_)
            | Expr::NullIfExpr(_)
            | Expr::Aggref(_)
            | Expr::GroupingFunc(_)
            | Expr::WindowFunc(_)
            | Expr::FuncExpr(_)
            | Expr::CaseExpr(_) => true,
            Expr::FieldSelect(_) => !matches!(parent, Expr::FieldSelect(_)),
            Expr::FieldStore(_) => !matches!(parent, Expr::FieldStore(_)),
            Expr::CoerceToDomain(node) => self.is_simple(&node.arg, expr)?,
            Expr::RelabelType(node) => self.is_simple(&node.arg, expr)?,
            Expr::CoerceViaIo(node) => self.is_simple(&node.arg, expr)?,
            Expr::ArrayCoerceExpr(node) => self.is_simple(&node.arg, expr)?,
            Expr::ConvertRowtypeExpr(node) => self.is_simple(&node.arg, expr)?,
            Expr::OpExpr(node) => match parent {
                Expr::OpExpr(parent) => self.binds_tighter(node, parent)?,
                _ => is_enclosing(parent) || matches!(parent, Expr::BoolExpr(_)),
            },
            Expr::SubLink(_) | Expr::NullTest(_) | Expr::BooleanTest(_) | Expr::DistinctExpr(_) => {
                is_enclosing(parent) || matches!(parent, Expr::BoolExpr(_))
            }
            Expr::BoolExpr(node) => match parent {
                Expr::BoolExpr(parent) => match node.op {
                    BoolExprType::Not | BoolExprType::And => parent.op != BoolExprType::Not,
                    BoolExprType::Or => parent.op == BoolExprType::Or,
                },
                _ => is_enclosing(parent),
            },
            _ => false,
        })
    }

    /// `a * b` within `+`, and `a - b` as the left argument of `-`.
    fn binds_tighter(&self, node: &OpExpr, parent: &OpExpr) -> Result<bool> {
        let (Some(own), Some(outer)) = (self.precedence(node)?, self.precedence(parent)?) else { return Ok(false) };
        let is_left = matches!(&parent.args[0], Expr::OpExpr(left) if std::ptr::eq(&**left, node));
        Ok(own > outer || (own == outer && is_left))
    }

    /// 1 for `+ -`, 2 for `* / %`.
    fn precedence(&self, node: &OpExpr) -> Result<Option<u8>> {
        if node.args.len() != 2 {
            return Ok(None);
        }
        let name = self.cx.operator_to_write(node.operator, node.args[0].type_of(), node.args[1].type_of())?;
        Ok(match name.as_str() {
            "+" | "-" => Some(1),
            "*" | "/" | "%" => Some(2),
            _ => None,
        })
    }
}

/// True if a node's arguments are set off by its own parentheses, keywords or commas.
fn is_enclosing(parent: &Expr) -> bool {
    match parent {
        Expr::FuncExpr(call) => call.format.0 == CoercionForm::ExplicitCall,
        Expr::SubscriptingRef(_)
        | Expr::ArrayExpr(_)
        | Expr::RowExpr(_)
        | Expr::CoalesceExpr(_)
        | Expr::MinMaxExpr(_)
        | Expr::XmlExpr(_)
        | Expr::NullIfExpr(_)
        | Expr::Aggref(_)
        | Expr::GroupingFunc(_)
        | Expr::WindowFunc(_)
        | Expr::CaseExpr(_) => true,
        _ => false,
    }
}
