//! Sequences: CREATE SEQUENCE, and those that a column owns. Drawing numbers from one is `nextval`, a system function.
//!
//! A sequence is a relation with one row (last_value, log_cnt, is_called), changed in place, and a row of pg_sequence with its
//! parameters.

use crate::address::ObjectAddress;
use crate::dependency::{self, Dependency};
use crate::options::text_of;
use crate::relation::{NewColumn, NewRelation, create_relation};
use crate::{Execution, Tag, names, with_analyze_context};
use access::{Access, InsertOptions, Persistence, Relation, Store};
use analyze::DefaultFor;
use analyze::expr::Expr;
use base::{BlockNumber, Fork, Oid};
use catalog::rows::{PgDepend, PgSequence};
use instance::Ctx;
use instance::privileges::ObjectKind;
use lock::LockMode;
use parser::ParseOptions;
use parser::ast::{AlterSeqStmt, CreateSeqStmt, DefArg, DefElem, RangeVar};
use report::{Error, Result, bail, error};
use schema::Key;
use std::ops::ControlFlow;
use tuple::Datum;

const INT2: Oid = Oid(21);
const INT4: Oid = Oid(23);
const INT8: Oid = Oid(20);

/// CREATE SEQUENCE.
pub(crate) fn create_sequence(ex: &mut Execution<'_, '_>, statement: &CreateSeqStmt) -> Result<Tag> {
    let cx = ex.cx;
    let target = names::creation_target(cx, &statement.sequence)?;
    let name = &statement.sequence.name;
    if names::check_free(cx, target.0, name, statement.if_not_exists)? {
        return Ok(Tag::Plain("CREATE SEQUENCE"));
    }
    let owned_by = statement.options.iter().find(|option| option.name == "owned_by");
    let parameters = Parameters::read(cx, &statement.options, SequenceOf::Itself)?;
    let sequence = make(cx, name, target, &parameters)?;
    if let Some(option) = owned_by {
        set_owner_column(cx, sequence, option)?;
    }
    Ok(Tag::Plain("CREATE SEQUENCE"))
}

/// What a sequence is made for. The type is the column's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SequenceOf {
    Itself,
    Column(Oid),
    Identity(Oid),
}

/// What a sequence is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters {
    type_oid: Oid,
    start: i64,
    increment: i64,
    max: i64,
    min: i64,
    cache: i64,
    cycle: bool,
}

impl Parameters {
    /// Reads the options of CREATE SEQUENCE.
    pub(crate) fn read(cx: Ctx<'_>, options: &[DefElem], of: SequenceOf) -> Result<Parameters> {
        let type_oid = match (find(options, "as")?, of) {
            (Some(option), _) => option_type(cx, option)?,
            (None, SequenceOf::Column(oid) | SequenceOf::Identity(oid)) => oid,
            (None, SequenceOf::Itself) => INT8,
        };
        let limits = limits_of(type_oid, of)?;
        let increment = number(options, "increment")?.unwrap_or(1);
        let (default_min, default_max) = default_limits(increment, limits);
        let max = number(options, "maxvalue")?.unwrap_or(default_max);
        let min = number(options, "minvalue")?.unwrap_or(default_min);
        let start = number(options, "start")?.unwrap_or(if increment > 0 { min } else { max });
        let cache = number(options, "cache")?.unwrap_or(1);
        let cycle = find(options, "cycle")?.is_some_and(is_true);
        let parameters = Parameters { type_oid, start, increment, max, min, cache, cycle };
        parameters.check(limits)?;
        Ok(parameters)
    }

