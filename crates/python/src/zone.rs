//! Zone data: scanned, compiled, looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use resolute_plane::zones::draft::{Draft, NOWHERE, Placed};
use resolute_plane::zones::edit::Change;
use resolute_plane::zones::folder::{Folder, Scanned, for_all, scan_file};
use resolute_plane::zones::image::{Image, Overlay};
use resolute_plane::zones::listing::{Listing, Reach};
use resolute_wire::name::Name;
use resolute_wire::zonefile::{self, Limits, NoIncludes, Severity};
use resolute_wire::{rtype, zonefile as zf};

use crate::error::{self, ZoneFileError};

/// One thing that is wrong, or doubtful, in zone data.
#[pyclass(frozen, get_all, module = "resolute.plane._native")]
#[derive(Clone)]
pub(crate) struct Problem {
    file: String,
    line: u32,
    column: u32,
    code: &'static str,
    severity: &'static str,
    message: String,
}

/// A record that dnspython converts.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct ForeignRecord {
    #[pyo3(get)]
    rtype: u16,
    text: Vec<u8>,
    origin: Name,
    #[pyo3(get)]
    file: String,
    #[pyo3(get)]
    line: u32,
    #[pyo3(get)]
    column: u32,
}

#[pymethods]
impl ForeignRecord {
    #[getter]
    fn text(&self) -> &[u8] {
        &self.text
    }

    #[getter]
    fn origin(&self) -> &[u8] {
        self.origin.as_wire()
    }
}

/// What was read from zone text.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct ZoneScan {
    draft: Arc<Mutex<Option<Draft>>>,
    files: Vec<String>,
}

#[pymethods]
impl ZoneScan {
    #[getter]
    fn files(&self) -> Vec<String> {
        self.files.clone()
    }

    #[getter]
    fn foreign(&self) -> PyResult<Vec<ForeignRecord>> {
        let draft = self.draft.lock();
        let draft = draft.as_ref().ok_or_else(compiled_already)?;
        let record = |record: &resolute_plane::zones::draft::ForeignRecord| ForeignRecord {
            rtype: record.rtype,
            text: record.text.clone(),
            origin: record.origin,
            file: self.file(record.place.file),
            line: record.place.line,
            column: record.place.column,
        };
        Ok(draft.foreign().iter().map(record).collect())
    }

    fn convert(&self, index: usize, rdata: &[u8]) -> PyResult<()> {
        self.settle(index, Ok(rdata))
    }

    fn reject(&self, index: usize, message: String) -> PyResult<()> {
        self.settle(index, Err(message))
    }

    fn listing(&self, py: Python<'_>) -> PyResult<ZoneListing> {
        let shared = self.draft.clone();
        let listing = py.detach(|| shared.lock().as_ref().map(Listing::of));
        let (listing, draft) = (listing.ok_or_else(compiled_already)?, self.draft.clone());
        Ok(ZoneListing { listing, draft })
    }

    fn compile(&self, py: Python<'_>) -> PyResult<ZoneImage> {
        let draft = self.draft.lock().take().ok_or_else(compiled_already)?;
        compile(py, draft, &self.files)
    }
}

impl ZoneScan {
    fn new(path: &Path, scanned: Scanned) -> Self {
        Self {
            draft: Arc::new(Mutex::new(Some(scanned.draft))),
            files: std::iter::once(full_path(path))
                .chain(texts(&scanned.included))
                .collect(),
        }
    }

    fn settle(&self, index: usize, rdata: Result<&[u8], String>) -> PyResult<()> {
        let mut draft = self.draft.lock();
        let draft = draft.as_mut().ok_or_else(compiled_already)?;
        if draft.settle(index, rdata) {
            Ok(())
        } else {
            Err(error::value(format!("no foreign record {index} to settle")))
        }
    }

    fn file(&self, index: u32) -> String {
        self.files.get(index as usize).cloned().unwrap_or_default()
    }
}

/// The records of a scan in canonical order.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct ZoneListing {
    listing: Listing,
    draft: Arc<Mutex<Option<Draft>>>,
}

type PlacedTuple<'py> = (Bound<'py, PyBytes>, u16, u32, Bound<'py, PyBytes>, u32, u32, u32);

#[pymethods]
impl ZoneListing {
    fn __len__(&self) -> usize {
        self.listing.len()
    }

