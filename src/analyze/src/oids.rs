//! Object ids of built-in types and other rows that analysis knows by number.
#![allow(missing_docs, reason = "the names are the rows' own")]

use base::Oid;

pub const BOOL: Oid = Oid(16);
pub const BYTEA: Oid = Oid(17);
pub const CHAR: Oid = Oid(18);
pub const NAME: Oid = Oid(19);
pub const INT8: Oid = Oid(20);
pub const INT2: Oid = Oid(21);
pub const INT2VECTOR: Oid = Oid(22);
pub const INT4: Oid = Oid(23);
pub const TEXT: Oid = Oid(25);
pub const OID: Oid = Oid(26);
pub const TID: Oid = Oid(27);
pub const XID: Oid = Oid(28);
pub const CID: Oid = Oid(29);
pub const OIDVECTOR: Oid = Oid(30);
pub const XML: Oid = Oid(142);
pub const FLOAT4: Oid = Oid(700);
pub const FLOAT8: Oid = Oid(701);
pub const UNKNOWN: Oid = Oid(705);
pub const BPCHAR: Oid = Oid(1042);
pub const VARCHAR: Oid = Oid(1043);
pub const DATE: Oid = Oid(1082);
pub const TIME: Oid = Oid(1083);
pub const TIMESTAMP: Oid = Oid(1114);
pub const TIMESTAMPTZ: Oid = Oid(1184);
pub const INTERVAL: Oid = Oid(1186);
pub const TIMETZ: Oid = Oid(1266);
pub const BIT: Oid = Oid(1560);
pub const VARBIT: Oid = Oid(1562);
pub const NUMERIC: Oid = Oid(1700);
pub const REFCURSOR: Oid = Oid(1790);
pub const RECORD: Oid = Oid(2249);
pub const CSTRING: Oid = Oid(2275);
pub const ANY: Oid = Oid(2276);
pub const ANYARRAY: Oid = Oid(2277);
pub const VOID: Oid = Oid(2278);
pub const TRIGGER: Oid = Oid(2279);
pub const INTERNAL: Oid = Oid(2281);
pub const ANYELEMENT: Oid = Oid(2283);
pub const RECORDARRAY: Oid = Oid(2287);
pub const ANYNONARRAY: Oid = Oid(2776);
pub const ANYENUM: Oid = Oid(3500);
pub const ANYRANGE: Oid = Oid(3831);
pub const ANYMULTIRANGE: Oid = Oid(4537);
pub const ANYCOMPATIBLEMULTIRANGE: Oid = Oid(4538);
pub const ANYCOMPATIBLE: Oid = Oid(5077);
pub const ANYCOMPATIBLEARRAY: Oid = Oid(5078);
pub const ANYCOMPATIBLENONARRAY: Oid = Oid(5079);
pub const ANYCOMPATIBLERANGE: Oid = Oid(5080);

pub const PG_CATALOG: Oid = Oid(11);
pub const DEFAULT_COLLATION: Oid = Oid(100);
pub const C_COLLATION: Oid = Oid(950);
pub const BTREE_AM: Oid = Oid(403);
pub const HASH_AM: Oid = Oid(405);
/// `array_subscript_handler`, which marks true arrays.
pub const ARRAY_SUBSCRIPT_HANDLER: Oid = Oid(6179);
/// `jsonb_subscript_handler`.
pub const JSONB_SUBSCRIPT_HANDLER: Oid = Oid(6098);
pub const JSONB: Oid = Oid(3802);

/// anyelement and its relatives that agree exactly.
pub fn is_polymorphic_family_1(oid: Oid) -> bool {
    matches!(oid, ANYELEMENT | ANYARRAY | ANYNONARRAY | ANYENUM | ANYRANGE | ANYMULTIRANGE)
}

/// anycompatible and its relatives that agree on a common type.
pub fn is_polymorphic_family_2(oid: Oid) -> bool {
    matches!(
        oid,
        ANYCOMPATIBLE | ANYCOMPATIBLEARRAY | ANYCOMPATIBLENONARRAY | ANYCOMPATIBLERANGE | ANYCOMPATIBLEMULTIRANGE
    )
}

/// Any polymorphic pseudo-type.
pub fn is_polymorphic(oid: Oid) -> bool {
    is_polymorphic_family_1(oid) || is_polymorphic_family_2(oid)
}
