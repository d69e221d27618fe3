//! CREATE and ALTER of tables, indexes, sequences, views, statistics, triggers, rules, policies.

use super::{
    DefElem, DropBehavior, Expr, NullsOrder, ObjectType, OperatorName, Pos, QualifiedName, RangeVar, RoleSpec,
    SelectStmt, SortDirection, Statement, TypeName,
};

/// CREATE TABLE, also CREATE FOREIGN TABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTableStmt {
    /// The table; its persistence is set.
    pub relation: RangeVar,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Columns, constraints, LIKE clauses.
    pub elements: Vec<TableElement>,
    /// INHERITS, or the parent of PARTITION OF.
    pub inherits: Vec<RangeVar>,
    /// The bound of PARTITION OF.
    pub partition_bound: Option<PartitionBound>,
    /// PARTITION BY.
    pub partition_by: Option<PartitionSpec>,
    /// OF type.
    pub of_type: Option<TypeName>,
    /// USING.
    pub access_method: Option<String>,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// ON COMMIT.
    pub on_commit: OnCommit,
    /// TABLESPACE.
    pub tablespace: Option<String>,
    /// SERVER and OPTIONS of a foreign table.
    pub foreign: Option<Box<ForeignTable>>,
}

/// What a foreign table has beyond a table.
#[derive(Clone, PartialEq, Debug)]
pub struct ForeignTable {
    /// SERVER.
    pub server: String,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// An item between CREATE TABLE's parentheses.
#[derive(Clone, PartialEq, Debug)]
pub enum TableElement {
    /// A column.
    Column(Box<ColumnDef>),
    /// A table constraint.
    Constraint(Box<Constraint>),
    /// LIKE.
    Like(TableLike),
}

/// LIKE table INCLUDING ...
#[derive(Clone, PartialEq, Debug)]
pub struct TableLike {
    /// The table copied.
    pub relation: RangeVar,
    /// What is copied: bits of [`like_option`].
    pub options: u32,
}

/// Bits of [`TableLike::options`].
#[allow(missing_docs, reason = "the names say all")]
pub mod like_option {
    pub const COMMENTS: u32 = 1 << 0;
    pub const COMPRESSION: u32 = 1 << 1;
    pub const CONSTRAINTS: u32 = 1 << 2;
    pub const DEFAULTS: u32 = 1 << 3;
    pub const GENERATED: u32 = 1 << 4;
    pub const IDENTITY: u32 = 1 << 5;
    pub const INDEXES: u32 = 1 << 6;
    pub const STATISTICS: u32 = 1 << 7;
    pub const STORAGE: u32 = 1 << 8;
    pub const ALL: u32 = 0x7FFF_FFFF;
}

/// A column's definition.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnDef {
    /// Its name.
    pub name: String,
    /// Its type; none for a typed table or a partition.
    pub type_name: Option<TypeName>,
    /// STORAGE (set by ALTER TABLE only in 15's grammar).
    pub storage: Option<String>,
    /// COMPRESSION.
    pub compression: Option<String>,
    /// COLLATE.
    pub collation: Option<CollateClause>,
    /// Constraints in the order written; attributes such as DEFERRABLE are items of their own.
    pub constraints: Vec<Constraint>,
    /// OPTIONS of a foreign table's column.
    pub fdw_options: Vec<DefElem>,
    /// Where its name stands.
    pub pos: Pos,
}

/// COLLATE on a column.
#[derive(Clone, PartialEq, Debug)]
pub struct CollateClause {
    /// The collation.
    pub name: QualifiedName,
    /// Where COLLATE stands.
    pub pos: Pos,
}

/// A column or table constraint.
#[derive(Clone, PartialEq, Debug)]
pub struct Constraint {
    /// Its name, if given.
    pub name: Option<String>,
    /// What it asks.
    pub kind: ConstraintKind,
    /// DEFERRABLE and its kin, for table constraints.
    pub attributes: ConstraintAttributes,
    /// Where it starts.
    pub pos: Pos,
}

/// Attributes of a table constraint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ConstraintAttributes {
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub initially_deferred: bool,
    /// NOT VALID.
    pub not_valid: bool,
    /// NO INHERIT.
    pub no_inherit: bool,
}

