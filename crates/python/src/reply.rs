//! A server's reply, read for those who judge it.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use resolute_wire::reply::{self, Rrset};

use crate::error;

/// A reply, read whole.
#[pyclass(frozen, module = "resolute.plane._native")]
pub(crate) struct Reply(reply::Reply);

#[pymethods]
impl Reply {
    #[getter]
    fn flags(&self) -> u16 {
        self.0.flags
    }

    #[getter]
    fn rcode(&self) -> u16 {
        self.0.rcode
    }

    #[getter]
    fn qname(&self) -> &[u8] {
        self.0.qname.as_wire()
    }

    #[getter]
    fn qtype(&self) -> u16 {
        self.0.qtype
    }

    #[getter]
    fn edns(&self) -> bool {
        self.0.edns
    }

    #[getter]
    fn cookie(&self) -> Option<&[u8]> {
        self.0.cookie.as_deref()
    }

    #[getter]
    fn answer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        section(py, &self.0.sections[0])
    }

    #[getter]
    fn authority<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        section(py, &self.0.sections[1])
    }

    #[getter]
    fn additional<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        section(py, &self.0.sections[2])
    }
}

/// Reads a reply.
#[pyfunction]
pub(crate) fn read_reply(message: &[u8]) -> PyResult<Reply> {
    let read = reply::Reply::read(message).map(Reply);
    read.map_err(|broken| error::value(format!("not a reply that parses: {broken}")))
}

fn section<'py>(py: Python<'py>, sets: &[Rrset]) -> PyResult<Bound<'py, PyTuple>> {
    let set = |set: &Rrset| {
        let rdatas = PyTuple::new(py, set.rdatas.iter().map(|data| PyBytes::new(py, data)))?;
        (PyBytes::new(py, set.owner.as_wire()), set.rtype, set.ttl, rdatas).into_pyobject(py)
    };
    let sets: Vec<Bound<'py, PyTuple>> = sets.iter().map(set).collect::<PyResult<_>>()?;
    PyTuple::new(py, sets)
}
