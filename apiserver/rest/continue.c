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
#include "object/scan.h"

#define TOKEN_MAX 4096
#define VERSION "meta.k8s.io/v1"
#define INVALID "invalid continue token: continue key is not valid"

void continue_encode(struct buf *out, uint64_t rv, const char *after)
{
	autobuf struct buf b = BUF_INIT;
	buf_addf(&b, "{\"v\":\"" VERSION "\",\"rv\":%lld,\"start\":", rv ? (long long)rv : -1LL);
	buf_add_json_string(&b, after, strlen(after));
	buf_addc(&b, '}');
	base64url_encode(out, b.p, b.len);
}

static bool read_text(struct scan *s, struct buf *out)
{
	const char *p;
	size_t n;
	bool escaped;
	buf_clear(out);
	if (!scan_string(s, &p, &n, &escaped))
		return false;
	if (escaped)
		scan_unescape(out, p, n);
	else
		buf_add(out, p, n);
	return !memchr(buf_str(out), 0, out->len);
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
	autobuf struct buf json = BUF_INIT;
	autobuf struct buf version = BUF_INIT;
	autobuf struct buf start = BUF_INIT;
	struct err inner = ERR_INIT;
	int64_t rv = 0;
	size_t n = strlen(token);
	if (n > TOKEN_MAX || base64url_decode(&json, token, n, &inner) < 0)
		return err_set(err, REASON_BAD_REQUEST, INVALID ": illegal base64 data");
	struct scan s;
	const char *key;
	size_t len;
	scan_init(&s, buf_str(&json), json.len);
	bool ok = scan_enter_object(&s);
	while (ok && scan_key(&s, &key, &len)) {
		if (scan_key_is(key, len, "v"))
			ok = read_text(&s, &version);
		else if (scan_key_is(key, len, "start"))
			ok = read_text(&s, &start);
		else if (scan_key_is(key, len, "rv"))
			ok = scan_int(&s, &rv);
		else
			ok = scan_skip(&s);
	}
	if (!ok || scan_failed(&s) || scan_peek(&s) != SCAN_END)
		return err_set(err, REASON_BAD_REQUEST, INVALID ": malformed token");
	if (strcmp(buf_str(&version), VERSION))
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": server does not recognize this encoded version %.100s",
			       buf_str(&version));
	if (!rv || rv < -1)
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
	if (!start.len)
		return err_set(err, REASON_BAD_REQUEST,
			       INVALID ": encoded start key empty (version meta.k8s.io/v1)");
	if (!is_clean(buf_str(&start)))
		return err_set(err, REASON_BAD_REQUEST, INVALID ": %.100s", buf_str(&start));
	*ret_rv = rv < 0 ? 0 : (uint64_t)rv;
	*ret_after = buf_take(&start, NULL);
	return 0;
}
