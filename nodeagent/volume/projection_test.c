/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/projection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "object/json_test.h"

static js *parse(const char *text)
{
	struct err err = ERR_INIT;
	js *o = js_parse(text, strlen(text), NULL, &err);
	if (!o)
		fail_msg("%s: %s", text, err.msg);
	return o;
}

struct objects {
	js *config, *secret;
};

static const js *object(void *arg, bool secret, const char *name, struct err *err)
{
	const struct objects *o = arg;
	if (!strcmp(name, "away")) {
		(void)err_set(err, REASON_UNAVAILABLE, "nobody there");
		return NULL;
	}
	if (!strcmp(name, secret ? "sec" : "cm"))
		return secret ? o->secret : o->config;
	(void)err_set(err, REASON_NOT_FOUND, "gone");
	return NULL;
}

static int value(void *arg, const js *item, struct buf *out, struct err *err)
{
	const char *path = js_str0(item, "fieldRef", "fieldPath", NULL);
	if (!*path)
		return err_set(err, REASON_INVALID, "no field of %s", js_str0(item, "path", NULL));
	buf_addf(out, "<%s>", path);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct volume_file *x = a, *y = b;
	return strcmp(x->path, y->path);
}

/* "PATH=DATA MODE; ..." sorted by path, or the error. */
static void write_out(struct buf *out, const char *field, const char *source)
{
	autoarena struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct objects o = {
		parse(JSON("{'data':{'a':'1','b':'2'},'binaryData':{'raw':'AP8='}}")),
		parse(JSON("{'data':{'pw':'c2VjcmV0','bad':'***'}}")),
	};
	const struct projection_source s = {object, value, &o};
	struct projection p = {.n = 0};
	autojson js *src = parse(source);
	int rc = projection_build(&a, &s, field, src, &p, &err);
	js_autoput(&o.config);
	js_autoput(&o.secret);
	if (rc < 0) {
		buf_addf(out, "! %s", err.msg);
		return;
	}
	if (p.n)
		qsort(p.v, p.n, sizeof(*p.v), compare);
	for (size_t i = 0; i < p.n; i++) {
		buf_addf(out, "%s%s=", i ? "; " : "", p.v[i].path);
		for (size_t k = 0; k < p.v[i].len; k++) {
			unsigned char c = ((const unsigned char *)p.v[i].data)[k];
			if (c > ' ' && c < 127)
				buf_addc(out, (char)c);
			else
				buf_addf(out, "\\%02x", c);
		}
		buf_addf(out, " %03o", p.v[i].mode);
	}
}

static void test_build(void **state)
{
	static const struct {
		const char *field, *source, *want;
	} rows[] = {
		{"configMap", "{'name':'cm'}", "a=1 644; b=2 644; raw=\\00\\ff 644"},
		{"configMap", "{'name':'cm','defaultMode':256}", "a=1 400; b=2 400; raw=\\00\\ff 400"},
		{"configMap",
		 "{'name':'cm','items':[{'key':'a','path':'x/y','mode':511},{'key':'raw','path':'r'}]}",
		 "r=\\00\\ff 644; x/y=1 777"},
		{"configMap", "{'name':'cm','items':[{'key':'a','path':'./x//y/'},{'key':'b','path':'x/y'}]}",
		 "x/y=2 644"},
		{"configMap", "{'name':'cm','items':[{'key':'a','path':'../x'}]}", "../x=1 644"},
		{"configMap", "{'name':'cm','items':[{'key':'a','path':'/x'}]}", "/x=1 644"},
		{"configMap", "{'name':'cm','items':[{'key':'zz','path':'x'}]}",
		 "! configmap references non-existent config key: zz"},
		{"configMap",
		 "{'name':'cm','optional':true,'items':[{'key':'zz','path':'x'},{'key':'a','path':'y'}]}",
		 "y=1 644"},
		{"configMap", "{'name':'none'}", "! configmap \"none\" not found"},
		{"configMap", "{'name':'none','optional':true,'items':[{'key':'a','path':'x'}]}", ""},
		{"configMap", "{'name':'away','optional':true}", "! nobody there"},
		{"secret", "{'secretName':'sec','items':[{'key':'pw','path':'p','mode':0}]}", "p=secret 000"},
		{"secret", "{'secretName':'sec','items':[{'key':'zz','path':'p'}]}",
		 "! references non-existent secret key: zz"},
		{"secret", "{'secretName':'none'}", "! secret \"none\" not found"},
		{"secret", "{'secretName':'none','optional':true}", ""},
		{"downwardAPI",
		 "{'defaultMode':420,'items':[{'path':'n/a','fieldRef':{'fieldPath':'metadata.name'},'mode':256}]}",
		 "n/a=<metadata.name> 400"},
		{"downwardAPI", "{'items':[{'path':'x'},{'path':'y'},{'path':'x'}]}",
		 "! [no field of x, no field of y]"},
		{"downwardAPI", "{'items':[{'path':'x'}]}", "! no field of x"},
		{"projected",
		 "{'defaultMode':292,'sources':[{'configMap':{'name':'cm','items':[{'key':'a','path':'p'}]}},"
		 "{'secret':{'name':'sec','items':[{'key':'pw','path':'p','mode':384}]}},"
		 "{'downwardAPI':{'items':[{'path':'d','fieldRef':{'fieldPath':'metadata.uid'}}]}}]}",
		 "d=<metadata.uid> 444; p=secret 600"},
		{"projected",
		 "{'sources':[{'configMap':{'name':'none'}},{'secret':{'name':'nosec'}},{'configMap':{'name':'none'}}]}",
		 "! [configmap \"none\" not found, secret \"nosec\" not found]"},
		{"projected", "{'sources':[{'configMap':{'name':'none','optional':true}}]}", ""},
		{"projected", "{'sources':[{'serviceAccountToken':{'path':'token'}}]}",
		 "! failed to fetch token: the server could not find the requested resource"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		write_out(&out, rows[i].field, JSON(rows[i].source));
		assert_string_equal(buf_str(&out), rows[i].want);
	}
}

/* Data that is no base64 is told, not written. */
static void test_malformed(void **state)
{
	autobuf struct buf out = BUF_INIT;
	write_out(&out, "secret", JSON("{'secretName':'sec'}"));
	assert_int_equal(buf_str(&out)[0], '!');
}

static void note(void *arg, bool secret, const char *name)
{
	buf_addf(arg, "%s/%s ", secret ? "s" : "c", name);
}

static void test_objects(void **state)
{
	static const struct {
		const char *field, *source, *want;
	} rows[] = {
		{"configMap", "{'name':'a'}", "c/a "},
		{"secret", "{'secretName':'b'}", "s/b "},
		{"downwardAPI", "{'items':[]}", ""},
		{"emptyDir", "{}", ""},
		{"projected",
		 "{'sources':[{'secret':{'name':'x'}},{'downwardAPI':{}},{'configMap':{'name':'y'}},{'serviceAccountToken':{}}]}",
		 "s/x c/y "},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf out = BUF_INIT;
		autojson js *source = parse(JSON(rows[i].source));
		projection_objects(rows[i].field, source, note, &out);
		assert_string_equal(buf_str(&out), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_objects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
