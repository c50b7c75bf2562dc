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
	# A container's root that is nobody on the node passes through.
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR" "$OWN"
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

inside() { # pod command...
	local pod=$1
	shift
	kubectl exec "$pod" -- busybox "$@"
}
owner() { stat -c %u:%g "$1"; }
# What upstream keeps of a Pod's users: hostId, containerId, length.
first_user() { sed -E 's/.*"uidMappings":\[\{[^]]*"hostId":([0-9]+).*/\1/' "$OWN/node/pods/$(of "$1" .metadata.uid)/userns"; }

@test "hostUsers false: other users outside, whose files are their own inside" {
	mkdir -p "$OWN/host/sub"
	echo root >"$OWN/host/root"
	echo user >"$OWN/host/user"
	chown 1000:1000 "$OWN/host/user"
	kubectl create configmap texts --from-literal=a=text
	kubectl create secret generic hidden --from-literal=a=text
	pod users <<-END
		  hostUsers: false
		  securityContext: {fsGroup: 4000, sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "80"}, {name: kernel.shm_rmid_forced, value: "1"}]}
		  volumes:
		  - {name: empty, emptyDir: {}}
		  - {name: memory, emptyDir: {medium: Memory}}
		  - {name: texts, configMap: {name: texts}}
		  - {name: hidden, secret: {secretName: hidden, defaultMode: 0640}}
		  - {name: host, hostPath: {path: $OWN/host}}
		  containers:
		  - name: c
		    image: $IMAGE
		    command: [busybox, sh, -c, "echo said; trap exit TERM; sleep 9999 & wait; : $(marker users)"]
		    readinessProbe: {exec: {command: [busybox, test, -r, /host/root]}, periodSeconds: 1}
		    volumeMounts:
		    - {name: empty, mountPath: /empty}
		    - {name: memory, mountPath: /memory}
		    - {name: texts, mountPath: /texts}
		    - {name: hidden, mountPath: /hidden}
		    - {name: host, mountPath: /host}
		    - {name: host, mountPath: /part, subPath: sub}
		  - {name: user, $BUSY, securityContext: {runAsUser: 1000, runAsGroup: 1000}, volumeMounts: [{name: host, mountPath: /host}, {name: empty, mountPath: /empty}]}
	END
	eventually is True of users '.status.conditions[?(@.type=="Ready")].status'
	first=$(first_user users)
	[ $((first % 65536)) = 0 ] && [ "$first" -ge 65536 ]
	is "0 $first 65536" eval "inside users cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //'"
	is "0 $first 65536" eval "inside users cat /proc/self/gid_map | tr -s ' ' | sed 's/^ //'"
	is '{"linux":{"gid":0,"supplementalGroups":[0,4000],"uid":0}}' of users '.status.containerStatuses[?(@.name=="c")].user'
	is '{"linux":{"gid":1000,"supplementalGroups":[1000,4000],"uid":1000}}' of users '.status.containerStatuses[?(@.name=="user")].user'
	eventually marked users
	is "$first" stat -c %u "/proc/$(marked users)"
	is said kubectl logs users -c c
	is 0 inside users id -u
	is "$(of users .status.podIP)" eval "inside users ip -4 addr show eth0 | sed -nE 's|.*inet ([0-9.]+)/.*|\1|p'"
	is users inside users hostname
	# What is the container's own belongs to its root; what it makes belongs to it.
	is 0:0 inside users stat -c %u:%g /
	is 0:0 inside users stat -c %u:%g /bin
	is 0:0 inside users stat -c %u:%g /etc/hosts
	is 0:0 inside users stat -c %u:%g /dev/shm
	inside users sh -c 'echo x >/etc/new; chown 7:8 /etc/new; echo y >/dev/shm/y; echo z >>/etc/hosts'
	is 7:8 inside users stat -c %u:%g /etc/new
	# Volumes: as on disk.
	is 0:0 inside users stat -c %u:%g /host/root
	is 1000:1000 inside users stat -c %u:%g /host/user
	is 0:4000 inside users stat -c %u:%g /empty
	is 0:4000 inside users stat -c %u:%g /memory
	is text inside users cat /texts/a
	is 0:4000 inside users stat -L -c %u:%g /hidden/a
	inside users sh -c 'echo a >/host/made; echo b >/part/made; echo c >/empty/made; chown 1000:1000 /part/made'
	is 0:0 owner "$OWN/host/made"
	is 1000:1000 owner "$OWN/host/sub/made"
	is c eval 'cat "$OWN/node/pods/$(of users .metadata.uid)"/volumes/*/empty/made'
	is user kubectl exec users -c user -- busybox cat /host/user
	kubectl exec users -c user -- busybox sh -c 'echo d >/empty/by-user'
	is 1000:4000 inside users stat -c %u:%g /empty/by-user
	kubectl exec users -c user -- busybox sh -c '! echo e >/host/root'
	# Root of the namespace is nobody on the node.
	is 80 inside users cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	inside users sh -c '! echo 1 >/proc/sys/kernel/panic'
	inside users sh -c '! mknod /null c 1 3'
	# An agent that begins anew knows whose ids those are.
	stop "$OWN" nodeagent
	own_agent
	pod others <<-END
		  hostUsers: false
		  containers: [{name: c, $BUSY}]
	END
	eventually is Running of others .status.phase
	[ "$(first_user others)" != "$first" ]
	is "$first" first_user users
	is 1000 of users '.status.containerStatuses[?(@.name=="user")].user.linux.uid'
	is 0 inside users id -u
	kill -9 "$(marked users)"
	eventually is 1 of users '.status.containerStatuses[0].restartCount'
	eventually is True of users '.status.conditions[?(@.type=="Ready")].status'
	is "0 $first 65536" eval "inside users cat /proc/self/uid_map | tr -s ' ' | sed 's/^ //'"
	kubectl delete pod users others
	is root cat "$OWN/host/root"
	is user cat "$OWN/host/user"
}

@test "hostUsers false: what cannot be with it is refused" {
	for field in hostNetwork hostPID hostIPC; do
		cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-END
			apiVersion: v1
			kind: Pod
			metadata: {name: refused}
			spec: {hostUsers: false, $field: true, containers: [{name: c, image: $IMAGE}]}
		END
		shows "spec.[hH]${field#h}: Forbidden: when \`hostUsers\` is false" kubectl create --validate=false -f "$BATS_TEST_TMPDIR/pod.yaml"
	done
	pod proc <<-END
		  hostUsers: false
		  volumes: [{name: v, hostPath: {path: /proc}}]
		  containers: [{name: c, $BUSY, volumeMounts: [{name: v, mountPath: /v}]}]
	END
	eventually shows "failed to set MOUNT_ATTR_IDMAP on /proc: .* \(maybe the filesystem used doesn't support idmap mounts on this kernel\?\)" \
		of proc '.status.containerStatuses[0].state.waiting.message'
	kubectl delete pod proc
}
