/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RuntimeClass: how a Pod's containers are run, what that costs and where it can be done (kubernetes/kubernetes
 * plugin/pkg/admission/runtimeclass, pkg/util/tolerations). First the class is merged into the Pod; when the Pod is final,
 * its overhead must still be the class's. A miss waits until the cache has seen all that was committed before.
 */
#include <string.h>
#include "admission/plugins.h"
#include "base/map.h"
#include "base/unique.h"
#include "object/quantity.h"

/* ALLOW with the class in *ret, NULL when the Pod names none. */
static enum admission_answer find_class(struct admission_call *a, js **ret, struct err *err)
{
	const char *name = js_str(a->obj, "spec", "runtimeClassName", NULL);

	*ret = NULL;
	if (!name)
		return ADMISSION_ALLOW;
	autoobj struct obj *o = *name ? admission_find(a, "node.k8s.io", "RuntimeClass", "", name) : NULL;
	if (!o && !admission_is_fresh(a))
		return admission_when_fresh(a);
	if (!o)
		return admission_forbid(a, err, "pod rejected: RuntimeClass \"%s\" not found", name);
	*ret = obj_tree(o, err);
	return *ret ? ADMISSION_ALLOW : ADMISSION_REFUSE;
}

/* ---- overhead ---- */

static bool same_amount(const js *a, const js *b)
{
	const char *s = js_str0(a, NULL), *t = js_str0(b, NULL);
	struct quantity q, r;
	struct err ignore = ERR_INIT;

	return !strcmp(s, t) || (quantity_parse(s, &q, &ignore) == 0 && quantity_parse(t, &r, &ignore) == 0 &&
				 !quantity_cmp(&q, &r));
}

static bool same_amounts(const js *a, const js *b)
{
	if (js_len(a) != js_len(b))
		return false;
	for (struct js_iter it = js_iter(a); js_next(&it);)
		if (!js_field(b, it.key) || !same_amount(it.value, js_field(b, it.key)))
			return false;
	return true;
}

static enum admission_answer other_overhead(struct admission_call *a, struct err *err)
{
	return admission_forbid(a, err,
				"pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
}

static enum admission_answer set_overhead(struct admission_call *a, js *spec, const js *class,
					  struct err *err)
{
	const js *own = js_obj(spec, "overhead", NULL), *fixed = js_obj(class, "overhead", "podFixed", NULL);

