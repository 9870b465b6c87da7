"""The commands for zones, records, tokens and users against a real server: where they succeed and where they do not, as
the owner of the machine without a token, and from elsewhere with one."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from bench.peers import Resolute, Service
from bench.peers.resolute import COMMAND
from resolute.cli.main import main
from tests.faults.kit.asking import addresses, answers, ask, rcode

PASSWORD = "four words nobody chose"
ZONE = """\
$TTL 300
@    SOA ns1 hostmaster 7 7200 3600 1209600 60
@    NS  ns1
ns1  A   192.0.2.53
www  A   192.0.2.80
"""
BY = "root (local)"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  whatever JSON there is
        return json.loads(self.out)

    def rows(self) -> list[list[str]]:
        return [line.split() for line in self.out.splitlines()]


class Place:
    """A server with an owner, and its commands, run within this process."""

    def __init__(self, server: Resolute, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.folder, self._capsys = server, folder, capsys

    def run(self, *words: str) -> Done:
        """As the owner of the machine."""
        self._capsys.readouterr()
        status = main([*words, "--data", str(self.server.data)])
        return Done(status, *self._capsys.readouterr())

    def good(self, *words: str) -> Done:
        done = self.run(*words)
        assert (done.status, done.err) == (0, ""), done
        return done

    def bad(self, *words: str, status: int = 1) -> str:
        """What is said on standard error."""
        done = self.run(*words)
        assert done.status == status, done
        assert "Traceback" not in done.err
        return " ".join(done.err.replace("│", " ").split())

    def elsewhere(self, token: Path, *words: str) -> Done:
        """From elsewhere with a token."""
        self._capsys.readouterr()
        status = main([*words, "--server", self.server.admin_url, "--token-file", str(token)])
        return Done(status, *self._capsys.readouterr())

    def token(self, name: str, *limits: str) -> Path:
        """A file with a new token."""
        made = self.run("token", "create", name, *limits, "--user", "alice")
        assert made.status == 0, made
        file = self.folder / f"{name}.token"
        file.write_text(made.out)
        return file

    def zone(self, name: str) -> str:
        """A new zone of the store, made from a file."""
        file = self.folder / f"{name}zone"
        file.write_text(ZONE)
        self.good("zone", "create", name, "--file", str(file))
        return name


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resolute]:
    folder = tmp_path_factory.mktemp("admin")
    (folder / "filed.zone").write_text(ZONE)
    (folder / "password").write_text(PASSWORD + "\n")
    zones = {"filed.test.": folder / "filed.zone"}
    with Resolute(Service(zones=zones), admin=True, data=folder / "data") as server:
        words = ["user", "create", "alice", "--role", "owner", "--password-file", str(folder / "password")]
        assert main([*words, "--data", str(server.data)]) == 0
        yield server


@pytest.fixture
def place(
    running: Resolute, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Place:
    for name in ("RESOLUTE_SERVER", "RESOLUTE_TOKEN", "RESOLUTE_CONFIG", "RESOLUTE_DATA_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return Place(running, tmp_path, capsys)


class TestZones:
    """`resolute zone`."""

    def test_made_from_name_servers(self, place: Place) -> None:
        words = ["zone", "create", "made.test", "--nameserver", "ns1=192.0.2.1,2001:db8::1", "--hostmaster", "a@b.test"]
        planned = place.good(*words, "--plan").out
        assert planned == "made.test. would be made, serial 1, 4 records added, 0 removed\n"
        assert rcode(ask(place.server.endpoint, "made.test.", "SOA")) != "NOERROR"
        made = place.good(*words, "--reason", "wanted → had", "--json").json
        assert (made["zone"], made["serial_after"], made["served"]) == ("made.test.", 1, True)
        assert addresses(place.server.endpoint, "ns1.made.test.", "AAAA") == ["2001:db8::1"]
        (soa,) = answers(ask(place.server.endpoint, "made.test.", "SOA"))
        assert soa.split()[1] == "a.b.test."
        (first,) = place.good("zone", "history", "made.test", "--json").json
        assert (first["author"], first["reason"], first["kind"]) == (BY, "wanted → had", "create")
        assert "made.test." in place.bad(*words)
        assert "nameservers[0]" in place.bad("zone", "create", "other.test", "--nameserver", "a..b.")
        assert "give --nameserver" in place.bad("zone", "create", "other.test", status=2)

    def test_made_from_a_file(self, place: Place) -> None:
        place.zone("fromfile.test.")
        assert addresses(place.server.endpoint, "www.fromfile.test.") == ["192.0.2.80"]
        again = place.bad("zone", "create", "fromfile.test.", "--file", str(place.folder / "fromfile.test.zone"))
        assert "there is a zone fromfile.test. already" in again
        assert "cannot be read: No such file" in place.bad("zone", "create", "x.test", "--file", "/none.zone")

    def test_listed_and_shown(self, place: Place) -> None:
        place.zone("listed.test.")
        rows = place.good("zone", "list").rows()
        assert ["listed.test.", "store", "7", "4"] in rows
        assert ["filed.test.", "file", "7", "4", "serving"] in [row[:5] for row in rows]
        names = [zone["name"] for zone in place.good("zone", "list", "--json").json]
        assert {"listed.test.", "filed.test."} <= set(names)
        assert place.good("zone", "show", "listed.test", "--json").json["serial"] == 7
        assert ["serial", "7"] in place.good("zone", "show", "listed.test").rows()
        assert "there is no zone none.test." in place.bad("zone", "show", "none.test")
        refused = place.run("zone", "show", "none.test", "--json")
        assert (refused.status, refused.json["error"]["message"]) == (1, "there is no zone none.test.")

    def test_set(self, place: Place) -> None:
        zone = place.zone("set.test.")
        place.good("zone", "set", zone, "--serial-policy", "unixtime")
        assert place.good("zone", "show", zone, "--json").json["serial_policy"] == "unixtime"
        assert "there is no zone" in place.bad("zone", "set", "none.test", "--serial-policy", "date")

    def test_imported_and_exported(self, place: Place) -> None:
        zone, file = place.zone("moved.test."), place.folder / "new.zone"
        file.write_text(ZONE.replace("192.0.2.80", "192.0.2.81"))
        planned = place.good("zone", "import", zone, str(file), "--plan").out
        assert "- www.moved.test. 300 A 192.0.2.80\n+ www.moved.test. 300 A 192.0.2.81\n" in planned
        assert addresses(place.server.endpoint, "www.moved.test.") == ["192.0.2.80"]
        assert place.good("zone", "import", zone, str(file), "--json").json["serial_after"] == 8
        assert addresses(place.server.endpoint, "www.moved.test.") == ["192.0.2.81"]
        text = place.good("zone", "export", zone).out
        assert "www.moved.test. 300 A 192.0.2.81\n" in text
        out = place.folder / "out.zone"
        assert place.good("zone", "export", zone, "--output", str(out)).out == ""
        assert out.read_text() == text
        first = place.good("zone", "history", zone, "--json").json[-1]["revision"]
        assert "192.0.2.80" in place.good("zone", "export", zone, "--revision", str(first), "--json").json["text"]
        assert "there is no zone" in place.bad("zone", "export", "none.test")
        assert "cannot be written" in place.bad("zone", "export", zone, "--output", "/none/out.zone")
        file.write_text(ZONE + "bad A nonsense\n")
        refused = place.bad("zone", "import", zone, str(file))
        assert f"resolute: {file}:6:7: " in refused
        assert "the file" in place.bad("zone", "import", "filed.test.", str(out))

    def test_imported_from_stdin(self, place: Place) -> None:
        command = [str(COMMAND), "zone", "import", "piped.test", "-", "--data", str(place.server.data)]
        done = subprocess.run(command, input=ZONE, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert addresses(place.server.endpoint, "www.piped.test.") == ["192.0.2.80"]

    def test_checked(self, place: Place) -> None:
        zone = place.zone("checked.test.")
        assert place.good("zone", "check", zone).out.endswith("0 errors, 0 warnings\n")
        place.good("record", "add", "@", "MX", "10 nowhere", "--zone", zone)
        done = place.run("zone", "check", zone)
        assert done.status == 1
        assert "[mx-without-address]" in done.out
        assert place.run("zone", "check", zone, "--json").json["errors"] == 1

    def test_its_past(self, place: Place) -> None:
        zone = place.zone("past.test.")
        before = place.good("zone", "history", zone, "--json").json[0]["revision"]
        place.good("record", "set", "www.past.test", "A", "192.0.2.99", "--reason", "a new host")
        rows = place.good("zone", "history", zone).rows()
        assert BY in " ".join(rows[1])
        assert " ".join(rows[1]).endswith("a new host")
        assert len(place.good("zone", "history", zone, "--limit", "1", "--json").json) == 1
        differs = place.good("zone", "diff", zone, str(before)).out.splitlines()
        assert "- www.past.test. 300 A 192.0.2.80" in differs
        assert "+ www.past.test. 300 A 192.0.2.99" in differs
        assert place.good("zone", "diff", zone, str(before), str(before), "--json").json["changes"] == []
        place.good("zone", "revert", zone, str(before), "--plan")
        assert addresses(place.server.endpoint, "www.past.test.") == ["192.0.2.99"]
        back = place.good("zone", "revert", zone, str(before), "--reason", "it does not answer", "--json").json
        assert back["serial_after"] == 9
        assert addresses(place.server.endpoint, "www.past.test.") == ["192.0.2.80"]
        assert place.bad("zone", "revert", "none.test", "1")
        assert place.bad("zone", "diff", "none.test", "1")
        assert place.bad("zone", "history", "none.test")

    def test_removed_and_brought_back(self, place: Place) -> None:
        zone = place.zone("gone.test.")
        revision = place.good("zone", "history", zone, "--json").json[0]["revision"]
        assert "give --yes" in place.bad("zone", "delete", zone, status=2)
        assert place.good("zone", "delete", zone, "--plan").out.startswith("gone.test. would be removed")
        place.good("zone", "delete", zone, "--yes")
        assert rcode(ask(place.server.endpoint, "www.gone.test.")) != "NOERROR"
        assert "there is no zone" in place.bad("zone", "delete", zone, "--yes")
        place.good("zone", "revert", zone, str(revision))
        assert addresses(place.server.endpoint, "www.gone.test.") == ["192.0.2.80"]


class TestRecords:
    """`resolute record`."""

    def test_added(self, place: Place) -> None:
        place.zone("added.test.")
        place.good("record", "add", "www.added.test", "A", "192.0.2.81", "--ttl", "5m", "--reason", "one more")
        assert addresses(place.server.endpoint, "www.added.test.") == ["192.0.2.80", "192.0.2.81"]
        place.good("record", "add", "new", "AAAA", "2001:db8::1", "2001:db8::2", "--zone", "added.test", "--ttl", "1h")
        reply = ask(place.server.endpoint, "new.added.test.", "AAAA")
        assert (answers(reply), reply.answer[0].ttl) == (["2001:db8::1", "2001:db8::2"], 3600)
        latest = place.good("zone", "history", "added.test", "--json").json
        assert [(one["author"], one["reason"]) for one in latest[:2]] == [(BY, ""), (BY, "one more")]

    def test_words_as_in_a_zone_file_are_told_how(self, place: Place) -> None:
        zone = place.zone("words.test.")
        said = place.bad("record", "add", "@", "MX", "10", "mail", "--zone", zone)
        assert "add[0]" in said
        assert "quote one that has blanks, such as '10 mail'" in said
        place.good("record", "add", "@", "MX", "10 mail", "--zone", zone)
        assert answers(ask(place.server.endpoint, zone, "MX")) == ["10 mail.words.test."]

    def test_a_text_is_one_text(self, place: Place) -> None:
        """RFC 7208 3.3: the strings of a record are put together without blanks."""
        zone = place.zone("text.test.")
        place.good("record", "set", "@", "TXT", "v=spf1 -all", "--zone", zone)
        assert answers(ask(place.server.endpoint, zone, "TXT")) == ['"v=spf1 -all"']
        place.good("record", "set", "@", "TXT", '"two" "strings"', "--zone", zone)
        assert answers(ask(place.server.endpoint, zone, "TXT")) == ['"two" "strings"']
        place.good("record", "set", "@", "TXT", "x" * 300, "--zone", zone)
        assert answers(ask(place.server.endpoint, zone, "TXT")) == [f'"{"x" * 255}" "{"x" * 45}"']

    def test_set(self, place: Place) -> None:
        place.zone("put.test.")
        place.good("record", "set", "www.put.test.", "A", "192.0.2.1", "192.0.2.2", "--plan")
        assert addresses(place.server.endpoint, "www.put.test.") == ["192.0.2.80"]
        place.good("record", "set", "www.put.test.", "A", "192.0.2.1", "192.0.2.2")
        assert addresses(place.server.endpoint, "www.put.test.") == ["192.0.2.1", "192.0.2.2"]
        assert "records[0]" in place.bad("record", "set", "www.put.test.", "A", "192.0.2.300")
        assert "CNAME" in place.bad("record", "set", "www.put.test.", "CNAME", "ns1.put.test.")
        assert "no zone here holds www.none.test" in place.bad("record", "set", "www.none.test", "A", "192.0.2.1")
        assert "say which with --zone" in place.bad("record", "set", "@", "A", "192.0.2.1", status=2)
        assert "--ttl" in place.bad("record", "set", "www.put.test", "A", "192.0.2.1", "--ttl", "soon", status=2)

    def test_the_closest_zone_holds_a_name(self, place: Place) -> None:
        place.zone("up.test.")
        place.zone("sub.up.test.")
        made = place.good("record", "add", "a.SUB.up.test", "A", "192.0.2.1", "--json").json
        assert made["zone"] == "sub.up.test."
        apex = place.good("record", "add", "sub.up.test", "TXT", "here", "--json").json
        assert apex["zone"] == "sub.up.test."

    def test_removed(self, place: Place) -> None:
        place.zone("less.test.")
        place.good("record", "add", "www.less.test", "A", "192.0.2.81")
        place.good("record", "delete", "www.less.test", "A", "192.0.2.80")
        assert addresses(place.server.endpoint, "www.less.test.") == ["192.0.2.81"]
        place.good("record", "delete", "www.less.test", "A")
        assert rcode(ask(place.server.endpoint, "www.less.test.")) == "NXDOMAIN"
        assert "there is no A of www.less.test." in place.bad("record", "delete", "www.less.test", "A")

    def test_listed(self, place: Place) -> None:
        zone = place.zone("rows.test.")
        rows = place.good("record", "list", zone).rows()
        assert ["www.rows.test.", "300", "A", "192.0.2.80"] in rows
        below = place.good("record", "list", zone, "www", "--json").json
        assert [(one["name"], one["records"]) for one in below] == [("www.rows.test.", ["192.0.2.80"])]
        assert [one["type"] for one in place.good("record", "list", zone, "--type", "ns", "--json").json] == ["NS"]
        assert place.run("record", "list", zone, "nobody").status == 1
        assert "there is no zone" in place.bad("record", "list", "none.test")

    def test_of_a_file_s_zone(self, place: Place) -> None:
        place.good("record", "add", "more.filed.test", "A", "192.0.2.5", "--json")
        assert addresses(place.server.endpoint, "more.filed.test.") == ["192.0.2.5"]
        assert [one["type"] for one in place.good("record", "list", "filed.test", "more", "--json").json] == ["A"]


class TestTokens:
    """`resolute token`, and commands from elsewhere."""

    def test_without_one_nothing_is_done_from_elsewhere(self, place: Place) -> None:
        none = place.folder / "none.token"
        none.write_text(f"rsl_{'0' * 12}_{'0' * 64}")
        done = place.elsewhere(none, "zone", "list")
        assert (done.status, done.out) == (1, "")
        assert "not one of this server's" in done.err
        assert main(["zone", "list", "--server", place.server.admin_url]) == 1

    def test_a_scoped_one_does_what_it_is_for(self, place: Place) -> None:
        place.zone("mine.test.")
        place.zone("theirs.test.")
        verbs = [word for verb in ("zones:read", "records:read", "records:write") for word in ("--verb", verb)]
        token = place.token("scoped", *verbs, "--zone", "mine.test", "--expires", "1d")
        done = place.elsewhere(token, "record", "add", "r.mine.test", "A", "192.0.2.9", "--reason", "robots", "--json")
        assert (done.status, done.json["zone"]) == (0, "mine.test.")
        assert addresses(place.server.endpoint, "r.mine.test.") == ["192.0.2.9"]
        latest = place.good("zone", "history", "mine.test", "--json").json[0]
        assert (latest["author"], latest["reason"]) == ("alice, token scoped", "robots")
        assert [zone["name"] for zone in place.elsewhere(token, "zone", "list", "--json").json] == ["mine.test."]
        for words in (
            ["record", "add", "r", "A", "192.0.2.9", "--zone", "theirs.test"],
            ["zone", "delete", "mine.test", "--yes"],
            ["zone", "create", "new.test", "--nameserver", "ns.example.net."],
            ["user", "list"],
            ["token", "list"],
        ):
            refused = place.elsewhere(token, *words)
            assert (refused.status, refused.out) == (1, "")
            assert "does not have the right" in refused.err
        hidden = place.elsewhere(token, "record", "add", "r.theirs.test", "A", "192.0.2.9")
        assert "no zone here holds r.theirs.test" in hidden.err

    def test_its_secret_is_in_one_answer(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        made = place.good("token", "create", "once", "--json").json
        assert made["user"] == "alice"
        listed = place.good("token", "list", "--json").out
        assert made["id"] in listed
        assert made["token"] not in listed
        monkeypatch.setenv("RESOLUTE_SERVER", place.server.admin_url)
        monkeypatch.setenv("RESOLUTE_TOKEN", made["token"])
        assert main(["zone", "list"]) == 0
        assert place.good("token", "revoke", "once").out
        assert main(["zone", "list"]) == 1
        assert "there is no token once" in place.bad("token", "revoke", "once")
        assert "there is no token 0123456789ab" in place.bad("token", "revoke", "0123456789ab")

    def test_presets(self, place: Place) -> None:
        place.zone("certs.test.")
        token = place.token("certbot", "--preset", "acme", "--zone", "certs.test")
        words = ["record", "set", "_acme-challenge.www.certs.test", "TXT", "proof"]
        assert place.elsewhere(token, *words).status == 0
        assert answers(ask(place.server.endpoint, "_acme-challenge.www.certs.test.", "TXT")) == ['"proof"']
        assert place.elsewhere(token, "record", "set", "www.certs.test", "TXT", "proof").status == 1
        token = place.token("router", "--preset", "dyndns", "--name", "home.certs.test")
        words = ["record", "set", "home", "A", "192.0.2.3", "--zone", "certs.test"]
        assert place.elsewhere(token, *words).status == 0
        assert "goes with one --zone" in place.bad("token", "create", "x", "--preset", "acme", status=2)
        assert "expected such as" in place.bad("token", "create", "x", "--expires", "soon", status=2)
        assert "expires" in place.bad("token", "create", "x", "--expires", "2001-01-01")

    def test_sources(self, place: Place) -> None:
        token = place.token("distant", "--source", "192.0.2.0/24")
        assert "not for use from 127.0.0.1" in place.elsewhere(token, "zone", "list").err

    def test_one_that_is_sent_counts_here_too(self, place: Place) -> None:
        token = place.token("narrow", "--verb", "zones:read")
        assert place.good("zone", "list", "--token-file", str(token), "--json").json
        assert "does not have the right" in place.bad("user", "list", "--token-file", str(token))
        token.write_text("rsl_nonsense")
        assert "not one of this server's" in place.bad("zone", "list", "--token-file", str(token))
        token.write_text("")
        assert "expected one token" in place.bad("zone", "list", "--token-file", str(token))


class TestUsers:
    """`resolute user`."""

    @pytest.fixture
    def password(self, tmp_path: Path) -> str:
        file = tmp_path / "password"
        file.write_text("another four words entirely\n")
        return str(file)

    def test_made_changed_and_removed(self, place: Place, password: str) -> None:
        words = ["user", "create", "bob", "--password-file", password]
        assert place.good(*words, "--role", "reader", "--json").json["role"] == "reader"
        assert "there is a user bob already" in place.bad(*words, "--role", "reader")
        assert ["bob", "reader"] in [row[:2] for row in place.good("user", "list").rows()]
        assert "zones" in place.bad("user", "set-role", "bob", "editor")
        place.good("user", "set-role", "bob", "editor", "--zone", "example.org")
        assert place.good("user", "disable", "bob", "--json").json["disabled"] is True
        assert place.good("user", "enable", "bob", "--json").json["zones"] == ["example.org."]
        assert "give --yes" in place.bad("user", "delete", "bob", status=2)
        assert "bob" in place.good("user", "delete", "bob", "--yes").out
        assert "there is no user bob" in place.bad("user", "delete", "bob", "--yes")
        assert "there is no user bob" in place.bad("user", "set-role", "bob", "reader")
        assert "there is no user bob" in place.bad("user", "disable", "bob")

    def test_the_last_owner_stays(self, place: Place) -> None:
        assert "owner" in place.bad("user", "delete", "alice", "--yes")
        assert "owner" in place.bad("user", "set-role", "alice", "reader")

    def test_passwords(self, place: Place, password: str) -> None:
        place.good("user", "create", "carol", "--role", "reader", "--password-file", password)
        assert "--password-file" in place.bad("user", "set-password", "carol", status=2)
        easy = Path(password).with_name("easy")
        easy.write_text("carol\n")
        assert "password: " in place.bad("user", "set-password", "carol", "--password-file", str(easy))
        place.good("user", "set-password", "carol", "--password-file", password)
        assert "there is no user dave" in place.bad("user", "set-password", "dave", "--password-file", password)
        easy.write_text("\n")
        assert "its first line is empty" in place.bad("user", "set-password", "carol", "--password-file", str(easy))

    def test_a_password_from_stdin(self, place: Place) -> None:
        words = [
            "user",
            "create",
            "piper",
            "--role",
            "reader",
            "--password-file",
            "-",
            "--data",
            str(place.server.data),
        ]
        done = subprocess.run(
            [COMMAND, *words], input=PASSWORD + "\n", capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "piper is reader\n", "")

    def test_a_token_of_another_user_is_an_owner_s_to_make(self, place: Place, password: str) -> None:
        place.good("user", "create", "erin", "--role", "operator", "--password-file", password)
        made = place.good("token", "create", "of erin", "--user", "erin", "--json").json
        assert made["user"] == "erin"
        file = place.folder / "erin.token"
        file.write_text(made["token"])
        assert place.elsewhere(file, "token", "create", "own", "--expires", "1d", "--json").json["user"] == "erin"
        refused = place.elsewhere(file, "token", "create", "more", "--user", "alice")
        assert "users:write" in refused.err
        place.good("user", "set-role", "erin", "owner")
        assert "there are several owners (alice, erin)" in place.bad("token", "create", "whose")
        place.good("user", "delete", "erin", "--yes")


def test_what_is_done_locally_is_in_the_audit_log(place: Place) -> None:
    made = place.good("token", "create", "noted", "--json").json
    place.good("token", "revoke", made["id"])
    token = place.token("reader", "--verb", "audit:read")
    command = ["curl", "-s", "-H", f"Authorization: Bearer {token.read_text().strip()}"]
    done = subprocess.run(
        [*command, f"{place.server.admin_url}/api/v1/audit"], capture_output=True, text=True, timeout=30, check=True
    )
    entries: list[Mapping[str, Any]] = json.loads(done.stdout)["items"]
    told = [(one["actor"], one["verb"], one["detail"]) for one in entries if one["target"] == f"token {made['id']}"]
    assert told == [
        (BY, "tokens:write", "removed noted of alice"),
        (BY, "tokens:write", "added noted for alice"),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("resolute zone show complete.t", ["complete.test."]),
        ("resolute record add www.complete.t", ["www.complete.test."]),
        ("resolute record add www.complete.test AAA", ["AAAA"]),
        ("resolute record add --zone complete.test. ns1", ["ns1.complete.test."]),
    ],
)
def test_the_shell_completes(place: Place, words: str, expected: list[str]) -> None:
    if "complete.test." not in place.good("zone", "list").out:
        place.zone("complete.test.")
    environ = {
        "PATH": "/usr/bin:/bin",
        "_RESOLUTE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
        "RESOLUTE_DATA_DIRECTORY": str(place.server.data),
    }
    done = subprocess.run([COMMAND], env=environ, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.split() == expected


def on_a_terminal(server: Resolute, *words: str, typed: Sequence[str] = ()) -> tuple[int, str]:
    """The exit status and all that is shown; each line is typed when a question stands there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(COMMAND, [str(COMMAND), *words, "--data", str(server.data)])  # noqa: S606, in the child
    shown, lines = "", list(typed)
    with open(terminal, "rb+", buffering=0) as stream:  # noqa: PTH123, a descriptor
        while more := _read(stream):
            shown += more
            if lines and shown.endswith(": "):
                stream.write(f"{lines.pop(0)}\n".encode())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown


