#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a container gets: volumes of every kind, on the real runtime.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace volume-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=volume-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=volume-test
}

create() { sed "s#\$IMAGE#$IMAGE#; s#\$DIR#$BATS_FILE_TMPDIR#; s#\$PORT#$PORT#" | kubectl create --validate=false -f - >/dev/null; }
phase() { kubectl get pod "$1" -o jsonpath='{.status.phase}'; }
last_line() { kubectl logs "$1" | tail -n 1; }
first_event() { # pod, reason -> its message
	kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o jsonpath='{.items[0].message}'
}

@test "configMap, secret, downwardAPI and projected volumes: content, items, modes, owner" {
	kubectl create configmap cm --from-literal=a=one --from-literal=b.txt=two
	printf '\000\377' >"$BATS_TEST_TMPDIR/raw"
	kubectl create configmap raw --from-file=raw="$BATS_TEST_TMPDIR/raw"
	kubectl create secret generic sec --from-literal=pw=hush
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: kinds, labels: {app: web}, annotations: {note: 'a "b"'}}
spec:
  restartPolicy: Never
  volumes:
  - {name: c, configMap: {name: cm}}
  - {name: i, configMap: {name: cm, defaultMode: 0400, items: [{key: a, path: x/y, mode: 0777}, {key: b.txt, path: z}]}}
  - {name: r, configMap: {name: raw}}
  - {name: s, secret: {secretName: sec, defaultMode: 0440}}
  - {name: d, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: notes, fieldRef: {fieldPath: "metadata.annotations['note']"}},
      {path: mem, resourceFieldRef: {containerName: c, resource: limits.memory, divisor: 1Mi}}]}}
  - {name: p, projected: {sources: [{configMap: {name: cm, items: [{key: a, path: all/a}]}}, {secret: {name: sec, items: [{key: pw, path: all/pw, mode: 0600}]}},
      {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}, {configMap: {name: nowhere, optional: true}}]}}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c]
    args: ['exec 2>&1; echo $(cat /c/a /c/b.txt /i/x/y /i/z /s/pw /p/all/a /p/all/pw /p/name) $(busybox od -An -tx1 /r/raw) $(cat /d/labels /d/notes /d/mem);
      busybox stat -L -c "%n %a" /c/a /i/x/y /i/z /s/pw /p/all/pw; busybox ls -a /c | busybox tr "\n" " "; echo; busybox grep -c " /s tmpfs" /proc/mounts; echo x >/c/new']
    resources: {limits: {memory: 32Mi}}
    volumeMounts: [{name: c, mountPath: /c, readOnly: true}, {name: i, mountPath: /i}, {name: r, mountPath: /r}, {name: s, mountPath: /s}, {name: d, mountPath: /d}, {name: p, mountPath: /p}]
YAML
	eventually is Failed phase kinds
	run -0 kubectl logs kinds
	[ "${lines[0]}" = 'onetwoonetwohushonehushkinds 00 ff app="web"a "b"32' ]
	[ "${lines[1]}" = '/c/a 644' ] && [ "${lines[2]}" = '/i/x/y 777' ] && [ "${lines[3]}" = '/i/z 400' ] && [ "${lines[4]}" = '/s/pw 440' ] && [ "${lines[5]}" = '/p/all/pw 600' ]
	[[ "${lines[6]}" =~ ^'. .. ..'[0-9_.]+' ..data a b.txt '$ ]]
	[ "${lines[7]}" = 1 ]
	[[ "${lines[8]}" =~ 'Read-only file system' ]]
	kubectl delete pod kinds
}

