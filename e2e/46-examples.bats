#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What tutorials show, as they show it: each test is a manifest that people learn from, and what they are told to see. All Pods are
# created at once, so that what one waits for goes on while another is looked at.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace examples-test
	mkdir -p "$BATS_FILE_TMPDIR/gate" "$BATS_FILE_TMPDIR/notes"
	chmod 777 "$BATS_FILE_TMPDIR"/{gate,notes}
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: myapp, labels: {app.kubernetes.io/name: MyApp}}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: gate, hostPath: {path: $BATS_FILE_TMPDIR/gate}}]
  containers:
  - {name: myapp-container, image: $IMAGE, command: [busybox, sh, -c, 'echo The app is running! && busybox sleep 3600']}
  initContainers:
  - name: init-myservice
    image: $IMAGE
    command: [busybox, sh, -c, 'echo waiting for myservice; until [ -e /gate/myservice ]; do busybox sleep 0.2; done; echo found myservice']
    volumeMounts: [{name: gate, mountPath: /gate}]
  - name: init-mydb
    image: $IMAGE
    command: [busybox, sh, -c, 'echo waiting for mydb; until [ -e /gate/mydb ]; do busybox sleep 0.2; done; echo found mydb']
    volumeMounts: [{name: gate, mountPath: /gate}]
---
apiVersion: v1
kind: Pod
metadata: {name: shipping}
spec:
  terminationGracePeriodSeconds: 1
  restartPolicy: Never
  volumes: [{name: data, emptyDir: {}}]
  initContainers:
  - name: logshipper
    image: $IMAGE
    restartPolicy: Always
    command: [busybox, sh, -c, 'trap "exit 0" TERM; busybox touch /opt/logs.txt; busybox tail -F /opt/logs.txt & while :; do busybox sleep 0.2; done']
    volumeMounts: [{name: data, mountPath: /opt}]
  containers:
  - name: myapp
    image: $IMAGE
    command: [busybox, sh, -c, 'for i in 1 2 3; do echo "logging \$i" >>/opt/logs.txt; busybox sleep 0.5; done; busybox sleep 2']
    volumeMounts: [{name: data, mountPath: /opt}]
---
apiVersion: v1
kind: Pod
metadata: {name: liveness-exec}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: liveness
    image: $IMAGE
    command: [busybox, sh, -c, 'busybox touch /tmp/healthy; busybox sleep 4; busybox rm -f /tmp/healthy; busybox sleep 600']
    livenessProbe: {exec: {command: [busybox, cat, /tmp/healthy]}, initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 60}
---
apiVersion: v1
kind: Pod
metadata: {name: liveness-http}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: liveness
    image: $IMAGE
    command: [busybox, sh, -c, 'busybox touch /tmp/healthz; busybox httpd -p 8080 -h /tmp; busybox sleep 4; busybox rm /tmp/healthz; busybox sleep 600']
    livenessProbe: {httpGet: {path: /healthz, port: 8080, httpHeaders: [{name: Custom-Header, value: Awesome}]}, initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 60}
---
apiVersion: v1
kind: Pod
metadata: {name: liveness-tcp}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: liveness
    image: $IMAGE
    ports: [{name: liveness-port, containerPort: 8080}]
    command: [busybox, sh, -c, 'busybox httpd -f -p 8080 -h /tmp & busybox sleep 4; kill \$!; busybox sleep 600']
    readinessProbe: {tcpSocket: {port: liveness-port}, periodSeconds: 1, timeoutSeconds: 60}
    livenessProbe: {tcpSocket: {port: liveness-port}, initialDelaySeconds: 1, periodSeconds: 1, timeoutSeconds: 60}
