/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_client_internal.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/thread.h"
#include "storage/etcd/etcd_wire_internal.h"

/* Replies to writes are tiny, pages of a list are bounded by the one who asks for them. */
#define REPLY_MAX ((size_t)64 << 20)

struct etcd_client {
	char **servers;
	size_t n_servers;
	struct http_tls tls; /* strings borrowed */
	pthread_t thread;

	pthread_mutex_t lock; /* posted, closing, why */
	struct list posted;
	bool closing;
	char why[128];

	/* the thread's */
	struct http *http;
	size_t server; /* the one in use, modulo n_servers */
	struct heap timers;
	struct list waiting; /* calls */
	size_t n_running;
	void (*on_closing)(void *arg);
	void *closing_arg;
};

static _Thread_local const struct etcd_client *this_thread; /* whose it is */
static const char *const headers[] = {"Content-Type: application/json", "Expect:", NULL};

/* ---- jobs and timers ---- */

static bool on_thread(const struct etcd_client *c)
{
	return this_thread == c;
}

void etcd_post(struct etcd_client *c, struct etcd_job *j)
{
	pthread_mutex_lock(&c->lock);
	bool first = list_empty(&c->posted);
	list_push_back(&c->posted, &j->link);
	pthread_mutex_unlock(&c->lock);
	if (first && !on_thread(c))
		http_wake(c->http);
}

static bool timer_less(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct etcd_timer, node)->at_ns <
	       CONTAINER_OF(b, struct etcd_timer, node)->at_ns;
}

void etcd_timer_set(struct etcd_client *c, struct etcd_timer *t, int64_t at_ns)
{
	heap_remove(&c->timers, &t->node);
	t->at_ns = at_ns;
	if (at_ns != CLOCK_NEVER)
		heap_push(&c->timers, &t->node);
}

/* Returns when the next one is due. */
static int64_t run_timers(struct etcd_client *c)
{
	struct heap_node *n;
	while ((n = heap_peek(&c->timers))) {
		struct etcd_timer *t = CONTAINER_OF(n, struct etcd_timer, node);
		if (t->at_ns > clock_mono_ns())
			return t->at_ns;
		heap_remove(&c->timers, n);
		t->fn(t->arg);
	}
	return CLOCK_NEVER;
}

/* False when there was nothing. Jobs may post more: they come in the next round. */
static bool run_jobs(struct etcd_client *c, bool *ret_closing)
{
	struct list *pos, taken = LIST_INIT(taken);
	pthread_mutex_lock(&c->lock);
	while ((pos = list_pop_front(&c->posted)))
		list_push_back(&taken, pos);
	*ret_closing = c->closing;
	pthread_mutex_unlock(&c->lock);
	bool any = !list_empty(&taken);
	while ((pos = list_pop_front(&taken))) {
		struct etcd_job *j = list_entry(pos, struct etcd_job, link);
		j->fn(j);
	}
	return any;
}

static void *client_main(void *arg)
{
	struct etcd_client *c = arg;
	bool closing = false;
	this_thread = c;
	for (;;) {
		bool any = run_jobs(c, &closing);
		int64_t next_ns = run_timers(c);
		if (closing && !any && !c->n_running && list_empty(&c->waiting))
			break;
		http_poll(c->http, any ? 0 : next_ns);
	}
	if (c->on_closing)
		c->on_closing(c->closing_arg);
	return NULL;
}

/* ---- requests ---- */

static void note_health(struct etcd_client *c, const struct err *err)
{
	pthread_mutex_lock(&c->lock);
	snprintf(c->why, sizeof(c->why), "%.127s", err ? err->msg : "");
	pthread_mutex_unlock(&c->lock);
}

bool etcd_answers(struct etcd_client *c, char why[128])
{
	pthread_mutex_lock(&c->lock);
	bool ok = !*c->why;
	if (why)
		memcpy(why, c->why, sizeof(c->why));
	pthread_mutex_unlock(&c->lock);
	return ok;
}

static struct http_request request(char *url, const struct buf *body, int64_t timeout_ns)
{
	return (struct http_request){.method = "POST",
				     .url = url,
				     .headers = headers,
				     .body = body->p,
				     .body_len = body->len,
				     .timeout_ns = timeout_ns,
				     .max_body = REPLY_MAX};
}

static char *url_of(struct etcd_client *c, const char *path)
{
	return mem_printf("%s%s", c->servers[c->server % c->n_servers], path);
}

/* What a reply means: 0, or -1 with *err. */
static int judge(struct etcd_client *c, const struct http_reply *r, size_t server, struct err *err)
{
	if (r->err.reason != REASON_NONE) {
		*err = r->err;
		err_wrap(err, "etcd");
		note_health(c, err);
		if (err->reason != REASON_UNAVAILABLE && err->reason != REASON_TIMEOUT &&
		    err->reason != REASON_TOO_LARGE)
			err->reason = REASON_UNAVAILABLE;
		/* The first of many that fail together moves on. */
		if (c->server == server)
			c->server++;
		return -1;
	}
	if (r->status >= 400) {
		etcd_wire_error(buf_str(&r->body), r->body.len, r->status, err);
		note_health(c, r->status >= 500 ? err : NULL);
		return -1;
	}
	if (!etcd_answers(c, NULL))
		note_health(c, NULL);
	return 0;
}

static void start_next(struct etcd_client *c);

static void on_done(void *arg, struct http_reply *r)
{
	struct etcd_call *k = arg;
	struct etcd_client *c = k->client;
	struct err err = ERR_INIT;
	c->n_running--;
	start_next(c);
	if (judge(c, r, k->server, &err) < 0)
		k->done(k, NULL, &err);
	else
		k->done(k, &r->body, NULL);
}

