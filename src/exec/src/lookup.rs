//! What planning asks, answered from the catalogs.

use crate::env::with_fn_ctx;
use crate::types::Types;
use crate::volatility::conversion_volatility;
use analyze::expr::Expr;
use base::Oid;
use builtins::TypeLookup;
use builtins::array::ArrayRef;
use catalog::rows::PgStatistic;
use config::Setting;
use instance::Ctx;
use plan::lookup::{
    ColumnStats, ConstantCall, FamilyMember, FunctionInfo, IndexColumn, IndexInfo, Lookup, OperatorInfo, RelationInfo,
    Settings,
};
use report::{Error, Result};
use schema::RelationEntry;
use std::sync::Arc;
use tuple::{Comparator, Datum, TupleDesc};

const BTREE: Oid = Oid(403);
const HASH: Oid = Oid(405);

/// The session's view of the catalogs, for planning.
pub struct CatalogLookup<'a>(pub Ctx<'a>);

#[cold]
fn missing(what: &str, oid: Oid) -> Error {
    Error::internal(format!("cache lookup failed for {what} {oid}"))
}

/// An operator's argument types.
pub fn operator_types(cx: Ctx<'_>, operator: Oid) -> Result<(Oid, Oid)> {
    let row = cx.catalog().operator(operator)?.ok_or_else(|| missing("operator", operator))?;
    Ok((row.oprleft, row.oprright))
}

/// A comparison of values of two types that an equality operator compares: exact where both are alike, by value where
/// both are numbers, else by the operator itself (equal or not).
pub fn equality(cx: Ctx<'_>, operator: Oid, left: Oid, right: Oid, actual: Oid, collation: Oid) -> Result<Comparator> {
    if left == right {
        return builtins::comparator(actual, collation, &Types(cx));
    }
    let integers = |t: Oid| matches!(t.0, 20 | 21 | 23);
    if integers(left) && integers(right) {
        return Ok(Comparator::Custom(Arc::new(|a, b| integer(a).cmp(&integer(b)))));
    }
    let row = cx.catalog().operator(operator)?.ok_or_else(|| missing("operator", operator))?;
    let function =
        builtins::function(row.oprcode).ok_or_else(|| Error::unsupported("this cross-type comparison"))?.function;
    let format = Arc::clone(&cx.session.format.borrow());
    Ok(Comparator::Custom(Arc::new(move |a, b| {
        let mut memo = builtins::Memo::new(0, Box::new(|| 0));
        let mut fx = builtins::FnCtx::new(&format, &builtins::BuiltinTypes, &mut memo);
        match function(&mut fx, &[a.clone(), b.clone()]) {
            Ok(result) if result.is_true() => std::cmp::Ordering::Equal,
            _ => std::cmp::Ordering::Less,
        }
    })))
}

fn integer(value: &Datum) -> i64 {
    match value {
        Datum::Int2(v) => i64::from(*v),
        Datum::Int4(v) => i64::from(*v),
        Datum::Int8(v) => *v,
        _ => 0,
    }
}

/// The order of `operator` (`<` or `>`) over a type: comparator and whether it descends.
pub fn ordering(cx: Ctx<'_>, operator: Oid, type_oid: Oid, collation: Oid) -> Result<(Comparator, bool)> {
    let families = cx.catalog().operator_families(operator)?;
    let member = families.iter().find(|m| m.amopmethod == BTREE && (m.amopstrategy == 1 || m.amopstrategy == 5));
    let member =
        member.ok_or_else(|| Error::internal(format!("operator {operator} is not a valid ordering operator")))?;
    let comparator = family_comparator(cx, member.amopfamily, member.amoplefttype, type_oid, collation)?;
    Ok((comparator, member.amopstrategy == 5))
}

/// The comparator of a B-tree family for a type.
pub fn family_comparator(cx: Ctx<'_>, family: Oid, input: Oid, type_oid: Oid, collation: Oid) -> Result<Comparator> {
    // text_pattern_ops and its like compare bytes whatever the collation.
    if matches!(family.0, 2095 | 2097) {
        return Ok(if input.0 == 1042 { Comparator::Bpchar } else { Comparator::Bytes });
    }
    let polymorphic = matches!(input.0, 2277 | 2283 | 2249 | 3500 | 3831 | 4537);
    let compared = if polymorphic || !input.is_valid() { type_oid } else { input };
    builtins::comparator(compared, collation, &Types(cx))
}

