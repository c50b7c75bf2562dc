#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a Pod gets of a node: a node of its own whose Pods get more and less while they run.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node resources 43 <<-END
		clusterDNS: [10.96.0.10]
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi}
	END
	own_image
	own_agent
	use_namespace resources-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known resources
	own_node_gone
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known resources
}

pod() { # name containers [spec lines]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  terminationGracePeriodSeconds: 1
  ${3:-}
  containers: [$2]
END
}
ctr() { # name resources [fields]
	echo "{name: $1, image: $IMAGE, command: [busybox, sh, -c, \"sleep 9999; : $(marker "$1")\"], resources: {$2}, ${3:-}}"
}
resize() { # pod container resources-as-json
	kubectl patch pod "$1" --subresource resize --type=strategic -p "{\"spec\":{\"containers\":[{\"name\":\"$2\",\"resources\":{$3}}]}}" >/dev/null
}
of() { kubectl get pod "$1" -o jsonpath="{$2}"; }
has() { of "$1" ".status.containerStatuses[?(@.name==\"$2\")].$3"; } # pod container field
resizing() { of "$1" ".status.conditions[?(@.type==\"$2\")].$3"; }
memory_of() { value memory "$(cgroup "$1" memory)" memory.limit_in_bytes memory.max; }
pod_memory_of() { value memory "$(dirname "$(cgroup "$1" memory)")" memory.limit_in_bytes memory.max; }
quota_of() { value cpu "$(cgroup "$1" cpu)" cpu.cfs_quota_us cpu.max | cut -d' ' -f1; }
pod_quota_of() { value cpu "$(dirname "$(cgroup "$1" cpu)")" cpu.cfs_quota_us cpu.max | cut -d' ' -f1; }

@test "resize in place: cgroups follow, up and down, and the container does not notice" {
	pod inplace "$(ctr inplace 'limits: {cpu: 100m, memory: 32Mi}')"
	eventually is Running of inplace .status.phase
	eventually marked inplace
	is '{"limits":{"cpu":"100m","memory":"32Mi"},"requests":{"cpu":"100m","memory":"32Mi"}}' has inplace inplace resources
	is '{"cpu":"100m","memory":"32Mi"}' has inplace inplace allocatedResources
	is 10000 quota_of inplace
	id=$(has inplace inplace containerID)
	resize inplace inplace '"requests":{"cpu":"250m","memory":"64Mi"},"limits":{"cpu":"250m","memory":"64Mi"}'
	eventually is 25000 quota_of inplace
	is 25000 pod_quota_of inplace
	is $((64 << 20)) memory_of inplace
	is $((64 << 20)) pod_memory_of inplace
	eventually is '{"limits":{"cpu":"250m","memory":"64Mi"},"requests":{"cpu":"250m","memory":"64Mi"}}' has inplace inplace resources
	is '{"cpu":"250m","memory":"64Mi"}' has inplace inplace allocatedResources
	eventually shows 'ResizeCompleted.*Pod resize completed: \{"containers":\[\{"name":"inplace","resources"' kubectl get events --field-selector involvedObject.name=inplace
	resize inplace inplace '"requests":{"cpu":"50m","memory":"16Mi"},"limits":{"cpu":"50m","memory":"16Mi"}'
	eventually is 5000 quota_of inplace
	eventually is $((16 << 20)) pod_memory_of inplace
	is 5000 pod_quota_of inplace
	is $((16 << 20)) memory_of inplace
	eventually is "" resizing inplace PodResizeInProgress status
	is 0 has inplace inplace restartCount
	is "$id" has inplace inplace containerID
	is "$(of inplace .metadata.generation)" of inplace .status.observedGeneration
}

