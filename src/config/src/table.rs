//! The table of settings: PostgreSQL 15's, and ours at their places in the alphabet.
//!
//! A row is: identifier, name, type with boot value and range, context, category, flags, description. Rows are sorted
//! by name without case, because look-up is a binary search. `is_sorted` below checks it.

use crate::definition::{Category, Choice, Context, Definition, Kind, Unit, flag};

/// What `server_version` says: the PostgreSQL version that clients may count on, then our own.
pub const SERVER_VERSION: &str = concat!("15.18 (Woolly ", env!("CARGO_PKG_VERSION"), ")");

#[rustfmt::skip]
mod choices {
    use super::{Choice, choice, hidden};
    pub(super) const ARCHIVE_MODE: &[Choice] = &[choice("always", 0), choice("on", 1), choice("off", 2), hidden("true", 1), hidden("false", 2), hidden("yes", 1), hidden("no", 2), hidden("1", 1), hidden("0", 2)];
    pub(super) const BACKSLASH_QUOTE: &[Choice] = &[choice("safe_encoding", 0), choice("on", 1), choice("off", 2), hidden("true", 1), hidden("false", 2), hidden("yes", 1), hidden("no", 2), hidden("1", 1), hidden("0", 2)];
    pub(super) const BYTEA_OUTPUT: &[Choice] = &[choice("escape", 0), choice("hex", 1)];
    pub(super) const CLIENT_MESSAGE_LEVEL: &[Choice] = &[choice("debug5", 0), choice("debug4", 1), choice("debug3", 2), choice("debug2", 3), choice("debug1", 4), hidden("debug", 3), choice("log", 5), hidden("info", 6), choice("notice", 7), choice("warning", 8), choice("error", 9)];
    pub(super) const COMPUTE_QUERY_ID: &[Choice] = &[choice("auto", 0), choice("regress", 1), choice("on", 2), choice("off", 3), hidden("true", 2), hidden("false", 3), hidden("yes", 2), hidden("no", 3), hidden("1", 2), hidden("0", 3)];
    pub(super) const CONSTRAINT_EXCLUSION: &[Choice] = &[choice("partition", 0), choice("on", 1), choice("off", 2), hidden("true", 1), hidden("false", 2), hidden("yes", 1), hidden("no", 2), hidden("1", 1), hidden("0", 2)];
    pub(super) const DEFAULT_TOAST_COMPRESSION: &[Choice] = &[choice("pglz", 0), choice("lz4", 1)];
    pub(super) const ISOLATION_LEVEL: &[Choice] = &[choice("serializable", 0), choice("repeatable read", 1), choice("read committed", 2), choice("read uncommitted", 3)];
    pub(super) const DYNAMIC_SHARED_MEMORY: &[Choice] = &[choice("posix", 0), choice("sysv", 1), choice("mmap", 2)];
    pub(super) const FORCE_PARALLEL_MODE: &[Choice] = &[choice("off", 0), choice("on", 1), choice("regress", 2), hidden("true", 1), hidden("false", 0), hidden("yes", 1), hidden("no", 0), hidden("1", 1), hidden("0", 0)];
    pub(super) const HUGE_PAGES: &[Choice] = &[choice("off", 0), choice("on", 1), choice("try", 2), hidden("true", 1), hidden("false", 0), hidden("yes", 1), hidden("no", 0), hidden("1", 1), hidden("0", 0)];
    pub(super) const INTERVALSTYLE: &[Choice] = &[choice("postgres", 0), choice("postgres_verbose", 1), choice("sql_standard", 2), choice("iso_8601", 3)];
    pub(super) const LOG_ERROR_VERBOSITY: &[Choice] = &[choice("terse", 0), choice("default", 1), choice("verbose", 2)];
    pub(super) const SERVER_MESSAGE_LEVEL: &[Choice] = &[choice("debug5", 0), choice("debug4", 1), choice("debug3", 2), choice("debug2", 3), choice("debug1", 4), hidden("debug", 3), choice("info", 5), choice("notice", 6), choice("warning", 7), choice("error", 8), choice("log", 9), choice("fatal", 10), choice("panic", 11)];
    pub(super) const LOG_STATEMENT: &[Choice] = &[choice("none", 0), choice("ddl", 1), choice("mod", 2), choice("all", 3)];
    pub(super) const PASSWORD_ENCRYPTION: &[Choice] = &[choice("md5", 0), choice("scram-sha-256", 1)];
    pub(super) const PLAN_CACHE_MODE: &[Choice] = &[choice("auto", 0), choice("force_generic_plan", 1), choice("force_custom_plan", 2)];
    pub(super) const RECOVERY_INIT_SYNC_METHOD: &[Choice] = &[choice("fsync", 0), choice("syncfs", 1)];
    pub(super) const RECOVERY_PREFETCH: &[Choice] = &[choice("off", 0), choice("on", 1), choice("try", 2), hidden("true", 1), hidden("false", 0), hidden("yes", 1), hidden("no", 0), hidden("1", 1), hidden("0", 0)];
    pub(super) const RECOVERY_TARGET_ACTION: &[Choice] = &[choice("pause", 0), choice("promote", 1), choice("shutdown", 2)];
    pub(super) const SESSION_REPLICATION_ROLE: &[Choice] = &[choice("origin", 0), choice("replica", 1), choice("local", 2)];
    pub(super) const SHARED_MEMORY: &[Choice] = &[choice("sysv", 0), choice("mmap", 1)];
    pub(super) const SSL_PROTOCOL_VERSIONS_INFO: &[Choice] = &[choice("", 0), choice("TLSv1", 1), choice("TLSv1.1", 2), choice("TLSv1.2", 3), choice("TLSv1.3", 4)];
    pub(super) const SSL_PROTOCOL_VERSIONS_INFO_MIN: &[Choice] = &[choice("TLSv1", 0), choice("TLSv1.1", 1), choice("TLSv1.2", 2), choice("TLSv1.3", 3)];
    pub(super) const STATS_FETCH_CONSISTENCY: &[Choice] = &[choice("none", 0), choice("cache", 1), choice("snapshot", 2)];
    pub(super) const SYNCHRONOUS_COMMIT: &[Choice] = &[choice("local", 0), choice("remote_write", 1), choice("remote_apply", 2), choice("on", 3), choice("off", 4), hidden("true", 3), hidden("false", 4), hidden("yes", 3), hidden("no", 4), hidden("1", 3), hidden("0", 4)];
    pub(super) const SYSLOG_FACILITY: &[Choice] = &[choice("local0", 0), choice("local1", 1), choice("local2", 2), choice("local3", 3), choice("local4", 4), choice("local5", 5), choice("local6", 6), choice("local7", 7)];
    pub(super) const TRACK_FUNCTION: &[Choice] = &[choice("none", 0), choice("pl", 1), choice("all", 2)];
    pub(super) const WAL_COMPRESSION: &[Choice] = &[choice("pglz", 0), choice("lz4", 1), choice("zstd", 2), choice("on", 0), choice("off", 3), hidden("true", 0), hidden("false", 3), hidden("yes", 0), hidden("no", 3), hidden("1", 0), hidden("0", 3)];
    pub(super) const WAL_LEVEL: &[Choice] = &[choice("minimal", 0), choice("replica", 1), hidden("archive", 1), hidden("hot_standby", 1), choice("logical", 2)];
    pub(super) const SYNC_METHOD: &[Choice] = &[choice("fsync", 0), choice("fdatasync", 1), choice("open_sync", 2), choice("open_datasync", 3)];
    pub(super) const XMLBINARY: &[Choice] = &[choice("base64", 0), choice("hex", 1)];
    pub(super) const XMLOPTION: &[Choice] = &[choice("content", 0), choice("document", 1)];
}
use choices::*;

const fn choice(label: &'static str, code: u8) -> Choice {
    Choice { label, code, hidden: false }
}

const fn hidden(label: &'static str, code: u8) -> Choice {
    Choice { label, code, hidden: true }
}

const fn boolean(boot: bool) -> Kind {
    Kind::Bool { boot }
}

const fn integer(boot: i32, min: i32, max: i32, unit: Unit) -> Kind {
    Kind::Int { boot, min, max, unit }
}

const fn real(boot: f64, min: f64, max: f64, unit: Unit) -> Kind {
    Kind::Real { boot, min, max, unit }
}

const fn string(boot: &'static str) -> Kind {
    Kind::Text { boot }
}

const fn choice_of(choices: &'static [Choice], boot: &'static str) -> Kind {
    Kind::Choice { choices, boot }
}

macro_rules! settings {
    ($($id:ident $name:literal = $kind:expr, $context:ident, $category:ident, $flags:expr, $about:literal;)*) => {
        /// A setting, as an index into the table.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Setting {
            $(#[doc = $about] $id,)*
        }

        impl Setting {
            /// All settings, sorted by name without case.
            pub const ALL: &[Setting] = &[$(Setting::$id,)*];
        }

        /// The definitions, in the order of [`Setting`].
        pub(crate) static TABLE: [Definition; Setting::ALL.len()] = [$(Definition {
            name: $name,
            kind: $kind,
            context: Context::$context,
            category: Category::$category,
            flags: $flags,
            about: $about,
        },)*];
    };
}

