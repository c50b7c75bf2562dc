# SPDX-License-Identifier: Apache-2.0
# The rows of the client table: what a user does with one kubectl of one version, without any flag that asks the server for less.
# A row is a function row_NAME; it runs in a shell of its own with -e, in a namespace of its own ($NS) with $MINOR, $WORK (a folder)
# and kubectl in that version; it fails by failing. `since NAME MINOR` says which version first has the command.

declare -A since=([events]=26 [status-subresource]=24 [wait-jsonpath]=23 [whoami]=28)
rows=(create create-wrong apply server-side replace diff explain wait wait-jsonpath patch status-subresource edit get watch raw describe
	label scale rollout set expose autoscale run exec cp attach port-forward debug proxy delete cascade drain certificate auth whoami discover kustomize prune events crd)

is() { # TEXT COMMAND...
	local want=$1 got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || { echo "not «$want» but «$got»: $*"; return 1; }
}
says() { # PATTERN COMMAND...: it prints that, and succeeds
	local pattern=$1 got
	shift
	got=$("$@" 2>&1) || { echo "failed: $*: $got"; return 1; }
	grep -qE -- "$pattern" <<<"$got" || { echo "no «$pattern» in: $got"; return 1; }
}
refuses() { # PATTERN COMMAND...: it fails and says that
	local pattern=$1 got
	shift
	! got=$("$@" 2>&1) || { echo "did not fail: $*: $got"; return 1; }
	grep -qE -- "$pattern" <<<"$got" || { echo "no «$pattern» in: $got"; return 1; }
}
soon() { # COMMAND...: until it succeeds
	local end=$((SECONDS + GUARD))
	until wait_for 5 quietly "$@"; do [ $SECONDS -lt $end ] || { echo "never: $*"; "$@"; return 1; }; done
}
quietly() { "$@" >/dev/null 2>&1; }
at_least() { [ "$MINOR" -ge "$1" ]; }

# Somebody waits for what becomes of that object: the API server counts its watches.
in_watch() {
	kubectl get --raw /metrics | grep -E '^apiserver_longrunning_requests\{.*resource="'"$1"'".*\} [1-9]' | grep -q namespace
}

deployment() { # NAME REPLICAS [NODE]
	cat <<END
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1, labels: {app: $1}}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {kubernetes.io/hostname: $NODE}
      containers:
      - name: main
        image: $IMAGE
        command: [busybox, sleep, "3600"]
        ports: [{containerPort: 8080}]
        resources: {requests: {cpu: 1m, memory: 1Mi}}
END
}

row_create() {
	kubectl create configmap a --from-literal=k=v
	kubectl create secret generic a --from-literal=password=hunter2
	kubectl create secret docker-registry b --docker-username=u --docker-password=p --docker-server=registry.test
	kubectl create serviceaccount a
	kubectl create deployment a --image="$IMAGE"
	kubectl create service clusterip a --tcp=80:8080
	kubectl create service nodeport b --tcp=80:8080
	kubectl create service externalname c --external-name=example.test
	kubectl create quota a --hard=pods=10,services=4
	kubectl create role a --verb=get,list --resource=pods,deployments.apps
	kubectl create rolebinding a --role=a --serviceaccount="$NS:a"
	kubectl create clusterrole "$NS" --verb=get --resource=nodes
	kubectl create clusterrolebinding "$NS" --clusterrole="$NS" --user=me
	kubectl create job a --image="$IMAGE" -- busybox true
	if at_least 21; then # 1.20 makes them in batch/v1beta1, which Kubernetes gave up in 1.25
		kubectl create cronjob a --image="$IMAGE" --schedule='*/5 * * * *' -- busybox true
		kubectl create job --from=cronjob/a b
	fi
	kubectl create pdb a --selector=app=a --min-available=1
	kubectl create priorityclass "$NS" --value=1000 --description=test
	kubectl create ingress a --class=none --rule='a.test/path=a:80,tls=b'
	is v kubectl get configmap a -o 'jsonpath={.data.k}'
	is 'NonIndexed' kubectl get job a -o 'jsonpath={.spec.completionMode}'
	is a.test kubectl get ingress a -o 'jsonpath={.spec.rules[0].host}'
	is '10' kubectl get quota a -o 'jsonpath={.spec.hard.pods}'
	refuses 'configmaps "a" already exists' kubectl create configmap a
	kubectl delete clusterrole,clusterrolebinding,priorityclass "$NS"
}

