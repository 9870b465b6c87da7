"""What the routes of other programs' protocols ask for, and how the OpenAPI document tells it.

Their clients send JSON with any media type, or none: bodies are read here, and described in the document.
"""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, ValidationError

from resolute.admin.api.problems import MEANING, BadRequestError, InvalidError, one_line

T = TypeVar("T", bound=BaseModel)


class Sent(BaseModel):
    """A body of another program: what it says besides is passed over, as newer versions of it say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


async def read(model: type[T], request: Request) -> T:
    """The body as a model. Raises BadRequestError for what is no JSON, InvalidError that names each field."""
    return parse(model, await request.body())


def parse(model: type[T], content: bytes) -> T:
    """The same of octets."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if any(problem["type"] == "json_invalid" for problem in problems):
            raise BadRequestError("the body is not JSON") from None
        fields = ((".".join(map(str, problem["loc"])) or "body", one_line(problem["msg"])) for problem in problems[:20])
        raise InvalidError(*fields) from None


def body_of(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads this body."""
    schema = model.model_json_schema(by_alias=True)
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": _inlined(schema)}}}}


def answers(*statuses: int, media_type: str = "text/plain") -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that refuses in its protocol's own form."""
    schema = {"type": "string"} if media_type == "text/plain" else {"type": "object"}
    return {
        status: {"description": MEANING[status], "content": {media_type: {"schema": schema}}} for status in statuses
    }


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions in their places."""
    definitions = schema.pop("$defs", {})

    def resolved(part: Any) -> Any:  # noqa: ANN401  any JSON
        if isinstance(part, dict):
            reference = part.get("$ref", "")
            found = definitions.get(reference.rpartition("/")[2]) if reference else None
            return resolved(found) if found else {key: resolved(value) for key, value in part.items()}
        return [resolved(one) for one in part] if isinstance(part, list) else part

    return dict(resolved(schema))
