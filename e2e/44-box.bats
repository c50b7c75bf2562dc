#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a node puts containers in: OCI runtimes by RuntimeClass, on a node of its own.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node box 47 <<-END
		clusterDNS: [10.96.0.10]
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
	END
	own_image
	# It does what the node's own runtime does, and says so.
	cat >"$OWN/other" <<-END
		#!/bin/sh
		echo "\$@" >>$OWN/other.log
		exec runc "\$@"
	END
	chmod +x "$OWN/other"
	own_agent --runtime-handlers="other=$OWN/other"
	use_namespace box-test
	export BUSY="image: $IMAGE, command: [busybox, sleep, '9999']"
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known box
	kubectl delete runtimeclass "other-$PORT" "missing-$PORT" --ignore-not-found
	own_node_gone
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known box
}

pod() { # name <spec lines
	{
		printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  nodeName: %s\n  terminationGracePeriodSeconds: 1\n' "$1" "$NODE"
		cat
	} | kubectl create --validate=false -f - >/dev/null
}
of() { kubectl get pod "$1" -o jsonpath="{$2}"; }
first_event() { # pod reason
	kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o jsonpath='{.items[0].message}'
}

@test "a RuntimeClass's handler is an OCI runtime of the node; exec, restarts of the agent and the end too" {
	kubectl create -f - <<-END
		apiVersion: node.k8s.io/v1
		kind: RuntimeClass
		metadata: {name: other-$PORT}
		handler: other
		overhead: {podFixed: {cpu: 100m, memory: 8Mi}}
		---
		apiVersion: node.k8s.io/v1
		kind: RuntimeClass
		metadata: {name: missing-$PORT}
		handler: missing
	END
	features=$(kubectl get node "$NODE" -o jsonpath='{.status.features.supplementalGroupsPolicy} {.status.runtimeHandlers[*].name}')
	[[ $features == "true "*other* ]]
	pod other <<-END
		  runtimeClassName: other-$PORT
		  containers: [{name: c, image: $IMAGE, command: [busybox, sh, -c, "sleep 9999; : $(marker other)"], resources: {limits: {cpu: 100m, memory: 32Mi}}}]
	END
	pod plain <<-END
		  containers: [{name: c, $BUSY}]
	END
	pod missing <<-END
		  runtimeClassName: missing-$PORT
		  containers: [{name: c, $BUSY}]
	END
	eventually is Running of other .status.phase
	eventually is Running of plain .status.phase
	id=$(of other '.status.containerStatuses[0].containerID')
	grep -q "start ${id#coracle://}" "$OWN/other.log"
	plain=$(of plain '.status.containerStatuses[0].containerID')
	is 0 grep -c "${plain#coracle://}" "$OWN/other.log"
	# Overhead counts in the Pod's cgroup where there are limits.
	eventually marked other
	is $((40 << 20)) value memory "$(dirname "$(cgroup other memory)")" memory.limit_in_bytes memory.max
	is 20000 eval "value cpu \"$(dirname "$(cgroup other cpu)")\" cpu.cfs_quota_us cpu.max | cut -d' ' -f1"
	is there kubectl exec other -- busybox echo there
	grep -q "exec .*${id#coracle://}" "$OWN/other.log"
	eventually is 'Failed to create pod sandbox: no runtime for "missing" is configured' first_event missing FailedCreatePodSandBox
	# An agent that does not know the handler any more still knows the Pod's runtime.
	stop "$OWN" nodeagent
	own_agent
	eventually is there kubectl exec other -- busybox echo there
	kubectl delete pod other plain missing
	grep -q "delete --force ${id#coracle://}" "$OWN/other.log"
}
