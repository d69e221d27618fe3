//! A message as text, as CSV and as JSON.

use crate::filter::Verbosity;
use crate::prefix::{PrefixInput, append_prefix};
use crate::time::stamp;
use crate::who::Who;
use jiff::tz::TimeZone;
use report::Fields;

/// All that a form is made of.
pub(crate) struct Entry<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) who: &'a Who,
    pub(crate) statement: Option<&'a str>,
    pub(crate) verbosity: Verbosity,
    pub(crate) now_us: i64,
    pub(crate) zone: TimeZone,
}

impl Entry<'_> {
    fn detail(&self) -> Option<&str> {
        self.fields.detail_log.as_deref().or(self.fields.detail.as_deref())
    }

    fn context(&self) -> Option<String> {
        (!self.fields.context.is_empty()).then(|| self.fields.context.join("\n"))
    }

    fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }
}

/// The text form: a line for each part, each with the prefix.
pub(crate) fn text(entry: &Entry<'_>, pattern: &str) -> String {
    let fields = entry.fields;
    let mut out = String::with_capacity(160);
    let mut message = String::new();
    if entry.is_verbose() {
        message = format!("{}: ", fields.code);
    }
    message.push_str(&fields.message);
    if let Some(position) = fields.position.or(fields.internal_position) {
        message.push_str(&format!(" at character {position}"));
    }
    let mut line = |label: &str, text: Option<&str>| {
        let Some(text) = text else { return };
        prefixed(&mut out, entry, pattern, label, text);
    };
    line(fields.severity.as_str(), Some(&message));
    if entry.verbosity >= Verbosity::Default {
        line("DETAIL", entry.detail());
        line("HINT", fields.hint.as_deref());
        line("QUERY", fields.internal_query.as_deref());
        line("CONTEXT", entry.context().as_deref());
        if entry.is_verbose() {
            line("LOCATION", Some(&entry.fields.location.to_string()));
        }
    }
    line("STATEMENT", entry.statement);
    out
}

fn prefixed(out: &mut String, entry: &Entry<'_>, pattern: &str, label: &str, text: &str) {
    let input = PrefixInput {
        who: entry.who,
        line: entry.who.next_line(),
        now_us: entry.now_us,
        zone: &entry.zone,
        code: entry.fields.code.as_str(),
    };
    append_prefix(out, pattern, &input);
    out.push_str(label);
    out.push_str(":  ");
    // A tab marks the lines that belong to the one before.
    out.push_str(&text.replace('\n', "\n\t"));
    out.push('\n');
}

/// The CSV form: the 26 columns of PostgreSQL 15.
pub(crate) fn csv(entry: &Entry<'_>) -> String {
    let (fields, who) = (entry.fields, entry.who);
    let client = who.client.as_ref();
    let quoted = |text: Option<&str>| text.map(|t| format!("\"{}\"", t.replace('"', "\"\""))).unwrap_or_default();
    let remote = client.filter(|c| !c.host.is_empty()).map(|c| match c.port.as_str() {
        "" => format!("\"{}\"", c.host),
        port => format!("\"{}:{port}\"", c.host),
    });
    let internal_position = fields.internal_position.filter(|_| fields.internal_query.is_some());
    let position = fields.position.filter(|_| entry.statement.is_some());
    let number = |n: Option<u32>| n.map(|n| n.to_string()).unwrap_or_default();
    let columns = [
        stamp(entry.now_us, &entry.zone, true),
        quoted(client.map(|c| c.user.as_str()).filter(|name| !name.is_empty())),
        quoted(client.map(|c| c.database.as_str()).filter(|name| !name.is_empty())),
        who.pid.to_string(),
        remote.unwrap_or_default(),
        who.session_id(),
        who.next_line().to_string(),
        quoted(client.map(|c| c.activity.as_str())),
        stamp(who.start_us, &entry.zone, false),
        who.vxid_text(),
        who.xid.to_string(),
        fields.severity.as_str().to_owned(),
        fields.code.to_string(),
        quoted(Some(&fields.message)),
        quoted(entry.detail()),
        quoted(fields.hint.as_deref()),
        quoted(fields.internal_query.as_deref()),
        number(internal_position),
        quoted(entry.context().as_deref()),
        quoted(entry.statement),
        number(position),
        quoted(entry.is_verbose().then(|| entry.fields.location.to_string()).as_deref()),
        quoted(Some(client.map_or("", |c| c.application_name.as_str()))),
        quoted(Some(&who.backend_type)),
        String::new(),
        who.query_id.to_string(),
    ];
    columns.join(",") + "\n"
}

