"""dnsdist stands before Resolute and says by PROXY protocol v2 whom it speaks for."""

import socket
from pathlib import Path

import pytest

from bench.peers import Dnsdist, Endpoint, Resolute, Service
from resolute.node.client import ControlClient
from tests.asking import TIMEOUT_S, parse, query, receive_framed, send_framed, wait_for

WEB = query("web.hello.example.")
PROXIED = '[listen]\nproxied = ["127.0.0.1:0"]\n[resolver]\nmode = "off"\n[log]\nqueries = true\n'


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9"])
def test_the_client_of_dnsdist_is_the_client(zone_file: Path, client: str) -> None:
    with Resolute(Service(zones={"hello.example.": zone_file}, extra=PROXIED)) as server:
        (door,) = ControlClient(server.data).status()["listen"]["proxied"]
        host, port = door.rsplit(":", 1)
        with Dnsdist(Service(forward=Endpoint(host, int(port)))) as dnsdist:
            assert len(ask_udp(dnsdist, client)) == len(ask_tcp(dnsdist, client)) == 2
        lines = [f"client={client}:", "name=web.hello.example."]
        assert wait_for(lambda: sum(all(part in line for part in lines) for line in log_lines(server)) == 2)


def ask_udp(server: Dnsdist, client: str) -> list[str]:
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT_S)
        sock.bind((client, 0))
        sock.connect((server.endpoint.host, server.endpoint.port))
        sock.send(WEB)
        return [str(rdata) for rdata in parse(sock.recv(4096)).answer[0]]


def ask_tcp(server: Dnsdist, client: str) -> list[str]:
    address = (server.endpoint.host, server.endpoint.port)
    with socket.create_connection(address, timeout=TIMEOUT_S, source_address=(client, 0)) as sock:
        send_framed(sock, WEB)
        return [str(rdata) for rdata in parse(receive_framed(sock)).answer[0]]


def log_lines(server: Resolute) -> list[str]:
    return server.log_text().splitlines()
