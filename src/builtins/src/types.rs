//! What functions must know of types: the built-in ones as a table, the others through [`TypeLookup`].

use crate::{BuiltinFn, FnCtx};
use base::Oid;
use report::{Error, Result, error};
use std::borrow::Cow;
use std::sync::Arc;
use tuple::{Datum, Repr, TupleDesc};

/// Oids of types that code names.
#[allow(missing_docs, reason = "the names are the types'")]
pub mod type_oid {
    use base::Oid;
    pub const BOOL: Oid = Oid(16);
    pub const BYTEA: Oid = Oid(17);
    pub const CHAR: Oid = Oid(18);
    pub const NAME: Oid = Oid(19);
    pub const INT8: Oid = Oid(20);
    pub const INT2: Oid = Oid(21);
    pub const INT2VECTOR: Oid = Oid(22);
    pub const INT4: Oid = Oid(23);
    pub const REGPROC: Oid = Oid(24);
    pub const TEXT: Oid = Oid(25);
    pub const OID: Oid = Oid(26);
    pub const TID: Oid = Oid(27);
    pub const XID: Oid = Oid(28);
    pub const CID: Oid = Oid(29);
    pub const OIDVECTOR: Oid = Oid(30);
    pub const JSON: Oid = Oid(114);
    pub const XML: Oid = Oid(142);
    pub const CIDR: Oid = Oid(650);
    pub const XID8: Oid = Oid(5069);
    pub const FLOAT4: Oid = Oid(700);
    pub const FLOAT8: Oid = Oid(701);
    pub const UNKNOWN: Oid = Oid(705);
    pub const MACADDR8: Oid = Oid(774);
    pub const MONEY: Oid = Oid(790);
    pub const MACADDR: Oid = Oid(829);
    pub const INET: Oid = Oid(869);
    pub const BPCHAR: Oid = Oid(1042);
    pub const VARCHAR: Oid = Oid(1043);
    pub const DATE: Oid = Oid(1082);
    pub const TIME: Oid = Oid(1083);
    pub const TIMESTAMP: Oid = Oid(1114);
    pub const TIMESTAMPTZ: Oid = Oid(1184);
    pub const INTERVAL: Oid = Oid(1186);
    pub const TIMETZ: Oid = Oid(1266);
    pub const NUMERIC: Oid = Oid(1700);
    pub const RECORD: Oid = Oid(2249);
    pub const RECORD_ARRAY: Oid = Oid(2287);
    pub const CSTRING: Oid = Oid(2275);
    pub const UUID: Oid = Oid(2950);
    pub const PG_LSN: Oid = Oid(3220);
    pub const PG_NODE_TREE: Oid = Oid(194);
    pub const PG_NDISTINCT: Oid = Oid(3361);
    pub const PG_DEPENDENCIES: Oid = Oid(3402);
    pub const PG_MCV_LIST: Oid = Oid(5017);
    pub const JSONB: Oid = Oid(3802);
}

/// A type, as far as functions need to know it: most fields are pg_type's.
#[derive(Clone, Debug)]
pub struct TypeInfo {
    /// typoid.
    pub oid: Oid,
    /// typname.
    pub name: Cow<'static, str>,
    /// typlen.
    pub len: i16,
    /// typbyval.
    pub by_value: bool,
    /// typtype: b(ase), c(omposite), d(omain), e(num), p(seudo), r(ange), m(ultirange).
    pub kind: u8,
    /// typcategory.
    pub category: u8,
    /// typdelim.
    pub delimiter: u8,
    /// typalign.
    pub align: u8,
    /// typelem: the element type of an array (and of name, point, ... which are not true arrays).
    pub element: Oid,
    /// typarray.
    pub array: Oid,
    /// typcollation.
    pub collation: Oid,
    /// typinput.
    pub input: Oid,
    /// typoutput.
    pub output: Oid,
    /// typreceive, zero if none.
    pub receive: Oid,
    /// typsend, zero if none.
    pub send: Oid,
    /// The comparison function of its default B-tree operator class, zero if none.
    pub compare: Oid,
    /// typrelid, zero unless composite.
    pub relation: Oid,
    /// typbasetype, zero unless a domain.
    pub base: Oid,
    /// typtypmod of a domain.
    pub base_mod: i32,
}

impl TypeInfo {
    /// Which variant of datum the type uses.
    pub fn repr(&self) -> Repr {
        Repr::of_type(self.oid, self.len, self.by_value, self.kind)
    }

