/* SPDX-License-Identifier: Apache-2.0 */
/* How far one step goes: the cases of upstream's horizontal_test.go (TestScalingWithRules, TestConvertDesiredReplicasWithRules,
   TestNormalizeDesiredReplicas and its sister with behaviors), and what is remembered. */
#include "autoscaler/hpa_scaling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "object/json_test.h"

#define NOW (INT64_C(1767225600) * NS_PER_S)
#define PLAIN (-1)

/* ---- rates ---- */

struct policies { /* pods, their period, percent, its period, window */
	int32_t pods, pods_s, percent, percent_s, window_s;
};
struct spread { /* evenly over the last seconds */
	int32_t n[4];
	int seconds;
};
static const struct rate_row {
	const char *name;
	int32_t min, max, current, desired;
	struct policies up, down; /* zeros: the defaults */
	struct spread ups, downs;
	bool plain;
	int32_t want;
	const char *reason;
} rates[] = {
	{"prenormalized desired replicas within range", 3, 8, 5, 7, .want = 7,
	 .reason = "DesiredWithinRange"},
	{"prenormalized desired replicas < minReplicas", 2, 8, 3, 1, .want = 2, .reason = "TooFewReplicas"},
	{"prenormalized desired replicas within range when minReplicas is 0", 0, 10, 1, 0, .want = 0,
	 .reason = "DesiredWithinRange"},
	{"maxReplicas is the limit because maxReplicas < scaleUpLimit", 1, 10, 20, 1000, .want = 10,
	 .reason = "TooManyReplicas"},
	{"desired replica count is more than the maximum replica count", 100, 150, 100, 1000, .want = 150,
	 .reason = "TooManyReplicas"},
	{"scaleUpLimit is the limit because scaleUpLimit < maxReplicas with user policies", 1, 2000, 3, 1000,
	 .up = {0, 0, 1, 60, 0}, .want = 4, .reason = "ScaleUpLimit"},
	{"scaleDownLimit is the limit because scaleDownLimit > minReplicas with user defined policies", 3,
	 2000, 1000, 3, .down = {20, 60, 0, 0, 0}, .want = 980, .reason = "ScaleDownLimit"},
	{"scaleUp with default behavior", 1, 1000, 10, 50, .want = 20, .reason = "ScaleUpLimit"},
	{"scaleUp with pods policy larger than percent policy", 1, 1000, 10, 500, .up = {100, 60, 100, 60, 0},
	 .want = 110, .reason = "ScaleUpLimit"},
	{"scaleUp with percent policy larger than pods policy", 1, 1000, 10, 500, .up = {2, 60, 100, 60, 0},
	 .want = 20, .reason = "ScaleUpLimit"},
	{"scaleUp with spec MaxReplicas limitation with large pod policy", 1, 1000, 10, 50,
	 .up = {100, 60, 0, 0, 0}, .want = 50, .reason = "DesiredWithinRange"},
	{"scaleUp with spec MaxReplicas limitation with large percent policy", 1, 1000, 10, 50,
	 .up = {10000, 60, 0, 0, 0}, .want = 50, .reason = "DesiredWithinRange"},
	{"scaleUp with pod policy limitation", 1, 1000, 10, 50, .up = {30, 60, 0, 0, 0}, .want = 40,
	 .reason = "ScaleUpLimit"},
	{"scaleUp with percent policy limitation", 1, 1000, 10, 50, .up = {0, 0, 200, 60, 0}, .want = 30,
	 .reason = "ScaleUpLimit"},
	{"scaleDown with percent policy larger than pod policy", 1, 1000, 100, 2,
	 .down = {20, 60, 1, 60, 300}, .want = 80, .reason = "ScaleDownLimit"},
	{"scaleDown with pod policy larger than percent policy", 1, 1000, 100, 2, .down = {2, 60, 1, 60, 300},
	 .want = 98, .reason = "ScaleDownLimit"},
	{"scaleDown with spec MinReplicas=nil limitation with large pod policy", 1, 1000, 10, 0,
	 .down = {100, 60, 0, 0, 300}, .want = 1, .reason = "TooFewReplicas"},
	{"scaleDown with spec MinReplicas limitation with large pod policy", 1, 1000, 10, 0,
	 .down = {100, 60, 0, 0, 300}, .want = 1, .reason = "TooFewReplicas"},
	{"scaleDown with spec MinReplicas limitation with large percent policy", 5, 1000, 10, 2,
	 .down = {0, 0, 100, 60, 300}, .want = 5, .reason = "TooFewReplicas"},
	{"scaleDown with pod policy limitation", 1, 1000, 10, 2, .down = {5, 60, 0, 0, 300}, .want = 5,
	 .reason = "ScaleDownLimit"},
	{"scaleDown with percent policy limitation", 1, 1000, 10, 5, .down = {0, 0, 50, 60, 300}, .want = 5,
	 .reason = "DesiredWithinRange"},
	{"scaleUp with spec MaxReplicas limitation with large pod policy and events", 1, 200, 100, 500,
	 .up = {300, 60, 0, 0, 0}, .ups = {{1, 5, 9}, 120}, .want = 200, .reason = "TooManyReplicas"},
	{"scaleUp with spec MaxReplicas limitation with large percent policy and events", 1, 200, 100, 500,
	 .up = {0, 0, 10000, 60, 0}, .ups = {{1, 5, 9}, 120}, .want = 200, .reason = "TooManyReplicas"},
	{"scaleUp with currentReplicas limitation with rate.PeriodSeconds with a lot of recent scale up events",
	 1, 1000, 100, 500, .up = {5, 120, 0, 0, 0}, .ups = {{1, 5, 9}, 120}, .want = 100,
	 .reason = "ScaleUpLimit"},
	{"scaleUp with pod policy and previous scale up events", 1, 1000, 100, 500, .up = {150, 120, 0, 0, 0},
	 .ups = {{1, 5, 9}, 120}, .want = 235, .reason = "ScaleUpLimit"},
	{"scaleUp with percent policy and previous scale up events", 1, 1000, 100, 500,
	 .up = {0, 0, 200, 120, 0}, .ups = {{1, 5, 9}, 120}, .want = 255, .reason = "ScaleUpLimit"},
	{"scaleUp with percent policy and previous scale up and down events", 1, 1000, 6, 24,
	 .up = {0, 0, 300, 300, 0}, .ups = {{4}, 120}, .downs = {{2}, 120}, .want = 16,
	 .reason = "ScaleUpLimit"},
	{"scaleDown with default policy and previous events", 1, 1000, 10, 5, .downs = {{1, 5, 9}, 120},
	 .want = 5, .reason = "DesiredWithinRange"},
	{"scaleDown with spec MinReplicas=nil limitation with large pod policy and previous events", 1, 1000,
	 100, 0, .down = {115, 120, 0, 0, 300}, .downs = {{1, 5, 9}, 120}, .want = 1,
	 .reason = "TooFewReplicas"},
	{"scaleDown with spec MinReplicas limitation with large pod policy and previous events", 5, 1000, 100,
	 0, .down = {130, 120, 0, 0, 300}, .downs = {{1, 5, 9}, 120}, .want = 5, .reason = "TooFewReplicas"},
	{"scaleDown with spec MinReplicas limitation with large percent policy and previous events", 5, 1000,
	 100, 2, .down = {0, 0, 100, 120, 300}, .downs = {{1, 5, 9}, 120}, .want = 5,
	 .reason = "TooFewReplicas"},
	{"scaleDown with pod policy limitation and previous events", 1, 1000, 100, 2,
	 .down = {5, 120, 0, 0, 300}, .downs = {{1, 5, 9}, 120}, .want = 100, .reason = "ScaleDownLimit"},
	{"scaleDown with percent policy limitation and previous events", 1, 1000, 100, 0,
	 .down = {0, 0, 50, 120, 300}, .downs = {{2, 4, 6}, 120}, .want = 56, .reason = "ScaleDownLimit"},
	{"scaleDown with percent policy and previous scale up and down events", 1, 1000, 10, 1,
	 .down = {0, 0, 50, 180, 0}, .ups = {{2}, 120}, .downs = {{4}, 120}, .want = 6,
	 .reason = "ScaleDownLimit"},
	{"scaleDown with previous events preventing further scale down", 1, 1000, 100, 0,
	 .down = {0, 0, 10, 120, 300}, .downs = {{10, 10, 10}, 120}, .want = 100, .reason = "ScaleDownLimit"},
	{"scaleDown with with previous events still allowing more scale down", 1, 1000, 10, 5,
	 .down = {0, 0, 1000, 120, 300}, .downs = {{10, 10, 10}, 120}, .want = 5,
	 .reason = "DesiredWithinRange"},
	{"check 'outdated' flag for events for one behavior for up", 1, 1000, 100, 200,
	 .up = {1000, 60, 0, 0, 0}, .ups = {{8, 12, 9, 11}, 120}, .want = 200,
	 .reason = "DesiredWithinRange"},
	{"check that events were not marked 'outdated' for two different policies in the behavior for up", 1,
	 1000, 100, 200, .up = {1000, 120, 100, 60, 0}, .ups = {{8, 12, 9, 11}, 120}, .want = 200,
	 .reason = "DesiredWithinRange"},
	{"check that events were marked 'outdated' for two different policies in the behavior for up", 1,
	 1000, 100, 200, .up = {1000, 30, 100, 60, 0}, .ups = {{8, 12, 9, 11}, 120}, .want = 200,
	 .reason = "DesiredWithinRange"},
	{"check 'outdated' flag for events for one behavior for down", 1, 1000, 100, 5,
	 .down = {1000, 60, 0, 0, 300}, .downs = {{8, 12, 9, 11}, 120}, .want = 5,
	 .reason = "DesiredWithinRange"},
	{"check that events were not marked 'outdated' for two different policies in the behavior for down",
	 1, 1000, 100, 5, .down = {1000, 120, 100, 60, 300}, .downs = {{8, 12, 9, 11}, 120}, .want = 5,
	 .reason = "DesiredWithinRange"},
	{"check that events were marked 'outdated' for two different policies in the behavior for down", 1,
	 1000, 100, 5, .down = {1000, 30, 100, 60, 300}, .downs = {{8, 12, 9, 11}, 120}, .want = 5,
	 .reason = "DesiredWithinRange"},
	{"prenormalized desired replicas within range", 3, 8, 5, 7, .plain = true, .want = 7,
	 .reason = "DesiredWithinRange"},
	{"prenormalized desired replicas < minReplicas", 2, 8, 3, 1, .plain = true, .want = 2,
	 .reason = "TooFewReplicas"},
	{"prenormalized desired zeroed replicas within range", 0, 10, 1, 0, .plain = true, .want = 0,
	 .reason = "DesiredWithinRange"},
	{"maxReplicas is the limit because maxReplicas < scaleUpLimit", 1, 10, 20, 1000, .plain = true,
	 .want = 10, .reason = "TooManyReplicas"},
	{"scaleUpLimit is the limit because scaleUpLimit < maxReplicas", 1, 2000, 3, 1000, .plain = true,
	 .want = 6, .reason = "ScaleUpLimit"},
};