@test "updates of what a volume is made of arrive at once, as a whole; a subPath stays" {
	kubectl create configmap live --from-literal=a=1 --from-literal=b=1
	kubectl create secret generic later --from-literal=k=0 && kubectl delete secret later
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: follows, labels: {v: one}}
spec:
  terminationGracePeriodSeconds: 0
  volumes:
  - {name: c, configMap: {name: live}}
  - {name: s, secret: {secretName: later, optional: true}}
  - {name: d, projected: {sources: [{downwardAPI: {items: [{path: v, fieldRef: {fieldPath: "metadata.labels['v']"}}]}}]}}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, 'while :; do now="$(cat /c/a /c/b /s/k /d/v /sub 2>/dev/null | busybox tr -d "\n")"; [ "$now" = "$was" ] || echo "$now"; was=$now; busybox sleep 0.1; done']
    volumeMounts: [{name: c, mountPath: /c}, {name: s, mountPath: /s}, {name: d, mountPath: /d}, {name: c, mountPath: /sub, subPath: a}]
YAML
	eventually is 11one1 last_line follows
	kubectl patch configmap live -p '{"data":{"a":"2","b":"2"}}'
	eventually is 22one1 last_line follows
	kubectl create secret generic later --from-literal=k=S
	eventually is 22Sone1 last_line follows
	kubectl label pod follows v=two --overwrite
	eventually is 22Stwo1 last_line follows
	kubectl delete secret later
	eventually is 22two1 last_line follows
	# an agent that was away learns of what it missed
	agent=$(daemon_pid nodeagent)
	kill -9 "$agent"
	eventually gone "$agent"
	kubectl patch configmap live -p '{"data":{"a":"3","b":"3"}}'
	up_again
	eventually is 33two1 last_line follows
	kubectl delete pod follows
}

@test "a Pod waits for what is missing, and starts when it comes" {
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: waits}
spec:
  restartPolicy: Never
  volumes: [{name: v, projected: {sources: [{configMap: {name: late}}, {secret: {name: late}}]}}, {name: k, configMap: {name: late, items: [{key: more, path: x}]}}]
  containers: [{name: c, image: $IMAGE, command: [busybox, cat, /v/a, /v/s, /k/x], volumeMounts: [{name: v, mountPath: /v}, {name: k, mountPath: /k}]}]
YAML
	eventually is 'MountVolume.SetUp failed for volume "v" : [configmap "late" not found, secret "late" not found]' first_event waits FailedMount
	is ContainerCreating kubectl get pod waits -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'
	kubectl create secret generic late --from-literal=s=there
	kubectl create configmap late --from-literal=a=now
	eventually shows 'MountVolume.SetUp failed for volume "k" : configmap references non-existent config key: more' kubectl get events
	kubectl patch configmap late -p '{"data":{"more":"yes"}}'
	eventually is Succeeded phase waits
	is nowthereyes kubectl logs waits
	kubectl delete pod waits
}

@test "fsGroup makes the files of a volume a user's who is not root" {
	kubectl create secret generic grouped --from-literal=k=v
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: grouped}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1000, fsGroup: 1234}
  volumes: [{name: s, secret: {secretName: grouped, defaultMode: 0400}}, {name: p, projected: {defaultMode: 0, sources: [{secret: {name: grouped}}]}}]
  containers: [{name: c, image: $IMAGE, command: [busybox, sh, -c, 'cat /s/k /p/k; busybox stat -L -c " %u %g %a" /s/k /p/k'], volumeMounts: [{name: s, mountPath: /s}, {name: p, mountPath: /p}]}]
YAML
	eventually is Succeeded phase grouped
	is "vv 0 1234 440
 0 1234 440" kubectl logs grouped
	kubectl delete pod grouped
}

