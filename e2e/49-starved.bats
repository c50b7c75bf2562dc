#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A node whose files are on a small file system of their own, and whose processes are counted closely: what runs short is freed or a
# Pod goes, by soft and by hard thresholds.

# As many processes as may still begin before there is pressure.
MORE=1000

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known starved
	mkdir -p "$OWN/node"
	truncate -s 160M "$OWN/disk"
	mkfs.ext4 -q -F -m 0 "$OWN/disk"
	mount -o loop "$OWN/disk" "$OWN/node"
	own_node starved 53 <<-END
		clusterDNS: [10.96.0.10]
		imageGCHighThresholdPercent: 100
		imageMinimumGCAge: 1s
		evictionHard: {memory.available: 1Mi, nodefs.available: 8Mi, pid.available: "$(($(numbers) - $(tasks) - MORE))"}
		evictionSoft: {nodefs.available: 40Mi}
		evictionSoftGracePeriod: {nodefs.available: 5s}
		evictionMaxPodGracePeriod: 2
		evictionMinimumReclaim: {nodefs.available: 4Mi}
		evictionPressureTransitionPeriod: 5s
	END
	own_image
	head -c 40M /dev/urandom >"$BATS_FILE_TMPDIR/file"
	"$ROOT/deploy/oci-image" "$BATS_FILE_TMPDIR/idle.tar" idle:1.0 "/file=$BATS_FILE_TMPDIR/file"
	"$ROOT/build/bin/nodeagent" image import "$BATS_FILE_TMPDIR/idle.tar" --pin=false --root-dir="$OWN/node"
	own_agent
	eventually is True condition Ready
	use_namespace starved-test
	# the image is in use all the time, or it would go with the others
	pod holds 'exec busybox sleep 100000' '' 'priorityClassName: system-node-critical'
	kubectl label pod holds holds= >/dev/null
	eventually is Running phase holds
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known starved
	own_node_gone
	umount "$OWN/node" # not by the cleanup: it is our disk
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known starved
	rm -f "$OWN/node/ballast"
}

# Processes and threads that the kernel has numbers for, and those that there are.
numbers() { sort -n /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max | head -n 1; }
tasks() { cut -d' ' -f4 /proc/loadavg | cut -d/ -f2; }

pod() { # name shell-command [resources] [spec lines]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  restartPolicy: Never
  terminationGracePeriodSeconds: 30
  ${4:-}
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2'], resources: {${3:-}}}
END
}
free() { df --output=avail -B 1M "$OWN/node" | tail -n 1; }
# Leaves so many MiB of the disk.
fill_to() { head -c "$(($(free) - $1))M" /dev/zero >"$OWN/node/ballast"; }
writes() { echo "busybox dd if=/dev/zero of=/file bs=1M count=$1 && : >/done; ${2:-exec busybox sleep 100000}"; } # MIB [THEN]
wrote() { kubectl exec "$1" -- busybox test -e /done; }
phase() { kubectl get pod "$1" -o jsonpath='{.status.phase}'; }
of() { kubectl get pod "$1" -o jsonpath="{.status.$2}"; }
condition() { kubectl get node "$NODE" -o jsonpath="{.status.conditions[?(@.type==\"$1\")].status}"; }
taints() { kubectl get node "$NODE" -o jsonpath='{range .spec.taints[*]}{.key}:{.effect} {end}'; }
untainted() { ! taints | grep -q pressure; }
events() { kubectl get events -A --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'; }
names() { kubectl get node "$NODE" -o jsonpath='{.status.images[*].names}'; }
gone() { ! names | grep -q -F "$1"; }

@test "disk: an image that nobody uses goes before any Pod does" {
	pod stays "$(writes 1)"
	eventually is Running phase stays
	eventually shows idle:1.0 names
	fill_to 20
	eventually is True condition DiskPressure
	eventually gone idle:1.0
	eventually is False condition DiskPressure
	is Running phase stays
	shows '^Warning EvictionThresholdMet: Attempting to reclaim ephemeral-storage$' events "$NODE"
	eventually shows '^Normal NodeHasNoDiskPressure: ' events "$NODE"
	rm "$OWN/node/ballast"
	kubectl delete pods -l "!holds" --grace-period=1
}

@test "disk: below the soft threshold for its grace period, who uses most goes, in the shorter grace; critical ones stay" {
	pod critical "$(writes 30)" '' 'priorityClassName: system-node-critical'
	pod asked "$(writes 8)" 'requests: {ephemeral-storage: 20Mi}'
	pod greedy "$(writes 16 'while :; do busybox sleep 1; done')"
	for p in critical asked greedy; do eventually wrote $p; done
	fill_to 30
	eventually is True condition DiskPressure
	eventually shows node.kubernetes.io/disk-pressure:NoSchedule taints
	eventually is Failed phase greedy
	is Evicted of greedy reason
	[[ $(of greedy message) == 'The node was low on resource: ephemeral-storage. Threshold quantity: 40Mi, available: '*'. Container c was using '*', request is 0, has larger consumption of ephemeral-storage. ' ]]
	is TerminationByKubelet of greedy 'conditions[?(@.type=="DisruptionTarget")].reason'
	# its shell does not hear SIGTERM: as the first process it would have to ask for it
	is 137 of greedy 'containerStatuses[0].state.terminated.exitCode'
	begun=$(kubectl get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="DiskPressure")].lastTransitionTime}')
	ended=$(of greedy 'containerStatuses[0].state.terminated.finishedAt')
	[ $(($(date -d "$ended" +%s) - $(date -d "$begun" +%s))) -ge 3 ]
	is Running phase critical
	is Running phase asked
	eventually is False condition DiskPressure
	eventually untainted
	eventually shows '^kubelet_evictions\{eviction_signal="nodefs.available"\} 1$' curl -fsS -m "$GUARD" "http://127.0.0.1:$((PORT + 54))/metrics"
	rm "$OWN/node/ballast"
	kubectl delete pods -l "!holds" --grace-period=1
}

@test "disk: at the hard threshold at once; who comes meanwhile is refused" {
	pod greedy "$(writes 16)"
	eventually wrote greedy
	fill_to 4
	eventually is Failed phase greedy
	[[ $(of greedy message) == 'The node was low on resource: ephemeral-storage. Threshold quantity: 8Mi, available: '* ]]
	pod late 'exit 0'
	eventually is Failed phase late
	is Evicted of late reason
	is 'Pod was rejected: The node had condition: [DiskPressure]. ' of late message
	pod critical 'exit 0' '' 'priorityClassName: system-node-critical'
	eventually is Succeeded phase critical
	rm "$OWN/node/ballast"
	eventually is False condition DiskPressure
	kubectl delete pods -l "!holds" --grace-period=1
}

@test "processes: too many of them, and who has most goes" {
	eventually is False condition PIDPressure
	pod calm 'exec busybox sleep 100000'
	eventually is Running phase calm
	pod swarm "i=0; while [ \$i -lt $((MORE * 3 / 2)) ]; do busybox sleep 100000 & i=\$((i + 1)); done; wait"
	eventually is Failed phase swarm
	is Evicted of swarm reason
	[[ $(of swarm message) =~ ^'The node was low on resource: pids. Threshold quantity: '[0-9]+k?', available: '[0-9]+k?'. '$ ]]
	is Running phase calm
	shows '^Warning EvictionThresholdMet: Attempting to reclaim pids$' events "$NODE"
	eventually shows '^Normal NodeHasInsufficientPID: ' events "$NODE"
	eventually is False condition PIDPressure
	eventually untainted
	kubectl delete pods -l "!holds" --grace-period=1
}
