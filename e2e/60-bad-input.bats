#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad input: each gets a Status with the right code and reason, changes nothing, and leaves the apiserver as it was.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace bad-input
	kubectl create configmap here --from-literal=k=v
	daemon_pid apiserver >"$BATS_FILE_TMPDIR/pid"
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=bad-input drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=bad-input
	CM=/api/v1/namespaces/$NS/configmaps
}
teardown() {
	autopsy
	[ "$(daemon_pid apiserver)" = "$(cat "$BATS_FILE_TMPDIR/pid")" ]
	running "$DIR" apiserver
	[ "$(api "$CM/here" | jq -c .data)" = '{"k":"v"}' ]
	[ "$(api "$CM" | jq -c '[.items[].metadata.name] - ["kube-root-ca.crt"]')" = '["here"]' ]
}

# status CODE REASON [MESSAGE-PART] -- PATH [curl options]
status() {
	local want_code=$1 want_reason=$2 part=
	shift 2
	[ "$1" = -- ] || { part=$1; shift; }
	shift
	run api "$@"
	local got
	got=$(echo "$output" | sed '/^curl: /d')
	[ "$(echo "$got" | jq -r .kind)" = Status ] || { echo "no Status: $got"; return 1; }
	[ "$(echo "$got" | jq -r .code)" = "$want_code" ] || { echo "code: $got"; return 1; }
	[ "$(echo "$got" | jq -r .reason)" = "$want_reason" ] || { echo "reason: $got"; return 1; }
	[[ $(echo "$got" | jq -r .message) == *"$part"* ]] || { echo "message: $got"; return 1; }
}
post() { # type data
	printf -- '-X\0POST\0-H\0Content-Type: %s\0--data-binary\0%s\0' "$1" "$2"
}
J='Content-Type: application/json'

@test "malformed and truncated JSON, YAML, protobuf" {
	status 400 BadRequest -- "$CM" -X POST -H "$J" -d '{"kind":'
	status 400 BadRequest -- "$CM" -X POST -H "$J" -d '{"kind":"ConfigMap","apiVersion":"v1"} trailing'
	status 400 BadRequest -- "$CM" -X POST -H "$J" -d '[1,2]'
	status 400 BadRequest -- "$CM" -X POST -H "Content-Type: application/yaml" -d $'a: [1\nb: }'
	status 400 BadRequest -- "$CM" -X POST -H "Content-Type: application/vnd.kubernetes.protobuf" --data-binary "$(printf 'k8s')"
	printf 'k8s\0\x0a\xff\xff\xff\xff\x0f' >"$BATS_TEST_TMPDIR/pb"
	status 400 BadRequest -- "$CM" -X POST -H "Content-Type: application/vnd.kubernetes.protobuf" --data-binary "@$BATS_TEST_TMPDIR/pb"
	status 415 UnsupportedMediaType -- "$CM" -X POST -H "Content-Type: text/csv" -d 'a,b'
}

@test "deep nesting and invalid UTF-8" {
	python3 -c 'print("["*100000 + "]"*100000)' >"$BATS_TEST_TMPDIR/deep"
	status 400 BadRequest -- "$CM" -X POST -H "$J" --data-binary "@$BATS_TEST_TMPDIR/deep"
	python3 -c 'print("{\"a\":"*100000 + "1" + "}"*100000)' >"$BATS_TEST_TMPDIR/deep"
	status 400 BadRequest -- "$CM" -X POST -H "Content-Type: application/yaml" --data-binary "@$BATS_TEST_TMPDIR/deep"
	printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"k":"\xff\xfe"}}' >"$BATS_TEST_TMPDIR/utf8"
	status 400 BadRequest -- "$CM" -X POST -H "$J" --data-binary "@$BATS_TEST_TMPDIR/utf8"
}

@test "unknown and duplicate fields, by fieldValidation" {
	body='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"nope":1}'
	status 400 BadRequest 'strict decoding error: unknown field "nope"' -- "$CM?fieldValidation=Strict" -X POST -H "$J" -d "$body"
	run api "$CM?fieldValidation=Warn&dryRun=All" -i -X POST -H "$J" -d "$body"
	[[ $output == *'299 - "unknown field \"nope\""'* ]]
	run -0 api "$CM?fieldValidation=Ignore&dryRun=All" -i -X POST -H "$J" -d "$body"
	[[ $output != *'299 -'* ]] # an Audit-Id may hold the number
	status 400 BadRequest 'duplicate field' -- "$CM?fieldValidation=Strict" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"1"},"data":{"a":"2"}}'
}

@test "wrong types and numbers out of range" {
	D=/apis/apps/v1/namespaces/$NS/deployments
	status 400 BadRequest 'cannot unmarshal' -- "$CM" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":1}}'
	status 400 BadRequest 'cannot unmarshal' -- "$D" -X POST -H "$J" -d '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":"three"}}'
	status 400 BadRequest 'cannot unmarshal' -- "$D" -X POST -H "$J" -d '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":3000000000}}'
	status 422 Invalid 'spec.selector: Required value' -- "$D" -X POST -H "$J" -d '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}'
}

@test "invalid names, labels, quantities" {
	status 422 Invalid 'metadata.name: Invalid value: "Bad_Name"' -- "$CM" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Bad_Name"}}'
	status 422 Invalid 'metadata.labels: Invalid value' -- "$CM" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"a":"b c"}}}'
	status 400 BadRequest 'quantities must match' -- "/api/v1/namespaces/$NS/pods" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"lots"}}}]}}'
	status 422 Invalid 'must be less than or equal to' -- "/api/v1/namespaces/$NS/pods" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"2"}}}]}}'
	status 422 Invalid 'name or generateName is required' -- "$CM" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}'
}

