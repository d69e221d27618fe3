//! What a function may see besides its arguments.

use crate::TypeLookup;
use base::{Oid, Prng};
use report::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// How dates are printed (`DateStyle`, first word).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateStyle {
    /// `2026-11-20`.
    Iso,
    /// `20.11.2026`.
    German,
    /// `11/20/2026`.
    Sql,
    /// `Fri Nov 20 .. 2026`, dates `11-20-2026`.
    Postgres,
}

/// In which order ambiguous dates are read (`DateStyle`, second word).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DateOrder {
    /// Year, month, day.
    Ymd,
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

/// How intervals are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntervalStyle {
    /// `1 year 2 mons 04:05:06`.
    Postgres,
    /// `@ 1 year 2 mons 4 hours 5 mins 6 secs`.
    PostgresVerbose,
    /// `+1-2 +0 +4:05:06`.
    SqlStandard,
    /// `P1Y2MT4H5M6S`.
    Iso8601,
}

/// The session's settings that text input and output depend on.
#[derive(Clone, Debug)]
pub struct FormatSettings {
    /// How dates are printed.
    pub date_style: DateStyle,
    /// In which order ambiguous dates are read.
    pub date_order: DateOrder,
    /// How intervals are printed.
    pub interval_style: IntervalStyle,
    /// The session's time zone.
    pub time_zone: jiff::tz::TimeZone,
    /// The zone's name as SHOW prints it.
    pub time_zone_name: String,
    /// `extra_float_digits`: above 0 means shortest output that reads back the same.
    pub extra_float_digits: i32,
    /// `bytea_output = 'hex'`, else `escape`.
    pub bytea_hex: bool,
    /// `array_nulls`: an unquoted NULL in an array literal is null.
    pub array_nulls: bool,
    /// `client_encoding` by PostgreSQL's name.
    pub client_encoding: String,
    /// The database's own collation is C: only ASCII letters have case.
    pub ascii_case: bool,
    /// `quote_all_identifiers`.
    pub quote_all_identifiers: bool,
}

impl Default for FormatSettings {
    fn default() -> FormatSettings {
        FormatSettings {
            date_style: DateStyle::Iso,
            date_order: DateOrder::Mdy,
            interval_style: IntervalStyle::Postgres,
            time_zone: jiff::tz::TimeZone::UTC,
            time_zone_name: "UTC".to_owned(),
            extra_float_digits: 1,
            bytea_hex: true,
            array_nulls: true,
            client_encoding: "UTF8".to_owned(),
            ascii_case: false,
            quote_all_identifiers: false,
        }
    }
}

/// Fills bytes with what cannot be guessed.
pub type EntropyFn = Box<dyn FnMut(&mut [u8]) + Send>;

/// State of the session that functions change: the random sequence, compiled patterns, and notices to be sent.
pub struct Memo {
    /// The source of random().
    pub prng: Prng,
    /// Notices and warnings that functions raised; the session sends and clears them.
    pub notices: Vec<Error>,
    /// Fills bytes from the operating system's entropy (gen_random_uuid); the random sequence stands in without it.
    pub entropy: Option<EntropyFn>,
    /// Reads the clock: microseconds since 2000-01-01 UTC.
    pub clock: Box<dyn Fn() -> i64 + Send>,
    /// Compiled patterns by flags and text, and the one used last.
    pub(crate) patterns: HashMap<(u8, String), CompiledPattern>,
    pub(crate) last_pattern: Option<(u8, String, CompiledPattern)>,
}

/// A compiled pattern of whatever kind.
pub(crate) type CompiledPattern = Arc<dyn std::any::Any + Send + Sync>;

impl Memo {
    /// A fresh one with this seed and clock.
    pub fn new(seed: u64, clock: Box<dyn Fn() -> i64 + Send>) -> Memo {
        Memo {
            prng: Prng::new(seed),
            notices: Vec::new(),
            entropy: None,
            clock,
            patterns: HashMap::new(),
            last_pattern: None,
        }
    }
}

/// The context of one function call.
pub struct FnCtx<'a> {
    /// Display settings.
    pub settings: &'a FormatSettings,
    /// Types that only the catalogs know.
    pub types: &'a dyn TypeLookup,
    /// Random sequence, caches, notices.
    pub memo: &'a mut Memo,
    /// The collation that applies, zero if none.
    pub collation: Oid,
    /// The call's result type (polymorphic functions).
    pub result_type: Oid,
    /// The types of the arguments as given (polymorphic functions).
    pub arg_types: &'a [Oid],
    /// The last argument was written `VARIADIC array`.
    pub variadic: bool,
    /// The columns that the query declares for a function returning record: `f(..) AS t(a int, b text)`.
    pub expected_row: Option<&'a tuple::TupleDesc>,
    /// When the transaction began: microseconds since 2000-01-01 UTC.
    pub transaction_start: i64,
    /// When the statement began: microseconds since 2000-01-01 UTC.
    pub statement_start: i64,
}

impl<'a> FnCtx<'a> {
    /// A context for a statement; `call` narrows it to a call.
    pub fn new(settings: &'a FormatSettings, types: &'a dyn TypeLookup, memo: &'a mut Memo) -> FnCtx<'a> {
        FnCtx {
            settings,
            types,
            memo,
            collation: Oid::INVALID,
            result_type: Oid::INVALID,
            arg_types: &[],
            variadic: false,
            expected_row: None,
            transaction_start: 0,
            statement_start: 0,
        }
    }

    /// The same context for a call with these types and this collation.
    pub fn call<'b>(&'b mut self, arg_types: &'b [Oid], result_type: Oid, collation: Oid) -> FnCtx<'b> {
        FnCtx {
            settings: self.settings,
            types: self.types,
            memo: self.memo,
            collation,
            result_type,
            arg_types,
            variadic: false,
            expected_row: None,
            transaction_start: self.transaction_start,
            statement_start: self.statement_start,
        }
    }

    /// The type of argument `index` (from 0), zero if unknown.
    pub fn arg_type(&self, index: usize) -> Oid {
        self.arg_types.get(index).copied().unwrap_or(Oid::INVALID)
    }
}
