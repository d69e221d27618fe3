//! Plan trees: what the planner makes and the executor runs.
//!
//! Nodes have PostgreSQL's names (`plannodes.h`), which EXPLAIN prints. In the expressions of a finished plan a column
//! is a `Var` with `varno` [`OUTER_VAR`](analyze::expr::OUTER_VAR) (the left or only child's output),
//! [`INNER_VAR`](analyze::expr::INNER_VAR) (the right child's output), [`INDEX_VAR`](analyze::expr::INDEX_VAR) (an
//! index-only scan's columns), or the range table index of the relation that the node itself scans.

use analyze::expr::{Aggref, Expr, SubPlan};
pub use analyze::query::JoinType;
use analyze::query::{CmdType, Frame, LockStrength, LockWaitPolicy, RangeTblEntry, TargetEntry, WithCheckOption};
use base::Oid;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A statement, planned.
#[derive(Clone, Debug)]
pub struct PlannedStmt {
    /// What kind of statement.
    pub command: CmdType,
    /// It has a RETURNING list.
    pub has_returning: bool,
    /// A WITH query of it changes data.
    pub has_modifying_cte: bool,
    /// Its command tag counts (false for rule actions).
    pub can_set_tag: bool,
    /// The top node.
    pub plan: Arc<Plan>,
    /// All range table entries; plan nodes refer to them by index from 1. Sub-selects are reduced to their names.
    pub rtable: Vec<RangeTblEntry>,
    /// Plans of sub-selects, which `SubPlan`s and CTE scans refer to by index from 1.
    pub subplans: Vec<Arc<Plan>>,
    /// Which of `subplans` must be able to rewind (1-based).
    pub rewind_plan_ids: BTreeSet<i32>,
    /// Types of the executor's parameters, by id.
    pub param_exec_types: Vec<Oid>,
    /// Range table indexes of the relations that are changed.
    pub result_relations: Vec<i32>,
    /// FOR UPDATE and the like.
    pub row_marks: Vec<PlanRowMark>,
    /// Relations it depends on, for invalidation and locking.
    pub relation_oids: Vec<Oid>,
    /// Functions it calls that are not built in.
    pub function_oids: Vec<Oid>,
    /// It is only good for the role that it was planned for (row security).
    pub depends_on_role: bool,
    /// Other values of the client's parameters could have led to another plan.
    pub depends_on_values: bool,
    /// An index was left out that later transactions can use.
    pub waits_for_index: bool,
    /// Where an executor of this plan rests between two runs.
    pub resting: Resting,
}

/// Room for a value of the executor's that is worth keeping with the plan.
#[derive(Default)]
pub struct Resting {
    slot: std::sync::Mutex<Option<Box<dyn std::any::Any + Send>>>,
    is_lent: bool,
}

impl Resting {
    /// Of a plan that is lent to whoever runs it: what rests there is nobody's.
    pub fn lent() -> Resting {
        Resting { is_lent: true, ..Resting::default() }
    }

    /// Whether the plan is lent.
    pub fn is_lent(&self) -> bool {
        self.is_lent
    }

    /// Takes the value out.
    pub fn take(&self) -> Option<Box<dyn std::any::Any + Send>> {
        self.slot.try_lock().ok()?.take()
    }

    /// True if a value is there.
    pub fn is_taken(&self) -> bool {
        self.slot.try_lock().is_ok_and(|slot| slot.is_some())
    }

    /// Puts a value in, in place of another.
    pub fn put(&self, value: Box<dyn std::any::Any + Send>) {
        if let Ok(mut slot) = self.slot.try_lock() {
            *slot = Some(value);
        }
    }
}

/// A copy begins with an empty place.
impl Clone for Resting {
    fn clone(&self) -> Resting {
        Resting::default()
    }
}

impl std::fmt::Debug for Resting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resting")
    }
}

