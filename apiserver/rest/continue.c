/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The continue token: base64url of {"v":"meta.k8s.io/v1","rv":N,"start":"KEY"}, as upstream's, where rv -1
 * means that the rest of the list may be newer than its beginning. Opaque to clients, so every byte of it is
 * distrusted.
 */
#include "rest/options.h"

#include <stdlib.h>
#include <string.h>
#include "base/base64.h"
#include "base/mem.h"
#include "object/json.h"

#define TOKEN_MAX 4096
#define VERSION "meta.k8s.io/v1"
#define INVALID "invalid continue token: continue key is not valid"

void continue_encode(struct buf *out, uint64_t rv, const char *after)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "{\"v\":\"" VERSION "\",\"rv\":%lld,\"start\":", rv ? (long long)rv : -1LL);
	if (!*after)
		after = "/";
	buf_add_json_string(&b, after, strlen(after));
	buf_addc(&b, '}');
	base64url_encode(out, b.p, b.len);
}

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/* Without padding, and told where it goes wrong. */
static int decode_text(const char *token, struct buf *out, struct err *err)
{
	size_t n = strlen(token), good = strspn(token, ALPHABET);
	if (n > TOKEN_MAX)
		return err_set(err, REASON_BAD_REQUEST, INVALID ": it is longer than %d bytes", TOKEN_MAX);
	if (good == n && n % 4 == 1)
		good--; /* six bits are no byte */
	if (good < n)
		return err_set(err, REASON_BAD_REQUEST, INVALID ": illegal base64 data at input byte %zu",
			       good);
	return base64url_decode(out, token, n, err);
}

static int misfit(const js *v, const char *field, const char *type, struct err *err)
{
	return err_set(err, REASON_BAD_REQUEST,
		       INVALID ": json: cannot unmarshal %s into Go struct field continueToken.%s of type %s",
		       js_word(v), field, type);
}

/* The tree of a token, each member of which has its type. */
static js *decode_json(const char *token, struct err *err)
{
	static const char *const texts[] = {"v", "start"};
	autobuf struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	if (decode_text(token, &text, err) < 0)
		return NULL;
	autojson js *o = js_parse(buf_str(&text), text.len, NULL, &why);
	if (!o) {
		const char *place = strstr(why.msg, " (byte ");
		int n = (int)(place ? (size_t)(place - why.msg) : strlen(why.msg));
		err_set(err, REASON_BAD_REQUEST, INVALID ": %.*s", n, why.msg);
		return NULL;
	}
	if (!js_is_obj(o)) {
		err_set(err, REASON_BAD_REQUEST,
			INVALID ": json: cannot unmarshal %s into Go value of type storage.continueToken",
			js_word(o));
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const js *v = js_field(o, texts[i]);
		if (v && !js_is_str(v))
			return misfit(v, texts[i], "string", err), NULL;
	}
	const js *rv = js_field(o, "rv");
	if (rv && !js_is_int(rv))
		return misfit(rv, "rv", "int64", err), NULL;
	return STEAL(o);
}

/* A key below the collection's own, as path.Clean leaves it. */
static bool is_clean(const char *key)
{
	for (const char *p = key;; p++) {
		size_t n = strcspn(p, "/");
		if (!n || (n == 1 && *p == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (!*p)
			return true;
	}
}

int continue_decode(const char *token, uint64_t *ret_rv, char **ret_after, struct err *err)
{
	autojson js *o = decode_json(token, err);
	if (!o)
		return -1;
	const js *key = js_field(o, "start");
	const char *version = js_str0(o, "v", NULL), *start = js_str0(o, "start", NULL), *first = start;
	int64_t rv = js_int(o, 0, "rv", NULL);
	if (strcmp(version, VERSION))
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": server does not recognize this encoded version %.100s", version);
	if (!rv)
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
	if (!*start)
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": encoded start key empty (version meta.k8s.io/v1)");
	first += *start == '/'; /* the collection's own */
	if (strlen(start) != (size_t)json_object_get_string_len((js *)key) || (*first && !is_clean(first)))
		return err_set(err, REASON_BAD_REQUEST, INVALID ": %.100s", start);
	*ret_rv = rv < 0 ? 0 : (uint64_t)rv;
	*ret_after = mem_strdup(first);
	return 0;
}
