"""The words: statuses, requests, errors, secrets, and the public surface."""

from __future__ import annotations

import copy
import math
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import genhub
from genhub import (
    AllAttemptsFailed,
    GenhubError,
    ImageRequest,
    InvalidRequest,
    RateLimited,
    Secret,
    SpeechRequest,
    Status,
    StatusTable,
    TextRequest,
    VideoRequest,
    _errors,
)


def test_the_public_names_are_sorted_and_complete() -> None:
    """Every public name is listed once, sorted, and can be had."""
    assert sorted(genhub.__all__) == list(genhub.__all__)
    assert len(set(genhub.__all__)) == len(genhub.__all__)
    for name in genhub.__all__:
        assert getattr(genhub, name) is not None
    words = {name for name, value in vars(genhub).items() if not name.startswith("_") and hasattr(value, "__module__")}
    assert words - {"TYPE_CHECKING", "annotations", "import_module", "Any"} <= set(genhub.__all__)


def test_names_that_load_later_are_declared_for_type_checkers_too() -> None:
    """The table of late names and the imports that type checkers see are the same."""
    source = Path(genhub.__file__).read_text("utf-8")
    block = source.split("if TYPE_CHECKING:")[1].split("#: What is heavier")[0]
    declared = {
        name.strip(): module.removeprefix("genhub").removeprefix(".")
        for module, names in re.findall(r"from (genhub[\w.]*) import ([\w, ]+)", block)
        for name in names.split(",")
    }

    assert {**genhub._LATER, "sync": ""} == declared


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typo in a name does not import anything."""
    with pytest.raises(AttributeError, match="no attribute 'Hubb'"):
        genhub.Hubb  # noqa: B018


def test_importing_genhub_loads_no_network_no_database_and_no_adapter() -> None:
    """`import genhub` costs next to nothing, whatever it is imported for."""
    code = (
        "import sys, genhub; print([m for m in sys.modules if m.split('.')[0] in "
        "('aiohttp', 'sqlite3', '_sqlite3', 'asyncio', 'cattrs', 'orjson', 'ssl', 'click', 'rich') "
        "or m.startswith('genhub_')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


def test_only_ends_are_final() -> None:
    """Polling stops at these words and at no other."""
    final = {"succeeded", "failed", "stopped", "canceled", "expired"}

    assert final == {str(each) for each in Status if each.is_final}
    assert {"submitting", "unconfirmed"} == {str(each) for each in Status if each.in_doubt}


@given(st.text())
def test_a_word_that_no_table_knows_is_unknown_and_not_final(word: str) -> None:
    """An invented status never ends a job."""
    table = StatusTable.of(queued=("pending",), succeeded=("completed",))
    expected = {"pending": Status.QUEUED, "completed": Status.SUCCEEDED}.get(word, Status.UNKNOWN)

    assert expected is table[word]
    assert not Status.UNKNOWN.is_final


def test_a_single_word_is_a_list_of_one() -> None:
    """`platforms="x"` is one platform, not one letter; `"tiktok"` is not six."""
    assert ("tiktok",) == TextRequest(platforms="tiktok").platforms
    assert ("a", "b") == TextRequest(platforms=["a", "b"]).platforms


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        (TextRequest, {"prompt": ""}, "prompt"),
        (TextRequest, {"prompt": "  \n"}, "prompt"),
        (TextRequest, {"prompt": 5}, "prompt"),
        (TextRequest, {"platforms": ("x", "")}, "platforms"),
        (TextRequest, {"platforms": (1,)}, "platforms"),
        (TextRequest, {"length": "medium"}, "length"),
        (TextRequest, {"count": 0}, "count"),
        (TextRequest, {"count": 1.5}, "count"),
        (TextRequest, {"count": True}, "count"),
        (ImageRequest, {"count": "three"}, "count"),
        (VideoRequest, {"duration": -1}, "duration"),
        (VideoRequest, {"duration": float("nan")}, "duration"),
        (VideoRequest, {"duration": float("inf")}, "duration"),
        (VideoRequest, {"audio": "yes"}, "audio"),
        (SpeechRequest, {"speed": "fast"}, "speed"),
        (TextRequest, {"extra": {"powerpost": 3}}, "extra"),
        (TextRequest, {"extra": "powerpost"}, "extra"),
        (TextRequest, {"tags": ["a"]}, "tags"),
        (TextRequest, {"label": ""}, "label"),
    ],
)
def test_a_wrong_field_is_named_before_anything_is_sent(kind: Any, fields: dict[str, Any], named: str) -> None:
    """Bad input is an InvalidRequest that names the field."""
    with pytest.raises(InvalidRequest, match=f"^{named} .*nothing was sent") as caught:
        kind(**fields)

    assert f"invalid_{named}" == caught.value.code


def test_what_was_asked_leaves_out_the_users_own_books() -> None:
    """`asked` is what a vendor could be told."""
    request = TextRequest(prompt="hi", label="mine", tags={"a": "b"}, platforms=("x",))

    assert {"prompt": "hi", "platforms": ("x",)} == request.asked()


def _tree(kind: type[BaseException], depth: int = 0) -> list[tuple[int, str]]:
    public = [sub for sub in kind.__subclasses__() if sub.__module__ == _errors.__name__]
    found = [] if kind.__name__.startswith("_") else [(depth, kind.__name__)]
    for sub in public:
        found += _tree(sub, depth + (0 if kind.__name__.startswith("_") else 1))
    return found


def test_the_docstring_of_the_errors_shows_the_true_tree() -> None:
    """Whoever reads the drawing knows the classes."""
    drawn = re.findall(r"^( *)\* (\w+)$", _errors.__doc__ or "", re.MULTILINE)

    assert sorted((len(indent) // 2, name) for indent, name in drawn) == sorted(set(_tree(GenhubError)))


def test_which_errors_let_a_route_go_on() -> None:
    """`fallback` is a fact of the class: true for exactly those after which nothing was bought here."""
    goes_on = {
        "AuthenticationError", "PermissionDenied", "InsufficientCredits", "InvalidRequest", "NotFound", "RateLimited",
        "ProviderUnavailable", "UnsupportedRequest", "BudgetExceeded",
    }  # fmt: skip
    named = {name for _, name in _tree(GenhubError)} - {"ProviderError"}

    assert goes_on == {name for name in named if getattr(genhub, name).fallback}


def test_a_provider_error_says_all_that_support_asks_for() -> None:
    """Account, code, status, request id and wait are in the message and in the facts."""
    error = genhub.RateLimited(
        "slow down", account="pp", code="RATE", http_status=429, request_id="r-1", retry_after=30.0
    )

    assert "pp: slow down (429, RATE, request r-1, retry after 30 s)" == str(error)
    assert {"type": "RateLimited", "account": "pp", "retry_after": 30.0}.items() <= error.facts().items()


@pytest.mark.parametrize(
    ("said", "believed"),
    [(None, None), (0.0, 0.0), (30.0, 30.0), (7200.0, 3600.0), (math.inf, 3600.0), (math.nan, None), (-1.0, None)],
)
def test_when_to_come_again_is_believed_up_to_an_hour(said: float | None, believed: float | None) -> None:
    """Whoever says it; what is no time counts as not said."""
    assert believed == RateLimited("slower", retry_after=said).retry_after


def test_all_attempts_failed_is_a_group_and_a_genhub_error() -> None:
    """`except*` and `except GenhubError` both find it."""
    group = AllAttemptsFailed("no account could", [InvalidRequest("a"), genhub.NotFound("b")])

    assert isinstance(group, GenhubError)
    match, rest = group.split(InvalidRequest)
    assert match is not None and rest is not None
    assert AllAttemptsFailed is type(rest)


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda secret: repr({"k": secret})])
def test_a_secret_never_shows_itself(show: Any) -> None:
    """Not in a repr, not in a format, not inside something else."""
    assert "hunter2" not in show(Secret("hunter2"))


def test_a_secret_is_not_pickled() -> None:
    """A pickle would carry it somewhere."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("hunter2"))
    with pytest.raises(TypeError):
        copy.copy(Secret("hunter2"))
