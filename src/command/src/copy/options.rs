//! COPY's options, checked as a whole.
//!
//! Source: PostgreSQL 15 copy.c (ProcessCopyOptions).

use parser::ast::{DefArg, DefElem};
use report::{Result, bail};

/// How the data is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Layout {
    Text,
    Csv,
    Binary,
}

/// What the first line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Header {
    None,
    Names,
    /// The column names, which must be those of the table.
    Match,
}

/// Columns that an option is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Columns {
    None,
    All,
    These(Vec<String>),
}

/// The options.
#[derive(Clone, Debug)]
pub(crate) struct CopyOptions {
    pub(crate) layout: Layout,
    pub(crate) delimiter: u8,
    pub(crate) null: String,
    pub(crate) header: Header,
    pub(crate) quote: u8,
    pub(crate) escape: u8,
    pub(crate) freeze: bool,
    pub(crate) force_quote: Columns,
    pub(crate) force_not_null: Columns,
    pub(crate) force_null: Columns,
}

#[derive(Default)]
struct Given {
    format: Option<Layout>,
    freeze: Option<bool>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<Header>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<Columns>,
    force_not_null: Option<Columns>,
    force_null: Option<Columns>,
    encoding: Option<String>,
}

/// Reads the options. Errors: 42601, 22023, 0A000.
pub(crate) fn read(options: &[DefElem], is_from: bool) -> Result<CopyOptions> {
    let mut given = Given::default();
    for option in options {
        let name = option.name.as_str();
        match name {
            "format" => put(&mut given.format, layout(option)?)?,
            "freeze" => put(&mut given.freeze, boolean(option)?)?,
            "delimiter" => put(&mut given.delimiter, text(option)?)?,
            "null" => put(&mut given.null, text(option)?)?,
            "header" => put(&mut given.header, header(option)?)?,
            "quote" => put(&mut given.quote, text(option)?)?,
            "escape" => put(&mut given.escape, text(option)?)?,
            "force_quote" => put(&mut given.force_quote, columns(option, true)?)?,
            "force_not_null" => put(&mut given.force_not_null, columns(option, false)?)?,
            "force_null" => put(&mut given.force_null, columns(option, false)?)?,
            "encoding" => put(&mut given.encoding, text(option)?)?,
            _ => bail!(SYNTAX_ERROR, "option \"{name}\" not recognized"),
        }
    }
    check(given, is_from)
}

fn put<T>(place: &mut Option<T>, value: T) -> Result<()> {
    if place.replace(value).is_some() {
        bail!(SYNTAX_ERROR, "conflicting or redundant options");
    }
    Ok(())
}

fn text(option: &DefElem) -> Result<String> {
    match &option.arg {
        None => bail!(SYNTAX_ERROR, "{} requires a parameter", option.name),
        Some(_) => Ok(crate::options::text_of(option)),
    }
}

/// A truth value of an option. Errors: 42601.
pub(crate) fn boolean(option: &DefElem) -> Result<bool> {
    match &option.arg {
        None => Ok(true),
        Some(DefArg::Boolean(flag)) => Ok(*flag),
        Some(DefArg::Integer(number @ (0 | 1))) => Ok(*number == 1),
        Some(_) => match crate::options::text_of(option).to_ascii_lowercase().as_str() {
            "true" | "on" => Ok(true),
            "false" | "off" => Ok(false),
            _ => bail!(SYNTAX_ERROR, "{} requires a Boolean value", option.name),
        },
    }
}

fn header(option: &DefElem) -> Result<Header> {
    if option.arg.is_some() && crate::options::text_of(option).eq_ignore_ascii_case("match") {
        return Ok(Header::Match);
    }
    match boolean(option) {
        Ok(true) => Ok(Header::Names),
        Ok(false) => Ok(Header::None),
        Err(_) => bail!(SYNTAX_ERROR, "{} requires a Boolean value or \"match\"", option.name),
    }
}

fn layout(option: &DefElem) -> Result<Layout> {
    match text(option)?.as_str() {
        "text" => Ok(Layout::Text),
        "csv" => Ok(Layout::Csv),
        "binary" => Ok(Layout::Binary),
        other => bail!(INVALID_PARAMETER_VALUE, "COPY format \"{other}\" not recognized"),
    }
}

fn columns(option: &DefElem, star: bool) -> Result<Columns> {
    match &option.arg {
        Some(DefArg::Star) if star => Ok(Columns::All),
        Some(DefArg::List(names)) => Ok(Columns::These(names.clone())),
        _ => {
            bail!(INVALID_PARAMETER_VALUE, "argument to option \"{}\" must be a list of column names", option.name)
        }
    }
}

