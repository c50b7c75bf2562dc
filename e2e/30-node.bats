#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The node agent with real containers: restarts and back-off, termination, an agent that is killed, images from a registry.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace node-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=node-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=node-test
}

pod() { # name shell-command [spec lines]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 5
  ${3:-}
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2']}
END
}
restarts() { kubectl get pod "$1" -o jsonpath='{.status.containerStatuses[0].restartCount}'; }
container_pid() { # marker -> pid of the process whose command line holds it
	pgrep -f "$1" | head -n 1
}
container_runs() { [ -n "$(container_pid "$1")" ]; } # a container is Ready before its first instruction

@test "a killed container is restarted at once, then with back-off" {
	marker="sleep 3141$PORT"
	pod crash "echo start; exec busybox $marker"
	kubectl wait --for=condition=Ready pod/crash --timeout=${GUARD}s
	eventually is start kubectl logs crash
	first=$(kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].containerID}')
	ip=$(kubectl get pod crash -o jsonpath='{.status.podIP}')
	kill -9 "$(container_pid "$marker")"
	eventually is 1 restarts crash
	eventually is true kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].ready}'
	[ "$(kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].containerID}')" != "$first" ]
	is "$ip" kubectl get pod crash -o jsonpath='{.status.podIP}'
	is 137 kubectl get pod crash -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode}'
	[ "$(kubectl logs -p crash)" = start ]
	eventually is start kubectl logs crash
	# the back-off may be over before a busy machine has looked: watches see it
	kubectl get pod crash --no-headers -w >"$BATS_TEST_TMPDIR/table" 3>&- &
	table=$!
	kubectl get pod crash -o json -w >"$BATS_TEST_TMPDIR/json" 3>&- &
	json=$!
	eventually grep -q . "$BATS_TEST_TMPDIR/table"
	eventually grep -q . "$BATS_TEST_TMPDIR/json"
	kill -9 "$(container_pid "$marker")"
	eventually is 2 restarts crash
	eventually grep -q CrashLoopBackOff "$BATS_TEST_TMPDIR/table"
	eventually grep -q '"reason": "CrashLoopBackOff"' "$BATS_TEST_TMPDIR/json"
	grep -q '"message": "back-off 10s restarting failed container=c pod=crash_node-test(' "$BATS_TEST_TMPDIR/json"
	kill $table $json
	eventually shows 'Back-off restarting failed container c in pod crash_node-test\(' kubectl describe pod crash
	kubectl delete pod crash --grace-period=1
}

@test "restart policies Never and OnFailure end in a phase" {
	pod ok 'exit 0' 'restartPolicy: Never'
	pod bad 'exit 3' 'restartPolicy: Never'
	pod again 'if [ -e /data/x ]; then exit 0; fi; touch /data/x; exit 1' 'restartPolicy: OnFailure'
	eventually is Succeeded kubectl get pod ok -o jsonpath='{.status.phase}'
	eventually is Failed kubectl get pod bad -o jsonpath='{.status.phase}'
	is 3 kubectl get pod bad -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'
	kubectl get pod bad | grep -q Error
	eventually sh -c '[ "$(kubectl get pod again -o jsonpath="{.status.containerStatuses[0].restartCount}")" -ge 1 ]'
	kubectl delete pod ok bad again --grace-period=1
}

