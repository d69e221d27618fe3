//! Executes step programs.

use super::fast::{arithmetic, integer};
use super::program::{CallInfo, Callee, Operand, Program, Rows, ScalarArray, Source, Step};
use super::subplan;
use crate::env::Env;
use crate::values;
use analyze::expr::RowCompareType;
use report::{Result, error};
use tuple::Datum;

/// Reads an operand in place.
#[inline]
fn read<'a>(operand: Operand, rows: &Rows<'a>, registers: &'a [Datum]) -> &'a Datum {
    let index = usize::from(operand.index);
    match operand.source {
        Source::Register => &registers[index],
        Source::Scan => &rows.scan[index],
        Source::Outer => &rows.outer[index],
        Source::Inner => &rows.inner[index],
        Source::Aggregates => &rows.aggregates[index],
    }
}

impl Program {
    /// Runs it and returns its first result.
    #[inline]
    pub fn eval<'a>(&'a mut self, rows: &Rows<'a>, env: &mut Env<'_>) -> Result<&'a Datum> {
        self.run(rows, env)?;
        Ok(read(self.results[0], rows, &self.registers))
    }

    /// Runs it as a condition: true only if the first result is true.
    #[inline]
    pub fn holds(&mut self, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<bool> {
        self.run(rows, env)?;
        Ok(read(self.results[0], rows, &self.registers).is_true())
    }

    /// Runs it and puts all results into `out` (cleared first).
    #[inline]
    pub fn project(&mut self, rows: &Rows<'_>, env: &mut Env<'_>, out: &mut Vec<Datum>) -> Result<()> {
        self.run(rows, env)?;
        out.clear();
        out.extend(self.results.iter().map(|operand| read(*operand, rows, &self.registers).clone()));
        Ok(())
    }

    /// Result `index` of the last run.
    pub fn value<'a>(&'a self, index: usize, rows: &Rows<'a>) -> &'a Datum {
        read(self.results[index], rows, &self.registers)
    }

    /// Executes the steps.
    pub fn run(&mut self, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<()> {
        let Program { steps, registers, .. } = self;
        let mut at = 0;
        while let Some(step) = steps.get_mut(at) {
            at += 1;
            if let Some(to) = execute(step, rows, registers, env)? {
                at = to as usize;
            }
        }
        Ok(())
    }
}

/// Executes one step; returns where to go on if not at the next one.
#[inline]
fn execute(step: &mut Step, rows: &Rows<'_>, regs: &mut [Datum], env: &mut Env<'_>) -> Result<Option<u32>> {
    match step {
        Step::Copy { dst, src } => regs[usize::from(*dst)] = read(*src, rows, regs).clone(),
        Step::Relabel { dst, src, target } => {
            regs[usize::from(*dst)] = builtins::relabel_to_type(read(*src, rows, regs).clone(), *target);
        }
        Step::IntCompare { dst, op, a, b } => {
            let result = match (integer(read(*a, rows, regs)), integer(read(*b, rows, regs))) {
                (Some(a), Some(b)) => Datum::Bool(op.holds(a.cmp(&b))),
                _ => Datum::Null,
            };
            regs[usize::from(*dst)] = result;
        }
        Step::BytesEqual { dst, negate, a, b } => {
            let result = match (read(*a, rows, regs), read(*b, rows, regs)) {
                (Datum::Bytes(a), Datum::Bytes(b)) => Datum::Bool((a == b) != *negate),
                _ => Datum::Null,
            };
            regs[usize::from(*dst)] = result;
        }
        Step::IntArithmetic { dst, op, a, b } => {
            regs[usize::from(*dst)] = arithmetic(*op, read(*a, rows, regs), read(*b, rows, regs))?;
        }
        Step::Call { dst, args, nargs, info } => {
            let args = &regs[usize::from(*args)..usize::from(*args + *nargs)];
            regs[usize::from(*dst)] = call(info, args, env)?;
        }
        Step::Jump { to } => return Ok(Some(*to)),
        Step::JumpUnlessTrue { src, to } => {
            if !read(*src, rows, regs).is_true() {
                return Ok(Some(*to));
            }
        }
        Step::AndArg { dst, src, to } => match read(*src, rows, regs) {
            Datum::Bool(true) => {}
            Datum::Bool(false) => {
                regs[usize::from(*dst)] = Datum::Bool(false);
                return Ok(Some(*to));
            }
            _ => regs[usize::from(*dst)] = Datum::Null,
        },
        Step::OrArg { dst, src, to } => match read(*src, rows, regs) {
            Datum::Bool(false) => {}
            Datum::Bool(true) => {
                regs[usize::from(*dst)] = Datum::Bool(true);
                return Ok(Some(*to));
            }
            _ => regs[usize::from(*dst)] = Datum::Null,
        },
        Step::Not { dst, src } => {
            let result = match read(*src, rows, regs) {
                Datum::Bool(value) => Datum::Bool(!value),
                _ => Datum::Null,
            };
            regs[usize::from(*dst)] = result;
        }
        Step::SetBool { dst, value } => regs[usize::from(*dst)] = Datum::Bool(*value),
        Step::SetNull { dst } => regs[usize::from(*dst)] = Datum::Null,
        Step::JumpIfNotNull { src, to } => {
            if !read(*src, rows, regs).is_null() {
                return Ok(Some(*to));
            }
        }
        Step::IsNull { dst, src, negate } => {
            regs[usize::from(*dst)] = Datum::Bool(read(*src, rows, regs).is_null() != *negate);
        }
        Step::BoolTest { dst, src, of, negate } => {
            let matches = match (read(*src, rows, regs), *of) {
                (Datum::Bool(value), Some(wanted)) => *value == wanted,
                (value, None) => value.is_null(),
                _ => false,
            };
            regs[usize::from(*dst)] = Datum::Bool(matches != *negate);
        }
        Step::ParamExtern { dst, id } => regs[usize::from(*dst)] = env.param_extern(*id)?.clone(),
        Step::ParamExec { dst, id } => regs[usize::from(*dst)] = subplan::param_exec(*id, env)?,
        Step::JumpUnlessZero { src, to } => {
            if !matches!(read(*src, rows, regs), Datum::Int4(0)) {
                return Ok(Some(*to));
            }
        }
        Step::SetParam { id, src } => env.es.set_param(*id, read(*src, rows, regs).clone()),
        other => rare(other, rows, regs, env)?,
    }
    Ok(None)
}

/// The steps that are not worth inlining in the loop.
#[inline(never)]
fn rare(step: &mut Step, rows: &Rows<'_>, regs: &mut [Datum], env: &mut Env<'_>) -> Result<()> {
    let (dst, value) = match step {
        Step::SystemColumn { dst, attno } => (*dst, system_column(*attno, rows)?),
        Step::WholeRow { dst, source, desc, row_type, type_mod } => {
            (*dst, values::whole_row(row_of(*source, rows), desc, *row_type, *type_mod))
        }
        Step::RowIsNull { dst, src, negate } => (*dst, values::row_is_null(read(*src, rows, regs), *negate)),
        Step::Distinct { dst, args, info } => {
            let pair = &regs[usize::from(*args)..usize::from(*args) + 2];
            let same = match (pair[0].is_null(), pair[1].is_null()) {
                (true, true) => true,
                (false, false) => call(info, pair, env)?.is_true(),
                _ => false,
            };
            (*dst, Datum::Bool(!same))
        }
        Step::NullIf { dst, args, info } => {
            let pair = &regs[usize::from(*args)..usize::from(*args) + 2];
            let equal = !pair[0].is_null() && !pair[1].is_null() && call(info, pair, env)?.is_true();
            (*dst, if equal { Datum::Null } else { pair[0].clone() })
        }
        Step::ScalarArray { dst, args, info } => {
            let at = usize::from(*args);
            (*dst, scalar_array(info, regs[at].clone(), &regs[at + 1], env)?)
        }
        Step::MinMax { dst, args, nargs, greatest, comparator } => {
            let args = &regs[usize::from(*args)..usize::from(*args + *nargs)];
            (*dst, min_max(args, *greatest, comparator))
        }
        Step::RowCompareResult { dst, comparison, kind } => {
            (*dst, row_compare_result(read(*comparison, rows, regs), *kind))
        }
        Step::MakeArray { dst, args, nargs, element, multidims } => {
            let args = &regs[usize::from(*args)..usize::from(*args + *nargs)];
            (*dst, values::make_array(env, args, *element, *multidims)?)
        }
        Step::MakeRow { dst, args, nargs, row_type, type_mod, field_types } => {
            let args = &regs[usize::from(*args)..usize::from(*args + *nargs)];
            (*dst, values::make_row(args, *row_type, *type_mod, field_types))
        }
        Step::FieldSelect { dst, src, field } => (*dst, values::field(env, read(*src, rows, regs), *field)?),
        Step::FieldStore { dst, src, args, fields, row_type, field_types } => {
            let mut columns = values::fields_or_nulls(env, read(*src, rows, regs), field_types.len())?;
            for (place, field) in fields.iter().enumerate() {
                columns[*field as usize - 1] = regs[usize::from(*args) + place].clone();
            }
            (*dst, values::make_row(&columns, *row_type, -1, field_types))
        }
        Step::Subscript { dst, src, info } => {
            let container = read(*src, rows, regs).clone();
            (*dst, values::subscript(env, info, container, regs)?)
        }
        Step::ArrayCoerce { dst, src, program, element } => {
            let array = read(*src, rows, regs).clone();
            (*dst, values::map_array(env, &array, *element, program)?)
        }
        Step::ConvertRow { dst, src, map, row_type, field_types } => {
            (*dst, values::convert_row(env, read(*src, rows, regs), map, *row_type, field_types)?)
        }
        Step::ViaIo { dst, src, source, target, typmod } => {
            (*dst, env.convert_via_io(read(*src, rows, regs), *source, *target, *typmod)?)
        }
        Step::DomainTest { src, info } => return domain_test(info, read(*src, rows, regs)),
        Step::SqlValue { dst, op, typmod } => (*dst, env.sql_value(*op, *typmod)?),
        Step::NextValue { dst, sequence, type_oid } => (*dst, env.next_value(*sequence, *type_oid)?),
        Step::Grouping { dst, columns } => {
            let bits = columns.iter().fold(0, |bits, column| bits << 1 | i32::from(!rows.grouped.contains(column)));
            (*dst, Datum::Int4(bits))
        }
        Step::SubPlan { dst, info } => (*dst, subplan::evaluate(info, rows, env)?),
        _ => unreachable!("the common steps are executed in the loop"),
    };
    regs[usize::from(dst)] = value;
    Ok(())
}

fn row_of<'a>(source: Source, rows: &Rows<'a>) -> &'a [Datum] {
    match source {
        Source::Scan => rows.scan,
        Source::Outer => rows.outer,
        Source::Inner => rows.inner,
        Source::Aggregates | Source::Register => unreachable!("whole rows are of scans and joins"),
    }
}