@test "resize of what wants a restart for it: the container alone, with the new limits" {
	pod again "$(ctr again 'limits: {cpu: 100m, memory: 32Mi}' 'resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]'), $(ctr beside 'limits: {cpu: 100m, memory: 16Mi}')"
	eventually is "true true" of again '.status.containerStatuses[*].ready'
	resize again again '"requests":{"cpu":"150m"},"limits":{"cpu":"150m"}'
	eventually is 15000 quota_of again
	is 0 has again again restartCount
	resize again again '"requests":{"memory":"48Mi"},"limits":{"memory":"48Mi"}'
	eventually is 1 has again again restartCount
	eventually is $((48 << 20)) memory_of again
	is $((64 << 20)) pod_memory_of again
	is 0 has again beside restartCount
	eventually shows 'Killing .*Container again resize requires restart' kubectl get events --field-selector involvedObject.name=again
	eventually is "" resizing again PodResizeInProgress status
}

@test "resize to what the node does not have: Infeasible; to what others have: Deferred, until they go" {
	all=$(kubectl get node "$NODE" -o jsonpath='{.status.allocatable.cpu}')
	all=$((all * 1000))
	pod wishes "$(ctr wishes 'requests: {cpu: 100m}')"
	pod holds "$(ctr holds "requests: {cpu: $((all / 2))m}")"
	eventually is Running of wishes .status.phase
	eventually is Running of holds .status.phase
	resize wishes wishes "\"requests\":{\"cpu\":\"$((all + 1))m\"}"
	eventually is Infeasible resizing wishes PodResizePending reason
	is "Node didn't have enough capacity: cpu, requested: $((all + 1)), capacity: $all" resizing wishes PodResizePending message
	is "$(of wishes .metadata.generation)" resizing wishes PodResizePending observedGeneration
	is '{"cpu":"100m"}' has wishes wishes allocatedResources
	resize wishes wishes "\"requests\":{\"cpu\":\"$((all * 3 / 4))m\"}"
	eventually is Deferred resizing wishes PodResizePending reason
	[[ $(resizing wishes PodResizePending message) == "Node didn't have enough resource: cpu, requested: $((all * 3 / 4)), used: "*", capacity: $all" ]]
	# the agent is killed meanwhile: what was granted is what it has
	kill -9 "$(cat "$OWN/run/nodeagent.pid")"
	own_agent
	pod more "$(ctr more "requests: {cpu: $((all / 8))m}")"
	eventually is Running of more .status.phase
	is Deferred resizing wishes PodResizePending reason
	kubectl delete pod holds more --grace-period=1
	eventually is "{\"cpu\":\"$((all * 3 / 4))m\"}" has wishes wishes allocatedResources
	eventually is "" resizing wishes PodResizePending reason
	is $((all * 3 / 4 * 1024 / 1000)) value cpu "$(cgroup wishes cpu)" cpu.shares cpu.weight || [ ! -d /sys/fs/cgroup/cpu ]
	is 0 has wishes wishes restartCount
}

@test "resize below what is in use: an error that is tried again, and nothing is killed" {
	pod full "{name: full, image: $IMAGE, command: [busybox, sh, -c, 'b=x; while [ \${#b} -lt 24000000 ]; do b=\$b\$b; done; echo there; while [ ! -e /tmp/go ]; do sleep 1; done; b=; sleep 9999; : full-marker'], resources: {limits: {memory: 128Mi}}}"
	eventually shows there kubectl logs full
	resize full full '"requests":{"memory":"16Mi"},"limits":{"memory":"16Mi"}'
	eventually is Error resizing full PodResizeInProgress reason
	[[ $(resizing full PodResizeInProgress message) =~ ^cannot\ decrease\ memory\ limits:\ attempting\ to\ set\ container\ \"full\"\ memory\ limit\ \(16777216\)\ below\ current\ usage\ \([0-9]+\)$ ]]
	is '{"limits":{"memory":"128Mi"},"requests":{"memory":"128Mi"}}' has full full resources
	is 0 has full full restartCount
	kubectl exec full -- busybox touch /tmp/go
	eventually is "" resizing full PodResizeInProgress status
	eventually is '{"limits":{"memory":"16Mi"},"requests":{"memory":"16Mi"}}' has full full resources
	is 0 has full full restartCount
}