static void set_rules(struct hpa_rules *r, struct hpa_policy v[2], const struct policies *p, bool up)
{
	static const struct policies up_default = {4, 15, 100, 15, 0}, down_default = {0, 0, 100, 15, 300};

	if (!p->pods && !p->percent)
		p = up ? &up_default : &down_default;
	*r = (struct hpa_rules){.window_s = p->window_s, .policies = v};
	if (p->pods)
		v[r->n++] = (struct hpa_policy){false, p->pods, p->pods_s};
	if (p->percent)
		v[r->n++] = (struct hpa_policy){true, p->percent, p->percent_s};
}

static void set_moments(struct hpa_moments *m, const struct spread *s)
{
	size_t n = 0;

	while (n < 4 && s->n[n])
		n++;
	m->v = mem_array(n + 1, sizeof(*m->v));
	for (size_t i = 0; i < n; i++) {
		double segment = (double)s->seconds / (double)n,
		       ago = s->seconds - segment * (double)(i + 1) + segment / 2;

		m->v[m->n++] = (struct hpa_moment){s->n[i], NOW - (int64_t)ago * NS_PER_S};
	}
}

static void check_rate(const struct rate_row *r)
{
	struct hpa_memory m = {0};
	struct hpa_rules up, down;
	struct hpa_policy ups[2], downs[2];
	struct hpa_verdict v;

	set_rules(&up, ups, &r->up, true);
	set_rules(&down, downs, &r->down, false);
	up.window_s = down.window_s = 0; /* that is the other test's */
	set_moments(&m.ups, &r->ups);
	set_moments(&m.downs, &r->downs);
	struct hpa_step s = {.min = r->min,
			     .max = r->max,
			     .current = r->current,
			     .desired = r->desired,
			     .up = r->plain ? NULL : &up,
			     .down = r->plain ? NULL : &down,
			     .now_ns = NOW};

	hpa_scaling_step(&m, &s, &v);
	if (v.replicas != r->want || strcmp(v.limit_reason, r->reason) != 0 ||
	    v.limited != (r->want != r->desired))
		fail_msg("%s: %d %s", r->name, v.replicas, v.limit_reason);
	hpa_scaling_forget(&m);
}

