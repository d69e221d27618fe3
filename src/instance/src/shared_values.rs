//! Values of upper layers that all sessions of an instance share.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use sync::{Mutex, rank};

/// At most one value of each type, for as long as the instance lives.
pub struct SharedValues(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Default for SharedValues {
    fn default() -> SharedValues {
        SharedValues(Mutex::new(rank::LEAF, HashMap::new()))
    }
}

impl SharedValues {
    /// The value of this type, made on first use. Who needs it often keeps the reference.
    pub fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.0.lock();
        let value = values.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default()));
        Arc::clone(value).downcast().expect("a place holds the type it is named by")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    #[test]
    fn all_get_the_same_value() {
        let values = SharedValues::default();
        values.get::<AtomicU32>().store(7, Ordering::Relaxed);
        assert_eq!(values.get::<AtomicU64>().load(Ordering::Relaxed), 0);
        assert_eq!(values.get::<AtomicU32>().load(Ordering::Relaxed), 7);
    }
}
