/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_client_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"

/* Replies to writes are tiny, pages of a list are bounded by the one who asks for them. */
#define REPLY_MAX ((size_t)64 << 20)
/* With another server to ask, a read waits no longer for this one. */
#define READ_TRY_NS (2 * NS_PER_S)

struct etcd_client {
	const struct etcd_wire *wire;
	char **servers;
	size_t n_servers;
	struct loop *loop;
	pthread_mutex_t lock; /* why */
	char why[128];

	/* the loop's */
	struct http *http, *streams;
	size_t server;	     /* the one in use, modulo n_servers */
	struct list waiting; /* calls */
	size_t n_running, n_jobs;
	bool closing, idle; /* idle: loop_signal */
	bool refuses;	    /* the last write that was answered */
};

static const struct loop_lane lanes[] = {{"etcd-list", 1}};

struct loop *etcd_loop(struct etcd_client *c)
{
	return c->loop;
}

const struct etcd_wire *etcd_client_wire(struct etcd_client *c)
{
	return c->wire;
}

/* ---- health ---- */

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

void etcd_silent(struct etcd_client *c)
{
	struct err err;
	err_set(&err, REASON_TIMEOUT, "etcd: no answer in time");
	note_health(c, &err);
}

/* What clients are told of a transport's failure, which names the server. */
static void without_names(const struct http_reply *r, struct err *err)
{
	if (r->err.reason == REASON_TIMEOUT)
		err_set(err, REASON_TIMEOUT, "etcd: no answer in time");
	else if (r->err.reason == REASON_TOO_LARGE)
		err_set(err, REASON_TOO_LARGE, "etcd: reply is too large");
	else if (r->unsent)
		err_set(err, REASON_UNAVAILABLE, "etcd: cannot be reached");
	else
		err_set(err, REASON_UNAVAILABLE, "etcd: the connection broke before the answer");
}

/* ---- requests ---- */

static char *url_of(struct etcd_client *c, enum etcd_wire_method method)
{
	return mem_printf("%s%s", c->servers[c->server % c->n_servers], c->wire->paths[method]);
}

static struct http_request request(struct etcd_client *c, char *url, const struct buf *body)
{
	return (struct http_request){.method = "POST",
				     .url = url,
				     .headers = c->wire->headers,
				     .body = body->p,
				     .body_len = body->len,
				     .http2 = c->wire->http2};
}

void etcd_leave_server(struct etcd_client *c, size_t server)
{
	if (c->server == server)
		c->server++;
}

/* What a reply means: 0, or -1 with *err. */
static int judge(struct etcd_client *c, const struct http_reply *r, size_t server,
		 struct etcd_wire_slice *ret, struct err *err)
{
	bool answers = etcd_answers(c, NULL);
	if (r->err.reason != REASON_NONE) {
		without_names(r, err);
		if (answers)
			log_warn_err(&r->err, "etcd does not answer", "server=%s",
				     c->servers[server % c->n_servers]);
		if (err->reason != REASON_TOO_LARGE) {
			note_health(c, err);
			etcd_leave_server(c, server);
		}
		return -1;
	}
	int rc = c->wire->judge(r, ret, err);
	if (rc < 0 && (err->reason == REASON_UNAVAILABLE || err->reason == REASON_TIMEOUT)) {
		note_health(c, err);
		etcd_leave_server(c, server);
	} else if (!answers) {
		note_health(c, NULL);
		log_info("etcd answers", "server=%s", c->servers[server % c->n_servers]);
	}
	return rc;
}

/* What was told to end does so once nothing is under way. */
static void check_idle(struct etcd_client *c)
{
	if (c->closing && !c->n_running && !c->n_jobs && list_empty(&c->waiting))
		loop_signal(c->loop, &c->idle);
}

/* May be done twice. A lease that nobody knows of ends by itself. */
static bool repeatable(const struct etcd_call *k)
{
	return k->method == ETCD_WIRE_RANGE || k->method == ETCD_WIRE_GRANT || k->method == ETCD_WIRE_STATUS;
}

/* Every server once, and the one that it began with again, because a kept connection may have been stale. */
static bool try_again(struct etcd_client *c, struct etcd_call *k, const struct http_reply *r,
		      const struct err *err)
{
	bool away = err->reason == REASON_UNAVAILABLE || err->reason == REASON_TIMEOUT;
	if (!away || !(repeatable(k) || r->unsent) || k->tries > c->n_servers ||
	    clock_mono_ns() >= k->deadline_ns)
		return false;
	return c->n_servers > 1 || !r->unsent;
}

static void start_next(struct etcd_client *c);

/* Out of space, most of all: each writer learns it, the log once. */
static void note_refusal(struct etcd_client *c, const struct err *err)
{
	bool refuses = err->reason == REASON_INTERNAL;
	if (refuses && !c->refuses)
		log_warn_err(err, "etcd takes no writes", NULL);
	else if (err->reason == REASON_NONE && c->refuses)
		log_info("etcd takes writes again", NULL);
	else
		return;
	c->refuses = refuses;
}

