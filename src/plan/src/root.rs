//! What is known of a query level while it is planned: relations, conditions, equivalences, paths.

use crate::lookup::{IndexInfo, Lookup, RelationInfo, Settings};
use crate::node::{JoinType, PlanRowMark, SetOpCommand};
use crate::relids::Relids;
use analyze::expr::{Aggref, Expr, SubPlan};
use analyze::query::{Query, SortGroupClause, TargetEntry, WindowClause};
use base::Oid;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use tuple::Datum;

/// A condition, with what planning found out about it.
pub struct Clause {
    /// Its number: two clauses are the same if their numbers are.
    pub serial: u32,
    /// The condition.
    pub expr: Expr,
    /// Relations that it mentions.
    pub relids: Relids,
    /// Relations that must be joined before it can be applied.
    pub required: Relids,
    /// It comes from above the join where it is applied (it filters, rather than decide about partners).
    pub pushed_down: bool,
    /// An outer join below it delays it.
    pub outer_delayed: bool,
    /// Relations on its two sides, if it is `a op b` and the sides share none.
    pub left: Relids,
    /// See `left`.
    pub right: Relids,
    /// `left` and `right` are not empty and disjoint.
    pub can_join: bool,
    /// It refers to no relation and is not volatile: tested once.
    pub pseudoconstant: bool,
    /// Relations that an outer join below may have null-extended.
    pub nullable: Relids,
    /// The outer side, if it is an outer join's own condition.
    pub outer_relids: Relids,
    /// B-tree families in which its operator is equality.
    pub merge_families: Vec<Oid>,
    /// The operator, if it can be hashed.
    pub hash_operator: Oid,
    /// Its left side's equivalence class (merge clauses).
    pub left_class: Cell<Option<usize>>,
    /// Its right side's equivalence class.
    pub right_class: Cell<Option<usize>>,
    /// The class that it was made from.
    pub from_class: Option<usize>,
    /// Selectivity as a filter, if computed.
    pub selectivity: Cell<Option<f64>>,
    /// Selectivity as an outer join's condition, if computed.
    pub outer_selectivity: Cell<Option<f64>>,
}

/// A clause shared by relations and paths.
pub type ClauseRc = Rc<Clause>;

/// An outer, semi or anti join.
#[derive(Clone, Debug)]
pub struct SpecialJoin {
    /// Relations of the left side that must be there when it is done.
    pub min_left: Relids,
    /// Relations of the right side that must be there.
    pub min_right: Relids,
    /// All of the left side as written.
    pub syn_left: Relids,
    /// All of the right side as written.
    pub syn_right: Relids,
    /// Which join.
    pub join_type: JoinType,
    /// Its condition is strict for the left side.
    pub lhs_strict: bool,
    /// Joins above must not be done before it.
    pub delay_upper_joins: bool,
    /// Semi join: the right-hand sides of equalities, and their operators, if the right side can be made unique.
    pub semi_exprs: Vec<(Expr, Oid)>,
}

/// Expressions known to be equal wherever no outer join separates them.
#[derive(Clone)]
pub struct EquivClass {
    /// B-tree families of the equality.
    pub families: Vec<Oid>,
    /// Collation of the equality.
    pub collation: Oid,
    /// The expressions.
    pub members: Vec<EquivMember>,
    /// The clauses that said so.
    pub sources: Vec<ClauseRc>,
    /// Clauses made from it, so that each is made once.
    pub derived: Vec<(usize, usize, ClauseRc)>,
    /// All relations of the members.
    pub relids: Relids,
    /// One member is a constant.
    pub has_const: bool,
    /// A member is volatile: only for sorting.
    pub has_volatile: bool,
    /// It stands below an outer join: above that its members may be null.
    pub below_outer: bool,
    /// Some equality of it could not be expressed: its source clauses are used as they are.
    pub broken: bool,
    /// The class that it was merged into.
    pub merged: Option<usize>,
    /// The sort clause it was made for, if volatile.
    pub sort_ref: u32,
}

/// A member of an equivalence class.
#[derive(Clone)]
pub struct EquivMember {
    /// The expression.
    pub expr: Expr,
    /// Its relations.
    pub relids: Relids,
    /// Those that an outer join below may null-extend.
    pub nullable: Relids,
    /// No relation, not volatile.
    pub is_const: bool,
    /// Type that the operator family sees.
    pub type_oid: Oid,
}

/// A column of an order that paths can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathKey {
    /// The equivalence class, canonical.
    pub class: usize,
    /// The B-tree family.
    pub family: Oid,
    /// Greatest first.
    pub descending: bool,
    /// Nulls first.
    pub nulls_first: bool,
}

/// An order.
pub type PathKeys = Rc<Vec<PathKey>>;

