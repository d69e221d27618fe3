//! What a commit tells all sessions to forget.
//!
//! A transaction that writes catalogs collects [`Invalidations`]. They go into its commit record and, once its commit
//! number is published, to [`crate::Caches::apply`]. Format of the payload, little-endian:
//!
//! | width | meaning |
//! |---|---|
//! | 1 | kind: 1 row, 2 relation, 3 database |
//! | 4 | database, zero for shared catalogs |
//! | 8 | row only: hash of the key |
//! | 4 | relation only: its object id |

use crate::key::KeyHash;
use crate::limits::INVALIDATIONS_MAX;
use base::Oid;
use report::{Error, Result};
use std::collections::BTreeSet;

/// One thing to forget.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Invalidation {
    /// Rows and lists of the row cache under this hash. The hash covers cache, database and key.
    Row {
        /// The database, zero for shared catalogs.
        database: Oid,
        /// Hash of the key or of its first columns.
        hash: KeyHash,
    },
    /// A relation's entry.
    Relation {
        /// The database, zero for shared relations.
        database: Oid,
        /// The relation.
        relation: Oid,
    },
    /// Everything of a database; of all of them if it is zero.
    Database {
        /// The database.
        database: Oid,
    },
}

/// A set of things to forget.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invalidations {
    set: BTreeSet<Invalidation>,
}

impl Invalidations {
    /// One alone.
    pub fn of(invalidation: Invalidation) -> Invalidations {
        Invalidations { set: BTreeSet::from([invalidation]) }
    }

    /// Adds one; true if it was not there. Too many become "everything".
    pub fn add(&mut self, invalidation: Invalidation) -> bool {
        if self.set.len() >= INVALIDATIONS_MAX && !self.set.contains(&invalidation) {
            self.set.clear();
            self.set.insert(Invalidation::Database { database: Oid::INVALID });
        }
        self.set.insert(invalidation)
    }

    /// True if there is nothing to forget.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Invalidation> {
        self.set.iter()
    }

    /// True if a row with this hash is to be forgotten.
    pub fn covers_row(&self, database: Oid, hash: KeyHash) -> bool {
        self.set.contains(&Invalidation::Row { database, hash }) || self.covers_database(database)
    }

    /// True if this relation's entry is to be forgotten.
    pub fn covers_relation(&self, database: Oid, relation: Oid) -> bool {
        self.set.contains(&Invalidation::Relation { database, relation }) || self.covers_database(database)
    }

    fn covers_database(&self, database: Oid) -> bool {
        [database, Oid::INVALID].iter().any(|&database| self.set.contains(&Invalidation::Database { database }))
    }

    /// The payload of the commit record.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(13 * self.set.len());
        for invalidation in &self.set {
            match *invalidation {
                Invalidation::Row { database, hash } => {
                    out.push(1);
                    out.extend_from_slice(&database.0.to_le_bytes());
                    out.extend_from_slice(&hash.0.to_le_bytes());
                }
                Invalidation::Relation { database, relation } => {
                    out.push(2);
                    out.extend_from_slice(&database.0.to_le_bytes());
                    out.extend_from_slice(&relation.0.to_le_bytes());
                }
                Invalidation::Database { database } => {
                    out.push(3);
                    out.extend_from_slice(&database.0.to_le_bytes());
                }
            }
        }
        out
    }

    /// The reverse of `encode`. Errors: XX001 if the bytes are no payload.
    pub fn decode(mut bytes: &[u8]) -> Result<Invalidations> {
        let mut all = Invalidations::default();
        while let Some((&kind, rest)) = bytes.split_first() {
            let (database, rest) = read_oid(rest)?;
            let (invalidation, rest) = match kind {
                1 => {
                    let (hash, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
                    (Invalidation::Row { database, hash: KeyHash(u64::from_le_bytes(*hash)) }, rest)
                }
                2 => {
                    let (relation, rest) = read_oid(rest)?;
                    (Invalidation::Relation { database, relation }, rest)
                }
                3 => (Invalidation::Database { database }, rest),
                _ => return Err(damaged()),
            };
            all.add(invalidation);
            bytes = rest;
        }
        Ok(all)
    }
}

fn read_oid(bytes: &[u8]) -> Result<(Oid, &[u8])> {
    let (oid, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
    Ok((Oid(u32::from_le_bytes(*oid)), rest))
}

fn damaged() -> Error {
    Error::corrupt("invalid cache invalidation payload")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_round_trip() {
        let mut all = Invalidations::default();
        all.add(Invalidation::Row { database: Oid(5), hash: KeyHash(77) });
        all.add(Invalidation::Relation { database: Oid(0), relation: Oid(1262) });
        all.add(Invalidation::Database { database: Oid(9) });
        assert_eq!(Invalidations::decode(&all.encode()).unwrap(), all);
        assert!(Invalidations::decode(&[1, 0]).is_err());
        assert!(Invalidations::decode(&[9, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn too_many_become_everything() {
        let mut all = Invalidations::default();
        for n in 0..=INVALIDATIONS_MAX as u64 {
            all.add(Invalidation::Row { database: Oid(5), hash: KeyHash(n) });
        }
        assert_eq!(all.iter().count(), 2);
        assert!(all.covers_relation(Oid(7), Oid(1)));
    }
}