    /// Reads the options of ALTER SEQUENCE over what the sequence has.
    fn change(cx: Ctx<'_>, options: &[DefElem], old: &PgSequence, of: SequenceOf) -> Result<Parameters> {
        let type_oid = match find(options, "as")? {
            Some(option) => option_type(cx, option)?,
            None => old.seqtypid,
        };
        let (limits, old_limits) = (limits_of(type_oid, of)?, limits_of(old.seqtypid, of)?);
        let increment = number(options, "increment")?.unwrap_or(old.seqincrement);
        let defaults = default_limits(increment, limits);
        // A limit that was the old type's becomes the new type's.
        let is_new_type = find(options, "as")?.is_some();
        let limit = |name: &str, value: i64, old_limit: i64, (limit, default): (i64, i64)| {
            Ok::<_, Error>(match (number(options, name)?, find(options, name)?) {
                (Some(given), _) => given,
                (None, _) if is_new_type && value == old_limit => limit,
                (None, Some(_)) => default,
                (None, None) => value,
            })
        };
        let max = limit("maxvalue", old.seqmax, old_limits.1, (limits.1, defaults.1))?;
        let min = limit("minvalue", old.seqmin, old_limits.0, (limits.0, defaults.0))?;
        let start = number(options, "start")?.unwrap_or(old.seqstart);
        let cache = number(options, "cache")?.unwrap_or(old.seqcache);
        let cycle = find(options, "cycle")?.map_or(old.seqcycle, is_true);
        let parameters = Parameters { type_oid, start, increment, max, min, cache, cycle };
        parameters.check(limits)?;
        Ok(parameters)
    }

    fn check(&self, (type_min, type_max): (i64, i64)) -> Result<()> {
        let Parameters { start, max, min, cache, .. } = *self;
        if self.increment == 0 {
            bail!(INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
        }
        let type_name = type_name(self.type_oid);
        if !(type_min..=type_max).contains(&max) {
            bail!(INVALID_PARAMETER_VALUE, "MAXVALUE ({max}) is out of range for sequence data type {type_name}");
        }
        if !(type_min..=type_max).contains(&min) {
            bail!(INVALID_PARAMETER_VALUE, "MINVALUE ({min}) is out of range for sequence data type {type_name}");
        }
        if min >= max {
            bail!(INVALID_PARAMETER_VALUE, "MINVALUE ({min}) must be less than MAXVALUE ({max})");
        }
        if start < min {
            bail!(INVALID_PARAMETER_VALUE, "START value ({start}) cannot be less than MINVALUE ({min})");
        }
        if start > max {
            bail!(INVALID_PARAMETER_VALUE, "START value ({start}) cannot be greater than MAXVALUE ({max})");
        }
        if cache <= 0 {
            bail!(INVALID_PARAMETER_VALUE, "CACHE ({cache}) must be greater than zero");
        }
        Ok(())
    }
}

fn default_limits(increment: i64, (type_min, type_max): (i64, i64)) -> (i64, i64) {
    if increment > 0 { (1, type_max) } else { (type_min, -1) }
}

fn is_true(option: &DefElem) -> bool {
    matches!(option.arg, Some(DefArg::Boolean(true)))
}

fn find<'a>(options: &'a [DefElem], name: &str) -> Result<Option<&'a DefElem>> {
    let mut found = options.iter().filter(|option| option.name == name);
    let first = found.next();
    match found.next() {
        Some(_) => bail!(SYNTAX_ERROR, "conflicting or redundant options"),
        None => Ok(first),
    }
}

/// An option's number; none if it was not given, or given as NO.
fn number(options: &[DefElem], name: &str) -> Result<Option<i64>> {
    match find(options, name)? {
        Some(option) if option.arg.is_some() => {
            let text = text_of(option);
            let parsed = text.parse::<i64>();
            parsed
                .map(Some)
                .map_err(|_| error!(NUMERIC_VALUE_OUT_OF_RANGE, "value \"{text}\" is out of range for type bigint"))
        }
        _ => Ok(None),
    }
}

fn option_type(cx: Ctx<'_>, option: &DefElem) -> Result<Oid> {
    let Some(DefArg::Type(name)) = &option.arg else { return Err(Error::internal("AS names a type")) };
    Ok(with_analyze_context(cx, "", |context| context.resolve_type_name(name))?.oid)
}

