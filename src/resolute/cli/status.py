"""`resolute status`: what the running server serves, and what is wrong."""

from typing import Any

from rich.table import Table
from rich.text import Text

from resolute.cli.options import Config, Data, Json, client
from resolute.cli.terminal import STYLES, print_json, print_line, print_table

JSON = dict[str, Any]

_UPSTREAM = ("over", "state", "ms", "connections", "zones", "last failure")
_TRANSPORTS = {"udp": "UDP", "tcp": "TCP", "tls": "TLS", "https": "HTTP/2", "h3": "HTTP/3", "quic": "QUIC"}
_STATES = {"serving": "ok", "alive": "ok", "not served": "error", "dead": "error"}
"""The styles of states; all others are warnings."""


def status(config: Config = None, data: Data = None, json: Json = False) -> None:
    """Show what the running server serves, its counters, and what is wrong.

    Exits with 1 when no server runs.
    """
    control = client(config, data)
    result = control.status() | {"statistics": control.statistics()}
    if json:
        print_json(result)
        return
    _print_head(result)
    _print_rows("zone", result["zones"], ("state", "serial", "records", "names", "file"))
    _print_rows("hosts file", [{"name": one["file"], **one} for one in result["hosts"]], ("names",))
    _print_rows("upstream", [_upstream(one) for one in result["upstreams"]], _UPSTREAM)
    _print_counters(result["statistics"])
    _print_problems(result)


def _print_head(result: JSON) -> None:
    listen = result["listen"]
    up = _duration(result["uptime_s"])
    print_line(("resolute ", "bold"), f"{result['version']}, process {result['pid']}, up {up}")
    print_line(("dns      ", "dim"), " ".join(listen["dns"]))
    if listen["proxied"]:
        print_line(("proxied  ", "dim"), " ".join(listen["proxied"]))
    print_line(("admin    ", "dim"), listen["admin"] if listen["admin"] == "off" else f"http://{listen['admin']}")
    print_line(("settings ", "dim"), result["configuration"] or "flags and environment alone")
    store = result["store"]
    print_line(("store    ", "dim"), f"{store['url']}, revision {store['revision']}, {result['local_records']} records")


def _print_rows(title: str, rows: list[JSON], columns: tuple[str, ...]) -> None:
    """A table with a row for each thing that has a name."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in (title, *columns):
        table.add_column(column, justify="right" if isinstance(rows[0].get(column), int | float) else "left")
    for row in rows:
        table.add_row(Text(row["name"]), *(_cell(column, row[column]) for column in columns))
    print_line("")
    print_table(table)


def _print_counters(statistics: JSON) -> None:
    """Every counter that is not zero."""
    counters = dict(statistics["plane"])
    counters |= {name: statistics[name] for name in ("tcp_connections", "waiting")}
    for part in ("log", "cache", "dispatch", "resolver"):
        counters |= {f"{part}_{name}": value for name, value in statistics[part].items()}
    rows = [{"name": name.replace("_", " "), "count": value} for name, value in counters.items() if value]
    _print_rows("counter", rows, ("count",))


def _print_problems(result: JSON) -> None:
    if result["problems"] or result["restart_needed"]:
        print_line("")
    for problem in result["problems"]:
        print_line(("problem: ", "error"), problem)
    for setting in result["restart_needed"]:
        print_line(("warning: ", "warning"), setting)


def _upstream(one: JSON) -> JSON:
    failure = one["last_failure"] if one["state"] != "alive" else ""
    return {
        "name": one["address"],
        "over": _TRANSPORTS.get(one["transport"], one["transport"]),
        "state": one["state"],
        "ms": one["rtt_ms"],
        "connections": f"{one['connections']} of {one['opened']}" if "opened" in one else "",
        "zones": " ".join(one["zones"]),
        "last failure": failure,
    }


def _cell(column: str, value: object) -> Text:
    style = STYLES[_STATES.get(str(value), "warning")] if column == "state" else ""
    return Text("" if value is None else str(value), style)


def _duration(seconds: float) -> str:
    """The two greatest units that are not zero: `3 d 4 h`."""
    left, shown = int(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        shown += [f"{count} {unit}"] if count else []
    return " ".join(shown[:2]) or "0 s"
