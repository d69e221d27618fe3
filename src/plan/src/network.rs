//! The operators that ask whether one network is within another: what they ask of a B-tree, and how many rows they find.
//!
//! Source: PostgreSQL 15's `match_network_subset` in `network.c`, and `network_selfuncs.c`. As there, long lists of
//! statistics are thinned out, since joins compare each value of one side with each of the other.

use crate::relids::Relids;
use crate::root::{Planner, Root};
use crate::selectivity::{Between, VarData};
use crate::tree;
use analyze::expr::{Const, Expr, Location, OpExpr};
use base::Oid;
use builtins::FromDatum;
use builtins::network::{Inet, compare, network_bounds};
use report::Result;
use std::cmp::Ordering;
use tuple::Datum;

use crate::node::JoinType;

const INET: Oid = Oid(869);
/// The B-tree operator family of inet, and its `<=`, `>` and `>=`.
const NETWORK_OPS: Oid = Oid(1974);
const AT_MOST: Oid = Oid(1204);
const GREATER: Oid = Oid(1205);
const AT_LEAST: Oid = Oid(1206);

/// Values of one side's statistics that are looked at, at most.
const VALUES_MAX: usize = 1024;

/// Which of two networks is within the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Inclusion {
    /// `>>`
    Contains,
    /// `>>=`
    ContainsOrEquals,
    /// `&&`
    Overlaps,
    /// `<<=`
    WithinOrEquals,
    /// `<<`
    Within,
}

impl Inclusion {
    fn of_operator(operator: Oid) -> Option<Inclusion> {
        Some(match operator.0 {
            931 => Inclusion::Within,
            932 => Inclusion::WithinOrEquals,
            933 => Inclusion::Contains,
            934 => Inclusion::ContainsOrEquals,
            3552 => Inclusion::Overlaps,
            _ => return None,
        })
    }

    /// The operator for the sides in the other order.
    fn commuted(self) -> Inclusion {
        match self {
            Inclusion::Contains => Inclusion::Within,
            Inclusion::ContainsOrEquals => Inclusion::WithinOrEquals,
            Inclusion::Overlaps => Inclusion::Overlaps,
            Inclusion::WithinOrEquals => Inclusion::ContainsOrEquals,
            Inclusion::Within => Inclusion::Contains,
        }
    }

    /// Part of the rows that it is thought to find without statistics.
    fn usual(self) -> f64 {
        if self == Inclusion::Overlaps { 0.01 } else { 0.005 }
    }

    /// Whether netmasks of these lengths allow it: where the left one sorts, or equal if they do.
    fn order_of_bits(self, left: &Inet, right: &Inet) -> Ordering {
        let allowed = match self {
            Inclusion::Contains => left.bits() < right.bits(),
            Inclusion::ContainsOrEquals => left.bits() <= right.bits(),
            Inclusion::Overlaps => true,
            Inclusion::WithinOrEquals => left.bits() >= right.bits(),
            Inclusion::Within => left.bits() > right.bits(),
        };
        match self {
            _ if allowed => Ordering::Equal,
            Inclusion::Contains | Inclusion::ContainsOrEquals => Ordering::Less,
            _ => Ordering::Greater,
        }
    }

    /// Where the left one sorts beside the right one, equal if the operator holds.
    fn order(self, left: &Inet, right: &Inet) -> Ordering {
        if left.is_same_family(right) && left.common_bits(right) >= left.bits().min(right.bits()) {
            return self.order_of_bits(left, right);
        }
        compare(left, right)
    }

    fn holds(self, left: &Inet, right: &Inet) -> bool {
        self.order(left, right).is_eq()
    }

    /// How many bits of the network that is to contain the other are not common to both; none if netmask or family
    /// forbid it.
    fn missing_bits(self, bound: &Inet, value: &Inet) -> Option<u8> {
        if !bound.is_same_family(value) || self.order_of_bits(bound, value).is_ne() {
            return None;
        }
        let shorter = bound.bits().min(value.bits());
        let decisive = match self {
            Inclusion::Contains | Inclusion::ContainsOrEquals => bound.bits(),
            Inclusion::Overlaps => shorter,
            Inclusion::WithinOrEquals | Inclusion::Within => value.bits(),
        };
        Some(decisive - bound.common_bits(value).min(shorter))
    }

