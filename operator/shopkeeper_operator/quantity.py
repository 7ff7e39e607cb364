"""Kubernetes quantities such as `250m` or `64Mi`. Pure."""

import re
from decimal import Decimal
from typing import Final

_FORM: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?")
_FACTOR: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** (power + 1) for power, unit in enumerate("kMGTP")},
    **{f"{unit}i": Decimal(1024) ** (power + 1) for power, unit in enumerate("KMGTP")},
}


def parse(value: str | int) -> Decimal:
    """Return the number a quantity stands for.

    Raises:
        ValueError: `value` is no non-negative quantity in plain, milli, decimal or binary notation.
    """
    found = _FORM.fullmatch(str(value))
    if found is None:
        raise ValueError(f"{value!r} is not a quantity such as 250m, 2 or 64Mi")
    return Decimal(found[1]) * _FACTOR[found[2] or ""]


def equal(left: object, right: object) -> bool:
    """Tell whether two values are quantities of the same size (`0.5` and `500m`)."""
    try:
        return parse(str(left)) == parse(str(right))
    except ValueError:
        return False


def smaller(left: str | int, right: str | int) -> str | int:
    """Return the smaller of two quantities, as it was written."""
    return left if parse(left) <= parse(right) else right
