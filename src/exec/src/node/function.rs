//! Functions that return sets or rows: ProjectSet, which has them in its output list, and FunctionScan, which has them in FROM.

use super::{Builder, NodeState, Output, target_exprs};
use crate::env::Env;
use crate::expr::{self, CallInfo, Program, Rows, compile_exprs};
use crate::store::Tuplestore;
use crate::types::Types;
use analyze::expr::Expr;
use base::Oid;
use builtins::record::RecordRef;
use builtins::{RowSource, SrfFn, TypeLookup};
use plan::node::{FunctionScan, Plan};
use report::{Error, Result, error};
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// Who makes the rows of a call.
#[derive(Clone, Copy)]
enum Maker {
    /// A set-returning built-in, row by row.
    Builtin(SrfFn),
    /// A function that sees the session: all rows at once.
    System(crate::system::SystemSet),
    /// A built-in that returns one record.
    Record(builtins::BuiltinFn),
}

/// Rows that were made at once.
struct Made(std::vec::IntoIter<Vec<Datum>>);

impl RowSource for Made {
    fn next(&mut self, _: &mut builtins::FnCtx<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        Ok(match self.0.next() {
            Some(row) => {
                out.extend(row);
                true
            }
            None => false,
        })
    }
}

/// A call that returns rows: of a set-returning function, or of one whose record's columns the query declares.
pub struct SetCall {
    maker: Maker,
    args: Program,
    info: CallInfo,
    /// The columns that the query declares for a function returning record.
    declared: Option<Arc<TupleDesc>>,
}

impl SetCall {
    /// Prepares a call; `None` if the expression is to be evaluated as any other.
    ///
    /// Errors: 42501 if the user may not call the function.
    fn build(builder: &Builder<'_>, expr: &Expr, declared: Option<Arc<TupleDesc>>) -> Result<Option<SetCall>> {
        let (function, args, collation, variadic, returns_set) = match expr {
            Expr::FuncExpr(node) => (node.function, &node.args, node.input_collation, node.variadic, node.returns_set),
            Expr::OpExpr(node) => (node.function, &node.args, node.input_collation, false, node.returns_set),
            _ => return Ok(None),
        };
        if !returns_set && declared.is_none() {
            return Ok(None);
        }
        builder.cx.check_execute(function)?;
        let (maker, strict) = if returns_set {
            match (builtins::set_returning(function), crate::system::set_function(function)) {
                (Some(found), _) => (Maker::Builtin(found.function), found.strict),
                (None, Some(found)) => {
                    let row = builder.cx.catalog().function(function)?;
                    (Maker::System(found), row.is_some_and(|row| row.proisstrict))
                }
                (None, None) => return Err(Error::unsupported(format!("set-returning function with OID {function}"))),
            }
        } else {
            match builtins::function(function) {
                Some(found) => (Maker::Record(found.function), found.strict),
                None => return Ok(None),
            }
        };
        Ok(Some(SetCall {
            maker,
            args: compile_exprs(builder.cx, args)?,
            info: CallInfo {
                callee: crate::expr::Callee::Builtin(|_, _| Ok(Datum::Null)),
                function,
                strict,
                arg_types: args.iter().map(Expr::type_of).collect(),
                result_type: expr.type_of(),
                collation,
                variadic,
            },
            declared,
        }))
    }

    /// Calls it. A strict function makes no rows of a null, or a null record.
    fn start(&mut self, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<Box<dyn RowSource>> {
        let mut args = Vec::new();
        self.args.project(rows, env, &mut args)?;
        let refuses = self.info.strict && args.iter().any(Datum::is_null);
        let cx = env.cx;
        let made = match self.maker {
            Maker::Record(_) if refuses => vec![vec![Datum::Null]],
            _ if refuses => Vec::new(),
            Maker::Builtin(function) => return self.with_cx(env, |fx| function(fx, &args)),
            Maker::System(function) => self.with_cx(env, |fx| function(cx, fx, &args))?,
            Maker::Record(function) => vec![vec![self.with_cx(env, |fx| function(fx, &args))?]],
        };
        Ok(Box::new(Made(made.into_iter())))
    }

    /// Appends the next row's columns.
    fn next(&self, source: &mut dyn RowSource, env: &mut Env<'_>, out: &mut Vec<Datum>) -> Result<bool> {
        self.with_cx(env, |fx| source.next(fx, out))
    }

    fn with_cx<T>(&self, env: &mut Env<'_>, work: impl FnOnce(&mut builtins::FnCtx<'_>) -> T) -> T {
        crate::env::with_format(env.cx, &env.es.format, |fx| {
            let mut fx = fx.call(&self.info.arg_types, self.info.result_type, self.info.collation);
            fx.variadic = self.info.variadic;
            fx.expected_row = self.declared.as_deref();
            work(&mut fx)
        })
    }
}

