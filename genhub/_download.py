"""Outputs to disk: streamed, resumable, checksummed. Buys nothing, and sends no account's secret anywhere."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from genhub._errors import ProviderUnavailable
from genhub._jobs import Job, Output
from genhub._retry import delays
from genhub.http import Sessions

if TYPE_CHECKING:
    import aiohttp

CHUNK = 1024 * 1024
TRIES = 4


@frozen(kw_only=True)
class File:
    """An output on disk."""

    output: int  #: its place among the job's outputs, from 0
    path: Path
    size: int  #: bytes
    sha256: str


async def download(sessions: Sessions, job: Job, folder: Path) -> tuple[File, ...]:
    """Fetch every output that has a URL; what is there already is only checked."""
    files: list[File] = []
    for place, output in enumerate(job.outputs):
        if output.url is not None:
            path = folder / f"{job.id}-{place}{_suffix(output)}"
            files.append(await _fetch(sessions.reads(), output.url, path, place))
    return tuple(files)


async def _fetch(session: aiohttp.ClientSession, url: str, path: Path, place: int) -> File:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        await _stream(session, url, part)
        part.replace(path)
    digest = await asyncio.to_thread(_sha256, path)
    return File(output=place, path=path, size=path.stat().st_size, sha256=digest)


async def _stream(session: aiohttp.ClientSession, url: str, part: Path) -> None:
    """Write the body behind what is there of it; tried again a few times, each time from where it broke off."""
    import aiohttp

    waits = delays(0.5, 10.0)
    for left in reversed(range(TRIES)):
        have = part.stat().st_size if part.exists() else 0
        headers = {"User-Agent": "genhub", **({"Range": f"bytes={have}-"} if have else {})}
        try:
            async with session.get(
                url, headers=headers, timeout=aiohttp.ClientTimeout(total=None, sock_read=60)
            ) as got:
                if got.status == 416:  # nothing is behind what is there
                    return
                if got.status not in (200, 206):
                    raise ProviderUnavailable(f"the output can't be fetched: {_shown(url)}", http_status=got.status)
                resumed = got.status == 206
                with part.open("ab" if resumed else "wb") as file:
                    async for chunk in got.content.iter_chunked(CHUNK):
                        await asyncio.to_thread(file.write, chunk)
            return
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if not left or (isinstance(error, OSError) and error.filename is not None):
                raise ProviderUnavailable(f"the output can't be fetched: {_shown(url)}: {error}") from error
            await asyncio.sleep(next(waits))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(url: str) -> str:
    """A URL without its query, which may carry a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _suffix(output: Output) -> str:
    known = PurePosixPath(urlsplit(output.url or "").path).suffix
    if known and known[1:].isalnum() and len(known) <= 6:
        return known.lower()
    return {"image": ".png", "video": ".mp4", "audio": ".mp3"}.get(output.kind, ".bin")
