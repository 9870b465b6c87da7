"""The settings: what is in force and where it came from, and changes of those that are kept in the store.

merge patch -> what the store would have -> does it hold, says the node, with its file, environment and flags?
            -> one transaction with the audit log -> the node has taken it over, or says what waits for a restart
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends, Response
from pydantic import Field

from resolute.admin.api import conditions
from resolute.admin.api.changes import Request, RequestHere, say_unconfirmed
from resolute.admin.api.conditions import ConditionsHere
from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem, right
from resolute.admin.api.fields import Answer
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.problems import InvalidError
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.admin.services import Services
from resolute.config import stored
from resolute.errors import ConflictError, SettingsError
from resolute.store import audit, kept
from resolute.store.audit import Event
from resolute.store.store import Store, raise_revision

router = APIRouter(
    prefix="/settings",
    tags=["node"],
    responses={**REFUSALS, **problem(502)},
    route_class=ChangeRoute,
)

STRONGER: Final = ("environment", "flag")
"""Sources that win over the store."""


class SettingsShown(Answer):
    """What is in force, chapter by chapter as in the file; secrets are hidden."""

    file: str | None = Field(description="Null: there is none.")
    settings: dict[str, dict[str, Any] | list[Any]]
    sources: dict[str, str] = Field(
        description="Where a setting came from, by its dotted name: file, store, environment or flag; else as shipped.",
        examples=[{"cache.size": "store"}],
    )
    stored: dict[str, Any] = Field(
        description="What the store has, by dotted name.", examples=[{"cache.size": "32MiB"}]
    )
    restart_needed: list[str] = Field(description="What was changed and takes effect at the next start.")


class SettingChange(Answer):
    """A value of the store; null: it has none."""

    before: Any
    after: Any


class SettingsChanged(Answer):
    """What a change of the store's settings has done, or with `planned` would do."""

    planned: bool
    revision: int | None = Field(description="Of the store; null for a plan, and when nothing is different.")
    served: bool | None = Field(description="Whether the node has said that it has taken it over; null for a plan.")
    changes: dict[str, SettingChange] = Field(description="By dotted name.")
    overridden: dict[str, str] = Field(
        description="Settings of the change that an environment variable or a flag of this node wins over."
    )
    restart_needed: list[str] = Field(description="What takes effect at the next start of this node.")


@dataclass(frozen=True, slots=True)
class _Change:
    """Values of the store before and after, and the ETag before."""

    before: Mapping[str, object]
    wanted: Mapping[str, object]

    @property
    def after(self) -> dict[str, object]:
        return {name: value for name, value in {**self.before, **self.wanted}.items() if value is not None}

    @property
    def different(self) -> dict[str, object]:
        return {name: value for name, value in self.wanted.items() if self.before.get(name) != value}


@router.get("", operation_id="getSettings")
async def get_settings(
    services: ServicesHere, _: Annotated[Principal, Depends(right(Verb.SETTINGS_READ))], response: Response
) -> SettingsShown:
    """The settings of the node. Needs settings:read."""
    found = await services.node.get("/settings")
    values = await services.writer.look(kept.read)
    response.headers["ETag"] = _tag(values)
    return SettingsShown.model_validate({**found, "stored": values})


@router.patch("", operation_id="changeSettings", responses=problem(409, 412), dependencies=[Idempotent])
async def change_settings(
    body: Annotated[
        dict[str, Any],
        Body(
            description="A merge patch (RFC 7396), nested as in the file or with dotted names; null takes the store's"
            " value away.",
            examples=[{"cache": {"size": "32MiB"}, "allow.recursion": ["192.0.2.0/24"], "cache.max_ttl": None}],
        ),
    ],
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> SettingsChanged:
    """Changes settings for all nodes of this store, at once where a reload does. They are weaker than a node's
    environment and flags. Needs settings:write."""
    require(request.principal, Right(Verb.SETTINGS_WRITE))
    before = await services.writer.look(kept.read)
    patch = _flat(body, before)
    wanted.matched([_tag(before)], there=True)
    change = _Change(before, patch)
    checked = await _check(services, change)
    revision, served = None, None if request.plan else True
    if change.different and not request.plan:
        written = await services.writer.alone(lambda at: _write(at, change, request))
        revision, served = written.result, written.served
    say_unconfirmed(response, served)
    response.headers["ETag"] = _tag(before if request.plan else change.after)
    sources = checked["sources"]
    return SettingsChanged(
        planned=request.plan,
        revision=revision,
        served=served,
        changes={name: SettingChange(before=before.get(name), after=value) for name, value in change.different.items()},
        overridden={name: sources[name] for name in sorted(patch) if sources.get(name) in STRONGER},
        restart_needed=checked["restart_needed"],
    )


def _flat(body: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    try:
        return stored.flatten(body, before)
    except SettingsError as error:
        raise _invalid(error) from error


async def _check(services: Services, change: _Change) -> dict[str, Any]:
    """What the node says of the settings as they would be. Raises InvalidError that names the fields."""
    try:
        found: dict[str, Any] = await services.node.post("/settings/check", {"stored": change.after})
    except SettingsError as error:
        raise _invalid(error) from error
    return found


def _write(store: Store, change: _Change, request: Request) -> tuple[int, int]:
    """Raises ConflictError when somebody was quicker."""
    with store.changing() as connection:
        revision = raise_revision(connection)
        if kept.read(connection) != change.before:
            raise ConflictError("somebody has changed the settings meanwhile: look at them again")
        kept.write(connection, change.different, revision)
        audit.append(connection, _event(change, request))
    return revision, revision


def _event(change: _Change, request: Request) -> Event:
    lines = [f"{name}: {_text(change.before.get(name))} -> {_text(value)}" for name, value in change.different.items()]
    detail = "; ".join(lines) + (f" ({request.reason})" if request.reason else "")
    verb = Verb.SETTINGS_WRITE.value
    return Event(request.principal.name, str(request.client.address), verb, "settings", "done", detail)


def _text(value: object) -> str:
    return "none" if value is None else json.dumps(value)


def _tag(values: Mapping[str, object]) -> str:
    return conditions.of_text(json.dumps(dict(values), sort_keys=True))


def _invalid(error: SettingsError) -> InvalidError:
    """Each line of a setting begins with its name."""
    pairs = (line.partition(": ") for line in error.problems)
    return InvalidError(*((name, reason) if reason and " " not in name else ("", name) for name, _, reason in pairs))
