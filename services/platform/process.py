"""Runs a process of Balie until it is told to stop, and stops it cleanly."""

import asyncio
import signal
import socket
from collections.abc import Coroutine
from typing import Any

import uvicorn
from fastapi import FastAPI

GRACE_SECONDS = 10
"""How long running requests may take to finish after the process is told to stop."""

Job = Coroutine[Any, Any, None]
"""One part of a process. It runs until cancelled, and stops cleanly when cancelled."""


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
        """Does nothing: `run_until_stopped` handles the signals."""


async def serve(app: FastAPI, listening: socket.socket, trusted_proxies: str = "127.0.0.1") -> None:
    """Serves HTTP on a socket that is already listening, until cancelled.

    `trusted_proxies`: addresses or networks, separated by commas, whose `X-Forwarded-For` is trusted; `*` trusts all.
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
    # Name TCP explicitly: only then does asyncio turn off Nagle's algorithm, which would delay each answer by 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError:
        listening.close()
        raise
    return listening
