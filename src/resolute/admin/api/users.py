"""Users: who may log in, and as what. Only owners handle them; everybody changes their own password."""

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import Field, SecretStr
from sqlalchemy import Connection

from resolute.admin import login, passwords
from resolute.admin.api.dependencies import (
    REFUSALS,
    ClientHere,
    PrincipalHere,
    ServicesHere,
    problem,
    right,
)
from resolute.admin.api.fields import (
    Answer,
    Body,
    Password,
    RoleField,
    Time,
    UserInPath,
    UserName,
    ZonePatterns,
    check_password,
)
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.clients import Client
from resolute.admin.rights import Kind, Principal, Right, Role, Verb, require
from resolute.admin.services import Services
from resolute.errors import UnauthenticatedError
from resolute.store import accounts as store
from resolute.store import audit, sessions
from resolute.store.accounts import NewUser, User
from resolute.store.audit import Event

router = APIRouter(prefix="/users", tags=["users"], responses=REFUSALS)

Reader = Annotated[Principal, Depends(right(Verb.USERS_READ))]
Writer = Annotated[Principal, Depends(right(Verb.USERS_WRITE))]
T = TypeVar("T")


class UserShown(Answer):
    """A user."""

    name: str = Field(examples=["alice"])
    role: Role = Field(examples=["editor"])
    zones: list[str] = Field(examples=[["example.org."]])
    disabled: bool = Field(examples=[False])
    created: Time


class UserAdded(Body):
    """A new user."""

    name: UserName
    password: Password
    role: RoleField
    zones: ZonePatterns = Field(default=[])


class UserChanged(Body):
    """What is to be different; what is left out stays."""

    role: RoleField | None = None
    zones: ZonePatterns | None = None
    disabled: bool | None = Field(
        default=None, strict=True, description="A disabled user cannot log in, nor can their tokens."
    )


class PasswordChanged(Body):
    """A new password; one's own needs the current one too."""

    password: Password
    current: SecretStr | None = Field(default=None, max_length=passwords.LONGEST)


@router.get("", operation_id="listUsers")
async def list_users(services: ServicesHere, _: Reader, limit: Limit = USUAL, cursor: Cursor = None) -> Page[UserShown]:
    """All users, by name. Needs users:read."""
    after = decode("users", cursor, "")
    found = await services.accounts.read(lambda c: store.list_users(c, after=after, limit=limit + 1))
    rows, following = page("users", found, limit, lambda user: user.name)
    return Page(items=list(map(shown, rows)), next=following)


@router.post("", status_code=201, operation_id="addUser", responses=problem(409))
async def add_user(body: UserAdded, services: ServicesHere, who: Writer, client: ClientHere) -> UserShown:
    """Adds a user; the first one is an owner. Needs users:write."""
    login.require_private(client)
    check_zones(body.role, body.zones)
    password = await services.passwords.hash(check_password(body.password, body.name), local=client.local)
    wanted = NewUser(body.name, password, body.role.value, tuple(body.zones))
    told = event(who, client, body.name, f"added as {body.role}")
    return shown(await services.accounts.write(lambda c: _and_tell(c, _add(c, wanted), told)))


@router.get("/{name}", operation_id="getUser", responses=problem(404))
async def get_user(name: UserInPath, services: ServicesHere, principal: PrincipalHere) -> UserShown:
    """One user. Needs users:read, but for oneself."""
    if name != principal.user or principal.kind is not Kind.USER:
        require(principal, Right(Verb.USERS_READ))
    return shown(_there(await services.accounts.read(lambda c: store.find_user(c, name)), name))


@router.patch("/{name}", operation_id="changeUser", responses=problem(404, 409))
async def change_user(
    name: UserInPath, body: UserChanged, services: ServicesHere, who: Writer, client: ClientHere
) -> UserShown:
    """Changes role, zones, or whether the user may log in. Needs users:write."""
    values = body.model_dump(exclude_none=True, mode="json")
    told = event(who, client, name, ", ".join(f"{key}: {value}" for key, value in values.items()))
    changed = await services.accounts.write(lambda c: _change(c, name, values, told))
    return shown(_there(changed, name))


