//! Primitive expressions: what a target list, a qualification or a default is made of.
//!
//! Each struct has the fields of PostgreSQL's node of the same name (`primnodes.h`). Two expressions are equal if they
//! compute the same: where they stand in the text ([`Location`]) and how they are to be displayed ([`Cosmetic`]) do not
//! count, as in PostgreSQL's `equal()`.

pub use crate::properties::leftmost;
use crate::query::{Query, SortGroupClause, TargetEntry};
use base::Oid;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tuple::Datum;

/// Where a node begins in the statement's text: a byte offset, -1 if unknown. All locations are equal to each other,
/// and none is stored.
#[derive(Clone, Copy, Debug)]
pub struct Location(pub i32);

impl Location {
    /// Not in the text.
    pub const UNKNOWN: Location = Location(-1);

    /// The leftmost of two, where unknown ones do not count.
    pub fn leftmost(self, other: Location) -> Location {
        match (self.0, other.0) {
            (-1, _) => other,
            (_, -1) => self,
            (a, b) => Location(a.min(b)),
        }
    }

    /// False if it is unknown.
    pub fn is_known(self) -> bool {
        self.0 >= 0
    }
}

impl Default for Location {
    fn default() -> Location {
        Location::UNKNOWN
    }
}

impl PartialEq for Location {
    fn eq(&self, _: &Location) -> bool {
        true
    }
}

/// A part that matters for display only: it is equal to any other.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cosmetic<T>(pub T);

impl<T> PartialEq for Cosmetic<T> {
    fn eq(&self, _: &Cosmetic<T>) -> bool {
        true
    }
}

/// How far a coercion may go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CoercionContext {
    /// Within an expression.
    Implicit,
    /// Storing into a column.
    Assignment,
    /// Asked for by a cast.
    Explicit,
}

/// How a function call or coercion is displayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CoercionForm {
    /// As a function call.
    #[default]
    ExplicitCall,
    /// As a cast.
    ExplicitCast,
    /// Not at all.
    ImplicitCast,
    /// In the special syntax of the SQL standard (`EXTRACT(... FROM ...)`).
    SqlSyntax,
}

/// Variable number of a [`Var`] that refers to the inner subplan's output.
pub const INNER_VAR: i32 = -1;
/// Variable number of a [`Var`] that refers to the outer subplan's output.
pub const OUTER_VAR: i32 = -2;
/// Variable number of a [`Var`] that refers to a column of an index.
pub const INDEX_VAR: i32 = -3;
/// Variable number of a row identity column during planning.
pub const ROWID_VAR: i32 = -4;

/// A column of a relation of the range table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Var {
    /// Index into the range table, from 1, or [`INNER_VAR`] and the like.
    pub varno: i32,
    /// Column number from 1; 0 is the whole row; negative ones are system columns.
    pub attno: i16,
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier, -1 if none.
    pub typmod: i32,
    /// Its collation, zero if none.
    pub collation: Oid,
    /// 0 for this query's range table, n for that of the n-th enclosing query.
    pub levels_up: u32,
    /// The relation and column that the user wrote (0 if unknown), which planning does not change.
    pub syntactic: Cosmetic<(i32, i16)>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

impl Var {
    /// A column of this query's range table.
    pub fn new(varno: i32, attno: i16, type_oid: Oid, typmod: i32, collation: Oid) -> Var {
        Var {
            varno,
            attno,
            type_oid,
            typmod,
            collation,
            levels_up: 0,
            syntactic: Cosmetic((varno, attno)),
            location: Location::UNKNOWN,
        }
    }
}

/// A constant. Null is [`Datum::Null`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Const {
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier, -1 if none.
    pub typmod: i32,
    /// Its collation, zero if none.
    pub collation: Oid,
    /// Its value.
    #[serde(with = "crate::stored::datum")]
    pub value: Datum,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

