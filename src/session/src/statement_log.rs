//! What the log says of statements: `log_statement`, `log_duration`, `log_min_duration_statement` and the samples.

use crate::server::Server;
use crate::session::Session;
use base::Prng;
use config::Setting;
use instance::Instance;
use parser::ast::Statement;
use report::{Error, Severity, SqlState};

/// The least word of `log_statement` that has a statement logged: 1 `ddl`, 2 `mod`, 3 `all`.
pub(crate) fn level_of(statement: &Statement) -> u8 {
    use Statement as S;
    match statement {
        S::Insert(_) | S::Update(_) | S::Delete(_) | S::Merge(_) | S::Truncate(_) => 2,
        S::Copy(copy) if copy.is_from => 2,
        S::Explain(explain) => level_of(&explain.query),
        S::Prepare(prepare) => level_of(&prepare.query),
        S::Select(_)
        | S::Copy(_)
        | S::Transaction(_)
        | S::VariableSet(_)
        | S::VariableShow(_)
        | S::ConstraintsSet(_)
        | S::Discard(_)
        | S::Execute(_)
        | S::Deallocate(_)
        | S::DeclareCursor(_)
        | S::Fetch(_)
        | S::ClosePortal(_)
        | S::Listen(_)
        | S::Unlisten(_)
        | S::Notify(_)
        | S::Lock(_)
        | S::Call(_)
        | S::Do(_)
        | S::Load(_)
        | S::Checkpoint
        | S::Return(_)
        | S::PlAssign(_)
        | S::Vacuum(_)
        | S::Reindex(_) => 3,
        _ => 1,
    }
}

impl Session {
    /// True if any of these settings is on.
    pub(crate) fn logs_statements(&self) -> bool {
        self.state.settings.borrow().frequent().logs_statements
    }

    /// Logs statements that are about to run, if `log_statement` says so. True if they were. `what` is put before the text:
    /// `statement`, or `execute` with a name; `levels` are those of the statements.
    pub(crate) fn log_statement(
        &self,
        server: &dyn Server,
        what: &str,
        text: &str,
        levels: impl FnOnce() -> Vec<u8>,
    ) -> bool {
        if !self.logs_statements() {
            return false;
        }
        let wanted = match self.state.settings.borrow().choice(Setting::LogStatement) {
            "none" => return false,
            "ddl" => 1,
            "mod" => 2,
            _ => 3,
        };
        if wanted < 3 && !levels().into_iter().any(|level| level <= wanted) {
            return false;
        }
        self.log_line(server, format!("{what}: {text}"));
        true
    }

    /// Logs how long a statement took, if that is wanted, and its text if it was not logged before.
    pub(crate) fn log_duration(
        &self,
        server: &dyn Server,
        instance: &Instance,
        was_logged: bool,
        what: &str,
        text: &str,
    ) {
        if !self.logs_statements() {
            return;
        }
        let us = instance.now_us() - self.state.statement_start_us.get();
        let all = self.state.settings.borrow().bool(Setting::LogDuration);
        let is_chosen = self.is_slow_or_sampled(us);
        let duration = format!("duration: {}.{:03} ms", us / 1000, us % 1000);
        if is_chosen && !was_logged {
            self.log_line(server, format!("{duration}  {what}: {text}"));
        } else if is_chosen || all {
            self.log_line(server, duration);
        }
    }

    /// True of a statement that took so long that it is logged, or that is in the sample of those that are not quite so slow, or
    /// in a transaction that is in the sample.
    fn is_slow_or_sampled(&self, us: i64) -> bool {
        let settings = self.state.settings.borrow();
        let exceeds = |setting| {
            let least_ms = settings.int(setting);
            least_ms >= 0 && us >= i64::from(least_ms) * 1000
        };
        // What is drawn for a transaction is the same for each of its statements.
        let (session, transaction) = self.state.locks.virtual_transaction();
        let is_drawn = |rate: Setting, salt: u64| {
            let mut random = Prng::new(u64::from(session) << 48 ^ transaction ^ salt);
            (random.next_u64() >> 11) as f64 / ((1_u64 << 53) as f64) < settings.real(rate)
        };
        exceeds(Setting::LogMinDurationStatement)
            || exceeds(Setting::LogMinDurationSample)
                && is_drawn(Setting::LogStatementSampleRate, self.state.statement_start_us.get().cast_unsigned())
            || is_drawn(Setting::LogTransactionSampleRate, 0)
    }

    fn log_line(&self, server: &dyn Server, text: String) {
        let line = Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text);
        server.log(&self.speaker(), &line, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(text: &str) -> u8 {
        level_of(&parser::parse(text, &parser::ParseOptions::default()).unwrap()[0].stmt)
    }

    #[test]
    fn statements_are_of_three_kinds() {
        for (text, expected) in [
            ("select 1", 3),
            ("begin", 3),
            ("create table t (a int)", 1),
            ("drop table t", 1),
            ("grant select on t to x", 1),
            ("insert into t values (1)", 2),
            ("truncate t", 2),
            ("copy t from stdin", 2),
            ("copy t to stdout", 3),
            ("explain delete from t", 2),
        ] {
            assert_eq!(level(text), expected, "{text}");
        }
    }
}
