#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Server-side apply with a real kubectl: owners, conflicts, what goes and what stays.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace apply-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=apply-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=apply-test
}

# ssa MANAGER [OPTIONS...]: applies what comes on stdin.
ssa() {
	local manager=$1
	shift
	kubectl apply --server-side --field-manager "$manager" "$@" -f -
}
# fields KIND/NAME MANAGER: what the manager owns, as one JSON text.
fields() { kubectl get "$1" --show-managed-fields -o json | jq -cS --arg m "$2" '[.metadata.managedFields[] | select(.manager == $m) | .fieldsV1]'; }

deployment() { # name replicas-line image
	cat <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  ${2:-"minReadySeconds: 0"}
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      containers:
      - {name: web, image: $3, command: [busybox, httpd, -f, -p, "80", -h, /www], ports: [{containerPort: 80}]}
END
}
config_map() { # name data
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: %s\n' "$1" "$2"
}

@test "two managers: shared values, a conflict, force" {
	config_map shared '{a: "1", b: "1"}' | ssa one
	config_map shared '{a: "1"}' | ssa two
	[ "$(fields cm/shared two)" = '[{"f:data":{"f:a":{}}}]' ]
	run -1 --separate-stderr ssa two < <(config_map shared '{a: "2"}')
	[[ $stderr == *'Apply failed with 1 conflict: conflict with "one": .data.a'* ]]
	config_map shared '{a: "2"}' | ssa two --force-conflicts
	[ "$(fields cm/shared one)" = '[{"f:data":{"f:b":{}}}]' ]
	is 2 kubectl get cm shared -o jsonpath='{.data.a}'
}

@test "what a manager does not say any more goes, unless it is another's" {
	config_map less '{a: "1", b: "1", c: "1"}' | ssa one
	config_map less '{b: "1"}' | ssa two
	kubectl patch cm less -p '{"data":{"d":"1"}}'
	config_map less '{c: "1"}' | ssa one
	[ "$(kubectl get cm less -o json | jq -cS .data)" = '{"b":"1","c":"1","d":"1"}' ]
}

@test "lists: ports by their defaulted keys, finalizers as a set" {
	ssa one <<'END'
apiVersion: v1
kind: Service
metadata: {name: ports, finalizers: [example.com/a]}
spec: {selector: {app: x}, ports: [{name: http, port: 80}, {name: dns, port: 53}, {name: dns-udp, port: 53, protocol: UDP}]}
END
	ssa two <<'END'
apiVersion: v1
kind: Service
metadata: {name: ports, finalizers: [example.com/b]}
spec: {ports: [{name: https, port: 443, protocol: TCP}]}
END
	ssa one <<'END'
apiVersion: v1
kind: Service
metadata: {name: ports, finalizers: [example.com/a]}
spec: {selector: {app: x}, ports: [{name: http, port: 80, targetPort: 8080}, {name: dns-udp, port: 53, protocol: UDP}]}
END
	[ "$(kubectl get svc ports -o json | jq -c '[.spec.ports[] | [.name, .port, .protocol]]')" = '[["http",80,"TCP"],["dns-udp",53,"UDP"],["https",443,"TCP"]]' ]
	[ "$(kubectl get svc ports -o json | jq -c '.metadata.finalizers | sort')" = '["example.com/a","example.com/b"]' ]
	kubectl patch svc ports --type=merge -p '{"metadata":{"finalizers":null}}'
}

@test "from client-side apply to server-side apply" {
	config_map moved '{a: "1", b: "1"}' | kubectl apply -f -
	[ "$(fields cm/moved kubectl-client-side-apply)" != '[]' ]
	config_map moved '{a: "2"}' | kubectl apply --server-side -f -
	[ "$(kubectl get cm moved -o json | jq -c .data)" = '{"a":"2"}' ]
	[ "$(fields cm/moved kubectl-client-side-apply)" = '[]' ]
	kubectl get cm moved -o json | jq -e '.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"] | fromjson | .data == {"a":"2"}'
	# and back
	config_map moved '{c: "3"}' | kubectl apply -f -
	[ "$(kubectl get cm moved -o json | jq -c .data)" = '{"c":"3"}' ]
}

@test "kubectl scale owns the replicas" {
	deployment scaled 'replicas: 0' $IMAGE | ssa one
	kubectl scale deployment scaled --replicas=1
	kubectl get deployment scaled --show-managed-fields -o json |
		jq -e '.metadata.managedFields[] | select(.manager == "kubectl" and .subresource == "scale" and .operation == "Update") | .fieldsV1 == {"f:spec":{"f:replicas":{}}}'
	run -1 --separate-stderr ssa one < <(deployment scaled 'replicas: 0' $IMAGE)
	[[ $stderr == *'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'* ]]
	deployment scaled '' $IMAGE | ssa one
	is 1 kubectl get deployment scaled -o jsonpath='{.spec.replicas}'
}

@test "a status has an owner of its own" {
	deployment stated 'replicas: 1' $IMAGE | ssa one
	kubectl rollout status deployment/stated --timeout=${GUARD}s
	kubectl get deployment stated --show-managed-fields -o json |
		jq -e '.metadata.managedFields[] | select(.subresource == "status" and .operation == "Update") | .fieldsV1["f:status"]["f:availableReplicas"] == {}'
	kubectl get deployment stated --show-managed-fields -o json |
		jq -e '[.metadata.managedFields[] | select(.manager == "one") | .fieldsV1["f:status"]] == [null]'
	pod=$(kubectl get pods -l app=stated -o name | head -n 1)
	kubectl get "$pod" --show-managed-fields -o json | jq -e '.metadata.managedFields[] | select(.subresource == "status") | .fieldsV1["f:status"]["f:podIP"] == {}'
	# nothing more happens, so nobody writes
	rv=$(kubectl get deployment stated -o jsonpath='{.metadata.resourceVersion}')
	deployment stated 'replicas: 1' $IMAGE | ssa one
	is "$rv" kubectl get deployment stated -o jsonpath='{.metadata.resourceVersion}'
}

@test "dry runs, diffs and refusals" {
	config_map dry '{a: "1"}' | ssa one --dry-run=server
	run -1 kubectl get cm dry
	config_map dry '{a: "1"}' | ssa one
	run -1 kubectl diff --server-side --field-manager one -f - < <(config_map dry '{a: "2"}')
	[[ $output == *'+  a: "2"'* ]]
	path=/api/v1/namespaces/$NS/configmaps/dry
	[ "$(code "$path" -X PATCH -H 'Content-Type: application/apply-patch+yaml' --data-binary '{}')" = 422 ]
	[ "$(code "$path?fieldManager=x" -X PATCH -H 'Content-Type: application/apply-patch+cbor' --data-binary '{}')" = 415 ]
	run --separate-stderr ssa one --validate=false < <(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dry}\ndate: {}\n')
	[[ $stderr == *'.date: field not declared in schema'* ]]
}

@test "managedFields are shown in lists, in tables' metadata, and can be reset" {
	config_map seen '{a: "1"}' | ssa one
	api "/api/v1/namespaces/$NS/configmaps" | jq -e '.items[] | select(.metadata.name == "seen") | .metadata.managedFields[0].manager == "one"'
	api "/api/v1/namespaces/$NS/configmaps" -H 'Accept: application/json;as=Table;v=v1;g=meta.k8s.io' |
		jq -e '.rows[].object.metadata | select(.name == "seen") | .managedFields[0].manager == "one"'
	kubectl patch cm seen --type=merge -p '{"metadata":{"managedFields":[{}]}}'
	is '' kubectl get cm seen --show-managed-fields -o jsonpath='{.metadata.managedFields}'
}
