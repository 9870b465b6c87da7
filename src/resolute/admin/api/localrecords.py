"""Local records (one address a name), and the names of the hosts files: answered before everything else."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from resolute.admin.api import conditions
from resolute.admin.api.changes import RequestHere, say_unconfirmed
from resolute.admin.api.conditions import ConditionsHere
from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem, right
from resolute.admin.api.fields import Answer, Body
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.rights import Principal, Right, Verb, require
from resolute.admin.services import Services
from resolute.errors import RuleError
from resolute.store.records import Put, Remove
from resolute.zones.local import check_address, check_name

router = APIRouter(tags=["hosts"], responses=REFUSALS, route_class=ChangeRoute)

Reader = Annotated[Principal, Depends(right(Verb.HOSTS_READ))]
NameHere = Annotated[str, Path(max_length=1_024, description="With or without the trailing dot.", alias="name")]
_KIND: Final = "local records"


class LocalRecord(Answer):
    """A name and its address."""

    name: str = Field(examples=["app.test."])
    address: str = Field(examples=["192.0.2.7"])


class LocalPut(Body):
    """The address of a name."""

    address: str = Field(max_length=64, examples=["192.0.2.7"])


class LocalChanged(Answer):
    """What a change has done, or with `planned` would do; null: there is no record of the name."""

    name: str
    planned: bool
    served: bool | None = Field(description="Whether the node has said that it serves it; null for a plan.")
    before: str | None
    after: str | None


class HostsFile(Answer):
    """A hosts file, as the node reads it."""

    file: str
    names: int
    problems: list[str]


@router.get("/local-records", operation_id="listLocalRecords")
async def list_local_records(
    services: ServicesHere, _: Reader, limit: Limit = USUAL, cursor: Cursor = None
) -> Page[LocalRecord]:
    """All local records, by name. Needs hosts:read."""
    after = decode(_KIND, cursor, "")
    every = sorted((await services.writer.read()).addresses.items())
    rows, following = page(_KIND, [one for one in every if one[0] > after][: limit + 1], limit, lambda one: one[0])
    return Page(items=[LocalRecord(name=f"{name}.", address=address) for name, address in rows], next=following)


@router.get("/local-records/{name:path}", operation_id="getLocalRecord", responses=problem(404))
async def get_local_record(name: NameHere, services: ServicesHere, _: Reader, response: Response) -> LocalRecord:
    """The address of a name. Needs hosts:read."""
    key = _name(name)
    address = await _there(services, key)
    if address is None:
        raise NotThereError(f"there is no local record {key}.")
    response.headers["ETag"] = conditions.of_text(address)
    return LocalRecord(name=f"{key}.", address=address)


@router.put(
    "/local-records/{name:path}",
    operation_id="replaceLocalRecord",
    responses={201: {"model": LocalChanged}, **problem(412)},
    dependencies=[Idempotent],
)
async def replace_local_record(
    name: NameHere,
    body: LocalPut,
    services: ServicesHere,
    request: RequestHere,
    wanted: ConditionsHere,
    response: Response,
) -> LocalChanged:
    """Gives a name an address, in the place of the one that it has: 201 when it had none. Needs hosts:write."""
    require(request.principal, Right(Verb.HOSTS_WRITE))
    key = _name(name)
    try:
        address = check_address(body.address)
    except RuleError as error:
        raise InvalidError(("address", str(error))) from error
    before = await _there(services, key)
    expected, served = wanted.expected(before), None
    if not request.plan:
        written = await services.writer.put(Put(key, address, request.by().name, expected))
        served = written.served
        response.status_code = 200 if written.result else 201
        response.headers["ETag"] = conditions.of_text(address)
    say_unconfirmed(response, served)
    return LocalChanged(name=f"{key}.", planned=request.plan, served=served, before=before, after=address)


@router.delete(
    "/local-records/{name:path}",
    operation_id="removeLocalRecord",
    responses=problem(404, 412),
    dependencies=[Idempotent],
)
async def remove_local_record(
    name: NameHere, services: ServicesHere, request: RequestHere, wanted: ConditionsHere, response: Response
) -> LocalChanged:
    """Takes a name away. Needs hosts:write."""
    require(request.principal, Right(Verb.HOSTS_WRITE))
    key = _name(name)
    before = await _there(services, key)
    expected, served = wanted.expected(before), None
    if not request.plan and before is not None:
        written = await services.writer.put(Remove(key, request.by().name, expected))
        served, before = written.served, before if written.result else None
    if before is None:
        raise NotThereError(f"there is no local record {key}.")
    say_unconfirmed(response, served)
    return LocalChanged(name=f"{key}.", planned=request.plan, served=served, before=before, after=None)


@router.get("/hosts", operation_id="listHostsFiles", responses=problem(502))
async def list_hosts_files(services: ServicesHere, _: Reader) -> list[HostsFile]:
    """The hosts files that the node reads, the first has precedence. Needs hosts:read."""
    status = await services.node.get("/status")
    return [HostsFile.model_validate(one) for one in status["hosts"]]


def _name(text: str) -> str:
    try:
        return check_name(text)
    except RuleError as error:
        raise InvalidError(("name", str(error))) from error


async def _there(services: Services, name: str) -> str | None:
    return (await services.writer.read()).addresses.get(name)