def _read(stream: IO[bytes]) -> str:
    """What a terminal shows next; nothing when the program has ended (EIO)."""
    try:
        return stream.read(65_536).decode()
    except OSError:
        return ""


class TestOnATerminal:
    """What is asked and shown where somebody watches."""

    def test_a_password_is_asked_for_twice_and_not_shown(self, place: Place) -> None:
        words = ["user", "create", "typist", "--role", "reader"]
        status, shown = on_a_terminal(place.server, *words, typed=[PASSWORD, PASSWORD])
        assert (status, "New password of typist: " in shown, "typist is reader" in shown) == (0, True, True)
        assert PASSWORD not in shown

    def test_a_deletion_asks(self, place: Place) -> None:
        zone = place.zone("asked.test.")
        status, shown = on_a_terminal(place.server, "zone", "delete", zone, typed=["n"])
        assert (status, "Remove the zone asked.test. with its records?" in shown) == (1, True)
        place.good("zone", "show", zone)
        status, shown = on_a_terminal(place.server, "zone", "delete", zone, typed=["y"])
        assert (status, "asked.test. removed" in shown) == (0, True)

    def test_a_large_import_shows_how_far_it_is(self, place: Place) -> None:
        file = place.folder / "large.zone"
        file.write_text(ZONE + "".join(f"h{at} A 192.0.2.1\n" for at in range(20_000)))
        status, shown = on_a_terminal(place.server, "zone", "import", "large.test", str(file))
        assert (status, "importing" in shown, "large.test. made" in shown) == (0, True, True)
        assert f"{file.stat().st_size}/{file.stat().st_size}" in shown
