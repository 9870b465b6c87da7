"""Who may do what: the one place that decides. Pure, no I/O.

    require(principal, Right(Verb.RECORDS_WRITE, zone, name, rtype))     returns, or raises what is answered

    role      reads                                                     changes
    owner     everything                                                everything
    operator  everything but users and backups                          everything but users
    editor    zones and records of the zones named                      records of these zones
    reader    everything but users, tokens and the audit log            nothing

Everybody has their own password and tokens. A token has what its owner has *now* and its scope lets through.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from resolute.admin.patterns import Pattern
from resolute.admin.scopes import ZONE_VERBS, Right, Scope, Verb, acme, dyndns
from resolute.errors import DeniedError, UnauthenticatedError

__all__ = [
    "Kind",
    "Principal",
    "Right",
    "Role",
    "Scope",
    "Verb",
    "acme",
    "dyndns",
    "local_owner",
    "permits",
    "permits_within",
    "require",
    "require_own",
    "require_somewhere",
]


class Role(enum.StrEnum):
    """What a user is."""

    OWNER = "owner"
    OPERATOR = "operator"
    EDITOR = "editor"
    READER = "reader"


class Kind(enum.Enum):
    """How a principal has shown who it is."""

    USER = "user"
    """By password: a session."""
    TOKEN = "token"  # noqa: S105  a word
    LOCAL = "local"
    """By being a program on this machine: the admin socket's owner, or for /records without proof."""


_USERS = frozenset({Verb.USERS_READ, Verb.USERS_WRITE, Verb.BACKUP_READ})
_PERSONAL = _USERS | {Verb.TOKENS_READ, Verb.TOKENS_WRITE, Verb.AUDIT_READ}

VERBS: Final[Mapping[Role, frozenset[Verb]]] = {
    Role.OWNER: frozenset(Verb),
    Role.OPERATOR: frozenset(Verb) - _USERS,
    Role.EDITOR: frozenset({Verb.ZONES_READ, Verb.RECORDS_READ, Verb.RECORDS_WRITE}),
    Role.READER: frozenset(verb for verb in Verb if verb.endswith(":read")) - _PERSONAL,
}
"""What a role gives; an editor has it in the zones named only."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `zones` are an editor's, `scope` is a token's."""

    name: str
    kind: Kind
    role: Role
    zones: tuple[Pattern, ...] = ()
    scope: Scope | None = None
    user: str = ""
    """The account: the user, or the token's owner; empty for a program on this machine."""
    user_id: int = 0
    token_id: str = ""


LOCAL: Final = Principal(
    "http", Kind.LOCAL, Role.OPERATOR, scope=Scope(verbs=frozenset({Verb.HOSTS_READ, Verb.HOSTS_WRITE}))
)
"""A program on this machine, which may use /records without saying who it is."""


def local_owner(name: str) -> Principal:
    """Who has opened the admin socket, by a name such as `alice (local)`: the owner, without an account."""
    return Principal(name, Kind.LOCAL, Role.OWNER)


def require(principal: Principal | None, right: Right) -> Principal:
    """The principal, if it has the right. Raises UnauthenticatedError (401) for nobody, else DeniedError (403)."""
    who = _somebody(principal)
    if not _role_gives(who, right):
        raise _denied(who, str(right), _why_role(who))
    if who.scope is not None and not who.scope.gives(right):
        raise _denied(who, str(right), "the token's scope does not have it")
    return who


def permits(principal: Principal, right: Right) -> bool:
    """Whether it has the right: to leave out of a list what somebody may not see, never instead of `require`."""
    return _role_gives(principal, right) and (principal.scope is None or principal.scope.gives(right))


def permits_within(principal: Principal, verb: Verb, zone: bytes) -> bool:
    """Whether there may be a name or type of this zone for which it has the verb."""
    scope = None if principal.scope is None else replace(principal.scope, names=None, types=None)
    return permits(replace(principal, scope=scope), Right(verb, zone))


def require_somewhere(principal: Principal | None, verb: Verb) -> Principal:
    """The principal, if there may be a zone, name or type for which it has the verb; what is then listed goes through
    `permits` one by one. Raises UnauthenticatedError or DeniedError."""
    who = _somebody(principal)
    if verb not in VERBS[who.role]:
        raise _denied(who, verb.value, _why_role(who))
    if who.scope is not None and not _scope_has(who.scope, verb):
        raise _denied(who, verb.value, "the token's scope does not have it")
    return who


def require_own(principal: Principal | None, verb: Verb) -> Principal:
    """The principal, if it may do this with what is its own: every user may, a token only within its scope.

    Raises UnauthenticatedError or DeniedError.
    """
    who = _somebody(principal)
    if who.scope is not None and not who.scope.gives(Right(verb)):
        raise _denied(who, verb.value, "the token's scope does not have it")
    return who


def _somebody(principal: Principal | None) -> Principal:
    if principal is None:
        raise UnauthenticatedError("nobody has said who asks: log in, or send a token (Authorization: Bearer TOKEN)")
    return principal


def _role_gives(who: Principal, right: Right) -> bool:
    if right.verb not in VERBS[who.role]:
        return False
    if who.role is not Role.EDITOR:
        return True
    return right.zone is not None and any(pattern.matches(right.zone) for pattern in who.zones)


def _scope_has(scope: Scope, verb: Verb) -> bool:
    if verb not in ZONE_VERBS:
        return scope.gives(Right(verb))
    return scope.verbs is None or verb in scope.verbs


def _why_role(who: Principal) -> str:
    if who.role is Role.EDITOR:
        return f"{who.user} is the editor of {', '.join(map(str, who.zones)) or 'no zone'}"
    return f"the role of {who.user or who.name} is {who.role}"


def _denied(who: Principal, missing: str, why: str) -> DeniedError:
    return DeniedError(f"{who.name} does not have the right {missing}: {why}", missing)
