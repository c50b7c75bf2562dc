#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# DaemonSets end to end, on the real node and on fake ones: who gets a Pod, rolling updates with and without surge, history by
# every kubectl, and a controller that is killed in the middle.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace daemonset-test
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --fake-nodes 12 >"$BATS_FILE_TMPDIR/up.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/up.log" >&3; return 1; }
	eventually is "" kubectl get nodes -o jsonpath='{.items[*].spec.taints}'
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=daemonset-test drop_namespace
	stop "$DIR" fake-nodes >/dev/null
	kubectl delete nodes -l type=fake --wait=false >/dev/null
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=daemonset-test
}

make_daemonset() { # name updateStrategy [a line of the Pods' spec]
	local where=${3:-}
	[ -n "$where" ] || where='nodeSelector: {type: fake}'
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: $1, labels: {app: $1}}
spec:
  selector: {matchLabels: {app: $1}}
  updateStrategy: $2
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      $where
      containers:
      - name: web
        image: $IMAGE
        command: [busybox, httpd, -f, -p, "8080", -h, /www]
        resources: {requests: {cpu: 1m, memory: 1Mi}}
END
}
done_with() { kubectl rollout status "daemonset/$1" --timeout=${GUARD}s; }
field() { kubectl get daemonset "$1" -o jsonpath="{.$2}"; }
# "NODE IMAGE" of each Pod that is not about to go
placed() { kubectl get pods -l "app=$1" -o json | jq -r '.items[] | select(.metadata.deletionTimestamp == null) | "\(.spec.nodeName) \(.spec.containers[0].image)"' | sort; }

@test "a Pod on every node, the real one included" {
	make_daemonset all '{rollingUpdate: {maxUnavailable: 50%}}' 'tolerations: []'
	done_with all
	[ "$(field all status.numberAvailable)" = 13 ]
	[ "$(placed all | cut -d' ' -f1 | sort -u | wc -l)" = 13 ]
	[ "$(kubectl get pods -l app=all -o jsonpath='{.items[0].spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key}')" = metadata.name ]
	kubectl delete pod --wait=false "$(kubectl get pods -l app=all -o name | head -1 | cut -d/ -f2)"
	eventually is 13 kubectl get daemonset all -o jsonpath='{.status.numberAvailable}'
}

# On the real node: a fake one does not learn of its labels, and refuses what needs them.
@test "a node that changes its labels and taints" {
	real=$(kubectl get nodes -l '!type' -o jsonpath='{.items[0].metadata.name}')
	make_daemonset labels '{type: RollingUpdate}' 'nodeSelector: {disk: ssd}'
	eventually is 1 kubectl get daemonset labels -o jsonpath='{.status.observedGeneration}'
	is 0 kubectl get daemonset labels -o jsonpath='{.status.desiredNumberScheduled}'
	kubectl label node "$real" disk=ssd >/dev/null
	eventually is 1 kubectl get daemonset labels -o jsonpath='{.status.numberAvailable}'
	kubectl label node "$real" disk- >/dev/null
	eventually is "" placed labels
	kubectl label node "$real" disk=ssd >/dev/null
	eventually is "$real $IMAGE" placed labels
	kubectl taint node "$real" away=now:NoExecute >/dev/null
	eventually is "" placed labels
	kubectl taint node "$real" away- >/dev/null
	eventually is "$real $IMAGE" placed labels
	kubectl cordon "$real" >/dev/null
	kubectl delete pods -l app=labels >/dev/null
	eventually is 1 kubectl get daemonset labels -o jsonpath='{.status.numberAvailable}'
	kubectl uncordon "$real" >/dev/null
	kubectl label node "$real" disk- >/dev/null
}

@test "a rolling update takes no more than maxUnavailable away" {
	make_daemonset rolling '{rollingUpdate: {maxUnavailable: 3}}'
	done_with rolling
	"$ROOT/e2e/availability" "$DIR" $NS app=rolling >"$BATS_TEST_TMPDIR/availability" 2>&1 3>&- &
	pid=$!
	eventually grep -q watching "$BATS_TEST_TMPDIR/availability"
	kubectl set image daemonset/rolling web=localhost/coracle-demo:2.0
	done_with rolling
	kill $pid
	wait $pid
	cat "$BATS_TEST_TMPDIR/availability"
	. <(grep min_available "$BATS_TEST_TMPDIR/availability" | tr ' ' '\n')
	[ "$min_available" -ge 9 ]
	[ "$(placed rolling | grep -c ':2.0$')" = 12 ]
}