fn limits_of(type_oid: Oid, of: SequenceOf) -> Result<(i64, i64)> {
    match type_oid {
        INT2 => Ok((i64::from(i16::MIN), i64::from(i16::MAX))),
        INT4 => Ok((i64::from(i32::MIN), i64::from(i32::MAX))),
        INT8 => Ok((i64::MIN, i64::MAX)),
        _ => {
            let what = if matches!(of, SequenceOf::Identity(_)) { "identity column" } else { "sequence" };
            bail!(INVALID_PARAMETER_VALUE, "{what} type must be smallint, integer, or bigint")
        }
    }
}

fn type_name(type_oid: Oid) -> &'static str {
    match type_oid {
        INT2 => "smallint",
        INT4 => "integer",
        _ => "bigint",
    }
}

/// ALTER SEQUENCE.
pub(crate) fn alter_sequence(ex: &mut Execution<'_, '_>, statement: &AlterSeqStmt) -> Result<Tag> {
    let cx = ex.cx;
    let tag = Tag::Plain("ALTER SEQUENCE");
    let Some(entry) = names::find_relation(cx, &statement.sequence, LockMode::ShareRowExclusive)? else {
        let error = names::no_such_relation(&statement.sequence);
        if !statement.if_exists {
            return Err(error);
        }
        crate::rename::skip_notice(cx, error.message());
        return Ok(tag);
    };
    if entry.kind() != b'S' {
        bail!(WRONG_OBJECT_TYPE, "\"{}\" is not a sequence", entry.name());
    }
    cx.check_owner(entry.class.relowner, ObjectKind::Sequence, entry.name())?;
    change(ex, entry.oid, &statement.options, SequenceOf::Itself)?;
    if let Some(option) = statement.options.iter().find(|option| option.name == "owned_by") {
        set_owner_column(cx, entry.oid, option)?;
    }
    Ok(tag)
}

/// Changes a sequence's parameters, and its position if it is restarted.
pub(crate) fn change(ex: &Execution<'_, '_>, sequence: Oid, options: &[DefElem], of: SequenceOf) -> Result<()> {
    let cx = ex.cx;
    let catalog = cx.catalog();
    let row = catalog.sequence(sequence)?.ok_or_else(|| Error::internal("a sequence has its parameters"))?;
    let new = Parameters::change(cx, options, &row, of)?;
    catalog.update(
        &row,
        &PgSequence {
            seqtypid: new.type_oid,
            seqstart: new.start,
            seqincrement: new.increment,
            seqmax: new.max,
            seqmin: new.min,
            seqcache: new.cache,
            seqcycle: new.cycle,
            ..row.row.clone()
        },
    )?;
    let (mut last, mut is_called) = position(cx, sequence)?;
    if let Some(option) = find(options, "restart")? {
        last = if option.arg.is_some() { number(options, "restart")?.unwrap_or(new.start) } else { new.start };
        is_called = false;
    }
    let word = if is_called { "last" } else { "RESTART" };
    let word = if find(options, "restart")?.is_some() { "RESTART" } else { word };
    if last < new.min {
        bail!(INVALID_PARAMETER_VALUE, "{word} value ({last}) cannot be less than MINVALUE ({})", new.min);
    }
    if last > new.max {
        bail!(INVALID_PARAMETER_VALUE, "{word} value ({last}) cannot be greater than MAXVALUE ({})", new.max);
    }
    let only_owner = options.iter().all(|option| option.name == "owned_by");
    if only_owner {
        return Ok(());
    }
    crate::truncate::new_file(cx, sequence)?;
    insert_position(cx, sequence, (last, is_called))?;
    if let Some(memory) = cx.session.sequences.borrow_mut().get_mut(&sequence) {
        memory.cached = None;
    }
    Ok(())
}

/// AS type: the sequence of an identity column follows the column's type.
pub(crate) fn change_type(ex: &Execution<'_, '_>, sequence: Oid, type_oid: Oid) -> Result<()> {
    let text = ex.cx.catalog().format_type_qualified(type_oid)?;
    let name = parser::parse_type_name(&text, &ParseOptions::default())?;
    let option = crate::like::option("as", DefArg::Type(Box::new(name)));
    change(ex, sequence, &[option], SequenceOf::Identity(type_oid))
}

