/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds that are served in more than one version: whatever one version says is there again after it has been written in the
 * other. Every field at once, any part of the fields, and the cases in which the versions mean different things by the same
 * words (kubernetes/kubernetes pkg/apis/policy/v1beta1/conversion_test.go, pkg/apis/events/v1/conversion.go).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kinds/difference_test.h"
#include "kinds/kinds_test.h"
#include "kinds/samples.h"
#include "kinds/strategy.h"
#include "object/json_test.h"

static struct samples *samples;

static js *decode(const struct kind *k, const char *text)
{
	struct err err = ERR_INIT;
	autojson js *in = js_parse(text, strlen(text), NULL, &err);
	js *o = in ? schema_decode(k->type, in, NULL, &err) : NULL;

	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

/* All of it, and, unless the version adds what it has of its own, nothing else. */
static void comes_back(const struct kind *from, const struct kind *to, const js *o, bool exactly)
{
	autojson js *there = strategy_convert(from, to, o), *back = strategy_convert(to, from, there);
	struct difference d = {.got = NULL};
	struct err err = ERR_INIT;
	struct strict_errors strict = {.n = 0};
	autobuf struct buf text = BUF_INIT;

	if (!contains(back, o, &d) || (exactly && !contains(o, back, &d))) {
		write_difference(&text, &d);
		fail_msg("%s %s by %s: %.600s", from->kind, from->version, to->version, buf_str(&text));
	}
	buf_release(&d.where);
	js *version = js_field(there, "apiVersion");
	autofree char *want =
		*to->group ? mem_printf("%s/%s", to->group, to->version) : mem_strdup(to->version);
	assert_string_equal(js_str0(version, NULL), want);
	autojson js *is =
		schema_conform(to->type, there, &strict, &err); /* nothing that this version has not */
	if (!is || strict.n)
		fail_msg("%s in %s: %s", to->kind, to->version, is ? strict.v[0] : err.msg);
}

/* ---- any part of an object ---- */

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What is left when a third of the fields go. What says of which sort the rest is stays. */
static void thin(js *o, uint64_t *seed)
{
	static const char *const kept[] = {"apiVersion", "kind", "metadata", "type", "target"};
	js *gone = js_new_arr();

	for (struct js_iter it = js_iter(o); js_next(&it);) {
		bool keep = false;
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			keep |= !strcmp(it.key, kept[i]);
		if (!keep && next(seed) % 3 == 0)
			js_push(gone, js_new_str(it.key));
		else if (js_is_obj(it.value))
			thin(it.value, seed);
		js_array_for_each (item, js_is_arr(it.value) ? it.value : NULL)
			if (js_is_obj(item))
				thin(item, seed);
	}
	js_array_for_each (key, gone)
		js_del(o, js_str0(key, NULL));
	js_autoput(&gone);
}

/* An autoscaler's older version has no word for the utilization of what is no resource, for a plain value of what is one,
   nor for the type of a target: that is told from which number is there. */
static void drop_unsayable(js *autoscaler)
{
	static const struct {
		const char *source, *word, *other; /* without a word in v1 */
		const char *when, *type, *otherwise;
	} rows[] = {
		{"object", "averageUtilization", "", "averageValue", "AverageValue", "Value"},
		{"pods", "averageUtilization", "value", "averageValue", "AverageValue", "AverageValue"},
		{"external", "averageUtilization", "", "value", "Value", "AverageValue"},
		{"resource", "value", "", "averageUtilization", "Utilization", "AverageValue"},
		{"containerResource", "value", "", "averageUtilization", "Utilization", "AverageValue"},
	};
	const js *lists[] = {js_arr(autoscaler, "spec", "metrics", NULL),
			     js_arr(autoscaler, "status", "currentMetrics", NULL)};

	for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(lists); i++) {
		size_t r = i / ARRAY_LEN(lists);
		bool spec = i % ARRAY_LEN(lists) == 0;
		js_array_for_each (metric, lists[!spec]) {
			js *number = js_obj(metric, rows[r].source, spec ? "target" : "current", NULL);
			if (!number)
				continue;
			js_del(number, rows[r].word);
			js_del(number, rows[r].other);
			if (spec)
				js_set_str(number, "type",
					   js_field(number, rows[r].when) ? rows[r].type : rows[r].otherwise);
		}
	}
}

#define ROUNDS 300

static void parts_come_back(const struct kind *from, const struct kind *to, const js *full)
{
	uint64_t seed = 88172645463325252ULL;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct err err = ERR_INIT;
		autojson js *part = js_dup(full);
		thin(part, &seed);
		autojson js *o = schema_decode(from->type, part, NULL, &err);
		if (!o)
			fail_msg("%s: %s", from->kind, err.msg);
		/* what a version cannot leave out is there after the first time */
		autojson js *there = strategy_convert(from, to, o), *once = strategy_convert(to, from, there);
		comes_back(from, to, once, true);
		comes_back(to, from, there, true);
	}
}

static void every_field(void **state)
{
	const struct kind *const *kinds;
	size_t n = schema_kinds(schema, &kinds), pairs = 0;

	for (size_t i = 0; i < n; i++) {
		const struct kind *older = kinds[i], *stored = older->storage_kind;
		if (stored == older)
			continue;
		pairs++;
		for (size_t s = 0; s < samples_count(samples, older); s++) {
			autojson js *o = samples_object(samples, older, s);
			autojson js *full = schema_decode(older->type, o, NULL, &(struct err)ERR_INIT);
			comes_back(older, stored, full, false);
			parts_come_back(older, stored, full);
		}
		for (size_t s = 0; s < samples_count(samples, stored); s++) {
			autojson js *o = samples_object(samples, stored, s);
			autojson js *full = schema_decode(stored->type, o, NULL, &(struct err)ERR_INIT);
			drop_unsayable(full);
			comes_back(stored, older, full, true);
			parts_come_back(stored, older, full);
		}
	}
	assert_int_equal(pairs, 3); /* a pair that is added is looked at here, and gets its cases below */
}

