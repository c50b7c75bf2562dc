#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A node of its own, by a KubeletConfiguration: static Pods and their mirrors, with an API server and without one.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known static
	export ALONE=$BATS_FILE_TMPDIR/alone
	for d in "$OWN" "$ALONE"; do
		mkdir -p "$d/run" "$d/logs" "$d/manifests"
		own_image "$d"
	done
	settings "$OWN" 31 >"$OWN/config.yaml"
	settings "$ALONE" 33 >"$ALONE/config.yaml"
	own_agent
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	for d in "$OWN" "$ALONE"; do
		stop "$d" nodeagent
		"$ROOT/build/bin/nodeagent" cleanup --root-dir="$d/node"
	done
	kubectl delete node "$NODE" --wait=false || :
	kubectl delete pods --force --grace-period=0 --field-selector=spec.nodeName="$NODE" || :
}
setup() {
	. "$ROOT/e2e/lib.bash"
	. "$ROOT/e2e/node.bash"
	own_node_known static
	export ALONE=$BATS_FILE_TMPDIR/alone
}

settings() { # dir port
	own_settings static "$2"
	cat <<-END
		maxPods: 17
		staticPodPath: $1/manifests
		fileCheckFrequency: 5s
		clusterDNS: [10.96.0.10]
		featureGates: {EnvFiles: true, SidecarContainers: true}
		evictionHard: {memory.available: 100Mi, nodefs.available: 64Mi}
	END
}
manifest() { # name shell-command [spec lines]
	cat <<END
apiVersion: v1
kind: Pod
metadata: {name: $1, namespace: default, labels: {static: "yes"}}
spec:
  terminationGracePeriodSeconds: 5
  ${3:-}
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, '$2']}
END
}
put() { # dir name < manifest: as an editor does
	cat >"$1/manifests/.$2" && mv "$1/manifests/.$2" "$1/manifests/$2"
}
mirror() { kubectl get pod "$1-$NODE" -o jsonpath="$2"; }
runs() { pgrep -f "$1" >/dev/null; }
runs_not() { ! runs "$1"; }
node_get() { # path
	api "/api/v1/nodes/$NODE/proxy$1"
}

@test "the file's words hold, flags win, faults are named" {
	eventually is True kubectl get node "$NODE" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'
	is 17 kubectl get node "$NODE" -o jsonpath='{.status.capacity.pods}'
	is only kubectl get node "$NODE" -o jsonpath='{.spec.taints[?(@.key=="static")].value}'
	run -0 curl -fsS -m 10 "http://127.0.0.1:$((PORT + 32))/configz"
	[[ $output == *'"featureGates":{"EnvFiles":true,"SidecarContainers":true}'* ]]
	[[ $output == *'"maxPods":17'* && $output == *"\"staticPodPath\":\"$OWN/manifests\""* && $output == *'"fileCheckFrequency":"5s"'* ]]
	bad=$BATS_TEST_TMPDIR/bad.yaml
	printf 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 5\nmaxPodz: 6\ncgroupDriver: systemd\n' >"$bad"
	run -2 "$ROOT/build/bin/nodeagent" --config="$bad" --kubeconfig=/nonexistent
	[[ $output == *"failed to load kubelet config file, path: $bad"*'unknown field "maxPodz"'*'cgroupDriver: Unsupported value: "systemd"'* ]]
	run -2 "$ROOT/build/bin/nodeagent" --config=/nonexistent
	printf 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nhealthzPort: 1\nclusterDomain: from.file\n' >"$bad"
	sed -i '$a featureGates: {EnvFiles: true}' "$bad"
	run -2 "$ROOT/build/bin/nodeagent" --config="$bad" --feature-gates=EnvFiles=false,NodeSwap=false
	[[ $output == *"cannot set feature gate NodeSwap to false, feature is locked to true"* ]]
	run -1 "$ROOT/build/bin/nodeagent" --config="$bad" --healthz-port=0 --root-dir="$BATS_TEST_TMPDIR/root"
	[[ $output == *"--kubeconfig is required"* ]]
}

@test "feature gates: every daemon takes them, and tells of them in its metrics" {
	run -0 curl -fsS -m 10 "http://127.0.0.1:$((PORT + 32))/metrics"
	[[ $output == *'kubernetes_feature_enabled{name="EnvFiles",stage="ALPHA"} 1'* ]]
	[[ $output == *'kubernetes_feature_enabled{name="ContainerRestartRules",stage="ALPHA"} 0'* ]]
	[[ $output == *'kubernetes_feature_enabled{name="SidecarContainers",stage=""} 1'* ]]
	grep -q '"setting GA feature gate: it will be removed in a future release" SidecarContainers=true' "$OWN/logs/nodeagent.log"
	run -0 kubectl get --raw /metrics
	[[ $output == *'kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"} 0'* ]]
	for daemon in apiserver scheduler controller-manager nodeagent; do
		run -2 "$ROOT/build/bin/$daemon" --feature-gates=EnvFiles=true,EnvFilez=true
		[[ $output == *"unrecognized feature gate: EnvFilez"* ]]
	done
}

