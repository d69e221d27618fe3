//! What planning asks of the catalogs, and of the settings.

use analyze::expr::Expr;
use base::Oid;
use report::Result;
use std::sync::Arc;
use tuple::{Comparator, Datum, TupleDesc};

/// A relation, as planning needs it.
#[derive(Clone, Debug)]
pub struct RelationInfo {
    /// pg_class oid.
    pub oid: Oid,
    /// pg_class.relkind.
    pub kind: u8,
    /// Its columns.
    pub desc: Arc<TupleDesc>,
    /// Pages now.
    pub pages: f64,
    /// Rows, estimated from pages and the density that VACUUM or ANALYZE last saw.
    pub tuples: f64,
    /// Part of the pages that is all-visible, 0 to 1.
    pub all_visible: f64,
    /// Valid indexes.
    pub indexes: Vec<Arc<IndexInfo>>,
}

/// An index, as planning needs it.
#[derive(Clone, Debug)]
pub struct IndexInfo {
    /// pg_class oid.
    pub oid: Oid,
    /// Its name, to choose alike among equals.
    pub name: String,
    /// Pages now.
    pub pages: f64,
    /// Entries.
    pub tuples: f64,
    /// Levels above the leaves.
    pub tree_height: u32,
    /// Key columns, then included ones.
    pub columns: Vec<IndexColumn>,
    /// How many of `columns` are keys.
    pub key_columns: usize,
    /// No two rows have the same key.
    pub unique: bool,
    /// Uniqueness is checked at once.
    pub immediate: bool,
    /// WHERE of a partial index, over Vars with varno 1.
    pub predicate: Vec<Expr>,
    /// It may lack rows that the transaction's oldest snapshot sees: nothing is to be looked up in it yet.
    pub too_new: bool,
}

/// A column of an index.
#[derive(Clone, Debug)]
pub struct IndexColumn {
    /// The table's column, 0 for an expression.
    pub attno: i16,
    /// The expression, over Vars with varno 1.
    pub expr: Option<Expr>,
    /// Operator family (keys only).
    pub family: Oid,
    /// The operator class's input type (keys only).
    pub input_type: Oid,
    /// Collation.
    pub collation: Oid,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST.
    pub nulls_first: bool,
}

/// Statistics of a column: pg_statistic's row, sorted out by kind.
#[derive(Clone, Debug, Default)]
pub struct ColumnStats {
    /// Part that is null.
    pub null_fraction: f64,
    /// Average width.
    pub width: i32,
    /// Number of distinct values; negative: minus the part of the rows.
    pub distinct: f64,
    /// Most common values.
    pub common_values: Vec<Datum>,
    /// Their frequencies.
    pub common_frequencies: Vec<f64>,
    /// Histogram bounds of the other values.
    pub histogram: Vec<Datum>,
    /// Correlation between physical and logical order.
    pub correlation: Option<f64>,
}

/// An operator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OperatorInfo {
    /// pg_operator oid.
    pub oid: Oid,
    /// Left argument's type, zero if prefix.
    pub left: Oid,
    /// Right argument's type.
    pub right: Oid,
    /// Result type.
    pub result: Oid,
    /// Its function.
    pub function: Oid,
    /// Its commutator, or zero.
    pub commutator: Oid,
    /// Its negator, or zero.
    pub negator: Oid,
    /// pg_proc oid of its restriction estimator, or zero.
    pub restriction: Oid,
    /// pg_proc oid of its join estimator, or zero.
    pub join: Oid,
    /// Equality that merge joins can use.
    pub can_merge: bool,
    /// Equality that hash joins can use.
    pub can_hash: bool,
}

/// A function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// Null if any argument is null.
    pub strict: bool,
    /// i(mmutable), s(table) or v(olatile).
    pub volatility: u8,
    /// Cost in units of cpu_operator_cost.
    pub cost: f64,
    /// Rows expected of a set-returning one.
    pub rows: f64,
    /// It does not leak its arguments.
    pub leakproof: bool,
    /// It can be called while planning (implemented by a built-in function).
    pub foldable: bool,
}

/// An operator's place in an operator family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FamilyMember {
    /// pg_opfamily oid.
    pub family: Oid,
    /// B-tree, else hash.
    pub btree: bool,
    /// Strategy number.
    pub strategy: u16,
    /// Left type.
    pub left: Oid,
    /// Right type.
    pub right: Oid,
}

/// A function and constant arguments to call it with.
#[derive(Debug)]
pub struct ConstantCall<'a> {
    /// pg_proc oid.
    pub function: Oid,
    /// Values.
    pub args: &'a [Datum],
    /// Their types.
    pub arg_types: &'a [Oid],
    /// Type of the result.
    pub result_type: Oid,
    /// Collation of the inputs.
    pub collation: Oid,
    /// The last argument was written VARIADIC.
    pub variadic: bool,
}

