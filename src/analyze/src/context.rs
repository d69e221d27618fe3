//! What an analysis is given: the catalogs, the search path, who asks, and the parameters' types.

use crate::lookup::Lookup;
use crate::oids;
use base::Oid;
use parser::ast::Pos;
use report::{Error, Result};

use crate::expr::Location;

/// What an analysis is given.
pub struct AnalyzeContext<'a> {
    /// The catalogs.
    pub catalog: Lookup<'a>,
    /// The statement's text, for positions of errors.
    pub source: &'a str,
    /// Schemas that are searched, in order, the implicit ones included.
    pub search_path: &'a [Oid],
    /// The session's own schema for temporary objects, zero if it has none yet.
    pub temp_namespace: Oid,
    /// Who runs the statement: the current user.
    pub user: Oid,
    /// The name of the database.
    pub database: &'a str,
    /// Setting transform_null_equals.
    pub transform_null_equals: bool,
    /// True if the user may use the schema. The search path holds only such ones; a schema that is named is asked about.
    pub may_use_schema: &'a dyn Fn(Oid) -> Result<bool>,
}

/// The types of `$1`, `$2`, ...
#[derive(Clone, Debug, Default)]
pub enum Parameters {
    /// There are none.
    #[default]
    None,
    /// They are given.
    Fixed(Vec<Oid>),
    /// Some are given (zero: not), the others are inferred.
    Variable(Vec<Oid>),
}

impl From<Pos> for Location {
    fn from(pos: Pos) -> Location {
        Location(if pos.is_some() { i32::try_from(pos.0).unwrap_or(-1) } else { -1 })
    }
}

impl AnalyzeContext<'_> {
    /// `error` with its position in the statement, if that is known.
    pub fn at(&self, error: Error, location: impl Into<Location>) -> Error {
        let location = location.into();
        match u32::try_from(location.0).ok().and_then(|offset| Pos(offset).characters(self.source)) {
            Some(position) => error.at(position),
            None => error,
        }
    }

    /// The schemas that may hold functions, operators, and collations: the search path without that of temporary objects.
    pub fn object_path(&self) -> impl Iterator<Item = Oid> + '_ {
        let temp = self.temp_namespace;
        self.search_path.iter().copied().filter(move |&namespace| !(temp.is_valid() && namespace == temp))
    }

    /// True if a schema is on the search path.
    pub fn is_on_path(&self, namespace: Oid) -> bool {
        self.search_path.contains(&namespace)
    }

    /// The place of a schema on the search path, `None` if it is not there.
    pub fn path_position(&self, namespace: Oid) -> Option<usize> {
        self.search_path.iter().position(|&n| n == namespace)
    }

    /// True for pg_catalog.
    pub fn is_system_namespace(&self, namespace: Oid) -> bool {
        namespace == oids::PG_CATALOG
    }
}