impl Const {
    /// A null of this type.
    pub fn null(type_oid: Oid, typmod: i32, collation: Oid) -> Const {
        Const { type_oid, typmod, collation, value: Datum::Null, location: Location::UNKNOWN }
    }

    /// A value without modifier, collation or location.
    pub fn new(type_oid: Oid, value: Datum) -> Const {
        Const { type_oid, typmod: -1, collation: Oid::INVALID, value, location: Location::UNKNOWN }
    }

    /// A `bool`.
    pub fn bool(value: bool) -> Const {
        Const::new(Oid(16), Datum::Bool(value))
    }
}

impl PartialEq for Const {
    fn eq(&self, other: &Const) -> bool {
        self.type_oid == other.type_oid
            && self.typmod == other.typmod
            && self.collation == other.collation
            && same_datum(&self.value, &other.value)
    }
}

/// True if two datums are the same bit by bit: 0.0 and -0.0 differ, a NaN equals itself.
pub fn same_datum(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Char(a), Datum::Char(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Bytes(a), Datum::Bytes(b)) => a == b,
        _ => false,
    }
}

/// Where a parameter's value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ParamKind {
    /// The client or caller: `$1` is number 1.
    Extern,
    /// The executor: outer references and results of initial plans, numbered from 0.
    Exec,
    /// A column of a sub-select's output, numbered from 1. Planning replaces it.
    Sublink,
    /// A column of a multi-column assignment's sub-select: sub-select id in the upper 16 bits, column in the lower.
    Multiexpr,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Where its value comes from.
    pub kind: ParamKind,
    /// Its number, see [`ParamKind`].
    pub id: i32,
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier, -1 if none.
    pub typmod: i32,
    /// Its collation, zero if none.
    pub collation: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// How an aggregate is split between partial and final nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum AggSplit {
    /// Not split.
    #[default]
    Simple,
    /// Transition only; the state is the output.
    InitialSerial,
    /// Combines states, then finishes.
    FinalDeserial,
}

