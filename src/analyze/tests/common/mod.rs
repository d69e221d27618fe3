//! A database in memory with the tables of `golden/schema.sql`.

use analyze::query::Query;
use analyze::ruleutils::Layout;
use analyze::{AnalyzeContext, Analyzed, AnalyzedStatement, Lookup, Parameters, analyze};
use base::Oid;
use builtins::{EnumLabel, FnCtx, FormatSettings, Memo, TypeInfo, TypeLookup};
use catalog::rows::{PgAttribute, PgClass, PgConstraint, PgType};
use parser::ParseOptions;
use parser::ast::{ColumnDefinition, ConstraintKind, Statement, TableElement, TypeName};
use report::{Error, Result};
use schema::{Caches, Catalog, MemoryTables, Overlay, Tables};
use std::cell::RefCell;
use std::sync::Arc;
use tuple::{Datum, TupleDesc};

const PUBLIC: Oid = Oid(2200);
const PATH: [Oid; 2] = [Oid(11), PUBLIC];

pub struct Fixture {
    memory: MemoryTables,
    caches: Caches,
    overlay: Overlay,
}

impl Fixture {
    pub fn new() -> Fixture {
        let fixture = Fixture {
            memory: MemoryTables::bootstrapped(),
            caches: Caches::without_storage(),
            overlay: Overlay::new(),
        };
        for statement in parser::parse(include_str!("../golden/schema.sql"), &ParseOptions::default()).unwrap() {
            fixture.create(&statement.stmt);
        }
        fixture
    }

    /// Works with a context over this database.
    pub fn with<T>(&self, source: &str, work: impl FnOnce(&AnalyzeContext<'_>) -> T) -> T {
        let catalog = Catalog::new(&self.caches, &self.overlay, Tables::Memory(&self.memory), Oid(1));
        let settings = FormatSettings::default();
        let mut memo = Memo::new(1, Box::new(|| 0));
        let types = Types(&catalog);
        let functions = RefCell::new(FnCtx::new(&settings, &types, &mut memo));
        let cx = AnalyzeContext {
            catalog: Lookup { catalog: &catalog, functions },
            source,
            search_path: &PATH,
            temp_namespace: Oid::INVALID,
            user: Oid(10),
            database: "x_analyze",
            transform_null_equals: false,
        };
        work(&cx)
    }

    /// What the golden files say of a statement.
    pub fn describe(&self, source: &str) -> String {
        let parsed = match parser::parse(source, &ParseOptions::default()) {
            Ok(parsed) => parsed,
            Err(err) => return print_error(&err),
        };
        self.with(source, |cx| match analyze(cx, &parsed[0].stmt, Parameters::Variable(Vec::new())) {
            Ok(analyzed) => print_columns(cx, &analyzed),
            Err(err) => print_error(&err),
        })
    }

    /// A query as the definition of a view.
    pub fn display(&self, source: &str, names: impl Fn(&Query) -> Vec<String>, layout: Layout) -> String {
        let parsed = parser::parse(source, &ParseOptions::default()).unwrap();
        self.with(source, |cx| {
            let analyzed = match analyze(cx, &parsed[0].stmt, Parameters::None) {
                Ok(analyzed) => analyzed,
                Err(err) => return print_error(&err),
            };
            let AnalyzedStatement::Query(query) = &analyzed.statement else { panic!("{source} is no query") };
            match cx.query_sql(query, Some(&names(query)), layout) {
                Ok(text) => text + ";",
                Err(err) => print_error(&err),
            }
        })
    }

    fn create(&self, stmt: &Statement) {
        self.with("", |cx| match stmt {
            Statement::CreateTable(table) => {
                let column = |element: &TableElement| match element {
                    TableElement::Column(column) => {
                        let is_key = column.constraints.iter().any(|c| matches!(c.kind, ConstraintKind::Primary(_)));
                        (column.name.clone(), column.type_name.clone().unwrap(), is_key)
                    }
                    other => panic!("the fixture cannot make {other:?}"),
                };
                let columns: Vec<Column> = table.elements.iter().map(column).collect();
                add_relation(cx, &table.relation.name, b'r', &columns).unwrap();
            }
            Statement::CreateCompositeType(composite) => {
                let column = |c: &ColumnDefinition| (c.name.clone(), c.type_name.clone(), false);
                let columns: Vec<Column> = composite.columns.iter().map(column).collect();
                add_relation(cx, &composite.name.name, b'c', &columns).unwrap();
            }
            other => panic!("the fixture cannot run {other:?}"),
        });
    }
}

/// The catalogs as types. A function that no crate below has (of dates, of names of objects) answers its argument: what a
/// statement means does not depend on the values of its constants.
struct Types<'a>(&'a Catalog<'a>);

impl TypeLookup for Types<'_> {
    fn type_info(&self, oid: Oid) -> Result<TypeInfo> {
        self.0.type_info(oid)
    }
    fn type_name(&self, oid: Oid, type_mod: i32) -> String {
        self.0.type_name(oid, type_mod)
    }
    fn row_desc(&self, type_oid: Oid, type_mod: i32) -> Result<Arc<TupleDesc>> {
        self.0.row_desc(type_oid, type_mod)
    }
    fn enum_labels(&self, type_oid: Oid) -> Result<Arc<[EnumLabel]>> {
        TypeLookup::enum_labels(self.0, type_oid)
    }
    fn enum_value(&self, value: Oid) -> Result<(Oid, EnumLabel)> {
        TypeLookup::enum_value(self.0, value)
    }
    fn check_domain(&self, _: Oid, _: &Datum) -> Result<()> {
        Ok(())
    }
    fn call(&self, _: Oid, _: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
        Ok(args[0].clone())
    }
    fn cast_function(&self, source: Oid, target: Oid) -> Result<Oid> {
        self.0.cast_function(source, target)
    }
}

