"""Fetches what runs made into the results' folder, and remembers how long that took."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import orjson
from attrs import frozen

from genhub._clock import Clock
from genhub._errors import GenhubError
from genhub._hub import Hub
from genhub._jobs import Job

log = logging.getLogger("genhub.compare")

#: One is fetched at a time, so that what is measured is the vendor's speed, and not our line shared by many.
AT_ONCE = 1


@frozen(kw_only=True)
class Fetched:
    """What is on disk of a job."""

    files: tuple[str, ...] = ()  #: relative to the results' folder
    places: tuple[Path | None, ...] = ()  #: where each output is; `None`: it has no file
    seconds: float | None = None  #: `None`: there was nothing to fetch, or it is not known any more
    lost: str | None = None  #: why something is not there


class Fetches:
    """A folder's files: `media/`, and `downloads.jsonl` with the time that each job's took."""

    def __init__(self, hub: Hub, folder: Path, clock: Clock) -> None:
        self._hub, self._folder, self._clock = hub, folder, clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._times = _read(self.times)

    @property
    def times(self) -> Path:
        return self._folder / "downloads.jsonl"

    async def fetch(self, job: Job) -> Fetched:
        """Fetch a job's files; what can't be is said, and costs nothing to fetch again."""
        if not any(each.url is not None for each in job.outputs):
            return Fetched()
        async with self._turns:
            began = self._clock.monotonic()
            try:
                files = await self._hub.download(job, self._folder / "media")
            except (GenhubError, OSError) as error:
                return Fetched(lost=f"the outputs are not on disk: {error}")
            took = self._clock.monotonic() - began
            if job.id not in self._times:  # what is there already is not fetched, only checked
                self._times[job.id] = took
                await asyncio.to_thread(self._write, job.id, took, sum(each.size for each in files))
        paths = tuple(each.path.relative_to(self._folder).as_posix() for each in files)
        at = {each.output: each.path for each in files}
        places = tuple(at.get(number) for number in range(len(job.outputs)))
        return Fetched(files=paths, places=places, seconds=self._times[job.id])

    def _write(self, job_id: str, seconds: float, size: int) -> None:
        line = orjson.dumps({"job": job_id, "seconds": seconds, "bytes": size}, option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self.times.open("ab") as file:
                file.write(line)
        except OSError as error:
            log.error("can't write %s: %s", self.times, error)


def _read(path: Path) -> dict[str, float]:
    """Read the times; a line that was cut off is left out."""
    found: dict[str, float] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            said = orjson.loads(line)
            found.setdefault(str(said["job"]), float(said["seconds"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found
