"""For authors of adapters and stores: contracts to inherit, a vendor to script, a clock that waits for nothing.

    class TestContract(ProviderContract):
        adapter = Acme
        ...

The contracts are pytest classes (with pytest-asyncio in auto mode): each inherited test's docstring is a promise.
Importing this package loads none of them, and no pytest.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genhub.testing._bench import Bench
    from genhub.testing._clock import FakeClock
    from genhub.testing._provider import ProviderContract
    from genhub.testing._store import StoreContract
    from genhub.testing._vendor import FakeVendor, SimJob, Words

_LATER = {
    "Bench": "_bench",
    "FakeClock": "_clock",
    "FakeVendor": "_vendor",
    "ProviderContract": "_provider",
    "SimJob": "_vendor",
    "StoreContract": "_store",
    "Words": "_vendor",
}
#: Modules whose assertions pytest is to explain.
_PROMISES = (
    "_bench",
    "_controls",
    "_money",
    "_preparing",
    "_reads",
    "_secrets",
    "_statuses",
    "_store",
    "_store_reads",
    "_store_records",
    "_store_routes",
    "_store_writes",
    "_submits",
    "_truth",
)

__all__ = ["Bench", "FakeClock", "FakeVendor", "ProviderContract", "SimJob", "StoreContract", "Words"]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    pytest = sys.modules.get("pytest")
    if pytest is not None:
        fresh = (f"{__name__}.{module}" for module in _PROMISES)
        pytest.register_assert_rewrite(*(module for module in fresh if module not in sys.modules))
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
