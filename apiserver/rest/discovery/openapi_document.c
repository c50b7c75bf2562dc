/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around paths and definitions. */
#include "rest/discovery/openapi_internal.h"

#include <string.h>
#include "object/version.h"

/* How clients say who they are. */
#define BEARER                                                                                               \
	"{\"BearerToken\":{\"description\":\"Bearer token\",\"type\":\"apiKey\",\"name\":\"authorization\",\"in\":\"header\"}}"

static void add_info(struct openapi_writer *w)
{
	emit_string(&w->e, w->v3 ? "openapi" : "swagger", w->v3 ? "3.0.0" : "2.0");
	emit_open(&w->e, "info", '{');
	emit_string(&w->e, "title", "Kubernetes");
	emit_string(&w->e, "version", KUBERNETES_VERSION);
	emit_close(&w->e, '}');
}

static void begin(struct openapi_writer *w)
{
	emit_open(&w->e, NULL, '{');
	add_info(w);
	emit_open(&w->e, "paths", '{');
}

static void end(struct openapi_writer *w)
{
	emit_close(&w->e, '}');
	emit_open(&w->e, "components", '{');
	emit_open(&w->e, "schemas", '{');
	openapi_schema_write(w);
	emit_close(&w->e, '}');
	emit_raw(&w->e, "securitySchemes", BEARER);
	emit_close(&w->e, '}');
	emit_close(&w->e, '}');
	buf_addc(w->e.b, '\n');
}

/* "apis/GROUP/VERSION", "apis/GROUP", "apis", "api/VERSION", "api", "version" */
static void write_part(struct openapi_writer *w, const char *which)
{
	char group[256] = "";
	const char *rest = strchr(which, '/'), *version;
	if (!strcmp(which, "version")) {
		openapi_paths_write_version(w);
	} else if (!strncmp(which, "apis", 4) && !rest) {
		openapi_paths_write_discovery(w, NULL, NULL);
	} else if (!strncmp(which, "apis/", 5)) {
		version = strchr(rest + 1, '/');
		size_t n = version ? (size_t)(version - rest - 1) : strlen(rest + 1);
		if (n < sizeof(group))
			memcpy(group, rest + 1, n);
		openapi_paths_write_discovery(w, group, version ? version + 1 : NULL);
		if (version)
			openapi_paths_write(w, group, version + 1);
	} else {
		openapi_paths_write_discovery(w, "", rest ? rest + 1 : NULL);
		if (rest)
			openapi_paths_write(w, "", rest + 1);
	}
}

static bool is_served(const struct kind *k)
{
	return k->resource && *k->resource && k->verbs;
}

/* The group and the group-version of a kind, unless they have been written; paths: with those of its kinds. */
static void write_place(struct openapi_writer *w, const struct kind *k, struct map *seen, bool paths)
{
	autofree char *group = mem_printf("apis/%s", k->group);
	autofree char *gv =
		*k->group ? mem_printf("%s/%s", group, k->version) : mem_printf("api/%s", k->version);
	bool new_group = *k->group && !map_set(seen, group, w), new_version = !map_set(seen, gv, w);
	if (new_group)
		openapi_paths_write_discovery(w, k->group, NULL);
	if (new_version)
		openapi_paths_write_discovery(w, k->group, k->version);
	if (new_version && paths)
		openapi_paths_write(w, k->group, k->version);
}

static void write_built(struct openapi_writer *w)
{
	automap struct map seen = MAP_INIT;
	write_part(w, "version");
	write_part(w, "api");
	write_part(w, "apis");
	for (size_t i = 0; i < w->n_kinds; i++)
		if (is_served(w->kinds[i]))
			write_place(w, w->kinds[i], &seen, true);
}

/* The groups and group-versions that only custom kinds have. */
static void write_shared(struct openapi_writer *w)
{
	automap struct map seen = MAP_INIT;
	for (size_t i = 0; i < w->n_kinds; i++) {
		const struct kind *k = w->kinds[i];
		size_t before = w->e.b->len;
		bool more = w->e.more;
		if (!is_served(k))
			continue;
		write_place(w, k, &seen, false);
		if (k->type->structural)
			continue;
		buf_truncate(w->e.b, before); /* it is the built-in part's */
		w->e.more = more;
	}
}

void openapi_document_write(struct buf *out, const struct schema *s, const char *which, openapi_crd_fn *crd,
			    void *arg)
{
	struct openapi_writer w = {.e = {.b = out}, .schema = s, .v3 = true, .crd = crd, .arg = arg};
	w.n_kinds = schema_kinds(s, &w.kinds);
	begin(&w);
	write_part(&w, which);
	end(&w);
	openapi_writer_release(&w);
}

void openapi_document_write_part(struct openapi_writer *w, struct buf *paths, struct buf *definitions)
{
	w->e = (struct emit){.b = paths, .more = true};
	if (w->part == OPENAPI_BUILT)
		write_built(w);
	else if (w->part == OPENAPI_SHARED)
		write_shared(w);
	else if (is_served(w->kinds[0]))
		openapi_paths_write(w, w->kinds[0]->group, w->kinds[0]->version);
	w->e = (struct emit){.b = definitions, .more = true};
	if (w->part == OPENAPI_SHARED)
		openapi_schema_write_everywhere(w);
	else
		openapi_schema_write(w);
	openapi_writer_release(w);
}

void openapi_document_write_frame(struct buf *head, struct buf *tail)
{
	struct openapi_writer w = {.e = {.b = head}};
	emit_open(&w.e, NULL, '{');
	add_info(&w);
	emit_close(&w.e, '}');
	w.e = (struct emit){.b = tail};
	emit_open(&w.e, NULL, '{');
	emit_open(&w.e, "parameters", '{');
	openapi_paths_write_parameters(&w);
	emit_close(&w.e, '}');
	emit_raw(&w.e, "securityDefinitions", BEARER);
	emit_raw(&w.e, "security", "[{\"BearerToken\":[]}]");
	emit_close(&w.e, '}');
}
