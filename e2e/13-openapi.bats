#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# OpenAPI as clients read it: kubectl's validation and explanations without a flag, the hashed addresses of v3, v2 in both forms.
#
# The same tests run with every kubectl that the machine has: those beside the one on PATH (kubectl.1.NN), and what
# e2e/kubectl-versions has fetched.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace openapi-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=openapi-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=openapi-test HOME=$BATS_TEST_TMPDIR
	cat >"$BATS_TEST_TMPDIR/web.yaml" <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: localhost/coracle-demo:1.0, ports: [{containerPort: 80}], resources: {limits: {cpu: 1}}}]
END
}

minor() { "$1" version --client -o json 2>/dev/null | jq -r .clientVersion.minor | tr -d +; }
# with SCRIPT...: with every kubectl as $K and its minor version as $V.
with() {
	local K V
	while read -r K <&9; do
		V=$(minor "$K")
		"$@" || { echo "kubectl 1.$V: $*" >&2; return 1; }
	done 9< <(kubectls)
}
# refused PATTERN COMMAND...: it fails and says so.
refused() {
	local pattern=$1 out
	shift
	out=$("$@" 2>&1) && { echo "accepted: $*" >&2; return 1; }
	grep -qE -- "$pattern" <<<"$out" || { echo "$out" >&2; return 1; }
}

explains() {
	shows 'imagePullPolicy' "$K" explain pod.spec.containers --recursive &&
		shows 'How many Pods may be missing' "$K" explain deployment.spec.strategy.rollingUpdate &&
		shows 'one of these' "$K" explain pod.spec.containers.livenessProbe.exec --recursive ||
		shows 'program and its arguments' "$K" explain pod.spec.containers.livenessProbe.exec
}
@test "explain, recursive and of one field" {
	with explains
}

everything_explained() {
	local kind
	[ "$V" -ge 32 ] || return 0
	for kind in $("$K" api-resources --no-headers -o name --verbs=get); do
		kind=${kind%%.*} # explain would take what is behind the point for a field
		"$K" explain "$kind" --recursive >/dev/null || { echo "$kind" >&2; return 1; }
		# a field without a description is followed by the next at once
		! "$K" explain "$kind" | grep -q '<no description>\|<empty>' || { echo "$kind has no description" >&2; return 1; }
	done
}
@test "explain of every kind" {
	with everything_explained
}

writes() {
	"$K" create -f "$BATS_TEST_TMPDIR/web.yaml" >/dev/null &&
		sed 's/replicas: 0/minReadySeconds: 1/' "$BATS_TEST_TMPDIR/web.yaml" | "$K" replace -f - >/dev/null &&
		"$K" apply -f "$BATS_TEST_TMPDIR/web.yaml" >/dev/null 2>&1 &&
		"$K" apply -f "$BATS_TEST_TMPDIR/web.yaml" --dry-run=server >/dev/null &&
		"$K" delete -f "$BATS_TEST_TMPDIR/web.yaml" >/dev/null
}
@test "create, replace, apply and a server's dry run without a flag" {
	with writes
}

wrong() {
	local f=$BATS_TEST_TMPDIR/web.yaml
	local unknown='unknown field "(spec\.)?replica"' type='got "string", expected "integer"|cannot unmarshal string' name='required field "name"|containers\[0\].name: Required value'
	refused "$unknown" "$K" create -f - < <(sed 's/replicas: 0/replica: 0/' "$f") &&
		refused "$unknown" "$K" apply -f - < <(sed 's/replicas: 0/replica: 0/' "$f") &&
		refused "$type" "$K" create -f - < <(sed 's/replicas: 0/replicas: "0"/' "$f") &&
		refused "$name" "$K" create -f - < <(sed 's/{name: web, image/{image/' "$f")
}
@test "wrong fields are refused by name" {
	with wrong
}

