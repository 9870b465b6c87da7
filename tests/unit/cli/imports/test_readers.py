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
from tests.importing import left, of_adguard, of_dnsmasq, zones

ZONE = "$TTL 60\n@ SOA ns1 h 5 7200 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n"


class TestDnsmasq:
    """dnsmasq(8)."""

    def test_names_with_addresses(self, tmp_path: Path) -> None:
        (tmp_path / "more").write_text("192.0.2.9 printer printer.lan # the printer\nrubbish x\n")
        found = of_dnsmasq(
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
        found = of_dnsmasq(
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
        found = of_dnsmasq(
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
        found = of_dnsmasq(
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
        found = of_dnsmasq(tmp_path, "\n".join(lines))
        assert set(left(found)) == {f"dnsmasq.conf:{number}" for number in range(1, len(lines) + 1)}
        assert (found.local, found.zones, found.settings) == ({}, [], "")

    def test_its_hosts_file_is_told_of(self, tmp_path: Path) -> None:
        """dnsmasq(8), --no-hosts: it reads /etc/hosts otherwise."""
        assert "/etc/hosts" not in [one.what for one in of_dnsmasq(tmp_path, "server=192.0.2.1").left_out]
        (tmp_path / "dnsmasq.conf").write_text("server=192.0.2.1\n")
        ((_, what, why),) = dnsmasq.read(tmp_path / "dnsmasq.conf").left_out
        assert (what, "[hosts] files" in why) == ("/etc/hosts", True)

    def test_where_a_server_is_asked_from(self, tmp_path: Path) -> None:
        """An address of a link means nothing without its interface (RFC 4007 6)."""
        found = of_dnsmasq(tmp_path, "server=fe80::1%eth0\nserver=192.0.2.1@eth1\nserver=/a.test/fe80::2%eth0")
        assert tomllib.loads(found.settings) == {"resolver": {"mode": "forward", "forward": ["192.0.2.1"]}}
        assert {place: "interface" in why for place, why in left(found).items()} == {
            "dnsmasq.conf:1": True,
            "dnsmasq.conf:2": False,
            "dnsmasq.conf:3": True,
        }

    def test_what_unicode_calls_the_end_of_a_line(self, tmp_path: Path) -> None:
        found = of_dnsmasq(tmp_path, "local=/lan/\ntxt-record=lan,one\u2028two\x85three\nhost-record=a.lan,192.0.2.1")
        assert {"a.lan. 300 A 192.0.2.1"} < zones(found)["lan."]
        assert list(left(found)) == ["dnsmasq.conf:1"]

    def test_folders_of_files(self, tmp_path: Path) -> None:
        folder = tmp_path / "d"
        folder.mkdir()
        for name, number in (("a.conf", 1), ("b.bak", 2), (".c.conf", 3), ("d.conf~", 4)):
            (folder / name).write_text(f"host-record=h{number}.lan,192.0.2.{number}\n")
        assert set(of_dnsmasq(tmp_path, f"conf-dir={folder},*.conf\n").local) == {"h1.lan"}
        assert set(of_dnsmasq(tmp_path, f"conf-dir={folder},.bak\n").local) == {"h1.lan"}
        assert set(dnsmasq.read(folder).local) == {"h1.lan", "h2.lan"}
        again = of_dnsmasq(tmp_path, f"conf-file={tmp_path}/dnsmasq.conf\nhost-record=a.lan,192.0.2.1\n")
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

    def test_every_statement_of_a_zone(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text(ZONE)
        (tmp_path / "named.conf").write_text(
            'zone "a.test" {\ntype primary;\nfile "a";\nallow-query { 192.0.2.0/24; };\ninline-signing yes;\n'
            "dnssec-policy default;\nalso-notify { 192.0.2.1; };\nforwarders { };\n};\n"
            'zone "b.test" { type forward; forwarders { 192.0.2.1; };\nforward only; };\n'
            'zone "c.test" { type forward;\nforwarders { }; };\n'
            'zone "d.test" CH { type primary; file "a"; };\n'
        )
        found = bind.read(tmp_path)
        assert {names.to_text(zone.origin) for zone in found.zones} == {"a.test."}
        assert set(left(found)) == {f"named.conf:{line}" for line in (4, 5, 6, 7, 8, 11, 13, 14)}
        assert "forwards to nobody" in left(found)["named.conf:13"]

    def test_forwarders_over_tls_are_not_asked_without(self, tmp_path: Path) -> None:
        """BIND 9.20 Reference Manual, forwarders: `tls` in each, or for all."""
        (tmp_path / "named.conf").write_text(
            "options {\nforwarders { 192.0.2.1 port 853 tls x; };\n};\n"
            'zone "a.test" { type forward; forwarders port 853 tls x {\n192.0.2.2; }; };\n'
            'zone "b.test" { type forward; forwarders tls x {\n192.0.2.3; }; };\n'
            'zone "c.test" { type forward; forwarders tls x {\n192.0.2.4 port 53; }; };\n'
        )
        found = bind.read(tmp_path)
        assert found.settings == ""
        assert set(left(found)) == {f"named.conf:{line}" for line in (2, 5, 7, 9)}

    @pytest.mark.parametrize("file", ["a\0b", "/", "", ".", "x" * 5_000])
    def test_files_that_are_none(self, tmp_path: Path, file: str) -> None:
        (tmp_path / "named.conf").write_text(f'zone "a.test" {{ type primary; file "{file}"; }};\n')
        with pytest.raises(RuleError, match=r"named\.conf"):
            bind.read(tmp_path)

    def test_a_zone_that_stands_there_twice(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text(ZONE)
        (tmp_path / "b").write_text(ZONE)
        (tmp_path / "named.conf").write_text(
            'zone "a.test" { type primary; file "a"; };\nzone "A.test." { type primary; file "b"; };\n'
        )
        with pytest.raises(ZoneDataError, match="has the same zone"):
            bind.read(tmp_path)

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
            ('include "a\0b";', "is no path"),
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

    def test_lines_for_dnsmasq(self, tmp_path: Path) -> None:
        """docs.pi-hole.net: misc.dnsmasq_lines, and /etc/dnsmasq.d where misc.etc_dnsmasq_d is on."""
        folder, lines = tmp_path / "pihole", tmp_path / "dnsmasq.d"
        folder.mkdir()
        lines.mkdir()
        (lines / "99-own.conf").write_text("host-record=own.lan,192.0.2.9\n")
        (lines / "01-pihole.conf").write_text("server=192.0.2.66\n")
        (folder / "custom.list").write_text("192.0.2.7 nas.lan\n")
        assert pihole.read(folder).local == {"nas.lan": "192.0.2.7", "own.lan": "192.0.2.9"}
        text = '[misc]\ndnsmasq_lines = ["address=/apps.lan/192.0.2.8", "rubbish"]\netc_dnsmasq_d = '
        (folder / "pihole.toml").write_text(f"{text}true\n")
        found = pihole.read(folder)
        assert set(zones(found)) == {"apps.lan."}
        assert "rubbish" in [one.what for one in found.left_out]
        assert found.settings == ""
        (folder / "pihole.toml").write_text(f"{text}false\n")
        found = pihole.read(folder)
        assert found.local == {"nas.lan": "192.0.2.7"}
        assert "etc_dnsmasq_d" in left(found)["99-own.conf"]

    def test_an_archive_names_files_of_another_machine(self, tmp_path: Path) -> None:
        (tmp_path / "hosts").write_text("192.0.2.66 mine\n")
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
            archive.writestr("dnsmasq.d/9.conf", f"addn-hosts={tmp_path}/hosts\nhost-record=a.lan,192.0.2.1\n")
        found = pihole.read(tmp_path / "t.zip")
        assert found.local == {"a.lan": "192.0.2.1"}
        assert "files that are not here" in left(found)["9.conf:1"]

    @pytest.mark.parametrize(
        "text",
        [
            "dns = 1",
            "misc = 1",
            "dns.domain = 3",
            'dns.cnameRecords = ["a.lan,b.lan,²"]',
            f'dns.cnameRecords = ["a.lan,b.lan,{"9" * 5_000}"]',
            "[" * 5_000,
            f"dns.x = {'9' * 5_000}",
        ],
    )
    def test_odd_values(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pihole.toml").write_text(text)
        with suppress(RuleError):
            assert pihole.read(tmp_path).local == {}

    @pytest.mark.parametrize("kind", ["gz", "xz", "bz2", "zip"])
    def test_a_damaged_archive(self, tmp_path: Path, kind: str) -> None:
        """Wherever an octet is another one, it is read or refused in words."""
        content = b"192.0.2.7 nas.lan\n" * 50
        file = tmp_path / "t"
        if kind == "zip":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
                archive.writestr("custom.list", content)
        else:
            with tarfile.open(file, f"w:{kind}") as tar:  # type: ignore[call-overload]
                entry = tarfile.TarInfo("custom.list")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        whole, refused = file.read_bytes(), 0
        for at in range(len(whole)):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
            try:
                pihole.read(file)
            except RuleError:
                refused += 1
        assert refused

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

    def test_comments_of_hosts_lines(self, tmp_path: Path) -> None:
        found = of_adguard(tmp_path, 'user_rules: ["192.0.2.7 nas.lan # my storage", "192.0.2.8", "::0 ads.test"]')
        assert found.local == {"nas.lan": "192.0.2.7"}
        assert [one.what for one in found.left_out] == ["192.0.2.8", "::0 ads.test"]

    @pytest.mark.parametrize(
        "answer",
        [
            *("REFUSED", "NXDOMAIN", "NOERROR", "SERVFAIL", "NOTIMP", "NXDOMAIN;;", "NOERROR;;", "REFUSED;A;192.0.2.1"),
            *("NOERROR;A;nas.lan", "NOERROR;MX;10 x.test", "NOERROR;CNAME;", "SERVFAIL;CNAME;x.test"),
        ],
    )
    def test_answers_that_are_no_name(self, tmp_path: Path, answer: str) -> None:
        """AdGuard's filtering syntax: $dnsrewrite, keywords and full form."""
        found = of_adguard(tmp_path, f'user_rules: ["||ads.lan^$dnsrewrite={answer}", "||lan^$dnsrewrite=192.0.2.1"]\n')
        assert zones(found) == {"lan.": {"lan. 300 A 192.0.2.1", "*.lan. 300 A 192.0.2.1"}}
        assert found.left_out[0].what == f"||ads.lan^$dnsrewrite={answer}"

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

    def test_octets_that_are_not_utf8(self, tmp_path: Path) -> None:
        """RFC 1035 3.3.14: text is octets. Lines end as elsewhere, also those of Windows."""
        (tmp_path / "a.test.zone").write_bytes(
            b"\xef\xbb\xbf" + ZONE.replace("\n", "\r\n").encode() + b'@ TXT "caf\xe9 \x85 \xe2\x80\xa8 \x0b"\r\n'
        )
        text = technitium.read(tmp_path).zones[0].text
        assert rb'TXT "caf\233 \133 \226\128\168 \011"' in text

    def test_a_zone_of_two_files(self, tmp_path: Path) -> None:
        for name in ("e.org.txt", "e.org.zone"):
            (tmp_path / name).write_text(ZONE)
        with pytest.raises(ZoneDataError, match=r"e\.org\.zone: .*e\.org\.txt has the same zone"):
            technitium.read(tmp_path)

    def test_its_own_types_are_types(self, tmp_path: Path) -> None:
        (tmp_path / "a.test.zone").write_text(
            ZONE + "www CNAME app\napp CNAME fwd\nfwd A 192.0.2.2\nt TXT aname x\nx 1h IN APP y\n  IN 60 FWD z\n"
        )
        found = technitium.read(tmp_path)
        assert zones(found)["a.test."] == {
            "ns1.a.test. 60 A 192.0.2.1",
            "www.a.test. 60 CNAME app.a.test.",
            "app.a.test. 60 CNAME fwd.a.test.",
            "fwd.a.test. 60 A 192.0.2.2",
            't.a.test. 60 TXT "aname" "x"',
        }
        assert set(left(found)) == {"a.test.zone:9", "a.test.zone:10"}

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
