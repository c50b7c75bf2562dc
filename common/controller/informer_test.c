/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/informer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/clock.h"
#include "client/server_test.h"
#include "object/decode.h"
#include "object/json_test.h"

/* Back-offs last seconds: the clock runs HASTE times as fast. Nothing takes this long (by that clock). */
#define HASTE 8
#define GUARD_NS (HASTE * 120 * NS_PER_S)

/* ---- the type under test: what we keep of a ConfigMap ---- */

struct thing {
	struct informer_object o;
	char *v;
};

static bool thing_decode(void *into, const js *o)
{
	struct thing *t = into;

	t->v = mem_strdup(js_str0(o, "data", "v", NULL));
	return strcmp(t->v, "ignore") != 0;
}

static void thing_release(void *o)
{
	free(((struct thing *)o)->v);
}

static void thing_index(const void *o, size_t i, struct informer_keys *keys)
{
	const struct thing *t = o;

	informer_keys_add(keys, i == 0 ? t->v : t->o.meta.namespace);
}

static const struct informer_type thing_type = {
	.group = "",
	.version = "v1",
	.resource = "configmaps",
	.kind = "ConfigMap",
	.size = sizeof(struct thing),
	.decode = thing_decode,
	.release = thing_release,
	.n_indexes = 2,
	.index = thing_index,
};

/* The same by rows: every test runs with both. */
static const struct decode_row thing_rows[] = {
	DECODE_STRING("metadata.name", struct thing, o.meta.name),
	DECODE_STRING("metadata.namespace", struct thing, o.meta.namespace),
	DECODE_STRING("metadata.uid", struct thing, o.meta.uid),
	DECODE_UINT64("metadata.resourceVersion", struct thing, o.meta.rv),
	DECODE_STRING("data.v", struct thing, v),
};
static const struct decode_spec thing_spec = DECODE_SPEC(struct thing, thing_rows);

static bool thing_keep(const void *o)
{
	return strcmp(((const struct thing *)o)->v, "ignore") != 0;
}

static const struct informer_type thing_row_type = {
	.group = "",
	.version = "v1",
	.resource = "configmaps",
	.kind = "ConfigMap",
	.rows = &thing_spec,
	.keep = thing_keep,
	.n_indexes = 2,
	.index = thing_index,
};

/* ---- a scripted API ---- */

struct api {
	struct server s;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	char *page[2]; /* the list; page 1 answers a continue */
	int lists, watches, refuse_watches;
	char *lines[32];
	size_t n_lines, sent;
	int hung_up; /* watches up to this one end */
	bool closing;
	char list_path[2][256], watch_path[256];

	struct rest_config config;
	struct rest *rest;
	const struct informer_type *type;
	struct informer_set *set;
	struct informer *i;
	struct buf log; /* what the handler saw */
};

