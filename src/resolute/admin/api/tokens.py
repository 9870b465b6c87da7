"""API tokens: named, scoped, with an end; the secret is shown once. Everybody has their own; the owner of the server's
machine has none, and makes them for users.

A token made with a token is never more than that one: neither in scope, nor in time, nor in places.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field
from sqlalchemy import Connection

from resolute.admin.api.dependencies import REFUSALS, ClientHere, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import Answer, Body, NamePattern, Time, UserName
from resolute.admin.api.paging import USUAL, Cursor, Limit, Page, decode, page
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.clients import Client
from resolute.admin.rights import Kind, Principal, Right, Scope, Verb, acme, dyndns, require, require_own
from resolute.admin.tokens import make
from resolute.errors import DeniedError, RuleError
from resolute.records import names, rdata
from resolute.store import accounts as store
from resolute.store import audit
from resolute.store.accounts import NewToken, Token, User
from resolute.store.audit import Event

USUAL_LIFE: Final = timedelta(days=365)

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=REFUSALS)


def _type(text: str) -> str:
    return rdata.type_to_text(rdata.type_from_text(text))


def _source(text: str) -> str:
    return str(ipaddress.ip_network(text.strip()))


def _name(text: str) -> str:
    return names.to_text(names.fold(names.from_text(text)))


Name = Annotated[str, Field(max_length=1_024, examples=["example.org."]), AfterValidator(_name)]
TypeName = Annotated[str, Field(max_length=16, examples=["TXT"]), AfterValidator(_type)]
Source = Annotated[str, Field(max_length=64, examples=["192.0.2.0/24"]), AfterValidator(_source)]
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="The `id` of a token.", examples=["0123456789ab"])]


class ScopeBody(Body):
    """What a token may be used for at most; a part that is null or left out has no limit."""

    verbs: list[Verb] | None = Field(default=None, max_length=64, examples=[["records:read", "records:write"]])
    zones: list[NamePattern] | None = Field(default=None, max_length=1_000)
    names: list[NamePattern] | None = Field(default=None, max_length=1_000, description="Owner names.")
    types: list[TypeName] | None = Field(default=None, max_length=100)


class AcmePreset(Body):
    """For a certificate client: TXT at and under _acme-challenge, in one zone."""

    preset: Literal["acme"]
    zone: Name


class DyndnsPreset(Body):
    """For hosts whose address changes: A and AAAA of these names."""

    preset: Literal["dyndns"]
    names: list[Name] = Field(min_length=1, max_length=100)


class TokenAdded(Body):
    """A new token: give `scope` or `preset`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$", examples=["certbot on web1"])
    scope: ScopeBody | None = None
    preset: Annotated[AcmePreset | DyndnsPreset, Field(discriminator="preset")] | None = None
    expires: Time | None = Field(
        default_factory=lambda: datetime.now(UTC) + USUAL_LIFE,
        description="When it ends: in a year if left out, null for never.",
        examples=["2030-01-01T00:00:00Z"],
    )
    sources: list[Source] = Field(
        default=[], max_length=100, description="Addresses and prefixes it may be used from; none are all."
    )
    user: UserName | None = Field(
        default=None, description="Whose it is: oneself if left out; another's needs users:write."
    )


class TokenShown(Answer):
    """A token, without its secret."""

    id: str = Field(examples=["0123456789ab"])
    name: str
    user: str = Field(examples=["alice"])
    scope: ScopeBody
    sources: list[str]
    created: Time
    expires: Time | None
    last_used: Time | None = Field(description="To the minute.")
    last_address: str | None


class TokenMade(Answer):
    """A new token, with its secret, which nobody can show again."""

    id: str = Field(examples=["0123456789ab"])
    user: str = Field(examples=["alice"])
    token: str = Field(description="Send it as `Authorization: Bearer TOKEN`.", examples=["rsl_0123456789ab_..."])
    expires: Time | None


@router.get("", operation_id="listTokens")
async def list_tokens(
    services: ServicesHere,
    principal: PrincipalHere,
    limit: Limit = USUAL,
    cursor: Cursor = None,
    everybody: Annotated[bool, Query(description="Tokens of all users; needs tokens:read.")] = False,  # noqa: FBT002
) -> Page[TokenShown]:
    """One's own tokens, or everybody's; everybody's too for the owner of the server's machine."""
    everybody = everybody or _has_no_account(principal)
    who = require(principal, Right(Verb.TOKENS_READ)) if everybody else require_own(principal, Verb.TOKENS_READ)
    user, after = None if everybody else who.user, decode("tokens", cursor, "")
    found = await services.accounts.read(lambda c: store.list_tokens(c, user, after=after, limit=limit + 1))
    rows, following = page("tokens", found, limit, lambda token: token.id)
    return Page(items=list(map(_shown, rows)), next=following)


