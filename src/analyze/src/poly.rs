//! Polymorphic types: what `anyelement`, `anycompatible` and their relatives stand for in a call.
//!
//! Source: PostgreSQL 15 parse_coerce.c, check_generic_type_consistency and enforce_generic_type_consistency.

use crate::oids;
use crate::state::Analyzer;
use base::Oid;
use report::{Error, Result, error};

/// What the arguments of a call say about its polymorphic types.
#[derive(Default)]
struct Found {
    element: Option<Oid>,
    array: Option<Oid>,
    range: Option<Oid>,
    multirange: Option<Oid>,
    /// Types of arguments of the anycompatible family, element types of arrays.
    compatible: Vec<Oid>,
    compatible_range: Option<Oid>,
    compatible_multirange: Option<Oid>,
    has_nonarray: bool,
    has_enum: bool,
    has_multirange: bool,
    has_compatible_nonarray: bool,
    has_compatible_array: bool,
    has_compatible_range: bool,
    has_compatible_multirange: bool,
    /// Arguments of the anyelement family.
    family_1_count: usize,
    has_family_2: bool,
    has_unknown: bool,
}

impl Found {
    fn note_declared(&mut self, declared: Oid) {
        match declared {
            oids::ANYNONARRAY => self.has_nonarray = true,
            oids::ANYENUM => self.has_enum = true,
            oids::ANYMULTIRANGE => self.has_multirange = true,
            oids::ANYCOMPATIBLENONARRAY => self.has_compatible_nonarray = true,
            oids::ANYCOMPATIBLEARRAY => self.has_compatible_array = true,
            oids::ANYCOMPATIBLERANGE => self.has_compatible_range = true,
            oids::ANYCOMPATIBLEMULTIRANGE => self.has_compatible_multirange = true,
            _ => {}
        }
    }
}

/// The types that a call's polymorphic ones are.
#[derive(Default)]
struct Resolved {
    element: Oid,
    array: Oid,
    range: Oid,
    multirange: Oid,
    compatible: Oid,
    compatible_array: Oid,
    compatible_range: Oid,
    compatible_multirange: Oid,
}

impl Analyzer<'_, '_> {
    /// True if the arguments' types agree on what the polymorphic types are.
    pub fn check_generic_consistency(&self, actual: &[Oid], declared: &[Oid]) -> Result<bool> {
        Ok(self.find_generics(actual, declared, None).and_then(|found| self.agree_loosely(found)).is_ok())
    }

    /// Replaces the polymorphic types of `declared` by what they are in this call, and answers the result's type.
    ///
    /// Errors: 42804 if the arguments do not agree, or say too little.
    pub fn enforce_generic_consistency(&self, actual: &[Oid], declared: &mut [Oid], result: Oid) -> Result<Oid> {
        if !declared.iter().any(|&oid| oids::is_polymorphic(oid)) {
            return Ok(result);
        }
        let found = self.find_generics(actual, declared, Some(result))?;
        let mut resolved = Resolved::default();
        if found.family_1_count > 0 {
            self.resolve_family_1(&found, result, &mut resolved)?;
        }
        if found.has_family_2 {
            self.resolve_family_2(&found, &mut resolved)?;
        }
        for (slot, &actual) in declared.iter_mut().zip(actual) {
            *slot = self.replace_generic(*slot, actual, &mut resolved)?;
        }
        self.replace_result(result, &mut resolved)
    }

    fn find_generics(&self, actual: &[Oid], declared: &[Oid], result: Option<Oid>) -> Result<Found> {
        let mut found = Found::default();
        result.into_iter().for_each(|result| found.note_declared(result));
        for (&declared, &actual) in declared.iter().zip(actual) {
            found.note_declared(declared);
            if oids::is_polymorphic_family_1(declared) {
                found.family_1_count += 1;
                found.has_unknown |= actual == oids::UNKNOWN;
            } else if oids::is_polymorphic_family_2(declared) {
                found.has_family_2 = true;
            } else {
                continue;
            }
            if actual != oids::UNKNOWN {
                self.note_actual(&mut found, declared, actual)?;
            }
        }
        Ok(found)
    }

