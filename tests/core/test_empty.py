"""One empty table for all records that have none."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from genhub import Call, ImageRequest, Output
from genhub._empty import EMPTY, Empty


def test_records_without_tables_share_one() -> None:
    """A request, a call and an output without tables of their own hold the same one, equal to any empty table."""
    request, call, output = ImageRequest(prompt="soup"), Call(kind="k", path="/", body={}), Output(kind="text")
    tables = [request.tags, request.extra, call.query, call.headers, output.fields]

    assert all(each is EMPTY for each in tables)
    assert {} == EMPTY
    assert ImageRequest(prompt="soup", tags={}, extra={}) == request


FILLS: list[Callable[[Empty], Any]] = [
    lambda table: table.__setitem__("x", 1),
    lambda table: table.update(x=1),
    lambda table: table.setdefault("x", 1),
    lambda table: table.__ior__({"x": 1}),
]


@pytest.mark.parametrize("fill", FILLS, ids=["item", "update", "setdefault", "or"])
def test_nobody_can_fill_it(fill: Callable[[Empty], Any]) -> None:
    """What one request would put in would be in all others: it is refused."""
    with pytest.raises(TypeError, match="new record"):
        fill(EMPTY)

    assert not EMPTY


def test_it_is_one_table_after_any_copy() -> None:
    """Copied, pickled or written as JSON it is an empty table, and the same one where it is an object."""
    assert copy.copy(EMPTY) is copy.deepcopy(EMPTY) is pickle.loads(pickle.dumps(EMPTY)) is EMPTY
    assert b"{}" == orjson.dumps(EMPTY)
    assert {"x": 1} == {**EMPTY, "x": 1} == EMPTY | {"x": 1}
