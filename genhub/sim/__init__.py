"""The vendors' APIs, simulated on real sockets: clocks, queues, books, refunds, and faults at every point of the wire.

    async with Simulators() as sims:
        sims.powerpost.settings()                                   # an account for genhub.toml
        sims.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))    # the next submit is charged, and not answered

What the vendors' documents say explicitly is held to; where they are silent the choice is an argument of the
simulator's constructor. Apps in other languages steer a simulator by HTTP, under `/_sim/`:

    GET  /_sim/state                       clock, balance, ledger, jobs, counts
    POST /_sim/scenarios   {...} or [...]  the fields of `Scenario`
    POST /_sim/balance     {"balance": 5}
    POST /_sim/reset
    POST /_sim/clock       {"advance": 60}
    POST /_sim/jobs/{id}/{cancel|expire|revive|stop|continue}
"""

from ._clock import MANUAL_START, AnyClock, Clock
from ._faults import Fault, billable_faults
from ._http import Seen
from ._jobs import SimJob
from ._ledger import Ledger, LedgerLine
from ._scenario import Scenario
from ._server import Simulator
from ._simulators import GROUP, Simulators
from .adgen import AdGenSim
from .genpro import GenProSim
from .powerpost import PowerPostSim

__all__ = [
    "GROUP",
    "MANUAL_START",
    "AdGenSim",
    "AnyClock",
    "Clock",
    "Fault",
    "GenProSim",
    "Ledger",
    "LedgerLine",
    "PowerPostSim",
    "Scenario",
    "Seen",
    "SimJob",
    "Simulator",
    "Simulators",
    "billable_faults",
]
