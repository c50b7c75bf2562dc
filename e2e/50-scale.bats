#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# 50 fake nodes and 1,000 Pods, with the real API traffic.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace scale-test
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --fake-nodes 50 >"$BATS_FILE_TMPDIR/up.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/up.log" >&3; return 1; }
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=scale-test drop_namespace
	stop "$DIR" fake-nodes >/dev/null
	kubectl delete nodes -l type=fake --wait=false >/dev/null
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=scale-test
}

@test "51 nodes are Ready" {
	ready() { [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = 51 ]; }
	eventually ready
	# a new node is tainted not-ready until the controller has seen it; only then every node can be chosen
	eventually is "" kubectl get nodes -o jsonpath='{.items[*].spec.taints}'
}

@test "a Deployment of 1,000 replicas becomes available on the fake nodes, and spreads" {
	make_deployment big 0
	kubectl patch deployment big -p '{"spec":{"template":{"spec":{"nodeSelector":{"type":"fake"}}}}}'
	kubectl scale deployment big --replicas=1000
	kubectl rollout status deployment/big --timeout=${GUARD}s
	is 1000 kubectl get deployment big -o jsonpath='{.status.availableReplicas}'
	kubectl get pods -o json | jq -c '[.items | group_by(.spec.nodeName)[] | {(.[0].spec.nodeName): length}] | add' >"$BATS_TEST_TMPDIR/spread"
	# equal scores are drawn by lot: 20 each, and more than 45 somewhere once in 60,000 times (40: once in 1,000)
	[ "$(jq '[.[]] | max' "$BATS_TEST_TMPDIR/spread")" -le 45 ] || {
		cat "$BATS_TEST_TMPDIR/spread"
		kubectl get events --field-selector involvedObject.kind=Node
		kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.name} {.spec.taints}{"\n"}{end}'
		return 1
	}
}

@test "a list in pages has every Pod once" {
	path="/api/v1/namespaces/$NS/pods?limit=300" continue=
	: >"$BATS_TEST_TMPDIR/names"
	while :; do
		api "$path${continue:+&continue=$continue}" >"$BATS_TEST_TMPDIR/page"
		jq -r '.items[].metadata.name' "$BATS_TEST_TMPDIR/page" >>"$BATS_TEST_TMPDIR/names"
		continue=$(jq -r '.metadata.continue // ""' "$BATS_TEST_TMPDIR/page")
		[ -n "$continue" ] || break
	done
	[ "$(wc -l <"$BATS_TEST_TMPDIR/names")" = 1000 ]
	[ "$(sort -u "$BATS_TEST_TMPDIR/names" | wc -l)" = 1000 ]
}

@test "they go again" {
	kubectl scale deployment big --replicas=0
	eventually is "" kubectl get pods -o name
}