static void start_next(struct etcd_client *c)
{
	struct list *pos;
	while (c->n_running < ETCD_CONNECTIONS && (pos = list_pop_front(&c->waiting))) {
		struct etcd_call *k = list_entry(pos, struct etcd_call, link);
		int64_t left_ns = k->deadline_ns - clock_mono_ns();
		struct err err = ERR_INIT;
		if (left_ns <= 0) {
			err_set(&err, REASON_TIMEOUT, "etcd: no answer in time");
			k->done(k, NULL, &err);
			continue;
		}
		autofree char *url = url_of(c, k->path);
		struct http_request rq = request(url, k->body, left_ns);
		k->server = c->server;
		c->n_running++;
		http_start(c->http, &rq, on_done, k);
	}
}

void etcd_call(struct etcd_client *c, struct etcd_call *k)
{
	k->client = c;
	k->deadline_ns = clock_mono_ns() + k->timeout_ns;
	list_push_back(&c->waiting, &k->link);
	start_next(c);
}

struct http_call *etcd_stream(struct etcd_client *c, const char *path, const struct buf *body,
			      bool (*on_data)(void *arg, const char *p, size_t n), http_done_fn *done,
			      void *arg)
{
	autofree char *url = url_of(c, path);
	struct http_request rq = request(url, body, 0);
	rq.max_body = 0;
	rq.on_data = on_data;
	rq.arg = arg;
	return http_start(c->http, &rq, done, arg);
}

void etcd_next_server(struct etcd_client *c)
{
	c->server++;
}

/* ---- for those who wait ---- */

struct etcd_waiter {
	struct etcd_job job;
	struct etcd_call call;
	struct etcd_client *client;
	struct buf *ret_body;
	struct err *err;
	int rc;
	sem_t done;
};

static void waiter_done(struct etcd_call *k, struct buf *reply, const struct err *err)
{
	struct etcd_waiter *w = CONTAINER_OF(k, struct etcd_waiter, call);
	w->rc = err ? -1 : 0;
	if (err)
		*w->err = *err;
	else
		buf_add(w->ret_body, reply->p, reply->len);
	sem_post(&w->done);
}

static void waiter_begin(struct etcd_job *j)
{
	struct etcd_waiter *w = CONTAINER_OF(j, struct etcd_waiter, job);
	etcd_call(w->client, &w->call);
}

/* On connections of its own: the thread's are in the middle of something. */
static int call_here(struct etcd_client *c, const char *path, const struct buf *body, int64_t timeout_ns,
		     struct buf *ret_body, struct err *err)
{
	struct http *http = http_new(&c->tls, 1);
	autofree char *url = url_of(c, path);
	struct http_request rq = request(url, body, timeout_ns);
	struct http_reply reply;
	struct err ignored; /* it is in the reply too */
	(void)!http_do(http, &rq, &reply, &ignored);
	int rc = judge(c, &reply, c->server, err);
	if (rc == 0)
		buf_add(ret_body, reply.body.p, reply.body.len);
	http_reply_release(&reply);
	http_free(http);
	return rc;
}

int etcd_call_wait(struct etcd_client *c, const char *path, const struct buf *body, int64_t timeout_ns,
		   struct buf *ret_body, struct err *err)
{
	struct etcd_waiter w = {
		.job = {.fn = waiter_begin},
		.call = {.path = path, .body = body, .timeout_ns = timeout_ns, .done = waiter_done},
		.client = c,
		.ret_body = ret_body,
		.err = err};
	if (on_thread(c))
		return call_here(c, path, body, timeout_ns, ret_body, err);
	sem_init(&w.done, 0, 0);
	etcd_post(c, &w.job);
	while (sem_wait(&w.done) < 0)
		;
	sem_destroy(&w.done);
	return w.rc;
}

/* ---- life ---- */

static int parse_servers(struct etcd_client *c, const char *servers, struct err *err)
{
	while (servers && *servers) {
		size_t n = strcspn(servers, ","), len = n;
		while (len && servers[len - 1] == '/')
			len--;
		if (strncmp(servers, "http://", 7) != 0 && strncmp(servers, "https://", 8) != 0)
			return err_set(err, REASON_BAD_REQUEST,
				       "etcd server \"%.*s\" is no http:// or https:// URL", (int)n, servers);
		c->servers = mem_realloc_array(c->servers, c->n_servers + 1, sizeof(*c->servers));
		c->servers[c->n_servers++] = mem_strndup(servers, len);
		servers += n + (servers[n] == ',');
	}
	return c->n_servers ? 0 : err_set(err, REASON_BAD_REQUEST, "no etcd server is given");
}

static void release(struct etcd_client *c)
{
	for (size_t i = 0; i < c->n_servers; i++)
		free(c->servers[i]);
	free(c->servers);
	free(c);
}

struct etcd_client *etcd_client_start(const char *servers, const struct http_tls *tls, struct err *err)
{
	struct etcd_client *c = MEM_NEW(struct etcd_client);
	if (parse_servers(c, servers, err) < 0) {
		release(c);
		return NULL;
	}
	c->tls = *tls;
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->posted);
	list_init(&c->waiting);
	c->timers = (struct heap)HEAP_INIT(timer_less);
	c->http = http_new(tls, ETCD_CONNECTIONS + 1);
	c->thread = thread_start("etcd", client_main, c);
	return c;
}

void etcd_client_stop(struct etcd_client *c, void (*closing)(void *arg), void *arg)
{
	c->on_closing = closing;
	c->closing_arg = arg;
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_mutex_unlock(&c->lock);
	http_wake(c->http);
	pthread_join(c->thread, NULL);
}

void etcd_client_free(struct etcd_client *c)
{
	http_free(c->http);
	heap_release(&c->timers);
	pthread_mutex_destroy(&c->lock);
	release(c);
}
