#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Deployments end to end: rollouts watched by kubectl and by curl, availability kept, broken images, undo, healing.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace deployment-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=deployment-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=deployment-test
}

@test "a rollout seen by kubectl rollout status and by curl ?watch=1" {
	path=/apis/apps/v1/namespaces/$NS/deployments
	rv=$(api "$path" | jq -r .metadata.resourceVersion)
	api "$path?watch=1&resourceVersion=$rv" -N -m $((3 * GUARD)) >"$BATS_TEST_TMPDIR/stream" 3>&- &
	curl_pid=$!
	make_deployment seen 3
	kubectl rollout status deployment/seen --timeout=${GUARD}s
	complete() { jq -e 'select(.object.metadata.name == "seen" and .object.status.availableReplicas == 3)' "$BATS_TEST_TMPDIR/stream" >/dev/null 2>&1; }
	eventually complete
	pkill -P $curl_pid || : # the function's shell ends with its curl
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/stream" | jq -r .type)" = ADDED ]
	# resourceVersions of one resource only ever grow
	jq -r .object.metadata.resourceVersion "$BATS_TEST_TMPDIR/stream" | sort -n -c
}

@test "a rolling update keeps its availability promise at every moment" {
	make_deployment steady 4
	kubectl patch deployment steady -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}}}}'
	kubectl rollout status deployment/steady --timeout=${GUARD}s
	"$ROOT/e2e/availability" "$DIR" $NS app=steady >"$BATS_TEST_TMPDIR/availability" 2>&1 3>&- &
	pid=$!
	eventually grep -q watching "$BATS_TEST_TMPDIR/availability"
	kubectl set image deployment/steady web=localhost/coracle-demo:2.0
	kubectl rollout status deployment/steady --timeout=${GUARD}s
	kill $pid
	wait $pid
	cat "$BATS_TEST_TMPDIR/availability"
	. <(grep min_available "$BATS_TEST_TMPDIR/availability" | tr ' ' '\n')
	[ "$min_available" -ge 3 ]
	[ "$max_total" -le 5 ]
	[ "$events" -ge 12 ]
}

@test "a broken image stops at progressDeadline, then rollout undo" {
	make_deployment broken 3
	kubectl rollout status deployment/broken --timeout=${GUARD}s
	# the deadline is short only for what cannot succeed
	kubectl patch deployment broken -p '{"spec":{"progressDeadlineSeconds":4,"template":{"spec":{"containers":[{"name":"web","image":"localhost/no-such-image:9"}]}}}}'
	run -1 kubectl rollout status deployment/broken --timeout=${GUARD}s
	[[ $output == *"exceeded its progress deadline"* ]]
	is ProgressDeadlineExceeded kubectl get deployment broken -o jsonpath='{.status.conditions[?(@.type=="Progressing")].reason}'
	[ "$(kubectl get deployment broken -o jsonpath='{.status.availableReplicas}')" -ge 3 ]
	eventually shows 'ErrImagePull|ImagePullBackOff' kubectl get pods -l app=broken
	kubectl patch deployment broken -p '{"spec":{"progressDeadlineSeconds":600}}'
	kubectl rollout undo deployment/broken
	kubectl rollout status deployment/broken --timeout=${GUARD}s
	eventually is 3 kubectl get deployment broken -o jsonpath='{.status.replicas}'
}

@test "a deleted Pod is replaced; an orphan is adopted; a relabelled one is released" {
	make_deployment heal 2
	kubectl rollout status deployment/heal --timeout=${GUARD}s
	pod=$(kubectl get pods -l app=heal -o jsonpath='{.items[0].metadata.name}')
	kubectl delete pod "$pod"
	run -1 kubectl get pod "$pod"
	eventually is 2 kubectl get deployment heal -o jsonpath='{.status.readyReplicas}'
	pod=$(kubectl get pods -l app=heal -o jsonpath='{.items[0].metadata.name}')
	kubectl label pod "$pod" app=free --overwrite
	eventually is "" kubectl get pod "$pod" -o jsonpath='{.metadata.ownerReferences}'
	eventually is 2 kubectl get deployment heal -o jsonpath='{.status.readyReplicas}'
	kubectl delete pod "$pod" --grace-period=1
}

@test "Recreate never mixes old and new" {
	make_deployment re 2
	kubectl patch deployment re -p '{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}'
	kubectl rollout status deployment/re --timeout=${GUARD}s
	"$ROOT/e2e/availability" "$DIR" $NS app=re >"$BATS_TEST_TMPDIR/availability" 2>&1 3>&- &
	pid=$!
	eventually grep -q watching "$BATS_TEST_TMPDIR/availability"
	kubectl set image deployment/re web=localhost/coracle-demo:2.0
	kubectl rollout status deployment/re --timeout=${GUARD}s
	kill $pid
	wait $pid
	. <(grep min_available "$BATS_TEST_TMPDIR/availability" | tr ' ' '\n')
	[ "$min_available" -eq 0 ]
	[ "$max_total" -le 2 ]
}

@test "revisionHistoryLimit is kept" {
	make_deployment hist 1
	kubectl patch deployment hist -p '{"spec":{"revisionHistoryLimit":1}}'
	for i in 1 2 3; do
		kubectl set env deployment/hist N=$i
		kubectl rollout status deployment/hist --timeout=${GUARD}s
	done
	two() { [ "$(kubectl get replicasets -l app=hist -o name | wc -l)" = 2 ]; }
	eventually two
}

@test "deletion: background, foreground, orphan; namespace deletion" {
	make_deployment del 1
	kubectl rollout status deployment/del --timeout=${GUARD}s
	kubectl delete deployment del --cascade=foreground --timeout=${GUARD}s
	is "" kubectl get replicasets,pods -l app=del -o name
	make_deployment del 1
	kubectl rollout status deployment/del --timeout=${GUARD}s
	kubectl delete deployment del --cascade=orphan
	eventually is "" kubectl get replicasets -l app=del -o jsonpath='{.items[*].metadata.ownerReferences}'
	[ "$(kubectl get pods -l app=del -o name | wc -l)" = 1 ]
	kubectl delete replicasets -l app=del
	eventually is "" kubectl get pods -l app=del -o name
	kubectl create namespace doomed
	kubectl -n doomed create configmap x
	kubectl -n doomed create deployment d --image=$IMAGE -- busybox sleep 100
	kubectl delete namespace doomed --timeout=${GUARD}s
	run -1 kubectl get namespace doomed
}
