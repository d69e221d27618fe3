//! Names of tables and columns: what they mean, and what is said when they mean nothing.
//!
//! Source: PostgreSQL 15 parse_relation.c.

use crate::context::AnalyzeContext;
use crate::expr::{Cosmetic, Expr, Location, Var};
use crate::oids;
use crate::query::{Alias, RangeTblEntry, RteKind, TargetEntry, acl};
use crate::state::{Analyzer, ExprKind, NsColumn, NsData, NsItem};
use base::Oid;
use parser::ast::{self, QualifiedName, RangeVar};
use report::{Error, Result, error};
use schema::RelationEntry;
use std::rc::Rc;
use std::sync::Arc;

/// How far a column's name may be from the one written to be suggested.
const MAX_FUZZY_DISTANCE: usize = 3;

/// A system column: name, number, type.
pub const SYSTEM_COLUMNS: [(&str, i16, Oid); 6] = [
    ("ctid", -1, oids::TID),
    ("xmin", -2, oids::XID),
    ("cmin", -3, oids::CID),
    ("xmax", -4, oids::XID),
    ("cmax", -5, oids::CID),
    ("tableoid", -6, oids::OID),
];
/// The number of `tableoid`.
pub const TABLE_OID: i16 = -6;

/// The number and type of the system column with this name.
pub fn system_column(name: &str) -> Option<(i16, Oid)> {
    SYSTEM_COLUMNS.iter().find(|(known, ..)| *known == name).map(|&(_, number, oid)| (number, oid))
}

/// The name of a system column.
pub fn system_column_name(number: i16) -> &'static str {
    SYSTEM_COLUMNS.iter().find(|(_, known, _)| *known == number).map_or("???", |(name, ..)| name)
}

impl AnalyzeContext<'_> {
    /// The relation that a name means, `None` if there is none.
    pub fn find_relation(&self, schema: Option<&str>, name: &str) -> Result<Option<Oid>> {
        match schema {
            Some("pg_temp") if self.temp_namespace.is_valid() => {
                self.catalog.relation_by_name(self.temp_namespace, name)
            }
            Some(schema) => match self.catalog.namespace_by_name(schema)? {
                Some(namespace) if (self.may_use_schema)(namespace)? => self.catalog.relation_by_name(namespace, name),
                Some(_) => Err(error!(INSUFFICIENT_PRIVILEGE, "permission denied for schema {schema}")),
                None => Ok(None),
            },
            None => {
                for &namespace in self.search_path {
                    if let Some(oid) = self.catalog.relation_by_name(namespace, name)? {
                        return Ok(Some(oid));
                    }
                }
                Ok(None)
            }
        }
    }

    /// The relation that a name means.
    ///
    /// Errors: 42P01 if there is none.
    pub fn relation_by_parts(
        &self,
        schema: Option<&str>,
        name: &str,
        location: Location,
    ) -> Result<Arc<RelationEntry>> {
        let missing = || {
            let text = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
            self.at(error!(UNDEFINED_TABLE, "relation \"{text}\" does not exist"), location)
        };
        let oid = self.find_relation(schema, name)?.ok_or_else(missing)?;
        self.catalog.relation(oid)?.ok_or_else(missing)
    }

    /// The relation that a range variable means.
    pub fn relation_of(&self, name: &RangeVar) -> Result<Arc<RelationEntry>> {
        self.check_database(name)?;
        self.relation_by_parts(name.schema.as_deref(), &name.name, name.pos.into())
    }

    /// A relation cannot be of another database.
    pub fn check_database(&self, name: &RangeVar) -> Result<()> {
        match &name.catalog {
            Some(database) if database != self.database => {
                let schema = name.schema.as_deref().unwrap_or_default();
                let err = error!(
                    FEATURE_NOT_SUPPORTED,
                    "cross-database references are not implemented: \"{database}.{schema}.{}\"", name.name
                );
                Err(self.at(err, name.pos))
            }
            _ => Ok(()),
        }
    }

    /// The operator class of an access method that a name means.
    ///
    /// Errors: 42704 if there is none.
    pub fn resolve_opclass(&self, method: Oid, name: &QualifiedName) -> Result<Oid> {
        let (schema, bare) = self.deconstruct(name)?;
        let path: Vec<Oid> = match schema {
            Some(schema) => match self.catalog.namespace_by_name(schema)? {
                Some(namespace) => vec![namespace],
                None => return Err(error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist")),
            },
            None => self.object_path().collect(),
        };
        for namespace in path {
            if let Some(row) = self.catalog.catalog.opclass_by_name(method, bare, namespace)? {
                return Ok(row.oid);
            }
        }
        let am = self.catalog.catalog.access_method(method)?.map_or_else(String::new, |row| row.amname.clone());
        let text = name.dotted();
        Err(error!(UNDEFINED_OBJECT, "operator class \"{text}\" does not exist for access method \"{am}\""))
    }

    /// The collation that a name means.
    ///
    /// Errors: 42704 if there is none.
    pub fn resolve_collation(&self, name: &QualifiedName, location: Location) -> Result<Oid> {
        let (schema, bare) = self.deconstruct(name)?;
        let found = match schema {
            Some(schema) => match self.catalog.namespace_by_name(schema)? {
                Some(namespace) => self.catalog.collation_by_name(namespace, bare)?,
                None => {
                    let err = error!(INVALID_SCHEMA_NAME, "schema \"{schema}\" does not exist");
                    return Err(self.at(err, location));
                }
            },
            None => {
                let mut found = None;
                for namespace in self.object_path() {
                    found = found.or(self.catalog.collation_by_name(namespace, bare)?);
                }
                found
            }
        };
        found.ok_or_else(|| {
            let text = name.dotted();
            self.at(error!(UNDEFINED_OBJECT, "collation \"{text}\" for encoding \"UTF8\" does not exist"), location)
        })
    }
}

