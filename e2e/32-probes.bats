#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Probes and life cycle hooks of real containers: who is restarted, who is ready, and in which words it is told.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace probes-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=probes-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=probes-test
}

# pod NAME SHELL-COMMAND CONTAINER-FIELDS [POD-FIELDS]
pod() {
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 5
  ${4:-}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, '$2']
    ports: [{name: web, containerPort: 8080}]
    $3
END
}
web='exec busybox httpd -f -p 8080 -h /www'
stay='exec busybox sleep 1000'
field() { kubectl get pod "$1" -o jsonpath="{.status.containerStatuses[0]$2}"; }
events() { kubectl get events --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason} {.involvedObject.fieldPath} {.message}{"\n"}{end}'; }
root_of() { # POD: the container's files
	local id
	id=$(field "$1" .containerID)
	echo "/proc/$(pgrep -f "conmon.*${id#*://}" | head -n 1 | xargs -r pgrep -P | head -n 1)/root"
}

@test "a failing exec liveness probe restarts the container, again and again" {
	pod live-exec "touch /tmp/healthy; busybox sleep 3; busybox rm /tmp/healthy; $stay" \
		'livenessProbe: {exec: {command: [busybox, cat, /tmp/healthy]}, periodSeconds: 1, failureThreshold: 2}'
	first=$(field live-exec .containerID)
	eventually is 1 field live-exec .restartCount
	eventually shows 'Warning Unhealthy spec.containers\{c\} Liveness probe failed: cat: can.t open ./tmp/healthy.: No such file or directory' events live-exec
	eventually shows 'Normal Killing spec.containers\{c\} Container c failed liveness probe, will be restarted' events live-exec
	is 137 field live-exec .lastState.terminated.exitCode
	eventually is 2 field live-exec .restartCount
	# Its series are those of the Pod, whatever container it has, and go with it.
	page=/api/v1/nodes/$(kubectl get pod live-exec -o jsonpath='{.spec.nodeName}')/proxy/metrics/probes
	labels="container=\"c\",namespace=\"$NS\",pod=\"live-exec\""
	[ "$(kubectl get --raw "$page" | grep -c "^prober_probe_total{$labels,pod_uid=\"[-0-9a-f]*\",probe_type=\"Liveness\",result=\"\(failed\|successful\)\"} [1-9]")" = 2 ]
	kubectl get --raw "$page" | grep -q "^prober_probe_duration_seconds_count{$labels,probe_type=\"Liveness\"} [1-9]"
	kubectl delete pod live-exec --now
	eventually sh -c "! kubectl get --raw '$page' | grep -q live-exec"
}

@test "a probe's own grace is that of its kill" {
	pod grace "trap \"\" TERM; while :; do busybox sleep 1; done" \
		'livenessProbe: {exec: {command: [busybox, "false"]}, periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 1}' \
		'terminationGracePeriodSeconds: 600
  restartPolicy: Never'
	eventually is Failed kubectl get pod grace -o jsonpath='{.status.phase}'
	is 137 field grace .state.terminated.exitCode
	eventually shows 'Container c failed liveness probe' events grace
}

@test "httpGet: liveness by a named port, readiness by a path that comes and goes" {
	pod http "$web" 'livenessProbe: {httpGet: {path: /, port: web}, periodSeconds: 1}
    readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1, failureThreshold: 1}'
	eventually shows 'Warning Unhealthy spec.containers\{c\} Readiness probe failed: HTTP probe failed with statuscode: 404' events http
	is false field http .ready
	is true field http .started
	is ContainersNotReady kubectl get pod http -o jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'
	touch "$(root_of http)/www/ready"
	kubectl wait --for=condition=Ready pod/http --timeout=${GUARD}s
	rm "$(root_of http)/www/ready"
	kubectl wait --for=condition=Ready=false pod/http --timeout=${GUARD}s
	is 0 field http .restartCount
}

@test "httpGet: nobody listens, and the words for it" {
	pod refused "$stay" 'livenessProbe: {httpGet: {port: web}, periodSeconds: 1, failureThreshold: 1}' 'restartPolicy: Never'
	eventually is Failed kubectl get pod refused -o jsonpath='{.status.phase}'
	eventually shows 'Liveness probe failed: Get "http://[0-9.]+:8080/?": dial tcp [0-9.]+:8080: connect: connection refused' events refused
}

@test "tcpSocket: ready while the port is open" {
	pod tcp "busybox sleep 2; $web" 'readinessProbe: {tcpSocket: {port: web}, periodSeconds: 1}'
	eventually shows 'Readiness probe failed: dial tcp [0-9.]+:8080: connect: connection refused' events tcp
	kubectl wait --for=condition=Ready pod/tcp --timeout=${GUARD}s
	is 0 field tcp .restartCount
}

@test "grpc: SERVING is ready, NOT_SERVING and no such service are not" {
	port=$((PORT + 37)) says=$BATS_TEST_TMPDIR/says
	echo 2 >"$says"
	"$ROOT/e2e/grpc-health" "$port" "$says" 3>&- &
	server=$!
	pod grpc "$stay" "readinessProbe: {grpc: {port: $port, service: s}, periodSeconds: 1, failureThreshold: 1}" 'hostNetwork: true'
	eventually shows 'Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)' events grpc
	echo 1 >"$says"
	kubectl wait --for=condition=Ready pod/grpc --timeout=${GUARD}s
	rm "$says"
	kubectl wait --for=condition=Ready=false pod/grpc --timeout=${GUARD}s
	eventually shows 'error: this server does not implement the grpc health protocol \(grpc.health.v1.Health\): no health here' events grpc
	kill "$server"
	eventually shows "Readiness probe failed: timeout: failed to connect service \"[0-9.]+:$port\" within 1s: context deadline exceeded" events grpc
}

@test "the others wait for the startup probe; it is not asked again" {
	pod startup "busybox sleep 3; touch /tmp/up; $stay" 'startupProbe: {exec: {command: [busybox, cat, /tmp/up]}, periodSeconds: 1, failureThreshold: 30}
    livenessProbe: {exec: {command: [busybox, sh, -c, "[ -f /tmp/up ] || echo too early; [ -f /tmp/up ]"]}, periodSeconds: 1, failureThreshold: 1}
    readinessProbe: {exec: {command: [busybox, cat, /tmp/up]}, periodSeconds: 60}'
	eventually is false field startup .started
	is false field startup .ready
	kubectl wait --for=condition=Ready pod/startup --timeout=${GUARD}s
	is true field startup .started
	is 0 field startup .restartCount
	! shows 'too early' events startup
	shows 'Startup probe failed: cat: can.t open' events startup
}

@test "a startup probe that fails restarts the container" {
	pod never-up "$stay" 'startupProbe: {exec: {command: [busybox, "false"]}, periodSeconds: 1, failureThreshold: 2}'
	eventually is 1 field never-up .restartCount
	eventually shows 'Normal Killing spec.containers\{c\} Container c failed startup probe, will be restarted' events never-up
	kubectl delete pod never-up --now
}

@test "an exec probe that takes too long has failed, and is killed" {
	pod slow "$stay" 'livenessProbe: {exec: {command: [busybox, sleep, "7777"]}, periodSeconds: 2, failureThreshold: 1}' 'restartPolicy: Never'
	eventually shows 'Liveness probe failed: command timed out: "busybox sleep 7777" timed out after 1s' events slow
	eventually is Failed kubectl get pod slow -o jsonpath='{.status.phase}'
}

@test "a command that cannot be run is an error, which restarts nobody" {
	pod none "$stay" 'livenessProbe: {exec: {command: [/no/such/thing]}, periodSeconds: 1, failureThreshold: 1}'
	eventually shows 'Warning Unhealthy spec.containers\{c\} Liveness probe errored and resulted in unknown state: ' events none
	is 0 field none .restartCount
	is true field none .ready
}

@test "the initial delay counts from the container's start" {
	pod delayed "$web" 'readinessProbe: {httpGet: {port: 8080}, initialDelaySeconds: 4, periodSeconds: 1}'
	kubectl wait --for=condition=Ready pod/delayed --timeout=${GUARD}s
	began=$(date -d "$(field delayed .state.running.startedAt)" +%s)
	ready=$(date -d "$(kubectl get pod delayed -o jsonpath='{.status.conditions[?(@.type=="Ready")].lastTransitionTime}')" +%s)
	[ $((ready - began)) -ge 4 ]
}

@test "postStart: the container is not shown as running before it returns" {
	pod post "$stay" 'lifecycle: {postStart: {exec: {command: [busybox, sh, -c, "busybox sleep 3; echo hooked >/tmp/hook"]}}}'
	eventually is ContainerCreating field post .state.waiting.reason
	kubectl wait --for=condition=Ready pod/post --timeout=${GUARD}s
	[ "$(cat "$(root_of post)/tmp/hook")" = hooked ]
}

@test "postStart: a failure kills the container" {
	pod post-bad "$stay" 'lifecycle: {postStart: {exec: {command: [busybox, sh, -c, "echo secret; exit 3"]}}}'
	eventually shows 'Warning FailedPostStartHook spec.containers\{c\} PostStartHook failed' events post-bad
	eventually shows 'Normal Killing spec.containers\{c\} FailedPostStartHook' events post-bad
	eventually is 1 field post-bad .restartCount
	kubectl delete pod post-bad --now
}

@test "preStop: runs before the signal, inside the grace; httpGet, too" {
	pod target "$web" 'lifecycle: {}'
	kubectl wait --for=condition=Ready pod/target --timeout=${GUARD}s
	ip=$(kubectl get pod target -o jsonpath='{.status.podIP}')
	pod pre "trap \"busybox cat /tmp/hook; exit 0\" TERM; while :; do busybox sleep 0.1; done" \
		'lifecycle: {preStop: {exec: {command: [busybox, sh, -c, "busybox sleep 1; echo stopping >/tmp/hook"]}}}' 'terminationGracePeriodSeconds: 30'
	kubectl wait --for=condition=Ready pod/pre --timeout=${GUARD}s
	kubectl logs -f pre >"$BATS_TEST_TMPDIR/log" 3>&- &
	log=$!
	kubectl delete pod pre
	wait $log
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = stopping ]
	pod pre-http "$stay" "lifecycle: {preStop: {httpGet: {host: $ip, port: 8080, path: /x}}}"
	kubectl wait --for=condition=Ready pod/pre-http --timeout=${GUARD}s
	kubectl delete pod pre-http
	! shows FailedPreStopHook events pre-http
}

