"""Vendors over real sockets, and children that live and die."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.core.conftest import world
from tests.money._nursery import Nursery, nursery

__all__ = ["births", "world"]


@pytest.fixture(scope="session")
def births() -> Iterator[Nursery]:
    """The process from which children are forked."""
    with nursery() as it:
        yield it