@test "emptyDir in memory is as large as it may be; subPath, subPathExpr, readOnly" {
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: empty}
spec:
  restartPolicy: Never
  volumes: [{name: m, emptyDir: {medium: Memory, sizeLimit: 3Mi}}, {name: l, emptyDir: {medium: Memory}}, {name: d, emptyDir: {}}]
  containers:
  - name: c
    image: $IMAGE
    env: [{name: SUB, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    resources: {limits: {memory: 48Mi}}
    command: [busybox, sh, -c, 'exec 2>&1; busybox df -k /m /l | busybox awk "NR > 1 {print \$2}"; echo x >/sub/f; cat /d/empty/f; echo y >/ro/f; busybox find /d']
    volumeMounts: [{name: m, mountPath: /m}, {name: l, mountPath: /l}, {name: d, mountPath: /d}, {name: d, mountPath: /sub, subPathExpr: $(SUB)}, {name: d, mountPath: /ro, subPath: deep/er, readOnly: true}]
YAML
	eventually is Succeeded phase empty
	run -0 kubectl logs empty
	[ "${lines[0]}" = 3072 ] && [ "${lines[1]}" = 49152 ] && [ "${lines[2]}" = x ]
	[[ "${lines[3]}" =~ 'Read-only file system' ]]
	[ "$(printf '%s\n' "${lines[@]:4}" | sort | tr '\n' ' ')" = '/d /d/deep /d/deep/er /d/empty /d/empty/f ' ]
	kubectl delete pod empty
}

@test "hostPath of every type" {
	mkdir -p "$BATS_FILE_TMPDIR/h/dir"
	touch "$BATS_FILE_TMPDIR/h/file"
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  restartPolicy: Never
  volumes:
  - {name: a, hostPath: {path: $DIR/h/dir, type: Directory}}
  - {name: b, hostPath: {path: $DIR/h/made/deep, type: DirectoryOrCreate}}
  - {name: c, hostPath: {path: $DIR/h/file, type: File}}
  - {name: d, hostPath: {path: $DIR/h/madefile, type: FileOrCreate}}
  - {name: e, hostPath: {path: /dev/null, type: CharDevice}}
  - {name: f, hostPath: {path: $DIR/h/any}}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, 'for d in a b f; do echo $d >/$d/x; done; for f in c d; do echo $f >/$f; done; echo gone >/e; busybox stat -c %F /e']
    volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}, {name: c, mountPath: /c}, {name: d, mountPath: /d}, {name: e, mountPath: /e}, {name: f, mountPath: /f}]
---
apiVersion: v1
kind: Pod
metadata: {name: nohost}
spec:
  volumes: [{name: a, hostPath: {path: $DIR/h/file, type: Directory}}]
  containers: [{name: c, image: $IMAGE, volumeMounts: [{name: a, mountPath: /a}]}]
YAML
	eventually is Succeeded phase host
	is 'character special file' kubectl logs host
	is "$(printf "a\nb\nf\nc\nd")" cat "$BATS_FILE_TMPDIR"/h/{dir,made/deep,any}/x "$BATS_FILE_TMPDIR"/h/{file,madefile}
	eventually is "MountVolume.SetUp failed for volume \"a\" : hostPath type check failed: $BATS_FILE_TMPDIR/h/file is not a directory" first_event nohost FailedMount
	kubectl delete pod host nohost
}

@test "a subPath does not lead out of its volume, whatever the Pod puts there" {
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: climbs}
spec:
  restartPolicy: Never
  volumes: [{name: v, emptyDir: {}}]
  initContainers: [{name: i, image: $IMAGE, command: [busybox, sh, -c, 'busybox ln -s / /v/up; busybox ln -s ../../../../.. /v/far; busybox mkdir /v/in; busybox ln -s in /v/fine; echo good >/v/in/f'], volumeMounts: [{name: v, mountPath: /v}]}]
  containers:
  - {name: up, image: $IMAGE, volumeMounts: [{name: v, mountPath: /m, subPath: up}]}
  - {name: far, image: $IMAGE, volumeMounts: [{name: v, mountPath: /m, subPath: far/etc}]}
  - {name: fine, image: $IMAGE, command: [busybox, cat, /m/f], volumeMounts: [{name: v, mountPath: /m, subPath: fine}]}
YAML
	of() { kubectl get pod climbs -o jsonpath="{.status.containerStatuses[?(@.name==\"$1\")].state.waiting.reason}: {.status.containerStatuses[?(@.name==\"$1\")].state.waiting.message}"; }
	eventually is 'CreateContainerConfigError: failed to prepare subPath for volumeMount "v" of container "up"' of up
	eventually is 'CreateContainerConfigError: failed to prepare subPath for volumeMount "v" of container "far"' of far
	eventually is good kubectl logs climbs -c fine
	kubectl delete pod climbs --grace-period=1
}

