//! The names by which a query's relations and columns are displayed: unique, and what the user wrote where possible.
//!
//! Source: PostgreSQL 15 ruleutils.c (set_rtable_names, set_using_names, set_relation_column_names,
//! set_join_column_names). Columns that tables got after the query was stored are named too, except those of a join
//! with an alias.

use crate::context::AnalyzeContext;
use crate::expr::Expr;
use crate::query::{CommonTableExpr, FromItem, JoinExpr, Query, RangeTblEntry, RteJoin, RteKind};
use report::{Error, Result};
use std::collections::{BTreeSet, HashMap};

/// Bytes of a name, at most.
const MAX_NAME: usize = 63;

/// The names of a range table entry's columns.
#[derive(Clone, Debug, Default)]
pub struct ColumnNames {
    /// By column number less one; `None` is a dropped column, or not decided yet.
    pub names: Vec<Option<String>>,
    /// Those that an alias list has.
    pub listed: Vec<String>,
    /// An alias list is needed.
    pub print_aliases: bool,
    /// The names of a join's merged columns.
    pub using: Vec<String>,
    /// Merged columns of the joins around it.
    parent_using: Vec<String>,
}

impl ColumnNames {
    fn slot(&mut self, at: usize) -> &mut Option<String> {
        if self.names.len() <= at {
            self.names.resize(at + 1, None);
        }
        &mut self.names[at]
    }
}

/// The names of one query level.
#[derive(Debug)]
pub struct Namespace<'q> {
    /// Its range table.
    pub rtable: &'q [RangeTblEntry],
    /// Its WITH.
    pub ctes: &'q [CommonTableExpr],
    /// Names of the relations; `None` for a join without alias and for entries that are not used.
    pub names: Vec<Option<String>>,
    /// Names of the columns.
    pub columns: Vec<ColumnNames>,
    /// Names of merged columns must differ from all others of the level.
    unique_using: bool,
    using_names: Vec<String>,
}

impl<'q> Namespace<'q> {
    /// The names of a query within others.
    pub fn of_query(cx: &AnalyzeContext<'_>, query: &'q Query, parents: &[&Namespace<'_>]) -> Result<Namespace<'q>> {
        let mut space = Namespace::empty(&query.rtable, &query.ctes);
        let taken = parents.iter().flat_map(|parent| parent.names.iter().flatten().cloned());
        space.names = relation_names(cx, &query.rtable, taken, None)?;
        space.unique_using = query.jointree.items.iter().any(|item| is_dangerous(&query.rtable, item));
        for item in &query.jointree.items {
            space.name_merged_columns(item, &[]);
        }
        for at in 0..query.rtable.len() {
            match &query.rtable[at].kind {
                RteKind::Join(join) => space.name_join_columns(query, at, join)?,
                _ => space.name_relation_columns(cx, at)?,
            }
        }
        Ok(space)
    }

    /// The names of a range table without join tree: of a plan, or of one relation. `used` names the entries that get
    /// a name, all if it is `None`.
    pub fn of_relations(
        cx: &AnalyzeContext<'_>,
        rtable: &'q [RangeTblEntry],
        used: Option<&BTreeSet<i32>>,
    ) -> Result<Namespace<'q>> {
        let mut space = Namespace::empty(rtable, &[]);
        space.names = relation_names(cx, rtable, std::iter::empty(), used)?;
        for at in 0..rtable.len() {
            space.name_relation_columns(cx, at)?;
        }
        Ok(space)
    }

    /// A level without relations, around those that must not have these names.
    pub fn reserved(names: &[&str]) -> Namespace<'static> {
        Namespace { names: names.iter().map(|name| Some((*name).to_owned())).collect(), ..Namespace::empty(&[], &[]) }
    }

