#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A node that everything is done to: Pods that take what they can get, programs that fail under the agent, an API server that is
# away. A node of its own, with 64 processes for each Pod, and a network plugin and an OCI runtime that fail, or hang, while a file
# says so.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node hostile 45 <<-END
		podPidsLimit: 64
		evictionHard: {memory.available: 10Mi, nodefs.available: 1Ki}
	END
	own_image
	mkdir -p "$OWN/bin"
	ln -s /usr/lib/cni/host-local /usr/lib/cni/portmap "$OWN/bin/"
	cat >"$OWN/bin/bridge" <<-END
		#!/bin/sh
		[ ! -e $OWN/fails-\$CNI_COMMAND ] || { echo '{"cniVersion":"1.0.0","code":99,"msg":"out of luck"}'; exit 1; }
		exec /usr/lib/cni/bridge
	END
	cat >"$OWN/runc" <<-END
		#!/bin/sh
		for a; do
			while [ -e $OWN/hangs-\$a ]; do echo \$\$ >>$OWN/hanging; sleep 0.2; done
			[ ! -e $OWN/fails-\$a ] || { echo 'level=error msg="out of luck"' >&2; exit 1; }; done
		exec $(command -v runc) "\$@"
	END
	chmod +x "$OWN/bin/bridge" "$OWN/runc"
	own_agent --cni-bin-dir="$OWN/bin" --container-runtime-binary="$OWN/runc"
	use_namespace hostile-test
	kubectl create --validate=false -f - >/dev/null <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: good}
		spec:
		  nodeName: $NODE
		  terminationGracePeriodSeconds: 1
		  containers: [{name: c, image: $IMAGE, command: [busybox, sleep, "100000"]}]
	END
	kubectl wait --for=condition=Ready pod/good --timeout="${GUARD}s" >/dev/null
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known hostile
	own_node_gone
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known hostile
	pid=$(cat "$OWN/run/nodeagent.pid")
}
# The agent is the one that was started, and what has nothing to do with the test still runs, as it did from the start.
teardown() {
	autopsy
	rm -f "$OWN"/fails-* "$OWN"/hangs-*
	kill -CONT "$(daemon_pid apiserver)"
	[ "$pid" = "$(cat "$OWN/run/nodeagent.pid")" ]
	curl -fsS -m "$GUARD" "http://127.0.0.1:$((PORT + 46))/healthz" >/dev/null
	is ok kubectl exec good -- busybox echo ok
	is 0 field good '{.status.containerStatuses[0].restartCount}'
}

pod() { # name [spec lines] < containers
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  nodeName: %s\n  terminationGracePeriodSeconds: 1\n' "$1" "$NODE"
		[ $# -lt 2 ] || printf '  %s\n' "${@:2}"
		sed "s#\$IMAGE#$IMAGE#; s#\$SH#image: $IMAGE, command: [busybox, sh, -c#"
	} | kubectl create --validate=false -f - >/dev/null
}
field() { kubectl get pod "$1" -o jsonpath="$2"; } # POD PATH
ended() { field "$1" '{.status.containerStatuses[0].state.terminated.reason} {.status.containerStatuses[0].state.terminated.exitCode}'; }
events() { kubectl get events --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason} {.message}{"\n"}{end}'; }
drop() { kubectl delete pod "$@" --timeout="${GUARD}s" >/dev/null; }
processes() { cat $(find /sys/fs/cgroup -path "*pod$1*" -name cgroup.procs) 2>/dev/null | sort -u | wc -l; } # UID

@test "commands that cannot be run: reasons and exit codes" {
	local never='restartPolicy: Never' name
	pod nofile "$never" <<<'  containers: [{name: c, image: $IMAGE, command: [/nope]}]'
	pod nopath "$never" <<<'  containers: [{name: c, image: $IMAGE, command: [nope]}]'
	pod folder "$never" <<<'  containers: [{name: c, image: $IMAGE, command: [/etc]}]'
	pod shell127 "$never" <<<'  containers: [{name: c, $SH, "nope"]}]'
	pod shell126 "$never" <<<'  containers: [{name: c, $SH, "/etc"]}]'
	pod signal "$never" <<<'  containers: [{name: c, $SH, "kill -11 $$"]}]'
	for name in nofile nopath folder; do eventually is 'StartError 128' ended $name; done
	shows 'exec: "/nope": stat /nope: no such file or directory' field nofile '{.status.containerStatuses[0].state.terminated.message}'
	shows 'exec: "nope": executable file not found in \$PATH' field nopath '{.status.containerStatuses[0].state.terminated.message}'
	shows 'permission denied' field folder '{.status.containerStatuses[0].state.terminated.message}'
	eventually is 'Error 127' ended shell127
	eventually is 'Error 126' ended shell126
	is Failed field nofile '{.status.phase}'
	eventually shows 'Warning Failed Error: .*no such file or directory' events nofile
	drop nofile nopath folder shell127 shell126 signal
}

