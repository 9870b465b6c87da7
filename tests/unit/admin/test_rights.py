"""Who may do what: roles, scopes, presets, and that a token is never more than its owner."""

import dataclasses
import itertools

import pytest

from resolute.admin.patterns import Pattern
from resolute.admin.rights import (
    LOCAL,
    Kind,
    Principal,
    Right,
    Role,
    Scope,
    Verb,
    acme,
    dyndns,
    permits,
    require,
    require_own,
    require_somewhere,
)
from resolute.errors import DeniedError, UnauthenticatedError
from resolute.records import names

MINE, OTHER = names.from_text("example.org."), names.from_text("example.net.")
ALL_TXT = Right(Verb.RECORDS_WRITE, MINE, names.from_text("www.example.org."), 16)


def principal(role: Role, scope: Scope | None = None) -> Principal:
    zones = (Pattern.of_name(MINE),) if role is Role.EDITOR else ()
    kind = Kind.USER if scope is None else Kind.TOKEN
    return Principal(role.value, kind, role, zones, scope, user=role.value, user_id=1)


def everywhere(verb: Verb) -> Right:
    return Right(verb, OTHER)


@pytest.mark.parametrize(
    ("role", "missing"),
    [
        (Role.OWNER, set()),
        (Role.OPERATOR, {Verb.USERS_READ, Verb.USERS_WRITE, Verb.BACKUP_READ}),
        (
            Role.READER,
            {verb for verb in Verb if verb.endswith(":write")}
            | {Verb.USERS_READ, Verb.TOKENS_READ, Verb.AUDIT_READ, Verb.BACKUP_READ},
        ),
        (Role.EDITOR, set(Verb)),
    ],
)
def test_what_a_role_does_not_have_in_a_zone_that_is_not_its_own(role: Role, missing: set[Verb]) -> None:
    who = principal(role)
    assert {verb for verb in Verb if not permits(who, everywhere(verb))} == missing
    for verb in missing:
        with pytest.raises(DeniedError, match=f"{role} does not have the right {verb}"):
            require(who, everywhere(verb))


def test_an_editor_edits_records_of_the_zones_named() -> None:
    editor = principal(Role.EDITOR)
    own = {verb for verb in Verb if permits(editor, Right(verb, MINE))}
    assert own == {Verb.ZONES_READ, Verb.RECORDS_READ, Verb.RECORDS_WRITE}
    assert permits(editor, Right(Verb.RECORDS_WRITE, names.from_text("EXAMPLE.org")))
    for other in ("sub.example.org.", "notexample.org.", "org.", "."):
        assert not permits(editor, Right(Verb.RECORDS_WRITE, names.from_text(other)))
    assert not permits(editor, Right(Verb.ZONES_READ))
    assert require_somewhere(editor, Verb.ZONES_READ) is editor
    with pytest.raises(DeniedError):
        require_somewhere(editor, Verb.CACHE_WRITE)


def test_nobody_is_asked_who_it_is() -> None:
    with pytest.raises(UnauthenticatedError, match="log in, or send a token"):
        require(None, ALL_TXT)
    with pytest.raises(UnauthenticatedError):
        require_own(None, Verb.TOKENS_READ)


SCOPES = [
    Scope(),
    Scope(verbs=frozenset({Verb.RECORDS_WRITE, Verb.USERS_WRITE})),
    Scope(zones=(Pattern.of_name(MINE),)),
    Scope(names=(Pattern.parse("*.example.org."),), types=frozenset({16})),
    acme(MINE),
    dyndns([MINE]),
]
RIGHTS = [
    Right(verb, zone, name, rtype)
    for verb, zone, name, rtype in itertools.product(
        Verb, (None, MINE, OTHER), (None, MINE, names.from_text("www.example.org.")), (None, 1, 16)
    )
]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", Role)
def test_a_token_is_never_more_than_its_owner(role: Role, scope: Scope) -> None:
    user, token = principal(role), principal(role, scope)
    assert [str(right) for right in RIGHTS if permits(token, right) and not permits(user, right)] == []
    assert all(permits(token, right) == (permits(user, right) and scope.gives(right)) for right in RIGHTS)


