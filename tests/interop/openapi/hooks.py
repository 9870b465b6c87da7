"""Hooks of schemathesis: the account and the token that it asks with are not its own to change or to remove."""

import os
from typing import Any

import schemathesis
from schemathesis import Case, HookContext

KEPT = frozenset(os.environ.get("OPENAPI_KEPT", "").split())
"""The name of the user and the id of the token."""
_CHANGES = ("DELETE", "PATCH", "PUT")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:  # noqa: ARG001  their signature
    """The same request for somebody who is not there."""
    parameters = case.path_parameters
    for name in ("name", "token_id"):
        if case.method in _CHANGES and parameters.get(name) in KEPT:
            parameters[name] = "0123456789ab"
