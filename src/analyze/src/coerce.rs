//! Coercion: making an expression's type another.
//!
//! Source: PostgreSQL 15 parse_coerce.c.

use crate::context::Parameters;
use crate::expr::{
    ArrayCoerceExpr, CaseTestExpr, CoerceToDomain, CoerceViaIo, CoercionContext, CoercionForm, CollateExpr, Const,
    ConvertRowtypeExpr, Cosmetic, Expr, FuncExpr, Location, Param, RelabelType, RowExpr,
};
use crate::oids;
use crate::state::{Analyzer, is_unknown_const};
use base::Oid;
use report::{Error, Result, error};
use tuple::Datum;

/// A coercion asked for: how far it may go, how it is displayed, where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Coercion {
    /// How far it may go.
    pub context: CoercionContext,
    /// How it is displayed.
    pub form: CoercionForm,
    /// Where it stands.
    pub location: Location,
}

impl Coercion {
    /// One that the user does not see, within an expression.
    pub const IMPLICIT: Coercion =
        Coercion { context: CoercionContext::Implicit, form: CoercionForm::ImplicitCast, location: Location::UNKNOWN };
    /// One that the user does not see, into a column.
    pub const ASSIGNMENT: Coercion = Coercion {
        context: CoercionContext::Assignment,
        form: CoercionForm::ImplicitCast,
        location: Location::UNKNOWN,
    };

    /// A cast as written.
    pub fn cast(location: Location) -> Coercion {
        Coercion { context: CoercionContext::Explicit, form: CoercionForm::ExplicitCast, location }
    }

    fn hidden(self) -> Coercion {
        Coercion { form: CoercionForm::ImplicitCast, ..self }
    }
}

/// How a coercion is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pathway {
    /// It cannot be done.
    None,
    /// By this function.
    Func(Oid),
    /// The value stays the same.
    Relabel,
    /// Element by element.
    Array,
    /// By output and input functions.
    ViaIo,
}

impl Analyzer<'_, '_> {
    /// `expr` coerced to a type and its modifier, `None` if that cannot be done.
    pub fn coerce_to_target(&mut self, expr: Expr, target: Oid, typmod: i32, how: Coercion) -> Result<Option<Expr>> {
        let source = expr.type_of();
        if !self.can_coerce(&[source], &[target], how.context)? {
            return Ok(None);
        }
        // A COLLATE on top is taken off and put back, so that it can be seen whether the coercion changes anything.
        let (inner, collate) = split_collate(expr);
        let was_changed = source != target;
        let coerced = self.coerce(inner, source, target, typmod, how)?;
        let hide = was_changed && is_coercion_node(&coerced) && !matches!(coerced, Expr::Const(_));
        let coerced = self.coerce_typmod(coerced, target, typmod, how, hide)?;
        Ok(Some(match collate {
            Some((collation, location)) if self.cx.is_collatable(target)? => {
                CollateExpr { arg: coerced, collation, location }.into()
            }
            _ => coerced,
        }))
    }

    /// `expr` coerced to a type. It must be possible: see [`Analyzer::can_coerce`]. No modifier is applied, with a few
    /// exceptions (domains, casts whose function does both).
    pub fn coerce(&mut self, expr: Expr, source: Oid, target: Oid, typmod: i32, how: Coercion) -> Result<Expr> {
        if source == target {
            return Ok(expr);
        }
        match target {
            oids::ANY | oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => {
                return Ok(expr);
            }
            oids::ANYARRAY
            | oids::ANYENUM
            | oids::ANYRANGE
            | oids::ANYMULTIRANGE
            | oids::ANYCOMPATIBLEARRAY
            | oids::ANYCOMPATIBLERANGE
            | oids::ANYCOMPATIBLEMULTIRANGE
                if source != oids::UNKNOWN =>
            {
                let base = self.cx.base_type(source)?;
                return Ok(if base == source { expr } else { relabel(expr, base, -1, Oid::INVALID, how) });
            }
            _ => {}
        }
        if source == oids::UNKNOWN && is_unknown_const(&expr) {
            return self.coerce_unknown_const(expr, target, typmod, how);
        }
        if let Expr::Param(param) = &expr
            && let Some(resolved) = self.coerce_param(param, target, how.location)?
        {
            return Ok(resolved);
        }
        if let Expr::CollateExpr(node) = expr {
            let arg = self.coerce(node.arg, source, target, typmod, how)?;
            return Ok(match self.cx.is_collatable(target)? {
                true => CollateExpr { arg, ..*node }.into(),
                false => arg,
            });
        }
        self.coerce_by_pathway(expr, source, target, typmod, how)
    }

