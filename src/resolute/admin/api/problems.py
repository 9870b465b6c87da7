"""Each family of error as an answer: a problem document (RFC 9457) under /api/, one line of text elsewhere.
Where PowerDNS's API is, the document has an `error` member too.

    {"type": "urn:problem-type:resolute:denied", "title": "The right is missing", "status": 403,
     "detail": "bob does not have the right users:read: the role of bob is reader", "instance": "/api/v1/users",
     "errors": []}

`errors` names each field that does not hold, as `{"field": "scope.names[0]", "reason": "..."}`. Of a secret nothing
is repeated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from resolute.admin.compat import protocols
from resolute.errors import (
    AccessError,
    ConflictError,
    DeniedError,
    NotFoundError,
    PeerError,
    ResoluteError,
    RuleError,
    SettingsError,
    StorageError,
    TooManyTriesError,
    UnauthenticatedError,
    UnavailableError,
    ZoneDataError,
)

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:problem-type:resolute:"
_POWERDNS: Final = "/api/v1/servers"


class BadRequestError(RuleError):
    """What was sent is not what the route takes; answered with 400."""


class NotThereError(RuleError):
    """There is no such thing; answered with 404."""


class InvalidError(RuleError):
    """Fields that do not hold together, of a body that is well formed; answered with 422."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        """Each as (field, reason)."""
        self.fields = fields
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in fields))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is answered. `kind` is the last part of the type."""

    status: int
    kind: str
    title: str
    detail: str
    errors: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


class FieldProblem(BaseModel):
    """A field that does not hold."""

    field: str = Field(description="Where it stands in the body or the query: `scope.names[0]`.")
    reason: str


class ProblemDocument(BaseModel):
    """Problem details (RFC 9457)."""

    type: str = Field(examples=[_TYPE + "denied"])
    title: str = Field(examples=["The right is missing"])
    status: int = Field(examples=[403])
    detail: str = Field(examples=["bob does not have the right users:read: the role of bob is reader"])
    instance: str = Field(examples=["/api/v1/users"])
    errors: list[FieldProblem] = Field(default=[])


FAMILIES: Final = (
    (BadRequestError, 400, "bad-request", "The request cannot be read"),
    (NotThereError, 404, "not-found", "There is no such thing"),
    (InvalidError, 422, "invalid", "Something in the request does not hold"),
    (SettingsError, 422, "settings", "The settings do not hold together"),
    (NotFoundError, 404, "not-found", "There is no such thing"),
    (ConflictError, 412, "condition", "It is not what the request believes it to be"),
    (RuleError, 409, "conflict", "The change would break a rule"),
    (UnauthenticatedError, 401, "unauthenticated", "Nobody has said who asks"),
    (TooManyTriesError, 429, "too-many-tries", "Too many tries"),
    (DeniedError, 403, "denied", "The right is missing"),
    (AccessError, 403, "denied", "The right is missing"),
    (PeerError, 502, "peer", "Another server sent something wrong"),
    (StorageError, 507, "storage", "There is no room to keep the change, or the disk fails"),
    (UnavailableError, 503, "unavailable", "Something that is needed is not there just now"),
)
"""The first that fits."""

_STATUSES: Final = {
    400: ("bad-request", "The request cannot be read"),
    403: ("refused", "The request is not let in"),
    404: ("not-found", "There is nothing here"),
    405: ("method", "The method is not possible here"),
    408: ("slow", "The request did not come in time"),
    413: ("too-large", "The request is too large"),
}

MEANING: Final = {
    200: "It is done.",
    201: "It is made.",
    400: "The request cannot be read.",
    401: "Nobody has said who asks.",
    403: "The right is missing.",
    404: "There is no such thing.",
    409: "It is there already, is not to be changed here, or the change would break a rule.",
    412: "It is not what the request believes it to be: somebody has changed it.",
    413: "The body is too large.",
    422: "Something in the request does not hold.",
    429: "Too many tries; `Retry-After` says how long to wait.",
    502: "Another server sent something wrong.",
    503: "Something that is needed, such as the store, is not there just now.",
    507: "There is no room to keep the change, or the disk fails: it is not made.",
}
"""Of the statuses that routes answer, for the description of the API."""