row_create-wrong() {
	local f=$WORK/wrong.yaml
	deployment wrong 1 | sed 's/replicas:/replicsa:/' >"$f"
	refuses 'unknown field "(spec\.)?replicsa"' kubectl create -f "$f"
	refuses 'unknown field "(spec\.)?replicsa"' kubectl apply -f "$f"
	deployment wrong 1 | sed 's/replicas: 1/replicas: one/' >"$f"
	refuses 'replicas|cannot be handled|cannot unmarshal|invalid type' kubectl create -f "$f"
	deployment wrong 1 | sed '/selector/d' >"$f"
	refuses 'spec.selector: Required value|missing required field "selector"' kubectl create -f "$f"
	refuses 'NotFound' kubectl get deployment wrong
}

row_apply() {
	local f=$WORK/cm.yaml
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: file, labels: {a: b}}\ndata: {k: v1, gone: x}\n' >"$f"
	says 'created \(server dry run\)' kubectl apply --dry-run=server -f "$f"
	refuses NotFound kubectl get configmap file
	says 'configmap/file created' kubectl apply -f "$f"
	says 'configmap/file unchanged' kubectl apply -f "$f"
	sed -i 's/v1, gone: x/v2/' "$f"
	says 'configmap/file configured' kubectl apply -f "$f"
	is '{"k":"v2"}' kubectl get configmap file -o 'jsonpath={.data}'
	says 'k: v2' kubectl apply view-last-applied configmap/file
	deployment app 1 | kubectl apply -f -
	deployment app 1 | sed 's/containerPort: 8080/containerPort: 9090/' | kubectl apply -f -
	is '[{"containerPort":9090,"protocol":"TCP"}]' kubectl get deployment app -o 'jsonpath={.spec.template.spec.containers[0].ports}'
	says unchanged kubectl apply -f <(deployment app 1 | sed 's/containerPort: 8080/containerPort: 9090/')
}

row_server-side() {
	local f=$WORK/ssa.yaml
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {k: v1, mine: x}\n' >"$f"
	says 'serverside-applied' kubectl apply --server-side --field-manager=one -f "$f"
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {k: v2}\n' >"$f.2"
	refuses 'conflict with "one".*' kubectl apply --server-side --field-manager=two -f "$f.2"
	kubectl apply --server-side --field-manager=two --force-conflicts -f "$f.2"
	is v2 kubectl get configmap ssa -o 'jsonpath={.data.k}'
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\n' >"$f"
	kubectl apply --server-side --field-manager=one -f "$f"
	is '{"k":"v2"}' kubectl get configmap ssa -o 'jsonpath={.data}'
	[ "$(kubectl get --raw "/api/v1/namespaces/$NS/configmaps/ssa" | jq -c '[.metadata.managedFields[] | [.manager, .operation]]')" = '[["two","Apply"]]' ] ||
		{ kubectl get --raw "/api/v1/namespaces/$NS/configmaps/ssa" | jq -c .metadata.managedFields; return 1; }
	deployment ssa 1 | kubectl apply --server-side -f -
	kubectl scale deployment ssa --replicas=2
	refuses 'conflict with "kubectl.*: .spec.replicas' kubectl apply --server-side -f <(deployment ssa 3)
}

