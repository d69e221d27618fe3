//! Passwords: the forms in which a role's password is stored, and how a client proves that it knows it.
//!
//! [`scram`] has both forms that PostgreSQL keeps (SCRAM-SHA-256 verifiers and md5 hashes) and the server's side of the
//! SCRAM exchange. The crate draws no random numbers and reads no message frames: salts, nonces and message texts are
//! given to it. CREATE ROLE stores with it, login checks with it, and neither needs to know the other's layer.
#![forbid(unsafe_code)]

pub mod scram;
