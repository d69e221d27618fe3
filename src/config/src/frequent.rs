//! The settings that every statement asks for, at hand as plain values.
//!
//! A look-up in layers and a duration's arithmetic are little each, but a short statement would spend a tenth of its time on them.

use crate::session::SessionSettings;
use crate::table::Setting;
use std::time::Duration;

/// What statements and transactions ask of a session's settings, in the form in which they need it. Follows every change at once.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frequent {
    /// `statement_timeout`, if there is one.
    pub statement_timeout: Option<Duration>,
    /// `transaction_timeout`, if there is one.
    pub transaction_timeout: Option<Duration>,
    /// `idle_session_timeout`, if there is one.
    pub idle_session_timeout: Option<Duration>,
    /// `idle_in_transaction_session_timeout`, if there is one.
    pub idle_in_transaction_timeout: Option<Duration>,
    /// `pool_weight`.
    pub pool_weight: u32,
    /// `pool_max_workers`; 0 for no limit.
    pub pool_workers_max: u32,
    /// `pool_queue_timeout` in milliseconds; 0 for none.
    pub pool_queue_timeout_ms: u32,
    /// `pool_queue_notice` in milliseconds; 0 for none.
    pub pool_queue_notice_ms: u32,
    /// `lock_timeout`, if there is one.
    pub lock_timeout: Option<Duration>,
    /// `deadlock_timeout`.
    pub deadlock_timeout: Duration,
    /// `log_lock_waits`.
    pub log_lock_waits: bool,
    /// `client_connection_check_interval`, if there is one.
    pub client_connection_check_interval: Option<Duration>,
    /// `track_activity_query_size`.
    pub activity_text_bytes_max: usize,
    /// `log_statement`, `log_duration` or one of their kind may have statements logged.
    pub logs_statements: bool,
    /// `work_mem`, in bytes.
    pub work_mem_bytes: usize,
    /// `work_mem` times `hash_mem_multiplier`, in bytes.
    pub hash_mem_bytes: usize,
    /// `session_memory_limit`, in bytes, if there is one.
    pub session_memory_limit: Option<u64>,
    /// `default_transaction_isolation`.
    pub default_isolation: &'static str,
    /// `default_transaction_read_only`.
    pub default_read_only: bool,
    /// `synchronous_commit`.
    pub synchronous_commit: &'static str,
    /// `standard_conforming_strings`.
    pub standard_conforming_strings: bool,
    /// `escape_string_warning`.
    pub escape_string_warning: bool,
}

/// The settings that it is made of.
const SOURCES: [Setting; 26] = [
    Setting::StatementTimeout,
    Setting::TransactionTimeout,
    Setting::IdleSessionTimeout,
    Setting::IdleInTransactionSessionTimeout,
    Setting::PoolWeight,
    Setting::PoolMaxWorkers,
    Setting::PoolQueueTimeout,
    Setting::PoolQueueNotice,
    Setting::LockTimeout,
    Setting::DeadlockTimeout,
    Setting::LogLockWaits,
    Setting::ClientConnectionCheckInterval,
    Setting::TrackActivityQuerySize,
    Setting::LogMinDurationStatement,
    Setting::LogMinDurationSample,
    Setting::LogTransactionSampleRate,
    Setting::LogDuration,
    Setting::LogStatement,
    Setting::WorkMem,
    Setting::HashMemMultiplier,
    Setting::SessionMemoryLimit,
    Setting::DefaultTransactionIsolation,
    Setting::DefaultTransactionReadOnly,
    Setting::SynchronousCommit,
    Setting::StandardConformingStrings,
    Setting::EscapeStringWarning,
];

impl Frequent {
    /// True if it must be made anew when this one changes.
    pub(crate) fn depends_on(setting: Setting) -> bool {
        SOURCES.contains(&setting)
    }

    pub(crate) fn of(settings: &SessionSettings) -> Frequent {
        let limit = |setting| Some(settings.duration(setting)).filter(|limit| !limit.is_zero());
        let number = |setting| u32::try_from(settings.int(setting)).unwrap_or(0);
        let work_mem_bytes = settings.int(Setting::WorkMem) as usize * 1024;
        Frequent {
            statement_timeout: limit(Setting::StatementTimeout),
            transaction_timeout: limit(Setting::TransactionTimeout),
            idle_session_timeout: limit(Setting::IdleSessionTimeout),
            idle_in_transaction_timeout: limit(Setting::IdleInTransactionSessionTimeout),
            pool_weight: number(Setting::PoolWeight),
            pool_workers_max: number(Setting::PoolMaxWorkers),
            pool_queue_timeout_ms: number(Setting::PoolQueueTimeout),
            pool_queue_notice_ms: number(Setting::PoolQueueNotice),
            lock_timeout: limit(Setting::LockTimeout),
            deadlock_timeout: settings.duration(Setting::DeadlockTimeout),
            log_lock_waits: settings.bool(Setting::LogLockWaits),
            client_connection_check_interval: limit(Setting::ClientConnectionCheckInterval),
            activity_text_bytes_max: settings.int(Setting::TrackActivityQuerySize) as usize,
            logs_statements: logs_statements(settings),
            work_mem_bytes,
            hash_mem_bytes: (work_mem_bytes as f64 * settings.real(Setting::HashMemMultiplier)) as usize,
            session_memory_limit: u64::try_from(settings.int(Setting::SessionMemoryLimit)).ok().map(|kb| kb * 1024),
            default_isolation: settings.choice(Setting::DefaultTransactionIsolation),
            default_read_only: settings.bool(Setting::DefaultTransactionReadOnly),
            synchronous_commit: settings.choice(Setting::SynchronousCommit),
            standard_conforming_strings: settings.bool(Setting::StandardConformingStrings),
            escape_string_warning: settings.bool(Setting::EscapeStringWarning),
        }
    }
}

fn logs_statements(settings: &SessionSettings) -> bool {
    settings.int(Setting::LogMinDurationStatement) >= 0
        || settings.int(Setting::LogMinDurationSample) >= 0
        || settings.real(Setting::LogTransactionSampleRate) > 0.0
        || settings.bool(Setting::LogDuration)
        || settings.choice(Setting::LogStatement) != "none"
}