@test "a network plugin that fails, or is not there: the Pod waits, is told why, and comes when it works" {
	touch "$OWN/fails-ADD"
	pod unlucky <<<'  containers: [{name: c, $SH, "exec busybox sleep 100000"]}]'
	eventually shows 'Warning FailedCreatePodSandBox .*out of luck' events unlucky
	is ContainerCreating field unlucky '{.status.containerStatuses[0].state.waiting.reason}'
	mv "$OWN/bin/bridge" "$OWN/bin/elsewhere"
	rm "$OWN/fails-ADD"
	eventually shows 'Warning FailedCreatePodSandBox .*failed to find plugin "bridge"' events unlucky
	mv "$OWN/bin/elsewhere" "$OWN/bin/bridge"
	kubectl wait --for=condition=Ready pod/unlucky --timeout="${GUARD}s"
	# One that cannot be taken down is tried again, and goes.
	touch "$OWN/fails-DEL"
	kubectl delete pod unlucky --wait=false
	eventually grep -q 'could not tear down pod.*out of luck' "$OWN/logs/nodeagent.log"
	rm "$OWN/fails-DEL"
	kubectl wait --for=delete pod/unlucky --timeout="${GUARD}s"
	is 1 sh -c "ls '$OWN'/node/netns | wc -l"
	is 1 sh -c "ls '$OWN'/node/cni/networks/*/[0-9]* | wc -l"
}

@test "an OCI runtime that fails to create, to start" {
	local what uid
	for what in create start; do
		touch "$OWN/fails-$what"
		pod unlucky-$what <<<'  containers: [{name: c, $SH, "exec busybox sleep 100000"]}]'
		eventually shows 'StartError 128' field unlucky-$what '{.status.containerStatuses[0].lastState.terminated.reason} {.status.containerStatuses[0].lastState.terminated.exitCode}'
		shows 'out of luck' field unlucky-$what '{.status.containerStatuses[0].lastState.terminated.message}'
		rm "$OWN/fails-$what"
		kubectl wait --for=condition=Ready pod/unlucky-$what --timeout="${GUARD}s"
	done
	drop unlucky-create unlucky-start
	is 1 sh -c "ls '$OWN'/node/containers | wc -l"
	is 1 sh -c "ls '$OWN'/node/runtime | wc -l"
}

hanging() { sort -u "$OWN/hanging" 2>/dev/null | wc -l; }

@test "commands that the OCI runtime does not begin hold up neither attach nor port-forward" {
	local execs=() port
	pod talks <<<'  containers: [{name: c, $SH, "busybox nc -ll -p 8080 -e busybox echo hi & while :; do echo tick; busybox sleep 0.2; done"]}]'
	eventually is true field talks '{.status.containerStatuses[0].ready}'
	touch "$OWN/hangs-exec"
	for i in 1 2 3 4 5 6; do
		timeout "$GUARD" kubectl exec talks -- busybox echo begun >"$BATS_TEST_TMPDIR/exec$i" 2>&1 3>&- &
		execs+=($!)
	done
	eventually is 4 hanging # as many as are begun at a time
	is tick sh -c "timeout $GUARD kubectl attach talks 2>/dev/null | head -n 1"
	timeout "$GUARD" kubectl port-forward pod/talks :8080 >"$BATS_TEST_TMPDIR/forward" 3>&- &
	execs+=($!)
	eventually grep -q 'Forwarding from 127' "$BATS_TEST_TMPDIR/forward"
	port=$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/forward")
	is hi timeout "$GUARD" bash -c "cat </dev/tcp/127.0.0.1/$port"
	is 4 hanging
	rm "$OWN/hangs-exec"
	kill "${execs[-1]}"
	wait "${execs[@]:0:6}"
	for i in 1 2 3 4 5 6; do is begun cat "$BATS_TEST_TMPDIR/exec$i"; done
	drop talks
}

