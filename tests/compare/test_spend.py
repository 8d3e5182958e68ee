"""What one run of a comparison may cost."""

from __future__ import annotations

from decimal import Decimal

from genhub import Price
from genhub.compare._spend import Spend


def test_a_run_may_cost_what_was_held_for_it_and_what_is_left() -> None:
    """All attempts of a route together: a second one after a charged failure keeps the cap too."""
    spend = Spend(Price(amount=Decimal(2), currency="USD"))
    spend.hold("a", Decimal("0.50"))
    spend.hold("b", Decimal("1.20"))
    assert Price(amount=Decimal("0.80"), currency="USD") == spend.room("a")

    spend.hold("c", Decimal("0.90"))  # one that was bought before the cap was set lower
    assert Price(amount=Decimal("0.50"), currency="USD") == spend.room("a")
    credits = Spend(Decimal(5))
    credits.hold("a", Decimal(2))
    assert Decimal(5) == credits.room("a")
    assert Spend().room("a") is None
