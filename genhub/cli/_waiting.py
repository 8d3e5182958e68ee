"""Waiting for one job where people see it: a status line on a terminal, and a line when its route goes on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from rich.status import Status
from rich.text import Text

from genhub._campaign import words
from genhub._events import Event, EventName
from genhub._jobs import Job
from genhub.cli._out import Out, clean


class Waiting:
    """Listens to a hub that does one job, and shows how that stands; to a program nothing."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._line: Status | None = None

    def __call__(self, event: Event) -> None:
        job, attempt = event.job, event.attempt
        if event.name is not EventName.STATUS or job is None or attempt is None:
            return
        if event.detail.get("old") is None and not self._out.json:
            why = words.detour(job, attempt)
            if why is not None:
                self._out.say(f"attempt {attempt.number} at {attempt.account}: {why}")
        self.show(job)

    def show(self, job: Job) -> None:
        """Say how the job stands now."""
        if self._line is not None:
            self._line.update(Text(clean(doing(job))))

    @contextmanager
    def shown(self) -> Generator[None]:
        """Keep the status line, where there is a terminal."""
        if self._out.json or not self._out.aside.is_terminal:
            yield
            return
        with self._out.aside.status("sending") as self._line:
            try:
                yield
            finally:
                self._line = None


def doing(job: Job) -> str:
    """Return how a job stands: at whom, and which attempt that is."""
    said = f"{job.status} at {job.account} ({job.id})"
    if job.route is None:
        return said
    on = f" of route {job.route.route}" if job.route.route else ""
    return f"{said}, attempt {job.attempt.number}{on}"
