"""Whose signatures on certificates are believed: the roots of the system, or those of a file."""

import os
import re
import ssl
from pathlib import Path
from typing import Final

SYSTEM: Final = "system"
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def check(file: str) -> None:
    """Raises ValueError, with what is wrong, when a file of roots holds none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=file)
    except ssl.SSLError:
        raise ValueError(f"ca_file {file!r} has no certificates in it: expected a PEM file") from None
    except OSError as error:
        raise ValueError(f"ca_file {file!r} cannot be read: {error.strerror}") from None


def context(authorities: str, alpn: str) -> ssl.SSLContext:
    """A client's context: certificate and host name verified, TLS 1.2 at least (RFC 8310 9), one protocol offered.

    Raises OSError when the roots cannot be read. There is no early data: Python's ssl does not send any.
    """
    made = ssl.create_default_context(cafile=None if authorities == SYSTEM else authorities)
    made.hostname_checks_common_name = False  # RFC 9525 6.1: names stand in subjectAltName alone
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols([alpn])
    return made


def locations(authorities: str) -> tuple[str | None, str | None]:
    """File and folder of the roots, for libraries that do not take a context. Of the system's, the folder where it has
    hashed names: single roots are read from it, instead of all for each connection."""
    if authorities != SYSTEM:
        return authorities, None
    paths = ssl.get_default_verify_paths()
    if not paths.capath or not any(_HASHED.fullmatch(file.name) for file in Path(paths.capath).iterdir()):
        return paths.cafile, None
    return paths.cafile if paths.openssl_cafile_env in os.environ else None, paths.capath


def fingerprint(authorities: str) -> object:
    """Something that is different when others may sign."""
    if authorities == SYSTEM:
        return SYSTEM
    try:
        found = Path(authorities).stat()
    except OSError:
        return authorities, None
    return authorities, found.st_mtime_ns, found.st_size, found.st_ino