row_replace() {
	kubectl create configmap r --from-literal=k=1
	kubectl get configmap r -o yaml | sed 's/k: "1"/k: "2"/' >"$WORK/r.yaml"
	says replaced kubectl replace -f "$WORK/r.yaml"
	is 2 kubectl get configmap r -o 'jsonpath={.data.k}'
	refuses 'the object has been modified' kubectl replace -f <(sed 's/k: "2"/k: "3"/' "$WORK/r.yaml")
	sed -i '/resourceVersion\|uid:/d' "$WORK/r.yaml"
	says replaced kubectl replace --force -f "$WORK/r.yaml"
	refuses NotFound kubectl replace -f <(sed 's/name: r/name: s/' "$WORK/r.yaml")
}

row_diff() {
	local f=$WORK/d.yaml
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {k: v1}\n' >"$f"
	kubectl apply -f "$f"
	kubectl diff -f "$f"
	sed -i "s/k: v1/k: v2/" "$f"
	refuses '^\+ +k: v2' kubectl diff -f "$f"
	refuses '^\+ +k: v2' kubectl diff --server-side --force-conflicts -f "$f"
	is v1 kubectl get configmap d -o 'jsonpath={.data.k}'
}

row_explain() {
	says 'FIELD: +containers|RESOURCE: containers' kubectl explain pod.spec.containers
	says 'terminationGracePeriodSeconds' kubectl explain pod.spec
	says 'imagePullPolicy' kubectl explain deployment.spec.template.spec --recursive
	says 'spec' kubectl explain deployments --api-version=apps/v1
	refuses 'does not exist' kubectl explain pod.spec.nosuch
}

row_wait() {
	deployment w 1 | kubectl create -f -
	kubectl wait --for=condition=Available deployment/w --timeout="${GUARD}s"
	kubectl wait --for=delete deployment/w --timeout="${GUARD}s" 3>&- &
	local waiter=$!
	soon in_watch deployments w
	kubectl delete deployment w --wait=false
	wait $waiter
	kubectl create configmap w
	refuses 'timed out waiting' kubectl wait --for=condition=Never configmap/w --timeout=1s
}

row_wait-jsonpath() {
	deployment w 1 | kubectl create -f -
	kubectl wait --for='jsonpath={.status.readyReplicas}=1' deployment/w --timeout="${GUARD}s"
}

row_patch() {
	deployment p 1 | kubectl create -f -
	kubectl patch deployment p -p '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"x","resources":{}}]}}}}'
	is 'side main' kubectl get deployment p -o 'jsonpath={.spec.template.spec.containers[*].name}'
	kubectl patch deployment p --type=merge -p '{"metadata":{"labels":{"app":null,"x":"y"}}}'
	is '{"x":"y"}' kubectl get deployment p -o 'jsonpath={.metadata.labels}'
	kubectl patch deployment p --type=json -p '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":0}]'
	is 0 kubectl get deployment p -o 'jsonpath={.spec.replicas}'
	refuses 'The request is invalid' kubectl patch deployment p --type=json -p '[{"op":"test","path":"/spec/replicas","value":7}]'
	refuses 'Invalid value: -1|must be greater than or equal to 0' kubectl patch deployment p -p '{"spec":{"replicas":-1}}'
}

row_status-subresource() {
	kubectl create -f - <<<'{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"s"},"spec":{"ingressClassName":"a","defaultBackend":{"service":{"name":"x","port":{"number":80}}}}}'
	kubectl patch ingress s --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}},"spec":{"ingressClassName":"b"}}'
	is 'a 192.0.2.1' kubectl get ingress s -o 'jsonpath={.spec.ingressClassName} {.status.loadBalancer.ingress[0].ip}'
	deployment s 0 | kubectl create -f -
	is Scale kubectl get deployment s --subresource=scale -o 'jsonpath={.kind}'
}

row_edit() {
	kubectl create configmap e --from-literal=k=old
	KUBE_EDITOR='sed -i s/old/new/' kubectl edit configmap e
	is new kubectl get configmap e -o 'jsonpath={.data.k}'
	says 'no changes made|Edit cancelled' env KUBE_EDITOR=true kubectl edit configmap e
}

