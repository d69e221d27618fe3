//! SELECT, INSERT, UPDATE, DELETE, MERGE and their clauses.

use super::{Alias, Expr, Indirection, IntoClause, OperatorName, Pos, QualifiedName, TypeName, WindowDef};

/// SELECT, VALUES, TABLE or a set operation, with the clauses that may follow any of them.
#[derive(Clone, PartialEq, Debug)]
pub struct SelectStmt {
    /// WITH.
    pub with: Option<Box<WithClause>>,
    /// What is selected.
    pub body: SelectBody,
    /// ORDER BY.
    pub order_by: Vec<SortBy>,
    /// OFFSET.
    pub offset: Option<Expr>,
    /// LIMIT or FETCH FIRST; LIMIT ALL is a NULL constant.
    pub limit: Option<Expr>,
    /// FETCH FIRST ... WITH TIES.
    pub with_ties: bool,
    /// FOR UPDATE and its kin.
    pub locking: Vec<LockingClause>,
}

/// The core of a [`SelectStmt`].
#[derive(Clone, PartialEq, Debug)]
pub enum SelectBody {
    /// SELECT ...; `TABLE t` is `SELECT * FROM t`.
    Simple(Box<SimpleSelect>),
    /// VALUES.
    Values(Vec<Vec<Expr>>),
    /// UNION, INTERSECT, EXCEPT.
    SetOperation(Box<SetOperation>),
}

impl SelectStmt {
    /// A select without any of the outer clauses.
    pub fn from_body(body: SelectBody) -> SelectStmt {
        SelectStmt {
            with: None,
            body,
            order_by: Vec::new(),
            offset: None,
            limit: None,
            with_ties: false,
            locking: Vec::new(),
        }
    }
}

/// SELECT up to WINDOW.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SimpleSelect {
    /// DISTINCT.
    pub distinct: Distinct,
    /// The select list; may be empty.
    pub targets: Vec<Target>,
    /// SELECT INTO.
    pub into: Option<Box<IntoClause>>,
    /// FROM; the items are cross-joined.
    pub from: Vec<TableRef>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY.
    pub group_by: Vec<GroupItem>,
    /// GROUP BY DISTINCT.
    pub group_distinct: bool,
    /// HAVING.
    pub having: Option<Expr>,
    /// WINDOW; each has a name.
    pub windows: Vec<WindowDef>,
}

/// DISTINCT of a select.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Distinct {
    /// ALL, or nothing.
    #[default]
    All,
    /// DISTINCT.
    Rows,
    /// DISTINCT ON (...).
    On(Vec<Expr>),
}

/// An item of a select list or of RETURNING.
#[derive(Clone, PartialEq, Debug)]
pub struct Target {
    /// The value; a [`Expr::Column`] or [`Expr::Indirection`] ending in a star stands for many.
    pub expr: Expr,
    /// AS.
    pub name: Option<String>,
    /// Where it starts.
    pub pos: Pos,
}

/// An item of GROUP BY.
#[derive(Clone, PartialEq, Debug)]
pub enum GroupItem {
    /// An expression; `(a, b)` is an implicit [`Expr::Row`].
    Expr(Expr),
    /// `()`.
    Empty(Pos),
    /// ROLLUP.
    Rollup(Vec<Expr>, Pos),
    /// CUBE.
    Cube(Vec<Expr>, Pos),
    /// GROUPING SETS.
    Sets(Vec<GroupItem>, Pos),
}

/// A set operation.
#[derive(Clone, PartialEq, Debug)]
pub struct SetOperation {
    /// Which.
    pub op: SetOp,
    /// ALL.
    pub all: bool,
    /// The left side.
    pub left: SelectStmt,
    /// The right side.
    pub right: SelectStmt,
}

/// The set operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum SetOp {
    Union,
    Intersect,
    Except,
}

/// WITH.
#[derive(Clone, PartialEq, Debug)]
pub struct WithClause {
    /// RECURSIVE.
    pub recursive: bool,
    /// The common table expressions.
    pub ctes: Vec<CommonTableExpr>,
    /// Where WITH stands.
    pub pos: Pos,
}

