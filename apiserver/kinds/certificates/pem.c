/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/certificates/pem.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include "base/base64.h"
#include "base/clock.h"

#define DASHES "-----"
#define BEGIN DASHES "BEGIN "
#define END DASHES "END "

/* ---- lines ---- */

struct text {
	const char *p, *end;
};

/* A line without what ends it and blanks before that. */
static struct text take_line(struct text *t)
{
	const char *nl = memchr(t->p, '\n', (size_t)(t->end - t->p)), *end = nl ? nl : t->end;
	struct text line = {t->p, end};

	t->p = nl ? nl + 1 : t->end;
	while (line.end > line.p && strchr(" \t\r", line.end[-1]))
		line.end--;
	return line;
}

static size_t text_len(struct text t)
{
	return (size_t)(t.end - t.p);
}

/* Of `-----BEGIN TYPE-----`: the type; false when the line is none. */
static bool is_mark(struct text line, const char *start, char type[64])
{
	size_t n = text_len(line), lead = strlen(start), tail = strlen(DASHES);

	if (n < lead + tail || n - lead - tail >= 64 || memcmp(line.p, start, lead) ||
	    memcmp(line.end - tail, DASHES, tail))
		return false;
	memcpy(type, line.p + lead, n - lead - tail);
	type[n - lead - tail] = 0;
	return true;
}

/* What is between the marks; false when there is no end of that type. */
static bool take_body(struct text *t, const char *type, struct text *body)
{
	char other[64];

	body->p = t->p;
	while (t->p < t->end) {
		body->end = t->p;
		if (is_mark(take_line(t), END, other))
			return !strcmp(other, type);
	}
	return false;
}

/* Lines "KEY: VALUE" before the base64. */
static bool decode_body(struct text body, struct pem_block *ret)
{
	autobuf struct buf text = BUF_INIT;
	struct err ignore = ERR_INIT;
	bool in_headers = true;

	while (body.p < body.end) {
		struct text line = take_line(&body);
		if (in_headers && memchr(line.p, ':', text_len(line))) {
			ret->headers = true;
			continue;
		}
		in_headers &= !text_len(line) && ret->headers;
		buf_add(&text, line.p, text_len(line));
	}
	return base64_decode(&ret->der, buf_str(&text), text.len, &ignore) == 0;
}

bool pem_next(const char **p, size_t *n, struct pem_block *ret)
{
	struct text t = {*p, *p + *n};

	memset(ret, 0, sizeof(*ret));
	while (t.p < t.end) {
		struct text body;
		if (!is_mark(take_line(&t), BEGIN, ret->type))
			continue;
		struct text rest = t;
		if (take_body(&rest, ret->type, &body) && decode_body(body, ret)) {
			*p = rest.p;
			*n = text_len(rest);
			return true;
		}
		buf_release(&ret->der);
		ret->headers = false;
		t = rest; /* no block is within another one */
	}
	*p = t.end;
	*n = 0;
	return false;
}

/* ---- what is in it ---- */

/* As Go names them, of keys that it can verify with. */
static const char *bad_signature(gnutls_x509_crq_t crq)
{
	unsigned bits;

	switch (gnutls_x509_crq_get_pk_algorithm(crq, &bits)) {
	case GNUTLS_PK_RSA:
		return "crypto/rsa: verification error";
	case GNUTLS_PK_EDDSA_ED25519:
		return "x509: Ed25519 verification failure";
	default:
		return "x509: ECDSA verification failure";
	}
}

static int check_signature(gnutls_x509_crq_t crq, struct err *err)
{
	int algorithm = gnutls_x509_crq_get_signature_algorithm(crq);

	if (algorithm == GNUTLS_SIGN_RSA_MD5)
		return err_set(err, REASON_INVALID,
			       "x509: cannot verify signature: insecure algorithm MD5-RSA");
	if (gnutls_x509_crq_verify(crq, GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1) < 0)
		return err_set(err, REASON_INVALID, "%s", bad_signature(crq));
	return 0;
}