/// A call of an aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggref {
    /// pg_proc oid of the aggregate.
    pub function: Oid,
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// Collation that the function uses.
    pub input_collation: Oid,
    /// Type of the transition value; zero until planning resolves it.
    pub transition_type: Oid,
    /// Types of direct and aggregated arguments.
    pub arg_types: Vec<Oid>,
    /// Direct arguments of an ordered-set aggregate.
    pub direct_args: Vec<Expr>,
    /// Aggregated arguments and sort expressions (junk).
    pub args: Vec<TargetEntry>,
    /// ORDER BY.
    pub order: Vec<SortGroupClause>,
    /// DISTINCT.
    pub distinct: Vec<SortGroupClause>,
    /// FILTER.
    pub filter: Option<Expr>,
    /// The argument list was `*`.
    pub star: bool,
    /// Variadic arguments were combined into an array as last argument.
    pub variadic: bool,
    /// pg_aggregate.aggkind: `n`, `o` or `h`.
    pub kind: u8,
    /// More than 0 if it belongs to an outer query.
    pub levels_up: u32,
    /// Set by planning.
    pub split: AggSplit,
    /// Number of the result within the Agg node, set by planning, else -1.
    pub agg_no: i32,
    /// Number of the transition state within the Agg node, set by planning, else -1.
    pub trans_no: i32,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// `GROUPING(...)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupingFunc {
    /// The arguments, kept for display.
    pub args: Vec<Expr>,
    /// Sort-group references of the arguments.
    pub refs: Vec<u32>,
    /// Column positions, set by planning.
    pub cols: Vec<i16>,
    /// As an aggregate's.
    pub levels_up: u32,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A call of a window function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowFunc {
    /// pg_proc oid.
    pub function: Oid,
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// Collation that the function uses.
    pub input_collation: Oid,
    /// The arguments.
    pub args: Vec<Expr>,
    /// FILTER.
    pub filter: Option<Expr>,
    /// Which [`crate::query::WindowClause`].
    pub winref: u32,
    /// The argument list was `*`.
    pub star: bool,
    /// The function is a plain aggregate.
    pub is_aggregate: bool,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Subscripting: fetch of an element or slice, or assignment to one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubscriptingRef {
    /// Type of the container (arrays: the array type; domains are looked through).
    pub container_type: Oid,
    /// pg_type.typelem of the container.
    pub element_type: Oid,
    /// Type of the result.
    pub result_type: Oid,
    /// Type modifier of the result.
    pub typmod: i32,
    /// Collation of the result.
    pub collation: Oid,
    /// Upper bounds or the subscripts; `None` is an omitted bound of a slice.
    pub upper: Vec<Option<Expr>>,
    /// Lower bounds; empty if this is no slice.
    pub lower: Vec<Option<Expr>>,
    /// The container.
    pub container: Expr,
    /// The new value, `None` for a fetch.
    pub assign: Option<Expr>,
}

/// A call of a function, a cast through a function included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FuncExpr {
    /// pg_proc oid.
    pub function: Oid,
    /// Type of the result.
    pub result_type: Oid,
    /// It returns a set.
    pub returns_set: bool,
    /// Variadic arguments were combined into an array as last argument.
    pub variadic: bool,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Collation of the result.
    pub collation: Oid,
    /// Collation that the function uses.
    pub input_collation: Oid,
    /// The arguments.
    pub args: Vec<Expr>,
    /// How many of the last arguments are defaults that the call does not write.
    #[serde(default)]
    pub default_count: usize,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// `name => arg` in an argument list. Planning removes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedArgExpr {
    /// The argument.
    pub arg: Expr,
    /// Its name.
    pub name: String,
    /// Its place in positional notation, from 0.
    pub number: i32,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A call of an operator; also the contents of `IS DISTINCT FROM` and `NULLIF`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpExpr {
    /// pg_operator oid.
    pub operator: Oid,
    /// pg_proc oid of its function.
    pub function: Oid,
    /// Type of the result.
    pub result_type: Oid,
    /// It returns a set.
    pub returns_set: bool,
    /// Collation of the result.
    pub collation: Oid,
    /// Collation that the operator uses.
    pub input_collation: Oid,
    /// One or two.
    pub args: Vec<Expr>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// `scalar op ANY | ALL (array)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScalarArrayOpExpr {
    /// pg_operator oid.
    pub operator: Oid,
    /// pg_proc oid of its function.
    pub function: Oid,
    /// ANY, else ALL.
    pub use_or: bool,
    /// Collation that the operator uses.
    pub input_collation: Oid,
    /// The scalar and the array.
    pub args: [Expr; 2],
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// AND, OR, NOT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum BoolExprType {
    /// All arguments.
    And,
    /// Any argument.
    Or,
    /// Not the one argument.
    Not,
}

/// AND, OR or NOT over its arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoolExpr {
    /// Which.
    pub op: BoolExprType,
    /// Two or more, or one of NOT.
    pub args: Vec<Expr>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// What is asked of a sub-select.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SubLinkType {
    /// EXISTS(SELECT ...).
    Exists,
    /// (lefthand) op ALL (SELECT ...).
    All,
    /// (lefthand) op ANY (SELECT ...).
    Any,
    /// (lefthand) op (SELECT ...).
    RowCompare,
    /// (SELECT with one column ...).
    Expr,
    /// (SELECT with many columns ...), in an UPDATE's assignment.
    Multiexpr,
    /// ARRAY(SELECT with one column ...).
    Array,
    /// A WITH query (of a [`SubPlan`] only).
    Cte,
}

