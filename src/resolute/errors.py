"""The families of error, each mapped once at each edge (command line, HTTP, DNS).

    ResoluteError
      + SettingsError        settings that do not hold together      exit 2 · HTTP 422
      + RuleError            a change that would break a rule        exit 1 · HTTP 409 · REFUSED
      |   - PresentationError  text that is not a name, type or rdata
      |   - ZoneDataError      zone data that cannot be served
      |   - NotFoundError      what is to be changed or shown is not there                        HTTP 404
      |   - ConflictError      somebody else has changed it meanwhile                             HTTP 412
      + AccessError          somebody who may not do this            exit 1 · HTTP 403 · REFUSED
      |   - UnauthenticatedError  nobody has said who asks           HTTP 401
      |   - DeniedError          the right is missing                HTTP 403
      |   - TooManyTriesError    wrong passwords came too often      HTTP 429
      + PeerError            a peer that sent something wrong        exit 1 · HTTP 502 · SERVFAIL + EDE
      + UnavailableError     something that is not there just now    exit 1 · HTTP 503 · SERVFAIL + EDE
          - StorageError         what is to be kept has no place: the disk is full, or fails    HTTP 507

Every text is one line that says what, where and how to mend.
"""

import errno
from collections.abc import Sequence


class ResoluteError(Exception):
    """The root of all errors that Resolute raises on purpose."""


class SettingsError(ResoluteError):
    """Settings that do not hold together; raised at start, on reload and by `resolute check`.

    `problems` has one line for each thing that is wrong, never none.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class RuleError(ResoluteError):
    """A change that is refused because it would break a rule; nothing has changed."""


class PresentationError(RuleError, ValueError):
    """Text that is not a name, a type or rdata in presentation form (RFC 1035 5.1, RFC 3597 5)."""


class ZoneDataError(RuleError):
    """Zone data that cannot be served; `problems` has one line for each thing wrong, with file, line and column."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        self.problems = tuple(problems) or (message,)
        super().__init__(message)


class NotFoundError(RuleError):
    """What is to be changed or shown is not there."""


class ConflictError(RuleError):
    """What is to be changed is not what the caller believes it to be: somebody else was quicker."""


class AccessError(ResoluteError):
    """Somebody asked for what they may not do; nothing has changed."""


class UnauthenticatedError(AccessError):
    """Nobody has said who asks, or what was said is not true; the text says how to."""


class DeniedError(AccessError):
    """The right is missing; `missing` names it, and so does the text."""

    def __init__(self, message: str, missing: str = "") -> None:
        self.missing = missing
        super().__init__(message)


class TooManyTriesError(AccessError):
    """Too many wrong passwords; the next try is taken after `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class PeerError(ResoluteError):
    """A peer (an upstream, a primary) that sent something wrong."""


class UnavailableError(ResoluteError):
    """Something that is needed and is not there just now: the node, the store, every upstream of a route."""


class StorageError(UnavailableError):
    """What was to be kept could not be: the disk is full, or it fails. Nothing has changed; it may be tried again when
    there is room."""


def not_kept(message: str, error: OSError) -> UnavailableError:
    """What a write to a disk that the system refuses is raised as."""
    storage = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return StorageError(message) if storage else UnavailableError(message)
