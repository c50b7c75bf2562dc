#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A node that sees cgroup v2 alone, with the controllers that the machine leaves it: in a mount namespace of its own, where the
# unified hierarchy is the only one. Which controllers that are, CONTROLLERS says: on a machine whose v1 hierarchies have taken all of
# them, what is shown is that containers run in cgroups of their own and go, not that limits hold; the last test says what it lacks.

# Sets pages aside, or gives them back; a machine that does not let us has none. They are the whole machine's, so one suite has them.
huge_pages() { # DIFFERENCE
	local file=/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
	[ "$STORE" != sqlite ] || [ ! -w $file ] || echo $(($(cat $file) $1)) >$file 2>/dev/null || :
}

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	cat >"$BATS_FILE_TMPDIR/unified" <<-'END'
		#!/bin/sh
		# unified COMMAND...: where only cgroup v2 is mounted
		awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts | sort -r | xargs -r -n 1 umount || exit 1
		! mountpoint -q /sys/fs/cgroup || umount /sys/fs/cgroup || exit 1
		mount -t cgroup2 none /sys/fs/cgroup || exit 1
		exec "$@"
	END
	chmod +x "$BATS_FILE_TMPDIR/unified"
	export INSIDE="unshare -m $BATS_FILE_TMPDIR/unified"
	$INSIDE true
	CONTROLLERS=$($INSIDE cat /sys/fs/cgroup/cgroup.controllers)
	export CONTROLLERS
	# crun raises its limit of locked memory, whatever it is, which takes CAP_SYS_RESOURCE
	local flags=()
	(ulimit -l unlimited) 2>/dev/null || flags=(--container-runtime-binary="$(PATH=$PATH:/usr/sbin command -v runc)")
	own_node unified 51 <<-END
		clusterDNS: [10.96.0.10]
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
	END
	own_image
	huge_pages +4 # seen by an agent that begins
	own_agent "${flags[@]}"
	# one deadline for an agent that does not come up, not one in each test
	eventually is True kubectl get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'
	use_namespace unified-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known unified
	own_node_gone
	huge_pages -4
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known unified
}

pod() { # name shell-command [resources [spec lines [medium of a volume at /huge]]]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  terminationGracePeriodSeconds: 5
  ${4:-}
  volumes: [{name: v, emptyDir: {medium: "${5:-}"}}]
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2'], resources: {${3:-}}, volumeMounts: [{name: v, mountPath: /huge}]}
END
}
of() { kubectl get pod "$1" -o jsonpath="{$2}"; }
pid_of() { marked "$1"; }
group_of() { sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup"; }
has() { [[ " $CONTROLLERS " == *" $1 "* ]]; } # controller
# A file of the container's cgroup, as it is seen where only v2 is.
file_of() { $INSIDE cat "/sys/fs/cgroup$(group_of "$1")/$2"; } # pod file

@test "cgroup v2: each container in a cgroup of its own below its Pod's and its class's; exec, logs, exit codes" {
	pod plain 'echo once; sleep 9999; : '"$(marker plain)"
	eventually is true of plain '.status.containerStatuses[0].ready'
	eventually pid_of plain
	[[ $(group_of plain) =~ ^/coracle-[0-9a-f]+/besteffort/pod[^/]+/[0-9a-f]+ ]]
	file_of plain cgroup.procs | grep -q .
	is yes timeout "$GUARD" kubectl exec plain -- busybox echo yes
	is once kubectl logs plain
	pod fails 'exit 3' '' 'restartPolicy: Never'
	eventually is 3 of fails '.status.containerStatuses[0].state.terminated.exitCode'
}

@test "cgroup v2: a restart, and nothing is left of what ended" {
	local cgroup
	pod again 'sleep 9999; : '"$(marker again)"
	eventually is true of again '.status.containerStatuses[0].ready'
	eventually pid_of again
	kill -9 "$(pid_of again)"
	eventually is 1 of again '.status.containerStatuses[0].restartCount'
	eventually is true of again '.status.containerStatuses[0].ready'
	eventually pid_of again
	cgroup=$(group_of again)
	$INSIDE test -e "/sys/fs/cgroup$cgroup"
	kubectl delete pod again --timeout="${GUARD}s"
	run ! $INSIDE test -e "/sys/fs/cgroup$cgroup"
}

@test "cgroup v2: limits are written as far as there are controllers, and what is missing is told once" {
	local c missing=
	for c in cpu memory pids; do has $c || missing="$missing $c"; done
	pod limited 'sleep 9999; : '"$(marker limited)" 'limits: {cpu: 100m, memory: 32Mi}'
	eventually is true of limited '.status.containerStatuses[0].ready'
	eventually pid_of limited
	if has memory; then
		is $((32 << 20)) file_of limited memory.max
		is 1 file_of limited memory.oom.group
	fi
	! has cpu || is '10000 100000' file_of limited cpu.max
	[ -z "$missing" ] || [ "$(grep -c 'the cgroup hierarchy lacks controllers' "$OWN/logs/nodeagent.log")" -eq 1 ]
	[ -z "$missing" ] || skip "the unified hierarchy of this machine has no limits to look at:$missing"
}

@test "huge pages: what the node has, an emptyDir of them, no more than were asked for; a Pod that asks for more is refused" {
	local all
	all=$(kubectl get node "$NODE" -o jsonpath='{.status.capacity.hugepages-2Mi}')
	[ "$STORE" = sqlite ] || skip "another suite has the machine's huge pages"
	[ "${all:-0}" != 0 ] || skip "no huge pages can be set aside on this machine"
	[ "$all" = "$(kubectl get node "$NODE" -o jsonpath='{.status.allocatable.hugepages-2Mi}')" ]
	pod huge 'busybox grep " /huge hugetlbfs " /proc/mounts; cd /huge; busybox fallocate -l 4194304 a && echo two; busybox fallocate -l 2097152 b || echo no third; sleep 9999; : '"$(marker huge)" 'limits: {cpu: 100m, hugepages-2Mi: 4Mi}' '' HugePages
	eventually shows 'pagesize=2M' kubectl logs huge
	eventually shows '^two' kubectl logs huge
	if has hugetlb; then
		eventually shows 'no third' kubectl logs huge
		is $((4 << 20)) file_of huge hugetlb.2MB.max
		pod modest 'sleep 9999; : '"$(marker modest)"
		eventually is true of modest '.status.containerStatuses[0].ready'
		eventually pid_of modest
		is 0 file_of modest hugetlb.2MB.max
	fi
	pod all 'sleep 9999' 'limits: {cpu: 100m, hugepages-2Mi: 1Ti}'
	eventually is OutOfhugepages-2Mi of all .status.reason
	kubectl delete pod huge --timeout="${GUARD}s"
}
