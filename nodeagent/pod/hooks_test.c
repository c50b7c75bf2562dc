/* SPDX-License-Identifier: Apache-2.0 */
/* After upstream's pkg/kubelet/lifecycle/handlers_test.go. */
#include "pod/scene_test.h"

static void begin_hook(struct scene *s, enum hook_kind k)
{
	s->w->m.c[0].hooking[k] = true;
	hooks_run(s->w, 0, k);
	assert_true(s->w->m.c[0].hooking[k]); /* told later */
	scene_turn(s);
}

static bool over(struct scene *s, enum hook_kind k)
{
	return !s->w->m.c[0].hooking[k];
}

static const char *waiting(struct scene *s)
{
	return s->w->m.c[0].waiting_message ? s->w->m.c[0].waiting_message : "";
}

static void test_exec(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'lifecycle':{'postStart':{'exec':{'command':['do','$(A)']}}}"));
	begin_hook(&s, HOOK_POST_START);
	assert_true(over(&s, HOOK_POST_START));
	assert_string_equal(s.command, "do $(A)"); /* as it stands */
	assert_string_equal(waiting(&s), "");
	s.code = 3;
	begin_hook(&s, HOOK_POST_START);
	assert_true(over(&s, HOOK_POST_START));
	assert_string_equal(
		waiting(&s),
		"Exec lifecycle hook ([do $(A)]) for Container \"a\" in Pod \"p_ns(u1)\" failed - "
		"error: command 'do $(A)' exited with 3: , message: \"\"");
	scene_end(&s);
	scene_begin(&s, JSON("'lifecycle':{'postStart':{'exec':{'command':['do']}}}"));
	s.code = -1;
	begin_hook(&s, HOOK_POST_START);
	assert_string_equal(
		waiting(&s),
		"Exec lifecycle hook ([do]) for Container \"a\" in Pod \"p_ns(u1)\" failed - error: "
		"cannot be started, message: \"\"");
	scene_end(&s);
}

static void test_sleep(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'lifecycle':{'preStop':{'sleep':{'seconds':3}}}"));
	begin_hook(&s, HOOK_PRE_STOP);
	scene_advance(&s, 2.5);
	assert_false(over(&s, HOOK_PRE_STOP));
	scene_advance(&s, 0.5);
	assert_true(over(&s, HOOK_PRE_STOP));
	scene_end(&s);
}

/* Accepted by the API server, never run. */
static void test_tcp(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'lifecycle':{'postStart':{'tcpSocket':{'port':1}}}"));
	begin_hook(&s, HOOK_POST_START);
	assert_true(over(&s, HOOK_POST_START));
	assert_string_equal(waiting(&s), "Cannot run handler: invalid handler");
	scene_end(&s);
}

static void test_http_port(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'lifecycle':{'postStart':{'httpGet':{'path':'/x','port':'none'}}}"));
	begin_hook(&s, HOOK_POST_START);
	assert_string_equal(
		waiting(&s),
		"HTTP lifecycle hook (/x) for Container \"a\" in Pod \"p_ns(u1)\" failed - error: "
		"strconv.Atoi: parsing \"none\": invalid syntax");
	scene_end(&s);
}

/* Nobody waits for the hook of a container that has ended. */
static void test_end(void **state)
{
	struct scene s;
	scene_begin(&s, JSON("'lifecycle':{'preStop':{'sleep':{'seconds':3}}}"));
	begin_hook(&s, HOOK_PRE_STOP);
	s.w->m.c[0].state = CTR_DONE;
	scene_kick(&s);
	assert_true(over(&s, HOOK_PRE_STOP));
	assert_true(list_empty(&s.w->hooks));
	scene_advance(&s, 5);
	scene_end(&s);
}

/* A command may be what ended its container: it has its say; one that says nothing has failed. */
static void test_last_words(void **state)
{
	struct scene s;
	int held[2];
	scene_begin(&s, JSON("'lifecycle':{'preStop':{'exec':{'command':['do']}}}"));
	for (int i = 0; i < 2; i++) {
		struct {
			int kind, value;
		} r = {3, 0};
		s.held = &held[i];
		s.w->m.c[0].state = CTR_RUNNING;
		begin_hook(&s, HOOK_PRE_STOP);
		s.w->m.c[0].state = CTR_DONE;
		scene_kick(&s);
		assert_false(over(&s, HOOK_PRE_STOP));
		if (i == 0)
			assert_int_equal(send(held[0], &r, sizeof(r), 0), sizeof(r));
		scene_turn(&s);
		assert_int_equal(over(&s, HOOK_PRE_STOP), i == 0);
		scene_advance(&s, 0.9);
		assert_int_equal(over(&s, HOOK_PRE_STOP), i == 0);
		scene_advance(&s, 0.2);
		assert_true(over(&s, HOOK_PRE_STOP));
		close(held[i]);
	}
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_exec), cmocka_unit_test(test_sleep),
					   cmocka_unit_test(test_tcp),	cmocka_unit_test(test_http_port),
					   cmocka_unit_test(test_end),	cmocka_unit_test(test_last_words)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