@router.delete("/{name}", status_code=204, operation_id="removeUser", responses=problem(404, 409))
async def remove_user(name: UserInPath, services: ServicesHere, who: Writer, client: ClientHere) -> None:
    """Removes a user with tokens and sessions; what they did stays in the audit log. Needs users:write."""
    told = event(who, client, name, "removed")
    if not await services.accounts.write(lambda c: _and_tell(c, store.remove_user(c, name), told)):
        raise NotThereError(f"there is no user {name}")


@router.put("/{name}/password", status_code=204, operation_id="setPassword", responses=problem(404, 429))
async def set_password(
    name: UserInPath, body: PasswordChanged, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> None:
    """Sets a password and ends every session of the user; tokens stay. Another's needs users:write."""
    login.require_private(client)
    if principal.kind is not Kind.USER or name != principal.user:
        require(principal, Right(Verb.USERS_WRITE))
    if name == principal.user:
        if body.current is None:
            raise InvalidError(("current", "one's own password is changed with the current one"))
        await _check_current(services, name, body.current, client)
    user = _there(await services.accounts.read(lambda c: store.find_user(c, name)), name)
    hashed = await services.passwords.hash(check_password(body.password, name), local=client.local)
    told = event(principal, client, name, "password set, sessions ended")
    await services.accounts.write(lambda c: _set_password(c, user, hashed, told))


def shown(user: User) -> UserShown:
    """A user as the API shows one: without the hash."""
    return UserShown(
        name=user.name, role=Role(user.role), zones=list(user.zones), disabled=user.disabled, created=user.created
    )


def event(who: Principal, client: Client, name: str, detail: str) -> Event:
    """What is written down of a change to a user."""
    return Event(who.name, str(client.address), Verb.USERS_WRITE.value, f"user {name}", "done", detail)


def check_zones(role: Role, zones: list[str]) -> None:
    """Raises InvalidError for an editor of nothing, and for zones of somebody who is no editor."""
    if role is Role.EDITOR and not zones:
        raise InvalidError(("zones", "an editor needs the zones to edit: name one at least"))
    if role is not Role.EDITOR and zones:
        raise InvalidError(("zones", f"zones are an editor's, and the role is {role}: leave them out"))


async def _check_current(services: Services, name: str, current: SecretStr, client: Client) -> None:
    """A wrong one is a field that does not hold: who asks is known."""
    try:
        await services.login.check(name, current.get_secret_value(), client)
    except UnauthenticatedError as error:
        raise InvalidError(("current", "it is not the current password")) from error


def _there(user: User | None, name: str) -> User:
    if user is None:
        raise NotThereError(f"there is no user {name}")
    return user


def _and_tell(connection: Connection, result: T, told: Event) -> T:
    if result:
        audit.append(connection, told)
    return result


def _add(connection: Connection, wanted: NewUser) -> User:
    """Before there is anybody only the owner of the server's machine gets here (by the admin socket)."""
    store.lock(connection)
    if wanted.role != Role.OWNER and not store.any_user(connection):
        raise InvalidError(("role", f"nobody owns this server yet: the first user is an owner, not {wanted.role}"))
    return store.add_user(connection, wanted)


def _change(connection: Connection, name: str, values: dict[str, Any], told: Event) -> User | None:
    """A user who is no editor (any more) has no zones."""
    before = store.find_user(connection, name)
    if before is None:
        return None
    role = Role(values.get("role", before.role))
    if role is not Role.EDITOR and "zones" not in values:
        values = {**values, "zones": []}
    check_zones(role, list(values.get("zones", before.zones)))
    return _and_tell(connection, store.update_user(connection, name, values), told)


def _set_password(connection: Connection, user: User, hashed: str, told: Event) -> None:
    store.set_password(connection, user.id, hashed)
    sessions.close_sessions(connection, user.id)
    audit.append(connection, told)