    fn note_actual(&self, found: &mut Found, declared: Oid, actual: Oid) -> Result<()> {
        match declared {
            oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => {
                self.all_alike(&mut found.element, actual, "anyelement")
            }
            oids::ANYARRAY => self.all_alike(&mut found.array, self.cx.base_type(actual)?, "anyarray"),
            oids::ANYRANGE => self.all_alike(&mut found.range, self.cx.base_type(actual)?, "anyrange"),
            oids::ANYMULTIRANGE => self.all_alike(&mut found.multirange, self.cx.base_type(actual)?, "anymultirange"),
            oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => {
                found.compatible.push(actual);
                Ok(())
            }
            oids::ANYCOMPATIBLEARRAY => {
                let base = self.cx.base_type(actual)?;
                let element = self.cx.element_type(base)?;
                found.compatible.push(self.known(element, "anycompatiblearray", "an array", base)?);
                Ok(())
            }
            oids::ANYCOMPATIBLERANGE => {
                let base = self.cx.base_type(actual)?;
                if found.compatible_range.is_none() {
                    let subtype = self.cx.range_subtype(base)?;
                    found.compatible.push(self.known(subtype, "anycompatiblerange", "a range type", base)?);
                }
                self.all_alike(&mut found.compatible_range, base, "anycompatiblerange")
            }
            _ => {
                let base = self.cx.base_type(actual)?;
                let range = self.cx.multirange_range(base)?;
                self.known(range, "anycompatiblemultirange", "a multirange type", base)?;
                self.all_alike(&mut found.compatible_multirange, base, "anycompatiblemultirange")
            }
        }
    }

    fn all_alike(&self, known: &mut Option<Oid>, actual: Oid, name: &str) -> Result<()> {
        match *known {
            Some(other) if other != actual => {
                let err = error!(DATATYPE_MISMATCH, "arguments declared \"{name}\" are not all alike");
                Err(err.detail(self.versus(other, actual)))
            }
            _ => {
                *known = Some(actual);
                Ok(())
            }
        }
    }

    fn versus(&self, left: Oid, right: Oid) -> String {
        format!("{} versus {}", self.cx.format_type(left), self.cx.format_type(right))
    }

    fn known(&self, found: Oid, name: &str, wanted: &str, actual: Oid) -> Result<Oid> {
        if found.is_valid() {
            return Ok(found);
        }
        let actual = self.cx.format_type(actual);
        Err(error!(DATATYPE_MISMATCH, "argument declared {name} is not {wanted} but type {actual}"))
    }

    fn inconsistent(&self, left: (&str, Oid), right: (&str, Oid)) -> Error {
        let err = error!(
            DATATYPE_MISMATCH,
            "argument declared {} is not consistent with argument declared {}", left.0, right.0
        );
        err.detail(self.versus(left.1, right.1))
    }

    /// As `resolve_family_1` and `resolve_family_2`, without a need for a result.
    fn agree_loosely(&self, found: Found) -> Result<()> {
        let mut resolved = Resolved::default();
        let lone_anyarray = found.array == Some(oids::ANYARRAY);
        if found.family_1_count > 0 && !lone_anyarray {
            match self.resolve_family_1(&found, oids::VOID, &mut resolved) {
                // Nothing but unknown arguments: later steps decide.
                Err(_)
                    if found.element.is_none()
                        && found.array.is_none()
                        && found.range.is_none()
                        && found.multirange.is_none()
                        && !found.has_enum => {}
                other => other?,
            }
        }
        match found.compatible.is_empty() && found.compatible_multirange.is_none() {
            true => Ok(()),
            false => self.resolve_family_2(&found, &mut resolved),
        }
    }

