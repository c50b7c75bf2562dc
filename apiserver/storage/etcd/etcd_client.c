/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_client_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "storage/etcd/etcd_wire_internal.h"

/* Replies to writes are tiny, pages of a list are bounded by the one who asks for them. */
#define REPLY_MAX ((size_t)64 << 20)

struct etcd_client {
	char **servers;
	size_t n_servers;
	struct loop *loop;
	pthread_mutex_t lock; /* why */
	char why[128];

	/* the loop's */
	struct http *http;
	size_t server;	     /* the one in use, modulo n_servers */
	struct list waiting; /* calls */
	size_t n_running, n_jobs;
	bool closing, idle; /* idle: loop_signal */
};

static const struct loop_lane lanes[] = {{"etcd-list", 1}};
static const char *const headers[] = {"Content-Type: application/json", NULL};

struct loop *etcd_loop(struct etcd_client *c)
{
	return c->loop;
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

/* What was told to end does so once nothing is under way. */
static void check_idle(struct etcd_client *c)
{
	if (c->closing && !c->n_running && !c->n_jobs && list_empty(&c->waiting))
		loop_signal(c->loop, &c->idle);
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
	check_idle(c);
}

static void start_next(struct etcd_client *c)
{
	struct list *pos;
	while (c->n_running < ETCD_CONNECTIONS && (pos = list_pop_front(&c->waiting))) {
		struct etcd_call *k = list_entry(pos, struct etcd_call, link);
		int64_t left_ns = k->deadline_ns - clock_mono_ns();
		loop_timer_set(c->loop, &k->late, CLOCK_NEVER);
		autofree char *url = url_of(c, k->path);
		struct http_request rq = request(url, k->body, left_ns > 0 ? left_ns : 1);
		k->server = c->server;
		c->n_running++;
		http_start(c->http, &rq, on_done, k);
	}
}

static void on_late(void *arg)
{
	struct etcd_call *k = arg;
	struct etcd_client *c = k->client;
	struct err err;
	list_del(&k->link);
	err_set(&err, REASON_TIMEOUT, "etcd: no answer in time");
	k->done(k, NULL, &err);
	check_idle(c);
}

void etcd_call(struct etcd_client *c, struct etcd_call *k)
{
	k->client = c;
	k->deadline_ns = clock_mono_ns() + k->timeout_ns;
	k->late = (struct loop_timer){.fn = on_late, .arg = k};
	list_push_back(&c->waiting, &k->link);
	start_next(c);
	if (!list_empty(&k->link))
		loop_timer_set(c->loop, &k->late, k->deadline_ns);
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

/* ---- what blocks ---- */

struct etcd_waiter {
	struct etcd_call call;
	struct etcd_client *client;
	struct buf *ret_body;
	struct err *err;
	bool done;
};

static void waiter_done(struct etcd_call *k, struct buf *reply, const struct err *err)
{
	struct etcd_waiter *w = CONTAINER_OF(k, struct etcd_waiter, call);
	if (err)
		*w->err = *err;
	else
		buf_add(w->ret_body, reply->p, reply->len);
	loop_signal(k->client->loop, &w->done);
}

static void waiter_begin(void *arg)
{
	struct etcd_waiter *w = arg;
	etcd_call(w->client, &w->call);
}

int etcd_call_wait(struct etcd_client *c, const char *path, const struct buf *body, int64_t timeout_ns,
		   struct buf *ret_body, struct err *err)
{
	struct err why = ERR_INIT;
	struct etcd_waiter w = {
		.call = {.path = path, .body = body, .timeout_ns = timeout_ns, .done = waiter_done},
		.client = c,
		.ret_body = ret_body,
		.err = &why};
	loop_post(c->loop, waiter_begin, &w);
	loop_wait(c->loop, &w.done, CLOCK_NEVER);
	if (why.reason == REASON_NONE)
		return 0;
	*err = why;
	return -1;
}

struct etcd_job {
	struct etcd_client *client;
	loop_fn *work, *done;
	void *arg;
};

static void job_work(void *arg)
{
	struct etcd_job *j = arg;
	j->work(j->arg);
}

static void job_done(void *arg)
{
	struct etcd_job *j = arg;
	struct etcd_client *c = j->client;
	j->done(j->arg);
	free(j);
	c->n_jobs--;
	check_idle(c);
}

void etcd_job(struct etcd_client *c, loop_fn *work, loop_fn *done, void *arg)
{
	struct etcd_job *j = MEM_NEW(struct etcd_job);
	*j = (struct etcd_job){c, work, done, arg};
	c->n_jobs++;
	loop_job(c->loop, 0, job_work, job_done, j);
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
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->waiting);
	c->loop = loop_new(&(struct loop_config){.lanes = lanes, .n_lanes = ARRAY_LEN(lanes)});
	c->http = http_new_on(c->loop, tls, ETCD_CONNECTIONS + 1);
	loop_start(c->loop, "etcd");
	return c;
}

static void begin_closing(void *arg)
{
	struct etcd_client *c = arg;
	c->closing = true;
	check_idle(c);
}

void etcd_client_stop(struct etcd_client *c, void (*closing)(void *arg), void *arg)
{
	loop_post(c->loop, begin_closing, c);
	loop_wait(c->loop, &c->idle, CLOCK_NEVER);
	loop_finish(c->loop, closing, arg);
	loop_join(c->loop);
}

void etcd_client_free(struct etcd_client *c)
{
	http_free(c->http);
	loop_free(c->loop);
	pthread_mutex_destroy(&c->lock);
	release(c);
}
