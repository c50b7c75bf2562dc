#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Three sets of definitions as people install them (a gateway API, a certificate manager, a Prometheus operator): each
# installed its own way, then used: defaults, refusals, versions, explain, apply, columns, deletion.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace crd-sets
	cd "$ROOT/e2e/data/crds" || return
	kubectl create -f gateway.yaml >"$BATS_FILE_TMPDIR/gateway" 2>&1
	kubectl apply -f certificates.yaml >"$BATS_FILE_TMPDIR/certificates" 2>&1
	kubectl apply --server-side -f monitoring.yaml >"$BATS_FILE_TMPDIR/monitoring" 2>&1
	kubectl wait --for=condition=Established --timeout=${GUARD}s -f gateway.yaml -f certificates.yaml -f monitoring.yaml
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	kubectl delete --ignore-not-found --wait=false -f "$ROOT/e2e/data/crds" >/dev/null
	NS=crd-sets drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=crd-sets
	cd "$ROOT/e2e/data/crds" || return
}

# refused TEXT...: kubectl refuses the object on stdin, and each text is a part of why.
refused() {
	local text
	run -1 kubectl create -f -
	for text; do [[ $output == *"$text"* ]] || { echo "no: $text" && return 1; }; done
}
# as MANAGER [options]: server-side apply of stdin.
as() {
	local manager=$1
	shift
	kubectl apply --server-side --field-manager="$manager" "$@" -f -
}
# object API KIND NAME SPEC: all of it, as YAML.
object() { printf 'apiVersion: %s\nkind: %s\nmetadata: {name: %s}\nspec: %s\n' "$1" "$2" "$3" "${4//[$'\t\n']/ }"; }
gateway() { object gateway.networking.k8s.io/v1 Gateway "$@"; }
prometheus() { object monitoring.coreos.com/v1 Prometheus "$@"; }
json() { kubectl get "$@" -o json; }

@test "they are installed by create, apply and server-side apply" {
	is 5 grep -c 'created$' "$BATS_FILE_TMPDIR/gateway"
	is 6 grep -c 'created$' "$BATS_FILE_TMPDIR/certificates"
	is 7 grep -c 'serverside-applied$' "$BATS_FILE_TMPDIR/monitoring"
	grep -q 'Warning: .*properties\[controllerName\].x-kubernetes-validations: these rules are not enforced' "$BATS_FILE_TMPDIR/gateway"
	is 6 bash -c "kubectl apply -f certificates.yaml 2>/dev/null | grep -c 'unchanged$'"
	kubectl diff -f certificates.yaml
	local before
	before=$(json crd prometheuses.monitoring.coreos.com | jq -r .metadata.resourceVersion)
	kubectl apply --server-side -f monitoring.yaml >/dev/null
	is "$before" bash -c "kubectl get crd prometheuses.monitoring.coreos.com -o json | jq -r .metadata.resourceVersion"
}

@test "a set may be applied over by another manager, which then conflicts" {
	run -1 kubectl apply --server-side --field-manager=other -f - <<-END
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: probes.monitoring.coreos.com}
		spec: {scope: Cluster}
	END
	[[ $output == *'conflict with "kubectl": .spec.scope'* ]]
	kubectl apply --server-side --field-manager=other -f - <<-END
		apiVersion: apiextensions.k8s.io/v1
		kind: CustomResourceDefinition
		metadata: {name: probes.monitoring.coreos.com, labels: {a: b}}
		spec: {scope: Namespaced}
	END
	is b kubectl get crd probes.monitoring.coreos.com -o jsonpath='{.metadata.labels.a}'
	is '{}' bash -c "kubectl get crd probes.monitoring.coreos.com -o json --show-managed-fields | jq -c '.metadata.managedFields[] | select(.manager==\"kubectl\") | .fieldsV1[\"f:spec\"][\"f:versions\"]'"
}

