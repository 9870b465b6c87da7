"""From rows of the store to whoever asks: a user as it is now, a token with its owner as it is now."""

from resolute.admin.patterns import Pattern
from resolute.admin.rights import Kind, Principal, Role, Scope
from resolute.store.accounts import Token, User


def of_user(user: User) -> Principal:
    """Somebody who has logged in."""
    return Principal(user.name, Kind.USER, Role(user.role), _zones(user), user=user.name, user_id=user.id)


def of_token(token: Token, owner: User) -> Principal:
    """A program with a token of this owner."""
    return Principal(
        name=f"{owner.name}, token {token.name}",
        kind=Kind.TOKEN,
        role=Role(owner.role),
        zones=_zones(owner),
        scope=Scope.from_json(token.scope),
        user=owner.name,
        user_id=owner.id,
        token_id=token.id,
    )


def _zones(user: User) -> tuple[Pattern, ...]:
    return tuple(map(Pattern.parse, user.zones))
