/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "pod/make_test.h"
#include "pod/pullsecret.h"
#include "object/json_test.h"

static void add(struct pullsecret **s, const char *key, const char *config)
{
	autobuf struct buf encoded = BUF_INIT;
	autojson js *secret = js_new_obj();
	base64_encode(&encoded, config, strlen(config));
	js_set_str(js_ensure(secret, "data", NULL), key, buf_str(&encoded));
	pullsecret_add(s, secret);
}

static void test_find(void **state)
{
	struct pullsecret *s = NULL;
	add(&s, ".dockerconfigjson",
	    JSON("{'auths':{'https://index.docker.io/v1/':{'username':'hub','password':'h'},"
		 "'reg.io':{'auth':'dTpwOng='},'reg.io/team':{'username':'team','password':'t'},'half.io':{'username':'nobody'}}}"));
	add(&s, ".dockercfg", JSON("{'old.io:5000':{'username':'old','password':'o'}}"));
	add(&s, ".dockerconfigjson", "not json");
	static const struct {
		const char *image, *username, *password; /* NULL: none fits */
	} rows[] = {
		{"nginx", "hub", "h"},
		{"library/nginx:1", "hub", "h"},
		{"docker.io/x/y", "hub", "h"},
		{"reg.io/app:1", "u", "p:x"},
		{"reg.io/team/app", "team", "t"},
		{"reg.io/teammate/app", "u", "p:x"},
		{"old.io:5000/x@sha256:0", "old", "o"},
		{"half.io/x", NULL, NULL},
		{"reg.iox/app", NULL, NULL},
		{"localhost/app", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct runtime_auth a;
		assert_int_equal(pullsecret_find(s, rows[i].image, &a), rows[i].username != NULL);
		if (rows[i].username) {
			assert_string_equal(a.username, rows[i].username);
			assert_string_equal(a.password, rows[i].password);
		}
	}
	pullsecret_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
