//! The parser's limits. Past either, a statement fails with 54001, as PostgreSQL's does when its stack is used up.

/// Levels of recursion. Unit: nested constructs. Chosen so that a debug build parses to this depth on a 2 MB stack with
/// room to spare (the `nesting` tests run on exactly that).
pub const RECURSION_MAX: u32 = 200;

/// Depth of the tree. Unit: nodes on a path. A chain `a + b + ...` is as deep as it is long. Whatever walks the tree by
/// recursion must stand this much or look at its own stack; dropping it does, on 2 MB in a debug build.
pub const TREE_DEPTH_MAX: u32 = 4000;

const _: () = assert!(RECURSION_MAX < TREE_DEPTH_MAX);
