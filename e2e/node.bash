# SPDX-License-Identifier: Apache-2.0
# A node of its own for a file of tests: an agent beside the cluster's, of a KubeletConfiguration that the file says, onto which no Pod
# comes that does not name it. What each of such files would write again stands here.
#
#   setup_file:     own_node NAME PORT <FIELDS; own_image; own_agent; use_namespace NAME-test
#   setup:          own_node_known NAME
#   teardown_file:  own_node_known NAME; own_node_gone
# PORT is an offset to the cluster's, that of /healthz is the next one. The files run one after another.

own_node_known() { # NAME: sets and exports OWN, NODE, NS and, once there is a namespace, KUBECONFIG
	export OWN=$BATS_FILE_TMPDIR/own NODE=$1-$PORT NS=$1-test
	[ ! -f "$BATS_FILE_TMPDIR/kubeconfig" ] || export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig
}
# The fields that every such configuration has.
own_settings() { # NAME PORT
	cat <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		port: $((PORT + $2))
		healthzPort: $((PORT + $2 + 1))
		podCIDR: 10.24.$(((PORT + $2 + 1) % 256)).0/24
		authentication: {x509: {clientCAFile: $DIR/pki/ca.crt}}
		tlsCertFile: $DIR/pki/node-serving.crt
		tlsPrivateKeyFile: $DIR/pki/node-serving.key
		registerWithTaints: [{key: $1, value: only, effect: NoSchedule}]
	END
}
own_image() { # [DIR]: the tests' image, without a registry
	local tar=$BATS_FILE_TMPDIR/image.tar
	[ -f "$tar" ] || "$ROOT/deploy/oci-image" "$tar" "$IMAGE"
	"$ROOT/build/bin/nodeagent" image import "$tar" --root-dir="${1:-$OWN}/node"
}
own_node() { # NAME PORT <FIELDS
	own_node_known "$1"
	mkdir -p "$OWN/run" "$OWN/logs"
	{ own_settings "$1" "$2" && cat; } >"$OWN/config.yaml"
}
own_agent() { # [FLAG...]; INSIDE: a command that the agent is run by
	CORACLE_ENV="${CORACLE_ENV:-} ${INSIDE:-}" start "$OWN" nodeagent "$ROOT/build/bin/nodeagent" --config="$OWN/config.yaml" --kubeconfig="$DIR/pki/nodeagent.kubeconfig" \
		--hostname-override="$NODE" --node-ip="$(node_address)" --root-dir="$OWN/node" --pause-binary="$ROOT/build/bin/pause" "$@" >&2 3>&-
}
own_node_gone() {
	kubectl delete pods --all -n "$NS" --force --grace-period=0 --timeout="${GUARD}s" || :
	stop "$OWN" nodeagent
	timeout "$GUARD" ${INSIDE:-} "$ROOT/build/bin/nodeagent" cleanup --root-dir="$OWN/node"
	kubectl delete node "$NODE" --wait=false || :
	drop_namespace
}
# A container's process, known by what its command says, $(marker NAME): other clusters of the machine have such tests, too.
marker() { echo "$1-marker-$PORT"; } # NAME
marked() { pgrep -f "$(marker "$1")" | head -n 1 | grep .; }
# Its cgroup, below the hierarchy's root, of a v1 controller or of the unified one.
cgroup() { # NAME CONTROLLER
	local pid
	pid=$(marked "$1")
	sed -nE "s/^[0-9]+:([^:]*,)?$2(,[^:]*)?:|^0::/ /p" "/proc/$pid/cgroup" | grep -m 1 coracle | tr -d ' '
}
value() { # CONTROLLER CGROUP V1-FILE V2-FILE
	if [ -d "/sys/fs/cgroup/$1" ]; then cat "/sys/fs/cgroup/$1$2/$3"; else cat "/sys/fs/cgroup$2/$4"; fi
}
