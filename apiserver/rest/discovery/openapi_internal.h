/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an OpenAPI document is written: paths first (openapi_paths.c), which ask for the definitions of what they take and
 * return; those are written behind them (openapi_schema.c), with all that they refer to. One walk for both versions of the
 * format, which differ in a few places that ask for w->v3.
 */
#ifndef REST_DISCOVERY_OPENAPI_INTERNAL_H
#define REST_DISCOVERY_OPENAPI_INTERNAL_H

#include "base/map.h"
#include "object/schema.h"
#include "rest/discovery/emit_internal.h"

/* A definition that somebody refers to. */
struct openapi_wanted {
	const char *name; /* "io.k8s.api.core.v1.Pod"; the map's */
	const struct type *type;
	const struct kind *list; /* not NULL: of lists of it */
};

/* The definition behind a custom kind, which the caller puts; NULL: it is gone. */
typedef js *openapi_crd_fn(void *arg, const struct kind *k);

/* Which part of a document is written. Those of v2 stand behind one another: all but the first begin with a comma. */
enum openapi_part {
	OPENAPI_ALL, /* v3: a document of its own, with all that it refers to */
	OPENAPI_BUILT, /* v2: of the kinds of the start, with all that any kind refers to but its own definitions */
	OPENAPI_SHARED, /* v2: what depends on which group-versions there are */
	OPENAPI_KIND,	/* v2: of one custom kind */
};

struct openapi_writer {
	struct emit e;
	enum openapi_part part;
	const struct schema *schema; /* pinned */
	/* those of the begin: definitions may come and go while the document is written */
	const struct kind *const *kinds;
	size_t n_kinds;
	bool v3;
	openapi_crd_fn *crd; /* NULL: there are none */
	void *arg;
	struct map wanted; /* by name; struct openapi_wanted */
	struct openapi_wanted **v;
	size_t n;
};
void openapi_writer_release(struct openapi_writer *w);

/* `"$ref": …` of that type, which becomes wanted. key: the member that holds the reference; NULL: right here. */
void openapi_schema_refer(struct openapi_writer *w, const char *key, const struct type *t);
void openapi_schema_refer_list(struct openapi_writer *w, const char *key, const struct kind *k);
/* All that is wanted and that is the part's, as members of the object that is open. */
void openapi_schema_write(struct openapi_writer *w);
/* The definitions that name every group-version. */
void openapi_schema_write_everywhere(struct openapi_writer *w);
/* Type of a subresource's body; NULL: it has none (a log). */
const struct type *openapi_schema_body(const struct openapi_writer *w, const struct kind *k,
				       const struct subresource *sub);

/* What every object has, as members of the properties that are open. */
void openapi_schema_envelope(struct openapi_writer *w);

/* Members of the definition of a custom kind. crd NULL: it is gone. */
void openapi_custom_write(struct openapi_writer *w, const struct kind *k, const js *crd);

/* The paths of the kinds of one group-version, as members of the object that is open. */
void openapi_paths_write(struct openapi_writer *w, const char *group, const char *version);
/* Those that tell what there is: group NULL: /apis/; version NULL: of the group (of core: /api/). */
void openapi_paths_write_discovery(struct openapi_writer *w, const char *group, const char *version);
void openapi_paths_write_version(struct openapi_writer *w);
/* v2: what the operations' parameters refer to. */
void openapi_paths_write_parameters(struct openapi_writer *w);

/* A document of v3 as clients get it. which: "apis/apps/v1", "apis/apps", "apis", "api", "version". */
void openapi_document_write(struct buf *out, const struct schema *s, const char *which, openapi_crd_fn *crd,
			    void *arg);
/* A part of v2: members of the document's `paths` and `definitions`, each with a comma before it. w: what it is of; it is
   released. */
void openapi_document_write_part(struct openapi_writer *w, struct buf *paths, struct buf *definitions);
/* What stands before the paths and behind the definitions, as an object each. */
void openapi_document_write_frame(struct buf *head, struct buf *tail);

/* The same (any JSON: what is no part of such a document is left out) as gnostic's openapi.v2.Document, or that of v3. On
   failure out holds a beginning. */
int openapi_pb_write(struct buf *out, bool v3, const char *json, size_t n, struct err *err) MUST_CHECK;
/* The inside of the message that stands in the document under that key. */
int openapi_pb_write_member(struct buf *out, bool v3, const char *key, const char *json, size_t n,
			    struct err *err) MUST_CHECK;
/* What stands before it; len: of the inside. */
void openapi_pb_open_member(struct buf *out, bool v3, const char *key, size_t len);

#endif