/// Calls a function; null for a null argument of a strict one.
#[inline]
pub fn call(info: &CallInfo, args: &[Datum], env: &mut Env<'_>) -> Result<Datum> {
    if info.strict && args.iter().any(Datum::is_null) {
        return Ok(Datum::Null);
    }
    match &info.callee {
        Callee::Builtin(function) => env.call_builtin(*function, info, args),
        Callee::System(function) => env.call_system(*function, info, args),
        Callee::Sql(function) => {
            let snapshot = function.sees_snapshot.then(|| env.es.snapshot());
            crate::spi::call_function(env.cx, function, args, snapshot)
        }
    }
}

fn system_column(attno: i16, rows: &Rows<'_>) -> Result<Datum> {
    let Some(identity) = rows.identity else {
        return Err(error!(FEATURE_NOT_SUPPORTED, "cannot retrieve a system column in this context"));
    };
    Ok(match attno {
        -1 => Datum::tid(identity.tid),
        -2 => Datum::Oid(base::Oid(identity.xmin.0 as u32)),
        -3 => Datum::Oid(base::Oid(identity.cmin.0)),
        -4 => Datum::Oid(base::Oid(identity.xmax.0 as u32)),
        -5 => Datum::Oid(base::Oid(identity.cmax.0)),
        -6 => Datum::Oid(identity.table),
        _ => return Err(report::Error::internal(format!("invalid system attribute number {attno}"))),
    })
}

