/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/discovery/document.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "client/tls.h"

struct document {
	atomic_uint refs;
	char hash[DOCUMENT_HASH_LEN];
	char *p;
	size_t n;
};

struct document *document_new(struct buf *body, const char *hash)
{
	struct document *d = MEM_NEW(struct document);
	atomic_init(&d->refs, 1);
	if (hash)
		snprintf(d->hash, sizeof(d->hash), "%s", hash);
	else
		tls_sha512(buf_str(body), body->len, d->hash);
	d->p = buf_take(body, &d->n);
	d->p = mem_realloc(d->p, d->n + 1); /* it may stay for long */
	return d;
}

struct document *document_ref(struct document *d)
{
	atomic_fetch_add(&d->refs, 1);
	return d;
}

void document_unref(struct document *d)
{
	if (!d || atomic_fetch_sub(&d->refs, 1) != 1)
		return;
	free(d->p);
	free(d);
}

const char *document_bytes(const struct document *d, size_t *ret_len)
{
	*ret_len = d->n;
	return d->p;
}

const char *document_hash(const struct document *d)
{
	return d->hash;
}

static void release(void *arg)
{
	document_unref(arg);
}

bool document_is_known(const char *s, const char *etag)
{
	size_t len = strlen(etag);
	while (*s) {
		s += strspn(s, ", \t");
		if (*s == '*')
			return true;
		s += strncmp(s, "W/", 2) ? 0 : 2;
		size_t n = strcspn(s, ",");
		if (n >= len && !memcmp(s, etag, len) && strspn(s + len, " \t") == n - len)
			return true;
		s += n;
	}
	return false;
}

void document_respond(struct document *d, const struct request *rq, struct response *rs, bool tagged)
{
	if (tagged)
		response_tag(rs, d->hash);
	if (tagged && document_is_known(rq->if_none_match, rs->etag)) {
		rs->status = 304;
		document_unref(d);
		return;
	}
	rs->status = 200;
	rs->shared = (struct shared_bytes){.p = d->p, .n = d->n, .release = release, .arg = d};
}

void documents_init(struct documents *ds)
{
	*ds = (struct documents){.by_path = MAP_INIT};
	pthread_mutex_init(&ds->lock, NULL);
}

void documents_release(struct documents *ds)
{
	for (struct map_iter it = {0}; map_next(&ds->by_path, &it);)
		document_unref(it.value);
	map_release(&ds->by_path);
	pthread_mutex_destroy(&ds->lock);
}

struct document *documents_get(struct documents *ds, const char *path)
{
	pthread_mutex_lock(&ds->lock);
	struct document *d = map_get(&ds->by_path, path);
	if (d)
		document_ref(d);
	pthread_mutex_unlock(&ds->lock);
	return d;
}

void documents_put(struct documents *ds, const char *path, struct buf *body, const char *hash)
{
	struct document *d = document_new(body, hash);
	pthread_mutex_lock(&ds->lock);
	struct document *old = map_set(&ds->by_path, path, d);
	pthread_mutex_unlock(&ds->lock);
	document_unref(old);
}

void documents_drop(struct documents *ds, const char *path)
{
	pthread_mutex_lock(&ds->lock);
	struct document *old = map_del(&ds->by_path, path);
	pthread_mutex_unlock(&ds->lock);
	document_unref(old);
}
