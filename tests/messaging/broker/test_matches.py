"""Topic patterns as RabbitMQ means them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.messaging.broker import Queue, matches

WORDS = st.sampled_from(["ticket", "closed", "v1", ""])
KEYS = st.lists(WORDS, min_size=1, max_size=5).map(".".join)
PATTERNS = st.lists(WORDS | st.sampled_from(["*", "#"]), min_size=1, max_size=5).map(".".join)


@given(PATTERNS, KEYS)
@example("#", "")
@example("#.#", "ticket")
@example("*.#.v1", "ticket.v1")
@example("ticket.#", "ticket")
@example("ticket.*", "ticket")
def test_it_agrees_with_a_regular_expression(pattern: str, key: str) -> None:
    assert matches(pattern, key) == bool(_reference(pattern).fullmatch("." + key))


@pytest.mark.parametrize(
    ("pattern", "key", "taken"),
    [
        ("ticket.submitted.v1", "ticket.submitted.v1", True),
        ("ticket.submitted.v1", "ticket.submitted.v2", False),
        ("ticket.*.v1", "ticket.submitted.v1", True),
        ("ticket.*.v1", "ticket.v1", False),
        ("ticket.#", "ticket.submitted.v1", True),
        ("#", "article.published.v1", True),
        ("#.v1", "v1", True),
        ("ticket", "ticket.submitted", False),
        ("tick*", "ticket", False),
    ],
)
def test_examples(pattern: str, key: str, taken: bool) -> None:
    assert matches(pattern, key) is taken


@pytest.mark.parametrize("wrong", [{"retry_delays": ()}, {"prefetch": 0}, {"delivery_limit": 0}])
def test_a_queue_without_a_limit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"notify\.mail"):
        Queue("notify.mail", ("#",), **wrong)  # type: ignore[arg-type]  # one wrong value after the other


def _reference(pattern: str) -> re.Pattern[str]:
    # Every word with the dot before it; `#` may swallow its own dot.
    words = {"*": r"\.[^.]*", "#": r"(?:\.[^.]*)*"}
    return re.compile("".join(words.get(word, r"\." + re.escape(word)) for word in pattern.split(".")))
