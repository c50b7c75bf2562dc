#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the API server passes on to others: proxies of Pods, Services and nodes, and exec and port-forward with clients of
# several versions, which speak SPDY, WebSockets, or SPDY inside of them.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace streams-test
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, httpd, -f, -p, "8080", -h, /www]
    ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
END
	kubectl wait --for=condition=Ready pod/web --timeout=${GUARD}s >/dev/null
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=streams-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=streams-test
	export PODS=/api/v1/namespaces/$NS/pods SERVICES=/api/v1/namespaces/$NS/services
}
node() { kubectl get pod web -o jsonpath='{.spec.nodeName}'; }
api() { # path curl-arguments...
	curl -sS --max-time "$GUARD" --cacert "$DIR/pki/ca.crt" -H "Authorization: Bearer $(cat "$DIR/pki/admin.token")" \
		"https://127.0.0.1:$PORT$1" "${@:2}"
}
others() { # the kubectls of other versions on this machine
	ls /usr/lib/google-cloud-sdk/bin/kubectl.1.* 2>/dev/null || :
}

@test "a Pod is proxied to, by its first port or a named one" {
	[[ $(kubectl get --raw "$PODS/web/proxy/") = *'Hello from a container'* ]]
	[[ $(kubectl get --raw "$PODS/http:web:8080/proxy/index.html?a=b") = *'Hello from a container'* ]]
	[ "$(api "$PODS/web/proxy/" -o /dev/null -w '%{http_code} %{content_type}')" = '200 text/html' ]
	[ "$(api "$PODS/web/proxy?x=y" -o /dev/null -w '%{http_code} %{redirect_url}')" = "301 https://127.0.0.1:$PORT$PODS/web/proxy/?x=y" ]
	[ "$(api "$PODS/web/proxy/nothere" -o /dev/null -w '%{http_code}')" = 404 ]
	run kubectl get --raw "$PODS/web:81/proxy/"
	[[ $output = *'(ServiceUnavailable): error trying to reach service: dial tcp '*':81: connect: connection refused' ]]
	run kubectl get --raw "$PODS/ftp:web:81/proxy/"
	[[ $output = *'(BadRequest): invalid pod request "ftp:web:81"' ]]
}

@test "HEAD is told the length, and every method is passed on" {
	size=$(kubectl get --raw "$PODS/web/proxy/" | wc -c)
	api "$PODS/web/proxy/" -I | tr -d '\r' | grep -qix "content-length: $size"
	for method in POST PUT PATCH DELETE OPTIONS; do # busybox knows none of them
		[ "$(api "$PODS/web/proxy/" -X $method -d x -o /dev/null -w '%{http_code}')" = 501 ] ||
			[ "$method" = POST ] || [ "$method" = OPTIONS ]
	done
}

@test "a Service is proxied to by one of its Pods, or by none" {
	run kubectl get --raw "$SERVICES/none/proxy/"
	[[ $output = *'(NotFound): endpoints "none" not found' ]]
	kubectl apply -f - >/dev/null <<END
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses:
  - {ip: 10.99.99.99}
  - ip: $(kubectl get pod web -o jsonpath='{.status.podIP}')
    targetRef: {kind: Pod, namespace: $NS, name: web}
  ports: [{name: http, port: 8080}]
END
	[[ $(kubectl get --raw "$SERVICES/web:80/proxy/") = *'Hello from a container'* ]]
	[[ $(kubectl get --raw "$SERVICES/http:web:http/proxy/") = *'Hello from a container'* ]]
	run kubectl get --raw "$SERVICES/web:81/proxy/"
	[[ $output = *'(ServiceUnavailable): no service port 81 found for service "web"' ]]
	run kubectl get --raw "$SERVICES/web:other/proxy/"
	[[ $output = *'(ServiceUnavailable): no endpoints available for service "web:other"' ]]
}

@test "a node is proxied to at its agent" {
	[ "$(kubectl get --raw "/api/v1/nodes/$(node)/proxy/healthz")" = ok ]
	kubectl get --raw "/api/v1/nodes/$(node)/proxy/metrics/resource" | grep -q '^container_cpu_usage_seconds_total'
	run kubectl get --raw "/api/v1/nodes/nowhere/proxy/healthz"
	[[ $output = *'(NotFound): nodes "nowhere" not found' ]]
}