/// The JSON form: PostgreSQL 15's keys, in its order.
pub(crate) fn json(entry: &Entry<'_>) -> String {
    let (fields, who) = (entry.fields, entry.who);
    let mut object = Object::new();
    object.text("timestamp", &stamp(entry.now_us, &entry.zone, true));
    if let Some(client) = &who.client {
        object.some_text("user", Some(client.user.as_str()).filter(|name| !name.is_empty()));
        object.some_text("dbname", Some(client.database.as_str()).filter(|name| !name.is_empty()));
    }
    object.number("pid", i64::from(who.pid));
    if let Some(client) = who.client.as_ref().filter(|c| !c.host.is_empty()) {
        object.text("remote_host", &client.host);
        object.some_number("remote_port", client.port.parse().ok());
    }
    object.text("session_id", &who.session_id());
    object.number("line_num", i64::try_from(who.next_line()).unwrap_or(i64::MAX));
    if let Some(client) = &who.client {
        object.text("ps", &client.activity);
    }
    object.text("session_start", &stamp(who.start_us, &entry.zone, false));
    object.some_text("vxid", who.vxid.map(|_| who.vxid_text()).as_deref());
    object.number("txid", i64::try_from(who.xid).unwrap_or(i64::MAX));
    object.text("error_severity", fields.severity.as_str());
    object.some_text("state_code", Some(fields.code.as_str()).filter(|code| *code != "00000"));
    object.text("message", &fields.message);
    object.some_text("detail", entry.detail());
    object.some_text("hint", fields.hint.as_deref());
    object.some_text("internal_query", fields.internal_query.as_deref());
    object.some_number(
        "internal_position",
        fields.internal_position.filter(|_| fields.internal_query.is_some()).map(i64::from),
    );
    object.some_text("context", entry.context().as_deref());
    object.some_text("statement", entry.statement);
    object.some_number("cursor_position", fields.position.filter(|_| entry.statement.is_some()).map(i64::from));
    if entry.is_verbose() {
        object.some_text("func_name", fields.location.routine);
        object.text("file_name", fields.location.file);
        object.number("file_line_num", i64::from(fields.location.line));
    }
    let application = who.client.as_ref().map(|c| c.application_name.as_str());
    object.some_text("application_name", application.filter(|name| !name.is_empty()));
    object.text("backend_type", &who.backend_type);
    object.number("query_id", who.query_id);
    object.finish()
}

/// A JSON object whose keys keep their order.
struct Object(String);

impl Object {
    fn new() -> Object {
        Object(String::from("{"))
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&format!("\"{key}\":"));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        self.0.push_str(&serde_json::Value::from(value).to_string());
    }

    fn some_text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn number(&mut self, key: &str, value: i64) {
        self.key(key);
        self.0.push_str(&value.to_string());
    }

    fn some_number(&mut self, key: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.number(key, value);
        }
    }

    fn finish(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::who::ClientName;
    use report::{Error, error};

    fn with_entry(verbosity: Verbosity, form: impl Fn(&Entry<'_>) -> String) -> String {
        let mut error: Error = error!(UNDEFINED_TABLE, "relation \"t\"\ndoes not exist").at(15).hint("Make it.");
        error.fields_mut().location = report::Location { file: "a.rs", line: 7, routine: Some("f") };
        let client = ClientName {
            user: "bob".into(),
            database: "d".into(),
            host: "[local]".into(),
            activity: "SELECT".into(),
            ..ClientName::default()
        };
        let who = Who { client: Some(client), ..Who::new(77, "client backend", 1_767_225_600_000_000) };
        form(&Entry {
            fields: error.fields(),
            who: &who,
            statement: Some("select * from t"),
            verbosity,
            now_us: 1_767_225_600_000_000,
            zone: TimeZone::UTC,
        })
    }

    #[test]
    fn text_has_a_prefixed_line_for_each_part() {
        assert_eq!(
            with_entry(Verbosity::Default, |e| text(e, "%l ")),
            "1 ERROR:  relation \"t\"\n\tdoes not exist at character 15\n2 HINT:  Make it.\n3 STATEMENT:  select * from t\n"
        );
        assert_eq!(
            with_entry(Verbosity::Verbose, |e| text(e, "")),
            "ERROR:  42P01: relation \"t\"\n\tdoes not exist at character 15\nHINT:  Make it.\nLOCATION:  f, a.rs:7\n\
             STATEMENT:  select * from t\n"
        );
    }

    #[test]
    fn csv_has_postgres_columns() {
        assert_eq!(
            with_entry(Verbosity::Default, csv),
            "2026-01-01 00:00:00.000 UTC,\"bob\",\"d\",77,\"[local]\",6955b900.4d,1,\"SELECT\",2026-01-01 00:00:00 UTC,,0,\
             ERROR,42P01,\"relation \"\"t\"\"\ndoes not exist\",,\"Make it.\",,,,\"select * from t\",15,,\"\",\
             \"client backend\",,0\n"
        );
    }

    #[test]
    fn json_is_one_line() {
        let line = with_entry(Verbosity::Default, json);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["message"], "relation \"t\"\ndoes not exist");
        assert_eq!((&value["cursor_position"], &value["pid"]), (&15.into(), &77.into()));
        assert_eq!(line.matches('\n').count(), 1);
    }
}
