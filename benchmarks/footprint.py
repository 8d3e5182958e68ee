"""What genhub weighs: CPU of `import genhub` against `import aiohttp`, modules, memory, the size of an installation.

genhub is installed from this folder, without extras, into a fresh environment under `.bench/`; what is measured is
measured there. Every figure is a median over rounds in which each subject is started once, in turn; the bare
interpreter of the same round is taken off. `--no-peers` leaves the field out.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from attrs import frozen

from benchmarks._fresh import Start, Subject, importtime, installed, rounds
from benchmarks._peers import NotInstalled, Peer, chosen, environment, install, pip, versions_in
from benchmarks._report import ROOT, Goal, Report, Table, arguments, finish, interval

IMPORT = "CPU of import genhub / import aiohttp"
#: What comes with genhub, itself left out.
COUNT = "distributions that the core brings"
SIZE = "MB that the core brings"
ITSELF = "genhub-jobs"
GOALS = (
    Goal(figure=IMPORT, most=0.5),
    Goal(figure=IMPORT, most=0.35, later=True),
    Goal(figure=COUNT, most=13),
    Goal(figure=SIZE, most=13),
)
HEAD = (
    "import of",
    "CPU, ms",
    "x aiohttp (95 %)",
    "-X importtime, ms",
    "modules",
    "memory, MiB",
    "distributions",
    "MB",
)
NOTES = (
    "CPU: user and system time of the process. -X importtime: the least of 5 runs, wall time.",
    "distributions, MB: of an environment with that one alone, itself included, without pip; files without .pyc.",
    "The goals are for what comes with genhub, its dependencies: itself is not counted there.",
)


@frozen
class Measured:
    """All starts of all subjects, round by round."""

    starts: dict[str, list[Start]]

    def net(self, name: str) -> list[float]:
        """Return the CPU of an import in milliseconds: the bare interpreter's of the same round is taken off."""
        pairs = zip(self.starts[name], self.starts["python"], strict=True)
        return [1000 * (mine.cpu - bare.cpu) for mine, bare in pairs]

    def shares(self, name: str) -> list[float]:
        """Return the CPU of an import as a share of aiohttp's."""
        return [mine / other for mine, other in zip(self.net(name), self.net("aiohttp"), strict=True)]

    def row(self, name: str, importtime: float, weight: tuple[int, float] | None) -> tuple[str, ...]:
        """Return the line of the table."""
        mine, bare = self.starts[name], self.starts["python"]
        low, high = interval(self.shares(name))
        return (
            name,
            f"{median(self.net(name)):.0f}",
            "1" if name == "aiohttp" else f"{median(self.shares(name)):.2f} ({low:.2f} to {high:.2f})",
            f"{importtime:.0f}",
            f"{mine[0].modules - bare[0].modules}",
            f"{median(each.rss for each in mine) - median(each.rss for each in bare):.1f}",
            *(("-", "-") if weight is None else (str(weight[0]), f"{weight[1]:.1f}")),
        )


async def core() -> Path:
    """Return the interpreter of an environment with genhub as it is now, and nothing else."""
    interpreter = await install("core", str(ROOT))
    await pip(interpreter, "--force-reinstall", "--no-deps", str(ROOT))
    return interpreter


async def environments(peers: Sequence[Peer]) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the interpreters of the peers that could be installed, and why the others could not."""
    made: dict[str, Path] = {}
    missing: dict[str, str] = {}
    for peer in peers:
        try:
            made[peer.distribution] = await install(peer.distribution, peer.distribution)
        except (NotInstalled, OSError) as error:
            missing[peer.distribution] = f"not run: {error}"
    return made, missing


async def measure(peers: Sequence[Peer], count: int) -> Report:
    """Run it all."""
    home = await core()
    made, missing = await environments(peers)
    modules = {peer.distribution: peer.module for peer in peers}
    subjects = [Subject(name=name, interpreter=home, code=f"import {name}") for name in ("genhub", "aiohttp")]
    subjects += [Subject(name=name, interpreter=where, code=f"import {modules[name]}") for name, where in made.items()]
    env = environment()
    measured = Measured(rounds([Subject(name="python", interpreter=home, code="pass"), *subjects], count, env))
    totals = {each.name: min(importtime(each, env) for _ in range(5)) for each in subjects}
    sizes = {"genhub": installed(home)} | {name: installed(where) for name, where in made.items()}
    count_brought, size_brought = installed(home, without=(ITSELF,))
    figures = {IMPORT: median(measured.shares("genhub")), COUNT: float(count_brought), SIZE: size_brought}
    figures |= {f"{name}, import, CPU ms": median(measured.net(name)) for name in totals}
    figures |= {f"{name}, importtime ms": total for name, total in totals.items()}
    rows = [measured.row(name, total, sizes.get(name)) for name, total in totals.items()]
    rows += [(name, why, *["-"] * 6) for name, why in missing.items()]
    title = f"Footprint: medians of {count} rounds, the bare interpreter taken off"
    found = await versions_in(home, ITSELF, "aiohttp")
    for name, where in made.items():
        found |= await versions_in(where, name)
    table = Table(title=title, head=HEAD, rows=rows, notes=NOTES)
    return Report(name="footprint", tables=[table], figures=figures, goals=GOALS, versions=found)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options, peers = chosen(parser)
    return finish(asyncio.run(measure(peers, options.rounds)), options)


if __name__ == "__main__":
    sys.exit(main())