/// The part of a relation's planning that concerns tables and indexes.
pub struct BaseInfo {
    /// Range table index.
    pub rti: i32,
    /// The table, if it is one.
    pub table: Option<Arc<RelationInfo>>,
    /// The indexes, their expressions over this query's relation.
    pub indexes: Vec<Rc<UsableIndex>>,
    /// Pages.
    pub pages: f64,
    /// Rows before conditions.
    pub tuples: f64,
    /// The plan of a sub-query, its number among `Planner::subroots`.
    pub subquery: Option<SubqueryPath>,
    /// Relations that it refers to laterally.
    pub lateral: Relids,
    /// Values of this level that the sub-query needs, and their parameters.
    pub subquery_params: Vec<(Expr, i32)>,
}

/// The planned sub-query of a range table entry.
#[derive(Clone)]
pub struct SubqueryPath {
    /// Its best path.
    pub path: PathRc,
    /// Number among `Planner::subroots`.
    pub subroot: usize,
}

/// An index with its expressions and predicate over a query's relation.
pub struct UsableIndex {
    /// The index.
    pub info: Arc<IndexInfo>,
    /// Its columns as expressions.
    pub columns: Vec<Expr>,
    /// Its predicate is implied by the query's conditions (or it has none).
    pub predicate_ok: bool,
    /// Its predicate.
    pub predicate: Vec<Expr>,
}

/// A relation: of the range table, or a join.
pub struct Rel {
    /// Which range table entries.
    pub relids: Relids,
    /// Rows after conditions.
    pub rows: f64,
    /// What it outputs: columns needed above.
    pub target: Rc<Target>,
    /// Ways to get its rows, the cheapest first.
    pub paths: Vec<PathRc>,
    /// Conditions on it alone.
    pub clauses: Vec<ClauseRc>,
    /// Conditions on it and others.
    pub join_clauses: Vec<ClauseRc>,
    /// Some equivalence class relates it to others.
    pub has_class_joins: bool,
    /// What only a range table entry has.
    pub base: Option<BaseInfo>,
    /// Relations that its paths need as parameters.
    pub lateral: Relids,
    /// It gives no rows.
    pub is_dummy: bool,
    /// Sizes of parameterised paths, by the outer relations required.
    pub param_infos: Vec<Rc<ParamInfo>>,
}

/// A parameterised path's conditions and size.
pub struct ParamInfo {
    /// Outer relations.
    pub required: Relids,
    /// Join conditions that become the path's own.
    pub clauses: Vec<ClauseRc>,
    /// Rows.
    pub rows: f64,
}

/// What a path outputs.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The expressions.
    pub exprs: Vec<Expr>,
    /// Sort-group references, 0 for none; as long as `exprs`.
    pub refs: Vec<u32>,
    /// Cost of computing them: once, and for each row.
    pub cost: Cost,
    /// Bytes.
    pub width: i32,
}

/// Cost that arises once and for each row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Once.
    pub startup: f64,
    /// For each row.
    pub per_tuple: f64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Cost) {
        self.startup += other.startup;
        self.per_tuple += other.per_tuple;
    }
}

/// A way to get rows.
pub type PathRc = Rc<Path>;

/// A way to get rows, with its cost.
#[derive(Clone)]
pub struct Path {
    /// How.
    pub kind: PathKind,
    /// Of which relation.
    pub relids: Relids,
    /// What it outputs.
    pub target: Rc<Target>,
    /// Rows.
    pub rows: f64,
    /// Cost before the first row.
    pub startup: f64,
    /// Cost of all rows.
    pub total: f64,
    /// In which order.
    pub keys: PathKeys,
    /// Parameters it needs.
    pub param: Option<Rc<ParamInfo>>,
}

impl Path {
    /// Outer relations that it needs values of.
    pub fn required_outer(&self) -> Relids {
        self.param.as_ref().map_or(Relids::EMPTY, |param| param.required)
    }
}

/// A condition that an index applies, in planning.
#[derive(Clone)]
pub struct IndexClause {
    /// Where it comes from.
    pub clause: ClauseRc,
    /// Index column, from 0.
    pub column: usize,
    /// The condition with the index column on the left.
    pub quals: Vec<Expr>,
    /// The index tests only a part of it.
    pub lossy: bool,
    /// Index columns of a row comparison.
    pub row_columns: Vec<usize>,
}

/// A use of an index.
#[derive(Clone)]
pub struct IndexUse {
    /// The index.
    pub index: Rc<UsableIndex>,
    /// What it applies, by column.
    pub clauses: Vec<IndexClause>,
    /// Backwards.
    pub backward: bool,
    /// From the index alone.
    pub only: bool,
    /// Cost of the index's part.
    pub index_total: f64,
    /// Part of the rows that it finds.
    pub selectivity: f64,
}

