/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that are shell scripts, after upstream's cases (pkg/credentialprovider/plugin/plugin_test.go). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/thread.h"
#include "credential/providers.h"
#include "object/json_test.h"
#include "os/tree.h"

#define V1 "credentialprovider.kubelet.k8s.io/v1"

/* A directory with a configuration and programs; each call of one appends a line to calls. */
struct scene {
	char dir[64];
	char *config, *calls;
};

static void setup_scene(struct scene *s)
{
	strcpy(s->dir, "/tmp/providers-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->config = mem_printf("%s/config.yaml", s->dir);
	s->calls = mem_printf("%s/calls", s->dir);
}

static void teardown_scene(struct scene *s)
{
	struct err err = ERR_INIT;
	assert_int_equal(tree_remove(s->dir, &err), 0);
	free(s->config);
	free(s->calls);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	struct err err = ERR_INIT;
	assert_int_equal(tree_write(path, text, strlen(text), mode, TREE_VOLATILE, &err), 0);
}

/* script: what it does after it has read its request, which is $request. */
static void program(struct scene *s, const char *name, const char *script)
{
	autofree char *path = mem_printf("%s/%s", s->dir, name);
	autofree char *text =
		mem_printf("#!/bin/sh\nrequest=$(cat)\necho \"$request\" >>%s\n%s\n", s->calls, script);
	write_file(path, text, 0755);
}

static const char *answer(const char *fields)
{
	static char text[1024];
	snprintf(text, sizeof(text),
		 "echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1 "\",%s}'",
		 JSON(fields));
	return text;
}

static void config(struct scene *s, const char *rows)
{
	autofree char *text = mem_printf(
		"apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n%s", rows);
	write_file(s->config, text, 0600);
}

static struct providers *open_scene(struct scene *s, int64_t timeout_ns)
{
	struct err err = ERR_INIT;
	struct providers *p = providers_open(s->config, s->dir, timeout_ns, &err);
	if (!p)
		fail_msg("%s", err.msg);
	return p;
}

static size_t calls(const struct scene *s)
{
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	size_t n = 0;
	if (tree_read(s->calls, 1 << 20, &b, &err) < 0)
		return 0;
	for (const char *p = buf_str(&b); *p; p++)
		n += *p == '\n';
	return n;
}

/* "user:password user:password" of those to try */
static void expect(struct providers *p, const char *image, const char *want)
{
	autobuf struct buf got = BUF_INIT;
	struct keyring *k = providers_ask(p, image);
	struct runtime_auth *v;
	size_t n = keyring_find(k, image, &v);
	for (size_t i = 0; i < n; i++)
		buf_addf(&got, "%s%s:%s", i ? " " : "", v[i].username, v[i].password);
	assert_string_equal(buf_str(&got), want);
	free(v);
	keyring_free(k);
}

static void test_request(void **state)
{
	struct scene s;
	setup_scene(&s);
	setenv("PROVIDERS_TEST_ENV", "ours", 1);
	setenv("PROVIDERS_TEST_KEPT", "kept", 1);
	config(&s,
	       "- {name: one, matchImages: [reg.io, '*.reg.io:80/team'], defaultCacheDuration: 0s, apiVersion: " V1
	       ", args: [--x, a b], env: [{name: PROVIDERS_TEST_ENV, value: theirs}]}\n");
	program(&s, "one",
		"printf '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"Image\",\"auth\":"
		"{\"reg.io\":{\"username\":\"%s\",\"password\":\"%s\"}}}' \"$1,$2,$#\" "
		"\"$PROVIDERS_TEST_ENV,$PROVIDERS_TEST_KEPT\"");
	struct providers *p = open_scene(&s, 0);
	assert_true(providers_want(p, "reg.io/app:1"));
	assert_true(providers_want(p, "x.reg.io:80/team/app"));
	assert_false(providers_want(p, "x.reg.io/team/app"));
	assert_false(providers_want(p, "nginx"));
	assert_false(providers_want(p, "Not A Name"));
	assert_false(providers_want(NULL, "reg.io/app"));
	expect(p, "reg.io/app:1", "--x,a b,2:theirs,kept");
	autobuf struct buf b = BUF_INIT;
	struct err err = ERR_INIT;
	assert_int_equal(tree_read(s.calls, 4096, &b, &err), 0);
	assert_string_equal(buf_str(&b), JSON("{'kind':'CredentialProviderRequest','apiVersion':'" V1
					      "','image':'reg.io/app'}\n"));
	/* who is not for an image is not asked */
	expect(p, "other.io/app", "");
	assert_int_equal(calls(&s), 1);
	providers_free(p);
	teardown_scene(&s);
}

static void test_kept(void **state)
{
	static const struct {
		const char *fields;
		const char *dflt;
		size_t same, same_registry, other, later; /* calls after asking for: it twice, … */
	} rows[] = {
		{"'cacheKeyType':'Image','cacheDuration':'10m'", "0s", 1, 2, 3, 4},
		{"'cacheKeyType':'Registry','cacheDuration':'10m'", "0s", 1, 1, 2, 3},
		{"'cacheKeyType':'Global','cacheDuration':'10m'", "0s", 1, 1, 1, 2},
		{"'cacheKeyType':'Global'", "10m", 1, 1, 1, 2},
		{"'cacheKeyType':'Global'", "0s", 2, 3, 4, 5},
		{"'cacheKeyType':'Global','cacheDuration':'0s'", "10m", 2, 3, 4, 5},
		{"'cacheKeyType':'Global','cacheDuration':'-1s'", "10m", 2, 3, 4, 5},
		{"'cacheKeyType':'Global','cacheDuration':'20m'", "1s", 1, 1, 1, 1},
		/* one that is no answer is not kept */
		{"'cacheKeyType':'Host'", "10m", 2, 3, 4, 5},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct scene s;
		setup_scene(&s);
		autofree char *row =
			mem_printf("- {name: one, matchImages: [reg.io, o.io], defaultCacheDuration: %s, "
				   "apiVersion: " V1 "}\n",
				   rows[i].dflt);
		config(&s, row);
		program(&s, "one", answer(rows[i].fields));
		struct providers *p = open_scene(&s, 0);
		clock_fake(0);
		expect(p, "reg.io/a:1", "");
		expect(p,
		       "reg.io/a@sha256:"
		       "0000000000000000000000000000000000000000000000000000000000000000",
		       "");
		assert_int_equal(calls(&s), rows[i].same);
		expect(p, "reg.io/b", "");
		assert_int_equal(calls(&s), rows[i].same_registry);
		expect(p, "o.io/a", "");
		assert_int_equal(calls(&s), rows[i].other);
		clock_advance(11 * 60 * NS_PER_S);
		expect(p, "reg.io/a", "");
		assert_int_equal(calls(&s), rows[i].later);
		clock_real();
		providers_free(p);
		teardown_scene(&s);
	}
}

/* What is remembered is bounded; what has run out goes first. */
static void test_many(void **state)
{
	struct scene s;
	setup_scene(&s);
	config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 0s, apiVersion: " V1 "}\n");
	program(&s, "one", answer("'cacheKeyType':'Image','cacheDuration':'10m'"));
	struct providers *p = open_scene(&s, 0);
	clock_fake(0);
	for (int i = 0; i < 1001; i++) {
		autofree char *image = mem_printf("reg.io/a%d", i);
		if (i == 900)
			clock_advance(11 * 60 * NS_PER_S);
		expect(p, image, "");
	}
	expect(p, "reg.io/a999", "");
	assert_int_equal(calls(&s), 1001);
	expect(p, "reg.io/a5", "");
	assert_int_equal(calls(&s), 1002);
	clock_real();
	providers_free(p);
	teardown_scene(&s);
}

