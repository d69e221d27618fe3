//! Operators: finding them by name and argument types, and building their expressions.
//!
//! Source: PostgreSQL 15 parse_oper.c.

use crate::candidates::{Candidate, Selection};
use crate::coerce::Coercion;
use crate::expr::{Expr, Location, OpExpr, ScalarArrayOpExpr};
use crate::oids;

use crate::lookup::Shared;
use crate::state::Analyzer;
use base::Oid;
use catalog::rows::{PgOpclass, PgOperator};
use parser::ast::OperatorName;
use report::{Error, Result, error};

/// The operators that sort and group values of a type; zero where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct SortGroupOperators {
    /// `<`
    pub lt: Oid,
    /// `=`
    pub eq: Oid,
    /// `>`
    pub gt: Oid,
    /// `=` can be hashed.
    pub hashable: bool,
}

impl Analyzer<'_, '_> {
    /// The binary operator with this name for these argument types, `None` if there is none.
    pub fn find_operator(&self, name: &OperatorName, left: Oid, right: Oid) -> Result<Option<Shared<PgOperator>>> {
        match self.select_operator(name, left, right)? {
            Selection::One(candidate) => self.cx.catalog.operator(candidate.oid),
            _ => Ok(None),
        }
    }

    /// The operator with this name for these argument types; `left` is zero for a prefix operator.
    ///
    /// Errors: 42883 if there is none, 42725 if several fit equally.
    pub fn resolve_operator(
        &self,
        name: &OperatorName,
        left: Oid,
        right: Oid,
        location: Location,
    ) -> Result<Shared<PgOperator>> {
        let selection = self.select_operator(name, left, right).map_err(|err| self.at(err, location))?;
        let (many, hint) = match selection {
            Selection::One(candidate) => {
                let row = self.cx.catalog.operator(candidate.oid)?;
                return row
                    .ok_or_else(|| Error::internal(format!("cache lookup failed for operator {}", candidate.oid)));
            }
            Selection::Ambiguous => {
                (true, "Could not choose a best candidate operator. You might need to add explicit type casts.")
            }
            Selection::None if left.is_valid() => (
                false,
                "No operator matches the given name and argument types. You might need to add explicit type casts.",
            ),
            Selection::None => (
                false,
                "No operator matches the given name and argument type. You might need to add an explicit type cast.",
            ),
        };
        let signature = self.operator_signature(name, left, right);
        let err = match many {
            true => error!(AMBIGUOUS_FUNCTION, "operator is not unique: {signature}"),
            false => error!(UNDEFINED_FUNCTION, "operator does not exist: {signature}"),
        };
        Err(self.at(err.hint(hint), location))
    }

    /// `integer + unknown`, `- text`.
    pub fn operator_signature(&self, name: &OperatorName, left: Oid, right: Oid) -> String {
        let right = self.cx.format_type(right);
        match left.is_valid() {
            true => format!("{} {} {right}", self.cx.format_type(left), name.dotted()),
            false => format!("{} {right}", name.dotted()),
        }
    }

    fn select_operator(&self, name: &OperatorName, left: Oid, right: Oid) -> Result<Selection> {
        if !left.is_valid() {
            let candidates = self.operator_candidates(&name.schema, &name.name, b'l')?;
            return match exact(&candidates, &[right]) {
                Some(found) => Ok(Selection::One(found)),
                None => self.select_candidate(&[right], candidates),
            };
        }
        let candidates = self.operator_candidates(&name.schema, &name.name, b'b')?;
        // An unknown argument is first taken to be of the other's type.
        let (alike_left, alike_right) = match (left, right) {
            (oids::UNKNOWN, _) => (right, right),
            (_, oids::UNKNOWN) => (left, left),
            _ => (left, right),
        };
        if let Some(found) = exact(&candidates, &[alike_left, alike_right]) {
            return Ok(Selection::One(found));
        }
        if left == oids::UNKNOWN || right == oids::UNKNOWN {
            let base = self.cx.base_type(alike_left)?;
            if let Some(found) = exact(&candidates, &[base, base]) {
                return Ok(Selection::One(found));
            }
        }
        self.select_candidate(&[left, right], candidates)
    }

