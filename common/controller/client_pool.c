/* SPDX-License-Identifier: Apache-2.0 */
/* See client_pool.h. */
#include "controller/client_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/mem.h"

struct pool_client {
	struct list link; /* in idle or busy */
	struct rest *rest;
	struct account *account;   /* NULL = the daemon */
	struct rest_config config; /* of an account: with this token */
	uint64_t token;		   /* its number */
};

struct client_pool {
	const struct rest_config *config;
	int connections;
	size_t keep;
	pthread_mutex_t lock; /* guards below */
	struct list idle, busy;
	size_t n_idle;
	bool canceled;
};

struct client_pool *client_pool_new(const struct rest_config *c, int connections, size_t keep)
{
	struct client_pool *p = MEM_NEW(struct client_pool);

	p->config = c;
	p->connections = connections;
	p->keep = keep;
	pthread_mutex_init(&p->lock, NULL);
	list_init(&p->idle);
	list_init(&p->busy);
	return p;
}

void client_pool_set_keep(struct client_pool *p, size_t keep)
{
	p->keep = keep;
}

static void client_free(struct pool_client *c)
{
	rest_free(c->rest);
	if (c->account)
		free(c->config.kube.token);
	free(c);
}

static struct pool_client *client_new(struct client_pool *p, struct account *a, struct err *err)
{
	struct pool_client *c = MEM_NEW(struct pool_client);

	list_init(&c->link);
	c->account = a;
	if (a) {
		c->config = *p->config;
		c->config.kube.cert_pem = c->config.kube.key_pem = NULL;
		c->config.kube.token = account_token(a, &c->token);
	}
	c->rest = rest_new(a ? &c->config : p->config, p->connections);
	if (c->rest)
		return c;
	(void)err_errno(err, "event loop of a client");
	client_free(c);
	return NULL;
}

/* Under the lock. */
static struct pool_client *find_idle(struct client_pool *p, const struct account *a, uint64_t token)
{
	list_for_each (l, &p->idle) {
		struct pool_client *c = list_entry(l, struct pool_client, link);

		if (c->account != a || c->token != token)
			continue;
		list_del(&c->link);
		p->n_idle--;
		return c;
	}
	return NULL;
}

static struct pool_client *take(struct client_pool *p, struct account *a, struct err *err)
{
	uint64_t token = 0;

	if (a)
		free(account_token(a, &token));
	pthread_mutex_lock(&p->lock);
	struct pool_client *c = find_idle(p, a, token);

	if (!c)
		c = client_new(p, a, err);
	if (c)
		list_push_front(&p->busy, &c->link);
	if (c && p->canceled)
		http_cancel(rest_http(c->rest));
	pthread_mutex_unlock(&p->lock);
	return c;
}

struct pool_client *client_pool_take(struct client_pool *p, struct account *account, struct err *err)
{
	if (account && !account_ready(account)) {
		struct pool_client *own = take(p, NULL, err);
		if (!own)
			return NULL;
		int rc = account_renew(account, own->rest, err);

		client_pool_give(p, own);
		if (rc < 0)
			return NULL;
	}
	return take(p, account, err);
}

struct rest *client_pool_rest(const struct pool_client *c)
{
	return c->rest;
}

static void put_back(struct client_pool *p, struct pool_client *c, bool good)
{
	pthread_mutex_lock(&p->lock);
	list_del(&c->link);
	bool keep = good && p->n_idle < p->keep;

	if (keep) {
		list_push_front(&p->idle, &c->link);
		p->n_idle++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!keep)
		client_free(c);
}

void client_pool_give(struct client_pool *p, struct pool_client *c)
{
	put_back(p, c, true);
}

void client_pool_refused(struct client_pool *p, struct pool_client *c)
{
	if (c->account)
		account_refused(c->account, c->token);
	put_back(p, c, !c->account);
}

void client_pool_tidy(struct client_pool *p)
{
	struct list idle, *l;

	list_init(&idle);
	pthread_mutex_lock(&p->lock);
	while ((l = list_pop_front(&p->idle)))
		list_push_back(&idle, l);
	p->n_idle = 0;
	pthread_mutex_unlock(&p->lock);
	while ((l = list_pop_front(&idle)))
		client_free(list_entry(l, struct pool_client, link));
}

void client_pool_cancel(struct client_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->canceled = true;
	list_for_each (l, &p->busy)
		http_cancel(rest_http(list_entry(l, struct pool_client, link)->rest));
	pthread_mutex_unlock(&p->lock);
}

void client_pool_free(struct client_pool *p)
{
	client_pool_tidy(p);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