    fn coerce_by_pathway(&mut self, expr: Expr, source: Oid, target: Oid, typmod: i32, how: Coercion) -> Result<Expr> {
        match self.find_pathway(target, source, how.context)? {
            Pathway::None => {}
            Pathway::Relabel => return self.coerce_by_relabelling(expr, target, how),
            path => {
                let base = self.cx.base_type_and_typmod(target, typmod)?;
                let coerced = self.apply_pathway(expr, path, base.oid, base.typmod, how)?;
                return match base.oid == target {
                    true => Ok(coerced),
                    false => self.coerce_to_domain(hide_coercion(coerced), base.oid, base.typmod, target, how),
                };
            }
        }
        if source == oids::RECORD && self.cx.is_complex(target)? {
            return self.coerce_record(expr, target, how);
        }
        if target == oids::RECORD && self.cx.is_complex(source)?
            || target == oids::RECORDARRAY && self.cx.is_complex_array(source)?
        {
            return Ok(expr);
        }
        if self.type_inherits_from(source, target)? || self.is_typed_table_of(source, target)? {
            let base = self.cx.base_type(source)?;
            let arg = if base == source { expr } else { relabel(expr, base, -1, Oid::INVALID, how.hidden()) };
            let format = Cosmetic(how.form);
            return Ok(ConvertRowtypeExpr { arg, result_type: target, format, location: how.location }.into());
        }
        let (from, to) = (self.cx.format_type(source), self.cx.format_type(target));
        Err(Error::internal(format!("failed to find conversion function from {from} to {to}")))
    }

    fn coerce_by_relabelling(&mut self, expr: Expr, target: Oid, how: Coercion) -> Result<Expr> {
        let base = self.cx.base_type_and_typmod(target, -1)?;
        match base.oid == target {
            true => Ok(relabel(expr, target, -1, Oid::INVALID, how)),
            false => self.coerce_to_domain(expr, base.oid, base.typmod, target, how),
        }
    }

    /// A literal of unknown type read by the target type's input function.
    fn coerce_unknown_const(&mut self, expr: Expr, target: Oid, typmod: i32, how: Coercion) -> Result<Expr> {
        let Expr::Const(constant) = expr else { return Ok(expr) };
        let base = self.cx.base_type_and_typmod(target, typmod)?;
        // Only interval's modifier changes what the text means; for others it is a coercion of its own.
        let input_typmod = if base.oid == oids::INTERVAL { base.typmod } else { -1 };
        let row = self.cx.type_row(base.oid)?;
        let value = match &constant.value {
            Datum::Null => Datum::Null,
            text => {
                let read = self.cx.catalog.input(&row, text.as_str(), input_typmod);
                read.map_err(|err| self.at(err, constant.location))?
            }
        };
        let typed = Const {
            type_oid: base.oid,
            typmod: input_typmod,
            collation: row.typcollation,
            value,
            location: constant.location,
        };
        match base.oid == target {
            true => Ok(typed.into()),
            false => self.coerce_to_domain(typed.into(), base.oid, base.typmod, target, how),
        }
    }