fn min_max(args: &[Datum], greatest: bool, comparator: &tuple::Comparator) -> Datum {
    let mut best = &Datum::Null;
    for arg in args.iter().filter(|arg| !arg.is_null()) {
        let better = best.is_null() || {
            let order = comparator.compare(arg, best);
            if greatest { order.is_gt() } else { order.is_lt() }
        };
        if better {
            best = arg;
        }
    }
    best.clone()
}

fn row_compare_result(comparison: &Datum, kind: RowCompareType) -> Datum {
    let Datum::Int4(order) = comparison else { return Datum::Null };
    Datum::Bool(match kind {
        RowCompareType::Lt => *order < 0,
        RowCompareType::Le => *order <= 0,
        RowCompareType::Ge => *order >= 0,
        RowCompareType::Gt => *order > 0,
        RowCompareType::Eq => *order == 0,
        RowCompareType::Ne => *order != 0,
    })
}

fn scalar_array(info: &mut ScalarArray, scalar: Datum, array: &Datum, env: &mut Env<'_>) -> Result<Datum> {
    if array.is_null() || (info.call.strict && scalar.is_null() && values::array_len(array) > 0) {
        return Ok(Datum::Null);
    }
    if info.hashable && info.set.is_none() {
        info.set = values::array_set(env, info, array)?;
        info.hashable = info.set.is_some();
    }
    if let Some(set) = &info.set {
        return set_contains(info, set, &scalar, env);
    }
    values::array_elements(array, &mut info.elements);
    let mut result = Datum::Bool(!info.use_or);
    for element in &info.elements {
        let pair = [scalar.clone(), element.clone()];
        match call(&info.call, &pair, env)? {
            Datum::Bool(hit) if hit == info.use_or => return Ok(Datum::Bool(hit)),
            Datum::Null => result = Datum::Null,
            _ => {}
        }
    }
    Ok(result)
}

