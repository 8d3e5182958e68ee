"""The jobs of a soak: a hundred of so many kinds in an order that was drawn once, over and over."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping

from attrs import frozen

from genhub import ImageRequest, Request, Status, TextRequest, VideoRequest
from genhub.sim import Fault, Scenario

ACCOUNTS = ("powerpost", "genpro", "adgen")
#: By which a vendor's job is known again: in its text, and the label of ours.
MARK = re.compile(r"r\d{7}x")
FIRST_CELL, CELLS, OWN_CELLS = 3000, 150, 100


def caption(text: str, number: int) -> Request:
    return TextRequest(prompt=text, platforms=("tiktok",), label=mark(number))


def image(text: str, number: int) -> Request:
    return ImageRequest(prompt=text, label=mark(number))


def clip(text: str, number: int) -> Request:
    return VideoRequest(prompt=text, duration=5, label=mark(number))


def cell(text: str, number: int) -> Request:
    return _cell(text, number, number % CELLS)


def own_cell(text: str, number: int) -> Request:
    """In one that no other such job has now: what is looked for there is the only one that fits."""
    return _cell(text, number, CELLS + number // 100 % OWN_CELLS)


def copy(text: str, number: int) -> Request:
    return TextRequest(prompt=text, label=mark(number))


def speaker(text: str, number: int) -> Request:
    return VideoRequest(script=text, label=mark(number))


def _cell(text: str, number: int, at: int) -> Request:
    return TextRequest(prompt=text, label=mark(number), extra={"genpro": {"cell_id": FIRST_CELL + at}})


@frozen(kw_only=True)
class Kind:
    """Jobs that have the same life."""

    to: str
    of_100: int  #: so many of each hundred
    request: Callable[[str, int], Request]
    status: Status = Status.SUCCEEDED  #: that it has in the end
    scenario: Mapping[str, object] | None = None  #: what the vendor does with them

    @property
    def stop(self) -> bool:
        """True when its caller stops it."""
        return self.status is Status.STOPPED


FAILS = {"outcome": "failed"}
KINDS: Mapping[str, Kind] = {
    "captions": Kind(to="powerpost", of_100=22, request=caption),
    "captions, cheaper": Kind(to="powerpost", of_100=2, request=caption, scenario={"final_cost": 7}),
    "captions, failed": Kind(to="powerpost", of_100=3, request=caption, status=Status.FAILED, scenario=FAILS),
    "captions, lost": Kind(to="powerpost", of_100=1, request=caption, scenario={"fault": Fault.LOSE_ANSWER}),
    "images": Kind(to="powerpost", of_100=12, request=image),
    "images, failed": Kind(to="powerpost", of_100=2, request=image, status=Status.FAILED, scenario=FAILS),
    "videos": Kind(to="powerpost", of_100=6, request=clip),
    "videos, failed": Kind(to="powerpost", of_100=2, request=clip, status=Status.FAILED, scenario=FAILS),
    "cells": Kind(to="genpro", of_100=16, request=cell),
    "cells, dearer": Kind(to="genpro", of_100=2, request=cell, scenario={"final_cost": 3.25}),
    "cells, failed": Kind(to="genpro", of_100=3, request=cell, status=Status.FAILED, scenario=FAILS),
    "cells, stopped": Kind(to="genpro", of_100=4, request=cell, status=Status.STOPPED, scenario={"duration": 600}),
    "cells, lost": Kind(to="genpro", of_100=1, request=own_cell, scenario={"fault": Fault.GARBLED}),
    "copies": Kind(to="adgen", of_100=4, request=copy),
    "ads": Kind(to="adgen", of_100=10, request=image),
    "ads, failed": Kind(to="adgen", of_100=2, request=image, status=Status.FAILED, scenario=FAILS),
    "speakers": Kind(to="adgen", of_100=6, request=speaker),
    "speakers, failed": Kind(to="adgen", of_100=2, request=speaker, status=Status.FAILED, scenario=FAILS),
}
ORDER = tuple(random.Random(1).sample([*KINDS], 100, counts=[each.of_100 for each in KINDS.values()]))


def mark(number: int) -> str:
    """Return what a job is known by."""
    return f"r{number:07}x"


def kind(number: int) -> str:
    """Return the name of a job's kind."""
    return ORDER[number % 100]


def request(number: int) -> Request:
    """Return a job's request."""
    name = kind(number)
    return KINDS[name].request(f"[{name}] A bowl of soup {mark(number)}", number)


def scenarios() -> Iterable[tuple[str, Scenario]]:
    """Yield what each vendor is to be told, for as long as it is not reset."""
    for name, each in KINDS.items():
        if each.scenario is not None:
            yield each.to, Scenario.from_dict({"match": f"[{name}]", "times": None, **each.scenario})
