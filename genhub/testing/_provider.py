"""The contract of an adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genhub._billing import Rule
from genhub.sim import Fault
from genhub.testing._controls import ControlPromises
from genhub.testing._money import MoneyPromises
from genhub.testing._preparing import PreparePromises
from genhub.testing._reads import ReadPromises
from genhub.testing._secrets import SecretPromises
from genhub.testing._statuses import StatusPromises
from genhub.testing._submits import SubmitPromises

if TYPE_CHECKING:
    import pytest


class ProviderContract(
    StatusPromises,
    MoneyPromises,
    SubmitPromises,
    ReadPromises,
    ControlPromises,
    PreparePromises,
    SecretPromises,
):
    """What every adapter promises. Inherit it as `class TestContract(ProviderContract)`, state what `Statement` asks.

    Every promise is tried over real sockets, against a vendor that has books of its own, at every fault of the wire.
    """

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Try a promise for every kind of call, word, rule and fault that it speaks of."""
        names = metafunc.fixturenames
        if "rule" in names:
            rules = self.rules()
            metafunc.parametrize(("kind", "rule"), rules, ids=[_name(kind, rule) for kind, rule in rules])
        elif "kind" in names:
            metafunc.parametrize("kind", self.requests)
        if "word" in names:
            metafunc.parametrize("word", self.documented)
        if "fault" in names:
            metafunc.parametrize("fault", Fault, ids=str)
        for verb in ("stop", "resume"):
            if f"{verb}_fault" in names:
                metafunc.parametrize(f"{verb}_fault", list(Fault) if self.can(verb) else [], ids=str)

    def rules(self) -> list[tuple[str, Rule]]:
        """Return the rules of the billing profile, each with every kind of call that it is for."""
        return [
            (kind, rule) for rule in self.adapter.billing.rules for kind in self.requests if rule.kind in (None, kind)
        ]


def _name(kind: str, rule: Rule) -> str:
    outputs = {None: "", True: "-with-outputs", False: "-without-outputs"}[rule.outputs]
    return f"{kind}-{rule.moment}{outputs}"