/// A node.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its number within the statement, for statistics.
    pub id: u32,
    /// Cost before the first row.
    pub startup_cost: f64,
    /// Cost of all rows.
    pub total_cost: f64,
    /// Rows expected.
    pub rows: f64,
    /// Bytes of a row expected.
    pub width: i32,
    /// What it outputs.
    pub targetlist: Vec<TargetEntry>,
    /// Conditions that a row must meet, after those that the node itself applies; implicitly ANDed.
    pub qual: Vec<Expr>,
    /// Sub-selects that are run once before (or when first needed).
    pub init_plans: Vec<SubPlan>,
    /// Parameters (`Exec`) whose change makes its output change, children included.
    pub all_params: BTreeSet<i32>,
    /// Which kind of node, with its own parts.
    pub node: Node,
}

/// The kinds of node.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each variant is the struct of its name, documented there")]
pub enum Node {
    Result(ResultNode),
    ProjectSet(Box<Plan>),
    ModifyTable(Box<ModifyTable>),
    Append(Append),
    MergeAppend(MergeAppend),
    RecursiveUnion(Box<RecursiveUnion>),
    SeqScan(SeqScan),
    IndexScan(Box<IndexScan>),
    IndexOnlyScan(Box<IndexOnlyScan>),
    BitmapHeapScan(Box<BitmapHeapScan>),
    BitmapIndexScan(Box<BitmapIndexScan>),
    BitmapAnd(Vec<Plan>),
    BitmapOr(Vec<Plan>),
    TidScan(TidScan),
    SubqueryScan(SubqueryScan),
    FunctionScan(FunctionScan),
    ValuesScan(ValuesScan),
    CteScan(CteScan),
    WorkTableScan(WorkTableScan),
    NestLoop(Box<NestLoop>),
    MergeJoin(Box<MergeJoin>),
    HashJoin(Box<HashJoin>),
    Hash(Box<Hash>),
    Material(Box<Plan>),
    Memoize(Box<Memoize>),
    Sort(Box<Sort>),
    IncrementalSort(Box<IncrementalSort>),
    Group(Box<Group>),
    Agg(Box<Agg>),
    WindowAgg(Box<WindowAgg>),
    Unique(Box<Unique>),
    SetOp(Box<SetOp>),
    LockRows(Box<LockRows>),
    Limit(Box<Limit>),
}

/// Rows from nowhere (one), or of a child, if a condition that depends on no row holds.
#[derive(Clone, Debug)]
pub struct ResultNode {
    /// The child.
    pub child: Option<Box<Plan>>,
    /// Tested once: "One-Time Filter".
    pub constant_qual: Vec<Expr>,
    /// While planning: aggregates, and what stands for them in the finished plan.
    pub aggregates: Vec<(Aggref, Expr)>,
}

impl ResultNode {
    /// Rows of the child, or one row, if the conditions hold.
    pub fn new(child: Option<Plan>, constant_qual: Vec<Expr>) -> ResultNode {
        ResultNode { child: child.map(Box::new), constant_qual, aggregates: Vec::new() }
    }
}

/// The children's rows, one child after another.
#[derive(Clone, Debug)]
pub struct Append {
    /// The children.
    pub children: Vec<Plan>,
}

/// The children's rows, merged in order.
#[derive(Clone, Debug)]
pub struct MergeAppend {
    /// The children, each sorted.
    pub children: Vec<Plan>,
    /// The order.
    pub keys: Vec<SortColumn>,
}

/// WITH RECURSIVE.
#[derive(Clone, Debug)]
pub struct RecursiveUnion {
    /// The term without recursion.
    pub left: Plan,
    /// The recursive term.
    pub right: Plan,
    /// The parameter that stands for the work table.
    pub work_table_param: i32,
    /// UNION (not ALL): the columns that decide what is the same.
    pub distinct: Vec<GroupColumn>,
    /// Groups expected.
    pub groups: f64,
}

/// A table, page by page.
#[derive(Clone, Debug)]
pub struct SeqScan {
    /// Range table index.
    pub relation: i32,
}