fn check(given: Given, is_from: bool) -> Result<CopyOptions> {
    let layout = given.format.unwrap_or(Layout::Text);
    let is_csv = layout == Layout::Csv;
    if layout == Layout::Binary {
        for (is_given, name) in [
            (given.delimiter.is_some(), "DELIMITER"),
            (given.null.is_some(), "NULL"),
            (given.header.is_some_and(|h| h != Header::None), "HEADER"),
        ] {
            if is_given {
                bail!(SYNTAX_ERROR, "cannot specify {name} in BINARY mode");
            }
        }
    }
    let header = given.header.unwrap_or(Header::None);
    if header == Header::Match && !is_from {
        bail!(SYNTAX_ERROR, "cannot use \"match\" with HEADER in COPY TO");
    }
    let delimiter = given.delimiter.unwrap_or_else(|| if is_csv { "," } else { "\t" }.to_owned());
    let null = given.null.unwrap_or_else(|| if is_csv { "" } else { "\\N" }.to_owned());
    let [delimiter_byte] = *delimiter.as_bytes() else {
        bail!(FEATURE_NOT_SUPPORTED, "COPY delimiter must be a single one-byte character")
    };
    if matches!(delimiter_byte, b'\n' | b'\r') {
        bail!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be newline or carriage return");
    }
    if null.contains(['\n', '\r']) {
        bail!(INVALID_PARAMETER_VALUE, "COPY null representation cannot use newline or carriage return");
    }
    if !is_csv && b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&delimiter_byte) {
        bail!(INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"{delimiter}\"");
    }
    let quote = quote(given.quote.as_deref(), is_csv, delimiter_byte)?;
    let escape = match given.escape.as_deref() {
        None => quote,
        Some(_) if !is_csv => bail!(FEATURE_NOT_SUPPORTED, "COPY escape available only in CSV mode"),
        Some(given) => match *given.as_bytes() {
            [byte] => byte,
            _ => bail!(FEATURE_NOT_SUPPORTED, "COPY escape must be a single one-byte character"),
        },
    };
    for (columns, name, only_from) in [
        (&given.force_quote, "force quote", false),
        (&given.force_not_null, "force not null", true),
        (&given.force_null, "force null", true),
    ] {
        if columns.is_none() {
            continue;
        }
        if !is_csv {
            bail!(FEATURE_NOT_SUPPORTED, "COPY {name} available only in CSV mode");
        }
        if only_from != is_from {
            let way = if only_from { "COPY FROM" } else { "COPY TO" };
            bail!(FEATURE_NOT_SUPPORTED, "COPY {name} only available using {way}");
        }
    }
    if null.as_bytes().contains(&delimiter_byte) {
        bail!(FEATURE_NOT_SUPPORTED, "COPY delimiter must not appear in the NULL specification");
    }
    if is_csv && null.as_bytes().contains(&quote) {
        bail!(FEATURE_NOT_SUPPORTED, "CSV quote character must not appear in the NULL specification");
    }
    if let Some(encoding) = given.encoding {
        match encoding.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
            "utf8" | "unicode" | "sqlascii" => {}
            _ => bail!(FEATURE_NOT_SUPPORTED, "COPY with encoding \"{encoding}\" is not supported yet"),
        }
    }
    Ok(CopyOptions {
        layout,
        delimiter: delimiter_byte,
        null,
        header,
        quote,
        escape,
        freeze: given.freeze.unwrap_or(false),
        force_quote: given.force_quote.unwrap_or(Columns::None),
        force_not_null: given.force_not_null.unwrap_or(Columns::None),
        force_null: given.force_null.unwrap_or(Columns::None),
    })
}

fn quote(given: Option<&str>, is_csv: bool, delimiter: u8) -> Result<u8> {
    let Some(given) = given else {
        if is_csv && delimiter == b'"' {
            bail!(INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different");
        }
        return Ok(b'"');
    };
    if !is_csv {
        bail!(FEATURE_NOT_SUPPORTED, "COPY quote available only in CSV mode");
    }
    match *given.as_bytes() {
        [byte] if byte == delimiter => {
            bail!(INVALID_PARAMETER_VALUE, "COPY delimiter and quote must be different")
        }
        [byte] => Ok(byte),
        _ => bail!(FEATURE_NOT_SUPPORTED, "COPY quote must be a single one-byte character"),
    }
}
