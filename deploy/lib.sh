# SPDX-License-Identifier: Apache-2.0
# What deploy/up, deploy/down and the tests share: messages, packages, the shape of a state folder, starting and stopping.
#
# A state folder DIR holds: kubeconfig, pki/, logs/NAME.log, run/NAME.pid, data/ (embedded store), etcd/, node/ (the node
# agent's root). A daemon is «ours» when its pid file names a live process whose executable is the one that we started.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Where the binaries are: another build (sanitizers) can be tried by naming it.
bin=${CORACLE_BIN:-$root/build/bin}

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
die() { # what happened, how to mend it
	printf 'error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf '  mend: %s\n' "$2" >&2
	exit 1
}

packages_for() { # need...
	local need
	for need in "$@"; do
		awk -v need="$need" '$1 !~ /^#/ && $2 == need { print $1 }' "$root/deploy/packages"
	done
}

install_missing() { # need...
	local missing=() p
	for p in $(packages_for "$@"); do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	step "installing with apt: ${missing[*]}"
	[ "$(id -u)" = 0 ] || die "these Debian packages are missing: ${missing[*]}" "run as root, or: sudo apt-get install ${missing[*]}"
	local log
	log=$(mktemp)
	if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
		tail -n 5 "$log" >&2
		rm -f "$log"
		die "apt could not install: ${missing[*]}" "look at the lines above; check 'apt-get update'"
	fi
	rm -f "$log"
}

# Debian's kubectl collides with other packages that bring /usr/bin/kubectl: install it only where there is none.
install_kubectl() {
	command -v kubectl >/dev/null && return 0
	step "installing with apt: kubernetes-client (kubectl)"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends kubernetes-client; } >/dev/null 2>&1 </dev/null ||
		die "apt could not install kubernetes-client" "put any kubectl 1.20 to 1.35 on PATH"
}

# For tests only: clients that come by npm. A Node from elsewhere brings its own npm.
install_npm() {
	command -v npm >/dev/null && return 0
	step "installing with apt: nodejs npm"
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nodejs npm; } >/dev/null 2>&1 </dev/null ||
		die "apt could not install npm" "put node 18 or newer and npm on PATH"
}

build_tree() {
	step "building (make; the first time takes a minute or two)"
	make -C "$root" -j"$(nproc)" --no-print-directory all >"$1" 2>&1 || {
		tail -n 20 "$1" >&2
		die "the build failed" "the whole output is in $1"
	}
}

# ---- processes ----
proc_exe() { readlink "/proc/$1/exe" 2>/dev/null | sed 's/ (deleted)$//'; }

running() { # dir name -> true when the daemon that we started is alive
	local pid exe
	pid=$(cat "$1/run/$2.pid" 2>/dev/null) || return 1
	exe=$(cat "$1/run/$2.exe" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ "$(proc_exe "$pid")" = "$exe" ]
}

# start DIR NAME EXE ARGS...: in its own session, output to logs/NAME.log. Control-plane daemons keep no capability: they need
# none of root's powers, only the files of their own state folder. CORACLE_ENV holds NAME=VALUE words for the daemons alone.
start() {
	local dir=$1 name=$2 exe=$3
	shift 3
	if running "$dir" "$name"; then
		say "    $name is running already (pid $(cat "$dir/run/$name.pid"))"
		return 0
	fi
	local drop=()
	if [ "$name" != nodeagent ] && [ "$(id -u)" = 0 ]; then
		drop=(setpriv --no-new-privs --bounding-set=-all --inh-caps=-all)
	fi
	[ -z "${CORACLE_ENV:-}" ] || drop+=(env $CORACLE_ENV)
	exe=$(readlink -f "$exe")
	printf '%s\n' "$exe" >"$dir/run/$name.exe"
	printf -- '--- %s starts: %s %s\n' "$(date -u +%FT%TZ)" "$exe" "$*" >>"$dir/logs/$name.log"
	setsid --fork bash -c 'echo $$ >"$1"; shift; exec "$@"' start "$dir/run/$name.pid.new" "${drop[@]}" "$exe" "$@" \
		</dev/null >>"$dir/logs/$name.log" 2>&1
	wait_for 600 test -s "$dir/run/$name.pid.new" || die "$name did not start" "look at $dir/logs/$name.log"
	mv "$dir/run/$name.pid.new" "$dir/run/$name.pid"
	wait_for 600 begun "$dir" "$name" || :
	say "    started $name (pid $(cat "$dir/run/$name.pid"))"
}

begun() { running "$1" "$2" || gone "$(cat "$1/run/$2.pid")"; } # what has its number is the daemon itself by now, or has ended

stop() { # dir name: TERM, wait, then KILL
	local dir=$1 name=$2 pid
	if running "$dir" "$name"; then
		pid=$(cat "$dir/run/$name.pid")
		kill -TERM "$pid" 2>/dev/null
		if ! wait_for 100 gone "$pid"; then
			say "    $name (pid $pid) did not end in 10 s: killing it"
			kill -KILL "$pid" 2>/dev/null
			wait_for 600 gone "$pid"
		fi
		say "    stopped $name"
	fi
	rm -f "$dir/run/$name.pid" "$dir/run/$name.exe"
}

gone() { [ ! -e "/proc/$1" ] || [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null)" = Z ]; }

# wait_for TENTHS COMMAND...: until it succeeds. The tick is a read with a time limit on a pipe that nobody writes.
wait_for() {
	local n=$1 i
	shift
	[ -n "${tick_fd:-}" ] || exec {tick_fd}<> <(:)
	for ((i = 0; i < n; i++)); do
		"$@" && return 0
		read -r -t 0.1 -u "$tick_fd" || :
	done
	"$@"
}

log_tail() { # dir name
	[ -f "$1/logs/$2.log" ] && tail -n 5 "$1/logs/$2.log" | sed 's/^/    | /' >&2
}

port_owner() { ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1; }
# The address under which others reach this machine: that of the default route; without one there is only this machine.
node_address() {
	local ip
	ip=$(ip -4 -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
	printf '%s\n' "${ip:-127.0.0.1}"
}
port_free() { [ -z "$(ss -Hltn "sport = :$1" 2>/dev/null)" ]; }
