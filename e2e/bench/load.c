/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-load: the measurements of DESIGN §9 that need a load generator. One subcommand each, printing
 * `name=value` pairs on one line; e2e/bench/run puts them into the table.
 *
 *	create KIND N CONNECTIONS	creates N Pods of 1.5 KB, ConfigMaps of 1 KB or definitions of 46 fields; rate, p50, p99
 *	file PATH FILE FIRST N CONNECTIONS	creates N objects after the template in FILE, whose @ are numbers from FIRST on; with @ in PATH, puts them
 *	churn create|recreate MS {PATH FILE}...	every so often one of each; recreate: the one before is deleted first
 *	get PATH N CONNECTIONS		rate of GETs
 *	list PATH N			median time of a LIST, its size
 *	fanout WATCHERS EVENTS		from a write to the last watcher's event
 *	resume WATCHERS COMMAND...	watches miss events, the command restarts the server, all resume: until the last has them
 *	watches N PID			memory of the server PID for each idle watch
 *	bound N				from now until N Pods are bound: rate between the first and the last
 *	bound-in PATH N			the same of the Pods below that path
 *	deployment N			creates a Deployment of N replicas; until N Pods are bound
 *	started N			the same, until N Pods are Running
 *	running N			creates Pods one by one; create -> phase Running, p50, p99
 *	bare CONNECTIONS BYTES ROUNDS	as many bytes told to as many, each time, by GnuTLS and nothing else: time and server CPU
 *	calibrate			a fixed piece of work: its time tells how fast the machine is just now
 *	ready COMMAND...		starts the command; from then until /readyz says ok, then ends it
 */
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/map.h"
#include "base/rand.h"
#include "load_internal.h"

struct target load_target;
char load_run_id[6]; /* names of one run do not meet those of another */
static const char *image = "localhost/coracle-demo:1.0";

void load_die(const struct err *err)
{
	fprintf(stderr, "bench-load: %s\n", err->msg);
	exit(1);
}

