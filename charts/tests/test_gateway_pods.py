"""Several pods of the storefront: a browser stays with one, and one that is away is passed over."""

from collections.abc import Iterator

import pytest

from charts.tests.envoy import Gateway, running_gateway
from charts.tests.helm import Helm
from charts.tests.stubs import Stub


def pods() -> tuple[Stub, ...]:
    """Return two more pods."""
    return Stub("storefront"), Stub("storefront")


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a gateway in front of three pods."""
    more = pods()
    with running_gateway(helm, {}, tmp_path_factory.mktemp("envoy"), pods=more) as running:
        running.stubs |= {f"storefront-{number}": pod for number, pod in enumerate(more)}
        yield running


def counts(gateway: Gateway) -> list[int]:
    """Return how many requests each pod has had."""
    return [len(stub.asked) for name, stub in gateway.stubs.items() if name.startswith("storefront")]


def gained(gateway: Gateway, cookies: list[str]) -> list[int]:
    """Return how many of some requests each pod gets, the busiest first."""
    before = counts(gateway)
    for cookie in cookies:
        assert gateway.call("GET", "/account", headers={"Cookie": cookie} if cookie else None).status == 200
    return sorted((after - old for after, old in zip(counts(gateway), before, strict=True)), reverse=True)


@pytest.mark.parametrize("name", ["account", "__Host-account"])
def test_a_browser_stays_with_its_pod(gateway: Gateway, name: str) -> None:
    assert gained(gateway, [f"theme=1; {name}=one"] * 12) == [12, 0, 0]
    assert all(gained(gateway, [f"{name}={number}" for number in range(60)]))


def test_others_are_spread(gateway: Gateway) -> None:
    assert all(gained(gateway, [""] * 60))


class Away(Stub):
    """A pod that is away: its port stays its own, and nobody listens on it."""

    def server_activate(self) -> None:
        """Do not listen."""

    def start(self) -> None:
        """Serve nobody."""

    def stop(self) -> None:
        """Give the port back."""
        self.server_close()


def test_a_pod_that_is_away_is_passed_over(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_gateway(helm, {}, tmp_path_factory.mktemp("envoy"), pods=(Away("storefront"),)) as gateway:
        for number in range(40):
            # Nobody has seen what found no connection, so that writes may be sent again as well.
            answer = gateway.call("POST", "/basket", b"x", {"Cookie": f"account={number}"})
            assert answer.status == 200, answer
