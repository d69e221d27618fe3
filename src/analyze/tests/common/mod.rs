//! A database in memory with the tables of `golden/schema.sql`.

use analyze::query::{Query, TargetEntry};
use analyze::ruleutils::Layout;
use analyze::{
    AnalyzeContext, Analyzed, AnalyzedStatement, DefaultFor, Lookup, Parameters, TypeAndMod, analyze, rewrite,
};
use base::Oid;
use builtins::{EnumLabel, FnCtx, FormatSettings, Memo, TypeInfo, TypeLookup};
use catalog::rows::{PgAttrdef, PgAttribute, PgClass, PgConstraint, PgDepend, PgRewrite, PgType};
use parser::ParseOptions;
use parser::ast::{
    CheckOption, ColumnDefinition, ConstraintKind, DefArg, DefElem, GeneratedWhen, Statement, TableElement,
};
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
            may_use_schema: &|_| Ok(true),
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

    /// A statement after its rewriting, as SQL, with its checks for new rows.
    pub fn rewritten(&self, source: &str) -> String {
        let parsed = parser::parse(source, &ParseOptions::default()).unwrap();
        self.with(source, |cx| {
            let rewritten = analyze(cx, &parsed[0].stmt, Parameters::None).and_then(|analyzed| {
                let AnalyzedStatement::Query(query) = analyzed.statement else { panic!("{source} is no query") };
                let query = rewrite(cx, *query)?;
                let mut text = cx.query_sql(&query, None, Layout::ONE_LINE)?;
                for check in &query.with_check_options {
                    text += &format!("\nCHECK {} cascaded {}", check.relation_name, check.cascaded);
                }
                Ok(text)
            });
            rewritten.unwrap_or_else(|err| print_error(&err))
        })
    }

    fn create(&self, stmt: &Statement) {
        self.with("", |cx| match stmt {
            Statement::CreateTable(table) => {
                let column = |element: &TableElement| match element {
                    TableElement::Column(column) => Column {
                        constraints: column.constraints.iter().map(|c| c.kind.clone()).collect(),
                        ..Column::new(&column.name, cx.resolve_type_name(column.type_name.as_ref().unwrap()).unwrap())
                    },
                    other => panic!("the fixture cannot make {other:?}"),
                };
                let columns: Vec<Column> = table.elements.iter().map(column).collect();
                let class = PgClass { relname: table.relation.name.clone(), relkind: b'r', ..PgClass::default() };
                add_relation(cx, class, &columns).unwrap();
            }
            Statement::CreateCompositeType(composite) => {
                let column = |c: &ColumnDefinition| Column::new(&c.name, cx.resolve_type_name(&c.type_name).unwrap());
                let columns: Vec<Column> = composite.columns.iter().map(column).collect();
                let class = PgClass { relname: composite.name.name.clone(), relkind: b'c', ..PgClass::default() };
                add_relation(cx, class, &columns).unwrap();
            }
            Statement::CreateView(view) => {
                let query = cx.analyze_view(view).unwrap();
                let column = |t: &TargetEntry| {
                    let column_type = TypeAndMod { oid: t.expr.type_of(), typmod: t.expr.typmod_of() };
                    Column::new(t.name.as_deref().unwrap(), column_type)
                };
                let columns: Vec<Column> = query.targets.iter().filter(|t| !t.junk).map(column).collect();
                let mut options: Vec<String> = view.options.iter().map(option_text).collect();
                if view.check_option == CheckOption::Cascaded {
                    options.push("check_option=cascaded".to_owned());
                }
                let class = PgClass {
                    relname: view.view.name.clone(),
                    relkind: b'v',
                    relhasrules: true,
                    reloptions: Some(options),
                    ..PgClass::default()
                };
                let relation = add_relation(cx, class, &columns).unwrap();
                let catalog = cx.catalog.catalog;
                let rule = PgRewrite {
                    oid: catalog.new_oid::<PgRewrite>().unwrap(),
                    rulename: "_RETURN".to_owned(),
                    ev_class: relation,
                    ev_action: analyze::stored::to_text(&query),
                    ..PgRewrite::default()
                };
                catalog.insert(&rule).unwrap();
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

struct Column {
    name: String,
    column_type: TypeAndMod,
    constraints: Vec<ConstraintKind>,
}

impl Column {
    fn new(name: &str, column_type: TypeAndMod) -> Column {
        Column { name: name.to_owned(), column_type, constraints: Vec::new() }
    }
}

fn option_text(option: &DefElem) -> String {
    match &option.arg {
        Some(DefArg::Type(name)) => format!("{}={}", option.name, name.name.dotted()),
        None => format!("{}=true", option.name),
        Some(other) => format!("{}={other:?}", option.name),
    }
}

fn add_relation(cx: &AnalyzeContext<'_>, class: PgClass, columns: &[Column]) -> Result<Oid> {
    let catalog = cx.catalog.catalog;
    let [relation, row_type, array_type] =
        [catalog.new_oid::<PgClass>()?, catalog.new_oid::<PgType>()?, catalog.new_oid::<PgType>()?];
    let template = catalog.type_by_oid(Oid(2249))?.unwrap();
    let base = PgType { typnamespace: PUBLIC, typisdefined: true, typlen: -1, typdelim: b',', ..template.row.clone() };
    catalog.insert(&PgType {
        oid: row_type,
        typname: class.relname.clone(),
        typtype: b'c',
        typcategory: b'C',
        typrelid: relation,
        typarray: array_type,
        ..base.clone()
    })?;
    catalog.insert(&PgType {
        oid: array_type,
        typname: format!("_{}", class.relname),
        typtype: b'b',
        typcategory: b'A',
        typelem: row_type,
        typarray: Oid(0),
        typsubscript: Oid(6179),
        ..base
    })?;
    catalog.insert(&PgClass {
        oid: relation,
        relnamespace: PUBLIC,
        reltype: row_type,
        relowner: Oid(10),
        relpersistence: b'p',
        relnatts: columns.len() as i16,
        ..class
    })?;
    for (at, column) in columns.iter().enumerate() {
        add_column(cx, relation, at as i16 + 1, column)?;
    }
    for (at, column) in columns.iter().enumerate() {
        add_default(cx, relation, at as i16 + 1, column)?;
    }
    Ok(relation)
}

fn add_column(cx: &AnalyzeContext<'_>, relation: Oid, number: i16, column: &Column) -> Result<()> {
    let catalog = cx.catalog.catalog;
    let row = catalog.type_by_oid(column.column_type.oid)?.unwrap();
    let is = |test: fn(&ConstraintKind) -> bool| column.constraints.iter().any(test);
    let is_key = is(|c| matches!(c, ConstraintKind::Primary(_)));
    let is_generated = is(|c| matches!(c, ConstraintKind::Generated(_)));
    let identity = column.constraints.iter().find_map(|c| match c {
        ConstraintKind::Identity(GeneratedWhen::Always, _) => Some(b'a'),
        ConstraintKind::Identity(GeneratedWhen::ByDefault, _) => Some(b'd'),
        _ => None,
    });
    catalog.insert(&PgAttribute {
        attrelid: relation,
        attname: column.name.clone(),
        atttypid: column.column_type.oid,
        atttypmod: column.column_type.typmod,
        attlen: row.typlen,
        attbyval: row.typbyval,
        attnum: number,
        attcollation: row.typcollation,
        attstorage: row.typstorage,
        attnotnull: is_key || identity.is_some(),
        attidentity: identity.unwrap_or(0),
        attgenerated: if is_generated { b's' } else { 0 },
        atthasdef: is(|c| matches!(c, ConstraintKind::Generated(_) | ConstraintKind::Default(_))),
        ..PgAttribute::default()
    })?;
    if is_key {
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

/// The default of a column, or its identity's sequence.
fn add_default(cx: &AnalyzeContext<'_>, relation: Oid, number: i16, column: &Column) -> Result<()> {
    let catalog = cx.catalog.catalog;
    let target = DefaultFor { column: &column.name, column_type: column.column_type };
    for constraint in &column.constraints {
        let expr = match constraint {
            ConstraintKind::Default(expr) => cx.analyze_default(expr, target)?,
            ConstraintKind::Generated(expr) => {
                cx.analyze_generated(&catalog.relation(relation)?.unwrap(), expr, target)?
            }
            ConstraintKind::Identity(..) => {
                let sequence = PgClass { relname: format!("{}_seq", column.name), relkind: b'S', ..PgClass::default() };
                let sequence = add_relation(cx, sequence, &[])?;
                let class = Oid(1259);
                catalog.insert(&PgDepend {
                    classid: class,
                    objid: sequence,
                    refclassid: class,
                    refobjid: relation,
                    refobjsubid: number.into(),
                    deptype: b'i',
                    ..PgDepend::default()
                })?;
                continue;
            }
            _ => continue,
        };
        let oid = catalog.new_oid::<PgAttrdef>()?;
        let adbin = analyze::stored::to_text(&expr);
        catalog.insert(&PgAttrdef { oid, adrelid: relation, adnum: number, adbin })?;
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
