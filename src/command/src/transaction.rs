//! What can be said of a transaction: isolation and access mode.

use instance::{Ctx, serializable_unsupported};
use parser::ast::{DefArg, DefElem};
use report::{Error, Result, bail};
use xact::Isolation;

/// Applies the options of BEGIN, START TRANSACTION and SET TRANSACTION to the transaction that runs.
///
/// Errors: 25001 if the transaction has taken a snapshot and its isolation would change; 0A000 for serializable.
pub fn set_characteristics(cx: Ctx<'_>, options: &[DefElem]) -> Result<()> {
    for option in options {
        match (option.name.as_str(), &option.arg) {
            ("transaction_isolation", Some(DefArg::String(level))) => set_isolation(cx, level)?,
            ("transaction_read_only", Some(DefArg::Integer(flag))) => set_read_only(cx, *flag != 0)?,
            ("transaction_deferrable", _) => {}
            (other, _) => return Err(Error::internal(format!("unknown transaction option {other}"))),
        }
    }
    Ok(())
}

/// SET transaction_isolation.
pub(crate) fn set_isolation_by_name(cx: Ctx<'_>, level: &str) -> Result<()> {
    set_isolation(cx, level)
}

fn set_isolation(cx: Ctx<'_>, level: &str) -> Result<()> {
    let isolation = match level {
        "read committed" | "read uncommitted" => Isolation::ReadCommitted,
        "repeatable read" => Isolation::RepeatableRead,
        _ => return Err(serializable_unsupported()),
    };
    cx.with_tx(|tx| {
        if tx.isolation() != isolation && tx.has_snapshot() {
            bail!(ACTIVE_SQL_TRANSACTION, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
        }
        if tx.isolation() != isolation && tx.depth() > 0 {
            bail!(ACTIVE_SQL_TRANSACTION, "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
        }
        tx.set_isolation(isolation);
        Ok(())
    })
}

fn set_read_only(cx: Ctx<'_>, read_only: bool) -> Result<()> {
    let session = cx.session;
    if session.is_read_only.get() && !read_only && !session.outer_read_only.borrow().is_empty() {
        bail!(ACTIVE_SQL_TRANSACTION, "cannot set transaction read-write mode inside a read-only transaction");
    }
    if session.is_read_only.get() && !read_only && cx.with_tx(|tx| tx.has_snapshot()) {
        bail!(ACTIVE_SQL_TRANSACTION, "transaction read-write mode must be set before any query");
    }
    session.is_read_only.set(read_only);
    Ok(())
}

/// Ends the transaction and begins another, for statements that work on many tables, each in a transaction of its own. The session
/// ends the last.
pub(crate) fn begin_next(cx: Ctx<'_>) -> Result<()> {
    cx.commit_transaction()?;
    cx.start_transaction();
    Ok(())
}
