//! The tree that the parser makes: what was written, nothing resolved.
//!
//! It follows PostgreSQL's raw parse tree in what it distinguishes (so that analysis can follow PostgreSQL's), but each
//! node has its own type. Two trees are equal when they say the same thing: positions never count ([`Pos`]).
//!
//! - [`expr`]: expressions, types, function calls, windows
//! - [`query`]: SELECT, INSERT, UPDATE, DELETE, MERGE and what stands in FROM
//! - [`table`]: CREATE and ALTER of tables, indexes, sequences, views, constraints, partitions
//! - [`object`]: every other object: functions, types, operators, roles, privileges, foreign data, publications ...
//! - [`utility`]: transactions, settings, cursors, COPY, EXPLAIN, VACUUM and the like

pub mod expr;
pub mod object;
pub mod query;
pub mod table;
pub mod utility;

pub use expr::*;
pub use object::*;
pub use query::*;
pub use table::*;
pub use utility::*;

/// Where a node stands in the statement's text: a byte offset, or nowhere.
///
/// Equality ignores positions: any two are equal, so that derived `PartialEq` compares trees by meaning.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Pos(pub u32);

impl PartialEq for Pos {
    fn eq(&self, _: &Pos) -> bool {
        true
    }
}

impl Pos {
    /// Not in the text.
    pub const NONE: Pos = Pos(u32::MAX);

    /// Whether it is in the text.
    pub fn is_some(self) -> bool {
        self.0 != u32::MAX
    }

    /// The 1-based character position in `text` that error messages carry, if there is one.
    pub fn characters(self, text: &str) -> Option<u32> {
        if !self.is_some() {
            return None;
        }
        let end = (self.0 as usize).min(text.len());
        let starts = text.as_bytes()[..end].iter().filter(|b| (**b as i8) >= -0x40).count();
        Some(starts as u32 + 1)
    }

    /// The one further left; a position that is nowhere does not count.
    pub fn leftmost(self, other: Pos) -> Pos {
        Pos(self.0.min(other.0))
    }
}

/// One statement of a query string, with the bytes that it spans.
#[derive(Clone, PartialEq, Debug)]
pub struct RawStatement {
    /// The statement.
    pub stmt: Statement,
    /// Offset of its first byte, white space before it included.
    pub start: u32,
    /// Bytes that it spans, without the semicolon; 0 for "to the end of the string".
    pub len: u32,
}

impl RawStatement {
    /// Its text within the query string, without white space around it.
    pub fn text<'a>(&self, query: &'a str) -> &'a str {
        let start = self.start as usize;
        let end = if self.len == 0 { query.len() } else { start + self.len as usize };
        query[start..end].trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
    }
}

/// A possibly qualified name: `name`, `schema.name`, `catalog.schema.name` or longer; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QualifiedName {
    /// The parts, outermost first.
    pub parts: Vec<String>,
    /// Where it starts.
    pub pos: Pos,
}

impl QualifiedName {
    /// A name of one part.
    pub fn single(name: impl Into<String>, pos: Pos) -> QualifiedName {
        QualifiedName { parts: vec![name.into()], pos }
    }

    /// A name in pg_catalog.
    pub fn system(name: impl Into<String>, pos: Pos) -> QualifiedName {
        QualifiedName { parts: vec!["pg_catalog".to_owned(), name.into()], pos }
    }

    /// The last part.
    pub fn last(&self) -> &str {
        self.parts.last().expect("a name has a part")
    }

    /// All parts but the last.
    pub fn qualifiers(&self) -> &[String] {
        &self.parts[..self.parts.len() - 1]
    }

    /// The parts joined by dots, not quoted, as PostgreSQL's messages print them.
    pub fn dotted(&self) -> String {
        self.parts.join(".")
    }
}

/// An operator's name: `+` or `OPERATOR(schema.+)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorName {
    /// The qualifiers, outermost first; empty for a bare operator.
    pub schema: Vec<String>,
    /// The symbol.
    pub name: String,
}

impl OperatorName {
    /// An unqualified operator.
    pub fn bare(name: impl Into<String>) -> OperatorName {
        OperatorName { schema: Vec::new(), name: name.into() }
    }

    /// The parts joined by dots, as PostgreSQL's messages print them.
    pub fn dotted(&self) -> String {
        let mut text = String::new();
        for part in &self.schema {
            text.push_str(part);
            text.push('.');
        }
        text + &self.name
    }
}

/// A name for a table expression and perhaps its columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// The table's new name.
    pub name: String,
    /// The columns' new names; may be fewer than the columns.
    pub columns: Vec<String>,
}

/// A role: by name or by keyword.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoleSpec {
    /// Which role.
    pub role: Role,
    /// Where it was written.
    pub pos: Pos,
}

