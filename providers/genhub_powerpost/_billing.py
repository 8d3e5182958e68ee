"""PowerPost's money rules, as its documents have them.

No prices: the vendor took them out of its documents, and the numbers of its examples disagree with the ones that were
there. Only `credits_used` in an answer counts.
"""

from __future__ import annotations

from genhub import BillingProfile, Effect, Moment, Rule

CREDITS = "https://powerpost.ai/docs/api-reference/credits"
SKILL = "https://github.com/tarekhoury/openclaw-powerpost (SKILL.md 0.3.0)"

UNIT = "powerpost credits"
BILLING = BillingProfile(
    unit=UNIT,
    checked="2026-11-23",
    sources=(
        "PowerPost docs: Quickstart, Generations, Error Codes",
        CREDITS,
        "https://powerpost.ai/refund",
        SKILL,
        "contract sections 4 and 5",
    ),
    idempotency="none: no header and no key in the body; a lost answer to captions is looked for in their list",
    cost_in="credits_used: in the answer to a submit, and on captions that ended",
    rules=(
        Rule(
            moment=Moment.SUBMIT,
            effect=Effect.CHARGE,
            source="contract 4; docs: Quickstart",
            note="credits_used and remaining_credits come at once; the second is lower by the first already",
        ),
        Rule(
            moment=Moment.SUCCEEDED,
            effect=Effect.NOTHING,
            source=f"contract 4; docs: Generations; {SKILL}",
            note="a source that could not be read is given back: the final credits_used may be lower (trap 3)",
        ),
        Rule(
            moment=Moment.FAILED,
            kind="captions",
            effect=Effect.REFUND,
            source=f"contract 4; docs: Generations; {CREDITS}",
            note="the job then says credits_used 0, although the submit said a charge (trap 2)",
        ),
        Rule(moment=Moment.FAILED, kind="video", effect=Effect.REFUND, source=f"contract 4; {SKILL}"),
        Rule(
            moment=Moment.FAILED,
            kind="image",
            outputs=True,
            effect=Effect.PARTIAL,
            source=f"contract 4; {CREDITS}; {SKILL}",
            note="a failed job may hold the images that were made; how much comes back is not said (trap 4)",
        ),
        Rule(
            moment=Moment.FAILED,
            kind="image",
            outputs=False,
            effect=Effect.REFUND,
            source=f"contract 4; {CREDITS}",
            note="failed generations are refunded",
        ),
    ),
)
