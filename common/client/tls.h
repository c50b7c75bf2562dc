/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates (the only file that sees OpenSSL's X.509 half): ECDSA P-256 keys, a CA, signed
 * certificates, PEM files. Used by `apiserver --make-pki`-style set-up, by the node agent's serving
 * certificate, and by tests. Any thread.
 */
#ifndef CLIENT_TLS_H
#define CLIENT_TLS_H

#include <stdbool.h>
#include "base/buf.h"

struct tls_cert_spec {
	const char *common_name;
	const char *organization; /* NULL = none; the groups of a client certificate, one only */
	const char *const *dns;	  /* NULL-terminated, may be NULL */
	const char *const *ips;
	bool ca, server, client;
	int days;
};

/* Certificate and key are appended to the two buffers, in PEM. spec's `ca` makes an intermediate CA. */
int tls_make_ca(const char *common_name, int days, struct buf *cert, struct buf *key,
		struct err *err) MUST_CHECK;
int tls_make_cert(const char *ca_cert_pem, const char *ca_key_pem, const struct tls_cert_spec *spec,
		  struct buf *cert, struct buf *key, struct err *err) MUST_CHECK;
/* Writes a file by rename, 0600 when secret. */
int tls_write_pem(const char *path, const char *pem, bool secret, struct err *err) MUST_CHECK;
int tls_read_file(const char *path, size_t max, struct buf *out, struct err *err) MUST_CHECK;
/* SHA-256 of a stream in lower-case hex, for image digests. One thread at a time. */
struct tls_sha256;
struct tls_sha256 *tls_sha256_new(void);
void tls_sha256_add(struct tls_sha256 *s, const void *p, size_t n);
void tls_sha256_end(struct tls_sha256 *s, char hex[65]); /* frees s */
/* SHA-512 in upper-case hex, as upstream's ETags have it. Any thread. */
void tls_sha512(const void *p, size_t n, char hex[129]);

#endif