row_get() {
	deployment g 2 | kubectl create -f -
	kubectl rollout status deployment/g --timeout="${GUARD}s"
	says '^NAME +READY +UP-TO-DATE +AVAILABLE +AGE' kubectl get deployment g
	says '^g-.* 1/1 +Running +0 .*'"$NODE" kubectl get pods -o wide
	is Deployment kubectl get deployment g -o 'jsonpath={.kind}'
	says '^kind: Deployment' kubectl get deployment g -o yaml
	is 2 sh -c 'kubectl get pods -o json | jq ".items | length"'
	is 2 sh -c 'kubectl get pods --sort-by=.metadata.name --no-headers | wc -l'
	is 2 sh -c 'kubectl get pods -l app=g,pod-template-hash --chunk-size=1 -o name | wc -l'
	is 2 sh -c 'kubectl get pods --field-selector status.phase=Running -o name | wc -l'
	says '^g +g' kubectl get deployment g -o custom-columns=NAME:.metadata.name,APP:.metadata.labels.app
	says 'replicaset.apps/g-' kubectl get all
	says "^$NS +g-" kubectl get pods -A
	says 'No resources found in' kubectl get cronjobs
	refuses 'the server doesn.t have a resource type "nosuch"' kubectl get nosuch
	is g kubectl get deploy g --template '{{.metadata.name}}'
	kubectl get pods --show-labels | grep -q 'app=g,pod-template-hash='
}

row_watch() {
	kubectl create configmap first
	kubectl get configmaps -w --no-headers >"$WORK/watch" 3>&- &
	local pid=$!
	soon grep -q '^first' "$WORK/watch"
	kubectl create configmap second
	soon grep -q '^second' "$WORK/watch"
	kill $pid
}

row_raw() {
	is '"ok"' sh -c 'kubectl get --raw /readyz | jq -R .'
	says 'check passed' kubectl get --raw '/readyz?verbose'
	is v1 sh -c 'kubectl get --raw /api | jq -r ".versions[0]"'
	is 34 sh -c 'kubectl get --raw /version | jq -r .minor'
	is "$NS" sh -c "kubectl get --raw /api/v1/namespaces/$NS | jq -r .metadata.name"
	says '"kind":"ConfigMap"' kubectl create --raw "/api/v1/namespaces/$NS/configmaps" -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"raw"}}'
	says Success kubectl delete --raw "/api/v1/namespaces/$NS/configmaps/raw"
}

row_describe() {
	deployment d 1 | kubectl create -f -
	kubectl rollout status deployment/d --timeout="${GUARD}s"
	kubectl expose deployment d --port=80
	local pod
	pod=$(kubectl get pods -l app=d -o 'jsonpath={.items[0].metadata.name}')
	soon says "Successfully assigned $NS/$pod to" kubectl describe pod "$pod"
	soon says 'Scaled up replica set' kubectl describe deployment d
	says 'Selector: +app=d' kubectl describe service d
	says 'Ready +True' kubectl describe node "$NODE"
	says 'Name: +default' kubectl describe serviceaccount default
	says 'Name: +'"$NS" kubectl describe namespace "$NS"
	kubectl create quota d --hard=pods=3
	says 'Resource +Used +Hard' kubectl describe quota d
	kubectl create ingress d --class=none --rule='d.test/=d:80'
	says 'd.test' kubectl describe ingress d
}

row_label() {
	kubectl create configmap l
	kubectl label configmap l tier=front
	refuses "already has a value|--overwrite is false" kubectl label configmap l tier=back
	kubectl label --overwrite configmap l tier=back
	is back kubectl get configmap l -o 'jsonpath={.metadata.labels.tier}'
	kubectl label configmap l tier-
	kubectl annotate configmap l note='two words'
	is 'two words' kubectl get configmap l -o 'jsonpath={.metadata.annotations.note}'
	kubectl label node "$NODE" "row-$NS=1"
	kubectl label node "$NODE" "row-$NS-"
}