/// A sub-select in an expression. Planning makes it a [`SubPlan`] or a join.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubLink {
    /// What is asked.
    pub kind: SubLinkType,
    /// Number of a `Multiexpr` within its query, from 1, else 0.
    pub id: i32,
    /// The comparison for `All`, `Any` and `RowCompare`, where the sub-select's columns are `Param`s of kind `Sublink`.
    pub test: Option<Expr>,
    /// The operator as written (empty for IN): its name with qualification.
    pub operator_name: Vec<String>,
    /// The sub-select.
    pub query: Box<Query>,
    /// Type of the result of an `Array`, else zero.
    pub array_type: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A planned sub-select; made by planning only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubPlan {
    /// What is asked.
    pub kind: SubLinkType,
    /// The comparison.
    pub test: Option<Expr>,
    /// Ids of the parameters embedded in `test`.
    pub param_ids: Vec<i32>,
    /// Index, from 1, into the planned statement's subplans.
    pub plan_id: i32,
    /// Name for EXPLAIN.
    pub plan_name: String,
    /// Type of the first output column.
    pub first_type: Oid,
    /// Type modifier of the first output column.
    pub first_typmod: i32,
    /// Collation of the first output column.
    pub first_collation: Oid,
    /// Type of the result of an `Array`, else zero.
    pub array_type: Oid,
    /// Results are kept in a hash table.
    pub use_hash_table: bool,
    /// False may be answered where unknown is right.
    pub unknown_eq_false: bool,
    /// Parameters that it sets for the parent plan.
    pub set_params: Vec<i32>,
    /// Parameters that the parent passes, filled from `args`.
    pub par_params: Vec<i32>,
    /// Expressions for `par_params`.
    pub args: Vec<Expr>,
    /// One-time cost.
    pub startup_cost: f64,
    /// Cost of each evaluation.
    pub per_call_cost: f64,
}

/// A column of a composite value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSelect {
    /// The composite value.
    pub arg: Expr,
    /// Column number.
    pub field: i16,
    /// Type of the column.
    pub result_type: Oid,
    /// Type modifier of the column.
    pub typmod: i32,
    /// Collation of the column.
    pub collation: Oid,
}

/// A composite value with some columns replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldStore {
    /// The composite value.
    pub arg: Expr,
    /// New values.
    pub values: Vec<Expr>,
    /// Their column numbers.
    pub fields: Vec<i16>,
    /// Type of the result.
    pub result_type: Oid,
}

