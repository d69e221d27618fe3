//! Objects other than relations: functions, types, operators, roles, privileges, databases, foreign data, publications,
//! and the statements that work on any object (DROP, COMMENT, RENAME ...).

use super::{
    CollateClause, Constraint, DefElem, DropBehavior, Expr, ObjectType, Pos, QualifiedName, RangeVar, RoleSpec,
    Statement, TypeName, VariableSetStmt,
};

/// An object of any kind, by name.
#[derive(Clone, PartialEq, Debug)]
pub enum ObjectName {
    /// An unqualified name: role, schema, database, extension, ...; for settings (parameter privileges) the dotted name.
    Name(String),
    /// A possibly qualified name; of a column, the column is the last part.
    Qualified(QualifiedName),
    /// A relation where ONLY or `*` may be written.
    Relation(RangeVar),
    /// A type or domain.
    Type(TypeName),
    /// A function, procedure, routine, aggregate or operator.
    Callable(ObjectWithArgs),
    /// A trigger, rule, policy or table constraint, and its relation.
    OnRelation(String, QualifiedName),
    /// A domain's constraint.
    OnDomain(String, TypeName),
    /// An operator class or family and its access method.
    ByMethod(QualifiedName, String),
    /// A cast, from and to.
    Cast(TypeName, TypeName),
    /// A transform's type and language.
    Transform(TypeName, String),
    /// A large object's number, as written.
    LargeObject(String),
    /// A user mapping: role and server.
    UserMapping(RoleSpec, String),
}

/// A function or operator with its argument types.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectWithArgs {
    /// Its name; an operator's symbol is the last part.
    pub name: QualifiedName,
    /// The input argument types; none within an operator's pair is NONE. Of an aggregate, direct ones then aggregated ones.
    pub args: Vec<Option<TypeName>>,
    /// All parameters as they were written, of a function or procedure.
    pub parameters: Vec<FunctionParameter>,
    /// No argument list was written.
    pub args_unspecified: bool,
    /// An aggregate was written with `(direct ORDER BY aggregated)`: how many are direct.
    pub direct_args: Option<u32>,
}

/// DROP of most objects. One statement drops several objects of one kind.
#[derive(Clone, PartialEq, Debug)]
pub struct DropStmt {
    /// Their kind.
    pub object_type: ObjectType,
    /// The objects.
    pub objects: Vec<ObjectName>,
    /// IF EXISTS.
    pub if_exists: bool,
    /// CASCADE.
    pub behavior: DropBehavior,
    /// CONCURRENTLY, of an index.
    pub concurrently: bool,
}

/// COMMENT ON.
#[derive(Clone, PartialEq, Debug)]
pub struct CommentStmt {
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
    /// The text; none removes it.
    pub comment: Option<String>,
}

/// SECURITY LABEL.
#[derive(Clone, PartialEq, Debug)]
pub struct SecLabelStmt {
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
    /// FOR provider.
    pub provider: Option<String>,
    /// The label; none removes it.
    pub label: Option<String>,
}

/// ALTER ... RENAME.
#[derive(Clone, PartialEq, Debug)]
pub struct RenameStmt {
    /// What is renamed.
    pub rename_type: ObjectType,
    /// For a column or attribute, the kind of relation that was written.
    pub relation_type: Option<ObjectType>,
    /// The object, or the one that holds what is renamed.
    pub object: ObjectName,
    /// The column, attribute, constraint, trigger, rule or policy in it.
    pub sub_name: Option<String>,
    /// Its new name.
    pub new_name: String,
    /// CASCADE, of an attribute.
    pub behavior: DropBehavior,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// ALTER ... SET SCHEMA.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterObjectSchemaStmt {
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
    /// Its new schema.
    pub new_schema: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// ALTER ... OWNER TO, where it is not a form of ALTER TABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterOwnerStmt {
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
    /// Its new owner.
    pub new_owner: RoleSpec,
}

