"""Webhooks: programs elsewhere that are told of changes."""

import ipaddress
import secrets
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AwareDatetime, Field

from resolute.admin import outward
from resolute.admin.api.dependencies import REFUSALS, ServicesHere, problem, right
from resolute.admin.api.fields import NO_NUL, Answer, Body
from resolute.admin.api.idempotency import ChangeRoute, Idempotent
from resolute.admin.api.naming import zone_name
from resolute.admin.api.problems import InvalidError, NotThereError
from resolute.admin.rights import Principal, Verb
from resolute.errors import PresentationError
from resolute.records import names
from resolute.store import history
from resolute.store import webhooks as store
from resolute.store.webhooks import Webhook

router = APIRouter(prefix="/webhooks", tags=["history"], responses=REFUSALS, route_class=ChangeRoute)

Reader = Annotated[Principal, Depends(right(Verb.SETTINGS_READ))]
Writer = Annotated[Principal, Depends(right(Verb.SETTINGS_WRITE))]
WebhookId = Annotated[str, Path(max_length=64, pattern=NO_NUL, description="The `id` of a webhook.")]


class WebhookAdded(Body):
    """Who is to be told of what."""

    url: str = Field(max_length=2_048, examples=["https://hooks.example.net/dns"])
    zones: list[str] = Field(default=[], max_length=1_000, description="Of these zones alone; else of every change.")


class WebhookShown(Answer):
    """A webhook, and how it goes."""

    id: str
    url: str
    zones: list[str]
    created: AwareDatetime
    position: int = Field(description="The id of the last change that it has been told.")
    failures: int = Field(description="Since the last delivery that was taken.")
    last_error: str


class WebhookMade(WebhookShown):
    """A new webhook; the secret is shown this once."""

    secret: str = Field(
        description="Deliveries have `Resolute-Signature: t=TIME,v1=HEX`: HMAC-SHA256 with this over `TIME.BODY`."
    )


@router.get("", operation_id="listWebhooks")
async def list_webhooks(services: ServicesHere, _: Reader) -> list[WebhookShown]:
    """All webhooks. Needs settings:read."""
    return [shown(hook) for hook in await services.accounts.read(store.every)]


@router.post("", status_code=201, operation_id="addWebhook", responses=problem(409), dependencies=[Idempotent])
async def add_webhook(body: WebhookAdded, services: ServicesHere, _: Writer) -> WebhookMade:
    """Tells a program of every change from now on. Needs settings:write."""
    _check(body.url, private=services.settings.private_webhooks)
    zones = tuple(names.to_text(zone_name(one, f"zones[{at}]")) for at, one in enumerate(body.zones))
    now = datetime.now(UTC)
    last = await services.writer.look(history.last_id)
    hook = Webhook(secrets.token_hex(8), body.url, zones, secrets.token_hex(32), now, last, 0, now, "")
    made = await services.accounts.write(lambda connection: store.add(connection, hook))
    return WebhookMade(**shown(made).model_dump(), secret=hook.secret)


@router.get("/{webhook}", operation_id="getWebhook", responses=problem(404))
async def get_webhook(webhook: WebhookId, services: ServicesHere, _: Reader) -> WebhookShown:
    """One webhook. Needs settings:read."""
    found = await services.accounts.read(lambda connection: store.find(connection, webhook))
    if found is None:
        raise NotThereError("there is no such webhook")
    return shown(found)


@router.delete("/{webhook}", status_code=204, operation_id="removeWebhook", responses=problem(404))
async def remove_webhook(webhook: WebhookId, services: ServicesHere, _: Writer) -> None:
    """Tells it no more. Needs settings:write."""
    if not await services.accounts.write(lambda connection: store.remove(connection, webhook)):
        raise NotThereError("there is no such webhook")


def shown(hook: Webhook) -> WebhookShown:
    """A webhook without its secret."""
    return WebhookShown(
        id=hook.id,
        url=hook.url,
        zones=list(hook.zones),
        created=hook.created if hook.created.tzinfo else hook.created.replace(tzinfo=UTC),
        position=hook.position,
        failures=hook.failures,
        last_error=hook.last_error,
    )


def _check(url: str, *, private: bool) -> None:
    """What can be said without asking the DNS, which is asked at each delivery. Raises InvalidError."""
    try:
        target = outward.parse(url)
    except PresentationError as error:
        raise InvalidError(("url", str(error))) from error
    try:
        address = ipaddress.ip_address(target.host)
    except ValueError:
        return
    if not private and not outward.is_outside(address):
        raise InvalidError(("url", "the address is not on the internet, and admin.private_webhooks is off"))