@test "kubectl proxy leads to all of it" {
	kubectl proxy --port=0 >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	eventually grep -q 'Starting to serve on' "$BATS_TEST_TMPDIR/out"
	port=$(sed 's/.*://' "$BATS_TEST_TMPDIR/out")
	[[ $(curl -sS "http://127.0.0.1:$port$PODS/web/proxy/") = *'Hello from a container'* ]]
	kill $pid
}

@test "streams are refused as upstream refuses them" {
	[[ $(api "$PODS/web/exec?command=x" -X POST) = *'"message": "Upgrade request required"'* ]]
	[[ $(api "$PODS/none/exec?command=x" -X POST) = *'"message": "pods \"none\" not found"'* ]]
	[[ $(api "$PODS/web/attach?container=z") = *'"message": "container z is not valid for pod web"'* ]]
}

# What the messages of a log say, behind the first, which is empty; then how they end.
websocket_log() { # protocol
	timeout "$GUARD" python3 - "https://127.0.0.1:$PORT$PODS/says/log?follow=true" "$DIR/pki/admin.token" "$1" <<-'END'
		import base64, sys
		sys.path.insert(0, "e2e")
		from stream import messages, websocket
		url, token, protocol = sys.argv[1:]
		s, status, headers, data = websocket(url, protocol, token=open(token).read().strip())
		if status != 101:
		    raise SystemExit(print(status))
		opcode, said, n = 1 if "base64" in protocol else 2, b"", 0
		while True:
		    found, data = messages(data)
		    for kind, p in found:
		        if kind == 8:
		            print(headers.get("sec-websocket-protocol", ""), said.decode(), p.hex(), s.recv(1))
		            raise SystemExit
		        assert kind == opcode and (n or not p), (kind, p)
		        n += 1
		        said += base64.b64decode(p) if "base64" in protocol else p
		    more = s.recv(65536)
		    assert more, "no close"
		    data += more
	END
}

@test "a log is read over a WebSocket, in every protocol that upstream has for it" {
	kubectl create --validate=false -f - >/dev/null <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: says}
		spec:
		  restartPolicy: Never
		  containers: [{name: c, image: $IMAGE, command: [busybox, sh, -c, 'busybox echo -n one; busybox sleep 1; busybox echo -n " two"']}]
	END
	eventually sh -c 'kubectl logs says 2>/dev/null | grep -q one'
	[ "$(cd "$ROOT" && websocket_log binary.k8s.io)" = "binary.k8s.io one two 03e8 b''" ]
	[ "$(cd "$ROOT" && websocket_log 'x,base64.binary.k8s.io')" = "base64.binary.k8s.io one two 03e8 b''" ]
	[ "$(cd "$ROOT" && websocket_log '')" = " one two 03e8 b''" ]
	[ "$(cd "$ROOT" && websocket_log v4.channel.k8s.io)" = 403 ]
}

@test "exec and port-forward work with kubectl of every version" {
	for k in kubectl $(others); do
		[ "$(timeout $GUARD "$k" exec web -- busybox echo hi)" = hi ]
		[ "$(echo in | timeout $GUARD "$k" exec -i web -- busybox cat)" = in ]
		run timeout $GUARD "$k" exec web -- busybox sh -c 'exit 7'
		[ "$status" = 7 ]
		rm -f "$BATS_TEST_TMPDIR/forward" # of the one before
		timeout $GUARD "$k" port-forward pod/web :8080 >"$BATS_TEST_TMPDIR/forward" 3>&- &
		pid=$!
		eventually grep -q 'Forwarding from 127' "$BATS_TEST_TMPDIR/forward"
		port=$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/forward")
		[[ $(curl -sS --max-time $GUARD "http://127.0.0.1:$port/") = *'Hello from a container'* ]]
		kill $pid
	done
}

@test "what goes through exec in both directions is byte-exact" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/sent"
	timeout $GUARD kubectl exec -i web -- busybox cat <"$BATS_TEST_TMPDIR/sent" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/sent" "$BATS_TEST_TMPDIR/back"
}
