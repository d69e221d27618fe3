//! Expressions, type names, function calls and window definitions.

use super::{OperatorName, Pos, QualifiedName, SelectStmt, SortBy};

/// Any expression.
#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    /// `a`, `t.a`, `s.t.*`.
    Column(ColumnRef),
    /// `$1`.
    Param(ParamRef),
    /// A literal.
    Const(Const),
    /// `arg::type`, `CAST(arg AS type)`, `type 'text'`; also TRUE and FALSE are [`Const`], not this.
    Cast(Box<TypeCast>),
    /// `arg COLLATE name`.
    Collate(Box<CollateExpr>),
    /// An operator, LIKE, IS DISTINCT FROM, `op ANY (array)`, NULLIF.
    Op(Box<OpExpr>),
    /// `arg IN (list)`; IN over a subquery is a [`SubLink`].
    In(Box<InExpr>),
    /// `arg BETWEEN low AND high`.
    Between(Box<BetweenExpr>),
    /// AND, OR, NOT.
    Bool(Box<BoolExpr>),
    /// `arg IS NULL`.
    NullTest(Box<NullTest>),
    /// `arg IS TRUE` and its kin.
    BooleanTest(Box<BooleanTest>),
    /// A function call.
    Func(Box<FuncCall>),
    /// A subquery as an expression.
    SubLink(Box<SubLink>),
    /// CASE.
    Case(Box<CaseExpr>),
    /// COALESCE.
    Coalesce(Box<CoalesceExpr>),
    /// GREATEST, LEAST.
    MinMax(Box<MinMaxExpr>),
    /// `ARRAY[...]`; ARRAY over a subquery is a [`SubLink`].
    Array(Box<ArrayExpr>),
    /// `ROW(...)` or `(a, b)`.
    Row(Box<RowExpr>),
    /// Subscripts, fields or `*` after an expression.
    Indirection(Box<IndirectionExpr>),
    /// `name => arg` in a call.
    NamedArg(Box<NamedArg>),
    /// GROUPING(...).
    Grouping(Box<GroupingFunc>),
    /// CURRENT_DATE and its kin.
    SqlValue(SqlValueFunction),
    /// XMLELEMENT and its kin.
    Xml(Box<XmlExpr>),
    /// XMLSERIALIZE.
    XmlSerialize(Box<XmlSerialize>),
    /// DEFAULT, in VALUES of INSERT and in UPDATE's SET.
    Default(Pos),
    /// `CURRENT OF cursor`.
    CurrentOf(CurrentOf),
}

/// A column, or a name that analysis will find to be one.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnRef {
    /// The parts: `a`, `t.a`, `t.*`; a star is only ever last.
    pub fields: Vec<Field>,
    /// Where it starts.
    pub pos: Pos,
}

/// A part of a [`ColumnRef`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// A name.
    Name(String),
    /// `*`.
    Star,
}

/// A parameter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ParamRef {
    /// The number after the dollar.
    pub number: i32,
    /// Where it stands.
    pub pos: Pos,
}

/// A literal with its position.
#[derive(Clone, PartialEq, Debug)]
pub struct Const {
    /// The value.
    pub value: Literal,
    /// Where it stands.
    pub pos: Pos,
}

/// A literal's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// NULL.
    Null,
    /// TRUE, FALSE.
    Bool(bool),
    /// A number without point or exponent that fits in 32 bits.
    Int(i32),
    /// Any other number, as it was written.
    Float(String),
    /// A string of unknown type.
    String(String),
    /// A bit string: `b` or `x`, then its digits.
    BitString(String),
}

/// A cast.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeCast {
    /// What is cast.
    pub arg: Expr,
    /// To what.
    pub target: TypeName,
    /// Where `::`, CAST or the type's name stands.
    pub pos: Pos,
}