/// A value taken as another binary-compatible type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelabelType {
    /// The value.
    pub arg: Expr,
    /// Type of the result.
    pub result_type: Oid,
    /// Type modifier of the result.
    pub typmod: i32,
    /// Collation of the result.
    pub collation: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A conversion by the source's output function and the target's input function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoerceViaIo {
    /// The value.
    pub arg: Expr,
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A conversion of each element of an array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrayCoerceExpr {
    /// The array.
    pub arg: Expr,
    /// What is done to each element, which is a [`CaseTestExpr`] there.
    pub element: Expr,
    /// Type of the result, an array.
    pub result_type: Oid,
    /// Type modifier of the result and its elements.
    pub typmod: i32,
    /// Collation of the result.
    pub collation: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A row of one composite type made one of another, by column names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConvertRowtypeExpr {
    /// The row.
    pub arg: Expr,
    /// Type of the result.
    pub result_type: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// `arg COLLATE name`. Planning removes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollateExpr {
    /// The value.
    pub arg: Expr,
    /// pg_collation oid.
    pub collation: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// CASE. With an argument, each condition compares a [`CaseTestExpr`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseExpr {
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// The value that is compared, if any.
    pub arg: Option<Expr>,
    /// The branches.
    pub whens: Vec<CaseWhen>,
    /// ELSE; always there after analysis.
    pub default: Option<Expr>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// WHEN ... THEN ...
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseWhen {
    /// Condition.
    pub condition: Expr,
    /// Result.
    pub result: Expr,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Stands for a value given by the enclosing CASE, ArrayCoerceExpr, or assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseTestExpr {
    /// Its type.
    pub type_oid: Oid,
    /// Its type modifier.
    pub typmod: i32,
    /// Its collation.
    pub collation: Oid,
}

/// ARRAY[...].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrayExpr {
    /// Type of the result.
    pub array_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// Type of the elements.
    pub element_type: Oid,
    /// Elements, or arrays of the next lower dimension.
    pub elements: Vec<Expr>,
    /// The elements are arrays.
    pub multidims: bool,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// ROW(...).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowExpr {
    /// The fields.
    pub args: Vec<Expr>,
    /// `record` or a composite type.
    pub row_type: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Names of the fields of a `record`.
    pub column_names: Vec<String>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Which comparison of rows; the numbers of B-tree strategies, and 6 for unequal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RowCompareType {
    /// <
    Lt = 1,
    /// <=
    Le = 2,
    /// =
    Eq = 3,
    /// >=
    Ge = 4,
    /// >
    Gt = 5,
    /// <>
    Ne = 6,
}

/// Comparison of rows by <, <=, >= or >.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowCompareExpr {
    /// Which comparison; never `Eq` or `Ne`.
    pub kind: RowCompareType,
    /// Operators, pair by pair.
    pub operators: Vec<Oid>,
    /// Their operator families.
    pub families: Vec<Oid>,
    /// Their collations.
    pub input_collations: Vec<Oid>,
    /// Left-hand arguments.
    pub left: Vec<Expr>,
    /// Right-hand arguments.
    pub right: Vec<Expr>,
}

/// COALESCE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoalesceExpr {
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// The arguments.
    pub args: Vec<Expr>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// GREATEST or LEAST.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MinMaxExpr {
    /// Type of the arguments and result.
    pub result_type: Oid,
    /// Collation of the result.
    pub collation: Oid,
    /// Collation that the comparison uses.
    pub input_collation: Oid,
    /// GREATEST, else LEAST.
    pub greatest: bool,
    /// The arguments.
    pub args: Vec<Expr>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Which parameterless function of the SQL standard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SqlValueFunctionOp {
    /// CURRENT_DATE
    CurrentDate,
    /// CURRENT_TIME
    CurrentTime,
    /// CURRENT_TIME(n)
    CurrentTimeN,
    /// CURRENT_TIMESTAMP
    CurrentTimestamp,
    /// CURRENT_TIMESTAMP(n)
    CurrentTimestampN,
    /// LOCALTIME
    LocalTime,
    /// LOCALTIME(n)
    LocalTimeN,
    /// LOCALTIMESTAMP
    LocalTimestamp,
    /// LOCALTIMESTAMP(n)
    LocalTimestampN,
    /// CURRENT_ROLE
    CurrentRole,
    /// CURRENT_USER
    CurrentUser,
    /// USER
    User,
    /// SESSION_USER
    SessionUser,
    /// CURRENT_CATALOG
    CurrentCatalog,
    /// CURRENT_SCHEMA
    CurrentSchema,
}

/// A parameterless function of the SQL standard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SqlValueFunction {
    /// Which.
    pub op: SqlValueFunctionOp,
    /// Type of the result.
    pub type_oid: Oid,
    /// Type modifier of the result: the precision, or -1.
    pub typmod: i32,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Which XML construct.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum XmlExprOp {
    /// XMLCONCAT
    Concat,
    /// XMLELEMENT
    Element,
    /// XMLFOREST
    Forest,
    /// XMLPARSE
    Parse,
    /// XMLPI
    Pi,
    /// XMLROOT
    Root,
    /// XMLSERIALIZE
    Serialize,
    /// IS DOCUMENT
    Document,
}

/// An XML construct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct XmlExpr {
    /// Which.
    pub op: XmlExprOp,
    /// Name of the element or instruction.
    pub name: Option<String>,
    /// Attributes.
    pub named_args: Vec<Expr>,
    /// Names of the attributes.
    pub arg_names: Vec<String>,
    /// The arguments.
    pub args: Vec<Expr>,
    /// DOCUMENT, else CONTENT.
    pub document: bool,
    /// Target type of XMLSERIALIZE.
    pub type_oid: Oid,
    /// Its type modifier.
    pub typmod: i32,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// `IS [NOT] NULL`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NullTest {
    /// The value.
    pub arg: Expr,
    /// IS NULL, else IS NOT NULL.
    pub is_null: bool,
    /// Each field of a row is tested.
    pub arg_is_row: bool,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// Which truth test.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum BoolTestType {
    /// IS TRUE
    IsTrue,
    /// IS NOT TRUE
    IsNotTrue,
    /// IS FALSE
    IsFalse,
    /// IS NOT FALSE
    IsNotFalse,
    /// IS UNKNOWN
    IsUnknown,
    /// IS NOT UNKNOWN
    IsNotUnknown,
}

/// `IS [NOT]` TRUE, FALSE or UNKNOWN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BooleanTest {
    /// The value.
    pub arg: Expr,
    /// Which test.
    pub test: BoolTestType,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// A value checked against a domain's constraints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoerceToDomain {
    /// The value, of the domain's base type.
    pub arg: Expr,
    /// The domain.
    pub result_type: Oid,
    /// Type modifier of the result.
    pub typmod: i32,
    /// Collation of the result.
    pub collation: Oid,
    /// How to display it.
    pub format: Cosmetic<CoercionForm>,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// VALUE in a domain's check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoerceToDomainValue {
    /// The domain's base type.
    pub type_oid: Oid,
    /// Its type modifier.
    pub typmod: i32,
    /// Its collation.
    pub collation: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// DEFAULT in an INSERT or UPDATE. Rewriting replaces it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetToDefault {
    /// The column's type.
    pub type_oid: Oid,
    /// The column's type modifier.
    pub typmod: i32,
    /// The column's collation.
    pub collation: Oid,
    /// Where it stands.
    #[serde(skip)]
    pub location: Location,
}

/// WHERE CURRENT OF cursor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurrentOfExpr {
    /// Range table index of the target.
    pub varno: i32,
    /// Name of the cursor.
    pub cursor_name: Option<String>,
    /// Number of a parameter of type refcursor, or 0.
    pub cursor_param: i32,
}

