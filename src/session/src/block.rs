//! The transaction block: what BEGIN, COMMIT and an error do to a session, apart from the transaction itself.
//!
//! ```text
//!                 statement            BEGIN                      error
//!   Idle --------> Implicit    Idle ---------> InBlock   InBlock ---------> Failed
//!     ^               |          ^  COMMIT,       |          ^  ROLLBACK       |
//!     +---------------+          |  ROLLBACK      |          |  TO SAVEPOINT   |
//!       end of the message       +----------------+----------+-----------------+
//!                                                  COMMIT, ROLLBACK: Idle
//! ```
//!
//! `Implicit` is the transaction around the statements of one simple-query message, or of one pipeline up to Sync. BEGIN turns
//! it into a block that began with its first statement.

use proto::backend::TransactionStatus;

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Block {
    /// No transaction.
    #[default]
    Idle,
    /// A transaction that ends with the message.
    Implicit,
    /// A block that the client opened.
    InBlock,
    /// A block after an error: only its end, or a return to a savepoint, is taken.
    Failed,
}

impl Block {
    /// What ReadyForQuery tells the client.
    pub const fn status(self) -> TransactionStatus {
        match self {
            Block::Idle | Block::Implicit => TransactionStatus::Idle,
            Block::InBlock => TransactionStatus::InBlock,
            Block::Failed => TransactionStatus::Failed,
        }
    }

    /// True in a block that the client opened, failed or not.
    pub const fn is_explicit(self) -> bool {
        matches!(self, Block::InBlock | Block::Failed)
    }

    /// What an error makes of it.
    pub const fn after_error(self) -> Block {
        match self {
            Block::Idle | Block::Implicit => Block::Idle,
            Block::InBlock | Block::Failed => Block::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_ends_what_the_client_did_not_open() {
        assert_eq!(Block::Implicit.after_error(), Block::Idle);
        assert_eq!(Block::InBlock.after_error(), Block::Failed);
        assert_eq!(Block::Failed.after_error().status(), TransactionStatus::Failed);
    }
}
