"""What two runs of a comparison have in common: requests, targets, and runs that may stand against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import evolve

from genhub._errors import ConfigError
from genhub._requests import Request
from genhub.compare._records import Observation, Outcome, Results

#: A target's runs by case.
Runs = Mapping[str, Sequence[Observation]]


def cases_of(old: Results, new: Results) -> dict[str, str]:
    """Return the cases that both have: the old one's name and the new one's."""
    mine = {case.name: _asked(case.request) for case in new.cases}
    pairs: dict[str, str] = {}
    left = dict(mine)
    for same in (True, False):  # by name and request first, then by request
        for case in old.cases:
            fits = (name for name, asked in left.items() if asked == _asked(case.request))
            name = next((each for each in fits if not same or each == case.name), None)
            if case.name not in pairs and name is not None:
                pairs[case.name] = name
                del left[name]
    return pairs


def _asked(request: Request) -> tuple[str, object, object]:
    return request.kind, request.asked(), request.extra


def comparable(old: Results, new: Results, cases: Mapping[str, str], *, common: bool) -> None:
    """Raise ConfigError when two runs can't be compared, or only in part and that is not asked for."""
    if old.fingerprint != new.fingerprint and not common:
        raise ConfigError(
            f"the old results are of other requests: {len(cases)} of the {len(new.cases)} requests are in both",
            where=old.suite,
            remedy="Compare only the requests that both have (--common), or run the old suite again"
            if cases
            else "Name results of the same requests",
        )
    if not cases:
        raise ConfigError(
            "the old and the new results have no request in common",
            where=old.suite,
            remedy="Name results of the same requests",
        )
    if not set(old.targets) & set(new.targets):
        raise ConfigError(
            f"the old results are of {', '.join(old.targets)}, the new ones of {', '.join(new.targets)}: "
            "no target is in both",
            where=old.suite,
            remedy="Name results of the same accounts or routes",
        )


def runs_of(results: Results, target: str, cases: Mapping[str, str]) -> Runs:
    """Return a target's runs by the new names of the cases, in the order of the repetitions."""
    runs: dict[str, list[Observation]] = {name: [] for name in cases.values()}
    for each in sorted(results.of(target), key=lambda each: each.repetition):
        if each.case in cases:
            runs[cases[each.case]].append(evolve(each, case=cases[each.case]))
    return runs


def gone(then: Sequence[Observation], now: Sequence[Observation]) -> bool:
    """Return whether a request that was done can't be done any more."""
    could = any(each.outcome is Outcome.SUCCEEDED for each in then)
    return could and bool(now) and all(each.outcome is Outcome.UNSUPPORTED for each in now)


def chosen(runs: Runs, keep: Callable[[Observation], bool]) -> Runs:
    """Return the runs that are to be kept, by the same cases."""
    return {case: [each for each in found if keep(each)] for case, found in runs.items()}


def balanced(then: Runs, now: Runs) -> tuple[Runs, Runs]:
    """Return the runs such that each case weighs the same on both sides."""
    sizes = [(len(then[case]), len(now[case])) for case in now if then[case] or now[case]]
    if all(a * sizes[0][1] == b * sizes[0][0] and a and b for a, b in sizes):
        return then, now
    least = {case: min(len(then[case]), len(now[case])) for case in now}
    return tuple({case: side[case][: least[case]] for case in now} for side in (then, now))  # type: ignore[return-value]


def caveats_of(old: Results, new: Results, cases: Mapping[str, str]) -> Iterator[str]:
    """Say what else differs between two runs, or was left undone."""
    if old.fingerprint != new.fingerprint:
        have = f"{len(cases)} requests that both have are" if len(cases) > 1 else "one request that both have is"
        said = f"Only the {have} compared"
        yield f"{said}: the old run asked for {len(old.cases)}, the new one for {len(new.cases)}"
    if old.simulated != new.simulated:
        which = "old" if old.simulated else "new"
        yield f"The {which} run was at simulators, the other at the vendors: that is no change of a vendor"
    if old.timeout != new.timeout:
        waited = [f"{each:g} s" if each is not None else "without end" for each in (old.timeout, new.timeout)]
        yield f"The old run waited {waited[0]}, the new one {waited[1]}: times and success are as of the shorter"
    for which, run in (("old", old), ("new", new)):
        if not run.complete:
            yield f"The {which} run is not complete"
    if old.began_at > new.began_at:
        yield "The old run began after the new one"
