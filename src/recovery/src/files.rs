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
        // A transaction that ends because the log broke may be found committed by redo: what it made must be there then.
        self.0.buffers().wal().check_unbroken()?;
        files.iter().try_for_each(|file| {
            self.0.forget_relation(*file);
            self.0.buffers().remove_relation(*file)
        })
    }
}
