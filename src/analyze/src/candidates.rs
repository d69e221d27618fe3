//! Which functions and operators a name can mean, and which of them fits the arguments best.
//!
//! Source: PostgreSQL 15 namespace.c (FuncnameGetCandidates, OpernameGetCandidates) and parse_func.c
//! (func_match_argtypes, func_select_candidate).

use crate::expr::CoercionContext;
use crate::oids;

use crate::lookup::Shared;
use crate::state::Analyzer;
use base::Oid;
use catalog::rows::PgProc;
use parser::ast::QualifiedName;
use report::{Result, error};

/// A function or operator that could be meant.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its oid; zero if two of equal standing have these arguments.
    pub oid: Oid,
    /// Place of its schema in the search path.
    pub path_position: usize,
    /// Argument types in the order of the call: variadic ones expanded, named ones moved.
    pub args: Vec<Oid>,
    /// How many arguments were expanded from VARIADIC.
    pub variadic_count: usize,
    /// How many arguments come from defaults.
    pub default_count: usize,
    /// For named notation: the argument's number by its place in the call.
    pub arg_numbers: Option<Vec<usize>>,
    /// The function.
    pub row: Option<Shared<PgProc>>,
}

/// How a call names and counts its arguments.
pub struct CallShape<'c> {
    /// Number of arguments.
    pub count: usize,
    /// Names of those that are named: the last ones.
    pub names: &'c [String],
    /// Variadic functions may be matched by single values.
    pub expand_variadic: bool,
    /// Output arguments count: CALL.
    pub with_outputs: bool,
}

/// The best of some candidates.
pub enum Selection {
    /// None fits.
    None,
    /// Several fit equally.
    Ambiguous,
    /// This one.
    One(Candidate),
}

impl Analyzer<'_, '_> {
    /// The functions that a name and an argument count can mean.
    pub fn function_candidates(&self, name: &QualifiedName, shape: &CallShape<'_>) -> Result<Vec<Candidate>> {
        let (schema, bare) = self.cx.deconstruct(name)?;
        let namespace = match schema {
            Some(schema) => Some(self.explicit_namespace(schema)?),
            None => None,
        };
        let mut found: Vec<Candidate> = Vec::new();
        for row in self.cx.catalog.functions_by_name(bare)?.iter().cloned() {
            let Some(path_position) = self.namespace_position(namespace, row.pronamespace) else { continue };
            let Some(candidate) = candidate_of(row, path_position, shape) else { continue };
            add_candidate(&mut found, candidate);
        }
        Ok(found)
    }

