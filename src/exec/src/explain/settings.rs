//! EXPLAIN (SETTINGS): what influences planning and is not as built in.

use super::format::Writer;
use instance::Ctx;

/// The settings that PostgreSQL shows here, by name.
const SHOWN: [&str; 57] = [
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "effective_cache_size",
    "effective_io_concurrency",
    "enable_async_append",
    "enable_bitmapscan",
    "enable_gathermerge",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_incremental_sort",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_parallel_append",
    "enable_parallel_hash",
    "enable_partition_pruning",
    "enable_partitionwise_aggregate",
    "enable_partitionwise_join",
    "enable_seqscan",
    "enable_sort",
    "enable_tidscan",
    "force_parallel_mode",
    "from_collapse_limit",
    "geqo",
    "geqo_effort",
    "geqo_generations",
    "geqo_pool_size",
    "geqo_seed",
    "geqo_selection_bias",
    "geqo_threshold",
    "hash_mem_multiplier",
    "jit",
    "jit_above_cost",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "join_collapse_limit",
    "maintenance_io_concurrency",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "recursive_worktable_factor",
    "search_path",
    "seq_page_cost",
    "temp_buffers",
    "work_mem",
];

/// Prints them. In text there is nothing if all are as built in.
pub fn print(cx: Ctx<'_>, writer: &mut Writer) {
    let mut changed: Vec<(String, String)> = cx.setting(|settings| {
        let rows = settings.rows(true);
        let differs = rows.iter().filter(|row| {
            SHOWN.contains(&row.name.as_str()) && row.boot_val.as_deref().is_some_and(|boot| boot != row.setting)
        });
        differs.map(|row| (row.name.clone(), settings.show_name(&row.name).unwrap_or_default())).collect()
    });
    changed.sort();
    if !writer.is_text() {
        writer.open("Settings", Some("Settings"), true);
        changed.iter().for_each(|(name, value)| writer.text(name, value));
        return writer.close("Settings", true);
    }
    if !changed.is_empty() {
        let parts: Vec<String> = changed.iter().map(|(name, value)| format!("{name} = '{value}'")).collect();
        writer.text("Settings", &parts.join(", "));
    }
}
