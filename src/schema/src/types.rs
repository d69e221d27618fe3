//! Types as functions and displays need to know them.

use crate::build::check_lookup;
use crate::reader::Catalog;
use base::Oid;
use builtins::{EnumLabel, FnCtx, TypeInfo, TypeLookup, quote_identifier};
use catalog::oids::{namespaces, types};
use catalog::rows::PgType;
use report::{Result, bail};
use std::borrow::Cow;
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

/// Type modifiers of the variable-length types count this much more than the number in the declaration.
const MODIFIER_OFFSET: i32 = 4;

impl TypeLookup for Catalog<'_> {
    fn type_info(&self, oid: Oid) -> Result<TypeInfo> {
        if let Some(found) = builtins::builtin_type(oid) {
            return Ok(found.clone());
        }
        let row = check_lookup(self.type_by_oid(oid)?, "type", oid)?;
        Ok(type_info_of(&row.row))
    }

    fn type_name(&self, oid: Oid, type_mod: i32) -> String {
        self.format_type(oid, Some(type_mod), &[namespaces::PG_CATALOG]).unwrap_or_else(|_| "???".to_owned())
    }

    fn row_desc(&self, type_oid: Oid, _type_mod: i32) -> Result<Arc<TupleDesc>> {
        let row = check_lookup(self.type_by_oid(type_oid)?, "type", type_oid)?;
        match row.typtype {
            b'd' => self.row_desc(row.typbasetype, row.typtypmod),
            _ if row.typrelid.is_valid() => Ok(Arc::clone(&self.open_relation(row.typrelid)?.desc)),
            _ => bail!(WRONG_OBJECT_TYPE, "type {} is not composite", self.type_name(type_oid, -1)),
        }
    }

    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>> {
        let rows = Catalog::enum_labels(self, type_oid)?;
        let label = |oid, sort_order, label: &str| EnumLabel { oid, sort_order, label: label.to_owned() };
        Ok(rows.iter().map(|row| label(row.oid, row.enumsortorder, &row.enumlabel)).collect())
    }

    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)> {
        let row = check_lookup(Catalog::enum_value(self, value)?, "enum value", value)?;
        let label = EnumLabel { oid: row.oid, sort_order: row.enumsortorder, label: row.enumlabel.clone() };
        Ok((row.enumtypid, label))
    }

    /// Domain constraints are expressions: who can evaluate them wraps this.
    fn check_domain(&self, _domain: Oid, _value: &Datum) -> Result<()> {
        bail!(INTERNAL_ERROR, "the catalogs cannot check a domain's constraints")
    }

    /// As `check_domain`.
    fn call(&self, function: Oid, _cx: &mut FnCtx<'_>, _args: &[Datum]) -> Result<Datum> {
        bail!(INTERNAL_ERROR, "the catalogs cannot call function {function}")
    }

    fn cast_function(&self, source: Oid, target: Oid) -> Result<Oid> {
        let cast = self.cast(source, target)?;
        Ok(cast.filter(|row| row.castmethod == b'f').map_or(Oid::INVALID, |row| row.castfunc))
    }
}

/// What a row of pg_type says of its type.
pub fn type_info_of(row: &PgType) -> TypeInfo {
    TypeInfo {
        oid: row.oid,
        name: Cow::Owned(row.typname.clone()),
        len: row.typlen,
        by_value: row.typbyval,
        kind: row.typtype,
        category: row.typcategory,
        delimiter: row.typdelim,
        align: row.typalign,
        element: row.typelem,
        array: row.typarray,
        collation: row.typcollation,
        input: row.typinput,
        output: row.typoutput,
        receive: row.typreceive,
        send: row.typsend,
        compare: Oid::INVALID,
        relation: row.typrelid,
        base: row.typbasetype,
        base_mod: row.typtypmod,
    }
}