static void test_rates(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		check_rate(&rates[i]);
}

/* Which of several policies decides. */
static void test_select(void **state)
{
	static const struct {
		enum hpa_select select;
		int32_t desired, want;
	} rows[] = {
		{HPA_SELECT_MAX, 100, 20}, {HPA_SELECT_MIN, 100, 13}, {HPA_SELECT_DISABLED, 100, 10},
		{HPA_SELECT_MAX, 1, 5},	   {HPA_SELECT_MIN, 1, 7},    {HPA_SELECT_DISABLED, 1, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hpa_memory m = {0};
		struct hpa_policy v[2] = {{false, 3, 15}, {true, rows[i].desired > 10 ? 100 : 50, 15}};
		struct hpa_rules r = {.select = rows[i].select, .policies = v, .n = 2};
		struct hpa_step s = {.min = 1,
				     .max = 1000,
				     .current = 10,
				     .desired = rows[i].desired,
				     .up = &r,
				     .down = &r,
				     .now_ns = NOW};
		struct hpa_verdict got;

		hpa_scaling_step(&m, &s, &got);
		assert_int_equal(got.replicas, rows[i].want);
		assert_true(got.limited);
		hpa_scaling_forget(&m);
	}
}

/* ---- stabilisation ---- */

static const struct window_row {
	const char *name;
	int32_t current, desired;
	struct hpa_moment before[4];
	int32_t up_s, down_s; /* PLAIN: without a behavior */
	int32_t want;
	const char *left;
} windows[] = {
	{"empty log", 5, 5, {{0}}, PLAIN, 300, 5, "5"},
	{"the highest stands",
	 5,
	 3,
	 {{4, NOW - 120 * NS_PER_S}, {5, NOW - 60 * NS_PER_S}},
	 PLAIN,
	 300,
	 5,
	 "4 5 3"},
	{"nothing higher",
	 5,
	 3,
	 {{1, NOW - 120 * NS_PER_S}, {2, NOW - 60 * NS_PER_S}},
	 PLAIN,
	 300,
	 3,
	 "1 2 3"},
	{"what is old is nothing",
	 5,
	 3,
	 {{10, NOW - 600 * NS_PER_S}, {9, NOW - 540 * NS_PER_S}},
	 PLAIN,
	 300,
	 3,
	 "10 3"},
	{"old beside new",
	 5,
	 3,
	 {{10, NOW - 600 * NS_PER_S},
	  {4, NOW - 60 * NS_PER_S},
	  {5, NOW - 120 * NS_PER_S},
	  {9, NOW - 540 * NS_PER_S}},
	 PLAIN,
	 300,
	 5,
	 "10 4 5 3"},
	{"empty recommendations for scaling down", 100, 5, {{0}}, 0, 0, 5, "5"},
	{"simple scale down stabilization",
	 100,
	 3,
	 {{4, NOW - 120 * NS_PER_S}, {5, NOW - 60 * NS_PER_S}},
	 0,
	 180,
	 5,
	 "4 5 3"},
	{"simple scale up stabilization",
	 1,
	 7,
	 {{4, NOW - 120 * NS_PER_S}, {5, NOW - 60 * NS_PER_S}},
	 300,
	 0,
	 4,
	 "4 5 7"},
	{"no scale down stabilization",
	 100,
	 3,
	 {{1, NOW - 120 * NS_PER_S}, {2, NOW - 60 * NS_PER_S}},
	 300,
	 0,
	 3,
	 "1 2 3"},
	{"no scale up stabilization",
	 1,
	 3,
	 {{4, NOW - 120 * NS_PER_S}, {5, NOW - 60 * NS_PER_S}},
	 0,
	 300,
	 3,
	 "4 5 3"},
	{"no scale down stabilization, reuse recommendation element",
	 100,
	 3,
	 {{10, NOW - 600 * NS_PER_S}, {9, NOW - 540 * NS_PER_S}},
	 0,
	 0,
	 3,
	 "10 3"},
	{"no scale up stabilization, reuse recommendation element",
	 1,
	 100,
	 {{10, NOW - 600 * NS_PER_S}, {9, NOW - 540 * NS_PER_S}},
	 0,
	 0,
	 100,
	 "10 100"},
	{"scale down stabilization, reuse one of obsolete recommendation element",
	 100,
	 3,
	 {{10, NOW - 600 * NS_PER_S},
	  {4, NOW - 60 * NS_PER_S},
	  {5, NOW - 120 * NS_PER_S},
	  {9, NOW - 540 * NS_PER_S}},
	 0,
	 180,
	 5,
	 "10 4 5 3"},
	{"scale up stabilization, reuse one of obsolete recommendation element",
	 1,
	 100,
	 {{10, NOW - 6000 * NS_PER_S},
	  {6, NOW - 60 * NS_PER_S},
	  {5, NOW - 120 * NS_PER_S},
	  {9, NOW - 180 * NS_PER_S}},
	 300,
	 300,
	 5,
	 "100 6 5 9"},
};

static void check_window(const struct window_row *r)
{
	struct hpa_memory m = {0};
	struct hpa_policy all[] = {{true, 100000, 1}};
	struct hpa_rules up = {.window_s = r->up_s, .policies = all, .n = 1}, down = up;
	struct hpa_verdict v;
	autobuf struct buf left = BUF_INIT;
	bool plain = r->up_s == PLAIN;

	down.window_s = r->down_s;
	m.recommended.v = mem_array(4, sizeof(struct hpa_moment));
	while (m.recommended.n < 4 && r->before[m.recommended.n].at_ns) {
		m.recommended.v[m.recommended.n] = r->before[m.recommended.n];
		m.recommended.n++;
	}
	struct hpa_step s = {.max = 1000,
			     .current = r->current,
			     .desired = r->desired,
			     .up = plain ? NULL : &up,
			     .down = plain ? NULL : &down,
			     .down_window_ns = r->down_s * NS_PER_S,
			     .now_ns = NOW};

	hpa_scaling_step(&m, &s, &v);
	for (size_t i = 0; i < m.recommended.n; i++)
		buf_addf(&left, "%s%d", i ? " " : "", m.recommended.v[i].n);
	if (v.replicas != r->want || strcmp(buf_str(&left), r->left) != 0)
		fail_msg("%s: %d, %s", r->name, v.replicas, buf_str(&left));
	const char *reason = r->want == r->desired		  ? "ReadyForNewScale"
			     : !plain && r->desired >= r->current ? "ScaleUpStabilized"
								  : "ScaleDownStabilized";
	assert_string_equal(v.able_reason, reason);
	hpa_scaling_forget(&m);
}

static void test_windows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(windows); i++)
		check_window(&windows[i]);
}

