"""A thousand routers watch one agent at a time."""

import asyncio
import json

from harness.process import free_port
from harness.status import Agent
from harness.waits import wait_until

ROUTERS = 1000
HEARTBEATS = 3


class Watcher:
    def __init__(self, reader, writer):
        self.reader, self.writer, self.events = reader, writer, []

    async def next(self):
        """The next event's data, as an object."""
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 60)).decode()
            assert line, "the stream ended"
            if line.startswith("data:"):
                return json.loads(line[5:])


async def watch(node, port, turn):
    # Not all at once: who says nothing for a second is answered as a check, and here all of a
    # thousand clients are one slow process.
    async with turn:
        reader, writer = await asyncio.open_connection(node.address, port)
        writer.write(b"GET /watch HTTP/1.0\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
    assert b" 200 " in head and b"text/event-stream" in head
    return Watcher(reader, writer)


async def follow(node, port, promote):
    turn = asyncio.Semaphore(50)
    watchers = await asyncio.gather(*(watch(node, port, turn) for _ in range(ROUTERS)))
    try:
        for _ in range(HEARTBEATS):
            events = await asyncio.gather(*(watcher.next() for watcher in watchers))
            # On a machine that is too slow for all this the agent says that it knows no more.
            others = [event for event in events if event["role"] != "standby"
                      and not event["reason"].startswith("no answer within")]
            assert not others, others[0]
        await asyncio.get_running_loop().run_in_executor(None, promote)

        async def told(watcher):
            while (await watcher.next())["role"] != "primary":
                pass
        await asyncio.gather(*(told(watcher) for watcher in watchers))
    finally:
        for watcher in watchers:
            watcher.writer.close()


def test_a_thousand_routers_are_told_of_a_promotion(cluster, folder, ending):
    node = cluster.standbys[0]
    port = free_port([node.address])
    agent = ending(Agent(folder, node, port))
    wait_until("the agent knows its node", lambda: agent.get().status == 206)
    before = agent.process.open_descriptors()
    asyncio.run(follow(node, port, lambda: cluster.promote(node)))
    wait_until("all watchers' descriptors are closed",
               lambda: agent.process.open_descriptors() <= before + 1)
