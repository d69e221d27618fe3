//! Writes `initdb/rows.bki`. Run it by `cargo xtask rows` when the test of this crate says that the file is out of date.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let path = initdb_rows::file();
    let written = initdb_rows::compute()
        .map_err(|error| format!("{error:?}"))
        .and_then(|text| std::fs::write(&path, text).map_err(|error| error.to_string()));
    match written {
        Ok(()) => {
            println!("wrote {}", path.display());
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
