//! WITH.
//!
//! Source: PostgreSQL 15 parse_cte.c.

use crate::expr::Location;
use crate::names::{ReferenceContext, References};
use crate::oids;
use crate::query::{
    ColumnList, CommonTableExpr, CteCycleClause, CteMaterialize, CteSearchClause, Query, SetOperand, TargetEntry,
};
use crate::state::{Analyzer, CteEntry, ExprKind};
use parser::ast::{self, SelectBody, Statement, WithClause};
use report::{Error, Result, error, unsupported};

impl Analyzer<'_, '_> {
    /// WITH of the present query level: its queries become known to it.
    pub fn transform_with(&mut self, with: Option<&WithClause>, query: &mut Query) -> Result<()> {
        let Some(with) = with else { return Ok(()) };
        query.has_recursive = with.recursive;
        for (at, cte) in with.ctes.iter().enumerate() {
            if matches!(*cte.query, Statement::Merge(_)) {
                return Err(self.at(error!(FEATURE_NOT_SUPPORTED, "MERGE not supported in WITH query"), cte.pos));
            }
            if let Some(twin) = with.ctes[at + 1..].iter().find(|other| other.name == cte.name) {
                let err = error!(DUPLICATE_ALIAS, "WITH query name \"{}\" specified more than once", cte.name);
                return Err(self.at(err, twin.pos));
            }
            self.state().has_modifying_cte |= !matches!(*cte.query, Statement::Select(_));
        }
        match with.recursive {
            true => self.transform_recursive_with(with),
            false => {
                self.state().future_ctes = with.ctes.iter().map(|cte| cte.name.clone()).collect();
                for cte in &with.ctes {
                    // It is not known to itself.
                    let entry = new_entry(cte, false);
                    let made = self.analyze_hidden(cte, entry)?;
                    self.state().ctes.push(made);
                    self.state().future_ctes.remove(0);
                }
                Ok(())
            }
        }
    }

    /// WITH RECURSIVE: each query may refer to itself and to those that do not depend on it.
    fn transform_recursive_with(&mut self, with: &WithClause) -> Result<()> {
        let names: Vec<&str> = with.ctes.iter().map(|cte| cte.name.as_str()).collect();
        let mut uses: Vec<Vec<usize>> = Vec::with_capacity(names.len());
        for cte in &with.ctes {
            let mut found = Vec::new();
            References::visit_statement(&cte.query, &mut |name, _| {
                if let Some(at) = names.iter().position(|known| *known == name)
                    && !found.contains(&at)
                {
                    found.push(at);
                }
            });
            uses.push(found);
        }
        let order = self.dependency_order(with, &uses)?;
        for &at in &order {
            if uses[at].contains(&at) {
                self.check_recursion(&with.ctes[at])?;
            }
        }
        for &at in &order {
            let entry = new_entry(&with.ctes[at], uses[at].contains(&at));
            self.state().ctes.push(entry);
        }
        for (place, &at) in order.iter().enumerate() {
            self.analyze_known(&with.ctes[at], place)?;
        }
        Ok(())
    }

