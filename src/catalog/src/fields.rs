//! How the fields of row structs are read from datums and written to them.

#![allow(clippy::ptr_arg, reason = "a field is passed as what it is; generated code calls these")]

use crate::{AclItem, array, oids::types};
use base::Oid;
use tuple::{Datum, Repr};

pub(crate) fn optional<T>(datum: &Datum, read: impl Fn(&Datum) -> T) -> Option<T> {
    (!datum.is_null()).then(|| read(datum))
}

macro_rules! scalars {
    ($($read:ident $write:ident $type:ty: $reader:ident $variant:ident;)*) => {$(
        pub(crate) fn $read(datum: &Datum) -> $type {
            datum.$reader()
        }
        pub(crate) fn $write(value: &$type) -> Datum {
            Datum::$variant(*value)
        }
    )*};
}

scalars! {
    read_oid write_oid Oid: as_oid Oid;
    read_bool write_bool bool: as_bool Bool;
    read_char write_char u8: as_char Char;
    read_int2 write_int2 i16: as_i16 Int2;
    read_int4 write_int4 i32: as_i32 Int4;
    read_int8 write_int8 i64: as_i64 Int8;
    read_float4 write_float4 f32: as_f32 Float4;
}

pub(crate) fn read_text(datum: &Datum) -> String {
    datum.as_str().to_owned()
}

pub(crate) fn write_text(value: &String) -> Datum {
    Datum::text(value)
}

pub(crate) fn read_bytes(datum: &Datum) -> Vec<u8> {
    datum.as_bytes().to_vec()
}

pub(crate) fn write_bytes(value: &Vec<u8>) -> Datum {
    Datum::bytes(value)
}

pub(crate) fn read_any(datum: &Datum) -> Datum {
    datum.clone()
}

pub(crate) fn write_any(value: &Datum) -> Datum {
    value.clone()
}

macro_rules! arrays {
    ($($read:ident $write:ident $type:ty: $element:ident $repr:ident $lower:literal, $reader:expr, $writer:expr;)*) => {$(
        pub(crate) fn $read(datum: &Datum) -> Vec<$type> {
            array::decode(datum).iter().map($reader).collect()
        }
        pub(crate) fn $write(value: &Vec<$type>) -> Datum {
            let elements: Vec<Datum> = value.iter().map($writer).collect();
            array::encode(types::$element, Repr::$repr, $lower, &elements)
        }
    )*};
}

arrays! {
    read_oidvector write_oidvector Oid: OID Oid 0, Datum::as_oid, write_oid;
    read_int2vector write_int2vector i16: INT2 Int2 0, Datum::as_i16, write_int2;
    read_oid_array write_oid_array Oid: OID Oid 1, Datum::as_oid, write_oid;
    read_int2_array write_int2_array i16: INT2 Int2 1, Datum::as_i16, write_int2;
    read_float4_array write_float4_array f32: FLOAT4 Float4 1, Datum::as_f32, write_float4;
    read_char_array write_char_array u8: CHAR Char 1, Datum::as_char, write_char;
    read_text_array write_text_array String: TEXT Bytes 1, read_text, write_text;
    read_acl write_acl AclItem: ACLITEM Bytes 1, |d| AclItem::from_bytes(d.as_bytes()), |a| Datum::bytes(&a.to_bytes());
}
