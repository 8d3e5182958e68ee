from __future__ import annotations

from collections.abc import Callable

import pytest

from genhub.stores import JobStore, open_store
from genhub.stores._memory import MemoryStore
from genhub.testing import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def make_store(self) -> Callable[[], JobStore]:
        store = MemoryStore()
        return lambda: store


def test_its_url_is_memory() -> None:
    assert isinstance(open_store("memory:"), MemoryStore)
    assert "memory" == MemoryStore().name
    assert MemoryStore().spill is None