row_scale() {
	deployment s 1 | kubectl create -f -
	says scaled kubectl scale deployment s --replicas=3
	soon is 3 kubectl get deployment s -o 'jsonpath={.status.readyReplicas}'
	refuses 'Expected replicas to be 9' kubectl scale deployment s --current-replicas=9 --replicas=1
	kubectl create -f - <<<'{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"name":"s"},"spec":{"serviceName":"s","replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"m","image":"x"}]}}}}'
	kubectl scale statefulset s --replicas=2
	is 2 kubectl get statefulset s -o 'jsonpath={.spec.replicas}'
}

row_rollout() {
	deployment r 1 | kubectl create -f -
	kubectl rollout status deployment/r --timeout="${GUARD}s"
	kubectl set image deployment/r main=localhost/other:2
	kubectl rollout status deployment/r --timeout="${GUARD}s"
	says '^2 ' kubectl rollout history deployment/r
	kubectl rollout undo deployment/r
	is "$IMAGE" kubectl get deployment r -o 'jsonpath={.spec.template.spec.containers[0].image}'
	kubectl rollout pause deployment/r
	refuses 'paused' kubectl rollout restart deployment/r
	kubectl rollout resume deployment/r
	kubectl rollout restart deployment/r
	kubectl rollout status deployment/r --timeout="${GUARD}s"
}

row_set() {
	deployment s 0 | kubectl create -f -
	kubectl set image deployment/s main=x:1
	kubectl set env deployment/s A=B
	kubectl set resources deployment/s --limits=cpu=200m,memory=64Mi
	kubectl set serviceaccount deployment/s other
	is 'x:1 B 200m other' kubectl get deployment s -o 'jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value} {.spec.template.spec.containers[0].resources.limits.cpu} {.spec.template.spec.serviceAccountName}'
	kubectl create service clusterip s --tcp=80
	kubectl set selector service s x=y
	is '{"x":"y"}' kubectl get service s -o 'jsonpath={.spec.selector}'
}

row_expose() {
	deployment e 0 | kubectl create -f -
	kubectl expose deployment e --port=80 --target-port=8080 --name=e --type=NodePort
	is '{"app":"e"}' kubectl get service e -o 'jsonpath={.spec.selector}'
	kubectl patch service e -p '{"spec":{"type":"ClusterIP"}}'
	says '^e +ClusterIP +10\.' kubectl get service e
}

row_autoscale() {
	deployment a 1 | kubectl create -f -
	if at_least 35; then kubectl autoscale deployment a --min=1 --max=5 --cpu=70%; else kubectl autoscale deployment a --min=1 --max=5 --cpu-percent=70; fi
	says '^a +Deployment/a +.*70% +1 +5' kubectl get hpa a
	is 70 sh -c "kubectl get --raw /apis/autoscaling/v1/namespaces/$NS/horizontalpodautoscalers/a | jq .spec.targetCPUUtilizationPercentage"
	is 70 sh -c "kubectl get --raw /apis/autoscaling/v2/namespaces/$NS/horizontalpodautoscalers/a | jq .spec.metrics[0].resource.target.averageUtilization"
}

row_run() {
	kubectl run talker --image="$IMAGE" --restart=Never --overrides='{"spec":{"nodeSelector":{"kubernetes.io/hostname":"'"$REAL_NODE"'"}}}' --command -- \
		busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done'
	soon is Succeeded kubectl get pod talker -o 'jsonpath={.status.phase}'
	is 'line 5' kubectl logs talker --tail=1
	says '^[0-9]{4}-[0-9]{2}-[0-9]{2}T.* line 1$' kubectl logs talker --timestamps
	is 'line 5' sh -c 'kubectl logs -f talker | tail -n 1'
	says '0/1 +Completed' kubectl get pod talker
	refuses 'pods "nosuch" not found' kubectl logs nosuch
}

