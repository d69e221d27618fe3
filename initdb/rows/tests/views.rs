//! The SQL that initdb runs is analyzed against the catalogs that bootstrap makes: a function or column that a view needs and
//! that is not there is found here, not by the first initdb.

use analyze::query::Query;
use analyze::{AnalyzeContext, AnalyzedStatement, Lookup, Parameters, analyze};
use base::Oid;
use builtins::{FnCtx, FormatSettings, Memo};
use catalog::oids::namespaces;
use catalog::rows::{PgAttribute, PgClass};
use parser::ParseOptions;
use parser::ast::Statement;
use report::Result;
use schema::{Caches, Catalog, MemoryTables, Overlay, Tables};
use std::cell::RefCell;

const SYSTEM_VIEWS: &str = include_str!("../sql/system_views.sql");
const INFORMATION_SCHEMA: &str = include_str!("../sql/information_schema.sql");
const INFORMATION_TABLES: &str = include_str!("../sql/information_schema_tables.sql");
const PRIVILEGES: &str = include_str!("../sql/privileges.sql");
const INFORMATION_SCHEMA_OID: Oid = namespaces::INFORMATION_SCHEMA;

/// Statements as `--single -j` cuts them.
fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n\n").filter(|text| !text.trim().is_empty())
}

#[test]
fn every_piece_is_one_statement() {
    for script in [SYSTEM_VIEWS, INFORMATION_SCHEMA, INFORMATION_TABLES, PRIVILEGES] {
        for text in statements(script) {
            let parsed = parser::parse(text, &ParseOptions::default());
            assert_eq!(parsed.unwrap_or_else(|e| panic!("{e}\n{text}")).len(), 1, "{text}");
        }
    }
}

#[test]
fn every_view_is_analyzed() {
    let cluster =
        Cluster { memory: MemoryTables::bootstrapped(), caches: Caches::without_storage(), overlay: Overlay::new() };
    let mut failures = Vec::new();
    let mut count = 0;
    let scripts = [
        (SYSTEM_VIEWS, vec![namespaces::PG_CATALOG]),
        (INFORMATION_SCHEMA, vec![INFORMATION_SCHEMA_OID, namespaces::PG_CATALOG]),
    ];
    for (script, path) in scripts {
        for text in statements(script) {
            let parsed = parser::parse(text, &ParseOptions::default()).unwrap();
            let Statement::CreateView(view) = &parsed[0].stmt else { continue };
            count += 1;
            let select = Statement::Select(view.query.clone());
            match cluster.query_of(text, &path, &select) {
                Ok(query) => add_view(&cluster.catalog(), path[0], &view.view.name, &query),
                Err(e) => failures.push(format!("{}: {e:?}", view.view.name)),
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} views fail:\n{}", failures.len(), failures.join("\n"));
}

struct Cluster {
    memory: MemoryTables,
    caches: Caches,
    overlay: Overlay,
}

impl Cluster {
    fn catalog(&self) -> Catalog<'_> {
        Catalog::new(&self.caches, &self.overlay, Tables::Memory(&self.memory), Oid(1))
    }

    fn query_of(&self, text: &str, path: &[Oid], select: &Statement) -> Result<Query> {
        let (settings, mut memo) = (FormatSettings::default(), Memo::new(1, Box::new(|| 0)));
        let catalog = self.catalog();
        let functions = RefCell::new(FnCtx::new(&settings, &catalog, &mut memo));
        let cx = AnalyzeContext {
            user: base::Oid(10),
            catalog: Lookup { catalog: &catalog, functions },
            source: text,
            search_path: path,
            temp_namespace: Oid::INVALID,
            database: "template1",
            transform_null_equals: false,
            may_use_schema: &|_| Ok(true),
        };
        match analyze(&cx, select, Parameters::None)?.statement {
            AnalyzedStatement::Query(query) => Ok(*query),
            AnalyzedStatement::Utility(_) => panic!("a SELECT is a query"),
        }
    }
}

/// Later views see this one.
fn add_view(catalog: &Catalog<'_>, namespace: Oid, name: &str, query: &Query) {
    let oid = catalog.new_oid::<PgClass>().unwrap();
    let class = PgClass {
        oid,
        relname: name.to_owned(),
        relnamespace: namespace,
        relkind: b'v',
        relpersistence: b'p',
        ..PgClass::default()
    };
    catalog.insert(&class).unwrap();
    for (at, target) in query.targets.iter().filter(|t| !t.junk).enumerate() {
        let type_oid = target.expr.type_of();
        let of = catalog.type_by_oid(type_oid).unwrap().unwrap_or_else(|| panic!("type {type_oid} of {name}"));
        let attribute = PgAttribute {
            attrelid: oid,
            attname: target.name.clone().expect("a column of a view has a name"),
            atttypid: type_oid,
            attnum: at as i16 + 1,
            attlen: of.typlen,
            attbyval: of.typbyval,
            attcollation: of.typcollation,
            ..PgAttribute::default()
        };
        catalog.insert(&attribute).unwrap();
    }
}
