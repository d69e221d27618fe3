//! What an expression parser without recursion remembers: the operators that still wait for their right argument, and
//! the parentheses that are open.

use super::Parser;
use super::names::negate;
use crate::ast::*;
use report::Result;

/// How tightly operators bind, loosest first. Those of `IS`, `COMPARE` and `LIKE` do not associate.
pub(super) mod level {
    pub const OPEN: u8 = 0;
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const IS: u8 = 4;
    pub const COMPARE: u8 = 5;
    pub const LIKE: u8 = 6;
    pub const OPERATOR: u8 = 10;
    pub const SUM: u8 = 11;
    pub const PRODUCT: u8 = 12;
    pub const POWER: u8 = 13;
    pub const AT: u8 = 14;
    pub const COLLATE: u8 = 15;
    pub const SIGN: u8 = 16;
    pub const CAST: u8 = 19;
}

/// Which expressions are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Any: PostgreSQL's a_expr.
    Any,
    /// Any, in a select list, where a bare label may follow.
    Target,
    /// Any, where a bare SIMILAR ends it: the first argument of SUBSTRING.
    Substring,
    /// Without logical operators, IN, LIKE, BETWEEN and such: PostgreSQL's b_expr.
    Restricted,
}

/// A construct that waits for an operand.
pub(super) enum Frame {
    /// `(`, after some items of a row.
    Paren { pos: Pos, items: Vec<Expr>, depth: u32, outer: Mode },
    /// `NOT`.
    Not(Pos),
    /// `+` or `-` before an operand.
    Sign { minus: bool, pos: Pos },
    /// Any other operator before an operand.
    Prefix(OperatorName, Pos),
    /// `left op`.
    Infix(Box<Infix>),
    /// `left AND`, `left OR`.
    Bool { op: BoolOp, left: Expr, depth: u32, pos: Pos },
}

/// An operator with its left argument.
pub(super) struct Infix {
    pub(super) left: Expr,
    pub(super) depth: u32,
    pub(super) pos: Pos,
    pub(super) level: u8,
    pub(super) kind: InfixKind,
}

/// The constructs with an operand at their right end.
pub(super) enum InfixKind {
    /// An operator, or IS \[NOT\] DISTINCT FROM.
    Op(OpKind, OperatorName),
    /// LIKE, ILIKE, SIMILAR TO.
    Like(OpKind, bool),
    /// The same, behind ESCAPE; the expression is the pattern.
    Escape(OpKind, bool, Expr),
    /// BETWEEN low AND.
    Between { low: Expr, negated: bool, symmetric: bool },
    /// AT TIME ZONE.
    AtTimeZone,
}

impl Frame {
    /// The level of what is waiting: an operator that binds looser ends it.
    pub(super) fn level(&self) -> u8 {
        match self {
            Frame::Paren { .. } => level::OPEN,
            Frame::Not(_) => level::NOT,
            Frame::Sign { .. } => level::SIGN,
            Frame::Prefix(..) => level::OPERATOR,
            Frame::Infix(infix) => infix.level,
            Frame::Bool { op: BoolOp::Or, .. } => level::OR,
            Frame::Bool { .. } => level::AND,
        }
    }
}

/// A finished expression and the depth of its tree.
pub(super) type Sized = (Expr, u32);