@test "mounts in a volume: read-only with it when asked for, and seen on the other side" {
	h=$BATS_FILE_TMPDIR/shared
	mkdir -p "$h"
	mount --bind "$h" "$h" && mount --make-shared "$h"
	mkdir "$h/inner" && mount -t tmpfs none "$h/inner"
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: mounts}
spec:
  restartPolicy: Never
  volumes: [{name: v, hostPath: {path: $DIR/shared}}]
  containers:
  - name: rro
    image: $IMAGE
    command: [busybox, sh, -c, 'echo x >/v/inner/rro']
    volumeMounts: [{name: v, mountPath: /v, readOnly: true, recursiveReadOnly: Enabled}]
  - name: ro
    image: $IMAGE
    command: [busybox, sh, -c, 'echo x >/v/inner/ro; echo x >/v/x']
    volumeMounts: [{name: v, mountPath: /v, readOnly: true}]
  - name: out
    image: $IMAGE
    securityContext: {privileged: true}
    command: [busybox, sh, -c, 'busybox mkdir -p /v/made && busybox mount -t tmpfs none /v/made && echo made >/v/made/f']
    volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]
  - name: in
    image: $IMAGE
    command: [busybox, sh, -c, 'until busybox test -e /v/late/f; do busybox sleep 0.1; done; cat /v/late/f']
    volumeMounts: [{name: v, mountPath: /v, mountPropagation: HostToContainer}]
YAML
	eventually is made cat "$h/made/f"
	eventually sh -c 'kubectl get pod mounts -o jsonpath="{.status.containerStatuses[?(@.name==\"in\")].state.running}" | grep -q startedAt'
	mkdir "$h/late" && mount -t tmpfs none "$h/late" && echo late >"$h/late/f"
	eventually is late kubectl logs mounts -c in
	eventually shows 'Read-only file system' kubectl logs mounts -c rro
	eventually shows 'Read-only file system' kubectl logs mounts -c ro
	[ -e "$h/inner/ro" ] && [ ! -e "$h/inner/rro" ] && [ ! -e "$h/x" ]
	is '{"mountPath":"/v","name":"v","readOnly":true,"recursiveReadOnly":"Enabled"}' kubectl get pod mounts -o jsonpath='{.status.containerStatuses[?(@.name=="rro")].volumeMounts[0]}'
	kubectl delete pod mounts --grace-period=1
	umount -R "$h"
}

# ---- who the process is, and what it may ----

@test "users, groups, capabilities, seccomp, a read-only root, no new privileges" {
	mkdir -p "$DIR/node/seccomp"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >"$DIR/node/seccomp/no-mkdir.json"
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: secure}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1001, runAsGroup: 1002, supplementalGroups: [1003], fsGroup: 1004, supplementalGroupsPolicy: Strict, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: pods
    image: $IMAGE
    command: [busybox, sh, -c, 'echo $(busybox id -u) $(busybox id -g) $(busybox id -G); busybox grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status']
  - name: own
    image: $IMAGE
    securityContext: {runAsUser: 0, runAsGroup: 0, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_ADMIN]}, seccompProfile: {type: Unconfined}}
    command: [busybox, sh, -c, 'exec 2>&1; echo $(busybox id -u) $(busybox id -g); busybox grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; echo x >/file']
  - name: local
    image: $IMAGE
    securityContext: {runAsUser: 0, seccompProfile: {type: Localhost, localhostProfile: no-mkdir.json}}
    command: [busybox, sh, -c, 'exec 2>&1; busybox mkdir /x; busybox touch /y && echo touched']
  - name: privileged
    image: $IMAGE
    securityContext: {runAsUser: 0, privileged: true}
    command: [busybox, sh, -c, 'busybox mount -t tmpfs none /mnt 2>/dev/null || busybox mkdir /mnt && busybox mount -t tmpfs none /mnt && echo mounted; busybox grep ^Seccomp: /proc/self/status; busybox test -c /dev/kmsg && echo devices']
