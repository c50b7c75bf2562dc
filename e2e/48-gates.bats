#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What feature gates turn on: an API server that is started again with them, and a node of its own that has them in its file.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	stop "$DIR" apiserver
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --feature-gates ContainerRestartRules=true >&2
	own_node gates 52 <<-END
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
		featureGates: {ContainerRestartRules: true}
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

pod() { # NAME POLICY <the rest of the spec
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
			  volumes: [{name: v, emptyDir: {}}]
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

@test "without the gate the fields are dropped, but not from what has them" {
	stop "$DIR" apiserver
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build >&2
	pod dropped Never <<-'END'
		  containers:
		  - {name: c, image: 'localhost/coracle-demo:1.0', command: [busybox, "true"], restartPolicy: OnFailure, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]}
	END
	is '' of dropped '{.spec.containers[0].restartPolicy}{.spec.containers[0].restartPolicyRules}'
	kubectl label pod rules still=here
	is 'Never Restart' of rules '{.spec.containers[0].restartPolicy} {.spec.containers[0].restartPolicyRules[0].action}'
	eventually is Succeeded of dropped '{.status.phase}'
}
