"""Shops for the end-to-end tests; a namespace for each module, with the restricted Pod Security level enforced."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from e2e.support import namespaces
from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop
from e2e.support.shopper import Shopper

OPERATOR_NAMESPACE = "shopkeeper-system"


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares a Shop in one worker: all modules that use the common one, and each of the others."""
    for item in items:
        if item.get_closest_marker("e2e") is not None:
            item.add_marker(pytest.mark.xdist_group(_shares_the_shop(item) or item.location[0]))


def _shares_the_shop(item: pytest.Item) -> str:
    """Return a word if a test uses the Shop of the whole session, else nothing."""
    if isinstance(item, pytest.Function):
        definitions = item._fixtureinfo.name2fixturedefs.get("shop")
        if definitions and definitions[-1].scope == "session":
            return "shop"
    return ""


@pytest.fixture(scope="session")
def cluster() -> Kubectl:
    """Return kubectl for the cluster under test, with the operator installed."""
    kubectl = Kubectl()
    kubectl("get", "customresourcedefinition", "shops.shopkeeper.dev")
    return kubectl


@pytest.fixture(scope="session")
def operator(cluster: Kubectl) -> Kubectl:
    """Return kubectl for the operator's namespace."""
    return cluster.within(OPERATOR_NAMESPACE)


@pytest.fixture(scope="session")
def leaving(cluster: Kubectl) -> Iterator[list[str]]:
    """Collect the namespaces that are being deleted, Shops and all; at the end none may hang."""
    names: list[str] = []
    yield names
    wait_until_gone(cluster, names)


def wait_until_gone(cluster: Kubectl, names: list[str]) -> None:
    """Wait until these namespaces are deleted."""
    if names:
        targets = [f"namespace/{name}" for name in names]
        cluster("wait", "--for=delete", *targets, "--timeout=180s", timeout=200)


@pytest.fixture
def undisturbed(cluster: Kubectl, leaving: list[str]) -> None:
    """Let Kubernetes finish with the namespaces of earlier tests."""
    wait_until_gone(cluster, leaving)


@pytest.fixture(scope="module")
def namespace(cluster: Kubectl, leaving: list[str], request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """Return kubectl for a new namespace, deleted with all its Shops after the module's tests."""
    module = request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-")
    with new_namespace(cluster, module, leaving) as kubectl:
        yield kubectl


@contextmanager
def new_namespace(cluster: Kubectl, purpose: str, leaving: list[str]) -> Iterator[Kubectl]:
    """Make a namespace; begin to delete it afterwards."""
    made = namespaces.create(cluster, f"e2e-{purpose}")
    yield made
    cluster("delete", "namespace", made.namespace, "--wait=false")
    leaving.append(made.namespace)


@pytest.fixture(scope="module")
def make_shop(namespace: Kubectl) -> Callable[[str], Shop]:
    """Return a function that names a Shop of this module's namespace."""
    return lambda name: Shop(name, namespace)


@pytest.fixture(scope="session")
def shop(cluster: Kubectl, leaving: list[str]) -> Iterator[Shop]:
    """Return a Ready Shop with hardly a spec; a test that changes it changes it back."""
    with new_namespace(cluster, "shop", leaving) as kubectl:
        shop = Shop("demo", kubectl)
        shop.apply()
        shop.wait_ready()
        yield shop


@pytest.fixture(scope="module")
def anyone(shop: Shop) -> Iterator[Shopper]:
    """Return a client of the Shop's gateway that is not logged in."""
    with shop.gateway() as client:
        yield client


@pytest.fixture(scope="module")
def admin(shop: Shop, anyone: Shopper) -> Shopper:
    """Return the Shop's administrator."""
    return shop.admin(anyone)


@pytest.fixture
def shopper(anyone: Shopper) -> Shopper:
    """Return a new customer."""
    return anyone.register()
