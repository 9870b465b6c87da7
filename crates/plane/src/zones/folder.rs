//! A folder of zone files, and the loading of many at once: a hundred thousand small zones are looked at and read without the
//! interpreter, on all cores.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use resolute_wire::name::Name;
use resolute_wire::zonefile::{self, Limits};

use super::draft::Draft;
use super::source::FolderIncludes;
use crate::hash;

/// A file that has changed within this time is still being written.
const QUIET: Duration = Duration::from_millis(50);
/// File times have the kernel's tick: what was written within it may be written again without a sign.
const TICK: Duration = Duration::from_millis(20);

/// A folder whose files with a suffix are zone files.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    suffix: String,
    known: HashMap<Box<str>, u64>,
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
        }
    }

    /// What is different. A folder that cannot be read is an error, and nothing is taken for gone.
    pub fn look(&mut self) -> io::Result<Changes> {
        let now = SystemTime::now();
        let mut changes = Changes::default();
        let mut found = HashMap::with_capacity(self.known.len());
        for entry in std::fs::read_dir(&self.path)? {
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            if !name.ends_with(&self.suffix) || name.starts_with('.') || name.len() == self.suffix.len() {
                continue;
            }
            let Ok(status) = std::fs::metadata(self.path.join(&name)) else {
                continue;
            };
            if !status.is_file() {
                continue;
            }
            let before = self.known.get(name.as_str()).copied();
            let stamp = stamp(&status, now);
            if before != Some(stamp.unwrap_or(0)) || stamp.is_none() {
                if is_young(&status, now, QUIET) {
                    changes.unsettled = true;
                    found.extend(before.map(|before| (name.into(), before)));
                    continue;
                }
                changes.changed.push(name.clone());
            }
            found.insert(name.into(), stamp.unwrap_or(0));
        }
        let gone = self.known.keys().filter(|name| !found.contains_key(*name));
        changes.gone = gone.map(|name| name.to_string()).collect();
        self.known = found;
        changes.changed.sort_unstable();
        Ok(changes)
    }
}

/// What a file is: a number that is another one when the file is. None: it may change without a sign.
fn stamp(status: &Metadata, now: SystemTime) -> Option<u64> {
    if is_young(status, now, TICK) {
        return None;
    }
    let times = [status.mtime(), status.mtime_nsec(), status.ctime(), status.ctime_nsec()];
    let all = times
        .map(|time| time as u64)
        .into_iter()
        .chain([status.size(), status.ino()]);
    Some(all.fold(1, hash::mix).max(1))
}

fn is_young(status: &Metadata, now: SystemTime, within: Duration) -> bool {
    let changed =
        SystemTime::UNIX_EPOCH + Duration::new(status.ctime().max(0) as u64, status.ctime_nsec().max(0) as u32);
    // A time that is yet to come is a wrong clock's, and says nothing.
    now.duration_since(changed).is_ok_and(|age| age < within)
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