impl CatalogLookup<'_> {
    fn index_info(&self, oid: Oid, table_tuples: f64) -> Result<Option<Arc<IndexInfo>>> {
        let catalog = self.0.catalog();
        let entry = catalog.open_relation(oid)?;
        let Some(row) = &entry.index else { return Ok(None) };
        if !row.indisvalid || !row.indisready || entry.stored_index.is_none() {
            return Ok(None);
        }
        let exprs: Vec<Expr> = match &row.indexprs {
            Some(text) => analyze::stored::from_text(text)?,
            None => Vec::new(),
        };
        let predicate: Vec<Expr> = match &row.indpred {
            Some(text) => analyze::stored::from_text::<Expr>(text)?.into_conjuncts(),
            None => Vec::new(),
        };
        let mut exprs = exprs.into_iter();
        let mut columns = Vec::new();
        for (place, attno) in row.indkey.iter().enumerate() {
            let opclass = match row.indclass.get(place).filter(|_| place < row.indnkeyatts as usize) {
                Some(oid) => catalog.opclass(*oid)?,
                None => None,
            };
            let option = row.indoption.get(place).copied().unwrap_or(0);
            columns.push(IndexColumn {
                attno: *attno,
                expr: if *attno == 0 { exprs.next() } else { None },
                family: opclass.as_ref().map_or(Oid::INVALID, |c| c.opcfamily),
                input_type: opclass.as_ref().map_or(Oid::INVALID, |c| c.opcintype),
                collation: row.indcollation.get(place).copied().unwrap_or(Oid::INVALID),
                descending: option & 1 != 0,
                nulls_first: option & 2 != 0,
            });
        }
        let (pages, _) = self.size(&entry)?;
        let tuples = if predicate.is_empty() {
            table_tuples
        } else {
            f64::from(entry.class.reltuples).max(0.0).min(table_tuples)
        };
        Ok(Some(Arc::new(IndexInfo {
            oid,
            name: entry.name().to_owned(),
            pages: pages.max(1.0),
            tuples,
            tree_height: tree_height(pages),
            columns,
            key_columns: row.indnkeyatts as usize,
            unique: row.indisunique,
            immediate: row.indimmediate,
            predicate,
            too_new: row.indcheckxmin && self.is_too_new(oid)?,
        })))
    }

    /// True if the transaction may still look at rows with a snapshot from before the index was made.
    fn is_too_new(&self, index: Oid) -> Result<bool> {
        let catalog = self.0.catalog();
        let row = catalog.index_row(index)?.ok_or_else(|| missing("index", index))?;
        let snapshot = self.0.with_tx(|tx| tx.oldest_snapshot());
        Ok(!catalog.is_older(&row, snapshot)?)
    }

    /// Pages now and rows, from the density that was last seen.
    fn size(&self, entry: &RelationEntry) -> Result<(f64, f64)> {
        let Some(file) = entry.file else { return Ok((0.0, f64::from(entry.class.reltuples).max(0.0))) };
        let fork = base::RelFork { file, fork: base::Fork::Main };
        let mut pages = f64::from(self.0.session.store.smgr.blocks(fork)?);
        let (old_pages, old_tuples) = (f64::from(entry.class.relpages), f64::from(entry.class.reltuples));
        // A table that was never vacuumed is taken to be of ten pages at least: plans outlive its growth.
        if pages < 10.0 && old_tuples < 0.0 && matches!(entry.kind(), b'r' | b'm' | b't') {
            pages = 10.0;
        }
        if pages == 0.0 {
            return Ok((0.0, 0.0));
        }
        let density = if old_tuples >= 0.0 && old_pages > 0.0 {
            old_tuples / old_pages
        } else {
            let width: i32 = entry
                .desc
                .attributes
                .iter()
                .filter(|a| !a.is_dropped)
                .map(|a| if a.type_len > 0 { i32::from(a.type_len) } else { default_width(a.type_oid, a.type_mod) })
                .sum();
            ((8192 - 24) / (width + 28)) as f64
        };
        Ok((pages, (density * pages).round_ties_even()))
    }
}

fn default_width(type_oid: Oid, typmod: i32) -> i32 {
    match type_oid.0 {
        1042 if typmod >= 4 => typmod - 4,
        1043 if typmod >= 4 => match typmod - 4 {
            n if n <= 32 => n,
            n if n < 1000 => 32 + (n - 32) / 2,
            _ => 516,
        },
        _ => 32,
    }
}

/// Levels above the leaves of a B-tree of so many pages.
fn tree_height(pages: f64) -> u32 {
    let mut height = 0;
    let mut leaves = pages - 1.0;
    while leaves > 1.0 {
        leaves /= 250.0;
        height += 1;
    }
    height
}

