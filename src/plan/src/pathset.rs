//! The paths of a relation worth keeping.

use crate::classes::keys_contained;
use crate::root::{Path, PathRc, Rel};
use std::rc::Rc;

const FUZZ: f64 = 1.01;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    Equal,
    First,
    Second,
    Different,
}

fn compare_costs(a: &Path, b: &Path) -> Better {
    // Startup counts only where it may matter: for unparameterised paths and the few rows that a cursor fetches.
    if a.total > b.total * FUZZ {
        return if b.startup > a.startup * FUZZ { Better::Different } else { Better::Second };
    }
    if b.total > a.total * FUZZ {
        return if a.startup > b.startup * FUZZ { Better::Different } else { Better::First };
    }
    if a.startup > b.startup * FUZZ {
        return Better::Second;
    }
    if b.startup > a.startup * FUZZ {
        return Better::First;
    }
    Better::Equal
}

fn compare_keys(a: &Path, b: &Path) -> Better {
    let (a_has, b_has) = (keys_contained(&b.keys, &a.keys), keys_contained(&a.keys, &b.keys));
    match (a_has, b_has) {
        (true, true) => Better::Equal,
        (true, false) => Better::First,
        (false, true) => Better::Second,
        (false, false) => Better::Different,
    }
}

/// True if `a` is at least as good as `b` in everything.
fn dominates(a: &Path, b: &Path) -> bool {
    let cost = compare_costs(a, b);
    let keys = compare_keys(a, b);
    if !matches!(cost, Better::Equal | Better::First) || !matches!(keys, Better::Equal | Better::First) {
        return false;
    }
    if !a.required_outer().is_subset(b.required_outer()) || a.rows > b.rows {
        return false;
    }
    // Alike but for a hair: the exact cost decides, and the one that was there first stays.
    cost == Better::First
        || keys == Better::First
        || a.rows < b.rows
        || a.required_outer() != b.required_outer()
        || a.total <= b.total
}

/// Adds a path unless one that is there is as good; drops those that it beats.
pub fn add_path(rel: &mut Rel, path: Path) {
    add_to(&mut rel.paths, path);
}

/// The same for a bare list.
pub fn add_to(paths: &mut Vec<PathRc>, path: Path) {
    if paths.iter().any(|old| dominates(old, &path)) {
        return;
    }
    paths.retain(|old| !dominates(&path, old));
    let at = paths.partition_point(|old| old.total <= path.total);
    paths.insert(at, Rc::new(path));
}

/// The cheapest for all rows among those that need no parameter.
pub fn cheapest_total(paths: &[PathRc]) -> Option<&PathRc> {
    paths.iter().filter(|p| p.param.is_none()).min_by(|a, b| {
        a.total.total_cmp(&b.total).then(a.startup.total_cmp(&b.startup)).then(b.keys.len().cmp(&a.keys.len()))
    })
}

/// The cheapest for the first row among those that need no parameter.
pub fn cheapest_startup(paths: &[PathRc]) -> Option<&PathRc> {
    paths
        .iter()
        .filter(|p| p.param.is_none())
        .min_by(|a, b| a.startup.total_cmp(&b.startup).then(a.total.total_cmp(&b.total)))
}

/// The cheapest with an order, needing parameters of at most these relations.
pub fn cheapest_for_keys<'a>(
    paths: &'a [PathRc],
    keys: &[crate::root::PathKey],
    required: crate::relids::Relids,
    by_startup: bool,
) -> Option<&'a PathRc> {
    paths
        .iter()
        .filter(|p| keys_contained(keys, &p.keys) && p.required_outer().is_subset(required))
        .min_by(|a, b| if by_startup { a.startup.total_cmp(&b.startup) } else { a.total.total_cmp(&b.total) })
}

/// The cheapest to get a part of the rows (a number of rows if at least 1, all if 0).
pub fn cheapest_fractional(paths: &[PathRc], fraction: f64) -> Option<&PathRc> {
    if fraction <= 0.0 {
        return cheapest_total(paths);
    }
    let of = |p: &PathRc| {
        let part = if fraction >= 1.0 { fraction / p.rows.max(1.0) } else { fraction };
        p.startup + part.min(1.0) * (p.total - p.startup)
    };
    paths.iter().filter(|p| p.param.is_none()).min_by(|a, b| of(a).total_cmp(&of(b)))
}