    /// A parameter whose type is open takes the type that it is coerced to.
    fn coerce_param(&mut self, param: &Param, target: Oid, location: Location) -> Result<Option<Expr>> {
        let Parameters::Variable(types) = &mut self.params else { return Ok(None) };
        if param.kind != crate::expr::ParamKind::Extern || param.type_oid != oids::UNKNOWN {
            return Ok(None);
        }
        let Some(known) = usize::try_from(param.id - 1).ok().and_then(|index| types.get_mut(index)) else {
            let err = error!(UNDEFINED_PARAMETER, "there is no parameter ${}", param.id);
            return Err(self.at(err, param.location));
        };
        if *known == oids::UNKNOWN {
            *known = target;
        } else if *known != target {
            let detail = format!("{} versus {}", self.cx.format_type(*known), self.cx.format_type(target));
            let err = error!(AMBIGUOUS_PARAMETER, "inconsistent types deduced for parameter ${}", param.id);
            return Err(self.at(err.detail(detail), param.location));
        }
        let location = location.leftmost(param.location);
        let typed = Param { type_oid: target, collation: self.cx.type_collation(target)?, location, ..param.clone() };
        Ok(Some(typed.into()))
    }

    /// True if all `sources` can be coerced to their `targets`.
    pub fn can_coerce(&self, sources: &[Oid], targets: &[Oid], context: CoercionContext) -> Result<bool> {
        let mut generics = false;
        for (&source, &target) in sources.iter().zip(targets) {
            if source == target || target == oids::ANY {
                continue;
            }
            if oids::is_polymorphic(target) {
                generics = true;
                continue;
            }
            // An unknown literal takes any type; what is no literal goes through text.
            if source == oids::UNKNOWN || self.can_coerce_one(source, target, context)? {
                continue;
            }
            return Ok(false);
        }
        Ok(!generics || self.check_generic_consistency(sources, targets)?)
    }

    fn can_coerce_one(&self, source: Oid, target: Oid, context: CoercionContext) -> Result<bool> {
        Ok(self.find_pathway(target, source, context)? != Pathway::None
            || source == oids::RECORD && self.cx.is_complex(target)?
            || target == oids::RECORD && self.cx.is_complex(source)?
            || target == oids::RECORDARRAY && self.cx.is_complex_array(source)?
            || self.type_inherits_from(source, target)?
            || self.is_typed_table_of(source, target)?)
    }

    /// How a type is coerced to another, domains looked through.
    pub fn find_pathway(&self, target: Oid, source: Oid, context: CoercionContext) -> Result<Pathway> {
        let (source, target) = (self.cx.base_type(source)?, self.cx.base_type(target)?);
        if source == target {
            return Ok(Pathway::Relabel);
        }
        if let Some(cast) = self.cx.catalog.cast(source, target)? {
            let allowed = match cast.castcontext {
                b'i' => CoercionContext::Implicit,
                b'a' => CoercionContext::Assignment,
                _ => CoercionContext::Explicit,
            };
            return Ok(match cast.castmethod {
                _ if context < allowed => Pathway::None,
                b'f' => Pathway::Func(cast.castfunc),
                b'i' => Pathway::ViaIo,
                _ => Pathway::Relabel,
            });
        }
        if target != oids::OIDVECTOR && target != oids::INT2VECTOR {
            let (to, from) = (self.cx.element_type(target)?, self.cx.element_type(source)?);
            if to.is_valid() && from.is_valid() && self.find_pathway(to, from, context)? != Pathway::None {
                return Ok(Pathway::Array);
            }
        }
        let is_string = |oid| -> Result<bool> { Ok(self.cx.category(oid)?.0 == b'S') };
        let via_io = context >= CoercionContext::Assignment && is_string(target)?
            || context >= CoercionContext::Explicit && is_string(source)?;
        Ok(if via_io { Pathway::ViaIo } else { Pathway::None })
    }

