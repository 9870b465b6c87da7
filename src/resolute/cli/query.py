"""`resolute query`: a small dig. UDP, then TCP after a truncated reply (RFC 7766 5)."""

import time
from dataclasses import dataclass
from typing import Annotated

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import typer

from resolute.cli.options import Config, Json
from resolute.cli.options import settings as load_settings
from resolute.cli.question import Question, understand
from resolute.cli.reply import Reply, as_json, print_reply
from resolute.cli.terminal import print_json
from resolute.cli.tracing import follow
from resolute.config.tree import Settings
from resolute.errors import PeerError, UnavailableError
from resolute.units import split_endpoint


@dataclass(frozen=True, slots=True)
class Manner:
    """How a question is asked."""

    tcp: bool
    dnssec: bool
    recurse: bool
    timeout_s: float
    tries: int = 2


def query(
    words: Annotated[list[str], typer.Argument(metavar="NAME [TYPE] [@SERVER]", help="An address stands for its PTR.")],
    tcp: Annotated[bool, typer.Option("--tcp", help="Ask over TCP.")] = False,
    dnssec: Annotated[bool, typer.Option("--dnssec", help="Ask for signatures (DO).")] = False,
    norecurse: Annotated[
        bool, typer.Option("--norecurse", help="Ask for what the server itself knows (RD=0).")
    ] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Begin at the root, and show each step from there.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Wait so long for a reply.")] = 3.0,
    config: Config = None,
    json: Json = False,
) -> None:
    """Ask a DNS server, by default the one of this machine's settings.

    TYPE (A without it) and @ADDRESS[:PORT] may stand in any order. Exits with 1 when there is no reply, or no answer.
    """
    question = understand(words)
    if trace:
        if question.server is not None:
            raise typer.BadParameter("--trace begins at the root: it goes without @SERVER")
        follow(question, load_settings(config).resolver.root_hints, json=json)
        return
    server = question.server or local_server(load_settings(config))
    reply = ask(question, server, Manner(tcp, dnssec, not norecurse, timeout))
    if json:
        print_json(as_json(reply))
    else:
        print_reply(reply)
    if reply.message.rcode() != dns.rcode.NOERROR or not reply.message.answer:
        raise typer.Exit(1)


def local_server(settings: Settings) -> str:
    """The first address that the server of these settings listens on; loopback where it listens on every address."""
    host, port = split_endpoint(settings.listen.dns[0])
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is replaced
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def ask(question: Question, server: str, manner: Manner) -> Reply:
    """Sends a question and waits for the reply. Raises UnavailableError without one, PeerError for a broken one."""
    message = dns.message.make_query(
        question.name, question.rtype, question.rclass, want_dnssec=manner.dnssec, use_edns=0, payload=1232
    )
    if not manner.recurse:
        message.flags &= ~dns.flags.RD
    try:
        return _exchange(message, server, manner)
    except dns.exception.Timeout as error:
        raise UnavailableError(f"{server} does not reply; is a server running there?") from error
    except OSError as error:
        raise UnavailableError(f"{server} cannot be asked: {error.strerror or error}") from error
    except (dns.exception.DNSException, EOFError, ValueError) as error:
        raise PeerError(f"{server} sent a broken reply: {str(error) or type(error).__name__}") from error


def _exchange(message: dns.message.Message, server: str, manner: Manner) -> Reply:
    host, port = split_endpoint(server)
    started = time.monotonic()
    if manner.tcp:
        reply, over_tcp = dns.query.tcp(message, host, manner.timeout_s, port), True
    else:
        reply, over_tcp = _over_udp(message, server, manner)
    return Reply(reply, server, "tcp" if over_tcp else "udp", (time.monotonic() - started) * 1000)


def _over_udp(message: dns.message.Message, server: str, manner: Manner) -> tuple[dns.message.Message, bool]:
    host, port = split_endpoint(server)
    for _ in range(manner.tries - 1):
        try:
            return dns.query.udp_with_fallback(message, host, manner.timeout_s / manner.tries, port)
        except dns.exception.Timeout:
            continue
    return dns.query.udp_with_fallback(message, host, manner.timeout_s / manner.tries, port)