    fn empty(rtable: &'q [RangeTblEntry], ctes: &'q [CommonTableExpr]) -> Namespace<'q> {
        let columns = vec![ColumnNames::default(); rtable.len()];
        Namespace { rtable, ctes, names: Vec::new(), columns, unique_using: false, using_names: Vec::new() }
    }

    fn name_merged_columns(&mut self, item: &FromItem, parent_using: &[String]) {
        let join = match item {
            FromItem::Rel(_) => return,
            FromItem::From(list) => {
                return list.items.iter().for_each(|item| self.name_merged_columns(item, parent_using));
            }
            FromItem::Join(join) => join,
        };
        let at = join.rtindex as usize - 1;
        let rtable = self.rtable;
        let Some(shape) = rtable[at].join() else { return };
        let sources = join_sources(shape);
        let (left, right) = children(join);
        let alias = rtable[at].alias.as_ref();
        if alias.is_none() {
            let pushed = self.columns[at].names.clone();
            for (&source, name) in sources.iter().zip(&pushed) {
                if let Some(name) = name {
                    self.push_down(left, right, source, name);
                }
            }
        }
        let mut parent_using = parent_using.to_vec();
        for (number, written) in join.using.iter().enumerate() {
            let name = match self.columns[at].slot(number).clone() {
                Some(name) => name,
                None => {
                    let own = alias.and_then(|alias| alias.columns.get(number));
                    let name = self.unique_column(at, own.unwrap_or(written));
                    if self.unique_using {
                        self.using_names.push(name.clone());
                    }
                    *self.columns[at].slot(number) = Some(name.clone());
                    name
                }
            };
            self.columns[at].using.push(name.clone());
            parent_using.push(name.clone());
            self.push_down(left, right, sources[number], &name);
        }
        self.columns[left].parent_using.clone_from(&parent_using);
        self.columns[right].parent_using.clone_from(&parent_using);
        self.name_merged_columns(&join.left, &parent_using);
        self.name_merged_columns(&join.right, &parent_using);
    }

    fn push_down(&mut self, left: usize, right: usize, source: (i16, i16), name: &str) {
        for (child, attno) in [(left, source.0), (right, source.1)] {
            if attno > 0 {
                *self.columns[child].slot(attno as usize - 1) = Some(name.to_owned());
            }
        }
    }

    fn name_relation_columns(&mut self, cx: &AnalyzeContext<'_>, at: usize) -> Result<()> {
        let rtable = self.rtable;
        let rte = &rtable[at];
        let real: Vec<Option<String>> = match &rte.kind {
            RteKind::Relation(relation) => {
                let entry = cx.relation_row(relation.relid)?;
                entry.desc.attributes.iter().map(|a| (!a.is_dropped).then(|| a.name.clone())).collect()
            }
            _ => rte.eref.columns.iter().map(|name| (!name.is_empty()).then(|| name.clone())).collect(),
        };
        if let Some(last) = real.len().checked_sub(1) {
            self.columns[at].slot(last);
        }
        let mut changed = false;
        for (number, real) in real.iter().enumerate() {
            let Some(real) = real else { continue };
            let name = match self.columns[at].names[number].clone() {
                Some(name) => name,
                None => {
                    let alias = rte.alias.as_ref().and_then(|alias| alias.columns.get(number));
                    self.unique_column(at, alias.unwrap_or(real))
                }
            };
            changed |= name != *real;
            self.columns[at].listed.push(name.clone());
            self.columns[at].names[number] = Some(name);
        }
        self.columns[at].print_aliases = match &rte.kind {
            RteKind::Relation(_) => changed,
            RteKind::Function(_) => true,
            RteKind::TableFunc(_) => false,
            _ => changed || rte.alias.as_ref().is_some_and(|alias| !alias.columns.is_empty()),
        };
        Ok(())
    }

    fn name_join_columns(&mut self, query: &Query, at: usize, shape: &RteJoin) -> Result<()> {
        let rtable = self.rtable;
        let rte = &rtable[at];
        let found = query.jointree.items.iter().find_map(|item| find_join(item, at as i32 + 1));
        let join = found.ok_or_else(|| Error::internal("a join is missing in the join tree"))?;
        let (left, right) = children(join);
        let count = rte.eref.columns.len();
        if count > 0 {
            self.columns[at].slot(count - 1);
        }
        let mut changed = false;
        for (number, &(left_attno, right_attno)) in join_sources(shape).iter().enumerate() {
            if number < self.columns[at].using.len() {
                continue;
            }
            let below = match (left_attno, right_attno) {
                (1.., _) => self.columns[left].names.get(left_attno as usize - 1).cloned().flatten(),
                (_, 1..) => self.columns[right].names.get(right_attno as usize - 1).cloned().flatten(),
                _ => Some(rte.eref.columns[number].clone()),
            };
            let name = match (below, &rte.alias) {
                (None, _) => None,
                (below, None) => below,
                (Some(below), Some(alias)) => {
                    let name = match self.columns[at].names[number].clone() {
                        Some(name) => name,
                        None => self.unique_column(at, alias.columns.get(number).unwrap_or(&below)),
                    };
                    changed |= name != below;
                    Some(name)
                }
            };
            self.columns[at].names[number] = name;
        }
        let columns = &mut self.columns[at];
        columns.listed = columns.names.iter().flatten().cloned().collect();
        columns.print_aliases = rte.alias.is_some() && changed;
        Ok(())
    }

    /// `name`, with digits added if it is taken.
    fn unique_column(&self, at: usize, name: &str) -> String {
        let columns = &self.columns[at];
        let is_taken = |name: &str| {
            columns.names.iter().flatten().any(|other| other == name)
                || self.using_names.iter().chain(&columns.parent_using).any(|other| other == name)
        };
        if !is_taken(name) {
            return name.to_owned();
        }
        let free = (1..).map(|number| numbered(name, number)).find(|name| !is_taken(name));
        free.expect("there are more numbers than names")
    }
}

