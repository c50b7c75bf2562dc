#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A Pod's life with real containers: who starts and ends when, what its status says of it, and what an agent that was killed in
# the middle of it makes of the rest.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace life-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=life-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=life-test
	LOG=$BATS_TEST_TMPDIR/log # what containers say, in order
	mkdir -p "$LOG"
}

# pod NAME [spec lines] < containers and init containers; $LOG is mounted nowhere by itself: `mounts` does.
pod() {
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n' "$1"
		printf '  volumes: [{name: log, hostPath: {path: %s}}]\n' "$LOG"
		[ $# -lt 2 ] || printf '  %s\n' "${@:2}"
		sed "s#\$MOUNT#volumeMounts: [{name: log, mountPath: /log}]#; s#\$IMAGE#$IMAGE#; s#\$SH#image: $IMAGE, command: [busybox, sh, -c#"
	} >"$BATS_TEST_TMPDIR/$1.yaml"
	kubectl create --validate=false -f "$BATS_TEST_TMPDIR/$1.yaml" >/dev/null
}
field() { kubectl get pod "$1" -o jsonpath="$2"; } # POD PATH
phase() { field "$1" '{.status.phase}'; }
condition() { field "$1" "{.status.conditions[?(@.type==\"$2\")].status}"; } # POD TYPE
waiting() { field "$1" '{.status.containerStatuses[0].state.waiting.reason}'; }
said() { cat "$LOG/said" 2>/dev/null; }
gone_pod() { ! kubectl get pod "$1" >/dev/null 2>&1; }

# An app or a sidecar that says when it is asked to end: `says NAME`.
says() { printf '%s' "trap \"echo $1 >>/log/said; exit 3\" TERM; touch /log/$1; while :; do busybox sleep 0.1; done"; }

@test "sidecars run beside the init containers after them and end last, in reverse order" {
	pod order 'terminationGracePeriodSeconds: 60' <<END
  initContainers:
  - {name: s1, restartPolicy: Always, \$SH, '$(says s1)'], \$MOUNT}
  - {name: i, \$SH, 'until [ -e /log/s1 ]; do busybox sleep 0.1; done; [ ! -e /log/s2 ]'], \$MOUNT}
  - {name: s2, restartPolicy: Always, \$SH, '$(says s2)'], \$MOUNT}
  containers:
  - {name: a, \$SH, '$(says a)'], \$MOUNT}
END
	kubectl wait --for=condition=Ready pod/order --timeout=${GUARD}s
	is 3/3 sh -c "kubectl get pod order --no-headers | awk '{print \$2}'"
	eventually test -e "$LOG/a"
	eventually test -e "$LOG/s2"
	kubectl delete pod order --timeout=${GUARD}s
	is "$(printf 'a\ns2\ns1')" said
}

@test "without probes a container is ready as it runs; what its hook says is not its log's; its image's STOPSIGNAL ends it" {
	local tar=$BATS_TEST_TMPDIR/quits.tar
	"$ROOT/deploy/oci-image" "$tar" localhost/coracle-quits:1.0 --config '{"Env":["PATH=/bin"],"Cmd":["sh"],"StopSignal":"SIGQUIT"}'
	"$ROOT/build/bin/nodeagent" image import "$tar" --root-dir="$DIR/node"
	pod quits 'terminationGracePeriodSeconds: 3600' <<-'END'
	  containers:
	  - name: a
	    image: localhost/coracle-quits:1.0
	    command: [busybox, sh, -c, 'trap "echo QUIT >/log/said; exit 0" QUIT; trap "echo TERM >/log/said" TERM; echo mine; while :; do busybox sleep 0.1; done']
	    lifecycle: {postStart: {exec: {command: [busybox, sh, -c, 'echo hook; echo hook >&2']}}}
	    $MOUNT
	END
	kubectl wait --for=condition=Ready pod/quits --timeout=${GUARD}s
	is "true true" field quits '{.status.containerStatuses[0].started} {.status.containerStatuses[0].ready}'
	eventually is mine kubectl logs quits
	kubectl delete pod quits --timeout=${GUARD}s
	is QUIT said
}

