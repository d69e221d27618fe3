//! Function calls: which function is meant, its arguments coerced, and the node that it makes.
//!
//! Source: PostgreSQL 15 parse_func.c.

use crate::candidates::{CallShape, Candidate, Selection};
use crate::coerce::{Coercion, Pathway};
use crate::expr::{
    Aggref, ArrayExpr, CoercionContext, CoercionForm, Cosmetic, Expr, FieldSelect, FuncExpr, Location, NamedArgExpr,
    Var, WindowFunc, leftmost,
};
use crate::oids;

use crate::lookup::Shared;
use crate::state::{Analyzer, ExprKind, is_unknown_const};
use base::Oid;
use catalog::rows::PgProc;
use parser::ast::{self, CallForm, FuncCall, QualifiedName};
use report::{Error, Result, SqlState, error};

/// Arguments that a call may have.
const FUNC_MAX_ARGS: usize = 100;

/// What a call turns out to be.
enum Detail {
    NotFound,
    Ambiguous,
    /// A cast written as a call.
    Coercion(Oid),
    Found(Box<FoundFunction>),
}

struct FoundFunction {
    row: Shared<PgProc>,
    candidate: Candidate,
    defaults: Vec<Expr>,
}

/// A call being resolved.
struct Call<'c> {
    name: &'c QualifiedName,
    /// `None` for `x.name`, which may be a column or a function.
    written: Option<&'c FuncCall>,
    arg_names: Vec<String>,
    types: Vec<Oid>,
    is_procedure: bool,
    last_srf: u32,
    location: Location,
}

impl Call<'_> {
    fn flag(&self, get: impl Fn(&FuncCall) -> bool) -> bool {
        self.written.is_some_and(get)
    }
}

/// A call by a name alone.
pub struct NamedCall<'c> {
    /// Types of its arguments.
    pub types: &'c [Oid],
    /// Names of those that are named: the last ones.
    pub arg_names: &'c [String],
    /// VARIADIC is written.
    pub variadic: bool,
}

impl Analyzer<'_, '_> {
    /// The function, aggregate or window function that a call with this bare name would mean, `None` if none or several.
    pub fn function_named(&self, name: &str, call: &NamedCall<'_>) -> Result<Option<Oid>> {
        let shape = CallShape {
            count: call.types.len(),
            names: call.arg_names,
            expand_variadic: !call.variadic,
            with_outputs: false,
        };
        let name = QualifiedName { parts: vec![name.to_owned()], pos: ast::Pos::NONE };
        let candidates = self.function_candidates(&name, &shape)?;
        let exact = candidates.iter().find(|c| c.args[..call.types.len()] == call.types[..]);
        let chosen = match exact {
            Some(candidate) => candidate.clone(),
            None => match self.select_candidate(call.types, candidates)? {
                Selection::One(candidate) => candidate,
                Selection::None | Selection::Ambiguous => return Ok(None),
            },
        };
        let is_procedure = chosen.row.as_ref().is_some_and(|row| row.prokind == b'p');
        Ok((chosen.oid.is_valid() && !is_procedure).then_some(chosen.oid))
    }

