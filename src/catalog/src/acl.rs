//! Access privileges as catalogs store them.

use base::Oid;

/// Who may do what, granted by whom. Stored as 12 bytes, little-endian: grantee (4), grantor (4), privileges (4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct AclItem {
    /// The role that has the privileges, zero for PUBLIC.
    pub grantee: Oid,
    /// The role that gave them.
    pub grantor: Oid,
    /// Bits 0..16: privileges in the order of [`AclItem::LETTERS`]; bits 16..32: the same with grant option.
    pub privileges: u32,
}

impl AclItem {
    /// The letter of each privilege bit: insert, select, update, delete, truncate, references, trigger, execute, usage,
    /// create, temporary, connect, set, alter system.
    pub const LETTERS: &'static [u8; 14] = b"arwdDxtXUCTcsA";

    /// The stored form.
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.grantee.0.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.grantor.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.privileges.to_le_bytes());
        bytes
    }

    /// The reverse of `to_bytes`. Panics unless there are 12 bytes.
    pub fn from_bytes(bytes: &[u8]) -> AclItem {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        assert_eq!(bytes.len(), 12, "an aclitem is 12 bytes");
        AclItem { grantee: Oid(word(0)), grantor: Oid(word(4)), privileges: word(8) }
    }
}