void load_bad_status(const struct conn *c)
{
	fprintf(stderr, "bench-load: HTTP %d: %.400s\n", c->status, conn_body(c));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

double load_percentile_ms(int64_t *v, size_t n, double p)
{
	qsort(v, n, sizeof(*v), by_value);
	size_t rank = (size_t)ceil((double)n * p); /* so many are no longer than this one */
	return (double)v[rank ? rank - 1 : 0] / NS_PER_MS;
}

/* ---- bodies ---- */
static void pod_spec(struct buf *b, bool pad)
{
	buf_addf(
		b,
		"{\"terminationGracePeriodSeconds\":1,\"containers\":[{\"name\":\"c\",\"image\":\"%s\",\"command\":[\"busybox\",\"sleep\",\"3600\"],\"resources\":{\"requests\":{\"cpu\":\"1m\",\"memory\":\"1Mi\"}}",
		image);
	if (pad) { /* an ordinary Pod's size */
		buf_adds(b, ",\"env\":[");
		for (int i = 0; i < 12; i++)
			buf_addf(
				b,
				"%s{\"name\":\"VARIABLE_NUMBER_%02d\",\"value\":\"some-ordinary-value-%02d\"}",
				i ? "," : "", i, i);
		buf_adds(b, "]");
	}
	buf_adds(b, "}]}");
}

static void pod_body(struct buf *b, size_t i, bool pad)
{
	buf_addf(
		b,
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"pod-%s-%06zu\",\"labels\":{\"app\":\"bench\",\"run\":\"%s\"},"
		"\"annotations\":{\"bench/note\":\"an annotation of the usual kind, which tools like to leave behind on objects\"}},\"spec\":",
		load_run_id, i, load_run_id);
	pod_spec(b, pad);
	buf_adds(b, "}");
}

void load_configmap_body(struct buf *b, size_t i)
{
	buf_addf(
		b,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"cm-%s-%06zu\"},\"data\":{\"k\":\"",
		load_run_id, i);
	for (int k = 0; k < 90; k++)
		buf_adds(b, "0123456789");
	buf_adds(b, "\"}}");
}

/* Four groups of ten fields of several types, as custom resources have them. */
static void definition_schema(struct buf *b)
{
	static const char *const fields[] = {"\"type\":\"string\",\"maxLength\":63",
					     "\"type\":\"integer\",\"minimum\":0",
					     "\"type\":\"string\",\"enum\":[\"Always\",\"Never\"]",
					     "\"type\":\"boolean\",\"default\":true",
					     "\"type\":\"array\",\"items\":{\"type\":\"string\"}"};
	buf_adds(b, "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < 40; i++) {
		if (i % 10 == 0)
			buf_addf(b, "%s\"group%zu\":{\"type\":\"object\",\"properties\":{", i ? "}}," : "",
				 i / 10);
		buf_addf(
			b,
			"%s\"field%zu\":{\"description\":\"What field %zu of a thing means to its owner.\",%s}",
			i % 10 ? "," : "", i, i, fields[i % ARRAY_LEN(fields)]);
	}
	buf_adds(b, "}}}},\"status\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}");
}

static void definition_body(struct buf *b, size_t i)
{
	buf_addf(
		b,
		"{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"CustomResourceDefinition\",\"metadata\":{\"name\":\"thing%zus.g%zu.bench.example\"},"
		"\"spec\":{\"group\":\"g%zu.bench.example\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"thing%zus\",\"singular\":\"thing%zu\",\"kind\":\"Thing%zu\"},"
		"\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"subresources\":{\"status\":{}},\"schema\":{\"openAPIV3Schema\":",
		i, i / 100, i / 100, i, i, i);
	definition_schema(b);
	buf_adds(b, "}}]}}");
}

static void padded_pod_body(struct buf *b, size_t i)
{
	pod_body(b, i, true);
}

static const struct created {
	const char *name, *path;
	void (*body)(struct buf *b, size_t i);
} created[] = {
	{"pods", "/api/v1/namespaces/" NAMESPACE "/pods", padded_pod_body},
	{"configmaps", "/api/v1/namespaces/" NAMESPACE "/configmaps", load_configmap_body},
	{"definitions", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition_body},
};

/* ---- requests in parallel ---- */
struct load {
	const char *method, *path;
	const struct created *created; /* NULL: requests have no body */
	size_t next, n, done;
	int64_t *took;
};

static void next_request(struct load *l, struct conn *c, struct buf *request)
{
	autobuf struct buf body = BUF_INIT;
	size_t i = l->next++;
	if (l->created)
		l->created->body(&body, i);
	autobuf struct buf path = BUF_INIT;
	for (const char *p = l->path; *p; p++) {
		if (*p == '@')
			buf_addf(&path, "%zu", i);
		else
			buf_addc(&path, *p);
	}
	buf_clear(request);
	request_write(request, &load_target, l->method, buf_str(&path), body.len ? body.p : NULL);
	conn_send(c, request->p, request->len);
}

double load_cpu_s(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Takes the reply if it is there and sends the next request, until the connection has to wait. */
static void drive(struct load *l, struct conn *c, struct buf *request)
{
	unsigned events;
	int rc;
	while ((rc = conn_pump(c, &events)) == 1) {
		if (c->status / 100 != 2)
			load_bad_status(c);
		l->took[l->done++] = clock_mono_ns() - c->sent_ns;
		if (l->next >= l->n)
			return;
		next_request(l, c, request);
	}
	if (rc < 0)
		load_die(&(struct err){.msg = "connection broke"});
}

static void run_load(struct load *l, size_t n_conns, const char *label)
{
	struct err err = ERR_INIT;
	struct conn *conns = mem_array(n_conns, sizeof(*conns));
	struct buf *requests = mem_array(n_conns, sizeof(*requests));
	l->took = mem_array(l->n, sizeof(*l->took));
	int ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n_conns; i++) {
		if (conn_open(&conns[i], &load_target, &err) < 0)
			load_die(&err);
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
		epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &e);
	}
	int64_t start = clock_mono_ns();
	double cpu = load_cpu_s();
	for (size_t i = 0; i < n_conns && l->next < l->n; i++) {
		next_request(l, &conns[i], &requests[i]);
		drive(l, &conns[i], &requests[i]);
	}
	while (l->done < l->n) {
		struct epoll_event ev[64];
		int got = epoll_wait(ep, ev, 64, 60000);
		if (got == 0)
			load_die(&(struct err){.msg = "no reply in a minute"});
		for (int k = 0; k < got; k++)
			drive(l, &conns[ev[k].data.u64], &requests[ev[k].data.u64]);
	}
	double seconds = (double)(clock_mono_ns() - start) / NS_PER_S;
	printf("%s_per_s=%.0f %s_p50_ms=%.2f %s_p99_ms=%.2f %s_client_cpu_us=%.1f\n", label,
	       (double)l->n / seconds, label, load_percentile_ms(l->took, l->n, 0.5), label,
	       load_percentile_ms(l->took, l->n, 0.99), label, (load_cpu_s() - cpu) * 1e6 / (double)l->n);
	for (size_t i = 0; i < n_conns; i++) {
		conn_close(&conns[i]);
		buf_release(&requests[i]);
	}
	close(ep);
	free(conns);
	free(requests);
	free(l->took);
}

