/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/etcd/etcd_compaction_internal.h"

#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"

#define TIMEOUT_NS (60 * NS_PER_S)
#define AGAIN_NS (30 * NS_PER_S)

static void next(void *arg)
{
	struct etcd_compaction *k = arg;
	if (k->running || k->asked <= k->begun)
		return;
	k->running = true;
	k->begun = k->asked;
	buf_clear(&k->body);
	etcd_client_wire(k->client)->compact(&k->body, k->begun);
	etcd_call(k->client, &k->call);
}

static void on_done(struct etcd_call *call, const struct etcd_wire_slice *reply, const struct err *err)
{
	struct etcd_compaction *k = CONTAINER_OF(call, struct etcd_compaction, call);
	(void)reply;
	k->running = false;
	if (!err || err->reason == REASON_EXPIRED) { /* expired: another apiserver was first */
		next(k);
		return;
	}
	log_warn_err(err, "etcd cannot be compacted", "revision=%llu", (unsigned long long)k->begun);
	k->begun = 0;
	loop_timer_set(etcd_loop(k->client), &k->again, clock_mono_ns() + AGAIN_NS);
}

struct compaction_begin {
	struct etcd_compaction *k;
	uint64_t rev;
};

static void begin(void *arg)
{
	struct compaction_begin *b = arg;
	struct etcd_compaction *k = b->k;
	if (b->rev > k->asked)
		k->asked = b->rev;
	free(b);
	if (!k->again.node.pos) /* else its time comes */
		next(k);
}

void etcd_compaction_ask(struct etcd_compaction *k, uint64_t rev)
{
	struct compaction_begin *b = MEM_NEW(struct compaction_begin);
	*b = (struct compaction_begin){k, rev};
	loop_post(etcd_loop(k->client), begin, b);
}

void etcd_compaction_init(struct etcd_compaction *k, struct etcd_client *c)
{
	*k = (struct etcd_compaction){.client = c, .again = {.fn = next, .arg = k}};
	k->call = (struct etcd_call){
		.method = ETCD_WIRE_COMPACT, .body = &k->body, .timeout_ns = TIMEOUT_NS, .done = on_done};
}

void etcd_compaction_release(struct etcd_compaction *k)
{
	buf_release(&k->body);
}
