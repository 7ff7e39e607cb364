"""Whose field is it? What comes back, what stays, and what is never fought."""

from shopkeeper_operator import naming

from .support.ownership import Object
from .support.scenes import container, ready, stranger


def test_a_shop_at_rest_costs_nothing() -> None:
    world = ready()

    for _ in range(3):
        world.reconcile()
        world.relist()

    assert world.api.writes == []


def test_a_restart_writes_nothing() -> None:
    world = ready()

    world.start()
    world.run()

    assert world.api.writes == []


def test_a_deleted_object_comes_back() -> None:
    world = ready()
    gone = world.ref("Service", "demo-orders")
    world.api.remove(gone)

    world.reconcile()

    assert gone in world.api.objects
    assert world.api.writes == ["apply Service demo-orders"]


def test_an_edited_field_of_ours_is_put_right() -> None:
    world = ready()
    ref = world.ref("Deployment", "demo-payments")
    world.api.edit(ref, lambda body: container(body).__setitem__("image", "example.com/evil:1"))

    world.reconcile()

    assert container(world.api.objects[ref])["image"] == "shopkeeper/payments:1.0.0"
    assert world.api.writes[0] == "apply Deployment demo-payments"


def test_fields_of_others_stay() -> None:
    world = ready()
    ref = world.ref("Deployment", "demo-users")

    def change(body: Object) -> None:
        body["metadata"]["annotations"]["example.com/team"] = "checkout"
        body["spec"]["progressDeadlineSeconds"] = 1234
        container(body)["env"] = [{"name": "TRACE", "value": "on"}]

    world.api.edit(ref, change)
    world.run()
    assert {write for write in world.api.writes if not write.startswith(("status", "create Event"))} == set()

    world.apply(release="2.0.0")
    world.run()

    body = world.api.objects[ref]
    assert container(body)["image"] == "shopkeeper/users:2.0.0"
    assert container(body)["env"] == [{"name": "TRACE", "value": "on"}]
    assert body["spec"]["progressDeadlineSeconds"] == 1234
    assert body["metadata"]["annotations"]["example.com/team"] == "checkout"


def test_a_change_the_server_makes_of_ours_is_written_once() -> None:
    world = ready()
    ref = world.ref("Service", "demo-users")

    def webhook(body: Object) -> None:
        if body["kind"] == "Service":
            body["spec"]["ports"][0]["name"] = "web"

    world.api.webhook = webhook
    world.api.edit(ref, lambda body: body["spec"]["ports"][0].__setitem__("name", "other"))
    world.reconcile()
    assert world.api.writes == ["apply Service demo-users"]

    world.reconcile()
    world.relist()
    world.reconcile()

    assert world.api.writes == ["apply Service demo-users"]


def test_a_field_that_the_chart_drops_is_removed() -> None:
    world = ready(services={"users": {"env": {}, "replicas": 2}})
    ref = world.ref("Deployment", "demo-users")
    assert world.api.objects[ref]["spec"]["replicas"] == 2

    world.apply(services={"users": {"replicas": 3}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 3


def test_the_autoscaler_gets_the_replicas_without_a_drop() -> None:
    world = ready(services={"products": {"replicas": 4}})
    ref = world.ref("Deployment", "demo-products")
    seen: list[int] = []
    world.api.watchers.append(
        lambda _event, kind, body: (
            seen.append(body["spec"]["replicas"])
            if (kind, body["metadata"]["name"]) == ("Deployment", "demo-products")
            else None
        )
    )

    world.apply(services={"products": {"autoscaling": {"minReplicas": 1, "maxReplicas": 9}}})
    world.run()

    assert set(seen) == {4}
    assert world.api.owners(ref, ("spec", "replicas")) == {naming.HANDOVER_MANAGER}
    assert "demo-products" in world.api.of("HorizontalPodAutoscaler")


def test_the_autoscaler_is_never_fought() -> None:
    world = ready(services={"products": {"autoscaling": {"maxReplicas": 9}}})
    ref = world.ref("Deployment", "demo-products")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 7), manager="hpa")

    world.run()
    world.apply(services={"products": {"autoscaling": {"maxReplicas": 8}}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 7


def test_without_autoscaling_the_replicas_are_ours_again() -> None:
    world = ready(services={"products": {"autoscaling": {"maxReplicas": 9}}})
    ref = world.ref("Deployment", "demo-products")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 7), manager="hpa")

    world.apply(services={"products": {"replicas": 2}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 2
    assert "demo-products" not in world.api.of("HorizontalPodAutoscaler")


def test_what_the_chart_drops_is_pruned_and_what_is_only_labelled_is_not() -> None:
    world = ready(services={"users": {"autoscaling": {"maxReplicas": 3}}})
    mine = stranger(world, "ConfigMap", "my-notes", data={})
    mine["metadata"]["labels"] = naming.labels("demo", "notes")
    world.start()

    world.apply()
    world.run()

    assert world.api.of("HorizontalPodAutoscaler") == {}
    assert "my-notes" in world.api.of("ConfigMap")


def test_drift_is_repaired_while_another_part_is_broken() -> None:
    world = ready()
    world.broken_images = {"shopkeeper/payments:2.0.0"}
    world.apply(release="2.0.0")
    world.run()
    ref = world.ref("Deployment", "demo-gateway")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 0))

    world.reconcile()

    assert world.api.objects[ref]["spec"]["replicas"] == 1
