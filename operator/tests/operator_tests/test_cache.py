"""Events, lists and own writes race each other; the newest wins."""

from typing import Any

import pytest
from shopkeeper_operator import kinds, naming
from shopkeeper_operator.kinds import Key, Ref
from shopkeeper_operator.observe.cache import Cache, key_of

KEY = Key("shops", "demo")
REF = Ref("Service", "shops", "demo-users")


def service(version: int, *, name: str = "demo-users", uid: str = "u1", shop: str = "demo") -> dict[str, Any]:
    """Return a Service at a resource version."""
    metadata = {"namespace": "shops", "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata | {"labels": naming.labels(shop, "users")}, "spec": {"at": version}}


def shop(version: int, uid: str = "s1") -> dict[str, Any]:
    """Return a Shop at a resource version."""
    return {"metadata": {"namespace": "shops", "name": "demo", "uid": uid, "resourceVersion": str(version)}}


@pytest.fixture
def cache() -> Cache:
    """Return a cache with one child at version 5."""
    made = Cache()
    made.put(kinds.SERVICE, service(5))
    return made


def version(cache: Cache) -> int | None:
    """Return the version of the child that the cache holds."""
    child = cache.children(KEY).get(REF)
    return None if child is None else child.version


@pytest.mark.parametrize(("at", "news", "held"), [(4, False, 5), (5, False, 5), (6, True, 6)])
def test_only_what_is_newer_is_news(cache: Cache, at: int, news: bool, held: int) -> None:
    assert cache.put(kinds.SERVICE, service(at)) is news
    assert version(cache) == held


def test_a_deletion_that_is_older_is_no_news(cache: Cache) -> None:
    assert cache.drop(REF, 4) is False
    assert version(cache) == 5
    assert cache.drop(REF, 6) is True
    assert version(cache) is None


def test_an_old_event_does_not_bring_a_deleted_child_back(cache: Cache) -> None:
    cache.drop(REF, 6)

    assert cache.put(kinds.SERVICE, service(5)) is False
    assert cache.put(kinds.SERVICE, service(7, uid="u2")) is True


def test_a_list_drops_what_is_gone_and_keeps_what_is_newer(cache: Cache) -> None:
    cache.put(kinds.SERVICE, service(12, name="demo-orders", uid="u9"))

    cache.replace_kind(kinds.SERVICE, [], 10, set())

    assert set(cache.children(KEY)) == {Ref("Service", "shops", "demo-orders")}


def test_a_list_does_not_bring_back_what_was_deleted_after_it(cache: Cache) -> None:
    cache.drop(REF, 11)

    cache.replace_kind(kinds.SERVICE, [service(5)], 10, set())
    assert version(cache) is None

    cache.replace_kind(kinds.SERVICE, [service(12, uid="u2")], 12, set())
    assert version(cache) == 12


def test_a_list_of_one_namespace_leaves_the_others(cache: Cache) -> None:
    cache.replace_kind(kinds.SERVICE, [], 10, {"elsewhere"})

    assert version(cache) == 5


def test_a_list_of_one_kind_leaves_the_others(cache: Cache) -> None:
    cache.replace_kind(kinds.DEPLOYMENT, [], 10, set())

    assert version(cache) == 5


def test_tolerated_differences_survive_an_event_but_not_a_new_object(cache: Cache) -> None:
    cache.put(kinds.SERVICE, service(6), tolerated=frozenset({"spec.a=1"}))
    cache.put(kinds.SERVICE, service(7))
    assert cache.children(KEY)[REF].tolerated == {"spec.a=1"}

    cache.put(kinds.SERVICE, service(8, uid="u2"))
    assert cache.children(KEY)[REF].tolerated == frozenset()


def test_an_event_that_overtakes_the_answer_to_a_write_leaves_what_is_tolerated(cache: Cache) -> None:
    cache.put(kinds.SERVICE, service(6))

    assert cache.put(kinds.SERVICE, service(6), tolerated=frozenset({"spec.a=1"})) is False

    assert cache.children(KEY)[REF].tolerated == {"spec.a=1"}


def test_a_child_can_change_its_shop(cache: Cache) -> None:
    cache.put(kinds.SERVICE, service(6, shop="other"))

    assert cache.children(KEY) == {}
    assert REF in cache.children(Key("shops", "other"))
    assert cache.keys() == {Key("shops", "other")}


def test_our_own_deletion_counts_at_once(cache: Cache) -> None:
    cache.forget(REF, "another uid")
    assert version(cache) == 5
    cache.forget(REF, "u1")

    assert version(cache) is None
    assert cache.put(kinds.SERVICE, service(5)) is False


def test_shops_follow_the_same_rules() -> None:
    cache = Cache()
    assert cache.put_shop(shop(5)) is True
    assert cache.put_shop(shop(4)) is False
    assert cache.put_shop(shop(6, uid="s2")) is True
    cache.drop_shop(KEY, "s1")
    assert cache.shop_count() == 1
    cache.replace_shops([], 5, set())
    assert cache.shop_count() == 1
    cache.replace_shops([], 6, {"elsewhere"})
    assert cache.shop_count() == 1
    cache.replace_shops([], 6, set())
    assert cache.shop(KEY) is None


def test_what_has_no_label_belongs_to_no_shop() -> None:
    assert key_of({"metadata": {"namespace": "shops"}}) is None
    assert key_of(service(1)) == KEY