/// What a constraint asks.
#[derive(Clone, PartialEq, Debug)]
pub enum ConstraintKind {
    /// NULL.
    Null,
    /// NOT NULL.
    NotNull,
    /// DEFAULT.
    Default(Expr),
    /// GENERATED ... AS IDENTITY (options).
    Identity(GeneratedWhen, Vec<DefElem>),
    /// GENERATED ALWAYS AS (expr) STORED.
    Generated(Expr),
    /// CHECK.
    Check(Expr),
    /// PRIMARY KEY.
    Primary(IndexConstraint),
    /// UNIQUE.
    Unique(IndexConstraint),
    /// EXCLUDE.
    Exclude(Box<ExcludeConstraint>),
    /// FOREIGN KEY, REFERENCES.
    Foreign(Box<ForeignKey>),
    /// DEFERRABLE after a column constraint.
    AttrDeferrable,
    /// NOT DEFERRABLE after a column constraint.
    AttrNotDeferrable,
    /// INITIALLY DEFERRED after a column constraint.
    AttrDeferred,
    /// INITIALLY IMMEDIATE after a column constraint.
    AttrImmediate,
}

/// ALWAYS or BY DEFAULT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum GeneratedWhen {
    Always,
    ByDefault,
}

/// What PRIMARY KEY and UNIQUE share.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IndexConstraint {
    /// The columns; empty for a column constraint.
    pub columns: Vec<String>,
    /// INCLUDE.
    pub including: Vec<String>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// USING INDEX name: an index that exists.
    pub index: Option<String>,
    /// USING INDEX TABLESPACE.
    pub tablespace: Option<String>,
}

/// EXCLUDE.
#[derive(Clone, PartialEq, Debug)]
pub struct ExcludeConstraint {
    /// USING; gist is not filled in.
    pub access_method: Option<String>,
    /// Columns or expressions with their operators.
    pub elements: Vec<(IndexElem, OperatorName)>,
    /// INCLUDE.
    pub including: Vec<String>,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// USING INDEX TABLESPACE.
    pub tablespace: Option<String>,
    /// WHERE.
    pub filter: Option<Expr>,
}

/// A foreign key.
#[derive(Clone, PartialEq, Debug)]
pub struct ForeignKey {
    /// The columns here; empty for a column constraint.
    pub columns: Vec<String>,
    /// The table referenced.
    pub table: RangeVar,
    /// The columns there; empty means its primary key.
    pub referenced: Vec<String>,
    /// MATCH.
    pub match_type: MatchType,
    /// ON UPDATE.
    pub on_update: ForeignKeyAction,
    /// ON DELETE.
    pub on_delete: ForeignKeyAction,
    /// The columns of ON DELETE SET NULL or SET DEFAULT.
    pub on_delete_columns: Vec<String>,
}

/// MATCH of a foreign key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum MatchType {
    #[default]
    Simple,
    Full,
}

/// What a foreign key does when the referenced row changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ForeignKeyAction {
    #[default]
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// PARTITION BY.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionSpec {
    /// list, range or hash, as written.
    pub strategy: String,
    /// The key.
    pub elements: Vec<PartitionElem>,
    /// Where PARTITION stands.
    pub pos: Pos,
}

/// A part of a partition key.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionElem {
    /// A column, or an expression.
    pub key: IndexKey,
    /// COLLATE.
    pub collation: Option<QualifiedName>,
    /// The operator class.
    pub opclass: Option<QualifiedName>,
    /// Where it stands.
    pub pos: Pos,
}

/// FOR VALUES.
#[derive(Clone, PartialEq, Debug)]
pub struct PartitionBound {
    /// Which.
    pub kind: PartitionBoundKind,
    /// Where it stands.
    pub pos: Pos,
}

/// The kinds of partition bound.
#[derive(Clone, PartialEq, Debug)]
pub enum PartitionBoundKind {
    /// DEFAULT.
    Default,
    /// WITH (MODULUS, REMAINDER).
    Hash {
        /// MODULUS.
        modulus: i32,
        /// REMAINDER.
        remainder: i32,
    },
    /// IN (...).
    List(Vec<Expr>),
    /// FROM (...) TO (...); MINVALUE and MAXVALUE are column references.
    Range(Vec<Expr>, Vec<Expr>),
}

/// ON COMMIT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum OnCommit {
    #[default]
    Noop,
    PreserveRows,
    DeleteRows,
    Drop,
}

