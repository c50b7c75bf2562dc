/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear probing over a power-of-two table that is at most three quarters full, tombstones included. A
 * deletion leaves a tombstone, which is what makes deleting at the cursor of an iteration safe; the rehash
 * that a later insertion triggers sweeps them and picks the size anew, so a table that emptied shrinks.
 *
 * Keys come from clients, so the hash is keyed: SipHash-1-3 (Aumasson and Bernstein), one key per process.
 */
#include "base/map.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/rand.h"

#define MAP_FIRST 8
#define MAP_KEEP 64 /* an emptied table up to this size is kept */

struct map_entry {
	char *key; /* NULL = free, TOMB = deleted */
	void *value;
	uint32_t hash, key_len;
};

static char tomb_mark;
#define TOMB (&tomb_mark)

static inline bool live(const struct map_entry *e)
{
	return e->key && e->key != TOMB;
}

/* ---- hash ---- */
static uint64_t sip_key[2];
static pthread_once_t sip_once = PTHREAD_ONCE_INIT;

static void sip_init(void)
{
	rand_bytes(sip_key, sizeof(sip_key));
}

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

uint64_t map_siphash13(const uint64_t key[2], const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
			 key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
	uint64_t last = (uint64_t)n << 56, m;
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t map_hash(const void *p, size_t n)
{
	pthread_once(&sip_once, sip_init);
	return map_siphash13(sip_key, p, n);
}

/* ---- table ---- */
void map_release(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		if (live(&m->slots[i]))
			free(m->slots[i].key);
	free(m->slots);
	*m = (struct map)MAP_INIT;
}

void map_clear(struct map *m)
{
	map_release(m);
}

static struct map_entry *find(const struct map *m, const char *key, size_t n, uint32_t hash)
{
	if (!m->cap)
		return NULL;
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_entry *e = &m->slots[i];

		if (!e->key)
			return NULL;
		if (e->key != TOMB && e->hash == hash && e->key_len == n && !memcmp(e->key, key, n))
			return e;
	}
}

static void rehash(struct map *m)
{
	size_t cap = MAP_FIRST;

	/* At most half full afterwards, so the next rehash is a quarter of the table away. */
	while (cap < 2 * (m->len + 1))
		cap *= 2;
	struct map_entry *slots = mem_array(cap, sizeof(*slots));

	for (size_t i = 0; i < m->cap; i++) {
		struct map_entry *e = &m->slots[i];

		if (!live(e))
			continue;
		size_t to = e->hash & (cap - 1);

		while (slots[to].key)
			to = (to + 1) & (cap - 1);
		slots[to] = *e;
	}
	free(m->slots);
	m->slots = slots;
	m->cap = cap;
	m->used = m->len;
}

void *map_getn(const struct map *m, const char *key, size_t n)
{
	if (!m->len)
		return NULL;
	struct map_entry *e = find(m, key, n, (uint32_t)map_hash(key, n));

	return e ? e->value : NULL;
}

void *map_get(const struct map *m, const char *key)
{
	return map_getn(m, key, strlen(key));
}

bool map_has(const struct map *m, const char *key)
{
	return map_get(m, key) != NULL;
}

void *map_setn(struct map *m, const char *key, size_t n, void *value)
{
	assert(value && n < UINT32_MAX);
	uint32_t hash = (uint32_t)map_hash(key, n);
	struct map_entry *e = find(m, key, n, hash);

	if (e) {
		void *old = e->value;

		e->value = value;
		return old;
	}
	if (4 * (m->used + 1) > 3 * m->cap)
		rehash(m);
	size_t i = hash & (m->cap - 1);

	while (live(&m->slots[i]))
		i = (i + 1) & (m->cap - 1);
	if (!m->slots[i].key)
		m->used++;
	char *copy = mem_alloc(n + 1);

	memcpy(copy, key, n);
	copy[n] = '\0';
	m->slots[i] = (struct map_entry){.key = copy, .value = value, .hash = hash, .key_len = (uint32_t)n};
	m->len++;
	return NULL;
}

void *map_set(struct map *m, const char *key, void *value)
{
	return map_setn(m, key, strlen(key), value);
}

void *map_del(struct map *m, const char *key)
{
	return map_deln(m, key, strlen(key));
}

void *map_deln(struct map *m, const char *key, size_t n)
{
	struct map_entry *e = m->len ? find(m, key, n, (uint32_t)map_hash(key, n)) : NULL;

	if (!e)
		return NULL;
	void *value = e->value;

	free(e->key); /* which may be `key` itself */
	e->key = TOMB;
	e->value = NULL;
	if (--m->len)
		return value;
	m->used = 0;
	if (m->cap > MAP_KEEP) {
		free(m->slots);
		m->slots = NULL;
		m->cap = 0;
	} else {
		memset(m->slots, 0, m->cap * sizeof(*m->slots));
	}
	return value;
}

bool map_next(const struct map *m, struct map_iter *it)
{
	while (it->i < m->cap) {
		const struct map_entry *e = &m->slots[it->i++];

		if (!live(e))
			continue;
		it->key = e->key;
		it->key_len = e->key_len;
		it->value = e->value;
		return true;
	}
	return false;
}
