"""Domains that another program answers all of: the zones that become of them, and what such a zone would hide."""

import tomllib
from pathlib import Path

import pytest

from resolute.cli.imports import bind, pihole
from resolute.records import names
from resolute.zones.flatten import flat
from tests.importing import left, of_adguard, of_dnsmasq, zones


def test_a_route_below_a_zone_is_listed(tmp_path: Path) -> None:
    """A zone goes before routes: nobody would come to it."""
    found = of_dnsmasq(tmp_path, "local=/lan/\nhost-record=nas.lan,192.0.2.2\nserver=/corp.lan/192.0.2.9#5353")
    assert zones(found) == {"lan.": {"nas.lan. 300 A 192.0.2.2"}}
    assert found.settings == ""
    assert "the zone lan. answers" in left(found)["dnsmasq.conf:3"]
    assert "corp.lan. forwarded to 192.0.2.9:5353" in [one.what for one in found.left_out]


def test_a_domain_that_is_forwarded_too_is_no_zone(tmp_path: Path) -> None:
    """dnsmasq asks the server for what it does not know itself; tests/interop has its word."""
    found = of_dnsmasq(
        tmp_path, "local=/lan/\nserver=/lan/192.0.2.1\nhost-record=nas.lan,192.0.2.2\naddress=/apps.lan/192.0.2.3"
    )
    assert zones(found) == {"apps.lan.": {"apps.lan. 300 A 192.0.2.3", "*.apps.lan. 300 A 192.0.2.3"}}
    assert found.local == {"nas.lan": "192.0.2.2"}
    assert tomllib.loads(found.settings)["resolver"]["route"] == [{"zone": "lan.", "forward": ["192.0.2.1"]}]
    assert "it is forwarded" in left(found)["dnsmasq.conf:1"]


def test_a_forwarded_domain_with_an_address_for_every_name(tmp_path: Path) -> None:
    found = of_adguard(
        tmp_path,
        'dns: {upstream_dns: ["[/lan/]192.0.2.1"]}\nuser_rules: ["||lan^$dnsrewrite=192.0.2.8"]\n',
    )
    assert (found.zones, found.local) == ([], {"lan": "192.0.2.8"})
    assert "*.lan A 192.0.2.8" in [one.what for one in found.left_out]


def test_pihole_s_domain_with_conditional_forwarding(tmp_path: Path) -> None:
    (tmp_path / "pihole.toml").write_text(
        '[dns]\nhosts = ["192.168.0.2 nas.lan"]\nrevServers = ["true,192.168.0.0/24,192.168.0.1,lan"]\n'
        'domain = { name = "lan", local = true }\n'
    )
    found = pihole.read(tmp_path)
    assert (found.zones, found.local) == ([], {"nas.lan": "192.168.0.2"})
    assert 'zone = "lan."' in found.settings


def test_a_forward_zone_below_a_primary_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("@ 60 SOA a b 1 2 3 4 5\n@ 60 NS a.y.test.\n")
    (tmp_path / "named.conf").write_text(
        'zone "a.test" { type primary; file "a"; };\n'
        'zone "sub.a.test" { type forward; forwarders { 192.0.2.1; }; };\n'
        'zone "b.test" { type forward; forwarders { 192.0.2.1; }; };\n'
    )
    found = bind.read(tmp_path)
    assert tomllib.loads(found.settings)["resolver"]["route"] == [{"zone": "b.test.", "forward": ["192.0.2.1"]}]
    assert set(left(found)) == {"named.conf:2"}


