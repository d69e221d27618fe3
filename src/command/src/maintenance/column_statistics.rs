//! What a sample tells of a column: how many nulls, how wide, how many distinct values, which are common, how the others
//! are spread, and how far the order of values is that of the rows.
//!
//! Source: PostgreSQL 15 analyze.c (compute_scalar_stats, analyze_mcv_list); the estimate of distinct values is Haas and
//! Stokes, IBM Research Report RJ 10025 (1998), Duj1.

use std::cmp::Ordering;
use tuple::{Comparator, Datum};

/// Values wider than this are counted as distinct and not looked at, in bytes.
const WIDTH_MAX: usize = 1024;

/// A column's part of the sample.
pub(super) struct Sampled<'a> {
    /// In the order of the rows.
    pub(super) values: &'a [&'a Datum],
    /// Rows of the whole table.
    pub(super) table_rows: f64,
    /// In bytes, if the type has one.
    pub(super) fixed_width: Option<i32>,
    /// Entries of the lists, at most.
    pub(super) target: usize,
}

/// What pg_statistic keeps of a column.
#[derive(Default, Debug)]
pub(super) struct ColumnStatistics {
    /// 0 to 1.
    pub(super) null_fraction: f64,
    /// Of a value, in bytes.
    pub(super) width: i32,
    /// Positive: how many; negative: as a fraction of the rows; 0: unknown.
    pub(super) distinct: f64,
    /// The most common values with their share of all rows.
    pub(super) common: Vec<(Datum, f32)>,
    /// Bounds of bins with equal numbers of the other values.
    pub(super) histogram: Vec<Datum>,
    /// -1 to 1.
    pub(super) correlation: Option<f64>,
}

/// Describes a column. Without a comparator only nulls and width can be told.
pub(super) fn describe(sampled: &Sampled<'_>, comparator: Option<&Comparator>) -> ColumnStatistics {
    let sample_rows = sampled.values.len() as f64;
    let mut statistics = ColumnStatistics::default();
    let (mut nulls, mut wide, mut width) = (0usize, 0usize, 0usize);
    let mut values: Vec<Value<'_>> = Vec::with_capacity(sampled.values.len());
    for value in sampled.values {
        if value.is_null() {
            nulls += 1;
            continue;
        }
        let bytes = stored_width(value);
        width += bytes;
        if sampled.fixed_width.is_none() && bytes > WIDTH_MAX {
            wide += 1;
            continue;
        }
        let key = comparator.map_or(0, |comparator| comparator.sort_key(value));
        values.push(Value { key, place: values.len() as u32, datum: value });
    }
    let present = values.len() + wide;
    statistics.null_fraction = nulls as f64 / sample_rows;
    statistics.width = match sampled.fixed_width {
        Some(width) => width,
        None if present > 0 => (width as f64 / present as f64) as i32,
        None => 0,
    };
    let Some(comparator) = comparator else { return statistics };
    if values.is_empty() {
        if wide > 0 {
            statistics.distinct = -(1.0 - statistics.null_fraction);
        }
        return statistics;
    }
    // Stable, so that equal values stay in the order of the rows; many of them are sorted fast.
    match comparator.key_says_all() {
        true => values.sort_by_key(|value| value.key),
        false => values.sort_by(|a, b| order(a, b, comparator)),
    }
    let groups = groups(&values, comparator);
    statistics.distinct = distinct(&groups, sampled, nulls, wide, statistics.null_fraction);
    let common = common(&groups, sampled, wide, &statistics);
    statistics.histogram = histogram(&values, &groups, &common, sampled.target);
    statistics.correlation = correlation(&values);
    let share = |group: &Group| (group.count as f64 / sample_rows) as f32;
    statistics.common =
        common.iter().map(|at| (values[groups[*at].first].datum.clone(), share(&groups[*at]))).collect();
    statistics
}

/// A value of the sample.
struct Value<'a> {
    /// What it is sorted by first.
    key: u64,
    /// Its place among those looked at.
    place: u32,
    datum: &'a Datum,
}

fn order(a: &Value<'_>, b: &Value<'_>, comparator: &Comparator) -> Ordering {
    a.key.cmp(&b.key).then_with(|| comparator.compare(a.datum, b.datum))
}

/// Equal values side by side.
struct Group {
    first: usize,
    count: usize,
}

fn groups(values: &[Value<'_>], comparator: &Comparator) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        match groups.last_mut() {
            Some(group) if order(&values[group.first], value, comparator) == Ordering::Equal => group.count += 1,
            _ => groups.push(Group { first: at, count: 1 }),
        }
    }
    groups
}

/// A value's width in a row, header included.
fn stored_width(value: &Datum) -> usize {
    match value {
        Datum::Bytes(bytes) if bytes.len() < 127 => bytes.len() + 1,
        Datum::Bytes(bytes) => bytes.len() + 4,
        _ => 8,
    }
}

fn distinct(groups: &[Group], sampled: &Sampled<'_>, nulls: usize, wide: usize, null_fraction: f64) -> f64 {
    let several = groups.iter().filter(|g| g.count > 1).count();
    let once = (groups.len() - several + wide) as f64;
    let found = if several == 0 {
        // Every value is different: so it may be for the whole table.
        -(1.0 - null_fraction)
    } else if wide == 0 && several == groups.len() {
        // Every value came more than once: these may be all there are.
        groups.len() as f64
    } else {
        let d = once + several as f64;
        let n = (sampled.values.len() - nulls) as f64;
        let all = sampled.table_rows * (1.0 - null_fraction);
        let estimate = if all > 0.0 { n * d / ((n - once) + once * n / all) } else { 0.0 };
        (estimate.clamp(d, all.max(d)) + 0.5).floor()
    };
    match found > 0.1 * sampled.table_rows {
        true => -(found / sampled.table_rows),
        false => found,
    }
}