    fn resolve_family_1(&self, found: &Found, result: Oid, resolved: &mut Resolved) -> Result<()> {
        let mut element = found.element;
        let mut range = found.range;
        if let Some(array) = found.array {
            let array_element = match array == oids::ANYARRAY {
                true => {
                    if found.family_1_count != 1 || result != oids::ANYARRAY && oids::is_polymorphic_family_1(result) {
                        return Err(error!(
                            DATATYPE_MISMATCH,
                            "cannot determine element type of \"anyarray\" argument"
                        ));
                    }
                    oids::ANYELEMENT
                }
                false => self.known(self.cx.element_type(array)?, "anyarray", "an array", array)?,
            };
            let element = *element.get_or_insert(array_element);
            if element != array_element {
                return Err(self.inconsistent(("anyarray", array), ("anyelement", element)));
            }
            resolved.array = array;
        }
        if let Some(multirange) = found.multirange {
            let of =
                self.known(self.cx.multirange_range(multirange)?, "anymultirange", "a multirange type", multirange)?;
            let range = *range.get_or_insert(of);
            if range != of {
                return Err(self.inconsistent(("anymultirange", multirange), ("anyrange", range)));
            }
            resolved.multirange = multirange;
        } else if let (true, Some(range)) = (found.has_multirange, range) {
            resolved.multirange = self.cx.range_row(range)?.map_or(Oid::INVALID, |row| row.rngmultitypid);
        }
        if let Some(range) = range {
            let subtype = self.known(self.cx.range_subtype(range)?, "anyrange", "a range type", range)?;
            let element = *element.get_or_insert(subtype);
            if element != subtype {
                return Err(self.inconsistent(("anyrange", range), ("anyelement", element)));
            }
            resolved.range = range;
        }
        let Some(element) = element else {
            return Err(error!(
                DATATYPE_MISMATCH,
                "could not determine polymorphic type because input has type unknown"
            ));
        };
        if found.has_nonarray && element != oids::ANYELEMENT && self.cx.base_element_type(element)?.is_valid() {
            let name = self.cx.format_type(element);
            return Err(error!(DATATYPE_MISMATCH, "type matched to anynonarray is an array type: {name}"));
        }
        if found.has_enum && element != oids::ANYELEMENT && self.cx.type_kind(element)? != b'e' {
            let name = self.cx.format_type(element);
            return Err(error!(DATATYPE_MISMATCH, "type matched to anyenum is not an enum type: {name}"));
        }
        resolved.element = element;
        Ok(())
    }

    fn resolve_family_2(&self, found: &Found, resolved: &mut Resolved) -> Result<()> {
        let mut types = found.compatible.clone();
        let mut range = found.compatible_range;
        let mut needs_range = found.has_compatible_range;
        if let Some(multirange) = found.compatible_multirange {
            let of = self.cx.multirange_range(multirange)?;
            match range {
                Some(range) if range != of => {
                    let left = ("anycompatiblemultirange", multirange);
                    return Err(self.inconsistent(left, ("anycompatiblerange", range)));
                }
                Some(_) => {}
                None => {
                    range = Some(of);
                    needs_range = true;
                    types.push(self.cx.range_subtype(of)?);
                }
            }
            resolved.compatible_multirange = multirange;
        } else if let (true, Some(range)) = (found.has_compatible_multirange, range) {
            resolved.compatible_multirange = self.cx.range_row(range)?.map_or(Oid::INVALID, |row| row.rngmultitypid);
        }
        resolved.compatible = match types.is_empty() {
            // All unknown: text, as elsewhere.
            true => oids::TEXT,
            false => self.common_compatible(&types)?,
        };
        if found.has_compatible_array {
            resolved.compatible_array = self.cx.array_type(resolved.compatible)?;
            if !resolved.compatible_array.is_valid() {
                return Err(self.cx.no_array_type(resolved.compatible, crate::expr::Location::UNKNOWN));
            }
        }
        if needs_range {
            let Some(range) = range else { return Err(undetermined("anycompatiblerange")) };
            if self.cx.range_subtype(range)? != resolved.compatible {
                let (range, other) = (self.cx.format_type(range), self.cx.format_type(resolved.compatible));
                return Err(error!(
                    DATATYPE_MISMATCH,
                    "anycompatiblerange type {range} does not match anycompatible type {other}"
                ));
            }
            resolved.compatible_range = range;
        }
        if found.has_compatible_multirange && !resolved.compatible_multirange.is_valid() {
            return Err(undetermined("anycompatiblemultirange"));
        }
        if found.has_compatible_nonarray && self.cx.base_element_type(resolved.compatible)?.is_valid() {
            let name = self.cx.format_type(resolved.compatible);
            return Err(error!(DATATYPE_MISMATCH, "type matched to anycompatiblenonarray is an array type: {name}"));
        }
        Ok(())
    }

