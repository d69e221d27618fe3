//! No input uses up the stack: everything here runs on 2 MB, in whatever build the tests are.

use parser::ParseOptions;

const STACK_BYTES: usize = 2 << 20;

fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).expect("a thread starts");
    thread.join().expect("it does not panic");
}

/// Parses, then does to the tree what recurses most.
fn outcome(text: &str) -> Result<(), String> {
    let options = ParseOptions::default();
    match parser::parse(text, &options) {
        Err(error) => Err(error.code().to_string()),
        Ok(tree) => {
            assert_eq!(tree, tree.clone());
            drop(tree);
            Ok(())
        }
    }
}

fn repeated(open: &str, middle: &str, close: &str, n: usize) -> String {
    format!("SELECT {}{middle}{}", open.repeat(n), close.repeat(n))
}

#[test]
fn takes_long_flat_chains() {
    on_small_stack(|| {
        for (operator, n) in [(" + ", 2000), (" AND ", 20_000), (" OR ", 20_000), (" || ", 2000), (", ", 50_000)] {
            let text = format!("SELECT {}", vec!["a"; n].join(operator));
            assert_eq!(outcome(&text), Ok(()), "{operator}");
        }
        let text = vec!["SELECT 1"; 1000].join(" UNION ALL ");
        assert_eq!(outcome(&text), Ok(()));
        let values = vec!["(1, 'x')"; 50_000].join(", ");
        assert_eq!(outcome(&format!("INSERT INTO t VALUES {values}")), Ok(()));
        let many_in = vec!["a IN (1, 2)"; 10_000].join(" OR ");
        assert_eq!(outcome(&format!("SELECT {many_in}")), Ok(()));
    });
}

#[test]
fn takes_thousands_of_parentheses_and_nots() {
    on_small_stack(|| {
        assert_eq!(outcome(&repeated("(", "1", ")", 100_000)), Ok(()));
        assert_eq!(outcome(&repeated("NOT ", "a", "", 1000)), Ok(()));
        assert_eq!(outcome(&repeated("(", "1", ") + 1", 1000)), Ok(()));
    });
}

#[test]
fn refuses_what_is_too_deep() {
    on_small_stack(|| {
        let too_deep = Err("54001".to_owned());
        for n in [10_000, 300_000] {
            assert_eq!(outcome(&repeated("NOT ", "a", "", n)), too_deep);
            assert_eq!(outcome(&format!("SELECT {}", vec!["a"; n].join(" + "))), too_deep);
            assert_eq!(outcome(&repeated("f(", "1", ")", n)), too_deep);
            assert_eq!(outcome(&repeated("(SELECT ", "1", ")", n)), too_deep);
            assert_eq!(outcome(&repeated("CASE WHEN a THEN ", "1", " END", n)), too_deep);
            assert_eq!(outcome(&repeated("ARRAY[", "1", "]", n)), too_deep);
            assert_eq!(outcome(&format!("SELECT ARRAY{}1{}", "[".repeat(n), "]".repeat(n))), too_deep);
            assert_eq!(outcome(&repeated("a[", "1", "]", n)), too_deep);
            assert_eq!(outcome(&format!("SELECT 1 FROM {}a", "(".repeat(n))), too_deep);
            assert_eq!(outcome(&format!("SELECT 1 FROM a {}", "JOIN b ".repeat(n))), too_deep);
            assert_eq!(outcome(&format!("SELECT 1 FROM a {}", "CROSS JOIN b ".repeat(n))), too_deep);
            assert_eq!(outcome(&format!("{}SELECT 1", "EXPLAIN ".repeat(n))), Err("42601".to_owned()));
            assert_eq!(outcome(&format!("{}SELECT 1", "WITH a AS (".repeat(n))), too_deep);
            assert_eq!(outcome(&vec!["SELECT 1"; n].join(" UNION ")), too_deep);
            assert_eq!(outcome(&format!("SELECT 1::{}a", "numeric(1::".repeat(n))), too_deep);
            assert_eq!(outcome(&format!("SELECT 1 GROUP BY {}", "GROUPING SETS (".repeat(n))), too_deep);
        }
    });
}

#[test]
fn nests_reasonably_deep() {
    on_small_stack(|| {
        for (open, close) in
            [("f(", ")"), ("(SELECT ", ")"), ("CASE WHEN a THEN ", " END"), ("coalesce(1, ", ")"), ("a[", "]")]
        {
            assert_eq!(outcome(&repeated(open, "1", close, 95)), Ok(()), "{open}");
        }
    });
}