/// A COLLATE clause on an expression.
#[derive(Clone, PartialEq, Debug)]
pub struct CollateExpr {
    /// What is collated.
    pub arg: Expr,
    /// By which collation.
    pub collation: QualifiedName,
    /// Where COLLATE stands.
    pub pos: Pos,
}

/// An operator applied to one or two arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct OpExpr {
    /// Which construct.
    pub kind: OpKind,
    /// The operator: as written, or what the construct stands for (`~~` for LIKE, `=` for NULLIF).
    pub name: OperatorName,
    /// The left argument; none for a prefix operator.
    pub left: Option<Expr>,
    /// The right argument.
    pub right: Expr,
    /// Where the operator or keyword stands.
    pub pos: Pos,
}

/// The constructs that an [`OpExpr`] can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OpKind {
    /// An ordinary operator.
    Op,
    /// `left op ANY (right)`, right being an array.
    Any,
    /// `left op ALL (right)`, right being an array.
    All,
    /// IS DISTINCT FROM; the name is `=`.
    Distinct,
    /// IS NOT DISTINCT FROM; the name is `=`.
    NotDistinct,
    /// NULLIF; the name is `=`.
    NullIf,
    /// LIKE; the name is `~~` or `!~~`.
    Like,
    /// ILIKE; the name is `~~*` or `!~~*`.
    ILike,
    /// SIMILAR TO; the name is `~` or `!~`, the right side a call of similar_to_escape.
    Similar,
}

/// IN over a list of expressions.
#[derive(Clone, PartialEq, Debug)]
pub struct InExpr {
    /// What is looked for.
    pub arg: Expr,
    /// Where it is looked for.
    pub list: Vec<Expr>,
    /// NOT IN.
    pub negated: bool,
    /// Where IN (or NOT) stands.
    pub pos: Pos,
}

/// BETWEEN.
#[derive(Clone, PartialEq, Debug)]
pub struct BetweenExpr {
    /// What is tested.
    pub arg: Expr,
    /// The first bound.
    pub low: Expr,
    /// The second bound.
    pub high: Expr,
    /// NOT BETWEEN.
    pub negated: bool,
    /// BETWEEN SYMMETRIC.
    pub symmetric: bool,
    /// Where BETWEEN (or NOT) stands.
    pub pos: Pos,
}

/// AND, OR or NOT; chains of the same operator are one node.
#[derive(Clone, PartialEq, Debug)]
pub struct BoolExpr {
    /// Which.
    pub op: BoolOp,
    /// Two or more arguments; one for NOT.
    pub args: Vec<Expr>,
    /// Where the first operator stands.
    pub pos: Pos,
}

/// The three logical operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum BoolOp {
    And,
    Or,
    Not,
}

/// IS \[NOT\] NULL.
#[derive(Clone, PartialEq, Debug)]
pub struct NullTest {
    /// What is tested.
    pub arg: Expr,
    /// IS NOT NULL.
    pub negated: bool,
    /// Where IS stands.
    pub pos: Pos,
}

/// IS \[NOT\] TRUE, FALSE, UNKNOWN.
#[derive(Clone, PartialEq, Debug)]
pub struct BooleanTest {
    /// What is tested.
    pub arg: Expr,
    /// Against what.
    pub test: BoolTest,
    /// Where IS stands.
    pub pos: Pos,
}

/// The tests of [`BooleanTest`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum BoolTest {
    True,
    NotTrue,
    False,
    NotFalse,
    Unknown,
    NotUnknown,
}

/// A function call, aggregate or window function.
#[derive(Clone, PartialEq, Debug)]
pub struct FuncCall {
    /// The function.
    pub name: QualifiedName,
    /// The arguments; some may be [`Expr::NamedArg`]. Those of WITHIN GROUP are in `order_by`.
    pub args: Vec<Expr>,
    /// ORDER BY among the arguments, or that of WITHIN GROUP.
    pub order_by: Vec<SortBy>,
    /// FILTER (WHERE ...).
    pub filter: Option<Expr>,
    /// OVER.
    pub over: Option<Box<WindowDef>>,
    /// `order_by` came from WITHIN GROUP.
    pub within_group: bool,
    /// `f(*)`.
    pub star: bool,
    /// `f(DISTINCT ...)`.
    pub distinct: bool,
    /// The last argument was marked VARIADIC.
    pub variadic: bool,
    /// Written as a call, or as syntax of its own (EXTRACT, TRIM, AT TIME ZONE ...).
    pub form: CallForm,
    /// Where it starts.
    pub pos: Pos,
}

