/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that come, change and go; and that a kind is asked for when somebody wants to know, not before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "client/server_test.h"
#include "lookup.h"
#include "make_test.h"

static const void *tell(struct lookup *l, enum lookup_kind kind, const void *old, const char *yaml)
{
	const void *o = yaml ? make(&lookup_types[kind], yaml) : NULL;

	lookup_changed(l, kind, old, o);
	informer_unref(o);
	return o;
}

static void test_by_name_and_namespace(void **state)
{
	struct lookup *l = lookup_new(NULL);
	const void **v;
	const void *a = tell(l, LOOKUP_SERVICES, NULL,
			     "metadata: {name: a, namespace: ns}\nspec: {selector: {x: w}}");

	tell(l, LOOKUP_SERVICES, NULL, "metadata: {name: b, namespace: ns}");
	tell(l, LOOKUP_SERVICES, NULL, "metadata: {name: a, namespace: m}");
	assert_int_equal(lookup_list(l, LOOKUP_SERVICES, "ns", &v), 2);
	informer_unref_all(v, 2);
	assert_int_equal(lookup_list(l, LOOKUP_SERVICES, NULL, &v), 3);
	informer_unref_all(v, 3);
	assert_int_equal(lookup_list(l, LOOKUP_SERVICES, "none", &v), 0);
	informer_unref_all(v, 0);
	assert_int_equal(lookup_list(l, LOOKUP_BUDGETS, NULL, &v), 0);
	informer_unref_all(v, 0);
	const struct lookup_object *o = lookup_get(l, LOOKUP_SERVICES, "ns", "a");
	assert_string_equal(labels_get(o->equal, "x"), "w");
	a = tell(l, LOOKUP_SERVICES, a, "metadata: {name: a, namespace: ns}\nspec: {selector: {x: z}}");
	assert_string_equal(labels_get(o->equal, "x"), "w"); /* who holds it keeps it */
	informer_unref(o);
	o = lookup_get(l, LOOKUP_SERVICES, "ns", "a");
	assert_string_equal(labels_get(o->equal, "x"), "z");
	tell(l, LOOKUP_SERVICES, o, NULL);
	informer_unref(o);
	assert_null(lookup_get(l, LOOKUP_SERVICES, "ns", "a"));
	assert_null(lookup_get(l, LOOKUP_SERVICES, "o", "a"));
	assert_false(lookup_failed(l));
	lookup_free(l);
}

static void test_what_is_kept(void **state)
{
	const struct lookup_object *b = make(
		&lookup_types[LOOKUP_BUDGETS],
		"metadata: {name: b, namespace: ns}\nspec: {selector: {matchLabels: {x: w}}}\n"
		"status: {disruptionsAllowed: 2, disruptedPods: {o: '2026-01-01T00:00:00Z', q: '2026-01-01T00:00:00Z'}}");
	const struct lookup_object *old = make(&lookup_types[LOOKUP_REPLICASETS], "spec: {replicas: 0}"),
				   *new = make(&lookup_types[LOOKUP_REPLICASETS],
					       "spec: {replicas: 2, selector: {}}");

	assert_int_equal(b->allowed, 2);
	assert_int_equal(b->n_disrupted, 2);
	assert_string_equal(b->disrupted[1].name, "q");
	assert_false(label_query_empty(b->selector));
	assert_false(lookup_types[LOOKUP_REPLICASETS].keep(old)); /* Deployments leave ten of them */
	assert_true(lookup_types[LOOKUP_REPLICASETS].keep(new));
	assert_true(label_query_empty(new->selector));
	informer_unref(b);
	informer_unref(old);
	informer_unref(new);
	for (size_t i = 0; i < LOOKUP_KINDS; i++)
		assert_null(decode_spec_check(lookup_types[i].rows));
}

struct api {
	atomic_int lists, status;
};

static void serve(struct server_request *rq)
{
	struct api *a = rq->s->arg;

	if (strstr(rq->path, "watch=true")) {
		rq->close = true;
		return;
	}
	atomic_fetch_add(&a->lists, 1);
	server_reply(rq, atomic_load(&a->status), "",
		     "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"d\","
		     "\"labels\":{\"a\":\"b\"}}}]}");
}

static void test_a_kind_is_listed_when_it_is_asked_for(void **state)
{
	struct api a = {.status = 200};
	struct server server;

	server_start(&server, serve, &a);
	struct rest_config config = {.kube = {.server = server.url}, .user_agent = "test"};
	struct loop *loop = loop_new(NULL);
	struct rest *rest = rest_new_on(loop, &config, 0);
	struct informer_set *set = informer_set_new(rest);
	struct lookup *l = lookup_new(set);
	informer_set_start(set);
	loop_start(loop, "loop");
	assert_int_equal(atomic_load(&a.lists), 0);
	const struct lookup_object *o = lookup_get(l, LOOKUP_NAMESPACES, "", "d");
	assert_non_null(o);
	assert_string_equal(labels_get(o->base.meta.labels, "a"), "b");
	informer_unref(o);
	assert_false(lookup_failed(l));
	/* At the end nobody waits for a list any more, and none is begun. */
	lookup_close(l);
	informer_set_stop(set);
	assert_null(lookup_get(l, LOOKUP_SERVICES, "", "d"));
	assert_true(lookup_failed(l));
	assert_false(lookup_failed(l));
	informer_set_free(set);
	lookup_free(l);
	rest_free(rest);
	loop_join(loop);
	loop_free(loop);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_name_and_namespace),
					   cmocka_unit_test(test_what_is_kept),
					   cmocka_unit_test(test_a_kind_is_listed_when_it_is_asked_for)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
