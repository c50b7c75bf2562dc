/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-load: the measurements of DESIGN §9 that need a load generator. One subcommand each, printing
 * `name=value` pairs on one line; e2e/bench/run puts them into the table.
 *
 *	create KIND N CONNECTIONS	creates N Pods of 1.5 KB or ConfigMaps of 1 KB; rate, p50, p99
 *	get PATH N CONNECTIONS		rate of GETs
 *	list PATH N			median time of a LIST, its size
 *	fanout WATCHERS EVENTS		from a write to the last watcher's event
 *	resume WATCHERS COMMAND...	watches miss events, the command restarts the server, all resume: until the last has them
 *	watches N PID			memory of the server PID for each idle watch
 *	bound N				from now until N Pods are bound: rate between the first and the last
 *	deployment N			creates a Deployment of N replicas; until N Pods are bound
 *	running N			creates Pods one by one; create -> phase Running, p50, p99
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
#include "base/thread.h"
#include "conn.h"

#define NAMESPACE "bench"
static struct target target;
static char run_id[6]; /* names of one run do not meet those of another */
static const char *image = "localhost/coracle-demo:1.0";

static void die(const struct err *err)
{
	fprintf(stderr, "bench-load: %s\n", err->msg);
	exit(1);
}

static void bad_status(const struct conn *c)
{
	fprintf(stderr, "bench-load: HTTP %d: %.400s\n", c->status, conn_body(c));
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static double percentile_ms(int64_t *v, size_t n, double p)
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
		run_id, i, run_id);
	pod_spec(b, pad);
	buf_adds(b, "}");
}

static void configmap_body(struct buf *b, size_t i)
{
	buf_addf(
		b,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"cm-%s-%06zu\"},\"data\":{\"k\":\"",
		run_id, i);
	for (int k = 0; k < 90; k++)
		buf_adds(b, "0123456789");
	buf_adds(b, "\"}}");
}

/* ---- requests in parallel ---- */
struct load {
	const char *method, *path, *kind;
	size_t next, n, done;
	int64_t *took;
};

static void next_request(struct load *l, struct conn *c, struct buf *request)
{
	autobuf struct buf body = BUF_INIT;
	size_t i = l->next++;
	if (strcmp(l->kind, "pods") == 0)
		pod_body(&body, i, true);
	else if (strcmp(l->kind, "configmaps") == 0)
		configmap_body(&body, i);
	buf_clear(request);
	request_write(request, &target, l->method, l->path, body.len ? body.p : NULL);
	conn_send(c, request->p, request->len);
}

static double cpu_s(void)
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
			bad_status(c);
		l->took[l->done++] = clock_mono_ns() - c->sent_ns;
		if (l->next >= l->n)
			return;
		next_request(l, c, request);
	}
	if (rc < 0)
		die(&(struct err){.msg = "connection broke"});
}

static void run_load(struct load *l, size_t n_conns, const char *label)
{
	struct err err = ERR_INIT;
	struct conn *conns = mem_array(n_conns, sizeof(*conns));
	struct buf *requests = mem_array(n_conns, sizeof(*requests));
	l->took = mem_array(l->n, sizeof(*l->took));
	int ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n_conns; i++) {
		if (conn_open(&conns[i], &target, &err) < 0)
			die(&err);
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
		epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &e);
	}
	int64_t start = clock_mono_ns();
	double cpu = cpu_s();
	for (size_t i = 0; i < n_conns && l->next < l->n; i++) {
		next_request(l, &conns[i], &requests[i]);
		drive(l, &conns[i], &requests[i]);
	}
	while (l->done < l->n) {
		struct epoll_event ev[64];
		int got = epoll_wait(ep, ev, 64, 60000);
		if (got == 0)
			die(&(struct err){.msg = "no reply in a minute"});
		for (int k = 0; k < got; k++)
			drive(l, &conns[ev[k].data.u64], &requests[ev[k].data.u64]);
	}
	double seconds = (double)(clock_mono_ns() - start) / NS_PER_S;
	printf("%s_per_s=%.0f %s_p50_ms=%.2f %s_p99_ms=%.2f %s_client_cpu_us=%.1f\n", label,
	       (double)l->n / seconds, label, percentile_ms(l->took, l->n, 0.5), label,
	       percentile_ms(l->took, l->n, 0.99), label, (cpu_s() - cpu) * 1e6 / (double)l->n);
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
	autofree char *path = mem_printf("/api/v1/namespaces/" NAMESPACE "/%s", a[0]);
	struct load l = {.method = "POST", .path = path, .kind = a[0], .n = strtoul(a[1], NULL, 10)};
	run_load(&l, strtoul(a[2], NULL, 10), "create");
}

