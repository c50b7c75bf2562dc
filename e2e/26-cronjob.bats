#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Jobs by the clock, with an unmodified kubectl.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace cronjob-test
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	NS=cronjob-test drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=cronjob-test
}

cron() { # name field
	kubectl get cronjob "$1" -o "jsonpath={$2}"
}
runs() { # name
	kubectl get jobs -o json | jq -r --arg n "$1" '[.items[] | select(any(.metadata.ownerReferences[]?; .name == $n))] | length'
}

@test "a Job begins when its time has come, and its success is told" {
	kubectl create cronjob tick --image="$IMAGE" --schedule='@every 1s' -- busybox true
	eventually is 1 runs tick
	eventually shows '^20..-..-..T' cron tick .status.lastScheduleTime
	eventually shows '^20..-..-..T' cron tick .status.lastSuccessfulTime
	eventually shows 'Created job tick-' kubectl describe cronjob tick
	eventually shows 'Saw completed job: tick-' kubectl describe cronjob tick
	run -0 kubectl get cronjob tick
	[[ ${lines[0]} =~ ^NAME\ +SCHEDULE\ +TIMEZONE\ +SUSPEND\ +ACTIVE\ +LAST\ SCHEDULE\ +AGE ]]
	kubectl get jobs -o jsonpath='{.items[0].metadata.annotations}' | grep -q 'batch.kubernetes.io/cronjob-scheduled-timestamp'
	kubectl delete cronjob tick
	eventually is 0 runs tick
}

@test "suspended, resumed, and a Job by hand" {
	kubectl create cronjob rest --image="$IMAGE" --schedule='@every 1s' --dry-run=client -o json -- busybox true |
		jq '.spec.suspend = true' | kubectl create -f -
	kubectl create job --from=cronjob/rest by-hand
	kubectl wait --for=condition=Complete job/by-hand --timeout="${GUARD}s"
	is manual kubectl get job by-hand -o 'jsonpath={.metadata.annotations.cronjob\.kubernetes\.io/instantiate}'
	is '' cron rest .status.lastScheduleTime
	kubectl patch cronjob rest -p '{"spec":{"suspend":false}}'
	eventually is 2 runs rest
	kubectl delete cronjob rest
}

@test "with Forbid a Job waits for the one before it, with Replace it takes its place" {
	for policy in Forbid Replace; do
		kubectl create cronjob long --image="$IMAGE" --schedule='@every 1s' --dry-run=client -o json -- busybox sleep 600 |
			jq --arg p $policy '.spec.concurrencyPolicy = $p' | kubectl create -f -
		eventually is 1 bash -c "kubectl get cronjob long -o json | jq '.status.active | length'"
		if [ $policy = Forbid ]; then
			eventually shows 'JobAlreadyActive' kubectl describe cronjob long
		else
			eventually shows 'SuccessfulDelete' kubectl describe cronjob long
		fi
		eventually is 1 runs long
		kubectl delete cronjob long
		eventually is 0 runs long
	done
}

@test "schedules and zones that are none are refused" {
	run -1 kubectl create cronjob bad --image="$IMAGE" --schedule='61 * * * *' -- busybox true
	[[ $output == *'end of range (61) above maximum (59): 61'* ]]
	run -1 bash -c "kubectl create cronjob bad --image=$IMAGE --schedule='* * * * *' --dry-run=client -o json -- busybox true | jq '.spec.timeZone = \"Mars/Base\"' | kubectl create -f -"
	[[ $output == *'unknown time zone Mars/Base'* ]]
}