    fn records<'py>(&self, py: Python<'py>, start: usize, stop: usize) -> PyResult<Vec<PlacedTuple<'py>>> {
        let draft = self.draft.lock();
        let draft = draft.as_ref().ok_or_else(compiled_already)?;
        let mut owner: Option<Bound<'py, PyBytes>> = None;
        let found = (start..stop.min(self.listing.len())).filter_map(|at| draft.at(self.listing.get(at)?));
        let tuple = |record: Placed<'_>| {
            let same = owner.take().filter(|known| known.as_bytes() == record.owner);
            let name = same.unwrap_or_else(|| PyBytes::new(py, record.owner));
            owner = Some(name.clone());
            let (place, rdata) = (record.place, PyBytes::new(py, record.rdata));
            (
                name,
                record.rtype,
                record.ttl,
                rdata,
                place.file,
                place.line,
                place.column,
            )
        };
        Ok(found.map(tuple).collect())
    }

    #[pyo3(signature = (owner, *, subtree = false))]
    fn find(&self, owner: &[u8], subtree: bool) -> (usize, usize) {
        let reach = if subtree { Reach::Subtree } else { Reach::Name };
        let found = self.listing.find(owner, reach);
        (found.start, found.end)
    }
}

/// An authoritative zone.
#[pyclass(frozen, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct ZoneImage {
    pub image: Arc<Image>,
    warnings: Vec<Problem>,
}

impl ZoneImage {
    /// A zone that is being served.
    pub fn of(image: Arc<Image>) -> Self {
        Self {
            image,
            warnings: Vec::new(),
        }
    }
}

#[pymethods]
impl ZoneImage {
    #[getter]
    fn origin(&self) -> &[u8] {
        self.image.wire()
    }

    #[getter]
    fn serial(&self) -> u32 {
        self.image.soa.serial
    }

    #[getter]
    fn names(&self) -> usize {
        self.image.names
    }

    #[getter]
    fn records(&self) -> usize {
        self.image.records
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.image.size()
    }

    #[getter]
    fn warnings(&self) -> Vec<Problem> {
        self.warnings.clone()
    }

    fn edit(&self, py: Python<'_>, changes: Vec<ChangeTuple>) -> PyResult<Self> {
        let change = |(owner, rtype, records): ChangeTuple| -> PyResult<Change> {
            Ok(Change {
                owner: error::name(&owner)?,
                rtype,
                records,
            })
        };
        let changes: Vec<Change> = changes.into_iter().map(change).collect::<PyResult<_>>()?;
        finish(py, py.detach(|| self.image.edit(&changes)), &[])
    }

    fn __iter__(&self) -> ZoneRecords {
        ZoneRecords {
            image: self.image.clone(),
            at: Mutex::default(),
        }
    }
}

/// The records of a zone, one by one: a page of the tree at a time is unpacked.
#[pyclass(frozen, module = "resolute.plane._native")]
pub struct ZoneRecords {
    image: Arc<Image>,
    at: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    node: usize,
    unpacked: Vec<RecordTuple>,
}

/// Owner, type, and TTL and rdata of each record.
type ChangeTuple = (Vec<u8>, u16, Vec<(u32, Vec<u8>)>);

type RecordTuple = (Vec<u8>, u16, u32, Vec<u8>);

/// Nodes unpacked at a time.
const NODES_AT_ONCE: usize = 1_024;

#[pymethods]
impl ZoneRecords {
    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> Option<(Bound<'py, PyBytes>, u16, u32, Bound<'py, PyBytes>)> {
        let mut at = self.at.lock();
        while at.unpacked.is_empty() {
            let mut nodes = 0;
            let mut unpacked = Vec::new();
            for node in self.image.tree.nodes().skip(at.node).take(NODES_AT_ONCE) {
                nodes += 1;
                for rrset in node.rrsets() {
                    unpacked.extend(
                        rrset
                            .iter()
                            .map(|(ttl, rdata)| (node.name.to_vec(), rrset.rtype, ttl, rdata.to_vec())),
                    );
                }
            }
            if nodes == 0 {
                return None;
            }
            unpacked.reverse();
            at.unpacked = unpacked;
            at.node += nodes;
        }
        let (owner, rtype, ttl, rdata) = at.unpacked.pop()?;
        Some((PyBytes::new(py, &owner), rtype, ttl, PyBytes::new(py, &rdata)))
    }
}