impl Analyzer<'_, '_> {
    /// The relation that a table name means; views, sequences and the like included, indexes and composite types not.
    pub fn open_table(&self, name: &RangeVar) -> Result<Arc<RelationEntry>> {
        self.cx.check_database(name)?;
        let found = self.cx.find_relation(name.schema.as_deref(), &name.name).map_err(|err| self.at(err, name.pos))?;
        let entry = match found {
            Some(oid) => self.cx.catalog.relation(oid)?,
            None => None,
        };
        let Some(entry) = entry else { return Err(self.no_such_table(name)) };
        let what = match entry.kind() {
            b'i' | b'I' => "an index",
            b'c' => "a composite type",
            _ => return Ok(entry),
        };
        let err = error!(WRONG_OBJECT_TYPE, "\"{}\" is {what}", entry.name());
        Err(self.at(err, name.pos))
    }

    fn no_such_table(&self, name: &RangeVar) -> Error {
        let table = &name.name;
        if let Some(schema) = &name.schema {
            return self.at(error!(UNDEFINED_TABLE, "relation \"{schema}.{table}\" does not exist"), name.pos);
        }
        let err = error!(UNDEFINED_TABLE, "relation \"{table}\" does not exist");
        let is_future = self.states.iter().any(|state| state.future_ctes.contains(table));
        let err = match is_future {
            true => err
                .detail(format!(
                    "There is a WITH item named \"{table}\", but it cannot be referenced from this part of the query."
                ))
                .hint("Use WITH RECURSIVE, or re-order the WITH items to remove forward references."),
            false => err,
        };
        self.at(err, name.pos)
    }

    /// Appends an entry to the range table with what its names mean.
    pub fn add_rte(&mut self, rte: RangeTblEntry, columns: Vec<NsColumn>) -> NsItem {
        let state = self.state();
        let rtindex = state.rtable.len() as i32 + 1;
        let names = rte.eref.clone();
        state.rtable.push(rte);
        let item = NsItem::new(NsData { names, rtindex, columns });
        state.items.push(Some(item.clone()));
        item
    }

    /// The number that the next range table entry will have.
    pub fn next_rtindex(&self) -> i32 {
        self.top().rtable.len() as i32 + 1
    }

