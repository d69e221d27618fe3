//! How routines, operators and members of operator families are written.

use super::is_first_on_path;
use base::Oid;
use builtins::quote_identifier;
use instance::Ctx;
use report::Result;

/// Whether names of other schemas than those that a name finds are qualified, or all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Only what the search path does not find.
    Short,
    /// Everything.
    Full,
}

impl Style {
    /// A type's name.
    pub(super) fn type_name(self, cx: Ctx<'_>, oid: Oid) -> Result<String> {
        match self {
            Style::Short => cx.catalog().format_type(oid, None, &cx.search_path()?.namespaces),
            Style::Full => cx.catalog().format_type_qualified(oid),
        }
    }

    fn type_names(self, cx: Ctx<'_>, types: &[Oid]) -> Result<Vec<String>> {
        types.iter().map(|oid| self.type_name(cx, *oid)).collect()
    }

    /// `name(type,type)`.
    pub(super) fn routine(self, cx: Ctx<'_>, oid: Oid) -> Result<Option<String>> {
        let catalog = cx.catalog();
        let Some(row) = catalog.function(oid)? else { return Ok(None) };
        let types = self.type_names(cx, &row.proargtypes)?.join(",");
        let named = catalog.functions_by_name(&row.proname)?;
        let is_short = self == Style::Short
            && is_first_on_path(cx, row.pronamespace, |schema| {
                Ok(named.iter().any(|f| f.pronamespace == schema && f.proargtypes == row.proargtypes))
            })?;
        let name = quote_identifier(&row.proname);
        Ok(Some(match is_short {
            true => format!("{name}({types})"),
            false => format!("{}.{name}({types})", quote_identifier(&schema_of(cx, row.pronamespace)?)),
        }))
    }

    /// `+(type,type)`, NONE for an operand that is not there.
    pub(super) fn operator(self, cx: Ctx<'_>, oid: Oid) -> Result<Option<String>> {
        let catalog = cx.catalog();
        let Some(row) = catalog.operator(oid)? else { return Ok(None) };
        let side = |oid: Oid| match oid.is_valid() {
            true => self.type_name(cx, oid),
            false => Ok("NONE".to_owned()),
        };
        let text = format!("{}({},{})", row.oprname, side(row.oprleft)?, side(row.oprright)?);
        let named = catalog.operators_by_name(&row.oprname)?;
        let is_like = |schema| {
            let same = |o: &&std::sync::Arc<schema::CatalogRow<catalog::rows::PgOperator>>| {
                o.oprnamespace == schema && o.oprleft == row.oprleft && o.oprright == row.oprright
            };
            Ok(named.iter().find(same).is_some())
        };
        match self == Style::Short && is_first_on_path(cx, row.oprnamespace, is_like)? {
            true => Ok(Some(text)),
            false => Ok(Some(format!("{}.{text}", quote_identifier(&schema_of(cx, row.oprnamespace)?)))),
        }
    }
}

fn schema_of(cx: Ctx<'_>, schema: Oid) -> Result<String> {
    Ok(cx.catalog().namespace(schema)?.map_or_else(|| schema.to_string(), |row| row.nspname.clone()))
}

/// The parts of a routine's name: schema and name, and its argument types.
pub(super) fn routine_parts(cx: Ctx<'_>, oid: Oid) -> Result<(Vec<String>, Vec<String>)> {
    let Some(row) = cx.catalog().function(oid)? else { return Ok(Default::default()) };
    let names = vec![super::schema_name(cx, row.pronamespace)?, row.proname.clone()];
    Ok((names, Style::Full.type_names(cx, &row.proargtypes)?))
}

/// The parts of an operator's name: schema and name, and its operand types.
pub(super) fn operator_parts(cx: Ctx<'_>, oid: Oid) -> Result<(Vec<String>, Vec<String>)> {
    let Some(row) = cx.catalog().operator(oid)? else { return Ok(Default::default()) };
    let names = vec![super::schema_name(cx, row.oprnamespace)?, row.oprname.clone()];
    let types: Vec<Oid> = [row.oprleft, row.oprright].into_iter().filter(|oid| oid.is_valid()).collect();
    Ok((names, Style::Full.type_names(cx, &types)?))
}
