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

static bool on_message(void *arg, const char *p, size_t n)
{
	struct buf *all = arg;
	buf_add(all, p, n);
	return true;
}

/* As one message, and as a stream in two pieces, which must be cut as the whole is. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct err err = ERR_INIT;
	struct etcd_wire_txn_reply txn;
	struct etcd_wire_range_reply range;
	struct etcd_wire_watch_reply watch;
	struct etcd_wire_grant_reply grant;
	struct etcd_wire_status_reply status;
	size_t sum = 0, half = n / 2;
	char *copy = mem_memdup(p, n); /* exactly n bytes */
	(void)!etcd_grpc.read_txn(copy, n, &txn, &err);
	(void)!etcd_grpc.read_range(copy, n, on_kv, &sum, &range, &err);
	if (etcd_grpc.read_watch(copy, n, on_kv, &sum, &watch, &err) == 0)
		for (size_t i = 0; i < watch.why.n; i++)
			sum += (unsigned char)watch.why.p[i];
	(void)!etcd_grpc.read_grant(copy, n, &grant, &err);
	(void)!etcd_grpc.read_status(copy, n, &status, &err);
	struct lines a = LINES_INIT(4096), b = LINES_INIT(4096);
	autobuf struct buf whole = BUF_INIT, pieces = BUF_INIT;
	enum lines_result one = etcd_grpc.feed(&a, copy, n, on_message, &whole);
	enum lines_result two = etcd_grpc.feed(&b, copy, half, on_message, &pieces);
	if (two == LINES_OK)
		two = etcd_grpc.feed(&b, copy + half, n - half, on_message, &pieces);
	if (one != two || whole.len != pieces.len || (whole.len && memcmp(whole.p, pieces.p, whole.len)))
		abort();
	lines_release(&a);
	lines_release(&b);
	free(copy);
	return 0;
}
