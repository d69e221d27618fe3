//! A small file system of its own for a cluster: in an image file, mounted through a loop device. Needs root.

use crate::trial::{is_root, program};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An ext4 file system in a file. Unmounted and removed when dropped.
#[derive(Debug)]
pub struct Image {
    folder: TempDir,
    is_kept: bool,
}

/// What the file system is told at a power cut: FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH. Rust's own way to ioctl is not safe code; perl is
/// on every Debian machine.
const CUT: &str = "open(F, '<', $ARGV[0]) or die; $mode = pack('L', 2); ioctl(F, 0x8004587D, $mode) or die $!";

/// Why there can be no images here.
pub fn obstacle() -> Option<String> {
    if !is_root() {
        return Some("only root may mount file systems".to_owned());
    }
    Image::made(16).err().map(|why| format!("no image can be mounted ({why})"))
}

impl Image {
    /// Makes and mounts one of so many megabytes. Errors: not root, or no loop devices.
    pub fn made(megabytes: u64) -> Result<Image, String> {
        let folder = tempfile::Builder::new().prefix("woolly-image-").tempdir().map_err(|e| e.to_string())?;
        let image = Image { folder, is_kept: false };
        std::fs::create_dir(image.mount_point()).map_err(|e| e.to_string())?;
        program("truncate", &["-s", &format!("{megabytes}M"), text(&image.file())])?;
        program("mkfs.ext4", &["-q", "-F", "-m", "0", text(&image.file())])?;
        image.mount()?;
        Ok(image)
    }

    /// Where it is mounted.
    pub fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mnt")
    }

    /// A folder beside it, on the usual file system.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn mount(&self) -> Result<(), String> {
        program("mount", &["-o", "loop", text(&self.file()), text(&self.mount_point())]).map(drop)
    }

    /// Cuts the power: from now on the file system answers every call with an error, and what it had not written is lost.
    pub fn cut(&self) -> Result<(), String> {
        program("perl", &["-e", CUT, text(&self.mount_point())]).map(drop)
    }

    /// Power is back. Nobody has files open there.
    pub fn remount(&self) -> Result<(), String> {
        program("umount", &[text(&self.mount_point())])?;
        self.mount()
    }

    /// Leaves it mounted when it is dropped.
    pub fn keep(&mut self) {
        self.is_kept = true;
        self.folder.disable_cleanup(true);
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if !self.is_kept {
            // Lazily: a process that is about to end may still have a file open there.
            let _ = program("umount", &["-l", text(&self.mount_point())]);
        }
    }
}

/// Named by tempfile and us: ASCII.
fn text(path: &Path) -> &str {
    path.to_str().expect("an ASCII path")
}