/// How a call was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallForm {
    /// `f(x)`.
    Explicit,
    /// Special syntax of the SQL standard that stands for a call.
    SqlSyntax,
}

/// A window: the OVER clause of a call or an item of WINDOW.
#[derive(Clone, PartialEq, Debug)]
pub struct WindowDef {
    /// The window's own name: in WINDOW, the name defined; for `OVER name`, the name used.
    pub name: Option<String>,
    /// The window copied: `(base ...)`.
    pub base: Option<String>,
    /// PARTITION BY.
    pub partition_by: Vec<Expr>,
    /// ORDER BY.
    pub order_by: Vec<SortBy>,
    /// The frame; none means the default (RANGE UNBOUNDED PRECEDING to CURRENT ROW).
    pub frame: Option<WindowFrame>,
    /// Where it starts.
    pub pos: Pos,
}

/// A frame clause.
#[derive(Clone, PartialEq, Debug)]
pub struct WindowFrame {
    /// RANGE, ROWS or GROUPS.
    pub mode: FrameMode,
    /// The first bound.
    pub start: FrameBound,
    /// The second bound, of BETWEEN; none means CURRENT ROW.
    pub end: Option<FrameBound>,
    /// What is left out.
    pub exclude: FrameExclusion,
}

/// How a frame counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum FrameMode {
    Range,
    Rows,
    Groups,
}

/// A frame's bound.
#[derive(Clone, PartialEq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum FrameBound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

/// EXCLUDE in a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "the names say all")]
pub enum FrameExclusion {
    #[default]
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

/// A subquery in an expression.
#[derive(Clone, PartialEq, Debug)]
pub struct SubLink {
    /// Which construct.
    pub kind: SubLinkKind,
    /// The left side of ANY, ALL and IN.
    pub test: Option<Expr>,
    /// The operator of ANY and ALL; none for IN, which means `= ANY`. NOT IN is NOT over this node.
    pub operator: Option<OperatorName>,
    /// The subquery.
    pub query: Box<SelectStmt>,
    /// Where the construct stands (for ANY and ALL the operator, for IN the keyword).
    pub pos: Pos,
}

/// The constructs that a [`SubLink`] can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubLinkKind {
    /// EXISTS (query).
    Exists,
    /// `test op ALL (query)`.
    All,
    /// `test op ANY (query)`, `test IN (query)`.
    Any,
    /// `(query)` as a value.
    Scalar,
    /// ARRAY(query).
    Array,
}

/// CASE.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseExpr {
    /// What is compared, in the short form.
    pub arg: Option<Expr>,
    /// WHEN ... THEN ...
    pub whens: Vec<CaseWhen>,
    /// ELSE.
    pub default: Option<Expr>,
    /// Where CASE stands.
    pub pos: Pos,
}

/// An arm of CASE.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseWhen {
    /// The condition, or the value in the short form.
    pub condition: Expr,
    /// The result.
    pub result: Expr,
    /// Where WHEN stands.
    pub pos: Pos,
}

/// COALESCE.
#[derive(Clone, PartialEq, Debug)]
pub struct CoalesceExpr {
    /// The arguments.
    pub args: Vec<Expr>,
    /// Where it stands.
    pub pos: Pos,
}

/// GREATEST or LEAST.
#[derive(Clone, PartialEq, Debug)]
pub struct MinMaxExpr {
    /// GREATEST.
    pub greatest: bool,
    /// The arguments.
    pub args: Vec<Expr>,
    /// Where it stands.
    pub pos: Pos,
}

