/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary is the draft's (SPDY Protocol, draft 3, 2.6.10.1): the usual words, each behind its length in four bytes,
 * then text without any. It is put together once.
 *
 * Compression costs memory for as long as a connection lives, and what is compressed here is next to nothing: the
 * smallest window will do (3 KB, where zlib's own choice is 256 KB). Inflating takes what the other end chose.
 */
#include "stream/spdy_headers.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { DICTIONARY_MAX = 1500, SMALLEST_WINDOW = 9, SMALLEST_MEMORY = 1 };

static const char *const words[] = {"options",
				    "head",
				    "post",
				    "put",
				    "delete",
				    "trace",
				    "accept",
				    "accept-charset",
				    "accept-encoding",
				    "accept-language",
				    "accept-ranges",
				    "age",
				    "allow",
				    "authorization",
				    "cache-control",
				    "connection",
				    "content-base",
				    "content-encoding",
				    "content-language",
				    "content-length",
				    "content-location",
				    "content-md5",
				    "content-range",
				    "content-type",
				    "date",
				    "etag",
				    "expect",
				    "expires",
				    "from",
				    "host",
				    "if-match",
				    "if-modified-since",
				    "if-none-match",
				    "if-range",
				    "if-unmodified-since",
				    "last-modified",
				    "location",
				    "max-forwards",
				    "pragma",
				    "proxy-authenticate",
				    "proxy-authorization",
				    "range",
				    "referer",
				    "retry-after",
				    "server",
				    "te",
				    "trailer",
				    "transfer-encoding",
				    "upgrade",
				    "user-agent",
				    "vary",
				    "via",
				    "warning",
				    "www-authenticate",
				    "method",
				    "get",
				    "status",
				    "200 OK",
				    "version",
				    "HTTP/1.1",
				    "url",
				    "public",
				    "set-cookie",
				    "keep-alive",
				    "origin"};
static const char tail[] =
	"1001012012022052063003023033043053063074024054064074084094104114124134144154164175025045"
	"05203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401"
	" Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 S"
	"ervice UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, We"
	"d, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xm"
	"l,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdc"
	"hcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

static unsigned char dictionary[DICTIONARY_MAX];
static unsigned dictionary_len;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_dictionary(void)
{
	unsigned char *p = dictionary;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		uint32_t n = (uint32_t)strlen(words[i]), head = htonl(n);
		memcpy(p, &head, sizeof(head));
		memcpy(p + sizeof(head), words[i], n);
		p += sizeof(head) + n;
	}
	memcpy(p, tail, sizeof(tail) - 1);
	dictionary_len = (unsigned)(p - dictionary) + (unsigned)sizeof(tail) - 1;
}

/* ---- reading ---- */

struct spdy_unpacker {
	z_stream z;
	struct buf plain;
};

struct spdy_unpacker *spdy_unpacker_new(void)
{
	struct spdy_unpacker *u = MEM_NEW(struct spdy_unpacker);
	pthread_once(&once, make_dictionary);
	if (inflateInit(&u->z) != Z_OK)
		abort(); /* no memory: as base/mem.h */
	return u;
}

void spdy_unpacker_free(struct spdy_unpacker *u)
{
	if (!u)
		return;
	inflateEnd(&u->z);
	buf_release(&u->plain);
	free(u);
}

static int inflate_block(struct spdy_unpacker *u, const char *p, size_t n, struct err *err)
{
	buf_clear(&u->plain);
	buf_reserve(&u->plain, SPDY_HEADERS_MAX + 1);
	u->z.next_in = (unsigned char *)p;
	u->z.avail_in = (unsigned)n;
	u->z.next_out = (unsigned char *)u->plain.p;
	u->z.avail_out = SPDY_HEADERS_MAX + 1;
	int rc = Z_OK;
	while (rc == Z_OK && u->z.avail_out) {
		rc = inflate(&u->z, Z_SYNC_FLUSH);
		if (rc == Z_NEED_DICT)
			rc = inflateSetDictionary(&u->z, dictionary, dictionary_len);
	}
	if (rc != Z_BUF_ERROR || u->z.avail_in || !u->z.avail_out)
		return err_set(err, REASON_INVALID, "header block %s",
			       u->z.avail_out ? "does not inflate" : "is too long");
	u->plain.len = SPDY_HEADERS_MAX + 1 - u->z.avail_out;
	u->plain.p[u->plain.len] = '\0';
	return 0;
}