/// Names that are answered before all zones.
#[pyclass(frozen, module = "resolute.plane._native")]
#[derive(Clone)]
pub struct OverlayImage(pub Arc<Overlay>);

#[pymethods]
impl OverlayImage {
    #[getter]
    fn label(&self) -> &str {
        &self.0.label
    }

    #[getter]
    fn names(&self) -> usize {
        self.0.names
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.0.size()
    }
}

/// Reads a zone file.
#[pyfunction]
#[pyo3(signature = (path, origin, *, include_root = None))]
pub(crate) fn scan_zone_file(
    py: Python<'_>,
    path: PathBuf,
    origin: &[u8],
    include_root: Option<PathBuf>,
) -> PyResult<ZoneScan> {
    let origin = error::name(origin)?;
    let scanned = py.detach(|| scan_file(&path, &origin, include_root.as_deref()));
    let scanned = scanned.map_err(|error| error::system(&error, path.display().to_string()))?;
    Ok(ZoneScan::new(&path, scanned))
}

/// Reads and compiles many zone files on all cores.
#[pyfunction]
pub(crate) fn load_zone_files(py: Python<'_>, files: Vec<(PathBuf, Vec<u8>)>) -> PyResult<Vec<LoadedZone>> {
    let named = |(path, origin): (PathBuf, Vec<u8>)| Ok((path, error::name(&origin)?));
    let files: Vec<(PathBuf, Name)> = files.into_iter().map(named).collect::<PyResult<_>>()?;
    let loaded = py.detach(|| {
        for_all(&files, |(path, origin)| {
            let scanned = scan_file(path, origin, None)?;
            if scanned.draft.foreign().is_empty() {
                let included = scanned.included;
                return Ok((included, Read::Compiled(scanned.draft.compile())));
            }
            Ok((scanned.included.clone(), Read::Scanned(scanned)))
        })
    });
    let result = |(loaded, (path, _)): (std::io::Result<_>, &(PathBuf, Name))| LoadedZone::new(py, path, loaded);
    loaded.into_iter().zip(&files).map(result).collect()
}

/// How far a file was read without Python.
enum Read {
    Compiled(Result<(Image, Vec<zf::Problem>), Vec<zf::Problem>>),
    Scanned(Scanned),
}

/// How the reading of one of many zone files has ended: one of image, scan (records are to be converted), problems, error.
#[pyclass(frozen, get_all, module = "resolute.plane._native")]
pub(crate) struct LoadedZone {
    image: Option<ZoneImage>,
    scan: Option<Py<ZoneScan>>,
    problems: Vec<Problem>,
    error: Option<String>,
    included: Vec<String>,
}

impl LoadedZone {
    fn new(py: Python<'_>, path: &Path, loaded: std::io::Result<(Vec<PathBuf>, Read)>) -> PyResult<Self> {
        let mut zone = Self {
            image: None,
            scan: None,
            problems: Vec::new(),
            error: None,
            included: Vec::new(),
        };
        let (included, read) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                zone.error = Some(error::reason(&error));
                return Ok(zone);
            }
        };
        zone.included = texts(&included);
        let files = || -> Vec<String> { std::iter::once(full_path(path)).chain(texts(&included)).collect() };
        match read {
            Read::Scanned(scanned) => zone.scan = Some(Py::new(py, ZoneScan::new(path, scanned))?),
            Read::Compiled(Err(problems)) => zone.problems = reported(problems, &files()),
            Read::Compiled(Ok((image, warnings))) => {
                let warnings = if warnings.is_empty() {
                    Vec::new()
                } else {
                    reported(warnings, &files())
                };
                let image = Arc::new(image);
                zone.image = Some(ZoneImage { image, warnings });
            }
        }
        Ok(zone)
    }
}

fn full_path(path: &Path) -> String {
    std::path::absolute(path)
        .as_deref()
        .unwrap_or(path)
        .display()
        .to_string()
}

fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

/// A folder of zone files.
#[pyclass(frozen, module = "resolute.plane._native")]
pub(crate) struct ZoneFolder(Mutex<Folder>);

#[pymethods]
impl ZoneFolder {
    #[new]
    fn new(path: PathBuf, suffix: String) -> Self {
        Self(Mutex::new(Folder::new(path, suffix)))
    }