    fn apply_pathway(&mut self, arg: Expr, path: Pathway, target: Oid, typmod: i32, how: Coercion) -> Result<Expr> {
        let format = Cosmetic(how.form);
        match path {
            Pathway::Func(function) => self.call_cast_function(arg, function, target, typmod, how),
            Pathway::Array => {
                let source = self.cx.base_type_and_typmod(arg.type_of(), arg.typmod_of())?;
                let element = CaseTestExpr {
                    type_oid: self.cx.element_type(source.oid)?,
                    typmod: source.typmod,
                    collation: Oid::INVALID,
                };
                let element_target = self.cx.element_type(target)?;
                let element = self.coerce_to_target(element.into(), element_target, typmod, how)?;
                let element =
                    element.ok_or_else(|| Error::internal("failed to coerce array element type as expected"))?;
                let typmod = element.typmod_of();
                let (collation, location) = (Oid::INVALID, how.location);
                Ok(ArrayCoerceExpr { arg, element, result_type: target, typmod, collation, format, location }.into())
            }
            _ => {
                let (collation, location) = (Oid::INVALID, how.location);
                Ok(CoerceViaIo { arg, result_type: target, collation, format, location }.into())
            }
        }
    }

    fn call_cast_function(&self, arg: Expr, function: Oid, target: Oid, typmod: i32, how: Coercion) -> Result<Expr> {
        let row = self.cx.catalog.function(function)?;
        let row = row.ok_or_else(|| Error::internal(format!("cache lookup failed for function {function}")))?;
        let mut args = vec![arg];
        if row.pronargs >= 2 {
            args.push(Const::new(oids::INT4, Datum::Int4(typmod)).into());
        }
        if row.pronargs == 3 {
            args.push(Const::bool(how.context == CoercionContext::Explicit).into());
        }
        Ok(FuncExpr {
            function,
            result_type: target,
            returns_set: false,
            variadic: false,
            format: Cosmetic(how.form),
            collation: Oid::INVALID,
            input_collation: Oid::INVALID,
            args,
            default_count: 0,
            location: how.location,
        }
        .into())
    }

    /// `arg`, of a domain's base type, checked against the domain.
    pub fn coerce_to_domain(&mut self, arg: Expr, base: Oid, typmod: i32, domain: Oid, how: Coercion) -> Result<Expr> {
        let arg = self.coerce_typmod(arg, base, typmod, how.hidden(), false)?;
        Ok(CoerceToDomain {
            arg,
            result_type: domain,
            typmod: -1,
            collation: Oid::INVALID,
            format: Cosmetic(how.form),
            location: how.location,
        }
        .into())
    }

    /// `expr` made to fit a modifier.
    pub fn coerce_typmod(&mut self, expr: Expr, target: Oid, typmod: i32, how: Coercion, hide: bool) -> Result<Expr> {
        if typmod == expr.typmod_of() {
            return Ok(expr);
        }
        let expr = if hide { hide_coercion(expr) } else { expr };
        let path = if typmod < 0 { Pathway::None } else { self.typmod_pathway(target)? };
        match path {
            Pathway::None => {
                let collation = expr.collation_of();
                Ok(apply_relabel(expr, target, typmod, collation, how))
            }
            path => self.apply_pathway(expr, path, target, typmod, how),
        }
    }

    /// The function that fits a value of a type to a modifier.
    fn typmod_pathway(&self, target: Oid) -> Result<Pathway> {
        let element = self.cx.element_type(target)?;
        let scalar = if element.is_valid() { element } else { target };
        Ok(match self.cx.catalog.cast(scalar, scalar)? {
            Some(cast) if cast.castfunc.is_valid() && element.is_valid() => Pathway::Array,
            Some(cast) if cast.castfunc.is_valid() => Pathway::Func(cast.castfunc),
            _ => Pathway::None,
        })
    }

    fn type_inherits_from(&self, sub: Oid, sup: Oid) -> Result<bool> {
        let sub_relation = self.cx.type_relation(sub)?;
        if !sub_relation.is_valid() {
            return Ok(false);
        }
        let super_relation = self.cx.type_row(sup)?.typrelid;
        Ok(super_relation.is_valid()
            && (sub_relation == super_relation || self.cx.catalog.inherits_from(sub_relation, super_relation)?))
    }

