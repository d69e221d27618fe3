//! The `postmaster` program.
#![forbid(unsafe_code)]

/// Counts what each session holds.
#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn main() {
    let code = postmaster::start::run(std::env::args().skip(1).collect());
    std::process::exit(code);
}