static void cmd_create(char **a)
{
	const struct created *kind = NULL;
	for (size_t i = 0; i < ARRAY_LEN(created); i++)
		if (!strcmp(created[i].name, a[0]))
			kind = &created[i];
	if (!kind)
		load_die(&(struct err){.msg = "create: no such kind"});
	struct load l = {.method = "POST", .path = kind->path, .created = kind, .n = strtoul(a[1], NULL, 10)};
	run_load(&l, strtoul(a[2], NULL, 10), "create");
}

void load_create(const char *path, void (*body)(struct buf *b, size_t i), size_t n, size_t n_conns)
{
	const struct created kind = {.path = path, .body = body};
	/* With a number in the path they are there already. */
	struct load l = {
		.method = strchr(path, '@') ? "PUT" : "POST", .path = path, .created = &kind, .n = n};

	run_load(&l, n_conns, "create");
}

static void cmd_get(char **a)
{
	struct load l = {.method = "GET", .path = a[0], .n = strtoul(a[1], NULL, 10)};
	run_load(&l, strtoul(a[2], NULL, 10), "get");
}

void load_call(struct conn *c, const char *method, const char *path, const char *body)
{
	struct err err = ERR_INIT;
	autobuf struct buf rq = BUF_INIT;
	request_write(&rq, &load_target, method, path, body);
	if (conn_call(c, rq.p, rq.len, &err) < 0)
		load_die(&err);
}

void load_open(struct conn *c)
{
	struct err err = ERR_INIT;
	if (conn_open(c, &load_target, &err) < 0)
		load_die(&err);
}

static void cmd_list(char **a)
{
	size_t n = strtoul(a[1], NULL, 10), bytes = 0;
	int64_t *took = mem_array(n, sizeof(*took));
	struct conn c;
	load_open(&c);
	for (size_t i = 0; i < n; i++) {
		load_call(&c, "GET", a[0], NULL);
		if (c.status != 200)
			load_bad_status(&c);
		took[i] = clock_mono_ns() - c.sent_ns;
		bytes = c.in.len;
	}
	printf("list_ms=%.1f list_bytes=%zu\n", load_percentile_ms(took, n, 0.5), bytes);
	conn_close(&c);
	free(took);
}

/* ---- watches ---- */
void load_start_watch(struct conn *c, const char *path)
{
	autobuf struct buf rq = BUF_INIT;
	unsigned events;
	request_write(&rq, &load_target, "GET", path, NULL);
	conn_send(c, rq.p, rq.len);
	while (c->out_len > 0 || !memmem(c->in.p ? c->in.p : "", c->in.len, "\r\n\r\n", 4)) {
		if (conn_pump(c, &events) < 0)
			load_die(&(struct err){.msg = "the watch broke"});
		struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
		if (!memmem(c->in.p ? c->in.p : "", c->in.len, "\r\n\r\n", 4) && poll(&pfd, 1, 10000) == 0)
			load_die(&(struct err){.msg = "the watch did not start"});
	}
	char *end = memmem(c->in.p, c->in.len, "\r\n\r\n", 4);
	if (strtol(c->in.p + 9, NULL, 10) != 200)
		load_bad_status(c);
	buf_consume(&c->in, (size_t)(end + 4 - c->in.p));
}

void load_list_rv(struct conn *c, const char *path, char rv[32])
{
	autofree char *one = mem_printf("%s?limit=1", path);
	load_call(c, "GET", one, NULL);
	const char *p = strstr(conn_body(c), "\"resourceVersion\":\"");
	snprintf(rv, 32, "%.*s", p ? (int)strcspn(p + 19, "\"") : 0, p ? p + 19 : "");
}

