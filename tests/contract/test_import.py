"""What an author's import loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import genhub.testing

BLOCKED = """
import sys
sys.modules["pytest"] = sys.modules["_pytest"] = None
"""


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_the_package_loads_nothing_heavy() -> None:
    """`import genhub.testing` loads no pytest, no aiohttp and no contract."""
    _run(
        "import sys, genhub.testing\n"
        "heavy = {'pytest', 'aiohttp', 'genhub.sim', 'genhub.testing._provider', 'genhub.testing._store'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )


def test_clock_vendor_and_the_contract_of_adapters_need_no_pytest() -> None:
    """Where pytest is missing, its absence is met by who asks for what needs it, and by nobody else."""
    _run(BLOCKED + "from genhub.testing import FakeClock, FakeVendor, ProviderContract, SimJob, Words\n")


def test_all_its_names_are_there() -> None:
    for name in genhub.testing.__all__:
        assert getattr(genhub.testing, name).__name__ == name
    assert dir(genhub.testing) == sorted(genhub.testing.__all__)
    with pytest.raises(AttributeError):
        genhub.testing.Nothing  # noqa: B018
