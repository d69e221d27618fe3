//! Functions that return sets or rows: ProjectSet, which has them in its output list, and FunctionScan, which has them in FROM.

use super::{Builder, NodeState, Output, target_exprs};
use crate::env::Env;
use crate::expr::{CallInfo, Program, Rows, Source, compile_exprs};
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

/// Who makes the rows of a set-returning call.
#[derive(Clone, Copy)]
enum SetFunction {
    Builtin(SrfFn),
    /// Makes all of them at once.
    System(crate::system::SystemSet),
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

/// A set-returning call.
pub struct SetCall {
    function: SetFunction,
    args: Program,
    info: CallInfo,
    /// The columns that the query declares for a function returning record.
    declared: Option<Arc<TupleDesc>>,
}

impl SetCall {
    /// Prepares a call; `None` if the expression returns no set.
    pub fn build(builder: &Builder<'_>, expr: &Expr) -> Result<Option<SetCall>> {
        let (function, args, collation, variadic) = match expr {
            Expr::FuncExpr(node) if node.returns_set => {
                (node.function, &node.args, node.input_collation, node.variadic)
            }
            Expr::OpExpr(node) if node.returns_set => (node.function, &node.args, node.input_collation, false),
            _ => return Ok(None),
        };
        builder.cx.check_execute(function)?;
        let found = match (builtins::set_returning(function), crate::system::set_function(function)) {
            (Some(found), _) => (SetFunction::Builtin(found.function), found.strict),
            // Those of the system look at their arguments themselves.
            (None, Some(found)) => (SetFunction::System(found), false),
            (None, None) => return Err(Error::unsupported(format!("set-returning function with OID {function}"))),
        };
        Ok(Some(SetCall {
            function: found.0,
            args: compile_exprs(builder.cx, args)?,
            info: CallInfo {
                callee: crate::expr::Callee::Builtin(|_, _| Ok(Datum::Null)),
                function,
                strict: found.1,
                arg_types: args.iter().map(Expr::type_of).collect(),
                result_type: expr.type_of(),
                collation,
                variadic,
            },
            declared: None,
        }))
    }

    /// Calls it; `None` gives no rows.
    pub fn start(&mut self, rows: &Rows<'_>, env: &mut Env<'_>) -> Result<Option<Box<dyn RowSource>>> {
        let mut args = Vec::new();
        self.args.project(rows, env, &mut args)?;
        if self.info.strict && args.iter().any(Datum::is_null) {
            return Ok(None);
        }
        let cx = env.cx;
        match self.function {
            SetFunction::Builtin(function) => self.with_cx(env, |fx| function(fx, &args)).map(Some),
            SetFunction::System(function) => {
                let rows = self.with_cx(env, |fx| function(cx, fx, &args))?;
                Ok(Some(Box::new(Made(rows.into_iter()))))
            }
        }
    }

