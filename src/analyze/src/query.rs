//! The query tree: a statement whose names and types are resolved.
//!
//! The structs have the fields of PostgreSQL's nodes of the same names (`parsenodes.h`, `primnodes.h`). Differences:
//! what depends on a range table entry's kind is in the kind ([`RteKind`]); utility statements are no `Query`
//! (they pass by this crate).

use crate::expr::{Expr, InferenceElem, Location};
use base::Oid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a query does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the statement's own names")]
pub enum CmdType {
    #[default]
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    /// Nothing: an action of MERGE.
    Nothing,
}

/// OVERRIDING of an INSERT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Overriding {
    /// Not given.
    #[default]
    NotSet,
    /// OVERRIDING USER VALUE.
    User,
    /// OVERRIDING SYSTEM VALUE.
    System,
}

/// How LIMIT treats peers of the last row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum LimitOption {
    /// Rows are counted.
    #[default]
    Count,
    /// FETCH FIRST ... WITH TIES.
    WithTies,
}

/// A statement whose names and types are resolved, or a sub-query of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// What it does.
    pub command: CmdType,
    /// It sets the command tag (false for what a rule added).
    pub can_set_tag: bool,
    /// Range table index of the target, from 1; 0 for SELECT.
    pub result_relation: i32,
    /// Aggregates in the target list or HAVING.
    pub has_aggs: bool,
    /// Window functions in the target list or ORDER BY.
    pub has_window_funcs: bool,
    /// Set-returning functions in the target list.
    pub has_target_srfs: bool,
    /// Sub-selects in expressions.
    pub has_sublinks: bool,
    /// `distinct` is that of DISTINCT ON.
    pub has_distinct_on: bool,
    /// WITH RECURSIVE.
    pub has_recursive: bool,
    /// INSERT, UPDATE or DELETE within WITH.
    pub has_modifying_cte: bool,
    /// FOR UPDATE and the like.
    pub has_for_update: bool,
    /// Row security was applied.
    pub has_row_security: bool,
    /// WITH.
    pub ctes: Vec<CommonTableExpr>,
    /// The range table; entry number n (from 1) is `rtable[n - 1]`.
    pub rtable: Vec<RangeTblEntry>,
    /// FROM and WHERE.
    pub jointree: FromExpr,
    /// Actions of MERGE.
    pub merge_actions: Vec<MergeAction>,
    /// MERGE needs an outer join.
    pub merge_use_outer_join: bool,
    /// The target list.
    pub targets: Vec<TargetEntry>,
    /// OVERRIDING.
    pub overriding: Overriding,
    /// ON CONFLICT.
    pub on_conflict: Option<Box<OnConflictExpr>>,
    /// RETURNING.
    pub returning: Vec<TargetEntry>,
    /// GROUP BY.
    pub group: Vec<SortGroupClause>,
    /// GROUP BY DISTINCT.
    pub group_distinct: bool,
    /// Grouping sets; then `group` lists each distinct expression once.
    pub grouping_sets: Vec<GroupingSet>,
    /// HAVING.
    pub having: Option<Expr>,
    /// Windows, of WINDOW and OVER.
    pub windows: Vec<WindowClause>,
    /// DISTINCT.
    pub distinct: Vec<SortGroupClause>,
    /// ORDER BY.
    pub sort: Vec<SortGroupClause>,
    /// OFFSET, an int8.
    pub limit_offset: Option<Expr>,
    /// LIMIT, an int8.
    pub limit_count: Option<Expr>,
    /// WITH TIES or not.
    pub limit_option: LimitOption,
    /// FOR UPDATE and the like, by relation.
    pub row_marks: Vec<RowMarkClause>,
    /// UNION, INTERSECT, EXCEPT: then each leaf is a sub-query of the range table.
    pub set_operations: Option<Box<SetOperationStmt>>,
    /// pg_constraint oids that make the query valid (functional dependency on a primary key).
    pub constraint_deps: Vec<Oid>,
    /// Checks for new rows of a view, added by rewriting.
    pub with_check_options: Vec<WithCheckOption>,
}

