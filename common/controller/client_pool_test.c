/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks as whom, and which client comes back. */
#include "controller/client_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"

static struct server s;
static struct rest_config config;
static struct client_pool *pool;
static atomic_int tokens;
static atomic_bool no_tokens;

/* Tokens are numbered; /who tells what the request was authorized by. */
static void serve(struct server_request *rq)
{
	if (strstr(rq->path, "/token") && atomic_load(&no_tokens)) {
		server_reply(rq, 503, "", "");
	} else if (strstr(rq->path, "/token")) {
		autofree char *body =
			mem_printf("{\"status\":{\"token\":\"t%d\"}}", atomic_fetch_add(&tokens, 1) + 1);

		server_reply(rq, 201, "", body);
	} else {
		autofree char *h = server_header(rq, "Authorization");
		autofree char *body = mem_printf("{\"who\":\"%s\"}", h ? h : "");

		server_reply(rq, 200, "", body);
	}
}

static int setup(void **state)
{
	atomic_store(&tokens, 0);
	atomic_store(&no_tokens, false);
	server_start(&s, serve, NULL);
	config = (struct rest_config){.kube = {.server = s.url, .token = (char *)"own"}, .user_agent = "t"};
	pool = client_pool_new(&config, 2, 2);
	return 0;
}

static int teardown(void **state)
{
	client_pool_free(pool);
	server_stop(&s);
	return 0;
}

static struct pool_client *take(struct account *a)
{
	struct err err = ERR_INIT;
	struct pool_client *c = client_pool_take(pool, a, &err);

	assert_non_null(c);
	return c;
}

static void expect_who(const struct pool_client *c, const char *want)
{
	struct err err = ERR_INIT;
	autojson js *reply = NULL;

	assert_int_equal(rest_do(client_pool_rest(c), REST_GET, "/who", NULL, &reply, &err), 0);
	assert_string_equal(js_str0(reply, "who", NULL), want);
}

static void test_last_in_first_out(void **state)
{
	struct pool_client *x = take(NULL), *y = take(NULL), *z = take(NULL);

	expect_who(x, "Bearer own");
	client_pool_give(pool, x);
	client_pool_give(pool, y);
	client_pool_give(pool, z); /* one too many */
	assert_ptr_equal(take(NULL), y);
	assert_ptr_equal(take(NULL), x);
	client_pool_give(pool, y);
	client_pool_give(pool, x);
	client_pool_tidy(pool);
}

static void test_accounts(void **state)
{
	struct account *a = account_new("a"), *b = account_new("b");
	struct pool_client *of_a = take(a), *of_b = take(b), *own = take(NULL);

	expect_who(of_a, "Bearer t1");
	expect_who(of_b, "Bearer t2");
	expect_who(own, "Bearer own");
	client_pool_give(pool, own);
	client_pool_give(pool, of_a);
	client_pool_give(pool, of_b); /* that is one too many */
	assert_ptr_equal(take(a), of_a);
	of_b = take(b);
	expect_who(of_b, "Bearer t2");
	/* One that is refused is not used again, nor is its token. */
	client_pool_refused(pool, of_b);
	of_b = take(b);
	expect_who(of_b, "Bearer t3");
	client_pool_give(pool, of_b);
	client_pool_give(pool, of_a);
	client_pool_tidy(pool);
	account_free(a);
	account_free(b);
}

static void test_no_credentials(void **state)
{
	struct account *a = account_new("a");
	struct err err = ERR_INIT;

	atomic_store(&no_tokens, true);
	assert_null(client_pool_take(pool, a, &err));
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	atomic_store(&no_tokens, false);
	client_pool_give(pool, take(a));
	client_pool_tidy(pool);
	account_free(a);
}

static void test_cancel(void **state)
{
	struct err err = ERR_INIT;
	struct pool_client *c = take(NULL);

	client_pool_cancel(pool);
	assert_int_equal(rest_do(client_pool_rest(c), REST_GET, "/who", NULL, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_CANCELED);
	client_pool_give(pool, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_last_in_first_out),
		T(test_accounts),
		T(test_no_credentials),
		T(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