/// A common table expression.
#[derive(Clone, PartialEq, Debug)]
pub struct CommonTableExpr {
    /// Its name.
    pub name: String,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// MATERIALIZED, NOT MATERIALIZED or nothing.
    pub materialized: Option<bool>,
    /// SELECT, INSERT, UPDATE or DELETE.
    pub query: Box<super::Statement>,
    /// SEARCH.
    pub search: Option<Box<CteSearch>>,
    /// CYCLE.
    pub cycle: Option<Box<CteCycle>>,
    /// Where its name stands.
    pub pos: Pos,
}

/// SEARCH { DEPTH | BREADTH } FIRST BY columns SET column.
#[derive(Clone, PartialEq, Debug)]
pub struct CteSearch {
    /// BREADTH rather than DEPTH.
    pub breadth_first: bool,
    /// The ordering columns.
    pub columns: Vec<String>,
    /// The column that is made.
    pub sequence_column: String,
    /// Where SEARCH stands.
    pub pos: Pos,
}

/// CYCLE columns SET mark [TO value DEFAULT value] USING path.
#[derive(Clone, PartialEq, Debug)]
pub struct CteCycle {
    /// The columns that make a cycle.
    pub columns: Vec<String>,
    /// The column that marks one.
    pub mark_column: String,
    /// The mark; TRUE if not given.
    pub mark_value: Expr,
    /// No mark; FALSE if not given.
    pub mark_default: Expr,
    /// The column with the path.
    pub path_column: String,
    /// Where CYCLE stands.
    pub pos: Pos,
}

/// An item of ORDER BY or of an ON CONFLICT target.
#[derive(Clone, PartialEq, Debug)]
pub struct SortBy {
    /// By what.
    pub expr: Expr,
    /// In which direction.
    pub direction: SortDirection,
    /// Where nulls go.
    pub nulls: NullsOrder,
    /// Where the operator of USING stands, else nowhere.
    pub pos: Pos,
}

/// ASC, DESC, USING.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum SortDirection {
    #[default]
    Default,
    Asc,
    Desc,
    Using(OperatorName),
}

/// NULLS FIRST, NULLS LAST.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum NullsOrder {
    #[default]
    Default,
    First,
    Last,
}

/// FOR UPDATE and its kin.
#[derive(Clone, PartialEq, Debug)]
pub struct LockingClause {
    /// How strong.
    pub strength: LockStrength,
    /// OF; empty means all.
    pub relations: Vec<RangeVar>,
    /// What to do about rows that others hold.
    pub wait: LockWait,
}

/// Strengths of row locks, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum LockStrength {
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

/// NOWAIT, SKIP LOCKED.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum LockWait {
    #[default]
    Block,
    Skip,
    Error,
}

/// An item of FROM.
#[derive(Clone, PartialEq, Debug)]
pub enum TableRef {
    /// A table, view or common table expression.
    Relation(RangeVar),
    /// A subquery.
    Subselect(Box<RangeSubselect>),
    /// A function, or ROWS FROM.
    Function(Box<RangeFunction>),
    /// XMLTABLE.
    TableFunc(Box<RangeTableFunc>),
    /// TABLESAMPLE.
    Sample(Box<RangeTableSample>),
    /// A join.
    Join(Box<JoinExpr>),
}

/// A relation by name.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeVar {
    /// The database, if three parts were written.
    pub catalog: Option<String>,
    /// The schema.
    pub schema: Option<String>,
    /// The relation.
    pub name: String,
    /// Without ONLY: descendants included.
    pub inherit: bool,
    /// TEMP, UNLOGGED: for relations that are being made.
    pub persistence: Persistence,
    /// Its alias.
    pub alias: Option<Box<Alias>>,
    /// Where its name starts.
    pub pos: Pos,
}

/// How long a relation lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum Persistence {
    #[default]
    Permanent,
    Unlogged,
    Temporary,
}

/// A subquery in FROM.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeSubselect {
    /// LATERAL.
    pub lateral: bool,
    /// The query.
    pub query: Box<SelectStmt>,
    /// Its alias.
    pub alias: Option<Alias>,
    /// Where its parenthesis stands.
    pub pos: Pos,
}

/// Functions in FROM.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeFunction {
    /// LATERAL.
    pub lateral: bool,
    /// WITH ORDINALITY.
    pub ordinality: bool,
    /// ROWS FROM.
    pub rows_from: bool,
    /// One function, or several under ROWS FROM.
    pub functions: Vec<RangeFunctionItem>,
    /// The alias.
    pub alias: Option<Alias>,
    /// Column definitions, for a function that returns record.
    pub column_defs: Vec<ColumnDefinition>,
    /// Where it starts.
    pub pos: Pos,
}

