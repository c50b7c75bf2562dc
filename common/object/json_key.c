/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes objects are made of a few hundred field names over and over, and json-c copies the key of every
 * member. Here the first KEYS_MAX short names that the process meets are kept for good, and json-c is told
 * that they are constants: a third of a tree's allocations goes away.
 *
 * The table only grows and is bounded, so readers need no lock: a slot goes from NULL to its key once. A name
 * looks at PROBES slots; when they are taken, or the table is full, the name is simply not shared. Whoever
 * fills it with nonsense makes parsing slower by that third and gains nothing else.
 */
#include "object/json_key.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define SLOTS 2048 /* a power of two */
#define PROBES 4
#define KEYS_MAX 1024
#define KEY_LEN_MAX 40

struct key {
	size_t len;
	char text[];
};

static _Atomic(struct key *) slots[SLOTS];
static atomic_size_t n_keys;

/* Ends and length tell field names apart well enough; nothing depends on it but speed. */
static inline uint64_t hash(const char *key, size_t len)
{
	uint64_t head = 0, tail = 0, h;

	if (len >= 8) {
		memcpy(&head, key, 8);
		memcpy(&tail, key + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++)
			head = head << 8 | (unsigned char)key[i];
	}
	h = (head ^ len) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ (h >> 32) ^ tail) * UINT64_C(0xd6e8feb86659fd93);
	return h >> 32;
}

/* Puts the key into an empty slot. NULL when another thread was faster or the table is full. */
static const char *share(_Atomic(struct key *) *slot, const char *key, size_t len)
{
	if (atomic_fetch_add(&n_keys, 1) >= KEYS_MAX) {
		atomic_fetch_sub(&n_keys, 1);
		return NULL;
	}
	struct key *k = mem_alloc(sizeof(*k) + len + 1), *none = NULL;

	k->len = len;
	memcpy(k->text, key, len);
	k->text[len] = '\0';
	if (atomic_compare_exchange_strong(slot, &none, k))
		return k->text;
	free(k);
	atomic_fetch_sub(&n_keys, 1);
	return NULL;
}

const char *json_key_shared(const char *key, size_t len)
{
	if (len > KEY_LEN_MAX)
		return NULL;
	uint64_t at = hash(key, len);

	for (unsigned i = 0; i < PROBES; i++) {
		_Atomic(struct key *) *slot = &slots[(at + i) % SLOTS];
		struct key *k = atomic_load_explicit(slot, memory_order_acquire);

		if (!k)
			return share(slot, key, len);
		if (k->len == len && !memcmp(k->text, key, len))
			return k->text;
	}
	return NULL;
}