impl Query {
    /// The range table entry with this number, from 1. Panics if there is none.
    pub fn rte(&self, rtindex: i32) -> &RangeTblEntry {
        &self.rtable[rtindex as usize - 1]
    }

    /// The range table entry with this number, from 1, to be changed. Panics if there is none.
    pub fn rte_mut(&mut self, rtindex: i32) -> &mut RangeTblEntry {
        &mut self.rtable[rtindex as usize - 1]
    }

    /// What a client or an enclosing query sees: the target list of SELECT, RETURNING of the others.
    pub fn output(&self) -> &[TargetEntry] {
        match self.command {
            CmdType::Select => &self.targets,
            _ => &self.returning,
        }
    }
}

/// An alias with its column names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Names of the columns.
    pub columns: Vec<String>,
}

/// Bits of `required_perms`, PostgreSQL's `ACL_*`.
pub mod acl {
    /// INSERT
    pub const INSERT: u32 = 1 << 0;
    /// SELECT
    pub const SELECT: u32 = 1 << 1;
    /// UPDATE
    pub const UPDATE: u32 = 1 << 2;
    /// DELETE
    pub const DELETE: u32 = 1 << 3;
    /// TRUNCATE
    pub const TRUNCATE: u32 = 1 << 4;
    /// REFERENCES
    pub const REFERENCES: u32 = 1 << 5;
    /// TRIGGER
    pub const TRIGGER: u32 = 1 << 6;
    /// EXECUTE
    pub const EXECUTE: u32 = 1 << 7;
    /// USAGE
    pub const USAGE: u32 = 1 << 8;
    /// CREATE
    pub const CREATE: u32 = 1 << 9;
    /// TEMPORARY
    pub const CREATE_TEMP: u32 = 1 << 10;
    /// CONNECT
    pub const CONNECT: u32 = 1 << 11;
    /// SET
    pub const SET: u32 = 1 << 12;
    /// ALTER SYSTEM
    pub const ALTER_SYSTEM: u32 = 1 << 13;
}

/// Numbers of columns: 0 is the whole row, negative ones are system columns.
pub type ColumnSet = BTreeSet<i16>;

/// Lock modes of relations that analysis asks for, with PostgreSQL's numbers.
pub mod lock_mode {
    /// Reading.
    pub const ACCESS_SHARE: u8 = 1;
    /// Reading and locking rows.
    pub const ROW_SHARE: u8 = 2;
    /// Writing.
    pub const ROW_EXCLUSIVE: u8 = 3;
}

/// An entry of the range table: something that FROM, or the target of a change, names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeTblEntry {
    /// What it is.
    pub kind: RteKind,
    /// The alias as written.
    pub alias: Option<Alias>,
    /// The name and column names to be used for it. A dropped column has an empty name.
    pub eref: Alias,
    /// LATERAL (written or implied).
    pub lateral: bool,
    /// Inheritance children are included.
    pub inh: bool,
    /// It stands in FROM.
    pub in_from_clause: bool,
    /// Privileges needed on the relation, see [`acl`]; 0 if none is to be checked.
    pub required_perms: u32,
    /// The role whose privileges count; zero is the current user.
    pub check_as_user: Oid,
    /// Columns that need SELECT.
    pub selected_cols: ColumnSet,
    /// Columns that need INSERT.
    pub inserted_cols: ColumnSet,
    /// Columns that need UPDATE.
    pub updated_cols: ColumnSet,
    /// Generated columns that change too.
    pub extra_updated_cols: ColumnSet,
    /// Qualifications of row security and security-barrier views.
    pub security_quals: Vec<Expr>,
}

impl RangeTblEntry {
    /// An entry in FROM that needs no privilege.
    pub fn new(kind: RteKind, alias: Option<Alias>, eref: Alias) -> RangeTblEntry {
        RangeTblEntry {
            kind,
            alias,
            eref,
            lateral: false,
            inh: false,
            in_from_clause: true,
            required_perms: 0,
            check_as_user: Oid::INVALID,
            selected_cols: ColumnSet::new(),
            inserted_cols: ColumnSet::new(),
            updated_cols: ColumnSet::new(),
            extra_updated_cols: ColumnSet::new(),
            security_quals: Vec::new(),
        }
    }

