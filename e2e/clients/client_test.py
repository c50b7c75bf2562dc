# SPDX-License-Identifier: Apache-2.0
"""The Python client of Debian 12, unmodified: typed and dynamic calls, watches and informers, errors as it sees them.

Each test has a namespace of its own. Waiting is on the watch, with a deadline that only what hangs meets.
"""
import base64
import json
import os
import threading
import uuid

import pytest
import websocket
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.rest import ApiException

GUARD = int(os.environ.get("GUARD", "100"))
config.load_kube_config()
core, apps, batch = client.CoreV1Api(), client.AppsV1Api(), client.BatchV1Api()


@pytest.fixture
def ns():
    name = "python-" + uuid.uuid4().hex[:8]
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    yield name
    core.delete_namespace(name)


def config_map(name, labels=None, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=labels), data=data)


def deployment(name, replicas=1):
    labels = {"app": name}
    container = client.V1Container(name="main", image="localhost/x:1", ports=[client.V1ContainerPort(container_port=80)])
    template = client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels),
        spec=client.V1PodSpec(containers=[container], node_selector={"type": "fake"}),
    )
    spec = client.V1DeploymentSpec(replicas=replicas, selector=client.V1LabelSelector(match_labels=labels), template=template)
    return client.V1Deployment(metadata=client.V1ObjectMeta(name=name), spec=spec)


def test_create_read_replace_delete(ns):
    core.create_namespaced_config_map(ns, config_map("a", k="v"))
    got = core.read_namespaced_config_map("a", ns)
    assert got.data == {"k": "v"} and got.metadata.uid
    got.data["k"] = "w"
    core.replace_namespaced_config_map("a", ns, got)
    with pytest.raises(ApiException) as e:
        core.replace_namespaced_config_map("a", ns, got)  # the old version again
    assert e.value.status == 409
    core.delete_namespaced_config_map("a", ns)
    with pytest.raises(ApiException) as e:
        core.read_namespaced_config_map("a", ns)
    assert e.value.status == 404


def socket_to(path, **options):
    """What a browser does: a WebSocket, with the token among its subprotocols."""
    c = core.api_client.configuration
    tls = {"ca_certs": c.ssl_ca_cert, "certfile": c.cert_file, "keyfile": c.key_file}
    host = c.host.replace("https://", "wss://")
    return websocket.create_connection(host + path, sslopt=tls, timeout=GUARD, **options)


def test_watch_over_websocket(ns):
    core.create_namespaced_config_map(ns, config_map("a"))
    path = f"/api/v1/namespaces/{ns}/configmaps?watch=1&fieldSelector=metadata.name!=kube-root-ca.crt"
    ws = socket_to(path, subprotocols=["events.example.com"])
    assert ws.headers["sec-websocket-protocol"] == "events.example.com"
    first = json.loads(ws.recv())
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "a")
    core.delete_namespaced_config_map("a", ns)
    assert json.loads(ws.recv())["type"] == "DELETED"
    ws.ping("there?")
    assert ws.recv_frame().data == b"there?"
    ws.close()
    with pytest.raises(websocket.WebSocketBadStatusException) as e:
        socket_to(path, suppress_origin=True)
    assert e.value.status_code == 403


def test_list_with_selectors_and_pages(ns):
    for i in range(7):
        core.create_namespaced_config_map(ns, config_map(f"c{i}", {"odd": str(i % 2)}))
    assert len(core.list_namespaced_config_map(ns, label_selector="odd=1").items) == 3
    assert [c.metadata.name for c in core.list_namespaced_config_map(ns, field_selector="metadata.name=c4").items] == ["c4"]
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(ns, limit=3, _continue=token, label_selector="odd")
        names += [c.metadata.name for c in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"c{i}" for i in range(7)]


def test_patches(ns):
    core.create_namespaced_config_map(ns, config_map("p", k="v"))
    assert core.patch_namespaced_config_map("p", ns, {"data": {"l": "w"}}).data == {"k": "v", "l": "w"}
    assert core.patch_namespaced_config_map("p", ns, [{"op": "remove", "path": "/data/k"}]).data == {"l": "w"}
    apps.create_namespaced_deployment(ns, deployment("d", 0))
    side = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "x"}]}}}}
    got = apps.patch_namespaced_deployment("d", ns, side)
    assert {c.name for c in got.spec.template.spec.containers} == {"main", "side"}


def test_errors_have_reasons_and_causes(ns):
    bad = deployment("Not_A_Name", -1)
    with pytest.raises(ApiException) as e:
        apps.create_namespaced_deployment(ns, bad)
    status = client.ApiClient().deserialize(type("r", (), {"data": e.value.body})(), "V1Status")
    assert (e.value.status, status.reason) == (422, "Invalid")
    assert {c.field for c in status.details.causes} >= {"metadata.name", "spec.replicas"}