/// ALTER ... \[NO\] DEPENDS ON EXTENSION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterObjectDependsStmt {
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
    /// The extension.
    pub extension: String,
    /// NO DEPENDS.
    pub remove: bool,
}

/// CREATE FUNCTION, CREATE PROCEDURE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateFunctionStmt {
    /// PROCEDURE.
    pub procedure: bool,
    /// OR REPLACE.
    pub or_replace: bool,
    /// Its name.
    pub name: QualifiedName,
    /// Its parameters; the columns of RETURNS TABLE are the last of them.
    pub parameters: Vec<FunctionParameter>,
    /// RETURNS; of RETURNS TABLE, SETOF record or of the one column's type.
    pub returns: Option<TypeName>,
    /// `as`, `language`, `volatility`, `strict`, `cost` ... in the order written. `as` is a list of one or two strings.
    pub options: Vec<DefElem>,
    /// RETURN expression, or BEGIN ATOMIC ... END.
    pub body: Option<RoutineBody>,
}

/// A body in SQL.
#[derive(Clone, PartialEq, Debug)]
pub enum RoutineBody {
    /// RETURN.
    Return(Expr),
    /// BEGIN ATOMIC.
    Atomic(Vec<Statement>),
}

/// A parameter of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct FunctionParameter {
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub type_name: TypeName,
    /// IN, OUT, ...
    pub mode: ParameterMode,
    /// DEFAULT.
    pub default: Option<Expr>,
}

/// A parameter's mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ParameterMode {
    /// Not said, which means IN.
    #[default]
    Default,
    In,
    Out,
    InOut,
    Variadic,
    /// A column of RETURNS TABLE.
    Table,
}

/// ALTER FUNCTION, PROCEDURE, ROUTINE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterFunctionStmt {
    /// Function, Procedure or Routine.
    pub object_type: ObjectType,
    /// Which.
    pub function: ObjectWithArgs,
    /// The options to change.
    pub actions: Vec<DefElem>,
}

/// CREATE AGGREGATE, OPERATOR, TYPE (base or shell), TEXT SEARCH ..., COLLATION.
#[derive(Clone, PartialEq, Debug)]
pub struct DefineStmt {
    /// Which.
    pub object_type: ObjectType,
    /// CREATE AGGREGATE in the style with a BASETYPE option.
    pub old_style: bool,
    /// Its name; an operator's symbol is the last part.
    pub name: QualifiedName,
    /// An aggregate's parameters; none with the old style, and for `(*)` an empty list.
    pub args: Option<AggregateArgs>,
    /// The options.
    pub definition: Vec<DefElem>,
    /// IF NOT EXISTS, of a collation.
    pub if_not_exists: bool,
    /// OR REPLACE, of an aggregate.
    pub or_replace: bool,
    /// COLLATION name FROM this.
    pub from: Option<QualifiedName>,
}

/// An aggregate's parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct AggregateArgs {
    /// All parameters; empty for `(*)`.
    pub parameters: Vec<FunctionParameter>,
    /// With ORDER BY inside: how many stand before it.
    pub direct: Option<u32>,
}

/// CREATE TYPE ... AS (attributes).
#[derive(Clone, PartialEq, Debug)]
pub struct CompositeTypeStmt {
    /// Its name.
    pub name: RangeVar,
    /// Its attributes.
    pub columns: Vec<super::ColumnDefinition>,
}

/// CREATE TYPE ... AS ENUM.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateEnumStmt {
    /// Its name.
    pub name: QualifiedName,
    /// Its labels.
    pub labels: Vec<String>,
}

/// CREATE TYPE ... AS RANGE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateRangeStmt {
    /// Its name.
    pub name: QualifiedName,
    /// Its options.
    pub options: Vec<DefElem>,
}

