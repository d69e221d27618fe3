//! The order of joins: all orders by dynamic programming up to a limit, the cheapest next step beyond it.

use crate::joininfo::JoinItem;
use crate::relids::Relids;
use crate::root::{Planner, Rel, Root};
use report::{Error, Result};

/// Up to so many relations all orders are tried.
const ALL_ORDERS_MAX: usize = 9;

impl Planner<'_> {
    /// Joins a list; returns the joint relation.
    pub fn join_list(&mut self, root: &mut Root, items: &[JoinItem]) -> Result<usize> {
        let mut rels = Vec::new();
        for item in items {
            rels.push(match item {
                JoinItem::Rel(rti) => {
                    root.find_rel(Relids::single(*rti)).expect("base relations are made before joins")
                }
                JoinItem::List(list) => self.join_list(root, list)?,
            });
        }
        match rels.len() {
            0 => Err(Error::internal("nothing to join")),
            1 => Ok(rels[0]),
            n if n <= ALL_ORDERS_MAX => self.all_orders(root, &rels),
            _ => self.greedy_order(root, &rels),
        }
    }

    fn all_orders(&mut self, root: &mut Root, initial: &[usize]) -> Result<usize> {
        let mut levels: Vec<Vec<usize>> = vec![Vec::new(), initial.to_vec()];
        for level in 2..=initial.len() {
            let mut new: Vec<usize> = Vec::new();
            self.one_more(root, &levels, level, &mut new)?;
            self.bushy(root, &levels, level, &mut new)?;
            if new.is_empty() {
                self.clauseless(root, &levels, level, &mut new)?;
            }
            levels.push(new);
        }
        let top = levels.pop().expect("there are levels");
        top.first().copied().ok_or_else(|| Error::internal(format!("failed to build any {}-way joins", initial.len())))
    }

    /// Joins of each relation of the level before with one more.
    fn one_more(&mut self, root: &mut Root, levels: &[Vec<usize>], level: usize, new: &mut Vec<usize>) -> Result<()> {
        let before = levels[level - 1].clone();
        for (place, &old) in before.iter().enumerate() {
            let first = if level == 2 { place + 1 } else { 0 };
            let others: Vec<usize> = levels[1][first.min(levels[1].len())..].to_vec();
            let restricted = has_join_condition(root, &root.rels[old]);
            for other in others {
                if root.rels[old].relids.overlaps(root.rels[other].relids) {
                    continue;
                }
                let wanted =
                    !restricted || joinable(root, &root.rels[old], &root.rels[other]) || ordered(root, old, other);
                // A relation without any condition is joined with everything, once nothing else is left.
                if wanted && (restricted || !has_join_condition(root, &root.rels[other]) || level > 1) {
                    note(self.make_join_rel(root, old, other)?, new);
                }
            }
        }
        Ok(())
    }

    /// Joins of two joins.
    fn bushy(&mut self, root: &mut Root, levels: &[Vec<usize>], level: usize, new: &mut Vec<usize>) -> Result<()> {
        for k in 2..=level / 2 {
            let (small, large) = (levels[k].clone(), levels[level - k].clone());
            for (place, &a) in large.iter().enumerate() {
                if !has_join_condition(root, &root.rels[a]) {
                    continue;
                }
                let first = if k == level - k { place + 1 } else { 0 };
                for &b in small.iter().skip(first) {
                    let apart = !root.rels[a].relids.overlaps(root.rels[b].relids);
                    if apart && (joinable(root, &root.rels[a], &root.rels[b]) || ordered(root, a, b)) {
                        note(self.make_join_rel(root, a, b)?, new);
                    }
                }
            }
        }
        Ok(())
    }

    /// Joins of everything with everything, when nothing else is allowed.
    fn clauseless(&mut self, root: &mut Root, levels: &[Vec<usize>], level: usize, new: &mut Vec<usize>) -> Result<()> {
        for &old in &levels[level - 1].clone() {
            for &other in &levels[1].clone() {
                if !root.rels[old].relids.overlaps(root.rels[other].relids) {
                    note(self.make_join_rel(root, old, other)?, new);
                }
            }
        }
        Ok(())
    }

    /// Always the join that gives the fewest rows next, those with a condition first.
    fn greedy_order(&mut self, root: &mut Root, initial: &[usize]) -> Result<usize> {
        let mut pool = initial.to_vec();
        while pool.len() > 1 {
            let mut best: Option<(bool, f64, f64, usize, usize, usize)> = None;
            for i in 0..pool.len() {
                for j in i + 1..pool.len() {
                    let linked =
                        joinable(root, &root.rels[pool[i]], &root.rels[pool[j]]) || ordered(root, pool[i], pool[j]);
                    if best.is_some_and(|(b, ..)| b) && !linked {
                        continue;
                    }
                    let Some(at) = self.make_join_rel(root, pool[i], pool[j])? else { continue };
                    let total = root.rels[at].paths.first().map_or(f64::MAX, |p| p.total);
                    let candidate = (linked, root.rels[at].rows, total, at, i, j);
                    let better = best.is_none_or(|(b, rows, cost, ..)| {
                        (linked && !b) || (linked == b && (candidate.1, candidate.2) < (rows, cost))
                    });
                    if better {
                        best = Some(candidate);
                    }
                }
            }
            let Some((_, _, _, at, i, j)) = best else {
                return Err(Error::internal("failed to find a legal join order"));
            };
            pool.remove(j);
            pool[i] = at;
        }
        Ok(pool[0])
    }
}

fn note(made: Option<usize>, new: &mut Vec<usize>) {
    if let Some(at) = made
        && !new.contains(&at)
    {
        new.push(at);
    }
}

fn has_join_condition(root: &Root, rel: &Rel) -> bool {
    !rel.join_clauses.is_empty()
        || rel.has_class_joins
        || root.special_joins.iter().any(|special| {
            let (l, r) = (special.min_left, special.min_right);
            special.join_type != analyze::query::JoinType::Full
                && !(l.is_subset(rel.relids) && r.is_subset(rel.relids))
                && (l.overlaps(rel.relids) || r.overlaps(rel.relids))
        })
        || !rel.lateral.is_empty()
}

fn joinable(root: &Root, a: &Rel, b: &Rel) -> bool {
    let by_clause = |x: &Rel, y: &Rel| x.join_clauses.iter().any(|c| c.required.overlaps(y.relids));
    by_clause(a, b) || crate::classes::classes_join(root, a, b)
}

/// True if an outer join, or a lateral reference, wants the two joined.
fn ordered(root: &Root, a: usize, b: usize) -> bool {
    let (left, right) = (root.rels[a].relids, root.rels[b].relids);
    if root.rels[a].lateral.overlaps(right) || root.rels[b].lateral.overlaps(left) {
        return true;
    }
    root.special_joins.iter().any(|special| {
        let (l, r) = (special.min_left, special.min_right);
        l.is_subset(left) && r.is_subset(right)
            || l.is_subset(right) && r.is_subset(left)
            || (r.overlaps(left) && r.overlaps(right))
            || (l.overlaps(left) && l.overlaps(right))
    })
}
