//! What the last query of a function written in SQL gives, made the type that the function is declared to return.

use crate::coerce::Coercion;
use crate::context::{AnalyzeContext, Parameters};
use crate::oids::is_polymorphic;
use crate::query::{Alias, CmdType, FromExpr, FromItem, Query, TargetEntry};
use crate::relation::column_var;
use crate::state::Analyzer;
use base::Oid;
use report::{Result, error};

impl AnalyzeContext<'_> {
    /// Casts the one column of a SELECT as an assignment would.
    ///
    /// Errors: 42P13 if it has more columns, or its type cannot be assigned to the other.
    pub fn coerce_function_result(&self, query: Query, result: Oid) -> Result<Query> {
        let name = self.format_type(result);
        let mismatch =
            || error!(INVALID_FUNCTION_DEFINITION, "return type mismatch in function declared to return {name}");
        let mut columns = query.targets.iter().filter(|target| !target.junk);
        let (Some(column), None) = (columns.next(), columns.next()) else {
            return Err(mismatch().detail("Final statement must return exactly one column."));
        };
        let actual = column.expr.type_of();
        let wrong_type = || mismatch().detail(format!("Actual return type is {}.", self.format_type(actual)));
        let analyzer = &mut Analyzer::new(self, Parameters::None);
        if actual == result {
            return Ok(query);
        }
        if is_polymorphic(result) {
            return if analyzer.is_binary_coercible(actual, result)? { Ok(query) } else { Err(wrong_type()) };
        }
        analyzer.cast_only_column(query, result)?.ok_or_else(wrong_type)
    }
}

impl Analyzer<'_, '_> {
    /// `None` if there is no such cast.
    fn cast_only_column(&mut self, mut query: Query, result: Oid) -> Result<Option<Query>> {
        let column = query.targets.iter_mut().find(|target| !target.junk).expect("the caller has counted them");
        // What is sorted or grouped by is the value before the cast.
        if column.sort_group_ref != 0 || query.set_operations.is_some() {
            return self.select_cast_of(query, result);
        }
        let cast = self.coerce_to_target(column.expr.clone(), result, -1, Coercion::ASSIGNMENT)?;
        let Some(mut cast) = cast else { return Ok(None) };
        self.assign_collations(&mut cast)?;
        column.expr = cast;
        Ok(Some(query))
    }

    /// `SELECT cast(column) FROM (query)`.
    fn select_cast_of(&mut self, query: Query, result: Oid) -> Result<Option<Query>> {
        let alias = Alias { name: "*SELECT*".to_owned(), ..Alias::default() };
        let item = self.add_subquery(query, alias, false, false)?;
        let column = column_var(&item.data.columns[0], 0, crate::expr::Location::UNKNOWN);
        let Some(mut cast) = self.coerce_to_target(column.into(), result, -1, Coercion::ASSIGNMENT)? else {
            return Ok(None);
        };
        self.assign_collations(&mut cast)?;
        Ok(Some(Query {
            command: CmdType::Select,
            can_set_tag: true,
            rtable: std::mem::take(&mut self.state().rtable),
            jointree: FromExpr { items: vec![FromItem::Rel(1)], quals: None },
            targets: vec![TargetEntry::new(cast, 1, None)],
            ..Query::default()
        }))
    }
}