/// How a bitmap is made.
#[derive(Clone)]
pub enum BitmapPath {
    /// Of an index.
    Index(Rc<IndexUse>),
    /// What all have.
    And(Vec<Rc<BitmapPath>>),
    /// What any has.
    Or(Vec<Rc<BitmapPath>>),
}

/// The common part of joins.
#[derive(Clone)]
pub struct JoinPath {
    /// Kind of join.
    pub join_type: JoinType,
    /// Outer input.
    pub outer: PathRc,
    /// Inner input.
    pub inner: PathRc,
    /// Conditions at this join, those of merge and hash included.
    pub clauses: Vec<ClauseRc>,
    /// Each outer row has at most one partner.
    pub inner_unique: bool,
}

/// How rows are got.
#[derive(Clone)]
#[allow(missing_docs, reason = "as the plan nodes of the same names")]
pub enum PathKind {
    SeqScan,
    Index(Rc<IndexUse>),
    Bitmap {
        bitmap: Rc<BitmapPath>,
    },
    Tid {
        conditions: Vec<Expr>,
    },
    Subquery(SubqueryPath),
    Function,
    Values,
    Cte {
        plan_id: i32,
        param: i32,
    },
    WorkTable {
        param: i32,
    },
    /// One row without columns, or with constants, if the conditions (tested once) hold.
    Result {
        quals: Vec<Expr>,
        child: Option<PathRc>,
    },
    /// One row: these values instead of the aggregates, if it passes HAVING.
    MinMax {
        values: Vec<(Aggref, Expr)>,
        having: Vec<Expr>,
    },
    /// No row.
    Dummy,
    NestLoop(JoinPath),
    Merge {
        join: JoinPath,
        merge: Vec<ClauseRc>,
        outer_keys: PathKeys,
        inner_keys: PathKeys,
        outer_sort: bool,
        inner_sort: bool,
        materialize: bool,
        skip_mark: bool,
    },
    Hash {
        join: JoinPath,
        hash: Vec<ClauseRc>,
    },
    Material(PathRc),
    Memoize {
        child: PathRc,
        keys: Vec<Expr>,
        operators: Vec<Oid>,
        collations: Vec<Oid>,
        single_row: bool,
    },
    /// The child's rows made unique for a semi join done the other way round.
    Unique {
        child: PathRc,
        hashed: bool,
        exprs: Vec<(Expr, Oid)>,
    },
    Sort {
        child: PathRc,
        bound: Option<f64>,
    },
    IncrementalSort {
        child: PathRc,
        presorted: usize,
    },
    Projection {
        child: PathRc,
    },
    ProjectSet {
        child: PathRc,
    },
    Group {
        child: PathRc,
        clauses: Vec<SortGroupClause>,
        having: Vec<Expr>,
    },
    Agg {
        child: PathRc,
        strategy: crate::node::AggStrategy,
        clauses: Vec<SortGroupClause>,
        having: Vec<Expr>,
        groups: f64,
        sets: Vec<Vec<u32>>,
    },
    WindowAgg {
        child: PathRc,
        clause: Box<WindowClause>,
    },
    UpperUnique {
        child: PathRc,
        clauses: Vec<SortGroupClause>,
    },
    SetOp {
        child: PathRc,
        command: SetOpCommand,
        hashed: bool,
        clauses: Vec<SortGroupClause>,
        flag: usize,
        first_flag: i32,
        groups: f64,
    },
    Append {
        children: Vec<PathRc>,
    },
    RecursiveUnion {
        left: PathRc,
        right: PathRc,
        param: i32,
        clauses: Vec<SortGroupClause>,
        groups: f64,
    },
    LockRows {
        child: PathRc,
        marks: Vec<PlanRowMark>,
    },
    Limit {
        child: PathRc,
        offset: Option<Expr>,
        count: Option<Expr>,
        with_ties: bool,
    },
    ModifyTable(Box<ModifyPath>),
}

/// The parts of a ModifyTable path.
#[derive(Clone)]
pub struct ModifyPath {
    /// The rows that say what to do.
    pub child: PathRc,
    /// Row marks of other relations.
    pub marks: Vec<PlanRowMark>,
}

