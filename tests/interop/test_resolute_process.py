"""Resolute as a process: its ready line, its end, its refusals."""

from pathlib import Path

import dns.flags
import pytest

from bench.peers import Nsd, PeerFailedError, Resolute, Service
from bench.peers.server import probe


def test_ready_line_names_where_it_listens_and_sigterm_ends_with_status_0(zone_file: Path) -> None:
    server = Resolute(Service(zones={"hello.example.": zone_file}), admin=True).start()
    assert str(server.endpoint) in server.dns
    assert server.admin_url.startswith("http://127.0.0.1:")
    reply = probe(server.endpoint, "web.hello.example.", rdtype="A")
    assert reply is not None
    assert reply.flags & dns.flags.AA
    assert server.stop() == 0


def test_it_forwards_what_is_not_its_own(zone_file: Path) -> None:
    zones = {"hello.example.": zone_file}
    with Nsd(Service(zones=zones)) as upstream, Resolute(Service(forward=upstream.endpoint)) as server:
        reply = probe(server.endpoint, "mail.hello.example.", rdtype="A", timeout_s=5)
    assert reply is not None
    assert reply.flags & dns.flags.RA
    assert [str(rdata) for rdata in reply.answer[0]] == ["192.0.2.25"]


def test_a_second_one_on_the_same_data_directory_is_refused(tmp_path: Path) -> None:
    with Resolute(Service(), data=tmp_path) as first:
        assert first.process.poll() is None
        with pytest.raises(PeerFailedError, match=r"(?s)status 2:.*is used by the server"):
            Resolute(Service(), data=tmp_path).start()
