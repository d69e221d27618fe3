//! What a compiled expression is made of.

use super::fast::{ArithmeticOp, CompareOp};
use super::subplan::SubPlanStep;
use crate::SystemFn;
use base::Oid;
use builtins::BuiltinFn;
use hashbrown::HashTable;
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// Where an operand is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// The row of the scanned relation (or index, for an index-only scan).
    Scan,
    /// The outer child's row.
    Outer,
    /// The inner child's row.
    Inner,
    /// Results of aggregates or window functions.
    Aggregates,
    /// A register of the program.
    Register,
}

/// A value's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// Where.
    pub source: Source,
    /// Which, counted from 0.
    pub index: u16,
}

impl Operand {
    /// A register.
    pub const fn register(index: u16) -> Operand {
        Operand { source: Source::Register, index }
    }
}

/// The rows that a program reads.
#[derive(Clone, Copy, Default)]
pub struct Rows<'a> {
    /// `Source::Scan`
    pub scan: &'a [Datum],
    /// `Source::Outer`
    pub outer: &'a [Datum],
    /// `Source::Inner`
    pub inner: &'a [Datum],
    /// `Source::Aggregates`
    pub aggregates: &'a [Datum],
    /// System columns of the scanned row.
    pub identity: Option<&'a access::Row>,
    /// Columns (of the Agg's child, from 1) that the current grouping set groups by; for GROUPING().
    pub grouped: &'a [i16],
}

