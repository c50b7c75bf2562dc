/* SPDX-License-Identifier: Apache-2.0 */
#include "client/rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/json_test.h"

struct fixture {
	struct server s;
	struct rest_config config;
	struct rest *r;
	atomic_int busy; /* how many requests are still put off */
};

static void serve(struct server_request *rq)
{
	struct fixture *f = rq->s->arg;
	autofree char *type = server_header(rq, "Content-Type"), *agent = server_header(rq, "User-Agent");
	autofree char *auth = server_header(rq, "Authorization"), *accept = server_header(rq, "Accept");
	autobuf struct buf b = BUF_INIT;

	if (!strncmp(rq->path, "/echo", 5)) {
		buf_adds(&b, JSON("{'got':"));
		buf_addf(&b, "\"%s %s %s %s %s %s\",\"path\":\"%s\",\"body\":%s}", rq->method,
			 type ? type : "-", agent, auth, accept, rq->path, rq->path,
			 rq->body_len ? rq->body : "null");
		server_reply(rq, 200, "", b.p);
	} else if (!strcmp(rq->path, "/busy")) {
		if (atomic_fetch_sub(&f->busy, 1) > 0)
			server_reply(rq, 429, "Retry-After: 0\r\n", "slow down");
		else
			server_reply(rq, 200, "", JSON("{'n':1}"));
	} else if (!strcmp(rq->path, "/overloaded")) {
		server_reply(rq, 503, "Retry-After: 60\r\n", "");
	} else if (!strcmp(rq->path, "/later")) {
		server_reply(rq, 503, "Retry-After: 20\r\n", "");
	} else if (!strcmp(rq->path, "/garbage")) {
		server_reply(rq, 200, "", JSON("{'a':"));
	} else if (!strcmp(rq->path, "/list")) {
		server_reply(rq, 200, "", "[1]");
	} else if (!strcmp(rq->path, "/conflict")) {
		server_reply(rq, 409, "",
			     JSON("{'kind':'Status','reason':'Conflict','code':409,'message':'modified'}"));
	} else if (!strcmp(rq->path, "/exists")) {
		server_reply(
			rq, 409, "",
			JSON("{'kind':'Status','reason':'AlreadyExists','code':409,'message':'it is there'}"));
	} else if (!strcmp(rq->path, "/ending")) {
		server_reply(
			rq, 403, "",
			JSON("{'kind':'Status','reason':'Forbidden','code':403,'message':'it ends','details':{"
			     "'causes':[{'reason':'NamespaceTerminating','field':'metadata.namespace'}]}}"));
	} else if (!strcmp(rq->path, "/odd")) {
		server_reply(rq, 422, "", JSON("{'reason':'Conflict'}"));
	} else if (!strcmp(rq->path, "/text")) {
		server_reply(rq, 502, "", "bad gateway\n");
	} else {
		server_reply(rq, 404, "", "");
	}
}

static int setup(void **state)
{
	struct fixture *f = MEM_NEW(struct fixture);

	server_start(&f->s, serve, f);
	f->config = (struct rest_config){.kube = {.server = f->s.url, .token = "T"}, .user_agent = "me/1"};
	f->r = rest_new(&f->config, 4);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rest_free(f->r);
	server_stop(&f->s);
	free(f);
	return 0;
}