/// What planning asks of the catalogs.
pub trait Lookup {
    /// The relation with this oid. Errors: XX000 if there is none.
    fn relation(&self, oid: Oid) -> Result<Arc<RelationInfo>>;
    /// Statistics of a column, if there are any.
    fn column_stats(&self, relation: Oid, attno: i16) -> Result<Option<Arc<ColumnStats>>>;
    /// The operator that sorts the result of an aggregate to the front of its inputs; zero if there is none.
    fn aggregate_sort_operator(&self, function: Oid) -> Result<Oid>;
    /// The operator with this oid. Errors: XX000 if there is none.
    fn operator(&self, oid: Oid) -> Result<OperatorInfo>;
    /// The function with this oid. Errors: XX000 if there is none.
    fn function(&self, oid: Oid) -> Result<FunctionInfo>;
    /// The operator families (of search operators) that an operator is in.
    fn families(&self, operator: Oid) -> Result<Vec<FamilyMember>>;
    /// The operator of a family for these types and strategy.
    fn family_operator(&self, family: Oid, left: Oid, right: Oid, strategy: u16) -> Result<Option<Oid>>;
    /// The support function of a family for these types and number.
    fn family_support(&self, family: Oid, left: Oid, right: Oid, number: u16) -> Result<Option<Oid>>;
    /// The operator family and input type of a type's default B-tree operator class.
    fn default_btree(&self, type_oid: Oid) -> Result<Option<(Oid, Oid)>>;
    /// pg_type.typlen.
    fn type_len(&self, type_oid: Oid) -> Result<i16>;
    /// The operator family and input type of an operator class, if there is such a class.
    fn opclass(&self, opclass: Oid) -> Result<Option<(Oid, Oid)>>;
    /// The type that a domain is based on in the end; other types are their own.
    fn base_type(&self, type_oid: Oid) -> Result<Oid>;
    /// The element type of an array type, zero for others.
    fn array_element(&self, type_oid: Oid) -> Result<Oid>;
    /// i(mmutable), s(table) or v(olatile): a conversion of one type to another by way of text.
    fn conversion_volatility(&self, source: Oid, target: Oid) -> Result<u8>;
    /// The value of an expression of constants.
    fn evaluate(&self, expr: &Expr) -> Result<Datum>;
    /// Calls an immutable (or for estimates: stable) function.
    fn call(&self, call: &ConstantCall<'_>) -> Result<Datum>;
    /// How values of a type order under its default operator class.
    fn comparator(&self, type_oid: Oid, collation: Oid) -> Result<Option<Comparator>>;
    /// The columns' types of a composite type, by its oid.
    fn row_desc(&self, type_oid: Oid) -> Result<Arc<TupleDesc>>;
    /// The index that enforces a constraint. Errors: XX000 if there is none.
    fn constraint_index(&self, constraint: Oid) -> Result<Oid>;
    /// A one-dimensional array; none if that cannot be made here.
    fn make_array(&self, element_type: Oid, values: &[Datum]) -> Result<Option<Datum>>;
    /// The values of an array.
    fn array_values(&self, array: &Datum) -> Result<Vec<Datum>>;
}

/// Settings that planning obeys, under PostgreSQL's names.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the names are the settings'")]
pub struct Settings {
    pub seq_page_cost: f64,
    pub random_page_cost: f64,
    pub cpu_tuple_cost: f64,
    pub cpu_index_tuple_cost: f64,
    pub cpu_operator_cost: f64,
    /// In pages.
    pub effective_cache_size: f64,
    /// In bytes.
    pub work_mem: f64,
    pub hash_mem_multiplier: f64,
    pub cursor_tuple_fraction: f64,
    pub from_collapse_limit: i32,
    pub join_collapse_limit: i32,
    pub enable_seqscan: bool,
    pub enable_indexscan: bool,
    pub enable_indexonlyscan: bool,
    pub enable_bitmapscan: bool,
    pub enable_tidscan: bool,
    pub enable_sort: bool,
    pub enable_incremental_sort: bool,
    pub enable_hashagg: bool,
    pub enable_nestloop: bool,
    pub enable_mergejoin: bool,
    pub enable_hashjoin: bool,
    pub enable_material: bool,
    pub enable_memoize: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            seq_page_cost: 1.0,
            random_page_cost: 4.0,
            cpu_tuple_cost: 0.01,
            cpu_index_tuple_cost: 0.005,
            cpu_operator_cost: 0.0025,
            effective_cache_size: 524_288.0,
            work_mem: 4.0 * 1024.0 * 1024.0,
            hash_mem_multiplier: 2.0,
            cursor_tuple_fraction: 0.1,
            from_collapse_limit: 8,
            join_collapse_limit: 8,
            enable_seqscan: true,
            enable_indexscan: true,
            enable_indexonlyscan: true,
            enable_bitmapscan: true,
            enable_tidscan: true,
            enable_sort: true,
            enable_incremental_sort: true,
            enable_hashagg: true,
            enable_nestloop: true,
            enable_mergejoin: true,
            enable_hashjoin: true,
            enable_material: true,
            enable_memoize: true,
        }
    }
}
