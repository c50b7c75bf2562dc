/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/base64.h"
#include "credential/keyring.h"
#include "object/json_test.h"

static void add(struct keyring **s, const char *key, const char *config)
{
	autobuf struct buf encoded = BUF_INIT;
	autojson js *secret = js_new_obj();
	base64_encode(&encoded, config, strlen(config));
	js_set_str(js_ensure(secret, "data", NULL), key, buf_str(&encoded));
	js_set_str(secret, "type",
		   !strcmp(key, ".dockercfg") ? "kubernetes.io/dockercfg" : "kubernetes.io/dockerconfigjson");
	keyring_add_secret(s, secret);
}

/* After upstream's cases (pkg/credentialprovider/keyring_test.go). */
static void test_find(void **state)
{
	static const struct {
		const char *config, *image, *want; /* want: the user names in their order */
	} rows[] = {
		/* Docker's registry has two names */
		{"'https://index.docker.io/v1/':U(hub)", "nginx", "hub"},
		{"'https://index.docker.io/v1/':U(hub)", "docker.io/x/y", "hub"},
		{"'index.docker.io':U(hub)", "library/nginx:1", "hub"},
		{"'docker.io':U(hub)", "nginx", "hub"},
		{"'docker.io':U(new),'index.docker.io':U(old)", "nginx", "new"},
		{"'https://index.docker.io/v1/':U(hub)", "localhost/app", ""},
		{"'https://index.docker.io/v1/':U(hub)", "reg.io/app", ""},
		/* schemes, versions, ports */
		{"'https://reg.io':U(a)", "reg.io/app:1", "a"},
		{"'http://reg.io/v2/':U(a)", "reg.io/app", "a"},
		{"'https://reg.io/v1/team':U(a)", "reg.io/team/app", "a"},
		{"'https://someone@reg.io?x':U(a)", "reg.io/app", "a"},
		{"'reg.io:5000':U(a)",
		 "reg.io:5000/x@sha256:"
		 "0000000000000000000000000000000000000000000000000000000000000000",
		 "a"},
		{"'reg.io':U(a)", "reg.io:5000/x", ""},
		{"'reg.io:5000':U(a)", "reg.io/x", ""},
		{"'reg.io:5000':U(a)", "reg.io:5001/x", ""},
		{"'reg.io':U(a)", "reg.iox/app", ""},
		{"'reg.io':U(a)", "x.reg.io/app", ""},
		/* all that match, the longest path first; a path is a beginning */
		{"'reg.io':U(a),'reg.io/team':U(b),'reg.io/team/app':U(c)", "reg.io/team/app", "c b a"},
		{"'reg.io':U(a),'reg.io/team':U(b)", "reg.io/teammate", "b a"},
		{"'reg.io':U(a),'reg.io/team/':U(b)", "reg.io/teammate", "a"},
		{"'reg.io':U(a),'https://reg.io/':U(b)", "reg.io/app", "a b"},
		/* wildcards stand for labels, not for dots, ports or paths */
		{"'*.reg.io':U(a)", "x.reg.io/app", "a"},
		{"'*.reg.io':U(a)", "reg.io/app", ""},
		{"'*.reg.io':U(a)", "x.y.reg.io/app", ""},
		{"'*.*.reg.io':U(a)", "x.y.reg.io/app", "a"},
		{"'pre*.reg.io':U(a)", "prefix.reg.io/app", "a"},
		{"'*.reg.io':U(a)", "x.reg.io:80/app", ""},
		{"'*.reg.io:80':U(a)", "x.reg.io:80/app", "a"},
		{"'*.io':U(a),'reg.*':U(b)", "reg.io/app", "b a"},
		{"'[abc.reg.io':U(a)", "a.reg.io/app", ""},
		/* what is no credential */
		{"'reg.io':{'username':'a'},'reg.io/x':{'auth':'!'},'reg.io/y':{'auth':'dQ=='}", "reg.io/x",
		 ""},
		{"'reg.io':{'username':'no','password':'no','auth':'dTpwOng='}", "reg.io/app", "u"},
		{"'reg.io':U(a)", "not a name", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf config = BUF_INIT, got = BUF_INIT;
		struct keyring *s = NULL;
		buf_adds(&config, "{'auths':{");
		for (const char *p = rows[i].config; *p;) {
			const char *u = strstr(p, "U("), *end = u ? strchr(u, ')') : NULL;
			buf_add(&config, p, u ? (size_t)(u - p) : strlen(p));
			if (u)
				buf_addf(&config, "{'username':'%.*s','password':'x'}", (int)(end - u - 2),
					 u + 2);
			p = u ? end + 1 : p + strlen(p);
		}
		buf_adds(&config, "}}");
		add(&s, ".dockerconfigjson", JSON(buf_str(&config)));
		struct runtime_auth *v;
		size_t n = keyring_find(s, rows[i].image, &v);
		for (size_t k = 0; k < n; k++)
			buf_addf(&got, "%s%s", k ? " " : "", v[k].username);
		if (strcmp(buf_str(&got), rows[i].want) != 0)
			fail_msg("%s of %s: \"%s\", not \"%s\"", rows[i].image, rows[i].config, buf_str(&got),
				 rows[i].want);
		free(v);
		keyring_free(s);
	}
}

static void test_several_secrets(void **state)
{
	struct keyring *s = NULL;
	struct runtime_auth *v;
	add(&s, ".dockercfg", JSON("{'old.io:5000':{'username':'old','password':'o'}}"));
	add(&s, ".dockerconfigjson", "not json");
	add(&s, ".dockerconfigjson", JSON("{'auths':{'old.io:5000':{'username':'new','password':'p:x'}}}"));
	assert_int_equal(keyring_find(s, "old.io:5000/x", &v), 2);
	assert_string_equal(v[0].username, "old");
	assert_string_equal(v[1].username, "new");
	assert_string_equal(v[1].password, "p:x");
	free(v);
	keyring_free(s);
	/* a key that is not its type's, and no Secret at all */
	s = NULL;
	autojson js *wrong = js_new_obj();
	js_set_str(js_ensure(wrong, "data", NULL), ".dockercfg", "e30=");
	js_set_str(wrong, "type", "Opaque");
	keyring_add_secret(&s, wrong);
	assert_null(s);
	assert_int_equal(keyring_find(NULL, "x", &v), 0);
	assert_null(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_find),
					   cmocka_unit_test(test_several_secrets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
