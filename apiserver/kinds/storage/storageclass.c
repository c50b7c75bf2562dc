/* SPDX-License-Identifier: Apache-2.0 */
/* StorageClasses (kubernetes/kubernetes pkg/apis/storage/validation, pkg/api/storage). */
#include <stdlib.h>
#include <string.h>
#include "base/unique.h"
#include "kinds/advice.h"
#include "kinds/storage/parameters.h"
#include "kinds/strategies.h"

static void validate_policy(const js *o, struct field_errors *errs)
{
	static const char *const supported[] = {"Delete", "Retain", NULL};
	const char *policy = js_str0(o, "reclaimPolicy", NULL);

	if (*policy && strcmp(policy, "Delete") && strcmp(policy, "Retain"))
		field_error_not_supported(errs, "reclaimPolicy", policy, supported);
}

/* ---- allowed topologies ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Appends the texts in order, each behind its length, so that equal sets look alike. */
static void add_sorted(struct buf *out, const char **v, size_t n)
{
	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(v[i], v[i - 1]))
			buf_addf(out, "%zu:%s", strlen(v[i]), v[i]);
}

static char *expression_text(const js *e, const char *path, struct field_errors *errs)
{
	const js *values = js_arr(e, "values", NULL);
	size_t n = js_len(values);
	autofree const char **sorted = mem_array(n + 1, sizeof(*sorted));
	autounique struct unique seen = {.n = 0};
	struct buf b = BUF_INIT;

	js_array_for_each (v, values) {
		sorted[v_i] = js_str0(v, NULL);
		if (unique_seen(&seen, sorted[v_i]))
			field_error_duplicate(errs, PATH("%s.values[%zu]", path, v_i), sorted[v_i]);
	}
	buf_addf(&b, "%zu:%s", strlen(js_str0(e, "key", NULL)), js_str0(e, "key", NULL));
	add_sorted(&b, sorted, n);
	return buf_take(&b, NULL);
}

/* The term as a text that does not depend on the order of what is in it. */
static void term_text(struct buf *out, const js *term, const char *path, struct field_errors *errs)
{
	const js *expressions = js_arr(term, "matchLabelExpressions", NULL);
	size_t n = js_len(expressions);
	autofree char **texts = mem_array(n + 1, sizeof(*texts));
	autounique struct unique keys = {.n = 0};

	js_array_for_each (e, expressions) {
		const char *at = PATH("%s[%zu]", path, e_i), *key = js_str0(e, "key", NULL);
		texts[e_i] = expression_text(e, at, errs);
		if (unique_seen(&keys, key))
			field_error_duplicate(errs, PATH("%s.key", at), key);
	}
	add_sorted(out, (const char **)texts, n);
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
}

/* Two terms that say the same are one too many, and so is one that says nothing. */
static void validate_topologies(const js *terms, struct field_errors *errs)
{
	autounique struct unique seen = {.n = 0};

	js_array_for_each (t, terms) {
		autobuf struct buf text = BUF_INIT;
		const char *path = PATH("allowedTopologies[%zu].matchLabelExpressions", t_i);
		term_text(&text, t, path, errs);
		if (unique_seen(&seen, buf_str(&text)) || !text.len)
			field_error_duplicate(errs, path, "");
	}
}

static void storageclass_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				  struct field_errors *errs)
{
	static const char *const kept[] = {"parameters", "provisioner", "reclaimPolicy"};

	parameters_check_driver(new, "provisioner", errs);
	parameters_check(new, errs);
	validate_policy(new, errs);
	validate_topologies(js_arr(new, "allowedTopologies", NULL), errs);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		parameters_check_kept(new, old, kept[i], errs);
}

static void storageclass_warn(const struct strategy_ctx *ctx, const js *new, const js *old)
{
	js_array_for_each (t, js_arr(new, "allowedTopologies", NULL)) {
		js_array_for_each (e, js_arr(t, "matchLabelExpressions", NULL)) {
			const char *text = advice_label(js_str0(e, "key", NULL));
			if (text)
				strategy_warn(ctx,
					      "allowedTopologies[%zu].matchLabelExpressions[%zu].key: %s",
					      t_i, e_i, text);
		}
	}
}

const struct strategy storageclass_strategy = {
	.group = "storage.k8s.io",
	.kind = "StorageClass",
	.flags = STRATEGY_RETURNS_DELETED,
	.validate = storageclass_validate,
	.warn = storageclass_warn,
};
