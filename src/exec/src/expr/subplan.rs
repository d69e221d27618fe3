//! Sub-plans in expressions, and initial plans.

use super::program::{Program, Rows};
use crate::env::Env;
use crate::store::{GroupTable, hash_combine};
use crate::types::{Types, repr_of};
use analyze::expr::{Expr, SubLinkType, SubPlan};
use builtins::TypeLookup;
use instance::Ctx;
use report::{Result, error};
use tuple::{Comparator, Datum};

/// A sub-plan's use in a program.
pub struct SubPlanStep {
    kind: SubLinkType,
    /// Index into the statement's sub-plans.
    plan: usize,
    /// The comparison, over the current row and `param_ids`.
    test: Option<Program>,
    param_ids: Vec<u32>,
    set_params: Vec<u32>,
    /// What the enclosing query sets for each evaluation.
    par_params: Vec<i32>,
    element_type: base::Oid,
    unknown_eq_false: bool,
    hash: Option<HashedSubPlan>,
}

/// `x IN (SELECT ...)` by a hash table of the sub-select's rows.
struct HashedSubPlan {
    left: Program,
    hashers: Vec<builtins::Hasher>,
    comparators: Vec<Comparator>,
    table: Option<Box<Loaded>>,
}

struct Loaded {
    rows: GroupTable,
    has_null: bool,
    /// Rows with a null in some column.
    with_nulls: Vec<Vec<Datum>>,
}

impl SubPlanStep {
    /// Prepares a sub-plan. `sub_program` compiles over the rows of the enclosing program.
    pub fn compile(
        cx: Ctx<'_>,
        node: &SubPlan,
        sub_program: impl Fn(&[Expr]) -> Result<Program>,
    ) -> Result<SubPlanStep> {
        let test = match &node.test {
            Some(test) => Some(sub_program(std::slice::from_ref(test))?),
            None => None,
        };
        let hash = match (&node.test, node.use_hash_table) {
            (Some(test), true) => Some(hashed(cx, test, &sub_program)?),
            _ => None,
        };
        Ok(SubPlanStep {
            kind: node.kind,
            plan: node.plan_id as usize - 1,
            test,
            param_ids: node.param_ids.iter().map(|p| *p as u32).collect(),
            set_params: node.set_params.iter().map(|p| *p as u32).collect(),
            par_params: node.par_params.clone(),
            element_type: node.first_type,
            unknown_eq_false: node.unknown_eq_false,
            hash,
        })
    }
}

fn hashed(cx: Ctx<'_>, test: &Expr, sub_program: &impl Fn(&[Expr]) -> Result<Program>) -> Result<HashedSubPlan> {
    let clauses = test.clone().into_conjuncts();
    let mut left = Vec::new();
    let mut hashers = Vec::new();
    let mut comparators = Vec::new();
    for clause in clauses {
        let Expr::OpExpr(op) = clause else {
            return Err(report::Error::internal("unexpected test of a hashed sub-plan"));
        };
        let (left_type, right_type) = crate::lookup::operator_types(cx, op.operator)?;
        let types = Types(cx);
        let actual = if is_polymorphic(left_type) { op.args[0].type_of() } else { left_type };
        hashers.push(builtins::hasher(actual, op.input_collation, &types)?);
        comparators.push(crate::lookup::equality(cx, op.operator, left_type, right_type, actual, op.input_collation)?);
        left.push(op.args[0].clone());
    }
    Ok(HashedSubPlan { left: sub_program(&left)?, hashers, comparators, table: None })
}

fn is_polymorphic(oid: base::Oid) -> bool {
    matches!(oid.0, 2277 | 2283 | 2249 | 3500 | 3831 | 4537)
}

/// The value of an executor parameter; its initial plan runs first if it has not yet.
#[inline]
pub fn param_exec(id: u32, env: &mut Env<'_>) -> Result<Datum> {
    if let Some(plan) = env.es.pending[id as usize] {
        run_init_plan(plan as usize, env)?;
    }
    Ok(env.es.values[id as usize].clone())
}

/// Runs an initial plan and sets its parameters.
pub fn run_init_plan(plan: usize, env: &mut Env<'_>) -> Result<()> {
    let mut state = env.es.subplans[plan].take().ok_or_else(|| report::Error::internal("sub-plan runs already"))?;
    let result = set_params(&mut state, env);
    env.es.subplans[plan] = Some(state);
    result
}