static void test_order(void **state)
{
	struct scene s;
	setup_scene(&s);
	config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 0s, apiVersion: " V1 "}\n"
		   "- {name: bad, matchImages: [reg.io], defaultCacheDuration: 0s, apiVersion: " V1 "}\n"
		   "- {name: two, matchImages: ['*.io'], defaultCacheDuration: 0s, apiVersion: " V1 "}\n");
	program(&s, "one",
		answer("'cacheKeyType':'Image','auth':{'reg.io':{'username':'a','password':'1'},"
		       "'other.io':{'username':'x','password':'x'}}"));
	program(&s, "bad", "echo oops >&2; exit 3");
	program(&s, "two",
		answer("'cacheKeyType':'Image','auth':{'reg.io':{'username':'b','password':'2'},"
		       "'reg.io/team':{'username':'c','password':'3'}}"));
	struct providers *p = open_scene(&s, 0);
	/* the longest place first, then whoever comes first in the configuration */
	expect(p, "reg.io/team/app", "c:3 a:1 b:2");
	expect(p, "reg.io/app", "a:1 b:2");
	providers_free(p);
	teardown_scene(&s);
}

/* Whatever a program does, there is an answer, soon, and it is that there is none. */
static void test_bad_programs(void **state)
{
	static const char *const scripts[] = {
		"exit 1",
		"kill -9 $$",
		"true",
		"echo not json",
		"echo '[]'",
		"sleep 1000",
		"sleep 1000 & wait",
		"while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done",
		"while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789 >&2; done",
		"echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"credentialprovider.kubelet.k8s.io/v1beta1\","
		"\"cacheKeyType\":\"Image\",\"auth\":{\"reg.io\":{\"username\":\"u\",\"password\":\"p\"}}}'",
		"echo '{\"kind\":\"Other\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"Image\",\"auth\":{\"reg.io\":{\"username\":\"u\",\"password\":\"p\"}}}'",
		"echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"Image\",\"more\":1,\"auth\":{\"reg.io\":{\"username\":\"u\",\"password\":\"p\"}}}'",
		"echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"Image\",\"auth\":{\"reg.io\":{\"username\":\"u\",\"password\":1}}}'",
		"echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"Image\",\"cacheDuration\":\"soon\",\"auth\":{\"reg.io\":{\"username\":\"u\","
		"\"password\":\"p\"}}}'",
		"echo '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"" V1
		"\",\"cacheKeyType\":\"host\",\"auth\":{\"reg.io\":{\"username\":\"u\",\"password\":\"p\"}}}'",
	};
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct scene s;
		setup_scene(&s);
		config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 10m, apiVersion: " V1
			   "}\n");
		program(&s, "one", scripts[i]);
		struct providers *p = open_scene(&s, strstr(scripts[i], "sleep") ? NS_PER_S : 0);
		int64_t begun = clock_mono_ns();
		expect(p, "reg.io/app", "");
		assert_true(clock_mono_ns() - begun < 60 * NS_PER_S);
		providers_free(p);
		teardown_scene(&s);
	}
	/* one that answers without having read its request is good */
	struct scene s;
	setup_scene(&s);
	config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 10m, apiVersion: " V1 "}\n");
	autofree char *path = mem_printf("%s/one", s.dir);
	autofree char *text = mem_printf(
		"#!/bin/sh\n%s\n",
		answer("'cacheKeyType':'Image','auth':{'reg.io':{'username':'u','password':'p'}}"));
	write_file(path, text, 0755);
	struct providers *p = open_scene(&s, 0);
	expect(p, "reg.io/app", "u:p");
	providers_free(p);
	teardown_scene(&s);
}