impl Lookup for CatalogLookup<'_> {
    fn relation(&self, oid: Oid) -> Result<Arc<RelationInfo>> {
        let catalog = self.0.catalog();
        let entry = catalog.open_relation(oid)?;
        if matches!(entry.kind(), b'p' | b'f') {
            report::unsupported!("partitioned and foreign tables");
        }
        let (pages, tuples) = self.size(&entry)?;
        let mut indexes = Vec::new();
        for index in &entry.indexes {
            indexes.extend(self.index_info(*index, tuples)?);
        }
        // As PostgreSQL lists them: later ones first.
        indexes.sort_by_key(|i| std::cmp::Reverse(i.oid));
        let visible = f64::from(entry.class.relallvisible);
        Ok(Arc::new(RelationInfo {
            oid,
            kind: entry.kind(),
            desc: Arc::clone(&entry.desc),
            pages,
            tuples,
            all_visible: if pages > 0.0 { (visible / pages).min(1.0) } else { 0.0 },
            indexes,
        }))
    }

    fn column_stats(&self, relation: Oid, attno: i16) -> Result<Option<Arc<ColumnStats>>> {
        Ok(self.0.catalog().statistic(relation, attno, false)?.map(|row| Arc::new(stats_of(&row))))
    }

    fn aggregate_sort_operator(&self, function: Oid) -> Result<Oid> {
        Ok(self.0.catalog().aggregate(function)?.map_or(Oid::INVALID, |row| row.aggsortop))
    }

    fn operator(&self, oid: Oid) -> Result<OperatorInfo> {
        let row = self.0.catalog().operator(oid)?.ok_or_else(|| missing("operator", oid))?;
        Ok(OperatorInfo {
            oid,
            left: row.oprleft,
            right: row.oprright,
            result: row.oprresult,
            function: row.oprcode,
            commutator: row.oprcom,
            negator: row.oprnegate,
            restriction: row.oprrest,
            join: row.oprjoin,
            can_merge: row.oprcanmerge,
            can_hash: row.oprcanhash,
        })
    }

    fn function(&self, oid: Oid) -> Result<FunctionInfo> {
        let row = self.0.catalog().function(oid)?.ok_or_else(|| missing("function", oid))?;
        Ok(FunctionInfo {
            strict: row.proisstrict,
            volatility: row.provolatile,
            cost: f64::from(row.procost),
            rows: f64::from(row.prorows),
            leakproof: row.proleakproof,
            foldable: builtins::function(oid).is_some(),
        })
    }

    fn families(&self, operator: Oid) -> Result<Vec<FamilyMember>> {
        let rows = self.0.catalog().operator_families(operator)?;
        let searched = rows.iter().filter(|m| m.amoppurpose == b's' && (m.amopmethod == BTREE || m.amopmethod == HASH));
        Ok(searched
            .map(|m| FamilyMember {
                family: m.amopfamily,
                btree: m.amopmethod == BTREE,
                strategy: m.amopstrategy as u16,
                left: m.amoplefttype,
                right: m.amoprighttype,
            })
            .collect())
    }

    fn family_operator(&self, family: Oid, left: Oid, right: Oid, strategy: u16) -> Result<Option<Oid>> {
        let found = self.0.catalog().opfamily_member(family, left, right, strategy as i16)?;
        Ok(Some(found).filter(|oid| oid.is_valid()))
    }

    fn family_support(&self, family: Oid, left: Oid, right: Oid, number: u16) -> Result<Option<Oid>> {
        let found = self.0.catalog().opfamily_proc(family, left, right, number as i16)?;
        Ok(Some(found).filter(|oid| oid.is_valid()))
    }

    fn default_btree(&self, type_oid: Oid) -> Result<Option<(Oid, Oid)>> {
        Ok(self.0.catalog().default_opclass(BTREE, type_oid)?.map(|row| (row.opcfamily, row.opcintype)))
    }

    fn type_len(&self, type_oid: Oid) -> Result<i16> {
        Types(self.0).type_info(type_oid).map(|info| info.len)
    }

    fn opclass(&self, opclass: Oid) -> Result<Option<(Oid, Oid)>> {
        let row = self.0.catalog().opclass(opclass)?;
        Ok(row.map(|row| (row.opcfamily, row.opcintype)))
    }

    fn base_type(&self, type_oid: Oid) -> Result<Oid> {
        self.0.catalog().base_type(type_oid)
    }

    fn array_element(&self, type_oid: Oid) -> Result<Oid> {
        Types(self.0).type_info(type_oid).map(|info| info.element)
    }

    fn constraint_index(&self, constraint: Oid) -> Result<Oid> {
        let row = self.0.catalog().constraint(constraint)?.ok_or_else(|| missing("constraint", constraint))?;
        Ok(row.conindid)
    }

    fn make_array(&self, element_type: Oid, values: &[Datum]) -> Result<Option<Datum>> {
        let repr = crate::types::repr_of(self.0, element_type)?;
        builtins::array::build_list(element_type, repr, values).map(Some)
    }

    fn conversion_volatility(&self, source: Oid, target: Oid) -> Result<u8> {
        conversion_volatility(self.0, source, target)
    }

    fn evaluate(&self, expr: &Expr) -> Result<Datum> {
        crate::api::evaluate(self.0, expr)
    }

    fn call(&self, call: &ConstantCall<'_>) -> Result<Datum> {
        self.0.check_execute(call.function)?;
        let function = builtins::function(call.function).ok_or_else(|| missing("function", call.function))?;
        with_fn_ctx(self.0, |fx| {
            let mut fx = fx.call(call.arg_types, call.result_type, call.collation);
            fx.variadic = call.variadic;
            (function.function)(&mut fx, call.args)
        })
    }

    fn comparator(&self, type_oid: Oid, collation: Oid) -> Result<Option<Comparator>> {
        Ok(builtins::comparator(type_oid, collation, &Types(self.0)).ok())
    }

    fn row_desc(&self, type_oid: Oid) -> Result<Arc<TupleDesc>> {
        Types(self.0).row_desc(type_oid, -1)
    }

    fn array_values(&self, array: &Datum) -> Result<Vec<Datum>> {
        Ok(if array.is_null() { Vec::new() } else { ArrayRef::of(array).iter().collect() })
    }
}

