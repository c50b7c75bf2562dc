#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The daily commands of an unmodified kubectl against a real node.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace kubectl-test
	make_deployment web 2
	kubectl rollout status deployment/web --timeout=${GUARD}s
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=kubectl-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=kubectl-test
}

@test "get: table, wide, yaml, json, jsonpath, labels, sort-by" {
	run -0 kubectl get deployment web
	[[ ${lines[0]} =~ ^NAME\ +READY\ +UP-TO-DATE\ +AVAILABLE\ +AGE ]]
	[[ ${lines[1]} =~ ^web\ +2/2\ +2\ +2 ]]
	run -0 kubectl get pods -o wide
	[[ ${lines[0]} =~ NAME\ +READY\ +STATUS\ +RESTARTS\ +AGE\ +IP\ +NODE\ +NOMINATED\ NODE\ +READINESS\ GATES ]]
	[[ ${lines[1]} =~ 1/1\ +Running\ +0 ]]
	is Deployment kubectl get deployment web -o jsonpath='{.kind}'
	kubectl get deployment web -o yaml | grep -q '^kind: Deployment'
	[ "$(kubectl get pods -o json | jq '.items | length')" = 2 ]
	kubectl get pods --show-labels | grep -q 'app=web,pod-template-hash='
	[ "$(kubectl get pods --sort-by=.metadata.name --no-headers | wc -l)" = 2 ]
	[ "$(kubectl get pods -l app=web -o name | wc -l)" = 2 ]
	[ "$(kubectl get pods --field-selector status.phase=Running -o name | wc -l)" = 2 ]
	kubectl get all | grep -q 'replicaset.apps/web-'
	kubectl get pods -A >/dev/null
}

@test "describe names conditions, containers and events" {
	pod=$(kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name}')
	eventually shows "Successfully assigned kubectl-test/$pod to" kubectl describe pod "$pod"
	eventually shows 'Created container: web' kubectl describe pod "$pod"
	eventually shows 'Started container web' kubectl describe pod "$pod"
	shows 'node.kubernetes.io/not-ready:NoExecute op=Exists for 300s' kubectl describe pod "$pod"
	eventually shows 'Scaled up replica set' kubectl describe deployment web
	shows MinimumReplicasAvailable kubectl describe deployment web
	shows KubeletReady kubectl describe node
}

@test "scale up and down" {
	kubectl scale deployment web --replicas=4
	kubectl rollout status deployment/web --timeout=${GUARD}s
	is 4 kubectl get deployment web -o jsonpath='{.status.readyReplicas}'
	kubectl scale deployment web --replicas=2
	eventually is 2 kubectl get deployment web -o jsonpath='{.status.replicas}'
}

@test "label, annotate, and their removal" {
	kubectl label deployment web tier=front
	is front kubectl get deployment web -o jsonpath='{.metadata.labels.tier}'
	run -1 kubectl label deployment web tier=back
	kubectl label deployment web tier-
	is "" kubectl get deployment web -o jsonpath='{.metadata.labels.tier}'
	kubectl annotate deployment web note='two words'
	is 'two words' kubectl get deployment web -o jsonpath='{.metadata.annotations.note}'
}

@test "create: typed objects (protobuf bodies from 1.32 on)" {
	kubectl create configmap cm --from-literal=a=1 --from-literal=b=2
	is 2 kubectl get configmap cm -o jsonpath='{.data.b}'
	kubectl create secret generic s --from-literal=password=hunter2
	is "$(printf hunter2 | base64)" kubectl get secret s -o jsonpath='{.data.password}'
	kubectl create deployment typed --image=$IMAGE --replicas=1 -- busybox sleep 3600
	kubectl rollout status deployment/typed --timeout=${GUARD}s
	kubectl delete deployment typed
	kubectl create service clusterip svc --tcp=80:8080
	[[ $(kubectl get service svc -o jsonpath='{.spec.clusterIP}') =~ ^10\.(9[6-9]|10[0-9]|11[01])\. ]]
	kubectl create serviceaccount robot
	run -1 kubectl create configmap cm --from-literal=a=1
	[[ $output == *'configmaps "cm" already exists'* ]]
	run -1 kubectl get configmap nosuch
	[[ $output == *'(NotFound): configmaps "nosuch" not found'* ]]
}

@test "create -f, apply -f, replace -f, delete -f, dry-run" {
	cat >"$BATS_TEST_TMPDIR/cm.yaml" <<END
apiVersion: v1
kind: ConfigMap
metadata: {name: file, labels: {a: b}}
data: {k: v1, gone: x}
END
	minor=$(kubectl version --client -o json | jq -r '.clientVersion.minor' | tr -cd 0-9)
	# 1.20 looks for the dryRun parameter in /openapi/v2 before it dares to send it
	[ "$minor" -lt 27 ] || kubectl create --validate=false --dry-run=server -f "$BATS_TEST_TMPDIR/cm.yaml"
	run -1 kubectl get configmap file
	kubectl apply --validate=false -f "$BATS_TEST_TMPDIR/cm.yaml"
	sed -i 's/v1, gone: x/v2/' "$BATS_TEST_TMPDIR/cm.yaml"
	kubectl apply --validate=false -f "$BATS_TEST_TMPDIR/cm.yaml"
	is '{"k":"v2"}' kubectl get configmap file -o jsonpath='{.data}'
	sed -i 's/v2/v3/' "$BATS_TEST_TMPDIR/cm.yaml"
	kubectl replace --validate=false -f "$BATS_TEST_TMPDIR/cm.yaml"
	is v3 kubectl get configmap file -o jsonpath='{.data.k}'
	kubectl delete -f "$BATS_TEST_TMPDIR/cm.yaml"
	run -1 kubectl get configmap file
}

