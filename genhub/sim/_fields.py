"""Checks on the fields of a request's body; what breaks the contract is `Invalid`."""

from collections.abc import Collection
from typing import cast


class Invalid(Exception):
    """A field is not what the vendor's documents ask for."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class Fields:
    """A body's fields, taken out one by one and checked."""

    def __init__(self, data: dict[str, object], where: str = "") -> None:
        self.data = data
        self._where = where

    def text(
        self,
        name: str,
        *,
        required: bool = False,
        low: int = 0,
        high: int | None = None,
        choices: Collection[str] | None = None,
    ) -> str | None:
        """Return a string."""
        value = self._get(name, required)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._invalid(name, "must be a string")
        if len(value) < low or (high is not None and len(value) > high):
            raise self._invalid(name, f"must have {low} to {high or 'any number of'} characters")
        if choices is not None and value not in choices:
            raise self._invalid(name, f"must be one of {', '.join(sorted(choices))}")
        return value

    def whole(self, name: str, *, required: bool = False, low: int, high: int) -> int | None:
        """Return a whole number."""
        value = self._get(name, required)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._invalid(name, f"must be a whole number from {low} to {high}")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean; what is not there is false."""
        value = self._get(name, False)
        if not isinstance(value, bool | None):
            raise self._invalid(name, "must be true or false")
        return bool(value)

    def texts(
        self, name: str, *, required: bool = False, high: int, choices: Collection[str] | None = None
    ) -> list[str]:
        """Return a list of strings."""
        value = self._get(name, required)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._invalid(name, "must be a list of strings")
        items: list[str] = []
        for item in cast(list[object], value):
            if not isinstance(item, str):
                raise self._invalid(name, "must be a list of strings")
            if choices is not None and item not in choices:
                raise self._invalid(name, f"{item!r} is not one of {', '.join(sorted(choices))}")
            items.append(item)
        if len(items) > high or (required and not items):
            raise self._invalid(name, f"must have {int(required)} to {high} items")
        return items

    def mapping(self, name: str, *, required: bool = False) -> dict[str, object] | None:
        """Return an object."""
        value = self._get(name, required)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self._invalid(name, "must be an object")
        return cast(dict[str, object], value)

    def mappings(self, name: str, *, low: int, high: int) -> list["Fields"]:
        """Return the objects of a list, each as fields of its own."""
        value = self._get(name, True)
        if not isinstance(value, list) or not low <= len(cast(list[object], value)) <= high:
            raise self._invalid(name, f"must be a list of {low} to {high} objects")
        found: list[Fields] = []
        for index, item in enumerate(cast(list[object], value)):
            if not isinstance(item, dict):
                raise self._invalid(name, "must be a list of objects")
            found.append(Fields(cast(dict[str, object], item), f"{self._where}{name}[{index}]."))
        return found

    def _get(self, name: str, required: bool) -> object:
        value = self.data.get(name)
        if value is None and required:
            raise self._invalid(name, "is required")
        return value

    def _invalid(self, name: str, problem: str) -> Invalid:
        return Invalid(self._where + name, problem)
