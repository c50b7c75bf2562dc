/* SPDX-License-Identifier: Apache-2.0 */
/* bench-load's commands about watches: what a thousand of them take, how soon all hear of a change, and what they missed. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/thread.h"
#include "load_internal.h"

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
		load_die(&(struct err){.msg = "no memory figures of that process"});
	return kb;
}

#define CONFIGMAPS "/api/v1/namespaces/" NAMESPACE "/configmaps"

/* From now on: what is there already would be told to each first, and who does not read it is not idle. */
static void open_watches(struct conn *w, size_t n)
{
	char rv[32];
	struct conn c;
	load_open(&c);
	load_list_rv(&c, CONFIGMAPS, rv);
	conn_close(&c);
	autofree char *path = mem_printf(CONFIGMAPS "?watch=1&resourceVersion=%s", rv);
	for (size_t i = 0; i < n; i++) {
		load_open(&w[i]);
		load_start_watch(&w[i], path);
	}
}

/* The first tenth warms what all share. */
void load_watches(char **a)
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

void load_fanout(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), events = strtoul(a[1], NULL, 10);
	struct conn writer, *w = mem_array(n, sizeof(*w));
	load_open(&writer);
	const char *path = CONFIGMAPS;
	autobuf struct buf body = BUF_INIT;
	load_configmap_body(&body, 999999);
	load_call(&writer, "POST", path, body.p);
	if (writer.status != 201)
		load_bad_status(&writer);
	char rv[32];
	load_list_rv(&writer, path, rv);
	autofree char *watch = mem_printf("%s?watch=1&resourceVersion=%s", path, rv);
	int ep = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n; i++) {
		load_open(&w[i]);
		load_start_watch(&w[i], watch);
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};
		epoll_ctl(ep, EPOLL_CTL_ADD, w[i].fd, &e);
	}
	autofree char *object = mem_printf("%s/cm-%s-999999", path, load_run_id);
	int64_t *took = mem_array(events, sizeof(*took));
	for (size_t k = 0; k < events; k++) {
		for (size_t i = 0; i < n; i++)
			buf_clear(&w[i].in);
		autofree char *patch = mem_printf("{\"data\":{\"n\":\"%zu\"}}", k);
		int64_t start = clock_mono_ns();
		autobuf struct buf rq = BUF_INIT;
		unsigned ev_mask;
		request_write(&rq, &load_target, "PATCH", object, patch);
		conn_send(&writer, rq.p, rq.len);
		if (conn_pump(&writer, &ev_mask) < 0)
			load_die(&(struct err){.msg = "connection broke"});
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
					load_die(&(struct err){.msg = "a watch ended"});
				seen += !had && c->in.len > 0 && memchr(c->in.p, '}', c->in.len);
			}
		}
		took[k] = clock_mono_ns() - start;
		struct pollfd pfd = {.fd = writer.fd, .events = POLLIN};
		int rc;
		while ((rc = conn_pump(&writer, &ev_mask)) == 0)
			poll(&pfd, 1, 10000);
		if (rc < 0 || writer.status != 200)
			load_bad_status(&writer);
	}
	printf("fanout_last_ms=%.2f fanout_p99_ms=%.2f fanout_bytes=%zu\n",
	       load_percentile_ms(took, events, 0.5), load_percentile_ms(took, events, 0.99), w[0].in.len);
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
		load_die(&(struct err){.msg = "the command failed"});
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
		load_die(&(struct err){.msg = "a watch ended"});
	if (c->status && c->status != 200)
		load_bad_status(c);
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
	if (conn_begin(c, &load_target, &err) < 0)
		load_die(&err);
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
			load_die(&(struct err){.msg = "a watch did not get what it missed"});
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
	load_open(&writer);
	load_configmap_body(&body, 888888);
	load_call(&writer, "POST", path, body.p);
	if (writer.status != 201)
		load_bad_status(&writer);
	load_list_rv(&writer, path, rv);
	autofree char *object = mem_printf("%s/cm-%s-888888", path, load_run_id);
	for (int k = 0; k < RESUME_MISSED; k++) {
		autofree char *patch = mem_printf("{\"data\":{\"n\":\"%d\"}}", k);
		load_call(&writer, "PATCH", object, patch);
		if (writer.status != 200)
			load_bad_status(&writer);
	}
	conn_close(&writer);
	return mem_printf("%s?watch=1&resourceVersion=%s", path, rv);
}

void load_resume(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), relists = 0;
	struct conn *w = mem_array(n, sizeof(*w));
	struct resume part[RESUME_THREADS];
	pthread_t threads[RESUME_THREADS];
	autofree char *watch = resume_change("/api/v1/namespaces/" NAMESPACE "/configmaps");
	run_command(a + 1);
	double cpu = load_cpu_s();
	autobuf struct buf rq = BUF_INIT;
	request_write(&rq, &load_target, "GET", watch, NULL);
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
	       load_cpu_s() - cpu);
	for (size_t i = 0; i < n; i++)
		conn_close(&w[i]);
	free(w);
}
