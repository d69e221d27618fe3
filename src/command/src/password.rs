//! Passwords as pg_authid keeps them: never as written.

use config::Setting;
use instance::Ctx;
use password::scram;
use report::{Error, Result};

/// The stored form of a password; `None` for one that is no password, with a notice.
pub(crate) fn stored_form(cx: Ctx<'_>, role: &str, password: &str) -> Result<Option<String>> {
    if is_empty(role, password) {
        let message = "empty string is not a valid password, clearing password";
        cx.session.notice(Error::with_severity(
            report::Severity::Notice,
            report::SqlState::SUCCESSFUL_COMPLETION,
            message,
        ));
        return Ok(None);
    }
    if is_md5(password) || scram::Verifier::parse(password).is_some() {
        return Ok(Some(password.to_owned()));
    }
    if cx.setting(|s| s.choice(Setting::PasswordEncryption) == "md5") {
        return Ok(Some(scram::md5_of_password(role, password)));
    }
    let mut salt = [0; scram::SALT_BYTES];
    cx.instance.host.entropy.fill(&mut salt).map_err(|error| Error::io("draw random bytes", &error))?;
    Ok(Some(scram::Verifier::of_password(password, &salt, scram::DEFAULT_ITERATIONS).to_string()))
}

/// True for the stored form `md5` and 32 hexadecimal digits: it depends on the role's name.
pub(crate) fn is_md5(stored: &str) -> bool {
    stored.strip_prefix("md5").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Empty, or the stored form of an empty password.
fn is_empty(role: &str, password: &str) -> bool {
    password.is_empty()
        || is_md5(password) && password == scram::md5_of_password(role, "")
        || scram::Verifier::parse(password).is_some_and(|verifier| verifier.matches(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_forms_are_told_from_passwords() {
        assert!(is_md5(&scram::md5_of_password("u", "secret")));
        assert!(!is_md5("md5 is old"));
        assert!(is_empty("u", "") && is_empty("u", &scram::md5_of_password("u", "")));
        assert!(is_empty("u", &scram::Verifier::of_password("", &[1; 16], 4096).to_string()));
        assert!(!is_empty("u", "secret"));
    }
}