@test "a sidecar is restarted under Never, and neither it nor its exit code keeps the Pod from being Succeeded" {
	pod side 'restartPolicy: Never' <<END
  initContainers:
  - {name: s, restartPolicy: Always, \$SH, 'if [ ! -e /log/once ]; then touch /log/once; exit 5; fi; $(says s)'], \$MOUNT}
  containers:
  - {name: a, \$SH, 'until [ -e /log/end ]; do busybox sleep 0.1; done'], \$MOUNT}
END
	eventually is 1 field side '{.status.initContainerStatuses[0].restartCount}'
	eventually test -e "$LOG/s"
	is 5 field side '{.status.initContainerStatuses[0].lastState.terminated.exitCode}'
	eventually is Running phase side
	is True condition side Initialized
	touch "$LOG/end"
	eventually is Succeeded phase side
	is 3 field side '{.status.initContainerStatuses[0].state.terminated.exitCode}'
	is s said
	is PodCompleted field side '{.status.conditions[?(@.type=="Ready")].reason}'
	kubectl delete pod side
}

@test "when the grace is used up the sidecars get SIGTERM, two seconds and SIGKILL" {
	pod deaf 'terminationGracePeriodSeconds: 3' <<END
  initContainers:
  - {name: s, restartPolicy: Always, \$SH, 'trap "echo s >>/log/said" TERM; touch /log/s; while :; do busybox sleep 0.1; done'], \$MOUNT}
  containers:
  - {name: a, \$SH, 'trap "echo a >>/log/said" TERM; touch /log/a; while :; do busybox sleep 0.1; done'], \$MOUNT}
END
	kubectl wait --for=condition=Ready pod/deaf --timeout=${GUARD}s
	eventually test -e "$LOG/a"
	eventually test -e "$LOG/s"
	start=$SECONDS
	kubectl delete pod deaf --timeout=${GUARD}s
	[ $((SECONDS - start)) -ge 4 ]
	is "$(printf 'a\ns')" said
}

@test "an init container that fails: CrashLoopBackOff under Always, the end under Never" {
	pod stuck <<END
  initContainers: [{name: i, \$SH, 'exit 4']}]
  containers: [{name: a, \$SH, 'echo never']}]
END
	pod lost 'restartPolicy: Never' <<END
  initContainers: [{name: i, \$SH, 'exit 4']}]
  containers: [{name: a, \$SH, 'echo never']}]
END
	eventually is Failed phase lost
	is 4 field lost '{.status.initContainerStatuses[0].state.terminated.exitCode}'
	is PodInitializing waiting lost
	shows Init:Error kubectl get pod lost
	eventually shows 'Init:CrashLoopBackOff|Init:Error' kubectl get pod stuck
	eventually is CrashLoopBackOff field stuck '{.status.initContainerStatuses[0].state.waiting.reason}'
	is Pending phase stuck
	is 'containers with incomplete status: [i]' field stuck '{.status.conditions[?(@.type=="Initialized")].message}'
	kubectl delete pod stuck lost --grace-period=1
}

@test "the conditions of a Pod that runs and of one that is being deleted" {
	pod told 'terminationGracePeriodSeconds: 60' <<END
  containers: [{name: a, \$SH, 'trap "until [ -e /log/end ]; do busybox sleep 0.1; done; exit 0" TERM; touch /log/a; while :; do busybox sleep 0.1; done'], \$MOUNT}]
END
	kubectl wait --for=condition=Ready pod/told --timeout=${GUARD}s
	for c in PodScheduled PodReadyToStartContainers Initialized ContainersReady Ready; do is True condition told $c; done
	is "$(field told '{.metadata.generation}')" field told '{.status.observedGeneration}'
	is true field told '{.status.containerStatuses[0].started}'
	eventually test -e "$LOG/a"
	kubectl delete pod told --wait=false
	eventually is False condition told Ready
	is True condition told ContainersReady
	shows Terminating kubectl get pod told
	touch "$LOG/end"
	eventually gone_pod told
}