impl Parser<'_> {
    /// Puts the operand into what was waiting for it.
    pub(super) fn reduce(&mut self, frame: Frame, (operand, depth): Sized) -> Result<Sized> {
        match frame {
            Frame::Not(pos) => self.deeper(not(operand, pos), depth),
            Frame::Sign { minus, pos } => self.signed(minus, pos, operand, depth),
            Frame::Prefix(name, pos) => self.deeper(prefix(name, operand, pos), depth),
            Frame::Infix(infix) => {
                let depth = depth.max(infix.depth);
                let expr = finish_infix(*infix, operand);
                self.deeper(expr, depth)
            }
            Frame::Bool { op, left, depth: left_depth, pos } => {
                self.logical(op, (left, left_depth), (operand, depth), pos)
            }
            Frame::Paren { .. } => Err(self.syntax_error()),
        }
    }

    pub(super) fn deeper(&mut self, expr: Expr, depth: u32) -> Result<Sized> {
        self.note_depth(depth + 1)?;
        Ok((expr, depth + 1))
    }

    fn signed(&mut self, minus: bool, pos: Pos, operand: Expr, depth: u32) -> Result<Sized> {
        match operand {
            Expr::Const(Const { value: value @ (Literal::Int(_) | Literal::Float(_)), .. }) if minus => {
                Ok((Expr::Const(Const { value: negate(value), pos }), depth))
            }
            other => {
                let name = OperatorName::bare(if minus { "-" } else { "+" });
                self.deeper(prefix(name, other, pos), depth)
            }
        }
    }

    /// AND and OR: a left side of the same kind takes the right one in, so that chains stay flat.
    fn logical(&mut self, op: BoolOp, left: Sized, right: Sized, pos: Pos) -> Result<Sized> {
        match left.0 {
            Expr::Bool(mut same) if same.op == op => {
                same.args.push(right.0);
                let depth = left.1.max(right.1 + 1);
                self.note_depth(depth)?;
                Ok((Expr::Bool(same), depth))
            }
            other => {
                let expr = Expr::Bool(Box::new(BoolExpr { op, args: vec![other, right.0], pos }));
                self.deeper(expr, left.1.max(right.1))
            }
        }
    }
}

pub(super) fn not(arg: Expr, pos: Pos) -> Expr {
    Expr::Bool(Box::new(BoolExpr { op: BoolOp::Not, args: vec![arg], pos }))
}

fn prefix(name: OperatorName, right: Expr, pos: Pos) -> Expr {
    Expr::Op(Box::new(OpExpr { kind: OpKind::Op, name, left: None, right, pos }))
}

fn finish_infix(infix: Infix, right: Expr) -> Expr {
    let Infix { left, pos, kind, .. } = infix;
    match kind {
        InfixKind::Op(kind, name) => binary(kind, name, left, right, pos),
        InfixKind::Like(kind, negated) => like(kind, negated, left, right, None, pos),
        InfixKind::Escape(kind, negated, pattern) => like(kind, negated, left, pattern, Some(right), pos),
        InfixKind::Between { low, negated, symmetric } => {
            Expr::Between(Box::new(BetweenExpr { arg: left, low, high: right, negated, symmetric, pos }))
        }
        InfixKind::AtTimeZone => system_call("timezone", vec![right, left], CallForm::SqlSyntax, pos),
    }
}

pub(super) fn binary(kind: OpKind, name: OperatorName, left: Expr, right: Expr, pos: Pos) -> Expr {
    Expr::Op(Box::new(OpExpr { kind, name, left: Some(left), right, pos }))
}

/// The operator behind LIKE and its kin.
pub(super) fn like_operator(kind: OpKind, negated: bool) -> &'static str {
    match (kind, negated) {
        (OpKind::Like, false) => "~~",
        (OpKind::Like, true) => "!~~",
        (OpKind::ILike, false) => "~~*",
        (OpKind::ILike, true) => "!~~*",
        (_, false) => "~",
        (_, true) => "!~",
    }
}

fn like(kind: OpKind, negated: bool, left: Expr, pattern: Expr, escape: Option<Expr>, pos: Pos) -> Expr {
    let name = OperatorName::bare(like_operator(kind, negated));
    let function = if kind == OpKind::Similar { "similar_to_escape" } else { "like_escape" };
    let right = match escape {
        Some(escape) => system_call(function, vec![pattern, escape], CallForm::Explicit, pos),
        None if kind == OpKind::Similar => system_call(function, vec![pattern], CallForm::Explicit, pos),
        None => pattern,
    };
    binary(kind, name, left, right, pos)
}

/// A plain call.
pub(super) fn call(name: QualifiedName, args: Vec<Expr>, form: CallForm, pos: Pos) -> FuncCall {
    FuncCall {
        name,
        args,
        order_by: Vec::new(),
        filter: None,
        over: None,
        within_group: false,
        star: false,
        distinct: false,
        variadic: false,
        form,
        pos,
    }
}

/// A call of a function of pg_catalog.
pub(super) fn system_call(name: &str, args: Vec<Expr>, form: CallForm, pos: Pos) -> Expr {
    Expr::Func(Box::new(call(QualifiedName::system(name, Pos::NONE), args, form, pos)))
}
