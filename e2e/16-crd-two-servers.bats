#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Definitions with two API servers over one etcd: what is made through one of them is served by the other.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	[ "$STORE" = etcd ] || return 0
	local flags
	mapfile -d '' -t flags <"/proc/$(daemon_pid apiserver)/cmdline"
	"${flags[@]/--secure-port=$PORT/--secure-port=$((PORT + 47))}" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	sed "s/:$PORT/:$((PORT + 47))/" "$DIR/kubeconfig" >"$BATS_FILE_TMPDIR/other"
	eventually kubectl --kubeconfig="$BATS_FILE_TMPDIR/other" get --raw /readyz
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	[ "$STORE" = etcd ] || return 0
	kubectl delete --ignore-not-found crd boats.sea.example.com rafts.sea.example.com boots.sea.example.com
	kill "$(cat "$BATS_FILE_TMPDIR/pid")"
}
setup() {
	. "$ROOT/e2e/lib.bash"
	[ "$STORE" = etcd ] || skip "the embedded store has one server"
}

other() { kubectl --kubeconfig="$BATS_FILE_TMPDIR/other" "$@"; }
definition() { # plural kind
	echo '{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"'"$1"'.sea.example.com"},"spec":{"group":"sea.example.com","scope":"Cluster",
		"names":{"plural":"'"$1"'","kind":"'"$2"'"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}'
}

@test "what one has established, the other serves, tells and explains" {
	kubectl create -f "$ROOT/e2e/data/boats.yaml"
	other wait --for=condition=Established crd/boats.sea.example.com --timeout=${GUARD}s
	eventually other get --raw /apis/sea.example.com/v1/boats
	other create -f - <<<'{"apiVersion":"sea.example.com/v1","kind":"Boat","metadata":{"name":"two","namespace":"default"},"spec":{}}'
	is '{"colour":"red","crew":2}' kubectl get boat two -n default -o jsonpath='{.spec}'
	other get --raw /openapi/v3/apis/sea.example.com/v1 | grep -q 'com.example.sea.v1.Boat'
	other explain boats.spec.crew | grep -q 'How many people'
	other api-resources --api-group=sea.example.com | grep -q '^boats *bt '
}

@test "a change through one is a change for both" {
	other patch crd boats.sea.example.com --type=json -p '[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/sails","value":{"type":"integer","default":3}}]'
	eventually is 3 kubectl get boat two -n default -o jsonpath='{.spec.sails}'
	eventually is 3 other get boat two -n default -o jsonpath='{.spec.sails}'
	shows sails kubectl get --raw /openapi/v3/apis/sea.example.com/v1
	shows sails other get --raw /openapi/v3/apis/sea.example.com/v1
}

@test "a name that is wanted through both is granted to one" {
	definition rafts Raft | kubectl create -f - 3>&- &
	definition boots Raft | other create -f -
	wait $!
	accepted() { kubectl get crd rafts.sea.example.com boots.sea.example.com -o jsonpath='{.items[*].status.conditions[?(@.type=="Established")].status}' | tr ' ' '\n' | sort | xargs; }
	eventually is 'False True' accepted
	is 1 bash -c "kubectl get crd rafts.sea.example.com boots.sea.example.com -o json | jq '[.items[].status.conditions[] | select(.type==\"NamesAccepted\" and .status==\"False\")] | length'"
}

@test "a deletion through one is an end for both" {
	other delete crd boats.sea.example.com --timeout=${GUARD}s
	gone() { [ "$("$@" get --raw /apis/sea.example.com/v1/boats 2>&1 | grep -c 'NotFound')" = 1 ]; }
	eventually gone kubectl
	eventually gone other
	run -1 other get crd boats.sea.example.com
}
