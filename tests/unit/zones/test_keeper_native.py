"""Zones from real files on the real data plane: published, followed, kept when an edit is broken."""
# ruff: noqa: ASYNC110, ASYNC240  the scenarios edit small files, and wait for a state that has no event

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from resolute import plane
from resolute.zones.files import ZoneState
from resolute.zones.follow import FileFollower
from resolute.zones.keeper import ZoneKeeper
from resolute.zones.settings import ZoneSource

GOOD = "$TTL 60\n@ SOA ns.hello. admin.hello. {serial} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n"
Scenario = Callable[[ZoneKeeper, Path], Awaitable[None]]


def with_keeper(directory: Path, scenario: Scenario, content: str = GOOD.format(serial=1)) -> None:
    async def run() -> None:
        served = plane.Plane(plane.Settings(views=[plane.View("default", clients=["0.0.0.0/0", "::/0"])]), workers=1)
        file = directory / "hello.zone"
        file.write_text(content)
        keeper = ZoneKeeper(served, lambda: follower.follow(keeper.files))
        follower = FileFollower(keeper.changed, poll_s=0.1)
        await keeper.commit(await keeper.prepare([ZoneSource(name="hello.", file=file)]))
        task = asyncio.create_task(follower.run())
        try:
            async with asyncio.timeout(20):
                await scenario(keeper, file)
        finally:
            task.cancel()
            keeper.close()
            await asyncio.gather(task, return_exceptions=True)
            served.close(0)

    asyncio.run(run())


async def until(keeper: ZoneKeeper, holds: Callable[[ZoneState], bool]) -> ZoneState:
    while not holds(keeper.states[0]):
        await asyncio.sleep(0.02)
    return keeper.states[0]


def serial(state: ZoneState) -> int | None:
    return state.image.serial if state.image else None


def test_an_edit_is_served_and_a_broken_one_keeps_the_old_zone(tmp_path: Path) -> None:
    async def scenario(keeper: ZoneKeeper, file: Path) -> None:
        assert serial(keeper.states[0]) == 1
        file.write_text(GOOD.format(serial=2))
        await until(keeper, lambda state: serial(state) == 2)
        file.write_text(GOOD.format(serial=3) + "broken A 999.1.1.1\n")
        broken = await until(keeper, lambda state: bool(state.problems))
        assert serial(broken) == 2
        assert f"{file}:5:" in broken.problems[0]
        file.write_text(GOOD.format(serial=4))
        mended = await until(keeper, lambda state: serial(state) == 4)
        assert mended.problems == ()

    with_keeper(tmp_path, scenario)


def test_a_file_removed_for_a_moment_keeps_the_zone_and_is_not_reported(tmp_path: Path) -> None:
    async def scenario(keeper: ZoneKeeper, file: Path) -> None:
        file.unlink()
        await asyncio.sleep(0.25)
        assert keeper.states[0].problems == ()
        file.write_text(GOOD.format(serial=2))
        await until(keeper, lambda state: serial(state) == 2)
        assert keeper.states[0].problems == ()

    with_keeper(tmp_path, scenario)


def test_an_included_file_is_followed(tmp_path: Path) -> None:
    included = tmp_path / "more.inc"
    included.write_text("www A 192.0.2.7\n")

    async def scenario(keeper: ZoneKeeper, _: Path) -> None:
        state = keeper.states[0]
        assert state.image is not None
        before = state.image.records
        included.write_text("www A 192.0.2.7\nftp A 192.0.2.8\n")
        await until(keeper, lambda state: state.image is not None and state.image.records == before + 1)

    with_keeper(tmp_path, scenario, GOOD.format(serial=1) + "$INCLUDE more.inc\n")


def test_a_zone_that_never_held_is_unserved_until_it_does(tmp_path: Path) -> None:
    async def scenario(keeper: ZoneKeeper, file: Path) -> None:
        assert list(keeper.unserved) == [b"\5hello\0"]
        file.write_text(GOOD.format(serial=1))
        await until(keeper, lambda state: serial(state) == 1)
        assert not keeper.unserved

    with_keeper(tmp_path, scenario, "@ A 192.0.2.1\n")