/// Where a sequence stands: its last value, and whether that was given out.
pub(crate) fn position(cx: Ctx<'_>, sequence: Oid) -> Result<(i64, bool)> {
    let entry = cx.catalog().open_relation(sequence)?;
    let mut found = None;
    crate::validate::for_each_row(cx, &entry, |row| {
        found = Some((row.values[0].as_i64(), row.values[2].as_bool()));
        Ok(ControlFlow::Break(()))
    })?;
    found.ok_or_else(|| Error::internal(format!("sequence {sequence} has no row")))
}

/// The column that owns a sequence.
pub(crate) fn owner_column(cx: Ctx<'_>, sequence: Oid) -> Result<Option<(Oid, i16)>> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, catalog::oids::PG_CLASS), Key::oid(d::OBJID, sequence)];
    let rows = cx.catalog().scan::<PgDepend>(&keys)?;
    let is_owner = |row: &&schema::CatalogRow<PgDepend>| {
        row.refclassid == catalog::oids::PG_CLASS && row.refobjsubid > 0 && matches!(row.deptype, b'a' | b'i')
    };
    Ok(rows.iter().find(is_owner).map(|row| (row.refobjid, row.refobjsubid as i16)))
}

/// Makes the relation, its row and its parameters.
fn make(cx: Ctx<'_>, name: &str, target: (Oid, u8), parameters: &Parameters) -> Result<Oid> {
    let column =
        |name: &str, type_oid| NewColumn { not_null: true, ..NewColumn::new(name, type_oid, -1, Oid::INVALID) };
    let columns = vec![column("last_value", INT8), column("log_cnt", INT8), column("is_called", Oid(16))];
    let sequence = create_relation(cx, &NewRelation { columns, ..NewRelation::new(cx, name, target, b'S') })?;
    cx.catalog().insert(&PgSequence {
        seqrelid: sequence,
        seqtypid: parameters.type_oid,
        seqstart: parameters.start,
        seqincrement: parameters.increment,
        seqmax: parameters.max,
        seqmin: parameters.min,
        seqcache: parameters.cache,
        seqcycle: parameters.cycle,
    })?;
    insert_row(cx, sequence, parameters.start)?;
    Ok(sequence)
}

/// Puts the one row into a sequence's empty file.
pub(crate) fn insert_row(cx: Ctx<'_>, sequence: Oid, start: i64) -> Result<()> {
    insert_position(cx, sequence, (start, false))
}

pub(crate) fn insert_position(cx: Ctx<'_>, sequence: Oid, (last, is_called): (i64, bool)) -> Result<()> {
    let entry = cx.catalog().open_relation(sequence)?;
    let relation = entry.table.as_ref().expect("a sequence has storage");
    let row = [Datum::Int8(last), Datum::Int8(0), Datum::Bool(is_called)];
    let store = &cx.session.store;
    cx.with_tx(|tx| relation.am.insert(&mut Access::new(store, tx), relation, &row, InsertOptions::default()))?;
    if relation.persistence == Persistence::Unlogged {
        fill_init_fork(store, relation)?;
    }
    cx.next_command()
}

/// What an unlogged sequence begins with again after a crash: the page that it has now.
fn fill_init_fork(store: &Store, relation: &Relation) -> Result<()> {
    let page = store.read(relation, BlockNumber(0))?.share().clone();
    let mut init = store.buffers.extend(relation.fork(Fork::Init))?;
    *init = page;
    store.buffers.log_page(&mut init).map(drop)
}

/// A sequence that a serial or identity column is to have.
pub(crate) struct ColumnSequence<'a> {
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    /// Schema and persistence of the table.
    pub(crate) target: (Oid, u8),
    pub(crate) column_type: Oid,
    pub(crate) is_identity: bool,
}