/// Column numbers in the left and the right input, by column of the join; 0 where it is not from there.
fn join_sources(join: &RteJoin) -> Vec<(i16, i16)> {
    let mut sources: Vec<(i16, i16)> = join.left_columns.iter().map(|&attno| (attno, 0)).collect();
    for (number, &attno) in join.right_columns.iter().enumerate() {
        match number < join.merged_columns {
            true => sources[number].1 = attno,
            false => sources.push((0, attno)),
        }
    }
    sources
}

fn children(join: &JoinExpr) -> (usize, usize) {
    let index = |item: &FromItem| match item {
        FromItem::Rel(rtindex) => *rtindex as usize - 1,
        FromItem::Join(join) => join.rtindex as usize - 1,
        FromItem::From(_) => 0,
    };
    (index(&join.left), index(&join.right))
}

fn find_join(item: &FromItem, rtindex: i32) -> Option<&JoinExpr> {
    match item {
        FromItem::Rel(_) => None,
        FromItem::From(list) => list.items.iter().find_map(|item| find_join(item, rtindex)),
        FromItem::Join(join) if join.rtindex == rtindex => Some(join),
        FromItem::Join(join) => find_join(&join.left, rtindex).or_else(|| find_join(&join.right, rtindex)),
    }
}

/// True if a join without alias has a merged column that is neither input's: it can be named only if no other column
/// of the query has its name.
fn is_dangerous(rtable: &[RangeTblEntry], item: &FromItem) -> bool {
    match item {
        FromItem::Rel(_) => false,
        FromItem::From(list) => list.items.iter().any(|item| is_dangerous(rtable, item)),
        FromItem::Join(join) => {
            let shape = rtable[join.rtindex as usize - 1].join();
            let computed = |shape: &RteJoin| {
                shape.alias_vars[..shape.merged_columns].iter().any(|var| !matches!(var, Some(Expr::Var(_))))
            };
            (join.alias.is_none() && !join.using.is_empty() && shape.is_some_and(computed))
                || is_dangerous(rtable, &join.left)
                || is_dangerous(rtable, &join.right)
        }
    }
}

fn relation_names(
    cx: &AnalyzeContext<'_>,
    rtable: &[RangeTblEntry],
    taken: impl Iterator<Item = String>,
    used: Option<&BTreeSet<i32>>,
) -> Result<Vec<Option<String>>> {
    // Each name with the number that was last added to it.
    let mut counters: HashMap<String, u32> = taken.map(|name| (name, 0)).collect();
    let mut names = Vec::with_capacity(rtable.len());
    for (at, rte) in rtable.iter().enumerate() {
        let wanted = match (&rte.alias, &rte.kind) {
            _ if used.is_some_and(|used| !used.contains(&(at as i32 + 1))) => None,
            (Some(alias), _) => Some(alias.name.clone()),
            (None, RteKind::Relation(relation)) => Some(cx.relation_row(relation.relid)?.name().to_owned()),
            (None, RteKind::Join(_)) => None,
            _ => Some(rte.eref.name.clone()),
        };
        names.push(wanted.map(|name| unique_relation(&mut counters, name)));
    }
    Ok(names)
}

fn unique_relation(counters: &mut HashMap<String, u32>, name: String) -> String {
    let Some(mut counter) = counters.get(&name).copied() else {
        counters.insert(name.clone(), 0);
        return name;
    };
    let free = loop {
        counter += 1;
        let candidate = numbered(&name, counter);
        if !counters.contains_key(&candidate) {
            break candidate;
        }
    };
    counters.insert(name, counter);
    counters.insert(free.clone(), 0);
    free
}

/// `name_1`, the name cut if that is too long.
fn numbered(name: &str, number: u32) -> String {
    let suffix = format!("_{number}");
    let mut end = name.len().min(MAX_NAME - suffix.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &name[..end])
}