    /// The relation, if it is one.
    pub fn relation(&self) -> Option<&RteRelation> {
        match &self.kind {
            RteKind::Relation(relation) => Some(relation),
            _ => None,
        }
    }

    /// The sub-query, if it is one.
    pub fn subquery(&self) -> Option<&Query> {
        match &self.kind {
            RteKind::Subquery(subquery) => Some(&subquery.query),
            _ => None,
        }
    }

    /// The join, if it is one.
    pub fn join(&self) -> Option<&RteJoin> {
        match &self.kind {
            RteKind::Join(join) => Some(join),
            _ => None,
        }
    }
}

/// What a range table entry is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is documented at its struct")]
pub enum RteKind {
    Relation(RteRelation),
    Subquery(RteSubquery),
    Join(RteJoin),
    Function(RteFunction),
    TableFunc(Box<TableFunc>),
    Values(RteValues),
    Cte(RteCte),
    /// A transition table of a trigger.
    NamedTuplestore(RteNamedTuplestore),
    /// No relation: one row without columns; made by planning.
    Result,
}

/// A table, view, sequence ...
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteRelation {
    /// pg_class oid.
    pub relid: Oid,
    /// pg_class.relkind.
    pub relkind: u8,
    /// See [`lock_mode`].
    pub lock_mode: u8,
    /// TABLESAMPLE.
    pub tablesample: Option<Box<TableSampleClause>>,
}

/// A sub-query in FROM, or a view expanded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteSubquery {
    /// The sub-query.
    pub query: Box<Query>,
    /// It is a security-barrier view.
    pub security_barrier: bool,
    /// pg_class oid of the view, else zero. Its privileges are those of the entry.
    pub view: Oid,
}

/// How two inputs are joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum JoinType {
    /// Pairs only.
    Inner,
    /// Pairs, and left rows without one.
    Left,
    /// Pairs, and rows of both sides without one.
    Full,
    /// Pairs, and right rows without one.
    Right,
    /// Left rows with a pair; made by planning.
    Semi,
    /// Left rows without a pair; made by planning.
    Anti,
}

/// The result of a JOIN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteJoin {
    /// Which join.
    pub join_type: JoinType,
    /// How many columns USING merged; they come first.
    pub merged_columns: usize,
    /// What each column stands for: mostly `Var`s. `None` is a column dropped since (of stored queries).
    pub alias_vars: Vec<Option<Expr>>,
    /// Columns of the left input that are in the join, merged ones first.
    pub left_columns: Vec<i16>,
    /// Columns of the right input that are in the join, merged ones first.
    pub right_columns: Vec<i16>,
    /// Alias of the merged columns alone.
    pub using_alias: Option<Alias>,
}

/// Functions in FROM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteFunction {
    /// The functions, more than one with ROWS FROM.
    pub functions: Vec<RangeTblFunction>,
    /// WITH ORDINALITY: one int8 column more, after all others.
    pub ordinality: bool,
}

/// One function in FROM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeTblFunction {
    /// The call.
    pub call: Expr,
    /// Columns that it contributes.
    pub column_count: usize,
    /// The column definition list, if written.
    pub definition: Option<ColumnList>,
    /// Executor parameters that it depends on, set by planning.
    pub params: BTreeSet<i32>,
}

/// Names, types, modifiers and collations of columns, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnList {
    /// Names; empty where the entry's `eref` has them.
    pub names: Vec<String>,
    /// Types.
    pub types: Vec<Oid>,
    /// Type modifiers.
    pub typmods: Vec<i32>,
    /// Collations.
    pub collations: Vec<Oid>,
}

/// XMLTABLE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableFunc {
    /// Namespace URIs.
    pub namespace_uris: Vec<Expr>,
    /// Namespace names; `None` is DEFAULT.
    pub namespace_names: Vec<Option<String>>,
    /// The document.
    pub document: Expr,
    /// The row filter.
    pub row: Expr,
    /// The columns.
    pub columns: ColumnList,
    /// Column filters.
    pub column_exprs: Vec<Option<Expr>>,
    /// Column defaults.
    pub column_defaults: Vec<Option<Expr>>,
    /// Columns declared NOT NULL, from 0.
    pub not_nulls: BTreeSet<usize>,
    /// The FOR ORDINALITY column, from 0.
    pub ordinality_column: Option<usize>,
}