def test_watch_sees_every_change_in_order(ns):
    core.create_namespaced_config_map(ns, config_map("first"))
    version = core.list_namespaced_config_map(ns).metadata.resource_version
    seen = []

    def work():
        core.create_namespaced_config_map(ns, config_map("w", {"x": "y"}, k="1"))
        core.patch_namespaced_config_map("w", ns, {"data": {"k": "2"}})
        core.patch_namespaced_config_map("w", ns, {"metadata": {"labels": {"x": None}}})
        core.delete_namespaced_config_map("w", ns)

    t = threading.Thread(target=work)
    t.start()
    w = watch.Watch()
    for event in w.stream(core.list_namespaced_config_map, ns, resource_version=version, label_selector="x=y", timeout_seconds=GUARD):
        seen.append((event["type"], event["object"].data["k"]))
        if event["type"] == "DELETED":  # it has left the selector
            w.stop()
    t.join()
    assert seen == [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")]


def test_watch_ends_at_its_timeout_and_resumes(ns):
    w = watch.Watch()
    core.create_namespaced_config_map(ns, config_map("a"))
    first = [e["object"].metadata.name for e in w.stream(core.list_namespaced_config_map, ns, field_selector="metadata.name=a", timeout_seconds=1)]
    assert first == ["a"]
    version = w.resource_version
    core.create_namespaced_config_map(ns, config_map("b"))
    for event in w.stream(core.list_namespaced_config_map, ns, resource_version=version, field_selector="metadata.name=b", timeout_seconds=GUARD):
        assert event["object"].metadata.name == "b"
        w.stop()


def test_watch_of_a_version_that_is_gone(ns):
    core.create_namespaced_config_map(ns, config_map("a"))
    with pytest.raises(ApiException) as e:
        for _ in watch.Watch().stream(core.list_namespaced_config_map, ns, resource_version="1", timeout_seconds=5, allow_watch_bookmarks=False):
            pass
        pytest.skip("the store still has all of its history")
    assert e.value.status == 410


class Informer(threading.Thread):
    """List, then watch from there, and again when that ends: what client libraries do."""

    def __init__(self, lister, *args):
        super().__init__(daemon=True)
        self.lister, self.args, self.store, self.lists = lister, args, {}, 0
        self.changed, self.stopped = threading.Condition(), False
        self.start()

    def run(self):
        while not self.stopped:
            listed = self.lister(*self.args)
            with self.changed:
                self.lists += 1
                self.store = {o.metadata.name: o for o in listed.items}
                self.changed.notify_all()
            version = listed.metadata.resource_version
            try:
                while not self.stopped:
                    w = watch.Watch()
                    for e in w.stream(self.lister, *self.args, resource_version=version, timeout_seconds=2):
                        version = e["object"].metadata.resource_version
                        with self.changed:
                            if e["type"] == "DELETED":
                                self.store.pop(e["object"].metadata.name)
                            else:
                                self.store[e["object"].metadata.name] = e["object"]
                            self.changed.notify_all()
            except ApiException as e:
                if e.status != 410:
                    raise

    def until(self, wanted):
        with self.changed:
            assert self.changed.wait_for(lambda: wanted(self.store), GUARD), self.store.keys()


def test_informer_follows_a_deployment(ns):
    pods = Informer(core.list_namespaced_pod, ns)
    apps.create_namespaced_deployment(ns, deployment("d", 3))
    pods.until(lambda s: len(s) == 3 and all(p.status.phase == "Running" for p in s.values()))
    apps.patch_namespaced_deployment_scale("d", ns, {"spec": {"replicas": 1}})
    pods.until(lambda s: len(s) == 1)
    apps.delete_namespaced_deployment("d", ns)
    pods.until(lambda s: not s)
    assert pods.lists == 1  # watches that time out resume, they do not list again
    pods.stopped = True


def test_status_and_scale_subresources(ns):
    apps.create_namespaced_deployment(ns, deployment("d", 1))
    scale = apps.read_namespaced_deployment_scale("d", ns)
    assert (scale.kind, scale.spec.replicas, scale.status.selector) == ("Scale", 1, "app=d")
    scale.spec.replicas, scale.metadata.resource_version = 2, None
    assert apps.replace_namespaced_deployment_scale("d", ns, scale).spec.replicas == 2
    assert apps.read_namespaced_deployment_status("d", ns).spec.replicas == 2


def test_every_group_can_be_listed_by_its_typed_client():
    calls = {
        client.CoreV1Api: "node persistent_volume persistent_volume_claim_for_all_namespaces namespace pod_for_all_namespaces service_for_all_namespaces limit_range_for_all_namespaces",
        client.AppsV1Api: "deployment_for_all_namespaces daemon_set_for_all_namespaces stateful_set_for_all_namespaces",
        client.BatchV1Api: "job_for_all_namespaces cron_job_for_all_namespaces",
        client.AutoscalingV1Api: "horizontal_pod_autoscaler_for_all_namespaces",
        client.PolicyV1Api: "pod_disruption_budget_for_all_namespaces",
        client.NetworkingV1Api: "ingress_for_all_namespaces ingress_class network_policy_for_all_namespaces",
        client.DiscoveryV1Api: "endpoint_slice_for_all_namespaces",
        client.CoordinationV1Api: "lease_for_all_namespaces",
        client.RbacAuthorizationV1Api: "cluster_role cluster_role_binding role_for_all_namespaces role_binding_for_all_namespaces",
        client.SchedulingV1Api: "priority_class",
        client.StorageV1Api: "storage_class csi_node csi_driver volume_attachment",
        client.NodeV1Api: "runtime_class",
        client.CertificatesV1Api: "certificate_signing_request",
        client.AdmissionregistrationV1Api: "mutating_webhook_configuration validating_webhook_configuration",
        client.ApiextensionsV1Api: "custom_resource_definition",
        client.ApiregistrationV1Api: "api_service",
    }
    for api, names in calls.items():
        for name in names.split():
            assert getattr(api(), "list_" + name)().metadata.resource_version, name


def test_dynamic_client_and_server_side_apply(ns):
    dyn = dynamic.DynamicClient(client.ApiClient())
    maps = dyn.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ssa"}, "data": {"k": "v"}}
    got = maps.server_side_apply(body=json.dumps(body), name="ssa", namespace=ns, field_manager="python")
    assert got.metadata.name == "ssa"
    stored = maps.get(name="ssa", namespace=ns)
    assert [(m.manager, m.operation) for m in stored.metadata.managedFields] == [("python", "Apply")]
    events = [e["type"] for e in maps.watch(namespace=ns, field_selector="metadata.name=ssa", timeout=1)]
    assert events == ["ADDED"]


def test_custom_resources(ns):
    group = ns + ".coracle.test"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "size": {"type": "integer", "default": 3}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "ships." + group},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "ships", "kind": "Ship"}, "versions": [version]},
    }
    definitions, ships = client.ApiextensionsV1Api(), client.CustomObjectsApi()
    utils.create_from_dict(client.ApiClient(), crd)
    for e in watch.Watch().stream(definitions.list_custom_resource_definition, field_selector="metadata.name=ships." + group, timeout_seconds=GUARD):
        if any(c.type == "Established" and c.status == "True" for c in e["object"].status.conditions or []):
            break
    got = ships.create_namespaced_custom_object(group, "v1", ns, "ships", {"apiVersion": group + "/v1", "kind": "Ship", "metadata": {"name": "a"}, "spec": {"name": "x", "lost": 1}})
    assert got["spec"] == {"name": "x", "size": 3}
    with pytest.raises(ApiException) as e:
        ships.create_namespaced_custom_object(group, "v1", ns, "ships", {"apiVersion": group + "/v1", "kind": "Ship", "metadata": {"name": "b"}, "spec": {}})
    assert e.value.status == 422
    definitions.delete_custom_resource_definition("ships." + group)


