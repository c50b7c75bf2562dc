#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a node and its Pods use, as the node's agent tells it: /stats/summary, /metrics/cadvisor, /metrics/resource, /runningpods/.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace stats-test
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: works}
spec:
  terminationGracePeriodSeconds: 0
  volumes:
  - {name: disk, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory}}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, 'busybox dd if=/dev/zero of=/disk/f bs=1M count=3; busybox dd if=/dev/zero of=/layer bs=1M count=2; echo some words for the log; busybox wget -T 1 -q -O /dev/null http://10.96.0.1:1/; while :; do busybox cat /layer >/dev/null; done']
    resources: {limits: {memory: 64Mi, cpu: 200m}}
    volumeMounts: [{name: disk, mountPath: /disk}, {name: memory, mountPath: /memory}]
END
	eventually shows 'some words' kubectl logs works
	NODE=$(kubectl get pod works -o jsonpath='{.spec.nodeName}')
	export NODE
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=stats-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=stats-test
}

page() { kubectl get --raw "/api/v1/nodes/$NODE/proxy/$1"; }
# holds JSON EXPRESSION: of jq; prints what it was of when it does not
holds() { jq -e "$2" <<<"$1" >/dev/null || { echo "not: $2" && jq . <<<"$1" && return 1; }; }
pod_of() { jq '.pods[] | select(.podRef.name == "works")' <<<"$1"; }
is_busy() { holds "$(pod_of "$(page stats/summary)")" '.cpu.usageNanoCores > 50000000 and .cpu.usageNanoCores < 400000000'; }
layer_is_written() { holds "$(pod_of "$(page stats/summary)")" '.containers[0].rootfs.usedBytes >= 2 * 1048576'; }

@test "/stats/summary: the node, its agent, a Pod and its container" {
	local all pod
	all=$(page stats/summary)
	holds "$all" '.node | .nodeName == env.NODE and .cpu.usageCoreNanoSeconds > 0 and .memory.workingSetBytes > 1000000 and .memory.availableBytes > 0
		and .memory.pageFaults > 0 and .fs.capacityBytes > 0 and .fs.inodes > 0 and .runtime.imageFs.usedBytes > 100000
		and .rlimit.maxpid > 1000 and .rlimit.curproc > 1 and ([.systemContainers[].name] | sort) == ["kubelet", "pods"]'
	holds "$all" '.node.systemContainers[] | .cpu.usageCoreNanoSeconds > 0 and .memory.workingSetBytes > 0'
	pod=$(pod_of "$all")
	holds "$pod" '.cpu.usageCoreNanoSeconds > 0 and .memory.workingSetBytes > 0'
	eventually is_busy # the first reading is of all the time since it began
	holds "$pod" '.network | .name == "eth0" and .txBytes > 0 and (.interfaces | length) == 1'
	holds "$pod" '.process_stats.process_count >= 2'
	holds "$pod" '[.volume[].name] | index("disk") != null and index("memory") != null'
	holds "$pod" '.volume[] | select(.name == "disk") | .usedBytes >= 3 * 1048576 and .capacityBytes > .usedBytes'
	holds "$pod" '.containers | length == 1'
	holds "$pod" '.containers[0] | .name == "c" and .memory.availableBytes < 64 * 1048576 and .memory.availableBytes > 0 and .logs.usedBytes > 0'
	eventually layer_is_written
	pod=$(pod_of "$(page stats/summary)")
	holds "$pod" '.["ephemeral-storage"] | .usedBytes >= 5 * 1048576 and .usedBytes < 64 * 1048576 and .inodesUsed > 2'
}

@test "/stats/summary?only_cpu_and_memory=true says no more than that" {
	local all
	all=$(page 'stats/summary?only_cpu_and_memory=true')
	holds "$all" '.node | has("cpu") and has("memory") and (has("fs") or has("network") or has("rlimit") or has("runtime") | not)'
	holds "$(pod_of "$all")" 'has("cpu") and has("memory") and (has("volume") or has("network") or has("ephemeral-storage") | not)'
	holds "$(pod_of "$all")" '.containers[0] | has("cpu") and (has("rootfs") or has("logs") | not)'
}

@test "/metrics/cadvisor: series by container, Pod and machine" {
	local text series
	text=$(page metrics/cadvisor)
	for series in container_cpu_usage_seconds_total container_memory_working_set_bytes container_memory_rss container_memory_usage_bytes \
		container_memory_cache container_spec_memory_limit_bytes container_start_time_seconds container_last_seen \
		container_cpu_cfs_throttled_periods_total; do
		grep -qE "^$series\{container=\"c\",.*namespace=\"stats-test\",pod=\"works\".*\} [0-9.e+-]+ [0-9]+\$" <<<"$text" || { grep "^$series" <<<"$text" || :; echo "$series is missing"; return 1; }
	done
	grep -qE '^container_spec_memory_limit_bytes\{container="c",.*pod="works"\} 67108864 ' <<<"$text"
	grep -qE '^container_network_transmit_bytes_total\{container="",id=".*",image="",interface="eth0",name="",namespace="stats-test",pod="works"\} [1-9]' <<<"$text"
	grep -qE '^container_cpu_usage_seconds_total\{container="",cpu="total",id="/",' <<<"$text"
	grep -qE '^machine_cpu_cores\{boot_id=".+",machine_id=".*",system_uuid=".*"\} '"$(nproc)"' ' <<<"$text"
	# Every family is declared once.
	[ -z "$(grep '^# TYPE' <<<"$text" | sort | uniq -d)" ]
}

