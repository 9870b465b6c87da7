"""The way to the admin process: what is sent, what comes back, and what each refusal becomes."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from resolute import errors
from resolute.cli.adminclient import AdminClient, segment, server_url
from resolute.cli.options import admin
from resolute.cli.refusals import FieldsError, refusal
from tests.httpservice import Service, page, running_service

DETAIL = {"type": "urn:problem-type:resolute:x", "detail": "what, where and how to mend", "errors": []}


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


def test_what_is_sent(service: Service) -> None:
    service.answers = [(200, {"X-Y": "z"}, b'{"a": 1}')]
    client = AdminClient(f"{service.url}/dns/", "rsl_t", {"X-Change-Reason": "a → b"})
    reply = client.call("PUT", "/zones/x", query={"plan": "true"}, json={"b": 2}, headers={"If-Match": "*"})
    assert (reply.status, reply.headers["x-y"], reply.json()) == (200, "z", {"a": 1})
    ((method, path, headers, body),) = service.asked
    assert (method, path, json.loads(body)) == ("PUT", "/dns/api/v1/zones/x?plan=true", {"b": 2})
    assert headers["authorization"] == "Bearer rsl_t"
    assert headers["if-match"] == "*"
    assert headers["content-type"] == "application/json"
    assert headers["x-change-reason"].encode("latin-1").decode() == "a → b"


def test_a_file_is_sent_as_it_is_read(service: Service, tmp_path: Path) -> None:
    (tmp_path / "zone").write_bytes(b"x" * 100_000)
    service.answers = [(200, {}, b"{}")]
    with (tmp_path / "zone").open("rb") as stream:
        AdminClient(service.url).call("POST", "/zones/x/import", body=stream)
    assert service.asked[0][3] == b"x" * 100_000
    assert "authorization" not in service.asked[0][2]


def test_pages_are_followed(service: Service) -> None:
    service.answers = [page([1, 2], "later"), page([], "last"), page([3], None)]
    assert list(AdminClient(service.url).pages("/zones", {"q": "x"})) == [1, 2, 3]
    assert [path.partition("?")[2] for _, path, _, _ in service.asked] == [
        "limit=1000&q=x",
        "limit=1000&q=x&cursor=later",
        "limit=1000&q=x&cursor=last",
    ]


def test_an_answer_that_is_no_json(service: Service) -> None:
    service.answers = [(200, {}, b"<html>")]
    with pytest.raises(errors.PeerError, match="is it Resolute"):
        AdminClient(service.url).call("GET", "/zones").json()


def test_another_place_is_not_gone_to(service: Service) -> None:
    """A token is for the server that was named."""
    service.answers = [(307, {"Location": "https://evil.example/"}, b"")]
    with pytest.raises(errors.PeerError, match=r"https://evil\.example/"):
        AdminClient(service.url, "rsl_t").call("GET", "/zones")
    assert len(service.asked) == 1


def test_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(errors.UnavailableError, match="does not answer: Connection refused"):
            AdminClient(f"http://127.0.0.1:{bound.getsockname()[1]}").call("GET", "/zones")
    with pytest.raises(errors.UnavailableError, match="start one with `resolute serve`"):
        AdminClient(tmp_path / "admin.sock").call("GET", "/zones")
    (tmp_path / "control.sock").touch()
    with pytest.raises(errors.UnavailableError, match='listen.admin = "off"'):
        AdminClient(tmp_path / "admin.sock").call("GET", "/zones")


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "admin.sock"))
        listener.listen()
        with pytest.raises(errors.UnavailableError, match="did not answer in time"):
            AdminClient(tmp_path / "admin.sock", answer_s=0.05).call("GET", "/zones")


def test_a_server_whose_certificate_is_not_known(service: Service) -> None:
    with pytest.raises(errors.UnavailableError, match="no secure connection"):
        AdminClient(service.url.replace("http:", "https:")).call("GET", "/zones")


@pytest.mark.parametrize(
    ("status", "family"),
    [
        (400, errors.RuleError),
        (401, errors.UnauthenticatedError),
        (403, errors.DeniedError),
        (404, errors.NotFoundError),
        (409, errors.RuleError),
        (412, errors.ConflictError),
        (413, errors.RuleError),
        (422, errors.RuleError),
        (429, errors.TooManyTriesError),
        (500, errors.UnavailableError),
        (502, errors.PeerError),
        (503, errors.UnavailableError),
        (507, errors.UnavailableError),
    ],
)
def test_each_status_has_its_family(status: int, family: type[Exception]) -> None:
    error = refusal(status, {}, json.dumps(DETAIL).encode())
    assert type(error) is family
    assert str(error) == DETAIL["detail"]


def test_fields_are_lines() -> None:
    fields = [{"field": "records[0]", "reason": "no"}, {"field": "ttl", "reason": "too long"}]
    error = refusal(422, {}, json.dumps({**DETAIL, "errors": fields}).encode())
    assert isinstance(error, FieldsError)
    assert (error.problems, error.fields) == (("records[0]: no", "ttl: too long"), ("records[0]", "ttl"))
    lines = [{"field": "", "reason": "zone text:1:1: bad"}]
    rule = refusal(409, {}, json.dumps({**DETAIL, "errors": lines}).encode())
    assert isinstance(rule, FieldsError)
    assert rule.problems == (DETAIL["detail"], "zone text:1:1: bad")
    settings = refusal(
        422, {}, json.dumps({"type": "urn:problem-type:resolute:settings", "detail": "x", "errors": fields}).encode()
    )
    assert isinstance(settings, errors.SettingsError)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"errors": 7}', b'{"errors": [7]}', b"\xff"])
def test_a_refusal_that_is_no_problem_document(content: bytes) -> None:
    assert str(refusal(404, {}, content)) == "the server answered with status 404"


def test_retry_after() -> None:
    error = refusal(429, {"retry-after": "17"}, b"")
    assert isinstance(error, errors.TooManyTriesError)
    assert error.retry_after_s == 17


def test_a_name_is_one_part_of_a_path() -> None:
    """RFC 2317 4: a zone's name may have a slash in it."""
    assert segment("0/25.2.0.192.in-addr.arpa.") == "0%2F25.2.0.192.in-addr.arpa."
    assert segment("a?b#c%") == "a%3Fb%23c%25"


