"""Structured logs, and the correlation id that follows one act through HTTP, outbox, broker, clock and mail."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

import structlog

CORRELATION_ID_MAX = 128
# Tracebacks must not show the values of variables: they hold secrets and people's messages.
_WITHOUT_LOCALS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_correlation: ContextVar[str] = ContextVar("correlation_id", default="")


def configure_logging(log_format: str, level: str) -> None:
    """Log to stderr, one event a line: JSON for machines or `console` for people."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _add_correlation_id,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _WITHOUT_LOCALS if log_format == "json" else structlog.dev.set_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def correlation_id() -> str:
    """The id of the current act; empty outside of one."""
    return _correlation.get()


def new_correlation_id() -> str:
    """A new id, for an act that begins here."""
    return uuid4().hex


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Everything logged and published in the block carries this id; a new id if it is empty."""
    token = _correlation.set(correlation_id or new_correlation_id())
    try:
        yield
    finally:
        _correlation.reset(token)


def _add_correlation_id(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    if current := _correlation.get():
        event["correlation_id"] = current
    return event