@test "a second deletion leaves less time, a forced one none of the object" {
	pod slow 'terminationGracePeriodSeconds: 3600' <<END
  containers: [{name: a, \$SH, 'trap "" TERM; touch /log/a; while :; do busybox sleep 0.1; done'], \$MOUNT}]
END
	pod forced 'terminationGracePeriodSeconds: 3600' <<END
  containers: [{name: a, \$SH, '$(says forced)'], \$MOUNT}]
END
	eventually test -e "$LOG/a"
	eventually test -e "$LOG/forced"
	kubectl delete pod slow --wait=false
	eventually shows 'Stopping container a' kubectl describe pod slow
	kubectl delete pod slow --grace-period=1 --timeout=${GUARD}s
	kubectl delete pod forced --force --grace-period=0 2>/dev/null
	gone_pod forced
	eventually is forced said
}

@test "activeDeadlineSeconds ends a Pod, and its phase stays" {
	pod late 'activeDeadlineSeconds: 2' 'terminationGracePeriodSeconds: 1' <<END
  containers: [{name: a, \$SH, 'busybox sleep 3600']}]
END
	eventually is Failed phase late
	is DeadlineExceeded field late '{.status.reason}'
	is 'Pod was active on the node longer than the specified deadline' field late '{.status.message}'
	is 137 field late '{.status.containerStatuses[0].state.terminated.exitCode}'
	kubectl delete pod late
}

@test "termination messages come from the file or, of a failure, from the log" {
	pod words 'restartPolicy: Never' <<END
  containers:
  - {name: file, terminationMessagePath: /tmp/last, \$SH, 'mkdir -p /tmp; printf words >/tmp/last; exit 1']}
  - {name: long, \$SH, 'busybox yes | busybox head -c 9000 >/dev/termination-log']}
  - {name: log, terminationMessagePolicy: FallbackToLogsOnError, \$SH, 'echo first; echo last; exit 1']}
  - {name: none, terminationMessagePolicy: FallbackToLogsOnError, \$SH, 'echo fine']}
END
	eventually is Failed phase words
	message() { field words "{.status.containerStatuses[?(@.name==\"$1\")].state.terminated.message}"; }
	is words message file
	is 4096 sh -c "kubectl get pod words -o json | jq -j '.status.containerStatuses[]|select(.name==\"long\").state.terminated.message' | wc -c"
	is "$(printf 'first\nlast')" message log
	is '' message none
	kubectl delete pod words
}

@test "kubectl debug: an ephemeral container sees its target's processes and is not restarted" {
	pod patient <<END
  containers: [{name: a, \$SH, 'exec busybox sleep 5926$PORT']}]
END
	kubectl wait --for=condition=Ready pod/patient --timeout=${GUARD}s
	ended() { field patient "{.status.ephemeralContainerStatuses[?(@.name==\"$1\")].state.terminated.exitCode}"; }
	n=0
	while read -r k; do
		n=$((n + 1))
		"$k" debug patient --image=$IMAGE --image-pull-policy=Never --target=a -c "d$n" --attach=false -- busybox sh -c 'busybox ps; exit 7' ||
			"$k" alpha debug patient --image=$IMAGE --image-pull-policy=Never --target=a -c "d$n" --attach=false -- busybox sh -c 'busybox ps; exit 7'
		eventually is 7 ended "d$n"
		kubectl logs patient -c "d$n" | grep -q "sleep 5926$PORT"
	done < <(kubectls)
	[ $n -ge 1 ]
	is 0 field patient '{.status.ephemeralContainerStatuses[0].restartCount}'
	is Running phase patient
	is 1/1 sh -c "kubectl get pod patient --no-headers | awk '{print \$2}'"
	# without a target it sees its own
	kubectl debug patient --image=$IMAGE --image-pull-policy=Never -c alone --attach=false -- busybox ps
	eventually is 0 ended alone
	! kubectl logs patient -c alone | grep -q "sleep 5926$PORT"
	eventually shows 'ephemeralContainers.d1. Started' kubectl get events -o jsonpath='{range .items[*]}{.involvedObject.fieldPath} {.reason}{"\n"}{end}'
	kubectl delete pod patient --grace-period=1
}