/// Where SELECT INTO, CREATE TABLE AS and CREATE MATERIALIZED VIEW put rows.
#[derive(Clone, PartialEq, Debug)]
pub struct IntoClause {
    /// The new relation.
    pub relation: RangeVar,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// USING.
    pub access_method: Option<String>,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// ON COMMIT.
    pub on_commit: OnCommit,
    /// TABLESPACE.
    pub tablespace: Option<String>,
    /// WITH NO DATA.
    pub skip_data: bool,
}

/// CREATE TABLE AS and CREATE MATERIALIZED VIEW.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTableAsStmt {
    /// SELECT or EXECUTE.
    pub query: Box<Statement>,
    /// The target.
    pub into: IntoClause,
    /// MATERIALIZED VIEW.
    pub materialized_view: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// It was written SELECT INTO.
    pub select_into: bool,
}

/// REFRESH MATERIALIZED VIEW.
#[derive(Clone, PartialEq, Debug)]
pub struct RefreshMatViewStmt {
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// The view.
    pub relation: RangeVar,
    /// WITH NO DATA.
    pub skip_data: bool,
}

/// ALTER TABLE, INDEX, SEQUENCE, VIEW, MATERIALIZED VIEW, FOREIGN TABLE, and of a composite TYPE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTableStmt {
    /// The relation.
    pub relation: RangeVar,
    /// The changes.
    pub commands: Vec<AlterTableCmd>,
    /// Which word was written.
    pub object_type: ObjectType,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// One change of ALTER TABLE.
#[derive(Clone, PartialEq, Debug)]
pub enum AlterTableCmd {
    /// ADD \[COLUMN\], ADD ATTRIBUTE.
    AddColumn {
        /// The column.
        column: Box<ColumnDef>,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// CASCADE, of ADD ATTRIBUTE.
        behavior: DropBehavior,
    },
    /// ALTER COLUMN SET DEFAULT, or DROP DEFAULT.
    ColumnDefault(String, Option<Expr>),
    /// ALTER COLUMN DROP NOT NULL.
    DropNotNull(String),
    /// ALTER COLUMN SET NOT NULL.
    SetNotNull(String),
    /// ALTER COLUMN DROP EXPRESSION; true with IF EXISTS.
    DropExpression(String, bool),
    /// ALTER COLUMN SET STATISTICS.
    SetStatistics(ColumnKey, i32),
    /// ALTER COLUMN SET (...).
    SetOptions(String, Vec<DefElem>),
    /// ALTER COLUMN RESET (...).
    ResetOptions(String, Vec<DefElem>),
    /// ALTER COLUMN SET STORAGE.
    SetStorage(String, String),
    /// ALTER COLUMN SET COMPRESSION; none is DEFAULT, which is kept as the word.
    SetCompression(String, String),
    /// ALTER COLUMN ADD GENERATED.
    AddIdentity(String, Box<Constraint>),
    /// ALTER COLUMN SET GENERATED, SET sequence option, RESTART.
    SetIdentity(String, Vec<DefElem>),
    /// ALTER COLUMN DROP IDENTITY; true with IF EXISTS.
    DropIdentity(String, bool),
    /// DROP \[COLUMN\], DROP ATTRIBUTE.
    DropColumn {
        /// The column.
        name: String,
        /// IF EXISTS.
        if_exists: bool,
        /// CASCADE.
        behavior: DropBehavior,
    },
    /// ALTER COLUMN TYPE, ALTER ATTRIBUTE TYPE.
    AlterColumnType(Box<AlterColumnType>),
    /// ALTER COLUMN OPTIONS (...).
    AlterColumnGenericOptions(String, Vec<DefElem>),
    /// ADD constraint.
    AddConstraint(Box<Constraint>),
    /// ALTER CONSTRAINT.
    AlterConstraint(Box<Constraint>),
    /// VALIDATE CONSTRAINT.
    ValidateConstraint(String),
    /// DROP CONSTRAINT.
    DropConstraint {
        /// The constraint.
        name: String,
        /// IF EXISTS.
        if_exists: bool,
        /// CASCADE.
        behavior: DropBehavior,
    },
    /// SET WITHOUT OIDS.
    DropOids,
    /// CLUSTER ON.
    ClusterOn(String),
    /// SET WITHOUT CLUSTER.
    DropCluster,
    /// SET LOGGED.
    SetLogged,
    /// SET UNLOGGED.
    SetUnlogged,
    /// ENABLE or DISABLE TRIGGER.
    Trigger(TriggerFiring, TriggerTarget),
    /// ENABLE or DISABLE RULE.
    Rule(TriggerFiring, String),
    /// INHERIT.
    AddInherit(RangeVar),
    /// NO INHERIT.
    DropInherit(RangeVar),
    /// OF type.
    AddOf(TypeName),
    /// NOT OF.
    DropOf,
    /// OWNER TO.
    ChangeOwner(RoleSpec),
    /// SET TABLESPACE.
    SetTablespace(String),
    /// SET (...).
    SetRelOptions(Vec<DefElem>),
    /// RESET (...).
    ResetRelOptions(Vec<DefElem>),
    /// SET ACCESS METHOD.
    SetAccessMethod(String),
    /// REPLICA IDENTITY.
    ReplicaIdentity(ReplicaIdentity),
    /// ENABLE ROW LEVEL SECURITY.
    EnableRowSecurity,
    /// DISABLE ROW LEVEL SECURITY.
    DisableRowSecurity,
    /// FORCE ROW LEVEL SECURITY.
    ForceRowSecurity,
    /// NO FORCE ROW LEVEL SECURITY.
    NoForceRowSecurity,
    /// OPTIONS (...).
    GenericOptions(Vec<DefElem>),
    /// ATTACH PARTITION; an index has no bound.
    AttachPartition(RangeVar, Option<PartitionBound>),
    /// DETACH PARTITION.
    DetachPartition {
        /// The partition.
        name: RangeVar,
        /// CONCURRENTLY.
        concurrently: bool,
    },
    /// DETACH PARTITION ... FINALIZE.
    DetachPartitionFinalize(RangeVar),
}