/// CREATE DOMAIN.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateDomainStmt {
    /// Its name.
    pub name: QualifiedName,
    /// Its base type.
    pub type_name: TypeName,
    /// COLLATE.
    pub collation: Option<CollateClause>,
    /// Its constraints.
    pub constraints: Vec<Constraint>,
}

/// ALTER DOMAIN.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterDomainStmt {
    /// Its name.
    pub name: QualifiedName,
    /// What changes.
    pub action: AlterDomainAction,
}

/// What ALTER DOMAIN changes.
#[derive(Clone, PartialEq, Debug)]
pub enum AlterDomainAction {
    /// SET DEFAULT, or DROP DEFAULT.
    Default(Option<Expr>),
    /// DROP NOT NULL.
    DropNotNull,
    /// SET NOT NULL.
    SetNotNull,
    /// ADD constraint.
    AddConstraint(Box<Constraint>),
    /// DROP CONSTRAINT.
    DropConstraint {
        /// The constraint.
        name: String,
        /// IF EXISTS.
        if_exists: bool,
        /// CASCADE.
        behavior: DropBehavior,
    },
    /// VALIDATE CONSTRAINT.
    ValidateConstraint(String),
}

/// ALTER TYPE of an enum: ADD VALUE, RENAME VALUE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterEnumStmt {
    /// Its name.
    pub name: QualifiedName,
    /// What changes.
    pub action: AlterEnumAction,
}

/// What ALTER TYPE changes in an enum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AlterEnumAction {
    /// ADD VALUE.
    Add {
        /// The label.
        label: String,
        /// IF NOT EXISTS.
        if_not_exists: bool,
        /// BEFORE or AFTER (true) which label.
        neighbor: Option<(String, bool)>,
    },
    /// RENAME VALUE.
    Rename(String, String),
}

/// ALTER TYPE ... SET (...).
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTypeStmt {
    /// Its name.
    pub name: QualifiedName,
    /// The options.
    pub options: Vec<DefElem>,
}

/// ALTER OPERATOR ... SET (...).
#[derive(Clone, PartialEq, Debug)]
pub struct AlterOperatorStmt {
    /// Which.
    pub operator: ObjectWithArgs,
    /// The options.
    pub options: Vec<DefElem>,
}

/// ALTER COLLATION ... REFRESH VERSION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterCollationStmt {
    /// Its name.
    pub name: QualifiedName,
}

/// CREATE CAST.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateCastStmt {
    /// From.
    pub source: TypeName,
    /// To.
    pub target: TypeName,
    /// How.
    pub method: CastMethod,
    /// When.
    pub context: CastContext,
}

/// How a cast is done.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum CastMethod {
    Function(ObjectWithArgs),
    WithoutFunction,
    InOut,
}

/// When a cast is applied unasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum CastContext {
    Implicit,
    Assignment,
    Explicit,
}

/// CREATE TRANSFORM.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTransformStmt {
    /// OR REPLACE.
    pub or_replace: bool,
    /// The type.
    pub type_name: TypeName,
    /// The language.
    pub language: String,
    /// FROM SQL.
    pub from_sql: Option<ObjectWithArgs>,
    /// TO SQL.
    pub to_sql: Option<ObjectWithArgs>,
}

/// CREATE CONVERSION.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateConversionStmt {
    /// Its name.
    pub name: QualifiedName,
    /// FOR.
    pub for_encoding: String,
    /// TO.
    pub to_encoding: String,
    /// FROM.
    pub function: QualifiedName,
    /// DEFAULT.
    pub default: bool,
}

/// CREATE OPERATOR CLASS.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateOpClassStmt {
    /// Its name.
    pub name: QualifiedName,
    /// FAMILY.
    pub family: Option<QualifiedName>,
    /// USING.
    pub access_method: String,
    /// FOR TYPE.
    pub type_name: TypeName,
    /// Its items.
    pub items: Vec<OpClassItem>,
    /// DEFAULT.
    pub default: bool,
}

