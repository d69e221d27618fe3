//! The four formats of EXPLAIN: named values in nested groups, written as text, XML, JSON or YAML.
//!
//! Text has lines of its own for the heads of nodes; everything else goes through properties and groups, which look as
//! PostgreSQL's do in each format.

/// A format of EXPLAIN's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ExplainFormat {
    /// Lines for people.
    #[default]
    Text,
    /// An XML document.
    Xml,
    /// A JSON array.
    Json,
    /// A YAML document.
    Yaml,
}

/// Writes one answer.
pub struct Writer {
    format: ExplainFormat,
    out: String,
    /// Steps of two blanks.
    pub indent: usize,
    /// JSON and YAML: for each open group, whether something stands in it already.
    filled: Vec<bool>,
}

impl Writer {
    /// Begins an answer.
    pub fn new(format: ExplainFormat) -> Writer {
        let mut writer = Writer { format, out: String::new(), indent: 0, filled: Vec::new() };
        match format {
            ExplainFormat::Text => {}
            ExplainFormat::Xml => {
                writer.out.push_str("<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n");
                writer.indent += 1;
            }
            ExplainFormat::Json => {
                writer.out.push('[');
                writer.filled.push(false);
                writer.indent += 1;
            }
            ExplainFormat::Yaml => writer.filled.push(false),
        }
        writer
    }

    /// The rows of the answer: lines of text, or the whole document.
    pub fn finish(mut self) -> Vec<String> {
        match self.format {
            ExplainFormat::Text => return self.out.lines().map(str::to_owned).collect(),
            ExplainFormat::Xml => self.out.push_str("</explain>"),
            ExplainFormat::Json => self.out.push_str("\n]"),
            ExplainFormat::Yaml => {}
        }
        vec![self.out]
    }

    /// True for text.
    pub fn is_text(&self) -> bool {
        self.format == ExplainFormat::Text
    }

    /// A line of text of its own.
    pub fn line(&mut self, text: &str) {
        self.blanks();
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn blanks(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
    }

    /// What comes before the next entry of a group in JSON and YAML.
    fn begin_entry(&mut self) {
        let filled = self.filled.last_mut().map(|filled| std::mem::replace(filled, true)).unwrap_or(true);
        match (self.format, filled) {
            (ExplainFormat::Json, true) => self.out.push_str(",\n"),
            (ExplainFormat::Json, false) => self.out.push('\n'),
            // The first entry of a group without a name stands behind its dash.
            (ExplainFormat::Yaml, false) => return,
            (ExplainFormat::Yaml, true) => self.out.push('\n'),
            _ => {}
        }
        self.blanks();
    }

    /// Opens a group. `kind` is its XML name; `label` its name in JSON and YAML, if it has one there. A labeled group holds
    /// named values, the other entries without names.
    pub fn open(&mut self, kind: &str, label: Option<&str>, labeled: bool) {
        match self.format {
            ExplainFormat::Text => return,
            ExplainFormat::Xml => {
                let tag = tag(kind);
                self.line(&format!("<{tag}>"));
            }
            ExplainFormat::Json => {
                self.begin_entry();
                if let Some(label) = label {
                    self.out.push_str(&format!("{}: ", quoted(label)));
                }
                self.out.push(if labeled { '{' } else { '[' });
                self.filled.push(false);
            }
            ExplainFormat::Yaml => {
                self.begin_entry();
                match label {
                    Some(label) => self.out.push_str(&format!("{label}: ")),
                    None => self.out.push_str("- "),
                }
                self.filled.push(label.is_some());
            }
        }
        self.indent += 1;
    }

    /// Closes the group that was opened last.
    pub fn close(&mut self, kind: &str, labeled: bool) {
        if self.is_text() {
            return;
        }
        self.indent -= 1;
        match self.format {
            ExplainFormat::Xml => {
                let tag = tag(kind);
                self.line(&format!("</{tag}>"));
            }
            ExplainFormat::Json => {
                self.out.push('\n');
                self.blanks();
                self.out.push(if labeled { '}' } else { ']' });
                self.filled.pop();
            }
            _ => drop(self.filled.pop()),
        }
    }

    fn value(&mut self, label: &str, text: &str, is_number: bool) {
        match self.format {
            ExplainFormat::Text => self.line(&format!("{label}: {text}")),
            ExplainFormat::Xml => {
                let tag = tag(label);
                self.line(&format!("<{tag}>{}</{tag}>", escaped(text)));
            }
            ExplainFormat::Json | ExplainFormat::Yaml => {
                self.begin_entry();
                let label = if self.format == ExplainFormat::Json { quoted(label) } else { label.to_owned() };
                let text = if is_number { text.to_owned() } else { quoted(text) };
                self.out.push_str(&format!("{label}: {text}"));
            }
        }
    }

    /// A named text.
    pub fn text(&mut self, label: &str, text: &str) {
        self.value(label, text, false);
    }

    /// A named whole number; its unit is written in text only.
    pub fn integer(&mut self, label: &str, unit: &str, value: i64) {
        let text = if self.is_text() && !unit.is_empty() { format!("{value} {unit}") } else { value.to_string() };
        self.value(label, &text, true);
    }

    /// A named number with so many decimals; its unit is written in text only.
    pub fn float(&mut self, label: &str, unit: &str, value: f64, decimals: usize) {
        let number = format!("{value:.decimals$}");
        let text = if self.is_text() && !unit.is_empty() { format!("{number} {unit}") } else { number };
        self.value(label, &text, true);
    }

    /// A named truth value.
    pub fn bool(&mut self, label: &str, value: bool) {
        self.value(label, if value { "true" } else { "false" }, true);
    }

    /// A named list.
    pub fn list(&mut self, label: &str, items: &[String]) {
        match self.format {
            ExplainFormat::Text => self.line(&format!("{label}: {}", items.join(", "))),
            ExplainFormat::Xml => {
                let tag = tag(label);
                self.line(&format!("<{tag}>"));
                self.indent += 1;
                items.iter().for_each(|item| self.line(&format!("<Item>{}</Item>", escaped(item))));
                self.indent -= 1;
                self.line(&format!("</{tag}>"));
            }
            ExplainFormat::Json => {
                self.begin_entry();
                let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
                self.out.push_str(&format!("{}: [{}]", quoted(label), items.join(", ")));
            }
            ExplainFormat::Yaml => {
                self.begin_entry();
                self.out.push_str(&format!("{label}: "));
                self.indent += 1;
                for item in items {
                    self.out.push('\n');
                    self.blanks();
                    self.out.push_str(&format!("- {}", quoted(item)));
                }
                self.indent -= 1;
            }
        }
    }

    /// An entry without a name.
    pub fn entry(&mut self, text: &str) {
        match self.format {
            ExplainFormat::Text | ExplainFormat::Xml => self.line(text),
            ExplainFormat::Json => {
                self.begin_entry();
                self.out.push_str(&quoted(text));
            }
            ExplainFormat::Yaml => {
                self.begin_entry();
                self.out.push_str(&format!("- {text}"));
            }
        }
    }

    /// A list that is itself an entry of a list.
    pub fn nested_list(&mut self, label: &str, items: &[String]) {
        if matches!(self.format, ExplainFormat::Text | ExplainFormat::Xml) {
            return self.list(label, items);
        }
        self.begin_entry();
        let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
        let dash = if self.format == ExplainFormat::Yaml { "- " } else { "" };
        self.out.push_str(&format!("{dash}[{}]", items.join(", ")));
    }
}

/// A name as an XML element's: what may not stand there is a dash.
fn tag(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if allowed(c) { c } else { '-' }).collect()
}