fn stats_of(row: &PgStatistic) -> ColumnStats {
    let mut stats = ColumnStats {
        null_fraction: f64::from(row.stanullfrac),
        width: row.stawidth,
        distinct: f64::from(row.stadistinct),
        ..ColumnStats::default()
    };
    let slots = [
        (row.stakind1, &row.stanumbers1, &row.stavalues1),
        (row.stakind2, &row.stanumbers2, &row.stavalues2),
        (row.stakind3, &row.stanumbers3, &row.stavalues3),
        (row.stakind4, &row.stanumbers4, &row.stavalues4),
        (row.stakind5, &row.stanumbers5, &row.stavalues5),
    ];
    let values = |datum: &Datum| -> Vec<Datum> {
        if datum.is_null() { Vec::new() } else { ArrayRef::of(datum).iter().collect() }
    };
    for (kind, numbers, list) in slots {
        let numbers: Vec<f64> = numbers.iter().flatten().map(|n| f64::from(*n)).collect();
        match kind {
            1 => {
                stats.common_values = values(list);
                stats.common_frequencies = numbers;
            }
            2 => stats.histogram = values(list),
            3 => stats.correlation = numbers.first().copied(),
            _ => {}
        }
    }
    stats.common_values.truncate(stats.common_frequencies.len());
    stats
}

/// The settings that planning obeys.
pub fn planner_settings(cx: Ctx<'_>) -> Settings {
    cx.setting(|s| Settings {
        seq_page_cost: s.real(Setting::SeqPageCost),
        random_page_cost: s.real(Setting::RandomPageCost),
        cpu_tuple_cost: s.real(Setting::CpuTupleCost),
        cpu_index_tuple_cost: s.real(Setting::CpuIndexTupleCost),
        cpu_operator_cost: s.real(Setting::CpuOperatorCost),
        effective_cache_size: f64::from(s.int(Setting::EffectiveCacheSize)),
        work_mem: f64::from(s.int(Setting::WorkMem)) * 1024.0,
        hash_mem_multiplier: s.real(Setting::HashMemMultiplier),
        cursor_tuple_fraction: s.real(Setting::CursorTupleFraction),
        from_collapse_limit: s.int(Setting::FromCollapseLimit),
        join_collapse_limit: s.int(Setting::JoinCollapseLimit),
        enable_seqscan: s.bool(Setting::EnableSeqscan),
        enable_indexscan: s.bool(Setting::EnableIndexscan),
        enable_indexonlyscan: s.bool(Setting::EnableIndexonlyscan),
        enable_bitmapscan: s.bool(Setting::EnableBitmapscan),
        enable_tidscan: s.bool(Setting::EnableTidscan),
        enable_sort: s.bool(Setting::EnableSort),
        enable_incremental_sort: s.bool(Setting::EnableIncrementalSort),
        enable_hashagg: s.bool(Setting::EnableHashagg),
        enable_nestloop: s.bool(Setting::EnableNestloop),
        enable_mergejoin: s.bool(Setting::EnableMergejoin),
        enable_hashjoin: s.bool(Setting::EnableHashjoin),
        enable_material: s.bool(Setting::EnableMaterial),
        enable_memoize: s.bool(Setting::EnableMemoize),
    })
}
