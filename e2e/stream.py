#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""e2e/stream.py: a client of exec, attach and port-forward with nothing but the standard library, for what kubectl never says:
other WebSocket protocols, half-closed channels, nonsense, thousands at once.

  stream.py [--cert C --key K | --token-file T] URL PROTOCOL [--raw]   standard input goes to channel 0 (its end is told where the
                                                                        protocol can); channels 1 and 2 come out, the error
                                                                        channel goes to descriptor 3, if it is open, as text
  stream.py … URL PROTOCOL --storm N   N at once, each by a connection of its own and without input; prints how they ended, and how many each way
"""

import argparse
import base64
import collections
import os
import selectors
import socket
import ssl
import struct
import sys
import threading
from urllib.parse import urlsplit


def connect(url, cert=None, key=None, token=None, headers=(), method="GET"):
    """Sends the request; returns socket, status, headers, and what came behind them."""
    u = urlsplit(url)
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    if cert:
        ctx.load_cert_chain(cert, key)
    s = ctx.wrap_socket(socket.create_connection((u.hostname, u.port), timeout=60), server_hostname=u.hostname)
    lines = [f"{method} {u.path}{'?' + u.query if u.query else ''} HTTP/1.1", f"Host: {u.netloc}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{k}: {v}" for k, v in headers]
    s.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(65536)
        if not more:
            raise EOFError(f"hung up after {got!r}")
        got += more
    head, rest = got.split(b"\r\n\r\n", 1)
    first, *others = head.decode().split("\r\n")
    return s, int(first.split()[1]), dict((k.lower(), v.strip()) for k, v in (line.split(":", 1) for line in others)), rest


def websocket(url, protocol, **how):
    headers = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
               ("Sec-WebSocket-Key", base64.b64encode(os.urandom(16)).decode())]
    headers += [("Sec-WebSocket-Protocol", protocol)] if protocol else []
    return connect(url, headers=headers, **how)


def frame(payload, opcode=2):
    n = len(payload)
    length = struct.pack("!B", 0x80 | n) if n < 126 else struct.pack("!BH", 0xFE, n) if n < 65536 else struct.pack("!BQ", 0xFF, n)
    return struct.pack("!B", 0x80 | opcode) + length + b"\0\0\0\0" + payload  # a mask of zeros


def messages(data):
    """Whole messages of data, and what is left: [(opcode, payload)], rest."""
    found = []
    while len(data) >= 2:
        n, at = data[1] & 127, 2
        if n == 126:
            if len(data) < 4:
                break
            n, at = struct.unpack("!H", data[2:4])[0], 4
        elif n == 127:
            if len(data) < 10:
                break
            n, at = struct.unpack("!Q", data[2:10])[0], 10
        if len(data) < at + n:
            break
        found.append((data[0] & 15, bytes(data[at:at + n])))
        data = data[at + n:]
    return found, data


class Channels:
    def __init__(self, url, protocol, **how):
        self.text = "base64" in protocol
        self.s, self.status, self.headers, self.data = websocket(url, protocol, **how)
        self.over = False

    def say(self, channel, payload):
        if self.text:
            self.s.sendall(frame(b"%d" % channel + base64.b64encode(payload), 1))
        else:
            self.s.sendall(frame(bytes([channel]) + payload))

    def hear(self):
        """What has come: [(channel, bytes)]; blocks for some."""
        while True:
            found, self.data = messages(self.data)
            if found:
                break
            more = self.s.recv(1 << 18)
            if not more:
                self.over = True
                return []
            self.data += more
        said = []
        for opcode, p in found:
            if opcode == 8:
                self.over = True
            elif opcode in (1, 2) and p:
                said.append((p[0] - 48, base64.b64decode(p[1:])) if self.text else (p[0], p[1:]))
        return said


def last_word(url, protocol, how):
    """What a command's end was, by the error channel."""
    try:
        c = Channels(url, protocol, **how)
        if c.status != 101:
            more = int(c.headers.get("content-length", 0)) - len(c.data)
            while more > 0 and (piece := c.s.recv(more)):
                c.data += piece
                more -= len(piece)
            return f"{c.status} {c.data.decode(errors='replace').strip()}"
        c.s.settimeout(600)
        end = b""
        while not c.over:
            end += b"".join(p for channel, p in c.hear() if channel == 3)
        c.s.close()
        return end.decode() or "no end"
    except (OSError, EOFError) as e:
        return str(e)


def storm(n, url, protocol, how):
    ends, gate = collections.Counter(), threading.Barrier(n)

    def one():
        gate.wait()
        ends[last_word(url, protocol, how)] += 1

    threads = [threading.Thread(target=one) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for end, times in ends.most_common():
        print(times, end)


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--cert")
    a.add_argument("--key")
    a.add_argument("--token-file")
    a.add_argument("--storm", type=int)
    a.add_argument("url")
    a.add_argument("protocol")
    o = a.parse_args()
    token = open(o.token_file, encoding="utf-8").read().strip() if o.token_file else None
    if o.storm:
        storm(o.storm, o.url, o.protocol, {"cert": o.cert, "key": o.key, "token": token})
        return
    c = Channels(o.url, o.protocol, cert=o.cert, key=o.key, token=token)
    if c.status != 101:
        more = int(c.headers.get("content-length", 0)) - len(c.data)
        while more > 0 and (piece := c.s.recv(more)):
            c.data += piece
            more -= len(piece)
        print(c.status, c.data.decode(errors="replace").strip())
        sys.exit(1)
    c.s.settimeout(None)
    sel = selectors.SelectSelector()  # takes files, too
    sel.register(c.s, selectors.EVENT_READ)
    sel.register(0, selectors.EVENT_READ)
    while not c.over:
        ready = [] if c.s.pending() else [k.fileobj for k, _ in sel.select()]
        if 0 in ready:
            piece = os.read(0, 65536)
            if piece:
                c.say(0, piece)
            else:
                sel.unregister(0)
                if o.protocol.startswith("v5"):
                    c.s.sendall(frame(b"\xff\0"))
        if c.s in ready or c.s.pending():
            for channel, payload in c.hear():
                os.write({1: 1, 2: 2}.get(channel, 3), payload)


if __name__ == "__main__":
    main()