/// ARRAY[...]; nested brackets are nested nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct ArrayExpr {
    /// The elements.
    pub elements: Vec<Expr>,
    /// Where ARRAY or the bracket stands.
    pub pos: Pos,
}

/// A row constructor.
#[derive(Clone, PartialEq, Debug)]
pub struct RowExpr {
    /// The fields.
    pub args: Vec<Expr>,
    /// Written with the keyword ROW.
    pub explicit: bool,
    /// Where it starts.
    pub pos: Pos,
}

/// Subscripts or field selections.
#[derive(Clone, PartialEq, Debug)]
pub struct IndirectionExpr {
    /// What they apply to.
    pub arg: Expr,
    /// One or more steps.
    pub steps: Vec<Indirection>,
}

/// One step of an indirection.
#[derive(Clone, PartialEq, Debug)]
pub enum Indirection {
    /// `.name`.
    Field(String),
    /// `.*`.
    Star,
    /// `[index]`.
    Index(Expr),
    /// `[lower:upper]`.
    Slice(Option<Expr>, Option<Expr>),
}

/// A named argument.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedArg {
    /// The parameter's name.
    pub name: String,
    /// The value.
    pub arg: Expr,
    /// Where the name stands.
    pub pos: Pos,
}

/// GROUPING(...).
#[derive(Clone, PartialEq, Debug)]
pub struct GroupingFunc {
    /// The grouping expressions.
    pub args: Vec<Expr>,
    /// Where it stands.
    pub pos: Pos,
}

/// A niladic function of the SQL standard.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SqlValueFunction {
    /// Which.
    pub op: SqlValueOp,
    /// The precision, if one was given.
    pub precision: Option<i32>,
    /// Where it stands.
    pub pos: Pos,
}

/// The niladic functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum SqlValueOp {
    CurrentDate,
    CurrentTime,
    CurrentTimestamp,
    LocalTime,
    LocalTimestamp,
    CurrentRole,
    CurrentUser,
    User,
    SessionUser,
    CurrentCatalog,
    CurrentSchema,
}

/// An XML construct.
#[derive(Clone, PartialEq, Debug)]
pub struct XmlExpr {
    /// Which.
    pub op: XmlOp,
    /// The name of XMLELEMENT and XMLPI.
    pub name: Option<String>,
    /// XMLATTRIBUTES and the items of XMLFOREST.
    pub named_args: Vec<XmlNamedArg>,
    /// The arguments. XMLPARSE: text, then a boolean for PRESERVE WHITESPACE. XMLROOT: value, version (NULL for NO VALUE), an integer [`XmlStandalone`] code.
    pub args: Vec<Expr>,
    /// XMLPARSE(DOCUMENT ...) rather than CONTENT.
    pub document: bool,
    /// Where it stands.
    pub pos: Pos,
}

/// The XML constructs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum XmlOp {
    Concat,
    Element,
    Forest,
    Parse,
    Pi,
    Root,
    /// IS DOCUMENT.
    IsDocument,
}

/// XMLROOT's STANDALONE, as PostgreSQL numbers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say all")]
pub enum XmlStandalone {
    Yes = 0,
    No = 1,
    NoValue = 2,
    Omitted = 3,
}

/// An XML attribute or forest item.
#[derive(Clone, PartialEq, Debug)]
pub struct XmlNamedArg {
    /// Its value.
    pub value: Expr,
    /// Its name; none means the column's.
    pub name: Option<String>,
    /// Where it stands.
    pub pos: Pos,
}

/// XMLSERIALIZE.
#[derive(Clone, PartialEq, Debug)]
pub struct XmlSerialize {
    /// DOCUMENT rather than CONTENT.
    pub document: bool,
    /// What is serialised.
    pub arg: Expr,
    /// To which type.
    pub target: TypeName,
    /// Where it stands.
    pub pos: Pos,
}

