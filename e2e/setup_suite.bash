# SPDX-License-Identifier: Apache-2.0
# One cluster for the whole suite, on the store that STORE names; tests keep to namespaces of their own. Suites on different
# stores use different folders and ports and may run at the same time: no test may look at the whole machine.

setup_suite() {
	export ROOT DIR STORE PORT HOME
	ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	STORE=${STORE:-sqlite}
	DIR=${E2E_DIR:-$ROOT/build/e2e-$STORE}
	PORT=${E2E_PORT:-$([ "$STORE" = sqlite ] && echo 7443 || echo 7643)}
	"$ROOT/deploy/down" --purge --dir "$DIR" >/dev/null 2>&1 || :
	"$ROOT/deploy/up" --dir "$DIR" --store "$STORE" --port "$PORT" --no-demo --no-build >"$BATS_SUITE_TMPDIR/up.log" 2>&1 || {
		cat "$BATS_SUITE_TMPDIR/up.log" >&3
		return 1
	}
	# kubectl keeps on disk, by address, what it has discovered: another cluster had this address an hour ago.
	HOME=$DIR/home
	mkdir -p "$HOME"
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
