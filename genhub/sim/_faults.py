"""What can go wrong on the wire, point by point."""

from enum import StrEnum


class Fault(StrEnum):
    """One way for a call to go wrong; `creates` says whether the vendor did the work all the same."""

    #: The connection is closed at once: nothing was read.
    REFUSE = "refuse"
    #: The connection is reset (TCP RST) before the request is read.
    RESET_BEFORE_READ = "reset_before_read"
    #: The request is read, nothing is made of it, the connection is reset.
    RESET_AFTER_READ = "reset_after_read"
    #: Created and charged, then the connection is closed without an answer.
    LOSE_ANSWER = "lose_answer"
    #: Created and charged, then the connection is reset.
    RESET_ANSWER = "reset_answer"
    #: Created and charged, and never answered.
    HANG = "hang"
    #: Nothing is made, and never answered.
    HANG_BEFORE = "hang_before"
    #: Created, then a 500 in the vendor's own form.
    ERROR_500_AFTER = "error_500_after"
    #: Nothing is made, and a 500 in the vendor's own form.
    ERROR_500_BEFORE = "error_500_before"
    #: Created, then a gateway's 502 page in HTML.
    BAD_GATEWAY_AFTER = "bad_gateway_after"
    #: Nothing is made: 429 in the vendor's own form.
    RATE_LIMITED = "rate_limited"
    #: Created; the answer is broken JSON.
    GARBLED = "garbled"
    #: Created; the answer stops before its Content-Length.
    CUT = "cut"
    #: Created; the answer is an HTML page with status 200.
    HTML = "html"
    #: Created; the answer is an empty 204.
    EMPTY_204 = "empty_204"
    #: Created; the answer goes on for more than 50 MB.
    HUGE = "huge"
    #: Created; the answer's bytes are not UTF-8.
    NOT_UTF8 = "not_utf8"
    #: Nothing is made: 307 to another place.
    REDIRECT = "redirect"
    #: Created, then 302 to another place.
    REDIRECT_AFTER = "redirect_after"
    #: Created; the documented answer under another 2xx.
    WRONG_STATUS = "wrong_status"
    #: Created; the answer lacks the job's id.
    MISSING_ID = "missing_id"
    #: Created; the answer's amount of credits is no amount.
    ODD_AMOUNT = "odd_amount"
    #: Created; the answer's status is a word nobody knows.
    UNKNOWN_WORD = "unknown_word"
    #: The right answer, late.
    SLOW = "slow"
    #: The right answer, and fields that nobody documented.
    EXTRA_FIELDS = "extra_fields"

    @property
    def creates(self) -> bool:
        """Whether the vendor did what was asked (made and charged the job, handled the read)."""
        return self not in _NOTHING_MADE

    @property
    def at_the_door(self) -> bool:
        """Whether it strikes before the request is read."""
        return self in (Fault.REFUSE, Fault.RESET_BEFORE_READ)


_NOTHING_MADE = frozenset(
    {
        Fault.REFUSE,
        Fault.RESET_BEFORE_READ,
        Fault.RESET_AFTER_READ,
        Fault.HANG_BEFORE,
        Fault.ERROR_500_BEFORE,
        Fault.RATE_LIMITED,
        Fault.REDIRECT,
    }
)


def billable_faults() -> tuple[Fault, ...]:
    """Return the faults after which a job exists and was charged."""
    return tuple(fault for fault in Fault if fault.creates)
