/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners of a Scale (kubernetes/apimachinery pkg/util/managedfields/scalehandler.go). A Scale is not stored: who owns its one
 * number is who owns the parent's, wherever the parent keeps it. So an apply on the subresource sees the parent's managers as
 * those of the Scale, and what it makes of them goes back.
 */
#include "registry/managed_internal.h"

#include <stdio.h>

#define VERSION "autoscaling/v1"
#define PATH_DEPTH 32 /* what a definition may say is not deeper */

/* The set of the wanted number in the parent; NULL: that version has no scale. */
static const struct fieldset *number_of(struct arena *a, const struct kind *k)
{
	const struct subresource *row = registry_scale_row(k);
	const char *names[PATH_DEPTH + 1] = {NULL};
	size_t n = 0;

	if (!row)
		return NULL;
	for (const char *p = row->replicas; *p && n < PATH_DEPTH; p += *p == '.') {
		size_t len = strcspn(p, ".");
		if (len)
			names[n++] = arena_strndup(a, p, len);
		p += len;
	}
	return n ? fieldset_path(a, names) : NULL;
}

static const struct fieldset *number_of_scale(struct arena *a)
{
	static const char *const names[] = {"spec", "replicas", NULL};

	return fieldset_path(a, names);
}

void managed_scale_init(struct managed *m, struct registry_call *c, struct arena *a)
{
	managed_init(m, c, a);
	m->type = schema_type(c->registry->schema, "Scale");
	m->kind_name = "Scale";
	m->reset = NULL; /* nothing */
	snprintf(m->version, sizeof(m->version), "%s", VERSION);
}

void managed_scale_enter(struct managed *m, struct managers *ret_parent)
{
	struct arena *a = m->managers.arena;

	*ret_parent = m->managers;
	m->managers = (struct managers){.arena = a};
	for (size_t i = 0; i < ret_parent->n; i++) {
		struct manager who = ret_parent->v[i];
		const struct kind *k = managed_kind(m, who.version);
		if (!k || !fieldset_intersection(a, who.set, number_of(a, k)))
			continue;
		who.version = m->version;
		who.set = number_of_scale(a);
		managers_add(&m->managers, &who);
	}
}

/* Versions tell nothing here: they are all the Scale's. */
static struct manager *same(struct managers *m, const struct manager *who)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].set && m->v[i].applied == who->applied && !strcmp(m->v[i].name, who->name) &&
		    !strcmp(m->v[i].subresource, who->subresource))
			return &m->v[i];
	return NULL;
}

/* Who had the number and has it still stays as he is; who has it no more loses it. */
static void keep_parent(struct managed *m, struct managers *scale, struct manager who)
{
	struct arena *a = m->managers.arena;
	const struct kind *k = managed_kind(m, who.version);
	const struct fieldset *number = k ? number_of(a, k) : NULL;

	if (!k)
		return; /* of a version that is no more */
	if (fieldset_intersection(a, who.set, number)) {
		struct manager *still = same(scale, &who);
		if (still)
			still->set = NULL;
		else
			who.set = fieldset_difference(a, who.set, number);
	}
	if (who.set)
		managers_add(&m->managers, &who);
}

void managed_scale_leave(struct managed *m, const struct managers *parent)
{
	struct arena *a = m->managers.arena;
	struct managers scale = m->managers;
	char version[sizeof(m->version)];

	m->managers = (struct managers){.arena = a};
	for (size_t i = 0; i < parent->n; i++)
		keep_parent(m, &scale, parent->v[i]);
	snprintf(version, sizeof(version), "%s%s%s", m->kind->group, *m->kind->group ? "/" : "",
		 m->kind->version);
	for (size_t i = 0; i < scale.n; i++) {
		struct manager who = scale.v[i];
		if (!fieldset_intersection(a, who.set, number_of_scale(a)))
			continue;
		who.version = arena_strdup(a, version);
		who.set = number_of(a, m->kind);
		who.time = NULL; /* of which upstream does not say when */
		who.seconds = 0;
		managers_add(&m->managers, &who);
	}
}
