#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images on a node of its own: a registry with TLS and passwords, one without, policies, credential providers, mirrors, garbage.

# "secret"
HTPASSWD='user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	export W=$BATS_FILE_TMPDIR
	own_node images 47 <<-END
		evictionHard: {memory.available: 1Mi, nodefs.available: 1Mi, imagefs.available: 1Mi}
	END
	mkdir -p "$W/secret" "$W/plain"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1 \
		-keyout "$W/reg.key" -out "$W/reg.crt" 2>/dev/null
	echo "$HTPASSWD" >"$W/htpasswd"
	cat >"$W/secret.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $W/secret}}
http: {addr: "127.0.0.1:0", tls: {certificate: $W/reg.crt, key: $W/reg.key}}
auth: {htpasswd: {realm: test, path: $W/htpasswd}}
END
	cat >"$W/plain.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $W/plain}}
http: {addr: "127.0.0.1:0"}
END
	for r in secret plain; do
		docker-registry serve "$W/$r.yml" >"$W/$r.log" 2>&1 3>&- &
		echo $! >"$W/$r.pid"
	done
	eventually registry_known secret
	eventually registry_known plain
	export SECRET=$(registry secret) PLAIN=$(registry plain)
	"$ROOT/deploy/oci-image" "$W/image.tar" demo:1.0
	eventually curl -fsS -m "$GUARD" -o /dev/null --cacert "$W/reg.crt" -u user:secret "https://$SECRET/v2/"
	eventually curl -fsS -m "$GUARD" -o /dev/null "http://$PLAIN/v2/"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-creds=user:secret "oci-archive:$W/image.tar" "docker://$SECRET/team/demo:1.0"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-compress-format=zstd "oci-archive:$W/image.tar" "docker://$PLAIN/team/demo:1.0"
	echo another >"$W/file"
	"$ROOT/deploy/oci-image" "$W/other.tar" other:1.0 "/etc/file=$W/file"
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci-archive:$W/other.tar" "docker://$PLAIN/team/other:1.0"
	mkdir -p "$W/certs.d/$SECRET" "$W/certs.d/mirrored.invalid"
	echo "ca = \"$W/reg.crt\"" >"$W/certs.d/$SECRET/hosts.toml"
	cat >"$W/certs.d/mirrored.invalid/hosts.toml" <<END
server = "https://mirrored.invalid"
[host."http://127.0.0.1:9"] # nobody is there
[host."http://$PLAIN"]
  capabilities = ["pull", "resolve"]
END
	echo given >"$W/file"
	"$ROOT/deploy/oci-image" "$W/given.tar" given:1.0 "/etc/file=$W/file"
	skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-creds=user:secret "oci-archive:$W/given.tar" "docker://$SECRET/given/demo:1.0"
	mkdir "$W/bin"
	cat >"$W/bin/good" <<END
#!/bin/sh
cat >>"$W/asked"
echo '{"kind": "CredentialProviderResponse", "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "cacheKeyType": "Registry",
 "cacheDuration": "1h", "auth": {"$SECRET": {"username": "user", "password": "'\$1'"}}}'
END
	printf '#!/bin/sh\necho broken >&2\nexit 3\n' >"$W/bin/broken"
	chmod +x "$W/bin/good" "$W/bin/broken"
	cat >"$W/providers.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
- {name: good, matchImages: ["*.0.0.1:${SECRET#*:}/given"], defaultCacheDuration: 0s, apiVersion: credentialprovider.kubelet.k8s.io/v1, args: [secret]}
- {name: broken, matchImages: ["$SECRET/broken"], defaultCacheDuration: 0s, apiVersion: credentialprovider.kubelet.k8s.io/v1}
END
	own_agent --registry-config-path="$W/certs.d" --image-credential-provider-config="$W/providers.yaml" --image-credential-provider-bin-dir="$W/bin"
	use_namespace images-test
}
# Where it listens.
registry() { sed -n 's/.*listening on \(127\.0\.0\.1:[0-9]*\).*/\1/p' "$BATS_FILE_TMPDIR/$1.log"; }
registry_known() { [ -n "$(registry "$1")" ]; }
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known images
	own_node_gone
	kill "$(cat "$BATS_FILE_TMPDIR/secret.pid")" "$(cat "$BATS_FILE_TMPDIR/plain.pid")" || :
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known images
	SECRET=$(registry secret) PLAIN=$(registry plain)
}

