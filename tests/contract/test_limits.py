"""A limit stands once: in services/contract/limits.py where two places need it or people meet it, else at its use."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from services.contract import limits
from services.intake.rules.body import NUMBER_MAX
from services.promises.policy import STEPS_MAX
from services.promises.working_time import HOURS_A_DAY_MAX
from services.web.rendering import environment
from tests.architecture import ROOT, modules

LIMIT = re.compile(r"\w+_(MAX|MIN)")
LIMITS = {name: value for name, value in vars(limits).items() if LIMIT.fullmatch(name)}
COUNTED = re.compile(r"\w+_(CHARACTERS|BYTES|DIGITS)_(MAX|MIN)|\w+S_MAX")
HOME = "services.contract.limits"
TEMPLATES = sorted((ROOT / "services/web/templates").rglob("*.html"))
MAXLENGTH = re.compile(r'maxlength="([^"]*)"')
MAX_OF_MACRO = re.compile(r"\bmax=([^,)\s]+)")
OF_LIMITS = re.compile(r"limits\.(\w+)")
SPELT_OUT = {*map(str, filter(lambda value: isinstance(value, int) and value >= 100, LIMITS.values()))}


def _constants(text: str) -> Iterator[tuple[str, str]]:
    """The limits that a module defines, each with its value as it is written, folded where it is plain arithmetic."""
    for node in ast.parse(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and LIMIT.fullmatch(target.id) and isinstance(value, ast.expr):
            yield target.id, _folded(value)


def _folded(value: ast.expr) -> str:
    plain = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
    if all(isinstance(part, plain) for part in ast.walk(value)):
        return str(eval(compile(ast.Expression(value), "limit", "eval"), {}))  # noqa: S307 - numbers only
    return ast.unparse(value)


def _defined() -> dict[str, list[tuple[str, str]]]:
    """By its name, the value of each limit outside the contract's, and the module that defines it."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, module in modules().items():
        if name != HOME:
            for limit, value in _constants(module.file.read_text(encoding="utf-8")):
                found[limit].append((value, name))
    return found


def test_no_module_defines_a_limit_that_the_contract_has() -> None:
    assert len(_defined()) > 50
    assert {name: where for name, where in _defined().items() if name in LIMITS} == {}


def test_no_two_modules_define_the_same_limit() -> None:
    twice = {name: where for name, where in _defined().items() if len({value for value, _ in where}) < len(where)}
    assert twice == {}


def test_a_limit_of_the_contract_is_spelt_nowhere_else_as_a_limit_of_text_or_items() -> None:
    """`max_length=5000` in a model, `[:200]` at the end of a text, `need("name", t, 200)` in a form."""
    bounds = re.compile(r"max_length=([\d_]+)|\[:([\d_]+)\]|\.need\([^()]*, ([\d_]+)\)")
    found = {
        (name, match.group())
        for name, module in modules().items()
        for match in bounds.finditer(module.file.read_text(encoding="utf-8"))
        if next(filter(None, match.groups())).replace("_", "") in SPELT_OUT
    }
    assert found == OF_THEIR_OWN


OF_THEIR_OWN = {
    ("services.workflows.main", "max_length=200"),  # of a setting: the name of a build
    ("services.intake.api.if_match", "max_length=100"),  # of a header
}


def test_every_maxlength_of_the_pages_is_a_limit_of_the_contract() -> None:
    written = [
        (template.name, given)
        for template in TEMPLATES
        for given in MAXLENGTH.findall(template.read_text(encoding="utf-8"))
    ]
    assert len(written) > 10
    assert [each for each in written if not _is_limit(each[1].strip("{} ")) and each[1] != "{{ max }}"] == []
    assert {name for name, given in written if given == "{{ max }}"} == {"ui.html"}  # the macros, whose `max` is below


def test_every_length_that_is_given_to_a_field_is_a_limit_of_the_contract() -> None:
    given = [
        (template.name, each)
        for template in TEMPLATES
        for line in template.read_text(encoding="utf-8").splitlines()
        if re.search(r"\b(field|area)\(", line)
        for each in MAX_OF_MACRO.findall(line)
    ]
    assert len(given) > 10
    # What a move's fields take is said by the contract, which has it from the limits.
    assert [each for each in given if not _is_limit(each[1]) and each != ("ui.html", "each.most")] == []


def test_the_templates_know_the_limits() -> None:
    shown = environment().from_string("{{ limits.SUBJECT_CHARACTERS_MAX }}").render()
    assert shown == str(limits.SUBJECT_CHARACTERS_MAX)


def test_each_limit_is_used_and_says_what_it_counts() -> None:
    texts = [module.file.read_text(encoding="utf-8") for name, module in modules().items() if name != HOME]
    texts += [template.read_text(encoding="utf-8") for template in TEMPLATES]
    of_others = " ".join(ast.unparse(node.value) for node in ast.parse(_home()).body if isinstance(node, ast.Assign))
    words = set(re.findall(r"\w+", " ".join([*texts, of_others])))
    assert LIMITS.keys() - words == set()
    lengths_of_time = {name for name, value in LIMITS.items() if isinstance(value, timedelta)}
    assert {name for name in LIMITS if not COUNTED.fullmatch(name)} == lengths_of_time


def test_limits_fit_each_other() -> None:
    assert limits.SUBJECT_CHARACTERS_MAX <= limits.QUESTION_CHARACTERS_MAX  # the subject is asked while it is typed
    assert limits.SEARCH_CHARACTERS_MAX <= limits.QUESTION_CHARACTERS_MAX
    assert limits.POSTPONED_BY_LINK_MAX < limits.POSTPONED_MAX
    assert limits.ATTACHMENT_BYTES_MAX < limits.BODY_BYTES_MAX < limits.FORM_BYTES_MAX
    assert limits.PASSWORD_CHARACTERS_MIN < limits.PASSWORD_CHARACTERS_MAX
    assert 10**limits.TICKET_NUMBER_DIGITS_MAX <= NUMBER_MAX


def test_a_field_with_several_answers_takes_as_many_as_intake_does() -> None:
    tags = ", ".join("x" * limits.TAG_CHARACTERS_MAX for _ in range(limits.TAGS_MAX))
    assert len(tags) <= limits.TAGS_CHARACTERS_MAX
    days = "\n".join("2026-01-01" for _ in range(limits.OWN_DAYS_MAX))
    assert len(days) <= limits.OWN_DAYS_CHARACTERS_MAX
    choices = "\n".join("x" * limits.FIELD_LABEL_CHARACTERS_MAX for _ in range(limits.FIELD_CHOICES_MAX))
    assert len(choices) <= limits.FIELD_CHOICES_CHARACTERS_MAX
    assert len(", ".join("09:00-12:30" for _ in range(HOURS_A_DAY_MAX))) <= limits.DAY_HOURS_CHARACTERS_MAX
    assert len(", ".join("99 %" for _ in range(STEPS_MAX))) <= limits.PERCENTS_CHARACTERS_MAX


def test_a_limit_is_found_where_it_is_defined_and_folded() -> None:
    assert list(_constants("A_BYTES_MAX = 2 * 1024\nB_MAX: int = 5\nC_MAX = timedelta(days=1)\nD = 7")) == [
        ("A_BYTES_MAX", "2048"),
        ("B_MAX", "5"),
        ("C_MAX", "timedelta(days=1)"),
    ]


def _is_limit(text: str) -> bool:
    named = OF_LIMITS.fullmatch(text)
    return named is not None and named[1] in LIMITS


def _home() -> str:
    return modules()[HOME].file.read_text(encoding="utf-8")
