/* SPDX-License-Identifier: Apache-2.0 */
/* Tables whatever kind they are of. What the cells of each kind hold is told by cells_*_test.c. */
#include <time.h>
#include "rest/table/cells_rig_test.h"

static void test_every_function_exists(void **state)
{
	const struct kind *const *all;
	size_t n = schema_kinds(schema, &all);
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < all[i]->n_columns; c++)
			if (all[i]->columns[c].cell[0] == '@' && !cell_find(all[i]->columns[c].cell + 1))
				fail_msg("%s: no function %s", all[i]->kind, all[i]->columns[c].cell);
}

/* Of kinds that have no columns of their own. */
static void test_default_columns(void **state)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1", .include = INCLUDE_NONE};
	struct kind k = *schema_kind(schema, "", "v1", "ConfigMap");
	struct list_meta none = {.remaining = -1};
	k.n_columns = 0;
	autobuf struct buf out = BUF_INIT;
	autojson js *o = parse("{" META "}"), *empty = parse("{}");
	table_open(&out, &k, &a, &none, true);
	table_row(&out, &k, &a, o, "{}", 2, now());
	buf_addc(&out, ',');
	table_row(&out, &k, &a, empty, "{}", 2, now());
	assert_non_null(strstr(buf_str(&out), "{\"name\":\"Created At\",\"type\":\"date\",\"format\":\"\","));
	assert_non_null(strstr(buf_str(&out), "\"cells\":[\"x\",\"2026-01-02T03:00:00Z\"]"));
	assert_non_null(strstr(buf_str(&out), "\"cells\":[\"\",\"0001-01-01T00:00:00Z\"]"));
}

static void test_finished_pods(void **state)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1"};
	const struct kind *k = schema_kind(schema, "", "v1", "Pod");
	autobuf struct buf out = BUF_INIT;
	autojson js *o = parse("{'kind':'Pod'," META ",'status':{'phase':'Failed'}}");
	table_row(&out, k, &a, o, "{\"metadata\":{\"name\":\"x\"}}", 25, now());
	assert_non_null(strstr(
		buf_str(&out),
		"],\"conditions\":[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Failed\",\"message\":\"The pod failed.\"}]"
		",\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"x\"}}}"));
}

static void test_partial(void **state)
{
	static const char *const v[][2] = {
		{"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\",\"labels\":{\"metadata\":\"m\"}},\"spec\":{}}",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
		 "v1\",\"metadata\":{\"name\":\"x\",\"labels\":{\"metadata\":\"m\"}}}"},
		{"{\"kind\":\"Pod\"}",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{}}"},
		{"[]",
		 "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{}}"},
	};
	struct accept a = {.as = PRESENT_PARTIAL, .version = "v1"};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		autobuf struct buf out = BUF_INIT;
		table_partial(&out, &a, v[i][0], strlen(v[i][0]));
		assert_string_equal(buf_str(&out), v[i][1]);
	}
}

/* Lists of n, that each have to do with another one of n. */
static js *large(const char *kind, unsigned n)
{
	js *o = js_new_obj(), *list[4];
	const bool pod = !strcmp(kind, "Pod");
	js *subset = js_new_obj();
	js_set_str(o, "kind", kind);
	js_push(js_ensure_arr(o, "subsets"), subset);
	list[0] = js_ensure_arr(pod ? js_ensure(o, "spec", NULL) : subset,
				pod ? "initContainers" : "addresses");
	list[1] = js_ensure_arr(pod ? js_ensure(o, "spec", NULL) : subset, pod ? "readinessGates" : "ports");
	list[2] = js_ensure_arr(js_ensure(o, "status", NULL), "initContainerStatuses");
	list[3] = js_ensure_arr(js_ensure(o, "status", NULL), "conditions");
	for (unsigned i = 0; i < n; i++) {
		autofree char *init = mem_printf("{\"name\":\"i%u\",\"ip\":\"10.0.0.1\"}", i),
			      *gate = mem_printf("{\"conditionType\":\"g%u\",\"port\":1}", i),
			      *done = mem_printf(
				      "{\"name\":\"i%u\",\"state\":{\"terminated\":{\"exitCode\":0}}}", i),
			      *cond = mem_printf("{\"type\":\"g%u\",\"status\":\"True\"}", i);
		const char *const item[] = {init, gate, done, cond};
		for (size_t l = 0; l < ARRAY_LEN(item); l++)
			js_push(list[l], parse(item[l]));
	}
	return o;
}

/* CPU milliseconds. */
static double cost(const char *kind, unsigned n)
{
	struct accept a = {.as = PRESENT_TABLE, .version = "v1", .include = INCLUDE_NONE};
	const struct kind *k = schema_kind(schema, "", "v1", kind);
	autojson js *o = large(kind, n);
	autobuf struct buf out = BUF_INIT, told = BUF_INIT;
	clock_t start = clock();
	table_row(&out, k, &a, o, "{}", 2, now());
	double took = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
	if (!strcmp(kind, "Pod"))
		buf_addf(&told, "\"%u/%u\"", n, n);
	else
		buf_addf(&told, " + %llu more...", (unsigned long long)n * n - 3);
	assert_non_null(strstr(buf_str(&out), buf_str(&told)));
	return took;
}

#define FEW 500
#define TIMES 8 /* a loop in a loop makes 64 times the work of it */
#define SLACK_MS 4

/* A row is rendered where others wait for their bytes. */
static void test_growth(void **state)
{
	static const char *const kinds[] = {"Pod", "Endpoints"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		double few = cost(kinds[i], FEW), many = cost(kinds[i], FEW * TIMES);
		for (int again = 0; again < 3 && many > 4 * TIMES * few + SLACK_MS; again++) {
			few = cost(kinds[i], FEW); /* other work has the machine, too */
			many = cost(kinds[i], FEW * TIMES);
		}
		if (many > 4 * TIMES * few + SLACK_MS)
			fail_msg("%s: %.2f ms, then %.2f ms", kinds[i], few, many);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_function_exists),
					   cmocka_unit_test(test_default_columns),
					   cmocka_unit_test(test_finished_pods),
					   cmocka_unit_test(test_partial), cmocka_unit_test(test_growth)};
	return cmocka_run_group_tests(tests, cells_load, cells_unload);
}
