//! Values of a bootstrap script: the text forms of the types that catalogs have, read and printed.
//!
//! An array whose type tells nothing of its elements (`anyarray`) has the element type's object id in front: `25{a,b}`.

use base::Oid;
use catalog::oids::types;
use catalog::{AclItem, Type, decode_array, encode_array};
use report::{Result, bail, error};
use tuple::{Datum, Repr};

/// Reads a value of a type. Errors: 22P02 if it is no value of it; 0A000 for a type that catalogs do not have.
pub fn parse_value(of: &Type, text: &str) -> Result<Datum> {
    match of.oid {
        types::OIDVECTOR => vector(types::OID, text),
        types::INT2VECTOR => vector(types::INT2, text),
        types::ACLITEM => Ok(Datum::bytes(&acl_item(text)?.to_bytes())),
        types::PG_LSN => lsn(text),
        types::ANYARRAY => {
            let (element, items) = text.split_at(text.find('{').ok_or_else(|| invalid(of, text))?);
            array(element_type(Oid(number(of, element)?))?, text, items)
        }
        _ if of.element.is_valid() => array(element_type(of.element)?, text, text),
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
        Repr::Bytes if is_text(of) => Datum::text(text),
        Repr::Bytes => bail!(FEATURE_NOT_SUPPORTED, "values of type {} are not supported in bootstrap", of.name),
    })
}

/// Types whose values are text; the last ones are domains of information_schema, which statistics have.
fn is_text(of: &Type) -> bool {
    let domain = matches!(of.oid, types::CHARACTER_DATA | types::SQL_IDENTIFIER | types::YES_OR_NO);
    matches!(of.oid, types::TEXT | types::NAME | types::PG_NODE_TREE) || domain
}

fn number<T: std::str::FromStr>(of: &Type, text: &str) -> Result<T> {
    text.parse().map_err(|_| invalid(of, text))
}

#[cold]
fn invalid(of: &Type, text: &str) -> report::Error {
    error!(INVALID_TEXT_REPRESENTATION, "invalid input syntax for type {}: \"{text}\"", of.name)
}

fn element_type(oid: Oid) -> Result<&'static Type> {
    // Most elements are of few types, and types are found by name faster than by number.
    let usual = match oid {
        types::OID => Type::by_name("oid"),
        types::INT2 => Type::by_name("int2"),
        types::TEXT => Type::by_name("text"),
        types::CHAR => Type::by_name("char"),
        types::ACLITEM => Type::by_name("aclitem"),
        _ => None,
    };
    usual.or_else(|| Type::by_oid(oid)).ok_or_else(|| error!(UNDEFINED_OBJECT, "type with OID {oid} does not exist"))
}

fn vector(element: Oid, text: &str) -> Result<Datum> {
    let of = element_type(element)?;
    let elements = text.split_whitespace().map(|word| scalar(of, word)).collect::<Result<Vec<_>>>()?;
    Ok(encode_array(element, of.repr(), 0, &elements))
}

/// The array of what stands between the braces of `items`, which is in `text`.
fn array(element: &Type, text: &str, items: &str) -> Result<Datum> {
    let inner = items.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or_else(|| invalid(element, text))?;
    let elements = array_items(inner).iter().map(|item| parse_value(element, item)).collect::<Result<Vec<_>>>()?;
    Ok(encode_array(element.oid, element.repr(), 1, &elements))
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

/// The text that [`parse_value`] reads as this value, which is not null. Errors: 0A000 for a type that catalogs do not have.
pub fn print_value(of: &Type, value: &Datum) -> Result<String> {
    Ok(match of.oid {
        types::OIDVECTOR => print_elements(element_type(types::OID)?, value)?.join(" "),
        types::INT2VECTOR => print_elements(element_type(types::INT2)?, value)?.join(" "),
        types::ACLITEM => print_acl_item(AclItem::from_bytes(value.as_bytes())),
        types::PG_LSN => base::Lsn(value.as_i64() as u64).to_string(),
        types::ANYARRAY => {
            let element = u32::from_le_bytes(*value.as_bytes().first_chunk().expect("an array begins with its type"));
            format!("{element}{}", print_array(element_type(Oid(element))?, value)?)
        }
        _ if of.element.is_valid() => print_array(element_type(of.element)?, value)?,
        _ => print_scalar(of, value)?,
    })
}

fn print_scalar(of: &Type, value: &Datum) -> Result<String> {
    Ok(match value {
        Datum::Bool(value) => if *value { "t" } else { "f" }.to_owned(),
        Datum::Char(0) => String::new(),
        Datum::Char(byte) => char::from(*byte).to_string(),
        Datum::Int2(value) => value.to_string(),
        Datum::Int4(value) => value.to_string(),
        Datum::Int8(value) => value.to_string(),
        Datum::Float4(value) => value.to_string(),
        Datum::Float8(value) => value.to_string(),
        Datum::Oid(value) => value.to_string(),
        Datum::Bytes(_) if is_text(of) => value.as_str().to_owned(),
        _ => bail!(FEATURE_NOT_SUPPORTED, "values of type {} are not supported in bootstrap", of.name),
    })
}

fn print_elements(of: &Type, array: &Datum) -> Result<Vec<String>> {
    decode_array(array).iter().map(|element| print_value(of, element)).collect()
}

fn print_array(of: &Type, array: &Datum) -> Result<String> {
    let items = print_elements(of, array)?.into_iter().map(|text| {
        match text.is_empty() || text.contains(['{', '}', ',', '"', '\\', ' ']) {
            true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            false => text,
        }
    });
    Ok(format!("{{{}}}", items.collect::<Vec<_>>().join(",")))
}

fn print_acl_item(item: AclItem) -> String {
    let role = |oid: Oid| if oid.is_valid() { oid.to_string() } else { String::new() };
    let mut letters = String::new();
    for (at, letter) in AclItem::LETTERS.iter().enumerate() {
        if item.privileges & 1 << at != 0 {
            letters.push(char::from(*letter));
        }
        if item.privileges & 1 << (at + 16) != 0 {
            letters.push('*');
        }
    }
    format!("{}={letters}/{}", role(item.grantee), role(item.grantor))
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
    fn what_is_printed_is_read_again() {
        for (type_name, text) in [
            ("bool", "t"),
            ("char", ""),
            ("char", "r"),
            ("float4", "-0.0023"),
            ("regproc", "1299"),
            ("name", "a b"),
            ("pg_lsn", "1/2A"),
            ("oidvector", "23 25"),
            ("int2vector", ""),
            ("_text", "{a,\"b,c\",\"\",\"q\\\"\"}"),
            ("_aclitem", "{10=r*w/3373,=X/10}"),
            ("anyarray", "30{\"23 25\",17}"),
            ("anyarray", "1009{{a},\"{b,c}\"}"),
        ] {
            let of = Type::by_name(type_name).unwrap();
            let read = parse_value(of, text).unwrap();
            let printed = print_value(of, &read).unwrap();
            let again = parse_value(of, &printed).unwrap();
            assert_eq!(format!("{again:?}"), format!("{read:?}"), "{type_name} {text} became {printed}");
        }
    }

    #[test]
    fn wrong_values_are_refused() {
        assert!(parse_value(Type::by_name("bool").unwrap(), "yes").is_err());
        assert!(parse_value(Type::by_name("int2").unwrap(), "70000").is_err());
        assert!(parse_value(Type::by_name("jsonb").unwrap(), "{}").is_err());
    }
}