/// A table by an index, in the index's order.
#[derive(Clone, Debug)]
pub struct IndexScan {
    /// Range table index.
    pub relation: i32,
    /// pg_class oid of the index.
    pub index: Oid,
    /// Conditions that the index applies.
    pub conditions: Vec<IndexCondition>,
    /// The same as written, for display.
    pub conditions_original: Vec<Expr>,
    /// Backwards.
    pub backward: bool,
}

/// A table by an index, from the index alone where the page is all-visible. Its output columns are the index's.
#[derive(Clone, Debug)]
pub struct IndexOnlyScan {
    /// Range table index.
    pub relation: i32,
    /// pg_class oid of the index.
    pub index: Oid,
    /// Conditions that the index applies.
    pub conditions: Vec<IndexCondition>,
    /// The same over INDEX_VARs, for display.
    pub conditions_original: Vec<Expr>,
    /// Conditions to be tested again where the index is lossy; over INDEX_VARs.
    pub recheck: Vec<Expr>,
    /// The index's columns as expressions over the table: what INDEX_VAR n means.
    pub index_targetlist: Vec<TargetEntry>,
    /// Backwards.
    pub backward: bool,
}

/// A condition that an index applies.
#[derive(Clone, Debug)]
pub struct IndexCondition {
    /// Index column, counted from 0.
    pub column: usize,
    /// What is compared.
    pub kind: IndexConditionKind,
}

/// What an index condition compares.
#[derive(Clone, Debug)]
pub enum IndexConditionKind {
    /// Column op value.
    Compare {
        /// B-tree strategy: 1 <, 2 <=, 3 =, 4 >=, 5 >.
        strategy: u16,
        /// The operator.
        operator: Oid,
        /// Type of the right-hand side.
        right_type: Oid,
        /// Collation of the comparison.
        collation: Oid,
        /// The value: no column of the table in it.
        value: Expr,
    },
    /// Column op ANY (array).
    Any {
        /// B-tree strategy.
        strategy: u16,
        /// The operator.
        operator: Oid,
        /// Type of the array's elements.
        right_type: Oid,
        /// Collation of the comparison.
        collation: Oid,
        /// The array.
        array: Expr,
    },
    /// (column, column, ...) op (value, value, ...) by rows: <, <=, >= or >.
    Row {
        /// B-tree strategy.
        strategy: u16,
        /// Index columns, from 0.
        columns: Vec<usize>,
        /// Operators column by column.
        operators: Vec<Oid>,
        /// Types of the right-hand side.
        right_types: Vec<Oid>,
        /// Collations.
        collations: Vec<Oid>,
        /// The values.
        values: Vec<Expr>,
    },
    /// Column IS NULL.
    IsNull,
    /// Column IS NOT NULL.
    IsNotNull,
}

/// Fetches the rows that a bitmap names, in physical order.
#[derive(Clone, Debug)]
pub struct BitmapHeapScan {
    /// Range table index.
    pub relation: i32,
    /// Makes the bitmap.
    pub bitmap: Plan,
    /// Conditions to be tested again where the bitmap is lossy.
    pub recheck: Vec<Expr>,
}

/// Makes a bitmap of an index's entries.
#[derive(Clone, Debug)]
pub struct BitmapIndexScan {
    /// Range table index.
    pub relation: i32,
    /// pg_class oid of the index.
    pub index: Oid,
    /// Conditions that the index applies.
    pub conditions: Vec<IndexCondition>,
    /// The same as written, for display.
    pub conditions_original: Vec<Expr>,
}

/// Rows by their ctid.
#[derive(Clone, Debug)]
pub struct TidScan {
    /// Range table index.
    pub relation: i32,
    /// `ctid = value`, `ctid = ANY(array)` or WHERE CURRENT OF, ORed.
    pub conditions: Vec<Expr>,
}

/// A sub-select in FROM.
#[derive(Clone, Debug)]
pub struct SubqueryScan {
    /// Range table index.
    pub relation: i32,
    /// Its plan.
    pub child: Box<Plan>,
    /// While planning: the level that the child belongs to.
    pub subroot: usize,
}

