"""Who asks for a change here, and why. There is no plan: PowerDNS has none."""

from typing import Annotated

from fastapi import Depends, Header

from resolute.admin.api.changes import Request
from resolute.admin.api.dependencies import ClientHere, PrincipalHere


def _asked(
    principal: PrincipalHere,
    client: ClientHere,
    x_change_reason: Annotated[str, Header(max_length=2_000, description="Why; kept in the history.")] = "",
) -> Request:
    return Request(principal, client, x_change_reason, plan=False)


AskedHere = Annotated[Request, Depends(_asked)]
