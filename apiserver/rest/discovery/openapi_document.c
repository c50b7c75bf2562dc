/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around paths and definitions. */
#include "rest/discovery/openapi_internal.h"

#include <string.h>
#include "object/version.h"

/* How clients say who they are. */
#define BEARER                                                                                               \
	"{\"BearerToken\":{\"description\":\"Bearer token\",\"type\":\"apiKey\",\"name\":\"authorization\",\"in\":\"header\"}}"

static void begin(struct openapi_writer *w)
{
	emit_open(&w->e, NULL, '{');
	emit_string(&w->e, w->v3 ? "openapi" : "swagger", w->v3 ? "3.0.0" : "2.0");
	emit_open(&w->e, "info", '{');
	emit_string(&w->e, "title", "Kubernetes");
	emit_string(&w->e, "version", KUBERNETES_VERSION);
	emit_close(&w->e, '}');
	emit_open(&w->e, "paths", '{');
}

static void end(struct openapi_writer *w)
{
	emit_close(&w->e, '}');
	if (w->v3)
		emit_open(&w->e, "components", '{');
	emit_open(&w->e, w->v3 ? "schemas" : "definitions", '{');
	openapi_schema_write(w);
	emit_close(&w->e, '}');
	if (w->v3) {
		emit_raw(&w->e, "securitySchemes", BEARER);
		emit_close(&w->e, '}');
	} else {
		emit_open(&w->e, "parameters", '{');
		openapi_paths_write_parameters(w);
		emit_close(&w->e, '}');
		emit_raw(&w->e, "securityDefinitions", BEARER);
		emit_raw(&w->e, "security", "[{\"BearerToken\":[]}]");
	}
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

static void write_all(struct openapi_writer *w)
{
	automap struct map seen = MAP_INIT;
	write_part(w, "version");
	write_part(w, "api");
	write_part(w, "apis");
	for (size_t i = 0; i < w->n_kinds; i++) {
		const struct kind *k = w->kinds[i];
		autofree char *group = mem_printf("apis/%s", k->group);
		autofree char *gv =
			*k->group ? mem_printf("%s/%s", group, k->version) : mem_printf("api/%s", k->version);
		if (!k->resource || !*k->resource || !k->verbs)
			continue;
		if (*k->group && !map_set(&seen, group, w))
			write_part(w, group);
		if (!map_set(&seen, gv, w))
			write_part(w, gv);
	}
}

void openapi_document_write(struct buf *out, const struct schema *s, const char *which, openapi_crd_fn *crd,
			    void *arg)
{
	struct openapi_writer w = {.e = {.b = out}, .schema = s, .v3 = which != NULL, .crd = crd, .arg = arg};
	w.n_kinds = schema_kinds(s, &w.kinds);
	begin(&w);
	if (which)
		write_part(&w, which);
	else
		write_all(&w);
	end(&w);
	openapi_writer_release(&w);
}
