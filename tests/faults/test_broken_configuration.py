"""Two hundred broken configurations, by signal, by command and by following: nothing changes, and it is said why."""

import itertools
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.peers.server import free_port
from resolute.errors import SettingsError
from tests.faults.kit import seeded
from tests.faults.kit.asking import OVER_TCP, PLAIN, answers, ask, wait_for
from tests.faults.kit.load import Load
from tests.faults.kit.running import Configured, command, local

ZONE = "$TTL 300\n@ SOA ns1 hostmaster 1 7200 3600 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n"
BROKEN = 200


def sound(listen: int, folder: Path) -> str:
    return f"""\
[listen]
dns = ["127.0.0.1:{listen}"]
[data]
directory = "{folder}/data"
[[zone]]
name = "sound.example."
file = "{folder}/sound.zone"
[resolver]
forward = ["192.0.2.1"]
deadline = "2s"
[cache]
size = "8MiB"
[limits]
tcp_idle = "5s"
"""


def broken(good: str, busy: int) -> Iterator[str]:
    """Configurations that do not hold, each by one thing, without an end."""
    added = [
        "[listen\n",
        "x = \n",
        'name = "unclosed\n',
        "[no-such-section]\n",
        "[log]\nno-such-key = 1\n",
        '[log]\nlevel = "loud"\n',
        '[[zone]]\nname = "other.example."\n',
        '[[zone]]\nname = "a..b"\nfile = "x"\n',
        '[[zone]]\nname = "sound.example."\nfile = "again.zone"\n',
        '[[resolver.route]]\nzone = "corp.example."\nforward = []\n',
        '[[resolver.route]]\nzone = "corp.example."\nforward = ["not-an-address"]\n',
        '[allow]\nrecursion = ["everybody"]\n',
        '[allow]\nrecursion = ["none", "any"]\n',
        '[allow]\nrecursion = ["192.0.2.1/24"]\n',
        "[identity]\nversion = 5\n",
        "[hosts]\nttl = -1\n",
        '[hosts]\nfiles = "hosts"\n',
        "\0",
        "\ufeff[x]\n",
    ]
    replaced = [
        ('"2s"', '"2 fortnights"'),
        ('"2s"', '"1h"'),
        ('"2s"', "true"),
        ('"8MiB"', '"lots"'),
        ('"8MiB"', "1"),
        ('"5s"', "[]"),
        ('["192.0.2.1"]', '"192.0.2.1"'),
        ('["192.0.2.1"]', '["192.0.2.1:0"]'),
        ('["192.0.2.1"]', '["192.0.2.1:65536"]'),
        ('["127.0.0.1', '["127.0.0.256'),
        ('["127.0.0.1', '["192.0.2.1'),  # no interface has it
        ("dns =", "dsn ="),
        ("[[zone]]", "[zone]"),
        ('name = "sound', 'name = "so..und'),
        ("[cache]", "[cash]"),
    ]
    kinds = [good + text for text in added]
    kinds += [good.replace(old, new, 1) for old, new in replaced]
    kinds.append(good.replace("dns = [", f'dns = ["127.0.0.1:{busy}", ', 1))
    below = seeded.below("broken configuration")
    for kind in itertools.cycle(kinds):
        yield kind
        cut = below(len(good))
        yield good[:cut] + "\n=[\n" + good[cut:]


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that another program has, for TCP alone: half of an address is not enough."""
    with socket.socket(type=socket.SOCK_STREAM) as other:
        port = free_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        yield port


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_two_hundred_broken_configurations_change_nothing(tmp_path: Path, busy: int) -> None:
    (tmp_path / "sound.zone").write_text(ZONE)
    config, port = tmp_path / "resolute.toml", free_port()
    good = sound(port, tmp_path)
    config.write_text(good)
    with Configured(config) as server, Load(local(port), [("ns1.sound.example.", "A")], pause_s=0.002) as load:
        listening, served = server.control.status()["listen"], server.control.status()["zones"]
        for number, text in zip(range(BROKEN), broken(good, busy), strict=False):
            before = server.problems()
            config.write_text(text)
            problems = refused(server, before, number)
            assert all(is_clear(problem, config) for problem in problems), (text, problems)
            status = server.control.status()
            assert (status["listen"], status["zones"]) == (listening, served)
            for manner in (PLAIN, OVER_TCP):
                assert answers(ask(local(port), "ns1.sound.example.", manner=manner)) == ["192.0.2.53"]
        config.write_text(good)
        assert server.control.reload()["problems"] == []
        assert server.problems() == []
        tally = load.stop()
    assert (tally.lost, tally.strange, set(tally.rcodes)) == (0, 0, {0})


def refused(server: Configured, before: list[str], number: int) -> list[str]:
    """Has the broken configuration taken over, in one of four ways; returns what is said of it."""
    if number % 20 == 0:
        done = command("reload", "--config", str(server.config), "--data", str(server.data))
        assert done.returncode == 2
        return [line.removeprefix("resolute: ") for line in done.stderr.splitlines()]
    if number % 3 == 0:
        with pytest.raises(SettingsError) as caught:
            server.control.reload()
        assert server.problems() == list(caught.value.problems)
        return list(caught.value.problems)
    if number % 3 == 1:
        server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: server.problems() not in ([], before), what="a report of the broken configuration")
    return server.problems()


def is_clear(problem: str, config: Path) -> bool:
    """One line that says in which file, or at which setting, something is wrong."""
    return "\n" not in problem and (str(config) in problem or problem.startswith("listen.dns: 1"))