#[rustfmt::skip]
settings! {
    AllowInPlaceTablespaces "allow_in_place_tablespaces" = boolean(false), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Lets CREATE TABLESPACE make tablespaces inside pg_tblspc, for tests";
    AllowSystemTableMods "allow_system_table_mods" = boolean(false), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Lets superusers change the structure of system catalogs";
    ApplicationName "application_name" = string(""), User, LoggingWhatToLog, flag::NAME | flag::NOT_IN_SAMPLE | flag::REPORT, "Name by which the client appears in statistics and logs";
    ArchiveCleanupCommand "archive_cleanup_command" = string(""), Sighup, WalArchiveRecovery, 0, "Shell command run at every restartpoint";
    ArchiveCommand "archive_command" = string(""), Sighup, WalArchiving, 0, "Shell command that archives one finished WAL file";
    ArchiveLibrary "archive_library" = string(""), Sighup, WalArchiving, 0, "Library that archives finished WAL files";
    ArchiveMode "archive_mode" = choice_of(ARCHIVE_MODE, "off"), Postmaster, WalArchiving, 0, "Whether finished WAL files are archived";
    ArchiveTimeout "archive_timeout" = integer(0, 0, 1073741823, Unit::Seconds), Sighup, WalArchiving, 0, "Longest time until the current WAL file is switched and archived";
    ArrayNulls "array_nulls" = boolean(true), User, CompatibilityPreviousVersions, 0, "Reads an unquoted NULL in array input as a null element";
    AuthenticationTimeout "authentication_timeout" = integer(60, 1, 600, Unit::Seconds), Sighup, ConnectionAuthentication, 0, "Longest time that a client may take to authenticate";
    Autovacuum "autovacuum" = boolean(true), Sighup, Autovacuum, 0, "Runs the autovacuum launcher and its workers";
    AutovacuumAnalyzeScaleFactor "autovacuum_analyze_scale_factor" = real(0.1, 0.0, 100.0, Unit::None), Sighup, Autovacuum, 0, "Share of a table's rows that must change before it is analyzed";
    AutovacuumAnalyzeThreshold "autovacuum_analyze_threshold" = integer(50, 0, 2147483647, Unit::None), Sighup, Autovacuum, 0, "Fewest changed rows before a table is analyzed";
    AutovacuumFreezeMaxAge "autovacuum_freeze_max_age" = integer(200000000, 100000, 2000000000, Unit::None), Postmaster, Autovacuum, 0, "Transaction age at which a table is vacuumed in any case";
    AutovacuumMaxWorkers "autovacuum_max_workers" = integer(3, 1, 262143, Unit::None), Postmaster, Autovacuum, 0, "Most autovacuum workers at one time";
    AutovacuumMultixactFreezeMaxAge "autovacuum_multixact_freeze_max_age" = integer(400000000, 10000, 2000000000, Unit::None), Postmaster, Autovacuum, 0, "Multixact age at which a table is vacuumed in any case";
    AutovacuumNaptime "autovacuum_naptime" = integer(60, 1, 2147483, Unit::Seconds), Sighup, Autovacuum, 0, "Pause between two autovacuum rounds of one database";
    AutovacuumVacuumCostDelay "autovacuum_vacuum_cost_delay" = real(2.0, -1.0, 100.0, Unit::Milliseconds), Sighup, Autovacuum, 0, "Pause of an autovacuum worker when its cost limit is used up";
    AutovacuumVacuumCostLimit "autovacuum_vacuum_cost_limit" = integer(-1, -1, 10000, Unit::None), Sighup, Autovacuum, 0, "Cost that autovacuum workers may spend between pauses";
    AutovacuumVacuumInsertScaleFactor "autovacuum_vacuum_insert_scale_factor" = real(0.2, 0.0, 100.0, Unit::None), Sighup, Autovacuum, 0, "Share of a table's rows that must be inserted before it is vacuumed";
    AutovacuumVacuumInsertThreshold "autovacuum_vacuum_insert_threshold" = integer(1000, -1, 2147483647, Unit::None), Sighup, Autovacuum, 0, "Fewest inserted rows before a table is vacuumed, -1 for never";
    AutovacuumVacuumScaleFactor "autovacuum_vacuum_scale_factor" = real(0.2, 0.0, 100.0, Unit::None), Sighup, Autovacuum, 0, "Share of a table's rows that must die before it is vacuumed";
    AutovacuumVacuumThreshold "autovacuum_vacuum_threshold" = integer(50, 0, 2147483647, Unit::None), Sighup, Autovacuum, 0, "Fewest dead rows before a table is vacuumed";
    AutovacuumWorkMem "autovacuum_work_mem" = integer(-1, -1, 2147483647, Unit::Kilobytes), Sighup, ResourceMemory, 0, "Memory of one autovacuum worker, -1 for maintenance_work_mem";
    BackendFlushAfter "backend_flush_after" = integer(0, 0, 256, Unit::Blocks), User, ResourceAsynchronousBehavior, 0, "Pages written by a session after which the kernel is asked to write them out";
    BackslashQuote "backslash_quote" = choice_of(BACKSLASH_QUOTE, "safe_encoding"), User, CompatibilityPreviousVersions, 0, "Whether \\' stands for a quote in string literals";
    BacktraceFunctions "backtrace_functions" = string(""), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Functions whose errors are logged with a backtrace";
    BgwriterDelay "bgwriter_delay" = integer(200, 10, 10000, Unit::Milliseconds), Sighup, ResourceBackgroundWriter, 0, "Pause of the background writer between two rounds";
    BgwriterFlushAfter "bgwriter_flush_after" = integer(64, 0, 256, Unit::Blocks), Sighup, ResourceBackgroundWriter, 0, "Pages written by the background writer after which the kernel is asked to write them out";
    BgwriterLruMaxpages "bgwriter_lru_maxpages" = integer(100, 0, 1073741823, Unit::None), Sighup, ResourceBackgroundWriter, 0, "Most pages that the background writer writes in a round";
    BgwriterLruMultiplier "bgwriter_lru_multiplier" = real(2.0, 0.0, 10.0, Unit::None), Sighup, ResourceBackgroundWriter, 0, "Clean pages kept ready, as a multiple of recent need";
    BlockSize "block_size" = integer(8192, 8192, 8192, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Bytes in a page of a relation";
    Bonjour "bonjour" = boolean(false), Postmaster, ConnectionSettings, 0, "Announces the server by Bonjour";
    BonjourName "bonjour_name" = string(""), Postmaster, ConnectionSettings, 0, "Name under which Bonjour announces the server";
    ByteaOutput "bytea_output" = choice_of(BYTEA_OUTPUT, "hex"), User, ClientStatementBehavior, 0, "How bytea values are printed";
    CheckFunctionBodies "check_function_bodies" = boolean(true), User, ClientStatementBehavior, 0, "Checks the body of a routine when it is created";
    CheckpointCompletionTarget "checkpoint_completion_target" = real(0.9, 0.0, 1.0, Unit::None), Sighup, WalCheckpoints, 0, "Share of the checkpoint interval over which its writes are spread";
    CheckpointFlushAfter "checkpoint_flush_after" = integer(32, 0, 256, Unit::Blocks), Sighup, WalCheckpoints, 0, "Pages written by a checkpoint after which the kernel is asked to write them out";
    CheckpointTimeout "checkpoint_timeout" = integer(300, 30, 86400, Unit::Seconds), Sighup, WalCheckpoints, 0, "Longest time between two automatic checkpoints";
    CheckpointWarning "checkpoint_warning" = integer(30, 0, 2147483647, Unit::Seconds), Sighup, WalCheckpoints, 0, "Warns if checkpoints forced by WAL volume are closer together than this";
    ClientConnectionCheckInterval "client_connection_check_interval" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ConnectionSettings, 0, "How often a running statement checks that its client is still there";
    ClientEncoding "client_encoding" = string("SQL_ASCII"), User, ClientLocaleAndFormatting, flag::NAME | flag::REPORT, "Encoding of text on the way to and from the client";
    ClientMinMessages "client_min_messages" = choice_of(CLIENT_MESSAGE_LEVEL, "notice"), User, ClientStatementBehavior, 0, "Least severe message that is sent to the client";
    ClusterName "cluster_name" = string(""), Postmaster, LoggingProcessTitle, flag::NAME, "Name of the cluster, shown in thread and process titles";
    CommitDelay "commit_delay" = integer(0, 0, 100000, Unit::None), Superuser, WalSettings, 0, "Microseconds that a commit waits for others to share its WAL flush";
    CommitSiblings "commit_siblings" = integer(5, 0, 1000, Unit::None), User, WalSettings, 0, "Fewest open transactions for which commit_delay is used";
    ComputeQueryId "compute_query_id" = choice_of(COMPUTE_QUERY_ID, "auto"), Superuser, StatisticsMonitoring, 0, "Whether the server computes query identifiers itself";
    ConfigFile "config_file" = string(""), Postmaster, FileLocations, flag::NOT_IN_FILE | flag::SUPERUSER_ONLY, "The server's main settings file";
    ConstraintExclusion "constraint_exclusion" = choice_of(CONSTRAINT_EXCLUSION, "partition"), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "Whether the planner uses constraints to leave out tables";
    CpuIndexTupleCost "cpu_index_tuple_cost" = real(0.005, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for handling one index entry";
    CpuOperatorCost "cpu_operator_cost" = real(0.0025, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for one operator or function call";
    CpuTupleCost "cpu_tuple_cost" = real(0.01, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for handling one row";
    CrashRestartsPerMinute "crash_restarts_per_minute" = integer(10, -1, 31, Unit::None), Sighup, ErrorHandling, 0, "Crashes within a minute after which the server ends instead of recovering once more; -1 for no limit";
    CursorTupleFraction "cursor_tuple_fraction" = real(0.1, 0.0, 1.0, Unit::None), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "Share of a cursor's rows that the planner expects to be fetched";
    DataChecksums "data_checksums" = boolean(true), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::RUNTIME_COMPUTED, "Whether pages carry checksums";
    DataDirectory "data_directory" = string(""), Postmaster, FileLocations, flag::NOT_IN_AUTO_FILE | flag::SUPERUSER_ONLY, "The server's data directory";
    DataDirectoryMode "data_directory_mode" = integer(448, 0, 511, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::RUNTIME_COMPUTED, "Permissions of the data directory";
    DataSyncRetry "data_sync_retry" = boolean(false), Postmaster, ErrorHandling, 0, "Whether the server goes on after a failed sync of data files";
    DateStyle "DateStyle" = string("ISO, MDY"), User, ClientLocaleAndFormatting, flag::LIST | flag::REPORT, "How dates and times are printed, and the order of day, month and year on input";
    DbUserNamespace "db_user_namespace" = boolean(false), Sighup, ConnectionAuthentication, 0, "User names belong to one database each";
    DeadlockTimeout "deadlock_timeout" = integer(1000, 1, 2147483647, Unit::Milliseconds), Superuser, LockManagement, 0, "How long a lock is waited for before a deadlock is searched for";
    DebugAssertions "debug_assertions" = boolean(false), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Whether the server is built with debug assertions";
    DebugDiscardCaches "debug_discard_caches" = integer(0, 0, 0, Unit::None), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Drops caches at every chance, for tests";
    DebugPrettyPrint "debug_pretty_print" = boolean(true), User, LoggingWhatToLog, 0, "Indents trees that are logged";
    DebugPrintParse "debug_print_parse" = boolean(false), User, LoggingWhatToLog, 0, "Logs the parse tree of each statement";
    DebugPrintPlan "debug_print_plan" = boolean(false), User, LoggingWhatToLog, 0, "Logs the plan of each statement";
    DebugPrintRewritten "debug_print_rewritten" = boolean(false), User, LoggingWhatToLog, 0, "Logs the rewritten tree of each statement";
    DefaultStatisticsTarget "default_statistics_target" = integer(100, 1, 10000, Unit::None), User, PlannerOtherPlannerOptions, 0, "How detailed column statistics are when a column does not say";
    DefaultTableAccessMethod "default_table_access_method" = string("heap"), User, ClientStatementBehavior, flag::NAME, "Access method of tables that do not name one";
    DefaultTablespace "default_tablespace" = string(""), User, ClientStatementBehavior, flag::NAME, "Tablespace of tables and indexes that do not name one";
    DefaultTextSearchConfig "default_text_search_config" = string("pg_catalog.simple"), User, ClientLocaleAndFormatting, 0, "Text search configuration used when none is named";
    DefaultToastCompression "default_toast_compression" = choice_of(DEFAULT_TOAST_COMPRESSION, "pglz"), User, ClientStatementBehavior, 0, "How long values are compressed when a column does not say";
    DefaultTransactionDeferrable "default_transaction_deferrable" = boolean(false), User, ClientStatementBehavior, 0, "Whether new transactions are deferrable";
    DefaultTransactionIsolation "default_transaction_isolation" = choice_of(ISOLATION_LEVEL, "read committed"), User, ClientStatementBehavior, 0, "Isolation level of new transactions";
    DefaultTransactionReadOnly "default_transaction_read_only" = boolean(false), User, ClientStatementBehavior, flag::REPORT, "Whether new transactions are read-only";
    DefaultWithOids "default_with_oids" = boolean(false), User, CompatibilityPreviousVersions, flag::NOT_IN_SAMPLE | flag::NO_SHOW_ALL, "Kept for old clients; must be off";
    DynamicLibraryPath "dynamic_library_path" = string("$libdir"), Superuser, ClientOtherDefaults, flag::SUPERUSER_ONLY, "Where loadable modules are looked for";
    DynamicSharedMemoryType "dynamic_shared_memory_type" = choice_of(DYNAMIC_SHARED_MEMORY, "posix"), Postmaster, ResourceMemory, 0, "Kind of dynamic shared memory; accepted, one process needs none";
    EffectiveCacheSize "effective_cache_size" = integer(524288, 1, 2147483647, Unit::Blocks), User, PlannerCostConstants, flag::EXPLAIN, "Planner's idea of how much of the data is cached in all";
    EffectiveIoConcurrency "effective_io_concurrency" = integer(1, 0, 1000, Unit::None), User, ResourceAsynchronousBehavior, flag::EXPLAIN, "Reads that the storage serves well at the same time";
    EnableAsyncAppend "enable_async_append" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use asynchronous append";
    EnableBitmapscan "enable_bitmapscan" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use bitmap scans";
    EnableGathermerge "enable_gathermerge" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use gather merge";
    EnableHashagg "enable_hashagg" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use hashed aggregation";
    EnableHashjoin "enable_hashjoin" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use hash joins";
    EnableIncrementalSort "enable_incremental_sort" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use incremental sorts";
    EnableIndexonlyscan "enable_indexonlyscan" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use index-only scans";
    EnableIndexscan "enable_indexscan" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use index scans";
    EnableMaterial "enable_material" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner materialize inputs";
    EnableMemoize "enable_memoize" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner cache inner results of nested loops";
    EnableMergejoin "enable_mergejoin" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use merge joins";
    EnableNestloop "enable_nestloop" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use nested loops";
    EnableParallelAppend "enable_parallel_append" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use parallel append";
    EnableParallelHash "enable_parallel_hash" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use parallel hash joins";
    EnablePartitionPruning "enable_partition_pruning" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Leaves out partitions while planning and executing";
    EnablePartitionwiseAggregate "enable_partitionwise_aggregate" = boolean(false), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner aggregate partition by partition";
    EnablePartitionwiseJoin "enable_partitionwise_join" = boolean(false), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner join partition by partition";
    EnableSeqscan "enable_seqscan" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use sequential scans";
    EnableSort "enable_sort" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use sorts";
    EnableThreadPool "enable_thread_pool" = boolean(true), Postmaster, ConnectionSettings, 0, "Serves sessions from the thread pool instead of a thread for each";
    EnableTidscan "enable_tidscan" = boolean(true), User, PlannerMethodConfiguration, flag::EXPLAIN, "Lets the planner use TID scans";
    EscapeStringWarning "escape_string_warning" = boolean(true), User, CompatibilityPreviousVersions, 0, "Warns about backslashes in ordinary string literals";
    EventSource "event_source" = string("PostgreSQL"), Postmaster, LoggingWhereToLog, 0, "Name in the Windows event log";
    ExitOnError "exit_on_error" = boolean(false), User, ErrorHandling, 0, "Ends the session at any error";
    ExternalPidFile "external_pid_file" = string(""), Postmaster, FileLocations, flag::SUPERUSER_ONLY, "A further file that the postmaster writes its process id to";
    ExtraFloatDigits "extra_float_digits" = integer(1, -15, 3, Unit::None), User, ClientLocaleAndFormatting, 0, "Digits of floating-point output; above 0 the shortest exact form";
    FaultHooks "fault_hooks" = boolean(false), Postmaster, DeveloperOptions, flag::NOT_IN_SAMPLE, "Lets superusers make a role fail on purpose, for tests";
    ForceParallelMode "force_parallel_mode" = choice_of(FORCE_PARALLEL_MODE, "off"), User, DeveloperOptions, flag::EXPLAIN | flag::NOT_IN_SAMPLE, "Uses parallel plans even where they do not pay, for tests";
    FromCollapseLimit "from_collapse_limit" = integer(8, 1, 2147483647, Unit::None), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "FROM-list length up to which sub-queries are merged in";
    Fsync "fsync" = boolean(true), Sighup, WalSettings, 0, "Makes sure that changes reach the disk";
    FullPageWrites "full_page_writes" = boolean(true), Sighup, WalSettings, 0, "Writes a page whole to WAL at its first change after a checkpoint";
    Geqo "geqo" = boolean(true), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Lets the planner use genetic search";
    GeqoEffort "geqo_effort" = integer(5, 1, 10, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Effort from which the other genetic settings are derived";
    GeqoGenerations "geqo_generations" = integer(0, 0, 2147483647, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Generations of the genetic search, 0 for a fitting number";
    GeqoPoolSize "geqo_pool_size" = integer(0, 0, 2147483647, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Population of the genetic search, 0 for a fitting number";
    GeqoSeed "geqo_seed" = real(0.0, 0.0, 1.0, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Seed of the genetic search";
    GeqoSelectionBias "geqo_selection_bias" = real(2.0, 1.5, 2.0, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "Selective pressure of the genetic search";
    GeqoThreshold "geqo_threshold" = integer(12, 2, 2147483647, Unit::None), User, PlannerGeneticQueryOptimizer, flag::EXPLAIN, "FROM-list length from which genetic search is used";
    GinFuzzySearchLimit "gin_fuzzy_search_limit" = integer(0, 0, 2147483647, Unit::None), User, ClientOtherDefaults, 0, "Soft limit on the rows of a GIN search";
    GinPendingListLimit "gin_pending_list_limit" = integer(4096, 64, 2147483647, Unit::Kilobytes), User, ClientStatementBehavior, 0, "Most memory of a GIN index's pending list";
    HashMemMultiplier "hash_mem_multiplier" = real(2.0, 1.0, 1000.0, Unit::None), User, ResourceMemory, flag::EXPLAIN, "Memory of hash tables as a multiple of work_mem";
    HbaFile "hba_file" = string(""), Postmaster, FileLocations, flag::SUPERUSER_ONLY, "File of host-based authentication rules";
    HotStandby "hot_standby" = boolean(true), Postmaster, ReplicationStandbyServers, 0, "Lets clients query while the server is in recovery";
    HotStandbyFeedback "hot_standby_feedback" = boolean(false), Sighup, ReplicationStandbyServers, 0, "Lets a standby hold back the primary's vacuum";
    HugePageSize "huge_page_size" = integer(0, 0, 2147483647, Unit::Kilobytes), Postmaster, ResourceMemory, 0, "Size of the huge pages that are asked for";
    HugePages "huge_pages" = choice_of(HUGE_PAGES, "try"), Postmaster, ResourceMemory, 0, "Whether the shared region uses huge pages";
    IdentFile "ident_file" = string(""), Postmaster, FileLocations, flag::SUPERUSER_ONLY, "File of user name maps";
    IdleInTransactionSessionTimeout "idle_in_transaction_session_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ClientStatementBehavior, 0, "Longest time that a session may idle inside a transaction";
    IdleSessionTimeout "idle_session_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ClientStatementBehavior, 0, "Longest time that a session may idle outside a transaction";
    IgnoreChecksumFailure "ignore_checksum_failure" = boolean(false), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Goes on after a checksum failure";
    IgnoreInvalidPages "ignore_invalid_pages" = boolean(false), Postmaster, DeveloperOptions, flag::NOT_IN_SAMPLE, "Lets recovery go on after a reference to an invalid page";
    IgnoreSystemIndexes "ignore_system_indexes" = boolean(false), Backend, DeveloperOptions, flag::NOT_IN_SAMPLE, "Reads system catalogs without their indexes";
    InHotStandby "in_hot_standby" = boolean(false), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::REPORT, "Whether the server is a hot standby";
    IntegerDatetimes "integer_datetimes" = boolean(true), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::REPORT, "Whether time stamps are stored as integers";
    IntervalStyle "IntervalStyle" = choice_of(INTERVALSTYLE, "postgres"), User, ClientLocaleAndFormatting, flag::REPORT, "How intervals are printed";
    IsSuperuser "is_superuser" = boolean(false), Internal, Ungrouped, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_RESET_ALL | flag::NO_SHOW_ALL | flag::REPORT, "Whether the current user is a superuser";
    Jit "jit" = boolean(true), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "Lets expressions be compiled to machine code";
    JitAboveCost "jit_above_cost" = real(100000.0, -1.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Plan cost from which expressions are compiled";
    JitDebuggingSupport "jit_debugging_support" = boolean(false), SuperuserBackend, DeveloperOptions, flag::NOT_IN_SAMPLE, "Tells the debugger about compiled functions";
    JitDumpBitcode "jit_dump_bitcode" = boolean(false), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Writes the compiler's bitcode to files";
    JitExpressions "jit_expressions" = boolean(true), User, DeveloperOptions, flag::NOT_IN_SAMPLE, "Compiles expressions";
    JitInlineAboveCost "jit_inline_above_cost" = real(500000.0, -1.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Plan cost from which compiled code is inlined";
    JitOptimizeAboveCost "jit_optimize_above_cost" = real(500000.0, -1.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Plan cost from which compiled code is optimized";
    JitProfilingSupport "jit_profiling_support" = boolean(false), SuperuserBackend, DeveloperOptions, flag::NOT_IN_SAMPLE, "Tells the profiler about compiled functions";
    JitProvider "jit_provider" = string("llvmjit"), Postmaster, ClientSharedLibraryPreloading, flag::SUPERUSER_ONLY, "The compiler to use";
    JitTupleDeforming "jit_tuple_deforming" = boolean(true), User, DeveloperOptions, flag::NOT_IN_SAMPLE, "Compiles the taking apart of rows";
    JoinCollapseLimit "join_collapse_limit" = integer(8, 1, 2147483647, Unit::None), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "FROM-list length up to which JOINs are flattened";
    KrbCaseinsUsers "krb_caseins_users" = boolean(false), Sighup, ConnectionAuthentication, 0, "Compares Kerberos user names without case";
    KrbServerKeyfile "krb_server_keyfile" = string(""), Sighup, ConnectionAuthentication, flag::SUPERUSER_ONLY, "The server's Kerberos key file";
    LcCollate "lc_collate" = string("C"), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Collation locale of the database";
    LcCtype "lc_ctype" = string("C"), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Character classification locale of the database";
    LcMessages "lc_messages" = string(""), Superuser, ClientLocaleAndFormatting, 0, "Language of messages";
    LcMonetary "lc_monetary" = string("C"), User, ClientLocaleAndFormatting, 0, "Locale of money amounts";
    LcNumeric "lc_numeric" = string("C"), User, ClientLocaleAndFormatting, 0, "Locale of numbers";
    LcTime "lc_time" = string("C"), User, ClientLocaleAndFormatting, 0, "Locale of dates and times";
    ListenAddresses "listen_addresses" = string("localhost"), Postmaster, ConnectionSettings, flag::LIST, "Host names or addresses to listen on";
    LoCompatPrivileges "lo_compat_privileges" = boolean(false), Superuser, CompatibilityPreviousVersions, 0, "Skips privilege checks on large objects";
    LocalPreloadLibraries "local_preload_libraries" = string(""), User, ClientSharedLibraryPreloading, flag::LIST | flag::LIST_QUOTE, "Unprivileged libraries loaded into each session";
    LockTimeout "lock_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ClientStatementBehavior, 0, "Longest wait for a lock";
    LogAutovacuumMinDuration "log_autovacuum_min_duration" = integer(600000, -1, 2147483647, Unit::Milliseconds), Sighup, LoggingWhatToLog, 0, "Run time from which an autovacuum action is logged, -1 for never";
    LogCheckpoints "log_checkpoints" = boolean(true), Sighup, LoggingWhatToLog, 0, "Logs each checkpoint";
    LogConnections "log_connections" = boolean(false), SuperuserBackend, LoggingWhatToLog, 0, "Logs each successful connection";
    LogDestination "log_destination" = string("stderr"), Sighup, LoggingWhereToLog, flag::LIST, "Where the server log goes";
    LogDirectory "log_directory" = string("log"), Sighup, LoggingWhereToLog, flag::SUPERUSER_ONLY, "Directory of the log files";
    LogDisconnections "log_disconnections" = boolean(false), SuperuserBackend, LoggingWhatToLog, 0, "Logs the end of each session with its duration";
    LogDuration "log_duration" = boolean(false), Superuser, LoggingWhatToLog, 0, "Logs the duration of each completed statement";
    LogErrorVerbosity "log_error_verbosity" = choice_of(LOG_ERROR_VERBOSITY, "default"), Superuser, LoggingWhatToLog, 0, "How much of an error is logged";
    LogExecutorStats "log_executor_stats" = boolean(false), Superuser, StatisticsMonitoring, 0, "Logs the executor's resource use";
    LogFileMode "log_file_mode" = integer(384, 0, 511, Unit::None), Sighup, LoggingWhereToLog, 0, "Permissions of the log files";
    LogFilename "log_filename" = string("postgresql-%Y-%m-%d_%H%M%S.log"), Sighup, LoggingWhereToLog, flag::SUPERUSER_ONLY, "Pattern of the log files' names";
    LogHostname "log_hostname" = boolean(false), Sighup, LoggingWhatToLog, 0, "Logs client host names beside addresses";
    LogLinePrefix "log_line_prefix" = string("%m [%p] "), Sighup, LoggingWhatToLog, 0, "What stands before each log line";
    LogLockWaits "log_lock_waits" = boolean(false), Superuser, LoggingWhatToLog, 0, "Logs lock waits longer than deadlock_timeout";
    LogMinDurationSample "log_min_duration_sample" = integer(-1, -1, 2147483647, Unit::Milliseconds), Superuser, LoggingWhenToLog, 0, "Run time from which a sample of statements is logged, -1 for none";
    LogMinDurationStatement "log_min_duration_statement" = integer(-1, -1, 2147483647, Unit::Milliseconds), Superuser, LoggingWhenToLog, 0, "Run time from which all statements are logged, -1 for none";
    LogMinErrorStatement "log_min_error_statement" = choice_of(SERVER_MESSAGE_LEVEL, "error"), Superuser, LoggingWhenToLog, 0, "Least severe error whose statement is logged";
    LogMinMessages "log_min_messages" = choice_of(SERVER_MESSAGE_LEVEL, "warning"), Superuser, LoggingWhenToLog, 0, "Least severe message that is logged";
    LogParameterMaxLength "log_parameter_max_length" = integer(-1, -1, 1073741823, Unit::Bytes), Superuser, LoggingWhatToLog, 0, "Bytes of a bind parameter that are logged with a statement";
    LogParameterMaxLengthOnError "log_parameter_max_length_on_error" = integer(0, -1, 1073741823, Unit::Bytes), User, LoggingWhatToLog, 0, "Bytes of a bind parameter that are logged with an error";
    LogParserStats "log_parser_stats" = boolean(false), Superuser, StatisticsMonitoring, 0, "Logs the parser's resource use";
    LogPlannerStats "log_planner_stats" = boolean(false), Superuser, StatisticsMonitoring, 0, "Logs the planner's resource use";
    LogRecoveryConflictWaits "log_recovery_conflict_waits" = boolean(false), Sighup, LoggingWhatToLog, 0, "Logs long waits of a standby for conflicting queries";
    LogReplicationCommands "log_replication_commands" = boolean(false), Superuser, LoggingWhatToLog, 0, "Logs each replication command";
    LogRotationAge "log_rotation_age" = integer(1440, 0, 35791394, Unit::Minutes), Sighup, LoggingWhereToLog, 0, "Age at which a log file is rotated";
    LogRotationSize "log_rotation_size" = integer(10240, 0, 2097151, Unit::Kilobytes), Sighup, LoggingWhereToLog, 0, "Size at which a log file is rotated";
    LogStartupProgressInterval "log_startup_progress_interval" = integer(10000, 0, 2147483647, Unit::Milliseconds), Sighup, LoggingWhenToLog, 0, "Time between progress messages of a long start";
    LogStatement "log_statement" = choice_of(LOG_STATEMENT, "none"), Superuser, LoggingWhatToLog, 0, "Kinds of statement that are logged";
    LogStatementSampleRate "log_statement_sample_rate" = real(1.0, 0.0, 1.0, Unit::None), Superuser, LoggingWhenToLog, 0, "Share of slow statements that is logged as a sample";
    LogStatementStats "log_statement_stats" = boolean(false), Superuser, StatisticsMonitoring, 0, "Logs each statement's resource use";
    LogTempFiles "log_temp_files" = integer(-1, -1, 2147483647, Unit::Kilobytes), Superuser, LoggingWhatToLog, 0, "Size from which temporary files are logged, -1 for none";
    LogTimezone "log_timezone" = string("GMT"), Sighup, LoggingWhatToLog, 0, "Time zone of the log's time stamps";
    LogTransactionSampleRate "log_transaction_sample_rate" = real(0.0, 0.0, 1.0, Unit::None), Superuser, LoggingWhenToLog, 0, "Share of transactions whose statements are all logged";
    LogTruncateOnRotation "log_truncate_on_rotation" = boolean(false), Sighup, LoggingWhereToLog, 0, "Empties an existing file of the same name at time-based rotation";
    LoggingCollector "logging_collector" = boolean(false), Postmaster, LoggingWhereToLog, 0, "Collects the log of all threads into files";
    LogicalDecodingWorkMem "logical_decoding_work_mem" = integer(65536, 64, 2147483647, Unit::Kilobytes), User, ResourceMemory, 0, "Memory of one logical decoding";
    MaintenanceIoConcurrency "maintenance_io_concurrency" = integer(10, 0, 1000, Unit::None), User, ResourceAsynchronousBehavior, flag::EXPLAIN, "As effective_io_concurrency, for maintenance";
    MaintenanceWorkMem "maintenance_work_mem" = integer(65536, 1024, 2147483647, Unit::Kilobytes), User, ResourceMemory, 0, "Memory of one maintenance operation";
    MaxConnections "max_connections" = integer(100, 1, 262143, Unit::None), Postmaster, ConnectionSettings, 0, "Most client connections at one time";
    MaxFilesPerProcess "max_files_per_process" = integer(1000, 64, 2147483647, Unit::None), Postmaster, ResourceKernelResources, 0, "Most files that the server keeps open";
    MaxFunctionArgs "max_function_args" = integer(100, 100, 100, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Most arguments of a function";
    MaxIdentifierLength "max_identifier_length" = integer(63, 63, 63, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Longest identifier in bytes";
    MaxIndexKeys "max_index_keys" = integer(32, 32, 32, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Most columns of an index key";
    MaxLocksPerTransaction "max_locks_per_transaction" = integer(64, 10, 2147483647, Unit::None), Postmaster, LockManagement, 0, "Average number of object locks for each transaction";
    MaxLogicalReplicationWorkers "max_logical_replication_workers" = integer(4, 0, 262143, Unit::None), Postmaster, ReplicationSubscribers, 0, "Most logical replication workers";
    MaxParallelMaintenanceWorkers "max_parallel_maintenance_workers" = integer(2, 0, 1024, Unit::None), User, ResourceAsynchronousBehavior, 0, "Most parallel workers of a maintenance operation";
    MaxParallelWorkers "max_parallel_workers" = integer(8, 0, 1024, Unit::None), User, ResourceAsynchronousBehavior, flag::EXPLAIN, "Most parallel workers at one time";
    MaxParallelWorkersPerGather "max_parallel_workers_per_gather" = integer(2, 0, 1024, Unit::None), User, ResourceAsynchronousBehavior, flag::EXPLAIN, "Most parallel workers of one executor node";
    MaxPredLocksPerPage "max_pred_locks_per_page" = integer(2, 0, 2147483647, Unit::None), Sighup, LockManagement, 0, "Most predicate-locked rows of a page";
    MaxPredLocksPerRelation "max_pred_locks_per_relation" = integer(-2, -2147483648, 2147483647, Unit::None), Sighup, LockManagement, 0, "Most predicate-locked pages and rows of a relation";
    MaxPredLocksPerTransaction "max_pred_locks_per_transaction" = integer(64, 10, 2147483647, Unit::None), Postmaster, LockManagement, 0, "Average number of predicate locks for each transaction";
    MaxPreparedTransactions "max_prepared_transactions" = integer(0, 0, 262143, Unit::None), Postmaster, ResourceMemory, 0, "Most transactions that are prepared at one time";
    MaxReplicationSlots "max_replication_slots" = integer(10, 0, 262143, Unit::None), Postmaster, ReplicationSendingServers, 0, "Most replication slots";
    MaxSlotWalKeepSize "max_slot_wal_keep_size" = integer(-1, -1, 2147483647, Unit::Megabytes), Sighup, ReplicationSendingServers, 0, "Most WAL kept for replication slots";
    MaxStackDepth "max_stack_depth" = integer(100, 100, 2147483647, Unit::Kilobytes), Superuser, ResourceMemory, 0, "Deepest stack in bytes";
    MaxStandbyArchiveDelay "max_standby_archive_delay" = integer(30000, -1, 2147483647, Unit::Milliseconds), Sighup, ReplicationStandbyServers, 0, "Longest wait for queries that conflict with archived WAL";
    MaxStandbyStreamingDelay "max_standby_streaming_delay" = integer(30000, -1, 2147483647, Unit::Milliseconds), Sighup, ReplicationStandbyServers, 0, "Longest wait for queries that conflict with streamed WAL";
    MaxSyncWorkersPerSubscription "max_sync_workers_per_subscription" = integer(2, 0, 262143, Unit::None), Sighup, ReplicationSubscribers, 0, "Most table synchronization workers of a subscription";
    MaxWalSenders "max_wal_senders" = integer(10, 0, 262143, Unit::None), Postmaster, ReplicationSendingServers, 0, "Most WAL senders at one time";
    MaxWalSize "max_wal_size" = integer(1024, 2, 2147483647, Unit::Megabytes), Sighup, WalCheckpoints, 0, "WAL volume that sets off a checkpoint";
    MaxWorkerProcesses "max_worker_processes" = integer(8, 0, 262143, Unit::None), Postmaster, ResourceAsynchronousBehavior, 0, "Most background workers at one time";
    MinDynamicSharedMemory "min_dynamic_shared_memory" = integer(0, 0, 2147483647, Unit::Megabytes), Postmaster, ResourceMemory, 0, "Dynamic shared memory reserved at start";
    MinParallelIndexScanSize "min_parallel_index_scan_size" = integer(64, 0, 715827882, Unit::Blocks), User, PlannerCostConstants, flag::EXPLAIN, "Index size from which a scan may be parallel";
    MinParallelTableScanSize "min_parallel_table_scan_size" = integer(1024, 0, 715827882, Unit::Blocks), User, PlannerCostConstants, flag::EXPLAIN, "Table size from which a scan may be parallel";
    MinWalSize "min_wal_size" = integer(80, 2, 2147483647, Unit::Megabytes), Sighup, WalCheckpoints, 0, "Size down to which WAL is recycled rather than removed";
    OldSnapshotThreshold "old_snapshot_threshold" = integer(-1, -1, 86400, Unit::Minutes), Postmaster, ResourceAsynchronousBehavior, 0, "Age at which a snapshot may lose rows, -1 for never";
    ParallelLeaderParticipation "parallel_leader_participation" = boolean(true), User, ResourceAsynchronousBehavior, flag::EXPLAIN, "Lets the leader of a parallel query run the plan too";
    ParallelSetupCost "parallel_setup_cost" = real(1000.0, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for starting parallel workers";
    ParallelTupleCost "parallel_tuple_cost" = real(0.1, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for passing one row between workers";
    PasswordEncryption "password_encryption" = choice_of(PASSWORD_ENCRYPTION, "scram-sha-256"), User, ConnectionAuthentication, 0, "How new passwords are stored";
    PlanCacheMode "plan_cache_mode" = choice_of(PLAN_CACHE_MODE, "auto"), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "Whether prepared statements use generic or custom plans";
    PoolMaxWorkers "pool_max_workers" = integer(0, 0, 4096, Unit::None), Superuser, ConnectionSettings, 0, "Most workers that serve sessions of one role in one database at a time, 0 for no limit";
    PoolQueueNotice "pool_queue_notice" = integer(5000, 0, 2147483647, Unit::Milliseconds), User, ConnectionSettings, 0, "Time after which a client is told that its statement waits for a worker, 0 for never";
    PoolQueueTimeout "pool_queue_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ConnectionSettings, 0, "Longest time that a statement may wait for a worker, 0 for any";
    PoolSpin "pool_spin" = integer(50, 0, 10000, Unit::None), Sighup, ConnectionSettings, 0, "Microseconds for which one idle worker looks for work before it sleeps";
    PoolThreadsMax "pool_threads_max" = integer(0, 0, 262143, Unit::None), Postmaster, ConnectionSettings, 0, "Most threads of the pool, those included whose statements wait; 0 for as many as there may be connections";
    PoolWeight "pool_weight" = integer(100, 1, 10000, Unit::None), Superuser, ConnectionSettings, 0, "Share of the pool that sessions of one role in one database have while others wait";
    PoolWorkerIdleTimeout "pool_worker_idle_timeout" = integer(60000, 0, 2147483647, Unit::Milliseconds), Sighup, ConnectionSettings, 0, "Time after which a worker ends that there was no use for";
    Port "port" = integer(5432, 1, 65535, Unit::None), Postmaster, ConnectionSettings, 0, "TCP port to listen on";
    PostAuthDelay "post_auth_delay" = integer(0, 0, 2147, Unit::Seconds), Backend, DeveloperOptions, flag::NOT_IN_SAMPLE, "Seconds to wait after authentication, for debuggers";
    PreAuthDelay "pre_auth_delay" = integer(0, 0, 60, Unit::Seconds), Sighup, DeveloperOptions, flag::NOT_IN_SAMPLE, "Seconds to wait before authentication, for debuggers";
    PrimaryConninfo "primary_conninfo" = string(""), Sighup, ReplicationStandbyServers, flag::SUPERUSER_ONLY, "How a standby connects to its primary";
    PrimarySlotName "primary_slot_name" = string(""), Sighup, ReplicationStandbyServers, 0, "Replication slot of a standby on its primary";
    PromoteTriggerFile "promote_trigger_file" = string(""), Sighup, ReplicationStandbyServers, 0, "File whose appearance ends recovery";
    QuoteAllIdentifiers "quote_all_identifiers" = boolean(false), User, CompatibilityPreviousVersions, 0, "Quotes every identifier in generated SQL";
    RandomPageCost "random_page_cost" = real(4.0, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for reading a page out of order";
    RecoveryEndCommand "recovery_end_command" = string(""), Sighup, WalArchiveRecovery, 0, "Shell command run once when recovery ends";
    RecoveryInitSyncMethod "recovery_init_sync_method" = choice_of(RECOVERY_INIT_SYNC_METHOD, "fsync"), Sighup, ErrorHandling, 0, "How the data directory is synchronized before crash recovery";
    RecoveryMaxWorkers "recovery_max_workers" = integer(4, 0, 64, Unit::None), Postmaster, WalRecovery, 0, "Threads that redo pages during recovery beside the one that reads WAL; never more than processors";
    RecoveryMinApplyDelay "recovery_min_apply_delay" = integer(0, 0, 2147483647, Unit::Milliseconds), Sighup, ReplicationStandbyServers, 0, "Least delay with which a standby applies changes";
    RecoveryPrefetch "recovery_prefetch" = choice_of(RECOVERY_PREFETCH, "try"), Sighup, WalRecovery, 0, "Whether recovery reads referenced blocks ahead";
    RecoveryTarget "recovery_target" = string(""), Postmaster, WalRecoveryTarget, 0, "Ends recovery as soon as a consistent state is reached";
    RecoveryTargetAction "recovery_target_action" = choice_of(RECOVERY_TARGET_ACTION, "pause"), Postmaster, WalRecoveryTarget, 0, "What happens at the recovery target";
    RecoveryTargetInclusive "recovery_target_inclusive" = boolean(true), Postmaster, WalRecoveryTarget, 0, "Whether the recovery target itself is applied";
    RecoveryTargetLsn "recovery_target_lsn" = string(""), Postmaster, WalRecoveryTarget, 0, "WAL position up to which recovery goes";
    RecoveryTargetName "recovery_target_name" = string(""), Postmaster, WalRecoveryTarget, 0, "Named restore point up to which recovery goes";
    RecoveryTargetTime "recovery_target_time" = string(""), Postmaster, WalRecoveryTarget, 0, "Time up to which recovery goes";
    RecoveryTargetTimeline "recovery_target_timeline" = string("latest"), Postmaster, WalRecoveryTarget, 0, "Timeline that recovery follows";
    RecoveryTargetXid "recovery_target_xid" = string(""), Postmaster, WalRecoveryTarget, 0, "Transaction up to which recovery goes";
    RecursiveWorktableFactor "recursive_worktable_factor" = real(10.0, 0.001, 1000000.0, Unit::None), User, PlannerOtherPlannerOptions, flag::EXPLAIN, "Planner's estimate of a recursive query's working table";
    RemoveTempFilesAfterCrash "remove_temp_files_after_crash" = boolean(true), Sighup, DeveloperOptions, flag::NOT_IN_SAMPLE, "Removes temporary files after a session's crash";
    RestartAfterCrash "restart_after_crash" = boolean(true), Sighup, ErrorHandling, 0, "Reinitializes the server after a session's crash";
    RestoreCommand "restore_command" = string(""), Sighup, WalArchiveRecovery, 0, "Shell command that fetches one archived WAL file";
    RestrictNonsystemRelationKind "restrict_nonsystem_relation_kind" = string(""), User, ClientStatementBehavior, flag::LIST | flag::NOT_IN_SAMPLE, "Kinds of user relations that may not be accessed";
    Role "role" = string("none"), User, Ungrouped, flag::NOT_IN_FILE | flag::NAME | flag::NOT_IN_SAMPLE | flag::NOT_WHILE_RESTRICTED | flag::NO_RESET_ALL | flag::NO_SHOW_ALL, "The current role";
    RowSecurity "row_security" = boolean(true), User, ClientStatementBehavior, 0, "Applies row security policies";
    SearchPath "search_path" = string("\"$user\", public"), User, ClientStatementBehavior, flag::EXPLAIN | flag::LIST | flag::LIST_QUOTE, "Schemas in which unqualified names are looked for";
    Seed "seed" = real(0.0, -1.0, 1.0, Unit::None), User, Ungrouped, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_RESET_ALL | flag::NO_SHOW_ALL, "Seed of random()";
    SegmentSize "segment_size" = integer(131072, 131072, 131072, Unit::Blocks), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Pages in one file of a relation";
    SeqPageCost "seq_page_cost" = real(1.0, 0.0, f64::MAX, Unit::None), User, PlannerCostConstants, flag::EXPLAIN, "Planner's estimate for reading a page in order";
    ServerEncoding "server_encoding" = string("SQL_ASCII"), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NAME | flag::NOT_IN_SAMPLE | flag::REPORT, "Encoding of the database";
    ServerVersion "server_version" = string(SERVER_VERSION), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::REPORT, "The server's version";
    ServerVersionNum "server_version_num" = integer(150018, 150018, 150018, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "The server's version as a number";
    SessionAuthorization "session_authorization" = string(""), User, Ungrouped, flag::NOT_IN_FILE | flag::NAME | flag::NOT_IN_SAMPLE | flag::NOT_WHILE_RESTRICTED | flag::NO_RESET_ALL | flag::NO_SHOW_ALL | flag::REPORT, "The session's user";
    SessionMemoryLimit "session_memory_limit" = integer(-1, -1, 2147483647, Unit::Kilobytes), Superuser, ResourceMemory, 0, "Most memory that a session may hold, -1 for any";
    SessionPreloadLibraries "session_preload_libraries" = string(""), Superuser, ClientSharedLibraryPreloading, flag::LIST | flag::LIST_QUOTE | flag::SUPERUSER_ONLY, "Libraries loaded into each session";
    SessionReplicationRole "session_replication_role" = choice_of(SESSION_REPLICATION_ROLE, "origin"), Superuser, ClientStatementBehavior, 0, "Which triggers and rules fire in this session";
    SharedBuffers "shared_buffers" = integer(16384, 16, 1073741823, Unit::Blocks), Postmaster, ResourceMemory, 0, "Memory of the buffer pool";
    SharedMemorySize "shared_memory_size" = integer(0, 0, 2147483647, Unit::Megabytes), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::RUNTIME_COMPUTED, "Size of the shared region";
    SharedMemorySizeInHugePages "shared_memory_size_in_huge_pages" = integer(-1, -1, 2147483647, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::RUNTIME_COMPUTED, "Huge pages that the shared region needs, -1 if they are not supported";
    SharedMemoryType "shared_memory_type" = choice_of(SHARED_MEMORY, "mmap"), Postmaster, ResourceMemory, 0, "Kind of shared memory of the shared region";
    SharedPreloadLibraries "shared_preload_libraries" = string(""), Postmaster, ClientSharedLibraryPreloading, flag::LIST | flag::LIST_QUOTE | flag::SUPERUSER_ONLY, "Libraries loaded at server start";
    Ssl "ssl" = boolean(false), Sighup, ConnectionTls, 0, "Accepts encrypted connections";
    SslCaFile "ssl_ca_file" = string(""), Sighup, ConnectionTls, 0, "Certificates of the authorities that clients are checked against";
    SslCertFile "ssl_cert_file" = string("server.crt"), Sighup, ConnectionTls, 0, "The server's certificate";
    SslCiphers "ssl_ciphers" = string("HIGH:MEDIUM:+3DES:!aNULL"), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "Ciphers for encrypted connections";
    SslCrlDir "ssl_crl_dir" = string(""), Sighup, ConnectionTls, 0, "Directory of revoked certificates";
    SslCrlFile "ssl_crl_file" = string(""), Sighup, ConnectionTls, 0, "File of revoked certificates";
    SslDhParamsFile "ssl_dh_params_file" = string(""), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "File of Diffie-Hellman parameters";
    SslEcdhCurve "ssl_ecdh_curve" = string("prime256v1"), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "Curve for elliptic-curve key exchange";
    SslKeyFile "ssl_key_file" = string("server.key"), Sighup, ConnectionTls, 0, "The server's private key";
    SslLibrary "ssl_library" = string(""), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Library that encrypts connections";
    SslMaxProtocolVersion "ssl_max_protocol_version" = choice_of(SSL_PROTOCOL_VERSIONS_INFO, ""), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "Highest TLS version";
    SslMinProtocolVersion "ssl_min_protocol_version" = choice_of(SSL_PROTOCOL_VERSIONS_INFO_MIN, "TLSv1.2"), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "Lowest TLS version";
    SslPassphraseCommand "ssl_passphrase_command" = string(""), Sighup, ConnectionTls, flag::SUPERUSER_ONLY, "Command that prints the private key's passphrase";
    SslPassphraseCommandSupportsReload "ssl_passphrase_command_supports_reload" = boolean(false), Sighup, ConnectionTls, 0, "Uses the passphrase command when settings are reloaded too";
    SslPreferServerCiphers "ssl_prefer_server_ciphers" = boolean(true), Sighup, ConnectionTls, 0, "Prefers the server's order of ciphers";
    SslRenegotiationLimit "ssl_renegotiation_limit" = integer(0, 0, 0, Unit::Kilobytes), User, CompatibilityPreviousVersions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_SHOW_ALL, "Kept for old clients; must be 0";
    StandardConformingStrings "standard_conforming_strings" = boolean(true), User, CompatibilityPreviousVersions, flag::REPORT, "Takes backslashes in ordinary string literals as they are";
    StatementTimeout "statement_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ClientStatementBehavior, 0, "Longest run time of a statement";
    StatsFetchConsistency "stats_fetch_consistency" = choice_of(STATS_FETCH_CONSISTENCY, "cache"), User, StatisticsCumulativeQueryAndIndexStatistics, 0, "How consistent statistics are within a transaction";
    SuperuserReservedConnections "superuser_reserved_connections" = integer(3, 0, 262143, Unit::None), Postmaster, ConnectionSettings, 0, "Connections kept for superusers";
    SynchronizeSeqscans "synchronize_seqscans" = boolean(true), User, CompatibilityPreviousVersions, 0, "Lets concurrent sequential scans share their reading";
    SynchronousCommit "synchronous_commit" = choice_of(SYNCHRONOUS_COMMIT, "on"), User, WalSettings, 0, "What a commit waits for";
    SynchronousStandbyNames "synchronous_standby_names" = string(""), Sighup, ReplicationPrimaryServer, flag::LIST, "Standbys that commits wait for";
    SyslogFacility "syslog_facility" = choice_of(SYSLOG_FACILITY, "local0"), Sighup, LoggingWhereToLog, 0, "Facility of messages to syslog";
    SyslogIdent "syslog_ident" = string("postgres"), Sighup, LoggingWhereToLog, 0, "Program name of messages to syslog";
    SyslogSequenceNumbers "syslog_sequence_numbers" = boolean(true), Sighup, LoggingWhereToLog, 0, "Numbers messages to syslog so that repeats are kept";
    SyslogSplitMessages "syslog_split_messages" = boolean(true), Sighup, LoggingWhereToLog, 0, "Splits long messages to syslog";
    TcpKeepalivesCount "tcp_keepalives_count" = integer(0, 0, 2147483647, Unit::None), User, ConnectionSettings, 0, "Lost keepalives after which a connection is given up";
    TcpKeepalivesIdle "tcp_keepalives_idle" = integer(0, 0, 2147483647, Unit::Seconds), User, ConnectionSettings, 0, "Idle time before the first keepalive";
    TcpKeepalivesInterval "tcp_keepalives_interval" = integer(0, 0, 2147483647, Unit::Seconds), User, ConnectionSettings, 0, "Time between keepalives";
    TcpUserTimeout "tcp_user_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ConnectionSettings, 0, "Longest time that sent data may stay unacknowledged";
    TempBuffers "temp_buffers" = integer(1024, 100, 1073741823, Unit::Blocks), User, ResourceMemory, flag::EXPLAIN, "Most memory for pages of temporary tables in a session";
    TempFileLimit "temp_file_limit" = integer(-1, -1, 2147483647, Unit::Kilobytes), Superuser, ResourceDisk, 0, "Most disk space for temporary files of a session";
    TempTablespaces "temp_tablespaces" = string(""), User, ClientStatementBehavior, flag::LIST | flag::LIST_QUOTE, "Tablespaces of temporary tables and files";
    ThreadPoolAttr "thread_pool_attr" = string(""), Postmaster, ConnectionSettings, 0, "Thread pool as \"workers, groups, (binding)\"";
    TimeZone "TimeZone" = string("GMT"), User, ClientLocaleAndFormatting, flag::REPORT, "Time zone in which time stamps are read and printed";
    TimezoneAbbreviations "timezone_abbreviations" = string(""), User, ClientLocaleAndFormatting, 0, "File of time zone abbreviations";
    TraceNotify "trace_notify" = boolean(false), User, DeveloperOptions, flag::NOT_IN_SAMPLE, "Traces LISTEN and NOTIFY";
    TraceRecoveryMessages "trace_recovery_messages" = choice_of(CLIENT_MESSAGE_LEVEL, "log"), Sighup, DeveloperOptions, flag::NOT_IN_SAMPLE, "Logs more about recovery";
    TraceSort "trace_sort" = boolean(false), User, DeveloperOptions, flag::NOT_IN_SAMPLE, "Logs what sorts do";
    TrackActivities "track_activities" = boolean(true), Superuser, StatisticsCumulativeQueryAndIndexStatistics, 0, "Shows what each session is running";
    TrackActivityQuerySize "track_activity_query_size" = integer(1024, 100, 1048576, Unit::Bytes), Postmaster, StatisticsCumulativeQueryAndIndexStatistics, 0, "Bytes of a running statement's text that are kept";
    TrackCommitTimestamp "track_commit_timestamp" = boolean(false), Postmaster, ReplicationSendingServers, 0, "Records the time of each commit";
    TrackCounts "track_counts" = boolean(true), Superuser, StatisticsCumulativeQueryAndIndexStatistics, 0, "Counts reads and changes of tables";
    TrackFunctions "track_functions" = choice_of(TRACK_FUNCTION, "none"), Superuser, StatisticsCumulativeQueryAndIndexStatistics, 0, "Which functions' calls are counted";
    TrackIoTiming "track_io_timing" = boolean(false), Superuser, StatisticsCumulativeQueryAndIndexStatistics, 0, "Measures the time of page reads and writes";
    TrackWalIoTiming "track_wal_io_timing" = boolean(false), Superuser, StatisticsCumulativeQueryAndIndexStatistics, 0, "Measures the time of WAL writes and syncs";
    TransactionDeferrable "transaction_deferrable" = boolean(false), User, ClientStatementBehavior, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_RESET_ALL, "Whether the current transaction is deferrable";
    TransactionIsolation "transaction_isolation" = choice_of(ISOLATION_LEVEL, "read committed"), User, ClientStatementBehavior, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_RESET_ALL, "Isolation level of the current transaction";
    TransactionReadOnly "transaction_read_only" = boolean(false), User, ClientStatementBehavior, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::NO_RESET_ALL, "Whether the current transaction is read-only";
    TransactionTimeout "transaction_timeout" = integer(0, 0, 2147483647, Unit::Milliseconds), User, ClientStatementBehavior, 0, "Longest time that a transaction may last";
    TransformNullEquals "transform_null_equals" = boolean(false), User, CompatibilityOtherPlatformsAndClients, 0, "Takes expr = NULL as expr IS NULL";
    UnixSocketDirectories "unix_socket_directories" = string("/tmp"), Postmaster, ConnectionSettings, flag::LIST | flag::LIST_QUOTE | flag::SUPERUSER_ONLY, "Directories of the Unix-domain sockets";
    UnixSocketGroup "unix_socket_group" = string(""), Postmaster, ConnectionSettings, 0, "Group that owns the Unix-domain sockets";
    UnixSocketPermissions "unix_socket_permissions" = integer(511, 0, 511, Unit::None), Postmaster, ConnectionSettings, 0, "Permissions of the Unix-domain sockets";
    UpdateProcessTitle "update_process_title" = boolean(true), Superuser, LoggingProcessTitle, 0, "Shows what each session does in its title";
    VacuumCostDelay "vacuum_cost_delay" = real(0.0, 0.0, 100.0, Unit::Milliseconds), User, ResourceCostBasedVacuumDelay, 0, "Pause of VACUUM when its cost limit is used up";
    VacuumCostLimit "vacuum_cost_limit" = integer(200, 1, 10000, Unit::None), User, ResourceCostBasedVacuumDelay, 0, "Cost that VACUUM may spend between pauses";
    VacuumCostPageDirty "vacuum_cost_page_dirty" = integer(20, 0, 10000, Unit::None), User, ResourceCostBasedVacuumDelay, 0, "Cost of a page that VACUUM makes dirty";
    VacuumCostPageHit "vacuum_cost_page_hit" = integer(1, 0, 10000, Unit::None), User, ResourceCostBasedVacuumDelay, 0, "Cost of a page found in the buffer pool";
    VacuumCostPageMiss "vacuum_cost_page_miss" = integer(2, 0, 10000, Unit::None), User, ResourceCostBasedVacuumDelay, 0, "Cost of a page read from disk";
    VacuumDeferCleanupAge "vacuum_defer_cleanup_age" = integer(0, 0, 1000000, Unit::None), Sighup, ReplicationPrimaryServer, 0, "Transactions by which cleanup is held back for standbys";
    VacuumFailsafeAge "vacuum_failsafe_age" = integer(1600000000, 0, 2100000000, Unit::None), User, ClientStatementBehavior, 0, "Age at which VACUUM drops all else to avoid wraparound";
    VacuumFreezeMinAge "vacuum_freeze_min_age" = integer(50000000, 0, 1000000000, Unit::None), User, ClientStatementBehavior, 0, "Age from which VACUUM freezes a row";
    VacuumFreezeTableAge "vacuum_freeze_table_age" = integer(150000000, 0, 2000000000, Unit::None), User, ClientStatementBehavior, 0, "Age at which VACUUM scans the whole table";
    VacuumMultixactFailsafeAge "vacuum_multixact_failsafe_age" = integer(1600000000, 0, 2100000000, Unit::None), User, ClientStatementBehavior, 0, "Multixact age at which VACUUM drops all else";
    VacuumMultixactFreezeMinAge "vacuum_multixact_freeze_min_age" = integer(5000000, 0, 1000000000, Unit::None), User, ClientStatementBehavior, 0, "Multixact age from which VACUUM freezes a row";
    VacuumMultixactFreezeTableAge "vacuum_multixact_freeze_table_age" = integer(150000000, 0, 2000000000, Unit::None), User, ClientStatementBehavior, 0, "Multixact age at which VACUUM scans the whole table";
    WalBlockSize "wal_block_size" = integer(8192, 8192, 8192, Unit::None), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE, "Bytes in a page of WAL";
    WalBuffers "wal_buffers" = integer(-1, -1, 262143, Unit::Blocks), Postmaster, WalSettings, 0, "Memory for WAL that is not yet written, -1 for a fitting size";
    WalCompression "wal_compression" = choice_of(WAL_COMPRESSION, "off"), Superuser, WalSettings, 0, "How full-page images in WAL are compressed";
    WalConsistencyChecking "wal_consistency_checking" = string(""), Superuser, DeveloperOptions, flag::LIST | flag::NOT_IN_SAMPLE, "Resource managers whose redo is checked against page images";
    WalDecodeBufferSize "wal_decode_buffer_size" = integer(524288, 65536, 1073741823, Unit::Bytes), Postmaster, WalRecovery, 0, "How far recovery reads WAL ahead";
    WalInitZero "wal_init_zero" = boolean(true), Superuser, WalSettings, 0, "Fills new WAL files with zeroes";
    WalKeepSize "wal_keep_size" = integer(0, 0, 2147483647, Unit::Megabytes), Sighup, ReplicationSendingServers, 0, "WAL kept for standbys";
    WalLevel "wal_level" = choice_of(WAL_LEVEL, "replica"), Postmaster, WalSettings, 0, "How much is written to WAL";
    WalLogHints "wal_log_hints" = boolean(false), Postmaster, WalSettings, 0, "Writes pages whole to WAL even for hint changes";
    WalReceiverCreateTempSlot "wal_receiver_create_temp_slot" = boolean(false), Sighup, ReplicationStandbyServers, 0, "Lets a WAL receiver make a temporary slot";
    WalReceiverStatusInterval "wal_receiver_status_interval" = integer(10, 0, 2147483, Unit::Seconds), Sighup, ReplicationStandbyServers, 0, "Longest time between a WAL receiver's reports";
    WalReceiverTimeout "wal_receiver_timeout" = integer(60000, 0, 2147483647, Unit::Milliseconds), Sighup, ReplicationStandbyServers, 0, "Longest time that a WAL receiver waits for its primary";
    WalRecycle "wal_recycle" = boolean(true), Superuser, WalSettings, 0, "Renames old WAL files for new use";
    WalRetrieveRetryInterval "wal_retrieve_retry_interval" = integer(5000, 1, 2147483647, Unit::Milliseconds), Sighup, ReplicationStandbyServers, 0, "Time to wait after WAL could not be fetched";
    WalSegmentSize "wal_segment_size" = integer(16777216, 1048576, 1073741824, Unit::Bytes), Internal, PresetOptions, flag::NOT_IN_FILE | flag::NOT_IN_SAMPLE | flag::RUNTIME_COMPUTED, "Bytes in a WAL file";
    WalSenderTimeout "wal_sender_timeout" = integer(60000, 0, 2147483647, Unit::Milliseconds), User, ReplicationSendingServers, 0, "Longest time that a WAL sender waits for its standby";
    WalSkipThreshold "wal_skip_threshold" = integer(2048, 0, 2147483647, Unit::Kilobytes), User, WalSettings, 0, "Size from which a new file is synced rather than logged";
    WalSyncMethod "wal_sync_method" = choice_of(SYNC_METHOD, "fdatasync"), Sighup, WalSettings, 0, "How WAL is forced to disk";
    WalWriterDelay "wal_writer_delay" = integer(200, 1, 10000, Unit::Milliseconds), Sighup, WalSettings, 0, "Pause of the WAL writer between two flushes";
    WalWriterFlushAfter "wal_writer_flush_after" = integer(128, 0, 2147483647, Unit::Blocks), Sighup, WalSettings, 0, "WAL volume after which the WAL writer flushes at once";
    WorkMem "work_mem" = integer(4096, 64, 2147483647, Unit::Kilobytes), User, ResourceMemory, flag::EXPLAIN, "Memory of one sort or hash table";
    Xmlbinary "xmlbinary" = choice_of(XMLBINARY, "base64"), User, ClientStatementBehavior, 0, "How binary values are put into XML";
    Xmloption "xmloption" = choice_of(XMLOPTION, "content"), User, ClientStatementBehavior, 0, "Whether XML is read as a document or as content";
    ZeroDamagedPages "zero_damaged_pages" = boolean(false), Superuser, DeveloperOptions, flag::NOT_IN_SAMPLE, "Goes on with zeroes where a page is damaged";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_sorted() {
        let names: Vec<String> = TABLE.iter().map(|row| row.name.to_lowercase()).collect();
        assert!(names.is_sorted(), "binary search needs the order");
    }

    #[test]
    fn boot_values_are_within_their_ranges() {
        for row in &TABLE {
            match &row.kind {
                Kind::Int { boot, min, max, .. } => assert!(min <= boot && boot <= max, "{}", row.name),
                Kind::Real { boot, min, max, .. } => assert!(min <= boot && boot <= max, "{}", row.name),
                Kind::Choice { choices, boot } => assert!(choices.iter().any(|c| c.label == *boot), "{}", row.name),
                Kind::Bool { .. } | Kind::Text { .. } => {}
            }
        }
    }
}
