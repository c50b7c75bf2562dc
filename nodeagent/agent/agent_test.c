/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent of two fake nodes from its start to its end, before a server that plays the API server: it knows one Pod of
 * the first node and says on that watch what the test wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/clock.h"
#include "base/thread.h"
#include "client/server_test.h"
#include "os/tree.h"

struct scene {
	struct server server;
	char dir[32], *kubeconfig;
	struct agent_config config;
	struct agent *agent;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct buf seen; /* "METHOD PATH BODY\n" of all but watches */
	bool deaf;	 /* nodes are not registered, events get no answer */
	const char *say; /* on the watch of the first node's Pods … */
	bool to_nodes;	 /* … or on that of the Nodes */
	bool over;
};

#define POD(rv, meta)                                                                                        \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"ns\",\"uid\":\"u1\",\"resourceVersion\":\"" rv        \
	"\"" meta "},"                                                                                       \
	"\"spec\":{\"nodeName\":\"f-0000\",\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"}]}}"

static bool is_first_nodes(const struct server_request *rq)
{
	return strstr(rq->path, "spec.nodeName%3Df-0000") != NULL;
}

static void on_watch(struct scene *s, struct server_request *rq)
{
	bool pods = is_first_nodes(rq), nodes = strstr(rq->path, "/api/v1/nodes?");
	server_stream(rq, 200);
	pthread_mutex_lock(&s->lock);
	while (!s->over) {
		if (s->say && (s->to_nodes ? nodes : pods)) {
			server_chunk(rq, s->say);
			s->say = NULL;
			pthread_cond_broadcast(&s->cond);
		}
		pthread_cond_wait(&s->cond, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	server_chunk(rq, "");
}

static void answer(struct server_request *rq)
{
	bool list = strstr(rq->path, "/api/v1/pods?") != NULL;
	if (list)
		server_reply(rq, 200, "",
			     is_first_nodes(rq) ? "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" POD(
							  "5", "") "]}"
						: "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}");
	else if (strstr(rq->path, "/api/v1/nodes?"))
		server_reply(rq, 200, "", "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[]}");
	else if (!strcmp(rq->method, "POST") && !strcmp(rq->path, "/api/v1/nodes"))
		server_reply(rq, 201, "", "{\"metadata\":{\"name\":\"x\",\"uid\":\"n1\"}}");
	else
		server_reply(rq, 200, "", "{}");
}

static void stay_silent(struct scene *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->over)
		pthread_cond_wait(&s->cond, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

static void on_request(struct server_request *rq)
{
	struct scene *s = rq->s->arg;
	if (strstr(rq->path, "watch=true")) {
		on_watch(s, rq);
		return;
	}
	pthread_mutex_lock(&s->lock);
	buf_addf(&s->seen, "%s %s %s\n", rq->method, rq->path, rq->body);
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	if (s->deaf && strstr(rq->path, "/events"))
		stay_silent(s);
	else if (s->deaf && !strcmp(rq->method, "POST"))
		server_reply(rq, 500, "", "{}");
	else
		answer(rq);
}

/* Until all the words have come up, in this order. */
static void expect(struct scene *s, const char *a, const char *b)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	const char *p;
	pthread_mutex_lock(&s->lock);
	while (!(p = strstr(buf_str(&s->seen), a)) || !strstr(p, b))
		if (!clock_cond_wait(&s->cond, &s->lock, deadline))
			fail_msg("no «%s» … «%s» in:\n%s", a, b, buf_str(&s->seen));
	pthread_mutex_unlock(&s->lock);
}

static void say(struct scene *s, const char *line)
{
	int64_t deadline = clock_mono_ns() + 120 * NS_PER_S;
	pthread_mutex_lock(&s->lock);
	s->say = line;
	pthread_cond_broadcast(&s->cond);
	while (s->say)
		assert_true(clock_cond_wait(&s->cond, &s->lock, deadline));
	pthread_mutex_unlock(&s->lock);
}

/* The status that was written of the Pod is the one asked for. */
static bool became(struct scene *s, const char *pod, const char *phase)
{
	autofree char *line = mem_printf("PATCH /api/v1/namespaces/ns/pods/%s/status", pod);

	expect(s, line, "\"phase\":");
	pthread_mutex_lock(&s->lock);
	bool ret = strstr(strstr(buf_str(&s->seen), line), phase);
	pthread_mutex_unlock(&s->lock);
	return ret;
}

#define SEES_WITHIN 100 /* Pods: the watches of a node and of its Pods are two connections */
static void expect_labels_learnt(struct scene *s)
{
	s->to_nodes = true;
	say(s, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"f-0000\",\"uid\":\"n1\","
	       "\"resourceVersion\":\"11\",\"labels\":{\"disk\":\"ssd\"}}}}\n");
	s->to_nodes = false;
	for (int i = 0; i < SEES_WITHIN; i++) {
		char name[16];
		snprintf(name, sizeof(name), "q%d", i);
		autofree char *line = mem_printf(
			"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":\"%s\","
			"\"resourceVersion\":\"%d\"},\"spec\":{\"nodeName\":\"f-0000\",\"nodeSelector\":{\"disk\":\"ssd\"},"
			"\"containers\":[{\"name\":\"a\",\"image\":\"i:1\"}]}}}\n",
			name, name, 20 + i);

		say(s, line);
		if (became(s, name, "\"Running\""))
			return;
	}
	fail_msg("the node never learnt of its label");
}

static void *run(void *arg)
{
	agent_run(arg);
	return NULL;
}

static void start(struct scene *s)
{
	struct err err = ERR_INIT;
	pthread_mutex_init(&s->lock, NULL);
	clock_cond_init(&s->cond);
	server_start(&s->server, on_request, s);
	snprintf(s->dir, sizeof(s->dir), "/tmp/agent_test.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->kubeconfig = mem_printf("%s/kubeconfig", s->dir);
	struct kubeconfig k = {.server = s->server.url};
	assert_int_equal(kubeconfig_write(s->kubeconfig, "c", "u", &k, &err), 0);
	s->config = (struct agent_config){.kubeconfig = s->kubeconfig,
					  .node_ip = "127.0.0.1",
					  .hostname_override = "",
					  .root_dir = s->dir,
					  .pod_cidr = "",
					  .tls_cert_file = "",
					  .tls_key_file = "",
					  .client_ca_file = "",
					  .cluster_dns = "",
					  .cluster_domain = "cluster.local",
					  .fake_node_prefix = "f-",
					  .node_labels = "zone=z1",
					  .max_pods = 10,
					  .fake_events = s->deaf,
					  .fake_zones = 2,
					  .taints = "",
					  .unsafe_sysctls = "",
					  .fake_taints = "k=v:PreferNoSchedule",
					  .fake_resources = "example.com/gpu=4",
					  .fake_nodes = 2};
	s->agent = agent_new(&s->config, &err);
	if (!s->agent)
		fail_msg("%s", err.msg);
	s->thread = thread_start("agent", run, s->agent);
}

static void stop(struct scene *s)
{
	struct err err = ERR_INIT;
	agent_stop(s->agent);
	pthread_join(s->thread, NULL);
	agent_shut_down(s->agent);
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_broadcast(&s->cond);
	pthread_mutex_unlock(&s->lock);
	server_stop(&s->server);
	assert_int_equal(tree_remove(s->dir, &err), 0);
	free(s->kubeconfig);
	buf_release(&s->seen);
}

static void test_fleet(void **state)
{
	static struct scene s; /* what the agent owns is the process's: it stays reachable */
	start(&s);
	expect(&s, "POST /api/v1/nodes ", "\"zone\":\"z1\"");
	expect(&s, "POST /api/v1/nodes ", "\"effect\":\"PreferNoSchedule\"");
	expect(&s, "POST /api/v1/nodes ", "\"example.com/gpu\":\"4\"");
	expect(&s, "/api/v1/nodes ", "\"topology.kubernetes.io/zone\":\"zone-2\"");
	expect(&s, "/api/v1/nodes ", "\"name\":\"f-0001\"");
	expect(&s, "PATCH /api/v1/nodes/f-0000/status", "\"type\":\"Ready\"");
	expect(&s, "POST /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
	       "\"holderIdentity\":\"f-000");
	expect(&s, "PATCH /api/v1/namespaces/ns/pods/p/status", "\"phase\":\"Running\"");
	say(&s,
	    "{\"type\":\"MODIFIED\",\"object\":" POD("9", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
							  "\"deletionGracePeriodSeconds\":5") "}\n");
	expect(&s, "DELETE /api/v1/namespaces/ns/pods/p ", "\"uid\":\"u1\"");
	/* One Pod, one node: nobody else wrote a status, and no node was registered twice. */
	pthread_mutex_lock(&s.lock);
	const char *first = strstr(buf_str(&s.seen), "POST /api/v1/nodes "),
		   *second = strstr(first + 1, "POST /api/v1/nodes ");
	assert_non_null(second);
	assert_null(strstr(second + 1, "POST /api/v1/nodes "));
	pthread_mutex_unlock(&s.lock);
	expect_labels_learnt(&s);
	stop(&s);
}

/* The loop turns while the last events are given their time: whatever comes up by then finds its parts in place. */
static void test_stop_while_the_server_is_away(void **state)
{
	static struct scene s = {.deaf = true};
	start(&s);
	expect(&s, "POST /api/v1/namespaces/default/events ", "Starting kubelet.");
	expect(&s, "POST /api/v1/nodes ", "");
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_fleet),
					   cmocka_unit_test(test_stop_while_the_server_is_away)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