    /// The part of a histogram's values for which the operator holds, the value on its right.
    ///
    /// A bucket counts whole if both its bounds match. If one does, or the value lies between them, it counts as a
    /// power of two that falls with the bits that are missing.
    fn part_of_histogram(self, bounds: &[Inet], value: &Inet) -> f64 {
        if bounds.len() < 2 {
            return 0.0;
        }
        let step = (bounds.len() - 2) / VALUES_MAX + 1;
        let bounds: Vec<&Inet> = bounds.iter().step_by(step).collect();
        let matched: f64 = bounds.windows(2).map(|pair| self.part_of_bucket(pair[0], pair[1], value)).sum();
        matched / (bounds.len() - 1) as f64
    }

    fn part_of_bucket(self, low: &Inet, high: &Inet, value: &Inet) -> f64 {
        match (self.order(low, value), self.order(high, value)) {
            (Ordering::Equal, Ordering::Equal) => 1.0,
            (Ordering::Less, Ordering::Less) | (Ordering::Greater, Ordering::Greater) => 0.0,
            _ => {
                let missing = self.missing_bits(low, value).max(self.missing_bits(high, value));
                missing.map_or(0.0, |bits| 0.5f64.powi(i32::from(bits)))
            }
        }
    }
}

/// One side's statistics as addresses.
struct Sample {
    common: Vec<(Inet, f64)>,
    histogram: Vec<Inet>,
    null: f64,
    /// Part of the rows that the histogram stands for.
    rest: f64,
}

impl Sample {
    fn of(data: &VarData) -> Sample {
        let Some(stats) = &data.stats else {
            return Sample { common: Vec::new(), histogram: Vec::new(), null: 0.0, rest: 1.0 };
        };
        let common = stats.common_values.iter().map(Inet::from_datum).zip(stats.common_frequencies.iter().copied());
        let common: Vec<(Inet, f64)> = common.take(VALUES_MAX).collect();
        let frequent: f64 = common.iter().map(|(_, frequency)| frequency).sum();
        Sample {
            histogram: stats.histogram.iter().map(Inet::from_datum).collect(),
            null: stats.null_fraction,
            rest: 1.0 - stats.null_fraction - frequent,
            common,
        }
    }

    fn is_empty(&self) -> bool {
        self.common.is_empty() && self.histogram.is_empty()
    }

    /// Values that stand for the histogram's: all bounds but the outermost, which are no typical ones.
    fn typical(&self) -> Vec<&Inet> {
        let inner = self.histogram.len().saturating_sub(2);
        let step = inner.saturating_sub(1) / VALUES_MAX + 1;
        self.histogram.iter().skip(1).take(inner).step_by(step).collect()
    }
}

/// The mean of what a function gives for the values, zero for none.
fn mean(values: &[&Inet], of: impl Fn(&Inet) -> f64) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().map(|value| of(value)).sum::<f64>() / values.len() as f64 }
}

/// Part of the pairs of an inner join.
fn inner_part(inclusion: Inclusion, left: &Sample, right: &Sample) -> f64 {
    let within = |inclusion: Inclusion, bounds: &Sample, value: &Inet| {
        bounds.rest * inclusion.part_of_histogram(&bounds.histogram, value)
    };
    let mut part = 0.0;
    for (a, frequency) in &left.common {
        let equal: f64 = right.common.iter().filter(|(b, _)| inclusion.holds(a, b)).map(|(_, f)| f).sum();
        part += frequency * (equal + within(inclusion.commuted(), right, a));
    }
    for (b, frequency) in &right.common {
        part += frequency * within(inclusion, left, b);
    }
    part + right.rest * mean(&right.typical(), |b| within(inclusion, left, b))
}

/// Part of the left rows that find one on the right, of as many rows.
fn semi_part(inclusion: Inclusion, left: &Sample, right: &Sample, right_rows: f64) -> f64 {
    let finds = |a: &Inet| {
        if right.common.iter().any(|(b, _)| inclusion.holds(a, b)) {
            return 1.0;
        }
        let part = inclusion.commuted().part_of_histogram(&right.histogram, a);
        (right.rest * right_rows * part).clamp(0.0, 1.0)
    };
    let common: f64 = left.common.iter().map(|(a, frequency)| frequency * finds(a)).sum();
    common + left.rest * mean(&left.typical(), finds)
}

