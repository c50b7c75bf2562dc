/* SPDX-License-Identifier: Apache-2.0 */
/* What a broken or foreign server might answer: every reader of etcd's replies, with the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include "storage/etcd/etcd_wire_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int on_kv(void *arg, const struct etcd_wire_kv *kv, struct err *err)
{
	size_t *sum = arg;
	for (size_t i = 0; i < kv->key.n; i++)
		*sum += (unsigned char)kv->key.p[i];
	for (size_t i = 0; i < kv->value.n; i++)
		*sum += (unsigned char)kv->value.p[i];
	return kv->mod_rev == 13 ? err_set(err, REASON_UNAVAILABLE, "stop") : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct etcd_wire_txn_reply txn;
	struct etcd_wire_range_reply range;
	struct etcd_wire_watch_reply watch;
	struct etcd_wire_grant_reply grant;
	struct etcd_wire_status_reply status;
	size_t sum = 0;
	char *copy = mem_memdup(p, n); /* exactly n bytes */
	struct http_reply r = {.status = 500, .body = {.p = copy, .len = n, .cap = n}};
	struct etcd_wire_slice message;
	(void)!etcd_gateway.read_txn(copy, n, &txn, &err);
	(void)!etcd_gateway.read_range(copy, n, on_kv, &sum, &range, &err);
	if (etcd_gateway.read_watch(copy, n, on_kv, &sum, &watch, &err) == 0)
		for (size_t i = 0; i < watch.why.n; i++)
			sum += (unsigned char)watch.why.p[i];
	(void)!etcd_gateway.read_grant(copy, n, &grant, &err);
	(void)!etcd_gateway.read_status(copy, n, &status, &err);
	if (etcd_gateway.judge(&r, &message, &err) == 0 || err.reason == REASON_NONE)
		abort();
	free(copy);
	return 0;
}