    fn is_typed_table_of(&self, row_type: Oid, of_type: Oid) -> Result<bool> {
        let relation = self.cx.type_relation(row_type)?;
        Ok(relation.is_valid() && self.cx.relation_row(relation)?.class.reloftype == of_type)
    }

    fn coerce_record(&mut self, expr: Expr, target: Oid, how: Coercion) -> Result<Expr> {
        let expr_location = expr.location();
        let fail_location = if how.location.is_known() { how.location } else { expr_location };
        let target_name = self.cx.format_type(target);
        let fail = |detail: Option<String>, location: Location| {
            let err = error!(CANNOT_COERCE, "cannot cast type record to {target_name}");
            self.cx.at(detail.into_iter().fold(err, Error::detail), location)
        };
        let fields = match expr {
            Expr::RowExpr(row) => row.args,
            Expr::Var(var) if var.attno == 0 => self.expand_whole_row(&var)?,
            _ => return Err(fail(None, fail_location)),
        };
        let base = self.cx.base_type_and_typmod(target, -1)?;
        let relation = self.cx.type_row(base.oid)?.typrelid;
        let desc = self.cx.relation_row(relation)?.desc.clone();
        let mut fields = fields.into_iter();
        let mut args = Vec::with_capacity(desc.len());
        let mut column = 0;
        for attribute in &desc.attributes {
            if attribute.is_dropped {
                args.push(Const::null(oids::INT4, -1, Oid::INVALID).into());
                continue;
            }
            column += 1;
            let Some(field) = fields.next() else {
                return Err(fail(Some("Input has too few columns.".to_owned()), fail_location));
            };
            let (field_type, field_location) = (field.type_of(), field.location());
            let inner = Coercion { location: Location::UNKNOWN, ..how.hidden() };
            let Some(coerced) = self.coerce_to_target(field, attribute.type_oid, attribute.type_mod, inner)? else {
                let (from, to) = (self.cx.format_type(field_type), self.cx.format_type(attribute.type_oid));
                let location = if how.location.is_known() { how.location } else { field_location };
                let err = error!(CANNOT_COERCE, "cannot cast type record to {target_name}");
                return Err(
                    self.at(err.detail(format!("Cannot cast type {from} to {to} in column {column}.")), location)
                );
            };
            args.push(coerced);
        }
        if fields.next().is_some() {
            let err = error!(CANNOT_COERCE, "cannot cast type record to {target_name}");
            return Err(self.at(err.detail("Input has too many columns."), fail_location));
        }
        let is_domain = base.oid != target;
        let format = Cosmetic(if is_domain { CoercionForm::ImplicitCast } else { how.form });
        let row = RowExpr { args, row_type: base.oid, format, column_names: Vec::new(), location: how.location };
        match is_domain {
            true => self.coerce_to_domain(row.into(), base.oid, base.typmod, target, how),
            false => Ok(row.into()),
        }
    }

    /// `expr` as a condition of `construct` (WHERE, AND ...).
    pub fn coerce_to_boolean(&mut self, expr: Expr, construct: &str) -> Result<Expr> {
        self.coerce_to_specific(expr, oids::BOOL, construct)
    }

    /// `expr` as a type that `construct` needs.
    pub fn coerce_to_specific(&mut self, expr: Expr, target: Oid, construct: &str) -> Result<Expr> {
        let (source, location) = (expr.type_of(), expr.location());
        let coerced = match source == target {
            true => expr,
            false => self.coerce_to_target(expr, target, -1, Coercion::ASSIGNMENT)?.ok_or_else(|| {
                let (to, from) = (self.cx.format_type(target), self.cx.format_type(source));
                self.at(
                    error!(DATATYPE_MISMATCH, "argument of {construct} must be type {to}, not type {from}"),
                    location,
                )
            })?,
        };
        if returns_set(&coerced) {
            let err = error!(DATATYPE_MISMATCH, "argument of {construct} must not return a set");
            return Err(self.at(err, location));
        }
        Ok(coerced)
    }

