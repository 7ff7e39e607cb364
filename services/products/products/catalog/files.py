"""The files of a catalogue: read and checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from products import importing
from products.importing import ImportedProduct, Line
from shopkit.problems import Problem

MAX_STOCK = 1_000_000_000
# Far more than a ConfigMap can hold.
_MOST_LINES = 100_000


class InitialProduct(ImportedProduct):
    """A product as a line of a catalogue, with the pieces that there are of it at first."""

    stock: int | None = Field(default=None, ge=0, le=MAX_STOCK)


class CatalogError(Exception):
    """The files are not right.

    Attributes:
        faults: every one of them, with file, line and field.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n  ".join(["the catalogue is not right, nothing was loaded:", *faults]))
        self.faults = faults


def read(folder: Path) -> list[InitialProduct]:
    """Read all files of a folder: tables (`*.csv`) and arrays (`*.json`) of products.

    Raises:
        CatalogError: files are missing, cannot be read, or hold lines that are wrong.
    """
    # A mounted ConfigMap has hidden folders beside its files.
    files = sorted(path for path in folder.glob("*") if not path.name.startswith("."))
    if not files:
        raise CatalogError([f"{folder} has no files: put products into *.csv or *.json"])
    lines = [(path.name, line) for path in files for line in _lines(path)]
    faults = [text for name, line in lines for text in _faults(name, line)] + list(_repeated(lines))
    if faults:
        raise CatalogError(faults)
    return [line.product for _, line in lines if line.product is not None]


def _lines(path: Path) -> list[Line[InitialProduct]]:
    try:
        if path.suffix == ".csv":
            with path.open("rb") as stream:
                return importing.read_csv(importing.text_of(stream), _MOST_LINES, InitialProduct)
        if path.suffix == ".json":
            return importing.read_json(path.read_bytes(), _MOST_LINES, InitialProduct)
    except Problem as problem:
        details = [f"{fault['field']} {fault['detail']}" for fault in problem.errors or []]
        raise CatalogError([f"{path.name}: {detail}" for detail in details or [problem.detail]]) from None
    except OSError as error:
        raise CatalogError([f"{path.name}: cannot be read: {error.strerror}"]) from None
    raise CatalogError([f"{path.name}: is neither *.csv nor *.json"])


def _faults(name: str, line: Line[InitialProduct]) -> Iterator[str]:
    whose = f" ({line.sku})" if line.sku else ""
    for fault in line.errors:
        yield f"{name}, line {line.number}{whose}: {fault['field']}: {fault['detail']}"


def _repeated(lines: list[tuple[str, Line[InitialProduct]]]) -> Iterator[str]:
    """Within a file that is a fault of the line; here those of different files are found."""
    first: dict[str, str] = {}
    for name, line in lines:
        if line.product is None:
            continue
        earlier = first.setdefault(line.product.sku, name)
        if earlier != name:
            yield f"{name}, line {line.number} ({line.sku}): sku: is in {earlier}, too"
