/* SPDX-License-Identifier: Apache-2.0 */
#include "image/registry_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
#include "image/store.h"
#include "object/json.h"

#define TOKEN_MAX (1u << 20)
#define WAIT_MAX_NS (30 * NS_PER_S)
#define BUSY_TRIES 3 /* after the first, of a server that is busy */
#define ACCEPT                                                                                               \
	"Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "      \
	"application/vnd.docker.distribution.manifest.list.v2+json, "                                        \
	"application/vnd.docker.distribution.manifest.v2+json"

/* ---- challenges ---- */

static void copy_value(const char **p, char *out, size_t size)
{
	const char *s = *p;
	size_t n = 0;
	bool quoted = *s == '"';
	s += quoted;
	for (; *s && (quoted ? *s != '"' : *s != ',' && *s != ' '); s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		if (out && n + 1 < size)
			out[n++] = *s;
	}
	if (out)
		out[n] = '\0';
	*p = s + (quoted && *s == '"');
}

void registry_challenge_parse(const char *header, struct registry_challenge *ret)
{
	*ret = (struct registry_challenge){0};
	while (*header == ' ')
		header++;
	ret->basic = !strncasecmp(header, "Basic", 5);
	ret->bearer = !strncasecmp(header, "Bearer ", 7);
	if (!ret->bearer)
		return;
	for (const char *p = header + 7; *p;) {
		p += strspn(p, " ,\t");
		size_t key = strcspn(p, "= ,");
		const char *name = p;
		p += key;
		if (*p != '=')
			continue;
		p++;
		if (key == 5 && !strncasecmp(name, "realm", 5))
			copy_value(&p, ret->realm, sizeof(ret->realm));
		else if (key == 7 && !strncasecmp(name, "service", 7))
			copy_value(&p, ret->service, sizeof(ret->service));
		else if (key == 5 && !strncasecmp(name, "scope", 5))
			copy_value(&p, ret->scope, sizeof(ret->scope));
		else
			copy_value(&p, NULL, 0);
	}
}

static int parse_token(struct registry *r, const struct buf *body, struct err *err)
{
	autojson js *o = js_parse(buf_str(body), body->len, NULL, err);
	if (!o)
		return err_wrap(err, "registry token");
	const char *t = js_str(o, "token", NULL);
	if (!t)
		t = js_str0(o, "access_token", NULL);
	if (!*t || strpbrk(t, "\r\n"))
		return err_set(err, REASON_UNAUTHORIZED, "the registry's token server gave no token");
	free(r->bearer);
	r->bearer = mem_printf("Authorization: Bearer %s", t);
	return 0;
}

static int get_token(struct registry *r, const struct registry_challenge *c, struct err *err)
{
	/* Credentials go to the realm, so it may not be plainer than the registry itself. */
	bool https = !strncasecmp(c->realm, "https://", 8), http = !strncasecmp(c->realm, "http://", 7);
	if (!https && !(http && !strcmp(r->scheme, "http")))
		return err_set(err, REASON_UNAUTHORIZED, "unacceptable token realm \"%.200s\"", c->realm);
	autobuf struct buf url = BUF_INIT;
	buf_addf(&url, "%s%cservice=", c->realm, strchr(c->realm, '?') ? '&' : '?');
	http_escape(&url, c->service);
	buf_adds(&url, "&scope=");
	if (c->scope[0]) {
		http_escape(&url, c->scope);
	} else {
		autofree char *scope = mem_printf("repository:%s:pull", r->ref->path);
		http_escape(&url, scope);
	}
	struct http_request rq = {.method = "GET",
				  .url = url.p,
				  .max_body = TOKEN_MAX,
				  .username = r->username,
				  .password = r->username ? r->password : NULL};
	struct http_reply rep = {0};
	int rc = http_do(r->http, &rq, &rep, err);
	if (rc == 0 && rep.status != 200)
		rc = err_set(err,
			     rep.status == 401 || rep.status == 403 ? REASON_UNAUTHORIZED
								    : REASON_UNAVAILABLE,
			     "failed to fetch %s token: unexpected status from GET request to %.200s: %d",
			     r->username ? "oauth" : "anonymous", c->realm, rep.status);
	if (rc == 0)
		rc = parse_token(r, &rep.body, err);
	http_reply_release(&rep);
	return rc;
}

int registry_authenticate(struct registry *r, const char *header, struct err *err)
{
	struct registry_challenge c;
	registry_challenge_parse(header, &c);
	if (c.bearer)
		return get_token(r, &c, err);
	if (!c.basic || !r->username || r->basic)
		return err_set(
			err, REASON_UNAUTHORIZED,
			"pull access denied, repository does not exist or may require authorization: authorization failed: %s",
			r->username ? "bad credentials" : "no basic auth credentials");
	r->basic = true;
	return 0;
}