    fn look(&self, py: Python<'_>) -> PyResult<(Vec<String>, Vec<String>, bool)> {
        let changes = py.detach(|| self.0.lock().look());
        let changes = changes.map_err(|error| error::system(&error, String::new()))?;
        Ok((changes.changed, changes.gone, changes.unsettled))
    }
}

/// Reads zone text from memory.
#[pyfunction]
#[pyo3(signature = (text, origin, *, file))]
pub(crate) fn scan_zone_text(py: Python<'_>, text: &[u8], origin: &[u8], file: String) -> PyResult<ZoneScan> {
    let origin = error::name(origin)?;
    let draft = py.detach(|| {
        let mut draft = Draft::new(&origin);
        zonefile::scan(text, &origin, &mut NoIncludes, Limits::default(), &mut draft);
        draft
    });
    Ok(ZoneScan {
        draft: Arc::new(Mutex::new(Some(draft))),
        files: vec![file],
    })
}

/// A zone from records.
#[pyfunction]
pub(crate) fn compile_zone(py: Python<'_>, origin: &[u8], records: &Bound<'_, PyAny>) -> PyResult<ZoneImage> {
    let mut draft = Draft::new(&error::name(origin)?);
    push_all(&mut draft, records)?;
    compile(py, draft, &[])
}

/// An overlay from records.
#[pyfunction]
pub(crate) fn compile_overlay(py: Python<'_>, label: String, records: &Bound<'_, PyAny>) -> PyResult<OverlayImage> {
    let mut draft = Draft::new(&Name::ROOT);
    push_all(&mut draft, records)?;
    let (tree, names) = py.detach(|| draft.compile_overlay()).map_err(|problems| {
        error::value(
            problems
                .first()
                .map_or(String::new(), |problem| problem.message.clone()),
        )
    })?;
    Ok(OverlayImage(Arc::new(Overlay { label, tree, names })))
}

/// The type's mnemonic.
#[pyfunction]
pub(crate) fn mnemonic(rtype: u16) -> String {
    rtype::text(rtype).into_owned()
}

/// The types that the native scanner parses.
#[pyfunction]
pub(crate) fn native_types() -> Vec<u16> {
    zf::native_types().to_vec()
}

fn push_all(draft: &mut Draft, records: &Bound<'_, PyAny>) -> PyResult<()> {
    for record in records.try_iter()? {
        let (owner, rtype, ttl, rdata): (Bound<'_, PyBytes>, u16, u32, Bound<'_, PyBytes>) = record?.extract()?;
        draft.push(&error::name(owner.as_bytes())?, rtype, ttl, rdata.as_bytes(), NOWHERE);
    }
    Ok(())
}

fn compile(py: Python<'_>, draft: Draft, files: &[String]) -> PyResult<ZoneImage> {
    finish(py, py.detach(|| draft.compile()), files)
}

/// A zone with its warnings, or the error that carries every problem.
fn finish(
    py: Python<'_>,
    result: Result<(Image, Vec<zf::Problem>), Vec<zf::Problem>>,
    files: &[String],
) -> PyResult<ZoneImage> {
    match result {
        Ok((image, warnings)) => Ok(ZoneImage {
            image: Arc::new(image),
            warnings: reported(warnings, files),
        }),
        Err(problems) => {
            let problems = reported(problems, files);
            let first = problems.iter().find(|problem| problem.severity == "error");
            let text = first.map_or(String::new(), |first| match first.file.as_str() {
                "" => first.message.clone(),
                file => format!("{file}:{}:{}: {}", first.line, first.column, first.message),
            });
            let error = ZoneFileError::new_err(text);
            error.value(py).setattr("problems", problems)?;
            Err(error)
        }
    }
}

/// Problems as Python sees them, with the names of their files.
fn reported(problems: Vec<zf::Problem>, files: &[String]) -> Vec<Problem> {
    let problem = |problem: zf::Problem| Problem {
        file: files.get(problem.place.file as usize).cloned().unwrap_or_default(),
        line: problem.place.line,
        column: problem.place.column,
        code: problem.code,
        severity: match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: problem.message,
    };
    problems.into_iter().map(problem).collect()
}

fn compiled_already() -> PyErr {
    error::value("this scan has been compiled already")
}
