"""Of several replicas one works, another takes over, and never do two of them write."""

from collections.abc import Callable

import pytest
from shopkeeper_operator.apply.client import ApiError
from shopkeeper_operator.apply.executor import DatabaseTools, Executor
from shopkeeper_operator.election import DEADLINE, DURATION, LEASE, PAUSE, Elector, NotLeader
from shopkeeper_operator.kinds import Key, Ref
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.plan.model import Delete, Plan
from shopkeeper_operator.snapshot import Environment, Snapshot

from .support.fake_api import FakeApi
from .support.scenes import ready

NAME = Key("system", "shopkeeper-operator")


class Replicas:
    """Replicas with one clock, which some of them may not live to see."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.seconds = 0.0

    def join(self, identity: str, skew: float = 0.0) -> Elector:
        """Return another replica; its clock may differ."""
        return Elector(self.api, NAME, identity, clock=lambda: self.seconds + skew)

    def wait(self, seconds: float, *alive: Elector) -> None:
        """Let time pass, in which the replicas that are alive do what they do."""
        until = self.seconds + seconds
        while self.seconds < until:
            self.seconds += PAUSE
            for replica in alive:
                replica.attempt()

    def holder(self) -> str:
        """Return who holds the Lease."""
        return str(self.api.objects[Ref(LEASE.name, *NAME)]["spec"]["holderIdentity"])


def may(check: Callable[[], None]) -> bool:
    """Tell whether a replica may write."""
    try:
        check()
    except NotLeader:
        return False
    return True


def test_the_first_one_leads_and_keeps_leading() -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two", skew=1000)

    assert one.attempt()
    assert not two.attempt()
    world.wait(600, two, one)

    assert world.holder() == "one"
    assert (may(one.check), may(two.check)) == (True, False)
    assert (may(one.confirm), may(two.confirm)) == (True, False)


def test_another_takes_over_within_20_seconds_of_a_death() -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two")
    one.attempt()
    world.wait(60, one, two)
    died = world.seconds

    while world.holder() == "one":
        world.wait(PAUSE, two)

    assert world.seconds - died <= DURATION + PAUSE <= 20
    assert may(two.check)


def test_never_may_two_of_them_write() -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two", skew=-50)
    one.attempt()
    two.attempt()
    for _ in range(int(DURATION * 3)):
        world.seconds += 1
        two.attempt()
        assert not (may(one.check) and may(two.check)), world.seconds

    assert may(two.check)
    assert not one.attempt()
    with pytest.raises(NotLeader, match="is held by two"):
        _believing(one).confirm()


def _believing(frozen: Elector) -> Elector:
    """Return a replica that was stopped between its look at the clock and its write."""
    frozen._renewed = frozen._clock()
    return frozen


def test_a_thawed_holder_notices_by_the_clock_before_it_asks() -> None:
    world = Replicas()
    one = world.join("one")
    one.attempt()

    world.seconds += DEADLINE - 0.1
    assert may(one.check)
    world.seconds += 0.1

    assert not may(one.check)
    assert not may(one.confirm)


def test_a_lease_that_is_given_back_is_taken_at_once() -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two")
    one.attempt()
    assert not two.attempt()

    one.stop()

    assert two.attempt()
    assert not may(one.check)
    assert world.holder() == "two"
    assert not one.acquire()
    two.stop()
    two.stop()
    assert world.holder() == ""


def test_a_race_for_the_lease_has_one_winner() -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two")
    lost = ApiError(409, "AlreadyExists", "leases already exists")
    world.api.refuse = lambda verb, _ref: lost if verb == "create" else None

    assert not one.attempt()
    world.api.refuse = lambda _verb, _ref: None
    assert two.attempt()
    assert not one.attempt()


def test_the_keeper_ends_when_the_lease_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Replicas()
    one, two = world.join("one"), world.join("two")
    one.attempt()
    two.attempt()
    world.seconds += DURATION
    assert two.attempt()
    monkeypatch.setattr("shopkeeper_operator.election.PAUSE", 0.0)

    with pytest.raises(NotLeader):
        one.keep()


def test_an_api_server_out_of_reach_stops_the_writing_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Replicas()
    one = world.join("one")
    one.attempt()

    def unreachable(*_: object) -> None:
        world.seconds += 1
        raise ApiError(0, "NoAnswer", "timeout")

    monkeypatch.setattr("shopkeeper_operator.election.PAUSE", 0.0)
    monkeypatch.setattr(world.api, "get", unreachable)

    with pytest.raises(NotLeader, match="was not renewed for 8 s"):
        one.keep()
    assert world.seconds == DEADLINE


def test_nothing_irreversible_is_done_without_a_look_at_the_lease() -> None:
    world = ready()
    refusals: list[str] = []

    def refuse() -> None:
        refusals.append("asked")
        raise NotLeader("held by two")

    tools = DatabaseTools(world.servers.provision, world.servers.drop)
    executor = Executor(world.api, Cache(), tools, lambda _key: None, refuse)
    shop = world.cache.shop(Key("shops", "demo"))
    assert shop is not None
    ref, body = next(iter(world.children().items()))

    done = executor.execute(
        Snapshot(shop, {}, Environment("1", "", "")), Plan(actions=(Delete(ref, body["metadata"]["uid"]),))
    )

    assert (done.wrote, done.failed, done.problems) == (False, True, [])
    assert refusals == ["asked"]
    assert ref in world.api.objects
