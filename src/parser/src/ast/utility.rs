//! Transactions, settings, prepared statements, cursors, COPY, EXPLAIN, maintenance.

use super::{
    Const, DefElem, DropBehavior, Expr, FuncCall, Indirection, Pos, RangeVar, SelectStmt, Statement, TypeName,
};

/// BEGIN, COMMIT, SAVEPOINT and their kin.
#[derive(Clone, PartialEq, Debug)]
pub enum TransactionStmt {
    /// BEGIN; the options are `transaction_isolation` (string), `transaction_read_only` and `transaction_deferrable` (0 or 1).
    Begin(Vec<DefElem>),
    /// START TRANSACTION, with the same options.
    Start(Vec<DefElem>),
    /// COMMIT, END.
    Commit {
        /// AND CHAIN.
        chain: bool,
    },
    /// ROLLBACK, ABORT.
    Rollback {
        /// AND CHAIN.
        chain: bool,
    },
    /// SAVEPOINT.
    Savepoint(String),
    /// RELEASE SAVEPOINT.
    Release(String),
    /// ROLLBACK TO SAVEPOINT.
    RollbackTo(String),
    /// PREPARE TRANSACTION.
    Prepare(String),
    /// COMMIT PREPARED.
    CommitPrepared(String),
    /// ROLLBACK PREPARED.
    RollbackPrepared(String),
}

/// SET, RESET.
#[derive(Clone, PartialEq, Debug)]
pub struct VariableSetStmt {
    /// What to do.
    pub action: VariableSetAction,
    /// SET LOCAL.
    pub local: bool,
}

/// What SET does.
#[derive(Clone, PartialEq, Debug)]
pub enum VariableSetAction {
    /// SET name TO values. The special forms are here too: TIME ZONE is `timezone`, NAMES `client_encoding`, SCHEMA
    /// `search_path`, ROLE `role`, SESSION AUTHORIZATION `session_authorization`, XML OPTION `xmloption`.
    Value(String, Vec<SetValue>),
    /// SET name TO DEFAULT.
    Default(String),
    /// SET name FROM CURRENT.
    Current(String),
    /// SET TRANSACTION modes.
    Transaction(Vec<DefElem>),
    /// SET SESSION CHARACTERISTICS AS TRANSACTION modes.
    SessionCharacteristics(Vec<DefElem>),
    /// SET TRANSACTION SNAPSHOT.
    TransactionSnapshot(String),
    /// RESET name.
    Reset(String),
    /// RESET ALL.
    ResetAll,
}

/// A value of SET.
#[derive(Clone, PartialEq, Debug)]
pub enum SetValue {
    /// A word, a string or a number.
    Const(Const),
    /// INTERVAL of SET TIME ZONE: the text and the type with its modifiers.
    Interval(String, TypeName, Pos),
}

/// SHOW; `all` is SHOW ALL.
#[derive(Clone, PartialEq, Debug)]
pub struct VariableShowStmt {
    /// The setting.
    pub name: String,
}

/// SET CONSTRAINTS.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstraintsSetStmt {
    /// Which; empty is ALL.
    pub constraints: Vec<RangeVar>,
    /// DEFERRED.
    pub deferred: bool,
}

/// DISCARD.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum DiscardTarget {
    All,
    Plans,
    Sequences,
    Temp,
}

/// PREPARE.
#[derive(Clone, PartialEq, Debug)]
pub struct PrepareStmt {
    /// Its name.
    pub name: String,
    /// The parameters' types.
    pub arg_types: Vec<TypeName>,
    /// The statement.
    pub query: Box<Statement>,
}

/// EXECUTE.
#[derive(Clone, PartialEq, Debug)]
pub struct ExecuteStmt {
    /// Its name.
    pub name: String,
    /// The parameters.
    pub params: Vec<Expr>,
}

/// DEALLOCATE.
#[derive(Clone, PartialEq, Debug)]
pub struct DeallocateStmt {
    /// Its name; none is ALL.
    pub name: Option<String>,
}

/// DECLARE CURSOR.
#[derive(Clone, PartialEq, Debug)]
pub struct DeclareCursorStmt {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: CursorOptions,
    /// The query.
    pub query: Box<SelectStmt>,
}

/// Options of DECLARE CURSOR.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub struct CursorOptions {
    pub binary: bool,
    pub scroll: bool,
    pub no_scroll: bool,
    pub insensitive: bool,
    pub asensitive: bool,
    pub hold: bool,
}

/// FETCH, MOVE.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchStmt {
    /// In which direction.
    pub direction: FetchDirection,
    /// How many rows, or which one.
    pub count: FetchCount,
    /// The cursor.
    pub cursor: String,
    /// MOVE.
    pub is_move: bool,
}

/// Directions of FETCH.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum FetchDirection {
    Forward,
    Backward,
    Absolute,
    Relative,
}

/// How far FETCH goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum FetchCount {
    Rows(i64),
    All,
}