static void test_verbs(void **state)
{
	static const char *const want[] = {
		[REST_GET] = "GET - me/1 Bearer T application/json /echo?a=b",
		[REST_POST] = "POST application/json me/1 Bearer T application/json /echo?a=b",
		[REST_PUT] = "PUT application/json me/1 Bearer T application/json /echo?a=b",
		[REST_PATCH_MERGE] =
			"PATCH application/merge-patch+json me/1 Bearer T application/json /echo?a=b",
		[REST_PATCH_STRATEGIC] =
			("PATCH application/strategic-merge-patch+json me/1 Bearer T application/json /echo?a=b"),
		[REST_PATCH_JSON] =
			"PATCH application/json-patch+json me/1 Bearer T application/json /echo?a=b",
		[REST_DELETE] = "DELETE application/json me/1 Bearer T application/json /echo?a=b",
	};
	struct fixture *f = *state;

	for (enum rest_verb v = REST_GET; v <= REST_DELETE; v++) {
		autojson js *body = js_new_obj(), *reply = NULL;
		struct err err = ERR_INIT;

		js_set_int(body, "n", v);
		assert_int_equal(rest_do(f->r, v, "/echo?a=b", v == REST_GET ? NULL : body, &reply, &err), 0);
		assert_string_equal(js_str(reply, "got", NULL), want[v]);
		if (v != REST_GET)
			assert_true(js_equal(js_get(reply, "body", NULL), body));
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *path;
		enum reason reason;
		const char *msg;
	} cases[] = {
		{"/conflict", REASON_CONFLICT, "modified"},
		{"/exists", REASON_ALREADY_EXISTS, "it is there"},
		{"/ending", REASON_ENDING, "it ends"},
		{"/odd", REASON_INVALID, "the server answered 422: {\"reason\":\"Conflict\"}"},
		{"/text", REASON_INTERNAL, "the server answered 502: bad gateway"},
		{"/none", REASON_NOT_FOUND, "the server answered 404"},
		{"/overloaded", REASON_UNAVAILABLE, "the server answered 503"},
		{"/garbage", REASON_INTERNAL, NULL},
		{"/list", REASON_INTERNAL, "reply of /list: not a JSON object"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		js *reply = NULL;

		assert_int_equal(rest_do(f->r, REST_GET, cases[i].path, NULL, &reply, &err), -1);
		assert_int_equal(err.reason, cases[i].reason);
		if (cases[i].msg)
			assert_string_equal(err.msg, cases[i].msg);
		assert_null(reply);
	}
}

static void test_retry(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	atomic_store(&f->busy, 3);
	assert_int_equal(rest_do(f->r, REST_GET, "/busy", NULL, NULL, &err), 0);
	assert_int_equal(atomic_load(&f->s.requests), 4);
	atomic_store(&f->busy, 1000);
	assert_int_equal(rest_do(f->r, REST_GET, "/busy", NULL, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_TOO_MANY_REQUESTS);
	assert_int_equal(atomic_load(&f->s.requests), 14); /* ten tries */
}

static void test_batch(void **state)
{
	struct fixture *f = *state;
	struct rest_batch b = REST_BATCH_INIT;
	char path[64];

	atomic_store(&f->busy, 5);
	for (long i = 0; i < 200; i++) {
		struct rest_call *c;

		snprintf(path, sizeof(path), "/echo/%ld", i);
		c = rest_batch_add(&b, REST_GET,
				   i % 10 == 3	 ? "/conflict"
				   : i % 10 == 4 ? "/busy"
						 : path,
				   NULL, (void *)i);
		c->want_reply = i % 2;
	}
	rest_batch_run(f->r, &b, 64);
	for (long i = 0; i < 200; i++) {
		struct rest_call *c = &b.v[i];

		assert_int_equal((long)c->tag, i);
		assert_int_equal(c->err.reason, i % 10 == 3 ? REASON_CONFLICT : REASON_NONE);
		assert_true((c->reply != NULL) == (i % 2 && i % 10 != 3));
		snprintf(path, sizeof(path), "/echo/%ld", i);
		if (c->reply && i % 10 != 4)
			assert_string_equal(js_str(c->reply, "path", NULL), path);
	}
	assert_int_equal(atomic_load(&f->s.requests), 205);
	assert_true(atomic_load(&f->s.connections) <= 4);
	rest_batch_clear(&b);
	assert_int_equal(b.n, 0);
	rest_batch_release(&b);
}

static int run_done, run_canceled;

static void call_ended(struct rest_call *c)
{
	struct http *cancel = c->tag;

	run_done++;
	run_canceled += c->err.reason == REASON_CANCELED;
	assert_true((c->reply != NULL) == (c->err.reason == REASON_NONE));
	if (c->reply) /* every call has its own answer to the shared bytes */
		assert_int_equal(js_len(js_arr(c->reply, "body", NULL)), 3);
	js_autoput(&c->reply);
	c->reply = NULL;
	if (cancel && run_done == 11)
		http_cancel(cancel);
}

static void run_calls(struct fixture *f, bool cancel)
{
	struct buf body = {.p = (char *)"[1,2,3]", .len = 7};
	struct rest_call v[50];

	run_done = run_canceled = 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		v[i] = (struct rest_call){.verb = REST_POST,
					  .path = cancel && i > 10 ? "/later"
						  : i % 10	   ? "/echo"
								   : "/conflict",
					  .body = body,
					  .want_reply = true,
					  .done = call_ended,
					  .tag = cancel ? rest_http(f->r) : NULL};
	rest_call_run(f->r, v, ARRAY_LEN(v), 8);
}

static void test_calls_of_shared_bytes(void **state)
{
	struct fixture *f = *state;

	run_calls(f, false);
	assert_int_equal(run_done, 50);
	assert_true(atomic_load(&f->s.connections) <= 4);
	rest_call_run(f->r, NULL, 0, 8);
	run_calls(f, true);
	assert_int_equal(run_done, 50); /* all end, one way or the other */
	assert_int_equal(run_canceled, 39);
}

static void test_raw(void **state)
{
	struct fixture *f = *state;
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(rest_do_raw(f->r, REST_POST, "/echo", "[1,2]xx", 5, &b, &err), 0);
	assert_non_null(strstr(buf_str(&b), "\"body\":[1,2]}"));
}

/* ---- on a loop that another thread runs ---- */

struct burst {
	struct fixture *f;
	struct loop *l;
	struct rest *r;
	struct rest_window w;
	struct rest_call c[20], never;
	struct rest_batch batch;
	size_t ended, most;
	bool all, batch_all;
};

static void burst_done(struct rest_call *c)
{
	struct burst *b = c->tag;

	if (b->w.running > b->most)
		b->most = b->w.running;
	if (++b->ended == ARRAY_LEN(b->c))
		loop_signal(b->l, &b->all);
}

static void never_done(struct rest_call *c)
{
	abort();
}

static void burst_begin(void *arg)
{
	struct burst *b = arg;

	rest_window_init(&b->w, 3);
	for (size_t i = 0; i < ARRAY_LEN(b->c); i++) {
		b->c[i] = (struct rest_call){.path = i % 5 ? "/echo" : "/busy",
					     .tag = b,
					     .want_bytes = i % 2,
					     .want_reply = !(i % 2),
					     .done = burst_done};
		rest_call_start(b->r, &b->w, &b->c[i]);
	}
	b->never = (struct rest_call){.path = "/echo", .done = never_done};
	rest_call_start(b->r, &b->w, &b->never); /* waits for its turn */
	rest_call_release(&b->never);
	rest_call_release(&b->never);
	rest_call_start(b->r, NULL, &b->never); /* on the wire */
	rest_call_release(&b->never);
}

static void batch_done(void *arg)
{
	struct burst *b = arg;

	loop_signal(b->l, &b->batch_all);
}

static void batch_begin(void *arg)
{
	struct burst *b = arg;

	for (int i = 0; i < 30; i++)
		rest_batch_add(&b->batch, REST_POST, i % 10 ? "/echo" : "/conflict", NULL, NULL);
	rest_batch_start(b->r, &b->batch, 4, batch_done, b);
}

static void test_on_loop(void **state)
{
	struct fixture *f = *state;
	struct burst b = {.f = f, .l = loop_new(NULL), .batch = REST_BATCH_INIT};

	atomic_store(&f->busy, 2);
	b.r = rest_new_on(b.l, &f->config, 0);
	loop_start(b.l, "rest");
	assert_true(loop_call(b.l, burst_begin, &b));
	assert_true(loop_wait(b.l, &b.all, CLOCK_NEVER));
	assert_true(loop_call(b.l, batch_begin, &b));
	assert_true(loop_wait(b.l, &b.batch_all, CLOCK_NEVER));
	loop_join(b.l);
	assert_true(b.most <= 3);
	for (size_t i = 0; i < ARRAY_LEN(b.c); i++) {
		assert_int_equal(b.c[i].err.reason, REASON_NONE);
		assert_int_equal(b.c[i].bytes.len != 0, i % 2);
		assert_int_equal(b.c[i].reply != NULL, !(i % 2));
		rest_call_release(&b.c[i]);
	}
	for (size_t i = 0; i < b.batch.n; i++)
		assert_int_equal(b.batch.v[i].err.reason, i % 10 ? REASON_NONE : REASON_CONFLICT);
	rest_batch_release(&b.batch);
	rest_free(b.r);
	loop_free(b.l);
}

/* What is under way when its client goes is given up. */
static void test_abandoned(void **state)
{
	struct fixture *f = *state;
	struct loop *l = loop_new(NULL);
	struct rest *r = rest_new_on(l, &f->config, 0);
	struct rest_call c = {.path = "/overloaded", .done = never_done};

	rest_call_start(r, NULL, &c);
	loop_turn(l, 0);
	rest_call_release(&c);
	rest_free(r);
	loop_free(l);
}

static void test_unreachable(void **state)
{
	struct rest_config c = {.kube = {.server = (char *)"http://127.0.0.1:1"}};
	struct rest *r = rest_new(&c, 1);
	struct err err = ERR_INIT;

	assert_int_equal(rest_do(r, REST_GET, "/", NULL, NULL, &err), -1);
	assert_int_equal(err.reason, REASON_UNAVAILABLE);
	rest_free(r);
}

static void test_path(void **state)
{
	static const struct {
		const char *group, *ns, *resource, *name, *sub, *want;
	} cases[] = {
		{"", NULL, "nodes", NULL, NULL, "/api/v1/nodes"},
		{"", "", "nodes", "n1", "status", "/api/v1/nodes/n1/status"},
		{"apps", "a", "deployments", "d", "scale", "/apis/apps/v1/namespaces/a/deployments/d/scale"},
		{"rbac", NULL, "roles", "system:x/y", "", "/apis/rbac/v1/roles/system:x%2Fy"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		autobuf struct buf b = BUF_INIT;

		rest_path(&b, cases[i].group, "v1", cases[i].ns, cases[i].resource, cases[i].name,
			  cases[i].sub);
		assert_string_equal(b.p, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_verbs),
		T(test_errors),
		T(test_retry),
		T(test_batch),
		T(test_calls_of_shared_bytes),
		T(test_raw),
		T(test_on_loop),
		T(test_abandoned),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