/// An item of an operator class or family.
#[derive(Clone, PartialEq, Debug)]
pub enum OpClassItem {
    /// OPERATOR.
    Operator {
        /// The strategy number.
        number: i32,
        /// The operator; of ALTER ... DROP only the types.
        operator: ObjectWithArgs,
        /// FOR ORDER BY.
        order_family: Option<QualifiedName>,
        /// RECHECK was written, which is ignored with a notice.
        recheck: bool,
    },
    /// FUNCTION.
    Function {
        /// The support number.
        number: i32,
        /// The types that it is registered for.
        class_args: Vec<TypeName>,
        /// The function; of ALTER ... DROP, none.
        function: Option<ObjectWithArgs>,
    },
    /// STORAGE.
    Storage(TypeName),
    /// OPERATOR number (types), of ALTER ... DROP.
    DropOperator(i32, Vec<TypeName>),
    /// FUNCTION number (types), of ALTER ... DROP.
    DropFunction(i32, Vec<TypeName>),
}

/// CREATE OPERATOR FAMILY.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateOpFamilyStmt {
    /// Its name.
    pub name: QualifiedName,
    /// USING.
    pub access_method: String,
}

/// ALTER OPERATOR FAMILY.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterOpFamilyStmt {
    /// Its name.
    pub name: QualifiedName,
    /// USING.
    pub access_method: String,
    /// DROP rather than ADD.
    pub drop: bool,
    /// The items.
    pub items: Vec<OpClassItem>,
}

/// CREATE ACCESS METHOD.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateAmStmt {
    /// Its name.
    pub name: String,
    /// TYPE TABLE rather than INDEX.
    pub table: bool,
    /// HANDLER.
    pub handler: QualifiedName,
}

/// CREATE LANGUAGE; without a handler, PostgreSQL treats it as CREATE EXTENSION.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatePLangStmt {
    /// OR REPLACE.
    pub or_replace: bool,
    /// Its name.
    pub name: String,
    /// HANDLER.
    pub handler: QualifiedName,
    /// INLINE.
    pub inline: Option<QualifiedName>,
    /// VALIDATOR.
    pub validator: Option<QualifiedName>,
    /// TRUSTED.
    pub trusted: bool,
}

/// ALTER TEXT SEARCH DICTIONARY.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTsDictionaryStmt {
    /// Its name.
    pub name: QualifiedName,
    /// The options.
    pub options: Vec<DefElem>,
}

/// ALTER TEXT SEARCH CONFIGURATION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTsConfigurationStmt {
    /// Its name.
    pub name: QualifiedName,
    /// What changes.
    pub action: TsConfigAction,
}

/// What ALTER TEXT SEARCH CONFIGURATION changes.
#[derive(Clone, PartialEq, Debug)]
pub enum TsConfigAction {
    /// ADD MAPPING FOR tokens WITH dictionaries.
    AddMapping(Vec<String>, Vec<QualifiedName>),
    /// ALTER MAPPING FOR tokens WITH dictionaries.
    AlterMapping(Vec<String>, Vec<QualifiedName>),
    /// ALTER MAPPING [FOR tokens] REPLACE old WITH new.
    ReplaceDictionary(Vec<String>, QualifiedName, QualifiedName),
    /// DROP MAPPING \[IF EXISTS\] FOR tokens.
    DropMapping(Vec<String>, bool),
}

/// CREATE EVENT TRIGGER.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateEventTrigStmt {
    /// Its name.
    pub name: String,
    /// ON.
    pub event: String,
    /// WHEN variable IN (values) AND ...; each argument is a list.
    pub when: Vec<DefElem>,
    /// The function.
    pub function: QualifiedName,
}

/// ALTER EVENT TRIGGER ... ENABLE, DISABLE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterEventTrigStmt {
    /// Its name.
    pub name: String,
    /// When it fires.
    pub firing: super::TriggerFiring,
}

