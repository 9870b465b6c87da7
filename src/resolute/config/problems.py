"""What is wrong with settings, as one line for people: where it stands, what was expected, how to mend."""

import difflib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from resolute.config.layers import Layer, Tree, as_list, path_text, zone_index, zones_of
from resolute.config.tree import Settings

_EXPECTED = {
    ("model_type", "model_attributes_type"): "a table of settings",
    ("sequence_str", "is_instance_of", "list_type"): "a list",
    ("int_type", "int_parsing", "int_from_float"): "a whole number",
    ("bool_type", "bool_parsing"): "true or false",
    ("string_type",): "text",
    ("path_type",): "a path",
}


def describe(problem: ErrorDetails, layers: Sequence[Layer], merged: Tree) -> str:
    """One line for one problem that the models found in `merged`; it names the layer that the value came from."""
    location = problem["loc"]
    return f"{_where(location, layers, merged)}: {_what(problem, location)}"


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a word that is no setting."""
    known = sorted(known)
    near = difflib.get_close_matches(key, known, n=1)
    return f"is not a setting: {f'did you mean {near[0]}?' if near else 'expected ' + ', '.join(known)}"


def _where(location: Sequence[int | str], layers: Sequence[Layer], merged: Tree) -> str:
    """The strongest layer that gives this setting, or its section where no layer does."""
    gives = partial(_gives, location=location, merged=merged)
    strongest = [*filter(gives, reversed(layers)), *(layer for layer in layers if location[0] in layer.tree)]
    return strongest[0].where(_own(location, strongest[0], merged)) if strongest else path_text(location)


def _own(location: Sequence[int | str], layer: Layer, merged: Tree) -> Sequence[int | str]:
    """The location within the layer: zones stand elsewhere in the merged list."""
    if location[0] != "zone" or len(location) == 1 or location[1] not in zones_of(layer, merged):
        return location
    item = as_list(merged["zone"])[int(location[1])]
    return ["zone", zone_index(layer, item), *location[2:]]


def _gives(layer: Layer, location: Sequence[int | str], merged: Tree) -> bool:
    section = layer.tree.get(str(location[0]))
    if len(location) == 1 or section is None:
        return section is not None
    if isinstance(section, list):
        return location[1] in zones_of(layer, merged)
    return isinstance(section, dict) and location[1] in section


def _what(problem: ErrorDetails, location: Sequence[int | str]) -> str:
    kind, text = problem["type"], problem["msg"]
    if kind == "extra_forbidden":
        return unknown(str(location[-1]), _keys(location[:-1]))
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return text.removeprefix("Value error, ")
    if kind == "too_short":
        return "is empty: expected one at least"
    expected = next((what for kinds, what in _EXPECTED.items() if kind in kinds), None)
    text = f"expected {expected}" if expected else text.replace("Input should be", "expected")
    return f"{text}, not {problem['input']!r}"


def _keys(location: Sequence[int | str]) -> list[str]:
    """The settings that may stand in the table at a location."""
    model: type[BaseModel] | None = Settings
    for part in location:
        if model is not None and isinstance(part, str):
            field = model.model_fields.get(part)
            model = None if field is None else _model(field.annotation)
    return [] if model is None else [key for key in model.model_fields if not model.model_fields[key].exclude]


def _model(annotation: object) -> type[BaseModel] | None:
    candidates = (annotation, *get_args(annotation))
    return next((item for item in candidates if isinstance(item, type) and issubclass(item, BaseModel)), None)
