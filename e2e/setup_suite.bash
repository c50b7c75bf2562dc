# SPDX-License-Identifier: Apache-2.0
# One cluster for the whole suite, on the store that STORE names; tests keep to namespaces of their own.

setup_suite() {
	export ROOT DIR STORE
	ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	STORE=${STORE:-sqlite}
	DIR=${E2E_DIR:-$ROOT/build/e2e-$STORE}
	"$ROOT/deploy/down" --purge --dir "$DIR" >/dev/null 2>&1 || :
	"$ROOT/deploy/up" --dir "$DIR" --store "$STORE" --port "${E2E_PORT:-7443}" --no-demo --no-build >"$BATS_SUITE_TMPDIR/up.log" 2>&1 || {
		cat "$BATS_SUITE_TMPDIR/up.log" >&3
		return 1
	}
	local image=$BATS_SUITE_TMPDIR/demo.tar
	"$ROOT/deploy/oci-image" "$image" localhost/coracle-demo:1.0 "/www/index.html=$ROOT/deploy/demo/index.html"
	"${CORACLE_BIN:-$ROOT/build/bin}/nodeagent" image import "$image" --root-dir="$DIR/node" >/dev/null 2>&1
	"$ROOT/deploy/oci-image" "$image" localhost/coracle-demo:2.0 "/www/index.html=$ROOT/deploy/demo/hello.yaml"
	"${CORACLE_BIN:-$ROOT/build/bin}/nodeagent" image import "$image" --root-dir="$DIR/node" >/dev/null 2>&1
}

teardown_suite() {
	"$ROOT/deploy/down" --purge --dir "$DIR" >"$BATS_SUITE_TMPDIR/down.log" 2>&1 || {
		cat "$BATS_SUITE_TMPDIR/down.log" >&3
		return 1
	}
}
