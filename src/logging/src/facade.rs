//! What libraries say through the `log` facade, as messages of ours.

use crate::logger::RoleLog;
use report::Severity;

/// The facade's sink. The program installs it once.
#[derive(Debug)]
pub struct FacadeSink(RoleLog);

impl FacadeSink {
    /// Messages appear as those of this role.
    pub fn new(role: RoleLog) -> FacadeSink {
        FacadeSink(role)
    }
}

impl log::Log for FacadeSink {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let severity = match record.level() {
            log::Level::Error => Severity::Log,
            log::Level::Warn => Severity::Warning,
            log::Level::Info => Severity::Debug1,
            log::Level::Debug => Severity::Debug2,
            log::Level::Trace => Severity::Debug5,
        };
        self.0.at(severity, record.args().to_string());
    }

    fn flush(&self) {}
}
