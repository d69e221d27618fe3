//! The rows of information_schema.sql_features: what `sql/sql_features.txt` says, as an INSERT. The file's head tells its form.

const FEATURES: &str = include_str!("../sql/sql_features.txt");

/// A row, without the column that is always null.
struct Row<'a> {
    feature: &'a str,
    name: &'a str,
    part: &'a str,
    part_name: &'a str,
    is_supported: bool,
    comment: &'a str,
}

/// The statement that fills the table. The rows come as one string: thousands of constants would take longer to analyze than all
/// views.
pub fn insert() -> String {
    let lines: Vec<String> = rows(FEATURES).iter().map(Row::line).collect();
    let column = |number| format!("split_part(line, '|', {number})");
    let columns = [column(1), column(2), column(3), column(4), column(5), "NULL".to_owned(), column(6)].join(", ");
    format!(
        "INSERT INTO information_schema.sql_features SELECT {columns}\n  FROM string_to_table('{}', E'\\n') AS line",
        lines.join("\n").replace('\'', "''")
    )
}

impl Row<'_> {
    fn line(&self) -> String {
        let supported = if self.is_supported { "YES" } else { "NO" };
        [self.feature, self.name, self.part, self.part_name, supported, self.comment].join("|")
    }
}

/// The rows of a file of this form.
fn rows(text: &str) -> Vec<Row<'_>> {
    let (mut feature, mut name) = ("", "");
    let mut rows = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (id, rest) = line.trim_start().split_once(' ').expect("a line has an id and more");
        let (mark, rest) = rest.split_once(' ').expect("a line has a mark and a name");
        if mark == "=" {
            name = rest;
            continue;
        }
        let (words, comment) = rest.split_once(" # ").unwrap_or((rest, ""));
        let is_supported = mark == "+";
        if line.starts_with(' ') {
            rows.push(Row { feature, name, part: id, part_name: words, is_supported, comment });
        } else {
            (feature, name) = (id, words);
            rows.push(Row { feature, name, part: "", part_name: "", is_supported, comment });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_rows() {
        let text = "# head\nA1 + One's feature # a comment\n 01 ! Part\nA2 - Two\nA2 = Too\n 02 + Other part\n";
        let lines: Vec<String> = rows(text).iter().map(Row::line).collect();
        let expected = [
            "A1|One's feature|||YES|a comment",
            "A1|One's feature|01|Part|NO|",
            "A2|Two|||NO|",
            "A2|Too|02|Other part|YES|",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn every_line_has_a_known_mark_and_parts_decide_about_their_feature() {
        let mut feature = '+';
        for line in FEATURES.lines().filter(|line| !line.starts_with('#')) {
            let mark = line.split_whitespace().nth(1).and_then(|word| word.chars().next()).unwrap();
            assert!("+-!=".contains(mark) && !line.contains('|'), "{line}");
            match line.starts_with(' ') {
                true => assert!(mark != '!' || feature != '+', "a feature that lacks a part is not supported: {line}"),
                false if mark != '=' => feature = mark,
                false => {}
            }
        }
    }
}
