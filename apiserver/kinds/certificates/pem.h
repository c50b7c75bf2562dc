/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and requests for them as clients send them: PEM, read as Go's encoding/pem reads it (what is no block is
 * skipped), and checked by GnuTLS. Pure, any thread.
 */
#ifndef KINDS_CERTIFICATES_PEM_H
#define KINDS_CERTIFICATES_PEM_H

#include "base/buf.h"

struct pem_block {
	char type[64]; /* "CERTIFICATE" */
	bool headers;  /* has some */
	struct buf der;
};
/* The next block of *p, which moves behind it; false when there is none. Release with buf_release(&ret->der). */
bool pem_next(const char **p, size_t *n, struct pem_block *ret); /* for tests */

/* REASON_INVALID says why it is none, or not signed by its own key. */
int pem_check_request(const char *p, size_t n, struct err *err) MUST_CHECK;
/* Certificates and nothing else; no bytes are fine. */
int pem_check_certificates(const char *p, size_t n, struct err *err) MUST_CHECK;
/* One certificate at least, whatever stands beside it, as Go fills a pool of those that it trusts. */
int pem_check_authorities(const char *p, size_t n, struct err *err) MUST_CHECK;
/* Whether the first certificate in the text has not been valid for that long; one that cannot be read has no end. */
bool pem_is_over(const char *p, size_t n, int64_t now_ns, int64_t grace_ns);
/* A certificate, others behind it maybe, and its private key; in the words of Go's tls.X509KeyPair. */
int pem_check_pair(const struct buf *certificate, const struct buf *key, struct err *err) MUST_CHECK;

#endif
