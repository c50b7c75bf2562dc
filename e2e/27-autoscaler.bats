#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What nodes and Pods use, and who scales by it, on fake nodes: their containers use what annotations of their Pod say.

setup_file() {
	. "$ROOT/e2e/lib.bash"
	use_namespace autoscaler
	"$ROOT/deploy/up" --dir "$DIR" --no-demo --no-build --fake-nodes 4 >"$BATS_FILE_TMPDIR/up.log" 2>&1 || { cat "$BATS_FILE_TMPDIR/up.log" >&3; return 1; }
	kubectl create -f - <<-END
		{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},
		 "template":{"metadata":{"labels":{"app":"web"},"annotations":{"coracle.dev/fake-cpu":"200m","coracle.dev/fake-memory":"64Mi"}},
		 "spec":{"nodeSelector":{"type":"fake"},"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"i",
		 "resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}}}
	END
}
teardown_file() {
	. "$ROOT/e2e/lib.bash"
	stop "$DIR" fake-nodes >/dev/null
	kubectl delete nodes -l type=fake --wait=false >/dev/null
	NS=autoscaler drop_namespace
}
setup() {
	. "$ROOT/e2e/lib.bash"
	export KUBECONFIG=$BATS_FILE_TMPDIR/kubeconfig NS=autoscaler
}

@test "kubectl top says what Pods and nodes use" {
	eventually shows 'web-.* +(200|201)m +64Mi' kubectl top pods
	eventually shows 'c +(200|201)m +64Mi' kubectl top pods --containers
	run kubectl top nodes
	[ "$status" -eq 0 ]
	shows '^fake-000[0-3] +[0-9]+m' kubectl top nodes
	shows '^NAME +CPU +MEMORY +WINDOW' kubectl get pods.metrics.k8s.io
	run kubectl top pods nobody
	[ "$status" -ne 0 ]
}

@test "an autoscaler goes up to what the metrics call for, and tells it" {
	kubectl create -f - <<-END
		{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},"spec":{"minReplicas":1,"maxReplicas":5,
		 "scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
		 "behavior":{"scaleDown":{"stabilizationWindowSeconds":0}},
		 "metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":50}}}]}}
	END
	eventually shows '^5$' kubectl get deployment web -o jsonpath='{.spec.replicas}'
	eventually shows 'True TooManyReplicas' kubectl get hpa web -o jsonpath='{.status.conditions[?(@.type=="ScalingLimited")].status} {.status.conditions[?(@.type=="ScalingLimited")].reason}'
	shows 'SuccessfulRescale.*above target' kubectl describe hpa web
	shows 'averageUtilization.:100' kubectl get --raw "/apis/autoscaling/v2/namespaces/$NS/horizontalpodautoscalers/web"
	shows 'autoscaling.alpha.kubernetes.io/conditions' kubectl get --raw "/apis/autoscaling/v1/namespaces/$NS/horizontalpodautoscalers/web"
}

@test "and down again when its Pods use less" {
	kubectl rollout status deployment web --timeout=${GUARD}s
	kubectl annotate pods -l app=web --overwrite coracle.dev/fake-memory=1Mi
	eventually shows '^1$' kubectl get deployment web -o jsonpath='{.spec.replicas}'
	shows 'All metrics below target' kubectl describe hpa web
}

@test "what cannot be measured stands in the conditions" {
	kubectl patch hpa web --type=merge -p '{"spec":{"metrics":[{"type":"External","external":{"metric":{"name":"depth"},"target":{"type":"Value","value":"5"}}}]}}'
	eventually shows 'False FailedGetExternalMetric' kubectl get hpa web -o jsonpath='{.status.conditions[?(@.type=="ScalingActive")].status} {.status.conditions[?(@.type=="ScalingActive")].reason}'
	shows '^1$' kubectl get deployment web -o jsonpath='{.spec.replicas}'
}
