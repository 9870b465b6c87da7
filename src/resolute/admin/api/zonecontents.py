"""Whole zones: in and out as zone text, and checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi import Request as HttpRequest
from pydantic import Field

from resolute.admin.api.changes import RequestHere, ZoneChanged, say_unconfirmed, whole
from resolute.admin.api.conditions import ConditionsHere
from resolute.admin.api.dependencies import REFUSALS, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import LARGEST, Answer
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import ZoneInPath, zone_name
from resolute.admin.api.sources import do_whole, expected_serial, find, refuse_file, text_of
from resolute.admin.filezones import FileZone
from resolute.admin.rights import Right, Verb, require
from resolute.records import names
from resolute.store import zones as store
from resolute.zones import checking, importing, past
from resolute.zones.importing import NewZone
from resolute.zones.lint.finding import Finding

router = APIRouter(prefix="/zones", tags=["zones"], responses=REFUSALS, route_class=ChangeRoute)

ZONE_TEXT: Final = "text/dns"
"""RFC 4027."""
TEXT_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Zone text (RFC 1035 5).", "content": {ZONE_TEXT: {"schema": {"type": "string"}}}}
}
_TEXT_BODY: Final = {"requestBody": {"required": True, "content": {ZONE_TEXT: {"schema": {"type": "string"}}}}}


class FindingShown(Answer):
    """One thing that is wrong or doubtful; line and column are null where they are unknown."""

    severity: str = Field(description="`error`, `warning` or `info`.", examples=["warning"])
    code: str
    message: str
    mend: str = Field(description="What to do about it.")
    file: str
    line: int | None
    column: int | None


class Checked(Answer):
    """What the linter finds."""

    zone: str
    errors: int
    warnings: int
    findings: list[FindingShown]


@router.post(
    "/{zone:path}/import",
    operation_id="importZone",
    responses=problem(404, 409, 412, 413),
    openapi_extra=_TEXT_BODY,
    dependencies=[Idempotent],
)
async def import_zone(
    zone: ZoneInPath,
    http: HttpRequest,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> ZoneChanged:
    """Makes the zone's contents exactly this zone text (up to 256 MB, without $INCLUDE), and the zone when it is not
    there. A newer serial in the text counts. Needs records:write for the whole zone, zones:write for a new one."""
    origin = zone_name(zone)
    old = await services.writer.look(lambda connection: store.find(connection, names.to_text(origin)))
    require(request.principal, Right(Verb.ZONES_WRITE if old is None else Verb.RECORDS_WRITE, origin))
    await refuse_file(services, origin)
    expected = expected_serial(wanted, old)
    new = NewZone(origin, await http.body(), request.by(), expected_serial=expected, planned=request.plan)
    work = importing.create if wanted.only_if_new else importing.replace
    made, served = await do_whole(services, lambda at: work(at, new), planned=new.planned)
    say_unconfirmed(response, served)
    return whole(origin, made, served)


@router.get("/{zone:path}/export", operation_id="exportZone", responses={**TEXT_ANSWER, **problem(404)})
async def export_zone(
    zone: ZoneInPath,
    services: ServicesHere,
    principal: PrincipalHere,
    revision: Annotated[int | None, Query(ge=0, le=LARGEST, description="As it was then.")] = None,
) -> Response:
    """The zone as zone text, in canonical order. Needs records:read for the whole zone."""
    origin = zone_name(zone)
    require(principal, Right(Verb.RECORDS_READ, origin))
    if revision is not None:
        text = await services.writer.off_loop(lambda: past.text_at(services.store, origin, revision))
    else:
        text = await text_of(services, await find(services, origin), origin)
    disposition = f'attachment; filename="{_file_name(names.to_text(origin))}"'
    return Response(text, media_type=ZONE_TEXT, headers={"Content-Disposition": disposition})


@router.get("/{zone:path}/check", operation_id="checkZone", responses=problem(404))
async def check_zone(zone: ZoneInPath, services: ServicesHere, principal: PrincipalHere) -> Checked:
    """What is wrong or doubtful in the zone, as `resolute check` says it. Needs records:read for the whole zone."""
    origin = zone_name(zone)
    require(principal, Right(Verb.RECORDS_READ, origin))
    found = await find(services, origin)
    if isinstance(found, FileZone):
        path = Path(found.file)
        findings = await services.writer.off_loop(lambda: checking.check_file(path, origin))
    else:
        text = await text_of(services, found, origin)
        findings = await services.writer.off_loop(lambda: checking.check_text(text, origin, file=found.name))
    return Checked(
        zone=names.to_text(origin),
        errors=_count(findings, "error"),
        warnings=_count(findings, "warning"),
        findings=[FindingShown.model_validate(one.as_json()) for one in findings],
    )


def _count(findings: Sequence[Finding], severity: str) -> int:
    return sum(one.severity == severity for one in findings)


def _file_name(zone: str) -> str:
    """A file name that every system takes."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in zone.rstrip("."))
    return f"{plain or 'root'}.zone"