static void cmd_get(char **a)
{
	struct load l = {.method = "GET", .path = a[0], .kind = "", .n = strtoul(a[1], NULL, 10)};
	run_load(&l, strtoul(a[2], NULL, 10), "get");
}

static void call(struct conn *c, const char *method, const char *path, const char *body)
{
	struct err err = ERR_INIT;
	autobuf struct buf rq = BUF_INIT;
	request_write(&rq, &target, method, path, body);
	if (conn_call(c, rq.p, rq.len, &err) < 0)
		die(&err);
}

static void open_or_die(struct conn *c)
{
	struct err err = ERR_INIT;
	if (conn_open(c, &target, &err) < 0)
		die(&err);
}

static void cmd_list(char **a)
{
	size_t n = strtoul(a[1], NULL, 10), bytes = 0;
	int64_t *took = mem_array(n, sizeof(*took));
	struct conn c;
	open_or_die(&c);
	for (size_t i = 0; i < n; i++) {
		call(&c, "GET", a[0], NULL);
		if (c.status != 200)
			bad_status(&c);
		took[i] = clock_mono_ns() - c.sent_ns;
		bytes = c.in.len;
	}
	printf("list_ms=%.1f list_bytes=%zu\n", percentile_ms(took, n, 0.5), bytes);
	conn_close(&c);
	free(took);
}

/* ---- watches ---- */
static void start_watch(struct conn *c, const char *path)
{
	autobuf struct buf rq = BUF_INIT;
	unsigned events;
	request_write(&rq, &target, "GET", path, NULL);
	conn_send(c, rq.p, rq.len);
	while (c->out_len > 0 || !memmem(c->in.p ? c->in.p : "", c->in.len, "\r\n\r\n", 4)) {
		if (conn_pump(c, &events) < 0)
			die(&(struct err){.msg = "the watch broke"});
		struct pollfd pfd = {.fd = c->fd, .events = POLLIN};
		if (!memmem(c->in.p ? c->in.p : "", c->in.len, "\r\n\r\n", 4) && poll(&pfd, 1, 10000) == 0)
			die(&(struct err){.msg = "the watch did not start"});
	}
	char *end = memmem(c->in.p, c->in.len, "\r\n\r\n", 4);
	if (strtol(c->in.p + 9, NULL, 10) != 200)
		bad_status(c);
	buf_consume(&c->in, (size_t)(end + 4 - c->in.p));
}

static void list_rv(struct conn *c, const char *path, char rv[32])
{
	autofree char *one = mem_printf("%s?limit=1", path);
	call(c, "GET", one, NULL);
	const char *p = strstr(conn_body(c), "\"resourceVersion\":\"");
	snprintf(rv, 32, "%.*s", p ? (int)strcspn(p + 19, "\"") : 0, p ? p + 19 : "");
}

/* Memory of a process that is this one's alone or its part of what is shared, in KB. */
static long pss_kb(const char *pid)
{
	autofree char *path = mem_printf("/proc/%s/smaps_rollup", pid);
	char line[256];
	long kb = -1;
	FILE *f = fopen(path, "r");
	while (f && kb < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Pss:", 4))
			kb = strtol(line + 4, NULL, 10);
	if (f)
		fclose(f);
	if (kb < 0)
		die(&(struct err){.msg = "no memory figures of that process"});
	return kb;
}

static void open_watches(struct conn *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		open_or_die(&w[i]);
		start_watch(&w[i], "/api/v1/namespaces/" NAMESPACE "/configmaps?watch=1&resourceVersion=0");
	}
}

/* The first tenth warms what all share. */
static void cmd_watches(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), first = n / 10;
	struct conn *w = mem_array(n, sizeof(*w));
	open_watches(w, first);
	long before = pss_kb(a[1]);
	open_watches(w + first, n - first);
	printf("watch_kb=%.1f\n", (double)(pss_kb(a[1]) - before) / (double)(n - first));
	for (size_t i = 0; i < n; i++)
		conn_close(&w[i]);
	free(w);
}