/// The columns that the query declares for a function in FROM: its definition list, whose names are the alias's.
fn declared_columns(builder: &Builder<'_>, rti: i32, at: usize) -> Result<Option<Arc<TupleDesc>>> {
    let rte = &builder.plan.rtable[rti as usize - 1];
    let analyze::query::RteKind::Function(call) = &rte.kind else { return Ok(None) };
    let Some(Some(list)) = call.functions.get(at).map(|f| f.definition.as_ref()) else { return Ok(None) };
    let before: usize = call.functions[..at].iter().map(|f| f.column_count).sum();
    let mut desc = TupleDesc::default();
    for (place, oid) in list.types.iter().enumerate() {
        let name = list.names.get(place).or(rte.eref.columns.get(before + place)).cloned().unwrap_or_default();
        let mut attribute = Types(builder.cx).attribute(name, *oid)?;
        attribute.type_mod = list.typmods.get(place).copied().unwrap_or(-1);
        desc.attributes.push(attribute);
    }
    Ok(Some(Arc::new(desc)))
}

enum Column {
    Plain(usize),
    Set(Box<SetCall>, Option<Box<dyn RowSource>>),
}

/// A ProjectSet at work.
pub struct ProjectSetState {
    child: Box<NodeState>,
    plain: Program,
    plain_row: Vec<Datum>,
    columns: Vec<Column>,
    active: bool,
    row: Vec<Datum>,
    scratch: Vec<Datum>,
}

impl ProjectSetState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, child: &Plan) -> Result<ProjectSetState> {
        let child = Box::new(builder.build(child)?);
        let mut plain = Vec::new();
        let mut columns = Vec::new();
        for expr in target_exprs(&plan.targetlist) {
            match SetCall::build(builder, expr, None)? {
                Some(call) => columns.push(Column::Set(Box::new(call), None)),
                None => {
                    plain.push(expr.clone());
                    columns.push(Column::Plain(plain.len() - 1));
                }
            }
        }
        Ok(ProjectSetState {
            child,
            plain: compile_exprs(builder.cx, &plain)?,
            plain_row: Vec::new(),
            columns,
            active: false,
            row: Vec::new(),
            scratch: Vec::new(),
        })
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        loop {
            if !self.active {
                if !self.child.next(env)? {
                    return Ok(false);
                }
                let rows = Rows::outer(self.child.row());
                self.plain.project(&rows, env, &mut self.plain_row)?;
                for column in &mut self.columns {
                    if let Column::Set(call, source) = column {
                        *source = Some(call.start(&rows, env)?);
                    }
                }
                self.active = true;
            }
            if self.make_row(env)? {
                return Ok(true);
            }
            self.active = false;
            env.check_interrupts()?;
        }
    }

    /// The sets side by side until the longest ends; the others give nulls.
    fn make_row(&mut self, env: &mut Env<'_>) -> Result<bool> {
        let mut any = false;
        self.row.clear();
        for column in &mut self.columns {
            let value = match column {
                Column::Plain(at) => self.plain_row[*at].clone(),
                Column::Set(call, source) => {
                    self.scratch.clear();
                    let more = match source {
                        Some(s) => call.next(s.as_mut(), env, &mut self.scratch)?,
                        None => false,
                    };
                    if !more {
                        *source = None;
                        Datum::Null
                    } else {
                        any = true;
                        one_value(env, call, &mut self.scratch)?
                    }
                }
            };
            self.row.push(value);
        }
        Ok(any)
    }

    pub(super) fn row(&self) -> &[Datum] {
        &self.row
    }

    pub(super) fn rescan(&mut self, env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.active = false;
        self.child.rescan(env, changed)
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        vec![&mut self.child]
    }
}

