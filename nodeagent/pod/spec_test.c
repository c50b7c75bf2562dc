/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdio.h>

#include "base/gate.h"
#include "pod/make_test.h"
#include "object/json_test.h"

static void test_table(void **state)
{
	const char *trouble = decode_spec_check(pod_type.rows);
	if (trouble)
		fail_msg("%s", trouble);
}

/* All that is absent gets the defaults of core/v1. */
static void test_defaults(void **state)
{
	struct pod *p = make_pod(JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},"
				      "'spec':{'containers':[{'name':'a','image':'i'}]}}"));
	const struct container_spec *c = &p->list.v[0];
	assert_string_equal(p->o.meta.uid, "u");
	assert_string_equal(p->hostname, "");
	assert_int_equal(p->restart, RESTART_ALWAYS);
	assert_int_equal(p->dns, DNS_CLUSTER_FIRST);
	assert_int_equal(p->grace_s, 30);
	assert_int_equal(p->active_deadline_s, 0);
	assert_int_equal(p->deletion_grace_s, -1);
	assert_int_equal(p->phase, PHASE_PENDING);
	assert_int_equal(p->fs_group, -1);
	assert_null(p->volumes);
	assert_null(p->status);
	assert_false(p->static_mirror);
	assert_int_equal(p->list.n, 1);
	assert_int_equal(p->list.n_init, 0);
	assert_int_equal(c->pull_policy, PULL_ALWAYS); /* no tag is :latest */
	assert_null(c->command);
	assert_null(c->working_dir);
	assert_null(c->cap_add);
	assert_int_equal(c->resources.cpu_request, QUANTITY_UNSET);
	assert_int_equal(c->run_as_user, -1);
	assert_false(c->no_new_privs);
	assert_int_equal(c->proc_mount, PROC_DEFAULT);
	assert_string_equal(c->termination_path, "/dev/termination-log");
	assert_int_equal(c->message_policy, MESSAGE_FILE);
	free_pod(p);
}

static const char everything[] =
	"{\"metadata\":{\"name\":\"p\",\"uid\":\"u\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
	"\"deletionGracePeriodSeconds\":7,\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}},"
	"\"spec\":{\"nodeName\":\"n1\",\"restartPolicy\":\"OnFailure\",\"dnsPolicy\":\"None\",\"hostNetwork\":true,"
	"\"terminationGracePeriodSeconds\":5,\"activeDeadlineSeconds\":9223372036854775807,"
	"\"imagePullSecrets\":[{\"name\":\"s1\"},{\"name\":\"s2\"}],\"volumes\":[{\"name\":\"v\"}],"
	"\"securityContext\":{\"runAsUser\":5,\"runAsGroup\":6,\"runAsNonRoot\":true,\"fsGroup\":9,"
	"\"supplementalGroups\":[7,8]},"
	"\"initContainers\":[{\"name\":\"once\",\"image\":\"i@sha256:0\"},"
	"{\"name\":\"side\",\"image\":\"i:1\",\"restartPolicy\":\"Always\"}],"
	"\"containers\":[{\"name\":\"app\",\"image\":\"r:5000/i:latest\",\"imagePullPolicy\":\"Never\",\"command\":[\"a\",\"b\"],"
	"\"workingDir\":\"\",\"terminationMessagePath\":\"\",\"terminationMessagePolicy\":\"FallbackToLogsOnError\","
	"\"ports\":[{\"containerPort\":1,\"name\":\"web\"},{\"containerPort\":2,\"hostPort\":3,\"protocol\":\"UDP\"}],"
	"\"env\":[{\"name\":\"A\",\"value\":\"x\"},{\"name\":\"F\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}},"
	"{\"name\":\"R\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits.cpu\",\"divisor\":\"1m\"}}},"
	"{\"name\":\"S\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\",\"optional\":true}}}],"
	"\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"cm\"}},{\"secretRef\":{\"name\":\"sec\",\"optional\":true}}],"
	"\"resources\":{\"limits\":{\"cpu\":\"1500m\",\"memory\":\"9223372036854775807\"},\"requests\":{\"cpu\":1}},"
	"\"securityContext\":{\"runAsUser\":0,\"runAsNonRoot\":false,\"allowPrivilegeEscalation\":false,"
	"\"procMount\":\"Unmasked\",\"capabilities\":{\"add\":[\"NET_ADMIN\"]}}}]},"
	"\"status\":{\"phase\":\"Running\"}}";