/// A column by name, or an index's column by number.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ColumnKey {
    Name(String),
    Number(i16),
}

/// ALTER COLUMN TYPE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterColumnType {
    /// The column.
    pub name: String,
    /// Its new type.
    pub type_name: TypeName,
    /// COLLATE.
    pub collation: Option<CollateClause>,
    /// USING.
    pub using: Option<Expr>,
    /// CASCADE, of ALTER ATTRIBUTE.
    pub behavior: DropBehavior,
    /// Where the column's name stands.
    pub pos: Pos,
}

/// When a trigger or rule fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum TriggerFiring {
    Enable,
    Always,
    Replica,
    Disable,
}

/// Which triggers.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum TriggerTarget {
    Name(String),
    All,
    User,
}

/// REPLICA IDENTITY.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ReplicaIdentity {
    Default,
    Nothing,
    Full,
    Index(String),
}

/// ALTER TABLE ALL IN TABLESPACE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTableMoveAllStmt {
    /// From where.
    pub from: String,
    /// Table, Index or MaterializedView.
    pub object_type: ObjectType,
    /// OWNED BY.
    pub roles: Vec<RoleSpec>,
    /// To where.
    pub to: String,
    /// NOWAIT.
    pub nowait: bool,
}

/// CREATE INDEX.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexStmt {
    /// Its name; none means one is made up.
    pub name: Option<String>,
    /// The table.
    pub relation: RangeVar,
    /// UNIQUE.
    pub unique: bool,
    /// CONCURRENTLY.
    pub concurrently: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// USING; btree is not filled in.
    pub access_method: Option<String>,
    /// The key.
    pub elements: Vec<IndexElem>,
    /// INCLUDE.
    pub including: Vec<IndexElem>,
    /// NULLS NOT DISTINCT.
    pub nulls_not_distinct: bool,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// TABLESPACE.
    pub tablespace: Option<String>,
    /// WHERE.
    pub filter: Option<Expr>,
}

/// A column or expression of an index.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexElem {
    /// What is indexed.
    pub key: IndexKey,
    /// COLLATE.
    pub collation: Option<QualifiedName>,
    /// The operator class.
    pub opclass: Option<QualifiedName>,
    /// The operator class's options.
    pub opclass_options: Vec<DefElem>,
    /// ASC, DESC; never USING.
    pub direction: SortDirection,
    /// NULLS FIRST, LAST.
    pub nulls: NullsOrder,
}

/// A column, or an expression.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum IndexKey {
    Column(String),
    Expr(Expr),
}

