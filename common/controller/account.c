/* SPDX-License-Identifier: Apache-2.0 */
/* See account.h. */
#include "controller/account.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "object/rfc3339.h"

#define NAMESPACE "kube-system"
#define TOKEN_S 3600

struct account {
	char *name;
	pthread_mutex_t lock; /* guards below; held while asking */
	char *token;	      /* NULL = none */
	uint64_t number;
	int64_t renew_ns; /* monotonic */
};

struct account *account_new(const char *name)
{
	struct account *a = MEM_NEW(struct account);

	a->name = mem_strdup(name);
	pthread_mutex_init(&a->lock, NULL);
	return a;
}

void account_free(struct account *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	free(a->name);
	free(a->token);
	free(a);
}

static bool ready(const struct account *a)
{
	return a->token && clock_mono_ns() < a->renew_ns;
}

bool account_ready(struct account *a)
{
	pthread_mutex_lock(&a->lock);
	bool ret = ready(a);

	pthread_mutex_unlock(&a->lock);
	return ret;
}

static int create(const struct account *a, struct rest *own, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = js_new_obj();
	struct err e = ERR_INIT;

	js_set_str(js_ensure(body, "metadata", NULL), "name", a->name);
	rest_path(&path, "", "v1", NAMESPACE, "serviceaccounts", NULL, NULL);
	if (rest_do(own, REST_POST, buf_str(&path), body, NULL, &e) == 0 || e.reason == REASON_ALREADY_EXISTS)
		return 0;
	*err = e;
	return -1;
}

static int request(const struct account *a, struct rest *own, js **ret, struct err *err)
{
	autobuf struct buf path = BUF_INIT;
	autojson js *body = js_new_obj();

	js_set_str(body, "apiVersion", "authentication.k8s.io/v1");
	js_set_str(body, "kind", "TokenRequest");
	js_set_int(js_ensure(body, "spec", NULL), "expirationSeconds", TOKEN_S);
	rest_path(&path, "", "v1", NAMESPACE, "serviceaccounts", a->name, "token");
	return rest_do(own, REST_POST, buf_str(&path), body, ret, err);
}

/* A clock that differs from the API's costs time, never validity: at most what was asked for is believed. */
static int64_t lasts(const js *reply)
{
	int64_t until, left = TOKEN_S * NS_PER_S;
	struct err ignored = ERR_INIT;

	if (rfc3339_parse(js_str0(reply, "status", "expirationTimestamp", NULL), &until, &ignored) == 0 &&
	    until - clock_wall_ns() < left)
		left = until - clock_wall_ns();
	return left / 5 * 4;
}

static int renew(struct account *a, struct rest *own, struct err *err)
{
	autojson js *reply = NULL;
	struct err e = ERR_INIT;
	int rc = request(a, own, &reply, &e);

	if (rc < 0 && e.reason == REASON_NOT_FOUND) {
		if (create(a, own, err) < 0)
			return -1;
		rc = request(a, own, &reply, &e);
	}
	if (rc < 0) {
		*err = e;
		return -1;
	}
	const char *token = js_str0(reply, "status", "token", NULL);

	if (!*token)
		return err_set(err, REASON_INTERNAL, "the API gave no token");
	free(a->token);
	a->token = mem_strdup(token);
	a->number++;
	a->renew_ns = clock_mono_ns() + lasts(reply);
	return 0;
}

int account_renew(struct account *a, struct rest *own, struct err *err)
{
	pthread_mutex_lock(&a->lock);
	int rc = ready(a) ? 0 : renew(a, own, err);

	pthread_mutex_unlock(&a->lock);
	return rc < 0 ? err_wrap(err, "credentials of serviceaccount " NAMESPACE "/%s", a->name) : 0;
}

char *account_token(struct account *a, uint64_t *ret_number)
{
	pthread_mutex_lock(&a->lock);
	char *ret = mem_strdup(a->token ? a->token : "");

	*ret_number = a->number;
	pthread_mutex_unlock(&a->lock);
	return ret;
}

void account_refused(struct account *a, uint64_t number)
{
	pthread_mutex_lock(&a->lock);
	if (a->number == number)
		a->renew_ns = 0;
	pthread_mutex_unlock(&a->lock);
}