static void test_everything(void **state)
{
	struct pod *p = make_pod(everything);
	const struct container_spec *c = &p->list.v[2], *side = &p->list.v[1];
	assert_true(p->static_mirror);
	assert_int_equal(p->deletion_grace_s, 7);
	assert_true(p->active_deadline_s < INT64_MAX / 1000000000); /* as nanoseconds it still counts */
	assert_int_equal(p->n_pull_secrets, 2);
	assert_string_equal(p->pull_secrets[1].name, "s2");
	assert_int_equal(p->n_groups, 2);
	assert_int_equal(p->groups[1].id, 8);
	assert_int_equal(p->fs_group, 9);
	assert_string_equal(p->volumes, JSON("[{'name':'v'}]"));
	assert_int_equal(p->phase, PHASE_RUNNING);
	/* Init containers first, in order. */
	assert_int_equal(p->list.n, 3);
	assert_int_equal(p->list.n_init, 2);
	assert_true(p->list.v[0].init && !p->list.v[0].sidecar);
	assert_int_equal(p->list.v[0].pull_policy, PULL_IF_NOT_PRESENT);
	assert_true(side->init && side->sidecar);
	assert_int_equal(pod_container_index(p, "app"), 2);
	assert_int_equal(pod_container_index(p, "none"), -1);
	/* What the container does not say is said by its Pod. */
	assert_int_equal(side->run_as_user, 5);
	assert_true(side->run_as_non_root);
	assert_int_equal(c->run_as_user, 0);
	assert_int_equal(c->run_as_group, 6);
	assert_false(c->run_as_non_root);
	assert_true(c->no_new_privs);
	assert_int_equal(c->proc_mount, PROC_UNMASKED);
	assert_string_equal(c->cap_add[0], "NET_ADMIN");
	assert_null(c->cap_add[1]);
	assert_int_equal(c->pull_policy, PULL_NEVER);
	assert_string_equal(c->command[1], "b");
	assert_null(c->working_dir);
	assert_string_equal(c->termination_path, "/dev/termination-log");
	assert_int_equal(c->message_policy, MESSAGE_FALLBACK_TO_LOGS);
	assert_int_equal(c->n_host_ports, 1);
	assert_int_equal(c->n_ports, 2);
	assert_int_equal(c->ports[0].host_port, 3);
	assert_int_equal(c->ports[1].container_port, 1);
	assert_string_equal(c->ports[1].name, "web");
	assert_int_equal(c->resources.cpu_request, 1000);
	assert_int_equal(c->resources.cpu_limit, 1500);
	assert_int_equal(c->resources.memory_request, c->resources.memory_limit);
	assert_true(c->resources.memory_limit > 0 && c->resources.memory_limit < INT64_C(1) << 50);
	static const enum env_source sources[] = {ENV_VALUE, ENV_FIELD, ENV_RESOURCE, ENV_SECRET};
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		assert_int_equal(c->env[i].source, sources[i]);
	assert_string_equal(c->env[2].divisor, "1m");
	assert_string_equal(c->env[3].ref, "s");
	assert_true(c->env[3].optional);
	assert_true(!c->env_from[0].secret && c->env_from[1].secret && c->env_from[1].optional);
	assert_string_equal(c->env_from[1].ref, "sec");
	free_pod(p);
}

static void test_seccomp(void **state)
{
	struct pod *p = make_pod(JSON(
		"{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{"
		"'securityContext':{'seccompProfile':{'type':'RuntimeDefault'}},'containers':["
		"{'name':'a','image':'i'},"
		"{'name':'b','image':'i','securityContext':{'seccompProfile':{'type':'Unconfined'}}},"
		"{'name':'c','image':'i','securityContext':{'seccompProfile':{'type':'Localhost','localhostProfile':'x/y.json'}}}"
		"]}}"));
	assert_int_equal(p->list.v[0].seccomp.type, SECCOMP_RUNTIME_DEFAULT);
	assert_int_equal(p->list.v[1].seccomp.type, SECCOMP_UNCONFINED);
	assert_int_equal(p->list.v[2].seccomp.type, SECCOMP_LOCALHOST);
	assert_string_equal(p->list.v[2].seccomp.file, "x/y.json");
	assert_true(p->service_links);
	free_pod(p);
}

static struct pod *with_container(const char *fields)
{
	char text[2048];
	snprintf(text, sizeof(text),
		 JSON("{'metadata':{'name':'p','namespace':'n','uid':'u'},'spec':{'containers':[{'name':'a',"
		      "'image':'i',%s}]}}"),
		 fields);
	return make_pod(text);
}

static void test_probe_defaults(void **state)
{
	struct pod *p = with_container(JSON("'livenessProbe':{'httpGet':{'port':'web'}},'readinessProbe':{},"
					    "'lifecycle':{'preStop':{}}"));
	const struct container_spec *c = &p->list.v[0];
	const struct probe_spec *l = c->probe[PROBE_LIVENESS];
	assert_null(c->probe[PROBE_STARTUP]);
	assert_null(c->probe[PROBE_READINESS]); /* does nothing */
	assert_null(c->hook[HOOK_POST_START]);
	assert_null(c->hook[HOOK_PRE_STOP]);
	assert_int_equal(c->stop_signal, 0);
	assert_int_equal(l->handler.type, HANDLER_HTTP_GET);
	assert_string_equal(l->handler.port.name, "web");
	assert_string_equal(l->handler.host, "");
	assert_string_equal(l->handler.path, "");
	assert_false(l->handler.https);
	assert_int_equal(l->initial_delay_s, 0);
	assert_int_equal(l->period_s, 10);
	assert_int_equal(l->timeout_s, 1);
	assert_int_equal(l->success_threshold, 1);
	assert_int_equal(l->failure_threshold, 3);
	assert_int_equal(l->grace_s, -1);
	free_pod(p);
}