@test "selectors, continue tokens, resourceVersions" {
	status 400 BadRequest 'unable to parse requirement' -- "$CM?labelSelector=a%3D%3D%3Db"
	status 400 BadRequest '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"' -- "$CM?fieldSelector=spec.x%3Dy"
	status 400 BadRequest 'field label not supported: spec.x' -- "/api/v1/namespaces/$NS/pods?fieldSelector=spec.x%3Dy"
	status 400 BadRequest -- "$CM?continue=garbage&limit=1"
	status 400 BadRequest -- "$CM?resourceVersion=abc"
	status 422 Invalid -- "$CM?resourceVersionMatch=Exact"
	status 400 BadRequest -- "$CM?limit=x"
	status 504 Timeout 'Too large resource version' -- "$CM?resourceVersion=99999999999"
}

@test "conflicts, immutable fields, missing objects and paths" {
	status 409 Conflict 'the object has been modified' -- "$CM/here" -X PUT -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"here","resourceVersion":"1"},"data":{"k":"w"}}'
	status 400 BadRequest 'the name of the object' -- "$CM/here" -X PUT -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"other"},"data":{"k":"w"}}'
	status 409 Conflict 'the UID in the precondition' -- "$CM/here" -X DELETE -H "$J" -d '{"preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}'
	status 404 NotFound 'configmaps "gone" not found' -- "$CM/gone"
	status 404 NotFound 'namespaces "nowhere" not found' -- "/api/v1/namespaces/nowhere/configmaps" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}'
	[ "$(code /apis/nope/v1/things)" = 404 ]
	status 405 MethodNotAllowed -- "$CM" -X PUT -H "$J" -d '{}'
	status 406 NotAcceptable -- "$CM/here" -H 'Accept: image/png'
	status 409 AlreadyExists 'configmaps "here" already exists' -- "$CM" -X POST -H "$J" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"here"}}'
}

@test "patches that do not apply" {
	status 422 Invalid -- "$CM/here" -X PATCH -H 'Content-Type: application/json-patch+json' -d '[{"op":"test","path":"/data/k","value":"other"}]'
	status 400 BadRequest -- "$CM/here" -X PATCH -H 'Content-Type: application/json-patch+json' -d '{"op":"add"}'
	status 422 Invalid -- "$CM/here" -X PATCH -H 'Content-Type: application/json-patch+json' -d '[{"op":"remove","path":"/data/none"}]'
	status 400 BadRequest -- "$CM/here" -X PATCH -H 'Content-Type: application/merge-patch+json' -d '[1]'
	status 415 UnsupportedMediaType -- "$CM/here" -X PATCH -H 'Content-Type: application/json' -d '{}'
}

@test "too large: bodies over 3 MiB, objects over 1.5 MiB" {
	head -c 3300000 /dev/zero | tr '\0' a >"$BATS_TEST_TMPDIR/big"
	{ printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"k":"'; cat "$BATS_TEST_TMPDIR/big"; printf '"}}'; } >"$BATS_TEST_TMPDIR/body"
	status 413 RequestEntityTooLarge -- "$CM" -X POST -H "$J" --data-binary "@$BATS_TEST_TMPDIR/body"
	status 413 RequestEntityTooLarge -- "$CM" -X POST -H "$J" -H 'Transfer-Encoding: chunked' --data-binary "@$BATS_TEST_TMPDIR/body"
	head -c 1700000 /dev/zero | tr '\0' a >"$BATS_TEST_TMPDIR/big"
	{ printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"},"stringData":{"k":"'; cat "$BATS_TEST_TMPDIR/big"; printf '"}}'; } >"$BATS_TEST_TMPDIR/body"
	[ "$(code "/api/v1/namespaces/$NS/secrets" -X POST -H "$J" --data-binary "@$BATS_TEST_TMPDIR/body")" != 201 ]
}

@test "nobody, somebody, and anonymous" {
	anonymous() { curl -sS -m "$GUARD" -o /dev/null -w '%{http_code}' --cacert "$DIR/pki/ca.crt" "$SERVER$1"; }
	[ "$(anonymous /healthz)" = 200 ]
	[ "$(anonymous /version)" = 200 ]
	[ "$(anonymous "$CM")" = 403 ] || [ "$(anonymous "$CM")" = 401 ]
	[ "$(curl -sS -m "$GUARD" -o /dev/null -w '%{http_code}' --cacert "$DIR/pki/ca.crt" -H 'Authorization: Bearer wrong' "$SERVER$CM")" = 401 ]
}

@test "slow, half-closed and flooding clients cost nothing" {
	python3 - "$DIR" "$SERVER" <<'END'
import socket, ssl, sys
host, port = sys.argv[2].split("//")[1].split(":")
ctx = ssl.create_default_context(cafile=sys.argv[1] + "/pki/ca.crt")
def conn():
    return ctx.wrap_socket(socket.create_connection((host, int(port)), timeout=300), server_hostname="localhost")
raw = [socket.create_connection((host, int(port)), timeout=300) for _ in range(100)]       # never even shake hands
slow = [conn() for _ in range(20)]
for c in slow:
    c.sendall(b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{")
half = [conn() for _ in range(20)]
for c in half:
    c.sendall(b"GET /api/v1/namespaces/default/configmaps?watch=1 HTTP/1.1\r\nHost: x\r\n")
    socket.socket.shutdown(c, socket.SHUT_WR)
flood = conn()
try:
    flood.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 200) for i in range(10000)) + b"\r\n") # twice of what may come
    head = flood.recv(64)
    assert head == b"" or b" 431 " in head or b" 400 " in head or b" 413 " in head, head
except (ConnectionError, ssl.SSLError):
    pass
ok = conn()
ok.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
assert b" 200 " in ok.recv(200)
END
}
