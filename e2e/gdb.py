# SPDX-License-Identifier: Apache-2.0
"""Pretty printers for gdb: `source e2e/gdb.py`, then `print *tree` shows JSON and `print buffer` shows text.

struct buf, struct err and JSON trees (js, which is json-c's struct json_object) are read from memory, so they print from a core
file too. json-c's own layout (0.15 to 0.17) is not in the debug information and therefore stands here.
"""
import json

import gdb

TEXT_MAX = 4096
DEPTH_MAX = 32
ITEMS_MAX = 200

BOOLEAN, DOUBLE, INT, OBJECT, ARRAY, STRING = range(1, 7)


def number(address, size, signed=False):
    data = bytes(gdb.selected_inferior().read_memory(address, size))
    return int.from_bytes(data, "little", signed=signed)


def text(address, length):
    data = bytes(gdb.selected_inferior().read_memory(address, min(length, TEXT_MAX))) if length else b""
    return data.decode("utf-8", "replace") + ("…" if length > TEXT_MAX else "")


def c_string(address):
    return gdb.Value(address).cast(gdb.lookup_type("char").pointer()).string("utf-8", "replace")


# struct json_object { enum type; uint32 refs; fn to_string; printbuf *; fn delete; void *userdata; } and then what its type adds.
BASE = 40


def entries(table):
    """(key, value address) of a struct lh_table { int size, count; entry *head, *tail, …; } in insertion order."""
    entry = number(table + 8, 8)
    while entry:
        yield c_string(number(entry, 8)), number(entry + 16, 8)
        entry = number(entry + 24, 8)


def js(address, depth=0):
    """The tree at address as JSON text."""
    if not address:
        return "null"
    if depth > DEPTH_MAX:
        return '"…"'
    kind, body = number(address, 4), address + BASE
    if kind == BOOLEAN:
        return "true" if number(body, 4) else "false"
    if kind == DOUBLE:
        return str(gdb.Value(body).cast(gdb.lookup_type("double").pointer()).dereference())
    if kind == INT:
        return str(number(body + 8, 8, signed=number(body, 4) == 0))
    if kind == STRING:
        length = number(body, 8, signed=True)
        return json.dumps(text(body + 8, length) if length >= 0 else text(number(body + 8, 8), -length), ensure_ascii=False)
    if kind == OBJECT:
        members = [f"{json.dumps(k)}:{js(v, depth + 1)}" for k, v in limited(entries(number(body, 8)))]
        return "{" + ",".join(members) + "}"
    if kind == ARRAY:
        # struct array_list { void **array; size_t length; size_t size; … }
        items = number(body, 8)
        first, length = number(items, 8), number(items + 8, 8)
        return "[" + ",".join(js(number(first + 8 * i, 8), depth + 1) for i in limited(range(length))) + "]"
    return f"<no JSON: type {kind}>"


def limited(items):
    for i, item in enumerate(items):
        if i == ITEMS_MAX:
            return
        yield item


class Buf:
    def __init__(self, v):
        self.v = v

    def to_string(self):
        length = int(self.v["len"])
        shown = json.dumps(text(int(self.v["p"]), length), ensure_ascii=False) if int(self.v["p"]) else "nothing"
        return f"{shown} ({length} of {int(self.v['cap'])} bytes{', overflowed' if self.v['overflow'] else ''})"


class Err:
    def __init__(self, v):
        self.v = v

    def to_string(self):
        return f"{self.v['reason']}: {self.v['msg'].string('utf-8', 'replace')}" if int(self.v["reason"]) else "no error"


class Js:
    def __init__(self, v):
        self.v = v

    def to_string(self):
        return js(int(self.v.address))


class JsPointer:
    """js is incomplete in our debug information, so that a pointer is all that one can print."""

    def __init__(self, v):
        self.v = v

    def to_string(self):
        return f"({hex(int(self.v))}) {js(int(self.v))}"


def find(value):
    kind = value.type.strip_typedefs().unqualified()
    if kind.code == gdb.TYPE_CODE_PTR and kind.target().strip_typedefs().unqualified().tag == "json_object":
        return JsPointer(value)
    printers = {"buf": Buf, "err": Err, "json_object": Js}
    return printers[kind.tag](value) if kind.code == gdb.TYPE_CODE_STRUCT and kind.tag in printers else None


gdb.pretty_printers.insert(0, find)