/// How a role was named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// By its name.
    Name(String),
    /// CURRENT_ROLE.
    CurrentRole,
    /// CURRENT_USER.
    CurrentUser,
    /// SESSION_USER.
    SessionUser,
    /// PUBLIC, where that is allowed.
    Public,
}

/// `name [=] value` in one of the many option lists of DDL.
#[derive(Clone, PartialEq, Debug)]
pub struct DefElem {
    /// The qualifier, as in `toast.autovacuum_enabled`.
    pub namespace: Option<String>,
    /// The option's name, as PostgreSQL's parser calls it (`"connectionlimit"` for CONNECTION LIMIT).
    pub name: String,
    /// Its value, if one was written.
    pub arg: Option<DefArg>,
    /// For lists that change options: SET, ADD, DROP.
    pub action: DefAction,
    /// Where it was written.
    pub pos: Pos,
}

/// What is to be done with an option of a foreign-data object.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DefAction {
    /// Not said.
    #[default]
    Unspecified,
    /// SET.
    Set,
    /// ADD.
    Add,
    /// DROP.
    Drop,
}

/// An option's value.
#[derive(Clone, PartialEq, Debug)]
pub enum DefArg {
    /// A word or a quoted string.
    String(String),
    /// An integer of at most 32 bits.
    Integer(i32),
    /// Any other number, as text.
    Float(String),
    /// A truth value that the grammar itself made (INHERIT, FREEZE).
    Boolean(bool),
    /// `*`.
    Star,
    /// A list of names or strings.
    List(Vec<String>),
    /// A qualified name.
    Name(QualifiedName),
    /// A type, or a bare word that could be one.
    Type(Box<TypeName>),
    /// An operator.
    Operator(OperatorName),
    /// Roles.
    Roles(Vec<RoleSpec>),
    /// NONE.
    None,
    /// An expression.
    Expr(Box<Expr>),
    /// SET or RESET of a setting.
    Set(Box<VariableSetStmt>),
    /// Options in parentheses.
    Options(Vec<DefElem>),
}

/// What to do with what depends on a dropped thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DropBehavior {
    /// Refuse; the default.
    #[default]
    Restrict,
    /// Drop it too.
    Cascade,
}

/// The kinds of object that DDL can name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "the names are PostgreSQL's own")]
pub enum ObjectType {
    AccessMethod,
    Aggregate,
    Attribute,
    Cast,
    Column,
    Collation,
    Conversion,
    Database,
    Domain,
    DomainConstraint,
    EventTrigger,
    Extension,
    ForeignDataWrapper,
    ForeignServer,
    ForeignTable,
    Function,
    Index,
    Language,
    LargeObject,
    MaterializedView,
    OperatorClass,
    Operator,
    OperatorFamily,
    ParameterAcl,
    Policy,
    Procedure,
    Publication,
    Role,
    Routine,
    Rule,
    Schema,
    Sequence,
    Subscription,
    Statistics,
    TableConstraint,
    Table,
    Tablespace,
    Transform,
    Trigger,
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
    Type,
    UserMapping,
    View,
}

