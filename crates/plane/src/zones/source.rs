//! Included files: only those below the zone's folder (THREATS.md, G1).

use resolute_wire::zonefile::Includes;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, open, openat2};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Largest file that is read.
const MOST_BYTES: u64 = 1 << 30;
/// The kernel may ask to try again while files are being renamed (openat2(2), EAGAIN).
const TRIES: u32 = 16;

/// Opens files below a folder and nowhere else: the kernel itself refuses `..`, absolute paths and symbolic links that lead out.
#[derive(Debug)]
pub struct FolderIncludes {
    root: PathBuf,
    folder: Option<OwnedFd>,
    files: Vec<PathBuf>,
}

impl FolderIncludes {
    /// Includes below `root`, an absolute path to a folder, which is opened when the first file is included.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            folder: None,
            files: Vec::new(),
        }
    }

    /// The absolute paths of the files opened so far, in order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The same, when no more is included.
    pub fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    fn read(&mut self, path: &Path) -> Result<Vec<u8>, String> {
        let file = self.open_beneath(path).map_err(explain)?;
        let status = fstat(&file).map_err(|error| error.to_string())?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err("it is not a regular file".to_owned());
        }
        let mut text = Vec::new();
        let mut reader = File::from(file).take(MOST_BYTES + 1);
        reader.read_to_end(&mut text).map_err(|error| error.to_string())?;
        if text.len() as u64 > MOST_BYTES {
            Err("it is larger than 1 GiB".to_owned())
        } else {
            Ok(text)
        }
    }

    fn open_beneath(&mut self, path: &Path) -> Result<OwnedFd, Errno> {
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                open(&self.root, flags, Mode::empty())?
            }
        };
        let opened = open_below(&folder, path);
        self.folder = Some(folder);
        opened
    }
}

/// Opens a file below a folder.
fn open_below(folder: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    // Not blocking: to open a FIFO must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let attempt = || openat2(folder, path, flags, Mode::empty(), resolve);
    let again = |opened: &Result<OwnedFd, Errno>| matches!(opened, Err(Errno::AGAIN | Errno::INTR));
    let mut opened = attempt();
    for _ in 1..TRIES {
        if !again(&opened) {
            break;
        }
        opened = attempt();
    }
    opened
}

impl Includes for FolderIncludes {
    fn open(&mut self, path: &str) -> Result<Vec<u8>, String> {
        // An absolute path may say what lies below the folder too.
        let written = Path::new(path);
        let relative = written.strip_prefix(&self.root).unwrap_or(written);
        let whole = self.root.join(relative);
        // Recorded even when it cannot be read: once it can, the zone is worth another try.
        if !self.files.contains(&whole) && relative.is_relative() {
            self.files.push(whole);
        }
        self.read(relative)
    }
}

fn explain(error: Errno) -> String {
    match error {
        Errno::XDEV => "it lies outside the zone's folder".to_owned(),
        Errno::NOSYS | Errno::PERM => {
            "this kernel or container does not allow openat2(2), without which no file is included".to_owned()
        }
        _ => io::Error::from(error).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// An empty folder for one test, with `inside/` in it and a file `secret` beside that.
    fn folder(test: &str) -> PathBuf {
        let base = std::env::temp_dir().join(format!("resolute-includes-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(base.join("inside/sub")).unwrap();
        fs::write(base.join("secret"), "secret").unwrap();
        fs::write(base.join("inside/sub/a.zone"), "a").unwrap();
        base
    }

    #[test]
    fn below_the_folder() {
        let base = folder("below");
        let root = base.join("inside");
        std::os::unix::fs::symlink("sub/a.zone", root.join("link")).unwrap();
        let mut includes = FolderIncludes::new(&root);
        assert_eq!(includes.open("sub/a.zone").unwrap(), b"a");
        assert_eq!(includes.open("sub/../link").unwrap(), b"a");
        assert_eq!(includes.open(root.join("sub/a.zone").to_str().unwrap()).unwrap(), b"a");
        assert_eq!(includes.files(), [root.join("sub/a.zone"), root.join("sub/../link")]);
        fs::remove_dir_all(base).unwrap();
    }

    /// THREATS.md G1: an included path must not lead out of the zone's folder, however it is written.
    #[test]
    fn nothing_else() {
        let base = folder("else");
        let root = base.join("inside");
        std::os::unix::fs::symlink("../secret", root.join("out")).unwrap();
        std::os::unix::fs::symlink(&base, root.join("up")).unwrap();
        let mut includes = FolderIncludes::new(&root);
        let secret = base.join("secret");
        for path in [
            "../secret",
            "sub/../../secret",
            "/etc/passwd",
            "out",
            "up/secret",
            secret.to_str().unwrap(),
        ] {
            assert_eq!(
                includes.open(path).unwrap_err(),
                "it lies outside the zone's folder",
                "{path}"
            );
        }
        assert_eq!(includes.open("sub").unwrap_err(), "it is not a regular file");
        assert!(includes.open("missing").unwrap_err().contains("No such file"));
        assert!(includes.open("").is_err());
        fs::remove_dir_all(base).unwrap();
    }
}