@pytest.mark.parametrize("text", ["\udcff", "a\udcff.test"])
def test_octets_that_are_no_text(service: Service, text: str) -> None:
    """An argument may have any; so does what the shell completes."""
    with pytest.raises(errors.RuleError, match="is not text in UTF-8"):
        segment(text)
    with pytest.raises(errors.RuleError, match="is not text in UTF-8"):
        AdminClient(service.url).call("GET", "/search", query={"q": text})
    assert not service.asked


def test_a_server_in_a_folder_of_any_name(service: Service) -> None:
    """RFC 3986 2.5"""
    service.answers = [(200, {}, b"{}")]
    AdminClient(server_url(f"{service.url}/ä%20b/")).call("GET", "/zones")
    assert service.asked[0][1] == "/%C3%A4%20b/api/v1/zones"


@pytest.mark.parametrize(
    "text",
    [
        *("dns.example.net", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x:y", ""),
        *("https://dns..example.net", f"https://{'a' * 64}.test", "http://x/\udcff"),
    ],
)
def test_what_is_no_url(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a URL such as"):
        server_url(text)


class TestWhichServer:
    """Flags win over the environment."""

    @pytest.fixture(autouse=True)
    def nothing_set(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name in list(os.environ):
            if name.startswith("RESOLUTE_"):
                monkeypatch.delenv(name)
        monkeypatch.chdir(tmp_path)

    def test_the_socket_of_a_data_directory(self, tmp_path: Path) -> None:
        client = admin(None, tmp_path)
        assert (client.place, client.token, client.is_local) == (tmp_path / "admin.sock", None, True)

    def test_a_url_with_a_token_of_the_environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("RESOLUTE_SERVER", "https://dns.example.net")
        monkeypatch.setenv("RESOLUTE_TOKEN", "rsl_t")
        assert (admin(None, None).place, admin(None, None).token) == ("https://dns.example.net", "rsl_t")
        assert admin(None, None, "http://localhost:5380").place == "http://localhost:5380"
        here = admin(None, tmp_path)
        assert (here.place, here.token) == (tmp_path / "admin.sock", None)
        assert "rsl_t" not in repr(admin(None, None))

    def test_a_token_of_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text("rsl_f\n")
        assert admin(None, None, "http://localhost", file).token == "rsl_f"
        assert not admin(None, tmp_path, None, file).is_local
        for text in ("", "two words", "x" * 2_000, "é"):
            file.write_text(text)
            with pytest.raises(errors.RuleError, match="--token-file"):
                admin(None, tmp_path, None, file)
        with pytest.raises(errors.RuleError, match="No such file"):
            admin(None, tmp_path, None, tmp_path / "none")

    def test_no_token_of_the_environment_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What surrounds it goes; what no header can carry is refused without it."""
        monkeypatch.setenv("RESOLUTE_SERVER", "https://dns.example.net")
        monkeypatch.setenv("RESOLUTE_TOKEN", " rsl_t\r\n")
        assert admin(None, None).token == "rsl_t"
        for text in ("rsl_a\nrsl_b", "rsl_a\rX: y", "rsl_é", "rsl_a rsl_b", "rsl_" + "x" * 2_000, "rsl_\x01"):
            monkeypatch.setenv("RESOLUTE_TOKEN", text)
            with pytest.raises(errors.RuleError, match="RESOLUTE_TOKEN: expected one token") as caught:
                admin(None, None)
            assert text not in str(caught.value)

    def test_two_servers_are_one_too_many(self, tmp_path: Path) -> None:
        with pytest.raises(typer.BadParameter, match="--server and --data"):
            admin(None, tmp_path, "http://localhost")

    def test_a_reason_is_a_line(self, tmp_path: Path) -> None:
        assert admin(None, tmp_path, reason="moved").headers == {"X-Change-Reason": "moved"}
        with pytest.raises(typer.BadParameter, match="one line"):
            admin(None, tmp_path, reason="a\r\nX-Other: b")


@pytest.mark.parametrize(
    "place", ["https://dns.example.net", "http://127.0.0.1:5380", "http://[::1]", "http://localhost"]
)
def test_where_a_password_may_go(place: str, tmp_path: Path) -> None:
    AdminClient(place).require_private()
    AdminClient(tmp_path / "admin.sock").require_private()


@pytest.mark.parametrize("place", ["http://dns.example.net", "http://192.0.2.1:5380", "http://localhost.example.net"])
def test_where_no_password_may_go(place: str) -> None:
    """A server that refuses it has let it be read already."""
    with pytest.raises(errors.DeniedError, match="passwords go over https"):
        AdminClient(place).require_private()
