//! Temporary files for what does not fit in memory: `base/pgsql_tmp/pgsql_tmp<session>.<number>`.

use crate::store::{TempFile, TempSpace};
use base::Prng;
use config::Setting;
use host::{Disk, File, OpenMode, OpenOptions};
use instance::{Ctx, SessionEntry};
use report::{Context, Error, Result, Severity, SqlState};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where they are; emptied when the server starts.
const FOLDER: &str = "base/pgsql_tmp";

/// Makes temporary files for a session.
pub fn temp_space(cx: Ctx<'_>) -> Box<dyn TempSpace> {
    let session = cx.session.entry.id.0;
    let names = Prng::new(cx.now_us().cast_unsigned() ^ u64::from(session.cast_unsigned()) << 32);
    let limit_kb = cx.setting(|settings| settings.int(Setting::LogTempFiles));
    let voice = (limit_kb >= 0).then(|| Voice { session: Arc::clone(&cx.session.entry), limit_kb });
    Box::new(Folder { disk: Arc::clone(&cx.instance.host.disk), session, names, voice })
}

/// Who tells the log of files that have become this large (`log_temp_files`).
#[derive(Clone)]
struct Voice {
    session: Arc<SessionEntry>,
    limit_kb: i32,
}

impl Voice {
    fn tell(&self, path: &Path, bytes: u64) {
        if bytes >= u64::from(self.limit_kb.unsigned_abs()) * 1024 {
            let text = format!("temporary file: path \"{}\", size {bytes}", path.display());
            self.session.say(&Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text));
        }
    }
}

struct Folder {
    disk: Arc<dyn Disk>,
    session: i32,
    /// Names are random, so that a portal's files and a later statement's never meet.
    names: Prng,
    voice: Option<Voice>,
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
        Ok(Box::new(Open { disk: Arc::clone(&self.disk), path, file, bytes: 0, voice: self.voice.clone() }))
    }
}

struct Open {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Arc<dyn File>,
    bytes: u64,
    voice: Option<Voice>,
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
        if let Some(voice) = &self.voice {
            voice.tell(&self.path, self.bytes);
        }
        // What stays behind is removed when the server starts.
        let _ = self.disk.unlink(&self.path);
    }
}