/// One query level.
pub struct Root {
    /// The query, as far as it is still needed.
    pub query: Query,
    /// Planned output list.
    pub targets: Vec<TargetEntry>,
    /// Relations by their range table entries.
    pub rels: Vec<Rel>,
    /// Where each set of relations is in `rels`.
    pub rel_index: HashMap<Relids, usize>,
    /// All relations of FROM.
    pub all_rels: Relids,
    /// Outer, semi and anti joins.
    pub special_joins: Vec<SpecialJoin>,
    /// Equivalence classes.
    pub classes: Vec<EquivClass>,
    /// All relations on the nullable side of some outer join.
    pub nullable_rels: Relids,
    /// Where columns are needed: by relation and column, the relations (0: the output) that need it.
    pub needed: BTreeMap<(i32, i16), Relids>,
    /// Expressions of needed whole columns, as first seen.
    pub needed_vars: BTreeMap<(i32, i16), Expr>,
    /// The order that the top would like.
    pub query_keys: PathKeys,
    /// The part of rows expected to be fetched: rows if at least 1, a part if less, all if 0.
    pub tuple_fraction: f64,
    /// Rows that LIMIT lets through, or -1.
    pub limit_tuples: f64,
    /// Initial plans of this level.
    pub init_plans: Vec<SubPlan>,
    /// Row marks.
    pub row_marks: Vec<PlanRowMark>,
    /// A lateral reference exists.
    pub has_lateral: bool,
    /// Conditions that mention no relation, tested once at the top.
    pub has_pseudoconstant: bool,
    /// The query with all its conditions, if min() and max() may be looked up in indexes.
    pub minmax_query: Option<Box<Query>>,
    /// Serial numbers of clauses.
    pub next_serial: u32,
    /// The work table's parameter, if this is a recursive query's level.
    pub work_table_param: Option<i32>,
}

/// What enclosing levels offer and gather.
#[derive(Default)]
pub struct Level {
    /// Values of this level that the sub-select being planned needs: expression and parameter.
    pub plan_params: Vec<(Expr, i32)>,
    /// WITH queries of this level: name, plan, parameter, rows, width.
    pub ctes: Vec<PlannedCte>,
    /// Parameter of the work table and its rows and width.
    pub work_table: Option<(String, i32, f64, i32)>,
    /// Sub-selects of multi-column assignments: parameters by sub-select number.
    pub multiexpr_params: Vec<Vec<i32>>,
    /// Initial plans made while expressions of this level are processed.
    pub init_plans: Vec<SubPlan>,
}

/// A WITH query that has a plan of its own.
#[derive(Clone)]
pub struct PlannedCte {
    /// Its name.
    pub name: String,
    /// Number of its plan, from 1.
    pub plan_id: i32,
    /// Parameter.
    pub param: i32,
    /// Rows.
    pub rows: f64,
}

/// A planned sub-select, to be finished at the end.
pub struct PlannedSub {
    /// Its plan.
    pub plan: crate::node::Plan,
    /// Number among `Planner::subroots`.
    pub subroot: usize,
}

/// State that all levels share.
pub struct Planner<'a> {
    /// The catalogs.
    pub lookup: &'a dyn Lookup,
    /// The settings.
    pub settings: &'a Settings,
    /// Values of the client's parameters, for a plan for these values only.
    pub params: Option<&'a [Datum]>,
    /// Sub-selects with plans of their own.
    pub subplans: Vec<PlannedSub>,
    /// Levels whose plans wait to be finished.
    pub subroots: Vec<Rc<Root>>,
    /// Types of executor parameters.
    pub param_types: Vec<Oid>,
    /// Enclosing levels, the current one last.
    pub levels: Vec<Level>,
    /// Relations used.
    pub relation_oids: Vec<Oid>,
    /// Functions used that are not built in.
    pub function_oids: Vec<Oid>,
    /// Must be able to rewind.
    pub rewind: std::collections::BTreeSet<i32>,
    /// While a plan is made: relations of the outer sides of nested loops around the present place.
    pub outer_rels: Relids,
    /// While a plan is made: values that nested loops above must provide.
    pub outer_params: Vec<(Expr, i32)>,
    /// Numbers of plan nodes.
    pub next_node: u32,
    /// Other values of the client's parameters could lead to another plan.
    pub depends_on_values: bool,
    /// An index was left out that later transactions can use.
    pub waits_for_index: bool,
}

impl Planner<'_> {
    /// A new executor parameter of this type.
    pub fn new_param(&mut self, type_oid: Oid) -> i32 {
        self.param_types.push(type_oid);
        self.param_types.len() as i32 - 1
    }

    /// The current level.
    pub fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("planning is within a level")
    }
}

impl Root {
    /// The relation of these range table entries, if it was made.
    pub fn find_rel(&self, relids: Relids) -> Option<usize> {
        self.rel_index.get(&relids).copied()
    }

    /// The base relation of a range table entry.
    pub fn base_rel(&self, rti: i32) -> Option<&Rel> {
        self.find_rel(Relids::single(rti)).map(|at| &self.rels[at])
    }

    /// Adds a relation.
    pub fn add_rel(&mut self, rel: Rel) -> usize {
        self.rel_index.insert(rel.relids, self.rels.len());
        self.rels.push(rel);
        self.rels.len() - 1
    }

    /// A new clause number.
    pub fn serial(&mut self) -> u32 {
        self.next_serial += 1;
        self.next_serial
    }

    /// The class that a class was merged into.
    pub fn canonical(&self, mut class: usize) -> usize {
        while let Some(into) = self.classes[class].merged {
            class = into;
        }
        class
    }
}
