//! What is known of a setting before it has a value.

use std::fmt;

/// A row of the table of settings.
#[derive(Debug)]
pub struct Definition {
    /// Its name; compared without case.
    pub name: &'static str,
    /// Its type, boot value and range.
    pub kind: Kind,
    /// When, and by whom, it can be changed.
    pub context: Context,
    /// Under what heading `pg_settings` lists it.
    pub category: Category,
    /// Bits of [`flag`].
    pub flags: u32,
    /// What it does, in a line.
    pub about: &'static str,
}

impl Definition {
    /// True if it has this flag.
    pub const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The unit of its numbers.
    pub const fn unit(&self) -> Unit {
        match self.kind {
            Kind::Int { unit, .. } | Kind::Real { unit, .. } => unit,
            _ => Unit::None,
        }
    }
}

/// The type of a setting.
#[derive(Debug)]
pub enum Kind {
    /// On or off.
    Bool {
        /// Value before anything is read.
        boot: bool,
    },
    /// A whole number.
    Int {
        /// Value before anything is read.
        boot: i32,
        /// Least value.
        min: i32,
        /// Greatest value.
        max: i32,
        /// What 1 stands for.
        unit: Unit,
    },
    /// A number.
    Real {
        /// Value before anything is read.
        boot: f64,
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// What 1.0 stands for.
        unit: Unit,
    },
    /// Text.
    Text {
        /// Value before anything is read.
        boot: &'static str,
    },
    /// One of several words.
    Choice {
        /// The words.
        choices: &'static [Choice],
        /// Value before anything is read.
        boot: &'static str,
    },
}

impl Kind {
    /// The type as `pg_settings.vartype` names it.
    pub const fn name(&self) -> &'static str {
        match self {
            Kind::Bool { .. } => "bool",
            Kind::Int { .. } => "integer",
            Kind::Real { .. } => "real",
            Kind::Text { .. } => "string",
            Kind::Choice { .. } => "enum",
        }
    }
}

/// A word that a setting can be set to. Words of one code mean the same; the first that is not hidden is shown.
#[derive(Debug)]
pub struct Choice {
    /// The word.
    pub label: &'static str,
    /// What it means.
    pub code: u8,
    /// Accepted, but not offered.
    pub hidden: bool,
}

/// What the number 1 stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Itself.
    None,
    /// A byte.
    Bytes,
    /// 1,024 bytes.
    Kilobytes,
    /// A page of 8 kB.
    Blocks,
    /// 1,048,576 bytes.
    Megabytes,
    /// A thousandth of a second.
    Milliseconds,
    /// A second.
    Seconds,
    /// A minute.
    Minutes,
}

/// When a setting can be changed, ordered from never to always.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Context {
    /// Never: it tells how the server was built or what it found.
    Internal,
    /// At server start.
    Postmaster,
    /// When the settings files are read again.
    Sighup,
    /// At connection start, by superusers.
    SuperuserBackend,
    /// At connection start.
    Backend,
    /// Any time, by superusers.
    Superuser,
    /// Any time, by anyone.
    User,
}

impl Context {
    /// As `pg_settings.context` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Context::Internal => "internal",
            Context::Postmaster => "postmaster",
            Context::Sighup => "sighup",
            Context::SuperuserBackend => "superuser-backend",
            Context::Backend => "backend",
            Context::Superuser => "superuser",
            Context::User => "user",
        }
    }
}

/// Where a value came from, ordered by precedence: a later one covers an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// The table.
    Default,
    /// Worked out at start.
    DynamicDefault,
    /// An environment variable.
    Environment,
    /// A settings file.
    File,
    /// The postmaster's command line.
    CommandLine,
    /// ALTER DATABASE.
    Database,
    /// ALTER ROLE.
    User,
    /// ALTER ROLE IN DATABASE.
    DatabaseUser,
    /// The start-up packet.
    Client,
    /// The server itself.
    Override,
    /// A check of a value that is not to be used.
    Test,
    /// SET.
    Session,
}

impl Source {
    /// As `pg_settings.source` names it.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Default | Source::DynamicDefault => "default",
            Source::Environment => "environment variable",
            Source::File => "configuration file",
            Source::CommandLine => "command line",
            Source::Database => "database",
            Source::User => "user",
            Source::DatabaseUser => "database user",
            Source::Client => "client",
            Source::Override => "override",
            Source::Test => "test",
            Source::Session => "session",
        }
    }
}