---
apiVersion: v1
kind: Pod
metadata: {name: lifecycle-demo}
spec:
  terminationGracePeriodSeconds: 60
  volumes: [{name: notes, hostPath: {path: $BATS_FILE_TMPDIR/notes}}]
  containers:
  - name: lifecycle-demo-container
    image: $IMAGE
    command: [busybox, sh, -c, 'trap "echo signal >>/notes/end; exit 0" TERM; while :; do busybox sleep 0.2; done']
    volumeMounts: [{name: notes, mountPath: /notes}]
    lifecycle:
      postStart: {exec: {command: [busybox, sh, -c, 'echo Hello from the postStart handler >/message']}}
      preStop: {exec: {command: [busybox, sh, -c, 'echo hook >>/notes/end; busybox sleep 1; echo "hook is over" >>/notes/end']}}
---
apiVersion: v1
kind: Secret
metadata: {name: database}
stringData: {password: opensesame}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: programs}
data:
  store: |
    #!/bin/busybox sh
    # /cgi-bin/store?KEY gives the value, a POST makes it; for who knows the password
    echo "Content-Type: text/plain"
    echo
    [ "\$HTTP_AUTHORIZATION" = "Bearer \$PASSWORD" ] || { echo refused; exit; }
    [ "\$REQUEST_METHOD" = GET ] || busybox head -c "\$CONTENT_LENGTH" >"/data/\$QUERY_STRING"
    busybox cat "/data/\$QUERY_STRING"
  page: |
    #!/bin/busybox sh
    echo "Content-Type: text/html"
    echo
    ask() { busybox wget -q -O - --header "Authorization: Bearer \$PASSWORD" "\$@" "http://\$DATABASE:8080/cgi-bin/store?visits"; }
    ask --post-data=\$((\$(ask || echo 0) + 1)) >/dev/null
    echo "<p>visit \$(ask)</p>"
---
apiVersion: v1
kind: Pod
metadata: {name: database}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: data, emptyDir: {}}, {name: programs, configMap: {name: programs, defaultMode: 0555, items: [{key: store, path: store}]}}]
  containers:
  - name: database
    image: $IMAGE
    command: [busybox, sh, -c, '[ -e /data/visits ] || echo 0 >/data/visits; busybox httpd -f -p 8080 -h /; exit 1']
    env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: database, key: password}}}]
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, timeoutSeconds: 60}
    volumeMounts: [{name: data, mountPath: /data}, {name: programs, mountPath: /cgi-bin}]
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 1
  volumes: [{name: programs, configMap: {name: programs, defaultMode: 0555, items: [{key: page, path: page}]}}]
  containers:
  - name: web
    image: $IMAGE
    command: [busybox, httpd, -f, -p, '8080', -h, /]
    env:
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: database, key: password}}}
    - {name: DATABASE, valueFrom: {configMapKeyRef: {name: database, key: host}}}
    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1, timeoutSeconds: 60}
    volumeMounts: [{name: programs, mountPath: /cgi-bin}]
END
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=examples-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=examples-test
}
of() { kubectl get pod "$1" -o jsonpath="{$2}"; } # POD PATH
column() { kubectl get pod "$1" --no-headers | awk '{print $3}'; }
ready() { kubectl wait --for=condition=Ready "pod/$1" --timeout="${GUARD}s" >/dev/null; }
messages() { kubectl get events --field-selector "involvedObject.name=$1,reason=$2" -o jsonpath='{range .items[*]}{.count}{" "}{.message}{"\n"}{end}'; } # POD REASON

@test "init containers wait one after another for what the application needs, and their logs tell" {
	eventually is Init:0/2 column myapp
	eventually is 'waiting for myservice' kubectl logs myapp -c init-myservice
	run ! kubectl logs myapp -c init-mydb
	[[ $output == *'container "init-mydb" in pod "myapp" is waiting to start: PodInitializing'* ]]
	touch "$BATS_FILE_TMPDIR/gate/myservice"
	eventually is Init:1/2 column myapp
	[ "$(kubectl logs myapp -c init-myservice)" = $'waiting for myservice\nfound myservice' ]
	eventually is 'waiting for mydb' kubectl logs myapp -c init-mydb
	is False of myapp '.status.conditions[?(@.type=="Initialized")].status'
	touch "$BATS_FILE_TMPDIR/gate/mydb"
	ready myapp
	is 'Completed 0 Completed 0 ' kubectl get pod myapp -o jsonpath='{range .status.initContainerStatuses[*]}{.state.terminated.reason} {.restartCount} {end}'
	eventually is 'The app is running!' kubectl logs myapp
}