static void serve_watch(struct api *a, struct server_request *rq)
{
	pthread_mutex_lock(&a->lock);
	int me = ++a->watches;

	snprintf(a->watch_path, sizeof(a->watch_path), "%s", rq->path);
	pthread_cond_broadcast(&a->cond);
	if (a->refuse_watches) {
		a->refuse_watches--;
		pthread_mutex_unlock(&a->lock);
		server_reply(rq, 410, "",
			     JSON("{'kind':'Status','code':410,'reason':'Expired','message':'too old'}"));
		return;
	}
	server_stream(rq, 200);
	while (a->hung_up < me && !a->closing) {
		if (a->sent < a->n_lines)
			server_chunk(rq, a->lines[a->sent++]);
		else
			pthread_cond_wait(&a->cond, &a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	server_chunk(rq, "");
}

static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;
	bool second = strstr(rq->path, "continue=");
	autofree char *body = NULL;

	if (strstr(rq->path, "watch=true")) {
		serve_watch(a, rq);
		return;
	}
	pthread_mutex_lock(&a->lock);
	a->lists++;
	snprintf(a->list_path[second], sizeof(a->list_path[0]), "%s", rq->path);
	body = mem_strdup(a->page[second]);
	pthread_mutex_unlock(&a->lock);
	server_reply(rq, 200, "", body);
}

static void on_event(void *arg, const void *old, const void *new)
{
	struct api *a = arg;
	const struct thing *o = old, *n = new;

	pthread_mutex_lock(&a->lock);
	if (o && n)
		buf_addf(&a->log, "~%s:%s>%s ", n->o.meta.name, o->v, n->v);
	else if (n)
		buf_addf(&a->log, "+%s:%s ", n->o.meta.name, n->v);
	else
		buf_addf(&a->log, "-%s:%s ", o->o.meta.name, o->v);
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

static int setup(void **state)
{
	struct api *a = MEM_NEW(struct api);

	pthread_mutex_init(&a->lock, NULL);
	clock_cond_init(&a->cond);
	server_start(&a->s, serve, a);
	clock_hasten(HASTE);
	a->config.kube.server = a->s.url;
	a->type = &thing_type;
	a->rest = rest_start(&a->config, "loop");
	*state = a;
	return 0;
}

static int setup_rows(void **state)
{
	setup(state);
	((struct api *)*state)->type = &thing_row_type;
	return 0;
}

static int teardown(void **state)
{
	struct api *a = *state;

	informer_set_free(a->set);
	rest_free(a->rest);
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
	server_stop(&a->s);
	clock_real();
	for (int i = 0; i < 2; i++)
		free(a->page[i]);
	for (size_t i = 0; i < a->n_lines; i++)
		free(a->lines[i]);
	buf_release(&a->log);
	free(a);
	return 0;
}

static char *object(const char *name, int rv, const char *v)
{
	return mem_printf(
		"{\"metadata\":{\"name\":\"%s\",\"namespace\":\"ns\",\"uid\":\"u-%s\",\"resourceVersion\":\"%d\"},\"data\":{\"v\":\"%s\"}}",
		name, name, rv, v);
}

/* items: "name rv value;…" */
static void set_page(struct api *a, int page, int rv, const char *cont, const char *items)
{
	autobuf struct buf b = BUF_INIT;
	char name[32], v[32];
	int item_rv, used;

	buf_addf(
		&b,
		"{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"%d\",\"continue\":\"%s\"},\"items\":[",
		rv, cont);
	for (const char *p = items; sscanf(p, "%31s %d %31[^;];%n", name, &item_rv, v, &used) == 3;
	     p += used) {
		autofree char *o = object(name, item_rv, v);

		buf_addf(&b, "%s %s", p == items ? "" : ",\n", o);
	}
	buf_adds(&b, "]}");
	pthread_mutex_lock(&a->lock);
	free(a->page[page]);
	a->page[page] = buf_take(&b, NULL);
	pthread_mutex_unlock(&a->lock);
}

static void start(struct api *a, const char *query)
{
	a->set = informer_set_new(a->rest);
	a->i = informer_add(a->set, a->type, query, on_event, a);
	assert_ptr_equal(informer_add(a->set, a->type, query, NULL, NULL), a->i);
	informer_set_start(a->set);
	assert_true(informer_set_synced(a->set, clock_mono_ns() + GUARD_NS));
	assert_true(informer_synced(a->i, 0));
}

static void send_line(struct api *a, char *line)
{
	pthread_mutex_lock(&a->lock);
	a->lines[a->n_lines++] = line;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

static void event(struct api *a, const char *type, const char *name, int rv, const char *v)
{
	autofree char *o = object(name, rv, v);

	send_line(a, mem_printf("{\"type\":\"%s\",\"object\":%s}\n", type, o));
}

/* Waits until the log is `want`, and empties it. */
static void expect(struct api *a, const char *want)
{
	int64_t deadline = clock_mono_ns() + GUARD_NS;

	pthread_mutex_lock(&a->lock);
	while (a->log.len < strlen(want) && clock_cond_wait(&a->cond, &a->lock, deadline))
		;
	assert_string_equal(buf_str(&a->log), want);
	buf_clear(&a->log);
	pthread_mutex_unlock(&a->lock);
}

static void wait_count(struct api *a, const int *count, int want)
{
	int64_t deadline = clock_mono_ns() + GUARD_NS;

	pthread_mutex_lock(&a->lock);
	while (*count < want && clock_cond_wait(&a->cond, &a->lock, deadline))
		;
	assert_true(*count >= want);
	pthread_mutex_unlock(&a->lock);
}

static void assert_list(struct api *a, size_t index, const char *key, const char *want)
{
	const char *names[16];
	autobuf struct buf b = BUF_INIT;
	const void **v;
	size_t n = informer_list(a->i, index, key, &v);

	for (size_t i = 0; i < n; i++)
		names[i] = ((const struct thing *)v[i])->o.meta.name;
	for (size_t i = 0; i < n; i++) { /* in the order of names */
		const char *least = NULL;
		size_t at = 0;

		for (size_t k = 0; k < n; k++)
			if (names[k] && (!least || strcmp(names[k], least) < 0)) {
				least = names[k];
				at = k;
			}
		buf_addf(&b, "%s ", least);
		names[at] = NULL;
	}
	assert_string_equal(buf_str(&b), want);
	informer_unref_all(v, n);
}

static void test_list_pages_and_watch(void **state)
{
	struct api *a = *state;
	const struct thing *t;

	set_page(a, 0, 10, "a/b+c", "a 1 x;b 2 y;");
	set_page(a, 1, 10, "", "c 3 x;i 4 ignore;");
	start(a, "labelSelector=k%3Dv");
	expect(a, "+a:x +b:y +c:x ");
	assert_string_equal(a->list_path[0], "/api/v1/configmaps?limit=500&labelSelector=k%3Dv");
	assert_string_equal(a->list_path[1],
			    "/api/v1/configmaps?limit=500&labelSelector=k%3Dv&continue=a%2Fb%2Bc");
	wait_count(a, &a->watches, 1);
	assert_non_null(strstr(a->watch_path, "resourceVersion=10&timeoutSeconds="));
	assert_non_null(strstr(a->watch_path, "&labelSelector=k%3Dv"));
	assert_list(a, 0, "x", "a c ");
	assert_list(a, 1, "ns", "a b c ");
	assert_list(a, SIZE_MAX, NULL, "a b c ");

	t = informer_get(a->i, "ns/a");
	event(a, "MODIFIED", "a", 11, "y");
	event(a, "ADDED", "d", 12, "z");
	event(a, "DELETED", "b", 13, "y");
	expect(a, "~a:x>y +d:z -b:y ");
	assert_string_equal(t->v, "x"); /* the old state stays for who holds it */
	informer_unref(t);
	assert_list(a, 0, "x", "c ");
	assert_list(a, 0, "y", "a ");
	assert_int_equal(informer_len(a->i), 3);
	assert_int_equal(informer_last_rv(a->i), 13);
	assert_null(informer_get(a->i, "ns/b"));
	event(a, "MODIFIED", "d", 14, "ignore"); /* of no interest any more */
	expect(a, "-d:z ");
}

static void test_bookmark_and_reconnect(void **state)
{
	struct api *a = *state;

	set_page(a, 0, 10, "", "a 1 x;");
	start(a, NULL);
	expect(a, "+a:x ");
	send_line(
		a,
		mem_strdup(
			"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"50\"}}}\n"));
	event(a, "MODIFIED", "a", 51, "y");
	expect(a, "~a:x>y ");
	event(a, "MODIFIED", "a", 51, "again"); /* a version that is known */
	pthread_mutex_lock(&a->lock);
	a->hung_up = 1; /* in good order, after events: watch again at once */
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
	wait_count(a, &a->watches, 2);
	assert_non_null(strstr(a->watch_path, "resourceVersion=51&"));
	assert_int_equal(a->lists, 1);
	event(a, "MODIFIED", "a", 52, "z");
	expect(a, "~a:y>z ");
}

static void test_cut_connection(void **state)
{
	struct api *a = *state;

	set_page(a, 0, 10, "", "a 1 x;");
	start(a, NULL);
	wait_count(a, &a->watches, 1);
	server_cut(&a->s);
	pthread_mutex_lock(&a->lock);
	a->hung_up = 1;
	pthread_cond_broadcast(&a->cond);
	pthread_mutex_unlock(&a->lock);
	wait_count(a, &a->watches, 2);
	event(a, "ADDED", "b", 12, "z");
	expect(a, "+a:x +b:z ");
	assert_int_equal(a->lists, 1);
}

/* 410, as an event or as a status: list again, tell what vanished meanwhile. */
static void test_gone(void **state)
{
	struct api *a = *state;

	set_page(a, 0, 10, "", "a 1 x;b 2 y;c 3 z;");
	a->refuse_watches = 1;
	start(a, NULL);
	wait_count(a, &a->watches, 2);
	expect(a, "+a:x +b:y +c:z ");
	assert_int_equal(a->lists, 2);
	set_page(a, 0, 20, "", "a 1 x;c 15 w;n 16 q;");
	send_line(
		a,
		mem_strdup(
			"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n"));
	expect(a, "~c:z>w +n:q -b:y ");
	wait_count(a, &a->watches, 3);
	assert_non_null(strstr(a->watch_path, "resourceVersion=20&"));
}

static void test_garbage_line(void **state)
{
	struct api *a = *state;

	set_page(a, 0, 10, "", "a 1 x;");
	start(a, NULL);
	expect(a, "+a:x ");
	set_page(a, 0, 11, "", "a 11 y;");
	send_line(a, mem_strdup("{\"type\":\n"));
	expect(a, "~a:x>y ");
}

static void inject(struct api *a, const char *name, int rv, const char *v)
{
	autofree char *text = object(name, rv, v);
	struct err err = ERR_INIT;
	autojson js *o = js_parse(text, strlen(text), NULL, &err);

	informer_inject(a->i, o);
}

static void test_inject(void **state)
{
	struct api *a = *state;

	set_page(a, 0, 10, "", "a 1 x;b 2 y;");
	start(a, NULL);
	expect(a, "+a:x +b:y ");
	inject(a, "a", 11, "mine");
	expect(a, "~a:x>mine ");	       /* before inject returned, in fact */
	event(a, "MODIFIED", "a", 11, "mine"); /* the echo */
	inject(a, "n", 12, "new");
	event(a, "ADDED", "n", 12, "new");
	event(a, "DELETED", "b", 13, "y");
	expect(a, "+n:new -b:y ");
	inject(a, "b", 9, "zombie"); /* the watch is past it */
	inject(a, "n", 8, "older");
	assert_null(informer_get(a->i, "ns/b"));
	event(a, "ADDED", "b", 20, "y");
	expect(a, "+b:y ");
}

/* Informers may come late, and many of them share the thread. */
static void test_many(void **state)
{
	struct api *a = *state;
	struct informer *i[40];
	char query[64];

	set_page(a, 0, 10, "", "a 1 x;");
	start(a, NULL);
	for (int k = 0; k < 40; k++) {
		snprintf(query, sizeof(query), "labelSelector=k%%3D%d", k);
		i[k] = informer_add(a->set, a->type, query, NULL, NULL);
	}
	assert_true(informer_set_synced(a->set, 0)); /* as it was: a late list makes no daemon unready */
	for (int k = 0; k < 40; k++) {
		assert_true(informer_synced(i[k], clock_mono_ns() + GUARD_NS));
		assert_int_equal(informer_len(i[k]), 1);
	}
	wait_count(a, &a->watches, 41);
	informer_set_stop(a->set);
	assert_false(informer_synced(i[0], CLOCK_NEVER));
	assert_int_equal(informer_len(i[0]), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f)                                                                                                 \
	cmocka_unit_test_setup_teardown(f, setup, teardown),                                                 \
		cmocka_unit_test_setup_teardown(f, setup_rows, teardown)
		T(test_list_pages_and_watch),
		T(test_bookmark_and_reconnect),
		T(test_cut_connection),
		T(test_gone),
		T(test_garbage_line),
		T(test_inject),
		T(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