@test "with surge a node has its Pod at every moment" {
	make_daemonset surge '{rollingUpdate: {maxUnavailable: 0, maxSurge: 4}}'
	done_with surge
	"$ROOT/e2e/availability" "$DIR" $NS app=surge >"$BATS_TEST_TMPDIR/availability" 2>&1 3>&- &
	pid=$!
	eventually grep -q watching "$BATS_TEST_TMPDIR/availability"
	kubectl set image daemonset/surge web=localhost/coracle-demo:2.0
	done_with surge
	kill $pid
	wait $pid
	cat "$BATS_TEST_TMPDIR/availability"
	. <(grep min_available "$BATS_TEST_TMPDIR/availability" | tr ' ' '\n')
	[ "$min_available" -ge 12 ]
	eventually is 12 kubectl get daemonset surge -o jsonpath='{.status.updatedNumberScheduled}'
}

@test "OnDelete replaces what somebody deletes" {
	make_daemonset ondelete '{type: OnDelete}'
	eventually is 12 kubectl get daemonset ondelete -o jsonpath='{.status.numberAvailable}'
	kubectl set image daemonset/ondelete web=localhost/coracle-demo:2.0
	eventually is 2 kubectl get daemonset ondelete -o jsonpath='{.status.observedGeneration}'
	[ "$(placed ondelete | grep -c ':2.0$')" = 0 ]
	kubectl delete pod "$(kubectl get pods -l app=ondelete -o name | head -1 | cut -d/ -f2)" >/dev/null
	eventually is 1 kubectl get daemonset ondelete -o jsonpath='{.status.updatedNumberScheduled}'
	eventually is 12 kubectl get daemonset ondelete -o jsonpath='{.status.numberAvailable}'
}

@test "history, status and undo by every kubectl" {
	make_daemonset past '{rollingUpdate: {maxUnavailable: 100%}}'
	kubectl annotate daemonset past kubernetes.io/change-cause=first >/dev/null
	done_with past
	kubectl set image daemonset/past web=localhost/coracle-demo:2.0
	done_with past
	revision=2 image=1.0
	while read -r k <&9; do
		"$k" rollout undo daemonset/past
		"$k" rollout status daemonset/past --timeout=${GUARD}s
		[ "$(placed past | grep -c ":$image\$")" = 12 ]
		revision=$((revision + 1))
		"$k" rollout history daemonset/past | tee "$BATS_TEST_TMPDIR/history"
		[ "$(awk '$1 ~ /^[0-9]+$/ {print $1}' "$BATS_TEST_TMPDIR/history" | paste -sd' ')" = "$((revision - 1)) $revision" ]
		"$k" rollout history daemonset/past --revision=$revision | grep "coracle-demo:$image"
		[ "$image" = 1.0 ] && image=2.0 || image=1.0
	done 9< <(kubectls)
	[ $revision -gt 2 ]
}

@test "killed in the middle of a rollout, the controller makes nothing twice" {
	make_daemonset killed '{rollingUpdate: {maxUnavailable: 4}}'
	done_with killed
	for image in 2.0 1.0 2.0; do
		kubectl set image daemonset/killed web=localhost/coracle-demo:$image
		pid=$(daemon_pid controller-manager)
		kill -9 "$pid"
		eventually gone "$pid"
		up_again
		done_with killed
		[ "$(placed killed | wc -l)" = 12 ]
		[ "$(placed killed | grep -c ":$image\$")" = 12 ]
		[ "$(kubectl get controllerrevisions -l app=killed -o name | wc -l)" = 2 ]
	done
}

@test "two with one selector, and Pods of others, are left in peace" {
	make_daemonset one '{type: RollingUpdate}'
	done_with one
	kubectl get daemonset one -o json | jq '.metadata = {name: "two"}' | kubectl create -f - >/dev/null
	done_with two
	[ "$(kubectl get pods -l app=one -o name | wc -l)" = 24 ]
	kubectl get pods -l app=one -o name | sort >"$BATS_TEST_TMPDIR/before"
	kubectl label node fake-0003 touched=yes >/dev/null
	done_with one
	done_with two
	diff "$BATS_TEST_TMPDIR/before" <(kubectl get pods -l app=one -o name | sort)
	kubectl label node fake-0003 touched- >/dev/null
}