/* The next number of [*p, end). */
static bool next_number(char **p, const char *end, uint32_t *ret)
{
	if (end - *p < (ptrdiff_t)sizeof(*ret))
		return false;
	memcpy(ret, *p, sizeof(*ret));
	*ret = ntohl(*ret);
	*p += sizeof(*ret);
	return true;
}

/* A text behind its length. Its end becomes a NUL where the next length begins, which is read first. */
static char *next_text(char **p, const char *end, uint32_t n)
{
	if (n > (size_t)(end - *p))
		return NULL;
	char *text = *p;
	*p += n;
	return text;
}

int spdy_unpack(struct spdy_unpacker *u, const char *in, size_t n, struct spdy_headers *ret, struct err *err)
{
	if (inflate_block(u, in, n, err) < 0)
		return -1;
	char *p = u->plain.p, *end = p + u->plain.len;
	uint32_t count, len;
	*ret = (struct spdy_headers){0};
	bool ok = next_number(&p, end, &count) && count <= SPDY_HEADERS;
	for (uint32_t i = 0; ok && i < count; i++) {
		struct spdy_header *h = &ret->v[i];
		ok = next_number(&p, end, &len) && (h->name = next_text(&p, end, len));
		char *name_end = p;
		ok = ok && next_number(&p, end, &len) && (h->value = next_text(&p, end, len));
		if (!ok)
			break;
		*name_end = '\0';
		/* The value's end is the beginning of the next name's length: moved down by one, over its own
		   length, it has room for its NUL. */
		memmove((char *)h->value - 1, h->value, len);
		h->value--;
		((char *)h->value)[len] = '\0';
		ret->n++;
	}
	return ok && p == end ? 0 : err_set(err, REASON_INVALID, "header block does not parse");
}

/* ---- writing ---- */

struct spdy_packer {
	z_stream z;
};

struct spdy_packer *spdy_packer_new(void)
{
	struct spdy_packer *k = MEM_NEW(struct spdy_packer);
	pthread_once(&once, make_dictionary);
	if (deflateInit2(&k->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, SMALLEST_WINDOW, SMALLEST_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* no memory: as base/mem.h */
	(void)deflateSetDictionary(&k->z, dictionary, dictionary_len);
	return k;
}

void spdy_packer_free(struct spdy_packer *k)
{
	if (!k)
		return;
	deflateEnd(&k->z);
	free(k);
}

static void put_number(struct buf *b, size_t n)
{
	uint32_t v = htonl((uint32_t)n);
	buf_add(b, &v, sizeof(v));
}

static void put_text(struct buf *b, const char *s)
{
	put_number(b, strlen(s));
	buf_adds(b, s);
}

void spdy_pack(struct spdy_packer *k, const struct spdy_headers *h, struct buf *out)
{
	autobuf struct buf plain = BUF_INIT;
	unsigned char piece[256];
	put_number(&plain, h->n);
	for (size_t i = 0; i < h->n; i++) {
		put_text(&plain, h->v[i].name);
		put_text(&plain, h->v[i].value);
	}
	k->z.next_in = (unsigned char *)plain.p;
	k->z.avail_in = (unsigned)plain.len;
	do {
		k->z.next_out = piece;
		k->z.avail_out = sizeof(piece);
		(void)deflate(&k->z, Z_SYNC_FLUSH);
		buf_add(out, piece, sizeof(piece) - k->z.avail_out);
	} while (!k->z.avail_out);
}