/// CURRENT OF.
#[derive(Clone, PartialEq, Debug)]
pub struct CurrentOf {
    /// The cursor.
    pub cursor: String,
    /// Where it stands.
    pub pos: Pos,
}

/// A type as written.
#[derive(Clone, PartialEq, Debug)]
pub struct TypeName {
    /// The name; the standard's own words are already pg_catalog names (`int` is pg_catalog.int4).
    pub name: QualifiedName,
    /// SETOF.
    pub setof: bool,
    /// `%TYPE`: the name is a column's.
    pub pct_type: bool,
    /// Type modifiers. For interval: the field mask, then the precision, as constants.
    pub typmods: Vec<Expr>,
    /// Array dimensions with the sizes that were written.
    pub array_bounds: Vec<Option<i32>>,
    /// Where it starts.
    pub pos: Pos,
}

impl TypeName {
    /// A plain type.
    pub fn named(name: QualifiedName) -> TypeName {
        let pos = name.pos;
        TypeName { name, setof: false, pct_type: false, typmods: Vec::new(), array_bounds: Vec::new(), pos }
    }
}

/// Bits of interval's field mask, which is the first of its type modifiers.
pub mod interval_mask {
    /// MONTH.
    pub const MONTH: i32 = 1 << 1;
    /// YEAR.
    pub const YEAR: i32 = 1 << 2;
    /// DAY.
    pub const DAY: i32 = 1 << 3;
    /// HOUR.
    pub const HOUR: i32 = 1 << 10;
    /// MINUTE.
    pub const MINUTE: i32 = 1 << 11;
    /// SECOND.
    pub const SECOND: i32 = 1 << 12;
    /// No restriction on the fields.
    pub const FULL_RANGE: i32 = 0x7FFF;
}

const _: () = assert!(size_of::<Expr>() <= 48);

impl Expr {
    /// Where error messages about this expression point: the start of its text, as PostgreSQL's exprLocation finds it.
    pub fn pos(&self) -> Pos {
        match self {
            Expr::Column(e) => e.pos,
            Expr::Param(e) => e.pos,
            Expr::Const(e) => e.pos,
            Expr::Cast(e) => e.arg.pos().leftmost(e.target.pos).leftmost(e.pos),
            Expr::Collate(e) => e.arg.pos(),
            Expr::Op(e) => e.left.as_ref().map_or(e.pos, |left| left.pos().leftmost(e.pos)),
            Expr::In(e) => e.arg.pos().leftmost(e.pos),
            Expr::Between(e) => e.arg.pos().leftmost(e.pos),
            Expr::Bool(e) => e.args.first().map_or(e.pos, |first| first.pos().leftmost(e.pos)),
            Expr::NullTest(e) => e.arg.pos().leftmost(e.pos),
            Expr::BooleanTest(e) => e.arg.pos().leftmost(e.pos),
            Expr::Func(e) => e.args.first().map_or(e.pos, |first| first.pos().leftmost(e.pos)),
            Expr::SubLink(e) => e.test.as_ref().map_or(e.pos, |test| test.pos().leftmost(e.pos)),
            Expr::Case(e) => e.pos,
            Expr::Coalesce(e) => e.pos,
            Expr::MinMax(e) => e.pos,
            Expr::Array(e) => e.pos,
            Expr::Row(e) => e.pos,
            Expr::Indirection(e) => e.arg.pos(),
            Expr::NamedArg(e) => e.arg.pos().leftmost(e.pos),
            Expr::Grouping(e) => e.pos,
            Expr::SqlValue(e) => e.pos,
            Expr::Xml(e) => e.args.first().map_or(e.pos, |first| first.pos().leftmost(e.pos)),
            Expr::XmlSerialize(e) => e.pos,
            Expr::Default(pos) => *pos,
            Expr::CurrentOf(e) => e.pos,
        }
    }
}