/* Reads a watch of Pods until `n` different ones contain `needle`; *first and *last get the times. */
static void wait_pods(struct conn *c, const char *needle, size_t n, int64_t *first, int64_t *last,
		      int timeout_s)
{
	size_t seen = 0;
	int64_t deadline = clock_mono_ns() + timeout_s * NS_PER_S;
	autobuf struct buf text = BUF_INIT;
	struct map uids = MAP_INIT;
	while (seen < n) {
		conn_dechunk(c, &text);
		char *p = text.p, *end = p ? p + text.len : NULL, *nl;
		while (p && seen < n && (nl = memchr(p, '\n', (size_t)(end - p)))) {
			if (memmem(p, (size_t)(nl - p), needle, strlen(needle))) {
				char *name = memmem(p, (size_t)(nl - p), "\"uid\":\"", 7);
				if (name && !map_setn(&uids, name + 7, 36, &uids)) {
					*last = clock_mono_ns();
					if (seen++ == 0)
						*first = *last;
				}
			}
			p = nl + 1;
		}
		if (p)
			buf_consume(&text, (size_t)(p - text.p));
		if (seen >= n)
			break;
		struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
		int left = (int)((deadline - clock_mono_ns()) / NS_PER_MS);
		if (left <= 0 || poll(&pfd, 1, left) == 0) {
			fprintf(stderr, "bench-load: %zu of %zu Pods after %d s\n", seen, n, timeout_s);
			exit(1);
		}
		if (conn_read(c) < 0)
			load_die(&(struct err){.msg = "the watch ended"});
	}
	map_release(&uids);
}

#define PODS "/api/v1/namespaces/" NAMESPACE "/pods"

static void bound_in(const char *pods, const char *number)
{
	struct conn c;
	int64_t first = 0, last = 0, start = clock_mono_ns();
	size_t n = strtoul(number, NULL, 10);
	autofree char *watch = mem_printf("%s?watch=1&resourceVersion=0", pods);
	load_open(&c);
	load_start_watch(&c, watch);
	wait_pods(&c, "\"nodeName\":\"", n, &first, &last, 300);
	printf("bound_per_s=%.0f bound_s=%.2f bound_wait_s=%.2f\n",
	       (double)(n - 1) * NS_PER_S / (double)(last - first + 1), (double)(last - first) / NS_PER_S,
	       (double)(first - start) / NS_PER_S);
	conn_close(&c);
}

static void cmd_bound(char **a)
{
	bound_in(PODS, a[0]);
}

static void cmd_bound_in(char **a)
{
	bound_in(a[0], a[1]);
}

/* How long a Deployment of so many takes from its creation to the last of its Pods being seen with that text. */
static double deployed_s(const char *number, const char *text)
{
	struct conn c, w;
	char rv[32];
	int64_t first = 0, last = 0;
	size_t n = strtoul(number, NULL, 10);
	load_open(&c);
	load_open(&w);
	load_list_rv(&c, PODS, rv);
	/* those of an earlier run become Running meanwhile, and are bound too */
	autofree char *watch =
		mem_printf(PODS "?watch=1&resourceVersion=%s&labelSelector=run%%3D%s", rv, load_run_id);
	load_start_watch(&w, watch);
	autobuf struct buf body = BUF_INIT;
	buf_addf(
		&body,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d-%s\"},\"spec\":{\"replicas\":%zu,\"selector\":{"
		"\"matchLabels\":{\"run\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{\"run\":\"%s\"}},\"spec\":",
		load_run_id, n, load_run_id, load_run_id);
	pod_spec(&body, false);
	buf_adds(&body, "}}}");
	int64_t start = clock_mono_ns();
	load_call(&c, "POST", "/apis/apps/v1/namespaces/" NAMESPACE "/deployments", body.p);
	if (c.status != 201)
		load_bad_status(&c);
	wait_pods(&w, text, n, &first, &last, 120);
	conn_close(&c);
	conn_close(&w);
	return (double)(last - start) / NS_PER_S;
}

static void cmd_deployment(char **a)
{
	printf("deployment_s=%.3f\n", deployed_s(a[0], "\"nodeName\":\""));
}

static void cmd_started(char **a)
{
	printf("started_s=%.3f\n", deployed_s(a[0], "\"phase\":\"Running\""));
}

