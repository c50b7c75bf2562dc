/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health of every daemon: named checks, and the small listener that serves /healthz, /livez, /readyz (?verbose,
 * ?exclude=CHECK, /readyz/CHECK), /metrics and /version, by HTTPS to who may see them, or by plain HTTP on loopback.
 * The apiserver serves the same pages from its own listener through health_page(). Any thread.
 *
 * /healthz and /readyz ask every check, /livez those that say so: most daemons have none, since who waits for the API is
 * not to be restarted for it.
 */
#ifndef SERVE_HEALTH_H
#define SERVE_HEALTH_H

#include <stdbool.h>
#include "base/buf.h"
#include "loop/loop.h"
#include "serve/metric.h"

#define HEALTH_MAX_CHECKS 48

/* Returns true when healthy; otherwise writes why into `why`. Must not block. */
typedef bool health_check_fn(void *arg, char why[128]);
#define HEALTH_LIVEZ 1u	      /* also a matter of life */
#define HEALTH_ONLY_READYZ 2u /* not even of /healthz */
struct health_check {
	const char *name;
	const char *group; /* another name for it, in paths and for `exclude`; NULL = none */
	unsigned pages;
	health_check_fn *fn;
	void *arg;
};
void health_add(const struct health_check *c); /* copied; its texts are static; replaces one of that name */
void health_add_check(const char *name, health_check_fn *fn, void *arg); /* of /healthz and /readyz */
/* Calls `each` with the path of every page: /healthz, /healthz/ping, … */
void health_paths(void (*each)(void *arg, const char *path), void *arg);
/*
 * One page; true when the path is one of ours. *ret_status gets 200, 404 or 500, *ret_type a static content
 * type. The page is appended to out. As upstream, a whole page names a failing check but not why it fails;
 * /readyz/CHECK and the log (--v=2) say that.
 */
bool health_page(const char *path, const char *query, struct buf *out, int *ret_status,
		 const char **ret_type);

/* A further page, of this daemon alone; a few at most. path and type are static. Before anybody asks, or from the loop. */
void health_add_page(const char *path, const char *type,
		     void (*write)(void *arg, const char *query, struct buf *out), void *arg);

/* Copied. Texts are PEM. */
struct health_tls {
	const char *cert_pem, *key_pem; /* the certificate may be followed by its intermediates */
	/* With cert_pem NULL: makes both, on the loop, when somebody comes for the first time. */
	int (*make)(void *arg, struct buf *cert_pem, struct buf *key_pem, struct err *err);
	void *arg;
	const char *client_ca_pem; /* whose client certificates count; NULL = nobody's */
	const char *open_paths;	   /* "/healthz,/livez*": for everybody */
};
struct health;
/* On the daemon's loop, which outlives health_stop; checks run there. addr is a numeric IPv4 or IPv6 address;
   port 0 = any free one. tls NULL: plain HTTP, all pages for all. */
struct health *health_start(struct loop *l, const char *addr, int port, const struct health_tls *tls,
			    struct err *err) MUST_CHECK;
int health_port(const struct health *h);
void health_stop(struct health *h);

/* Inside, for the listener and its fuzz target: the request line of a complete request head. */
#define HEALTH_REQUEST_MAX 8192
struct health_request {
	bool head; /* HEAD */
	char path[256], query[256];
};
/* 0 = more bytes are needed, 200 = parsed, else the HTTP status to refuse it with. */
int health_parse_request(const char *p, size_t n, struct health_request *ret); /* for tests */

#endif