    /// The type that values of several expressions are made.
    ///
    /// Errors: 42804 naming `context` if their types are of different categories.
    pub fn common_type(&self, exprs: &[&Expr], context: &str) -> Result<Oid> {
        let types: Vec<_> = exprs.iter().map(|expr| expr.type_of()).collect();
        self.select_common_type(&types)?.map_err(|(at, left, right)| {
            let (left, right) = (self.cx.format_type(left), self.cx.format_type(right));
            let err = error!(DATATYPE_MISMATCH, "{context} types {left} and {right} cannot be matched");
            self.at(err, exprs[at].location())
        })
    }

    /// As [`Analyzer::common_type`], `None` if there is none.
    pub fn common_type_if_any(&self, exprs: &[&Expr]) -> Result<Option<Oid>> {
        let types: Vec<_> = exprs.iter().map(|expr| expr.type_of()).collect();
        Ok(self.select_common_type(&types)?.ok())
    }

    /// The common type, or which type does not fit which.
    pub fn select_common_type(&self, types: &[Oid]) -> Result<std::result::Result<Oid, (usize, Oid, Oid)>> {
        let first = types[0];
        if first != oids::UNKNOWN && types.iter().all(|&oid| oid == first) {
            return Ok(Ok(first));
        }
        let mut chosen = self.cx.base_type(first)?;
        let (mut category, mut preferred) = self.cx.category(chosen)?;
        for (at, &oid) in types.iter().enumerate().skip(1) {
            let next = self.cx.base_type(oid)?;
            if next == oids::UNKNOWN || next == chosen {
                continue;
            }
            let (next_category, next_preferred) = self.cx.category(next)?;
            let better = if chosen == oids::UNKNOWN {
                true
            } else if next_category != category {
                return Ok(Err((at, chosen, next)));
            } else {
                !preferred
                    && self.can_coerce(&[chosen], &[next], CoercionContext::Implicit)?
                    && !self.can_coerce(&[next], &[chosen], CoercionContext::Implicit)?
            };
            if better {
                (chosen, category, preferred) = (next, next_category, next_preferred);
            }
        }
        Ok(Ok(if chosen == oids::UNKNOWN { oids::TEXT } else { chosen }))
    }

    /// `expr` made the common type of a construct.
    pub fn coerce_to_common(&mut self, expr: Expr, target: Oid, context: &str) -> Result<Expr> {
        let source = expr.type_of();
        if source == target {
            return Ok(expr);
        }
        if self.can_coerce(&[source], &[target], CoercionContext::Implicit)? {
            return self.coerce(expr, source, target, -1, Coercion::IMPLICIT);
        }
        let (from, to) = (self.cx.format_type(source), self.cx.format_type(target));
        let err = error!(CANNOT_COERCE, "{context} could not convert type {from} to {to}");
        Err(self.at(err, expr.location()))
    }

