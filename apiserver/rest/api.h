/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all handlers share, and the handlers themselves. A handler looks at a routed request, always fills the
 * response (a failure becomes a Status), and returns nothing. BLOCKS = runs on a worker of the pool; the
 * others run on a network thread and must not block.
 *
 * The reading side lives in rest/{get,list,watch,table,discovery}.c, the writing side in
 * rest/{write,patch,delete,…}.c. They meet in rest/negotiate.h: how an object is presented (JSON, Table,
 * PartialObjectMetadata, pretty) is decided in one place.
 */
#ifndef REST_API_H
#define REST_API_H

#include "request/request.h"
#include "request/status.h"
#include "storage/storage.h"

struct api {
	const struct schema *schema;
	struct storage *storage;
	const char *service_cidr; /* "10.96.0.0/12" */
	const char *node_client_ca, *node_client_cert,
		*node_client_key;    /* PEM files for calls to node agents; may be NULL */
	struct rest_state *state;    /* the writing side's own (allocators …); rest_state_new */
	struct discovery *discovery; /* rest/discovery.h */
	struct openapi *openapi;     /* rest/openapi.h */
};

typedef void handler_fn(struct request *rq, struct response *rs);

/* reading side */
handler_fn rest_get, rest_list, rest_watch, rest_discovery, rest_openapi, rest_version;
/* writing side: BLOCK */
handler_fn rest_create, rest_update, rest_patch, rest_delete, rest_deletecollection;
/* subresources: BLOCK */
handler_fn rest_binding_create, rest_scale_get, rest_scale_update, rest_scale_patch, rest_namespace_finalize;
/* pods/log: BLOCKS until the node agent answered, then streams */
handler_fn rest_pod_log;

/* Loads what the writing side keeps in memory (service IPs in use, …). After storage_open. BLOCKS. */
struct rest_state *rest_state_new(struct api *api, struct err *err) MUST_CHECK;
void rest_state_free(struct rest_state *st);

#endif
