/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of ServiceAccounts, from an API in this process. */
#include "controller/account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/json_test.h"
#include "object/rfc3339.h"

#define ACCOUNTS "/api/v1/namespaces/kube-system/serviceaccounts"

struct api {
	struct server s;
	struct rest_config config;
	struct rest *rest;
	bool there, refuses, mute; /* the account; creations; tokens without text */
	int64_t lasts_ns;
	int tokens, creations;
};

static void give_token(struct api *a, struct server_request *rq)
{
	char until[RFC3339_MAX];
	struct err err = ERR_INIT;
	autojson js *in = js_parse(rq->body, rq->body_len, NULL, &err);

	assert_string_equal(js_str0(in, "kind", NULL), "TokenRequest");
	assert_int_equal(js_int(in, 0, "spec", "expirationSeconds", NULL), 3600);
	rfc3339_format(clock_wall_ns() + a->lasts_ns, until);
	autofree char *body = mem_printf("{\"status\":{\"token\":\"%s%d\",\"expirationTimestamp\":\"%s\"}}",
					 a->mute ? "" : "t", ++a->tokens, until);
	server_reply(rq, 201, "", a->mute ? "{}" : body);
}

static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;
	static const char not_found[] = "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"no\"}";

	if (!strcmp(rq->path, ACCOUNTS "/me/token") && a->there) {
		give_token(a, rq);
	} else if (!strcmp(rq->path, ACCOUNTS) && !a->refuses) {
		a->there = true;
		a->creations++;
		server_reply(rq, 201, "", "{}");
	} else if (!strcmp(rq->path, ACCOUNTS)) {
		server_reply(rq, 403, "",
			     "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\"}");
	} else {
		server_reply(rq, 404, "", not_found);
	}
}

static struct api *a;
static struct account *me;

static int setup(void **state)
{
	a = MEM_NEW(struct api);
	a->lasts_ns = 3600 * NS_PER_S;
	server_start(&a->s, serve, a);
	a->config = (struct rest_config){.kube = {.server = a->s.url}, .user_agent = "t"};
	a->rest = rest_new(&a->config, 1);
	me = account_new("me");
	return 0;
}

static int teardown(void **state)
{
	account_free(me);
	rest_free(a->rest);
	server_stop(&a->s);
	free(a);
	return 0;
}

static void expect_token(const char *want)
{
	struct err err = ERR_INIT;
	uint64_t number;

	assert_int_equal(account_renew(me, a->rest, &err), 0);
	autofree char *token = account_token(me, &number);

	assert_string_equal(token, want);
}

static void test_made_asked_for_and_kept(void **state)
{
	uint64_t number;

	assert_false(account_ready(me));
	free(account_token(me, &number));
	assert_int_equal(number, 0);
	expect_token("t1");
	assert_true(account_ready(me));
	expect_token("t1");
	assert_int_equal(a->creations, 1);
	assert_int_equal(a->tokens, 1);
}

static void test_renewed(void **state)
{
	uint64_t number;

	a->there = true;
	a->lasts_ns = -NS_PER_S;
	expect_token("t1");
	assert_false(account_ready(me));
	a->lasts_ns = 7200 * NS_PER_S;
	expect_token("t2");
	assert_true(account_ready(me));
	free(account_token(me, &number));
	account_refused(me, number - 1); /* it is not that one any more */
	assert_true(account_ready(me));
	account_refused(me, number);
	assert_false(account_ready(me));
	expect_token("t3");
	assert_int_equal(a->creations, 0);
}

static void test_failures(void **state)
{
	struct err err = ERR_INIT;

	a->refuses = true;
	assert_int_equal(account_renew(me, a->rest, &err), -1);
	assert_int_equal(err.reason, REASON_FORBIDDEN);
	assert_string_equal(err.msg, "credentials of serviceaccount kube-system/me: no");
	a->refuses = false;
	a->mute = true;
	assert_int_equal(account_renew(me, a->rest, &err), -1);
	assert_string_equal(err.msg, "credentials of serviceaccount kube-system/me: the API gave no token");
	assert_false(account_ready(me));
	a->mute = false;
	expect_token("t2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_made_asked_for_and_kept),
		T(test_renewed),
		T(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
