#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where Pods go: spread over zones, near and away from each other, in the place of less important ones. Six fake nodes in three zones.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace scheduling-test
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --fake-nodes 6 >"$BATS_FILE_TMPDIR/up.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/up.log" >&3; return 1; }
	eventually is 6 node_count
	local i=0 n
	for n in $(kubectl get nodes -l type=fake -o name); do
		kubectl label "$n" "topology.kubernetes.io/zone=z$((i++ % 3))" >/dev/null
	done
	# a new node is tainted not-ready until the controller has seen it
	eventually is "" kubectl get nodes -o jsonpath='{.items[*].spec.taints}'
	kubectl create priorityclass scheduling-high --value=1000 >/dev/null
	kubectl create priorityclass scheduling-polite --value=1000 --preemption-policy=Never >/dev/null
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=scheduling-test drop_namespace
	stop "$DIR" fake-nodes >/dev/null
	kubectl delete nodes -l type=fake --wait=false >/dev/null
	kubectl delete priorityclass scheduling-high scheduling-polite >/dev/null
	kubectl delete namespace scheduling-red --wait=false >/dev/null 2>&1 || :
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=scheduling-test
}
teardown() {
	autopsy
	kubectl delete deployments,pods,poddisruptionbudgets --all --wait=false --grace-period=0 --force >/dev/null 2>&1
	eventually is "" kubectl get pods -o name
}
node_count() { kubectl get nodes -l type=fake --no-headers | grep -cw Ready; }

# pods NAME REPLICAS SPEC: a Deployment on the fake nodes, whose Pods have this in their spec, too.
pods() {
	kubectl create -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      nodeSelector: {type: fake}
      terminationGracePeriodSeconds: 2
      containers: [{name: c, image: $IMAGE, resources: {requests: {cpu: ${CPU:-1m}}}}]
$(sed 's/^/      /' <<<"$3")
END
}
placed() { kubectl get pods -l "app=$1" -o jsonpath='{range .items[*]}{.spec.nodeName}{"\n"}{end}' | sed '/^$/d'; }
placed_count() { placed "$1" | wc -l; }
zone() { kubectl get node "$1" -o jsonpath='{.metadata.labels.topology\.kubernetes\.io/zone}{"\n"}'; }
# How many Pods each zone, or node, has: "2 2 2".
by_zone() {
	local n
	for n in $(placed "$1"); do zone "$n"; done | sort | uniq -c | awk '{print $1}' | xargs
}
by_node() { placed "$1" | sort | uniq -c | awk '{print $1}' | xargs; }
message() { kubectl get pods -l "app=$1" -o jsonpath='{range .items[*]}{.status.conditions[?(@.type=="PodScheduled")].message}{"\n"}{end}' | sed '/^$/d' | head -n 1; }

@test "a topology spread constraint is kept, and says why it stops" {
	pods even 6 'topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: even}}}]'
	eventually is "2 2 2" by_zone even
	kubectl scale deployment even --replicas=9
	eventually is "3 3 3" by_zone even
	pods many 3 'topologySpreadConstraints: [{maxSkew: 1, minDomains: 5, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: many}}}]'
	eventually is "1 1 1" by_zone many
	kubectl scale deployment many --replicas=4
	eventually shows "^0/7 nodes are available: 1 node\(s\) didn't match Pod's node affinity/selector, 6 node\(s\) didn't match pod topology spread constraints\. preemption: 0/7 nodes are available: 1 Preemption is not helpful for scheduling, 6 No preemption victims found for incoming pod\.$" message many
}

@test "the Pods of a Deployment are spread without being asked" {
	pods plain 6 'terminationGracePeriodSeconds: 2'
	eventually is "1 1 1 1 1 1" by_node plain
}

@test "Pods stay away from each other; the seventh waits until one goes" {
	pods alone 7 'affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: alone}}}]}}'
	eventually is "1 1 1 1 1 1" by_node alone
	eventually shows "6 node\(s\) didn't match pod anti-affinity rules" message alone
	kubectl scale deployment alone --replicas=6
	eventually is "" message alone
	# Who has no such rule is kept out by theirs.
	kubectl run guest --image=$IMAGE --labels=app=alone --overrides='{"spec":{"nodeSelector":{"type":"fake"}}}' >/dev/null
	eventually shows "6 node\(s\) didn't satisfy existing pods anti-affinity rules" message alone
}

