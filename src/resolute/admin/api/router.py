"""The API as a whole: its resources, and its description (OpenAPI 3.1)."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import resolute
from resolute.admin.api import (
    audit,
    backup,
    batches,
    cache,
    credentials,
    docs,
    events,
    explain,
    health,
    history,
    localrecords,
    login,
    nodes,
    rrsets,
    search,
    settings,
    setup,
    tokens,
    users,
    webhooks,
    zonecontents,
    zones,
)
from resolute.admin.api.dependencies import problem
from resolute.admin.api.problems import FieldProblem, ProblemDocument

PREFIX: Final = "/api/v1"
DESCRIPTION: Final = """\
Everything that Resolute's console and command line do. People log in with a password, programs send a token.
Refusals are problem details (RFC 9457) that name the field and the reason, or the right that is missing.
"""


_RESOURCES: Final = (
    # A zone's name may have a slash in it (RFC 2317 4): what stands behind the name is looked for first.
    *(rrsets, history, zonecontents, zones),
    *(batches, search, localrecords, cache, explain, nodes, settings, events, webhooks, backup),
    *(health, setup, login, users, tokens, audit, docs),
)
"""In the order in which a path is looked for: those that are asked most often first."""


def include(app: FastAPI) -> None:
    """All resources, under /api/v1. Each by itself: a router within a router is searched twice for every request."""
    for resource in _RESOURCES:
        app.include_router(resource.router, prefix=PREFIX)


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once; problem details are the only form of error in it."""
    if app.openapi_schema is None:
        document = get_openapi(
            title="Resolute",
            version=resolute.__version__,
            openapi_version="3.1.0",
            description=DESCRIPTION,
            routes=app.routes,
        )
        schemas = document["components"]["schemas"]
        for model in (ProblemDocument, FieldProblem):
            schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas[model.__name__].pop("$defs", None)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        _add_what_bodies_are_answered(document)
        credentials.describe(document)
        app.openapi_schema = document
    return app.openapi_schema


def _add_what_bodies_are_answered(document: dict[str, Any]) -> None:
    """What any change may be answered before its route (`bodies.py`), and by a store that is full."""
    for item in document["paths"].values():
        for method, operation in item.items():
            statuses = (*((400, 413) if "requestBody" in operation else ()), *(() if method == "get" else (507,)))
            for status, response in problem(*statuses).items():
                operation["responses"].setdefault(str(status), response)
