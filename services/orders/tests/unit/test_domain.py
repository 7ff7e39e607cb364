"""What may be ordered, and for how much."""

from __future__ import annotations

from orders.domain import MAX_TOTAL, Line, Offer, Wanted, fingerprint, price, repeated, total_of

LAMP, CUP = "0197f0a0-0000-7000-8000-000000000001", "0197f0a0-0000-7000-8000-000000000002"


def test_lines_get_the_name_and_price_of_their_product() -> None:
    offers = {CUP: Offer("Cup", 0, "EUR"), LAMP: Offer("Lamp", 1999, "EUR")}
    lines, faults = price([Wanted(LAMP, 2), Wanted(CUP, 7)], offers, "EUR")
    assert (lines, faults) == ((Line(LAMP, "Lamp", 2, 1999), Line(CUP, "Cup", 7, 0)), [])
    assert [line.total for line in lines] == [3998, 0]
    assert total_of(lines) == 3998


def test_an_unknown_product_is_named_by_its_line() -> None:
    _, faults = price([Wanted(LAMP, 1), Wanted(CUP, 1)], {LAMP: Offer("Lamp", 1, "EUR")}, "EUR")
    assert faults == [{"field": "lines[1].product_id", "detail": "is no product of this shop"}]


def test_a_price_in_another_currency_is_refused() -> None:
    _, faults = price([Wanted(LAMP, 1)], {LAMP: Offer("Lamp", 1, "USD")}, "EUR")
    assert faults == [{"field": "lines[0].product_id", "detail": "is priced in USD, this shop sells in EUR"}]


def test_the_total_has_a_limit() -> None:
    offers = {LAMP: Offer("Lamp", 10**12, "EUR"), CUP: Offer("Cup", 1, "EUR")}
    lines, faults = price([Wanted(LAMP, 1000)], offers, "EUR")
    assert (total_of(lines), faults) == (MAX_TOTAL, [])
    _, faults = price([Wanted(LAMP, 1000), Wanted(CUP, 1)], offers, "EUR")
    assert faults == [
        {"field": "lines", "detail": "come to more than 1000000000000000 minor units: order less at a time"}
    ]


def test_each_product_may_be_in_one_line() -> None:
    assert repeated([Wanted(LAMP, 1), Wanted(CUP, 1)]) == []
    detail = "is the product of lines[0] too: give each product once"
    assert repeated([Wanted(LAMP, 1), Wanted(CUP, 1), Wanted(LAMP, 2), Wanted(LAMP, 1)]) == [
        {"field": "lines[2].product_id", "detail": detail},
        {"field": "lines[3].product_id", "detail": detail},
    ]


def test_a_fingerprint_tells_requests_apart() -> None:
    same = fingerprint([Wanted(LAMP, 1), Wanted(CUP, 2)])
    assert fingerprint([Wanted(LAMP, 1), Wanted(CUP, 2)]) == same
    others = ([Wanted(LAMP, 2), Wanted(CUP, 2)], [Wanted(LAMP, 1)], [Wanted(CUP, 1), Wanted(LAMP, 2)])
    assert len({same, *map(fingerprint, others)}) == 4
