"""What the readers make of other programs' files. What each line means stands in those programs' documentation."""

import io
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolute.cli.imports import adguard, bind, dnsmasq, pihole, technitium
from resolute.cli.imports.found import Imported
from resolute.errors import ResoluteError, RuleError, ZoneDataError
from resolute.records import names
from resolute.resolver.settings import Resolver

ZONE = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"


def zones(found: Imported) -> dict[str, set[str]]:
    """The records of each zone, without SOA and NS."""
    return {
        names.to_text(zone.origin): {
            line for line in zone.text.decode().splitlines() if line.split()[2] not in ("SOA", "NS")
        }
        for zone in found.zones
    }


def left(found: Imported) -> dict[str, str]:
    """What is left out, by its place's last part."""
    return {one.where.rsplit("/", 1)[-1]: one.why for one in found.left_out}


class TestDnsmasq:
    """dnsmasq(8)."""

    def read(self, folder: Path, text: str) -> Imported:
        file = folder / "dnsmasq.conf"
        file.write_text(text)
        return dnsmasq.read(file)

    def test_names_with_addresses(self, tmp_path: Path) -> None:
        (tmp_path / "more").write_text("192.0.2.9 printer printer.lan # the printer\nrubbish x\n")
        found = self.read(
            tmp_path,
            "# host-record=no.lan,192.0.2.1\nhost-record=nas.lan,nas,192.0.2.7,2001:db8::7,300 # the disk\n"
            f"addn-hosts={tmp_path}/more\n",
        )
        assert found.local == {
            "nas.lan": "192.0.2.7",
            "nas": "192.0.2.7",
            "printer": "192.0.2.9",
            "printer.lan": "192.0.2.9",
        }
        assert [one.what for one in found.left_out][:3] == ["rubbish x", "nas.lan 2001:db8::7", "nas 2001:db8::7"]
        assert "[hosts] files" in found.left_out[1].why
        assert not found.zones

    def test_a_domain_of_its_own_is_a_zone(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "local=/lan/\nhost-record=nas.lan,192.0.2.7,2001:db8::7\ncname=www.lan,nas.lan,60\n"
            'txt-record=lan,"v=spf1 -all",a"b;c\nsrv-host=_ldap._tcp.lan,nas.lan,389,1,2\nmx-host=lan,mail.lan,50\n'
            "caa-record=lan,0,issue,ca.test\ndns-rr=x.lan,65400,0a:0b\naddress=/apps.lan/192.0.2.8\n",
        )
        assert zones(found) == {
            "lan.": {
                "nas.lan. 300 A 192.0.2.7",
                "nas.lan. 300 AAAA 2001:db8::7",
                "www.lan. 60 CNAME nas.lan.",
                'lan. 300 TXT "v=spf1 -all" "ab;c"',
                "_ldap._tcp.lan. 300 SRV 1 2 389 nas.lan.",
                "lan. 300 MX 50 mail.lan.",
                'lan. 300 CAA 0 issue "ca.test"',
                "x.lan. 300 TYPE65400 \\# 2 0a0b",
            },
            "apps.lan.": {"apps.lan. 300 A 192.0.2.8", "*.apps.lan. 300 A 192.0.2.8"},
        }
        assert found.local == {}

    def test_what_a_public_domain_must_not_lose(self, tmp_path: Path) -> None:
        """A zone for one name would hide all else; an alias of a known name has its address."""
        found = self.read(
            tmp_path,
            "host-record=nas.example.org,192.0.2.7\ncname=a.example.org,b.example.org\ncname=b.example.org,nas.example.org\n"
            "cname=c.example.org,other.example.net\ntxt-record=nas.example.org,hello\n",
        )
        assert found.local == dict.fromkeys(("nas.example.org", "a.example.org", "b.example.org"), "192.0.2.7")
        assert not found.zones
        whys = left(found)
        assert "does not follow it" in whys["dnsmasq.conf:2"]
        assert "hide the rest" in whys["dnsmasq.conf:4"]
        assert "hide the rest" in whys["dnsmasq.conf:5"]

    def test_upstreams_and_routes(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "no-resolv\nserver=192.0.2.53\nserver=2001:db8::53#5353\nserver=/corp.test/x.test/192.0.2.54#53\n"
            "rev-server=10.1.0.0/16,192.0.2.55\nserver=/google.com/#\nserver=dns.test\n",
        )
        assert tomllib.loads(found.settings) == {
            "resolver": {
                "mode": "forward",
                "forward": ["192.0.2.53", "[2001:db8::53]:5353"],
                "route": [
                    {"zone": "1.10.in-addr.arpa.", "forward": ["192.0.2.55"]},
                    {"zone": "corp.test.", "forward": ["192.0.2.54:53"]},
                    {"zone": "x.test.", "forward": ["192.0.2.54:53"]},
                ],
            }
        }
        assert set(left(found)) == {"dnsmasq.conf:6", "dnsmasq.conf:7"}

    def test_nothing_is_dropped_in_silence(self, tmp_path: Path) -> None:
        lines = [
            "dhcp-range=192.0.2.50,192.0.2.150",
            "address=/ads.test/0.0.0.0",
            "address=/#/192.0.2.1",
            "address=nonsense",
            "interface=eth0",
            "cname=alone",
            "srv-host=_a._tcp.test,x,port",
            "addn-hosts=/nonexistent/hosts",
            "host-record=" + "a" * 64 + ".test,192.0.2.1",
            "conf-file=/nonexistent",
            "server=//192.0.2.1",
            "server=/a..b/192.0.2.1",
            "host-record=lonely.test",
        ]
        found = self.read(tmp_path, "\n".join(lines))
        assert set(left(found)) == {f"dnsmasq.conf:{number}" for number in range(1, len(lines) + 1)}
        assert (found.local, found.zones, found.settings) == ({}, [], "")

    def test_folders_of_files(self, tmp_path: Path) -> None:
        folder = tmp_path / "d"
        folder.mkdir()
        for name, number in (("a.conf", 1), ("b.bak", 2), (".c.conf", 3), ("d.conf~", 4)):
            (folder / name).write_text(f"host-record=h{number}.lan,192.0.2.{number}\n")
        assert set(self.read(tmp_path, f"conf-dir={folder},*.conf\n").local) == {"h1.lan"}
        assert set(self.read(tmp_path, f"conf-dir={folder},.bak\n").local) == {"h1.lan"}
        assert set(dnsmasq.read(folder).local) == {"h1.lan", "h2.lan"}
        again = self.read(tmp_path, f"conf-file={tmp_path}/dnsmasq.conf\nhost-record=a.lan,192.0.2.1\n")
        assert again.local == {"a.lan": "192.0.2.1"}
        assert any("without end" in one.why for one in again.left_out)


