//! The text form of expressions and queries: what `pg_node_tree` columns hold.
//!
//! It is JSON, structs as lists of their fields (`compact`). Its depth is bounded by the parser's limit on nesting, so that reading it back sets no limit of its own.

use report::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The text to be stored.
pub fn to_text<T: Serialize>(tree: &T) -> String {
    crate::compact::to_string(tree).expect("every part of a tree has a text form")
}

/// The tree that a stored text stands for.
///
/// Errors: XX001 if it is no such tree.
pub fn from_text<T: DeserializeOwned>(text: &str) -> Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    T::deserialize(&mut reader).map_err(|error| Error::corrupt(format!("stored expression is damaged: {error}")))
}

/// Constants: as `Datum` writes itself, but floats as their bits, since JSON has no NaN and no infinity.
pub(crate) mod datum {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use tuple::Datum;

    #[derive(Serialize, Deserialize)]
    enum Stored {
        Float4Bits(u32),
        Float8Bits(u64),
        #[serde(untagged)]
        Other(Datum),
    }

    pub fn serialize<S: Serializer>(value: &Datum, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Datum::Float4(v) => Stored::Float4Bits(v.to_bits()).serialize(serializer),
            Datum::Float8(v) => Stored::Float8Bits(v.to_bits()).serialize(serializer),
            other => other.serialize(serializer),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Datum, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Float4Bits(bits) => Datum::Float4(f32::from_bits(bits)),
            Stored::Float8Bits(bits) => Datum::Float8(f64::from_bits(bits)),
            Stored::Other(other) => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{BoolExpr, BoolExprType, Const, Expr, Location};
    use base::Oid;
    use tuple::Datum;

    #[test]
    fn constants_of_every_kind_come_back() {
        for value in [
            Datum::Null,
            Datum::Bool(true),
            Datum::Char(7),
            Datum::Int8(i64::MIN),
            Datum::Float4(f32::INFINITY),
            Datum::Float8(f64::NAN),
            Datum::Oid(Oid(u32::MAX)),
            Datum::text("grün"),
            Datum::bytes(&[0xff, 0, 1]),
        ] {
            let expr = Expr::from(Const::new(Oid(1), value));
            assert_eq!(from_text::<Expr>(&to_text(&expr)).unwrap(), expr);
        }
    }

    #[test]
    fn deep_trees_come_back() {
        let mut expr = Expr::from(Const::bool(true));
        for _ in 0..200 {
            expr = BoolExpr { op: BoolExprType::Not, args: vec![expr], location: Location(3) }.into();
        }
        assert_eq!(from_text::<Expr>(&to_text(&expr)).unwrap(), expr);
        assert!(from_text::<Expr>("{\"Var\":1}").is_err());
    }
}
