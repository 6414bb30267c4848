"""A live event survives being cut into pieces, and pieces that go missing spoil nothing else."""

from datetime import UTC, datetime
from itertools import pairwise
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from services.contract.events import Event
from services.messaging.local.notice_pieces import PIECE_CHARACTERS, UNFINISHED_MAX, Pieces, pieces

NOTIFY_BYTES_MAX = 7_999
"""PostgreSQL's limit on a payload, as its manual gives it."""


@given(st.text(max_size=3 * PIECE_CHARACTERS))
def test_the_pieces_of_an_event_make_it_again(text: str) -> None:
    event = _event(text)
    payloads = list(pieces(event))
    assert all(len(payload.encode()) <= NOTIFY_BYTES_MAX for payload in payloads)
    incoming = Pieces()
    assert [incoming.add(payload) for payload in payloads] == [None] * (len(payloads) - 1) + [event]


def test_a_missing_piece_costs_one_event_only() -> None:
    spoilt, whole = _event("x" * 30_000), _event("y" * 30_000)
    first, _, *rest = pieces(spoilt)
    incoming = Pieces()
    assert [incoming.add(payload) for payload in (first, *rest, *pieces(whole))][-1] == whole
    assert all(incoming.add(payload) is None for payload in rest)


def test_equal_pieces_are_kept_apart() -> None:
    payloads = list(pieces(_event("x" * 50_000)))
    assert all(earlier != later for earlier, later in pairwise(payloads))
    assert len(set(payloads)) == len(payloads)


def test_beginnings_without_an_end_do_not_pile_up() -> None:
    incoming = Pieces()
    for _ in range(10 * UNFINISHED_MAX):
        incoming.add(next(pieces(_event("x" * 20_000))))
    assert len(incoming._unfinished) <= UNFINISHED_MAX


def _event(text: str) -> Event:
    return Event(id=uuid4(), source="/balie/tests", type="ticket.noted.v1", time=datetime.now(UTC), data={"text": text})