int pem_check_request(const char *p, size_t n, struct err *err)
{
	gnutls_x509_crq_t crq;
	struct pem_block b;

	if (!pem_next(&p, &n, &b))
		return err_set(err, REASON_INVALID, "PEM block type must be CERTIFICATE REQUEST");
	gnutls_datum_t der = {.data = (unsigned char *)b.der.p, .size = (unsigned)b.der.len};
	int rc = 0;
	if (strcmp(b.type, "CERTIFICATE REQUEST")) {
		rc = err_set(err, REASON_INVALID, "PEM block type must be CERTIFICATE REQUEST");
	} else if (gnutls_x509_crq_init(&crq) < 0) {
		rc = err_set(err, REASON_INTERNAL, "no memory for a certificate request");
	} else {
		rc = gnutls_x509_crq_import(crq, &der, GNUTLS_X509_FMT_DER) < 0
			     ? err_set(err, REASON_INVALID,
				       "asn1: structure error: not a certificate request")
			     : check_signature(crq, err);
		gnutls_x509_crq_deinit(crq);
	}
	buf_release(&b.der);
	return rc;
}

static int parse_certificate(const struct pem_block *b, struct err *err)
{
	gnutls_datum_t der = {.data = (unsigned char *)b->der.p, .size = (unsigned)b->der.len};
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(err, REASON_INTERNAL, "no memory for a certificate");
	int rc = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	gnutls_x509_crt_deinit(crt);
	return rc < 0 ? err_set(err, REASON_INVALID, "x509: malformed certificate") : 0;
}

static int check_certificate(const struct pem_block *b, struct err *err)
{
	if (strcmp(b->type, "CERTIFICATE"))
		return err_set(err, REASON_INVALID, "only CERTIFICATE PEM blocks are allowed, found \"%s\"",
			       b->type);
	if (b->headers)
		return err_set(err, REASON_INVALID, "no PEM block headers are permitted");
	if (!b->der.len)
		return err_set(err, REASON_INVALID, "found CERTIFICATE PEM block containing 0 certificates");
	return parse_certificate(b, err);
}

int pem_check_authorities(const char *p, size_t n, struct err *err)
{
	struct err why = ERR_INIT;
	struct pem_block b;
	bool any = false;

	while (pem_next(&p, &n, &b)) {
		struct err bad = ERR_INIT;
		bool asked = !strcmp(b.type, "CERTIFICATE") && !b.headers;
		if (asked && parse_certificate(&b, &bad) == 0)
			any = true;
		else if (asked && why.reason == REASON_NONE)
			err_set(&why, REASON_INVALID, "failed to parse certificate: %s", bad.msg);
		buf_release(&b.der);
	}
	if (any)
		return 0;
	return err_set(err, REASON_INVALID, "unable to load root certificates: %s",
		       why.reason == REASON_NONE ? "unable to parse bytes as PEM block" : why.msg);
}

int pem_check_certificates(const char *p, size_t n, struct err *err)
{
	struct pem_block b;
	size_t blocks = 0;

	if (!n)
		return 0;
	for (; pem_next(&p, &n, &b); blocks++) {
		int rc = check_certificate(&b, err);
		buf_release(&b.der);
		if (rc < 0)
			return -1;
	}
	return blocks ? 0 : err_set(err, REASON_INVALID, "must contain at least one CERTIFICATE PEM block");
}

bool pem_is_over(const char *p, size_t n, int64_t now_ns, int64_t grace_ns)
{
	struct pem_block b;
	gnutls_x509_crt_t crt;
	bool over = false;

	if (!pem_next(&p, &n, &b))
		return false;
	gnutls_datum_t der = {.data = (unsigned char *)b.der.p, .size = (unsigned)b.der.len};
	if (gnutls_x509_crt_init(&crt) == 0) {
		over = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0 &&
		       gnutls_x509_crt_get_expiration_time(crt) <= (now_ns - grace_ns) / NS_PER_S;
		gnutls_x509_crt_deinit(crt);
	}
	buf_release(&b.der);
	return over;
}

/* ---- a certificate and its key ---- */

static bool is_key(const char *type)
{
	static const char word[] = "PRIVATE KEY";
	size_t n = strlen(type), w = strlen(word);

	return n >= w && !strcmp(type + n - w, word) && (n == w || type[n - w - 1] == ' ');
}

static bool is_certificate(const char *type)
{
	return !strcmp(type, "CERTIFICATE");
}

/* The first block of such a type; `skipped`: the types before it, or of all when there is none. */
static bool find_block(const struct buf *text, bool (*wanted)(const char *), struct pem_block *ret,
		       struct buf *skipped, size_t *n_skipped, bool *other)
{
	const char *p = buf_str(text);
	size_t n = text->len;

