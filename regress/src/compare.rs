//! Comparing what came out with what was expected.

use crate::options::Options;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many tests went which way.
#[derive(Default)]
pub struct Tally {
    /// Tests whose output was as expected.
    pub passed: usize,
    /// The others.
    pub failed: usize,
}

/// The expected outputs of a test: `name.out`, or any of the alternatives `name_0.out` .. `name_9.out`.
fn candidates(suite: &Path, name: &str) -> Vec<PathBuf> {
    let folder = suite.join("expected");
    let numbered = (0..10).map(|n| folder.join(format!("{name}_{n}.out")));
    std::iter::once(folder.join(format!("{name}.out"))).chain(numbered).filter(|path| path.is_file()).collect()
}

/// Judges one test's output and prints its line. The result file stays in the output folder; of several expected files the
/// nearest counts. White space at line ends does not count, as in PostgreSQL's own runner.
pub fn judge(options: &Options, name: &str, result: &Path, tally: &mut Tally) -> Result<(), String> {
    if options.accept {
        let expected = options.suite.join("expected").join(format!("{name}.out"));
        fs::copy(result, &expected).map_err(|error| format!("{}: {error}", expected.display()))?;
    }
    let nearest = candidates(&options.suite, name)
        .into_iter()
        .map(|expected| difference(&expected, result))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .min_by_key(|difference| changed_lines(difference));
    let difference = nearest.unwrap_or_else(|| "+no expected output\n".to_owned());
    match changed_lines(&difference) {
        0 => {
            println!("ok      {name}");
            tally.passed += 1;
        }
        lines => {
            let file = options.output.join(format!("{name}.diff"));
            fs::write(&file, &difference).map_err(|error| format!("{}: {error}", file.display()))?;
            println!("FAILED  {name}: {lines} lines differ, see {}", file.display());
            tally.failed += 1;
        }
    }
    Ok(())
}

fn difference(expected: &Path, result: &Path) -> Result<String, String> {
    let output = Command::new("diff").args(["-w", "-U3"]).arg(expected).arg(result).output();
    let output = output.map_err(|error| format!("could not run diff: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn changed_lines(difference: &str) -> usize {
    let is_change = |line: &&str| {
        (line.starts_with('+') && !line.starts_with("+++ ")) || (line.starts_with('-') && !line.starts_with("--- "))
    };
    difference.lines().filter(is_change).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_changed_lines_count() {
        assert_eq!(super::changed_lines("--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n"), 2);
    }
}