/* ---- memory ---- */

static void test_memory(void **state)
{
	struct hpa_memory m = {0};
	struct hpa_policy minute[] = {{false, 1, 60}, {false, 1, 30}};
	struct hpa_rules r = {.policies = minute, .n = 2};
	struct hpa_step s = {.current = 5, .up = &r, .down = &r, .now_ns = NOW};

	hpa_scaling_begin(&m, 5, NOW);
	hpa_scaling_begin(&m, 7, NOW); /* it is not the first */
	assert_int_equal(m.recommended.n, 1);
	assert_int_equal(m.recommended.v[0].n, 5);

	hpa_scaling_done(&m, &s, 8);
	hpa_scaling_done(&m, &s, 1);
	s.now_ns += 59 * NS_PER_S;
	hpa_scaling_done(&m, &s, 6);
	assert_int_equal(m.ups.n, 2);
	assert_int_equal(m.downs.n, 1);
	assert_int_equal(m.downs.v[0].n, 4);
	s.now_ns += 2 * NS_PER_S; /* the first has outlived the longest period, its place is taken */
	hpa_scaling_done(&m, &s, 7);
	assert_int_equal(m.ups.n, 2);
	assert_int_equal(m.ups.v[0].n, 2);
	assert_int_equal(m.ups.v[1].n, 1);
	s.up = s.down = NULL;
	hpa_scaling_done(&m, &s, 50); /* without a behavior nobody asks */
	assert_int_equal(m.ups.n, 2);
	hpa_scaling_forget(&m);
}

