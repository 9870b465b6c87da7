"""The reference of every setting, made from the models: as a JSON schema for editors and as a page for people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, PlainSerializer
from pydantic.fields import FieldInfo

from resolute.config.arguments import FLAGS
from resolute.config.environment import variable_name
from resolute.config.layers import Tree, as_tree
from resolute.config.tree import SECTIONS, Settings

_FORMATS = {"resolver.route": "ZONE=ADDR+ADDR,...", "zone": "NAME=FILE,..."}


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting: its default as TOML (None when it must be given), environment variable and flag (or None).

    What a list of tables may have beside what its variable and flag give stands in the file only.
    """

    section: str
    key: str
    default: str | None
    variable: str | None
    flag: str | None
    description: str


def entries() -> Iterator[Entry]:
    """Every setting, in the order of the configuration file."""
    for section in SECTIONS:
        model = _model(Settings.model_fields[section].annotation)
        for key, field in model.model_fields.items():
            yield _entry(section, key, field)
        for key, field in model.model_fields.items():
            for inner, of in _nested(field):
                yield _entry(f"{section}.{key}", inner, of)


def manual() -> str:
    """The reference page (Markdown)."""
    lines = ["# Settings", "", "Flags win over the environment, that wins over the file, that wins over the default."]
    section = ""
    for entry in entries():
        if entry.section != section:
            section = entry.section
            title, about = _title(section)
            lines += ["", f"## {title}", "", about, ""]
        lines.append(_line(entry))
    return "\n".join(lines) + "\n"


def json_schema() -> Tree:
    """The JSON Schema (2020-12) of the configuration file."""
    schema: Tree = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}
    properties = as_tree(schema["properties"])
    schema["properties"] = {section: _without_default(as_tree(properties[section])) for section in SECTIONS}
    definitions = as_tree(schema["$defs"])
    for section in SECTIONS:
        model = _model(Settings.model_fields[section].annotation)
        _set_defaults(as_tree(definitions[model.__name__]), model)
    return schema


def _without_default(section: Tree) -> Tree:
    """A section's default is the sum of its settings' defaults, which stand there."""
    return {key: value for key, value in section.items() if key != "default"}


def _set_defaults(definition: Tree, model: type[BaseModel]) -> None:
    for key, field in model.model_fields.items():
        shown = definition["properties"]
        if isinstance(shown, dict) and any(isinstance(item, PlainSerializer) for item in field.metadata):
            shown[key]["default"] = _as_written(field)


def _entry(section: str, key: str, field: FieldInfo) -> Entry:
    location = f"{section}.{key}"
    if section in _FORMATS and not field.is_required():
        return Entry(section, key, _default(field), None, None, field.description or "")
    within = section if section in _FORMATS else location
    variable = variable_name(*within.split(".")) + (f"={_FORMATS[within]}" if within in _FORMATS else "")
    flags = [f"{flag.name} {flag.takes}".strip() for flag in FLAGS if flag.setting == within]
    return Entry(section, key, _default(field), variable, flags[0] if flags else None, field.description or "")


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    if field.default_factory is not None:
        return '"/var/lib/resolute" for root, else "~/.local/share/resolute"'
    value = _as_written(field)
    return "not set" if value is None else json.dumps(value)


def _as_written(field: FieldInfo) -> object:
    """A default as it would stand in the file."""
    written: object = field.default
    for serializer in field.metadata:
        if isinstance(serializer, PlainSerializer):
            written = serializer.func(written)  # type: ignore[call-arg]
    return written


def _nested(field: FieldInfo) -> list[tuple[str, FieldInfo]]:
    models = [item for item in get_args(field.annotation) if isinstance(item, type) and issubclass(item, BaseModel)]
    return [pair for model in models for pair in model.model_fields.items()]


def _model(annotation: object) -> type[BaseModel]:
    candidates = (annotation, *get_args(annotation))
    return next(item for item in candidates if isinstance(item, type) and issubclass(item, BaseModel))


def _title(section: str) -> tuple[str, str]:
    top, _, key = section.partition(".")
    field = Settings.model_fields[top]
    if key:
        inner = _model(field.annotation).model_fields[key]
        return f"[[{section}]]", inner.description or ""
    return (f"[[{section}]]" if section == "zone" else f"[{section}]"), field.description or ""


def _line(entry: Entry) -> str:
    default = "must be given" if entry.default is None else f"default {entry.default}"
    names = ", ".join(f"`{name}`" for name in (entry.variable, entry.flag) if name) or "in the file only"
    return f"- `{entry.key}`: {entry.description} ({default}; {names})"