/// VALUES in FROM, or with several rows in INSERT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteValues {
    /// The rows.
    pub rows: Vec<Vec<Expr>>,
    /// The columns' types (names are empty).
    pub columns: ColumnList,
}

/// A reference to WITH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteCte {
    /// Its name.
    pub name: String,
    /// The query, counted outwards, whose WITH it is in.
    pub levels_up: u32,
    /// It refers to itself, recursively.
    pub self_reference: bool,
    /// The columns' types (names are empty).
    pub columns: ColumnList,
}

/// A named tuple store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RteNamedTuplestore {
    /// Its name.
    pub name: String,
    /// The relation whose rows it holds.
    pub relid: Oid,
    /// The columns' types (names are empty).
    pub columns: ColumnList,
}

/// TABLESAMPLE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableSampleClause {
    /// pg_proc oid of the method's handler.
    pub handler: Oid,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// REPEATABLE.
    pub repeatable: Option<Expr>,
}

/// A list of joined inputs and the qualification over all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FromExpr {
    /// The inputs.
    pub items: Vec<FromItem>,
    /// WHERE.
    pub quals: Option<Expr>,
}

/// A node of the join tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromItem {
    /// A range table index, from 1.
    Rel(i32),
    /// A JOIN.
    Join(Box<JoinExpr>),
    /// A list; made by planning.
    From(Box<FromExpr>),
}

/// A JOIN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinExpr {
    /// Which join.
    pub join_type: JoinType,
    /// NATURAL.
    pub natural: bool,
    /// The left input.
    pub left: FromItem,
    /// The right input.
    pub right: FromItem,
    /// Columns of USING (or that NATURAL found).
    pub using: Vec<String>,
    /// Alias of the merged columns.
    pub using_alias: Option<Alias>,
    /// ON, or what USING means.
    pub quals: Option<Expr>,
    /// Alias of the join.
    pub alias: Option<Alias>,
    /// Its range table index; 0 if it has none (made by planning).
    pub rtindex: i32,
}

/// A column of a target list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetEntry {
    /// Its value.
    pub expr: Expr,
    /// Its number: of the output column, or of the target table's column in INSERT and UPDATE.
    pub resno: i16,
    /// Its name.
    pub name: Option<String>,
    /// Not 0 if a sort or group clause refers to it.
    pub sort_group_ref: u32,
    /// The table that the column comes from, else zero.
    pub orig_table: Oid,
    /// The column's number there.
    pub orig_column: i16,
    /// Not part of the output.
    pub junk: bool,
}

impl TargetEntry {
    /// An output column.
    pub fn new(expr: Expr, resno: i16, name: Option<String>) -> TargetEntry {
        TargetEntry { expr, resno, name, sort_group_ref: 0, orig_table: Oid::INVALID, orig_column: 0, junk: false }
    }

    /// A column that is not output.
    pub fn junk(expr: Expr, resno: i16, name: Option<String>) -> TargetEntry {
        TargetEntry { junk: true, ..TargetEntry::new(expr, resno, name) }
    }
}

/// An item of ORDER BY, GROUP BY, PARTITION BY or DISTINCT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SortGroupClause {
    /// The target entry with this `sort_group_ref`.
    pub target_ref: u32,
    /// pg_operator oid of equality.
    pub eq_operator: Oid,
    /// pg_operator oid of the ordering (`<` or `>`), zero if there is none.
    pub sort_operator: Oid,
    /// Nulls come first.
    pub nulls_first: bool,
    /// Equality can be hashed.
    pub hashable: bool,
}

/// A node of GROUPING SETS, ROLLUP, CUBE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GroupingSet {
    /// ()
    Empty,
    /// Expressions taken together, by `sort_group_ref`.
    Simple(Vec<u32>),
    /// ROLLUP of `Simple`s.
    Rollup(Vec<GroupingSet>),
    /// CUBE of `Simple`s.
    Cube(Vec<GroupingSet>),
    /// GROUPING SETS of any of the above.
    Sets(Vec<GroupingSet>),
}

