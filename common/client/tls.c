/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small certificate authority on OpenSSL 3: enough for a cluster's PKI, nothing that a person would
 * configure.
 *
 * Keys are ECDSA P-256 in PKCS#8. Certificates are X.509 v3 with the extensions that both GnuTLS (our server)
 * and Go's crypto/x509 (its clients) insist on: SAN for servers, key usage and extended key usage, key
 * identifiers. Serial numbers are 127 random bits. Validity starts five minutes early, for machines whose
 * clocks differ a little.
 */
#include "client/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"

#define CLOCK_SKEW_S 300

static void free_pkey(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}
static void free_x509(X509 **x)
{
	X509_free(*x);
}
static void free_bio(BIO **b)
{
	BIO_free(*b);
}
#define auto_pkey __attribute__((cleanup(free_pkey)))
#define auto_x509 __attribute__((cleanup(free_x509)))
#define auto_bio __attribute__((cleanup(free_bio)))

static int fail(struct err *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, REASON_INTERNAL, "%s: %s", what, text);
}

static bool set_serial(X509 *x)
{
	unsigned char b[16];
	BIGNUM *n;
	bool ok;

	rand_bytes(b, sizeof(b));
	b[0] &= 0x7f;
	n = BN_bin2bn(b, sizeof(b), NULL);
	ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool set_validity(X509 *x, int days)
{
	time_t now = (time_t)(clock_wall_ns() / NS_PER_S);

	return X509_time_adj_ex(X509_getm_notBefore(x), 0, -CLOCK_SKEW_S, &now) &&
	       X509_time_adj_ex(X509_getm_notAfter(x), days, 0, &now);
}

static bool add_name(X509_NAME *n, const char *field, const char *value)
{
	return X509_NAME_add_entry_by_txt(n, field, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0);
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static void add_alt_names(struct buf *b, const char *type, const char *const *v)
{
	for (; v && *v; v++)
		buf_addf(b, "%s%s:%s", b->len ? "," : "", type, *v);
}

/* A comma would end the name and begin another extension value. */
static bool names_are_plain(const char *const *v)
{
	for (; v && *v; v++)
		if (!**v || strpbrk(*v, ", \t\n;"))
			return false;
	return true;
}

static bool add_extensions(X509 *x, X509 *issuer, const struct tls_cert_spec *s)
{
	autobuf struct buf alt = BUF_INIT;
	const char *usage = s->server && s->client ? "serverAuth,clientAuth"
			    : s->server		   ? "serverAuth"
						   : "clientAuth";

	add_alt_names(&alt, "DNS", s->dns);
	add_alt_names(&alt, "IP", s->ips);
	return add_extension(x, issuer, NID_basic_constraints,
			     s->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(x, issuer, NID_key_usage,
			     s->ca ? "critical,digitalSignature,keyCertSign,cRLSign"
				   : "critical,digitalSignature") &&
	       (s->ca || !(s->server || s->client) || add_extension(x, issuer, NID_ext_key_usage, usage)) &&
	       add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       add_extension(x, issuer, NID_authority_key_identifier, "keyid") &&
	       (!alt.len || add_extension(x, issuer, NID_subject_alt_name, alt.p));
}

static int write_both(X509 *x, EVP_PKEY *key, struct buf *cert_pem, struct buf *key_pem, struct err *err)
{
	auto_bio BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_mem());
	char *p;
	long n;

	if (!c || !k || !PEM_write_bio_X509(c, x) ||
	    !PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL))
		return fail(err, "writing PEM");
	n = BIO_get_mem_data(c, &p);
	buf_add(cert_pem, p, (size_t)n);
	n = BIO_get_mem_data(k, &p);
	buf_add(key_pem, p, (size_t)n);
	return 0;
}

/* issuer and issuer_key NULL: self-signed. */
static int make(X509 *issuer, EVP_PKEY *issuer_key, const struct tls_cert_spec *s, struct buf *cert,
		struct buf *key, struct err *err)
{
	auto_pkey EVP_PKEY *k = EVP_EC_gen("P-256");
	auto_x509 X509 *x = X509_new();
	X509_NAME *name;

	if (!names_are_plain(s->dns) || !names_are_plain(s->ips))
		return err_set(err, REASON_BAD_REQUEST, "malformed host name or address for \"%s\"",
			       s->common_name);
	if (!k || !x)
		return fail(err, "making a key");
	name = X509_get_subject_name(x);
	if (!X509_set_version(x, X509_VERSION_3) || !set_serial(x) || !set_validity(x, s->days) ||
	    (s->organization && !add_name(name, "O", s->organization)) ||
	    !add_name(name, "CN", s->common_name) ||
	    !X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name) ||
	    !X509_set_pubkey(x, k) || !add_extensions(x, issuer ? issuer : x, s) ||
	    !X509_sign(x, issuer_key ? issuer_key : k, EVP_sha256()))
		return fail(err, "making a certificate");
	return write_both(x, k, cert, key, err);
}

