#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec, attach and port-forward as the agent serves them, by its own port, with real containers (33-streams.bats has the way there
# through the API server).

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace exec-test
	kubectl create --validate=false -f - >/dev/null <<END
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: c, image: $IMAGE, command: [busybox, sh, -c, 'busybox httpd -p 8080 -h /www; exec busybox sleep 100000']}
  - {name: talks, image: $IMAGE, stdin: true, command: [busybox, sh, -c, 'while read x; do echo "got \$x"; done']}
END
	kubectl wait --for=condition=Ready pod/box --timeout="${GUARD}s" >/dev/null
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=exec-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=exec-test
	port=$(kubectl get nodes -o jsonpath='{.items[0].status.daemonEndpoints.kubeletEndpoint.Port}')
	agent=https://127.0.0.1:$port pki=$DIR/pki
}

# stream PATH PROTOCOL: output on 1, errors of the command on 2, the end on 1 behind all.
stream() {
	timeout "$GUARD" python3 "$ROOT/e2e/stream.py" --cert "$pki/apiserver-node-client.crt" --key "$pki/apiserver-node-client.key" \
		"$agent/$1" "$2" 3>&1
}
sh_() { # shell-command -> the path of an exec
	python3 -c 'import sys, urllib.parse as u; print("exec/exec-test/box/c?output=1&error=1&" + u.urlencode([("command", x) for x in ["busybox", "sh", "-c", sys.argv[1]]]))' "$1"
}

@test "a command's output, errors and exit code come by every protocol of WebSockets" {
	for p in v5.channel.k8s.io v4.channel.k8s.io v4.base64.channel.k8s.io; do
		run -0 --separate-stderr stream "$(sh_ 'echo out; echo err >&2; exit 7')" $p </dev/null
		[ "${lines[0]}" = out ]
		[ "$stderr" = err ]
		[[ ${lines[1]} == *'"reason":"NonZeroExitCode"'*'"message":"7"'* ]]
	done
	for p in channel.k8s.io base64.channel.k8s.io; do # the end is words
		run -0 stream "$(sh_ 'exit 7')" $p </dev/null
		[[ $output == "command terminated with non-zero exit code"*"exit code 7" ]]
	done
}

@test "a client that does not answer a close is hung up on" {
	run -0 timeout "$GUARD" python3 - "$agent/$(sh_ 'echo out')" "$pki/apiserver-node-client" "$ROOT/e2e" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[3])
		from stream import messages, websocket
		s, status, _, data = websocket(sys.argv[1], "v5.channel.k8s.io", cert=sys.argv[2] + ".crt", key=sys.argv[2] + ".key")
		s.settimeout(50)
		while True: # the close comes, and some seconds later the end
		    more = s.recv(65536)
		    if not more:
		        break
		    data += more
		said = messages(data)[0]
		print(status, b"".join(p[1:] for kind, p in said if kind == 2 and p[0] == 1).decode().strip(), said[-1][0], said[-1][1].hex())
	END
	[ "$output" = "101 out 8 03e8" ]
}

@test "input is half-closed, and what the command says afterwards arrives" {
	run -0 stream "$(sh_ 'busybox wc -c; echo after')&input=1" v5.channel.k8s.io < <(head -c 3000000 /dev/zero)
	[ "${lines[0]}" = 3000000 ]
	[ "${lines[1]}" = after ]
	[[ ${lines[2]} == *Success* ]]
}

@test "much output is whole" {
	size=$(stream "$(sh_ 'busybox dd if=/dev/zero bs=1M count=40 2>/dev/null')" v4.channel.k8s.io </dev/null | tr -cd '\0' | wc -c)
	[ "$size" = 41943040 ]
}

@test "a terminal is one, and has the size that the client says" {
	run -0 stream "$(sh_ 'test -t 0 && test -t 1 && echo terminal; tty')&tty=1" v4.channel.k8s.io </dev/null
	[[ ${lines[0]} == terminal* ]]
	[[ ${lines[1]} == /dev/pts/* ]]
}

@test "a program that does not exist is an internal error with the runtime's words" {
	run -0 stream 'exec/exec-test/box/c?command=nosuch&output=1' v4.channel.k8s.io </dev/null
	[[ $output == *'"status":"Failure"'*'executable file not found'*'"reason":"InternalError"'*'"code":500'* ]]
}

@test "refusals: who, what, which" {
	run -1 stream 'exec/exec-test/nobody/c?command=x&output=1' v4.channel.k8s.io </dev/null
	[[ $output == 404* ]]
	run -1 stream 'exec/exec-test/box/other?command=x&output=1' v4.channel.k8s.io </dev/null
	[[ $output == 500*'container not found ("other")'* ]]
	run -1 stream 'exec/exec-test/box/c?command=x' v4.channel.k8s.io </dev/null
	[[ $output == 400* ]]
	run -1 stream "$(sh_ true)" v9.channel.k8s.io </dev/null
	[[ $output == 403* ]]
	code=$(curl -sk -o /dev/null -w '%{http_code}' "$agent/exec/exec-test/box/c?command=x&output=1")
	[ "$code" = 401 ]
	code=$(curl -sk --cert "$pki/apiserver-node-client.crt" --key "$pki/apiserver-node-client.key" -o /dev/null -w '%{http_code}' \
		"$agent/exec/exec-test/box/c?command=x&output=1")
	[ "$code" = 400 ]
}

@test "attach: several clients hear a container, each may talk to it, and leave it running" {
	(echo one; sleep 3) | stream 'attach/exec-test/box/talks?input=1&output=1' v4.channel.k8s.io >"$BATS_TEST_TMPDIR/a" 3>&- &
	a=$!
	eventually grep -q 'got one' "$BATS_TEST_TMPDIR/a"
	(echo two; sleep 3) | stream 'attach/exec-test/box/talks?input=1&output=1' v4.channel.k8s.io >"$BATS_TEST_TMPDIR/b" 3>&- &
	b=$!
	eventually grep -q 'got two' "$BATS_TEST_TMPDIR/b"
	eventually grep -q 'got two' "$BATS_TEST_TMPDIR/a"
	kill $a $b || :
	is 0 kubectl get pod box -o jsonpath='{.status.containerStatuses[?(@.name=="talks")].restartCount}'
	eventually shows 'got two' kubectl logs box -c talks
}

@test "two hundred commands at once all end well: at the agent itself, and through the API server" {
	local command='command=busybox&command=echo&command=once' end='200 {"metadata":{},"status":"Success"}'
	run -0 timeout "$GUARD" python3 "$ROOT/e2e/stream.py" --cert "$pki/apiserver-node-client.crt" --key "$pki/apiserver-node-client.key" --storm 200 \
		"$agent/exec/exec-test/box/c?output=1&error=1&$command" v5.channel.k8s.io
	[ "$output" = "$end" ]
	run -0 timeout "$GUARD" python3 "$ROOT/e2e/stream.py" --token-file "$pki/admin.token" --storm 200 \
		"$SERVER/api/v1/namespaces/exec-test/pods/box/exec?container=c&stdout=1&stderr=1&$command" v5.channel.k8s.io
	[ "$output" = "$end" ]
}