@pytest.mark.parametrize(("mine", "other"), list(itertools.product(SCOPES, SCOPES)))
def test_a_scope_that_covers_another_gives_all_that_it_gives(mine: Scope, other: Scope) -> None:
    if mine.covers(other):
        assert [str(right) for right in RIGHTS if other.gives(right) and not mine.gives(right)] == []
    assert mine.covers(mine)
    assert Scope().covers(mine)


def test_a_limit_on_zones_names_or_types_leaves_zones_and_records() -> None:
    for scope in SCOPES[2:]:
        given = {verb for verb in Verb if any(scope.gives(dataclasses.replace(right, verb=verb)) for right in RIGHTS)}
        assert given <= {Verb.ZONES_READ, Verb.ZONES_WRITE, Verb.RECORDS_READ, Verb.RECORDS_WRITE}
    assert not Scope(types=frozenset({16})).gives(Right(Verb.ZONES_WRITE, MINE))


@pytest.mark.parametrize(
    ("owner", "rtype", "given"),
    [
        ("_acme-challenge.example.org.", 16, True),
        ("_ACME-Challenge.WWW.example.org.", 16, True),
        ("token._acme-challenge.example.org.", 16, True),
        ("_acme-challenge.example.org.", 1, False),
        ("_acme-challenge.example.org.", None, False),
        ("www.example.org.", 16, False),
        ("example.org.", 16, False),
        ("x_acme-challenge.example.org.", 16, False),
        ("_acme-challenge.notexample.org.", 16, False),
        ("www._acme-challenge.www.example.org.", 16, False),
    ],
)
def test_the_preset_for_certificates(owner: str, rtype: int | None, given: bool) -> None:  # noqa: FBT001
    scope = acme(MINE)
    assert scope.gives(Right(Verb.RECORDS_WRITE, MINE, names.from_text(owner), rtype)) is given
    assert not scope.gives(Right(Verb.RECORDS_WRITE, OTHER, names.from_text(owner), rtype))
    assert not scope.gives(Right(Verb.RECORDS_WRITE, MINE))
    assert Scope.from_json(scope.to_json()) == scope


def test_the_preset_for_addresses_that_change() -> None:
    home = names.from_text("home.example.org.")
    scope = dyndns([home])
    assert scope.gives(Right(Verb.RECORDS_WRITE, MINE, home, 1))
    assert scope.gives(Right(Verb.RECORDS_WRITE, MINE, home, 28))
    assert not scope.gives(Right(Verb.RECORDS_WRITE, MINE, home, 16))
    assert not scope.gives(Right(Verb.RECORDS_WRITE, MINE, MINE, 1))
    assert not scope.gives(Right(Verb.ZONES_READ))
    assert not scope.gives(Right(Verb.CACHE_WRITE))


def test_ones_own_tokens_need_no_role_and_a_scope_without_limits_in_zones() -> None:
    for scope in (None, Scope(), Scope(verbs=frozenset({Verb.TOKENS_WRITE}))):
        who = principal(Role.READER, scope)
        assert require_own(who, Verb.TOKENS_WRITE) is who
    for scope in (acme(MINE), Scope(verbs=frozenset({Verb.TOKENS_READ}))):
        with pytest.raises(DeniedError, match="scope"):
            require_own(principal(Role.OWNER, scope), Verb.TOKENS_WRITE)


def test_a_program_of_this_machine_has_local_records_and_nothing_else() -> None:
    assert {right.verb for right in RIGHTS if permits(LOCAL, right)} == {Verb.HOSTS_READ, Verb.HOSTS_WRITE}
    with pytest.raises(DeniedError):
        require_own(LOCAL, Verb.TOKENS_READ)


def test_a_right_says_what_it_is() -> None:
    assert str(ALL_TXT) == "records:write for TXT of www.example.org. in example.org."
    assert str(Right(Verb.RECORDS_READ, MINE)) == "records:read in example.org."
    assert str(Right(Verb.ZONES_WRITE)) == "zones:write in every zone"
    assert str(Right(Verb.CACHE_WRITE)) == "cache:write"
