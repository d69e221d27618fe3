//! Prints the tree of the statements given as arguments, or the error that they get.

fn main() {
    for text in std::env::args().skip(1) {
        match parser::parse(&text, &parser::ParseOptions::default()) {
            Ok(statements) => println!("{statements:#?}"),
            Err(error) => println!("{error:?} at {:?}", error.fields().position),
        }
    }
}