@test "init containers, emptyDir, hostPath, env expansion, termination message, memory limit" {
	mkdir -p "$BATS_FILE_TMPDIR/host"
	echo from-host >"$BATS_FILE_TMPDIR/host/file"
	kubectl create --validate=false -f - <<END
apiVersion: v1
kind: Pod
metadata: {name: full}
spec:
  restartPolicy: Never
  volumes:
  - {name: shared, emptyDir: {}}
  - {name: host, hostPath: {path: $BATS_FILE_TMPDIR/host, type: Directory}}
  initContainers:
  - {name: one, image: $IMAGE, command: [busybox, sh, -c, 'echo one > /shared/f'], volumeMounts: [{name: shared, mountPath: /shared}]}
  - {name: two, image: $IMAGE, command: [busybox, sh, -c, 'echo two >> /shared/f'], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - name: c
    image: $IMAGE
    env: [{name: A, value: x}, {name: B, value: "\$(A)y"}, {name: C, value: "\$\$(A)"}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
    command: [busybox, sh, -c]
    args: ['cat /shared/f /host/file; echo \$(B) \$C \$NODE; echo bye > /dev/termination-log; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null || :']
    volumeMounts: [{name: shared, mountPath: /shared}, {name: host, mountPath: /host, readOnly: true}]
    resources: {limits: {memory: 64Mi}}
END
	eventually is Succeeded kubectl get pod full -o jsonpath='{.status.phase}'
	run -0 kubectl logs full -c c
	[ "${lines[0]}" = one ] && [ "${lines[1]}" = two ] && [ "${lines[2]}" = from-host ]
	[ "${lines[3]}" = "xy \$(A) $(kubectl get pod full -o jsonpath='{.spec.nodeName}')" ]
	is bye kubectl get pod full -o jsonpath='{.status.containerStatuses[0].state.terminated.message}' || kubectl get pod full -o jsonpath='{.status.containerStatuses[0].state.terminated.message}' | grep -q bye
	kubectl delete pod full
}

@test "out of memory is OOMKilled 137" {
	kubectl create --validate=false -f - <<END
apiVersion: v1
kind: Pod
metadata: {name: oom}
spec:
  restartPolicy: Never
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, 'x=a; while :; do x=\$x\$x; done'], resources: {limits: {memory: 16Mi}}}
END
	eventually is Failed kubectl get pod oom -o jsonpath='{.status.phase}'
	is 137 kubectl get pod oom -o jsonpath='{.status.containerStatuses[0].state.terminated.exitCode}'
	is OOMKilled kubectl get pod oom -o jsonpath='{.status.containerStatuses[0].state.terminated.reason}'
	kubectl delete pod oom
}

@test "graceful termination: SIGTERM, grace, SIGKILL, then the object goes" {
	pod polite 'trap "echo got term; exit 0" TERM; echo trapped; while :; do busybox sleep 0.1; done'
	pod stubborn 'trap "" TERM; echo trapped; while :; do busybox sleep 0.1; done'
	kubectl wait --for=condition=Ready pod/polite pod/stubborn --timeout=${GUARD}s
	eventually is trapped kubectl logs polite
	eventually is trapped kubectl logs stubborn
	kubectl delete pod polite --grace-period=$((3 * GUARD)) --timeout=${GUARD}s
	start=$SECONDS
	kubectl delete pod stubborn --grace-period=3 --timeout=${GUARD}s
	[ $((SECONDS - start)) -ge 2 ]
	eventually shows 'Stopping container c' kubectl get events
}

@test "killing and restarting the agent restarts no container" {
	marker="sleep 2718$PORT"
	pod survivor "exec busybox $marker"
	kubectl wait --for=condition=Ready pod/survivor --timeout=${GUARD}s
	eventually container_runs "$marker"
	before=$(container_pid "$marker")
	id=$(kubectl get pod survivor -o jsonpath='{.status.containerStatuses[0].containerID}')
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	up_again
	[ "$(container_pid "$marker")" = "$before" ]
	is "$id" kubectl get pod survivor -o jsonpath='{.status.containerStatuses[0].containerID}'
	is 0 restarts survivor
	# and the new agent owns it: it notices its end
	kill -9 "$before"
	eventually is 1 restarts survivor
	kubectl delete pod survivor --grace-period=1
}

