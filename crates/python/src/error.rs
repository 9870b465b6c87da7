//! From errors of the Rust side to Python's: `ValueError` for arguments, `OSError` for files and sockets, `ZoneFileError` for
//! zone data.

use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;
use resolute_wire::name::{Name, NameError};

pyo3::create_exception!(_native, ZoneFileError, PyException, "Zone data that cannot be served.");

/// An argument that does not hold.
pub(crate) fn value(message: impl Into<String>) -> PyErr {
    PyValueError::new_err(message.into())
}

/// A file or socket that does not work; `subject` becomes the error's `filename`.
pub(crate) fn system(error: &std::io::Error, subject: String) -> PyErr {
    match error.raw_os_error() {
        // Errno and text make Python choose the right subclass (PermissionError, FileNotFoundError, …).
        Some(errno) => PyOSError::new_err((errno, text(error), subject)),
        None => PyOSError::new_err(format!("{subject}: {error}")),
    }
}

/// A name given as wire format.
pub(crate) fn name(wire: &[u8]) -> PyResult<Name> {
    Name::from_wire(wire).map_err(|error: NameError| value(format!("not a name in wire format: {error}")))
}

/// What an error of the system says.
pub(crate) fn reason(error: &std::io::Error) -> String {
    text(error)
}

/// The error's text without Rust's "(os error 98)".
fn text(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error")
        .map_or(text.clone(), |(plain, _)| plain.to_owned())
}
