"""Settings from the environment: `RESOLUTE_SECTION_KEY`, lists with commas.

    RESOLUTE_LISTEN_DNS=127.0.0.1:5300,[::1]:5300
    RESOLUTE_ZONE=hello.=zones/hello.zone,example.org.=zones/example.zone
    RESOLUTE_RESOLVER_ROUTE=corp.example.=192.0.2.53:5353+192.0.2.54

A variable that is set and empty counts as not set. Variables that name no setting are left alone (an orchestrator may
set some for a service of this name); `resolute check` lists them.
"""

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel

from resolute.config.layers import Layer, Tree, as_tree
from resolute.config.tree import SECTIONS, Settings
from resolute.errors import SettingsError

PREFIX = "RESOLUTE_"
CONFIG = "RESOLUTE_CONFIG"
"""Names the configuration file."""
SERVER = "RESOLUTE_SERVER"
"""The URL of the server that the commands are for."""
TOKEN = "RESOLUTE_TOKEN"  # noqa: S105, a name
"""The token that they show there."""


def layer(environ: Mapping[str, str]) -> Layer:
    """What the environment says. Raises SettingsError for a list of pairs that is none."""
    tree: Tree = {}
    for location, variable, read in _variables():
        if text := environ.get(variable, "").strip():
            _set(tree, location, read(variable, text))
    return Layer(tree, Path.cwd(), lambda location: f"environment: {variable_name(*location)}", "environment")


def variable_name(*location: int | str) -> str:
    """The variable of a setting: that of `listen`, `dns` is RESOLUTE_LISTEN_DNS."""
    words = location[:1] if location[0] == "zone" else location[:2]
    return PREFIX + "_".join(str(word).upper() for word in words)


def unknown(environ: Mapping[str, str]) -> list[str]:
    """Variables with our prefix that name no setting."""
    known = {CONFIG, SERVER, TOKEN, *(variable for _, variable, _ in _variables())}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def is_list(annotation: object) -> bool:
    """Whether a setting of this type is a list."""
    return typing.get_origin(annotation) is Sequence


def _variables() -> Iterator[tuple[str, str, Callable[[str, str], object]]]:
    """Each setting as (location, variable, how its text is read)."""
    for section in SECTIONS:
        model = Settings.model_fields[section].annotation
        if section == "zone":
            yield section, variable_name(section), _zones
        elif isinstance(model, type) and issubclass(model, BaseModel):
            for key, field in model.model_fields.items():
                location = f"{section}.{key}"
                yield location, variable_name(section, key), _reader(location, field.annotation)


def _reader(location: str, annotation: object) -> Callable[[str, str], object]:
    if location == "resolver.route":
        return _routes
    return _list if is_list(annotation) else _text


def _set(tree: Tree, location: str, value: object) -> None:
    section, _, key = location.partition(".")
    tree[section] = {**as_tree(tree.get(section)), key: value} if key else value


def _text(_variable: str, text: str) -> object:
    return text


def _list(_variable: str, text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _zones(variable: str, text: str) -> object:
    return [{"name": name, "file": file} for name, file in _pairs(variable, text, "NAME=FILE")]


def _routes(variable: str, text: str) -> object:
    pairs = _pairs(variable, text, "ZONE=ADDRESS+ADDRESS")
    return [{"zone": zone, "forward": servers.split("+")} for zone, servers in pairs]


def _pairs(variable: str, text: str, form: str) -> Iterator[tuple[str, str]]:
    for item in _list(variable, text):
        name, equals, value = item.partition("=")
        if not (name and equals and value):
            raise SettingsError([f"environment: {variable}: {item!r} is not {form}"])
        yield name.strip(), value.strip()
