/* SPDX-License-Identifier: Apache-2.0 */
/* Rows after upstream's cluster_authentication_trust_controller_test.go, and what flags may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/clock.h"
#include "kinds/certificates/pem_test.h"
#include "object/json_test.h"
#include "trust.h"

#define CERT(x) "-----BEGIN CERTIFICATE-----\\n" x "\\n-----END CERTIFICATE-----\\n"
#define PEM(x) "-----BEGIN CERTIFICATE-----\n" x "\n-----END CERTIFICATE-----\n"

static void said(void **state)
{
	static const struct {
		const char *there, *client_ca;
		struct front_proxy p;
		const char *want;
	} rows[] = {
		{"{}", "", {.ca_pem = NULL}, "{}"},
		{"{}", PEM("a"), {.ca_pem = NULL}, "{'client-ca-file':'" CERT("a") "'}"},
		{"{}",
		 PEM("a"),
		 {PEM("p"), "X-Remote-User", NULL, "X-Remote-Group,X-Groups", "X-Remote-Extra-", "proxy"},
		 "{'client-ca-file':'" CERT("a") "','requestheader-client-ca-file':'" CERT(
			 "p") "','requestheader-username-headers':'[\\\"X-Remote-User\\\"]',"
			      "'requestheader-group-headers':'[\\\"X-Remote-Group\\\",\\\"X-Groups\\\"]',"
			      "'requestheader-extra-headers-prefix':'[\\\"X-Remote-Extra-\\\"]',"
			      "'requestheader-allowed-names':'[\\\"proxy\\\"]'}"},
		/* lists without certificates are not said, whoever wants them said */
		{"{'requestheader-allowed-names':'[\\\"b\\\"]'}", "", {.usernames = "x"}, "{}"},
		/* others' stay, and come first; what nobody knows does not */
		{"{'client-ca-file':'" CERT("b") "','requestheader-client-ca-file':'" CERT(
			 "q") "','requestheader-allowed-names':'[\\\"b\\\",\\\"proxy\\\"]','requestheader-uid-headers':'[\\\"u\\\"]','x':'y'}",
		 PEM("a") PEM("b"),
		 {NULL, "user", "u,v", NULL, NULL, "proxy,c"},
		 "{'client-ca-file':'" CERT("b") CERT("a") "','requestheader-client-ca-file':'" CERT(
			 "q") "','requestheader-username-headers':'[\\\"user\\\"]',"
			      "'requestheader-uid-headers':'[\\\"u\\\",\\\"v\\\"]','requestheader-group-headers':'[]',"
			      "'requestheader-extra-headers-prefix':'[]',"
			      "'requestheader-allowed-names':'[\\\"b\\\",\\\"proxy\\\",\\\"c\\\"]'}"},
		/* what is broken is made again */
		{"{'client-ca-file':'none','requestheader-client-ca-file':'" CERT(
			 "q") "','requestheader-allowed-names':'[7'}",
		 PEM("a"),
		 {.ca_pem = NULL},
		 "{'client-ca-file':'" CERT("a") "','requestheader-client-ca-file':'" CERT(
			 "q") "','requestheader-username-headers':'[]','requestheader-group-headers':'[]',"
			      "'requestheader-extra-headers-prefix':'[]','requestheader-allowed-names':'[]'}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		const char *text = JSON(rows[i].there);
		autojson js *there = js_parse(text, strlen(text), NULL, &err);
		text = JSON(rows[i].want);
		autojson js *want = js_parse(text, strlen(text), NULL, &err);
		autojson js *got = trust_data(there, rows[i].client_ca, &rows[i].p, 0);
		autobuf struct buf b = BUF_INIT;
		js_write(&b, got);
		assert_true(there && want);
		if (!js_equal(got, want))
			fail_msg("%zu: %s", i, buf_str(&b));
		autojson js *again = trust_data(got, rows[i].client_ca, &rows[i].p, 0);
		assert_true(js_equal(again, got));
	}
}

/* A certificate that is over is not said any more, five minutes after its end, whoever said it. */
static void over(void **state)
{
	static const struct {
		int64_t s; /* after its end */
		bool there;
	} rows[] = {{-86400, true}, {0, true}, {299, true}, {300, false}, {86400, false}};
	const struct front_proxy p = {.ca_pem = pem_certificate};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autojson js *none = js_new_obj(),
			    *got = trust_data(none, pem_certificate, &p, (PEM_END_S + rows[i].s) * NS_PER_S),
			    *fresh = trust_data(none, pem_certificate, &p, 0),
			    *again = trust_data(fresh, "", &p, (PEM_END_S + rows[i].s) * NS_PER_S);
		assert_int_equal(js_field(got, "client-ca-file") != NULL, rows[i].there);
		assert_int_equal(js_field(got, "requestheader-client-ca-file") != NULL, rows[i].there);
		assert_int_equal(js_field(got, "requestheader-allowed-names") != NULL, rows[i].there);
		assert_int_equal(js_field(again, "client-ca-file") != NULL, rows[i].there);
	}
}

static void flags(void **state)
{
	static const struct {
		struct front_proxy p;
		const char *want;
	} rows[] = {
		{{.ca_pem = NULL}, NULL},
		{{.usernames = "a,b", .uids = "x,x-remote-uid"}, NULL},
		{{.usernames = "a, ,b"}, "empty value in \"requestheader-username-headers\""},
		{{.groups = ","}, "empty value in \"requestheader-group-headers\""},
		{{.allowed_names = "a,"}, "empty value in \"requestheader-allowed-names\""},
		{{.extra_prefixes = " "}, "empty value in \"requestheader-extra-headers-prefix\""},
		{{.uids = "x"},
		 "--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		assert_int_equal(trust_check(&rows[i].p, &err), rows[i].want ? -1 : 0);
		if (rows[i].want)
			assert_string_equal(err.msg, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(said), cmocka_unit_test(flags),
					   cmocka_unit_test(over)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