@test "kubectl debug: a copy that shares its processes, and a Pod on the node" {
	pod original <<END
  containers: [{name: a, \$SH, 'exec busybox sleep 5358$PORT']}]
END
	kubectl wait --for=condition=Ready pod/original --timeout=${GUARD}s
	kubectl debug original --copy-to=copy --share-processes --set-image=a=localhost/coracle-demo:2.0 --image=$IMAGE --image-pull-policy=Never -c look --attach=false -- busybox sh -c 'until busybox ps | busybox grep -v grep | busybox grep 5358; do busybox sleep 0.1; done'
	eventually shows "sleep 5358$PORT" kubectl logs copy -c look
	is localhost/coracle-demo:2.0 field copy '{.spec.containers[0].image}'
	node=$(field original '{.spec.nodeName}')
	kubectl debug "node/$node" --image=$IMAGE --attach=false -- busybox sh -c "busybox ls /host/proc/1/cmdline; busybox ps | busybox grep -v grep | busybox grep 5358$PORT" >"$BATS_TEST_TMPDIR/out" 2>&1
	name=$(sed -n 's/.*debugging pod \([^ ]*\) with container.*/\1/p' "$BATS_TEST_TMPDIR/out")
	eventually is Succeeded phase "$name"
	shows "sleep 5358$PORT" kubectl logs "$name"
	shows /host/proc/1/cmdline kubectl logs "$name"
	kubectl delete pod original copy "$name" --grace-period=1
}

@test "an agent killed in the middle of a stop gives the whole grace again, and runs nothing twice" {
	pod stopped 'terminationGracePeriodSeconds: 6' <<END
  initContainers:
  - {name: s, restartPolicy: Always, \$SH, 'echo start >>/log/starts; $(says s)'], \$MOUNT}
  containers:
  - {name: a, \$SH, 'trap "echo term >>/log/terms" TERM; echo start >>/log/starts; touch /log/a; while :; do busybox sleep 0.1; done'], \$MOUNT}
END
	kubectl wait --for=condition=Ready pod/stopped --timeout=${GUARD}s
	eventually test -e "$LOG/a"
	eventually test -e "$LOG/s"
	kubectl delete pod stopped --wait=false
	eventually test -e "$LOG/terms"
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	start=$SECONDS
	up_again
	eventually gone_pod stopped
	[ $((SECONDS - start)) -ge 5 ]
	[ "$(wc -l <"$LOG/terms")" -eq 2 ]
	[ "$(wc -l <"$LOG/starts")" -eq 2 ]
	is s said
}

@test "an agent killed between a sandbox and the files that containers get from it makes the sandbox anew" {
	pod bare <<END
  containers: [{name: a, \$SH, 'busybox cat /etc/hosts /etc/hostname; exec busybox sleep 100000'], envFrom: [{configMapRef: {name: late}}]}]
END
	eventually is CreateContainerConfigError waiting bare
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	rm "$DIR/node/pods/$(field bare '{.metadata.uid}')"/{etc-hosts,resolv.conf,hostname}
	up_again
	kubectl create configmap late --from-literal=k=v
	kubectl wait --for=condition=Ready pod/bare --timeout=${GUARD}s
	is 0 field bare '{.status.containerStatuses[0].restartCount}'
	eventually shows "$(field bare '{.status.podIP}').*bare" kubectl logs bare
	kubectl delete pod bare --grace-period=1
	kubectl delete configmap late
}

@test "an agent killed between two init containers goes on with the second one" {
	pod half <<END
  initContainers:
  - {name: s, restartPolicy: Always, \$SH, 'echo s >>/log/starts; touch /log/s; exec busybox sleep 3600'], \$MOUNT}
  - {name: i1, \$SH, 'echo i1 >>/log/starts'], \$MOUNT}
  - {name: i2, \$SH, 'echo i2 >>/log/starts; until [ -e /log/go ]; do busybox sleep 0.1; done'], \$MOUNT}
  containers:
  - {name: a, \$SH, 'echo a >>/log/starts; exec busybox sleep 3600'], \$MOUNT}