    /// True for types whose values are arrays in the array layout.
    pub fn is_array(&self) -> bool {
        let is_record_array = self.oid == type_oid::RECORD_ARRAY;
        self.element.is_valid() && self.len == -1 && (self.category == b'A' || is_record_array)
    }
}

/// One label of an enum type.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumLabel {
    /// The value: the oid of its pg_enum row.
    pub oid: Oid,
    /// enumsortorder.
    pub sort_order: f32,
    /// enumlabel.
    pub label: String,
}

/// What this crate asks the layers above, which know the catalogs.
pub trait TypeLookup {
    /// The type with this oid. Errors: XX000 if there is none.
    fn type_info(&self, oid: Oid) -> Result<TypeInfo>;

    /// The type as SQL writes it, for messages: `integer`, `character varying(10)`, `s.t[]`.
    fn type_name(&self, oid: Oid, type_mod: i32) -> String;

    /// The columns of a composite type, or of an anonymous record type registered under `type_mod`.
    fn row_desc(&self, type_oid: Oid, type_mod: i32) -> Result<Arc<TupleDesc>>;

    /// The labels of an enum type in sort order.
    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>>;

    /// The enum type that a value belongs to, with the label.
    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)>;

    /// True if the present transaction added the value to its enum: it must not be used yet.
    fn is_new_enum_value(&self, _value: Oid) -> bool {
        false
    }

    /// Checks a value against the constraints of a domain.
    fn check_domain(&self, domain: Oid, value: &Datum) -> Result<()>;

    /// Calls a function that this crate does not have (regclassin, a user's function).
    fn call(&self, function: Oid, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum>;

    /// The explicit cast function from a type, zero if there is none (to_json follows casts to json).
    fn cast_function(&self, source: Oid, target: Oid) -> Result<Oid>;

    /// The types as they are now, to be kept: for orders of values that tell their types only when they are compared. Columns of
    /// composite types need not be known.
    fn to_keep(&self) -> Result<Arc<dyn TypeLookup + Send + Sync>> {
        Ok(Arc::new(BuiltinTypes))
    }
}

/// The function with this oid, wherever it is implemented, called.
pub(crate) fn call_function(cx: &mut FnCtx<'_>, function: Oid, args: &[Datum]) -> Result<Datum> {
    match builtin_function(function) {
        Some(f) => f(cx, args),
        None => {
            let types = cx.types;
            types.call(function, cx, args)
        }
    }
}

fn builtin_function(oid: Oid) -> Option<BuiltinFn> {
    crate::function(oid).map(|b| b.function)
}

/// The built-in types alone: what bootstrap and tests use.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltinTypes;

impl TypeLookup for BuiltinTypes {
    fn type_info(&self, oid: Oid) -> Result<TypeInfo> {
        builtin_type(oid).cloned().ok_or_else(|| unknown_type(oid))
    }

    fn type_name(&self, oid: Oid, type_mod: i32) -> String {
        sql_type_name(oid, type_mod).unwrap_or_else(|| sql_name(oid))
    }

    fn row_desc(&self, type_oid: Oid, _type_mod: i32) -> Result<Arc<TupleDesc>> {
        Err(error!(WRONG_OBJECT_TYPE, "type {} is not composite", sql_name(type_oid)))
    }

    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>> {
        Err(error!(WRONG_OBJECT_TYPE, "{} is not an enum", sql_name(type_oid)))
    }

    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)> {
        Err(error!(INVALID_BINARY_REPRESENTATION, "invalid internal value for enum: {value}"))
    }

    fn check_domain(&self, _domain: Oid, _value: &Datum) -> Result<()> {
        Ok(())
    }

    fn call(&self, function: Oid, _cx: &mut FnCtx<'_>, _args: &[Datum]) -> Result<Datum> {
        Err(Error::unsupported(format!("function {function} during bootstrap")))
    }

    fn cast_function(&self, _source: Oid, _target: Oid) -> Result<Oid> {
        Ok(Oid::INVALID)
    }
}

#[cold]
fn unknown_type(oid: Oid) -> Error {
    Error::internal(format!("cache lookup failed for type {oid}"))
}

/// The built-in type with this oid.
pub fn builtin_type(oid: Oid) -> Option<&'static TypeInfo> {
    TYPES.binary_search_by_key(&oid, |t| t.oid).ok().map(|at| &TYPES[at])
}

