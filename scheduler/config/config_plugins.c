/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which plugins a profile runs where (upstream's mergePlugins and expandMultiPointPlugins); see config.h.
 *
 * multiPoint enables a plugin at all its points; a point of its own overrides that. Three plugins are part of the queue
 * and the binder here: they have a name and a point, but no code of their own.
 */
#include <string.h>
#include "config/config_internal.h"

enum { POINT_PRE_ENQUEUE, POINT_QUEUE_SORT, POINT_BIND, POINT_POST_BIND, POINT_HOOKS };
#define POINTS (POINT_HOOKS + HOOKS)
static const struct {
	const char *field, *type;
} points[POINTS] = {
	[POINT_PRE_ENQUEUE] = {"preEnqueue", "PreEnqueuePlugin"},
	[POINT_QUEUE_SORT] = {"queueSort", "QueueSortPlugin"},
	[POINT_BIND] = {"bind", "BindPlugin"},
	[POINT_POST_BIND] = {"postBind", "PostBindPlugin"},
	[POINT_HOOKS + HOOK_PREFILTER] = {"preFilter", "PreFilterPlugin"},
	[POINT_HOOKS + HOOK_FILTER] = {"filter", "FilterPlugin"},
	[POINT_HOOKS + HOOK_POSTFILTER] = {"postFilter", "PostFilterPlugin"},
	[POINT_HOOKS + HOOK_PRESCORE] = {"preScore", "PreScorePlugin"},
	[POINT_HOOKS + HOOK_SCORE] = {"score", "ScorePlugin"},
	[POINT_HOOKS + HOOK_RESERVE] = {"reserve", "ReservePlugin"},
	[POINT_HOOKS + HOOK_PERMIT] = {"permit", "PermitPlugin"},
	[POINT_HOOKS + HOOK_PREBIND] = {"preBind", "PreBindPlugin"},
};
static const struct {
	const char *name;
	int point;
} built_in[] = {{"SchedulingGates", POINT_PRE_ENQUEUE},
		{"PrioritySort", POINT_QUEUE_SORT},
		{"DefaultBinder", POINT_BIND}};

#define NAMES_MAX (PLUGINS_MAX + 3)
/* A list of plugins: places in the framework, behind which come the built-in ones. */
struct names {
	size_t v[NAMES_MAX], n;
	int32_t weights[NAMES_MAX];
};
struct reading {
	const struct framework *framework;
	const js *plugins;
	const char *path; /* of the profile */
	struct config_faults *faults;
};

static const char *name_of(const struct reading *r, size_t at)
{
	return at < r->framework->n ? r->framework->plugins[at]->name : built_in[at - r->framework->n].name;
}

static size_t find(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->framework->n + ARRAY_LEN(built_in); i++)
		if (!strcmp(name_of(r, i), name))
			return i;
	return SIZE_MAX;
}

static bool implements(const struct reading *r, size_t at, int point)
{
	if (at >= r->framework->n)
		return built_in[at - r->framework->n].point == point;
	return point >= POINT_HOOKS &&
	       framework_has(r->framework->plugins[at], (enum hook)(point - POINT_HOOKS));
}

static bool has(const struct names *v, size_t at)
{
	for (size_t i = 0; i < v->n; i++)
		if (v->v[i] == at)
			return true;
	return false;
}

static void add(struct names *v, size_t at, int32_t weight)
{
	if (v->n == NAMES_MAX)
		return;
	v->weights[v->n] = weight;
	v->v[v->n++] = at;
}

static bool disabled(const js *set, const char *name)
{
	const js *list = js_arr(set, "disabled", NULL);

	for (size_t i = 0; i < js_len(list); i++)
		if (!strcmp(js_str0(js_at(list, i), "name", NULL), name))
			return true;
	return false;
}

/* What a set enables; a plugin that is not there, or twice, is a fault. point < 0: multiPoint. */
static void read_enabled(const struct reading *r, const js *set, const char *field, int point,
			 struct names *ret)
{
	const js *list = js_arr(set, "enabled", NULL);
	const char *type = point < 0 ? "Plugin" : points[point].type;

