#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What feature gates turn on: an API server that is started again with them, and a node of its own that has them in its file.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	stop "$DIR" apiserver
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --feature-gates ContainerRestartRules=true,ContainerStopSignals=true,ImageVolume=true >&2
	own_node gates 52 <<-END
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
		featureGates: {ContainerRestartRules: true, ContainerStopSignals: true, ImageVolume: true}
	END
	own_image
	own_agent
	use_namespace gates-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known gates
	own_node_gone
	stop "$DIR" apiserver
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build >&2
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known gates
}

pod() { # NAME POLICY [VOLUMES] <the rest of the spec
	{
		cat <<-END
			apiVersion: v1
			kind: Pod
			metadata: {name: $1}
			spec:
			  restartPolicy: $2
			  nodeSelector: {kubernetes.io/hostname: $NODE}
			  tolerations: [{operator: Exists}]
			  terminationGracePeriodSeconds: 1
			  volumes: [{name: v, emptyDir: {}}${3:+, $3}]
		END
		cat
	} | kubectl create --validate=false -f -
}
of() { kubectl get pod "$1" -o jsonpath="$2"; } # POD PATH

@test "restart rules: an exit code that is named starts the container again, another one ends it" {
	pod rules Never <<-'END'
		  containers:
		  - name: c
		    image: localhost/coracle-demo:1.0
		    command: [busybox, sh, -c, 'echo x >>/v/runs; [ $(wc -l </v/runs) -gt 1 ] && exit 3; exit 42']
		    volumeMounts: [{name: v, mountPath: /v}]
		    restartPolicy: Never
		    restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]
	END
	eventually is Failed of rules '{.status.phase}'
	is 1 of rules '{.status.containerStatuses[0].restartCount}'
	is 3 of rules '{.status.containerStatuses[0].state.terminated.exitCode}'
	is 42 of rules '{.status.containerStatuses[0].lastState.terminated.exitCode}'
	is 42 of rules '{.spec.containers[0].restartPolicyRules[0].exitCodes.values[0]}'
}

@test "restart policies of its own: an init container is tried again although the Pod's policy is Never" {
	pod init Never <<-'END'
		  initContainers:
		  - name: i
		    image: localhost/coracle-demo:1.0
		    command: [busybox, sh, -c, 'echo x >>/v/runs; [ $(wc -l </v/runs) -gt 1 ]']
		    volumeMounts: [{name: v, mountPath: /v}]
		    restartPolicy: OnFailure
		  containers:
		  - {name: c, image: 'localhost/coracle-demo:1.0', command: [busybox, "true"]}
	END
	eventually is Succeeded of init '{.status.phase}'
	is 1 of init '{.status.initContainerStatuses[0].restartCount}'
	is 0 of init '{.status.containerStatuses[0].restartCount}'
}

@test "restart policies of its own: one that is Never ends although the Pod's policy is Always" {
	pod never Always <<-'END'
		  containers:
		  - {name: c, image: 'localhost/coracle-demo:1.0', command: [busybox, "false"], restartPolicy: Never}
		  - {name: d, image: 'localhost/coracle-demo:1.0', command: [busybox, "true"], restartPolicy: OnFailure}
	END
	eventually is Failed of never '{.status.phase}'
	is '0 0' of never '{.status.containerStatuses[*].restartCount}'
	run ! kubectl create --validate=false -f - <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: wrong}
		spec: {containers: [{name: c, image: i, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]}]}
	END
	[[ $output == *"spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"* ]]
}

@test "stop signals: a container ends by its own, else by its image's, and the status names it" {
	local tar=$BATS_TEST_TMPDIR/quits.tar
	"$ROOT/deploy/oci-image" "$tar" localhost/coracle-quits:1.0 --config '{"Env":["PATH=/bin"],"Cmd":["sh"],"StopSignal":"SIGQUIT"}'
	"$ROOT/build/bin/nodeagent" image import "$tar" --root-dir="$OWN/node"
	pod signals Never <<-'END'
		  os: {name: linux}
		  initContainers:
		  - &c
		    name: side
		    image: localhost/coracle-quits:1.0
		    command: [busybox, sh, -c, 'trap "exit 10" USR1; trap "exit 3" QUIT; trap "exit 15" TERM; while :; do busybox sleep 0.1; done']
		    restartPolicy: Always
		    startupProbe: {exec: {command: [busybox, grep, -qE, '^SigCgt:.*[4-7c-f]...$', /proc/1/status]}, periodSeconds: 1, failureThreshold: 120}
		    lifecycle: {stopSignal: SIGUSR1}
		  containers:
		  - {<<: *c, name: own, restartPolicy: Never}
		  - {<<: *c, name: image, restartPolicy: Never, lifecycle: null}
		  - {<<: *c, name: none, restartPolicy: Never, lifecycle: null, image: 'localhost/coracle-demo:1.0'}
	END
	kubectl wait --for=condition=Ready pod/signals --timeout="${GUARD}s"
	is 'image=SIGQUIT none=SIGTERM own=SIGUSR1 ' of signals '{range .status.containerStatuses[*]}{.name}={.stopSignal} {end}'
	is SIGUSR1 of signals '{.status.initContainerStatuses[0].stopSignal}'
	kubectl patch pod signals --type=merge -p '{"metadata":{"finalizers":["coracle.test/look"]}}'
	kubectl delete pod signals --wait=false --grace-period=60
	eventually is 'image=3 none=15 own=10 ' of signals '{range .status.containerStatuses[*]}{.name}={.state.terminated.exitCode} {end}'
	eventually is 10 of signals '{.status.initContainerStatuses[0].state.terminated.exitCode}'
	kubectl patch pod signals --type=merge -p '{"metadata":{"finalizers":null}}'
	pod kept Never <<-'END'
		  os: {name: linux}
		  schedulingGates: [{name: coracle.test/never}]
		  containers: [{name: c, image: i, lifecycle: {stopSignal: SIGUSR1}}]
	END
	run ! kubectl create --validate=false -f - <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: wrong}
		spec: {containers: [{name: c, image: i, lifecycle: {stopSignal: SIGUSR1}}]}
	END
	[[ $output == *'spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'* ]]
}

