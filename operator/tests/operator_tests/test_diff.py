"""Does the cluster hold what we want?"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shopkeeper_operator.plan.diff import differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


@settings(deadline=None, max_examples=50)
@given(OBJECTS)
def test_an_object_is_what_it_is(manifest: dict[str, Any]) -> None:
    assert differences(manifest, manifest) == frozenset()


@settings(deadline=None, max_examples=50)
@given(OBJECTS, OBJECTS)
def test_fields_of_others_do_not_count(manifest: dict[str, Any], more: dict[str, Any]) -> None:
    assert differences(manifest, more | manifest) == frozenset()


@settings(deadline=None, max_examples=50)
@given(OBJECTS, st.text(max_size=4), st.integers(1, 9))
def test_a_changed_field_counts(manifest: dict[str, Any], key: str, value: int) -> None:
    wanted = manifest | {key: value}

    assert differences(wanted, manifest | {key: value + 1}) == {f"{key}={value + 1}"}
    assert differences(wanted, {k: v for k, v in wanted.items() if k != key}) == {f"{key}=null"}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param({"a": {}}, {}, id="empty map"),
        pytest.param({"a": []}, {}, id="empty list"),
        pytest.param({"a": ""}, {}, id="empty text"),
        pytest.param({"a": False}, {}, id="false"),
        pytest.param({"a": 0}, {}, id="zero"),
        pytest.param({"a": None}, {"a": {}}, id="null"),
        pytest.param({"limits": {"cpu": "0.5"}}, {"limits": {"cpu": "500m"}}, id="quantity"),
        pytest.param({"emptyDir": {"sizeLimit": "1024Mi"}}, {"emptyDir": {"sizeLimit": "1Gi"}}, id="size limit"),
        pytest.param(
            {"containers": [{"name": "a", "ports": [{"containerPort": 80}]}]},
            {"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]},
            id="default protocol",
        ),
        pytest.param(
            {"env": [{"name": "A", "value": "1"}]},
            {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]},
            id="element of others",
        ),
        pytest.param(
            {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]},
            {"volumeMounts": [{"name": "x", "mountPath": "/x"}, {"name": "tmp", "mountPath": "/tmp"}]},
            id="mount of others",
        ),
        pytest.param(
            {"ownerReferences": [{"uid": "1"}]}, {"ownerReferences": [{"uid": "0"}, {"uid": "1"}]}, id="owner"
        ),
    ],
)
def test_what_the_api_server_does_to_an_object_is_no_drift(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert differences(wanted, found) == frozenset()


@pytest.mark.parametrize(
    ("wanted", "found", "paths"),
    [
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, {"a.b=2"}, id="value"),
        pytest.param({"a": {"b": 1}}, {}, {"a=null"}, id="gone"),
        pytest.param({"a": ""}, {"a": "x"}, {'a="x"'}, id="no longer empty"),
        pytest.param({"env": {"cpu": "0.5"}}, {"env": {"cpu": "500m"}}, {'env.cpu="500m"'}, id="no quantity"),
        pytest.param({"args": ["a", "b"]}, {"args": ["a"]}, {'args=["a"]'}, id="shorter list"),
        pytest.param({"args": ["a", "b"]}, {"args": ["b", "a"]}, {'args[0]="b"', 'args[1]="a"'}, id="order"),
        pytest.param(
            {"ingress": [{"ports": [{"port": 80}]}]},
            {"ingress": [{"ports": [{"port": 80}, {"port": 22}]}]},
            {'ingress[0].ports=[{"port": 80}, {"port": 22}]'},
            id="port added to a policy",
        ),
        pytest.param(
            {"containers": [{"name": "a", "image": "x:1"}]},
            {"containers": [{"name": "sidecar"}, {"name": "a", "image": "x:2"}]},
            {'containers[a].image="x:2"'},
            id="element by key",
        ),
        pytest.param(
            {"spec": {"ports": [{"port": 80}]}},
            {"spec": {"ports": [{"port": 81}]}},
            {"spec.ports[80,TCP]=null"},
            id="port of a service",
        ),
    ],
)
def test_drift_is_told_by_path(wanted: dict[str, Any], found: dict[str, Any], paths: set[str]) -> None:
    assert differences(wanted, found) == paths