class TestBind:
    """The BIND 9 Administrator Reference Manual, Configuration Reference."""

    def test_zones_and_forwarders(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "a.zone").write_text(ZONE + "$INCLUDE web\n")
        (tmp_path / "data" / "web").write_text("www A 192.0.2.7\n")
        (tmp_path / "data" / "a.zone.jnl").write_bytes(b"")
        (tmp_path / "local.conf").write_text('zone "a.test" IN { type master; file "a.zone"; };\n')
        (tmp_path / "named.conf").write_text(
            '/* zone "no" { */ options { directory "data"; // here\n'
            " forwarders port 53 { 192.0.2.53; 2001:db8::1 port 5353; };"
            ' recursion yes; };\ninclude "local.conf";\n# zone "x" {\n'
            'zone "corp.test" { type forward; forwarders { 192.0.2.54; }; };\n'
            'zone "b.test" { type secondary; primaries { 192.0.2.55; }; };\nzone "." { type hint; file "root"; };\n'
            'key "k" { algorithm hmac-sha256; secret "s;{}"; };\n'
        )
        found = bind.read(tmp_path / "named.conf")
        assert zones(found) == {"a.test.": {"ns1.a.test. 60 A 192.0.2.1", "www.a.test. 60 A 192.0.2.7"}}
        assert tomllib.loads(found.settings)["resolver"] == {
            "mode": "forward",
            "forward": ["192.0.2.53:53", "[2001:db8::1]:5353"],
            "route": [{"zone": "corp.test.", "forward": ["192.0.2.54"]}],
        }
        whys = left(found)
        assert "rndc sync" in whys["local.conf:1"]
        assert "dig AXFR b.test" in whys["named.conf:6"]
        assert set(whys) == {"local.conf:1", "named.conf:2", "named.conf:6", "named.conf:8"}

    def test_every_problem_of_every_zone_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.zone").write_text(ZONE + "x A 1\n")
        (tmp_path / "named.conf").write_text(
            'zone "a.test" { type primary; file "a.zone"; };\nzone "b.test" { type primary; file "gone"; };\n'
        )
        with pytest.raises(ZoneDataError) as caught:
            bind.read(tmp_path)
        assert caught.value.problems[0].startswith(f"{tmp_path}/a.zone:5:5: ")
        assert caught.value.problems[1].endswith(f"{tmp_path}/gone: No such file or directory")

    @pytest.mark.parametrize(
        ("text", "place"),
        [
            ("options {\n directory x;\n", "named.conf:1"),
            ("a b", "named.conf:1"),
            ("};", "named.conf:1"),
            ("\nview v { };", "named.conf:2"),
            ("{" * 100, "named.conf"),
        ],
    )
    def test_what_is_no_configuration(self, tmp_path: Path, text: str, place: str) -> None:
        (tmp_path / "named.conf").write_text(text)
        with pytest.raises(RuleError, match=place):
            bind.read(tmp_path)