/// The next value of an identity column's sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextValueExpr {
    /// pg_class oid of the sequence.
    pub sequence: Oid,
    /// Type of the result.
    pub type_oid: Oid,
}

/// An element of ON CONFLICT (...).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InferenceElem {
    /// The column or expression.
    pub expr: Expr,
    /// Collation asked for, or zero.
    pub collation: Oid,
    /// Operator class asked for, or zero.
    pub opclass: Oid,
}

/// An expression of a lower query, evaluated at a join above it; made by planning only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceHolderVar {
    /// The expression.
    pub expr: Expr,
    /// The relations whose join evaluates it.
    pub rels: BTreeSet<i32>,
    /// Its number.
    pub id: u32,
    /// As a `Var`'s.
    pub levels_up: u32,
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each variant is the struct of its name, documented there")]
pub enum Expr {
    Var(Var),
    Const(Box<Const>),
    Param(Param),
    Aggref(Box<Aggref>),
    GroupingFunc(Box<GroupingFunc>),
    WindowFunc(Box<WindowFunc>),
    SubscriptingRef(Box<SubscriptingRef>),
    FuncExpr(Box<FuncExpr>),
    NamedArgExpr(Box<NamedArgExpr>),
    OpExpr(Box<OpExpr>),
    /// IS DISTINCT FROM: the operator is `=`.
    DistinctExpr(Box<OpExpr>),
    /// NULLIF: the operator is `=`, the result the first argument's type.
    NullIfExpr(Box<OpExpr>),
    ScalarArrayOpExpr(Box<ScalarArrayOpExpr>),
    BoolExpr(Box<BoolExpr>),
    SubLink(Box<SubLink>),
    SubPlan(Box<SubPlan>),
    /// Several plans for the same sub-select; planning picks one.
    AlternativeSubPlan(Vec<SubPlan>),
    FieldSelect(Box<FieldSelect>),
    FieldStore(Box<FieldStore>),
    RelabelType(Box<RelabelType>),
    CoerceViaIo(Box<CoerceViaIo>),
    ArrayCoerceExpr(Box<ArrayCoerceExpr>),
    ConvertRowtypeExpr(Box<ConvertRowtypeExpr>),
    CollateExpr(Box<CollateExpr>),
    CaseExpr(Box<CaseExpr>),
    CaseTestExpr(CaseTestExpr),
    ArrayExpr(Box<ArrayExpr>),
    RowExpr(Box<RowExpr>),
    RowCompareExpr(Box<RowCompareExpr>),
    CoalesceExpr(Box<CoalesceExpr>),
    MinMaxExpr(Box<MinMaxExpr>),
    SqlValueFunction(SqlValueFunction),
    XmlExpr(Box<XmlExpr>),
    NullTest(Box<NullTest>),
    BooleanTest(Box<BooleanTest>),
    CoerceToDomain(Box<CoerceToDomain>),
    CoerceToDomainValue(CoerceToDomainValue),
    SetToDefault(SetToDefault),
    CurrentOfExpr(Box<CurrentOfExpr>),
    NextValueExpr(NextValueExpr),
    InferenceElem(Box<InferenceElem>),
    PlaceHolderVar(Box<PlaceHolderVar>),
}