/// A set's row as one value: composite if it has several columns.
fn one_value(env: &Env<'_>, call: &SetCall, columns: &mut Vec<Datum>) -> Result<Datum> {
    if columns.len() == 1 {
        return Ok(columns.pop().unwrap_or_default());
    }
    let types = crate::system::output_types(env.cx, call.info.function, &call.info.arg_types)?;
    let (names, types): (Vec<String>, Vec<Oid>) = types.into_iter().unzip();
    let attributes = names.into_iter().zip(&types).map(|(name, oid)| Types(env.cx).attribute(name, *oid));
    let desc = TupleDesc { attributes: attributes.collect::<Result<_>>()? };
    let type_mod = env.cx.session.register_record_type(&Arc::new(desc));
    Ok(crate::values::make_row(columns, Oid(2249), type_mod, &types))
}

/// Where a function's rows come from.
enum Source {
    Rows(Box<SetCall>),
    /// One value: one row.
    Value(Program),
}

struct FunctionState {
    source: Source,
    columns: usize,
    column_types: Vec<Oid>,
    composite: bool,
    /// Executor parameters that its arguments depend on.
    params: Vec<i32>,
    store: Option<Tuplestore>,
}

/// A FunctionScan at work.
pub struct FunctionScanState {
    rti: i32,
    functions: Vec<FunctionState>,
    ordinality: bool,
    at: u64,
    input: Vec<Datum>,
    pub(super) output: Output,
}

impl FunctionScanState {
    pub(super) fn build(builder: &mut Builder<'_>, plan: &Plan, node: &FunctionScan) -> Result<FunctionScanState> {
        let mut functions = Vec::new();
        for (at, function) in node.functions.iter().enumerate() {
            let declared = declared_columns(builder, node.relation, at)?;
            let source = match SetCall::build(builder, &function.expr, declared)? {
                Some(call) => Source::Rows(Box::new(call)),
                None => Source::Value(compile_exprs(builder.cx, [&function.expr])?),
            };
            functions.push(FunctionState {
                source,
                columns: function.columns,
                column_types: function.column_types.clone(),
                composite: function.composite,
                params: function_params(plan, &function.expr),
                store: None,
            });
        }
        let desc = builder.rte_desc(node.relation)?;
        let width = node.functions.iter().map(|f| f.columns).sum::<usize>() + usize::from(node.ordinality);
        let mut output = match desc {
            Some(desc) => builder.row_output(plan, desc)?,
            None => builder.output(plan)?,
        };
        if output.project.as_ref().is_some_and(|p| p.result_count() == width && p.is_identity_of(expr::Source::Scan)) {
            output.project = None;
        }
        Ok(FunctionScanState {
            rti: node.relation,
            functions,
            ordinality: node.ordinality,
            at: 0,
            input: Vec::new(),
            output,
        })
    }

    fn load(&mut self, env: &mut Env<'_>) -> Result<()> {
        for function in &mut self.functions {
            if function.store.is_none() {
                function.store = Some(load_function(function, env)?);
            }
        }
        Ok(())
    }

    pub(super) fn next(&mut self, env: &mut Env<'_>) -> Result<bool> {
        if let Some(found) = super::scan::recheck_values(env, self.rti, &mut self.input) {
            return if found { self.output.emit(&Rows::scan(&self.input), env) } else { Ok(false) };
        }
        self.load(env)?;
        loop {
            env.check_interrupts()?;
            self.input.clear();
            let mut any = false;
            for function in &mut self.functions {
                let store = function.store.as_mut().expect("loaded above");
                match store.row(self.at)? {
                    Some(row) => {
                        any = true;
                        self.input.extend_from_slice(row);
                    }
                    None => self.input.resize(self.input.len() + function.columns, Datum::Null),
                }
            }
            if !any {
                return Ok(false);
            }
            self.at += 1;
            if self.ordinality {
                self.input.push(Datum::Int8(self.at as i64));
            }
            if self.output.emit(&Rows::scan(&self.input), env)? {
                return Ok(true);
            }
        }
    }

