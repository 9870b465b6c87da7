"""The first owner: made with the one-time token that the log shows. Nothing else is open until then."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, SecretStr

from resolute.admin import login
from resolute.admin.api.dependencies import ClientHere, ServicesHere, problem
from resolute.admin.api.fields import Body, Password, UserName, check_password
from resolute.admin.api.users import UserShown, shown
from resolute.admin.rights import Role
from resolute.store.accounts import NewUser

router = APIRouter(tags=["server"])


class SetUpRequest(Body):
    """The first owner."""

    token: Annotated[SecretStr, Field(max_length=128, description="From the log.", examples=["5f0c...e2"])]
    user: UserName
    password: Password


@router.post("/setup", status_code=201, operation_id="setUp", responses=problem(403, 409, 422, 503))
async def set_up(body: SetUpRequest, services: ServicesHere, client: ClientHere) -> UserShown:
    """Makes the first user, the owner, with the one-time token of the log. Works once."""
    login.require_private(client)
    await services.setup.require_token(body.token.get_secret_value())
    text = check_password(body.password, body.user)
    password = await services.passwords.hash(text, local=client.local)
    owner = NewUser(body.user, password, Role.OWNER.value)
    return shown(await services.setup.finish(owner, str(client.address)))