class TestOneOddEntry:
    """It is left out, and the rest goes on (each zone is one that holds)."""

    def test_an_alias_at_the_apex(self, tmp_path: Path) -> None:
        found = of_adguard(
            tmp_path,
            "filtering:\n  rewrites:\n"
            "    - {domain: nas.lan, answer: host.example.org}\n"
            '    - {domain: "*.nas.lan", answer: 192.0.2.7}\n',
        )
        assert zones(found) == {"nas.lan.": {"*.nas.lan. 300 A 192.0.2.7"}}
        assert "CNAME" in left(found)["AdGuardHome.yaml:3"]

    def test_a_name_with_an_address_and_an_alias(self, tmp_path: Path) -> None:
        """The alias is what dnsmasq answers; tests/interop has its word."""
        found = of_dnsmasq(tmp_path, "local=/lan/\nhost-record=q.lan,192.0.2.2\ncname=q.lan,nas.example.org")
        assert zones(found) == {"lan.": {"q.lan. 300 CNAME nas.example.org."}}
        assert "alias" in left(found)["dnsmasq.conf:2"]

    def test_an_alias_beside_other_data(self, tmp_path: Path) -> None:
        """RFC 1034 3.6.2"""
        found = of_dnsmasq(tmp_path, "local=/lan/\ntxt-record=q.lan,hello\ncname=q.lan,a.lan\ncname=q.lan,b.lan")
        assert zones(found) == {"lan.": {'q.lan. 300 TXT "hello"'}}
        assert {"dnsmasq.conf:3", "dnsmasq.conf:4"} <= set(left(found))

    @pytest.mark.parametrize(
        "line",
        [
            "address=/foo/notanip",
            "address=/foo/fe80::1%eth0",
            "dns-rr=x.lan,1,00",
            "dns-rr=lan,6,00",
            "dns-rr=x.lan,41,00",
            "caa-record=x.lan,999,issue,ca.test",
            'caa-record=x.lan,0,"iss(ue",ca.test',
            "srv-host=_a._tcp.lan,a..b,1,2,3",
            "srv-host=_a._tcp.lan,nas.lan,99999",
            "cname=x.lan,nas..lan",
            "cname=x.lan,y.lan,99999999999",
        ],
    )
    def test_what_does_not_parse(self, tmp_path: Path, line: str) -> None:
        found = of_dnsmasq(tmp_path, f"local=/lan/\n{line}\nhost-record=nas.lan,192.0.2.2\n")
        assert "dnsmasq.conf:2" in left(found)
        assert zones(found)["lan."] == {"nas.lan. 300 A 192.0.2.2"}
        for zone in found.zones:
            flat(zone.text, zone.origin, file=names.to_text(zone.origin))

    def test_too_many_of_them(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then there is no such zone, and each record is listed."""
        monkeypatch.setattr("resolute.cli.imports.ownzones._TRIES", 1)
        bad = "".join(f"dns-rr=h{number}.lan,1,00\n" for number in range(300))
        found = of_dnsmasq(tmp_path, f"local=/lan/\n{bad}local=/b.test/\nhost-record=a.b.test,192.0.2.1")
        assert set(zones(found)) == {"b.test."}
        assert {f"dnsmasq.conf:{line}" for line in range(2, 302)} <= set(left(found))

    def test_a_value_of_two_lines(self, tmp_path: Path) -> None:
        found = of_adguard(
            tmp_path,
            'user_rules: ["||lan^$dnsrewrite=192.0.2.1"]\nfiltering:\n  rewrites:\n'
            '    - {domain: a.lan, answer: "x.\\n@ 60 IN A 192.0.2.66"}\n',
        )
        assert b"192.0.2.66" not in b"".join(line for line in found.zones[0].text.splitlines() if b" A " in line)


class TestAddressesOfAllNamesBelow:
    """RFC 4592 2.2.2: a name that exists, if only by a name below it, is no longer the wildcard's, nor is what is
    below it. dnsmasq knows no such names; tests/interop has its word."""

    def test_beside_a_name_far_below(self, tmp_path: Path) -> None:
        found = of_dnsmasq(tmp_path, "address=/a.lan/192.0.2.8\nhost-record=x.y.a.lan,192.0.2.1")
        assert zones(found)["a.lan."] == {
            "a.lan. 300 A 192.0.2.8",
            "*.a.lan. 300 A 192.0.2.8",
            "y.a.lan. 300 A 192.0.2.8",
            "*.y.a.lan. 300 A 192.0.2.8",
            "x.y.a.lan. 300 A 192.0.2.1",
            "*.x.y.a.lan. 300 A 192.0.2.8",
        }

    def test_beside_other_types_and_aliases(self, tmp_path: Path) -> None:
        found = of_dnsmasq(
            tmp_path,
            "address=/a.lan/192.0.2.8\naddress=/a.lan/2001:db8::8\ntxt-record=t.a.lan,x\ncname=c.a.lan,nas.example.org\n"
            "local=/own.a.lan/\nhost-record=q.r.own.a.lan,192.0.2.1",
        )
        assert zones(found)["a.lan."] - zones(of_dnsmasq(tmp_path, "address=/a.lan/192.0.2.8"))["a.lan."] == {
            "a.lan. 300 AAAA 2001:db8::8",
            "*.a.lan. 300 AAAA 2001:db8::8",
            't.a.lan. 300 TXT "x"',
            *(f"{name}t.a.lan. 300 {data}" for name in ("", "*.") for data in ("A 192.0.2.8", "AAAA 2001:db8::8")),
            "c.a.lan. 300 CNAME nas.example.org.",
            "*.c.a.lan. 300 A 192.0.2.8",
            "*.c.a.lan. 300 AAAA 2001:db8::8",
        }
        assert zones(found)["own.a.lan."] == {"q.r.own.a.lan. 300 A 192.0.2.1"}
