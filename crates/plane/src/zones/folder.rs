//! A folder of zone files, and the loading of many at once: a hundred thousand small zones are looked at and read without the
//! interpreter, on all cores.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use resolute_wire::name::Name;
use resolute_wire::zonefile::{self, Limits};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, open, statat};

use super::draft::Draft;
use super::source::FolderIncludes;
use crate::hash;

/// A file that has changed within this time is still being written; and file times have the kernel's tick, within which it
/// may be written again without a sign.
const QUIET: Duration = Duration::from_millis(50);

/// A folder whose files with a suffix are zone files.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    suffix: String,
    known: HashMap<Box<str>, Known>,
    looks: u32,
}

/// A file as it was.
#[derive(Clone, Copy, Debug)]
struct Known {
    stamp: u64,
    /// The look that has seen it last.
    seen: u32,
}

/// What is different since the last look.
#[derive(Debug, Default)]
pub struct Changes {
    /// Names of files that are new or not what they were.
    pub changed: Vec<String>,
    /// Names of files that are gone.
    pub gone: Vec<String>,
    /// Some are still being written: look again soon.
    pub unsettled: bool,
}

impl Folder {
    /// Nothing is known of it yet.
    pub fn new(path: PathBuf, suffix: String) -> Self {
        Self {
            path,
            suffix,
            known: HashMap::new(),
            looks: 0,
        }
    }

    /// What is different. A folder that cannot be read is an error, and nothing is taken for gone.
    pub fn look(&mut self) -> io::Result<Changes> {
        let now = SystemTime::now();
        let mut changes = Changes::default();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(&self.path, flags, Mode::empty())?;
        self.looks += 1;
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str()
                && self.is_zone_file(name)
                && let Ok(status) = statat(&folder, name, AtFlags::empty())
                && FileType::from_raw_mode(status.st_mode) == FileType::RegularFile
            {
                self.see(name, &status, now, &mut changes);
            }
        }
        let looks = self.looks;
        changes.gone = (self.known)
            .extract_if(|_, known| known.seen != looks)
            .map(|(name, _)| name.into())
            .collect();
        changes.changed.sort_unstable();
        Ok(changes)
    }

    fn is_zone_file(&self, name: &str) -> bool {
        name.ends_with(&self.suffix) && !name.starts_with('.') && name.len() > self.suffix.len()
    }

    fn see(&mut self, name: &str, status: &Stat, now: SystemTime, changes: &mut Changes) {
        let (stamp, seen) = (stamp(status), self.looks);
        if let Some(known) = self.known.get_mut(name) {
            known.seen = seen;
            if known.stamp == stamp {
                return;
            }
        }
        if age(status, now) < QUIET {
            changes.unsettled = true;
            return;
        }
        self.known.insert(name.into(), Known { stamp, seen });
        changes.changed.push(name.to_owned());
    }
}

/// What a file is: a number that is another one when the file is.
fn stamp(status: &Stat) -> u64 {
    let times = [
        status.st_mtime as u64,
        status.st_mtime_nsec,
        status.st_ctime as u64,
        status.st_ctime_nsec,
    ];
    let all = times.into_iter().chain([status.st_size as u64, status.st_ino]);
    all.fold(0, hash::mix)
}

/// How long ago a file was changed. A time that is yet to come is a wrong clock's, and says nothing.
fn age(status: &Stat, now: SystemTime) -> Duration {
    let changed = Duration::new(status.st_ctime.max(0) as u64, status.st_ctime_nsec as u32);
    now.duration_since(SystemTime::UNIX_EPOCH + changed)
        .unwrap_or(Duration::MAX)
}

/// A zone file that was read.
pub struct Scanned {
    /// Its records, and its problems so far.
    pub draft: Draft,
    /// The files that it includes, as absolute paths.
    pub included: Vec<PathBuf>,
}

/// Reads a zone file. `root`: where it may include files from; None is its own folder.
pub fn scan_file(path: &Path, origin: &Name, root: Option<&Path>) -> io::Result<Scanned> {
    let mut text = Vec::new();
    File::open(path)?.read_to_end(&mut text)?;
    let full = std::path::absolute(path)?;
    let root = root.or_else(|| full.parent()).unwrap_or(Path::new("/"));
    let mut includes = FolderIncludes::new(root);
    let mut draft = Draft::new(origin);
    zonefile::scan(&text, origin, &mut includes, Limits::default(), &mut draft);
    Ok(Scanned {
        draft,
        included: includes.into_files(),
    })
}

/// Does a piece of work for each item on all cores; the results stand in the order of the items.
pub fn for_all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(items.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                while let Some((at, item)) = take(items, &next) {
                    mine.push((at, work(item)));
                }
                results.lock().append(&mut mine);
            });
        }
    });
    let mut results = results.into_inner();
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn take<'i, T>(items: &'i [T], next: &AtomicUsize) -> Option<(usize, &'i T)> {
    let at = next.fetch_add(1, Relaxed);
    items.get(at).map(|item| (at, item))
}
