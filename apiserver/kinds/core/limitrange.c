/* SPDX-License-Identifier: Apache-2.0 */
/* LimitRanges (kubernetes/kubernetes pkg/apis/core/v1/defaults.go, pkg/apis/core/validation ValidateLimitRange). */
#include <stdio.h>
#include "base/unique.h"
#include "kinds/podspec/podspec.h"
#include "base/rand.h"
#include "kinds/strategies.h"
#include "object/name.h"
#include "object/quantity.h"

enum { MAX, MIN, DEFAULT, REQUEST, RATIO, N_LISTS };
static const char *const lists[N_LISTS] = {"max", "min", "default", "defaultRequest", "maxLimitRequestRatio"};

/* ---- defaults ---- */

static void fill(js *list, const js *from)
{
	for (struct js_iter it = js_iter(from); js_next(&it);)
		if (!js_field(list, it.key))
			js_set(list, it.key, js_dup(it.value));
}

static void drop_empty(js *item, const char *key)
{
	if (!js_len(js_obj(item, key, NULL)))
		js_del(item, key);
}

static void limitrange_default(js *o)
{
	js_array_for_each (item, js_arr(o, "spec", "limits", NULL)) {
		if (strcmp(js_str0(item, "type", NULL), "Container"))
			continue;
		js *limits = js_ensure(item, "default", NULL),
		   *requests = js_ensure(item, "defaultRequest", NULL);
		fill(limits, js_obj(item, "max", NULL));
		fill(requests, limits);
		fill(requests, js_obj(item, "min", NULL));
		drop_empty(item, "default");
		drop_empty(item, "defaultRequest");
	}
}

/* ---- amounts ---- */

struct bounds_of { /* of one resource in one item */
	const char *resource, *path;
	const char *text[N_LISTS]; /* NULL: not given */
	struct quantity q[N_LISTS];
	struct field_errors *errs;
};

static bool above(const struct bounds_of *l, int a, int b)
{
	return l->text[a] && l->text[b] && quantity_cmp(&l->q[a], &l->q[b]) > 0;
}

/* value: whose amount upstream shows, at the path of `at`. */
static void fault(const struct bounds_of *l, int at, int value, const char *detail)
{
	l->errs->look = '3';
	field_error_invalid_str(l->errs, PATH("%s.%s[%s]", l->path, lists[at], l->resource), l->text[value],
				detail);
	l->errs->look = 0;
}

