//! Temporary files for what does not fit in memory: `base/pgsql_tmp/pgsql_tmp<session>.<number>`.

use crate::store::{TempFile, TempSpace};
use base::Prng;
use host::{Disk, File, OpenMode, OpenOptions};
use instance::Ctx;
use report::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where they are; emptied when the server starts.
const FOLDER: &str = "base/pgsql_tmp";

/// Makes temporary files for a session.
pub fn temp_space(cx: Ctx<'_>) -> Box<dyn TempSpace> {
    let session = cx.session.entry.id.0;
    let names = Prng::new(cx.now_us().cast_unsigned() ^ u64::from(session.cast_unsigned()) << 32);
    Box::new(Folder { disk: Arc::clone(&cx.instance.host.disk), session, names })
}

struct Folder {
    disk: Arc<dyn Disk>,
    session: i32,
    /// Names are random, so that a portal's files and a later statement's never meet.
    names: Prng,
}

impl TempSpace for Folder {
    fn create(&mut self) -> Result<Box<dyn TempFile>> {
        let folder = Path::new(FOLDER);
        if !self.disk.exists(folder).could_not(|| format!("look for directory \"{FOLDER}\""))? {
            // Another session may make it at the same moment: only the opening below decides.
            let _ = self.disk.mkdir(folder);
        }
        let path = folder.join(format!("pgsql_tmp{}.{:x}", self.session, self.names.next_u64()));
        let file = self.disk.open(&path, OpenOptions::new(OpenMode::Create));
        let file = file.could_not(|| format!("create temporary file \"{}\"", path.display()))?;
        Ok(Box::new(Open { disk: Arc::clone(&self.disk), path, file, bytes: 0 }))
    }
}

struct Open {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Arc<dyn File>,
    bytes: u64,
}

impl TempFile for Open {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let write = self.file.write_at(bytes, self.bytes);
        write.could_not(|| format!("write to temporary file \"{}\"", self.path.display()))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize> {
        self.file.read_at(out, offset).could_not(|| format!("read temporary file \"{}\"", self.path.display()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // What stays behind is removed when the server starts.
        let _ = self.disk.unlink(&self.path);
    }
}
