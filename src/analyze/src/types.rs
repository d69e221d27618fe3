//! Types: their properties, their names as written, and their names as displayed.

use crate::context::AnalyzeContext;
use crate::expr::Location;
use crate::oids;

use crate::lookup::Shared;
use base::Oid;
use catalog::rows::{PgRange, PgType};
use parser::ast::{self, Literal, QualifiedName, TypeName};
use report::{Error, Result, error};
use schema::RelationEntry;
use std::sync::Arc;

/// A type with its modifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeAndMod {
    /// The type.
    pub oid: Oid,
    /// Its modifier, -1 if none.
    pub typmod: i32,
}

impl AnalyzeContext<'_> {
    /// The type with this oid, which must exist.
    pub fn type_row(&self, oid: Oid) -> Result<Shared<PgType>> {
        let row = self.catalog.type_by_oid(oid)?;
        row.ok_or_else(|| Error::internal(format!("cache lookup failed for type {oid}")))
    }

    /// The base type under a domain; any other type is itself.
    pub fn base_type(&self, oid: Oid) -> Result<Oid> {
        Ok(self.base_type_and_typmod(oid, -1)?.oid)
    }

    /// The base type under a domain and the modifier that the domain gives it.
    pub fn base_type_and_typmod(&self, oid: Oid, typmod: i32) -> Result<TypeAndMod> {
        let mut found = TypeAndMod { oid, typmod };
        // Most types are built in, and none of those below is a domain.
        if oid.0 < 3000 && oid != Oid(0) {
            return Ok(found);
        }
        loop {
            let Some(row) = self.catalog.type_by_oid(found.oid)? else { return Ok(found) };
            if row.typtype != b'd' {
                return Ok(found);
            }
            found = TypeAndMod { oid: row.typbasetype, typmod: row.typtypmod };
        }
    }

    /// The element type of a true array type, else zero.
    pub fn element_type(&self, oid: Oid) -> Result<Oid> {
        let row = self.catalog.type_by_oid(oid)?;
        Ok(row.filter(|row| is_true_array(row)).map_or(Oid::INVALID, |row| row.typelem))
    }

    /// The element type of an array or of a domain over one, else zero.
    pub fn base_element_type(&self, oid: Oid) -> Result<Oid> {
        self.element_type(self.base_type(oid)?)
    }

    /// The array type over a type, zero if it has none.
    pub fn array_type(&self, oid: Oid) -> Result<Oid> {
        Ok(self.catalog.type_by_oid(oid)?.map_or(Oid::INVALID, |row| row.typarray))
    }

    /// The array type over a type, or the type itself if it is an array; else zero.
    pub fn promoted_array_type(&self, oid: Oid) -> Result<Oid> {
        let array = self.array_type(oid)?;
        match array.is_valid() || !self.element_type(oid)?.is_valid() {
            true => Ok(array),
            false => Ok(oid),
        }
    }

    /// Category and whether it is its preferred type.
    pub fn category(&self, oid: Oid) -> Result<(u8, bool)> {
        let row = self.type_row(oid)?;
        Ok((row.typcategory, row.typispreferred))
    }

    /// The collation that a type has by default, zero if it is not collatable.
    pub fn type_collation(&self, oid: Oid) -> Result<Oid> {
        Ok(self.catalog.type_by_oid(oid)?.map_or(Oid::INVALID, |row| row.typcollation))
    }

    /// True if values of the type have a collation.
    pub fn is_collatable(&self, oid: Oid) -> Result<bool> {
        Ok(self.type_collation(oid)?.is_valid())
    }

    /// The relation of a composite type or a domain over one, else zero.
    pub fn type_relation(&self, oid: Oid) -> Result<Oid> {
        if oid.0 < 71 {
            return Ok(Oid::INVALID);
        }
        let base = self.base_type(oid)?;
        Ok(self.catalog.type_by_oid(base)?.map_or(Oid::INVALID, |row| row.typrelid))
    }

    /// True for a composite type or a domain over one.
    pub fn is_complex(&self, oid: Oid) -> Result<bool> {
        Ok(self.type_relation(oid)?.is_valid())
    }

    /// True for an array of a composite type.
    pub fn is_complex_array(&self, oid: Oid) -> Result<bool> {
        let element = self.element_type(oid)?;
        Ok(element.is_valid() && self.is_complex(element)?)
    }

    /// pg_type.typtype, zero if there is no such type.
    pub fn type_kind(&self, oid: Oid) -> Result<u8> {
        Ok(self.catalog.type_by_oid(oid)?.map_or(0, |row| row.typtype))
    }

    /// True for `record` and composite types: a value has fields.
    pub fn is_row_type(&self, oid: Oid) -> Result<bool> {
        if oid == oids::RECORD {
            return Ok(true);
        }
        let base = self.base_type(oid)?;
        Ok(self.type_kind(base)? == b'c' || base == oids::RECORD)
    }

    /// The pg_range row of a range type.
    pub fn range_row(&self, oid: Oid) -> Result<Option<Shared<PgRange>>> {
        self.catalog.range(oid)
    }

    /// The subtype of a range type, else zero.
    pub fn range_subtype(&self, oid: Oid) -> Result<Oid> {
        Ok(self.catalog.range(oid)?.map_or(Oid::INVALID, |row| row.rngsubtype))
    }

    /// The range type of a multirange type, else zero.
    pub fn multirange_range(&self, oid: Oid) -> Result<Oid> {
        Ok(self.catalog.range_of_multirange(oid)?.map_or(Oid::INVALID, |row| row.rngtypid))
    }

    /// The relation of a composite type, which must exist.
    pub fn relation_row(&self, oid: Oid) -> Result<Arc<RelationEntry>> {
        let row = self.catalog.relation(oid)?;
        row.ok_or_else(|| Error::internal(format!("could not open relation with OID {oid}")))
    }

    // --- names as written ---

    /// The type that a name means, with its modifier.
    ///
    /// Errors: 42704 if there is none; 42601 and others for a wrong modifier.
    pub fn resolve_type_name(&self, name: &TypeName) -> Result<TypeAndMod> {
        let row = self.type_of_name(name)?;
        Ok(TypeAndMod { oid: row.oid, typmod: self.typmod_of_name(name, &row)? })
    }

    /// The type that a name means.
    pub fn type_of_name(&self, name: &TypeName) -> Result<Shared<PgType>> {
        let missing = || {
            let text = type_name_text(name);
            self.at(error!(UNDEFINED_OBJECT, "type \"{text}\" does not exist"), name.pos)
        };
        let row = self.find_type_of_name(name)?.ok_or_else(missing)?;
        if !row.typisdefined {
            let text = type_name_text(name);
            return Err(self.at(error!(UNDEFINED_OBJECT, "type \"{text}\" is only a shell"), name.pos));
        }
        Ok(row)
    }

    /// The type that a name means, `None` if there is none.
    pub fn find_type_of_name(&self, name: &TypeName) -> Result<Option<Shared<PgType>>> {
        if name.pct_type {
            return self.column_type_of_name(name).map(Some);
        }
        let Some(row) = self.find_type(&name.name)? else { return Ok(None) };
        match name.array_bounds.is_empty() {
            true => Ok(Some(row)),
            false => self.catalog.type_by_oid(row.typarray),
        }
    }

    /// The type with a possibly qualified name.
    pub fn find_type(&self, name: &QualifiedName) -> Result<Option<Shared<PgType>>> {
        match self.deconstruct(name)? {
            (Some("pg_temp"), name_in_schema) if self.temp_namespace.is_valid() => {
                self.catalog.type_by_name(self.temp_namespace, name_in_schema)
            }
            (Some(schema), name_in_schema) => match self.catalog.namespace_by_name(schema)? {
                Some(namespace) => self.catalog.type_by_name(namespace, name_in_schema),
                None => Err(self.at(error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist"), name.pos)),
            },
            (None, name_in_path) => {
                for &namespace in self.search_path {
                    if let Some(row) = self.catalog.type_by_name(namespace, name_in_path)? {
                        return Ok(Some(row));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The schema and the name of a possibly qualified name.
    ///
    /// Errors: 0A000 if it names another database, 42601 if it has too many parts.
    pub fn deconstruct<'n>(&self, name: &'n QualifiedName) -> Result<(Option<&'n str>, &'n str)> {
        match name.parts.as_slice() {
            [only] => Ok((None, only)),
            [schema, last] => Ok((Some(schema), last)),
            [database, schema, last] if database == self.database => Ok((Some(schema), last)),
            [_, _, _] => {
                Err(error!(FEATURE_NOT_SUPPORTED, "cross-database references are not implemented: {}", name.dotted()))
            }
            _ => Err(error!(SYNTAX_ERROR, "improper qualified name (too many dotted names): {}", name.dotted())),
        }
    }

    /// `table.column%TYPE`.
    fn column_type_of_name(&self, name: &TypeName) -> Result<Shared<PgType>> {
        let parts = &name.name.parts;
        if parts.len() < 2 {
            let text = name.name.dotted();
            let err = error!(SYNTAX_ERROR, "improper %TYPE reference (too few dotted names): {text}");
            return Err(self.at(err, name.pos));
        }
        let field = name.name.last();
        let table = QualifiedName { parts: parts[..parts.len() - 1].to_vec(), pos: name.pos };
        let (schema, table_name) = self.deconstruct(&table)?;
        let relation = self.relation_by_parts(schema, table_name, name.pos.into())?;
        let column = relation.desc.attributes.iter().find(|a| a.name == field && !a.is_dropped);
        let missing = || {
            let err = error!(UNDEFINED_COLUMN, "column \"{field}\" of relation \"{}\" does not exist", relation.name());
            self.at(err, name.pos)
        };
        self.type_row(column.ok_or_else(missing)?.type_oid)
    }

    fn typmod_of_name(&self, name: &TypeName, row: &PgType) -> Result<i32> {
        if name.typmods.is_empty() {
            return Ok(-1);
        }
        // The modifier of an array is that of its elements: its own functions are theirs.
        if !row.typmodin.is_valid() {
            let text = type_name_text(name);
            let err = error!(SYNTAX_ERROR, "type modifier is not allowed for type \"{text}\"");
            return Err(self.at(err, name.pos));
        }
        let words = name.typmods.iter().map(|word| self.typmod_word(word, name)).collect::<Result<Vec<_>>>()?;
        self.catalog.typmod_in(row, &words).map_err(|err| self.at(err, name.pos))
    }

    fn typmod_word(&self, word: &ast::Expr, name: &TypeName) -> Result<String> {
        match word {
            ast::Expr::Const(constant) => match &constant.value {
                Literal::Int(value) => return Ok(value.to_string()),
                Literal::Float(text) | Literal::String(text) => return Ok(text.clone()),
                _ => {}
            },
            ast::Expr::Column(column) => {
                if let [ast::Field::Name(word)] = column.fields.as_slice() {
                    return Ok(word.clone());
                }
            }
            _ => {}
        }
        let err = error!(SYNTAX_ERROR, "type modifiers must be simple constants or identifiers");
        Err(self.at(err, name.pos))
    }

    // --- names as displayed ---

    /// The name of a type for messages, without modifier: `integer`, `character varying`, `s.t[]`.
    pub fn format_type(&self, oid: Oid) -> String {
        self.format_type_mode(oid, None)
    }

    /// The name of a type with its modifier: `numeric(10,2)`.
    pub fn format_type_with_typmod(&self, oid: Oid, typmod: i32) -> String {
        self.format_type_mode(oid, Some(typmod))
    }

    fn format_type_mode(&self, oid: Oid, given: Option<i32>) -> String {
        if !oid.is_valid() {
            return "-".to_owned();
        }
        let Ok(Some(row)) = self.catalog.type_by_oid(oid) else { return "???".to_owned() };
        if is_true_array(&row) && !is_vector(&row) {
            return match self.catalog.type_by_oid(row.typelem) {
                Ok(Some(element)) => self.format_plain_type(&element, given) + "[]",
                _ => "???[]".to_owned(),
            };
        }
        self.format_plain_type(&row, given)
    }

    fn format_plain_type(&self, row: &PgType, given: Option<i32>) -> String {
        let typmod = given.filter(|&typmod| typmod >= 0);
        let modifier = |typmod: i32| self.catalog.typmod_out(row, typmod).unwrap_or_else(|_| format!("({typmod})"));
        let known = match row.oid {
            oids::BIT if typmod.is_some() => Some("bit"),
            // A bit or bpchar without modifier is not BIT or CHARACTER, which mean a length of one.
            oids::BIT if given.is_some() => None,
            oids::BIT => Some("bit"),
            oids::BOOL => return "boolean".to_owned(),
            oids::BPCHAR if typmod.is_none() && given.is_some() => None,
            oids::BPCHAR => Some("character"),
            oids::FLOAT4 => return "real".to_owned(),
            oids::FLOAT8 => return "double precision".to_owned(),
            oids::INT2 => return "smallint".to_owned(),
            oids::INT4 => return "integer".to_owned(),
            oids::INT8 => return "bigint".to_owned(),
            oids::NUMERIC => Some("numeric"),
            oids::INTERVAL => Some("interval"),
            oids::TIME if typmod.is_none() => return "time without time zone".to_owned(),
            oids::TIMETZ if typmod.is_none() => return "time with time zone".to_owned(),
            oids::TIMESTAMP if typmod.is_none() => return "timestamp without time zone".to_owned(),
            oids::TIMESTAMPTZ if typmod.is_none() => return "timestamp with time zone".to_owned(),
            oids::TIME | oids::TIMETZ => Some("time"),
            oids::TIMESTAMP | oids::TIMESTAMPTZ => Some("timestamp"),
            oids::VARBIT => Some("bit varying"),
            oids::VARCHAR => Some("character varying"),
            _ => None,
        };
        let name = match known {
            Some(name) => name.to_owned(),
            // "char" is quoted, since the bare word means character(1).
            None => self.qualified_type_name(row),
        };
        typmod.map_or_else(|| name.clone(), |typmod| format!("{name}{}", modifier(typmod)))
    }

    fn qualified_type_name(&self, row: &PgType) -> String {
        let name = quote_identifier(&row.typname);
        if self.is_type_visible(row) {
            return name;
        }
        let schema = self.catalog.namespace_name(row.typnamespace).ok().flatten().unwrap_or_default();
        format!("{}.{name}", quote_identifier(&schema))
    }

    /// True if a type is what its bare name means.
    pub fn is_type_visible(&self, row: &PgType) -> bool {
        for &namespace in self.search_path {
            if namespace == row.typnamespace {
                return true;
            }
            if matches!(self.catalog.type_by_name(namespace, &row.typname), Ok(Some(_))) {
                return false;
            }
        }
        false
    }

    /// An error that a type is needed but missing: 42704.
    pub fn no_array_type(&self, element: Oid, location: Location) -> Error {
        let name = self.format_type(element);
        self.at(error!(UNDEFINED_OBJECT, "could not find array type for data type {name}"), location)
    }
}

/// True for `int4[]` and the like, false for `name`, `point` and other subscriptable types of fixed length.
pub fn is_true_array(row: &PgType) -> bool {
    row.typelem.is_valid() && row.typsubscript == oids::ARRAY_SUBSCRIPT_HANDLER
}

/// oidvector and int2vector are true arrays but are displayed by their names.
fn is_vector(row: &PgType) -> bool {
    matches!(row.oid, oids::OIDVECTOR | oids::INT2VECTOR)
}

/// A type name as error messages print it: `s.t[]`, `x%TYPE`.
pub fn type_name_text(name: &TypeName) -> String {
    let mut text = name.name.dotted();
    if name.pct_type {
        text.push_str("%TYPE");
    }
    if !name.array_bounds.is_empty() {
        text.push_str("[]");
    }
    text
}

/// An identifier, in double quotes if it needs them.
pub fn quote_identifier(name: &str) -> String {
    let plain_start = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let plain = plain_start && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !crate::keywords::needs_quotes(name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}