@test "names, short names, categories, approval" {
	is '5 6 7' bash -c "echo \$(for g in gateway.networking.k8s.io cert-manager.io monitoring.coreos.com; do
		kubectl api-resources --no-headers --api-group=\$g; [ \$g != cert-manager.io ] || kubectl api-resources --no-headers --api-group=acme.cert-manager.io; echo -; done | awk '/^-/ {print n; n=0; next} {n++}')"
	kubectl get gtw,gc,certs,cr,issuers,prom,smon,pmon,promrule,amcfg 2>&1 | grep -q "doesn't have a resource type \"amcfg\""
	kubectl get gtw,gc,certs,cr,issuers,prom,smon,pmon,promrule
	is 5 bash -c "kubectl api-resources --categories=gateway-api -o name | wc -l"
	is ApprovedAnnotation kubectl get crd gateways.gateway.networking.k8s.io -o jsonpath='{.status.conditions[?(@.type=="KubernetesAPIApprovalPolicyConformant")].reason}'
	is '["v1beta1"]' kubectl get crd referencegrants.gateway.networking.k8s.io -o jsonpath='{.status.storedVersions}'
}

@test "explained to the last field" {
	local path
	while read -r path text; do
		kubectl explain "$path" | tr -s ' \n' ' ' | grep -qF -- "$text" || { echo "$path: no $text" && return 1; }
	done <<-END
		gateways Ports that are open to traffic
		gateways.spec.listeners.tls.certificateRefs.name FIELD: name <string>
		httproutes.spec.rules.matches.path.type ENUM: Exact PathPrefix RegularExpression
		grpcroutes.spec.rules.matches.method.service The gRPC service.
		certificates.spec.privateKey.rotationPolicy ENUM: Never Always
		clusterissuers.spec.acme.solvers.http01.ingress.podTemplate.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions.operator FIELD: operator <string>
		prometheuses.spec.containers.livenessProbe.httpGet.port FIELD: port <Object>
		prometheuses.spec.volumes.projected.sources.serviceAccountToken.expirationSeconds FIELD: expirationSeconds <integer>
		prometheuses.spec.storage.volumeClaimTemplate.spec.resources.requests FIELD: requests <map[string]
		prometheusrules.spec.groups.rules.expr The expression.
		alertmanagers.spec.tolerations.tolerationSeconds FIELD: tolerationSeconds <integer>
	END
	[ "$(kubectl explain prometheuses --recursive | wc -l)" -gt 1500 ]
	kubectl explain gateways.spec.listeners.port --api-version=gateway.networking.k8s.io/v1beta1 | grep -q 'VERSION: *v1beta1'
}

@test "defaults, of parts within parts" {
	gateway front '{gatewayClassName: boat, listeners: [{name: web, port: 80, protocol: HTTP}, {name: safe, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: front}]}}]}' |
		kubectl create -f -
	is '[{"from":"Same"},{"group":"","kind":"Secret","name":"front"},"Terminate"]' bash -c \
		"kubectl get gtw front -o json | jq -c '.spec.listeners | [.[0].allowedRoutes.namespaces, (.[1].tls | .certificateRefs[0], .mode)]'"
	# of the status as well, though only its own road writes it
	is 'Accepted=Unknown Programmed=Unknown ' kubectl get gtw front -o jsonpath='{range .status.conditions[*]}{.type}={.status} {end}'
	kubectl create -f - <<-END
		apiVersion: gateway.networking.k8s.io/v1
		kind: HTTPRoute
		metadata: {name: web}
		spec:
		  parentRefs: [{name: front}]
		  hostnames: [a.example.com]
		  rules:
		  - matches: [{headers: [{name: x-boat, value: red}]}, {path: {value: /api}}]
		    backendRefs: [{name: api, port: 8080}]
		  - backendRefs: [{name: web, port: 80, weight: 9}]
	END
	is '[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"front"},{"type":"PathPrefix","value":"/"},"Exact",{"type":"PathPrefix","value":"/api"},[1,9]]' bash -c \
		"kubectl get httproute web -o json | jq -c '.spec | [.parentRefs[0], .rules[1].matches[0].path, .rules[0].matches[0].headers[0].type, .rules[0].matches[1].path, [.rules[].backendRefs[0].weight]]'"
	prometheus main '{replicas: 2, resources: {requests: {memory: 400Mi, cpu: 1}}, containers: [{name: side, ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}],
		livenessProbe: {httpGet: {port: web}}, readinessProbe: {tcpSocket: {port: 80}}}], storage: {volumeClaimTemplate: {metadata: {labels: {a: b}}, spec: {resources: {requests: {storage: 10Gi}}}}}}' |
		kubectl create -f -
	is '["30s","web",["TCP","UDP"],"web",80,1,"400Mi",{"a":"b"}]' bash -c "kubectl get prom main -o json | jq -c '.spec |
		[.scrapeInterval, .portName, [.containers[0].ports[].protocol], .containers[0].livenessProbe.httpGet.port, .containers[0].readinessProbe.tcpSocket.port, .resources.requests.cpu,
		.resources.requests.memory, .storage.volumeClaimTemplate.metadata.labels]'"
}

