"""Following files: the decisions with a made-up clock, the driver with real files."""
# ruff: noqa: ASYNC110  what is waited for has no event

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from resolute.zones.fingerprint import fingerprint, fingerprint_since
from resolute.zones.follow import FileFollower, Settling

A, B = Path("/a"), Path("/b")


def test_a_change_is_due_when_it_is_quiet() -> None:
    settling = Settling(quiet_s=0.05)
    settling.follow({A: (1, 1, 1, 1), B: (1, 1, 1, 1)})
    settling.seen({A: (2, 2, 1, 1), B: (1, 1, 1, 1)}, at=10.0)
    assert settling.due(10.01) == frozenset()
    settling.seen({A: (3, 3, 1, 1)}, at=10.04)
    assert settling.due(10.06) == frozenset()
    assert settling.next_due() == pytest.approx(10.09)
    assert settling.due(10.1) == {A}
    assert settling.due(11.0) == frozenset()


def test_a_file_that_is_never_quiet_is_due_in_the_end() -> None:
    settling = Settling(quiet_s=0.05, longest_s=1.0)
    settling.follow({A: None})
    for tick in range(100):
        settling.seen({A: (tick, tick, tick, 1)}, at=tick / 50)
        if settling.due(tick / 50):
            assert tick / 50 == pytest.approx(1.0)
            return
    raise AssertionError("it was never due")


def test_an_event_counts_where_the_fingerprint_is_the_same() -> None:
    settling = Settling(quiet_s=0.0)
    settling.follow({A: (1, 1, 1, 1)})
    settling.seen({A: (1, 1, 1, 1)}, touched={A}, at=1.0)
    assert settling.due(1.0) == {A}


def test_a_file_that_changed_before_it_was_followed_is_due() -> None:
    settling = Settling(quiet_s=0.0)
    settling.follow({A: (1, 1, 1, 1)})
    settling.seen({A: (1, 2, 1, 1)}, at=1.0)
    assert settling.due(1.0) == {A}


def test_a_file_written_while_it_was_read_has_no_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    assert fingerprint_since(file, file.stat().st_mtime_ns - 1) is None
    assert fingerprint_since(file, file.stat().st_ctime_ns + 10**9) == fingerprint(file)


def write_in_place(path: Path) -> None:
    path.write_text("fresh")


def replace_by_rename(path: Path) -> None:
    beside = path.with_name("." + path.name + ".swp")
    beside.write_text("fresh")
    beside.replace(path)


def remove_and_make(path: Path) -> None:
    path.unlink()
    path.write_text("fresh")


def point_link_elsewhere(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_text("fresh")
    link = path.with_name("link")
    link.symlink_to(target)
    link.replace(path)


@pytest.mark.parametrize("poll_s", [0.1, 30.0], ids=["poll", "inotify"])
@pytest.mark.parametrize("edit", [write_in_place, replace_by_rename, remove_and_make, point_link_elsewhere])
def test_every_way_to_edit_is_noticed(tmp_path: Path, edit: Callable[[Path], None], poll_s: float) -> None:
    file, other = tmp_path / "zone", tmp_path / "other"
    file.write_text("old!!")
    other.write_text("other")

    async def scenario(seen: "asyncio.Queue[frozenset[Path]]") -> None:
        edit(file)
        async with asyncio.timeout(3):
            assert await seen.get() == {file}

    run_follower({file, other}, poll_s, scenario)


def test_a_write_in_many_parts_is_reported_once(tmp_path: Path) -> None:
    file = tmp_path / "zone"
    file.write_text("")

    async def reports(seen: "asyncio.Queue[frozenset[Path]]") -> int:
        with file.open("a") as stream:
            for _ in range(20):
                stream.write("part\n")
                stream.flush()
                await asyncio.sleep(0.01)
        async with asyncio.timeout(3):
            await seen.get()
        await asyncio.sleep(0.3)
        more = seen.qsize()
        for _ in range(more):
            seen.get_nowait()
        return 1 + more

    async def scenario(seen: "asyncio.Queue[frozenset[Path]]") -> None:
        """On a busy machine whoever writes, or listens, may pause for longer than a file is waited for."""
        assert 1 in [await reports(seen) for _ in range(3)]

    run_follower({file}, 30.0, scenario)


def test_an_exception_in_the_callback_does_not_end_the_following(tmp_path: Path) -> None:
    file = tmp_path / "zone"
    file.write_text("")
    calls: list[frozenset[Path]] = []

    async def scenario() -> None:
        async def changed(paths: frozenset[Path]) -> None:
            calls.append(paths)
            raise RuntimeError("a fault")

        follower = FileFollower(changed, poll_s=0.05)
        follower.follow({file: fingerprint(file)})
        task = asyncio.create_task(follower.run())
        for number in range(1, 3):
            file.write_text("x" * number)
            while len(calls) < number:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 5))


def run_follower(
    files: set[Path], poll_s: float, scenario: Callable[["asyncio.Queue[frozenset[Path]]"], Awaitable[None]]
) -> None:
    async def run() -> None:
        seen: asyncio.Queue[frozenset[Path]] = asyncio.Queue()
        follower = FileFollower(seen.put, poll_s=poll_s)
        follower.follow({file: fingerprint(file) for file in files})
        task = asyncio.create_task(follower.run())
        await asyncio.sleep(0.3)
        assert seen.empty()
        try:
            await scenario(seen)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