@test "a fork bomb, a memory bomb, zombies, one deaf to SIGTERM: the Pod pays" {
	local uids
	pod forks <<<'  containers: [{name: c, $SH, "bomb() { bomb | bomb & }; while :; do bomb; done"]}]'
	pod zombies <<<'  containers: [{name: c, $SH, "for i in $(busybox seq 40); do (busybox true &); done; exec busybox sleep 100000"]}]'
	pod memory 'restartPolicy: Never' <<<'  containers: [{name: c, $SH, "busybox tail /dev/zero"], resources: {limits: {memory: 24Mi}}}]'
	pod deaf <<<'  containers: [{name: c, $SH, "trap : TERM INT; while :; do busybox sleep 1000; done"]}]'
	eventually is 'OOMKilled 137' ended memory
	eventually is true field zombies '{.status.containerStatuses[0].ready}'
	eventually is true field deaf '{.status.containerStatuses[0].ready}'
	eventually shows 'true|false' field forks '{.status.containerStatuses[0].started}'
	uids=$(kubectl get pods forks zombies deaf -o jsonpath='{.items[*].metadata.uid}')
	[ "$(processes "${uids%% *}")" -le 66 ] # and conmon, and pause
	is ok kubectl exec good -- busybox echo ok
	drop forks zombies memory deaf
	for u in $uids; do is 0 processes "$u"; done
}

@test "probes that are never answered, and one that is answered without end" {
	local http='busybox printf "HTTP/1.1 200 OK\r\n\r\n"; exec busybox yes' name
	probe='readinessProbe: {periodSeconds: 1, httpGet: {port: 8080, path: /}}'
	pod silent <<<"  containers: [{name: c, image: \$IMAGE, command: [busybox, nc, -ll, -p, '8080', -e, busybox, sleep, '1000'], $probe}]"
	pod babbles <<<"  containers: [{name: c, image: \$IMAGE, command: [busybox, nc, -ll, -p, '8080', -e, busybox, 'yes'], $probe}]"
	pod endless <<<"  containers: [{name: c, image: \$IMAGE, command: [busybox, nc, -ll, -p, '8080', -e, busybox, sh, -c, '$http'], $probe}]"
	eventually shows 'Unhealthy Readiness probe failed: Get "http://.*:8080/": .*(deadline exceeded|Client.Timeout)' events silent
	eventually shows 'Unhealthy Readiness probe failed: ' events babbles
	eventually is true field endless '{.status.containerStatuses[0].ready}' # ten KiB are enough
	for name in silent babbles; do is false field $name '{.status.containerStatuses[0].ready}'; done
	[ "$(awk '/VmRSS/ {print $2}' "/proc/$pid/status")" -lt 200000 ]
	drop silent babbles endless
}

@test "the API server is away: Pods go on, end and are restarted, and the status catches up" {
	pod goes-on 'restartPolicy: OnFailure' 'volumes: [{name: v, emptyDir: {}}]' <<-'END'
		  containers:
		  - {name: a, $SH, 'until [ -e /v/end ]; do busybox sleep 0.1; done; echo a >>/v/a; [ $(busybox wc -l </v/a) = 2 ]'], volumeMounts: [{name: v, mountPath: /v}]}
		  - {name: b, $SH, 'until [ -e /v/end ]; do busybox sleep 0.1; done; echo -n bye >/dev/termination-log'], volumeMounts: [{name: v, mountPath: /v}]}
	END
	kubectl wait --for=condition=Ready pod/goes-on --timeout="${GUARD}s"
	dir=$(echo "$OWN/node/pods/$(field goes-on '{.metadata.uid}')/volumes/"*empty-dir/v)
	[ -d "$dir" ]
	kill -STOP "$(daemon_pid apiserver)"
	touch "$dir/end"
	eventually sh -c "[ ! -e '$dir' ]" # taken down when all has ended: the second run of a is the good one
	kill -CONT "$(daemon_pid apiserver)"
	eventually is Succeeded field goes-on '{.status.phase}'
	is 1 field goes-on '{.status.containerStatuses[0].restartCount}'
	is bye field goes-on '{.status.containerStatuses[1].state.terminated.message}'
	drop goes-on
}
