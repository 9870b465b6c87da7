"""Layers of settings (file, environment, flags): plain trees that are put over one another."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Tree = dict[str, object]
Location = Sequence[int | str]
"""Where a setting stands in the tree: `("listen", "dns", 0)`."""

_PATHS = (("data", "directory"), ("hosts", "records"), ("hosts", "files"), ("zone", "file"), ("zones", "folders"))
_PATHS_OR_WORDS = (("resolver", "root_hints"), ("resolver", "trust_anchors"), ("resolver", "ca_file"))
_WORDS = ("builtin", "off", "system")
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings from one place.

    `folder` is what relative paths in it are relative to; `where` names a setting's place for people; `source` is the
    place in one word.
    """

    tree: Tree
    folder: Path
    where: Callable[[Location], str]
    source: str = "file"


def merge(layers: Sequence[Layer]) -> Tree:
    """One tree: a later layer's setting replaces an earlier one's; zones are put together by name."""
    merged: Tree = {}
    for layer in layers:
        for section, value in _absolute(layer).items():
            merged[section] = _over(section, merged.get(section), value)
    return merged


def path_text(location: Location) -> str:
    """A location as people write it: `listen.dns[0]`."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def zone_index(layer: Layer, zone: object) -> int:
    """Where the layer's zone with the name of this one stands in the layer."""
    return [_zone_key(own) for own in as_list(layer.tree.get("zone"))].index(_zone_key(zone))


def zones_of(layer: Layer, merged: Tree) -> list[int]:
    """Where the zones that this layer gives stand in the merged list."""
    names = {_zone_key(zone) for zone in as_list(layer.tree.get("zone"))}
    return [index for index, zone in enumerate(as_list(merged.get("zone"))) if _zone_key(zone) in names]


def as_list(value: object) -> list[object]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_tree(value: object) -> Tree:
    """The value when it is a table, else an empty one."""
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _over(section: str, below: object, above: object) -> object:
    if section == "zone" and isinstance(below, list) and isinstance(above, list):
        names = {_zone_key(zone) for zone in above}
        return [zone for zone in below if _zone_key(zone) not in names] + above
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    if section == "resolver" and above.get("forward") and "mode" not in above:
        above = {**above, "mode": "forward"}  # who names forwarders means to forward, whatever a weaker layer says
    return {**below, **above}


def _zone_key(zone: object) -> str:
    return str(as_tree(zone).get("name", "")).lower().rstrip(".")


def _absolute(layer: Layer) -> Tree:
    """The layer's tree with absolute paths; what is not of the right shape is left for the models to refuse."""
    tree = dict(layer.tree)
    for section, key in (*_PATHS, *_PATHS_OR_WORDS):
        tree[section] = _at_key(tree.get(section), key, layer.folder, may_be_word=(section, key) in _PATHS_OR_WORDS)
    tree["store"] = _at_url(tree.get("store"), layer.folder)
    return {section: value for section, value in tree.items() if value is not None}


def _at_key(value: object, key: str, folder: Path, *, may_be_word: bool) -> object:
    if isinstance(value, list):
        return [_at_key(item, key, folder, may_be_word=may_be_word) for item in value]
    if not isinstance(value, dict) or key not in value:
        return value
    if may_be_word and value[key] in _WORDS:
        return value
    return {**value, key: _join(value[key], folder)}


def _join(value: object, folder: Path) -> object:
    if isinstance(value, list):
        return [_join(item, folder) for item in value]
    return os.path.normpath(folder / Path(value).expanduser()) if isinstance(value, str) and value else value


def _at_url(store: object, folder: Path) -> object:
    """`sqlite:///data/x.db` is a relative path, `sqlite:////data/x.db` an absolute one (SQLAlchemy's convention)."""
    url = as_tree(store).get("url")
    if not isinstance(url, str) or not url.startswith(_SQLITE):
        return store
    return {**as_tree(store), "url": f"{_SQLITE}{_join(url.removeprefix(_SQLITE), folder)}"}