YAML
	for c in pods own local privileged; do eventually sh -c "kubectl get pod secure -o jsonpath='{.status.containerStatuses[?(@.name==\"$c\")].state.terminated}' | grep -q exitCode"; done
	run -0 kubectl logs secure -c pods
	[ "${lines[0]}" = '1001 1002 1002 1003 1004' ] && [[ "${lines[1]}" =~ 0000000000000000 ]] && [[ "${lines[2]}" =~ 0$ ]] && [[ "${lines[3]}" =~ 2$ ]]
	run -0 kubectl logs secure -c own
	[ "${lines[0]}" = '0 0' ] && [[ "${lines[1]}" =~ 0000000000001000 ]] && [[ "${lines[2]}" =~ 1$ ]] && [[ "${lines[3]}" =~ 0$ ]] && [[ "${lines[4]}" =~ 'Read-only file system' ]]
	run -0 kubectl logs secure -c local
	[[ "${lines[0]}" =~ 'Operation not permitted' ]] && [ "${lines[1]}" = touched ]
	run -0 kubectl logs secure -c privileged
	[ "${lines[0]}" = mounted ] && [[ "${lines[1]}" =~ 0$ ]] && [ "${lines[2]}" = devices ]
	kubectl delete pod secure
}

waiting_message() { kubectl get pod "$1" -o jsonpath='{.status.containerStatuses[0].state.waiting.message}'; }
waiting_reason() { kubectl get pod "$1" -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'; }

@test "what a container asks for in vain is told in upstream's words" {
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: nonroot}
spec: {securityContext: {runAsNonRoot: true}, containers: [{name: c, image: $IMAGE}]}
---
apiVersion: v1
kind: Pod
metadata: {name: root}
spec: {containers: [{name: c, image: $IMAGE, securityContext: {runAsNonRoot: true, runAsUser: 0}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: nokey}
spec: {containers: [{name: c, image: $IMAGE, env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: k}}}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: sysctl}
spec: {securityContext: {sysctls: [{name: net.core.somaxconn, value: "1"}]}, containers: [{name: c, image: $IMAGE}]}
---
apiVersion: v1
kind: Pod
metadata: {name: confined}
spec: {containers: [{name: c, image: $IMAGE, securityContext: {appArmorProfile: {type: Localhost, localhostProfile: nowhere-to-be-found}}}]}
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: unknown-$PORT}
handler: no-such-handler
---
apiVersion: v1
kind: Pod
metadata: {name: class}
spec: {runtimeClassName: unknown-$PORT, containers: [{name: c, image: $IMAGE}]}
YAML
	uid() { kubectl get pod "$1" -o jsonpath='{.metadata.uid}'; }
	eventually is CreateContainerConfigError waiting_reason nonroot
	is "container has runAsNonRoot and image will run as root (pod: \"nonroot_$NS($(uid nonroot))\", container: c)" waiting_message nonroot
	eventually is "container's runAsUser breaks non-root policy (pod: \"root_$NS($(uid root))\", container: c)" waiting_message root
	eventually is 'configmap "none" not found' waiting_message nokey
	eventually is 'SysctlForbidden: Pod was rejected: forbidden sysctl: "net.core.somaxconn" not allowlisted' kubectl get pod sysctl -o jsonpath='{.status.reason}: {.status.message}'
	if [ ! -e /sys/module/apparmor/parameters/enabled ]; then
		eventually is 'AppArmor: Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host' kubectl get pod confined -o jsonpath='{.status.reason}: {.status.message}'
	fi
	eventually is 'Failed to create pod sandbox: no runtime for "no-such-handler" is configured' first_event class FailedCreatePodSandBox
	kubectl delete pod nonroot root nokey sysctl confined class --grace-period=1
	kubectl delete runtimeclass "unknown-$PORT"
}

