//! Zone data: scanned, compiled, looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use resolute_plane::zones::draft::{Draft, NOWHERE, Placed};
use resolute_plane::zones::image::{Image, Overlay};
use resolute_plane::zones::listing::{Listing, Reach};
use resolute_plane::zones::source::FolderIncludes;
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
        self.image.origin.as_wire()
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
    py.detach(|| {
        let system = |error: std::io::Error| error::system(&error, path.display().to_string());
        let text = std::fs::read(&path).map_err(system)?;
        let full = std::path::absolute(&path).map_err(system)?;
        let root = include_root
            .or_else(|| full.parent().map(Path::to_path_buf))
            .unwrap_or_default();
        let mut includes = FolderIncludes::new(&root).map_err(system)?;
        let mut draft = Draft::new(&origin);
        zonefile::scan(&text, &origin, &mut includes, Limits::default(), &mut draft);
        let included = includes.files().iter().map(|file| file.display().to_string());
        let files = std::iter::once(full.display().to_string()).chain(included).collect();
        Ok(ZoneScan {
            draft: Arc::new(Mutex::new(Some(draft))),
            files,
        })
    })
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
    match py.detach(|| draft.compile()) {
        Ok((image, warnings)) => Ok(ZoneImage {
            image: Arc::new(image),
            warnings: warnings.into_iter().map(problem).collect(),
        }),
        Err(problems) => {
            let problems: Vec<Problem> = problems.into_iter().map(problem).collect();
            let first = problems.iter().find(|problem| problem.severity == "error");
            let text = first.map_or(String::new(), |first| {
                format!("{}:{}:{}: {}", first.file, first.line, first.column, first.message)
            });
            let error = ZoneFileError::new_err(text);
            error.value(py).setattr("problems", problems)?;
            Err(error)
        }
    }
}

fn compiled_already() -> PyErr {
    error::value("this scan has been compiled already")
}
