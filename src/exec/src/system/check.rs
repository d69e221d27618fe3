//! `woolly_check()`: what is wrong with the database, a row each.

use super::activity::Rows;
use crate::check::{Scope, check_database};
use builtins::FnCtx;
use instance::Ctx;
use report::bail;
use tuple::Datum;

/// Set-returning functions by symbol.
pub(super) const SETS: &[(&str, super::SystemSet)] = &[("woolly_check", woolly_check)];

fn woolly_check(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Rows {
    if !cx.session.is_superuser() {
        bail!(INSUFFICIENT_PRIVILEGE, "must be superuser to check a database");
    }
    let problems = check_database(cx, Scope::WithShared)?;
    let row = |problem: crate::check::Problem| {
        let block = problem.block.map_or(Datum::Null, |block| Datum::Int8(i64::from(block.0)));
        vec![Datum::from(problem.place), block, Datum::from(problem.text)]
    };
    Ok(problems.into_iter().map(row).collect())
}