/// Flags of a setting.
pub mod flag {
    /// A list of names or words with commas between.
    pub const LIST: u32 = 1;
    /// The parts of a list are quoted when they are put together.
    pub const LIST_QUOTE: u32 = 1 << 1;
    /// Left out of SHOW ALL and `pg_settings`.
    pub const NO_SHOW_ALL: u32 = 1 << 2;
    /// Left alone by RESET ALL.
    pub const NO_RESET_ALL: u32 = 1 << 3;
    /// The client is told of its value and changes (ParameterStatus).
    pub const REPORT: u32 = 1 << 4;
    /// Left out of the sample settings file.
    pub const NOT_IN_SAMPLE: u32 = 1 << 5;
    /// Not allowed in settings files.
    pub const NOT_IN_FILE: u32 = 1 << 6;
    /// An identifier: cut to 63 bytes.
    pub const NAME: u32 = 1 << 7;
    /// Not to be set inside a security-restricted operation.
    pub const NOT_WHILE_RESTRICTED: u32 = 1 << 8;
    /// Not to be set by ALTER SYSTEM.
    pub const NOT_IN_AUTO_FILE: u32 = 1 << 9;
    /// Shown by EXPLAIN (SETTINGS).
    pub const EXPLAIN: u32 = 1 << 10;
    /// Shown to superusers and members of pg_read_all_settings only.
    pub const SUPERUSER_ONLY: u32 = 1 << 11;
    /// Known only after start has gone some way.
    pub const RUNTIME_COMPUTED: u32 = 1 << 12;

    /// The flags that `pg_settings_get_flags` shows, with their names.
    pub const SHOWN: [(u32, &str); 5] = [
        (EXPLAIN, "EXPLAIN"),
        (NO_RESET_ALL, "NO_RESET_ALL"),
        (NO_SHOW_ALL, "NO_SHOW_ALL"),
        (NOT_IN_SAMPLE, "NOT_IN_SAMPLE"),
        (RUNTIME_COMPUTED, "RUNTIME_COMPUTED"),
    ];
}

macro_rules! categories {
    ($($id:ident => $text:literal,)*) => {
        /// The headings of `pg_settings`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Category {
            $(#[doc = $text] $id,)*
        }

        impl fmt::Display for Category {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Category::$id => $text,)* })
            }
        }
    };
}
categories! {
    Autovacuum => "Autovacuum",
    ClientLocaleAndFormatting => "Client Connection Defaults / Locale and Formatting",
    ClientOtherDefaults => "Client Connection Defaults / Other Defaults",
    ClientSharedLibraryPreloading => "Client Connection Defaults / Shared Library Preloading",
    ClientStatementBehavior => "Client Connection Defaults / Statement Behavior",
    ConnectionAuthentication => "Connections and Authentication / Authentication",
    ConnectionSettings => "Connections and Authentication / Connection Settings",
    ConnectionTls => "Connections and Authentication / SSL",
    DeveloperOptions => "Developer Options",
    ErrorHandling => "Error Handling",
    FileLocations => "File Locations",
    LockManagement => "Lock Management",
    PresetOptions => "Preset Options",
    PlannerGeneticQueryOptimizer => "Query Tuning / Genetic Query Optimizer",
    PlannerOtherPlannerOptions => "Query Tuning / Other Planner Options",
    PlannerCostConstants => "Query Tuning / Planner Cost Constants",
    PlannerMethodConfiguration => "Query Tuning / Planner Method Configuration",
    ReplicationPrimaryServer => "Replication / Primary Server",
    ReplicationSendingServers => "Replication / Sending Servers",
    ReplicationStandbyServers => "Replication / Standby Servers",
    ReplicationSubscribers => "Replication / Subscribers",
    LoggingProcessTitle => "Reporting and Logging / Process Title",
    LoggingWhatToLog => "Reporting and Logging / What to Log",
    LoggingWhenToLog => "Reporting and Logging / When to Log",
    LoggingWhereToLog => "Reporting and Logging / Where to Log",
    ResourceAsynchronousBehavior => "Resource Usage / Asynchronous Behavior",
    ResourceBackgroundWriter => "Resource Usage / Background Writer",
    ResourceCostBasedVacuumDelay => "Resource Usage / Cost-Based Vacuum Delay",
    ResourceDisk => "Resource Usage / Disk",
    ResourceKernelResources => "Resource Usage / Kernel Resources",
    ResourceMemory => "Resource Usage / Memory",
    StatisticsCumulativeQueryAndIndexStatistics => "Statistics / Cumulative Query and Index Statistics",
    StatisticsMonitoring => "Statistics / Monitoring",
    Ungrouped => "Ungrouped",
    CompatibilityOtherPlatformsAndClients => "Version and Platform Compatibility / Other Platforms and Clients",
    CompatibilityPreviousVersions => "Version and Platform Compatibility / Previous PostgreSQL Versions",
    WalArchiveRecovery => "Write-Ahead Log / Archive Recovery",
    WalArchiving => "Write-Ahead Log / Archiving",
    WalCheckpoints => "Write-Ahead Log / Checkpoints",
    WalRecovery => "Write-Ahead Log / Recovery",
    WalRecoveryTarget => "Write-Ahead Log / Recovery Target",
    WalSettings => "Write-Ahead Log / Settings",
}