/// A function of a [`RangeFunction`].
#[derive(Clone, PartialEq, Debug)]
pub struct RangeFunctionItem {
    /// The call: mostly [`Expr::Func`], but other function-like expressions may stand here.
    pub call: Expr,
    /// Column definitions, under ROWS FROM.
    pub column_defs: Vec<ColumnDefinition>,
}

/// `name type [COLLATE collation]`: a column of a record.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// Its collation.
    pub collation: Option<QualifiedName>,
    /// Where its name stands.
    pub pos: Pos,
}

/// XMLTABLE in FROM.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeTableFunc {
    /// LATERAL.
    pub lateral: bool,
    /// The document.
    pub document: Expr,
    /// The row path.
    pub row_path: Expr,
    /// XMLNAMESPACES; no name is DEFAULT.
    pub namespaces: Vec<XmlNamespace>,
    /// COLUMNS.
    pub columns: Vec<TableFuncColumn>,
    /// The alias.
    pub alias: Option<Alias>,
    /// Where it starts.
    pub pos: Pos,
}

/// A namespace of XMLTABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct XmlNamespace {
    /// Its URI.
    pub uri: Expr,
    /// Its name; none is DEFAULT.
    pub name: Option<String>,
    /// Where it stands.
    pub pos: Pos,
}

/// A column of XMLTABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct TableFuncColumn {
    /// Its name.
    pub name: String,
    /// Its type; none is FOR ORDINALITY.
    pub type_name: Option<TypeName>,
    /// NOT NULL.
    pub not_null: bool,
    /// PATH.
    pub path: Option<Expr>,
    /// DEFAULT.
    pub default: Option<Expr>,
    /// Where it stands.
    pub pos: Pos,
}

/// TABLESAMPLE.
#[derive(Clone, PartialEq, Debug)]
pub struct RangeTableSample {
    /// What is sampled; any table reference that takes the clause.
    pub relation: RangeVar,
    /// The method.
    pub method: QualifiedName,
    /// Its arguments.
    pub args: Vec<Expr>,
    /// REPEATABLE.
    pub repeatable: Option<Expr>,
    /// Where the method's name stands.
    pub pos: Pos,
}

/// A join.
#[derive(Clone, PartialEq, Debug)]
pub struct JoinExpr {
    /// INNER, LEFT, FULL, RIGHT; CROSS is INNER without a condition.
    pub kind: JoinType,
    /// NATURAL.
    pub natural: bool,
    /// The left side.
    pub left: TableRef,
    /// The right side.
    pub right: TableRef,
    /// ON or USING.
    pub qual: JoinQual,
    /// The alias of the whole, if it stands in parentheses.
    pub alias: Option<Alias>,
}

/// Kinds of join.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum JoinType {
    Inner,
    Left,
    Full,
    Right,
}

/// A join's condition.
#[derive(Clone, PartialEq, Debug)]
pub enum JoinQual {
    /// CROSS and NATURAL.
    None,
    /// ON.
    On(Expr),
    /// USING (columns) [AS alias].
    Using(Vec<String>, Option<String>),
}

/// INSERT.
#[derive(Clone, PartialEq, Debug)]
pub struct InsertStmt {
    /// WITH.
    pub with: Option<Box<WithClause>>,
    /// Into what.
    pub relation: RangeVar,
    /// The columns, if they are named.
    pub columns: Vec<InsertColumn>,
    /// OVERRIDING.
    pub overriding: Overriding,
    /// The rows; none is DEFAULT VALUES.
    pub source: Option<Box<SelectStmt>>,
    /// ON CONFLICT.
    pub on_conflict: Option<Box<OnConflict>>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// A column that INSERT or UPDATE assigns to.
#[derive(Clone, PartialEq, Debug)]
pub struct InsertColumn {
    /// The column.
    pub name: String,
    /// Subscripts and fields below it.
    pub indirection: Vec<Indirection>,
    /// Where it stands.
    pub pos: Pos,
}

/// OVERRIDING { USER | SYSTEM } VALUE.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum Overriding {
    #[default]
    None,
    User,
    System,
}

