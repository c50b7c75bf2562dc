# SPDX-License-Identifier: Apache-2.0
"""What the Python programs of the tests share: a cluster known by its state folder, requests as the admin over one kept
connection per thread, and a watch. A timeout only guards against hanging. Only the standard library, so that nothing between the
test and the wire guesses."""
import http.client, json, socket, ssl, threading, time

KEPT_S = 20  # a connection that rests for longer may be one that the server is just closing

BROKEN = (OSError, http.client.HTTPException, socket.timeout, ValueError)


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        server = next(l.split("server:")[1].strip() for l in open(folder + "/kubeconfig") if "server:" in l)
        self.host, port = server.split("//")[1].split(":")
        self.port = int(port)
        self.tls = ssl.create_default_context(cafile=folder + "/pki/ca.crt")
        self.headers = {"Authorization": "Bearer " + open(folder + "/pki/admin.token").read().strip()}
        self.kept = threading.local()

    def connect(self, timeout=300):
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=timeout)

    def tcp(self, timeout=300):
        return socket.create_connection((self.host, self.port), timeout)

    def call(self, method, path, body=None, kind="application/json", timeout=300):
        """(status, parsed body); status 0 when there was no answer, which says nothing about what happened."""
        c, since = getattr(self.kept, "connection", None), time.monotonic()
        if c is not None and since - self.kept.used > KEPT_S:
            c.close()
            c = None
        self.kept.used = since
        try:
            if c is None:
                c = self.kept.connection = self.connect(timeout)
            headers = dict(self.headers)
            if body is not None:
                headers["Content-Type"] = kind
                body = body if isinstance(body, (str, bytes)) else json.dumps(body)
            c.request(method, path, body=body, headers=headers)
            r = c.getresponse()
            answer = r.status, json.loads(r.read())
            self.kept.used = time.monotonic()
            return answer
        except BROKEN:
            if c is not None:
                c.close()
            self.kept.connection = None
            return 0, None

    def pid(self, daemon):
        return int(open("%s/run/%s.pid" % (self.folder, daemon)).read())

    def stream(self, path, timeout=None):
        """An answered GET to read line by line, or None."""
        try:
            c = self.connect(timeout)
            c.request("GET", path, headers=self.headers)
            r = c.getresponse()
        except BROKEN:
            return None
        r.keep = c  # the connection lives as long as its answer is read
        return r
