"""The flags of `resolute serve`, read with the standard library alone: the node reads them without loading a terminal.

`FLAGS` is the one list of them; the command line's help and completion are held to it by a test.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from resolute.config.layers import Layer, Location, Tree, path_text
from resolute.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: the setting that it gives, what follows it (nothing for a switch), and whether it may be repeated."""

    name: str
    setting: str
    takes: str
    help: str
    many: bool = False


FLAGS = (
    Flag("--listen", "listen.dns", "ADDR:PORT", "Answer DNS here, over UDP and TCP.", many=True),
    Flag("--zone", "zone", "NAME=FILE", "Serve a zone from a zone file, beside those of the configuration.", many=True),
    Flag("--zones", "zones.folders", "DIR", "Serve every NAME.zone in this folder as the zone NAME.", many=True),
    Flag("--hosts", "hosts.files", "FILE", "Answer from a hosts file.", many=True),
    Flag("--records", "hosts.records", "FILE", "Seed the local records from a YAML map of names and addresses."),
    Flag("--forward", "resolver.forward", "ADDR[:PORT]|URL", "Ask this server for what is not ours.", many=True),
    Flag("--recurse", "resolver.mode", "", "Resolve from the root what is not ours."),
    Flag("--admin", "listen.admin", "ADDR:PORT|off", "Serve HTTP here; off for none."),
    Flag("--data", "data.directory", "DIR", "Keep the store, the lock and the control socket here."),
    Flag("--log-queries", "log.queries", "", "Log one line for each query."),
    Flag("--log-format", "log.format", "text|json", "Log lines for people, or one JSON object a line."),
    Flag("--allow-recursion", "allow.recursion", "WHO", "loopback, private, any, none or a prefix.", many=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The settings that flags give; None and the empty tuple stand for flags that were not given."""

    listen: tuple[str, ...] = ()
    zone: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    records: str | None = None
    forward: tuple[str, ...] = ()
    recurse: bool = False
    admin: str | None = None
    data: str | None = None
    log_queries: bool = False
    log_format: str | None = None
    allow_recursion: tuple[str, ...] = ()

    def layer(self) -> Layer:
        """These settings as a layer. Raises SettingsError for flags that contradict each other."""
        if self.recurse and self.forward:
            raise SettingsError(["--recurse and --forward: names come from the root or from a forwarder, give one"])
        tree: Tree = {}
        for flag in FLAGS:
            if given := getattr(self, _attribute(flag)):
                section, _, key = flag.setting.partition(".")
                section_tree = tree.setdefault(section, {})
                if isinstance(section_tree, dict) and key:
                    section_tree[key] = _value(flag, given)
                else:
                    tree[section] = _value(flag, given)
        return Layer(tree, Path.cwd(), _where, "flag")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line of the node: the configuration file and the settings that flags give."""

    config: Path | None
    overrides: Overrides


def parse(argv: Sequence[str]) -> Arguments:
    """Reads the flags. Raises SettingsError for a command line that is none."""
    parser = _Parser(prog="resolute serve", add_help=False, allow_abbrev=False)
    parser.add_argument("--config", type=Path)
    for flag in FLAGS:
        if flag.takes:
            parser.add_argument(flag.name, action="append" if flag.many else "store")
        else:
            parser.add_argument(flag.name, action="store_true")
    parser.add_argument("--json", dest="log_format", action="store_const", const="json")
    given: dict[str, Any] = {key: value for key, value in vars(parser.parse_args(list(argv))).items() if value}
    config = given.pop("config", None)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    return Arguments(config, Overrides(**values))


def unparse(arguments: Arguments) -> list[str]:
    """The command line that `parse` reads back as the same."""
    argv = [] if arguments.config is None else [f"--config={arguments.config}"]
    for flag in FLAGS:
        given = getattr(arguments.overrides, _attribute(flag))
        if flag.takes:
            argv += [f"{flag.name}={value}" for value in (given if flag.many else [given]) if value]
        elif given:
            argv.append(flag.name)
    return argv


class _Parser(argparse.ArgumentParser):
    """Raises instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise SettingsError([f"{message}; see resolute serve --help"])


def _attribute(flag: Flag) -> str:
    return flag.name.removeprefix("--").replace("-", "_")


def _value(flag: Flag, given: object) -> object:
    if flag.name == "--recurse":
        return "recurse"
    if flag.name == "--zone":
        return [_zone(text) for text in _texts(given)]
    return list(_texts(given)) if flag.many else given


def _zone(text: str) -> dict[Literal["name", "file"], str]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise SettingsError([f"--zone: {text!r} is not NAME=FILE, such as hello.=zones/hello.zone"])
    return {"name": name, "file": file}


def _texts(given: object) -> tuple[str, ...]:
    return tuple(str(text) for text in given) if isinstance(given, tuple | list) else (str(given),)


def _where(location: Location) -> str:
    setting = ".".join(str(part) for part in location[:2]) if location[0] != "zone" else "zone"
    names = [flag.name for flag in FLAGS if setting in (flag.setting, flag.setting.partition(".")[0])]
    return names[0] if names else path_text(location)