impl Catalog<'_> {
    /// The type that a domain is based on in the end; other types are their own.
    pub fn base_type(&self, oid: Oid) -> Result<Oid> {
        let mut base = oid;
        while let Some(row) = self.type_by_oid(base)?
            && row.typtype == b'd'
        {
            base = row.typbasetype;
        }
        Ok(base)
    }

    /// A type as SQL writes it: `integer`, `character varying(10)`, `s.t[]`. `type_mod` is `None` where a modifier makes no
    /// sense, `Some(-1)` where it could have been given. A type that `path` does not find first is qualified.
    pub fn format_type(&self, oid: Oid, type_mod: Option<i32>, path: &[Oid]) -> Result<String> {
        self.format_type_where(oid, type_mod, &|row| Ok(!self.is_type_visible(row, path)?))
    }

    /// A type as SQL writes it, with its schema whatever the search path finds; the standard's names have none.
    pub fn format_type_qualified(&self, oid: Oid) -> Result<String> {
        self.format_type_where(oid, None, &|_| Ok(true))
    }

    fn format_type_where(
        &self,
        oid: Oid,
        type_mod: Option<i32>,
        is_qualified: &dyn Fn(&PgType) -> Result<bool>,
    ) -> Result<String> {
        if !oid.is_valid() {
            return Ok("-".to_owned());
        }
        let Some(row) = self.type_by_oid(oid)? else { return Ok("???".to_owned()) };
        let is_array =
            row.typelem.is_valid() && row.typlen == -1 && row.typcategory == b'A' && row.typname.starts_with('_');
        if is_array {
            return Ok(self.format_type_where(row.typelem, type_mod, is_qualified)? + "[]");
        }
        if let Some(name) = standard_name(oid, type_mod) {
            return Ok(name);
        }
        let mut name = quote_identifier(&row.typname);
        if is_qualified(&row.row)? {
            let namespace = check_lookup(self.namespace(row.typnamespace)?, "namespace", row.typnamespace)?;
            name = format!("{}.{name}", quote_identifier(&namespace.nspname));
        }
        Ok(name)
    }

    fn is_type_visible(&self, row: &PgType, path: &[Oid]) -> Result<bool> {
        if row.typnamespace == namespaces::PG_CATALOG && !path.contains(&namespaces::PG_CATALOG) {
            return Ok(true);
        }
        Ok(self.type_in_path(path, &row.typname)?.is_some_and(|found| found.oid == row.oid))
    }
}

/// The names that the SQL standard gives to built-in types.
fn standard_name(oid: Oid, type_mod: Option<i32>) -> Option<String> {
    let modifier = type_mod.filter(|m| *m >= 0);
    let length = || modifier.map(|m| format!("({})", m - MODIFIER_OFFSET)).unwrap_or_default();
    let precision = || modifier.map(|m| format!("({m})")).unwrap_or_default();
    Some(match oid {
        types::BOOL => "boolean".to_owned(),
        types::INT2 => "smallint".to_owned(),
        types::INT4 => "integer".to_owned(),
        types::INT8 => "bigint".to_owned(),
        types::FLOAT4 => "real".to_owned(),
        types::FLOAT8 => "double precision".to_owned(),
        types::CHAR => "\"char\"".to_owned(),
        types::BPCHAR if type_mod == Some(-1) => "bpchar".to_owned(),
        types::BPCHAR => format!("character{}", length()),
        types::VARCHAR => format!("character varying{}", length()),
        types::TIME => format!("time{} without time zone", precision()),
        types::TIMETZ => format!("time{} with time zone", precision()),
        types::TIMESTAMP => format!("timestamp{} without time zone", precision()),
        types::TIMESTAMPTZ => format!("timestamp{} with time zone", precision()),
        types::NUMERIC => format!("numeric{}", modifier.map(numeric_modifier).unwrap_or_default()),
        types::INTERVAL => format!("interval{}", modifier.map(interval_modifier).unwrap_or_default()),
        _ => return None,
    })
}

/// Precision and scale: the high 16 bits, and the low 11 with sign.
fn numeric_modifier(packed: i32) -> String {
    let packed = packed - MODIFIER_OFFSET;
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    format!("({},{scale})", (packed >> 16) & 0xffff)
}

/// Fields and precision of an interval: the low 16 bits are the precision, the high ones the set of fields.
fn interval_modifier(packed: i32) -> String {
    let (precision, range) = (packed & 0xffff, (packed >> 16) & 0x7fff);
    const FIELDS: [(i32, &str); 13] = [
        (1 << 2, " year"),
        (1 << 1, " month"),
        (1 << 3, " day"),
        (1 << 10, " hour"),
        (1 << 11, " minute"),
        (1 << 12, " second"),
        (1 << 2 | 1 << 1, " year to month"),
        (1 << 3 | 1 << 10, " day to hour"),
        (1 << 3 | 1 << 10 | 1 << 11, " day to minute"),
        (1 << 3 | 1 << 10 | 1 << 11 | 1 << 12, " day to second"),
        (1 << 10 | 1 << 11, " hour to minute"),
        (1 << 10 | 1 << 11 | 1 << 12, " hour to second"),
        (1 << 11 | 1 << 12, " minute to second"),
    ];
    let fields = FIELDS.iter().find(|(bits, _)| *bits == range).map_or("", |(_, words)| words);
    match precision {
        0xffff => fields.to_owned(),
        digits => format!("{fields}({digits})"),
    }
}