def of(error: Exception) -> Problem:
    """What an error is answered with; what is nobody's is a fault of ours (500)."""
    if isinstance(error, RequestValidationError):
        errors = [(_field(one), _reason(one)) for one in error.errors()]
        where = ", ".join(dict.fromkeys(name for name, _ in errors))
        return Problem(422, "invalid", "Something in the request does not hold", f"look at: {where}", errors)
    if isinstance(error, HTTPException):
        not_text = isinstance(error.__cause__, UnicodeDecodeError)
        detail = "the body is not text in UTF-8" if not_text else ""
        return of_status(error.status_code, detail, error.headers or {})
    for family, status, kind, title in FAMILIES:
        if isinstance(error, family):
            return Problem(status, kind, title, one_line(str(error)), _errors(error), _headers(error))
    return Problem(500, "internal", "An internal error", "an internal error: see the server's log")


def of_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Problem:
    """What a status by itself means."""
    kind, title = _STATUSES.get(status, ("refused", "The request cannot be served"))
    return Problem(status, kind, title, one_line(detail) or title.lower(), headers=headers or {})


def answer(problem: Problem, path: str) -> Response:
    """The answer for a path: a problem document in the API, what its clients read where another program's protocol is
    spoken, one line elsewhere. What was sent is repeated as text that can be sent."""
    problem = replace(
        problem,
        detail=_as_text(problem.detail),
        errors=[(_as_text(name), _as_text(reason)) for name, reason in problem.errors],
    )
    said = protocols.said(path, protocols.Refusal(problem.status, problem.kind, problem.detail))
    if said is not None:
        headers = {**problem.headers, **({"WWW-Authenticate": protocols.CHALLENGE} if said.status == 401 else {})}
        return Response(said.text, said.status, headers, said.media_type)
    if not is_api(path):
        return PlainTextResponse(problem.detail + "\n", problem.status, problem.headers)
    body: dict[str, Any] = {
        "type": _TYPE + problem.kind,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": _as_text(path),
        "errors": [{"field": name, "reason": reason} for name, reason in problem.errors],
    }
    if is_powerdns(path):
        reasons = [f"{name}: {reason}" if name else reason for name, reason in problem.errors]
        return JSONResponse({**body, "error": problem.detail, "errors": reasons}, problem.status, problem.headers)
    return JSONResponse(body, problem.status, problem.headers, MEDIA_TYPE)


def is_api(path: str) -> bool:
    """Whether a path is the REST API's."""
    return path == "/api" or path.startswith("/api/")


def is_powerdns(path: str) -> bool:
    """Whether a path is one of the API of PowerDNS, whose clients read `error` and a list of texts, `errors`."""
    return path in ("/api", _POWERDNS) or path.startswith(f"{_POWERDNS}/")


def one_line(text: str) -> str:
    """The text with white space made single blanks."""
    return " ".join(text.split())


def _as_text(sent: str) -> str:
    """Half of a surrogate pair, which a string of JSON may have (RFC 8259 8.2) and UTF-8 has not, is written out."""
    return sent.encode("utf-8", "backslashreplace").decode()


def _errors(error: ResoluteError) -> Sequence[tuple[str, str]]:
    if isinstance(error, InvalidError):
        return error.fields
    if isinstance(error, SettingsError | ZoneDataError):
        return [("", one_line(problem)) for problem in error.problems]
    return ()


def _headers(error: ResoluteError) -> Mapping[str, str]:
    if isinstance(error, UnauthenticatedError):
        return {"WWW-Authenticate": 'Bearer realm="resolute"'}
    if isinstance(error, TooManyTriesError):
        return {"Retry-After": str(error.retry_after_s)}
    return {}


def _field(problem: Mapping[str, Any]) -> str:
    """The location `("body", "scope", "names", 0)` as people write it; a body that is none at all is `body`."""
    location: Sequence[int | str] = problem["loc"][:1] if problem["type"] == "json_invalid" else problem["loc"]
    parts = location[1:] if len(location) > 1 and not isinstance(location[1], int) else location
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _reason(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return f"it is not JSON: {problem.get('ctx', {}).get('error', 'it does not parse')}"
    return one_line(str(problem["msg"]).removeprefix("Value error, "))


def with_header(problem: Problem, name: str, value: str) -> Problem:
    """The same problem with one more header."""
    return replace(problem, headers={**problem.headers, name: value})