/// Functions in FROM.
#[derive(Clone, Debug)]
pub struct FunctionScan {
    /// Range table index.
    pub relation: i32,
    /// The functions, side by side.
    pub functions: Vec<ScanFunction>,
    /// WITH ORDINALITY.
    pub ordinality: bool,
}

/// A function in FROM.
#[derive(Clone, Debug)]
pub struct ScanFunction {
    /// The call.
    pub expr: Expr,
    /// How many columns it gives.
    pub columns: usize,
    /// Their types.
    pub column_types: Vec<Oid>,
    /// It gives one composite value per row, to be spread over the columns.
    pub composite: bool,
}

/// VALUES in FROM.
#[derive(Clone, Debug)]
pub struct ValuesScan {
    /// Range table index.
    pub relation: i32,
    /// The rows.
    pub lists: Vec<Vec<Expr>>,
}

/// A WITH query's rows.
#[derive(Clone, Debug)]
pub struct CteScan {
    /// Range table index.
    pub relation: i32,
    /// Index, from 1, into the planned statement's subplans.
    pub plan_id: i32,
    /// The parameter that is marked changed when the WITH query must be run again.
    pub cte_param: i32,
}

/// The previous round's rows of a recursive WITH query.
#[derive(Clone, Debug)]
pub struct WorkTableScan {
    /// Range table index.
    pub relation: i32,
    /// The recursive union's parameter.
    pub work_table_param: i32,
}

/// For each row of the outer child, the inner child's.
#[derive(Clone, Debug)]
pub struct NestLoop {
    /// Kind of join.
    pub join_type: JoinType,
    /// The outer child.
    pub outer: Plan,
    /// The inner child, run again for each outer row.
    pub inner: Plan,
    /// Each outer row has at most one partner.
    pub inner_unique: bool,
    /// The join's condition (of an outer join: what decides about partners, while `qual` filters the result).
    pub join_qual: Vec<Expr>,
    /// Parameters set from the outer row before the inner child runs: id and expression.
    pub params: Vec<(i32, Expr)>,
}

/// Joins two children sorted by the join's columns.
#[derive(Clone, Debug)]
pub struct MergeJoin {
    /// Kind of join.
    pub join_type: JoinType,
    /// The outer child.
    pub outer: Plan,
    /// The inner child; able to go back, or under a Material.
    pub inner: Plan,
    /// Each outer row has at most one partner.
    pub inner_unique: bool,
    /// Conditions other than the merge clauses.
    pub join_qual: Vec<Expr>,
    /// The merge clauses, outer side left.
    pub clauses: Vec<MergeClause>,
    /// The inner child need not be able to go back.
    pub skip_mark_restore: bool,
}

/// outer = inner, with the order that both sides are sorted in.
#[derive(Clone, Debug)]
pub struct MergeClause {
    /// The clause for display: `OpExpr`.
    pub expr: Expr,
    /// Outer side.
    pub outer: Expr,
    /// Inner side.
    pub inner: Expr,
    /// B-tree comparison support function for (outer type, inner type), a pg_proc oid.
    pub comparison: Oid,
    /// Collation.
    pub collation: Oid,
    /// Greatest first.
    pub descending: bool,
    /// Nulls first.
    pub nulls_first: bool,
}

/// Joins by a hash table over the inner child.
#[derive(Clone, Debug)]
pub struct HashJoin {
    /// Kind of join.
    pub join_type: JoinType,
    /// The outer child.
    pub outer: Plan,
    /// The inner child, a `Hash`.
    pub inner: Plan,
    /// Each outer row has at most one partner.
    pub inner_unique: bool,
    /// Conditions other than the hash clauses.
    pub join_qual: Vec<Expr>,
    /// The hash clauses, for display: `OpExpr`s.
    pub clauses: Vec<Expr>,
    /// Outer sides.
    pub outer_keys: Vec<Expr>,
    /// Inner sides, over the Hash's child (as OUTER_VAR).
    pub inner_keys: Vec<Expr>,
    /// The equality operators.
    pub operators: Vec<Oid>,
    /// Their collations.
    pub collations: Vec<Oid>,
}

