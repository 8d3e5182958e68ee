"""The three simulated vendors in a process of their own, on a clock that is faster. Prints their settings as JSON.

    python -m benchmarks._soak_vendors SPEED

Each line on its input is the name of a file, into which their books are written: for each vendor what it took in all,
by its balance, and what each job has cost. Answered by an empty line.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import frozen

from benchmarks._report import ROOT
from genhub.sim import Fault, Scenario, Simulators

#: gen.pro's cells: each submit looks at its cell, so that its history should stay short.
FIRST_CELL, CELLS = 3000, 5_000
#: What a job lives through whose prompt has the mark, and at whom.
LIVES: Mapping[str, tuple[str, Scenario]] = {
    "[fails]": ("powerpost", Scenario(match="[fails]", times=None, outcome="failed")),
    "[cheaper]": ("powerpost", Scenario(match="[cheaper]", times=None, outcome="completed", final_cost=Decimal(7))),
    "[refused]": ("powerpost", Scenario(match="[refused]", times=None, http=400)),
    "[collapses]": ("genpro", Scenario(match="[collapses]", times=None, outcome="failed")),
    "[endless]": ("genpro", Scenario(match="[endless]", times=None, duration=1e9)),
    "[breaks]": ("adgen", Scenario(match="[breaks]", times=None, outcome="failed")),
    "[bumpy]": (
        "adgen",
        Scenario(match="[bumpy]", times=None, outcome="completed", fault=Fault.ERROR_500_BEFORE, on="poll"),
    ),
}


@frozen(kw_only=True)
class Books:
    """What a vendor's own books say."""

    taken: Decimal  #: opening balance less the balance
    nets: Mapping[str, Decimal]  #: by the vendor's id of a job


class Vendors:
    """The process, from outside."""

    def __init__(self, process: subprocess.Popen[str], settings: Mapping[str, Mapping[str, Any]]) -> None:
        self.settings = settings  #: of an account at each
        self._process = process

    async def books(self, file: Path) -> dict[str, Books]:
        """Return the books; `file` is written over."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(f"{file}\n")
        stdin.flush()
        await asyncio.to_thread(stdout.readline)
        said = json.loads(file.read_text("utf-8"))
        return {
            name: Books(taken=Decimal(each["taken"]), nets={key: Decimal(net) for key, net in each["nets"].items()})
            for name, each in said.items()
        }


@contextmanager
def vendors(speed: float) -> Iterator[Vendors]:
    """Run them."""
    command = [sys.executable, "-m", __name__, f"{speed}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Vendors(process, json.loads(process.stdout.readline()))
        finally:
            process.terminate()


async def serve(speed: float) -> None:
    every: dict[str, Any] = {"balance": 10**12, "rate_limit": None, "keep_requests": 100}
    names = {name for name, _ in LIVES.values()}
    options = {name: every | ({"cell_count": CELLS} if name == "genpro" else {}) for name in names}
    async with Simulators(names, speed=speed, options=options) as sims:
        for name, scenario in LIVES.values():
            sims[name].script(scenario)
        print(json.dumps({name: sims[name].settings() for name in sims}, default=str), flush=True)
        while file := (await asyncio.to_thread(sys.stdin.readline)).strip():
            said = {
                name: {
                    "taken": str(sims[name].opening_balance - sims[name].balance),
                    "nets": {job_id: str(sims[name].net(job_id)) for job_id in sims[name].jobs},
                }
                for name in sims
            }
            Path(file).write_text(json.dumps(said), "utf-8")
            print(flush=True)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
