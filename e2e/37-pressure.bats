#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A node of its own whose resources are reserved, shared out by class, and run short.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	# Pods together have 256 MiB of the machine's memory.
	all=$(awk '/MemTotal/ {print $2}' /proc/meminfo)
	own_node pressure 35 <<-END
		clusterDNS: [10.96.0.10]
		kubeReserved: {cpu: 100m, memory: $((all - 262144))Ki}
		systemReserved: {cpu: 150m, pid: "1000"}
		evictionHard: {memory.available: 64Mi, nodefs.available: 1Mi}
		evictionPressureTransitionPeriod: 5s
	END
	own_image
	own_agent
	use_namespace pressure-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known pressure
	own_node_gone
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known pressure
}

pod() { # name shell-command resources [spec lines]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  restartPolicy: Never
  terminationGracePeriodSeconds: 2
  ${4:-}
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2'], resources: {$3}}
END
}
phase() { kubectl get pod "$1" -o jsonpath='{.status.phase}'; }
reason() { kubectl get pod "$1" -o jsonpath='{.status.reason}'; }
condition() { kubectl get node "$NODE" -o jsonpath="{.status.conditions[?(@.type==\"$1\")].status}"; }

@test "what is reserved is not allocatable, and bounds the Pods' cgroup" {
	eventually is True condition Ready
	is "$(($(nproc) * 1000 - 250))m" kubectl get node "$NODE" -o jsonpath='{.status.allocatable.cpu}'
	is 192Mi kubectl get node "$NODE" -o jsonpath='{.status.allocatable.memory}'
	pod big 'exit 0' 'requests: {memory: 193Mi}'
	eventually is OutOfmemory reason big
	[[ $(kubectl get pod big -o jsonpath='{.status.message}') == *"Node didn't have enough resource: memory, requested: 202375168, used: 0, capacity: 201326592"* ]]
	kubectl delete pod big
}

@test "classes of service have their cgroups, shares and scores" {
	pod guaranteed "sleep 999; : $(marker guaranteed)" 'limits: {cpu: 100m, memory: 16Mi}'
	pod burstable "sleep 999; : $(marker burstable)" 'requests: {cpu: 50m, memory: 19Mi}'
	pod besteffort "sleep 999; : $(marker besteffort)" ''
	for p in guaranteed burstable besteffort; do eventually is Running phase $p; done
	eventually marked besteffort
	[[ $(cgroup guaranteed memory) =~ ^/coracle-[0-9a-f]+/pod ]]
	[[ $(cgroup burstable memory) =~ ^/coracle-[0-9a-f]+/burstable/pod ]]
	[[ $(cgroup besteffort memory) =~ ^/coracle-[0-9a-f]+/besteffort/pod ]]
	root=/$(cgroup guaranteed memory | cut -d/ -f2)
	is $((256 * 1024 * 1024)) value memory "$root" memory.limit_in_bytes memory.max
	if [ -d /sys/fs/cgroup/cpu ]; then
		is 2 cat "/sys/fs/cgroup/cpu$root/besteffort/cpu.shares"
		eventually is 51 cat "/sys/fs/cgroup/cpu$root/burstable/cpu.shares"
		is $(((($(nproc) * 1000 - 250) * 1024) / 1000)) cat "/sys/fs/cgroup/cpu$root/cpu.shares"
	fi
	is 1000 cat "/proc/$(marked besteffort)/oom_score_adj"
	kubectl delete pods --all --grace-period=1
	gone_below() { [ -z "$(ls -d /sys/fs/cgroup/*"$root"/burstable/pod* /sys/fs/cgroup/"$root"/burstable/pod* 2>/dev/null)" ]; }
	eventually gone_below
	eventually is 2 value cpu "$root/burstable" cpu.shares cpu.weight
}