/// ROWS, RANGE or GROUPS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the standard's words")]
pub enum FrameUnit {
    #[default]
    Range,
    Rows,
    Groups,
}

/// An end of a window frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FrameBound {
    /// UNBOUNDED PRECEDING
    UnboundedPreceding,
    /// offset PRECEDING; the offset is in the clause.
    OffsetPreceding,
    /// CURRENT ROW
    CurrentRow,
    /// offset FOLLOWING; the offset is in the clause.
    OffsetFollowing,
    /// UNBOUNDED FOLLOWING
    UnboundedFollowing,
}

/// EXCLUDE of a window frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum FrameExclusion {
    /// EXCLUDE NO OTHERS
    #[default]
    NoOthers,
    /// EXCLUDE CURRENT ROW
    CurrentRow,
    /// EXCLUDE GROUP
    Group,
    /// EXCLUDE TIES
    Ties,
}

/// A window frame's shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// It was written, not the default.
    pub is_explicit: bool,
    /// BETWEEN was written.
    pub is_between: bool,
    /// Its unit.
    pub unit: FrameUnit,
    /// Where it starts.
    pub start: FrameBound,
    /// Where it ends.
    pub end: FrameBound,
    /// What it leaves out.
    pub exclusion: FrameExclusion,
}

impl Default for Frame {
    fn default() -> Frame {
        Frame {
            is_explicit: false,
            is_between: false,
            unit: FrameUnit::Range,
            start: FrameBound::UnboundedPreceding,
            end: FrameBound::CurrentRow,
            exclusion: FrameExclusion::NoOthers,
        }
    }
}

/// A window, of WINDOW or OVER.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowClause {
    /// Its name in WINDOW.
    pub name: Option<String>,
    /// The window that it copies from.
    pub refname: Option<String>,
    /// PARTITION BY.
    pub partition: Vec<SortGroupClause>,
    /// ORDER BY.
    pub order: Vec<SortGroupClause>,
    /// Its frame.
    pub frame: Frame,
    /// Offset of the start.
    pub start_offset: Option<Expr>,
    /// Offset of the end.
    pub end_offset: Option<Expr>,
    /// A condition that ends execution early, set by planning.
    pub run_condition: Vec<Expr>,
    /// pg_proc oid of in_range for the start offset.
    pub start_in_range_func: Oid,
    /// pg_proc oid of in_range for the end offset.
    pub end_in_range_func: Oid,
    /// Collation of in_range.
    pub in_range_collation: Oid,
    /// The order is ascending.
    pub in_range_asc: bool,
    /// Nulls come first.
    pub in_range_nulls_first: bool,
    /// Its number, unique within the query.
    pub winref: u32,
    /// `order` is copied from `refname`.
    pub copied_order: bool,
}

/// FOR UPDATE and the like, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum LockStrength {
    /// FOR KEY SHARE
    ForKeyShare,
    /// FOR SHARE
    ForShare,
    /// FOR NO KEY UPDATE
    ForNoKeyUpdate,
    /// FOR UPDATE
    ForUpdate,
}

/// What to do about a locked row, later ones win when clauses meet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum LockWaitPolicy {
    /// Wait.
    Block,
    /// SKIP LOCKED
    Skip,
    /// NOWAIT
    Error,
}

/// A relation whose rows are locked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowMarkClause {
    /// Range table index, from 1.
    pub rti: i32,
    /// How strongly.
    pub strength: LockStrength,
    /// What to do about a locked row.
    pub wait_policy: LockWaitPolicy,
    /// It comes from a clause of an enclosing query.
    pub pushed_down: bool,
}

/// UNION, INTERSECT, EXCEPT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the standard's words")]
pub enum SetOperation {
    Union,
    Intersect,
    Except,
}

/// An operand of a set operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SetOperand {
    /// Range table index, from 1, of a sub-query.
    Rel(i32),
    /// A set operation.
    Op(Box<SetOperationStmt>),
}