/* ---- cases ---- */

#define LABEL "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"
#define ASKS(op) "{'matchExpressions':[{'key':'" LABEL "','operator':'" op "'}]}"
#define FOO "'matchLabels':{'foo':'bar'}"
#define OTHER "{'key':'k','operator':'Exists'}"

struct selector_case {
	const char *in, *out; /* NULL: none */
};

static void convert_selectors(const char *from_version, const char *to_version,
			      const struct selector_case *rows, size_t n)
{
	const struct kind *from = schema_kind(schema, "policy", from_version, "PodDisruptionBudget"),
			  *to = schema_kind(schema, "policy", to_version, "PodDisruptionBudget");

	for (size_t i = 0; i < n; i++) {
		autofree char *text =
			rows[i].in ? mem_printf("{'spec':{'selector':%s,'minAvailable':'10%%'}}", rows[i].in)
				   : mem_strdup("{'spec':{'minAvailable':'10%'}}");
		autojson js *o = decode(from, JSON(text)), *got = strategy_convert(from, to, o);
		autobuf struct buf b = BUF_INIT;
		const js *selector = js_get(got, "spec", "selector", NULL);
		if (selector)
			js_write(&b, selector);
		assert_string_equal(buf_str(&b), rows[i].out ? JSON(rows[i].out) : "");
		assert_string_equal(js_str0(got, "spec", "minAvailable", NULL), "10%");
	}
}

/* An empty selector is nobody in v1beta1 and everybody in v1; a label that nobody has says the one in the other. */
static void budgets(void **state)
{
	static const struct selector_case to_v1[] = {
		{NULL, NULL},
		{"{}", ASKS("Exists")},
		{ASKS("DoesNotExist"), "{}"},
		{"{" FOO "}", "{" FOO "}"},
		{"{" FOO ",'matchExpressions':[{'key':'" LABEL "','operator':'DoesNotExist'}]}", "{" FOO "}"},
		{"{" FOO ",'matchExpressions':[{'key':'" LABEL "','operator':'Exists'}," OTHER "]}",
		 "{" FOO ",'matchExpressions':[" OTHER "]}"},
	};
	static const struct selector_case to_v1beta1[] = {
		{NULL, NULL},
		{"{}", ASKS("DoesNotExist")},
		{ASKS("Exists"), "{}"},
		{"{" FOO "}", "{" FOO "}"},
		{"{'matchExpressions':[" OTHER "]}", "{'matchExpressions':[" OTHER "]}"},
	};

	convert_selectors("v1beta1", "v1", to_v1, ARRAY_LEN(to_v1));
	convert_selectors("v1", "v1beta1", to_v1beta1, ARRAY_LEN(to_v1beta1));
}

/* Each field's name there and here. */
static void events(void **state)
{
	static const struct {
		const char *there, *here, *value;
	} rows[] = {
		{"regarding", "involvedObject", "{'kind':'Pod','namespace':'n','name':'p','uid':'u'}"},
		{"deprecatedSource", "source", "{'component':'c','host':'h'}"},
		{"note", "message", "'m'"},
		{"deprecatedFirstTimestamp", "firstTimestamp", "'2026-01-02T15:04:05Z'"},
		{"deprecatedLastTimestamp", "lastTimestamp", "'2026-01-02T15:04:06Z'"},
		{"deprecatedCount", "count", "7"},
		{"reportingController", "reportingComponent", "'a.b/c'"},
		{"reportingInstance", "reportingInstance", "'i'"},
		{"eventTime", "eventTime", "'2026-01-02T15:04:05.000001Z'"},
		{"series", "series", "{'count':2,'lastObservedTime':'2026-01-02T15:04:05.000002Z'}"},
		{"related", "related", "{'kind':'Node','name':'n'}"},
		{"action", "action", "'a'"},
		{"reason", "reason", "'r'"},
		{"type", "type", "'Warning'"},
	};
	const struct kind *core = schema_kind(schema, "", "v1", "Event"),
			  *new = schema_kind(schema, "events.k8s.io", "v1", "Event");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autofree char *text = mem_printf("{'%s':%s}", rows[i].there, rows[i].value);
		autojson js *o = decode(new, JSON(text)), *got = strategy_convert(new, core, o),
			    *back = strategy_convert(core, new, got);
		const char *value = JSON(rows[i].value);
		autobuf struct buf b = BUF_INIT;
		js_write(&b, js_field(got, rows[i].here));
		assert_string_equal(buf_str(&b), value);
		buf_release(&b);
		js_write(&b, js_field(back, rows[i].there));
		assert_string_equal(buf_str(&b), value);
		assert_true(!strcmp(rows[i].there, rows[i].here) || !js_field(got, rows[i].there));
	}
}

static int open_samples(void **state)
{
	struct err err = ERR_INIT;

	samples = samples_load(SAMPLES_DIR, &err);
	if (!samples)
		print_error("%s\n", err.msg);
	return samples ? setup(state) : -1;
}

static int close_samples(void **state)
{
	samples_free(samples);
	return teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),
		cmocka_unit_test(budgets),
		cmocka_unit_test(events),
	};
	return cmocka_run_group_tests(tests, open_samples, close_samples);
}
