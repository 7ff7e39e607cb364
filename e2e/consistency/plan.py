"""What the shoppers will do and what will be killed, decided by a seed before anything begins."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import cycle, islice

# How often each card is used, in hundredths.
CARDS = {
    "pm_card_approved": 62,
    "pm_card_declined": 12,
    "pm_card_timeout": 6,
    "pm_card_late": 10,
    "pm_card_twice": 10,
}
# What a shopper does with the order, in hundredths.
ENDINGS = {"pay": 88, "pay_and_cancel": 6, "cancel": 3, "leave": 3}
MOST_PRODUCTS = 3


@dataclass(frozen=True)
class Checkout:
    """One purchase.

    Attributes:
        number: its place in the campaign; the idempotency key is made of it.
        shopper: who buys.
        at: seconds after the beginning.
        lines: product (by its position) and pieces.
        card: payment method.
        ending: a key of ENDINGS.
    """

    number: int
    shopper: int
    at: float
    lines: tuple[tuple[int, int], ...]
    card: str
    ending: str


@dataclass(frozen=True)
class Fault:
    """One blow.

    Attributes:
        part: the part of the Shop that is hit.
        how: `delete` (kubectl delete --force --grace-period=0) or `kill` (SIGKILL of the container's first process).
        pause: seconds of quiet once the part is back.
    """

    part: str
    how: str
    pause: float


def chance(seed: int) -> random.Random:
    """Return randomness that a seed gives again."""
    return random.Random(seed)  # noqa: S311 - a campaign has to be repeatable, it keeps no secret


def checkouts(seed: int, shoppers: int, count: int, products: int, seconds: float) -> list[Checkout]:
    """Return all purchases, spread evenly over shoppers and at random over the time, in order of time."""
    dice = chance(seed)
    times = sorted(dice.uniform(0, seconds) for _ in range(count))
    order = list(islice(cycle(dice.sample(range(shoppers), shoppers)), count))
    return [_checkout(dice, number, order[number], at, products) for number, at in enumerate(times)]


def last_pieces(shoppers: int) -> list[Checkout]:
    """Return one purchase for each shopper, all at once: one piece of the only product, and all can pay."""
    return [Checkout(number, number, 0.0, ((0, 1),), "pm_card_approved", "pay") for number in range(shoppers)]


def faults(seed: int, parts: list[str], count: int) -> list[Fault]:
    """Return blows that hit the parts by turns, and each part in both ways by turns."""
    dice = chance(seed + 1)
    found = []
    for number, part in enumerate(islice(cycle(parts), count)):
        turn, place = divmod(number, len(parts))
        how = ("delete", "kill")[(turn + place) % 2]
        found.append(Fault(part, how, round(dice.uniform(1.0, 4.0), 2)))
    return found


def _checkout(dice: random.Random, number: int, shopper: int, at: float, products: int) -> Checkout:
    how_many = min(products, dice.choices(range(1, MOST_PRODUCTS + 1), (80, 15, 5))[0])
    wanted = dice.sample(range(products), how_many)
    lines = tuple((product, dice.choices((1, 2), (90, 10))[0]) for product in wanted)
    card = dice.choices(list(CARDS), list(CARDS.values()))[0]
    ending = dice.choices(list(ENDINGS), list(ENDINGS.values()))[0]
    return Checkout(number, shopper, at, lines, card, ending)