static void cmd_fanout(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), events = strtoul(a[1], NULL, 10);
	struct conn writer, *w = mem_array(n, sizeof(*w));
	open_or_die(&writer);
	const char *path = "/api/v1/namespaces/" NAMESPACE "/configmaps";
	autobuf struct buf body = BUF_INIT;
	configmap_body(&body, 999999);
	call(&writer, "POST", path, body.p);
	if (writer.status != 201)
		bad_status(&writer);
	char rv[32];
	list_rv(&writer, path, rv);
	autofree char *watch = mem_printf("%s?watch=1&resourceVersion=%s", path, rv);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n; i++) {
		open_or_die(&w[i]);
		start_watch(&w[i], watch);
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
		epoll_ctl(ep, EPOLL_CTL_ADD, w[i].fd, &e);
	}
	autofree char *object = mem_printf("%s/cm-%s-999999", path, run_id);
	int64_t *took = mem_array(events, sizeof(*took));
	for (size_t k = 0; k < events; k++) {
		for (size_t i = 0; i < n; i++)
			buf_clear(&w[i].in);
		autofree char *patch = mem_printf("{\"data\":{\"n\":\"%zu\"}}", k);
		int64_t start = clock_mono_ns();
		autobuf struct buf rq = BUF_INIT;
		unsigned ev_mask;
		request_write(&rq, &target, "PATCH", object, patch);
		conn_send(&writer, rq.p, rq.len);
		if (conn_pump(&writer, &ev_mask) < 0)
			die(&(struct err){.msg = "connection broke"});
		size_t seen = 0;
		while (seen < n) {
			struct epoll_event ev[256];
			int got = epoll_wait(ep, ev, 256, 10000);
			if (got == 0) {
				fprintf(stderr, "bench-load: %zu of %zu watchers saw event %zu\n", seen, n,
					k);
				exit(1);
			}
			for (int i = 0; i < got; i++) {
				struct conn *c = &w[ev[i].data.u64];
				bool had = c->in.len > 0 && memchr(c->in.p, '}', c->in.len);
				if (conn_read(c) < 0)
					die(&(struct err){.msg = "a watch ended"});
				seen += !had && c->in.len > 0 && memchr(c->in.p, '}', c->in.len);
			}
		}
		took[k] = clock_mono_ns() - start;
		struct pollfd pfd = {.fd = writer.fd, .events = POLLIN};
		int rc;
		while ((rc = conn_pump(&writer, &ev_mask)) == 0)
			poll(&pfd, 1, 10000);
		if (rc < 0 || writer.status != 200)
			bad_status(&writer);
	}
	printf("fanout_last_ms=%.2f fanout_p99_ms=%.2f\n", percentile_ms(took, events, 0.5),
	       percentile_ms(took, events, 0.99));
	for (size_t i = 0; i < n; i++)
		conn_close(&w[i]);
	conn_close(&writer);
	close(ep);
	free(w);
	free(took);
}

/* What a watch has of the events that it missed; -1 when it was told to list again. */
static int caught_up(struct conn *c, size_t missed)
{
	size_t seen = 0;
	const char *p = c->in.p, *end = p ? p + c->in.len : NULL;
	if (p && memmem(p, c->in.len, "\"type\":\"ERROR\"", 14))
		return -1;
	while (p && (p = memmem(p, (size_t)(end - p), "\"type\":\"MODIFIED\"", 17))) {
		p += 17;
		seen++;
	}
	return seen >= missed;
}

static void run_command(char **a)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		execvp(a[0], a);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0 || status != 0)
		die(&(struct err){.msg = "the command failed"});
}

/* Half of the clients each: a thread that shakes hands for all of them would be measured, not the server. */
enum { RESUME_THREADS = 2, RESUME_MISSED = 10 };

struct resume {
	struct conn *w;
	const struct buf *rq;
	size_t n, open, done, relists;
	int ep;
	int64_t open_ns; /* when the last reply began */
};

static void resume_wait(struct resume *r, struct conn *c, int op, unsigned events)
{
	struct epoll_event e = {.events = events, .data.ptr = c};
	epoll_ctl(r->ep, op, c->fd, &e);
}

static void resume_pump(struct resume *r, struct conn *c)
{
	unsigned events;
	bool had = c->in.len > 0;
	if (conn_pump(c, &events) < 0)
		die(&(struct err){.msg = "a watch ended"});
	if (c->status && c->status != 200)
		bad_status(c);
	resume_wait(r, c, EPOLL_CTL_MOD, events);
	if (!had && c->in.len && ++r->open == r->n)
		r->open_ns = clock_mono_ns();
	int has = c->tag ? 0 : caught_up(c, RESUME_MISSED);
	if (!has)
		return;
	c->tag = r;
	r->done++;
	r->relists += has < 0;
}

