/* SPDX-License-Identifier: Apache-2.0 */
#include "pod/life/life_test.h"

#include "object/json_test.h"

#define GROWN "'requests':{'cpu':'100m','memory':'16Mi'},'limits':{'cpu':'200m','memory':'32Mi'}"
#define SMALL "'requests':{'cpu':'50m','memory':'8Mi'},'limits':{'cpu':'100m','memory':'16Mi'}"
#define POD_OF(policy, resources)                                                                            \
	JSON("{'metadata':{'name':'p','namespace':'ns','uid':'u1','generation':4},'spec':{'containers':["    \
	     "{'name':'a','image':'i:1','resizePolicy':[" policy "],'resources':{" resources "}},"           \
	     "{'name':'b','image':'i:1'}]}}")
#define IN_PLACE "{'resourceName':'cpu','restartPolicy':'NotRequired'}"
#define AGAIN "{'resourceName':'memory','restartPolicy':'RestartContainer'}"

/* What the worker does when the node has room. */
static void granted(struct life *l, const char *text)
{
	struct pod *old = l->pod;
	l->pod = make_pod(text);
	resize_grant(&l->m, l->pod);
	free_pod(old);
	settle(l);
}

static const struct status_condition no_condition;

static bool told(struct life *l, const char *type)
{
	autojson js *st = status(l);
	return condition_find(js_arr(st, "conditions", NULL), type) != NULL;
}

static void test_in_place(void **state)
{
	struct life l;
	begin(&l, POD_OF(IN_PLACE, SMALL));
	settle(&l);
	expect_container(&l, "a", "resources", JSON("{" SMALL "}"));
	expect_container(&l, "a", "allocatedResources", JSON("{'cpu':'50m','memory':'8Mi'}"));
	expect_container(&l, "b", "resources", "{}");
	expect_container(&l, "b", "allocatedResources", "-");
	assert_false(told(&l, "PodResizeInProgress"));
	buf_clear(&l.acts);
	l.hold = 1u << ACT_RESIZE;
	granted(&l, POD_OF(IN_PLACE, GROWN));
	expect_acts(&l, "resize ");
	/* granted, and not there yet: memory comes first */
	expect_condition(&l, "PodResizeInProgress", "True", "", "");
	expect_container(&l, "a", "allocatedResources", JSON("{'cpu':'100m','memory':'16Mi'}"));
	expect_container(&l, "a", "resources", JSON("{" SMALL "}"));
	const char *to = l.pod->list.v[0].resources_text;
	resize_applied(&l.m, 0, "a0", to, "memory");
	expect_container(
		&l, "a", "resources",
		JSON("{'requests':{'cpu':'50m','memory':'16Mi'},'limits':{'cpu':'100m','memory':'32Mi'}}"));
	resize_applied(&l.m, 0, "a0", to, "cpu");
	resize_done(&l.m, NULL, l.now);
	buf_clear(&l.events);
	settle(&l);
	expect_container(&l, "a", "resources", JSON("{" GROWN "}"));
	assert_false(told(&l, "PodResizeInProgress"));
	expect_acts(&l, "");
	expect_event(&l,
		     JSON("N ResizeCompleted: Pod resize completed: {'containers':[{'name':'a','resources':"
			  "{" GROWN "}},{'name':'b','resources':{}}]}"));
	end(&l);
}

/* A policy that wants it: ended, started with what was granted, whatever the Pod's restart policy makes of its code. */
static void test_restart(void **state)
{
	struct life l;
	begin(&l, POD_OF(AGAIN, SMALL));
	settle(&l);
	buf_clear(&l.acts);
	buf_clear(&l.events);
	l.hold = 1u << ACT_RESIZE | 1u << ACT_START;
	granted(&l, POD_OF(AGAIN, GROWN));
	expect_acts(&l, "signal(a) ");
	expect_event(&l, "N Killing: Container a resize requires restart");
	exits(&l, 0, 0);
	/* no start before the Pod's cgroup has room for it */
	expect_acts(&l, "resize image(a) ");
	resize_done(&l.m, NULL, l.now);
	settle(&l);
	expect_acts(&l, "start(a) ");
	assert_true(told(&l, "PodResizeInProgress"));
	struct run_result r = {.id = "a1", .started_ns = l.now.wall_ns};
	machine_started(&l.m, 0, &r, l.now);
	resize_ran(&l.m, 0, l.pod->list.v[0].resources_text);
	settle(&l);
	assert_false(told(&l, "PodResizeInProgress"));
	expect_container(&l, "a", "restartCount", "1");
	expect_container(&l, "a", "resources", JSON("{" GROWN "}"));
	end(&l);
}

