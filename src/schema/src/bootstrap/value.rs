//! Values of a bootstrap script: the text forms of the types that catalogs have.

use base::Oid;
use catalog::oids::types;
use catalog::{AclItem, Type, encode_array};
use report::{Result, bail, error};
use tuple::{Datum, Repr};

/// Reads a value of a type. Errors: 22P02 if it is no value of it; 0A000 for a type that catalogs do not have.
pub fn parse_value(of: &Type, text: &str) -> Result<Datum> {
    match of.oid {
        types::OIDVECTOR => vector(types::OID, text),
        types::INT2VECTOR => vector(types::INT2, text),
        types::ACLITEM => Ok(Datum::bytes(&acl_item(text)?.to_bytes())),
        types::PG_LSN => lsn(text),
        _ if of.element.is_valid() => array(of, text),
        _ => scalar(of, text),
    }
}

fn scalar(of: &Type, text: &str) -> Result<Datum> {
    Ok(match of.repr() {
        Repr::Bool => match text {
            "t" => Datum::Bool(true),
            "f" => Datum::Bool(false),
            _ => return Err(invalid(of, text)),
        },
        Repr::Char => Datum::Char(text.bytes().next().unwrap_or(0)),
        Repr::Oid if text == "-" => Datum::Oid(Oid::INVALID),
        Repr::Oid => Datum::Oid(Oid(number(of, text)?)),
        Repr::Int2 => Datum::Int2(number(of, text)?),
        Repr::Int4 => Datum::Int4(number(of, text)?),
        Repr::Int8 => Datum::Int8(number(of, text)?),
        Repr::Float4 => Datum::Float4(number(of, text)?),
        Repr::Float8 => Datum::Float8(number(of, text)?),
        Repr::Bytes if matches!(of.oid, types::TEXT | types::NAME | types::PG_NODE_TREE) => Datum::text(text),
        Repr::Bytes => bail!(FEATURE_NOT_SUPPORTED, "values of type {} are not supported in bootstrap", of.name),
    })
}

fn number<T: std::str::FromStr>(of: &Type, text: &str) -> Result<T> {
    text.parse().map_err(|_| invalid(of, text))
}

#[cold]
fn invalid(of: &Type, text: &str) -> report::Error {
    error!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {}: \"{text}\"", of.name)
}

fn element_type(oid: Oid) -> Result<&'static Type> {
    Type::by_oid(oid).ok_or_else(|| error!(UNDEFINED_OBJECT, "type with OID {oid} does not exist"))
}

fn vector(element: Oid, text: &str) -> Result<Datum> {
    let of = element_type(element)?;
    let elements = text.split_whitespace().map(|word| scalar(of, word)).collect::<Result<Vec<_>>>()?;
    Ok(encode_array(element, of.repr(), 0, &elements))
}

fn array(of: &Type, text: &str) -> Result<Datum> {
    let element = element_type(of.element)?;
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(|| invalid(of, text))?;
    let elements = array_items(inner).iter().map(|item| parse_value(element, item)).collect::<Result<Vec<_>>>()?;
    Ok(encode_array(of.element, element.repr(), 1, &elements))
}

/// The elements of a one-dimensional array literal, without the braces.
fn array_items(inner: &str) -> Vec<String> {
    let (mut items, mut item) = (Vec::new(), String::new());
    let (mut in_quotes, mut any) = (false, !inner.is_empty());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => item.extend(chars.next()),
            '"' => in_quotes = !in_quotes,
            ',' if !in_quotes => {
                items.push(std::mem::take(&mut item));
                any = true;
            }
            other => item.push(other),
        }
    }
    if any {
        items.push(item);
    }
    items
}

/// `grantee=privileges/grantor`, roles by number, no grantee for PUBLIC. A star after a letter is its grant option.
pub fn acl_item(text: &str) -> Result<AclItem> {
    let bad = || error!(INVALID_TEXT_REPRESENTATION, "invalid aclitem in bootstrap: \"{text}\"");
    let (grantee, rest) = text.split_once('=').ok_or_else(bad)?;
    let (letters, grantor) = rest.split_once('/').ok_or_else(bad)?;
    let role = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse().ok() };
    let mut privileges = 0;
    let mut last = 0;
    for letter in letters.bytes() {
        if letter == b'*' {
            privileges |= last << 16;
            continue;
        }
        last = 1 << AclItem::LETTERS.iter().position(|l| *l == letter).ok_or_else(bad)?;
        privileges |= last;
    }
    let (grantee, grantor) = role(grantee).zip(role(grantor)).ok_or_else(bad)?;
    Ok(AclItem { grantee: Oid(grantee), grantor: Oid(grantor), privileges })
}

fn lsn(text: &str) -> Result<Datum> {
    match text.parse::<base::Lsn>() {
        Ok(lsn) => Ok(Datum::Int8(lsn.0 as i64)),
        Err(_) => bail!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type pg_lsn: \"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog::decode_array;

    fn value(type_name: &str, text: &str) -> Datum {
        parse_value(Type::by_name(type_name).unwrap(), text).unwrap()
    }

    #[test]
    fn arrays_and_vectors() {
        let texts = |d: &Datum| decode_array(d).iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(texts(&value("_text", "{a,\"b,c\",\"\",\"q\\\"\"}")), ["a", "b,c", "", "q\""]);
        assert!(decode_array(&value("_text", "{}")).is_empty());
        assert_eq!(decode_array(&value("oidvector", "23 25"))[1].as_oid(), Oid(25));
        assert!(parse_value(Type::by_name("_text").unwrap(), "a").is_err());
    }

    #[test]
    fn privileges() {
        let item = acl_item("10=r*w/3373").unwrap();
        assert_eq!((item.grantee, item.grantor, item.privileges), (Oid(10), Oid(3373), 0x2_0006));
        assert_eq!(acl_item("=X/10").unwrap().grantee, Oid::INVALID);
        assert!(acl_item("10=?/10").is_err());
    }

    #[test]
    fn wrong_values_are_refused() {
        assert!(parse_value(Type::by_name("bool").unwrap(), "yes").is_err());
        assert!(parse_value(Type::by_name("int2").unwrap(), "70000").is_err());
        assert!(parse_value(Type::by_name("jsonb").unwrap(), "{}").is_err());
    }
}
