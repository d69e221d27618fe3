//! The `postmaster` program.
#![forbid(unsafe_code)]

fn main() {
    let code = postmaster::start::run(std::env::args().skip(1).collect());
    std::process::exit(code);
}