impl Planner<'_> {
    /// A network that the key is to be within, as a range in the order of inet. `at` is the key's place.
    pub fn network_range(&self, op: &OpExpr, at: usize, family: Oid) -> Result<Option<Vec<Expr>>> {
        let inclusion = Inclusion::of_operator(op.operator).map(|i| if at == 0 { i } else { i.commuted() });
        let from = match inclusion {
            Some(Inclusion::Within) => GREATER,
            Some(Inclusion::WithinOrEquals) => AT_LEAST,
            _ => return Ok(None),
        };
        let Expr::Const(network) = &op.args[1 - at] else { return Ok(None) };
        if family != NETWORK_OPS || network.value.is_null() {
            return Ok(None);
        }
        let (first, last) = network_bounds(&network.value);
        let comparison = |operator: Oid, bound: Datum| {
            Ok(Expr::OpExpr(Box::new(OpExpr {
                operator,
                function: self.lookup.operator(operator)?.function,
                args: vec![op.args[at].clone(), Const::new(INET, bound).into()],
                location: Location::UNKNOWN,
                ..OpExpr::clone(op)
            })))
        };
        Ok(Some(vec![comparison(from, first)?, comparison(AT_MOST, last)?]))
    }

    /// Part of the rows whose network relates to a constant so: `networksel`.
    pub fn network_selectivity(&self, op: Oid, data: &VarData, constant: Option<&Datum>, on_left: bool) -> f64 {
        let Some(inclusion) = Inclusion::of_operator(op) else { return 0.5 };
        let (Some(value), Some(_)) = (constant, &data.stats) else { return inclusion.usual() };
        let inclusion = if on_left { inclusion } else { inclusion.commuted() };
        let (value, sample) = (Inet::from_datum(value), Sample::of(data));
        let common: f64 = sample.common.iter().filter(|(v, _)| inclusion.holds(v, &value)).map(|(_, f)| f).sum();
        let other = match sample.histogram.is_empty() {
            true => inclusion.usual(),
            false => inclusion.part_of_histogram(&sample.histogram, &value),
        };
        common + sample.rest * other
    }

    /// Part of the pairs of two relations whose networks relate so: `networkjoinsel`.
    pub fn network_join_selectivity(&self, root: &Root, op: &OpExpr, between: Between<'_>) -> Result<f64> {
        let Some(inclusion) = Inclusion::of_operator(op.operator) else { return Ok(0.5) };
        let (a, b) = (self.examine(root, &op.args[0], 0)?, self.examine(root, &op.args[1], 0)?);
        let (left, right) = (Sample::of(&a), Sample::of(&b));
        if left.is_empty() || right.is_empty() {
            return Ok((1.0 - left.null) * (1.0 - right.null) * inclusion.usual());
        }
        Ok(match between {
            Between::Join(special) if matches!(special.join_type, JoinType::Semi | JoinType::Anti) => {
                let is_within = |e: &Expr, side: Relids| tree::varnos(e).is_subset(side);
                let is_reversed = is_within(&op.args[0], special.syn_right) && is_within(&op.args[1], special.syn_left);
                match is_reversed {
                    true => semi_part(inclusion.commuted(), &right, &left, a.rows),
                    false => semi_part(inclusion, &left, &right, b.rows),
                }
            }
            _ => inner_part(inclusion, &left, &right),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inet(text: &str) -> Inet {
        let (address, bits) = text.split_once('/').unwrap();
        Inet::from(address.parse::<std::net::IpAddr>().unwrap()).with_bits(bits.parse().unwrap())
    }

    #[test]
    fn operators_hold_as_in_sql() {
        let (wide, narrow, other) = (inet("10.0.0.0/8"), inet("10.1.0.0/16"), inet("::/0"));
        for (inclusion, wanted) in [
            (Inclusion::Contains, [true, false, false]),
            (Inclusion::ContainsOrEquals, [true, false, true]),
            (Inclusion::Overlaps, [true, true, true]),
            (Inclusion::WithinOrEquals, [false, true, true]),
            (Inclusion::Within, [false, true, false]),
        ] {
            let got = [(&wide, &narrow), (&narrow, &wide), (&wide, &wide)].map(|(a, b)| inclusion.holds(a, b));
            assert_eq!(got, wanted, "{inclusion:?}");
            assert!(!inclusion.holds(&wide, &other));
            assert_eq!(inclusion.commuted().holds(&narrow, &wide), wanted[0]);
        }
    }

    #[test]
    fn histograms_are_cut_at_networks() {
        let bounds = [0, 64, 128, 192, 255].map(|third| inet(&format!("10.0.{third}.0/24")));
        let part = |network: &str| Inclusion::WithinOrEquals.part_of_histogram(&bounds, &inet(network));
        assert_eq!(part("10.0.0.0/8"), 1.0);
        assert_eq!(part("11.0.0.0/8"), 0.0);
        // A bucket whole, and half of the next: its upper bound lacks one bit of the network.
        assert_eq!(part("10.0.0.0/17"), 0.375);
    }
}