static void check_order(const struct bounds_of *l)
{
	static const struct {
		int more, less, at, value;
		const char *more_name, *less_name;
	} rules[] = {
		{MIN, MAX, MIN, MIN, "min value", "max value"},
		{MIN, REQUEST, REQUEST, REQUEST, "min value", "default request value"},
		{REQUEST, MAX, REQUEST, REQUEST, "default request value", "max value"},
		{REQUEST, DEFAULT, REQUEST, REQUEST, "default request value", "default limit value"},
		{MIN, DEFAULT, DEFAULT, MIN, "min value", "default value"},
		{DEFAULT, MAX, DEFAULT, MAX, "default value", "max value"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (!above(l, rules[i].more, rules[i].less))
			continue;
		autofree char *detail =
			mem_printf("%s %s is greater than %s %s", rules[i].more_name, l->text[rules[i].more],
				   rules[i].less_name, l->text[rules[i].less]);
		fault(l, rules[i].at, rules[i].value, detail);
	}
}

static void check_ratio(const struct bounds_of *l)
{
	const struct quantity one = {.nano = 1000000000};
	char detail[256];

	if (!l->text[RATIO])
		return;
	if (quantity_cmp(&l->q[RATIO], &one) < 0) {
		snprintf(detail, sizeof(detail), "ratio %s is less than 1", l->text[RATIO]);
		fault(l, RATIO, RATIO, detail);
	}
	if (!l->text[MIN] || !l->text[MAX] || !l->q[MIN].nano)
		return;
	double most = (double)quantity_milli(&l->q[MAX]) / (double)quantity_milli(&l->q[MIN]);
	if ((double)quantity_milli(&l->q[RATIO]) / 1000 <= most)
		return;
	snprintf(detail, sizeof(detail), "ratio %s is greater than max/min = %f", l->text[RATIO], most);
	fault(l, RATIO, RATIO, detail);
}

static void check_amounts(const struct bounds_of *l)
{
	check_order(l);
	check_ratio(l);
	if (podspec_may_overcommit(l->resource) || !l->text[DEFAULT] || !l->text[REQUEST] ||
	    !quantity_cmp(&l->q[DEFAULT], &l->q[REQUEST]))
		return;
	autofree char *detail = mem_printf("default value %s must equal to defaultRequest value %s in %s",
					   l->text[DEFAULT], l->text[REQUEST], l->resource);
	fault(l, REQUEST, REQUEST, detail);
}

/* ---- items ---- */

/* Nothing is a default of a whole Pod. */
static bool is_read(int list, bool pod)
{
	return !pod || (list != DEFAULT && list != REQUEST);
}

static void check_resource(const js *item, const char *resource, const char *path, bool pod,
			   struct field_errors *errs)
{
	struct bounds_of l = {.resource = resource, .path = path, .errs = errs};
	struct err ignore = ERR_INIT;

	for (int i = 0; i < N_LISTS; i++) {
		l.text[i] = is_read(i, pod) ? js_str(item, lists[i], resource, NULL) : NULL;
		if (l.text[i] && quantity_parse(l.text[i], &l.q[i], &ignore) < 0)
			l.text[i] = NULL;
	}
	check_amounts(&l);
}

static void check_resources(const js *item, const char *type, const char *path, struct field_errors *errs)
{
	bool pod = !strcmp(type, "Pod"), container = pod || !strcmp(type, "Container");
	autounique struct unique seen = {.n = 0};

	for (int i = 0; i < N_LISTS; i++) {
		const js *list = js_obj(item, lists[i], NULL);
		if (!is_read(i, pod)) {
			if (js_len(list))
				field_error_forbidden(errs, PATH("%s.%s", path, lists[i]),
						      "may not be specified when `type` is 'Pod'");
			continue;
		}
		for (struct js_iter it = js_iter(list); js_next(&it);) {
			const char *where = PATH("%s.%s[%s]", path, lists[i], it.key);
			if (container)
				podspec_validate_container_resource(it.key, where, errs);
			else
				podspec_validate_resource(it.key, where, errs);
			if (!unique_seen(&seen, it.key))
				check_resource(item, it.key, path, pod, errs);
		}
	}
}

static void check_type(const char *type, const char *path, struct field_errors *errs)
{
	static const char *const known[] = {"Pod", "Container", "PersistentVolumeClaim"};
	struct name_faults bad;
	size_t i = 0;

	if (name_check_qualified(type, &bad)) {
		field_error_names(errs, path, type, &bad);
		return;
	}
	while (i < ARRAY_LEN(known) && strcmp(known[i], type))
		i++;
	if (!strchr(type, '/') && i == ARRAY_LEN(known))
		field_error_invalid_str(errs, path, type, "must be a standard limit type or fully qualified");
}

static void limitrange_validate(const struct strategy_ctx *ctx, const js *new, const js *old,
				struct field_errors *errs)
{
	autounique struct unique types = {.n = 0};

	js_array_for_each (item, js_arr(new, "spec", "limits", NULL)) {
		const char *path = PATH("spec.limits[%zu]", item_i), *type = js_str0(item, "type", NULL);
		check_type(type, PATH("%s.type", path), errs);
		if (unique_seen(&types, type))
			field_error_duplicate(errs, PATH("%s.type", path), type);
		check_resources(item, type, path, errs);
		if (!strcmp(type, "PersistentVolumeClaim") && !js_get(item, "min", "storage", NULL) &&
		    !js_get(item, "max", "storage", NULL))
			field_error_required(
				errs, PATH("%s.limits", path),
				"either minimum or maximum storage value is required, but neither was provided");
	}
}

static void limitrange_prepare(const struct strategy_ctx *ctx, js *new, const js *old)
{
	char name[37];

	if (*js_str0(new, "metadata", "name", NULL))
		return;
	rand_uuid(name);
	js_set_str(js_ensure(new, "metadata", NULL), "name", name);
}

const struct strategy limitrange_strategy = {
	.group = "",
	.kind = "LimitRange",
	.flags = STRATEGY_CREATE_ON_UPDATE,
	.prepare = limitrange_prepare,
	.default_more = limitrange_default,
	.validate = limitrange_validate,
};