pod() { # name image [spec line] [container fields]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: $NODE
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  ${3:-}
  containers: [{name: c, image: "$2", command: [busybox, sh, -c, 'exec busybox sleep 100000'], ${4:-}}]
END
}
waiting() { kubectl get pod "$1" -o jsonpath="{.status.containerStatuses[0].state.waiting.$2}"; }
events() { kubectl get events --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'; }
runs() { is Running kubectl get pod "$1" -o jsonpath='{.status.phase}'; }
pull_secret() { # name user:password
	kubectl create secret docker-registry "$1" --docker-server="$SECRET" --docker-username="${2%:*}" --docker-password="${2#*:}"
}

@test "a registry with a password: ErrImagePull, ImagePullBackOff, and every Secret is tried" {
	pod denied "$SECRET/team/demo:1.0"
	eventually is ImagePullBackOff waiting denied reason
	eventually shows "^Normal Pulling: Pulling image \"$SECRET/team/demo:1.0\"" events denied
	eventually shows "^Warning Failed: Failed to pull image \"$SECRET/team/demo:1.0\": failed to pull and unpack image .*no basic auth credentials" events denied
	eventually shows "^Warning Failed: Error: ErrImagePull" events denied
	eventually shows "^Normal BackOff: Back-off pulling image \"$SECRET/team/demo:1.0\"" events denied
	eventually shows "^Warning Failed: Error: ImagePullBackOff" events denied
	[[ $(waiting denied message) == "Back-off pulling image \"$SECRET/team/demo:1.0\": ErrImagePull: "* ]]
	kubectl delete pod denied
	pull_secret old user:guess
	pull_secret new user:secret
	pod granted "$SECRET/team/demo:1.0" 'imagePullSecrets: [{name: missing}, {name: old}, {name: new}]'
	eventually runs granted
	eventually shows "^Normal Pulled: Successfully pulled image \"$SECRET/team/demo:1.0\" in [0-9.ms]+ \([0-9.ms]+ including waiting\)\. Image size: [0-9]+ bytes\." events granted
	kubectl get pod granted -o jsonpath='{.status.containerStatuses[0].imageID}' | grep -q "^$SECRET/team/demo@sha256:"
	kubectl delete pod granted
}

@test "credential providers: asked for what they are for, remembered, behind the Secrets; one that fails" {
	pod given "$SECRET/given/demo:1.0" '' 'imagePullPolicy: Always'
	eventually runs given
	is "{\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/v1\",\"image\":\"$SECRET/given/demo\"}" \
		cat "$BATS_FILE_TMPDIR/asked"
	pull_secret wrong user:guess
	pod again "$SECRET/given/demo:1.0" 'imagePullSecrets: [{name: wrong}]' 'imagePullPolicy: Always'
	eventually runs again
	is 1 grep -c . "$BATS_FILE_TMPDIR/asked"
	pod broken "$SECRET/broken/demo:1.0"
	eventually shows '^Warning Failed: Failed to pull image .*no basic auth credentials' events broken
	shows 'error execing credential provider plugin broken for image .*: exit status 3: broken' cat "$OWN/logs/nodeagent.log"
	shows '^kubelet_credential_provider_plugin_errors_total\{plugin_name="broken"\} [1-9]' curl -fsS -m "$GUARD" "http://127.0.0.1:$((PORT + 48))/metrics"
	# what is wrong with a configuration is told, and nothing begins
	echo 'providers: []' >"$BATS_TEST_TMPDIR/bad.yaml"
	run "$ROOT/build/bin/nodeagent" --config="$OWN/config.yaml" --kubeconfig="$DIR/pki/nodeagent.kubeconfig" --root-dir="$BATS_TEST_TMPDIR/node" \
		--image-credential-provider-config="$BATS_TEST_TMPDIR/bad.yaml" --image-credential-provider-bin-dir="$BATS_FILE_TMPDIR/bin"
	[ "$status" = 1 ]
	[[ $output == *'error decoding config'*'no kind \"\" is registered for version \"\"'* ]]
	kubectl delete pod given again broken
}

@test "policies: Never, IfNotPresent, Always; names that are none" {
	pod never "$PLAIN/team/demo:1.0" '' 'imagePullPolicy: Never'
	eventually is ErrImageNeverPull waiting never reason
	is "Container image \"$PLAIN/team/demo:1.0\" is not present with pull policy of Never" waiting never message
	eventually shows "^Warning ErrImageNeverPull: Container image \"$PLAIN/team/demo:1.0\" is not present" events never
	pod first "$PLAIN/team/demo:1.0" '' 'imagePullPolicy: IfNotPresent'
	eventually runs first
	pod second "$PLAIN/team/demo:1.0" '' 'imagePullPolicy: IfNotPresent'
	eventually runs second
	eventually shows "^Normal Pulled: Container image \"$PLAIN/team/demo:1.0\" already present on machine$" events second
	! events second | grep -q Pulling
	pod always "$PLAIN/team/demo:1.0" '' 'imagePullPolicy: Always'
	eventually runs always
	eventually shows '^Normal Pulled: Successfully pulled' events always
	# Never is content with what has come meanwhile
	eventually runs never
	pod noname 'Bad:Name:'
	eventually is InvalidImageName waiting noname reason
	eventually shows '^Warning InspectFailed: Failed to apply default image tag "Bad:Name:": couldn.t parse image name "Bad:Name:": invalid reference format' events noname
	pod absent "$PLAIN/team/none:1.0"
	eventually shows "^Warning Failed: Failed to pull image .*$PLAIN/team/none:1.0: not found" events absent
	kubectl delete pod never first second always noname absent
}

@test "a mirror gives what its registry would; by digest, too" {
	pod mirrored mirrored.invalid/team/demo:1.0
	eventually runs mirrored
	id=$(kubectl get pod mirrored -o jsonpath='{.status.containerStatuses[0].imageID}')
	[[ $id == mirrored.invalid/team/demo@sha256:* ]]
	pod digest "$id" '' 'imagePullPolicy: Always'
	eventually runs digest
	is "$id" kubectl get pod digest -o jsonpath='{.status.containerStatuses[0].imageID}'
	pod wrong "mirrored.invalid/team/demo@sha256:$(printf %064d 1)"
	eventually shows '^Warning Failed: Failed to pull image "mirrored.invalid' events wrong
	kubectl delete pod mirrored digest wrong
}

@test "an image that is not what its config says" {
	api=http://$PLAIN/v2/team/other
	cd "$BATS_TEST_TMPDIR"
	ask() { curl -fsS -m "$GUARD" "$@"; }
	ask -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$api/manifests/1.0" >manifest
	old=$(tr -d ' \n' <manifest | sed -E 's/.*"config":\{[^}]*"digest":"([^"]*)".*/\1/')
	ask "$api/blobs/$old" | sed -E 's/("diff_ids":\["sha256:)[0-9a-f]{64}/\1'"$(printf %064d 7)/" >config
	new=sha256:$(sha256sum <config | cut -d' ' -f1)
	[ "$new" != "$old" ]
	place=$(ask -X POST -o /dev/null -w '%header{location}' "$api/blobs/uploads/")
	ask -X PUT -H 'Content-Type: application/octet-stream' --data-binary @config "$place&digest=$new"
	sed "s/$old/$new/" manifest | ask -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @- "$api/manifests/lies"
	pod lies "$PLAIN/team/other:lies"
	eventually shows "^Warning Failed: Failed to pull image .*: failed to extract layer sha256:$(printf %064d 7): wrong diff id calculated on extraction \"sha256:" events lies
	[ -z "$(ls "$OWN/node/images/ingest")" ]
	kubectl delete pod lies
}

@test "limits: how many are pulled at a time and in a second, and settings that contradict each other" {
	told() { curl -fsS -m "$GUARD" "http://127.0.0.1:$((PORT + 48))/configz"; }
	exceeded() { kubectl get events -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}' | grep -E '^Warning Failed: Failed to pull image "[^"]*": pull QPS exceeded$'; }
	for f in '"serializeImagePulls":true' '"registryPullQPS":5' '"registryBurst":10'; do told | grep -q "$f"; done
	{ cat "$OWN/config.yaml" && echo 'serializeImagePulls: true' && echo 'maxParallelImagePulls: 5'; } >"$BATS_TEST_TMPDIR/bad.yaml"
	run "$ROOT/build/bin/nodeagent" --config="$BATS_TEST_TMPDIR/bad.yaml" --kubeconfig="$DIR/pki/nodeagent.kubeconfig" --root-dir="$BATS_TEST_TMPDIR/node"
	[ "$status" = 1 ]
	[[ $output == *'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false'* ]]
	stop "$OWN" nodeagent
	cp "$OWN/config.yaml" "$BATS_TEST_TMPDIR/config.yaml"
	printf 'maxParallelImagePulls: 2\nregistryPullQPS: 1\nregistryBurst: 1\n' >>"$OWN/config.yaml"
	own_agent --registry-config-path="$BATS_FILE_TMPDIR/certs.d"
	eventually told >/dev/null
	told | grep -q '"serializeImagePulls":false,"maxParallelImagePulls":2,"registryPullQPS":1,"registryBurst":1'
	for i in 1 2 3 4 5 6; do pod "q$i" "$PLAIN/team/demo:1.0" '' 'imagePullPolicy: Always'; done
	eventually exceeded
	kubectl delete pod q1 q2 q3 q4 q5 q6
	cp "$BATS_TEST_TMPDIR/config.yaml" "$OWN/config.yaml"
}

