"""What the node says of itself on `GET /status`, `GET /statistics` and `GET /settings`: plain values for JSON."""

import os
import time
from collections.abc import Sequence
from typing import Any, Final

from resolute import __version__, plane
from resolute.config.log import lost_lines
from resolute.config.tree import Settings
from resolute.node.node import Node
from resolute.records import names
from resolute.zones.files import ZoneState
from resolute.zones.stored import StoredZone

HIDDEN: Final = "(hidden)"


def status(node: Node) -> dict[str, Any]:
    """What is served, from what, in which state, and everything that is wrong."""
    closed = {zone.name.lower() for zone in node.settings.zone if not zone.writable}
    return {
        "pid": os.getpid(),
        "version": __version__,
        "uptime_s": round(time.time() - node.started_at, 1),
        "configuration": str(node.settings.path) if node.settings.path else None,
        "listen": {"dns": node.addresses, "proxied": node.proxied_addresses, "admin": node.admin_address},
        "admin": {"pid": node.admin.pid, "restarts": node.admin.restarts} if node.admin else None,
        "zones": [
            *(_zone(state, writable=state.name.lower() not in closed) for state in node.zones.states),
            *map(_stored, node.stored.zones),
        ],
        "hosts": [
            {"file": str(state.path), "names": len(state.entries), "problems": list(state.problems)}
            for state in node.overlays.hosts
        ],
        "local_records": node.overlays.local_names,
        "upstreams": node.resolver.upstreams(),
        "store": {
            "url": node.store.url,
            "node": node.store.name,
            "revision": node.store.revision,
            "problem": node.store.problem or None,
        },
        "restart_needed": list(node.restart_needed),
        "problems": list(node.problems()),
    }


def statistics(node: Node) -> dict[str, Any]:
    """Counters since the start, and what is held and in flight now."""
    found = node.plane.statistics()
    return {
        "plane": dict(found.counters),
        "log": {"lines_lost": lost_lines()},
        "cache": {"entries": found.cache_entries, "bytes": found.cache_bytes},
        "waiting": found.waiting,
        "tcp_connections": found.tcp_connections,
        "dispatch": node.dispatcher.statistics(),
        "resolver": node.resolver.statistics(),
        "upstreams": [
            {
                "address": one.address,
                "sent": one.sent,
                "replies": one.replies,
                "failures": one.failures,
                "rtt_us": one.rtt_us,
            }
            for one in node.plane.upstream_statistics()
        ],
    }


def settings(node: Node) -> dict[str, Any]:
    """The settings in force, without their secrets, and where each came from."""
    return shown(node.settings, node.restart_needed, node.store.url)


def shown(settings: Settings, restart_needed: Sequence[str], store_url: str) -> dict[str, Any]:
    """Settings for people: `sources` has those that are not as shipped; `store_url` without its password."""
    tree = settings.model_dump(mode="json")
    tree["store"]["url"] = store_url
    tree["cookies"]["secrets"] = [HIDDEN] * len(tree["cookies"]["secrets"])
    return {
        "file": str(settings.path) if settings.path else None,
        "settings": tree,
        "sources": dict(settings.sources),
        "restart_needed": list(restart_needed),
    }


def _zone(state: ZoneState, *, writable: bool) -> dict[str, Any]:
    """`state`: `serving`, `serving the old zone` (its file does not hold now), `not served`."""
    image = state.image
    words = _state(image, state.problems)
    return {
        "name": state.name,
        "source": "file",
        "writable": writable,
        "file": state.source.path,
        "state": words,
        "serial": image.serial if image else None,
        "records": image.records if image else 0,
        "names": image.names if image else 0,
        "bytes": image.size_bytes if image else 0,
        "loaded_at": state.read_at or None,
        "problems": list(state.problems),
        "warnings": list(state.warnings),
    }


def _stored(zone: StoredZone) -> dict[str, Any]:
    image = zone.image
    return {
        "name": names.to_text(zone.origin),
        "source": "store",
        "file": None,
        "state": _state(image, zone.problems),
        "serial": image.serial if image else None,
        "records": image.records if image else 0,
        "names": image.names if image else 0,
        "bytes": image.size_bytes if image else 0,
        "loaded_at": None,
        "problems": list(zone.problems),
        "warnings": [],
    }


def _state(image: "plane.ZoneImage | None", problems: Sequence[str]) -> str:
    return "not served" if image is None else "serving the old zone" if problems else "serving"