impl<'a> Rows<'a> {
    /// Only a scanned row.
    pub fn scan(row: &'a [Datum]) -> Rows<'a> {
        Rows { scan: row, ..Rows::default() }
    }

    /// Only an outer row.
    pub fn outer(row: &'a [Datum]) -> Rows<'a> {
        Rows { outer: row, ..Rows::default() }
    }
}

/// A function written in SQL.
pub struct SqlFunction {
    /// pg_proc oid.
    pub oid: Oid,
    /// Its body.
    pub body: String,
    /// Types of its arguments.
    pub types: Vec<Oid>,
    /// The type that it is declared to return.
    pub result: Oid,
    /// SECURITY DEFINER: who it acts as.
    pub owner: Option<Oid>,
    /// It sees what the calling statement sees, not what has been done since.
    pub sees_snapshot: bool,
}

/// What a call step calls.
#[derive(Clone)]
pub enum Callee {
    /// A function written in SQL.
    Sql(Arc<SqlFunction>),
    /// A pure function.
    Builtin(BuiltinFn),
    /// A function that sees the session and the catalogs.
    System(SystemFn),
}

/// A call's fixed parts.
pub struct CallInfo {
    /// What is called.
    pub callee: Callee,
    /// pg_proc oid.
    pub function: Oid,
    /// Null if any argument is null.
    pub strict: bool,
    /// Types of the arguments.
    pub arg_types: Vec<Oid>,
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the inputs.
    pub collation: Oid,
    /// The last argument was written VARIADIC.
    pub variadic: bool,
}

/// A set of values for `= ANY (constant array)`.
pub struct ArraySet {
    /// Hashes and places in `values`.
    pub table: HashTable<(u64, u32)>,
    /// The array's values other than null.
    pub values: Vec<Datum>,
    /// It has a null.
    pub has_null: bool,
    /// How values are hashed.
    pub hasher: crate::values::Hasher,
}

/// `scalar op ANY/ALL (array)`.
pub struct ScalarArray {
    /// The comparison.
    pub call: CallInfo,
    /// ANY, else ALL.
    pub use_or: bool,
    /// The array's values as a set, once known (constant arrays, `=` only).
    pub set: Option<ArraySet>,
    /// The array is constant and long enough to be worth a set.
    pub hashable: bool,
    /// The array's elements, reused.
    pub elements: Vec<Datum>,
}

/// A domain's constraint.
pub struct DomainCheck {
    /// The domain's name, for messages.
    pub domain: String,
    /// Name of the constraint; `None` is NOT NULL.
    pub constraint: Option<String>,
}

/// A subscript or slice of an array, or a subscript of jsonb.
#[derive(Clone)]
pub struct Subscript {
    /// Type of the array.
    pub container: Oid,
    /// Type of its elements.
    pub element: Oid,
    /// First of the registers with upper bounds or subscripts; the lower bounds follow.
    pub upper: u16,
    /// Which upper bounds are given.
    pub upper_given: Vec<bool>,
    /// Which lower bounds are given; empty if it is no slice.
    pub lower_given: Vec<bool>,
    /// Of jsonb: the first subscript is a number, so that a null is taken as an empty array.
    pub starts_as_array: bool,
    /// An assignment of the value in this register.
    pub assign: Option<u16>,
}

/// One instruction. `dst` is a register; `to` is the index of the next step.
#[allow(missing_docs, reason = "fields are named as described above")]
pub enum Step {
    /// A binary-coercible cast between integers and object ids.
    Relabel {
        dst: u16,
        src: Operand,
        target: Oid,
    },
    Copy {
        dst: u16,
        src: Operand,
    },
    /// A parameter of the executor; runs its initial plan if that is still to be done.
    ParamExec {
        dst: u16,
        id: u32,
    },
    /// A parameter of the client.
    ParamExtern {
        dst: u16,
        id: u32,
    },
    /// A system column.
    SystemColumn {
        dst: u16,
        attno: i16,
    },
    /// The whole row as a composite value.
    WholeRow {
        dst: u16,
        source: Source,
        desc: Arc<TupleDesc>,
        row_type: Oid,
        type_mod: i32,
    },
    /// A function; its arguments are the registers `args..args + nargs`.
    Call {
        dst: u16,
        args: u16,
        nargs: u16,
        info: Box<CallInfo>,
    },
    /// Integers of any width.
    IntCompare {
        dst: u16,
        op: CompareOp,
        a: Operand,
        b: Operand,
    },
    /// Equality of values with equal bytes.
    BytesEqual {
        dst: u16,
        negate: bool,
        a: Operand,
        b: Operand,
    },
    IntArithmetic {
        dst: u16,
        op: ArithmeticOp,
        a: Operand,
        b: Operand,
    },
    SetBool {
        dst: u16,
        value: bool,
    },
    SetNull {
        dst: u16,
    },
    Jump {
        to: u32,
    },
    /// One argument of AND: `dst` gathers the result.
    AndArg {
        dst: u16,
        src: Operand,
        to: u32,
    },
    /// One argument of OR.
    OrArg {
        dst: u16,
        src: Operand,
        to: u32,
    },
    Not {
        dst: u16,
        src: Operand,
    },
    JumpUnlessTrue {
        src: Operand,
        to: u32,
    },
    JumpIfNotNull {
        src: Operand,
        to: u32,
    },
    IsNull {
        dst: u16,
        src: Operand,
        negate: bool,
    },
    /// IS \[NOT\] NULL of a composite value, field by field.
    RowIsNull {
        dst: u16,
        src: Operand,
        negate: bool,
    },
    /// IS \[NOT\] TRUE (`of = Some(true)`), FALSE, UNKNOWN (`None`).
    BoolTest {
        dst: u16,
        src: Operand,
        of: Option<bool>,
        negate: bool,
    },
    /// `args` and `args + 1` compared by `=`.
    Distinct {
        dst: u16,
        args: u16,
        info: Box<CallInfo>,
    },
    NullIf {
        dst: u16,
        args: u16,
        info: Box<CallInfo>,
    },
    ScalarArray {
        dst: u16,
        args: u16,
        info: Box<ScalarArray>,
    },
    /// GREATEST and LEAST.
    MinMax {
        dst: u16,
        args: u16,
        nargs: u16,
        greatest: bool,
        comparator: tuple::Comparator,
    },
    /// A row comparison decided so far by `comparison` (a register with an int4), see `compile`.
    RowCompareResult {
        dst: u16,
        comparison: Operand,
        kind: analyze::expr::RowCompareType,
    },
    JumpUnlessZero {
        src: Operand,
        to: u32,
    },
    MakeArray {
        dst: u16,
        args: u16,
        nargs: u16,
        element: Oid,
        multidims: bool,
    },
    MakeRow {
        dst: u16,
        args: u16,
        nargs: u16,
        row_type: Oid,
        type_mod: i32,
        field_types: Vec<Oid>,
    },
    FieldSelect {
        dst: u16,
        src: Operand,
        field: i16,
    },
    FieldStore {
        dst: u16,
        src: Operand,
        args: u16,
        fields: Vec<i16>,
        row_type: Oid,
        field_types: Vec<Oid>,
    },
    Subscript {
        dst: u16,
        src: Operand,
        info: Box<Subscript>,
    },
    /// Applies a program to each element, which is its scan row's column 0.
    ArrayCoerce {
        dst: u16,
        src: Operand,
        program: Box<Program>,
        element: Oid,
    },
    ConvertRow {
        dst: u16,
        src: Operand,
        map: Vec<i16>,
        row_type: Oid,
        field_types: Vec<Oid>,
    },
    /// Output function, then input function.
    ViaIo {
        dst: u16,
        src: Operand,
        source: Oid,
        target: Oid,
        typmod: i32,
    },
    /// Fails if the condition is false (check) or the value is null (not null).
    DomainTest {
        src: Operand,
        info: Box<DomainCheck>,
    },
    SqlValue {
        dst: u16,
        op: analyze::expr::SqlValueFunctionOp,
        typmod: i32,
    },
    NextValue {
        dst: u16,
        sequence: Oid,
        type_oid: Oid,
    },
    Grouping {
        dst: u16,
        columns: Vec<i16>,
    },
    SetParam {
        id: u32,
        src: Operand,
    },
    SubPlan {
        dst: u16,
        info: Box<SubPlanStep>,
    },
}

/// A compiled expression, condition or target list, with its registers.
pub struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) registers: Vec<Datum>,
    pub(super) results: Vec<Operand>,
}

impl Program {
    /// Where result `index` is found after `run`.
    pub fn result(&self, index: usize) -> Operand {
        self.results[index]
    }

    /// Number of results.
    pub fn result_count(&self) -> usize {
        self.results.len()
    }

    /// True if there is nothing to compute: results are columns or constants.
    pub fn is_trivial(&self) -> bool {
        self.steps.is_empty()
    }

    /// True if the results are exactly the columns 0..n of `source`.
    pub fn is_identity_of(&self, source: Source) -> bool {
        self.steps.is_empty()
            && self.results.iter().enumerate().all(|(n, op)| op.source == source && usize::from(op.index) == n)
    }
}
