//! Changes of the query tree before paths are considered: joins' aliases are replaced by what they stand for, sub-selects
//! become joins, sub-queries merge into their parents, outer joins lose what their conditions make useless.

mod flatten;
mod outer;
mod pullup;
mod sublinks;

pub use flatten::flatten_join_aliases;
pub use outer::nonnullable_rels;
pub use outer::reduce_outer_joins;
pub use pullup::pull_up_subqueries;
pub use sublinks::pull_up_sublinks;
pub use sublinks::relids_of_item;
