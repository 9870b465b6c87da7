"""Fields that several resources have: names of users, passwords, roles, zones, times."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, SecretStr

from resolute.admin import passwords
from resolute.admin.api.problems import InvalidError
from resolute.admin.patterns import Pattern
from resolute.admin.rights import Role
from resolute.errors import RuleError

LARGEST: Final = 2**63 - 1
"""The largest number that the store can count to."""
_USER: Final = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"


NO_NUL: Final = r"^[^\x00]*$"
"""Of a text that the store keeps as it is: PostgreSQL has no text with a NUL."""


class Body(BaseModel):
    """A body of a request: frozen, and a field that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Answer(BaseModel):
    """A body of an answer."""

    model_config = ConfigDict(frozen=True)


def _canonical_pattern(text: str) -> str:
    return str(Pattern.parse(text))


def _utc(time: datetime) -> datetime:
    return time.astimezone(UTC)


Reason = Annotated[str, Field(max_length=2_000, pattern=NO_NUL, description="Why; kept in the history.")]
UserName = Annotated[str, Field(pattern=_USER, description="Letters, digits and . _ @ -.", examples=["alice"])]
UserInPath = Annotated[str, Path(pattern=_USER, description="The name of a user.", examples=["alice"])]
Password = Annotated[
    SecretStr,
    Field(
        max_length=passwords.LONGEST,
        description=f"{passwords.SHORTEST} characters or more.",
        examples=["four words nobody chose"],
    ),
]
NamePattern = Annotated[
    str,
    Field(
        max_length=1_024,
        description="A name; `*` as a label stands for one or more labels: `*.example.org.`.",
        examples=["example.org."],
    ),
    AfterValidator(_canonical_pattern),
]
ZonePatterns = Annotated[list[NamePattern], Field(max_length=1_000, description="The zones that an editor may edit.")]
RoleField = Annotated[Role, Field(description="owner, operator, editor (of `zones`) or reader.", examples=["editor"])]
Time = Annotated[AwareDatetime, AfterValidator(_utc)]


def check_password(password: SecretStr, user: str) -> str:
    """The new password of a user. Raises InvalidError, without the password, for one that is too easy."""
    text = password.get_secret_value()
    try:
        passwords.check(text, user)
    except RuleError as error:
        raise InvalidError(("password", str(error))) from error
    return text
