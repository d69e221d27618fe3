//! Calling functions by symbol, for tests of all modules.

use crate::{BuiltinTypes, FnCtx, FormatSettings, Memo};
use base::Oid;
use report::Result;
use tuple::Datum;

/// Runs `body` with a fresh context over the built-in types.
pub(crate) fn with_context<T>(body: impl FnOnce(&mut FnCtx<'_>) -> T) -> T {
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    body(&mut FnCtx::new(&settings, &BuiltinTypes, &mut memo))
}

/// Calls a function by symbol.
pub(crate) fn call(symbol: &str, args: &[Datum]) -> Result<Datum> {
    call_with_types(symbol, &[], args)
}

/// Calls a function by symbol with argument types.
pub(crate) fn call_with_types(symbol: &str, types: &[Oid], args: &[Datum]) -> Result<Datum> {
    let function = crate::by_symbol(symbol).unwrap_or_else(|| panic!("no function {symbol}"));
    with_context(|cx| function(&mut cx.call(types, Oid::INVALID, Oid(100)), args))
}

/// A text result, or `SQLSTATE: message`.
pub(crate) fn text_of(result: Result<Datum>) -> String {
    match result {
        Ok(Datum::Null) => "NULL".to_owned(),
        Ok(Datum::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("{}: {}", error.code(), error.message()),
    }
}