    /// True if all expressions can be coerced to a type implicitly.
    pub fn verify_common_type(&self, target: Oid, types: &[Oid]) -> Result<bool> {
        for &oid in types {
            if !self.can_coerce(&[oid], &[target], CoercionContext::Implicit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// True if values of one type can be taken as another without any function.
    pub fn is_binary_coercible(&self, source: Oid, target: Oid) -> Result<bool> {
        if source == target || matches!(target, oids::ANY | oids::ANYELEMENT | oids::ANYCOMPATIBLE) {
            return Ok(true);
        }
        let source = self.cx.base_type(source)?;
        if source == target {
            return Ok(true);
        }
        let is_array = || Ok::<_, Error>(self.cx.element_type(source)?.is_valid());
        let matched = match target {
            oids::ANYARRAY | oids::ANYCOMPATIBLEARRAY => is_array()?,
            oids::ANYNONARRAY | oids::ANYCOMPATIBLENONARRAY => !is_array()?,
            oids::ANYENUM => self.cx.type_kind(source)? == b'e',
            oids::ANYRANGE | oids::ANYCOMPATIBLERANGE => self.cx.type_kind(source)? == b'r',
            oids::ANYMULTIRANGE | oids::ANYCOMPATIBLEMULTIRANGE => self.cx.type_kind(source)? == b'm',
            oids::RECORD => self.cx.is_complex(source)?,
            oids::RECORDARRAY => self.cx.is_complex_array(source)?,
            _ => false,
        };
        if matched {
            return Ok(true);
        }
        let cast = self.cx.catalog.cast(source, target)?;
        Ok(cast.is_some_and(|cast| cast.castmethod == b'b' && cast.castcontext == b'i'))
    }
}

/// The modifier that all expressions share, if they all have the type; else -1.
pub fn common_typmod(exprs: &[&Expr], common: Oid) -> i32 {
    let Some(first) = exprs.first() else { return -1 };
    let typmod = first.typmod_of();
    match exprs.iter().all(|expr| expr.type_of() == common && expr.typmod_of() == typmod) {
        true => typmod,
        false => -1,
    }
}

/// A [`RelabelType`] over `arg`.
pub fn relabel(arg: Expr, target: Oid, typmod: i32, collation: Oid, how: Coercion) -> Expr {
    RelabelType { arg, result_type: target, typmod, collation, format: Cosmetic(how.form), location: how.location }
        .into()
}

/// A [`RelabelType`] over `arg` unless that changes nothing; stacked ones become one, constants are changed themselves.
pub fn apply_relabel(arg: Expr, target: Oid, typmod: i32, collation: Oid, how: Coercion) -> Expr {
    let mut arg = arg;
    while let Expr::RelabelType(node) = arg {
        arg = node.arg;
    }
    if let Expr::Const(mut constant) = arg {
        constant.value = builtins::relabel_to_type(std::mem::take(&mut constant.value), target);
        constant.type_oid = target;
        constant.typmod = typmod;
        constant.collation = collation;
        return Expr::Const(constant);
    }
    if arg.type_of() == target && arg.typmod_of() == typmod && arg.collation_of() == collation {
        return arg;
    }
    relabel(arg, target, typmod, collation, how)
}

/// True if an expression returns a set, itself or through an argument.
pub fn returns_set(expr: &Expr) -> bool {
    crate::walk::any_outside_aggregates(expr, &mut Expr::is_set_returning)
}

fn split_collate(expr: Expr) -> (Expr, Option<(Oid, Location)>) {
    let Expr::CollateExpr(top) = expr else { return (expr, None) };
    let kept = (top.collation, top.location);
    let mut inner = top.arg;
    while let Expr::CollateExpr(node) = inner {
        inner = node.arg;
    }
    (inner, Some(kept))
}

fn is_coercion_node(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::FuncExpr(_)
            | Expr::RelabelType(_)
            | Expr::CoerceViaIo(_)
            | Expr::ArrayCoerceExpr(_)
            | Expr::ConvertRowtypeExpr(_)
            | Expr::RowExpr(_)
            | Expr::CoerceToDomain(_)
    )
}

fn hide_coercion(mut expr: Expr) -> Expr {
    let hidden = Cosmetic(CoercionForm::ImplicitCast);
    match &mut expr {
        Expr::FuncExpr(node) => node.format = hidden,
        Expr::RelabelType(node) => node.format = hidden,
        Expr::CoerceViaIo(node) => node.format = hidden,
        Expr::ArrayCoerceExpr(node) => node.format = hidden,
        Expr::ConvertRowtypeExpr(node) => node.format = hidden,
        Expr::RowExpr(node) => node.format = hidden,
        Expr::CoerceToDomain(node) => node.format = hidden,
        _ => {}
    }
    expr
}
