//! Expressions of definitions, evaluated: over the rows of one table, or over none.

use analyze::expr::Expr;
use instance::Ctx;
use report::{Result, unsupported};
use tuple::Datum;

/// Expressions over the rows of one table, which is relation 1 in them.
pub(crate) struct RowProgram {
    steps: Vec<Step>,
}

enum Step {
    Value(Datum),
    /// A column, 0-based.
    Column(usize),
}

impl RowProgram {
    /// Makes the expressions ready. Errors: 0A000 for what is neither a column nor a constant.
    pub(crate) fn new(_: Ctx<'_>, expressions: &[Expr]) -> Result<RowProgram> {
        let step = |expression: &Expr| match stored_alike(expression) {
            Expr::Const(constant) => Ok(Step::Value(constant.value.clone())),
            Expr::Var(var) if var.varno == 1 && var.levels_up == 0 && var.attno > 0 => {
                Ok(Step::Column(var.attno as usize - 1))
            }
            _ => unsupported!("computing expressions over a table's rows in a definition"),
        };
        Ok(RowProgram { steps: expressions.iter().map(step).collect::<Result<_>>()? })
    }

    /// Appends the expressions' values for a row.
    pub(crate) fn evaluate(&mut self, _: Ctx<'_>, row: &[Datum], out: &mut Vec<Datum>) -> Result<()> {
        let value = |step: &Step| match step {
            Step::Value(value) => value.clone(),
            Step::Column(column) => row[*column].clone(),
        };
        out.extend(self.steps.iter().map(value));
        Ok(())
    }
}

/// The value of an expression without variables.
pub(crate) fn evaluate(cx: Ctx<'_>, expression: &Expr) -> Result<Datum> {
    let mut values = Vec::with_capacity(1);
    RowProgram::new(cx, std::slice::from_ref(expression))?.evaluate(cx, &[], &mut values)?;
    Ok(values.pop().unwrap_or_default())
}

/// The expression whose value this one takes as it is.
pub(crate) fn stored_alike(expression: &Expr) -> &Expr {
    match expression {
        Expr::RelabelType(relabel) => stored_alike(&relabel.arg),
        Expr::CollateExpr(collate) => stored_alike(&collate.arg),
        other => other,
    }
}