    /// A call as written.
    pub fn transform_func_call(&mut self, call: &FuncCall) -> Result<Expr> {
        let last_srf = self.top().last_srf.0;
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.transform_recursive(arg)?);
        }
        if call.within_group {
            // The columns of WITHIN GROUP are arguments too, after the direct ones.
            for item in &call.order_by {
                args.push(self.transform_expr(&item.expr, ExprKind::OrderBy)?);
            }
        }
        let resolved = self.resolve_call(&call.name, args, Some(call), last_srf, call.pos.into())?;
        Ok(resolved.expect("a written call is resolved or refused"))
    }

    /// CALL of a procedure.
    pub fn transform_procedure_call(&mut self, call: &FuncCall) -> Result<Expr> {
        self.state().kind = Some(ExprKind::CallArgument);
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.transform_expr(arg, ExprKind::CallArgument)?);
        }
        let last_srf = self.top().last_srf.0;
        let resolved = self.resolve(&call.name, args, Some(call), last_srf, true, call.pos.into())?;
        Ok(resolved.expect("a written call is resolved or refused"))
    }

    /// A call of a function, or of a column as a function (`written` is `None`): `None` if that is neither.
    pub fn resolve_call(
        &mut self,
        name: &QualifiedName,
        args: Vec<Expr>,
        written: Option<&FuncCall>,
        last_srf: u32,
        location: Location,
    ) -> Result<Option<Expr>> {
        self.resolve(name, args, written, last_srf, false, location)
    }

    fn resolve(
        &mut self,
        name: &QualifiedName,
        mut args: Vec<Expr>,
        written: Option<&FuncCall>,
        last_srf: u32,
        is_procedure: bool,
        location: Location,
    ) -> Result<Option<Expr>> {
        let filter = match written.and_then(|call| call.filter.as_ref()) {
            Some(filter) => self.transform_where(Some(filter), ExprKind::Filter, "FILTER")?,
            None => None,
        };
        if args.len() > FUNC_MAX_ARGS {
            let err = error!(TOO_MANY_ARGUMENTS, "cannot pass more than {FUNC_MAX_ARGS} arguments to a function");
            return Err(self.at(err, location));
        }
        if written.is_some_and(|call| !call.within_group) {
            args.retain(|arg| !(matches!(arg, Expr::Param(_)) && arg.type_of() == oids::VOID));
        }
        let arg_names = self.check_arg_names(&args)?;
        let types = args.iter().map(Expr::type_of).collect();
        let mut call = Call { name, written, arg_names, types, is_procedure, last_srf, location };

        let could_project = self.could_be_projection(&call, filter.is_some())?;
        if could_project
            && written.is_none()
            && let Some(column) = self.project(name.last(), &args[0], location)?
        {
            return Ok(Some(column));
        }
        let detail = self.func_detail(&call, &mut args).map_err(|err| self.at(err, location))?;
        let found = match detail {
            Detail::Found(found) => found,
            Detail::Coercion(target) => {
                self.refuse_aggregate_marks(&call, filter.is_some())?;
                let how = Coercion { context: CoercionContext::Explicit, form: CoercionForm::ExplicitCall, location };
                let arg = args.remove(0);
                return self.coerce(arg, call.types[0], target, -1, how).map(Some);
            }
            Detail::Ambiguous if written.is_none() => return Ok(None),
            Detail::NotFound if written.is_none() => return Ok(None),
            Detail::Ambiguous => return Err(self.ambiguous(&call)),
            Detail::NotFound => {
                if could_project && let Some(column) = self.project(name.last(), &args[0], location)? {
                    return Ok(Some(column));
                }
                return Err(self.not_found(&call));
            }
        };
        self.build_call(&mut call, *found, args, filter).map(Some)
    }

    fn check_arg_names(&self, args: &[Expr]) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for arg in args {
            if let Expr::NamedArgExpr(named) = arg {
                if names.contains(&named.name) {
                    let err = error!(SYNTAX_ERROR, "argument name \"{}\" used more than once", named.name);
                    return Err(self.at(err, named.location));
                }
                names.push(named.name.clone());
            } else if !names.is_empty() {
                let err = error!(SYNTAX_ERROR, "positional argument cannot follow named argument");
                return Err(self.at(err, arg.location()));
            }
        }
        Ok(names)
    }

    fn could_be_projection(&self, call: &Call<'_>, has_filter: bool) -> Result<bool> {
        let plain = !call.flag(|c| !c.order_by.is_empty() || c.star || c.distinct || c.over.is_some() || c.variadic);
        Ok(call.types.len() == 1
            && !call.is_procedure
            && plain
            && !has_filter
            && call.arg_names.is_empty()
            && call.name.parts.len() == 1
            && (call.types[0] == oids::RECORD || self.cx.is_complex(call.types[0])?))
    }

    fn func_detail(&mut self, call: &Call<'_>, args: &mut [Expr]) -> Result<Detail> {
        let shape = CallShape {
            count: call.types.len(),
            names: &call.arg_names,
            expand_variadic: !call.flag(|c| c.variadic),
            with_outputs: call.is_procedure,
        };
        let candidates = self.function_candidates(call.name, &shape)?;
        let exact = candidates.iter().find(|c| c.args[..call.types.len()] == call.types[..]);
        let chosen = match exact {
            Some(candidate) => candidate.clone(),
            None => {
                if let Some(target) = self.coercion_as_call(call, args)? {
                    return Ok(Detail::Coercion(target));
                }
                match self.select_candidate(&call.types, candidates)? {
                    Selection::None => return Ok(Detail::NotFound),
                    Selection::Ambiguous => return Ok(Detail::Ambiguous),
                    Selection::One(candidate) => candidate,
                }
            }
        };
        if !chosen.oid.is_valid() {
            return Ok(Detail::Ambiguous);
        }
        if let Some(numbers) = &chosen.arg_numbers {
            // VARIADIC must mark the last declared argument.
            if !shape.expand_variadic && numbers[call.types.len() - 1] != call.types.len() - 1 {
                return Ok(Detail::NotFound);
            }
            for (arg, &number) in args.iter_mut().zip(numbers) {
                if let Expr::NamedArgExpr(named) = arg {
                    named.number = number as i32;
                }
            }
        }
        let row = chosen.row.clone().expect("a function candidate has its row");
        let defaults = self.defaults_of(&row, &chosen)?;
        Ok(Detail::Found(Box::new(FoundFunction { row, candidate: chosen, defaults })))
    }

    /// `typename(x)` where that means a cast that needs no function.
    fn coercion_as_call(&self, call: &Call<'_>, args: &[Expr]) -> Result<Option<Oid>> {
        if call.types.len() != 1 || !call.arg_names.is_empty() {
            return Ok(None);
        }
        let Ok(Some(row)) = self.cx.find_type(call.name) else { return Ok(None) };
        // As a function, a temporary type is found only where the name says so: it must not catch others' calls.
        if call.name.parts.len() == 1 && self.cx.temp_namespace.is_valid() && row.typnamespace == self.cx.temp_namespace
        {
            return Ok(None);
        }
        if !row.typisdefined || row.typrelid.is_valid() {
            return Ok(None);
        }
        let source = call.types[0];
        if source == oids::UNKNOWN && is_unknown_const(&args[0]) {
            return Ok(Some(row.oid));
        }
        let is_cast = match self.find_pathway(row.oid, source, CoercionContext::Explicit)? {
            Pathway::Relabel => true,
            Pathway::ViaIo => {
                let is_row = source == oids::RECORD || self.cx.is_complex(source)?;
                !(is_row && self.cx.category(row.oid)?.0 == b'S')
            }
            _ => false,
        };
        Ok(is_cast.then_some(row.oid))
    }

    fn refuse_aggregate_marks(&self, call: &Call<'_>, has_filter: bool) -> Result<()> {
        let name = call.name.dotted();
        let message = if call.flag(|c| c.star) {
            format!("{name}(*) specified, but {name} is not an aggregate function")
        } else if call.flag(|c| c.distinct) {
            format!("DISTINCT specified, but {name} is not an aggregate function")
        } else if call.flag(|c| c.within_group) {
            format!("WITHIN GROUP specified, but {name} is not an aggregate function")
        } else if call.flag(|c| !c.order_by.is_empty()) {
            format!("ORDER BY specified, but {name} is not an aggregate function")
        } else if has_filter {
            format!("FILTER specified, but {name} is not an aggregate function")
        } else if call.flag(|c| c.over.is_some()) {
            format!("OVER specified, but {name} is not a window function nor an aggregate function")
        } else {
            return Ok(());
        };
        Err(self.at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), call.location))
    }

    /// `name(integer, b => text)`.
    fn signature(&self, call: &Call<'_>) -> String {
        let positional = call.types.len() - call.arg_names.len();
        let mut parts = Vec::with_capacity(call.types.len());
        for (at, &oid) in call.types.iter().enumerate() {
            let type_name = self.cx.format_type(oid);
            parts.push(match at.checked_sub(positional) {
                Some(named) => format!("{} => {type_name}", call.arg_names[named]),
                None => type_name,
            });
        }
        format!("{}({})", call.name.dotted(), parts.join(", "))
    }

    fn ambiguous(&self, call: &Call<'_>) -> Error {
        let noun = if call.is_procedure { "procedure" } else { "function" };
        let err = error!(AMBIGUOUS_FUNCTION, "{noun} {} is not unique", self.signature(call));
        let hint = format!("Could not choose a best candidate {noun}. You might need to add explicit type casts.");
        self.at(err.hint(hint), call.location)
    }

    fn not_found(&self, call: &Call<'_>) -> Error {
        let noun = if call.is_procedure { "procedure" } else { "function" };
        let err = error!(UNDEFINED_FUNCTION, "{noun} {} does not exist", self.signature(call));
        let hint = if call.flag(|c| c.order_by.len() > 1 && !c.within_group) {
            "No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; \
             ORDER BY must appear after all regular arguments of the aggregate."
                .to_owned()
        } else {
            format!("No {noun} matches the given name and argument types. You might need to add explicit type casts.")
        };
        self.at(err.hint(hint), call.location)
    }

    fn build_call(
        &mut self,
        call: &mut Call<'_>,
        found: FoundFunction,
        mut args: Vec<Expr>,
        filter: Option<Expr>,
    ) -> Result<Expr> {
        let row = &found.row;
        self.check_kind(call, row, filter.is_some())?;
        let mut declared = found.candidate.args.clone();
        let agg_kind = self.check_aggregate_shape(call, &found, &mut args, &declared)?;
        let mut actual = call.types.clone();
        actual.extend(found.defaults.iter().map(Expr::type_of));
        let result_type = self.enforce_generic_consistency(&actual, &mut declared, row.prorettype)?;
        self.coerce_arguments(&mut args, &actual, &declared)?;

        let mut variadic = call.flag(|c| c.variadic) && row.provariadic.is_valid();
        if found.candidate.variadic_count > 0 && row.provariadic != oids::ANY {
            let tail = args.split_off(args.len() - found.candidate.variadic_count);
            args.push(self.variadic_array(tail)?);
            variadic = true;
        }
        if !call.types.is_empty() && row.provariadic == oids::ANY && variadic {
            let last = call.types[call.types.len() - 1];
            if !self.cx.base_element_type(last)?.is_valid() {
                let location = args.last().map_or(call.location, Expr::location);
                return Err(self.at(error!(DATATYPE_MISMATCH, "VARIADIC argument must be an array"), location));
            }
        }
        let written_count = args.len();
        if found.candidate.variadic_count == 0 {
            append_defaults(&mut args, &found);
        }
        let default_count = args.len() - written_count;
        if row.proretset {
            self.check_srf_placement(call.last_srf, call.location)?;
        }
        let over = call.written.and_then(|c| c.over.as_deref());
        let built = match (row.prokind, over) {
            (b'a', None) => self.build_aggregate(call, row, (result_type, agg_kind, variadic), args, filter)?,
            (b'a' | b'w', Some(over)) => self.build_window(call, row, result_type, args, filter, over)?,
            _ => FuncExpr {
                function: row.oid,
                result_type,
                returns_set: row.proretset,
                variadic,
                format: Cosmetic(match call.written.map(|c| c.form) {
                    Some(CallForm::SqlSyntax) => CoercionForm::SqlSyntax,
                    _ => CoercionForm::ExplicitCall,
                }),
                collation: Oid::INVALID,
                input_collation: Oid::INVALID,
                args,
                default_count,
                location: call.location,
            }
            .into(),
        };
        if row.proretset {
            self.note_srf(call.location);
        }
        Ok(built)
    }

    /// Procedures are called, functions are not; marks of aggregates and windows fit the function.
    fn check_kind(&self, call: &Call<'_>, row: &PgProc, has_filter: bool) -> Result<()> {
        let wrong = |message: String| self.at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), call.location);
        let name = call.name.dotted();
        match (row.prokind == b'p', call.is_procedure) {
            (false, true) => {
                let err = wrong(format!("{} is not a procedure", self.signature(call)));
                return Err(err.hint("To call a function, use SELECT."));
            }
            (true, false) => {
                let err = wrong(format!("{} is a procedure", self.signature(call)));
                return Err(err.hint("To call a procedure, use CALL."));
            }
            _ => {}
        }
        match row.prokind {
            b'a' => Ok(()),
            b'w' if !call.flag(|c| c.over.is_some()) => {
                Err(wrong(format!("window function {name} requires an OVER clause")))
            }
            b'w' if call.flag(|c| c.within_group) => {
                Err(wrong(format!("window function {name} cannot have WITHIN GROUP")))
            }
            b'w' => Ok(()),
            _ => self.refuse_aggregate_marks(call, has_filter),
        }
    }

    /// Checks direct and aggregated arguments of ordered-set aggregates, and answers pg_aggregate.aggkind.
    fn check_aggregate_shape(
        &mut self,
        call: &mut Call<'_>,
        found: &FoundFunction,
        args: &mut [Expr],
        declared: &[Oid],
    ) -> Result<u8> {
        if found.row.prokind != b'a' {
            return Ok(0);
        }
        let row = self.cx.catalog.aggregate(found.row.oid)?;
        let row = row.ok_or_else(|| Error::internal(format!("cache lookup failed for aggregate {}", found.row.oid)))?;
        let name = call.name.dotted();
        let wrong = |message: String| self.at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), call.location);
        if row.aggkind == b'n' {
            return match call.flag(|c| c.within_group) {
                true => Err(wrong(format!("{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP"))),
                false => Ok(row.aggkind),
            };
        }
        if !call.flag(|c| c.within_group) {
            return Err(wrong(format!("WITHIN GROUP is required for ordered-set aggregate {name}")));
        }
        if call.flag(|c| c.over.is_some()) {
            let err = error!(FEATURE_NOT_SUPPORTED, "OVER is not supported for ordered-set aggregate {name}");
            return Err(self.at(err, call.location));
        }
        let aggregated = call.written.map_or(0, |c| c.order_by.len());
        let direct = call.types.len() - aggregated;
        let wanted = row.aggnumdirectargs as usize;
        let variadic_count = found.candidate.variadic_count;
        let declared_count = call.types.len() + 1 - variadic_count.max(1);
        let plural = if wanted == 1 { "argument" } else { "arguments" };
        let hint = if !found.row.provariadic.is_valid() || wanted < declared_count {
            (direct != wanted).then(|| {
                format!(
                    "There is an ordered-set aggregate {name}, but it requires {wanted} direct {plural}, not {direct}."
                )
            })
        } else if row.aggkind == b'h' {
            (variadic_count != 2 * aggregated).then(|| {
                let given = variadic_count.saturating_sub(aggregated);
                format!(
                    "To use the hypothetical-set aggregate {name}, the number of hypothetical direct arguments \
                     (here {given}) must match the number of ordering columns (here {aggregated})."
                )
            })
        } else {
            (variadic_count <= aggregated).then(|| {
                format!("There is an ordered-set aggregate {name}, but it requires at least {wanted} direct {plural}.")
            })
        };
        if let Some(hint) = hint {
            let err = error!(UNDEFINED_FUNCTION, "function {} does not exist", self.signature(call));
            return Err(self.at(err.hint(hint), call.location));
        }
        if row.aggkind == b'h' {
            self.unify_hypothetical(call, args, aggregated, declared)?;
        }
        Ok(row.aggkind)
    }

    fn unify_hypothetical(
        &mut self,
        call: &mut Call<'_>,
        args: &mut [Expr],
        aggregated: usize,
        declared: &[Oid],
    ) -> Result<()> {
        let direct = args.len() - aggregated;
        for at in 0..aggregated {
            let (hypothetical, sorted) = (direct - aggregated + at, direct + at);
            if declared[hypothetical] != oids::ANY {
                continue;
            }
            let pair = [&args[sorted], &args[hypothetical]];
            let common = self.common_type(&pair, "WITHIN GROUP")?;
            let typmod = crate::coerce::common_typmod(&pair, common);
            for index in [hypothetical, sorted] {
                let arg = args[index].clone();
                args[index] = self.coerce(arg, call.types[index], common, typmod, Coercion::IMPLICIT)?;
                call.types[index] = common;
            }
        }
        Ok(())
    }

    fn variadic_array(&self, elements: Vec<Expr>) -> Result<Expr> {
        let location = leftmost(&elements);
        let element_type = elements[0].type_of();
        let array_type = self.cx.array_type(element_type)?;
        if !array_type.is_valid() {
            return Err(self.cx.no_array_type(element_type, location));
        }
        Ok(ArrayExpr { array_type, collation: Oid::INVALID, element_type, elements, multidims: false, location }.into())
    }

    fn build_aggregate(
        &mut self,
        call: &Call<'_>,
        row: &PgProc,
        (result_type, kind, variadic): (Oid, u8, bool),
        args: Vec<Expr>,
        filter: Option<Expr>,
    ) -> Result<Expr> {
        let name = call.name.dotted();
        let star = call.flag(|c| c.star);
        if args.is_empty() && !star && !call.flag(|c| c.within_group) {
            let message = format!("{name}(*) must be used to call a parameterless aggregate function");
            return Err(self.at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), call.location));
        }
        if !call.arg_names.is_empty() {
            let err = error!(FEATURE_NOT_SUPPORTED, "aggregates cannot use named arguments");
            return Err(self.at(err, call.location));
        }
        let aggref = Aggref {
            function: row.oid,
            result_type,
            collation: Oid::INVALID,
            input_collation: Oid::INVALID,
            transition_type: Oid::INVALID,
            arg_types: Vec::new(),
            direct_args: Vec::new(),
            args: Vec::new(),
            order: Vec::new(),
            distinct: Vec::new(),
            filter,
            star,
            variadic,
            kind,
            levels_up: 0,
            split: crate::expr::AggSplit::Simple,
            agg_no: -1,
            trans_no: -1,
            location: call.location,
        };
        let order: &[ast::SortBy] = call.written.map_or(&[], |c| &c.order_by);
        self.transform_aggregate(aggref, args, order, call.flag(|c| c.distinct))
    }

    fn build_window(
        &mut self,
        call: &Call<'_>,
        row: &PgProc,
        result_type: Oid,
        args: Vec<Expr>,
        filter: Option<Expr>,
        over: &ast::WindowDef,
    ) -> Result<Expr> {
        let refuse = |message: &str| Err(self.at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), call.location));
        let is_aggregate = row.prokind == b'a';
        let star = call.flag(|c| c.star);
        if call.flag(|c| c.distinct) {
            return refuse("DISTINCT is not implemented for window functions");
        }
        if is_aggregate && args.is_empty() && !star {
            let name = call.name.dotted();
            let message = format!("{name}(*) must be used to call a parameterless aggregate function");
            return Err(self.at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), call.location));
        }
        if call.flag(|c| !c.order_by.is_empty()) {
            return refuse("aggregate ORDER BY is not implemented for window functions");
        }
        if !is_aggregate && filter.is_some() {
            return refuse("FILTER is not implemented for non-aggregate window functions");
        }
        let (count, inner) = self.top().last_srf;
        if count != call.last_srf {
            let err =
                error!(FEATURE_NOT_SUPPORTED, "window function calls cannot contain set-returning function calls");
            let hint = "You might be able to move the set-returning function into a LATERAL FROM item.";
            return Err(self.at(err.hint(hint), inner));
        }
        let window = WindowFunc {
            function: row.oid,
            result_type,
            collation: Oid::INVALID,
            input_collation: Oid::INVALID,
            args,
            filter,
            winref: 0,
            star,
            is_aggregate,
            location: call.location,
        };
        self.transform_window_call(window, over)
    }

    /// A column of a row value by its name, `None` if it has none of this name.
    pub fn project(&mut self, name: &str, row: &Expr, location: Location) -> Result<Option<Expr>> {
        if let Expr::Var(Var { attno: 0, varno, levels_up, .. }) = row
            && let Some(item) = self.item_of_relation(*varno, *levels_up)
        {
            let found = self.scan_item_for_column(&item.data, *levels_up, name, location)?;
            return Ok(found);
        }
        let Some(desc) = self.row_desc(row)? else { return Ok(None) };
        let at = desc.attributes.iter().position(|a| !a.is_dropped && a.name == name);
        Ok(at.map(|at| {
            let column = &desc.attributes[at];
            FieldSelect {
                arg: row.clone(),
                field: at as i16 + 1,
                result_type: column.type_oid,
                typmod: column.type_mod,
                collation: column.collation,
            }
            .into()
        }))
    }
}