fn set_params(state: &mut crate::subplans::SubplanState, env: &mut Env<'_>) -> Result<()> {
    let init = state.init.clone().ok_or_else(|| report::Error::internal("not an initial plan"))?;
    state.rescan(env, &[])?;
    let ids: Vec<u32> = init.set_params.iter().map(|p| *p as u32).collect();
    match init.kind {
        SubLinkType::Exists => {
            let found = state.next(env)?;
            env.es.set_param(ids[0], Datum::Bool(found));
        }
        SubLinkType::Array => {
            let value = collect_array(state, init.first_type, env)?;
            env.es.set_param(ids[0], value);
        }
        _ => {
            let mut row = vec![Datum::Null; ids.len()];
            if state.next(env)? {
                row.clone_from_slice(&state.row()[..ids.len()]);
                if state.next(env)? {
                    return Err(too_many_rows());
                }
            }
            for (id, value) in ids.iter().zip(row) {
                env.es.set_param(*id, value);
            }
        }
    }
    Ok(())
}

fn collect_array(state: &mut crate::subplans::SubplanState, element: base::Oid, env: &mut Env<'_>) -> Result<Datum> {
    let mut values = Vec::new();
    while state.next(env)? {
        values.push(state.row()[0].clone());
    }
    let info = Types(env.cx).type_info(element)?;
    // Arrays of arrays are concatenated; int2vector and oidvector count as scalars, as they have array types.
    if info.is_array() && !info.array.is_valid() {
        return crate::values::make_array(env, &values, info.element, true);
    }
    builtins::array::build_list(element, repr_of(env.cx, element)?, &values)
}

#[cold]
fn too_many_rows() -> report::Error {
    error!(CARDINALITY_VIOLATION, "more than one row returned by a subquery used as an expression")
}

