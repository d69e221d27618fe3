//! json_agg, json_object_agg and their jsonb twins.

use super::binary::{Value, object};
use super::convert::{key_text, put_json, to_value};
use super::parse::quote;
use crate::FnCtx;
use crate::aggregate::AggregateState;
use crate::types::{type_info, type_oid};
use base::Oid;
use report::{Result, bail};
use tuple::Datum;

/// `json_agg` and `jsonb_agg`: nulls are kept; null over no rows.
pub(crate) struct JsonArrayAgg {
    /// The result is jsonb.
    binary: bool,
    /// Elements stand on lines of their own: arrays and records.
    broken_lines: bool,
    text: Option<String>,
    items: Option<Vec<Value>>,
    bytes: usize,
}

impl JsonArrayAgg {
    pub(crate) fn new(cx: &FnCtx<'_>, binary: bool) -> JsonArrayAgg {
        let oid = cx.arg_type(0);
        let info = type_info(cx, oid).ok();
        let broken_lines = oid == type_oid::RECORD || info.is_some_and(|i| i.is_array() || i.kind == b'c');
        JsonArrayAgg { binary, broken_lines, text: None, items: None, bytes: 0 }
    }
}

impl AggregateState for JsonArrayAgg {
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        let oid = cx.arg_type(0);
        self.bytes += args[0].heap_bytes() + 32;
        if self.binary {
            let value = to_value(cx, oid, &args[0])?;
            self.items.get_or_insert_default().push(value);
            return Ok(());
        }
        let text = match &mut self.text {
            Some(text) => {
                text.push_str(", ");
                // PostgreSQL starts a new line before such elements, but for nulls.
                if self.broken_lines && !args[0].is_null() {
                    text.push_str("\n ");
                }
                text
            }
            none => none.insert("[".to_owned()),
        };
        put_json(cx, oid, &args[0], false, text)
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(match (&self.text, &self.items) {
            (Some(text), _) => Datum::from(format!("{text}]")),
            (_, Some(items)) => Value::Array(items.clone()).to_datum(),
            _ => Datum::Null,
        })
    }

    fn memory_bytes(&self) -> usize {
        self.bytes
    }

    fn gathers(&self) -> bool {
        true
    }
}

/// `json_object_agg` and `jsonb_object_agg`.
pub(crate) struct JsonObjectAgg {
    binary: bool,
    types: [Oid; 2],
    text: Option<String>,
    fields: Option<Vec<(String, Value)>>,
    bytes: usize,
}

impl JsonObjectAgg {
    pub(crate) fn new(cx: &FnCtx<'_>, binary: bool) -> JsonObjectAgg {
        JsonObjectAgg { binary, types: [cx.arg_type(0), cx.arg_type(1)], text: None, fields: None, bytes: 0 }
    }
}

impl AggregateState for JsonObjectAgg {
    fn step(&mut self, cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<()> {
        if args[0].is_null() {
            bail!(INVALID_PARAMETER_VALUE, "field name must not be null");
        }
        self.bytes += args[0].heap_bytes() + args[1].heap_bytes() + 64;
        let key = key_text(cx, self.types[0], &args[0])?;
        if self.binary {
            let value = to_value(cx, self.types[1], &args[1])?;
            self.fields.get_or_insert_default().push((key, value));
            return Ok(());
        }
        let text = match &mut self.text {
            Some(text) => {
                text.push_str(", ");
                text
            }
            none => none.insert("{ ".to_owned()),
        };
        quote(&key, text);
        text.push_str(" : ");
        put_json(cx, self.types[1], &args[1], false, text)
    }

    fn finish(&mut self, _cx: &mut FnCtx<'_>) -> Result<Datum> {
        Ok(match (&self.text, &self.fields) {
            (Some(text), _) => Datum::from(format!("{text} }}")),
            (_, Some(fields)) => object(fields.clone()).to_datum(),
            _ => Datum::Null,
        })
    }

    fn memory_bytes(&self) -> usize {
        self.bytes
    }

    fn gathers(&self) -> bool {
        true
    }
}