struct asker {
	struct providers *p;
	pthread_t thread;
};

static void *ask(void *arg)
{
	struct asker *a = arg;
	struct keyring *k = providers_ask(a->p, "reg.io/app");
	struct runtime_auth *v;
	size_t n = keyring_find(k, "reg.io/app", &v);
	free(v);
	keyring_free(k);
	return n == 1 ? a : NULL;
}

/* Those who ask at one time share a call, whether its answer is kept or not. */
static void test_shared(void **state)
{
	struct scene s;
	struct asker v[8];
	setup_scene(&s);
	autofree char *gate = mem_printf("%s/gate", s.dir);
	autofree char *script = mem_printf(
		"while [ ! -e %s ]; do sleep 0.05; done\n%s", gate,
		answer("'cacheKeyType':'Image','auth':{'reg.io':{'username':'u','password':'p'}}"));
	config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 10m, apiVersion: " V1 "}\n");
	program(&s, "one", script);
	struct providers *p = open_scene(&s, 0);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		v[i].p = p;
		v[i].thread = thread_start("ask", ask, &v[i]);
	}
	write_file(gate, "", 0600);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		void *good = NULL;
		pthread_join(v[i].thread, &good);
		assert_non_null(good);
	}
	assert_int_equal(calls(&s), 1);
	providers_free(p);
	teardown_scene(&s);
}

static void test_open(void **state)
{
	struct scene s;
	struct err err = ERR_INIT;
	setup_scene(&s);
	assert_null(providers_open(s.config, "/no/such/dir", 0, &err));
	assert_string_equal(err.msg, "plugin binary directory /no/such/dir did not exist");
	config(&s, "- {name: one, matchImages: [reg.io], defaultCacheDuration: 10m, apiVersion: " V1 "}\n");
	assert_null(providers_open(s.config, s.dir, 0, &err));
	assert_non_null(strstr(err.msg, "plugin binary executable "));
	assert_non_null(strstr(err.msg, "/one did not exist"));
	autofree char *path = mem_printf("%s/one", s.dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_null(providers_open(s.config, s.dir, 0, &err));
	assert_non_null(strstr(err.msg, "error inspecting binary executable "));
	assert_null(providers_open("", s.dir, 0, &err));
	assert_string_equal(err.msg, "credential provider config path is empty");
	teardown_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request), cmocka_unit_test(test_kept),
		cmocka_unit_test(test_many),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_shared),	cmocka_unit_test(test_bad_programs),
		cmocka_unit_test(test_open)};
	signal(SIGPIPE, SIG_IGN); /* as every daemon has it: a plugin need not read what it is asked */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