static void test_probes(void **state)
{
	struct pod *p = with_container(JSON(
		"'startupProbe':{'exec':{'command':['cat','/f']},'initialDelaySeconds':5,'periodSeconds':0,"
		"'timeoutSeconds':-1,'failureThreshold':30,'terminationGracePeriodSeconds':60},"
		"'livenessProbe':{'tcpSocket':{'host':'h','port':8080},'periodSeconds':9223372036854775807},"
		"'readinessProbe':{'grpc':{'port':50,'service':'s'},'successThreshold':3}"));
	const struct container_spec *c = &p->list.v[0];
	const struct probe_spec *s = c->probe[PROBE_STARTUP], *l = c->probe[PROBE_LIVENESS],
				*r = c->probe[PROBE_READINESS];
	assert_int_equal(s->handler.type, HANDLER_EXEC);
	assert_string_equal(s->handler.command[1], "/f");
	assert_null(s->handler.command[2]);
	assert_int_equal(s->initial_delay_s, 5);
	assert_int_equal(s->period_s, 1);
	assert_int_equal(s->timeout_s, 1);
	assert_int_equal(s->failure_threshold, 30);
	assert_int_equal(s->grace_s, 60);
	assert_int_equal(l->handler.type, HANDLER_TCP_SOCKET);
	assert_string_equal(l->handler.host, "h");
	assert_int_equal(l->handler.port.number, 8080);
	assert_string_equal(l->handler.port.name, "");
	assert_true(l->period_s < INT64_MAX / 1000000000); /* as nanoseconds it still counts */
	assert_int_equal(r->handler.type, HANDLER_GRPC);
	assert_int_equal(r->handler.port.number, 50);
	assert_string_equal(r->handler.service, "s");
	assert_int_equal(r->success_threshold, 3);
	free_pod(p);
}

static void test_hooks(void **state)
{
	struct pod *p = with_container(
		JSON("'lifecycle':{'postStart':{'httpGet':{'path':'/p','port':1,'scheme':'HTTPS',"
		     "'httpHeaders':[{'name':'A','value':'b'}]}},'preStop':{'sleep':{'seconds':4}},"
		     "'stopSignal':'SIGRTMIN+2'}"));
	const struct container_spec *c = &p->list.v[0];
	const struct handler_spec *start = &c->hook[HOOK_POST_START]->handler,
				  *stop = &c->hook[HOOK_PRE_STOP]->handler;
	assert_int_equal(start->type, HANDLER_HTTP_GET);
	assert_true(start->https);
	assert_string_equal(start->path, "/p");
	assert_int_equal(start->n_headers, 1);
	assert_string_equal(start->headers[0].name, "A");
	assert_string_equal(start->headers[0].value, "b");
	assert_int_equal(stop->type, HANDLER_SLEEP);
	assert_int_equal(stop->sleep_s, 4);
	assert_int_equal(c->stop_signal, 0); /* its gate is off */
	free_pod(p);
}

static void test_stop_signal(void **state)
{
	struct err err = ERR_INIT;
	assert_int_equal(gate_say("ContainerStopSignals=true", &err), 0);
	struct pod *p = with_container(JSON("'lifecycle':{'stopSignal':'SIGRTMIN+2'}"));
	assert_int_equal(p->list.v[0].stop_signal, SIGRTMIN + 2);
	assert_string_equal(p->list.v[0].stop_signal_name, "SIGRTMIN+2");
	free_pod(p);
	p = with_container(JSON("'lifecycle':{'stopSignal':'SIGNONE'}"));
	assert_int_equal(p->list.v[0].stop_signal, 0);
	free_pod(p);
	gate_forget();
}

/* Behind the others, and no container of the Pod's own. */
static void test_ephemeral(void **state)
{
	struct pod *p = make_pod(JSON(
		"{'metadata':{'name':'p','uid':'u'},'spec':{"
		"'ephemeralContainers':[{'name':'d','image':'i','targetContainerName':'a'},{'name':'e','image':'i'}],"
		"'containers':[{'name':'a','image':'i'}],'initContainers':[{'name':'x','image':'i'}]}}"));
	assert_int_equal(p->list.n, 4);
	assert_int_equal(p->list.n_init, 1);
	assert_int_equal(p->list.n_ephemeral, 2);
	assert_int_equal(pod_container_index(p, "d"), 2);
	assert_false(p->list.v[1].ephemeral);
	assert_true(p->list.v[2].ephemeral && p->list.v[3].ephemeral);
	assert_string_equal(p->list.v[2].target, "a");
	assert_string_equal(p->list.v[3].target, "");
	free_pod(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ephemeral),      cmocka_unit_test(test_table),
		cmocka_unit_test(test_defaults),       cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_probe_defaults), cmocka_unit_test(test_probes),
		cmocka_unit_test(test_hooks),	       cmocka_unit_test(test_stop_signal),
		cmocka_unit_test(test_everything)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