# A Pod with a real container that has the tar which cp asks for, ready.
real_pod() { # NAME [SPEC LINES]
	kubectl create -f - <<END
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  nodeSelector: {kubernetes.io/hostname: $REAL_NODE}
  containers:
  - name: main
    image: $IMAGE
    ${2:-}
    command: [busybox, sh, -c, 'busybox mkdir -p /bin /tmp; busybox ln -sf "\$(busybox which busybox)" /bin/tar; busybox touch /tmp/there; exec busybox sleep 3600']
    readinessProbe: {exec: {command: [busybox, test, -e, /tmp/there]}, periodSeconds: 1}
END
	kubectl wait --for=condition=Ready "pod/$1" --timeout=${GUARD}s
}
code() { # NUMBER COMMAND...: its exit code
	local want=$1 got=0
	shift
	"$@" || got=$?
	[ "$got" = "$want" ] || { echo "not $want but $got: $*"; return 1; }
}

row_exec() {
	real_pod e
	is hi kubectl exec e -- busybox echo hi
	is in kubectl exec -i e -c main -- busybox cat <<<in
	code 7 kubectl exec e -- busybox sh -c 'exit 7'
	refuses 'container nosuch is not valid for pod e' kubectl exec e -c nosuch -- busybox true
	refuses 'pods "nosuch" not found' kubectl exec nosuch -- busybox true
	[[ $(kubectl exec e -- busybox sh -c 'echo out; echo err >&2' 2>"$WORK/err") = out ]]
	grep -q err "$WORK/err"
}

row_cp() {
	real_pod c
	mkdir -p "$WORK/tree/deep/er"
	head -c 3000000 /dev/urandom >"$WORK/tree/large"
	for i in {1..100}; do echo "file $i" >"$WORK/tree/deep/er/$i"; done
	: >"$WORK/tree/empty"
	kubectl cp "$WORK/tree" "$NS/c:/tmp/tree"
	kubectl cp "$NS/c:/tmp/tree" "$WORK/back"
	diff -r "$WORK/tree" "$WORK/back"
}

row_attach() {
	kubectl run a --image="$IMAGE" --restart=Never --overrides='{"spec":{"nodeSelector":{"kubernetes.io/hostname":"'"$REAL_NODE"'"},"containers":[{"name":"a","image":"'"$IMAGE"'","stdin":true,"stdinOnce":true,"command":["busybox","cat"]}]}}'
	kubectl wait --for=condition=Ready pod/a --timeout=${GUARD}s
	says 'said by a user' kubectl attach -i a <<<'said by a user'
	soon is Succeeded kubectl get pod a -o 'jsonpath={.status.phase}'
	is 'said by a user' kubectl logs a
}

row_port-forward() {
	kubectl run f --image="$IMAGE" --restart=Never --overrides='{"spec":{"nodeSelector":{"kubernetes.io/hostname":"'"$REAL_NODE"'"}}}' --port=8080 \
		--command -- busybox httpd -f -p 8080 -h /www
	kubectl wait --for=condition=Ready pod/f --timeout=${GUARD}s
	kubectl port-forward pod/f :8080 >"$WORK/forward" 2>&1 &
	local pid=$!
	soon grep -q 'Forwarding from 127' "$WORK/forward"
	local port
	port=$(sed -n 's/Forwarding from 127.0.0.1:\([0-9]*\).*/\1/p' "$WORK/forward")
	soon says 'Hello from a container' curl -sS --max-time 10 "http://127.0.0.1:$port/"
	says 'Hello from a container' curl -sS --max-time 10 "http://127.0.0.1:$port/"
	kill $pid
}

row_debug() {
	real_pod d
	kubectl debug d --image="$IMAGE" --target=main -c looker --attach=false -- busybox sleep 3600
	soon says '[0-9T:Z-]+' kubectl get pod d -o 'jsonpath={.status.ephemeralContainerStatuses[0].state.running.startedAt}'
	says 'sleep 3600' kubectl exec d -c looker -- busybox ps
	is main kubectl get pod d -o 'jsonpath={.spec.ephemeralContainers[0].targetContainerName}'
}