/// The hash table side of a hash join.
#[derive(Clone, Debug)]
pub struct Hash {
    /// Whose rows are hashed.
    pub child: Plan,
}

/// Keeps results of its child by the values of parameters.
#[derive(Clone, Debug)]
pub struct Memoize {
    /// The child.
    pub child: Plan,
    /// The parameters' expressions.
    pub keys: Vec<Expr>,
    /// Hash equality operators.
    pub operators: Vec<Oid>,
    /// Collations.
    pub collations: Vec<Oid>,
    /// One row completes an entry.
    pub single_row: bool,
}

/// One column of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct SortColumn {
    /// Column of the child's output, counted from 1.
    pub column: i16,
    /// The `<` or `>` operator.
    pub operator: Oid,
    /// Collation.
    pub collation: Oid,
    /// Nulls first.
    pub nulls_first: bool,
}

/// Sorts.
#[derive(Clone, Debug)]
pub struct Sort {
    /// The child.
    pub child: Plan,
    /// The order.
    pub keys: Vec<SortColumn>,
    /// At most so many rows will be wanted (known when planned).
    pub bound: Option<u64>,
}

/// Sorts within groups that come already sorted by the first columns.
#[derive(Clone, Debug)]
pub struct IncrementalSort {
    /// The child.
    pub child: Plan,
    /// The order.
    pub keys: Vec<SortColumn>,
    /// How many of `keys` the child's rows are sorted by.
    pub presorted: usize,
}

/// One column of a grouping.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupColumn {
    /// Column of the child's output, counted from 1.
    pub column: i16,
    /// The `=` operator.
    pub operator: Oid,
    /// Collation.
    pub collation: Oid,
}

/// One row for each group of sorted rows; no aggregates.
#[derive(Clone, Debug)]
pub struct Group {
    /// The child.
    pub child: Plan,
    /// The columns that make a group.
    pub columns: Vec<GroupColumn>,
}

/// How an Agg forms groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AggStrategy {
    /// All rows are one group.
    Plain,
    /// The child is sorted by the group columns.
    Sorted,
    /// Groups are kept in a hash table.
    Hashed,
    /// Grouping sets, some sorted and some hashed.
    Mixed,
}

/// Aggregation.
#[derive(Clone, Debug)]
pub struct Agg {
    /// The child.
    pub child: Plan,
    /// Plain, sorted, hashed or mixed.
    pub strategy: AggStrategy,
    /// The columns that make a group.
    pub columns: Vec<GroupColumn>,
    /// Groups expected.
    pub groups: f64,
    /// Grouping sets: each the places (in `columns`, from 0) of the columns it groups by; empty without GROUPING SETS.
    pub grouping_sets: Vec<GroupingSetPlan>,
}

/// One grouping set.
#[derive(Clone, Debug)]
pub struct GroupingSetPlan {
    /// Places in the Agg's `columns`, from 0.
    pub columns: Vec<usize>,
}

/// Window functions over one window.
#[derive(Clone, Debug)]
pub struct WindowAgg {
    /// The child, sorted by partition and order.
    pub child: Plan,
    /// Number of the window clause.
    pub winref: u32,
    /// PARTITION BY.
    pub partition: Vec<GroupColumn>,
    /// ORDER BY: equality of peers.
    pub order: Vec<GroupColumn>,
    /// ORDER BY as an order, for RANGE offsets.
    pub sort: Vec<SortColumn>,
    /// The frame.
    pub frame: Frame,
    /// Frame start offset.
    pub start_offset: Option<Expr>,
    /// Frame end offset.
    pub end_offset: Option<Expr>,
    /// in_range support function for the start.
    pub start_in_range: Oid,
    /// in_range support function for the end.
    pub end_in_range: Oid,
    /// Collation for in_range.
    pub in_range_collation: Oid,
    /// The RANGE order is ascending.
    pub in_range_ascending: bool,
    /// The RANGE order has nulls first.
    pub in_range_nulls_first: bool,
}

