"""Which language a text is in, as far as that can be told, by py3langid (in the extra `compare`)."""

from __future__ import annotations

import importlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import frozen

from genhub.compare._extra import extra
from genhub.compare._measure import without_links

#: Fewer letters than this say nothing; a script of its own says more.
LETTERS = 20
LETTERS_OTHER_SCRIPT = 8
#: So sure it has to be to say yes, and so sure to say that it is another.
SURE_OF_IT = 0.5
SURE_OF_ANOTHER = 0.8

_TAG = re.compile(r"[#\uff03@]\w+")


@frozen(kw_only=True)
class Language:
    """A language that a text can be held against."""

    code: str
    name: str
    labels: frozenset[str]  #: what the identifier may call it


@frozen(kw_only=True)
class Told:
    """What a text was found to be in. `passed` is `None` where it can't be told."""

    passed: bool | None
    said: str


def language(asked: str) -> Language | None:
    """Return the language of a code (`de`, `pt-BR`) or an English name (`German`, `Brazilian Portuguese`)."""
    known = _names()
    whole = asked.strip().casefold()
    bare = re.sub(r"\s*\(.*\)$", "", whole)
    for name in (whole, bare, re.split(r"[-_]", whole)[0], bare.rpartition(" ")[2]):
        if name in known:
            return known[name]
    return None


def told(text: str, asked: Language) -> Told:
    """Hold a text against a language; raises ConfigError without the extra."""
    prose = _TAG.sub(" ", without_links(text))
    letters = [each for each in prose if each.isalpha()]
    latin = sum(unicodedata.name(each, "").startswith("LATIN") for each in letters) * 2 > len(letters)
    if len(letters) < (LETTERS if latin else LETTERS_OTHER_SCRIPT):
        return Told(passed=None, said=f"too short to tell: {len(letters)} letters; {asked.name} was asked for")
    shares: dict[str, float] = dict(_identifier().rank(prose))
    top = max(shares, key=shares.__getitem__)
    of_it = sum(shares.get(label, 0.0) for label in asked.labels)
    if of_it >= SURE_OF_IT:
        return Told(passed=True, said=f"{asked.name}, as asked for ({of_it:.0%} sure)")
    other = f"{_name(top)} ({shares[top]:.0%} sure)"
    if top not in asked.labels and shares[top] >= SURE_OF_ANOTHER:
        return Told(passed=False, said=f"{other}; {asked.name} was asked for")
    return Told(passed=None, said=f"can't be told: {other}; {asked.name} was asked for")


def _name(code: str) -> str:
    found = _names().get(code)
    return code if found is None else found.name


@cache
def _names() -> Mapping[str, Language]:
    """Return the languages by every name and code they go by."""
    read = tomllib.loads((files("genhub.compare") / "languages.toml").read_text(encoding="utf-8"))
    found: dict[str, Language] = {}
    for code, said in read.items():
        one = Language(code=code, name=said["names"][0], labels=frozenset({code, *said.get("also", ())}))
        found.update(dict.fromkeys((code, *(name.casefold() for name in said["names"])), one))
    return found


@cache
def _identifier() -> Any:
    """Return the identifier, read once: it is not typed, and its shared one can't say how sure it is."""
    with extra():
        langid = importlib.import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