@test "preStop: a failure is an event only; sleep takes its time; neither outlasts the grace" {
	pod pre-bad "$stay" 'lifecycle: {preStop: {httpGet: {port: 8080}}}'
	pod pre-sleep "trap \"exit 0\" TERM; while :; do busybox sleep 0.1; done" 'lifecycle: {preStop: {sleep: {seconds: 2}}}'
	pod pre-long "trap \"exit 0\" TERM; while :; do busybox sleep 0.1; done" 'lifecycle: {preStop: {exec: {command: [busybox, sleep, "5000"]}}}'
	kubectl wait --for=condition=Ready pod/pre-bad pod/pre-sleep pod/pre-long --timeout=${GUARD}s
	kubectl delete pod pre-bad --wait=false
	eventually shows 'Warning FailedPreStopHook spec.containers\{c\} PreStopHook failed' events pre-bad
	began=$SECONDS
	kubectl delete pod pre-sleep
	[ $((SECONDS - began)) -ge 2 ]
	kubectl delete pod pre-long --timeout=${GUARD}s
}

@test "preStop: a command that ends with its container has failed" {
	pod pre-own "trap \"exit 0\" TERM; while :; do busybox sleep 0.1; done" \
		'lifecycle: {preStop: {exec: {command: [busybox, sh, -c, "busybox kill -TERM 1; busybox sleep 5000"]}}}'
	kubectl wait --for=condition=Ready pod/pre-own --timeout=${GUARD}s
	kubectl delete pod pre-own --wait=false
	eventually shows 'Warning FailedPreStopHook spec.containers\{c\} PreStopHook failed' events pre-own
}