/// Any statement.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "each variant is named after the node that it holds")]
pub enum Statement {
    // Queries
    Select(Box<SelectStmt>),
    Insert(Box<InsertStmt>),
    Update(Box<UpdateStmt>),
    Delete(Box<DeleteStmt>),
    Merge(Box<MergeStmt>),
    // Transactions, sessions, cursors
    Transaction(Box<TransactionStmt>),
    VariableSet(Box<VariableSetStmt>),
    VariableShow(Box<VariableShowStmt>),
    ConstraintsSet(Box<ConstraintsSetStmt>),
    Discard(DiscardTarget),
    Prepare(Box<PrepareStmt>),
    Execute(Box<ExecuteStmt>),
    Deallocate(Box<DeallocateStmt>),
    DeclareCursor(Box<DeclareCursorStmt>),
    Fetch(Box<FetchStmt>),
    ClosePortal(Box<ClosePortalStmt>),
    Listen(Box<ListenStmt>),
    Unlisten(Box<UnlistenStmt>),
    Notify(Box<NotifyStmt>),
    Lock(Box<LockStmt>),
    Explain(Box<ExplainStmt>),
    Copy(Box<CopyStmt>),
    Call(Box<CallStmt>),
    Do(Box<DoStmt>),
    Load(Box<LoadStmt>),
    Checkpoint,
    Return(Box<ReturnStmt>),
    PlAssign(Box<PlAssignStmt>),
    // Maintenance
    Vacuum(Box<VacuumStmt>),
    Cluster(Box<ClusterStmt>),
    Reindex(Box<ReindexStmt>),
    Truncate(Box<TruncateStmt>),
    // Tables and what belongs to them
    CreateTable(Box<CreateTableStmt>),
    CreateTableAs(Box<CreateTableAsStmt>),
    RefreshMatView(Box<RefreshMatViewStmt>),
    AlterTable(Box<AlterTableStmt>),
    AlterTableMoveAll(Box<AlterTableMoveAllStmt>),
    CreateIndex(Box<IndexStmt>),
    CreateView(Box<ViewStmt>),
    CreateSequence(Box<CreateSeqStmt>),
    AlterSequence(Box<AlterSeqStmt>),
    CreateStatistics(Box<CreateStatsStmt>),
    AlterStatistics(Box<AlterStatsStmt>),
    CreateTrigger(Box<CreateTrigStmt>),
    CreateRule(Box<RuleStmt>),
    CreatePolicy(Box<CreatePolicyStmt>),
    AlterPolicy(Box<AlterPolicyStmt>),
    // Any object
    Drop(Box<DropStmt>),
    Comment(Box<CommentStmt>),
    SecLabel(Box<SecLabelStmt>),
    Rename(Box<RenameStmt>),
    AlterObjectSchema(Box<AlterObjectSchemaStmt>),
    AlterOwner(Box<AlterOwnerStmt>),
    AlterObjectDepends(Box<AlterObjectDependsStmt>),
    // Functions, types, operators
    CreateFunction(Box<CreateFunctionStmt>),
    AlterFunction(Box<AlterFunctionStmt>),
    Define(Box<DefineStmt>),
    CreateCompositeType(Box<CompositeTypeStmt>),
    CreateEnum(Box<CreateEnumStmt>),
    CreateRange(Box<CreateRangeStmt>),
    CreateDomain(Box<CreateDomainStmt>),
    AlterDomain(Box<AlterDomainStmt>),
    AlterEnum(Box<AlterEnumStmt>),
    AlterType(Box<AlterTypeStmt>),
    AlterOperator(Box<AlterOperatorStmt>),
    AlterCollation(Box<AlterCollationStmt>),
    CreateCast(Box<CreateCastStmt>),
    CreateTransform(Box<CreateTransformStmt>),
    CreateConversion(Box<CreateConversionStmt>),
    CreateOpClass(Box<CreateOpClassStmt>),
    CreateOpFamily(Box<CreateOpFamilyStmt>),
    AlterOpFamily(Box<AlterOpFamilyStmt>),
    CreateAccessMethod(Box<CreateAmStmt>),
    CreateLanguage(Box<CreatePLangStmt>),
    AlterTsDictionary(Box<AlterTsDictionaryStmt>),
    AlterTsConfiguration(Box<AlterTsConfigurationStmt>),
    CreateEventTrigger(Box<CreateEventTrigStmt>),
    AlterEventTrigger(Box<AlterEventTrigStmt>),
    CreateExtension(Box<CreateExtensionStmt>),
    AlterExtension(Box<AlterExtensionStmt>),
    AlterExtensionContents(Box<AlterExtensionContentsStmt>),
    // Schemas, databases, tablespaces, roles, privileges
    CreateSchema(Box<CreateSchemaStmt>),
    CreateDatabase(Box<CreateDatabaseStmt>),
    AlterDatabase(Box<AlterDatabaseStmt>),
    AlterDatabaseRefreshCollation(Box<AlterDatabaseRefreshCollStmt>),
    AlterDatabaseSet(Box<AlterDatabaseSetStmt>),
    DropDatabase(Box<DropDatabaseStmt>),
    CreateTablespace(Box<CreateTablespaceStmt>),
    AlterTablespaceOptions(Box<AlterTablespaceOptionsStmt>),
    DropTablespace(Box<DropTablespaceStmt>),
    AlterSystem(Box<AlterSystemStmt>),
    CreateRole(Box<CreateRoleStmt>),
    AlterRole(Box<AlterRoleStmt>),
    AlterRoleSet(Box<AlterRoleSetStmt>),
    DropRole(Box<DropRoleStmt>),
    Grant(Box<GrantStmt>),
    GrantRole(Box<GrantRoleStmt>),
    AlterDefaultPrivileges(Box<AlterDefaultPrivilegesStmt>),
    DropOwned(Box<DropOwnedStmt>),
    ReassignOwned(Box<ReassignOwnedStmt>),
    // Foreign data and replication
    CreateFdw(Box<CreateFdwStmt>),
    AlterFdw(Box<AlterFdwStmt>),
    CreateForeignServer(Box<CreateForeignServerStmt>),
    AlterForeignServer(Box<AlterForeignServerStmt>),
    CreateUserMapping(Box<CreateUserMappingStmt>),
    AlterUserMapping(Box<AlterUserMappingStmt>),
    DropUserMapping(Box<DropUserMappingStmt>),
    ImportForeignSchema(Box<ImportForeignSchemaStmt>),
    CreatePublication(Box<CreatePublicationStmt>),
    AlterPublication(Box<AlterPublicationStmt>),
    CreateSubscription(Box<CreateSubscriptionStmt>),
    AlterSubscription(Box<AlterSubscriptionStmt>),
    DropSubscription(Box<DropSubscriptionStmt>),
}