/// Which groups are worth a place in the list of common values, most common first.
fn common(groups: &[Group], sampled: &Sampled<'_>, wide: usize, statistics: &ColumnStatistics) -> Vec<usize> {
    let mut several: Vec<usize> = (0..groups.len()).filter(|at| groups[*at].count > 1).collect();
    several.sort_by_key(|at| std::cmp::Reverse(groups[*at].count));
    several.truncate(sampled.target);
    let is_complete = several.len() == groups.len() && wide == 0 && statistics.distinct > 0.0;
    if !is_complete {
        let counts: Vec<usize> = several.iter().map(|at| groups[*at].count).collect();
        several.truncate(worth_keeping(&counts, sampled, statistics));
    }
    several
}

/// How many of the most common values are clearly more common than the rest would be on average.
fn worth_keeping(counts: &[usize], sampled: &Sampled<'_>, statistics: &ColumnStatistics) -> usize {
    let (sample_rows, table_rows) = (sampled.values.len() as f64, sampled.table_rows);
    let mut kept = counts.len();
    if sample_rows == table_rows || table_rows <= 1.0 || kept == 0 {
        return kept;
    }
    let all = if statistics.distinct < 0.0 { -statistics.distinct * table_rows } else { statistics.distinct };
    let mut sum: f64 = counts[..kept - 1].iter().map(|c| *c as f64).sum();
    while kept > 0 {
        let mut share = (1.0 - sum / sample_rows - statistics.null_fraction).clamp(0.0, 1.0);
        let others = all - (kept - 1) as f64;
        if others > 1.0 {
            share /= others;
        }
        // The count's deviation if the sample were drawn without replacement: a hypergeometric distribution.
        let (total, drawn) = (table_rows, sample_rows);
        let expected = total * counts[kept - 1] as f64 / drawn;
        let variance = drawn * expected * (total - expected) * (total - drawn) / (total * total * (total - 1.0));
        if counts[kept - 1] as f64 > share * sample_rows + 2.0 * variance.sqrt() + 0.5 {
            break;
        }
        kept -= 1;
        if kept > 0 {
            sum -= counts[kept - 1] as f64;
        }
    }
    kept
}

fn histogram(values: &[Value<'_>], groups: &[Group], common: &[usize], target: usize) -> Vec<Datum> {
    let bounds = (groups.len() - common.len()).min(target + 1);
    if bounds < 2 {
        return Vec::new();
    }
    let mut is_common = vec![false; groups.len()];
    common.iter().for_each(|at| is_common[*at] = true);
    let others = groups.iter().zip(&is_common).filter(|(_, is_common)| !**is_common);
    let left: Vec<&Datum> =
        others.flat_map(|(group, _)| values[group.first..group.first + group.count].iter().map(|v| v.datum)).collect();
    // The last bound is the last value: exact steps, without rounding.
    (0..bounds).map(|at| left[at * (left.len() - 1) / (bounds - 1)].clone()).collect()
}

fn correlation(values: &[Value<'_>]) -> Option<f64> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let products: f64 = values.iter().enumerate().map(|(at, value)| at as f64 * f64::from(value.place)).sum();
    let sum = (n - 1.0) * n / 2.0;
    let squares = (n - 1.0) * n * (2.0 * n - 1.0) / 6.0;
    Some((n * products - sum * sum) / (n * squares - sum * sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(values: &[Option<i32>], table_rows: f64, target: usize) -> ColumnStatistics {
        let values: Vec<Datum> = values.iter().map(|v| v.map_or(Datum::Null, Datum::Int4)).collect();
        let values: Vec<&Datum> = values.iter().collect();
        let sampled = Sampled { values: &values, table_rows, fixed_width: Some(4), target };
        describe(&sampled, Some(&Comparator::Int4))
    }

    #[test]
    fn a_key_is_all_distinct_and_in_order() {
        let values: Vec<Option<i32>> = (0..1000).map(Some).collect();
        let found = described(&values, 1000.0, 10);
        assert_eq!((found.distinct, found.null_fraction, found.width), (-1.0, 0.0, 4));
        assert_eq!(found.correlation, Some(1.0));
        assert!(found.common.is_empty());
        let bounds: Vec<i32> = found.histogram.iter().map(Datum::as_i32).collect();
        assert_eq!(bounds, [0, 99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
    }

    #[test]
    fn few_values_are_all_listed() {
        let values: Vec<Option<i32>> = (0..1000).map(|i| (i % 4 != 0).then_some(i % 4)).collect();
        let found = described(&values, 100_000.0, 100);
        assert_eq!((found.distinct, found.null_fraction), (3.0, 0.25));
        let common: Vec<(i32, f32)> = found.common.iter().map(|(v, f)| (v.as_i32(), *f)).collect();
        assert_eq!(common, [(1, 0.25), (2, 0.25), (3, 0.25)]);
        assert!(found.histogram.is_empty());
    }
}