/* They all come at once, as they do when a server is back. */
static void resume_begin(struct resume *r, struct conn *c)
{
	struct err err = ERR_INIT;
	if (conn_begin(c, &target, &err) < 0)
		die(&err);
	conn_send(c, r->rq->p, r->rq->len);
	resume_wait(r, c, EPOLL_CTL_ADD, EPOLLIN);
	resume_pump(r, c);
}

static void *resume_all(void *arg)
{
	struct resume *r = arg;
	r->ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < r->n; i++)
		resume_begin(r, &r->w[i]);
	while (r->done < r->n) {
		struct epoll_event ev[256];
		int got = epoll_wait(r->ep, ev, 256, 10000);
		if (got == 0)
			die(&(struct err){.msg = "a watch did not get what it missed"});
		for (int k = 0; k < got; k++)
			resume_pump(r, ev[k].data.ptr);
	}
	close(r->ep);
	return NULL;
}

/* Changes an object RESUME_MISSED times. Returns the path of a watch that begins before. */
static char *resume_change(const char *path)
{
	struct conn writer;
	autobuf struct buf body = BUF_INIT;
	char rv[32];
	open_or_die(&writer);
	configmap_body(&body, 888888);
	call(&writer, "POST", path, body.p);
	if (writer.status != 201)
		bad_status(&writer);
	list_rv(&writer, path, rv);
	autofree char *object = mem_printf("%s/cm-%s-888888", path, run_id);
	for (int k = 0; k < RESUME_MISSED; k++) {
		autofree char *patch = mem_printf("{\"data\":{\"n\":\"%d\"}}", k);
		call(&writer, "PATCH", object, patch);
		if (writer.status != 200)
			bad_status(&writer);
	}
	conn_close(&writer);
	return mem_printf("%s?watch=1&resourceVersion=%s", path, rv);
}

static void cmd_resume(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), relists = 0;
	struct conn *w = mem_array(n, sizeof(*w));
	struct resume part[RESUME_THREADS];
	pthread_t threads[RESUME_THREADS];
	autofree char *watch = resume_change("/api/v1/namespaces/" NAMESPACE "/configmaps");
	run_command(a + 1);
	double cpu = cpu_s();
	autobuf struct buf rq = BUF_INIT;
	request_write(&rq, &target, "GET", watch, NULL);
	int64_t start = clock_mono_ns(), open_ns = 0;
	for (size_t t = 0, from = 0; t < RESUME_THREADS; from += part[t++].n) {
		part[t] = (struct resume){.w = w + from, .rq = &rq, .n = (n - from) / (RESUME_THREADS - t)};
		threads[t] = thread_start("resume", resume_all, &part[t]);
	}
	for (size_t t = 0; t < RESUME_THREADS; t++) {
		pthread_join(threads[t], NULL);
		relists += part[t].relists;
		open_ns = part[t].open_ns > open_ns ? part[t].open_ns : open_ns;
	}
	printf("resume_s=%.3f resume_open_s=%.3f resume_relists=%zu resume_client_cpu_s=%.3f\n",
	       (double)(clock_mono_ns() - start) / NS_PER_S, (double)(open_ns - start) / NS_PER_S, relists,
	       cpu_s() - cpu);
	for (size_t i = 0; i < n; i++)
		conn_close(&w[i]);
	free(w);
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
			die(&(struct err){.msg = "the watch ended"});
	}
	map_release(&uids);
}

#define PODS "/api/v1/namespaces/" NAMESPACE "/pods"

static void cmd_bound(char **a)
{
	struct conn c;
	int64_t first = 0, last = 0, start = clock_mono_ns();
	size_t n = strtoul(a[0], NULL, 10);
	open_or_die(&c);
	start_watch(&c, PODS "?watch=1&resourceVersion=0");
	wait_pods(&c, "\"nodeName\":\"", n, &first, &last, 300);
	printf("bound_per_s=%.0f bound_s=%.2f bound_wait_s=%.2f\n",
	       (double)(n - 1) * NS_PER_S / (double)(last - first + 1), (double)(last - first) / NS_PER_S,
	       (double)(first - start) / NS_PER_S);
	conn_close(&c);
}

