"""Where many tests begin."""

from typing import Any

from .ownership import Object
from .world import World


def ready(**spec: Any) -> World:
    """Return a world with one Shop that is ready and at rest."""
    world = World()
    world.apply(**spec)
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"
    world.api.writes.clear()
    world.api.reads = 0
    return world


def container(deployment: Object) -> Object:
    """Return the one container of a Deployment."""
    found: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def stranger(world: World, kind: str, name: str, **content: Any) -> Object:
    """Put an object of somebody else into the world."""
    metadata = {"name": name, "namespace": "shops", "uid": "x", "resourceVersion": "1", "generation": 1}
    body: Object = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
    world.api.objects[world.ref(kind, name)] = body
    return body