/// CLOSE.
#[derive(Clone, PartialEq, Debug)]
pub struct ClosePortalStmt {
    /// The cursor; none is ALL.
    pub cursor: Option<String>,
}

/// LISTEN.
#[derive(Clone, PartialEq, Debug)]
pub struct ListenStmt {
    /// The channel.
    pub channel: String,
}

/// UNLISTEN.
#[derive(Clone, PartialEq, Debug)]
pub struct UnlistenStmt {
    /// The channel; none is `*`.
    pub channel: Option<String>,
}

/// NOTIFY.
#[derive(Clone, PartialEq, Debug)]
pub struct NotifyStmt {
    /// The channel.
    pub channel: String,
    /// The payload.
    pub payload: Option<String>,
}

/// LOCK TABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct LockStmt {
    /// The relations.
    pub relations: Vec<RangeVar>,
    /// The mode.
    pub mode: LockMode,
    /// NOWAIT.
    pub nowait: bool,
}

/// Table lock modes, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum LockMode {
    AccessShare = 1,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

/// EXPLAIN.
#[derive(Clone, PartialEq, Debug)]
pub struct ExplainStmt {
    /// Its options, checked by the executor.
    pub options: Vec<DefElem>,
    /// The statement.
    pub query: Box<Statement>,
}

/// COPY.
#[derive(Clone, PartialEq, Debug)]
pub struct CopyStmt {
    /// What is copied.
    pub source: CopySource,
    /// FROM rather than TO.
    pub is_from: bool,
    /// PROGRAM.
    pub is_program: bool,
    /// The file or program; none is STDIN or STDOUT.
    pub filename: Option<String>,
    /// Its options, in both the old and the new syntax.
    pub options: Vec<DefElem>,
    /// WHERE.
    pub filter: Option<Expr>,
}

/// What COPY copies.
#[derive(Clone, PartialEq, Debug)]
pub enum CopySource {
    /// A table and its columns.
    Table(RangeVar, Vec<String>),
    /// A query.
    Query(Box<Statement>),
}

/// CALL.
#[derive(Clone, PartialEq, Debug)]
pub struct CallStmt {
    /// The call.
    pub call: FuncCall,
}

/// DO.
#[derive(Clone, PartialEq, Debug)]
pub struct DoStmt {
    /// `as` and `language`, in the order written.
    pub args: Vec<DefElem>,
}

/// LOAD.
#[derive(Clone, PartialEq, Debug)]
pub struct LoadStmt {
    /// The file.
    pub filename: String,
}

/// RETURN, in a routine's body.
#[derive(Clone, PartialEq, Debug)]
pub struct ReturnStmt {
    /// The value.
    pub value: Expr,
}

/// An assignment of PL/pgSQL: `name[i].f := expression`.
#[derive(Clone, PartialEq, Debug)]
pub struct PlAssignStmt {
    /// The variable's first name, or the number of a parameter with a dollar before it.
    pub name: String,
    /// What follows it.
    pub indirection: Vec<Indirection>,
    /// How many names of the whole make up the variable (1 to 3).
    pub names: u8,
    /// The value, as a query of one column.
    pub value: Box<SelectStmt>,
    /// Where it starts.
    pub pos: Pos,
}

/// VACUUM, ANALYZE.
#[derive(Clone, PartialEq, Debug)]
pub struct VacuumStmt {
    /// VACUUM rather than ANALYZE.
    pub is_vacuum: bool,
    /// Its options, checked by the command.
    pub options: Vec<DefElem>,
    /// The tables; empty means all.
    pub relations: Vec<VacuumRelation>,
}

/// A table of VACUUM.
#[derive(Clone, PartialEq, Debug)]
pub struct VacuumRelation {
    /// The table.
    pub relation: RangeVar,
    /// Its columns.
    pub columns: Vec<String>,
}

/// CLUSTER.
#[derive(Clone, PartialEq, Debug)]
pub struct ClusterStmt {
    /// The table; none means all that were clustered before.
    pub relation: Option<RangeVar>,
    /// USING.
    pub index: Option<String>,
    /// Its options.
    pub options: Vec<DefElem>,
}

/// REINDEX.
#[derive(Clone, PartialEq, Debug)]
pub struct ReindexStmt {
    /// What.
    pub target: ReindexTarget,
    /// Its options; CONCURRENTLY is one of them.
    pub options: Vec<DefElem>,
}

/// What REINDEX works on.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ReindexTarget {
    Index(RangeVar),
    Table(RangeVar),
    Schema(String),
    System(String),
    Database(String),
}

/// TRUNCATE.
#[derive(Clone, PartialEq, Debug)]
pub struct TruncateStmt {
    /// The tables.
    pub relations: Vec<RangeVar>,
    /// RESTART IDENTITY.
    pub restart_identity: bool,
    /// CASCADE.
    pub behavior: DropBehavior,
}
