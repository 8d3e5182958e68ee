"""gen.pro's rules about money, as data. The marks in brackets are the pages of the contract's section 0."""

from __future__ import annotations

from genhub import BillingProfile, Effect, Moment, Rule

BILLING = BillingProfile(
    unit="genpro credits",
    checked="2026-11-23",
    sources=(
        "https://api.gen.pro/reference/generations",
        "https://api.gen.pro/step-5-export/credits/",
        "https://api.gen.pro/step-4-edit/regenerate/",
    ),
    rules=(
        Rule(
            moment=Moment.SUBMIT,
            effect=Effect.CHARGE,
            source="[seed] implies it by the refund of a stop; [W:gen] [W:credits] say it",
            note="an estimate, charged before the work begins; the answer does not say how much",
        ),
        Rule(
            moment=Moment.REUSED,
            effect=Effect.NOTHING,
            source="[W:credits], contract section 6",
            note="the same Idempotency-Key within 24 h: the same answer, no second charge",
        ),
        Rule(
            moment=Moment.SUCCEEDED,
            effect=Effect.NOTHING,
            source="[seed] execution_cost; [W:credits]",
            note="reconciled with the estimate, up or down: execution_cost is the whole charge (trap 11)",
        ),
        Rule(
            moment=Moment.FAILED,
            effect=Effect.REFUND,
            source="[W:gen] [W:credits] [W:regen]",
            note="the page's call-out says so, the seed's text does not (trap 10)",
        ),
        Rule(moment=Moment.STOPPED, effect=Effect.REFUND, source="[seed]", note="in full by [W:credits]"),
        Rule(
            moment=Moment.RESUMED,
            effect=Effect.CHARGE,
            source="[seed]",
            note="how much (a new estimate or the old one) is not documented",
        ),
    ),
    idempotency="header Idempotency-Key, 24 h, in the wider documents only: off unless the settings say idempotency",
    cost_in="execution_cost of a completed generation",
)
