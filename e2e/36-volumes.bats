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

create() { sed "s#\$IMAGE#$IMAGE#; s#\$DIR#$BATS_FILE_TMPDIR#" | kubectl create --validate=false -f - >/dev/null; }
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
    args: ['echo $(cat /c/a /c/b.txt /i/x/y /i/z /s/pw /p/all/a /p/all/pw /p/name) $(busybox od -An -tx1 /r/raw) $(cat /d/labels /d/notes /d/mem);
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
    command: [busybox, sh, -c, 'busybox df -k /m /l | busybox awk "NR > 1 {print \$2}"; echo x >/sub/f; cat /d/empty/f; echo y >/ro/f; busybox find /d']
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
