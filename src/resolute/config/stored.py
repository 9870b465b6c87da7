"""Settings that are kept in the store and changed while the server runs: stronger than the file, weaker than the
environment and the flags, the same for all nodes that follow the store.

A value stands under the dotted name of its setting, `cache.size`, as the configuration file would have it. What the
store has is somebody's word of another day, perhaps of another version: what does not hold is left out, not the node.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from resolute.config.layers import Layer, Tree, as_tree, path_text
from resolute.config.problems import unknown
from resolute.config.tree import SECTIONS, Settings
from resolute.errors import SettingsError

Values = Mapping[str, object]
"""By dotted name."""
Compose = Callable[[Values], Settings]
"""Reads everything else, and puts these values in their place. Raises SettingsError."""

SOURCE: Final = "store"
LONGEST: Final = 16_384
"""Characters of a value as JSON."""
_FILE: Final = "it names files of one machine, which nobody should read or replace over the network"
REFUSED: Final[Mapping[str, str]] = {
    "data": "it is needed before the store can be opened",
    "store": "it is needed before the store can be opened",
    "listen": "the addresses are those of one machine, and a wrong one would lock you out",
    "admin": "it decides who reaches this API, and a wrong value would lock you out",
    "zone": _FILE,
    "zones": _FILE,
    "hosts.files": _FILE,
    "hosts.records": _FILE,
    "resolver.root_hints": _FILE,
    "resolver.trust_anchors": _FILE,
    "resolver.ca_file": _FILE,
    "cookies.secrets": "it is a secret, and the store's copies and histories would spread it",
}
"""Settings, or whole sections, that are never taken from the store, and why."""


def every() -> Iterator[str]:
    """The dotted name of every setting, also of those that are not for the store."""
    for section in SECTIONS:
        model = Settings.model_fields[section].annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (f"{section}.{key}" for key in model.model_fields)
        else:
            yield section


def flatten(patch: Mapping[str, object], there: Collection[str] = ()) -> dict[str, object]:
    """A merge patch (RFC 7396), nested or with dotted names, as values by dotted name; None takes a value away,
    also one that is not for the store and is `there`.

    Raises SettingsError that names each field which is not for the store.
    """
    changes, problems = dict(_pairs(patch)), []
    for key, value in changes.items():
        gone = value is None and key in there
        if not gone and (problem := _refusal(key) or _too_much(value)):
            problems.append(f"{key}: {problem}")
    if problems:
        raise SettingsError(problems)
    return changes


def layer(values: Values) -> Layer:
    """The values as a layer."""
    tree: Tree = {}
    for name, value in values.items():
        section, _, key = name.partition(".")
        tree[section] = {**as_tree(tree.get(section)), key: value}
    return Layer(tree, Path("/"), path_text, SOURCE)


def what_holds(values: Values, compose: Compose) -> tuple[Settings, tuple[str, ...]]:
    """The settings with all of the values that hold, and a line for each that is left out.

    Raises SettingsError when the settings do not hold without any of them either.
    """
    try:
        return compose(for_the_store(values)), _left_out(values)
    except SettingsError:
        settings = compose({})
    kept: dict[str, object] = {}
    problems = list(_left_out(values))
    for key, value in sorted(for_the_store(values).items()):
        try:
            settings = compose({**kept, key: value})
            kept[key] = value
        except SettingsError as error:
            problems.append(f"settings of the store: ignored: {error.problems[0]}")
    return settings, tuple(problems)


def for_the_store(values: Values) -> dict[str, object]:
    """The values of settings that are known, and may be kept there."""
    return {key: value for key, value in values.items() if not _refusal(key)}


def _left_out(values: Values) -> tuple[str, ...]:
    return tuple(f"settings of the store: ignored: {key}: {why}" for key in sorted(values) if (why := _refusal(key)))


def _refusal(key: str) -> str:
    """Why a setting is not for the store; empty: it is."""
    if why := _never(key):
        return f"cannot be kept in the store: {why}; set it in the configuration file"
    return "" if key in set(every()) else unknown(key, (one for one in every() if not _never(one)))


def _never(key: str) -> str:
    return REFUSED.get(key.partition(".")[0]) or REFUSED.get(key, "")


def _too_much(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except ValueError:  # a number or a character that other programs do not read
        return "has a number or a character that JSON text does not have"
    if "\\u0000" in text:
        return "has a NUL character"
    return f"is longer than {LONGEST:,} characters" if len(text) > LONGEST else ""


def _pairs(patch: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in patch.items():
        if "." in name or name not in SECTIONS:
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}.{key}", item) for key, item in value.items())
        elif value is None:
            yield from ((key, None) for key in every() if key.startswith(f"{name}.") and not _refusal(key))
        else:
            yield name, value