/// CREATE EXTENSION.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateExtensionStmt {
    /// Its name.
    pub name: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// `schema`, `new_version`, `cascade`.
    pub options: Vec<DefElem>,
}

/// ALTER EXTENSION ... UPDATE.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterExtensionStmt {
    /// Its name.
    pub name: String,
    /// `new_version`.
    pub options: Vec<DefElem>,
}

/// ALTER EXTENSION ... ADD, DROP.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterExtensionContentsStmt {
    /// The extension.
    pub name: String,
    /// ADD rather than DROP.
    pub add: bool,
    /// The object's kind.
    pub object_type: ObjectType,
    /// The object.
    pub object: ObjectName,
}

/// CREATE SCHEMA.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateSchemaStmt {
    /// Its name; none means the role's.
    pub name: Option<String>,
    /// AUTHORIZATION.
    pub owner: Option<RoleSpec>,
    /// The statements within.
    pub elements: Vec<Statement>,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
}

/// CREATE DATABASE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateDatabaseStmt {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: Vec<DefElem>,
}

/// ALTER DATABASE with options.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterDatabaseStmt {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: Vec<DefElem>,
}

/// ALTER DATABASE ... REFRESH COLLATION VERSION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterDatabaseRefreshCollStmt {
    /// Its name.
    pub name: String,
}

/// ALTER DATABASE ... SET, RESET.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterDatabaseSetStmt {
    /// Its name.
    pub name: String,
    /// The setting.
    pub set: VariableSetStmt,
}

/// DROP DATABASE.
#[derive(Clone, PartialEq, Debug)]
pub struct DropDatabaseStmt {
    /// Its name.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// `force`.
    pub options: Vec<DefElem>,
}

/// CREATE TABLESPACE.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateTablespaceStmt {
    /// Its name.
    pub name: String,
    /// OWNER.
    pub owner: Option<RoleSpec>,
    /// LOCATION.
    pub location: String,
    /// WITH (...).
    pub options: Vec<DefElem>,
}

/// ALTER TABLESPACE ... SET, RESET.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterTablespaceOptionsStmt {
    /// Its name.
    pub name: String,
    /// The options.
    pub options: Vec<DefElem>,
    /// RESET.
    pub reset: bool,
}

/// DROP TABLESPACE.
#[derive(Clone, PartialEq, Debug)]
pub struct DropTablespaceStmt {
    /// Its name.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// ALTER SYSTEM.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterSystemStmt {
    /// The setting.
    pub set: VariableSetStmt,
}

/// CREATE ROLE, USER, GROUP.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateRoleStmt {
    /// Which word was written: it decides about LOGIN.
    pub kind: RoleStmtKind,
    /// Its name.
    pub name: String,
    /// Its options, by the names that PostgreSQL's parser gives them (`password`, `canlogin`, `connectionlimit` ...).
    pub options: Vec<DefElem>,
}

/// The words for a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum RoleStmtKind {
    Role,
    User,
    Group,
}

/// ALTER ROLE, USER, GROUP.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterRoleStmt {
    /// Which role.
    pub role: RoleSpec,
    /// The options; of ALTER GROUP, `rolemembers`.
    pub options: Vec<DefElem>,
    /// Members are added; false for ALTER GROUP ... DROP USER.
    pub add: bool,
}

/// ALTER ROLE ... SET, RESET.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterRoleSetStmt {
    /// Which role; none is ALL.
    pub role: Option<RoleSpec>,
    /// IN DATABASE.
    pub database: Option<String>,
    /// The setting.
    pub set: VariableSetStmt,
}