/// Text in XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#x0d;"),
            other => out.push(other),
        }
    }
    out
}

/// A JSON string, quotes and all. YAML takes the same.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(format: ExplainFormat) -> String {
        let mut writer = Writer::new(format);
        writer.open("Query", None, true);
        writer.open("Plan", Some("Plan"), true);
        writer.text("Node Type", "Sort");
        writer.list("Sort Key", &["a".to_owned(), "b < \"c\"".to_owned()]);
        writer.open("Plans", Some("Plans"), false);
        writer.open("Plan", None, true);
        writer.float("Plan Rows", "", 2.0, 0);
        writer.close("Plan", true);
        writer.close("Plans", false);
        writer.close("Plan", true);
        writer.float("Planning Time", "ms", 0.5, 3);
        writer.close("Query", true);
        writer.finish().join("\n")
    }

    #[test]
    fn text_has_properties_only() {
        let expected = "Node Type: Sort\nSort Key: a, b < \"c\"\nPlan Rows: 2\nPlanning Time: 0.500 ms";
        assert_eq!(sample(ExplainFormat::Text), expected);
    }

    #[test]
    fn json_nests() {
        let expected = r#"[
  {
    "Plan": {
      "Node Type": "Sort",
      "Sort Key": ["a", "b < \"c\""],
      "Plans": [
        {
          "Plan Rows": 2
        }
      ]
    },
    "Planning Time": 0.500
  }
]"#;
        assert_eq!(sample(ExplainFormat::Json), expected);
    }

    #[test]
    fn yaml_nests() {
        let expected = r#"- Plan: 
    Node Type: "Sort"
    Sort Key: 
      - "a"
      - "b < \"c\""
    Plans: 
      - Plan Rows: 2
  Planning Time: 0.500"#;
        assert_eq!(sample(ExplainFormat::Yaml), expected);
    }

    #[test]
    fn xml_escapes() {
        let out = sample(ExplainFormat::Xml);
        assert!(out.contains("<Sort-Key>\n        <Item>a</Item>\n        <Item>b &lt; \"c\"</Item>"), "{out}");
        assert!(out.ends_with("  </Query>\n</explain>"), "{out}");
    }
}
