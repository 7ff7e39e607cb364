"""Pods: restricted security, probes, resources, rolling updates."""

from pathlib import Path

import pytest

from charts.tests.helm import NAMES, SERVICES, Helm, Object, case_name, cases, load
from charts.tests.objects import containers, named, of_kind, pods

MATRIX = pytest.mark.parametrize(("chart", "values"), cases(), ids=case_name)


def everything(helm: Helm, chart: str, values: Path) -> list[Object]:
    """Return the objects of a case, those of `helm test` as well."""
    return helm.template(chart, load(values), hooks=True)


@MATRIX
def test_pods_meet_the_restricted_level(helm: Helm, chart: str, values: Path) -> None:
    objects = everything(helm, chart, values)
    for holder, pod in pods(objects):
        security = pod["spec"]["securityContext"]
        assert security["runAsNonRoot"] is True, holder
        assert security["runAsUser"] == 10001, holder
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, holder
        assert pod["spec"]["automountServiceAccountToken"] is False, holder
        assert pod["spec"]["enableServiceLinks"] is False, holder
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod["spec"].keys(), holder
        assert all(kind in {"emptyDir", "secret", "configMap", "projected"} for kind in volume_kinds(pod)), holder
    for holder, container in containers(objects):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, holder


def volume_kinds(pod: Object) -> list[str]:
    """Return the kinds of a pod's volumes."""
    return [kind for volume in pod["spec"]["volumes"] for kind in volume if kind != "name"]


@MATRIX
def test_containers_have_requests_limits_and_a_place_to_write(helm: Helm, chart: str, values: Path) -> None:
    for holder, container in containers(everything(helm, chart, values)):
        for kind in ("requests", "limits"):
            assert {"cpu", "memory"} <= container["resources"][kind].keys(), f"{holder} {kind}"
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"], holder


@MATRIX
def test_service_accounts_mount_no_token(helm: Helm, chart: str, values: Path) -> None:
    objects = helm.template(chart, load(values))
    accounts = of_kind(objects, "ServiceAccount")
    assert {pod["spec"]["serviceAccountName"] for _, pod in pods(objects)} == {a["metadata"]["name"] for a in accounts}
    assert all(account["automountServiceAccountToken"] is False for account in accounts)


@MATRIX
def test_no_number_of_pods_where_an_autoscaler_sets_it(helm: Helm, chart: str, values: Path) -> None:
    objects = helm.template(chart, load(values))
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(objects, "HorizontalPodAutoscaler")}
    for deployment in of_kind(objects, "Deployment"):
        assert ("replicas" in deployment["spec"]) != (deployment["metadata"]["name"] in scaled)
    assert all(stateful["spec"]["replicas"] in {1, 3} for stateful in of_kind(objects, "StatefulSet"))


@pytest.mark.parametrize("service", SERVICES)
def test_service_probes(helm: Helm, service: str) -> None:
    (container,) = deployment_of(helm, service)["spec"]["template"]["spec"]["containers"]
    paths = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {
        "startup": {"path": "/livez", "port": "http"},
        "liveness": {"path": "/livez", "port": "http"},
        "readiness": {"path": "/readyz", "port": "http"},
    }
    grpc = {"grpc": 8081} if service == "recommendations" else {}
    numbers = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert numbers == {"http": 8080, "metrics": 9090, **grpc}


def deployment_of(helm: Helm, chart: str, values: Object | None = None) -> Object:
    """Return the Deployment of a service or of the gateway."""
    return named(helm.template(chart, values), "Deployment", f"demo-{chart}")


@pytest.mark.parametrize("chart", [*SERVICES, "gateway"])
def test_updates_roll_without_a_gap(helm: Helm, chart: str) -> None:
    deployment = deployment_of(helm, chart)["spec"]
    assert deployment["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spread = deployment["template"]["spec"]["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert all(one["labelSelector"]["matchLabels"] == deployment["selector"]["matchLabels"] for one in spread)


@pytest.mark.parametrize("service", SERVICES)
def test_pods_answer_until_they_are_out_of_the_service(helm: Helm, service: str) -> None:
    objects = helm.template(service)
    pod = named(objects, "Deployment", f"demo-{service}")["spec"]["template"]["spec"]
    sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    data = named(objects, "ConfigMap", f"demo-{service}")["data"]
    assert sleep == (10 if service in {"storefront", "recommendations"} else 5)
    ending = sleep + int(data["SHUTDOWN_DRAIN_SECONDS"]) + int(data["SHUTDOWN_GRACE_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] > ending


def test_gateway_drains_before_it_ends(helm: Helm) -> None:
    pod = deployment_of(helm, "gateway", {"drainSeconds": 40})["spec"]["template"]["spec"]
    command = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    assert command[:2] == ["bash", "-c"]
    assert "POST /healthcheck/fail" in command[2]
    assert command[2].endswith("; sleep 40")
    assert pod["terminationGracePeriodSeconds"] == 50


@pytest.mark.parametrize("chart", SERVICES)
def test_changed_settings_start_new_pods(helm: Helm, chart: str) -> None:
    def checksum(values: Object) -> str:
        annotations = deployment_of(helm, chart, values)["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/config"])

    assert checksum({}) == checksum({"replicas": 3})
    assert checksum({}) != checksum({"env": {"LOG_LEVEL": "DEBUG"}})


def test_changed_routes_start_new_gateway_pods(helm: Helm) -> None:
    def pod(values: Object) -> Object:
        template: Object = deployment_of(helm, "gateway", values)["spec"]["template"]
        return template

    assert pod({}) == pod({"replicas": 3})
    assert pod({}) != pod({"limits": {"bodyBytes": 2048}})


def test_no_environment_variable_is_given_twice(helm: Helm) -> None:
    for holder, container in containers(helm.template("shop", hooks=True)):
        names = [one["name"] for one in container.get("env", [])]
        assert len(names) == len(set(names)), holder


def test_footprint_of_the_small_profile(helm: Helm) -> None:
    objects = [item for item in helm.template("shop") if item["kind"] != "Job"]
    requests = [container["resources"]["requests"] for _, container in containers(objects)]
    assert sum(int(one["cpu"].removesuffix("m")) for one in requests) == 295
    assert sum(int(one["memory"].removesuffix("Mi")) for one in requests) == 1264
    # All charts but the umbrella, and the sink for mails.
    assert len(requests) == len(NAMES)
