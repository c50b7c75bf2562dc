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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(blocks), cmocka_unit_test(requests),
					   cmocka_unit_test(certificates)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
