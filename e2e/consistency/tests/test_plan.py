"""Campaigns are decided by their seed."""

from __future__ import annotations

from collections import Counter

from e2e.consistency import plan


def test_the_same_seed_gives_the_same_campaign() -> None:
    assert plan.checkouts(7, 20, 200, 5, 60.0) == plan.checkouts(7, 20, 200, 5, 60.0)
    assert plan.checkouts(7, 20, 200, 5, 60.0) != plan.checkouts(8, 20, 200, 5, 60.0)


def test_all_shoppers_buy_equally_often_within_the_time() -> None:
    found = plan.checkouts(7, 20, 200, 5, 60.0)
    assert Counter(each.shopper for each in found) == dict.fromkeys(range(20), 10)
    assert [each.number for each in found] == list(range(200))
    assert [each.at for each in found] == sorted(each.at for each in found)
    assert 0 <= found[0].at <= found[-1].at <= 60.0


def test_every_card_every_ending_and_every_product_occurs() -> None:
    found = plan.checkouts(7, 200, 2000, 20, 60.0)
    assert {each.card for each in found} == set(plan.CARDS)
    assert {each.ending for each in found} == set(plan.ENDINGS)
    assert {product for each in found for product, _ in each.lines} == set(range(20))
    assert all(len({product for product, _ in each.lines}) == len(each.lines) for each in found)


def test_blows_hit_the_parts_by_turns_and_each_in_both_ways() -> None:
    found = plan.faults(7, ["orders", "payments"], 4)
    assert [(each.part, each.how) for each in found] == [
        ("orders", "delete"),
        ("payments", "kill"),
        ("orders", "kill"),
        ("payments", "delete"),
    ]


def test_the_last_pieces_are_wanted_by_all_at_once() -> None:
    found = plan.last_pieces(3)
    assert [(each.shopper, each.at, each.lines) for each in found] == [(number, 0.0, ((0, 1),)) for number in range(3)]