row_proxy() {
	real_pod p
	kubectl proxy --port=0 >"$WORK/proxy" 2>&1 &
	local pid=$!
	soon grep -q 'Starting to serve on' "$WORK/proxy"
	local url
	url=http://$(sed -n 's/Starting to serve on //p' "$WORK/proxy")
	says '"name": "p"' curl -sS --max-time 10 "$url/api/v1/namespaces/$NS/pods/p"
	says '^ok' curl -sS --max-time 10 "$url/readyz"
	kill $pid
}

row_delete() {
	kubectl create configmap one
	kubectl create configmap two
	kubectl label configmap one two x=y
	kubectl create configmap three
	says 'configmap "three" deleted' kubectl delete configmap three
	kubectl delete configmap -l x=y
	refuses 'NotFound' kubectl delete configmap one
	kubectl delete configmap one --ignore-not-found
	kubectl create configmap four
	kubectl delete configmap --all
	refuses 'configmaps "four" not found' kubectl get configmap four
	kubectl run d --image=x --overrides='{"spec":{"nodeName":"'"$NODE"'"}}'
	soon is Running kubectl get pod d -o 'jsonpath={.status.phase}'
	kubectl delete pod d --grace-period=0 --force
	refuses NotFound kubectl get pod d
}

row_cascade() {
	deployment c 1 | kubectl create -f -
	kubectl rollout status deployment/c --timeout="${GUARD}s"
	kubectl delete deployment c --cascade=orphan
	[ -n "$(kubectl get replicasets -l app=c -o name)" ]
	kubectl delete replicasets -l app=c --cascade=foreground
	is "" kubectl get pods -l app=c -o name
}

row_drain() {
	deployment drain 2 | kubectl create -f -
	kubectl rollout status deployment/drain --timeout="${GUARD}s"
	kubectl create pdb drain --selector=app=drain --min-available=2
	soon is '2 0' kubectl get pdb drain -o 'jsonpath={.status.expectedPods} {.status.disruptionsAllowed}'
	refuses "Cannot evict pod as it would violate the pod's disruption budget" kubectl drain "$NODE" --pod-selector="app=drain" --timeout=3s
	says 'SchedulingDisabled' kubectl get node "$NODE"
	kubectl patch pdb drain --type=merge -p '{"spec":{"minAvailable":0}}'
	kubectl drain "$NODE" --pod-selector="app=drain" --timeout="${GUARD}s"
	soon is 'Pending Pending' kubectl get pods -l app=drain -o 'jsonpath={.items[*].status.phase}'
	kubectl uncordon "$NODE"
	kubectl rollout status deployment/drain --timeout="${GUARD}s"
}

row_certificate() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$WORK/key" -subj "/CN=$NS" -out "$WORK/csr" 2>/dev/null
	for n in yes no; do
		kubectl create -f - <<-END
			apiVersion: certificates.k8s.io/v1
			kind: CertificateSigningRequest
			metadata: {name: $NS-$n}
			spec: {request: $(base64 -w0 "$WORK/csr"), signerName: example.test/signer, usages: [client auth]}
		END
	done
	kubectl certificate approve "$NS-yes"
	kubectl certificate deny "$NS-no"
	says "^$NS-yes .* Approved" kubectl get csr "$NS-yes"
	says "^$NS-no .* Denied" kubectl get csr "$NS-no"
	kubectl delete csr "$NS-yes" "$NS-no"
}

row_auth() {
	says '^yes' kubectl auth can-i create pods
	refuses '^no' kubectl auth can-i create pods --as=nobody
	says 'selfsubjectaccessreviews' kubectl auth can-i --list
}

row_whoami() {
	says 'system:masters' kubectl auth whoami
}

