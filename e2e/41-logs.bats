#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Logs of containers are rotated: a node of its own whose logs may have 64 KiB in three files.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node logs 41 <<-END
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
		containerLogMaxSize: 64Ki
		containerLogMaxFiles: 3
		containerLogMonitorInterval: 3s
	END
	own_image
	own_agent
	use_namespace logs-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known logs
	own_node_gone
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known logs
}

pod() { # name shell-command
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2']}
END
}
files() { (cd "$OWN"/node/logs/logs-test_"$1"_*/c && echo *); }
has_compressed() { compgen -G "$OWN/node/logs/logs-test_$1_*/c/0.log.*.gz" >/dev/null; }
no_files() { ! compgen -G "$OWN/node/logs/logs-test_$1_*" >/dev/null; }

# 30 bursts of 200 lines in as many halves of a second: some 16 KB each in the log.
words='i=0; while [ $i -lt 30 ]; do for j in $(busybox seq 200); do echo "line $i $j and so on and on"; done; i=$((i+1)); busybox sleep 0.5; done; echo last; exec busybox sleep 10000'

@test "a log that grows is rotated: names, number, compression; who follows it misses nothing" {
	pod talks "$words"
	eventually sh -c 'kubectl logs talks 2>/dev/null | grep -q "line 0 1 "'
	timeout 120 kubectl logs -f talks >"$BATS_TEST_TMPDIR/followed" &
	follower=$!
	eventually grep -qx last "$BATS_TEST_TMPDIR/followed"
	kill $follower
	for i in $(seq 0 29); do for j in $(seq 200); do echo "line $i $j and so on and on"; done; done >"$BATS_TEST_TMPDIR/want"
	echo last >>"$BATS_TEST_TMPDIR/want"
	cmp "$BATS_TEST_TMPDIR/want" "$BATS_TEST_TMPDIR/followed"
	# Three files: what is written now, the one before as it is, an older one.
	run files talks
	[[ $output =~ ^0\.log\ 0\.log\.[0-9]{8}-[0-9]{6}\.gz\ 0\.log\.[0-9]{8}-[0-9]{6}$ ]]
	zcat "$OWN"/node/logs/logs-test_talks_*/c/0.log.*.gz | grep -q ' stdout F line .* and so on and on$'
	# Only what is written now is read, as upstream does.
	[ "$(kubectl logs talks | wc -l)" -lt 6001 ]
	[ "$(kubectl logs --tail=1 talks)" = last ]
}

@test "rotated logs go with the run before the last, and with the Pod" {
	pod ends 'for j in $(busybox seq 3000); do echo "some words for line $j of the log"; done; busybox sleep 4; echo end; exit 1'
	eventually sh -c '[ $(kubectl get pod ends -o jsonpath="{.status.containerStatuses[0].restartCount}") -ge 1 ]'
	eventually sh -c 'kubectl logs -p ends | grep -qx end'
	[[ $(files ends) == *0.log.2*1.log* ]]
	eventually sh -c '[ $(kubectl get pod ends -o jsonpath="{.status.containerStatuses[0].restartCount}") -ge 2 ]'
	[[ $(files ends) != *0.log* && $(files ends) == *1.log.2*2.log* ]]
	kubectl delete pod ends --now
	eventually no_files ends
}

@test "a container that floods its log does not fill the disk" {
	pod flood 'exec busybox yes "as many words as one can write to a log without ever taking a breath in between"'
	eventually has_compressed flood
	for _ in 1 2 3 4 5 6; do
		[ "$(du -sk "$OWN"/node/logs/logs-test_flood_* | cut -f1)" -lt 2048 ]
		timeout 1 tail -f /dev/null || :
	done
	kubectl logs --tail=1 flood | grep -q "as many words"
}
