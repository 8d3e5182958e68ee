"""How long jobs take that nobody has measured for us: mixtures of lognormals, as predictable as the research assumed.

A main mode, a slow one and a fast one; means and ceilings (what knowing the distribution can save at most against a
fixed interval) are those of three kinds of work: captions, images, videos. No vendor's numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from attrs import frozen


@frozen
class Mixture:
    """Lognormals, each with its share, its median in seconds and the spread of its log."""

    parts: Sequence[tuple[float, float, float]]

    @property
    def mean(self) -> float:
        """Return the mean in seconds."""
        return sum(share * median * math.exp(sigma * sigma / 2) for share, median, sigma in self.parts)

    def draw(self, rng: random.Random) -> float:
        """Return a duration in seconds."""
        (_, median, sigma), *_rest = rng.choices(self.parts, [share for share, *_ in self.parts])
        return median * math.exp(rng.gauss(0, sigma))

    def cdf(self, t: float) -> float:
        """Return the share that has ended by then."""
        if t <= 0:
            return 0.0
        return sum(w * 0.5 * math.erfc(math.log(m / t) / s / math.sqrt(2)) for w, m, s in self.parts)

    def pdf(self, t: float) -> float:
        """Return the density of ends at that age."""
        if t <= 0:
            return 0.0
        bells = (w / s * math.exp(-0.5 * (math.log(t / m) / s) ** 2) for w, m, s in self.parts)
        return sum(bells) / t / math.sqrt(2 * math.pi)


KINDS: Mapping[str, Mixture] = {
    "captions": Mixture(((0.80, 4.1, 0.33), (0.11, 7.6, 0.40), (0.09, 1.9, 0.30))),
    "image": Mixture(((0.81, 15.4, 0.285), (0.12, 32.0, 0.40), (0.07, 7.0, 0.30))),
    "video": Mixture(((0.82, 92.0, 0.245), (0.13, 180.0, 0.40), (0.05, 42.0, 0.30))),
}
TIGHT_VIDEO = Mixture(((1.0, 105.0, 0.12),))
BROAD_VIDEO = Mixture(((1.0, 88.0, 0.6),))
#: Some 60 s in the queue, and some 60 s of work.
LOADED_QUEUE = (Mixture(((1.0, 53.0, 0.5),)), Mixture(((1.0, 59.0, 0.12),)))