END
	eventually grep -q i2 "$LOG/starts"
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	touch "$LOG/go"
	up_again
	kubectl wait --for=condition=Ready pod/half --timeout=${GUARD}s
	eventually grep -q '^a$' "$LOG/starts"
	is "$(printf 'a\ni1\ni2\ns')" sort "$LOG/starts"
	kubectl delete pod half --grace-period=1
}

# All processes of the container whose command line holds MARKER, its conmon and its Pod's pause are gone at once.
pull_the_plug() { # MARKER...
	local marker pid net p pids=()
	for marker in "$@"; do
		pid=$(pgrep -f "^busybox $marker" | head -n 1)
		net=$(readlink "/proc/$pid/ns/net")
		pids+=("$(ps -o ppid= -p "$pid")" "$pid")
		for p in $(pgrep -x pause); do [ "$(readlink "/proc/$p/ns/net")" != "$net" ] || pids+=("$p"); done
	done
	[ ${#pids[@]} -eq $((3 * $#)) ]
	kill -9 "$(daemon_pid nodeagent)" "${pids[@]// /}"
}

@test "after a reboot a Pod begins anew in its volumes, and one that runs once is over" {
	pod again <<END
  initContainers: [{name: i, \$SH, 'echo i >>/log/starts'], \$MOUNT}]
  containers: [{name: a, \$SH, 'echo a >>/log/starts; exec busybox sleep 2236$PORT'], \$MOUNT}]
END
	pod once 'restartPolicy: Never' <<END
  containers: [{name: a, \$SH, 'echo once >>/log/starts; exec busybox sleep 2449$PORT'], \$MOUNT}]
END
	kubectl wait --for=condition=Ready pod/again pod/once --timeout=${GUARD}s
	eventually pgrep -f "^busybox sleep 2236$PORT"
	eventually pgrep -f "^busybox sleep 2449$PORT"
	pull_the_plug "sleep 2236$PORT" "sleep 2449$PORT"
	up_again
	eventually is 1 field again '{.status.containerStatuses[0].restartCount}'
	eventually is Running phase again
	eventually pgrep -f "^busybox sleep 2236$PORT"
	eventually is Failed phase once
	is 0 field once '{.status.containerStatuses[0].restartCount}'
	is "$(printf 'a\na\ni\ni\nonce')" sort "$LOG/starts"
	eventually shows 'Pod sandbox changed, it will be killed and re-created' kubectl describe pod again
	kubectl delete pod again once --grace-period=1
}

@test "preStop hooks of all containers run together, and a sidecar's signal waits for its turn all the same" {
	meet() { printf '%s' "lifecycle: {preStop: {exec: {command: [busybox, sh, -c, 'touch /log/pre-$1; until [ -e /log/pre-$2 ]; do busybox sleep 0.1; done']}}}"; }
	pod together 'terminationGracePeriodSeconds: 3600' <<END
  initContainers:
  - {name: s, restartPolicy: Always, $(meet s a), \$SH, '$(says s)'], \$MOUNT}
  containers:
  - {name: a, $(meet a s), \$SH, '$(says a)'], \$MOUNT}
END
	kubectl wait --for=condition=Ready pod/together --timeout=${GUARD}s
	eventually test -e "$LOG/a"
	eventually test -e "$LOG/s"
	kubectl delete pod together --timeout=${GUARD}s
	is "$(printf 'a\ns')" said
}