/// The type with this oid: built-in ones without asking the catalogs.
pub(crate) fn type_info(cx: &FnCtx<'_>, oid: Oid) -> Result<Cow<'static, TypeInfo>> {
    match builtin_type(oid) {
        Some(found) => Ok(Cow::Borrowed(found)),
        None => cx.types.type_info(oid).map(Cow::Owned),
    }
}

/// A built-in type as SQL writes it without modifier.
pub(crate) fn sql_name(oid: Oid) -> String {
    sql_type_name(oid, -1).unwrap_or_else(|| if oid.is_valid() { "???".to_owned() } else { "-".to_owned() })
}

/// A built-in type as SQL writes it, with its modifier unless that is -1: `character varying(10)`, `numeric(8,2)[]`.
/// `None` if the type is not built in.
pub fn sql_type_name(oid: Oid, type_mod: i32) -> Option<String> {
    let info = builtin_type(oid)?;
    if info.is_array() && info.name.starts_with('_') {
        return sql_type_name(info.element, type_mod).map(|element| element + "[]");
    }
    let modifier = modifier_text(oid, type_mod);
    Some(match oid.0 {
        16 => "boolean".to_owned(),
        18 => "\"char\"".to_owned(),
        20 => "bigint".to_owned(),
        21 => "smallint".to_owned(),
        23 => "integer".to_owned(),
        700 => "real".to_owned(),
        701 => "double precision".to_owned(),
        1042 => format!("character{modifier}"),
        1043 => format!("character varying{modifier}"),
        1083 => format!("time{modifier} without time zone"),
        1114 => format!("timestamp{modifier} without time zone"),
        1184 => format!("timestamp{modifier} with time zone"),
        1186 => format!("interval{modifier}"),
        1266 => format!("time{modifier} with time zone"),
        1560 => format!("bit{modifier}"),
        1562 => format!("bit varying{modifier}"),
        1700 => format!("numeric{modifier}"),
        2276 => "\"any\"".to_owned(),
        _ => info.name.clone().into_owned(),
    })
}

/// The modifier in parentheses (before it, for interval, the fields).
fn modifier_text(oid: Oid, type_mod: i32) -> String {
    if type_mod < 0 {
        return String::new();
    }
    match oid.0 {
        1042 | 1043 => format!("({})", type_mod - 4),
        1083 | 1114 | 1184 | 1266 | 1560 | 1562 => format!("({type_mod})"),
        1186 => interval_modifier_text(type_mod),
        1700 => {
            let packed = type_mod - 4;
            format!("({},{})", packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024)
        }
        _ => String::new(),
    }
}

/// The fields and precision of an interval's modifier. Bits of the range: month 1, year 2, day 3, hour 10, minute 11,
/// second 12.
fn interval_modifier_text(type_mod: i32) -> String {
    const FIELDS: [(&str, u32); 6] =
        [(" year", 2), (" month", 1), (" day", 3), (" hour", 10), (" minute", 11), (" second", 12)];
    let (range, precision) = ((type_mod >> 16) & 0x7fff, type_mod & 0xffff);
    let set: Vec<&str> = FIELDS.iter().filter(|(_, bit)| range & 1 << bit != 0).map(|(name, _)| *name).collect();
    let fields = match set.as_slice() {
        _ if range == 0x7fff => String::new(),
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, .., last] => format!("{first} to{last}"),
    };
    if precision == 0xffff { fields } else { format!("{fields}({precision})") }
}

type Links = [u32; 3];
type Functions = [u32; 4];

#[allow(clippy::too_many_arguments, reason = "one row of a table")]
const fn row(
    oid: u32,
    name: &'static str,
    len: i16,
    by_value: bool,
    kind: u8,
    category: u8,
    delimiter: u8,
    align: u8,
    links: Links,
    io: Functions,
    compare: u32,
) -> TypeInfo {
    TypeInfo {
        oid: Oid(oid),
        name: Cow::Borrowed(name),
        len,
        by_value,
        kind,
        category,
        delimiter,
        align,
        element: Oid(links[0]),
        array: Oid(links[1]),
        collation: Oid(links[2]),
        input: Oid(io[0]),
        output: Oid(io[1]),
        receive: Oid(io[2]),
        send: Oid(io[3]),
        compare: Oid(compare),
        relation: Oid::INVALID,
        base: Oid::INVALID,
        base_mod: -1,
    }
}

