"""Logging in and out with a password, for people; programs have tokens."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from resolute.admin import passwords
from resolute.admin.api.dependencies import REFUSALS, ClientHere, PrincipalHere, ServicesHere, problem
from resolute.admin.api.fields import Answer, Body, Time
from resolute.admin.rights import VERBS, Kind, Role
from resolute.admin.sessions import cookie_of, delete_cookie, set_cookie
from resolute.errors import RuleError
from resolute.store import audit
from resolute.store.audit import Event

router = APIRouter(tags=["session"])


class LoginRequest(Body):
    """Who, and the proof."""

    user: Annotated[str, Field(pattern=r"^[ -~]{1,64}$", examples=["alice"])]
    password: Annotated[SecretStr, Field(max_length=passwords.LONGEST, examples=["four words nobody chose"])]


class SessionShown(Answer):
    """Who is asking, and what that lets them do at most."""

    user: str = Field(examples=["alice"])
    role: Role = Field(examples=["owner"])
    zones: list[str] = Field(description="Of an editor.", examples=[[]])
    verbs: list[str] = Field(description="What the role gives and the token's scope lets through, somewhere.")
    token: str | None = Field(description="The token that was sent; null for a login.", examples=[None])
    expires: Time | None = Field(description="When the login ends.")


@router.post("/login", operation_id="login", responses=problem(401, 403, 422, 429, 503))
async def login(body: LoginRequest, response: Response, services: ServicesHere, client: ClientHere) -> SessionShown:
    """Opens a session: a cookie that no script reads, for 12 hours at most."""
    user = await services.login.check(body.user, body.password.get_secret_value(), client)
    opened = await services.sessions.open(user, client)
    event = Event(user.name, str(client.address), "login", "session", "done")
    await services.accounts.write(lambda connection: audit.append(connection, event))
    set_cookie(response, opened, client)
    role = Role(user.role)
    return SessionShown(
        user=user.name,
        role=role,
        zones=list(user.zones),
        verbs=sorted(VERBS[role]),
        token=None,
        expires=opened.expires,
    )


@router.post("/logout", status_code=204, operation_id="logout", responses={**REFUSALS, **problem(409)})
async def logout(
    request: Request, response: Response, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> None:
    """Ends the session whose cookie is sent."""
    secret = cookie_of(request.headers.get("cookie", ""), client)
    if principal.kind is not Kind.USER or secret is None:
        raise RuleError("a token has no session to end: remove it with DELETE /api/v1/tokens/ID")
    await services.sessions.close(secret)
    delete_cookie(response, client)


@router.get("/session", operation_id="getSession", responses=REFUSALS)
async def get_session(
    request: Request, services: ServicesHere, principal: PrincipalHere, client: ClientHere
) -> SessionShown:
    """Who is asking: by session or by token."""
    expires = None
    if principal.kind is Kind.USER and (secret := cookie_of(request.headers.get("cookie", ""), client)):
        expires = (await services.sessions.session(secret)).expires
    verbs = VERBS[principal.role]
    if principal.scope is not None and principal.scope.verbs is not None:
        verbs &= principal.scope.verbs
    return SessionShown(
        user=principal.user or principal.name,
        role=principal.role,
        zones=list(map(str, principal.zones)),
        verbs=sorted(verbs),
        token=principal.token_id or None,
        expires=expires,
    )
