//! What a cursor's plan and executor tell of it: whether it can go back, and which rows it stands on (WHERE CURRENT OF).
//!
//! Source: PostgreSQL 15 execCurrent.c, execAmi.c.

use crate::api::Executor;
use crate::env::Env;
use crate::node::{Kind, NodeState};
use analyze::query::RteKind;
use base::{Oid, Tid};
use instance::Cursor;
use plan::node::{Node, Plan, PlannedStmt, RowMarkKind};
use report::{Result, error};
use tuple::Datum;

impl Executor {
    /// Fills in what is known of a cursor from its plan. `may_scroll` is what DECLARE says, if it says anything.
    pub fn describe_cursor(&self, may_scroll: Option<bool>, cursor: &mut Cursor) {
        let stmt = self.plan();
        let locked: Vec<i32> = stmt
            .row_marks
            .iter()
            .filter(|mark| matches!(mark.kind, RowMarkKind::Lock(_)))
            .map(|mark| mark.relation)
            .collect();
        cursor.locks_rows = !locked.is_empty();
        let mut scanned = Vec::new();
        simple_scans(&stmt.plan, &mut scanned);
        let relations = if cursor.locks_rows { locked } else { scanned };
        cursor.relations = relations.into_iter().filter_map(|rti| relation_oid(stmt, rti)).collect();
        cursor.is_scrollable = may_scroll.unwrap_or(!cursor.locks_rows && can_go_back(&stmt.plan));
    }

    /// The rows of stored tables that the present row was made of, as far as WHERE CURRENT OF may mean them.
    pub fn standing(&mut self) -> Vec<(Oid, Tid)> {
        let mut found = Vec::new();
        let (node, es) = self.parts();
        gather(node, &mut found);
        let oid = |(rti, tid): (i32, Tid)| Some((relation_oid(&es.plan, rti)?, tid));
        found.into_iter().filter_map(oid).collect()
    }
}

fn relation_oid(stmt: &PlannedStmt, rti: i32) -> Option<Oid> {
    match &stmt.rtable.get(rti as usize - 1)?.kind {
        RteKind::Relation(relation) => Some(relation.relid),
        _ => None,
    }
}

/// Relations that a plan scans in a way that its rows are theirs.
fn simple_scans(plan: &Plan, out: &mut Vec<i32>) {
    match &plan.node {
        Node::SeqScan(n) => out.push(n.relation),
        Node::IndexScan(n) => out.push(n.relation),
        Node::IndexOnlyScan(n) => out.push(n.relation),
        Node::BitmapHeapScan(n) => out.push(n.relation),
        Node::TidScan(n) => out.push(n.relation),
        Node::Append(_) | Node::Limit(_) | Node::SubqueryScan(_) | Node::Result(_) => {
            plan.children().into_iter().for_each(|child| simple_scans(child, out));
        }
        _ => {}
    }
}

fn gather(node: &mut NodeState, out: &mut Vec<(i32, Tid)>) {
    match &mut node.kind {
        Kind::SeqScan(scan) => out.push(scan.standing()),
        Kind::IndexScan(scan) => out.push(scan.standing()),
        Kind::BitmapHeapScan(scan) => out.push(scan.standing()),
        Kind::TidScan(scan) => out.push(scan.standing()),
        Kind::LockRows(rows) => out.extend(rows.standing()),
        Kind::Append(append) => {
            if let Some(child) = append.active() {
                gather(child, out);
            }
        }
        Kind::Limit(_) | Kind::SubqueryScan(_) | Kind::Result(_) => {
            node.children_mut().into_iter().for_each(|child| gather(child, out));
        }
        _ => {}
    }
}

/// True if PostgreSQL could run the plan backward: a cursor over another one is not scrollable unless it says so.
fn can_go_back(plan: &Plan) -> bool {
    match &plan.node {
        Node::SeqScan(_)
        | Node::IndexScan(_)
        | Node::IndexOnlyScan(_)
        | Node::TidScan(_)
        | Node::FunctionScan(_)
        | Node::ValuesScan(_)
        | Node::CteScan(_)
        | Node::Material(_)
        | Node::Sort(_) => true,
        Node::Result(n) => n.child.as_deref().is_some_and(can_go_back),
        Node::Append(_) | Node::SubqueryScan(_) | Node::LockRows(_) | Node::Limit(_) => {
            plan.children().into_iter().all(can_go_back)
        }
        _ => false,
    }
}

/// The row of a table that a cursor stands on; none if an outer join gave none.
///
/// Errors: 34000, 24000.
pub fn current_of(env: &Env<'_>, name: &str, table: (Oid, &str)) -> Result<Option<Tid>> {
    let cursors = env.cx.session.cursors.borrow();
    let Some(cursor) = cursors.get(name) else {
        return Err(error!(UNDEFINED_CURSOR, "cursor \"{name}\" does not exist"));
    };
    if cursor.is_held {
        return Err(error!(INVALID_CURSOR_STATE, "cursor \"{name}\" is held from a previous transaction"));
    }
    let (oid, table) = table;
    let count = cursor.relations.iter().filter(|relation| **relation == oid).count();
    let refused = match (cursor.locks_rows, count) {
        (_, 1) => None,
        (true, 0) => Some(format!("does not have a FOR UPDATE/SHARE reference to table \"{table}\"")),
        (true, _) => Some(format!("has multiple FOR UPDATE/SHARE references to table \"{table}\"")),
        (false, _) => Some(format!("is not a simply updatable scan of table \"{table}\"")),
    };
    if let Some(reason) = refused {
        return Err(error!(INVALID_CURSOR_STATE, "cursor \"{name}\" {reason}"));
    }
    let Some(standing) = &cursor.standing else {
        return Err(error!(INVALID_CURSOR_STATE, "cursor \"{name}\" is not positioned on a row"));
    };
    Ok(standing.iter().find(|(relation, _)| *relation == oid).map(|(_, tid)| *tid))
}

/// Rows that a cursor stands on as bytes, to be kept with what it gave.
pub fn standing_to_datum(standing: &[(Oid, Tid)]) -> Datum {
    let mut bytes = Vec::with_capacity(standing.len() * 10);
    for (oid, tid) in standing {
        bytes.extend_from_slice(&oid.0.to_le_bytes());
        bytes.extend_from_slice(&tid.to_bytes());
    }
    Datum::bytes(&bytes)
}

/// The inverse of [`standing_to_datum`].
pub fn standing_of_datum(value: &Datum) -> Vec<(Oid, Tid)> {
    let Datum::Bytes(bytes) = value else { return Vec::new() };
    let part = |chunk: &[u8]| {
        let oid = u32::from_le_bytes(chunk[..4].try_into().expect("ten bytes"));
        (Oid(oid), Tid::from_bytes(chunk[4..].try_into().expect("ten bytes")))
    };
    bytes.as_slice().chunks_exact(10).map(part).collect()
}