/* However often it is looked at, it ends somewhere. */
static void test_bound(void **state)
{
	struct hpa_memory m = {0};
	struct hpa_verdict v;
	struct hpa_step s = {.max = 10, .current = 5, .desired = 5, .down_window_ns = 3600 * NS_PER_S};

	for (int i = 0; i < 5000; i++) {
		s.now_ns = NOW + i * NS_PER_MS;
		hpa_scaling_step(&m, &s, &v);
	}
	assert_int_equal(m.recommended.n, 4096);
	hpa_scaling_forget(&m);
}

static void test_read(void **state)
{
	struct err err = ERR_INIT;
	const char *text =
		JSON("{'selectPolicy':'Min','policies':[{'type':'Pods','value':4,'periodSeconds':15},"
		     "{'type':'Percent','value':10,'periodSeconds':60}]}");
	autojson js *o = js_parse(text, strlen(text), NULL, &err);
	struct hpa_rules r;

	hpa_scaling_read(&r, o, 300);
	assert_int_equal(r.window_s, 300);
	assert_int_equal(r.select, HPA_SELECT_MIN);
	assert_int_equal(r.n, 2);
	assert_false(r.policies[0].percent);
	assert_true(r.policies[1].percent);
	assert_int_equal(r.policies[1].value, 10);
	assert_int_equal(r.policies[1].period_s, 60);
	free(r.policies);
	js_set_str(o, "selectPolicy", "Disabled");
	js_set_int(o, "stabilizationWindowSeconds", 0);
	hpa_scaling_read(&r, o, 300);
	assert_int_equal(r.window_s, 0);
	assert_int_equal(r.select, HPA_SELECT_DISABLED);
	free(r.policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates),   cmocka_unit_test(test_select),
					   cmocka_unit_test(test_windows), cmocka_unit_test(test_memory),
					   cmocka_unit_test(test_bound),   cmocka_unit_test(test_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