@test "a container that ended while the agent was away is noticed" {
	marker="sleep 1618$PORT"
	pod away "exec busybox $marker" 'restartPolicy: Never'
	kubectl wait --for=condition=Ready pod/away --timeout=${GUARD}s
	eventually container_runs "$marker"
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	kill -9 "$(container_pid "$marker")"
	up_again
	eventually is Failed kubectl get pod away -o jsonpath='{.status.phase}'
	kubectl delete pod away
}

@test "images come from a registry over HTTP" {
	mkdir -p "$BATS_FILE_TMPDIR/registry"
	cat >"$BATS_FILE_TMPDIR/registry.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $BATS_FILE_TMPDIR/registry}}
http: {addr: "127.0.0.1:0"}
END
	docker-registry serve "$BATS_FILE_TMPDIR/registry.yml" >"$BATS_FILE_TMPDIR/registry.log" 2>&1 3>&- &
	registry=$!
	"$ROOT/deploy/oci-image" "$BATS_FILE_TMPDIR/image.tar" demo:3.0
	answers() {
		port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$BATS_FILE_TMPDIR/registry.log")
		[ -n "$port" ] && curl -fsS -m "$GUARD" "http://127.0.0.1:$port/v2/" >/dev/null 2>&1
	}
	eventually answers
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci-archive:$BATS_FILE_TMPDIR/image.tar" "docker://127.0.0.1:$port/demo:3.0"
	kubectl run pulled --image=127.0.0.1:$port/demo:3.0 --restart=Never --command -- busybox echo pulled
	eventually is Succeeded kubectl get pod pulled -o jsonpath='{.status.phase}'
	eventually shows 'Successfully pulled image' kubectl describe pod pulled
	kubectl get pod pulled -o jsonpath='{.status.containerStatuses[0].imageID}' | grep -q sha256:
	kill $registry
	kubectl delete pod pulled
}

@test "fsGroup, seccomp, the namespace's Services, a node that others reach" {
	kubectl create service clusterip my-db --tcp=5432:5432
	db=$(kubectl get service my-db -o jsonpath='{.spec.clusterIP}')
	sed "s#\$IMAGE#$IMAGE#" <<'YAML' | kubectl create --validate=false -f -
apiVersion: v1
kind: Pod
metadata: {name: inside}
spec:
  restartPolicy: OnFailure # the agent may see the Pod before it sees the Service: again, then
  securityContext: {fsGroup: 4321, seccompProfile: {type: RuntimeDefault}}
  volumes: [{name: v, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}]
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, '[ -n "$MY_DB_PORT" ] || exit 1; cd /v; mkdir d; touch d/f /m/f; busybox stat -c "%g %a" . /m; busybox stat -c %g d d/f /m/f; busybox id -G;
      busybox grep ^Seccomp: /proc/self/status; echo $MY_DB_SERVICE_HOST $MY_DB_PORT $KUBERNETES_SERVICE_PORT_HTTPS']
    volumeMounts: [{name: v, mountPath: /v}, {name: m, mountPath: /m}]
YAML
	eventually is Succeeded kubectl get pod inside -o jsonpath='{.status.phase}'
	want="4321 2777
4321 2777
4321
4321
4321
0 4321
Seccomp:	2
$db tcp://$db:5432 443"
	is "$want" kubectl logs inside
	kubectl delete pod inside --grace-period=1
	ip=$(kubectl get nodes -o jsonpath='{.items[0].status.addresses[?(@.type=="InternalIP")].address}')
	[ "$ip" = "$(. "$ROOT/deploy/lib.sh" && node_address)" ]
}

@test "logs are followed to the end of the container" {
	pod talks 'for i in 1 2 3; do echo line $i; busybox sleep 0.3; done; echo last; exit 0' 'restartPolicy: Never'
	eventually sh -c 'kubectl logs talks 2>/dev/null | grep -q "line 1"'
	is "$(printf 'line 1\nline 2\nline 3\nlast')" timeout "$GUARD" kubectl logs -f talks
	kubectl delete pod talks --grace-period=1
}
