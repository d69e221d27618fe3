//! Enum values that the present transaction added to a type that was there before the statement.
//!
//! Until the transaction commits they must not be stored: an index that holds one would outlive a rollback, which takes away what is
//! known of its order.
//!
//! Source: PostgreSQL 15 pg_enum.c.

use crate::{Ctx, TransactionParticipant};
use base::Oid;
use report::Result;
use std::collections::BTreeSet;

#[derive(Default)]
struct NewValues(BTreeSet<Oid>);

/// Forgets them when the transaction ends.
struct Forgetter;

impl TransactionParticipant for Forgetter {
    fn before_commit(&mut self, _: Ctx<'_>) -> Result<()> {
        Ok(())
    }

    fn savepoint_begun(&mut self, _: usize) {}

    fn savepoint_ended(&mut self, _: usize, _: bool) {}

    fn ended(&mut self, cx: Ctx<'_>, _: bool) -> Result<()> {
        *cx.session.extensions.borrow_mut().get::<NewValues>() = NewValues::default();
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

impl Ctx<'_> {
    /// ALTER TYPE added a value.
    pub fn note_new_enum_value(self, value: Oid) {
        self.forget_at_end();
        self.session.extensions.borrow_mut().get::<NewValues>().0.insert(value);
    }

    /// True if the value must not be used yet.
    pub fn is_new_enum_value(self, value: Oid) -> bool {
        self.session.extensions.borrow_mut().get::<NewValues>().0.contains(&value)
    }

    fn forget_at_end(self) {
        let mut participants = self.session.participants.borrow_mut();
        if !participants.iter_mut().any(|participant| participant.as_any().is::<Forgetter>()) {
            participants.push(Box::new(Forgetter));
        }
    }
}
