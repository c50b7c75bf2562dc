#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kinds of the users' own, as kubectl sees them: defined, used in several versions, changed, deleted with all that is of them.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace crd-test
	kubectl create -f "$ROOT/e2e/data/boats.yaml"
	kubectl wait --for=condition=Established crd/boats.sea.example.com --timeout=${GUARD}s
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	kubectl delete --ignore-not-found crd boats.sea.example.com
	NS=crd-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=crd-test
}

boat() { # name [spec]
	kubectl create -f - <<-END
		{"apiVersion":"sea.example.com/v1","kind":"Boat","metadata":{"name":"$1"},"spec":${2:-{\}}}
	END
}

@test "the definition says what it is served as" {
	is 'NoConflicts InitialNamesAccepted' kubectl get crd boats.sea.example.com -o jsonpath='{.status.conditions[?(@.type=="NamesAccepted")].reason} {.status.conditions[?(@.type=="Established")].reason}'
	is '["v1"]' kubectl get crd boats.sea.example.com -o jsonpath='{.status.storedVersions}'
	is BoatList kubectl get crd boats.sea.example.com -o jsonpath='{.status.acceptedNames.listKind}'
	kubectl api-resources --api-group=sea.example.com | grep -q '^boats *bt *sea.example.com/v1 *true *Boat'
}

@test "defaults, pruning, validation" {
	boat plain
	is '{"colour":"red","crew":2}' kubectl get boat plain -o jsonpath='{.spec}'
	run -1 boat wrong '{"crew":"many"}'
	[[ $output == *'spec.crew: Invalid value: "string": spec.crew in body must be of type integer: "string"'* ]]
	run -1 boat wrong '{"colour":"blue","crew":0}'
	[[ $output == *'spec.colour: Unsupported value: "blue": supported values: "red", "white"'* ]]
	[[ $output == *'spec.crew: Invalid value: 0: spec.crew in body should be greater than or equal to 1'* ]]
	run -1 boat wrong '{"unknown":1}'
	[[ $output == *'unknown field "spec.unknown"'* ]]
}

@test "short names, categories, columns, field selectors" {
	boat white '{"colour":"white","crew":7}'
	kubectl get fleet -o name | grep -qx boat.sea.example.com/white
	is 'NAME CREW READY AGE' bash -c "kubectl get bt | head -n 1 | tr -s ' ' | sed 's/ $//'"
	is white kubectl get boats --field-selector spec.colour=white -o jsonpath='{.items[*].metadata.name}'
	run -1 kubectl get boats --field-selector spec.crew=7
	[[ $output == *'field label not supported: spec.crew'* ]]
}

@test "status and scale" {
	boat scaled
	kubectl scale boat scaled --replicas=5
	is '5 2' kubectl get boat scaled -o jsonpath='{.spec.crew} {.metadata.generation}'
	kubectl patch boat scaled --subresource=status --type=merge -p '{"spec":{"crew":9},"status":{"crew":4,"selector":"a=b","conditions":[{"type":"Ready","status":"True"}]}}'
	is '5 2 4' kubectl get boat scaled -o jsonpath='{.spec.crew} {.metadata.generation} {.status.crew}'
	is '{"replicas":4,"selector":"a=b"}' bash -c "kubectl get --raw /apis/sea.example.com/v1/namespaces/$NS/boats/scaled/scale | jq -c .status"
	kubectl get boat scaled | grep -q True
	run kubectl patch boat scaled --subresource=scale --type=merge -p '{"spec":{"replicas":-8}}'
	[[ $output == *'The Boat "scaled" is invalid: .spec.crew: Invalid value: -8: should be a non-negative integer'* ]]
}

@test "another version of the same object, which is deprecated" {
	boat twice
	is 'sea.example.com/v1beta1 {"crew":2}' kubectl get boats.v1beta1.sea.example.com twice -o jsonpath='{.apiVersion} {.spec}'
	run kubectl get boats.v1beta1.sea.example.com twice
	[[ $output == *'sea.example.com/v1beta1 Boat is deprecated; use sea.example.com/v1 Boat'* ]]
}

@test "patches: merge and JSON, but not strategic" {
	boat patched
	kubectl patch boat patched --type=merge -p '{"spec":{"crew":3}}'
	kubectl patch boat patched --type=json -p '[{"op":"replace","path":"/spec/crew","value":4}]'
	is 4 kubectl get boat patched -o jsonpath='{.spec.crew}'
	run -1 kubectl patch boat patched --type=strategic -p '{"spec":{"crew":5}}'
	[[ $output == *'application/strategic-merge-patch+json is not supported'* ]]
}

@test "no protobuf of a custom resource, but of what is told of it" {
	boat wired
	local pb='Accept: application/vnd.kubernetes.protobuf' path=/apis/sea.example.com/v1/namespaces/$NS/boats
	is 406 code "$path/wired" -H "$pb"
	is 406 code "$path" -H "$pb"
	is 200 code "$path/wired/scale" -H "$pb"
	is 200 code "$path/wired" -H "$pb;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	is 404 code "$path/none" -H "$pb"
	grep -aq 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf' <(api "$path/wired" -H "$pb")
	is 400 code "$path" -H 'Content-Type: application/vnd.kubernetes.protobuf' --data-binary $'k8s'
}

@test "a field that gets a default later has it in objects that were there before" {
	boat older
	kubectl patch crd boats.sea.example.com --type=json -p '[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/sails","value":{"type":"integer","default":3}}]'
	eventually is 3 kubectl get boat older -o jsonpath='{.spec.sails}'
}

@test "what upstream refuses is refused" {
	run -1 kubectl patch crd boats.sea.example.com --type=merge -p '{"spec":{"scope":"Cluster"}}'
	[[ $output == *'spec.scope: Invalid value: "Cluster": field is immutable'* ]]
	run -1 kubectl create -f - <<-END
		{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"cars.sea.example.com"},"spec":{"group":"sea.example.com",
		 "names":{"plural":"cars","kind":"Car"},"scope":"Cluster","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{}}}}}]}}
	END
	[[ $output == *'spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields'* ]]
}

@test "a deletion takes all that is of the kind along" {
	boat last
	kubectl patch boat last --type=merge -p '{"metadata":{"finalizers":["example.com/held"]}}'
	kubectl delete --wait=false crd boats.sea.example.com
	eventually is InstanceDeletionInProgress kubectl get crd boats.sea.example.com -o jsonpath='{.status.conditions[?(@.type=="Terminating")].reason}'
	run -1 boat late
	[[ $output == *'create not allowed while custom resource definition is terminating'* ]]
	kubectl patch boat last --type=merge -p '{"metadata":{"finalizers":null}}'
	kubectl wait --for=delete crd/boats.sea.example.com --timeout=${GUARD}s
	run -1 kubectl get boats
}