/// DROP ROLE, USER, GROUP.
#[derive(Clone, PartialEq, Debug)]
pub struct DropRoleStmt {
    /// The roles.
    pub roles: Vec<RoleSpec>,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// GRANT or REVOKE of privileges on objects.
#[derive(Clone, PartialEq, Debug)]
pub struct GrantStmt {
    /// GRANT rather than REVOKE.
    pub is_grant: bool,
    /// On what sort of list.
    pub target: GrantTarget,
    /// The objects' kind.
    pub object_type: ObjectType,
    /// The objects, or schemas of ALL IN SCHEMA; empty for default privileges.
    pub objects: Vec<ObjectName>,
    /// The privileges; empty is ALL.
    pub privileges: Vec<AccessPriv>,
    /// To or from whom.
    pub grantees: Vec<RoleSpec>,
    /// WITH GRANT OPTION, or GRANT OPTION FOR.
    pub grant_option: bool,
    /// GRANTED BY.
    pub grantor: Option<RoleSpec>,
    /// CASCADE.
    pub behavior: DropBehavior,
}

/// What GRANT names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantTarget {
    /// Objects.
    Objects,
    /// All objects of a kind in schemas.
    AllInSchema,
    /// What is created later.
    Defaults,
}

/// A privilege.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessPriv {
    /// Its name in lower case; none is ALL with columns.
    pub name: Option<String>,
    /// The columns.
    pub columns: Vec<String>,
}

/// GRANT or REVOKE of roles.
#[derive(Clone, PartialEq, Debug)]
pub struct GrantRoleStmt {
    /// The roles; a column list is kept so that analysis can refuse it.
    pub roles: Vec<AccessPriv>,
    /// To or from whom.
    pub grantees: Vec<RoleSpec>,
    /// GRANT rather than REVOKE.
    pub is_grant: bool,
    /// WITH ADMIN OPTION, or ADMIN OPTION FOR.
    pub admin_option: bool,
    /// GRANTED BY.
    pub grantor: Option<RoleSpec>,
    /// CASCADE.
    pub behavior: DropBehavior,
}

/// ALTER DEFAULT PRIVILEGES.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterDefaultPrivilegesStmt {
    /// `schemas` and `roles`.
    pub options: Vec<DefElem>,
    /// What is granted or revoked.
    pub action: GrantStmt,
}

/// DROP OWNED.
#[derive(Clone, PartialEq, Debug)]
pub struct DropOwnedStmt {
    /// By whom.
    pub roles: Vec<RoleSpec>,
    /// CASCADE.
    pub behavior: DropBehavior,
}

/// REASSIGN OWNED.
#[derive(Clone, PartialEq, Debug)]
pub struct ReassignOwnedStmt {
    /// By whom.
    pub roles: Vec<RoleSpec>,
    /// To whom.
    pub new_role: RoleSpec,
}

/// CREATE FOREIGN DATA WRAPPER.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateFdwStmt {
    /// Its name.
    pub name: String,
    /// `handler`, `validator`; no argument is NO.
    pub func_options: Vec<DefElem>,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// ALTER FOREIGN DATA WRAPPER.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterFdwStmt {
    /// Its name.
    pub name: String,
    /// `handler`, `validator`; no argument is NO.
    pub func_options: Vec<DefElem>,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// CREATE SERVER.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateForeignServerStmt {
    /// Its name.
    pub name: String,
    /// TYPE.
    pub server_type: Option<String>,
    /// VERSION; the inner none is NULL.
    pub version: Option<Option<String>>,
    /// FOREIGN DATA WRAPPER.
    pub fdw: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// ALTER SERVER.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterForeignServerStmt {
    /// Its name.
    pub name: String,
    /// VERSION; the inner none is NULL.
    pub version: Option<Option<String>>,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// CREATE USER MAPPING.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateUserMappingStmt {
    /// FOR.
    pub user: RoleSpec,
    /// SERVER.
    pub server: String,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// ALTER USER MAPPING.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterUserMappingStmt {
    /// FOR.
    pub user: RoleSpec,
    /// SERVER.
    pub server: String,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// DROP USER MAPPING.