/// Ordered by oid. Columns: oid, name, length, by value, kind, category, delimiter, alignment,
/// [element, array, collation], [input, output, receive, send], B-tree comparison.
#[rustfmt::skip]
static TYPES: &[TypeInfo] = &[
    row(16, "bool", 1, true, b'b', b'B', b',', b'c', [0, 1000, 0], [1242, 1243, 2436, 2437], 1693),
    row(17, "bytea", -1, false, b'b', b'U', b',', b'i', [0, 1001, 0], [1244, 31, 2412, 2413], 1954),
    row(18, "char", 1, true, b'b', b'Z', b',', b'c', [0, 1002, 0], [1245, 33, 2434, 2435], 358),
    row(19, "name", 64, false, b'b', b'S', b',', b'c', [18, 1003, 950], [34, 35, 2422, 2423], 359),
    row(20, "int8", 8, true, b'b', b'N', b',', b'd', [0, 1016, 0], [460, 461, 2408, 2409], 842),
    row(21, "int2", 2, true, b'b', b'N', b',', b's', [0, 1005, 0], [38, 39, 2404, 2405], 350),
    row(22, "int2vector", -1, false, b'b', b'A', b',', b'i', [21, 1006, 0], [40, 41, 2410, 2411], 0),
    row(23, "int4", 4, true, b'b', b'N', b',', b'i', [0, 1007, 0], [42, 43, 2406, 2407], 351),
    row(24, "regproc", 4, true, b'b', b'N', b',', b'i', [0, 1008, 0], [44, 45, 2444, 2445], 0),
    row(25, "text", -1, false, b'b', b'S', b',', b'i', [0, 1009, 100], [46, 47, 2414, 2415], 360),
    row(26, "oid", 4, true, b'b', b'N', b',', b'i', [0, 1028, 0], [1798, 1799, 2418, 2419], 356),
    row(27, "tid", 6, false, b'b', b'U', b',', b's', [0, 1010, 0], [48, 49, 2438, 2439], 2794),
    row(28, "xid", 4, true, b'b', b'U', b',', b'i', [0, 1011, 0], [50, 51, 2440, 2441], 0),
    row(29, "cid", 4, true, b'b', b'U', b',', b'i', [0, 1012, 0], [52, 53, 2442, 2443], 0),
    row(30, "oidvector", -1, false, b'b', b'A', b',', b'i', [26, 1013, 0], [54, 55, 2420, 2421], 404),
    row(32, "pg_ddl_command", 8, true, b'p', b'P', b',', b'd', [0, 0, 0], [86, 87, 88, 90], 0),
    row(114, "json", -1, false, b'b', b'U', b',', b'i', [0, 199, 0], [321, 322, 323, 324], 0),
    row(142, "xml", -1, false, b'b', b'U', b',', b'i', [0, 143, 0], [2893, 2894, 2898, 2899], 0),
    row(143, "_xml", -1, false, b'b', b'A', b',', b'i', [142, 0, 0], [750, 751, 2400, 2401], 382),
    row(194, "pg_node_tree", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [195, 196, 197, 198], 0),
    row(199, "_json", -1, false, b'b', b'A', b',', b'i', [114, 0, 0], [750, 751, 2400, 2401], 382),
    row(269, "table_am_handler", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [267, 268, 0, 0], 0),
    row(271, "_xid8", -1, false, b'b', b'A', b',', b'd', [5069, 0, 0], [750, 751, 2400, 2401], 382),
    row(325, "index_am_handler", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [326, 327, 0, 0], 0),
    row(600, "point", 16, false, b'b', b'G', b',', b'd', [701, 1017, 0], [117, 118, 2428, 2429], 0),
    row(601, "lseg", 32, false, b'b', b'G', b',', b'd', [600, 1018, 0], [119, 120, 2480, 2481], 0),
    row(602, "path", -1, false, b'b', b'G', b',', b'd', [0, 1019, 0], [121, 122, 2482, 2483], 0),
    row(603, "box", 32, false, b'b', b'G', b';', b'd', [600, 1020, 0], [123, 124, 2484, 2485], 0),
    row(604, "polygon", -1, false, b'b', b'G', b',', b'd', [0, 1027, 0], [347, 348, 2486, 2487], 0),
    row(628, "line", 24, false, b'b', b'G', b',', b'd', [701, 629, 0], [1490, 1491, 2488, 2489], 0),
    row(629, "_line", -1, false, b'b', b'A', b',', b'd', [628, 0, 0], [750, 751, 2400, 2401], 382),
    row(650, "cidr", -1, false, b'b', b'I', b',', b'i', [0, 651, 0], [1267, 1427, 2498, 2499], 0),
    row(651, "_cidr", -1, false, b'b', b'A', b',', b'i', [650, 0, 0], [750, 751, 2400, 2401], 382),
    row(700, "float4", 4, true, b'b', b'N', b',', b'i', [0, 1021, 0], [200, 201, 2424, 2425], 354),
    row(701, "float8", 8, true, b'b', b'N', b',', b'd', [0, 1022, 0], [214, 215, 2426, 2427], 355),
    row(705, "unknown", -2, false, b'p', b'X', b',', b'c', [0, 0, 0], [109, 110, 2416, 2417], 0),
    row(718, "circle", 24, false, b'b', b'G', b',', b'd', [0, 719, 0], [1450, 1451, 2490, 2491], 0),
    row(719, "_circle", -1, false, b'b', b'A', b',', b'd', [718, 0, 0], [750, 751, 2400, 2401], 382),
    row(774, "macaddr8", 8, false, b'b', b'U', b',', b'i', [0, 775, 0], [4110, 4111, 3446, 3447], 4119),
    row(775, "_macaddr8", -1, false, b'b', b'A', b',', b'i', [774, 0, 0], [750, 751, 2400, 2401], 382),
    row(790, "money", 8, true, b'b', b'N', b',', b'd', [0, 791, 0], [886, 887, 2492, 2493], 377),
    row(791, "_money", -1, false, b'b', b'A', b',', b'd', [790, 0, 0], [750, 751, 2400, 2401], 382),
    row(829, "macaddr", 6, false, b'b', b'U', b',', b'i', [0, 1040, 0], [436, 437, 2494, 2495], 836),
    row(869, "inet", -1, false, b'b', b'I', b',', b'i', [0, 1041, 0], [910, 911, 2496, 2497], 926),
    row(1000, "_bool", -1, false, b'b', b'A', b',', b'i', [16, 0, 0], [750, 751, 2400, 2401], 382),
    row(1001, "_bytea", -1, false, b'b', b'A', b',', b'i', [17, 0, 0], [750, 751, 2400, 2401], 382),
    row(1002, "_char", -1, false, b'b', b'A', b',', b'i', [18, 0, 0], [750, 751, 2400, 2401], 382),
    row(1003, "_name", -1, false, b'b', b'A', b',', b'i', [19, 0, 950], [750, 751, 2400, 2401], 382),
    row(1005, "_int2", -1, false, b'b', b'A', b',', b'i', [21, 0, 0], [750, 751, 2400, 2401], 382),
    row(1006, "_int2vector", -1, false, b'b', b'A', b',', b'i', [22, 0, 0], [750, 751, 2400, 2401], 382),
    row(1007, "_int4", -1, false, b'b', b'A', b',', b'i', [23, 0, 0], [750, 751, 2400, 2401], 382),
    row(1008, "_regproc", -1, false, b'b', b'A', b',', b'i', [24, 0, 0], [750, 751, 2400, 2401], 382),
    row(1009, "_text", -1, false, b'b', b'A', b',', b'i', [25, 0, 100], [750, 751, 2400, 2401], 382),
    row(1010, "_tid", -1, false, b'b', b'A', b',', b'i', [27, 0, 0], [750, 751, 2400, 2401], 382),
    row(1011, "_xid", -1, false, b'b', b'A', b',', b'i', [28, 0, 0], [750, 751, 2400, 2401], 382),
    row(1012, "_cid", -1, false, b'b', b'A', b',', b'i', [29, 0, 0], [750, 751, 2400, 2401], 382),
    row(1013, "_oidvector", -1, false, b'b', b'A', b',', b'i', [30, 0, 0], [750, 751, 2400, 2401], 382),
    row(1014, "_bpchar", -1, false, b'b', b'A', b',', b'i', [1042, 0, 100], [750, 751, 2400, 2401], 382),
    row(1015, "_varchar", -1, false, b'b', b'A', b',', b'i', [1043, 0, 100], [750, 751, 2400, 2401], 382),
    row(1016, "_int8", -1, false, b'b', b'A', b',', b'd', [20, 0, 0], [750, 751, 2400, 2401], 382),
    row(1017, "_point", -1, false, b'b', b'A', b',', b'd', [600, 0, 0], [750, 751, 2400, 2401], 382),
    row(1018, "_lseg", -1, false, b'b', b'A', b',', b'd', [601, 0, 0], [750, 751, 2400, 2401], 382),
    row(1019, "_path", -1, false, b'b', b'A', b',', b'd', [602, 0, 0], [750, 751, 2400, 2401], 382),
    row(1020, "_box", -1, false, b'b', b'A', b';', b'd', [603, 0, 0], [750, 751, 2400, 2401], 382),
    row(1021, "_float4", -1, false, b'b', b'A', b',', b'i', [700, 0, 0], [750, 751, 2400, 2401], 382),
    row(1022, "_float8", -1, false, b'b', b'A', b',', b'd', [701, 0, 0], [750, 751, 2400, 2401], 382),
    row(1027, "_polygon", -1, false, b'b', b'A', b',', b'd', [604, 0, 0], [750, 751, 2400, 2401], 382),
    row(1028, "_oid", -1, false, b'b', b'A', b',', b'i', [26, 0, 0], [750, 751, 2400, 2401], 382),
    row(1033, "aclitem", 12, false, b'b', b'U', b',', b'i', [0, 1034, 0], [1031, 1032, 0, 0], 0),
    row(1034, "_aclitem", -1, false, b'b', b'A', b',', b'i', [1033, 0, 0], [750, 751, 2400, 2401], 382),
    row(1040, "_macaddr", -1, false, b'b', b'A', b',', b'i', [829, 0, 0], [750, 751, 2400, 2401], 382),
    row(1041, "_inet", -1, false, b'b', b'A', b',', b'i', [869, 0, 0], [750, 751, 2400, 2401], 382),
    row(1042, "bpchar", -1, false, b'b', b'S', b',', b'i', [0, 1014, 100], [1044, 1045, 2430, 2431], 1078),
    row(1043, "varchar", -1, false, b'b', b'S', b',', b'i', [0, 1015, 100], [1046, 1047, 2432, 2433], 360),
    row(1082, "date", 4, true, b'b', b'D', b',', b'i', [0, 1182, 0], [1084, 1085, 2468, 2469], 1092),
    row(1083, "time", 8, true, b'b', b'D', b',', b'd', [0, 1183, 0], [1143, 1144, 2470, 2471], 1107),
    row(1114, "timestamp", 8, true, b'b', b'D', b',', b'd', [0, 1115, 0], [1312, 1313, 2474, 2475], 2045),
    row(1115, "_timestamp", -1, false, b'b', b'A', b',', b'd', [1114, 0, 0], [750, 751, 2400, 2401], 382),
    row(1182, "_date", -1, false, b'b', b'A', b',', b'i', [1082, 0, 0], [750, 751, 2400, 2401], 382),
    row(1183, "_time", -1, false, b'b', b'A', b',', b'd', [1083, 0, 0], [750, 751, 2400, 2401], 382),
    row(1184, "timestamptz", 8, true, b'b', b'D', b',', b'd', [0, 1185, 0], [1150, 1151, 2476, 2477], 1314),
    row(1185, "_timestamptz", -1, false, b'b', b'A', b',', b'd', [1184, 0, 0], [750, 751, 2400, 2401], 382),
    row(1186, "interval", 16, false, b'b', b'T', b',', b'd', [0, 1187, 0], [1160, 1161, 2478, 2479], 1315),
    row(1187, "_interval", -1, false, b'b', b'A', b',', b'd', [1186, 0, 0], [750, 751, 2400, 2401], 382),
    row(1231, "_numeric", -1, false, b'b', b'A', b',', b'i', [1700, 0, 0], [750, 751, 2400, 2401], 382),
    row(1263, "_cstring", -1, false, b'b', b'A', b',', b'i', [2275, 0, 0], [750, 751, 2400, 2401], 382),
    row(1266, "timetz", 12, false, b'b', b'D', b',', b'd', [0, 1270, 0], [1350, 1351, 2472, 2473], 1358),
    row(1270, "_timetz", -1, false, b'b', b'A', b',', b'd', [1266, 0, 0], [750, 751, 2400, 2401], 382),
    row(1560, "bit", -1, false, b'b', b'V', b',', b'i', [0, 1561, 0], [1564, 1565, 2456, 2457], 1596),
    row(1561, "_bit", -1, false, b'b', b'A', b',', b'i', [1560, 0, 0], [750, 751, 2400, 2401], 382),
    row(1562, "varbit", -1, false, b'b', b'V', b',', b'i', [0, 1563, 0], [1579, 1580, 2458, 2459], 1672),
    row(1563, "_varbit", -1, false, b'b', b'A', b',', b'i', [1562, 0, 0], [750, 751, 2400, 2401], 382),
    row(1700, "numeric", -1, false, b'b', b'N', b',', b'i', [0, 1231, 0], [1701, 1702, 2460, 2461], 1769),
    row(1790, "refcursor", -1, false, b'b', b'U', b',', b'i', [0, 2201, 0], [46, 47, 2414, 2415], 0),
    row(2201, "_refcursor", -1, false, b'b', b'A', b',', b'i', [1790, 0, 0], [750, 751, 2400, 2401], 382),
    row(2202, "regprocedure", 4, true, b'b', b'N', b',', b'i', [0, 2207, 0], [2212, 2213, 2446, 2447], 0),
    row(2203, "regoper", 4, true, b'b', b'N', b',', b'i', [0, 2208, 0], [2214, 2215, 2448, 2449], 0),
    row(2204, "regoperator", 4, true, b'b', b'N', b',', b'i', [0, 2209, 0], [2216, 2217, 2450, 2451], 0),
    row(2205, "regclass", 4, true, b'b', b'N', b',', b'i', [0, 2210, 0], [2218, 2219, 2452, 2453], 0),
    row(2206, "regtype", 4, true, b'b', b'N', b',', b'i', [0, 2211, 0], [2220, 2221, 2454, 2455], 0),
    row(2207, "_regprocedure", -1, false, b'b', b'A', b',', b'i', [2202, 0, 0], [750, 751, 2400, 2401], 382),
    row(2208, "_regoper", -1, false, b'b', b'A', b',', b'i', [2203, 0, 0], [750, 751, 2400, 2401], 382),
    row(2209, "_regoperator", -1, false, b'b', b'A', b',', b'i', [2204, 0, 0], [750, 751, 2400, 2401], 382),
    row(2210, "_regclass", -1, false, b'b', b'A', b',', b'i', [2205, 0, 0], [750, 751, 2400, 2401], 382),
    row(2211, "_regtype", -1, false, b'b', b'A', b',', b'i', [2206, 0, 0], [750, 751, 2400, 2401], 382),
    row(2249, "record", -1, false, b'p', b'P', b',', b'd', [0, 2287, 0], [2290, 2291, 2402, 2403], 2987),
    row(2275, "cstring", -2, false, b'p', b'P', b',', b'c', [0, 1263, 0], [2292, 2293, 2500, 2501], 0),
    row(2276, "any", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2294, 2295, 0, 0], 0),
    row(2277, "anyarray", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [2296, 2297, 2502, 2503], 382),
    row(2278, "void", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2298, 2299, 3120, 3121], 0),
    row(2279, "trigger", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2300, 2301, 0, 0], 0),
    row(2280, "language_handler", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2302, 2303, 0, 0], 0),
    row(2281, "internal", 8, true, b'p', b'P', b',', b'd', [0, 0, 0], [2304, 2305, 0, 0], 0),
    row(2283, "anyelement", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2312, 2313, 0, 0], 0),
    row(2287, "_record", -1, false, b'p', b'P', b',', b'd', [2249, 0, 0], [750, 751, 2400, 2401], 0),
    row(2776, "anynonarray", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [2777, 2778, 0, 0], 0),
    row(2949, "_txid_snapshot", -1, false, b'b', b'A', b',', b'd', [2970, 0, 0], [750, 751, 2400, 2401], 382),
    row(2950, "uuid", 16, false, b'b', b'U', b',', b'c', [0, 2951, 0], [2952, 2953, 2961, 2962], 2960),
    row(2951, "_uuid", -1, false, b'b', b'A', b',', b'i', [2950, 0, 0], [750, 751, 2400, 2401], 382),
    row(2970, "txid_snapshot", -1, false, b'b', b'U', b',', b'd', [0, 2949, 0], [2939, 2940, 2941, 2942], 0),
    row(3115, "fdw_handler", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [3116, 3117, 0, 0], 0),
    row(3220, "pg_lsn", 8, true, b'b', b'U', b',', b'd', [0, 3221, 0], [3229, 3230, 3238, 3239], 3251),
    row(3310, "tsm_handler", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [3311, 3312, 0, 0], 0),
    row(3361, "pg_ndistinct", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [3355, 3356, 3357, 3358], 0),
    row(3402, "pg_dependencies", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [3404, 3405, 3406, 3407], 0),
    row(3500, "anyenum", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [3504, 3505, 0, 0], 3514),
    row(3614, "tsvector", -1, false, b'b', b'U', b',', b'i', [0, 3643, 0], [3610, 3611, 3639, 3638], 3622),
    row(3615, "tsquery", -1, false, b'b', b'U', b',', b'i', [0, 3645, 0], [3612, 3613, 3641, 3640], 3668),
    row(3642, "gtsvector", -1, false, b'b', b'U', b',', b'i', [0, 3644, 0], [3646, 3647, 0, 0], 0),
    row(3643, "_tsvector", -1, false, b'b', b'A', b',', b'i', [3614, 0, 0], [750, 751, 2400, 2401], 382),
    row(3644, "_gtsvector", -1, false, b'b', b'A', b',', b'i', [3642, 0, 0], [750, 751, 2400, 2401], 382),
    row(3645, "_tsquery", -1, false, b'b', b'A', b',', b'i', [3615, 0, 0], [750, 751, 2400, 2401], 382),
    row(3734, "regconfig", 4, true, b'b', b'N', b',', b'i', [0, 3735, 0], [3736, 3737, 3738, 3739], 0),
    row(3735, "_regconfig", -1, false, b'b', b'A', b',', b'i', [3734, 0, 0], [750, 751, 2400, 2401], 382),
    row(3769, "regdictionary", 4, true, b'b', b'N', b',', b'i', [0, 3770, 0], [3771, 3772, 3773, 3774], 0),
    row(3770, "_regdictionary", -1, false, b'b', b'A', b',', b'i', [3769, 0, 0], [750, 751, 2400, 2401], 382),
    row(3802, "jsonb", -1, false, b'b', b'U', b',', b'i', [0, 3807, 0], [3806, 3804, 3805, 3803], 4044),
    row(3807, "_jsonb", -1, false, b'b', b'A', b',', b'i', [3802, 0, 0], [750, 751, 2400, 2401], 382),
    row(3831, "anyrange", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [3832, 3833, 0, 0], 3870),
    row(3838, "event_trigger", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [3594, 3595, 0, 0], 0),
    row(4072, "jsonpath", -1, false, b'b', b'U', b',', b'i', [0, 4073, 0], [4001, 4003, 4002, 4004], 0),
    row(4073, "_jsonpath", -1, false, b'b', b'A', b',', b'i', [4072, 0, 0], [750, 751, 2400, 2401], 382),
    row(4089, "regnamespace", 4, true, b'b', b'N', b',', b'i', [0, 4090, 0], [4084, 4085, 4087, 4088], 0),
    row(4090, "_regnamespace", -1, false, b'b', b'A', b',', b'i', [4089, 0, 0], [750, 751, 2400, 2401], 382),
    row(4096, "regrole", 4, true, b'b', b'N', b',', b'i', [0, 4097, 0], [4098, 4092, 4094, 4095], 0),
    row(4097, "_regrole", -1, false, b'b', b'A', b',', b'i', [4096, 0, 0], [750, 751, 2400, 2401], 382),
    row(4191, "regcollation", 4, true, b'b', b'N', b',', b'i', [0, 4192, 0], [4193, 4194, 4196, 4197], 0),
    row(4192, "_regcollation", -1, false, b'b', b'A', b',', b'i', [4191, 0, 0], [750, 751, 2400, 2401], 382),
    row(4537, "anymultirange", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [4229, 4230, 0, 0], 4273),
    row(4538, "anycompatiblemultirange", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [4226, 4227, 0, 0], 0),
    row(4600, "pg_brin_bloom_summary", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [4596, 4597, 4598, 4599], 0),
    row(4601, "pg_brin_minmax_multi_summary", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [4638, 4639, 4640, 4641], 0),
    row(5017, "pg_mcv_list", -1, false, b'b', b'Z', b',', b'i', [0, 0, 100], [5018, 5019, 5020, 5021], 0),
    row(5038, "pg_snapshot", -1, false, b'b', b'U', b',', b'd', [0, 5039, 0], [5055, 5056, 5057, 5058], 0),
    row(5069, "xid8", 8, true, b'b', b'U', b',', b'd', [0, 271, 0], [5070, 5081, 5082, 5083], 5096),
    row(5077, "anycompatible", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [5086, 5087, 0, 0], 0),
    row(5078, "anycompatiblearray", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [5088, 5089, 5090, 5091], 0),
    row(5079, "anycompatiblenonarray", 4, true, b'p', b'P', b',', b'i', [0, 0, 0], [5092, 5093, 0, 0], 0),
    row(5080, "anycompatiblerange", -1, false, b'p', b'P', b',', b'd', [0, 0, 0], [5094, 5095, 0, 0], 0),
];
