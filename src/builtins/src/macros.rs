//! How implementations are written down: typed functions, their datum wrappers, and the table of a module.

/// Declares SQL functions. Each `fn name(a: A, b: B) -> R { .. }` becomes `symbols::name`, which unpacks its arguments
/// with [`crate::FromDatum`] and packs the result with [`crate::IntoDatum`]; `?` and `bail!` leave the SQL function.
/// `fn name[cx](..)` names the context. The module's table is `BUILTINS`.
macro_rules! builtins {
    ($(fn $name:ident $([$cx:ident])? ($($arg:ident : $ty:ty),* $(,)?) -> $ret:ty $body:block)*) => {
        #[allow(missing_docs, non_snake_case, reason = "the names are PostgreSQL's own")]
        pub mod symbols {
            #[allow(unused_imports, reason = "not every module needs all of its parent's imports")]
            use super::*;
            $(
                #[allow(unused_variables, irrefutable_let_patterns, reason = "not all take a context or arguments")]
                pub fn $name(context: &mut $crate::FnCtx<'_>, args: &[tuple::Datum]) -> report::Result<tuple::Datum> {
                    $(let $cx = context;)?
                    let [$($arg,)* ..] = args else { $crate::errors::too_few_arguments(stringify!($name)) };
                    $(let $arg = <$ty as $crate::FromDatum<'_>>::from_datum($arg);)*
                    let result: $ret = $body;
                    #[allow(unreachable_code, reason = "bodies that only raise errors")]
                    Ok($crate::IntoDatum::into_datum(result))
                }
            )*
        }
        /// The functions of this module by symbol.
        pub(crate) static BUILTINS: &[(&str, $crate::BuiltinFn)] = &[$((stringify!($name), symbols::$name)),*];
    };
}

/// Declares SQL functions that look at their arguments themselves (variadic, polymorphic, optional arguments).
/// The module's table is `RAW_BUILTINS`.
macro_rules! raw_builtins {
    ($(fn $name:ident($cx:ident, $args:ident) $body:block)*) => {
        #[allow(missing_docs, non_snake_case, reason = "the names are PostgreSQL's own")]
        pub mod raw_symbols {
            #[allow(unused_imports, reason = "not every module needs all of its parent's imports")]
            use super::*;
            $(
                #[allow(unused_variables, reason = "some bodies use no context")]
                pub fn $name($cx: &mut $crate::FnCtx<'_>, $args: &[tuple::Datum]) -> report::Result<tuple::Datum> $body
            )*
        }
        /// The functions of this module by symbol.
        pub(crate) static RAW_BUILTINS: &[(&str, $crate::BuiltinFn)] = &[$((stringify!($name), raw_symbols::$name)),*];
    };
}

/// Declares set-returning functions: the body gives a boxed [`crate::RowSource`]. The module's table is `SRFS`.
macro_rules! set_returning {
    ($(fn $name:ident($cx:ident, $args:ident) $body:block)*) => {
        #[allow(missing_docs, non_snake_case, reason = "the names are PostgreSQL's own")]
        pub mod srf_symbols {
            #[allow(unused_imports, reason = "not every module needs all of its parent's imports")]
            use super::*;
            $(
                #[allow(unused_variables, reason = "some bodies use no context")]
                pub fn $name(
                    $cx: &mut $crate::FnCtx<'_>,
                    $args: &[tuple::Datum],
                ) -> report::Result<Box<dyn $crate::RowSource>> $body
            )*
        }
        /// The set-returning functions of this module by symbol.
        pub(crate) static SRFS: &[(&str, $crate::SrfFn)] = &[$((stringify!($name), srf_symbols::$name)),*];
    };
}