/// CREATE VIEW.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewStmt {
    /// The view; its persistence is set.
    pub view: RangeVar,
    /// Its columns' names.
    pub columns: Vec<String>,
    /// The query; that of CREATE RECURSIVE VIEW is already `WITH RECURSIVE v (...) AS (...) SELECT ... FROM v`.
    pub query: Box<SelectStmt>,
    /// OR REPLACE.
    pub or_replace: bool,
    /// WITH (...).
    pub options: Vec<DefElem>,
    /// WITH CHECK OPTION.
    pub check_option: CheckOption,
}

/// WITH CHECK OPTION.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum CheckOption {
    #[default]
    None,
    Local,
    Cascaded,
}

/// CREATE SEQUENCE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateSeqStmt {
    /// The sequence; its persistence is set.
    pub sequence: RangeVar,
    /// Its options.
    pub options: Vec<DefElem>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
}

/// ALTER SEQUENCE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterSeqStmt {
    /// The sequence.
    pub sequence: RangeVar,
    /// Its options.
    pub options: Vec<DefElem>,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// CREATE STATISTICS.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateStatsStmt {
    /// Its name.
    pub name: QualifiedName,
    /// The kinds asked for; empty means all.
    pub kinds: Vec<String>,
    /// Columns and expressions.
    pub exprs: Vec<IndexKey>,
    /// FROM.
    pub relations: Vec<super::TableRef>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
}

/// ALTER STATISTICS ... SET STATISTICS.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterStatsStmt {
    /// Its name.
    pub name: QualifiedName,
    /// The target.
    pub target: i32,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// CREATE TRIGGER.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTrigStmt {
    /// OR REPLACE.
    pub or_replace: bool,
    /// CONSTRAINT.
    pub constraint: bool,
    /// Its name.
    pub name: String,
    /// The table.
    pub relation: RangeVar,
    /// The function.
    pub function: QualifiedName,
    /// Its arguments, all strings.
    pub args: Vec<String>,
    /// FOR EACH ROW.
    pub row: bool,
    /// BEFORE, AFTER, INSTEAD OF.
    pub timing: TriggerTiming,
    /// INSERT, DELETE, UPDATE, TRUNCATE.
    pub events: TriggerEvents,
    /// UPDATE OF.
    pub columns: Vec<String>,
    /// WHEN.
    pub when: Option<Expr>,
    /// REFERENCING.
    pub transitions: Vec<TriggerTransition>,
    /// DEFERRABLE.
    pub deferrable: bool,
    /// INITIALLY DEFERRED.
    pub initially_deferred: bool,
    /// FROM, of a constraint trigger.
    pub constraint_table: Option<RangeVar>,
}

/// When a trigger fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

/// On what a trigger fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub struct TriggerEvents {
    pub insert: bool,
    pub delete: bool,
    pub update: bool,
    pub truncate: bool,
}

/// An item of REFERENCING.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TriggerTransition {
    /// The name given.
    pub name: String,
    /// NEW rather than OLD.
    pub is_new: bool,
    /// TABLE rather than ROW.
    pub is_table: bool,
}

/// CREATE RULE.
#[derive(Clone, PartialEq, Debug)]
pub struct RuleStmt {
    /// OR REPLACE.
    pub or_replace: bool,
    /// Its name.
    pub name: String,
    /// The relation.
    pub relation: RangeVar,
    /// ON.
    pub event: RuleEvent,
    /// WHERE.
    pub filter: Option<Expr>,
    /// INSTEAD.
    pub instead: bool,
    /// The actions; empty is NOTHING.
    pub actions: Vec<Statement>,
}

/// On what a rule fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum RuleEvent {
    Select,
    Update,
    Delete,
    Insert,
}

/// CREATE POLICY.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatePolicyStmt {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: RangeVar,
    /// FOR: all, select, insert, update, delete.
    pub command: PolicyCommand,
    /// PERMISSIVE.
    pub permissive: bool,
    /// TO; PUBLIC if not said.
    pub roles: Vec<RoleSpec>,
    /// USING.
    pub using: Option<Expr>,
    /// WITH CHECK.
    pub with_check: Option<Expr>,
}

/// To which commands a policy applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum PolicyCommand {
    All,
    Select,
    Insert,
    Update,
    Delete,
}

/// ALTER POLICY.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterPolicyStmt {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: RangeVar,
    /// TO; empty if not said.
    pub roles: Vec<RoleSpec>,
    /// USING.
    pub using: Option<Expr>,
    /// WITH CHECK.
    pub with_check: Option<Expr>,
}