    pub(super) fn row(&self) -> &[Datum] {
        self.output.pick(&self.input)
    }

    pub(super) fn rescan(&mut self, _env: &mut Env<'_>, changed: &[i32]) -> Result<()> {
        self.at = 0;
        for function in &mut self.functions {
            if changed.iter().any(|p| function.params.contains(p)) {
                function.store = None;
            }
        }
        Ok(())
    }

    /// Drops the functions' rows.
    pub fn forget(&mut self) {
        self.functions.iter_mut().for_each(|f| f.store = None);
    }

    pub(super) fn children_mut(&mut self) -> Vec<&mut NodeState> {
        Vec::new()
    }
}

/// The executor parameters of a call. Those of a sub-select in it are not told apart from the node's.
fn function_params(plan: &Plan, call: &Expr) -> Vec<i32> {
    let mut params = Vec::new();
    analyze::walk::for_each(call, &mut |e| match e {
        Expr::Param(param) if param.kind == analyze::expr::ParamKind::Exec => params.push(param.id),
        Expr::SubPlan(_) => params.extend(&plan.all_params),
        _ => {}
    });
    params
}

fn load_function(function: &mut FunctionState, env: &mut Env<'_>) -> Result<Tuplestore> {
    let mut store = Tuplestore::new(function.columns, env.es.work_mem);
    let mut row = Vec::new();
    let wanted = (&function.column_types[..], function.columns);
    match &mut function.source {
        Source::Rows(call) => {
            let mut source = call.start(&Rows::default(), env)?;
            for count in 1u64.. {
                row.clear();
                if !call.next(source.as_mut(), env, &mut row)? {
                    break;
                }
                spread(&mut row, wanted, function.composite, env)?;
                store.push(&row, &mut env.temp_space())?;
                if count.is_multiple_of(1024) {
                    env.check_interrupts()?;
                }
            }
        }
        Source::Value(program) => {
            row.push(program.eval(&Rows::default(), env)?.clone());
            spread(&mut row, wanted, function.composite, env)?;
            store.push(&row, &mut env.temp_space())?;
        }
    }
    Ok(store)
}

/// A composite value's fields as columns.
fn spread(row: &mut Vec<Datum>, wanted: (&[Oid], usize), composite: bool, env: &Env<'_>) -> Result<()> {
    let (_, columns) = wanted;
    if row.len() == columns && !(composite && columns == 1) {
        return Ok(());
    }
    if row.len() == 1 && composite {
        let value = row.pop().unwrap_or_default();
        if !value.is_null() {
            check_row_type(&RecordRef::of(&value), wanted, env)?;
        }
        *row = crate::values::fields_or_nulls(env, &value, columns)?;
        return Ok(());
    }
    Err(error!(DATATYPE_MISMATCH, "{}", ROWS_DO_NOT_MATCH))
}

const ROWS_DO_NOT_MATCH: &str = "function return row and query-specified return row do not match";

/// What a row is made of is known only when it is there, if the function returns any record.
fn check_row_type(row: &RecordRef<'_>, (types, columns): (&[Oid], usize), env: &Env<'_>) -> Result<()> {
    if types.len() != columns {
        return Ok(());
    }
    if row.len() != columns {
        let plural = if row.len() == 1 { "" } else { "s" };
        let counts = format!("{} attribute{plural}, but query expects {}", row.len(), types.len());
        return Err(
            error!(DATATYPE_MISMATCH, "{}", ROWS_DO_NOT_MATCH).detail(format!("Returned row contains {counts}."))
        );
    }
    for (at, wanted) in types.iter().enumerate() {
        let found = row.column_type(at);
        if found == *wanted
            || !wanted.is_valid()
            || crate::spi::with_analysis(env.cx, "", |cx| cx.is_binary_coercible(found, *wanted))?
        {
            continue;
        }
        let types = Types(env.cx);
        let [found, wanted] = [found, *wanted].map(|oid| types.type_name(oid, -1));
        let place = at + 1;
        return Err(error!(DATATYPE_MISMATCH, "{}", ROWS_DO_NOT_MATCH)
            .detail(format!("Returned type {found} at ordinal position {place}, but query expects {wanted}.")));
    }
    Ok(())
}
