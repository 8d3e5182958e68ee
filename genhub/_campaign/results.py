"""What a campaign leaves on disk: texts and media, `results.jsonl`, and the page."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from genhub._campaign.progress import Progress
from genhub._errors import GenhubError
from genhub._hub import Hub
from genhub._jobs import Job, Output
from genhub._plain import to_dict

log = logging.getLogger("genhub.campaign")


class Results:
    """A folder with all that a run made. `at` returns a job with its URLs as they can be reached now."""

    def __init__(self, folder: Path, at: Callable[[Job], Job] | None = None) -> None:
        self.folder = folder
        self._at = at or _as_it_is

    @property
    def lines(self) -> Path:
        return self.folder / "results.jsonl"

    @property
    def page(self) -> Path:
        return self.folder / "index.html"

    def begin(self) -> None:
        """Make the folder; raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lines.write_bytes(b"")

    async def keep(self, hub: Hub, each: Progress) -> None:
        """Write down a row's outputs; what can't be is said in `each.lost`."""
        job = each.job
        assert job is not None
        try:
            if text := _texts(each, job):
                path = self.folder / "texts" / f"{_slug(each.row.name)}-{job.id[-6:]}.md"
                await asyncio.to_thread(_write, path, text.encode())
                each.text = path
            each.files = await hub.download(self._at(job), self.folder / "media")
        except (GenhubError, OSError) as error:
            each.lost = f"the outputs are not on disk: {error}"

    def append(self, each: Progress) -> None:
        """Add a row's line at once: a run that is cut off has those that were over."""
        try:
            with self.lines.open("ab") as file:
                file.write(_line(each, self.folder))
        except OSError as error:
            log.error("can't write %s: %s", self.lines, error)

    def finish(self, rows: Sequence[Progress], page: Callable[[], str]) -> str | None:
        """Write all lines in their order, and the page; returns what went wrong with it."""
        try:
            _write(self.lines, b"".join(_line(each, self.folder) for each in rows))
        except OSError as error:
            return f"{self.lines} could not be written ({error}); the journal has all jobs"
        try:
            _write(self.page, page().encode())
        except Exception as error:  # a page that fails takes no result with it
            log.exception("the page could not be made")
            return f"the page could not be made ({type(error).__name__}: {error}); {self.lines} has all results"
        return None


def _as_it_is(job: Job) -> Job:
    return job


def _line(each: Progress, folder: Path) -> bytes:
    job = None if each.job is None else to_dict(each.job)
    return orjson.dumps({**each.facts(folder), "job": job}, option=orjson.OPT_APPEND_NEWLINE, default=str)


def _texts(each: Progress, job: Job) -> str:
    """Return a job's texts as one Markdown file; empty when it has none."""
    found = [output for output in job.outputs if output.kind == "text"]
    if not found:
        return ""
    parts = [f"# {each.row.name}", f"{each.account}, job {job.id}"]
    for number, output in enumerate(found, 1):
        if len(found) > 1 or output.platform:
            parts.append(f"## {output.platform or f'Variant {number}'}")
        parts += words_of(output)
    return "\n\n".join(parts) + "\n"


def words_of(output: Output) -> list[str]:
    """Return the paragraphs of a text."""
    parts = [f"**{output.title}**"] if output.title else []
    if output.text:
        parts.append(output.text)
    elif output.fields:
        parts.append(orjson.dumps(output.fields, option=orjson.OPT_INDENT_2, default=str).decode())
    if output.hashtags:
        parts.append(" ".join(output.hashtags))
    return parts


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "row"


def _write(path: Path, content: bytes) -> None:
    """Write a file whole, or leave the one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