PIHOLE_TOML = """\
[dns]
upstreams = ["192.0.2.53", "2001:db8::53#5353", "docker-resolver"]
hosts = ["192.0.2.7 nas.lan nas", "2001:db8::8 v6.lan"]
cnameRecords = ["www.lan,nas.lan", "old.lan,older.lan,nas.lan,300"]
revServers = ["true,192.168.1.0/24,192.168.1.1#53,home.test", "false,10.0.0.0/8,10.0.0.1,x"]
[dns.blocking]
active = true
"""


class TestPihole:
    """docs.pi-hole.net: FTL's configuration file; Teleporter's archives."""

    SIX = dict.fromkeys(("nas.lan", "nas", "www.lan", "old.lan", "older.lan"), "192.0.2.7") | {"v6.lan": "2001:db8::8"}

    def test_version_6(self, tmp_path: Path) -> None:
        (tmp_path / "pihole.toml").write_text(PIHOLE_TOML)
        (tmp_path / "gravity.db").write_bytes(b"SQLite")
        found = pihole.read(tmp_path)
        assert found.local == self.SIX
        assert tomllib.loads(found.settings)["resolver"] == {
            "mode": "forward",
            "forward": ["192.0.2.53", "[2001:db8::53]:5353"],
            "route": [
                {"zone": "1.168.192.in-addr.arpa.", "forward": ["192.168.1.1:53"]},
                {"zone": "home.test.", "forward": ["192.168.1.1:53"]},
            ],
        }
        whats = [one.what for one in found.left_out]
        assert "docker-resolver" in whats
        assert "false,10.0.0.0/8,10.0.0.1,x" in whats
        assert any("blocking is not in this version" in one.why for one in found.left_out)

    def test_version_5(self, tmp_path: Path) -> None:
        folder = tmp_path / "pihole"
        folder.mkdir()
        (tmp_path / "dnsmasq.d").mkdir()
        (folder / "custom.list").write_text("192.0.2.7 nas.lan\n")
        (folder / "setupVars.conf").write_text("PIHOLE_DNS_1=192.0.2.53\nPIHOLE_DNS_2=192.0.2.54#53\nWEBPASSWORD=x\n")
        (tmp_path / "dnsmasq.d" / "05-pihole-custom-cname.conf").write_text("cname=www.lan,nas.lan\n")
        found = pihole.read(folder)
        assert found.local == {"nas.lan": "192.0.2.7", "www.lan": "192.0.2.7"}
        assert tomllib.loads(found.settings)["resolver"]["forward"] == ["192.0.2.53", "192.0.2.54:53"]

    def test_teleporter_archives(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
            archive.writestr("etc/pihole/pihole.toml", PIHOLE_TOML)
            archive.writestr("../../outside", "x")
        assert pihole.read(tmp_path / "t.zip").local == self.SIX
        with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
            link = tarfile.TarInfo("setupVars.conf")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
            content = b"192.0.2.7 nas.lan\n"
            entry = tarfile.TarInfo("custom.list")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        found = pihole.read(tmp_path / "t.tar.gz")
        assert (found.local, found.settings) == ({"nas.lan": "192.0.2.7"}, "")
        assert {path.name for path in tmp_path.iterdir()} == {"t.zip", "t.tar.gz"}

    def test_an_archive_that_unpacks_to_too_much(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("resolute.cli.imports.text.LARGEST", 2**20)
        with zipfile.ZipFile(tmp_path / "t.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("custom.list", b"\n" * 2**22)
        with pytest.raises(RuleError, match="larger than 1 MiB"):
            pihole.read(tmp_path / "t.zip")

    def test_what_is_none(self, tmp_path: Path) -> None:
        with pytest.raises(RuleError, match="is it Pi-hole's folder"):
            pihole.read(tmp_path)
        (tmp_path / "x").write_bytes(b"rubbish")
        with pytest.raises(RuleError, match="no archive of Teleporter"):
            pihole.read(tmp_path / "x")


ADGUARD = """\
dns:
  upstream_dns:
    - "# a comment"
    - 192.0.2.53
    - udp://192.0.2.54:5353
    - "[/corp.test/x.test/]192.0.2.55:53"
    - https://dns.test/dns-query
    - "[2001:db8::1]:53"
filters:
  - enabled: true
    url: https://lists.test/ads.txt
user_rules:
  - "! a comment"
  - "||apps.test^$dnsrewrite=192.0.2.8"
  - "|one.test^$dnsrewrite=NOERROR;A;192.0.2.9"
  - "||ads.test^"
  - "192.0.2.10 host.test"
  - "||mail.test^$dnsrewrite=NOERROR;MX;10 x.test"
filtering:
  rewrites:
    - {domain: nas.lan, answer: 192.0.2.7}
    - {domain: www.lan, answer: nas.lan}
    - {domain: "*.home.test", answer: 192.0.2.11}
    - {domain: home.test, answer: 192.0.2.11}
    - {domain: "*.public.test", answer: 192.0.2.12}
    - {domain: off.test, answer: 192.0.2.13, enabled: false}
"""


class TestAdGuard:
    """AdGuard Home's wiki: Configuration; AdGuard's filtering syntax: $dnsrewrite."""

    def test_rewrites_rules_and_upstreams(self, tmp_path: Path) -> None:
        (tmp_path / "AdGuardHome.yaml").write_text(ADGUARD)
        found = adguard.read(tmp_path)
        assert found.local == {
            "nas.lan": "192.0.2.7",
            "www.lan": "192.0.2.7",
            "one.test": "192.0.2.9",
            "host.test": "192.0.2.10",
        }
        assert zones(found) == {
            "apps.test.": {"apps.test. 300 A 192.0.2.8", "*.apps.test. 300 A 192.0.2.8"},
            "home.test.": {"home.test. 300 A 192.0.2.11", "*.home.test. 300 A 192.0.2.11"},
        }
        assert tomllib.loads(found.settings)["resolver"] == {
            "mode": "forward",
            "forward": ["192.0.2.53", "192.0.2.54:5353", "[2001:db8::1]:53"],
            "route": [
                {"zone": "corp.test.", "forward": ["192.0.2.55:53"]},
                {"zone": "x.test.", "forward": ["192.0.2.55:53"]},
            ],
        }
        places = {one.where.rsplit(":", 1)[-1] for one in found.left_out}
        assert {"7", "10", "16", "18", "25"} <= places

    def test_upstreams_by_url(self, tmp_path: Path) -> None:
        """What is written is what the settings take; a host name needs somebody who knows its address."""
        upstreams = "tls://dns.test, h3://dns.test/q, quic://192.0.2.1, sdns://AQ, https://192.0.2.2/dns-query"
        text = f"dns:\n  upstream_dns: [{upstreams}]\n"
        (tmp_path / "AdGuardHome.yaml").write_text(text)
        found = adguard.read(tmp_path)
        addressed = ["quic://192.0.2.1", "https://192.0.2.2/dns-query"]
        assert tomllib.loads(found.settings)["resolver"] == {"mode": "forward", "forward": addressed}
        assert [one.what for one in found.left_out] == ["tls://dns.test", "h3://dns.test/q", "sdns://AQ"]
        (tmp_path / "AdGuardHome.yaml").write_text(f"{text}  bootstrap_dns: [192.0.2.9, 'tls://192.0.2.9']\n")
        found = adguard.read(tmp_path)
        settings = tomllib.loads(found.settings)["resolver"]
        assert settings["forward"] == ["tls://dns.test", "h3://dns.test/q", *addressed]
        assert settings["bootstrap"] == ["192.0.2.9:53"]
        assert Resolver.model_validate(settings).forward == tuple(settings["forward"])
        assert [one.what for one in found.left_out] == ["tls://192.0.2.9", "sdns://AQ"]

    @pytest.mark.parametrize("text", ["", "- a", "dns: [", "\x00", "dns: 1\nfiltering: x\nuser_rules: 3\n"])
    def test_what_is_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "AdGuardHome.yaml").write_text(text)
        if text.startswith("dns: 1"):
            assert adguard.read(tmp_path) == Imported([], {}, "", ())
        else:
            with pytest.raises(RuleError, match=r"AdGuardHome\.yaml"):
                adguard.read(tmp_path)


class TestTechnitium:
    """Its console's Export Zone writes zone text; its folder and its backups have a form of their own."""

    def test_exported_zones(self, tmp_path: Path) -> None:
        (tmp_path / "zones").mkdir()
        (tmp_path / "export.txt").write_text(
            "$ORIGIN a.test.\n@   900  IN  SOA  ns1 hostadmin 5 900 300 604800 900\n@ 3600 IN NS ns1\n"
            "ns1 3600 IN A 192.0.2.1\n@ 3600 IN FWD Udp 192.0.2.53\nwww 3600 IN ANAME x.test.\n"
        )
        (tmp_path / "b.test.zone").write_text(ZONE)
        (tmp_path / "zones" / "c.test.zone").write_bytes(b"DZ\x09\x00\x01")
        (tmp_path / "backup.zip").write_bytes(b"PK\x03\x04")
        found = technitium.read(tmp_path)
        assert zones(found) == {
            "a.test.": {"ns1.a.test. 3600 A 192.0.2.1"},
            "b.test.": {"ns1.b.test. 60 A 192.0.2.1"},
        }
        whys = left(found)
        assert set(whys) == {"export.txt:5", "export.txt:6", "c.test.zone", "backup.zip"}
        assert "Export Zone" in whys["c.test.zone"]

    def test_what_is_broken(self, tmp_path: Path) -> None:
        (tmp_path / "a.test.zone").write_text(ZONE + "x A 1\n")
        with pytest.raises(ZoneDataError, match="a.test.zone:5:5"):
            technitium.read(tmp_path / "a.test.zone")
        with pytest.raises(RuleError, match="export the zones"):
            technitium.read(tmp_path / "..")


READERS: list[tuple[Callable[[Path], Imported], str]] = [
    (dnsmasq.read, "dnsmasq.conf"),
    (bind.read, "named.conf"),
    (pihole.read, "custom.list"),
    (adguard.read, "AdGuardHome.yaml"),
    (technitium.read, "a.test.zone"),
]


@pytest.mark.parametrize(("read", "name"), READERS)
def test_files_of_rubbish(read: Callable[[Path], Any], name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands there, it is read or refused in words; nothing else happens."""
    folder = tmp_path_factory.mktemp("rubbish")
    words = st.sampled_from(
        ["address=/", "server=", "cname=", "zone", "{", "}", ";", '"', "#", "\n", ":", "- ", "$", "=", ","]
    )

    @given(st.lists(words | st.text(max_size=8)).map("".join))
    @settings(max_examples=80, deadline=None)
    def tried(text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        with suppress(ResoluteError):
            read(folder / name if name != "custom.list" else folder)

    tried()