    /// Appends the next row's columns.
    pub fn next(&self, source: &mut dyn RowSource, env: &mut Env<'_>, out: &mut Vec<Datum>) -> Result<bool> {
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

/// A call of a function that returns one record, whose columns the query declares.
struct RecordCall {
    function: builtins::BuiltinFn,
    args: Program,
    info: CallInfo,
    declared: Arc<TupleDesc>,
}

impl RecordCall {
    /// Prepares a call; `None` if the expression is not one of a built-in function.
    fn build(builder: &Builder<'_>, expr: &Expr, declared: Arc<TupleDesc>) -> Result<Option<RecordCall>> {
        let Expr::FuncExpr(node) = expr else { return Ok(None) };
        let Some(found) = builtins::function(node.function) else { return Ok(None) };
        Ok(Some(RecordCall {
            function: found.function,
            args: compile_exprs(builder.cx, &node.args)?,
            info: CallInfo {
                callee: crate::expr::Callee::Builtin(found.function),
                function: node.function,
                strict: found.strict,
                arg_types: node.args.iter().map(Expr::type_of).collect(),
                result_type: node.result_type,
                collation: node.input_collation,
                variadic: node.variadic,
            },
            declared,
        }))
    }

    fn call(&mut self, env: &mut Env<'_>) -> Result<Datum> {
        let mut args = Vec::new();
        self.args.project(&Rows::default(), env, &mut args)?;
        if self.info.strict && args.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        crate::env::with_format(env.cx, &env.es.format, |fx| {
            let mut fx = fx.call(&self.info.arg_types, self.info.result_type, self.info.collation);
            fx.variadic = self.info.variadic;
            fx.expected_row = Some(&self.declared);
            (self.function)(&mut fx, &args)
        })
    }
}

/// The columns that the query declares for a function in FROM: its definition list, whose names are the alias's.
fn declared_columns(builder: &Builder<'_>, rti: i32, at: usize) -> Result<Option<Arc<TupleDesc>>> {
    let rte = &builder.plan.rtable[rti as usize - 1];
    let analyze::query::RteKind::Function(call) = &rte.kind else { return Ok(None) };
    let Some(Some(list)) = call.functions.get(at).map(|f| f.definition.as_ref()) else { return Ok(None) };
    let before: usize = call.functions[..at].iter().map(|f| f.column_count).sum();
    let types = crate::types::Types(builder.cx);
    let mut desc = TupleDesc::default();
    for (place, oid) in list.types.iter().enumerate() {
        use builtins::TypeLookup;
        let info = types.type_info(*oid)?;
        let name = list.names.get(place).or(rte.eref.columns.get(before + place)).cloned().unwrap_or_default();
        let mut attribute = tuple::Attribute::new(name, *oid, info.len, info.repr());
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
            match SetCall::build(builder, expr)? {
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
                        *source = call.start(&rows, env)?;
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
    let types = crate::system::output_types(env.cx, call.info.function)?;
    let (names, types): (Vec<String>, Vec<Oid>) = types.into_iter().unzip();
    let mut desc = tuple::TupleDesc::default();
    for (name, oid) in names.iter().zip(&types) {
        use builtins::TypeLookup;
        let info = crate::types::Types(env.cx).type_info(*oid)?;
        desc.attributes.push(tuple::Attribute::new(name.clone(), *oid, info.len, info.repr()));
    }
    let type_mod = env.cx.session.register_record_type(&std::sync::Arc::new(desc));
    Ok(crate::values::make_row(columns, Oid(2249), type_mod, &types))
}

enum Source1 {
    /// A set-returning built-in.
    Set(Box<SetCall>),
    /// A set-returning function that sees the session: all its rows at once.
    System(crate::system::SystemSet, Program, CallInfo),
    /// A record whose columns the query declares: one row.
    Record(Box<RecordCall>),
    /// A plain value: one row.
    Plain(Program),
}

struct FunctionState {
    source: Source1,
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
            let system = match &function.expr {
                Expr::FuncExpr(call) if call.returns_set => {
                    crate::system::set_function(call.function).map(|f| (f, call))
                }
                _ => None,
            };
            let source = match (system, &function.expr) {
                (Some((set, call)), _) => {
                    builder.cx.check_execute(call.function)?;
                    let info = CallInfo {
                        callee: crate::expr::Callee::Builtin(|_, _| Ok(Datum::Null)),
                        function: call.function,
                        strict: builder.cx.catalog().function(call.function)?.is_some_and(|r| r.proisstrict),
                        arg_types: call.args.iter().map(Expr::type_of).collect(),
                        result_type: call.result_type,
                        collation: call.input_collation,
                        variadic: call.variadic,
                    };
                    Source1::System(set, compile_exprs(builder.cx, &call.args)?, info)
                }
                (None, expr) => match (SetCall::build(builder, expr)?, declared) {
                    (Some(call), declared) => Source1::Set(Box::new(SetCall { declared, ..call })),
                    (None, Some(declared)) => match RecordCall::build(builder, expr, declared)? {
                        Some(call) => Source1::Record(Box::new(call)),
                        None => Source1::Plain(compile_exprs(builder.cx, [expr])?),
                    },
                    (None, None) => Source1::Plain(compile_exprs(builder.cx, [expr])?),
                },
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
        if output.project.as_ref().is_some_and(|p| p.result_count() == width && p.is_identity_of(Source::Scan)) {
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
        if env.es.recheck.is_some() {
            let mut row = access::Row::default();
            if let Some(found) = super::scan::recheck_row(env, self.rti, &mut row) {
                self.input = row.values;
                return if found { self.output.emit(&Rows::scan(&self.input), env) } else { Ok(false) };
            }
        }
        self.load(env)?;
        loop {
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
    match &mut function.source {
        Source1::Set(call) => {
            let Some(mut source) = call.start(&Rows::default(), env)? else { return Ok(store) };
            let mut count = 0u64;
            loop {
                row.clear();
                if !call.next(source.as_mut(), env, &mut row)? {
                    return Ok(store);
                }
                spread(&mut row, (&function.column_types, function.columns), function.composite, env)?;
                store.push(&row, &mut env.temp_space())?;
                count += 1;
                if count.is_multiple_of(1024) {
                    env.check_interrupts()?;
                }
            }
        }
        Source1::System(set, args, info) => {
            let mut values = Vec::new();
            args.project(&Rows::default(), env, &mut values)?;
            if info.strict && values.iter().any(Datum::is_null) {
                return Ok(store);
            }
            let cx = env.cx;
            let rows = crate::env::with_format(cx, &env.es.format, |fx| {
                let mut fx = fx.call(&info.arg_types, info.result_type, info.collation);
                set(cx, &mut fx, &values)
            })?;
            for mut row in rows {
                spread(&mut row, (&function.column_types, function.columns), function.composite, env)?;
                store.push(&row, &mut env.temp_space())?;
            }
            Ok(store)
        }
        Source1::Record(call) => {
            row.push(call.call(env)?);
            spread(&mut row, (&function.column_types, function.columns), function.composite, env)?;
            store.push(&row, &mut env.temp_space())?;
            Ok(store)
        }
        Source1::Plain(program) => {
            row.push(program.eval(&Rows::default(), env)?.clone());
            spread(&mut row, (&function.column_types, function.columns), function.composite, env)?;
            store.push(&row, &mut env.temp_space())?;
            Ok(store)
        }
    }
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
