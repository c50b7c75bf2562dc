/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloads of layers, a few at a time. One that breaks off, or whose server is busy, goes on where it was (Range) as long
 * as tries bring something; what was read is hashed as it comes, so that a server which answers with other bytes than
 * those that were asked for is found out at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/tls.h"
#include "image/registry_internal.h"

struct download {
	const struct image_descriptor *want;
	int fd, status;
	int64_t done, before; /* bytes that are there; before this round */
	int idle;	      /* tries in a row that brought nothing */
	bool over, ok, again; /* again: it began anew because what was resumed did not fit */
	struct tls_sha256 *hash;
	char *url;
	char range[64];
	struct err err; /* what ended it */
};

static int begin_anew(struct download *d)
{
	char ignored[65];
	d->done = 0;
	tls_sha256_end(d->hash, ignored);
	d->hash = tls_sha256_new();
	return ftruncate(d->fd, 0) < 0 || lseek(d->fd, 0, SEEK_SET) < 0 ? -1 : 0;
}

static void on_status(void *arg, int status)
{
	struct download *d = arg;
	d->status = status;
	/* It does not do ranges: all of it comes once more. */
	if (status == 200 && d->done && begin_anew(d) < 0)
		err_errno(&d->err, "write layer");
}

static bool on_data(void *arg, const char *p, size_t n)
{
	struct download *d = arg;
	if (d->status != 200 && d->status != 206)
		return true; /* some page about an error */
	if (d->err.reason != REASON_NONE)
		return false;
	tls_sha256_add(d->hash, p, n);
	d->done += (int64_t)n;
	if (d->done > (d->want->size < 0 ? IMAGE_LAYER_SIZE_MAX : d->want->size)) {
		err_set(&d->err, REASON_INVALID, "blob is larger than its descriptor says");
		return false;
	}
	while (n) {
		ssize_t w = write(d->fd, p, n);
		if (w < 0 && errno != EINTR) {
			err_errno(&d->err, "write layer");
			return false;
		}
		if (w > 0)
			p += w, n -= (size_t)w;
	}
	return true;
}

/* All of its bytes have come, whatever they are. */
static void check_digest(struct download *d)
{
	char hex[65];
	tls_sha256_end(STEAL(d->hash), hex);
	d->over = true;
	d->ok = !strcmp(hex, d->want->digest + strlen("sha256:"));
	if (d->ok)
		return;
	if (d->before && !d->again) { /* it may have been another blob's rest */
		d->hash = tls_sha256_new();
		d->again = true;
		d->over = begin_anew(d) < 0;
		if (!d->over)
			return;
	}
	err_set(&d->err, REASON_INVALID, "failed precondition: digest mismatch: got sha256:%s, expected %s",
		hex, d->want->digest);
}

/* After one try: is it over? */
static void judge(struct registry *r, struct download *d, const struct http_reply *rep)
{
	bool whole = rep->err.reason == REASON_NONE && (d->status == 200 || d->status == 206);
	d->idle = d->done > d->before ? 0 : d->idle + 1;
	if (d->err.reason != REASON_NONE) {
		d->over = true;
	} else if (whole && (d->want->size < 0 || d->done == d->want->size)) {
		check_digest(d);
	} else if (d->idle < REGISTRY_TRIES && (whole || registry_transient(rep))) {
		return; /* cut short, or busy */
	} else if (rep->err.reason == REASON_NONE && rep->status == 416 && d->done && !d->again) {
		d->again = true;
		d->over = begin_anew(d) < 0;
	} else if (rep->err.reason == REASON_NONE && rep->status == 401 && d->idle < 2) {
		/* A token that has run out meanwhile. */
		d->over = registry_authenticate(r, rep->www_authenticate, &d->err) < 0;
	} else {
		d->over = true;
		if (rep->err.reason != REASON_NONE) {
			d->err = rep->err;
			(void)err_wrap(&d->err, "failed to do request");
		} else if (whole) {
			err_set(&d->err, REASON_INVALID,
				"blob has %" PRId64 " bytes, its descriptor says %" PRId64, d->done,
				d->want->size);
		} else {
			(void)registry_bad_status(r, d->url, rep->status, &d->err);
		}
	}
}

static void ask(struct registry *r, struct download *d, struct http_request *rq, const char **headers)
{
	*rq = (struct http_request){.url = d->url,
				    .timeout_ns = REGISTRY_IDLE_NS,
				    .max_body = IMAGE_LAYER_SIZE_MAX,
				    .on_data = on_data,
				    .on_status = on_status,
				    .arg = d};
	d->before = d->done;
	d->status = 0;
	snprintf(d->range, sizeof(d->range), "Range: bytes=%" PRId64 "-", d->done);
	registry_fill_request(r, rq, headers, d->done ? d->range : NULL);
}

/* Every one that is not over once; false when all are, or one has failed. */
static bool run_round(struct registry *r, struct download *dl, size_t n, int nth)
{
	struct http_request *rq = mem_array(n, sizeof(*rq));
	struct http_reply *rep = mem_array(n, sizeof(*rep));
	const char *(*headers)[4] = mem_array(n, sizeof(*headers));
	struct download **d = mem_array(n, sizeof(*d));
	const struct http_reply *busy = NULL;
	size_t m = 0;
	bool failed = false, left = false;
	for (size_t i = 0; i < n; i++)
		if (!dl[i].over) {
			d[m] = &dl[i];
			ask(r, d[m], &rq[m], headers[m]);
			m++;
		}
	http_run(r->http, rq, rep, m, REGISTRY_PARALLEL);
	for (size_t i = 0; i < m; i++) {
		judge(r, d[i], &rep[i]);
		failed |= d[i]->over && !d[i]->ok;
		left |= !d[i]->over;
		if (!d[i]->over && d[i]->idle && rep[i].status != 401)
			busy = &rep[i];
	}
	/* One that brought something goes on at once. */
	bool more = left && !failed && (!busy || registry_wait(r, busy, nth));
	for (size_t i = 0; i < m; i++)
		http_reply_release(&rep[i]);
	free(rq);
	free(rep);
	free(headers);
	free(d);
	return more;
}

int registry_blobs(struct registry *r, const struct image_descriptor *d, const int *fds, size_t n,
		   struct err *err)
{
	int rc = 0;
	if (!n)
		return 0;
	struct download *dl = mem_array(n, sizeof(*dl));
	for (size_t i = 0; i < n; i++)
		dl[i] = (struct download){
			.want = &d[i],
			.fd = fds[i],
			.hash = tls_sha256_new(),
			.url = registry_url(r, r->scheme ? r->scheme : "https", "blobs", d[i].digest)};
	for (int nth = 0; run_round(r, dl, n, nth); nth++)
		;
	for (size_t i = 0; i < n; i++) {
		char ignored[65];
		if (!dl[i].ok && rc == 0 && dl[i].err.reason != REASON_NONE) {
			*err = dl[i].err;
			rc = -1;
		}
		if (dl[i].hash)
			tls_sha256_end(dl[i].hash, ignored);
		free(dl[i].url);
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		if (!dl[i].ok)
			rc = err_set(err, REASON_CANCELED, "the pull was canceled");
	free(dl);
	return rc;
}
