"""gen.pro's sheets: cells, layers, and the generations that belong to them."""

from collections import defaultdict

import attrs

from ._http import Refusal
from ._jobs import SimJob


@attrs.define(eq=False)
class Cell:
    """A cell: what was written into it, and its layers."""

    layers: set[str] = attrs.field(factory=set[str])
    value: object = None
    additional_attributes: dict[str, object] = attrs.field(factory=dict[str, object])


class Sheets:
    """All sheets, and the history of each of their places."""

    def __init__(self) -> None:
        #: Whether a place that is asked for comes to be by being asked for.
        self.any_place = False
        self.cells: dict[str, dict[str, Cell]] = {}
        self._history: defaultdict[tuple[str, ...], list[SimJob]] = defaultdict(list)

    def add(self, sheet: str, cell: str | None = None, layer: str | None = None) -> None:
        """Make a place."""
        cells = self.cells.setdefault(sheet, {})
        if cell is not None:
            place = cells.setdefault(cell, Cell())
            if layer is not None:
                place.layers.add(layer)

    def sheet(self, sheet: str) -> dict[str, Cell]:
        """Return a sheet's cells."""
        if self.any_place and sheet.isdecimal():
            self.add(sheet)
        if sheet not in self.cells:
            raise Refusal(404, "spreadsheet_not_found", "Spreadsheet not found")
        return self.cells[sheet]

    def cell(self, sheet: str, cell: str) -> Cell:
        """Return a cell."""
        cells = self.sheet(sheet)
        if self.any_place and cell.isdecimal():
            self.add(sheet, cell)
        if cell not in cells:
            raise Refusal(404, "not_found", "Cell not found")
        return cells[cell]

    def check_layer(self, sheet: str, cell: str, layer: str) -> None:
        """Refuse a layer that the cell does not have."""
        place = self.cell(sheet, cell)
        if self.any_place and layer.isdecimal():
            place.layers.add(layer)
        if layer not in place.layers:
            raise Refusal(404, "not_found", "Layer not found")

    def history(self, *place: str) -> list[SimJob]:
        """Return the generations of a place, oldest first."""
        return self._history[place]

    def forget(self) -> None:
        """Drop every history."""
        self._history.clear()
