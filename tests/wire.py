"""A TCP proxy between us and a server, which a test can cut, mend, or let hang."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 65536


class Wire:
    """Passes on all bytes from its own port to the server, and back."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0
        """The port to connect to instead of the server's, on loopback; the same again after a cut."""

    async def mend(self) -> None:
        """Take connections, from the start or after a cut."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def lead_to(self, port: int) -> None:
        """Connect to another port of the server from now on, because it was started there."""
        self._target = self._target[0], port

    async def cut(self) -> None:
        """Drop every connection and take no new ones, like a server that is down."""
        if self._server:
            self._server.close()
            self._server = None
        for end in tuple(self._ends):
            end.transport.abort()
        self._flows.set()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def hang(self) -> None:
        """Keep the connections but pass nothing on, like a network that loses everything."""
        self._flows.clear()

    def flow(self) -> None:
        """Pass on everything again, also what was held back."""
        self._flows.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._ends.add(sink)
            task = asyncio.ensure_future(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK_BYTES):
                await self._flows.wait()
                sink.write(chunk)
                await sink.drain()
        except OSError:
            return  # one end was dropped; the other follows
        finally:
            self._ends.discard(sink)
            sink.close()


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[Wire]:
    """A wire that passes everything on while the block runs."""
    made = Wire(host, port)
    await made.mend()
    try:
        yield made
    finally:
        await made.cut()
