"""The basket, in memory and in the cookie."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from storefront import basket as baskets
from storefront.basket import MAX_ACCOUNT_LINES, MAX_LINES, MAX_QUANTITY, Basket, BasketFull, Item, of

LAMP, CUP = "01a20a36-8e32-7210-82e5-c2f0d337060e", "01a20a36-a5e6-7282-b538-92705f73d028"


def test_pieces_are_added_up_to_the_most() -> None:
    basket = Basket().add(LAMP, 2).add(CUP, 1).add(LAMP, 3)
    assert basket.items == (Item(LAMP, 5), Item(CUP, 1))
    assert basket.count == 6
    assert basket.add(LAMP, MAX_QUANTITY).items[0].quantity == MAX_QUANTITY


def test_a_full_basket_takes_more_of_what_it_has_but_nothing_else() -> None:
    full = of({new_id(): 1 for _ in range(MAX_LINES)})
    assert full.add(full.product_ids[0], 1).count == MAX_LINES + 1
    with pytest.raises(BasketFull):
        full.add(LAMP, 1)


def test_quantities_change_only_of_what_is_in_it() -> None:
    basket = of({LAMP: 2, CUP: 1})
    assert basket.change({LAMP: 5, new_id(): 3}) == of({LAMP: 5, CUP: 1})
    assert basket.change({LAMP: 0}) == of({CUP: 1})
    assert basket.without([CUP, new_id()]) == of({LAMP: 2})


def test_merging_takes_the_larger_quantity_and_may_be_repeated() -> None:
    kept, brought = of({LAMP: 2, CUP: 1}), of({LAMP: 1, CUP: 4})
    merged = kept.merge(brought)
    assert merged == of({LAMP: 2, CUP: 4})
    assert merged.merge(brought) == merged


def test_a_merged_basket_has_no_more_than_a_cart_takes() -> None:
    kept = of({new_id(): 1 for _ in range(MAX_ACCOUNT_LINES - 1)})
    assert kept.merge(of({LAMP: 1, CUP: 1})).product_ids == [*kept.product_ids, LAMP]


def test_a_packed_basket_is_short_and_comes_back() -> None:
    full = of({new_id(): MAX_QUANTITY for _ in range(MAX_LINES)})
    packed = baskets.pack(full)
    assert len(packed) == MAX_LINES * 25 - 1
    assert baskets.unpack(packed) == full
    assert baskets.unpack(baskets.pack(Basket())) == Basket()


@pytest.mark.parametrize("text", [None, 5, [], "x", "é" * 23, "A" * 22 + "x", ",", "A" * 21 + "5", "*" * 22 + "1"])
def test_what_is_no_packed_basket_is_an_empty_one(text: object) -> None:
    assert baskets.unpack(text) == Basket()


def test_the_lines_of_a_form_come_back() -> None:
    basket = of({LAMP: 2, CUP: 12})
    assert baskets.parse_lines(baskets.form_lines(basket)) == basket


@pytest.mark.parametrize(
    "text",
    ["", "x", LAMP, f"{LAMP}*", f"{LAMP}*0", f"{LAMP}*-1", f"{LAMP}*99999", f"{LAMP}*²", f"{LAMP}*1,x*1", "*1"],
)
def test_lines_that_are_out_of_order_are_refused(text: str) -> None:
    assert baskets.parse_lines(text) is None


def test_too_many_lines_are_refused() -> None:
    assert baskets.parse_lines(",".join(f"{new_id()}*1" for _ in range(MAX_ACCOUNT_LINES + 1))) is None
