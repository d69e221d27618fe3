//! Values of `name [=] value` options, as the statements that take them read them.

use parser::ast::{DefArg, DefElem};
use report::{Result, error};

/// An option's value as a truth value; none written means true. Errors: 42601.
pub(crate) fn boolean(option: &DefElem) -> Result<bool> {
    let value = match &option.arg {
        None => Some(true),
        Some(DefArg::Boolean(flag)) => Some(*flag),
        Some(DefArg::Integer(0)) => Some(false),
        Some(DefArg::Integer(1)) => Some(true),
        Some(_) => match text(option)?.to_ascii_lowercase().as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        },
    };
    value.ok_or_else(|| error!(SYNTAX_ERROR, "{} requires a Boolean value", option.name))
}

/// An option's value as text. Errors: 42601 if there is none.
pub(crate) fn text(option: &DefElem) -> Result<String> {
    let missing = || error!(SYNTAX_ERROR, "{} requires a parameter", option.name);
    match option.arg.as_ref().ok_or_else(missing)? {
        DefArg::String(text) | DefArg::Float(text) => Ok(text.clone()),
        DefArg::Integer(number) => Ok(number.to_string()),
        DefArg::Boolean(flag) => Ok(flag.to_string()),
        DefArg::Name(name) => Ok(name.dotted()),
        DefArg::Type(name) => Ok(name.name.dotted()),
        DefArg::List(names) => Ok(names.join(".")),
        DefArg::None => Ok("none".to_owned()),
        DefArg::Star => Ok("*".to_owned()),
        _ => Err(missing()),
    }
}

/// An option's value as a 32-bit number. Errors: 42601.
pub(crate) fn integer(option: &DefElem) -> Result<i32> {
    match &option.arg {
        None => Err(error!(SYNTAX_ERROR, "{} requires an integer value", option.name)),
        Some(DefArg::Integer(number)) => Ok(*number),
        Some(_) => Err(error!(SYNTAX_ERROR, "{} requires an integer value", option.name)),
    }
}
