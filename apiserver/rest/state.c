/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State of the writing side: the allocator of service addresses, rebuilt from the stored Services at start-up
 * (nothing of it is persisted, so it cannot disagree with them for longer than one run), and the count of
 * open log streams.
 */
#include "rest/state.h"

#include <stdlib.h>
#include "kinds/core/service_alloc.h"

#define MAX_LOG_STREAMS 512

struct rest_state {
	struct service_alloc *alloc;
	atomic_int streams;
};

static void learn_services(struct rest_state *st, struct api *api)
{
	const struct kind *k = schema_kind(api->schema, "", "v1", "Service");
	struct obj_list list = {0};
	struct err err = ERR_INIT;

	if (!k)
		return;
	struct query q = {.ns = "", .kind = k};
	if (storage_list(storage_resource(api->storage, k), &q, 0, NULL, 0, &list, &err) < 0)
		return; /* the present state never expires */
	for (size_t i = 0; i < list.n; i++) {
		autojson js *o = obj_tree(list.v[i]);
		service_alloc_learn(st->alloc, o);
	}
	obj_list_release(&list);
}

struct rest_state *rest_state_new(struct api *api, struct err *err)
{
	struct rest_state *st = MEM_NEW(struct rest_state);

	st->alloc = service_alloc_new(api->service_cidr ? api->service_cidr : "10.96.0.0/12", err);
	if (!st->alloc) {
		free(st);
		return NULL;
	}
	learn_services(st, api);
	return st;
}

void rest_state_free(struct rest_state *st)
{
	if (!st)
		return;
	service_alloc_free(st->alloc);
	free(st);
}

struct service_alloc *rest_state_alloc(struct rest_state *st)
{
	return st ? st->alloc : NULL;
}

bool rest_state_stream_begin(struct rest_state *st)
{
	if (!st)
		return true;
	if (atomic_fetch_add(&st->streams, 1) < MAX_LOG_STREAMS)
		return true;
	atomic_fetch_sub(&st->streams, 1);
	return false;
}

void rest_state_stream_end(struct rest_state *st)
{
	if (st)
		atomic_fetch_sub(&st->streams, 1);
}