impl ColumnSequence<'_> {
    /// Makes it, named after the column unless the options name it. The column need not be there yet: [`attach`] joins the two.
    pub(crate) fn make(&self, cx: Ctx<'_>, options: &[DefElem]) -> Result<Oid> {
        let (mut namespace, mut persistence) = self.target;
        let name = match find(options, "sequence_name")?.map(|option| &option.arg) {
            Some(Some(DefArg::Name(name))) => {
                if let Some(schema) = name.qualifiers().last() {
                    namespace = names::open_schema(cx, schema)?;
                }
                name.last().to_owned()
            }
            _ => choose_name(cx, self.table, self.column, "seq", namespace)?,
        };
        match (find(options, "logged")?, find(options, "unlogged")?) {
            (Some(_), None) if persistence == b'u' => persistence = b'p',
            (None, Some(_)) if persistence == b'p' => persistence = b'u',
            _ => {}
        }
        let of = if self.is_identity {
            SequenceOf::Identity(self.column_type)
        } else {
            SequenceOf::Column(self.column_type)
        };
        let parameters = Parameters::read(cx, options, of)?;
        if cx.catalog().relation_oid(namespace, &name)?.is_some() {
            bail!(DUPLICATE_TABLE, "relation \"{name}\" already exists");
        }
        let sequence = make(cx, &name, (namespace, persistence), &parameters)?;
        cx.next_command()?;
        Ok(sequence)
    }
}

/// Makes a sequence a column's own: part of an identity column, owned by a serial one.
pub(crate) fn attach(cx: Ctx<'_>, sequence: Oid, (table, column): (Oid, i16), is_identity: bool) -> Result<()> {
    let kind = if is_identity { Dependency::Internal } else { Dependency::Auto };
    dependency::record(cx, ObjectAddress::relation(sequence), ObjectAddress::column(table, column), kind)?;
    cx.next_command()
}

/// `nextval('schema.sequence'::regclass)`, fit for the column.
pub(crate) fn default_expression(
    ex: &Execution<'_, '_>,
    sequence: Oid,
    target: DefaultFor<'_>,
) -> Result<Option<Expr>> {
    let cx = ex.cx;
    let class = cx.catalog().class(sequence)?.expect("the sequence was just made");
    let schema = cx.catalog().namespace(class.relnamespace)?.expect("a relation is in a schema");
    let quote = builtins::quote_identifier;
    let name = format!("{}.{}", quote(&schema.nspname), quote(&class.relname)).replace('\'', "''");
    let text = format!("pg_catalog.nextval('{name}'::pg_catalog.regclass)");
    let parsed = parser::parse_expr(&text, &ParseOptions::default())?;
    with_analyze_context(cx, &text, |context| context.analyze_default(&parsed, target)).map(Some)
}

/// OWNED BY.
fn set_owner_column(cx: Ctx<'_>, sequence: Oid, option: &DefElem) -> Result<()> {
    let Some(DefArg::Name(name)) = &option.arg else { return Err(Error::internal("OWNED BY names a column")) };
    let own = ObjectAddress::relation(sequence);
    if let Some((table, _)) = owner_column(cx, sequence)? {
        refuse_identity(cx, sequence, table)?;
    }
    let target = match &name.parts[..] {
        [word] if word == "none" => None,
        [_] => {
            let error = error!(SYNTAX_ERROR, "invalid OWNED BY option");
            return Err(error.hint("Specify OWNED BY table.column or OWNED BY NONE."));
        }
        parts => Some(owner_target(cx, sequence, parts)?),
    };
    forget_owner_column(cx, sequence)?;
    match target {
        Some(column) => dependency::record(cx, own, column, Dependency::Auto),
        None => Ok(()),
    }
}

