//! `--describe-config`: all settings, for programs, in PostgreSQL's columns with tabs between.

use config::{Kind, Setting, flag, format_g};

/// Prints the table: name, context, category, type, boot value, least, greatest, short and long description.
pub fn print_all() {
    for setting in Setting::ALL {
        let definition = setting.definition();
        if definition.has(flag::NO_SHOW_ALL | flag::NOT_IN_SAMPLE) {
            continue;
        }
        let (kind, boot, min, max) = match &definition.kind {
            Kind::Bool { boot } => {
                ("BOOLEAN", (if *boot { "TRUE" } else { "FALSE" }).to_owned(), String::new(), String::new())
            }
            Kind::Int { boot, min, max, .. } => ("INTEGER", boot.to_string(), min.to_string(), max.to_string()),
            Kind::Real { boot, min, max, .. } => ("REAL", format_g(*boot), format_g(*min), format_g(*max)),
            Kind::Text { boot } => ("STRING", (*boot).to_owned(), String::new(), String::new()),
            Kind::Choice { boot, .. } => ("ENUM", (*boot).to_owned(), String::new(), String::new()),
        };
        println!(
            "{}\t{}\t{}\t{kind}\t{boot}\t{min}\t{max}\t{}\t",
            definition.name,
            definition.context.name(),
            definition.category,
            definition.about
        );
    }
}