    /// The queries in an order in which each comes after those that it uses.
    fn dependency_order(&self, with: &WithClause, uses: &[Vec<usize>]) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = Vec::with_capacity(uses.len());
        while order.len() < uses.len() {
            let ready = (0..uses.len())
                .find(|at| !order.contains(at) && uses[*at].iter().all(|used| used == at || order.contains(used)));
            match ready {
                Some(at) => order.push(at),
                None => {
                    let first = (0..uses.len()).find(|at| !order.contains(at)).unwrap_or(0);
                    let err = error!(FEATURE_NOT_SUPPORTED, "mutual recursion between WITH items is not implemented");
                    return Err(self.at(err, with.ctes[first].pos));
                }
            }
        }
        Ok(order)
    }

    /// A recursive query has the form `non-recursive UNION [ALL] recursive`, with one plain reference to itself.
    fn check_recursion(&self, cte: &ast::CommonTableExpr) -> Result<()> {
        let name = &cte.name;
        let refuse =
            |message: String, location: Location| Err(self.at(error!(INVALID_RECURSION, "{message}"), location));
        let Statement::Select(stmt) = &*cte.query else {
            return refuse(
                format!("recursive query \"{name}\" must not contain data-modifying statements"),
                cte.pos.into(),
            );
        };
        let SelectBody::SetOperation(operation) = &stmt.body else {
            return refuse(not_union(name), cte.pos.into());
        };
        if operation.op != ast::SetOp::Union {
            return refuse(not_union(name), cte.pos.into());
        }
        let clause = if let Some(item) = stmt.order_by.first() {
            Some(("ORDER BY", item.expr.pos()))
        } else if let Some(offset) = &stmt.offset {
            Some(("OFFSET", offset.pos()))
        } else {
            stmt.limit.as_ref().map(|limit| ("LIMIT", limit.pos()))
        };
        if let Some((clause, pos)) = clause {
            let err = error!(FEATURE_NOT_SUPPORTED, "{clause} in a recursive query is not implemented");
            return Err(self.at(err, pos));
        }
        if !stmt.locking.is_empty() {
            let err = error!(FEATURE_NOT_SUPPORTED, "FOR UPDATE/SHARE in a recursive query is not implemented");
            return Err(self.at(err, cte.pos));
        }
        let mut failure: Option<(String, Location)> = None;
        let mut count = 0;
        let mut check = |context: ReferenceContext, pos: ast::Pos| {
            count += 1;
            let place = match context {
                ReferenceContext::Plain if count > 1 => {
                    failure.get_or_insert((
                        format!("recursive reference to query \"{name}\" must not appear more than once"),
                        pos.into(),
                    ));
                    return;
                }
                ReferenceContext::Plain => return,
                ReferenceContext::NonRecursive => "its non-recursive term",
                ReferenceContext::SubLink => "a subquery",
                ReferenceContext::OuterJoin => "an outer join",
                ReferenceContext::Intersect => "INTERSECT",
                ReferenceContext::Except => "EXCEPT",
            };
            let message = format!("recursive reference to query \"{name}\" must not appear within {place}");
            failure.get_or_insert((message, pos.into()));
        };
        let mut visit = |context: ReferenceContext, select: &ast::SelectStmt| {
            References::visit_select(select, context, &mut |found, seen| {
                if found == name {
                    check(seen.0, seen.1);
                }
            });
        };
        if let Some(with) = &stmt.with {
            for inner in &with.ctes {
                if let Statement::Select(select) = &*inner.query {
                    visit(ReferenceContext::SubLink, select);
                }
            }
        }
        visit(ReferenceContext::NonRecursive, &operation.left);
        visit(ReferenceContext::Plain, &operation.right);
        match failure {
            Some((message, location)) => refuse(message, location),
            None => Ok(()),
        }
    }

    /// Analyses a query that is not yet known to its level.
    fn analyze_hidden(&mut self, written: &ast::CommonTableExpr, mut entry: CteEntry) -> Result<CteEntry> {
        entry.cte.cycle = self.transform_cycle(written)?;
        let query = self.cte_query(written, None)?;
        let columns = self.cte_columns(&entry.cte, query.output())?;
        self.finish_cte(written, &mut entry, query, columns)?;
        Ok(entry)
    }

    /// Analyses a query that is known to its level already, and so to itself.
    fn analyze_known(&mut self, written: &ast::CommonTableExpr, place: usize) -> Result<()> {
        let cycle = self.transform_cycle(written)?;
        self.state().ctes[place].cte.cycle = cycle;
        let level = self.states.len() - 1;
        let query = self.cte_query(written, Some((level, place)))?;
        let mut entry = self.state().ctes[place].clone();
        let columns = match entry.cte.recursive {
            true => {
                self.check_recursive_columns(&entry.cte, query.output())?;
                entry.cte.columns.clone()
            }
            false => self.cte_columns(&entry.cte, query.output())?,
        };
        self.finish_cte(written, &mut entry, query, columns)?;
        self.state().ctes[place] = entry;
        Ok(())
    }

    fn cte_query(&mut self, written: &ast::CommonTableExpr, parent: Option<(usize, usize)>) -> Result<Query> {
        let mut query = match &*written.query {
            Statement::Select(stmt) => self.transform_subselect(stmt, parent, false, true)?,
            other => {
                if self.states.len() > 1 {
                    let err = error!(
                        FEATURE_NOT_SUPPORTED,
                        "WITH clause containing a data-modifying statement must be at the top level"
                    );
                    return Err(self.at(err, written.pos));
                }
                self.nested(|this| this.transform_modifying(other))?
            }
        };
        query.can_set_tag = false;
        Ok(query)
    }

    fn finish_cte(
        &mut self,
        written: &ast::CommonTableExpr,
        entry: &mut CteEntry,
        query: Query,
        columns: ColumnList,
    ) -> Result<()> {
        if written.search.is_some() || written.cycle.is_some() {
            self.check_search_and_cycle(written, entry, &query, &columns)?;
        }
        *entry.cte.query = query;
        entry.cte.columns = columns;
        entry.analyzed = true;
        Ok(())
    }

    /// Notes the columns of a recursive query once its non-recursive term is known.
    pub fn set_cte_columns(&mut self, level: usize, at: usize, targets: &[TargetEntry]) -> Result<()> {
        let cte = self.states[level].ctes[at].cte.clone();
        let columns = self.cte_columns(&cte, targets)?;
        let entry = &mut self.states[level].ctes[at];
        entry.cte.columns = columns;
        entry.columns_known = true;
        Ok(())
    }

    fn cte_columns(&self, cte: &CommonTableExpr, targets: &[TargetEntry]) -> Result<ColumnList> {
        let mut columns = crate::rte::columns_of_targets(targets);
        let (given, available) = (cte.alias_columns.len(), columns.names.len());
        if given > available {
            let err = error!(
                INVALID_COLUMN_REFERENCE,
                "WITH query \"{}\" has {available} columns available but {given} columns specified", cte.name
            );
            return Err(self.at(err, cte.location));
        }
        columns.names[..given].clone_from_slice(&cte.alias_columns);
        if cte.recursive {
            for at in 0..available {
                if columns.types[at] == oids::UNKNOWN {
                    (columns.types[at], columns.typmods[at]) = (oids::TEXT, -1);
                    if !columns.collations[at].is_valid() {
                        columns.collations[at] = oids::DEFAULT_COLLATION;
                    }
                }
            }
        }
        Ok(columns)
    }

    fn check_recursive_columns(&self, cte: &CommonTableExpr, targets: &[TargetEntry]) -> Result<()> {
        let name = &cte.name;
        for (at, target) in targets.iter().filter(|target| !target.junk).enumerate() {
            let expr = &target.expr;
            let known = (cte.columns.types[at], cte.columns.typmods[at]);
            let overall = (expr.type_of(), expr.typmod_of());
            if known != overall {
                let known = self.cx.format_type_with_typmod(known.0, known.1);
                let overall = self.cx.format_type_with_typmod(overall.0, overall.1);
                let err = error!(
                    DATATYPE_MISMATCH,
                    "recursive query \"{name}\" column {} has type {known} in non-recursive term but type {overall} overall",
                    at + 1
                );
                let hint = "Cast the output of the non-recursive term to the correct type.";
                return Err(self.at(err.hint(hint), expr.location()));
            }
            if expr.collation_of() != cte.columns.collations[at] {
                let collation = |oid| {
                    self.cx.catalog.collation(oid).ok().flatten().map_or_else(String::new, |row| row.collname.clone())
                };
                let err = error!(
                    COLLATION_MISMATCH,
                    "recursive query \"{name}\" column {} has collation \"{}\" in non-recursive term but collation \"{}\" overall",
                    at + 1,
                    collation(cte.columns.collations[at]),
                    collation(expr.collation_of())
                );
                let hint = "Use the COLLATE clause to set the collation of the non-recursive term.";
                return Err(self.at(err.hint(hint), expr.location()));
            }
        }
        Ok(())
    }

    fn transform_cycle(&mut self, written: &ast::CommonTableExpr) -> Result<Option<Box<CteCycleClause>>> {
        let Some(cycle) = &written.cycle else { return Ok(None) };
        let value = self.transform_expr(&cycle.mark_value, ExprKind::CycleMark)?;
        let default = self.transform_expr(&cycle.mark_default, ExprKind::CycleMark)?;
        let common = self.common_type(&[&value, &default], "CYCLE")?;
        let mut value = self.coerce_to_common(value, common, "CYCLE/SET/TO")?;
        let mut default = self.coerce_to_common(default, common, "CYCLE/SET/DEFAULT")?;
        let mark_typmod = crate::coerce::common_typmod(&[&value, &default], common);
        let mark_collation = self.common_collation(&mut [&mut value, &mut default], true)?;
        let name = self.cx.format_type(common);
        let eq = self.sort_group_operators(common)?.eq;
        let Some(row) = self.cx.catalog.operator(eq)?.filter(|_| eq.is_valid()) else {
            return Err(error!(UNDEFINED_FUNCTION, "could not identify an equality operator for type {name}"));
        };
        if !row.oprnegate.is_valid() {
            return Err(error!(UNDEFINED_FUNCTION, "could not identify an inequality operator for type {name}"));
        }
        Ok(Some(Box::new(CteCycleClause {
            columns: cycle.columns.clone(),
            mark_column: cycle.mark_column.clone(),
            mark_value: value,
            mark_default: default,
            path_column: cycle.path_column.clone(),
            mark_type: common,
            mark_typmod,
            mark_collation,
            mark_ne_operator: row.oprnegate,
            location: cycle.pos.into(),
        })))
    }

    fn check_search_and_cycle(
        &self,
        written: &ast::CommonTableExpr,
        entry: &CteEntry,
        query: &Query,
        columns: &ColumnList,
    ) -> Result<()> {
        if !entry.cte.recursive {
            return Err(self.at(error!(SYNTAX_ERROR, "WITH query is not recursive"), written.pos));
        }
        let tree = query.set_operations.as_ref().ok_or_else(|| Error::internal("a recursive query is a union"))?;
        if !matches!(tree.left, SetOperand::Rel(_)) {
            return Err(error!(
                FEATURE_NOT_SUPPORTED,
                "with a SEARCH or CYCLE clause, the left side of the UNION must be a SELECT"
            ));
        }
        if !matches!(tree.right, SetOperand::Rel(_)) {
            return Err(error!(
                SYNTAX_ERROR,
                "with a SEARCH or CYCLE clause, the right side of the UNION must be a SELECT"
            ));
        }
        let known = |name: &String| columns.names.contains(name);
        let check_list = |list: &[String], what: &str, pos: ast::Pos| -> Result<()> {
            for (at, name) in list.iter().enumerate() {
                if !known(name) {
                    let err = error!(SYNTAX_ERROR, "{what} column \"{name}\" not in WITH query column list");
                    return Err(self.at(err, pos));
                }
                if list[..at].contains(name) {
                    let err = error!(DUPLICATE_COLUMN, "{what} column \"{name}\" specified more than once");
                    return Err(self.at(err, pos));
                }
            }
            Ok(())
        };
        let check_new = |name: &String, what: &str, pos: ast::Pos| -> Result<()> {
            match known(name) {
                true => {
                    let err =
                        error!(SYNTAX_ERROR, "{what} column name \"{name}\" already used in WITH query column list");
                    Err(self.at(err, pos))
                }
                false => Ok(()),
            }
        };
        if let Some(search) = &written.search {
            check_list(&search.columns, "search", search.pos)?;
            check_new(&search.sequence_column, "search sequence", search.pos)?;
        }
        if let Some(cycle) = &written.cycle {
            check_list(&cycle.columns, "cycle", cycle.pos)?;
            check_new(&cycle.mark_column, "cycle mark", cycle.pos)?;
            check_new(&cycle.path_column, "cycle path", cycle.pos)?;
            if cycle.mark_column == cycle.path_column {
                let err = error!(SYNTAX_ERROR, "cycle mark column name and cycle path column name are the same");
                return Err(self.at(err, cycle.pos));
            }
        }
        unsupported!("SEARCH or CYCLE of a recursive query")
    }
}

fn not_union(name: &str) -> String {
    format!("recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term")
}

fn new_entry(written: &ast::CommonTableExpr, recursive: bool) -> CteEntry {
    let search = written.search.as_ref().map(|search| CteSearchClause {
        columns: search.columns.clone(),
        breadth_first: search.breadth_first,
        sequence_column: search.sequence_column.clone(),
        location: search.pos.into(),
    });
    let cte = CommonTableExpr {
        name: written.name.clone(),
        alias_columns: written.columns.clone(),
        materialized: match written.materialized {
            None => CteMaterialize::Default,
            Some(true) => CteMaterialize::Always,
            Some(false) => CteMaterialize::Never,
        },
        query: Box::default(),
        search,
        cycle: None,
        recursive,
        refcount: 0,
        columns: ColumnList::default(),
        location: written.pos.into(),
    };
    let modifying = !matches!(*written.query, Statement::Select(_));
    CteEntry { cte, analyzed: false, modifying, columns_known: false }
}