@test "run, logs, logs -f, --tail, --since, --timestamps, -p" {
	kubectl run talker --image=$IMAGE --restart=Never --command -- busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done'
	eventually is Succeeded kubectl get pod talker -o jsonpath='{.status.phase}'
	[ "$(kubectl logs talker | tail -n 1)" = "line 5" ]
	[ "$(kubectl logs talker --tail=2 | head -n 1)" = "line 4" ]
	kubectl logs talker --timestamps | grep -qE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T.* line 1$'
	[ "$(kubectl logs talker --since=1h | wc -l)" = 5 ]
	run -0 kubectl get pod talker
	[[ $output == *"0/1"*"Completed"* ]]

	kubectl run counter --image=$IMAGE --restart=Never --command -- busybox sh -c 'i=0; while [ $i -lt 30 ]; do echo n$i; i=$((i+1)); busybox sleep 0.1; done'
	eventually shows '^n0$' kubectl logs counter # it may have ended before anybody has seen it Ready
	run -0 timeout "$GUARD" kubectl logs -f counter
	[ "${lines[29]}" = n29 ]
	run -1 kubectl logs nosuch
	[[ $output == *'pods "nosuch" not found'* ]]
	kubectl delete pod talker counter --grace-period=0 --force >/dev/null 2>&1
}

@test "taint, cordon, uncordon steer the scheduler" {
	node=$(kubectl get nodes -o jsonpath='{.items[0].metadata.name}')
	kubectl cordon "$node"
	eventually shows 'Ready,SchedulingDisabled' kubectl get node "$node"
	kubectl run waits --image=$IMAGE --restart=Never --command -- busybox sleep 3600
	eventually shows '0/1 nodes are available: 1 node\(s\) were unschedulable' kubectl describe pod waits
	is Pending kubectl get pod waits -o jsonpath='{.status.phase}'
	kubectl uncordon "$node"
	kubectl wait --for=condition=Ready pod/waits --timeout=${GUARD}s
	kubectl taint nodes "$node" k=v:NoExecute
	eventually sh -c '! kubectl get pod waits'
	kubectl taint nodes "$node" k-
	eventually shows TaintManagerEviction kubectl get events
	kubectl rollout status deployment/web --timeout=${GUARD}s
}

@test "every namespace has its ServiceAccount and the root CA, and gets them back" {
	kubectl create namespace furnished
	eventually kubectl -n furnished get serviceaccount default
	eventually kubectl -n furnished get configmap kube-root-ca.crt
	diff "$DIR/pki/ca.crt" <(kubectl -n furnished get configmap kube-root-ca.crt -o jsonpath='{.data.ca\.crt}')
	kubectl -n furnished patch configmap kube-root-ca.crt --type=merge -p '{"data":{"ca.crt":"x","more":"y"}}'
	right() { diff "$DIR/pki/ca.crt" <(kubectl -n furnished get configmap kube-root-ca.crt -o jsonpath='{.data.ca\.crt}{.data.more}'); }
	eventually right
	kubectl -n furnished delete configmap/kube-root-ca.crt serviceaccount/default
	eventually kubectl -n furnished get configmap/kube-root-ca.crt serviceaccount/default
	kubectl delete namespace furnished --timeout=${GUARD}s
}

@test "get -w shows changes as they come" {
	kubectl get configmaps -w --no-headers >"$BATS_TEST_TMPDIR/watch" 3>&- &
	pid=$!
	eventually grep -q . "$BATS_TEST_TMPDIR/watch"
	kubectl create configmap watched
	eventually grep -q '^watched' "$BATS_TEST_TMPDIR/watch"
	kill $pid
}

@test "rollout status, history, undo, pause, resume, restart, set image" {
	make_deployment roll 2
	kubectl rollout status deployment/roll --timeout=${GUARD}s
	kubectl set image deployment/roll web=localhost/coracle-demo:2.0
	kubectl rollout status deployment/roll --timeout=${GUARD}s
	run -0 kubectl rollout history deployment/roll
	[[ $output == *1* && $output == *2* ]]
	kubectl rollout undo deployment/roll
	kubectl rollout status deployment/roll --timeout=${GUARD}s
	is $IMAGE kubectl get deployment roll -o jsonpath='{.spec.template.spec.containers[0].image}'
	is 3 kubectl get deployment roll -o jsonpath='{.metadata.annotations.deployment\.kubernetes\.io/revision}'
	kubectl rollout pause deployment/roll
	kubectl set image deployment/roll web=localhost/coracle-demo:2.0
	eventually is DeploymentPaused kubectl get deployment roll -o jsonpath='{.status.conditions[?(@.type=="Progressing")].reason}'
	[ "$(kubectl get replicasets -l app=roll -o name | wc -l)" = 2 ]
	kubectl rollout resume deployment/roll
	kubectl rollout status deployment/roll --timeout=${GUARD}s
	kubectl rollout restart deployment/roll
	kubectl rollout status deployment/roll --timeout=${GUARD}s
	kubectl delete deployment roll
	eventually is "" kubectl get pods -l app=roll -o name
}