static void cmd_deployment(char **a)
{
	struct conn c, w;
	char rv[32];
	int64_t first = 0, last = 0;
	size_t n = strtoul(a[0], NULL, 10);
	open_or_die(&c);
	open_or_die(&w);
	list_rv(&c, PODS, rv);
	/* those of an earlier run become Running meanwhile, and are bound too */
	autofree char *watch =
		mem_printf(PODS "?watch=1&resourceVersion=%s&labelSelector=run%%3D%s", rv, run_id);
	start_watch(&w, watch);
	autobuf struct buf body = BUF_INIT;
	buf_addf(
		&body,
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d-%s\"},\"spec\":{\"replicas\":%zu,\"selector\":{"
		"\"matchLabels\":{\"run\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{\"run\":\"%s\"}},\"spec\":",
		run_id, n, run_id, run_id);
	pod_spec(&body, false);
	buf_adds(&body, "}}}");
	int64_t start = clock_mono_ns();
	call(&c, "POST", "/apis/apps/v1/namespaces/" NAMESPACE "/deployments", body.p);
	if (c.status != 201)
		bad_status(&c);
	wait_pods(&w, "\"nodeName\":\"", n, &first, &last, 120);
	printf("deployment_s=%.3f\n", (double)(last - start) / NS_PER_S);
	conn_close(&c);
	conn_close(&w);
}

static void cmd_running(char **a)
{
	size_t n = strtoul(a[0], NULL, 10);
	int64_t *took = mem_array(n, sizeof(*took));
	struct conn c;
	open_or_die(&c);
	for (size_t i = 0; i < n; i++) {
		struct conn w;
		char rv[32];
		int64_t first = 0, last = 0;
		open_or_die(&w);
		list_rv(&c, PODS, rv);
		autofree char *watch = mem_printf(
			PODS "?watch=1&resourceVersion=%s&fieldSelector=metadata.name%%3Dpod-%s-%06zu", rv,
			run_id, i);
		start_watch(&w, watch);
		autobuf struct buf body = BUF_INIT;
		pod_body(&body, i, false);
		int64_t start = clock_mono_ns();
		call(&c, "POST", PODS, body.p);
		if (c.status != 201)
			bad_status(&c);
		wait_pods(&w, "\"phase\":\"Running\"", 1, &first, &last, 60);
		took[i] = last - start;
		conn_close(&w);
	}
	printf("running_p50_ms=%.0f running_p99_ms=%.0f\n", percentile_ms(took, n, 0.5),
	       percentile_ms(took, n, 0.99));
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
		if (conn_open(&c, &target, &err) == 0) {
			call(&c, "GET", "/readyz", NULL);
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
		die(&(struct err){.msg = "not ready after 30 s"});
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
	printf("calibrate_ms=%.1f\n", percentile_ms(took, ARRAY_LEN(took), 0.5));
}

static const struct {
	const char *name;
	int args; /* -N: N or more */
	void (*run)(char **a);
} commands[] = {
	{"create", 3, cmd_create},	   {"get", 3, cmd_get},		{"list", 2, cmd_list},
	{"fanout", 2, cmd_fanout},	   {"bound", 1, cmd_bound},	{"resume", -2, cmd_resume},
	{"deployment", 1, cmd_deployment}, {"running", 1, cmd_running}, {"ready", -1, cmd_ready},
	{"calibrate", 0, cmd_calibrate},   {"watches", 2, cmd_watches},
};

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	const char *kubeconfig = getenv("KUBECONFIG");
	rand_suffix(run_id, 5);
	struct rlimit files = {65536, 65536};
	setrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
		int args = commands[i].args;
		if (strcmp(argv[1], commands[i].name) != 0 || (args < 0 ? argc < 2 - args : argc != 2 + args))
			continue;
		bool server = commands[i].run != cmd_calibrate;
		if (server && !kubeconfig)
			return fprintf(stderr, "bench-load: set KUBECONFIG\n"), 2;
		if (server && target_open(&target, kubeconfig, &err) < 0)
			die(&err);
		commands[i].run(argv + 2);
		return 0;
	}
	fprintf(stderr,
		"usage: bench-load create KIND N CONNECTIONS | get PATH N CONNECTIONS | list PATH N | fanout WATCHERS EVENTS | watches N PID | resume WATCHERS COMMAND... | bound N | deployment N | running N | calibrate | ready COMMAND...\n");
	return 2;
}
