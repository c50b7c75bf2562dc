#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The machine goes down, says a login manager of the tests' own: a node whose Pods end by their priority meanwhile.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node shutdown 49 <<-END
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
		shutdownGracePeriodByPodPriority:
		- {priority: 1000, shutdownGracePeriodSeconds: 40}
		- {priority: 500, shutdownGracePeriodSeconds: 60}
		- {priority: 0, shutdownGracePeriodSeconds: 4}
	END
	own_image
	export SEAT=$OWN/seat
	mkdir -p "$SEAT/conf"
	cat >"$SEAT/bus.conf" <<-END
		<busconfig><type>system</type><listen>unix:path=$SEAT/socket</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
	END
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$SEAT/socket
	echo 30 >"$SEAT/delay" # too short: 104 s are wanted
	dbus-daemon --config-file="$SEAT/bus.conf" --nofork >"$SEAT/bus.log" 2>&1 3>&- &
	echo $! >"$SEAT/bus.pid"
	eventually test -S "$SEAT/socket"
	/usr/bin/python3 "$ROOT/e2e/logind.py" "$SEAT" >"$SEAT/logind.log" 2>&1 3>&- &
	echo $! >"$SEAT/logind.pid"
	eventually test -e "$SEAT/ready"
	agent
	use_namespace shutdown-test
	kubectl create --validate=false -f - >/dev/null <<-END
		apiVersion: scheduling.k8s.io/v1
		kind: PriorityClass
		metadata: {name: last-$PORT}
		value: 1000
		---
		apiVersion: scheduling.k8s.io/v1
		kind: PriorityClass
		metadata: {name: middle-$PORT}
		value: 500
	END
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known shutdown
	own_node_gone
	kubectl delete priorityclass "last-$PORT" "middle-$PORT" || :
	kill "$(cat "$OWN/seat/logind.pid")" "$(cat "$OWN/seat/bus.pid")" || :
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known shutdown
	export SEAT=$OWN/seat
}
agent() {
	CORACLE_ENV="DBUS_SYSTEM_BUS_ADDRESS=unix:path=$SEAT/socket" own_agent --logind-conf-dir="$SEAT/conf"
}
pod() { # name priority-class grace shell-command
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  terminationGracePeriodSeconds: $3
  priorityClassName: $2
  volumes: [{name: of-$1, emptyDir: {medium: Memory}}]
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$4'], volumeMounts: [{name: of-$1, mountPath: /memory}]}
END
}
of() { kubectl get pod "$1" -o jsonpath="{.status.$2}"; }
ready() { kubectl get node "$NODE" -o jsonpath="{.status.conditions[?(@.type==\"Ready\")].$1}"; }
tell() { echo "$1" >"$SEAT/command.new" && mv "$SEAT/command.new" "$SEAT/command"; }

@test "a lock is held, and the login manager grants what the settings want" {
	eventually is 'shutdown kubelet delay' cat "$SEAT/lock"
	is 'systemd-logind.service all 1' cat "$SEAT/killed"
	grep -qx InhibitDelayMaxSec=104 "$SEAT/conf/99-kubelet.conf"
	grep -qx '\[Login\]' "$SEAT/conf/99-kubelet.conf"
}

