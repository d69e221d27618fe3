//! Rust values from datums and back.

use base::Oid;
use tuple::{Bytes, Datum, Repr};

/// A value read from a datum of the right variant. Panics on another variant: that is a bug of ours.
pub trait FromDatum<'a>: Sized {
    /// Reads the value.
    fn from_datum(datum: &'a Datum) -> Self;
}

/// A value that can be put into a datum.
pub trait IntoDatum {
    /// Packs the value.
    fn into_datum(self) -> Datum;
}

macro_rules! scalars {
    ($($type:ty, $reader:ident, $variant:ident;)*) => {$(
        impl FromDatum<'_> for $type {
            #[inline]
            fn from_datum(datum: &Datum) -> $type {
                datum.$reader()
            }
        }
        impl IntoDatum for $type {
            #[inline]
            fn into_datum(self) -> Datum {
                Datum::$variant(self)
            }
        }
    )*};
}
scalars! {
    bool, as_bool, Bool;
    i16, as_i16, Int2;
    i64, as_i64, Int8;
    f32, as_f32, Float4;
    f64, as_f64, Float8;
}

/// The catalogs use one function for types of different variants where PostgreSQL's bits agree: `hashint4` for xid,
/// `hashchar` for bool, `int4out` of a date. These readers take either.
macro_rules! tolerant {
    ($($type:ty, $reader:ident, $variant:ident, $other:pat => $value:expr;)*) => {$(
        impl FromDatum<'_> for $type {
            #[inline]
            fn from_datum(datum: &Datum) -> $type {
                match datum {
                    $other => $value,
                    plain => plain.$reader(),
                }
            }
        }
        impl IntoDatum for $type {
            #[inline]
            fn into_datum(self) -> Datum {
                Datum::$variant(self)
            }
        }
    )*};
}
tolerant! {
    u8, as_char, Char, Datum::Bool(v) => u8::from(*v);
    i32, as_i32, Int4, Datum::Oid(v) => v.0 as i32;
    Oid, as_oid, Oid, Datum::Int4(v) => Oid(*v as u32);
}

/// The value of a binary-coercible cast (pg_cast.castmethod `b`): the same bits in the variant of the target type.
pub fn relabel(datum: Datum, target: Repr) -> Datum {
    match (datum, target) {
        (Datum::Oid(v), Repr::Int4) => Datum::Int4(v.0 as i32),
        (Datum::Int4(v), Repr::Oid) => Datum::Oid(Oid(v as u32)),
        (same, _) => same,
    }
}

/// As [`relabel`], by type: only integers and object ids differ in their variant though their bits are the same.
pub fn relabel_to_type(datum: Datum, target: Oid) -> Datum {
    match datum {
        Datum::Oid(_) if target == crate::type_oid::INT4 => relabel(datum, Repr::Int4),
        Datum::Int4(_) if is_oid_like(target) => relabel(datum, Repr::Oid),
        same => same,
    }
}

/// True if a binary-coercible cast between the types changes the variant of a value: [`relabel_to_type`] must be called.
pub fn relabel_changes_variant(source: Oid, target: Oid) -> bool {
    let is_int4 = |oid| oid == crate::type_oid::INT4;
    is_int4(source) && is_oid_like(target) || is_oid_like(source) && is_int4(target)
}

fn is_oid_like(oid: Oid) -> bool {
    Repr::of_type(oid, 4, true, b'b') == Repr::Oid
}

impl<'a> FromDatum<'a> for &'a str {
    fn from_datum(datum: &'a Datum) -> &'a str {
        datum.as_str()
    }
}

impl<'a> FromDatum<'a> for &'a [u8] {
    fn from_datum(datum: &'a Datum) -> &'a [u8] {
        datum.as_bytes()
    }
}

impl<'a> FromDatum<'a> for &'a Datum {
    fn from_datum(datum: &'a Datum) -> &'a Datum {
        datum
    }
}

impl<'a, T: FromDatum<'a>> FromDatum<'a> for Option<T> {
    fn from_datum(datum: &'a Datum) -> Option<T> {
        match datum {
            Datum::Null => None,
            some => Some(T::from_datum(some)),
        }
    }
}

impl IntoDatum for Datum {
    fn into_datum(self) -> Datum {
        self
    }
}

impl IntoDatum for Bytes {
    fn into_datum(self) -> Datum {
        Datum::Bytes(self)
    }
}

impl IntoDatum for &str {
    fn into_datum(self) -> Datum {
        Datum::text(self)
    }
}

impl IntoDatum for String {
    fn into_datum(self) -> Datum {
        Datum::from(self)
    }
}

impl IntoDatum for Vec<u8> {
    fn into_datum(self) -> Datum {
        Datum::Bytes(Bytes::from_vec(self))
    }
}

impl IntoDatum for &[u8] {
    fn into_datum(self) -> Datum {
        Datum::bytes(self)
    }
}

impl<T: IntoDatum> IntoDatum for Option<T> {
    fn into_datum(self) -> Datum {
        self.map_or(Datum::Null, T::into_datum)
    }
}

/// The result of a function that returns `void`.
impl IntoDatum for () {
    fn into_datum(self) -> Datum {
        Datum::text("")
    }
}