@test "a critical Pod takes the place of others, or is told that there is none; what is for another system is refused" {
	events() { kubectl get events --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'; }
	pod keeps 'exec busybox sleep 999' 'requests: {memory: 60Mi}'
	pod yields 'exec busybox sleep 999' 'requests: {memory: 110Mi}'
	for p in keeps yields; do eventually is Running phase $p; done
	pod critical 'exec busybox sleep 999' 'requests: {memory: 120Mi}' 'priorityClassName: system-node-critical'
	eventually is Running phase critical
	eventually is Failed phase yields
	is 'Preempting: Preempted in order to admit critical pod' kubectl get pod yields -o jsonpath='{.status.reason}: {.status.message}'
	is 'TerminationByKubelet: Pod was preempted by Kubelet to accommodate a critical pod.' \
		kubectl get pod yields -o jsonpath='{range .status.conditions[?(@.type=="DisruptionTarget")]}{.reason}: {.message}{end}'
	eventually shows '^Warning Preempting: Preempted in order to admit critical pod$' events yields
	# it began when the other had ended
	ended=$(kubectl get pod yields -o jsonpath='{.status.containerStatuses[0].state.terminated.finishedAt}')
	begun=$(kubectl get pod critical -o jsonpath='{.status.containerStatuses[0].state.running.startedAt}')
	[[ ! $begun < $ended ]]
	is Running phase keeps
	pod larger 'exit 0' 'requests: {memory: 140Mi}' 'priorityClassName: system-node-critical'
	eventually is UnexpectedAdmissionError reason larger
	is "Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: memory, q: $((68 * 1024 * 1024))), ]" \
		kubectl get pod larger -o jsonpath='{.status.message}'
	is Running phase keeps
	pod elsewhere 'exit 0' '' 'os: {name: windows}'
	eventually is PodOSNotSupported reason elsewhere
	is "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS" kubectl get pod elsewhere -o jsonpath='{.status.message}'
	kubectl delete pods --all --grace-period=1
}

@test "an extended resource that somebody advertises is given out, and no more of it than there is" {
	dongles() { # json-patch
		kubectl patch node "$NODE" --subresource=status --type=json -p "[$1]" >/dev/null
	}
	allocatable() { kubectl get node "$NODE" -o jsonpath='{.status.allocatable.example\.com/dongle}'; }
	dongles '{"op":"add","path":"/status/capacity/example.com~1dongle","value":"2"}'
	eventually is 2 allocatable
	pod one 'exec busybox sleep 999' 'limits: {example.com/dongle: 1}'
	eventually is Running phase one
	pod two 'exit 0' 'limits: {example.com/dongle: 2}'
	eventually is OutOfexample.com/dongle reason two
	is "Pod was rejected: Node didn't have enough resource: example.com/dongle, requested: 2, used: 1, capacity: 2" \
		kubectl get pod two -o jsonpath='{.status.message}'
	kubectl delete pods --all --grace-period=1
	dongles '{"op":"remove","path":"/status/capacity/example.com~1dongle"}'
	eventually is '' allocatable
}

@test "too little memory: who exceeds his request goes, who keeps to it stays" {
	pod modest "sleep 999; : $(marker modest)" 'requests: {memory: 100Mi}'
	eventually is Running phase modest
	# 16 MiB a second of the 256, where 64 are to stay free
	pod greedy 'b=x; while [ ${#b} -lt 16000000 ]; do b=$b$b; done; i=0; while [ $i -lt 12 ]; do eval "v$i=\$b"; i=$((i+1)); sleep 1; done; while :; do sleep 1; done' \
		'requests: {memory: 10Mi}'
	eventually is Failed phase greedy
	is Evicted reason greedy
	message=$(kubectl get pod greedy -o jsonpath='{.status.message}')
	[[ $message == 'The node was low on resource: memory. Threshold quantity: 64Mi, available: '*'Container c was using '*', request is 10Mi, has larger consumption of memory. ' ]]
	is TerminationByKubelet kubectl get pod greedy -o jsonpath='{.status.conditions[?(@.type=="DisruptionTarget")].reason}'
	is Running phase modest
	eventually shows 'EvictionThresholdMet.*Attempting to reclaim memory' kubectl get events -A --field-selector "involvedObject.name=$NODE"
	eventually shows 'NodeHasInsufficientMemory' kubectl get events -A --field-selector "involvedObject.name=$NODE"
	eventually shows 'Evicted.*The node was low on resource: memory' kubectl describe pod greedy
	eventually is False condition MemoryPressure
	kubectl delete pods --all --grace-period=1
}

@test "a Pod that uses more disk than it may goes: a container's limit, all of them together, sizeLimit of an emptyDir" {
	pod writes 'busybox dd if=/dev/zero of=/file bs=1M count=12; busybox sleep 999' 'limits: {ephemeral-storage: 8Mi}'
	pod modest 'busybox dd if=/dev/zero of=/file bs=1M count=2; busybox sleep 999' 'limits: {ephemeral-storage: 8Mi}'
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: fills}
spec:
  nodeName: $NODE
  volumes: [{name: scratch, emptyDir: {sizeLimit: 4Mi}}]
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, 'busybox dd if=/dev/zero of=/scratch/f bs=1M count=6; busybox sleep 999'], volumeMounts: [{name: scratch, mountPath: /scratch}]}
END
	eventually is Failed phase writes
	eventually is Failed phase fills
	is Evicted reason writes
	is 'Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. ' kubectl get pod writes -o jsonpath='{.status.message}'
	is 'Usage of EmptyDir volume "scratch" exceeds the limit "4Mi". ' kubectl get pod fills -o jsonpath='{.status.message}'
	is '' kubectl get pod fills -o jsonpath='{.status.conditions[?(@.type=="DisruptionTarget")].reason}'
	eventually shows 'Evicted.*Usage of EmptyDir volume' kubectl describe pod fills
	is Running phase modest
	kubectl delete pods --all --grace-period=1
}