@test "garbage: above the high mark unused images go, those in use stay" {
	names() { kubectl get node "$NODE" -o jsonpath='{.status.images[*].names}'; }
	gone() { ! names | grep -q -F "$1"; }
	pod kept "$PLAIN/team/demo:1.0"
	pod brief "$PLAIN/team/other:1.0"
	eventually runs kept
	eventually runs brief
	eventually shows "$PLAIN/team/other:1.0" names
	kubectl delete pod brief
	# What was brought by hand is pinned, unless one says otherwise.
	echo loose >"$W/file"
	"$ROOT/deploy/oci-image" "$W/loose.tar" loose:1.0 "/etc/file=$W/file"
	"$ROOT/build/bin/nodeagent" image import "$W/given.tar" --root-dir="$OWN/node"
	"$ROOT/build/bin/nodeagent" image import "$W/loose.tar" --root-dir="$OWN/node" --pin=false
	stop "$OWN" nodeagent
	own_agent --registry-config-path="$BATS_FILE_TMPDIR/certs.d" --image-gc-high-threshold=1 --image-gc-low-threshold=0 --minimum-image-ttl-duration=0s
	eventually gone "$PLAIN/team/other:1.0"
	eventually gone loose:1.0
	names | grep -q -F "$PLAIN/team/demo:1.0"
	runs kept
	eventually shows '^Warning FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free [0-9]+ bytes, but only found [0-9]+ bytes eligible' \
		kubectl get events -A --field-selector "involvedObject.name=$NODE" -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'
	pod by-hand given:1.0 '' 'imagePullPolicy: Never'
	eventually runs by-hand
	pod again "$PLAIN/team/other:1.0" '' 'imagePullPolicy: IfNotPresent'
	eventually runs again
	eventually shows '^Normal Pulled: Successfully pulled' events again
}
