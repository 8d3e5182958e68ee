"""When to read jobs: requests a job against the delay until an end is seen, for genhub and for the field's ways.

First in simulation, jobs by the ten thousand: single reads, jobs whose phases the vendor shows, lists, a limit of
requests; beside fixed intervals, backoff, the defaults of the field's clients, and the exact optimum of whoever knows
the true distribution. Then end to end: a hub, the simulated PowerPost on real sockets, in virtual time.
"""

from __future__ import annotations

import logging
import sys

from benchmarks import _fleet_hub, _fleet_lists, _fleet_phases, _fleet_polls
from benchmarks._fleet_polls import settled
from benchmarks._report import Report, arguments, finish, versions

#: Every so many seeds one is worth playing lists with, which takes longer.
FEWER = 3


def measure(seeds: int) -> Report:
    """Run it all."""
    polls = [_fleet_polls.ratios(seed) for seed in range(seeds)]
    lists = [_fleet_lists.ratios(seed) for seed in range(max(seeds // FEWER, 1))]
    phases = [_fleet_phases.ratios(seed) for seed in range(seeds)]
    hub = _fleet_hub.measure()
    return Report(
        name="fleet",
        tables=[
            _fleet_polls.policies(range(min(seeds, FEWER))),
            _fleet_polls.comparison(polls),
            _fleet_phases.table(phases),
            *_fleet_lists.tables(lists),
            _fleet_hub.table(hub),
        ],
        figures=settled(polls) | settled(phases) | settled(lists) | _fleet_hub.figures(hub),
        goals=[*_fleet_polls.GOALS, *_fleet_phases.GOALS, *_fleet_lists.GOALS, *_fleet_hub.GOALS],
        versions=versions("genhub-jobs", "aiohttp"),
    )


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=9, help="rounds, each with jobs and a history of its own")
    options = parser.parse_args()
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    return finish(measure(options.seeds), options)


if __name__ == "__main__":
    sys.exit(main())
