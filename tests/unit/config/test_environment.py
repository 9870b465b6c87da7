"""Every setting has its environment variable."""

from pathlib import Path

import certifi
import pytest

from resolute.config import environment
from resolute.config.arguments import Overrides
from resolute.config.load import load
from resolute.config.manual import entries
from resolute.errors import SettingsError

VALUES = {
    "RESOLUTE_LISTEN_DNS": "192.0.2.1:53,[2001:db8::1]:53",
    "RESOLUTE_LISTEN_PROXIED": "127.0.0.1:5353",
    "RESOLUTE_LISTEN_PROXY_FROM": "192.0.2.1/32",
    "RESOLUTE_LISTEN_ADMIN": "off",
    "RESOLUTE_ADMIN_HOSTS": "dns.example.net",
    "RESOLUTE_ADMIN_PROXIES": "loopback,192.0.2.0/24",
    "RESOLUTE_ADMIN_SESSION": "1h",
    "RESOLUTE_ADMIN_PRIVATE_WEBHOOKS": "true",
    "RESOLUTE_ADMIN_OPEN_RECORDS": "false",
    "RESOLUTE_ADMIN_DYNDNS_TTL": "2m",
    "RESOLUTE_ADMIN_ACME_DNS_ZONE": "acme.example.net.",
    "RESOLUTE_DATA_DIRECTORY": "/d",
    "RESOLUTE_STORE_URL": "sqlite:////d/x.db",
    "RESOLUTE_STORE_NODE": "one",
    "RESOLUTE_RESOLVER_MODE": "off",
    "RESOLUTE_RESOLVER_FORWARD": "192.0.2.1",
    "RESOLUTE_RESOLVER_STRATEGY": "strict",
    "RESOLUTE_RESOLVER_FALLBACK": "servfail,nxdomain",
    "RESOLUTE_RESOLVER_BOOTSTRAP": "192.0.2.3",
    "RESOLUTE_RESOLVER_CA_FILE": certifi.where(),
    "RESOLUTE_RESOLVER_ROUTE": "corp.example.=192.0.2.53:5353+192.0.2.54,x=2001:db8::1",
    "RESOLUTE_RESOLVER_ROOT_HINTS": "/hints",
    "RESOLUTE_RESOLVER_TRUST_ANCHORS": "off",
    "RESOLUTE_RESOLVER_DEADLINE": "3s",
    "RESOLUTE_CACHE_SIZE": "1MiB",
    "RESOLUTE_CACHE_MIN_TTL": "1",
    "RESOLUTE_CACHE_MAX_TTL": "2d",
    "RESOLUTE_CACHE_MAX_NEGATIVE_TTL": "2",
    "RESOLUTE_CACHE_STALE_FOR": "0",
    "RESOLUTE_CACHE_STALE_TTL": "5",
    "RESOLUTE_CACHE_STALE_AFTER": "900ms",
    "RESOLUTE_ZONE": "hello.=/z/hello.zone,b=/z/b",
    "RESOLUTE_ZONES_FOLDERS": "/zones,/more",
    "RESOLUTE_HOSTS_FILES": "/etc/hosts,/x",
    "RESOLUTE_HOSTS_RECORDS": "/r.yml",
    "RESOLUTE_HOSTS_TTL": "7",
    "RESOLUTE_ALLOW_RECURSION": "loopback,10.0.0.0/8",
    "RESOLUTE_LIMITS_TCP_CLIENTS": "2",
    "RESOLUTE_LIMITS_TCP_PER_CLIENT": "3",
    "RESOLUTE_LIMITS_TCP_IDLE": "4",
    "RESOLUTE_LIMITS_TCP_FIRST": "5s",
    "RESOLUTE_LIMITS_EDNS_SIZE": "1400",
    "RESOLUTE_LIMITS_HANDOFFS": "6",
    "RESOLUTE_LIMITS_WAITING_PER_CLIENT": "8",
    "RESOLUTE_LIMITS_WORKERS": "7",
    "RESOLUTE_RATE_LIMIT_ENABLED": "false",
    "RESOLUTE_RATE_LIMIT_RATE": "9",
    "RESOLUTE_RATE_LIMIT_TOTAL": "10",
    "RESOLUTE_RATE_LIMIT_BURST": "11s",
    "RESOLUTE_RATE_LIMIT_SLIP": "1",
    "RESOLUTE_RATE_LIMIT_IPV4_PREFIX": "32",
    "RESOLUTE_RATE_LIMIT_IPV6_PREFIX": "64",
    "RESOLUTE_RATE_LIMIT_EXEMPT": "none",
    "RESOLUTE_RATE_LIMIT_DRY_RUN": "true",
    "RESOLUTE_ANSWERS_RRSET_ORDER": "cyclic",
    "RESOLUTE_ANSWERS_MINIMAL": "false",
    "RESOLUTE_IDENTITY_VERSION": "v",
    "RESOLUTE_IDENTITY_SERVER": "s",
    "RESOLUTE_IDENTITY_NSID": "ns7",
    "RESOLUTE_COOKIES_ENABLED": "false",
    "RESOLUTE_COOKIES_SECRETS": "000102030405060708090a0b0c0d0e0f,e5e973e5a6b2a43f48e7dc849e37bfcf",
    "RESOLUTE_COOKIES_REQUIRE": "true",
    "RESOLUTE_LOG_LEVEL": "debug",
    "RESOLUTE_LOG_FORMAT": "json",
    "RESOLUTE_LOG_QUERIES": "true",
}


def test_there_is_one_for_every_setting() -> None:
    assert {entry.variable.partition("=")[0] for entry in entries() if entry.variable} == set(VALUES)


def test_each_changes_its_setting() -> None:
    default = load(None, Overrides(), {}).model_dump()
    for variable, value in VALUES.items():
        assert load(None, Overrides(), {variable: value}).model_dump() != default, variable


def test_all_together() -> None:
    settings = load(None, Overrides(), VALUES)
    assert settings.resolver.mode == "off"
    assert settings.resolver.route[0].forward == ("192.0.2.53:5353", "192.0.2.54:53")
    assert [(zone.name, zone.file) for zone in settings.zone] == [
        ("hello.", Path("/z/hello.zone")),
        ("b.", Path("/z/b")),
    ]
    assert settings.log.queries is True
    assert settings.hosts.files == (Path("/etc/hosts"), Path("/x"))


def test_empty_counts_as_not_set() -> None:
    assert load(None, Overrides(), dict.fromkeys(VALUES, "")) == load(None, Overrides(), {})


def test_a_pair_is_a_pair() -> None:
    with pytest.raises(SettingsError, match="RESOLUTE_ZONE: 'hello' is not NAME=FILE"):
        load(None, Overrides(), {"RESOLUTE_ZONE": "hello"})


def test_variables_of_others_are_left_alone() -> None:
    """An orchestrator sets RESOLUTE_SERVICE_HOST and the like for a service of that name."""
    environ = {"RESOLUTE_SERVICE_HOST": "192.0.2.1", "RESOLUTE_CONFIG": "", "RESOLUTE_LISTEN_DNS": "127.0.0.1:1"}
    assert load(None, Overrides(), environ).listen.dns == ("127.0.0.1:1",)
    assert environment.unknown(environ) == ["RESOLUTE_SERVICE_HOST"]
