//! The project's own commands: `cargo up`, `cargo verify`, `cargo tidy`, `cargo versus`, `cargo torture`.
#![forbid(unsafe_code)]

fn main() {}