    /// An operator applied; `left` is `None` for a prefix operator.
    pub fn make_op(
        &mut self,
        name: &OperatorName,
        left: Option<Expr>,
        right: Expr,
        last_srf: u32,
        location: Location,
    ) -> Result<Expr> {
        let left_type = left.as_ref().map_or(Oid::INVALID, Expr::type_of);
        let row = self.resolve_operator(name, left_type, right.type_of(), location)?;
        if !row.oprcode.is_valid() {
            let signature = self.operator_signature(name, row.oprleft, row.oprright);
            return Err(self.at(error!(UNDEFINED_FUNCTION, "operator is only a shell: {signature}"), location));
        }
        let mut args: Vec<Expr> = left.into_iter().chain([right]).collect();
        let actual: Vec<Oid> = args.iter().map(Expr::type_of).collect();
        let mut declared = match args.len() {
            1 => vec![row.oprright],
            _ => vec![row.oprleft, row.oprright],
        };
        let result_type = self.enforce_generic_consistency(&actual, &mut declared, row.oprresult)?;
        self.coerce_arguments(&mut args, &actual, &declared)?;
        let returns_set = self.cx.catalog.function(row.oprcode)?.is_some_and(|function| function.proretset);
        if returns_set {
            self.check_srf_placement(last_srf, location)?;
            self.note_srf(location);
        }
        Ok(OpExpr {
            operator: row.oid,
            function: row.oprcode,
            result_type,
            returns_set,
            collation: Oid::INVALID,
            input_collation: Oid::INVALID,
            args,
            location,
        }
        .into())
    }

    /// `left op ANY | ALL (right)`, where right is an array.
    pub fn make_scalar_array_op(
        &mut self,
        name: &OperatorName,
        use_or: bool,
        left: Expr,
        right: Expr,
        location: Location,
    ) -> Result<Expr> {
        let array = right.type_of();
        let element = match array {
            oids::UNKNOWN => oids::UNKNOWN,
            _ => self.cx.base_element_type(array)?,
        };
        let wrong = |message: &str| self.at(Error::new(report::SqlState::WRONG_OBJECT_TYPE, message), location);
        if !element.is_valid() {
            return Err(wrong("op ANY/ALL (array) requires array on right side"));
        }
        let row = self.resolve_operator(name, left.type_of(), element, location)?;
        let mut declared = vec![row.oprleft, row.oprright];
        let result = self.enforce_generic_consistency(&[left.type_of(), element], &mut declared, row.oprresult)?;
        if result != oids::BOOL {
            return Err(wrong("op ANY/ALL (array) requires operator to yield boolean"));
        }
        if self.cx.catalog.function(row.oprcode)?.is_some_and(|function| function.proretset) {
            return Err(wrong("op ANY/ALL (array) requires operator not to return a set"));
        }
        // Polymorphic operators take whatever array there is.
        let declared_array = match oids::is_polymorphic(declared[1]) {
            true => array,
            false => self.cx.array_type(declared[1])?,
        };
        if !declared_array.is_valid() {
            return Err(self.cx.no_array_type(declared[1], location));
        }
        let actual = [left.type_of(), array];
        let mut args = vec![left, right];
        self.coerce_arguments(&mut args, &actual, &[declared[0], declared_array])?;
        let args: [Expr; 2] = args.try_into().expect("two arguments stay two");
        let (operator, function) = (row.oid, row.oprcode);
        Ok(ScalarArrayOpExpr { operator, function, use_or, input_collation: Oid::INVALID, args, location }.into())
    }

    /// Coerces arguments to the types that their function declares.
    pub fn coerce_arguments(&mut self, args: &mut [Expr], actual: &[Oid], declared: &[Oid]) -> Result<()> {
        for (at, arg) in args.iter_mut().enumerate() {
            if actual[at] == declared[at] {
                continue;
            }
            let place = match arg {
                Expr::NamedArgExpr(named) => &mut named.arg,
                other => other,
            };
            let taken = std::mem::replace(
                place,
                Expr::CaseTestExpr(crate::expr::CaseTestExpr {
                    type_oid: Oid::INVALID,
                    typmod: -1,
                    collation: Oid::INVALID,
                }),
            );
            *place = self.coerce(taken, actual[at], declared[at], -1, Coercion::IMPLICIT)?;
        }
        Ok(())
    }