@test "v3: the index leads to documents that may be kept for ever" {
	url=$(api /openapi/v3 | jq -r '.paths["apis/apps/v1"].serverRelativeURL')
	[[ $url =~ ^/openapi/v3/apis/apps/v1\?hash=[0-9A-F]{128}$ ]]
	api "$url" -D "$BATS_TEST_TMPDIR/headers" -o "$BATS_TEST_TMPDIR/apps.json"
	grep -qi '^cache-control: public, immutable' "$BATS_TEST_TMPDIR/headers"
	grep -qi '^expires: ' "$BATS_TEST_TMPDIR/headers"
	grep -qi '^vary: .*accept' "$BATS_TEST_TMPDIR/headers"
	[ "$(jq -r .openapi "$BATS_TEST_TMPDIR/apps.json")" = 3.0.0 ]
	etag=$(sed -n 's/^etag: \(.*\)\r$/\1/Ip' "$BATS_TEST_TMPDIR/headers")
	[ "$(code "$url" -H "If-None-Match: $etag")" = 304 ]
	[ "$(code "/openapi/v3/apis/apps/v1?hash=0")" = 301 ]
	[ "$(code "/openapi/v3/apis/apps/v1?hash=0" -L)" = 200 ]
	for part in $(api /openapi/v3 | jq -r '.paths[].serverRelativeURL'); do
		api "$part" | jq -e '.paths | length > 0' >/dev/null
	done
}

@test "v2: JSON and protobuf with one ETag, and nothing else" {
	pb=application/com.github.proto-openapi.spec.v2@v1.0+protobuf
	[ "$(api /openapi/v2 | jq -r .swagger)" = 2.0 ]
	api /openapi/v2 -H "Accept: $pb" -D "$BATS_TEST_TMPDIR/pb" -o /dev/null
	grep -qi '^content-type: application/com.github.proto-openapi.spec.v2.v1.0+protobuf' "$BATS_TEST_TMPDIR/pb"
	etag=$(sed -n 's/^etag: \(.*\)\r$/\1/Ip' "$BATS_TEST_TMPDIR/pb")
	[ "$(code /openapi/v2 -H "If-None-Match: $etag")" = 304 ]
	[ "$(code /openapi/v2 -H 'Accept: text/html')" = 406 ]
	[ "$(code /swagger-2.0.0.pb-v1)" = 404 ]
	[ "$(code /swagger.json)" = 404 ]
}

custom() {
	shows 'How far it goes' "$K" explain boats.spec.range &&
		refused 'unknown field "(spec\.)?rage"' "$K" create -f - < <(printf 'apiVersion: sea.example.com/v1\nkind: Boat\nmetadata: {name: b}\nspec: {rage: 1}\n') &&
		"$K" create -f - < <(printf 'apiVersion: sea.example.com/v1\nkind: Boat\nmetadata: {name: b}\nspec: {range: 1}\n') >/dev/null &&
		"$K" delete boat b >/dev/null
}
@test "custom resources are explained and validated, and forgotten" {
	kubectl create -f - <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                range: {type: integer, description: How far it goes.}
END
	kubectl wait --for=condition=Established crd/boats.sea.example.com --timeout="${GUARD}s"
	has() { api /openapi/v3 | jq -e '.paths["apis/sea.example.com/v1"]' >/dev/null; }
	eventually has
	with custom
	api /openapi/v2 | jq -e '.definitions["com.example.sea.v1.Boat"].properties.spec.properties | has("range") and (has("hull") | not)'
	before=$(api /openapi/v3 | jq -r '.paths["apis/sea.example.com/v1"].serverRelativeURL')
	apps=$(api /openapi/v3 | jq -r '.paths["apis/apps/v1"].serverRelativeURL')
	kubectl patch crd boats.sea.example.com --type=json \
		-p '[{"op":"add","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/hull","value":{"type":"string"}}]'
	changed() { [ "$(api /openapi/v3 | jq -r '.paths["apis/sea.example.com/v1"].serverRelativeURL')" != "$before" ]; }
	eventually changed
	is "$apps" jq -r '.paths["apis/apps/v1"].serverRelativeURL' <(api /openapi/v3)
	has_hull() { api /openapi/v2 | jq -e '.definitions["com.example.sea.v1.Boat"].properties.spec.properties.hull' >/dev/null; }
	eventually has_hull # v2 is kept in parts, too
	kubectl delete crd boats.sea.example.com
	gone() { ! has; }
	eventually gone
}