@test "/metrics/resource: what the kubelet's says of containers, Pods and the node" {
	local text series
	text=$(page metrics/resource)
	for series in 'container_cpu_usage_seconds_total\{container="c",namespace="stats-test",pod="works"\} [0-9.e+]+ [0-9]+' \
		'container_memory_working_set_bytes\{container="c",namespace="stats-test",pod="works"\} [0-9.e+]+ [0-9]+' \
		'container_start_time_seconds\{container="c",namespace="stats-test",pod="works"\} [0-9.e+]+' \
		'pod_cpu_usage_seconds_total\{namespace="stats-test",pod="works"\} [0-9.e+]+ [0-9]+' \
		'pod_memory_working_set_bytes\{namespace="stats-test",pod="works"\} [0-9.e+]+ [0-9]+' \
		'node_cpu_usage_seconds_total [0-9.e+]+ [0-9]+' 'node_memory_working_set_bytes [0-9.e+]+ [0-9]+' 'resource_scrape_error 0'; do
		grep -qxE "$series" <<<"$text" || { echo "$text" && echo "not there: $series" && return 1; }
	done
	[ "$(grep '^# TYPE' <<<"$text")" = "$(grep '^# TYPE' <<<"$text" | sort -u)" ] # each once, by name
}

@test "/runningpods/ names what runs; strangers get none of the pages" {
	holds "$(page runningpods/)" '.kind == "PodList" and ([.items[] | select(.metadata.name == "works") | .spec.containers[0].name] == ["c"])'
	local port path
	port=$(kubectl get node "$NODE" -o jsonpath='{.status.daemonEndpoints.kubeletEndpoint.Port}')
	for path in stats/summary metrics/cadvisor metrics/resource metrics runningpods/ pods; do
		[ "$(curl -sk -m "$GUARD" -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/$path")" = 401 ]
	done
	holds "$(kubectl create --raw "/api/v1/nodes/$NODE/proxy/stats/summary" -f /dev/null)" '.node.nodeName == env.NODE'
}

counted() { page metrics | sed -n "s/^kubelet_$1 //p"; } # SERIES, its labels included
above() { [ "$(counted "$2" | cut -d. -f1)" -gt "$1" ]; } # NUMBER SERIES

@test "/metrics: Pods and containers that were started, those that were not, and how long that took" {
	local pods containers inits failed ran
	is 1 counted "node_name{node=\"$NODE\"}"
	pods=$(counted started_pods_total)
	ran=$(counted pod_start_duration_seconds_count)
	containers=$(counted 'started_containers_total{container_type="container"}')
	inits=$(counted 'started_containers_total{container_type="init_container"}')
	failed=$(counted 'started_containers_errors_total{code="RunContainerError",container_type="container"}')
	[ "$pods" -ge 1 ] && [ "$containers" -ge 1 ] && [ "$ran" -ge 1 ]
	kubectl create --validate=false -f - >/dev/null <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: counted}
		spec:
		  terminationGracePeriodSeconds: 0
		  initContainers: [{name: i, image: $IMAGE, command: [busybox, 'true']}]
		  containers:
		  - {name: c, image: $IMAGE, command: [busybox, sleep, '100000']}
		  - {name: wrong, image: $IMAGE, command: [/no/such/program]}
	END
	eventually above "$((${failed:-0}))" 'started_containers_errors_total{code="RunContainerError",container_type="container"}'
	eventually above "$ran" pod_start_duration_seconds_count
	above "$pods" started_pods_total
	above "$((containers + 1))" 'started_containers_total{container_type="container"}'
	above "$((${inits:-0}))" 'started_containers_total{container_type="init_container"}'
	above 0 'run_podsandbox_duration_seconds_count{runtime_handler=""}'
	above 0 containers_per_pod_count_count
	kubectl delete pod counted --wait=false
}

operations() { page metrics | sed -n "s/^kubelet_runtime_operations_$1{operation_type=\"$2\"} //p"; } # SERIES OPERATION

@test "/metrics: how often the runtime was asked for what, how long that took, and what failed" {
	local operation n
	for operation in run_podsandbox create_container start_container; do
		n=$(operations total "$operation")
		[ "$n" -ge 1 ]
		[ "$(operations duration_seconds_count "$operation")" -ge "$n" ]
	done
	n=$(operations errors_total exec)
	run kubectl exec works -- /no/such/program
	[ "$status" -ne 0 ]
	[ "$(operations errors_total exec)" -gt "${n:-0}" ]
}