@test "names, hosts, resolv.conf, sysctls, the namespaces of the host and of the Pod" {
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: names}
spec:
  restartPolicy: Never
  hostname: h
  subdomain: sub
  setHostnameAsFQDN: true
  dnsPolicy: None
  dnsConfig: {nameservers: [192.0.2.1], searches: [a.example, b.example], options: [{name: ndots, value: "2"}, {name: edns0}]}
  hostAliases: [{ip: 192.0.2.9, hostnames: [x.example, y.example]}]
  shareProcessNamespace: true
  securityContext: {sysctls: [{name: net.ipv4.ip_unprivileged_port_start, value: "79"}, {name: kernel.shm_rmid_forced, value: "1"}]}
  containers:
  - name: c
    image: $IMAGE
    command: [busybox, sh, -c, 'busybox hostname; echo $HOSTNAME; cat /etc/hostname; busybox grep example /etc/hosts; busybox grep "h.sub" /etc/hosts | busybox cut -f 2-; cat /etc/resolv.conf;
      cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced; busybox ps | busybox grep -c "[p]ause"']
---
apiVersion: v1
kind: Pod
metadata: {name: hosts}
spec:
  restartPolicy: Never
  hostNetwork: true
  hostPID: true
  hostIPC: true
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, 'for n in net pid ipc uts; do busybox readlink /proc/self/ns/$n; done; busybox head -n 1 /etc/hosts']}
YAML
	eventually is Succeeded phase names
	is "h.sub.$NS.svc.cluster.local
h.sub.$NS.svc.cluster.local
h.sub.$NS.svc.cluster.local
192.0.2.9	x.example	y.example
h.sub.$NS.svc.cluster.local	h
search a.example b.example
nameserver 192.0.2.1
options ndots:2 edns0
79
1
1" kubectl logs names
	eventually is Succeeded phase hosts
	is "$(readlink /proc/self/ns/{net,pid,ipc,uts})
# Kubernetes-managed hosts file (host network)." kubectl logs hosts
	kubectl delete pod names hosts
}

# ---- environment, command, arguments ----

@test "the environment comes from every source; references expand in values, commands and arguments" {
	kubectl create configmap vars --from-literal=one=1 --from-literal=two.dotted=2
	kubectl create secret generic vars --from-literal=hidden=h
	create <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: env, labels: {app: web}, annotations: {note: "n 1"}}
spec:
  restartPolicy: Never
  serviceAccountName: default
  containers:
  - name: c
    image: $IMAGE
    workingDir: /tmp
    resources: {requests: {cpu: 250m, memory: 33554433}, limits: {memory: 64Mi}}
    envFrom: [{configMapRef: {name: vars}, prefix: P_}, {secretRef: {name: vars}}, {configMapRef: {name: none, optional: true}}]
    env:
    - {name: A, value: a}
    - {name: B, value: "$(A)-$(P_one)-$(hidden)-$$(A)-$(NOT)-$(LATER)"}
    - {name: LATER, value: later}
    - {name: hidden, value: over}
    - {name: KEY, valueFrom: {secretKeyRef: {name: vars, key: hidden}}}
    - {name: MAY, valueFrom: {configMapKeyRef: {name: vars, key: none, optional: true}}}
    - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: PODUID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
    - {name: NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
    - {name: HOSTIP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: PODIPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu}}}
    - {name: MILLI, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
    - {name: MEM, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    - {name: NODECPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    command: [busybox, sh, -c]
    args: ['echo "$(A) $A $0 $B"; echo "$P_one $hidden $KEY ${MAY-unset} $(busybox tr "\0" "\n" </proc/1/environ | busybox grep -c dotted)"; echo "$NAME $SPACE $PODUID $LABEL $NOTE $NODE $ACCOUNT $HOSTIP $PODIPS"; echo "$CPU $MILLI $MEM $NODECPU"; busybox pwd', "$$(A)"]
YAML
	eventually is Succeeded phase env
	get() { kubectl get pod env -o jsonpath="{$1}"; }
	is "a a \$(A) a-1-h-\$(A)-\$(NOT)-\$(LATER)
1 over h unset 1
env $NS $(get .metadata.uid) web n 1 $(get .spec.nodeName) default $(get .status.hostIP) $(get '.status.podIPs[*].ip')
1 250 33 $(kubectl get node "$(get .spec.nodeName)" -o jsonpath='{.status.allocatable.cpu}')
/tmp" kubectl logs env
	kubectl delete pod env
}