/// Evaluates a sub-plan for the current row; its parameters are set.
pub fn evaluate(info: &mut SubPlanStep, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<Datum> {
    if info.hash.is_some() {
        return evaluate_hashed(info, rows, env);
    }
    let mut state =
        env.es.subplans[info.plan].take().ok_or_else(|| report::Error::internal("sub-plan runs already"))?;
    let result = scan(info, &mut state, rows, env);
    env.es.subplans[info.plan] = Some(state);
    result
}

fn scan(
    info: &mut SubPlanStep,
    state: &mut crate::subplans::SubplanState,
    rows: &Rows<'_>,
    env: &mut Env<'_>,
) -> Result<Datum> {
    match crate::subplans::note_changed(env, &info.par_params) {
        None => state.rescan(env, &info.par_params)?,
        Some(changed) => state.rescan(env, &changed)?,
    }
    match info.kind {
        SubLinkType::Exists => state.next(env).map(Datum::Bool),
        SubLinkType::Expr => {
            if !state.next(env)? {
                return Ok(Datum::Null);
            }
            let value = state.row()[0].clone();
            if state.next(env)? { Err(too_many_rows()) } else { Ok(value) }
        }
        SubLinkType::Array => collect_array(state, info.element_type, env),
        SubLinkType::Multiexpr => {
            let found = state.next(env)?;
            let row: Vec<Datum> = match found {
                true => state.row().to_vec(),
                false => vec![Datum::Null; info.set_params.len()],
            };
            if found && state.next(env)? {
                return Err(too_many_rows());
            }
            for (id, value) in info.set_params.iter().zip(row) {
                env.es.set_param(*id, value);
            }
            Ok(Datum::Null)
        }
        SubLinkType::Any | SubLinkType::All => {
            let is_any = info.kind == SubLinkType::Any;
            let mut result = Datum::Bool(!is_any);
            while state.next(env)? {
                match test_row(info, state.row(), rows, env)? {
                    Datum::Bool(value) if value == is_any => return Ok(Datum::Bool(value)),
                    Datum::Null => result = Datum::Null,
                    _ => {}
                }
            }
            Ok(result)
        }
        SubLinkType::RowCompare => {
            if !state.next(env)? {
                return Ok(Datum::Null);
            }
            let result = test_row(info, state.row(), rows, env)?;
            if state.next(env)? { Err(too_many_rows()) } else { Ok(result) }
        }
        SubLinkType::Cte => Err(report::Error::internal("WITH query in an expression")),
    }
}

fn test_row(info: &mut SubPlanStep, row: &[Datum], rows: &Rows<'_>, env: &mut Env<'_>) -> Result<Datum> {
    for (id, value) in info.param_ids.iter().zip(row) {
        env.es.set_param(*id, value.clone());
    }
    let test = info.test.as_mut().ok_or_else(|| report::Error::internal("sub-plan without test"))?;
    Ok(test.eval(rows, env)?.clone())
}

fn evaluate_hashed(info: &mut SubPlanStep, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<Datum> {
    let hash = info.hash.as_mut().expect("checked by the caller");
    let mut state =
        env.es.subplans[info.plan].take().ok_or_else(|| report::Error::internal("sub-plan runs already"))?;
    // The table is good until something that the sub-plan depends on changes.
    if state.take_changed() {
        hash.table = None;
    }
    let loaded = match hash.table.is_none() {
        true => load(hash, &mut state, env).map(|table| hash.table = Some(table)),
        false => Ok(()),
    };
    env.es.subplans[info.plan] = Some(state);
    loaded?;
    let mut left = Vec::with_capacity(hash.hashers.len());
    hash.left.project(rows, env, &mut left)?;
    let table = hash.table.as_ref().expect("loaded above");
    if table.rows.is_empty() && table.with_nulls.is_empty() {
        return Ok(Datum::Bool(false));
    }
    if !left.iter().any(Datum::is_null) {
        let code = hash_row(&hash.hashers, &left);
        let found = table.rows.find(code, |key| equal(&hash.comparators, &left, key));
        if found.is_some() {
            return Ok(Datum::Bool(true));
        }
        if info.unknown_eq_false || !table.has_null {
            return Ok(Datum::Bool(false));
        }
        let maybe = table.with_nulls.iter().any(|row| may_match(&hash.comparators, &left, row));
        return Ok(if maybe { Datum::Null } else { Datum::Bool(false) });
    }
    if info.unknown_eq_false {
        return Ok(Datum::Bool(false));
    }
    if left.iter().all(Datum::is_null) {
        return Ok(Datum::Null);
    }
    let any = (0..table.rows.len()).any(|i| may_match(&hash.comparators, &left, table.rows.key(i)))
        || table.with_nulls.iter().any(|row| may_match(&hash.comparators, &left, row));
    Ok(if any { Datum::Null } else { Datum::Bool(false) })
}

fn hash_row(hashers: &[builtins::Hasher], row: &[Datum]) -> u64 {
    hashers.iter().zip(row).fold(0, |code, (hasher, value)| hash_combine(code, hasher.hash(value)))
}

fn equal(comparators: &[Comparator], a: &[Datum], b: &[Datum]) -> bool {
    comparators.iter().enumerate().all(|(i, c)| c.compare(&a[i], &b[i]).is_eq())
}

/// True unless some pair of values other than null differs.
fn may_match(comparators: &[Comparator], a: &[Datum], b: &[Datum]) -> bool {
    comparators.iter().enumerate().all(|(i, c)| a[i].is_null() || b[i].is_null() || c.compare(&a[i], &b[i]).is_eq())
}

fn load(hash: &HashedSubPlan, state: &mut crate::subplans::SubplanState, env: &mut Env<'_>) -> Result<Box<Loaded>> {
    let width = hash.hashers.len();
    let mut loaded = Box::new(Loaded { rows: GroupTable::new(width), has_null: false, with_nulls: Vec::new() });
    state.rescan(env, &[])?;
    while state.next(env)? {
        let row = &state.row()[..width];
        if row.iter().any(Datum::is_null) {
            loaded.has_null = true;
            if !loaded.with_nulls.iter().any(|known| same_nulls(known, row) && may_match(&hash.comparators, known, row))
            {
                loaded.with_nulls.push(row.to_vec());
            }
            continue;
        }
        let code = hash_row(&hash.hashers, row);
        if loaded.rows.find(code, |key| equal(&hash.comparators, row, key)).is_none() {
            loaded.rows.insert(code, row);
        }
    }
    Ok(loaded)
}

fn same_nulls(a: &[Datum], b: &[Datum]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.is_null() == b.is_null())
}
