"""Who asks for a change here, and why. There is no plan: PowerDNS has none."""

from typing import Annotated

from fastapi import Depends
from fastapi import Request as HttpRequest

from resolute.admin.api.changes import ReasonHeader, Request, request_for


async def _asked(request: HttpRequest, reason: ReasonHeader = "") -> Request:
    return await request_for(request, reason, plan=False)


AskedHere = Annotated[Request, Depends(_asked)]
