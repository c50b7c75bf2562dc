#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# StatefulSets end to end: order, names, partitions, claims, history by every kubectl, and Pods and a controller that are killed.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace statefulset-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=statefulset-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=statefulset-test
}

make_statefulset() { # name replicas [spec]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1, labels: {app: $1}}
spec:
  replicas: $2
  serviceName: $1
  selector: {matchLabels: {app: $1}}
  ${3:-minReadySeconds: 0}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: $IMAGE
        command: [busybox, httpd, -f, -p, "8080", -h, /www]
        resources: {requests: {cpu: 1m, memory: 1Mi}}
END
}
done_with() { kubectl rollout status "statefulset/$1" --timeout=${GUARD}s; }
pods() { kubectl get pods -l "app=$1" -o jsonpath='{.items[*].metadata.name}'; }
images() { kubectl get pods -l "app=$1" -o json | jq -r '.items | sort_by(.metadata.name)[] | .spec.containers[0].image | sub(".*:"; "")' | paste -sd' '; }

@test "one after the other, each with its name" {
	path=/api/v1/namespaces/$NS/pods
	rv=$(api "$path" | jq -r .metadata.resourceVersion)
	api "$path?watch=1&resourceVersion=$rv&labelSelector=app%3Dordered" -N -m $((3 * GUARD)) >"$BATS_TEST_TMPDIR/stream" 3>&- &
	curl_pid=$!
	make_statefulset ordered 3
	done_with ordered
	eventually is 3 kubectl get statefulset ordered -o jsonpath='{.status.readyReplicas}'
	[ "$(pods ordered)" = "ordered-0 ordered-1 ordered-2" ]
	kubectl scale statefulset ordered --replicas=1
	eventually is ordered-0 pods ordered
	pkill -P $curl_pid || :
	# what came when: each when the one before it was ready, and the highest went first
	jq -r '"\(.type) \(.object.metadata.name) \([.object.status.conditions[]? | select(.type == "Ready")][0].status // "False")"' "$BATS_TEST_TMPDIR/stream" | uniq >"$BATS_TEST_TMPDIR/order"
	cat "$BATS_TEST_TMPDIR/order"
	first() { grep -n -m1 "$1" "$BATS_TEST_TMPDIR/order" | cut -d: -f1; }
	[ "$(first 'MODIFIED ordered-0 True')" -lt "$(first 'ADDED ordered-1')" ]
	[ "$(first 'MODIFIED ordered-1 True')" -lt "$(first 'ADDED ordered-2')" ]
	[ "$(first 'DELETED ordered-2')" -lt "$(first 'DELETED ordered-1')" ]
	is "ordered-0 ordered" kubectl get pod ordered-0 -o jsonpath='{.spec.hostname} {.spec.subdomain}'
	is "ordered-0 0" kubectl get pod ordered-0 -o jsonpath='{.metadata.labels.statefulset\.kubernetes\.io/pod-name} {.metadata.labels.apps\.kubernetes\.io/pod-index}'
}

@test "Parallel, from another number on" {
	make_statefulset parallel 3 $'podManagementPolicy: Parallel\n  ordinals: {start: 5}'
	done_with parallel
	[ "$(pods parallel)" = "parallel-5 parallel-6 parallel-7" ]
}

@test "a rolling update by parts, and back" {
	make_statefulset parts 3 'updateStrategy: {rollingUpdate: {partition: 2}}'
	done_with parts
	kubectl set image statefulset/parts web=localhost/coracle-demo:2.0
	done_with parts
	[ "$(images parts)" = "1.0 1.0 2.0" ]
	# a Pod below the partition comes again as it was, though it is deleted by force
	kubectl delete pod parts-0 --grace-period=0 --force >/dev/null 2>&1
	eventually is 3 kubectl get statefulset parts -o jsonpath='{.status.readyReplicas}'
	[ "$(images parts)" = "1.0 1.0 2.0" ]
	kubectl patch statefulset parts -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
	done_with parts
	[ "$(images parts)" = "2.0 2.0 2.0" ]
	eventually is "" jq -r 'if .status.currentRevision == .status.updateRevision then "" else . end' <(kubectl get statefulset parts -o json)
}

@test "an update that is stuck goes on when its Pod is taken away" {
	make_statefulset stuck 2
	done_with stuck
	kubectl set image statefulset/stuck web=localhost/no-such-image:9
	eventually is "1.0 9" images stuck
	kubectl rollout undo statefulset/stuck
	eventually is 3 kubectl get statefulset stuck -o jsonpath='{.status.observedGeneration}'
	[ "$(images stuck)" = "1.0 9" ]
	kubectl delete pod stuck-1 >/dev/null
	done_with stuck
	eventually is "1.0 1.0" images stuck
}

@test "history, status and undo by every kubectl" {
	make_statefulset past 1
	done_with past
	kubectl set image statefulset/past web=localhost/coracle-demo:2.0
	done_with past
	revision=2 image=1.0
	while read -r k <&9; do
		"$k" rollout undo statefulset/past
		"$k" rollout status statefulset/past --timeout=${GUARD}s
		[ "$(images past)" = "$image" ]
		revision=$((revision + 1))
		"$k" rollout history statefulset/past | tee "$BATS_TEST_TMPDIR/history"
		[ "$(awk '$1 ~ /^[0-9]+$/ {print $1}' "$BATS_TEST_TMPDIR/history" | paste -sd' ')" = "$((revision - 1)) $revision" ]
		"$k" rollout history statefulset/past --revision=$revision | grep "coracle-demo:$image"
		[ "$image" = 1.0 ] && image=2.0 || image=1.0
	done 9< <(kubectls)
	[ $revision -gt 2 ]
}

@test "claims, and what becomes of them" {
	make_statefulset claims 2 $'podManagementPolicy: Parallel\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}\n  volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}]'
	eventually is "data-claims-0 data-claims-1" kubectl get pvc -l app=claims -o jsonpath='{.items[*].metadata.name}'
	eventually is "StatefulSet StatefulSet" kubectl get pvc -l app=claims -o jsonpath='{.items[*].metadata.ownerReferences[0].kind}'
	eventually is data-claims-1 kubectl get pod claims-1 -o jsonpath='{.spec.volumes[0].persistentVolumeClaim.claimName}'
	kubectl scale statefulset claims --replicas=0
	eventually is "" pods claims
	is "data-claims-0 data-claims-1" kubectl get pvc -l app=claims -o jsonpath='{.items[*].metadata.name}'
}

@test "killed in the middle, the controller goes on from what is there" {
	make_statefulset killed 3
	for image in 2.0 1.0; do
		pid=$(daemon_pid controller-manager)
		kill -9 "$pid"
		eventually gone "$pid"
		up_again
		done_with killed
		[ "$(pods killed)" = "killed-0 killed-1 killed-2" ]
		kubectl set image statefulset/killed web=localhost/coracle-demo:$image
	done
	done_with killed
	eventually is "1.0 1.0 1.0" images killed
	[ "$(kubectl get controllerrevisions -l app=killed -o name | wc -l)" = 2 ]
}