    /// Makes an item's names usable.
    pub fn add_to_namespace(&mut self, item: &NsItem, rel_visible: bool, cols_visible: bool) {
        let item =
            NsItem { rel_visible, cols_visible, lateral_only: false, lateral_ok: true, data: Rc::clone(&item.data) };
        self.state().namespace.push(item);
    }

    /// What the names of a relation of the range table mean.
    pub fn item_of_relation(&self, varno: i32, levels_up: u32) -> Option<NsItem> {
        let at = usize::try_from(varno - 1).ok()?;
        self.level(levels_up).items.get(at)?.clone()
    }

    // --- columns ---

    /// The column of an item with this name, as an expression.
    pub fn scan_item_for_column(
        &mut self,
        data: &Rc<NsData>,
        levels_up: u32,
        name: &str,
        location: Location,
    ) -> Result<Option<Expr>> {
        let mut matches = data.names.columns.iter().enumerate().filter(|(_, column)| *column == name);
        let found = matches.next();
        if matches.next().is_some() {
            let err = error!(AMBIGUOUS_COLUMN, "column reference \"{name}\" is ambiguous");
            return Err(self.at(err, location));
        }
        let var = match found {
            Some((at, _)) => column_var(&data.columns[at], levels_up, location),
            None => match self.system_column_of(data, levels_up, name, location)? {
                Some(var) => var,
                None => return Ok(None),
            },
        };
        self.mark_for_select(&var);
        Ok(Some(var.into()))
    }

    fn system_column_of(&self, data: &NsData, levels_up: u32, name: &str, location: Location) -> Result<Option<Var>> {
        let Some((number, type_oid)) = system_column(name) else { return Ok(None) };
        let rte = self.level(levels_up).rtable.get(data.rtindex as usize - 1);
        let relation = rte.and_then(RangeTblEntry::relation);
        let has_system_columns = relation.is_some_and(|r| !matches!(r.relkind, b'v' | b'c'));
        if !has_system_columns {
            return Ok(None);
        }
        if number != TABLE_OID {
            let refused = match self.kind() {
                ExprKind::CheckConstraint => {
                    Some(format!("system column \"{name}\" reference in check constraint is invalid"))
                }
                ExprKind::GeneratedColumn => {
                    Some(format!("cannot use system column \"{name}\" in column generation expression"))
                }
                _ => None,
            };
            if let Some(message) = refused {
                return Err(self.at(error!(INVALID_COLUMN_REFERENCE, "{message}"), location));
            }
        }
        let mut var = Var::new(data.rtindex, number, type_oid, -1, Oid::INVALID);
        var.levels_up = levels_up;
        var.location = location;
        Ok(Some(var))
    }

    /// Notes that a column is read.
    pub fn mark_for_select(&mut self, var: &Var) {
        let state = self.level_mut(var.levels_up);
        mark_column(&mut state.rtable, var.varno, var.attno);
    }

