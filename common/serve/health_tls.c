/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS and authorization of the health listener (kubernetes/kubernetes staging/src/k8s.io/apiserver pkg/server/options:
 * delegating authentication, always-allowed paths).
 *
 * A caller is who his client certificate says, if it is of the client CA: CN is the user, each O a group. A certificate
 * that does not verify is refused, none at all makes him anonymous. Open paths are for everybody, the rest is for the
 * groups that upstream's default roles let read metrics.
 *
 * What OpenSSL needs is made when the first connection comes and goes with the last one: while nobody asks, TLS costs the
 * texts of certificate and key.
 */
#include "serve/health_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define USER_MAX 256
static const char *const reader_groups[] = {"system:masters", "system:monitoring"};

struct health_gate {
	char *cert, *key, *ca, *open; /* cert and key NULL = not made yet; ca NULL = none */
	int (*make)(void *arg, struct buf *cert_pem, struct buf *key_pem, struct err *err);
	void *arg;
	SSL_CTX *ctx; /* while there are sessions */
	size_t sessions;
};

struct health_session {
	struct health_gate *gate;
	SSL *ssl;
};

static int fail(struct err *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
	ERR_clear_error();
	return err_set(err, REASON_BAD_REQUEST, "%s: %s", what, text);
}

/* ---- the context ---- */

/* The verdict is read after the handshake: a bad certificate gets an answer, not an alert. */
static int accept_any(int ok, X509_STORE_CTX *ctx)
{
	return 1;
}

static int use_cert(SSL_CTX *ctx, const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	int ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(b, NULL, NULL, NULL))) /* intermediates */
		ok = SSL_CTX_add0_chain_cert(ctx, x) == 1;
	BIO_free(b);
	if (ok)
		ERR_clear_error(); /* the end of the file */
	return ok;
}

static int use_key(SSL_CTX *ctx, const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	int ok = k && SSL_CTX_use_PrivateKey(ctx, k) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(k);
	BIO_free(b);
	return ok;
}

static int use_ca(SSL_CTX *ctx, const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	int n = 0;

	for (X509 *x; (x = PEM_read_bio_X509(b, NULL, NULL, NULL)); n++) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x);
		SSL_CTX_add_client_CA(ctx, x);
		X509_free(x);
	}
	BIO_free(b);
	if (n)
		ERR_clear_error();
	return n > 0;
}

