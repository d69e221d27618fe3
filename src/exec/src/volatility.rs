//! How an expression's value may change: whether the functions in it are immutable, stable or volatile.
//!
//! Functions written in SQL count for what their one expression does, as they do in PostgreSQL, which puts that expression in
//! their place before it asks: `||` of text and another type is as immutable as the other type's text form.

use analyze::expr::Expr;
use base::Oid;
use builtins::TypeLookup;
use instance::Ctx;
use report::Result;

/// `textanycat` and `anytextcat`: SQL functions in PostgreSQL, `$1 || $2::text`.
const TEXT_ANY_CAT: [Oid; 2] = [Oid(2003), Oid(2004)];
const TEXT: Oid = Oid(25);

/// The most changeable thing in an expression: `i` immutable, `s` stable, `v` volatile.
pub fn volatility(cx: Ctx<'_>, expr: &Expr) -> Result<u8> {
    let mut found = Found { cx, worst: b'i', failed: None };
    analyze::walk::for_each(expr, &mut |node| {
        if found.failed.is_none()
            && let Err(error) = found.node(node)
        {
            found.failed = Some(error);
        }
    });
    match found.failed {
        Some(error) => Err(error),
        None => Ok(found.worst),
    }
}

struct Found<'a> {
    cx: Ctx<'a>,
    worst: u8,
    failed: Option<report::Error>,
}

impl Found<'_> {
    fn node(&mut self, expr: &Expr) -> Result<()> {
        match expr {
            Expr::FuncExpr(node) => self.call(node.function, node.args.iter().map(Expr::type_of)),
            Expr::OpExpr(node) | Expr::DistinctExpr(node) | Expr::NullIfExpr(node) => {
                self.operator(node.operator, node.args.iter().map(Expr::type_of))
            }
            Expr::ScalarArrayOpExpr(node) => self.operator(node.operator, std::iter::empty()),
            Expr::RowCompareExpr(node) => {
                node.operators.iter().try_for_each(|operator| self.operator(*operator, std::iter::empty()))
            }
            Expr::CoerceViaIo(node) => self.conversion(node.arg.type_of(), node.result_type),
            Expr::SqlValueFunction(_) => {
                self.note(b's');
                Ok(())
            }
            Expr::NextValueExpr(_) => {
                self.note(b'v');
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn note(&mut self, volatility: u8) {
        self.worst = more_volatile(self.worst, volatility);
    }

    fn operator(&mut self, operator: Oid, args: impl Iterator<Item = Oid>) -> Result<()> {
        match self.cx.catalog().operator(operator)? {
            Some(row) => self.call(row.oprcode, args),
            None => Ok(()),
        }
    }

    fn call(&mut self, function: Oid, mut args: impl Iterator<Item = Oid>) -> Result<()> {
        if TEXT_ANY_CAT.contains(&function) {
            return args.try_for_each(|arg| self.conversion(arg, TEXT));
        }
        let Some(row) = self.cx.catalog().function(function)? else { return Ok(()) };
        self.note(row.provolatile);
        Ok(())
    }

    fn conversion(&mut self, source: Oid, target: Oid) -> Result<()> {
        let worst = conversion_volatility(self.cx, source, target)?;
        self.note(worst);
        Ok(())
    }
}

/// The volatility of a conversion by text: by the output function of one type and the input function of the other.
pub fn conversion_volatility(cx: Ctx<'_>, source: Oid, target: Oid) -> Result<u8> {
    let is_text = |oid: Oid| matches!(oid.0, 25 | 1042 | 1043 | 705);
    if is_text(source) && is_text(target) {
        return Ok(b'i');
    }
    let types = crate::types::Types(cx);
    let (source, target) = (types.type_info(source)?.oid, types.type_info(target)?.oid);
    let catalog = cx.catalog();
    let mut worst = b'i';
    for (oid, is_input) in [(source, false), (target, true)] {
        let Some(row) = catalog.type_by_oid(oid)? else { continue };
        let function = if is_input { row.typinput } else { row.typoutput };
        if let Some(row) = catalog.function(function)? {
            worst = more_volatile(worst, row.provolatile);
        }
    }
    Ok(worst)
}

fn more_volatile(a: u8, b: u8) -> u8 {
    let rank = |volatility: u8| [b'i', b's', b'v'].iter().position(|known| *known == volatility);
    if rank(b) > rank(a) { b } else { a }
}