    /// The operators that sort and group values of a type.
    pub fn sort_group_operators(&self, type_oid: Oid) -> Result<SortGroupOperators> {
        let mut found = SortGroupOperators::default();
        let base = self.cx.base_type(type_oid)?;
        if let Some((family, input)) = self.default_opclass(base, oids::BTREE_AM)? {
            let operator = |strategy| -> Result<Oid> {
                Ok(self.cx.catalog.amop(family, input, input, strategy)?.unwrap_or_default())
            };
            (found.lt, found.eq, found.gt) = (operator(1)?, operator(3)?, operator(5)?);
        }
        if let Some((family, input)) = self.default_opclass(base, oids::HASH_AM)? {
            let hash_eq = self.cx.catalog.amop(family, input, input, 1)?.unwrap_or_default();
            if !found.eq.is_valid() {
                found.eq = hash_eq;
            }
            found.hashable = found.eq == hash_eq && self.cx.catalog.amproc(family, input, input, 1)?.is_some();
        }
        self.check_parts(base, &mut found)?;
        Ok(found)
    }

    /// Arrays, ranges and rows compare and hash only if their parts do.
    fn check_parts(&self, type_oid: Oid, found: &mut SortGroupOperators) -> Result<()> {
        let mut parts = Vec::new();
        let element = self.cx.element_type(type_oid)?;
        let relation = self.cx.type_relation(type_oid)?;
        if element.is_valid() {
            parts.push(element);
        } else if relation.is_valid() {
            let row = self.cx.relation_row(relation)?;
            parts.extend(row.desc.attributes.iter().filter(|a| !a.is_dropped).map(|a| a.type_oid));
        } else if type_oid == oids::RECORD {
            // Its columns are known at run time only: hashing is not counted on.
            found.hashable = false;
        }
        for part in parts {
            let of_part = self.sort_group_operators(part)?;
            if !of_part.eq.is_valid() {
                found.eq = Oid::INVALID;
            }
            if !of_part.lt.is_valid() {
                (found.lt, found.gt) = (Oid::INVALID, Oid::INVALID);
            }
            found.hashable &= of_part.hashable;
        }
        Ok(())
    }

    /// The operator family and input type of a type's default operator class.
    pub fn default_opclass(&self, type_oid: Oid, method: Oid) -> Result<Option<(Oid, Oid)>> {
        Ok(self.default_opclass_row(type_oid, method)?.map(|row| (row.opcfamily, row.opcintype)))
    }

    /// A type's default operator class: an exact match, else one of a binary-compatible type, preferred types first.
    pub fn default_opclass_row(&self, type_oid: Oid, method: Oid) -> Result<Option<Shared<PgOpclass>>> {
        let base = self.cx.base_type(type_oid)?;
        let classes = self.cx.catalog.opclasses(method)?;
        let defaults = || classes.iter().filter(|row| row.opcdefault);
        if let Some(exact) = defaults().find(|row| row.opcintype == base) {
            return Ok(Some(exact.clone()));
        }
        let category = self.cx.category(base)?.0;
        let (mut preferred, mut compatible) = (Vec::new(), Vec::new());
        for row in defaults().cloned() {
            if !self.is_binary_coercible(base, row.opcintype)? {
                continue;
            }
            match self.cx.category(row.opcintype)? == (category, true) {
                true => preferred.push(row),
                false => compatible.push(row),
            }
        }
        Ok(match (preferred.len(), compatible.len()) {
            (1, _) => preferred.pop(),
            (0, 1) => compatible.pop(),
            _ => None,
        })
    }

    /// Marks that a set-returning function was met.
    pub fn note_srf(&mut self, location: Location) {
        let state = self.state();
        state.last_srf = (state.last_srf.0 + 1, location);
    }
}

fn exact(candidates: &[Candidate], types: &[Oid]) -> Option<Candidate> {
    candidates.iter().find(|candidate| candidate.args == types).cloned()
}