static SSL_CTX *ctx_new(const struct health_gate *g, struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const char *wrong = NULL;

	if (!ctx)
		return fail(err, "TLS"), NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	if (!use_cert(ctx, g->cert))
		wrong = "the serving certificate";
	else if (!use_key(ctx, g->key))
		wrong = "the serving certificate's private key";
	else if (g->ca && !use_ca(ctx, g->ca))
		wrong = "the client CA";
	if (g->ca)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
	if (!wrong)
		return ctx;
	fail(err, wrong);
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- the gate ---- */

static char *copy(const char *s)
{
	return s && *s ? mem_strdup(s) : NULL;
}

static bool is_cert(const char *pem)
{
	BIO *b = BIO_new_mem_buf(pem, -1);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	X509_free(x);
	BIO_free(b);
	return x;
}

/* So that what is wrong with somebody's files is said at the start. */
static int check(const struct health_gate *g, struct err *err)
{
	if (!g->cert)
		return g->ca && !is_cert(g->ca) ? fail(err, "the client CA") : 0;
	SSL_CTX *ctx = ctx_new(g, err);

	SSL_CTX_free(ctx);
	return ctx ? 0 : -1;
}

struct health_gate *health_gate_new(const struct health_tls *t, struct err *err)
{
	struct health_gate *g = MEM_NEW(struct health_gate);

	g->cert = copy(t->cert_pem);
	g->key = copy(t->key_pem);
	g->ca = copy(t->client_ca_pem);
	g->open = copy(t->open_paths);
	g->make = t->make;
	g->arg = t->arg;
	if (check(g, err) == 0)
		return g;
	health_gate_free(g);
	return NULL;
}

void health_gate_free(struct health_gate *g)
{
	if (!g)
		return;
	if (g->key)
		OPENSSL_cleanse(g->key, strlen(g->key));
	free(g->cert);
	free(g->key);
	free(g->ca);
	free(g->open);
	free(g);
}

/* ---- sessions ---- */

static void leave(struct health_gate *g)
{
	if (--g->sessions)
		return;
	SSL_CTX_free(g->ctx);
	g->ctx = NULL;
}

static int make_own(struct health_gate *g, struct err *err)
{
	autobuf struct buf cert = BUF_INIT;
	autobuf struct buf key = BUF_INIT;

	if (g->make(g->arg, &cert, &key, err) < 0)
		return -1;
	g->cert = mem_strdup(buf_str(&cert));
	g->key = mem_strdup(buf_str(&key));
	return 0;
}

static bool enter(struct health_gate *g)
{
	struct err err = ERR_INIT;

	if (!g->ctx && (g->cert || make_own(g, &err) == 0))
		g->ctx = ctx_new(g, &err);
	if (!g->ctx)
		log_warn_err(&err, "cannot serve health by HTTPS", NULL);
	else
		g->sessions++;
	return g->ctx;
}

struct health_session *health_session_new(struct health_gate *g, int fd)
{
	if (!enter(g))
		return NULL;
	SSL *ssl = SSL_new(g->ctx);

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		ERR_clear_error();
		SSL_free(ssl);
		leave(g);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	struct health_session *s = MEM_NEW(struct health_session);

	*s = (struct health_session){g, ssl};
	return s;
}

void health_session_free(struct health_session *s)
{
	if (!s)
		return;
	if (SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	ERR_clear_error();
	SSL_free(s->ssl);
	leave(s->gate);
	free(s);
}

static ssize_t outcome(struct health_session *s, int n, unsigned *ret_want)
{
	int e = n > 0 ? SSL_ERROR_NONE : SSL_get_error(s->ssl, n);

	ERR_clear_error();
	if (e == SSL_ERROR_NONE)
		return n;
	if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
		return -1;
	*ret_want = e == SSL_ERROR_WANT_READ ? LOOP_READ : LOOP_WRITE;
	return 0;
}

ssize_t health_session_read(struct health_session *s, void *p, size_t n, unsigned *ret_want)
{
	return outcome(s, SSL_read(s->ssl, p, (int)n), ret_want);
}

ssize_t health_session_write(struct health_session *s, const void *p, size_t n, unsigned *ret_want)
{
	return outcome(s, SSL_write(s->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n), ret_want);
}

/* ---- who ---- */

/* The i-th value of a name's field; false when there are no more, or it is no plain text. */
static bool name_value(X509_NAME *name, int nid, int *at, char out[USER_MAX])
{
	unsigned char *text = NULL;
	int n;

	*at = X509_NAME_get_index_by_NID(name, nid, *at);
	if (*at < 0)
		return false;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, *at)));
	bool ok = n > 0 && n < USER_MAX && !memchr(text, '\0', (size_t)n);

	if (ok)
		memcpy(out, text, (size_t)n);
	out[ok ? n : 0] = '\0';
	OPENSSL_free(text);
	return true;
}

static bool is_reader(X509_NAME *name)
{
	char group[USER_MAX];

	for (int at = -1; name_value(name, NID_organizationName, &at, group);)
		for (size_t i = 0; i < ARRAY_LEN(reader_groups); i++)
			if (!strcmp(group, reader_groups[i]))
				return true;
	return false;
}

/* A list of paths; one that ends with a star stands for all that begin so. */
static bool is_open(const char *list, const char *path)
{
	size_t len = strlen(path);

	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ",");
		bool star = n && p[n - 1] == '*';

		if (star ? !strncmp(p, path, n - 1) : n == len && !memcmp(p, path, n))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

static int status(struct buf *out, int code, const char *reason, const char *message)
{
	buf_adds(
		out,
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":");
	buf_add_json_string(out, message, strlen(message));
	buf_addf(out, ",\"reason\":\"%s\",%s\"code\":%d}\n", reason, code == 403 ? "\"details\":{}," : "",
		 code);
	return code;
}

int health_session_judge(const struct health_session *s, const char *method, const char *path,
			 struct buf *out)
{
	X509 *x = SSL_get1_peer_certificate(s->ssl);
	char user[USER_MAX] = "system:anonymous";
	bool verified = x && SSL_get_verify_result(s->ssl) == X509_V_OK, reader = false;
	int at = -1;

	if (verified) {
		name_value(X509_get_subject_name(x), NID_commonName, &at, user);
		reader = *user && is_reader(X509_get_subject_name(x));
	}
	X509_free(x);
	if (is_open(s->gate->open, path) || reader)
		return 200;
	if ((x && !verified) || !*user)
		return status(out, 401, "Unauthorized", "Unauthorized");
	autofree char *message =
		mem_printf("forbidden: User \"%s\" cannot %s path \"%s\"", user, method, path);

	log_v(2, "health page refused", "user=%s path=%s", user, path);
	return status(out, 403, "Forbidden", message);
}
