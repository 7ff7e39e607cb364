"""Catalogues as CSV or JSON: from bytes to checked lines. What a line becomes is decided by `products.bulk`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Generic, TextIO, TypeVar

import orjson
from pydantic import Field, ValidationError

from products.models import NewProduct, Sku
from shopkit import problems
from shopkit.problems import Problem
from shopkit.validation import faults_of

_REQUIRED = ("sku", "name", "price")
_NUMBERS = ("price", "stock")
_WHOLE_NUMBER = re.compile("-?[0-9]{1,20}")
Fault = dict[str, str]


class ImportedProduct(NewProduct):
    """A product as a line of a catalogue: its sku says which one it is."""

    sku: Sku = Field()


P = TypeVar("P", bound=ImportedProduct)


@dataclass
class Line(Generic[P]):
    """One product of a catalogue.

    Attributes:
        number: line of the CSV file, or place in the JSON array; from 1.
        sku: its sku if it can be read, for the report.
        product: the product, when nothing is wrong with it.
        errors: what is wrong, with `field` and `detail`.
    """

    number: int
    sku: str | None
    product: P | None = None
    errors: list[Fault] = field(default_factory=list)


def read_json(raw: bytes, most: int, kind: type[P]) -> list[Line[P]]:
    """Read an array of products of this kind.

    Raises:
        Problem: 400 for broken JSON, 422 for something else than an array, 413 for more lines than `most`.
    """
    try:
        found = orjson.loads(raw)
    except ValueError as error:
        raise problems.bad_request(f"The catalogue is not valid JSON: {error}.") from None
    if not isinstance(found, list):
        raise problems.invalid([{"field": "(body)", "detail": "Input should be an array of products"}])
    return _checked(enumerate(found, start=1), most, kind)


def read_csv(text: Iterable[str], most: int, kind: type[P]) -> list[Line[P]]:
    """Read a table whose first line names the columns: fields of this kind of product, in any order.

    Empty cells are values that are left out.

    Raises:
        Problem: 400 when it is not CSV, 422 for columns that are missing, unknown or there twice, 413 for more lines
            than `most`.
    """
    reader = csv.reader(text, strict=True)
    try:
        columns = next(reader, [])
        _check_columns(columns, kind)
        return _checked(_records(reader, columns), most, kind)
    except csv.Error as error:
        raise problems.bad_request(f"The catalogue is not valid CSV: line {reader.line_num}: {error}.") from None
    except UnicodeDecodeError:
        raise problems.bad_request(f"The catalogue is not UTF-8: after line {reader.line_num}.") from None


def text_of(stream: IO[bytes]) -> TextIO:
    """Decode a CSV file as it is read, with or without the byte order mark that spreadsheets write."""
    return io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")


def _check_columns(columns: Sequence[str], kind: type[ImportedProduct]) -> None:
    known = kind.model_fields
    faults = [{"field": name, "detail": "is missing"} for name in _REQUIRED if name not in columns]
    faults += [{"field": name, "detail": "is not known"} for name in columns if name not in known]
    faults += [{"field": name, "detail": "is there twice"} for name in known if columns.count(name) > 1]
    if faults:
        raise problems.invalid(faults)


def _records(reader: Any, columns: Sequence[str]) -> Iterator[tuple[int, Any]]:
    """Yield the line each record begins at, and its values; for a wrong number of cells what is wrong with it."""
    begins = reader.line_num + 1
    for cells in reader:
        if len(cells) == len(columns):
            yield begins, {name: _cell(name, cell) for name, cell in zip(columns, cells, strict=True) if cell}
        elif cells:
            yield begins, f"has {len(cells)} cells, the first line has {len(columns)}"
        begins = reader.line_num + 1


def _cell(name: str, cell: str) -> str | int:
    # Only digits are a price: 19.99, or 20.00, would otherwise be taken for so many cents.
    return int(cell) if name in _NUMBERS and _WHOLE_NUMBER.fullmatch(cell) else cell


def _checked(found: Iterable[tuple[int, Any]], most: int, kind: type[P]) -> list[Line[P]]:
    lines: list[Line[P]] = []
    first: dict[str, int] = {}
    for number, values in found:
        if len(lines) == most:
            raise Problem(413, "too-many-lines", "The catalogue is too long", f"Send at most {most} lines at a time.")
        line = _check(number, values, kind)
        if line.sku is not None and line.product is not None:
            earlier = first.setdefault(line.sku, number)
            if earlier != number:
                line.product = None
                line.errors = [{"field": "sku", "detail": f"is the sku of line {earlier}, too"}]
        lines.append(line)
    return lines


def _check(number: int, values: Any, kind: type[P]) -> Line[P]:
    if isinstance(values, str):
        return Line(number, None, errors=[{"field": "(line)", "detail": values}])
    sku = values.get("sku") if isinstance(values, dict) else None
    line: Line[P] = Line(number, sku if isinstance(sku, str) else None)
    try:
        line.product = kind.model_validate(values, strict=True)
    except ValidationError as error:
        line.errors = [{**fault, "field": fault["field"].replace("(body)", "(line)")} for fault in faults_of(error)]
    else:
        named = line.product.model_dump().items()
        line.errors = [{"field": name, "detail": "contains a NUL character"} for name, value in named if _nul(value)]
        if line.errors:
            line.product = None
    return line


def _nul(value: object) -> bool:
    return isinstance(value, str) and "\x00" in value
