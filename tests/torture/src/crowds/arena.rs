//! The server that a campaign about many sessions is for.

use crate::{Plan, trial};
use std::time::{Duration, Instant};
use testkit::usage::{self, Usage};
use testkit::{Address, Client, Cluster};

/// What takes longer is taken for hanging: generous, as it only bounds a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Places for sessions besides those of the campaign: the superuser's, and those who leave slowly.
const SPARE: usize = 50;

/// A running server.
pub struct Arena {
    /// How to log in to it as superuser.
    pub address: Address,
    folder: std::path::PathBuf,
    port: u16,
    process: u32,
}

impl Arena {
    /// Runs a campaign against a server with places for so many sessions, with these settings and the plan's; a server of its own is stopped afterwards.
    /// Errors: the campaign's; where the cluster is kept, and how to repeat it.
    pub fn run<T>(
        plan: &Plan,
        (campaign, trials): (&str, u64),
        sessions: usize,
        settings: &[(&str, &str)],
        body: impl FnOnce(&Arena) -> Result<T, String>,
    ) -> Result<T, String> {
        usage::raise_descriptor_limit();
        if let Some((folder, port)) = &plan.server {
            return body(&Arena::running(folder, *port)?);
        }
        let mut cluster = Cluster::new();
        cluster.set("max_connections", &(sessions + SPARE).to_string());
        for (name, value) in settings {
            cluster.set(name, value);
        }
        for (name, value) in &plan.settings {
            cluster.set(name, value);
        }
        trial::on(&mut cluster, campaign, &(plan.seed..plan.seed + trials), |cluster| {
            cluster.start();
            let (folder, port) = (cluster.folder().to_path_buf(), cluster.port());
            let address = Address::new(&folder, port);
            let outcome = body(&Arena { address, folder, port, process: cluster.pid() })?;
            cluster.stop();
            Ok(outcome)
        })
    }

    /// A server that runs already: its first process is named in its lock file.
    fn running(folder: &std::path::Path, port: u16) -> Result<Arena, String> {
        let (address, folder) = (Address::new(folder, port), folder.to_path_buf());
        let mut arena = Arena { address, folder, port, process: 0 };
        let pid = value(&mut arena.client()?, "select split_part(pg_read_file('postmaster.pid'), chr(10), 1)")?;
        arena.process = pid.parse().map_err(|_| format!("{pid:?} is no process"))?;
        Ok(arena)
    }

    /// A session of the blocking client, as superuser.
    pub fn client(&self) -> Result<Client, String> {
        self.client_of("postgres")
    }

    /// A session of the blocking client.
    pub fn client_of(&self, user: &str) -> Result<Client, String> {
        let login = Client::connect_unix(&self.folder, self.port, user, "postgres");
        login.map_err(|error| format!("no connection: {error}"))?.map_err(|error| error.message)
    }

    /// What the server uses now.
    pub fn usage(&self) -> Usage {
        usage::of_tree(self.process)
    }

    /// What it uses when all clients have left. Errors: some are still there.
    pub fn usage_at_rest(&self) -> Result<Usage, String> {
        self.wait_for_sessions(0)?;
        Ok(self.usage())
    }

    /// Waits until so many clients are there besides the one that looks. Errors: others are, and nobody leaves for a long time.
    pub fn wait_for_sessions(&self, count: u64) -> Result<(), String> {
        let (mut client, mut last_change, mut before) = (self.client()?, Instant::now(), 0);
        loop {
            let sql = "select count(*) - 1 from pg_stat_activity where backend_type = 'client backend'";
            let there: u64 = value(&mut client, sql)?.parse().map_err(|_| "no number")?;
            if there == count {
                return Ok(());
            }
            if there != before {
                (before, last_change) = (there, Instant::now());
            }
            if last_change.elapsed() > PATIENCE {
                return Err(format!("{there} sessions are there where {count} should be"));
            }
            crate::load::pause(Duration::from_millis(5));
        }
    }

    /// Makes pgbench's accounts, so many times 100,000.
    pub fn fill_accounts(&self, scale: u32) -> Result<(), String> {
        let mut client = self.client()?;
        let statements = [
            "drop table if exists pgbench_accounts".to_owned(),
            "create table pgbench_accounts (aid int not null, bid int, abalance int, filler char(84))".to_owned(),
            format!("insert into pgbench_accounts select g, 1, 0, '' from generate_series(1, {scale} * 100000) g"),
            "alter table pgbench_accounts add primary key (aid)".to_owned(),
            "vacuum analyze pgbench_accounts".to_owned(),
        ];
        statements.iter().try_for_each(|sql| crate::load::ask(&mut client, sql).map(drop))
    }

    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Result<String, String> {
        value(&mut self.client()?, &format!("show {name}"))
    }
}

/// The only value that a query gives.
pub fn value(client: &mut Client, sql: &str) -> Result<String, String> {
    crate::load::row(client, sql)?.pop().ok_or_else(|| format!("{sql}: no column"))
}
