"""Group commit: one write for many, each waits for it, nothing taken in gets lost, and memory stays bounded."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from sending.tracking.group_commit import GroupCommit, NoRoom


class Away(Exception):
    pass


@asynccontextmanager
async def running(write, **options):
    commits = GroupCommit(write, passing=lambda error: isinstance(error, Away), **options)
    commits.start()
    yield commits
    await commits.stop()


async def test_what_comes_together_is_written_together():
    batches = []

    async def write(items):
        batches.append(list(items))

    async with running(write, delay=0.05) as commits:
        assert all(await asyncio.gather(*(commits.add(n, patience=2) for n in range(50))))
    assert sorted(item for batch in batches for item in batch) == list(range(50))
    assert len(batches) <= 3


async def test_a_batch_has_a_largest_size():
    batches = []

    async def write(items):
        batches.append(len(items))

    async with running(write, batch=10, delay=1) as commits:
        await asyncio.gather(*(commits.add(n, patience=2) for n in range(30)))
    assert batches == [10, 10, 10]


async def test_while_the_database_is_away_readers_go_on_and_nothing_is_lost():
    written, away = [], True

    async def write(items):
        if away:
            raise Away
        written.extend(items)

    async with running(write) as commits:
        assert await commits.add("one", patience=0.05) is False
        away = False
        assert await commits.add("two", patience=5) is True
    assert written == ["one", "two"]


async def test_what_the_database_refuses_is_dropped_alone():
    written = []

    async def write(items):
        if "bad" in items:
            raise ValueError("refused")
        written.extend(items)

    async with running(write, delay=0.05) as commits:
        await asyncio.gather(*(commits.add(item, patience=2) for item in ["a", "b", "bad", "c", "d"]))
    assert sorted(written) == ["a", "b", "c", "d"]
    assert commits.dropped == 1


async def test_when_there_is_no_room_one_is_told():
    blocked = asyncio.Event()

    async def write(items):
        await blocked.wait()

    async with running(write, batch=1, room=2) as commits:
        waiting = [asyncio.create_task(commits.add(n, patience=5)) for n in range(3)]
        await asyncio.sleep(0.1)
        with pytest.raises(NoRoom):
            await commits.add("too many", patience=0.05)
        blocked.set()
        assert all(await asyncio.gather(*waiting))


async def test_stopping_writes_what_waits():
    written = []

    async def write(items):
        await asyncio.sleep(0.05)
        written.extend(items)

    async with running(write, batch=1) as commits:
        for n in range(3):
            await commits.add(n, patience=0.001)
    assert written == [0, 1, 2]