int tls_make_ca(const char *common_name, int days, struct buf *cert, struct buf *key, struct err *err)
{
	const struct tls_cert_spec s = {.common_name = common_name, .ca = true, .days = days};

	return make(NULL, NULL, &s, cert, key, err);
}

int tls_make_cert(const char *ca_cert_pem, const char *ca_key_pem, const struct tls_cert_spec *spec,
		  struct buf *cert, struct buf *key, struct err *err)
{
	auto_bio BIO *c = BIO_new_mem_buf(ca_cert_pem, -1), *k = BIO_new_mem_buf(ca_key_pem, -1);
	auto_x509 X509 *ca = c ? PEM_read_bio_X509(c, NULL, NULL, NULL) : NULL;
	auto_pkey EVP_PKEY *ca_key = k ? PEM_read_bio_PrivateKey(k, NULL, NULL, NULL) : NULL;

	if (!ca || !ca_key)
		return fail(err, "reading the CA");
	if (!X509_check_private_key(ca, ca_key))
		return fail(err, "the CA's key does not belong to its certificate");
	return make(ca, ca_key, spec, cert, key, err);
}

/* ---- files ---- */

int tls_write_pem(const char *path, const char *pem, bool secret, struct err *err)
{
	autofree char *tmp = mem_printf("%s.tmp.%d", path, (int)getpid());
	autoclose int fd =
		open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, secret ? 0600 : 0644);
	size_t len = strlen(pem), done = 0;

	if (fd < 0)
		return err_errno(err, "%s", tmp);
	while (done < len) {
		ssize_t n = write(fd, pem + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	/* An older temporary file may have had another mode. */
	if (done < len || fchmod(fd, secret ? 0600 : 0644) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0) {
		err_errno(err, "%s", path);
		unlink(tmp);
		return -1;
	}
	return 0;
}

int tls_read_file(const char *path, size_t max, struct buf *out, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = out->len;

	if (fd < 0)
		return err_errno(err, "%s", path);
	for (;;) {
		ssize_t n;

		buf_reserve(out, 4096);
		n = read(fd, out->p + out->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			buf_truncate(out, start);
			return err_errno(err, "%s", path);
		}
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->p[out->len] = '\0';
		if (out->len - start > max) {
			buf_truncate(out, start);
			return err_set(err, REASON_TOO_LARGE, "%s: more than %zu bytes", path, max);
		}
	}
}

/* ---- digests ---- */

struct tls_sha256 {
	EVP_MD_CTX *ctx;
};

struct tls_sha256 *tls_sha256_new(void)
{
	struct tls_sha256 *s = MEM_NEW(struct tls_sha256);

	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || !EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL))
		abort();
	return s;
}

void tls_sha256_add(struct tls_sha256 *s, const void *p, size_t n)
{
	EVP_DigestUpdate(s->ctx, p, n);
}

void tls_sha256_end(struct tls_sha256 *s, char hex[65])
{
	unsigned char d[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	EVP_DigestFinal_ex(s->ctx, d, &n);
	for (unsigned int i = 0; i < 32; i++)
		snprintf(hex + (size_t)i * 2, 3, "%02x", d[i]);
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

void tls_sha512(const void *p, size_t n, char hex[129])
{
	unsigned char d[EVP_MAX_MD_SIZE] = {0};

	if (!EVP_Digest(p, n, d, NULL, EVP_sha512(), NULL))
		abort();
	for (size_t i = 0; i < 64; i++)
		snprintf(hex + i * 2, 3, "%02X", d[i]);
}
