"""From the settings of the operator to those of the data plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from resolute import plane
from resolute.config.tree import Settings
from resolute.errors import SettingsError
from resolute.node import descriptors
from resolute.plane import networks
from resolute.plane.settings import Cookies, RateLimit, parse_nsid
from resolute.units import milliseconds

DEFAULT_VIEW: Final = "default"
EVERYBODY: Final = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What the words for clients in the settings mean now: `private` is what the interfaces have."""

    recursion: Sequence[str]
    exempt: Sequence[str]
    proxies: Sequence[str]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Looks at the interfaces where a word asks for it."""
        return cls(
            recursion=networks.expand(settings.allow.recursion),
            exempt=networks.expand(settings.rate_limit.exempt),
            proxies=networks.expand(settings.listen.proxy_from),
        )


def names_networks(settings: Settings) -> bool:
    """Whether a word in the settings means what the interfaces have."""
    return "private" in (*settings.allow.recursion, *settings.rate_limit.exempt, *settings.listen.proxy_from)


def build(
    settings: Settings, routes: Sequence["plane.Route"], prefixes: Prefixes, secrets: Sequence[bytes]
) -> "plane.Settings":
    """The data plane's settings. `secrets`: the server's own of cookies, for when none are set.

    Raises SettingsError for what the data plane refuses.
    """
    cache, limits, identity = settings.cache, settings.limits, settings.identity
    share = descriptors.share(limits)
    nothing = settings.resolver.mode == "off" and not settings.resolver.route
    allowed = () if nothing else prefixes.recursion
    try:
        return plane.Settings(
            views=[plane.View(DEFAULT_VIEW, clients=EVERYBODY, recursion=allowed)],
            routes=routes,
            cache_bytes=cache.size,
            min_ttl_s=cache.min_ttl,
            max_ttl_s=cache.max_ttl,
            max_negative_ttl_s=cache.max_negative_ttl,
            stale_for_s=cache.stale_for,
            stale_ttl_s=cache.stale_ttl,
            stale_after_ms=milliseconds(cache.stale_after),
            deadline_ms=milliseconds(settings.resolver.deadline),
            handoffs=share.handoffs,
            waiting_per_client=limits.waiting_per_client,
            edns_size=limits.edns_size,
            tcp_clients=share.tcp_clients,
            tcp_per_client=limits.tcp_per_client,
            tcp_idle_ms=milliseconds(limits.tcp_idle),
            tcp_first_ms=milliseconds(limits.tcp_first),
            rate_limit=_rate_limit(settings.rate_limit, prefixes.exempt),
            rrset_order=settings.answers.rrset_order,
            minimal=settings.answers.minimal,
            proxies=prefixes.proxies,
            version=identity.version,
            identity=identity.server,
            nsid=None if identity.nsid is None else parse_nsid(identity.nsid),
            cookie_secrets=_secrets(settings.cookies, secrets),
            cookies_required=settings.cookies.require,
        )
    except ValueError as error:
        raise SettingsError([f"settings: {error}"]) from error


def _secrets(cookies: Cookies, own: Sequence[bytes]) -> Sequence[bytes]:
    if not cookies.enabled:
        return ()
    return [bytes.fromhex(secret) for secret in cookies.secrets] or own


def _rate_limit(limit: RateLimit, exempt: Sequence[str]) -> "plane.RateLimit | None":
    if not limit.enabled:
        return None
    return plane.RateLimit(
        rate=limit.rate,
        total=limit.total,
        burst_ms=milliseconds(limit.burst),
        slip=limit.slip,
        ipv4_prefix=limit.ipv4_prefix,
        ipv6_prefix=limit.ipv6_prefix,
        exempt=exempt,
        dry_run=limit.dry_run,
    )


def restart_needed(running: Settings, wanted: Settings) -> list[str]:
    """The settings that are different and take effect at the next start only, a line each."""
    pairs = (
        ("data.directory", running.data.directory, wanted.data.directory),
        ("store.url", running.store.url, wanted.store.url),
        ("limits.workers", running.limits.workers, wanted.limits.workers),
        ("listen.admin", running.listen.admin, wanted.listen.admin),
        ("admin", running.admin, wanted.admin),
    )
    return [f"{name}: changed, takes effect at the next start of the server" for name, old, new in pairs if old != new]
