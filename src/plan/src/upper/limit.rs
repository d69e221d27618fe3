//! LIMIT and OFFSET.

use crate::cost::clamp_rows;
use crate::root::{Path, PathKind, PathRc, Planner, Root};
use analyze::expr::Expr;
use analyze::query::{LimitOption, Query};
use std::rc::Rc;
use tuple::Datum;

/// Rows assumed for a LIMIT that is not known yet: a tenth.
const UNKNOWN_LIMIT_PART: f64 = 0.10;

/// LIMIT and OFFSET as far as they are known: 0 none, -1 unknown, else the number.
#[derive(Clone, Copy)]
pub(super) struct LimitEstimate {
    count: f64,
    offset: f64,
}

impl Planner<'_> {
    pub(super) fn estimate_limit(&mut self, root: &mut Root) -> LimitEstimate {
        let number = |expr: &Option<Expr>| match expr {
            None => Some(0.0),
            Some(Expr::Const(c)) => match c.value {
                Datum::Int8(n) => Some((n as f64).max(0.0)),
                _ => Some(0.0),
            },
            Some(_) => None,
        };
        let count = match &root.query.limit_count {
            Some(Expr::Const(c)) if !c.value.is_null() => number(&root.query.limit_count).map(|n| n.max(1.0)),
            other => number(other),
        };
        let offset = number(&root.query.limit_offset);
        let has_limit = root.query.limit_count.is_some();
        let fraction = match (has_limit, count, offset) {
            (true, Some(n), Some(o)) if n > 0.0 => n + o,
            (true, None, _) | (true, _, None) => UNKNOWN_LIMIT_PART,
            _ => 0.0,
        };
        let outer = root.tuple_fraction;
        root.tuple_fraction = match (outer >= 1.0, fraction >= 1.0) {
            _ if fraction == 0.0 => outer,
            _ if outer == 0.0 => fraction,
            (true, true) => outer.min(fraction),
            (false, false) => outer.min(fraction),
            (true, false) => outer,
            (false, true) => fraction,
        };
        // A sort keeps only so many rows, unless something above it needs more.
        root.limit_tuples = match (count, offset) {
            (Some(n), Some(o)) if n > 0.0 && root.query.limit_option == LimitOption::Count => n + o,
            _ => -1.0,
        };
        LimitEstimate { count: count.unwrap_or(-1.0), offset: offset.unwrap_or(-1.0) }
    }

    pub(super) fn limit_path(&self, root: &Root, child: &PathRc, limit: LimitEstimate) -> PathRc {
        let mut path = Path {
            relids: child.relids,
            target: Rc::clone(&child.target),
            rows: child.rows,
            startup: child.startup,
            total: child.total,
            keys: Rc::clone(&child.keys),
            param: None,
            kind: PathKind::Limit {
                child: Rc::clone(child),
                offset: root.query.limit_offset.clone(),
                count: root.query.limit_count.clone(),
                with_ties: root.query.limit_option == LimitOption::WithTies,
            },
        };
        let run = child.total - child.startup;
        if limit.offset != 0.0 {
            let skipped = if limit.offset > 0.0 { limit.offset } else { clamp_rows(path.rows * UNKNOWN_LIMIT_PART) }
                .min(path.rows);
            if child.rows > 0.0 {
                path.startup += run * skipped / child.rows;
            }
            path.rows = (path.rows - skipped).max(1.0);
        }
        if limit.count != 0.0 {
            let wanted =
                if limit.count > 0.0 { limit.count } else { clamp_rows(path.rows * UNKNOWN_LIMIT_PART) }.min(path.rows);
            if child.rows > 0.0 {
                path.total = path.startup + run * wanted / child.rows;
            }
            path.rows = wanted.max(1.0);
        }
        Rc::new(path)
    }
}

pub(super) fn needs_limit(query: &Query) -> bool {
    let real = |e: &Option<Expr>, none: i64| match e {
        None => false,
        Some(Expr::Const(c)) => match c.value {
            Datum::Null => false,
            Datum::Int8(n) => n != none,
            _ => true,
        },
        Some(_) => true,
    };
    real(&query.limit_count, i64::MIN) || real(&query.limit_offset, 0)
}
