/* SPDX-License-Identifier: Apache-2.0 */
/* What PEM holds, and what is wrong with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "kinds/certificates/pem.h"
#include "kinds/certificates/pem_test.h"

static void blocks(void **state)
{
	static const char text[] =
		"noise\n-----BEGIN A-----\nQUJD\r\n-----END A-----\n-----BEGIN B-----\nkey: v\n\nREVG\n-----END B-----";
	const char *p = text;
	size_t n = strlen(text);
	struct pem_block b;

	assert_true(pem_next(&p, &n, &b));
	assert_string_equal(b.type, "A");
	assert_string_equal(buf_str(&b.der), "ABC");
	assert_false(b.headers);
	buf_release(&b.der);
	assert_true(pem_next(&p, &n, &b));
	assert_string_equal(b.type, "B");
	assert_string_equal(buf_str(&b.der), "DEF");
	assert_true(b.headers);
	buf_release(&b.der);
	assert_false(pem_next(&p, &n, &b));
}

static void requests(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{pem_request, ""},
		{"", "PEM block type must be CERTIFICATE REQUEST"},
		{"-----BEGIN CERTIFICATE REQUEST-----\n", "PEM block type must be CERTIFICATE REQUEST"},
		{"-----BEGIN CERTIFICATE REQUEST-----\n?\n-----END CERTIFICATE REQUEST-----",
		 "PEM block type must be CERTIFICATE REQUEST"},
		{pem_certificate, "PEM block type must be CERTIFICATE REQUEST"},
		{"-----BEGIN CERTIFICATE REQUEST-----\nQUJD\n-----END CERTIFICATE REQUEST-----",
		 "asn1: structure error: not a certificate request"},
		{pem_forged, "x509: ECDSA verification failure"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(pem_check_request(rows[i].text, strlen(rows[i].text), &err),
				 *rows[i].want ? -1 : 0);
		assert_string_equal(err.msg, rows[i].want);
	}
}

static void certificates(void **state)
{
	autofree char *two = mem_printf("%s%s", pem_certificate, pem_certificate),
		      *mixed = mem_printf("%s%s", pem_certificate, pem_request);
	const struct {
		const char *text, *want;
	} rows[] = {
		{"", ""},
		{pem_certificate, ""},
		{two, ""},
		{"x", "must contain at least one CERTIFICATE PEM block"},
		{mixed, "only CERTIFICATE PEM blocks are allowed, found \"CERTIFICATE REQUEST\""},
		{"-----BEGIN CERTIFICATE-----\na: b\n\nQUJD\n-----END CERTIFICATE-----",
		 "no PEM block headers are permitted"},
		{"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----",
		 "x509: malformed certificate"},
		{"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
		 "found CERTIFICATE PEM block containing 0 certificates"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(pem_check_certificates(rows[i].text, strlen(rows[i].text), &err),
				 *rows[i].want ? -1 : 0);
		assert_string_equal(err.msg, rows[i].want);
	}
}

#define MARK(type, body) "-----BEGIN " type "-----\n" body "-----END " type "-----\n"
#define ODD MARK("ODD", "AAAA\n")

/* Go's words (crypto/tls X509KeyPair). */
static void pairs(void **state)
{
	static const char none_c[] = "tls: failed to find any PEM data in certificate input",
			  none_k[] = "tls: failed to find any PEM data in key input",
			  bad_key[] = "tls: failed to parse private key";
	autofree char *chain = mem_printf(ODD "%s%s", pem_pair_certificate, pem_certificate),
		      *behind = mem_printf(ODD "%s", pem_pair_key);
	const struct {
		const char *certificate, *key, *want;
	} rows[] = {
		{pem_pair_certificate, pem_pair_key, ""},
		{pem_pair_certificate, pem_pair_pkcs8, ""},
		{chain, behind, ""},
		{pem_pair_certificate, pem_other_key, "tls: private key does not match public key"},
		{pem_pair_certificate, pem_other_sort,
		 "tls: private key type does not match public key type"},
		{"", "", none_c},
		{"x", pem_pair_key, none_c},
		{pem_pair_certificate, "x", none_k},
		{pem_pair_key, pem_pair_certificate,
		 "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been "
		 "switched"},
		{ODD ODD, pem_pair_key,
		 "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: "
		 "[ODD ODD]"},
		{pem_pair_certificate, pem_certificate,
		 "tls: found a certificate rather than a key in the PEM for the private key"},
		{pem_pair_certificate, ODD,
		 "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the "
		 "following types: [ODD]"},
		{pem_pair_certificate, MARK("NOPRIVATE KEY", "AAAA\n"),
		 "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the "
		 "following types: [NOPRIVATE KEY]"},
		{pem_pair_certificate, MARK("PRIVATE KEY", "AAAA\n"), bad_key},
		{pem_pair_certificate, MARK("EC PRIVATE KEY", ""), bad_key},
		{MARK("CERTIFICATE", "AAAA\n"), pem_pair_key, "x509: malformed certificate"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		autobuf struct buf certificate = BUF_INIT, key = BUF_INIT;
		buf_adds(&certificate, rows[i].certificate);
		buf_adds(&key, rows[i].key);
		assert_int_equal(pem_check_pair(&certificate, &key, &err), *rows[i].want ? -1 : 0);
		assert_string_equal(err.msg, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(requests),
					   cmocka_unit_test(certificates), cmocka_unit_test(pairs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
