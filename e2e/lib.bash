# SPDX-License-Identifier: Apache-2.0
# What the end-to-end tests share: the cluster's addresses, curl with the admin's token, waiting with a deadline.

bats_require_minimum_version 1.5.0
. "$ROOT/deploy/lib.sh"
export KUBECONFIG=$DIR/kubeconfig
SERVER=$(sed -n 's/^ *server: //p' "$KUBECONFIG")
IMAGE=localhost/coracle-demo:1.0
# Seconds after which something is taken to hang. It proves nothing else: how long things take is the bench's concern, and the
# machine may be busy. What is started in the background leaves bats's descriptor (3>&-), or a failed test waits for its end.
GUARD=$((200 * ${E2E_PATIENCE:-1}))

# api PATH [curl options]: the body on stdout, fails on HTTP errors.
api() {
	local path=$1
	shift
	curl -sS --fail-with-body -m "$GUARD" --cacert "$DIR/pki/ca.crt" -H "Authorization: Bearer $(cat "$DIR/pki/admin.token")" "$@" "$SERVER$path"
}
# code PATH [curl options]: only the HTTP status.
code() {
	local path=$1
	shift
	curl -sS -o /dev/null -w '%{http_code}' -m "$GUARD" --cacert "$DIR/pki/ca.crt" -H "Authorization: Bearer $(cat "$DIR/pki/admin.token")" "$@" "$SERVER$path"
}

# A namespace of the test file's own, as kubectl's default.
use_namespace() {
	NS=$1
	kubectl create namespace "$NS" >/dev/null
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig
	[ -f "$KUBECONFIG" ] || cp "$DIR/kubeconfig" "$KUBECONFIG"
	kubectl config set-context --current --namespace="$NS" >/dev/null
}
drop_namespace() {
	kubectl delete namespace "$NS" --wait=false >/dev/null 2>&1 || :
}

# eventually COMMAND...: until it succeeds.
eventually() {
	local end=$((SECONDS + GUARD))
	until wait_for 5 "$@"; do [ $SECONDS -lt $end ] || return 1; done
}

# shows PATTERN COMMAND...: what the command prints holds the pattern, whatever the command says of itself. Events come late.
shows() {
	local pattern=$1
	shift
	grep -qE -- "$pattern" <("$@" 2>&1)
}

# is TEXT COMMAND...: the command prints exactly that.
is() {
	local want=$1
	shift
	[ "$("$@" 2>/dev/null)" = "$want" ]
}

# Every kubectl, one path per line.
kubectls() {
	local k beside
	beside=$(dirname "$(readlink -f "$(command -v kubectl)")")
	for k in "$ROOT/build/kubectls/debian/usr/bin/kubectl" "$beside"/kubectl.1.* "$ROOT/build/kubectls/35/kubectl" "$(command -v kubectl)"; do
		[ -x "$k" ] && echo "$k"
	done
}

# What a failed test leaves to be read. A file with a teardown of its own calls it there, first.
autopsy() {
	local dir
	[ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
	for dir in "$DIR" ${OWN:+"$OWN"}; do "$ROOT/e2e/autopsy" "$dir"; done
}
grep -q '^teardown()' "$BATS_TEST_FILENAME" || teardown() { autopsy; }

daemon_pid() { cat "$DIR/run/$1.pid"; }
# Starts again what was killed, as a user would.
up_again() { "$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build >"$BATS_TEST_TMPDIR/up.log" 2>&1 || { cat "$BATS_TEST_TMPDIR/up.log"; return 1; }; }

make_deployment() { # name replicas [image]
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, labels: {app: $1}}
spec:
  replicas: $2
  progressDeadlineSeconds: 600
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: web
        image: ${3:-$IMAGE}
        command: [busybox, httpd, -f, -p, "8080", -h, /www]
        resources: {requests: {cpu: 1m, memory: 1Mi}}
END
}