/// A set operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetOperationStmt {
    /// Which.
    pub op: SetOperation,
    /// ALL.
    pub all: bool,
    /// The left operand.
    pub left: SetOperand,
    /// The right operand.
    pub right: SetOperand,
    /// Types of the result's columns.
    pub column_types: Vec<Oid>,
    /// Their type modifiers.
    pub column_typmods: Vec<i32>,
    /// Their collations.
    pub column_collations: Vec<Oid>,
    /// How rows are compared, without ALL. The `target_ref`s are to be filled in by planning.
    pub group: Vec<SortGroupClause>,
}

/// `[NOT] MATERIALIZED`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CteMaterialize {
    /// Not given.
    #[default]
    Default,
    /// MATERIALIZED
    Always,
    /// NOT MATERIALIZED
    Never,
}

/// SEARCH of a recursive query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CteSearchClause {
    /// BY columns.
    pub columns: Vec<String>,
    /// BREADTH FIRST, else DEPTH FIRST.
    pub breadth_first: bool,
    /// SET column.
    pub sequence_column: String,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// CYCLE of a recursive query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CteCycleClause {
    /// The columns.
    pub columns: Vec<String>,
    /// SET column.
    pub mark_column: String,
    /// TO value.
    pub mark_value: Expr,
    /// DEFAULT value.
    pub mark_default: Expr,
    /// USING column.
    pub path_column: String,
    /// Type of the mark.
    pub mark_type: Oid,
    /// Its type modifier.
    pub mark_typmod: i32,
    /// Its collation.
    pub mark_collation: Oid,
    /// pg_operator oid of `<>` for it.
    pub mark_ne_operator: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A query of WITH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommonTableExpr {
    /// Its name.
    pub name: String,
    /// Column names as written.
    pub alias_columns: Vec<String>,
    /// `[NOT] MATERIALIZED`.
    pub materialized: CteMaterialize,
    /// The query.
    pub query: Box<Query>,
    /// SEARCH.
    pub search: Option<CteSearchClause>,
    /// CYCLE.
    pub cycle: Option<Box<CteCycleClause>>,
    /// It does refer to itself.
    pub recursive: bool,
    /// References to it, its own aside.
    pub refcount: u32,
    /// The output columns.
    pub columns: ColumnList,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// What ON CONFLICT does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OnConflictAction {
    /// DO NOTHING
    Nothing,
    /// DO UPDATE
    Update,
}

/// ON CONFLICT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnConflictExpr {
    /// What to do.
    pub action: OnConflictAction,
    /// Columns and expressions from which unique indexes are inferred.
    pub arbiter_elems: Vec<InferenceElem>,
    /// The predicate of a partial index.
    pub arbiter_where: Option<Expr>,
    /// pg_constraint oid of ON CONSTRAINT, else zero.
    pub constraint: Oid,
    /// SET: `resno` is the column's number.
    pub set: Vec<TargetEntry>,
    /// WHERE.
    pub quals: Option<Expr>,
    /// Range table index of EXCLUDED, 0 with DO NOTHING.
    pub excluded_index: i32,
    /// All columns of EXCLUDED.
    pub excluded_targets: Vec<TargetEntry>,
}

/// An action of MERGE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MergeAction {
    /// WHEN MATCHED, else WHEN NOT MATCHED.
    pub matched: bool,
    /// What to do.
    pub command: CmdType,
    /// OVERRIDING.
    pub overriding: Overriding,
    /// AND condition.
    pub quals: Option<Expr>,
    /// The new values.
    pub targets: Vec<TargetEntry>,
    /// Columns that an UPDATE changes.
    pub update_columns: Vec<i16>,
}

/// Why new rows are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum WithCheckKind {
    /// WITH CHECK OPTION of a view.
    View,
    /// Row security, INSERT.
    RlsInsert,
    /// Row security, UPDATE.
    RlsUpdate,
    /// Row security, ON CONFLICT DO UPDATE.
    RlsConflict,
}

/// A check that new rows must pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithCheckOption {
    /// Why.
    pub kind: WithCheckKind,
    /// The view or table that asks for it.
    pub relation_name: String,
    /// The policy's name.
    pub policy_name: Option<String>,
    /// The check.
    pub qual: Expr,
    /// CASCADED.
    pub cascaded: bool,
}
