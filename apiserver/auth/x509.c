/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client certificates: GnuTLS asks for one in the handshake without insisting. It is checked here, once per
 * connection, against the client CA and for the client-auth purpose: the common name is the user, each
 * organization a group.
 */
#include "auth/auth.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define MAX_ORGANIZATIONS 64
#define MAX_ATTRIBUTE 256

void peer_release(struct peer *p)
{
	for (char **g = p->groups; g && *g; g++)
		free(*g);
	free(p->groups);
	free(p->name);
	free(p->error);
	memset(p, 0, sizeof(*p));
}

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

void peer_read(struct peer *p, void *tls)
{
	unsigned n = 0, status = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &n);
	if (!chain || !n)
		return;
	gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (void *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
	int rc = gnutls_certificate_verify_peers(tls, &purpose, 1, &status);
	if (rc < 0) {
		p->error = mem_strdup(gnutls_strerror(rc));
		return;
	}
	if (status) {
		gnutls_datum_t text = {0};
		if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0)
			p->error = mem_strndup((const char *)text.data, text.size);
		else
			p->error = mem_strdup("the certificate is not trusted");
		gnutls_free(text.data);
		return;
	}
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0)
		abort();
	if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) < 0)
		p->error = mem_strdup("the certificate cannot be read");
	else
		read_names(p, crt);
	gnutls_x509_crt_deinit(crt);
}