@test "the container after a sidecar waits for its startup probe; a failing liveness probe restarts it alone" {
	pod gated 'terminationGracePeriodSeconds: 1' <<END
  initContainers:
  - name: s
    restartPolicy: Always
    startupProbe: {exec: {command: [busybox, test, -e, /log/up]}, periodSeconds: 1, failureThreshold: 1000}
    livenessProbe: {exec: {command: [busybox, test, '!', -e, /log/bad]}, periodSeconds: 1, failureThreshold: 1}
    readinessProbe: {exec: {command: [busybox, test, -e, /log/ready]}, periodSeconds: 1}
    \$MOUNT
    image: \$IMAGE
    command: [busybox, sh, -c, 'busybox rm -f /log/bad; exec busybox sleep 3600']
  - {name: i, \$SH, 'echo i >>/log/said'], \$MOUNT}
  containers:
  - {name: a, \$SH, 'exec busybox sleep 3600']}
END
	sidecar() { field gated "{.status.initContainerStatuses[0].$1}"; }
	eventually shows . sidecar state.running.startedAt
	is false sidecar started
	is PodInitializing field gated '{.status.initContainerStatuses[1].state.waiting.reason}'
	is Pending phase gated
	[ ! -e "$LOG/said" ]
	touch "$LOG/up"
	eventually is Running phase gated
	is i said
	is True condition gated Initialized
	is False condition gated Ready
	is 'containers with unready status: [s]' field gated '{.status.conditions[?(@.type=="Ready")].message}'
	touch "$LOG/ready"
	eventually is True condition gated Ready
	touch "$LOG/bad"
	eventually is 1 sidecar restartCount
	eventually shows 'Init container s failed liveness probe' kubectl describe pod gated
	eventually is True condition gated Ready
	is 0 field gated '{.status.containerStatuses[0].restartCount}'
	is i said
	kubectl delete pod gated
}

@test "an agent killed in a postStart hook goes on without it, one killed in a preStop hook runs it again" {
	pod hooked 'terminationGracePeriodSeconds: 3600' <<END
  containers:
  - name: a
    lifecycle:
      postStart: {exec: {command: [busybox, sh, -c, 'echo post >>/log/said; exec busybox sleep 3600']}}
      preStop: {exec: {command: [busybox, sh, -c, 'echo pre >>/log/said; until [ -e /log/go ]; do busybox sleep 0.1; done']}}
    \$MOUNT
    image: \$IMAGE
    command: [busybox, sh, -c, '$(says a)']
END
	eventually is post said
	eventually test -e "$LOG/a"
	is ContainerCreating waiting hooked
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	up_again
	kubectl wait --for=condition=Ready pod/hooked --timeout=${GUARD}s
	is 0 field hooked '{.status.containerStatuses[0].restartCount}'
	kubectl delete pod hooked --wait=false
	eventually is "$(printf 'post\npre')" said
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	up_again
	eventually is "$(printf 'post\npre\npre')" said
	touch "$LOG/go"
	eventually gone_pod hooked
	is "$(printf 'post\npre\npre\na')" said
}

@test "a readiness gate keeps a Pod from being Ready until somebody says so; describe tells of probes with their defaults" {
	pod gated 'readinessGates: [{conditionType: example.com/fed}]' <<END
  containers: [{name: a, image: $IMAGE, command: [busybox, sleep, '100000'], livenessProbe: {exec: {command: [busybox, 'true']}}}]
END
	eventually is True condition gated ContainersReady
	is False condition gated Ready
	is ReadinessGatesNotReady field gated '{.status.conditions[?(@.type=="Ready")].reason}'
	shows '^gated +1/1 +Running .* 0/1$' kubectl get pod gated -o wide
	shows 'Liveness: +exec \[busybox true\] delay=0s timeout=1s period=10s #success=1 #failure=3' kubectl describe pod gated
	kubectl patch pod gated --subresource=status -p '{"status":{"conditions":[{"type":"example.com/fed","status":"True"}]}}' >/dev/null
	eventually is True condition gated Ready
	shows '^gated +1/1 +Running .* 1/1$' kubectl get pod gated -o wide
	kubectl delete pod gated --grace-period=1 --wait=false
}

@test "kubectl run -i --rm: the command's input and output, and then nothing of it" {
	is 'in the end' sh -c "echo in the end | timeout $GUARD kubectl run brief -i --rm --quiet --restart=Never --image=$IMAGE --command -- busybox cat"
	eventually gone_pod brief
}
