/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_calls.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/list.h"
#include "base/thread.h"
#include "storage/etcd/etcd_wire.h"

/* Replies to writes are tiny, pages of a list are bounded by the one who asks for them. */
#define REPLY_MAX ((size_t)64 << 20)

struct call { /* on its caller's stack */
	struct list link;
	char *url;
	const struct buf *body;
	int64_t timeout_ns;
	struct buf *ret_body;
	int status;
	struct err *err;
	int rc;
	sem_t done;
};

struct etcd_calls {
	char **servers;
	size_t n_servers;
	atomic_size_t server; /* the one in use, modulo n_servers */
	struct http *http;
	pthread_t thread;
	pthread_mutex_t lock; /* queue, closing, why */
	struct list queue;
	bool closing;
	char why[128];
};

static void note_health(struct etcd_calls *c, const struct err *err)
{
	pthread_mutex_lock(&c->lock);
	snprintf(c->why, sizeof(c->why), "%.127s", err ? err->msg : "");
	pthread_mutex_unlock(&c->lock);
}

static void on_done(void *arg, struct http_reply *r)
{
	struct call *k = arg;
	k->status = r->status;
	if (r->err.reason != REASON_NONE) {
		k->rc = -1;
		*k->err = r->err;
	} else {
		k->ret_body->p = buf_take(&r->body, &k->ret_body->len);
	}
	sem_post(&k->done);
}

static void start(struct etcd_calls *c, struct call *k)
{
	static const char *const headers[] = {"Content-Type: application/json", "Expect:", NULL};
	struct http_request rq = {.method = "POST",
				  .url = k->url,
				  .headers = headers,
				  .body = k->body->p,
				  .body_len = k->body->len,
				  .timeout_ns = k->timeout_ns,
				  .max_body = REPLY_MAX};
	http_start(c->http, &rq, on_done, k);
}

static void *calls_main(void *arg)
{
	struct etcd_calls *c = arg;
	struct list *pos, taken = LIST_INIT(taken);
	bool closing = false;
	while (!closing) {
		pthread_mutex_lock(&c->lock);
		while ((pos = list_pop_front(&c->queue)))
			list_push_back(&taken, pos);
		closing = c->closing;
		pthread_mutex_unlock(&c->lock);
		while ((pos = list_pop_front(&taken)))
			start(c, list_entry(pos, struct call, link));
		if (!closing)
			http_poll(c->http, CLOCK_NEVER);
	}
	return NULL;
}

static int parse_servers(struct etcd_calls *c, const char *servers, struct err *err)
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

static void release(struct etcd_calls *c)
{
	for (size_t i = 0; i < c->n_servers; i++)
		free(c->servers[i]);
	free(c->servers);
	free(c);
}

struct etcd_calls *etcd_calls_new(const char *servers, const struct http_tls *tls, struct err *err)
{
	struct etcd_calls *c = MEM_NEW(struct etcd_calls);
	if (parse_servers(c, servers, err) < 0) {
		release(c);
		return NULL;
	}
	pthread_mutex_init(&c->lock, NULL);
	list_init(&c->queue);
	c->http = http_new(tls, ETCD_CONNECTIONS);
	c->thread = thread_start("etcd-calls", calls_main, c);
	return c;
}

void etcd_calls_free(struct etcd_calls *c)
{
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	pthread_mutex_unlock(&c->lock);
	http_wake(c->http);
	pthread_join(c->thread, NULL);
	http_free(c->http);
	pthread_mutex_destroy(&c->lock);
	release(c);
}

char *etcd_url(struct etcd_calls *c, const char *path)
{
	return mem_printf("%s%s", c->servers[atomic_load(&c->server) % c->n_servers], path);
}

void etcd_next_server(struct etcd_calls *c)
{
	atomic_fetch_add(&c->server, 1);
}

bool etcd_answers(struct etcd_calls *c, char why[128])
{
	pthread_mutex_lock(&c->lock);
	bool ok = !*c->why;
	if (why)
		memcpy(why, c->why, sizeof(c->why));
	pthread_mutex_unlock(&c->lock);
	return ok;
}

int etcd_call(struct etcd_calls *c, const char *path, const struct buf *body, int64_t timeout_ns,
	      struct buf *ret_body, struct err *err)
{
	size_t server = atomic_load(&c->server);
	autofree char *url = etcd_url(c, path);
	autobuf struct buf reply = BUF_INIT;
	struct call k = {.url = url, .body = body, .timeout_ns = timeout_ns, .ret_body = &reply, .err = err};
	sem_init(&k.done, 0, 0);
	pthread_mutex_lock(&c->lock);
	bool first = list_empty(&c->queue);
	list_push_back(&c->queue, &k.link);
	pthread_mutex_unlock(&c->lock);
	if (first)
		http_wake(c->http);
	while (sem_wait(&k.done) < 0)
		;
	sem_destroy(&k.done);
	if (k.rc < 0) {
		err_wrap(err, "etcd");
		note_health(c, err);
		if (err->reason != REASON_UNAVAILABLE && err->reason != REASON_TIMEOUT &&
		    err->reason != REASON_TOO_LARGE)
			err->reason = REASON_UNAVAILABLE;
		/* The first of many that fail together moves on. */
		atomic_compare_exchange_strong(&c->server, &server, server + 1);
		return -1;
	}
	if (k.status >= 400) {
		wire_error(buf_str(&reply), reply.len, k.status, err);
		note_health(c, k.status >= 500 ? err : NULL);
		return -1;
	}
	if (!etcd_answers(c, NULL))
		note_health(c, NULL);
	*ret_body = reply;
	reply = (struct buf)BUF_INIT;
	return 0;
}
