"""Loads the settings: flags win over the environment, that wins over the store, that wins over the configuration file,
that wins over defaults.

    flags ------+
    environment +
    store ------+--> one tree of plain values --> Settings, or every problem in one SettingsError
    file -------+    (each remembers its layer)

Paths in the file are relative to the file's folder, paths elsewhere to the working directory.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from resolute.config import environment
from resolute.config.arguments import Overrides, parse
from resolute.config.layers import Layer, Location, Tree, as_tree, merge, path_text
from resolute.config.positions import find
from resolute.config.problems import describe, unknown
from resolute.config.stored import layer as stored_layer
from resolute.config.tree import SECTIONS, Settings
from resolute.errors import SettingsError

_POSITION = re.compile(r"(.*) \(at line ([0-9]+), column ([0-9]+)\)", re.DOTALL)


def load(
    path: Path | None,
    overrides: Overrides,
    environ: Mapping[str, str],
    stored: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """The settings from the file at `path` (default: the one that RESOLUTE_CONFIG names, if any), the environment and
    the flags; `stored` are values of the store by dotted name. Raises SettingsError with every problem found."""
    if path is None and (named := environ.get("RESOLUTE_CONFIG")):
        path = Path(named)
    layers = [environment.layer(environ), overrides.layer()]
    if stored:
        layers.insert(0, stored_layer(stored))
    if path is not None:
        layers.insert(0, read_file(path))
    return compose(layers, path)


def load_arguments(argv: Sequence[str], stored: Mapping[str, object] = MappingProxyType({})) -> Settings:
    """The settings from the flags of `resolute serve`, the environment and the store. Raises SettingsError."""
    arguments = parse(argv)
    return load(arguments.config, arguments.overrides, os.environ, stored)


def read_file(path: Path) -> Layer:
    """What a configuration file says. Raises SettingsError that names line and column where it is not TOML."""
    try:
        text = path.read_bytes().decode()
        tree = tomllib.loads(text)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path}: is not UTF-8 at byte {error.start}: save it as UTF-8"]) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_toml_problem(path, str(error))]) from error
    return Layer(tree, path.absolute().parent, lambda location: _place(path, text, location))


def compose(layers: Sequence[Layer], path: Path | None) -> Settings:
    """The settings from layers, the weakest first. Raises SettingsError."""
    strange = [
        f"{layer.where([key])}: {unknown(key, SECTIONS)}"
        for layer in layers
        for key in layer.tree
        if key not in SECTIONS
    ]
    tree = merge(layers)
    try:
        settings = Settings.model_validate({**_known(tree), "path": path, "sources": _sources(layers)})
    except ValidationError as error:
        raise SettingsError(strange + [describe(problem, layers, tree) for problem in error.errors()]) from error
    if strange:
        raise SettingsError(strange)
    return settings


def _place(path: Path, text: str, location: Location) -> str:
    position = find(text, location)
    return (
        f"{path}:{position[0]}:{position[1]}: {path_text(location)}" if position else f"{path}: {path_text(location)}"
    )


def _sources(layers: Sequence[Layer]) -> dict[str, str]:
    """A later layer's word is the last one."""
    found: dict[str, str] = {}
    for layer in layers:
        for section, value in layer.tree.items():
            names = [f"{section}.{key}" for key in value] if isinstance(value, dict) else [section]
            found.update(dict.fromkeys(names, layer.source))
    return found


def _known(tree: Tree) -> Tree:
    return as_tree({key: value for key, value in tree.items() if key in SECTIONS})


def _toml_problem(path: Path, text: str) -> str:
    if match := _POSITION.fullmatch(text):
        return f"{path}:{match[2]}:{match[3]}: {match[1]}"
    return f"{path}: {text}"
