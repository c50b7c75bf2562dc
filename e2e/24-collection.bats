#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What goes with what, and how much there may be: cascades of every kind, namespaces with custom resources,
# ReplicationControllers, disruption budgets, quotas. The controllers' own tests go into every case; here are the clients.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace collection
	define
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	kubectl delete --ignore-not-found crd barges.sea.example.com
	NS=collection drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=collection
}

define() {
	kubectl create -f - <<-END
		{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"barges.sea.example.com"},
		 "spec":{"group":"sea.example.com","names":{"kind":"Barge","plural":"barges","singular":"barge"},"scope":"Namespaced",
		 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
		 "properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}},
		 "subresources":{"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size"}}}]}}
	END
	kubectl wait --for=condition=Established crd/barges.sea.example.com --timeout=${GUARD}s
}

barge() { # name [namespace]
	kubectl create -n "${2:-$NS}" -f - <<-END
		{"apiVersion":"sea.example.com/v1","kind":"Barge","metadata":{"name":"$1"},"spec":{"size":4}}
	END
}

# An object of a kind with the barge as its owner; the rest of it is JSON.
owned() { # kind apiVersion name owner more
	kubectl create -f - <<-END
		{"kind":"$1","apiVersion":"$2","metadata":{"name":"$3","finalizers":${5:-null},"ownerReferences":[{"apiVersion":"sea.example.com/v1",
		 "kind":"Barge","name":"$4","uid":"$(kubectl get barge "$4" -o jsonpath='{.metadata.uid}')","blockOwnerDeletion":true,"controller":true}]}}
	END
}
gone() { run kubectl get "$@" --ignore-not-found -o name && [ -z "$output" ]; }

@test "cascade=background takes what a custom resource owns, of whatever kind" {
	barge one
	owned Role rbac.authorization.k8s.io/v1 cargo one
	owned Barge sea.example.com/v1 tender one
	kubectl delete barge one --cascade=background
	eventually gone role cargo
	eventually gone barge tender
}

@test "cascade=foreground waits for the last of them" {
	barge two
	owned Role rbac.authorization.k8s.io/v1 anchor two '["sea.example.com/hold"]'
	kubectl delete barge two --cascade=foreground --wait=false
	eventually shows '.' kubectl get role anchor -o jsonpath='{.metadata.deletionTimestamp}'
	is '["foregroundDeletion"]' kubectl get barge two -o jsonpath='{.metadata.finalizers}'
	kubectl patch role anchor --type=merge -p '{"metadata":{"finalizers":null}}'
	eventually gone barge two
	gone role anchor
}

@test "cascade=orphan leaves them behind" {
	barge three
	owned ConfigMap v1 driftwood three
	kubectl delete barge three --cascade=orphan
	eventually gone barge three
	is '' kubectl get configmap driftwood -o jsonpath='{.metadata.ownerReferences}'
	is '' kubectl get configmap driftwood -o jsonpath='{.metadata.deletionTimestamp}'
}

@test "an owner in another namespace is none, and an event says so" {
	kubectl create namespace collection-far
	barge far collection-far
	kubectl create -f - <<-END
		{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"stray","ownerReferences":[{"apiVersion":"sea.example.com/v1","kind":"Barge",
		 "name":"far","uid":"$(kubectl get barge -n collection-far far -o jsonpath='{.metadata.uid}')"}]}}
	END
	eventually gone configmap stray
	eventually shows 'OwnerRefInvalidNamespace.*ownerRef .sea.example.com/v1/Barge, namespace: collection, name: far, .* does not exist in namespace "collection"' \
		kubectl get events --field-selector involvedObject.name=stray
	kubectl delete namespace collection-far --wait=false
}

@test "a namespace takes its custom resources with it, and says what holds it" {
	kubectl create namespace collection-ends
	barge held collection-ends
	kubectl patch barge held -n collection-ends --type=merge -p '{"metadata":{"finalizers":["sea.example.com/hold"]}}'
	kubectl create configmap plain -n collection-ends
	kubectl delete namespace collection-ends --wait=false
	eventually is 'Some resources are remaining: barges.sea.example.com has 1 resource instances' \
		kubectl get namespace collection-ends -o jsonpath='{.status.conditions[?(@.type=="NamespaceContentRemaining")].message}'
	is 'Some content in the namespace has finalizers remaining: sea.example.com/hold in 1 resource instances' \
		kubectl get namespace collection-ends -o jsonpath='{.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}'
	gone configmap -n collection-ends plain
	kubectl patch barge held -n collection-ends --type=merge -p '{"metadata":{"finalizers":null}}'
	eventually gone namespace collection-ends
}