fn set_contains(
    info: &ScalarArray,
    set: &super::program::ArraySet,
    scalar: &Datum,
    env: &mut Env<'_>,
) -> Result<Datum> {
    let hash = set.hasher.hash(scalar);
    let mut failed = None;
    let found = set.table.find(hash, |(h, at)| {
        *h == hash
            && match call(&info.call, &[scalar.clone(), set.values[*at as usize].clone()], env) {
                Ok(result) => result.is_true(),
                Err(error) => {
                    failed = Some(error);
                    true
                }
            }
    });
    match (failed, found) {
        (Some(error), _) => Err(error),
        (None, Some(_)) => Ok(Datum::Bool(true)),
        (None, None) if set.has_null => Ok(Datum::Null),
        (None, None) => Ok(Datum::Bool(false)),
    }
}

fn domain_test(info: &super::program::DomainCheck, value: &Datum) -> Result<()> {
    match &info.constraint {
        None if value.is_null() => Err(error!(NOT_NULL_VIOLATION, "domain {} does not allow null values", info.domain)),
        Some(name) if matches!(value, Datum::Bool(false)) => {
            let message = format!("value for domain {} violates check constraint \"{name}\"", info.domain);
            Err(error!(CHECK_VIOLATION, "{message}").constraint(name.clone()))
        }
        _ => Ok(()),
    }
}