@test "a shutdown: Pods end by priority, new ones are refused, and the lock is let go" {
	eventually is True ready status
	pod deaf '' 60 'trap "" TERM; while :; do busybox sleep 1; done'
	pod quick '' 60 'trap "exit 0" TERM; while :; do busybox sleep 0.1; done'
	pod middle "middle-$PORT" 60 'trap "exit 0" TERM; while :; do busybox sleep 0.1; done'
	kubectl create --validate=false -f - >/dev/null <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: late}
		spec:
		  nodeName: $NODE
		  terminationGracePeriodSeconds: 60
		  priorityClassName: last-$PORT
		  volumes: [{name: pods, hostPath: {path: $OWN/node/pods}}, {name: out, hostPath: {path: $SEAT}}]
		  containers:
		  - name: c
		    image: $IMAGE
		    command: [busybox, sh, -c, 'trap "busybox ls -d /pods/*/volumes/*/of-middle >/out/at-its-end 2>&1; exit 0" TERM; while :; do busybox sleep 0.1; done']
		    volumeMounts: [{name: pods, mountPath: /pods}, {name: out, mountPath: /out}]
	END
	for p in deaf quick middle late; do eventually is Running of $p phase; done
	eventually test -e "$SEAT/lock"
	is 3 sh -c "ls -d '$OWN'/node/pods/*/volumes/*/of-* | wc -l"
	tell begin
	eventually is False ready status
	is 'node is shutting down' ready message
	is KubeletNotReady ready reason
	eventually is Failed of quick phase
	# One that is deaf is killed when its group's four seconds are over; the next group ends after it.
	eventually is Failed of deaf phase
	eventually is Failed of late phase
	eventually test ! -e "$SEAT/lock"
	for p in deaf quick middle late; do
		is Terminated of $p reason
		is 'Pod was terminated in response to imminent node shutdown.' of $p message
		is TerminationByKubelet of $p 'conditions[?(@.type=="DisruptionTarget")].reason'
		is True of $p 'conditions[?(@.type=="DisruptionTarget")].status'
	done
	is 137 of deaf 'containerStatuses[0].state.terminated.exitCode'
	[[ ! $(of late 'containerStatuses[0].state.terminated.finishedAt') < $(of deaf 'containerStatuses[0].state.terminated.finishedAt') ]]
	# The last group begins to end when the volumes of the one before it are gone.
	shows 'ls: .*No such file' cat "$SEAT/at-its-end"
	pod refused '' 1 'busybox sleep 999'
	eventually is NodeShutdown of refused reason
	is Failed of refused phase
	is 'Pod was rejected: Pod was rejected as the node is shutting down.' of refused message
	eventually shows 'NodeShutdown.*Shutdown manager detected shutdown event' kubectl get events -A --field-selector "involvedObject.name=$NODE"
}

times() { curl -fsS -m "$GUARD" "http://127.0.0.1:$((PORT + 50))/metrics" | sed -nE 's/^kubelet_graceful_shutdown_(start|end)_time_seconds //p'; }

@test "an agent that begins anew knows when the last shutdown was" {
	local before
	before=$(times)
	[ "$(wc -l <<<"$before")" = 2 ] && ! grep -qx 0 <<<"$before"
	jq -e '.startTime > "2020" and .endTime >= .startTime' "$OWN/node/graceful_node_shutdown_state"
	stop "$OWN" nodeagent
	agent
	eventually is "$before" times
	tell begin # for it, who has not heard of the last one
	eventually is False ready status
	eventually test ! -e "$SEAT/lock"
}

@test "a shutdown that is called off: the node takes Pods again, and the next one is waited for, too" {
	tell cancel
	eventually is True ready status
	eventually test -e "$SEAT/lock"
	eventually shows 'NodeShutdown.*Shutdown manager detected shutdown cancellation' kubectl get events -A --field-selector "involvedObject.name=$NODE"
	pod again '' 1 'busybox sleep 999'
	eventually is Running of again phase
	tell begin
	eventually is Failed of again phase
	eventually test ! -e "$SEAT/lock"
	tell cancel
	eventually is True ready status
}

@test "a login manager that goes, and comes back, is asked again" {
	eventually test -e "$SEAT/lock"
	kill "$(cat "$SEAT/bus.pid")"
	rm -f "$SEAT/socket" "$SEAT/lock" "$SEAT/ready"
	dbus-daemon --config-file="$SEAT/bus.conf" --nofork >>"$SEAT/bus.log" 2>&1 3>&- &
	echo $! >"$SEAT/bus.pid"
	eventually test -S "$SEAT/socket"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$SEAT/socket /usr/bin/python3 "$ROOT/e2e/logind.py" "$SEAT" >>"$SEAT/logind.log" 2>&1 3>&- &
	echo $! >"$SEAT/logind.pid"
	eventually is 'shutdown kubelet delay' cat "$SEAT/lock"
}

@test "a machine without libsystemd: the agent starts, and says that it cannot hold back a shutdown" {
	stop "$OWN" nodeagent
	cat >"$OWN/without" <<-END
		#!/bin/sh
		for f in /usr/lib/*/libsystemd.so.0; do mount --bind /dev/null "\$f"; done
		exec "\$@"
	END
	chmod +x "$OWN/without"
	INSIDE="unshare -m $OWN/without" agent
	eventually is True ready status
	grep -q 'Failed to start node shutdown manager.*libsystemd' "$OWN/logs/nodeagent.log"
}
