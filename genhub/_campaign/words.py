"""Credits, times, changes and failures in words: the same in the command, the table and the page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from genhub._credits import Credits
from genhub._errors import AllAttemptsFailed
from genhub._jobs import Adjustment, Attempt, Job, JobError
from genhub._ledger import totals
from genhub._status import Status
from genhub.routing import outcome
from genhub.routing._policy import number as _rounded


def number(value: Decimal) -> str:
    """Write a number as people do: `10`, `2.5`, never `1E+1`."""
    return f"{value.normalize():f}" if value else "0"


def rounded(value: Decimal, *, cents: int = 0) -> str:
    """Write a number with few decimals: `0.10` where `cents` is 2, `41.33`, `0.0012`."""
    return _rounded(value, 4 if cents else 2, cents=cents)


def percent(share: float) -> str:
    """Write a share; all and nothing are said only where they are true."""
    return f"{share if share in (0, 1) else min(max(share, 0.01), 0.99):.0%}".replace("%", " %")


def amount(credits: Credits) -> str:
    """Return the net, as far as it is known."""
    if credits.net is not None:
        return number(credits.net)
    if credits.high is not None:
        return f"{number(credits.low)} to {number(credits.high)}"
    return f"{number(credits.low)} or more" if credits.low else "?"


def sure(credits: Credits) -> str:
    """Return how sure the net is."""
    if credits.exact:
        return "exact"
    if credits.net is None and credits.high is not None:
        return "a range"
    if credits.net is None:
        return "at least" if credits.low else "unknown"
    return "not certain"


def unit(credits: Credits) -> str:
    return credits.unit or "credits of several vendors"


def spent(credits: Credits) -> str:
    """Return `10 powerpost credits, exact`."""
    return f"{amount(credits)} {unit(credits)}, {sure(credits)}"


def parts(job: Job) -> list[Credits]:
    """Return what a job cost over all its attempts, apart by vendor; without those where it certainly cost nothing."""
    (total,) = totals([job], "job")
    costly = [each for each in total.credits if not (each.exact and each.net == 0)]
    return costly or [each for each in total.credits if each.unit == job.attempt.unit]


def bill(job: Job) -> str:
    """Return what a job cost: `10 powerpost credits, exact + 1 adgen credits, exact`."""
    return " + ".join(map(spent, parts(job)))


def money(job: Job) -> str:
    """Return the same in money, as far as there are prices; empty without any."""
    if job.cost is not None:
        return spent(job.cost)
    (total,) = totals([job], "job")
    return " + ".join(f"{amount(each)} {unit(each)} at least" for each in total.money)


def cell(job: Job) -> tuple[str, str]:
    """Return what a job cost and how sure that is, for a column of credits beside the present account.

    Where another vendor's credits are among them, it says whose: `0 to 3 adgen + 5 genpro`.
    """
    several = parts(job)
    plainly = all(each.unit == job.attempt.unit for each in several)
    amounts = (amount(each) if plainly else f"{amount(each)} {unit(each).removesuffix(' credits')}" for each in several)
    return " + ".join(amounts), ", ".join(dict.fromkeys(map(sure, several)))


def seconds(value: float) -> str:
    """Write a duration: `0.6 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def adjusted(change: Adjustment) -> str:
    """Return what was changed, and why."""
    became = "left out" if change.sent is None else f"sent as {plain(change.sent)}"
    return f"{change.field} {plain(change.asked)}: {became} ({change.why})"


def plain(value: Any) -> str:
    """Write a value for a person."""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, str):
        return f"“{value}”" if len(value) <= 80 else f"“{value[:77]}…”"
    return str(value)


def failure(error: JobError) -> str:
    about = ", ".join(str(each) for each in (error.http_status, error.code) if each is not None)
    return f"{error.message} ({about})" if about else error.message


def failures(job: Job) -> list[str]:
    """Return why a job did not succeed: a line for each attempt on its route."""
    if job.status is Status.SUCCEEDED:
        return []
    if job.route is not None and len(job.attempts) > 1:
        return [outcome(attempt) for attempt in job.attempts]
    return [] if job.error is None else [failure(job.error)]


def detour(job: Job, attempt: Attempt) -> str | None:
    """Return why an attempt was made elsewhere, or later, than where its route begins; None for all others."""
    route = job.route
    if route is None or attempt.number <= route.since:
        return None
    begins = attempt.number == route.since + 1 and attempt.account == route.accounts[0]
    return None if begins else attempt.reason


def told(error: BaseException) -> list[str]:
    """Return an error in lines: what went wrong, then what each account said."""
    if isinstance(error, AllAttemptsFailed):
        return [error.message, *(f"  {each}" for each in error.said)]
    return [str(error) or type(error).__name__]


def tried(attempt: Attempt) -> str:
    """Return an attempt in a line: at whom, how it stands, what it cost, and why it was made."""
    return f"{attempt.number} at {attempt.account}: {attempt.status}, {spent(attempt.credits)} ({attempt.reason})"