    /// A bare name as a column, `None` if no table has it.
    pub fn column_by_name(&mut self, name: &str, local_only: bool, location: Location) -> Result<Option<Expr>> {
        let deepest = if local_only { 1 } else { self.states.len() as u32 };
        for levels_up in 0..deepest {
            let mut found = None;
            let count = self.level(levels_up).namespace.len();
            for at in 0..count {
                let item = &self.level(levels_up).namespace[at];
                if !item.cols_visible || item.lateral_only && !self.level(levels_up).lateral_active {
                    continue;
                }
                let (data, is_usable) = (Rc::clone(&item.data), !item.lateral_only || item.lateral_ok);
                let Some(column) = self.scan_item_for_column(&data, levels_up, name, location)? else { continue };
                if found.is_some() {
                    let err = error!(AMBIGUOUS_COLUMN, "column reference \"{name}\" is ambiguous");
                    return Err(self.at(err, location));
                }
                if !is_usable {
                    return Err(self.bad_lateral(&data, levels_up, location));
                }
                found = Some(column);
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The item that a table's name means, and its level.
    pub fn refname_item(&self, schema: Option<&str>, name: &str, location: Location) -> Result<Option<(NsItem, u32)>> {
        let relation = match schema {
            None => None,
            Some(schema) => {
                let Some(namespace) = self.cx.catalog.namespace_by_name(schema)? else { return Ok(None) };
                let Some(oid) = self.cx.catalog.relation_by_name(namespace, name)? else { return Ok(None) };
                Some(oid)
            }
        };
        for levels_up in 0..self.states.len() as u32 {
            let state = self.level(levels_up);
            let matches = |item: &&NsItem| {
                item.rel_visible
                    && (!item.lateral_only || state.lateral_active)
                    && match relation {
                        None => item.data.names.name == name,
                        Some(oid) => {
                            let rte = &state.rtable[item.data.rtindex as usize - 1];
                            rte.alias.is_none() && rte.relation().is_some_and(|r| r.relid == oid)
                        }
                    }
            };
            let mut found = state.namespace.iter().filter(matches);
            let Some(item) = found.next() else { continue };
            if found.next().is_some() {
                let err = match relation {
                    None => error!(AMBIGUOUS_ALIAS, "table reference \"{name}\" is ambiguous"),
                    Some(oid) => error!(AMBIGUOUS_ALIAS, "table reference {oid} is ambiguous"),
                };
                return Err(self.at(err, location));
            }
            if item.lateral_only && !item.lateral_ok {
                return Err(self.bad_lateral(&item.data, levels_up, location));
            }
            return Ok(Some((item.clone(), levels_up)));
        }
        Ok(None)
    }

    fn bad_lateral(&self, data: &NsData, levels_up: u32, location: Location) -> Error {
        let name = &data.names.name;
        let err = error!(INVALID_COLUMN_REFERENCE, "invalid reference to FROM-clause entry for table \"{name}\"");
        let is_target = self.level(levels_up).target.as_ref().is_some_and(|t| t.data.rtindex == data.rtindex);
        let err = match is_target {
            true => err.hint(format!(
                "There is an entry for table \"{name}\", but it cannot be referenced from this part of the query."
            )),
            false => err.detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference."),
        };
        self.at(err, location)
    }

    /// Checks that two sets of FROM items have no name in common.
    pub fn check_namespace_conflicts(&self, left: &[NsItem], right: &[NsItem]) -> Result<()> {
        let rte = |item: &NsItem| &self.top().rtable[item.data.rtindex as usize - 1];
        let plain = |item: &NsItem| rte(item).relation().filter(|_| rte(item).alias.is_none()).map(|r| r.relid);
        for a in left.iter().filter(|item| item.rel_visible) {
            for b in right.iter().filter(|item| item.rel_visible && item.data.names.name == a.data.names.name) {
                // Tables of different schemas may share a name.
                if matches!((plain(a), plain(b)), (Some(a), Some(b)) if a != b) {
                    continue;
                }
                let name = &a.data.names.name;
                return Err(error!(DUPLICATE_ALIAS, "table name \"{name}\" specified more than once"));
            }
        }
        Ok(())
    }

    // --- expansion ---

    /// The columns of an item with their names; columns of SEARCH and CYCLE are left out.
    pub fn expand_item(&self, data: &NsData, levels_up: u32, location: Location) -> Vec<(String, Var)> {
        let named = data.names.columns.iter().zip(&data.columns);
        let shown = named.filter(|(name, column)| !name.is_empty() && !column.dont_expand);
        shown.map(|(name, column)| (name.clone(), column_var(column, levels_up, location))).collect()
    }

    /// `item.*` as target entries.
    pub fn expand_item_targets(&mut self, item: &NsItem, levels_up: u32, location: Location) -> Vec<TargetEntry> {
        let rtindex = item.data.rtindex as usize - 1;
        let rte = &mut self.level_mut(levels_up).rtable[rtindex];
        if matches!(rte.kind, RteKind::Relation(_)) {
            rte.required_perms |= acl::SELECT;
        }
        let mut targets = Vec::new();
        for (name, var) in self.expand_item(&item.data, levels_up, location) {
            self.mark_for_select(&var);
            let resno = self.take_resno();
            targets.push(TargetEntry::new(var.into(), resno, Some(name)));
        }
        targets
    }

    /// The columns that a whole-row reference stands for.
    pub fn expand_whole_row(&self, var: &Var) -> Result<Vec<Expr>> {
        let Some(item) = self.item_of_relation(var.varno, var.levels_up) else {
            return Err(Error::internal("a whole-row reference names no relation of the query"));
        };
        let columns = self.expand_item(&item.data, var.levels_up, var.location);
        Ok(columns.into_iter().map(|(_, var)| var.into()).collect())
    }

    /// The name of a column of a range table entry.
    pub fn column_name(&self, rte: &RangeTblEntry, attno: i16) -> String {
        column_name(rte, attno)
    }

    // --- errors ---

    /// The error that a table's name means nothing here.
    pub fn missing_table(&self, schema: Option<&str>, name: &str, location: Location) -> Error {
        let Some((rte, level)) = self.find_hidden_table(schema, name) else {
            return self.at(error!(UNDEFINED_TABLE, "missing FROM-clause entry for table \"{name}\""), location);
        };
        let shown = &rte.eref.name;
        let usable_alias = rte.alias.is_some()
            && shown != name
            && matches!(self.refname_item(None, shown, location), Ok(Some((item, found)))
                if found == level && std::ptr::eq(&self.level(level).rtable[item.data.rtindex as usize - 1], rte));
        let err = error!(UNDEFINED_TABLE, "invalid reference to FROM-clause entry for table \"{name}\"");
        let err = match usable_alias {
            true => err.hint(format!("Perhaps you meant to reference the table alias \"{shown}\".")),
            false => err.hint(format!(
                "There is an entry for table \"{shown}\", but it cannot be referenced from this part of the query."
            )),
        };
        self.at(err, location)
    }

    fn find_hidden_table(&self, schema: Option<&str>, name: &str) -> Option<(&RangeTblEntry, u32)> {
        let cte_level = match schema {
            None => {
                (0..self.states.len() as u32).find(|&up| self.level(up).ctes.iter().any(|entry| entry.cte.name == name))
            }
            Some(_) => None,
        };
        let relation = match cte_level {
            None => self.cx.find_relation(schema, name).ok().flatten(),
            Some(_) => None,
        };
        for levels_up in 0..self.states.len() as u32 {
            let found = self.level(levels_up).rtable.iter().find(|rte| {
                let same = match &rte.kind {
                    RteKind::Relation(r) => relation == Some(r.relid),
                    RteKind::Cte(cte) => cte_level == Some(cte.levels_up + levels_up) && cte.name == name,
                    _ => false,
                };
                same || rte.eref.name == name
            });
            if let Some(rte) = found {
                return Some((rte, levels_up));
            }
        }
        None
    }

    /// The error that a column's name means nothing here, with what may have been meant.
    pub fn missing_column(&self, table: Option<&str>, column: &str, location: Location) -> Error {
        let err = match table {
            Some(table) => error!(UNDEFINED_COLUMN, "column {table}.{column} does not exist"),
            None => error!(UNDEFINED_COLUMN, "column \"{column}\" does not exist"),
        };
        let err = match self.similar_columns(table, column) {
            Similar::None => err,
            Similar::Hidden(table) => err.hint(format!(
                "There is a column named \"{column}\" in table \"{table}\", but it cannot be referenced from this part of the query."
            )),
            Similar::One(one) => err.hint(format!("Perhaps you meant to reference the column \"{one}\".")),
            Similar::Two(one, two) => {
                err.hint(format!("Perhaps you meant to reference the column \"{one}\" or the column \"{two}\"."))
            }
        };
        self.at(err, location)
    }

    fn similar_columns(&self, table: Option<&str>, column: &str) -> Similar {
        let mut best = MAX_FUZZY_DISTANCE + 1;
        let mut found: Vec<String> = Vec::new();
        for levels_up in 0..self.states.len() as u32 {
            for rte in self.level(levels_up).rtable.iter().filter(|rte| rte.join().is_none()) {
                let penalty = table.map_or(0, |table| distance(table, &rte.eref.name, MAX_FUZZY_DISTANCE + 1));
                if penalty == 0 && self.has_column(rte, column) {
                    return Similar::Hidden(rte.eref.name.clone());
                }
                for known in rte.eref.columns.iter().filter(|known| !known.is_empty()) {
                    if penalty > best {
                        break;
                    }
                    let own = distance(known, column, best + 1 - penalty);
                    if own > column.len() / 2 {
                        continue;
                    }
                    let total = own + penalty;
                    let name = || format!("{}.{known}", rte.eref.name);
                    if total < best {
                        best = total;
                        found = vec![name()];
                    } else if total == best {
                        match found.len() {
                            2 => {
                                // Too many: this distance says nothing.
                                found.clear();
                                best = total.saturating_sub(1);
                            }
                            1 => found.push(name()),
                            _ if best <= MAX_FUZZY_DISTANCE => found.push(name()),
                            _ => {}
                        }
                    }
                }
            }
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(one), Some(two)) => Similar::Two(one, two),
            (Some(one), None) => Similar::One(one),
            _ => Similar::None,
        }
    }

    fn has_column(&self, rte: &RangeTblEntry, name: &str) -> bool {
        rte.eref.columns.iter().any(|column| column == name)
            || system_column(name).is_some() && rte.relation().is_some_and(|r| !matches!(r.relkind, b'v' | b'c'))
    }

    /// The names of an AST alias.
    pub fn alias_of(alias: &ast::Alias) -> Alias {
        Alias { name: alias.name.clone(), columns: alias.columns.clone() }
    }
}

enum Similar {
    None,
    Hidden(String),
    One(String),
    Two(String, String),
}

fn mark_column(rtable: &mut [RangeTblEntry], varno: i32, attno: i16) {
    let Some(rte) = rtable.get_mut(varno as usize - 1) else { return };
    match &rte.kind {
        RteKind::Relation(_) => {
            rte.required_perms |= acl::SELECT;
            rte.selected_cols.insert(attno);
        }
        RteKind::Join(join) => {
            // The inputs of a merged column were marked when they were joined.
            let vars = join.alias_vars.iter().enumerate().filter(|(at, _)| attno == 0 || *at as i16 + 1 == attno);
            let inputs: Vec<(i32, i16)> = vars
                .filter_map(|(_, var)| if let Some(Expr::Var(var)) = var { Some((var.varno, var.attno)) } else { None })
                .collect();
            inputs.into_iter().for_each(|(varno, attno)| mark_column(rtable, varno, attno));
        }
        _ => {}
    }
}

/// The name of a column of a range table entry.
pub fn column_name(rte: &RangeTblEntry, attno: i16) -> String {
    match attno {
        0 => "*".to_owned(),
        1.. => {
            let at = attno as usize - 1;
            let alias = rte.alias.as_ref().and_then(|alias| alias.columns.get(at));
            alias.or_else(|| rte.eref.columns.get(at)).cloned().unwrap_or_else(|| "?column?".to_owned())
        }
        _ => system_column_name(attno).to_owned(),
    }
}

/// A reference to a column of an item.
pub fn column_var(column: &NsColumn, levels_up: u32, location: Location) -> Var {
    Var {
        varno: column.varno,
        attno: column.attno,
        type_oid: column.type_oid,
        typmod: column.typmod,
        collation: column.collation,
        levels_up,
        syntactic: Cosmetic(column.syntactic),
        location,
    }
}

/// Levenshtein distance, at most `max`.
fn distance(a: &str, b: &str, max: usize) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()].min(max)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_are_levenshtein_and_bounded() {
        assert_eq!(distance("kitten", "sitting", 10), 3);
        assert_eq!(distance("abc", "", 2), 2);
        assert_eq!(distance("", "", 2), 0);
    }
}
