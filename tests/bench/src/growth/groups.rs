//! Commits, with the pool's workers in different numbers of groups. Each client updates a row of its own, so that nothing but the commit is waited for.

use super::{Plan, execute, print_head, print_line, start_both, with_spread};
use crate::server::{Server, run_pgbench};

/// Values of `thread_pool_attr`: workers, groups.
const ATTRIBUTES: [&str; 7] = ["2,1", "2,2", "4,1", "4,2", "4,4", "8,1", "8,8"];
/// Clients of pgbench.
const CLIENTS: [u32; 2] = [8, 64];
/// A row for each client.
const SCRIPT: &str = "update growth set value = value + 1 where key = :client_id;\n";

/// Measures and prints.
pub(super) fn run(plan: &Plan) -> Result<(), String> {
    let [mut ours, mut theirs] = start_both(plan, &[])?;
    for server in [&ours, &theirs] {
        load(server)?;
    }
    let clients = CLIENTS.map(|clients| format!("commits a second, {clients} clients"));
    print_head(&["server", &clients[0], &clients[1]]);
    let mut figures = vec![[Vec::new(), Vec::new()]; ATTRIBUTES.len() + 1];
    for _ in 0..plan.rounds {
        for (attributes, figures) in ATTRIBUTES.iter().zip(&mut figures) {
            ours.restart_with(&with_attributes(plan, attributes))?;
            measure(&ours, plan, figures)?;
        }
        measure(&theirs, plan, &mut figures[ATTRIBUTES.len()])?;
    }
    let ours_named = ATTRIBUTES.iter().map(|attributes| format!("Woolly, thread_pool_attr = '{attributes}'"));
    for (name, [few, many]) in ours_named.chain(["PostgreSQL 15".to_owned()]).zip(&mut figures) {
        print_line(&[&name, &with_spread(few), &with_spread(many)]);
    }
    ours.stop()?;
    theirs.stop()
}

fn with_attributes(plan: &Plan, attributes: &str) -> Vec<String> {
    let own = plan.settings.iter().chain(&plan.own_settings).cloned();
    own.chain([format!("thread_pool_attr={attributes}")]).collect()
}

fn load(server: &Server) -> Result<(), String> {
    let mut client = server.connect()?;
    let most = CLIENTS.into_iter().max().unwrap_or(0);
    execute(&mut client, "create table growth (key int primary key, value int not null)")?;
    execute(&mut client, &format!("insert into growth select n, 0 from generate_series(0, {most}) n"))
}

/// One figure for each number of clients.
fn measure(server: &Server, plan: &Plan, figures: &mut [Vec<f64>; CLIENTS.len()]) -> Result<(), String> {
    let (file, seconds) = (server.folder().join("growth.sql"), plan.seconds.to_string());
    std::fs::write(&file, SCRIPT).map_err(|error| error.to_string())?;
    for (clients, figures) in CLIENTS.iter().zip(figures) {
        let (file, clients) = (file.to_string_lossy(), clients.to_string());
        let arguments = ["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f", &file];
        figures.push(crate::workload::tps_of(&run_pgbench(&server.folder(), &arguments)?)?);
    }
    Ok(())
}