    fn common_compatible(&self, types: &[Oid]) -> Result<Oid> {
        let common = self.select_common_type(types)?.map_err(|(_, left, right)| {
            let (left, right) = (self.cx.format_type(left), self.cx.format_type(right));
            error!(DATATYPE_MISMATCH, "argument types {left} and {right} cannot be matched")
        })?;
        if !self.verify_common_type(common, types)? {
            return Err(error!(DATATYPE_MISMATCH, "arguments of anycompatible family cannot be cast to a common type"));
        }
        Ok(common)
    }

    /// What a declared argument type is in this call. Arguments with a known type keep it, so that only unknown ones
    /// and those of the anycompatible family are coerced.
    fn replace_generic(&self, declared: Oid, actual: Oid, resolved: &mut Resolved) -> Result<Oid> {
        let is_unknown = actual == oids::UNKNOWN;
        Ok(match declared {
            oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => resolved.compatible,
            oids::ANYCOMPATIBLEARRAY => resolved.compatible_array,
            oids::ANYCOMPATIBLERANGE => resolved.compatible_range,
            oids::ANYCOMPATIBLEMULTIRANGE => resolved.compatible_multirange,
            oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM if is_unknown => resolved.element,
            oids::ANYARRAY if is_unknown => self.resolved_array(resolved)?,
            oids::ANYRANGE if is_unknown => need(resolved.range, "anyrange")?,
            oids::ANYMULTIRANGE if is_unknown => need(resolved.multirange, "anymultirange")?,
            other => other,
        })
    }

    fn replace_result(&self, result: Oid, resolved: &mut Resolved) -> Result<Oid> {
        match result {
            oids::ANYELEMENT | oids::ANYNONARRAY | oids::ANYENUM => Ok(resolved.element),
            oids::ANYARRAY => self.resolved_array(resolved),
            oids::ANYRANGE => need(resolved.range, "anyrange"),
            oids::ANYMULTIRANGE => need(resolved.multirange, "anymultirange"),
            oids::ANYCOMPATIBLE | oids::ANYCOMPATIBLENONARRAY => Ok(resolved.compatible),
            oids::ANYCOMPATIBLEARRAY => Ok(resolved.compatible_array),
            oids::ANYCOMPATIBLERANGE => Ok(resolved.compatible_range),
            oids::ANYCOMPATIBLEMULTIRANGE => Ok(resolved.compatible_multirange),
            other => Ok(other),
        }
    }

    fn resolved_array(&self, resolved: &mut Resolved) -> Result<Oid> {
        if !resolved.array.is_valid() {
            resolved.array = self.cx.array_type(resolved.element)?;
        }
        match resolved.array.is_valid() {
            true => Ok(resolved.array),
            false => Err(self.cx.no_array_type(resolved.element, crate::expr::Location::UNKNOWN)),
        }
    }
}

fn undetermined(name: &str) -> Error {
    error!(DATATYPE_MISMATCH, "could not determine polymorphic type {name} because input has type unknown")
}

fn need(found: Oid, name: &str) -> Result<Oid> {
    if found.is_valid() { Ok(found) } else { Err(undetermined(name)) }
}
