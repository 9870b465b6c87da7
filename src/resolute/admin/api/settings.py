"""The settings in force. They are changed where they come from: configuration file, environment, flags."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from resolute.admin.api.dependencies import REFUSALS, SCHEMES, ServicesHere, problem, right
from resolute.admin.api.fields import Answer
from resolute.admin.rights import Principal, Verb

router = APIRouter(prefix="/settings", tags=["node"], dependencies=SCHEMES, responses={**REFUSALS, **problem(502)})


class SettingsShown(Answer):
    """What is in force, chapter by chapter as in the file; secrets are hidden."""

    file: str | None = Field(description="Null: there is none.")
    settings: dict[str, dict[str, Any] | list[Any]]
    restart_needed: list[str] = Field(description="What was changed and takes effect at the next start.")


@router.get("", operation_id="getSettings")
async def get_settings(
    services: ServicesHere, _: Annotated[Principal, Depends(right(Verb.SETTINGS_READ))]
) -> SettingsShown:
    """The settings of the node. Needs settings:read."""
    return SettingsShown.model_validate(await services.node.get("/settings"))
