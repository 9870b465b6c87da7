"""What the admin process answers when it says no (RFC 9457), as the family of error that it stands for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from resolute.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    PeerError,
    ResoluteError,
    RuleError,
    SettingsError,
    TooManyTriesError,
    UnauthenticatedError,
    UnavailableError,
)

_SETTINGS: Final = "urn:problem-type:resolute:settings"
_FAMILIES: Final[Mapping[int, type[ResoluteError]]] = {
    401: UnauthenticatedError,
    403: DeniedError,
    404: NotFoundError,
    412: ConflictError,
    502: PeerError,
}


class FieldsError(RuleError):
    """What was asked for does not hold; `problems` has a line for each thing, `fields` the names of fields."""

    def __init__(self, problems: Sequence[str], fields: Sequence[str] = ()) -> None:
        self.problems, self.fields = tuple(problems), tuple(fields)
        super().__init__("; ".join(self.problems))


def refusal(status: int, headers: Mapping[str, str], content: bytes) -> ResoluteError:
    """The error of an answer whose status is not one of success."""
    document = _document(content)
    detail = str(document.get("detail") or f"the server answered with status {status}")
    if status < 400:
        return PeerError(f"the server leads to another place ({headers.get('location', '?')}): name that with --server")
    fields, lines = _errors(document)
    if document.get("type") == _SETTINGS:
        return SettingsError(lines or [detail])
    if lines and status in (409, 422):
        return FieldsError(lines if status == 422 or detail in lines else [detail, *lines], fields)
    if status == 429:
        return TooManyTriesError(detail, _seconds(headers))
    if status >= 500 and status != 502:
        return UnavailableError(detail)
    return _FAMILIES.get(status, RuleError)(detail)


def _document(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _errors(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The names of the fields, and a line for each problem."""
    errors = document.get("errors")
    given = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    fields = [str(one.get("field", "")) for one in given]
    reasons = [str(one.get("reason", "")) for one in given]
    return fields, [f"{name}: {why}" if name else why for name, why in zip(fields, reasons, strict=True)]


def _seconds(headers: Mapping[str, str]) -> int:
    text = headers.get("retry-after", "")
    return int(text) if text.isascii() and text.isdigit() else 0