static void cmd_running(char **a)
{
	size_t n = strtoul(a[0], NULL, 10);
	int64_t *took = mem_array(n, sizeof(*took));
	struct conn c;
	load_open(&c);
	for (size_t i = 0; i < n; i++) {
		struct conn w;
		char rv[32];
		int64_t first = 0, last = 0;
		load_open(&w);
		load_list_rv(&c, PODS, rv);
		autofree char *watch = mem_printf(
			PODS "?watch=1&resourceVersion=%s&fieldSelector=metadata.name%%3Dpod-%s-%06zu", rv,
			load_run_id, i);
		load_start_watch(&w, watch);
		autobuf struct buf body = BUF_INIT;
		pod_body(&body, i, false);
		int64_t start = clock_mono_ns();
		load_call(&c, "POST", PODS, body.p);
		if (c.status != 201)
			load_bad_status(&c);
		wait_pods(&w, "\"phase\":\"Running\"", 1, &first, &last, 60);
		took[i] = last - start;
		conn_close(&w);
	}
	printf("running_p50_ms=%.0f running_p99_ms=%.0f\n", load_percentile_ms(took, n, 0.5),
	       load_percentile_ms(took, n, 0.99));
	conn_close(&c);
	free(took);
}

static void cmd_ready(char **a)
{
	int64_t start = clock_mono_ns(), deadline = start + 30 * NS_PER_S;
	pid_t child = fork();
	if (child == 0) {
		execv(a[0], a);
		_exit(127);
	}
	bool ok = false;
	while (!ok && clock_mono_ns() < deadline) {
		struct conn c;
		struct err err = ERR_INIT;
		if (conn_open(&c, &load_target, &err) == 0) {
			load_call(&c, "GET", "/readyz", NULL);
			ok = c.status == 200;
			conn_close(&c);
		}
		if (!ok)
			poll(NULL, 0, 1); /* the listener's birth cannot be waited for */
	}
	int64_t took = clock_mono_ns() - start;
	kill(child, SIGTERM);
	waitpid(child, NULL, 0);
	if (!ok)
		load_die(&(struct err){.msg = "not ready after 30 s"});
	printf("ready_ms=%.1f\n", (double)took / NS_PER_MS);
}

static void cmd_calibrate(char **a)
{
	int64_t took[5];
	volatile uint64_t sink = 0;
	for (size_t i = 0; i < ARRAY_LEN(took); i++) {
		int64_t start = clock_mono_ns();
		uint64_t x = 88172645463325252U;
		for (int k = 0; k < 20000000; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
		sink += x;
		took[i] = clock_mono_ns() - start;
	}
	printf("calibrate_ms=%.1f\n", load_percentile_ms(took, ARRAY_LEN(took), 0.5));
}

static const struct {
	const char *name;
	int args; /* -N: N or more */
	void (*run)(char **a);
} commands[] = {
	{"create", 3, cmd_create},    {"get", 3, cmd_get},
	{"list", 2, cmd_list},	      {"fanout", 2, load_fanout},
	{"bound", 1, cmd_bound},      {"bound-in", 2, cmd_bound_in},
	{"resume", -2, load_resume},  {"deployment", 1, cmd_deployment},
	{"started", 1, cmd_started},  {"running", 1, cmd_running},
	{"ready", -1, cmd_ready},     {"calibrate", 0, cmd_calibrate},
	{"watches", 2, load_watches}, {"file", 5, load_file},
	{"churn", -4, load_churn},    {"dials", 4, load_dials},
	{"bare", 3, load_bare},
};

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *kubeconfig = getenv("KUBECONFIG");
	rand_suffix(load_run_id, 5);
	struct rlimit files = {65536, 65536};
	setrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
		int args = commands[i].args;
		if (strcmp(argv[1], commands[i].name) != 0 || (args < 0 ? argc < 2 - args : argc != 2 + args))
			continue;
		bool server = commands[i].run != cmd_calibrate && commands[i].run != load_dials &&
			      commands[i].run != load_bare;
		if (server && !kubeconfig)
			return fprintf(stderr, "bench-load: set KUBECONFIG\n"), 2;
		if (server && target_open(&load_target, kubeconfig, &err) < 0)
			load_die(&err);
		commands[i].run(argv + 2);
		return 0;
	}
	fprintf(stderr,
		"usage: bench-load create KIND N CONNECTIONS | file PATH FILE FIRST N CONNECTIONS | churn create|recreate MS {PATH FILE}... | get PATH N CONNECTIONS | list PATH N | fanout WATCHERS EVENTS | watches N PID | resume WATCHERS COMMAND... | bound N | deployment N | started N | running N | dials ADDRESS PORT RATE SECONDS | bare CONNECTIONS BYTES ROUNDS | calibrate | ready COMMAND...\n");
	return 2;
}
