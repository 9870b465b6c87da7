"""What routes ask for is found without a thread."""

import inspect
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from resolute.admin import records
from resolute.admin.api import router


def dependants(one: Dependant) -> Iterator[Dependant]:
    yield one
    for below in one.dependencies:
        yield from dependants(below)


def test_no_dependency_hops_to_a_thread() -> None:
    """FastAPI runs each plain function in a thread: ten hops a request were most of a change's time."""
    app = FastAPI(openapi_url=None)
    router.include(app)
    app.include_router(records.router)
    contexts = list(iter_route_contexts(app.routes))
    assert contexts
    for context in contexts:
        found = list(dependants(getattr(context, "dependant")))  # noqa: B009  of an API route
        for one in found[1:]:  # the first is the route itself
            call = one.call
            of_class = getattr(call, "__call__", None)  # noqa: B004  a scheme is an object with a coroutine
            assert call is None or inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(of_class), call
