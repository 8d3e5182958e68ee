"""The simulators: faults, scenarios, switches."""

from __future__ import annotations

from typing import Any

import attrs

from docs._comments import comments
from docs._settings import default_words, meaning
from docs._tables import block, code, table


@block
def faults() -> str:
    """Every fault of the simulators."""
    from genhub.sim import Fault

    said = comments(Fault)
    return table(
        ["fault", "made and charged", "what happens"],
        [[code(f), "yes" if f.creates else "no", said[f.name]] for f in Fault],
    )


@block
def scenario() -> str:
    """The fields of a scenario."""
    from genhub.sim import Scenario

    rows = [[code(f.name), default_words(f), meaning("scenario", f.name, Scenario)] for f in attrs.fields(Scenario)]
    return table(["field", "default", "meaning"], rows)


@block
def switches(name: str) -> str:
    """The arguments of a simulator's constructor that are its own."""
    from genhub.sim import Simulator

    kind = {each.__name__.lower(): each for each in simulators()}[f"{name}sim"]
    common = {each.name for each in attrs.fields(Simulator)}
    rows = [
        [code(each.alias or each.name), default_words(each), meaning(f"{name}sim", each.name, kind)]
        for each in attrs.fields(kind)
        if each.init and each.name not in common
    ]
    return table(["argument", "default", "meaning"], rows)


@block
def common_switches() -> str:
    """The arguments of every simulator's constructor."""
    from genhub.sim import Simulator

    rows = [
        [code(each.alias or each.name), default_words(each), meaning("sim", each.name, Simulator)]
        for each in attrs.fields(Simulator)
        if each.init
    ]
    return table(["argument", "default", "meaning"], rows)


def simulators() -> tuple[type[Any], ...]:
    """Return the built-in simulators' classes."""
    from genhub.sim import AdGenSim, GenProSim, PowerPostSim

    return PowerPostSim, GenProSim, AdGenSim