	for (size_t i = 0; i < js_len(list) && r->faults->n < CONFIG_FAULTS_MAX; i++) {
		const char *name = js_str0(js_at(list, i), "name", NULL);
		size_t at = find(r, name);

		if (at == SIZE_MAX)
			config_fault(r->faults, "%s.plugins.%s.enabled[%zu]: %s \"%s\" does not exist",
				     r->path, field, i, type, name);
		else if (point >= 0 && !implements(r, at, point))
			config_fault(r->faults,
				     "%s.plugins.%s.enabled[%zu]: plugin \"%s\" does not extend %s plugin",
				     r->path, field, i, name, type);
		else if (has(ret, at))
			config_fault(r->faults,
				     "%s.plugins.%s.enabled[%zu]: plugin \"%s\" already registered as \"%s\"",
				     r->path, field, i, name, type);
		else
			add(ret, at, (int32_t)js_int(js_at(list, i), 0, "weight", NULL));
	}
}

/* All that are there by default, but those that are disabled, then what is enabled besides. */
static void read_multi_point(const struct reading *r, struct names *ret)
{
	const js *set = js_obj(r->plugins, "multiPoint", NULL);
	struct names own = {0};
	bool none = disabled(set, "*");

	read_enabled(r, set, "multiPoint", -1, &own);
	for (size_t i = 0; i < r->framework->n + ARRAY_LEN(built_in); i++) {
		if (none || disabled(set, name_of(r, i)))
			continue;
		int32_t weight = i < r->framework->n ? r->framework->plugins[i]->weight : 0;

		for (size_t k = 0; k < own.n; k++)
			if (own.v[k] == i)
				weight = own.weights[k];
		add(ret, i, weight);
	}
	for (size_t i = 0; i < own.n; i++)
		if (!has(ret, own.v[i]))
			add(ret, own.v[i], own.weights[i]);
}

/* The plugins of one point, in order: overridden ones, those of multiPoint, the others. */
static void read_point(const struct reading *r, int point, const struct names *multi, struct names *own,
		       struct names *ret)
{
	const js *set = js_obj(r->plugins, points[point].field, NULL);
	bool all = !disabled(set, "*");

	read_enabled(r, set, points[point].field, point, own);
	for (size_t i = 0; all && i < own->n; i++)
		if (has(multi, own->v[i]) && !disabled(set, name_of(r, own->v[i])))
			add(ret, own->v[i], own->weights[i]);
	for (size_t i = 0; all && i < multi->n; i++)
		if (implements(r, multi->v[i], point) && !disabled(set, name_of(r, multi->v[i])) &&
		    !has(own, multi->v[i]))
			add(ret, multi->v[i], multi->weights[i]);
	for (size_t i = 0; i < own->n; i++)
		if (!has(ret, own->v[i]))
			add(ret, own->v[i], own->weights[i]);
}

static void check_needed(const struct reading *r, int point, size_t n, const char *name)
{
	if (point == POINT_QUEUE_SORT && n != 1)
		config_fault(
			r->faults,
			"only one queue sort plugin required for profile with scheduler name \"%s\", but got %zu",
			name, n);
	if (point == POINT_BIND && n == 0)
		config_fault(r->faults,
			     "at least one bind plugin is needed for profile with scheduler name \"%s\"",
			     name);
}

static void keep(struct profile *p, int point, const struct names *v, size_t n_plugins)
{
	int h = point - POINT_HOOKS;

	if (point == POINT_PRE_ENQUEUE)
		p->gates = v->n > 0;
	for (size_t i = 0; h >= 0 && i < v->n; i++) {
		if (v->v[i] >= n_plugins)
			continue;
		p->order[h][p->n[h]++] = (uint8_t)v->v[i];
		if (h == HOOK_SCORE)
			p->weights[v->v[i]] = v->weights[i] ? v->weights[i] : 1;
	}
}

void config_read_plugins(const js *profile, const struct framework *plugins, const char *path,
			 struct profile *ret, struct config_faults *f)
{
	struct reading r = {plugins, js_obj(profile, "plugins", NULL), path, f};
	struct names multi = {0};

	read_multi_point(&r, &multi);
	for (int point = 0; point < POINTS; point++) {
		struct names own = {0}, all = {0};

		read_point(&r, point, &multi, &own, &all);
		check_needed(&r, point, all.n, ret->name);
		keep(ret, point, &all, plugins->n);
	}
}
