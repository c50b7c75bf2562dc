/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates: GnuTLS asks for one in the handshake without insisting. It is checked here, at the
 * connection's first request, against the client CA and for the client-auth purpose: the common name is the user,
 * each organization a group. One that was found good a moment ago is not checked again.
 */
#include "auth/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define MAX_ORGANIZATIONS 64
#define MAX_ATTRIBUTE 256

static char *attribute(gnutls_x509_crt_t crt, const char *oid, unsigned i)
{
	char text[MAX_ATTRIBUTE];
	size_t n = sizeof(text);
	if (gnutls_x509_crt_get_dn_by_oid(crt, oid, i, 0, text, &n) < 0)
		return NULL;
	return mem_strndup(text, n);
}

static void read_names(struct peer *p, gnutls_x509_crt_t crt)
{
	p->name = attribute(crt, GNUTLS_OID_X520_COMMON_NAME, 0);
	if (!p->name) {
		p->error = mem_strdup("the certificate has no common name");
		return;
	}
	size_t n = 0;
	p->groups = mem_array(MAX_ORGANIZATIONS + 2, sizeof(*p->groups));
	for (char *o;
	     n < MAX_ORGANIZATIONS && (o = attribute(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, (unsigned)n));
	     n++)
		p->groups[n] = o;
	p->groups[n] = mem_strdup("system:authenticated");
	p->groups = mem_realloc_array(p->groups, n + 2, sizeof(*p->groups));
}

static void name_error(struct peer *p, int rc, unsigned status)
{
	gnutls_datum_t text = {0};
	if (rc < 0)
		p->error = mem_strdup(gnutls_strerror(rc));
	else if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0)
		p->error = mem_strndup((const char *)text.data, text.size);
	else
		p->error = mem_strdup("the certificate is not trusted");
	gnutls_free(text.data);
}

/* *ret_until_ns: when the certificate ends. */
static void verify(struct peer *p, gnutls_session_t tls, const gnutls_datum_t *der, int64_t *ret_until_ns)
{
	unsigned status = 0;
	gnutls_x509_crt_t crt;
	gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (void *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
	int rc = gnutls_certificate_verify_peers(tls, &purpose, 1, &status);
	if (rc < 0 || status) {
		name_error(p, rc, status);
		return;
	}
	if (gnutls_x509_crt_init(&crt) < 0)
		abort();
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) < 0)
		p->error = mem_strdup("the certificate cannot be read");
	else
		read_names(p, crt);
	int64_t end_s = gnutls_x509_crt_get_expiration_time(crt);
	*ret_until_ns = end_s > INT64_MAX / NS_PER_S ? INT64_MAX : end_s * NS_PER_S;
	gnutls_x509_crt_deinit(crt);
}

static void digest(const gnutls_datum_t *chain, unsigned n, unsigned char key[PEERS_KEY])
{
	gnutls_hash_hd_t h;
	if (gnutls_hash_init(&h, GNUTLS_DIG_SHA256) < 0)
		abort();
	for (unsigned i = 0; i < n; i++) /* a certificate says itself how long it is */
		gnutls_hash(h, chain[i].data, chain[i].size);
	gnutls_hash_deinit(h, key);
}

void x509_read(struct peers *known, struct peer *p, void *tls)
{
	unsigned n = 0;
	unsigned char key[PEERS_KEY];
	int64_t until_ns = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &n);
	if (!chain || !n)
		return;
	digest(chain, n, key);
	if (peers_find(known, key, p))
		return;
	verify(p, tls, chain, &until_ns);
	if (!p->error)
		peers_add(known, key, p, until_ns);
}