	while (pem_next(&p, &n, ret)) {
		if (wanted(ret->type))
			return true;
		*other = wanted == is_key ? is_certificate(ret->type) : is_key(ret->type);
		buf_addf(skipped, "%s%s", (*n_skipped)++ ? " " : "", ret->type);
		buf_release(&ret->der);
	}
	return false;
}

static int find_certificate(const struct buf *text, struct pem_block *ret, struct err *err)
{
	autobuf struct buf skipped = BUF_INIT;
	size_t n = 0;
	bool key = false;

	if (find_block(text, is_certificate, ret, &skipped, &n, &key))
		return 0;
	if (!n)
		return err_set(err, REASON_INVALID, "tls: failed to find any PEM data in certificate input");
	if (n == 1 && key)
		return err_set(
			err, REASON_INVALID,
			"tls: failed to find certificate PEM data in certificate input, but did find a "
			"private key; PEM inputs may have been switched");
	return err_set(
		err, REASON_INVALID,
		"tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM "
		"blocks of the following types: [%s]",
		buf_str(&skipped));
}

static int find_key(const struct buf *text, struct pem_block *ret, struct err *err)
{
	autobuf struct buf skipped = BUF_INIT;
	size_t n = 0;
	bool certificate = false;

	if (find_block(text, is_key, ret, &skipped, &n, &certificate))
		return 0;
	if (!n)
		return err_set(err, REASON_INVALID, "tls: failed to find any PEM data in key input");
	if (n == 1 && certificate)
		return err_set(err, REASON_INVALID,
			       "tls: found a certificate rather than a key in the PEM for the private key");
	return err_set(err, REASON_INVALID,
		       "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after "
		       "skipping PEM blocks of the following types: [%s]",
		       buf_str(&skipped));
}

/* What Go tells apart by its types of keys. */
static int family(int algorithm)
{
	return algorithm == GNUTLS_PK_RSA_PSS ? GNUTLS_PK_RSA : algorithm;
}

static int compare_keys(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, struct err *err)
{
	unsigned char a[64], b[64];
	size_t n = sizeof(a), m = sizeof(b);
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, NULL);

	if (family(algorithm) != GNUTLS_PK_RSA && algorithm != GNUTLS_PK_ECDSA &&
	    algorithm != GNUTLS_PK_EDDSA_ED25519)
		return err_set(err, REASON_INVALID, "tls: unknown public key algorithm");
	if (family(gnutls_x509_privkey_get_pk_algorithm(key)) != family(algorithm))
		return err_set(err, REASON_INVALID, "tls: private key type does not match public key type");
	if (gnutls_x509_crt_get_key_id(crt, 0, a, &n) < 0 ||
	    gnutls_x509_privkey_get_key_id(key, 0, b, &m) < 0 || n != m || memcmp(a, b, n))
		return err_set(err, REASON_INVALID, "tls: private key does not match public key");
	return 0;
}

static int match(const struct pem_block *certificate, const struct pem_block *key, struct err *err)
{
	gnutls_datum_t c = {.data = (unsigned char *)certificate->der.p,
			    .size = (unsigned)certificate->der.len},
		       k = {.data = (unsigned char *)key->der.p, .size = (unsigned)key->der.len};
	gnutls_x509_crt_t crt = NULL;
	gnutls_x509_privkey_t private = NULL;
	int rc = -1;

	if (gnutls_x509_crt_init(&crt) < 0 || gnutls_x509_privkey_init(&private) < 0)
		err_set(err, REASON_INTERNAL, "no memory for a certificate");
	else if (gnutls_x509_crt_import(crt, &c, GNUTLS_X509_FMT_DER) < 0)
		err_set(err, REASON_INVALID, "x509: malformed certificate");
	else if (gnutls_x509_privkey_import2(private, &k, GNUTLS_X509_FMT_DER, NULL, 0) < 0)
		err_set(err, REASON_INVALID, "tls: failed to parse private key");
	else
		rc = compare_keys(crt, private, err);
	if (private)
		gnutls_x509_privkey_deinit(private);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	return rc;
}

int pem_check_pair(const struct buf *certificate, const struct buf *key, struct err *err)
{
	struct pem_block c = {.der = BUF_INIT}, k = {.der = BUF_INIT};
	int rc = find_certificate(certificate, &c, err);

	rc = rc ? rc : find_key(key, &k, err);
	rc = rc ? rc : match(&c, &k, err);
	buf_release(&c.der);
	buf_release(&k.der);
	return rc;
}
