# SPDX-License-Identifier: Apache-2.0
"""What the attacks on writes send: patches that want to explode, lists of managers that are none, protobuf that is none. Nothing
here talks to anybody."""
import json, random


def nested(depth, inner="1", key="a"):
    return '{"%s":' % key * depth + inner + "}" * depth


def op(name, path, value=None, source=None):
    return dict({"op": name, "path": path}, **({"from": source} if source is not None else {"value": value}))


def strategic(spec, **metadata):
    return {"metadata": metadata, "spec": {"template": {"spec": spec}}} if spec else {"metadata": metadata}


def patch_bombs():
    """(what, kind of object, patch's form, patch, what may be answered)"""
    text = "x" * 100000
    names = [{"name": "n%d" % i} for i in range(12000)]
    yield "copies that double", "configmaps", "json", [op("add", "/data", {"a": text})] + [op("copy", "/data/k%d" % i, source="/data") for i in range(100)], {422}
    yield "copies of one value", "configmaps", "json", [op("add", "/data", {"a": text})] + [op("copy", "/data/k%d" % i, source="/data/a") for i in range(9000)], {422}
    yield "too many operations", "configmaps", "json", [op("test", "/kind", "ConfigMap")] * 10001, {413}
    yield "as many as there may be", "configmaps", "json", [op("test", "/kind", "ConfigMap")] * 10000, {200}
    yield "insertions at the head", "configmaps", "json", [op("add", "/metadata/finalizers", [])] + [op("add", "/metadata/finalizers/0", "a.b/c")] * 9000, {200, 413, 422}
    yield "a document in itself", "configmaps", "json", [op("copy", "/data/a", source="")] * 9000, {422}
    yield "moves along a list", "configmaps", "json", [op("add", "/metadata/finalizers", ["a.b/%d" % i for i in range(20000)])] + [op("move", "/metadata/finalizers/0", source="/metadata/finalizers/19999")] * 5000, {200, 413, 422}
    yield "a deep merge", "configmaps", "merge", nested(499), {200, 422}
    yield "too deep a merge", "configmaps", "merge", nested(100000), {400}
    yield "a deep strategy", "deployments", "strategic", nested(499), {200, 422, 500}
    yield "a wide merge", "configmaps", "merge", {"metadata": {"annotations": {"k%d" % i: None for i in range(100000)}}}, {200}
    yield "a long order", "deployments", "strategic", strategic({"$setElementOrder/containers": names * 2}), {200, 422, 500}
    yield "an order and its items", "deployments", "strategic", strategic({"$setElementOrder/containers": names, "containers": [dict(n, image="i") for n in names]}), {200, 413, 422, 500}
    yield "one item again and again", "deployments", "strategic", strategic({"containers": [{"name": "c", "image": "i%d" % i} for i in range(30000)]}), {200, 422, 500}
    yield "deletions of what is not there", "deployments", "strategic", strategic({"containers": [dict(n, **{"$patch": "delete"}) for n in names]}), {200, 422}
    yield "primitives to delete", "deployments", "strategic", strategic(None, **{"$deleteFromPrimitiveList/finalizers": ["a.b/%d" % i for i in range(50000)], "finalizers": ["a.b/%d" % i for i in range(20000)]}), {200, 413, 422}
    yield "keys to retain", "deployments", "strategic", {"spec": {"strategy": {"$retainKeys": ["k%d" % i for i in range(100000)], "type": "Recreate"}}}, {200, 400, 422}


def manager(fields, **more):
    return dict({"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}, **more)


def managers():
    """{what: a list of managers}"""
    deep, item = json.loads(nested(480, "{}", "f:a")), "k:{\"name\":\"%s\"}"
    return {
        "deep fields": [manager(deep)],
        "a deep manager beside others": [manager({"f:data": {}}, manager="n"), manager(deep)],
        "wide fields": [manager({"f:data": {"f:k%d" % i: {} for i in range(60000)}})],
        "repeated fields": '[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{%s}}]' % ",".join(['"f:data":{}'] * 50000),
        "long keys": [manager({"f:spec": {item % ("x" * 1000000): {}}})],
        "keys of keys": [manager({"f:spec": {item % ("\\\\" * 100000): {}}})],
        "many managers": [manager({"f:data": {"f:k%d" % i: {}}}, manager="m%d" % i) for i in range(10000)],
        "one manager many times": [manager({"f:data": {"f:k%d" % i: {}}}) for i in range(10000)],
        "many versions": [manager({"f:data": {}}, apiVersion="v%d" % i) for i in range(10000)],
        "no fields": [manager(None)] * 5000,
        "times that are none": [manager({}, time="x")],
        "numbers for fields": [manager({"f:data": 1})],
        "a list for fields": [manager([1])],
        "paths that are none": [manager({"x": {}, "i:99999999999999999999": {}, "v:{": {}, "k:[": {}, "k:{}": {}, "": {}})],
    }


# ---- protobuf ----
def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, wire, payload=b""):
    return varint(number << 3 | wire) + (varint(len(payload)) if wire == 2 else b"") + payload


def envelope(version, kind, raw):
    return b"k8s\0" + field(1, 2, field(1, 2, version.encode()) + field(2, 2, kind.encode())) + field(2, 2, raw)


def in_messages(depth, number, inner=b""):
    for _ in range(depth):
        inner = field(number, 2, inner)
    return inner


def broken_messages():
    for number in (1, 2, 7):
        for wire in range(8):
            yield "wire type %d of field %d" % (wire, number), field(number, wire, b"\x01" * 8)
        for depth in (3, 600, 20000):
            yield "%d messages deep at %d" % (depth, number), in_messages(depth, number)
        yield "a length behind the end", varint(number << 3 | 2) + varint(2**31) + b"x"
        yield "a length of 64 bits", varint(number << 3 | 2) + varint(2**64 - 1)
        yield "a varint without an end", varint(number << 3) + b"\xff" * 20
        yield "groups without an end", varint(number << 3 | 3) * 5000
        yield "many empty messages", field(number, 2) * 300000
        yield "many empty messages in one", in_messages(1, number, field(1, 2) * 300000)
    yield "a field number of 0", field(0, 0, b"\x01")
    yield "the largest field number", field(2**29 - 1, 2, b"x" * 1000)
    yield "too large a field number", varint(2**35) + b"\x01"
    yield "bytes by lot", bytes(random.randrange(256) for _ in range(2000))
