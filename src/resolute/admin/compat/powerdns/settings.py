"""What may be said of a zone besides its records, when it is made and later: kind, account, how its serial is raised.

Kind, account and SOA-EDIT are kept and shown again, so that tools which compare find what they gave; they change
nothing else. SOA-EDIT-API is the zone's serial policy.
"""

from typing import Any

from pydantic import Field, StrictBool

from resolute.admin.api.fields import NO_NUL
from resolute.admin.compat.powerdns.refusals import UnprocessableError
from resolute.admin.compat.powerdns.rrsets import RRsetsGiven
from resolute.admin.compat.powerdns.shapes import Given
from resolute.admin.compat.powerdns.standing import ACCOUNT, KIND, POLICIES, SOA_EDIT, SOA_EDIT_API
from resolute.zones.serial import Policy

_KINDS = {"native": "Native", "master": "Master", "primary": "Master"}


class ZoneSettings(Given):
    """The members of a zone that can be set."""

    kind: str | None = Field(default=None, max_length=16, description="Native, or Master (Primary).")
    account: str | None = Field(default=None, max_length=255, pattern=NO_NUL)
    soa_edit: str | None = Field(default=None, max_length=32, pattern=NO_NUL)
    soa_edit_api: str | None = Field(
        default=None, max_length=32, description="DEFAULT (date), INCREASE or EPOCH; others are INCREASE."
    )
    masters: list[Any] | None = Field(default=None, max_length=0, description="Of a secondary: there are none yet.")
    catalog: str | None = Field(default=None, max_length=1_024)
    dnssec: StrictBool | None = None
    nsec3param: str | None = Field(default=None, max_length=1_024)
    rrsets: RRsetsGiven | None = None

    @property
    def policy(self) -> Policy | None:
        """The serial policy that is asked for. Raises UnprocessableError."""
        if self.soa_edit_api is None:
            return None
        policy = POLICIES.get(self.soa_edit_api.upper())
        if policy is None:
            known = ", ".join(word for word in POLICIES if word)
            raise UnprocessableError(f"SOA-EDIT-API '{self.soa_edit_api}' is not known: expected {known}")
        return policy

    def metadata(self) -> dict[str, list[str]]:
        """What is kept. Raises UnprocessableError for what Resolute does not have."""
        self._refuse_missing()
        kept = {KIND: self._kind(), ACCOUNT: self.account, SOA_EDIT: self.soa_edit, SOA_EDIT_API: self.soa_edit_api}
        texts = {kind: text for kind, text in kept.items() if text is not None}
        return {kind: [text] if text or kind == SOA_EDIT_API else [] for kind, text in texts.items()}

    def _kind(self) -> str | None:
        if self.kind is None:
            return None
        kind = _KINDS.get(self.kind.lower())
        if kind is None:
            raise UnprocessableError(f"Kind '{self.kind}': Resolute has Native and Master (Primary) zones only")
        return kind

    def _refuse_missing(self) -> None:
        if self.dnssec:
            raise UnprocessableError("dnssec: Resolute does not sign zones yet")
        if self.nsec3param:
            raise UnprocessableError("NSEC3PARAM value provided for a zone that is not DNSSEC secured")
        if self.catalog:
            raise UnprocessableError("catalog: Resolute has no catalog zones yet")
