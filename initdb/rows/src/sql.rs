//! The SQL that makes what the bootstrap script's catalogs do not have.

use crate::features;

/// Statements end at a semicolon followed by an empty line, as `--single -j` has it.
const SYSTEM_VIEWS: &str = include_str!("../sql/system_views.sql");
const PRIVILEGES: &str = include_str!("../sql/privileges.sql");
const INFORMATION_TABLES: &str = include_str!("../sql/information_schema_tables.sql");
const INFORMATION_SCHEMA: &str = include_str!("../sql/information_schema.sql");
/// The version in the form that the SQL standard wants: two, two and four digits.
const VERSION: &str = "UPDATE information_schema.sql_implementation_info SET character_value = '15.18.0000'
    WHERE implementation_info_name = 'DBMS VERSION'";
/// Statistics of the catalogs for the planner. Sizes are not kept: who loads the rows knows them.
pub const STATISTICS: &str = "ANALYZE";

/// All other statements, in order.
pub fn statements() -> Vec<String> {
    let scripts = [SYSTEM_VIEWS, INFORMATION_SCHEMA, INFORMATION_TABLES];
    let pieces = |script: &str| -> Vec<String> {
        script.split(";\n\n").map(|text| text.trim_end().trim_end_matches(';').to_owned()).collect()
    };
    let mut all: Vec<String> = scripts.into_iter().flat_map(pieces).collect();
    all.extend([features::insert(), VERSION.to_owned()]);
    all.extend(pieces(PRIVILEGES));
    all.retain(|text| !text.trim().is_empty());
    all
}