macro_rules! into_expr {
    (plain $($name:ident)*) => {$(
        impl From<$name> for Expr {
            fn from(node: $name) -> Expr {
                Expr::$name(node)
            }
        }
    )*};
    (boxed $($name:ident)*) => {$(
        impl From<$name> for Expr {
            fn from(node: $name) -> Expr {
                Expr::$name(Box::new(node))
            }
        }
    )*};
}

into_expr!(plain Var Param CaseTestExpr SqlValueFunction CoerceToDomainValue SetToDefault NextValueExpr);
into_expr!(boxed Const Aggref GroupingFunc WindowFunc SubscriptingRef FuncExpr NamedArgExpr OpExpr ScalarArrayOpExpr
    BoolExpr SubLink SubPlan FieldSelect FieldStore RelabelType CoerceViaIo ArrayCoerceExpr ConvertRowtypeExpr
    CollateExpr CaseExpr ArrayExpr RowExpr RowCompareExpr CoalesceExpr MinMaxExpr XmlExpr NullTest BooleanTest
    CoerceToDomain CurrentOfExpr InferenceElem PlaceHolderVar);

/// A null as a value of a domain over `base`: the domain may refuse it.
pub fn null_in_domain(base: Oid, domain: Oid, collation: Oid) -> Expr {
    let checked = CoerceToDomain {
        arg: Const::null(base, -1, collation).into(),
        result_type: domain,
        typmod: -1,
        collation,
        format: Cosmetic(CoercionForm::ImplicitCast),
        location: Location::UNKNOWN,
    };
    checked.into()
}

impl Expr {
    /// The AND of some conditions: TRUE if there is none, the condition itself if there is one.
    pub fn and(mut conditions: Vec<Expr>) -> Expr {
        match conditions.len() {
            0 => Const::bool(true).into(),
            1 => conditions.remove(0),
            _ => BoolExpr { op: BoolExprType::And, args: conditions, location: Location::UNKNOWN }.into(),
        }
    }

    /// The conditions of which this is the AND, nested ANDs flattened; none if it is a constant TRUE.
    pub fn into_conjuncts(self) -> Vec<Expr> {
        let mut out = Vec::new();
        push_conjuncts(self, &mut out);
        out
    }
}

fn push_conjuncts(expr: Expr, out: &mut Vec<Expr>) {
    match expr {
        Expr::BoolExpr(node) if node.op == BoolExprType::And => {
            node.args.into_iter().for_each(|arg| push_conjuncts(arg, out))
        }
        Expr::Const(constant) if constant.value.is_true() => {}
        other => out.push(other),
    }
}