@test "what nobody has named is kept where that is allowed, else dropped or refused" {
	local issuer
	issuer=$(object cert-manager.io/v1 Issuer ca '{acme: {server: "https://a.example.com", privateKeySecretRef: {name: key}, solvers: [
		{selector: {dnsZones: [example.com]}, dns01: {webhook: {groupName: a.example.com, solverName: s, config: {any: {thing: [1, two, {three: 3.5}]}}}}},
		{http01: {ingress: {podTemplate: {spec: {tolerations: [{key: a, operator: Exists, colour: red}]}}}}}]}}')
	refused 'unknown field "spec.acme.solvers[1].http01.ingress.podTemplate.spec.tolerations[0].colour"' <<<"$issuer"
	kubectl create --validate=warn -f - <<<"$issuer" 2>&1 | grep -q 'Warning: unknown field "spec.acme.solvers\[1\]'
	is '[{"any":{"thing":[1,"two",{"three":3.5}]}},{"key":"a","operator":"Exists"}]' bash -c \
		"kubectl get issuer ca -o json | jq -c '.spec.acme.solvers | [.[0].dns01.webhook.config, .[1].http01.ingress.podTemplate.spec.tolerations[0]]'"
}

@test "what upstream refuses is refused in its words: gateways" {
	gateway bad '{listeners: [{name: Web, port: 0, protocol: "a b"}, {name: web, port: 70000, protocol: HTTP, tls: {mode: No}}, {name: web, port: 70, protocol: HTTP, allowedRoutes: {namespaces: {from: Nowhere}}}]}' |
		refused 'spec.gatewayClassName: Required value' 'spec.listeners[0].name: Invalid value: "Web": spec.listeners[0].name in body should match '"'^[a-z0-9]" \
			'spec.listeners[0].port: Invalid value: 0: spec.listeners[0].port in body should be greater than or equal to 1' \
			'spec.listeners[0].protocol: Invalid value: "a b": spec.listeners[0].protocol in body should match' \
			'spec.listeners[1].port: Invalid value: 70000: spec.listeners[1].port in body should be less than or equal to 65535' \
			'spec.listeners[1].tls.mode: Invalid value: "boolean": spec.listeners[1].tls.mode in body must be of type string: "boolean"' \
			'spec.listeners[2].allowedRoutes.namespaces.from: Unsupported value: "Nowhere": supported values: "All", "Selector", "Same"' \
			'spec.listeners[2]: Duplicate value: {"name":"web"}'
	gateway bad '{gatewayClassName: "", listeners: []}' |
		refused 'spec.gatewayClassName: Invalid value: "": spec.gatewayClassName in body should be at least 1 chars long' \
			'spec.listeners: Invalid value: 0: spec.listeners in body should have at least 1 items'
	gateway bad '{gatewayClassName: a, listeners: [{name: a, port: 1, protocol: TCP}], addresses: [{type: IPAddress, value: nope}]}' |
		refused '"spec.addresses[0]" must validate one and only one schema (oneOf). Found none valid' 'spec.addresses[0].value in body must be of type ipv4: "nope"'
	refused 'spec.rules[0].timeouts.request: Invalid value: "soon": spec.rules[0].timeouts.request in body should match' \
		'spec.rules[0].filters[0].requestRedirect.statusCode: Unsupported value: 404: supported values: "301", "302", "303", "307", "308"' \
		'spec.rules[0].filters[0].type: Required value' <<-END
			apiVersion: gateway.networking.k8s.io/v1
			kind: HTTPRoute
			metadata: {name: bad}
			spec: {rules: [{timeouts: {request: soon}, filters: [{requestRedirect: {statusCode: 404}}]}]}
		END
	object gateway.networking.k8s.io/v1 GatewayClass bad '{}' | refused 'spec.controllerName: Required value'
}