	if (!js_obj(class, "overhead", NULL))
		return ADMISSION_ALLOW;
	if (own && !same_amounts(own, fixed))
		return other_overhead(a, err);
	if (fixed)
		js_set(spec, "overhead", js_dup(fixed));
	return ADMISSION_ALLOW;
}

/* ---- where ---- */

static enum admission_answer merge_selector(struct admission_call *a, js *spec, const js *selector,
					    struct err *err)
{
	for (struct js_iter it = js_iter(selector); js_next(&it);) {
		const char *want = js_str0(it.value, NULL), *has = js_str(spec, "nodeSelector", it.key, NULL);
		if (has && strcmp(has, want))
			return admission_forbid(
				a, err,
				"conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s",
				it.key, want, it.key, has);
		js_set_str(js_ensure(spec, "nodeSelector", NULL), it.key, want);
	}
	return ADMISSION_ALLOW;
}

/*
 * Tolerations cover one another: an empty key, an empty effect or the operator Exists stand for all, and a longer time
 * for a shorter one. `reach` knows of each (key, effect, operator, value) the longest time, so that nobody compares each
 * with each.
 */
struct cover {
	struct map reach; /* -> index + 1 of the toleration that lasts longest */
	const js *all;
};

static bool is_timed(const js *t)
{
	return !strcmp(js_str0(t, "effect", NULL), "NoExecute") && js_field(t, "tolerationSeconds");
}

static int64_t lasts(const js *t)
{
	return is_timed(t) ? js_int(t, 0, "tolerationSeconds", NULL) : INT64_MAX;
}

static char *cover_key(const char *key, const char *effect, const char *operator, const char * value)
{
	return mem_printf("%s\n%s\n%s\n%s", key, effect, operator, !strcmp(operator, "Exists") ? "" : value);
}

static void add_reach(struct cover *c, const js *t, size_t i)
{
	autofree char *key = cover_key(js_str0(t, "key", NULL), js_str0(t, "effect", NULL),
				       js_str0(t, "operator", NULL), js_str0(t, "value", NULL));
	uintptr_t best = (uintptr_t)map_get(&c->reach, key);

	if (!best || lasts(js_at(c->all, best - 1)) < lasts(t))
		map_set(&c->reach, key, (void *)(i + 1));
}

/* Whether one of that sort, other than t itself or its equal, lasts as long. */
static bool is_under(const struct cover *c, const js *t, const char *key, const char *effect,
		     const char *operator)
{
	autofree char *sort = cover_key(key, effect, operator, js_str0(t, "value", NULL));
	uintptr_t best = (uintptr_t)map_get(&c->reach, sort);
	const js *other = best ? js_at(c->all, best - 1) : NULL;

	return other && lasts(other) >= lasts(t) && !js_equal(other, t);
}

static bool is_covered(const struct cover *c, const js *t)
{
	const char *key = js_str0(t, "key", NULL), *effect = js_str0(t, "effect", NULL);
	const char *const effects[] = {effect, ""};
	bool equal = !strcmp(js_str0(t, "operator", NULL), "Equal");

	for (size_t i = 0; i < (*effect ? 2 : 1); i++)
		if (is_under(c, t, key, effects[i], "Exists") || is_under(c, t, "", effects[i], "Exists") ||
		    (equal &&
		     (is_under(c, t, key, effects[i], "Equal") || is_under(c, t, key, effects[i], ""))))
			return true;
	return false;
}

static void merge_tolerations(js *spec, const js *more)
{
	js *all = js_ensure_arr(spec, "tolerations"), *kept = js_new_arr();
	autounique struct unique seen = {.n = 0};
	struct cover c = {.all = all};

	js_array_for_each (m, more)
		js_push(all, js_dup(m));
	js_array_for_each (t, all)
		add_reach(&c, t, t_i);
	js_array_for_each (t, all) {
		autobuf struct buf text = BUF_INIT;
		js_write(&text, t);
		if (!is_covered(&c, t) && !unique_seen(&seen, buf_str(&text)))
			js_push(kept, js_dup(t));
	}
	map_release(&c.reach);
	js_set(spec, "tolerations", kept);
}

/* ---- the two phases ---- */

enum admission_answer admit_runtime_class(struct admission_call *a, struct err *err)
{
	js *spec = js_obj(a->obj, "spec", NULL);
	autojson js *class = NULL;
	enum admission_answer answer = find_class(a, &class, err);

	if (answer != ADMISSION_ALLOW || !class)
		return answer;
	if (set_overhead(a, spec, class, err) < 0 ||
	    merge_selector(a, spec, js_obj(class, "scheduling", "nodeSelector", NULL), err) < 0)
		return ADMISSION_REFUSE;
	if (js_len(js_arr(class, "scheduling", "tolerations", NULL)))
		merge_tolerations(spec, js_arr(class, "scheduling", "tolerations", NULL));
	return ADMISSION_ALLOW;
}

enum admission_answer admit_runtime_overhead(struct admission_call *a, struct err *err)
{
	const js *own = js_obj(a->obj, "spec", "overhead", NULL);
	autojson js *class = NULL;
	enum admission_answer answer = find_class(a, &class, err);

	if (answer != ADMISSION_ALLOW)
		return answer;
	if (js_obj(class, "overhead", NULL))
		return same_amounts(own, js_obj(class, "overhead", "podFixed", NULL))
			       ? ADMISSION_ALLOW
			       : other_overhead(a, err);
	if (!own)
		return ADMISSION_ALLOW;
	return admission_forbid(
		a, err, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
}