    /// The schema with this name.
    ///
    /// Errors: 3F000 if there is none.
    pub fn explicit_namespace(&self, schema: &str) -> Result<Oid> {
        if schema == "pg_temp" && self.cx.temp_namespace.is_valid() {
            return Ok(self.cx.temp_namespace);
        }
        let found = self.cx.catalog.namespace_by_name(schema)?;
        found.ok_or_else(|| error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"))
    }

    /// The place of an object's schema: 0 if it is the one asked for, else that on the search path.
    fn namespace_position(&self, wanted: Option<Oid>, namespace: Oid) -> Option<usize> {
        match wanted {
            Some(wanted) => (wanted == namespace).then_some(0),
            None if self.cx.temp_namespace.is_valid() && namespace == self.cx.temp_namespace => None,
            None => self.cx.path_position(namespace),
        }
    }

    /// The operators with this name, schema and kind (`b` or `l`).
    pub fn operator_candidates(&self, schema: &[String], name: &str, kind: u8) -> Result<Vec<Candidate>> {
        let namespace = match schema.last() {
            Some(schema) => Some(self.explicit_namespace(schema)?),
            None => None,
        };
        let mut found: Vec<Candidate> = Vec::new();
        for row in self.cx.catalog.operators_by_name(name)?.iter() {
            let Some(path_position) = self.namespace_position(namespace, row.oprnamespace) else { continue };
            if row.oprkind != kind {
                continue;
            }
            let args = if kind == b'l' { vec![row.oprright] } else { vec![row.oprleft, row.oprright] };
            let candidate = Candidate {
                oid: row.oid,
                path_position,
                args,
                variadic_count: 0,
                default_count: 0,
                arg_numbers: None,
                row: None,
            };
            match found.iter_mut().find(|other| other.args == candidate.args) {
                Some(other) if candidate.path_position < other.path_position => *other = candidate,
                Some(_) => {}
                None => found.push(candidate),
            }
        }
        Ok(found)
    }

    /// Those candidates that the arguments can be coerced to, and the best of them.
    pub fn select_candidate(&self, types: &[Oid], candidates: Vec<Candidate>) -> Result<Selection> {
        let mut fitting = Vec::new();
        for candidate in candidates {
            if self.can_coerce(types, &candidate.args, CoercionContext::Implicit)? {
                fitting.push(candidate);
            }
        }
        match fitting.len() {
            0 => Ok(Selection::None),
            1 => Ok(Selection::One(fitting.remove(0))),
            _ => Ok(self.best_candidate(types, fitting)?.map_or(Selection::Ambiguous, Selection::One)),
        }
    }

    fn best_candidate(&self, types: &[Oid], mut candidates: Vec<Candidate>) -> Result<Option<Candidate>> {
        let mut bases = Vec::with_capacity(types.len());
        for &oid in types {
            bases.push(if oid == oids::UNKNOWN { oid } else { self.cx.base_type(oid)? });
        }
        let is_unknown = |at: usize| bases[at] == oids::UNKNOWN;

        // Most exact matches first.
        keep_best(&mut candidates, |candidate| {
            Ok((0..bases.len()).filter(|&at| !is_unknown(at) && candidate.args[at] == bases[at]).count())
        })?;
        if candidates.len() == 1 {
            return Ok(candidates.pop());
        }

        // Then most exact matches and preferred types of the arguments' categories.
        let mut categories = Vec::with_capacity(bases.len());
        for &base in &bases {
            categories.push(self.cx.category(base)?.0);
        }
        keep_best(&mut candidates, |candidate| {
            let mut matches = 0;
            for at in (0..bases.len()).filter(|&at| !is_unknown(at)) {
                let preferred =
                    || Ok::<_, report::Error>(self.cx.category(candidate.args[at])? == (categories[at], true));
                matches += usize::from(candidate.args[at] == bases[at] || preferred()?);
            }
            Ok(matches)
        })?;
        if candidates.len() == 1 {
            return Ok(candidates.pop());
        }
        let unknown_count = (0..bases.len()).filter(|&at| is_unknown(at)).count();
        if unknown_count == 0 {
            return Ok(None);
        }

        self.keep_by_unknown_categories(&bases, &mut candidates)?;
        if candidates.len() == 1 {
            return Ok(candidates.pop());
        }
        self.best_if_unknowns_are_alike(&bases, unknown_count, candidates)
    }

    /// Each unknown argument takes the string category if any candidate has it there, else that of all candidates.
    fn keep_by_unknown_categories(&self, bases: &[Oid], candidates: &mut Vec<Candidate>) -> Result<()> {
        let mut slots = Vec::new();
        for at in (0..bases.len()).filter(|&at| bases[at] == oids::UNKNOWN) {
            let mut slot: Option<(u8, bool)> = None;
            let mut conflict = false;
            for candidate in candidates.iter() {
                let (category, preferred) = self.cx.category(candidate.args[at])?;
                match &mut slot {
                    None => slot = Some((category, preferred)),
                    Some(slot) if slot.0 == category => slot.1 |= preferred,
                    Some(slot) if category == b'S' => *slot = (category, preferred),
                    Some(_) => conflict = true,
                }
            }
            match slot {
                Some((category, preferred)) if !conflict || category == b'S' => slots.push((at, category, preferred)),
                _ => return Ok(()),
            }
        }
        let mut kept = Vec::new();
        for candidate in candidates.iter() {
            let mut fits = true;
            for &(at, category, has_preferred) in &slots {
                let (own, preferred) = self.cx.category(candidate.args[at])?;
                fits &= own == category && (preferred || !has_preferred);
            }
            if fits {
                kept.push(candidate.clone());
            }
        }
        if !kept.is_empty() {
            *candidates = kept;
        }
        Ok(())
    }

    /// If all known arguments have one type, the only candidate that takes it everywhere.
    fn best_if_unknowns_are_alike(
        &self,
        bases: &[Oid],
        unknown_count: usize,
        candidates: Vec<Candidate>,
    ) -> Result<Option<Candidate>> {
        if unknown_count == bases.len() {
            return Ok(None);
        }
        let mut known = bases.iter().copied().filter(|&base| base != oids::UNKNOWN);
        let first = known.next().unwrap_or(oids::UNKNOWN);
        if known.any(|base| base != first) {
            return Ok(None);
        }
        let alike = vec![first; bases.len()];
        let mut best = None;
        for candidate in candidates {
            if self.can_coerce(&alike, &candidate.args, CoercionContext::Implicit)? {
                if best.is_some() {
                    return Ok(None);
                }
                best = Some(candidate);
            }
        }
        Ok(best)
    }
}

fn keep_best(candidates: &mut Vec<Candidate>, mut rate: impl FnMut(&Candidate) -> Result<usize>) -> Result<()> {
    let rates = candidates.iter().map(&mut rate).collect::<Result<Vec<_>>>()?;
    let best = rates.iter().copied().max().unwrap_or(0);
    let mut rates = rates.into_iter();
    candidates.retain(|_| rates.next() == Some(best));
    Ok(())
}

fn candidate_of(row: Shared<PgProc>, path_position: usize, shape: &CallShape<'_>) -> Option<Candidate> {
    let declared = match (&row.proallargtypes, shape.with_outputs) {
        (Some(all), true) => all.clone(),
        _ => row.proargtypes.clone(),
    };
    let defaults = row.pronargdefaults as usize;
    let missing = declared.len().saturating_sub(shape.count);
    if missing > defaults {
        return None;
    }
    let mut candidate = Candidate {
        oid: row.oid,
        path_position,
        args: declared,
        variadic_count: 0,
        default_count: missing,
        arg_numbers: None,
        row: None,
    };
    if shape.names.is_empty() {
        let declared_count = candidate.args.len();
        if row.provariadic.is_valid() && shape.expand_variadic && declared_count <= shape.count {
            candidate.variadic_count = shape.count - declared_count + 1;
            candidate.args.truncate(declared_count - 1);
            candidate.args.resize(shape.count, row.provariadic);
        } else if declared_count < shape.count {
            return None;
        }
    } else {
        if row.provariadic.is_valid() && shape.expand_variadic || candidate.args.len() < shape.count {
            return None;
        }
        let numbers = match_named(&row, shape, candidate.args.len())?;
        candidate.args = numbers.iter().map(|&number| candidate.args[number]).collect();
        candidate.arg_numbers = Some(numbers);
    }
    candidate.row = Some(row);
    Some(candidate)
}

/// The argument number for each place in a call: positional ones, named ones, then defaulted ones.
fn match_named(row: &PgProc, shape: &CallShape<'_>, declared_count: usize) -> Option<Vec<usize>> {
    let names = row.proargnames.as_ref()?;
    let positional = shape.count - shape.names.len();
    let mut numbers: Vec<usize> = (0..positional).collect();
    // Numbers count the arguments that the call can give: inputs, for CALL outputs too.
    let is_given = |at: usize| match &row.proargmodes {
        Some(modes) => shape.with_outputs || matches!(modes[at], b'i' | b'b' | b'v'),
        None => true,
    };
    for wanted in shape.names {
        let mut number = 0;
        let mut matched = None;
        for (at, name) in names.iter().enumerate() {
            if !is_given(at) {
                continue;
            }
            if !name.is_empty() && name == wanted {
                matched = Some(number);
                break;
            }
            number += 1;
        }
        let matched = matched?;
        if numbers.contains(&matched) {
            return None;
        }
        numbers.push(matched);
    }
    let first_default = declared_count - row.pronargdefaults as usize;
    for number in 0..declared_count {
        if !numbers.contains(&number) {
            if number < first_default {
                return None;
            }
            numbers.push(number);
        }
    }
    Some(numbers)
}

fn add_candidate(found: &mut Vec<Candidate>, candidate: Candidate) {
    let compared = candidate.args.len() - candidate.default_count;
    let same = found.iter_mut().find(|other| {
        other.args.len() - other.default_count == compared && other.args[..compared] == candidate.args[..compared]
    });
    let Some(other) = same else {
        found.push(candidate);
        return;
    };
    if candidate.path_position != other.path_position {
        if candidate.path_position < other.path_position {
            *other = candidate;
        }
    } else if candidate.variadic_count > 0 && other.variadic_count == 0 {
        // The match without VARIADIC stays.
    } else if candidate.variadic_count == 0 && other.variadic_count > 0 {
        *other = candidate;
    } else {
        other.oid = Oid::INVALID;
    }
}