/// Adds the default values that a call uses behind its arguments, by name where the call names some.
fn append_defaults(args: &mut Vec<Expr>, found: &FoundFunction) {
    let Some(numbers) = &found.candidate.arg_numbers else { return args.extend(found.defaults.iter().cloned()) };
    let names = found.row.proargnames.as_deref().unwrap_or_default();
    let used = &numbers[numbers.len() - found.defaults.len()..];
    for (&number, default) in used.iter().zip(&found.defaults) {
        let name = names.get(number).cloned().unwrap_or_default();
        let arg = default.clone();
        let location = arg.location();
        args.push(NamedArgExpr { arg, name, number: number as i32, location }.into());
    }
}

impl Analyzer<'_, '_> {
    /// The default expressions that a call uses.
    fn defaults_of(&mut self, row: &PgProc, candidate: &Candidate) -> Result<Vec<Expr>> {
        if candidate.default_count == 0 {
            return Ok(Vec::new());
        }
        let all = self.argument_defaults(row)?;
        match &candidate.arg_numbers {
            None => Ok(all[all.len() - candidate.default_count..].to_vec()),
            Some(numbers) => {
                let first = numbers.len() - all.len();
                let used = &numbers[numbers.len() - candidate.default_count..];
                let kept = all.into_iter().enumerate().filter(|(at, _)| used.contains(&(first + at)));
                Ok(kept.map(|(_, expr)| expr).collect())
            }
        }
    }

    /// The default expressions of a function's last arguments. Those of built-in functions are stored as SQL.
    pub fn argument_defaults(&mut self, row: &PgProc) -> Result<Vec<Expr>> {
        let Some(text) = &row.proargdefaults else { return Ok(Vec::new()) };
        let Ok(written) = crate::stored::from_text::<Vec<String>>(text) else { return crate::stored::from_text(text) };
        let first = row.proargtypes.len() - written.len();
        let mut defaults = Vec::with_capacity(written.len());
        for (sql, &target) in written.iter().zip(&row.proargtypes[first..]) {
            let parsed = parser::parse_expr(sql, &parser::ParseOptions::default())?;
            let made = self.nested(|this| {
                let value = this.transform_expr(&parsed, ExprKind::FunctionDefault)?;
                let mut value = this.coerce_to_specific(value, target, "DEFAULT")?;
                this.assign_collations(&mut value)?;
                Ok(value)
            })?;
            defaults.push(made);
        }
        Ok(defaults)
    }
}
