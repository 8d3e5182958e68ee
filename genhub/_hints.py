"""What webhooks are worth: which are news, what they may cost, and whether polls may lean on them.

A webhook is a hint to read, so everything here may be forgotten: what is lost costs a read more, or a while of polls.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import TypeVar

from attrs import frozen

from genhub._clock import Clock

#: So many ends in a row must have been announced before polls lean on webhooks.
IN_A_ROW = 5
#: The last of them at most so many seconds ago.
LATELY = 3600.0
#: An end was announced when a webhook had named the attempt within so many seconds before the end was seen.
IN_TIME = 60.0
#: A delivery that is repeated within so many seconds is no news.
REPEATED = 600.0
#: So many seconds an id is remembered that the journal did not have yet.
EARLY = 300.0

#: So many deliveries, attempts and kinds are remembered, each; the oldest are forgotten.
MOST = 4096
#: So many ids that the journal did not have yet.
MOST_EARLY = 1000

#: Ages are of the clock on the wall, and these times are not: so many seconds they may differ by.
_SLACK = 1.0

K = TypeVar("K")
V = TypeVar("V")


class _Latest(OrderedDict[K, V]):
    """The latest so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def keep(self, key: K, value: V) -> None:
        self[key] = value
        self.move_to_end(key)
        while len(self) > self.most:
            self.popitem(last=False)


@frozen
class _Run:
    """Announced ends of one kind, one after the other."""

    ends: int
    last: float  #: on the monotonic clock


@frozen
class _Due:
    """The read that hints about an attempt have caused last."""

    at: float  #: when it is due, or was
    over: float  #: from when on the next one may be


class Hints:
    """What a hub remembers of its webhooks. Needs no journal: after a restart polls do the work for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deliveries = _Latest[bytes, float](MOST)
        self._named = _Latest[tuple[str, str, str], float](MOST)
        self._runs = _Latest[tuple[str, str], _Run](MOST)
        self._reads = _Latest[str, _Due](MOST)
        self._early = _Latest[bytes, float](MOST_EARLY)

    def __len__(self) -> int:
        """Return how many things are remembered."""
        return len(self._deliveries) + len(self._named) + len(self._runs) + len(self._reads) + len(self._early)

    # Which are news

    def fresh(self, account: str, body: bytes | str, *, within: float = REPEATED) -> bool:
        """True when this delivery was not made within so many seconds; what it says of itself does not count."""
        now, key = self._clock.monotonic(), _digest(account, body)
        said = self._deliveries.get(key)
        if said is not None and now - said <= within:
            return False
        self._deliveries.keep(key, now)
        return True

    def unclaimed(self, account: str, provider_id: str) -> None:
        """A webhook named an id that the journal does not have: the vendor may be quicker than its answer to us."""
        self._early.keep(_digest(account, provider_id), self._clock.monotonic())

    def early(self, account: str, provider_id: str) -> bool:
        """True, once, when a webhook named this id shortly before the journal had it: it is worth a read now."""
        said = self._early.pop(_digest(account, provider_id), None)
        return said is not None and self._clock.monotonic() - said <= EARLY

    # What they may cost

    def allowed_in(self, attempt_id: str, least: float) -> float:
        """Return in how many seconds a hint's read of an attempt is due: 0 is now.

        Hints cause at most one read of it in `least` seconds, however many come and whoever sends them.
        """
        now, last = self._clock.monotonic(), self._reads.get(attempt_id)
        if last is not None and last.at > now:  # that read is still to come
            return last.at - now
        if last is None and len(self._reads) >= MOST and next(iter(self._reads.values())).over > now:
            return least  # there is no room to remember it: the appointment that is made now is all it gets
        at = now if last is None else max(now, last.over)
        self._reads.keep(attempt_id, _Due(at, at + least))
        return at - now

    # Whether polls may lean on them

    def heard(self, account: str, kind: str, attempt_id: str) -> None:
        """A webhook named this open attempt, and so it is read."""
        self._named.keep((account, kind, attempt_id), self._clock.monotonic())

    def ended(self, account: str, kind: str, attempt_id: str, age: float) -> bool:
        """A read saw an attempt end, `age` seconds after it was sent; returns whether a webhook had announced it.

        To be said once for each end, and not of ends that no webhook could announce: in the answer to a submit, or by
        a stop of ours. What was heard before the attempt was sent (or resumed) was about something else.
        """
        named = self._named.pop((account, kind, attempt_id), None)
        now = self._clock.monotonic()
        if named is None or now - named > min(IN_TIME, age + _SLACK):
            self._runs.pop((account, kind), None)
            return False
        before = self._runs.get((account, kind))
        self._runs.keep((account, kind), _Run(1 if before is None else before.ends + 1, now))
        return True

    def alive(self, account: str, kind: str) -> bool:
        """True when webhooks announced the last ends of this kind, all of them, and not long ago.

        One end that was not announced makes it False at once.
        """
        run = self._runs.get((account, kind))
        return run is not None and run.ends >= IN_A_ROW and self._clock.monotonic() - run.last <= LATELY


def _digest(account: str, said: bytes | str) -> bytes:
    """Return a key that is small whatever a stranger sends."""
    plain = said.encode("utf-8", "surrogatepass") if isinstance(said, str) else said
    return sha256(account.encode("utf-8", "surrogatepass") + b"\0" + plain).digest()
