#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An adversary beside a well-behaved client: connections, memory, types, growth. The control plane has 256 MB to live in.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	local d
	group=$(memory_group)
	[ -n "$group" ] || return 0
	mkdir -p "$group"
	echo $((256 * 1024 * 1024)) >"$group/$(limit_file "$group")"
	for d in apiserver scheduler controller-manager; do daemon_pid $d >"$group/cgroup.procs"; done
	echo "$group" >"$BATS_FILE_TMPDIR/group"
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	local group d
	group=$(cat "$BATS_FILE_TMPDIR/group" 2>/dev/null) || return 0
	for d in apiserver scheduler controller-manager; do daemon_pid $d >"${group%/*}/cgroup.procs"; done
	rmdir "$group"
}
setup() { . "$ROOT/e2e/lib.bash"; }

# A cgroup that bounds memory, on either hierarchy; nothing where none can be made.
memory_group() {
	if [ -n "${E2E_SANITIZED:-}" ]; then
		: # sanitizers need more
	elif [ -d /sys/fs/cgroup/memory ]; then
		echo "/sys/fs/cgroup/memory/coracle-hostile-$PORT"
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
		echo "/sys/fs/cgroup/coracle-hostile-$PORT"
	fi
}
limit_file() { [ -e "$1/memory.max" ] && echo memory.max || echo memory.limit_in_bytes; }

attack() { "$ROOT/e2e/hostile/attack" "$DIR" "$1"; }

@test "silent connections" { attack silent_connections; }
@test "requests that come byte by byte" { attack slow_requests; }
@test "requests that break off" { attack dropped_requests; }
@test "watches that nobody reads" { attack unread_watches; }
@test "batches of ready connections of every size" { attack ready_batches; }
@test "requests that no client sends" { attack odd_requests; }
@test "bodies that grow a hundredfold" { attack big_bodies; }
@test "long selectors" { attack big_selectors; }
@test "watches with long selectors" { attack long_watches; }
@test "values of the wrong type in every kind" { attack type_confusion; }
@test "lists of twice the length" { attack growth; }
@test "definitions that ask for everything" { attack hostile_definitions; }
@test "a thousand definitions" { attack many_definitions; }
@test "patches that want to explode" { attack explosive_patches; }
@test "lists of managers that are none" { attack broken_managers; }
@test "protobuf that is none, wherever it is taken" { attack broken_protobuf; }
@test "selectors of thousands of terms" { attack costly_selectors; }
@test "hundreds of namespaces" { attack many_namespaces; }
