//! How transactions remove relation files.

use base::RelFile;
use buffer::RedoCx;
use report::Result;
use std::sync::Arc;
use xact::RelationFiles;

/// Removes the relations that a commit or abort names: pages, files, and what redo remembers of them.
#[derive(Debug)]
pub struct PoolFiles(pub Arc<RedoCx>);

impl RelationFiles for PoolFiles {
    fn remove(&self, files: &[RelFile]) -> Result<()> {
        files.iter().try_for_each(|file| {
            self.0.forget_relation(*file);
            self.0.buffers().remove_relation(*file)
        })
    }
}