/// ON CONFLICT.
#[derive(Clone, PartialEq, Debug)]
pub struct OnConflict {
    /// Which conflicts; none is any.
    pub infer: Option<InferClause>,
    /// What to do.
    pub action: OnConflictAction,
    /// Where ON stands.
    pub pos: Pos,
}

/// DO NOTHING or DO UPDATE.
#[derive(Clone, PartialEq, Debug)]
pub enum OnConflictAction {
    /// DO NOTHING.
    Nothing,
    /// DO UPDATE SET ... [WHERE ...].
    Update(Vec<Assignment>, Option<Expr>),
}

/// A conflict target.
#[derive(Clone, PartialEq, Debug)]
pub enum InferClause {
    /// Columns or expressions that a unique index must have, and its predicate.
    Index(Vec<super::IndexElem>, Option<Expr>, Pos),
    /// ON CONSTRAINT.
    Constraint(String, Pos),
}

impl InferClause {
    /// Where it starts.
    pub fn pos(&self) -> Pos {
        match self {
            InferClause::Index(_, _, pos) | InferClause::Constraint(_, pos) => *pos,
        }
    }
}

/// An item of SET.
#[derive(Clone, PartialEq, Debug)]
pub enum Assignment {
    /// `column = value`.
    Single(InsertColumn, Expr),
    /// `(columns) = source`, the source being a row, a subquery or any other expression.
    Multiple(Vec<InsertColumn>, Expr),
}

/// UPDATE.
#[derive(Clone, PartialEq, Debug)]
pub struct UpdateStmt {
    /// WITH.
    pub with: Option<Box<WithClause>>,
    /// Of what.
    pub relation: RangeVar,
    /// SET.
    pub assignments: Vec<Assignment>,
    /// FROM.
    pub from: Vec<TableRef>,
    /// WHERE; may be [`Expr::CurrentOf`].
    pub filter: Option<Expr>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// DELETE.
#[derive(Clone, PartialEq, Debug)]
pub struct DeleteStmt {
    /// WITH.
    pub with: Option<Box<WithClause>>,
    /// From what.
    pub relation: RangeVar,
    /// USING.
    pub using: Vec<TableRef>,
    /// WHERE; may be [`Expr::CurrentOf`].
    pub filter: Option<Expr>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// MERGE.
#[derive(Clone, PartialEq, Debug)]
pub struct MergeStmt {
    /// WITH.
    pub with: Option<Box<WithClause>>,
    /// Into what.
    pub relation: RangeVar,
    /// USING.
    pub source: TableRef,
    /// ON.
    pub condition: Expr,
    /// WHEN ...
    pub whens: Vec<MergeWhen>,
}

/// WHEN \[NOT\] MATCHED.
#[derive(Clone, PartialEq, Debug)]
pub struct MergeWhen {
    /// MATCHED.
    pub matched: bool,
    /// AND condition.
    pub condition: Option<Expr>,
    /// THEN.
    pub action: MergeAction,
}

/// THEN of MERGE.
#[derive(Clone, PartialEq, Debug)]
pub enum MergeAction {
    /// DO NOTHING.
    Nothing,
    /// UPDATE SET.
    Update(Vec<Assignment>),
    /// DELETE.
    Delete,
    /// INSERT.
    Insert {
        /// The columns, if named.
        columns: Vec<InsertColumn>,
        /// OVERRIDING.
        overriding: Overriding,
        /// The values; none is DEFAULT VALUES.
        values: Option<Vec<Expr>>,
    },
}

impl RangeVar {
    /// A relation without schema, alias or position.
    pub fn named(name: impl Into<String>) -> RangeVar {
        RangeVar {
            catalog: None,
            schema: None,
            name: name.into(),
            inherit: true,
            persistence: Persistence::Permanent,
            alias: None,
            pos: Pos::NONE,
        }
    }

    /// The name by which the query knows it: the alias if there is one.
    pub fn reference_name(&self) -> &str {
        self.alias.as_ref().map_or(&self.name, |alias| &alias.name)
    }
}

impl TableRef {
    /// Where it starts.
    pub fn pos(&self) -> Pos {
        match self {
            TableRef::Relation(r) => r.pos,
            TableRef::Subselect(r) => r.pos,
            TableRef::Function(r) => r.pos,
            TableRef::TableFunc(r) => r.pos,
            TableRef::Sample(r) => r.relation.pos,
            TableRef::Join(r) => r.left.pos(),
        }
    }
}