#[derive(Clone, PartialEq, Debug)]
pub struct DropUserMappingStmt {
    /// FOR.
    pub user: RoleSpec,
    /// SERVER.
    pub server: String,
    /// IF EXISTS.
    pub if_exists: bool,
}

/// IMPORT FOREIGN SCHEMA.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportForeignSchemaStmt {
    /// The schema there.
    pub remote_schema: String,
    /// Which tables.
    pub selection: ImportSelection,
    /// FROM SERVER.
    pub server: String,
    /// INTO.
    pub local_schema: String,
    /// OPTIONS.
    pub options: Vec<DefElem>,
}

/// Which tables are imported.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum ImportSelection {
    All,
    LimitTo(Vec<RangeVar>),
    Except(Vec<RangeVar>),
}

/// CREATE PUBLICATION.
#[derive(Clone, PartialEq, Debug)]
pub struct CreatePublicationStmt {
    /// Its name.
    pub name: String,
    /// FOR ALL TABLES.
    pub all_tables: bool,
    /// FOR.
    pub objects: Vec<PublicationObject>,
    /// WITH (...).
    pub options: Vec<DefElem>,
}

/// An object of a publication.
#[derive(Clone, PartialEq, Debug)]
pub enum PublicationObject {
    /// TABLE.
    Table {
        /// The table.
        relation: RangeVar,
        /// Its columns.
        columns: Vec<String>,
        /// WHERE.
        filter: Option<Expr>,
    },
    /// TABLES IN SCHEMA.
    Schema(String, Pos),
    /// TABLES IN SCHEMA CURRENT_SCHEMA.
    CurrentSchema(Pos),
}

/// ALTER PUBLICATION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterPublicationStmt {
    /// Its name.
    pub name: String,
    /// What changes.
    pub action: AlterPublicationAction,
}

/// What ALTER PUBLICATION changes.
#[derive(Clone, PartialEq, Debug)]
pub enum AlterPublicationAction {
    /// SET (...).
    Options(Vec<DefElem>),
    /// ADD.
    Add(Vec<PublicationObject>),
    /// SET.
    Set(Vec<PublicationObject>),
    /// DROP.
    Drop(Vec<PublicationObject>),
}

/// CREATE SUBSCRIPTION.
#[derive(Clone, PartialEq, Debug)]
pub struct CreateSubscriptionStmt {
    /// Its name.
    pub name: String,
    /// CONNECTION.
    pub connection: String,
    /// PUBLICATION.
    pub publications: Vec<String>,
    /// WITH (...).
    pub options: Vec<DefElem>,
}

/// ALTER SUBSCRIPTION.
#[derive(Clone, PartialEq, Debug)]
pub struct AlterSubscriptionStmt {
    /// Its name.
    pub name: String,
    /// What changes.
    pub action: AlterSubscriptionAction,
}

/// What ALTER SUBSCRIPTION changes.
#[derive(Clone, PartialEq, Debug)]
pub enum AlterSubscriptionAction {
    /// SET (...).
    Options(Vec<DefElem>),
    /// CONNECTION.
    Connection(String),
    /// SET PUBLICATION ... WITH (...).
    SetPublication(Vec<String>, Vec<DefElem>),
    /// ADD PUBLICATION ... WITH (...).
    AddPublication(Vec<String>, Vec<DefElem>),
    /// DROP PUBLICATION ... WITH (...).
    DropPublication(Vec<String>, Vec<DefElem>),
    /// REFRESH PUBLICATION WITH (...).
    Refresh(Vec<DefElem>),
    /// ENABLE, DISABLE.
    Enable(bool),
    /// SKIP (...).
    Skip(Vec<DefElem>),
}

/// DROP SUBSCRIPTION.
#[derive(Clone, PartialEq, Debug)]
pub struct DropSubscriptionStmt {
    /// Its name.
    pub name: String,
    /// IF EXISTS.
    pub if_exists: bool,
    /// CASCADE.
    pub behavior: DropBehavior,
}