/// Name, type, and whether it is the primary key.
type Column = (String, TypeName, bool);

fn add_relation(cx: &AnalyzeContext<'_>, name: &str, kind: u8, columns: &[Column]) -> Result<()> {
    let catalog = cx.catalog.catalog;
    let [relation, row_type, array_type] =
        [catalog.new_oid::<PgClass>()?, catalog.new_oid::<PgType>()?, catalog.new_oid::<PgType>()?];
    let template = catalog.type_by_oid(Oid(2249))?.unwrap();
    let base = PgType { typnamespace: PUBLIC, typisdefined: true, typlen: -1, typdelim: b',', ..template.row.clone() };
    catalog.insert(&PgType {
        oid: row_type,
        typname: name.to_owned(),
        typtype: b'c',
        typcategory: b'C',
        typrelid: relation,
        typarray: array_type,
        ..base.clone()
    })?;
    catalog.insert(&PgType {
        oid: array_type,
        typname: format!("_{name}"),
        typtype: b'b',
        typcategory: b'A',
        typelem: row_type,
        typarray: Oid(0),
        typsubscript: Oid(6179),
        ..base
    })?;
    catalog.insert(&PgClass {
        oid: relation,
        relname: name.to_owned(),
        relnamespace: PUBLIC,
        reltype: row_type,
        relkind: kind,
        relpersistence: b'p',
        relnatts: columns.len() as i16,
        ..PgClass::default()
    })?;
    for (at, column) in columns.iter().enumerate() {
        add_column(cx, relation, at as i16 + 1, column)?;
    }
    Ok(())
}

fn add_column(cx: &AnalyzeContext<'_>, relation: Oid, number: i16, (name, type_name, is_key): &Column) -> Result<()> {
    let catalog = cx.catalog.catalog;
    let resolved = cx.resolve_type_name(type_name)?;
    let row = catalog.type_by_oid(resolved.oid)?.unwrap();
    catalog.insert(&PgAttribute {
        attrelid: relation,
        attname: name.clone(),
        atttypid: resolved.oid,
        atttypmod: resolved.typmod,
        attlen: row.typlen,
        attbyval: row.typbyval,
        attnum: number,
        attcollation: row.typcollation,
        attstorage: row.typstorage,
        attnotnull: *is_key,
        ..PgAttribute::default()
    })?;
    if *is_key {
        let oid = catalog.new_oid::<PgConstraint>()?;
        catalog.insert(&PgConstraint {
            oid,
            conname: "key".to_owned(),
            contype: b'p',
            conrelid: relation,
            conkey: Some(vec![number]),
            ..PgConstraint::default()
        })?;
    }
    Ok(())
}

fn print_error(err: &Error) -> String {
    let fields = err.fields();
    let mut text = format!("ERROR {}: {}", fields.code, fields.message);
    if let Some(position) = fields.position {
        text += &format!(" @{position}");
    }
    for (label, part) in [("DETAIL", &fields.detail), ("HINT", &fields.hint)] {
        if let Some(part) = part {
            text += &format!("\n{label} {part}");
        }
    }
    text
}

fn print_columns(cx: &AnalyzeContext<'_>, analyzed: &Analyzed) -> String {
    let AnalyzedStatement::Query(query) = &analyzed.statement else { return "UTILITY".to_owned() };
    let mut parts = Vec::new();
    for target in query.output().iter().filter(|target| !target.junk) {
        let type_name = cx.format_type_with_typmod(target.expr.type_of(), target.expr.typmod_of());
        let mut part = format!("{} {type_name}", target.name.as_deref().unwrap_or_default());
        if target.orig_table.is_valid() {
            let entry = cx.catalog.relation(target.orig_table).unwrap().unwrap();
            part += &format!(" <{}.{}>", entry.name(), target.orig_column);
        }
        parts.push(part);
    }
    let mut text = format!("OK {}", parts.join("; ")).trim_end().to_owned();
    if !analyzed.param_types.is_empty() {
        let names: Vec<String> = analyzed.param_types.iter().map(|&oid| cx.format_type(oid)).collect();
        text += &format!("\nPARAMS {}", names.join(", "));
    }
    text
}
