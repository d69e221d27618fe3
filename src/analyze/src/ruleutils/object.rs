//! Names of catalog objects as they must be written to be found again: qualified if the search path would miss them.
//!
//! Source: PostgreSQL 15 ruleutils.c (generate_relation_name and its relatives).

use crate::context::AnalyzeContext;
use crate::func::NamedCall;
use crate::state::Analyzer;
use crate::types::quote_identifier;
use base::Oid;
use parser::ast::OperatorName;
use report::{Error, Result};

/// `schema.name`, or `name`.
pub fn qualified(schema: Option<&str>, name: &str) -> String {
    match schema {
        Some(schema) => format!("{}.{}", quote_identifier(schema), quote_identifier(name)),
        None => quote_identifier(name),
    }
}

impl AnalyzeContext<'_> {
    /// The schema's name to write before an object's: `pg_temp` for the session's own.
    pub fn schema_to_write(&self, namespace: Oid) -> Result<String> {
        if self.temp_namespace.is_valid() && namespace == self.temp_namespace {
            return Ok("pg_temp".to_owned());
        }
        let name = self.catalog.namespace_name(namespace)?;
        name.ok_or_else(|| Error::internal(format!("cache lookup failed for namespace {namespace}")))
    }

    /// A relation's name, qualified if the search path does not find it.
    pub fn relation_to_write(&self, relation: Oid) -> Result<String> {
        let row = self.relation_row(relation)?;
        match self.find_relation(None, row.name())? == Some(relation) {
            true => Ok(quote_identifier(row.name())),
            false => self.qualified_relation(relation),
        }
    }

    /// A relation's name, always qualified.
    pub fn qualified_relation(&self, relation: Oid) -> Result<String> {
        let row = self.relation_row(relation)?;
        Ok(qualified(Some(&self.schema_to_write(row.class.relnamespace)?), row.name()))
    }

    /// A collation's name, qualified if the search path does not find it.
    pub fn collation_to_write(&self, collation: Oid) -> Result<String> {
        let missing = || Error::internal(format!("cache lookup failed for collation {collation}"));
        let row = self.catalog.collation(collation)?.ok_or_else(missing)?;
        for namespace in self.object_path() {
            if let Some(found) = self.catalog.collation_by_name(namespace, &row.collname)? {
                if found == collation {
                    return Ok(quote_identifier(&row.collname));
                }
                break;
            }
        }
        Ok(qualified(Some(&self.schema_to_write(row.collnamespace)?), &row.collname))
    }

    /// An operator class as written after a column of this type, with a space before it: nothing if it is the type's
    /// default. `None` as type always writes it.
    pub fn opclass_to_write(&self, opclass: Oid, of_type: Option<Oid>) -> Result<String> {
        let missing = || Error::internal(format!("cache lookup failed for opclass {opclass}"));
        let row = self.catalog.opclass(opclass)?.ok_or_else(missing)?;
        if let Some(of_type) = of_type
            && self.default_opclass(of_type, row.opcmethod)?.is_some_and(|default| default.oid == opclass)
        {
            return Ok(String::new());
        }
        let mut visible = false;
        for namespace in self.object_path() {
            let classes = self.catalog.opclasses(row.opcmethod)?;
            if let Some(found) = classes.iter().find(|c| c.opcnamespace == namespace && c.opcname == row.opcname) {
                visible = found.oid == opclass;
                break;
            }
        }
        let schema = if visible { None } else { Some(self.schema_to_write(row.opcnamespace)?) };
        Ok(format!(" {}", qualified(schema.as_deref(), &row.opcname)))
    }

    /// An operator for these argument types (zero: none on the left), as `OPERATOR(schema.name)` if its name alone
    /// would mean another.
    pub fn operator_to_write(&self, operator: Oid, left: Oid, right: Oid) -> Result<String> {
        let missing = || Error::internal(format!("cache lookup failed for operator {operator}"));
        let row = self.catalog.operator(operator)?.ok_or_else(missing)?;
        let name = OperatorName { schema: Vec::new(), name: row.oprname.clone() };
        let analyzer = Analyzer::new(self, crate::Parameters::None);
        let left = if row.oprkind == b'l' { Oid::INVALID } else { left };
        let found = analyzer.find_operator(&name, left, right)?;
        match found.is_some_and(|found| found.oid == operator) {
            true => Ok(row.oprname.clone()),
            false => {
                let schema = self.schema_to_write(row.oprnamespace)?;
                Ok(format!("OPERATOR({}.{})", quote_identifier(&schema), row.oprname))
            }
        }
    }

    /// A function's name for a call, qualified if the name alone would mean another.
    pub fn function_to_write(&self, function: Oid, call: &NamedCall<'_>, in_group_by: bool) -> Result<String> {
        let missing = || Error::internal(format!("cache lookup failed for function {function}"));
        let row = self.catalog.function(function)?.ok_or_else(missing)?;
        // These names mean something else in GROUP BY.
        let forced = in_group_by && (row.proname == "cube" || row.proname == "rollup");
        let analyzer = Analyzer::new(self, crate::Parameters::None);
        if !forced && analyzer.function_named(&row.proname, call)? == Some(function) {
            return Ok(quote_identifier(&row.proname));
        }
        Ok(qualified(Some(&self.schema_to_write(row.pronamespace)?), &row.proname))
    }

    /// The name of a relation's column.
    pub fn attribute_name(&self, relation: Oid, attno: i16) -> Result<String> {
        let row = self.relation_row(relation)?;
        let attribute = usize::try_from(attno - 1).ok().and_then(|at| row.desc.attributes.get(at));
        let missing = || Error::internal(format!("cache lookup failed for attribute {attno} of relation {relation}"));
        Ok(attribute.ok_or_else(missing)?.name.clone())
    }
}
