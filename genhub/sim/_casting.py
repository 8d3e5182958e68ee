"""Which scenario a call gets."""

import contextlib
import re
from collections import Counter
from collections.abc import Callable

from ._faults import Fault
from ._http import Call, Route, subject_text
from ._jobs import SimJob
from ._scenario import Scenario, Script

#: Finds the route of a method and a path.
Find = Callable[[str, str], tuple[Route, dict[str, str]] | None]


class Casting:
    """The scenarios that wait for their call."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        #: How often each fault struck.
        self.hits: Counter[Fault] = Counter()

    def clear(self) -> None:
        """Forget them."""
        self.scripts.clear()
        self.hits.clear()

    def pick(self, call: Call, job: SimJob | None) -> None:
        """Find the scenario of a call, and use it up if it disturbs the call."""
        if job is not None and self._pick_tied(call, job):
            return
        text = subject_text(call, job) if self.scripts else ""
        chosen: Script | None = None
        for script in self.scripts:
            if not script.wants(call.kind, call.path, text):
                continue
            script.seen += 1
            if chosen is None and (script.seen > script.scenario.after or script.scenario.tied):
                chosen = script
        if chosen is None:
            return
        call.script, call.scenario = chosen, chosen.scenario
        if chosen.scenario.tied:
            # It shapes this job and will strike that job's calls: the submit itself goes well.
            self.use(chosen)
            call.script = None
        elif chosen.scenario.strikes:
            self.use(chosen)
            self._hit(chosen.scenario)

    def _pick_tied(self, call: Call, job: SimJob) -> bool:
        scenario = job.scenario
        if not scenario.tied or scenario.on != call.kind or job.fault_used:
            return False
        job.fault_seen += 1
        if job.fault_seen <= scenario.after:
            return False
        job.fault_used = True
        call.script, call.scenario = Script(scenario), scenario
        self._hit(scenario)
        return True

    def use(self, script: Script) -> None:
        """Use a scenario up, once."""
        script.used += 1
        if script.spent:
            with contextlib.suppress(ValueError):
                self.scripts.remove(script)

    def _hit(self, scenario: Scenario) -> None:
        if scenario.fault is not None:
            self.hits[scenario.fault] += 1

    def doorkeeper(self, data: bytes | None, find: Find) -> Fault | None:
        """Say whether a connection is to be dropped before its request is read."""
        if not any(s.scenario.fault is not None and s.scenario.fault.at_the_door for s in self.scripts):
            return None
        for script in self.scripts:
            scenario = script.scenario
            if data is None:
                fits = scenario.strikes and (scenario.on, scenario.match, scenario.path) == (None, None, None)
            else:
                fits = _begins(script, data, find)
            # A call that is let in is counted by `pick`.
            if not fits or script.seen < scenario.after:
                continue
            if scenario.fault is None or not scenario.fault.at_the_door or scenario.shapes:
                return None
            self.use(script)
            self._hit(scenario)
            return scenario.fault
        return None


def _begins(script: Script, data: bytes, find: Find) -> bool:
    """Say whether these bytes begin a request that a scenario is about."""
    head, _, body = data.partition(b"\r\n\r\n")
    line = re.match(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n", head)
    if line is None:
        return False
    method, target = line[1].decode(), line[2].decode("latin-1").partition("?")[0].removeprefix("/_moved")
    found = None if target.startswith("/_sim/") else find(method, target)
    return found is not None and script.wants(found[0].kind, target, body.decode("utf-8", "replace"))
