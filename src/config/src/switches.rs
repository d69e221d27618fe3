//! Short options that stand for settings: of the server's command line, and of a session's `options`.

use report::{Result, bail};

/// A setting and its new value.
pub type Assignment = (String, String);

/// What an option without an argument sets; none if it is no such option.
pub fn setting_of_flag(flag: char) -> Option<Assignment> {
    let (name, value) = match flag {
        'i' => ("listen_addresses", "*"),
        'F' => ("fsync", "false"),
        'e' => ("datestyle", "euro"),
        'O' => ("allow_system_table_mods", "true"),
        'P' => ("ignore_system_indexes", "true"),
        's' => ("log_statement_stats", "true"),
        'l' => ("ssl", "true"),
        _ => return None,
    };
    Some(assign(name, value))
}

/// What an option with an argument sets. None: there is no such option, or the argument is not one of its words.
pub fn settings_of_switch(switch: char, value: &str) -> Option<Vec<Assignment>> {
    let name = match switch {
        'B' => "shared_buffers",
        'h' => "listen_addresses",
        'k' => "unix_socket_directories",
        'N' => "max_connections",
        'p' => "port",
        'S' => "work_mem",
        'W' => "post_auth_delay",
        'd' => return Some(debug(value)),
        'f' | 't' => return Some(vec![planner_switch(switch, value)?]),
        'c' | '-' => {
            let (name, value) = value.split_once('=')?;
            return Some(vec![assign(&name.replace('-', "_"), value)]);
        }
        _ => return None,
    };
    Some(vec![assign(name, value)])
}

/// The settings that a client's list of options makes, written as a command line.
///
/// Errors: 42601, a word is no option that stands for a setting, or lacks its value.
pub fn settings_of_options(words: &[String]) -> Result<Vec<Assignment>> {
    let mut settings = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let bad = || report::error!(SYNTAX_ERROR, "invalid command-line argument for server process: {word}");
        let Some(switches) = word.strip_prefix('-').filter(|switches| !switches.is_empty()) else { return Err(bad()) };
        for (at, switch) in switches.char_indices() {
            if let Some(setting) = setting_of_flag(switch) {
                settings.push(setting);
                continue;
            }
            let value = match &switches[at + switch.len_utf8()..] {
                "" => rest.next().ok_or_else(bad)?,
                attached => attached,
            };
            if matches!(switch, 'c' | '-') && !value.contains('=') {
                let shape = if switch == '-' { "--" } else { "-c " };
                bail!(SYNTAX_ERROR, "{shape}{value} requires a value");
            }
            settings.extend(settings_of_switch(switch, value).ok_or_else(bad)?);
            break;
        }
    }
    Ok(settings)
}

fn assign(name: &str, value: &str) -> Assignment {
    (name.to_owned(), value.to_owned())
}

/// `-d N`: the log's level and what grows with it.
fn debug(level: &str) -> Vec<Assignment> {
    let level: u32 = level.parse().unwrap_or(0);
    if level == 0 {
        return Vec::new();
    }
    let mut settings = vec![assign("log_min_messages", &format!("debug{}", level.min(5)))];
    if level >= 2 {
        settings.push(assign("log_statement", "all"));
    }
    let from = [
        (1, "log_connections"),
        (1, "log_disconnections"),
        (3, "debug_print_parse"),
        (4, "debug_print_plan"),
        (5, "debug_print_rewritten"),
    ];
    settings.extend(from.into_iter().filter(|(least, _)| level >= *least).map(|(_, name)| assign(name, "true")));
    settings
}

fn planner_switch(switch: char, value: &str) -> Option<Assignment> {
    let name = match (switch, value) {
        ('f', "s") => "enable_seqscan",
        ('f', "i") => "enable_indexscan",
        ('f', "o") => "enable_indexonlyscan",
        ('f', "b") => "enable_bitmapscan",
        ('f', "t") => "enable_tidscan",
        ('f', "n") => "enable_nestloop",
        ('f', "m") => "enable_mergejoin",
        ('f', "h") => "enable_hashjoin",
        ('t', "pa" | "parser") => "log_parser_stats",
        ('t', "pl" | "planner") => "log_planner_stats",
        ('t', "e" | "executor") => "log_executor_stats",
        _ => return None,
    };
    Some(assign(name, if switch == 'f' { "false" } else { "true" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Result<String, String> {
        let words: Vec<String> = text.split('|').map(str::to_owned).collect();
        let shown = |list: Vec<Assignment>| list.into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>();
        settings_of_options(&words).map(|list| shown(list).join(" ")).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn options_become_settings() {
        assert_eq!(options("-ca=1|--b-c=2 3|-c|d=4"), Ok("a=1 b_c=2 3 d=4".into()));
        assert_eq!(options("-eF|-S|9|-fs"), Ok("datestyle=euro fsync=false work_mem=9 enable_seqscan=false".into()));
    }

    #[test]
    fn what_is_no_option_is_named() {
        assert_eq!(options("-c|a"), Err("-c a requires a value".into()));
        assert_eq!(options("--a"), Err("--a requires a value".into()));
        for word in ["x", "-", "-y", "-f"] {
            assert_eq!(options(word), Err(format!("invalid command-line argument for server process: {word}")));
        }
    }
}
