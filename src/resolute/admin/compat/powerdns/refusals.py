"""How these routes read what is sent and say no: PowerDNS looks at no Content-Type, and says 422 where we say 409.

{"error": "DNS Name 'www.example.org' is not canonical", "errors": [...]}
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.responses import Response

from resolute.admin.api import problems
from resolute.admin.api.problems import MEANING, BadRequestError, InvalidError
from resolute.errors import PresentationError, RuleError, ZoneDataError


class UnprocessableError(InvalidError):
    """What was sent does not hold, in words; answered with 422."""

    def __init__(self, text: str, reasons: Sequence[str] = ()) -> None:
        RuleError.__init__(self, text)
        self.fields = tuple(("", reason) for reason in reasons)


class PowerDnsRefusal(BaseModel):
    """Why not. Clients of PowerDNS read `error`; the rest are problem details (RFC 9457)."""

    error: str = Field(examples=["DNS Name 'www.example.org' is not canonical"])
    errors: list[str] = Field(description="Each thing that is wrong, when there are several.")
    type: str
    title: str
    status: int
    detail: str
    instance: str


class PowerDnsRoute(APIRoute):
    """A route that takes JSON under whatever name it comes, and refuses as PowerDNS does."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """Around FastAPI's own."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(_as_json(request))
            except RequestValidationError as error:
                raise _unreadable(error) from error
            except ZoneDataError as error:
                raise UnprocessableError(error.problems[0], error.problems) from error
            except PresentationError as error:
                raise UnprocessableError(str(error)) from error

        return handle


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these statuses, besides those that every route may answer."""
    return {
        status: {"model": PowerDnsRefusal, "description": MEANING[status]} for status in (401, 403, 422, 503, *statuses)
    }


CHANGES: Final = (400, 404, 409, 413, 507)
"""What a change of a zone may be answered besides."""


def _as_json(request: Request) -> Request:
    """The request as if it said that it is JSON: `curl --data` says that it is a form."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    return Request({**request.scope, "headers": [*headers, (b"content-type", b"application/json")]}, request.receive)


def _unreadable(error: RequestValidationError) -> RuleError:
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return BadRequestError("the body is not JSON")
    reasons = [f"{name}: {reason}" for name, reason in problems.of(error).errors]
    return UnprocessableError(reasons[0], reasons)