/// Drops rows equal to the one before.
#[derive(Clone, Debug)]
pub struct Unique {
    /// The child, sorted.
    pub child: Plan,
    /// The columns that decide what is the same.
    pub columns: Vec<GroupColumn>,
}

/// Which set operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetOpCommand {
    /// INTERSECT
    Intersect,
    /// INTERSECT ALL
    IntersectAll,
    /// EXCEPT
    Except,
    /// EXCEPT ALL
    ExceptAll,
}

/// INTERSECT and EXCEPT over one child that marks each row with the side that it is from.
#[derive(Clone, Debug)]
pub struct SetOp {
    /// The child.
    pub child: Plan,
    /// Which.
    pub command: SetOpCommand,
    /// Hashed, else over sorted rows.
    pub hashed: bool,
    /// The columns that decide what is the same.
    pub columns: Vec<GroupColumn>,
    /// Column of the mark, counted from 1.
    pub flag_column: i16,
    /// The mark of the first side.
    pub first_flag: i32,
    /// Groups expected.
    pub groups: f64,
}

/// Locks the rows that come through (FOR UPDATE ...).
#[derive(Clone, Debug)]
pub struct LockRows {
    /// The child.
    pub child: Plan,
    /// What to lock.
    pub row_marks: Vec<PlanRowMark>,
    /// Parameter that EvalPlanQual sets.
    pub epq_param: i32,
}

/// How rows of a relation are locked, or found again by EvalPlanQual.
#[derive(Clone, Debug)]
pub struct PlanRowMark {
    /// Range table index.
    pub relation: i32,
    /// Distinguishes the junk columns `ctid<n>` and `wholerow<n>`.
    pub id: u32,
    /// What to do.
    pub kind: RowMarkKind,
    /// What if the row is locked by another.
    pub wait_policy: LockWaitPolicy,
    /// Column of the junk `ctid<n>`, counted from 1, 0 if none.
    pub ctid_column: i16,
    /// Column of the junk `tableoid<n>`, counted from 1, 0 if none.
    pub tableoid_column: i16,
    /// Column of the junk `wholerow<n>`, counted from 1, 0 if none.
    pub wholerow_column: i16,
}

/// What is done to a row for a row mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowMarkKind {
    /// Locked so.
    Lock(LockStrength),
    /// Not locked: fetched again by its ctid.
    Reference,
    /// Not locked: copied.
    Copy,
}

/// LIMIT and OFFSET.
#[derive(Clone, Debug)]
pub struct Limit {
    /// The child.
    pub child: Plan,
    /// OFFSET.
    pub offset: Option<Expr>,
    /// LIMIT.
    pub count: Option<Expr>,
    /// FETCH ... WITH TIES.
    pub with_ties: bool,
    /// What makes a tie.
    pub columns: Vec<GroupColumn>,
}

/// INSERT, UPDATE, DELETE.
#[derive(Clone, Debug)]
pub struct ModifyTable {
    /// Which.
    pub operation: CmdType,
    /// Its rows say what to do: for INSERT the new rows; for UPDATE the new values, then junk `ctid`; for DELETE `ctid`.
    pub child: Plan,
    /// Range table index of the target.
    pub relation: i32,
    /// It counts for the command tag.
    pub can_set_tag: bool,
    /// UPDATE: column numbers that the child's first columns are for, in order.
    pub update_columns: Vec<i16>,
    /// Column of the junk `ctid` in the child's output, counted from 1, 0 if none.
    pub ctid_column: i16,
    /// WITH CHECK OPTION conditions.
    pub check_options: Vec<WithCheckOption>,
    /// RETURNING over target columns (plain Vars of `relation`) and the child's output (OUTER_VAR).
    pub returning: Vec<TargetEntry>,
    /// ON CONFLICT.
    pub on_conflict: Option<Box<OnConflict>>,
    /// Row marks of the other relations, for EvalPlanQual.
    pub row_marks: Vec<PlanRowMark>,
    /// Parameter that EvalPlanQual sets.
    pub epq_param: i32,
}