# An image with a file /data/one in it.
files() { # NAME:TAG
	local tar=$BATS_TEST_TMPDIR/files.tar
	echo "from the image" >"$BATS_TEST_TMPDIR/one"
	"$ROOT/deploy/oci-image" "$tar" "$1" "/data/one=$BATS_TEST_TMPDIR/one"
	"$ROOT/build/bin/nodeagent" image import "$tar" --root-dir="$OWN/node"
}
in_pod() { kubectl exec "$1" -- busybox "${@:2}"; } # POD COMMAND...
mounted() { grep -c "$OWN/node/containers/.*/mounts" /proc/self/mountinfo; }

@test "image volumes: an image's files, all or some, read-only, for as long as the Pod lives" {
	files localhost/files:1
	pod image Always '{name: i, image: {reference: "localhost/files:1"}}' <<-'END'
		  containers:
		  - name: c
		    image: localhost/coracle-demo:1.0
		    command: [busybox, sleep, "100000"]
		    volumeMounts: [{name: i, mountPath: /all}, {name: i, mountPath: /part, subPath: data}, {name: i, mountPath: /one, subPath: data/one}]
	END
	kubectl wait --for=condition=Ready pod/image --timeout=${GUARD}s
	is IfNotPresent of image '{.spec.volumes[?(@.name=="i")].image.pullPolicy}'
	is "from the image" in_pod image cat /all/data/one
	is "one" in_pod image ls /part
	is "from the image" in_pod image cat /one
	run in_pod image touch /all/x
	[[ $output == *"Read-only file system"* ]]
	run in_pod image touch /one
	[[ $output == *"Read-only file system"* ]]
	run kubectl exec image -- /all/bin/busybox true
	[[ $output == *"ermission denied"* ]]
	kill -KILL "$(<"$OWN/run/nodeagent.pid")"
	stop "$OWN" nodeagent
	own_agent
	eventually is "from the image" in_pod image cat /part/one
	is 0 of image '{.status.containerStatuses[0].restartCount}'
	[ "$(mounted)" -gt 0 ]
	kubectl delete pod image --timeout=${GUARD}s
	eventually is 0 mounted
}

@test "image volumes: one that is not there keeps the container waiting until it is" {
	pod late Always '{name: i, image: {reference: "localhost:1/late:1"}}' <<-'END'
		  containers:
		  - name: c
		    image: localhost/coracle-demo:1.0
		    command: [busybox, sleep, "100000"]
		    volumeMounts: [{name: i, mountPath: /i}]
	END
	eventually is ImagePullBackOff of late '{.status.containerStatuses[0].state.waiting.reason}'
	eventually shows 'Failed to pull image "localhost:1/late:1"' kubectl get events --field-selector involvedObject.name=late
	eventually shows 'Error: ErrImagePull' kubectl get events --field-selector involvedObject.name=late
	eventually shows 'Back-off pulling image "localhost:1/late:1"' kubectl get events --field-selector involvedObject.name=late
	files localhost:1/late:1
	kubectl wait --for=condition=Ready pod/late --timeout=${GUARD}s
	is "from the image" in_pod late cat /i/data/one
	kubectl delete pod late --timeout=${GUARD}s
	eventually is 0 mounted
}

@test "without the gates the fields are dropped, but not from what has them" {
	stop "$DIR" apiserver
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build >&2
	pod mute Never <<-'END'
		  os: {name: linux}
		  schedulingGates: [{name: coracle.test/never}]
		  containers: [{name: c, image: i, lifecycle: {stopSignal: SIGUSR1}}]
	END
	is '' of mute '{.spec.containers[0].lifecycle}'
	kubectl label pod kept still=here
	is SIGUSR1 of kept '{.spec.containers[0].lifecycle.stopSignal}'
	pod dropped Never '{name: i, image: {reference: "x:1"}}' <<-'END'
		  containers:
		  - {name: c, image: 'localhost/coracle-demo:1.0', command: [busybox, "true"], volumeMounts: [{name: i, mountPath: /i}], restartPolicy: OnFailure, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]}
	END
	is '' of dropped '{.spec.containers[0].restartPolicy}{.spec.containers[0].restartPolicyRules}'
	is v of dropped '{.spec.volumes[*].name}'
	kubectl label pod rules still=here
	is 'Never Restart' of rules '{.spec.containers[0].restartPolicy} {.spec.containers[0].restartPolicyRules[0].action}'
	eventually is Succeeded of dropped '{.status.phase}'
}
