/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a loaded schema is made of: its arena, the look-ups, and the table of named formats.
 *
 * The interpreter is spread over schema_load.c, schema_line.c, schema_link.c and schema_kind.c (reading kind
 * files), schema_conform.c, schema_default.c, schema_validate.c and schema_write.c (walking trees with it),
 * field_error.c.
 */
#include "object/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/labels.h"
#include "object/name.h"
#include "object/schema_internal.h"

void schema_free(struct schema *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_trees; i++)
		json_object_put(s->trees[i]);
	free(s->trees);
	free(s->kind_list);
	map_release(&s->types);
	map_release(&s->kinds);
	map_release(&s->resources);
	arena_release(&s->arena);
	free(s);
}

/* ---- look-ups ---- */
#define GVK_MAX 512

static const struct kind *by_gvk(const struct map *m, const char *group, const char *version,
				 const char *name)
{
	char key[GVK_MAX];
	int n = snprintf(key, sizeof(key), "%s/%s/%s", group, version, name);
	if (n < 0 || (size_t)n >= sizeof(key))
		return NULL;
	return map_getn(m, key, (size_t)n);
}

const struct kind *schema_kind(const struct schema *s, const char *group, const char *version,
			       const char *kind)
{
	return by_gvk(&s->kinds, group, version, kind);
}

const struct kind *schema_resource(const struct schema *s, const char *group, const char *version,
				   const char *resource)
{
	return by_gvk(&s->resources, group, version, resource);
}

const struct type *schema_type(const struct schema *s, const char *name)
{
	return map_get(&s->types, name);
}

size_t schema_kinds(const struct schema *s, const struct kind *const **ret)
{
	*ret = s->kind_list;
	return s->n_kinds;
}

unsigned schema_kind_count(const struct schema *s)
{
	return (unsigned)s->n_kinds;
}

void schema_bind(struct schema *s, const struct strategy *(*find)(const struct kind *k))
{
	for (size_t i = 0; i < s->n_kinds; i++)
		((struct kind *)s->kind_list[i])->strategy = find(s->kind_list[i]);
}

/* The table's keys are the schema's, not the client's, so a plain hash is enough: probes are bounded by the
 * table. */
static unsigned name_hash(const char *s)
{
	unsigned h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h ^ h >> 15;
}

int field_index(const struct type *t, const char *name)
{
	const struct type_index *ix = t->index;
	if (!ix->slots)
		return -1;
	for (unsigned i = name_hash(name) & ix->mask; ix->slots[i]; i = (i + 1) & ix->mask) {
		unsigned f = ix->slots[i] - 1u;
		if (strcmp(t->fields[f].name, name) == 0)
			return (int)f;
	}
	return -1;
}

const struct field *schema_field(const struct type *type, const char *name)
{
	int i = type->form == TYPE_OBJECT ? field_index(type, name) : -1;
	return i < 0 ? NULL : &type->fields[i];
}

int index_fields(struct schema *s, struct type *t, const char **ret_duplicate)
{
	struct type_index *ix = t->index;
	unsigned size = 4;
	while (size < t->n_fields * 2)
		size *= 2;
	ix->slots = arena_alloc(&s->arena, size * sizeof(*ix->slots));
	ix->mask = size - 1;
	for (unsigned f = 0; f < t->n_fields; f++) {
		if (field_index(t, t->fields[f].name) >= 0) {
			*ret_duplicate = t->fields[f].name;
			return -1;
		}
		unsigned i = name_hash(t->fields[f].name) & ix->mask;
		while (ix->slots[i])
			i = (i + 1) & ix->mask;
		ix->slots[i] = (uint16_t)(f + 1);
	}
	return 0;
}

/* ---- formats ---- */
static const char *check_annotation_key(const char *s)
{
	char lower[512];
	size_t n = strlen(s);
	if (n >= sizeof(lower)) /* too long in any case: let the check say how */
		return name_check_qualified(s);
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)s[i]);
	return name_check_qualified(lower);
}

static const char *check_selector_operator(const char *s)
{
	int op = selector_op_parse(s);
	return op >= 0 && op <= SELECTOR_NOT_EXISTS ? NULL : "not a valid selector operator";
}

static const char *check_node_selector_operator(const char *s)
{
	return selector_op_parse(s) >= 0 ? NULL : "not a valid selector operator";
}

static bool has_backsteps(const char *s)
{
	for (const char *p = s; (p = strstr(p, "..")); p += 2)
		if ((p == s || p[-1] == '/') && (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

static const char *check_no_backsteps(const char *s)
{
	return has_backsteps(s) ? "must not contain '..'" : NULL;
}

static const char *check_absolute_path(const char *s)
{
	return s[0] == '/' ? NULL : "must be an absolute path";
}

static const char *check_relative_path(const char *s)
{
	if (s[0] == '/')
		return "must be a relative path";
	if (has_backsteps(s))
		return "must not contain '..'";
	return strncmp(s, "..", 2) == 0 ? "must not start with '..'" : NULL;
}

static const char *check_descending_path(const char *s)
{
	return s[0] == '/' ? "must be a relative path" : check_no_backsteps(s);
}

/* One dot at the end is fine there. */
static const char *check_search_domain(const char *s)
{
	size_t n = strlen(s);
	autofree char *name = mem_strndup(s, n - (n && s[n - 1] == '.'));
	return name_check_dns1123_subdomain(name);
}

static const char *check_http_header(const char *s)
{
	size_t n = strspn(s, "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	return n > 0 && s[n] == '\0'
		       ? NULL
		       : "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
}

static const struct format formats[] = {
	{.name = "dns1123-label", .check = name_check_dns1123_label},
	{.name = "dns1123-subdomain", .check = name_check_dns1123_subdomain},
	{.name = "dns1035-label", .check = name_check_dns1035_label},
	{.name = "path-segment", .check = name_check_path_segment},
	{.name = "label-key", .check = name_check_qualified, .map_errors_at_map = true},
	{.name = "label-value", .check = name_check_label_value, .map_errors_at_map = true},
	{.name = "annotation-key", .check = check_annotation_key, .map_errors_at_map = true},
	{.name = "finalizer", .check = name_check_qualified, .list_errors_at_list = true},
	{.name = "port-name", .check = name_check_port_name},
	{.name = "env-var", .check = name_check_env_var},
	{.name = "config-key", .check = name_check_config_key},
	{.name = "selector-operator", .check = check_selector_operator},
	{.name = "node-selector-operator", .check = check_node_selector_operator},
	{.name = "no-backsteps", .check = check_no_backsteps},
	{.name = "absolute-path", .check = check_absolute_path},
	{.name = "relative-path", .check = check_relative_path},
	{.name = "descending-path", .check = check_descending_path},
	{.name = "search-domain", .check = check_search_domain},
	{.name = "http-header", .check = check_http_header},
};

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

const char *schema_format_check(const struct format *format, const char *s)
{
	return format->check(s);
}

const char *schema_format_name(const struct format *format)
{
	return format->name;
}