@test "what upstream refuses is refused in its words: certificates" {
	object cert-manager.io/v1 Certificate bad '{dnsNames: web, privateKey: {algorithm: DES, size: big}, usages: [signing, flying]}' |
		refused 'spec.dnsNames: Invalid value: "string": spec.dnsNames in body must be of type array: "string"' 'spec.secretName: Required value' \
			'spec.privateKey.algorithm: Unsupported value: "DES": supported values: "RSA", "ECDSA", "Ed25519"' 'spec.issuerRef: Required value' \
			'spec.privateKey.size: Invalid value: "string": spec.privateKey.size in body must be of type integer: "string"' \
			'spec.usages[1]: Unsupported value: "flying": supported values: "signing", "digital signature"'
	object cert-manager.io/v1 CertificateRequest bad '{issuerRef: {name: ca}, request: "not base64!", extra: {a: b}}' |
		refused 'spec.request: Invalid value: "not base64!": spec.request in body must be of type byte: "not base64!"' \
			'spec.extra.a: Invalid value: "string": spec.extra.a in body must be of type array: "string"'
}

@test "what upstream refuses is refused in its words: monitoring" {
	prometheus bad '{replicas: many, retention: forever, resources: {requests: {memory: lots}}, logLevel: loud, containers: [{ports: [{containerPort: 80}, {containerPort: 80, protocol: TCP}]}],
		podMonitorSelector: {matchExpressions: [{key: a}]}, affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}}' |
		refused 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"' 'spec.retention in body should match' \
			'spec.resources.requests.memory: Invalid value: "lots": spec.resources.requests.memory in body should match' 'spec.containers[0].name: Required value' \
			'spec.logLevel: Unsupported value: "loud": supported values: "", "debug", "info", "warn", "error"' \
			'spec.containers[0].ports[1]: Duplicate value: {"containerPort":80,"protocol":"TCP"}' 'spec.podMonitorSelector.matchExpressions[0].operator: Required value' \
			'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value'
	refused 'spec.groups[0].rules[0].expr: Required value' 'spec.groups[1]: Duplicate value: {"name":"a"}' \
		'spec.groups[1].rules[0].expr: Invalid value: "boolean": spec.groups[1].rules[0].expr in body must be of type integer,string: "boolean"' <<-END
			apiVersion: monitoring.coreos.com/v1
			kind: PrometheusRule
			metadata: {name: bad}
			spec: {groups: [{name: a, rules: [{alert: x}]}, {name: a, rules: [{expr: true}]}]}
		END
}

@test "one object in two versions, whichever is stored" {
	gateway twice '{gatewayClassName: boat, listeners: [{name: web, port: 80, protocol: HTTP}]}' | kubectl create -f -
	is 'gateway.networking.k8s.io/v1beta1 80' kubectl get gateways.v1beta1.gateway.networking.k8s.io twice -o jsonpath='{.apiVersion} {.spec.listeners[0].port}'
	kubectl patch gateways.v1beta1.gateway.networking.k8s.io twice --type=merge -p '{"spec":{"gatewayClassName":"ship"}}'
	is 'gateway.networking.k8s.io/v1 ship 2' kubectl get gateways.v1.gateway.networking.k8s.io twice -o jsonpath='{.apiVersion} {.spec.gatewayClassName} {.metadata.generation}'
	kubectl create -f - <<-END
		apiVersion: gateway.networking.k8s.io/v1
		kind: ReferenceGrant
		metadata: {name: g}
		spec: {from: [{group: '', kind: Service, namespace: a}], to: [{group: '', kind: Secret}]}
	END
	is 'gateway.networking.k8s.io/v1' kubectl get referencegrants.v1.gateway.networking.k8s.io g -o jsonpath='{.apiVersion}'
	is 'gateway.networking.k8s.io/v1beta1' kubectl get referencegrants.v1beta1.gateway.networking.k8s.io g -o jsonpath='{.apiVersion}'
}