static void on_done(void *arg, struct http_reply *r)
{
	struct etcd_call *k = arg;
	struct etcd_client *c = k->client;
	struct etcd_wire_slice message = {"", 0};
	struct err err = ERR_INIT;
	int rc = judge(c, r, k->server, &message, &err);
	if (k->method == ETCD_WIRE_TXN)
		note_refusal(c, &err);
	c->n_running--;
	if (rc < 0 && try_again(c, k, r, &err)) {
		list_push_front(&c->waiting, &k->link);
		start_next(c);
		return;
	}
	start_next(c);
	if (rc < 0)
		k->done(k, NULL, &err);
	else
		k->done(k, &message, NULL);
	check_idle(c);
}

static void start(struct etcd_client *c, struct etcd_call *k)
{
	int64_t left_ns = k->deadline_ns - clock_mono_ns();
	autofree char *url = url_of(c, k->method);
	struct http_request rq = request(c, url, k->body);
	if (repeatable(k) && k->tries < c->n_servers - 1 && left_ns > READ_TRY_NS)
		left_ns = READ_TRY_NS;
	rq.timeout_ns = left_ns > 0 ? left_ns : 1;
	rq.max_body = REPLY_MAX;
	k->tries++;
	k->server = c->server;
	c->n_running++;
	http_start(k->large ? c->streams : c->http, &rq, on_done, k);
}

static void start_next(struct etcd_client *c)
{
	struct list *pos;
	while (c->n_running < c->wire->in_flight && (pos = list_pop_front(&c->waiting))) {
		struct etcd_call *k = list_entry(pos, struct etcd_call, link);
		loop_timer_set(c->loop, &k->late, CLOCK_NEVER);
		start(c, k);
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
	k->tries = 0;
	k->deadline_ns = clock_mono_ns() + k->timeout_ns;
	k->late = (struct loop_timer){.fn = on_late, .arg = k};
	list_push_back(&c->waiting, &k->link);
	start_next(c);
	if (!list_empty(&k->link))
		loop_timer_set(c->loop, &k->late, k->deadline_ns);
}

struct http_call *etcd_stream(struct etcd_client *c, enum etcd_wire_method method, const struct buf *body,
			      bool (*on_data)(void *arg, const char *p, size_t n), http_done_fn *done,
			      void *arg, size_t *ret_server)
{
	autofree char *url = url_of(c, method);
	struct http_request rq = request(c, url, body);
	*ret_server = c->server;
	rq.unended = c->wire->http2;
	rq.on_data = on_data;
	rq.arg = arg;
	return http_start(c->streams, &rq, done, arg);
}

/* ---- what blocks ---- */

struct etcd_waiter {
	struct etcd_call call;
	struct etcd_client *client;
	struct buf *ret_reply;
	struct err *err;
	bool done;
};

static void waiter_done(struct etcd_call *k, const struct etcd_wire_slice *reply, const struct err *err)
{
	struct etcd_waiter *w = CONTAINER_OF(k, struct etcd_waiter, call);
	if (err)
		*w->err = *err;
	else
		buf_add(w->ret_reply, reply->p, reply->n);
	loop_signal(k->client->loop, &w->done);
}

static void waiter_begin(void *arg)
{
	struct etcd_waiter *w = arg;
	etcd_call(w->client, &w->call);
}

int etcd_call_wait(struct etcd_client *c, enum etcd_wire_method method, const struct buf *body,
		   int64_t timeout_ns, struct buf *ret_reply, struct err *err)
{
	struct err why = ERR_INIT;
	struct etcd_waiter w = {.call = {.method = method,
					 .body = body,
					 .timeout_ns = timeout_ns,
					 .large = true,
					 .done = waiter_done},
				.client = c,
				.ret_reply = ret_reply,
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

struct etcd_client *etcd_client_start(const struct etcd_wire *wire, const char *servers,
				      const struct http_tls *tls, struct err *err)
{
	struct etcd_client *c = MEM_NEW(struct etcd_client);
	c->wire = wire;
	if (parse_servers(c, servers, err) < 0) {
		release(c);
		return NULL;
	}
	c->loop = loop_new(&(struct loop_config){.lanes = lanes, .n_lanes = ARRAY_LEN(lanes)});
	if (!c->loop) {
		(void)err_errno(err, "event loop of etcd");
		release(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->waiting);
	c->http = http_new_on(c->loop, tls, wire->connections);
	c->streams = http_new_on(c->loop, tls, 0);
	http_unshare(c->streams);
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
	http_free(c->streams);
	loop_free(c->loop);
	pthread_mutex_destroy(&c->lock);
	release(c);
}
