//! Comparing what came out with what was expected.

use crate::options::Options;
use crate::skip::Skips;
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
    /// Tests that failed as the skip list says.
    pub skipped: usize,
    skips: Skips,
}

impl Tally {
    /// An empty tally.
    pub fn new(skips: Skips) -> Tally {
        Tally { skips, ..Tally::default() }
    }

    /// Counts one test and prints its line. A skip that passes is a failure: the list is to stay true.
    fn count(&mut self, name: &str, changed_lines: usize, file: &Path) {
        match (changed_lines, self.skips.reason(name)) {
            (0, None) => {
                println!("ok      {name}");
                self.passed += 1;
            }
            (0, Some(_)) => {
                println!("FAILED  {name}: it passes, take it from the skip list");
                self.failed += 1;
            }
            (lines, Some(reason)) => {
                println!("skipped {name}: {reason} ({lines} lines differ)");
                self.skipped += 1;
            }
            (lines, None) => {
                println!("FAILED  {name}: {lines} lines differ, see {}", file.display());
                self.failed += 1;
            }
        }
    }
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
    let file = options.output.join(format!("{name}.diff"));
    fs::write(&file, &difference).map_err(|error| format!("{}: {error}", file.display()))?;
    tally.count(name, changed_lines(&difference), &file);
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