@test "a sidecar ships the log that the application writes into a shared emptyDir, and ends after it" {
	eventually is $'logging 1\nlogging 2\nlogging 3' kubectl logs shipping -c logshipper
	eventually is Succeeded of shipping .status.phase
	is 0 of shipping '.status.containerStatuses[0].state.terminated.exitCode'
	is Completed of shipping '.status.initContainerStatuses[0].state.terminated.reason'
}

# restarted POD CODE MESSAGE: three failures one after another, one kill, one restart, of a container that had run healthily before.
restarted() {
	local counted=0 n text
	eventually shows '[1-9]' of "$1" '.status.containerStatuses[0].restartCount'
	while read -r n text; do
		# shellcheck disable=SC2053 # it is a pattern
		[[ $text == $3 ]]
		counted=$((counted + n))
	done < <(messages "$1" Unhealthy | grep Liveness)
	[ $counted -ge 3 ]
	shows 'Container liveness failed liveness probe, will be restarted' messages "$1" Killing
	is "$2" of "$1" '.status.containerStatuses[0].lastState.terminated.exitCode'
	# not before it was unhealthy for three times
	local from to
	from=$(date -d "$(of "$1" '.status.containerStatuses[0].lastState.terminated.startedAt')" +%s)
	to=$(date -d "$(of "$1" '.status.containerStatuses[0].lastState.terminated.finishedAt')" +%s)
	[ $((to - from)) -ge 6 ]
}

@test "liveness by a command: the file goes, three failures, and the container starts anew" {
	restarted liveness-exec 137 "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory*"
}

@test "liveness by HTTP: 404 three times, and the container starts anew" {
	restarted liveness-http 137 'Liveness probe failed: HTTP probe failed with statuscode: 404'
}

@test "liveness and readiness by TCP: the port closes, and the container starts anew" {
	restarted liveness-tcp 137 'Liveness probe failed: dial tcp *:8080: connect: connection refused'
	shows 'Readiness probe failed: dial tcp .*:8080: connect: connection refused' messages liveness-tcp Unhealthy
}

@test "hooks write their files, and a stop is graceful: the hook first, the signal when it is over" {
	ready lifecycle-demo
	is 'Hello from the postStart handler' kubectl exec lifecycle-demo -- busybox cat /message
	kubectl delete pod lifecycle-demo --timeout="${GUARD}s" >/dev/null
	[ "$(cat "$BATS_FILE_TMPDIR/notes/end")" = $'hook\nhook is over\nsignal' ]
}

@test "exec -it is a shell at a terminal" {
	ready myapp
	run -0 timeout "$GUARD" script -qec 'kubectl exec -it myapp -- busybox sh' /dev/null < <(printf 'test -t 0 && echo term""inal; exit 5\r'; sleep 3) ||
		[ "$status" -eq 5 ]
	[[ $output == *terminal* ]]
}

@test "a web application and its database are two Pods: one waits for the other's address, and what is stored outlives a crash" {
	local host pid
	eventually is CreateContainerConfigError column web
	ready database
	host=$(of database .status.podIP)
	[ "$(curl -s -m "$GUARD" "http://$host:8080/cgi-bin/store?visits")" = refused ]
	kubectl create configmap database --from-literal=host="$host" >/dev/null
	ready web
	page() { curl -s -m "$GUARD" "http://$(of web .status.podIP):8080/cgi-bin/page"; }
	[ "$(page)" = '<p>visit 1</p>' ]
	[ "$(page)" = '<p>visit 2</p>' ]
	kubectl exec database -- busybox killall -9 busybox
	eventually is 1 of database '.status.containerStatuses[0].restartCount'
	eventually is true of database '.status.containerStatuses[0].ready'
	is '<p>visit 3</p>' page
}
