#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The quick start itself: deploy/up with its demo in a folder of its own, again, and deploy/down that leaves nothing behind.

setup() {
	. "$ROOT/e2e/lib.bash"
	OWN=$DIR-up
}

# What a cluster leaves on the machine besides its folder: its bridge and what hangs on it, mounts, cgroups.
links() { ip -o link show master "$1" 2>/dev/null | awk -F ': ' '{ sub(/@.*/, "", $2); print $2 }'; }
no_trace() { # bridge links...
	local link
	for link in "$@"; do ! ip link show "$link" >/dev/null 2>&1 || return 1; done
	! grep -q " $OWN/" /proc/self/mountinfo && [ -z "$(find /sys/fs/cgroup -type d -name "coracle-${1#cor}" 2>/dev/null)" ]
}

@test "up shows the demo; up again changes nothing; down leaves nothing" {
	run -0 "$ROOT/deploy/up" --dir "$OWN" --port $((PORT + 1000)) --store "$STORE" --no-build
	[[ $output == *'deployment "hello" successfully rolled out'* ]]
	[[ $output == *'Hello from a container'* ]]
	[[ $output == *"export KUBECONFIG=$OWN/kubeconfig"* ]]
	for f in kubeconfig pki/ca.crt pki/admin.token logs/apiserver.log run/apiserver.pid run/nodeagent.pid; do [ -s "$OWN/$f" ]; done
	pids=$(cat "$OWN"/run/*.pid)
	net=$(KUBECONFIG=$OWN/kubeconfig kubectl get pods -o jsonpath='{.items[0].status.podIP}' | grep -oE '^([0-9]+\.){3}')
	bridge=$(ip -o -4 addr | awk -v net="$net" 'index($4, net) == 1 { print $2 }')
	[ -n "$bridge" ]
	hanging=$(links "$bridge")
	[ -n "$hanging" ]
	run no_trace "$bridge" $hanging
	[ "$status" -ne 0 ]
	run -0 "$ROOT/deploy/up" --dir "$OWN" --no-build
	[ "$(cat "$OWN"/run/*.pid)" = "$pids" ]
	# the curl line that it prints works as printed
	bash -c "$(echo "$output" | grep -E '^ *curl --cacert')" | grep -q PodList
	run -0 "$ROOT/deploy/down" --dir "$OWN"
	for pid in $pids; do
		if grep -qF "$OWN/" "/proc/$pid/cmdline" 2>/dev/null; then return 1; fi # the number alone may be another process's by now
	done
	run -0 "$ROOT/deploy/down" --purge --dir "$OWN"
	[ ! -e "$OWN" ]
	eventually no_trace "$bridge" $hanging # the kernel takes down a network namespace when it has time
}

@test "a taken port is named with its owner and a way out" {
	local taken=$((PORT + 2000))
	python3 -m http.server $taken --bind 127.0.0.1 >/dev/null 2>&1 3>&- &
	pid=$!
	is_taken() { ! port_free $taken; }
	eventually is_taken
	run "$ROOT/deploy/up" --dir "$BATS_TEST_TMPDIR/x" --port $taken --no-build --no-demo
	kill $pid
	[ "$status" -ne 0 ]
	[[ $output == *"port $taken, which apiserver needs, is taken by python3"* ]]
	[[ $output == *"--port $((taken + 1))"* ]]
}

@test "daemons have --help and --version, and say what a wrong flag is" {
	for d in apiserver scheduler controller-manager nodeagent; do
		run -0 "$bin/$d" --version
		[[ $output == *"Kubernetes v1.34"* ]]
		run -0 "$bin/$d" --help
		[[ $output == *--kubeconfig* || $output == *--secure-port* ]]
		run "$bin/$d" --nonsense
		[ "$status" -ne 0 ]
		[[ $output == *"unknown flag: --nonsense"* ]]
	done
}

@test "the scheduler takes a configuration, and refuses what it would not do" {
	printf 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nextenders: [{urlPrefix: "http://127.0.0.1:1", %s}]\n' \
		'filterVerb: filter' >"$BATS_TEST_TMPDIR/config"
	run "$bin/scheduler" --config="$BATS_TEST_TMPDIR/config" --kubeconfig=/nowhere
	[ "$status" -ne 0 ]
	[[ $output == *"extenders[0]: Forbidden: extenders are not called yet"* ]]
	sed -i 's/filterVerb: filter/managedResources: [{name: example.com\/a, ignoredByScheduler: true}]/' "$BATS_TEST_TMPDIR/config"
	run "$bin/scheduler" --config="$BATS_TEST_TMPDIR/config" --kubeconfig=/nowhere
	[[ $output == *"/nowhere"* ]] # it got further
	sed -i 's/urlPrefix/urlPrefixes/' "$BATS_TEST_TMPDIR/config"
	run "$bin/scheduler" --config="$BATS_TEST_TMPDIR/config" --kubeconfig=/nowhere
	[ "$status" -ne 0 ]
	[[ $output == *'unknown field'*'extenders[0].urlPrefixes'* ]]
}

@test "every daemon serves health and metrics" {
	off=$((${SERVER##*:} - 6443))
	node=http://127.0.0.1:$((10248 + off)) scheduler=https://127.0.0.1:$((10259 + off)) manager=https://127.0.0.1:$((10257 + off))
	admin() { curl -fsS -m "$GUARD" -k --cert "$DIR/pki/admin.crt" --key "$DIR/pki/admin.key" "$@"; }
	for url in $node $scheduler $manager; do
		curl -fsS -m "$GUARD" -k "$url/healthz" | grep -q '^ok'
		curl -fsS -m "$GUARD" -k "$url/readyz?verbose" | grep -q '\[+\]'
		admin "$url/metrics" | grep -q '^process_resident_memory_bytes'
	done
	for url in $scheduler $manager; do
		[ "$(curl -sS -m "$GUARD" -k -o /dev/null -w '%{http_code}' "$url/metrics")" = 403 ]
	done
	api /readyz?verbose | grep -qE '^\[\+\](etcd|sqlite) ok'
	api /metrics | grep -q '^apiserver_request_total'
	kubectl run counted --image="$IMAGE" --restart=Never --command -- busybox true
	counted() { admin "$scheduler/metrics" | grep -q '^scheduler_schedule_attempts_total'; }
	eventually counted
	kubectl delete pod counted --wait=false
	admin "$manager/metrics" | grep -q '^workqueue_depth'
}
