#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The quick start itself: deploy/up with its demo in a folder of its own, again, and deploy/down that leaves nothing behind.

setup() {
	. "$ROOT/e2e/lib.bash"
	OWN=$ROOT/build/e2e-up
}

@test "up shows the demo; up again changes nothing; down leaves nothing" {
	before=$(ip -o link | awk '{print $2}' | sort; ip netns | sort; awk '{print $5}' /proc/self/mountinfo | sort)
	run -0 "$ROOT/deploy/up" --dir "$OWN" --port 8443 --store "$STORE" --no-build
	[[ $output == *'deployment "hello" successfully rolled out'* ]]
	[[ $output == *'Hello from a container'* ]]
	[[ $output == *"export KUBECONFIG=$OWN/kubeconfig"* ]]
	for f in kubeconfig pki/ca.crt pki/admin.token logs/apiserver.log run/apiserver.pid run/nodeagent.pid; do [ -s "$OWN/$f" ]; done
	pids=$(cat "$OWN"/run/*.pid)
	run -0 "$ROOT/deploy/up" --dir "$OWN" --no-build
	[ "$(cat "$OWN"/run/*.pid)" = "$pids" ]
	# the curl line that it prints works as printed
	bash -c "$(echo "$output" | grep -E '^ *curl --cacert')" | grep -q PodList
	run -0 "$ROOT/deploy/down" --dir "$OWN"
	for pid in $pids; do gone "$pid"; done
	run -0 "$ROOT/deploy/down" --purge --dir "$OWN"
	[ ! -e "$OWN" ]
	after=$(ip -o link | awk '{print $2}' | sort; ip netns | sort; awk '{print $5}' /proc/self/mountinfo | sort)
	diff <(echo "$before") <(echo "$after")
	! find /sys/fs/cgroup -type d -path '*coracle*' 2>/dev/null | grep -v "$(basename "$DIR")" | grep -q "e2e-up"
}

@test "a taken port is named with its owner and a way out" {
	python3 -m http.server 9443 --bind 127.0.0.1 >/dev/null 2>&1 &
	pid=$!
	taken() { ! port_free 9443; }
	eventually 10 taken
	run "$ROOT/deploy/up" --dir "$BATS_TEST_TMPDIR/x" --port 9443 --no-build --no-demo
	kill $pid
	[ "$status" -ne 0 ]
	[[ $output == *"port 9443, which apiserver needs, is taken by python3"* ]]
	[[ $output == *"--port 9444"* ]]
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

@test "every daemon serves health and metrics" {
	off=$((${SERVER##*:} - 6443))
	for p in $((10259 + off)) $((10257 + off)) $((10248 + off)); do
		curl -fsS -m 5 "http://127.0.0.1:$p/healthz" | grep -q '^ok'
		curl -fsS -m 5 "http://127.0.0.1:$p/readyz?verbose" | grep -q '\[+\]'
		curl -fsS -m 5 "http://127.0.0.1:$p/metrics" | grep -q '^process_resident_memory_bytes'
	done
	api /readyz?verbose | grep -qE '^\[\+\](etcd|sqlite) ok'
	api /metrics | grep -q '^apiserver_request_total'
	curl -fsS -m 5 "http://127.0.0.1:$((10259 + off))/metrics" | grep -q '^scheduler_schedule_attempts_total'
	curl -fsS -m 5 "http://127.0.0.1:$((10257 + off))/metrics" | grep -q '^workqueue_depth'
}