@router.post("", status_code=201, operation_id="addToken", responses=problem(409))
async def add_token(
    body: TokenAdded, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> TokenMade:
    """Makes a token, for oneself or for `user`. Its secret is in this answer and nowhere else."""
    who = require_own(principal, Verb.TOKENS_WRITE)
    if body.user is not None and body.user != who.user:
        require(principal, Right(Verb.USERS_WRITE))
    scope, made = _scope(body), make()
    wanted = NewToken(made.id, body.name, made.hash, scope.to_json(), tuple(body.sources), body.expires)
    if body.expires is not None and body.expires <= datetime.now(UTC):
        raise InvalidError(("expires", "it is in the past"))

    def work(connection: Connection) -> User:
        owner = owner_of(connection, who, body.user)
        of = "" if owner.id == who.user_id else f" for {owner.name}"
        add(connection, who, owner, wanted)
        audit.append(connection, event_of(who, client, made.id, f"added {body.name}{of}"))
        return owner

    owner = await services.accounts.write(work)
    return TokenMade(id=made.id, user=owner.name, token=made.text, expires=body.expires)


@router.get("/{token_id}", operation_id="getToken", responses=problem(404))
async def get_token(token_id: TokenId, services: ServicesHere, principal: PrincipalHere) -> TokenShown:
    """One token. Another user's needs tokens:read."""
    who = require_own(principal, Verb.TOKENS_READ)
    found = await services.accounts.read(lambda c: store.find_token(c, token_id))
    return _shown(_visible(found[0] if found else None, who, Verb.TOKENS_READ, token_id))


@router.delete("/{token_id}", status_code=204, operation_id="removeToken", responses=problem(404))
async def remove_token(token_id: TokenId, services: ServicesHere, principal: PrincipalHere, client: ClientHere) -> None:
    """Ends a token at once, with what it has registered for acme-dns. Another user's needs tokens:write."""
    who = require_own(principal, Verb.TOKENS_WRITE)
    found = await services.accounts.read(lambda c: store.find_token(c, token_id))
    token = _visible(found[0] if found else None, who, Verb.TOKENS_WRITE, token_id)
    told = event_of(who, client, token_id, f"removed {token.name} of {token.user}")
    await services.accounts.write(lambda c: _remove(c, token_id, told))


def _scope(body: TokenAdded) -> Scope:
    if (body.scope is None) == (body.preset is None):
        raise InvalidError(("scope", "give a scope ({} for no limit) or a preset, one of them"))
    if isinstance(body.preset, AcmePreset):
        return acme(names.from_text(body.preset.zone))
    if isinstance(body.preset, DyndnsPreset):
        return dyndns(map(names.from_text, body.preset.names))
    return Scope.from_json(body.scope.model_dump() if body.scope else {})


def _has_no_account(who: Principal) -> bool:
    """Whether it is the owner of the server's machine."""
    return who.kind is Kind.LOCAL


def owner_of(connection: Connection, who: Principal, name: str | None = None) -> User:
    """Whose a new token is to be. Raises InvalidError, RuleError when that cannot be told."""
    if name is None and _has_no_account(who):
        return _only_owner(connection)
    user = store.get_user(connection, who.user_id) if name is None else store.find_user(connection, name)
    if user is None:
        raise InvalidError(("user", f"there is no user {name or who.user}"))
    return user


def _only_owner(connection: Connection) -> User:
    owners = store.list_owners(connection)
    if not owners:
        raise RuleError(
            "a token is a user's, and nobody owns this server yet: make its owner first,"
            " with `resolute user create NAME --role owner`"
        )
    if len(owners) > 1:
        some = ", ".join(owner.name for owner in owners)
        raise InvalidError(("user", f"a token is a user's, and there are several owners ({some}): say whose it is"))
    return owners[0]


def add(connection: Connection, who: Principal, owner: User, wanted: NewToken) -> None:
    """Stores a token of somebody. Raises DeniedError for more than the asking token has."""
    if who.token_id:
        _require_within(connection, who, wanted)
    store.add_token(connection, owner.id, wanted)


def _require_within(connection: Connection, who: Principal, wanted: NewToken) -> None:
    """Raises DeniedError for a token that would be more than the one that makes it."""
    found = store.find_token(connection, who.token_id)
    if found is None:
        raise DeniedError("the token that asks has been removed")
    mine, scope = found[0], Scope.from_json(found[0].scope)
    too_long = mine.expires is not None and (wanted.expires is None or wanted.expires > mine.expires)
    if too_long or not scope.covers(Scope.from_json(wanted.scope)) or not _inside(wanted.sources, mine.sources):
        raise DeniedError("a token makes only tokens that are no more than itself: in scope, in time and in sources")


def _inside(wanted: tuple[str, ...], mine: tuple[str, ...]) -> bool:
    if not mine:
        return True
    around = [ipaddress.ip_network(source) for source in mine]
    return bool(wanted) and all(any(_is_in(source, network) for network in around) for source in wanted)


def _is_in(source: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    one = ipaddress.ip_network(source)
    if isinstance(one, ipaddress.IPv4Network) and isinstance(network, ipaddress.IPv4Network):
        return one.subnet_of(network)
    if isinstance(one, ipaddress.IPv6Network) and isinstance(network, ipaddress.IPv6Network):
        return one.subnet_of(network)
    return False


def _remove(connection: Connection, token_id: str, told: Event) -> None:
    if store.remove_token(connection, token_id):
        audit.append(connection, told)


def _visible(token: Token | None, who: Principal, verb: Verb, token_id: str) -> Token:
    """Whoever may not see others' tokens does not learn which there are."""
    if token is None or token.user != who.user:
        require(who, Right(verb))
    if token is None:
        raise NotThereError(f"there is no token {token_id}")
    return token


def event_of(who: Principal, client: Client, token_id: str, detail: str) -> Event:
    """What the audit log says of a token."""
    return Event(who.name, str(client.address), Verb.TOKENS_WRITE.value, f"token {token_id}", "done", detail)


def _shown(token: Token) -> TokenShown:
    return TokenShown(
        id=token.id,
        name=token.name,
        user=token.user,
        scope=ScopeBody.model_validate(token.scope),
        sources=list(token.sources),
        created=token.created,
        expires=token.expires,
        last_used=token.last_used,
        last_address=token.last_address,
    )