/// ON CONFLICT, planned.
#[derive(Clone, Debug)]
pub struct OnConflict {
    /// Indexes whose conflicts count; empty means any.
    pub arbiter_indexes: Vec<Oid>,
    /// DO UPDATE, else DO NOTHING.
    pub update: bool,
    /// New values; the existing row is Vars of the target, the excluded row INNER_VARs.
    pub set: Vec<TargetEntry>,
    /// Column numbers that `set` is for.
    pub set_columns: Vec<i16>,
    /// DO UPDATE ... WHERE.
    pub condition: Vec<Expr>,
    /// Range table index of EXCLUDED.
    pub excluded_relation: i32,
    /// EXCLUDED's columns, for display.
    pub excluded_targetlist: Vec<TargetEntry>,
}

impl Plan {
    /// Its children that are plans, outer first.
    pub fn children(&self) -> Vec<&Plan> {
        match &self.node {
            Node::Result(node) => node.child.as_deref().into_iter().collect(),
            Node::ProjectSet(child) | Node::Material(child) => vec![child],
            Node::ModifyTable(node) => vec![&node.child],
            Node::Append(node) => node.children.iter().collect(),
            Node::MergeAppend(node) => node.children.iter().collect(),
            Node::BitmapAnd(children) | Node::BitmapOr(children) => children.iter().collect(),
            Node::RecursiveUnion(node) => vec![&node.left, &node.right],
            Node::BitmapHeapScan(node) => vec![&node.bitmap],
            Node::SubqueryScan(node) => vec![&node.child],
            Node::NestLoop(node) => vec![&node.outer, &node.inner],
            Node::MergeJoin(node) => vec![&node.outer, &node.inner],
            Node::HashJoin(node) => vec![&node.outer, &node.inner],
            Node::Hash(node) => vec![&node.child],
            Node::Memoize(node) => vec![&node.child],
            Node::Sort(node) => vec![&node.child],
            Node::IncrementalSort(node) => vec![&node.child],
            Node::Group(node) => vec![&node.child],
            Node::Agg(node) => vec![&node.child],
            Node::WindowAgg(node) => vec![&node.child],
            Node::Unique(node) => vec![&node.child],
            Node::SetOp(node) => vec![&node.child],
            Node::LockRows(node) => vec![&node.child],
            Node::Limit(node) => vec![&node.child],
            _ => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn children_mut(&mut self) -> Vec<&mut Plan> {
        match &mut self.node {
            Node::Result(node) => node.child.as_deref_mut().into_iter().collect(),
            Node::ProjectSet(child) | Node::Material(child) => vec![child],
            Node::ModifyTable(node) => vec![&mut node.child],
            Node::Append(node) => node.children.iter_mut().collect(),
            Node::MergeAppend(node) => node.children.iter_mut().collect(),
            Node::BitmapAnd(children) | Node::BitmapOr(children) => children.iter_mut().collect(),
            Node::RecursiveUnion(node) => vec![&mut node.left, &mut node.right],
            Node::BitmapHeapScan(node) => vec![&mut node.bitmap],
            Node::SubqueryScan(node) => vec![&mut node.child],
            Node::NestLoop(node) => vec![&mut node.outer, &mut node.inner],
            Node::MergeJoin(node) => vec![&mut node.outer, &mut node.inner],
            Node::HashJoin(node) => vec![&mut node.outer, &mut node.inner],
            Node::Hash(node) => vec![&mut node.child],
            Node::Memoize(node) => vec![&mut node.child],
            Node::Sort(node) => vec![&mut node.child],
            Node::IncrementalSort(node) => vec![&mut node.child],
            Node::Group(node) => vec![&mut node.child],
            Node::Agg(node) => vec![&mut node.child],
            Node::WindowAgg(node) => vec![&mut node.child],
            Node::Unique(node) => vec![&mut node.child],
            Node::SetOp(node) => vec![&mut node.child],
            Node::LockRows(node) => vec![&mut node.child],
            Node::Limit(node) => vec![&mut node.child],
            _ => Vec::new(),
        }
    }
}