@test "two managers, lists by key, keys by default" {
	gateway both '{gatewayClassName: boat, listeners: [{name: web, port: 80, protocol: HTTP}]}' | as one
	local theirs='{gatewayClassName: boat, listeners: [{name: safe, port: 443, protocol: HTTPS}, {name: web, port: 8080, protocol: HTTP}]}'
	run -1 as two <<<"$(gateway both "$theirs")"
	[[ $output == *'conflict with "one": .spec.listeners[name="web"].port'* ]]
	gateway both "$theirs" | as two --force-conflicts
	is 'safe=443 web=8080 ' kubectl get gtw both -o jsonpath='{range .spec.listeners[*]}{.name}={.port} {end}'
	# who leaves an item out gives it up; it stays as long as somebody else has it
	gateway both '{gatewayClassName: boat, listeners: [{name: third, port: 1, protocol: TCP}]}' | as one
	gateway both '{gatewayClassName: boat, listeners: [{name: safe, port: 443, protocol: HTTPS}]}' | as two
	is 'safe third ' kubectl get gtw both -o jsonpath='{range .spec.listeners[*]}{.name} {end}'
	prometheus both '{containers: [{name: a, ports: [{containerPort: 80}]}], scrapeClasses: [{name: a}]}' | as one
	prometheus both '{scrapeClasses: [{name: b, default: true}]}' | as two
	is 'a b ' kubectl get prom both -o jsonpath='{range .spec.scrapeClasses[*]}{.name} {end}'
	run -1 as two <<<"$(prometheus both '{scrapeClasses: [{name: b}, {name: b}]}')"
	[[ $output == *'.spec.scrapeClasses: duplicate entries for key [name="b"]'* ]]
	run -1 as two <<<"$(prometheus both '{colour: red}')"
	[[ $output == *'.spec.colour: field not declared in schema'* ]]
}

@test "status, scale, columns, selectors" {
	gateway seen '{gatewayClassName: boat, listeners: [{name: web, port: 80, protocol: HTTP}]}' | kubectl create -f -
	kubectl patch gtw seen --subresource=status --type=merge -p '{"status":{"addresses":[{"value":"10.0.0.1"},{"value":"10.0.0.2"}],"conditions":[
		{"type":"Programmed","status":"True","reason":"Yes","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}'
	is 'seen boat 10.0.0.1 True' bash -c "kubectl get gtw seen --no-headers | awk '{print \$1, \$2, \$3, \$4}'"
	run -1 kubectl patch gtw seen --subresource=status --type=merge -p '{"status":{"conditions":[{"type":"Programmed","status":"Maybe"}]}}'
	[[ $output == *'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"'* ]]
	prometheus sized '{replicas: 1}' | kubectl create -f -
	kubectl scale prom sized --replicas=3
	is '3 2' kubectl get prom sized -o jsonpath='{.spec.shards} {.metadata.generation}'
	for i in a b; do
		kubectl create -f - <<-END
			apiVersion: cert-manager.io/v1
			kind: Certificate
			metadata: {name: $i}
			spec: {secretName: $i, issuerRef: {name: of-$i}}
		END
	done
	is certificate.cert-manager.io/b kubectl get certs --field-selector spec.issuerRef.name=of-b -o name
	is 'NAME READY SECRET ISSUER STATUS EXPIRATION AGE' bash -c "kubectl get certs -o wide | head -n 1 | tr -s ' ' | sed 's/ $//'"
	run -1 kubectl get certs --field-selector spec.secretName=a
	[[ $output == *'field label not supported: spec.secretName'* ]]
}

@test "a namespace goes with all that is in it" {
	kubectl create namespace crd-sets-gone
	gateway last '{gatewayClassName: boat, listeners: [{name: web, port: 80, protocol: HTTP}]}' | kubectl create -n crd-sets-gone -f -
	kubectl delete namespace crd-sets-gone --timeout=${GUARD}s
	is '' kubectl get gtw -A --field-selector metadata.namespace=crd-sets-gone -o name
}

@test "they go, and may come again" {
	kubectl delete --timeout=${GUARD}s -f gateway.yaml -f certificates.yaml -f monitoring.yaml
	is 0 bash -c "kubectl get --raw /apis | grep -c 'monitoring.coreos.com\|cert-manager.io\|gateway.networking'"
	run -1 kubectl explain gateways
	kubectl create -f monitoring.yaml >/dev/null
	kubectl wait --for=condition=Established --timeout=${GUARD}s -f monitoring.yaml
	is '' kubectl get prom -A -o name
}
