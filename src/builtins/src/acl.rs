//! aclitem: who was granted what by whom.
//!
//! Twelve bytes, little-endian: grantee oid (4, zero is PUBLIC), grantor oid (4), privileges (4: bits 0..16 in the order
//! of [`PRIVILEGES`], bits 16..32 the same with grant option). Crate `catalog` knows the same layout. The text form names roles, so reading and printing it need the
//! catalogs: those functions are not here.

use crate::RowSource;
use crate::array::{ArrayRef, build_list};
use crate::string::split::wide_rows;
use base::Oid;
use report::{Result, bail};
use tuple::{Datum, Repr};

/// pg_type oid of aclitem.
pub const ACLITEM: Oid = Oid(1033);

/// Letter and name of each privilege, by bit.
pub const PRIVILEGES: [(char, &str); 14] = [
    ('a', "INSERT"),
    ('r', "SELECT"),
    ('w', "UPDATE"),
    ('d', "DELETE"),
    ('D', "TRUNCATE"),
    ('x', "REFERENCES"),
    ('t', "TRIGGER"),
    ('X', "EXECUTE"),
    ('U', "USAGE"),
    ('C', "CREATE"),
    ('T', "TEMPORARY"),
    ('c', "CONNECT"),
    ('s', "SET"),
    ('A', "ALTER SYSTEM"),
];

/// One grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AclItem {
    /// Who has it; zero is PUBLIC.
    pub grantee: Oid,
    /// Who gave it.
    pub grantor: Oid,
    /// Which privileges, by bit.
    pub privileges: u32,
    /// Which of them may be passed on.
    pub grant_options: u32,
}

impl AclItem {
    /// Reads a datum.
    pub fn of(datum: &Datum) -> AclItem {
        let word = |at: usize| {
            let bytes = datum.as_bytes()[at..at + 4].try_into().expect("an aclitem is twelve bytes");
            u32::from_le_bytes(bytes)
        };
        let bits = word(8);
        AclItem { grantee: Oid(word(0)), grantor: Oid(word(4)), privileges: bits & 0xffff, grant_options: bits >> 16 }
    }

    /// The grant as a datum.
    pub fn to_datum(self) -> Datum {
        let words = [self.grantee.0, self.grantor.0, self.privileges | self.grant_options << 16];
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        Datum::bytes(&bytes)
    }
}

/// The grants in an aclitem[].
pub fn items(array: &Datum) -> Vec<AclItem> {
    ArrayRef::of(array).iter().map(|d| AclItem::of(&d)).collect()
}

/// An aclitem[] of these grants.
pub fn array_of(items: &[AclItem]) -> Result<Datum> {
    let values: Vec<Datum> = items.iter().map(|i| i.to_datum()).collect();
    build_list(ACLITEM, Repr::Bytes, &values)
}

fn bits(letters: &str) -> u32 {
    let bit = |letter: char| PRIVILEGES.iter().position(|(l, _)| *l == letter).map_or(0, |at| 1 << at);
    letters.chars().map(bit).sum()
}

/// What an object of a kind (the letters of acldefault) grants when nothing was said: to PUBLIC, and to its owner.
pub fn default_privileges(kind: u8) -> Option<(u32, u32)> {
    let (public, owner) = match kind {
        b'c' => ("", ""),
        b'r' => ("", "arwdDxt"),
        b's' => ("", "rwU"),
        b'd' => ("Tc", "CTc"),
        b'f' => ("X", "X"),
        b'l' => ("U", "U"),
        b'L' => ("", "rw"),
        b'n' => ("", "UC"),
        b'p' => ("", "sA"),
        b't' => ("", "C"),
        b'F' | b'S' => ("", "U"),
        b'T' => ("U", "U"),
        _ => return None,
    };
    Some((bits(public), bits(owner)))
}

/// The default grants on an object of a kind that `owner` owns.
///
/// Errors: XX000 for an unknown kind.
pub fn default_acl(kind: u8, owner: Oid) -> Result<Vec<AclItem>> {
    let Some((public, own)) = default_privileges(kind) else {
        bail!(INTERNAL_ERROR, "unrecognized objtype abbreviation: {}", crate::chars::print_char(kind));
    };
    let mut out = Vec::new();
    if public != 0 {
        out.push(AclItem { grantee: Oid::INVALID, grantor: owner, privileges: public, grant_options: 0 });
    }
    if own != 0 {
        out.push(AclItem { grantee: owner, grantor: owner, privileges: own, grant_options: 0 });
    }
    Ok(out)
}

/// The bit of a privilege's name.
///
/// Errors: 22023 for an unknown name.
pub fn parse_privilege(name: &str) -> Result<u32> {
    let plain = if name.eq_ignore_ascii_case("TEMP") { "TEMPORARY" } else { name };
    match PRIVILEGES.iter().position(|(_, n)| n.eq_ignore_ascii_case(plain)) {
        Some(at) => Ok(1 << at),
        None => bail!(INVALID_PARAMETER_VALUE, "unrecognized privilege type: \"{name}\""),
    }
}

fn explode(array: &Datum) -> Box<dyn RowSource> {
    let mut rows = Vec::new();
    for item in items(array) {
        for (bit, (_, name)) in PRIVILEGES.iter().enumerate() {
            if item.privileges & 1 << bit != 0 {
                let grantable = item.grant_options & 1 << bit != 0;
                rows.push(vec![
                    Datum::Oid(item.grantor),
                    Datum::Oid(item.grantee),
                    Datum::text(name),
                    Datum::Bool(grantable),
                ]);
            }
        }
    }
    wide_rows(rows)
}

fn holds(array: &Datum, wanted: AclItem) -> bool {
    items(array).iter().any(|i| {
        (i.grantee, i.grantor) == (wanted.grantee, wanted.grantor)
            && i.privileges & wanted.privileges == wanted.privileges
            && i.grant_options & wanted.grant_options == wanted.grant_options
    })
}

builtins! {
    fn acldefault_sql(kind: u8, owner: Oid) -> Datum { array_of(&default_acl(kind, owner)?)? }
    fn makeaclitem(grantee: Oid, grantor: Oid, privileges: &str, grantable: bool) -> Datum {
        let privileges = parse_privilege(privileges)?;
        AclItem { grantee, grantor, privileges, grant_options: if grantable { privileges } else { 0 } }.to_datum()
    }
    fn aclcontains(a: &Datum, item: &Datum) -> bool { holds(a, AclItem::of(item)) }
    fn aclitem_eq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn hash_aclitem(a: &Datum) -> i32 {
        let item = AclItem::of(a);
        (item.privileges | item.grant_options << 16).wrapping_add(item.grantee.0).wrapping_add(item.grantor.0) as i32
    }
}

set_returning! {
    fn aclexplode(cx, args) { Ok(explode(&args[0])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_round_trip() {
        let item = AclItem { grantee: Oid(5), grantor: Oid(10), privileges: bits("arw"), grant_options: bits("r") };
        assert_eq!(AclItem::of(&item.to_datum()), item);
        assert!(holds(&array_of(&[item]).unwrap(), AclItem { privileges: bits("a"), grant_options: 0, ..item }));
        assert_eq!(default_acl(b'r', Oid(10)).unwrap().len(), 1);
        assert_eq!(default_acl(b'f', Oid(10)).unwrap().len(), 2);
        assert_eq!(parse_privilege("TEMP").unwrap(), bits("T"));
    }
}