row_discover() {
	says '^deployments +deploy +apps/v1 +true +Deployment' kubectl api-resources
	says '^apps/v1' kubectl api-versions
	says 'Kubernetes control plane|Kubernetes master' kubectl cluster-info
	says 'v1\.34' kubectl version
	kubectl api-resources --verbs=list --namespaced -o name | grep -v 'example.test$' >"$WORK/kinds" # other rows' definitions come and go
	while read -r kind; do kubectl get "$kind" --ignore-not-found >/dev/null || { echo "get $kind"; return 1; }; done <"$WORK/kinds"
}

row_kustomize() {
	mkdir -p "$WORK/k"
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {k: v}\n' >"$WORK/k/cm.yaml"
	printf 'namePrefix: pre-\nresources: [cm.yaml]\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n' >"$WORK/k/kustomization.yaml"
	kubectl apply -k "$WORK/k"
	is v kubectl get configmap pre-base -o 'jsonpath={.data.k}'
	says '^configmap/pre-gen-' kubectl get configmaps -o name
	kubectl delete -k "$WORK/k"
}

row_prune() {
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p1, labels: {p: q}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: p2, labels: {p: q}}\n' >"$WORK/p.yaml"
	local list=--prune-whitelist
	at_least 26 && list=--prune-allowlist
	kubectl apply -f "$WORK/p.yaml"
	says 'configmap/p2 pruned' kubectl apply --prune -l p=q $list=core/v1/ConfigMap -f <(sed '/^---/,$d' "$WORK/p.yaml")
	refuses NotFound kubectl get configmap p2
}

row_events() {
	kubectl run ev --image=x --overrides='{"spec":{"nodeName":"'"$NODE"'"}}'
	deployment ev 1 | kubectl create -f -
	soon says 'ScalingReplicaSet' kubectl events --for deployment/ev
}

row_crd() {
	local group=$NS.example.test
	kubectl apply -f - <<END
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.$group}
spec:
  group: $group
  scope: Namespaced
  names: {plural: boats, singular: boat, kind: Boat, shortNames: [bo]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.oars, statusReplicasPath: .status.oars}}
    additionalPrinterColumns: [{name: Oars, type: integer, jsonPath: .spec.oars}]
    schema:
      openAPIV3Schema:
        type: object
        description: A small boat.
        properties:
          spec: {type: object, required: [wood], properties: {wood: {type: string, enum: [oak, ash], description: What it is made of.}, oars: {type: integer, minimum: 0, default: 2}}}
          status: {type: object, properties: {oars: {type: integer}}}
END
	kubectl wait --for=condition=Established "crd/boats.$group" --timeout="${GUARD}s"
	boat() { printf 'apiVersion: %s/v1\nkind: Boat\nmetadata: {name: %s}\nspec: {%s}\n' "$group" "$1" "$2"; }
	boat a 'wood: oak' | kubectl apply -f -
	says "^a +2$" kubectl get "boats.$group"
	refuses 'Unsupported value: "pine"|spec.wood' kubectl create -f <(boat b 'wood: pine')
	refuses 'unknown field "(spec\.)?sail"|spec.sail' kubectl create -f <(boat b 'wood: oak, sail: 1')
	kubectl scale "boats.$group" a --replicas=4
	is 4 kubectl get "boats.$group" a -o 'jsonpath={.spec.oars}'
	says 'What it is made of' kubectl explain "boats.$group.spec" 2>/dev/null || says 'What it is made of' kubectl explain boat.spec --api-version="$group/v1"
	says 'wood\s+<string>' kubectl explain boat --recursive --api-version="$group/v1"
	kubectl patch "boats.$group" a --type=merge -p '{"spec":{"wood":"ash"}}'
	says 'Oars: +4' kubectl describe "boats.$group" a
	says 'Wood: +ash' kubectl describe "boats.$group" a
	says 'API Version: +'"$group/v1" kubectl describe "boats.$group" a
	says 'Type: +Established' kubectl describe crd "boats.$group"
	says 'Singular: +boat' kubectl describe crd "boats.$group"
	kubectl delete crd "boats.$group"
	refuses "the server doesn.t have a resource type|could not find" kubectl get "boats.$group"
}