/* ---- requests ---- */

static bool in_list(const char *list, const char *item)
{
	size_t n = strlen(item);
	for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == n && !memcmp(p, item, n))
			return true;
	return false;
}

struct registry *registry_open(const struct image_ref *ref, const struct registry_options *o, struct err *err)
{
	struct registry *r = MEM_NEW(struct registry);
	const struct image_host *h = o->host;
	r->tls = h ? (struct http_tls){.ca_file = h->ca,
				       .cert_file = h->cert,
				       .key_file = h->key,
				       .insecure = h->skip_verify}
		   : (struct http_tls){.ca_file = o->ca_file};
	r->username = h && h->mirror ? NULL : o->username;
	r->password = r->username ? o->password : NULL;
	r->http = http_new(&r->tls, REGISTRY_PARALLEL);
	if (!r->http) {
		(void)err_errno(err, "event loop of a pull");
		free(r);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	clock_cond_init(&r->news);
	r->o = o;
	r->ref = ref;
	if (h)
		r->scheme = strncasecmp(h->url, "http:", 5) ? "https" : "http";
	r->may_http = image_ref_is_loopback(ref) || in_list(o->insecure, ref->domain);
	return r;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	http_free(r->http);
	pthread_cond_destroy(&r->news);
	pthread_mutex_destroy(&r->lock);
	free(r->bearer);
	free(r);
}

void registry_cancel(struct registry *r)
{
	pthread_mutex_lock(&r->lock);
	r->canceled = true;
	pthread_cond_broadcast(&r->news);
	pthread_mutex_unlock(&r->lock);
	http_cancel(r->http);
}

char *registry_url(const struct registry *r, const char *scheme, const char *kind, const char *what)
{
	const struct image_host *h = r->o->host;
	if (h) /* a mirror is told whose image it is */
		return mem_printf("%s/%s/%s/%s%s%s", h->url, r->ref->path, kind, what,
				  h->mirror ? "?ns=" : "", h->mirror ? r->ref->domain : "");
	return mem_printf("%s://%s/v2/%s/%s/%s", scheme, image_ref_host(r->ref), r->ref->path, kind, what);
}

int registry_bad_status(const struct registry *r, const char *url, int status, struct err *err)
{
	if (status == 404)
		return err_set(err, REASON_NOT_FOUND, "%s/%s%s%s: not found", r->ref->domain, r->ref->path,
			       r->ref->digest[0] ? "@" : ":",
			       r->ref->digest[0] ? r->ref->digest : r->ref->tag);
	if (status == 401 || status == 403)
		return err_set(
			err, status == 401 ? REASON_UNAUTHORIZED : REASON_FORBIDDEN,
			"pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed");
	return err_set(err, status == 429 ? REASON_TOO_MANY_REQUESTS : REASON_UNAVAILABLE,
		       "unexpected status from GET request to %.300s: %d", url, status);
}

void registry_fill_request(const struct registry *r, struct http_request *rq, const char **headers,
			   const char *more)
{
	size_t n = 0;
	headers[n++] = ACCEPT;
	if (r->bearer)
		headers[n++] = r->bearer;
	if (more)
		headers[n++] = more;
	headers[n] = NULL;
	rq->method = "GET";
	rq->headers = headers;
	rq->follow_redirects = true;
	rq->username = r->basic ? r->username : NULL;
	rq->password = r->basic ? r->password : NULL;
}

static int try_once(struct registry *r, const char *scheme, const char *kind, const char *what, size_t max,
		    struct http_reply *rep, struct err *err)
{
	const char *headers[4];
	autofree char *url = registry_url(r, scheme, kind, what);
	struct http_request rq = {.url = url, .max_body = max, .timeout_ns = REGISTRY_IDLE_NS};
	registry_fill_request(r, &rq, headers, NULL);
	if (http_do(r->http, &rq, rep, err) < 0)
		return err_wrap(err, "failed to do request");
	return 0;
}

/*
 * The first answer decides how to talk. Plain HTTP is for this machine and for registries that were named
 * insecure: for the former it comes first (a plain server may wait for the rest of a TLS greeting for ever),
 * for the latter only when HTTPS has failed. No credentials are sent before something has asked for them.
 */
static int try_schemes(struct registry *r, const char *kind, const char *what, size_t max,
		       struct http_reply *rep, struct err *err)
{
	const char *order[2] = {"https", r->may_http ? "http" : NULL};
	if (r->scheme)
		return try_once(r, r->scheme, kind, what, max, rep, err);
	if (image_ref_is_loopback(r->ref)) {
		order[0] = "http";
		order[1] = "https";
	}
	struct err first = ERR_INIT;
	for (int i = 0; i < 2 && order[i]; i++) {
		struct err e = ERR_INIT;
		http_reply_release(rep);
		*rep = (struct http_reply){0};
		int rc = try_once(r, order[i], kind, what, max, rep, &e);
		/* What a TLS server says to plain HTTP. */
		if (rc == 0 && rep->status == 400 && !strcmp(order[i], "http"))
			rc = err_set(&e, REASON_UNAVAILABLE, "the registry does not talk plain HTTP");
		if (rc == 0) {
			r->scheme = order[i];
			return 0;
		}
		/* HTTPS's trouble (a certificate, a name) says more than that of a plain try. */
		if (first.reason == REASON_NONE || !strcmp(order[i], "https"))
			first = e;
		if (e.reason == REASON_CANCELED || e.reason == REASON_TOO_LARGE)
			break;
	}
	*err = first;
	return -1;
}

bool registry_transient(const struct http_reply *rep)
{
	if (rep->err.reason != REASON_NONE)
		return rep->err.reason == REASON_UNAVAILABLE || rep->err.reason == REASON_TIMEOUT;
	return rep->status == 408 || rep->status == 429 || rep->status >= 500;
}

bool registry_wait(struct registry *r, const struct http_reply *rep, int nth)
{
	int64_t ns = NS_PER_S << (nth < 5 ? nth : 5);
	if (rep->retry_after[0] >= '0' && rep->retry_after[0] <= '9')
		ns = (int64_t)strtol(rep->retry_after, NULL, 10) * NS_PER_S;
	if (ns > WAIT_MAX_NS || ns < 0)
		ns = WAIT_MAX_NS;
	int64_t until = clock_mono_ns() + ns;
	pthread_mutex_lock(&r->lock);
	while (!r->canceled && clock_mono_ns() < until)
		(void)clock_cond_wait(&r->news, &r->lock, until);
	bool go_on = !r->canceled;
	pthread_mutex_unlock(&r->lock);
	return go_on;
}

/* A registry that cannot be reached at all is told of at once: whoever wants the image asks again. */
static int get(struct registry *r, const char *kind, const char *what, size_t max, struct http_reply *rep,
	       struct err *err)
{
	bool challenged = false;
	for (int busy = 0;;) {
		if (try_schemes(r, kind, what, max, rep, err) < 0)
			return -1;
		if (rep->status == 200)
			return 0;
		if (rep->status == 401 && !challenged) {
			challenged = true;
			if (registry_authenticate(r, rep->www_authenticate, err) < 0)
				return -1;
		} else if (!registry_transient(rep) || busy == BUSY_TRIES || !registry_wait(r, rep, busy++)) {
			break;
		}
		http_reply_release(rep);
		*rep = (struct http_reply){0};
	}
	autofree char *url = registry_url(r, r->scheme, kind, what);
	return registry_bad_status(r, url, rep->status, err);
}

static int check_digest(const struct buf *b, const char *want, struct err *err)
{
	char got[IMAGE_DIGEST_MAX];
	image_digest_of(buf_str(b), b->len, got);
	if (strcmp(got, want))
		return err_set(err, REASON_INVALID,
			       "failed precondition: digest mismatch: got %s, expected %s", got, want);
	return 0;
}

int registry_manifest(struct registry *r, const char *what, struct buf *out,
		      char ret_digest[IMAGE_DIGEST_MAX], struct err *err)
{
	struct http_reply rep = {0};
	int rc = get(r, "manifests", what, IMAGE_MANIFEST_MAX, &rep, err);
	if (rc == 0 && image_ref_digest_valid(what))
		rc = check_digest(&rep.body, what, err);
	else if (rc == 0 && image_ref_digest_valid(rep.docker_content_digest))
		rc = check_digest(&rep.body, rep.docker_content_digest, err);
	if (rc == 0) {
		image_digest_of(buf_str(&rep.body), rep.body.len, ret_digest);
		buf_add(out, buf_str(&rep.body), rep.body.len);
	}
	http_reply_release(&rep);
	return rc;
}

int registry_blob(struct registry *r, const struct image_descriptor *d, size_t max, struct buf *out,
		  struct err *err)
{
	struct http_reply rep = {0};
	int rc = get(r, "blobs", d->digest, max, &rep, err);
	if (rc == 0)
		rc = check_digest(&rep.body, d->digest, err);
	if (rc == 0 && d->size >= 0 && rep.body.len != (uint64_t)d->size)
		rc = err_set(err, REASON_INVALID, "blob has %zu bytes, its descriptor says %" PRId64,
			     rep.body.len, d->size);
	if (rc == 0)
		buf_add(out, buf_str(&rep.body), rep.body.len);
	http_reply_release(&rep);
	return rc;
}