fn refuse_identity(cx: Ctx<'_>, sequence: Oid, table: Oid) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, catalog::oids::PG_CLASS), Key::oid(d::OBJID, sequence)];
    let rows = cx.catalog().scan::<PgDepend>(&keys)?;
    if rows.iter().any(|row| row.deptype == dependency::INTERNAL && row.refobjid == table) {
        let (own, table) = (cx.catalog().open_relation(sequence)?, cx.catalog().open_relation(table)?);
        let error = error!(FEATURE_NOT_SUPPORTED, "cannot change ownership of identity sequence");
        return Err(error.detail(format!("Sequence \"{}\" is linked to table \"{}\".", own.name(), table.name())));
    }
    Ok(())
}

/// The column that OWNED BY names.
fn owner_target(cx: Ctx<'_>, sequence: Oid, parts: &[String]) -> Result<ObjectAddress> {
    let (column, table) = parts.split_last().expect("there are two parts or more");
    let mut range = RangeVar::named(table.last().expect("there are two parts or more").clone());
    range.schema = table.len().checked_sub(2).map(|n| table[n].clone());
    let entry = names::open_relation(cx, &range, LockMode::AccessShare)?;
    if !matches!(entry.kind(), b'r' | b'v' | b'f' | b'p') {
        let error = error!(WRONG_OBJECT_TYPE, "sequence cannot be owned by relation \"{}\"", entry.name());
        return Err(error.detail(crate::address::not_supported_for(entry.kind())));
    }
    let class = cx.catalog().class(sequence)?.expect("the sequence is open");
    if class.relowner != entry.class.relowner {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence must have same owner as table it is linked to");
    }
    if class.relnamespace != entry.class.relnamespace {
        bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "sequence must be in same schema as table it is linked to");
    }
    match entry.column(column) {
        Some(number) => Ok(ObjectAddress::column(entry.oid, number)),
        None => Err(crate::alter_table::no_such_column(&entry, column)),
    }
}

fn forget_owner_column(cx: Ctx<'_>, sequence: Oid) -> Result<()> {
    use catalog::columns::pg_depend as d;
    let keys = [Key::oid(d::CLASSID, catalog::oids::PG_CLASS), Key::oid(d::OBJID, sequence)];
    for row in cx.catalog().scan::<PgDepend>(&keys)? {
        if row.deptype == b'a' && row.refclassid == catalog::oids::PG_CLASS {
            cx.catalog().delete(&row)?;
        }
    }
    Ok(())
}

/// A name that no relation of the schema has: `table_column_label`, shortened to fit, with a number if it must be.
pub(crate) fn choose_name(cx: Ctx<'_>, table: &str, column: &str, label: &str, namespace: Oid) -> Result<String> {
    let mut number = 0;
    loop {
        let label = if number == 0 { label.to_owned() } else { format!("{label}{number}") };
        let name = make_object_name(table, column, &label);
        if cx.catalog().relation_oid(namespace, &name)?.is_none() {
            return Ok(name);
        }
        number += 1;
    }
}

/// `first_second_label` in at most 63 bytes: the longer of the first two is shortened first. `second` may be empty.
pub(crate) fn make_object_name(first: &str, second: &str, label: &str) -> String {
    let overhead = label.len() + 1 + if second.is_empty() { 0 } else { 1 };
    let room = base::NAME_BYTES_MAX - overhead;
    let (mut a, mut b) = (first.len(), second.len());
    while a + b > room {
        if a > b { a -= 1 } else { b -= 1 }
    }
    let (first, second) = (&first[..first.floor_char_boundary(a)], &second[..second.floor_char_boundary(b)]);
    match second.is_empty() {
        true => format!("{first}_{label}"),
        false => format!("{first}_{second}_{label}"),
    }
}

#[cfg(test)]
mod tests {
    use super::make_object_name;

    #[test]
    fn long_names_are_shortened_evenly() {
        assert_eq!(make_object_name("t", "a", "seq"), "t_a_seq");
        assert_eq!(make_object_name("t", "", "pkey"), "t_pkey");
        let name = make_object_name(&"x".repeat(60), &"y".repeat(60), "seq");
        assert_eq!((name.len(), name.ends_with("_seq")), (63, true));
    }
}
