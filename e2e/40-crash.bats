#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 each daemon in turn while objects are being written: no acknowledged write is lost, no resourceVersion goes back, the
# cluster converges.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace crash-test
	make_deployment base 2
	kubectl rollout status deployment/base --timeout=${GUARD}s
}
teardown() {
	autopsy
	[ "$STORE" != etcd ] || kill -CONT "$(daemon_pid etcd)"
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=crash-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=crash-test
}

kill_while_writing() { # daemon...
	"$ROOT/e2e/chaos/history" "$DIR" $NS --faults "$BATS_TEST_TMPDIR/faults" >"$BATS_TEST_TMPDIR/writer" 2>&1 3>&- &
	local writer=$! name pid
	eventually grep -q writing "$BATS_TEST_TMPDIR/writer"
	echo "begin $(cut -d' ' -f1 /proc/uptime)" >"$BATS_TEST_TMPDIR/faults" # what is slow from here on is no stall
	for name in "$@"; do
		pid=$(daemon_pid "$name")
		kill -9 "$pid"
		eventually gone "$pid"
	done
	up_again
	# the cluster converges: what is asked for now happens. It is never what there is already, so it waits for the daemons' leases
	n=$((5 - $(kubectl get deployment base -o jsonpath='{.spec.replicas}')))
	kubectl scale deployment base --replicas=$n
	kubectl rollout status deployment/base --timeout=${GUARD}s
	eventually is $n kubectl get deployment base -o jsonpath='{.status.availableReplicas}'
	kill -TERM $writer
	wait $writer || { cat "$BATS_TEST_TMPDIR/writer"; return 1; }
	cat "$BATS_TEST_TMPDIR/writer"
	grep -q 'acknowledged=[1-9]' "$BATS_TEST_TMPDIR/writer"
}

@test "apiserver" { kill_while_writing apiserver; }
@test "apiserver, again and again" {
	for i in 1 2 3; do kill_while_writing apiserver; api "/api/v1/namespaces/$NS/configmaps" -X DELETE >/dev/null; done
}
@test "scheduler" { kill_while_writing scheduler; }
@test "controller-manager" { kill_while_writing controller-manager; }
@test "nodeagent" { kill_while_writing nodeagent; }
@test "all of them at once" { kill_while_writing apiserver scheduler controller-manager nodeagent; }

@test "etcd" {
	[ "$STORE" = etcd ] || skip "the embedded store has no other process"
	kill_while_writing etcd
}

# a signal stops a process of many threads when each of them has noticed
stands_still() { ! grep -hv '^State:[[:space:]]*T' <(grep -h '^State:' /proc/"$1"/task/*/status); }

@test "etcd stopped: writes fail within their deadline, cached reads go on, everything resumes" {
	[ "$STORE" = etcd ] || skip "the embedded store has no other process"
	kill -STOP "$(daemon_pid etcd)"
	eventually stands_still "$(daemon_pid etcd)"
	start=$SECONDS
	status=$(code "/api/v1/namespaces/$NS/configmaps" -X POST -H 'Content-Type: application/json' -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stuck"}}')
	took=$((SECONDS - start))
	cached=$(code "/api/v1/namespaces/$NS/pods?resourceVersion=0")
	start=$SECONDS
	ready=$(code /readyz)
	told=$((SECONDS - start))
	kill -CONT "$(daemon_pid etcd)"
	[ "$status" = 503 ] || [ "$status" = 504 ]
	[ $took -le $((35 * ${E2E_PATIENCE:-1})) ]
	[ "$cached" = 200 ]
	[ "$ready" = 500 ]
	[ $told -le $((4 + took)) ] # it has a deadline of its own, and the machine is no busier
	eventually is 200 code /readyz
	eventually kubectl create configmap resumed
}
