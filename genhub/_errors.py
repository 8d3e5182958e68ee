"""Everything that genhub raises.

The tree (a test holds this drawing against the classes):

* GenhubError
  * ConfigError
  * UnsupportedRequest
  * BudgetExceeded
  * ProviderError
    * AuthenticationError
    * PermissionDenied
    * InsufficientCredits
    * InvalidRequest
    * NotFound
    * WrongState
    * RateLimited
    * ProviderUnavailable
    * BadResponse
  * SubmissionUnknown
  * JobFailed
  * WaitTimeout
  * AllAttemptsFailed
  * JournalError
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    from genhub._jobs import Job

#: Whatever a vendor says about when to come again is believed up to so many seconds; a clock that is off says more.
LONGEST = 3600.0


class GenhubError(Exception):
    """The common base: catch this to catch all of genhub."""

    retryable: ClassVar[bool] = False  #: the same call may work later
    fallback: ClassVar[bool] = False  #: another account may do better, and nothing was bought here
    job: Job | None = None  #: the job that it is about, as the journal has it

    def facts(self) -> dict[str, Any]:
        """Return what the error knows as plain data, for `--json` and for logs."""
        about = {} if self.job is None else {"job": self.job.id, "status": str(self.job.status)}
        return {"type": type(self).__name__, "message": str(self), **about}


class ConfigError(GenhubError):
    """Something is wrong in a file, an option or a variable; says which, and the remedy."""

    def __init__(self, message: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.message, self.where, self.remedy = message, where, remedy
        super().__init__(": ".join(part for part in (where, message) if part) + (f". {remedy}" if remedy else ""))

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "where": self.where, "remedy": self.remedy}


class UnsupportedRequest(GenhubError):
    """This provider can't do this; nothing was sent."""

    fallback = True

    def __init__(
        self, message: str, *, field: str | None = None, provider: str | None = None, account: str | None = None
    ) -> None:
        self.message, self.field, self.provider, self.account = message, field, provider, account
        where = account or provider
        super().__init__(f"{where}: {message}" if where else message)

    def at(self, account: str) -> UnsupportedRequest:
        """Return the same as said of one account of the provider."""
        return type(self)(self.message, field=self.field, provider=self.provider, account=account)

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "field": self.field, "provider": self.provider}


class BudgetExceeded(GenhubError):
    """The spend cap would be passed; nothing was sent."""

    fallback = True


class ProviderError(GenhubError):
    """A call to a provider did not give what it should."""

    fallback = True

    def __init__(
        self,
        message: str,
        *,
        account: str | None = None,
        code: str | None = None,
        http_status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = message
        self.account = account  #: the account's name in the configuration
        self.code = code  #: the vendor's own code, untranslated
        self.http_status = http_status
        self.request_id = request_id  #: what the vendor's support asks for
        if retry_after is not None:  # what is no wait, or an endless one, would keep a job from being read
            retry_after = min(retry_after, LONGEST) if retry_after >= 0 else None
        self.retry_after = retry_after  #: seconds
        super().__init__(message)

    def __str__(self) -> str:
        about = [str(part) for part in (self.http_status, self.code) if part is not None]
        if self.request_id is not None:
            about.append(f"request {self.request_id}")
        if self.retry_after is not None:
            about.append(f"retry after {self.retry_after:g} s")
        text = f"{self.account}: {self.message}" if self.account else self.message
        return f"{text} ({', '.join(about)})" if about else text

    def facts(self) -> dict[str, Any]:
        return {
            **super().facts(),
            "account": self.account,
            "code": self.code,
            "http_status": self.http_status,
            "request_id": self.request_id,
            "retry_after": self.retry_after,
        }


class AuthenticationError(ProviderError):
    """The vendor does not know this key or token."""


class PermissionDenied(ProviderError):
    """The key is known, but may not do this."""


class InsufficientCredits(ProviderError):
    """The vendor's account has too few credits."""


class InvalidRequest(ProviderError):
    """The request is not valid: by the vendor's verdict, or (without `account`) by our own."""


class NotFound(ProviderError):
    """The vendor does not know this thing."""


class WrongState(ProviderError):
    """Stop, resume or publish is not possible in the present state; `job` is freshly read."""

    fallback = False


class RateLimited(ProviderError):
    """Too many requests; `retry_after` is in seconds. Nothing was made."""

    retryable = True


class ProviderUnavailable(ProviderError):
    """Nothing was sent, or a read failed; nothing was bought."""

    retryable = True


class BadResponse(ProviderError):
    """The answer can't be read; `raw` holds its beginning, redacted."""

    fallback = False

    def __init__(self, message: str, *, raw: str = "", **facts: Any) -> None:
        self.raw = raw
        super().__init__(message, **facts)


class _CarriesJob(GenhubError):
    """The part that is common to errors about a job."""

    def __init__(self, message: str, job: Job | None = None) -> None:
        self.job = job
        super().__init__(message)


class SubmissionUnknown(_CarriesJob):
    """The submit may have been accepted and charged. Never retried, never rerouted by itself.

    `job` is set by the hub; a vendor's own charging verb (`publish_post`) raises it without one.
    """


class JobFailed(_CarriesJob):
    """The job ended, but did not succeed."""


class WaitTimeout(_CarriesJob):
    """The waiting is over, the job goes on: nothing changed."""


class AllAttemptsFailed(ExceptionGroup[GenhubError], GenhubError):
    """What each account of a route said."""

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "message": self.message, "errors": [each.facts() for each in self.said]}

    @property
    def said(self) -> tuple[GenhubError, ...]:
        """What each account said, in the order of the route."""
        return tuple(each for each in self.exceptions if isinstance(each, GenhubError))

    def derive(self, excs: Sequence[GenhubError], /) -> Self:  # type: ignore[override]
        part = type(self)(self.message, excs)
        part.job = self.job
        return part


class JournalError(GenhubError):
    """The journal can't be used: locked, corrupt, newer than this version, or its disk is full."""
