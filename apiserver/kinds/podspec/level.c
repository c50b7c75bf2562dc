/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Pod's own resources leave unsaid (kubernetes/kubernetes pkg/apis/core/v1/defaults.go defaultPodRequests and
 * defaultHugePagePodLimits): requests as its containers have them, else as its limits; limits of huge pages as its
 * containers have them. Only where the Pod says something of its own at all. And what it says may not be less than its containers need.
 */
#include "kinds/podspec/podspec_internal.h"

#include <stdlib.h>
#include "object/quantity.h"

#define HUGE_PAGES "hugepages-"

/* Of one resource: app containers and sidecars, sidecars alone, and the largest that one init container needs beside the
   sidecars before it. */
struct total {
	struct quantity run, side, start;
};

static void add(struct quantity *sum, const struct quantity *q)
{
	enum quantity_format format = sum->nano ? sum->format : q->format;

	sum->nano += q->nano;
	sum->format = format;
}

static void at_least(struct quantity *most, const struct quantity *q)
{
	if (!most->nano || quantity_cmp(q, most) > 0)
		*most = *q;
}

static void count(struct map *totals, const char *name, const js *text, bool init, bool sidecar)
{
	struct total *t = map_get(totals, name);
	struct quantity q, beside;
	struct err ignore = ERR_INIT;

	if (quantity_parse(js_str0(text, NULL), &q, &ignore) < 0)
		return; /* decoding has seen to it */
	if (!t)
		map_set(totals, name, t = MEM_NEW(struct total));
	if (!init || sidecar)
		add(&t->run, &q);
	if (sidecar)
		add(&t->side, &q);
	beside = t->side;
	if (init && !sidecar)
		add(&beside, &q);
	if (init)
		at_least(&t->start, &beside);
}

/* Of the containers' requests or limits. */
static void count_all(struct map *totals, const js *spec, const char *list, const char *what)
{
	bool init = !strcmp(list, "initContainers");

	js_array_for_each (c, js_arr(spec, list, NULL)) {
		bool sidecar = init && !strcmp(js_str0(c, "restartPolicy", NULL), "Always");
		for (struct js_iter it = js_iter(js_obj(c, "resources", what, NULL)); js_next(&it);)
			count(totals, it.key, it.value, init, sidecar);
	}
}

typedef bool resource_kind_fn(const char *name);

static bool is_huge(const char *name)
{
	return !strncmp(name, HUGE_PAGES, strlen(HUGE_PAGES));
}

static bool is_shared(const char *name) /* among more than there is */
{
	return !strcmp(name, "cpu") || !strcmp(name, "memory");
}

/* What all containers together need: `run` of each total. */
static void add_up(struct map *totals, const js *spec, const char *what)
{
	count_all(totals, spec, "containers", what);
	count_all(totals, spec, "initContainers", what);
	for (struct map_iter it = {0}; map_next(totals, &it);) {
		struct total *t = it.value;
		at_least(&t->run, &t->start);
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Into list what it has not, nor has beside, of the containers' amounts of these resources; by name. */
static void fill(js *resources, const js *spec, const char *what, resource_kind_fn *takes, const js *beside)
{
	automap struct map totals = MAP_INIT;
	size_t n = 0;

	add_up(&totals, spec, what);
	autofree const char **names = mem_array(map_len(&totals) + 1, sizeof(*names));
	for (struct map_iter it = {0}; map_next(&totals, &it);)
		names[n++] = it.key;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		struct total *t = map_get(&totals, names[i]);
		char text[QUANTITY_TEXT_MAX];
		if (takes(names[i]) && !js_field(beside, names[i]) &&
		    !js_get(resources, what, names[i], NULL)) {
			quantity_format(&t->run, text);
			js_set_str(js_ensure(resources, what, NULL), names[i], text);
		}
		free(t);
	}
}

void podspec_default_level(js *spec)
{
	js *resources = js_obj(spec, "resources", NULL);

	if (!js_len(js_obj(resources, "limits", NULL)) && !js_len(js_obj(resources, "requests", NULL)))
		return;
	fill(resources, spec, "limits", is_huge, js_obj(resources, "requests", NULL));
	const js *limits = js_obj(resources, "limits", NULL);
	if (!js_len(limits))
		return;
	fill(resources, spec, "requests", is_shared, NULL);
	for (struct js_iter it = js_iter(limits); js_next(&it);)
		if ((is_shared(it.key) || is_huge(it.key)) && !js_get(resources, "requests", it.key, NULL))
			js_set(js_ensure(resources, "requests", NULL), it.key, js_dup(it.value));
}

/* ---- what it may be ---- */

static bool is_any(const char *name)
{
	return true;
}

static void check_sum(const struct podspec *p, const char *what, resource_kind_fn *takes)
{
	const js *own = js_obj(p->spec, "resources", what, NULL);
	automap struct map totals = MAP_INIT;
	struct err ignore = ERR_INIT;
	struct quantity q;

	add_up(&totals, js_len(own) ? p->spec : NULL, what);
	for (struct map_iter it = {0}; map_next(&totals, &it);) {
		struct total *t = it.value;
		const char *text = js_str(own, it.key, NULL);
		char sum[QUANTITY_TEXT_MAX];
		quantity_format(&t->run, sum);
		autofree char *detail = mem_printf(
			"must be greater than or equal to aggregate container %s of %s", what, sum);
		if (text && takes(it.key) && quantity_parse(text, &q, &ignore) == 0 &&
		    quantity_cmp(&t->run, &q) > 0)
			field_error_invalid_str(p->errs, PATH("%s.resources.%s[%s]", p->base, what, it.key),
						text, detail);
		free(t);
	}
}

void podspec_check_level(const struct podspec *p)
{
	check_sum(p, "requests", is_any);
	check_sum(p, "limits", is_huge); /* of which there are no more than there are */
}