@test "a manifest becomes a Pod with a mirror, which nobody can delete for good" {
	marker="sleep 7000$PORT"
	manifest web "echo hello; exec busybox $marker" | put "$OWN" web.yaml
	eventually runs "$marker"
	eventually is Running mirror web '{.status.phase}'
	eventually is true mirror web '{.status.containerStatuses[0].ready}'
	is file mirror web '{.metadata.annotations.kubernetes\.io/config\.source}'
	hash=$(mirror web '{.metadata.annotations.kubernetes\.io/config\.hash}')
	is "$hash" mirror web '{.metadata.annotations.kubernetes\.io/config\.mirror}'
	is "Node $NODE true" mirror web '{.metadata.ownerReferences[0].kind} {.metadata.ownerReferences[0].name} {.metadata.ownerReferences[0].controller}'
	is NoExecute mirror web '{.spec.tolerations[?(@.operator=="Exists")].effect}'
	eventually is hello kubectl logs "web-$NODE"
	uid=$(mirror web '{.metadata.uid}') id=$(mirror web '{.status.containerStatuses[0].containerID}')
	[ "$uid" != "$hash" ]
	kubectl delete pod "web-$NODE" --wait=false
	another() { new=$(mirror web '{.metadata.uid}') && [ -n "$new" ] && [ "$new" != "$uid" ]; }
	eventually another
	eventually is "$id" mirror web '{.status.containerStatuses[0].containerID}'
	runs "$marker"
	rm "$OWN/manifests/web.yaml"
	eventually runs_not "$marker"
	eventually shows NotFound mirror web '{.metadata.uid}'
}

@test "a manifest that changes replaces its Pod, gracefully; one that cannot be a Pod is skipped" {
	trace=$BATS_TEST_TMPDIR/trace
	touch "$trace"
	volume="volumes: [{name: t, hostPath: {path: $trace, type: File}}]"
	swap() { # word
		manifest swap "trap \"echo $1 stops >>/trace; exit 0\" TERM; echo $1 starts >>/trace; busybox sleep 7100$PORT & wait" "$volume" |
			sed "s|'\]}|'], volumeMounts: [{name: t, mountPath: /trace}]}|" | put "$OWN" swap.yaml
	}
	swap one
	eventually grep -q 'one starts' "$trace"
	eventually is Running mirror swap '{.status.phase}'
	first=$(mirror swap '{.metadata.annotations.kubernetes\.io/config\.hash}')
	swap two
	eventually grep -q 'two starts' "$trace"
	[ "$(cat "$trace")" = "one starts
one stops
two starts" ]
	changed() { now=$(mirror swap '{.metadata.annotations.kubernetes\.io/config\.mirror}') && [ -n "$now" ] && [ "$now" != "$first" ]; }
	eventually changed
	echo 'kind: Nonsense' | put "$OWN" bad.yaml
	manifest secretive 'exit 0' 'volumes: [{name: s, secret: {secretName: x}}]' | put "$OWN" secret.yaml
	eventually grep -q "bad.yaml.*couldn't parse as pod" "$OWN/logs/nodeagent.log"
	eventually grep -q 'secret.yaml.*static pods may not reference secrets' "$OWN/logs/nodeagent.log"
	is Running mirror swap '{.status.phase}'
	rm "$OWN/manifests/"*
	eventually grep -q 'two stops' "$trace"
	eventually shows NotFound mirror swap '{.metadata.uid}'
}

@test "an agent that is killed takes its static Pods over; what went meanwhile is stopped" {
	manifest stays "exec busybox sleep 7200$PORT" | put "$OWN" stays.yaml
	manifest goes "exec busybox sleep 7300$PORT" | put "$OWN" goes.yaml
	eventually is Running mirror stays '{.status.phase}'
	eventually is Running mirror goes '{.status.phase}'
	before=$(pgrep -f "sleep 7200$PORT" | head -n 1)
	agent=$(cat "$OWN/run/nodeagent.pid")
	kill -9 "$agent"
	eventually gone "$agent"
	rm "$OWN/manifests/goes.yaml"
	own_agent
	eventually runs_not "sleep 7300$PORT"
	eventually shows NotFound mirror goes '{.metadata.uid}'
	[ "$(pgrep -f "sleep 7200$PORT" | head -n 1)" = "$before" ]
	is 0 mirror stays '{.status.containerStatuses[0].restartCount}'
	rm "$OWN/manifests/stays.yaml"
	eventually runs_not "sleep 7200$PORT"
}

@test "without an API server static Pods run, restart and stop" {
	manifest alone "echo run; sleep 1; exec busybox sleep 7400$PORT" | put "$ALONE" alone.yaml
	start "$ALONE" nodeagent "$ROOT/build/bin/nodeagent" --config="$ALONE/config.yaml" --hostname-override=alone \
		--node-ip=127.0.0.1 --root-dir="$ALONE/node" --pause-binary="$ROOT/build/bin/pause" >&2 3>&-
	eventually runs "sleep 7400$PORT"
	before=$(pgrep -f "sleep 7400$PORT" | head -n 1)
	kill -9 "$before"
	runs_anew() { pgrep -f "sleep 7400$PORT" | grep -qvx "$before"; } # the first restart is at once: nobody may see it not run
	eventually gone "$before"
	eventually runs_anew
	curl -fsS -m 10 "http://127.0.0.1:$((PORT + 34))/healthz"
	rm "$ALONE/manifests/alone.yaml"
	eventually runs_not "sleep 7400$PORT"
	none() { [ -z "$(ls -A "$ALONE/node/pods")" ]; }
	eventually none
}
