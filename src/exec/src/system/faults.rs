//! Faults on purpose, for tests: the functions behind `woolly_fault`. A server has them only with `fault_hooks`.

use super::{SystemSet, functions};
use builtins::FnCtx;
use instance::{Ctx, FaultWish};
use report::{Result, error};
use threads::{ArmedFault, FaultKind};
use tuple::Datum;

functions! {
    woolly_fault, woolly_fault_of = woolly_fault, woolly_arm_fault, woolly_disarm_faults,
}

pub(super) const SETS: &[(&str, SystemSet)] = &[("woolly_faults", woolly_faults)];

/// `woolly_fault(role, kind [, id])`: the role fails as soon as it comes to its point, and is woken for it; the role `session` is the session with
/// this number, or the own one, which fails at once.
fn woolly_fault(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let number = args.get(2).map(Datum::as_i32);
    let own = cx.session.entry.id.0;
    let is_session = args[0].as_str() == "session";
    let number = if is_session { number.or(Some(own)) } else { number };
    arm(cx, args, number, None)?;
    // Whoever strikes himself need not be woken.
    cx.session.locks.check_interrupts()?;
    if is_session && number == Some(own) {
        cx.session.entry.pass_fault_point().map(|()| Datum::Null)
    } else {
        Ok(Datum::Null)
    }
}

/// `woolly_arm_fault(role, kind, passage)`: the role fails when it comes to its point for the n-th time from now.
fn woolly_arm_fault(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let passages = u64::try_from(args[2].as_i64()).ok().filter(|n| *n > 0);
    let Some(passages) = passages else {
        return Err(error!(INVALID_PARAMETER_VALUE, "passage must be greater than zero"));
    };
    arm(cx, args, None, Some(passages))?;
    Ok(Datum::Null)
}

fn arm(cx: Ctx<'_>, args: &[Datum], number: Option<i32>, passages: Option<u64>) -> Result<()> {
    let name = args[1].as_str();
    let Some(kind) = FaultKind::by_name(name) else {
        let known = FaultKind::ALL.map(FaultKind::name).join(", ");
        let error = error!(INVALID_PARAMETER_VALUE, "unrecognized kind of fault: \"{name}\"");
        return Err(error.hint(format!("Available kinds: {known}.")));
    };
    cx.instance.server.arm_fault(&FaultWish { role: args[0].as_str(), number, kind, passages })
}

/// Takes all back; how many there were.
fn woolly_disarm_faults(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Datum> {
    Ok(Datum::Int4(i32::try_from(cx.instance.server.disarm_faults()?).unwrap_or(i32::MAX)))
}

fn woolly_faults(cx: Ctx<'_>, _: &mut FnCtx<'_>, _: &[Datum]) -> Result<Vec<Vec<Datum>>> {
    let row = |fault: ArmedFault| {
        let passages = i64::try_from(fault.passages).unwrap_or(i64::MAX);
        vec![Datum::text(&fault.point), Datum::text(fault.kind.name()), Datum::Int8(passages)]
    };
    Ok(cx.instance.server.faults().into_iter().map(row).collect())
}
