"""PowerPost (https://powerpost.ai): captions for six platforms, images, videos; and posts, in its own verbs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from attrs import Attribute, field, frozen

from genhub import (
    Balance,
    BillingProfile,
    Call,
    ConfigError,
    Receipt,
    Ref,
    Request,
    Secret,
    Snapshot,
    UnsupportedRequest,
    WebhookHint,
)
from genhub.http import Dialect, Http, Id

from ._billing import BILLING, UNIT
from ._calls import NAME, call_for
from ._generations import PAGE, GenerationPage, Generations
from ._outputs import snapshot
from ._posts import Posts
from ._tables import CODES, EVENTS, READS, STATUSES
from ._wire import (
    Generation,
    Holding,
    Job,
    Media,
    Post,
    PostItem,
    Publication,
    Started,
    about,
    complaint,
    ref_of,
    table,
    unread,
    words,
)

#: So many jobs that a list did not show are read at the same time.
AT_ONCE = 16
#: What is listed: a submit is answered by this word already (trap 1).
AT_WORK = "processing"


def _secret(text: str | Secret) -> Secret:
    return Secret.of(text)


def _filled(_: object, at: Attribute[Any], value: Secret | str) -> None:
    if not (value.reveal() if isinstance(value, Secret) else value).strip():
        raise ConfigError("is empty", where=at.name, remedy="It is in PowerPost's dashboard, under Settings")


@frozen(kw_only=True)
class PowerPost(Generations, Posts):
    """One workspace of a PowerPost account. The workspace holds what is made, the account pays for all of its own."""

    name: ClassVar[str] = NAME
    billing: ClassVar[BillingProfile] = BILLING
    dialect: ClassVar[Dialect] = Dialect(complaint=complaint, codes=CODES, request_id="X-Request-Id", paces=True)
    poll_every: ClassVar[Mapping[str, float]] = {"captions": 2.0, "image": 2.0, "video": 10.0}
    lists: ClassVar[Mapping[str, int]] = {"captions": PAGE}

    api_key: Secret = field(converter=_secret, validator=_filled)
    workspace_id: str = field(validator=_filled)
    base_url: str = "https://powerpost.ai/api/v1"

    @property
    def scope(self) -> str:
        """Generations are seen only from their workspace (section 1)."""
        return f"{self.base_url} {self.workspace_id}"

    async def headers(self) -> Mapping[str, str]:
        return {"x-api-key": self.api_key.reveal(), "X-Workspace-Id": self.workspace_id}

    def prepare(self, request: Request, key: str, *, adjust: bool) -> Call:
        """Build the vendor's call. The key goes nowhere: PowerPost knows no idempotency (trap 20)."""
        return call_for(request, adjust=adjust)

    async def submit(self, http: Http, call: Call) -> Receipt:
        """Send the call, once. Only the documented 200 is a success (trap 11)."""
        answer = await http.charge(call)
        started = about(answer, call.kind, Started)
        word = words(started.status) or ""
        return Receipt(
            ref=ref_of(call.kind, started.id),
            status=STATUSES[word],
            raw_status=word,
            charged=started.credits_used,
            # A look at the whole account's balance, which others move too (trap 19).
            balance=started.remaining_credits,
            request_id=answer.request_id,
        )

    async def poll(self, http: Http, ref: Ref) -> Snapshot:
        """Read the job, where jobs of its kind are read (trap 17)."""
        if ref.kind not in READS:
            raise UnsupportedRequest(f"reads {', '.join(READS)}, no {ref.kind!r}", provider=NAME)
        answer = await http.read(ref_of(ref.kind, ref.id).path)
        job = about(answer, ref.kind, Job)
        if job.id not in (None, ref.id):
            raise unread(http, answer, f"asked for {ref.id}, the answer is about {job.id}")
        return snapshot(answer, job, ref)

    async def poll_many(self, http: Http, refs: Sequence[Ref]) -> Mapping[Ref, Snapshot]:
        """Read many captions by the list of what is in work; what it does not show is read by a call of its own.

        That is due anyway: the list shows no outputs (trap 5). Other kinds have no list and are left out. Of the list
        no more pages are read than there are jobs to read, each of which could be read by a call of its own.
        """
        wanted = {ref.id: ref for ref in refs if ref.kind == "captions"}
        open_ = dict[Ref, Snapshot]()
        if len(wanted) > 1:
            async for page in self._pages(http, status=AT_WORK, most=len(wanted)):
                for line in page.items:
                    now = STATUSES[line.status]
                    if not now.is_final and (ref := wanted.pop(line.generation_id, None)) is not None:
                        open_[ref] = Snapshot(ref=ref, status=now, raw_status=line.status, complete=False)
                if not wanted:
                    break
        done, left = dict[Ref, Snapshot](), deque(wanted.values())

        async def read() -> None:
            while left:
                ref = left.popleft()
                # One that can't be read is left out like one that was not found: its own poll will say why.
                with suppress(Exception):
                    done[ref] = await self.poll(http, ref)

        await asyncio.gather(*(read() for _ in range(min(AT_ONCE, len(left)))))
        return open_ | done

    async def balance(self, http: Http) -> Balance:
        """Read the account's credits: one balance for all of its workspaces (trap 19)."""
        answer = await http.read("/account/credits")
        held = answer.into(Holding).balance
        if held is None:
            raise unread(http, answer, "the balance is not a number of credits")
        return Balance(amount=held, unit=UNIT, at=datetime.fromtimestamp(http.clock.time(), UTC), raw=answer.data)

    def webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookHint:
        """Read which job a webhook is about, and nothing else of it.

        How PowerPost signs is not known to us, so that its word is not taken for anything: the job is read again.
        That also spares us its own form of a failure, which is flat where the API's is nested (trap 9).
        """
        try:
            said = table(orjson.loads(body)) or {}
        except orjson.JSONDecodeError:
            return WebhookHint(provider_ids=())
        event = words(said.get("event")) or ""
        data = table(said.get("data")) or {}
        id = words(data.get(EVENTS.get(event, "")))
        return WebhookHint(provider_ids=() if id is None else (id,), event=event)


__all__ = [
    "Generation",
    "GenerationPage",
    "Id",
    "Media",
    "Post",
    "PostItem",
    "PowerPost",
    "Publication",
]
