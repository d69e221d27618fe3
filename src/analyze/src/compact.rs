//! JSON without the names of fields: a struct is written as the list of its fields, which is how derived readers take it too.
//!
//! A tree is mostly fields, so that its text is a third as long; the system views' alone are megabytes with the names. What is a list of fields
//! and what is a list of elements only the reader's type tells. Enums keep the names of their variants.

use serde::ser::{self, Serialize};
use serde_json::{Error, Result, to_writer};

/// The text of a value. Panics if a map has keys that are no strings: no tree has any.
pub fn to_string<T: Serialize>(value: &T) -> Result<String> {
    let mut writer = Writer { out: Vec::with_capacity(1024) };
    value.serialize(&mut writer)?;
    Ok(String::from_utf8(writer.out).expect("JSON is UTF-8"))
}

struct Writer {
    out: Vec<u8>,
}

/// A list or an object that is being written.
struct Parts<'a> {
    writer: &'a mut Writer,
    is_first: bool,
    end: &'static str,
}

impl Writer {
    fn begin(&mut self, start: &str, end: &'static str) -> Result<Parts<'_>> {
        self.out.extend_from_slice(start.as_bytes());
        Ok(Parts { writer: self, is_first: true, end })
    }

    /// `{"variant":` and what stands before its content.
    fn begin_variant(&mut self, variant: &str, start: &str, end: &'static str) -> Result<Parts<'_>> {
        self.name_variant(variant)?;
        self.begin(start, end)
    }

    fn name_variant(&mut self, variant: &str) -> Result<()> {
        self.out.push(b'{');
        to_writer(&mut self.out, variant)?;
        self.out.push(b':');
        Ok(())
    }
}

impl Parts<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        if !std::mem::replace(&mut self.is_first, false) {
            self.writer.out.push(b',');
        }
        value.serialize(&mut *self.writer)
    }

    fn finish(self) -> Result<()> {
        self.writer.out.extend_from_slice(self.end.as_bytes());
        Ok(())
    }
}

/// Values without parts are written as `serde_json` writes them.
macro_rules! plain {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<()> {
            to_writer(&mut self.out, &value)
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    plain!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_u8: u8,
        serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32, serialize_f64: f64,
        serialize_char: char, serialize_str: &str, serialize_bytes: &[u8]
    );

    fn serialize_none(self) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<()> {
        to_writer(&mut self.out, &())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.name_variant(variant)?;
        value.serialize(&mut *self)?;
        self.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>> {
        self.begin("[", "]")
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>> {
        self.begin("[", "]")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>> {
        self.begin("[", "]")
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Parts<'a>> {
        self.begin_variant(variant, "[", "]}")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>> {
        self.begin("{", "}")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>> {
        self.begin("[", "]")
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, variant: &'static str, _: usize) -> Result<Parts<'a>> {
        self.begin_variant(variant, "[", "]}")
    }
}

/// Everything that is a list in the text.
macro_rules! list {
    ($($kind:ident $method:ident),*) => {
        $(impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                self.add(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        })*
    };
}

list!(
    SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

/// Fields, whose names are left out.
macro_rules! fields {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
                self.add(value)
            }

            fn end(self) -> Result<()> {
                self.finish()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.add(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.writer.out.push(b':');
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Point {
        x: i32,
        y: Option<String>,
        #[serde(skip)]
        place: u8,
        parts: Vec<Kind>,
    }

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Kind {
        Nothing,
        One(u8),
        Two(u8, bool),
        Named { a: i64, b: Box<Kind> },
    }

    #[test]
    fn fields_have_no_names_and_come_back() {
        let inner = Kind::Named { a: -1, b: Box::new(Kind::Nothing) };
        let parts = vec![Kind::Nothing, Kind::One(2), Kind::Two(3, true), inner];
        let point = Point { x: 7, y: Some("a\"b".to_owned()), place: 0, parts };
        let text = to_string(&point).unwrap();
        let expected = r#"[7,"a\"b",["Nothing",{"One":2},{"Two":[3,true]},{"Named":[-1,"Nothing"]}]]"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Point>(&text).unwrap(), point);
        let named = r#"{"x":7,"y":null,"parts":[]}"#;
        assert_eq!(serde_json::from_str::<Point>(named).unwrap(), Point { x: 7, y: None, place: 0, parts: vec![] });
    }

    #[test]
    fn maps_keep_their_keys() {
        let map = BTreeMap::from([("a", vec![1, 2]), ("b", vec![])]);
        assert_eq!(to_string(&map).unwrap(), r#"{"a":[1,2],"b":[]}"#);
    }
}
