"""Lets the API reference show the `#:` comments as what they are: the fields' documentation."""

from __future__ import annotations

from typing import Any

from griffe import Attribute, Docstring, Extension, Kind, Object


class FieldComments(Extension):
    """Takes `name: type  #: words` and `#: words` on the line above as an attribute's docstring."""

    def on_attribute(self, *, attr: Attribute, **_: Any) -> None:
        self._read(attr)

    def on_attribute_instance(self, *, attr: Attribute, **_: Any) -> None:
        self._read(attr)

    def _read(self, attr: Object) -> None:
        if attr.docstring is not None or attr.kind is not Kind.ATTRIBUTE or attr.lineno is None:
            return
        lines = attr.lines_collection[attr.filepath]  # type: ignore[index]
        first, last = attr.lineno, attr.endlineno or attr.lineno
        for line in lines[first - 1 : last]:
            if "#:" in line:
                attr.docstring = Docstring(line.split("#:", 1)[1].strip(), parent=attr)
                return
        above: list[str] = []
        for line in reversed(lines[: first - 1]):
            if not line.lstrip().startswith("#:"):
                break
            above.insert(0, line.split("#:", 1)[1].strip())
        if above:
            attr.docstring = Docstring(" ".join(above), parent=attr)
