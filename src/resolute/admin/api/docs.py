"""The interactive page of the API: three files of this package, no resource from elsewhere, no script but its own."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGES: Final = Path(__file__).parent / "pages"


@router.get("/docs")
def docs() -> Response:
    """The page."""
    return _file("page.html", "text/html; charset=utf-8")


@router.get("/docs/page.js")
def script() -> Response:
    """What it does."""
    return _file("page.js", "text/javascript; charset=utf-8")


@router.get("/docs/page.css")
def style() -> Response:
    """What it looks like."""
    return _file("page.css", "text/css; charset=utf-8")


def _file(name: str, media_type: str) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Content-Type": media_type}
    return Response((_PAGES / name).read_bytes(), headers=headers)
