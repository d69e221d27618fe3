//! What an object is: pg_describe_object, pg_identify_object and pg_identify_object_as_address.

use super::{functions, or_null};
use crate::object::{self, Identity, ObjectAddress, schema_and_name};
use base::Oid;
use builtins::type_oid::{RECORD, TEXT};
use builtins::{FnCtx, quote_identifier};
use instance::Ctx;
use report::Result;
use tuple::{Datum, Repr};

functions! { pg_describe_object, pg_identify_object, pg_identify_object_as_address }

const TEXT_ARRAY: Oid = Oid(1009);

fn address(args: &[Datum]) -> ObjectAddress {
    ObjectAddress { class: args[0].as_oid(), object: args[1].as_oid(), part: args[2].as_i32() }
}

fn pg_describe_object(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let address = address(args);
    // Rows of pg_depend that pin an object, which older servers had, name none.
    if !address.class.is_valid() && !address.object.is_valid() {
        return Ok(Datum::Null);
    }
    object::type_word(cx, address)?;
    object::describe(cx, address).map(or_null)
}

fn pg_identify_object(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let address = address(args);
    let word = object::type_word(cx, address)?;
    let identity = object::identity(cx, address)?;
    let (schema, name) = if identity.is_some() { schema_and_name(cx, address)? } else { (None, None) };
    let text = |text: Option<String>| (TEXT, or_null(text));
    let quoted = |name: Option<String>| text(name.map(|name| quote_identifier(&name)));
    let columns = [text(Some(word)), quoted(schema), quoted(name), text(identity.map(|identity| identity.text))];
    Ok(builtins::record::build(RECORD, -1, &columns))
}

fn text_array(values: &[String]) -> Result<Datum> {
    let values: Vec<Datum> = values.iter().map(|value| Datum::text(value)).collect();
    builtins::array::build_list(TEXT, Repr::Bytes, &values)
}

fn pg_identify_object_as_address(cx: Ctx<'_>, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let address = address(args);
    let word = object::type_word(cx, address)?;
    let (names, arguments) = match object::identity(cx, address)? {
        Some(Identity { names, arguments, .. }) => (text_array(&names)?, text_array(&arguments)?),
        None => (Datum::Null, Datum::Null),
    };
    let columns = [(TEXT, Datum::from(word)), (TEXT_ARRAY, names), (TEXT_ARRAY, arguments)];
    Ok(builtins::record::build(RECORD, -1, &columns))
}
