"""How every process of Balie runs: until it is told to stop, then cleanly."""

import asyncio
import signal
import socket
from collections.abc import Coroutine
from typing import Any

import uvicorn
from fastapi import FastAPI

GRACE_SECONDS = 10
"""How long requests under way may take to finish once a stop is asked for."""

Job = Coroutine[Any, Any, None]
"""One part of a process. It runs until cancelled, and being cancelled is its clean stop."""


async def run_until_stopped(*jobs: Job) -> None:
    """Run the jobs side by side until SIGINT or SIGTERM. One that fails stops the others and is raised."""
    loop = asyncio.get_running_loop()
    tasks = [asyncio.ensure_future(job) for job in jobs]
    together = asyncio.gather(*tasks)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, together.cancel)
    try:
        await together
    except asyncio.CancelledError:
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        """Signals belong to `run_until_stopped`."""


async def serve(app: FastAPI, listening: socket.socket, trusted_proxies: str = "127.0.0.1") -> None:
    """Serve HTTP on a socket that listens already, until cancelled.

    `trusted_proxies` are the addresses, or networks, by comma, whose `X-Forwarded-For` is believed; `*` all.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        forwarded_allow_ips=trusted_proxies,
    )
    server = _Server(config)
    serving = asyncio.ensure_future(server._serve([listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: only then does asyncio turn Nagle's delay off, which costs 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening
