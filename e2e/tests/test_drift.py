"""What someone changes by hand comes back; what is theirs stays theirs."""

import pytest

from e2e.support.shop import Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

REPAIR_SECONDS = 30


def test_deleted_deployment_comes_back(shop: Shop) -> None:
    before = shop.kubectl.get("deployment", "demo-products")["metadata"]["uid"]

    shop.kubectl("delete", "deployment", "demo-products")

    def restored() -> bool:
        found = shop.kubectl.find("deployment", "demo-products")
        return found is not None and found["metadata"]["uid"] != before

    eventually(restored, "the deleted Deployment is restored", REPAIR_SECONDS)
    shop.wait_ready()


def test_deleted_service_comes_back(shop: Shop) -> None:
    shop.kubectl("delete", "service", "demo-orders")

    eventually(lambda: shop.kubectl.find("service", "demo-orders"), "the deleted Service is restored", REPAIR_SECONDS)


def test_edited_image_is_put_right(shop: Shop) -> None:
    def image() -> str:
        found: str = shop.kubectl.get("deployment", "demo-payments")["spec"]["template"]["spec"]["containers"][0][
            "image"
        ]
        return found

    ours = image()
    shop.kubectl("set", "image", "deployment/demo-payments", "payments=example.com/evil:1")

    eventually(lambda: image() == ours, "the edited image is put right", REPAIR_SECONDS)
    shop.wait_ready()


def test_foreign_fields_stay(shop: Shop) -> None:
    shop.kubectl("annotate", "deployment/demo-users", "example.com/team=checkout")
    shop.kubectl("label", "service/demo-users", "example.com/zone=blue")
    shop.kubectl.patch("deployment", "demo-users", {"spec": {"progressDeadlineSeconds": 1234}})

    shop.kubectl("delete", "service", "demo-inventory")
    eventually(lambda: shop.kubectl.find("service", "demo-inventory"), "a later repair is done", REPAIR_SECONDS)

    deployment = shop.kubectl.get("deployment", "demo-users")
    assert deployment["metadata"]["annotations"]["example.com/team"] == "checkout"
    assert deployment["spec"]["progressDeadlineSeconds"] == 1234
    assert shop.kubectl.get("service", "demo-users")["metadata"]["labels"]["example.com/zone"] == "blue"


def test_paused_shop_is_left_alone(shop: Shop) -> None:
    shop.apply(paused=True)
    eventually(lambda: shop.status()["status"]["phase"] == "Paused", "the Shop is paused", REPAIR_SECONDS)

    shop.kubectl("delete", "service", "demo-payments")
    shop.kubectl.patch("shop", "demo", {"spec": {"host": "shop.example.com"}})
    generation = shop.status()["metadata"]["generation"]
    eventually(
        lambda: shop.status()["status"]["observedGeneration"] == generation,
        "the paused Shop's change is observed",
        REPAIR_SECONDS,
    )
    assert shop.kubectl.find("service", "demo-payments") is None

    shop.apply()
    eventually(lambda: shop.kubectl.find("service", "demo-payments"), "the resumed Shop is repaired", REPAIR_SECONDS)
    shop.wait_ready()