@test "Pods go where others are, of other namespaces too" {
	kubectl create namespace scheduling-red >/dev/null
	kubectl label namespace scheduling-red team=red >/dev/null
	kubectl -n scheduling-red run db --image=$IMAGE --labels=role=db --overrides='{"spec":{"nodeSelector":{"type":"fake"}}}' >/dev/null
	pods near 4 'affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: topology.kubernetes.io/zone, namespaceSelector: {matchLabels: {team: red}}, labelSelector: {matchLabels: {role: db}}}]}}'
	eventually is 4 placed_count near
	is 4 by_zone near
	is "$(zone "$(kubectl -n scheduling-red get pod db -o jsonpath='{.spec.nodeName}')")" zone "$(placed near | head -n 1)"
	pods lost 1 'affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: topology.kubernetes.io/zone, labelSelector: {matchLabels: {role: db}}}]}}'
	eventually shows "6 node\(s\) didn't match pod affinity rules" message lost
}

@test "the first of Pods that want to be together finds a place" {
	pods together 3 'affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: together}}}]}}'
	eventually is 3 by_node together
}

@test "a more important Pod takes the place of another, with all that is said of it" {
	CPU=20 pods low 6 'terminationGracePeriodSeconds: 2'
	eventually is 6 placed_count low
	CPU=20 pods polite 1 'priorityClassName: scheduling-polite'
	eventually shows "6 Insufficient cpu\. preemption: not eligible due to preemptionPolicy=Never\.$" message polite
	kubectl delete deployment polite >/dev/null
	kubectl get pods -l app=low -w -o json >"$BATS_TEST_TMPDIR/low" 2>/dev/null 3>&- & watch=$!
	kubectl get pods -l app=high -w -o json >"$BATS_TEST_TMPDIR/high" 2>/dev/null 3>&- & watch="$watch $!"
	begun() { [ "$(grep -c '"nodeName": "fake-' "$BATS_TEST_TMPDIR/low")" -ge 6 ]; }
	eventually begun # or the victim is gone before anybody looks
	CPU=20 pods high 1 'priorityClassName: scheduling-high'
	eventually is 1 placed_count high
	eventually is 5 placed_count low
	eventually shows 'Preempted +pod/low-.* +Preempted by pod [0-9a-f-]{36} on node fake-000' kubectl get events --field-selector reason=Preempted
	eventually shows PreemptionByScheduler cat "$BATS_TEST_TMPDIR/low"
	eventually shows 'default-scheduler: preempting to accommodate a higher priority pod' cat "$BATS_TEST_TMPDIR/low"
	eventually shows '"nominatedNodeName": "fake-000' cat "$BATS_TEST_TMPDIR/high"
	kill $watch
	eventually shows "6 Insufficient cpu\. preemption: 0/7 nodes are available: 1 Preemption is not helpful for scheduling, 6 No preemption victims found for incoming pod\.$" message low
}

@test "a disruption budget is respected as long as there is another way" {
	CPU=20 pods guarded 5 'terminationGracePeriodSeconds: 2'
	eventually is 5 placed_count guarded
	CPU=20 pods free 1 'terminationGracePeriodSeconds: 2'
	eventually is 1 placed_count free
	kubectl create poddisruptionbudget keep --selector=app=guarded --min-available=5 >/dev/null
	CPU=20 pods high 1 'priorityClassName: scheduling-high'
	eventually is 1 placed_count high
	is 5 placed_count guarded
	is 0 placed_count free
	kubectl scale deployment high --replicas=2 # and where there is none, it goes
	eventually is 2 placed_count high
	eventually is 4 placed_count guarded
}

@test "a gated Pod waits for its gates" {
	kubectl create -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: gated, labels: {app: gated}}
spec: {schedulingGates: [{name: example.com/a}], nodeSelector: {type: fake}, containers: [{name: c, image: $IMAGE}]}
END
	eventually shows SchedulingGated kubectl get pod gated
	kubectl patch pod gated --type=json -p '[{"op":"remove","path":"/spec/schedulingGates"}]' >/dev/null
	eventually is 1 placed_count gated
}