def test_binary_data_and_secrets(ns):
    raw = bytes(range(256))
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), data={"k": base64.b64encode(raw).decode()}, string_data={"t": "ü"})
    core.create_namespaced_secret(ns, secret)
    got = core.read_namespaced_secret("s", ns).data
    assert base64.b64decode(got["k"]) == raw and base64.b64decode(got["t"]).decode() == "ü"


def test_delete_collection_and_propagation(ns):
    for i in range(4):
        core.create_namespaced_config_map(ns, config_map(f"c{i}", {"n": str(i)}))
    core.delete_collection_namespaced_config_map(ns, label_selector="n in (1,2)")
    assert [c.metadata.name for c in core.list_namespaced_config_map(ns, label_selector="n").items] == ["c0", "c3"]
    apps.create_namespaced_deployment(ns, deployment("d", 1))
    sets = Informer(apps.list_namespaced_replica_set, ns)
    sets.until(lambda s: len(s) == 1)
    apps.delete_namespaced_deployment("d", ns, propagation_policy="Foreground")
    sets.until(lambda s: not s)
    sets.stopped = True


def test_leader_election(ns):
    from kubernetes.leaderelection import electionconfig, leaderelection
    from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

    led = threading.Event()
    lock = ConfigMapLock("lock", ns, "me")
    setting = electionconfig.Config(lock, lease_duration=17, renew_deadline=15, retry_period=5, onstarted_leading=led.set, onstopped_leading=None)
    threading.Thread(target=leaderelection.LeaderElection(setting).run, daemon=True).start()
    assert led.wait(GUARD)