static void test_trouble(void **state)
{
	struct life l;
	begin(&l, POD_OF(IN_PLACE, GROWN));
	settle(&l);
	l.hold = 1u << ACT_RESIZE;
	granted(&l, POD_OF(IN_PLACE, SMALL));
	resize_done(&l.m, "cannot decrease memory limits", l.now);
	buf_clear(&l.acts);
	settle(&l);
	expect_acts(&l, "");
	expect_condition(&l, "PodResizeInProgress", "True", "Error", "cannot decrease memory limits");
	/* one that has ended meanwhile does not wait for what may never be */
	exits(&l, 1, 1);
	expect_acts(&l, "image(b) start(b) ");
	assert_int_equal(machine_next_ns(&l.m, l.now), l.now.mono_ns + NS_PER_S);
	advance_s(&l, 1);
	expect_acts(&l, "resize ");
	resize_applied(&l.m, 0, "a0", l.pod->list.v[0].resources_text, "memory");
	resize_applied(&l.m, 0, "a0", l.pod->list.v[0].resources_text, "cpu");
	resize_done(&l.m, NULL, l.now);
	settle(&l);
	assert_false(told(&l, "PodResizeInProgress"));
	end(&l);
}

/* What is granted while a job is under way is owed after it. */
static void test_overtaken(void **state)
{
	struct life l;
	begin(&l, POD_OF(IN_PLACE, SMALL));
	settle(&l);
	l.hold = 1u << ACT_RESIZE;
	granted(&l, POD_OF(IN_PLACE, GROWN));
	granted(&l, POD_OF(IN_PLACE, SMALL));
	buf_clear(&l.acts);
	resize_done(&l.m, NULL, l.now);
	settle(&l);
	expect_acts(&l, "resize ");
	assert_true(told(&l, "PodResizeInProgress"));
	resize_done(&l.m, NULL, l.now);
	settle(&l);
	assert_false(told(&l, "PodResizeInProgress"));
	end(&l);
}

static void test_pending(void **state)
{
	struct life l;
	struct status_known known = {0};
	const struct status_node node = {.host_ip = "1.2.3.4", .runtime = "coracle"};
	begin(&l, POD_OF(IN_PLACE, SMALL));
	settle(&l);
	resize_pend(&l.m, RESIZE_DEFERRED, "Node didn't have enough resource: cpu", 5);
	expect_condition(&l, "PodResizePending", "True", "Deferred", "Node didn't have enough resource: cpu");
	uint64_t version = l.m.version;
	resize_pend(&l.m, RESIZE_DEFERRED, "Node didn't have enough resource: cpu", 5);
	assert_int_equal(l.m.version, version);
	autojson js *first = status_patch(&known, &l.m, &node, l.now.wall_ns, &known);
	const js *c = condition_find(js_arr(first, "status", "conditions", NULL), "PodResizePending");
	assert_int_equal(js_int(c, 0, "observedGeneration", NULL), 5);
	/* once it is not, the API is told to forget it */
	resize_pend(&l.m, NULL, NULL, 0);
	autojson js *second = status_patch(&known, &l.m, &node, l.now.wall_ns, &known);
	autobuf struct buf b = BUF_INIT;
	js_write(&b, js_get(second, "status", NULL));
	assert_string_equal(buf_str(&b),
			    JSON("{'conditions':[{'$patch':'delete','type':'PodResizePending'}]}"));
	assert_memory_equal(&known.conditions[6], &no_condition, sizeof(no_condition));
	assert_null(status_patch(&known, &l.m, &node, l.now.wall_ns, &known));
	end(&l);
}

/* An agent that begins anew finds what was granted and what has been done of it. */
static void test_kept(void **state)
{
	struct life l, next;
	autobuf struct buf before = BUF_INIT, after = BUF_INIT;
	begin(&l, POD_OF(IN_PLACE, SMALL));
	settle(&l);
	l.hold = 1u << ACT_RESIZE;
	granted(&l, POD_OF(IN_PLACE, GROWN));
	resize_save(&l.m, false, &before);
	resize_save(&l.m, true, &after);
	end(&l);
	autojson js *kept = pod_field(buf_str(&before)), *settled = pod_field(buf_str(&after));
	/* the API has another wish by now */
	struct pod *wish = make_pod(POD_OF(IN_PLACE, "'requests':{'cpu':'7','memory':'1Gi'}"));
	const struct pod *was = resize_load_pod(kept, wish);
	assert_int_equal(was->list.v[0].resources.cpu_limit, 200);
	assert_int_equal(was->demand.requests.cpu_milli, 100);
	assert_int_equal(was->demand.requests.memory, 16 << 20);
	assert_string_equal(was->list.v[0].image, "i:1");
	begin(&next, POD_OF(IN_PLACE, GROWN));
	settle(&next);
	next.m.pod = was;
	resize_load(&next.m, kept, NULL);
	expect_container(&next, "a", "resources", JSON("{" SMALL "}"));
	buf_clear(&next.acts);
	next.hold = 1u << ACT_RESIZE;
	settle(&next);
	expect_acts(&next, "resize ");
	next.m.pod = next.pod;
	end(&next);
	begin(&next, POD_OF(IN_PLACE, GROWN));
	settle(&next);
	buf_clear(&next.acts);
	resize_load(&next.m, settled, NULL);
	settle(&next);
	expect_acts(&next, "");
	assert_false(told(&next, "PodResizeInProgress"));
	end(&next);
	wish->o.refs++; /* it is the test's */
	informer_unref(was);
	free_pod(wish);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_place), cmocka_unit_test(test_restart),
		cmocka_unit_test(test_trouble),	 cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_pending),	 cmocka_unit_test(test_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