rc() { # name replicas
	kubectl create -f - <<-END
		{"kind":"ReplicationController","apiVersion":"v1","metadata":{"name":"$1"},"spec":{"replicas":$2,"selector":{"app":"$1"},
		 "template":{"metadata":{"labels":{"app":"$1"}},"spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"$IMAGE",
		 "command":["busybox","sleep","3600"],"resources":{"requests":{"cpu":"10m","memory":"1Mi"}}}]}}}}
	END
}
ready() { is "$2" kubectl get rc "$1" -o jsonpath='{.status.readyReplicas}'; }

@test "a ReplicationController, its scale, and its Pods that go with it" {
	rc old 2
	eventually ready old 2
	kubectl describe rc old | grep -q 'Pods Status: *2 Running'
	kubectl scale rc old --replicas=3 --current-replicas=2
	eventually ready old 3
	kubectl scale rc old --replicas=1
	eventually is 1 kubectl get rc old -o jsonpath='{.status.replicas}'
	kubectl delete rc old
	eventually gone pods -l app=old
}

allowed() { is "$2" kubectl get pdb "$1" -o jsonpath='{.status.disruptionsAllowed}'; }

@test "a budget, an eviction and a drain" {
	rc guarded 2
	kubectl create poddisruptionbudget guard --selector=app=guarded --min-available=50%
	eventually allowed guard 1
	is 'SufficientPods' kubectl get pdb guard -o jsonpath='{.status.conditions[?(@.type=="DisruptionAllowed")].reason}'
	kubectl describe pdb guard | grep -q 'Total: *2'
	kubectl patch rc guarded --type=merge -p '{"spec":{"replicas":1}}'
	eventually is '0 1 1' kubectl get pdb guard -o jsonpath='{.status.disruptionsAllowed} {.status.currentHealthy} {.status.expectedPods}'
	node=$(kubectl get pods -l app=guarded -o jsonpath='{.items[0].spec.nodeName}')
	run kubectl drain "$node" --pod-selector=app=guarded --timeout=3s
	[ "$status" -ne 0 ]
	[[ $output == *"Cannot evict pod as it would violate the pod's disruption budget"* ]]
	kubectl delete pdb guard
	kubectl drain "$node" --pod-selector=app=guarded --timeout=${GUARD}s
	kubectl uncordon "$node"
	kubectl delete rc guarded
}

@test "a budget over a custom resource with a scale" {
	barge fleet
	kubectl create -f - <<-END
		{"kind":"Pod","apiVersion":"v1","metadata":{"name":"sailor","labels":{"app":"sailor"},"ownerReferences":[{"apiVersion":"sea.example.com/v1",
		 "kind":"Barge","name":"fleet","uid":"$(kubectl get barge fleet -o jsonpath='{.metadata.uid}')","controller":true}]},
		 "spec":{"schedulerName":"nobody","containers":[{"name":"c","image":"i"}]}}
	END
	kubectl create poddisruptionbudget crew --selector=app=sailor --max-unavailable=25%
	eventually is '4 3 0' kubectl get pdb crew -o jsonpath='{.status.expectedPods} {.status.desiredHealthy} {.status.currentHealthy}'
	kubectl delete barge fleet
	eventually gone pod sailor
}

@test "quotas of every kind, as kubectl describes them" {
	kubectl create quota all --hard=pods=5,requests.cpu=1,memory=1Gi,configmaps=20,count/replicationcontrollers=3,count/barges.sea.example.com=7,services.nodeports=2,count/roles.rbac.authorization.k8s.io=4
	rc counted 2
	barge counted
	kubectl create role counted --verb=get --resource=pods
	kubectl create service nodeport counted --tcp=80
	eventually is '2 20m 2Mi 1 1 1 1' kubectl get quota all -o jsonpath='{.status.used.pods} {.status.used.requests\.cpu} {.status.used.memory} {.status.used.count/replicationcontrollers} {.status.used.count/barges\.sea\.example\.com} {.status.used.services\.nodeports} {.status.used.count/roles\.rbac\.authorization\.k8s\.io}'
	kubectl describe quota all | grep -qE '^count/barges.sea.example.com +1 +7$'
	kubectl delete rc/counted barge/counted role/counted service/counted
	eventually is '0 0 0 0' kubectl get quota all -o jsonpath='{.status.used.pods} {.status.used.requests\.cpu} {.status.used.count/barges\.sea\.example\.com} {.status.used.services\.nodeports}'
}

@test "nobody watches what has nothing to do with it" {
	kubectl create priorityclass collection-idle --value=1
	is '' kubectl get configmap coracle-dependants -n kube-system -o jsonpath='{.data.priorityclasses\.scheduling\.k8s\.io}'
	is v1 kubectl get configmap coracle-dependants -n kube-system -o jsonpath='{.data.roles\.rbac\.authorization\.k8s\.io}'
	kubectl delete priorityclass collection-idle
}
