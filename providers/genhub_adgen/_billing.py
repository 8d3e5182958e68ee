"""CutX's rules about money, as data. The marks in brackets are the pages of the contract's section 0."""

from __future__ import annotations

from decimal import Decimal

from genhub import BillingProfile, Effect, Moment, Rule

SILENT = "not documented (contract section 4)"

BILLING = BillingProfile(
    unit="adgen credits",
    checked="2026-11-23",
    sources=(
        "https://cutx-docs.pages.dev/api/generation",
        "https://cutx-docs.pages.dev/concepts/credits",
        "https://cutx-docs.pages.dev/concepts/jobs",
    ),
    rules=(
        Rule(
            moment=Moment.SUBMIT,
            effect=Effect.CHARGE,
            source="[seed] prices; [W:credc] timing",
            note="deducted when the job is made; creditsUsed says how much",
        ),
        Rule(moment=Moment.REUSED, effect=Effect.NOTHING, source="[seed]", note="the answer says creditsUsed 0"),
        Rule(moment=Moment.SUCCEEDED, effect=Effect.NOTHING, source="implied (contract section 4)"),
        Rule(
            moment=Moment.FAILED,
            effect=Effect.REFUND,
            source="[seed]; the amount: [W:credc]",
            note="no answer shows it; the only proof is the balance (trap 5)",
        ),
        Rule(moment=Moment.CANCELED, effect=Effect.UNKNOWN, source=SILENT, note="neither kept nor refunded is claimed"),
        Rule(moment=Moment.EXPIRED, effect=Effect.UNKNOWN, source=SILENT, note="neither kept nor refunded is claimed"),
    ),
    prices={"copy": Decimal(1), "static_ad": Decimal(3), "video": Decimal(40)},
    idempotency="body field idempotencyKey: while the first job is live, it is returned and nothing is charged; "
    "a copy is over before its answer comes, so its key protects nothing",
    cost_in="creditsUsed of the answer to the submit; a status has no cost",
)
